"""The text of a note."""

import pytest

from salon_crm.domain.notes import clean_note
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
