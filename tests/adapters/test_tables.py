"""How records become rows: the JSON that is put together by hand is the JSON of the library."""

import json
from datetime import UTC, datetime

from hypothesis import given
from hypothesis import strategies as st

from salon_crm.adapters.sql.tables import entry_from_row, entry_to_row
from salon_crm.domain.access import Role
from salon_crm.domain.audit import AuditAction, AuditEntry, Detail

NOW = datetime(2026, 3, 2, 9, tzinfo=UTC)
TEXTS = st.text() | st.sampled_from(('"', "\\", "\0", "é", "}", "\u2028"))
DETAILS = st.dictionaries(TEXTS, TEXTS | st.integers() | st.booleans() | st.none(), max_size=4)


@given(fields=st.lists(TEXTS, max_size=4), details=DETAILS)
def test_the_row_of_an_entry_holds_its_fields_and_details_as_json(
    fields: list[str], details: dict[str, Detail]
) -> None:
    entry = AuditEntry(
        sequence=1,
        at=NOW,
        recorded=NOW,
        by="olga",
        role=Role.OWNER,
        action=AuditAction.CUSTOMER_ADDED,
        fields=tuple(fields),
        details=details,
    )
    row = entry_to_row(entry)
    assert row[8:10] == tuple(json.dumps(each, ensure_ascii=False, separators=(",", ":")) for each in (fields, details))
    assert entry_from_row((*row[:10], b"")) == entry
