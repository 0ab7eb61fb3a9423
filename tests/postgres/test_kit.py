"""The kit on PostgreSQL."""

from collections.abc import Callable
from typing import Any

import psycopg
import pytest
from tests.postgres.conftest import MakeSalonStore
from tests.servers import APP, ELSEWHERE, Server

from salon_crm.adapters.postgres import PostgresStore
from salon_crm.testing import COMPLETE, Capability, StoreConformance
from salon_crm.testing.conformance import NAME


class TestPostgresStore(StoreConformance):
    capabilities = COMPLETE | {Capability.JOINING, Capability.EXPORTING, Capability.WALKING}

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
