"""Pages of records with a moment, such as sales: the same way there and back, stable while others write."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from typing import Any, Generic, Protocol, TypeVar

from attrs import field, frozen

from salon_crm.domain.criteria import MOST_PER_PAGE, Start, fingerprint_of, read_cursor, write_cursor
from salon_crm.domain.privacy import BEHAVIOUR, classed
from salon_crm.errors import InvalidValue
from salon_crm.ports.salon import Salon
from salon_crm.use_cases.criteria import turned

T = TypeVar("T")
T_co = TypeVar("T_co", covariant=True)


class Find(Protocol[T_co]):
    """How a port finds records with a moment, its query given."""

    def __call__(self, start: Start | None, limit: int, /, *, newest_first: bool) -> Sequence[T_co]:
        """Return up to ``limit`` of them from a place on."""
        ...


@frozen(field_transformer=classed)
class Slice(Generic[T]):
    """The records of a page, and what asks for its neighbours."""

    items: tuple[T, ...] = field(metadata=BEHAVIOUR)
    next: str | None = field(default=None, metadata=BEHAVIOUR)
    previous: str | None = field(default=None, metadata=BEHAVIOUR)


def page_of(
    salon: Salon,
    find: Find[T],
    place_of: Callable[[T], tuple[datetime, Any]],
    *,
    page: str | None,
    limit: int,
    asked: tuple[str, ...],
    newest_first: bool = True,
    as_of: datetime | None = None,
) -> Slice[T]:
    """Return the page that ``page`` names, or the first, of what ``find`` gives in the order of moments, then ids.

    ``place_of`` gives a record's moment and id, ``asked`` says what the list is, so that another's page is
    refused. ``as_of`` is when the first page was asked for, where that is not now. Raises InvalidValue.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST_PER_PAGE:
        raise InvalidValue("number-out-of-range", field="limit", low=1, high=MOST_PER_PAGE)
    bound_to = fingerprint_of(salon.id, *asked, newest_first)
    start = None if page is None else read_cursor(page).start(bound_to, by_instant=True)
    found = list(find(start, limit + 1, newest_first=newest_first))
    backward = start is not None and start.backward
    more = len(found) > limit
    if more:
        found = found[1:] if backward else found[:limit]

    def named(place: Start) -> str:
        return write_cursor(bound_to, salon.now() if as_of is None else as_of, place)

    if not found:
        back = None if start is None else named(turned(start, descending=newest_first))
        return Slice((), next=back if backward else None, previous=None if backward else back)
    return Slice(
        tuple(found),
        next=named(Start(*place_of(found[-1]))) if more or backward else None,
        previous=named(Start(*place_of(found[0]), backward=True))
        if (more if backward else start is not None)
        else None,
    )


def parse_period(
    since: object, until: object, *, names: tuple[str, str] = ("since", "until")
) -> tuple[date | None, date | None]:
    """Return the two local days of a period, both included, either of them open; raises InvalidValue."""
    first, last = _parse_day(since, names[0]), _parse_day(until, names[1])
    if first is not None and last is not None and last < first:
        raise InvalidValue("period-backwards", field=names[1])
    return first, last


def _parse_day(day: object, name: str) -> date | None:
    if day is not None and (not isinstance(day, date) or isinstance(day, datetime)):
        raise InvalidValue("wrong-type", field=name, expected="a date without a time")
    return day
