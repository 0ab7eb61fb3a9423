"""A salon in one SQLite file: one writer at a time, readers that never wait."""

import sqlite3
import threading
from collections.abc import Callable, Generator
from contextlib import contextmanager
from os import PathLike, fspath
from pathlib import Path
from typing import Final

from salon_crm.adapters.sql.tables import SHAPES
from salon_crm.adapters.sql.unit import SqlUnit
from salon_crm.adapters.sqlite.connection import SQLiteConnection, ours, why
from salon_crm.adapters.sqlite.dialect import SQLiteDialect
from salon_crm.adapters.system import monotonic, pause_with_jitter, process_id
from salon_crm.domain.text import FOLD_VERSION
from salon_crm.errors import SchemaNewer, SchemaOutdated, StoreBusy, StoreError
from salon_crm.ports.store import Store

MIGRATIONS: Final[tuple[Callable[[SqlUnit], None], ...]] = (SqlUnit.create_tables,)
"""What brings a file from each schema version to the next; a file's version is how many have run."""

SCHEMA_VERSION: Final = len(MIGRATIONS)

_DIALECT: Final = SQLiteDialect()
_FIRST_PAUSE: Final = 0.001
_LONGEST_PAUSE: Final = 0.025
_MOST_IDLE_READERS: Final = 8

_LEFT_TO_PARENT: Final[list[object]] = []
"""Connections that came along with a fork: closing them here would disturb the process they belong to."""


