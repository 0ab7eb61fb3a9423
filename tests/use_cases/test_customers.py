"""Adding, editing, reading and removing customers, on every store."""

from datetime import UTC, date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.use_cases.actors import MANAGER, OWNER, STAFF

import salon_crm as crm
from salon_crm.domain.ids import Alias
from salon_crm.testing.doubles import NOON, FixedClock

CHOSEN = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
OTHER = UUID("01890a5d-ac96-774b-bcce-b302099a8058")

WHOLE_FORM: dict[str, Any] = {
    "name": "Ana Maria Silva",
    "first_name": "Ana",
    "last_name": "Silva",
    "email": "Ana@example.com",
    "other_emails": ["ana.work@example.com", "silva@example.com"],
    "mobile": "912 345 678",
    "other_phones": ["+351 213 456 789 x12"],
    "contact_declined": True,
    "birthday": "1990-05-17",
    "anniversary": "--06-01",
    "gender": "female",
    "referral_source": "A friend",
    "address": {"lines": ["Rua Nova 1", "2.º"], "city": "Lisboa", "postal_code": "1000-001", "country": "PT"},
    "preferences": "Tea\nno perfume",
    "external_ids": [("till", "7"), ("site", "a-1")],
    "language": "pt-pt",
    "zone": "Atlantic/Azores",
}


def add(salon: crm.Salon, name: str = "Ana Silva", **fields: Any) -> crm.Customer:
    return crm.add_customer(salon, MANAGER, name=name, **fields)


def trail(salon: crm.Salon) -> list[crm.AuditEntry]:
    return list(crm.audit_trail(salon, OWNER))


# adding


def test_every_field_of_the_form_is_kept(salon: crm.Salon) -> None:
    customer = crm.add_customer(salon, MANAGER, **WHOLE_FORM)
    assert crm.get_customer(salon, MANAGER, customer.id) == customer
    assert customer == crm.Customer(
        id=customer.id,
        added=NOON,
        name="Ana Maria Silva",
        first_name="Ana",
        last_name="Silva",
        email=crm.EmailAddress("Ana@example.com", "ana@example.com"),
        other_emails=(
            crm.EmailAddress("ana.work@example.com", "ana.work@example.com"),
            crm.EmailAddress("silva@example.com", "silva@example.com"),
        ),
        mobile=crm.PhoneNumber("+351912345678"),
        other_phones=(crm.PhoneNumber("+351213456789", extension="12"),),
        contact_declined=True,
        birthday=crm.PartialDate(5, 17, 1990),
        anniversary=crm.PartialDate(6, 1),
        gender=crm.Gender.FEMALE,
        referral_source="A friend",
        address=crm.Address(lines=("Rua Nova 1", "2.º"), city="Lisboa", postal_code="1000-001", country="PT"),
        preferences="Tea\nno perfume",
        external_ids=(crm.ExternalId("till", "7"), crm.ExternalId("site", "a-1")),
        language="pt-PT",
        zone="Atlantic/Azores",
    )


def test_the_keys_of_e_mails_come_back_from_the_store(salon: crm.Salon) -> None:
    kept = crm.get_customer(salon, MANAGER, crm.add_customer(salon, MANAGER, **WHOLE_FORM).id)
    assert [email.key for email in kept.emails] == ["ana@example.com", "ana.work@example.com", "silva@example.com"]


def test_first_and_last_name_make_the_name(salon: crm.Salon) -> None:
    customer = crm.add_customer(salon, MANAGER, first_name="Ana", last_name="Silva")
    assert customer.name == "Ana Silva"


def test_the_phone_belongs_to_the_region_stated_or_else_the_salons(salon: crm.Salon) -> None:
    assert str(add(salon, mobile="912 345 678").mobile) == "+351912345678"
    assert str(add(salon, mobile="07911 123456", region="GB").mobile) == "+447911123456"


def test_a_new_customer_may_be_inactive_and_have_notes(salon: crm.Salon) -> None:
    customer = add(salon, status="inactive", note="Likes tea", alert_note="Allergic to nuts")
    assert customer.status is crm.Status.INACTIVE
    notes = crm.customer_notes(salon, MANAGER, customer.id)
    assert [(note.text, note.alert) for note in notes] == [("Allergic to nuts", True), ("Likes tea", False)]


