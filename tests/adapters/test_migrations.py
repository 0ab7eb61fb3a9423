"""Files of earlier schema versions: brought up to date with everything kept, or left as they were."""

import hashlib
import sqlite3
import subprocess
import sys
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from tests.use_cases.lists import content_of

import salon_crm as crm
from salon_crm.adapters.sqlite import SQLiteStore
from salon_crm.adapters.sqlite.store import SCHEMA_VERSION

OWNER: Final = crm.Actor("olga", crm.Role.OWNER)
SETTINGS: Final[dict[str, Any]] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}
SCHEMA_1: Final = Path(__file__).with_name("schema_1.sql").read_text(encoding="utf-8")
"""The tables as version 1 made them; written down once and never made anew."""

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
        raw.executescript(SCHEMA_1)
        raw.execute("ATTACH ? AS new", (str(new),))
        for (table,) in raw.execute("SELECT name FROM main.sqlite_master WHERE type = 'table'").fetchall():
            columns = ", ".join(column for _, column, *_ in raw.execute(f"PRAGMA new.table_info({table})"))
            values = columns
            if table == "crm_customers":
                columns += ", search_words, search_digits"
                values += ", 'as kept', '1'"
            raw.execute(f"INSERT INTO main.{table} ({columns}) SELECT {values} FROM new.{table}")
        raw.execute("UPDATE crm_schema SET version = 1")


@pytest.fixture
def new(tmp_path: Path) -> Path:
    file = tmp_path / "new.db"
    a_busy_salon(file)
    return file


@pytest.fixture
def old(new: Path, tmp_path: Path) -> Path:
    file = tmp_path / "old.db"
    as_version_1(new, file)
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


def test_a_file_of_version_1_is_brought_up_to_date_with_everything_kept(old: Path, new: Path) -> None:
    assert version(old) == 1
    assert answers(old) == answers(new)
    assert version(old) == SCHEMA_VERSION == 2
    assert schema(old) == schema(new)
    with closing(SQLiteStore(old)) as store, store.reading() as unit:
        assert unit.check_search().ok
    with closing(sqlite3.connect(old)) as raw:
        assert raw.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert raw.execute("PRAGMA foreign_key_check").fetchall() == []
    assert b"as kept" not in old.read_bytes()


def test_an_empty_file_of_version_1_is_brought_up_to_date_too(tmp_path: Path) -> None:
    file = tmp_path / "old.db"
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.executescript(f"{SCHEMA_1}; INSERT INTO crm_schema VALUES (1)")
    with crm.open_salon(file, **SETTINGS) as salon:
        crm.add_customer(salon, OWNER, name="Ana")
        assert crm.count_customers(salon, OWNER, crm.CustomerFilter(text="an")) == 1


def test_a_file_of_version_1_is_left_alone_where_it_may_not_be_changed(old: Path) -> None:
    before = hashlib.sha256(old.read_bytes()).hexdigest()
    with pytest.raises(crm.SchemaOutdated):
        SQLiteStore(old, migrate=False)
    assert hashlib.sha256(old.read_bytes()).hexdigest() == before


@pytest.mark.parametrize("name", ["crm_customer_search", "crm_customer_pieces", "crm_customer_terms"])
def test_a_file_of_version_1_is_left_alone_where_a_new_name_is_taken(old: Path, name: str) -> None:
    with closing(sqlite3.connect(old)) as raw, raw:
        raw.execute(f"CREATE TABLE {name} (id INTEGER)")
    with pytest.raises(crm.StoreError, match=name) as caught:
        SQLiteStore(old, share=True)
    assert caught.value.code == "store-unopenable"
    assert version(old) == 1


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


def test_a_migration_that_dies_at_any_statement_leaves_the_old_file_or_the_new_one(new: Path, tmp_path: Path) -> None:
    expected = answers(new)
    seen: set[int] = set()
    for place, statements in enumerate(range(5, 200, 6)):
        file = tmp_path / f"{place}.db"
        as_version_1(new, file)
        lived = migrate_and_die(file, statements)
        seen.add(version(file))
        assert answers(file) == expected
        if lived:
            break
    else:
        pytest.fail("it never lived to the end")
    assert seen == {1, 2}
