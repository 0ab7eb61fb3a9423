"""What a store must provide: every repository on this one page.

A store keeps one salon. It is read in one snapshot and written in one unit of work:

- ``with store.reading() as reading:`` sees one state from its first read to its end, has no verb that
  writes (one it has all the same raises StoreError), and never waits for a writer.
- ``with store.writing() as writing:`` takes the writer's turn, sees its own writes, commits when the
  block ends and rolls everything back on any exception. Writers of one salon take turns; one that does
  not get its turn within the store's deadline raises StoreBusy and has written nothing.

Objects are immutable; a store gives back what it was given, equal in every field. A store raises
errors of `salon_crm.errors` only; a verb that raises has changed nothing, and the unit of work can go
on. A unit serves inside its block, in the thread and the process that opened it; afterwards it raises
StoreError. docs/how-to/plug-in-your-storage.md builds a store, and says which codes to raise. Prove
yours with `salon_crm.testing.StoreConformance`.
"""

from abc import abstractmethod
from collections.abc import Iterable, Iterator, Sequence
from contextlib import AbstractContextManager
from datetime import date, datetime
from itertools import pairwise
from typing import Any, Final, Protocol, TypeVar, runtime_checkable

from attrs import evolve, field, frozen

from salon_crm.domain.audit import AuditEntry, AuditHead
from salon_crm.domain.blocks import Block, BlockAlert
from salon_crm.domain.bookings import ANY_STATUS, Booking, BookingChange, BookingStatus
from salon_crm.domain.catalogue import Location, Package, Service, ServiceType, StaffMember
from salon_crm.domain.criteria import Criterion, Order, Start
from salon_crm.domain.customers import Customer
from salon_crm.domain.facts import CustomerFacts
from salon_crm.domain.ids import Alias, CustomerId, Reference, SalonId
from salon_crm.domain.marks import Mark
from salon_crm.domain.notes import Note
from salon_crm.domain.privacy import MONEY, OPERATOR, classed
from salon_crm.domain.rewards import RewardAction, RewardEntry, RewardHead, RewardLot
from salon_crm.domain.sales import AssignedPackage, Sale
from salon_crm.domain.settings import Settings
from salon_crm.domain.transfer import RowFingerprint
from salon_crm.errors import Conflict, NotSupported
from salon_crm.ports.records import Key, kind_of, version_of

T = TypeVar("T")
K = TypeVar("K")

_ENTRIES_AT_ONCE: Final = 500


@frozen(field_transformer=classed)
class SalonRecord:
    """What a store keeps of the salon itself, from its creation and for ever.

    ``mark_key`` are the salon's own 32 random bytes, ``key_check`` recognises the key they make with the
    host's secret. No document, repr or export ever shows them.
    """

    id: SalonId = field(metadata=OPERATOR)
    created: datetime = field(metadata=OPERATOR)
    mark_key: bytes = field(metadata=OPERATOR, repr=False)
    key_check: bytes = field(metadata=OPERATOR, repr=False)


@frozen(field_transformer=classed)
class AuditQuery:
    """Which entries of the audit: after or before a sequence, of a customer, by an actor's id, recorded in a period.

    ``since`` and ``until`` are instants, both included.
    """

    after: int = field(default=0, metadata=OPERATOR)
    before: int | None = field(default=None, metadata=OPERATOR)
    customer_id: CustomerId | None = field(default=None, metadata=OPERATOR)
    by: str | None = field(default=None, metadata=OPERATOR)
    since: datetime | None = field(default=None, metadata=OPERATOR)
    until: datetime | None = field(default=None, metadata=OPERATOR)


