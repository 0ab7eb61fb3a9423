"""A snapshot or a unit of work: the ports, over dictionaries that nobody else sees until they are kept."""

import os
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date
from itertools import chain, islice
from typing import Any, Generic, TypeVar
from uuid import UUID

from attrs import evolve

from json_store.folder import Row, Rows, State, row_of
from salon_crm.domain.audit import AuditEntry, AuditHead
from salon_crm.domain.blocks import Block, BlockAlert
from salon_crm.domain.bookings import Booking, BookingChange
from salon_crm.domain.catalogue import Location, Package, Service, ServiceType, StaffMember
from salon_crm.domain.criteria import Criterion, Order, Start, matches
from salon_crm.domain.customers import Customer, search_keys
from salon_crm.domain.facts import CustomerFacts
from salon_crm.domain.ids import Alias, CustomerId, Reference
from salon_crm.domain.marks import Mark
from salon_crm.domain.notes import Note
from salon_crm.domain.rewards import RewardEntry, RewardHead, RewardLot
from salon_crm.domain.sales import AssignedPackage, Sale
from salon_crm.domain.settings import Settings
from salon_crm.domain.transfer import RowFingerprint
from salon_crm.errors import Conflict, NotFound, NotSupported, StoreError
from salon_crm.ports.records import (
    ALIASES,
    ASSIGNED_PACKAGES,
    BLOCK_ALERTS,
    BLOCKS,
    BOOKING_CHANGES,
    BOOKINGS,
    CUSTOMERS,
    FACTS,
    FINGERPRINTS,
    LOCATIONS,
    MARKS,
    NOTES,
    PACKAGES,
    REFERENCES,
    REWARD_ENTRIES,
    REWARD_HEADS,
    REWARD_LOTS,
    SALES,
    SERVICE_TYPES,
    SERVICES,
    STAFF_MEMBERS,
    Key,
    Kind,
)
from salon_crm.ports.salon import record_of
from salon_crm.ports.store import (
    Audit,
    AuditQuery,
    BookingQuery,
    Bookings,
    Customers,
    Repository,
    RewardEntries,
    RewardLots,
    RewardQuery,
    SaleQuery,
    Sales,
    SalonRecord,
    Writing,
)

T = TypeVar("T")
K = TypeVar("K")


