"""The search index of customers: a narrow row for each, in list order, and the pieces of their text.

A row's *place* is a number. Its upper bits are the first bytes of the sort key, the lower ones a
counter. UTF-8 sorts as code points do, so places sort as the list of names does, except among customers
whose names begin alike: a *group*, whose rows stand together. What is read by place comes in list order
but for the order within groups, and a page can stop where it is full.
"""

from collections import defaultdict
from collections.abc import Iterable, Iterator, Sequence
from itertools import chain
from typing import Final

from attrs import field, frozen

from salon_crm.adapters.sql.dialect import Connection, Dialect, Row
from salon_crm.adapters.sql.panel import PanelRows
from salon_crm.adapters.sql.pieces import pieces_of, place_mark
from salon_crm.adapters.sql.slices import slices_of
from salon_crm.adapters.sql.tables import CUSTOMER_SEARCH, read_row
from salon_crm.domain.customers import Customer, SearchKeys, search_keys
from salon_crm.domain.privacy import IDENTITY, OPERATOR, classed
from salon_crm.domain.text import NAME_KEY_LIMIT
from salon_crm.errors import StoreError

BEGINNING: Final = 4
"""Bytes of the sort key that places are made of."""

COUNTER_BITS: Final = 22
"""Room for so many customers whose names begin alike, as a power of two: four million."""

