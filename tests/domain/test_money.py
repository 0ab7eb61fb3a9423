"""Currencies."""

import pytest

from salon_crm.domain.money import EXPONENTS, parse_currency
from salon_crm.errors import InvalidValue


def test_every_currency_has_three_letters_and_at_most_three_digits() -> None:
    assert all(len(code) == 3 and code.isascii() and code.isalpha() and code.isupper() for code in EXPONENTS)
    assert set(EXPONENTS.values()) == {0, 2, 3}
    assert len(EXPONENTS) > 150


@pytest.mark.parametrize("code", ["EUR", "GBP", "USD", "BRL", "JPY", "TND"])
def test_a_currency_is_kept_by_its_code(code: str) -> None:
    assert parse_currency(code, "currency") == code


@pytest.mark.parametrize("code", ["eur", "€", "", None, 978, ["EUR"], b"EUR"])
def test_anything_else_is_refused(code: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_currency(code, "currency")
    assert (caught.value.code, caught.value.field) == ("currency-unknown", "currency")
