"""Files to import: columns and what they become, dates, rows handed back, and files nobody should write."""

import codecs
import csv
import io
import os
from collections.abc import Generator, Iterator, Sequence
from contextlib import AbstractContextManager, contextmanager
from pathlib import Path
from typing import Any, BinaryIO

import pytest
from tests.use_cases.actors import MANAGER, OWNER
from tests.use_cases.lists import (
    ANA,
    HEADER,
    bring,
    content_of,
    figures,
    names,
    only,
    people,
    problems,
    records,
    table,
    trail,
)

import salon_crm as crm
from salon_crm.ports.transfer import CustomerFormat, Source, TableReader, TableRow, TableWriter, Target

BEA = ("Bea Costa", "bea@example.com", "+447700900123")


def refusal(salon: crm.Salon, content: Any, **options: Any) -> crm.InvalidValue:
    """What an import says that refuses the list as a whole, and writes nothing."""
    before = content_of(salon)
    with pytest.raises(crm.InvalidValue) as caught:
        bring(salon, content, **options)
    assert content_of(salon) == before
    return caught.value


# columns


def test_the_report_says_what_was_recognised(salon: crm.Salon) -> None:
    content = "Kunde;E-Mail;Telefon;Lieblingsfarbe;Geburtstag\nAna Grün;ana@example.com;;grün;17.05.1990\n"
    report = bring(salon, content.encode("cp1252"))
    assert report.layout is None
    assert (report.system, report.date_order) == ("list", crm.DateOrder.DMY)
    assert dict(report.facts) == {"encoding": "cp1252", "delimiter": "semicolon"}
    assert dict(report.mapping) == {
        "Kunde": "name", "E-Mail": "email", "Telefon": "mobile", "Lieblingsfarbe": None, "Geburtstag": "birthday",
    }  # fmt: skip
    assert report.not_taken == ("Lieblingsfarbe",)
    assert names(salon) == ["Ana Grün"]


def test_a_stated_mapping_goes_before_the_recognised_one(salon: crm.Salon) -> None:
    row = {"Client": "Ana Silva", "Mobile": "912 345 678", "Second": "213 456 789", "Notes": "Likes tea"}
    mapping = {"Second": "mobile", "Notes": "preferences"}
    report = bring(salon, records(row), mapping=mapping)
    assert dict(report.mapping) == {"Client": "name", "Mobile": None, "Second": "mobile", "Notes": "preferences"}
    assert (str(only(salon).mobile), only(salon).preferences) == ("+351213456789", "Likes tea")


def test_a_column_mapped_to_none_is_not_taken(salon: crm.Salon) -> None:
    report = bring(salon, table(ANA), mapping={"email": None})
    assert (report.not_taken, only(salon).email) == (("email",), None)


def test_several_columns_may_be_mapped_to_what_takes_many(salon: crm.Salon) -> None:
    row = {"Client": "Ana Silva", "a": "912 345 678", "b": "+447700900123"}
    bring(salon, records(row), mapping={"a": "other_phones", "b": "other_phones"})
    assert len(only(salon).other_phones) == 2


@pytest.mark.parametrize(
    ("mapping", "field", "code"),
    [
        ({"Nmae": "name"}, "mapping", "file-unknown-column"),
        ({"name": "nmae"}, "mapping", "not-a-choice"),
        ({"name": "phone"}, "mapping", "not-a-choice"),
        ({"name": ["name"]}, "mapping", "not-a-choice"),
        ({"name": "email", "email": "email"}, "mapping", "file-column-taken-twice"),
        ([("name", "name")], "mapping", "wrong-type"),
        ({"name": None, "email": "other_emails", "mobile": None}, "source", "file-no-header"),
    ],
    ids=str,
)
def test_a_mapping_that_makes_no_sense_is_refused(salon: crm.Salon, mapping: Any, field: str, code: str) -> None:
    error = refusal(salon, table(ANA), mapping=mapping)
    assert (error.field, error.code) == (field, code)


