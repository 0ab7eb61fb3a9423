"""Days, instants and zones: partial dates of birth, one stated order per file, UTC at the bottom."""

import re
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from functools import lru_cache
from typing import Final
from zoneinfo import ZoneInfo

from attrs import field, frozen

from salon_crm.domain.privacy import IDENTITY, classed
from salon_crm.errors import InvalidValue

_ISO_DATE: Final = re.compile(r"(\d{4})-(\d{1,2})-(\d{1,2})", re.ASCII)
_ISO_DAY: Final = re.compile(r"--(\d{1,2})-(\d{1,2})", re.ASCII)
_NUMBERS: Final = re.compile(r"(\d{1,4})[./\- ]\s?(\d{1,2})[./\- ]\s?(\d{1,4})\.?", re.ASCII)
_DAY_NUMBERS: Final = re.compile(r"(\d{1,2})[./\-](\d{1,2})\.?", re.ASCII)
_MIDNIGHT: Final = re.compile(r"[T ]00:00(:00(\.0+)?)?Z?$", re.ASCII)
_LEAP_YEAR: Final = 2000
_FIRST_YEAR: Final = 1800
_LONGEST_DATE: Final = 40


class DateOrder(StrEnum):
    """The order the dates of a file are written in."""

    DMY = "dmy"
    MDY = "mdy"
    YMD = "ymd"


_ALL_ORDERS: Final = frozenset(DateOrder)


@frozen(field_transformer=classed)
class PartialDate:
    """A day of the calendar whose year may be unknown: a birthday, an anniversary.

    Its text is ISO 8601 with a year (``1990-05-17``) and ``--05-17`` without, as in vCard.
    """

    month: int = field(metadata=IDENTITY)
    day: int = field(metadata=IDENTITY)
    year: int | None = field(default=None, metadata=IDENTITY)

    def __attrs_post_init__(self) -> None:
        try:
            date(_LEAP_YEAR if self.year is None else self.year, self.month, self.day)
        except (ValueError, TypeError, OverflowError):
            raise InvalidValue("date-invalid") from None

    def __str__(self) -> str:
        day = f"{self.month:02d}-{self.day:02d}"
        return f"--{day}" if self.year is None else f"{self.year:04d}-{day}"

    @classmethod
    def parse(cls, value: object, field: str, *, today: date, order: DateOrder | None = None) -> "PartialDate":
        """Return the day that ``value`` states: a date, a PartialDate, or text in ISO form or the stated ``order``.

        Raises InvalidValue naming ``field`` for what is no day of the calendar, lies after ``today`` or
        before the year 1800, or is written in an order that was not stated.
        """
        parsed = _partial_date(value, field, order)
        if parsed.year is not None:
            if date(parsed.year, parsed.month, parsed.day) > today:
                raise InvalidValue("date-in-future", field=field)
            if parsed.year < _FIRST_YEAR:
                raise InvalidValue("number-out-of-range", field=field, low=_FIRST_YEAR, high=today.year)
        return parsed


def _partial_date(value: object, field: str, order: DateOrder | None) -> PartialDate:
    if isinstance(value, PartialDate):
        return value
    if isinstance(value, datetime):
        raise InvalidValue("wrong-type", field=field, expected="a date without a time")
    if isinstance(value, date):
        return PartialDate(value.month, value.day, value.year)
    if not isinstance(value, str):
        raise InvalidValue("wrong-type", field=field, expected="a date, or its text such as 1990-05-17 or --05-17")
    try:
        parts = _date_parts(value.strip(), order)
        return PartialDate(**parts)
    except InvalidValue:
        raise InvalidValue("date-invalid", field=field) from None


def _date_parts(text: str, order: DateOrder | None) -> dict[str, int]:
    found = _ISO_DATE.fullmatch(text)
    if not found:
        text = _MIDNIGHT.sub("", text)
        found = _ISO_DATE.fullmatch(text)
    if found:
        year, month, day = map(int, found.groups())
        return {"year": year, "month": month, "day": day}
    if found := _ISO_DAY.fullmatch(text):
        month, day = map(int, found.groups())
        return {"month": month, "day": day}
    if order is not None:
        if found := _NUMBERS.fullmatch(text):
            return _in_order(found.groups(), order)
        if found := _DAY_NUMBERS.fullmatch(text):
            first, second = map(int, found.groups())
            return {"day": first, "month": second} if order is DateOrder.DMY else {"month": first, "day": second}
    return _named_month(text)


def _in_order(numbers: tuple[str, ...], order: DateOrder) -> dict[str, int]:
    parts = dict(zip(({"d": "day", "m": "month", "y": "year"}[letter] for letter in order), numbers, strict=True))
    if len(parts["year"]) != len("2000"):  # a year of two digits is a guess between two centuries
        raise InvalidValue("date-invalid")
    return {name: int(number) for name, number in parts.items()}


def _named_month(text: str) -> dict[str, int]:
    """Read ``17 May 1990`` and its like, which no order can change; every part must be there, and no time."""
    from dateutil.parser import ParserError, parse  # 38 ms, and most files never need it

    if len(text) > _LONGEST_DATE or not re.search(r"[^\W\d_]{3}", text) or not re.search(r"\b\d{4}\b", text):
        raise InvalidValue("date-invalid")
    readings: set[datetime] = set()
    for default in (datetime(_LEAP_YEAR, 1, 1), datetime(_LEAP_YEAR, 2, 2)):  # noqa: DTZ001 -- a day has no zone
        try:
            readings.add(parse(text, default=default))
        except (ParserError, OverflowError):
            raise InvalidValue("date-invalid") from None
    day, *others = readings
    if others:  # a part was missing, and the parser filled it in from the default
        raise InvalidValue("date-invalid")
    if day.time() != time.min:
        raise InvalidValue("date-invalid")
    return {"year": day.year, "month": day.month, "day": day.day}


