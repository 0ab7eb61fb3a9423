"""A salon in one SQLite file: one writer at a time, readers that never wait."""

import os
import sqlite3
import threading
from collections.abc import Callable, Generator, Iterable
from contextlib import closing, contextmanager, suppress
from os import PathLike, fspath
from pathlib import Path
from typing import Final, TypeVar

from salon_crm.adapters.sql.tables import BOOKING_SHAPES, CUSTOMER_SEARCH, REWARD_SHAPES, SHAPES
from salon_crm.adapters.sql.unit import SqlUnit, rebuilt
from salon_crm.adapters.sqlite.connection import SQLiteConnection, ours, uri_of, why
from salon_crm.adapters.sqlite.dialect import SQLiteDialect
from salon_crm.adapters.sqlite.joining import joined_unit
from salon_crm.adapters.sqlite.line import Line
from salon_crm.adapters.sqlite.maintenance import back_up, examine
from salon_crm.adapters.system import monotonic, pause_with_jitter, process_id
from salon_crm.domain.text import FOLD_VERSION
from salon_crm.errors import SchemaNewer, SchemaOutdated, StoreBusy, StoreError
from salon_crm.ports.store import Copyable, Joinable, Maintainable, Store, StoreCopy, StoreHealth, Writing

T = TypeVar("T")

MIGRATIONS: Final[tuple[Callable[[SqlUnit], None], ...]] = (
    SqlUnit.index_search,
    SqlUnit.keep_bookings,
    SqlUnit.keep_rewards,
)
"""What brings a file from each schema version to the next, the first from 1 to 2; a new file gets the last at once."""

SCHEMA_VERSION: Final = 1 + len(MIGRATIONS)

_DIALECT: Final = SQLiteDialect()
_TABLES: Final = (*(shape.name for shape in SHAPES), *_DIALECT.piece_tables())
_OF_REWARDS: Final = tuple(shape.name for shape in REWARD_SHAPES)
_OF_BOOKINGS: Final = (*(shape.name for shape in BOOKING_SHAPES), *_OF_REWARDS)
_NEW_SINCE: Final = {
    1: (CUSTOMER_SEARCH.name, *_DIALECT.piece_tables(), *_OF_BOOKINGS),
    2: _OF_BOOKINGS,
    3: _OF_REWARDS,
}
"""The tables that a file of an earlier version does not have."""

_SEARCH_MODULE: Final = "fts5"
_OLDEST_SQLITE: Final = (3, 37, 0)  # the first with STRICT tables
_BEGIN: Final = "BEGIN IMMEDIATE"
_FIRST_PAUSE: Final = 0.002
_SHORTEST_PAUSE: Final = 0.000_15
_IMPATIENT_AFTER: Final = 0.02
"""Seconds after which a writer asks as often as it ever does."""
_RESIGNED_AFTER: Final = 0.25
"""Seconds after which whoever has the turn is at something long, and asking often would only burn the processor."""
_LOG_LIMIT: Final = 16 * 1024 * 1024
"""Bytes that the write-ahead log is cut to when a reading that made it grow has ended."""
_MOST_IDLE_READERS: Final = 8
_READER_CACHE: Final = 16_384
"""Kibibytes of pages that a reader keeps at most: looking up the bookings of many customers comes back to the same."""

_LEFT_TO_PARENT: Final[list[object]] = []
"""Connections that came along with a fork: closing them here would disturb the process they belong to."""


