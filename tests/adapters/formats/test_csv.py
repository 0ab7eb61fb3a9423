"""CSV files as spreadsheets and tills write them, and as nobody should."""

import codecs
import csv
import io
import os
import stat
import tracemalloc
from collections.abc import Callable, Generator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import Any, BinaryIO, cast

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salon_crm.adapters.formats.csv import CELL_LIMIT, COLUMN_LIMIT, ROW_LIMIT, CsvFormat
from salon_crm.errors import InvalidValue
from salon_crm.ports.transfer import Source, TableRow

MEGABYTE = 1_000_000


def table(source: Source) -> tuple[tuple[str, ...], list[TableRow]]:
    with CsvFormat().read(source) as reader:
        return reader.columns, list(reader.rows())


def columns(source: Source) -> tuple[str, ...]:
    return table(source)[0]


def cells(source: Source) -> list[tuple[str, ...]]:
    """The cells of a file in which no row has a problem."""
    rows = table(source)[1]
    assert [row.problem for row in rows if row.problem] == []
    return [row.cells for row in rows]


def only_row(source: Source) -> TableRow:
    (row,) = table(source)[1]
    return row


def facts(source: Source) -> dict[str, str]:
    with CsvFormat().read(source) as reader:
        return reader.facts


def refusal(source: Any) -> InvalidValue:
    """What reading says before it gives any row."""
    with pytest.raises(InvalidValue) as caught, CsvFormat().read(source):
        pytest.fail("the file was opened")
    assert caught.value.field == "source"
    return caught.value


def problem(source: Source) -> InvalidValue:
    """What is said of the only row."""
    found = only_row(source).problem
    assert found is not None
    return found


def written(rows: Sequence[Sequence[str]], names: Sequence[str] = ("name", "phone")) -> bytes:
    target = io.BytesIO()
    with CsvFormat().write(target, names) as writer:
        for row in rows:
            writer.write(row)
    return target.getvalue()


# ------------------------------------------------------------------------------------- sources


@pytest.mark.parametrize("as_source", [str, Path], ids=["text", "path object"])
def test_a_path_is_read(tmp_path: Path, as_source: Callable[[Path], Source]) -> None:
    path = tmp_path / "list.csv"
    path.write_bytes(b"name,phone\nAna,1\n")
    assert cells(as_source(path)) == [("Ana", "1")]


def test_a_stream_is_read_from_where_it_stands_and_left_open() -> None:
    stream = io.BytesIO(b"an earlier part\nname\nAna\n")
    stream.readline()
    assert cells(stream) == [("Ana",)]
    assert not stream.closed


def test_a_stream_that_cannot_go_back_is_read_all_the_same() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb") as stream:
        with os.fdopen(writing, "wb") as other_end:
            other_end.write(b"name\nAna\n")
        assert cells(stream) == [("Ana",)]


@pytest.mark.skipif(not Path("/dev/fd").exists(), reason="this system has no paths for open files")
def test_a_path_that_cannot_go_back_is_read_all_the_same() -> None:
    reading, writing = os.pipe()
    with os.fdopen(reading, "rb"):
        with os.fdopen(writing, "wb") as other_end:
            other_end.write(b"name\nAna\n")
        assert cells(f"/dev/fd/{reading}") == [("Ana",)]


@pytest.mark.parametrize(
    "source", [io.StringIO("name\nAna\n"), 3, None, ["name"]], ids=lambda source: type(source).__name__
)
def test_what_gives_no_bytes_is_refused(source: object) -> None:
    assert refusal(source).code == "wrong-type"


def test_a_file_that_is_not_there_is_refused_without_its_name(tmp_path: Path) -> None:
    error = refusal(tmp_path / "Ana Silva.csv")
    assert error.code == "file-unreadable"
    assert "No such file" in str(error)
    assert "Ana" not in str(error)


def test_a_folder_is_refused(tmp_path: Path) -> None:
    assert refusal(tmp_path).code == "file-unreadable"


@pytest.mark.parametrize("name", ["a\0b", "\ud800"], ids=["NUL", "lone surrogate"])
def test_a_name_no_file_can_have_is_refused(name: str) -> None:
    assert refusal(name).code == "file-unreadable"


