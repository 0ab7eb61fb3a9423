"""Points added, redeemed and adjusted by hand, entries reversed, and what expires."""

from datetime import date, datetime
from typing import Any, Final

from attrs import field, frozen

from salon_crm.domain.access import Actor, Permission
from salon_crm.domain.customers import Customer
from salon_crm.domain.dates import local_day
from salon_crm.domain.ids import CustomerId, IdLike, RewardEntryId, parse_id
from salon_crm.domain.privacy import BEHAVIOUR, MONEY, OPERATOR, classed, field_classes
from salon_crm.domain.rewards import (
    MOST_POINTS,
    LotPart,
    OriginKind,
    RewardAction,
    RewardEntry,
    RewardOrigin,
    returning,
)
from salon_crm.domain.text import clean_text
from salon_crm.errors import Conflict, InvalidValue, NotFound, RuleBroken
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import Reading
from salon_crm.use_cases.access import follow_alias, use_case
from salon_crm.use_cases.rewards.keeping import day_until, ledger_there, let_lapse, today_of, with_lots, write_entry
from salon_crm.use_cases.unit import Unit, unit_of_work

SHOWN: Final = field_classes(MONEY, BEHAVIOUR, OPERATOR)
"""What an entry shows."""

_CUSTOMERS_AT_ONCE: Final = 100


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
        asked = _Asked(unit, customer, RewardAction.ADDED, _parse_points(points), reason, reference, id)
        made = asked.entry_before()
        if made is not None:
            return made
        last = _parse_last_day(unit, expires)
        ledger = ledger_there(unit.writing, customer.id, points=0, on=today_of(unit))
        parts = ledger.opening(asked.points)
        _, entry = write_entry(
            unit, customer, ledger, asked.action, parts, expires=last, tier_points=asked.points, **asked.fields()
        )
        return entry


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
        asked = _Asked(unit, customer, RewardAction.REDEEMED, -_parse_points(points), reason, reference, id)
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
        wanted = _parse_points(points, low=-MOST_POINTS)
        asked = _Asked(unit, customer, RewardAction.ADJUSTED, wanted, reason, reference, id)
        made = asked.entry_before()
        if made is not None:
            return made
        if wanted < 0:
            return _take(unit, customer, asked)
        ledger = ledger_there(unit.writing, customer.id, points=0, on=today_of(unit))
        _, entry = write_entry(unit, customer, ledger, asked.action, ledger.opening(wanted), **asked.fields())
        return entry


def _take(unit: Unit, customer: Customer, asked: "_Asked") -> RewardEntry:
    """Write an entry that takes points, after what has expired until then."""
    day = today_of(unit)
    ledger = ledger_there(unit.writing, customer.id, points=-asked.points, on=day)
    ledger.taking(-asked.points, day)  # refused before anything is written
    ledger, _ = let_lapse(unit, customer, ledger, day)
    parts = ledger.taking(-asked.points, day)
    _, entry = write_entry(unit, customer, ledger, asked.action, parts, **asked.fields())
    return entry


@use_case(Permission.CHANGE_POINTS, shows=SHOWN)
def reverse_entry(
    salon: Salon,
    actor: Actor,
    entry_id: IdLike,
    /,
    *,
    reason: str | None = None,
    reference: str | None = None,
    at: datetime | None = None,
) -> RewardEntry:
    """Undo an entry by a new one, and return that.

    Points that were added are taken back, their own lot first, then the others as they would be spent; points that were
    taken return to the lots they came from with their old last day, and what has expired meanwhile expires again at
    once. The rest as for `add_points`. Raises InvalidValue, NotFound, Conflict, RuleBroken for an entry that was
    reversed before, for one that is itself a reversal or says what expired, and where fewer points are there than are
    taken back, NotPermitted.
    """
    with unit_of_work(salon, actor, at) as unit:
        undone = entry_there(unit.writing, parse_id(entry_id, "entry_id"))
        customer = unit.customer(Permission.CHANGE_POINTS, undone.customer_id)
        asked = _Asked(unit, customer, RewardAction.REVERSED, -undone.points, reason, reference, None)
        made = asked.entry_before()
        origin = RewardOrigin(OriginKind.ENTRY, undone.id)
        if made is not None:
            if made.origin != origin:
                raise Conflict("reference-differs", field="entry_id", id=str(made.id))
            return made
        if undone.action not in _REVERSIBLE:
            raise RuleBroken("entry-not-reversible", id=str(undone.id), action=str(undone.action))
        key = (origin.kind.value, origin.id)
        if unit.writing.reward_entries.by_key("origin", [key]):
            raise RuleBroken("entry-reversed", id=str(undone.id))
        day = today_of(unit)
        numbers = [part.lot for part in undone.parts]
        ledger = ledger_there(unit.writing, customer.id, points=max(undone.points, 0), on=day)
        ledger = with_lots(unit.writing, ledger, numbers)
        if undone.points > 0:
            ledger.taking(undone.points, day)  # refused before anything is written
            ledger, _ = let_lapse(unit, customer, ledger, day)
            parts: tuple[LotPart, ...] = ledger.taking_back(undone.points, numbers, day)
        else:
            ledger, _ = let_lapse(unit, customer, ledger, day)
            parts = returning(undone.parts, (), -undone.points)
        ledger, entry = write_entry(
            unit,
            customer,
            ledger,
            asked.action,
            parts,
            tier_points=-undone.tier_points,
            origin=origin,
            **asked.fields(),
        )
        let_lapse(unit, customer, ledger, day)
        return entry