def orders_possible(text: str) -> frozenset[DateOrder]:
    """Return the orders in which a written date is a day of the calendar; all of them where it does not matter.

    A day and a month alone are in one of the two orders that have no year in front; dots are written with the
    day before the month.
    """
    text = text.strip()
    if _ISO_DATE.fullmatch(text):
        return _ALL_ORDERS
    text = _MIDNIGHT.sub("", text)
    if _ISO_DATE.fullmatch(text) or not (_NUMBERS.fullmatch(text) or _DAY_NUMBERS.fullmatch(text)):
        return _ALL_ORDERS
    readings: dict[DateOrder, PartialDate] = {}
    orders = (DateOrder.DMY, DateOrder.MDY) if _DAY_NUMBERS.fullmatch(text) else tuple(DateOrder)
    for order in orders:
        if "." in text and order is DateOrder.MDY:
            continue
        try:
            readings[order] = PartialDate(**_date_parts(text, order))
        except InvalidValue:
            continue
    return frozenset(readings) if len(set(readings.values())) > 1 or len(readings) == 1 else _ALL_ORDERS


@lru_cache(maxsize=1_024)
def find_zone(name: str) -> ZoneInfo:
    """Return the time zone of the IANA database called ``name``; raises InvalidValue."""
    try:
        return ZoneInfo(name)
    except (KeyError, ValueError, OSError):  # unknown, no path of ours, a folder of the database
        raise InvalidValue("zone-unknown") from None


def parse_zone(value: object, field: str) -> str:
    """Return the name of a time zone as it is kept; raises InvalidValue naming ``field``."""
    if not isinstance(value, str) or len(value) > _LONGEST_DATE:
        raise InvalidValue("zone-unknown", field=field)
    try:
        find_zone(value)
    except InvalidValue as error:
        raise InvalidValue(error.code, field=field) from None
    return value


def local_day(instant: datetime, zone: str) -> date:
    """Return the day it is in ``zone`` at ``instant``."""
    return instant.astimezone(find_zone(zone)).date()


def start_of_day(day: date, zone: str, name: str, *, after: int = 0) -> datetime:
    """Return the first instant, in UTC, of the local day that is ``after`` days after ``day``.

    Where midnight does not exist it is the instant midnight was skipped at. Raises InvalidValue naming the
    field ``name`` for a day at either end of the calendar.
    """
    try:
        midnight = datetime.combine(day + timedelta(days=after), time(0), find_zone(zone))
        return midnight.astimezone(UTC)
    except OverflowError:
        raise InvalidValue("number-out-of-range", field=name, low="0001-01-03", high="9999-12-29") from None


def end_of_day(day: date, zone: str, name: str) -> datetime:
    """Return the last microsecond, in UTC, of a local day; raises InvalidValue as `start_of_day`."""
    return start_of_day(day, zone, name, after=1) - timedelta(microseconds=1)


def parse_day(value: object, field: str) -> date:
    """Return a day as it is given; raises InvalidValue naming ``field`` for what is none, or has a time."""
    if not isinstance(value, date) or isinstance(value, datetime):
        raise InvalidValue("wrong-type", field=field, expected="a date without a time")
    return value


def months_after(day: date, count: int) -> date:
    """Return the day ``count`` months after ``day``, or before it below zero: the last of a month that is too short.

    Raises InvalidValue beyond the calendar.
    """
    from dateutil.relativedelta import relativedelta  # which most of what is done with days does without

    try:
        return day + relativedelta(months=count)
    except (OverflowError, ValueError):
        raise InvalidValue("number-out-of-range", low="0001-01-01", high="9999-12-31") from None


def in_utc(instant: datetime) -> datetime:
    """Return the same instant in UTC, as nearly all are that we keep."""
    return instant if instant.tzinfo is UTC else instant.astimezone(UTC)


def parse_instant(value: object, field: str) -> datetime:
    """Return ``value`` in UTC; raises InvalidValue for what is no datetime or has no zone."""
    if not isinstance(value, datetime):
        raise InvalidValue("wrong-type", field=field, expected="a datetime with tzinfo")
    try:
        if value.tzinfo is None or value.utcoffset() is None:
            raise InvalidValue("instant-naive", field=field)
        return value.astimezone(UTC)
    except InvalidValue:
        raise
    except OverflowError:
        raise InvalidValue("number-out-of-range", field=field, low="year 1", high="year 9999") from None
    except Exception:  # noqa: BLE001 -- whatever a host's own tzinfo raises
        raise InvalidValue("wrong-type", field=field, expected="a datetime with tzinfo") from None


def parse_past(value: object, field: str, *, now: datetime) -> datetime:
    """Return when a thing happened, in UTC: ``now`` where ``value`` is None.

    Raises InvalidValue for the future, and for what was before the year 1800.
    """
    if value is None:
        return now
    instant = parse_instant(value, field)
    if instant > now:
        raise InvalidValue("instant-in-future", field=field)
    if instant.year < _FIRST_YEAR:
        raise InvalidValue("number-out-of-range", field=field, low=f"{_FIRST_YEAR}-01-01", high="now")
    return instant
