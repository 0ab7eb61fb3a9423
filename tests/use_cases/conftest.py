"""A salon on each store, with a clock that stands still."""

from collections.abc import Iterator
from pathlib import Path
from typing import Any
from uuid import uuid4

import pytest
from tests.servers import SCHEMA

import salon_crm as crm
from salon_crm.testing.doubles import CountedIds, FixedClock


@pytest.fixture
def clock() -> FixedClock:
    return FixedClock()


@pytest.fixture
def file(tmp_path: Path) -> Path:
    return tmp_path / "salon.db"


@pytest.fixture(params=["memory", "sqlite", pytest.param("postgres", marks=[pytest.mark.again, pytest.mark.no_cover])])
def salon(request: pytest.FixtureRequest, file: Path, clock: FixedClock) -> Iterator[crm.Salon]:
    with open_on(request, file, clock) as salon:
        yield salon


def open_on(request: pytest.FixtureRequest, file: Path, clock: FixedClock) -> crm.Salon:
    """Open a new salon on the store a test asks for."""
    place: dict[str, Any] = {}
    if request.param == "sqlite":
        place = {"where": file}
    elif request.param == "postgres":
        place = {"where": request.getfixturevalue("server").url(), "schema": SCHEMA, "salon_id": uuid4()}
    return crm.open_salon(**place, region="PT", zone="Europe/Lisbon", currency="EUR", clock=clock, ids=CountedIds())
