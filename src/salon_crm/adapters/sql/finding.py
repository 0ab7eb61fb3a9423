"""Finding customers by text: the pieces say who may be meant, in list order; the criterion says who is."""

from collections.abc import Callable, Iterable, Sequence
from typing import Final

from attrs import field, frozen

from salon_crm.adapters.sql.criteria import asks_row, compile_criterion
from salon_crm.adapters.sql.dialect import Connection, Dialect, Holders, Row, Value
from salon_crm.adapters.sql.pieces import pieces_needed
from salon_crm.adapters.sql.search import beginning_of, group_of, highest_place, names_around, places_of
from salon_crm.adapters.sql.tables import CUSTOMER_PANEL, CUSTOMER_SEARCH, CUSTOMER_TABLE, write_instant
from salon_crm.domain.criteria import Criterion, Order, OrderKey, Start
from salon_crm.domain.privacy import IDENTITY, OPERATOR, classed

_MOST_OF_A_GROUP: Final = 500
"""Customers of one group who are fetched and sorted here; of more it is asked whether they are many of the group."""

_WORTH_WALKING: Final = 10_000
"""Customers of a group of whom every one is found, from which on it is walked in its order; of whom one in two is
found, twice as many. A step costs as much as looking at forty of a scan."""

_FEW: Final = 16
"""One in so many of a group, or fewer, are few: to fetch and sort them costs less than to look at everybody."""

_MOST_WALKED: Final = 500
"""Customers of a group who are walked in its order; where that does not fill a page, the group is scanned."""

_MOST_SORTED: Final = 2_000
"""Customers found by pieces who are fetched and sorted by another order; where there are more, that order is walked."""

_MOST_COUNTED: Final = 5_000
"""Customers found by pieces who are counted one by one; where there are more, all rows are scanned."""

_LAST_PLACE: Final = 2**63 - 1

SAME_ROW: Final = "r.name_key = s.name_key AND r.customer_id = s.customer_id"
"""The row of the panel is of the same customer as that of the search index; so said, it is found at once."""


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

    def up_to(self, columns: str, edge: tuple[str, str]) -> tuple[str, list[Value]]:
        """Return the condition that a row's sort value and id come no later than an edge, and its values."""
        return f"({columns}) {'>=' if self.falling else '<='} (?, ?)", list(edge)

    def sorted(self, rows: Sequence[Row], limit: int) -> list[Row]:
        """Return the first rows of sort value and id that come later, in the order of the walk."""
        later = [row for row in rows if self.after is None or (row < self.after if self.falling else row > self.after)]
        return sorted(later, reverse=self.falling)[:limit]

    def anew(self) -> "Walk":
        """Return the same walk from the beginning."""
        return Walk(self.key, self.falling, None)


class _WholeGroups:
    """Goes on until so many rows are met and the group of the last of them is whole, or it is a crowd."""

    def __init__(self, wanted: int) -> None:
        self._wanted = wanted
        self._count = 0
        self._group: int | None = None
        self.crowded = False

    def __call__(self, row: Row) -> bool:
        self._count += 1
        if self._count < self._wanted:
            return True
        group = group_of(row[0])
        if self._count == self._wanted:
            self._group = group
        if group != self._group:
            return False
        self.crowded = self._count == self._wanted + _MOST_OF_A_GROUP
        return not self.crowded


class _PageOfGroup:
    """Goes on until so many of a group match, the group has ended, or too many were walked."""

    def __init__(self, group: int, falling: bool, wanted: int) -> None:
        self._group, self._falling, self._missing = group, falling, wanted
        self._walked = 0
        self.whole = False
        """Whether what was met is all there is, or all that was wanted."""

    def __call__(self, row: Row) -> bool:
        _, _, place, matches = row
        group = group_of(place)
        passed = group < self._group if self._falling else group > self._group
        self.whole = passed or not self._missing
        self._walked += 1
        self._missing -= bool(matches) and group == self._group
        return not self.whole and self._walked <= _MOST_WALKED


