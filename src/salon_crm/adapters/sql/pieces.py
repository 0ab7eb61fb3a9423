"""Pieces of text: what the search index knows of a customer, and what a search asks it for.

A piece is one, two or three neighbouring characters of a word; of phones only three digits are. The
index answers who has all the pieces a search needs. That is a little more than who is meant, never
less: every customer it names is looked at again, with the criterion itself.
"""

import re
from collections.abc import Iterable, Iterator
from operator import add
from typing import Final

from salon_crm.domain.criteria import AllOf, Criterion, DigitRun, Text

MARK_MODULI: Final = 1_000_003, 999_983
"""The primes that a `place_mark` is made of, also where a database computes it."""

Pieces = tuple[str, ...]
Needed = tuple[tuple[Pieces, ...], ...]
"""Clauses that all hold; a clause holds where all pieces of one of its alternatives are there."""

LONGEST: Final = 3
_MOST_OF_A_WORD: Final = 4
"""Pieces asked for of one word: each costs a list to walk, and its later ones, as of ``example.com``, the longest."""
_MOST_CLAUSES: Final = 16

_SOLID: Final = re.compile("[^\0-\x20\x7f]+")
"""What pieces are cut from: no piece holds white space or a control character, in keys and in searches alike."""


def pieces_of(words: str, digits: str) -> set[str]:
    """Return the pieces of a customer's search keys."""
    found: set[str] = set()
    for word in _SOLID.findall(words):
        pairs = list(map(add, word, word[1:]))
        found.update(word)
        found.update(pairs)
        found.update(map(add, pairs, word[2:]))
    for number in _SOLID.findall(digits):
        found.update(map(add, map(add, number, number[1:]), number[2:]))
    return found


def place_mark(place: int) -> int:
    """Return a number of a place that sums are made of: two sets of places hardly ever have one sum by chance."""
    return (place % MARK_MODULI[0]) * (place % MARK_MODULI[1])


def pieces_needed(criterion: Criterion) -> Needed:
    """Return what all who match are sure to have; empty where the criterion is sure of nothing.

    Text under AnyOf or Not, and one or two digits, promise nothing. Of long searches the longest pieces
    are enough: whoever has them is looked at again.
    """
    clauses = dict.fromkeys(_clauses(criterion))
    return tuple(sorted(clauses, key=_length, reverse=True)[:_MOST_CLAUSES])


def _length(clause: tuple[Pieces, ...]) -> int:
    return min(len(piece) for alternative in clause for piece in alternative)


def _clauses(criterion: Criterion) -> Iterator[tuple[Pieces, ...]]:
    if isinstance(criterion, AllOf):
        for part in criterion.parts:
            yield from _clauses(part)
    elif isinstance(criterion, Text):
        for piece in _of_words(criterion.words):
            yield ((piece,),)
        for run in criterion.runs:
            yield from _of_run(run)


def _of_run(run: DigitRun) -> Iterator[tuple[Pieces, ...]]:
    in_phone = tuple(piece for piece in _of_words([run.digits]) if len(piece) == LONGEST)
    in_text = tuple(_of_words(run.words))
    if in_phone == in_text:
        yield from (((piece,),) for piece in in_text)
    elif in_phone and in_text:
        yield in_phone, in_text


def _of_words(words: Iterable[str]) -> Iterator[str]:
    for text in words:
        for word in _SOLID.findall(text):
            yield from _of_word(word)


def _of_word(word: str) -> list[str]:
    """Return pieces that cover the word without overlapping; its last one may."""
    last = len(word) - LONGEST
    if last <= 0:
        return [word]
    places = [*range(0, last, LONGEST), last]
    return [word[place : place + LONGEST] for place in places[:_MOST_OF_A_WORD]]
