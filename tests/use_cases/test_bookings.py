"""Booking, and every move of a booking, on every store."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from itertools import product
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from tests.use_cases.actors import ADMIN, MANAGER, OWNER, RECEPTIONIST, SIGNUP, STAFF

import salon_crm as crm
from salon_crm.domain.bookings import MOVES
from salon_crm.testing.doubles import NOON, FixedClock

NOBODY = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
CALENDAR = crm.Actor("calendar", crm.Role.SYSTEM)
TOMORROW, YESTERDAY = NOON + timedelta(days=1), NOON - timedelta(days=1)
PENDING, CONFIRMED, COMPLETED, CANCELLED, MISSED = crm.BookingStatus


@pytest.fixture(autouse=True)
def offers(salon: crm.Salon) -> None:
    """The salon offers a cut, balayage and a manicure, at Chiado, by Gil and Ines."""
    crm.add_service_type(salon, OWNER, name="Hair")
    crm.add_service(salon, OWNER, name="Cut", service_type="hair", duration=45)
    crm.add_service(salon, OWNER, name="Balayage", service_type="hair", duration=120)
    crm.add_service(salon, OWNER, name="Advice")
    crm.add_location(salon, OWNER, name="Chiado")
    crm.add_staff_member(salon, OWNER, name="Gil Horta")
    crm.add_staff_member(salon, OWNER, name="Ines Jardim")
    crm.add_package(salon, OWNER, name="Ten cuts")


@pytest.fixture
def ana(salon: crm.Salon) -> crm.Customer:
    return crm.add_customer(salon, MANAGER, name="Ana Silva")


def test_a_customer_may_book(salon: crm.Salon, ana: crm.Customer) -> None:
    for actor in (STAFF, SIGNUP, crm.Actor.for_customer(ana.id)):
        assert crm.may_book(salon, actor, ana.id, start=NOON) == crm.BookingAnswer(crm.Answer.OK)


def test_a_blocked_customer_may_not_and_staff_are_told_why(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.block_customer(salon, MANAGER, ana.id, reason="No-shows")
    answer = crm.may_book(salon, STAFF, ana.id)
    assert answer == crm.BookingAnswer(crm.Answer.BLOCK, ("customer-blocked",))
    assert crm.label(answer.reasons[0]) == "The customer is blocked"


def test_the_customer_is_told_only_that_booking_is_not_possible(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.block_customer(salon, MANAGER, ana.id, reason="No-shows")
    assert crm.may_book(salon, crm.Actor.for_customer(ana.id), ana.id) == crm.BookingAnswer(crm.Answer.BLOCK)


def test_an_inactive_customer_may_book(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.deactivate_customer(salon, MANAGER, ana.id)
    assert crm.may_book(salon, STAFF, ana.id).answer is crm.Answer.OK


def test_nobody_and_nothing_that_does_not_exist_is_booked(salon: crm.Salon, ana: crm.Customer) -> None:
    with pytest.raises(crm.NotFound):
        crm.may_book(salon, STAFF, NOBODY)
    with pytest.raises(crm.NotFound) as caught:
        crm.may_book(salon, STAFF, ana.id, service="nails")
    assert caught.value.field == "service"


@pytest.mark.parametrize("start", [datetime(2026, 3, 3, 10), "2026-03-03", NOON.date()])
def test_a_start_is_an_instant(salon: crm.Salon, ana: crm.Customer, start: Any) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.may_book(salon, STAFF, ana.id, start=start)
    assert caught.value.field == "start"


def _book(salon: crm.Salon, actor: crm.Actor, customer: crm.Customer, changes: dict[str, Any]) -> crm.Booked:
    """Book a cut tomorrow, but for what is stated otherwise."""
    asked: dict[str, Any] = {"service": "cut", "start": TOMORROW, **changes}
    return crm.book(salon, actor, customer.id, **asked)


# ------------------------------------------------------------------------------------------------ booking


def test_a_booking_is_kept_as_it_was_made(salon: crm.Salon, ana: crm.Customer) -> None:
    made = crm.book(
        salon,
        STAFF,
        ana.id,
        service="balayage",
        start=TOMORROW,
        therapist="gil-horta",
        price="79.90",
        package="ten-cuts",
        note="Bring the photo",
    )
    booking = made.booking
    assert (booking.service, booking.location, booking.therapist) == ("balayage", "chiado", "gil-horta")
    assert (booking.start, booking.end, booking.zone) == (TOMORROW, TOMORROW + timedelta(hours=2), "Europe/Lisbon")
    assert (booking.status, booking.price, booking.package) == (PENDING, crm.Money(7990, "EUR"), "ten-cuts")
    assert (booking.note, booking.by, booking.at, booking.version) == ("Bring the photo", "carla", NOON, 1)
    assert (made.activated, made.warnings) == (False, ())
    assert crm.get_booking(salon, STAFF, booking.id) == booking


def test_items_are_named_by_code_or_id(salon: crm.Salon, ana: crm.Customer) -> None:
    offered = crm.catalogue(salon, STAFF)
    cut = next(each for each in offered.services if each.code == "cut")
    for service, therapist in ((cut.id, offered.staff_members[0].id), (str(cut.id), "gil-horta")):
        booking = crm.book(salon, STAFF, ana.id, service=service, start=TOMORROW, therapist=therapist).booking
        assert (booking.service, booking.therapist) == ("cut", "gil-horta")


def test_a_booking_lasts_as_long_as_its_service_unless_told(salon: crm.Salon, ana: crm.Customer) -> None:
    assert crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW).booking.end == TOMORROW + timedelta(minutes=45)
    end = TOMORROW + timedelta(minutes=50)
    assert crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW, end=end).booking.end == end
    assert crm.book(salon, STAFF, ana.id, service="advice", start=TOMORROW, end=end).booking.end == end
    with pytest.raises(crm.InvalidValue) as caught:
        crm.book(salon, STAFF, ana.id, service="advice", start=TOMORROW)
    assert (caught.value.code, caught.value.field) == ("required", "end")


def test_the_place_is_the_only_one_or_must_be_named(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.add_location(salon, OWNER, name="Funchal", zone="Atlantic/Madeira")
    with pytest.raises(crm.InvalidValue) as caught:
        crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW)
    assert (caught.value.code, caught.value.field) == ("required", "location")
    booking = crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW, location="funchal").booking
    assert (booking.location, booking.zone) == ("funchal", "Atlantic/Madeira")
    crm.retire_location(salon, OWNER, "funchal")
    assert crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW).booking.location == "chiado"
    crm.retire_location(salon, OWNER, "chiado")
    nowhere = crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW).booking
    assert (nowhere.location, nowhere.zone) == (None, "Europe/Lisbon")


def test_the_day_is_that_of_the_place(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.add_location(salon, OWNER, name="Auckland", zone="Pacific/Auckland")
    late = datetime(2026, 3, 10, 12, 30, tzinfo=UTC)
    there = crm.book(salon, STAFF, ana.id, service="cut", start=late, location="auckland").booking
    here = crm.book(salon, STAFF, ana.id, service="cut", start=late, location="chiado").booking
    assert (there.day, here.day) == (date(2026, 3, 11), date(2026, 3, 10))
    assert f"{there.local_start:%H:%M}-{there.local_end:%H:%M}" == "01:30-02:15"


def test_a_booking_keeps_its_time_when_the_place_changes_its_zone(salon: crm.Salon, ana: crm.Customer) -> None:
    before = crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW).booking
    crm.edit_location(salon, OWNER, "chiado", zone="Atlantic/Azores")
    assert crm.get_booking(salon, STAFF, before.id) == before
    assert crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW).booking.zone == "Atlantic/Azores"


@pytest.mark.parametrize(
    ("changes", "code", "field"),
    [
        ({"start": datetime(2026, 3, 3, 10)}, "instant-naive", "start"),
        ({"start": "2026-03-03T10:00Z"}, "wrong-type", "start"),
        ({"start": None}, "wrong-type", "start"),
        ({"start": datetime(1899, 12, 31, tzinfo=UTC)}, "number-out-of-range", "start"),
        ({"start": datetime.max.replace(tzinfo=UTC)}, "number-out-of-range", "start"),
        ({"start": datetime.min.replace(tzinfo=ZoneInfo("Asia/Tokyo"))}, "number-out-of-range", "start"),
        ({"end": TOMORROW}, "booking-end", "end"),
        ({"end": YESTERDAY}, "booking-end", "end"),
        ({"end": TOMORROW + timedelta(days=32)}, "booking-too-long", "end"),
        ({"price": 12.5}, "money-float", "price"),
        ({"price": "12.505"}, "money-too-fine", "price"),
        ({"price": crm.Money(100, "USD")}, "money-mixed", "price"),
        ({"price": -1}, "number-out-of-range", "price"),
        ({"status": "cancelled"}, "not-a-choice", "status"),
        ({"status": "completed"}, "not-a-choice", "status"),
        ({"status": None}, "not-a-choice", "status"),
        ({"note": ""}, "text-empty", "note"),
        ({"note": "a\0"}, "text-forbidden-character", "note"),
        ({"service": "Cut"}, "code-invalid", "service"),
        ({"therapist": 7}, "code-invalid", "therapist"),
        ({"id": "7"}, "not-an-id", "id"),
        ({"reference": ""}, "text-empty", "reference"),
        ({"at": NOON + timedelta(seconds=1)}, "instant-in-future", "at"),
    ],
)
def test_what_cannot_be_taken_is_named_and_nothing_is_kept(
    salon: crm.Salon, ana: crm.Customer, changes: dict[str, Any], code: str, field: str
) -> None:
    before = crm.audit_head(salon, OWNER)
    with pytest.raises(crm.InvalidValue) as caught:
        _book(salon, STAFF, ana, changes)
    problem = caught.value.problems[0]
    assert (problem.code, problem.field) == (code, field)
    assert crm.audit_head(salon, OWNER) == before
    assert not crm.customer_bookings(salon, STAFF, ana.id).items


def test_all_problems_of_a_booking_come_together(salon: crm.Salon, ana: crm.Customer) -> None:
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.book(salon, STAFF, ana.id, service="cut", start="now", price=0.1, note="")  # type: ignore[arg-type]
    assert [problem.field for problem in caught.value.problems] == ["start", "price", "note"]


@pytest.mark.parametrize("field", ["service", "location", "therapist", "package"])
def test_what_is_not_in_the_catalogue_is_not_found(salon: crm.Salon, ana: crm.Customer, field: str) -> None:
    for ref in ("nothing", NOBODY, str(NOBODY)):
        with pytest.raises(crm.NotFound) as caught:
            _book(salon, STAFF, ana, {field: ref})
        assert caught.value.field == field


def test_nothing_of_another_salon_is_found(salon: crm.Salon, ana: crm.Customer) -> None:
    with crm.open_salon(region="PT", zone="UTC", currency="EUR") as other:
        nails = crm.add_service(other, OWNER, name="Nails", duration=30)
        zoe = crm.add_customer(other, OWNER, name="Zoe")
        theirs = crm.book(other, OWNER, zoe.id, service="nails", start=other.now()).booking
    attempts: list[Callable[[], Any]] = [
        lambda: crm.book(salon, STAFF, zoe.id, service="cut", start=TOMORROW),
        lambda: crm.book(salon, STAFF, ana.id, service=nails.id, start=TOMORROW),
        lambda: crm.cancel_booking(salon, STAFF, theirs.id),
        lambda: crm.customer_bookings(salon, STAFF, zoe.id),
    ]
    for call in attempts:
        with pytest.raises(crm.NotFound):
            call()


@pytest.mark.parametrize(
    ("retire", "asked"),
    [
        (lambda salon: crm.retire_service(salon, OWNER, "cut"), {"service": "cut"}),
        (lambda salon: crm.retire_staff_member(salon, OWNER, "gil-horta"), {"therapist": "gil-horta"}),
        (lambda salon: crm.retire_package(salon, OWNER, "ten-cuts"), {"package": "ten-cuts"}),
        (lambda salon: crm.retire_location(salon, OWNER, "chiado"), {"location": "chiado"}),
    ],
)
def test_what_is_retired_is_not_booked_any_more(
    salon: crm.Salon,
    ana: crm.Customer,
    clock: FixedClock,
    retire: Callable[[crm.Salon], crm.Retirement],
    asked: dict[str, Any],
) -> None:
    plan: dict[str, Any] = {"service": "balayage", **asked}
    standing = crm.book(salon, STAFF, ana.id, start=TOMORROW, **plan).booking
    clock.advance(minutes=1)
    report = retire(salon)
    told = [] if "package" in asked else [standing]
    assert (list(report.future_bookings), report.future_count) == (told, len(told))
    with pytest.raises(crm.RuleBroken) as caught:
        crm.book(salon, STAFF, ana.id, start=TOMORROW, **plan)
    assert (caught.value.code, caught.value.field) == ("retired", next(iter(asked)))
    assert crm.book(salon, STAFF, ana.id, start=YESTERDAY, **plan).booking.start == YESTERDAY
    assert crm.confirm_booking(salon, STAFF, standing.id).booking.status is CONFIRMED


@pytest.mark.parametrize("status", [PENDING, CONFIRMED, COMPLETED, MISSED, "completed"])
def test_a_past_start_may_be_booked_in_any_state_but_cancelled(
    salon: crm.Salon, ana: crm.Customer, status: crm.BookingStatus
) -> None:
    assert crm.book(salon, STAFF, ana.id, service="cut", start=YESTERDAY, status=status).booking.status == status
    assert crm.book(salon, STAFF, ana.id, service="cut", start=NOON, status=status).booking.status == status


def test_a_blocked_customer_cannot_book(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.block_customer(salon, MANAGER, ana.id, reason="Never came")
    with pytest.raises(crm.RuleBroken) as caught:
        crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW)
    assert caught.value.code == "customer-blocked"
    with pytest.raises(crm.RuleBroken) as told:
        crm.book(salon, crm.Actor.for_customer(ana.id), ana.id, service="cut", start=TOMORROW)
    assert told.value.code == "booking-not-possible"
    assert "block" not in str(told.value)
    crm.unblock_customer(salon, MANAGER, ana.id)
    assert crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW).booking.status is PENDING


@pytest.mark.parametrize(("start", "active"), [(TOMORROW, True), (YESTERDAY, False), (NOON, False)])
def test_only_a_start_to_come_makes_an_inactive_customer_active(
    salon: crm.Salon, ana: crm.Customer, start: datetime, active: bool
) -> None:
    crm.deactivate_customer(salon, MANAGER, ana.id)
    made = crm.book(salon, STAFF, ana.id, service="cut", start=start)
    assert made.activated is active
    assert (crm.get_customer(salon, STAFF, ana.id).status is crm.Status.ACTIVE) is active
    done = [entry.action.value for entry in crm.audit_trail(salon, OWNER, customer=ana.id)]
    assert ("customer-activated" in done) is active


def test_deactivating_reports_the_bookings_ahead(salon: crm.Salon, ana: crm.Customer) -> None:
    ahead = [crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW + n * timedelta(days=1)) for n in (1, 0)]
    crm.book(salon, STAFF, ana.id, service="cut", start=YESTERDAY)
    gone = crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW).booking
    crm.cancel_booking(salon, STAFF, gone.id)
    report = crm.deactivate_customer(salon, STAFF, ana.id)
    assert report.future_bookings == (ahead[1].booking, ahead[0].booking)


def test_a_customer_with_bookings_is_not_removed(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW)
    with pytest.raises(crm.RuleBroken) as caught:
        crm.remove_customer(salon, MANAGER, ana.id)
    assert "bookings (1)" in str(caught.value)


def test_a_reference_books_once(salon: crm.Salon, ana: crm.Customer) -> None:
    asked: dict[str, Any] = {"service": "cut", "start": TOMORROW, "price": 25, "reference": "web 17"}
    first = crm.book(salon, STAFF, ana.id, **asked)
    crm.confirm_booking(salon, STAFF, first.booking.id)
    again = crm.book(salon, STAFF, ana.id, **asked)
    assert (again.booking.id, again.booking.status) == (first.booking.id, CONFIRMED)
    for other in ({"price": 26}, {"start": TOMORROW + timedelta(minutes=1)}, {"service": "balayage"}):
        with pytest.raises(crm.Conflict) as caught:
            _book(salon, STAFF, ana, {**asked, **other})
        assert caught.value.field == "reference"
    assert len(crm.customer_bookings(salon, STAFF, ana.id)) == 1


def test_an_id_is_chosen_once(salon: crm.Salon, ana: crm.Customer) -> None:
    assert crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW, id=NOBODY).booking.id == NOBODY
    with pytest.raises(crm.Conflict) as caught:
        crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW, id=NOBODY)
    assert caught.value.field == "id"


# -------------------------------------------------------------------------------------------------- moves

DO: dict[crm.BookingMove, Callable[[crm.Salon, UUID], crm.BookingMoved]] = {
    crm.BookingMove.CONFIRM: lambda salon, own_id: crm.confirm_booking(salon, STAFF, own_id),
    crm.BookingMove.COMPLETE: lambda salon, own_id: crm.complete_booking(salon, STAFF, own_id),
    crm.BookingMove.CANCEL: lambda salon, own_id: crm.cancel_booking(salon, STAFF, own_id, by="customer"),
    crm.BookingMove.MARK_NO_SHOW: lambda salon, own_id: crm.mark_no_show(salon, STAFF, own_id),
    crm.BookingMove.REOPEN: lambda salon, own_id: crm.reopen_booking(salon, STAFF, own_id, reason="A slip"),
    crm.BookingMove.RESCHEDULE: lambda salon, own_id: crm.reschedule_booking(salon, STAFF, own_id, service="balayage"),
    crm.BookingMove.RECORD_ARRIVAL: lambda salon, own_id: crm.record_arrival(salon, STAFF, own_id),
}
ALLOWED = {
    (PENDING, "confirm"): CONFIRMED,
    (PENDING, "complete"): COMPLETED,
    (PENDING, "cancel"): CANCELLED,
    (PENDING, "mark-no-show"): MISSED,
    (PENDING, "reschedule"): PENDING,
    (PENDING, "record-arrival"): PENDING,
    (CONFIRMED, "complete"): COMPLETED,
    (CONFIRMED, "cancel"): CANCELLED,
    (CONFIRMED, "mark-no-show"): MISSED,
    (CONFIRMED, "reschedule"): CONFIRMED,
    (CONFIRMED, "record-arrival"): CONFIRMED,
    (COMPLETED, "reopen"): CONFIRMED,
    (COMPLETED, "record-arrival"): COMPLETED,
    (CANCELLED, "reopen"): CONFIRMED,
    (MISSED, "reopen"): CONFIRMED,
}


def a_past_booking(salon: crm.Salon, customer: crm.Customer, status: crm.BookingStatus) -> crm.Booking:
    as_booked = PENDING if status is CANCELLED else status
    made = crm.book(salon, STAFF, customer.id, service="cut", start=YESTERDAY, status=as_booked).booking
    return crm.cancel_booking(salon, STAFF, made.id).booking if status is CANCELLED else made


def test_every_move_stands_in_the_table() -> None:
    assert set(DO) == set(MOVES) == set(crm.BookingMove)


@pytest.mark.parametrize(("status", "move"), list(product(crm.BookingStatus, crm.BookingMove)))
def test_every_move_is_allowed_or_an_error(
    salon: crm.Salon, ana: crm.Customer, status: crm.BookingStatus, move: crm.BookingMove
) -> None:
    booking = a_past_booking(salon, ana, status)
    wanted = ALLOWED.get((status, move.value))
    if wanted is None:
        with pytest.raises(crm.RuleBroken) as caught:
            DO[move](salon, booking.id)
        assert (caught.value.code, caught.value.field) == ("booking-move", "status")
        assert crm.get_booking(salon, STAFF, booking.id) == booking
    else:
        moved = DO[move](salon, booking.id)
        assert (moved.booking.status, moved.booking.version, moved.points) == (wanted, booking.version + 1, ())
        assert crm.get_booking(salon, STAFF, booking.id) == moved.booking
        last = crm.booking_history(salon, STAFF, booking.id)[-1]
        assert (last.move, last.version, last.status, last.by) == (move, booking.version + 1, status, "carla")
    assert crm.verify_facts(salon, OWNER).ok


@pytest.mark.parametrize("move", [crm.BookingMove.COMPLETE, crm.BookingMove.MARK_NO_SHOW])
def test_a_booking_to_come_is_not_closed(salon: crm.Salon, ana: crm.Customer, move: crm.BookingMove) -> None:
    booking = crm.book(salon, STAFF, ana.id, service="cut", start=NOON + timedelta(microseconds=1)).booking
    with pytest.raises(crm.RuleBroken) as caught:
        DO[move](salon, booking.id)
    assert (caught.value.code, caught.value.field) == ("booking-to-come", "start")


def test_a_booking_is_closed_from_its_start_on(salon: crm.Salon, ana: crm.Customer, clock: FixedClock) -> None:
    booking = crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW).booking
    clock.advance(days=1)
    assert crm.complete_booking(salon, STAFF, booking.id).booking.status is COMPLETED


@pytest.mark.parametrize(
    ("actor", "by", "kept"),
    [(STAFF, None, "salon"), (STAFF, "customer", "customer"), (STAFF, "salon", "salon"), (None, None, "customer")],
)
def test_a_cancellation_says_whose_it_was(
    salon: crm.Salon, ana: crm.Customer, actor: crm.Actor | None, by: str | None, kept: str
) -> None:
    booking = crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW).booking
    cancelled = crm.cancel_booking(salon, actor or crm.Actor.for_customer(ana.id), booking.id, by=by, reason="Ill")
    assert cancelled.booking.cancelled_by == kept
    (change,) = crm.booking_history(salon, STAFF, booking.id)
    assert (change.reason, change.status) == ("Ill", PENDING)
    assert crm.reopen_booking(salon, STAFF, booking.id, reason="Better again").booking.cancelled_by is None


def test_who_cancelled_is_one_of_two(salon: crm.Salon, ana: crm.Customer) -> None:
    booking = crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW).booking
    with pytest.raises(crm.InvalidValue) as caught:
        crm.cancel_booking(salon, STAFF, booking.id, by="nobody")
    assert caught.value.field == "by"
    with pytest.raises(crm.NotPermitted) as refused:
        crm.cancel_booking(salon, crm.Actor.for_customer(ana.id), booking.id, by="salon")
    assert refused.value.field == "by"


def test_reopening_corrects_the_facts(salon: crm.Salon, ana: crm.Customer) -> None:
    def seen() -> list[str]:
        return [row.name for row in crm.find_customers(salon, STAFF, crm.CustomerFilter(visits=(1, None)))]

    booking = crm.book(salon, STAFF, ana.id, service="cut", start=YESTERDAY, status="completed").booking
    assert seen() == ["Ana Silva"]
    crm.reopen_booking(salon, STAFF, booking.id, reason="It was Bea")
    assert seen() == []
    crm.mark_no_show(salon, STAFF, booking.id)
    assert seen() == []
    assert [row.name for row in crm.find_customers(salon, STAFF, crm.CustomerFilter(unused_services="cut"))] == [
        "Ana Silva"
    ]


def test_reopening_says_why(salon: crm.Salon, ana: crm.Customer) -> None:
    booking = a_past_booking(salon, ana, COMPLETED)
    with pytest.raises(crm.InvalidValue) as caught:
        crm.reopen_booking(salon, STAFF, booking.id, reason=" ")
    assert caught.value.field == "reason"


def test_standing_bookings_of_a_blocked_customer_are_closed_and_not_moved(salon: crm.Salon, ana: crm.Customer) -> None:
    standing = [crm.book(salon, STAFF, ana.id, service="cut", start=start).booking for start in (YESTERDAY,) * 3]
    ahead = [crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW).booking for _ in range(2)]
    crm.block_customer(salon, MANAGER, ana.id, reason="Never came")
    crm.complete_booking(salon, STAFF, standing[0].id)
    crm.mark_no_show(salon, STAFF, standing[1].id)
    crm.cancel_booking(salon, STAFF, ahead[0].id)
    crm.confirm_booking(salon, STAFF, standing[2].id)
    crm.reopen_booking(salon, STAFF, standing[0].id, reason="A slip")
    attempts: list[Callable[[], Any]] = [
        lambda: crm.reschedule_booking(salon, STAFF, ahead[1].id, start=TOMORROW + timedelta(hours=1)),
        lambda: crm.reopen_booking(salon, STAFF, ahead[0].id, reason="Wants to come"),
    ]
    for call in attempts:
        with pytest.raises(crm.RuleBroken) as caught:
            call()
        assert caught.value.code == "customer-blocked"


def test_rescheduling_changes_what_is_passed_and_keeps_what_was(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.add_location(salon, OWNER, name="Funchal", zone="Atlantic/Madeira")
    first = crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW, location="chiado").booking
    later = TOMORROW + timedelta(days=2)
    moved = crm.reschedule_booking(salon, RECEPTIONIST, first.id, start=later, reason="The bus").booking
    assert (moved.start, moved.end, moved.service) == (later, later + timedelta(minutes=45), "cut")
    moved = crm.reschedule_booking(salon, STAFF, first.id, service="balayage", therapist="ines-jardim").booking
    assert (moved.service, moved.end, moved.therapist) == ("balayage", later + timedelta(hours=2), "ines-jardim")
    moved = crm.reschedule_booking(salon, STAFF, first.id, location="funchal", end=later + timedelta(hours=3)).booking
    assert (moved.location, moved.zone, moved.end) == ("funchal", "Atlantic/Madeira", later + timedelta(hours=3))
    assert moved.status is PENDING
    history = crm.booking_history(salon, STAFF, first.id)
    assert [(each.start, each.service, each.location, each.therapist) for each in history] == [
        (TOMORROW, "cut", "chiado", None),
        (later, "cut", "chiado", None),
        (later, "balayage", "chiado", "ines-jardim"),
    ]
    assert (history[0].reason, history[0].by, history[0].move) == ("The bus", "rui", crm.BookingMove.RESCHEDULE)


def test_rescheduling_to_what_it_is_writes_nothing(salon: crm.Salon, ana: crm.Customer) -> None:
    booking = crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW).booking
    before = crm.audit_head(salon, OWNER)
    assert crm.reschedule_booking(salon, STAFF, booking.id, start=TOMORROW, service="cut").booking == booking
    assert crm.reschedule_booking(salon, STAFF, booking.id).booking == booking
    assert crm.audit_head(salon, OWNER) == before


@pytest.mark.parametrize(
    ("changes", "field"),
    [
        ({"start": "soon"}, "start"),
        ({"start": TOMORROW, "end": TOMORROW}, "end"),
        ({"end": YESTERDAY}, "end"),
        ({"service": "A"}, "service"),
        ({"reason": ""}, "reason"),
    ],
)
def test_rescheduling_names_what_cannot_be_taken(
    salon: crm.Salon, ana: crm.Customer, changes: dict[str, Any], field: str
) -> None:
    booking = crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW).booking
    with pytest.raises(crm.InvalidValue) as caught:
        crm.reschedule_booking(salon, STAFF, booking.id, **changes)
    assert caught.value.field == field
    assert crm.get_booking(salon, STAFF, booking.id) == booking


def test_rescheduling_into_the_future_makes_an_inactive_customer_active(salon: crm.Salon, ana: crm.Customer) -> None:
    booking = crm.book(salon, STAFF, ana.id, service="cut", start=YESTERDAY).booking
    crm.deactivate_customer(salon, MANAGER, ana.id)
    crm.reschedule_booking(salon, STAFF, booking.id, start=TOMORROW)
    assert crm.get_customer(salon, STAFF, ana.id).status is crm.Status.ACTIVE


def test_an_arrival_is_recorded_now_or_as_it_was(salon: crm.Salon, ana: crm.Customer) -> None:
    booking = crm.book(salon, STAFF, ana.id, service="cut", start=YESTERDAY).booking
    came = YESTERDAY + timedelta(minutes=12)
    assert crm.record_arrival(salon, RECEPTIONIST, booking.id, at=came).booking.arrived_at == came
    assert crm.record_arrival(salon, RECEPTIONIST, booking.id, at=came).booking.version == 2
    assert crm.record_arrival(salon, RECEPTIONIST, booking.id).booking.arrived_at == NOON
    with pytest.raises(crm.InvalidValue):
        crm.record_arrival(salon, RECEPTIONIST, booking.id, at=TOMORROW)


# ------------------------------------------------------------------------------------------- reassigning


def test_what_a_therapist_has_ahead_is_given_to_somebody_else(salon: crm.Salon, ana: crm.Customer) -> None:
    ahead = [
        crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW + n * timedelta(days=1), therapist="gil-horta")
        for n in range(3)
    ]
    crm.cancel_booking(salon, STAFF, ahead[2].booking.id)
    crm.book(salon, STAFF, ana.id, service="cut", start=YESTERDAY, therapist="gil-horta")
    assert crm.retire_staff_member(salon, OWNER, "gil-horta").future_count == 2
    report = crm.reassign_bookings(salon, MANAGER, "gil-horta", to="ines-jardim", reason="Gil left")
    assert [(each.booking_id, each.done) for each in report.outcomes] == [(b.booking.id, True) for b in ahead[:2]]
    assert report.done == 2
    assert crm.retire_staff_member(salon, OWNER, "gil-horta").future_count == 0
    rows = crm.find_bookings(salon, STAFF, crm.BookingFilter(therapist="ines-jardim"))
    assert [row.booking.start for row in rows] == [TOMORROW, TOMORROW + timedelta(days=1)]
    (change,) = crm.booking_history(salon, STAFF, ahead[0].booking.id)
    assert (change.therapist, change.reason) == ("gil-horta", "Gil left")


def test_each_booking_that_is_not_given_says_why(salon: crm.Salon, ana: crm.Customer) -> None:
    def booked(start: datetime, therapist: str) -> UUID:
        return crm.book(salon, STAFF, ana.id, service="cut", start=start, therapist=therapist).booking.id

    ahead, past, other = booked(TOMORROW, "gil-horta"), booked(YESTERDAY, "gil-horta"), booked(TOMORROW, "ines-jardim")
    asked: list[UUID | str] = [ahead, past, str(other), NOBODY, ahead]
    report = crm.reassign_bookings(salon, MANAGER, "gil-horta", to="ines-jardim", bookings=asked)
    assert [(each.done, each.problem) for each in report.outcomes] == [
        (True, None),
        (False, "not-ahead"),
        (False, "with-somebody-else"),
        (False, "not-found"),
    ]


def test_bookings_are_given_to_whoever_works_here(salon: crm.Salon) -> None:
    crm.retire_staff_member(salon, OWNER, "ines-jardim")
    with pytest.raises(crm.RuleBroken) as caught:
        crm.reassign_bookings(salon, MANAGER, "gil-horta", to="ines-jardim")
    assert caught.value.field == "to"
    with pytest.raises(crm.NotFound):
        crm.reassign_bookings(salon, MANAGER, "nobody", to="gil-horta")
    with pytest.raises(crm.InvalidValue):
        crm.reassign_bookings(salon, MANAGER, "ines-jardim", to="gil-horta", bookings=["7"])


# --------------------------------------------------------------------------------------------- mirroring


def test_a_booking_of_the_host_is_mirrored_and_brought_up_to_date(salon: crm.Salon, ana: crm.Customer) -> None:
    asked: dict[str, Any] = {"external": ("calendar", "17"), "service": "cut", "start": TOMORROW}
    first = crm.put_booking(salon, CALENDAR, ana.id, **asked, price="20.00")
    assert (first.added, first.changed, first.booking.status, first.booking.origin) == (
        True,
        True,
        CONFIRMED,
        "mirrored",
    )
    again = crm.put_booking(salon, CALENDAR, ana.id, **asked, price="20.00")
    assert (again.added, again.changed, again.booking) == (False, False, first.booking)
    later: dict[str, Any] = {**asked, "start": TOMORROW + timedelta(hours=1)}
    moved = crm.put_booking(salon, CALENDAR, ana.id, **later)
    assert (moved.changed, moved.booking.id, moved.booking.price) == (True, first.booking.id, None)
    (change,) = crm.booking_history(salon, STAFF, first.booking.id)
    assert (change.move, change.start) == (None, TOMORROW)
    assert crm.get_booking(salon, STAFF, external=("calendar", "17")) == moved.booking


@pytest.mark.parametrize("status", crm.BookingStatus)
def test_the_host_may_say_any_state_of_any_time(salon: crm.Salon, ana: crm.Customer, status: crm.BookingStatus) -> None:
    for start in (YESTERDAY, TOMORROW):
        asked: dict[str, Any] = {"external": ("calendar", f"{start:%d}"), "service": "cut", "start": start}
        assert crm.put_booking(salon, CALENDAR, ana.id, **asked, status=status).booking.status is status
    assert crm.verify_facts(salon, OWNER).ok


def test_a_mirrored_cancellation_says_whose_it_was(salon: crm.Salon, ana: crm.Customer) -> None:
    asked: dict[str, Any] = {"external": ("calendar", "17"), "service": "cut", "start": TOMORROW}
    put = crm.put_booking(salon, CALENDAR, ana.id, **asked, status="cancelled", cancelled_by="customer")
    assert put.booking.cancelled_by is crm.CancelledBy.CUSTOMER
    with pytest.raises(crm.InvalidValue) as caught:
        crm.put_booking(salon, CALENDAR, ana.id, **asked, status="confirmed", cancelled_by="customer")
    assert caught.value.field == "cancelled_by"


def test_facts_of_a_host_are_taken_for_the_blocked_and_the_retired(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.block_customer(salon, MANAGER, ana.id, reason="Never came")
    crm.retire_service(salon, OWNER, "cut")
    put = crm.put_booking(salon, CALENDAR, ana.id, external=("calendar", "17"), service="cut", start=TOMORROW)
    assert put.warnings == ("customer-blocked",)
    assert crm.label(put.warnings[0]) == "The customer is blocked"


def test_a_mirrored_booking_may_turn_out_to_be_somebody_elses(salon: crm.Salon, ana: crm.Customer) -> None:
    bea = crm.add_customer(salon, STAFF, name="Bea Costa")
    asked: dict[str, Any] = {
        "external": ("calendar", "17"),
        "service": "cut",
        "start": YESTERDAY,
        "status": "completed",
    }
    crm.put_booking(salon, CALENDAR, ana.id, **asked)
    crm.put_booking(salon, CALENDAR, bea.id, **asked)
    been = crm.find_customers(salon, STAFF, crm.CustomerFilter(visits=(1, None)))
    assert [row.name for row in been] == ["Bea Costa"]
    assert crm.verify_facts(salon, OWNER).ok


# ------------------------------------------------------------------------------------------------- lists


def test_a_customer_s_page_shows_names_the_newest_first(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.book(salon, STAFF, ana.id, service="cut", start=YESTERDAY, therapist="gil-horta", status="completed")
    crm.book(salon, STAFF, ana.id, service="balayage", start=TOMORROW)
    crm.edit_service(salon, OWNER, "cut", name="Haircut")
    page = crm.customer_bookings(salon, STAFF, ana.id)
    assert [(row.service, row.location, row.therapist, row.date, row.time, row.status) for row in page] == [
        ("Balayage", "Chiado", None, date(2026, 3, 3), "12:00", PENDING),
        ("Haircut", "Chiado", "Gil Horta", date(2026, 3, 1), "12:00", COMPLETED),
    ]
    assert page.customer is not None
    assert page.customer.name == "Ana Silva"
    assert all(row.customer is None for row in page)


def test_a_customer_s_page_is_filtered_by_days_both_in_and_by_service(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.add_location(salon, OWNER, name="Auckland", zone="Pacific/Auckland")
    for day in range(3):
        start = datetime(2026, 3, 10 + day, 12, 30, tzinfo=UTC)
        crm.book(salon, STAFF, ana.id, service="cut", start=start, location="auckland")  # on the next day there
    crm.book(
        salon, STAFF, ana.id, service="balayage", start=datetime(2026, 3, 12, 23, 30, tzinfo=UTC), location="chiado"
    )

    def days(**asked: Any) -> list[int]:
        return [row.date.day for row in crm.customer_bookings(salon, STAFF, ana.id, **asked)]

    assert days() == [12, 13, 12, 11]
    assert days(since=date(2026, 3, 12)) == [12, 13, 12]
    assert days(until=date(2026, 3, 12)) == [12, 12, 11]
    assert days(since=date(2026, 3, 12), until=date(2026, 3, 12), service="cut") == [12]
    assert days(since=date(2026, 3, 14)) == []
    with pytest.raises(crm.InvalidValue) as caught:
        days(since=date(2026, 3, 12), until=date(2026, 3, 11))
    assert (caught.value.code, caught.value.field) == ("period-backwards", "until")
    with pytest.raises(crm.InvalidValue):
        days(since=NOON)


def test_pages_of_bookings_go_on_and_back(salon: crm.Salon, ana: crm.Customer) -> None:
    starts = [TOMORROW + timedelta(days=n // 2) for n in range(7)]
    for start in starts:
        crm.book(salon, STAFF, ana.id, service="cut", start=start)
    everything = [row.booking for row in crm.customer_bookings(salon, STAFF, ana.id)]
    pages = [crm.customer_bookings(salon, STAFF, ana.id, limit=3)]
    while pages[-1].next:
        pages.append(crm.customer_bookings(salon, STAFF, ana.id, limit=3, page=pages[-1].next))
    assert [[row.booking for row in page] for page in pages] == [everything[:3], everything[3:6], everything[6:]]
    back = crm.customer_bookings(salon, STAFF, ana.id, limit=3, page=pages[2].previous)
    assert [row.booking for row in back] == everything[3:6]
    first = crm.customer_bookings(salon, STAFF, ana.id, limit=3, page=back.previous)
    assert ([row.booking for row in first], first.previous) == (everything[:3], None)
    with pytest.raises(crm.InvalidValue) as caught:
        crm.customer_bookings(salon, STAFF, ana.id, limit=3, page=pages[0].next, service="cut")
    assert caught.value.code == "cursor-of-another-query"


@pytest.mark.parametrize("limit", [0, 501, True, "5", None])
def test_a_page_has_1_to_500_bookings(salon: crm.Salon, ana: crm.Customer, limit: Any) -> None:
    attempts: list[Callable[[], Any]] = [
        lambda: crm.customer_bookings(salon, STAFF, ana.id, limit=limit),
        lambda: crm.find_bookings(salon, STAFF, limit=limit),
        lambda: crm.unclosed_bookings(salon, STAFF, limit=limit),
    ]
    for call in attempts:
        with pytest.raises(crm.InvalidValue) as caught:
            call()
        assert caught.value.field == "limit"


def test_the_day_s_list_shows_whose_each_booking_is(salon: crm.Salon, ana: crm.Customer) -> None:
    bea = crm.add_customer(salon, STAFF, name="Bea Costa", mobile="912 345 678", alert_note="Nuts")
    crm.book(salon, STAFF, bea.id, service="cut", start=TOMORROW + timedelta(hours=1), therapist="gil-horta")
    crm.book(salon, STAFF, ana.id, service="balayage", start=TOMORROW, status="confirmed")
    crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW + timedelta(days=1))
    crm.block_customer(salon, MANAGER, ana.id, reason="Never came")
    day = (NOON + timedelta(days=1)).date()
    rows = crm.find_bookings(salon, STAFF, crm.BookingFilter(start=day, end=day)).items
    seen = [(row.service, row.customer.name, row.customer.blocked, row.customer.alerts) for row in rows if row.customer]
    assert seen == [("Balayage", "Ana Silva", True, 0), ("Cut", "Bea Costa", False, 1)]
    assert rows[1].customer is not None
    assert str(rows[1].customer.mobile) == "+351912345678"

    def found(**asked: Any) -> int:
        return len(crm.find_bookings(salon, STAFF, crm.BookingFilter(**asked)))

    assert found() == 3
    assert (found(therapist="gil-horta"), found(service="cut"), found(location="chiado")) == (1, 2, 3)
    assert (found(status="confirmed"), found(status=["pending", CONFIRMED]), found(status=[])) == (1, 3, 0)
    assert (found(start=day), found(end=day), found(start=day + timedelta(days=1))) == (3, 2, 1)


@pytest.mark.parametrize(
    ("asked", "field"),
    [
        ({"status": "active"}, "status"),
        ({"status": [7]}, "status"),
        ({"start": NOON}, "start"),
        ({"start": date(2026, 3, 2), "end": date(2026, 3, 1)}, "end"),
        ({"location": "A"}, "location"),
    ],
)
def test_a_list_names_what_cannot_be_asked(salon: crm.Salon, asked: dict[str, Any], field: str) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.find_bookings(salon, STAFF, crm.BookingFilter(**asked))
    assert caught.value.field == field


def test_bookings_past_their_end_and_never_closed_are_listed(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    older = crm.book(salon, STAFF, ana.id, service="cut", start=YESTERDAY - timedelta(days=1)).booking
    newer = crm.book(salon, STAFF, ana.id, service="cut", start=YESTERDAY, status="confirmed").booking
    crm.book(salon, STAFF, ana.id, service="cut", start=YESTERDAY, status="completed")
    begun = crm.book(salon, STAFF, ana.id, service="cut", start=NOON - timedelta(minutes=45)).booking
    page = crm.unclosed_bookings(salon, STAFF, limit=1)
    assert [row.booking for row in page] == [older]
    clock.advance(minutes=1)
    assert page.next is not None
    later = crm.unclosed_bookings(salon, STAFF, limit=5, page=page.next)
    assert [row.booking for row in later] == [newer]  # as of when the first page was asked for
    assert [row.booking for row in crm.unclosed_bookings(salon, STAFF)] == [older, newer, begun]
    assert [row.name for row in crm.find_customers(salon, STAFF, crm.CustomerFilter(visits=(2, None)))] == []


def test_lists_ask_a_fixed_number_of_queries(salon: crm.Salon, monkeypatch: pytest.MonkeyPatch) -> None:
    from salon_crm.adapters.sqlite.connection import SQLiteConnection

    asked: list[str] = []
    rows = SQLiteConnection.rows

    def counted(self: SQLiteConnection, sql: str, values: Any = ()) -> Any:
        asked.append(sql)
        return rows(self, sql, values)

    monkeypatch.setattr(SQLiteConnection, "rows", counted)

    def queries(call: Callable[[], Any]) -> int:
        asked.clear()
        call()
        return len(asked)

    people = [crm.add_customer(salon, STAFF, name=f"Guest {n}") for n in range(4)]
    counts: list[tuple[int, int]] = []
    for n, person in enumerate(people):
        for hour in range(3 * n + 1):
            start = TOMORROW + timedelta(hours=hour)
            crm.book(salon, STAFF, person.id, service=("cut", "balayage")[hour % 2], start=start, therapist="gil-horta")
        page = queries(partial(crm.customer_bookings, salon, STAFF, person.id))
        counts.append((page, queries(partial(crm.find_bookings, salon, STAFF))))
    assert len(set(counts)) == 1
    assert max(counts[0]) <= 12


# ------------------------------------------------------------------------------------------ who may do what


def test_customers_book_move_and_see_their_own_and_no_other_s(salon: crm.Salon, ana: crm.Customer) -> None:
    bea = crm.add_customer(salon, STAFF, name="Bea Costa")
    her, theirs = crm.Actor.for_customer(ana.id), crm.book(salon, STAFF, bea.id, service="cut", start=TOMORROW).booking
    own = crm.book(salon, her, ana.id, service="cut", start=TOMORROW, note="Please wash").booking
    later = crm.reschedule_booking(salon, her, own.id, start=TOMORROW + timedelta(hours=2)).booking
    assert [row.booking for row in crm.customer_bookings(salon, her, ana.id)] == [later]
    assert crm.get_booking(salon, her, own.id) == later
    crm.cancel_booking(salon, her, own.id)
    attempts: list[Callable[[], Any]] = [
        lambda: crm.book(salon, her, bea.id, service="cut", start=TOMORROW),
        lambda: crm.customer_bookings(salon, her, bea.id),
        lambda: crm.cancel_booking(salon, her, theirs.id),
        lambda: crm.cancel_booking(salon, her, NOBODY),
        lambda: crm.reschedule_booking(salon, her, theirs.id, service="cut"),
        lambda: crm.get_booking(salon, her, theirs.id),
        lambda: crm.get_booking(salon, her, NOBODY),
        lambda: crm.get_booking(salon, her, external=("calendar", "1")),
        lambda: crm.confirm_booking(salon, her, own.id),
        lambda: crm.find_bookings(salon, her),
        lambda: crm.booking_history(salon, her, own.id),
        lambda: crm.put_booking(salon, her, ana.id, external=("a", "1"), service="cut", start=TOMORROW),
    ]
    for call in attempts:
        with pytest.raises(crm.NotPermitted):
            call()


def test_customers_say_neither_price_nor_state_nor_the_past(salon: crm.Salon, ana: crm.Customer) -> None:
    her = crm.Actor.for_customer(ana.id)
    for field, value in (("price", Decimal(1)), ("status", CONFIRMED)):
        with pytest.raises(crm.NotPermitted) as refused:
            _book(salon, her, ana, {field: value})
        assert refused.value.field == field
    with pytest.raises(crm.InvalidValue) as past:
        crm.book(salon, her, ana.id, service="cut", start=NOON)
    assert (past.value.code, past.value.field) == ("booking-past", "start")
    begun = crm.book(salon, STAFF, ana.id, service="cut", start=NOON).booking
    ahead = crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW).booking
    attempts: list[Callable[[], Any]] = [
        lambda: crm.cancel_booking(salon, her, begun.id),
        lambda: crm.reschedule_booking(salon, her, begun.id, start=TOMORROW),
        lambda: crm.reschedule_booking(salon, her, ahead.id, start=YESTERDAY),
    ]
    for call in attempts:
        with pytest.raises(crm.RuleBroken) as caught:
            call()
        assert caught.value.code == "booking-begun"


def test_staff_limited_to_locations_keep_to_them(salon: crm.Salon, ana: crm.Customer) -> None:
    funchal = crm.add_location(salon, OWNER, name="Funchal", zone="Atlantic/Madeira")
    mia = crm.Actor("mia", crm.Role.STAFF, locations=frozenset({funchal.id}))
    elsewhere = crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW, location="chiado").booking
    own = crm.book(salon, mia, ana.id, service="cut", start=TOMORROW, location="funchal").booking
    assert len(crm.find_bookings(salon, mia, crm.BookingFilter(location="funchal"))) == 1
    assert len(crm.unclosed_bookings(salon, mia, location=funchal.id)) == 0
    assert len(crm.customer_bookings(salon, mia, ana.id)) == 2  # a customer's history is one
    crm.confirm_booking(salon, mia, own.id)
    attempts: list[Callable[[], Any]] = [
        lambda: crm.book(salon, mia, ana.id, service="cut", start=TOMORROW, location="chiado"),
        lambda: crm.confirm_booking(salon, mia, elsewhere.id),
        lambda: crm.cancel_booking(salon, mia, elsewhere.id),
        lambda: crm.reschedule_booking(salon, mia, own.id, location="chiado"),
        lambda: crm.find_bookings(salon, mia),
        lambda: crm.find_bookings(salon, mia, crm.BookingFilter(location="chiado")),
        lambda: crm.unclosed_bookings(salon, mia),
    ]
    for call in attempts:
        with pytest.raises(crm.NotPermitted) as caught:
            call()
        assert caught.value.code == "not-permitted-location"


def test_the_audit_tells_of_every_step_and_of_nothing_typed(salon: crm.Salon, ana: crm.Customer) -> None:
    before = crm.audit_head(salon, OWNER).sequence
    booking = crm.book(salon, STAFF, ana.id, service="cut", start=YESTERDAY, note="canary", price=3).booking
    crm.reschedule_booking(salon, STAFF, booking.id, therapist="gil-horta", reason="canary")
    crm.complete_booking(salon, ADMIN, booking.id)
    entries = crm.audit_trail(salon, OWNER, after=before)
    assert [(entry.action.value, entry.by, entry.fields) for entry in entries] == [
        ("booking-made", "carla", ()),
        ("booking-rescheduled", "carla", ("therapist",)),
        ("booking-completed", "ada", ("status",)),
    ]
    assert all(entry.customer_id == ana.id and entry.details["booking"] == str(booking.id) for entry in entries)
    assert "canary" not in repr(entries)
    assert "canary" not in repr((booking, crm.booking_history(salon, STAFF, booking.id)))


def test_an_id_that_was_merged_books_for_who_was_kept(salon: crm.Salon, ana: crm.Customer) -> None:
    from salon_crm.domain.ids import Alias, CustomerId

    with salon.writing() as writing:
        writing.aliases.add(Alias(CustomerId(NOBODY), ana.id))
    booking = crm.book(salon, STAFF, NOBODY, service="cut", start=TOMORROW).booking
    assert booking.customer_id == ana.id
    assert [row.booking for row in crm.customer_bookings(salon, STAFF, NOBODY)] == [booking]