def test_all_problems_of_a_form_come_back_together(salon: crm.Salon) -> None:
    before = trail(salon)
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.add_customer(
            salon,
            MANAGER,
            name=" ",
            email="nobody",
            mobile="12",
            birthday="2026-02-30",
            anniversary=date(2026, 3, 3),
            gender="f",  # pyright: ignore[reportArgumentType]
            status="gone",
            note="\0",
            alert_note="",
        )
    assert [problem.field for problem in caught.value.problems] == [
        "name", "email", "mobile", "birthday", "anniversary", "gender", "status", "note", "alert_note",
    ]  # fmt: skip
    assert trail(salon) == before


def test_a_name_is_required(salon: crm.Salon) -> None:
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.add_customer(salon, MANAGER, first_name="Ana")
    assert [(problem.field, problem.code) for problem in caught.value.problems] == [("name", "required")]


@pytest.mark.parametrize("name", ["nmae", "blocked", "version", "former_names", "note_"])
def test_a_field_that_does_not_exist_is_refused(salon: crm.Salon, name: str) -> None:
    unknown: dict[str, Any] = {name: "x"}
    with pytest.raises(crm.InvalidDocument) as caught:
        add(salon, **unknown)
    assert (caught.value.field, caught.value.problems[0].code) == (name, "unknown-field")


def test_adding_says_in_the_audit_who_and_which_fields(salon: crm.Salon) -> None:
    customer = add(salon, email="ana@example.com")
    entry = trail(salon)[-1]
    assert (entry.action, entry.by, entry.role) == (crm.AuditAction.CUSTOMER_ADDED, "bea", crm.Role.MANAGER)
    assert (entry.customer_id, entry.version, entry.fields) == (customer.id, 1, ("email", "name"))


# ids, references and when it happened


def test_a_customer_may_be_given_an_id(salon: crm.Salon) -> None:
    assert add(salon, id=CHOSEN).id == CHOSEN
    assert add(salon, id=str(OTHER)).id == OTHER


@pytest.mark.parametrize("wrong", ["", "7", 7, "x" * 36])
def test_an_id_that_is_no_uuid_is_refused(salon: crm.Salon, wrong: Any) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        add(salon, id=wrong)
    assert (caught.value.field, caught.value.code) == ("id", "not-an-id")


@pytest.mark.parametrize("edge", [0, (1 << 128) - 1])
def test_no_customer_has_the_first_or_the_last_id_there_is(salon: crm.Salon, edge: int) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        add(salon, id=UUID(int=edge))
    assert (caught.value.field, caught.value.code) == ("id", "id-reserved")
    assert crm.count_customers(salon, MANAGER) == 0


def test_an_id_is_used_once_even_where_its_customer_was_removed(salon: crm.Salon) -> None:
    add(salon, id=CHOSEN)
    with pytest.raises(crm.Conflict, match="another record"):
        add(salon, "Rui", id=CHOSEN)
    crm.remove_customer(salon, MANAGER, CHOSEN)
    with pytest.raises(crm.Conflict) as caught:
        add(salon, "Rui", id=CHOSEN)
    assert (caught.value.field, caught.value.code) == ("id", "id-taken")


def test_calling_again_with_a_reference_returns_the_customer_as_they_are_now(salon: crm.Salon) -> None:
    first = crm.add_customer(salon, MANAGER, **WHOLE_FORM, note="Tea", reference="form 1")
    now = crm.edit_customer(salon, MANAGER, first.id, name="Ana Sousa").customer
    before = trail(salon)
    again = crm.add_customer(salon, MANAGER, **WHOLE_FORM, note="Tea", reference="form 1", at=NOON - timedelta(days=1))
    assert again == now
    assert crm.count_customers(salon, MANAGER) == 1
    assert len(crm.customer_notes(salon, MANAGER, first.id)) == 1
    assert trail(salon) == before