def test_a_closed_stream_is_refused() -> None:
    stream = io.BytesIO(b"name\n")
    stream.close()
    assert refusal(stream).code == "file-unreadable"


def test_a_stream_that_fails_half_way_is_refused() -> None:
    class Failing(io.BytesIO):
        def read(self, size: int | None = -1, /) -> bytes:
            if self.tell():
                raise ConnectionResetError(104, "Connection reset by peer")
            return super().read(5)

    error = refusal(Failing(b"name\nAna\n"))
    assert (error.code, error.params["reason"]) == ("file-unreadable", "Connection reset by peer")


def test_rows_start_anew_each_time_and_do_not_disturb_each_other() -> None:
    with CsvFormat().read(io.BytesIO(b"name\nAna\nBea\n")) as reader:
        first, second = reader.rows(), reader.rows()
        assert next(first).cells == ("Ana",)
        assert [row.cells for row in second] == [("Ana",), ("Bea",)]
        assert next(first).cells == ("Bea",)


@pytest.mark.parametrize("as_source", [bytes, io.BytesIO], ids=["bytes", "stream"])
def test_after_its_block_a_reader_says_so(as_source: Callable[[bytes], Source]) -> None:
    with CsvFormat().read(as_source(b"name\nAna\n")) as reader:
        pass
    with pytest.raises(InvalidValue) as caught:
        next(reader.rows())
    assert caught.value.code == "file-unreadable"


# ------------------------------------------------------------------------------------ encoding

TEXT = "name;city\r\nAna Sofía;Łódź\r\nकविता;東京\r\n"
WESTERN = "name;city\r\nJosé “Zé”;Évora\r\n"


@pytest.mark.parametrize(
    ("data", "encoding"),
    [
        (TEXT.encode(), "utf-8"),
        (TEXT.encode("utf-8-sig"), "utf-8-sig"),
        (TEXT.encode("utf-16"), "utf-16"),
        (codecs.BOM_UTF16_BE + TEXT.encode("utf-16-be"), "utf-16"),
        (TEXT.encode("utf-32"), "utf-32"),
        (codecs.BOM_UTF32_BE + TEXT.encode("utf-32-be"), "utf-32"),
    ],
)
def test_every_unicode_encoding_is_recognised(data: bytes, encoding: str) -> None:
    assert table(data)[0] == ("name", "city")
    assert cells(data) == [("Ana Sofía", "Łódź"), ("कविता", "東京")]
    assert facts(data) == {"encoding": encoding, "delimiter": "semicolon"}


def test_what_is_not_utf_8_is_cp1252_and_the_facts_say_so() -> None:
    data = WESTERN.encode("cp1252")
    assert cells(data) == [("José “Zé”", "Évora")]
    assert facts(data) == {"encoding": "cp1252", "delimiter": "semicolon"}


def test_one_byte_far_down_decides_between_utf_8_and_cp1252() -> None:
    data = b"name\n" + b"Ana\n" * 20_000 + "José\n".encode("cp1252")
    assert cells(data)[-1] == ("José",)
    assert facts(data)["encoding"] == "cp1252"


@pytest.mark.parametrize("filling", range(4))
def test_a_character_across_two_blocks_stays_whole(filling: int) -> None:
    names = ["x" * filling, *["東京"] * 20_000]
    assert cells("\n".join(["name", *names]).encode()) == [(name,) for name in names if name]


def test_bytes_that_cp1252_does_not_know_are_a_problem_of_their_row_alone() -> None:
    _, (bad, good) = table(b"name,city\nA\x81na,\xc9vora\nBea,Porto\n")
    assert bad.cells == ("A\ufffdna", "Évora")
    assert bad.problem is not None
    assert (bad.problem.code, bad.problem.field) == ("text-forbidden-character", "name")
    assert bad.problem.params == {"character": "U+FFFD", "position": 1}
    assert good == TableRow(3, ("Bea", "Porto"))


