"""A connection of psycopg: our words for its transactions, and its errors in ours."""

import re
from collections.abc import Callable, Generator, Iterable, Sequence
from contextlib import contextmanager, suppress
from functools import lru_cache
from itertools import islice, takewhile
from typing import Any, Final

import psycopg
from psycopg import postgres
from psycopg.adapt import AdaptersMap
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from psycopg.types.numeric import Int4Dumper

from salon_crm.adapters.sql.dialect import Connection, Row, Value
from salon_crm.adapters.system import process_id
from salon_crm.errors import StoreBusy, StoreError

_BUSY: Final = {"55P03", "40001", "40P01"}
READ_ONLY: Final = "25006"
_REASONS: Final = {
    "23": "the records do not fit together",
    "28": "the role or its password is refused",
    "3D": "there is no such database",
    "42": "its tables are not those of salon_crm, or not the role's to use",
    "53": "the server has no room left",
    "57": "the server ended the connection",
    "57014": "the server cancelled the statement, as it was told or because it took too long",
    "08": "the connection was lost",
}
"""What goes wrong, by SQLSTATE or by its class."""


_SENT: Final = 5_000
"""Rows that are sent at a time."""

AT_FIRST: Final = 600
"""Rows that are asked for at once of an answer that may be left before its end: nearly always enough."""

_WALKED: Final = 200
"""Rows that are fetched at a time of an answer that may be left before its end."""


def why(error: psycopg.Error) -> str:
    """Say why a call of psycopg failed without quoting its message, which can hold values."""
    state = error.sqlstate
    if state is None:
        return "the server cannot be reached, or refuses the role, its password or the database"
    reason = _REASONS.get(state) or _REASONS.get(state[:2])
    return f"{reason} (SQLSTATE {state})" if reason else f"PostgreSQL says SQLSTATE {state}"


RAISED: Final = (psycopg.Error, UnicodeError, OverflowError)
"""What a call of psycopg raises: errors of its own, and those of values it binds or reads."""


def translated(error: Exception) -> StoreError:
    """Return the error of salon_crm for one of `RAISED`; to be raised unchained, since theirs can quote a value."""
    if not isinstance(error, psycopg.Error):
        return StoreError("store-failed", reason=f"a value cannot be kept ({type(error).__name__})")
    if error.sqlstate in _BUSY:
        return StoreBusy("store-busy", seconds="0")
    if error.sqlstate == READ_ONLY:
        return StoreError("reading-cannot-write")
    return StoreError("store-failed", reason=why(error))


@contextmanager
def ours() -> Generator[None]:
    """Turn errors of psycopg into errors of salon_crm."""
    try:
        yield
    except RAISED as error:
        raise translated(error) from None


@lru_cache(maxsize=2_048)
def marked(sql: str) -> bytes:
    """Return a statement with psycopg's marks for what is bound; none of ours has a question mark in a text."""
    return sql.replace("%", "%%").replace("?", "%s").encode()


_LIST: Final = re.compile(r"VALUES \(((?:[^()]|\([^()]*\))*)\)")
"""One row of values."""


def _at_once(listed: str, rows: Sequence[Sequence[Value]]) -> tuple[str, list[list[Value]]]:
    """Return a query that gives rows of values as one is ``listed``, and the columns that it binds as arrays."""
    names, arrays, bound = list[str](), list[str](), list[list[Value]]()
    for number, column in enumerate(zip(*rows, strict=True)):
        kind = next((_array_of(value) for value in column if value is not None), None)
        names.append("NULL" if kind is None else f"v.c{number}")
        if kind is not None:
            arrays.append(f"CAST(? AS {kind})")
            bound.append(list(column))
    each = iter(names)
    select = re.sub(r"\?", lambda _: next(each), listed)
    given = ", ".join(name.removeprefix("v.") for name in names if name != "NULL")
    return f"SELECT {select} FROM unnest({', '.join(arrays)}) AS v ({given})", bound


def _array_of(value: Value) -> str:
    return "text[]" if isinstance(value, str) else "bytea[]" if isinstance(value, bytes) else "bigint[]"


def is_inside(raw: psycopg.Connection[Any]) -> bool:
    """Whether a connection is in a transaction, also in one that can only be rolled back."""
    return raw.info.transaction_status in {TransactionStatus.INTRANS, TransactionStatus.INERROR}


def _as_psycopg_does() -> AdaptersMap:
    adapters = AdaptersMap(types=postgres.types)
    postgres.register_default_adapters(adapters)
    adapters.register_dumper(bool, Int4Dumper)  # flags are kept as integers
    return adapters


_ADAPTERS: Final = _as_psycopg_does()


