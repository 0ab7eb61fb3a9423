"""Birthdays whose year may be unknown, one stated order of dates, instants and zones."""

import calendar
import contextlib
from datetime import UTC, date, datetime, timedelta, timezone, tzinfo
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.domain.samples import NOW, TODAY

from salon_crm.domain.dates import (
    DateOrder,
    PartialDate,
    find_zone,
    local_day,
    orders_possible,
    parse_instant,
    parse_past,
    parse_zone,
)
from salon_crm.errors import InvalidValue

DMY, MDY, YMD = DateOrder.DMY, DateOrder.MDY, DateOrder.YMD


def parse(value: object, order: DateOrder | None = None) -> PartialDate:
    return PartialDate.parse(value, "birthday", today=TODAY, order=order)


def refusal(value: object, order: DateOrder | None = None) -> str:
    with pytest.raises(InvalidValue) as caught:
        parse(value, order)
    assert caught.value.field == "birthday"
    return caught.value.code


# ------------------------------------------------------------------------------- birthdays, anniversaries


@given(st.dates(date(1800, 1, 1), TODAY))
def test_a_day_with_its_year_is_written_as_in_iso_8601_and_read_back(day: date) -> None:
    partial = parse(day)
    assert str(partial) == day.isoformat()
    assert parse(str(partial)) == parse(partial) == partial


def test_day_and_month_suffice_for_every_day_of_the_year() -> None:
    for month in range(1, 13):
        for day in range(1, calendar.monthrange(2000, month)[1] + 1):
            partial = PartialDate(month, day)
            assert str(partial) == f"--{month:02d}-{day:02d}"
            assert parse(str(partial)) == partial


def test_a_day_needs_no_leading_zeros() -> None:
    assert parse("1990-5-7") == PartialDate(5, 7, 1990)
    assert parse("--5-7") == PartialDate(5, 7)


def test_29_february_is_a_birthday_without_a_year_and_in_leap_years_only() -> None:
    assert parse("--02-29") == PartialDate(2, 29)
    assert parse("2000-02-29") == PartialDate(2, 29, 2000)
    assert refusal("1900-02-29") == refusal("1990-02-29") == refusal("--02-30") == "date-invalid"


def test_the_year_is_never_in_the_future() -> None:
    assert parse(TODAY) == PartialDate(6, 15, 2026)
    assert refusal(TODAY + timedelta(days=1)) == refusal("2027-01-01") == refusal("9999-12-31") == "date-in-future"
    assert refusal(PartialDate(1, 1, 2027)) == "date-in-future"


def test_a_year_before_1800_is_a_slip() -> None:
    assert parse("1800-01-01") == PartialDate(1, 1, 1800)
    assert refusal("1799-12-31") == refusal(date.min) == "number-out-of-range"


def test_a_year_of_two_digits_is_refused_because_it_could_be_of_two_centuries() -> None:
    for text in ("90-05-17", "17/05/90", "05/17/90", "17 May 90", "May 17, 90"):
        for order in (None, *DateOrder):
            assert refusal(text, order) == "date-invalid"


@pytest.mark.parametrize("value", [datetime(1990, 5, 17), NOW, 19900517, 5, True, None, ["1990-05-17"], b"1990-05-17"])
def test_what_is_no_day_is_refused(value: object) -> None:
    assert refusal(value) == "wrong-type"


@pytest.mark.parametrize(
    "text",
    "|1990|May|1990-05|1990-13-01|1990-00-10|1990-05-32|0000-01-01|10000-01-01|--13-01|-05-17|---05-17|05-17|29/02|today"
    "|tomorrow|19900517|1990-W20-4|1990/05/17|01/02/2003|１９９０-05-17|1990-05-17T13:00|{}|%s|NaN|1e3|1990-05-17;".split(
        "|"
    ),
)
def test_without_a_stated_order_only_iso_dates_and_named_months_are_read(text: str) -> None:
    assert refusal(text) == "date-invalid"


@pytest.mark.parametrize("tail", ["T00:00:00", " 00:00", "T00:00:00Z", " 00:00:00.000"])
def test_midnight_behind_a_date_is_what_a_spreadsheet_adds(tail: str) -> None:
    assert parse("1990-05-17" + tail) == PartialDate(5, 17, 1990)
    assert parse("17/05/1990" + tail, DMY) == PartialDate(5, 17, 1990)


# --------------------------------------------------------------------------------------- stated orders


