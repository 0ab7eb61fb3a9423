"""Running programs on a memory store and on a SQLite file, and making a failing one short."""

import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import contextmanager
from pathlib import Path
from typing import Any, Final

from attrs import frozen
from tests.simulation.program import program
from tests.simulation.world import Mismatch, OpenStore, Step, World

from salon_crm.adapters.memory import MemoryStore
from salon_crm.adapters.sqlite import SQLiteStore
from salon_crm.ports.store import Store

MakeWorld = Callable[[], World]
_SECONDS_TO_SHRINK: Final = 20.0


@frozen
class Failure:
    """A program that did not end as the model says: where, and what was wrong."""

    seed: int
    asked: int
    """How many steps the seed was asked for."""
    steps: tuple[Step, ...]
    reason: str

    def __str__(self) -> str:
        lines = [f"seed {self.seed} fails: {self.reason}", f"in {len(self.steps)} steps:"]
        lines += [f"{number:4}. {step}" for number, step in enumerate(self.steps, start=1)]
        return "\n".join([*lines, f"again: python -m tests.simulation --seed {self.seed} --steps {self.asked}"])


def in_memory(make: Callable[[], Store] = lambda: MemoryStore(deadline=0)) -> World:
    """Return a salon in one store that everybody shares."""
    store = make()
    return World(lambda _: store, lasting=False)


@contextmanager
def on_file() -> Generator[World]:
    """Give a salon in a SQLite file that two stores have open, as two processes would."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "salon.db"
        open_store: OpenStore = lambda _: SQLiteStore(path, deadline=0)  # noqa: E731 -- it is named by its type
        yield World(open_store, lasting=True)


def run(steps: list[Step], world: World) -> tuple[list[str], list[Any]]:
    """Run steps; return what each said and what the audit recorded. Raises Mismatch."""
    try:
        for number, step in enumerate(steps, start=1):
            try:
                world.perform(step)
            except Mismatch as mismatch:
                raise Mismatch(f"step {number}: {mismatch}") from mismatch
        return world.told, world.finish()
    finally:
        world.close()


def run_on_both(steps: list[Step]) -> None:
    """Run steps in memory and on a file; raises Mismatch where either is not as the model says, or they differ."""
    told, recorded = run(steps, in_memory())
    with on_file() as world:
        told_too, recorded_too = run(steps, world)
    for number, (one, other) in enumerate(zip(told, told_too, strict=True), start=1):
        if one != other:
            raise Mismatch(f"the stores differ in what they say at {number}: {one} in memory, {other} on a file")
    if recorded != recorded_too:
        raise Mismatch("the stores differ in what the audit recorded")


def find_failure(seed: int, steps: int, check: Callable[[list[Step]], Any] = run_on_both) -> Failure | None:
    """Run the program of a seed; return how it failed, made short, or None."""
    whole = program(seed, steps)
    reason = _reason(whole, check)
    if reason is None:
        return None
    short = shrunk(whole, lambda some: _reason(some, check) is not None)
    return Failure(seed, steps, tuple(short), _reason(short, check) or reason)


def _reason(steps: list[Step], check: Callable[[list[Step]], Any]) -> str | None:
    try:
        check(steps)
    except Mismatch as mismatch:
        return str(mismatch)
    return None


def shrunk(steps: list[Step], fails: Callable[[list[Step]], bool]) -> list[Step]:
    """Return as few of the steps as still fail, leaving out ever smaller pieces for as long as there is time."""
    until = time.monotonic() + _SECONDS_TO_SHRINK
    size = len(steps) // 2
    while size:
        place = 0
        while place < len(steps) and time.monotonic() < until:
            without = steps[:place] + steps[place + size :]
            if fails(without):
                steps = without
            else:
                place += size
        size //= 2
    return steps