def _listed(walk: Walk, rows: Iterable[Row], limit: int) -> list[Row]:
    """Return the first sort keys and ids of rows that have their place in front."""
    return walk.sorted([row[1:] for row in rows], limit)


class TextSearch:
    """The answers to one criterion that asks for text."""

    def __init__(self, connection: Connection, dialect: Dialect, criterion: Criterion) -> None:
        self._connection = connection
        self._condition, self._values = compile_criterion(criterion, dialect, "s")
        self._asks_row = asks_row(criterion)
        self._dialect = dialect
        self._pieces = pieces_needed(criterion)

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
        inside, values = self._select("1", pieces=pieces)
        if at_most is not None:
            inside, values = f"{inside} LIMIT ?", [*values, at_most]
        count: int = self._connection.rows(f"SELECT count(*) FROM ({inside}) AS found", values)[0][0]
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
        return found + self._groups(walk.anew(), low, high, limit - len(found))

    def _groups(self, walk: Walk, low: int, high: int, limit: int) -> list[Row]:
        """Return the first between two places that groups begin and end at."""
        if limit < 1:
            return []
        if not self._pieces:
            rows = self._placed(walk, low, high, limit)
            return self._with_last_group(rows, walk, limit) if len(rows) == limit else _listed(walk, rows, limit)
        page = _WholeGroups(limit)
        rows = self._placed(walk, low, high, None, page)
        return self._with_last_group(rows, walk, limit) if page.crowded else _listed(walk, rows, limit)

    def _with_last_group(self, rows: Sequence[Row], walk: Walk, limit: int) -> list[Row]:
        """Return the first of groups that are whole in ``rows`` but for the last, whose first are found anew."""
        group = group_of(rows[-1][0])
        found = _listed(walk, [row for row in rows if group_of(row[0]) != group], limit)
        met = [row for row in rows if group_of(row[0]) == group]
        return found + self._crowd(group, walk, limit - len(found), met)

    def _group(self, group: int, walk: Walk, limit: int) -> list[Row]:
        """Return the first of a group: of few who have the pieces, sorted here, or of a crowd."""
        if not self._pieces:
            return self._scanned(group, walk, limit)
        rows = self._placed(walk, *places_of(group), _MOST_OF_A_GROUP)
        if len(rows) < _MOST_OF_A_GROUP:
            return _listed(walk, rows, limit)
        return self._crowd(group, walk, limit, rows)

    def _crowd(self, group: int, walk: Walk, limit: int, met: Sequence[Row]) -> list[Row]:
        """Return the first of a group in which some were ``met`` side by side: how close says how many there are."""
        if self._pieces:
            apart = abs(met[-1][0] - met[0][0]) / len(met)
            if apart >= _FEW:
                return _listed(walk, self._placed(walk, *places_of(group), None), limit)
            first, last = places_of(group)[0], highest_place(self._connection, group)
            if last is not None and last - first >= apart * _WORTH_WALKING:
                found = self._walked(group, walk, limit)
                if found is not None:
                    return found
        return self._scanned(group, walk, limit)

    def _walked(self, group: int, walk: Walk, limit: int) -> list[Row] | None:
        """Return the first of a group, walked by the index of the list; None where too many are passed by."""
        walk = walk if walk.after else Walk(walk.key, walk.falling, names_around(group)[walk.falling])
        behind, after = walk.behind("r.name_key, r.customer_id")
        sql = (
            f"SELECT r.name_key, r.customer_id, s.place, {self._condition} "
            f"FROM {CUSTOMER_PANEL.name} r CROSS JOIN {CUSTOMER_SEARCH.name} s "
            f"WHERE s.customer_id = r.customer_id AND {behind} ORDER BY r.name_key {walk.way}, r.customer_id {walk.way}"
        )
        page = _PageOfGroup(group, walk.falling, limit)
        rows = self._connection.rows_while(sql, [*self._values, *after], page)
        found = [
            (name_key, own_id) for name_key, own_id, place, matches in rows if matches and group_of(place) == group
        ]
        return found if page.whole else None

    def _scanned(self, group: int, walk: Walk, limit: int) -> list[Row]:
        """Return the first of a group by looking at all who are in it."""
        behind, after = walk.behind("s.name_key, s.customer_id")
        select, values = self._select("s.name_key, s.customer_id", pieces=False)
        sql = (
            f"{select} AND s.place BETWEEN ? AND ? AND {behind} "
            f"ORDER BY s.name_key {walk.way}, s.customer_id {walk.way} LIMIT ?"
        )
        return self._connection.rows(sql, [*values, *places_of(group), *after, limit])

    def _placed(
        self, walk: Walk, low: int, high: int, limit: int | None, going_on: Callable[[Row], bool] | None = None
    ) -> list[Row]:
        """Return place, sort key and id of the first who match between two places, in the order of places."""
        columns, between = "s.place, s.name_key, s.customer_id", (low, high)
        if self._pieces:
            held = self._dialect.has_pieces(self._pieces, between, falling=walk.falling)
            sql, bound = self._of_holders(columns, held)
            sql += f" ORDER BY {held.order}"
        else:
            select, values = self._select(columns, pieces=False)
            sql, bound = f"{select} AND s.place BETWEEN ? AND ? ORDER BY s.place {walk.way}", [*values, *between]
        if going_on is not None:
            return self._connection.rows_while(sql, bound, going_on)
        if limit is not None:
            sql, bound = f"{sql} LIMIT ?", [*bound, limit]
        return self._connection.rows(sql, bound)

    def _by_added(self, walk: Walk, limit: int) -> list[Row]:
        """Return instants and ids: of few found by pieces, sorted here, or met while walking all by their index."""
        if self._pieces:
            select, values = self._select("r.added, r.customer_id", pieces=True, row=True)
            rows = self._connection.rows(f"{select} LIMIT ?", [*values, _MOST_SORTED])
            if len(rows) < _MOST_SORTED:
                return walk.sorted(rows, limit)
        behind, after = walk.behind("c.added, c.id")
        row = f" CROSS JOIN {CUSTOMER_PANEL.name} r" if self._asks_row else ""
        sql = (
            f"SELECT c.added, c.id FROM {CUSTOMER_TABLE.shape.name} c CROSS JOIN {CUSTOMER_SEARCH.name} s{row} "
            f"WHERE s.customer_id = c.id AND {SAME_ROW if row else '1 = 1'} AND {self._condition} AND {behind} "
            f"ORDER BY c.added {walk.way}, c.id {walk.way} LIMIT ?"
        )
        return self._connection.rows(sql, [*self._values, *after, limit])

    def _select(self, columns: str, *, pieces: bool, row: bool = False) -> tuple[str, list[Value]]:
        """Return a query of those who match, and its values; CROSS JOIN keeps the tables in this order."""
        if pieces and self._pieces:
            return self._of_holders(columns, self._dialect.has_pieces(self._pieces), row=row)
        return self._of_search_rows(columns, f"{CUSTOMER_SEARCH.name} s", [], [], row=row)

    def _of_holders(self, columns: str, held: Holders, *, row: bool = False) -> tuple[str, list[Value]]:
        return self._of_search_rows(columns, held.tables, [held.condition], held.values, row=row)

    def _of_search_rows(
        self, columns: str, tables: str, conditions: Sequence[str], values: Sequence[Value], *, row: bool
    ) -> tuple[str, list[Value]]:
        if row or self._asks_row:
            tables = f"{tables} CROSS JOIN {CUSTOMER_PANEL.name} r"
            conditions = [*conditions, SAME_ROW]
        where = " AND ".join([*conditions, self._condition])
        return f"SELECT {columns} FROM {tables} WHERE {where}", [*values, *self._values]
