"""Files of earlier schema versions: brought up to date with everything kept, or left as they were."""

import hashlib
import sqlite3
import subprocess
import sys
from collections.abc import Generator
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any, Final

import pytest
from tests.use_cases.lists import content_of

import salon_crm as crm
from salon_crm.adapters.sqlite import SQLiteStore
from salon_crm.adapters.sqlite.store import SCHEMA_VERSION
from salon_crm.domain.criteria import HasBooking
from salon_crm.domain.facts import facts_of
from salon_crm.testing import a_booking, a_sale

OWNER: Final = crm.Actor("olga", crm.Role.OWNER)
SETTINGS: Final[dict[str, Any]] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}
SCHEMAS: Final = {
    version: Path(__file__).with_name(f"schema_{version}.sql").read_text(encoding="utf-8") for version in (1, 2, 3)
}
"""The tables as each version made them; written down once and never made anew."""

SEARCHES: Final = ("jose", "LIMA", "912 000", "王", "o'ne", "zzz", "@example")


def a_busy_salon(file: Path) -> None:
    with crm.open_salon(file, **SETTINGS) as salon:
        names = ("José Lima", "Ana Lima", "王小明", "Zoë O’Neill", "Łukasz")
        *_, added = (
            crm.add_customer(
                salon,
                OWNER,
                name=name,
                mobile=f"912 000 10{number}",
                email=f"guest{number}@example.com",
                external_ids=[("till", str(number))],
                note="Prefers silence.",
            )
            for number, name in enumerate(names)
        )
        crm.edit_customer(salon, OWNER, added.id, name="Luke", gender="male")
        crm.block_customer(salon, OWNER, added.id, reason="Missed three appointments.")


def as_version_1(new: Path, file: Path) -> None:
    """Write ``file`` as version 1 would have kept what ``new`` holds."""
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.executescript(SCHEMAS[1])
        raw.execute("ATTACH ? AS new", (str(new),))
        for (table,) in raw.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
            held = columns_of(raw, "main", table)
            columns = ", ".join(column for column in columns_of(raw, "new", table) if column in held)
            values = columns
            if table == "crm_customers":
                columns += ", search_words, search_digits"
                values += ", 'as kept', '1'"
            raw.execute(f"INSERT INTO main.{table} ({columns}) SELECT {values} FROM new.{table}")
        raw.execute("UPDATE crm_schema SET version = 1")


def as_version_2(new: Path, file: Path) -> None:
    """Write ``file`` as version 2 would have kept what ``new`` holds: its own tables, its index of names."""
    with _tables_alone(2, new, file) as raw:
        raw.execute("CREATE INDEX crm_customers_by_name_key_id ON crm_customers (name_key, id)")


def as_version_3(new: Path, file: Path) -> None:
    """Write ``file`` as version 3 would have kept what ``new`` holds: its own tables."""
    with _tables_alone(3, new, file):
        pass


