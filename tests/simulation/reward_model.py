"""The plain model of rewards: what every customer's points must come to, deed by deed."""

from collections.abc import Iterable, Mapping
from datetime import UTC, date, datetime, time, timedelta
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

from attrs import evolve, frozen
from tests.simulation.model import (
    SALONS_ZONE,
    Deed,
    Lot,
    Person,
    Purse,
    Refused,
    Slot,
    State,
    Who,
    day_of,
    recorded,
)

_EMPTY = Purse()


def today(moment: datetime) -> date:
    return moment.astimezone(ZoneInfo(SALONS_ZONE)).date()


def purse_of(state: State, customer: UUID) -> Purse:
    return state.purses.get(customer, _EMPTY)


def total_of(purse: Purse) -> int:
    return sum(lot.points for lot in purse.lots)


def _usable(lot: Lot, day: date) -> bool:
    return lot.last is None or day <= lot.last


def _turn(lot: Lot) -> tuple[date, datetime, int]:
    return (lot.last or date.max, lot.at, lot.number)


@frozen
class _Act:
    """What a deed is besides its points."""

    action: str
    own_id: UUID | None = None
    reference: str | None = None
    undoes: UUID | int | None = None
    short: int = 0


def _done(
    state: State,
    who: Who,
    one: Person,
    act: _Act,
    parts: Iterable[tuple[int, date | None, int]],
    at: datetime | None = None,
) -> State:
    """Return the state with a deed that moves points in and out of lots, each named by number and last day."""
    purse, parts = purse_of(state, one.id), tuple(parts)
    lots = {(lot.number, lot.last): lot for lot in purse.lots}
    number = len(purse.deeds) + 1
    for lot, last, points in parts:
        held = lots.get((lot, last))
        if held is None:
            opened = who.at if lot == number else purse.deeds[lot - 1].at
            held = Lot(lot, last, opened, 0)
        lots[lot, last] = evolve(held, points=held.points + points)
    kept = tuple(lot for lot in lots.values() if lot.points)
    points = sum(each for *_, each in parts)
    deed = Deed(
        act.action,
        points,
        total_of(Purse(lots=kept)),
        at or who.at,
        parts,
        act.own_id,
        act.reference,
        act.undoes,
        act.short,
    )
    state = evolve(state, purses={**state.purses, one.id: Purse(kept, (*purse.deeds, deed))})
    return recorded(state, who, f"points-{act.action}", one)


def _lapsed(state: State, who: Who, one: Person, among: Iterable[tuple[int, date | None]] | None = None) -> State:
    """Return the state once what cannot be spent any more has expired, of all lots or of these: a deed for each day."""
    lots = [lot for lot in purse_of(state, one.id).lots if not _usable(lot, today(who.at))]
    if among is not None:
        lots = [lot for lot in lots if (lot.number, lot.last) in set(among)]
    for day in sorted({lot.last for lot in lots if lot.last is not None}):
        gone = sorted((lot for lot in lots if lot.last == day), key=_turn)
        parts = [(lot.number, lot.last, -lot.points) for lot in gone]
        midnight = datetime.combine(day + timedelta(days=1), time(), ZoneInfo(SALONS_ZONE)).astimezone(UTC)
        state = _done(state, who, one, _Act("expired"), parts, min(midnight, who.now))
    return state


def _out_of(lots: Iterable[Lot], points: int) -> list[tuple[int, date | None, int]]:
    parts: list[tuple[int, date | None, int]] = []
    for lot in lots:
        part = min(lot.points, points)
        if part:
            parts.append((lot.number, lot.last, -part))
            points -= part
    return parts


def _spendable(state: State, who: Who, one: Person) -> list[Lot]:
    return sorted((lot for lot in purse_of(state, one.id).lots if _usable(lot, today(who.at))), key=_turn)


def repeated(state: State, one: Person, action: str, points: int | None, reference: str | None) -> Deed | None:
    """Return the deed that a reference made."""
    for customer, purse in state.purses.items():
        for deed in purse.deeds:
            if reference is not None and deed.reference == reference:
                if (customer, deed.action) != (one.id, action) or points not in {None, deed.points}:
                    raise Refused("Conflict", "reference-differs")
                return deed
    return None


def _check_id(state: State, own_id: UUID | None) -> None:
    if own_id is not None and any(deed.own_id == own_id for purse in state.purses.values() for deed in purse.deeds):
        raise Refused("Conflict", "id-taken")


def given(state: State, who: Who, one: Person, said: Mapping[str, Any]) -> tuple[State, Deed]:
    """Return the state with points that somebody gave, and the deed."""
    made = repeated(state, one, "added", said["points"], said.get("reference"))
    if made is not None:
        return state, made
    if who.role == "receptionist":
        raise Refused("RuleBroken", "points-cap")
    last = said.get("expires")
    if last is not None and last < today(who.at):
        raise Refused("InvalidValue", "number-out-of-range")
    _check_id(state, said.get("id"))
    number = len(purse_of(state, one.id).deeds) + 1
    act = _Act("added", said.get("id"), said.get("reference"))
    state = _done(state, who, one, act, [(number, last, said["points"])])
    return state, purse_of(state, one.id).deeds[-1]


