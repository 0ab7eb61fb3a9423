"""What one row of a list says."""

from datetime import timedelta

import pytest
from tests.domain.samples import CONTEXT, TODAY

from salon_crm.domain.transfer.layouts import OWN_LAYOUT, recognise
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


@pytest.mark.parametrize(
    ("columns", "layout"),
    [
        (("id", "version"), OWN_LAYOUT),
        (("id", "version", "added"), OWN_LAYOUT),
        (("id", "version", "mobile", "problem_line"), OWN_LAYOUT),
        (("id", "version", "added", "Loyalty card"), OWN_LAYOUT),
        (("id", "version", "Loyalty card"), None),
        (("id", "name", "mobile"), None),
    ],
)
def test_a_list_is_our_own_by_its_ids_and_versions(columns: tuple[str, ...], layout: str | None) -> None:
    assert recognise(columns).layout == layout


@pytest.mark.parametrize(
    ("columns", "name_is"),
    [
        (("Name", "Vorname"), "last_name"),
        (("Name", "Vorname", "Nachname"), None),
        (("Full name", "Vorname", "Nachname"), "name"),
        (("Name", "Nachname"), "name"),
        (("Name",), "name"),
    ],
)
def test_a_column_of_names_is_what_its_neighbours_leave_it_to_be(columns: tuple[str, ...], name_is: str | None) -> None:
    assert recognise(columns).mapping[columns[0]] == name_is
