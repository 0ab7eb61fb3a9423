from collections.abc import Callable
from pathlib import Path

import pytest

from salon_crm.adapters.sqlite import SQLiteStore
from salon_crm.testing import StoreConformance


class TestSQLiteStore(StoreConformance):
    @pytest.fixture
    def make_store(self, tmp_path: Path) -> Callable[[str], SQLiteStore]:
        return lambda name: SQLiteStore(tmp_path / f"{name}.db")

    @pytest.fixture
    def make_impatient_store(self, tmp_path: Path) -> Callable[[str], SQLiteStore]:
        return lambda name: SQLiteStore(tmp_path / f"{name}.db", deadline=0.05)
