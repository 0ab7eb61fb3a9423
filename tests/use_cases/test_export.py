"""Taking customers out: columns, cells that come back unchanged, and files that are whole or not there."""

import csv
import io
import json
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager
from pathlib import Path
from typing import IO, Any, Final, cast

import pytest
from tests.use_cases.actors import ADMIN, MANAGER, OWNER, RECEPTIONIST, STAFF
from tests.use_cases.lists import bring, figures, only, people, trail

import salon_crm as crm
from salon_crm.ports.transfer import CustomerFormat, Source, TableReader, TableRow, TableWriter, Target
from salon_crm.testing.doubles import CountedIds, FixedClock

PLACE: Final[dict[str, Any]] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}


def add(salon: crm.Salon, name: str = "Ana Silva", **fields: Any) -> crm.Customer:
    return crm.add_customer(salon, MANAGER, name=name, **fields)


def export(salon: crm.Salon, actor: crm.Actor = OWNER, **options: Any) -> bytes:
    target = io.BytesIO()
    crm.export_customers(salon, actor, target, **options)
    return target.getvalue()


def table(content: bytes) -> list[dict[str, str]]:
    return list(csv.DictReader(io.StringIO(content.decode(), newline="")))


def test_every_column_goes_out_by_default(salon: crm.Salon) -> None:
    ana = add(
        salon,
        first_name="Ana",
        last_name="Silva",
        email="Ana@example.com",
        other_emails=["a@example.com", "b@example.com"],
        mobile="912 345 678",
        other_phones=["+351 213 456 789 x12", "+447700900123"],
        contact_declined=True,
        birthday="--05-17",
        anniversary="2001-06-01",
        gender="female",
        referral_source="A friend",
        address={"lines": ["Rua Nova 1", "2.º"], "city": "Lisboa", "postal_code": "1000-001", "country": "PT"},
        language="pt",
        zone="Atlantic/Azores",
        preferences="Tea\nno perfume",
        external_ids=[("till", "7"), ("a;b", 'c"d')],
        status="inactive",
    )
    crm.block_customer(salon, MANAGER, ana.id, reason="Rude, twice")
    assert table(export(salon)) == [
        {
            "id": str(ana.id),
            "version": "1",
            "added": "2026-03-02T12:00:00+00:00",
            "name": "Ana Silva",
            "first_name": "Ana",
            "last_name": "Silva",
            "email": "Ana@example.com",
            "other_emails": "a@example.com; b@example.com",
            "mobile": "'+351912345678",
            "other_phones": "'+351213456789 x12; +447700900123",
            "contact_declined": "yes",
            "birthday": "'--05-17",
            "anniversary": "2001-06-01",
            "gender": "female",
            "referral_source": "A friend",
            "address_lines": "Rua Nova 1\n2.º",
            "city": "Lisboa",
            "subdivision": "",
            "postal_code": "1000-001",
            "country": "PT",
            "language": "pt",
            "zone": "Atlantic/Azores",
            "preferences": "Tea\nno perfume",
            "external_ids": '[["till", "7"], ["a;b", "c\\"d"]]',
            "status": "inactive",
            "blocked": "yes",
            "block_reason": "Rude, twice",
        }
    ]


def test_an_empty_salon_gives_a_header(salon: crm.Salon) -> None:
    assert export(salon) == (",".join(crm.EXPORT_COLUMNS) + "\r\n").encode()


def test_columns_are_chosen_in_the_order_given(salon: crm.Salon) -> None:
    add(salon, mobile="912 345 678")
    target = io.BytesIO()
    report = crm.export_customers(salon, OWNER, target, columns=["mobile", "name", "mobile"])
    assert (report.columns, report.rows) == (("mobile", "name"), 1)
    assert target.getvalue() == b"mobile,name\r\n'+351912345678,Ana Silva\r\n"


@pytest.mark.parametrize(
    ("columns", "code"),
    [
        (["nmae"], "not-a-choice"),
        ([], "not-a-choice"),
        ([["name"]], "not-a-choice"),
        ("name", "wrong-type"),
        (7, "wrong-type"),
    ],
    ids=str,
)
def test_columns_that_do_not_exist_are_refused(salon: crm.Salon, columns: Any, code: str) -> None:
    before = trail(salon)
    with pytest.raises(crm.InvalidValue) as caught:
        export(salon, columns=columns)
    assert (caught.value.code, caught.value.field) == (code, "columns")
    assert trail(salon) == before


