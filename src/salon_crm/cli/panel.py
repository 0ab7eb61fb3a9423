"""The filter panel as options of `find`: what customers booked, when, and how often they came."""

import argparse
import re
from datetime import date
from typing import Final

from salon_crm.domain.bookings import BookingStatus
from salon_crm.domain.criteria import ACTIVE, AllOf, CriteriaLike, CustomerFilter, RelativeDay, parse_criteria
from salon_crm.errors import InvalidValue
from salon_crm.ports.salon import Salon

_DAYS_AGO: Final = re.compile(r"(\d{1,5})d", re.ASCII)


def add_panel(parser: argparse.ArgumentParser) -> None:
    """Add the options of the panel; what is named is a code of the catalogue, or an id."""
    panel = parser.add_argument_group("the filter panel", "codes of the catalogue, or ids; all options hold together")
    panel.add_argument(
        "--booked-type",
        action="append",
        metavar="CODE",
        help="booked a service of this type; or of another, where repeated",
    )
    panel.add_argument(
        "--booked", action="append", metavar="CODE", help="booked this service; or another, where repeated"
    )
    panel.add_argument(
        "--never-booked-type", action="append", metavar="CODE", help="never booked a service of this type"
    )
    panel.add_argument("--never-booked", action="append", metavar="CODE", help="never booked this service")
    panel.add_argument("--package", metavar="CODE", help="bought this package, booked with it, or was given it")
    panel.add_argument("--start", type=parse_day, metavar="DAY", help="bookings from this day on, 2026-01-31")
    panel.add_argument("--end", type=parse_day, metavar="DAY", help="bookings up to this day")
    panel.add_argument("--booking-status", choices=[*BookingStatus, ACTIVE])
    panel.add_argument("--location", metavar="CODE")
    panel.add_argument("--therapist", metavar="CODE")
    panel.add_argument("--count-cancelled", action="store_true", help="count cancelled and missed bookings as booked")
    panel.add_argument("--visits", type=_parse_range, metavar="RANGE", help="such as 3.. or 1..5 or ..0")
    panel.add_argument("--spend", type=_parse_range, metavar="RANGE", help="such as 100.. or 12.50..80")
    panel.add_argument("--points", type=_parse_range, metavar="RANGE", help="such as 100.. or ..0")
    panel.add_argument(
        "--last-visit-before", type=_parse_day_or_ago, metavar="DAY", help="a day, or 90d for 90 days ago"
    )
    panel.add_argument("--last-visit-after", type=_parse_day_or_ago, metavar="DAY")
    panel.add_argument("--where", metavar="TEXT", help="criteria as text, such as 'not booked(type:nails)'")


def parse_day(text: str) -> date:
    """Return a day that is written 2026-01-31; raises ArgumentTypeError."""
    try:
        return date.fromisoformat(text)
    except ValueError:
        raise argparse.ArgumentTypeError("a day is written 2026-01-31") from None


def _parse_day_or_ago(text: str) -> date | RelativeDay:
    found = _DAYS_AGO.fullmatch(text)
    return parse_day(text) if found is None else RelativeDay(-int(found[1]))


def _parse_range(text: str) -> tuple[str | None, str | None]:
    """Return the least and the most of a range such as 3.. or 1..5; one figure alone is both."""
    least, dots, most = text.partition("..")
    if not (least or most):
        raise argparse.ArgumentTypeError("a range is written 3.. or ..5 or 3..5")
    return (least or None, most or None) if dots else (least, least)


def panel_criteria(parsed: argparse.Namespace, salon: Salon) -> CriteriaLike:
    """Return what is asked for, by words, by options and as text together; raises InvalidValue, UnknownCriterion."""
    panel = CustomerFilter(
        text=" ".join(parsed.text) or None,
        status=parsed.status,
        service_types=parsed.booked_type,
        services=parsed.booked,
        unused_service_types=parsed.never_booked_type,
        unused_services=parsed.never_booked,
        package=parsed.package,
        start=parsed.start,
        end=parsed.end,
        booking_status=parsed.booking_status,
        location=parsed.location,
        therapist=parsed.therapist,
        count_cancelled=parsed.count_cancelled,
        visits=_whole(parsed.visits, "visits"),
        points=_whole(parsed.points, "points"),
        spend=parsed.spend,
        last_visit_before=parsed.last_visit_before,
        last_visit_after=parsed.last_visit_after,
    )
    if parsed.where is None:
        return panel
    with salon.reading() as reading:
        settings = reading.settings()
    return AllOf((panel.criterion(settings), parse_criteria(parsed.where)))


def _whole(stated: tuple[str | None, str | None] | None, name: str) -> tuple[int | None, int | None] | None:
    if stated is None:
        return None
    if any(end is not None and not end.isdecimal() for end in stated):
        raise InvalidValue("wrong-type", field=name, expected="whole numbers, such as 3..5")
    least, most = (None if end is None else int(end) for end in stated)
    return least, most
