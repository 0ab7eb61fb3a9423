"""The kit proves the store: its checks, and random programs of use cases beside the store in memory."""

from collections.abc import Callable
from pathlib import Path

import pytest
from json_store import JsonStore

from salon_crm.testing import StoreConformance


class TestJsonStore(StoreConformance):
    @pytest.fixture
    def make_store(self, tmp_path: Path) -> Callable[[str], JsonStore]:
        return lambda name: JsonStore(tmp_path / name)

    @pytest.fixture
    def make_impatient_store(self, tmp_path: Path) -> Callable[[str], JsonStore]:
        return lambda name: JsonStore(tmp_path / name, deadline=0.1)