@pytest.mark.parametrize(
    "data",
    [
        b"\xef\xbb\xbfname\nJos\xe9\n",
        "name\nJos".encode("utf-16") + b"\x00\xd8" + "\n".encode("utf-16-le"),
        "name\nJos".encode("utf-16") + b"x",
    ],
    ids=["UTF-8 with mark", "lone surrogate", "half a character"],
)
def test_a_byte_order_mark_is_believed_even_where_bytes_are_damaged(data: bytes) -> None:
    assert only_row(data).cells == ("Jos\ufffd",)
    assert problem(data).code == "text-forbidden-character"


def test_a_replacement_character_in_a_sound_file_is_text() -> None:
    assert cells("name\nA\ufffdna\n".encode()) == [("A\ufffdna",)]


@pytest.mark.parametrize("encoding", ["utf-16-le", "utf-16-be", "utf-32-le"])
def test_utf_16_without_its_mark_is_refused(encoding: str) -> None:
    assert refusal(TEXT.encode(encoding)).code == "file-encoding"


# ----------------------------------------------------------------------------------- delimiter


@pytest.mark.parametrize(
    ("delimiter", "name"), [(",", "comma"), (";", "semicolon"), ("\t", "tab"), ("|", "pipe")], ids=repr
)
def test_each_delimiter_is_recognised(delimiter: str, name: str) -> None:
    data = f"name{delimiter}phone\nAna{delimiter}1\n".encode()
    assert cells(data) == [("Ana", "1")]
    assert facts(data)["delimiter"] == name


@pytest.mark.parametrize(
    ("header", "names"),
    [
        ('name;"note, long, free";city', ("name", "note, long, free", "city")),
        ('"a,b","c;d;e;f"', ("a,b", "c;d;e;f")),
        ('"say ""hi"", or, or";b', ('say "hi", or, or', "b")),
        ('"Phone\n(mobile, or other)";city', ("Phone\n(mobile, or other)", "city")),
    ],
)
def test_delimiters_inside_quotes_do_not_count(header: str, names: tuple[str, ...]) -> None:
    assert columns(header.encode()) == names


def test_of_two_as_frequent_the_comma_wins() -> None:
    assert columns(b"a,b;c") == ("a", "b;c")


def test_delimiters_below_the_header_do_not_count() -> None:
    assert cells(b"name;city\nSilva, A, N, A;Porto\n") == [("Silva, A, N, A", "Porto")]


def test_a_file_of_one_column_has_commas() -> None:
    data = b'name\n"Silva, Ana"\n'
    assert cells(data) == [("Silva, Ana",)]
    assert facts(data)["delimiter"] == "comma"


@pytest.mark.parametrize("line", [b"sep=;", b"SEP=;", b"\n\nsep=;"])
def test_the_line_in_which_excel_names_the_delimiter_is_honoured(line: bytes) -> None:
    data = line + b"\r\na,b;c,d\r\n1;2\r\n"
    assert columns(data) == ("a,b", "c,d")
    assert cells(data) == [("1", "2")]
    assert facts(data)["delimiter"] == "semicolon"


# -------------------------------------------------------------------------------------- header


@pytest.mark.parametrize(
    "data", [b"", b"\n\r\n\r", b" \t \n", b",,,\n;;\n", codecs.BOM_UTF8, codecs.BOM_UTF16_LE, b"sep=;\n", b'""\n']
)
def test_a_file_without_any_text_is_empty(data: bytes) -> None:
    assert refusal(data).code == "file-empty"


def test_the_first_row_that_is_not_blank_is_the_header() -> None:
    assert table(b"\r\n,,\r\n name ,Phone\xc2\xa0\r\nAna,1\r\n") == (
        ("name", "Phone"),
        [TableRow(4, ("Ana", "1"))],
    )


@pytest.mark.parametrize("header", [b"name,Phone, phone", b"Stra\xc3\x9fe,STRASSE"])
def test_a_column_named_twice_is_refused_by_its_name(header: bytes) -> None:
    error = refusal(header)
    assert error.code == "file-duplicate-header"
    assert error.params["column"] in {"phone", "STRASSE"}


