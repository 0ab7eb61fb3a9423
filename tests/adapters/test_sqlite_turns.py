"""Writers of one file take turns, also across processes, and a process that stops holds up nobody who reads."""

import multiprocessing
import os
import signal
import sqlite3
import threading
from collections.abc import Callable
from pathlib import Path
from queue import Queue
from typing import Any

import pytest

import salon_crm as crm
from salon_crm.adapters.sqlite import SQLiteStore
from salon_crm.adapters.sqlite import store as sqlite_store

OWNER = crm.Actor("olga", crm.Role.OWNER)
SETTINGS: dict[str, Any] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}
SPAWN = multiprocessing.get_context("spawn")

posix = pytest.mark.skipif(not hasattr(signal, "SIGSTOP"), reason="needs POSIX")


def add_customers(path: str, worker: int, count: int, answers: "Queue[object]") -> None:
    """Add customers and edit the one that all edit, in a process of its own; tell what stood in the way."""
    try:
        with crm.open_salon(path) as salon:
            shared = crm.find_customers(salon, OWNER, crm.CustomerFilter(text="shared")).items[0].id
            for number in range(count):
                crm.add_customer(salon, OWNER, name=f"Worker {worker} {number}")
                crm.add_note(salon, OWNER, shared, text=f"{worker} {number}")
        answers.put("fine")
    except BaseException as error:  # noqa: BLE001 -- told to the parent
        answers.put(repr(error))


def hold_the_turn(path: str, answers: "Queue[object]") -> None:
    with crm.open_salon(path) as salon, salon.transaction() as tx:
        crm.add_customer(tx, OWNER, name="Unfinished")
        answers.put("holding")
        signal.pause()


def test_processes_that_all_write_lose_nothing_and_none_waits_in_vain(tmp_path: Path) -> None:
    path, workers, count = tmp_path / "salon.db", 4, 12
    with crm.open_salon(path, **SETTINGS) as salon:
        shared = crm.add_customer(salon, OWNER, name="Shared")
        answers: Any = SPAWN.Queue()
        started = [
            SPAWN.Process(target=add_customers, args=(str(path), worker, count, answers)) for worker in range(workers)
        ]
        for process in started:
            process.start()
        assert [answers.get(timeout=60) for _ in started] == ["fine"] * workers
        for process in started:
            process.join(60)
        assert crm.count_customers(salon, OWNER) == 1 + workers * count
        assert len(crm.customer_notes(salon, OWNER, shared.id)) == workers * count
        assert crm.verify_audit(salon, OWNER).entries == 2 + 2 * workers * count
        assert crm.check_health(salon, OWNER).sound


@posix
def test_while_a_stopped_process_has_the_turn_writers_are_told_and_readers_go_on(tmp_path: Path) -> None:
    path = tmp_path / "salon.db"
    crm.open_salon(path, **SETTINGS).close()
    answers: Any = SPAWN.Queue()
    holder = SPAWN.Process(target=hold_the_turn, args=(str(path), answers))
    holder.start()
    assert holder.pid is not None
    assert answers.get(timeout=60) == "holding"
    os.kill(holder.pid, signal.SIGSTOP)
    try:
        with crm.open_salon(SQLiteStore(path, deadline=0.2)) as salon:
            with pytest.raises(crm.StoreBusy) as caught:
                crm.add_customer(salon, OWNER, name="Ana")
            assert (caught.value.code, caught.value.params["seconds"]) == ("store-busy", "0.2")
            assert crm.count_customers(salon, OWNER) == 0
            assert crm.check_health(salon, OWNER).sound
            os.kill(holder.pid, signal.SIGKILL)  # as a machine that gives the process up: its turn ends with it
            holder.join(60)
            crm.add_customer(salon, OWNER, name="Ana")
            assert [row.name for row in crm.find_customers(salon, OWNER)] == ["Ana"]
    finally:
        holder.kill()
        holder.join(60)


