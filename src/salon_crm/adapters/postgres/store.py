"""A salon in a PostgreSQL database that many salons share: one writer a salon, readers that never wait."""

from collections.abc import Generator
from contextlib import contextmanager
from typing import Final

import psycopg
from psycopg import sql

from salon_crm.adapters.postgres.connection import PostgresConnection, why
from salon_crm.adapters.postgres.dialect import OWNER, PLANNING, SALON_SETTING, PostgresDialect
from salon_crm.adapters.postgres.joining import OWN_ORIGIN, joined_unit
from salon_crm.adapters.postgres.schema import (
    HEADS,
    SCHEMA_VERSION,
    check_encoding,
    quoted,
    role_beyond_security,
    table_names,
    version_there,
)
from salon_crm.adapters.postgres.source import OwnConnections, Pool, Source
from salon_crm.adapters.sql.dialect import Row
from salon_crm.adapters.sql.unit import SqlUnit, rebuilt, search_sound, unwritten
from salon_crm.domain.ids import SalonId
from salon_crm.domain.text import FOLD_VERSION
from salon_crm.errors import InvalidValue, SchemaNewer, SchemaOutdated, StoreBusy, StoreError
from salon_crm.ports.store import Joinable, Maintainable, Store, StoreHealth, Writing

_DIALECT: Final = PostgresDialect()