def test_an_unknown_column_is_answered_with_those_there_are(salon: crm.Salon) -> None:
    assert "name, email, mobile" in str(refusal(salon, table(ANA), mapping={"Nmae": "name"}))


def test_a_file_without_a_header_is_refused_and_nobody_in_it_named(salon: crm.Salon) -> None:
    content = b"Ana Silva,ana@example.com,912 345 678\nBea Costa,bea@example.com,\n"
    assert refusal(salon, content).code == "file-no-header"
    error = refusal(salon, content, mapping={"Name": "name"})
    assert error.code == "file-unknown-column"
    assert "Ana" not in str(error)
    assert "ana@" not in str(error)


def test_our_own_export_is_known_though_a_spreadsheet_added_columns(salon: crm.Salon) -> None:
    ana = crm.add_customer(salon, MANAGER, name="Ana Silva")
    target = io.BytesIO()
    crm.export_customers(salon, OWNER, target)
    header, row = target.getvalue().splitlines()
    report = bring(salon, header + b",Remarks,Mood\r\n" + row + b",,\r\n")
    assert (report.layout, figures(report), report.not_taken) == ("salon_crm", {"unchanged": 1}, ("Remarks", "Mood"))
    assert people(salon) == [ana]


def test_a_list_with_an_id_of_its_own_is_not_taken_for_ours(salon: crm.Salon) -> None:
    report = bring(salon, records({"ID": "7", "Version": "2", "Client": "Ana Silva", "Colour": "red"}))
    assert report.layout is None
    assert [(each.system, each.id) for each in only(salon).external_ids] == [("list", "7")]


def test_a_chosen_part_of_our_export_is_ours(salon: crm.Salon) -> None:
    crm.add_customer(salon, MANAGER, name="Ana Silva")
    target = io.BytesIO()
    crm.export_customers(salon, OWNER, target, columns=["id", "version", "name"])
    assert bring(salon, target.getvalue()).layout == "salon_crm"


@pytest.mark.parametrize("system", ["", "x" * 101, "a\nb", 7])
def test_a_system_has_a_name(salon: crm.Salon, system: Any) -> None:
    if system == "":  # as good as none
        assert bring(salon, table(ANA), system=system).system == "list"
    else:
        assert refusal(salon, table(ANA), system=system).field == "system"


def test_a_region_that_does_not_exist_is_refused(salon: crm.Salon) -> None:
    assert refusal(salon, table(ANA), region="XX").code == "region-unknown"


# dates


def birthdays(*cells: str) -> bytes:
    return records(*({"name": f"Guest {n}", "birthday": cell} for n, cell in enumerate(cells)))


def kept_birthdays(salon: crm.Salon) -> list[str]:
    return [str(customer.birthday or "") for customer in people(salon)]


@pytest.mark.parametrize(
    ("cells", "order", "kept"),
    [
        (("13/05/1990", "01/02/1991"), crm.DateOrder.DMY, ["1990-05-13", "1991-02-01"]),
        (("01/02/1991", "05/13/1990"), crm.DateOrder.MDY, ["1991-01-02", "1990-05-13"]),
        (("31.12.", "01.02.1991"), crm.DateOrder.DMY, ["--12-31", "1991-02-01"]),
        (("12/31", "01/02/1991"), crm.DateOrder.MDY, ["--12-31", "1991-01-02"]),
        (("1990/05/17",), crm.DateOrder.YMD, ["1990-05-17"]),
        (("1990-05-17", "--12-31", "1990-05-17 00:00:00"), None, ["1990-05-17", "--12-31", "1990-05-17"]),
        (("17 May 1990", ""), None, ["1990-05-17", ""]),
        (("05/05/1990", "06/06"), None, ["1990-05-05", "--06-06"]),
        (("03.04.1990", "05.06."), crm.DateOrder.DMY, ["1990-04-03", "--06-05"]),
        (("05/05/1990", "17.05.1990"), crm.DateOrder.DMY, ["1990-05-05", "1990-05-17"]),
    ],
    ids=str,
)
def test_the_order_of_dates_is_the_one_the_file_proves(
    salon: crm.Salon, cells: tuple[str, ...], order: crm.DateOrder | None, kept: list[str]
) -> None:
    report = bring(salon, birthdays(*cells))
    assert (report.date_order, kept_birthdays(salon)) == (order, kept)