def test_who_has_waited_longer_pauses_less_until_waiting_is_hopeless() -> None:
    pauses = [sqlite_store._pause_after(waited / 1_000) for waited in range(240)]
    assert pauses == sorted(pauses, reverse=True)
    assert pauses[0] > 3 * pauses[-1] > 0
    assert sqlite_store._pause_after(1) == pauses[0]


@pytest.mark.parametrize("free_after", [0, 1, 30])
def test_a_writer_asks_until_it_has_its_turn(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, free_after: int) -> None:
    """A clock that only pauses move shows what was asked when."""
    now = [100.0]
    monkeypatch.setattr(sqlite_store, "monotonic", lambda: now[0])
    monkeypatch.setattr(sqlite_store, "pause_with_jitter", lambda pause: now.__setitem__(0, now[0] + pause))
    store = SQLiteStore(tmp_path / "salon.db")
    asked = 0

    def take() -> None:
        nonlocal asked
        asked += 1
        if asked <= free_after:
            raise crm.StoreBusy("store-busy", seconds="0")

    store._wait(take, until=105.0)
    assert asked == free_after + 1
    assert now[0] < 100.05
    store.close()


def test_a_writer_s_deadline_is_kept_to_a_pause(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    now = [100.0]
    monkeypatch.setattr(sqlite_store, "monotonic", lambda: now[0])
    monkeypatch.setattr(sqlite_store, "pause_with_jitter", lambda pause: now.__setitem__(0, now[0] + pause))
    store = SQLiteStore(tmp_path / "salon.db")

    def take() -> None:
        raise crm.StoreBusy("store-busy", seconds="0")

    with pytest.raises(crm.StoreBusy) as caught:
        store._wait(take, until=105.0)
    assert caught.value.params["seconds"] == "5.0"
    assert 104.9 < now[0] <= 105.0
    store.close()


def test_threads_of_one_store_and_a_host_s_connection_take_turns(tmp_path: Path) -> None:
    """Connections of several threads, one of them joining, write to one file."""
    path = tmp_path / "salon.db"
    errors: list[BaseException] = []
    with crm.open_salon(path, **SETTINGS) as salon:

        def through_the_salon(worker: int) -> None:
            for number in range(10):
                crm.add_customer(salon, OWNER, name=f"Own {worker} {number}")

        def through_a_host(worker: int) -> None:
            host = sqlite3.connect(path, isolation_level=None, timeout=30)
            for statement in ("PRAGMA foreign_keys = ON", "PRAGMA secure_delete = ON"):
                host.execute(statement)
            for number in range(10):
                host.execute("BEGIN IMMEDIATE")
                with salon.within(host) as tx:
                    crm.add_customer(tx, OWNER, name=f"Host {worker} {number}")
                host.commit()
            host.close()

        def kept(act: Callable[[int], None], worker: int) -> None:
            try:
                act(worker)
            except BaseException as error:  # noqa: BLE001 -- shown below
                errors.append(error)

        threads = [
            threading.Thread(target=kept, args=(act, worker))
            for worker in range(2)
            for act in (through_the_salon, through_a_host)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join(60)
        assert errors == []
        assert crm.count_customers(salon, OWNER) == 40
        assert crm.verify_audit(salon, OWNER).ok


def test_opening_waits_while_the_file_is_locked_as_by_who_closes_it_last(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "salon.db"
    crm.open_salon(path, **SETTINGS).close()
    last = sqlite3.connect(path, isolation_level=None)
    for statement in ("PRAGMA locking_mode = EXCLUSIVE", "BEGIN IMMEDIATE", "COMMIT"):
        last.execute(statement)
    pauses: list[float] = []

    def close_it(pause: float) -> None:
        pauses.append(pause)
        last.close()

    monkeypatch.setattr(sqlite_store, "pause_with_jitter", close_it)
    with crm.open_salon(path) as salon:
        assert crm.count_customers(salon, OWNER) == 0
    assert pauses
