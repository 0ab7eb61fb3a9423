"""Answering panels: the list is walked until a page is full, or those few are looked at whom the criteria may mean.

Each row of the list says nearly all that is asked; only single bookings are looked up, those of one customer at a
time. Where that finds too few for a page, it is asked how many bookings there are of the kind that is wanted, and
whether it is sooner done to look at just the customers who have them.
"""

from collections.abc import Callable, Iterator, Sequence
from functools import partial
from typing import Final

from salon_crm.adapters.sql.criteria import (
    ALWAYS,
    Clause,
    Manner,
    asks_bookings,
    asks_text,
    bits_asked,
    bookings_by_service,
    bookings_in_range,
    both,
    compile_criterion,
    conjuncts,
)
from salon_crm.adapters.sql.dialect import Connection, Dialect, Row, Value
from salon_crm.adapters.sql.finding import SAME_ROW, Walk
from salon_crm.adapters.sql.pieces import pieces_needed
from salon_crm.adapters.sql.tables import CUSTOMER_PANEL, CUSTOMER_SEARCH, CUSTOMER_TABLE
from salon_crm.domain.criteria import AllOf, Compare, Criterion, Fact, HasBooking, OneOf, Op, OrderKey

_TRIED: Final = 2_000
"""Customers who are walked before it is asked whether there is a shorter way."""

_FEW_COUNTED: Final = 500
"""Customers who may be meant, as many as are looked at one by one where they are counted."""

_FEW_COUNTED_BY_TEXT: Final = 5_000
"""The same, where the rest would be asked for text too."""

_FETCHING: Final = 200
"""What fetching one customer by id costs, where a step of the walk along the list costs one."""

_LOOKING_UP: Final = 30
"""What looking for bookings of one customer costs on top of the step."""

_ENOUGH_TO_COLLECT: Final = _TRIED // 50
"""So many of those tried for whom bookings would have to be looked up make it worth while to collect them at once."""

_MOST_FETCHED: Final = 50_000
"""Customers who are fetched and sorted at most."""

_SKIPPED: Final = 10
"""So many entries of an index cost as much to pass over as fetching one customer by id."""

_MOST_ADDED: Final = 50_000
"""Customers who are walked in the order in which they were added; where that will not do, the list is scanned."""

_NAME: Final = CUSTOMER_PANEL.name
_CUSTOMERS: Final = CUSTOMER_TABLE.shape.name

_BOOKINGS: Final = "crm_bookings b"
_SAME_PROFILE: Final = "r.name_key = c.name_key AND r.customer_id = c.id"
_LISTS: Final = {
    OrderKey.NAME: (f"{_NAME} r", "r.name_key, r.customer_id", ALWAYS),
    OrderKey.ADDED: (f"{_CUSTOMERS} c CROSS JOIN {_NAME} r", "c.added, c.id", _SAME_PROFILE),
}
"""Each list: its tables, the columns it is in the order of, what makes their rows those of one customer."""

Source = Callable[[int], list[str] | None]
"""Gives the ids of all customers who may be meant, where they are no more than so many."""


