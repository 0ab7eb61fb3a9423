"""What is to be done with each row of a list of bookings.

One planner serves the dry run and the real one. It decides from what the store holds and from what earlier rows of
the same list became; it never reads or writes anything itself.
"""

from collections import Counter
from collections.abc import Callable, Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from attrs import evolve, field, frozen

from salon_crm.domain.bookings import OPEN, Booking, BookingOrigin, BookingStatus, parse_time, settled_end
from salon_crm.domain.catalogue import CatalogueItem, Location, Package, Service, StaffMember
from salon_crm.domain.customers import Customer, Status, known_names
from salon_crm.domain.ids import BookingId, CustomerId, ExternalId, reads_as_id
from salon_crm.domain.privacy import BEHAVIOUR, IDENTITY, OPERATOR, classed
from salon_crm.domain.reading import Problems
from salon_crm.domain.transfer.booking_rows import ImportedBooking, Said
from salon_crm.domain.transfer.items import ItemsByName
from salon_crm.domain.transfer.lines import LinesOf
from salon_crm.domain.transfer.planner import Outcome, TwinOf
from salon_crm.domain.transfer.times import WrittenTime, instant_of, second_of
from salon_crm.errors import InvalidValue

CUSTOMER_BLOCKED: Final = "customer-blocked"
TIME_TWICE: Final = "time-twice"
ITEM_RETIRED: Final = "item-retired"
KEPT_AS_MOVED: Final = "kept-as-moved"
"""What is to be minded of a row that is taken; `label` has words for them."""

Warned = tuple[str, str]
"""A field, and what is to be minded of it."""


@frozen(field_transformer=classed, kw_only=True)
class Items:
    """The catalogue as a list is read by it, and the zone of what is at no location."""

    services: "ItemsByName[Service]" = field(metadata=OPERATOR)
    locations: "ItemsByName[Location]" = field(metadata=OPERATOR)
    therapists: "ItemsByName[StaffMember]" = field(metadata=OPERATOR)
    packages: "ItemsByName[Package]" = field(metadata=OPERATOR)
    zone: str = field(metadata=OPERATOR)


@frozen(field_transformer=classed, kw_only=True)
class PlacedBooking:
    """A row whose items are those of the catalogue and whose times are instants; ``key`` is what it is known by."""

    row: ImportedBooking = field(metadata=IDENTITY)
    key: ExternalId = field(metadata=IDENTITY)
    service: Service = field(metadata=BEHAVIOUR)
    fields: Mapping[str, Any] = field(metadata=BEHAVIOUR, repr=False)
    """What the row states of a booking, by its fields."""
    end: datetime | None = field(default=None, metadata=BEHAVIOUR)
    said: Said | None = field(default=None, metadata=OPERATOR)
    warned: tuple[Warned, ...] = field(default=(), metadata=OPERATOR)

    @property
    def start(self) -> datetime:
        """When it begins, in UTC."""
        start: datetime = self.fields["start"]
        return start


@frozen(field_transformer=classed, kw_only=True)
class KnownBookings:
    """What the store holds that the rows of a slice may mean; ``moved`` are bookings that somebody moved here."""

    customers: Mapping[CustomerId, Customer] = field(metadata=IDENTITY)
    aliases: Mapping[CustomerId, CustomerId] = field(metadata=OPERATOR)
    by_external_id: Mapping[ExternalId, Customer] = field(metadata=IDENTITY)
    by_contact: Mapping[str, tuple[Customer, ...]] = field(metadata=IDENTITY)
    blocked: frozenset[CustomerId] = field(metadata=BEHAVIOUR)
    bookings: Mapping[ExternalId, Booking] = field(metadata=BEHAVIOUR)
    moved: frozenset[BookingId] = field(metadata=OPERATOR)


@frozen(field_transformer=classed, kw_only=True)
class BookingPlan:
    """What a row makes of a booking: a new one, or, where there is one ``before``, what it is ``after``.

    Both are one object where the row says nothing new.
    """

    line: int = field(metadata=OPERATOR)
    customer: Customer = field(metadata=IDENTITY)
    before: Booking | None = field(default=None, metadata=BEHAVIOUR)
    after: Booking = field(metadata=BEHAVIOUR)
    activates: bool = field(default=False, metadata=OPERATOR)
    """Whether it makes an inactive customer active."""
    warned: tuple[Warned, ...] = field(default=(), metadata=OPERATOR)

    @property
    def outcome(self) -> Outcome:
        if self.before is None:
            return Outcome.CREATED
        return Outcome.UNCHANGED if self.after is self.before else Outcome.UPDATED


BookingDecision = BookingPlan | TwinOf
"""What is to be done with a row, decided and not yet done."""


