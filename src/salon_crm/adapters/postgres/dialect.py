"""How PostgreSQL writes what other databases write otherwise."""

import json
from collections.abc import Sequence
from typing import Final

from salon_crm.adapters.sql.dialect import Dialect, Value
from salon_crm.adapters.sql.pieces import MARK_MODULI, Needed, Pieces
from salon_crm.adapters.sql.tables import PIECES, Column, TableShape

OWNER: Final = "salon_id"
"""The column that says whose row it is, first in every key: rows of one salon stay together, on whatever machine."""

SALON_SETTING: Final = "salon_crm.salon_id"
"""The setting that says, for one transaction, whose rows there are."""

_THEIRS: Final = f"{OWNER} = nullif(current_setting('{SALON_SETTING}', true), '')"
"""Whether a row is the salon's; where none is set, nobody's: after a transaction the setting is empty, not NULL."""

_TYPES: Final = {"text": 'text COLLATE "C"', "integer": "bigint", "bytes": "bytea"}

_EVERYWHERE: Final = ""
"""A piece that every place has, so that each place has a row of its own among the pieces."""


_PIECE_PLACES: Final = TableShape(
    name=PIECES,
    columns=(Column("piece", "text", nullable=False), Column("rowid", "integer", nullable=False)),
    primary_key=("piece", "rowid"),
)


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

    def piece_tables(self) -> tuple[str, ...]:
        return (PIECES,)

    def create_pieces(self) -> list[str]:
        return _PIECE_PLACES.ddl(self)

    def add_pieces(self) -> str:
        return (
            f"INSERT INTO {PIECES} (rowid, piece) SELECT CAST(? AS bigint), "
            f"unnest(array_append(string_to_array(?, ' '), '{_EVERYWHERE}')) ON CONFLICT DO NOTHING"
        )

    def drop_pieces(self) -> str:
        return f"DELETE FROM {PIECES} WHERE rowid = ? AND piece = ANY(string_to_array(?, ' '))"

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

    def has_pieces(self, needed: Needed) -> tuple[str, list[Value]]:
        """Walk the places of one piece, the longest that all must have, and look each up among the others."""
        first: Pieces = (_EVERYWHERE,)
        rest = list(needed)
        if needed and len(needed[0]) == 1:
            first, rest = needed[0][0], rest[1:]
        conditions, values = ["p.piece = ?"], list[Value](first[:1])
        for clause in ((first[1:],), *rest):
            condition, bound = _one_of(clause)
            conditions.append(condition)
            values += bound
        return " AND ".join(conditions), values

    def piece_sums(self) -> str:
        first, second = MARK_MODULI
        return (
            f"SELECT piece, count(*), CAST(sum((rowid % {first}) * (rowid % {second})) AS bigint) FROM {PIECES} "
            f"WHERE piece <> '{_EVERYWHERE}' GROUP BY piece"
        )


def _one_of(clause: Sequence[Pieces]) -> tuple[str, list[Value]]:
    met, values = list[str](), list[Value]()
    for alternative in clause:
        has = [f"EXISTS (SELECT 1 FROM {PIECES} q WHERE q.piece = ? AND q.rowid = p.rowid)" for _ in alternative]
        met.append(f"({' AND '.join(has) or '1 = 1'})")
        values += alternative
    return f"({' OR '.join(met)})", values