CHANGED: dict[str, Any] = {
    "name": "Ana Sousa",
    "first_name": "Anna",
    "last_name": None,
    "email": "other@example.com",
    "other_emails": ["ana.work@example.com", "other@example.com"],
    "mobile": "912 345 679",
    "other_phones": ["+351 213 456 789 x13"],
    "contact_declined": False,
    "birthday": "1990-05-18",
    "anniversary": "2020-06-01",
    "gender": "other",
    "referral_source": "The web",
    "address": {"lines": ["Rua Nova 2", "2.º"], "city": "Lisboa", "postal_code": "1000-001", "country": "PT"},
    "preferences": "Coffee",
    "external_ids": [("till", "8"), ("site", "a-1")],
    "language": "en",
    "zone": "Europe/Madrid",
    "status": "inactive",
    "note": "Coffee",
    "alert_note": "Nuts",
    "id": CHOSEN,
}


@pytest.mark.parametrize("changed", CHANGED)
def test_a_reference_with_other_content_is_a_conflict(salon: crm.Salon, changed: str) -> None:
    crm.add_customer(salon, MANAGER, **WHOLE_FORM, note="Tea", reference="form 1")
    form: dict[str, Any] = {**WHOLE_FORM, "note": "Tea", changed: CHANGED[changed]}
    with pytest.raises(crm.Conflict) as caught:
        crm.add_customer(salon, MANAGER, **form, reference="form 1")
    assert (caught.value.field, caught.value.code) == ("reference", "reference-reused")
    assert crm.count_customers(salon, MANAGER) == 1


def test_content_written_in_another_way_is_the_same_content(salon: crm.Salon) -> None:
    first = add(salon, mobile="912 345 678", birthday="1990-05-17", reference="r", id=CHOSEN)
    again = add(salon, "Ana  Silva ", mobile="+351912345678", birthday=date(1990, 5, 17), reference="r", id=str(CHOSEN))
    assert again == first


def test_after_a_removal_a_reference_says_so_and_adds_nobody(salon: crm.Salon) -> None:
    customer = add(salon, reference="r")
    crm.remove_customer(salon, MANAGER, customer.id)
    with pytest.raises(crm.NotFound) as caught:
        add(salon, reference="r")
    assert (caught.value.code, caught.value.params["id"]) == ("gone", str(customer.id))
    assert crm.count_customers(salon, MANAGER) == 0


def test_a_refused_attempt_leaves_its_reference_free(salon: crm.Salon) -> None:
    with pytest.raises(crm.InvalidDocument):
        add(salon, email="nobody", reference="r")
    assert add(salon, reference="r").name == "Ana Silva"


def test_what_happened_earlier_is_recorded_now(salon: crm.Salon) -> None:
    earlier = NOON - timedelta(days=3)
    assert add(salon, at=earlier).added == earlier
    entry = trail(salon)[-1]
    assert (entry.at, entry.recorded) == (earlier, NOON)


@pytest.mark.parametrize(
    ("at", "code"),
    [
        (NOON + timedelta(microseconds=1), "instant-in-future"),
        (NOON.replace(tzinfo=None), "instant-naive"),
        ("2026-03-02", "wrong-type"),
        (date(2026, 3, 2), "wrong-type"),
        (datetime.max.replace(tzinfo=UTC), "instant-in-future"),
    ],
)
def test_when_it_happened_is_a_past_instant(salon: crm.Salon, at: Any, code: str) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        add(salon, at=at)
    assert (caught.value.field, caught.value.code) == ("at", code)


def test_an_external_id_belongs_to_one_customer(salon: crm.Salon) -> None:
    ana = add(salon, external_ids=[("till", "7")])
    for attempt in (
        lambda: add(salon, "Rui", external_ids=[("site", "1"), ("till", "7")]),
        lambda: crm.edit_customer(salon, MANAGER, add(salon, "Eva").id, external_ids=[("till", "7")]),
    ):
        with pytest.raises(crm.Conflict) as caught:
            attempt()
        assert (caught.value.field, caught.value.params["customer_id"]) == ("external_ids", str(ana.id))
    crm.remove_customer(salon, MANAGER, ana.id)
    assert add(salon, "Rui", external_ids=[("till", "7")]).external_ids == (crm.ExternalId("till", "7"),)


# editing


def test_what_is_not_passed_stays_and_none_clears(salon: crm.Salon) -> None:
    customer = crm.add_customer(salon, MANAGER, **WHOLE_FORM)
    edit = crm.edit_customer(salon, MANAGER, customer.id, gender=None, other_emails=None, contact_declined=None)
    assert edit.changed == ("other_emails", "contact_declined", "gender")
    kept = crm.get_customer(salon, MANAGER, customer.id)
    assert kept == edit.customer
    assert (kept.gender, kept.other_emails, kept.contact_declined) == (None, (), False)
    assert (kept.version, kept.name, kept.mobile, kept.address) == (2, customer.name, customer.mobile, customer.address)


