"""One sqlite3 connection: set up once, its errors made ours."""

import sqlite3
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import closing, contextmanager
from itertools import takewhile
from pathlib import Path
from typing import Final

from salon_crm.adapters.sql.dialect import Connection, Row, Value
from salon_crm.adapters.system import process_id
from salon_crm.errors import StoreBusy, StoreError

_BUSY: Final = frozenset({sqlite3.SQLITE_BUSY, sqlite3.SQLITE_LOCKED})
_PRIMARY: Final = 0xFF  # an extended result code keeps the primary one in its low byte
_REASONS: Final = {
    sqlite3.SQLITE_FULL: "the disk is full",
    sqlite3.SQLITE_IOERR: "the disk could not be read or written",
    sqlite3.SQLITE_READONLY: "the file is read-only",
    sqlite3.SQLITE_CORRUPT: "the file is damaged",
    sqlite3.SQLITE_NOTADB: "it is not a SQLite file",
    sqlite3.SQLITE_CANTOPEN: "there is no file to open, or no permission to",
    sqlite3.SQLITE_PERM: "there is no permission to",
    sqlite3.SQLITE_AUTH: "there is no permission to",
    sqlite3.SQLITE_TOOBIG: "a value is too big",
    sqlite3.SQLITE_SCHEMA: "the tables were changed meanwhile",
    sqlite3.SQLITE_CONSTRAINT: "the records do not fit together",
}


def _primary(error: sqlite3.Error) -> int:
    code: int = getattr(error, "sqlite_errorcode", 0)
    return code & _PRIMARY


def is_busy(error: sqlite3.Error) -> bool:
    """Whether another connection held what was asked for."""
    return _primary(error) in _BUSY


def why(error: sqlite3.Error) -> str:
    """Say why a call of sqlite3 failed without quoting its message, which can hold values."""
    name: str = getattr(error, "sqlite_errorname", type(error).__name__)
    reason = _REASONS.get(_primary(error))
    return f"{reason} ({name})" if reason else f"SQLite says {name}"


RAISED: Final = (sqlite3.Error, UnicodeError, OverflowError)
"""What a call of sqlite3 raises: errors of its own, and those of values it binds or reads."""


def translated(error: Exception) -> StoreError:
    """Return the error of salon_crm for one of `RAISED`; to be raised unchained, since theirs can quote a cell."""
    if isinstance(error, UnicodeDecodeError) or str(error).startswith("Could not decode"):  # sqlite3's has no code
        return StoreError("store-damaged", reason="a text in it is not UTF-8")
    if not isinstance(error, sqlite3.Error):
        return StoreError("store-failed", reason=f"a value cannot be kept ({type(error).__name__})")
    if is_busy(error):
        return StoreBusy("store-busy", seconds="0")
    return StoreError("store-failed", reason=why(error))


@contextmanager
def ours() -> Generator[None]:
    """Turn errors of sqlite3 into errors of salon_crm; a single call on the hot path does it by itself."""
    try:
        yield
    except RAISED as error:
        raise translated(error) from None


def uri_of(path: Path, mode: str) -> str:
    """Return how SQLite is told to open a file: ``rw`` never creates one."""
    uri = path.as_uri()
    if not uri.startswith("file:///"):  # a share of Windows; to SQLite its server is part of the path
        uri = uri.replace("file://", "file:////", 1)
    return f"{uri}?mode={mode}"


class SQLiteConnection(Connection):
    """A connection in autocommit mode: transactions are begun and ended by the store's own words."""

    def __init__(self, uri: str) -> None:
        self.raw = sqlite3.connect(uri, isolation_level=None, check_same_thread=False, timeout=0, uri=True)
        self.read_only = False
        self._process = process_id()

    @property
    def carried_over_fork(self) -> bool:
        """Whether it is another process's: using or closing it here would disturb that one."""
        return process_id() != self._process

    @property
    def in_transaction(self) -> bool:
        return self.raw.in_transaction

    def rows(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        self._check_process()
        try:
            return self.raw.execute(sql, values).fetchall()
        except RAISED as error:
            raise translated(error) from None

    def rows_while(self, sql: str, values: Sequence[Value], going_on: Callable[[Row], bool]) -> list[Row]:
        self._check_process()
        with ours(), closing(self.raw.execute(sql, values)) as cursor:
            return list(takewhile(going_on, cursor))

    def control(self, statement: str) -> None:
        """Begin or end a transaction, or set a pragma."""
        self._check_process()
        try:
            self.raw.execute(statement)
        except RAISED as error:
            raise translated(error) from None

    def commit(self) -> None:
        """End the transaction and keep it; raises StoreError with code ``outcome-unknown`` where it may be kept later.

        A log that was written and could not be synced ends in a whole transaction. Nobody sees it, and the next
        writer writes over it; but if there is none, whoever opens the file next takes it for what was kept.
        """
        self._check_process()
        try:
            self.raw.execute("COMMIT")
        except RAISED as error:
            if isinstance(error, sqlite3.Error) and _primary(error) == sqlite3.SQLITE_IOERR:
                raise StoreError("outcome-unknown", reason=why(error)) from None
            raise translated(error) from None

    def run(self, sql: str, values: Sequence[Value] = ()) -> int:
        self._check_writable()
        try:
            return self.raw.execute(sql, values).rowcount
        except RAISED as error:
            raise translated(error) from None

    def run_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> int:
        self._check_writable()
        with ours():
            return self.raw.executemany(sql, rows).rowcount

    def _check_process(self) -> None:
        if process_id() != self._process:
            raise StoreError("store-failed", reason="this process was forked while it was in use")

    def _check_writable(self) -> None:
        self._check_process()
        if self.read_only:
            raise StoreError("reading-cannot-write")

    def close(self) -> None:
        """Close it; SQLite itself complains of nothing here."""
        self.raw.close()
