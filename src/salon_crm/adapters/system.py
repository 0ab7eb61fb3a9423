"""The one place that reads the world: the clock, and what nobody can guess."""

import os
import random
import threading
import time
from datetime import UTC, datetime
from uuid import UUID

from salon_crm.ports.system import Clock, IdSource


class SystemClock(Clock):
    """The machine's own clock."""

    def now(self) -> datetime:
        return datetime.now(UTC)


class SystemIds(IdSource):
    """Time-ordered UUIDs (version 7 of RFC 9562), in order within a process."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._last = 0

    def new_id(self) -> UUID:
        with self._lock:
            stamp = time.time_ns() * 4096 // 1_000_000  # milliseconds with 12 bits of their fraction
            self._last = stamp = max(stamp, self._last + 1)
        milliseconds, fraction = divmod(stamp, 4096)
        tail = int.from_bytes(os.urandom(8)) & ((1 << 62) - 1)
        return UUID(int=(milliseconds << 80) | (7 << 76) | (fraction << 64) | (2 << 62) | tail)

    def key_bytes(self, count: int) -> bytes:
        return os.urandom(count)


def monotonic() -> float:
    """Return seconds that never go back, for deadlines."""
    return time.monotonic()


def pause(seconds: float) -> None:
    """Sleep for so many seconds."""
    time.sleep(seconds)


def pause_with_jitter(longest: float) -> None:
    """Sleep between half of ``longest`` and ``longest`` seconds, so that waiting writers do not march in step."""
    pause(longest * random.uniform(0.5, 1))


process_id = os.getpid  # itself: it is asked before every statement
"""Return the id of this process; another one than before means that it was forked."""
