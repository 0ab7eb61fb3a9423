"""The moves of a booking: confirmed, completed, cancelled, missed, reopened, rescheduled, given to somebody else."""

from collections.abc import Iterable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final

from attrs import evolve, field, frozen

from salon_crm.domain.access import Actor, Permission, Role, Scope
from salon_crm.domain.bookings import OPEN, Booking, BookingMove, CancelledBy, moved_booking, parse_time, settled_end
from salon_crm.domain.criteria import Ref
from salon_crm.domain.customers import Customer
from salon_crm.domain.ids import BookingId, IdLike, parse_id
from salon_crm.domain.privacy import OPERATOR, classed
from salon_crm.domain.reading import read_items
from salon_crm.domain.text import clean_text
from salon_crm.errors import InvalidDocument, InvalidValue, NotPermitted, RuleBroken
from salon_crm.ports.records import LOCATIONS, SERVICES, STAFF_MEMBERS
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import BookingQuery
from salon_crm.use_cases.access import check_location, use_case
from salon_crm.use_cases.bookings.keeping import (
    SHOWN,
    BookingMoved,
    activate_for,
    find_booking,
    keep_move,
    refuse_blocked,
)
from salon_crm.use_cases.bookings.plan import agreed_zone, check_location_of
from salon_crm.use_cases.catalogue import find_item, offered
from salon_crm.use_cases.unit import Unit, unit_of_work

MOST_REASSIGNED: Final = 10_000


@use_case(Permission.MOVE_BOOKINGS, shows=SHOWN)
def confirm_booking(salon: Salon, actor: Actor, booking_id: IdLike, /) -> BookingMoved:
    """Confirm a pending booking. Raises NotFound, RuleBroken for one in another state, NotPermitted."""
    return _move(salon, actor, booking_id, BookingMove.CONFIRM)


@use_case(Permission.MOVE_BOOKINGS, shows=SHOWN)
def complete_booking(salon: Salon, actor: Actor, booking_id: IdLike, /) -> BookingMoved:
    """Note that the customer was here and the service was done; the start must be past.

    Raises NotFound, RuleBroken for a start to come or another state, NotPermitted.
    """
    return _move(salon, actor, booking_id, BookingMove.COMPLETE)


@use_case(Permission.MOVE_BOOKINGS, shows=SHOWN)
def mark_no_show(salon: Salon, actor: Actor, booking_id: IdLike, /) -> BookingMoved:
    """Note that the customer did not come; the start must be past. Raises as `complete_booking`."""
    return _move(salon, actor, booking_id, BookingMove.MARK_NO_SHOW)


@use_case(Permission.BOOK, shows=SHOWN, scopes={Scope.OWN})
def cancel_booking(
    salon: Salon,
    actor: Actor,
    booking_id: IdLike,
    /,
    *,
    by: CancelledBy | str | None = None,
    reason: str | None = None,
) -> BookingMoved:
    """Cancel a booking that is pending or confirmed.

    ``by`` says whether the ``customer`` or the ``salon`` called it off, which only staff can say of somebody
    else; unless stated it is the salon, and the customer where they act themselves. ``reason`` is kept in the
    booking's history. Raises InvalidValue, NotFound, RuleBroken, NotPermitted.
    """
    themselves = actor.role is Role.CUSTOMER
    who = by if by is not None else CancelledBy.CUSTOMER if themselves else CancelledBy.SALON
    if not isinstance(who, str) or who not in set(CancelledBy):
        raise InvalidValue("not-a-choice", field="by", choices=tuple(CancelledBy))
    if themselves and who != CancelledBy.CUSTOMER:
        raise NotPermitted(
            "not-permitted-field", field="by", actor=str(actor), field_name="by", permission=Permission.BOOK
        )
    words = None if reason is None else clean_text(reason, "reason", lines=True)
    with unit_of_work(salon, actor) as unit:
        booking, customer = find_booking(unit, Permission.BOOK, booking_id)
        _refuse_begun(unit, booking)
        moved = evolve(moved_booking(booking, BookingMove.CANCEL, now=unit.now), cancelled_by=CancelledBy(who))
        return keep_move(unit, customer, booking, moved, BookingMove.CANCEL, reason=words)


