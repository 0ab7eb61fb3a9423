"""What every import of a list shares: its format, its columns, the order of its dates, the refused rows handed back."""

from collections.abc import Callable, Collection, Generator, Mapping
from contextlib import AbstractContextManager, ExitStack, contextmanager, suppress
from functools import lru_cache
from os import PathLike
from os.path import realpath
from typing import Final, TypeVar, cast

from salon_crm.domain.dates import DateOrder, orders_possible
from salon_crm.domain.transfer.layouts import PROBLEM_COLUMNS
from salon_crm.errors import InvalidValue
from salon_crm.ports.salon import Salon
from salon_crm.ports.transfer import CustomerFormat, Source, TableReader, TableRow, TableWriter, Target

T = TypeVar("T")

Progress = Callable[[int], None]
"""What is told, after each slice, how many rows are done."""

SOURCE_LIMIT: Final = 100
"""The characters of the name of a list's system."""


def check_progress(progress: object) -> None:
    """Refuse what cannot be told how many rows are done; raises InvalidValue."""
    if progress is not None and not callable(progress):
        raise InvalidValue("wrong-type", field="progress", expected="a function of the number of rows done")


def are_one_file(one: object, other: object) -> bool:
    """Return whether both are paths, of one file."""
    paths = [cast("str | PathLike[str]", each) for each in (one, other) if isinstance(each, str | PathLike)]
    with suppress(ValueError):  # what cannot be a path is refused where it is opened
        return len({realpath(each) for each in paths}) < len(paths)
    return False


def refuse_same_file(source: Source, target: Target | None) -> None:
    """Refuse to write refused rows over the list they come from; raises InvalidValue."""
    if are_one_file(source, target):
        raise InvalidValue("file-unwritable", field="problems_to", reason="it is the file that is being read")


def choose_format(salon: Salon, name: str | None) -> CustomerFormat:
    """Return the format of this name, CSV unless one is named; raises InvalidValue."""
    chosen = salon.formats.get("csv" if name is None else str(name))
    if chosen is None:
        known = tuple(sorted(salon.formats))
        raise InvalidValue("format-unknown", field="format", format=str(name)[:40], formats=known)
    return chosen


def mapped_columns(
    columns: tuple[str, ...],
    recognised: Mapping[str, str | None],
    stated: Mapping[str, str | None] | None,
    *,
    targets: Collection[str],
    single: Collection[str],
    shows_columns: bool,
) -> dict[str, str | None]:
    """Return what each column becomes: as recognised, and as stated over it.

    ``single`` are the targets that take one column; what is stated has one before what was recognised. Raises
    InvalidValue with field ``mapping``, naming the columns there are only where ``shows_columns``.
    """
    if stated is not None and not isinstance(stated, Mapping):
        raise InvalidValue("wrong-type", field="mapping", expected="a mapping of columns to fields")
    for column, target in (stated or {}).items():
        if column not in columns:
            # a file without a header begins with a customer, whom no message may name
            shown = columns if shows_columns else tuple(f"no. {n + 1}" for n in range(len(columns)))
            raise InvalidValue("file-unknown-column", field="mapping", column=str(column)[:80], columns=shown)
        if target is not None and target not in targets:
            raise InvalidValue("not-a-choice", field="mapping", choices=tuple(targets))
    given = dict(stated or {})
    for target in single:
        both = tuple(column for column, its in given.items() if its == target)
        if len(both) > 1:
            raise InvalidValue("file-column-taken-twice", field="mapping", target=target, columns=both)
    taken = set(given.values()).intersection(single)
    return {column: None if target in taken else target for column, target in recognised.items()} | given


Taken = list[tuple[int, str]]
"""The places of the columns that are taken, and what each becomes."""


def taken_columns(columns: tuple[str, ...], mapping: Mapping[str, str | None]) -> Taken:
    """Return the places of the columns that become something."""
    targets = (mapping.get(column) if column else None for column in columns)
    return [(place, target) for place, target in enumerate(targets) if target is not None]


def filled_cells(row: TableRow, taken: Taken) -> dict[str, list[str]]:
    """Return the filled cells of a row by what their columns became."""
    cells: dict[str, list[str]] = {}
    for place, target in taken:
        text = row.cells[place]
        if text and not text.isspace():
            cells.setdefault(target, []).append(text)
    return cells


