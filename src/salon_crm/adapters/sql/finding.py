"""Finding customers by text: the pieces say who may be meant, in list order; the criterion says who is."""

from collections.abc import Sequence
from typing import Final

from attrs import field, frozen

from salon_crm.adapters.sql.criteria import asks_profile, compile_criterion
from salon_crm.adapters.sql.dialect import Connection, Dialect, Row, Value
from salon_crm.adapters.sql.pieces import pieces_needed
from salon_crm.adapters.sql.search import beginning_of, group_of, places_of
from salon_crm.adapters.sql.tables import CUSTOMER_SEARCH, CUSTOMER_TABLE, PIECES, write_instant
from salon_crm.domain.criteria import Criterion, Order, OrderKey, Start
from salon_crm.domain.privacy import IDENTITY, OPERATOR, classed

_MOST_OF_A_GROUP: Final = 500
"""Customers of one group who are fetched and sorted here; where there are more, the group is scanned."""

_MOST_SORTED: Final = 2_000
"""Customers found by pieces who are fetched and sorted by another order; where there are more, that order is walked."""

_MOST_COUNTED: Final = 5_000
"""Customers found by pieces who are counted one by one; where there are more, all rows are scanned."""

_LAST_PLACE: Final = 2**63 - 1


@frozen(field_transformer=classed)
class Walk:
    """How a list is read: by which column, which way, and behind which sort value and id, if any."""

    key: OrderKey = field(metadata=OPERATOR)
    falling: bool = field(metadata=OPERATOR)
    after: tuple[str, str] | None = field(metadata=IDENTITY)

    @classmethod
    def of(cls, order: Order, start: Start | None) -> "Walk":
        """Return the walk that reads a list from ``start`` on, away from it."""
        if start is None:
            return cls(order.key, order.descending, None)
        value = start.value if isinstance(start.value, str) else write_instant(start.value) or ""
        return cls(order.key, order.descending != start.backward, (value, str(start.id)))

    @property
    def way(self) -> str:
        return "DESC" if self.falling else "ASC"

    def behind(self, columns: str) -> tuple[str, list[Value]]:
        """Return the condition that a row's sort value and id come later, and its values."""
        if self.after is None:
            return "1 = 1", []
        return f"({columns}) {'<' if self.falling else '>'} (?, ?)", list(self.after)

    def sorted(self, rows: Sequence[Row], limit: int) -> list[Row]:
        """Return the first rows of sort value and id that come later, in the order of the walk."""
        later = [row for row in rows if self.after is None or (row < self.after if self.falling else row > self.after)]
        return sorted(later, reverse=self.falling)[:limit]

    def anew(self) -> "Walk":
        """Return the same walk from the beginning."""
        return Walk(self.key, self.falling, None)


