"""A salon's answers are the same whoever else is in the database, also full of the same people under the same ids."""

from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from hypothesis import HealthCheck, Phase, settings
from hypothesis.stateful import run_state_machine_as_test
from tests.postgres.conftest import MakeSalonStore

import salon_crm as crm
from salon_crm.ports.store import Store
from salon_crm.testing import CountedIds, open_test_salon
from salon_crm.testing.machine import Program


class BesideAnother(Program):
    """A salon on the store, the same in memory, and a neighbour in the database who is told everything first."""

    def __init__(self, store: Store, neighbour: Store) -> None:
        super().__init__(store)
        self._neighbour = open_test_salon(neighbour, clock=self._clock, ids=CountedIds())

    def _same(self, tell: Callable[[crm.Salon], Any]) -> None:
        tell(self._neighbour)
        super()._same(tell)


@pytest.mark.parametrize("programs", [15, pytest.param(500, marks=pytest.mark.long)])
def test_a_neighbour_with_the_same_customers_changes_no_answer(programs: int, make_salon_store: MakeSalonStore) -> None:
    numbers = count(1)

    class Fresh(BesideAnother):
        def __init__(self) -> None:
            number = next(numbers)
            self._stores = [make_salon_store(f"{who}-{number}") for who in ("ours", "neighbour")]
            super().__init__(*self._stores)

        def teardown(self) -> None:
            for store in self._stores:
                store.close()

    asked = settings(
        max_examples=programs,
        stateful_step_count=50 if programs > 100 else 20,
        suppress_health_check=[HealthCheck.too_slow, HealthCheck.data_too_large, HealthCheck.filter_too_much],
        deadline=None,
        phases=(Phase.generate, Phase.shrink),
        database=None,
    )
    run_state_machine_as_test(Fresh, settings=asked)