def test_criteria_say_who_goes_out(salon: crm.Salon) -> None:
    add(salon, status="inactive")
    add(salon, "Bea Costa")
    content = export(salon, criteria=crm.CustomerFilter(status="active"), columns=["name"])
    assert content == b"name\r\nBea Costa\r\n"
    with pytest.raises(crm.InvalidValue):
        export(salon, criteria=crm.CustomerFilter(status="gone"))


def test_those_first_added_come_first(salon: crm.Salon, clock: FixedClock) -> None:
    for name in ("Carla Dias", "Ana Silva", "Bea Costa"):
        add(salon, name)
        clock.advance(days=-1)
    assert [row["name"] for row in table(export(salon))] == ["Bea Costa", "Ana Silva", "Carla Dias"]


FORMULAS: Final = (
    "=1+1", "+44", "@x", "-5", "'t Hart", "'", "''", "'=1", "＝1+1", "＋1", "－1", "＠x", '"quoted"', "a,b", "a;b", "=",
)  # fmt: skip


def test_cells_that_a_spreadsheet_would_run_are_made_safe_and_come_back_unchanged(salon: crm.Salon) -> None:
    for text in FORMULAS:
        add(salon, text, preferences=text, referral_source=text, address={"lines": [text]}, external_ids=[(text, text)])
    content = export(salon)
    for row in table(content):
        for cell in row.values():
            assert not cell.startswith(("=", "+", "@", "-", "＝", "＋", "－", "＠", "\t", "\r"))
    with crm.open_salon(**PLACE, clock=FixedClock(), ids=CountedIds(7)) as other:
        assert figures(bring(other, content)) == {"created": len(FORMULAS)}
        assert people(other) == people(salon)


@pytest.fixture
def full_salon(file: Path, clock: FixedClock) -> Iterator[crm.Salon]:
    with crm.open_salon(file, **PLACE, clock=clock, ids=CountedIds()) as salon:
        with salon.transaction() as tx:
            fill(tx, clock)
        yield salon


def fill(salon: crm.Salon, clock: FixedClock) -> None:
    """Add 1,200 customers with every field there is, in every corner."""
    for n in range(1_200):
        clock.advance(minutes=n % 3)
        fields: dict[str, Any] = {
            "email": f"guest{n}@example.com",
            "other_emails": [f"g{n}@example.com", f"g{n}@example.org"][: n % 3],
            "mobile": f"+4477009{n:05d}",
            "other_phones": [f"+4477009{50_000 + n} x{n}", f"+4477009{70_000 + n}"][: n % 3],
            "contact_declined": n % 5 == 0,
            "birthday": ("1990-05-17", "--02-29", None)[n % 3],
            "anniversary": (None, "2001-06-01")[n % 2],
            "gender": (None, "female", "male", "other")[n % 4],
            "referral_source": ('=HYPERLINK("x")', "'n Friend", None)[n % 3],
            "address": ({"lines": [f"Rua Nova {n}", "2.º, dto", "-"], "city": "Lisboa", "country": "PT"}, None)[n % 2],
            "language": (None, "pt-BR")[n % 2],
            "zone": (None, "Atlantic/Azores")[n % 2],
            "preferences": (f"Tea\n\n\t- no perfume {n}\n'quoted'", "@home", None)[n % 3],
            "external_ids": [("till, old", str(n)), ('sys"tem', f'[["{n}"]]'), ("Ø;\\", f"={n}")][: n % 4],
            "status": ("active", "inactive")[n % 2],
        }
        name = ("José Müller", "王小明", "'t Hart", "=Ana", "नूर")[n % 5] + f" {n}"
        parts: dict[str, Any] = {"first_name": f"Guest {n}", "last_name": "de la Cruz"} if n % 3 else {"name": name}
        customer = crm.add_customer(salon, MANAGER, **parts, **fields)
        if n % 50 == 0:
            crm.block_customer(salon, MANAGER, customer.id, reason=f'Rude,\n"{n}" times')
        if n % 70 == 0:
            crm.edit_customer(salon, MANAGER, customer.id, preferences="+ changed")


