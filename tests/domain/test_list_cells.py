"""Times, lengths and amounts in the cells of a list: what is written is read back, hostile text is refused fast."""

from datetime import UTC, date, datetime, time, timedelta
from time import perf_counter
from typing import Any
from zoneinfo import ZoneInfo

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from salon_crm.domain.dates import DateOrder
from salon_crm.domain.money import EXPONENTS, Money
from salon_crm.domain.transfer.amounts import DecimalSign, parse_amount, signs_possible
from salon_crm.domain.transfer.times import (
    WrittenTime,
    day_part,
    instant_of,
    is_clock,
    parse_clock,
    parse_minutes,
    parse_written,
    second_of,
)
from salon_crm.errors import InvalidValue

ZONES = ["Europe/Lisbon", "America/New_York", "Australia/Lord_Howe", "Asia/Kathmandu", "Africa/Casablanca"]
days = st.dates(date(1990, 1, 1), date(2037, 12, 31))
minutes = st.times().map(lambda each: each.replace(second=0, microsecond=0))


@given(
    days, minutes, st.sampled_from(["%Y-%m-%d %H:%M", "%Y-%m-%dT%H:%M:%S", "%d/%m/%Y %I:%M %p", "%d.%m.%Y, %H:%M Uhr"])
)
def test_what_is_written_is_read_back(day: date, clock: time, form: str) -> None:
    text = datetime.combine(day, clock).strftime(form)
    assert parse_written(text, "start", DateOrder.DMY) == WrittenTime(day, clock)
    assert parse_written(day_part(text) + clock.strftime(" %H:%M"), "start", DateOrder.DMY).day == day
    assert not is_clock(text)


@given(days, minutes, st.integers(-14 * 60, 14 * 60))
def test_a_stated_offset_is_obeyed(day: date, clock: time, offset: int) -> None:
    sign, size = "-" if offset < 0 else "+", abs(offset)
    text = f"{day}T{clock:%H:%M}{sign}{size // 60:02d}:{size % 60:02d}"
    instant = instant_of(parse_written(text, "start", None), "Europe/Lisbon", "start")
    assert instant.at == datetime.combine(day, clock, UTC) - timedelta(minutes=offset)
    assert not instant.twice


@given(st.sampled_from(ZONES), st.datetimes(datetime(1990, 1, 1), datetime(2037, 12, 31)))
def test_every_instant_is_the_first_at_which_its_clock_shows_its_time(zone: str, moment: datetime) -> None:
    at = moment.replace(tzinfo=UTC, microsecond=0)
    shown = at.astimezone(ZoneInfo(zone))
    written = WrittenTime(shown.date(), shown.time())
    found = instant_of(written, zone, "start")
    assert found.at.astimezone(ZoneInfo(zone)).replace(tzinfo=None, fold=0) == shown.replace(tzinfo=None, fold=0)
    assert at == (second_of(written, zone) if shown.fold else found.at)
    assert found.twice == (second_of(written, zone) != found.at)


@pytest.mark.parametrize(
    ("zone", "day", "clock"),
    [
        ("Europe/Lisbon", date(2026, 3, 29), time(1, 0)),
        ("Europe/Lisbon", date(2026, 3, 29), time(1, 59)),
        ("America/New_York", date(2026, 3, 8), time(2, 30)),
        ("Australia/Lord_Howe", date(2026, 10, 4), time(2, 15)),
    ],
)
def test_a_time_that_the_clock_never_showed_is_refused(zone: str, day: date, clock: time) -> None:
    with pytest.raises(InvalidValue) as caught:
        instant_of(WrittenTime(day, clock), zone, "start")
    assert (caught.value.code, caught.value.field) == ("time-skipped", "start")


@pytest.mark.parametrize("day", [date.min, date.max])
def test_the_ends_of_the_calendar_are_no_days_of_a_booking(day: date) -> None:
    for offset in (timedelta(hours=14), timedelta(hours=-14)):
        written = WrittenTime(day, time(0) if day == date.min else time(23), offset)
        try:
            instant_of(written, "Pacific/Kiritimati", "start")
        except InvalidValue as problem:
            assert problem.code == "day-invalid"


