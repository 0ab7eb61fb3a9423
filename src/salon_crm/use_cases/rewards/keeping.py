"""Keeping a ledger: as much of it as an act needs, and an entry written with the lots it changes and the audit."""

from collections.abc import Collection, Iterable, Iterator, Sequence
from datetime import date
from typing import Any, Final

from salon_crm.domain.access import Actor, Role
from salon_crm.domain.audit import AuditAction, Detail
from salon_crm.domain.catalogue import StaffMember
from salon_crm.domain.customers import Customer
from salon_crm.domain.dates import local_day, parse_day, start_of_day
from salon_crm.domain.ids import CustomerId, RewardEntryId
from salon_crm.domain.privacy import BEHAVIOUR, MONEY, OPERATOR, field_classes
from salon_crm.domain.rewards import (
    LotPart,
    RewardAction,
    RewardEntry,
    RewardHead,
    RewardLedger,
    RewardLot,
    digest_of_reason,
    emptied_lots,
    entry_digest,
)
from salon_crm.errors import InvalidValue, NotSupported
from salon_crm.ports.store import Reading, Writing
from salon_crm.use_cases.unit import Unit

SHOWN: Final = field_classes(MONEY, BEHAVIOUR, OPERATOR)
"""What an entry shows."""

EXPIRY: Final = Actor("expiry", Role.SYSTEM)
"""Who lets points expire: nobody does, time does."""

_FIRST_LOTS: Final = 4
"""How many lots are read first: most redemptions take of one or two."""
_MORE_TIMES: Final = 4
_MOST_LOTS: Final = 256
_SALT_BYTES: Final = 16
_RECORDED_AS: Final = {action: AuditAction(f"points-{action.value}") for action in RewardAction}

POINTS_ACTIONS: Final = frozenset(_RECORDED_AS.values())
"""What the audit records of ledgers: each such entry keeps the digest of an entry of one."""


def head_there(reading: Reading, customer_id: CustomerId) -> RewardHead:
    """Return the end of a customer's ledger, that of an empty one where nothing was written."""
    return reading.reward_heads.get_many([customer_id]).get(customer_id) or RewardHead(customer_id=customer_id)


def lots_in_turn(reading: Reading, customer_id: CustomerId) -> Iterator[RewardLot]:
    """Give the lots of a customer that hold points, in the order they are taken in, some at a time."""
    after, count = None, _FIRST_LOTS
    while lots := reading.reward_lots.in_turn(customer_id, after, count):
        yield from lots
        if len(lots) < count:
            return
        after, count = lots[-1], min(_MORE_TIMES * count, _MOST_LOTS)


def ledger_there(reading: Reading, customer_id: CustomerId, *, points: int | None, on: date) -> RewardLedger:
    """Return the ledger with its first lots, as many as hold so many points that can be spent on a day.

    All lots whose last day has passed come before those; ``points`` None asks for every lot, 0 for none.
    """
    lots: list[RewardLot] = []
    usable = 0
    for lot in lots_in_turn(reading, customer_id) if points != 0 else ():
        lots.append(lot)
        usable += lot.points if lot.usable(on) else 0
        if points is not None and usable >= points:
            break
    return RewardLedger(head_there(reading, customer_id), tuple(lots))


def with_lots(reading: Reading, ledger: RewardLedger, parts: Iterable[LotPart]) -> RewardLedger:
    """Return the ledger with the lots that an entry touched, those that hold nothing any more included."""
    customer_id, known = ledger.head.customer_id, {lot.key for lot in ledger.lots}
    wanted = {part.key: part.lot for part in parts if part.key not in known}
    held = reading.reward_lots.get_many([(customer_id, *key) for key in wanted])
    gone = wanted.keys() - {lot.key for lot in held.values()}
    opened = reading.reward_entries.get_many(dict.fromkeys((customer_id, wanted[key]) for key in gone))
    emptied = [lot for entry in opened.values() for key, lot in emptied_lots(entry).items() if key in gone]
    return ledger.also([*held.values(), *emptied])


