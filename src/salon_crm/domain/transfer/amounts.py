"""Amounts of money in the cells of a list, whichever sign stands before the decimals."""

import re
from decimal import Decimal
from enum import StrEnum
from functools import lru_cache
from typing import Final

from salon_crm.domain.money import EXPONENTS, Money
from salon_crm.errors import InvalidValue


class DecimalSign(StrEnum):
    """What stands before the decimals of an amount; the other one sets thousands apart."""

    POINT = "."
    COMMA = ","


EVERY_READING: Final[frozenset[DecimalSign | None]] = frozenset((*DecimalSign, None))
"""What an amount without any sign says of the signs: it may be either, or none at all."""

_AMOUNT: Final = re.compile(r"(?P<before>[^\d+,.-]*)(?P<number>[+-]?\d[\d.,]*)(?P<after>\D*)", re.ASCII)
_WORD: Final = re.compile(r"[^\W\d_]+\$?|[^\w\s.-]")
_SPACES: Final = re.compile(r"(?<=\d)[\s'\u2019](?=\d{3}(?:\D|$))")
_SYMBOLS: Final = {"€": "EUR", "£": "GBP", "₹": "INR", "₩": "KRW", "₪": "ILS", "₺": "TRY", "₴": "UAH", "₽": "RUB"}
_SEVERAL_HAVE: Final = frozenset("$ ¥ R$ A$ C$ US$ kr zł fr SFr Ft Kč lei euro euros EURO".split())
"""What stands beside amounts and tells no currency apart."""

_LONGEST: Final = 40


@lru_cache(maxsize=4_096)  # a price list is short
def parse_amount(text: str, name: str, *, currency: str, sign: DecimalSign | None) -> Money:
    """Return the amount that a cell states, with or without the currency's code or symbol.

    ``sign`` stands before the decimals; None where it makes no difference. Raises InvalidValue naming the field
    ``name`` for what is no amount, is finer than the currency, of another one, or out of range.
    """
    number, stated = _split(text)
    if stated is not None and stated != currency:
        raise InvalidValue("money-mixed", field=name, currency=stated, expected=currency)
    readings = _readings(number)
    amount = readings.get(sign or DecimalSign.POINT, readings.get(DecimalSign.COMMA) if sign is None else None)
    if amount is None:
        raise InvalidValue("money-invalid", field=name)
    return Money.parse(amount, name, currency=currency)


def signs_possible(text: str, currency: str) -> frozenset[DecimalSign | None]:
    """Return the signs by which a cell states an amount of a currency; `EVERY_READING` where it makes no difference.

    ``1,234`` can only be a thousand and some where the currency has no thousandths, but ``1,250`` is 1.25 too.
    """
    readings = {sign: amount for sign, amount in _readings(_split(text)[0]).items() if _is_paid_in(amount, currency)}
    same = len(readings) > 1 and len(set(readings.values())) == 1
    return EVERY_READING if same or not readings else frozenset(readings)


def _is_paid_in(amount: Decimal, currency: str) -> bool:
    """Return whether an amount of any length is no finer than a currency; nothing is rounded on the way."""
    _, digits, exponent = amount.as_tuple()
    finer = -int(exponent) - EXPONENTS[currency]
    return finer <= 0 or not any(digits[-finer:])


def _split(text: str) -> tuple[str, str | None]:
    """Return the digits and signs of a cell, and the currency that is written beside them.

    Digits are nothing where any other word stands with them: ``2 x 25`` and ``30 min`` are no amounts.
    """
    found = _AMOUNT.fullmatch(_SPACES.sub("", text.strip())) if len(text) <= _LONGEST else None
    if found is None:
        return "", None
    words = [word for word in _WORD.findall(f"{found['before']} {found['after']}") if word not in _SEVERAL_HAVE]
    codes = {_SYMBOLS.get(word, word.upper()) for word in words}
    if len(codes) > 1 or not codes <= EXPONENTS.keys():
        return "", None
    return found["number"], next(iter(codes), None)


def _readings(number: str) -> dict[DecimalSign, Decimal]:
    """Return the amount that digits and signs state by each sign that may stand before the decimals."""
    if not number:
        return {}
    found: dict[DecimalSign, Decimal] = {}
    for sign, other in ((DecimalSign.POINT, ","), (DecimalSign.COMMA, ".")):
        whole, _, decimals = number.partition(sign)
        if sign in decimals or other in decimals or not _are_groups(whole.lstrip("+-").split(other)):
            continue
        found[sign] = Decimal(f"{whole.replace(other, '')}.{decimals or 0}")
    return found


def _are_groups(parts: list[str]) -> bool:
    """Return whether digits are set apart as thousands are: three in each part but the first."""
    first, *others = parts
    grouped = 1 <= len(first) <= 3 and first != "0" and all(len(part) == 3 for part in others)
    return first.isdigit() and (not others or grouped)
