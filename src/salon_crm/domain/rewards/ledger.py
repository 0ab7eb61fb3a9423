"""The ledger of one customer: its end and its lots, from which every rule is answered.

Building it from all entries is verifying them (`RewardLedger.of_entries`): one function applies an entry, whether it
was read from a store or is about to be written.
"""

from collections.abc import Container, Iterable, Sequence
from datetime import date
from typing import Any

from attrs import evolve, field, frozen

from salon_crm.domain.ids import CustomerId
from salon_crm.domain.privacy import MONEY, OPERATOR, classed
from salon_crm.domain.rewards.records import (
    MOST_POINTS,
    LotKey,
    LotPart,
    RewardAction,
    RewardEntry,
    RewardHead,
    RewardLot,
    emptied_lots,
    points_in,
)
from salon_crm.errors import InvalidValue, RuleBroken, StoreError


@frozen(field_transformer=classed)
class RewardLedger:
    """Where a customer's entries have led: ``head`` and the lots, in the order they are taken in.

    A ledger may be made of some lots alone: of those that an act can touch. Lots that hold nothing any more are in it
    where points may return to them.
    """

    head: RewardHead = field(metadata=OPERATOR)
    lots: tuple[RewardLot, ...] = field(default=(), metadata=MONEY)

    @classmethod
    def of_entries(cls, customer_id: CustomerId, entries: Iterable[RewardEntry]) -> "RewardLedger":
        """Return the ledger that all entries of a customer lead to, oldest first.

        Raises StoreError, naming the entry, for the first that does not follow from those before it.
        """
        head, lots = RewardHead(customer_id=customer_id), dict[LotKey, RewardLot]()
        for entry in entries:
            head = _entered(head, lots, entry)
        return cls(head, _in_turn(lots.values()))

    def also(self, lots: Iterable[RewardLot]) -> "RewardLedger":
        """Return the ledger with these lots too."""
        return RewardLedger(self.head, _in_turn((*self.lots, *lots)))

    def after(self, entry: RewardEntry) -> "RewardLedger":
        """Return the ledger once an entry is written; raises StoreError for one that does not follow."""
        lots = {lot.key: lot for lot in self.lots}
        return RewardLedger(_entered(self.head, lots, entry), _in_turn(lots.values()))

    def entry(self, action: RewardAction, parts: Sequence[LotPart], **fields: Any) -> RewardEntry:
        """Return the next entry; raises InvalidValue where the total would be larger than any may be."""
        points = points_in(parts)
        total = self.head.total + points
        if total > MOST_POINTS:
            raise InvalidValue("number-out-of-range", field="points", low=1, high=MOST_POINTS - self.head.total)
        return RewardEntry(
            customer_id=self.head.customer_id,
            sequence=self.head.sequence + 1,
            action=action,
            points=points,
            total_after=total,
            parts=tuple(parts),
            **fields,
        )

    def open_lots(self) -> tuple[RewardLot, ...]:
        """Return the lots that hold points, in the order they are taken in."""
        return tuple(lot for lot in self.lots if lot.points)

    def available(self, on: date) -> int:
        """Return how many points can be spent on a day: those of lots whose last day has not passed."""
        return sum(lot.points for lot in self.lots if lot.usable(on))

    def opening(self, points: int, expires: date | None = None) -> tuple[LotPart, ...]:
        """Return what the next entry does where it opens a lot with so many points and this last day."""
        return (LotPart(self.head.sequence + 1, points, expires),)

    def taking(self, points: int, on: date) -> tuple[LotPart, ...]:
        """Return what is taken of which lots where so many points are spent on a day.

        Raises RuleBroken where fewer can be spent, with both figures.
        """
        available = self.available(on)
        if points > available:
            raise RuleBroken(
                "not-enough-points",
                field="points",
                customer_id=str(self.head.customer_id),
                asked=points,
                left=available,
            )
        return _out_of((lot for lot in self.lots if lot.usable(on)), points)

    def taking_back(self, points: int, own: Container[LotKey], on: date) -> tuple[LotPart, ...]:
        """Return what is taken of which lots where points are taken back: as many of them as there are.

        The lots that are ``own`` go first, then the others, each in their turn.
        """
        usable = [lot for lot in self.lots if lot.usable(on)]
        return _out_of(sorted(usable, key=lambda lot: lot.key not in own), points)

    def lapsed(self, on: date) -> list[tuple[date, tuple[LotPart, ...]]]:
        """Return the days that were the last of lots that still hold points, each with what expires after it."""
        due: dict[date, list[LotPart]] = {}
        for lot in self.lots:
            if lot.points and lot.expires is not None and lot.expires < on:
                due.setdefault(lot.expires, []).append(LotPart(lot.number, -lot.points, lot.expires))
        return [(day, tuple(parts)) for day, parts in due.items()]


