"""Walking a whole table without keeping it in memory, or a cursor open."""

from collections.abc import Iterator
from typing import Final

from salon_crm.adapters.sql.dialect import Connection, Row, Value
from salon_crm.adapters.sql.tables import TableShape

_MOST: Final = 400


def slices_of(connection: Connection, shape: TableShape) -> Iterator[list[Row]]:
    """Give every row of a table, all its columns, in the order of its primary key, some hundred at a time."""
    names = [column.name for column in shape.columns]
    columns, key = ", ".join(names), ", ".join(shape.primary_key)
    after, values = "", list[Value]()
    while rows := connection.rows(f"SELECT {columns} FROM {shape.name} {after} ORDER BY {key} LIMIT {_MOST}", values):
        yield rows
        after = f"WHERE ({key}) > ({', '.join('?' * len(shape.primary_key))})"
        values = [rows[-1][names.index(name)] for name in shape.primary_key]
