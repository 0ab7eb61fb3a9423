"""The folder: what its files say, how a state is read from them, and how a new one takes its place.

`head.json` is the salon: its record, its settings, and by which commit each kind of record was last
written: `notes-17.jsonl` holds the notes since commit 17, one record a line. A commit writes new files
beside the old ones and then replaces `head.json`, in one step of the file system; before it the old
state stands, and after it the new one. The audit is one file that only grows, of which the head says
how many bytes count.
"""

import fcntl
import json
import os
import time
from collections.abc import Generator, Iterable, Iterator, Mapping
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any, Final, NamedTuple

from attrs import evolve, frozen

from salon_crm.adapters.documents import from_stored, to_stored
from salon_crm.domain.audit import AuditEntry
from salon_crm.domain.settings import Settings
from salon_crm.errors import InvalidDocument, SchemaNewer, StoreBusy, StoreError
from salon_crm.ports.records import KINDS, Key, Kind
from salon_crm.ports.store import SalonRecord

FORMAT: Final = 1
"""The format of the folder; one that is newer is left alone."""

_HEAD: Final = "head.json"
_NEW_HEAD: Final = "head.json.new"
_AUDIT: Final = "audit.jsonl"
_LOCK: Final = "writer.lock"
_PAUSE: Final = 0.002
"""How long a writer out of turn waits before it asks for the lock again, in seconds."""


class Row(NamedTuple):
    """A record, and the line it is kept as: made once, and not with every commit."""

    thing: Any
    line: str


Rows = Mapping[Key, Row]
"""The records of one kind, by identity."""


@frozen
class Head:
    """What `head.json` says: its commit, the commit that last wrote each kind, and how many bytes of audit count."""

    commit: int = 0
    salon: SalonRecord | None = None
    settings: Settings | None = None
    files: Mapping[str, int] = {}
    audit: int = 0


@frozen(eq=False)
class State:
    """One state of the salon, shared by its snapshots and never changed; ``raw`` is the head it was read from."""

    raw: bytes | None = None
    head: Head = Head()
    rows: Mapping[str, Rows] = {name: {} for name in KINDS}
    audit: tuple[AuditEntry, ...] = ()


def row_of(thing: object) -> Row:
    """Return a record or an entry with its line."""
    return Row(thing, json.dumps(to_stored(thing), ensure_ascii=False))


class Folder:
    """The files of one salon, in a folder that is made where it is missing and that its owner alone may read."""

    def __init__(self, path: Path) -> None:
        self._path = path
        self._known = State()
        try:
            path.mkdir(mode=0o700, exist_ok=True)
            _keep_names(path.parent)
        except OSError as error:
            raise StoreError("store-unopenable", where=str(path), reason=_reason(error)) from None

    @contextmanager
    def turn(self, deadline: float) -> Generator[None]:
        """Take the writer's turn: a lock that the system lets go of when its process dies, however it dies."""
        process, lock = os.getpid(), self._take_lock(deadline)
        try:
            yield
        finally:
            if os.getpid() == process:  # a fork has the same lock, and the turn is not the fork's to end
                fcntl.flock(lock, fcntl.LOCK_UN)
            os.close(lock)

    def _take_lock(self, deadline: float) -> int:
        give_up = time.monotonic() + deadline
        with _typed():
            lock = os.open(self._path / _LOCK, os.O_RDWR | os.O_CREAT, 0o600)
            try:
                while not _locked(lock):
                    if time.monotonic() >= give_up:
                        raise StoreBusy("store-busy", seconds=f"{deadline:g}")
                    time.sleep(_PAUSE)
            except BaseException:
                os.close(lock)
                raise
        return lock

    def state(self) -> State:
        """Return the state that stands, reading only what was written since this folder was last looked at."""
        with _typed():
            while True:
                raw, known = self._read_head(), self._known
                if raw == known.raw:
                    return known
                try:
                    self._known = state = self._read(raw, known)
                except FileNotFoundError:  # its files went when a later head took its place
                    if self._read_head() == raw:
                        raise
                else:
                    return state

    def keep(self, before: State, head: Head, rows: Mapping[str, Rows], entries: Iterable[Row]) -> None:
        """Put a new state in place of ``before``; only the holder of the turn may.

        Everything is on the disk before the one step that makes it the state, and nothing is before that.
        Raises StoreError where it could not be written, and says so where it may have been.
        """
        changed = [name for name in KINDS if rows[name] is not before.rows[name]]
        entries = tuple(entries)
        lines = _lines(entries)
        if not (changed or entries or head is not before.head):
            return
        commit = before.head.commit + 1
        files = {**before.head.files, **dict.fromkeys(changed, commit)}
        head = evolve(head, commit=commit, files=files, audit=before.head.audit + len(lines))
        raw = _head_bytes(head)
        with _typed():
            for name in changed:
                _keep(self._file(name, commit), _lines(rows[name].values()))
            if entries:
                _keep(self._path / _AUDIT, lines, at=before.head.audit)
            _keep(self._path / _NEW_HEAD, raw)
            _keep_names(self._path)
            (self._path / _NEW_HEAD).replace(self._path / _HEAD)
        with _typed("outcome-unknown"):
            _keep_names(self._path)
        self._known = State(raw, head, rows, (*before.audit, *(entry.thing for entry in entries)))
        self._sweep({*before.head.files.items(), *files.items()})

    def _sweep(self, named: set[tuple[str, int]]) -> None:
        """Remove the files that no reader is about to open: those neither this head nor the one before it names."""
        wanted = {self._file(name, commit) for name, commit in named}
        with suppress(OSError):
            for path in set(self._path.glob("*-*.jsonl")) - wanted:
                path.unlink()

    def _read_head(self) -> bytes | None:
        with suppress(FileNotFoundError):
            return (self._path / _HEAD).read_bytes()
        return None

    def _read(self, raw: bytes | None, known: State) -> State:
        head = Head() if raw is None else _head_of(raw)
        if known.head.salon != head.salon:
            known = State()  # another salon in the same place
        rows = {
            name: known.rows[name]
            if head.files.get(name) == known.head.files.get(name)
            else self._read_rows(kind, head.files.get(name))
            for name, kind in KINDS.items()
        }
        return State(raw, head, rows, known.audit + self._read_audit(known.head.audit, head.audit))

    def _read_rows(self, kind: Kind[Any], commit: int | None) -> Rows:
        if commit is None:
            return {}
        path = self._file(kind.name, commit)
        return {kind.identity(row.thing): row for row in _rows_of(path.read_bytes(), kind.type, path.name)}

    def _read_audit(self, start: int, end: int) -> tuple[AuditEntry, ...]:
        if start == end:
            return ()
        with (self._path / _AUDIT).open("rb") as file:
            file.seek(start)
            raw = file.read(end - start)
        if len(raw) != end - start:
            raise StoreError("store-damaged", reason=f"{_AUDIT} is too short")
        return tuple(row.thing for row in _rows_of(raw, AuditEntry, _AUDIT))

    def _file(self, kind: str, commit: int) -> Path:
        return self._path / f"{kind}-{commit}.jsonl"


