"""Words for screens."""

from enum import StrEnum

import pytest

from salon_crm.domain import access, audit, blocks, bookings, criteria, customers, dates, duplicates, marks
from salon_crm.domain.customers import PROFILE, FormSection, Gender, Status
from salon_crm.domain.labels import LANGUAGES, label
from salon_crm.errors import InvalidValue


@pytest.mark.parametrize(
    ("value", "words"),
    [
        (Status.ACTIVE, "Active"),
        (Gender.FEMALE, "Female"),
        ("first_name", "First name"),
        ("email", "E-mail"),
        ("other_phones", "Other phones"),
        (FormSection.PREFERENCES, "Preferences and notes"),
        ("preferences", "Preferences"),
        (FormSection.BASIC, "Basic information"),
        (audit.AuditAction.BLOCK_ALERT_RAISED, "Block alert raised"),
        ("customer-blocked", "The customer is blocked"),
    ],
)
def test_a_value_or_a_field_has_the_words_a_screen_shows(value: str, words: str) -> None:
    assert label(value) == label(value, "en") == label(value, "en-GB") == words


def test_every_field_of_the_form_and_every_choice_has_words_that_read_well() -> None:
    values: list[str] = [*PROFILE]
    for module in (access, audit, blocks, bookings, criteria, customers, dates, duplicates, marks):
        for found in vars(module).values():
            if isinstance(found, type) and issubclass(found, StrEnum):
                values += list(found)
    for value in values:
        words = label(value)
        assert words
        assert "_" not in words


@pytest.mark.parametrize("language", ["xx", "", "pt", None, 7])
def test_a_language_without_words_is_refused_with_those_there_are(language: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        label("email", language)
    assert (caught.value.field, caught.value.params["choices"]) == ("language", tuple(LANGUAGES))


@pytest.mark.parametrize("value", [None, 7, ["email"]])
def test_what_is_no_value_and_no_field_is_refused(value: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        label(value)
    assert (caught.value.code, caught.value.field) == ("wrong-type", "value")
