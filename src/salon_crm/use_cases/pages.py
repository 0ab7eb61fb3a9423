"""Pages of lists: the same way there and back, stable while others write."""

from collections.abc import Callable, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, Generic, Protocol, TypeVar
from uuid import UUID

from attrs import field, frozen

from salon_crm.domain.criteria import MOST_PER_PAGE, Start, fingerprint_of, read_cursor, write_cursor
from salon_crm.domain.dates import parse_day
from salon_crm.domain.privacy import BEHAVIOUR, classed
from salon_crm.errors import InvalidValue
from salon_crm.ports.salon import Salon

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


def check_limit(limit: object) -> None:
    """Refuse a page of no or too many rows; raises InvalidValue."""
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST_PER_PAGE:
        raise InvalidValue("number-out-of-range", field="limit", low=1, high=MOST_PER_PAGE)


def slice_from(
    start: Start | None,
    find: Callable[[Start | None, int], Sequence[T]],
    place_of: Callable[[T], tuple[Any, Any]],
    *,
    limit: int,
    descending: bool,
    written: Callable[[Start], str],
) -> Slice[T]:
    """Return the page that starts at a place, or the first, of what ``find`` gives.

    ``place_of`` gives the sort value and id of a record, ``written`` the text that asks for a page from a place on.
    """
    found = list(find(start, limit + 1))
    backward = start is not None and start.backward
    more = len(found) > limit
    if more:
        found = found[1:] if backward else found[:limit]
    if not found:
        back = None if start is None else written(_turned(start, descending=descending))
        return Slice((), next=back if backward else None, previous=None if backward else back)
    follows, precedes = (more or backward, more if backward else start is not None)
    return Slice(
        tuple(found),
        next=written(Start(*place_of(found[-1]))) if follows else None,
        previous=written(Start(*place_of(found[0]), backward=True)) if precedes else None,
    )


def _turned(start: Start, *, descending: bool) -> Start:
    """Return the same place read the other way, the row it stands at, which was shown before, included.

    Beside every record's id there is another one, since `parse_new_id` refuses the first and the last; only the
    id of a forged cursor can be those.
    """
    step = 1 if descending == start.backward else -1
    beside = min(max(start.id.int + step, 0), (1 << 128) - 1)
    return Start(start.value, UUID(int=beside), not start.backward)


def page_by_moment(
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
    check_limit(limit)
    bound_to = fingerprint_of(salon.id, *asked, newest_first)
    now = salon.now() if as_of is None else as_of
    return slice_from(
        None if page is None else read_cursor(page).start(bound_to, by_instant=True),
        partial(find, newest_first=newest_first),
        place_of,
        limit=limit,
        descending=newest_first,
        written=partial(write_cursor, bound_to, now),
    )


def parse_period(
    since: object, until: object, *, names: tuple[str, str] = ("since", "until")
) -> tuple[date | None, date | None]:
    """Return the two local days of a period, both included, either of them open; raises InvalidValue."""
    first, last = (
        None if day is None else parse_day(day, name) for day, name in zip((since, until), names, strict=True)
    )
    if first is not None and last is not None and last < first:
        raise InvalidValue("period-backwards", field=names[1])
    return first, last