@pytest.mark.parametrize(
    ("text", "order", "day"),
    [
        ("01/02/2003", DMY, "2003-02-01"),
        ("01/02/2003", MDY, "2003-01-02"),
        ("2003/02/01", YMD, "2003-02-01"),
        ("1.2.2003", DMY, "2003-02-01"),
        ("1. 2. 2003", DMY, "2003-02-01"),
        ("01 02 2003", DMY, "2003-02-01"),
        ("01-02-2003", DMY, "2003-02-01"),
        ("01-02-2003", MDY, "2003-01-02"),
        ("1/2", DMY, "--02-01"),
        ("1/2", MDY, "--01-02"),
        ("1/2", YMD, "--01-02"),
        ("01.02.", DMY, "--02-01"),
        ("01-02", DMY, "--02-01"),
        ("01-02", MDY, "--01-02"),
        ("29/2", DMY, "--02-29"),
        ("1990-05-17", DMY, "1990-05-17"),
        ("--05-06", DMY, "--05-06"),
    ],
)
def test_a_date_is_read_in_the_stated_order_and_iso_dates_in_their_own(text: str, order: DateOrder, day: str) -> None:
    assert str(parse(text, order)) == day


@pytest.mark.parametrize(
    ("text", "order"),
    [
        ("13/02/2003", MDY),
        ("02/13/2003", DMY),
        ("2003/02/01", DMY),
        ("01/02/2003", YMD),
        ("13/2", MDY),
        ("2/13", DMY),
        ("29/02/2001", DMY),
        ("31/04/1990", DMY),
        ("1/2003/2", DMY),
        ("003/02/01", YMD),
        ("1990-17-05", DMY),
        ("17/05/1990 13:00", DMY),
    ],
)
def test_a_date_that_does_not_fit_the_stated_order_is_refused_and_never_turned_round(
    text: str, order: DateOrder
) -> None:
    assert refusal(text, order) == "date-invalid"


@given(st.dates(date(1800, 1, 1), TODAY), st.sampled_from("/.- "))
def test_every_order_reads_what_was_written_in_it(day: date, between: str) -> None:
    for order, parts in ((DMY, "%d %m %Y"), (MDY, "%m %d %Y"), (YMD, "%Y %m %d")):
        assert parse(day.strftime(parts.replace(" ", between)), order) == parse(day)


@given(st.dates(date(1800, 1, 1), TODAY), st.sampled_from(["%d/%m/%Y", "%m/%d/%Y", "%Y/%m/%d", "%d.%m.", "%m/%d"]))
def test_a_file_proves_its_order_by_dates_that_only_one_order_can_read(day: date, written: str) -> None:
    text = day.strftime(written)
    possible = orders_possible(text)
    readings: dict[DateOrder, PartialDate] = {}
    for order in (DMY,) if "." in written else DateOrder if "%Y" in written else (DMY, MDY):
        with contextlib.suppress(InvalidValue):
            readings[order] = PartialDate.parse(text, "birthday", today=date.max, order=order)
    if len(set(readings.values())) > 1 or len(readings) == 1:
        assert possible == set(readings)
    else:
        assert possible == set(DateOrder)


@pytest.mark.parametrize("text", ["1990-05-17", "--05-17", "17 May 1990", "", "nonsense", "5/5/2005"])
def test_text_that_every_order_reads_alike_proves_nothing(text: str) -> None:
    assert orders_possible(text) == set(DateOrder)


# ---------------------------------------------------------------------------------------- named months


@pytest.mark.parametrize(
    "text",
    "17 May 1990|May 17, 1990|17-May-1990|17.May.1990|17th of May 1990|1990 May 17|May-17-1990|Thu 17 May 1990"
    "|17 MAY 1990|17 May 1990 00:00".split("|"),
)
def test_a_named_month_can_be_read_in_one_way_only(text: str) -> None:
    for order in (None, *DateOrder):
        assert parse(text, order) == PartialDate(5, 17, 1990)


@pytest.mark.parametrize(
    "text",
    "May 1990|17 May|Friday 1990|17 maio 1990|31 June 1990|32 May 1990|17 May 1990 or so|10 10 1990 May|1 Jan 1 1990"
    "|17 May 1990 10:00|31 Dec 1990 23:59|17 May 1990 10pm|May 1990 17 17|17 May 1990 +05:00|May May 1990".split("|"),
)
def test_a_named_date_with_a_part_missing_doubled_or_beside_the_point_is_refused(text: str) -> None:
    assert refusal(text) == "date-invalid"


