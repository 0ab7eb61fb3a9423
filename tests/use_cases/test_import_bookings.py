"""Lists of bookings come in: recognised, matched, taken as facts, handed back where they cannot be taken."""

import csv
import io
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any

import pytest
from tests.use_cases.actors import ADMIN, MANAGER, OWNER, RECEPTIONIST, STAFF
from tests.use_cases.lists import records, trail

import salon_crm as crm
from salon_crm.domain.ids import Alias, CustomerId
from salon_crm.domain.transfer.booking_columns import BOOKING_TARGETS, recognise_bookings
from salon_crm.domain.transfer.booking_rows import STATUS_WORDS
from salon_crm.testing.doubles import NOON, FixedClock
from salon_crm.use_cases import facts as facts_use_cases

Row = dict[str, str]


@pytest.fixture(autouse=True)
def offers(salon: crm.Salon) -> None:
    """The salon offers a cut and balayage, at Chiado, by Gil."""
    crm.add_service(salon, OWNER, name="Cut", duration=45)
    crm.add_service(salon, OWNER, name="Balayage & Toner", duration=120)
    crm.add_service(salon, OWNER, name="Advice")
    crm.add_location(salon, OWNER, name="Chiado")
    crm.add_staff_member(salon, OWNER, name="Gil Hörta")
    crm.add_package(salon, OWNER, name="Ten cuts")


@pytest.fixture
def ana(salon: crm.Salon) -> crm.Customer:
    return crm.add_customer(
        salon, MANAGER, name="Ana Silva", mobile="912 345 678", email="ana@example.com", external_ids=[("till", "101")]
    )


def row(**cells: str) -> Row:
    """A row that says all that every booking has; a cell of None is left out."""
    return {"Client ID": "101", "Service": "cut", "Start": "2026-02-02 14:30", **cells}


def bring(salon: crm.Salon, *rows: Row, **options: Any) -> crm.BookingImportReport:
    asked: dict[str, Any] = {"system": "till", **options}
    return crm.import_bookings(salon, MANAGER, records(*rows), **asked)


def figures(report: crm.BookingImportReport) -> dict[str, int]:
    names = ("created", "updated", "unchanged", "skipped", "refused")
    assert report.rows == sum(getattr(report, name) for name in names)
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def problems(report: crm.BookingImportReport) -> list[tuple[int, str | None, str]]:
    return [(problem.line, problem.field, problem.code) for problem in report.problems]


def bookings(salon: crm.Salon) -> list[crm.Booking]:
    return [each.booking for each in crm.find_bookings(salon, OWNER)]


def only(salon: crm.Salon) -> crm.Booking:
    (booking,) = bookings(salon)
    return booking


def refusal(salon: crm.Salon, **cells: str) -> tuple[str | None, str]:
    """The field and the code for which a row is refused."""
    report = bring(salon, row(**cells))
    ((_, field, code),) = problems(report)
    assert figures(report) == {"refused": 1}
    assert bookings(salon) == []
    return field, code


# ------------------------------------------------------------------------------------ what a list says


def test_a_list_comes_in_as_another_product_writes_it(salon: crm.Salon, ana: crm.Customer) -> None:
    text = (
        "Buchungsnr;Termin-Nr;Kundennr;Kunde;Behandlung;Datum;Uhrzeit;Ende;Mitarbeiterin;Filiale;Status;Preis;Notiz\r\n"
        "x;7;101;Ana Silva;Balayage & Toner;13.02.2026;14:30 Uhr;16:15;gil horta;CHIADO;erledigt;1.025,50 €;mit Tee\r\n"
    )
    report = crm.import_bookings(salon, MANAGER, text.encode("cp1252"), system="till")
    assert (figures(report), problems(report)) == ({"created": 1}, [])
    assert report.mapping == {
        "Buchungsnr": "booking_id",
        "Termin-Nr": None,
        "Kundennr": "customer_id",
        "Kunde": "customer_name",
        "Behandlung": "service",
        "Datum": "date",
        "Uhrzeit": "time",
        "Ende": "end",
        "Mitarbeiterin": "therapist",
        "Filiale": "location",
        "Status": "status",
        "Preis": "price",
        "Notiz": "note",
    }
    assert (report.not_taken, report.date_order, report.decimal_sign) == (("Termin-Nr",), "dmy", ",")
    assert dict(report.facts) == {"encoding": "cp1252", "delimiter": "semicolon"}
    booking = only(salon)
    assert (booking.customer_id, booking.service, booking.location, booking.therapist) == (
        ana.id,
        "balayage-toner",
        "chiado",
        "gil-horta",
    )
    assert (booking.start, booking.end) == (
        datetime(2026, 2, 13, 14, 30, tzinfo=UTC),
        datetime(2026, 2, 13, 16, 15, tzinfo=UTC),
    )
    assert (booking.status, booking.price, booking.note) == ("completed", crm.Money(102_550, "EUR"), "mit Tee")
    assert (booking.external_id, booking.origin) == (crm.ExternalId("till", "x"), crm.BookingOrigin.IMPORTED)
    assert (booking.at, booking.by, booking.version) == (NOON, "bea", 1)


