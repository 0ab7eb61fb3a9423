"""Repositories over SQL tables: one generic, and the customers with their keys and criteria."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from datetime import date
from functools import cache, lru_cache
from itertools import chain, repeat
from typing import Any, Final, TypeVar
from uuid import UUID

from salon_crm.adapters.sql.criteria import (
    Clause,
    all_of,
    any_service,
    asks_panel,
    asks_text,
    both,
    compile_criterion,
    day_beside,
    one_of_texts,
)
from salon_crm.adapters.sql.dialect import Connection, Dialect, Row, Value
from salon_crm.adapters.sql.exporting import cells_of_rows
from salon_crm.adapters.sql.finding import TextSearch, Walk
from salon_crm.adapters.sql.listing import PanelSearch
from salon_crm.adapters.sql.panel import PanelRows
from salon_crm.adapters.sql.search import SearchCheck, SearchChecking, SearchIndex
from salon_crm.adapters.sql.tables import (
    AUDIT_COLUMNS,
    CUSTOMER_SEARCH,
    CUSTOMER_TABLE,
    SALE_BOOKINGS,
    TABLES,
    Table,
    entry_from_row,
    entry_to_row,
    plain,
    read_row,
    write_day,
    write_instant,
    write_last_day,
)
from salon_crm.domain.audit import AuditEntry, AuditHead
from salon_crm.domain.blocks import Block, in_force
from salon_crm.domain.bookings import ANY_STATUS, Booking, BookingStatus
from salon_crm.domain.criteria import EVERYBODY, Criterion, Order, OrderKey, Start
from salon_crm.domain.customers import Customer
from salon_crm.domain.facts import CustomerFacts
from salon_crm.domain.ids import CustomerId
from salon_crm.domain.rewards import RewardAction, RewardEntry, RewardLot
from salon_crm.domain.sales import Sale
from salon_crm.domain.text import sort_key
from salon_crm.errors import Conflict, NotFound, NotSupported, StoreError
from salon_crm.ports.records import BLOCKS, BOOKINGS, CUSTOMERS, FACTS, REWARD_ENTRIES, REWARD_LOTS, SALES, Key
from salon_crm.ports.store import (
    Audit,
    AuditQuery,
    BookingQuery,
    Bookings,
    Customers,
    Exportable,
    Repository,
    RewardEntries,
    RewardLots,
    RewardQuery,
    SaleQuery,
    Sales,
    Walkable,
    check_sequences,
)

T = TypeVar("T")
K = TypeVar("K")

_MANY: Final = "crm_many"
_CHUNK: Final = 400
"""How many values one statement binds at most; every build of SQLite takes 999."""

_SLICE: Final = 2_000
"""How many customers are in memory while all of them are walked."""


def _chunks(values: Iterable[Any]) -> Sequence[list[Any]]:
    """Return values without those that come again, as many at a time as one statement binds."""
    distinct = [*dict.fromkeys(values)]
    if len(distinct) <= _CHUNK:
        return [distinct] if distinct else ()
    return [distinct[first : first + _CHUNK] for first in range(0, len(distinct), _CHUNK)]


@lru_cache(maxsize=128)
def _id_text(own_id: CustomerId) -> str:
    """Return an id as it is kept; a page asks several tables for what stands beside the same customers."""
    return str(own_id)


def _marks(count: int) -> str:
    return ", ".join("?" * count)


def _one_of(columns: tuple[str, ...], rows: Sequence[Sequence[Value]]) -> tuple[str, list[Value]]:
    """Return the condition that the columns hold one of some rows of values, at most a chunk, and what it binds.

    The last row is said again up to a power of two: lists of any length then make a dozen statements, which the
    driver remembers, where each new one costs more than a search.
    """
    if len(rows) == 1:
        return _one_of_so_many(columns, 1), [*rows[0]]
    width = min(1 << (len(rows) - 1).bit_length(), _CHUNK)
    bound = [value for row in chain(rows, repeat(rows[-1], width - len(rows))) for value in row]
    return _one_of_so_many(columns, width), bound


@lru_cache(maxsize=512)
def _one_of_so_many(columns: tuple[str, ...], width: int) -> str:
    if len(columns) == 1:
        return f"{columns[0]} IN ({_marks(width)})"
    if width == 1:
        return " AND ".join(f"{column} = ?" for column in columns)
    listed = ", ".join([f"({_marks(len(columns))})"] * width)
    return f"({', '.join(columns)}) IN (VALUES {listed})"


@contextmanager
def savepoint(connection: Connection, name: str) -> Generator[None]:
    """Open a part of a transaction that is undone alone where its block raises."""
    connection.run(f"SAVEPOINT {name}")
    try:
        yield
    except BaseException:
        if connection.in_transaction:
            connection.run(f"ROLLBACK TO {name}")
            connection.run(f"RELEASE {name}")
        raise
    connection.run(f"RELEASE {name}")


@lru_cache(maxsize=512)
def _selecting(table: Table[Any], condition: str) -> str:
    order = ", ".join(table.shape.primary_key)
    return f"SELECT {table.columns} FROM {table.shape.name} WHERE {condition} ORDER BY {order}"


@cache
def _inserting(table: Table[Any]) -> str:
    names = [column.name for column in table.shape.columns]
    return f"INSERT INTO {table.shape.name} ({', '.join(names)}) VALUES ({_marks(len(names))}) ON CONFLICT DO NOTHING"


@cache
def _replacing(table: Table[Any]) -> tuple[str, tuple[int, ...]]:
    """Return the statement that replaces a row, and where in one what it binds stands; the version comes last."""
    names = [column.name for column in table.shape.columns]
    fixed = [name for name in names if name not in table.settable]
    sets = ", ".join(f"{name} = ?" for name in table.settable)
    where = " AND ".join(f"{name} = ?" for name in (*fixed, "version"))
    sql = f"UPDATE {table.shape.name} SET {sets} WHERE {where}"
    return sql, tuple(map(names.index, (*table.settable, *fixed)))


class SqlRepository(Repository[T], Walkable):
    """The records of one kind in one table."""

    def __init__(self, connection: Connection, table: Table[T]) -> None:
        self._connection = connection
        self._table = table
        self._name = table.shape.name
        self._identity_columns = table.shape.primary_key

    def get_many(self, identities: Iterable[K]) -> dict[K, T]:
        identity = self._table.kind.identity
        found: dict[K, T] = {}
        for chunk in _chunks(identities):
            condition = _one_of(self._identity_columns, [*map(self._table.identity_values, chunk)])
            for thing in self._select(*condition):
                found[identity(thing)] = thing
        return found

    def by_key(self, key: str, values: Iterable[K]) -> dict[K, tuple[T, ...]]:
        if key not in self._table.kind.keys:
            raise NotSupported("not-supported", what=f"{self._table.kind.name} by {key}")
        held = self._table.kind.keys[key].values
        found: dict[K, list[T]] = {}
        for chunk in _chunks(values):
            asked = set(chunk)
            for thing in self._holding(key, chunk):
                for value in held(thing):
                    if value in asked:
                        found.setdefault(value, []).append(thing)
        return {value: tuple(things) for value, things in found.items()}

    def _holding(self, key: str, values: list[Key]) -> Iterable[T]:
        rows = [self._table.identity_values(value) for value in values]
        return self._select(*_one_of(tuple(self._table.key_columns[key].split(", ")), rows))

    def of_customers(self, customer_ids: Iterable[CustomerId]) -> dict[CustomerId, tuple[T, ...]]:
        customer = self._table.kind.customer
        if customer is None:
            raise NotSupported("not-supported", what=f"{self._table.kind.name} by customer")
        found: dict[CustomerId, list[T]] = {}
        for chunk in _chunks(map(_id_text, customer_ids)):
            for thing in self._select(*_one_of(("customer_id",), [*zip(chunk, strict=True)])):
                owner = customer(thing)
                if owner is not None:
                    found.setdefault(owner, []).append(thing)
        return {customer_id: tuple(things) for customer_id, things in found.items()}

    def walk(self, after: Key | None, limit: int) -> Sequence[T]:
        if limit < 1:
            return []
        if after is None:
            rows = self._rows("1 = 1", (), limit)
        else:
            values = self._table.identity_values(after)
            rows = self._rows(f"({', '.join(self._identity_columns)}) > ({_marks(len(values))})", values, limit)
        return self._table.read(rows)

    def _select(self, condition: str, values: Sequence[Value]) -> list[T]:
        return self._table.read(self._rows(condition, values))

    def _rows(self, condition: str, values: Sequence[Value], limit: int | None = None) -> list[Row]:
        sql = _selecting(self._table, condition)
        if limit is None:
            return self._connection.rows(sql, values)
        return self._connection.rows(f"{sql} LIMIT ?", [*values, limit])

    def add(self, thing: T) -> None:
        self._insert([thing])

    def add_many(self, things: Sequence[T]) -> None:
        try:
            with savepoint(self._connection, _MANY):
                self._insert(things)
        except Conflict:
            with savepoint(self._connection, _MANY):
                for thing in things:  # one at a time tells which was the first
                    self.add(thing)

    def save_many(self, things: Sequence[tuple[T, int]]) -> None:
        if self._replace_at_once(things):
            return
        with savepoint(self._connection, _MANY):
            for thing, expected_version in things:  # one at a time tells which was the first that was refused
                self.save(thing, expected_version)

    def _replace_at_once(self, things: Sequence[tuple[T, int]]) -> bool:
        """Return whether records could be replaced all at once, where none takes what another lets go of."""
        if len({self._table.kind.identity(thing) for thing, _ in things}) < len(things):
            return False
        try:
            with savepoint(self._connection, _MANY):
                self._replace(things)
        except (Conflict, NotFound):
            return False
        return True

    def _insert(self, things: Sequence[T]) -> None:
        """Insert rows; raises Conflict where one is held already, and names the last of them.

        Where the table itself knows every key that is unique, it is not asked before whether one is taken.
        """
        if not self._table.knows_keys:
            self._check_unique(things)
        if not things:
            return
        sql = _inserting(self._table)
        if len(things) == 1:
            inserted = self._connection.run(sql, self._table.to_row(things[0]))
        else:
            inserted = self._connection.run_many(sql, map(self._table.to_row, things))
        if inserted < len(things):
            self._check_unique(things)
            identity = self._table.kind.identity(things[-1])
            raise Conflict("key-taken", kind=self._table.kind.name, key="id", id=str(identity))

    def _check_unique(self, things: Sequence[T]) -> None:
        """Refuse a unique key that another record holds, or two of these, naming who."""
        identity = self._table.kind.identity
        for name, key in self._table.kind.keys.items():
            if not key.unique:
                continue
            owners: dict[Key, Key] = {}
            for thing in things:
                for value in key.values(thing):
                    self._check_owner(name, owners.setdefault(value, identity(thing)), identity(thing))
            for value, holders in self.by_key(name, owners).items():
                for held in holders:
                    self._check_owner(name, identity(held), owners[value])

    def _check_owner(self, key: str, holder: Key, wants: Key) -> None:
        if holder != wants:
            raise Conflict("key-taken", kind=self._table.kind.name, key=key, id=str(holder))

    def save(self, thing: T, expected_version: int) -> None:
        if not self._replaced_as_it_stands(thing, expected_version):
            self._replace([(thing, expected_version)])

    def _replaced_as_it_stands(self, thing: T, expected_version: int) -> bool:
        """Return whether a record could be replaced that nothing follows and whose indexed columns stay as they are.

        A column that is set is written to each of its indexes: of any other record what is there is looked at first.
        """
        if not self._table.settable:
            return False
        sql, places = _replacing(self._table)
        row = self._table.to_row(thing)
        return self._connection.run(sql, [*[row[place] for place in places], expected_version]) == 1

    def _replace(self, things: Sequence[tuple[T, int]]) -> None:
        """Replace records, each at the version it is expected at, and none twice."""
        kind = self._table.kind
        if not kind.versioned:
            raise NotSupported("not-supported", what=f"saving {kind.name} anew")
        held = self._held([kind.identity(thing) for thing, _ in things])
        for thing, expected_version in things:
            self._check_version(thing, expected_version, held)
        self._check_unique([thing for thing, _ in things])
        saved: list[tuple[T, Mapping[str, Any]]] = []
        updates: dict[str, list[Row]] = {}
        for thing, _ in things:
            where, values = self._of_identity(kind.identity(thing))
            saved.append((thing, held[values]))
            # a column that is set is written to each of its indexes, also where it stays what it was
            row = zip(self._table.to_row(thing), held[values].items(), strict=True)
            changed = {name: value for value, (name, before) in row if value != before}
            if changed:
                sets = ", ".join(f"{name} = ?" for name in changed)
                sql = f"UPDATE {self._name} SET {sets} WHERE {where}"
                updates.setdefault(sql, []).append((*changed.values(), *values))
        for sql, rows in updates.items():
            self._connection.run_many(sql, rows)
        self._saved(saved)

    def _held(self, identities: Sequence[Key]) -> dict[Row, dict[str, Any]]:
        """Return the columns of the rows of these identities, under the values of their primary keys."""
        names = [column.name for column in self._table.shape.columns]
        found: dict[Row, dict[str, Any]] = {}
        for chunk in _chunks(map(self._table.identity_values, identities)):
            condition, values = _one_of(self._identity_columns, chunk)
            for row in self._connection.rows(f"SELECT {', '.join(names)} FROM {self._name} WHERE {condition}", values):
                columns = dict(zip(names, row, strict=True))
                found[tuple(columns[name] for name in self._identity_columns)] = columns
        return found

    def _check_version(self, thing: T, expected: int, held: Mapping[Row, Mapping[str, Any]]) -> None:
        kind = self._table.kind
        identity = kind.identity(thing)
        columns = held.get(self._table.identity_values(identity))
        if columns is None:
            raise NotFound("not-found", kind=kind.name, id=str(identity))
        if columns["version"] != expected:
            current = columns["version"]
            raise Conflict("version-conflict", kind=kind.name, id=str(identity), current=current, expected=expected)

    def _saved(self, things: Sequence[tuple[T, Mapping[str, Any]]]) -> None:
        """Follow records that were saved, each with the columns it had before."""

    def remove(self, identity: Key) -> None:
        where, values = self._of_identity(identity)
        if not self._connection.run(f"DELETE FROM {self._name} WHERE {where}", values):
            raise NotFound("not-found", kind=self._table.kind.name, id=str(identity))

    def _of_identity(self, identity: Key) -> tuple[str, tuple[Value, ...]]:
        where = " AND ".join(f"{column} = ?" for column in self._identity_columns)
        return where, self._table.identity_values(identity)


_SELECT: Final = ", ".join(f"c.{column.strip()}" for column in CUSTOMER_TABLE.columns.split(","))


KEY_TABLES: Final = {
    "crm_external_ids": "system, external_id, customer_id",
    "crm_customer_keys": "kind, value, customer_id",
}
"""What customers are found by beside their own columns."""


def key_rows(customer: Customer) -> dict[str, list[Row]]:
    """Return the rows a customer has in each of `KEY_TABLES`."""
    return {table: list(rows_of(customer)) for table, rows_of in _KEY_ROWS.items()}


def _external_id_rows(customer: Customer) -> Iterator[Row]:
    return ((external.system, external.id, str(customer.id)) for external in customer.external_ids)


def _match_key_rows(customer: Customer) -> Iterator[Row]:
    own_id = str(customer.id)
    for key in ("contact", "name"):
        for value in CUSTOMERS.keys[key].values(customer):
            yield key, value, own_id


_KEY_ROWS: Final[Mapping[str, Callable[[Customer], Iterator[Row]]]] = {
    "crm_external_ids": _external_id_rows,
    "crm_customer_keys": _match_key_rows,
}


class SqlCustomers(SqlRepository[Customer], Customers, Exportable):
    """Customers, with the tables of their external ids and of the keys they are matched by."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        super().__init__(connection, CUSTOMER_TABLE)
        self._dialect = dialect
        self._index = SearchIndex(connection, dialect)
        self._panel = PanelRows(connection, dialect)

    def _holding(self, key: str, values: list[Key]) -> Iterable[Customer]:
        if key == "external_id":
            pairs: list[Any] = list(values)
            condition, bound = _one_of(("system", "external_id"), pairs)
            held = f"SELECT customer_id FROM crm_external_ids WHERE {condition}"
        else:
            condition, bound = _one_of(("value",), [(plain(value),) for value in values])
            held = f"SELECT customer_id FROM crm_customer_keys WHERE kind = ? AND {condition}"
            bound.insert(0, key)
        return self._select(f"id IN ({held})", bound)

    def _insert(self, things: Sequence[Customer]) -> None:
        super()._insert(things)
        self._write_keys(things)
        self._panel.add(things)
        self._index.add(things)

    def _saved(self, things: Sequence[tuple[Customer, Mapping[str, Any]]]) -> None:
        for thing, before in things:
            self._change_keys(thing)
            self._panel.change(thing, before)
        self._index.change([thing for thing, _ in things])

    def remove(self, identity: Key) -> None:
        self._index.drop([str(identity)])
        self._panel.drop(str(identity))
        for table in KEY_TABLES:
            self._connection.run(f"DELETE FROM {table} WHERE customer_id = ?", [str(identity)])
        super().remove(identity)

    def _write_keys(self, things: Sequence[Customer], tables: Iterable[str] = KEY_TABLES) -> None:
        for table in tables:
            self._add_key_rows(table, chain.from_iterable(map(_KEY_ROWS[table], things)))

    def _change_keys(self, thing: Customer) -> None:
        """Write the keys of a customer that are new, and drop those that went; most edits change none."""
        for table, rows in key_rows(thing).items():
            columns = KEY_TABLES[table]
            sql = f"SELECT {columns} FROM {table} WHERE customer_id = ?"
            wanted, held = set(rows), set(self._connection.rows(sql, [str(thing.id)]))
            if gone := held - wanted:
                self._connection.run_many(f"DELETE FROM {table} WHERE ({columns}) = (?, ?, ?)", gone)
            if added := wanted - held:
                self._add_key_rows(table, added)

    def _add_key_rows(self, table: str, rows: Iterable[Row]) -> None:
        """Write keys in the order in which the table keeps them, so that a page is come to once."""
        self._connection.run_many(f"INSERT INTO {table} ({KEY_TABLES[table]}) VALUES (?, ?, ?)", sorted(rows))

    def rewrite_match_keys(self) -> None:
        """Compute anew what customers are matched by."""
        self._connection.run("DELETE FROM crm_customer_keys")
        for things in self._slices(OrderKey.ADDED):
            self._write_keys(things, ["crm_customer_keys"])

    def rebuild_search(self) -> int:
        """Compute anew what customers are found and sorted by; return how many there are."""
        count = 0
        for things in self._slices(OrderKey.ADDED):
            keys = [(sort_key(thing.name), str(thing.id)) for thing in things]
            self._connection.run_many(
                "UPDATE crm_customers SET name_key = ? WHERE id = ? AND name_key <> ?",
                [(key, own_id, key) for key, own_id in keys],
            )
            count += len(things)
        self._panel.rebuild()
        self._index.clear()
        for things in self._slices(OrderKey.NAME):  # so that pieces are added in the order of their places
            self._index.add(things)
        self._index.merge()
        return count

    def rebuild_panel(self) -> None:
        """Compute anew what panels are answered from."""
        self._panel.rebuild()

    def check_search(self) -> SearchCheck:
        """Compare what customers are found and sorted by with the customers."""
        check = SearchChecking(self._connection, self._dialect)
        for things in self._slices(OrderKey.ADDED):
            check.see(things)
        return check.result()

    def _slices(self, key: OrderKey) -> Iterator[list[Customer]]:
        """Yield all customers in an order, some thousand at a time."""
        walk = Walk(key, falling=False, after=None)
        while rows := self._found(EVERYBODY, walk, _SLICE):
            things = CUSTOMER_TABLE.read(rows)
            yield things
            last = things[-1]
            value = write_instant(last.added) or "" if key is OrderKey.ADDED else sort_key(last.name)
            walk = Walk(key, falling=False, after=(value, str(last.id)))

    def find(self, criterion: Criterion, order: Order, start: Start | None, limit: int) -> Sequence[Customer]:
        found = CUSTOMER_TABLE.read(self._found(criterion, Walk.of(order, start), limit))
        return found[::-1] if start is not None and start.backward else found

    def export_rows(self, criterion: Criterion, start: Start | None, limit: int) -> Sequence[Sequence[str]]:
        rows = self._found(criterion, Walk.of(Order(OrderKey.ADDED), start), limit)
        return cells_of_rows(rows, self._blocks_in_force([row[0] for row in rows]))

    def _blocks_in_force(self, ids: Iterable[Any]) -> dict[str, Block]:
        """Return the block in force that each of these customers has had for longest."""
        blocks: SqlRepository[Block] = SqlRepository(self._connection, TABLES[BLOCKS.name])
        held = ((customer_id, in_force(theirs)) for customer_id, theirs in blocks.of_customers(ids).items())
        return {str(customer_id): theirs[0] for customer_id, theirs in held if theirs}

    def _found(self, criterion: Criterion, walk: Walk, limit: int) -> list[Row]:
        if limit < 1:
            return []
        if walk.key is OrderKey.ADDED and not (asks_text(criterion) or asks_panel(criterion)):
            return self._walked(criterion, walk, limit)
        return self._of_ids(self._search(criterion).ids(walk, limit))

    def _search(self, criterion: Criterion) -> TextSearch | PanelSearch:
        if asks_text(criterion) and not asks_panel(criterion):
            return TextSearch(self._connection, self._dialect, criterion)
        return PanelSearch(self._connection, self._dialect, criterion)

    def _of_ids(self, ids: Sequence[str]) -> list[Row]:
        """Return the rows of the customers of these ids, in their order."""
        found: dict[str, Row] = {}
        for chunk in _chunks(ids):
            found.update((row[0], row) for row in self._rows(*_one_of(("id",), [*zip(chunk, strict=True)])))
        if found.keys() != set(ids) or len(found) < len(ids):
            raise StoreError("store-damaged", reason=f"{CUSTOMER_SEARCH.name} names customers who are not there")
        return [found[each] for each in ids]

    def _walked(self, criterion: Criterion, walk: Walk, limit: int) -> list[Row]:
        """Return those of whom the profile says all that is asked, by the index of when they were added."""
        condition, values = compile_criterion(criterion, self._dialect, "c")
        behind, after = walk.behind("c.added, c.id")
        return self._connection.rows(
            f"SELECT {_SELECT} FROM crm_customers c WHERE {condition} AND {behind} "
            f"ORDER BY c.added {walk.way}, c.id {walk.way} LIMIT ?",
            [*values, *after, limit],
        )

    def count(self, criterion: Criterion, at_most: int | None = None) -> int:
        return self._search(criterion).count(at_most)


