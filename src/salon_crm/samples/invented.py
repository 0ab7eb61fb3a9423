"""As many invented customers as wanted: names of seventeen languages, mobiles and e-mails that all differ.

One seed always gives the same customers, and the first of many are those of fewer. Common names are common and
rare ones rare, as in life; families share a mobile. They are put together when asked for and kept nowhere.
"""

import csv
import unicodedata
from collections.abc import Iterator, Sequence
from itertools import count
from pathlib import Path
from random import Random  # noqa: TID251 -- always seeded: it reads nothing of the world
from typing import Final, TypeVar

from attrs import field, frozen

from salon_crm.domain.privacy import CONTACT, IDENTITY, OPERATOR, classed
from salon_crm.samples.locales import LOCALES, Locale

T = TypeVar("T")

MOST: Final = 9_999_999
"""How many customers there are before a mobile would come again."""

COLUMNS: Final = ("name", "email", "mobile", "birthday")
"""The header of a list of them."""

_HOME: Final = LOCALES[0].code
_STEP: Final = 7_368_787  # has no divisor in common with ten million, so that no subscriber comes twice
_SUBSCRIBERS: Final = 10_000_000
_DOMAINS: Final = ("example.com", "example.org", "example.net", "mail.example.com", "post.example.org")
_ROMAN: Final = tuple("ak an be da el fu ga hi jo ka le ma mi no ra ri sa so ta yu".split())
_EVERY_FAMILY: Final = 29


@frozen(field_transformer=classed)
class InventedCustomer:
    """Somebody who does not exist; ``mobile`` is E.164, ``birthday`` ISO 8601, without a year for some."""

    name: str = field(metadata=IDENTITY)
    email: str | None = field(metadata=CONTACT)
    mobile: str = field(metadata=CONTACT)
    birthday: str | None = field(metadata=IDENTITY)
    locale: Locale = field(metadata=OPERATOR, repr=False)
    written_mobile: str = field(metadata=CONTACT)
    """The mobile as somebody in Portugal typed it."""

    @property
    def cells(self) -> tuple[str, ...]:
        """The row of a list whose header is `COLUMNS`."""
        return (self.name, self.email or "", self.written_mobile, self.birthday or "")


def invented_customers(*, seed: int = 1) -> Iterator[InventedCustomer]:
    """Return an iterator over customers without end, up to `MOST` with a mobile and an e-mail of their own."""
    dice = Dice(seed)
    given, family, locale, mobile = "", "", LOCALES[0], ""
    for number in count():
        if number % _EVERY_FAMILY:
            locale = dice.pick(LOCALES, skew=1.3)
            given, family = dice.pick(locale.given), _family_name(locale, dice)
            mobile = _mobile(locale, dice, number)
        elif number:
            others = [name for name in locale.given if name != given]
            given = dice.pick(others)
        else:
            given, family, mobile = LOCALES[0].given[0], LOCALES[0].family[0], _mobile(locale, dice, number)
        yield InventedCustomer(
            name=_full_name(locale, given, family, dice),
            email=_email(locale, given, family, dice, number) if dice.chance(0.85) else None,
            mobile=mobile,
            birthday=_birthday(dice) if dice.chance(0.6) else None,
            locale=locale,
            written_mobile=_written(mobile, locale, dice),
        )


def write_invented_list(path: Path, customers: Iterator[InventedCustomer], wanted: int) -> None:
    """Write a CSV list of the next ``wanted`` customers."""
    with path.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(COLUMNS)
        writer.writerows(next(customers).cells for _ in range(wanted))


class Dice:
    """Random choices by one seed; only `Random.random` is used, which is the same in every version of Python."""

    def __init__(self, seed: int) -> None:
        self._random = Random(seed).random  # noqa: S311 -- it guards nothing

    def chance(self, share: float) -> bool:
        """Return whether something happens that does so in this share of all cases."""
        return self._random() < share

    def below(self, limit: int) -> int:
        """Return a whole number from 0 on and below the limit."""
        return int(self._random() * limit)

    def pick(self, things: Sequence[T], *, skew: float = 2.2) -> T:
        """Return one of the things, the first ones oftener the greater ``skew`` is."""
        return things[int(len(things) * self._random() ** skew)]


def _family_name(locale: Locale, dice: Dice) -> str:
    """Return a common family name, or, three times in ten, a rare one made of parts."""
    if dice.chance(0.7):
        return dice.pick(locale.family)
    parts = [dice.pick(locale.parts, skew=1) for _ in range(2 + dice.below(2))]
    joined = "".join(parts[:2] if locale.family_first else parts)
    return joined[0].upper() + joined[1:]


def _full_name(locale: Locale, given: str, family: str, dice: Dice) -> str:
    if locale.family_first:
        return family + given
    if locale.is_latin and dice.chance(0.15):
        joint = dice.pick(locale.family)
        return f"{given} {family} {joint}" if joint != family else f"{given} {family}"
    return f"{given} {family}"


def _mobile(locale: Locale, dice: Dice, number: int) -> str:
    subscriber = (number + 1) * _STEP % _SUBSCRIBERS
    return f"+{locale.code}{dice.pick(locale.prefixes, skew=1)}{subscriber:07d}"


def _written(mobile: str, locale: Locale, dice: Dice) -> str:
    """Return a mobile as people type it: at home without the country's code, in groups, or all in one."""
    national = mobile[1 + len(locale.code) :]
    grouped = [national[:3], national[3:6], national[6:]]
    if locale.code == _HOME and dice.chance(0.5):
        return " ".join(grouped)
    if dice.chance(0.6):
        return mobile
    joint = " " if dice.chance(0.7) else "-"
    return joint.join([f"+{locale.code}", *grouped])


def _email(locale: Locale, given: str, family: str, dice: Dice, number: int) -> str:
    """Return an address made of the name, or of syllables where it is in another script, and a number."""
    if locale.is_latin:
        local = f"{_roman(given)}.{_roman(family)}"
    else:
        local = "".join(dice.pick(_ROMAN, skew=1) for _ in range(3))
    return f"{local}{number}@{dice.pick(_DOMAINS)}"


def _roman(name: str) -> str:
    plain = unicodedata.normalize("NFKD", name.replace("ł", "l").replace("ı", "i").replace("ß", "ss"))
    return "".join(character for character in plain if character.isascii() and character.isalpha()).lower()


def _birthday(dice: Dice) -> str:
    month, day = 1 + dice.below(12), 1 + dice.below(28)
    return f"--{month:02d}-{day:02d}" if dice.chance(0.1) else f"{1940 + dice.below(68)}-{month:02d}-{day:02d}"
