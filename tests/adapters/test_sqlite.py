import sqlite3
from collections.abc import Callable
from pathlib import Path

import pytest

from salon_crm.adapters.sqlite import SQLiteStore
from salon_crm.testing import Capability, StoreConformance


class TestSQLiteStore(StoreConformance):
    capabilities = frozenset(Capability)

    @pytest.fixture
    def make_store(self, tmp_path: Path) -> Callable[[str], SQLiteStore]:
        return lambda name: SQLiteStore(tmp_path / f"{name}.db")

    @pytest.fixture
    def make_impatient_store(self, tmp_path: Path) -> Callable[[str], SQLiteStore]:
        return lambda name: SQLiteStore(tmp_path / f"{name}.db", deadline=0.05)

    @pytest.fixture
    def make_host(self, tmp_path: Path) -> Callable[[str], sqlite3.Connection]:
        def make(name: str) -> sqlite3.Connection:
            host = sqlite3.connect(tmp_path / f"{name}.db", isolation_level=None)
            for statement in ("PRAGMA foreign_keys = ON", "PRAGMA secure_delete = ON", "BEGIN IMMEDIATE"):
                host.execute(statement)
            return host

        return make

    @pytest.fixture
    def open_backup(self) -> Callable[[Path], SQLiteStore]:
        return SQLiteStore