class SqlFacts(SqlRepository[CustomerFacts]):
    """The stored facts of customers, which the panel says too."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        super().__init__(connection, TABLES[FACTS.name])
        self._panel = PanelRows(connection, dialect)

    def _insert(self, things: Sequence[CustomerFacts]) -> None:
        super()._insert(things)
        self._panel.set_facts(things)

    def _saved(self, things: Sequence[tuple[CustomerFacts, Mapping[str, Any]]]) -> None:
        changed = [thing for thing, before in things if self._differs(thing, before)]
        if changed:  # most bookings repeat a service
            self._panel.set_facts(changed)

    def _differs(self, facts: CustomerFacts, before: Mapping[str, Any]) -> bool:
        now = zip(before, self._table.to_row(facts), strict=True)
        return any(before[name] != value for name, value in now if name != "version")

    def remove(self, identity: Key) -> None:
        super().remove(identity)
        self._panel.drop_facts(str(identity))


class _SqlDated(SqlRepository[T]):
    """Records with a moment, found by conditions and read in the order of their moments."""

    def __init__(self, connection: Connection, table: Table[T], moment: str) -> None:
        super().__init__(connection, table)
        self._moment = moment

    def _find(
        self, where: Clause, start: Start | None, limit: int, *, newest_first: bool, moment: str | None = None
    ) -> list[T]:
        if limit < 1:
            return []
        condition, values = where
        moment = moment or self._moment
        backward = start is not None and start.backward
        falling = newest_first != backward
        way = "DESC" if falling else "ASC"
        if start is not None:
            condition += f" AND ({moment}, id) {'<' if falling else '>'} (?, ?)"
            at = start.value if isinstance(start.value, str) else write_instant(start.value)
            values = [*values, at, str(start.id)]
        sql = (
            f"SELECT {self._table.columns} FROM {self._name} WHERE {condition} "
            f"ORDER BY {moment} {way}, id {way} LIMIT ?"
        )
        found = self._table.read(self._connection.rows(sql, [*values, limit]))
        return found[::-1] if backward else found


class SqlBookings(_SqlDated[Booking], Bookings):
    """Bookings, with what finds a customer's and a day's."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        super().__init__(connection, TABLES[BOOKINGS.name], "starts")
        self._dialect = dialect

    def find(
        self, query: BookingQuery, start: Start | None, limit: int, *, newest_first: bool = False
    ) -> Sequence[Booking]:
        if _are_few(query):
            moment = self._dialect.unindexed(self._moment)
            return self._find(self._by_service(query), start, limit, newest_first=newest_first, moment=moment)
        return self._find(self._by_start(query), start, limit, newest_first=newest_first)

    def count(self, query: BookingQuery) -> int:
        condition, values = self._by_start(query) if query.customer_id else self._by_service(query)
        count: int = self._connection.rows(f"SELECT count(*) FROM {self._name} WHERE {condition}", values)[0][0]
        return count

    def _by_start(self, query: BookingQuery) -> Clause:
        """Return the condition, for an index in the order of starts, of one customer or of all."""
        plain = self._dialect.unindexed
        found = all_of(
            (
                ("customer_id = ?", None if query.customer_id is None else str(query.customer_id)),
                ("starts >= ?", day_beside(query.since, -1)),  # a local day is within two of UTC on either side
                ("starts < ?", day_beside(query.until, 2)),
                ("starts >= ?", write_instant(query.starting_from)),
                ("starts < ?", write_instant(query.ended_before)),
                (f"{plain('service')} = ?", query.service),
                (f"{plain('day')} >= ?", write_day(query.since)),
                (f"{plain('day')} <= ?", write_day(query.until)),
            )
        )
        if query.statuses != ANY_STATUS:
            found = both(found, one_of_texts(plain("status"), query.statuses, self._dialect))
        return both(found, _elsewhere(query))

    def _by_service(self, query: BookingQuery) -> Clause:
        """Return the condition, for the index of services, states and days."""
        service: Clause = (any_service("service"), [])
        if query.service is not None:
            service = "service = ?", [query.service]
        days = all_of(
            (
                ("day >= ?", write_day(query.since)),
                ("day <= ?", write_day(query.until)),
                ("day >= ?", day_beside(query.starting_from, -1)),
                ("day <= ?", day_beside(query.ended_before, 1)),
                (f"{self._dialect.unindexed('starts')} >= ?", write_instant(query.starting_from)),
            )
        )
        return both(both(service, one_of_texts("status", query.statuses, self._dialect)), both(days, _elsewhere(query)))