@use_case(Permission.MOVE_BOOKINGS, shows=SHOWN)
def reopen_booking(salon: Salon, actor: Actor, booking_id: IdLike, /, *, reason: str) -> BookingMoved:
    """Take a booking that was cancelled, missed or completed back to confirmed, and correct what came of it.

    A start to come makes an inactive customer active again. ``reason`` is kept in the booking's history. Raises
    InvalidValue, NotFound, RuleBroken for another state, and for a start to come of a customer who is blocked,
    NotPermitted.
    """
    words = clean_text(reason, "reason", lines=True)
    with unit_of_work(salon, actor) as unit:
        booking, customer = find_booking(unit, Permission.MOVE_BOOKINGS, booking_id)
        moved = moved_booking(booking, BookingMove.REOPEN, now=unit.now)
        if booking.start > unit.now:  # to open it anew is to book
            refuse_blocked(unit, customer)
        result = keep_move(unit, customer, booking, moved, BookingMove.REOPEN, reason=words)
        activate_for(unit, customer, moved)
        return result


@use_case(Permission.MOVE_BOOKINGS, shows=SHOWN)
def record_arrival(salon: Salon, actor: Actor, booking_id: IdLike, /, *, at: datetime | None = None) -> BookingMoved:
    """Note when the customer came: now, or ``at``. Recording it again replaces it.

    Raises InvalidValue, NotFound, RuleBroken for a booking that was cancelled or missed, NotPermitted.
    """
    with unit_of_work(salon, actor, at) as unit:
        booking, customer = find_booking(unit, Permission.MOVE_BOOKINGS, booking_id)
        moved = moved_booking(booking, BookingMove.RECORD_ARRIVAL, now=unit.now)
        if booking.arrived_at == unit.at:
            return BookingMoved(booking=booking)
        moved = evolve(moved, arrived_at=unit.at)
        return keep_move(unit, customer, booking, moved, BookingMove.RECORD_ARRIVAL)


@use_case(Permission.BOOK, shows=SHOWN, scopes={Scope.OWN})
def reschedule_booking(
    salon: Salon,
    actor: Actor,
    booking_id: IdLike,
    /,
    *,
    start: datetime | None = None,
    end: datetime | None = None,
    service: Ref | None = None,
    location: Ref | None = None,
    therapist: Ref | None = None,
    reason: str | None = None,
) -> BookingMoved:
    """Change the time, the service, the location or the therapist of a booking; what is not passed stays.

    A new ``start`` without an ``end`` keeps how long it takes, a new service takes as long as it does. What it
    was before stays in its history. Raises InvalidDocument, NotFound, RuleBroken for a booking that is closed, a
    customer who is blocked, and what is no longer offered, NotPermitted.
    """
    words = None if reason is None else clean_text(reason, "reason", lines=True)
    with unit_of_work(salon, actor) as unit:
        booking, customer = find_booking(unit, Permission.BOOK, booking_id)
        _refuse_begun(unit, booking)
        moved = moved_booking(booking, BookingMove.RESCHEDULE, now=unit.now)
        refuse_blocked(unit, customer)
        changes = _changed_plan(
            unit, booking, start=start, end=end, service=service, location=location, therapist=therapist
        )
        moved = evolve(moved, **changes)
        _refuse_begun(unit, moved)
        if evolve(moved, version=booking.version) == booking:
            return BookingMoved(booking=booking)
        result = keep_move(unit, customer, booking, moved, BookingMove.RESCHEDULE, reason=words)
        activate_for(unit, customer, moved)
        return result


def _refuse_begun(unit: Unit, booking: Booking) -> None:
    """Refuse a customer what only staff may say of a booking that has begun."""
    if unit.actor.role is Role.CUSTOMER and booking.start <= unit.now:
        raise RuleBroken("booking-begun", field="start", id=str(booking.id))


def _changed_plan(
    unit: Unit, booking: Booking, *, start: object, end: object, service: object, location: object, therapist: object
) -> dict[str, Any]:
    """Return the fields that rescheduling states; what is not stated is not asked whether it is still offered."""
    problems: list[InvalidValue] = []
    times: dict[str, datetime] = {}
    for name, value in (("start", start), ("end", end)):
        try:
            if value is not None:
                times[name] = parse_time(value, name)
        except InvalidValue as problem:
            problems.append(problem)
    if problems:
        raise InvalidDocument(problems)
    begins = times.get("start", booking.start)
    changes: dict[str, Any] = {"start": begins}
    ends = times.get("end", begins + (booking.end - booking.start))
    if service is not None:
        item = offered(unit, SERVICES, service, "service", when=begins)
        changes["service"] = item.code
        if "end" not in times and item.code != booking.service and item.duration is not None:
            ends = begins + timedelta(minutes=item.duration)
    if therapist is not None:
        changes["therapist"] = offered(unit, STAFF_MEMBERS, therapist, "therapist", when=begins).code
    if location is not None:
        place = offered(unit, LOCATIONS, location, "location", when=begins)
        check_location(unit.actor, place)
        changes["location"] = place.code
    return {**changes, "end": settled_end(begins, ends, None), "zone": agreed_zone(unit, booking, changes)}