class Unit(Writing):
    """A snapshot, or a unit of work: it begins with a state and changes nothing of it, only copies.

    ``head``, ``rows`` and ``entries`` are what is to be kept when it ends well.
    """

    def __init__(self, state: State, check: Callable[[], None], *, writable: bool) -> None:
        self.before = state
        self.head = state.head
        self.rows = dict(state.rows)
        self.entries: list[Row] = []
        self._own: dict[str, dict[Key, Row]] = {}
        self._check_store = check
        self._writable = writable
        self._process = os.getpid()
        self._over = False

    def end(self) -> None:
        self._over = True

    def check(self, *, writing: bool = False) -> None:
        """Refuse what comes too late, and what would write in a reading."""
        self._check_store()
        if self._over or os.getpid() != self._process:
            raise StoreError("unit-over")
        if writing and not self._writable:
            raise StoreError("reading-cannot-write")

    def change(self, kind: str) -> dict[Key, Row]:
        """Return the records of a kind to write into: a copy where a state or a savepoint holds those there are."""
        if kind not in self._own:
            self.rows[kind] = self._own[kind] = dict(self.rows[kind])
        return self._own[kind]

    @property
    def customers(self) -> Customers:
        return _Customers(self, CUSTOMERS)

    @property
    def notes(self) -> Repository[Note]:
        return _Repository(self, NOTES)

    @property
    def blocks(self) -> Repository[Block]:
        return _Repository(self, BLOCKS)

    @property
    def block_alerts(self) -> Repository[BlockAlert]:
        return _Repository(self, BLOCK_ALERTS)

    @property
    def marks(self) -> Repository[Mark]:
        return _Repository(self, MARKS)

    @property
    def aliases(self) -> Repository[Alias]:
        return _Repository(self, ALIASES)

    @property
    def fingerprints(self) -> Repository[RowFingerprint]:
        return _Repository(self, FINGERPRINTS)

    @property
    def references(self) -> Repository[Reference]:
        return _Repository(self, REFERENCES)

    @property
    def service_types(self) -> Repository[ServiceType]:
        return _Repository(self, SERVICE_TYPES)

    @property
    def services(self) -> Repository[Service]:
        return _Repository(self, SERVICES)

    @property
    def packages(self) -> Repository[Package]:
        return _Repository(self, PACKAGES)

    @property
    def locations(self) -> Repository[Location]:
        return _Repository(self, LOCATIONS)

    @property
    def staff_members(self) -> Repository[StaffMember]:
        return _Repository(self, STAFF_MEMBERS)

    @property
    def bookings(self) -> Bookings:
        return _Bookings(self, BOOKINGS)

    @property
    def booking_changes(self) -> Repository[BookingChange]:
        return _Repository(self, BOOKING_CHANGES)

    @property
    def sales(self) -> Sales:
        return _Sales(self, SALES)

    @property
    def assigned_packages(self) -> Repository[AssignedPackage]:
        return _Repository(self, ASSIGNED_PACKAGES)

    @property
    def facts(self) -> Repository[CustomerFacts]:
        return _Repository(self, FACTS)

    @property
    def reward_entries(self) -> RewardEntries:
        return _RewardEntries(self, REWARD_ENTRIES)

    @property
    def reward_lots(self) -> RewardLots:
        return _RewardLots(self, REWARD_LOTS)

    @property
    def reward_heads(self) -> Repository[RewardHead]:
        return _Repository(self, REWARD_HEADS)

    @property
    def audit(self) -> Audit:
        return _Audit(self)

    def salon(self) -> SalonRecord | None:
        self.check()
        return self.head.salon

    def settings(self) -> Settings:
        self.check()
        if self.head.settings is None:
            raise NotFound("not-found", kind="salon", id="of this store")
        return self.head.settings

    def create_salon(self, salon: SalonRecord, settings: Settings) -> None:
        self.check(writing=True)
        if self.head.salon is not None:
            raise Conflict("key-taken", key="id", kind="salon", id=str(self.head.salon.id))
        self.head = evolve(self.head, salon=salon, settings=settings)

    def save_settings(self, settings: Settings, expected_version: int) -> None:
        self.check(writing=True)
        _check_version("settings", "of this salon", self.settings().version, expected_version)
        self.head = evolve(self.head, settings=settings)

    @contextmanager
    def savepoint(self) -> Generator[None]:
        self.check(writing=True)
        head, rows, own, entries = self.head, self.rows, self._own, len(self.entries)
        self.rows, self._own = dict(rows), {}
        try:
            yield
        except BaseException:
            self.head, self.rows, self._own = head, rows, own
            del self.entries[entries:]
            raise
        self._own = {**own, **self._own}


def _check_version(kind: str, name: str, current: int, expected: int) -> None:
    if current != expected:
        raise Conflict("version-conflict", kind=kind, id=name, current=current, expected=expected)


