"""The filter panel and the search box, as the criteria they mean."""

import re
from collections.abc import Callable, Iterable, Iterator
from datetime import date, datetime
from enum import StrEnum
from typing import Any, Final, cast
from uuid import UUID

from attrs import evolve, field, frozen

from salon_crm.domain.bookings import ANY_STATUS, COUNTING, OPEN, BookingStatus
from salon_crm.domain.catalogue import parse_code
from salon_crm.domain.criteria.tree import (
    EVERYBODY,
    MOST_CODES,
    MOST_IDS,
    MOST_VISITS,
    AllOf,
    Booked,
    Compare,
    Criterion,
    Day,
    DigitRun,
    Fact,
    HasPackage,
    Not,
    OneOf,
    Op,
    Text,
    check_storable,
    checked_criterion,
)
from salon_crm.domain.customers import Gender, Status
from salon_crm.domain.dates import start_of_day
from salon_crm.domain.ids import CustomerId, IdLike, parse_id, reads_as_id
from salon_crm.domain.money import Money
from salon_crm.domain.privacy import IDENTITY, OPERATOR, classed
from salon_crm.domain.reading import read_items
from salon_crm.domain.settings import Settings
from salon_crm.domain.text import TEXT_LIMIT, fold
from salon_crm.errors import InvalidValue

ACTIVE: Final = "active"
"""The booking status of the panel that means pending or confirmed: inside the dates, or without any from now on."""

_PHONE_WORD: Final = re.compile(r"[\d+\-()./]+", re.ASCII)


def text_criterion(text: str) -> Criterion:
    """Return what a search box means by ``text``; nothing but white space restricts nothing.

    Raises InvalidValue for more than 500 characters, and for a NUL or half a character.
    """
    if len(text) > TEXT_LIMIT:
        raise InvalidValue("text-too-long", field="text", length=len(text), limit=TEXT_LIMIT)
    check_storable(text)
    words: list[str] = []
    runs: list[DigitRun] = []
    run: list[str] = []

    def end_run() -> None:
        digits = "".join(character for word in run for character in word if character.isdigit())
        if digits:
            runs.append(DigitRun(digits, tuple(run)))
        else:
            words.extend(run)
        run.clear()

    for word in fold(text).split():
        if _PHONE_WORD.fullmatch(word):
            run.append(word)
        else:
            end_run()
            words.append(word)
    end_run()
    return Text(tuple(words), tuple(runs)) if words or runs else EVERYBODY


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


Ref = UUID | str
"""What names an item of the catalogue: its id, the text of its id, or its code."""


def parse_ref(value: object, name: str) -> str:
    """Return a code, or the text of an id, that names an item of the catalogue; raises InvalidValue."""
    if isinstance(value, UUID) or (isinstance(value, str) and reads_as_id(value)):
        return str(parse_id(value, name))
    return parse_code(value, name)


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
    of these are codes of the catalogue, or ids.

    ``visits`` and ``spend`` are ranges (least, most), both included, either None. ``last_visit_before`` and
    ``last_visit_after`` are days, not included, or a `RelativeDay`.
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

    def criterion(self, settings: Settings) -> Criterion:
        """Return the tree this panel means; raises InvalidValue naming the part at fault."""
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
        return checked_criterion(AllOf(tuple(part for part in parts if part != EVERYBODY)))

    def _added(self, settings: Settings) -> Iterator[Criterion]:
        since, until = self.added_since, self.added_until
        for name, day in (("added_since", since), ("added_until", until)):
            if isinstance(day, datetime):
                raise InvalidValue("wrong-type", field=name, expected="a date without a time")
        if since is not None and until is not None and until < since:
            raise InvalidValue("period-backwards", field="added_until")
        if since is not None:
            yield Compare(Fact.ADDED, Op.AT_LEAST, start_of_day(since, settings.zone, "added_since"))
        if until is not None:
            yield Compare(Fact.ADDED, Op.LESS, start_of_day(until, settings.zone, "added_until", after=1))

    def _bookings(self) -> Iterator[Criterion]:
        """Give what the panel says of bookings and packages."""
        statuses, upcoming = self._statuses()
        wanted = Booked(
            statuses=statuses,
            start=_day(self.start, "start"),
            end=_day(self.end, "end"),
            locations=_refs(self.location, "location"),
            therapists=_refs(self.therapist, "therapist"),
            upcoming=upcoming,
        )
        types, services = _refs(self.service_types, "service_types"), _refs(self.services, "services")
        if types:
            yield evolve(wanted, types=types)
        if services:
            yield evolve(wanted, services=services)
        if not (types or services) and (wanted != Booked(statuses=statuses) or self.booking_status is not None):
            yield wanted
        used = ANY_STATUS if self.count_cancelled else COUNTING
        if unused := _refs(self.unused_service_types, "unused_service_types"):
            yield Not(Booked(types=unused, statuses=used))
        if unused := _refs(self.unused_services, "unused_services"):
            yield Not(Booked(services=unused, statuses=used))
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
        """Give what the panel says of visits and spend."""
        yield from _range(Fact.VISITS, self.visits, "visits", _visits)
        yield from _range(Fact.SPEND, self.spend, "spend", lambda value: _minor(value, settings.currency))
        if self.last_visit_before is not None:
            yield Compare(Fact.LAST_VISIT, Op.LESS, _some_day(self.last_visit_before, "last_visit_before"))
        if self.last_visit_after is not None:
            yield Compare(Fact.LAST_VISIT, Op.MORE, _some_day(self.last_visit_after, "last_visit_after"))


def _refs(value: Iterable[Ref] | Ref | None, name: str) -> frozenset[str]:
    """Return what a part of the panel names; raises InvalidValue for what can name nothing."""
    if value is None:
        return frozenset()
    named = [value] if isinstance(value, UUID | str) else value
    return frozenset(parse_ref(each, name) for each in named)


def _some_day(value: Day, name: str) -> Day:
    if isinstance(value, datetime):
        raise InvalidValue("wrong-type", field=name, expected="a date without a time")
    return value


def _day(value: Day | None, name: str) -> Day | None:
    return None if value is None else _some_day(value, name)


def _range(fact: Fact, value: object, name: str, read: Callable[[object], int]) -> Iterator[Criterion]:
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


def _visits(value: object) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not 0 <= value <= MOST_VISITS:
        raise InvalidValue("number-out-of-range", field="visits", low=0, high=MOST_VISITS)
    return value


def _minor(value: object, currency: str) -> int:
    return Money.parse(value, "spend", currency=currency, below_zero=True).minor


def _choice(kind: type[StrEnum], value: object, name: str) -> str:
    if not isinstance(value, str) or value not in set(kind):
        raise InvalidValue("not-a-choice", field=name, choices=tuple(kind))
    return kind(value)


CriteriaLike = CustomerFilter | Criterion | None
"""What calls take for criteria: the panel, a tree, or None for everybody."""


def to_criterion(criteria: object, settings: Settings) -> Criterion:
    """Return the tree that ``criteria`` means, checked; raises InvalidValue or UnknownCriterion."""
    if criteria is None:
        return EVERYBODY
    if isinstance(criteria, CustomerFilter):
        return criteria.criterion(settings)
    if isinstance(criteria, Criterion):
        return checked_criterion(criteria)
    raise InvalidValue("wrong-type", field="criteria", expected="a CustomerFilter, such as CustomerFilter(text='ana')")
