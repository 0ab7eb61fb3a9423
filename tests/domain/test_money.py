"""Money: exact in every currency, and nothing that is not exact comes in."""

import copy
import pickle
from collections.abc import Callable
from decimal import Context, Decimal, localcontext
from enum import IntEnum
from fractions import Fraction
from time import perf_counter
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salon_crm.domain.money import EXPONENTS, MOST_MINOR, Money, parse_currency, total_of, total_times
from salon_crm.errors import InvalidValue

MOST_KEPT = 2**63 - 1

currencies = st.sampled_from(["EUR", "JPY", "KWD"])
minors = st.integers(-(10**15), 10**15)
stated_minors = st.integers(0, MOST_MINOR)
euros = st.builds(Money, minors, st.just("EUR"))


def parse(value: object, currency: str = "EUR", **options: Any) -> Money:
    return Money.parse(value, "price", currency=currency, **options)


def refused(value: object, currency: str = "EUR", **options: Any) -> str:
    with pytest.raises(InvalidValue) as caught:
        parse(value, currency, **options)
    assert caught.value.field == "price"
    return caught.value.code


# currencies


def test_every_currency_has_three_letters_and_at_most_three_digits() -> None:
    assert all(len(code) == 3 and code.isascii() and code.isalpha() and code.isupper() for code in EXPONENTS)
    assert set(EXPONENTS.values()) == {0, 2, 3}
    assert len(EXPONENTS) > 150


@pytest.mark.parametrize("code", ["EUR", "GBP", "USD", "BRL", "JPY", "TND"])
def test_a_currency_is_kept_by_its_code(code: str) -> None:
    assert parse_currency(code, "currency") == code