@pytest.mark.parametrize("data", ["ana@example.com", "912 345 678", "17/05/1990", "a long note " * 4, "A\nB"])
def test_a_first_line_that_looks_like_data_is_never_repeated(data: str) -> None:
    error = refusal(f'Ana Silva,"{data}",Ana Silva'.encode())
    assert error.params["column"] == "no. 3"
    assert "Ana" not in str(error)
    assert data not in str(error)


def test_several_columns_may_be_without_a_name() -> None:
    assert table(b",name,,\n1,Ana,,\n") == (("", "name", "", ""), [TableRow(2, ("1", "Ana", "", ""))])


def test_a_column_without_a_name_keeps_its_cells() -> None:
    assert cells(b"name,\nAna,VIP\n") == [("Ana", "VIP")]


def test_a_header_of_too_many_columns_is_refused() -> None:
    names = ",".join(f"c{number}" for number in range(COLUMN_LIMIT + 1))
    assert refusal(names.encode()).code == "too-many"
    assert len(columns(names.rpartition(",")[0].encode())) == COLUMN_LIMIT


def test_a_header_may_trail_any_number_of_delimiters() -> None:
    sheet = b"name,phone" + b"," * 16_382
    assert columns(sheet + b'\n"Ana\n",1' + b"," * 16_382 + b"\n")[:3] == ("name", "phone", "")
    assert table(sheet + b'\n"Ana\n",1' + b"," * 200_000 + b"\nBea,2" + b"," * 16_382)[1][0].problem is None


def test_a_header_that_cannot_be_read_is_refused() -> None:
    assert refusal(b"name,pho\0ne\nAna,1\n").code == "text-forbidden-character"
    assert refusal(b"name," + b"x" * (CELL_LIMIT + 1)).code == "row-cell-too-long"


# ---------------------------------------------------------------------------------------- rows


@pytest.mark.parametrize("end", ["\n", "\r\n", "\r"], ids=repr)
@pytest.mark.parametrize("last", [True, False], ids=["ended", "open"])
def test_lines_end_in_any_of_the_three_ways(end: str, last: bool) -> None:
    data = end.join(["name,phone", "Ana,1", "", "Bea,2"]) + end * last
    assert table(data.encode())[1] == [TableRow(2, ("Ana", "1")), TableRow(4, ("Bea", "2"))]


def test_blank_rows_are_passed_over() -> None:
    assert [row.line for row in table(b'a,b\n\n,\n , \n"",""\n1,2\n,,,,\n')[1]] == [6]


def test_the_line_is_where_the_row_starts_whatever_breaks_come_before() -> None:
    data = b'a,b\r\n"1\r\n2\n3\r4",x\r\n\r\n5,"6\n\n"\r7,8\n'
    assert [(row.line, row.cells) for row in table(data)[1]] == [
        (2, ("1\r\n2\n3\r4", "x")),
        (7, ("5", "6\n\n")),
        (10, ("7", "8")),
    ]


@pytest.mark.parametrize("mark", ["\x0b", "\x0c", "\x1c", "\x85", "\u2028", "\u2029"], ids=ascii)
def test_rarer_line_breaks_end_no_row(mark: str) -> None:
    assert table(f"a,b\n{mark}1{mark}2,3{mark}\n4,5\n".encode())[1] == [
        TableRow(2, (f"{mark}1{mark}2", f"3{mark}")),
        TableRow(3, ("4", "5")),
    ]


@pytest.mark.parametrize("filling", range(5))
def test_a_line_break_across_two_blocks_is_one(filling: int) -> None:
    data = "a\r\n" + "x" * filling + "\r\n" + '"1\r\n2"\r\n' * 8_000
    rows = table(data.encode())[1]
    assert rows[-1] == TableRow(3 + 2 * 7_999, ("1\r\n2",))


@pytest.mark.parametrize("blocks", [1, 2, 3])
def test_a_line_break_after_a_long_cell_is_one_wherever_the_blocks_end(blocks: int) -> None:
    for length in range(blocks * 32_768 - 4, blocks * 32_768 - 1):
        assert table(b"a\n" + b"x" * length + b"\r\ny\n")[1][-1] == TableRow(3, ("y",))