def staff_by_actor(reading: Reading, actors: Collection[str]) -> dict[str, StaffMember]:
    """Return the staff members who act under some ids; a store that keeps no catalogue has none."""
    if not actors:
        return {}
    try:
        held = reading.staff_members.by_key("actor", actors)
    except NotSupported:
        return {}
    return {actor: members[0] for actor, members in held.items()}


def today_of(unit: Unit) -> date:
    """Return the local day of the salon on which the thing happened."""
    return local_day(unit.at, unit.settings.zone)


def day_until(value: object, today: date) -> date:
    """Return the day that ``on`` states, today where it is None; raises InvalidValue for one to come."""
    if value is None:
        return today
    day = parse_day(value, "on")
    if day > today:
        raise InvalidValue("date-in-future", field="on")
    return day


def write_entry(
    unit: Unit,
    customer: Customer,
    ledger: RewardLedger,
    action: RewardAction,
    parts: Sequence[LotPart],
    *,
    id: RewardEntryId | None = None,
    reason: str | None = None,
    actor: Actor | None = None,
    **fields: Any,
) -> tuple[RewardLedger, RewardEntry]:
    """Write the next entry of a ledger with the lots it changes, and record it; return the ledger then, and the entry.

    ``actor`` is who is named, unless stated whoever acts.
    """
    who = actor or unit.actor
    given: dict[str, Any] = {
        "id": id or RewardEntryId(unit.new_id(None)),
        "at": unit.at,
        "recorded": unit.now,
        "rewarded_by": who.id,
        "role": who.role,
        **fields,
    }
    if reason is not None:
        salt = unit.salon.ids.key_bytes(_SALT_BYTES)
        given |= {"reason": reason, "salt": salt, "reason_digest": digest_of_reason(reason, salt)}
    entry = ledger.entry(action, parts, **given)
    after = ledger.after(entry)
    unit.writing.reward_entries.add(entry)
    _keep_lots(unit.writing, ledger, after)
    _keep_head(unit.writing, ledger.head, after.head)
    details: dict[str, Detail] = {"entry": str(entry.id), "sequence": entry.sequence}
    details["digest"] = entry_digest(entry).hex()
    unit.record(_RECORDED_AS[action], customer, details=details)
    return after, entry


def _keep_lots(writing: Writing, before: RewardLedger, after: RewardLedger) -> None:
    """Keep the lots that hold points now, and none that does not."""
    held = {lot.key: lot for lot in before.open_lots()}
    for lot in after.lots:
        was = held.get(lot.key)
        if was is None and lot.points:
            writing.reward_lots.add(lot)
        elif was is not None and not lot.points:
            writing.reward_lots.remove((lot.customer_id, *lot.key))
        elif was is not None and was != lot:
            writing.reward_lots.save(lot, was.version)


def _keep_head(writing: Writing, before: RewardHead, after: RewardHead) -> None:
    if before.version:
        writing.reward_heads.save(after, before.version)
    else:
        writing.reward_heads.add(after)


def let_lapse(unit: Unit, customer: Customer, ledger: RewardLedger, on: date) -> tuple[RewardLedger, list[RewardEntry]]:
    """Write down what can no longer be spent on a day: an entry for each last day, at the midnight that ended it."""
    written: list[RewardEntry] = []
    for day, parts in ledger.lapsed(on):
        midnight = start_of_day(day, unit.settings.zone, "expires", after=1)
        ledger, entry = write_entry(
            unit, customer, ledger, RewardAction.EXPIRED, parts, actor=EXPIRY, at=min(midnight, unit.now)
        )
        written.append(entry)
    return ledger, written


def taken_from(unit: Unit, customer: Customer, points: int) -> tuple[RewardLedger, tuple[LotPart, ...]]:
    """Return the ledger once what has expired is written down, and what is taken of which lots where points are spent.

    Raises RuleBroken where fewer can be spent; then nothing is written.
    """
    day = today_of(unit)
    ledger = ledger_there(unit.writing, customer.id, points=points, on=day)
    parts = ledger.taking(points, day)  # of lots that do not lapse
    return let_lapse(unit, customer, ledger, day)[0], parts
