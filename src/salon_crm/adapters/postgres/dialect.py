"""How PostgreSQL writes what other databases write otherwise."""

import json
from collections.abc import Sequence
from typing import Final

from salon_crm.adapters.sql.dialect import Dialect, Holders, Value
from salon_crm.adapters.sql.pieces import MARK_MODULI, Needed, Pieces
from salon_crm.adapters.sql.tables import CUSTOMER_SEARCH, PIECES, Column, TableShape

OWNER: Final = "salon_id"
"""The column that says whose row it is, first in every key: rows of one salon stay together, on whatever machine."""

SALON_SETTING: Final = "salon_crm.salon_id"
"""The setting that says, for one transaction, whose rows there are."""

PLANNING: Final = {
    "join_collapse_limit": "1",
    "plan_cache_mode": "force_custom_plan",
    "jit": "off",
    "max_parallel_workers_per_gather": "0",
}
"""Settings of every transaction: the order of tables is ours, a plan for any value took seconds where one for these
takes milliseconds, and a page is sooner full than other processes have begun.
"""

_THEIRS: Final = f"{OWNER} = nullif(current_setting('{SALON_SETTING}', true), '')"
"""Whether a row is the salon's; where none is set, nobody's: after a transaction the setting is empty, not NULL."""

_PART_BITS: Final = 9
PART: Final = 1 << _PART_BITS
"""Places that stand side by side and have one row for each piece that any of them has: a bit says who has it."""

_WORD: Final = 32
"""Bits of a part that are looked at together: in most parts few have what is asked for."""

_TYPES: Final = {"text": 'text COLLATE "C"', "integer": "bigint", "bytes": "bytea", "bits": f"bit({PART})"}

_NOBODY: Final = f"CAST(B'0' AS bit({PART}))"
_ROOM_TO_CHANGE: Final = 70
"""Percent of a page that is filled at first: a part that gets one more member is best written anew beside itself."""

_PIECE_PARTS: Final = TableShape(
    name=PIECES,
    columns=(
        Column("piece", "text", nullable=False),
        Column("part", "integer", nullable=False),
        Column("members", "bits", nullable=False),
    ),
    primary_key=("piece", "part"),
)

_GIVEN: Final = (
    f"SELECT piece, place >> {_PART_BITS} AS part, "
    f"bit_or(set_bit({_NOBODY}, CAST(place & {PART - 1} AS integer), 1)) AS members "
    "FROM (VALUES (CAST(? AS bigint), CAST(? AS text))) AS given (place, pieces) "
    "CROSS JOIN LATERAL unnest(string_to_array(pieces, ' ')) AS piece GROUP BY 1, 2 ORDER BY 1, 2"
)
"""The parts that bound places and their pieces make."""

_EACH_MEMBER: Final = (
    f"CROSS JOIN LATERAL (SELECT (p.part << {_PART_BITS}) + w.word * {_WORD} + b.bit AS place "
    f"FROM generate_series(0, {PART // _WORD - 1}) AS w (word) CROSS JOIN generate_series(0, {_WORD - 1}) AS b (bit) "
    f"WHERE substring(m.members FROM w.word * {_WORD} + 1 FOR {_WORD}) <> CAST(B'0' AS bit({_WORD})) "
    f"AND get_bit(m.members, w.word * {_WORD} + b.bit) = 1 OFFSET 0) AS e"
)
"""The place of each of the members ``m`` of a part; what ends with OFFSET 0 is asked for once for each row before."""

_ROW: Final = f"CROSS JOIN LATERAL (SELECT * FROM {CUSTOMER_SEARCH.name} f WHERE f.place = p.place OFFSET 0) AS s"