@pytest.mark.parametrize(
    ("cell", "text"),
    [
        ("5'7\" tall", "5'7\" tall"),
        ('Ana "Nita" Silva', 'Ana "Nita" Silva'),
        ('"Ana ""Nita"" Silva"', 'Ana "Nita" Silva'),
        ('""""', '"'),
        (' "x"', ' "x"'),
        ('"Nita" Silva', "Nita Silva"),
        ('"a"b"c"', 'ab"c"'),
    ],
)
def test_a_quote_opens_at_the_start_of_a_cell_only(cell: str, text: str) -> None:
    assert cells(f"a,b\n1,{cell}\n{cell},2\n".encode()) == [("1", text), (text, "2")]


@pytest.mark.parametrize(
    ("data", "line"),
    [
        (b'a,b\n1,"2\n3,4\n', 2),
        (b'a,b\n1,2\n"x\ny\nz","2\n3,4', 5),
        (b'a,b\n1,"', 2),
        (b'a,b\n1,"2""', 2),
        (b'a,"b\n1,2\n', 1),
    ],
)
def test_a_quote_that_never_closes_is_refused_at_opening_with_its_line(data: bytes, line: int) -> None:
    error = refusal(data)
    assert (error.code, error.params["line"]) == ("file-open-quote", line)


def test_a_row_with_too_few_cells_is_filled_up_for_correction() -> None:
    row = only_row(b"a,b,c\n1,2\n")
    assert row.cells == ("1", "2", "")
    assert row.problem is not None
    assert (row.problem.code, row.problem.field) == ("row-ragged", None)
    assert row.problem.params == {"cells": 2, "columns": 3}


def test_a_row_with_too_many_cells_loses_nothing() -> None:
    row = only_row(b'a;b\n1;2;;"3\n4";;\n')
    assert row.cells == ("1", "2;;3\n4")
    assert row.problem is not None
    assert row.problem.params == {"cells": 4, "columns": 2}


def test_empty_cells_beyond_the_header_are_dropped() -> None:
    assert cells(b'a,b\n1,2,,\n3,"4\n",,""\n') == [("1", "2"), ("3", "4\n")]


def test_a_nul_is_a_problem_that_names_the_column() -> None:
    row = only_row(b"name,phone\nAna,9\x00\x001\n")
    assert row.cells == ("Ana", "9\ufffd\ufffd1")
    assert row.problem is not None
    assert (row.problem.code, row.problem.field) == ("text-forbidden-character", "phone")
    assert row.problem.params == {"character": "U+0000", "position": 1}


@pytest.mark.parametrize("header", [b"Ana,912345678", b"name,"])
def test_a_problem_never_names_a_column_by_what_may_be_data(header: bytes) -> None:
    assert problem(header + b"\nBea,9\0\n").field == "no. 2"


@pytest.mark.parametrize(
    ("stands", "means"),
    [
        ("'=1+1", "=1+1"),
        ("'+351912345678", "+351912345678"),
        ("'-1", "-1"),
        ("'@ana", "@ana"),
        ("'\t", "\t"),
        ("''t Hoen", "'t Hoen"),
        ("'''", "''"),
        ("'＝1", "＝1"),
        ("'t Hoen", "'t Hoen"),
        ("'", "'"),
        ("+351912345678", "+351912345678"),
        ("O'Brien", "O'Brien"),
    ],
)
def test_the_apostrophe_of_a_guarded_cell_is_taken_away(stands: str, means: str) -> None:
    assert cells(f"a,b\nx,{stands}\n".encode()) == [("x", means)]
    assert cells(f'a,b\nx,"{stands}"'.encode()) == [("x", means)]


