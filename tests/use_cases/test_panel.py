"""The filter panel's rules about bookings, sales and packages, each on every store, by the panel and by its text."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve
from tests.use_cases.actors import OWNER, STAFF
from tests.use_cases.panels import CATALOGUE, Panels

import salon_crm as crm
from salon_crm.domain.bookings import BookingStatus
from salon_crm.domain.criteria import RelativeDay
from salon_crm.domain.money import Money
from salon_crm.domain.sales import LineKind, Refund, RefundedLine, SaleStatus
from salon_crm.testing import CountedIds, FixedClock

PENDING, CONFIRMED, COMPLETED, CANCELLED, NO_SHOW = BookingStatus


@pytest.fixture
def panels(salon: crm.Salon) -> Panels:
    """The clock stands at noon of Monday, 2 March 2026."""
    return Panels(salon)


def day(text: str) -> date:
    return date.fromisoformat(text)


def ids_of(kind: str) -> dict[str, UUID]:
    return {item.code: item.id for item in CATALOGUE[kind]}


# days


def test_both_the_start_and_the_end_date_are_included(panels: Panels) -> None:
    for name, start in (
        ("before", "2026-02-09T18:00"), ("first", "2026-02-10T09:00"), ("last", "2026-02-20T09:00"),
        ("after", "2026-02-21T09:00"),
    ):  # fmt: skip
        panels.booked(name, "cut", start)
    assert panels.found(start=day("2026-02-10"), end=day("2026-02-20")) == {"first", "last"}
    assert panels.found(start=day("2026-02-10")) == {"first", "last", "after"}
    assert panels.found(end=day("2026-02-20")) == {"before", "first", "last"}
    assert panels.found(start=day("2026-02-20"), end=day("2026-02-20")) == {"last"}
    assert panels.found("booked(from:2026-02-10, until:2026-02-20)") == {"first", "last"}


# The clocks of Lisbon and of the Azores go on in the night to 29 March 2026 and back in the night to 25 October,
# those of Auckland back in the night to 5 April and on in the night to 27 September.
DAYS = ["2026-02-10", "2026-03-28", "2026-03-29", "2026-04-04", "2026-04-05", "2026-09-26", "2026-09-27",
        "2026-10-24", "2026-10-25", "2026-12-31"]  # fmt: skip


@pytest.mark.parametrize("location", ["chiado", "horta", "ponsonby"])
@pytest.mark.parametrize("on", DAYS)
def test_a_booking_late_on_the_end_date_and_early_on_the_start_date_is_in_by_the_clock_of_its_location(
    panels: Panels, location: str, on: str
) -> None:
    this = day(on)
    panels.booked("late", "cut", f"{on}T23:30", location=location)
    panels.booked("early", "cut", f"{on}T00:00", location=location)
    before, after = this - timedelta(1), this + timedelta(1)
    assert panels.found(start=before, end=this) == panels.found(start=this, end=after) == {"late", "early"}
    assert panels.found(start=this, end=this, services="cut") == {"late", "early"}
    assert panels.found(end=before) == panels.found(start=after) == set()


def test_the_day_of_a_booking_stays_what_was_agreed_when_its_location_moves_to_another_zone(panels: Panels) -> None:
    panels.booked("Ana", "cut", "2026-02-10T23:30", location="horta")
    [horta] = [location for location in CATALOGUE["locations"] if location.code == "horta"]
    with panels.salon.writing() as writing:
        writing.locations.save(evolve(horta, zone="Pacific/Auckland", version=2), 1)
    assert panels.found(start=day("2026-02-10"), end=day("2026-02-10")) == {"Ana"}


def test_a_start_date_after_the_end_date_is_an_error(panels: Panels) -> None:
    backwards = crm.CustomerFilter(start=day("2026-02-02"), end=day("2026-02-01"))
    for criteria in (backwards, "booked(from:today, until:-1d)", "booked(from:2026-03-03, until:today)"):
        with pytest.raises(crm.InvalidValue) as caught:
            panels.found(criteria)
        assert caught.value.code in ("period-backwards", "criteria-unreadable")
        assert caught.value.field in ("end", "criteria")


def test_days_may_be_counted_from_the_day_it_is_in_the_salon(panels: Panels, salon: crm.Salon) -> None:
    panels.booked("yesterday", "cut", "2026-03-01T10:00")
    panels.booked("today", "cut", "2026-03-02T10:00")
    assert panels.found(start=RelativeDay(0)) == panels.found("booked(from:today)") == {"today"}
    assert panels.found(end=RelativeDay(-1)) == panels.found("booked(until:-1d)") == {"yesterday"}
    crm.change_settings(salon, OWNER, zone="Pacific/Auckland")  # where it is 3 March already
    assert panels.found(end=RelativeDay(-1)) == {"yesterday", "today"}


# booked and never booked


def test_a_service_is_met_by_any_one_of_those_chosen(panels: Panels) -> None:
    panels.booked("Ana", "cut", "2026-02-01T10:00")
    panels.booked("Bea", "balayage", "2026-02-01T10:00")
    panels.booked("Eva", "manicure", "2026-02-01T10:00")
    panels.customer("Rui")
    assert panels.found(services="cut") == {"Ana"}
    assert panels.found(services=["cut", "balayage"]) == {"Ana", "Bea"}
    assert panels.found(service_types="hair") == {"Ana", "Bea"}
    assert panels.found(service_types=["hair", "nails"]) == {"Ana", "Bea", "Eva"}
    assert panels.found(service_types="wax") == set()
    assert panels.found() == {"Ana", "Bea", "Eva", "Rui"}


def test_unused_services_were_never_booked_none_of_them_also_by_those_without_bookings(panels: Panels) -> None:
    panels.booked("cut only", "cut", "2026-02-01T10:00")
    panels.booked("both", "cut", "2026-02-01T10:00")
    panels.booked("both", "manicure", "2026-02-02T10:00")
    panels.booked("nails", "manicure", "2026-02-02T10:00")
    panels.customer("nothing")
    assert panels.found(unused_services="manicure") == {"cut only", "nothing"}
    assert panels.found(unused_services=["cut", "manicure"]) == {"nothing"}
    assert panels.found(unused_service_types="nails") == {"cut only", "nothing"}
    assert panels.found(unused_service_types=["hair", "nails"]) == {"nothing"}
    assert panels.found(unused_service_types="wax") == {"cut only", "both", "nails", "nothing"}
    assert panels.found(services="cut", unused_services="manicure") == {"cut only"}


def test_unused_parts_look_at_all_time_and_every_place_whatever_else_is_chosen(panels: Panels) -> None:
    panels.booked("Ana", "cut", "2026-02-10T10:00")
    panels.booked("Ana", "manicure", "2019-01-01T10:00", location="horta", therapist="ines-jardim")
    panels.booked("Bea", "cut", "2026-02-10T10:00")
    asked: dict[str, Any] = {
        "start": day("2026-02-01"), "end": day("2026-02-28"), "location": "chiado", "therapist": "gil-horta",
        "booking_status": PENDING,
    }  # fmt: skip
    assert panels.found(services="cut", **asked) == {"Ana", "Bea"}
    assert panels.found(services="cut", unused_services="manicure", **asked) == {"Bea"}
    assert panels.found(services="cut", unused_service_types="nails", **asked) == {"Bea"}


def test_dates_status_location_and_therapist_qualify_one_booking(panels: Panels) -> None:
    def one(name: str, *, service: str = "cut", on: str = "2026-02-10", **fields: Any) -> None:
        panels.booked(name, service, f"{on}T10:00", **{"status": CONFIRMED, **fields})

    one("all in one")
    for name, other in (
        ("service", {"service": "balayage"}),
        ("date", {"on": "2026-01-10"}),
        ("status", {"status": PENDING}),
        ("location", {"location": "horta"}),
        ("therapist", {"therapist": "ines-jardim"}),
    ):  # each has all of it, but in two bookings
        one(name, **other)
        one(name, service="manicure")
    asked: dict[str, Any] = {
        "start": day("2026-02-01"), "end": day("2026-02-28"), "location": "chiado", "therapist": "gil-horta",
        "booking_status": "confirmed",
    }  # fmt: skip
    assert panels.found(services="cut", **asked) == {"all in one"}
    assert panels.found(service_types="hair", **asked) == {"all in one", "service"}


def test_two_parts_may_be_met_by_two_bookings(panels: Panels) -> None:
    panels.booked("two", "cut", "2026-02-10T10:00")
    panels.booked("two", "manicure", "2026-02-11T10:00")
    panels.booked("one", "cut", "2026-02-10T10:00")
    panels.booked("late", "cut", "2026-02-10T10:00")
    panels.booked("late", "manicure", "2026-03-11T10:00")
    assert panels.found(services="cut", service_types="nails") == {"two", "late"}
    assert panels.found(services="cut", service_types="nails", end=day("2026-02-28")) == {"two"}
    assert panels.found("booked(service:cut, type:nails)") == set()  # one booking cannot be both
    assert panels.found("booked(service:cut, type:hair)") == {"two", "one", "late"}


def test_what_qualifies_asks_alone_whether_there_is_such_a_booking(panels: Panels) -> None:
    panels.booked("Ana", "cut", "2026-02-10T10:00", location="horta")
    panels.booked("Bea", "cut", "2026-02-11T10:00", therapist="ines-jardim", status=COMPLETED)
    panels.booked("Rui", "cut", "2026-02-12T10:00", location=None, therapist=None)
    panels.customer("Eva")
    assert panels.found(location="horta") == {"Ana"}
    assert panels.found(therapist="ines-jardim") == {"Bea"}
    assert panels.found(booking_status="completed") == {"Bea"}
    assert panels.found(start=day("2026-02-12")) == {"Rui"}
    assert panels.found(location="chiado", booking_status="pending") == set()
    assert panels.found(count_cancelled=True) == {"Ana", "Bea", "Rui", "Eva"}


# states


def test_cancelled_and_missed_bookings_do_not_count_unless_asked(panels: Panels) -> None:
    for status in BookingStatus:
        panels.booked(str(status), "cut", "2026-02-10T10:00", status=status)
    counting = {"pending", "confirmed", "completed"}
    everyone = {str(status) for status in BookingStatus}
    on = {"start": day("2026-02-10"), "end": day("2026-02-10")}
    assert panels.found(services="cut") == panels.found(services="cut", **on) == panels.found(**on) == counting
    assert panels.found(services="cut", count_cancelled=True) == everyone
    assert panels.found(count_cancelled=True, **on) == everyone
    assert panels.found(unused_services="cut") == everyone - counting
    assert panels.found(unused_service_types="hair", count_cancelled=True) == set()


@pytest.mark.parametrize("count_cancelled", [False, True])
@pytest.mark.parametrize("status", BookingStatus)
def test_a_stated_status_comes_before_counting_cancelled_ones(
    panels: Panels, status: BookingStatus, count_cancelled: bool
) -> None:
    for each in BookingStatus:
        panels.booked(str(each), "cut", "2026-02-10T10:00", status=each)
    asked = {"booking_status": str(status), "count_cancelled": count_cancelled}
    assert panels.found(services="cut", **asked) == panels.found(**asked) == {str(status)}


def test_active_is_pending_or_confirmed_inside_the_dates(panels: Panels) -> None:
    for status in BookingStatus:
        panels.booked(f"{status} in", "cut", "2026-02-10T10:00", status=status)
        panels.booked(f"{status} later", "cut", "2026-05-10T10:00", status=status)
    within = {"start": day("2026-02-01"), "end": day("2026-02-28")}
    assert panels.found(booking_status="active", **within) == {"pending in", "confirmed in"}
    assert panels.found("booked(status:active, from:2026-02-01, until:2026-02-28)") == {"pending in", "confirmed in"}
    assert panels.found(booking_status="active", end=day("2026-02-28")) == {"pending in", "confirmed in"}
    assert panels.found(services="cut", booking_status="active", start=day("2026-05-01")) == {
        "pending later", "confirmed later"
    }  # fmt: skip


def test_active_without_dates_is_pending_or_confirmed_from_now_on(panels: Panels) -> None:
    for status in BookingStatus:
        panels.booked(f"{status} before", "cut", "2026-03-02T11:59", status=status)
        panels.booked(f"{status} now", "cut", "2026-03-02T12:00", status=status)
        panels.booked(f"{status} later", "manicure", "2027-01-01T10:00", status=status)
    now, later = {"pending now", "confirmed now"}, {"pending later", "confirmed later"}
    assert panels.found(booking_status="active") == panels.found("booked(status:active)") == now | later
    assert panels.found(booking_status="active", services="cut") == now
    assert panels.found(booking_status="active", service_types="nails", count_cancelled=True) == later


def test_a_later_page_of_an_active_search_is_asked_as_of_the_first(
    panels: Panels, salon: crm.Salon, clock: FixedClock
) -> None:
    for letter in "abcdef":
        panels.booked(letter, "cut", "2026-03-02T13:00")
    for criteria in (crm.CustomerFilter(booking_status="active"), "booked(status:active)", "booked(from:today)"):
        clock.set(datetime(2026, 3, 2, 12, tzinfo=UTC))
        find = partial(crm.find_customers, salon, STAFF, criteria, limit=2)
        first = find()
        clock.advance(days=1)  # every booking is past, and today another day
        second = find(page=first.next)
        third = find(page=second.next)
        back = find(page=third.previous)
        assert ["".join(row.name for row in page) for page in (first, second, third, back)] == ["ab", "cd", "ef", "cd"]
        assert third.next is None
        assert len(find()) == 0


# packages


def test_a_package_is_bought_and_kept_or_named_on_a_booking_that_counts_or_assigned(panels: Panels) -> None:
    panels.sold("bought", LineKind.PACKAGE, "ten-cuts")
    panels.booked("named", "cut", "2026-02-10T10:00", package="ten-cuts")
    panels.assigned("assigned", "ten-cuts")
    panels.sold("another", LineKind.PACKAGE, "bridal")
    panels.sold("no package", LineKind.PRODUCT, "ten-cuts")
    panels.sold("not yet", LineKind.PACKAGE, "ten-cuts", status=SaleStatus.PENDING)
    panels.sold("refunded", LineKind.PACKAGE, "ten-cuts", status=SaleStatus.REFUNDED)
    panels.sold("given back", LineKind.PACKAGE, "ten-cuts", refunds=(a_refund(1),))
    panels.sold("one of two", LineKind.PACKAGE, "ten-cuts", quantity=2, refunds=(a_refund(1),))
    panels.booked("cancelled", "cut", "2026-02-10T10:00", package="ten-cuts", status=CANCELLED)
    panels.booked("missed", "cut", "2026-02-10T10:00", package="ten-cuts", status=NO_SHOW)
    panels.assigned("withdrawn", "ten-cuts", withdrawn_at=datetime(2026, 2, 1, tzinfo=UTC), withdrawn_by="olga")
    assert panels.found(package="ten-cuts") == {"bought", "named", "assigned", "one of two"}
    assert panels.found("package:bridal|ten-cuts and not package:ten-cuts") == {"another"}


def a_refund(quantity: int) -> Refund:
    amount = Money(2_500 * quantity, "EUR")
    lines = (RefundedLine(line=0, quantity=quantity, amount=amount),)
    return Refund(at=datetime(2026, 3, 1, tzinfo=UTC), by="olga", amount=amount, returned=amount, lines=lines)


def test_a_package_looks_at_all_time_whatever_dates_are_chosen(panels: Panels) -> None:
    panels.booked("Ana", "cut", "2019-01-01T10:00", package="ten-cuts")
    panels.booked("Ana", "cut", "2026-02-10T10:00")
    assert panels.found(package="ten-cuts", start=day("2026-02-01"), location="chiado") == {"Ana"}


# figures


def test_ranges_of_visits_include_both_their_ends(panels: Panels) -> None:
    for visits, name in enumerate(("none", "one", "two", "three")):
        panels.customer(name)
        for number in range(visits):
            panels.booked(name, "cut", f"2026-02-0{number + 1}T10:00", status=COMPLETED)
            panels.booked(name, "balayage", f"2026-02-0{number + 1}T12:00", status=COMPLETED)  # the same visit
    assert panels.found(visits=(1, 2)) == {"one", "two"}
    assert panels.found(visits=(2, None)) == panels.found("visits >= 2") == {"two", "three"}
    assert panels.found(visits=[None, 0]) == panels.found("visits = 0") == {"none"}
    assert panels.found(visits=(None, None)) == {"none", "one", "two", "three"}


def test_ranges_of_spend_are_in_the_salons_currency_and_include_both_their_ends(panels: Panels) -> None:
    for name, price in (("low", 4_999), ("edge", 5_000), ("high", 5_001)):
        panels.sold(name, LineKind.PRODUCT, "serum", price=price)
    panels.sold("refunded", LineKind.PRODUCT, "serum", price=5_000, refunds=(a_refund(1),))
    panels.customer("nothing")
    assert panels.found(spend=(50, None)) == panels.found("spend >= 50") == {"edge", "high"}
    assert panels.found(spend=("49.99", Decimal(50))) == {"low", "edge"}
    assert panels.found(spend=(None, Money(2_500, "EUR"))) == {"refunded", "nothing"}
    assert panels.found("spend > 50.00 or spend < 25.00") == {"high", "nothing"}
    assert panels.found("spend = 5000 minor") == panels.found("spend = 50") == {"edge"}


def test_the_last_visit_is_before_or_after_a_day_and_who_never_came_is_neither(panels: Panels) -> None:
    for name, on in (("winter", "2026-01-10"), ("edge", "2026-02-10"), ("march", "2026-03-01")):
        panels.booked(name, "cut", f"{on}T10:00", status=COMPLETED)
    panels.booked("to come", "cut", "2026-04-01T10:00")
    panels.customer("never")
    assert panels.found(last_visit_before=day("2026-02-10")) == {"winter"}
    assert panels.found(last_visit_after=day("2026-02-10")) == {"march"}
    assert panels.found(last_visit_before=RelativeDay(-20)) == panels.found("last_visit < -20d") == {"winter"}
    assert panels.found(last_visit_before=RelativeDay(-19)) == {"winter", "edge"}
    assert panels.found("not last_visit < today") == {"to come", "never"}


@pytest.mark.parametrize(
    ("parts", "field", "code"),
    [
        ({"visits": (3, 1)}, "visits", "range-backwards"),
        ({"visits": (-1, None)}, "visits", "number-out-of-range"),
        ({"visits": (True, None)}, "visits", "number-out-of-range"),
        ({"visits": (1,)}, "visits", "wrong-type"),
        ({"spend": ("2", "1")}, "spend", "range-backwards"),
        ({"spend": (0.5, None)}, "spend", "money-float"),
        ({"spend": ("0.001", None)}, "spend", "money-too-fine"),
        ({"spend": ("ten", None)}, "spend", "money-invalid"),
        ({"spend": (Money(1, "USD"), None)}, "spend", "money-mixed"),
        ({"booking_status": "done"}, "booking_status", "not-a-choice"),
        ({"start": RelativeDay(99_999)}, "start", "number-out-of-range"),
        ({"start": datetime(2026, 1, 1, tzinfo=UTC)}, "start", "wrong-type"),
        ({"last_visit_before": datetime(2026, 1, 1, tzinfo=UTC)}, "last_visit_before", "wrong-type"),
        ({"last_visit_after": RelativeDay(-99_999)}, "last_visit_after", "number-out-of-range"),
        ({"services": []}, "services", "choice-empty"),
        ({"unused_service_types": ()}, "unused_service_types", "choice-empty"),
        ({"services": "Not a code"}, "services", "code-invalid"),
        ({"package": ""}, "package", "code-invalid"),
    ],
)
def test_a_part_that_means_nothing_is_refused_and_never_ignored(
    panels: Panels, parts: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.find_customers(panels.salon, STAFF, crm.CustomerFilter(**parts))
    assert (caught.value.field, caught.value.code) == (field, code)


# names of the catalogue

NAMING = [
    ("services", "services", "manicure"),
    ("unused_services", "services", "manicure"),
    ("service_types", "service_types", "nails"),
    ("unused_service_types", "service_types", "nails"),
    ("package", "packages", "bridal"),
    ("location", "locations", "horta"),
    ("therapist", "staff_members", "ines-jardim"),
]


@pytest.mark.parametrize(("part", "kind", "code"), NAMING)
def test_an_id_will_do_wherever_a_code_does(panels: Panels, part: str, kind: str, code: str) -> None:
    panels.booked("Ana", "manicure", "2026-02-01T10:00", package="bridal", location="horta", therapist="ines-jardim")
    panels.booked("Bea", "cut", "2026-02-01T10:00")
    own_id = ids_of(kind)[code]
    found = panels.found(**{part: code})
    assert found == ({"Bea"} if part.startswith("unused") else {"Ana"})
    for ref in (own_id, str(own_id), str(own_id).upper(), own_id.hex):
        assert panels.found(**{part: ref}) == found
    assert part not in ("services", "service_types") or panels.found(**{part: [own_id, code]}) == found


@pytest.mark.parametrize(("part", "kind", "code"), NAMING)
def test_a_code_an_id_and_another_salons_id_that_name_nothing_here_are_refused(
    panels: Panels, part: str, kind: str, code: str
) -> None:
    with crm.open_salon(region="PT", zone="UTC", currency="EUR", ids=CountedIds(seed=7)) as elsewhere:
        theirs = evolve(CATALOGUE[kind][0], id=elsewhere.ids.new_id(), code="theirs")
        with elsewhere.writing() as writing:
            getattr(writing, kind).add(theirs)
    wrong_kind = next(ids_of(other)[found] for _, other, found in NAMING if other != kind)
    refs: list[Any] = ["gone", UUID(int=7), theirs.id, "theirs", wrong_kind]
    for ref in refs:
        named: dict[str, Any] = {part: ref}
        for ask in (crm.find_customers, crm.count_customers, crm.each_customer):
            with pytest.raises(crm.UnknownCriterion) as caught:
                ask(panels.salon, STAFF, crm.CustomerFilter(**named))
            assert (caught.value.code, caught.value.field) == ("unknown-code", kind)
            assert caught.value.params["ref"] == str(ref)


def test_renaming_and_retiring_break_no_saved_criteria(panels: Panels) -> None:
    panels.booked("Ana", "balayage", "2026-02-01T10:00", package="ten-cuts", location="horta")
    panels.customer("Bea")
    saved = (
        "booked(service:balayage)", "booked(type:hair)", "package:ten-cuts", "booked(location:horta)",
        "booked(therapist:gil-horta)",
    )  # fmt: skip
    assert all(panels.found(text) == {"Ana"} for text in saved)
    with panels.salon.writing() as writing:
        for kind, items in CATALOGUE.items():
            for item in items:
                changed = evolve(item, name="Renamed", retired_at=datetime(2026, 3, 1, tzinfo=UTC), version=2)
                getattr(writing, kind).save(changed, 1)
    assert all(panels.found(text) == {"Ana"} for text in saved)


# permissions


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("booked(type:hair)", crm.Permission.LIST_BOOKINGS),
        ("package:bridal", crm.Permission.LIST_BOOKINGS),
        ("visits > 3", crm.Permission.LIST_BOOKINGS),
        ("last_visit < today", crm.Permission.LIST_BOOKINGS),
        ("spend > 5", crm.Permission.VIEW_SALES),
        ("blocked", crm.Permission.VIEW_BLOCKS),
    ],
)
def test_criteria_need_the_permission_of_every_part_whole_and_not_within_a_scope(
    panels: Panels, text: str, needed: crm.Permission
) -> None:
    everything = {permission: crm.Grant() for permission in crm.Permission}
    asks: list[Callable[..., object]] = [crm.count_customers, crm.find_customers, crm.each_customer]
    if needed is crm.Permission.VIEW_BLOCKS:
        asks.remove(crm.find_customers)  # whose rows show it, and need it for that
        asks.remove(crm.each_customer)
    for granted, code in (
        ({}, "not-permitted"),
        ({needed: crm.Grant(frozenset({crm.Scope.OWN}))}, "not-permitted-scope"),
    ):
        without = {permission: grant for permission, grant in everything.items() if permission is not needed}
        panels.salon.permissions = crm.PermissionTable(roles={crm.Role.STAFF: {**without, **granted}})
        for ask in asks:
            with pytest.raises(crm.NotPermitted) as caught:
                ask(panels.salon, STAFF, f"status:active and not ({text} or gender:female)")
            assert (caught.value.code, caught.value.params["permission"]) == (code, needed)
            assert caught.value.params["use_case"] == ask.__name__
