"""A salon on each store, with a clock that stands still."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import salon_crm as crm
from salon_crm.testing.doubles import CountedIds, FixedClock


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "salon.db"


@pytest.fixture(params=["memory", "sqlite"])
def salon(request: pytest.FixtureRequest, file: Path, clock: FixedClock) -> Iterator[crm.Salon]:
    where = None if request.param == "memory" else file
    with crm.open_salon(
        where, region="PT", zone="Europe/Lisbon", currency="EUR", clock=clock, ids=CountedIds()
    ) as salon:
        yield salon