@frozen(field_transformer=classed, kw_only=True)
class BookingQuery:
    """Which bookings: what is left empty restricts nothing, and a booking must be all of what is stated.

    ``service``, ``location`` and ``therapist`` are codes. ``since`` and ``until`` are local days of the booking's
    location, both included. ``ended_before`` is the instant before which it ended, ``starting_from`` the instant
    from which on it starts. ``priced`` asks for those with a price only.
    """

    customer_id: CustomerId | None = field(default=None, metadata=OPERATOR)
    service: str | None = field(default=None, metadata=OPERATOR)
    location: str | None = field(default=None, metadata=OPERATOR)
    therapist: str | None = field(default=None, metadata=OPERATOR)
    since: date | None = field(default=None, metadata=OPERATOR)
    until: date | None = field(default=None, metadata=OPERATOR)
    statuses: frozenset[BookingStatus] = field(default=ANY_STATUS, metadata=OPERATOR)
    ended_before: datetime | None = field(default=None, metadata=OPERATOR)
    starting_from: datetime | None = field(default=None, metadata=OPERATOR)
    priced: bool = field(default=False, metadata=OPERATOR)

    def asks(self, booking: Booking) -> bool:
        """Return whether a booking is one of those."""
        return (
            (self.customer_id is None or booking.customer_id == self.customer_id)
            and (self.service is None or booking.service == self.service)
            and (self.location is None or booking.location == self.location)
            and (self.therapist is None or booking.therapist == self.therapist)
            and (self.since is None or booking.day >= self.since)
            and (self.until is None or booking.day <= self.until)
            and booking.status in self.statuses
            and (self.ended_before is None or booking.end < self.ended_before)
            and (self.starting_from is None or booking.start >= self.starting_from)
            and (not self.priced or booking.price is not None)
        )


@frozen(field_transformer=classed, kw_only=True)
class SaleQuery:
    """Which sales: of a customer, or those without any; made at a location; on local days of it, both included.

    ``location`` is a code.
    """

    customer_id: CustomerId | None = field(default=None, metadata=OPERATOR)
    unassigned: bool = field(default=False, metadata=OPERATOR)
    location: str | None = field(default=None, metadata=OPERATOR)
    since: date | None = field(default=None, metadata=OPERATOR)
    until: date | None = field(default=None, metadata=OPERATOR)

    def asks(self, sale: Sale) -> bool:
        """Return whether a sale is one of those."""
        return (
            (self.customer_id is None or sale.customer_id == self.customer_id)
            and (not self.unassigned or sale.customer_id is None)
            and (self.location is None or sale.location == self.location)
            and (self.since is None or sale.day >= self.since)
            and (self.until is None or sale.day <= self.until)
        )


@frozen(field_transformer=classed, kw_only=True)
class RewardQuery:
    """Which entries of a customer's ledger: what is left empty restricts nothing.

    ``since`` and ``until`` are instants at which an entry happened, both included. ``points`` are how many went in, or
    out below zero. ``after`` and ``before`` are sequences, neither included.
    """

    customer_id: CustomerId = field(metadata=OPERATOR)
    actions: frozenset[RewardAction] = field(default=frozenset(RewardAction), metadata=OPERATOR)
    since: datetime | None = field(default=None, metadata=OPERATOR)
    until: datetime | None = field(default=None, metadata=OPERATOR)
    points: int | None = field(default=None, metadata=MONEY)
    after: int = field(default=0, metadata=OPERATOR)
    before: int | None = field(default=None, metadata=OPERATOR)

    def asks(self, entry: RewardEntry) -> bool:
        """Return whether an entry is one of those."""
        return (
            entry.customer_id == self.customer_id
            and entry.action in self.actions
            and (self.since is None or entry.at >= self.since)
            and (self.until is None or entry.at <= self.until)
            and (self.points is None or entry.points == self.points)
            and entry.sequence > self.after
            and (self.before is None or entry.sequence < self.before)
        )


class ReadRepository(Protocol[T]):
    """Records of one kind (`salon_crm.ports.records.Kind`), for reading."""

    @abstractmethod
    def get_many(self, identities: Iterable[K]) -> dict[K, T]:
        """Return the records that are there, by identity; absent ones are left out."""

    @abstractmethod
    def by_key(self, key: str, values: Iterable[K]) -> dict[K, tuple[T, ...]]:
        """Return the records that hold each value of a declared key, in the order of their identities.

        Values are compared as they are; those nobody holds are left out. Raises NotSupported for a key the
        kind does not declare.
        """

    @abstractmethod
    def of_customers(self, customer_ids: Iterable[CustomerId]) -> dict[CustomerId, tuple[T, ...]]:
        """Return the records of each customer, in the order of their identities; customers without any are left out.

        Raises NotSupported for a kind whose records belong to no customer.
        """


