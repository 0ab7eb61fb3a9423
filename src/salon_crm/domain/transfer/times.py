"""Days and times of day in the cells of a list, and the instants they mean where the clock hangs."""

import re
from datetime import UTC, date, datetime, time, timedelta
from functools import lru_cache
from typing import Final, NamedTuple

from salon_crm.domain.dates import DateOrder, PartialDate, find_zone
from salon_crm.errors import InvalidValue

_TIME: Final = re.compile(
    r"(?P<hour>\d{1,2})(?:[:.h](?P<minute>\d{2})(?:[:.](?P<second>\d{2})(?:[.,]\d+)?)?)?\s?"
    r"(?P<half>[ap]\.?\s?m\.?)?\s?(?:h|uhr|hrs|o'clock)?\s?(?P<offset>z|utc|gmt|[+-]\d{2}:?\d{2})?",
    re.ASCII | re.IGNORECASE,
)
_DAY_AND_TIME: Final = re.compile(
    r"(?P<day>.*?\d.*?)(?:T|,\s*|\s+(?:at\s+|um\s+|-\s+|a las\s+|as\s+)?)"
    r"(?P<time>\d{1,2}(?:[:.h]\d{2}(?:[:.]\d{2}(?:[.,]\d+)?)?\s?(?:[ap]\.?\s?m\.?)?|\s?[ap]\.?\s?m\.?)"
    r"\s?(?:h|uhr|hrs)?\s?(?:z|utc|gmt|[+-]\d{2}:?\d{2})?)",
    re.ASCII | re.IGNORECASE,
)
_LONGEST: Final = 60
_NOON: Final = 12
_ANY_DAY: Final = date.max


class WrittenTime(NamedTuple):
    """A time as a list has it: a day, a time of that day, and the offset from UTC where one is stated."""

    day: date
    time: time
    offset: timedelta | None = None


class Instant(NamedTuple):
    """What a written time means, in UTC, and whether the clock showed it twice, of which it is the first."""

    at: datetime
    twice: bool = False


def day_part(text: str) -> str:
    """Return what a cell says of the day, without the time of day that may follow; nothing where it is a time alone."""
    if is_clock(text):
        return ""
    found = _DAY_AND_TIME.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    return text if found is None else found["day"]


def parse_written(text: str, name: str, order: DateOrder | None) -> WrittenTime:
    """Return the day and the time that one cell states; raises InvalidValue naming the field ``name``."""
    found = _DAY_AND_TIME.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    if found is None:
        parse_day(text, name, order)  # no day at all is said as such
        raise InvalidValue("time-needed", field=name)
    day = parse_day(found["day"], name, order)
    clock, offset = parse_clock(found["time"], name)
    return WrittenTime(day, clock, offset)


def parse_day(text: str, name: str, order: DateOrder | None) -> date:
    """Return the day that a cell states, with its year; raises InvalidValue naming the field ``name``."""
    day = _parse_day(text.strip(), order) if len(text) <= _LONGEST else None
    if day is None:
        raise InvalidValue("day-invalid", field=name)
    return day


@lru_cache(maxsize=4_096)  # a list says the same few hundred days many times
def _parse_day(text: str, order: DateOrder | None) -> date | None:
    try:
        parsed = PartialDate.parse(text, "day", today=_ANY_DAY, order=order)
    except InvalidValue:
        return None
    return None if parsed.year is None else date(parsed.year, parsed.month, parsed.day)


def is_clock(text: str) -> bool:
    """Return whether a cell states a time of day and nothing else."""
    found = _TIME.fullmatch(text.strip()) if len(text) <= _LONGEST else None
    return found is not None and (found["minute"] is not None or found["half"] is not None)


def parse_clock(text: str, name: str) -> tuple[time, timedelta | None]:
    """Return the time of day that a cell states, and the offset from UTC where it states one.

    Raises InvalidValue naming the field ``name``.
    """
    read = _parse_clock(text.strip()) if is_clock(text) else None
    if read is None:
        raise InvalidValue("time-invalid", field=name)
    return read


@lru_cache(maxsize=4_096)
def _parse_clock(text: str) -> tuple[time, timedelta | None] | None:
    found = _TIME.fullmatch(text)
    if found is None:
        return None
    hour, half = int(found["hour"]), (found["half"] or "")[:1].lower()
    if half and not 1 <= hour <= _NOON:
        return None
    if half:
        hour = hour % _NOON + (_NOON if half == "p" else 0)
    try:
        clock = time(hour, int(found["minute"] or 0), int(found["second"] or 0))
    except ValueError:
        return None
    return clock, _offset(found["offset"])


def _offset(text: str | None) -> timedelta | None:
    if text is None:
        return None
    if text[0] not in "+-":
        return timedelta(0)
    digits = text[1:].replace(":", "")
    size = timedelta(hours=int(digits[:2]), minutes=int(digits[2:]))
    return -size if text[0] == "-" else size


def instant_of(written: WrittenTime, zone: str, name: str) -> Instant:
    """Return the instant at which the clock of ``zone`` shows a written time, or at its stated offset.

    Of a time that the clock showed twice, in autumn, it is the first. Raises InvalidValue naming the field
    ``name`` for one that it never showed, in spring, and at either end of the calendar.
    """
    try:
        if written.offset is not None:
            naive = datetime.combine(written.day, written.time, UTC)
            return Instant(naive - written.offset)
        return _shown_at(written.day, written.time, zone, name)
    except OverflowError:
        raise InvalidValue("day-invalid", field=name) from None


def _shown_at(day: date, clock: time, zone: str, name: str) -> Instant:
    local = datetime.combine(day, clock, find_zone(zone))
    first = local.astimezone(UTC)
    if local.utcoffset() == local.replace(fold=1).utcoffset():
        return Instant(first)
    if first.astimezone(local.tzinfo).replace(tzinfo=None, fold=0) != local.replace(tzinfo=None):
        raise InvalidValue("time-skipped", field=name)
    return Instant(first, twice=True)


def second_of(written: WrittenTime, zone: str) -> datetime:
    """Return the second instant, in UTC, at which the clock of ``zone`` shows a time that it shows twice."""
    return datetime.combine(written.day, written.time, find_zone(zone)).replace(fold=1).astimezone(UTC)


_MINUTES: Final = re.compile(
    r"(\d{1,4})\s?(?:m|min|mins|minutes?|minuten|minutos?|minuti)?\.?", re.ASCII | re.IGNORECASE
)
_HOURS: Final = re.compile(
    r"(\d{1,2})\s?(?::|h|hrs?|hours?|std|stunden?|heures?|horas?|ore)\.?\s?(?:(\d{1,2})\s?(?:m|min|mins|minutes?)?\.?)?",
    re.ASCII | re.IGNORECASE,
)


@lru_cache(maxsize=1_024)
def parse_minutes(text: str, name: str) -> int:
    """Return the minutes that a cell states, such as 45, 45 min, 1:30 or 1h 30; raises InvalidValue."""
    text = text.strip()
    if len(text) <= _LONGEST:
        if found := _MINUTES.fullmatch(text):
            return int(found[1])
        if found := _HOURS.fullmatch(text):
            return 60 * int(found[1]) + int(found[2] or 0)
    raise InvalidValue("duration-invalid", field=name)
