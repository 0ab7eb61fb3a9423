"""Processes at one ledger: of those that race for the last points one wins, and one reference has one effect."""

import multiprocessing
import os
import signal
import time
from collections import Counter
from collections.abc import Callable, Iterator
from concurrent.futures import ProcessPoolExecutor
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from tests.servers import SCHEMA

import salon_crm as crm
from salon_crm.testing.doubles import FixedClock

OLGA: Final = crm.Actor("olga", crm.Role.OWNER)
SETTINGS: Final[dict[str, Any]] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}
RACERS: Final = 8
SPAWN: Final = multiprocessing.get_context("spawn")
_PATIENCE: Final = 120.0

Place = dict[str, Any]

pytestmark = [pytest.mark.no_cover, pytest.mark.skipif(not hasattr(signal, "SIGKILL"), reason="needs POSIX")]


@pytest.fixture(params=["sqlite", "postgres"])
def place(request: pytest.FixtureRequest, tmp_path: Path) -> Place:
    if request.param == "sqlite":
        return {"where": str(tmp_path / "salon.db")}
    return {"where": request.getfixturevalue("server").url(), "schema": SCHEMA, "salon_id": str(uuid4())}


@pytest.fixture
def salon(place: Place) -> Iterator[crm.Salon]:
    with crm.open_salon(**place, **SETTINGS) as salon:
        yield salon


def race(place: Place, ids: list[str], start: Any, won: Any) -> None:
    """Ask for the last points of each customer, all at once in every round."""
    count = 0
    with crm.open_salon(**place) as salon:
        for own_id in ids:
            start.wait(timeout=_PATIENCE)
            try:
                crm.redeem_points(salon, OLGA, own_id, points=5)
            except crm.RuleBroken as error:
                assert error.code == "not-enough-points"
            else:
                count += 1
    won.put(count)


def watch(place: Place, ids: list[str], over: Any, seen: Any) -> None:
    """Read until it is over; say every total that was seen."""
    totals: Counter[int] = Counter()
    with crm.open_salon(**place) as salon:
        while not over.is_set():
            for own_id in ids:
                balance = crm.points_balance(salon, OLGA, own_id)
                totals[balance.total] += 1
                totals[balance.available] += 1
    seen.put(dict(totals))


@pytest.mark.parametrize("rounds", [40, pytest.param(2_000, marks=pytest.mark.long)])
def test_of_eight_processes_that_race_for_the_last_points_one_wins_and_no_reader_sees_less_than_nothing(
    rounds: int, place: Place, salon: crm.Salon, capsys: pytest.CaptureFixture[str]
) -> None:
    customers = [crm.add_customer(salon, OLGA, name=f"Guest {number}") for number in range(rounds)]
    for customer in customers:
        crm.add_points(salon, OLGA, customer.id, points=5)
    ids = [str(customer.id) for customer in customers]
    start, over, won, seen = SPAWN.Barrier(RACERS), SPAWN.Event(), SPAWN.Queue(), SPAWN.Queue()
    racers = [SPAWN.Process(target=race, args=(place, ids, start, won)) for _ in range(RACERS)]
    watcher = SPAWN.Process(target=watch, args=(place, ids, over, seen))
    begun = time.perf_counter()
    for process in (watcher, *racers):
        process.start()
    wins = [won.get(timeout=600) for _ in racers]
    over.set()
    totals = seen.get(timeout=60)
    for process in (watcher, *racers):
        process.join()
        assert process.exitcode == 0
    with capsys.disabled():
        print(f"\n{rounds} races of {RACERS} processes in {time.perf_counter() - begun:.1f} s, won {wins}")
    assert sum(wins) == rounds
    assert totals.keys() <= {0, 5}
    for customer in customers:
        entries = [row.entry.points for row in crm.points_history(salon, OLGA, customer.id)]
        assert entries == [-5, 5]
    assert crm.verify_ledger(salon, OLGA).ok
    assert crm.verify_audit(salon, OLGA).ok


def repeat(place: Place, own_id: str, count: int) -> set[str]:
    """Say one thing again and again; return the ids of the entries that came back."""
    with crm.open_salon(**place) as salon:
        return {str(one_and_only(salon, own_id).id) for _ in range(count)}


def one_and_only(salon: crm.Salon, own_id: object) -> crm.RewardEntry:
    return crm.add_points(salon, OLGA, str(own_id), points=7, reference="card 1")


def repeat_for_ever(place: Place, own_id: str) -> None:
    with crm.open_salon(**place) as salon:
        while True:
            one_and_only(salon, own_id)


@pytest.mark.parametrize("times", [400, pytest.param(10_000, marks=pytest.mark.long)])
def test_one_reference_from_eight_processes_has_one_effect_across_kills_and_a_year(
    times: int, place: Place, salon: crm.Salon
) -> None:
    customer = crm.add_customer(salon, OLGA, name="Ana Silva")
    own_id = str(customer.id)
    doomed = [SPAWN.Process(target=repeat_for_ever, args=(place, own_id)) for _ in range(2)]
    for process in doomed:
        process.start()
    with ProcessPoolExecutor(RACERS, mp_context=SPAWN) as pool:
        asked = [pool.submit(repeat, place, own_id, times // RACERS) for _ in range(RACERS)]
        until(lambda: len(crm.points_history(salon, OLGA, customer.id)) == 1)
        for process in doomed:
            os.kill(process.pid or 0, signal.SIGKILL)
            process.join()
        told = set[str]().union(*(one.result() for one in asked))
    [row] = crm.points_history(salon, OLGA, customer.id)
    assert told == {str(row.entry.id)}
    salon.close()
    later = FixedClock(row.entry.recorded.replace(year=row.entry.recorded.year + 1))
    with crm.open_salon(**place, clock=later) as again:
        assert one_and_only(again, own_id) == row.entry
        with pytest.raises(crm.Conflict) as caught:
            crm.add_points(again, OLGA, own_id, points=8, reference="card 1")
        assert caught.value.field == "points"
        assert crm.points_balance(again, OLGA, own_id).total == 7
        assert crm.verify_ledger(again, OLGA).ok


def until(happened: Callable[[], bool]) -> None:
    """Wait for something that others do."""
    patience = time.monotonic() + _PATIENCE
    while not happened():
        assert time.monotonic() < patience
        time.sleep(0.02)
