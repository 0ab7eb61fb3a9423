"""Customers as CSV: whatever a spreadsheet or a till writes comes in, one plain dialect goes out.

Writing is `csv.writer`. Reading gives `csv.reader` the plain lines, and scans every other row itself, by
the same rules: that one gathers a cell whole before it finds it too long, by a limit that belongs to the
whole process, and takes a quote nobody closed for the end of the file.
"""

import codecs
import csv
import re
from collections import Counter
from collections.abc import Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager, nullcontext
from enum import Enum, auto
from io import StringIO
from os import PathLike
from types import MappingProxyType
from typing import IO, Final, NamedTuple

from salon_crm.adapters.formats.files import BLOCK, open_source, reading_source, replace_target, writing_target
from salon_crm.errors import InvalidValue
from salon_crm.ports.transfer import CustomerFormat, Source, TableReader, TableRow, TableWriter, Target

CELL_LIMIT: Final = 100_000
"""The characters read of one cell; what lies beyond is counted and left."""
ROW_LIMIT: Final = 1_000_000
"""The characters read of one row, so that no number of cells can fill the memory."""
COLUMN_LIMIT: Final = 1_000
"""The columns a header may name."""

_DELIMITERS: Final[Mapping[str, str]] = MappingProxyType(
    {",": "comma", ";": "semicolon", "\t": "tab", "|": "pipe"}  # the first wins where two are as frequent
)
_BYTE_ORDER_MARKS: Final = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF32_LE, "utf-32"),  # before UTF-16, whose mark is the beginning of this one
    (codecs.BOM_UTF32_BE, "utf-32"),
    (codecs.BOM_UTF16_LE, "utf-16"),
    (codecs.BOM_UTF16_BE, "utf-16"),
)
_WORKBOOKS: Final = (b"PK\x03\x04", b"\xd0\xcf\x11\xe0")  # XLSX and its kin, XLS
# What a spreadsheet may run, in full width too; and the apostrophe itself, so that un-guarding is exact.
_GUARDED: Final = frozenset("=+-@\t\r\n'\uff1d\uff0b\uff0d\uff20")
_UNWRITABLE: Final = re.compile("[\0\ud800-\udfff]")
_LIKE_DATA: Final = re.compile(r"[@\0-\x1f]|\d\d|.{41}", re.DOTALL)


class CsvFormat(CustomerFormat):
    """Tables of text cells as CSV files."""

    @contextmanager
    def read(self, source: Source) -> Generator[TableReader]:
        """Open a CSV file of any common dialect; the whole of it is checked before the first row is given.

        The encoding is what the byte order mark says (UTF-8, UTF-16, UTF-32), else UTF-8 if all of the
        file is, else cp1252. The delimiter is what a first line such as ``sep=;`` says, else the one of
        comma, semicolon, tab and pipe that the header holds most often outside quotes. Lines end in
        CR LF, LF or CR; line breaks inside quotes stay as they are. A quote opens at the start of a cell
        only. A row of nothing but white space is blank, and the first that is not blank is the header.

        A row that cannot be taken as it stands has a problem and keeps its text for correction:

        - ``row-ragged``: missing cells are given as empty ones; those too many are joined to the last by
          the delimiter. Empty cells beyond the header are no problem and are dropped.
        - ``row-cell-too-long``: the cell is cut at `CELL_LIMIT` characters, or where its row reaches
          `ROW_LIMIT`.
        - ``text-forbidden-character``, with the column as ``field``: a NUL, or bytes the encoding does
          not know. Each is given as U+FFFD.

        Where the header looks like data, problems give the numbers of columns in place of their names. A
        stream is read to its end and not closed. Memory is bounded, whatever the file holds.

        Raises InvalidValue with field ``source``: wrong-type, file-unreadable, file-encoding (UTF-16
        without its mark), file-empty, file-duplicate-header, file-open-quote; for the header also
        too-many, row-cell-too-long and text-forbidden-character.
        """
        with open_source(source) as file:
            yield _CsvReader(file)

    @contextmanager
    def write(self, target: Target, columns: Sequence[str]) -> Generator[TableWriter]:
        """Open a CSV file for writing: UTF-8, commas, CR LF, quotes only where they are needed.

        A cell that a spreadsheet would run gets a leading apostrophe, which reading takes away again.
        Every row comes back as it was, except one of white space only, which reads as blank, and what
        exceeds the limits of reading. The file at a path is readable by its owner alone; a stream is
        neither flushed nor closed.

        Raises InvalidValue: wrong-type and file-unwritable with field ``target``; row-ragged, and
        text-forbidden-character for a NUL or a lone surrogate, for a row that cannot be written.
        """
        with replace_target(target) if isinstance(target, str | PathLike) else nullcontext(target) as file:
            writer = _CsvWriter(file, columns)
            yield writer
            writer.flush()


