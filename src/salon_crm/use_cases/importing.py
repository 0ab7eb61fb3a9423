"""A run of an import, whatever the list is of: slice after slice is read, decided, done and counted."""

from abc import ABC, abstractmethod
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from itertools import islice
from typing import Any, Final, Generic, Protocol, TypeVar

from salon_crm.domain.access import Actor
from salon_crm.domain.audit import AuditAction, Detail
from salon_crm.domain.ids import RunId
from salon_crm.domain.transfer.planner import Outcome, TwinOf
from salon_crm.domain.transfer.reports import MOST_LISTED, ImportProblem
from salon_crm.errors import InvalidValue
from salon_crm.ports.salon import Salon
from salon_crm.ports.transfer import TableReader, TableRow
from salon_crm.use_cases.tables import (
    Progress,
    Refused,
    columns_not_taken,
    filled_cells,
    problem_reason,
    taken_columns,
)
from salon_crm.use_cases.unit import unit_of_work

R = TypeVar("R")
T = TypeVar("T")

SLICE: Final = 500
"""The rows of a list that are taken in one transaction."""


def list_more(listed: list[T], found: Sequence[T]) -> None:
    """Add to what a report lists, as far as it lists so many."""
    listed += found[: MOST_LISTED - len(listed)]


class Decided(Protocol):
    """What is to be done with a row."""

    @property
    def outcome(self) -> Outcome:
        """What becomes of the row."""
        ...


class ImportRun(ABC, Generic[R]):
    """One run of an import: what became of the rows so far.

    ``mapping`` says what each column becomes, ``system`` where the list comes from.
    """

    def __init__(
        self,
        salon: Salon,
        actor: Actor,
        table: TableReader,
        mapping: Mapping[str, str | None],
        *,
        system: str,
        dry_run: bool,
    ) -> None:
        self.salon = salon
        self.actor = actor
        self.system = system
        self.dry_run = dry_run
        self._table = table
        self._mapping = mapping
        self._taken = taken_columns(table.columns, mapping)
        self._import_id = RunId(salon.ids.new_id())
        self.details: dict[str, Detail] = {"import": str(self._import_id)}
        """What every entry of the audit says that the run makes."""
        self._counts = Counter[Outcome]()
        self._problems: list[ImportProblem] = []
        self._twins: list[TwinOf] = []

    @abstractmethod
    def read(self, line: int, cells: dict[str, list[str]]) -> R:
        """Return what a row says, by what its columns became; raises InvalidValue."""

    @abstractmethod
    def take(self, read: list[tuple[TableRow, R]], refused: list[Refused]) -> Sequence[Decided]:
        """Decide what becomes of a slice of rows and, unless it is a dry run, do it in one unit of work.

        Rows that cannot be taken join ``refused`` instead.
        """

    def go(self, hand_back: Callable[[list[Refused]], None], progress: Progress | None, **of: Detail) -> None:
        """Take all rows, slice after slice; the audit says when it began, with what is said ``of`` it, and ended."""
        self._record(AuditAction.IMPORT_STARTED, {"system": self.system, **of})
        rows = iter(self._table.rows())
        while part := list(islice(rows, SLICE)):
            hand_back(self._take(part))
            if progress is not None:
                progress(self._counts.total())
        self._record(AuditAction.IMPORT_ENDED, {str(outcome): self._counts[outcome] for outcome in Outcome})

    def _record(self, action: AuditAction, details: Mapping[str, Detail]) -> None:
        """Record the run's beginning or end, in a unit of work of its own."""
        if not self.dry_run:
            with unit_of_work(self.salon, self.actor) as unit:
                unit.record(action, details={**self.details, **details})

    def _take(self, rows: list[TableRow]) -> list[Refused]:
        """Take a slice of rows, and return those that were refused, in their order."""
        refused: list[Refused] = []
        read: list[tuple[TableRow, R]] = []
        for row in rows:
            try:
                if row.problem is not None:
                    raise row.problem
                read.append((row, self.read(row.line, filled_cells(row, self._taken))))
            except InvalidValue as problem:
                refused.append((row, problem.problems))
        decided = self.take(read, refused)
        refused.sort(key=lambda each: each[0].line)
        self._count(decided, refused)
        return refused

    def _count(self, decided: Sequence[Decided], refused: list[Refused]) -> None:
        self._counts.update(each.outcome for each in decided)
        self._counts[Outcome.REFUSED] += len(refused)
        problems = [
            ImportProblem(line=row.line, field=problem.field, code=problem.code, reason=problem_reason(problem))
            for row, found in refused
            for problem in found
        ]
        list_more(self._problems, problems)
        list_more(self._twins, [each for each in decided if isinstance(each, TwinOf)])

    def told(self) -> dict[str, Any]:
        """Return what a report of any list tells, as its fields."""
        mapping = {column: self._mapping.get(column) for column in self._table.columns if column}
        return {
            "import_id": self._import_id,
            "dry_run": self.dry_run,
            "system": self.system,
            "mapping": mapping,
            "not_taken": columns_not_taken(mapping),
            "facts": self._table.facts,
            "rows": self._counts.total(),
            **{outcome.value: self._counts[outcome] for outcome in Outcome},
            "problems": tuple(self._problems),
            "twins": tuple(self._twins),
        }
