"""Keeping a booking and what changed of it: the record, its history, the audit and the customer's facts, together."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from attrs import field, frozen

from salon_crm.domain.access import Permission, Role
from salon_crm.domain.audit import AuditAction, Detail
from salon_crm.domain.bookings import Booking, BookingChange, BookingMove
from salon_crm.domain.customers import Customer, Status
from salon_crm.domain.ids import BookingId, CustomerId, IdLike, parse_id
from salon_crm.domain.privacy import BEHAVIOUR, IDENTITY, MONEY, OPERATOR, classed, field_classes
from salon_crm.domain.rewards import RewardEntry
from salon_crm.errors import Conflict, NotFound, RuleBroken
from salon_crm.ports.store import Reading
from salon_crm.use_cases.access import check_own
from salon_crm.use_cases.blocks import blocks_in_force
from salon_crm.use_cases.bookings.plan import check_location_of
from salon_crm.use_cases.customers import set_status
from salon_crm.use_cases.facts import follow_booking
from salon_crm.use_cases.rewards.earning import settle_booking
from salon_crm.use_cases.unit import Unit

SHOWN: Final = field_classes(IDENTITY, BEHAVIOUR, MONEY, OPERATOR)
"""What a booking shows."""

CUSTOMER_BLOCKED: Final = "customer-blocked"
"""The reason why somebody may not book, and a warning where they did."""


@frozen(field_transformer=classed, kw_only=True)
class BookingMoved:
    """A booking as it is after a move; ``points`` are the entries of the rewards ledger that came of it."""

    booking: Booking = field(metadata=BEHAVIOUR)
    points: tuple[RewardEntry, ...] = field(default=(), metadata=MONEY)


def new_booking(unit: Unit, customer: Customer, plan: Mapping[str, Any], *, id: IdLike | None) -> Booking:
    """Return a booking as planned, under the id chosen or a new one; raises Conflict for an id that is taken."""
    booking_id = BookingId(unit.new_id(id))
    if id is not None and unit.writing.bookings.get_many([booking_id]):
        raise Conflict("id-taken", field="id")
    return Booking(id=booking_id, customer_id=customer.id, at=unit.at, by=unit.actor.id, **plan)


def keep_booking(unit: Unit, customer: Customer, booking: Booking) -> tuple[bool, tuple[RewardEntry, ...]]:
    """Keep a new booking, record it, and keep the customer's facts and points.

    Return whether it made them active again, and the entries of their ledger.
    """
    unit.writing.bookings.add(booking)
    record_made(unit, customer, booking)
    follow_booking(unit.writing, None, booking)
    points = settle_booking(unit, customer, None, booking)
    return activate_for(unit, customer, booking), points


def record_made(unit: Unit, customer: Customer, booking: Booking, details: Mapping[str, Detail] | None = None) -> None:
    """Record that a booking was made; ``details`` stand beside its own."""
    own = {"booking": str(booking.id), "status": booking.status}
    unit.record(AuditAction.BOOKING_MADE, customer, details=own | {**(details or {})})


def activate_for(unit: Unit, customer: Customer, booking: Booking) -> bool:
    """Make an inactive customer active where a booking is still to come; return whether it did."""
    if not booking.is_to_come(unit.at) or customer.status is Status.ACTIVE:
        return False
    set_status(unit, customer, Status.ACTIVE)
    return True


def booking_there(reading: Reading, booking_id: UUID, *, code: str = "not-found") -> Booking:
    """Return the booking of an id; raises NotFound."""
    booking = reading.bookings.get_many([booking_id]).get(booking_id)
    if booking is None:
        raise NotFound(code, kind="booking", id=str(booking_id))
    return booking


def find_booking(unit: Unit, permission: Permission, booking_id: object) -> tuple[Booking, Customer]:
    """Return a booking and whose it is, for one who may change it.

    Raises InvalidValue for what is no id, NotFound, NotPermitted for another's and for one of a location out of
    reach; a customer is refused alike whether it exists or not.
    """
    asked = parse_id(booking_id, "booking_id")
    booking = unit.writing.bookings.get_many([asked]).get(asked)
    if booking is None:
        check_own(unit.salon, unit.actor, permission, unit.writing, CustomerId(unit.salon.id))
        raise NotFound("not-found", kind="booking", id=str(asked))
    customer = unit.customer(permission, booking.customer_id)
    check_location_of(unit, booking)
    return booking, customer


_ACTIONS: Final = {
    BookingMove.CONFIRM: AuditAction.BOOKING_CONFIRMED,
    BookingMove.COMPLETE: AuditAction.BOOKING_COMPLETED,
    BookingMove.CANCEL: AuditAction.BOOKING_CANCELLED,
    BookingMove.MARK_NO_SHOW: AuditAction.BOOKING_MISSED,
    BookingMove.REOPEN: AuditAction.BOOKING_REOPENED,
    BookingMove.RESCHEDULE: AuditAction.BOOKING_RESCHEDULED,
    BookingMove.RECORD_ARRIVAL: AuditAction.ARRIVAL_RECORDED,
}


def keep_move(
    unit: Unit,
    customer: Customer,
    before: Booking,
    after: Booking,
    move: BookingMove | None,
    *,
    reason: str | None = None,
) -> BookingMoved:
    """Keep a changed booking and what it was before, record it, and keep the customer's facts and points."""
    change = BookingChange.of(before, at=unit.at, by=unit.actor.id, move=move, reason=reason)
    write_change(unit, customer, before, after, change)
    follow_booking(unit.writing, before, after)
    return BookingMoved(booking=after, points=settle_booking(unit, customer, before, after))


def write_change(
    unit: Unit,
    customer: Customer,
    before: Booking,
    after: Booking,
    change: BookingChange,
    details: Mapping[str, Detail] | None = None,
) -> None:
    """Keep a changed booking and what it was before, and record it; the customer's facts are still to be kept."""
    unit.writing.bookings.save(after, before.version)
    unit.writing.booking_changes.add(change)
    fields = tuple(name for name in _TOLD if getattr(before, name) != getattr(after, name))
    action = AuditAction.BOOKING_CHANGED if change.move is None else _ACTIONS[change.move]
    own = {"booking": str(after.id), "status": after.status}
    unit.record(action, customer, fields=fields, details=own | {**(details or {})})


_TOLD: Final = (
    "service",
    "start",
    "end",
    "location",
    "therapist",
    "status",
    "cancelled_by",
    "price",
    "package",
    "note",
    "arrived_at",
)
"""The fields of a booking whose change the audit names."""


def refuse_blocked(unit: Unit, customer: Customer) -> None:
    """Refuse a blocked customer, who is themselves told only that booking is not possible."""
    if not blocks_in_force(unit.writing, customer):
        return
    if unit.actor.role is Role.CUSTOMER:
        raise RuleBroken("booking-not-possible", customer_id=str(customer.id))
    raise RuleBroken("customer-blocked", customer_id=str(customer.id))
