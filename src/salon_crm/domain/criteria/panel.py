"""The filter panel, the search box and the text form, as the criteria they mean."""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, TypeVar, cast
from uuid import UUID

from attrs import evolve, field, frozen

from salon_crm.domain.bookings import ANY_STATUS, COUNTING, OPEN, BookingStatus
from salon_crm.domain.criteria.searching import text_criterion
from salon_crm.domain.criteria.text import ACTIVE, parse_criteria
from salon_crm.domain.criteria.tree import (
    EVERYBODY,
    FARTHEST_DAY,
    MOST_CODES,
    MOST_IDS,
    MOST_VISITS,
    AllOf,
    Compare,
    Criterion,
    Day,
    Fact,
    HasBooking,
    HasPackage,
    InTier,
    Not,
    OneOf,
    Op,
    Ref,
    RelativeDay,
    check_period,
    checked_criterion,
    parse_ref,
)
from salon_crm.domain.customers import Gender, Status
from salon_crm.domain.dates import start_of_day
from salon_crm.domain.ids import CustomerId, IdLike, parse_id
from salon_crm.domain.money import Money
from salon_crm.domain.privacy import IDENTITY, OPERATOR, classed
from salon_crm.domain.reading import read_items
from salon_crm.domain.rewards.records import MOST_POINTS
from salon_crm.domain.settings import Settings
from salon_crm.errors import InvalidValue


def _read_ids(ids: Iterable[IdLike] | None) -> Iterable[IdLike] | None:
    """Return the ids as a tuple, so that a filter made of an iterator means the same each time it is used."""
    if ids is None:
        return None
    try:
        return cast("tuple[IdLike, ...]", read_items(ids, "ids", most=MOST_IDS, expected="a sequence of ids"))
    except InvalidValue as problem:
        if problem.code != "too-many":
            raise
        count = problem.params["count"]
        raise InvalidValue("criteria-too-large", field="ids", count=count, what="ids", limit=MOST_IDS) from None


def _read_refs(refs: Iterable[Ref] | Ref | None) -> Iterable[Ref] | Ref | None:
    """Return what one part of the panel names as a tuple, whether it is one item or several."""
    if refs is None or isinstance(refs, UUID | str):
        return refs
    return cast("tuple[Ref, ...]", read_items(refs, "criteria", most=MOST_CODES, expected="codes or ids"))


def _read_range(value: object) -> Any:
    return tuple(cast("list[object]", value)) if isinstance(value, list) else value