class PostgresDialect(Dialect):
    """PostgreSQL from 13."""

    def column_type(self, name: str) -> str:
        return _TYPES[name]

    def table_suffix(self, *, keyed: bool) -> str:
        return ""

    def owner(self) -> tuple[str, str]:
        return OWNER, f"{_TYPES['text']} NOT NULL DEFAULT current_setting('{SALON_SETTING}')"

    def guard(self, table: str) -> list[str]:
        """Return the statements by which a table shows each salon its own rows alone, to the table's owner too."""
        return [
            f"ALTER TABLE {table} ENABLE ROW LEVEL SECURITY",
            f"ALTER TABLE {table} FORCE ROW LEVEL SECURITY",
            f"CREATE POLICY crm_own_rows ON {table} USING ({_THEIRS}) WITH CHECK ({_THEIRS})",
        ]

    def contains(self, column: str) -> str:
        return f"position(? in {column}) > 0"

    def in_list(self, column: str, values: Sequence[str]) -> tuple[str, Value]:
        listed = "ARRAY(SELECT json_array_elements_text(CAST(? AS json)))"
        return f"{column} = ANY({listed})", json.dumps(list(values))

    def unindexed(self, column: str) -> str:
        return column  # it knows by its own statistics

    def sum_of(self, column: str, places: Sequence[int]) -> str:
        product = " * ".join(f"CAST(j.value ->> {place} AS numeric)" for place in places)
        return f"coalesce((SELECT sum({product}) FROM json_array_elements(CAST({column} AS json)) j), 0)"

    def piece_tables(self) -> tuple[str, ...]:
        return (PIECES,)

    def create_pieces(self) -> list[str]:
        return [*_PIECE_PARTS.ddl(self), f"ALTER TABLE {PIECES} SET (fillfactor = {_ROOM_TO_CHANGE})"]

    def add_pieces(self) -> str:
        return (
            f"INSERT INTO {PIECES} (piece, part, members) {_GIVEN} "
            f"ON CONFLICT ({OWNER}, piece, part) DO UPDATE SET members = {PIECES}.members | excluded.members"
        )

    def drop_pieces(self) -> str:
        same, left = "p.piece = g.piece AND p.part = g.part", "p.members & ~ g.members"
        return (
            f"WITH g AS ({_GIVEN}), emptied AS (DELETE FROM {PIECES} p USING g WHERE {same} AND {left} = {_NOBODY}) "
            f"UPDATE {PIECES} p SET members = {left} FROM g WHERE {same} AND {left} <> {_NOBODY}"
        )

    def clear_pieces(self) -> str:
        return f"DELETE FROM {PIECES}"

    def restore_pieces(self) -> list[str]:
        return [self.clear_pieces()]

    def merge_pieces(self) -> str:
        return "SELECT 1"  # what is left of deleted rows is the operator's to vacuum

    def pieces_merge_fast(self) -> str:
        return "SELECT false"

    def pieces_worn(self) -> str:
        return "SELECT false"

    def has_pieces(self, needed: Needed, between: tuple[int, int] | None = None, *, falling: bool = False) -> Holders:
        """Walk the parts that all the pieces have, side by side, and look up the members they have in common."""
        single = dict.fromkeys(clause[0][0] for clause in needed if _is_single(clause))
        others = [clause for clause in needed if not _is_single(clause)]
        tables = [PIECES] * len(single) + [f"({_any_of(clause)})" for clause in others]
        names = ["p", *(f"p{number}" for number in range(1, len(tables)))]
        listed = " CROSS JOIN ".join(f"{table} AS {name}" for table, name in zip(tables, names, strict=True))
        found = " & ".join(f"{name}.members" for name in names)
        conditions = [f"{name}.part = p.part" for name in names[1:]]
        conditions += [f"{name}.piece = ?" for name in names[: len(single)]]
        values: list[Value] = [piece for clause in others for pieces in clause for piece in pieces]
        values += single
        if between is not None:
            conditions.append("p.part BETWEEN ? AND ?")
            values += [place >> _PART_BITS for place in between]
        way = "DESC" if falling else "ASC"
        places = (
            f"SELECT p.part, e.place FROM {listed} CROSS JOIN LATERAL (SELECT {found} AS members OFFSET 0) AS m "
            f"{_EACH_MEMBER} WHERE {' AND '.join([*conditions, f'm.members <> {_NOBODY}'])} "
            f"ORDER BY p.part {way}, e.place {way}"
        )
        return Holders(
            tables=f"({places}) AS p {_ROW}", condition="1 = 1", values=values, order=f"p.part {way}, p.place {way}"
        )

    def piece_sums(self) -> str:
        first, second = MARK_MODULI
        return (
            f"SELECT p.piece, count(*), CAST(sum((e.place % {first}) * (e.place % {second})) AS bigint) "
            f"FROM {PIECES} p CROSS JOIN LATERAL (SELECT p.members) AS m {_EACH_MEMBER} GROUP BY p.piece"
        )


def _is_single(clause: Sequence[Pieces]) -> bool:
    return len(clause) == 1 and len(clause[0]) == 1


def _any_of(clause: Sequence[Pieces]) -> str:
    """Return the parts in which somebody has all pieces of one alternative, and who."""
    every = " UNION ALL ".join(map(_all_of, clause))
    return f"SELECT a.part, bit_or(a.members) AS members FROM ({every}) AS a GROUP BY a.part"


def _all_of(pieces: Pieces) -> str:
    names = [f"q{number}" for number in range(len(pieces))]
    found = " & ".join(f"{name}.members" for name in names)
    tables = " CROSS JOIN ".join(f"{PIECES} AS {name}" for name in names)
    conditions = [f"{name}.piece = ?" for name in names] + [f"{name}.part = q0.part" for name in names[1:]]
    return f"SELECT q0.part, {found} AS members FROM {tables} WHERE {' AND '.join(conditions)} AND {found} <> {_NOBODY}"
