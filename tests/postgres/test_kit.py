"""The kit on PostgreSQL, by connections of the store's own and by those of a host's pool."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from tests.postgres.conftest import MakePool, MakeSalonStore, Pool, as_a_host_likes_it
from tests.servers import APP, ELSEWHERE, Server

from salon_crm.adapters.postgres import PostgresStore
from salon_crm.testing import COMPLETE, Capability, StoreConformance
from salon_crm.testing.abilities import JoiningChecks
from salon_crm.testing.conformance import NAME, Conformance
from salon_crm.testing.transactions import TransactionChecks


class TestPostgresStore(StoreConformance):
    capabilities = COMPLETE | {Capability.JOINING, Capability.EXPORTING, Capability.MAINTENANCE, Capability.WALKING}

    @pytest.fixture
    def make_store(self, make_salon_store: MakeSalonStore) -> Callable[[str], PostgresStore]:
        return make_salon_store

    @pytest.fixture
    def make_impatient_store(self, make_salon_store: MakeSalonStore) -> Callable[[str], PostgresStore]:
        return lambda name: make_salon_store(name, deadline=0.1)

    @pytest.fixture
    def make_host(self, server: Server) -> Callable[[str], psycopg.Connection[Any]]:
        """Return what connects a host to the salons' database, and for any other name to another database."""
        return lambda name: psycopg.connect(server.dsn(APP, "postgres" if name == NAME else ELSEWHERE))


@pytest.fixture(scope="module")
def pool(make_pool: MakePool) -> Pool:
    made = make_pool(min_size=4, max_size=12)
    made.wait()
    return made


class OnAPool(Conformance):
    """Connections are those of a host who likes everything otherwise."""

    capabilities = COMPLETE | {Capability.JOINING}

    @pytest.fixture
    def make_store(self, make_salon_store: MakeSalonStore, pool: Pool) -> Callable[[str], PostgresStore]:
        return lambda name: make_salon_store(name, where=pool)

    @pytest.fixture
    def make_impatient_store(self, make_salon_store: MakeSalonStore, pool: Pool) -> Callable[[str], PostgresStore]:
        return lambda name: make_salon_store(name, deadline=0.1, where=pool)

    @pytest.fixture
    def make_host(self, server: Server) -> Callable[[str], psycopg.Connection[Any]]:
        """Return what connects a host as the pool is connected."""

        def connect(name: str) -> psycopg.Connection[Any]:
            raw = psycopg.connect(server.dsn(APP, "postgres" if name == NAME else ELSEWHERE))
            as_a_host_likes_it(raw)
            return raw

        return connect


class TestOnAPool(OnAPool, TransactionChecks, JoiningChecks):
    """What a pool can come in the way of."""


@pytest.mark.long
class TestAllOnAPool(OnAPool, StoreConformance):
    """Everything, for two minutes more."""