@frozen(field_transformer=classed, kw_only=True)
class CustomerFilter:
    """The filter panel: every part is optional, what is not set restricts nothing, all parts hold together.

    ``text`` is a search by any part of names, e-mails and phones; ``added_since`` and ``added_until`` are
    local days of the salon, both included; ``ids`` are customers chosen one by one.

    ``service_types`` and ``services`` were booked, any one of them each; ``unused_service_types`` and
    ``unused_services`` never were, none of them. ``start`` and ``end`` (local days of the booking's location, both
    included), ``booking_status``, ``location`` and ``therapist`` say of which bookings the booked parts speak, or,
    alone, that there is such a booking. ``booking_status`` is one of `BookingStatus`, or ``active``: pending or
    confirmed, and without dates from now on. Cancelled and missed bookings do not count as booked unless
    ``count_cancelled`` or the status asks for them. ``package`` was bought, named on a booking, or assigned. All
    of these are codes of the catalogue, or ids; to choose from nothing is an error, since nobody meets that and
    everybody would be meant.

    ``visits``, ``spend`` and ``points`` are ranges (least, most), both included, either None; points are those of
    the last entry of the ledger. ``tier`` is the code of one of the programme's tiers, or several.
    ``last_visit_before`` and ``last_visit_after`` are days, not included, or a `RelativeDay`.
    """

    text: str | None = field(default=None, metadata=IDENTITY)
    status: Status | str | None = field(default=None, metadata=OPERATOR)
    blocked: bool | None = field(default=None, metadata=OPERATOR)
    gender: Gender | str | None = field(default=None, metadata=OPERATOR)
    ids: Iterable[IdLike] | None = field(default=None, converter=_read_ids, metadata=OPERATOR)
    added_since: date | None = field(default=None, metadata=OPERATOR)
    added_until: date | None = field(default=None, metadata=OPERATOR)
    service_types: Iterable[Ref] | Ref | None = field(default=None, converter=_read_refs, metadata=OPERATOR)
    services: Iterable[Ref] | Ref | None = field(default=None, converter=_read_refs, metadata=OPERATOR)
    unused_service_types: Iterable[Ref] | Ref | None = field(default=None, converter=_read_refs, metadata=OPERATOR)
    unused_services: Iterable[Ref] | Ref | None = field(default=None, converter=_read_refs, metadata=OPERATOR)
    package: Ref | None = field(default=None, metadata=OPERATOR)
    start: Day | None = field(default=None, metadata=OPERATOR)
    end: Day | None = field(default=None, metadata=OPERATOR)
    booking_status: BookingStatus | str | None = field(default=None, metadata=OPERATOR)
    location: Ref | None = field(default=None, metadata=OPERATOR)
    therapist: Ref | None = field(default=None, metadata=OPERATOR)
    count_cancelled: bool = field(default=False, metadata=OPERATOR)
    visits: tuple[int | None, int | None] | None = field(default=None, converter=_read_range, metadata=OPERATOR)
    spend: tuple[Any, Any] | None = field(default=None, converter=_read_range, metadata=OPERATOR)
    last_visit_before: Day | None = field(default=None, metadata=OPERATOR)
    last_visit_after: Day | None = field(default=None, metadata=OPERATOR)
    points: tuple[int | None, int | None] | None = field(default=None, converter=_read_range, metadata=OPERATOR)
    tier: Iterable[Ref] | Ref | None = field(default=None, converter=_read_refs, metadata=OPERATOR)

    def criterion(self, settings: Settings) -> Criterion:
        """Return the tree this panel means, as people write it; raises InvalidValue naming the part at fault."""
        parts: list[Criterion] = []
        if self.text is not None:
            parts.append(text_criterion(self.text))
        if self.status is not None:
            parts.append(Compare(Fact.STATUS, Op.EQUAL, _choice(Status, self.status, "status")))
        if self.blocked is not None:
            parts.append(Compare(Fact.BLOCKED, Op.EQUAL, self.blocked))
        if self.gender is not None:
            parts.append(Compare(Fact.GENDER, Op.EQUAL, _choice(Gender, self.gender, "gender")))
        if self.ids is not None:
            parts.append(OneOf(frozenset(CustomerId(parse_id(each, "ids")) for each in self.ids)))
        parts += self._added(settings)
        parts += self._bookings()
        parts += self._figures(settings)
        wanted = [part for part in parts if part != EVERYBODY]
        return checked_criterion(wanted[0] if len(wanted) == 1 else AllOf(tuple(wanted)))

    def _added(self, settings: Settings) -> Iterator[Criterion]:
        since, until = _day(self.added_since, "added_since"), _day(self.added_until, "added_until")
        if since is not None and until is not None and until < since:
            raise InvalidValue("period-backwards", field="added_until")
        if since is not None:
            start_of_day(since, settings.zone, "added_since")  # the days at the ends of the calendar have none
            yield Compare(Fact.ADDED, Op.AT_LEAST, since)
        if until is not None:
            start_of_day(until, settings.zone, "added_until", after=1)
            yield Compare(Fact.ADDED, Op.AT_MOST, until)

    def _bookings(self) -> Iterator[Criterion]:
        """Give what the panel says of bookings and packages."""
        check_period(_day(self.start, "start"), _day(self.end, "end"))
        statuses, upcoming = self._statuses()
        wanted = HasBooking(
            statuses=statuses,
            start=self.start,
            end=self.end,
            locations=_refs(self.location, "location"),
            therapists=_refs(self.therapist, "therapist"),
            upcoming=upcoming,
        )
        types, services = _refs(self.service_types, "service_types"), _refs(self.services, "services")
        if types:
            yield evolve(wanted, types=types)
        if services:
            yield evolve(wanted, services=services)
        if not (types or services) and (wanted != HasBooking(statuses=statuses) or self.booking_status is not None):
            yield wanted
        used = ANY_STATUS if self.count_cancelled else COUNTING
        if unused := _refs(self.unused_service_types, "unused_service_types"):
            yield Not(HasBooking(types=unused, statuses=used))
        if unused := _refs(self.unused_services, "unused_services"):
            yield Not(HasBooking(services=unused, statuses=used))
        if packages := _refs(self.package, "package"):
            yield HasPackage(packages)

    def _statuses(self) -> tuple[frozenset[BookingStatus], bool]:
        """Return the states a booking may be in, and whether it must be one that starts from now on."""
        if self.booking_status is None:
            return (ANY_STATUS if self.count_cancelled else COUNTING), False
        if self.booking_status == ACTIVE:
            return OPEN, self.start is None and self.end is None
        if not isinstance(self.booking_status, str) or self.booking_status not in set(BookingStatus):
            raise InvalidValue("not-a-choice", field="booking_status", choices=(ACTIVE, *BookingStatus))
        return frozenset({BookingStatus(self.booking_status)}), False

    def _figures(self, settings: Settings) -> Iterator[Criterion]:
        """Give what the panel says of visits, spend and points."""
        yield from _range(Fact.VISITS, self.visits, "visits", lambda value: _whole(value, "visits", MOST_VISITS))
        yield from _range(Fact.POINTS, self.points, "points", lambda value: _whole(value, "points", MOST_POINTS))
        yield from _range(Fact.SPEND, self.spend, "spend", lambda value: _amount(value, settings.currency))
        if tiers := _refs(self.tier, "tier"):
            yield InTier(tiers)
        if self.last_visit_before is not None:
            yield Compare(Fact.LAST_VISIT, Op.LESS, _day(self.last_visit_before, "last_visit_before"))
        if self.last_visit_after is not None:
            yield Compare(Fact.LAST_VISIT, Op.MORE, _day(self.last_visit_after, "last_visit_after"))


