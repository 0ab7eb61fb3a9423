"""What programs tell a salon of its catalogue and its bookings, and what they ask of them.

The catalogue is small, so that a program comes back to each item; the moments lie at both changes of the
clocks in Lisbon and around local midnights, and programs put the clock to each of them, also back.
"""

from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, timedelta
from functools import cache
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from salon_crm.domain.access import Actor, Role
from salon_crm.domain.bookings import ANY_STATUS, COUNTING, OPEN, BookingStatus, CancelledBy
from salon_crm.domain.criteria import (
    AllOf,
    AnyOf,
    Compare,
    Criterion,
    CustomerFilter,
    Fact,
    HasBooking,
    HasPackage,
    Not,
    Op,
    RelativeDay,
    text_criterion,
)
from salon_crm.domain.customers import Status
from salon_crm.ports.salon import Salon
from salon_crm.testing.builders import (
    OWNER,
    a_booking,
    a_customer_id,
    a_location,
    a_package,
    a_service,
    a_service_type,
    a_staff_member,
)
from salon_crm.testing.commands import Command, command, merged, optional
from salon_crm.testing.doubles import NOON
from salon_crm.use_cases.bookings import (
    BookingFilter,
    BookingPage,
    book,
    booking_history,
    cancel_booking,
    complete_booking,
    confirm_booking,
    customer_bookings,
    find_bookings,
    get_booking,
    mark_no_show,
    put_booking,
    reassign_bookings,
    record_arrival,
    reopen_booking,
    reschedule_booking,
    unclosed_bookings,
)
from salon_crm.use_cases.catalogue import (
    add_location,
    add_package,
    add_service,
    add_service_type,
    add_staff_member,
    catalogue,
    edit_location,
    edit_package,
    edit_service,
    edit_service_type,
    edit_staff_member,
    restore_location,
    restore_package,
    restore_service,
    restore_service_type,
    restore_staff_member,
    retire_location,
    retire_package,
    retire_service,
    retire_service_type,
    retire_staff_member,
)
from salon_crm.use_cases.facts import rebuild_facts, verify_facts

_MOST_PAGES: Final = 20
_HOUR: Final = timedelta(hours=1)
_ALMOST: Final = timedelta(microseconds=1)

ELSEWHERE: Final = "America/St_Johns"
"""The zone of the second location: it is another day there for hours, and its clocks change on other days."""

_STEPS: Final = (-1.5 * _HOUR, -_HOUR, -0.5 * _HOUR, -_ALMOST, timedelta(), _HOUR)
_MIDNIGHTS: Final = tuple(datetime(2026, month, day, tzinfo=UTC) for month, day in ((3, 29), (3, 30), (10, 25)))
MOMENTS: Final = (
    NOON - timedelta(days=40),
    NOON - 3 * _HOUR,
    NOON,
    NOON + 26 * _HOUR,
    *(midnight + step for midnight in _MIDNIGHTS for step in _STEPS),
    datetime(2026, 10, 25, 0, 30, tzinfo=UTC),  # half past one for the first time
    datetime(2026, 10, 25, 1, 30, tzinfo=UTC),  # half past one again
    datetime(2026, 10, 25, 23, 30, tzinfo=UTC),
)
"""When things begin, and when they are done: also at the very same instant."""

DAYS: Final = tuple(
    date(2026, month, day)
    for month, day in ((1, 21), (3, 2), (3, 3), (3, 28), (3, 29), (3, 30), (10, 24), (10, 25), (10, 26))
)
"""The days of the moments, here and elsewhere."""

_LIMITED: Final = Actor("reception", Role.RECEPTIONIST, frozenset({a_location(2).id}))
_ACTORS: Final = (*(OWNER,) * 6, Actor.for_customer(a_customer_id(2)), _LIMITED)
_BOOKING_IDS: Final = tuple(a_booking(number).id for number in range(1, 9))
_TYPES: Final = ("hair", "nails", a_service_type(1).id)
_SERVICES: Final = ("cut", "balayage", "manicure", a_service(1).id, str(a_service(3).id))
_LOCATIONS: Final = ("chiado", "funchal", a_location(2).id)
_STAFF: Final = ("gil-horta", "ines-jardim", a_staff_member(1).id)
_PACKAGES: Final = ("package-1", a_package(1).id)


