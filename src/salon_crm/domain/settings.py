"""The salon's policies that stored data depends on: one versioned record, kept with the salon."""

from collections.abc import Callable, Iterable
from typing import Any, Final, TypedDict, cast

from attrs import evolve, field, frozen

from salon_crm.domain.contact import parse_region
from salon_crm.domain.dates import parse_zone
from salon_crm.domain.money import parse_currency
from salon_crm.domain.privacy import OPERATOR, classed
from salon_crm.domain.reading import read_items, shown_name
from salon_crm.domain.rewards.programme import RewardProgramme
from salon_crm.domain.rewards.stated import ProgrammeFields, read_programme
from salon_crm.errors import InvalidDocument, InvalidValue

REQUIRABLE_FIELDS: Final = (
    "first_name",
    "last_name",
    "email",
    "mobile",
    "birthday",
    "anniversary",
    "gender",
    "referral_source",
    "address",
    "language",
)
"""The profile fields a salon may require beside the name."""


@frozen(field_transformer=classed, kw_only=True)
class Settings:
    """A salon's settings.

    ``region`` (two letters, ZZ for none) is where national phone numbers belong, ``zone`` (IANA) says
    which day it is, ``currency`` (ISO 4217) what money is counted in, and ``required_fields`` which
    profile fields must be filled beside the name. ``rewards`` is the rewards programme. ``version`` counts the changes.
    """

    region: str = field(metadata=OPERATOR)
    zone: str = field(metadata=OPERATOR)
    currency: str = field(metadata=OPERATOR)
    required_fields: tuple[str, ...] = field(default=(), metadata=OPERATOR)
    rewards: RewardProgramme = field(default=RewardProgramme(), metadata=OPERATOR, repr=False)
    version: int = field(default=1, metadata=OPERATOR)


class SettingsChanges(TypedDict, total=False):
    """What `change_settings` takes; a key left out stays."""

    region: str
    zone: str
    currency: str
    required_fields: Iterable[str]
    rewards: RewardProgramme | ProgrammeFields


def _parse_required(value: object, field: str) -> tuple[str, ...]:
    names = read_items(value, field, most=len(REQUIRABLE_FIELDS), expected="a sequence of field names")
    if any(not isinstance(name, str) or name not in REQUIRABLE_FIELDS for name in names):
        raise InvalidValue("not-a-choice", field=field, choices=REQUIRABLE_FIELDS)
    return tuple(name for name in REQUIRABLE_FIELDS if name in names)


_PARSERS: Final = {
    "region": parse_region,
    "zone": parse_zone,
    "currency": parse_currency,
    "required_fields": _parse_required,
}
_HINTS: Final = {
    "region": "State where national phone numbers belong, such as region='PT', or 'ZZ' for nowhere.",
    "zone": "State the salon's time zone, such as zone='Europe/Lisbon'.",
    "currency": "State the salon's currency, such as currency='EUR'.",
}


def check_settings(values: dict[str, object], *, currency: str | None = None) -> SettingsChanges:
    """Return the settings stated, each checked; raises InvalidDocument with every problem.

    ``currency`` is what amounts of the programme are in, unless another is stated.
    """
    checked: dict[str, Any] = {}
    problems: list[InvalidValue] = []

    def parse_rewards(value: object, name: str) -> RewardProgramme:
        return read_programme(value, name, checked.get("currency") or currency or "")

    parsers: dict[str, Callable[[object, str], object]] = {**_PARSERS, "rewards": parse_rewards}
    for name in sorted(values, key=lambda name: name == "rewards"):  # whose amounts are in the currency
        if name not in parsers:
            hint = f"Settings are {', '.join(parsers)}."
            problems.append(InvalidValue("unknown-field", field=shown_name(name), hint=hint))
            continue
        try:
            checked[name] = parsers[name](values[name], name)
        except InvalidValue as problem:
            problems += problem.problems
    if problems:
        raise InvalidDocument(problems)
    return cast(SettingsChanges, checked)


def new_settings(region: object, zone: object, currency: object) -> Settings:
    """Return the settings a salon begins with; raises InvalidDocument naming each one missing or wrong."""
    stated = {"region": region, "zone": zone, "currency": currency}
    missing = [InvalidValue("settings-needed", field=n, hint=_HINTS[n]) for n, value in stated.items() if value is None]
    if missing:
        raise InvalidDocument(missing)
    checked: dict[str, Any] = {**check_settings(stated)}
    return Settings(**checked)


def changed_settings(settings: Settings, changes: SettingsChanges) -> Settings:
    """Return the settings with ``changes``, at the next version where anything differs."""
    stated: dict[str, Any] = {**changes}
    changed = evolve(settings, **stated)
    return settings if changed == settings else evolve(changed, version=settings.version + 1)