@contextmanager
def _tables_alone(version: int, new: Path, file: Path) -> Generator[sqlite3.Connection]:
    """Copy what ``new`` holds in the tables that a version had."""
    with closing(sqlite3.connect(new)) as source, closing(sqlite3.connect(file)) as raw, raw:
        source.backup(raw)
        kept = tables_of(version)
        for (table,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'").fetchall():
            if table not in kept:
                raw.execute(f"DROP TABLE {table}")
        for table, columns in kept.items():
            for column in set(columns_of(raw, "main", table)) - columns:
                raw.execute(f"ALTER TABLE {table} DROP COLUMN {column}")
        yield raw
        raw.execute("UPDATE crm_schema SET version = ?", [version])


def tables_of(version: int) -> dict[str, set[str]]:
    """Return the tables of a version, each with its columns."""
    with closing(sqlite3.connect(":memory:")) as raw:
        raw.executescript(SCHEMAS[version])
        names = [name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")]
        return {name: set(columns_of(raw, "main", name)) for name in names}


def columns_of(raw: sqlite3.Connection, where: str, table: str) -> list[str]:
    return [column for _, column, *_ in raw.execute(f"PRAGMA {where}.table_info({table})")]


AS_VERSION: Final = {1: as_version_1, 2: as_version_2, 3: as_version_3}


@pytest.fixture
def new(tmp_path: Path) -> Path:
    file = tmp_path / "new.db"
    a_busy_salon(file)
    return file


@pytest.fixture(params=AS_VERSION, ids="version {}".format)
def before(request: pytest.FixtureRequest) -> int:
    """Return each earlier version in turn."""
    found: int = request.param
    return found


@pytest.fixture
def old(before: int, new: Path, tmp_path: Path) -> Path:
    file = tmp_path / "old.db"
    AS_VERSION[before](new, file)
    return file


def answers(file: Path) -> tuple[object, ...]:
    with crm.open_salon(file) as salon:
        assert crm.verify_audit(salon, OWNER).ok
        searches = [crm.find_customers(salon, OWNER, crm.CustomerFilter(text=text)).items for text in SEARCHES]
        return content_of(salon), searches


def schema(file: Path) -> set[tuple[str, ...]]:
    """Every column and index, however the statements that made them were spelt."""
    with closing(sqlite3.connect(file)) as raw:
        names = raw.execute("SELECT type, name FROM sqlite_master").fetchall()
        columns = {
            (name, *map(str, column[1:])) for _, name in names for column in raw.execute(f"PRAGMA table_info({name})")
        }
        return columns | {(str(kind), str(name)) for kind, name in names}


def version(file: Path) -> int:
    with closing(sqlite3.connect(file)) as raw:
        [(found,)] = raw.execute("SELECT version FROM crm_schema")
    return int(found)


def test_every_earlier_version_is_written_down() -> None:
    assert [*SCHEMAS] == [*AS_VERSION] == [*range(1, SCHEMA_VERSION)]


def test_a_file_of_an_earlier_version_is_brought_up_to_date_with_everything_kept(
    before: int, old: Path, new: Path, tmp_path: Path
) -> None:
    written_down = tmp_path / "written down.db"
    with closing(sqlite3.connect(written_down)) as raw, raw:
        raw.executescript(SCHEMAS[before])
    assert version(old) == before
    assert schema(old) == schema(written_down)
    assert answers(old) == answers(new)
    assert version(old) == SCHEMA_VERSION
    assert schema(old) == schema(new)
    with closing(SQLiteStore(old)) as store, store.reading() as unit:
        assert unit.check_search().ok
    with closing(sqlite3.connect(old)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    assert b"as kept" not in old.read_bytes()


def test_an_empty_file_of_an_earlier_version_is_brought_up_to_date_too(before: int, tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.executescript(f"{SCHEMAS[before]}; INSERT INTO crm_schema VALUES ({before})")
    with crm.open_salon(file, **SETTINGS) as salon:
        crm.add_customer(salon, OWNER, name="Ana")
        assert crm.count_customers(salon, OWNER, crm.CustomerFilter(text="an")) == 1


def test_what_was_kept_by_an_earlier_version_can_book_and_buy(old: Path) -> None:
    with crm.open_salon(old) as salon:
        [ana] = crm.find_customers(salon, OWNER, crm.CustomerFilter(text="ana lima"))
        with salon.writing() as writing:
            booking, sale = a_booking(customer_id=ana.customer.id), a_sale(customer_id=ana.customer.id)
            writing.bookings.add(booking)
            writing.sales.add(sale)
            writing.facts.add(facts_of(ana.customer.id, [booking], [sale], []))
        with salon.reading() as reading:
            assert reading.bookings.of_customers([ana.customer.id]) == {ana.customer.id: (booking,)}
            assert reading.sales.of_customers([ana.customer.id]) == {ana.customer.id: (sale,)}
            assert reading.customers.count(HasBooking(services=frozenset({"cut"}))) == 1


def test_a_file_of_an_earlier_version_is_left_alone_where_it_may_not_be_changed(old: Path) -> None:
    digest = hashlib.sha256(old.read_bytes()).hexdigest()
    with pytest.raises(crm.SchemaOutdated):
        SQLiteStore(old, migrate=False)
    assert hashlib.sha256(old.read_bytes()).hexdigest() == digest


NEW_NAMES: Final = {
    1: ("crm_customer_search", "crm_customer_pieces", "crm_customer_terms", "crm_services"),
    2: ("crm_services", "crm_bookings", "crm_sale_bookings", "crm_facts"),
}


@pytest.mark.parametrize(("before", "name"), [(each, name) for each, names in NEW_NAMES.items() for name in names])
def test_a_file_of_an_earlier_version_is_left_alone_where_a_new_name_is_taken(
    before: int, old: Path, name: str
) -> None:
    with closing(sqlite3.connect(old)) as raw, raw:
        raw.execute(f"CREATE TABLE {name} (id INTEGER)")
    with pytest.raises(crm.StoreError, match=name) as caught:
        SQLiteStore(old, share=True)
    assert caught.value.code == "store-unopenable"
    assert version(old) == before


DYING: Final = """
import os, sys
from salon_crm.adapters.sqlite import SQLiteStore
from salon_crm.adapters.sqlite.connection import SQLiteConnection

left = int(sys.argv[2])

def dying(method):
    def run(self, *args):
        global left
        left -= 1
        if left < 0:
            os._exit(9)
        return method(self, *args)
    return run

for name in ("run", "run_many", "control"):
    setattr(SQLiteConnection, name, dying(getattr(SQLiteConnection, name)))
SQLiteStore(sys.argv[1]).close()
"""


def migrate_and_die(file: Path, statements: int) -> bool:
    """Open the file in a process that dies at a statement; return whether it lived to the end."""
    done = subprocess.run([sys.executable, "-c", DYING, str(file), str(statements)], check=False, capture_output=True)
    assert done.returncode in (0, 9), done.stderr.decode()
    return done.returncode == 0


def test_a_migration_that_dies_at_any_statement_leaves_the_old_file_or_the_new_one(
    before: int, new: Path, tmp_path: Path
) -> None:
    expected = answers(new)
    seen: set[int] = set()
    for place, statements in enumerate(range(5, 400, 11)):
        file = tmp_path / f"{place}.db"
        AS_VERSION[before](new, file)
        lived = migrate_and_die(file, statements)
        seen.add(version(file))
        assert answers(file) == expected
        if lived:
            break
    else:
        pytest.fail("it never lived to the end")
    assert seen == {before, SCHEMA_VERSION}