def _are_few(query: BookingQuery) -> bool:
    """Return whether what is asked for are the bookings that staff forgot to close, or that came to nothing."""
    forward = query.since is not None or query.starting_from is not None
    return query.customer_id is None and BookingStatus.COMPLETED not in query.statuses and not forward


def _elsewhere(query: BookingQuery) -> Clause:
    found = all_of(
        (
            ("location = ?", query.location),
            ("therapist = ?", query.therapist),
            ("ends < ?", write_instant(query.ended_before)),
        )
    )
    return both(found, ("price IS NOT NULL", [])) if query.priced else found


def booking_rows(sale: Sale) -> set[Row]:
    """Return the rows that say which bookings a sale is for."""
    return {(str(booking), str(sale.id)) for booking in sale.bookings}


class SqlSales(_SqlDated[Sale], Sales):
    """Sales, with the table of the bookings they are for."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, TABLES[SALES.name], "at")

    def find(self, query: SaleQuery, start: Start | None, limit: int, *, newest_first: bool = False) -> Sequence[Sale]:
        condition, values = all_of(
            (
                ("customer_id = ?", None if query.customer_id is None else str(query.customer_id)),
                ("location = ?", query.location),
                ("day >= ?", write_day(query.since)),
                ("day <= ?", write_day(query.until)),
            )
        )
        if query.unassigned:
            condition += " AND customer_id IS NULL"
        return self._find((condition, values), start, limit, newest_first=newest_first)

    def _holding(self, key: str, values: list[Key]) -> Iterable[Sale]:
        condition, bound = _one_of(("booking_id",), [(plain(value),) for value in values])
        return self._select(f"id IN (SELECT sale_id FROM {SALE_BOOKINGS.name} WHERE {condition})", bound)

    def _insert(self, things: Sequence[Sale]) -> None:
        super()._insert(things)
        self._write_bookings(things)

    def _saved(self, things: Sequence[tuple[Sale, Mapping[str, Any]]]) -> None:
        for thing, _ in things:
            self._drop_bookings(thing.id)
        self._write_bookings([thing for thing, _ in things])

    def remove(self, identity: Key) -> None:
        super().remove(identity)
        self._drop_bookings(identity)

    def _write_bookings(self, things: Iterable[Sale]) -> None:
        rows = sorted(chain.from_iterable(map(booking_rows, things)))
        self._connection.run_many(f"INSERT INTO {SALE_BOOKINGS.name} (booking_id, sale_id) VALUES (?, ?)", rows)

    def _drop_bookings(self, identity: Key) -> None:
        self._connection.run(f"DELETE FROM {SALE_BOOKINGS.name} WHERE sale_id = ?", [str(identity)])


class SqlRewardEntries(SqlRepository[RewardEntry], RewardEntries):
    """The entries of all ledgers, each customer's in a row."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, TABLES[REWARD_ENTRIES.name])

    def find(self, query: RewardQuery, limit: int, *, newest_first: bool = False) -> Sequence[RewardEntry]:
        if limit < 1:
            return []
        condition, values = all_of(
            (
                ("customer_id = ?", str(query.customer_id)),
                ("sequence > ?", query.after),
                ("sequence < ?", query.before),
                ("at >= ?", write_instant(query.since)),
                ("at <= ?", write_instant(query.until)),
                ("points = ?", query.points),
            )
        )
        if len(query.actions) < len(RewardAction):
            actions = sorted(query.actions)
            condition += f" AND action IN ({_marks(len(actions))})" if actions else " AND 1 = 0"
            values = [*values, *actions]
        way = "DESC" if newest_first else "ASC"
        sql = f"SELECT {self._table.columns} FROM {self._name} WHERE {condition} ORDER BY sequence {way} LIMIT ?"
        return self._table.read(self._connection.rows(sql, [*values, limit]))


