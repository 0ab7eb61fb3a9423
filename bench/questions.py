"""What people type into a search box, made from who is there: a fixed mixture, shuffled by the seed."""

from collections.abc import Callable, Sequence
from itertools import cycle, islice
from random import Random
from typing import NamedTuple

from bench.customers import Person
from bench.reference import fold


class Question(NamedTuple):
    """A text to search by, and what kind of text it is."""

    kind: str
    text: str


def questions(persons: Sequence[Person], seed: int, count: int = 200) -> list[Question]:
    """Return ``count`` searches, every kind as often as the others, about people drawn by the seed."""
    dice = Random(seed)
    kinds = list(islice(cycle(_KINDS.items()), count))
    made = [Question(kind, make(dice.choice(persons), dice)) for kind, make in kinds]
    dice.shuffle(made)
    return made


def _word(person: Person, dice: Random) -> str:
    return dice.choice(person.name.split())


def _prefix(person: Person, dice: Random) -> str:
    return _word(person, dice)[: dice.randint(3, 5)]


def _infix(person: Person, dice: Random) -> str:
    word = _word(person, dice)
    start = dice.randint(0, max(0, len(word) - 4))
    return word[start : start + dice.randint(3, 4)]


def _two_words(person: Person, dice: Random) -> str:
    words = person.name.split()
    dice.shuffle(words)
    return " ".join(word[: dice.randint(2, 6)] for word in words[:2])


def _digits(person: Person, dice: Random) -> str:
    start = dice.randint(1, 5)
    return person.mobile[start : start + dice.randint(4, 7)]


def _spaced(person: Person, _: Random) -> str:
    return f"{person.mobile[:-6]} {person.mobile[-6:-3]} {person.mobile[-3:]}"


def _national(person: Person, _: Random) -> str:
    return f"{person.mobile[-9:-6]} {person.mobile[-6:-3]}"


def _address(person: Person, dice: Random) -> str:
    if person.email is None:
        return "nobody.at.all@"
    local = person.email.partition("@")[0]
    return local[: dice.randint(4, len(local))]


def _domain(person: Person, dice: Random) -> str:
    return f"{person.name[:3]} {dice.choice(('example.org', '@mail', 'example.net', '@post.example'))}"


def _nobody(person: Person, dice: Random) -> str:
    return dice.choice(("xqzzy", "jörgensenova q", "+999 000 111", f"{person.name} qx", "zzz@example.invalid"))


def _hostile(_: Person, dice: Random) -> str:
    return dice.choice(
        ("%", "_", "100%", "a_b", "o'", "' OR 1=1 --", '"', "maria*", "name:ana", "\\", "-x", "a%b", ".")
    )


_KINDS: dict[str, Callable[[Person, Random], str]] = {
    "whole name": lambda person, _: person.name,
    "word": _word,
    "prefix": _prefix,
    "infix": _infix,
    "two words": _two_words,
    "no accents": lambda person, _: fold(person.name),
    "upper case": lambda person, dice: _word(person, dice).upper(),
    "phone": lambda person, _: person.mobile,
    "phone spaced": _spaced,
    "phone part": _digits,
    "phone at home": _national,
    "last digits": lambda person, dice: person.mobile[-dice.choice((4, 6)) :],
    "e-mail part": _address,
    "word and domain": _domain,
    "one letter": lambda person, dice: dice.choice(person.name.replace(" ", "")),
    "two letters": lambda person, _: person.name[:2],
    "nobody": _nobody,
    "hostile": _hostile,
}
