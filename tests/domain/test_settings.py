"""A salon's settings."""

from collections.abc import Iterator
from itertools import repeat
from typing import Any

import pytest
from tests.domain.samples import SETTINGS

from salon_crm.domain.money import EXPONENTS
from salon_crm.domain.settings import REQUIRABLE_FIELDS, changed_settings, check_settings, new_settings
from salon_crm.errors import InvalidDocument


def problems_of(**values: Any) -> dict[str | None, str]:
    with pytest.raises(InvalidDocument) as caught:
        check_settings(values)
    return {problem.field: problem.code for problem in caught.value.problems}


def test_a_salon_begins_with_a_region_a_zone_and_a_currency() -> None:
    settings = new_settings("pt", "Europe/Lisbon", "EUR")
    assert settings == SETTINGS
    assert (settings.version, settings.required_fields) == (1, ())


def test_all_that_is_missing_is_named_with_an_example() -> None:
    with pytest.raises(InvalidDocument) as caught:
        new_settings(None, "Europe/Lisbon", None)
    assert [(problem.field, problem.code) for problem in caught.value.problems] == [
        ("region", "settings-needed"),
        ("currency", "settings-needed"),
    ]
    assert "region='PT'" in str(caught.value)


def test_a_salon_may_have_no_region() -> None:
    assert new_settings("ZZ", "UTC", "EUR").region == "ZZ"


def test_all_problems_of_settings_come_together_each_with_its_field() -> None:
    assert problems_of(region="UK", zone="Lisbon", currency="euro", required_fields="email", colour="red") == {
        "region": "region-unknown",
        "zone": "zone-unknown",
        "currency": "currency-unknown",
        "required_fields": "wrong-type",
        "colour": "unknown-field",
    }


def test_required_fields_are_fields_beside_the_name_each_once() -> None:
    checked = check_settings({"required_fields": iter(["mobile", "email", "mobile"])})
    assert checked == {"required_fields": ("email", "mobile")}
    for names in (["name"], ["emial"], [None], [["email"]]):
        assert problems_of(required_fields=names) == {"required_fields": "not-a-choice"}
    assert problems_of(required_fields=7) == {"required_fields": "wrong-type"}
    assert check_settings({"required_fields": REQUIRABLE_FIELDS}) == {"required_fields": REQUIRABLE_FIELDS}


def test_settings_that_differ_are_the_next_version_and_others_the_same() -> None:
    changed = changed_settings(SETTINGS, {"region": "ES"})
    assert (changed.region, changed.zone, changed.version) == ("ES", "Europe/Lisbon", 2)
    assert changed_settings(SETTINGS, {"region": "PT"}) is changed_settings(SETTINGS, {}) is SETTINGS


@pytest.mark.parametrize("code", ["eur", "EURO", "XXX", "", None, 978, ["EUR"]])
def test_what_is_no_currency_is_refused(code: object) -> None:
    assert problems_of(currency=code) == {"currency": "currency-unknown"}


@pytest.mark.parametrize(("code", "digits"), [("EUR", 2), ("JPY", 0), ("KWD", 3)])
def test_a_currency_has_the_digits_of_iso_4217(code: str, digits: int) -> None:
    assert EXPONENTS[code] == digits
    assert check_settings({"currency": code}) == {"currency": code}


def test_required_fields_are_read_no_further_than_there_are_any() -> None:
    for value, code in ((repeat("email"), "too-many"), ([["email"]], "not-a-choice"), (failing(), "wrong-type")):
        with pytest.raises(InvalidDocument) as caught:
            check_settings({"required_fields": value})
        assert [problem.code for problem in caught.value.problems] == [code]


def failing() -> Iterator[str]:
    yield "email"
    raise RuntimeError("secret")


def test_a_name_that_could_be_no_setting_is_not_repeated() -> None:
    with pytest.raises(InvalidDocument) as caught:
        check_settings({"maria silva": 1})
    assert [problem.field for problem in caught.value.problems] == ["…"]