class SqlRewardLots(SqlRepository[RewardLot], RewardLots):
    """The lots that hold points, in the order they are taken in and by their last days."""

    def __init__(self, connection: Connection) -> None:
        super().__init__(connection, TABLES[REWARD_LOTS.name])

    def in_turn(self, customer_id: CustomerId, after: RewardLot | None, limit: int) -> Sequence[RewardLot]:
        if limit < 1:
            return []
        condition, values = "customer_id = ?", list[Value]([str(customer_id)])
        if after is not None:
            condition += " AND (expires, at, number) > (?, ?, ?)"
            values += [write_last_day(after.expires), write_instant(after.at), after.number]
        sql = f"SELECT {self._table.columns} FROM {self._name} WHERE {condition} ORDER BY expires, at, number LIMIT ?"
        return self._table.read(self._connection.rows(sql, [*values, limit]))

    def lapsed(self, on: date, after: CustomerId | None, limit: int) -> Sequence[CustomerId]:
        if limit < 1:
            return []
        sql = (
            f"SELECT DISTINCT customer_id FROM {self._name} WHERE expires < ? AND customer_id > ? "
            "ORDER BY customer_id LIMIT ?"
        )
        rows = self._connection.rows(sql, [on.isoformat(), "" if after is None else str(after), limit])
        return [CustomerId(UUID(row[0])) for row in rows]


