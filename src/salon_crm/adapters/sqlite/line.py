"""The line that writers of several processes stand in, since SQLite itself keeps none.

Who comes locks one byte of an empty file beside the database, the byte of the microsecond it came at; its
turn is when it can lock every byte before its own. So whoever came first goes first, and a process that
dies leaves the line at once, since the system takes its locks away. The line is a courtesy: who writes is
decided by SQLite's lock alone, and whoever does not know the line, or finds it blocked, asks for that.
"""

import os
import sys
from contextlib import suppress
from typing import Final

from salon_crm.adapters.system import monotonic, pause

if sys.platform == "win32":  # no line, and everybody asks SQLite
    HAS_LOCKS = False

    def _lock(file: int, start: int, count: int) -> bool:
        raise NotImplementedError

    def _unlock(file: int) -> None:
        raise NotImplementedError

else:
    from fcntl import LOCK_EX, LOCK_NB, LOCK_UN, lockf

    HAS_LOCKS = True

    def _lock(file: int, start: int, count: int) -> bool:
        """Lock some bytes at once, or return False."""
        try:
            lockf(file, LOCK_EX | LOCK_NB, count, start)
        except OSError:
            return False
        return True

    def _unlock(file: int) -> None:
        """Unlock every byte this process has locked."""
        with suppress(OSError):
            lockf(file, LOCK_UN)


SUFFIX: Final = "-turn"
"""What is added to the database's name for the line's file."""

_PAUSE: Final = 0.000_3
_LONG_PAUSE: Final = 0.003
_RESIGNED_AFTER: Final = 0.25
"""Seconds after which somebody is at something long, and looking often would only burn the processor."""


class Line:
    """One store's place in the line of all that write to the file ``path``; the file is opened when first needed.

    The locks are the process's: two stores of one process do not see each other here, and one that leaves
    may take the other's place along. They still meet at SQLite's lock.
    """

    def __init__(self, path: str) -> None:
        self._path = path
        self._file: int | None = None
        self._standing = False
        self._last_wait = 0.0
        self.known = False
        """Whether another writer was ever met: one who is always alone needs no line, and no file for it."""

    def stand(self, *, until: float) -> bool:
        """Wait to be the first, until the given `monotonic` instant at most; return whether it is."""
        file = self._opened() if HAS_LOCKS else None
        if file is None:
            return False
        began = monotonic()
        place = int(began * 1_000_000)
        self._standing = True
        while not _lock(file, place, 1):  # two came at once, or a clock is not the others'
            place += 1
            if not self._paused(began, until):
                return False
        while not _lock(file, 0, place):
            if not self._paused(began, until):
                return False
        self._last_wait = monotonic() - began
        return True

    def leave(self) -> None:
        """Let the next one go; to leave twice is to leave."""
        if self._standing and self._file is not None:
            self._standing = False
            _unlock(self._file)

    def close(self) -> None:
        """Leave, and let go of the file; in the child of a fork it does nothing to the parent's place."""
        file, self._file = self._file, None
        self._standing = False
        if file is not None:
            os.close(file)

    def _opened(self) -> int | None:
        if self._file is None:
            with suppress(OSError):  # a folder nobody may write to
                self._file = _open(self._path)
        return self._file

    def _paused(self, began: float, until: float) -> bool:
        """Pause, unless that would take too long; looking costs all who wait, so it is seldom done far from the turn.

        How far that is says the last time: who writes again and again meets a line about as long as before.
        """
        now = monotonic()
        waited = now - began
        expected = (self._last_wait - waited) / 4 if waited < _RESIGNED_AFTER else _LONG_PAUSE
        seconds = min(max(_PAUSE, expected), _LONG_PAUSE)
        if now + seconds > until:
            return False
        pause(seconds)
        return True


def _open(database: str) -> int | None:
    """Open the line's file, made with the database's own permissions, unless it is something else's."""
    path = os.path.realpath(database) + SUFFIX
    with suppress(FileNotFoundError):
        if os.stat(path).st_size:  # noqa: PTH116 -- beside os.open
            return None
    return os.open(path, os.O_RDWR | os.O_CREAT, os.stat(database).st_mode & 0o666)  # noqa: PTH116 -- as above