def test_one_column_proves_the_order_of_another(salon: crm.Salon) -> None:
    row = {"name": "Ana Silva", "birthday": "01/02/1990", "anniversary": "13/02/2001"}
    bring(salon, records(row))
    assert str(only(salon).birthday) == "1990-02-01"


@pytest.mark.parametrize(
    ("cells", "code"),
    [
        (("1990-05-17", "", "01/02/1990"), "date-order-needed"),
        (("", "--05-17", "02/03"), "date-order-needed"),
        (("", "05/05/1990", "13/05/1990", "05/13/1990"), "date-orders-mixed"),
    ],
    ids=["could be either", "day and month alone", "the file contradicts itself"],
)
def test_dates_that_can_be_read_two_ways_need_a_stated_order(
    salon: crm.Salon, cells: tuple[str, ...], code: str
) -> None:
    error = refusal(salon, birthdays(*cells))
    assert (error.code, error.field) == (code, "date_order")
    assert (error.params["column"], error.params["line"]) == ("birthday", 4)


def test_the_order_may_be_stated(salon: crm.Salon) -> None:
    report = bring(salon, birthdays("01/02/1990", "13/05/1990", "05/13/1990"), date_order="mdy")
    assert report.date_order is crm.DateOrder.MDY
    assert problems(report) == [(3, "birthday", "date-invalid")]
    assert kept_birthdays(salon) == ["1990-01-02", "1990-05-13"]


@pytest.mark.parametrize("order", ["DMY", "ydm", "", 1, []], ids=repr)
def test_an_order_that_does_not_exist_is_refused(salon: crm.Salon, order: Any) -> None:
    error = refusal(salon, birthdays("1990-05-17"), date_order=order)
    assert (error.code, error.field) == ("not-a-choice", "date_order")


@pytest.mark.parametrize("cell", ["17/05/90", "90-05-17", "31.02.1990", "15.13.1971", "17 May", "soon", "2091-05-17"])
def test_a_date_that_is_none_is_a_problem_of_its_row(salon: crm.Salon, cell: str) -> None:
    report = bring(salon, birthdays(cell, "1990-05-17"))
    assert [(line, field) for line, field, _ in problems(report)] == [(2, "birthday")]
    assert kept_birthdays(salon) == ["1990-05-17"]


def test_dates_of_ragged_rows_and_other_columns_prove_nothing(salon: crm.Salon) -> None:
    content = b"name,birthday,Notes\nAna,01/02/1990,13/05/1990\nBea,13/05/1990\n"
    assert refusal(salon, content).code == "date-order-needed"


# rows handed back


def handed_back(content: bytes) -> list[list[str]]:
    return list(csv.reader(io.StringIO(content.decode(), newline="")))


MESSY: list[tuple[str, ...]] = [
    ANA,
    ("Bea Costa", "bea@@example.com", "=1+1"),
    ("", "eva@example.com", " 12 "),
    ("Eva Faria", "eva@example.com", "+447700900123"),
    ("Dora\nDias", "-", "'t"),
]


def test_the_file_of_problems_holds_exactly_the_refused_rows_as_they_stood(salon: crm.Salon, tmp_path: Path) -> None:
    path = tmp_path / "problems.csv"
    report = bring(salon, table(*MESSY), problems_to=path)
    header, *rows = handed_back(path.read_bytes())
    assert header == [*HEADER, "problem_line", "problem_field", "problem_reason"]
    assert [row[3:5] for row in rows] == [["3", "email; mobile"], ["4", "mobile; name"], ["6", "name; email; mobile"]]
    assert [row[:3] for row in rows] == [
        ["Bea Costa", "bea@@example.com", "'=1+1"],
        ["", "eva@example.com", " 12 "],
        ["Dora\nDias", "'-", "''t"],
    ]
    assert all(problem.reason in rows[n][5] for n, problem in zip((0, 0, 1, 1, 2, 2, 2), report.problems, strict=True))


