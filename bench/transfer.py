"""Import and export of CSV: the library beside floors and peers, each run in a process of its own.

python -m bench.transfer --customers 100000 --json transfer.json
"""

import csv
import json
import sqlite3
import subprocess
import sys
from collections.abc import Sequence
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any

from bench.agreement import compare_answers, compare_salons
from bench.customers import people, write_list
from bench.jobs import JOBS
from bench.questions import questions
from bench.timing import Report, parser, progress

_FEW = 10_000
_IMPORT, _EXPORT = "import:", "export:"
_LIBRARY, _RAW_IMPORT, _RAW_EXPORT = "library", "raw, same rows", "raw, guarded"

_CHECKOUT = Path(__file__).parents[1]

Found = dict[str, dict[str, float]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and return its exit code."""
    stated = parser(__doc__, customers=10_000)
    stated.add_argument("--memory-at", type=int, default=_FEW, metavar="N", help="rows that memory is compared at")
    asked = stated.parse_args(arguments)
    report = Report("transfer", customers=asked.customers, seed=asked.seed, rounds=asked.rounds)
    with TemporaryDirectory(prefix="bench-") as made:
        folder = Path(made)
        small, whole = folder / "small", folder / "whole"
        few = min(asked.memory_at, asked.customers)
        memory = _measure(report, small, few, asked.seed, rounds=1) if few < asked.customers else {}
        runs = _measure(report, whole, asked.customers, asked.seed, rounds=asked.rounds)
        _show(report, "import", _IMPORT, asked.customers, runs, memory, few, beside=_RAW_IMPORT)
        _show(report, "export", _EXPORT, asked.customers, runs, memory, few, beside=_RAW_EXPORT)
    return report.finish(asked.json)


def _measure(report: Report, place: Path, count: int, seed: int, *, rounds: int) -> Found:
    """Import and export so many customers in every way, and compare what the library and the floors made."""
    place.mkdir()
    write_list(place / "list.csv", count, seed)
    runs = _import(report, place, rounds)
    library, raw = (_target(place, _IMPORT + name) for name in (_LIBRARY, _RAW_IMPORT))
    compare_salons(report, library, raw)
    persons = list(people(min(count, 1_000), seed))
    compare_answers(report, library, raw, [question.text for question in questions(persons, seed, 54)])
    _export(runs, report, place, rounds)
    ours, guarded = (_target(place, _EXPORT + name).read_bytes() for name in (_LIBRARY, _RAW_EXPORT))
    report.must(ours == guarded, "the library's export and the guarded floor's are not the same bytes")
    return runs


def _target(place: Path, name: str) -> Path:
    return place / "".join(character if character.isalnum() else "-" for character in name)


def _import(report: Report, place: Path, rounds: int) -> Found:
    names = [name for name in JOBS if name.startswith(_IMPORT)]
    return _interleaved(report, dict.fromkeys(names, place / "list.csv"), place, rounds)


def _export(runs: Found, report: Report, place: Path, rounds: int) -> None:
    """Export the salon that the library imported; peers read the same cells from a table of their own."""
    salon, table = _target(place, _IMPORT + _LIBRARY), place / "table.db"
    _run(_EXPORT + _LIBRARY, salon, place / "everybody.csv")
    _copy(place / "everybody.csv", table)
    ours = (_LIBRARY, "raw", _RAW_EXPORT)
    names = {name: salon if name.removeprefix(_EXPORT) in ours else table for name in JOBS if name.startswith(_EXPORT)}
    runs.update(_interleaved(report, names, place, rounds))


def _interleaved(report: Report, sources: dict[str, Path], place: Path, rounds: int) -> Found:
    """Run every job in turn, ``rounds`` times over; return the medians of its seconds and of its most memory."""
    found: dict[str, list[dict[str, Any]]] = {}
    absent: set[str] = set()
    for _ in range(rounds):
        for name, source in sources.items():
            if name not in absent:
                progress(name)
                one = _run(name, source, _target(place, name))
                if "absent" in one:
                    report.skip(name, one["absent"])
                    absent.add(name)
                else:
                    found.setdefault(name, []).append(one)
    return {
        name: {figure: median(run[figure] for run in runs) for figure in ("seconds", "megabytes")}
        for name, runs in found.items()
    }


def _run(name: str, source: Path, target: Path) -> dict[str, Any]:
    for each in (target, Path(f"{target}-wal"), Path(f"{target}-shm")):
        each.unlink(missing_ok=True)
    command = [sys.executable, "-m", "bench.jobs", name, str(source), str(target)]
    done = subprocess.run(command, capture_output=True, encoding="utf-8", check=False, cwd=_CHECKOUT)
    if done.returncode:
        raise AssertionError(f"{name} failed:\n{done.stderr}")
    result: dict[str, Any] = json.loads(done.stdout)
    return result


def _copy(exported: Path, table: Path) -> None:
    """Make a table of an export, a column of text for each of its own, the guards of cells taken away."""
    with exported.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        columns = next(rows)
        connection = sqlite3.connect(table)
        connection.execute(f"CREATE TABLE customer ({', '.join(columns)}, PRIMARY KEY (id))")
        marks = ", ".join("?" for _ in columns)
        plain = ([cell.removeprefix("'") or None for cell in row] for row in rows)
        connection.executemany(f"INSERT INTO customer VALUES ({marks})", plain)
        connection.execute("CREATE INDEX by_added ON customer (added, id)")
        connection.commit()
        connection.close()


def _show(
    report: Report, title: str, kind: str, count: int, runs: Found, memory: Found, few: int, *, beside: str
) -> None:
    floor = runs[kind + beside]["seconds"]
    rows = [
        (
            name.removeprefix(kind),
            run["seconds"] / count * 1e6,
            run["seconds"] / floor,
            run["megabytes"],
            run["megabytes"] - memory[name]["megabytes"] if name in memory else None,
        )
        for name, run in runs.items()
        if name.startswith(kind)
    ]
    header = ("", "µs a row", "ratio to the floor", "most MB", f"more MB than at {few:,}")
    report.table(f"{title} of {count:,} rows; the floor is “{beside}”", header, rows)


if __name__ == "__main__":
    sys.exit(main())
