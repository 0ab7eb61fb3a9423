"""Stores of salons on the throw-away server."""

from collections.abc import Callable, Generator
from contextlib import ExitStack
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.rows import dict_row
from psycopg.types.string import TextLoader
from psycopg_pool import ConnectionPool
from tests.servers import APP, SCHEMA, Server, running

import salon_crm as crm
from salon_crm.adapters.postgres import PostgresStore
from salon_crm.domain.ids import SalonId

MakeSalonStore = Callable[..., PostgresStore]
Pool = ConnectionPool[psycopg.Connection[Any]]
MakePool = Callable[..., Pool]


@pytest.fixture
def make_salon_store(server: Server) -> Generator[MakeSalonStore]:
    """Give what makes stores of salons of this test: the same name, the same salon; they are closed at its end."""
    salons: dict[str, UUID] = {}
    opened = ExitStack()

    def make(name: str, deadline: float = 5.0, where: Pool | None = None) -> PostgresStore:
        salon_id = SalonId(salons.setdefault(name, uuid4()))
        store = PostgresStore(where or server.dsn(APP), salon_id=salon_id, schema=SCHEMA, deadline=deadline)
        opened.callback(store.close)
        return store

    with opened:
        yield make


@pytest.fixture(scope="module")
def mortal() -> Generator[Server]:
    """A server of its own, since others would miss it."""
    with running() as server:
        yield server


class LoudLoader(TextLoader):
    """A host's own way to read text."""

    def load(self, data: bytes | bytearray | memoryview) -> str | bytes:
        return super().load(data).upper()


def as_a_host_likes_it(raw: psycopg.Connection[Any]) -> None:
    """Change all of a connection that a host may change, and that is not to reach us."""
    raw.adapters.register_loader("text", LoudLoader)
    raw.cursor_factory = psycopg.ClientCursor
    raw.row_factory = dict_row
    raw.prepare_threshold = 0
    raw.execute("SET client_encoding TO LATIN1; SET default_transaction_isolation TO serializable")
    raw.commit()


@pytest.fixture(scope="session")
def make_pool(server: Server) -> Generator[MakePool]:
    """Give what makes pools of the app's connections, as a host has them; they are closed at the end."""
    opened = ExitStack()

    def make(min_size: int = 1, max_size: int = 2, **options: Any) -> Pool:
        options = {"configure": as_a_host_likes_it, "open": True, **options}
        pool: Pool = ConnectionPool(server.dsn(APP), min_size=min_size, max_size=max_size, **options)
        opened.callback(pool.close)
        return pool

    with opened:
        yield make


def add_across_an_end(salon: crm.Salon, server: Server) -> None:
    """Add two customers in a transaction, between whom the server ends the connection."""
    olga = crm.Actor("olga", crm.Role.OWNER)
    with salon.transaction() as unit:
        crm.add_customer(unit, olga, name="Carla Dias")
        server.disconnect(APP)
        crm.add_customer(unit, olga, name="Dora Lima")
