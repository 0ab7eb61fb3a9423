"""What a booking is to be, read and checked: its times, its items of the catalogue, where it is."""

from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final

from salon_crm.domain.bookings import Booking, BookingStatus, parse_time, settled_end
from salon_crm.domain.catalogue import Location
from salon_crm.domain.money import Money
from salon_crm.domain.notes import clean_note
from salon_crm.domain.sales import Sale
from salon_crm.errors import InvalidDocument, InvalidValue
from salon_crm.ports.records import LOCATIONS, PACKAGES, SERVICES, STAFF_MEMBERS, Kind
from salon_crm.use_cases.access import check_location
from salon_crm.use_cases.catalogue import check_offered, find_item
from salon_crm.use_cases.unit import Unit


class Plan:
    """What somebody asks a booking to be: read first, so that a repeated call is known, then settled."""

    def __init__(
        self, unit: Unit, *, start: object, end: object, price: object, note: object, status: object, fact: bool = False
    ) -> None:
        self._unit = unit
        self._start, self._end = start, end
        self._price, self._note, self._status = price, note, status
        self._fact = fact
        self._problems: list[InvalidValue] = []
        self._read: dict[str, Any] = {}
        self._items: dict[str, Any] = {}

    def checked(self, *, service: object, location: object, therapist: object, package: object) -> dict[str, Any]:
        """Return the fields of the booking; raises as `read` and `settled`."""
        self.read(service=service, location=location, therapist=therapist, package=package)
        return self.settled()

    def read(self, *, service: object, location: object, therapist: object, package: object) -> dict[str, Any]:
        """Return what is stated, as it is kept, items by their codes: the same for the same call at any time.

        Raises InvalidDocument with every problem, NotFound.
        """
        start = self.attempt(lambda: parse_time(self._start, "start"))
        end = None if self._end is None else self.attempt(lambda: parse_time(self._end, "end"))
        status = self.attempt(lambda: self._parse_status(start))
        currency = self._unit.settings.currency
        price = self._price
        amount = None if price is None else self.attempt(lambda: Money.parse(price, "price", currency=currency))
        note = None if self._note is None else self.attempt(lambda: clean_note(self._note, "note"))
        if self._problems:
            raise InvalidDocument(self._problems)
        stated = {"service": service, "therapist": therapist, "package": package, "location": location}
        self._items = {
            name: None if ref is None else find_item(self._unit.writing, _KINDS[name], ref, name)
            for name, ref in stated.items()
        }
        codes = {name: None if item is None else item.code for name, item in self._items.items()}
        self._read = {**codes, "start": start, "end": end, "status": status, "price": amount, "note": note}
        return self._read

    def settled(self) -> dict[str, Any]:
        """Return the fields of the booking as things stand now.

        Raises InvalidValue, RuleBroken for what is no longer offered, NotPermitted.
        """
        when = self._read["start"]
        for name, item in self._items.items():
            if item is not None and not self._fact:
                check_offered(_KINDS[name], item, name, when=when)
        place = self._place()
        return {
            **self._read,
            "location": None if place is None else place.code,
            "end": settled_end(when, self._read["end"], self._items["service"]),
            "zone": zone_at(self._unit, place),
        }

    def attempt(self, read: Callable[[], Any]) -> Any:
        """Read a value; what cannot be taken is kept, to be raised with the others."""
        try:
            return read()
        except InvalidValue as problem:
            self._problems += problem.problems
            return None

    def _parse_status(self, start: datetime | None) -> BookingStatus:
        past = start is None or start <= self._unit.at  # where the start cannot be read, that is the problem
        choices = tuple(BookingStatus) if self._fact else (*_BOOKED_AS, *(_CLOSED_AS if past else ()))
        if not isinstance(self._status, str) or self._status not in choices:
            raise InvalidValue("not-a-choice", field="status", choices=choices)
        return BookingStatus(self._status)

    def _place(self) -> Location | None:
        place: Any = self._items["location"]
        return settled_place(self._unit, place, lambda _: place)


_KINDS: Final[dict[str, Kind[Any]]] = {
    "service": SERVICES,
    "therapist": STAFF_MEMBERS,
    "package": PACKAGES,
    "location": LOCATIONS,
}
_BOOKED_AS: Final = (BookingStatus.PENDING, BookingStatus.CONFIRMED)
_CLOSED_AS: Final = (BookingStatus.COMPLETED, BookingStatus.NO_SHOW)


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
            check_location(unit.actor, None)
            return None
        place = there[0]
    check_location(unit.actor, place)
    return place


def zone_at(unit: Unit, place: Location | None) -> str:
    """Return the zone of a location now: its own, or the salon's."""
    return unit.settings.zone if place is None or place.zone is None else place.zone


def agreed_zone(unit: Unit, before: Booking, changes: Mapping[str, Any]) -> str:
    """Return the zone of a booking after changes: another time or place is agreed in the zone of the place now."""
    start, location = (changes.get(name, getattr(before, name)) for name in ("start", "location"))
    if (start, location) == (before.start, before.location):
        return before.zone
    return zone_at(unit, None if location is None else find_item(unit.writing, LOCATIONS, location, "location"))


def check_location_of(unit: Unit, thing: Booking | Sale) -> None:
    """Refuse an actor who is limited to locations a booking or a sale of another."""
    if unit.actor.locations is None:
        return
    place = None if thing.location is None else find_item(unit.writing, LOCATIONS, thing.location, "location")
    check_location(unit.actor, place)