def _lines(rows: Iterable[Row]) -> bytes:
    return "".join(f"{row.line}\n" for row in rows).encode()


def _rows_of(raw: bytes, wanted: type, file: str) -> Iterator[Row]:
    """Give the records of a file, each with its line; what cannot be read is damage, and is not quoted."""
    for number, line in enumerate(raw.splitlines(), start=1):
        try:
            row = Row(from_stored(json.loads(line)), line.decode())
        except (ValueError, RecursionError, InvalidDocument):
            row = Row(None, "")
        if not isinstance(row.thing, wanted):
            raise StoreError("store-damaged", reason=f"{file}, line {number}")
        yield row


def _head_of(raw: bytes) -> Head:
    try:
        values = json.loads(raw)
        found = int(values["format"])
        if found > FORMAT:
            raise SchemaNewer("store-newer", where=_HEAD, found=found, known=FORMAT)
        files = {name: int(values["files"][name]) for name in KINDS if name in values["files"]}
        salon, settings = map(_object_of, (values["salon"], values["settings"]))
        return Head(int(values["commit"]), salon, settings, files, int(values["audit"]))
    except (ValueError, KeyError, TypeError, RecursionError, InvalidDocument):
        raise StoreError("store-damaged", reason=_HEAD) from None


def _object_of(document: object) -> Any:
    return None if document is None else from_stored(document)


def _head_bytes(head: Head) -> bytes:
    objects = {"salon": head.salon, "settings": head.settings}
    values = {
        "format": FORMAT,
        "commit": head.commit,
        **{name: None if thing is None else to_stored(thing) for name, thing in objects.items()},
        "files": dict(head.files),
        "audit": head.audit,
    }
    return json.dumps(values, ensure_ascii=False, indent=1).encode()


def _keep(path: Path, content: bytes, *, at: int = 0) -> None:
    """Write ``content`` into a file from a place on, let nothing follow it, and see it on the disk."""
    with os.fdopen(os.open(path, os.O_RDWR | os.O_CREAT, 0o600), "r+b") as file:
        file.seek(at)
        file.truncate()
        file.write(content)
        file.flush()
        os.fsync(file.fileno())


def _keep_names(folder: Path) -> None:
    """See the names of a folder's files on the disk, those that came and those that were replaced."""
    descriptor = os.open(folder, os.O_RDONLY)
    try:
        os.fsync(descriptor)
    finally:
        os.close(descriptor)


def _locked(lock: int) -> bool:
    try:
        fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
    except BlockingIOError:
        return False
    return True


@contextmanager
def _typed(code: str = "store-failed") -> Generator[None]:
    """Let no error of the system through; its text may name paths, and why a thing failed is enough."""
    try:
        yield
    except OSError as error:
        raise StoreError(code, reason=_reason(error)) from None


def _reason(error: OSError) -> str:
    return error.strerror or type(error).__name__
