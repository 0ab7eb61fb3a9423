"""Running programs in memory, on a SQLite file and in a PostgreSQL database, and making a failing one short."""

import os
import tempfile
import time
from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from functools import partial
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

from attrs import frozen
from tests.servers import APP, SCHEMA, Server, running
from tests.simulation.program import program
from tests.simulation.world import Mismatch, OpenStore, Step, World

from salon_crm.adapters.memory import MemoryStore
from salon_crm.adapters.postgres import PostgresStore
from salon_crm.adapters.postgres.source import OwnConnections
from salon_crm.adapters.sqlite import SQLiteStore
from salon_crm.domain.ids import SalonId
from salon_crm.ports.store import Store

Check = Callable[[list[Step]], Any]
"""Runs steps; raises Mismatch."""

Said = tuple[list[str], list[Any]]
"""What each step said, and what the audit recorded."""

_SECONDS_TO_SHRINK: Final = 20.0
_SHARED_MEMORY: Final = "/dev/shm"
"""Where files are quick to write, and nothing cuts the power."""


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


def in_memory(make: Callable[[], Store] = lambda: MemoryStore(deadline=0), **how: Any) -> World:
    """Return a salon in one store that everybody shares; ``how`` is what a World takes."""
    store = make()
    return World(lambda _: store, lasting=False, **how)


@contextmanager
def on_file(**how: Any) -> Generator[World]:
    """Give a salon in a SQLite file that two stores have open, as two processes would."""
    with tempfile.TemporaryDirectory(dir=_SHARED_MEMORY if os.access(_SHARED_MEMORY, os.W_OK) else None) as folder:
        path = Path(folder) / "salon.db"
        open_store: OpenStore = lambda _: SQLiteStore(path, deadline=0)  # noqa: E731 -- it is named by its type
        yield World(open_store, lasting=True, **how)


class ImpatientStore(PostgresStore):
    """A salon in the database, whose writers do not wait."""

    def __init__(self, server: Server, salon_id: SalonId) -> None:
        super().__init__(server.dsn(APP), salon_id=salon_id, schema=SCHEMA, deadline=0)


OpenInDatabase = Callable[[Server, SalonId], Store]


@contextmanager
def in_database(opened: Callable[[SalonId], Store], *, salon_id: SalonId, **how: Any) -> Generator[World]:
    """Give a salon in a database that two stores have open, as two processes would."""
    yield World(lambda _: opened(salon_id), lasting=True, salon_id=salon_id, **how)


class Stores:
    """The three that programs run on: in memory, on a file, and in a database beside the salons of other programs.

    Without a server they are the first two.
    """

    def __init__(self, server: Server | None, open_in_database: OpenInDatabase = ImpatientStore) -> None:
        self._others: list[tuple[str, Callable[..., AbstractContextManager[World]]]] = [("on a file", on_file)]
        self._connections: OwnConnections | None = None
        if server is not None:
            self._others.append(("in a database", partial(in_database, partial(open_in_database, server))))
            self._connections = OwnConnections.to(server.dsn(APP))

    def __enter__(self) -> "Stores":
        if self._connections is not None:
            self._connections.join(self)  # so that those of one program are there for the next
        return self

    def __exit__(self, *_: object) -> None:
        if self._connections is not None:
            self._connections.part(self)

    def run(self, steps: list[Step], *, closely: bool = True) -> None:
        """Run steps on each; raises Mismatch where one is not as the model says, or they differ.

        ``closely`` compares all there is after every step.
        """
        how: dict[str, Any] = {"salon_id": SalonId(uuid4()), "closely": closely}
        said = run(steps, in_memory(**how))
        for where, opened in self._others:
            try:
                with opened(**how) as world:
                    _check_same(said, run(steps, world))
            except Mismatch as mismatch:
                raise Mismatch(f"{where}, {mismatch}") from mismatch

    def find_failure(self, seed: int, steps: int, *, closely: bool = False) -> Failure | None:
        """Run the program of a seed, also ``closely`` where that is asked; return how it failed, or None."""
        loosely = partial(self.run, closely=False)
        checks: tuple[Check, ...] = (self.run, loosely) if closely else (loosely,)
        if all(_reason(program(seed, steps), check) is None for check in checks):
            return None
        return find_failure(seed, steps, self.run) or find_failure(seed, steps, loosely)


def run_seeds(seeds: range, steps: int, *, closely: bool) -> Failure | None:
    """Run the programs of seeds on a server of their own; return how the first that failed did."""
    with running() as server, Stores(server) as stores:
        return next(filter(None, (stores.find_failure(seed, steps, closely=closely) for seed in seeds)), None)


def run(steps: list[Step], world: World) -> Said:
    """Run steps; raises Mismatch."""
    try:
        for number, step in enumerate(steps, start=1):
            try:
                world.perform(step)
            except Mismatch as mismatch:
                raise Mismatch(f"step {number}: {mismatch}") from mismatch
        return world.told, world.finish()
    finally:
        world.close()


def _check_same(in_memory: Said, here: Said) -> None:
    for number, (there, said) in enumerate(zip(in_memory[0], here[0], strict=True), start=1):
        if said != there:
            raise Mismatch(f"step {number} says {said}, and in memory {there}")
    if here[1] != in_memory[1]:
        raise Mismatch("the audit recorded something else than in memory")


def find_failure(seed: int, steps: int, check: Check) -> Failure | None:
    """Run the program of a seed; return how it failed, made short, or None."""
    whole = program(seed, steps)
    reason = _reason(whole, check)
    if reason is None:
        return None
    short = shrunk(whole, lambda some: _reason(some, check) is not None)
    return Failure(seed, steps, tuple(short), _reason(short, check) or reason)


def _reason(steps: list[Step], check: Check) -> str | None:
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