class _CsvReader(TableReader):
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file
        self._encoding, intact = _encoding(file)
        # Where bytes were replaced U+FFFD stands for them; in an intact file it is a character like any other.
        self._unreadable = re.compile("\0" if intact else "[\0\ufffd]")
        self._delimiter, start = self._dialect()
        records = self._records(self._delimiter)
        header = next((record for record in records if record.line >= start and not record.blank), None)
        if header is None:
            raise InvalidValue("file-empty", field="source")
        self._columns = tuple(cell.strip() for cell in header.cells[:COLUMN_LIMIT])
        self._shown = _shown(self._columns)
        self._check(header)
        self._body = header.line + 1
        if _has_quotes(file):  # so that a quote that never closes is found before any row is taken in
            for _ in records:
                pass

    @property
    def columns(self) -> tuple[str, ...]:
        return self._columns

    @property
    def facts(self) -> dict[str, str]:
        return {"encoding": self._encoding, "delimiter": _DELIMITERS[self._delimiter]}

    def rows(self) -> Iterator[TableRow]:
        width = len(self._columns)
        for record in self._records(self._delimiter):
            if record.line < self._body or record.blank:
                continue
            cells = record.cells if len(record.cells) == width else _without_empty_end(record.cells, width)
            problem = self._ragged(cells) or self._flaw(record)
            if problem:
                cells += [""] * (width - len(cells))
                cells[width - 1 :] = [self._delimiter.join(cells[width - 1 :])]
                cells = [self._unreadable.sub("\ufffd", cell) for cell in cells]
            yield TableRow(record.line, tuple(cells), problem)

    def _records(self, delimiters: str) -> "Iterator[_Record]":
        return _scan(_lines(self._file, self._encoding), delimiters)

    def _dialect(self) -> tuple[str, int]:
        """Return the delimiter, and the line from which the header is to be looked for."""
        first = next((record for record in self._records("".join(_DELIMITERS)) if not record.blank), None)
        if first is None:
            raise InvalidValue("file-empty", field="source")
        delimiter = max(_DELIMITERS, key=first.separators.__getitem__)
        if [cell.lower() for cell in first.cells] == ["sep=", ""]:
            return delimiter, first.line + 1
        return delimiter, first.line

    def _check(self, header: "_Record") -> None:
        """Refuse a header that names a column twice, or of which a part could not be read."""
        count = len(_without_empty_end(header.cells, COLUMN_LIMIT))
        if count > COLUMN_LIMIT:
            raise InvalidValue("too-many", field="source", count=count, limit=COLUMN_LIMIT)
        if flaw := self._flaw(header):
            raise InvalidValue(flaw.code, field="source", **flaw.params)
        named = Counter[str]()
        for name, shown in zip(self._columns, self._shown, strict=True):
            named[name.casefold()] += 1
            if name and named[name.casefold()] > 1:
                raise InvalidValue("file-duplicate-header", field="source", column=shown)

    def _ragged(self, cells: list[str]) -> InvalidValue | None:
        if len(cells) == len(self._columns):
            return None
        return InvalidValue("row-ragged", cells=len(cells), columns=len(self._columns))

    def _flaw(self, record: "_Record") -> InvalidValue | None:
        """Return what is wrong with a cell of a row."""
        if record.cut:
            position, length, limit = record.cut
            return InvalidValue("row-cell-too-long", length=length, column=self._shown[position], limit=limit)
        text = "".join(record.cells)
        if _is_sound(text, self._unreadable):
            return None
        found = ((self._unreadable.search(cell), shown) for cell, shown in zip(record.cells, self._shown, strict=False))
        return next(_forbidden(match, shown) for match, shown in found if match)


