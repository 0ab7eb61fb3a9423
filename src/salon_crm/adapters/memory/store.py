"""A salon in plain dictionaries, evaluated plainly: the oracle every other store is compared with.

Tables are copied the first time a unit of work writes to them; committing puts the copies in place. So
a reader keeps the tables it began with, and rolling back is forgetting the copies. A savepoint undoes
its own changes one by one.
"""

import threading
from collections.abc import Callable, Generator, Iterable, Iterator, Sequence
from contextlib import contextmanager
from datetime import date, datetime
from typing import Any, Final, Generic, TypeVar

from salon_crm.domain.audit import AuditEntry, AuditHead
from salon_crm.domain.bookings import Booking
from salon_crm.domain.criteria import Criterion, Order, Start, matches
from salon_crm.domain.customers import Customer, SearchKeys, search_keys
from salon_crm.domain.ids import CustomerId
from salon_crm.domain.rewards import RewardEntry, RewardLot
from salon_crm.domain.sales import Sale
from salon_crm.domain.settings import Settings
from salon_crm.errors import Conflict, NotFound, NotSupported, StoreBusy, StoreError
from salon_crm.ports.records import BOOKINGS, CUSTOMERS, KINDS, REWARD_ENTRIES, REWARD_LOTS, SALES, Key, Kind
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
    Store,
    Walkable,
    Writing,
)

T = TypeVar("T")
K = TypeVar("K")

_OF_CUSTOMER: Final = "of customer"


class _Table(Generic[T]):
    """The records of a kind by identity, and the identities that hold each value of each key."""

    def __init__(self, kind: Kind[T]) -> None:
        self.kind = kind
        self.rows: dict[Key, T] = {}
        self.holders: dict[tuple[str, Key], frozenset[Key]] = {}
        self.search_keys: dict[Key, SearchKeys] = {}

    def copy(self) -> "_Table[T]":
        copied = _Table(self.kind)
        copied.rows = self.rows.copy()
        copied.holders = self.holders.copy()
        copied.search_keys = self.search_keys.copy()
        return copied

    def values_of(self, thing: T) -> set[tuple[str, Key]]:
        values = {(name, value) for name, key in self.kind.keys.items() for value in key.values(thing)}
        customer_id = None if self.kind.customer is None else self.kind.customer(thing)
        if customer_id is not None:
            values.add((_OF_CUSTOMER, customer_id))
        return values

    def put(self, identity: Key, thing: T) -> None:
        held_before = self.values_of(self.rows[identity]) if identity in self.rows else set[tuple[str, Key]]()
        held = self.values_of(thing)
        for name, value in held - held_before:
            holders = self.holders.get((name, value), frozenset())
            if holders and name in self.kind.keys and self.kind.keys[name].unique:
                raise Conflict("key-taken", kind=self.kind.name, key=name, id=str(next(iter(holders))))
        for value in held_before - held:
            self._let_go(value, identity)
        for value in held - held_before:
            self.holders[value] = self.holders.get(value, frozenset()) | {identity}
        self.rows[identity] = thing
        if isinstance(thing, Customer):
            self.search_keys[identity] = search_keys(thing)

    def drop(self, identity: Key) -> None:
        for value in self.values_of(self.rows.pop(identity)):
            self._let_go(value, identity)
        self.search_keys.pop(identity, None)

    def _let_go(self, value: tuple[str, Key], identity: Key) -> None:
        left = self.holders[value] - {identity}
        if left:
            self.holders[value] = left
        else:
            del self.holders[value]


class _State:
    """Everything a salon holds at one moment."""

    def __init__(self) -> None:
        self.salon: SalonRecord | None = None
        self.settings: Settings | None = None
        self.audit: tuple[list[AuditEntry], int] = ([], 0)
        self.tables: dict[str, _Table[Any]] = {name: _Table(kind) for name, kind in KINDS.items()}

    def copy(self) -> "_State":
        copied = _State.__new__(_State)
        copied.__dict__.update(self.__dict__)
        copied.tables = self.tables.copy()
        return copied