def beginnings() -> tuple[Command, ...]:
    """Commands that give a salon a catalogue, and customers 1 and 2 a few bookings in several states."""
    return (
        *(
            Command(add_service_type, (), {"name": n, "id": a_service_type(i).id})
            for i, n in ((1, "Hair"), (2, "Nails"))
        ),
        *(Command(add_service, (), _service(number)) for number in (1, 2, 3)),
        Command(add_location, (), {"name": "Chiado", "id": a_location(1).id}),
        Command(add_location, (), {"name": "Funchal", "id": a_location(2).id, "zone": ELSEWHERE}),
        *(Command(add_staff_member, (), {"name": a_staff_member(i).name, "id": a_staff_member(i).id}) for i in (1, 2)),
        Command(add_package, (), {"name": "Package 1", "id": a_package(1).id}),
        _booked(1, 2, "cut", MOMENTS[0], "chiado", status="completed"),
        _booked(2, 2, "manicure", MOMENTS[1], "funchal", therapist="gil-horta"),
        _booked(3, 2, "balayage", MOMENTS[5], "chiado", therapist="gil-horta", package="package-1"),
        _booked(4, 1, "cut", MOMENTS[3], "funchal", therapist="gil-horta", price=25),
        _booked(5, 2, "cut", NOON, "chiado", status="confirmed", therapist="ines-jardim"),
        _booked(6, 1, "balayage", MOMENTS[1], "chiado", status="no-show"),
    )


def _service(number: int) -> dict[str, Any]:
    item = a_service(number)
    return {"name": item.name, "service_type": item.service_type, "duration": item.duration, "id": item.id}


def _booked(number: int, who: int, service: str, start: datetime, location: str, **rest: Any) -> Command:
    asked = {"service": service, "start": start, "location": location, "id": a_booking(number).id, **rest}
    return Command(book, (a_customer_id(who),), asked)


def moments() -> SearchStrategy[datetime]:
    """The instants that programs book at, and put the clock to."""
    return st.sampled_from(MOMENTS)


def _of(*choices: Any) -> SearchStrategy[Any]:
    return st.sampled_from(choices)


def _who() -> SearchStrategy[Any]:
    return _of(*map(a_customer_id, (1, 2, 2, 2, 3, 4)))


def _refs(known: tuple[Any, ...]) -> SearchStrategy[Any]:
    """Codes and ids of items, now and then of none."""
    return _of(*known, *known, "nobody-s")


@cache
def _catalogue_changes() -> SearchStrategy[Command]:
    beside = optional(code=_of("cut", "new-one", "No code"), reference=_of("form 1", "form 2"))
    names = _of("Cut", "Balayage & Toner", "Łó", "")
    of_service = optional(
        service_type=st.none() | _refs(_TYPES),
        duration=_of(30, 90, None, 0),
        usual_interval=_of(28, None),
        skin_tests=_of((), ["hair-colour"], None),
    )
    of_location = optional(zone=_of(None, "Europe/Lisbon", "Asia/Kathmandu", "nowhere"), region=_of(None, "GB"))
    of_member = optional(actor_id=_of(None, "gil", "ines"))
    kinds: tuple[tuple[tuple[Callable[..., Any], ...], tuple[Any, ...], SearchStrategy[dict[str, Any]]], ...] = (
        ((add_service_type, edit_service_type, retire_service_type, restore_service_type), _TYPES, optional()),
        ((add_service, edit_service, retire_service, restore_service), _SERVICES, of_service),
        ((add_location, edit_location, retire_location, restore_location), _LOCATIONS, of_location),
        ((add_staff_member, edit_staff_member, retire_staff_member, restore_staff_member), _STAFF, of_member),
        ((add_package, edit_package, retire_package, restore_package), _PACKAGES, optional()),
    )
    made: list[SearchStrategy[Command]] = []
    for (add, edit, retire, restore), known, values in kinds:
        made += [
            command(add, kwargs=merged(st.fixed_dictionaries({"name": names}), beside, values)),
            command(edit, _refs(known), kwargs=merged(optional(name=names), values)),
            command(retire, _refs(known)),
            *(command(restore, _refs(known)) for _ in range(2)),
        ]
    return st.one_of(made)


@st.composite
def catalogue_changes(draw: st.DrawFn) -> Command:
    """A command that changes the catalogue, or tries to."""
    return draw(_catalogue_changes())


def _plans() -> SearchStrategy[dict[str, Any]]:
    """What a booking is to be, now and then what it cannot be."""
    naive = datetime(2026, 3, 2, 9)  # noqa: DTZ001 -- it is refused for that
    return merged(
        st.fixed_dictionaries(
            {
                "service": _refs(_SERVICES),
                "start": _of(*MOMENTS, naive),
                "location": _of(*("chiado", a_location(2).id) * 3, "funchal", None),
            }
        ),
        optional(
            end=moments(),
            therapist=_refs(_STAFF),
            package=_refs(_PACKAGES),
            price=_of("12.50", 0, 7, 12.5),
            note=_of("Please wash.", "Please do not talk.", ""),
        ),
    )