_REVERSIBLE: Final = frozenset({RewardAction.ADDED, RewardAction.REDEEMED, RewardAction.ADJUSTED})


@frozen(field_transformer=classed, kw_only=True)
class PointsExpired:
    """What expired: of how many customers, in how many entries, how many points."""

    customers: int = field(metadata=OPERATOR)
    entries: int = field(metadata=OPERATOR)
    points: int = field(metadata=MONEY)


@use_case(Permission.EXPIRE_POINTS, shows=SHOWN, sliced=True)
def expire_points(salon: Salon, actor: Actor, /, *, on: date | None = None) -> PointsExpired:
    """Write down the points that can no longer be spent on a day, today unless stated, and return how many there were.

    An entry for each customer and last day, dated the midnight that ended it by the salon's clock. Let a job do this
    every day; nobody can spend what has expired also before it has run, and running it again does nothing. Raises
    InvalidValue for a day to come, NotPermitted.
    """
    customers = entries = points = 0
    after: CustomerId | None = None
    while True:
        with unit_of_work(salon, actor) as unit:
            today = local_day(unit.now, unit.settings.zone)
            day = day_until(on, today)
            due = unit.writing.reward_lots.lapsed(day, after, _CUSTOMERS_AT_ONCE)
            found = unit.writing.customers.get_many(due)
            for customer_id in due:
                ledger = ledger_there(unit.writing, customer_id, points=1, on=day)
                _, written = let_lapse(unit, found[customer_id], ledger, day)
                entries += len(written)
                points -= sum(entry.points for entry in written)
        customers += len(due)
        if len(due) < _CUSTOMERS_AT_ONCE:
            return PointsExpired(customers=customers, entries=entries, points=points)
        after = due[-1]


def entry_there(reading: Reading, entry_id: object) -> RewardEntry:
    """Return the entry of an id; raises NotFound."""
    held = reading.reward_entries.by_key("entry_id", [entry_id]).get(entry_id)
    if not held:
        raise NotFound("not-found", kind="reward entry", id=str(entry_id))
    return held[0]


class _Asked:
    """What an act on a ledger was asked, read; raises InvalidValue."""

    def __init__(
        self,
        unit: Unit,
        customer: Customer,
        action: RewardAction,
        points: int,
        reason: object,
        reference: object,
        stated_id: IdLike | None,
    ) -> None:
        self._unit = unit
        self._customer = customer
        self.action = action
        self.points = points
        self._reason = None if reason is None else clean_text(reason, "reason", lines=True)
        self._reference = None if reference is None else clean_text(reference, "reference")
        self._id = stated_id

    def entry_before(self) -> RewardEntry | None:
        """Return the entry that the reference made; raises Conflict where it says something else."""
        if self._reference is None:
            return None
        held = self._unit.writing.reward_entries.by_key("reference", [self._reference]).get(self._reference)
        if held is None:
            return None
        entry = held[0]
        owner = follow_alias(self._unit.writing, entry.customer_id)
        compared = {
            "customer_id": (owner, self._customer.id),
            "action": (entry.action, self.action),
            "points": (entry.points, self.points),
        }
        for name, (there, asked) in compared.items():
            if there != asked:
                raise Conflict("reference-differs", field=name, id=str(entry.id))
        return entry

    def fields(self) -> dict[str, Any]:
        """Return what the entry says besides; raises Conflict for an id that another has."""
        own_id = RewardEntryId(self._unit.new_id(self._id))
        if self._id is not None and self._unit.writing.reward_entries.by_key("entry_id", [own_id]):
            raise Conflict("id-taken", field="id")
        return {"id": own_id, "reason": self._reason, "reference": self._reference}


def _parse_points(value: object, *, low: int = 1) -> int:
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValue("wrong-type", field="points", expected="a whole number")
    if not value or not low <= value <= MOST_POINTS:
        raise InvalidValue("number-out-of-range", field="points", low=low, high=MOST_POINTS)
    return value


def _parse_last_day(unit: Unit, value: object) -> date | None:
    if value is None:
        return None
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InvalidValue("wrong-type", field="expires", expected="a date without a time")
    today = today_of(unit)
    if value < today:
        raise InvalidValue("number-out-of-range", field="expires", low=str(today), high=str(date.max))
    return value