class _CsvWriter(TableWriter):
    def __init__(self, file: IO[bytes], columns: Sequence[str]) -> None:
        self._file = file
        self._columns = tuple(columns)
        # Not a TextIOWrapper over the file: with itself it would close the caller's stream.
        self._text = StringIO(newline="")
        self._table = csv.writer(self._text)  # by default the dialect wanted: comma, CR LF, quotes where needed
        self.write(self._columns)
        self.flush()

    def write(self, cells: Sequence[str]) -> None:
        if len(cells) != len(self._columns):
            raise InvalidValue("row-ragged", cells=len(cells), columns=len(self._columns))
        if not _is_sound("".join(cells), _UNWRITABLE):
            found = ((_UNWRITABLE.search(cell), column) for cell, column in zip(cells, self._columns, strict=True))
            raise next(_forbidden(match, column) for match, column in found if match)
        self._table.writerow(["'" + cell if cell and cell[0] in _GUARDED else cell for cell in cells])
        if self._text.tell() > BLOCK:
            self.flush()

    def flush(self) -> None:
        """Hand what was written to the file."""
        with writing_target():
            self._file.write(self._text.getvalue().encode())
        self._text.seek(0)
        self._text.truncate()


def _is_sound(text: str, forbidden: re.Pattern[str]) -> bool:
    """Whether a text holds nothing forbidden; in ASCII that is NUL alone, which is found faster."""
    return (text.isascii() and "\0" not in text) or not forbidden.search(text)


def _unguard(cell: str) -> str:
    return cell[1:] if cell[:1] == "'" and cell[1:2] in _GUARDED else cell


def _shown(columns: Sequence[str]) -> tuple[str, ...]:
    """Return what problems may call the columns: their names, or numbers where they have none or look like data.

    A file without a header begins with a customer. A name alone cannot be told from a column's, so the
    line is judged as a whole.
    """
    data = any(_LIKE_DATA.search(name) for name in columns)
    return tuple(f"no. {number}" if data or not name else name for number, name in enumerate(columns, start=1))


def _without_empty_end(cells: list[str], width: int) -> list[str]:
    """Return cells without the empty ones at their end that stand beyond a width."""
    count = len(cells)
    while count > width and not cells[count - 1]:
        count -= 1
    return cells[:count]


def _forbidden(found: re.Match[str], column: str) -> InvalidValue:
    character = f"U+{ord(found.group()):04X}"
    return InvalidValue("text-forbidden-character", field=column, character=character, position=found.start())


# Scanning


class _Record(NamedTuple):
    """A row as it stands in the file. Beyond `COLUMN_LIMIT` all cells are one, with the delimiters between them."""

    line: int
    cells: list[str]
    cut: tuple[int, int, int] | None = None  # position, length and limit of the first cell that was cut
    separators: Mapping[str, int] = MappingProxyType({})

    @property
    def blank(self) -> bool:
        return not self.cut and not "".join(self.cells).strip()


class _Draft:
    """A row of any length as it is scanned, kept as far as the limits allow."""

    def __init__(self, line: int) -> None:
        self._line = line
        self._cells: list[str] = []
        self._cut: tuple[int, int, int] | None = None
        self._separators = Counter[str]()
        self._room = ROW_LIMIT
        self._limit = CELL_LIMIT
        self._filled = False
        self._parts: list[str] = []
        self._length = 0

    def add(self, text: str) -> None:
        """Let the cell go on with this text."""
        self._filled = True
        self._keep(text)

    def separate(self, delimiter: str) -> None:
        """Go on to the next cell."""
        self._separators[delimiter] += 1
        if len(self._cells) < COLUMN_LIMIT:
            self._close()
        else:
            self._keep(delimiter)

    def record(self) -> _Record:
        """End the row."""
        self._close()
        return _Record(self._line, self._cells, self._cut, self._separators)

    def _keep(self, text: str) -> None:
        room = self._limit - self._length
        if room > 0:
            self._parts.append(text[:room])
        self._length += len(text)

    def _close(self) -> None:
        if self._filled and self._length > self._limit and not self._cut:
            self._cut = len(self._cells), self._length, self._limit
        cell = "".join(self._parts) if self._filled else ""  # delimiters alone make no cell beyond the limit
        self._cells.append(_unguard(cell))
        self._room -= len(cell)
        self._limit = max(1, min(CELL_LIMIT, self._room))  # 1, so that what holds something never reads as empty
        self._filled, self._parts, self._length = False, [], 0


class _Place(Enum):
    """Where in a cell the scan stands."""

    START = auto()
    TEXT = auto()
    QUOTED = auto()
    QUOTE = auto()  # after a quote within quotes: the closing one, unless another follows