_LAST_KEY: Final = "\U0010ffff" * (NAME_KEY_LIMIT // 4 + 1)
"""What sorts behind every sort key."""

_NAME: Final = CUSTOMER_SEARCH.name
_COLUMNS: Final = ", ".join(column.name for column in CUSTOMER_SEARCH.columns)


def beginning_of(name_key: str) -> int:
    """Return the group of a sort key as a number."""
    return int.from_bytes(name_key.encode()[:BEGINNING].ljust(BEGINNING, b"\0"), "big")


def group_of(place: int) -> int:
    """Return the group that a place is in."""
    return place >> COUNTER_BITS


def places_of(group: int) -> tuple[int, int]:
    """Return the first and the last place of a group."""
    return group << COUNTER_BITS, ((group + 1) << COUNTER_BITS) - 1


def names_around(group: int) -> tuple[tuple[str, str], tuple[str, str]]:
    """Return a sort key and id that come before all of a group, and two that come behind all."""
    begun = group.to_bytes(BEGINNING, "big").rstrip(b"\0").decode(errors="ignore")  # a letter may be cut in two
    return (begun, ""), (begun + _LAST_KEY, "")


def highest_place(connection: Connection, group: int) -> int | None:
    """Return the last place of a group that is taken; None where nobody is in it."""
    sql = f"SELECT max(place) FROM {_NAME} WHERE place BETWEEN ? AND ?"
    place: int | None = connection.rows(sql, places_of(group))[0][0]
    return place


@frozen(field_transformer=classed)
class _Entry:
    """What the index holds of a customer, but for the place."""

    customer_id: str = field(metadata=OPERATOR)
    status: str = field(metadata=OPERATOR)
    keys: SearchKeys = field(metadata=IDENTITY)

    @classmethod
    def of(cls, customer: Customer) -> "_Entry":
        return cls(str(customer.id), customer.status.value, search_keys(customer))

    @property
    def group(self) -> int:
        return beginning_of(self.keys.name)

    @property
    def pieces(self) -> set[str]:
        return pieces_of(self.keys.words, self.keys.digits)

    def row(self, place: int) -> Row:
        return place, self.customer_id, self.keys.name, self.status, self.keys.words, self.keys.digits


def _read(row: Row) -> tuple[int, _Entry]:
    place, customer_id, name_key, status, words, digits = row
    return place, _Entry(customer_id, status, SearchKeys(name_key, words, digits))


def _held(connection: Connection, dialect: Dialect, customer_ids: Iterable[str]) -> Iterator[tuple[int, _Entry]]:
    condition, value = dialect.in_list("customer_id", list(customer_ids))
    rows = connection.rows(f"SELECT {_COLUMNS} FROM {_NAME} WHERE {condition} ORDER BY place", [value])
    return (read_row(_NAME, _read, row) for row in rows)


class SearchIndex:
    """The search rows and pieces of customers, written together with them."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def add(self, customers: Iterable[Customer]) -> None:
        """Index customers who are not in it yet."""
        self._add([_Entry.of(customer) for customer in customers])

    def change(self, customers: Iterable[Customer]) -> None:
        """Index customers as they are now; a place is kept where the name begins as before."""
        entries = {entry.customer_id: entry for entry in map(_Entry.of, customers)}
        moved: list[tuple[int, _Entry]] = []
        for place, held in self._held(entries):
            entry = entries[held.customer_id]
            if group_of(place) != entry.group:
                moved.append((place, held))
                continue
            self._replace(place, held, entries.pop(held.customer_id))
        self._drop(moved)
        self._add(list(entries.values()))

    def drop(self, customer_ids: Iterable[str]) -> None:
        """Forget customers, and where that takes but a moment every trace of their text."""
        self._drop(list(self._held(customer_ids)))

    def clear(self) -> None:
        """Forget everybody, without a trace."""
        try:
            self._connection.run(self._dialect.clear_pieces())
        except StoreError:
            for statement in self._dialect.restore_pieces():
                self._connection.run(statement)
        self._connection.run(f"DELETE FROM {_NAME}")

    def merge(self) -> None:
        """Leave no trace of text that was forgotten, however long it takes."""
        self._connection.run(self._dialect.merge_pieces())
        if self._connection.rows(self._dialect.pieces_worn())[0][0]:
            self._renew_pieces()

    def _renew_pieces(self) -> None:
        """Write the pieces of everybody anew, in the order of places."""
        self._connection.run(self._dialect.clear_pieces())
        for rows in slices_of(self._connection, CUSTOMER_SEARCH):
            self._write_pieces(read_row(_NAME, _read, row) for row in rows)

    def _held(self, customer_ids: Iterable[str]) -> Iterator[tuple[int, _Entry]]:
        return _held(self._connection, self._dialect, customer_ids)

    def _add(self, entries: Sequence[_Entry]) -> None:
        """Add rows and pieces in the order of places: out of order, the index of pieces is slow to write."""
        placed = sorted(self._placed(entries), key=lambda pair: pair[0])
        marks = ", ".join("?" * len(CUSTOMER_SEARCH.columns))
        self._connection.run_many(
            f"INSERT INTO {_NAME} ({_COLUMNS}) VALUES ({marks})", [entry.row(place) for place, entry in placed]
        )
        self._write_pieces(placed)

    def _write_pieces(self, placed: Iterable[tuple[int, _Entry]]) -> None:
        pieces = ((place, " ".join(entry.pieces)) for place, entry in placed)
        self._connection.run_many(self._dialect.add_pieces(), pieces)

    def _placed(self, entries: Iterable[_Entry]) -> Iterator[tuple[int, _Entry]]:
        groups: defaultdict[int, list[_Entry]] = defaultdict(list)
        for entry in entries:
            groups[entry.group].append(entry)
        for group, members in groups.items():
            members.sort(key=lambda entry: (entry.keys.name, entry.customer_id))
            yield from zip(self._free_places(group, len(members)), members, strict=True)

    def _free_places(self, group: int, count: int) -> list[int]:
        """Return places behind the last one of the group; when there are no more, the first that became free."""
        first, last = places_of(group)
        highest = highest_place(self._connection, group)
        start = first if highest is None else highest + 1
        free = list(range(start, min(start + count, last + 1)))
        if len(free) < count:
            free += list(chain.from_iterable(self._holes(first, last, count)))[: count - len(free)]
        if len(free) < count:
            reason = f"the names of more than {last - first + 1:,} customers begin with the same {BEGINNING} bytes"
            raise StoreError("store-failed", reason=reason)
        return free

    def _holes(self, first: int, last: int, most: int) -> Iterator[range]:
        sql = (
            f"SELECT before + 1, place FROM (SELECT place, lag(place, 1, ?) OVER (ORDER BY place) AS before "
            f"FROM {_NAME} WHERE place BETWEEN ? AND ?) AS neighbours WHERE place > before + 1 LIMIT ?"
        )
        return (range(start, end) for start, end in self._connection.rows(sql, (first - 1, first, last, most)))

    def _replace(self, place: int, held: _Entry, entry: _Entry) -> None:
        if entry == held:
            return
        sets = ", ".join(f"{column.name} = ?" for column in CUSTOMER_SEARCH.columns[1:])
        self._connection.run(f"UPDATE {_NAME} SET {sets} WHERE place = ?", (*entry.row(place)[1:], place))
        before, now = held.pieces, entry.pieces
        if added := now - before:
            self._connection.run(self._dialect.add_pieces(), (place, " ".join(added)))
        if dropped := before - now:
            self._connection.run(self._dialect.drop_pieces(), (place, " ".join(dropped)))
            self._forget()

    def _drop(self, placed: Sequence[tuple[int, _Entry]]) -> None:
        if not placed:
            return
        pieces = ((place, " ".join(entry.pieces)) for place, entry in placed)
        self._connection.run_many(self._dialect.drop_pieces(), pieces)
        self._connection.run_many(f"DELETE FROM {_NAME} WHERE place = ?", [(place,) for place, _ in placed])
        self._forget()

    def _forget(self) -> None:
        if self._connection.rows(self._dialect.pieces_merge_fast())[0][0]:
            self.merge()


@frozen(field_transformer=classed, kw_only=True)
class SearchCheck:
    """How far the search index and the customers agree."""

    customers: int = field(metadata=OPERATOR)
    missing: int = field(metadata=OPERATOR)
    """Customers who are not in the index."""
    wrong: int = field(metadata=OPERATOR)
    """Customers whose keys or whose place are not those of their profile."""
    extra: int = field(metadata=OPERATOR)
    """Rows of the index that are nobody's."""
    pieces: int = field(metadata=OPERATOR)
    """Pieces of text that other customers are kept for than have them; all of them where they cannot be read."""
    panel: int = field(default=0, metadata=OPERATOR)
    """Rows of the panel that are missing, nobody's, or not what customers and their facts say."""

    @property
    def ok(self) -> bool:
        """Whether every search finds just whom it should."""
        return not (self.missing or self.wrong or self.extra or self.pieces or self.panel)


class SearchChecking:
    """Counts where the index and the customers disagree, some customers at a time."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect
        self._customers = self._found = self._wrong = 0
        self._panel = PanelRows(connection, dialect)
        self._panel_found = self._panel_wrong = 0
        self._sums: dict[str, tuple[int, int]] = {}

    def see(self, customers: Sequence[Customer]) -> None:
        """Compare customers with their rows, and remember the pieces those rows should have."""
        entries = {entry.customer_id: entry for entry in map(_Entry.of, customers)}
        self._customers += len(entries)
        sorted_by = self._sorted_by(entries)
        found, wrong = self._panel.at_fault(customers)
        self._panel_found += found
        self._panel_wrong += wrong
        for place, held in _held(self._connection, self._dialect, entries):
            self._found += 1
            entry = entries[held.customer_id]
            if entry != held or group_of(place) != entry.group or sorted_by[held.customer_id] != entry.keys.name:
                self._wrong += 1
            mark = place_mark(place)
            for piece in held.pieces:
                count, total = self._sums.get(piece, (0, 0))
                self._sums[piece] = count + 1, total + mark

    def _sorted_by(self, customer_ids: Iterable[str]) -> dict[str, str]:
        condition, value = self._dialect.in_list("id", list(customer_ids))
        return dict(self._connection.rows(f"SELECT id, name_key FROM crm_customers WHERE {condition}", [value]))

    def result(self) -> SearchCheck:
        """Return what was found, and what the pieces say."""
        rows: int = self._connection.rows(f"SELECT count(*) FROM {_NAME}")[0][0]
        return SearchCheck(
            customers=self._customers,
            missing=self._customers - self._found,
            wrong=self._wrong,
            extra=rows - self._found,
            pieces=self._wrong_pieces(),
            panel=self._panel_wrong + self._panel.count() - self._panel_found,
        )

    def _wrong_pieces(self) -> int:
        try:
            kept = {piece: (count, total) for piece, count, total in self._connection.rows(self._dialect.piece_sums())}
        except StoreError:
            return max(1, len(self._sums))
        return len(dict(kept.items() ^ self._sums.items()))
