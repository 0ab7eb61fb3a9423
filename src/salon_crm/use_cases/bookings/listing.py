"""Lists of bookings: a customer's, a day's, and those nobody closed; each with the names a screen shows."""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime
from functools import partial
from typing import Any, Final

from attrs import field, fields, frozen

from salon_crm.domain.access import Actor, Permission, Scope
from salon_crm.domain.bookings import ANY_STATUS, OPEN, Booking, BookingChange, BookingStatus
from salon_crm.domain.criteria import Ref, read_cursor
from salon_crm.domain.customers import Customer, CustomerRow
from salon_crm.domain.ids import CustomerId, ExternalId, IdLike, parse_id
from salon_crm.domain.privacy import BEHAVIOUR, IDENTITY, OPERATOR, classed
from salon_crm.domain.reading import read_items
from salon_crm.errors import InvalidValue, NotFound
from salon_crm.ports.records import LOCATIONS, SERVICES, STAFF_MEMBERS, Kind
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import BookingQuery, Reading
from salon_crm.use_cases.access import check_own, find_customer, use_case
from salon_crm.use_cases.bookings.keeping import SHOWN
from salon_crm.use_cases.catalogue import find_item, find_location
from salon_crm.use_cases.criteria import to_rows
from salon_crm.use_cases.pages import page_by_moment, parse_period

_BOOKING_LIST: Final = "bookings"


@frozen(field_transformer=classed, kw_only=True)
class BookingRow:
    """A booking with the names a screen shows, and in the lists of staff the row of whose it is.

    ``customer`` is None where all are one customer's, who may be looking themselves.
    """

    booking: Booking = field(metadata=BEHAVIOUR)
    service: str = field(metadata=BEHAVIOUR)
    location: str | None = field(default=None, metadata=BEHAVIOUR)
    therapist: str | None = field(default=None, metadata=BEHAVIOUR)
    customer: CustomerRow | None = field(default=None, metadata=IDENTITY)

    @property
    def date(self) -> date:
        """The local day of the location it starts on."""
        return self.booking.day

    @property
    def time(self) -> str:
        """When it starts, as the clock of the location shows it, such as 14:30."""
        return f"{self.booking.local_start:%H:%M}"

    @property
    def status(self) -> BookingStatus:
        """The state it is in."""
        return self.booking.status


@frozen(field_transformer=classed, kw_only=True)
class BookingPage:
    """One page of bookings: iterate it for its rows.

    ``next`` and ``previous`` ask for the neighbouring page, or are None at the ends; they belong to this list.
    ``customer`` is whose bookings they are, in the list of one customer.
    """

    items: tuple[BookingRow, ...] = field(metadata=BEHAVIOUR)
    next: str | None = field(default=None, metadata=BEHAVIOUR)
    previous: str | None = field(default=None, metadata=BEHAVIOUR)
    customer: Customer | None = field(default=None, metadata=IDENTITY)

    def __iter__(self) -> Iterator[BookingRow]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


def _read_statuses(stated: Any) -> Any:
    """Return several states as a tuple, so that a filter made of an iterator means the same each time it is used."""
    if stated is None or isinstance(stated, str):
        return stated
    return read_items(stated, "status", most=len(BookingStatus), expected="a state, or several")


@frozen(field_transformer=classed, kw_only=True)
class BookingFilter:
    """Which bookings of the salon: every part is optional, and all parts hold together.

    ``location``, ``therapist`` and ``service`` are codes or ids, ``start`` and ``end`` local days of the booking's
    location, both included, ``status`` one state or several.
    """

    location: Ref | None = field(default=None, metadata=OPERATOR)
    therapist: Ref | None = field(default=None, metadata=OPERATOR)
    service: Ref | None = field(default=None, metadata=OPERATOR)
    start: date | None = field(default=None, metadata=OPERATOR)
    end: date | None = field(default=None, metadata=OPERATOR)
    status: BookingStatus | str | Iterable[BookingStatus | str] | None = field(
        default=None, converter=_read_statuses, metadata=OPERATOR
    )