class BookingPlanner:
    """Decides each row of a list, in order, remembering what the rows before it became.

    ``unstated`` is the state of a booking of which the list says none, ``digest`` makes the key of a row without an
    id, of what it says of who comes, for what and when. What the store knows of a slice is forgotten with
    `forget_new`, but for the lines.
    """

    def __init__(
        self,
        *,
        system: str,
        overwrite: bool,
        unstated: BookingStatus,
        by: str,
        digest: Callable[..., bytes],
    ) -> None:
        self._system = system
        self._overwrite = overwrite
        self._unstated = unstated
        self._by = by
        self._digest = digest
        self._lines = LinesOf()
        self._new: dict[ExternalId, Booking] = {}
        self._activated: set[CustomerId] = set()
        self.missing = Counter[tuple[str, str]]()
        """How often the list names what the catalogue lacks: the kind, and what it is called there."""

    def forget_new(self) -> None:
        """Forget what the store knows now; whose line was whose stays."""
        self._new.clear()

    def place(self, row: ImportedBooking, items: Items, *, now: datetime) -> PlacedBooking:
        """Return a row with its items looked up and its times as instants.

        Raises InvalidDocument with every problem.
        """
        problems = Problems()
        attempt: Callable[..., Any] = problems.read
        service = attempt(self._find, items.services, row.service, "service")
        place = attempt(self._place, items, row.location)
        fields: dict[str, Any] = {}
        found: list[CatalogueItem] = [item for item in (service, place) if item is not None]
        for name, text, kind in (
            ("therapist", row.therapist, items.therapists),
            ("package", row.package, items.packages),
        ):
            item = None if text is None else attempt(self._find, kind, text, name)
            if item is not None:
                fields[name] = item.code
                found.append(item)
        problems.settle()
        zone = items.zone if place is None or place.zone is None else place.zone
        warned: list[Warned] = [(_FIELDS[type(item)], ITEM_RETIRED) for item in found if item.retired_at is not None]
        fields |= {"service": service.code, "location": None if place is None else place.code, "zone": zone}
        times = attempt(_times, row, zone, warned)
        said = attempt(_said_of, row.said, times["start"], now) if times else None
        problems.settle()
        fields |= {"start": times["start"]}
        fields |= {
            name: value
            for name, value in (("arrived_at", times["arrived_at"]), ("price", row.price), ("note", row.note))
            if value is not None
        }
        key = row.external_id or self._fingerprint(row, service.code, times["start"])
        return PlacedBooking(
            row=row, key=key, service=service, fields=fields, end=times["end"], said=said, warned=tuple(warned)
        )

    def _find(self, items: ItemsByName[Any], text: str, name: str) -> Any:
        try:
            return items.find(text, name)
        except InvalidValue as problem:
            if problem.code == "row-item-unknown" and (
                len(self.missing) < _MOST_MISSING or self.missing[items.kind, text]
            ):
                self.missing[items.kind, text] += 1
            raise

    def _place(self, items: Items, text: str | None) -> Location | None:
        """Return the location that is meant: the one stated, or the salon's only one; None where it has none."""
        if text is not None:
            place: Location = self._find(items.locations, text, "location")
            return place
        there = items.locations.offered
        if len(there) > 1:
            raise InvalidValue("required", field="location", hint="The salon has several locations: name one.")
        return there[0] if there else None

    def _fingerprint(self, row: ImportedBooking, service: str, start: datetime) -> ExternalId:
        digest = self._digest("booking row", self._system, *row.who, service, start.isoformat())
        return ExternalId(self._system, f"row-{digest.hex()[:_DIGEST_DIGITS]}")

    def plan(
        self, placed: PlacedBooking, known: KnownBookings, *, new_id: Callable[[], UUID], now: datetime
    ) -> BookingDecision:
        """Return what is to be done with a row; one that is not known is created under a ``new_id()``, as of ``now``.

        Raises InvalidValue where nobody, or more than one, is the customer, and where an earlier row has its id for
        something else.
        """
        customer = self._customer(placed.row, known)
        held = self._new.get(placed.key) or known.bookings.get(placed.key)
        line = None if held is None else self._lines.get(held.id)
        if held is not None and line is not None:
            return self._again(placed, customer, held, line)
        warned = placed.warned
        if customer.id in known.blocked:
            warned = (*warned, (placed.row.who_field, CUSTOMER_BLOCKED))
        after = self._made(placed, customer, new_id, now) if held is None else self._merged(placed, customer, held, now)
        if held is not None and after is not held and held.id in known.moved and not self._overwrite:
            after, warned = held, (*warned, ("status", KEPT_AS_MOVED))
        self._new[placed.key] = after
        self._lines.put(after.id, placed.row.line)
        return BookingPlan(
            line=placed.row.line,
            customer=customer,
            before=held,
            after=after,
            activates=after is not held and self._activates(customer, after, now),
            warned=warned,
        )

    def _again(self, placed: PlacedBooking, customer: Customer, held: Booking, line: int) -> TwinOf:
        """Return the row as a twin of an earlier one, where both say who comes for what and when alike."""
        if (held.customer_id, held.service, held.start) != (customer.id, placed.service.code, placed.start):
            raise InvalidValue("row-booking-repeated", field="booking_id", line=line)
        return TwinOf(placed.row.line, line)

    def _activates(self, customer: Customer, booking: Booking, now: datetime) -> bool:
        if customer.status is Status.ACTIVE or customer.id in self._activated or not booking.is_to_come(now):
            return False
        self._activated.add(customer.id)
        return True

    def _made(self, placed: PlacedBooking, customer: Customer, new_id: Callable[[], UUID], now: datetime) -> Booking:
        said = placed.said or self._unsaid(placed, now)
        return Booking(
            id=BookingId(new_id()),
            customer_id=customer.id,
            **placed.fields,
            end=settled_end(placed.start, placed.end, placed.service),
            status=said.status,
            cancelled_by=said.cancelled_by,
            external_id=placed.key,
            origin=BookingOrigin.IMPORTED,
            at=now,
            by=self._by,
        )

    def _unsaid(self, placed: PlacedBooking, now: datetime) -> Said:
        return Said(self._unstated if placed.start <= now else _TO_COME[self._unstated])

    def _merged(self, placed: PlacedBooking, customer: Customer, held: Booking, now: datetime) -> Booking:
        """Return a booking with all that a row states of it; an empty cell never clears.

        What was to come when an earlier list brought it and is past now is what the list says such bookings are.
        """
        end = placed.end
        if end is None:
            same = held.service == placed.service.code or placed.service.duration is None
            end = placed.start + (held.end - held.start) if same else settled_end(placed.start, None, placed.service)
        status, who = held.status, held.cancelled_by
        said = placed.said or (self._unsaid(placed, now) if held.status in OPEN and placed.start <= now else None)
        if said is not None and not (placed.said is None and said.status in OPEN):
            status, who = said.status, said.cancelled_by or (who if said.status is status else None)
        changed = evolve(
            held,
            customer_id=customer.id,
            **placed.fields,
            end=settled_end(placed.start, end, placed.service),
            status=status,
            cancelled_by=who,
        )
        return held if changed == held else evolve(changed, version=held.version + 1)

    def _customer(self, row: ImportedBooking, known: KnownBookings) -> Customer:
        """Return whose booking a row is: by an id, or by a contact together with the name."""
        found = None if row.customer_id is None else self._by_id(row.customer_id, known)
        if found is not None:
            return found
        same = {
            customer.id: customer
            for key in row.contacts
            for customer in known.by_contact.get(key, ())
            if known_names(customer) & row.names
        }
        if len(same) > 1:
            ids = tuple(map(str, sorted(same)))
            raise InvalidValue("row-ambiguous", field=row.who_field, count=len(same), ids=ids)
        if not same:
            raise InvalidValue("row-no-customer", field=row.who_field)
        return next(iter(same.values()))

    def _by_id(self, stated: str, known: KnownBookings) -> Customer | None:
        if reads_as_id(stated):
            own_id = CustomerId(UUID(stated))
            ours = known.customers.get(known.aliases.get(own_id, own_id))
            if ours is not None:
                return ours
        return known.by_external_id.get(ExternalId(self._system, stated))


