"""Contenders take turns at the same questions, and what they cost and answered is set side by side."""

import argparse
import json
import platform
import sqlite3
import sys
from collections.abc import Callable, Mapping, Sequence
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from random import Random
from statistics import median, quantiles
from time import perf_counter
from typing import Any, Generic, TypeVar

from attrs import define, field

Question = TypeVar("Question")
Answer = TypeVar("Answer")

_OWN = "salon-crm attrs phonenumbers email-validator psycopg".split()
_PACKAGES = [*_OWN, *"django django-import-export sqlalchemy pydantic duckdb".split()]


@define
class Timed(Generic[Answer]):
    """What one contender answered to each question, and the median seconds each answer took it."""

    seconds: list[float] = field(factory=list)
    answers: list[Answer] = field(factory=list)

    @property
    def p50(self) -> float:
        return median(self.seconds)

    @property
    def p95(self) -> float:
        return percentile(self.seconds, 95)


def percentile(seconds: Sequence[float], percent: int) -> float:
    """Return the value that ``percent`` of the values do not exceed; of one value, that one."""
    return quantiles(seconds, n=100, method="inclusive")[percent - 1] if len(seconds) > 1 else seconds[0]


def interleaved(
    contenders: Mapping[str, Callable[[Question], Answer]],
    questions: Sequence[Question],
    *,
    rounds: int,
    fewer: Mapping[str, int] | None = None,
    warm: bool = False,
) -> dict[str, Timed[Answer]]:
    """Ask every contender each question in turn, ``rounds`` times over, in an order drawn anew for each turn.

    Whoever follows another on the same file finds its pages read already; no contender always does.
    ``fewer`` says who is asked only so many questions. An answer must be the same in every round. With ``warm``
    each is asked once more just before, and not timed: where the files of all are more than memory keeps, what is
    measured else is the disk.
    """
    dice = Random(len(questions))
    most = {name: (fewer or {}).get(name, len(questions)) for name in contenders}
    timed: dict[str, Timed[Answer]] = {name: Timed() for name in contenders}
    for number, question in enumerate(questions):
        spent: dict[str, list[float]] = {name: [] for name in contenders if number < most[name]}
        answers: dict[str, Answer] = {}
        for _ in range(rounds):
            for name in dice.sample(list(spent), len(spent)):
                if warm:
                    contenders[name](question)
                begun = perf_counter()
                answer = contenders[name](question)
                spent[name].append(perf_counter() - begun)
                if answers.setdefault(name, answer) != answer:
                    raise AssertionError(f"{name} answers question {number} differently when asked again")
        for name, seconds in spent.items():
            timed[name].seconds.append(median(seconds))
            timed[name].answers.append(answers[name])
    return timed


def measured(work: Callable[[], Answer]) -> tuple[float, Answer]:
    """Return the seconds a piece of work took, and what it returned."""
    begun = perf_counter()
    result = work()
    return perf_counter() - begun, result


class Report:
    """What a benchmark found: facts of the run, tables, contenders passed over, and answers that had to agree."""

    def __init__(self, what: str, **facts: Any) -> None:
        self._what = what
        self._facts = {
            **facts,
            "python": platform.python_version(),
            "sqlite": sqlite3.sqlite_version,
            "machine": f"{platform.machine()}, {platform.system()}",
            "versions": {name: found for name in _PACKAGES if (found := _version(name))},
        }
        self._tables: list[dict[str, Any]] = []
        self._skipped: dict[str, str] = {}
        self._failed: list[str] = []

    def table(self, title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
        """Add a table; figures are kept as they are and shown rounded."""
        self._tables.append({"title": title, "header": list(header), "rows": [list(row) for row in rows]})

    def skip(self, contender: str, reason: str) -> None:
        """Note who did not take part, and why."""
        self._skipped[contender] = reason

    def must(self, holds: bool, what: str) -> None:
        """Note what had to hold and did not."""
        if not holds:
            self._failed.append(what)

    def finish(self, path: Path | None) -> int:
        """Print the run, write it to ``path`` as JSON, and return the exit code: 1 where something failed."""
        print(f"{self._what}: {', '.join(f'{name} {value}' for name, value in self._facts.items())}")
        for table in self._tables:
            _show(table["title"], table["header"], table["rows"])
        for name, reason in self._skipped.items():
            print(f"passed over: {name}: {reason}")
        for what in self._failed:
            print(f"FAILED: {what}")
        if path is not None:
            found = {"what": self._what, **self._facts, "tables": self._tables}
            document = {**found, "skipped": self._skipped, "failed": self._failed}
            path.parent.mkdir(parents=True, exist_ok=True)
            path.write_text(json.dumps(document, indent=2, ensure_ascii=False) + "\n", encoding="utf-8")
        return 1 if self._failed else 0


def _version(package: str) -> str | None:
    try:
        return version(package)
    except PackageNotFoundError:
        return None


def _show(title: str, header: Sequence[str], rows: Sequence[Sequence[object]]) -> None:
    cells = [list(header), *([_cell(value) for value in row] for row in rows)]
    widths = [max(len(row[place]) for row in cells) for place in range(len(header))]
    print(f"\n{title}")
    for row in cells:
        first, *rest = (cell.ljust(width) for cell, width in zip(row, widths, strict=True))
        print("  " + "  ".join([first, *(cell.strip().rjust(len(cell)) for cell in rest)]).rstrip())
    print()


def _cell(value: object) -> str:
    if value is None:
        return "-"
    if isinstance(value, float):
        return f"{value:,.0f}" if abs(value) >= 1_000 else f"{value:.3g}"
    return f"{value:,}" if isinstance(value, int) else str(value)


def parser(what: str | None, *, customers: int) -> argparse.ArgumentParser:
    """Return a parser of what every benchmark takes."""
    made = argparse.ArgumentParser(description=what, formatter_class=argparse.ArgumentDefaultsHelpFormatter)
    made.add_argument("--customers", type=int, default=customers, help="how many the salon has")
    made.add_argument("--seed", type=int, default=1, help="of everything random")
    made.add_argument("--rounds", type=int, default=3, help="how often each question is asked; the median counts")
    made.add_argument("--json", type=Path, metavar="FILE", help="where to write every figure")
    return made


def progress(what: str) -> None:
    """Say on a terminal what goes on."""
    if sys.stderr.isatty():
        print(f"… {what}", file=sys.stderr, flush=True)
