"""SQLite files in bad company: damaged, replaced, forked over, shared; and what an export must not overwrite."""

import os
import sqlite3
import stat
import subprocess
import sys
import threading
import traceback
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest

import salon_crm as crm
from salon_crm.adapters.memory import MemoryStore
from salon_crm.adapters.sql.unit import SqlUnit
from salon_crm.adapters.sqlite import SQLiteStore
from salon_crm.ports.store import Store
from salon_crm.testing.builders import a_booking, a_customer, a_sale

OWNER = crm.Actor("olga", crm.Role.OWNER)
SETTINGS: dict[str, Any] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}
CANARY = "Canary Nightingale"

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that holds a salon of one customer."""
    path = tmp_path / "salon.db"
    with crm.open_salon(path, **SETTINGS) as salon:
        crm.add_customer(salon, OWNER, name=CANARY, email="canary@example.com")
    return path


def run(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def refused(act: Callable[[], object], kind: type[crm.SalonCrmError] = crm.StoreError) -> crm.SalonCrmError:
    with pytest.raises(kind) as caught:
        act()
    shown = "".join(traceback.format_exception(caught.value))
    assert CANARY not in shown
    assert "sqlite3." not in shown
    return caught.value


# damage


def test_a_text_that_is_not_utf_8_is_damage_and_is_not_quoted(file: Path) -> None:
    run(file, f"UPDATE crm_customers SET name = CAST(CAST('{CANARY} ' AS BLOB) || x'ff' AS TEXT)")
    with crm.open_salon(file) as salon:
        assert refused(lambda: crm.find_customers(salon, OWNER)).code == "store-damaged"


@pytest.mark.parametrize(
    "change",
    [
        "crm_customers SET other_emails = '[[1]]'",
        f"crm_customers SET former_names = '{'[' * 50_000}'",
        "crm_customers SET birthday = '99999999999999999999-01-01'",
        "crm_customers SET added = '2024-01-01'",
        "crm_customers SET id = 'x'",
    ],
)
def test_a_customer_that_cannot_be_read_is_damage(file: Path, change: str) -> None:
    run(file, f"UPDATE {change}")
    with crm.open_salon(file) as salon:
        assert refused(lambda: crm.find_customers(salon, OWNER)).code == "store-damaged"


@pytest.mark.parametrize(
    "change",
    ["id = 'x'", "created = 'yesterday'", "required_fields = '5'", f"required_fields = '{'[' * 50_000}'"],
)
def test_a_salon_that_cannot_be_read_is_damage(file: Path, change: str) -> None:
    run(file, f"UPDATE crm_salon SET {change}")

    def use() -> None:
        with crm.open_salon(file) as salon:
            crm.get_settings(salon, OWNER)

    assert refused(use).code == "store-damaged"


@pytest.mark.parametrize("change", ["details = details || ' '", "at = replace(at, 'Z', '+00:00')", "fields = '[ ]'"])
def test_an_audit_row_that_reads_the_same_and_is_written_otherwise_is_damage(file: Path, change: str) -> None:
    run(file, f"UPDATE crm_audit SET {change} WHERE sequence = 1")
    with crm.open_salon(file) as salon:
        error = refused(lambda: crm.audit_trail(salon, OWNER))
    assert error.code == "store-damaged"
    assert "a row of crm_audit cannot be read" in str(error) or "entry 1 of the audit" in str(error)


@pytest.mark.parametrize("change", ["DELETE FROM crm_schema", "UPDATE crm_schema SET version = -1"])
def test_a_schema_without_a_version_is_damage(file: Path, change: str) -> None:
    run(file, change)
    assert refused(lambda: crm.open_salon(file)).code == "store-damaged"


def test_a_missing_table_is_damage(file: Path) -> None:
    run(file, "DROP TABLE crm_audit")
    error = refused(lambda: crm.open_salon(file))
    assert error.code == "store-damaged"
    assert "crm_audit" in str(error)


@pytest.mark.parametrize(
    ("change", "at_fault"),
    [
        ("UPDATE crm_customers SET preferences = 'Tea'", {}),
        ("UPDATE crm_customers SET name = name || 'x'", {"crm_customers": 1, "crm_customer_keys": 2}),
        ("UPDATE crm_customers SET email_key = 'other@example.com'", {"crm_customer_keys": 2}),
        ("UPDATE crm_customers SET name_key = ''", {"crm_customers": 1}),
        (
            "UPDATE crm_customers SET added = '2024-01-01'",
            {"crm_customers": 1, "crm_customer_keys": 2, "crm_external_ids": 1},
        ),
        ("DELETE FROM crm_customer_keys WHERE kind = 'name'", {"crm_customer_keys": 1}),
        ("UPDATE crm_external_ids SET external_id = '8'", {"crm_external_ids": 2}),
        ("UPDATE crm_notes SET at = replace(at, 'Z', '+00:00')", {"crm_notes": 1}),
        ("UPDATE crm_bookings SET day = '2026-03-01'", {"crm_bookings": 1}),
        ("DELETE FROM crm_sale_bookings", {"crm_sale_bookings": 1}),
        ("INSERT INTO crm_sale_bookings VALUES ('x', 'y')", {"crm_sale_bookings": 1}),
        ("UPDATE crm_sale_bookings SET booking_id = 'x'", {"crm_sale_bookings": 2}),
    ],
)
def test_rows_that_are_not_as_they_were_written_are_counted(file: Path, change: str, at_fault: dict[str, int]) -> None:
    with crm.open_salon(file) as salon:
        customer = crm.find_customers(salon, OWNER).items[0].id
        crm.edit_customer(salon, OWNER, customer, external_ids=[("till", "7")])
        crm.add_note(salon, OWNER, customer, text="Likes tea.")
        with salon.writing() as writing:
            writing.bookings.add(booking := a_booking(customer_id=customer))
            writing.sales.add(a_sale(customer_id=customer, bookings=(booking.id,)))
        assert rows_at_fault(salon) == {}
    run(file, change)
    with crm.open_salon(file) as salon:
        assert rows_at_fault(salon) == at_fault


def rows_at_fault(salon: crm.Salon) -> Mapping[str, int]:
    with salon.reading() as reading:
        assert isinstance(reading, SqlUnit)
        return reading.rows_at_fault()


# tables of somebody else's


@pytest.mark.parametrize(
    "own",
    [
        "TABLE crm_schema (version TEXT)",
        "TABLE crm_schema (id INTEGER)",
        "TABLE CRM_Schema (name TEXT)",
        "TABLE crm_notes (id INTEGER)",
        "TABLE Crm_Customers (id INTEGER)",
        "VIEW crm_schema AS SELECT 'x' AS version",
    ],
)
def test_a_host_s_own_table_under_one_of_our_names_is_refused_by_name(tmp_path: Path, own: str) -> None:
    path = tmp_path / "host.db"
    run(path, f"CREATE {own}")
    if own.startswith("TABLE"):
        assert refused(lambda: crm.open_salon(path, **SETTINGS)).code == "store-foreign"
    before = path.read_bytes()
    error = refused(lambda: crm.open_salon(path, **SETTINGS, share=True))
    assert error.code == "store-unopenable"
    assert own.split()[1].lower() in str(error)
    assert path.read_bytes() == before


def test_another_table_that_begins_like_ours_may_share_the_file(tmp_path: Path) -> None:
    path = tmp_path / "host.db"
    run(path, "CREATE TABLE crm_orders (id INTEGER)")
    crm.open_salon(path, **SETTINGS, share=True).close()


# the file


@posix
def test_a_new_file_is_its_owner_s_alone_and_an_existing_one_keeps_its_mode(tmp_path: Path) -> None:
    new, existing = tmp_path / "new.db", tmp_path / "existing.db"
    existing.touch()
    existing.chmod(0o640)
    for path, mode in ((new, 0o600), (existing, 0o640)):
        with crm.open_salon(path, **SETTINGS) as salon:
            crm.add_customer(salon, OWNER, name="Ana")
            assert {stat.S_IMODE(each.stat().st_mode) for each in tmp_path.glob(f"{path.name}*")} == {mode}


@pytest.mark.parametrize("name", ["a b.db", "50%25.db", "ä.db", "a#b.db", "mode=ro&a.db"])
def test_any_name_is_a_name(tmp_path: Path, name: str) -> None:
    crm.open_salon(tmp_path / name, **SETTINGS).close()
    crm.open_salon(tmp_path / name).close()
    assert [each.name for each in tmp_path.iterdir()] == [name]


@posix
def test_a_question_mark_and_a_dangling_link_are_fine_too(tmp_path: Path) -> None:
    crm.open_salon(tmp_path / "a?mode=memory.db", **SETTINGS).close()
    (tmp_path / "link.db").symlink_to(tmp_path / "target.db")
    crm.open_salon(tmp_path / "link.db", **SETTINGS).close()
    assert {each.name for each in tmp_path.iterdir()} == {"a?mode=memory.db", "link.db", "target.db"}


def test_a_relative_path_stays_the_same_file(file: Path, monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    other = tmp_path / "other"
    other.mkdir()
    monkeypatch.chdir(file.parent)
    with crm.open_salon(file.name) as salon, salon.reading():
        monkeypatch.chdir(other)
        assert crm.count_customers(salon, OWNER) == 1
        crm.add_customer(salon, OWNER, name="Bela")
    assert list(other.iterdir()) == []


def _remove(file: Path) -> None:
    file.unlink()


def _replace(file: Path) -> None:
    copy = file.with_name("copy.db")
    copy.write_bytes(file.read_bytes())
    copy.replace(file)


@posix
@pytest.mark.parametrize("lose", [_remove, _replace])
def test_a_file_that_is_gone_takes_no_writes(file: Path, lose: Callable[[Path], None]) -> None:
    with crm.open_salon(file) as salon:
        lose(file)
        acts: list[Callable[[], object]] = [
            lambda: crm.add_customer(salon, OWNER, name="Ana"),
            lambda: crm.count_customers(salon, OWNER),
        ]
        for act in acts:
            error = refused(act)
            assert error.code == "store-failed"
            assert "removed or replaced" in str(error)
    assert file.exists() == (lose is _replace)


@posix
def test_a_file_that_goes_during_a_transaction_loses_nothing_in_silence(file: Path) -> None:
    with crm.open_salon(file) as salon:

        def act() -> None:
            with salon.transaction() as tx:
                crm.add_customer(tx, OWNER, name="Ana")
                _replace(file)

        assert "removed or replaced" in str(refused(act))


_ENDS_WITHOUT_CLOSING = """
import os, sqlite3, sys
connection = sqlite3.connect(sys.argv[1], isolation_level=None)
connection.execute("PRAGMA journal_mode = WAL")
connection.execute(sys.argv[2])
os._exit(0)
"""


@posix
@pytest.mark.parametrize(
    ("last", "code"),
    [
        ("UPDATE crm_schema SET version = version + 1", "store-newer"),
        ("DROP TABLE crm_schema", "store-foreign"),
        ("DROP TABLE crm_audit", "store-damaged"),
    ],
)
def test_a_file_that_is_refused_keeps_the_log_that_whoever_wrote_it_left_behind(
    file: Path, last: str, code: str
) -> None:
    subprocess.run([sys.executable, "-c", _ENDS_WITHOUT_CLOSING, str(file), last], check=True)
    log = file.with_name(f"{file.name}-wal")
    before = file.read_bytes(), log.read_bytes()
    assert before[1]
    for _ in range(2):
        assert refused(lambda: crm.open_salon(file)).code == code
        assert (file.read_bytes(), log.read_bytes()) == before


# exporting


@pytest.mark.parametrize("end", ["", "-wal", "-shm"])
def test_an_export_never_takes_the_place_of_a_database(file: Path, end: str) -> None:
    with crm.open_salon(file) as salon:
        crm.add_customer(salon, OWNER, name="Ana")
        target = file.with_name(file.name + end)
        before = target.stat().st_ino
        error = refused(lambda: crm.export_customers(salon, OWNER, target), crm.InvalidValue)
        assert (error.code, error.field) == ("file-unwritable", "target")
        assert target.stat().st_ino == before
        assert crm.count_customers(salon, OWNER) == 2


def test_an_export_takes_the_place_of_an_earlier_one(file: Path, tmp_path: Path) -> None:
    with crm.open_salon(file) as salon:
        for name in ("out.csv", "out.csv", "sheet-wal"):
            crm.export_customers(salon, OWNER, tmp_path / name)


# forks


def in_child(act: Callable[[], object]) -> str:
    """Run ``act`` in a forked process; return the code of the error it raised, or 'fine'."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            act()
            answer = "fine"
        except crm.SalonCrmError as error:
            answer = error.code
        except BaseException as error:  # noqa: BLE001 - told to the parent
            answer = repr(error)
        os.write(writer, answer.encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        answer = pipe.read()
    os.waitpid(child, 0)
    return answer


@posix
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="warns of threads that pytest plugins may have")
def test_a_child_can_neither_use_nor_end_its_parent_s_transaction(file: Path) -> None:
    with crm.open_salon(file) as salon:
        context = salon.transaction()
        tx = context.__enter__()
        crm.add_customer(tx, OWNER, name="Parent")
        assert in_child(lambda: crm.add_customer(tx, OWNER, name="Child")) == "transaction-elsewhere"
        assert in_child(lambda: context.__exit__(None, None, None)) == "store-failed"
        with closing(sqlite3.connect(file)) as other:
            assert other.execute("SELECT count(*) FROM crm_customers").fetchone() == (1,)
        crm.add_customer(tx, OWNER, name="Parent again")
        context.__exit__(None, None, None)
        assert crm.count_customers(salon, OWNER) == 3
        assert crm.verify_audit(salon, OWNER).ok


