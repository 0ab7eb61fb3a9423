"""A salon in a PostgreSQL database that many salons share: one writer a salon, readers that never wait."""

import threading
from collections.abc import Generator
from contextlib import contextmanager, suppress
from typing import Final

import psycopg
from psycopg import sql

from salon_crm.adapters.postgres.connection import PostgresConnection, ours, why
from salon_crm.adapters.postgres.dialect import OWNER, PLANNING, SALON_SETTING, PostgresDialect
from salon_crm.adapters.postgres.joining import OWN_ORIGIN, joined_unit
from salon_crm.adapters.postgres.schema import HEADS, SCHEMA_VERSION, quoted, version_there
from salon_crm.adapters.sql.dialect import Row
from salon_crm.adapters.sql.unit import SqlUnit
from salon_crm.adapters.system import process_id
from salon_crm.domain.ids import SalonId
from salon_crm.domain.text import FOLD_VERSION
from salon_crm.errors import SchemaNewer, SchemaOutdated, StoreBusy, StoreError
from salon_crm.ports.store import Joinable, Store

_DIALECT: Final = PostgresDialect()
_MOST_IDLE: Final = 8

_LEFT_TO_PARENT: Final[list[object]] = []
"""Connections that came along with a fork: closing them here would end the parent's."""


class PostgresStore(Store, Joinable):
    """One salon in the database that ``conninfo`` names: a URL, or the words libpq takes.

    ``salon_id`` says which of the salons there; ``schema`` where its tables are, the search path's where it is not
    given; ``deadline`` is how many seconds a writer waits for its turn. The tables are made beforehand, by
    ``python -m salon_crm migrate``. Raises StoreError where the database cannot be reached or its role would see
    other salons' rows, SchemaOutdated, SchemaNewer.
    """

    def __init__(self, conninfo: str, *, salon_id: SalonId, schema: str | None = None, deadline: float = 5.0) -> None:
        self.salon_id = salon_id
        self._conninfo = conninfo
        self._deadline = deadline
        self._closed = False
        self._idle_lock = threading.Lock()
        self._idle: list[PostgresConnection] = []
        self._process = process_id()
        self._own_origin: list[Row] = []
        self._settings = {SALON_SETTING: str(salon_id), "join_collapse_limit": "1"}  # the order of tables is ours
        if schema is not None:
            self._settings["search_path"] = quoted(schema)
        self._patience = {"lock_timeout": f"{max(1, round(deadline * 1_000))}ms"}
        literal = sql.Literal(str(salon_id)).as_string()
        self._take_turn = f"UPDATE {HEADS} SET writings = writings + 1 WHERE {OWNER} = {literal}"
        self._begin_reading = "; ".join(["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", _set(self._settings)])
        self._begin_writing = "; ".join(["BEGIN", _set(self._settings | self._patience), self._take_turn])
        try:
            with self._opening():
                self._check_database()
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"PostgresStore(salon_id={str(self.salon_id)!r})"

    def _check_database(self) -> None:
        with self._connection() as connection:
            self._begin(connection, self._begin_reading)
            _check_role(connection)
            _check_schema(connection)
            fold = SqlUnit(connection, _DIALECT).fold_version()
        if fold in (None, FOLD_VERSION):
            return
        with self.writing() as unit:
            if unit.fold_version() != FOLD_VERSION:  # unless another process was faster
                unit.rebuild_keys()

    @contextmanager
    def _opening(self) -> Generator[None]:
        """Say what forbids opening of the database, whose address may hold a password and is not shown."""
        try:
            yield
        except psycopg.Error as error:
            raise StoreError("store-unopenable", where="The database", reason=why(error)) from None
        except StoreError as error:
            if error.code != "store-failed":
                raise
            raise StoreError("store-unopenable", where="The database", reason=str(error.params["reason"])) from None

    @contextmanager
    def reading(self) -> Generator[SqlUnit]:
        with self._connection() as connection:
            self._begin(connection, self._begin_reading)
            with self._unit(connection) as unit:
                yield unit

    @contextmanager
    def writing(self) -> Generator[SqlUnit]:
        with self._connection() as connection:
            try:
                if not self._begin(connection, self._begin_writing):
                    connection.run(
                        f"INSERT INTO {HEADS} ({OWNER}) VALUES (?) ON CONFLICT DO NOTHING", [str(self.salon_id)]
                    )
                    connection.script(self._take_turn)
            except StoreBusy:
                raise StoreBusy("store-busy", seconds=str(self._deadline)) from None
            with self._unit(connection) as unit:
                yield unit
                self._check_open()
                connection.commit()

    @contextmanager
    def _unit(self, connection: PostgresConnection) -> Generator[SqlUnit]:
        unit = SqlUnit(connection, _DIALECT)
        try:
            yield unit
        finally:
            unit.end()

    @contextmanager
    def joining(self, connection: object) -> Generator[SqlUnit]:
        """Open a part of the transaction a host has open on a `psycopg.Connection` to this database (`Joinable`).

        Where another writer has its turn the host's connection waits as long as this store's writers do.
        """
        self._check_usable()
        origin = self._origin()
        with joined_unit(connection, _DIALECT, self._settings | self._patience, self._take_turn, origin) as unit:
            yield unit
            self._check_open()

    def _origin(self) -> list[Row]:
        """Return the origin of the salon's head, which is made where nobody has written yet."""
        while not self._own_origin:
            with self._connection() as connection:
                self._begin(connection, self._begin_reading)
                self._own_origin = connection.rows(OWN_ORIGIN)
            if not self._own_origin:
                with self.writing():
                    pass
        return self._own_origin

    def _begin(self, connection: PostgresConnection, statements: str) -> int:
        """Begin a transaction, on a new connection where the server ended this one meanwhile; nothing was done yet.

        Return how many rows the last of the statements touched.
        """
        if not connection.raw.closed:
            try:
                return connection.script(statements)
            except StoreError:
                if not connection.raw.closed:
                    raise
        connection.raw = self._connect().raw
        return connection.script(statements)

    @contextmanager
    def _connection(self) -> Generator[PostgresConnection]:
        self._check_usable()
        with self._idle_lock:
            connection = self._idle.pop() if self._idle else None
        if connection is None:
            connection = self._connect()
        try:
            yield connection
        finally:
            self._put_back(connection)

    def _connect(self) -> PostgresConnection:
        with ours():
            raw = psycopg.connect(self._conninfo, autocommit=True, connect_timeout=max(1, round(self._deadline)))
        return PostgresConnection(raw)

    def _put_back(self, connection: PostgresConnection) -> None:
        if connection.carried_over_fork:
            _LEFT_TO_PARENT.append(connection)
            return
        if connection.in_transaction:
            with suppress(StoreError):
                connection.script("ROLLBACK")
        with self._idle_lock:
            if connection.usable and not self._closed and len(self._idle) < _MOST_IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("store-closed")

    def _check_usable(self) -> None:
        self._check_open()
        if process_id() != self._process:
            _LEFT_TO_PARENT.append(self._idle)
            self._idle, self._idle_lock, self._process = [], threading.Lock(), process_id()

    def close(self) -> None:
        """Refuse every new unit from now on and let go of the connections that no unit has."""
        self._closed = True
        if process_id() != self._process:
            return
        with self._idle_lock:
            while self._idle:
                self._idle.pop().close()


def _set(settings: dict[str, str]) -> str:
    """Return the statement that sets what a transaction needs, until it ends."""
    return "SELECT " + ", ".join(
        f"set_config({sql.Literal(name).as_string()}, {sql.Literal(value).as_string()}, true)"
        for name, value in (PLANNING | settings).items()
    )


def _check_role(connection: PostgresConnection) -> None:
    """Refuse a role that row security does not hold for: it would see every salon's rows as one salon's."""
    [(role, beyond)] = connection.rows(
        "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    )
    if beyond:
        raise StoreError("role-beyond-security", role=role)


def _check_schema(connection: PostgresConnection) -> None:
    found = version_there(connection)
    if found > SCHEMA_VERSION:
        raise SchemaNewer("store-newer", where="The database", found=found, known=SCHEMA_VERSION)
    if found < SCHEMA_VERSION:
        raise SchemaOutdated("store-unmigrated", where="The database", found=found, known=SCHEMA_VERSION)
