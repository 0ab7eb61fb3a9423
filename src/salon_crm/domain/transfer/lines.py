"""In which line of a list each customer or booking was met, for lists of any length."""

from array import array
from typing import Final
from uuid import UUID

_PARTS: Final = 64
_FIRST_PLACES: Final = 61
_ID_BYTES: Final = 16


class LinesOf:
    """The line each customer, or booking, was last met in, kept flat: 20 bytes a place, 30 to 45 for each.

    A dictionary takes four times as much. The places are kept in parts, of which one at a time grows: a whole
    that grows is there twice meanwhile. Lines count from 1, so that 0 is an empty place.
    """

    def __init__(self) -> None:
        self._parts = [_Part() for _ in range(_PARTS)]

    def get(self, met: UUID) -> int | None:
        """Return the line of an id; None for one that was not met."""
        own_id = met.int
        return self._parts[own_id % _PARTS].get(own_id)

    def put(self, met: UUID, line: int) -> None:
        """Remember that an id was met in this line."""
        own_id = met.int
        self._parts[own_id % _PARTS].put(own_id, line)


class _Part:
    """Some of the places. Where a customer is looked for follows from the id; a place that is taken means the next."""

    def __init__(self) -> None:
        self._make_places(_FIRST_PLACES)

    def get(self, own_id: int) -> int | None:
        return self._lines[self._place(own_id, bytearray(own_id.to_bytes(_ID_BYTES)))] or None

    def put(self, own_id: int, line: int) -> None:
        if 3 * self._taken >= 2 * len(self._lines):
            self._grow()
        wanted = bytearray(own_id.to_bytes(_ID_BYTES))
        place = self._place(own_id, wanted)
        self._taken += not self._lines[place]
        self._ids[_ID_BYTES * place : _ID_BYTES * (place + 1)] = wanted
        self._lines[place] = line

    def _make_places(self, count: int) -> None:
        self._ids = bytearray(_ID_BYTES * count)
        self._lines = array("I", bytes(4 * count))
        self._taken = 0

    def _place(self, own_id: int, wanted: bytearray) -> int:
        """Return the place an id has, or the empty one it would get."""
        lines, ids, count = self._lines, self._ids, len(self._lines)
        place = own_id % count
        while lines[place] and ids[_ID_BYTES * place : _ID_BYTES * (place + 1)] != wanted:
            place = (place + 1) % count
        return place

    def _grow(self) -> None:
        """Move everybody to half as many places again, without looking at who is there: nobody comes twice."""
        were_ids, were_lines, taken = self._ids, self._lines, self._taken
        count = len(were_lines) * 3 // 2 | 1  # odd, so that every bit of an id has a say in its place
        self._make_places(count)
        ids, lines, self._taken = self._ids, self._lines, taken
        for start, line in zip(range(0, len(were_ids), _ID_BYTES), were_lines, strict=True):
            if line:
                own_id = were_ids[start : start + _ID_BYTES]
                place = int.from_bytes(own_id) % count
                while lines[place]:
                    place = (place + 1) % count
                ids[_ID_BYTES * place : _ID_BYTES * (place + 1)] = own_id
                lines[place] = line
