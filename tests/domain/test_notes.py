"""The text of a note."""

from uuid import UUID

import pytest
from tests.domain.samples import NOW, customer_id

from salon_crm.domain.ids import NoteId
from salon_crm.domain.notes import Note, clean_note
from salon_crm.domain.text import NOTE_LIMIT
from salon_crm.errors import InvalidValue


def test_a_note_has_lines_tabs_and_ten_thousand_characters() -> None:
    assert clean_note(" one\r\n\ttwo \n") == "one\n\ttwo"
    assert clean_note("a" * NOTE_LIMIT) == "a" * 10_000
    with pytest.raises(InvalidValue, match="alert_note: has 10001 characters"):
        clean_note("a" * (NOTE_LIMIT + 1), "alert_note")


@pytest.mark.parametrize("text", ["", " \n ", None, "a\0", "a\u202e"])
def test_a_note_that_cannot_be_kept_is_refused(text: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        clean_note(text)
    assert caught.value.field == "text"


def test_a_note_is_no_alert_and_unedited_unless_it_says_so() -> None:
    note = Note(id=NoteId(UUID(int=1)), customer_id=customer_id(1), text="Likes tea.", at=NOW, by="olga")
    assert (note.alert, note.edited_at, note.edited_by, note.version) == (False, None, None, 1)