class _Repository(Repository[T], Walkable):
    def __init__(self, unit: "_Unit", kind: Kind[T]) -> None:
        self._unit = unit
        self._kind = kind

    @property
    def _table(self) -> _Table[T]:
        return self._unit.table(self._kind.name)

    def get_many(self, identities: Iterable[K]) -> dict[K, T]:
        rows = self._table.rows
        return {identity: rows[identity] for identity in identities if identity in rows}

    def by_key(self, key: str, values: Iterable[K]) -> dict[K, tuple[T, ...]]:
        if key not in self._kind.keys:
            raise NotSupported("not-supported", what=f"{self._kind.name} by {key}")
        return self._held(key, values)

    def of_customers(self, customer_ids: Iterable[CustomerId]) -> dict[CustomerId, tuple[T, ...]]:
        if self._kind.customer is None:
            raise NotSupported("not-supported", what=f"{self._kind.name} by customer")
        return self._held(_OF_CUSTOMER, customer_ids)

    def walk(self, after: Key | None, limit: int) -> Sequence[T]:
        rows = self._table.rows
        behind = sorted(identity for identity in rows if after is None or identity > after)
        return [rows[identity] for identity in behind[: max(0, limit)]]

    def _held(self, key: str, values: Iterable[K]) -> dict[K, tuple[T, ...]]:
        table = self._table
        found = {value: table.holders.get((key, value), frozenset()) for value in values}
        return {value: tuple(table.rows[each] for each in sorted(held)) for value, held in found.items() if held}

    def add(self, thing: T) -> None:
        identity = self._kind.identity(thing)
        table = self._unit.table_to_change(self._kind.name, identity)
        if identity in table.rows:
            raise Conflict("key-taken", kind=self._kind.name, key="id", id=str(identity))
        table.put(identity, thing)

    def save(self, thing: T, expected_version: int) -> None:
        if not self._kind.versioned:
            raise NotSupported("not-supported", what=f"saving {self._kind.name} anew")
        identity = self._kind.identity(thing)
        stored: Any = self._table.rows.get(identity)
        if stored is None:
            raise NotFound("not-found", kind=self._kind.name, id=str(identity))
        if stored.version != expected_version:
            raise Conflict(
                "version-conflict",
                kind=self._kind.name,
                id=str(identity),
                current=stored.version,
                expected=expected_version,
            )
        self._unit.table_to_change(self._kind.name, identity).put(identity, thing)

    def remove(self, identity: Key) -> None:
        if identity not in self._table.rows:
            raise NotFound("not-found", kind=self._kind.name, id=str(identity))
        self._unit.table_to_change(self._kind.name, identity).drop(identity)


class _Customers(_Repository[Customer], Customers):
    def __init__(self, unit: "_Unit") -> None:
        super().__init__(unit, CUSTOMERS)

    def find(self, criterion: Criterion, order: Order, start: Start | None, limit: int) -> Sequence[Customer]:
        placed = sorted(
            ((order.value_of(customer, keys), customer.id, customer) for customer, keys in self._matching(criterion)),
            reverse=order.descending,
        )
        if start is None:
            return [customer for *_, customer in placed[:limit]]
        edge = (start.value, start.id)
        if start.backward:
            before = [c for value, own_id, c in placed if _precedes((value, own_id), edge, falling=order.descending)]
            return before[max(0, len(before) - limit) :]
        return [c for value, own_id, c in placed if _precedes(edge, (value, own_id), falling=order.descending)][:limit]

    def count(self, criterion: Criterion, at_most: int | None = None) -> int:
        count = sum(1 for _ in self._matching(criterion))
        return count if at_most is None else min(count, at_most)

    def _matching(self, criterion: Criterion) -> Iterator[tuple[Customer, SearchKeys]]:
        table = self._table
        for identity, customer in table.rows.items():
            keys = table.search_keys[identity]
            if matches(criterion, record_of(self._unit, customer, keys)):
                yield customer, keys


def _precedes(one: tuple[Any, Key], other: tuple[Any, Key], *, falling: bool) -> bool:
    return one > other if falling else one < other


class _Dated(_Repository[T]):
    """Records with a moment, found by a query and read in the order of their moments."""

    def __init__(self, unit: "_Unit", kind: Kind[T], moment: Callable[[T], datetime]) -> None:
        super().__init__(unit, kind)
        self._moment = moment

    def _find(self, asks: Callable[[T], bool], start: Start | None, limit: int, *, newest_first: bool) -> list[T]:
        placed = sorted(
            ((self._moment(thing), identity, thing) for identity, thing in self._table.rows.items() if asks(thing)),
            key=lambda row: row[:2],
            reverse=newest_first,
        )
        if start is None:
            return [thing for *_, thing in placed[:limit]]
        edge = (start.value, start.id)
        if start.backward:
            before = [thing for at, own_id, thing in placed if _precedes((at, own_id), edge, falling=newest_first)]
            return before[max(0, len(before) - limit) :]
        return [thing for at, own_id, thing in placed if _precedes(edge, (at, own_id), falling=newest_first)][:limit]


