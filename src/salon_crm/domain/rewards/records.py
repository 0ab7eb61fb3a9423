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


@frozen(field_transformer=classed)
class LotPart:
    """What an entry does to one lot: ``lot`` is its number, ``points`` go in, or out below zero."""

    lot: int = field(metadata=OPERATOR)
    points: int = field(metadata=MONEY)


def points_in(parts: Iterable[LotPart]) -> int:
    """Return what parts come to."""
    return sum(part.points for part in parts)


@frozen(field_transformer=classed)
class LineShare:
    """What a line of a sale earned, by its place from 0; ``line`` is None for the visit that the sale was."""

    line: int | None = field(metadata=OPERATOR)
    points: int = field(metadata=MONEY)


@frozen(field_transformer=classed, kw_only=True)
class RewardEntry:
    """One entry of a customer's ledger; nothing of it is ever changed or removed.

    ``sequence`` counts a customer's entries from 1. ``at`` is when it happened, ``recorded`` when it was written down.
    ``points`` go in, or out below zero; ``parts`` say of which lots, ``total_after`` is what all lots hold then. An
    entry that opens a lot gives it its own sequence for a number; ``expires`` is the last day of that lot, by the
    salon's clock, None for one that stays. ``tier_points`` is what the entry counts for tiers. ``shortfall`` are
    points that a refund would have taken back and that were not there any more. ``shares`` say what each line of a
    sale earned.

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
    expires: date | None = field(default=None, metadata=OPERATOR)
    tier_points: int = field(default=0, metadata=MONEY)
    shortfall: int = field(default=0, metadata=MONEY)
    shares: tuple[LineShare, ...] = field(default=(), metadata=MONEY)
    rewarded_by: str = field(metadata=OPERATOR)
    role: Role = field(metadata=OPERATOR)
    reason: str | None = field(default=None, metadata=BEHAVIOUR)
    reference: str | None = field(default=None, metadata=OPERATOR)
    origin: RewardOrigin | None = field(default=None, metadata=OPERATOR)
    salt: bytes | None = field(default=None, metadata=OPERATOR, repr=False)
    reason_digest: bytes | None = field(default=None, metadata=OPERATOR, repr=False)

    @property
    def opens(self) -> bool:
        """Whether the entry opens a lot."""
        return any(part.lot == self.sequence for part in self.parts)

    def reason_is_kept(self) -> bool:
        """Return whether the reason is the one that was written, or was erased."""
        if self.reason is None:
            return True
        return self.salt is not None and self.reason_digest == digest_of_reason(self.reason, self.salt)


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
        tuple((part.lot, part.points) for part in entry.parts),
        entry.expires,
        entry.tier_points,
        entry.shortfall,
        tuple((share.line, share.points) for share in entry.shares),
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
    in, ``points`` how many are left. ``expires`` is its last day, ``origin`` what they were earned by.
    """

    customer_id: CustomerId = field(metadata=OPERATOR)
    number: int = field(metadata=OPERATOR)
    at: datetime = field(metadata=OPERATOR)
    opened: int = field(metadata=MONEY)
    points: int = field(metadata=MONEY)
    expires: date | None = field(default=None, metadata=OPERATOR)
    origin: RewardOrigin | None = field(default=None, metadata=OPERATOR)
    version: int = field(default=1, metadata=OPERATOR)

    def usable(self, on: date) -> bool:
        """Return whether its points can be spent on a day."""
        return self.expires is None or on <= self.expires

    @property
    def turn(self) -> tuple[bool, date, datetime, int]:
        """What lots are taken in the order of."""
        return (self.expires is None, self.expires or date.max, self.at, self.number)


def emptied_lot(entry: RewardEntry) -> RewardLot:
    """Return the lot that an entry opened, with nothing in it, and not written yet."""
    return RewardLot(
        customer_id=entry.customer_id,
        number=entry.sequence,
        at=entry.at,
        opened=points_in(part for part in entry.parts if part.lot == entry.sequence),
        points=0,
        expires=entry.expires,
        origin=entry.origin,
        version=0,
    )


@frozen(field_transformer=classed, kw_only=True)
class RewardHead:
    """The end of a customer's ledger: the sequence of the last entry and the total after it, 0 and 0 before the first.

    ``version`` is the sequence: each entry makes the next version.
    """

    customer_id: CustomerId = field(metadata=OPERATOR)
    total: int = field(default=0, metadata=MONEY)
    version: int = field(default=0, metadata=OPERATOR)

    @property
    def sequence(self) -> int:
        """The sequence of the last entry."""
        return self.version