def test_the_corrected_file_brings_in_exactly_those_rows(salon: crm.Salon, tmp_path: Path) -> None:
    path, rest = tmp_path / "problems.csv", tmp_path / "rest.csv"
    refused = bring(salon, table(*MESSY), problems_to=path).refused
    header, *rows = handed_back(path.read_bytes())
    corrected = [[f"Guest {n}", f"guest{n}@example.com", "", *row[3:]] for n, row in enumerate(rows)]
    report = bring(salon, table(*corrected, header=header), problems_to=rest)
    assert figures(report) == {"created": refused}
    assert report.not_taken == ()
    assert not rest.exists()
    assert len(people(salon)) == len(MESSY)


def test_a_row_refused_again_is_handed_back_with_its_new_line(salon: crm.Salon) -> None:
    first, second = io.BytesIO(), io.BytesIO()
    bring(salon, table(*MESSY), problems_to=first)
    bring(salon, first.getvalue(), problems_to=second)
    assert [row[:3] for row in handed_back(second.getvalue())] == [row[:3] for row in handed_back(first.getvalue())]
    assert [row[3] for row in handed_back(second.getvalue())[1:]] == ["2", "3", "4"]


def test_a_dry_run_hands_back_the_same_rows(salon: crm.Salon) -> None:
    dry, real = io.BytesIO(), io.BytesIO()
    bring(salon, table(*MESSY), problems_to=dry, dry_run=True)
    bring(salon, table(*MESSY), problems_to=real)
    assert dry.getvalue() == real.getvalue()


def test_nothing_is_handed_back_where_nothing_was_refused(salon: crm.Salon, tmp_path: Path) -> None:
    path, stream = tmp_path / "problems.csv", io.BytesIO()
    bring(salon, table(ANA), problems_to=path)
    bring(salon, table(ANA), problems_to=stream)
    assert list(tmp_path.glob("*.csv")) == []
    assert stream.getvalue() == b""


def test_all_problems_are_handed_back_and_the_first_thousand_listed(salon: crm.Salon) -> None:
    stream = io.BytesIO()
    twins = [ANA] * 1_200
    families = [(f"Silva {n}", "family@example.com") for n in range(1_100)]
    bad = [("", f"guest{n}@example.com") for n in range(1_500)]
    report = bring(salon, table(*bad, *twins, *families), problems_to=stream, dry_run=True)
    assert figures(report) == {"created": 1_101, "skipped": 1_199, "refused": 1_500}
    assert (len(report.problems), len(report.twins), len(report.families)) == (1_000, 1_000, 1_000)
    assert [problem.line for problem in report.problems] == list(range(2, 1_002))
    assert report.family_rows == 1_099
    assert [row[1] for row in handed_back(stream.getvalue())[1:]] == [row[1] for row in bad]


def test_problems_cannot_go_where_nothing_can_be_written_and_nothing_is_done(salon: crm.Salon, tmp_path: Path) -> None:
    error = refusal(salon, table(*MESSY), problems_to=tmp_path / "nowhere" / "problems.csv")
    assert (error.code, error.field) == ("file-unwritable", "problems_to")


@pytest.mark.parametrize("spelling", ["list.csv", "x/../list.csv", "link.csv"])
def test_problems_cannot_go_into_the_list_itself(salon: crm.Salon, tmp_path: Path, spelling: str) -> None:
    (tmp_path / "x").mkdir()
    path = tmp_path / "list.csv"
    path.write_bytes(table(*MESSY))
    (tmp_path / "link.csv").symlink_to(path)
    error = refusal(salon, path, problems_to=os.fspath(tmp_path / spelling))
    assert (error.code, error.field) == ("file-unwritable", "problems_to")
    assert path.read_bytes() == table(*MESSY)


