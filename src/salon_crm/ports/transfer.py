"""What a file format must provide: tables of text cells in and out."""

from abc import abstractmethod
from collections.abc import Iterator, Sequence
from contextlib import AbstractContextManager
from os import PathLike
from typing import BinaryIO, Protocol

from attrs import field, frozen

from salon_crm.domain.privacy import CONTACT, OPERATOR, classed
from salon_crm.errors import InvalidValue

Source = str | PathLike[str] | bytes | BinaryIO
"""Where a list is read from: a path, the bytes themselves, or a binary stream."""

Target = str | PathLike[str] | BinaryIO
"""Where a list is written to: a path or a binary stream."""


@frozen(field_transformer=classed)
class TableRow:
    """One row of a table: its cells as text, exactly as many as there are columns.

    A row that cannot be read has a ``problem`` and keeps what cells could be read, so that it can be
    handed back for correction.
    """

    line: int = field(metadata=OPERATOR)
    """The line of the file the row starts in, from 1."""
    cells: tuple[str, ...] = field(metadata=CONTACT)
    problem: InvalidValue | None = field(default=None, metadata=OPERATOR)


class TableReader(Protocol):
    """A table open for reading."""

    @property
    @abstractmethod
    def columns(self) -> tuple[str, ...]:
        """The header, each name as it stands in the file, stripped of outer white space."""

    @property
    @abstractmethod
    def facts(self) -> dict[str, str]:
        """What was recognised of the file, for the report: encoding, delimiter and the like."""

    @abstractmethod
    def rows(self) -> Iterator[TableRow]:
        """Each row in file order, in bounded memory; blank rows are passed over. May be called again to start anew."""


class TableWriter(Protocol):
    """A table open for writing."""

    @abstractmethod
    def write(self, cells: Sequence[str]) -> None:
        """Write one row, as many cells as there are columns."""


class CustomerFormat(Protocol):
    """A file format customers come in and go out by.

    Every cell written comes back unchanged when read, also one a spreadsheet would run.
    """

    @abstractmethod
    def read(self, source: Source) -> AbstractContextManager[TableReader]:
        """Open a table for reading.

        Raises InvalidValue with field ``source`` when nothing can be read from it at all: it does not
        exist, is empty, has no header, names a column twice or never closes a quote.
        """

    @abstractmethod
    def write(self, target: Target, columns: Sequence[str]) -> AbstractContextManager[TableWriter]:
        """Open a table for writing; a path comes into being whole when the block ends without an exception.

        Raises InvalidValue with field ``target`` when it cannot be written.
        """