@runtime_checkable
class Walkable(Protocol):
    """What a repository offers beside `ReadRepository` where it can be read from end to end, as moving a salon does."""

    @abstractmethod
    def walk(self, after: Key | None, limit: int) -> Sequence[Any]:
        """Return up to ``limit`` records in the order of their identities: the first ones, or those after ``after``.

        The record that ``after`` names need not be there any more.
        """


class Repository(ReadRepository[T], Protocol[T]):
    """Records of one kind, for reading and writing.

    A key that is let go of is free at once. Records of a customer are added after the customer and removed
    before; a store may refuse any other order with StoreError.
    """

    @abstractmethod
    def add(self, thing: T) -> None:
        """Keep a new record; raises Conflict where its identity or a unique key is held already."""

    def add_many(self, things: Sequence[T]) -> None:
        """Keep new records, all or none; raises as `add` does for the first of them that cannot be kept.

        A store that can write many at once does so here; by itself it adds them one by one.
        """
        added: list[T] = []
        try:
            for thing in things:
                self.add(thing)
                added.append(thing)
        except Exception:
            for thing in reversed(added):
                self.remove(kind_of(thing).identity(thing))
            raise

    @abstractmethod
    def save(self, thing: T, expected_version: int) -> None:
        """Replace the record of the same identity; raises NotSupported for a kind without versions.

        Raises NotFound where it is gone, and Conflict where it is at another version than expected or a
        unique key is held by another.
        """

    def save_many(self, things: Sequence[tuple[T, int]]) -> None:
        """Replace records, each with the version it is expected at, all or none.

        Raises as `save` does for the first of them that cannot be replaced. A store that can write many at once
        does so here; by itself it replaces them one by one.
        """
        replaced: list[tuple[T, int]] = []
        try:
            for thing, expected_version in things:
                identity = kind_of(thing).identity(thing)
                held = self.get_many([identity])
                self.save(thing, expected_version)
                replaced.append((held[identity], version_of(thing)))
        except Exception:
            for before, version in reversed(replaced):
                self.save(before, version)
            raise

    @abstractmethod
    def remove(self, identity: Key) -> None:
        """Remove a record; raises NotFound where it is not there."""


class ReadCustomers(ReadRepository[Customer], Protocol):
    """Customers, for reading: the one kind that takes criteria."""

    @abstractmethod
    def find(self, criterion: Criterion, order: Order, start: Start | None, limit: int) -> Sequence[Customer]:
        """Return up to ``limit`` customers that match, in ``order``, ties by id in the same direction.

        ``start`` places the reading after a row, or before it going backward: then the last ``limit`` rows
        before it come, still in list order. The row itself is never returned and need not exist any more.
        The answer is that of `salon_crm.domain.criteria.matches` for every customer; a criterion the store
        does not know is an error, never left out. What facts say of bookings and packages may be answered
        from the customers' facts, which every unit of work of ours leaves in step with their bookings and
        sales: `HasPackage`, `HasBooking.ever`, and that who never booked a service did not book it on a day either.
        """

    @abstractmethod
    def count(self, criterion: Criterion, at_most: int | None = None) -> int:
        """Return how many customers match, counting no further than ``at_most``."""


@runtime_checkable
class Exportable(Protocol):
    """What a reading's customers offer beside `ReadCustomers` where they can go out without being built."""

    @abstractmethod
    def export_rows(self, criterion: Criterion, start: Start | None, limit: int) -> Sequence[Sequence[str]]:
        """Return the cells of up to ``limit`` customers that match, those first added first, as `find` places them.

        A row has a cell for every column of `salon_crm.domain.transfer.columns.EXPORT_COLUMNS`, just as
        `export_cells` there makes them of the customer and, of the blocks in force, the one of the longest
        standing. Raises what finding and reading those customers and their blocks raises.
        """


class Customers(ReadCustomers, Repository[Customer], Protocol):
    """Customers, for reading and writing."""


class ReadBookings(ReadRepository[Booking], Protocol):
    """Bookings, for reading: a customer's, or a day's."""

    @abstractmethod
    def find(
        self, query: BookingQuery, start: Start | None, limit: int, *, newest_first: bool = False
    ) -> Sequence[Booking]:
        """Return up to ``limit`` bookings that `BookingQuery.asks` for, by their start, ties by id, both one way.

        ``start`` places the reading as in `ReadCustomers.find`, by a start and an id.
        """

    @abstractmethod
    def count(self, query: BookingQuery) -> int:
        """Return how many bookings `BookingQuery.asks` for."""