class _Bookings(_Dated[Booking], Bookings):
    def __init__(self, unit: "_Unit") -> None:
        super().__init__(unit, BOOKINGS, lambda booking: booking.start)

    def find(
        self, query: BookingQuery, start: Start | None, limit: int, *, newest_first: bool = False
    ) -> Sequence[Booking]:
        return self._find(query.asks, start, limit, newest_first=newest_first)

    def count(self, query: BookingQuery) -> int:
        return sum(map(query.asks, self._table.rows.values()))


class _Sales(_Dated[Sale], Sales):
    def __init__(self, unit: "_Unit") -> None:
        super().__init__(unit, SALES, lambda sale: sale.at)

    def find(self, query: SaleQuery, start: Start | None, limit: int, *, newest_first: bool = False) -> Sequence[Sale]:
        return self._find(query.asks, start, limit, newest_first=newest_first)


class _RewardEntries(_Repository[RewardEntry], RewardEntries):
    def find(self, query: RewardQuery, limit: int, *, newest_first: bool = False) -> Sequence[RewardEntry]:
        theirs = self.of_customers([query.customer_id]).get(query.customer_id, ())
        found = [entry for entry in theirs if query.asks(entry)]
        return (found[::-1] if newest_first else found)[: max(0, limit)]


class _RewardLots(_Repository[RewardLot], RewardLots):
    def in_turn(self, customer_id: CustomerId, after: RewardLot | None, limit: int) -> Sequence[RewardLot]:
        theirs = self.of_customers([customer_id]).get(customer_id, ())
        behind = [lot for lot in theirs if after is None or lot.turn > after.turn]
        return sorted(behind, key=lambda lot: lot.turn)[: max(0, limit)]

    def lapsed(self, on: date, after: CustomerId | None, limit: int) -> Sequence[CustomerId]:
        found = {lot.customer_id for lot in self._table.rows.values() if not lot.usable(on)}
        return sorted(each for each in found if after is None or each > after)[: max(0, limit)]


class _Audit(Audit):
    """The chain is one growing list; a state knows how much of it is its own, so that nothing is copied."""

    def __init__(self, unit: "_Unit") -> None:
        self._unit = unit

    def head(self) -> AuditHead | None:
        entries, length = self._unit.state.audit
        return AuditHead.of(entries[length - 1]) if length else None

    def select(self, query: AuditQuery, limit: int, *, newest_first: bool = False) -> Sequence[AuditEntry]:
        entries, length = self._unit.state.audit
        end = length if query.before is None else min(length, query.before - 1)
        places = range(end - 1, max(query.after, 0) - 1, -1) if newest_first else range(max(query.after, 0), end)
        found: list[AuditEntry] = []
        for place in places:
            if len(found) >= limit:
                break
            if _asked(entries[place], query):
                found.append(entries[place])
        return found

    def append(self, entry: AuditEntry) -> None:
        self._unit.check_writable()
        entries, length = self._unit.state.audit
        if entry.sequence != length + 1:
            raise Conflict("key-taken", kind="audit", key="sequence", id=str(entry.sequence))
        if len(entries) > length:  # what a rolled-back unit of work left behind
            entries = entries[:length]
        entries.append(entry)
        self._unit.state.audit = (entries, length + 1)


def _asked(entry: AuditEntry, query: AuditQuery) -> bool:
    return (
        (query.customer_id is None or entry.customer_id == query.customer_id)
        and (query.by is None or entry.by == query.by)
        and (query.since is None or entry.recorded >= query.since)
        and (query.until is None or entry.recorded <= query.until)
    )