class TextSearch:
    """The answers to one criterion that asks for text."""

    def __init__(self, connection: Connection, dialect: Dialect, criterion: Criterion) -> None:
        self._connection = connection
        self._condition, self._values = compile_criterion(criterion, dialect)
        self._asks_profile = asks_profile(criterion)
        needed = pieces_needed(criterion)
        self._pieces = dialect.has_pieces(needed) if needed else None

    def ids(self, walk: Walk, limit: int) -> list[str]:
        """Return the ids of the first customers who match, in the order of the walk."""
        rows = self._by_name(walk, limit) if walk.key is OrderKey.NAME else self._by_added(walk, limit)
        return [row[1] for row in rows]

    def count(self, at_most: int | None) -> int:
        """Return how many match, counting no further than ``at_most``."""
        if self._pieces:
            few = _MOST_COUNTED if at_most is None else min(at_most, _MOST_COUNTED)
            found = self._count(few, pieces=True)
            if found < few or found == at_most:
                return found
        return self._count(at_most, pieces=False)

    def _count(self, at_most: int | None, *, pieces: bool) -> int:
        limit = -1 if at_most is None else at_most
        inside, values = self._select("1", pieces=pieces)
        count: int = self._connection.rows(f"SELECT count(*) FROM ({inside} LIMIT ?) AS found", [*values, limit])[0][0]
        return count

    def _by_name(self, walk: Walk, limit: int) -> list[Row]:
        """Return sort keys and ids: of what is left of the group begun, of whole groups, of the last one met."""
        found: list[Row] = []
        low, high = 0, _LAST_PLACE
        if walk.after is not None:
            group = beginning_of(walk.after[0])
            found = self._group(group, walk, limit)
            first, last = places_of(group)
            low, high = (0, first - 1) if walk.falling else (last + 1, _LAST_PLACE)
        missing = limit - len(found)
        rows = self._placed(walk, low, high, missing) if missing else []
        if not rows or len(rows) < missing:
            return found + walk.anew().sorted([row[1:] for row in rows], missing)
        group = group_of(rows[-1][0])
        found += walk.anew().sorted([row[1:] for row in rows if group_of(row[0]) != group], missing)
        return found + self._group(group, walk.anew(), limit - len(found))

    def _group(self, group: int, walk: Walk, limit: int) -> list[Row]:
        """Return the first of a group: the few that have the pieces, sorted here, or the first of a scan of all."""
        first, last = places_of(group)
        if self._pieces:
            rows = self._placed(walk, first, last, _MOST_OF_A_GROUP)
            if len(rows) < _MOST_OF_A_GROUP:
                return walk.sorted([row[1:] for row in rows], limit)
        behind, after = walk.behind("s.name_key, s.customer_id")
        select, values = self._select("s.name_key, s.customer_id", pieces=False)
        sql = (
            f"{select} AND s.place BETWEEN ? AND ? AND {behind} "
            f"ORDER BY s.name_key {walk.way}, s.customer_id {walk.way} LIMIT ?"
        )
        return self._connection.rows(sql, [*values, first, last, *after, limit])

    def _placed(self, walk: Walk, low: int, high: int, limit: int) -> list[Row]:
        """Return place, sort key and id of the first who match between two places, in the order of places."""
        place = "p.rowid" if self._pieces else "s.place"
        select, values = self._select("s.place, s.name_key, s.customer_id", pieces=self._pieces is not None)
        sql = f"{select} AND {place} BETWEEN ? AND ? ORDER BY {place} {walk.way} LIMIT ?"
        return self._connection.rows(sql, [*values, low, high, limit])

    def _by_added(self, walk: Walk, limit: int) -> list[Row]:
        """Return instants and ids: of few found by pieces, sorted here, or met while walking all by their index."""
        if self._pieces:
            select, values = self._select("c.added, c.id", pieces=True, profile=True)
            rows = self._connection.rows(f"{select} LIMIT ?", [*values, _MOST_SORTED])
            if len(rows) < _MOST_SORTED:
                return walk.sorted(rows, limit)
        behind, after = walk.behind("c.added, c.id")
        sql = (
            f"SELECT c.added, c.id FROM {CUSTOMER_TABLE.shape.name} c CROSS JOIN {CUSTOMER_SEARCH.name} s "
            f"WHERE s.customer_id = c.id AND {self._condition} AND {behind} "
            f"ORDER BY c.added {walk.way}, c.id {walk.way} LIMIT ?"
        )
        return self._connection.rows(sql, [*self._values, *after, limit])

    def _select(self, columns: str, *, pieces: bool, profile: bool = False) -> tuple[str, list[Value]]:
        """Return a query of those who match, and its values; CROSS JOIN keeps the tables in this order."""
        tables, conditions, values = [f"{CUSTOMER_SEARCH.name} s"], [self._condition], list(self._values)
        if profile or self._asks_profile:
            tables.append(f"{CUSTOMER_TABLE.shape.name} c")
            conditions.insert(0, "c.id = s.customer_id")
        if pieces and self._pieces:
            has_pieces, value = self._pieces
            tables.insert(0, f"{PIECES} p")
            conditions = [has_pieces, "s.place = p.rowid", *conditions]
            values.insert(0, value)
        return f"SELECT {columns} FROM {' CROSS JOIN '.join(tables)} WHERE {' AND '.join(conditions)}", values
