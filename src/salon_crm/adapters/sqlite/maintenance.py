"""Copying a salon's file while it is used, and checking it from end to end."""

import os
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from tempfile import mkstemp
from typing import Final

from salon_crm.adapters.sql.dialect import Dialect
from salon_crm.adapters.sql.unit import SqlUnit, search_sound, unwritten
from salon_crm.adapters.sqlite.connection import SQLiteConnection, ours, uri_of
from salon_crm.domain.audit import AuditHead
from salon_crm.domain.criteria import EVERYBODY
from salon_crm.errors import InvalidValue, StoreError
from salon_crm.ports.store import AuditQuery, StoreCopy, StoreHealth

_PAGES_AT_ONCE: Final = 2_000
_BESIDE: Final = ("-wal", "-shm", "-journal")
"""How the names end of the files that SQLite keeps beside a database."""
_MOST_DAMAGE: Final = 20


def back_up(source: SQLiteConnection, path: str, dialect: Dialect, still_open: Callable[[], None]) -> StoreCopy:
    """Copy the snapshot that ``source`` reads to a new file at ``path``, and return what the copy holds.

    The copy is made and checked beside its name, and gets it when it is whole: a backup that is killed leaves
    a draft, which begins with ``.salon-crm-``, and nothing under the name.
    """
    target = _new_file(path)
    with _draft_beside(target) as draft:
        with _refused_by_disk():
            _copy(source, draft, still_open)
            copy = _examine(draft, dialect)
            _flush(draft)
        _publish(draft, target)
        return copy


def _new_file(path: str) -> Path:
    """Return where the copy goes; SQLite would take a file that stood beside the name for a part of the copy."""
    name = os.path.basename(path)  # noqa: PTH119 -- of text that may be no path at all
    if "\0" in path or not name:
        raise _unwritable("it names no file")
    if name.endswith(_BESIDE):
        raise _unwritable(f"names that end in {', '.join(_BESIDE)} are SQLite's own")
    folder = Path(os.path.realpath(os.path.dirname(path) or "."))  # noqa: PTH120 -- as above
    with _refused_by_path():
        taken = [end for end in ("", *_BESIDE) if os.path.lexists(folder / (name + end))]
    if taken:
        raise _unwritable(f"there is a file {'of this name' if not taken[0] else f'beside it that ends in {taken[0]}'}")
    return folder / name


def _unwritable(reason: str) -> InvalidValue:
    return InvalidValue("file-unwritable", field="path", reason=reason)


@contextmanager
def _refused_by_path() -> Generator[None]:
    try:
        yield
    except FileExistsError:
        raise _unwritable("there is a file of this name") from None
    except (OSError, ValueError) as error:
        raise _unwritable(getattr(error, "strerror", None) or "it is no path") from None


@contextmanager
def _refused_by_disk() -> Generator[None]:
    try:
        yield
    except OSError as error:
        raise StoreError("backup-failed", reason=error.strerror or type(error).__name__) from None
    except StoreError as error:
        if error.code != "store-failed":
            raise
        raise StoreError("backup-failed", reason=str(error.params["reason"])) from None


@contextmanager
def _draft_beside(target: Path) -> Generator[Path]:
    """Give an empty file of its owner's alone in the folder of the target, thrown away at the end."""
    with _refused_by_path():
        handle, name = mkstemp(dir=target.parent, prefix=".salon-crm-", suffix=".db")
        os.close(handle)
    try:
        yield Path(name)
    finally:
        for end in ("", *_BESIDE):
            with suppress(OSError):
                Path(name + end).unlink(missing_ok=True)


def _copy(source: SQLiteConnection, draft: Path, still_open: Callable[[], None]) -> None:
    """Copy some pages at a time; the open snapshot keeps writers from making the copy begin again."""
    with closing(SQLiteConnection(uri_of(draft, "rw"))) as copy:

        def progress(_status: int, _remaining: int, _total: int) -> None:
            still_open()

        copy.control("PRAGMA synchronous = OFF")  # it is flushed as a whole, before it gets its name
        copy.control("PRAGMA journal_mode = OFF")
        with ours():
            source.raw.backup(copy.raw, pages=_PAGES_AT_ONCE, progress=progress)


def _examine(draft: Path, dialect: Dialect) -> StoreCopy:
    """Check the copy, and leave it as one file that can be read anywhere, also where nothing can be written."""
    with closing(SQLiteConnection(uri_of(draft, "rw"))) as copy:
        copy.control("PRAGMA journal_mode = DELETE")
        damage = list(_damage(copy))
        unit = SqlUnit(copy, dialect)
        last = unit.audit.select(AuditQuery(), 1, newest_first=True)
        if damage or not last:
            raise StoreError("backup-failed", reason="the store is damaged; check_health says how")
        customers = unit.customers.count(EVERYBODY)
    return StoreCopy(size=draft.stat().st_size, customers=customers, head=AuditHead.of(last[0]))


def _flush(path: Path) -> None:
    handle = os.open(path, os.O_RDWR)
    try:
        os.fsync(handle)
    finally:
        os.close(handle)


def _publish(draft: Path, target: Path) -> None:
    """Give the draft its name, unless somebody else has taken it meanwhile."""
    with _refused_by_path():
        try:
            os.link(draft, target)
        except FileExistsError:
            raise
        except OSError:  # a file system without links: the name is taken first, and then given to the draft
            os.close(os.open(target, os.O_CREAT | os.O_EXCL | os.O_WRONLY, 0o600))
            draft.replace(target)
    with suppress(OSError):  # not every system lets a folder be flushed
        folder = os.open(target.parent, os.O_RDONLY)
        try:
            os.fsync(folder)
        finally:
            os.close(folder)


def examine(connection: SQLiteConnection, unit: SqlUnit, file: Path, schema_known: int) -> StoreHealth:
    """Check the file from end to end, as the snapshot of ``connection`` has it."""
    log = file.with_name(f"{file.name}-wal")
    damage = (*_damage(connection), *unwritten(unit))
    return StoreHealth(
        size=file.stat().st_size,
        log_size=log.stat().st_size if log.exists() else 0,
        schema=connection.rows("SELECT max(version) FROM crm_schema")[0][0],
        schema_known=schema_known,
        damage=damage,
        search_sound=search_sound(unit),
    )


def _damage(connection: SQLiteConnection) -> Iterator[str]:
    """Give what SQLite's own check finds, in its words: names of tables and numbers of rows and pages."""
    try:
        for (words,) in connection.rows(f"PRAGMA integrity_check({_MOST_DAMAGE})"):
            yield from (line for line in words.splitlines() if line != "ok" and not line.startswith("***"))
        lost = {row[0] for row in connection.rows("PRAGMA foreign_key_check")}
        yield from (f"rows of {table} belong to nobody" for table in sorted(lost))
    except StoreError as error:
        yield str(error.params.get("reason", error.code))
