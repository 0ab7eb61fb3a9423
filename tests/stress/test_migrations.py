"""A migration that is killed, or whose disk fails, leaves the file whole: at the old version or at the new one."""

import os
import random
import shutil
import sqlite3
import time
from collections import Counter
from contextlib import closing
from pathlib import Path
from typing import Final

import pytest
from tests.stress.faults import failing_files, why_not
from tests.stress.migrating import NEW, OLD, TABLE, one_more_migration
from tests.stress.nest import Nest
from tests.stress.operations import SETTINGS, house
from tests.stress.soundness import check_sound
from tests.use_cases.lists import content_of, records

import salon_crm as crm

SEED: Final = 20_261_108
PEOPLE: Final = 100


@pytest.fixture(scope="module")
def old(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A salon of the version before, closed."""
    file = tmp_path_factory.mktemp("old") / "salon.db"
    rows = [{"name": f"Guest {n}", "email": f"guest{n}@example.com", "note": f"Note {n}"} for n in range(PEOPLE)]
    with crm.open_salon(file, **SETTINGS) as salon:
        crm.import_customers(salon, house(), records(*rows))
    return file


def version_of(file: Path) -> int:
    """Return the version of a file; fails unless the new table is there, and whole, at the new version only."""
    with closing(sqlite3.connect(file)) as connection:
        version: int
        ((version,),) = connection.execute("SELECT version FROM crm_schema")
        there = connection.execute("SELECT count(*) FROM sqlite_master WHERE name = ?", (TABLE,)).fetchone()[0]
        assert there == (version == NEW)
        if there:
            assert connection.execute(f"SELECT count(*) FROM {TABLE}").fetchone() == (PEOPLE,)
        assert version in {OLD, NEW}
        return version


def check_opens(file: Path, expected: object) -> None:
    """Fail unless the file opens now, migrated, and holds what it held."""
    with one_more_migration(), crm.open_salon(file) as salon:
        assert content_of(salon) == expected
        check_sound(file, salon)
    assert version_of(file) == NEW


@pytest.fixture(scope="module")
def expected(old: Path) -> object:
    with crm.open_salon(old) as salon:
        return content_of(salon)


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")
@pytest.mark.parametrize("kills", [24, pytest.param(300, marks=pytest.mark.long)])
def test_a_migration_killed_at_any_moment_leaves_the_old_version_or_the_new(
    kills: int,
    old: Path,
    expected: object,
    processes: Nest,
    tmp_path: Path,
    capsys: pytest.CaptureFixture[str],
) -> None:
    chance, begun, found = random.Random(SEED), time.perf_counter(), Counter[int]()
    takes = _undisturbed(old, processes, tmp_path)
    for kill in range(kills):
        file = Path(shutil.copy(old, tmp_path / f"{kill}.db"))
        child = processes.start("migrate", str(file))
        child.has_said(chance.uniform(0, takes))
        said = child.kill()
        version = version_of(file)
        assert version == NEW or not said
        found[version] += 1
        check_opens(file, expected)
    with capsys.disabled():
        print(f"\n{kills} migrations killed: versions {dict(found)}, seed {SEED}, {time.perf_counter() - begun:.1f} s")
    assert found[OLD]


def _undisturbed(old: Path, processes: Nest, folder: Path) -> float:
    """Return how many seconds a migration takes that nobody kills."""
    file = Path(shutil.copy(old, folder / "undisturbed.db"))
    begun = time.perf_counter()
    assert processes.start("migrate", str(file)).hear()
    return time.perf_counter() - begun


@pytest.mark.skipif(why_not() is not None, reason=f"no failing file system here: {why_not()}")
@pytest.mark.parametrize("name", ["write", "short write", "fsync", "read"])
@pytest.mark.parametrize("full", [False, pytest.param(True, marks=pytest.mark.long)], ids=["some", "every call"])
def test_a_migration_whose_disk_fails_leaves_the_old_version_or_the_new(
    full: bool, name: str, old: Path, expected: object, tmp_path: Path
) -> None:
    versions: Counter[int] = Counter()
    for nth in range(1, 301) if full else (1, 2, 5, 60):
        folder = tmp_path / f"{nth}"
        folder.mkdir()
        file = Path(shutil.copy(old, folder))
        with failing_files(folder) as faults, one_more_migration():
            faults.arm(name, nth)
            try:
                crm.open_salon(file).close()
            except crm.StoreError:
                assert faults.fired
        versions[version_of(file)] += 1
        check_opens(file, expected)
    assert versions[OLD]
