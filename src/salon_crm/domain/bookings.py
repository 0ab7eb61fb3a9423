"""Bookings: who comes when for what, the moves between their states, and whether a customer may book.

This keeps a customer's bookings; it is not a calendar: nothing here knows whether a chair is free.
"""

from collections.abc import Mapping
from datetime import UTC, date, datetime, timedelta
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from attrs import evolve, field, frozen

from salon_crm.domain.catalogue import Service
from salon_crm.domain.dates import find_zone, local_day, parse_instant
from salon_crm.domain.ids import BookingId, CustomerId, ExternalId
from salon_crm.domain.money import Money
from salon_crm.domain.privacy import BEHAVIOUR, IDENTITY, MONEY, OPERATOR, classed
from salon_crm.errors import InvalidValue, RuleBroken

LONGEST_BOOKING: Final = timedelta(days=31)
EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2999, 12, 31, tzinfo=UTC)


class Answer(StrEnum):
    """Whether the customer may book."""

    OK = "ok"
    WARN = "warn"
    BLOCK = "block"


@frozen(field_transformer=classed)
class BookingAnswer:
    """Whether a customer may book, and why not; the customer themselves is never told a reason."""

    answer: Answer = field(metadata=OPERATOR)
    reasons: tuple[str, ...] = field(default=(), metadata=BEHAVIOUR)


class BookingStatus(StrEnum):
    """The state a booking is in."""

    PENDING = "pending"
    CONFIRMED = "confirmed"
    COMPLETED = "completed"
    CANCELLED = "cancelled"
    NO_SHOW = "no-show"


OPEN: Final = frozenset({BookingStatus.PENDING, BookingStatus.CONFIRMED})
"""The states of a booking that is still to come, or to be closed; the panel calls them Active."""

COUNTING: Final = OPEN | {BookingStatus.COMPLETED}
"""The states in which a service counts as booked."""

ANY_STATUS: Final = frozenset(BookingStatus)


class CancelledBy(StrEnum):
    """Who cancelled; only the customer's own count in their cancellation rate."""

    CUSTOMER = "customer"
    SALON = "salon"


class BookingOrigin(StrEnum):
    """How a booking came to be kept here."""

    BOOKED = "booked"
    """By somebody, through `book`; the rules of booking were asked."""
    MIRRORED = "mirrored"
    """By a host whose calendar it is in; a fact."""
    IMPORTED = "imported"
    """From a list; a fact."""


@frozen(field_transformer=classed, kw_only=True)
class Booking:
    """A booking: a customer, a service, a time, and what became of it.

    ``service``, ``location``, ``therapist`` and ``package`` are codes of the catalogue. ``start`` and ``end``
    are instants; ``zone`` is that of the location when the time was agreed, so that `day` and the time of day
    stay what the customer was told. ``arrived_at`` is when they came.
    """

    id: BookingId = field(metadata=OPERATOR)
    customer_id: CustomerId = field(metadata=OPERATOR)
    service: str = field(metadata=BEHAVIOUR)
    start: datetime = field(metadata=BEHAVIOUR)
    end: datetime = field(metadata=BEHAVIOUR)
    zone: str = field(metadata=OPERATOR)
    location: str | None = field(default=None, metadata=BEHAVIOUR)
    therapist: str | None = field(default=None, metadata=BEHAVIOUR)
    status: BookingStatus = field(default=BookingStatus.PENDING, metadata=OPERATOR)
    cancelled_by: CancelledBy | None = field(default=None, metadata=BEHAVIOUR)
    price: Money | None = field(default=None, metadata=MONEY)
    package: str | None = field(default=None, metadata=BEHAVIOUR)
    note: str | None = field(default=None, metadata=BEHAVIOUR)
    arrived_at: datetime | None = field(default=None, metadata=BEHAVIOUR)
    external_id: ExternalId | None = field(default=None, metadata=IDENTITY)
    origin: BookingOrigin = field(default=BookingOrigin.BOOKED, metadata=OPERATOR)
    at: datetime = field(metadata=OPERATOR)
    by: str = field(metadata=OPERATOR)
    version: int = field(default=1, metadata=OPERATOR)

    @property
    def day(self) -> date:
        """The local day of the location it starts on."""
        return local_day(self.start, self.zone)

    @property
    def local_start(self) -> datetime:
        """When it starts, as the clock of the location shows it."""
        return self.start.astimezone(find_zone(self.zone))

    @property
    def local_end(self) -> datetime:
        """When it ends, as the clock of the location shows it."""
        return self.end.astimezone(find_zone(self.zone))

    @property
    def counts(self) -> bool:
        """Whether its service counts as booked: it was neither cancelled nor missed."""
        return self.status in COUNTING

    def is_to_come(self, now: datetime) -> bool:
        """Whether the customer is expected, as of ``now``."""
        return self.status in OPEN and self.start > now


def parse_time(value: object, name: str) -> datetime:
    """Return an instant that a booking may have, in UTC; raises InvalidValue."""
    instant = parse_instant(value, name)
    if not EARLIEST <= instant <= LATEST:
        raise InvalidValue("number-out-of-range", field=name, low=f"{EARLIEST:%Y-%m-%d}", high=f"{LATEST:%Y-%m-%d}")
    return instant