class Bookings(ReadBookings, Repository[Booking], Protocol):
    """Bookings, for reading and writing."""


class ReadSales(ReadRepository[Sale], Protocol):
    """Sales, for reading: a customer's, or those nobody was assigned."""

    @abstractmethod
    def find(self, query: SaleQuery, start: Start | None, limit: int, *, newest_first: bool = False) -> Sequence[Sale]:
        """Return up to ``limit`` sales that `SaleQuery.asks` for, by when they were made, ties by id, both one way.

        ``start`` places the reading as in `ReadCustomers.find`, by an instant and an id.
        """


class Sales(ReadSales, Repository[Sale], Protocol):
    """Sales, for reading and writing."""


class ReadRewardEntries(ReadRepository[RewardEntry], Protocol):
    """The entries of all customers' ledgers, for reading."""

    @abstractmethod
    def find(self, query: RewardQuery, limit: int, *, newest_first: bool = False) -> Sequence[RewardEntry]:
        """Return up to ``limit`` entries that `RewardQuery.asks` for, by sequence, from the oldest or the newest."""


class RewardEntries(ReadRewardEntries, Repository[RewardEntry], Protocol):
    """The entries of all customers' ledgers, for reading and writing; none is ever replaced."""


class ReadRewardLots(ReadRepository[RewardLot], Protocol):
    """The lots that hold points, for reading."""

    @abstractmethod
    def in_turn(self, customer_id: CustomerId, after: RewardLot | None, limit: int) -> Sequence[RewardLot]:
        """Return up to ``limit`` lots of a customer in the order of `RewardLot.turn`, the first ones or those behind.

        The lot that ``after`` is need not be there any more.
        """

    @abstractmethod
    def lapsed(self, on: date, after: CustomerId | None, limit: int) -> Sequence[CustomerId]:
        """Return up to ``limit`` customers with a lot whose last day is before ``on``, by id, from behind ``after``."""


class RewardLots(ReadRewardLots, Repository[RewardLot], Protocol):
    """The lots that hold points, for reading and writing."""


class ReadAudit(Protocol):
    """The audit chain, for reading."""

    @abstractmethod
    def head(self) -> AuditHead | None:
        """Return the end of the chain, or None in a salon that is being created.

        Every unit that writes asks for it. Whether the last entry is as it was written, `select` and verifying show.
        """

    @abstractmethod
    def select(self, query: AuditQuery, limit: int, *, newest_first: bool = False) -> Sequence[AuditEntry]:
        """Return up to ``limit`` entries by sequence, from the oldest or from the newest."""


class Audit(ReadAudit, Protocol):
    """The audit chain, for reading and appending."""

    @abstractmethod
    def append(self, entry: AuditEntry) -> None:
        """Keep the next entry; raises Conflict unless its sequence follows the last one's."""

    def append_many(self, entries: Sequence[AuditEntry]) -> None:
        """Keep the next entries, all or none; raises Conflict unless each sequence follows the one before.

        A store that can write many at once does so here; by itself it appends them one by one.
        """
        check_sequences(entries)
        for entry in entries:
            self.append(entry)


def check_sequences(entries: Sequence[AuditEntry]) -> None:
    """Refuse entries with a gap between them, so that only the first can fail to follow what is there."""
    for before, entry in pairwise(entries):
        if entry.sequence != before.sequence + 1:
            raise Conflict("key-taken", kind="audit", key="sequence", id=str(entry.sequence))


def lacking(kind: str) -> NotSupported:
    """Return the error of a store that does not keep a kind of record."""
    return NotSupported("not-supported", what=kind.replace("_", " "))