@given(st.text() | st.from_regex(r"[0-9A-Za-z ,./:+-]{0,30}", fullmatch=True))
@example("1 Jan 0001 99999999999999999999")
@example("Jan 1990 1" + "0" * 25)
@example("May 1990 1e400")
def test_no_text_brings_any_other_error_than_a_refusal(text: str) -> None:
    for order in (None, *DateOrder):
        orders_possible(text)
        try:
            parse(text, order)
        except InvalidValue as problem:
            assert problem.field == "birthday"


@given(st.integers(-100, 100_000), st.integers(-100, 100_000), st.none() | st.integers(-1, 10**20))
@example(2, 29, 1900)
def test_a_day_that_is_not_in_the_calendar_cannot_be_made(month: int, day: int, year: int | None) -> None:
    try:
        made = PartialDate(month, day, year)
    except InvalidValue as problem:
        assert problem.code == "date-invalid"
    else:
        assert parse(f"2000-{made.month}-{made.day}") == PartialDate(made.month, made.day, 2000)


# --------------------------------------------------------------------------------- instants and zones


@pytest.mark.parametrize("name", ["Europe/Lisbon", "UTC", "America/New_York", "Asia/Kathmandu"])
def test_a_zone_is_kept_by_its_name(name: str) -> None:
    assert parse_zone(name, "zone") == name
    assert find_zone(name) is find_zone(name)


@pytest.mark.parametrize(
    "name",
    [
        "",
        "Lisbon",
        "Europe",
        "Europe/",
        "../etc/passwd",
        "/etc/passwd",
        "Europe/Lis\0bon",
        "\ud800",
        "x" * 5_000,
        None,
        1,
        UTC,
    ],
)
def test_what_is_no_zone_is_refused(name: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_zone(name, "zone")
    assert (caught.value.code, caught.value.field) == ("zone-unknown", "zone")


@given(st.text(st.characters(codec=None)))
def test_no_text_for_a_zone_brings_any_other_error(name: str) -> None:
    try:
        parse_zone(name, "zone")
    except InvalidValue as problem:
        assert problem.code == "zone-unknown"


def test_the_day_depends_on_the_zone() -> None:
    late = datetime(2026, 6, 15, 23, 30, tzinfo=UTC)
    assert local_day(late, "UTC") == date(2026, 6, 15)
    assert local_day(late, "Europe/Lisbon") == date(2026, 6, 16)
    assert local_day(late, "America/New_York") == date(2026, 6, 15)


def test_an_instant_is_kept_in_utc() -> None:
    instant = parse_instant(datetime(2026, 6, 15, 10, 30, tzinfo=ZoneInfo("Europe/Lisbon")), "at")
    assert (instant, instant.tzinfo) == (NOW, UTC)


@pytest.mark.parametrize(
    ("value", "code"),
    [
        (datetime(2026, 6, 15), "instant-naive"),
        (date(2026, 6, 15), "wrong-type"),
        ("2026-06-15T00:00Z", "wrong-type"),
        (0, "wrong-type"),
        (datetime.min.replace(tzinfo=timezone(timedelta(hours=14))), "number-out-of-range"),
        (datetime.max.replace(tzinfo=timezone(timedelta(hours=-12))), "number-out-of-range"),
    ],
)
def test_an_instant_without_a_zone_is_no_instant(value: object, code: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_instant(value, "at")
    assert (caught.value.code, caught.value.field) == (code, "at")


def test_what_happened_did_not_happen_in_the_future() -> None:
    assert parse_past(None, "at", now=NOW) == parse_past(NOW, "at", now=NOW) == NOW
    with pytest.raises(InvalidValue) as caught:
        parse_past(NOW + timedelta(microseconds=1), "at", now=NOW)
    assert caught.value.code == "instant-in-future"


class Broken(tzinfo):
    """A time zone of a host that fails when it is asked."""

    def utcoffset(self, _: datetime | None) -> timedelta:
        raise RuntimeError("secret")

    def dst(self, _: datetime | None) -> None:
        return None

    def tzname(self, _: datetime | None) -> None:
        return None


def test_a_time_zone_that_fails_is_a_wrong_type() -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_instant(datetime(2026, 6, 15, tzinfo=Broken()), "added")
    assert (caught.value.code, caught.value.field) == ("wrong-type", "added")