def _refs(value: Iterable[Ref] | Ref | None, name: str) -> frozenset[str]:
    """Return what a part of the panel names, where it is set; raises InvalidValue for what can name nothing."""
    if value is None:
        return frozenset()
    named = frozenset(parse_ref(each, name) for each in ([value] if isinstance(value, UUID | str) else value))
    if not named:
        raise InvalidValue("choice-empty", field=name)
    return named


D = TypeVar("D", bound=Day | None)


def _day(value: D, name: str) -> D:
    """Return a day as it is; raises InvalidValue for an instant, and for one too far from today."""
    if isinstance(value, datetime):
        raise InvalidValue("wrong-type", field=name, expected="a date without a time")
    if isinstance(value, RelativeDay) and abs(value.days) > FARTHEST_DAY:
        raise InvalidValue("number-out-of-range", field=name, low=-FARTHEST_DAY, high=FARTHEST_DAY)
    return value


A = TypeVar("A", int, Decimal)


def _range(fact: Fact, value: object, name: str, read: Callable[[object], A]) -> Iterator[Criterion]:
    """Give the comparisons of a range; raises InvalidValue for what is none, or ends before it begins."""
    if value is None:
        return
    if not isinstance(value, tuple) or len(cast("tuple[object, ...]", value)) != _PAIR:
        raise InvalidValue("wrong-type", field=name, expected="a pair (least, most), either of them None")
    least, most = (None if each is None else read(each) for each in cast("tuple[object, object]", value))
    if least is not None and most is not None and most < least:
        raise InvalidValue("range-backwards", field=name)
    if least is not None:
        yield Compare(fact, Op.AT_LEAST, least)
    if most is not None:
        yield Compare(fact, Op.AT_MOST, most)


_PAIR: Final = 2


def _whole(value: object, name: str, most: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= most:
        raise InvalidValue("number-out-of-range", field=name, low=0, high=most)
    return value


def _amount(value: object, currency: str) -> Decimal:
    return Money.parse(value, "spend", currency=currency, below_zero=True).amount


def _choice(kind: type[StrEnum], value: object, name: str) -> str:
    if not isinstance(value, str) or value not in set(kind):
        raise InvalidValue("not-a-choice", field=name, choices=tuple(kind))
    return kind(value)


CriteriaLike = CustomerFilter | Criterion | str | None
"""What calls take for criteria: the panel, a tree, the text of one, or None for everybody."""


def to_criterion(criteria: object, settings: Settings) -> Criterion:
    """Return the tree that ``criteria`` means, checked; raises InvalidValue or UnknownCriterion."""
    if criteria is None:
        return EVERYBODY
    if isinstance(criteria, CustomerFilter):
        return criteria.criterion(settings)
    if isinstance(criteria, Criterion):
        return checked_criterion(criteria)
    if isinstance(criteria, str):
        return parse_criteria(criteria)
    expected = "a CustomerFilter, a criterion, or text such as 'status:active and visits >= 3'"
    raise InvalidValue("wrong-type", field="criteria", expected=expected)
