"""Whether every row is as it was written, and what customers are found by is what they hold: a check of health.

The audit chain covers its entries and not the profiles. A damaged disk is seen here where a row can no longer be
read, or no longer says what its record would be written as, or a key leads to nobody or to somebody else.
"""

from collections import Counter
from collections.abc import Mapping, Sequence
from typing import Any

from salon_crm.adapters.sql.dialect import Connection, Row
from salon_crm.adapters.sql.repositories import KEY_TABLES, key_rows
from salon_crm.adapters.sql.slices import slices_of
from salon_crm.adapters.sql.tables import CUSTOMER_TABLE, TABLES, Table
from salon_crm.errors import StoreError


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
        return table.to_row(table.read(row[: table.columns.count(",") + 1])) != row
    except StoreError:
        return True


def _keys_at_fault(connection: Connection) -> Mapping[str, int]:
    """Return how many rows of each table of keys are missing, or lead to a customer who has no such key."""
    found, right = Counter[str](), Counter[str]()
    for rows in slices_of(connection, CUSTOMER_TABLE.shape):
        _compare(connection, rows, found, right)
    for table in KEY_TABLES:
        found[table] += connection.rows(f"SELECT count(*) FROM {table}")[0][0] - right[table]
    return found


def _compare(connection: Connection, rows: Sequence[Row], missing: Counter[str], right: Counter[str]) -> None:
    """Count the keys that a slice of customers should have and has not, and those that are right."""
    expected: dict[str, set[Row]] = {table: set() for table in KEY_TABLES}
    for row in rows:
        try:
            customer = CUSTOMER_TABLE.read(row[: CUSTOMER_TABLE.columns.count(",") + 1])
        except StoreError:
            continue
        for table, keys in key_rows(customer).items():
            expected[table].update(keys)
    ids = [row[0] for row in rows]
    for table, columns in KEY_TABLES.items():
        sql = f"SELECT {columns} FROM {table} WHERE customer_id IN ({', '.join('?' * len(ids))})"
        kept = set(connection.rows(sql, ids))
        missing[table] += len(expected[table] - kept)
        right[table] += len(expected[table] & kept)
