"""Money: whole minor units of a currency of ISO 4217, shown as Decimal and never as float."""

import re
from collections.abc import Iterable
from decimal import Decimal
from typing import Final

from attrs import field, frozen

from salon_crm.domain.privacy import MONEY, OPERATOR, classed
from salon_crm.errors import InvalidValue

_TWO_DIGITS: Final = (
    "AED AFN ALL AMD AOA ARS AUD AWG AZN BAM BBD BDT BMD BND BOB BRL BSD BTN BWP BYN BZD CAD CDF CHF CNY COP CRC CUP "
    "CVE CZK DKK DOP DZD EGP ERN ETB EUR FJD FKP GBP GEL GHS GIP GMD GTQ GYD HKD HNL HTG HUF IDR ILS INR IRR JMD KES "
    "KGS KHR KPW KYD KZT LAK LBP LKR LRD LSL MAD MDL MGA MKD MMK MNT MOP MRU MUR MVR MWK MXN MYR MZN NAD NGN NIO NOK "
    "NPR NZD PAB PEN PGK PHP PKR PLN QAR RON RSD RUB SAR SBD SCR SDG SEK SGD SHP SLE SOS SRD SSP STN SVC SYP SZL THB "
    "TJS TMT TOP TRY TTD TWD TZS UAH USD UYU UZS VED VES WST XCD XCG YER ZAR ZMW ZWG"
)
EXPONENTS: Final = {
    **dict.fromkeys(_TWO_DIGITS.split(), 2),
    **dict.fromkeys("BIF CLP DJF GNF ISK JPY KMF KRW PYG RWF UGX VND VUV XAF XOF XPF".split(), 0),
    **dict.fromkeys("BHD IQD JOD KWD LYD OMR TND".split(), 3),
}
"""The digits of each currency's minor unit, as ISO 4217 states them."""

_UNITS: Final = {0: 1, 2: 100, 3: 1_000}
"""How many minor units a major one has, by the digits of the currency."""


def parse_currency(value: object, field: str) -> str:
    """Return a currency's code as it is kept; raises InvalidValue naming ``field``."""
    if not isinstance(value, str) or value not in EXPONENTS:
        raise InvalidValue("currency-unknown", field=field)
    return value


MOST_MINOR: Final = 10**12
"""The largest amount one figure states, in minor units; sums of a million of them still fit 64 bits."""

_AMOUNT: Final = re.compile(r"[+-]?\d{1,15}(\.\d{1,15})?", re.ASCII)


@frozen(field_transformer=classed)
class Money:
    """An exact amount: ``minor`` whole minor units (cents, fils, yen) of ``currency``.

    Amounts of one currency are added, subtracted, compared, and multiplied by whole numbers; what mixes two
    currencies raises InvalidValue. ``amount`` is the same as Decimal, ``str()`` reads ``12.50 EUR``.
    """

    minor: int = field(metadata=MONEY)
    currency: str = field(metadata=OPERATOR)

    @classmethod
    def parse(cls, value: object, field: str, *, currency: str, below_zero: bool = False) -> "Money":
        """Return the amount that a Decimal, a whole number, text such as ``12.50`` or a Money states.

        Raises InvalidValue naming ``field`` for a float, which is never exact, for digits finer than the minor
        unit, another currency, an amount below zero unless ``below_zero``, and one out of range.
        """
        minor = value.minor if isinstance(value, Money) else _minor_units(value, field, currency)
        if isinstance(value, Money) and value.currency != currency:
            raise InvalidValue("money-mixed", field=field, currency=value.currency, expected=currency)
        low = -MOST_MINOR if below_zero else 0
        if not low <= minor <= MOST_MINOR:
            raise InvalidValue("number-out-of-range", field=field, **_range(low, currency))
        return cls(minor, currency)

    @classmethod
    def zero(cls, currency: str) -> "Money":
        """Return no money at all, of a currency."""
        return cls(0, currency)

    @property
    def amount(self) -> Decimal:
        """The amount in major units, with just the digits the currency has."""
        return Decimal(self.minor).scaleb(-EXPONENTS[self.currency])

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def __bool__(self) -> bool:
        return self.minor != 0

    def __add__(self, other: "Money") -> "Money":
        return Money(self.minor + self._of_same(other), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        return Money(self.minor - self._of_same(other), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __mul__(self, times: int) -> "Money":
        if isinstance(times, bool) or not isinstance(times, int):  # pyright: ignore[reportUnnecessaryIsInstance]
            raise InvalidValue("wrong-type", field="times", expected="a whole number")
        return Money(self.minor * times, self.currency)

    def __lt__(self, other: "Money") -> bool:
        return self.minor < self._of_same(other)

    def __le__(self, other: "Money") -> bool:
        return self.minor <= self._of_same(other)

    def __gt__(self, other: "Money") -> bool:
        return self.minor > self._of_same(other)

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= self._of_same(other)

    def _of_same(self, other: object) -> int:
        """Return the minor units of an amount of the same currency; raises InvalidValue for anything else."""
        if not isinstance(other, Money):
            raise InvalidValue("wrong-type", field="money", expected="Money")
        if other.currency != self.currency:
            raise InvalidValue("money-mixed", field="money", currency=other.currency, expected=self.currency)
        return other.minor


def total_of(amounts: Iterable[Money], currency: str) -> Money:
    """Return the sum of amounts of ``currency``; of none, zero. Raises InvalidValue where one is of another."""
    return sum(amounts, Money.zero(currency))


def _minor_units(value: object, field: str, currency: str) -> int:
    """Return a stated amount in minor units; raises InvalidValue."""
    if isinstance(value, float):
        raise InvalidValue("money-float", field=field)
    if isinstance(value, str) and _AMOUNT.fullmatch(value.strip()):
        value = Decimal(value.strip())
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise InvalidValue("money-invalid", field=field)
    if isinstance(value, int):
        return value * _UNITS[EXPONENTS[currency]]
    if not value.is_finite():
        raise InvalidValue("money-invalid", field=field)
    if value.adjusted() > _MOST_DIGITS or len(value.as_tuple().digits) > _MOST_DIGITS:
        raise InvalidValue("number-out-of-range", field=field, **_range(-MOST_MINOR, currency))
    scaled = value * _UNITS[EXPONENTS[currency]]
    if scaled != scaled.to_integral_value():
        raise InvalidValue("money-too-fine", field=field, currency=currency, digits=EXPONENTS[currency])
    return int(scaled)


_MOST_DIGITS: Final = 24
"""Digits of a Decimal that are looked at, so that nothing is rounded by the context it is computed in."""


def _range(low: int, currency: str) -> dict[str, str]:
    return {"low": str(Money(low, currency)), "high": str(Money(MOST_MINOR, currency))}
