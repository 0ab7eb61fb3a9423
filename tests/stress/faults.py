"""A file system that fails on purpose: SQLite's own, with every call counted and the chosen one refused.

The library that Python's sqlite3 runs on is asked for its default VFS. A copy of it becomes the default, whose
files carry a copy of their table of methods in which reading, writing, cutting and syncing are ours. Everything
else is done by the original. Only files below one folder are touched.
"""

import ctypes
import sqlite3
from collections.abc import Callable, Generator
from contextlib import contextmanager
from ctypes import CDLL, CFUNCTYPE, POINTER, Structure, c_char_p, c_int, c_int64, c_void_p, cast, pointer, sizeof
from functools import lru_cache
from pathlib import Path
from typing import Any, Final

from attrs import frozen

MAPS: Final = Path("/proc/self/maps")

_Read = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_Write = CFUNCTYPE(c_int, c_void_p, c_void_p, c_int, c_int64)
_Truncate = CFUNCTYPE(c_int, c_void_p, c_int64)
_Sync = CFUNCTYPE(c_int, c_void_p, c_int)
_Size = CFUNCTYPE(c_int, c_void_p, c_void_p)
_Lock = CFUNCTYPE(c_int, c_void_p, c_int)
_Map = CFUNCTYPE(c_int, c_void_p, c_int, c_int, c_int, c_void_p)
_Open = CFUNCTYPE(c_int, c_void_p, c_void_p, c_void_p, c_int, c_void_p)
_Delete = CFUNCTYPE(c_int, c_void_p, c_char_p, c_int)


class _Methods(Structure):
    """sqlite3_io_methods, version 3."""

    _fields_ = (
        ("iVersion", c_int),
        ("xClose", c_void_p),
        ("xRead", _Read),
        ("xWrite", _Write),
        ("xTruncate", _Truncate),
        ("xSync", _Sync),
        ("xFileSize", _Size),
        ("xLock", _Lock),
        ("xUnlock", c_void_p),
        ("xCheckReservedLock", c_void_p),
        ("xFileControl", c_void_p),
        ("xSectorSize", c_void_p),
        ("xDeviceCharacteristics", c_void_p),
        ("xShmMap", _Map),
        ("xShmLock", c_void_p),
        ("xShmBarrier", c_void_p),
        ("xShmUnmap", c_void_p),
        ("xFetch", c_void_p),
        ("xUnfetch", c_void_p),
    )


class _File(Structure):
    """sqlite3_file, as far as it is everybody's."""

    _fields_ = (("pMethods", POINTER(_Methods)),)


class _Vfs(Structure):
    """sqlite3_vfs, version 3."""

    _fields_ = (
        ("iVersion", c_int),
        ("szOsFile", c_int),
        ("mxPathname", c_int),
        ("pNext", c_void_p),
        ("zName", c_char_p),
        ("pAppData", c_void_p),
        ("xOpen", _Open),
        ("xDelete", _Delete),
        *((f"rest{n}", c_void_p) for n in range(14)),
    )


@frozen
class Fault:
    """What fails: a call of ``method`` with a result code of SQLite; ``half`` of what it writes is written first."""

    method: str
    code: int
    half: bool = False


FAULTS: Final = {
    "write": Fault("write", sqlite3.SQLITE_IOERR_WRITE),
    "disk full": Fault("write", sqlite3.SQLITE_FULL),
    "short write": Fault("write", sqlite3.SQLITE_FULL, half=True),
    "fsync": Fault("sync", sqlite3.SQLITE_IOERR_FSYNC),
    "read": Fault("read", sqlite3.SQLITE_IOERR_READ),
    "open": Fault("open", sqlite3.SQLITE_CANTOPEN),
    "truncate": Fault("truncate", sqlite3.SQLITE_IOERR_TRUNCATE),
    "delete": Fault("delete", sqlite3.SQLITE_IOERR_DELETE),
    "size": Fault("size", sqlite3.SQLITE_IOERR_FSTAT),
    "lock": Fault("lock", sqlite3.SQLITE_IOERR_LOCK),
    "map": Fault("map", sqlite3.SQLITE_IOERR_SHMMAP),
}


class Faults:
    """The failing file system, below one folder."""

    def __init__(self, folder: Path) -> None:
        self._folder = f"{folder}/".encode()
        self._fault: Fault | None = None
        self._first = self._calls = 0
        self._lasting = False
        self.fired = 0

    def arm(self, name: str, nth: int, *, lasting: bool = False) -> None:
        """Let the n-th call from now on fail, once, or from then on until it is mended."""
        self._fault, self._first, self._lasting = FAULTS[name], nth, lasting
        self._calls = self.fired = 0

    def mend(self) -> None:
        self._fault = None

    def below(self, name: bytes | None) -> bool:
        return name is not None and name.startswith(self._folder)

    def strike(self, method: str) -> Fault | None:
        """Count a call; return the fault where this is the one that fails."""
        fault = self._fault
        if fault is None or fault.method != method:
            return None
        self._calls += 1
        if self._calls < self._first or (self._calls > self._first and not self._lasting):
            return None
        self.fired += 1
        return fault


