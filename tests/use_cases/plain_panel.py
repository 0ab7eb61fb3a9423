"""The filter panel in a few lines: loops over all bookings and sales, and no code of the library's criteria.

A salon is lists of plain records; a question is the panel's own words in a dictionary, or several joined by "all",
"any" and "not".
"""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date, datetime, timedelta
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

TYPES = {"hair": {"cut", "balayage"}, "nails": {"manicure"}, "feet": set[str]()}
"""The services of each type; advice is of none."""


class Visit(NamedTuple):
    """A booking: whose, what, when, where, in which state."""

    who: Any
    service: str
    start: datetime
    zone: str
    status: str
    location: str | None
    therapist: str | None
    package: str | None

    @property
    def day(self) -> date:
        return self.start.astimezone(ZoneInfo(self.zone)).date()

    @property
    def counts(self) -> bool:
        return self.status in {"pending", "confirmed", "completed"}


class Sold(NamedTuple):
    """A sale of one line: to whom, what, when, for how many cents, in which state, and whether for a booking."""

    who: Any
    kind: str
    item: str
    start: datetime
    zone: str
    cents: int
    status: str
    for_booking: bool


class Plain(NamedTuple):
    """Everything in a salon, and when it is asked."""

    visits: Sequence[Visit]
    sales: Sequence[Sold]
    given: Sequence[tuple[Any, str]]
    """Packages given by hand: to whom, which."""
    now: datetime
    today: date


def days_here(salon: Plain, who: Any) -> list[date]:
    days = {each.day for each in salon.visits if each.who == who and each.status == "completed"}
    for sold in salon.sales:
        if sold.who == who and sold.status == "completed" and sold.kind == "service" and not sold.for_booking:
            days.add(sold.start.astimezone(ZoneInfo(sold.zone)).date())
    return sorted(days)


def spent(salon: Plain, who: Any) -> int:
    return sum(sold.cents for sold in salon.sales if sold.who == who and sold.status == "completed")


def packages(salon: Plain, who: Any) -> set[str]:
    named = {each.package for each in salon.visits if each.who == who and each.counts and each.package}
    bought = {sold.item for sold in salon.sales if (sold.who, sold.kind, sold.status) == (who, "package", "completed")}
    return named | bought | {package for whose, package in salon.given if whose == who}


def holds(salon: Plain, who: Any, asked: Any) -> bool:
    """Whether a question holds of somebody."""
    match asked:
        case ("all", parts):
            return all(holds(salon, who, part) for part in parts)
        case ("any", parts):
            return any(holds(salon, who, part) for part in parts)
        case ("not", part):
            return not holds(salon, who, part)
        case _:
            return all(_clauses(salon, who, asked))


def _clauses(salon: Plain, who: Any, panel: Mapping[str, Any]) -> Iterator[bool]:
    own = [each for each in salon.visits if each.who == who]
    meant = [each for each in own if _is_meant(salon, each, panel)]
    types, services = panel.get("service_types"), panel.get("services")
    if types:
        yield any(each.service in TYPES[code] for each in meant for code in types)
    if services:
        yield any(each.service in services for each in meant)
    if not types and not services and {"start", "end", "booking_status", "location", "therapist"} & set(panel):
        yield bool(meant)
    used = {each.service for each in own if each.counts or panel.get("count_cancelled")}
    yield not used & set[str]().union(*(TYPES[code] for code in panel.get("unused_service_types", ())))
    yield not used & set(panel.get("unused_services", ()))
    yield panel.get("package") in {None, *packages(salon, who)}
    days, cents = days_here(salon, who), spent(salon, who)
    for figure, (least, most) in ((len(days), panel.get("visits", (None, None))), (cents, _cents(panel))):
        yield (least is None or figure >= least) and (most is None or figure <= most)
    if "last_visit_before" in panel:
        yield bool(days) and days[-1] < _day(salon, panel["last_visit_before"])
    if "last_visit_after" in panel:
        yield bool(days) and days[-1] > _day(salon, panel["last_visit_after"])


def _cents(panel: Mapping[str, Any]) -> tuple[int | None, int | None]:
    least, most = panel.get("spend", (None, None))
    return (None if least is None else least * 100, None if most is None else most * 100)


def _is_meant(salon: Plain, visit: Visit, panel: Mapping[str, Any]) -> bool:
    """Whether a booking is one the panel speaks of: its dates, state, place and therapist."""
    status = panel.get("booking_status")
    if status == "active":
        right = visit.status in {"pending", "confirmed"}
        right &= "start" in panel or "end" in panel or visit.start >= salon.now
    elif status is not None:
        right = visit.status == status
    else:
        right = visit.counts or bool(panel.get("count_cancelled"))
    return (
        right
        and ("start" not in panel or visit.day >= _day(salon, panel["start"]))
        and ("end" not in panel or visit.day <= _day(salon, panel["end"]))
        and panel.get("location") in {None, visit.location}
        and panel.get("therapist") in {None, visit.therapist}
    )


def _day(salon: Plain, stated: date | int) -> date:
    """Return a day, which may be counted from today."""
    return salon.today + timedelta(days=stated) if isinstance(stated, int) else stated
