"""What a booking is to be, read and checked: its times, its items of the catalogue, where it is."""

from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any, Final

from salon_crm.domain.bookings import Booking, BookingStatus
from salon_crm.domain.catalogue import Location, Service
from salon_crm.domain.dates import parse_instant
from salon_crm.domain.money import Money
from salon_crm.domain.notes import clean_note
from salon_crm.domain.sales import Sale
from salon_crm.errors import InvalidDocument, InvalidValue, NotPermitted
from salon_crm.ports.records import LOCATIONS, PACKAGES, SERVICES, STAFF_MEMBERS, Kind
from salon_crm.use_cases.catalogue import find_item, offered
from salon_crm.use_cases.unit import Unit

LONGEST_BOOKING: Final = timedelta(days=31)
EARLIEST: Final = datetime(1900, 1, 1, tzinfo=UTC)
LATEST: Final = datetime(2999, 12, 31, tzinfo=UTC)


class Plan:
    """What somebody asks a booking to be, before it is checked."""

    def __init__(
        self, unit: Unit, *, start: object, end: object, price: object, note: object, status: object, fact: bool = False
    ) -> None:
        self._unit = unit
        self._start, self._end = start, end
        self._price, self._note, self._status = price, note, status
        self._fact = fact
        self._problems: list[InvalidValue] = []

    def checked(self, *, service: object, location: object, therapist: object, package: object) -> dict[str, Any]:
        """Return the fields of the booking; raises InvalidDocument with every problem, NotFound, RuleBroken."""
        start = self._read(lambda: parse_time(self._start, "start"))
        end = None if self._end is None else self._read(lambda: parse_time(self._end, "end"))
        status = self._read(lambda: self._parse_status(start))
        currency = self._unit.settings.currency
        price = self._price
        amount = None if price is None else self._read(lambda: Money.parse(price, "price", currency=currency))
        note = None if self._note is None else self._read(lambda: clean_note(self._note, "note"))
        if self._problems:
            raise InvalidDocument(self._problems)
        assert start is not None  # a start that cannot be read is a problem  # noqa: S101
        when = start
        items = {
            name: None if ref is None else self._item(kind, ref, name, when)
            for name, kind, ref in (
                ("service", SERVICES, service),
                ("therapist", STAFF_MEMBERS, therapist),
                ("package", PACKAGES, package),
            )
        }
        place = self._place(location, when)
        return {
            **{name: None if item is None else item.code for name, item in items.items()},
            "location": None if place is None else place.code,
            "start": when,
            "end": settled_end(when, end, items["service"]),
            "zone": self._unit.settings.zone if place is None or place.zone is None else place.zone,
            "status": status,
            "price": amount,
            "note": note,
        }

    def _read(self, read: Callable[[], Any]) -> Any:
        try:
            return read()
        except InvalidValue as problem:
            self._problems += problem.problems
            return None

    def _parse_status(self, start: datetime | None) -> BookingStatus:
        past = start is not None and start <= self._unit.at
        choices = tuple(BookingStatus) if self._fact else (*_BOOKED_AS, *(_CLOSED_AS if past else ()))
        if not isinstance(self._status, str) or self._status not in choices:
            raise InvalidValue("not-a-choice", field="status", choices=choices)
        return BookingStatus(self._status)

    def _item(self, kind: Kind[Any], ref: object, name: str, when: datetime) -> Any:
        if self._fact:
            return find_item(self._unit.writing, kind, ref, name)
        return offered(self._unit, kind, ref, name, when=when)

    def _place(self, ref: object, when: datetime) -> Location | None:
        return settled_place(self._unit, ref, lambda there: self._item(LOCATIONS, there, "location", when))


_BOOKED_AS: Final = (BookingStatus.PENDING, BookingStatus.CONFIRMED)
_CLOSED_AS: Final = (BookingStatus.COMPLETED, BookingStatus.NO_SHOW)


def parse_time(value: object, name: str) -> datetime:
    """Return an instant that a booking may have, in UTC; raises InvalidValue."""
    instant = parse_instant(value, name)
    if not EARLIEST <= instant <= LATEST:
        raise InvalidValue("number-out-of-range", field=name, low=f"{EARLIEST:%Y-%m-%d}", high=f"{LATEST:%Y-%m-%d}")
    return instant


def settled_end(start: datetime, end: datetime | None, service: Service | None) -> datetime:
    """Return when a booking ends: as stated, or after as long as the service takes; raises InvalidValue."""
    if end is None:
        if service is None or service.duration is None:
            raise InvalidValue("required", field="end", hint="The service has no duration; say when the booking ends.")
        return start + timedelta(minutes=service.duration)
    if end <= start:
        raise InvalidValue("booking-end", field="end")
    if end - start > LONGEST_BOOKING:
        raise InvalidValue("booking-too-long", field="end", days=LONGEST_BOOKING.days)
    return end


def settled_place(unit: Unit, ref: object, find: Callable[[object], Location]) -> Location | None:
    """Return the location that is meant: the one stated, or the salon's only one; None where it has none.

    Raises InvalidValue where there are several and none is stated, NotPermitted for one out of the actor's reach,
    and what ``find`` raises.
    """
    if ref is not None:
        place = find(ref)
    else:
        there = unit.writing.locations.by_key("retired", [False]).get(False, ())
        if len(there) > 1:
            raise InvalidValue("required", field="location", hint="The salon has several locations: name one.")
        if not there:
            check_location(unit, None)
            return None
        place = there[0]
    check_location(unit, place)
    return place


def check_location(unit: Unit, location: Location | None) -> None:
    """Refuse an actor who is limited to locations what happens at another, or nowhere; raises NotPermitted."""
    limited_to = unit.actor.locations
    if limited_to is not None and (location is None or location.id not in limited_to):
        raise NotPermitted("not-permitted-location", actor=str(unit.actor))


def check_location_of(unit: Unit, thing: Booking | Sale) -> None:
    """Refuse an actor who is limited to locations a booking or a sale of another."""
    if unit.actor.locations is None:
        return
    place = None if thing.location is None else find_item(unit.writing, LOCATIONS, thing.location, "location")
    check_location(unit, place)
