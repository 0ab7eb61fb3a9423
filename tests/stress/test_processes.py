"""Processes that write to one file take turns, lose nothing and hold up no reader; one of them stuck, too."""

import os
import signal
import time
from pathlib import Path
from typing import Final

import pytest
from tests.stress.jobs import FINISHED, READY
from tests.stress.nest import Child, Nest
from tests.stress.operations import DONE, SETTINGS, SHARED, Script, counted, fits, house, observe, prepare
from tests.stress.soundness import check_sound

import salon_crm as crm
from salon_crm.adapters.sqlite import SQLiteStore

SEED: Final = 20_261_104
WRITERS: Final = 8
OF_SEVERAL: Final = frozenset(("import", "count"))
"""Kinds of operations that stand in the line more than once: a sliced one, and one tried until nobody is faster."""

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    path = tmp_path / "salon.db"
    with crm.open_salon(path, **SETTINGS) as salon:
        prepare(salon)
    return path


@pytest.mark.parametrize("count", [60, pytest.param(500, marks=pytest.mark.long)])
def test_eight_writers_at_once_lose_no_update_and_are_never_told_that_it_is_locked(
    count: int, file: Path, processes: Nest, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = time.perf_counter()
    writers = {f"{each}": processes.start("measure", str(file), f"{each}", SEED, count) for each in range(WRITERS)}
    took = [each.decode().split("=") for writer in writers.values() for each in writer.end().split()]
    seconds = time.perf_counter() - begun
    writes = sorted(float(each) for kind, each in took if kind not in OF_SEVERAL)
    half, most, longest = writes[len(writes) // 2], writes[len(writes) * 99 // 100], writes[-1]
    others = sorted(float(each) for kind, each in took if kind in OF_SEVERAL)
    with capsys.disabled():
        print(
            f"\n{WRITERS} processes x {count} operations in {seconds:.1f} s, seed {SEED}: p50 {half} ms, "
            f"p99 {most} ms, longest {longest} ms; "
            f"{len(others)} of several transactions each, p50 {others[len(others) // 2]} ms"
        )
    assert len(took) == WRITERS * count
    with crm.open_salon(file) as salon:
        traces = observe(salon, *writers)
        scripts = {name: Script(name, SEED).take(count) for name in writers}
        for name, operations in scripts.items():
            assert fits(traces[name], [(operation, DONE) for operation in operations])
        counts = sum(operation.kind == "count" for operations in scripts.values() for operation in operations)
        assert counted(crm.get_customer(salon, house(), SHARED)) == counts
        check_sound(file, salon)
    assert count < 500 or most <= 50


def test_processes_that_come_and_go_are_in_nobody_s_way(file: Path, processes: Nest) -> None:
    guests = [processes.start("come_and_go", str(file), 15) for _ in range(4)]
    assert [guest.end().count(FINISHED) for guest in guests] == [15] * 4
    with crm.open_salon(file) as salon:
        check_sound(file, salon)


def stop_in_a_transaction(processes: Nest, file: Path) -> Child:
    child = processes.start("hold", str(file), "stuck", "Late")
    assert child.hear() == READY
    child.signal(signal.SIGSTOP)
    return child


def test_a_process_stopped_in_a_transaction_holds_up_writers_until_their_deadline_and_no_reader(
    file: Path, processes: Nest
) -> None:
    stuck = stop_in_a_transaction(processes, file)
    with crm.open_salon(SQLiteStore(file, deadline=0.3)) as salon:
        for _ in range(2):
            begun = time.monotonic()
            with pytest.raises(crm.StoreBusy) as caught:
                crm.add_customer(salon, house(), name="Early")
            assert 0.2 < time.monotonic() - begun < 3
            assert caught.value.params["seconds"] == "0.3"
        begun = time.monotonic()
        for _ in range(20):
            assert crm.count_customers(salon, house()) == 1
            with crm.open_salon(file) as other:
                assert [row.name for row in crm.find_customers(other, house())] == ["Shared"]
        assert time.monotonic() - begun < 5  # nowhere near twenty deadlines
        stuck.signal(signal.SIGCONT)
        assert stuck.end() == READY + FINISHED
        crm.add_customer(salon, house(), name="Early")
        assert [row.name for row in crm.find_customers(salon, house())] == ["Early", "Late", "Shared"]
        check_sound(file, salon)
        salon.store.close()


def test_a_process_killed_while_it_was_stopped_in_a_transaction_leaves_nothing_of_it(
    file: Path, processes: Nest
) -> None:
    stuck = stop_in_a_transaction(processes, file)
    with crm.open_salon(file) as salon:
        assert stuck.kill() == READY
        crm.add_customer(salon, house(), name="Early")
        assert [row.name for row in crm.find_customers(salon, house())] == ["Early", "Shared"]
        check_sound(file, salon)
