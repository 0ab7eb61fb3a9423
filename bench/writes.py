"""One write at a time, durably, and eight processes writing at once: the library beside bare sqlite3.

    python -m bench.writes --operations 500 --json writes.json

The floor reads values by the fast paths of the import's floor and writes the same rows, in a transaction that begins
by taking the lock and is tried again where another process has it; it looks nothing up. Both wait for the disk
(synchronous FULL). What was acknowledged must be there afterwards: customers, notes, a version more for each edit.
"""

import sqlite3
import sys
import time
from collections import Counter
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from itertools import islice
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import salon_crm as crm
from bench.agreement import compare_salons
from bench.customers import Person, fill, new_salon, people
from bench.processes import Begin, together
from bench.raw_import import read_email, read_name, read_phone
from bench.raw_salon import BY, NewCustomer, RawSalon, new_customer, now
from bench.timing import Report, interleaved, parser, percentile, progress

_OLGA = crm.Actor(BY, crm.Role.OWNER)
_PROCESSES = 8
_SHARED = 20
"""How many customers all processes edit and write notes about."""
_PATIENCE = 30.0

Operation = tuple[str, Person, str]
"""What to do (add, edit, note), who it is about, and a text that no other operation has."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and return its exit code."""
    stated = parser(__doc__, customers=1_000)
    stated.add_argument("--operations", type=int, default=500, metavar="N", help="how many each process does")
    stated.add_argument("--processes", type=int, default=_PROCESSES, help="how many write at once")
    asked = stated.parse_args(arguments)
    facts = {name: getattr(asked, name) for name in ("customers", "seed", "operations", "processes", "rounds")}
    report = Report("writes", **facts)
    with TemporaryDirectory(prefix="bench-") as folder:
        _alone(report, asked, Path(folder))
        _together(report, asked, Path(folder))
    return report.finish(asked.json)


class Writer:
    """Does operations on one salon's file."""

    def do(self, operation: Operation) -> None:
        """Do one, and return when it is on the disk."""
        raise NotImplementedError

    def close(self) -> None:
        """Let go of the file."""
        raise NotImplementedError


class LibraryWriter(Writer):
    """Through the use cases."""

    def __init__(self, path: Path) -> None:
        self._salon = crm.open_salon(path)

    def do(self, operation: Operation) -> None:
        kind, person, text = operation
        if kind == "add":
            email = person.email
            crm.add_customer(self._salon, _OLGA, name=f"{person.name} {text}", email=email, mobile=person.mobile)
        elif kind == "edit":
            crm.edit_customer(self._salon, _OLGA, person.id, preferences=text)
        else:
            crm.add_note(self._salon, _OLGA, person.id, text=text)

    def close(self) -> None:
        self._salon.close()


class RawWriter(Writer):
    """By hand, with its own waiting for the lock."""

    def __init__(self, path: Path) -> None:
        self._salon = RawSalon(path)

    def do(self, operation: Operation) -> None:
        kind, person, text = operation
        with self._turn():
            if kind == "add":
                self._salon.add([_checked(person, text)], now())
            elif kind == "edit":
                self._salon.edit_preferences(person.id, text, now())
            else:
                self._salon.add_note(person.id, text, now())

    @contextmanager
    def _turn(self) -> Generator[None]:
        until, pause = time.monotonic() + _PATIENCE, 0.000_5
        while True:
            try:
                self._salon.connection.execute("BEGIN IMMEDIATE")
                break
            except sqlite3.OperationalError:
                if time.monotonic() > until:
                    raise
                time.sleep(pause * Random().uniform(0.5, 1))
                pause = min(2 * pause, 0.01)
        yield
        self._salon.connection.execute("COMMIT")

    def close(self) -> None:
        self._salon.close()


_WRITERS: dict[str, Callable[[Path], Writer]] = {"library": LibraryWriter, "raw": RawWriter}


def _checked(person: Person, text: str) -> NewCustomer:
    """Return what a writer is given; a caller that knows its values to be good needs no check."""
    email = read_email(person.email) if person.email else None
    return new_customer(read_name(f"{person.name} {text}"), email, read_phone(person.mobile), None)


def _new_salon(path: Path, persons: Sequence[Person]) -> None:
    with new_salon(path) as salon:
        fill(salon, persons)


def _operations(asked: Any, worker: int, count: int) -> list[Operation]:
    """Return what a worker does: adds of people nobody else adds, edits of and notes about those all share."""
    dice = Random(asked.seed * 1_000 + worker)
    persons = islice(people(asked.customers + (worker + 1) * count, asked.seed), asked.customers + worker * count, None)
    shared = list(people(min(_SHARED, asked.customers), asked.seed))
    made: list[Operation] = []
    for number in range(count):
        kind = dice.choice(("add", "edit", "note"))
        made.append((kind, next(persons) if kind == "add" else dice.choice(shared), f"w{worker}n{number}"))
    return made


