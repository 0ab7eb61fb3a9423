"""What differs between databases, in one place, and the connection every unit of work runs on."""

from abc import abstractmethod
from collections.abc import Callable, Iterable, Sequence
from typing import Any, Protocol

from attrs import field, frozen

from salon_crm.adapters.sql.pieces import Needed
from salon_crm.domain.privacy import IDENTITY, OPERATOR, classed

Value = str | int | bytes | None
Row = tuple[Any, ...]


@frozen(field_transformer=classed, kw_only=True)
class Holders:
    """The search rows ``s`` of customers who have some pieces, as what a query says of them."""

    tables: str = field(metadata=OPERATOR)
    condition: str = field(metadata=OPERATOR)
    values: Sequence[Value] = field(metadata=IDENTITY)
    """What the tables bind, then the condition."""
    order: str = field(metadata=OPERATOR)
    """What to order by, so that they come by place and are looked up as they are asked for."""


class Connection(Protocol):
    """A connection inside a transaction; raises errors of salon_crm only."""

    @property
    @abstractmethod
    def in_transaction(self) -> bool:
        """Whether the transaction still stands; a full disk ends it by itself."""

    @abstractmethod
    def rows(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        """Run a query and return every row; no cursor stays open."""

    @abstractmethod
    def rows_while(self, sql: str, values: Sequence[Value], going_on: Callable[[Row], bool]) -> list[Row]:
        """Run a query and return its rows up to the first for which ``going_on`` is false; no cursor stays open."""

    @abstractmethod
    def run(self, sql: str, values: Sequence[Value] = ()) -> int:
        """Run a statement and return how many rows it touched."""

    @abstractmethod
    def run_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> int:
        """Run a statement once for each row of values, and return how many rows it touched in all."""


class Dialect(Protocol):
    """How one database writes what the others write otherwise."""

    @abstractmethod
    def column_type(self, name: str) -> str:
        """Return the type of a column declared ``text``, ``integer`` or ``bytes``."""

    @abstractmethod
    def table_suffix(self, *, keyed: bool) -> str:
        """Return what ends a CREATE TABLE; ``keyed`` tables are stored in the order of their primary key."""

    @abstractmethod
    def owner(self) -> tuple[str, str] | None:
        """Return the column that says whose row it is, and its declaration, where salons share the tables."""

    @abstractmethod
    def guard(self, table: str) -> list[str]:
        """Return the statements that keep salons that share a table apart."""

    @abstractmethod
    def contains(self, column: str) -> str:
        """Return a condition that is true where the column holds the one bound text."""

    @abstractmethod
    def in_list(self, column: str, values: Sequence[str]) -> tuple[str, Value]:
        """Return a condition that is true where the column is one of the texts, and the one value it binds."""

    @abstractmethod
    def unindexed(self, column: str) -> str:
        """Return a column so that no index is chosen for what is asked of it."""

    @abstractmethod
    def sum_of(self, column: str, places: Sequence[int]) -> str:
        """Return what a column of JSON lists comes to: of each list the values at these places, multiplied."""

    @abstractmethod
    def piece_tables(self) -> tuple[str, ...]:
        """Return the names of every table that the pieces of customers' text take up."""

    @abstractmethod
    def create_pieces(self) -> list[str]:
        """Return the statements that create those tables."""

    @abstractmethod
    def add_pieces(self) -> str:
        """Return the statement that binds a place and the pieces it has, with spaces between, and adds them."""

    @abstractmethod
    def drop_pieces(self) -> str:
        """Return the statement that binds a place and pieces it has, with spaces between, and takes them away."""

    @abstractmethod
    def clear_pieces(self) -> str:
        """Return the statement that takes all pieces away."""

    @abstractmethod
    def restore_pieces(self) -> list[str]:
        """Return the statements that do so where the pieces are so damaged that this one fails."""

    @abstractmethod
    def merge_pieces(self) -> str:
        """Return the statement that leaves no trace of pieces that were taken away."""

    @abstractmethod
    def pieces_merge_fast(self) -> str:
        """Return the query whose one value says whether that takes but a moment."""

    @abstractmethod
    def pieces_worn(self) -> str:
        """Return the query whose one value says whether merging has worn the pieces, so that they must be made anew."""

    @abstractmethod
    def has_pieces(self, needed: Needed, between: tuple[int, int] | None = None, *, falling: bool = False) -> Holders:
        """Return the search rows of all who have the pieces needed, at the places between two that groups end at."""

    @abstractmethod
    def piece_sums(self) -> str:
        """Return the query for every piece, how many places have it, and the sum of their `place_mark`."""
