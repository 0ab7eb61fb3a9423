"""What is kept of a customer's points: entries in order, the lots they open and take from, and where they led."""

import hashlib
from collections.abc import Iterable
from datetime import date, datetime
from enum import StrEnum
from typing import Final
from uuid import UUID

from attrs import field, frozen

from salon_crm.domain.access import Role
from salon_crm.domain.content import content_bytes
from salon_crm.domain.ids import CustomerId, RewardEntryId
from salon_crm.domain.privacy import BEHAVIOUR, MONEY, OPERATOR, classed

MOST_POINTS: Final = 10**12
"""The largest number of points one entry states, and the largest balance."""

FORMAT_VERSION: Final = 1


class RewardAction(StrEnum):
    """What an entry of the ledger does."""

    ADDED = "added"
    """Points were earned by a visit or a sale, or given by hand."""
    REDEEMED = "redeemed"
    """The customer spent points."""
    ADJUSTED = "adjusted"
    """A figure was put right by hand, up or down."""
    EXPIRED = "expired"
    """The last day of the points had passed."""
    REVERSED = "reversed"
    """An earlier entry was undone, or as much of it as a refund or a reopened booking takes back or returns."""
    TRANSFERRED = "transferred"
    """Points went to another customer, or came from one."""


class OriginKind(StrEnum):
    """What an entry came of."""

    BOOKING = "booking"
    SALE = "sale"
    ENTRY = "entry"
    """Another entry: the one it reverses, or the other half of a transfer."""


@frozen(field_transformer=classed)
class RewardOrigin:
    """What an entry came of: the booking or sale that earned its points, or another entry, by its id."""

    kind: OriginKind = field(metadata=OPERATOR)
    id: UUID = field(metadata=OPERATOR)


LotKey = tuple[int, date]
"""What tells a customer's lots apart: the entry that opened one, by its sequence, and its last day."""


def lot_key(number: int, expires: date | None) -> LotKey:
    """Return what tells a lot from the customer's others; one that stays has the last day of the calendar for it."""
    return number, expires or date.max


@frozen(field_transformer=classed)
class LotPart:
    """What an entry does to one lot: ``points`` go in, or out below zero.

    ``lot`` is the sequence of the entry that opened it, ``expires`` its last day, by the salon's clock, None for one
    that stays. An entry opens one lot for each last day: of points that were transferred, those they had.
    """

    lot: int = field(metadata=OPERATOR)
    points: int = field(metadata=MONEY)
    expires: date | None = field(default=None, metadata=OPERATOR)

    @property
    def key(self) -> LotKey:
        """What tells its lot from the customer's others."""
        return lot_key(self.lot, self.expires)


def points_in(parts: Iterable[LotPart]) -> int:
    """Return what parts come to."""
    return sum(part.points for part in parts)


@frozen(field_transformer=classed)
class LineShare:
    """What a line of a sale earned, by its place from 0."""

    line: int = field(metadata=OPERATOR)
    points: int = field(metadata=MONEY)


@frozen(field_transformer=classed, kw_only=True)
class RewardEntry:
    """One entry of a customer's ledger; nothing of it is ever changed or removed.

    ``sequence`` counts a customer's entries from 1. ``at`` is when it happened, ``recorded`` when it was written down.
    ``points`` go in, or out below zero; ``parts`` say of which lots, ``total_after`` is what all lots hold then. A lot
    that the entry opens has the entry's own sequence for a number. ``tier_points`` is what the entry counts for tiers,
    and ``tier_at`` when that was earned, None for ``at``: what is taken back counts no longer where it had counted.
    ``shortfall`` are points that a refund would have taken back and that were not there any more, below zero where they
    are collected of points earned later. ``shares`` say what each line of a sale earned.
    ``refunds`` is how many refunds a sale had when points were redeemed on it: those brought none of them back.

    ``rewarded_by`` and ``role`` are the actor. ``reason_digest`` is SHA-256 over ``salt`` and ``reason``: erasing takes
    both away, and what the entry's own digest covers stays.
    """

    id: RewardEntryId = field(metadata=OPERATOR)
    customer_id: CustomerId = field(metadata=OPERATOR)
    sequence: int = field(metadata=OPERATOR)
    at: datetime = field(metadata=OPERATOR)
    recorded: datetime = field(metadata=OPERATOR)
    action: RewardAction = field(metadata=OPERATOR)
    points: int = field(metadata=MONEY)
    total_after: int = field(metadata=MONEY)
    parts: tuple[LotPart, ...] = field(metadata=MONEY)
    tier_points: int = field(default=0, metadata=MONEY)
    tier_at: datetime | None = field(default=None, metadata=OPERATOR)
    shortfall: int = field(default=0, metadata=MONEY)
    shares: tuple[LineShare, ...] = field(default=(), metadata=MONEY)
    refunds: int = field(default=0, metadata=OPERATOR)
    rewarded_by: str = field(metadata=OPERATOR)
    role: Role = field(metadata=OPERATOR)
    reason: str | None = field(default=None, metadata=BEHAVIOUR)
    reference: str | None = field(default=None, metadata=OPERATOR)
    origin: RewardOrigin | None = field(default=None, metadata=OPERATOR)
    salt: bytes | None = field(default=None, metadata=OPERATOR, repr=False)
    reason_digest: bytes | None = field(default=None, metadata=OPERATOR, repr=False)

    @property
    def counts_at(self) -> datetime:
        """When what it counts for tiers was earned."""
        return self.tier_at or self.at

    def reason_is_kept(self) -> bool:
        """Return whether the reason is the one that was written, or was erased."""
        if self.reason is None:
            return True
        return self.salt is not None and self.reason_digest == digest_of_reason(self.reason, self.salt)


