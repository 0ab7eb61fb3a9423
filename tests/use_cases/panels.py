"""A salon with a catalogue, and customers with the bookings and sales that a panel asks for."""

from collections.abc import Iterable
from datetime import UTC, datetime
from itertools import count
from typing import Any
from zoneinfo import ZoneInfo

from attrs import evolve
from tests.use_cases.actors import STAFF

import salon_crm as crm
from salon_crm.domain.bookings import Booking, BookingStatus
from salon_crm.domain.facts import facts_of
from salon_crm.domain.ids import CustomerId
from salon_crm.domain.money import Money
from salon_crm.domain.sales import AssignedPackage, LineKind, Sale, SaleLine, SaleStatus
from salon_crm.ports.store import Writing
from salon_crm.testing import (
    a_booking,
    a_location,
    a_package,
    a_sale,
    a_service,
    a_service_type,
    a_staff_member,
    an_assigned_package,
)

CATALOGUE: dict[str, tuple[Any, ...]] = {
    "service_types": (a_service_type(1, name="Hair"), a_service_type(2, name="Nails"), a_service_type(3, name="Wax")),
    "services": (
        a_service(1, name="Cut", service_type="hair"),
        a_service(2, name="Balayage", service_type="hair"),
        a_service(3, name="Manicure", service_type="nails"),
        a_service(4, name="Gift wrapping", service_type=None),
    ),
    "packages": (a_package(1, name="Ten cuts"), a_package(2, name="Bridal")),
    "locations": (
        a_location(1, name="Chiado"),
        a_location(2, name="Horta", zone="Atlantic/Azores"),
        a_location(3, name="Ponsonby", zone="Pacific/Auckland"),
    ),
    "staff_members": (a_staff_member(1, name="Gil Horta"), a_staff_member(2, name="Ines Jardim")),
}
ZONES = {location.code: location.zone or "Europe/Lisbon" for location in CATALOGUE["locations"]}


class Panels:
    """A salon whose customers are known by their names, and what panels and texts find in it."""

    def __init__(self, salon: crm.Salon) -> None:
        self.salon = salon
        self._numbers = count(1)
        self._ids: dict[str, CustomerId] = {}
        with salon.writing() as writing:
            for kind, items in CATALOGUE.items():
                getattr(writing, kind).add_many(items)

    def customer(self, name: str) -> CustomerId:
        """The customer of a name, added where there is none yet."""
        if name not in self._ids:
            self._ids[name] = crm.add_customer(self.salon, STAFF, name=name).id
        return self._ids[name]

    def booked(self, name: str, service: str, local_start: str, /, **fields: Any) -> Booking:
        """Keep a booking that starts when the clock of its location shows a time; Chiado, and pending, unless said."""
        location = fields.setdefault("location", "chiado")
        zone = ZONES[location] if location else "Europe/Lisbon"
        start = datetime.fromisoformat(local_start).replace(tzinfo=ZoneInfo(zone)).astimezone(UTC)
        if isinstance(fields.get("status"), str):
            fields["status"] = BookingStatus(fields["status"])
        booking = a_booking(
            next(self._numbers), customer_id=self.customer(name), service=service, start=start, zone=zone, **fields
        )
        with self.salon.writing() as writing:
            writing.bookings.add(booking)
            self._count(writing, booking.customer_id)
        return booking

    def moved(self, booking: Booking, **fields: Any) -> Booking:
        """Keep another version of a booking."""
        later = evolve(booking, version=booking.version + 1, **fields)
        with self.salon.writing() as writing:
            writing.bookings.save(later, booking.version)
            self._count(writing, booking.customer_id)
        return later

    def sold(
        self, name: str, kind: LineKind, item: str, /, *, price: int = 2_500, quantity: int = 1, **fields: Any
    ) -> Sale:
        """Keep a sale of one line, completed unless said otherwise; the price is in cents."""
        line = SaleLine(kind=kind, item=item, name=item, quantity=quantity, price=Money(price, "EUR"))
        fields.setdefault("status", SaleStatus.COMPLETED)
        sale = a_sale(next(self._numbers), customer_id=self.customer(name), lines=(line,), payments=(), **fields)
        with self.salon.writing() as writing:
            writing.sales.add(sale)
            self._count(writing, self.customer(name))
        return sale

    def assigned(self, name: str, package: str, **fields: Any) -> AssignedPackage:
        """Keep a package that a customer was given by hand."""
        given = an_assigned_package(next(self._numbers), customer_id=self.customer(name), package=package, **fields)
        with self.salon.writing() as writing:
            writing.assigned_packages.add(given)
            self._count(writing, given.customer_id)
        return given

    def _count(self, writing: Writing, customer_id: CustomerId) -> None:
        """Keep what a customer's bookings and sales come to."""

        def theirs(kind: str) -> Iterable[Any]:
            found: Iterable[Any] = getattr(writing, kind).of_customers([customer_id]).get(customer_id, ())
            return found

        known = writing.facts.get_many([customer_id]).get(customer_id)
        version = 1 if known is None else known.version + 1
        facts = facts_of(customer_id, theirs("bookings"), theirs("sales"), theirs("assigned_packages"), version=version)
        if known is None:
            writing.facts.add(facts)
        else:
            writing.facts.save(facts, known.version)

    def found(self, criteria: crm.CustomerFilter | str | None = None, /, **parts: Any) -> set[str]:
        """Who a panel finds, or a text; a panel is asked as its own text too, which must find the same."""
        if isinstance(criteria, str):
            return self._names(criteria)
        panel = criteria or crm.CustomerFilter(**parts)
        names = self._names(panel)
        with self.salon.reading() as reading:
            text = str(panel.criterion(reading.settings()))
        assert self._names(text) == names, text
        return names

    def _names(self, criteria: crm.CustomerFilter | str) -> set[str]:
        found = [row.name for row in crm.find_customers(self.salon, STAFF, criteria)]
        assert crm.count_customers(self.salon, STAFF, criteria) == len(found)
        return set(found)