# ---------------------------------------------------------------------------------- one at a time


def _alone(report: Report, asked: Any, folder: Path) -> None:
    paths = {name: folder / f"{name}.db" for name in _WRITERS}
    persons = list(people(asked.customers, asked.seed))
    for path in paths.values():
        _new_salon(path, persons)
    writers = {name: _WRITERS[name](path) for name, path in paths.items()}
    operations = _operations(asked, 0, asked.operations)
    progress("one write at a time")
    timed = interleaved({name: writer.do for name, writer in writers.items()}, operations, rounds=1)
    for writer in writers.values():
        writer.close()
    rows: list[tuple[object, ...]] = []
    for kind in ("add", "edit", "note"):
        spent = {
            name: [one for one, operation in zip(timed[name].seconds, operations, strict=True) if operation[0] == kind]
            for name in writers
        }
        if spent["raw"]:
            fifty, most = ({name: percentile(each, p) * 1e3 for name, each in spent.items()} for p in (50, 99))
            library, raw = fifty["library"], fifty["raw"]
            rows.append((kind, len(spent["raw"]), library, most["library"], raw, most["raw"], raw / library * 100))
    header = ("", "done", "library p50 ms", "p99 ms", "raw p50 ms", "p99 ms", "% of raw's speed")
    report.table("one write at a time, durable", header, rows)
    compare_salons(report, paths["library"], paths["raw"])


# --------------------------------------------------------------------------------- many at once


class Worked(NamedTuple):
    """What one process did: when, how long each operation took, what was acknowledged, what was refused as busy."""

    began: float
    ended: float
    seconds: list[float]
    done: Counter[str]
    busy: int


def _together(report: Report, asked: Any, folder: Path) -> None:
    persons = list(people(asked.customers, asked.seed))
    rows: list[tuple[object, ...]] = []
    rates: dict[str, list[float]] = {name: [] for name in _WRITERS}
    for turn in range(asked.rounds):
        for name in _WRITERS:
            progress(f"{asked.processes} processes, {name}")
            path = folder / f"{name}-{turn}.db"
            _new_salon(path, persons)
            worked = _work(name, path, asked)
            spent = [seconds for each in worked for seconds in each.seconds]
            wall = max(each.ended for each in worked) - min(each.began for each in worked)
            busy, lost = sum(each.busy for each in worked), _lost(path, worked, asked.customers)
            with crm.open_salon(path) as salon:
                report.must(crm.verify_audit(salon, _OLGA).ok, f"the audit chain that {name} wrote does not verify")
            report.must(not lost, f"{name} lost {lost} writes that it had acknowledged")
            report.must(not busy, f"{name} told callers {busy} times that the file is busy")
            rates[name].append(len(spent) / wall)
            fifty, most = (percentile(spent, p) * 1e3 for p in (50, 99))
            rows.append((f"{name}, round {turn + 1}", len(spent), len(spent) / wall, fifty, most, lost, busy))
    share = sum(rates["library"]) / sum(rates["raw"]) * 100
    header = ("", "done", "a second", "p50 ms", "p99 ms", "lost", "busy")
    title = f"{asked.processes} processes at once; the library does {share:.0f} % of what raw sqlite3 does"
    report.table(title, header, rows)


def _work(name: str, path: Path, asked: Any) -> list[Worked]:
    each = [(name, path, _operations(asked, number, asked.operations)) for number in range(asked.processes)]
    return together(_write, each, f"a process writing through {name}")


def _write(name: str, path: Path, operations: list[Operation], begin: Begin) -> Worked:
    return _done(_WRITERS[name](path), operations, begin)


def _done(writer: Writer, operations: list[Operation], begin: Begin) -> Worked:
    seconds: list[float] = []
    done, busy = Counter[str](), 0
    begin()
    began = time.monotonic()
    for operation in operations:
        before = time.perf_counter()
        try:
            writer.do(operation)
        except (crm.StoreBusy, sqlite3.OperationalError):
            busy += 1
        else:
            done[operation[0]] += 1
        seconds.append(time.perf_counter() - before)
    ended = time.monotonic()
    writer.close()
    return Worked(began, ended, seconds, done, busy)


def _lost(path: Path, worked: list[Worked], customers: int) -> int:
    """Return how many acknowledged writes are not there."""
    done = sum((each.done for each in worked), Counter[str]())
    connection = sqlite3.connect(path)
    counts = {
        "add": "SELECT count(*) FROM crm_customers",
        "edit": "SELECT sum(version - 1) FROM crm_customers",
        "note": "SELECT count(*) FROM crm_notes",
    }
    there = {kind: connection.execute(sql).fetchone()[0] for kind, sql in counts.items()}
    connection.close()
    there["add"] -= customers
    return sum(abs(done[kind] - there[kind]) for kind in counts)


if __name__ == "__main__":
    sys.exit(main())