def _as_csv_reader_gives(text: str, width: int) -> tuple[bool, list[tuple[int, tuple[str, ...]]]]:
    """What the standard library reads: whether quotes are closed, and the line and shaped cells of each row."""
    probe = [*csv.reader(io.StringIO(text + "\nend,end,end\n", newline=""))]
    found: list[tuple[int, tuple[str, ...]]] = []
    reader = csv.reader(io.StringIO(text, newline=""))
    line = 1
    for row in reader:
        while len(row) > width and not row[-1]:
            row.pop()
        if "".join(row).strip():
            filled = row + [""] * (width - len(row))
            found.append((line, (*filled[: width - 1], ",".join(filled[width - 1 :]))))
        line = reader.line_num + 1
    return probe[-1] == ["end", "end", "end"], found


@given(st.text(st.sampled_from('"",,\r\n a|\u2028é'), max_size=40))
def test_any_text_is_read_as_the_csv_module_of_python_reads_it(text: str) -> None:
    closed, expected = _as_csv_reader_gives(text, width=3)
    data = b"a,b,c\n" + text.encode()
    if closed:
        assert [(row.line - 1, row.cells) for row in table(data)[1]] == expected
    else:
        assert refusal(data).code == "file-open-quote"


@given(st.binary(max_size=200))
def test_any_bytes_are_read_or_refused(data: bytes) -> None:
    try:
        names, rows = table(data)
    except InvalidValue:
        return
    assert all(len(row.cells) == len(names) for row in rows)
    assert not any("\0" in cell for row in rows for cell in row.cells)


# -------------------------------------------------------------------------------------- limits


class Endless(io.RawIOBase):
    """A stream that holds a head, a body repeated, and a tail, without having them in memory."""

    def __init__(self, head: bytes, body: bytes, times: int, tail: bytes) -> None:
        self._parts = iter([head, *[body] * times, tail])

    def read(self, size: int | None = -1, /) -> bytes:
        return next(self._parts, b"")


@contextmanager
def at_most(limit: int) -> Generator[None]:
    """Hold the memory the block takes at its peak."""
    tracemalloc.start()
    try:
        yield
        _, peak = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert peak < limit, f"{peak:,} bytes"


def test_a_large_file_is_read_in_bounded_memory(tmp_path: Path) -> None:
    path = tmp_path / "large.csv"
    row = (",".join(["x" * 500] * 4) + ',"' + "y" * 500 + '"\r\n').encode()
    times = 50 * MEGABYTE // len(row)
    with path.open("wb") as file:
        file.write(b"a,b,c,d,e\r\n")
        file.writelines(row for _ in range(times))
    with at_most(2 * MEGABYTE), CsvFormat().read(path) as reader:
        assert sum(row.problem is None for row in reader.rows()) == times


@pytest.mark.parametrize(("quote", "megabytes"), [(b"", 1), (b'"', 1), (b'"', 200)])
def test_a_cell_of_any_size_is_cut_and_said_to_be_too_long(quote: bytes, megabytes: int) -> None:
    stream = Endless(b"a,b\n1," + quote, b"x" * MEGABYTE, megabytes, quote + b"\n2,3\n")
    with at_most(4 * MEGABYTE):
        _, (bad, good) = table(cast("BinaryIO", stream))
    assert bad.cells == ("1", "x" * CELL_LIMIT)
    assert bad.problem is not None
    assert (bad.problem.code, bad.problem.field) == ("row-cell-too-long", None)
    assert bad.problem.params == {"length": megabytes * MEGABYTE, "column": "b", "limit": CELL_LIMIT}
    assert good.cells == ("2", "3")


@pytest.mark.parametrize("body", [b"line\r\n", b"\r", b'""', b",", "é".encode() * 2])
def test_a_quoted_cell_of_anything_is_cut_too(body: bytes) -> None:
    times = 2 * CELL_LIMIT // len(body) + 1
    _, (bad, good) = table(b'a,b\n1,"' + body * times + b'"\n2,3\n')
    assert bad.problem is not None
    assert bad.problem.code == "row-cell-too-long"
    assert len(bad.cells[1]) == CELL_LIMIT
    assert good.cells == ("2", "3")


def test_a_cell_of_just_the_limit_is_read_whole() -> None:
    assert cells(b"a\n" + b"x" * CELL_LIMIT) == [("x" * CELL_LIMIT,)]
    assert problem(b"a\n" + b"x" * (CELL_LIMIT + 1)).code == "row-cell-too-long"