def points_taken_back(entries: Iterable[RewardEntry]) -> int:
    """Return how many points the reversals of an entry took back of it, those included that were not there any more."""
    return sum(entry.shortfall - entry.points for entry in entries)


def digest_of_reason(reason: str, salt: bytes) -> bytes:
    """Return what stands for a reason in an entry's digest."""
    return hashlib.sha256(salt + reason.encode()).digest()


def entry_digest(entry: RewardEntry) -> bytes:
    """Return SHA-256 over everything an entry says, its reason by a digest of its own: the audit keeps it."""
    covered = (
        str(entry.id),
        str(entry.customer_id),
        entry.sequence,
        entry.at,
        entry.recorded,
        entry.action.value,
        entry.points,
        entry.total_after,
        tuple((part.lot, part.points, part.expires) for part in entry.parts),
        entry.tier_points,
        entry.tier_at,
        entry.shortfall,
        tuple((share.line, share.points) for share in entry.shares),
        entry.refunds,
        entry.rewarded_by,
        entry.role.value,
        entry.reference,
        None if entry.origin is None else (entry.origin.kind.value, str(entry.origin.id)),
        entry.reason_digest,
    )
    return hashlib.sha256(b"salon_crm rewards %d\n" % FORMAT_VERSION + content_bytes(covered)).digest()


@frozen(field_transformer=classed, kw_only=True)
class RewardLot:
    """Points that came in together and go out together, soonest to expire first, then the oldest.

    ``number`` is the sequence of the entry that opened it, ``at`` when that happened, ``opened`` how many points came
    in, ``points`` how many are left. ``expires`` is its last day, None where they stay, ``origin`` what earned them.
    """

    customer_id: CustomerId = field(metadata=OPERATOR)
    number: int = field(metadata=OPERATOR)
    at: datetime = field(metadata=OPERATOR)
    opened: int = field(metadata=MONEY)
    points: int = field(metadata=MONEY)
    expires: date | None = field(default=None, metadata=OPERATOR)
    origin: RewardOrigin | None = field(default=None, metadata=OPERATOR)
    version: int = field(default=1, metadata=OPERATOR)

    @property
    def key(self) -> LotKey:
        """What tells it from the customer's others."""
        return lot_key(self.number, self.expires)

    def usable(self, on: date) -> bool:
        """Return whether its points can be spent on a day."""
        return self.expires is None or on <= self.expires

    @property
    def turn(self) -> tuple[date, datetime, int]:
        """What lots are taken in the order of."""
        return (self.expires or date.max, self.at, self.number)


def emptied_lots(entry: RewardEntry) -> dict[LotKey, RewardLot]:
    """Return the lots that an entry opened, with nothing in them, and not written yet."""
    return {
        part.key: RewardLot(
            customer_id=entry.customer_id,
            number=entry.sequence,
            at=entry.at,
            opened=part.points,
            points=0,
            expires=part.expires,
            origin=entry.origin,
            version=0,
        )
        for part in entry.parts
        if part.lot == entry.sequence
    }


@frozen(field_transformer=classed, kw_only=True)
class RewardHead:
    """The end of a customer's ledger: the sequence of the last entry and the total after it, 0 and 0 before the first.

    ``shortfall`` is what refunds could not take back and was not collected since. ``version`` is the sequence: each
    entry makes the next version.
    """

    customer_id: CustomerId = field(metadata=OPERATOR)
    total: int = field(default=0, metadata=MONEY)
    shortfall: int = field(default=0, metadata=MONEY)
    version: int = field(default=0, metadata=OPERATOR)

    @property
    def sequence(self) -> int:
        """The sequence of the last entry."""
        return self.version