class SQLiteStore(Store, Joinable, Maintainable, Copyable):
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
        self._file = self.path.absolute()  # the same one after chdir
        self._name = str(self._file)
        self._deadline = deadline
        self._closed = False
        self._start()
        with self._opening():
            _check_build()
            self._check_file()
            self._identity = self._create_file()
            self._check_log(share=share, migrate=migrate)
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
        self._line = Line(self._name)

    @contextmanager
    def _opening(self) -> Generator[None]:
        try:
            yield
        except sqlite3.Error as error:
            raise StoreError("store-unopenable", where=str(self.path), reason=why(error)) from None
        except OSError as error:
            reason = error.strerror or type(error).__name__
            raise StoreError("store-unopenable", where=str(self.path), reason=reason) from None
        except StoreError as error:
            if error.code not in {"store-failed", "outcome-unknown"}:
                raise
            reason = str(error.params["reason"])
            raise StoreError("store-unopenable", where=str(self.path), reason=reason) from None

    def _check_file(self) -> None:
        where = str(self.path)
        if "\0" in where:
            raise StoreError("store-unopenable", where="The path", reason="it holds a NUL")
        try:
            os.fsencode(where)
        except UnicodeEncodeError:
            reason = "it holds a character that no file name can hold"
            raise StoreError("store-unopenable", where="The path", reason=reason) from None
        if self.path.is_dir():
            raise StoreError("store-unopenable", where=where, reason="it is a folder; name a file in it")
        if not self.path.parent.is_dir():
            raise StoreError("store-unopenable", where=where, reason="its folder does not exist")

    def _create_file(self) -> tuple[int, int]:
        """Create the file where it is not there, for its owner's eyes only; return which file it is."""
        with suppress(FileExistsError):
            os.close(os.open(os.path.realpath(self._file), os.O_CREAT | os.O_EXCL | os.O_RDWR, 0o600))
        return self._look()

    def _look(self) -> tuple[int, int]:
        found = os.stat(self._name)  # noqa: PTH116 -- twice in every unit of work, and three times as fast
        return found.st_dev, found.st_ino

    def _check_same_file(self) -> None:
        """Refuse to go on with a file that is gone: what is written to it nobody would find again."""
        try:
            same = self._look() == self._identity
        except OSError:
            same = False
        if not same:
            raise StoreError("store-failed", reason="the file was removed or replaced while it was open")

    def _check_log(self, *, share: bool, migrate: bool | None) -> None:
        """Look at a file with a log beside it by a connection that cannot write: it may have to be left as it is.

        The last connection that closes a file it may write to moves the log into it.
        """
        if Path(f"{os.path.realpath(self._file)}-wal").exists():
            self._writer = self._connect(mode="ro")
            try:
                until = monotonic() + self._deadline
                self._wait(lambda: self._check_schema(share=share, migrate=migrate), until=until)
            finally:
                self._writer.close()

    def _connect(self, mode: str = "rw") -> SQLiteConnection:
        connection = SQLiteConnection(uri_of(self._file, mode))
        try:
            for setting in ("busy_timeout = 0", "foreign_keys = ON", "trusted_schema = OFF", "secure_delete = ON"):
                connection.control(f"PRAGMA {setting}")
            if connection.rows("PRAGMA foreign_keys") != [(1,)]:
                raise StoreError("store-failed", reason="this build of SQLite has no foreign keys")
        except BaseException:
            connection.close()
            raise
        return connection

    def _prepare(self, *, share: bool, migrate: bool | None) -> None:
        """Look before touching: a file that is not ours, or is newer, is left as it was, to the byte."""
        until = monotonic() + self._deadline  # another process may be creating the same file
        self._wait(lambda: self._check_schema(share=share, migrate=migrate), until=until)
        self._wait(self._set_journal, until=until)
        _prepare_writer(self._writer)
        if self._wait(self._is_current, until=until):
            return
        with self.writing() as unit:
            version = self._schema_version()
            for migration in MIGRATIONS[version - 1 :] if version else (SqlUnit.create_tables,):
                migration(unit)
            self._writer.run("DELETE FROM crm_schema")
            self._writer.run("INSERT INTO crm_schema (version) VALUES (?)", (SCHEMA_VERSION,))
            if unit.fold_version() not in (None, FOLD_VERSION):
                unit.rebuild_keys()

    def _is_current(self) -> bool:
        return self._schema_version() == SCHEMA_VERSION and self._fold_version() in (None, FOLD_VERSION)

    def _check_schema(self, *, share: bool, migrate: bool | None) -> None:
        """Decide by one look at the names: another process may be creating the tables, all at once."""
        rows = self._writer.rows("SELECT type, lower(name) FROM sqlite_master")
        names = {name for _, name in rows}
        tables = {name for kind, name in rows if kind == "table"}
        where = str(self.path)
        if SHAPES[0].name not in names or not self._has_schema_table():
            if any(not name.startswith("sqlite_") for name in tables) and not share:
                raise StoreError("store-foreign", where=where)
            self._check_free(_TABLES, names)
            return
        found = self._schema_version()
        if found == SCHEMA_VERSION and (missing := [name for name in _TABLES if name not in tables]):
            raise StoreError("store-damaged", reason=f"there is no table {missing[0]}")
        if found > SCHEMA_VERSION:
            raise SchemaNewer("store-newer", where=where, found=found, known=SCHEMA_VERSION)
        if 0 < found < SCHEMA_VERSION and migrate is False:
            raise SchemaOutdated("store-outdated", where=where, found=found, known=SCHEMA_VERSION)
        self._check_free(_NEW_SINCE.get(found, ()), names)

    def _check_free(self, needed: Iterable[str], names: set[str]) -> None:
        if taken := [name for name in needed if name in names]:
            reason = f"it has a table {taken[0]} that is not of salon_crm, which needs this name"
            raise StoreError("store-unopenable", where=str(self.path), reason=reason)

    def _set_journal(self) -> None:
        if self._writer.raw.execute("PRAGMA journal_mode = WAL").fetchone() != ("wal",):
            raise StoreError("store-failed", reason="its file system does not allow a write-ahead log")

    def _has_schema_table(self) -> bool:
        """Whether the table of the schema's version is ours, and no other table of that name."""
        columns = self._writer.rows(f"PRAGMA table_info({SHAPES[0].name})")
        return [(column[1], column[2].upper()) for column in columns] == [("version", "INTEGER")]

    def _schema_version(self) -> int:
        if not self._writer.rows("SELECT 1 FROM sqlite_master WHERE lower(name) = ?", (SHAPES[0].name,)):
            return 0
        version = self._writer.rows(f"SELECT max(version) FROM {SHAPES[0].name}")[0][0]
        if not isinstance(version, int) or version < 1:
            raise StoreError("store-damaged", reason=f"the table {SHAPES[0].name} states no version")
        return version

    def _fold_version(self) -> str | None:
        return SqlUnit(self._writer, _DIALECT).fold_version()

    @contextmanager
    def reading(self) -> Generator[SqlUnit]:
        with self._snapshot() as connection:
            unit = SqlUnit(connection, _DIALECT)
            try:
                yield unit
            finally:
                unit.end()

    @contextmanager
    def _snapshot(self) -> Generator[SQLiteConnection]:
        self._check_usable()
        self._check_same_file()
        connection = self._idle_reader()
        try:
            self._begin_reading(connection)
            yield connection
        finally:
            self._put_back(connection)

    def _begin_reading(self, connection: SQLiteConnection) -> None:
        """Take a snapshot; only where a writer was killed does it wait, for whoever looks through its log."""
        connection.control("BEGIN")
        sql = f"SELECT version FROM {SHAPES[0].name}"  # a deferred BEGIN takes its snapshot here
        self._wait(lambda: connection.rows(sql), until=monotonic() + self._deadline)

    @contextmanager
    def _fresh_snapshot(self) -> Generator[SQLiteConnection]:
        """Open a snapshot on a connection that remembers nothing: a page it held already would hide damage."""
        self._check_usable()
        self._check_same_file()
        connection = self._new_reader()
        try:
            self._begin_reading(connection)
            yield connection
        finally:
            if connection.carried_over_fork:
                _LEFT_TO_PARENT.append(connection)
            else:
                connection.close()

    def _idle_reader(self) -> SQLiteConnection:
        with self._idle_lock:
            if self._idle:
                return self._idle.pop()
        return self._new_reader()

    def _new_reader(self) -> SQLiteConnection:
        with self._opening():
            connection = self._connect()
            connection.control("PRAGMA query_only = ON")
            connection.control(f"PRAGMA cache_size = -{_READER_CACHE}")
            connection.read_only = True
            return connection

    def _put_back(self, connection: SQLiteConnection) -> None:
        if connection.carried_over_fork:
            _LEFT_TO_PARENT.append(connection)
            return
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
        turn, connection, line = self._turn, self._writer, self._line
        if not turn.acquire(timeout=self._deadline):
            raise StoreBusy("store-busy", seconds=str(self._deadline))
        try:
            self._check_open()
            self._check_same_file()
            self._begin_writing(connection, line, until=until)
            unit = SqlUnit(connection, _DIALECT)
            try:
                yield unit
                self._check_open()
                self._check_same_file()
                line.leave()  # before the disk is waited for: what follows the commit holds up nobody
                connection.commit()
            finally:
                unit.end()
                if not connection.carried_over_fork and connection.in_transaction:
                    connection.control("ROLLBACK")
        finally:
            if connection.carried_over_fork:  # the turn is the parent's, and so is the transaction
                _LEFT_TO_PARENT.append(connection)
            else:
                line.leave()
                turn.release()

    def _begin_writing(self, connection: SQLiteConnection, line: Line, *, until: float) -> None:
        """Begin at once where nobody else was ever met, else in the line's order.

        The line is waited in for half of the time that is left: somebody may have stopped in it who has no lock.
        """
        if not line.known:
            with suppress(StoreBusy):
                return connection.control(_BEGIN)
            line.known = True
        now = monotonic()
        first = line.stand(until=now + (until - now) / 2)
        waited = _IMPATIENT_AFTER if first else 0
        return self._wait(lambda: connection.control(_BEGIN), until=until, waited=waited)

    @contextmanager
    def joining(self, connection: object) -> Generator[SqlUnit]:
        """Open a part of the transaction a host has open on a `sqlite3.Connection` to this file (`Joinable`).

        Where another writer has its turn the host's connection waits as its own timeout says. A deferred
        BEGIN that has read waits for nobody: begin with BEGIN IMMEDIATE.
        """
        self._check_usable()
        self._check_same_file()
        with joined_unit(connection, self._identity, _DIALECT) as unit:
            yield unit
            self._check_open()
            self._check_same_file()

    def _wait(self, take: Callable[[], T], *, until: float, waited: float = 0) -> T:
        """Take and return what other processes may hold, trying again with pauses until the deadline.

        SQLite keeps no queue: whoever asks first after a commit has the turn. So the pauses shrink the
        longer a writer waits, and one that ``waited`` long comes before those that have only just asked.
        """
        began: float | None = None
        while True:
            try:
                with ours():
                    return take()
            except StoreBusy:
                now = monotonic()
                began = began or now - waited
                pause = _pause_after(now - began)
                if now + pause > until:
                    raise StoreBusy("store-busy", seconds=str(self._deadline)) from None
            pause_with_jitter(pause)

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("store-closed")

    def _check_usable(self) -> None:
        self._check_open()
        if process_id() != self._process:  # a connection carried over a fork corrupts: leave those to the parent
            _LEFT_TO_PARENT.append((self._writer, self._idle))
            self._line.close()
            self._start()
            self._check_same_file()
            with self._opening():
                self._writer = self._connect()
                _prepare_writer(self._writer)

    def backup(self, path: str) -> StoreCopy:
        """Copy the file as it is at one moment (`Copyable`), with SQLite's own means and into one file."""
        with self._fresh_snapshot() as connection:
            return back_up(connection, path, _DIALECT, self._check_open)

    def health(self) -> StoreHealth:
        """Check the file, its tables and its indexes from end to end (`Maintainable`); writers go on meanwhile."""
        with self._fresh_snapshot() as connection:
            return examine(connection, SqlUnit(connection, _DIALECT), self._file, SCHEMA_VERSION)

    def rebuild_search(self, writing: Writing) -> int:
        """Make the search index anew in a unit of this store (`Maintainable`)."""
        return rebuilt(writing)

    def close(self) -> None:
        """Refuse every new unit from now on and let go of the file; after StoreBusy, calling again tries again."""
        self._closed = True
        if process_id() != self._process:
            return
        if not self._turn.acquire(timeout=self._deadline):
            raise StoreBusy("store-busy", seconds=str(self._deadline))
        try:
            self._writer.close()
            self._line.close()
        finally:
            self._turn.release()
        with self._idle_lock:
            while self._idle:
                self._idle.pop().close()


