"""The write-ahead log: what keeps it small, and what lets it grow."""

from collections.abc import Iterator
from pathlib import Path

import pytest

import salon_crm as crm
from salon_crm.adapters.sqlite import store as sqlite_store

OWNER = crm.Actor("olga", crm.Role.OWNER)
CHECKPOINT = 1_000 * 4_096
"""Bytes of log at which SQLite folds it into the file, if nobody reads an older state."""


@pytest.fixture
def salon(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[crm.Salon]:
    """A salon of four slices of customers, whose log is cut to a quarter of a megabyte."""
    monkeypatch.setattr(sqlite_store, "_LOG_LIMIT", 256 * 1024)
    rows = "".join(f"Ana {number:04},ana.{number}@example.com\n" for number in range(2_000))
    with crm.open_salon(tmp_path / "salon.db", region="PT", zone="Europe/Lisbon", currency="EUR") as salon:
        crm.import_customers(salon, OWNER, f"name,email\n{rows}".encode(), system="till")
        yield salon


def log_size(tmp_path: Path) -> int:
    return (tmp_path / "salon.db-wal").stat().st_size


def write(salon: crm.Salon, commits: int) -> None:
    for number in range(commits):
        crm.add_customer(salon, OWNER, name=f"Bea {number}", email=f"bea.{number}@example.com", mobile="912 000 101")


@pytest.mark.parametrize(
    ("commits", "most"), [(300, 2 * CHECKPOINT), pytest.param(3_000, 64 << 20, marks=pytest.mark.long)]
)
def test_a_walk_left_half_way_keeps_no_log(salon: crm.Salon, tmp_path: Path, commits: int, most: int) -> None:
    walk = crm.each_customer(salon, OWNER)
    next(walk)
    write(salon, commits)
    assert log_size(tmp_path) < most
    assert sum(1 for _ in walk) >= 1_999


def test_a_reading_left_open_lets_the_log_grow_until_it_ends(salon: crm.Salon, tmp_path: Path) -> None:
    with salon.reading() as reading:
        before = reading.audit.head()
        write(salon, 250)
        grown = log_size(tmp_path)
        assert grown > 2 * CHECKPOINT
        assert reading.audit.head() == before
    write(salon, 3)
    assert log_size(tmp_path) < grown // 4