class PostgresStore(Store, Joinable, Maintainable):
    """One salon in the database that ``where`` leads to: a URL, the words libpq takes, or a host's pool.

    A pool is a `psycopg_pool.ConnectionPool` and stays the host's: each unit of work takes a connection and gives it
    back as it was, and closing the store leaves the pool open. ``salon_id`` says which of the salons there; ``schema``
    where its tables are, the search path's where it is not given; ``deadline`` is how many seconds a writer waits for
    its turn, and for a connection of the pool. The tables are made beforehand, by ``python -m salon_crm migrate``.
    Raises InvalidValue where ``where`` is neither, StoreError where the database cannot be reached or its role would
    see other salons' rows, SchemaOutdated, SchemaNewer.
    """

    def __init__(
        self,
        where: str | Pool,
        *,
        salon_id: SalonId,
        schema: str | None = None,
        deadline: float = 5.0,
    ) -> None:
        self.salon_id = salon_id
        self._source = _source(where)
        self._source.join(self)
        self._deadline = deadline
        self._closed = False
        self._own_origin: list[Row] = []
        self._settings = PLANNING | {SALON_SETTING: str(salon_id), "client_encoding": "UTF8"}
        if schema is not None:
            self._settings["search_path"] = f"{quoted(schema)}, pg_temp"  # a host's temporary tables come last
        self._patience = {"lock_timeout": f"{max(1, round(deadline * 1_000))}ms"}
        literal = sql.Literal(str(salon_id)).as_string()
        self._take_turn = f"UPDATE {HEADS} SET writings = writings + 1 WHERE {OWNER} = {literal}"
        self._begin_reading = "; ".join(["BEGIN ISOLATION LEVEL REPEATABLE READ READ ONLY", _set(self._settings)])
        begin = "BEGIN ISOLATION LEVEL READ COMMITTED READ WRITE"  # whatever the role's default is
        self._begin_writing = "; ".join([begin, _set(self._settings | self._patience), self._take_turn])
        try:
            with self._opening():
                self._check_database()
        except BaseException:
            self.close()
            raise

    def __repr__(self) -> str:
        return f"PostgresStore(salon_id={str(self.salon_id)!r})"

    def _check_database(self) -> None:
        with self._begun(self._begin_reading) as (connection, _):
            role = role_beyond_security(connection)
            if role is not None:
                raise StoreError("role-beyond-security", role=role)
            check_encoding(connection)
            _check_schema(connection)
            self._own_origin = connection.rows(OWN_ORIGIN)
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
        with self._begun(self._begin_reading) as (connection, _), self._unit(connection) as unit:
            yield unit

    @contextmanager
    def writing(self) -> Generator[SqlUnit]:
        with self._begun(self._begin_writing) as (connection, has_head):
            if not has_head:
                with self._told_how_long():
                    head = f"INSERT INTO {HEADS} ({OWNER}) VALUES (?) ON CONFLICT DO NOTHING"
                    connection.run(head, [str(self.salon_id)])
                    connection.script(self._take_turn)
            origin = self._own_origin or connection.rows(OWN_ORIGIN)
            with self._unit(connection) as unit:
                yield unit
                self._check_open()
                connection.commit()
        self._own_origin = origin  # now that it is kept

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
        self._check_open()
        origin = self._origin()
        with joined_unit(connection, _DIALECT, self._settings | self._patience, self._take_turn, origin) as unit:
            yield unit
            self._check_open()

    def _origin(self) -> list[Row]:
        """Return the origin of the salon's head, which is made where nobody has written yet."""
        if not self._own_origin:
            with self.writing():
                pass
        return self._own_origin

    @contextmanager
    def _begun(self, statements: str) -> Generator[tuple[PostgresConnection, int]]:
        """Give a connection on which a transaction has begun, and how many rows the last of the statements touched."""
        self._check_open()
        connection, touched = self._begin(statements)
        try:
            yield connection, touched
        finally:
            self._source.give_back(connection)

    def _begin(self, statements: str) -> tuple[PostgresConnection, int]:
        """Begin a transaction, on another connection where the server ended this one: nothing was done on it yet."""
        lost = 0
        while True:
            connection = self._source.take(self._deadline, anew=lost > 0)
            try:
                with self._told_how_long():
                    return connection, connection.script(statements)
            except BaseException as error:
                lost += 1
                ended = isinstance(error, StoreError) and connection.raw.closed
                self._source.give_back(connection)
                if not ended or lost > self._source.most_stale:
                    raise

    @contextmanager
    def _told_how_long(self) -> Generator[None]:
        try:
            yield
        except StoreBusy:
            raise StoreBusy("store-busy", seconds=str(self._deadline)) from None

    def health(self) -> StoreHealth:
        """Check the salon's rows, its search index and panel from end to end (`Maintainable`).

        Its size is that of its own rows. Pages and indexes are the server's to check, with pg_amcheck, and its log the
        operator's to watch.
        """
        with self._begun(self._begin_reading) as (connection, _), self._unit(connection) as unit:
            sizes = (f"SELECT coalesce(sum(pg_column_size(t.*)), 0) FROM {name} t" for name in table_names())
            return StoreHealth(
                size=sum(int(connection.rows(size)[0][0]) for size in sizes),
                log_size=0,
                schema=version_there(connection),
                schema_known=SCHEMA_VERSION,
                damage=tuple(unwritten(unit)),
                search_sound=search_sound(unit),
            )

    def rebuild_search(self, writing: Writing) -> int:
        """Make the search index anew in a unit of this store (`Maintainable`)."""
        return rebuilt(writing)

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("store-closed")

    def close(self) -> None:
        """Refuse every new unit from now on and let go of the connections that no unit and no other store has."""
        self._closed = True
        self._source.part(self)


def _source(where: object) -> Source:
    if isinstance(where, str):
        return OwnConnections.to(where)
    try:
        from salon_crm.adapters.postgres.host_pool import HostPool  # with psycopg_pool, which whoever has one installed
    except ImportError:
        found = None
    else:
        found = HostPool.of(where)
    if found is None:
        raise InvalidValue("wrong-type", field="where", expected="a postgresql:// URL or a psycopg_pool.ConnectionPool")
    return found


def _set(settings: dict[str, str]) -> str:
    """Return the statement that sets what a transaction needs, until it ends."""
    return "SELECT " + ", ".join(
        f"set_config({sql.Literal(name).as_string()}, {sql.Literal(value).as_string()}, true)"
        for name, value in settings.items()
    )


def _check_schema(connection: PostgresConnection) -> None:
    found = version_there(connection)
    if found > SCHEMA_VERSION:
        raise SchemaNewer("store-newer", where="The database", found=found, known=SCHEMA_VERSION)
    if found < SCHEMA_VERSION:
        raise SchemaOutdated("store-unmigrated", where="The database", found=found, known=SCHEMA_VERSION)
