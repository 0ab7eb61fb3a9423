"""Notes about a customer, on every store."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.use_cases.actors import MANAGER, OWNER, STAFF

import salon_crm as crm
from salon_crm.testing.doubles import NOON, FixedClock

CHOSEN = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


@pytest.fixture
def ana(salon: crm.Salon) -> crm.Customer:
    return crm.add_customer(salon, MANAGER, name="Ana Silva")


def test_a_note_is_kept_with_who_and_when(salon: crm.Salon, ana: crm.Customer) -> None:
    note = crm.add_note(salon, STAFF, ana.id, text=" Likes tea\r\nand silence\t! ")
    assert (note.text, note.alert, note.by, note.at) == ("Likes tea\nand silence\t!", False, "carla", NOON)
    assert crm.customer_notes(salon, STAFF, ana.id) == (note,)


def test_alert_notes_come_first_then_the_newest(salon: crm.Salon, ana: crm.Customer, clock: FixedClock) -> None:
    for text, alert in (("first", False), ("first alert", True), ("second", False), ("second alert", True)):
        crm.add_note(salon, STAFF, ana.id, text=text, alert=alert)
        clock.advance(minutes=1)
    texts = [note.text for note in crm.customer_notes(salon, STAFF, ana.id)]
    assert texts == ["second alert", "first alert", "second", "first"]


def test_a_row_of_the_list_counts_the_alert_notes(salon: crm.Salon, ana: crm.Customer) -> None:
    for alert in (True, False, True):
        crm.add_note(salon, STAFF, ana.id, text="Nuts", alert=alert)
    assert [row.alerts for row in crm.find_customers(salon, STAFF)] == [2]


def test_a_note_may_have_happened_earlier(salon: crm.Salon, ana: crm.Customer) -> None:
    earlier = NOON - timedelta(days=1)
    assert crm.add_note(salon, STAFF, ana.id, text="Tea", at=earlier).at == earlier


def test_an_edit_changes_what_is_passed_and_says_who(salon: crm.Salon, ana: crm.Customer, clock: FixedClock) -> None:
    note = crm.add_note(salon, STAFF, ana.id, text="Tea")
    clock.advance(minutes=5)
    edited = crm.edit_note(salon, MANAGER, note.id, text="Coffee")
    assert (edited.text, edited.alert, edited.by, edited.at) == ("Coffee", False, "carla", NOON)
    assert (edited.edited_by, edited.edited_at, edited.version) == ("bea", clock.now(), 2)
    alert = crm.edit_note(salon, MANAGER, note.id, alert=True)
    assert (alert.text, alert.alert, alert.version) == ("Coffee", True, 3)
    assert crm.customer_notes(salon, STAFF, ana.id) == (alert,)


@pytest.mark.parametrize(
    ("changes", "fields"),
    [
        ({"alert": True}, ("alert",)),
        ({"text": "Likes coffee."}, ("text",)),
        ({"text": "Likes tea.", "alert": True}, ("alert",)),
        ({"text": "Likes coffee.", "alert": True}, ("text", "alert")),
    ],
)
def test_the_audit_says_what_of_a_note_was_changed_and_nothing_else(
    salon: crm.Salon, ana: crm.Customer, changes: dict[str, Any], fields: tuple[str, ...]
) -> None:
    note = crm.add_note(salon, STAFF, ana.id, text="Likes tea.")
    crm.edit_note(salon, STAFF, note.id, **changes)
    assert crm.audit_trail(salon, OWNER)[-1].fields == fields


def test_an_edit_that_changes_nothing_writes_nothing(salon: crm.Salon, ana: crm.Customer) -> None:
    note = crm.add_note(salon, STAFF, ana.id, text="Tea")
    before = crm.audit_trail(salon, OWNER)
    assert crm.edit_note(salon, MANAGER, note.id, text=" Tea", alert=False) == note
    assert crm.audit_trail(salon, OWNER) == before


def test_a_removed_note_is_gone_and_the_audit_says_there_was_one(salon: crm.Salon, ana: crm.Customer) -> None:
    note = crm.add_note(salon, STAFF, ana.id, text="Tea")
    crm.remove_note(salon, MANAGER, note.id)
    assert crm.customer_notes(salon, STAFF, ana.id) == ()
    entry = crm.audit_trail(salon, OWNER)[-1]
    assert (entry.action, entry.customer_id) == (crm.AuditAction.NOTE_REMOVED, ana.id)
    assert entry.details == {"note": str(note.id)}
    for attempt in (crm.remove_note, crm.edit_note):
        with pytest.raises(crm.NotFound):
            attempt(salon, MANAGER, note.id)


def test_calling_again_with_a_reference_returns_the_note_as_it_is_now(salon: crm.Salon, ana: crm.Customer) -> None:
    note = crm.add_note(salon, STAFF, ana.id, text="Tea", reference="n1")
    edited = crm.edit_note(salon, STAFF, note.id, text="Coffee")
    assert crm.add_note(salon, STAFF, ana.id, text="Tea", reference="n1") == edited
    others: list[dict[str, Any]] = [{"text": "Milk"}, {"text": "Tea", "alert": True}]
    for other in others:
        with pytest.raises(crm.Conflict) as caught:
            crm.add_note(salon, STAFF, ana.id, reference="n1", **other)
        assert caught.value.code == "reference-reused"
    crm.remove_note(salon, STAFF, note.id)
    with pytest.raises(crm.NotFound, match="was removed"):
        crm.add_note(salon, STAFF, ana.id, text="Tea", reference="n1")


def test_one_reference_serves_one_act_of_each_command(salon: crm.Salon, ana: crm.Customer) -> None:
    note = crm.add_note(salon, STAFF, ana.id, text="Tea", reference="1")
    block = crm.block_customer(salon, MANAGER, ana.id, reason="Tea", reference="1")
    assert crm.add_note(salon, STAFF, ana.id, text="Tea", reference="1") == note
    assert crm.block_customer(salon, MANAGER, ana.id, reason="Tea", reference="1") == block


def test_the_id_of_a_note_is_used_once(salon: crm.Salon, ana: crm.Customer) -> None:
    assert crm.add_note(salon, STAFF, ana.id, text="Tea", id=CHOSEN).id == CHOSEN
    with pytest.raises(crm.Conflict) as caught:
        crm.add_note(salon, STAFF, ana.id, text="Coffee", id=str(CHOSEN))
    assert (caught.value.field, caught.value.code) == ("id", "id-taken")


@pytest.mark.parametrize(
    ("text", "code"),
    [
        ("", "text-empty"),
        (" \n", "text-empty"),
        ("x" * 10_001, "text-too-long"),
        ("x" * 1_000_000, "text-too-long"),
        ("a\0b", "text-forbidden-character"),
        (None, "wrong-type"),
        (7, "wrong-type"),
    ],
)
def test_a_text_that_cannot_be_kept_is_refused(salon: crm.Salon, ana: crm.Customer, text: Any, code: str) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.add_note(salon, STAFF, ana.id, text=text)
    assert (caught.value.field, caught.value.code) == ("text", code)


def test_a_note_takes_ten_thousand_characters(salon: crm.Salon, ana: crm.Customer) -> None:
    note = crm.add_note(salon, STAFF, ana.id, text="é" * 10_000)
    assert crm.customer_notes(salon, STAFF, ana.id) == (note,)


def test_an_alert_is_true_or_false(salon: crm.Salon, ana: crm.Customer) -> None:
    wrong: Any = "no"
    with pytest.raises(crm.InvalidValue) as caught:
        crm.add_note(salon, STAFF, ana.id, text="Tea", alert=wrong)
    assert (caught.value.field, caught.value.code) == ("alert", "wrong-type")


def test_notes_of_nobody_are_not_found(salon: crm.Salon) -> None:
    with pytest.raises(crm.NotFound):
        crm.customer_notes(salon, STAFF, CHOSEN)
    with pytest.raises(crm.NotFound):
        crm.add_note(salon, STAFF, CHOSEN, text="Tea")