class _Repository(Repository[T], Generic[T]):
    """The records of one kind, as a unit has them: each verb is one pass over them, however many it asks for."""

    def __init__(self, unit: Unit, kind: Kind[T]) -> None:
        unit.check()
        self._unit = unit
        self._kind = kind

    def _rows(self, *, writing: bool = False) -> Rows:
        self._unit.check(writing=writing)
        return self._unit.rows[self._kind.name]

    def get_many(self, identities: Iterable[K]) -> dict[K, T]:
        rows = self._rows()
        return {each: rows[each].thing for each in identities if each in rows}

    def by_key(self, key: str, values: Iterable[K]) -> dict[K, tuple[T, ...]]:
        rows = self._rows()
        if key not in self._kind.keys:
            raise NotSupported("not-supported", what=f"{self._kind.name} by {key}")
        return self._grouped(rows, self._kind.keys[key].values, values)

    def of_customers(self, customer_ids: Iterable[CustomerId]) -> dict[CustomerId, tuple[T, ...]]:
        rows = self._rows()
        customer = self._kind.customer
        if customer is None:
            raise NotSupported("not-supported", what=f"{self._kind.name} by customer")
        return self._grouped(rows, lambda thing: (customer(thing),), customer_ids)

    def _grouped(self, rows: Rows, held: Callable[[T], Iterable[Key]], asked: Iterable[K]) -> dict[K, tuple[T, ...]]:
        """Return the records that hold each value asked for, in the order of their identities."""
        found: dict[K, list[T]] = {value: [] for value in asked}
        for row in rows.values():
            for value in dict.fromkeys(held(row.thing)):  # a record may hold a value twice, and comes once
                if value in found:
                    found[value].append(row.thing)
        return {value: tuple(sorted(things, key=self._kind.identity)) for value, things in found.items() if things}

    def add(self, thing: T) -> None:
        identity = self._kind.identity(thing)
        if identity in self._rows(writing=True):
            raise Conflict("key-taken", key="id", kind=self._kind.name, id=str(identity))
        self._put(identity, thing)

    def save(self, thing: T, expected_version: int) -> None:
        rows = self._rows(writing=True)
        if not self._kind.versioned:
            raise NotSupported("not-supported", what=f"saving {self._kind.name} anew")
        identity = self._kind.identity(thing)
        self._check_there(identity)
        _check_version(self._kind.name, str(identity), rows[identity].thing.version, expected_version)
        self._put(identity, thing)

    def remove(self, identity: Key) -> None:
        self._rows(writing=True)
        self._check_there(identity)
        del self._unit.change(self._kind.name)[identity]

    def _check_there(self, identity: Key) -> None:
        if identity not in self._rows():
            raise NotFound("not-found", kind=self._kind.name, id=str(identity))

    def _put(self, identity: Key, thing: T) -> None:
        for name, key in self._kind.keys.items():
            values = list(key.values(thing)) if key.unique else []
            holders = self.by_key(name, values) if values else {}
            others = {self._kind.identity(holder) for held in holders.values() for holder in held} - {identity}
            if others:
                raise Conflict("key-taken", key=name, kind=self._kind.name, id=str(min(others)))
        row = row_of(thing)
        self._unit.change(self._kind.name)[identity] = row


class _Customers(_Repository[Customer], Customers):
    """Customers, whom `matches` decides about one by one; nothing is compiled."""

    def find(self, criterion: Criterion, order: Order, start: Start | None, limit: int) -> Sequence[Customer]:
        placed = ((order.value_of(each, search_keys(each)), each.id, each) for each in self._matching(criterion))
        return _page(placed, start, limit, falling=order.descending)

    def count(self, criterion: Criterion, at_most: int | None = None) -> int:
        return sum(1 for _ in islice(self._matching(criterion), at_most))

    def _matching(self, criterion: Criterion) -> Iterator[Customer]:
        for row in self._rows().values():
            if matches(criterion, record_of(self._unit, row.thing)):
                yield row.thing


def _page(placed: Iterable[tuple[Any, UUID, T]], start: Start | None, limit: int, *, falling: bool) -> list[T]:
    """Return a page of records, each given with what it is placed by and its id, which decides between equal ones."""
    listed = sorted(placed, key=lambda place: place[:2], reverse=falling)
    if start is None:
        return [each for *_, each in listed[:limit]]
    at = (start.value, start.id)
    if start.backward:
        before = [each for value, own, each in listed if _precedes((value, own), at, falling=falling)]
        return before[max(0, len(before) - limit) :]
    return [each for value, own, each in listed if _precedes(at, (value, own), falling=falling)][:limit]


