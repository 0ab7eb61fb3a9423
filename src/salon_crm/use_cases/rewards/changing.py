"""Points given, redeemed and adjusted by hand."""

from datetime import date, datetime, timedelta
from typing import Any

from salon_crm.domain.access import Actor, Permission
from salon_crm.domain.customers import Customer
from salon_crm.domain.dates import parse_day
from salon_crm.domain.ids import IdLike
from salon_crm.domain.rewards import MOST_POINTS, RewardAction, RewardEntry, RewardLedger
from salon_crm.errors import InvalidValue
from salon_crm.ports.salon import Salon
from salon_crm.use_cases.access import use_case
from salon_crm.use_cases.rewards.asking import Asked, parse_points
from salon_crm.use_cases.rewards.keeping import SHOWN, head_there, taken_from, today_of, write_entry
from salon_crm.use_cases.unit import Unit, unit_of_work


@use_case(Permission.CHANGE_POINTS, shows=SHOWN)
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

    Raises InvalidValue, NotFound, Conflict where the reference is an entry's that says something else, NotPermitted.
    """
    with unit_of_work(salon, actor, at) as unit:
        customer = unit.customer(Permission.CHANGE_POINTS, customer_id)
        asked = Asked(unit, customer, RewardAction.ADDED, parse_points(points), reason, reference, id)
        return asked.entry_before() or _give(
            unit, customer, asked, expires=_parse_last_day(unit, expires), tier_points=asked.points
        )


@use_case(Permission.REDEEM_POINTS, shows=SHOWN)
def redeem_points(
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
    """Let a customer spend points, those soonest to expire first, then the oldest, and return the entry.

    ``at`` is when it happened, of a till that was offline; what had expired by then cannot be spent. The rest as for
    `add_points`. Raises RuleBroken where fewer points can be spent, with both figures, and what `add_points` raises; a
    refused attempt leaves nothing and may be tried again.
    """
    with unit_of_work(salon, actor, at) as unit:
        customer = unit.customer(Permission.REDEEM_POINTS, customer_id)
        asked = Asked(unit, customer, RewardAction.REDEEMED, -parse_points(points), reason, reference, id)
        return asked.entry_before() or _take(unit, customer, asked)


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
    The rest as for `add_points`. Raises what `add_points` and `redeem_points` raise.
    """
    with unit_of_work(salon, actor, at) as unit:
        customer = unit.customer(Permission.CHANGE_POINTS, customer_id)
        wanted = parse_points(points, low=-MOST_POINTS)
        asked = Asked(unit, customer, RewardAction.ADJUSTED, wanted, reason, reference, id)
        change = _give if wanted > 0 else _take
        return asked.entry_before() or change(unit, customer, asked)


def _give(
    unit: Unit, customer: Customer, asked: Asked, *, expires: date | None = None, tier_points: int = 0
) -> RewardEntry:
    """Write an entry that opens a lot."""
    ledger = RewardLedger(head_there(unit.writing, customer.id))
    parts = ledger.opening(asked.points, expires)
    told: dict[str, Any] = {"tier_points": tier_points, **asked.fields()}
    _, entry = write_entry(unit, customer, ledger, asked.action, parts, **told)
    return entry


def _take(unit: Unit, customer: Customer, asked: Asked) -> RewardEntry:
    """Write an entry that takes points, after what has expired until then."""
    ledger, parts = taken_from(unit, customer, -asked.points)
    _, entry = write_entry(unit, customer, ledger, asked.action, parts, **asked.fields())
    return entry


def _parse_last_day(unit: Unit, value: object) -> date | None:
    if value is None:
        return None
    day, today = parse_day(value, "expires"), today_of(unit)
    if not today <= day < date.max:  # the last day of the calendar stands for none
        high = str(date.max - timedelta(days=1))
        raise InvalidValue("number-out-of-range", field="expires", low=str(today), high=high)
    return day
