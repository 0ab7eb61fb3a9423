"""Stores of salons on the throw-away server."""

from collections.abc import Callable, Generator
from contextlib import ExitStack
from uuid import UUID, uuid4

import pytest
from tests.servers import APP, SCHEMA, Server

from salon_crm.adapters.postgres import PostgresStore
from salon_crm.domain.ids import SalonId

MakeSalonStore = Callable[..., PostgresStore]


@pytest.fixture
def make_salon_store(server: Server) -> Generator[MakeSalonStore]:
    """Give what makes stores of salons of this test: the same name, the same salon; they are closed at its end."""
    salons: dict[str, UUID] = {}
    opened = ExitStack()

    def make(name: str, deadline: float = 5.0) -> PostgresStore:
        salon_id = SalonId(salons.setdefault(name, uuid4()))
        store = PostgresStore(server.dsn(APP), salon_id=salon_id, schema=SCHEMA, deadline=deadline)
        opened.callback(store.close)
        return store

    with opened:
        yield make