@pytest.mark.parametrize(
    ("text", "clock"),
    [
        ("9:05", time(9, 5)),
        ("9h05", time(9, 5)),
        ("09.05 Uhr", time(9, 5)),
        ("12:00 am", time(0)),
        ("12 pm", time(12)),
        ("11:59 p.m.", time(23, 59)),
        ("23:59:58.123", time(23, 59, 58)),
    ],
)
def test_a_time_of_day_is_read_as_people_write_it(text: str, clock: time) -> None:
    assert parse_clock(text, "time") == (clock, None)


@pytest.mark.parametrize("text", ["", "9", "24:00", "9:60", "13:00 am", "0 pm", "noon", "9:05x", "٩:٠٥"])
def test_what_is_no_time_of_day_is_refused(text: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_clock(text, "time")
    assert caught.value.code == "time-invalid"


@given(st.integers(0, 9_999))
def test_minutes_are_read_back(count: int) -> None:
    assert parse_minutes(f"{count}", "duration") == parse_minutes(f" {count} min ", "duration") == count
    if count < 6_000:
        assert parse_minutes(f"{count // 60}:{count % 60:02d}", "duration") == count


amounts = st.integers(0, 10**11)


@given(amounts, st.sampled_from(sorted(EXPONENTS)), st.sampled_from(DecimalSign), st.booleans())
def test_an_amount_is_read_back_by_its_own_sign(minor: int, currency: str, sign: DecimalSign, grouped: bool) -> None:
    money = Money(minor, currency)
    group = ("," if sign is DecimalSign.POINT else ".") if grouped else ""
    text = f"{money.amount:,}".translate({ord(","): group, ord("."): sign.value})
    assert parse_amount(f"{text} {currency}", "price", currency=currency, sign=sign) == money
    possible = signs_possible(text, currency)
    assert sign in possible
    if None in possible:  # it makes no difference
        assert parse_amount(text, "price", currency=currency, sign=None) == money


NO_AMOUNTS = "€|1,2,3|1.2.3|12,,5|1..|--5|1e5|NaN|½|١٢|1 2|2x25|2 x 25|30 min|about 5|5 EUR USD|12kr50".split("|")


@pytest.mark.parametrize("text", ["", *NO_AMOUNTS, "9" * 41])
@pytest.mark.parametrize("sign", [*DecimalSign, None])
def test_what_is_no_amount_is_refused(text: str, sign: DecimalSign | None) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_amount(text, "price", currency="EUR", sign=sign)
    assert (caught.value.code, caught.value.field) == ("money-invalid", "price")


@pytest.mark.parametrize(
    "text", ["12,50", "€12,50", "12,50 €", "EUR 12,50", "12,50 eur", "12,5", "kr 12,50", "12,50 SFr", "+12,50"]
)
def test_an_amount_may_have_its_currency_beside_it(text: str) -> None:
    assert parse_amount(text, "price", currency="EUR", sign=DecimalSign.COMMA) == Money(1_250, "EUR")


def test_a_round_amount_may_end_in_a_dash() -> None:
    assert parse_amount("12,- €", "price", currency="EUR", sign=DecimalSign.COMMA) == Money(1_200, "EUR")
    with pytest.raises(InvalidValue) as caught:
        parse_amount("£12", "price", currency="EUR", sign=None)
    assert caught.value.code == "money-mixed"


def read_all(text: str) -> None:
    """Read a cell in every way there is; nothing but a problem of a field may come of it."""
    for read in (
        lambda: parse_written(text, "start", DateOrder.DMY),
        lambda: parse_clock(text, "time"),
        lambda: parse_minutes(text, "duration"),
        lambda: parse_amount(text, "price", currency="EUR", sign=None),
    ):
        call: Any = read
        try:
            call()
        except InvalidValue as problem:
            assert problem.field
    signs_possible(text, "EUR")
    day_part(text)


@example("9" * 30 + ".5")
@given(st.text(max_size=60) | st.text("0123456789.,:/- ampEUR€$'", max_size=60))
def test_no_cell_brings_another_error_down(text: str) -> None:
    read_all(text)


@pytest.mark.parametrize(
    "text", ["1" * 100_000, "1 " * 50_000, "," * 100_000, "12:" * 30_000, "a1 " * 30_000, " " * 99_999 + "x"]
)
def test_hostile_cells_take_no_time(text: str) -> None:
    begun = perf_counter()
    test_no_cell_brings_another_error_down.hypothesis.inner_test(text)  # type: ignore[attr-defined]  # what @given wraps
    assert perf_counter() - begun < 0.5
