"""What holds of every list, however small and hostile."""

import gc
import tracemalloc
from io import BytesIO
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.use_cases.actors import OWNER
from tests.use_cases.lists import bring, content_of, figures, people, records, table

import salon_crm as crm
from salon_crm.testing.doubles import CountedIds, FixedClock

pytestmark = pytest.mark.no_cover

IDS: Final = tuple(f"01890a5d-ac96-774b-bcce-b302099a805{n}" for n in range(3))
CELLS: Final[dict[str, tuple[str, ...]]] = {
    "name": ("Ana Silva", "SILVA, Ana", "Ana Costa", "Bea Dias", "none", ",", "'t Hart", "=1+1", "x" * 201),
    "first_name": ("Ana", "Bea", " "),
    "last_name": ("Silva", "Costa"),
    "email": ("ana@example.com", "ANA@example.com", "bea@example.com", "none@example.com", "ana@@example.com"),
    "other_emails": ("bea@example.com", "ana@example.com; bea@example.com"),
    "mobile": ("912 345 678", "+351 912345678", "+447700900123", "0000000000", "12", "ask her mum"),
    "other_phones": ("912 345 678", "+447700900123; +447700900456 x12"),
    "birthday": ("1990-05-17", "17/05/1990", "05/06/1990", "05/05/1990", "12/31", "soon"),
    "gender": ("f", "M", "Capricorn", "-"),
    "address_lines": ("Rua Nova 1", "a\nb"),
    "city": ("Lisboa", "Porto"),
    "country": ("PT", "Spain", "Atlantis"),
    "contact_declined": ("yes", "no"),
    "preferences": ("Tea", "'- no"),
    "external_ids": ('[["till", "1"]]', '[["till", "2"], ["web", "1"]]', "[]", "[["),
    "status": ("active", "inactive"),
    "blocked": ("yes", "no", "perhaps"),
    "block_reason": ("Rude",),
    "note": ("Likes tea", "\x07", "@SUM(A1)"),
    "alert_note": ("Likes tea", "Nuts"),
    "id": (*IDS, "7"),
    "version": ("1", "2", "x"),
    "added": ("2019-05-17T09:30:00+00:00", "2019-05-17T09:30:00"),
}
HOSTILE: Final = st.text(st.characters(exclude_categories=["Cs"]), max_size=8)


def cells(column: str) -> st.SearchStrategy[str]:
    return st.one_of(st.just(""), st.sampled_from(CELLS[column]), st.sampled_from(CELLS[column]), HOSTILE)


@st.composite
def lists(draw: st.DrawFn) -> bytes:
    """Small lists in which people, ids and contacts meet again and again."""
    who = draw(st.sampled_from([("name",), ("name", "email"), ("id", "version", "name")]))
    further = draw(st.lists(st.sampled_from(sorted(CELLS)), unique=True, max_size=6))
    columns = list(dict.fromkeys([*who, *further]))
    rows = draw(st.lists(st.tuples(*map(cells, columns)), max_size=8))
    return table(*rows, *draw(st.lists(st.sampled_from(rows), max_size=3) if rows else st.just([])), header=columns)


def a_salon(**options: Any) -> crm.Salon:
    options = {"clock": FixedClock(), "ids": CountedIds(), **options}
    return crm.open_salon(options.pop("where", None), region="PT", zone="Europe/Lisbon", currency="EUR", **options)


some = settings(max_examples=80, suppress_health_check=[HealthCheck.too_slow])


@some
@given(lists(), st.booleans())
def test_every_row_is_counted_once_and_a_second_import_changes_nothing(content: bytes, overwrite: bool) -> None:
    with a_salon() as salon:
        try:
            dry = bring(salon, content, overwrite=overwrite, dry_run=True)
        except crm.InvalidValue as error:
            with pytest.raises(crm.InvalidValue) as caught:
                bring(salon, content, overwrite=overwrite)
            assert str(caught.value) == str(error)
            return
        report = bring(salon, content, overwrite=overwrite)
        assert figures(dry) == figures(report)
        assert len(people(salon)) == report.created
        assert report.refused == len({problem.line for problem in report.problems})
        before = content_of(salon)[:-1]
        again = bring(salon, content, overwrite=overwrite)
        assert (again.rows, again.created, again.updated) == (report.rows, 0, 0)
        assert content_of(salon)[:-1] == before
        assert crm.verify_audit(salon, OWNER).ok


