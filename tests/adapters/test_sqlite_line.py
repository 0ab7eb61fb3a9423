"""Writers of several processes stand in a line: first come, first served, and nobody's end or stop blocks it."""

import multiprocessing
import os
import signal
from collections.abc import Callable, Generator
from multiprocessing.connection import Connection
from multiprocessing.connection import wait as wait_for
from pathlib import Path
from typing import Any

import pytest

import salon_crm as crm
from salon_crm.adapters.sqlite import SQLiteStore, line
from salon_crm.adapters.sqlite.line import SUFFIX, Line

OWNER = crm.Actor("olga", crm.Role.OWNER)
SETTINGS: dict[str, Any] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}
SPAWN = multiprocessing.get_context("spawn")
FAR: float = 10**9
WAITING, FIRST = "waiting", "first"

pytestmark = pytest.mark.skipif(not line.HAS_LOCKS, reason="needs POSIX")


def stand(path: str, came: float, ours: Connection) -> None:
    """Stand in the line as one who came at an instant; say when waiting and when first, and leave when told."""
    told: list[str] = []

    def wait(_: float) -> None:
        if not told:
            told.append(WAITING)
            ours.send(WAITING)
        ours.poll(0.001)

    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(line, "monotonic", lambda: came)
        patch.setattr(line, "pause", wait)
        writer = Line(path)
        ours.send(FIRST if writer.stand(until=FAR) else "given up")
        ours.recv()
        writer.leave()
        ours.send("left")


class Standing:
    """A process that stands in a line."""

    def __init__(self, path: Path, came: float) -> None:
        self.pipe, theirs = SPAWN.Pipe()
        self.process = SPAWN.Process(target=stand, args=(str(path), came, theirs), daemon=True)
        self.process.start()

    def hear(self) -> str:
        assert self.pipe.poll(60), "nothing was heard"
        heard: str = self.pipe.recv()
        return heard

    def leave(self) -> None:
        self.pipe.send("leave")
        assert self.hear() == "left"


Stand = Callable[[float], Standing]


@pytest.fixture
def path(tmp_path: Path) -> Path:
    path = tmp_path / "salon.db"
    crm.open_salon(path, **SETTINGS).close()
    return path


@pytest.fixture
def someone(path: Path) -> Generator[Stand]:
    started: list[Standing] = []

    def start(came: float) -> Standing:
        started.append(Standing(path, came))
        return started[-1]

    yield start
    for each in started:
        each.process.kill()
        each.process.join(60)


def test_who_came_first_goes_first_whoever_asks_first(someone: Stand) -> None:
    holder = someone(1.0)
    assert holder.hear() == FIRST
    last, middle, second = someone(4.0), someone(3.0), someone(2.0)
    for each in (last, middle, second):
        assert each.hear() == WAITING
    for before, after in ((holder, second), (second, middle), (middle, last)):
        before.leave()
        assert after.hear() == FIRST
    assert not any(each.pipe.poll() for each in (second, middle))