def _read_entry(row: Row) -> AuditEntry:
    """Return an entry; only just as `entry_to_row` wrote it, for the digest covers the entry and not its row."""
    entry, written = read_row("crm_audit", _entry_and_row, row)
    if written != tuple(row):
        raise StoreError("store-damaged", reason=f"entry {entry.sequence} of the audit is not as it was written")
    return entry


def _entry_and_row(row: Row) -> tuple[AuditEntry, Row]:
    entry = entry_from_row(row)
    return entry, entry_to_row(entry)


class SqlAudit(Audit):
    """The audit chain in one table."""

    def __init__(self, connection: Connection) -> None:
        self._connection = connection

    def head(self) -> AuditHead | None:
        rows = self._connection.rows("SELECT sequence, digest FROM crm_audit ORDER BY sequence DESC LIMIT 1")
        return read_row("crm_audit", lambda row: AuditHead(*row), rows[0]) if rows else None

    def select(self, query: AuditQuery, limit: int, *, newest_first: bool = False) -> Sequence[AuditEntry]:
        conditions: list[str] = ["sequence > ?"]
        values: list[Value] = [query.after]
        asked: tuple[tuple[str, Any], ...] = (
            ("sequence < ?", query.before),
            ("customer_id = ?", None if query.customer_id is None else str(query.customer_id)),
            ("actor = ?", query.by),
            ("recorded >= ?", write_instant(query.since)),
            ("recorded <= ?", write_instant(query.until)),
        )
        for condition, value in asked:
            if value is not None:
                conditions.append(condition)
                values.append(value)
        rows = self._rows(" AND ".join(conditions), values, "DESC" if newest_first else "ASC", limit)
        return [_read_entry(row) for row in rows]

    def _rows(self, condition: str, values: Sequence[Value], way: str, limit: int) -> list[Row]:
        sql = f"SELECT {AUDIT_COLUMNS} FROM crm_audit WHERE {condition} ORDER BY sequence {way} LIMIT ?"
        return self._connection.rows(sql, [*values, limit])

    def append(self, entry: AuditEntry) -> None:
        sql = (
            f"INSERT INTO crm_audit ({AUDIT_COLUMNS}) SELECT {_marks(11)} "
            "WHERE coalesce((SELECT max(sequence) FROM crm_audit), 0) = ?"
        )
        if not self._connection.run(sql, (*entry_to_row(entry), entry.sequence - 1)):
            raise Conflict("key-taken", kind="audit", key="sequence", id=str(entry.sequence))

    def append_many(self, entries: Sequence[AuditEntry]) -> None:
        check_sequences(entries)
        for first in entries[:1]:
            self.append(first)
        if len(entries) > 1:
            sql = f"INSERT INTO crm_audit ({AUDIT_COLUMNS}) VALUES ({_marks(11)})"
            self._connection.run_many(sql, map(entry_to_row, entries[1:]))