def test_where_nothing_differs_nothing_is_written(salon: crm.Salon) -> None:
    customer = crm.add_customer(salon, MANAGER, **WHOLE_FORM)
    before = trail(salon)
    edit = crm.edit_customer(salon, MANAGER, customer.id, **WHOLE_FORM)
    assert (edit.customer, edit.changed) == (customer, ())
    assert crm.edit_customer(salon, MANAGER, customer.id).customer.version == 1
    assert trail(salon) == before


def test_an_edit_says_in_the_audit_which_fields_and_the_version(salon: crm.Salon) -> None:
    customer = add(salon, email="ana@example.com")
    crm.edit_customer(salon, MANAGER, customer.id, email=None, gender="female")
    entry = trail(salon)[-1]
    assert (entry.action, entry.version) == (crm.AuditAction.CUSTOMER_EDITED, 2)
    assert entry.fields == ("email", "gender")


def test_editing_a_part_rejoins_a_joined_name_only(salon: crm.Salon) -> None:
    joined = crm.add_customer(salon, MANAGER, first_name="Ana", last_name="Silva")
    assert crm.edit_customer(salon, MANAGER, joined.id, last_name="Sousa").customer.name == "Ana Sousa"
    stated = crm.add_customer(salon, MANAGER, name="Dr Ana Silva", first_name="Ana", last_name="Silva")
    assert crm.edit_customer(salon, MANAGER, stated.id, last_name="Sousa").customer.name == "Dr Ana Silva"


def test_a_name_cannot_be_cleared(salon: crm.Salon) -> None:
    customer = add(salon)
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.edit_customer(salon, MANAGER, customer.id, name=None)
    assert (caught.value.field, caught.value.problems[0].code) == ("name", "required")


def test_all_problems_of_an_edit_come_back_together_and_nothing_is_saved(salon: crm.Salon) -> None:
    customer = add(salon)
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.edit_customer(salon, MANAGER, customer.id, gender="female", email="x", zone="Moon/Base")
    assert [problem.field for problem in caught.value.problems] == ["email", "zone"]
    assert crm.get_customer(salon, MANAGER, customer.id) == customer


def test_former_names_and_contacts_are_kept_for_search(salon: crm.Salon) -> None:
    customer = add(salon, email="ana@example.com", mobile="912 345 678")
    edited = crm.edit_customer(
        salon, MANAGER, customer.id, name="Ana Sousa", email="sousa@example.com", mobile=None
    ).customer
    assert edited.former_names == ("Ana Silva",)
    assert edited.former_emails == (customer.email,)
    assert edited.former_phones == (customer.mobile,)
    for text in ("silva", "ana@example.com", "912345678", "sousa"):
        assert len(crm.find_customers(salon, MANAGER, crm.CustomerFilter(text=text))) == 1


def test_a_contact_taken_up_again_is_no_longer_a_former_one(salon: crm.Salon) -> None:
    customer = add(salon, email="ana@example.com")
    crm.edit_customer(salon, MANAGER, customer.id, email="new@example.com")
    back = crm.edit_customer(salon, MANAGER, customer.id, email="ana@example.com").customer
    assert [str(email) for email in back.former_emails] == ["new@example.com"]


def test_former_values_are_not_kept_where_the_edit_says_so(salon: crm.Salon) -> None:
    customer = add(salon, email="ana@example.com")
    edited = crm.edit_customer(salon, MANAGER, customer.id, email="new@example.com", keep_former=False).customer
    assert edited.former_emails == ()


def test_former_values_are_forgotten_without_trace(salon: crm.Salon) -> None:
    customer = add(salon, email="old@example.com")
    crm.edit_customer(salon, MANAGER, customer.id, name="Ana Sousa", email="new@example.com")
    forgotten = crm.forget_former(salon, MANAGER, customer.id)
    assert (forgotten.former_names, forgotten.former_emails, forgotten.version) == ((), (), 3)
    for text in ("silva", "old@example.com"):
        assert not crm.find_customers(salon, MANAGER, crm.CustomerFilter(text=text)).items
    before = trail(salon)
    assert crm.forget_former(salon, MANAGER, customer.id) == forgotten
    assert trail(salon) == before


