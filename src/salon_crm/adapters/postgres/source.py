"""Where a store's connections come from: those of this process, which its stores share, or a host's pool."""

import threading
from abc import abstractmethod
from typing import Any, Final, Protocol
from weakref import WeakSet, WeakValueDictionary

import psycopg

from salon_crm.adapters.postgres.connection import PostgresConnection, ours
from salon_crm.adapters.system import process_id

_MOST_IDLE: Final = 8

LEFT_TO_PARENT: Final[list[object]] = []
"""Connections that came along with a fork: closing them here would end the parent's."""


class Pool(Protocol):
    """A `psycopg_pool.ConnectionPool`, said so that its package need not be there; nothing else is taken."""

    def getconn(self, timeout: float | None = None) -> psycopg.Connection[Any]:
        """Take a connection out of the pool."""
        ...

    def putconn(self, conn: Any) -> None:
        """Give one back."""


class Source(Protocol):
    """Where connections come from, and where they go back to, each as it was found."""

    @property
    @abstractmethod
    def most_stale(self) -> int:
        """How many connections in a row may turn out to have been ended by the server since they were used."""

    @abstractmethod
    def take(self, seconds: float, *, anew: bool) -> PostgresConnection:
        """Return a connection in no transaction within so many seconds; one opened ``anew`` where that is possible.

        Raises StoreError, StoreBusy where none comes free.
        """

    @abstractmethod
    def give_back(self, connection: PostgresConnection) -> None:
        """Take back a connection, whatever became of it."""

    @abstractmethod
    def join(self, store: object) -> None:
        """Serve a store from now on."""

    @abstractmethod
    def part(self, store: object) -> None:
        """Serve a store no longer."""


class OwnConnections(Source):
    """The connections to one address, for all stores of this process: nothing of a salon stays on them."""

    def __init__(self, conninfo: str) -> None:
        self._conninfo = conninfo
        self._stores = WeakSet[object]()
        self._lock = threading.Lock()
        self._idle: list[PostgresConnection] = []
        self._process = process_id()

    @property
    def most_stale(self) -> int:
        return 1  # the next is a new one

    @classmethod
    def to(cls, conninfo: str) -> "OwnConnections":
        """Return those that there are to an address; two threads that ask first may each have their own."""
        return _OWN.setdefault(conninfo, cls(conninfo))

    def take(self, seconds: float, *, anew: bool) -> PostgresConnection:
        self._notice_fork()
        with self._lock:
            if self._idle and not anew:
                return self._idle.pop()
        with ours():
            raw = psycopg.connect(self._conninfo, autocommit=True, connect_timeout=max(1, round(seconds)))
        return PostgresConnection(raw)

    def give_back(self, connection: PostgresConnection) -> None:
        if connection.carried_over_fork:
            LEFT_TO_PARENT.append(connection)
            return
        connection.leave()
        with self._lock:
            if connection.usable and self._stores and len(self._idle) < _MOST_IDLE:
                self._idle.append(connection)
                return
        connection.close()

    def join(self, store: object) -> None:
        self._stores.add(store)

    def part(self, store: object) -> None:
        self._notice_fork()
        self._stores.discard(store)
        with self._lock:
            while self._idle and not self._stores:
                self._idle.pop().close()

    def _notice_fork(self) -> None:
        if process_id() != self._process:
            LEFT_TO_PARENT.append(self._idle)
            self._idle, self._lock, self._process = [], threading.Lock(), process_id()


_OWN: Final = WeakValueDictionary[str, OwnConnections]()