def _scan(lines: Iterable[tuple[int, str]], delimiters: str) -> Iterator[_Record]:
    """Yield every row, blank ones too; raises file-open-quote when the lines end inside quotes."""
    pieces = re.compile(rf'"|[{delimiters}]|\r\n?|\n|[^"{delimiters}\r\n]+')
    place, opened = _Place.START, 0
    draft: _Draft | None = None
    for number, line in lines:
        if draft is None:
            cells = _plain_row(line, delimiters)
            if cells is not None:
                yield _Record(number, cells)
                continue
            place, draft = _Place.START, _Draft(number)
        for piece in pieces.findall(line):
            if place is _Place.QUOTED and piece != '"':
                draft.add(piece)
            elif piece == '"' and place is _Place.START:
                place, opened = _Place.QUOTED, number
            elif piece == '"' and place is _Place.QUOTED:
                place = _Place.QUOTE
            elif piece == '"' and place is _Place.QUOTE:
                place = _Place.QUOTED
                draft.add(piece)
            elif piece in delimiters:
                place = _Place.START
                draft.separate(piece)
            elif piece[0] in "\r\n":
                yield draft.record()
                draft = None
                break
            else:
                place = _Place.TEXT
                draft.add(piece)
    if draft is None:
        return
    if place is _Place.QUOTED:
        raise InvalidValue("file-open-quote", field="source", line=opened)
    yield draft.record()


def _plain_row(line: str, delimiters: str) -> list[str] | None:
    """Return the cells of a line that is a row by itself, as nearly all are; None leaves it to the scan.

    This is for speed alone. `csv.reader`, being strict, refuses open and odd quotes and what exceeds its limit.
    """
    if len(delimiters) > 1 or line[-1] not in "\r\n":
        return None
    if '"' not in line and "'" not in line and len(line) <= CELL_LIMIT:
        return line.rstrip("\r\n").split(delimiters)
    try:
        cells = next(csv.reader([line], delimiter=delimiters, strict=True))
    except csv.Error:
        return None
    return [_unguard(cell) for cell in cells] if "'" in line else cells


# Bytes


def _lines(file: IO[bytes], encoding: str) -> Iterator[tuple[int, str]]:
    """Yield the lines of a file with their numbers, those longer than two blocks in pieces; CR LF is never parted."""
    number, held = 1, ""
    for chunk in codecs.iterdecode(_blocks(file), encoding, errors="replace"):
        # This parts at rarer breaks too, such as U+2028: such a piece is just one whose line goes on.
        pieces = (held + chunk).splitlines(keepends=True)
        held = "" if pieces[-1].endswith("\n") else pieces.pop()
        if len(held) > BLOCK and not held.endswith("\r"):
            pieces.append(held)
            held = ""
        for piece in pieces:
            yield number, piece
            number += piece[-1] in "\r\n"
    if held:
        yield number, held


def _blocks(file: IO[bytes]) -> Iterator[bytes]:
    """Yield a file from its start; each pass keeps its own place, so that several may run at a time."""
    place = 0
    while True:
        with reading_source():
            file.seek(place)
            block = file.read(BLOCK)
        if not block:
            return
        place += len(block)
        yield block


def _encoding(file: IO[bytes]) -> tuple[str, bool]:
    """Return the encoding of a file, and whether every byte of it is sound in it."""
    head = next(_blocks(file), b"")
    marked = next((encoding for mark, encoding in _BYTE_ORDER_MARKS if head.startswith(mark)), None)
    if head.startswith(_WORKBOOKS):
        raise InvalidValue("file-workbook", field="source")
    if marked is None and head and head.count(0) * 4 >= len(head):  # UTF-16 has one in two in most scripts
        raise InvalidValue("file-encoding", field="source", encoding="UTF-16 without a byte order mark")
    if _decodes(file, marked or "utf-8"):
        return marked or "utf-8", True
    return marked or "cp1252", False


def _has_quotes(file: IO[bytes]) -> bool:
    """Whether a quote may stand in a file; in every encoding that is read here one of its bytes is 0x22."""
    return any(b'"' in block for block in _blocks(file))


def _decodes(file: IO[bytes], encoding: str) -> bool:
    try:
        for _ in codecs.iterdecode(_blocks(file), encoding):
            pass
    except UnicodeDecodeError:
        return False
    return True