class PanelSearch:
    """The answers to one criterion, from the list of names with what panels ask."""

    def __init__(self, connection: Connection, dialect: Dialect, criterion: Criterion) -> None:
        self._connection = connection
        self._dialect = dialect
        self._criterion = criterion
        self._bits = bits_asked(connection, dialect, criterion)
        self._condition, self._values = compile_criterion(criterion, dialect, "r", self._bits)
        self._text = asks_text(criterion)
        self._looks_up = asks_bookings(criterion) or self._text
        self._beginning = Walk(OrderKey.NAME, falling=False, after=None)

    def ids(self, walk: Walk, limit: int) -> list[str]:
        """Return the ids of the first customers who match, in the order of the walk."""
        rows = self._by_name(walk, limit) if walk.key is OrderKey.NAME else self._by_added(walk, limit)
        return [row[1] for row in rows]

    def count(self, at_most: int | None) -> int:
        """Return how many match, counting no further than ``at_most``."""
        few = self._meant(_FEW_COUNTED_BY_TEXT if self._text else _FEW_COUNTED)
        if few is not None:
            found = len(self._fetched("r.name_key", few))
            return found if at_most is None else min(found, at_most)
        matching = compile_criterion(self._criterion, self._dialect, "r", self._bits, self._manner(at_most))
        tables = f"{CUSTOMER_SEARCH.name} s CROSS JOIN {_NAME} r" if self._text else f"{_NAME} r"
        same: Clause = (SAME_ROW if self._text else ALWAYS, [])
        select, values = _query("1", tables, both(same, matching))
        if at_most is not None:
            select, values = f"{select} LIMIT ?", [*values, at_most]
        count: int = self._connection.rows(f"SELECT count(*) FROM ({select}) AS found", values)[0][0]
        return count

    def _manner(self, at_most: int | None) -> Manner:
        """Return how bookings are best asked for where everybody is counted."""
        if at_most is not None or not self._looks_up:
            return "each"
        edge = self._edge(self._beginning)
        return "at once" if edge is None or self._perhaps(self._beginning, edge) >= _ENOUGH_TO_COLLECT else "each"

    def _perhaps(self, walk: Walk, edge: tuple[str, str]) -> int:
        """Return how many of those up to an edge may match, going by their rows alone."""
        condition = compile_criterion(self._criterion, self._dialect, "r", self._bits, "perhaps")
        tables, columns, same = _LISTS[walk.key]
        select, values = _query(
            "1", tables, both((same, []), walk.behind(columns), walk.up_to(columns, edge), condition)
        )
        count: int = self._connection.rows(f"SELECT count(*) FROM ({select}) AS tried", values)[0][0]
        return count

    def _by_name(self, walk: Walk, limit: int) -> list[Row]:
        edge = self._edge(walk)
        found = self._walked(walk, limit, edge)
        if edge is None or len(found) == limit:
            return found
        few = self._sooner_fetched(walk, edge, len(found), limit)
        if few is not None:
            return walk.sorted(self._fetched("r.name_key", few), limit)
        return found + self._walked(Walk(walk.key, walk.falling, edge), limit - len(found), None)

    def _by_added(self, walk: Walk, limit: int) -> list[Row]:
        edge = self._edge(walk)
        found = self._walked(walk, limit, edge)
        if edge is None or len(found) == limit:
            return found
        few = self._sooner_fetched(walk, edge, len(found), limit)
        if few is not None:
            return walk.sorted(self._fetched("r.added", few), limit)
        if _TRIED * limit <= _MOST_ADDED * len(found):
            return found + self._walked(Walk(walk.key, walk.falling, edge), limit - len(found), None)
        return self._scanned(walk, limit)

    def _edge(self, walk: Walk) -> tuple[str, str] | None:
        """Return the sort value and id of the last of those who are tried first; None where there are no more."""
        tables, columns, _ = _LISTS[walk.key]
        select, values = _query(columns, tables.partition(" CROSS")[0], walk.behind(columns))
        rows = self._connection.rows(f"{select} {_in_order(walk)} LIMIT 1 OFFSET ?", [*values, _TRIED - 1])
        return (rows[0][0], rows[0][1]) if rows else None

    def _walked(self, walk: Walk, limit: int, edge: tuple[str, str] | None) -> list[Row]:
        """Return sort values and ids of the first who match, up to an edge."""
        tables, columns, same = _LISTS[walk.key]
        where = both((same, []), walk.behind(columns))
        if edge is not None:
            where = both(where, walk.up_to(columns, edge))
        select, values = self._matching(columns, tables, where)
        return self._connection.rows(f"{select} {_in_order(walk)} LIMIT ?", [*values, limit])

    def _scanned(self, walk: Walk, limit: int) -> list[Row]:
        """Return instants and ids of those first added, by looking at the whole list."""
        columns = "r.added, r.customer_id"
        select, values = self._matching(columns, f"{_NAME} r", walk.behind(columns))
        order = f"ORDER BY r.added {walk.way}, r.customer_id {walk.way}"
        return self._connection.rows(f"{select} {order} LIMIT ?", [*values, limit])

    def _fetched(self, column: str, ids: Sequence[str]) -> list[Row]:
        """Return a column and the id of those of some customers who match."""
        condition, value = self._dialect.in_list("c.id", ids)
        where = f"{condition} AND {_SAME_PROFILE}", [value]
        select, values = self._matching(f"{column}, r.customer_id", f"{_CUSTOMERS} c CROSS JOIN {_NAME} r", where)
        return self._connection.rows(select, values)

    def _matching(self, columns: str, tables: str, where: Clause) -> tuple[str, list[Value]]:
        """Return a query of those who match, and its values; CROSS JOIN keeps the tables in this order."""
        if self._text:
            tables = f"{tables} CROSS JOIN {CUSTOMER_SEARCH.name} s"
            where = both(("s.customer_id = r.customer_id", []), where)
        return _query(columns, tables, both(where, (self._condition, self._values)))

    def _sooner_fetched(self, walk: Walk, edge: tuple[str, str], found: int, limit: int) -> list[str] | None:
        """Return the ids of those who may be meant, where they are sooner fetched than the rest of the page is walked.

        What is left of the walk is taken to go on as it went up to the edge.
        """
        steps = _TRIED * (limit - found) * 2 // max(2 * found, 1)
        if steps <= 2 * _TRIED:
            return None
        looked_up = self._perhaps(walk, edge) if self._looks_up else 0
        cost = steps * (_TRIED + _LOOKING_UP * looked_up) // _TRIED
        return self._meant(min(cost // _FETCHING, _MOST_FETCHED))

    def _meant(self, most: int) -> list[str] | None:
        """Return the ids of all customers who may be meant, in the first way by which they are no more than so many."""
        for source in self._sources():
            ids = source(most)
            if ids is not None:
                return ids
        return None

    def _sources(self) -> Iterator[Source]:
        """Give the ways to those who may be meant: each follows from a part that must hold, the cheapest first."""
        parts = list(conjuncts(self._criterion))
        yield from (partial(_listed, part) for part in parts if isinstance(part, OneOf))
        if Compare(Fact.BLOCKED, Op.EQUAL, True) in parts:
            yield partial(self._first, "b.customer_id", "crm_blocks b", ("b.lifted_at IS NULL", []))
        added = [part for part in parts if isinstance(part, Compare) and part.fact is Fact.ADDED]
        if added:
            compiled = compile_criterion(AllOf(tuple(added)), self._dialect, "c")
            yield partial(self._first, "c.id", f"{_CUSTOMERS} c", compiled)
        if self._text:
            yield from self._by_pieces()
        yield from (partial(self._booked, part) for part in parts if isinstance(part, HasBooking) and part.statuses)

    def _by_pieces(self) -> Iterator[Source]:
        if needed := pieces_needed(self._criterion):
            held = self._dialect.has_pieces(needed)
            yield partial(self._first, "s.customer_id", held.tables, (held.condition, list(held.values)))

    def _booked(self, asked: HasBooking, most: int) -> list[str] | None:
        narrowed = bookings_in_range(asked, self._dialect)
        exactly = bookings_by_service(asked, self._dialect)
        passed = most if exactly == narrowed else most * _SKIPPED
        select, values = _query("1", _BOOKINGS, narrowed)
        sql = f"SELECT count(*) FROM ({select} LIMIT ?) AS met"
        if self._connection.rows(sql, [*values, passed + 1])[0][0] > passed:
            return None
        return self._first("b.customer_id", _BOOKINGS, exactly, most)

    def _first(self, column: str, tables: str, where: Clause, most: int) -> list[str] | None:
        """Return the customers' ids that a query has, each once; None where there are more than so many."""
        select, values = _query(f"DISTINCT {column}", tables, where)
        rows = self._connection.rows(f"{select} LIMIT ?", [*values, most + 1])
        return [row[0] for row in rows] if len(rows) <= most else None


def _listed(part: OneOf, most: int) -> list[str] | None:
    return sorted(map(str, part.ids)) if len(part.ids) <= most else None


def _query(columns: str, tables: str, where: Clause) -> tuple[str, list[Value]]:
    return f"SELECT {columns} FROM {tables} WHERE {where[0]}", where[1]


def _in_order(walk: Walk) -> str:
    return "ORDER BY " + ", ".join(f"{column} {walk.way}" for column in _LISTS[walk.key][1].split(", "))