class SQLiteStore(Store):
    """A salon in the SQLite file at ``path``; the file is created where it is not there.

    ``deadline`` is how many seconds a writer waits for its turn. ``share`` allows a file that holds
    tables of somebody else's; ``migrate`` None or True brings an older schema up to date, False refuses
    it. Raises StoreError where the file cannot be opened, SchemaNewer where a newer release wrote it
    (the file is left as it is), SchemaOutdated.
    """

    def __init__(
        self,
        path: str | PathLike[str],
        *,
        deadline: float = 5.0,
        share: bool = False,
        migrate: bool | None = None,
    ) -> None:
        self.path = Path(fspath(path))
        self._deadline = deadline
        self._closed = False
        self._start()
        with self._opening():
            self._check_file()
            self._writer = self._connect()
            try:
                self._prepare(share=share, migrate=migrate)
            except BaseException:
                self._writer.close()
                raise

    def __repr__(self) -> str:
        return f"SQLiteStore({str(self.path)!r})"

    def _start(self) -> None:
        self._process = process_id()
        self._turn = threading.Lock()
        self._idle_lock = threading.Lock()
        self._idle: list[SQLiteConnection] = []

    @contextmanager
    def _opening(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError("store-unopenable", where=str(self.path), reason=why(error)) from error
        except StoreError as error:
            if error.code != "store-failed":
                raise
            reason = str(error.params["reason"])
            raise StoreError("store-unopenable", where=str(self.path), reason=reason) from error

    def _check_file(self) -> None:
        where = str(self.path)
        if "\0" in where:
            raise StoreError("store-unopenable", where="The path", reason="it holds a NUL")
        if self.path.is_dir():
            raise StoreError("store-unopenable", where=where, reason="it is a folder; name a file in it")
        if not self.path.parent.is_dir():
            raise StoreError("store-unopenable", where=where, reason="its folder does not exist")

    def _connect(self) -> SQLiteConnection:
        connection = SQLiteConnection(str(self.path))
        connection.control("PRAGMA busy_timeout = 0")
        connection.control("PRAGMA foreign_keys = ON")
        connection.control("PRAGMA trusted_schema = OFF")
        connection.control("PRAGMA secure_delete = ON")
        if connection.rows("PRAGMA foreign_keys") != [(1,)]:
            raise StoreError("store-failed", reason="this build of SQLite has no foreign keys")
        return connection

    def _prepare(self, *, share: bool, migrate: bool | None) -> None:
        """Look before touching: a file that is not ours, or is newer, is left as it was, to the byte."""
        until = monotonic() + self._deadline  # another process may be creating the same file
        self._wait(lambda: self._check_schema(share=share, migrate=migrate), until=until)
        self._wait(self._set_journal, until=until)
        self._writer.control("PRAGMA synchronous = FULL")
        if self._schema_version() == SCHEMA_VERSION and self._fold_version() in (None, FOLD_VERSION):
            return
        with self.writing() as unit:
            for migration in MIGRATIONS[self._schema_version() :]:
                migration(unit)
            self._writer.run("DELETE FROM crm_schema")
            self._writer.run("INSERT INTO crm_schema (version) VALUES (?)", (SCHEMA_VERSION,))
            if unit.fold_version() not in (None, FOLD_VERSION):
                unit.rebuild_keys()

    def _check_schema(self, *, share: bool, migrate: bool | None) -> None:
        names = {name for (name,) in self._writer.rows("SELECT name FROM sqlite_master WHERE type = 'table'")}
        foreign = {name for name in names if not name.startswith("sqlite_")}
        where = str(self.path)
        if foreign and SHAPES[0].name not in names and not share:
            raise StoreError("store-foreign", where=where)
        found = self._schema_version()
        if found > SCHEMA_VERSION:
            raise SchemaNewer("store-newer", where=where, found=found, known=SCHEMA_VERSION)
        if 0 < found < SCHEMA_VERSION and migrate is False:
            raise SchemaOutdated("store-outdated", where=where, found=found, known=SCHEMA_VERSION)

    def _set_journal(self) -> None:
        if self._writer.raw.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            raise StoreError("store-failed", reason="its file system does not allow a write-ahead log")

    def _schema_version(self) -> int:
        if not self._writer.rows("SELECT 1 FROM sqlite_master WHERE name = ?", (SHAPES[0].name,)):
            return 0
        rows = self._writer.rows(f"SELECT max(version) FROM {SHAPES[0].name}")
        version: int = rows[0][0] or 0
        return version

    def _fold_version(self) -> str | None:
        return SqlUnit(self._writer, _DIALECT).fold_version()

    @contextmanager
    def reading(self) -> Generator[SqlUnit]:
        self._check_usable()
        connection = self._idle_reader()
        try:
            connection.control("BEGIN")
            connection.rows(f"SELECT version FROM {SHAPES[0].name}")  # a deferred BEGIN takes its snapshot here
            yield SqlUnit(connection, _DIALECT)
        finally:
            self._put_back(connection)

    def _idle_reader(self) -> SQLiteConnection:
        with self._idle_lock:
            if self._idle:
                return self._idle.pop()
        with self._opening():
            connection = self._connect()
            connection.control("PRAGMA query_only = ON")
            connection.read_only = True
            return connection

    def _put_back(self, connection: SQLiteConnection) -> None:
        if connection.in_transaction:
            connection.control("ROLLBACK")
        with self._idle_lock:
            if not self._closed and len(self._idle) < _MOST_IDLE_READERS:
                self._idle.append(connection)
                return
        connection.close()

    @contextmanager
    def writing(self) -> Generator[SqlUnit]:
        self._check_usable()
        until = monotonic() + self._deadline
        if not self._turn.acquire(timeout=self._deadline):
            raise StoreBusy("store-busy", seconds=str(self._deadline))
        try:
            self._check_usable()
            connection = self._writer
            self._wait(lambda: connection.raw.execute("BEGIN IMMEDIATE"), until=until)
            try:
                yield SqlUnit(connection, _DIALECT)
                self._check_usable()
                connection.control("COMMIT")
            finally:
                if connection.in_transaction:
                    connection.control("ROLLBACK")
        finally:
            self._turn.release()

    def _wait(self, take: Callable[[], object], *, until: float) -> None:
        """Take what other processes may hold, trying again with growing pauses until the deadline."""
        pause = _FIRST_PAUSE
        while True:
            try:
                with ours():
                    take()
            except StoreBusy:
                if monotonic() + pause > until:
                    raise StoreBusy("store-busy", seconds=str(self._deadline)) from None
            else:
                return
            pause_with_jitter(pause)
            pause = min(2 * pause, _LONGEST_PAUSE)

    def _check_usable(self) -> None:
        if self._closed:
            raise StoreError("store-closed")
        if process_id() != self._process:  # a connection carried over a fork corrupts: leave those to the parent
            _LEFT_TO_PARENT.append((self._writer, self._idle))
            self._start()
            with self._opening():
                self._writer = self._connect()
                self._writer.control("PRAGMA synchronous = FULL")

    def close(self) -> None:
        if self._closed:
            return
        self._closed = True
        if process_id() != self._process:
            return
        if not self._turn.acquire(timeout=self._deadline):
            raise StoreBusy("store-busy", seconds=str(self._deadline))
        try:
            self._writer.close()
        finally:
            self._turn.release()
        with self._idle_lock:
            while self._idle:
                self._idle.pop().close()