@use_case(Permission.VIEW_BOOKINGS, shows=SHOWN, scopes={Scope.OWN})
def customer_bookings(
    salon: Salon,
    actor: Actor,
    customer_id: IdLike,
    /,
    *,
    since: date | None = None,
    until: date | None = None,
    service: Ref | None = None,
    page: str | None = None,
    limit: int = 50,
) -> BookingPage:
    """Return one page of a customer's bookings, the newest first, with the names of what was booked.

    ``since`` and ``until`` are local days of the booking's location, both included; ``service`` is a code or an
    id. ``page`` and ``limit`` as for `find_customers`. A fixed number of queries, however many rows. An empty
    page reads "No Data Found" on a screen, whether there is no history or nothing matches.

    Raises InvalidValue, NotFound, NotPermitted.
    """
    with salon.reading() as reading:
        customer = find_customer(salon, actor, Permission.VIEW_BOOKINGS, reading, customer_id)
        first, last = parse_period(since, until)
        query = BookingQuery(
            customer_id=customer.id,
            service=_code(reading, SERVICES, service, "service"),
            since=first,
            until=last,
        )
        return _paged(salon, reading, query, page, limit, newest_first=True, customer=customer)


@use_case(Permission.LIST_BOOKINGS, Permission.VIEW_BLOCKS, Permission.VIEW_NOTES, shows=SHOWN)
def find_bookings(
    salon: Salon,
    actor: Actor,
    criteria: BookingFilter | None = None,
    /,
    *,
    page: str | None = None,
    limit: int = 50,
) -> BookingPage:
    """Return one page of the salon's bookings in the order of their starts, with whose they are.

    Each row has the customer's row of the list: name, mobile, whether they are blocked, how many alerts. An actor
    limited to locations asks for one of theirs. ``page`` and ``limit`` as for `find_customers`. A fixed number
    of queries, however many rows. Raises InvalidValue, NotFound, NotPermitted.
    """
    asked = BookingFilter() if criteria is None else criteria
    if not isinstance(asked, BookingFilter):
        raise InvalidValue("wrong-type", field="criteria", expected="a BookingFilter")
    first, last = parse_period(asked.start, asked.end, names=("start", "end"))
    with salon.reading() as reading:
        query = BookingQuery(
            location=find_location(reading, actor, asked.location),
            therapist=_code(reading, STAFF_MEMBERS, asked.therapist, "therapist"),
            service=_code(reading, SERVICES, asked.service, "service"),
            since=first,
            until=last,
            statuses=_statuses(asked.status),
        )
        return _paged(salon, reading, query, page, limit)


@use_case(Permission.LIST_BOOKINGS, Permission.VIEW_BLOCKS, Permission.VIEW_NOTES, shows=SHOWN)
def unclosed_bookings(
    salon: Salon,
    actor: Actor,
    /,
    *,
    location: Ref | None = None,
    page: str | None = None,
    limit: int = 50,
) -> BookingPage:
    """Return one page of the bookings that are past their end and were never closed, those longest past first.

    They count as neither visit nor no-show until somebody completes them or marks them missed. The rest as for
    `find_bookings`.
    """
    cursor = None if page is None else read_cursor(page)
    now = salon.now() if cursor is None else cursor.asked  # a later page is asked as of the first
    with salon.reading() as reading:
        query = BookingQuery(location=find_location(reading, actor, location), statuses=OPEN, ended_before=now)
        return _paged(salon, reading, query, page, limit, asked=now)


@use_case(Permission.VIEW_BOOKINGS, shows=SHOWN, scopes={Scope.OWN})
def get_booking(
    salon: Salon, actor: Actor, booking_id: IdLike | None = None, /, *, external: tuple[str, str] | None = None
) -> Booking:
    """Return a booking by its id, or by ``external=(system, id)``, the id another system has.

    Raises InvalidValue, NotFound, NotPermitted.
    """
    if (booking_id is None) == (external is None):
        raise InvalidValue("required", field="booking_id", hint="Give an id or external=(system, id), one of the two.")
    with salon.reading() as reading:
        booking = _by_id(reading, booking_id) if external is None else _by_external(reading, external)
        owner = CustomerId(salon.id) if booking is None else booking.customer_id
        check_own(salon, actor, Permission.VIEW_BOOKINGS, reading, owner)
        if booking is None:
            raise NotFound("not-found", kind="booking", id="of this id" if booking_id is None else str(booking_id))
        return booking


