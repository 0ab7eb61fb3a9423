"""The salon's settings, and the form they make of a profile."""

from collections.abc import Callable, Sized
from contextlib import suppress
from typing import Unpack

from attrs import field, frozen

from salon_crm.domain.access import Actor, Permission
from salon_crm.domain.audit import AuditAction
from salon_crm.domain.customers import PROFILE, FieldKind, FormSection, Status
from salon_crm.domain.labels import label
from salon_crm.domain.privacy import OPERATOR, classed
from salon_crm.domain.settings import Settings, SettingsChanges, changed_settings, check_settings
from salon_crm.errors import NotSupported, RuleBroken
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import BookingQuery, Reading, SaleQuery
from salon_crm.use_cases.access import use_case
from salon_crm.use_cases.unit import unit_of_work


@use_case(Permission.VIEW_SETTINGS)
def get_settings(salon: Salon, actor: Actor, /) -> Settings:
    """Return the salon's settings. Raises NotPermitted."""
    with salon.reading() as reading:
        return reading.settings()


@use_case(Permission.CHANGE_SETTINGS)
def change_settings(salon: Salon, actor: Actor, /, **changes: Unpack[SettingsChanges]) -> Settings:
    """Change settings and return them; what is not passed stays.

    Raises InvalidDocument with every setting that cannot be taken, RuleBroken for another currency than that of
    the sales, prices and rewards there are, NotSupported for a rewards programme where the store keeps no ledgers,
    NotPermitted.
    """
    with unit_of_work(salon, actor) as unit:
        checked = check_settings(dict(changes), currency=unit.settings.currency)
        changed = changed_settings(unit.settings, checked)
        if changed != unit.settings:
            if changed.currency != unit.settings.currency and _has_money(unit.writing, changed):
                raise RuleBroken("currency-in-use", field="currency", current=unit.settings.currency)
            if changed.rewards != unit.settings.rewards:
                _ = unit.writing.reward_entries  # or the programme would promise what the store cannot keep
            unit.writing.save_settings(changed, unit.settings.version)
            names = tuple(name for name in checked if getattr(changed, name) != getattr(unit.settings, name))
            unit.record(AuditAction.SETTINGS_CHANGED, fields=names, details={"settings_version": changed.version})
        return changed


def _has_money(reading: Reading, changed: Settings) -> bool:
    """Return whether there is an amount in the currency that is changed; what a store does not keep has none."""
    if any(amount.currency != changed.currency for amount in changed.rewards.amounts()):
        return True
    queries: tuple[Callable[[], Sized], ...] = (
        lambda: reading.sales.find(SaleQuery(), None, 1),
        lambda: reading.bookings.find(BookingQuery(priced=True), None, 1),
    )
    for query in queries:
        with suppress(NotSupported):
            if len(query()):
                return True
    return False


@frozen(field_transformer=classed, kw_only=True)
class FormField:
    """One field of the customer form: what to show, what may be chosen, whether it must be filled."""

    name: str = field(metadata=OPERATOR)
    section: FormSection = field(metadata=OPERATOR)
    kind: FieldKind = field(metadata=OPERATOR)
    label: str = field(metadata=OPERATOR)
    choices: tuple[str, ...] = field(default=(), metadata=OPERATOR)
    required: bool = field(default=False, metadata=OPERATOR)


_BESIDE_PROFILE = (
    ("note", FormSection.PREFERENCES, FieldKind.LINES, ()),
    ("alert_note", FormSection.PREFERENCES, FieldKind.LINES, ()),
    ("status", FormSection.SETTINGS, FieldKind.CHOICE, tuple(Status)),
    ("blocked", FormSection.SETTINGS, FieldKind.SWITCH, ()),
)


@use_case(Permission.VIEW_SETTINGS)
def profile_fields(salon: Salon, actor: Actor, /, *, language: str = "en") -> tuple[FormField, ...]:
    """Return the fields of the customer form by its five sections, in order, as the salon's settings ask for them.

    Raises NotPermitted, InvalidValue for a ``language`` there are no words in.
    """
    with salon.reading() as reading:
        required = {"name", *reading.settings().required_fields}
    declared = [(name, each.section, each.kind, each.choices) for name, each in PROFILE.items()]
    return tuple(
        FormField(
            name=name,
            section=section,
            kind=kind,
            label=label(name, language),
            choices=tuple(map(str, choices)),
            required=name in required,
        )
        for section in FormSection
        for name, its_section, kind, choices in (*declared, *_BESIDE_PROFILE)
        if its_section is section
    )
