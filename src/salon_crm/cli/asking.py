"""What every command shares: the salon it opens, who acts, exit codes, and how it says what it did."""

import argparse
import sys
from collections.abc import Iterable, Sequence
from os.path import realpath
from pathlib import Path
from typing import Final, Self

from salon_crm.domain.access import Actor, Role
from salon_crm.domain.customers import Customer
from salon_crm.domain.dates import DateOrder
from salon_crm.domain.transfer.reports import ImportProblem
from salon_crm.errors import InvalidValue
from salon_crm.opening import open_salon
from salon_crm.ports.salon import Salon
from salon_crm.use_cases.customers import get_customer

DONE, LOOK, FAILED, INTERRUPTED = 0, 1, 2, 130
_SHOWN_PROBLEMS: Final = 20


def add_salon(parser: argparse.ArgumentParser) -> None:
    """Add the salon a command is about, and who acts."""
    parser.add_argument("salon", type=Path, help="the salon's SQLite file")
    parser.add_argument("--actor", default="cli", help="whom the audit names (default: cli)")
    parser.add_argument("--role", default=Role.OWNER, choices=[r for r in Role if r is not Role.CUSTOMER])


def add_salon_settings(parser: argparse.ArgumentParser, region_help: str) -> None:
    """Add the settings a salon is created with."""
    parser.add_argument("--region", help=f"the region {region_help}")
    parser.add_argument("--zone", help="the salon's time zone, such as Europe/Lisbon")
    parser.add_argument("--currency", help="the salon's currency, such as EUR")


def actor_of(parsed: argparse.Namespace) -> Actor:
    """Return who acts."""
    return Actor(parsed.actor, Role(parsed.role))


def add_customer(parser: argparse.ArgumentParser) -> None:
    """Add the customer a command is about."""
    parser.add_argument("id", nargs="?", help="the customer's id")
    parser.add_argument("--external", nargs=2, metavar=("SYSTEM", "ID"), help="the id another system has")


def customer_of(parsed: argparse.Namespace, salon: Salon) -> Customer:
    """Return the customer a command is about."""
    external = tuple(parsed.external) if parsed.external else None
    return get_customer(salon, actor_of(parsed), parsed.id, external=external)


def open_file(parsed: argparse.Namespace) -> Salon:
    """Open the salon's file; a mistyped path is not a new salon."""
    if not parsed.salon.exists():
        raise InvalidValue("file-unreadable", field="salon", reason="there is no such file")
    return open_salon(parsed.salon)


def refuse_salon_file(parsed: argparse.Namespace, target: Path | None, name: str) -> None:
    """Refuse to write a list over the salon itself."""
    if target is not None and realpath(target) == realpath(parsed.salon):
        raise InvalidValue("file-unwritable", field=name, reason="it is the salon's own file")


def mapping_of(stated: Iterable[str]) -> dict[str, str | None]:
    """Return what columns are said to become; raises InvalidValue for what is no pair."""
    mapping: dict[str, str | None] = {}
    for pair in stated:
        column, equals, target = pair.rpartition("=")
        if not equals:
            raise InvalidValue("wrong-type", field="map", expected="COLUMN=FIELD, such as 'Cell=mobile'")
        mapping[column] = target or None
    return mapping


def add_list_options(parser: argparse.ArgumentParser) -> None:
    """Add what every import of a list can be told."""
    parser.add_argument("--system", help="where the list comes from, such as old-till")
    parser.add_argument("--date-order", choices=[*DateOrder], help="the order dates are written in")
    parser.add_argument(
        "--map", action="append", default=[], metavar="COLUMN=FIELD", help="what a column becomes; COLUMN= for nothing"
    )
    parser.add_argument("--dry-run", action="store_true", help="decide every row and write nothing")
    parser.add_argument("--problems", type=Path, metavar="FILE", help="where refused rows go, with the reasons")


def show_problems(problems: Sequence[ImportProblem], refused: int) -> None:
    """Print why rows were refused, the first of them."""
    for problem in problems[:_SHOWN_PROBLEMS]:
        print(f"  line {problem.line}: {problem.field + ' ' if problem.field else ''}{problem.reason}")
    more = max(len(problems), refused) - _SHOWN_PROBLEMS
    if more > 0:
        print(f"  … and {more:,} more")


class Progress:
    """Says on a terminal how far a long run has come, and nothing anywhere else."""

    def __init__(self, what: str) -> None:
        self._what = what
        self._shown = False

    def __enter__(self) -> Self:
        return self

    def __call__(self, count: int) -> None:
        """Say how many are done."""
        if sys.stderr.isatty():
            print(f"\r{count:,} {self._what} …", end="", file=sys.stderr, flush=True)
            self._shown = True

    def __exit__(self, *_: object) -> None:
        if self._shown:
            print("\r\033[K", end="", file=sys.stderr, flush=True)
