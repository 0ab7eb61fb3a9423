"""Working inside a transaction that a host has open on a sqlite3 connection of its own.

The connection stays the host's: it is used through cursors of our own, and none of its settings is
changed. One with a setting under which a promise of the store would not hold is refused, with the way out.
"""

import os
import sqlite3
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, contextmanager
from itertools import takewhile
from typing import Final

from salon_crm.adapters.sql.dialect import Connection, Dialect, Row, Value
from salon_crm.adapters.sql.unit import SqlUnit
from salon_crm.adapters.sqlite.connection import is_busy, ours
from salon_crm.adapters.system import process_id
from salon_crm.errors import InvalidValue, StoreBusy, StoreError, TransactionLost

FileIdentity = tuple[int, int]
"""The device and the number of a file: the same for every path that leads to it."""

_SETTINGS: Final = (
    ("foreign_keys", 1, "it does not hold records to the customers they belong to", "PRAGMA foreign_keys = ON"),
    ("query_only", 0, "it may only read", "PRAGMA query_only = OFF"),
    ("secure_delete", 1, "it would leave deleted text in the file", "PRAGMA secure_delete = ON"),
)
"""Each setting that matters, the value it must have, what goes wrong with another, and the way out."""

_SHADOWS: Final = (
    "SELECT shadow.name FROM temp.sqlite_master shadow JOIN main.sqlite_master own "
    "ON lower(shadow.name) = lower(own.name) "
    "WHERE shadow.type IN ('table', 'view') AND substr(lower(own.name), 1, 4) = 'crm_'"
)
_READS_ALIKE: Final = (
    "SELECT schema.version, schema.version + 0, salon.region, salon.region || '', salon.mark_key, "
    "CAST(salon.mark_key AS BLOB) FROM main.crm_schema schema LEFT JOIN main.crm_salon salon"
)
"""Columns beside expressions that equal them: a converter of the host's is called for columns alone."""


@contextmanager
def joined_unit(connection: object, file: FileIdentity, dialect: Dialect) -> Generator[SqlUnit]:
    """Open a part of the host's transaction, which alone is undone where the block raises.

    Raises what `JoinedConnection` does, and TransactionLost where the transaction ended meanwhile: what was
    written may be kept then, whatever the block raised.
    """
    joined = JoinedConnection(connection, file)
    unit = SqlUnit(joined, dialect)
    raised: BaseException | None = None
    try:
        with unit.savepoint():
            try:
                yield unit
            except BaseException as error:
                raised = error
                raise
    except BaseException as error:
        lost = isinstance(error, TransactionLost)
        if (lost and error is not raised) or (joined.ended_by_host and not lost):
            raise TransactionLost("transaction-ended") from raised
        raise
    finally:
        unit.end()


