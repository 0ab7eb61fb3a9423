"""An entry undone, all of it or a part: what was given is taken back, what was taken is given back."""

from collections.abc import Iterable
from typing import Any

from attrs import field, frozen

from salon_crm.domain.customers import Customer
from salon_crm.domain.privacy import MONEY, classed
from salon_crm.domain.rewards import (
    OriginKind,
    RewardAction,
    RewardEntry,
    RewardOrigin,
    points_in,
    points_taken_back,
    returning,
)
from salon_crm.ports.store import Reading
from salon_crm.use_cases.rewards.keeping import ledger_there, let_lapse, today_of, with_lots, write_entry
from salon_crm.use_cases.unit import Unit


@frozen(field_transformer=classed)
class Undoing:
    """An entry and those that undid parts of it before."""

    entry: RewardEntry = field(metadata=MONEY)
    before: tuple[RewardEntry, ...] = field(metadata=MONEY)

    @classmethod
    def of(cls, reading: Reading, entry: RewardEntry) -> "Undoing":
        """Return an entry with those that undid parts of it."""
        return cls(entry, tuple(each for each in named_by(reading, entry) if each.action is RewardAction.REVERSED))

    @property
    def left(self) -> int:
        """How many points of it are not undone yet."""
        if self.entry.points > 0:
            return self.entry.points - points_taken_back(self.before)
        return -self.entry.points - sum(each.points for each in self.before)


def take_back(
    unit: Unit, customer: Customer, undoing: Undoing, points: int, *, strict: bool = False, **told: Any
) -> RewardEntry:
    """Write the entry that takes back so many points that another gave, its own lots first, then as they are spent.

    Of points that are not there any more the entry says how many they are; where it is ``strict``, RuleBroken is raised
    instead, and nothing written.
    """
    day, undone = today_of(unit), undoing.entry
    ledger = ledger_there(unit.writing, customer.id, points=points, on=day)
    ledger = with_lots(unit.writing, ledger, undone.parts)
    if strict:
        ledger.taking(points, day)
    parts = ledger.taking_back(points, {part.key for part in undone.parts}, day)
    ledger, _ = let_lapse(unit, customer, ledger, day)
    counted: dict[str, Any] = {"at": max(unit.at, undone.at), "shortfall": points + points_in(parts)}
    if undone.tier_points:
        counted |= {"tier_points": -points, "tier_at": undone.counts_at}
    told = {**counted, "origin": named(undone), **told}
    _, entry = write_entry(unit, customer, ledger, RewardAction.REVERSED, parts, **told)
    return entry


def give_back(unit: Unit, customer: Customer, undoing: Undoing, points: int, **told: Any) -> RewardEntry:
    """Write the entry that returns so many points that another took to the lots they came from.

    What has expired meanwhile expires again at once.
    """
    day, undone = today_of(unit), undoing.entry
    parts = returning(undone.parts, [part for each in undoing.before for part in each.parts], points)
    ledger = ledger_there(unit.writing, customer.id, points=0, on=day)
    ledger = with_lots(unit.writing, ledger, undone.parts)
    ledger, _ = let_lapse(unit, customer, ledger, day)
    told = {"at": max(unit.at, undone.at), "origin": named(undone), **told}
    ledger, entry = write_entry(unit, customer, ledger, RewardAction.REVERSED, parts, **told)
    let_lapse(unit, customer, ledger, day)
    return entry


def named(entry: RewardEntry) -> RewardOrigin:
    """Return an entry as what another came of."""
    return RewardOrigin(OriginKind.ENTRY, entry.id)


def named_by(reading: Reading, entry: RewardEntry) -> tuple[RewardEntry, ...]:
    """Return the entries that name another as what they came of."""
    return come_of(reading, named(entry))


def come_of(reading: Reading, origin: RewardOrigin) -> tuple[RewardEntry, ...]:
    """Return the entries that came of one thing, in the order they were written."""
    key = (origin.kind.value, origin.id)
    found: Iterable[RewardEntry] = reading.reward_entries.by_key("origin", [key]).get(key, ())
    return tuple(sorted(found, key=lambda entry: (entry.customer_id, entry.sequence)))
