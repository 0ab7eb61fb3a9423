"""Whether every row is as it was written, and what customers are found by is what they hold: a check of health.

The audit chain covers its entries and not the profiles. A damaged disk is seen here where a row can no longer be
read, or no longer says what its record would be written as, or a key leads to nobody or to somebody else.
"""

from collections import Counter
from collections.abc import Callable, Iterable, Mapping, Sequence
from typing import Any, Final

from attrs import field, frozen

from salon_crm.adapters.sql.dialect import Connection, Row
from salon_crm.adapters.sql.repositories import KEY_TABLES, booking_rows, key_rows
from salon_crm.adapters.sql.slices import slices_of
from salon_crm.adapters.sql.tables import CUSTOMER_TABLE, SALE_BOOKINGS, TABLES, Table
from salon_crm.domain.privacy import OPERATOR, classed
from salon_crm.errors import StoreError
from salon_crm.ports.records import SALES


def rows_at_fault(connection: Connection) -> Mapping[str, int]:
    """Return how many rows of each table are at fault, tables without any left out; reads every row.

    A profile's text that is damaged into other text is seen where a key was made of it: names and contacts.
    Raises StoreError where the database itself fails.
    """
    found = Counter[str]()
    for table in TABLES.values():
        for rows in slices_of(connection, table.shape):
            found[table.shape.name] += sum(_misread(table, row) for row in rows)
    found.update(_keys_at_fault(connection))
    return {name: count for name, count in found.items() if count}


def _misread(table: Table[Any], row: Row) -> bool:
    try:
        [record] = table.read([row[: table.columns.count(",") + 1]])
        return table.to_row(record) != row
    except StoreError:
        return True


@frozen(field_transformer=classed)
class _Keys:
    """The tables of keys that records of one table have: the columns of each, whose they are, and how they are made."""

    of: Table[Any] = field(metadata=OPERATOR)
    owner: str = field(metadata=OPERATOR)
    columns: Mapping[str, str] = field(metadata=OPERATOR)
    rows_of: Callable[[Any], Mapping[str, Iterable[Row]]] = field(metadata=OPERATOR)


_KEYS: Final = (
    _Keys(CUSTOMER_TABLE, "customer_id", KEY_TABLES, key_rows),
    _Keys(
        TABLES[SALES.name],
        "sale_id",
        {SALE_BOOKINGS.name: "booking_id, sale_id"},
        lambda sale: {SALE_BOOKINGS.name: booking_rows(sale)},
    ),
)


def _keys_at_fault(connection: Connection) -> Mapping[str, int]:
    """Return how many rows of each table of keys are missing, or lead to a record that has no such key."""
    found, right = Counter[str](), Counter[str]()
    for keys in _KEYS:
        for rows in slices_of(connection, keys.of.shape):
            _compare(connection, keys, rows, found, right)
        for table in keys.columns:
            found[table] += connection.rows(f"SELECT count(*) FROM {table}")[0][0] - right[table]
    return found


def _compare(
    connection: Connection, keys: _Keys, rows: Sequence[Row], missing: Counter[str], right: Counter[str]
) -> None:
    """Count the keys that a slice of records should have and has not, and those that are right."""
    expected: dict[str, set[Row]] = {table: set() for table in keys.columns}
    for row in rows:
        try:
            [record] = keys.of.read([row[: keys.of.columns.count(",") + 1]])
        except StoreError:
            continue
        for table, made in keys.rows_of(record).items():
            expected[table].update(made)
    ids = [row[0] for row in rows]
    for table, columns in keys.columns.items():
        sql = f"SELECT {columns} FROM {table} WHERE {keys.owner} IN ({', '.join('?' * len(ids))})"
        kept = set(connection.rows(sql, ids))
        missing[table] += len(expected[table] - kept)
        right[table] += len(expected[table] & kept)
