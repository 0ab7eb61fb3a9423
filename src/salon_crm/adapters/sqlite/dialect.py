"""How SQLite writes what other databases write otherwise."""

import json
from collections.abc import Sequence
from typing import Final

from salon_crm.adapters.sql.dialect import Dialect, Holders, Value
from salon_crm.adapters.sql.pieces import MARK_MODULI, Needed, Pieces
from salon_crm.adapters.sql.tables import CUSTOMER_SEARCH, PIECES

_PIECE_CHARACTERS: Final = "".join(chr(code) for code in range(0x21, 0x7F) if not chr(code).isalnum())
"""What the tokenizer would take for white space unless told; it lets everything beyond ASCII be."""

_MERGED_AT_ONCE: Final = 500
"""Pages of pieces that are merged within the transaction that drops some: 2 MB, about 10,000 customers."""

_WORN: Final = 1_000
"""Bytes of the record that lists the parts of the pieces, beyond which they are made anew.

In older SQLite each merge into one part adds levels to that record, two bytes each, and none takes them away. Beyond
2,000 levels, a thousand merges, FTS5 takes the record for damaged, and the index can neither be read nor written any
more: 3.40 does so, 3.51 has an end to levels. Without merges the record stays far below, also in large salons.
"""

_TERMS: Final = "crm_customer_terms"
"""The pieces to look at by hand and to check: a view of them, which keeps nothing itself."""

_TYPES: Final = {"text": "TEXT", "integer": "INTEGER", "bytes": "BLOB"}


class SQLiteDialect(Dialect):
    """SQLite from 3.37, for STRICT tables."""

    def column_type(self, name: str) -> str:
        return _TYPES[name]

    def table_suffix(self, *, keyed: bool) -> str:
        return "STRICT, WITHOUT ROWID" if keyed else "STRICT"

    def owner(self) -> None:
        """Return nothing: a file is one salon's."""

    def guard(self, table: str) -> list[str]:
        return []

    def contains(self, column: str) -> str:
        return f"instr({column}, ?) > 0"

    def in_list(self, column: str, values: Sequence[str]) -> tuple[str, Value]:
        return f"{column} IN (SELECT value FROM json_each(?))", json.dumps(list(values))

    def unindexed(self, column: str) -> str:
        return f"+{column}"

    def sum_of(self, column: str, places: Sequence[int]) -> str:
        product = " * ".join(f"json_extract(j.value, '$[{place}]')" for place in places)
        return f"coalesce((SELECT sum({product}) FROM json_each({column}) j), 0)"

    def piece_tables(self) -> tuple[str, ...]:
        return (PIECES, f"{PIECES}_data", f"{PIECES}_idx", f"{PIECES}_config", _TERMS)

    def create_pieces(self) -> list[str]:
        tokenizer = "ascii tokenchars " + _quoted(_PIECE_CHARACTERS, "'")
        options = "content='', columnsize=0, detail=none, tokenize=" + _quoted(tokenizer, '"')
        return [
            f"CREATE VIRTUAL TABLE {PIECES} USING fts5(pieces, {options})",
            f"CREATE VIRTUAL TABLE {_TERMS} USING fts5vocab({PIECES}, instance)",
        ]

    def add_pieces(self) -> str:
        return f"INSERT INTO {PIECES} (rowid, pieces) VALUES (?, ?)"

    def drop_pieces(self) -> str:
        return f"INSERT INTO {PIECES} ({PIECES}, rowid, pieces) VALUES ('delete', ?, ?)"

    def clear_pieces(self) -> str:
        return f"INSERT INTO {PIECES} ({PIECES}) VALUES ('delete-all')"

    def restore_pieces(self) -> list[str]:
        """Write what FTS5 itself writes into the tables under an empty index, which it cannot open without."""
        return [
            f"DELETE FROM {PIECES}_data",
            f"DELETE FROM {PIECES}_idx",
            f"INSERT INTO {PIECES}_data (id, block) VALUES (1, x''), (10, x'00000000000000')",
            f"INSERT OR REPLACE INTO {PIECES}_config (k, v) VALUES ('version', 4)",
        ]

    def merge_pieces(self) -> str:
        return f"INSERT INTO {PIECES} ({PIECES}) VALUES ('optimize')"

    def pieces_merge_fast(self) -> str:
        return f"SELECT count(*) <= {_MERGED_AT_ONCE} FROM (SELECT 1 FROM {PIECES}_idx LIMIT {_MERGED_AT_ONCE + 1})"

    def pieces_worn(self) -> str:
        return f"SELECT length(block) > {_WORN} FROM {PIECES}_data WHERE id = 10"  # where FTS5 keeps that record

    def has_pieces(self, needed: Needed, between: tuple[int, int] | None = None, *, falling: bool = False) -> Holders:
        asked = " AND ".join(f"({' OR '.join(map(_every, clause))})" for clause in needed)
        return Holders(
            tables=f"{PIECES} p CROSS JOIN {CUSTOMER_SEARCH.name} s",
            condition=f"{PIECES} MATCH ? AND s.place = p.rowid{' AND p.rowid BETWEEN ? AND ?' if between else ''}",
            values=[asked, *(between or ())],
            order=f"p.rowid {'DESC' if falling else 'ASC'}",
        )

    def piece_sums(self) -> str:
        first, second = MARK_MODULI
        return f"SELECT term, count(*), sum((doc % {first}) * (doc % {second})) FROM {_TERMS} GROUP BY term"


def _quoted(text: str, quote: str) -> str:
    return quote + text.replace(quote, 2 * quote) + quote


def _every(pieces: Pieces) -> str:
    return "(" + " AND ".join(_quoted(piece, '"') for piece in pieces) + ")"
