"""How SQLite writes what other databases write otherwise."""

import json
from collections.abc import Sequence
from typing import Final

from salon_crm.adapters.sql.dialect import Dialect, Value

_TYPES: Final = {"text": "TEXT", "integer": "INTEGER", "bytes": "BLOB"}


class SQLiteDialect(Dialect):
    """SQLite from 3.37, for STRICT tables."""

    def column_type(self, name: str) -> str:
        return _TYPES[name]

    def table_suffix(self, *, keyed: bool) -> str:
        return "STRICT, WITHOUT ROWID" if keyed else "STRICT"

    def contains(self, column: str) -> str:
        return f"instr({column}, ?) > 0"

    def in_list(self, column: str, values: Sequence[str]) -> tuple[str, Value]:
        return f"{column} IN (SELECT value FROM json_each(?))", json.dumps(list(values))