# two desks at one profile


def test_two_desks_that_edit_different_fields_both_stand(salon: crm.Salon) -> None:
    opened = add(salon)
    crm.edit_customer(salon, MANAGER, opened.id, version=1, email="ana@example.com")
    edit = crm.edit_customer(salon, OWNER, opened.id, version=1, gender="female")
    assert (edit.changed, edit.customer.version) == (("gender",), 3)
    assert str(edit.customer.email) == "ana@example.com"


def test_the_second_desk_to_edit_a_field_is_refused_naming_it(salon: crm.Salon) -> None:
    opened = add(salon)
    crm.edit_customer(salon, MANAGER, opened.id, version=1, name="Ana Sousa", gender="female")
    with pytest.raises(crm.Conflict) as caught:
        crm.edit_customer(salon, OWNER, opened.id, version=1, name="Ana Santos", gender="other", zone="Europe/Lisbon")
    assert (caught.value.code, caught.value.field) == ("stale", "name")
    assert caught.value.params["fields"] == ("name", "gender")
    assert crm.get_customer(salon, MANAGER, opened.id).version == 2


def test_two_desks_that_say_the_same_agree(salon: crm.Salon) -> None:
    opened = add(salon)
    crm.edit_customer(salon, MANAGER, opened.id, version=1, gender="female")
    assert crm.edit_customer(salon, OWNER, opened.id, version=1, gender="female").changed == ()


def test_without_a_version_the_last_desk_wins(salon: crm.Salon) -> None:
    opened = add(salon)
    crm.edit_customer(salon, MANAGER, opened.id, gender="female")
    assert crm.edit_customer(salon, OWNER, opened.id, gender="other").customer.gender is crm.Gender.OTHER


@pytest.mark.parametrize("version", [2, 0, -1, True, "1", 1.0])
def test_a_version_the_customer_never_had_is_refused(salon: crm.Salon, version: Any) -> None:
    customer = add(salon)
    with pytest.raises(crm.InvalidValue) as caught:
        crm.edit_customer(salon, MANAGER, customer.id, version=version, gender="female")
    assert (caught.value.field, caught.value.code) == ("version", "version-unknown")


def test_notes_blocks_and_status_never_make_a_form_stale(salon: crm.Salon) -> None:
    opened = add(salon)
    note = crm.add_note(salon, MANAGER, opened.id, text="Tea")
    crm.edit_note(salon, MANAGER, note.id, text="Coffee", alert=True)
    crm.block_customer(salon, MANAGER, opened.id, reason="No-shows")
    crm.deactivate_customer(salon, MANAGER, opened.id)
    crm.unblock_customer(salon, MANAGER, opened.id)
    edit = crm.edit_customer(salon, OWNER, opened.id, version=1, **WHOLE_FORM)
    assert edit.customer.status is crm.Status.INACTIVE


def test_a_form_open_for_long_is_compared_with_all_that_happened_since(salon: crm.Salon) -> None:
    opened = add(salon)
    crm.edit_customer(salon, MANAGER, opened.id, version=1, gender="female")
    with salon.transaction() as tx:
        for count in range(120):
            crm.edit_customer(tx, MANAGER, opened.id, preferences=f"Tea {count}")
    assert crm.edit_customer(salon, OWNER, opened.id, version=1, zone="Europe/Lisbon").changed == ("zone",)
    assert crm.edit_customer(salon, OWNER, opened.id, version=2, gender="other").changed == ("gender",)
    with pytest.raises(crm.Conflict) as caught:
        crm.edit_customer(salon, OWNER, opened.id, version=1, gender="male")
    assert caught.value.params["fields"] == ("gender",)


# reading


def test_a_customer_is_got_by_id_its_text_and_by_another_systems_id(salon: crm.Salon) -> None:
    customer = add(salon, external_ids=[("till", "7")])
    for found in (
        crm.get_customer(salon, MANAGER, customer.id),
        crm.get_customer(salon, MANAGER, str(customer.id)),
        crm.get_customer(salon, MANAGER, customer.id.hex.upper()),
        crm.get_customer(salon, MANAGER, external=("till", "7")),
        crm.get_customer(salon, MANAGER, external=crm.ExternalId("till", "7")),
    ):
        assert found == customer