def test_a_salon_goes_out_and_into_an_empty_one_with_nothing_lost(full_salon: crm.Salon, tmp_path: Path) -> None:
    content = export(full_salon)
    without_version = [column for column in crm.EXPORT_COLUMNS if column != "version"]
    with crm.open_salon(tmp_path / "other.db", **PLACE, clock=FixedClock(), ids=CountedIds(7)) as other:
        report = bring(other, content)
        assert (figures(report), report.layout) == ({"created": 1_200}, "salon_crm")
        assert export(other, columns=without_version) == export(full_salon, columns=without_version)
        assert figures(bring(other, content)) == {"unchanged": 1_200}
    assert figures(bring(full_salon, content)) == {"unchanged": 1_200}


def test_an_export_is_brought_in_again_after_a_spreadsheet_saved_it(salon: crm.Salon) -> None:
    """With semicolons, and a new name in one row."""
    add(salon, "Ana Silva", mobile="912 345 678")
    add(salon, "Bea Costa")
    rows = list(csv.reader(io.StringIO(export(salon).decode(), newline="")))
    rows[2][rows[0].index("name")] = "Bea Dias"
    text = io.StringIO()
    csv.writer(text, delimiter=";").writerows(rows)
    assert figures(bring(salon, text.getvalue().encode("utf-8-sig"))) == {"updated": 1, "unchanged": 1}


def test_an_export_is_audited_without_a_name(salon: crm.Salon) -> None:
    add(salon)
    before = len(trail(salon))
    target = io.BytesIO()
    report = crm.export_customers(salon, ADMIN, target, columns=["name"], criteria=crm.CustomerFilter(text="Silva"))
    started, ended = trail(salon)[before:]
    assert started.action is crm.AuditAction.EXPORT_STARTED
    assert (started.details["export"], started.details["columns"]) == (str(report.export_id), "name")
    assert "silva" not in str(started.details["criteria"]).lower()
    assert started.details["criteria"]
    assert (ended.action, dict(ended.details)) == (
        crm.AuditAction.EXPORT_ENDED,
        {"export": str(report.export_id), "rows": 1},
    )
    export(salon)
    assert trail(salon)[-2].details["criteria"] == ""