@use_case(Permission.LIST_BOOKINGS, shows=SHOWN)
def booking_history(salon: Salon, actor: Actor, booking_id: IdLike, /) -> tuple[BookingChange, ...]:
    """Return every change of a booking, oldest first: what it was before, who changed it, when and why.

    Raises InvalidValue, NotFound, NotPermitted.
    """
    with salon.reading() as reading:
        booking = _by_id(reading, booking_id)
        if booking is None:
            raise NotFound("not-found", kind="booking", id=str(booking_id))
        return reading.booking_changes.by_key("booking", [booking.id]).get(booking.id, ())


def _by_id(reading: Reading, booking_id: object) -> Booking | None:
    asked = parse_id(booking_id, "booking_id")
    return reading.bookings.get_many([asked]).get(asked)


def _by_external(reading: Reading, external: object) -> Booking | None:
    wanted = ExternalId.parse(external, "external")
    key = (wanted.system, wanted.id)
    return next(iter(reading.bookings.by_key("external_id", [key]).get(key, ())), None)


def _code(reading: Reading, kind: Kind[Any], ref: object, name: str) -> str | None:
    if ref is None:
        return None
    code: str = find_item(reading, kind, ref, name).code
    return code


def _statuses(stated: object) -> frozenset[BookingStatus]:
    if stated is None:
        return ANY_STATUS
    named = (stated,) if isinstance(stated, str) else read_items(stated, "status", most=len(BookingStatus))
    if any(not isinstance(each, str) or each not in set(BookingStatus) for each in named):
        raise InvalidValue("not-a-choice", field="status", choices=tuple(BookingStatus))
    return frozenset(BookingStatus(str(each)) for each in named)


def _paged(
    salon: Salon,
    reading: Reading,
    query: BookingQuery,
    page: str | None,
    limit: int,
    *,
    newest_first: bool = False,
    customer: Customer | None = None,
    asked: datetime | None = None,
) -> BookingPage:
    """Return one page of what a query asks for, in the order of starts."""
    found = page_by_moment(
        salon,
        partial(reading.bookings.find, query),
        lambda booking: (booking.start, booking.id),
        page=page,
        limit=limit,
        asked=(_BOOKING_LIST, *_asked(query)),
        newest_first=newest_first,
        as_of=asked,
    )
    rows = booking_rows(reading, found.items, with_customers=customer is None)
    return BookingPage(items=rows, next=found.next, previous=found.previous, customer=customer)


def _asked(query: BookingQuery) -> list[str]:
    """Return what a query asks for as text, the same for the same query only."""
    stated = [str(getattr(query, each.name)) for each in fields(BookingQuery) if each.name != "statuses"]
    return [*stated, *sorted(query.statuses)]


def booking_rows(reading: Reading, bookings: Sequence[Booking], *, with_customers: bool) -> tuple[BookingRow, ...]:
    """Return bookings with the names a screen shows, in a fixed number of queries however many they are."""
    services = _names(reading, SERVICES, (booking.service for booking in bookings))
    locations = _names(reading, LOCATIONS, (booking.location for booking in bookings))
    therapists = _names(reading, STAFF_MEMBERS, (booking.therapist for booking in bookings))
    people: dict[Any, CustomerRow] = {}
    if with_customers:
        customers = reading.customers.get_many({booking.customer_id for booking in bookings})
        people = {row.id: row for row in to_rows(reading, list(customers.values()))}
    return tuple(
        BookingRow(
            booking=booking,
            service=services.get(booking.service, booking.service),
            location=locations.get(booking.location or "", booking.location),
            therapist=therapists.get(booking.therapist or "", booking.therapist),
            customer=people.get(booking.customer_id),
        )
        for booking in bookings
    )


def _names(reading: Reading, kind: Kind[Any], codes: Iterable[str | None]) -> dict[str, str]:
    wanted = {code for code in codes if code is not None}
    items: Any = getattr(reading, kind.name)
    return {code: found[0].name for code, found in items.by_key("code", wanted).items()} if wanted else {}
