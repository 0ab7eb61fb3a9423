"""Working inside a transaction that a host has open on a psycopg connection of its own.

The connection stays the host's: it is used through cursors of our own, and what we set for our statements is set
back when our part ends.
"""

from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager
from itertools import takewhile
from typing import Any, Final

import psycopg
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row

from salon_crm.adapters.postgres.connection import (
    AT_FIRST,
    READ_ONLY,
    PostgresConnection,
    is_inside,
    marked,
    ours,
    translated,
)
from salon_crm.adapters.postgres.dialect import PLANNING, PostgresDialect
from salon_crm.adapters.postgres.schema import HEADS
from salon_crm.adapters.sql.dialect import Connection, Row, Value
from salon_crm.adapters.sql.repositories import savepoint
from salon_crm.adapters.sql.unit import SqlUnit
from salon_crm.adapters.system import process_id
from salon_crm.errors import InvalidValue, StoreBusy, StoreError, TransactionLost

OWN_ORIGIN: Final = f"SELECT origin FROM {HEADS}"

_OUTDATED: Final = "40001"
_NO_SAVEPOINT: Final = "3B001"
_BUSY: Final = {"55P03", "40P01"}
_NO_TABLES: Final = {"3F", "42"}
_AUTOCOMMIT: Final = "Begin one first: with connection.transaction(), or with autocommit off."


@contextmanager
def joined_unit(
    connection: object, dialect: PostgresDialect, settings: dict[str, str], lock: str, origin: list[Row]
) -> Generator[SqlUnit]:
    """Open a part of the host's transaction, which alone is undone where the block raises.

    ``settings`` are what our statements need while the part lasts, ``lock`` takes the writer's turn, and ``origin``
    is that of the store's salon. Raises InvalidValue for a connection that is unfit, StoreBusy, TransactionLost where
    the transaction cannot write any more or ended meanwhile.
    """
    joined = JoinedConnection(connection)
    unit = SqlUnit(joined, dialect)
    try:
        with savepoint(joined, "crm_joined"):  # undoing it sets back what was set inside
            before = joined.set(PLANNING | settings)
            joined.take_turn(lock)
            joined.check_origin(origin)
            yield unit
            joined.set(before)
    except BaseException as error:
        if not joined.in_transaction and not isinstance(error, TransactionLost):
            raise TransactionLost("transaction-ended") from error
        raise
    finally:
        unit.end()


class JoinedConnection(Connection):
    """A host's connection inside its transaction."""

    def __init__(self, connection: object) -> None:
        if isinstance(connection, psycopg.AsyncConnection):
            raise _unfit("it is asynchronous", "Join with a psycopg.Connection, in a thread.")
        if not isinstance(connection, psycopg.Connection):
            raise InvalidValue(
                "wrong-type", field="connection", expected="a psycopg.Connection to the salon's database"
            )
        self._raw: psycopg.Connection[Any] = connection
        self._process = process_id()
        self._begun = False
        if connection.closed:
            raise _unfit("it is closed", "Open it, and begin a transaction.")
        status = connection.info.transaction_status
        if connection.autocommit and status == TransactionStatus.IDLE:
            raise _unfit("it is in no transaction", _AUTOCOMMIT)
        if status == TransactionStatus.INERROR:
            raise TransactionLost("transaction-ended")
        if status not in {TransactionStatus.IDLE, TransactionStatus.INTRANS}:
            raise _unfit("it is at something else", "Join when what it is at has ended.")

    @property
    def in_transaction(self) -> bool:
        return is_inside(self._raw)

    def set(self, settings: dict[str, str]) -> dict[str, str]:
        """Set what our statements need, and return what was set before."""
        before: dict[str, str] = {}
        with self._cursor() as cursor:
            for name, value in settings.items():
                cursor.execute("SELECT coalesce(current_setting(%s, true), '')", [name])
                before[name] = cursor.fetchall()[0][0]
                cursor.execute("SELECT set_config(%s, %s, true)", [name, value])
        return before

    def take_turn(self, lock: str) -> None:
        """Take the writer's turn; a transaction that sees the salon as it was before another writer's is lost."""
        try:
            self._raw.cursor(row_factory=tuple_row).execute(lock.encode())
        except psycopg.Error as error:
            state = error.sqlstate or ""
            if state == _OUTDATED:
                raise TransactionLost("snapshot-outdated") from None
            if state in _BUSY:
                raise StoreBusy("turn-taken") from None
            if state == READ_ONLY:
                raise _unfit("its transaction may only read", "Begin one that may write.") from None
            if state[:2] in _NO_TABLES:
                raise _elsewhere() from None
            raise translated(error) from None

    def check_origin(self, origin: list[Row]) -> None:
        """Refuse a connection to another database, where the salon is another, or there is none."""
        if self.rows(OWN_ORIGIN) != origin:
            raise _elsewhere()

    def rows(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        with self._cursor() as cursor:
            return cursor.execute(marked(sql), values).fetchall()

    def rows_while(self, sql: str, values: Sequence[Value], going_on: Callable[[Row], bool]) -> list[Row]:
        met = list(takewhile(going_on, self.rows(f"{sql} LIMIT {AT_FIRST}", values)))
        if len(met) < AT_FIRST:
            return met
        return met + list(takewhile(going_on, self.rows(sql, values)[AT_FIRST:]))

    def run(self, sql: str, values: Sequence[Value] = ()) -> int:
        with self._cursor() as cursor:
            return max(0, cursor.execute(marked(sql), values).rowcount)

    def run_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> int:
        with self._cursor() as cursor:
            return PostgresConnection.many(cursor, sql, rows)

    @contextmanager
    def _cursor(self) -> Generator[psycopg.Cursor[Row]]:
        """Give a cursor without the host's row factory; see whether the transaction outlives what it is used for."""
        if process_id() != self._process:
            raise StoreError("store-failed", reason="this process was forked while it was in use")
        if self._raw.closed or (self._begun and not self.in_transaction):
            raise TransactionLost("transaction-ended")
        self._begun = True  # by our first statement at the latest, where autocommit is off
        with ours(), self._raw.cursor(row_factory=tuple_row) as cursor:
            PostgresConnection.adapt(cursor)
            try:
                yield cursor
            except psycopg.Error as error:
                if error.sqlstate == _NO_SAVEPOINT:  # it went with the transaction it was part of
                    raise TransactionLost("transaction-ended") from None
                raise


def _elsewhere() -> InvalidValue:
    return _unfit("it does not lead to the salon's tables", "Join with a connection to their database, as their role.")


def _unfit(reason: str, hint: str) -> InvalidValue:
    return InvalidValue("connection-unfit", field="connection", reason=reason, hint=hint)
