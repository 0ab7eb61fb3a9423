"""How a demo says what it does: headings, tables, checks, and a folder for its files."""

import unicodedata
from collections.abc import Generator, Iterable, Sequence
from contextlib import contextmanager
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Final

from salon_crm.domain.access import Actor, Role
from salon_crm.errors import InvalidValue

BEA: Final = Actor("bea", Role.ADMIN)
"""Who acts in the demo."""

ZONE: Final = "Europe/Lisbon"
CURRENCY: Final = "EUR"
REGION: Final = "PT"
SALON: Final = "salon.db"


class Checks:
    """What the demo checks, each with its figure, printed at the end."""

    def __init__(self) -> None:
        self._made: list[tuple[bool, str]] = []

    def that(self, holds: bool, what: str) -> None:
        """Keep whether something holds, said with its figure."""
        self._made.append((holds, what))

    def show(self, left_out: Sequence[str]) -> bool:
        """Print every check and return whether all of them hold."""
        heading("Checks")
        for holds, what in self._made:
            print(f"  {'ok  ' if holds else 'FAIL'}  {what}")
        for what in left_out:
            print(f"  left out (needs the samples): {what}")
        failed = sum(not holds for holds, _ in self._made)
        print(f"\n{len(self._made)} checks, {failed} failed.")
        return not failed


@contextmanager
def demo_folder(keep: Path | None) -> Generator[Path]:
    """Give the folder to keep files in, which holds no salon yet, or one that is thrown away.

    Raises InvalidValue where it cannot be made, or holds a salon already.
    """
    if keep is None:
        with TemporaryDirectory(prefix="salon_crm-demo-") as made:
            yield Path(made)
    else:
        try:
            keep.mkdir(parents=True, exist_ok=True)
        except OSError as error:
            raise InvalidValue("file-unwritable", field="keep", reason=(error.strerror or "no").lower()) from None
        if (keep / SALON).exists():
            raise InvalidValue("file-unwritable", field="keep", reason="it holds a salon already; give another folder")
        yield keep


def heading(text: str) -> None:
    """Print a heading."""
    print(f"\n{text}\n{'-' * len(text)}")


def show_table(header: Sequence[str], rows: Iterable[Sequence[str]]) -> None:
    """Print rows in columns as wide as they need, figures to the right."""
    cells = [tuple(header), *(tuple(row) for row in rows)]
    widths = [max(_width(row[place]) for row in cells) for place in range(len(header))]
    for row in cells:
        padded = (_pad(cell, width) for cell, width in zip(row, widths, strict=True))
        print("  " + "  ".join(padded).rstrip())


def _width(text: str) -> int:
    """Return how many places of a terminal a text takes: East Asian letters two, combining marks none."""
    return sum(_places(character) for character in text)


def _places(character: str) -> int:
    if unicodedata.combining(character):
        return 0
    return 2 if unicodedata.east_asian_width(character) in "WF" else 1


def _pad(text: str, width: int) -> str:
    space = " " * (width - _width(text))
    return space + text if text.lstrip("+-").replace(",", "").isdigit() else text + space
