"""Sets of codes as integers: each service and each package has a bit, and 63 of them make a word.

The bit of a code is given by a store when it first meets it and is its own affair. The last bit of the last word
stands for every code that has none: of who has it, the stored facts are asked.
"""

from collections.abc import Iterable, Mapping, Sequence
from enum import StrEnum
from typing import Final

from salon_crm.adapters.sql.dialect import Connection, Dialect
from salon_crm.adapters.sql.tables import BOOKED_WORDS, CODES, PACKAGES_WORDS

WORD: Final = 63
"""Bits of a word: one less than databases keep, since theirs have a sign."""


class CodeKind(StrEnum):
    """What a code stands for."""

    SERVICE = "service"
    PACKAGE = "package"


_WIDTH: Final = {CodeKind.SERVICE: len(BOOKED_WORDS), CodeKind.PACKAGE: len(PACKAGES_WORDS)}
_OTHERS: Final = {kind: WORD * width - 1 for kind, width in _WIDTH.items()}

Bits = Mapping[tuple[CodeKind, str], int]
"""The bits of the codes a store has met."""


def others_of(kind: CodeKind) -> int:
    """Return the bit that stands for all codes of a kind from that one on."""
    return _OTHERS[kind]


def words_of(kind: CodeKind, bits: Iterable[int]) -> tuple[int, ...]:
    """Return the words in which these bits are set, those beyond the last word as the bit of all others."""
    words = [0] * _WIDTH[kind]
    for bit in bits:
        place, shift = divmod(min(bit, _OTHERS[kind]), WORD)
        words[place] |= 1 << shift
    return tuple(words)


def bits_of(connection: Connection, dialect: Dialect, asked: Mapping[CodeKind, Iterable[str]]) -> Bits:
    """Return the bits of codes; one that was never met has none, and nobody has it."""
    found: dict[tuple[CodeKind, str], int] = {}
    for kind, codes in asked.items():
        if listed := sorted(set(codes)):
            condition, value = dialect.in_list("code", listed)
            sql = f"SELECT code, bit FROM {CODES.name} WHERE kind = ? AND {condition}"
            found.update(((kind, code), bit) for code, bit in connection.rows(sql, [kind.value, value]))
    return found


def given_bits(connection: Connection, dialect: Dialect, codes: Mapping[CodeKind, Sequence[str]]) -> Bits:
    """Return the bits of codes, giving the next ones to those that have none yet."""
    held = bits_of(connection, dialect, codes)
    new = sorted({(kind, code) for kind, listed in codes.items() for code in listed} - held.keys())
    if not new:
        return held
    free = f"SELECT coalesce(max(bit) + 1, 0) FROM {CODES.name} WHERE kind = ?"
    for kind, code in new:
        [(bit,)] = connection.rows(free, [kind.value])
        connection.run(f"INSERT INTO {CODES.name} (kind, code, bit) VALUES (?, ?, ?)", [kind.value, code, bit])
    return bits_of(connection, dialect, codes)