class _Library:
    """SQLite as Python runs it, and our file system in it."""

    def __init__(self, path: str) -> None:
        library = CDLL(path)
        library.sqlite3_libversion.restype = c_char_p
        if library.sqlite3_libversion().decode() != sqlite3.sqlite_version:
            raise OSError("another SQLite than Python's")
        library.sqlite3_vfs_find.restype = POINTER(_Vfs)
        library.sqlite3_vfs_register.argtypes = [POINTER(_Vfs), c_int]
        self._library = library
        self._original = library.sqlite3_vfs_find(None)
        self._ours = _Vfs.from_buffer_copy(self._original.contents)
        self._ours.zName = b"salon-crm-faults"
        self._open, self._delete = self._original.contents.xOpen, self._original.contents.xDelete
        self._ours.xOpen, self._ours.xDelete = _Open(self._do_open), _Delete(self._do_delete)
        self._tables: dict[int, _Methods] = {}  # kept for ever: a file that is still open points at its own
        self.faults: Faults | None = None

    def use(self, faults: Faults | None) -> None:
        self.faults = faults
        if faults is None:
            self._library.sqlite3_vfs_register(self._original, 1)
        else:
            self._library.sqlite3_vfs_register(pointer(self._ours), 1)

    def _strike(self, method: str) -> Fault | None:
        return None if self.faults is None else self.faults.strike(method)

    def _do_open(self, vfs: int, name: int | None, file: int, flags: int, out: int | None) -> int:
        path = c_char_p(name).value
        mine = self.faults is not None and self.faults.below(path)
        methods = cast(file, POINTER(_File)).contents
        if mine and (fault := self._strike("open")):
            methods.pMethods = POINTER(_Methods)()
            return fault.code
        result: int = self._open(ctypes.addressof(self._original.contents), name, file, flags, out)
        if mine and methods.pMethods:
            methods.pMethods = pointer(self._table(methods.pMethods))
        return result

    def _do_delete(self, vfs: int, name: bytes, sync: int) -> int:
        if self.faults is not None and self.faults.below(name) and (fault := self._strike("delete")):
            return fault.code
        result: int = self._delete(ctypes.addressof(self._original.contents), name, sync)
        return result

    def _table(self, found: Any) -> _Methods:
        place = ctypes.addressof(found.contents)
        if place not in self._tables:
            table = _Methods.from_buffer_copy(found.contents)
            table.xRead = _Read(self._or_fail("read", table.xRead))
            table.xWrite = _Write(self._write(table.xWrite))
            table.xTruncate = _Truncate(self._or_fail("truncate", table.xTruncate))
            table.xSync = _Sync(self._or_fail("sync", table.xSync))
            table.xFileSize = _Size(self._or_fail("size", table.xFileSize))
            table.xLock = _Lock(self._or_fail("lock", table.xLock))
            if table.xShmMap:  # files that are no database have none
                table.xShmMap = _Map(self._or_fail("map", table.xShmMap))
            self._tables[place] = table
        return self._tables[place]

    def _or_fail(self, method: str, original: Callable[..., int]) -> Callable[..., int]:
        original = _address_of(original)

        def call(*arguments: Any) -> int:
            fault = self._strike(method)
            return fault.code if fault else original(*arguments)

        return call

    def _write(self, original: Callable[..., int]) -> Callable[..., int]:
        original = _address_of(original)

        def call(file: int, data: int, amount: int, offset: int) -> int:
            fault = self._strike("write")
            if fault is None:
                return original(file, data, amount, offset)
            if fault.half:
                original(file, data, amount // 2, offset)
            return fault.code

        return call


def _address_of(function: Any) -> Any:
    """Return the function itself, and not the place in a table that is about to be ours."""
    kind = type(function)
    return kind(cast(function, c_void_p).value)


def why_not() -> str | None:
    """Say why this Python's SQLite cannot be given our file system, or None where it can."""
    try:
        _library()
    except (OSError, AttributeError) as error:
        return str(error)
    return None


@lru_cache(maxsize=1)
def _library() -> _Library:
    if sizeof(c_void_p) != 8:
        raise OSError("not a 64-bit machine")
    if not MAPS.exists():
        raise OSError("no way to find the library that sqlite3 runs on")
    lines = MAPS.read_text().splitlines()
    # where SQLite is linked into Python's module itself, its functions are found there or not at all
    for wanted in ("libsqlite3", "_sqlite3"):
        for path in sorted({line.split(maxsplit=5)[-1] for line in lines if wanted in line}):
            return _Library(path)
    raise OSError("SQLite is part of Python itself here")


@contextmanager
def failing_files(folder: Path) -> Generator[Faults]:
    """Let files below ``folder`` that are opened in this block fail as `Faults` is told."""
    faults = Faults(folder)
    _library().use(faults)
    try:
        yield faults
    finally:
        faults.mend()
        _library().use(None)