def test_the_mapping_can_be_stated_and_what_is_not_taken_is_named(salon: crm.Salon, ana: crm.Customer) -> None:
    content = records({"Who": "101", "What": "cut", "When": "2026-02-02 10:00", "Note": "x", "Colour": "red"})
    mapping = {"Who": "customer_id", "What": "service", "When": "start", "Note": None}
    report = crm.import_bookings(salon, MANAGER, content, system="till", mapping=mapping)
    assert figures(report) == {"created": 1}
    assert report.not_taken == ("Note", "Colour")
    assert only(salon).note is None


@pytest.mark.parametrize(
    ("header", "mapping", "code"),
    [
        (["colour", "mood"], None, "file-no-header"),
        (["service", "start"], None, "file-lacks-columns"),
        (["client id", "start"], None, "file-lacks-columns"),
        (["client id", "service"], None, "file-lacks-columns"),
        (["client", "service", "start"], None, "file-lacks-columns"),
        (["client id", "service", "start"], {"start": None}, "file-lacks-columns"),
        (["client id", "service", "start"], {"begin": "start"}, "file-unknown-column"),
        (["client id", "service", "start"], {"start": "begin"}, "not-a-choice"),
        (["client id", "service", "a", "b"], {"a": "start", "b": "start"}, "file-column-taken-twice"),
        (["client id", "service", "start"], ["start"], "wrong-type"),
    ],
    ids=str,
)
def test_a_list_that_does_not_say_who_comes_for_what_and_when_is_refused_as_a_whole(
    salon: crm.Salon, header: list[str], mapping: Any, code: str
) -> None:
    content = records(dict.fromkeys(header, "x"))
    with pytest.raises(crm.InvalidValue) as caught:
        crm.import_bookings(salon, MANAGER, content, mapping=mapping)
    assert caught.value.code == code
    assert not any(entry.action is crm.AuditAction.IMPORT_STARTED for entry in trail(salon))


def test_every_target_is_recognised_by_its_own_name() -> None:
    assert {target: recognise_bookings([target])[target] for target in BOOKING_TARGETS} == {
        target: "start" if target in ("date", "time") else target for target in BOOKING_TARGETS
    }


@pytest.mark.parametrize(
    ("columns", "meant"),
    [
        (["Date"], ["start"]),
        (["Start time"], ["start"]),
        (["Date", "Time"], ["date", "time"]),
        (["Date", "Start"], ["date", "time"]),
        (["Start", "Time"], ["date", "time"]),
        (["Date", "Start", "Time"], ["date", None, "time"]),
        (["Service", "Treatment"], ["service", None]),
        (["Booking id", "Id"], ["booking_id", None]),
        (["Note", "Comment"], ["note", "note"]),
    ],
    ids=str,
)
def test_columns_of_days_and_times_are_read_together(columns: list[str], meant: list[str | None]) -> None:
    assert list(recognise_bookings(columns).values()) == meant


# ------------------------------------------------------------------------------------ whose booking


def test_a_customer_is_named_by_our_id_or_by_the_systems(salon: crm.Salon, ana: crm.Customer) -> None:
    odd = "01890a5d-ac96-774b-bcce-b302099a8058"  # a system may have ids that look like ours
    eva = crm.add_customer(salon, MANAGER, name="Eva Lima", external_ids=[("till", odd)])
    report = bring(
        salon,
        row(),
        row(**{"Client ID": str(ana.id).upper(), "Start": "2026-02-03 10:00"}),
        row(**{"Client ID": odd, "Start": "2026-02-04 10:00"}),
    )
    assert figures(report) == {"created": 3}
    assert [booking.customer_id for booking in bookings(salon)] == [ana.id, ana.id, eva.id]


def test_an_id_of_a_merged_customer_means_the_one_that_is_kept(salon: crm.Salon, ana: crm.Customer) -> None:
    old = CustomerId(crm.add_customer(salon, MANAGER, name="Anna Silva").id)
    crm.remove_customer(salon, MANAGER, old)
    with salon.writing() as writing:
        writing.aliases.add(Alias(old, ana.id))
    assert figures(bring(salon, row(**{"Client ID": str(old)}))) == {"created": 1}
    assert only(salon).customer_id == ana.id


@pytest.mark.parametrize(
    "cells",
    [
        {"Client": "SILVA, Ana", "Mobile": "+351 912345678"},
        {"Client": "Ana Silva", "E-Mail": "ANA@example.com"},
        {"First name": "Ana", "Last name": "Silva", "Mobile": "912 345 678"},
        {"Client ID": "999", "Client": "Ana Silva", "Mobile": "912 345 678"},
    ],
    ids=str,
)
def test_a_customer_is_known_by_a_contact_with_the_name(salon: crm.Salon, ana: crm.Customer, cells: Row) -> None:
    crm.add_customer(salon, MANAGER, name="Bento Silva", mobile="912 345 678")
    cells = {"Client ID": "", **cells, "Client": cells.get("Client", "").replace(",", "")}
    assert figures(bring(salon, row(**cells))) == {"created": 1}
    assert only(salon).customer_id == ana.id


