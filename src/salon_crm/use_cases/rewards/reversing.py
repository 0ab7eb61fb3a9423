"""Entries undone by another, and points handed from one customer to another: two entries that name each other."""

from datetime import datetime
from typing import Any, Final

from attrs import field, frozen

from salon_crm.domain.access import Actor, Permission
from salon_crm.domain.customers import Customer
from salon_crm.domain.ids import IdLike, RewardEntryId, parse_id
from salon_crm.domain.privacy import MONEY, classed
from salon_crm.domain.rewards import (
    OriginKind,
    RewardAction,
    RewardEntry,
    RewardLedger,
    RewardOrigin,
)
from salon_crm.errors import Conflict, InvalidValue, NotFound, RuleBroken
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import Reading
from salon_crm.use_cases.access import use_case
from salon_crm.use_cases.rewards.asking import Asked, parse_points, theirs
from salon_crm.use_cases.rewards.keeping import SHOWN, head_there, taken_from, write_entry
from salon_crm.use_cases.rewards.undoing import Undoing, give_back, named, named_by, take_back
from salon_crm.use_cases.unit import Unit, unit_of_work

_REVERSIBLE: Final = frozenset(
    {RewardAction.ADDED, RewardAction.REDEEMED, RewardAction.ADJUSTED, RewardAction.TRANSFERRED}
)


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
    once. Of an entry that a refund has undone in part the rest is undone, and of a transfer both halves. The rest as
    for `add_points`. Raises InvalidValue, NotFound, Conflict, RuleBroken for an entry that was reversed before, for one
    that is itself a reversal or says what expired, and where fewer points are there than are taken back, NotPermitted.
    """
    with unit_of_work(salon, actor, at) as unit:
        undone = entry_there(unit.writing, parse_id(entry_id, "entry_id"))
        customer = theirs(unit, Permission.CHANGE_POINTS, undone.customer_id)
        asked = Asked(unit, customer, RewardAction.REVERSED, None, reason, reference, None, origin=named(undone))
        made = asked.entry_before()
        if made is not None:
            return made
        if undone.action not in _REVERSIBLE:
            raise RuleBroken("entry-not-reversible", id=str(undone.id), action=str(undone.action))
        undoing = Undoing.of(unit.writing, undone)
        if not undoing.left:
            raise RuleBroken("entry-reversed", id=str(undone.id))
        if at is not None and unit.at < undone.at:
            raise RuleBroken("entry-later", field="at", id=str(undone.id))
        told = asked.fields()
        if undone.action is not RewardAction.TRANSFERRED or undone.origin is None:
            return _undo(unit, customer, undoing, told)
        other = entry_there(unit.writing, undone.origin.id)
        whose = theirs(unit, Permission.CHANGE_POINTS, other.customer_id)
        halves = [(customer, undoing, told), (whose, Undoing.of(unit.writing, other), {"reason": told["reason"]})]
        halves.sort(key=lambda half: -half[1].entry.points)  # who received gives back first
        written = {each.entry.id: _undo(unit, owner, each, says) for owner, each, says in halves}
        return written[undone.id]


def _undo(unit: Unit, customer: Customer, undoing: Undoing, told: dict[str, Any]) -> RewardEntry:
    """Write the entry that undoes what is left of another."""
    if undoing.entry.points > 0:
        return take_back(unit, customer, undoing, undoing.left, strict=True, **told)
    return give_back(unit, customer, undoing, undoing.left, **told)


@frozen(field_transformer=classed, kw_only=True)
class PointsTransferred:
    """The two entries of a transfer, each of which names the other: of who gave, and of who received."""

    given: RewardEntry = field(metadata=MONEY)
    received: RewardEntry = field(metadata=MONEY)


@use_case(Permission.CHANGE_POINTS, shows=SHOWN)
def transfer_points(
    salon: Salon,
    actor: Actor,
    customer_id: IdLike,
    /,
    *,
    to: IdLike,
    points: int,
    reason: str | None = None,
    reference: str | None = None,
    at: datetime | None = None,
) -> PointsTransferred:
    """Hand points from one customer to another, and return the entries of both.

    They are taken as `redeem_points` takes them, keep their last days, and count for no tier of who receives them.
    `reverse_entry` of either undoes both. The rest as for `add_points`; the reference is that of the giver's entry.
    Raises what `redeem_points` raises, and InvalidValue where giver and receiver are one.
    """
    with unit_of_work(salon, actor, at) as unit:
        giver = theirs(unit, Permission.CHANGE_POINTS, customer_id)
        receiver = theirs(unit, Permission.CHANGE_POINTS, to)
        if giver.id == receiver.id:
            raise InvalidValue("transfer-to-self", field="to")
        asked = Asked(unit, giver, RewardAction.TRANSFERRED, -parse_points(points), reason, reference, None)
        made = asked.entry_before()
        if made is not None:
            [received] = [each for each in named_by(unit.writing, made) if each.action is RewardAction.TRANSFERRED]
            if received.customer_id != receiver.id:
                raise Conflict("reference-differs", field="to", id=str(made.id))
            return PointsTransferred(given=made, received=received)
        told, other_id = asked.fields(), RewardEntryId(unit.new_id(None))
        ledger, parts = taken_from(unit, giver, points)
        told["origin"] = RewardOrigin(OriginKind.ENTRY, other_id)
        _, given = write_entry(unit, giver, ledger, RewardAction.TRANSFERRED, parts, **told)
        ledger = RewardLedger(head_there(unit.writing, receiver.id))
        theirs_told: dict[str, Any] = {"id": other_id, "reason": told["reason"], "origin": named(given)}
        last_days = dict.fromkeys(part.expires for part in parts)
        opened = [
            each
            for last in last_days
            for each in ledger.opening(-sum(part.points for part in parts if part.expires == last), last)
        ]
        _, received = write_entry(unit, receiver, ledger, RewardAction.TRANSFERRED, opened, **theirs_told)
        return PointsTransferred(given=given, received=received)


def entry_there(reading: Reading, entry_id: object) -> RewardEntry:
    """Return the entry of an id; raises NotFound."""
    held = reading.reward_entries.by_key("entry_id", [entry_id]).get(entry_id)
    if not held:
        raise NotFound("not-found", kind="reward entry", id=str(entry_id))
    return held[0]
