"""What one row of a list says."""

from datetime import timedelta

import pytest
from tests.domain.samples import CONTEXT, TODAY

from salon_crm.domain.transfer.rows import read_row
from salon_crm.errors import InvalidDocument


@pytest.mark.parametrize("days", [0, 1])
def test_a_row_may_be_added_today_wherever_the_salon_is(days: int) -> None:
    cells = {"name": ["Ana"], "added": [str(TODAY + timedelta(days=days))]}
    added = read_row(2, cells, system="till", context=CONTEXT).added
    assert added is not None
    assert added.date() == TODAY + timedelta(days=days)


@pytest.mark.parametrize("written", [str(TODAY + timedelta(days=2)), "2999-01-01T00:00:00Z", "9999-12-31"])
def test_a_row_added_in_the_future_is_refused(written: str) -> None:
    with pytest.raises(InvalidDocument) as caught:
        read_row(2, {"name": ["Ana"], "added": [written]}, system="till", context=CONTEXT)
    assert [(problem.field, problem.code) for problem in caught.value.problems] == [("added", "instant-in-future")]