def _precedes(one: Any, other: Any, *, falling: bool) -> bool:
    """Return whether a place of a list stands before another: ties go by id, in the same direction."""
    return bool(one > other if falling else one < other)


class _Bookings(_Repository[Booking], Bookings):
    """Bookings, which a query is asked about one by one."""

    def find(
        self, query: BookingQuery, start: Start | None, limit: int, *, newest_first: bool = False
    ) -> Sequence[Booking]:
        placed = ((each.start, each.id, each) for each in self._asked(query))
        return _page(placed, start, limit, falling=newest_first)

    def count(self, query: BookingQuery) -> int:
        return sum(1 for _ in self._asked(query))

    def _asked(self, query: BookingQuery) -> Iterator[Booking]:
        return (row.thing for row in self._rows().values() if query.asks(row.thing))


class _Sales(_Repository[Sale], Sales):
    """Sales, which a query is asked about one by one."""

    def find(self, query: SaleQuery, start: Start | None, limit: int, *, newest_first: bool = False) -> Sequence[Sale]:
        sales = (row.thing for row in self._rows().values())
        placed = ((each.at, each.id, each) for each in sales if query.asks(each))
        return _page(placed, start, limit, falling=newest_first)


class _RewardEntries(_Repository[RewardEntry], RewardEntries):
    """Entries of ledgers, which a query is asked about one by one."""

    def find(self, query: RewardQuery, limit: int, *, newest_first: bool = False) -> Sequence[RewardEntry]:
        asked = (row.thing for row in self._rows().values() if query.asks(row.thing))
        return sorted(asked, key=lambda entry: entry.sequence, reverse=newest_first)[:limit]


class _RewardLots(_Repository[RewardLot], RewardLots):
    """The lots that hold points, sorted anew for each question."""

    def in_turn(self, customer_id: CustomerId, after: RewardLot | None, limit: int) -> Sequence[RewardLot]:
        theirs = (row.thing for row in self._rows().values() if row.thing.customer_id == customer_id)
        behind = (lot for lot in theirs if after is None or lot.turn > after.turn)
        return sorted(behind, key=lambda lot: lot.turn)[:limit]

    def lapsed(self, on: date, after: CustomerId | None, limit: int) -> Sequence[CustomerId]:
        whose = {row.thing.customer_id for row in self._rows().values() if not row.thing.usable(on)}
        return sorted(each for each in whose if after is None or each > after)[:limit]


class _Audit(Audit):
    """The audit, as a unit has it."""

    def __init__(self, unit: Unit) -> None:
        unit.check()
        self._unit = unit

    def head(self) -> AuditHead | None:
        newest = self.select(AuditQuery(), 1, newest_first=True)
        return AuditHead.of(newest[0]) if newest else None

    def select(self, query: AuditQuery, limit: int, *, newest_first: bool = False) -> Sequence[AuditEntry]:
        self._unit.check()
        kept, new = self._unit.before.audit, [row.thing for row in self._unit.entries]
        entries = chain(reversed(new), reversed(kept)) if newest_first else chain(kept, new)
        return list(islice((entry for entry in entries if _asked(query, entry)), limit))

    def append(self, entry: AuditEntry) -> None:
        self._unit.check(writing=True)
        if entry.sequence != len(self._unit.before.audit) + len(self._unit.entries) + 1:
            raise Conflict("key-taken", kind="audit", key="sequence", id=str(entry.sequence))
        self._unit.entries.append(row_of(entry))


def _asked(query: AuditQuery, entry: AuditEntry) -> bool:
    return (
        entry.sequence > query.after
        and (query.before is None or entry.sequence < query.before)
        and (query.customer_id is None or entry.customer_id == query.customer_id)
        and (query.by is None or entry.by == query.by)
        and (query.since is None or entry.recorded >= query.since)
        and (query.until is None or entry.recorded <= query.until)
    )
