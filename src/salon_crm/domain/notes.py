"""Notes staff keep about a customer: plain ones, and alert notes that are seen first."""

from datetime import datetime

from attrs import field, frozen

from salon_crm.domain.ids import CustomerId, NoteId
from salon_crm.domain.privacy import BEHAVIOUR, OPERATOR, classed
from salon_crm.domain.text import NOTE_LIMIT, clean_text


@frozen(field_transformer=classed, kw_only=True)
class Note:
    """A note about a customer; ``alert`` ones are shown first. ``at`` is when it was first written."""

    id: NoteId = field(metadata=OPERATOR)
    customer_id: CustomerId = field(metadata=OPERATOR)
    text: str = field(metadata=BEHAVIOUR)
    alert: bool = field(default=False, metadata=OPERATOR)
    at: datetime = field(metadata=OPERATOR)
    by: str = field(metadata=OPERATOR)
    edited_at: datetime | None = field(default=None, metadata=OPERATOR)
    edited_by: str | None = field(default=None, metadata=OPERATOR)
    version: int = field(default=1, metadata=OPERATOR)


def clean_note(value: object, name: str = "text") -> str:
    """Return a note's text as it is kept: up to 10,000 characters, line breaks and tabs allowed."""
    return clean_text(value, name, limit=NOTE_LIMIT, lines=True)