@posix
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="warns of threads that pytest plugins may have")
def test_a_child_s_error_leaves_the_parent_s_transaction_and_its_own_turn_alone(file: Path) -> None:
    with crm.open_salon(file) as salon:

        def fail() -> None:
            assert context.__exit__(ZeroDivisionError, ZeroDivisionError(), None) is False
            with crm.open_salon(file) as own:
                assert crm.count_customers(own, OWNER) == 1
            assert crm.count_customers(salon, OWNER) == 1

        context = salon.transaction()
        crm.add_customer(context.__enter__(), OWNER, name="Parent")
        assert in_child(fail) == "fine"
        context.__exit__(None, None, None)
        assert crm.count_customers(salon, OWNER) == 2


@posix
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="warns of threads that pytest plugins may have")
def test_a_child_cannot_read_in_its_parent_s_reading(file: Path) -> None:
    with crm.open_salon(file) as salon:
        with salon.reading() as reading:
            assert in_child(reading.settings) == "store-failed"
            assert reading.settings().region == "PT"
        assert in_child(lambda: crm.add_customer(salon, OWNER, name="Child")) == "fine"
        assert crm.count_customers(salon, OWNER) == 2


# ends


def test_closing_that_had_to_wait_too_long_is_completed_by_closing_again(tmp_path: Path) -> None:
    store = SQLiteStore(tmp_path / "salon.db", deadline=0.05)
    begun, end = threading.Event(), threading.Event()
    codes: list[str] = []

    def hold() -> None:
        try:
            with store.writing():
                begun.set()
                end.wait(10)
        except crm.StoreError as error:
            codes.append(error.code)

    thread = threading.Thread(target=hold)
    thread.start()
    begun.wait(10)
    with pytest.raises(crm.StoreBusy):
        store.close()
    with pytest.raises(crm.StoreError), store.writing():
        pass
    end.set()
    thread.join()
    assert codes == ["store-closed"]
    store.close()
    with pytest.raises(sqlite3.ProgrammingError):
        store._writer.raw.execute("SELECT 1")
    store.close()


