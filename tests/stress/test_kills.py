"""Whatever is killed at whatever moment loses nothing it had finished, and leaves nothing half done."""

import os
import random
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Final

import pytest
from tests.stress.jobs import FINISHED, Place
from tests.stress.nest import Child, Nest
from tests.stress.operations import DONE, SETTINGS, SHARED, UNKNOWN, Script, fits, house, observe, prepare
from tests.stress.soundness import check_sound

import salon_crm as crm

SEED: Final = 20_261_103
AT_ONCE: Final = 3
ROUNDS_A_FILE: Final = 3

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")


class Round:
    """Processes writing to one salon at once, each with operations of its own."""

    def __init__(self, processes: Nest, place: Place, number: int) -> None:
        names = [f"{number}x{each}" for each in range(AT_ONCE)]
        self.writers = {name: processes.start("write", place, name, SEED, None) for name in names}

    def killings(self, chance: random.Random) -> Iterator[dict[str, bytes]]:
        """Kill one after the other at random moments, now and then all at once; give what each had said."""
        waiting = list(self.writers)
        chance.shuffle(waiting)
        while waiting:
            count = len(waiting) if chance.random() < 0.2 else 1
            fallen, waiting = waiting[:count], waiting[count:]
            time.sleep(chance.uniform(0, 0.05))  # the moment is what is tried here
            yield _kill([(name, self.writers[name]) for name in fallen])


def _kill(writers: list[tuple[str, Child]]) -> dict[str, bytes]:
    return {name: child.kill() for name, child in writers}


def _finished(said: bytes) -> int:
    return said.count(FINISHED)


def check_after(file: Path, fallen: dict[str, bytes]) -> int:
    """Fail unless the salon holds what those who fell had finished, is sound and takes the next write."""
    with crm.open_salon(file, **SETTINGS) as salon:
        done = check_kept(salon, fallen)
        check_sound(file, salon)
        write_next(salon)
    return done


def check_kept(salon: crm.Salon, fallen: dict[str, bytes]) -> int:
    """Fail unless the salon holds what those who fell had finished; return how many operations that is."""
    done, traces = 0, observe(salon, *fallen)
    for name, said in fallen.items():
        count = _finished(said)
        operations = Script(name, SEED).take(count + 1)
        steps = [(each, DONE) for each in operations[:count]] + [(operations[count], UNKNOWN)]
        assert fits(traces[name], steps), f"{name} had finished {count}: {traces[name]}"
        done += count
    return done


def write_next(salon: crm.Salon) -> None:
    try:
        crm.add_note(salon, house(), SHARED, text="The next writer.")
    except crm.NotFound:  # all were killed before there was anybody
        prepare(salon)


@pytest.mark.parametrize("kills", [100, pytest.param(1_000, marks=pytest.mark.long)])
def test_killed_writers_lose_nothing_they_finished_and_leave_nothing_half_done(
    kills: int, processes: Nest, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, begun = random.Random(SEED), time.perf_counter()
    killed = done = number = 0
    while killed < kills:
        file = tmp_path / f"salon-{number // ROUNDS_A_FILE}.db"
        for fallen in Round(processes, str(file), number).killings(chance):
            killed += len(fallen)
            done += check_after(file, fallen)
        number += 1
    seconds = time.perf_counter() - begun
    with capsys.disabled():
        print(f"\n{killed} kills, {done} operations finished before: seed {SEED}, {seconds:.1f} s")
    assert done > 3 * killed  # they did get to work