class Reading(Protocol):
    """One snapshot of a salon. A kind the store does not keep raises NotSupported when it is asked for.

    Kinds that came after the first ones do so by themselves where a store says nothing of them.
    """

    @property
    @abstractmethod
    def customers(self) -> ReadCustomers: ...

    @property
    @abstractmethod
    def notes(self) -> ReadRepository[Note]: ...

    @property
    @abstractmethod
    def blocks(self) -> ReadRepository[Block]: ...

    @property
    @abstractmethod
    def block_alerts(self) -> ReadRepository[BlockAlert]: ...

    @property
    @abstractmethod
    def marks(self) -> ReadRepository[Mark]: ...

    @property
    @abstractmethod
    def aliases(self) -> ReadRepository[Alias]: ...

    @property
    @abstractmethod
    def fingerprints(self) -> ReadRepository[RowFingerprint]: ...

    @property
    @abstractmethod
    def references(self) -> ReadRepository[Reference]: ...

    @property
    def service_types(self) -> ReadRepository[ServiceType]:
        raise lacking("service_types")

    @property
    def services(self) -> ReadRepository[Service]:
        raise lacking("services")

    @property
    def packages(self) -> ReadRepository[Package]:
        raise lacking("packages")

    @property
    def locations(self) -> ReadRepository[Location]:
        raise lacking("locations")

    @property
    def staff_members(self) -> ReadRepository[StaffMember]:
        raise lacking("staff_members")

    @property
    def bookings(self) -> ReadBookings:
        raise lacking("bookings")

    @property
    def booking_changes(self) -> ReadRepository[BookingChange]:
        raise lacking("booking_changes")

    @property
    def sales(self) -> ReadSales:
        raise lacking("sales")

    @property
    def assigned_packages(self) -> ReadRepository[AssignedPackage]:
        raise lacking("assigned_packages")

    @property
    def facts(self) -> ReadRepository[CustomerFacts]:
        raise lacking("facts")

    @property
    def reward_entries(self) -> ReadRewardEntries:
        raise lacking("reward_entries")

    @property
    def reward_lots(self) -> ReadRewardLots:
        raise lacking("reward_lots")

    @property
    def reward_heads(self) -> ReadRepository[RewardHead]:
        raise lacking("reward_heads")

    @property
    @abstractmethod
    def audit(self) -> ReadAudit: ...

    @abstractmethod
    def salon(self) -> SalonRecord | None:
        """Return the salon this store keeps, or None where none was created yet."""

    @abstractmethod
    def settings(self) -> Settings:
        """Return the salon's settings; raises NotFound where none was created yet."""


def entries_asked(reading: Reading, query: RewardQuery) -> Iterator[RewardEntry]:
    """Give the entries that a query asks for, oldest first, some hundred at a time."""
    while True:
        entries = reading.reward_entries.find(query, _ENTRIES_AT_ONCE)
        yield from entries
        if len(entries) < _ENTRIES_AT_ONCE:
            return
        query = evolve(query, after=entries[-1].sequence)


def tier_points_between(
    reading: Reading, customer_id: CustomerId, since: datetime, until: datetime | None = None
) -> int:
    """Return the points for tiers that a customer earned in a period and that were not taken back by its end."""
    query = RewardQuery(customer_id=customer_id, since=since, until=until)  # what is taken back is so later
    return sum(entry.tier_points for entry in entries_asked(reading, query) if entry.counts_at >= since)


class Writing(Reading, Protocol):
    """One unit of work; everything in it is kept together or not at all."""

    @property
    @abstractmethod
    def customers(self) -> Customers: ...

    @property
    @abstractmethod
    def notes(self) -> Repository[Note]: ...

    @property
    @abstractmethod
    def blocks(self) -> Repository[Block]: ...

    @property
    @abstractmethod
    def block_alerts(self) -> Repository[BlockAlert]: ...

    @property
    @abstractmethod
    def marks(self) -> Repository[Mark]: ...

    @property
    @abstractmethod
    def aliases(self) -> Repository[Alias]: ...

    @property
    @abstractmethod
    def fingerprints(self) -> Repository[RowFingerprint]: ...

    @property
    @abstractmethod
    def references(self) -> Repository[Reference]: ...

    @property
    def service_types(self) -> Repository[ServiceType]:
        raise lacking("service_types")

    @property
    def services(self) -> Repository[Service]:
        raise lacking("services")

    @property
    def packages(self) -> Repository[Package]:
        raise lacking("packages")

    @property
    def locations(self) -> Repository[Location]:
        raise lacking("locations")

    @property
    def staff_members(self) -> Repository[StaffMember]:
        raise lacking("staff_members")

    @property
    def bookings(self) -> Bookings:
        raise lacking("bookings")

    @property
    def booking_changes(self) -> Repository[BookingChange]:
        raise lacking("booking_changes")

    @property
    def sales(self) -> Sales:
        raise lacking("sales")

    @property
    def assigned_packages(self) -> Repository[AssignedPackage]:
        raise lacking("assigned_packages")

    @property
    def facts(self) -> Repository[CustomerFacts]:
        raise lacking("facts")

    @property
    def reward_entries(self) -> RewardEntries:
        raise lacking("reward_entries")

    @property
    def reward_lots(self) -> RewardLots:
        raise lacking("reward_lots")

    @property
    def reward_heads(self) -> Repository[RewardHead]:
        raise lacking("reward_heads")

    @property
    @abstractmethod
    def audit(self) -> Audit: ...

    @abstractmethod
    def create_salon(self, salon: SalonRecord, settings: Settings) -> None:
        """Keep the salon and its settings; raises Conflict where the store keeps one already."""

    @abstractmethod
    def save_settings(self, settings: Settings, expected_version: int) -> None:
        """Replace the settings; raises Conflict where they are at another version than expected."""

    @abstractmethod
    def savepoint(self) -> AbstractContextManager[None]:
        """Open a part that is undone alone where its block raises; the unit of work goes on. Parts nest."""