def _move(salon: Salon, actor: Actor, booking_id: IdLike, move: BookingMove) -> BookingMoved:
    with unit_of_work(salon, actor) as unit:
        booking, customer = find_booking(unit, Permission.MOVE_BOOKINGS, booking_id)
        return keep_move(unit, customer, booking, moved_booking(booking, move, now=unit.now), move)


@frozen(field_transformer=classed, kw_only=True)
class Reassignment:
    """What became of one booking that was to be given to somebody else; ``problem`` is the code of what kept it."""

    booking_id: BookingId = field(metadata=OPERATOR)
    done: bool = field(metadata=OPERATOR)
    problem: str | None = field(default=None, metadata=OPERATOR)


@frozen(field_transformer=classed)
class ReassignmentReport:
    """What became of each booking that was to be given to somebody else, in the order of their starts."""

    outcomes: tuple[Reassignment, ...] = field(metadata=OPERATOR)

    @property
    def done(self) -> int:
        """How many were given to somebody else."""
        return sum(outcome.done for outcome in self.outcomes)


@use_case(Permission.MOVE_BOOKINGS)
def reassign_bookings(
    salon: Salon,
    actor: Actor,
    therapist: Ref,
    /,
    *,
    to: Ref,
    bookings: Iterable[IdLike] | None = None,
    reason: str | None = None,
) -> ReassignmentReport:
    """Give the bookings a therapist still has ahead to somebody else: all of them, or those of these ids.

    All in one transaction, up to 10,000. One that is closed, past, or with somebody else is left as it is, and
    the report says so. Blocked customers keep their bookings, and so change therapist too. Raises InvalidValue,
    NotFound, RuleBroken where ``to`` works here no longer, NotPermitted.
    """
    words = None if reason is None else clean_text(reason, "reason", lines=True)
    asked = None if bookings is None else _booking_ids(bookings)
    with unit_of_work(salon, actor) as unit:
        giver = find_item(unit.writing, STAFF_MEMBERS, therapist, "therapist")
        taker = offered(unit, STAFF_MEMBERS, to, "to")
        if asked is None:
            query = BookingQuery(therapist=giver.code, statuses=OPEN, starting_from=unit.now)
            meant: Iterable[Booking | None] = unit.writing.bookings.find(query, None, MOST_REASSIGNED)
            return ReassignmentReport(
                tuple(_reassign(unit, each, giver.code, taker.code, words) for each in meant if each)
            )
        found: Mapping[Any, Booking] = unit.writing.bookings.get_many(asked)
        outcomes = [
            _reassign(unit, found[each], giver.code, taker.code, words)
            if each in found
            else Reassignment(booking_id=each, done=False, problem="not-found")
            for each in asked
        ]
        return ReassignmentReport(tuple(outcomes))


def _booking_ids(bookings: object) -> list[BookingId]:
    items = read_items(bookings, "bookings", most=MOST_REASSIGNED, expected="a sequence of ids")
    return list(dict.fromkeys(BookingId(parse_id(each, "bookings")) for each in items))


def _reassign(unit: Unit, booking: Booking, giver: str, taker: str, reason: str | None) -> Reassignment:
    if booking.therapist != giver:
        return Reassignment(booking_id=booking.id, done=False, problem="with-somebody-else")
    if booking.status not in OPEN or booking.start < unit.now:
        return Reassignment(booking_id=booking.id, done=False, problem="not-ahead")
    check_location_of(unit, booking)
    customer: Customer = unit.writing.customers.get_many([booking.customer_id])[booking.customer_id]
    moved = evolve(moved_booking(booking, BookingMove.RESCHEDULE, now=unit.now), therapist=taker)
    if moved.therapist != booking.therapist:
        keep_move(unit, customer, booking, moved, BookingMove.RESCHEDULE, reason=reason)
    return Reassignment(booking_id=booking.id, done=True)
