"""Points given, redeemed and adjusted by hand."""

from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

from salon_crm.domain.access import Actor, Permission, Scope
from salon_crm.domain.customers import Customer
from salon_crm.domain.dates import parse_day
from salon_crm.domain.ids import IdLike, parse_id
from salon_crm.domain.rewards import MOST_POINTS, OriginKind, RewardAction, RewardEntry, RewardLedger, RewardOrigin
from salon_crm.domain.sales import Sale, SaleStatus
from salon_crm.errors import InvalidValue, NotFound, RuleBroken
from salon_crm.ports.salon import Salon
from salon_crm.use_cases.access import follow_alias, use_case
from salon_crm.use_cases.rewards.asking import Asked, check_cap, parse_points, theirs
from salon_crm.use_cases.rewards.keeping import SHOWN, head_there, taken_from, today_of, write_entry
from salon_crm.use_cases.unit import Unit, unit_of_work


@use_case(Permission.ADD_POINTS, shows=SHOWN, scopes={Scope.CAP})
def add_points(
    salon: Salon,
    actor: Actor,
    customer_id: IdLike,
    /,
    *,
    points: int,
    expires: date | None = None,
    reason: str | None = None,
    id: IdLike | None = None,
    reference: str | None = None,
    at: datetime | None = None,
) -> RewardEntry:
    """Give a customer points by hand, such as a welcome gift, and return the entry.

    ``points`` are whole, 1 to 10^12. ``expires`` is the last day, by the salon's clock, on which they can be spent;
    without it they stay. ``reason`` is shown in the history. ``reference`` makes a retry safe: the same reference with
    the same customer and points returns the entry it made, however long ago. ``id`` and ``at`` as for `add_customer`.

    Raises InvalidValue, NotFound, Conflict where the reference is an entry's that says something else, RuleBroken for
    more than the actor's role may give in a day, NotPermitted, also for the actor's own profile.
    """
    with unit_of_work(salon, actor, at) as unit:
        customer = theirs(unit, Permission.ADD_POINTS, customer_id)
        asked = Asked(unit, customer, RewardAction.ADDED, parse_points(points), reason, reference, id)
        made = asked.entry_before()
        if made is not None:
            return made
        check_cap(unit, asked.points)
        return _give(unit, customer, asked, expires=_parse_last_day(unit, expires), tier_points=asked.points)


@use_case(Permission.REDEEM_POINTS, shows=SHOWN)
def redeem_points(
    salon: Salon,
    actor: Actor,
    customer_id: IdLike,
    /,
    *,
    points: int,
    sale: IdLike | None = None,
    reason: str | None = None,
    id: IdLike | None = None,
    reference: str | None = None,
    at: datetime | None = None,
) -> RewardEntry:
    """Let a customer spend points, those soonest to expire first, then the oldest, and return the entry.

    ``sale`` is the id of the sale they are spent on: they come back where it is refunded or cancelled, unless the
    programme says otherwise. ``at`` is when it happened, of a till that was offline; what had expired by then cannot be
    spent. The rest as for `add_points`. Raises RuleBroken where fewer points can be spent, with both figures, for fewer
    than the programme redeems at once, for a sale of somebody else and one that was refunded or cancelled, and what
    `add_points` raises; a refused attempt leaves nothing and may be tried again.
    """
    with unit_of_work(salon, actor, at) as unit:
        customer = theirs(unit, Permission.REDEEM_POINTS, customer_id)
        sale_id = None if sale is None else parse_id(sale, "sale")
        origin = None if sale_id is None else RewardOrigin(OriginKind.SALE, sale_id)
        wanted = -parse_points(points)
        asked = Asked(unit, customer, RewardAction.REDEEMED, wanted, reason, reference, id, origin=origin)
        made = asked.entry_before()
        if made is not None:
            return made
        refunds = 0 if sale_id is None else len(_sale_of(unit, customer, sale_id).refunds)
        minimum = unit.settings.rewards.minimum
        if points < minimum:
            raise RuleBroken("points-below-minimum", field="points", minimum=minimum)
        return _take(unit, customer, asked, refunds=refunds)


def _sale_of(unit: Unit, customer: Customer, sale_id: UUID) -> Sale:
    """Return a sale on which this customer can spend points; raises NotFound, RuleBroken."""
    sale = unit.writing.sales.get_many([sale_id]).get(sale_id)
    if sale is None:
        raise NotFound("not-found", field="sale", kind="sale", id=str(sale_id))
    if sale.customer_id is None or follow_alias(unit.writing, sale.customer_id) != customer.id:
        raise RuleBroken("sale-of-another", field="sale", id=str(sale_id))
    if sale.status not in (SaleStatus.PENDING, SaleStatus.COMPLETED):
        needed = f"{SaleStatus.PENDING} or {SaleStatus.COMPLETED}"
        raise RuleBroken("sale-status", field="sale", id=str(sale_id), status=sale.status, needed=needed, done="paid")
    return sale


@use_case(Permission.CHANGE_POINTS, shows=SHOWN)
def adjust_points(
    salon: Salon,
    actor: Actor,
    customer_id: IdLike,
    /,
    *,
    points: int,
    reason: str | None = None,
    id: IdLike | None = None,
    reference: str | None = None,
    at: datetime | None = None,
) -> RewardEntry:
    """Put a customer's points right by ``points``, up or, below zero, down, and return the entry.

    What comes in stays until it is spent and counts for no tier; what goes out is taken as `redeem_points` takes it.
    The rest as for `add_points`, the cap too. Raises what `add_points` and `redeem_points` raise.
    """
    with unit_of_work(salon, actor, at) as unit:
        customer = theirs(unit, Permission.CHANGE_POINTS, customer_id)
        wanted = parse_points(points, low=-MOST_POINTS)
        asked = Asked(unit, customer, RewardAction.ADJUSTED, wanted, reason, reference, id)
        made = asked.entry_before()
        if made is not None:
            return made
        if wanted < 0:
            return _take(unit, customer, asked)
        check_cap(unit, wanted)
        return _give(unit, customer, asked)


def _give(
    unit: Unit, customer: Customer, asked: Asked, *, expires: date | None = None, tier_points: int = 0
) -> RewardEntry:
    """Write an entry that opens a lot."""
    ledger = RewardLedger(head_there(unit.writing, customer.id))
    parts = ledger.opening(asked.points, expires)
    told: dict[str, Any] = {"tier_points": tier_points, **asked.fields()}
    _, entry = write_entry(unit, customer, ledger, asked.action, parts, **told)
    return entry


def _take(unit: Unit, customer: Customer, asked: Asked, *, refunds: int = 0) -> RewardEntry:
    """Write an entry that takes points, after what has expired until then."""
    ledger, parts = taken_from(unit, customer, -asked.points)
    told: dict[str, Any] = {"refunds": refunds, **asked.fields()}
    _, entry = write_entry(unit, customer, ledger, asked.action, parts, **told)
    return entry


def _parse_last_day(unit: Unit, value: object) -> date | None:
    if value is None:
        return None
    day, today = parse_day(value, "expires"), today_of(unit)
    if not today <= day < date.max:  # the last day of the calendar stands for none
        high = str(date.max - timedelta(days=1))
        raise InvalidValue("number-out-of-range", field="expires", low=str(today), high=high)
    return day
