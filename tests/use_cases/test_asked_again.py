"""What is asked a second time: a call repeated by its reference, a calendar mirrored again, a form sent whole."""

from datetime import datetime, timedelta
from typing import Any

import pytest
from tests.use_cases.actors import MANAGER, OWNER, STAFF

import salon_crm as crm
from salon_crm.testing.doubles import NOON, FixedClock

TOMORROW = NOON + timedelta(days=1)
CALENDAR = crm.Actor("calendar", crm.Role.SYSTEM)


@pytest.fixture(autouse=True)
def offers(salon: crm.Salon) -> None:
    crm.add_service_type(salon, OWNER, name="Hair")
    crm.add_service(salon, OWNER, name="Cut", service_type="hair", duration=45)
    crm.add_location(salon, OWNER, name="Chiado")
    crm.add_staff_member(salon, OWNER, name="Gil Horta")


@pytest.fixture
def ana(salon: crm.Salon) -> crm.Customer:
    return crm.add_customer(salon, MANAGER, name="Ana Silva")


@pytest.mark.parametrize(
    "change",
    [
        lambda salon: crm.edit_service(salon, OWNER, "cut", duration=60),
        lambda salon: crm.edit_location(salon, OWNER, "chiado", zone="Atlantic/Azores"),
        lambda salon: crm.change_settings(salon, OWNER, zone="Atlantic/Azores"),
        lambda salon: crm.add_location(salon, OWNER, name="Funchal"),
        lambda salon: crm.retire_location(salon, OWNER, "chiado"),
        lambda salon: crm.retire_service(salon, OWNER, "cut"),
        lambda salon: crm.retire_staff_member(salon, OWNER, "gil-horta"),
    ],
)
def test_a_reference_means_the_same_whatever_became_of_the_catalogue(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock, change: Any
) -> None:
    asked: dict[str, Any] = {"service": "cut", "start": TOMORROW, "therapist": "gil-horta", "reference": "web 17"}
    made = crm.book(salon, STAFF, ana.id, **asked).booking
    change(salon)
    clock.advance(days=2)
    assert crm.book(salon, STAFF, ana.id, **asked).booking == made
    assert len(crm.customer_bookings(salon, STAFF, ana.id)) == 1


def test_a_service_is_added_once_also_when_its_type_was_retired_since(salon: crm.Salon) -> None:
    asked: dict[str, Any] = {"name": "Balayage", "service_type": "hair", "reference": "form 1"}
    made = crm.add_service(salon, OWNER, **asked)
    crm.retire_service_type(salon, OWNER, "hair")
    assert crm.add_service(salon, OWNER, **asked) == made


def test_a_form_of_a_service_may_name_the_retired_type_it_is_under_and_no_other(salon: crm.Salon) -> None:
    crm.add_service_type(salon, OWNER, name="Nails")
    for code in ("hair", "nails"):
        crm.retire_service_type(salon, OWNER, code)
    assert crm.edit_service(salon, OWNER, "cut", name="Cut & Go", service_type="hair").name == "Cut & Go"
    with pytest.raises(crm.RuleBroken) as caught:
        crm.edit_service(salon, OWNER, "cut", service_type="nails")
    assert (caught.value.code, caught.value.field) == ("retired", "service_type")
    assert crm.edit_service(salon, OWNER, "cut", service_type=None).service_type is None


def test_a_booking_mirrored_again_keeps_the_zone_its_time_was_agreed_in(salon: crm.Salon, ana: crm.Customer) -> None:
    asked: dict[str, Any] = {"external": ("calendar", "17"), "service": "cut", "start": TOMORROW}
    first = crm.put_booking(salon, CALENDAR, ana.id, **asked)
    crm.edit_location(salon, OWNER, "chiado", zone="Pacific/Auckland")
    again = crm.put_booking(salon, CALENDAR, ana.id, **asked)
    assert (again.changed, again.booking) == (False, first.booking)
    noted = crm.put_booking(salon, CALENDAR, ana.id, **asked, note="Please wash")
    assert (noted.changed, noted.booking.zone) == (True, "Europe/Lisbon")
    asked["start"] = TOMORROW + timedelta(hours=1)
    moved = crm.put_booking(salon, CALENDAR, ana.id, **asked)
    assert moved.booking.zone == "Pacific/Auckland"