@cache
def _booking_changes() -> SearchStrategy[Command]:
    actors, own_id = _of(*_ACTORS), _of(*_BOOKING_IDS)
    reason = _of(*("A slip of the finger.",) * 4, "")
    numbers, external = _of(*_BOOKING_IDS[:6] * 2, *_BOOKING_IDS[6:]), st.tuples(_of("calendar"), _of("1", "2", "3"))
    state, by = _of(*BookingStatus), _of(*CancelledBy, "nobody")
    beside = optional(
        id=own_id,
        reference=_of("web 1", "web 2"),
        at=_of(NOON - 4 * _HOUR),
        status=_of("pending", "confirmed", "completed"),
    )
    changed = optional(
        start=moments(),
        end=moments(),
        service=_refs(_SERVICES),
        location=_refs(_LOCATIONS),
        therapist=_refs(_STAFF),
        reason=reason,
    )
    return st.one_of(
        command(book, _who(), kwargs=merged(_plans(), beside), actor=actors),
        command(book, _who(), kwargs=_plans(), actor=actors),
        command(
            put_booking,
            _who(),
            kwargs=merged(
                _plans(),
                st.fixed_dictionaries({"external": external}),
                optional(status=state, cancelled_by=by, arrived_at=moments()),
            ),
            actor=_of(OWNER, OWNER, Actor("calendar", Role.SYSTEM)),
        ),
        command(confirm_booking, numbers, actor=actors),
        command(complete_booking, numbers, actor=actors),
        command(complete_booking, numbers),
        command(mark_no_show, numbers, actor=actors),
        command(cancel_booking, numbers, kwargs=optional(by=by, reason=reason), actor=actors),
        command(reopen_booking, numbers, kwargs=st.fixed_dictionaries({"reason": reason}), actor=actors),
        command(record_arrival, numbers, kwargs=optional(at=moments()), actor=actors),
        command(reschedule_booking, numbers, kwargs=changed, actor=actors),
        command(
            reassign_bookings,
            _refs(_STAFF),
            kwargs=merged(
                st.fixed_dictionaries({"to": _refs(_STAFF)}), optional(bookings=st.lists(numbers, max_size=3))
            ),
            actor=actors,
        ),
        command(rebuild_facts),
    )


@st.composite
def booking_changes(draw: st.DrawFn) -> Command:
    """A command that changes a booking, or tries to."""
    return draw(_booking_changes())


def _booking_pages(
    salon: Salon, actor: Actor, ask: Callable[..., BookingPage], /, *args: Any, **asked: Any
) -> list[Any]:
    """Walk the pages of a list of bookings to its end and back again."""
    page = ask(salon, actor, *args, **asked)
    pages = [page]
    while page.next is not None and len(pages) < _MOST_PAGES:
        page = ask(salon, actor, *args, page=page.next, **asked)
        pages.append(page)
    while page.previous is not None and len(pages) < 2 * _MOST_PAGES:
        page = ask(salon, actor, *args, page=page.previous, **asked)
        pages.append(page)
    return pages


def _some(fields: Mapping[str, SearchStrategy[Any]]) -> SearchStrategy[dict[str, Any]]:
    """Up to three of these fields: with all of them hardly anything is found."""
    names = st.lists(_of(*fields), max_size=3, unique=True)
    return names.flatmap(lambda chosen: st.fixed_dictionaries({name: fields[name] for name in chosen}))


def _days() -> SearchStrategy[Any]:
    return st.one_of(_of(*DAYS), st.sampled_from([-240, -1, 0, 1, 27]).map(RelativeDay))


def _booking_filters() -> SearchStrategy[BookingFilter]:
    fields: dict[str, SearchStrategy[Any]] = {
        "location": _refs(_LOCATIONS),
        "therapist": _refs(_STAFF),
        "service": _refs(_SERVICES),
        "start": _of(*DAYS, date.min),
        "end": _of(*DAYS, date.max),
        "status": st.one_of(_of(*BookingStatus, "gone"), st.lists(_of(*BookingStatus), max_size=2)),
    }
    return _some(fields).map(lambda drawn: BookingFilter(**drawn))


def _several(known: tuple[Any, ...]) -> SearchStrategy[Any]:
    """One item, or a list of some."""
    return st.one_of(_refs(known), st.lists(_of(*known), max_size=2))