def test_a_merged_id_finds_the_customer_who_was_kept(salon: crm.Salon) -> None:
    kept = add(salon)
    with salon.writing() as writing:
        writing.aliases.add(Alias(crm_id(CHOSEN), kept.id))
    assert crm.get_customer(salon, MANAGER, CHOSEN) == kept
    assert crm.get_customers(salon, MANAGER, [CHOSEN]).found == {CHOSEN: kept}
    assert crm.edit_customer(salon, MANAGER, CHOSEN, gender="other").customer.id == kept.id
    assert crm.add_note(salon, MANAGER, CHOSEN, text="Tea").customer_id == kept.id


def crm_id(value: UUID) -> Any:
    return value


def test_who_is_not_there_is_not_found_and_who_was_removed_is_gone(salon: crm.Salon) -> None:
    customer = add(salon, external_ids=[("till", "7")])
    crm.remove_customer(salon, MANAGER, customer.id)
    for asked, code in ((CHOSEN, "not-found"), (customer.id, "gone")):
        with pytest.raises(crm.NotFound) as caught:
            crm.get_customer(salon, MANAGER, asked)
        assert (caught.value.code, caught.value.params["id"]) == (code, str(asked))
    with pytest.raises(crm.NotFound):
        crm.get_customer(salon, MANAGER, external=("till", "7"))


def test_one_way_of_asking_for_a_customer_is_needed(salon: crm.Salon) -> None:
    for asked in ({}, {"external": ("till", "7")}):
        with pytest.raises(crm.InvalidValue) as caught:
            crm.get_customer(salon, MANAGER, *([CHOSEN] if asked else []), **asked)
        assert caught.value.code == "required"
    with pytest.raises(crm.InvalidValue) as caught:
        crm.get_customer(salon, MANAGER, "Ana Silva")
    assert caught.value.code == "not-an-id"


def test_many_are_got_at_once_in_the_order_asked_and_the_absent_are_named(salon: crm.Salon) -> None:
    ana, rui = add(salon), add(salon, "Rui")
    found = crm.get_customers(salon, MANAGER, [rui.id, CHOSEN, str(ana.id), rui.id])
    assert list(found.found) == [rui.id, ana.id]
    assert list(found.found.values()) == [rui, ana]
    assert found.absent == (CHOSEN,)


def test_at_most_ten_thousand_are_got_at_once(salon: crm.Salon) -> None:
    ids = [UUID(int=number) for number in range(10_001)]
    assert len(crm.get_customers(salon, MANAGER, ids[1:]).absent) == 10_000
    with pytest.raises(crm.InvalidValue) as caught:
        crm.get_customers(salon, MANAGER, ids)
    assert (caught.value.code, caught.value.params["count"]) == ("too-many", 10_001)
    for wrong in (str(CHOSEN), 7, ["x"]):
        with pytest.raises(crm.InvalidValue):
            crm.get_customers(salon, MANAGER, wrong)  # type: ignore[arg-type]  # pyright: ignore[reportArgumentType]


# status


def test_inactive_hides_and_active_shows_again(salon: crm.Salon) -> None:
    customer = add(salon)
    deactivation = crm.deactivate_customer(salon, MANAGER, customer.id)
    assert deactivation.customer.status is crm.Status.INACTIVE
    assert deactivation.future_bookings == ()
    assert crm.count_customers(salon, MANAGER, crm.CustomerFilter(status="active")) == 0
    assert crm.activate_customer(salon, MANAGER, customer.id).status is crm.Status.ACTIVE
    assert crm.get_customer(salon, MANAGER, customer.id).version == 3
    assert [entry.action for entry in trail(salon)[-2:]] == [
        crm.AuditAction.CUSTOMER_DEACTIVATED,
        crm.AuditAction.CUSTOMER_ACTIVATED,
    ]


def test_a_status_set_twice_is_written_once(salon: crm.Salon) -> None:
    customer = add(salon)
    assert crm.activate_customer(salon, MANAGER, customer.id) == customer
    crm.deactivate_customer(salon, MANAGER, customer.id)
    before = trail(salon)
    assert crm.deactivate_customer(salon, MANAGER, customer.id).customer.version == 2
    assert trail(salon) == before