def test_an_import_that_breaks_off_leaves_the_old_file_of_problems(salon: crm.Salon, tmp_path: Path) -> None:
    path = tmp_path / "problems.csv"
    path.write_text("old")

    def interrupt(_: int) -> None:
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        bring(salon, table(*MESSY), problems_to=path, progress=interrupt)
    assert path.read_text() == "old"
    assert len(people(salon)) == 2


# files nobody should write


@pytest.mark.parametrize(
    ("content", "code"),
    [
        (b"", "file-empty"),
        (b"\n \n,,\n", "file-empty"),
        (b"name,e-mail,Name\nAna,ana@example.com,Ana\n", "file-duplicate-header"),
        (b'name,email\n"Ana Silva,ana@example.com\nBea,\n', "file-open-quote"),
        ("name,email\nAna,ana@example.com\n".encode("utf-16-le"), "file-encoding"),
        (b"\x00\x01\x02\x03" * 300, "file-encoding"),
        (b"%PDF-1.7\n%\xe2\xe3\xcf\xd3\n", "file-no-header"),
        (b"colour,mood\nred,good\n", "file-no-header"),
        (b"name\0,email\nAna,ana@example.com\n", "text-forbidden-character"),
        (("x" * 200_000).encode() + b",name\n", "row-cell-too-long"),
    ],
    ids=lambda value: repr(value)[:40],
)
def test_a_file_that_cannot_be_read_is_refused_before_anything_is_done(
    salon: crm.Salon, content: bytes, code: str
) -> None:
    bring(salon, table(ANA))
    error = refusal(salon, content)
    assert (error.code, error.field) == (code, "source")


@pytest.mark.parametrize("source", [None, 7, ["name"]], ids=repr)
def test_what_is_no_source_is_refused(salon: crm.Salon, source: Any) -> None:
    assert refusal(salon, source).code == "wrong-type"


def test_a_file_that_is_not_there_is_refused(salon: crm.Salon, tmp_path: Path) -> None:
    assert refusal(salon, tmp_path / "list.csv").code == "file-unreadable"
    assert refusal(salon, "a\0b", problems_to="a\0b").code == "file-unreadable"


@pytest.mark.parametrize("name", ["vcard", "", 7])
def test_a_format_the_salon_does_not_have_is_refused(salon: crm.Salon, name: Any) -> None:
    error = refusal(salon, table(ANA), format=name)
    assert (error.code, error.params["formats"]) == ("format-unknown", ("csv",))


@pytest.mark.parametrize(
    ("encoding", "mark"),
    [("utf-16-le", codecs.BOM_UTF16_LE), ("utf-16-be", codecs.BOM_UTF16_BE), ("utf-8", codecs.BOM_UTF8)],
)
def test_a_file_with_a_byte_order_mark_is_read(salon: crm.Salon, encoding: str, mark: bytes) -> None:
    bring(salon, mark + "name;email\r\nJosé Müller;jose@example.com\r\n".encode(encoding))
    assert names(salon) == ["José Müller"]


def test_rows_that_cannot_be_taken_as_they_stand_are_refused_one_by_one(salon: crm.Salon) -> None:
    lines = [
        b"name;email;mobile",
        b"Ana Silva;ana@example.com;912 345 678",
        b"Bea Costa;bea@example.com;;;too many",
        b"Carla Dias",
        b"Dora\0 Dias;dora@example.com;",
        b"Eva Faria;" + b"e" * 1_000_000 + b"@example.com;",
        b"",
        b";;",
        b"Filipa Gomes;filipa@example.com;",
        b"ANA SILVA;ana@example.com;",
    ]
    stream = io.BytesIO()
    for expected in ({"created": 2, "skipped": 1, "refused": 4}, {"unchanged": 2, "skipped": 1, "refused": 4}):
        report = bring(salon, b"\n".join(lines), problems_to=stream)
        assert figures(report) == expected
        assert problems(report) == [
            (3, None, "row-ragged"),
            (4, None, "row-ragged"),
            (5, "name", "text-forbidden-character"),
            (6, None, "row-cell-too-long"),
        ]
        assert report.twins == (crm.TwinOf(10, 2),)
    assert names(salon) == ["Ana Silva", "Filipa Gomes"]
    assert len(stream.getvalue()) < 1_000_000
    assert crm.verify_audit(salon, OWNER).ok


