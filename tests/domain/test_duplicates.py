"""Who a newcomer may already be."""

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.samples import CONTEXT, a_customer, customer_id, edited

from salon_crm.domain.customers import CustomerForm
from salon_crm.domain.duplicates import Confidence, CustomerMatch, MatchReason, best_first, compare_profiles, name_words

EMAIL, PHONE, NAME = MatchReason.EMAIL, MatchReason.PHONE, MatchReason.NAME
FIRST_NAME, BIRTHDAY = MatchReason.FIRST_NAME, MatchReason.BIRTHDAY
HIGH, LOW = Confidence.HIGH, Confidence.LOW

ANA: dict[str, Any] = {
    "name": "Ana Silva",
    "email": "ana@example.com",
    "mobile": "912 345 678",
    "birthday": "1990-05-17",
}


def compare(one: dict[str, Any], other: dict[str, Any]) -> tuple[Confidence, tuple[MatchReason, ...]] | None:
    match = compare_profiles(a_customer(1, **one), a_customer(2, **other))
    assert match is None or match.customer_id == customer_id(2)
    return None if match is None else (match.confidence, match.reasons)


def test_a_shared_contact_with_the_same_name_is_certain() -> None:
    assert compare({"name": "SILVA, ana", "email": "Ana@Example.com"}, ANA) == (HIGH, (EMAIL, NAME))
    assert compare({"name": "Ana Silva", "mobile": "+351912345678"}, ANA) == (HIGH, (PHONE, NAME))
    assert compare(ANA, ANA) == (HIGH, (EMAIL, PHONE, NAME, BIRTHDAY))


def test_a_shared_contact_with_the_same_first_name_is_worth_asking() -> None:
    assert compare({"name": "Ana Sousa", "email": "ana@example.com"}, ANA) == (LOW, (EMAIL, FIRST_NAME))
    assert compare({"name": "Ána", "mobile": "912345678"}, ANA) == (LOW, (PHONE, FIRST_NAME))


def test_a_shared_contact_with_another_first_name_is_family() -> None:
    assert compare({"name": "Rui Silva", "email": "ana@example.com", "mobile": "912345678"}, ANA) is None
    assert compare({"name": "Rui Silva", "email": "ana@example.com", "birthday": "1990-05-17"}, ANA) is None


def test_the_same_name_with_the_same_birthday_is_worth_asking() -> None:
    assert compare({"name": "Ana Silva", "birthday": "1990-05-17"}, ANA) == (LOW, (NAME, BIRTHDAY))
    assert compare({"name": "Ana Silva", "birthday": "--05-17"}, ANA) is None


def test_a_name_alone_says_nothing() -> None:
    assert compare({"name": "Ana Silva"}, ANA) is None
    assert compare({"name": "Ana Silva"}, {"name": "Ana Silva"}) is None


def test_placeholders_never_match() -> None:
    shared: dict[str, Any] = {"email": "none@example.com", "mobile": "999 999 999"}
    assert compare({"name": "Ana Silva", **shared}, {"name": "Ana Silva", **shared}) is None


def test_former_names_and_contacts_recognise_too() -> None:
    before = a_customer(2, **ANA)
    now = edited(before, name="Ana Sousa", email="sousa@example.com", mobile=None)
    match = compare_profiles(a_customer(1, name="Ana Silva", email="ana@example.com"), now)
    assert match == CustomerMatch(customer_id(2), HIGH, (EMAIL, NAME))


def test_a_switchboard_with_another_extension_is_the_same_contact() -> None:
    one = {"name": "Ana Silva", "mobile": "+44 7700 900123 x1"}
    assert compare(one, {"name": "Ana Silva", "mobile": "+44 7700 900123 x2"}) == (HIGH, (PHONE, NAME))


fields = st.fixed_dictionaries(
    {"name": st.sampled_from(["Ana Silva", "silva ANA", "Ana", "Rui Silva", "Ana Sousa"])},
    optional={
        "first_name": st.sampled_from(["Ana", "Rui"]),
        "last_name": st.just("Silva"),
        "email": st.sampled_from(["ana@example.com", "rui@example.com", "none@example.com"]),
        "mobile": st.sampled_from(["912345678", "+44 7700 900123"]),
        "birthday": st.sampled_from(["1990-05-17", "--05-17"]),
    },
)


@given(fields, fields)
def test_a_match_goes_both_ways(one: dict[str, Any], other: dict[str, Any]) -> None:
    assert compare(one, other) == compare(other, one)


def test_the_surest_match_comes_first_then_the_one_with_more_reasons_then_by_id() -> None:
    low = CustomerMatch(customer_id(1), LOW, (EMAIL, PHONE, FIRST_NAME))
    high = CustomerMatch(customer_id(4), HIGH, (EMAIL, NAME))
    higher = CustomerMatch(customer_id(3), HIGH, (EMAIL, PHONE, NAME))
    same = CustomerMatch(customer_id(2), HIGH, (EMAIL, NAME))
    assert best_first([low, high, higher, same]) == (higher, same, high, low)


@pytest.mark.parametrize(
    ("values", "expected"),
    [
        ({"name": "SILVA, Ána"}, "ana silva"),
        ({"first_name": "Ana", "last_name": "Silva"}, "ana silva"),
        ({"first_name": "Ana"}, None),
        ({"email": "ana@example.com"}, None),
    ],
)
def test_the_words_of_a_name_are_those_of_the_full_name(values: dict[str, Any], expected: str | None) -> None:
    assert name_words(CustomerForm(values).check(CONTEXT)) == expected
