"""What text is kept, how long it may be, and the keys it is found and sorted by.

Stores compare keys as they are and never fold text themselves: everything about accents, case and
width is decided here, once.
"""

import re
import unicodedata
from collections.abc import Callable
from functools import lru_cache
from typing import Final

from salon_crm.errors import InvalidValue

NAME_LIMIT: Final = 200
NAME_KEY_LIMIT: Final = 1_500
NOTE_LIMIT: Final = 10_000
TEXT_LIMIT: Final = 500

FOLD_VERSION: Final = f"1/{unicodedata.unidata_version}"
"""The version of `fold`, kept beside stored keys; opening a store with another rebuilds them."""

_BIDI_CONTROLS: Final = frozenset("\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
_LINE_BREAKS: Final = frozenset("\n\t")

# Letters that Unicode does not decompose, as people type them on a keyboard without them.
_PLAIN_LETTERS: Final = {
    "ł": "l",
    "ø": "o",
    "đ": "d",
    "ð": "d",
    "ı": "i",
    "æ": "ae",
    "œ": "oe",
    "þ": "th",
    "ß": "ss",
    "ħ": "h",
    "ŧ": "t",
    "ŋ": "n",
}
_APOSTROPHES: Final = (
    "\u2018\u2019\u201a\u201b\u02b9\u02bb\u02bc\u02bd\u02be\u02bf\u02c8\u2032\u00b4\u0060\uff07\u05f3\ua78c"
)
_HYPHENS: Final = "\u2010\u2011\u2012\u2013\u2014\u2015\u2212\u2043\u058a\u05be\u30fb\ufe58\ufe63\uff0d"
_APOSTROPHE: Final = str.maketrans(dict.fromkeys(_APOSTROPHES, "'"))
_SAME: Final = str.maketrans(
    {
        **_PLAIN_LETTERS,
        **dict.fromkeys(_APOSTROPHES, "'"),
        **dict.fromkeys(_HYPHENS, "-"),
    }
)


def clean_text(value: object, field: str, *, limit: int = TEXT_LIMIT, lines: bool = False) -> str:
    """Return ``value`` as it is kept: NFC, no outer white space, single-line text with single spaces.

    ``lines`` allows line breaks and tabs, as in notes. Raises InvalidValue naming ``field`` for what is
    no text, is empty or longer than ``limit`` characters, or holds a NUL, a lone surrogate, a control
    or a bidirectional control.
    """
    if not isinstance(value, str):
        raise InvalidValue("wrong-type", field=field, expected="text")
    if len(value) > 4 * limit:  # before any work on it: 10 MB of text is refused as fast as 10 kB
        raise InvalidValue("text-too-long", field=field, length=len(value), limit=limit)
    text = value.replace("\r\n", "\n").replace("\r", "\n") if lines else value
    if not (text.isascii() and text.isprintable()):
        _refuse_forbidden(text, field, lines=lines)
        text = unicodedata.normalize("NFC", text)
    text = text.strip()
    if not lines:
        text = " ".join(text.split())
    if not text:
        raise InvalidValue("text-empty", field=field)
    if len(text) > limit:
        raise InvalidValue("text-too-long", field=field, length=len(text), limit=limit)
    return text


def clean_name(value: object, field: str) -> str:
    """Return a person's name as it is kept; like `clean_text`, and its search key must fit an index."""
    name = clean_text(value, field, limit=NAME_LIMIT)
    if name.isascii():  # its key is as long as the name
        return name
    length = len(sort_key(name).encode())
    if not length:  # nothing but marks and joiners: nobody could find it
        raise InvalidValue("text-empty", field=field)
    if length > NAME_KEY_LIMIT:
        raise InvalidValue("text-key-too-long", field=field, length=length, limit=NAME_KEY_LIMIT)
    return name


_PERHAPS_FORBIDDEN: Final = re.compile(f"[\0-\x1f\x7f-\x9f\ud800-\udfff{''.join(sorted(_BIDI_CONTROLS))}]")
"""Every control, surrogate and bidirectional control, line breaks included: which they are never changes."""


def _refuse_forbidden(text: str, field: str, *, lines: bool) -> None:
    if not _PERHAPS_FORBIDDEN.search(text):
        return
    for position, character in enumerate(text):
        if character in _LINE_BREAKS:
            if lines:
                continue
            if character == "\n":
                raise InvalidValue("text-line-break", field=field, position=position)
        if unicodedata.category(character) in ("Cc", "Cs") or character in _BIDI_CONTROLS:
            raise InvalidValue(
                "text-forbidden-character", field=field, character=f"U+{ord(character):04X}", position=position
            )


def drop_invisible(text: str) -> str:
    """Return ``text`` without the invisible marks that word processors and chats put around numbers and addresses."""
    if text.isascii():
        return text
    return "".join(character for character in text if unicodedata.category(character) != "Cf")


def fold(text: str) -> str:
    """Return the search key of ``text``: no accents, case, width, joiners; every hyphen and apostrophe one.

    ``fold("José") == fold("jose")``; folding twice changes nothing. Marks, and characters that are not
    seen, are removed in every script, which can only widen a match; digits of every script become 0-9.
    """
    return text.lower().replace("`", "'") if text.isascii() else _folded(text)


@lru_cache(maxsize=4_096)
def _folded(text: str) -> str:
    latin = text.translate(_latin_folds())
    return latin if latin.isascii() else _fold_any(text)


def _fold_any(text: str) -> str:
    key = _without_marks(_decomposed(text)).casefold().translate(_SAME)
    key = _without_marks(unicodedata.normalize("NFKD", key)).translate(_SAME)  # case-folding can decompose anew
    return unicodedata.normalize("NFKC", key)


_LATIN: Final = range(0x180)
"""ASCII and the letters with accents of Latin: what nearly all names are written in, and no mark among them."""


@lru_cache(maxsize=1)
def _latin_folds() -> dict[int, str]:
    return _folded_to_ascii(_fold_any)


@lru_cache(maxsize=1)
def _latin_spellings() -> dict[int, str]:
    return _folded_to_ascii(_spell_any)


def _folded_to_ascii(fold_one: Callable[[str], str]) -> dict[int, str]:
    """Return what becomes of each Latin letter that becomes ASCII: of those, a text is folded letter by letter."""
    folded = {point: fold_one(chr(point)) for point in _LATIN}
    return {point: key for point, key in folded.items() if key.isascii()}


def _decomposed(text: str) -> str:
    """Return ``text`` in NFKD, apostrophes first: an acute typed as one would become a space and a mark."""
    return unicodedata.normalize("NFKD", unicodedata.normalize("NFD", text).translate(_APOSTROPHE))


def _without_marks(text: str) -> str:
    return "".join(
        str(unicodedata.digit(character)) if category == "Nd" else character
        for character in text
        if not (category := unicodedata.category(character)).startswith("M") and category != "Cf"
    )


def sort_key(name: str) -> str:
    """Return what a list in name order compares: the folded name with single spaces, as code points."""
    return " ".join(_by_words(fold, name).split())


def _by_words(fold_one: Callable[[str], str], name: str) -> str:
    """Fold a name word by word, which is as good as whole: names hardly ever repeat, and their words do."""
    return fold_one(name) if name.isascii() else " ".join(map(fold_one, name.split()))


@lru_cache(maxsize=4_096)
def same_words(name: str) -> str:
    """Return the words of ``name`` in one order: equal for ``Ana Silva`` and ``SILVA ana``.

    They tell people apart, so marks stay where they are letters: vowel signs, viramas, the dots of kana.
    """
    return " ".join(sorted(words_of(name)))


def words_of(name: str) -> list[str]:
    """Return the words that people are told apart by: as `fold`, with the marks of scripts that spell with them."""
    return _by_words(_spelled, name).replace(",", " ").split()


_ACCENTED: Final = ("LATIN", "GREEK", "CYRILLIC", "MODIFIER")
_SPACING_MARKS: Final = str.maketrans({"\u309b": "\u3099", "\u309c": "\u309a"})
_OPTIONAL_MARKS: Final = (
    (0x034F, 0x034F),  # the grapheme joiner
    (0x0591, 0x05C7),  # Hebrew points
    (0x0610, 0x061A),  # Arabic signs and vowels
    (0x064B, 0x065F),
    (0x0670, 0x0670),
    (0x06D6, 0x06ED),
    (0x08CA, 0x08FF),
    (0x180B, 0x180F),  # variants of one letter
    (0xFE00, 0xFE0F),
    (0xE0100, 0xE01EF),
)


def _spelled(text: str) -> str:
    return fold(text) if text.isascii() else _spelled_out(text)


@lru_cache(maxsize=4_096)
def _spelled_out(text: str) -> str:
    latin = text.translate(_latin_spellings())
    return latin if latin.isascii() else _spell_any(text)


def _spell_any(text: str) -> str:
    key = _without_accents(_decomposed(text.translate(_SPACING_MARKS))).casefold().translate(_SAME)
    key = _without_accents(unicodedata.normalize("NFKD", key)).translate(_SAME)
    return unicodedata.normalize("NFKC", key)


def _without_accents(text: str) -> str:
    """Return ``text`` without the marks that are no letters, and what is not seen; digits become 0-9."""
    kept: list[str] = []
    spells_with_marks = False
    for character in text:
        category = unicodedata.category(character)
        if category in ("Cf", "Me"):
            continue
        if category.startswith("M"):
            point = ord(character)
            if spells_with_marks and not any(first <= point <= last for first, last in _OPTIONAL_MARKS):
                kept.append(character)
            continue
        spells_with_marks = category[0] == "L" and not _is_of_accented_script(character)
        kept.append(str(unicodedata.digit(character)) if category == "Nd" else character)
    return "".join(kept)


@lru_cache(maxsize=4_096)
def _is_of_accented_script(letter: str) -> bool:
    return unicodedata.name(letter, "").startswith(_ACCENTED)
