"""Booking a service for a customer, and asking whether that is possible."""

from datetime import datetime

from attrs import field, frozen

from salon_crm.domain.access import Actor, Permission, Role, Scope
from salon_crm.domain.bookings import Answer, Booking, BookingAnswer, BookingStatus
from salon_crm.domain.criteria import Ref
from salon_crm.domain.dates import parse_instant
from salon_crm.domain.ids import IdLike
from salon_crm.domain.privacy import BEHAVIOUR, MONEY, OPERATOR, classed, field_classes
from salon_crm.domain.rewards import RewardEntry
from salon_crm.errors import InvalidValue, NotPermitted
from salon_crm.ports.records import SERVICES
from salon_crm.ports.salon import Salon
from salon_crm.use_cases.access import find_customer, use_case
from salon_crm.use_cases.blocks import blocks_in_force
from salon_crm.use_cases.bookings.keeping import (
    CUSTOMER_BLOCKED,
    SHOWN,
    booking_there,
    keep_booking,
    new_booking,
    refuse_blocked,
)
from salon_crm.use_cases.bookings.plan import Plan
from salon_crm.use_cases.catalogue import find_item
from salon_crm.use_cases.unit import unit_of_work


@frozen(field_transformer=classed, kw_only=True)
class Booked:
    """A booking that was made: whether it made an inactive customer active, and what is to be minded.

    ``warnings`` are codes that `label` has words for. ``points`` are the entries of the rewards ledger that came of
    it, where it was completed at once.
    """

    booking: Booking = field(metadata=BEHAVIOUR)
    activated: bool = field(default=False, metadata=OPERATOR)
    warnings: tuple[str, ...] = field(default=(), metadata=BEHAVIOUR)
    points: tuple[RewardEntry, ...] = field(default=(), metadata=MONEY)


@use_case(Permission.ASK_BOOKING, shows=field_classes(BEHAVIOUR, OPERATOR), scopes={Scope.OWN})
def may_book(
    salon: Salon,
    actor: Actor,
    customer_id: IdLike,
    /,
    *,
    service: Ref | None = None,
    start: datetime | None = None,
) -> BookingAnswer:
    """Answer whether a customer may book: ok, warn or block, with reasons (`label` gives their words).

    The customer asking for themselves is told only that booking is not possible. ``service`` is a code or an
    id, ``start`` an instant. Raises InvalidValue, NotFound, NotPermitted.
    """
    with salon.reading() as reading:
        customer = find_customer(salon, actor, Permission.ASK_BOOKING, reading, customer_id)
        if start is not None:
            parse_instant(start, "start")
        if service is not None:
            find_item(reading, SERVICES, service, "service")
        if not blocks_in_force(reading, customer):
            return BookingAnswer(Answer.OK)
        told = () if actor.role is Role.CUSTOMER else (CUSTOMER_BLOCKED,)
        return BookingAnswer(Answer.BLOCK, told)


@use_case(Permission.BOOK, shows=SHOWN, scopes={Scope.OWN})
def book(
    salon: Salon,
    actor: Actor,
    customer_id: IdLike,
    /,
    *,
    service: Ref,
    start: datetime,
    end: datetime | None = None,
    location: Ref | None = None,
    therapist: Ref | None = None,
    price: object = None,
    package: Ref | None = None,
    status: BookingStatus | str = BookingStatus.PENDING,
    note: str | None = None,
    id: IdLike | None = None,
    reference: str | None = None,
    at: datetime | None = None,
) -> Booked:
    """Book a service for a customer, and return the booking and what came of it.

    ``service``, ``location``, ``therapist`` and ``package`` are codes of the catalogue, or ids. ``start`` and
    ``end`` are instants; without ``end`` it takes as long as the service does. Without ``location`` it is at the
    salon's only one. ``price`` is a Decimal, a whole number or text, in the salon's currency. ``status`` is
    pending, confirmed, or for a start that is past also completed or no-show. ``note`` is what is to be minded;
    the customer may see it. ``id``, ``reference`` and ``at`` as for `add_customer`.

    A start to come makes an inactive customer active again. Whether a chair is free is not asked: that is the
    calendar's. A customer booking for themselves books pending and without a price.

    Raises InvalidDocument with every value that cannot be taken, NotFound, Conflict, RuleBroken where the
    customer is blocked, or where something is no longer offered, NotPermitted.
    """
    _check_own_booking(salon, actor, status=status, price=price)
    with unit_of_work(salon, actor, at) as unit:
        customer = unit.customer(Permission.BOOK, customer_id)
        plan = Plan(unit, start=start, end=end, price=price, note=note, status=status)
        stated = plan.read(service=service, location=location, therapist=therapist, package=package)
        asked = {"customer_id": customer.id, **stated, "id": id}
        made = unit.result_of("book", reference, asked)
        if made is not None:
            return Booked(booking=booking_there(unit.writing, made, code="gone"))
        fields = plan.settled()
        refuse_blocked(unit, customer)
        if actor.role is Role.CUSTOMER and fields["start"] <= unit.now:
            raise InvalidValue("booking-past", field="start")
        booking = new_booking(unit, customer, fields, id=id)
        activated, points = keep_booking(unit, customer, booking)
        unit.remember("book", reference, asked, booking.id)
        return Booked(booking=booking, activated=activated, points=points)


def _check_own_booking(salon: Salon, actor: Actor, *, status: object, price: object) -> None:
    """Check the scope ``own`` by value: what is agreed and what it costs is the salon's to say."""
    grant = salon.permissions.grant(actor, Permission.BOOK)
    if grant is None or Scope.OWN not in grant.scopes:
        return
    for name, theirs in (("status", status == BookingStatus.PENDING), ("price", price is None)):
        if not theirs:
            raise NotPermitted(
                "not-permitted-field", field=name, actor=str(actor), field_name=name, permission=Permission.BOOK
            )