_DIGEST_DIGITS: Final = 32
_MOST_MISSING: Final = 1_000
_FIELDS: Final[Mapping[type, str]] = {
    Service: "service",
    Location: "location",
    StaffMember: "therapist",
    Package: "package",
}
_TO_COME: Final[Mapping[BookingStatus, BookingStatus]] = {
    BookingStatus.PENDING: BookingStatus.PENDING,
    BookingStatus.CONFIRMED: BookingStatus.CONFIRMED,
    BookingStatus.COMPLETED: BookingStatus.CONFIRMED,
}
"""What a booking of which the list says no state is before its start, by what it is after."""


def _said_of(said: Said | None, start: datetime, now: datetime) -> Said | None:
    """Return the state a row states; a payment before the start is one in advance, any other end is a mistake."""
    if said is None or said.status not in _ENDED or start <= now:
        return said
    if said.prepaid:
        return Said(BookingStatus.CONFIRMED)
    raise InvalidValue("status-to-come", field="status", status=said.status)


_ENDED: Final = frozenset({BookingStatus.COMPLETED, BookingStatus.NO_SHOW})


def _times(row: ImportedBooking, zone: str, warned: list[Warned]) -> dict[str, Any]:
    """Return when a row's booking begins and ends and when the customer came, as instants; None where not stated."""
    start = instant_of(row.start, zone, "start")
    if start.twice:
        warned.append(("start", TIME_TWICE))
    begins = parse_time(start.at, "start")
    end = None if row.end is None else _end_of(row.end, zone, begins)
    if row.length is not None:
        end = begins + row.length
    if end is not None:
        settled_end(begins, end, None)
    arrived = None if row.arrived_at is None else instant_of(row.arrived_at, zone, "arrived_at").at
    return {
        "start": begins,
        "end": end,
        "arrived_at": None if arrived is None else parse_time(arrived, "arrived_at"),
    }


def _end_of(written: WrittenTime, zone: str, begins: datetime) -> datetime:
    """Return when a booking ends: of a time that the clock showed twice, the first that is after the start."""
    end = instant_of(written, zone, "end")
    return second_of(written, zone) if end.twice and end.at <= begins else end.at