def settled_end(start: datetime, end: datetime | None, service: Service | None) -> datetime:
    """Return when a booking ends: as stated, or after as long as the service takes; raises InvalidValue."""
    if end is None:
        if service is None or service.duration is None:
            raise InvalidValue("required", field="end", hint="The service has no duration; say when the booking ends.")
        return start + timedelta(minutes=service.duration)
    if end <= start:
        raise InvalidValue("booking-end", field="end")
    if end - start > LONGEST_BOOKING:
        raise InvalidValue("booking-too-long", field="end", days=LONGEST_BOOKING.days)
    return end


class BookingMove(StrEnum):
    """What can be done to a booking that leads it to another state, or time."""

    CONFIRM = "confirm"
    COMPLETE = "complete"
    CANCEL = "cancel"
    MARK_NO_SHOW = "mark-no-show"
    REOPEN = "reopen"
    RESCHEDULE = "reschedule"
    RECORD_ARRIVAL = "record-arrival"


@frozen(field_transformer=classed)
class MoveRule:
    """From which states a move may be made, the state it leads to, and whether the start must be past.

    ``to`` is None where the state stays.
    """

    start_from: frozenset[BookingStatus] = field(metadata=OPERATOR)
    to: BookingStatus | None = field(metadata=OPERATOR)
    past_only: bool = field(default=False, metadata=OPERATOR)


MOVES: Final[Mapping[BookingMove, MoveRule]] = MappingProxyType(
    {
        BookingMove.CONFIRM: MoveRule(frozenset({BookingStatus.PENDING}), BookingStatus.CONFIRMED),
        BookingMove.COMPLETE: MoveRule(OPEN, BookingStatus.COMPLETED, past_only=True),
        BookingMove.CANCEL: MoveRule(OPEN, BookingStatus.CANCELLED),
        BookingMove.MARK_NO_SHOW: MoveRule(OPEN, BookingStatus.NO_SHOW, past_only=True),
        BookingMove.REOPEN: MoveRule(
            frozenset({BookingStatus.CANCELLED, BookingStatus.NO_SHOW, BookingStatus.COMPLETED}),
            BookingStatus.CONFIRMED,
        ),
        BookingMove.RESCHEDULE: MoveRule(OPEN, None),
        BookingMove.RECORD_ARRIVAL: MoveRule(COUNTING, None),
    }
)
"""Every move of a booking there is (product rule: any other is an error)."""


def moved_booking(booking: Booking, move: BookingMove, *, now: datetime) -> Booking:
    """Return the booking in the state a move leads to, at its next version.

    Raises RuleBroken for a move its state does not allow, naming those it does, and for closing a booking
    whose start is still to come.
    """
    rule = MOVES[move]
    if booking.status not in rule.start_from:
        allowed = tuple(str(each) for each, its in MOVES.items() if booking.status in its.start_from)
        raise RuleBroken(
            "booking-move", field="status", id=str(booking.id), status=booking.status, move=move, allowed=allowed
        )
    if rule.past_only and booking.start > now:
        raise RuleBroken("booking-to-come", field="start", id=str(booking.id), move=move)
    status = booking.status if rule.to is None else rule.to
    cancelled_by = booking.cancelled_by if status is BookingStatus.CANCELLED else None
    return evolve(booking, status=status, cancelled_by=cancelled_by, version=booking.version + 1)


@frozen(field_transformer=classed, kw_only=True)
class BookingChange:
    """One change of a booking: the version it led to, who made it and when, and the plan it had before.

    ``move`` is None where a host's calendar said so; ``reason`` is what staff said of it. ``status`` and what
    follows is the booking as it was.
    """

    booking_id: BookingId = field(metadata=OPERATOR)
    version: int = field(metadata=OPERATOR)
    customer_id: CustomerId = field(metadata=OPERATOR)
    at: datetime = field(metadata=OPERATOR)
    by: str = field(metadata=OPERATOR)
    move: BookingMove | None = field(default=None, metadata=OPERATOR)
    reason: str | None = field(default=None, metadata=BEHAVIOUR)
    status: BookingStatus = field(metadata=OPERATOR)
    start: datetime = field(metadata=BEHAVIOUR)
    end: datetime = field(metadata=BEHAVIOUR)
    zone: str = field(metadata=OPERATOR)
    service: str = field(metadata=BEHAVIOUR)
    location: str | None = field(default=None, metadata=BEHAVIOUR)
    therapist: str | None = field(default=None, metadata=BEHAVIOUR)

    @classmethod
    def of(
        cls,
        before: Booking,
        *,
        at: datetime,
        by: str,
        move: BookingMove | None,
        reason: str | None = None,
    ) -> "BookingChange":
        """Return the change that leads ``before`` to its next version."""
        return cls(
            booking_id=before.id,
            version=before.version + 1,
            customer_id=before.customer_id,
            at=at,
            by=by,
            move=move,
            reason=reason,
            status=before.status,
            start=before.start,
            end=before.end,
            zone=before.zone,
            service=before.service,
            location=before.location,
            therapist=before.therapist,
        )