class _Unit(Writing):
    """A view of one state; a writing one owns copies of the tables it changes."""

    def __init__(self, state: _State, *, writable: bool) -> None:
        self._state: _State | None = state
        self._writable = writable
        self._owned: set[str] = set()
        self._undo: list[tuple[_Table[Any], Key, Any]] = []

    @property
    def state(self) -> _State:
        """What the unit sees; raises StoreError after its end."""
        if self._state is None:
            raise StoreError("unit-over")
        return self._state

    def end(self) -> None:
        """Let this unit, and every repository taken from it, serve no longer."""
        self._state = None

    def table(self, name: str) -> _Table[Any]:
        return self.state.tables[name]

    def check_writable(self) -> None:
        if not self._writable:
            raise StoreError("reading-cannot-write")

    def table_to_change(self, name: str, identity: Key) -> _Table[Any]:
        """Return a table of this unit's own, remembering what it holds of ``identity`` in case it is undone."""
        self.check_writable()
        if name not in self._owned:
            self.state.tables[name] = self.state.tables[name].copy()
            self._owned.add(name)
        table = self.state.tables[name]
        self._undo.append((table, identity, table.rows.get(identity)))
        return table

    @property
    def customers(self) -> _Customers:
        return _Customers(self)

    @property
    def notes(self) -> _Repository[Any]:
        return _Repository(self, KINDS["notes"])

    @property
    def blocks(self) -> _Repository[Any]:
        return _Repository(self, KINDS["blocks"])

    @property
    def block_alerts(self) -> _Repository[Any]:
        return _Repository(self, KINDS["block_alerts"])

    @property
    def marks(self) -> _Repository[Any]:
        return _Repository(self, KINDS["marks"])

    @property
    def aliases(self) -> _Repository[Any]:
        return _Repository(self, KINDS["aliases"])

    @property
    def fingerprints(self) -> _Repository[Any]:
        return _Repository(self, KINDS["fingerprints"])

    @property
    def references(self) -> _Repository[Any]:
        return _Repository(self, KINDS["references"])

    @property
    def service_types(self) -> _Repository[Any]:
        return _Repository(self, KINDS["service_types"])

    @property
    def services(self) -> _Repository[Any]:
        return _Repository(self, KINDS["services"])

    @property
    def packages(self) -> _Repository[Any]:
        return _Repository(self, KINDS["packages"])

    @property
    def locations(self) -> _Repository[Any]:
        return _Repository(self, KINDS["locations"])

    @property
    def staff_members(self) -> _Repository[Any]:
        return _Repository(self, KINDS["staff_members"])

    @property
    def bookings(self) -> _Bookings:
        return _Bookings(self)

    @property
    def booking_changes(self) -> _Repository[Any]:
        return _Repository(self, KINDS["booking_changes"])

    @property
    def sales(self) -> _Sales:
        return _Sales(self)

    @property
    def assigned_packages(self) -> _Repository[Any]:
        return _Repository(self, KINDS["assigned_packages"])

    @property
    def facts(self) -> _Repository[Any]:
        return _Repository(self, KINDS["facts"])

    @property
    def reward_entries(self) -> _RewardEntries:
        return _RewardEntries(self, REWARD_ENTRIES)

    @property
    def reward_lots(self) -> _RewardLots:
        return _RewardLots(self, REWARD_LOTS)

    @property
    def reward_heads(self) -> _Repository[Any]:
        return _Repository(self, KINDS["reward_heads"])

    @property
    def audit(self) -> _Audit:
        return _Audit(self)

    def salon(self) -> SalonRecord | None:
        return self.state.salon

    def settings(self) -> Settings:
        if self.state.settings is None:
            raise NotFound("not-found", kind="salon", id="of this store")
        return self.state.settings

    def create_salon(self, salon: SalonRecord, settings: Settings) -> None:
        self.check_writable()
        if self.state.salon is not None:
            raise Conflict("key-taken", kind="salon", key="id", id=str(self.state.salon.id))
        self.state.salon = salon
        self.state.settings = settings

    def save_settings(self, settings: Settings, expected_version: int) -> None:
        self.check_writable()
        current = self.settings().version
        if current != expected_version:
            raise Conflict(
                "version-conflict", kind="settings", id="of this salon", current=current, expected=expected_version
            )
        self.state.settings = settings

    @contextmanager
    def savepoint(self) -> Generator[None]:
        begun = len(self._undo)
        salon, settings, audit = self.state.salon, self.state.settings, self.state.audit
        try:
            yield
        except BaseException:
            while len(self._undo) > begun:
                table, identity, thing = self._undo.pop()
                if thing is not None:
                    table.put(identity, thing)
                elif identity in table.rows:
                    table.drop(identity)
            self.state.salon, self.state.settings, self.state.audit = salon, settings, audit
            raise


class MemoryStore(Store):
    """A salon in memory; ``deadline`` is how many seconds a writer waits for its turn."""

    def __init__(self, *, deadline: float = 5.0) -> None:
        self._state = _State()
        self._turn = threading.Lock()
        self._deadline = deadline
        self._closed = False

    @contextmanager
    def reading(self) -> Generator[_Unit]:
        self._check_open()
        unit = _Unit(self._state.copy(), writable=False)
        try:
            yield unit
        finally:
            unit.end()

    @contextmanager
    def writing(self) -> Generator[_Unit]:
        self._check_open()
        if not self._turn.acquire(timeout=self._deadline):
            raise StoreBusy("store-busy", seconds=str(self._deadline))
        try:
            state = self._state.copy()
            unit = _Unit(state, writable=True)
            try:
                yield unit
                self._check_open()
                self._state = state
            finally:
                unit.end()
        finally:
            self._turn.release()

    def close(self) -> None:
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("store-closed")
