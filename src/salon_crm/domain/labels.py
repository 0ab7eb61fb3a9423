"""Words for what a screen shows: values of enums, names of fields. English so far."""

from enum import StrEnum
from types import MappingProxyType
from typing import Final

from salon_crm.errors import InvalidValue

_ENGLISH: Final = MappingProxyType(
    {
        "email": "E-mail",
        "emails": "E-mails",
        "other_emails": "Other e-mails",
        "mobile": "Mobile number",
        "birthday": "Date of birth",
        "external_ids": "Ids in other systems",
        "zone": "Time zone",
        "blocked": "Is blocked",
        "basic": "Basic information",
        "preferences": "Preferences and notes",
        "communication": "Communication preferences",
        "dmy": "Day, month, year",
        "mdy": "Month, day, year",
        "ymd": "Year, month, day",
        "ok": "Yes",
        "warn": "Yes, with care",
        "block": "No",
        "customer-blocked": "The customer is blocked",
        "item-retired": "No longer offered",
        "kept-as-moved": "Moved here since, and kept as it is",
        "time-twice": "The clock showed this time twice; the first is taken",
    }
)
LANGUAGES: Final = MappingProxyType({"en": _ENGLISH})
"""The languages there are words in."""

_FIELD_PREFERENCES: Final = "Preferences"


def label(value: StrEnum | str, language: str = "en") -> str:
    """Return the words a screen shows for an enum's value or a field's name.

    Raises InvalidValue for a language there are no words in.
    """
    if not isinstance(value, str):
        raise InvalidValue("wrong-type", field="value", expected="a value of an enum, or the name of a field")
    words = LANGUAGES.get(language.partition("-")[0].lower()) if isinstance(language, str) else None
    if words is None:
        raise InvalidValue("not-a-choice", field="language", choices=tuple(LANGUAGES))
    if value == "preferences" and not isinstance(value, StrEnum):
        return _FIELD_PREFERENCES
    key = str(value)
    return words.get(key) or key.replace("_", " ").replace("-", " ").capitalize()
