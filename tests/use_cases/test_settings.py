"""The salon's settings, and the form they make, on every store."""

from typing import Any

import pytest
from tests.use_cases.actors import ADMIN, OWNER, STAFF

import salon_crm as crm


def test_settings_are_those_the_salon_was_created_with(salon: crm.Salon) -> None:
    assert crm.get_settings(salon, STAFF) == crm.Settings(region="PT", zone="Europe/Lisbon", currency="EUR")


def test_a_change_is_kept_and_counted(salon: crm.Salon) -> None:
    changed = crm.change_settings(salon, ADMIN, region="es", zone="Europe/Madrid", required_fields=["mobile", "email"])
    assert changed == crm.Settings(
        region="ES", zone="Europe/Madrid", currency="EUR", required_fields=("email", "mobile"), version=2
    )
    assert crm.get_settings(salon, STAFF) == changed


def test_the_audit_says_which_settings_changed(salon: crm.Salon) -> None:
    crm.change_settings(salon, ADMIN, zone="Europe/Madrid", currency="EUR", region="ES")
    entry = crm.audit_trail(salon, OWNER)[-1]
    assert (entry.action, entry.by, entry.customer_id) == (crm.AuditAction.SETTINGS_CHANGED, "ada", None)
    assert (entry.fields, entry.details) == (("zone", "region"), {"settings_version": 2})


def test_a_change_that_changes_nothing_writes_nothing(salon: crm.Salon) -> None:
    before = crm.audit_trail(salon, OWNER)
    assert crm.change_settings(salon, OWNER, region="PT", required_fields=()).version == 1
    assert crm.change_settings(salon, OWNER).version == 1
    assert crm.audit_trail(salon, OWNER) == before


def test_all_settings_that_cannot_be_taken_come_back_together(salon: crm.Salon) -> None:
    wrong: dict[str, Any] = {
        "region": "Portugal", "zone": "Lisbon", "currency": "euro", "required_fields": ["shoe_size"], "colour": "red",
    }  # fmt: skip
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.change_settings(salon, OWNER, **wrong)
    assert [problem.field for problem in caught.value.problems] == list(wrong)
    assert crm.get_settings(salon, STAFF).version == 1


def test_a_required_field_must_be_filled(salon: crm.Salon) -> None:
    crm.change_settings(salon, OWNER, required_fields=["email", "gender"])
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.add_customer(salon, STAFF, name="Ana")
    assert [(problem.field, problem.code) for problem in caught.value.problems] == [
        ("email", "required"), ("gender", "required"),
    ]  # fmt: skip
    assert crm.add_customer(salon, STAFF, name="Ana", email="ana@example.com", gender="female").version == 1


def test_a_declined_contact_satisfies_a_required_one(salon: crm.Salon) -> None:
    crm.change_settings(salon, OWNER, required_fields=["email", "mobile"])
    customer = crm.add_customer(salon, STAFF, name="Ana", contact_declined=True)
    with pytest.raises(crm.InvalidDocument, match="contact_declined"):
        crm.add_customer(salon, STAFF, name="Rui")
    assert crm.edit_customer(salon, STAFF, customer.id, gender="female").changed == ("gender",)


def test_a_field_required_later_stops_no_edit_of_another_field(salon: crm.Salon) -> None:
    customer = crm.add_customer(salon, STAFF, name="Ana")
    crm.change_settings(salon, OWNER, required_fields=["email"])
    assert crm.edit_customer(salon, STAFF, customer.id, gender="female").changed == ("gender",)
    crm.edit_customer(salon, STAFF, customer.id, email="ana@example.com")
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.edit_customer(salon, STAFF, customer.id, email=None)
    assert caught.value.field == "email"


def test_a_changed_region_is_where_phones_belong_from_then_on(salon: crm.Salon) -> None:
    before = crm.add_customer(salon, STAFF, name="Ana", mobile="912 345 678")
    crm.change_settings(salon, OWNER, region="ES")
    assert str(crm.add_customer(salon, STAFF, name="Eva", mobile="612 34 56 78").mobile) == "+34612345678"
    assert str(crm.get_customer(salon, STAFF, before.id).mobile) == "+351912345678"


def test_the_form_has_five_sections_in_order(salon: crm.Salon) -> None:
    fields = crm.profile_fields(salon, STAFF)
    sections = list(dict.fromkeys(field.section.value for field in fields))
    assert sections == ["basic", "address", "preferences", "settings", "communication"]
    assert [field.name for field in fields] == [
        "name", "first_name", "last_name", "email", "other_emails", "mobile", "other_phones", "contact_declined",
        "birthday", "anniversary", "gender", "referral_source", "address", "preferences", "note", "alert_note",
        "external_ids", "status", "blocked", "language", "zone",
    ]  # fmt: skip


def test_the_form_says_what_is_required_what_may_be_chosen_and_in_words(salon: crm.Salon) -> None:
    crm.change_settings(salon, OWNER, required_fields=["email"])
    fields = {field.name: field for field in crm.profile_fields(salon, STAFF)}
    assert {name for name, field in fields.items() if field.required} == {"name", "email"}
    assert fields["gender"].choices == ("female", "male", "other")
    assert fields["status"].choices == ("active", "inactive")
    assert (fields["birthday"].label, fields["birthday"].kind) == ("Date of birth", crm.FieldKind.DATE)
    with pytest.raises(crm.InvalidValue) as caught:
        crm.profile_fields(salon, STAFF, language="xx")
    assert caught.value.field == "language"