def columns_not_taken(mapping: Mapping[str, str | None]) -> tuple[str, ...]:
    """Return the columns that become nothing, without those added to rows that were handed back."""
    return tuple(c for c, target in mapping.items() if target is None and c.casefold() not in PROBLEM_COLUMNS)


def remembering(read: Callable[[str], T]) -> Callable[[str], T]:
    """Return what reads cells as ``read`` does, and remembers some thousand short ones: a list says the same often."""
    remembered = lru_cache(maxsize=4_096)(read)
    return lambda cell: remembered(cell) if len(cell) <= _SHORT else read(cell)


_SHORT: Final = 100


def readings_possible(
    table: TableReader, places: Collection[int], every: frozenset[T], possible_of: Callable[[str], frozenset[T]]
) -> tuple[frozenset[T], tuple[str, int] | None]:
    """Return the readings in which every cell in these places has a meaning, and where it first matters which one.

    The second is None where it never does: a column and a line.
    """
    possible, first = every, None
    for row in table.rows() if places else ():
        for place in places if row.problem is None else ():
            found = possible_of(row.cells[place])
            if first is None and len(found) < len(every):
                first = (table.columns[place], row.line)
            possible &= found
    return possible, first


def date_order_of(
    table: TableReader, places: Collection[int], stated: DateOrder | str | None, *, day_of: Callable[[str], str] = str
) -> DateOrder | None:
    """Return the order of the dates in these places of each row: as stated, or the one the file itself proves.

    ``day_of`` gives the day of a cell that holds more. Raises InvalidValue, naming a column and line, where day and
    month could be either.
    """
    if stated is not None:
        try:
            return DateOrder(stated)
        except ValueError:
            raise InvalidValue("not-a-choice", field="date_order", choices=tuple(DateOrder)) from None

    possible, first = readings_possible(
        table, places, frozenset(DateOrder), remembering(lambda cell: orders_possible(day_of(cell)))
    )
    if first is None:
        return None
    both = {DateOrder.DMY, DateOrder.MDY}
    if not possible:
        raise InvalidValue("date-orders-mixed", field="date_order", column=first[0], line=first[1])
    if both <= possible:
        raise InvalidValue("date-order-needed", field="date_order", column=first[0], line=first[1])
    return next(order for order in (DateOrder.DMY, DateOrder.MDY, DateOrder.YMD) if order in possible)


Refused = tuple[TableRow, tuple[InvalidValue, ...]]


def problem_reason(problem: InvalidValue) -> str:
    """Return a problem's sentence without its field, which stands beside it."""
    return str(problem).removeprefix(f"{problem.field}: ")


class _NoneRefused(Exception):
    """Ends the file of refused rows before it comes into being."""


@contextmanager
def handing_back(
    table_format: CustomerFormat, target: Target | None, columns: tuple[str, ...]
) -> Generator[Callable[[list[Refused]], None]]:
    """Open what takes refused rows as they stood, each with its line, the fields at fault and the reasons.

    A path is opened at once, so that one that cannot be written is refused before anything is done, and
    comes into being only where a row was refused. A stream gets nothing before the first refused row.
    """
    if target is None:
        yield lambda _: None
        return
    kept = [place for place, column in enumerate(columns) if column.casefold() not in PROBLEM_COLUMNS]
    header = [*(columns[place] for place in kept), *PROBLEM_COLUMNS]
    writers: list[TableWriter] = []
    count = 0

    def hand_back(refused: list[Refused]) -> None:
        nonlocal count
        if refused and not writers:
            writers.append(opened.enter_context(table_format.write(target, header)))
        for row, problems in refused:
            fields = "; ".join(problem.field for problem in problems if problem.field)
            reasons = " ".join(map(str, problems))
            writers[0].write([*(row.cells[place] for place in kept), str(row.line), fields, reasons])
        count += len(refused)

    with suppress(_NoneRefused), ExitStack() as opened:
        if isinstance(target, str | PathLike):
            writers.append(opened.enter_context(_named_problems_to(table_format.write(target, header))))
        yield hand_back
        if writers and not count:
            raise _NoneRefused


@contextmanager
def _named_problems_to(writing: AbstractContextManager[TableWriter]) -> Generator[TableWriter]:
    """Open a file for refused rows; what forbids it is said of ``problems_to``."""
    with ExitStack() as opened:
        try:
            writer = opened.enter_context(writing)
        except InvalidValue as problem:
            raise InvalidValue(problem.code, field="problems_to", **problem.params) from None
        yield writer