@pytest.fixture(params=["memory", "sqlite"])
def store(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Store]:
    made: Store = MemoryStore() if request.param == "memory" else SQLiteStore(tmp_path / "salon.db")
    yield made
    made.close()


@pytest.mark.parametrize("way", ["reading", "writing"])
def test_a_unit_serves_inside_its_block_only(store: Store, way: str) -> None:
    crm.open_salon(store, **SETTINGS)
    with getattr(store, way)() as unit:
        customers, audit = unit.customers, unit.audit
        unit.settings()
    acts: list[Callable[[], object]] = [unit.settings, unit.salon, lambda: customers.get_many([1]), audit.head]
    for act in acts:
        assert refused(act).code == "unit-over"


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="where open files are to be seen")
def test_pages_that_a_part_could_undo_are_copied_to_no_file_of_their_own(tmp_path: Path) -> None:
    opened: set[str] = set()
    with closing(SQLiteStore(tmp_path / "salon.db")) as store:
        for start in (1, 1_001):
            customers = [a_customer(number) for number in range(start, start + 1_000)]
            with store.writing() as writing, writing.savepoint():
                writing.customers.add_many(customers)
                opened |= {str(each.readlink()) for each in Path("/proc/self/fd").iterdir() if each.is_symlink()}
    assert any("salon.db" in name for name in opened)
    assert [name for name in opened if "etilqs" in name] == []
