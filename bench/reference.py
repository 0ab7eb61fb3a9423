"""What a search must answer, said again: written by its rules and without the library's code.

A customer is found where every word of the search is part of their folded name or e-mail, and every run of digits
part of a spelling of their phone, or else its words of name or e-mail. The first fifty in order of the folded name,
then of the id, are the answer.
"""

import re
import unicodedata
from bisect import bisect_right
from collections.abc import Iterable, Iterator
from heapq import merge
from itertools import accumulate, groupby, islice
from typing import NamedTuple

from bench.customers import Person
from salon_crm.samples.locales import LOCALES

PAGE = 50

_PLAIN = str.maketrans({"ł": "l", "đ": "d", "ı": "i", "œ": "oe", "æ": "ae", "ø": "o", "ß": "ss", "’": "'", "־": "-"})
_PHONE = re.compile(r"[0-9+\-()./]+")
_CODES = sorted((locale.code for locale in LOCALES), key=len, reverse=True)
_WITH_ZERO = frozenset("44 49 33 90 380 972 20 91 82 886 81".split())
"""The calling codes of countries where a number begins with 0 inside the country."""


def fold(text: str) -> str:
    """Return text without case, accents and width."""
    parted = unicodedata.normalize("NFKD", text.casefold().translate(_PLAIN))
    bare = "".join(character for character in parted if not unicodedata.category(character).startswith("M"))
    return unicodedata.normalize("NFKC", bare.translate(_PLAIN))


def spellings(e164: str) -> str:
    """Return the digits a mobile may be looked for by, a line for each."""
    digits = e164[1:]
    code = next(each for each in _CODES if digits.startswith(each))
    national = digits[len(code) :]
    return f"{digits}\n0{national}\n{code}0{national}" if code in _WITH_ZERO else digits


class Keys(NamedTuple):
    """What a customer is found by."""

    id: str
    name: str
    words: str
    digits: str


def keys_of(person: Person) -> Keys:
    """Return what a person is found and sorted by."""
    name = fold(person.name)
    return Keys(person.id, name, f"{name}\n{fold(person.email)}" if person.email else name, spellings(person.mobile))


class Run(NamedTuple):
    """Words of a search beside one another that may be a phone number, and their digits."""

    digits: str
    words: tuple[str, ...]


class Search(NamedTuple):
    """A search as it is meant."""

    words: tuple[str, ...]
    runs: tuple[Run, ...]


def read_search(text: str) -> Search:
    """Return what a text typed into a search box means."""
    words: list[str] = []
    runs: list[Run] = []
    for phone, part in _neighbours(fold(text).split()):
        digits = re.sub("[^0-9]", "", "".join(part))
        if phone and digits:
            runs.append(Run(digits, part))
        else:
            words.extend(part)
    return Search(tuple(words), tuple(runs))


def _neighbours(words: list[str]) -> Iterator[tuple[bool, tuple[str, ...]]]:
    """Give words, those together that look like parts of a phone number and stand beside one another."""
    waiting: list[str] = []
    for word in words:
        if _PHONE.fullmatch(word):
            waiting.append(word)
            continue
        if waiting:
            yield True, tuple(waiting)
            waiting = []
        yield False, (word,)
    if waiting:
        yield True, tuple(waiting)


class Blob:
    """Everybody's keys in name order, in two long texts that are looked through from the start."""

    def __init__(self, keys: Iterable[Keys]) -> None:
        self._rows = sorted(keys, key=lambda row: (row.name, row.id))
        self._words = _Text(row.words for row in self._rows)
        self._digits = _Text(row.digits for row in self._rows)

    def first_page(self, text: str) -> list[str]:
        """Return the ids of the first fifty found."""
        search = read_search(text)
        places = (place for place, _ in groupby(self._candidates(search)))
        found = (self._rows[place] for place in places if _is_found(self._rows[place], search))
        return [row.id for row in islice(found, PAGE)]

    def _candidates(self, search: Search) -> Iterator[int]:
        """Give, in order, the places of all that may be found."""
        if search.words:
            return self._words.holding(max(search.words, key=len))
        if search.runs:
            run = max(search.runs, key=lambda run: len(run.digits))
            return merge(self._digits.holding(run.digits), self._words.holding(max(run.words, key=len)))
        return iter(range(len(self._rows)))


class _Text:
    def __init__(self, parts: Iterable[str]) -> None:
        listed = [f"\0{part}".encode() for part in parts]
        self._blob = b"".join(listed)
        self._starts = list(accumulate(map(len, listed), initial=0))

    def holding(self, needle: str) -> Iterator[int]:
        """Give the places of the parts that hold a text, each once and in order."""
        wanted = needle.encode()
        position = self._blob.find(wanted)
        while position >= 0:
            place = bisect_right(self._starts, position) - 1
            yield place
            position = self._blob.find(wanted, self._starts[place + 1])


def _is_found(row: Keys, search: Search) -> bool:
    return all(word in row.words for word in search.words) and all(
        run.digits in row.digits or all(word in row.words for word in run.words) for run in search.runs
    )
