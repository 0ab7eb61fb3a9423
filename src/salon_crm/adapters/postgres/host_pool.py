"""A host's pool of connections: each unit of work takes one, and gives it back as it was."""

from typing import Any, Final, TypeGuard

import psycopg
from psycopg_pool import ConnectionPool, PoolTimeout, TooManyRequests

from salon_crm.adapters.postgres.connection import PostgresConnection
from salon_crm.adapters.postgres.source import LEFT_TO_PARENT, Source
from salon_crm.adapters.system import process_id
from salon_crm.errors import StoreBusy, StoreError

_FORKED: Final = "the pool is another process's; make one in each process, after the fork, and open the salon on it"


class HostPool(Source):
    """A `psycopg_pool.ConnectionPool`; it stays open when stores on it are closed."""

    def __init__(self, pool: ConnectionPool[Any]) -> None:
        self._pool = pool
        self._process = process_id()

    @classmethod
    def of(cls, pool: object) -> "HostPool | None":
        """Return what takes connections of a pool, None where it is no such pool."""
        return cls(pool) if _is_pool(pool) else None

    @property
    def most_stale(self) -> int:
        return self._pool.max_size

    def take(self, seconds: float, *, anew: bool) -> PostgresConnection:
        if process_id() != self._process:
            raise StoreError("store-failed", reason=_FORKED)
        try:
            raw = self._pool.getconn(seconds)
        except (PoolTimeout, TooManyRequests):
            raise StoreBusy("pool-empty", seconds=str(seconds)) from None
        except psycopg.Error:
            raise StoreError("store-failed", reason="the host's pool is closed, or not open yet") from None
        connection = PostgresConnection(raw)
        try:
            connection.take_over()
        except BaseException:
            self._pool.putconn(raw)
            raise
        return connection

    def give_back(self, connection: PostgresConnection) -> None:
        if connection.carried_over_fork:
            LEFT_TO_PARENT.append(connection)
            return
        try:
            connection.leave()
        finally:
            self._pool.putconn(connection.raw)

    def join(self, store: object) -> None:
        """A pool serves whoever asks."""

    def part(self, store: object) -> None:
        """It is the host's to close."""


def _is_pool(thing: object) -> TypeGuard[ConnectionPool[Any]]:
    return isinstance(thing, ConnectionPool)