def test_a_row_of_many_long_cells_is_cut_as_a_whole() -> None:
    header = ",".join(f"c{chr(97 + number)}" for number in range(20)).encode()
    row = only_row(header + b"\n" + b",".join([b"x" * CELL_LIMIT] * 20))
    assert row.problem is not None
    assert row.problem.params == {"length": CELL_LIMIT, "column": "ck", "limit": 1}
    assert sum(map(len, row.cells)) < ROW_LIMIT + COLUMN_LIMIT


def test_a_long_row_that_holds_more_than_its_columns_is_ragged() -> None:
    header = ",".join("abcdefghij").encode()
    assert problem(header + b"\n" + b",".join([b"x" * CELL_LIMIT] * 10) + b",y").code == "row-ragged"


def test_a_row_of_any_number_of_cells_takes_bounded_memory() -> None:
    data = b"a,b\n1" + b",abcdefg" * 60_000 + b"\n2,3\n"  # kept one by one they would take 4 MB
    with at_most(3 * MEGABYTE):
        _, (row, good) = table(data)
    assert row.problem is not None
    assert row.problem.code == "row-ragged"
    assert good.cells == ("2", "3")


@pytest.mark.parametrize("limit", [10, 10 * MEGABYTE])
def test_the_limit_a_host_gave_the_csv_module_neither_matters_nor_changes(limit: int) -> None:
    before = csv.field_size_limit(limit)
    try:
        assert cells(b"a,b\n1," + b"x" * 1_000 + b"\n") == [("1", "x" * 1_000)]
        assert csv.field_size_limit() == limit
    finally:
        csv.field_size_limit(before)


# ------------------------------------------------------------------------------------- writing


def test_the_dialect_written_is_plain() -> None:
    assert written([("Ana Sofía", "1"), ('Silva, "Nita"', "a\nb")]) == (
        'name,phone\r\nAna Sofía,1\r\n"Silva, ""Nita""","a\nb"\r\n'.encode()
    )


@pytest.mark.parametrize("start", "=+-@\t\r\n'＝＋－＠", ids=ascii)
def test_a_cell_a_spreadsheet_would_run_is_guarded(start: str) -> None:
    data = written([(start + "1", "1" + start)])
    assert f"'{start}1" in data.decode()
    assert f"'1{start}" not in data.decode()
    assert cells(data) == [(start + "1", "1" + start)]


def test_the_header_is_guarded_too() -> None:
    assert written([], ["=name"]) == b"'=name\r\n"
    assert columns(b"'=name\r\n") == ("=name",)


TELLING = st.text(st.sampled_from("=+-@\t\r\n'＝ \",;a\x85\ufeff"), max_size=6)
ANYTHING = st.text(st.characters(exclude_categories=["Cs"], exclude_characters="\0"))


@given(rows=st.lists(st.tuples(TELLING | ANYTHING, TELLING | ANYTHING)))
def test_every_row_written_comes_back_unchanged(
    rows: list[tuple[str, str]], tmp_path_factory: pytest.TempPathFactory
) -> None:
    path = tmp_path_factory.getbasetemp() / "round-trip.csv"
    with CsvFormat().write(path, ["name", "note"]) as writer:
        for row in rows:
            writer.write(row)
    assert columns(path) == ("name", "note")
    assert cells(path) == [row for row in rows if "".join(row).strip()]


def test_many_rows_are_written_in_bounded_memory(tmp_path: Path) -> None:
    with at_most(2 * MEGABYTE), CsvFormat().write(tmp_path / "large.csv", ["name", "phone"]) as writer:
        for _ in range(5_000):
            writer.write(["x" * 2_000, "1"])
    assert len(cells(tmp_path / "large.csv")) == 5_000