def test_who_waited_long_last_time_looks_seldom_until_its_turn_is_near(
    path: Path, someone: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    clock, pauses = [10.0], list[float]()
    waiter = Line(str(path))

    def wait_behind(holder: Standing, seconds: float) -> list[float]:
        assert holder.hear() == FIRST
        came, told = clock[0], False
        pauses.clear()

        def pause(length: float) -> None:
            nonlocal told
            pauses.append(length)
            clock[0] += length
            if not told and clock[0] - came >= seconds:
                told = True
                holder.leave()

        monkeypatch.setattr(line, "pause", pause)
        assert waiter.stand(until=FAR)
        waiter.leave()
        return list(pauses)

    monkeypatch.setattr(line, "monotonic", lambda: clock[0])
    first = wait_behind(someone(1.0), 0.02)
    again = wait_behind(someone(2.0), 0.02)
    waiter.close()
    assert len(again) < len(first) / 2
    assert again == sorted(again, reverse=True)
    assert again[0] > 4 * again[-1] == 4 * first[-1]


def test_two_who_came_at_the_same_instant_both_have_their_turn(someone: Stand) -> None:
    holder = someone(1.0)
    assert holder.hear() == FIRST
    twins = [someone(2.0), someone(2.0)]
    for twin in twins:
        assert twin.hear() == WAITING
    holder.leave()
    ready = wait_for([twin.pipe for twin in twins], 60)
    for twin in sorted(twins, key=lambda twin: twin.pipe not in ready):
        assert twin.hear() == FIRST
        twin.leave()


@pytest.mark.parametrize("place", ["first", "second"])
def test_a_process_that_dies_in_the_line_is_no_longer_in_it(place: str, someone: Stand) -> None:
    first = someone(1.0)
    assert first.hear() == FIRST
    second, third = someone(2.0), someone(3.0)
    assert (second.hear(), third.hear()) == (WAITING, WAITING)
    victim, survivor = (first, second) if place == "first" else (second, first)
    victim.process.kill()
    victim.process.join(60)
    if place == "first":
        assert survivor.hear() == FIRST
    survivor.leave()
    assert third.hear() == FIRST


def test_a_process_stopped_in_the_line_delays_a_writer_by_half_its_deadline_and_no_more(
    path: Path, someone: Stand, monkeypatch: pytest.MonkeyPatch
) -> None:
    stuck = someone(0.5)
    assert stuck.hear() == FIRST
    os.kill(stuck.process.pid or 0, signal.SIGSTOP)
    now = [100.0]
    with crm.open_salon(SQLiteStore(path, deadline=8)) as salon:
        monkeypatch.setattr(line, "monotonic", lambda: now[0])
        monkeypatch.setattr("salon_crm.adapters.sqlite.store.monotonic", lambda: now[0])
        monkeypatch.setattr(line, "pause", lambda seconds: now.__setitem__(0, now[0] + seconds))
        salon.store._line.known = True  # type: ignore[attr-defined]
        crm.add_customer(salon, OWNER, name="Ana")
        assert 3.9 < now[0] - 100 <= 4
        assert crm.count_customers(salon, OWNER) == 1


def test_where_there_is_no_line_writers_ask_sqlite(path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(line, "HAS_LOCKS", False)
    with crm.open_salon(path) as salon, crm.open_salon(SQLiteStore(path, deadline=0.01)) as other:
        with salon.transaction() as tx:
            crm.add_customer(tx, OWNER, name="Ana")
            with pytest.raises(crm.StoreBusy):
                crm.add_customer(other, OWNER, name="Late")
        crm.add_customer(other, OWNER, name="Bea")
    assert not path.with_name(path.name + SUFFIX).exists()


def test_the_line_has_a_file_from_the_first_meeting_on_and_nothing_is_ever_in_it(path: Path) -> None:
    file = path.with_name(path.name + SUFFIX)
    with crm.open_salon(path) as salon, crm.open_salon(SQLiteStore(path, deadline=0)) as other:
        crm.add_customer(salon, OWNER, name="Ana")
        crm.add_customer(other, OWNER, name="Bea")
        assert not file.exists()
        with salon.transaction() as tx:
            crm.add_customer(tx, OWNER, name="Cora")
            with pytest.raises(crm.StoreBusy) as caught:
                crm.add_customer(other, OWNER, name="Late")
            assert caught.value.params["seconds"] == "0"
        crm.add_customer(other, OWNER, name="Dora")
        assert (file.stat().st_size, file.stat().st_mode & 0o777) == (0, 0o600)
        assert crm.count_customers(salon, OWNER) == 4


@pytest.mark.parametrize("odd", ["a folder", "a file of somebody's"])
def test_what_has_the_line_s_name_and_is_none_is_left_alone(odd: str, path: Path) -> None:
    file = path.with_name(path.name + SUFFIX)
    if odd == "a folder":
        file.mkdir()
    else:
        file.write_text("notes")
    with crm.open_salon(path) as salon:
        salon.store._line.known = True  # type: ignore[attr-defined]
        crm.add_customer(salon, OWNER, name="Ana")
        assert crm.count_customers(salon, OWNER) == 1
    assert file.is_dir() or file.read_text() == "notes"


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs fork")
def test_a_child_of_a_fork_stands_in_the_line_for_itself(path: Path, someone: Stand) -> None:
    """What a child closes is not its parent's place."""
    mine = Line(str(path))
    assert mine.stand(until=FAR)
    child = os.fork()
    if not child:
        mine.leave()
        mine.close()
        os._exit(0)
    os.waitpid(child, 0)
    other = someone(FAR / 2)
    assert other.hear() == WAITING
    mine.leave()
    assert other.hear() == FIRST
    mine.close()