@pytest.mark.parametrize("actor", [MANAGER, STAFF, RECEPTIONIST], ids=str)
def test_managers_and_staff_cannot_export(salon: crm.Salon, actor: crm.Actor, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    with pytest.raises(crm.NotPermitted) as caught:
        crm.export_customers(salon, actor, path)
    assert caught.value.params["permission"] == crm.Permission.EXPORT
    assert not path.exists()


def test_a_column_needs_its_own_permission() -> None:
    row = {**crm.DEFAULT_PERMISSIONS.roles[crm.Role.OWNER]}
    del row[crm.Permission.VIEW_BLOCKS]
    with crm.open_salon(**PLACE, permissions=crm.PermissionTable({crm.Role.OWNER: row})) as salon:
        for columns in (None, ["blocked"], ["name", "block_reason"]):
            with pytest.raises(crm.NotPermitted) as caught:
                export(salon, columns=columns)
            assert caught.value.params["permission"] == crm.Permission.VIEW_BLOCKS
        assert export(salon, columns=["name"]) == b"name\r\n"


def test_an_export_is_refused_within_a_transaction(salon: crm.Salon) -> None:
    with salon.transaction() as tx, pytest.raises(crm.RuleBroken) as caught:
        export(tx)
    assert caught.value.code == "sliced-in-transaction"


def test_progress_is_told_after_each_slice(salon: crm.Salon) -> None:
    with salon.transaction() as tx:
        for n in range(501):
            add(tx, f"Guest {n}")
    told: list[int] = []
    export(salon, progress=told.append)
    assert told == [500, 501]


def test_progress_that_is_no_function_is_refused_before_anything_is_recorded(salon: crm.Salon) -> None:
    wrong: Any = 5
    with pytest.raises(crm.InvalidValue) as caught:
        export(salon, progress=wrong)
    assert (caught.value.code, caught.value.field) == ("wrong-type", "progress")
    assert trail(salon)[-1].action is crm.AuditAction.SALON_CREATED


@pytest.mark.parametrize("error", [KeyboardInterrupt, SystemExit, RuntimeError])
def test_a_file_is_whole_or_not_there(salon: crm.Salon, tmp_path: Path, error: type[BaseException]) -> None:
    add(salon)

    def fail(_: int) -> None:
        raise error

    path = tmp_path / "list.csv"
    with pytest.raises(error):
        crm.export_customers(salon, OWNER, path, progress=fail)
    assert list(tmp_path.glob("*.csv*")) == []
    crm.export_customers(salon, OWNER, path)
    whole = path.read_bytes()
    add(salon, "Bea Costa")
    with pytest.raises(error):
        crm.export_customers(salon, OWNER, str(path), progress=fail)
    assert path.read_bytes() == whole
    assert trail(salon)[-1].action is crm.AuditAction.EXPORT_STARTED


def test_a_place_that_cannot_be_written_is_refused_before_anything_is_recorded(
    salon: crm.Salon, tmp_path: Path
) -> None:
    before = trail(salon)
    targets: tuple[Any, ...] = (tmp_path / "nowhere" / "list.csv", tmp_path, None, io.StringIO())
    for target in targets:
        with pytest.raises(crm.InvalidValue) as caught:
            crm.export_customers(salon, OWNER, target)
        assert caught.value.field == "target"
    assert trail(salon) == before


def test_a_stream_is_written_and_left_open(salon: crm.Salon) -> None:
    add(salon)
    target = io.BytesIO(b"before ")
    target.seek(0, io.SEEK_END)
    crm.export_customers(salon, OWNER, target, columns=["name"])
    assert target.getvalue() == b"before name\r\nAna Silva\r\n"


class JsonLines(CustomerFormat):
    """A format of the host's own: a row is a line of JSON, and the first line has the columns."""

    @contextmanager
    def read(self, source: Source) -> Generator[TableReader]:
        lines = Path(cast(str, source)).read_text(encoding="utf-8").splitlines()
        yield _JsonReader([json.loads(line) for line in lines])

    @contextmanager
    def write(self, target: Target, columns: Sequence[str]) -> Generator[TableWriter]:
        with Path(cast(str, target)).open("wb") as file:
            writer = _JsonWriter(file)
            writer.write(columns)
            yield writer


class _JsonReader(TableReader):
    def __init__(self, rows: list[list[str]]) -> None:
        self._header, *self._rows = rows

    @property
    def columns(self) -> tuple[str, ...]:
        return tuple(self._header)

    @property
    def facts(self) -> dict[str, str]:
        return {"format": "JSON lines"}

    def rows(self) -> Iterator[TableRow]:
        return (TableRow(line, tuple(cells)) for line, cells in enumerate(self._rows, start=2))


class _JsonWriter(TableWriter):
    def __init__(self, file: IO[bytes]) -> None:
        self._file = file

    def write(self, cells: Sequence[str]) -> None:
        self._file.write(json.dumps(list(cells)).encode() + b"\n")


def test_another_format_is_plugged_in(tmp_path: Path) -> None:
    path = str(tmp_path / "list.jsonl")
    with crm.open_salon(**PLACE, formats={"jsonl": JsonLines()}) as salon:
        ana = add(salon, "=Ana", mobile="912 345 678", preferences="Tea\nand honey")
        crm.export_customers(salon, OWNER, path, format="jsonl")
        with crm.open_salon(**PLACE, formats={"jsonl": JsonLines()}) as other:
            report = crm.import_customers(other, MANAGER, path, format="jsonl")
            assert (figures(report), dict(report.facts)) == ({"created": 1}, {"format": "JSON lines"})
            assert only(other) == ana
        with pytest.raises(crm.InvalidValue) as caught:
            export(salon, format="xlsx")
        assert caught.value.params["formats"] == ("csv", "jsonl")


def test_a_customer_changed_meanwhile_appears_once(salon: crm.Salon) -> None:
    with salon.transaction() as tx:
        for n in range(600):
            add(tx, f"Guest {n}")
    last = people(salon)[-1]

    def edit(count: int) -> None:
        if count == 500:
            crm.edit_customer(salon, MANAGER, last.id, name="Changed")
            add(salon, "Late Guest")

    rows = [row["name"] for row in table(export(salon, progress=edit))]
    assert rows == [*(f"Guest {n}" for n in range(599)), "Changed", "Late Guest"]