class JoinedConnection(Connection):
    """A host's connection inside its transaction, whose writer's turn is taken when this is made.

    Raises InvalidValue for a connection that is unfit, StoreBusy, TransactionLost.
    """

    def __init__(self, connection: object, file: FileIdentity) -> None:
        if not isinstance(connection, sqlite3.Connection):
            raise InvalidValue("wrong-type", field="connection", expected="a sqlite3.Connection to the salon's file")
        self._raw = connection
        self._process = process_id()
        self._given_up = False
        self._check_usable()
        self._check_file(file)
        self._check_settings()
        self._take_turn()
        self._check_names()
        self._check_converters()

    @property
    def in_transaction(self) -> bool:
        try:
            return self._raw.in_transaction
        except sqlite3.ProgrammingError:  # closed, and what it had open was rolled back
            return False

    def rows(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        with self._watched() as cursor:
            return cursor.execute(sql, values).fetchall()

    def rows_while(self, sql: str, values: Sequence[Value], going_on: Callable[[Row], bool]) -> list[Row]:
        with self._watched() as cursor, closing(cursor):
            return list(takewhile(going_on, cursor.execute(sql, values)))

    def run(self, sql: str, values: Sequence[Value] = ()) -> int:
        with self._watched() as cursor:
            return cursor.execute(sql, values).rowcount

    def run_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> int:
        with self._watched() as cursor:
            return cursor.executemany(sql, rows).rowcount

    @property
    def ended_by_host(self) -> bool:
        """Whether the transaction ended, and not because SQLite itself gave it up."""
        return not self.in_transaction and not self._given_up

    @contextmanager
    def _watched(self) -> Generator[sqlite3.Cursor]:
        """Give a cursor, without the host's row_factory; see whether the transaction outlives what it is used for."""
        self._check_going_on()
        with ours():
            try:
                yield sqlite3.Cursor(self._raw)
            except sqlite3.OperationalError as error:
                if str(error).startswith("no such savepoint"):  # it went with the transaction it was part of
                    raise TransactionLost("transaction-ended") from None
                self._given_up = not self.in_transaction
                raise

    def _check_going_on(self) -> None:
        """Refuse before sqlite3 begins a transaction by itself, which would be nobody's to commit."""
        if process_id() != self._process:
            raise StoreError("store-failed", reason="this process was forked while it was in use")
        if not self.in_transaction:
            raise TransactionLost("transaction-ended")

    def _ask(self, sql: str) -> list[Row]:
        with ours():
            return sqlite3.Cursor(self._raw).execute(sql).fetchall()

    def _check_usable(self) -> None:
        try:
            in_transaction = self._raw.in_transaction  # first: a cursor on what was never opened ends the interpreter
            sqlite3.Cursor(self._raw)
        except sqlite3.ProgrammingError as error:
            if "thread" in str(error):
                raise _unfit("it belongs to another thread", "Join in the thread that opened it.") from None
            raise _unfit("it is closed", "Open it, and begin a transaction that may write.") from None
        if not in_transaction:
            raise _unfit("it is in no transaction", "Begin one that may write first, with BEGIN IMMEDIATE.")
        if self._raw.text_factory is not str:
            raise _unfit("its text_factory is not str", "Set it back to str, or join with another connection.")

    def _check_file(self, file: FileIdentity) -> None:
        """Only its main database will do: names without a prefix must mean the salon's tables."""
        main = next((path for _, name, path in self._ask("PRAGMA database_list") if name == "main"), "")
        try:
            found = os.stat(main)  # noqa: PTH116 -- a path as SQLite states it, which may be empty
        except (OSError, ValueError):
            found = None
        if found is None or (found.st_dev, found.st_ino) != file:
            raise _unfit("its main database is not the salon's file", "Join with a connection opened on that file.")

    def _check_settings(self) -> None:
        for name, needed, reason, way_out in _SETTINGS:
            if self._ask(f"PRAGMA {name}") != [(needed,)]:
                raise _unfit(f"{reason} ({name})", f"Run {way_out} before the transaction begins.")

    def _take_turn(self) -> None:
        """Write nothing: a transaction that may not write fails here, and not at the host's commit."""
        with ours():
            try:
                sqlite3.Cursor(self._raw).execute("DELETE FROM main.crm_schema WHERE 0")
            except sqlite3.OperationalError as error:
                if error.sqlite_errorcode == sqlite3.SQLITE_BUSY_SNAPSHOT:
                    raise TransactionLost("snapshot-outdated") from None
                if is_busy(error):
                    raise StoreBusy("turn-taken") from None
                raise

    def _check_names(self) -> None:
        for (name,) in self._ask(_SHADOWS):
            raise _unfit(f"its temporary {name} hides the salon's", "Give the temporary one another name.")

    def _check_converters(self) -> None:
        for row in self._ask(_READS_ALIKE):
            for column, expression in zip(row[::2], row[1::2], strict=True):
                if type(column) is not type(expression) or column != expression:
                    hint = "Join with a connection opened without detect_types."
                    raise _unfit("it converts plain columns with converters of its own", hint)


def _unfit(reason: str, hint: str) -> InvalidValue:
    return InvalidValue("connection-unfit", field="connection", reason=reason, hint=hint)