class _Ours:
    """Binds and reads values in one way, whatever a host told the connection, or psycopg itself."""

    @property
    def adapters(self) -> AdaptersMap:
        return _ADAPTERS


class OwnCursor(_Ours, psycopg.Cursor[Row]):
    """A cursor that a connection's kind of cursor, of rows and of values is nothing to."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        super().__init__(raw, row_factory=tuple_row)


class _OwnWalk(_Ours, psycopg.ServerCursor[Row]):
    """The same, for rows that stay with the server until they are asked for."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        super().__init__(raw, "crm_walk", row_factory=tuple_row)
        self.itersize = _WALKED


class PostgresConnection(Connection):
    """A connection in autocommit mode: transactions are begun and ended by the store's own words."""

    def __init__(self, raw: psycopg.Connection[Any]) -> None:
        self.raw = raw
        self._process = process_id()
        self._autocommit = True

    @property
    def carried_over_fork(self) -> bool:
        """Whether it is another process's: using or closing it here would disturb that one."""
        return process_id() != self._process

    @property
    def in_transaction(self) -> bool:
        return is_inside(self.raw)

    @property
    def usable(self) -> bool:
        """Whether another transaction can begin on it."""
        return not self.raw.closed and self.raw.info.transaction_status == TransactionStatus.IDLE

    def rows(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        self._check_process()
        try:
            return OwnCursor(self.raw).execute(marked(sql), values).fetchall()
        except RAISED as error:
            raise translated(error) from None

    def rows_while(self, sql: str, values: Sequence[Value], going_on: Callable[[Row], bool]) -> list[Row]:
        rows = self.rows(f"{sql} LIMIT {AT_FIRST}", values)
        met = list(takewhile(going_on, rows))
        if len(met) < AT_FIRST:
            return met
        with ours(), _OwnWalk(self.raw) as cursor:
            cursor.execute(marked(sql), values)
            return met + list(takewhile(going_on, islice(cursor, AT_FIRST, None)))

    def run(self, sql: str, values: Sequence[Value] = ()) -> int:
        self._check_process()
        try:
            return max(0, OwnCursor(self.raw).execute(marked(sql), values).rowcount)
        except RAISED as error:
            raise translated(error) from None

    def run_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> int:
        self._check_process()
        with ours(), OwnCursor(self.raw) as cursor:
            return self.many(cursor, sql, rows)

    @staticmethod
    def many(cursor: psycopg.Cursor[Any], sql: str, rows: Iterable[Sequence[Value]]) -> int:
        """Run a statement for each row, some hundred at a time, and return how many rows it touched.

        One that takes a list of VALUES is run once for them all.
        """
        count, waiting = 0, iter(rows)
        listed = _LIST.search(sql)
        while part := list(islice(waiting, _SENT)):
            if listed is None:
                cursor.executemany(marked(sql), part)
            else:
                select, columns = _at_once(listed[1], part)
                cursor.execute(marked(sql[: listed.start()] + select + sql[listed.end() :]), columns)
            count += max(0, cursor.rowcount)
        return count

    def script(self, statements: str) -> int:
        """Run one statement or several in one go, with nothing bound; return how many rows the last touched."""
        self._check_process()
        with ours():
            cursor = OwnCursor(self.raw).execute(statements.encode(), prepare=False)  # several cannot be prepared
            while cursor.nextset():
                pass
            return cursor.rowcount

    def commit(self) -> None:
        """End the transaction and keep it; raises StoreError with code ``outcome-unknown`` where nobody answers."""
        self._check_process()
        try:
            ended = OwnCursor(self.raw).execute("COMMIT", prepare=False).statusmessage
        except psycopg.Error as error:
            if self.raw.closed or error.sqlstate is None or error.sqlstate[:2] in {"08", "57"}:
                raise StoreError("outcome-unknown", reason=why(error)) from None
            raise translated(error) from None
        if ended != "COMMIT":  # after a statement that failed it rolls back, and says so in passing
            raise StoreError("store-failed", reason="a statement failed, and nothing after it can be kept")

    def _check_process(self) -> None:
        if process_id() != self._process:
            raise StoreError("store-failed", reason="this process was forked while it was in use")

    def take_over(self) -> None:
        """Make it what this is: a host's may be in the other mode."""
        self._autocommit = self.raw.autocommit
        if not self._autocommit and not self.raw.closed:
            with ours():
                self.raw.autocommit = True

    def leave(self) -> None:
        """Leave it as it was found: in no transaction, and in the mode it was in; where that fails it is unusable."""
        with suppress(StoreError):
            if self.in_transaction:
                self.script("ROLLBACK")
            if self.usable and not self._autocommit:
                with ours():
                    self.raw.autocommit = False

    def close(self) -> None:
        """Close it."""
        self.raw.close()