@runtime_checkable
class Joinable(Protocol):
    """What a store offers beside `Store` where it can work in a transaction that the host has open."""

    @abstractmethod
    def joining(self, connection: object) -> AbstractContextManager[Writing]:
        """Open a part of the transaction that ``connection``, the host's own to the same data, has open.

        Takes the writer's turn at once and sees what the transaction wrote. Where the block raises, what it
        wrote is undone and the host's transaction goes on; committing and rolling back is the host's, and
        takes all of it. Nothing of the connection's settings is changed.

        Raises InvalidValue for a connection that is unfit, naming the way out, StoreBusy where another
        writer has its turn, TransactionLost where the transaction cannot write any more or ended meanwhile.
        """


@frozen(field_transformer=classed, kw_only=True)
class StoreHealth:
    """What a store found of itself; ``size`` and ``log_size`` are bytes, ``damage`` names no value of a record."""

    size: int = field(metadata=OPERATOR)
    log_size: int = field(metadata=OPERATOR)
    schema: int = field(metadata=OPERATOR)
    schema_known: int = field(metadata=OPERATOR)
    damage: tuple[str, ...] = field(metadata=OPERATOR)
    search_sound: bool = field(metadata=OPERATOR)


@frozen(field_transformer=classed, kw_only=True)
class StoreCopy:
    """What a backup holds: its bytes, its customers, and the end of its audit."""

    size: int = field(metadata=OPERATOR)
    customers: int = field(metadata=OPERATOR)
    head: AuditHead = field(metadata=OPERATOR)


@runtime_checkable
class Copyable(Protocol):
    """What a store offers beside `Store` where it can be backed up."""

    @abstractmethod
    def backup(self, path: str) -> StoreCopy:
        """Copy everything, as it is at one moment, to a new place, while others read and write.

        The copy is checked, and appears under its name when it is whole; a place that is taken stays as it is.
        Raises InvalidValue where no copy can be put there, StoreError where none could be made.
        """


@runtime_checkable
class Maintainable(Protocol):
    """What a store offers beside `Store` where it can be checked and repaired."""

    @abstractmethod
    def health(self) -> StoreHealth:
        """Check everything from end to end and change nothing; what is wrong is returned and not raised."""

    @abstractmethod
    def rebuild_search(self, writing: Writing) -> int:
        """Make the search index anew in a unit of work of this store; return how many customers it holds."""


class Store(Protocol):
    """Where one salon is kept.

    ``salon_id`` is the salon's where the store says whose it is before there is one, as in a database of many salons;
    None where whoever creates the salon chooses.
    """

    salon_id: SalonId | None = None

    @abstractmethod
    def reading(self) -> AbstractContextManager[Reading]:
        """Open one snapshot; never waits for a writer."""

    @abstractmethod
    def writing(self) -> AbstractContextManager[Writing]:
        """Open a unit of work: commits when the block ends, rolls back on any exception.

        Raises StoreBusy where the writer's turn does not come within the deadline.
        """

    @abstractmethod
    def close(self) -> None:
        """Let go of everything, from any thread; closing twice is fine, using a closed store raises StoreError."""