def test_a_path_comes_into_being_whole(tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("before")
    with CsvFormat().write(str(path), ["name"]) as writer:
        writer.write(["Ana"])
        assert path.read_text() == "before"
    assert path.read_bytes() == b"name\r\nAna\r\n"
    assert [*tmp_path.iterdir()] == [path]


class Stop(BaseException):
    pass


@pytest.mark.parametrize("error", [OSError("of the caller"), Stop()], ids=repr)
def test_an_exception_leaves_everything_as_it_was(tmp_path: Path, error: BaseException) -> None:
    path = tmp_path / "list.csv"
    path.write_text("before")

    def fail_half_way() -> None:
        with CsvFormat().write(path, ["name"]) as writer:
            writer.write(["Ana"])
            raise error

    with pytest.raises(type(error)) as caught:
        fail_half_way()
    assert caught.value is error
    assert path.read_text() == "before"
    assert [*tmp_path.iterdir()] == [path]


@pytest.mark.skipif(os.name != "posix", reason="modes and links are those of POSIX")
def test_a_file_is_for_its_owner_alone_and_a_link_stays_a_link(tmp_path: Path) -> None:
    target, link = tmp_path / "list.csv", tmp_path / "link.csv"
    link.symlink_to(target)
    with CsvFormat().write(link, ["name"]):
        pass
    assert link.is_symlink()
    assert stat.S_IMODE(target.stat().st_mode) == 0o600


def unwritable(target: Any) -> InvalidValue:
    with pytest.raises(InvalidValue) as caught, CsvFormat().write(target, ["name"]):
        pytest.fail("the file was opened")
    assert caught.value.field == "target"
    return caught.value


def test_a_path_that_cannot_be_written_is_refused_without_its_name(tmp_path: Path) -> None:
    error = unwritable(tmp_path / "Ana Silva" / "list.csv")
    assert error.code == "file-unwritable"
    assert "Ana" not in str(error)


@pytest.mark.parametrize("target", [".", "a\0b"], ids=ascii)
def test_a_folder_and_a_name_no_file_can_have_are_not_written(target: str) -> None:
    assert unwritable(target).code == "file-unwritable"


@pytest.mark.skipif(os.name != "posix", reason="pipes with a name and links are those of POSIX")
def test_only_a_regular_file_is_ever_replaced(tmp_path: Path) -> None:
    pipe, loop = tmp_path / "pipe", tmp_path / "loop"
    os.mkfifo(pipe)
    loop.symlink_to(loop)
    assert unwritable(pipe).code == "file-unwritable"
    assert unwritable(loop).code == "file-unwritable"
    assert pipe.is_fifo()
    assert loop.is_symlink()


@pytest.mark.parametrize("target", [io.StringIO(), None, 3], ids=lambda target: type(target).__name__)
def test_what_takes_no_bytes_is_refused(target: object) -> None:
    assert unwritable(target).code == "wrong-type"


def test_a_stream_open_for_reading_is_refused(tmp_path: Path) -> None:
    (tmp_path / "list.csv").touch()
    with (tmp_path / "list.csv").open("rb") as stream:
        assert unwritable(stream).code == "file-unwritable"


def test_a_stream_is_left_open() -> None:
    target = io.BytesIO()
    with CsvFormat().write(target, ["name"]) as writer:
        writer.write(["Ana"])
    assert not target.closed
    assert target.getvalue() == b"name\r\nAna\r\n"


@pytest.mark.skipif(not Path("/dev/full").exists(), reason="this system has no disk that is always full")
def test_a_full_disk_is_said_to_be_one() -> None:
    with Path("/dev/full").open("wb", buffering=0) as full:
        assert unwritable(full).params["reason"] == "No space left on device"


@pytest.mark.parametrize("row", [(), ("Ana",), ("Ana", "1", "2")], ids=len)
def test_a_row_of_another_length_than_the_header_is_refused(row: tuple[str, ...]) -> None:
    with pytest.raises(InvalidValue) as caught:
        written([row])
    assert caught.value.code == "row-ragged"


@pytest.mark.parametrize("character", ["\0", chr(0xD800), chr(0xDFFF)], ids=ascii)
def test_a_cell_that_could_not_come_back_is_refused(character: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        written([("Ana", f"9{character}")])
    assert (caught.value.code, caught.value.field) == ("text-forbidden-character", "phone")
    assert caught.value.params == {"character": f"U+{ord(character):04X}", "position": 1}