def test_a_booking_rescheduled_to_another_time_has_the_zone_of_its_place_now(
    salon: crm.Salon, ana: crm.Customer
) -> None:
    own_id = crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW).booking.id
    crm.edit_location(salon, OWNER, "chiado", zone="Pacific/Auckland")
    told: list[dict[str, Any]] = [
        {"therapist": "gil-horta"},
        {"location": "chiado"},
        {"end": TOMORROW + timedelta(hours=1)},
    ]
    for stays in told:
        assert crm.reschedule_booking(salon, STAFF, own_id, **stays).booking.zone == "Europe/Lisbon"
    later = TOMORROW + timedelta(minutes=1)
    assert crm.reschedule_booking(salon, STAFF, own_id, start=later).booking.zone == "Pacific/Auckland"


def test_staff_of_one_location_do_not_mirror_a_booking_away_from_another(salon: crm.Salon, ana: crm.Customer) -> None:
    funchal = crm.add_location(salon, OWNER, name="Funchal")
    mia = crm.Actor("mia", crm.Role.MANAGER, locations=frozenset({funchal.id}))
    asked: dict[str, Any] = {"external": ("calendar", "17"), "service": "cut", "start": TOMORROW}
    there = crm.put_booking(salon, MANAGER, ana.id, **asked, location="chiado").booking
    with pytest.raises(crm.NotPermitted) as caught:
        crm.put_booking(salon, mia, ana.id, **asked, location="funchal")
    assert caught.value.code == "not-permitted-location"
    assert crm.get_booking(salon, STAFF, there.id) == there


def test_reopening_a_booking_to_come_makes_an_inactive_customer_active(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    past, ahead = (crm.book(salon, STAFF, ana.id, service="cut", start=start).booking.id for start in (NOON, TOMORROW))
    for own_id in (past, ahead):
        crm.cancel_booking(salon, STAFF, own_id)
    crm.deactivate_customer(salon, STAFF, ana.id)
    crm.reopen_booking(salon, STAFF, past, reason="A slip")
    assert crm.get_customer(salon, STAFF, ana.id).status is crm.Status.INACTIVE
    crm.reopen_booking(salon, STAFF, ahead, reason="She comes after all")
    assert crm.get_customer(salon, STAFF, ana.id).status is crm.Status.ACTIVE


def test_a_start_that_cannot_be_read_is_not_also_a_fault_of_the_state(salon: crm.Salon, ana: crm.Customer) -> None:
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.book(salon, STAFF, ana.id, service="cut", start=datetime(2026, 3, 1, 9), status="completed")
    assert [problem.field for problem in caught.value.problems] == ["start"]


def test_all_problems_of_a_mirrored_booking_come_together(salon: crm.Salon, ana: crm.Customer) -> None:
    naive: Any = datetime(2026, 3, 1, 9)
    wrong: dict[str, Any] = {"start": naive, "cancelled_by": "nobody", "arrived_at": naive, "price": 1.5}
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.put_booking(salon, CALENDAR, ana.id, external=("calendar", "17"), service="cut", **wrong)
    assert {problem.field for problem in caught.value.problems} == set(wrong)


def test_a_filter_made_of_an_iterator_asks_the_same_on_every_page(salon: crm.Salon, ana: crm.Customer) -> None:
    for hour in range(3):
        crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW + timedelta(hours=hour))
    asked = crm.BookingFilter(status=iter([crm.BookingStatus.PENDING, crm.BookingStatus.CONFIRMED]))
    first = crm.find_bookings(salon, STAFF, asked, limit=2)
    rest = crm.find_bookings(salon, STAFF, asked, limit=2, page=first.next)
    assert (len(first), len(rest)) == (2, 1)
