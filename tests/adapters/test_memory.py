from collections.abc import Callable

import pytest

from salon_crm.adapters.memory import MemoryStore
from salon_crm.testing import IN_MEMORY, StoreConformance


class TestMemoryStore(StoreConformance):
    capabilities = IN_MEMORY  # what is closed is gone

    @pytest.fixture
    def make_store(self) -> Callable[[str], MemoryStore]:
        return lambda _: MemoryStore()

    @pytest.fixture
    def make_impatient_store(self) -> Callable[[str], MemoryStore]:
        return lambda _: MemoryStore(deadline=0.05)
