"""A migration for tests: from the newest schema to one more, with a table of its own and every customer saved anew."""

import os
from collections.abc import Callable, Generator
from contextlib import contextmanager
from typing import Final
from unittest.mock import patch

import salon_crm as crm
from salon_crm.adapters.sql.unit import SqlUnit
from salon_crm.adapters.sqlite import store

TABLE: Final = "crm_test_next"
OLD: Final = store.SCHEMA_VERSION
NEW: Final = OLD + 1


def _migrate(unit: SqlUnit) -> None:
    run = unit._connection.run
    run(f"CREATE TABLE {TABLE} (id TEXT NOT NULL PRIMARY KEY, name TEXT NOT NULL) STRICT")
    unit.rebuild_keys()
    run(f"INSERT INTO {TABLE} (id, name) SELECT id, name FROM crm_customers")


@contextmanager
def one_more_migration() -> Generator[None]:
    """Let the store know one more version than it does."""
    migrations: tuple[Callable[[SqlUnit], None], ...] = (*store.MIGRATIONS, _migrate)
    with patch.object(store, "MIGRATIONS", migrations), patch.object(store, "SCHEMA_VERSION", NEW):
        yield


def migrate(said: int, file: str) -> None:
    """Open a salon of the version before; say when it is open."""
    with one_more_migration(), crm.open_salon(file):
        os.write(said, b".")