@pytest.mark.parametrize(
    "cell",
    [
        "\ud7ff\U0010ffff", "\u202egnirts", "a\u0301" * 100, "\u200b", "\ufeff", "\t", "\x0b", "\u2028", "\x85",
        "=cmd|' /C calc'!A0", "'; DROP TABLE crm_customers; --", "%s%n{0}", "\\", '"', "()" * 5_000, "x" * 99_999,
        "0" * 90_000, "٣٤٥", "９１２３４５６７８", "+", "-1", "1e999", "NaN", "0000-00-00", "9999-99-99", "29.02.2023",
        "@", "x@y", "@example.com", "a@b@c", "é@é.example.com",
    ],
    ids=lambda cell: ascii(cell)[:20],
)  # fmt: skip
def test_a_hostile_cell_is_taken_or_refused_wherever_it_stands(cell: str) -> None:
    columns = [column for column in crm.EXPORT_COLUMNS if column not in ("id", "version")]
    with crm.open_salon(region="PT", zone="Europe/Lisbon", currency="EUR") as salon:
        rows = [{"Client": f"Guest {n}", column: cell} for n, column in enumerate([*columns, "note", "country code"])]
        report = bring(salon, records(*rows), date_order="dmy")
        assert report.rows == len(rows)
        again = bring(salon, records(*rows), date_order="dmy")
        assert (again.created, again.updated) == (0, 0)
        assert (again.unchanged, again.refused) == (report.created, report.refused)


# a format of the host's own


class GivenRows(CustomerFormat):
    """Rows a program has at hand: each is given as it is, also where it is not well."""

    def __init__(self, columns: Sequence[str], *rows: TableRow) -> None:
        self._columns = tuple(columns)
        self._rows = rows

    @contextmanager
    def read(self, source: Source) -> Generator[TableReader]:
        yield _Given(self._columns, self._rows)

    def write(self, target: Target, columns: Sequence[str]) -> AbstractContextManager[TableWriter]:
        raise NotImplementedError


class _Given(TableReader):
    def __init__(self, columns: tuple[str, ...], rows: Sequence[TableRow]) -> None:
        self._columns = columns
        self._rows = rows

    @property
    def columns(self) -> tuple[str, ...]:
        return self._columns

    @property
    def facts(self) -> dict[str, str]:
        return {}

    def rows(self) -> Iterator[TableRow]:
        return iter(self._rows)


def test_any_format_of_the_port_is_read(tmp_path: Path) -> None:
    problem = crm.InvalidValue("row-ragged", cells=1, columns=2)
    given = GivenRows(("name", ""), TableRow(1, ("Ana Silva", "x")), TableRow(2, ("Bea Costa", ""), problem))
    stream: BinaryIO = io.BytesIO()
    with crm.open_salon(region="PT", zone="Europe/Lisbon", currency="EUR", formats={"given": given}) as salon:
        report = bring(salon, b"", format="given", problems_to=stream)
        assert figures(report) == {"created": 1, "refused": 1}
        assert dict(report.mapping) == {"name": "name"}
        assert names(salon) == ["Ana Silva"]
        assert "import-ended" in {entry.action for entry in trail(salon)}
    stream.seek(0)
    assert handed_back(stream.read())[1][:3] == ["Bea Costa", "", "2"]