@some
@given(lists(), lists(), st.booleans())
def test_a_dry_run_tells_what_a_list_does_to_a_salon_with_customers(
    first: bytes, second: bytes, overwrite: bool
) -> None:
    with a_salon() as salon:
        for content in (first, second):
            try:
                dry = bring(salon, content, overwrite=overwrite, date_order="dmy", dry_run=True)
            except crm.InvalidValue:
                return
            report = bring(salon, content, overwrite=overwrite, date_order="dmy")
            assert figures(dry) == figures(report)
            assert (dry.problems, dry.twins) == (report.problems, report.twins)
            assert all(len(each.other_phones) <= 20 and len(each.external_ids) <= 20 for each in people(salon))


@some
@given(lists())
def test_what_a_list_brought_in_goes_out_and_into_an_empty_salon_unchanged(content: bytes) -> None:
    with a_salon() as salon, a_salon() as other:
        try:
            bring(salon, content, date_order="dmy")
        except crm.InvalidValue:
            return
        kept = {customer.id: customer for customer in people(salon)}
        columns = [column for column in crm.EXPORT_COLUMNS if column != "version"]
        first, second = _exported(salon, columns), _exported(salon, ["version", *columns])
        bring(other, second)
        assert {customer.id for customer in people(other)} == set(kept)
        assert _exported(other, columns) == first


def _exported(salon: crm.Salon, columns: list[str]) -> bytes:
    target = BytesIO()
    crm.export_customers(salon, OWNER, target, columns=columns)
    return target.getvalue()


def test_the_order_of_the_slices_does_not_show() -> None:
    """People met again beyond a slice are met as within one."""
    ana = {"name": "Ana Silva", "email": "ana@example.com", "mobile": "", "external_ids": '[["till", "1"]]'}
    again = [
        {**ana, "email": "new@example.com"},
        {"name": "Ana Silva", "email": "new@example.com"},
        {"name": "Ana Costa", "external_ids": '[["till", "1"]]', "email": "costa@example.com"},
        {"name": "Ana Silva", "email": "ana@example.com", "mobile": "912 345 678"},
        {"name": "Rui Silva", "email": "ana@example.com"},
    ]
    between = [{"name": f"Guest {n}", "email": f"guest{n}@example.com"} for n in range(600)]
    reports: list[crm.ImportReport] = []
    for rows in ([ana, *again, *between], [ana, *between, *again]):
        for dry_run in (True, False):
            with a_salon() as salon:
                reports.append(bring(salon, records(*rows), dry_run=dry_run))
    assert len({str((figures(report), report.family_rows)) for report in reports}) == 1


def test_of_a_row_that_is_in_some_bytes_are_remembered(tmp_path: Path) -> None:
    """Nothing stays in memory but in which line each customer stood; so a list may be of any length."""
    count, held = 2_000, list[int]()

    def measure(_: int) -> None:
        gc.collect()
        held.append(tracemalloc.get_traced_memory()[0])

    guests = ({"name": f"Guest {n}", "email": f"guest{n}@example.com", "mobile": f"91{n:07d}"} for n in range(count))
    content = records(*guests)
    with a_salon() as salon:
        bring(salon, content)  # so that what is cached of names and contacts is there already
    with a_salon(where=tmp_path / "salon.db") as salon:
        for expected in ({"created": count}, {"unchanged": count}):
            held.clear()
            tracemalloc.start()
            try:
                assert figures(bring(salon, content, progress=measure)) == expected
            finally:
                tracemalloc.stop()
            assert (held[-1] - held[0]) / (count - 500) < 100