def returning(taken: Sequence[LotPart], returned: Iterable[LotPart], points: int) -> tuple[LotPart, ...]:
    """Return what goes back to which lots where points that an entry took are returned, some of them before.

    The lots that were taken last are filled first, as if fewer had been taken.
    """
    left = {part.key: -part.points for part in taken}
    for part in returned:
        left[part.key] -= part.points
    parts: list[LotPart] = []
    for part in reversed(taken):
        back = min(left[part.key], points)
        if back:
            parts.append(LotPart(part.lot, back, part.expires))
            points -= back
    return tuple(parts)


def _out_of(lots: Iterable[RewardLot], points: int) -> tuple[LotPart, ...]:
    """Take up to so many points out of lots, in the order given."""
    parts: list[LotPart] = []
    for lot in lots:
        taken = min(lot.points, points)
        if taken:
            parts.append(LotPart(lot.number, -taken, lot.expires))
            points -= taken
    return tuple(parts)


def _in_turn(lots: Iterable[RewardLot]) -> tuple[RewardLot, ...]:
    return tuple(sorted(lots, key=lambda lot: lot.turn))


_SIGNS = {
    RewardAction.ADDED: (1,),
    RewardAction.REDEEMED: (-1,),
    RewardAction.EXPIRED: (-1,),
    RewardAction.ADJUSTED: (1, -1),
    RewardAction.TRANSFERRED: (1, -1),
    RewardAction.REVERSED: (1, -1, 0),
}
"""Which way each action moves points; what is taken back may be nothing but a shortfall."""


def _entered(head: RewardHead, lots: dict[LotKey, RewardLot], entry: RewardEntry) -> RewardHead:
    """Put an entry into the lots, and return the head after it; raises StoreError for one that does not follow."""
    total, short = head.total + entry.points, head.shortfall + entry.shortfall
    broken: str | None = None
    if entry.customer_id != head.customer_id:
        broken = "it is another customer's"
    elif entry.sequence != head.sequence + 1:
        broken = f"entry {head.sequence + 1} is missing"
    elif entry.points != points_in(entry.parts):
        broken = "its points are not those of its lots"
    elif entry.total_after != total or not 0 <= total <= MOST_POINTS:
        broken = "its total does not follow"
    elif (entry.points > 0) - (entry.points < 0) not in _SIGNS[entry.action]:
        broken = f"{entry.points} points cannot be {entry.action}"
    elif not (entry.parts or entry.shortfall):
        broken = "it does nothing"
    elif entry.shortfall < 0 and (entry.points != entry.shortfall or short < 0):
        broken = "it collects what was not short"
    if broken is None:
        broken = _put(lots, entry)
    if broken is not None:
        raise StoreError("rewards-broken", customer_id=str(head.customer_id), sequence=head.sequence + 1, reason=broken)
    return RewardHead(customer_id=head.customer_id, total=total, shortfall=short, version=entry.sequence)


def _put(lots: dict[LotKey, RewardLot], entry: RewardEntry) -> str | None:
    """Put the parts of an entry into the lots; return what is wrong with one that does not fit."""
    if len({part.key for part in entry.parts}) < len(entry.parts):
        return "it names a lot twice"
    if any(part.points * entry.points <= 0 for part in entry.parts):
        return "not all of its lots move the way it does"
    lots |= emptied_lots(entry)
    for part in entry.parts:
        lot = lots.get(part.key)
        if lot is None or part.expires == date.max:  # which stands for none
            return f"there is no lot {part.lot}"
        if not 0 <= lot.points + part.points <= lot.opened:
            return f"lot {part.lot} does not hold that"
        lots[part.key] = evolve(lot, points=lot.points + part.points, version=lot.version + 1)
    return None
