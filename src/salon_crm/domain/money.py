"""Money: whole minor units of a currency of ISO 4217, shown as Decimal and never as float."""

import re
from collections.abc import Iterable
from decimal import MAX_EMAX, MIN_EMIN, Context, Decimal, Inexact, InvalidOperation
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


def parse_currency(value: object, field: str) -> str:
    """Return a currency's code as it is kept; raises InvalidValue naming ``field``."""
    if not isinstance(value, str) or value not in EXPONENTS:
        raise InvalidValue("currency-unknown", field=field)
    return value


MOST_MINOR: Final = 10**12
"""The largest amount one figure states, in minor units; sums of millions of them still fit 64 bits."""

_LARGEST: Final = 2**63 - 1
"""The largest sum that every store can keep."""

_AMOUNT: Final = re.compile(r"[+-]?\d{1,40}(\.\d{1,40})?", re.ASCII)
_EXACT: Final = Context(prec=40, Emin=MIN_EMIN, Emax=MAX_EMAX, traps=[Inexact, InvalidOperation])
"""What refuses to round: the context of the host's thread is never asked, since it may."""

_UNITS: Final = {0: 1, 2: 100, 3: 1_000}
"""How many minor units a major one has, by the digits of the currency."""

_MINOR_UNITS: Final = {digits: Decimal(f"1E-{digits}") for digits in _UNITS}


@frozen(field_transformer=classed)
class Money:
    """An exact amount: ``minor`` whole minor units (cents, fils, yen) of ``currency``.

    Amounts of one currency are added, subtracted, compared, and multiplied by whole numbers; what mixes two
    currencies raises InvalidValue, and what is no amount Python's own TypeError. ``amount`` is the same as
    Decimal, ``str()`` reads ``12.50 EUR``. Raises InvalidValue beyond 64 bits, and for an unknown currency.

    >>> Money.parse("12.50", "price", currency="EUR") * 3
    Money(currency='EUR')
    >>> print(Money.parse("12.50", "price", currency="EUR") * 3)
    37.50 EUR
    """

    minor: int = field(metadata=MONEY)
    currency: str = field(metadata=OPERATOR)

    def __attrs_post_init__(self) -> None:
        parse_currency(self.currency, "currency")
        if not -_LARGEST <= self.minor <= _LARGEST:
            raise InvalidValue("number-out-of-range", field="minor", low=-_LARGEST, high=_LARGEST)

    @classmethod
    def parse(cls, value: object, field: str, *, currency: str, below_zero: bool = False) -> "Money":
        """Return the amount that a Decimal, a whole number, text such as ``12.50`` or a Money states.

        A number counts major units: ``12`` is twelve euros. Raises InvalidValue naming ``field`` for a float,
        which is never exact, for digits finer than the minor unit, another currency, an amount below zero
        unless ``below_zero``, and one beyond 10^12 minor units.
        """
        parse_currency(currency, "currency")
        low = -MOST_MINOR if below_zero else 0
        if isinstance(value, Money):
            minor: int | None = value.minor_in(currency, field)
        else:
            minor = _minor_units(value, field, currency)
        if minor is None or not low <= minor <= MOST_MINOR:
            limits = {"low": str(cls(low, currency)), "high": str(cls(MOST_MINOR, currency))}
            raise InvalidValue("number-out-of-range", field=field, **limits)
        return cls(minor, currency)

    @classmethod
    def zero(cls, currency: str) -> "Money":
        """Return no money at all, of a currency."""
        return cls(0, currency)

    @property
    def amount(self) -> Decimal:
        """The amount in major units, with just the digits the currency has."""
        return Decimal(f"{self.minor}E-{EXPONENTS[self.currency]}")  # exact whatever the host's context is

    def __str__(self) -> str:
        return f"{self.amount} {self.currency}"

    def __bool__(self) -> bool:
        return self.minor != 0

    def __add__(self, other: "Money") -> "Money":
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.minor + other.minor_in(self.currency), self.currency)

    def __sub__(self, other: "Money") -> "Money":
        if not isinstance(other, Money):
            return NotImplemented
        return Money(self.minor - other.minor_in(self.currency), self.currency)

    def __neg__(self) -> "Money":
        return Money(-self.minor, self.currency)

    def __mul__(self, times: int) -> "Money":
        if isinstance(times, bool) or not isinstance(times, int):
            return NotImplemented
        return Money(self.minor * times, self.currency)

    __rmul__ = __mul__

    def __lt__(self, other: "Money") -> bool:
        return self.minor < other.minor_in(self.currency) if isinstance(other, Money) else NotImplemented

    def __le__(self, other: "Money") -> bool:
        return self.minor <= other.minor_in(self.currency) if isinstance(other, Money) else NotImplemented

    def __gt__(self, other: "Money") -> bool:
        return self.minor > other.minor_in(self.currency) if isinstance(other, Money) else NotImplemented

    def __ge__(self, other: "Money") -> bool:
        return self.minor >= other.minor_in(self.currency) if isinstance(other, Money) else NotImplemented

    def minor_in(self, currency: str, field: str = "money") -> int:
        """Return the minor units where the amount is of ``currency``; raises InvalidValue."""
        if self.currency != currency:
            raise InvalidValue("money-mixed", field=field, currency=self.currency, expected=currency)
        return self.minor


AmountLike = Decimal | int | str | Money
"""What calls take for an amount: a Decimal, a whole number of major units, text such as 12.50, or a Money."""


def total_of(amounts: Iterable[Money], currency: str) -> Money:
    """Return the sum of amounts of ``currency``; of none, zero. Raises InvalidValue where one is of another."""
    return total_times(((amount, 1) for amount in amounts), currency)


def total_times(amounts: Iterable[tuple[Money, int]], currency: str) -> Money:
    """Return the sum of amounts of ``currency``, each so many times. Raises InvalidValue where one is of another."""
    return Money(sum(amount.minor_in(currency) * times for amount, times in amounts), currency)


def _minor_units(value: object, field: str, currency: str) -> int | None:
    """Return a stated amount in minor units, None for one far out of range; raises InvalidValue."""
    if isinstance(value, float):
        raise InvalidValue("money-float", field=field)
    if isinstance(value, str) and _AMOUNT.fullmatch(stripped := value.strip()):
        value = Decimal(stripped)
    if isinstance(value, bool) or not isinstance(value, int | Decimal):
        raise InvalidValue("money-invalid", field=field)
    digits = EXPONENTS[currency]
    if isinstance(value, int):
        return value * _UNITS[digits]
    if not value.is_finite():
        raise InvalidValue("money-invalid", field=field)
    try:
        exact = value.quantize(_MINOR_UNITS[digits], context=_EXACT)
    except Inexact:
        raise InvalidValue("money-too-fine", field=field, currency=currency, digits=digits) from None
    except InvalidOperation:
        return None
    return int(exact.scaleb(digits, context=_EXACT))
