"""Whether a floor wrote what the library wrote: a floor that writes less is no floor."""

import sqlite3
from collections.abc import Iterable
from contextlib import closing
from pathlib import Path
from typing import Any

import salon_crm as crm
from bench.timing import Report

_OLGA = crm.Actor("olga", crm.Role.OWNER)
_OWN = {
    "crm_customers": ("id", "added"),
    "crm_customer_keys": ("customer_id",),
    "crm_customer_search": ("place", "customer_id"),
    "crm_customer_panel": ("customer_id", "added"),
    "crm_notes": ("id", "customer_id", "at"),
}
"""The columns in which two salons with the same people differ, of each table whose content is compared."""

_TERMS = "crm_customer_terms"
"""A view of the search index: every piece of text, and the place of each customer who has it."""


def compare_salons(report: Report, library: Path, raw: Path) -> None:
    """Compare the rows of two salons, table by table; the library checks the floor's from end to end."""
    with closing(sqlite3.connect(library)) as ours, closing(sqlite3.connect(raw)) as theirs:
        _compare(report, ours, theirs)
    with crm.open_salon(raw) as salon:
        for finding in crm.check_health(salon, _OLGA).findings:
            report.must(False, f"the floor's salon is not sound: {finding.sentence}")


def _compare(report: Report, ours: sqlite3.Connection, theirs: sqlite3.Connection) -> None:
    counts = {name: (_count(ours, name), _count(theirs, name)) for name in _tables(ours)}
    written = [(name, *count) for name, count in counts.items() if any(count)]
    report.table("rows written", ("", "library", "raw"), written)
    for name, (one, other) in counts.items():
        report.must(one == other, f"{name} has {one} rows of the library's and {other} of the floor's")
    for name, own in _OWN.items():
        pairs = zip(_content(ours, name, own), _content(theirs, name, own), strict=False)
        differ = [pair for pair in pairs if pair[0] != pair[1]]
        report.must(not differ, f"{name} differs in {len(differ)} rows, first in {differ[:1]}")
    report.must(_places(ours) == _places(theirs), "the floor's list stands at other places of the search index")
    report.must(_pieces(ours) == _pieces(theirs), "the search index of the floor's has other pieces of text")


def _tables(connection: sqlite3.Connection) -> list[str]:
    """Return the salon's own tables, and the view of the pieces instead of the tables that these take up."""
    kinds = connection.execute("SELECT name, type FROM pragma_table_list WHERE schema = 'main' ORDER BY name")
    return [name for name, kind in kinds if name == _TERMS or (kind == "table" and name.startswith("crm_"))]


def _places(connection: sqlite3.Connection) -> list[Any]:
    return connection.execute("SELECT place FROM crm_customer_search ORDER BY place").fetchall()


def _pieces(connection: sqlite3.Connection) -> list[Any]:
    return connection.execute(f"SELECT term, count(*) FROM {_TERMS} GROUP BY term").fetchall()


def _count(connection: sqlite3.Connection, table: str) -> int:
    count: int = connection.execute(f"SELECT count(*) FROM {table}").fetchone()[0]
    return count


def _content(connection: sqlite3.Connection, table: str, own: tuple[str, ...]) -> list[Any]:
    columns = [row[1] for row in connection.execute(f"PRAGMA table_info({table})") if row[1] not in own]
    return connection.execute(f"SELECT {', '.join(columns)} FROM {table} ORDER BY {', '.join(columns)}").fetchall()


def compare_answers(report: Report, library: Path, raw: Path, texts: Iterable[str]) -> None:
    """Let the library search both salons: the floor must have kept what it is searched by."""
    with crm.open_salon(library) as ours, crm.open_salon(raw) as theirs:
        for text in texts:
            one, other = ([row.name for row in _found(salon, text)] for salon in (ours, theirs))
            report.must(one == other, f"the floor's salon gives another answer to {text!r}")


def _found(salon: crm.Salon, text: str) -> crm.Page:
    return crm.find_customers(salon, _OLGA, crm.CustomerFilter(text=text), limit=500)