def _taken(state: State, who: Who, one: Person, points: int) -> tuple[State, list[tuple[int, date | None, int]]]:
    lots = _spendable(state, who, one)
    if points > sum(lot.points for lot in lots):
        raise Refused("RuleBroken", "not-enough-points")
    return _lapsed(state, who, one), _out_of(lots, points)


def spent(state: State, who: Who, one: Person, said: Mapping[str, Any]) -> tuple[State, Deed]:
    """Return the state with points that were spent, and the deed."""
    made = repeated(state, one, "redeemed", -said["points"], said.get("reference"))
    if made is not None:
        return state, made
    state, parts = _taken(state, who, one, said["points"])
    _check_id(state, said.get("id"))
    state = _done(state, who, one, _Act("redeemed", said.get("id"), said.get("reference")), parts)
    return state, purse_of(state, one.id).deeds[-1]


def handed_on(state: State, who: Who, one: Person, other: Person, points: int) -> State:
    """Return the state with points that one customer gave another, each with its last day."""
    if one.id == other.id:
        raise Refused("InvalidValue", "transfer-to-self")
    state, parts = _taken(state, who, one, points)
    state = _done(state, who, one, _Act("transferred"), parts)
    number = len(purse_of(state, other.id).deeds) + 1
    days = dict.fromkeys(last for _, last, _ in parts)
    opened = [(number, day, -sum(part for _, last, part in parts if last == day)) for day in days]
    return _done(state, who, other, _Act("transferred"), opened)


def _left(purse: Purse, deed: Deed, name: UUID | int) -> int:
    undone = [each for each in purse.deeds if each.undoes == name]
    if deed.points > 0:
        return deed.points - sum(each.short - each.points for each in undone)
    return -deed.points - sum(each.points for each in undone)


def undone(state: State, who: Who, own_id: UUID, check: Any) -> tuple[State, Deed]:
    """Return the state with a deed undone by another, and that."""
    found = [(c, d) for c, purse in state.purses.items() for d in purse.deeds if d.own_id == own_id]
    if not found:
        raise Refused("NotFound", "not-found")
    [(customer, deed)] = found
    one: Person = check(customer)
    purse = purse_of(state, customer)
    left = _left(purse, deed, own_id)
    if not left:
        raise Refused("RuleBroken", "entry-reversed")
    touched = [(lot, last) for lot, last, _ in deed.parts]
    if deed.points > 0:
        lots = _spendable(state, who, one)
        if left > sum(lot.points for lot in lots):
            raise Refused("RuleBroken", "not-enough-points")
        state = _taken_back(state, who, one, deed, left, _Act("reversed", undoes=own_id))
    else:
        state = _lapsed(state, who, one, touched)
        parts = [(lot, last, -part) for lot, last, part in deed.parts[::-1]]
        state = _done(state, who, one, _Act("reversed", undoes=own_id), parts, max(who.at, deed.at))
        state = _lapsed(state, who, one, touched)
    return state, next(each for each in purse_of(state, customer).deeds if each.undoes == own_id)


def _taken_back(state: State, who: Who, one: Person, deed: Deed, points: int, act: _Act) -> State:
    """Take points back, the deed's own lots first; what it touches, and what is in front of that, lapses before."""
    own = {(lot, last) for lot, last, _ in deed.parts}
    usable = sorted(_spendable(state, who, one), key=lambda lot: (lot.number, lot.last) not in own)
    parts = _out_of(usable, points)
    state = _lapsed(state, who, one)
    short = points + sum(part for *_, part in parts)
    return _done(state, who, one, evolve(act, short=short), parts, max(who.at, deed.at))  # also by a clock set back


def settled(state: State, who: Who, before: Slot | None, after: Slot) -> State:
    """Return the state with what a booking's visit earns, or with what it earned taken back."""
    was, now = (_visit_of(slot) for slot in (before, after))
    if was is not None and was != now and not _visited(state, *was):
        state = _given_up(state, who, state.people[was[0]], was)
    if now is not None and was != now and state.a_visit and now not in state.visits:
        one = state.people[now[0]]
        number = len(purse_of(state, one.id).deeds) + 1
        state = _done(state, who, one, _Act("added"), [(number, None, state.a_visit)])
        state = evolve(state, visits={**state.visits, now: number})
        short = sum(deed.short for deed in purse_of(state, one.id).deeds)
        owed = min(state.owed.get(now, 0), state.a_visit, short)
        if owed:  # what was spent when it was reopened last
            act = _Act("reversed", undoes=number, short=-owed)
            state = _done(state, who, one, act, [(number, None, -owed)])
    return state


def _visit_of(slot: Slot | None) -> tuple[UUID, date] | None:
    return None if slot is None or slot.status != "completed" else (slot.customer, day_of(slot))


def _visited(state: State, customer: UUID, day: date) -> bool:
    return any(_visit_of(slot) == (customer, day) for slot in state.slots.values())


def _given_up(state: State, who: Who, one: Person, visit: tuple[UUID, date]) -> State:
    if visit not in state.visits:
        return state
    purse, number = purse_of(state, one.id), state.visits[visit]
    deed = purse.deeds[number - 1]
    left = _left(purse, deed, number)
    if left:
        state = _taken_back(state, who, one, deed, left, _Act("reversed", undoes=number))
        owed = purse_of(state, one.id).deeds[-1].short
        visits = {key: value for key, value in state.visits.items() if key != visit}
        state = evolve(state, visits=visits, owed={**state.owed, visit: owed})
    return state