# removing


def test_an_entry_made_in_error_is_removed(salon: crm.Salon) -> None:
    customer = add(salon, email="ana@example.com")
    crm.remove_customer(salon, MANAGER, customer.id)
    assert crm.count_customers(salon, MANAGER) == 0
    assert not crm.match_customers(salon, MANAGER, name="Ana Silva", email="ana@example.com")
    entry = trail(salon)[-1]
    assert (entry.action, entry.customer_id) == (crm.AuditAction.CUSTOMER_REMOVED, customer.id)
    with pytest.raises(crm.NotFound, match="was removed"):
        crm.remove_customer(salon, MANAGER, customer.id)


def test_a_customer_with_history_is_not_removed_and_the_history_is_named(salon: crm.Salon) -> None:
    customer = add(salon, note="Tea", alert_note="Nuts")
    with salon.writing() as writing:
        writing.aliases.add(Alias(crm_id(CHOSEN), customer.id))
    with pytest.raises(crm.RuleBroken, match=r"notes \(2\), aliases \(1\).*Deactivate") as caught:
        crm.remove_customer(salon, MANAGER, customer.id)
    assert caught.value.code == "has-history"
    assert crm.get_customer(salon, MANAGER, customer.id) == customer


def test_after_its_history_is_removed_a_customer_can_be(salon: crm.Salon, clock: FixedClock) -> None:
    customer = add(salon, note="Tea")
    clock.advance(minutes=1)
    for note in crm.customer_notes(salon, MANAGER, customer.id):
        crm.remove_note(salon, MANAGER, note.id)
    crm.remove_customer(salon, MANAGER, customer.id)
    assert crm.count_customers(salon, MANAGER) == 0


def test_what_is_missing_is_told_with_what_is_wrong(salon: crm.Salon) -> None:
    crm.change_settings(salon, OWNER, required_fields=["email", "gender"])
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.add_customer(salon, STAFF, email="nobody", birthday="2090-01-01")
    assert [(problem.field, problem.code) for problem in caught.value.problems] == [
        ("email", "email-invalid"),
        ("birthday", "date-in-future"),
        ("name", "required"),
        ("gender", "required"),
    ]


def test_a_part_of_the_name_that_is_wrong_is_not_missing_as_well(salon: crm.Salon) -> None:
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.add_customer(salon, STAFF, first_name="Ana", last_name="x" * 300)
    assert [problem.field for problem in caught.value.problems] == ["last_name"]


def test_clearing_one_part_of_a_joined_name_leaves_the_other(salon: crm.Salon) -> None:
    ana = crm.add_customer(salon, STAFF, first_name="Ana", last_name="Silva")
    edited = crm.edit_customer(salon, STAFF, ana.id, last_name=None)
    assert (edited.customer.name, edited.customer.last_name) == ("Ana", None)
    assert edited.customer.former_names == ("Ana Silva",)


@pytest.mark.parametrize("fields", [{"note": "Likes tea."}, {"alert_note": "Likes tea."}, {"status": "inactive"}])
def test_adding_does_nothing_that_the_actor_may_not_do_by_itself(fields: dict[str, Any]) -> None:
    table = crm.PermissionTable(roles={crm.Role.STAFF: {crm.Permission.ADD_CUSTOMERS: crm.Grant()}})
    with crm.open_salon(region="PT", zone="UTC", currency="EUR", permissions=table) as salon:
        crm.add_customer(salon, STAFF, name="Ana Silva")
        with pytest.raises(crm.NotPermitted):
            crm.add_customer(salon, STAFF, name="Eva Reis", **fields)


def test_a_customer_may_not_fill_what_is_the_salons(salon: crm.Salon) -> None:
    ana = crm.add_customer(salon, STAFF, name="Ana Silva")
    herself = crm.Actor.for_customer(ana.id)
    wrong: list[dict[str, Any]] = [{"external_ids": [("till", "1")]}, {"referral_source": "a friend"}]
    for fields in wrong:
        with pytest.raises(crm.NotPermitted) as caught:
            crm.edit_customer(salon, herself, ana.id, **fields)
        assert (caught.value.code, caught.value.field) == ("not-permitted-field", *fields)
    assert crm.edit_customer(salon, herself, ana.id, email="ana@example.com").changed == ("email",)