@pytest.mark.parametrize("code", ["eur", "€", "", None, 978, ["EUR"], b"EUR", "XXX", "EUR "])
def test_anything_else_is_refused(code: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_currency(code, "currency")
    assert (caught.value.code, caught.value.field) == ("currency-unknown", "currency")


@pytest.mark.parametrize("code", ["eur", "", "XXX"])
def test_there_is_no_money_of_a_currency_that_is_none(code: str) -> None:
    ways: list[Callable[[], Money]] = [lambda: Money(1, code), lambda: Money.zero(code), lambda: parse("1", code)]
    for make in ways:
        with pytest.raises(InvalidValue) as caught:
            make()
        assert (caught.value.code, caught.value.field) == ("currency-unknown", "currency")


# what is taken


@pytest.mark.parametrize(
    ("value", "minor"),
    [
        ("12.50", 1250),
        ("12.5", 1250),
        ("12", 1200),
        ("+12.50", 1250),
        (" 12.50\n", 1250),
        ("0012.5", 1250),
        ("12.50000000000000000000", 1250),
        ("0", 0),
        ("-0.00", 0),
        ("0.01", 1),
        ("10000000000.00", MOST_MINOR),
        (12, 1200),
        (0, 0),
        (Decimal("12.50"), 1250),
        (Decimal("1.25E+1"), 1250),
        (Decimal("125E-1"), 1250),
        (Decimal("12.5" + "0" * 200), 1250),
        (Decimal("-0"), 0),
        (Decimal("0E+1000000"), 0),
        (Decimal("0E-1000000"), 0),
        (Money(1250, "EUR"), 1250),
    ],
)
def test_an_amount_is_a_decimal_a_whole_number_text_or_money(value: object, minor: int) -> None:
    assert parse(value) == Money(minor, "EUR")


class _Notes(IntEnum):
    TEN = 10


def test_a_whole_number_of_an_enum_is_a_whole_number() -> None:
    assert parse(_Notes.TEN) == Money(1_000, "EUR")


@pytest.mark.parametrize(
    ("currency", "text", "minor", "shown"),
    [
        ("JPY", "1250", 1250, "1250 JPY"),
        ("JPY", "1250.00", 1250, "1250 JPY"),
        ("KWD", "12.345", 12345, "12.345 KWD"),
        ("KWD", "12.5", 12500, "12.500 KWD"),
        ("EUR", "12.5", 1250, "12.50 EUR"),
    ],
)
def test_a_currency_has_the_digits_it_has(currency: str, text: str, minor: int, shown: str) -> None:
    money = parse(text, currency)
    assert (money.minor, str(money)) == (minor, shown)
    assert money.amount == Decimal(text)
    assert -money.amount.as_tuple().exponent == EXPONENTS[currency]  # type: ignore[operator]  # a finite one


@given(stated_minors, currencies)
def test_an_amount_comes_back_from_its_own_text_and_decimal(minor: int, currency: str) -> None:
    money = Money(minor, currency)
    assert parse(money.amount, currency) == money
    assert parse(str(money.amount), currency) == money
    assert parse(money, currency) == money
    assert money.amount * 10 ** EXPONENTS[currency] == minor


@given(st.decimals(allow_nan=False, allow_infinity=False), currencies)
def test_a_decimal_is_taken_exactly_or_not_at_all(value: Decimal, currency: str) -> None:
    exact = Fraction(value) * 10 ** EXPONENTS[currency]
    try:
        taken = parse(value, currency, below_zero=True).minor
    except InvalidValue as error:
        assert (exact.denominator != 1) if error.code == "money-too-fine" else (abs(exact) > MOST_MINOR)
    else:
        assert taken == exact


# what is not


@pytest.mark.parametrize("value", [12.5, 12.0, 0.0, -0.0, float("nan"), float("inf"), 1e300])
def test_a_float_is_never_exact(value: float) -> None:
    assert refused(value) == "money-float"


@pytest.mark.parametrize(
    ("currency", "value"),
    [
        ("EUR", "12.505"),
        ("EUR", Decimal("0.001")),
        ("EUR", Decimal("12.50" + "0" * 100 + "1")),
        ("EUR", Decimal("1E-1000000")),
        ("JPY", "12.5"),
        ("JPY", Decimal("0.1")),
        ("KWD", "12.3456"),
    ],
)
def test_what_is_finer_than_the_minor_unit_is_refused(currency: str, value: object) -> None:
    assert refused(value, currency) == "money-too-fine"


@pytest.mark.parametrize(
    "value",
    [
        None, True, False, "", " ", "12,50", "12.", ".50", "1_000", "1 000", "1e3", "€12", "12.50 EUR", "١٢", "１２",
        "--1", "NaN", "Infinity", "0x10", "1" * 41, "1." + "0" * 41, "1" * 10**6, b"12", [12], (12,), {"amount": 12},
        12j, Fraction(25, 2), Decimal("NaN"), Decimal("sNaN"), Decimal("Infinity"), Decimal("-Infinity"), object(),
    ],
    ids=lambda value: repr(value)[:20],
)  # fmt: skip
def test_what_is_no_amount_is_refused(value: object) -> None:
    assert refused(value) == "money-invalid"


@pytest.mark.parametrize(
    "value",
    [
        "10000000000.01", "9" * 40, -1, "-0.01", Decimal("-0.01"), 10**10 + 1, 10**1_000_000, -(10**1_000_000),
        Decimal("1E+1000000"), Decimal("-1E+1000000"), Decimal("1E+28"), Decimal("9" * 100_000),
        Money(-1, "EUR"), Money(MOST_MINOR + 1, "EUR"),
    ],
    ids=lambda value: type(value).__name__,
)  # fmt: skip
def test_what_is_out_of_range_is_refused_with_the_range(value: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse(value)
    error = caught.value
    assert (error.code, error.field) == ("number-out-of-range", "price")
    assert dict(error.params) == {"low": "0.00 EUR", "high": "10000000000.00 EUR"}


def test_an_amount_below_zero_is_taken_where_it_may_be() -> None:
    assert parse("-12.50", below_zero=True) == Money(-1250, "EUR")
    assert parse(-10_000_000_000, below_zero=True) == Money(-MOST_MINOR, "EUR")
    assert refused(-10_000_000_001, below_zero=True) == "number-out-of-range"


def test_money_of_another_currency_is_refused_naming_both() -> None:
    with pytest.raises(InvalidValue) as caught:
        parse(Money(1250, "USD"))
    error = caught.value
    assert (error.code, error.field, dict(error.params)) == (
        "money-mixed", "price", {"currency": "USD", "expected": "EUR"},
    )  # fmt: skip


@pytest.mark.parametrize(
    "value",
    [Decimal("1E+999999999"), Decimal("1E-999999999"), "1" * 1_000_000, "1." + "5" * 1_000_000, 10**300_000],
    ids=["huge", "tiny", "long", "long fraction", "whole"],
)
def test_a_hostile_amount_is_refused_at_once(value: object) -> None:
    begun = perf_counter()
    with pytest.raises(InvalidValue):
        parse(value)
    assert perf_counter() - begun < 0.5  # a millisecond or two; computed, the largest would never end


def test_a_refusal_quotes_no_amount() -> None:
    for value in ("canary", "71717171717171717171", Decimal("717171.717"), 7171.71, Money(-717171, "EUR")):
        with pytest.raises(InvalidValue) as caught:
            parse(value)
        assert "7171" not in f"{caught.value!r} {caught.value.params}"
        assert "canary" not in f"{caught.value!r} {caught.value.params}"


# the context of the host's thread


@pytest.mark.parametrize("context", [Context(prec=1), Context(prec=2, traps=[]), Context(Emax=1, Emin=-1)])
def test_the_decimal_context_of_the_host_changes_nothing(context: Context) -> None:
    with localcontext(context):
        money = parse("1234567.89")
        assert parse(Decimal("1234567.89")) == money
        assert (money.minor, str(money), money.amount.as_tuple().digits) == (
            123456789, "1234567.89 EUR", (1, 2, 3, 4, 5, 6, 7, 8, 9),
        )  # fmt: skip
        assert refused("1.005") == "money-too-fine"


# arithmetic


@given(euros, euros, euros)
def test_sums_follow_the_laws_of_whole_numbers(a: Money, b: Money, c: Money) -> None:
    zero = Money.zero("EUR")
    assert a + b == b + a
    assert (a + b) + c == a + (b + c)
    assert a + zero == a
    assert a - a == zero
    assert a - b == a + (-b)
    assert -(-a) == a  # noqa: B002 -- two signs, no decrement
    assert (a + b).minor == a.minor + b.minor
    assert (a + b).amount == Decimal(a.minor + b.minor) / 100


@given(euros, euros, st.integers(-1_000, 1_000), st.integers(-1_000, 1_000))
def test_products_with_whole_numbers_are_repeated_sums(a: Money, b: Money, m: int, n: int) -> None:
    assert a * n == n * a == Money(a.minor * n, "EUR")
    assert a * (m + n) == a * m + a * n
    assert (a + b) * n == a * n + b * n


@given(euros, euros)
def test_amounts_are_ordered_as_their_minor_units(a: Money, b: Money) -> None:
    assert (a < b, a <= b, a > b, a >= b, a == b) == (
        a.minor < b.minor, a.minor <= b.minor, a.minor > b.minor, a.minor >= b.minor, a.minor == b.minor,
    )  # fmt: skip
    assert bool(a) is (a != Money.zero("EUR"))


@given(st.lists(st.tuples(minors, st.integers(0, 1_000))))
def test_a_total_is_the_sum_in_minor_units(parts: list[tuple[int, int]]) -> None:
    amounts = [(Money(minor, "KWD"), times) for minor, times in parts]
    assert total_of((amount for amount, _ in amounts), "KWD") == Money(sum(minor for minor, _ in parts), "KWD")
    assert total_times(amounts, "KWD") == Money(sum(minor * times for minor, times in parts), "KWD")


def test_the_total_of_nothing_is_zero() -> None:
    assert total_of([], "JPY") == Money.zero("JPY") == Money(0, "JPY")


MIXED: dict[str, Callable[[Any, Any], object]] = {
    "+": lambda a, b: a + b,
    "-": lambda a, b: a - b,
    "<": lambda a, b: a < b,
    "<=": lambda a, b: a <= b,
    ">": lambda a, b: a > b,
    ">=": lambda a, b: a >= b,
}


@pytest.mark.parametrize("operator", MIXED)
def test_two_currencies_never_mix(operator: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        MIXED[operator](Money(1, "EUR"), Money(1, "USD"))
    assert (caught.value.code, caught.value.field) == ("money-mixed", "money")


def test_totals_mix_no_currencies_not_even_zeros() -> None:
    for amounts in ([Money(1, "USD")], [Money(1, "EUR"), Money(0, "USD")]):
        with pytest.raises(InvalidValue) as caught:
            total_of(amounts, "EUR")
        assert caught.value.code == "money-mixed"


@pytest.mark.parametrize("other", [1, 1.5, Decimal(1), "1", None, True])
@pytest.mark.parametrize("operator", MIXED)
def test_money_meets_money_only(operator: str, other: object) -> None:
    for one, two in ((Money(1, "EUR"), other), (other, Money(1, "EUR"))):
        with pytest.raises(TypeError):
            MIXED[operator](one, two)


@pytest.mark.parametrize("times", [1.5, Decimal(2), "2", True, None, Money(2, "EUR")])
def test_money_is_multiplied_by_whole_numbers_only(times: Any) -> None:
    ways: list[Callable[[], object]] = [lambda: Money(1, "EUR") * times, lambda: times * Money(1, "EUR")]
    for multiply in ways:
        with pytest.raises(TypeError):
            multiply()


def test_a_sum_beyond_what_every_store_keeps_is_refused() -> None:
    assert Money(MOST_KEPT, "EUR").minor + Money(-MOST_KEPT, "EUR").minor == 0
    ways: list[Callable[[], Money]] = [
        lambda: Money(MOST_KEPT, "EUR") + Money(1, "EUR"),
        lambda: Money(-MOST_KEPT, "EUR") - Money(1, "EUR"),
        lambda: Money(MOST_KEPT, "EUR") * 2,
        lambda: Money(MOST_KEPT + 1, "EUR"),
        lambda: total_of([Money(MOST_KEPT, "EUR")] * 2, "EUR"),
    ]
    for overflow in ways:
        with pytest.raises(InvalidValue) as caught:
            overflow()
        assert (caught.value.code, caught.value.field) == ("number-out-of-range", "minor")


@pytest.mark.parametrize("minor", [1.0, "1", None, True, Decimal(1)])
def test_minor_units_are_whole_numbers(minor: Any) -> None:
    with pytest.raises(InvalidValue) as caught:
        Money(minor, "EUR")
    assert (caught.value.code, caught.value.field) == ("wrong-type", "minor")


# as a value


@given(minors, currencies)
def test_equal_amounts_are_one_value(minor: int, currency: str) -> None:
    one, other = Money(minor, currency), Money(minor, currency)
    assert one == other
    assert hash(one) == hash(other)
    assert len({one, other}) == 1
    for again in (copy.copy(one), copy.deepcopy(one)):
        assert again == one


def test_an_amount_equals_no_other_amount_currency_or_number() -> None:
    euro = Money(100, "EUR")
    for other in (Money(101, "EUR"), Money(100, "USD"), Money(100, "JPY"), 100, Decimal(1), "1.00 EUR", None):
        assert euro != other
    assert Money(0, "EUR") != Money(0, "USD")


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
def test_an_amount_survives_pickling(protocol: int) -> None:
    money = Money(-1250, "EUR")
    again = pickle.loads(pickle.dumps(money, protocol))
    assert (again, str(again), type(again)) == (money, "-12.50 EUR", Money)


def test_an_amount_cannot_be_changed() -> None:
    money: Any = Money(1, "EUR")
    for name in ("minor", "currency", "other"):
        with pytest.raises(AttributeError):
            setattr(money, name, 2)


def test_a_repr_shows_no_amount() -> None:
    assert repr(Money(717171, "EUR")) == "Money(currency='EUR')"
