"""Stand-ins for the world: a clock that stands still and ids that count, so that a test's answers never change."""

from datetime import UTC, datetime, timedelta
from hashlib import shake_256
from itertools import count
from typing import Final
from uuid import UUID

from salon_crm.ports.system import Clock, IdSource

NOON: Final = datetime(2026, 3, 2, 12, tzinfo=UTC)
"""When a `FixedClock` begins: a Monday at noon, in UTC."""

_FIRST_MILLISECOND: Final = 1_767_225_600_000  # 2026-01-01T00:00:00Z
_UNIX_MILLISECOND_SHIFT: Final = 80


class FixedClock(Clock):
    """A clock that stands still until it is told to move.

    >>> clock = FixedClock()
    >>> clock.advance(days=1)
    >>> clock.now().isoformat()
    '2026-03-03T12:00:00+00:00'
    """

    def __init__(self, now: datetime = NOON) -> None:
        self.set(now)

    def now(self) -> datetime:
        return self._now

    def set(self, now: datetime) -> None:
        """Put the clock at an instant; raises ValueError for one without a zone."""
        if now.utcoffset() is None:
            raise ValueError("a clock needs an instant with its zone")
        self._now = now.astimezone(UTC)

    def advance(
        self, *, days: float = 0, hours: float = 0, minutes: float = 0, seconds: float = 0, microseconds: float = 0
    ) -> None:
        """Move the clock on; negative amounts move it back."""
        self._now += timedelta(days=days, hours=hours, minutes=minutes, seconds=seconds, microseconds=microseconds)


class CountedIds(IdSource):
    """Ids that count: each sorts after the one before, and another source of the same seed makes the same ones.

    They are UUIDs of version 7, a millisecond apart. ``key_bytes`` gives the same bytes every time for
    one seed: they keep no secret.

    >>> CountedIds().new_id() == CountedIds().new_id()
    True
    >>> ids = CountedIds()
    >>> ids.new_id() < ids.new_id()
    True
    """

    def __init__(self, seed: int = 0) -> None:
        self._seed = seed
        self._count = count(1)

    def new_id(self) -> UUID:
        return time_ordered_id(next(self._count), seed=self._seed)

    def key_bytes(self, count: int) -> bytes:
        return shake_256(f"salon_crm key {self._seed}".encode()).digest(count)


def time_ordered_id(number: int, *, seed: int = 0) -> UUID:
    """Return a UUID of version 7: the same for one number and seed, and sorting as the numbers do."""
    when = (_FIRST_MILLISECOND + number) << _UNIX_MILLISECOND_SHIFT
    return UUID(int=when | 7 << 76 | 2 << 62 | seed << 20 | number & 0xFFFFF)