def panels() -> SearchStrategy[CustomerFilter]:
    """The filter panel with a few of its parts, those of bookings mostly."""
    ends = st.none() | st.integers(0, 3)
    fields: dict[str, SearchStrategy[Any]] = {
        "service_types": _several(_TYPES),
        "services": _several(_SERVICES),
        "unused_service_types": _several(_TYPES),
        "unused_services": _several(_SERVICES),
        "package": _refs(_PACKAGES),
        "start": _days(),
        "end": _days(),
        "booking_status": _of("active", *BookingStatus),
        "location": _refs(_LOCATIONS),
        "therapist": _refs(_STAFF),
        "count_cancelled": st.booleans(),
        "visits": st.tuples(ends, ends),
        "spend": st.tuples(ends, ends),
        "last_visit_before": _days(),
        "last_visit_after": _days(),
        "status": _of(*Status),
        "text": _of("a", "ana"),
    }
    return _some(fields).map(lambda drawn: CustomerFilter(**drawn))


def _codes(*known: str) -> SearchStrategy[frozenset[str]]:
    return st.frozensets(_of(*known), max_size=2)


def booking_criteria() -> SearchStrategy[Criterion]:
    """Trees of what people write of bookings, packages and facts, and a little of customers."""
    booked = st.builds(
        HasBooking,
        services=_codes("cut", "balayage", str(a_service(3).id)),
        types=_codes("hair", "nails"),
        statuses=_of(ANY_STATUS, COUNTING, COUNTING, OPEN, frozenset({BookingStatus.CANCELLED}), frozenset[Any]()),
        start=_of(None, None, *DAYS, RelativeDay(-1)),
        end=_of(None, None, *DAYS, RelativeDay(0)),
        locations=_codes("chiado", "funchal"),
        therapists=_codes("gil-horta", "ines-jardim"),
        upcoming=st.booleans(),
    )
    orders = _of(Op.EQUAL, Op.LESS, Op.AT_MOST, Op.MORE, Op.AT_LEAST)
    leaves = st.one_of(
        booked,
        st.builds(HasBooking, services=_codes("cut", "manicure"), statuses=_of(COUNTING, ANY_STATUS, OPEN)),
        _codes("package-1").map(HasPackage),
        st.builds(Compare, _of(Fact.VISITS, Fact.SPEND), orders, st.integers(0, 3)),
        st.builds(Compare, st.just(Fact.LAST_VISIT), orders, _days()),
        _of(*Status).map(lambda status: Compare(Fact.STATUS, Op.EQUAL, status)),
        _of("ana", "silva").map(text_criterion),
    )

    def nested(parts: SearchStrategy[Criterion]) -> SearchStrategy[Criterion]:
        several = st.lists(parts, max_size=3).map(tuple)
        return st.one_of(several.map(AllOf), several.map(AnyOf), parts.map(Not))

    return st.recursive(leaves, nested, max_leaves=5)


@cache
def _booking_queries() -> SearchStrategy[Command]:
    actors, limit = _of(*_ACTORS), st.fixed_dictionaries({"limit": st.integers(1, 3)})
    own = optional(since=_of(*DAYS), until=_of(*DAYS), service=_refs(_SERVICES))
    return st.one_of(
        command(_booking_pages, st.just(customer_bookings), _who(), kwargs=merged(own, limit), actor=actors),
        command(_booking_pages, st.just(find_bookings), st.none() | _booking_filters(), kwargs=limit, actor=actors),
        command(
            _booking_pages,
            st.just(unclosed_bookings),
            kwargs=merged(optional(location=_refs(_LOCATIONS)), limit),
            actor=actors,
        ),
        command(get_booking, _of(*_BOOKING_IDS), actor=actors),
        command(get_booking, kwargs=st.fixed_dictionaries({"external": _of(("calendar", "1"), ("calendar", "9"))})),
        command(booking_history, _of(*_BOOKING_IDS), actor=actors),
        command(catalogue, kwargs=optional(retired=st.booleans()), actor=actors),
        command(verify_facts),
    )


@st.composite
def booking_queries(draw: st.DrawFn) -> Command:
    """A command that asks a salon of its catalogue or its bookings."""
    return draw(_booking_queries())


def endings() -> tuple[Command, ...]:
    """Commands that list all there is of a catalogue and of bookings, and of customers by what they booked."""
    return (
        Command(catalogue, (), {"retired": True}),
        Command(_booking_pages, (find_bookings,), {"limit": 50}),
        Command(_booking_pages, (unclosed_bookings,), {"limit": 50}),
        *(Command(_booking_pages, (customer_bookings, a_customer_id(n)), {"limit": 50}) for n in range(1, 6)),
        *(Command(booking_history, (own_id,)) for own_id in _BOOKING_IDS),
        Command(verify_facts),
    )