def _check_build() -> None:
    """Refuse a SQLite that lacks what the tables need; asked of memory, since a file may be locked."""
    if sqlite3.sqlite_version_info < _OLDEST_SQLITE:
        reason = f"SQLite {sqlite3.sqlite_version} is older than {'.'.join(map(str, _OLDEST_SQLITE))}"
        raise StoreError("store-failed", reason=reason)
    with closing(sqlite3.connect(":memory:")) as memory:
        if not memory.execute("SELECT 1 FROM pragma_module_list WHERE name = ?", (_SEARCH_MODULE,)).fetchone():
            raise StoreError("store-failed", reason="this build of SQLite has no full-text search, FTS5")


def _prepare_writer(connection: SQLiteConnection) -> None:
    connection.control("PRAGMA synchronous = FULL")  # what was acknowledged outlives a power cut
    connection.control(f"PRAGMA journal_size_limit = {_LOG_LIMIT}")
    connection.control("PRAGMA temp_store = MEMORY")  # pages as they were before a part go into no file of their own


def _pause_after(waited: float) -> float:
    """Return how long a writer pauses that has waited so long: growing pauses would let newcomers past it."""
    if waited > _RESIGNED_AFTER:
        return _FIRST_PAUSE
    return max(_SHORTEST_PAUSE, _FIRST_PAUSE * (1 - waited / _IMPATIENT_AFTER))