def test_a_former_name_and_contact_count(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.edit_customer(salon, MANAGER, ana.id, name="Ana Costa", mobile="912 000 999")
    cells = {"Client ID": "", "Client": "Ana Silva", "Mobile": "912 345 678"}
    assert figures(bring(salon, row(**cells))) == {"created": 1}


@pytest.mark.parametrize(
    ("cells", "field", "code"),
    [
        ({"Client ID": "", "Client": "Ana Silva"}, "customer_id", "required"),
        ({"Client ID": "", "Mobile": "912 345 678"}, "customer_name", "required"),
        ({"Client ID": ""}, "customer_id", "required"),
        ({"Client ID": "999"}, "customer_id", "row-no-customer"),
        ({"Client ID": "01890a5d-ac96-774b-bcce-b302099a8057"}, "customer_id", "row-no-customer"),
        ({"Client ID": "", "Client": "Bento Silva", "Mobile": "912 345 678"}, "mobile", "row-no-customer"),
        ({"Client ID": "", "Client": "Ana Silva", "E-Mail": "ana.silva@example.com"}, "email", "row-no-customer"),
        ({"Client ID": "", "Client": "Ana Silva", "Mobile": "12"}, "mobile", "phone-invalid"),
        ({"Client ID": "", "Client": "Ana Silva", "E-Mail": "none@example.com"}, "customer_id", "required"),
    ],
    ids=str,
)
def test_who_is_not_known_is_a_problem_of_the_row_and_nobody_is_made(
    salon: crm.Salon, ana: crm.Customer, cells: Row, field: str, code: str
) -> None:
    assert refusal(salon, **cells) == (field, code)
    assert crm.count_customers(salon, OWNER) == 1


def test_a_row_that_could_mean_two_customers_is_a_problem_naming_both(salon: crm.Salon, ana: crm.Customer) -> None:
    twin = crm.add_customer(salon, MANAGER, name="Ana Silva", mobile="912 345 678")
    report = bring(salon, row(**{"Client ID": "", "Client": "Ana Silva", "Mobile": "912 345 678"}))
    assert problems(report) == [(2, "mobile", "row-ambiguous")]
    assert str(ana.id) in report.problems[0].reason
    assert str(twin.id) in report.problems[0].reason


def test_a_phone_that_cannot_be_matters_only_where_it_says_who_it_is(salon: crm.Salon, ana: crm.Customer) -> None:
    assert figures(bring(salon, row(Mobile="12", Client="Ana"))) == {"created": 1}


def test_national_numbers_belong_to_the_region_stated(salon: crm.Salon) -> None:
    sally = crm.add_customer(salon, MANAGER, name="Sally Jones", mobile="+44 7700 900123")
    cells = {"Client ID": "", "Client": "Sally Jones", "Mobile": "07700 900123"}
    assert figures(bring(salon, row(**cells), region="GB")) == {"created": 1}
    assert only(salon).customer_id == sally.id


# ------------------------------------------------------------------------------------ the catalogue


@pytest.mark.parametrize("named", ["balayage-toner", "Balayage & Toner", "BALAYAGE  &  toner", "ID"])
def test_an_item_is_named_by_code_id_or_name(salon: crm.Salon, ana: crm.Customer, named: str) -> None:
    service = next(each for each in crm.catalogue(salon, OWNER).services if each.code == "balayage-toner")
    assert figures(bring(salon, row(Service=str(service.id) if named == "ID" else named))) == {"created": 1}
    assert only(salon).service == "balayage-toner"


@pytest.mark.parametrize(
    ("cells", "field", "kind", "name"),
    [
        ({"Service": "Perm"}, "service", "service", "Perm"),
        ({"Staff": "Hugo"}, "therapist", "staff member", "Hugo"),
        ({"Branch": "Belém"}, "location", "location", "Belém"),
        ({"Package": "Five cuts"}, "package", "package", "Five cuts"),
    ],
    ids=str,
)
def test_what_the_catalogue_lacks_is_a_problem_and_is_named_with_how_often(
    salon: crm.Salon, ana: crm.Customer, cells: Row, field: str, kind: str, name: str
) -> None:
    report = bring(salon, row(**cells), row(), row(**{"Start": "2026-02-05 10:00", **cells}))
    assert problems(report) == [(2, field, "row-item-unknown"), (4, field, "row-item-unknown")]
    assert report.missing == (crm.MissingItem(kind, name, 2),)
    assert name not in report.problems[0].reason
    assert name not in repr(report)


def test_a_name_that_two_items_have_is_a_problem_naming_their_codes(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.add_service(salon, OWNER, name="CÚT", duration=30)
    report = bring(salon, row(Service="Cut"), row(Service="cut"))
    assert problems(report) == [(2, "service", "row-item-ambiguous")]
    assert "cut, cut-2" in report.problems[0].reason
    assert only(salon).service == "cut"  # the code is nobody else's


def test_what_is_retired_is_taken_and_counted_unless_something_offered_has_the_name(
    salon: crm.Salon, ana: crm.Customer
) -> None:
    crm.retire_service(salon, OWNER, "cut")
    crm.retire_staff_member(salon, OWNER, "gil-horta")
    report = bring(salon, row(Service="Cut", Staff="Gil Horta"))
    assert (figures(report), dict(report.warned)) == ({"created": 1}, {"item-retired": 1})
    assert report.warnings == (
        crm.ImportWarning(2, "item-retired", "service"),
        crm.ImportWarning(2, "item-retired", "therapist"),
    )
    assert crm.label("item-retired") == "No longer offered"
    crm.add_service(salon, OWNER, name="Cut", duration=30)
    assert not bring(salon, row(Service="Cut", Start="2026-02-09 10:00")).warned
    assert [booking.service for booking in bookings(salon)] == ["cut", "cut-2"]


def test_a_salon_of_several_locations_must_be_told_which(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.add_location(salon, OWNER, name="Porto")
    assert refusal(salon) == ("location", "required")


# ------------------------------------------------------------------------------------ times


@pytest.mark.parametrize(
    "cells",
    [
        {"Start": "2026-02-13 14:30"},
        {"Start": "2026-02-13T14:30:00"},
        {"Start": "2026-02-13T14:30:00.000Z"},
        {"Start": "2026-02-13T15:30:00+01:00"},
        {"Start": "13/02/2026 2:30 PM"},
        {"Start": "13.02.2026, 14:30 Uhr"},
        {"Start": "13 February 2026 at 2:30 p.m."},
        {"Start": "", "Date": "13/02/2026", "Time": "14h30"},
        {"Start": "", "Date": "2026-02-13 00:00:00", "Time": "14:30:00"},
        {"Start": "", "Date": "Feb 13, 2026", "Time": "2:30pm"},
    ],
    ids=str,
)
def test_a_start_is_read_as_people_and_systems_write_it(salon: crm.Salon, ana: crm.Customer, cells: Row) -> None:
    cells = {name: text for name, text in row(**cells).items() if text}
    assert figures(bring(salon, cells)) == {"created": 1}
    assert only(salon).start == datetime(2026, 2, 13, 14, 30, tzinfo=UTC)
    assert only(salon).end == only(salon).start + timedelta(minutes=45)


@pytest.mark.parametrize(
    ("cells", "field", "code"),
    [
        ({"Start": "soon"}, "start", "day-invalid"),
        ({"Start": "2026-02-30 10:00"}, "start", "day-invalid"),
        ({"Start": "13/02/26 10:00"}, "start", "day-invalid"),
        ({"Start": "2026-02-13"}, "start", "time-needed"),
        ({"Start": "2026-02-13 25:00"}, "start", "time-invalid"),
        ({"Start": "2026-02-13 13:30 pm"}, "start", "time-invalid"),
        ({"Start": ""}, "start", "required"),
        ({"Start": "x" * 5_000}, "start", "day-invalid"),
        ({"Start": "3026-02-13 10:00"}, "start", "number-out-of-range"),
        ({"Start": "2026-03-29 01:30"}, "start", "time-skipped"),
        ({"End": "14:30"}, "end", "booking-end"),
        ({"End": "2026-04-30 14:30"}, "end", "booking-too-long"),
        ({"End": "later"}, "end", "day-invalid"),
        ({"End": "26:00"}, "end", "time-invalid"),
        ({"Service": "advice"}, "end", "required"),
        ({"Duration": "long"}, "duration", "duration-invalid"),
        ({"Duration": "0"}, "end", "booking-end"),
        ({"Arrived": "x"}, "arrived_at", "day-invalid"),
        ({"Status": "teleported"}, "status", "not-a-choice"),
        ({"Status": "done", "Start": "2026-04-02 10:00"}, "status", "status-to-come"),
        ({"Status": "done", "Cancelled by": "client"}, "cancelled_by", "not-cancelled"),
        ({"Cancelled by": "the weather"}, "cancelled_by", "not-a-choice"),
        ({"Price": "much"}, "price", "money-invalid"),
        ({"Price": "-5"}, "price", "number-out-of-range"),
        ({"Price": "5 USD"}, "price", "money-mixed"),
        ({"Service": ""}, "service", "required"),
    ],
    ids=str,
)
def test_a_cell_that_cannot_be_read_is_a_problem_with_its_field(
    salon: crm.Salon, ana: crm.Customer, cells: Row, field: str, code: str
) -> None:
    assert refusal(salon, **cells) == (field, code)


def test_all_problems_of_a_row_come_together(salon: crm.Salon) -> None:
    report = bring(salon, row(**{"Client ID": "", "Start": "x", "Price": "y", "Status": "z", "Service": ""}))
    assert {field for _, field, _ in problems(report)} == {"customer_id", "start", "price", "status", "service"}
    report = bring(salon, row(Service="Perm", Staff="Hugo", Branch="Belém"))
    assert {field for _, field, _ in problems(report)} == {"service", "therapist", "location"}


def test_times_are_those_of_the_locations_clock(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.add_location(salon, OWNER, name="Ponta Delgada", zone="Atlantic/Azores")
    bring(salon, row(Branch="ponta delgada", Start="2026-02-13 23:30"), row(Branch="chiado", Start="2026-02-13 23:30"))
    lisbon, azores = bookings(salon)
    assert azores.start - lisbon.start == timedelta(hours=1)
    assert (azores.zone, azores.day, lisbon.day) == ("Atlantic/Azores", date(2026, 2, 13), date(2026, 2, 13))


def test_a_time_the_clock_showed_twice_is_the_first_and_is_said(salon: crm.Salon, ana: crm.Customer) -> None:
    report = bring(salon, row(Start="2025-10-26 01:30", End="01:15", Status="done"))
    booking = only(salon)
    assert booking.start == datetime(2025, 10, 26, 0, 30, tzinfo=UTC)  # summer time, as it was the first time
    assert booking.end == datetime(2025, 10, 26, 1, 15, tzinfo=UTC)  # the second time: the first was before the start
    assert (dict(report.warned), report.warnings[0].field) == ({"time-twice": 1}, "start")


def test_days_that_can_be_read_two_ways_need_an_order(salon: crm.Salon, ana: crm.Customer) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        bring(salon, row(Start="02/03/2026 10:00"))
    assert (caught.value.code, caught.value.field) == ("date-order-needed", "date_order")
    assert figures(bring(salon, row(Start="02/03/2026 10:00"), date_order="mdy")) == {"created": 1}
    assert only(salon).day == date(2026, 2, 3)


def test_a_time_with_a_dot_proves_no_order_of_days(salon: crm.Salon, ana: crm.Customer) -> None:
    report = bring(salon, row(Start="2026-02-13 10:00", End="10.50"))
    assert (report.date_order, only(salon).end) == (None, datetime(2026, 2, 13, 10, 50, tzinfo=UTC))


@pytest.mark.parametrize(
    ("stated", "minutes"), [("90", 90), ("90 min", 90), ("1:30", 90), ("1h 30", 90), ("2 Stunden", 120)]
)
def test_a_length_is_read_in_minutes_or_hours(salon: crm.Salon, ana: crm.Customer, stated: str, minutes: int) -> None:
    bring(salon, row(Duration=stated))
    assert only(salon).end - only(salon).start == timedelta(minutes=minutes)


def test_an_arrival_is_a_time_of_that_day_or_an_instant(salon: crm.Salon, ana: crm.Customer) -> None:
    bring(salon, row(Arrived="14:40"), row(Start="2026-02-03 10:00", Arrived="2026-02-03 09:55"))
    assert [booking.arrived_at for booking in bookings(salon)] == [
        datetime(2026, 2, 2, 14, 40, tzinfo=UTC),
        datetime(2026, 2, 3, 9, 55, tzinfo=UTC),
    ]


# ------------------------------------------------------------------------------------ states and prices

WORDS = [(word, said) for said, words in STATUS_WORDS for word in words.split(", ")]


@pytest.mark.parametrize(("word", "said"), WORDS, ids=str)
def test_the_words_of_other_products_are_known(salon: crm.Salon, ana: crm.Customer, word: str, said: Any) -> None:
    bring(salon, row(Status=word.upper()))
    assert (only(salon).status, only(salon).cancelled_by) == (said.status, said.cancelled_by)


def test_no_word_means_two_states() -> None:
    assert len({word for word, _ in WORDS}) == len(WORDS)


def test_what_is_paid_before_it_begins_is_confirmed(salon: crm.Salon, ana: crm.Customer) -> None:
    bring(salon, row(Status="paid", Start="2026-04-02 10:00"))
    assert only(salon).status is crm.BookingStatus.CONFIRMED


def test_who_cancelled_may_stand_in_a_column_of_its_own(salon: crm.Salon, ana: crm.Customer) -> None:
    bring(salon, row(**{"Status": "cancelled", "Cancelled by": "Client"}))
    assert only(salon).cancelled_by is crm.CancelledBy.CUSTOMER


def test_a_row_that_states_no_state_is_confirmed_or_what_the_caller_says(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    rows = (row(), row(Start="2026-04-02 10:00"))
    bring(salon, *rows)
    assert [booking.status for booking in bookings(salon)] == ["confirmed", "confirmed"]
    report = bring(salon, *rows, status="completed")
    assert (figures(report), [b.status for b in bookings(salon)]) == (
        {"updated": 1, "unchanged": 1},
        ["completed", "confirmed"],
    )
    clock.advance(days=60)
    assert figures(bring(salon, *rows, status="completed")) == {"updated": 1, "unchanged": 1}
    with pytest.raises(crm.InvalidValue):
        bring(salon, *rows, status="no-show")


@pytest.mark.parametrize(
    ("cells", "sign", "minor"),
    [
        (["12.50", "1,250.00"], ".", [1_250, 125_000]),
        (["12,50", "1.250,00"], ",", [1_250, 125_000]),
        (["12", "1250"], None, [1_200, 125_000]),
        (["€ 12,5", "EUR 7", "1 250,00 €"], ",", [1_250, 700, 125_000]),
        (["1,234"], ".", [123_400]),
        (["1.234"], ",", [123_400]),
    ],
    ids=str,
)
def test_prices_have_either_sign_where_the_file_proves_it(
    salon: crm.Salon, ana: crm.Customer, cells: list[str], sign: str | None, minor: list[int]
) -> None:
    report = bring(salon, *(row(Price=cell, Start=f"2026-02-0{n + 1} 10:00") for n, cell in enumerate(cells)))
    assert (report.decimal_sign, problems(report)) == (sign, [])
    assert [booking.price.minor for booking in bookings(salon) if booking.price] == minor


def test_prices_that_can_be_read_two_ways_need_a_sign(salon: crm.Salon, ana: crm.Customer) -> None:
    for price, code in (("10.000", "decimal-sign-needed"), ("10,000", "decimal-sign-needed")):
        with pytest.raises(crm.InvalidValue) as caught:
            bring(salon, row(Price=price))
        assert (caught.value.code, caught.value.field) == (code, "decimal_sign")
    with pytest.raises(crm.InvalidValue) as caught:
        bring(salon, row(Price="12.50"), row(Price="12,50"))
    assert caught.value.code == "decimal-signs-mixed"
    with pytest.raises(crm.InvalidValue):
        bring(salon, row(), decimal_sign=";")
    report = bring(
        salon,
        row(Price="10.000"),
        row(Price="12,50", Start="2026-02-03 10:00"),
        row(Price="12.50", Start="2026-02-04 10:00"),
        decimal_sign=",",
    )
    assert (figures(report), problems(report)) == (
        {"created": 2, "refused": 1},
        [(4, "price", "money-invalid")],
    )
    assert [booking.price.minor for booking in bookings(salon) if booking.price] == [1_000_000, 1_250]


# ------------------------------------------------------------------------------------ again


FULL = row(
    **{"Booking id": "7", "Status": "booked", "Price": "12.50", "Note": "tea", "Staff": "gil-horta", "End": "15:00"}
)


@pytest.mark.parametrize("own_id", ["7", ""])
def test_the_same_list_again_changes_nothing(salon: crm.Salon, ana: crm.Customer, own_id: str) -> None:
    rows = (FULL | {"Booking id": own_id}, row(**{"Booking id": own_id and "8", "Start": "2026-02-03 10:00"}))
    assert figures(bring(salon, *rows)) == {"created": 2}
    before, entries = bookings(salon), len(trail(salon))
    assert figures(bring(salon, *rows)) == {"unchanged": 2}
    assert bookings(salon) == before
    assert len(trail(salon)) == entries + 2  # that it was brought in, and that it ended


def test_a_row_without_an_id_is_known_by_who_comes_for_what_and_when(salon: crm.Salon, ana: crm.Customer) -> None:
    bring(salon, row(Status="booked"))
    assert figures(bring(salon, row(Status="no show", Price="5"))) == {"updated": 1}
    assert figures(bring(salon, row(Status="no show"), system="card-index")) == {"refused": 1}
    assert only(salon).status is crm.BookingStatus.NO_SHOW
    known = only(salon).external_id
    assert known is not None
    assert known.id.startswith("row-")
    assert crm.get_booking(salon, MANAGER, external=("till", known.id)) == only(salon)


def test_a_newer_list_wins_over_an_older_one_and_an_empty_cell_never_clears(
    salon: crm.Salon, ana: crm.Customer
) -> None:
    bring(salon, FULL)
    newer = row(**{"Booking id": "7", "Status": "done", "Start": "2026-02-03 10:00", "Price": "", "Note": ""})
    report = bring(salon, newer)
    booking = only(salon)
    assert figures(report) == {"updated": 1}
    assert (booking.status, booking.note, booking.therapist, booking.price) == (
        "completed",
        "tea",
        "gil-horta",
        crm.Money(1_250, "EUR"),
    )
    assert booking.end - booking.start == timedelta(minutes=30)  # as long as it was to take
    [change] = crm.booking_history(salon, MANAGER, booking.id)
    assert (change.move, change.status, change.version) == (None, "pending", 2)
    [entry] = crm.audit_trail(salon, OWNER, customer=ana.id)[-1:]
    assert (entry.action, entry.fields) == (crm.AuditAction.BOOKING_CHANGED, ("start", "end", "status"))
    assert entry.details["import"] == str(report.import_id)


def test_another_service_takes_as_long_as_it_does(salon: crm.Salon, ana: crm.Customer) -> None:
    bring(salon, row(**{"Booking id": "7"}))
    bring(salon, row(**{"Booking id": "7", "Service": "balayage-toner"}))
    assert only(salon).end - only(salon).start == timedelta(minutes=120)


def test_what_was_moved_here_since_is_kept_and_counted_unless_told_to_overwrite(
    salon: crm.Salon, ana: crm.Customer
) -> None:
    bring(salon, FULL)
    crm.complete_booking(salon, MANAGER, only(salon).id)
    report = bring(salon, FULL)
    assert (figures(report), dict(report.warned)) == ({"unchanged": 1}, {"kept-as-moved": 1})
    assert only(salon).status is crm.BookingStatus.COMPLETED
    assert figures(bring(salon, FULL, overwrite=True)) == {"updated": 1}
    assert only(salon).status is crm.BookingStatus.PENDING
    assert crm.verify_facts(salon, OWNER).ok


def test_a_booking_may_turn_out_to_be_somebody_elses(salon: crm.Salon, ana: crm.Customer) -> None:
    eva = crm.add_customer(salon, MANAGER, name="Eva Lima", external_ids=[("till", "102")])
    bring(salon, row(**{"Booking id": "7", "Status": "done"}))
    bring(salon, row(**{"Booking id": "7", "Status": "done", "Client ID": "102"}))
    assert only(salon).customer_id == eva.id
    assert crm.verify_facts(salon, OWNER).ok
    visited = crm.CustomerFilter(visits=(1, None))
    assert [each.id for each in crm.find_customers(salon, MANAGER, visited)] == [eva.id]


@pytest.mark.parametrize("slice_of", [500, 1])
@pytest.mark.parametrize("dry_run", [False, True])
def test_a_row_that_says_an_earlier_one_again_is_skipped_naming_its_line(
    salon: crm.Salon, ana: crm.Customer, monkeypatch: pytest.MonkeyPatch, slice_of: int, *, dry_run: bool
) -> None:
    monkeypatch.setattr("salon_crm.use_cases.importing.SLICE", slice_of)
    rows = (row(), row(Start="2026-02-03 10:00"), row(Note="again"), row(Service="CUT"))
    report = bring(salon, *rows, dry_run=dry_run)
    assert figures(report) == {"created": 2, "skipped": 2}
    assert [(twin.line, twin.first_line) for twin in report.twins] == [(4, 2), (5, 2)]


@pytest.mark.parametrize("slice_of", [500, 1])
@pytest.mark.parametrize("dry_run", [False, True])
def test_an_id_that_an_earlier_row_has_for_something_else_is_a_problem(
    salon: crm.Salon, ana: crm.Customer, monkeypatch: pytest.MonkeyPatch, slice_of: int, *, dry_run: bool
) -> None:
    monkeypatch.setattr("salon_crm.use_cases.importing.SLICE", slice_of)
    one = {"Booking id": "7"}
    report = bring(salon, row(**one), row(**one, Service="balayage-toner"), dry_run=dry_run)
    assert problems(report) == [(3, "booking_id", "row-booking-repeated")]
    assert "line 2" in report.problems[0].reason


def test_a_dry_run_decides_as_the_real_run_and_writes_nothing(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.deactivate_customer(salon, MANAGER, ana.id)
    bring(salon, row(**{"Booking id": "7"}))
    rows = (
        row(**{"Booking id": "7", "Status": "done"}),
        row(Start="2026-05-02 10:00"),
        row(Start="2026-05-03 10:00"),
        row(Start="2026-05-03 10:00"),
        row(Service="Perm"),
        row(Start="x"),
    )
    before, entries = bookings(salon), trail(salon)
    dry = bring(salon, *rows, dry_run=True)
    assert (bookings(salon), trail(salon)) == (before, entries)
    real = bring(salon, *rows)
    names = (
        "rows",
        "created",
        "updated",
        "unchanged",
        "skipped",
        "refused",
        "activated",
        "problems",
        "twins",
        "missing",
    )
    assert [getattr(dry, name) for name in names] == [getattr(real, name) for name in names]
    assert (dry.dry_run, real.dry_run, real.activated) == (True, False, 1)


def test_refused_rows_come_back_and_go_in_corrected(salon: crm.Salon, ana: crm.Customer, tmp_path: Path) -> None:
    handed_back = tmp_path / "refused.csv"
    report = bring(salon, row(Service="Perm", Note="=1"), row(Start="2026-02-03 10:00"), problems_to=handed_back)
    assert figures(report) == {"created": 1, "refused": 1}
    [held] = csv.DictReader(io.StringIO(handed_back.read_text(encoding="utf-8")))
    assert (held["problem_line"], held["problem_field"]) == ("2", "service")
    assert held["problem_reason"].startswith("service: names no service of the catalogue")
    corrected = handed_back.read_bytes().replace(b"Perm", b"cut")
    again = crm.import_bookings(salon, MANAGER, corrected, system="till")
    assert (figures(again), again.not_taken) == ({"created": 1}, ())
    assert bookings(salon)[0].note == "=1"


# ------------------------------------------------------------------------------------ facts


def test_bookings_are_taken_for_blocked_customers_and_counted(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.block_customer(salon, MANAGER, ana.id, reason="No-shows")
    report = bring(salon, row(), row(Start="2026-04-03 10:00"))
    assert (figures(report), dict(report.warned)) == ({"created": 2}, {"customer-blocked": 2})
    assert report.warnings[0] == crm.ImportWarning(2, "customer-blocked", "customer_id")


@pytest.mark.parametrize(
    ("cells", "active"),
    [
        ({}, False),
        ({"Start": "2026-04-03 10:00"}, True),
        ({"Start": "2026-04-03 10:00", "Status": "cancelled"}, False),
    ],
    ids=str,
)
def test_only_a_start_to_come_makes_an_inactive_customer_active(
    salon: crm.Salon, ana: crm.Customer, cells: Row, *, active: bool
) -> None:
    crm.deactivate_customer(salon, MANAGER, ana.id)
    report = bring(salon, row(**cells), row(Start="2026-01-02 10:00"))
    assert report.activated == active
    found = crm.get_customer(salon, MANAGER, ana.id)
    assert (found.status is crm.Status.ACTIVE) is active
    actions = [entry.action for entry in crm.audit_trail(salon, OWNER, customer=ana.id)]
    assert (crm.AuditAction.CUSTOMER_ACTIVATED in actions) is active
    assert crm.verify_audit(salon, OWNER).ok


def test_facts_are_right_after_every_slice_and_written_once_for_each(
    salon: crm.Salon, ana: crm.Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    eva = crm.add_customer(salon, MANAGER, name="Eva Lima", external_ids=[("till", "102")])
    followed: list[int] = []
    follow: Callable[..., None] = facts_use_cases.follow_bookings

    def counting(writing: Any, changes: Any) -> None:
        followed.append(len(changes))
        follow(writing, changes)

    monkeypatch.setattr("salon_crm.use_cases.importing.SLICE", 4)
    monkeypatch.setattr("salon_crm.use_cases.bookings.importing.follow_bookings", counting)
    states = ("done", "no show", "booked", "cancelled by client")
    rows = [
        row(**{"Client ID": "10" + str(1 + n % 2), "Start": f"2026-{2 - n % 2:02d}-{28 - n:02d} 10:00", "Status": s})
        for n, s in enumerate(states * 3)
    ]
    told: list[int] = []
    bring(salon, *rows, progress=told.append)
    assert (followed, told) == ([4, 4, 4], [4, 8, 12])
    assert crm.verify_facts(salon, OWNER).ok
    bring(salon, *(each | {"Status": "done"} for each in rows))
    assert crm.verify_facts(salon, OWNER).ok
    with salon.reading() as reading:
        facts = reading.facts.get_many([ana.id, eva.id])
    assert (facts[ana.id].visits, facts[eva.id].visits) == (6, 6)


def test_the_audit_names_the_run_before_and_after_and_each_booking(salon: crm.Salon, ana: crm.Customer) -> None:
    before = len(trail(salon))
    report = bring(salon, row(), row(Service="Perm"))
    started, made, ended = trail(salon)[before:]
    run = str(report.import_id)
    assert (started.action, dict(started.details)) == (
        crm.AuditAction.IMPORT_STARTED,
        {"import": run, "system": "till", "kind": "bookings"},
    )
    assert (made.action, made.customer_id, made.details["import"]) == (crm.AuditAction.BOOKING_MADE, ana.id, run)
    assert made.details["booking"] == str(only(salon).id)
    assert (ended.action, ended.details["created"], ended.details["refused"]) == (crm.AuditAction.IMPORT_ENDED, 1, 1)


def test_an_import_that_breaks_off_is_finished_by_running_it_again(
    salon: crm.Salon, ana: crm.Customer, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("salon_crm.use_cases.importing.SLICE", 2)
    rows = [row(Start=f"2026-02-{n + 1:02d} 10:00", Status="done") for n in range(5)]

    def stop(done: int) -> None:
        if done == 4:
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring(salon, *rows, progress=stop)
    assert len(bookings(salon)) == 4
    assert figures(bring(salon, *rows)) == {"created": 1, "unchanged": 4}
    assert crm.verify_facts(salon, OWNER).ok


# ------------------------------------------------------------------------------------ who may


def test_importing_bookings_needs_both_permissions_and_no_transaction(salon: crm.Salon, ana: crm.Customer) -> None:
    for actor in (STAFF, RECEPTIONIST):
        with pytest.raises(crm.NotPermitted):
            crm.import_bookings(salon, actor, records(row()))
    limited = crm.Actor("bea", crm.Role.MANAGER, frozenset({crm.catalogue(salon, OWNER).locations[0].id}))
    with pytest.raises(crm.NotPermitted):
        crm.import_bookings(salon, limited, records(row()))
    with salon.transaction() as tx, pytest.raises(crm.RuleBroken):
        crm.import_bookings(tx, ADMIN, records(row()))
    assert bookings(salon) == []


@pytest.mark.parametrize(
    "options",
    [
        {"overwrite": 1},
        {"dry_run": "yes"},
        {"progress": 3},
        {"format": "xlsx"},
        {"region": "XX"},
        {"date_order": "ydm"},
        {"system": "x" * 200},
        {"status": None},
        {"decimal_sign": 1},
    ],
    ids=str,
)
def test_an_option_that_cannot_be_is_refused_before_anything_is_done(
    salon: crm.Salon, ana: crm.Customer, options: dict[str, Any]
) -> None:
    entries = len(trail(salon))
    with pytest.raises(crm.InvalidValue):
        bring(salon, row(), **options)
    assert len(trail(salon)) == entries


def test_a_report_is_a_document_and_shows_no_value_of_a_row(salon: crm.Salon, ana: crm.Customer) -> None:
    report = bring(salon, row(Start="2025-10-26 01:30"), row(Service="Perm"), row(Start="2025-10-26 01:30"))
    assert crm.from_document(crm.to_document(report)) == report
    assert "Perm" not in repr(report)


def test_a_row_the_file_format_refuses_is_handed_back(salon: crm.Salon, ana: crm.Customer) -> None:
    content = b"client id,service,start\n101,cut,2026-02-02 10:00,more\n101,cut,2026-02-03 10:00\n"
    report = crm.import_bookings(salon, MANAGER, content, system="till")
    assert (figures(report), problems(report)) == ({"created": 1, "refused": 1}, [(2, None, "row-ragged")])
