"""One throw-away server for all tests that ask for it, with the tables made by their owner."""

from collections.abc import Callable, Generator
from uuid import UUID, uuid4

import pytest

from salon_crm.adapters.postgres import PostgresStore
from salon_crm.domain.ids import SalonId
from tests.servers import APP, SCHEMA, Server, running

ELSEWHERE = "elsewhere"
"""A second database, with tables of its own."""

MakeSalonStore = Callable[..., PostgresStore]


@pytest.fixture(scope="session")
def server() -> Generator[Server]:
    with running() as server:
        server.run(f"CREATE DATABASE {ELSEWHERE}")
        server.make_tables(ELSEWHERE)
        yield server


@pytest.fixture
def make_salon_store(server: Server) -> MakeSalonStore:
    """Return what makes stores of salons of this test: the same name, the same salon."""
    salons: dict[str, UUID] = {}

    def make(name: str, deadline: float = 5.0) -> PostgresStore:
        salon_id = SalonId(salons.setdefault(name, uuid4()))
        return PostgresStore(server.dsn(APP), salon_id=salon_id, schema=SCHEMA, deadline=deadline)

    return make
