"""Ledgers changed behind the library's back: every byte of an entry in each store, and of many by the pure check."""

import sqlite3
from collections.abc import Callable, Iterator
from contextlib import closing
from datetime import date, timedelta
from pathlib import Path
from random import Random
from typing import Any, Final
from uuid import uuid4

import psycopg
import pytest
from attrs import fields
from tests.servers import SCHEMA, Server

import salon_crm as crm
from salon_crm.adapters.documents import from_stored, to_stored
from salon_crm.adapters.sql.tables import TABLES
from salon_crm.domain.rewards import RewardEntry, RewardLedger, digest_of_reason, entry_digest, fault_in
from salon_crm.errors import InvalidDocument
from salon_crm.testing import a_customer_id, a_reward_entry, an_instant
from salon_crm.testing.doubles import FixedClock

OLGA: Final = crm.Actor("olga", crm.Role.OWNER)
SETTINGS: Final[dict[str, Any]] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}
ENTRIES: Final = TABLES["reward_entries"].shape
RULES: Final[Any] = [{"per": "money", "points": 1, "amount": "1"}]

pytestmark = pytest.mark.no_cover


def altered(value: Any) -> Iterator[Any]:
    """Give a value with each of its bytes changed in turn; of one that says nothing, none."""
    if isinstance(value, bytes):
        for place, byte in enumerate(value):
            yield value[:place] + bytes([byte ^ 1]) + value[place + 1 :]
    elif isinstance(value, str):
        for place, char in enumerate(value):
            yield value[:place] + _another(char) + value[place + 1 :]
    elif isinstance(value, int) and not isinstance(value, bool):
        text = str(value)
        for place, char in enumerate(text):
            changed = text[:place] + ("1" if char == "-" else _another(char)) + text[place + 1 :]
            if int(changed) != value:
                yield int(changed)


def _another(char: str) -> str:
    if char.isdigit():
        return str((int(char) + 1) % 10)
    return chr(ord(char) ^ 1)


def leaves(document: Any) -> Iterator[Any]:
    """Give a document with each byte of each of its values changed in turn."""
    if isinstance(document, dict):
        for name, value in document.items():
            yield from ({**document, name: changed} for changed in leaves(value))
    elif isinstance(document, list):
        for place, value in enumerate(document):
            yield from ([*document[:place], changed, *document[place + 1 :]] for changed in leaves(value))
    else:
        yield from altered(document)


def a_busy_ledger(salon: crm.Salon, clock: FixedClock, entries: int) -> crm.Customer:
    """Return a customer with so many entries of every kind."""
    dice = Random(entries)
    crm.change_settings(salon, OLGA, rewards={"rules": RULES, "expiry": {"months": 1}})
    ana, eva = (crm.add_customer(salon, OLGA, name=name) for name in ("Ana Silva", "Eva Reis"))
    given = crm.add_points(salon, OLGA, ana.id, points=1_000, reason="Welcome", reference="card")
    crm.reverse_entry(salon, OLGA, given.id, reason="Mistyped")
    lines: list[crm.LineFields] = [{"product": "Shampoo", "price": "50"}, {"product": "Wax", "price": 9}]
    while len(crm.points_history(salon, OLGA, ana.id, limit=500)) < entries:
        match dice.randrange(6):
            case 0:
                crm.add_points(salon, OLGA, ana.id, points=dice.randrange(1, 200), reason="A gift")
            case 1:
                sale = crm.record_sale(salon, OLGA, ana.id, lines=lines, paid=59).sale
                crm.refund_sale(salon, OLGA, sale.id, lines=[1])
            case 2:
                crm.adjust_points(salon, OLGA, ana.id, points=7, reference=f"count {len(str(dice.random()))}{uuid4()}")
            case 3:
                crm.add_points(salon, OLGA, ana.id, points=9, expires=_today(clock))
                clock.advance(days=1)
            case _:
                points = min(20, crm.points_balance(salon, OLGA, ana.id).available)
                if points:
                    crm.redeem_points(salon, OLGA, ana.id, points=points, reason="A cut")
                    crm.add_points(salon, OLGA, ana.id, points=30)
                    crm.transfer_points(salon, OLGA, ana.id, to=eva.id, points=3)
    assert crm.verify_ledger(salon, OLGA).ok
    return ana


def _today(clock: FixedClock) -> date:
    return clock.now().date()


class Rows:
    """The rows of a customer's entries, changed by hand; ``marks`` is how the driver marks a value."""

    def __init__(self, execute: Callable[..., Any], refused: type[Exception], marks: str, table: str) -> None:
        self._execute, self._refused, self._marks, self._table = execute, refused, marks, table

    def all(self, customer: str) -> list[dict[str, Any]]:
        names = [column.name for column in ENTRIES.columns]
        sql = f"SELECT {', '.join(names)} FROM {self._table} WHERE customer_id = {self._marks} ORDER BY sequence"
        return [dict(zip(names, row, strict=True)) for row in self._execute(sql, (customer,)).fetchall()]

    def set(self, row: dict[str, Any], column: str, value: Any) -> bool:
        """Change a column of a row; return whether the database took it."""
        where = f"customer_id = {self._marks} AND sequence = {self._marks}"
        sql = f"UPDATE {self._table} SET {column} = {self._marks} WHERE {where}"
        try:
            self._execute(sql, (value, row["customer_id"], row["sequence"]))
        except self._refused:
            return False
        return True


SIZES: Final = [(4, 11), pytest.param(100, 1, marks=pytest.mark.long)]
"""How many entries there are, and of how many changes one is made: all of them, where it is one."""


def check_every_byte(salon: crm.Salon, ana: crm.Customer, rows: Rows, every: int) -> int:
    """Change each byte of each column of each row, and look; return how many changes were made."""
    made = 0
    for row in rows.all(str(ana.id)):
        for column, value in row.items():
            held = bytes(value) if isinstance(value, memoryview) else value
            for number, changed in enumerate(altered(held)):
                if (number + made) % every or not rows.set(row, column, changed):
                    made += 1
                    continue
                made += 1
                found = crm.verify_ledger(salon, OLGA, ana.id)
                assert not found.ok, (row["sequence"], column, changed)
                assert rows.set({**row, column: changed}, column, held)
    assert crm.verify_ledger(salon, OLGA, ana.id).ok
    return made


@pytest.mark.parametrize(("entries", "every"), SIZES)
def test_every_byte_of_entries_in_a_file_is_covered(
    entries: int, every: int, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    clock, file = FixedClock(), tmp_path / "salon.db"
    with crm.open_salon(file, **SETTINGS, clock=clock) as salon:
        ana = a_busy_ledger(salon, clock, entries)
        with closing(sqlite3.connect(file, isolation_level=None)) as raw:
            made = check_every_byte(salon, ana, Rows(raw.execute, sqlite3.Error, "?", ENTRIES.name), every)
    with capsys.disabled():
        print(f"\n  {made:,} changes of {entries} entries in a file: all found")


@pytest.mark.parametrize(("entries", "every"), SIZES)
def test_every_byte_of_entries_in_a_database_is_covered(
    entries: int, every: int, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = FixedClock()
    place: dict[str, Any] = {"where": server.url(), "schema": SCHEMA, "salon_id": str(uuid4())}
    with crm.open_salon(**place, **SETTINGS, clock=clock) as salon:
        ana = a_busy_ledger(salon, clock, entries)
        with psycopg.connect(server.dsn(), autocommit=True) as raw:
            rows = Rows(raw.execute, psycopg.Error, "%s", f"{SCHEMA}.{ENTRIES.name}")
            made = check_every_byte(salon, ana, rows, every)
    with capsys.disabled():
        print(f"\n  {made:,} changes of {entries} entries in a database: all found")


@pytest.mark.parametrize(("entries", "every"), SIZES)
def test_every_byte_of_entries_in_memory_is_covered(
    entries: int, every: int, capsys: pytest.CaptureFixture[str]
) -> None:
    clock = FixedClock()
    with crm.open_salon(**SETTINGS, clock=clock) as salon:
        ana = a_busy_ledger(salon, clock, entries)
        with salon.reading() as reading:
            held = reading.reward_entries.of_customers([ana.id])[ana.id]
        made = 0
        for entry in held:
            for changed in _altered_entries(entry):
                made += 1
                if made % every == 0:
                    assert not _with(salon, entry, changed, lambda: crm.verify_ledger(salon, OLGA, ana.id).ok)
        assert crm.verify_ledger(salon, OLGA, ana.id).ok
    with capsys.disabled():
        print(f"\n  {made:,} changes of {entries} entries in memory: all found")


def _altered_entries(entry: RewardEntry) -> Iterator[RewardEntry]:
    """Give the entry with each byte of what it says changed, as far as that is an entry still."""
    stored = to_stored(entry)
    said = {name: value for name, value in stored.items() if name not in ("type", "format")}
    for changed in leaves(said):
        try:
            other: RewardEntry = from_stored({**stored, **changed})
        except InvalidDocument:
            continue  # which no store could give back
        if other != entry:  # and not the same instant, spelt otherwise
            yield other


def _with(salon: crm.Salon, entry: RewardEntry, changed: RewardEntry, ask: Callable[[], bool]) -> bool:
    """Ask while an entry is another, and put it back."""
    if changed.customer_id != entry.customer_id:
        return False  # it is another customer's then, and missing here
    place = (changed.customer_id, changed.sequence)
    with salon.store.writing() as writing:
        writing.reward_entries.remove((entry.customer_id, entry.sequence))
        added = not writing.reward_entries.get_many([place])
        if added:
            writing.reward_entries.add(changed)
    answer = ask()
    with salon.store.writing() as writing:
        if added:
            writing.reward_entries.remove(place)
        writing.reward_entries.add(entry)
    return answer


@pytest.mark.parametrize("count", [40, pytest.param(10_000, marks=pytest.mark.long)])
def test_every_byte_of_entries_is_covered_by_the_pure_check(count: int, capsys: pytest.CaptureFixture[str]) -> None:
    made = 0
    for number in range(1, count + 1):
        entry = _an_entry(number)
        digests = {1: entry_digest(entry)}
        ledger = RewardLedger.of_entries(entry.customer_id, [entry])
        for changed in _altered_entries(entry):
            made += 1
            fault = fault_in(entry.customer_id, [changed], digests, ledger.head, ledger.open_lots())
            assert fault is not None, changed
    with capsys.disabled():
        print(f"\n  {made:,} changes of {count:,} entries: all found")


def _an_entry(number: int) -> RewardEntry:
    salt, reason = number.to_bytes(16), f"Reason {number}"
    opened = (crm.LotPart(1, number, an_instant(number).date() + timedelta(days=number % 90)), crm.LotPart(1, 3))
    return a_reward_entry(
        1,
        customer_id=a_customer_id(number),
        at=an_instant(number),
        recorded=an_instant(number + 1),
        points=number + 3,
        total_after=number + 3,
        parts=opened,
        tier_points=number,
        shares=(crm.LineShare(0, number),),
        reason=reason,
        reference=f"till {number}",
        salt=salt,
        reason_digest=digest_of_reason(reason, salt),
    )


def test_what_is_deleted_swapped_inserted_or_cut_off_is_found(tmp_path: Path) -> None:
    """In a file, as somebody would who can write to it: with the head that was kept elsewhere, also the whole tail."""
    clock, file = FixedClock(), tmp_path / "salon.db"
    with crm.open_salon(file, **SETTINGS, clock=clock) as salon:
        ana = a_busy_ledger(salon, clock, 20)
        head = crm.audit_head(salon, OLGA)
    count = 20
    acts = {
        "delete": [f"DELETE FROM {ENTRIES.name} WHERE customer_id = ? AND sequence = 7"],
        "cut": [f"DELETE FROM {ENTRIES.name} WHERE customer_id = ? AND sequence > {count - 4}"],
        "swap": [
            f"UPDATE {ENTRIES.name} SET sequence = -1 WHERE customer_id = ? AND sequence = 7",
            f"UPDATE {ENTRIES.name} SET sequence = 7 WHERE customer_id = ? AND sequence = 8",
            f"UPDATE {ENTRIES.name} SET sequence = 8 WHERE customer_id = ? AND sequence = -1",
        ],
        "insert": [
            f"INSERT INTO {ENTRIES.name} SELECT {', '.join(_inserted(column.name) for column in ENTRIES.columns)} "
            f"FROM {ENTRIES.name} WHERE customer_id = ? AND sequence = 7"
        ],
    }
    original = file.read_bytes()
    for name, statements in acts.items():
        file.write_bytes(original)
        with closing(sqlite3.connect(file)) as raw, raw:
            for statement in statements:
                raw.execute(statement, (str(ana.id),))
        with crm.open_salon(file, clock=clock) as salon:
            assert not crm.verify_ledger(salon, OLGA, ana.id).ok, name
            assert crm.verify_audit(salon, OLGA, head=head).ok
    file.write_bytes(original)
    with (
        closing(sqlite3.connect(file)) as raw,
        raw,
    ):  # the tail of everything: nothing else tells
        raw.execute(f"DELETE FROM {ENTRIES.name} WHERE sequence > 1")
        raw.execute("DELETE FROM crm_reward_lots")
        raw.execute("DELETE FROM crm_audit WHERE action LIKE 'points-%' OR action LIKE 'sale-%'")
    with crm.open_salon(file, clock=clock) as salon:
        assert not crm.verify_audit(salon, OLGA, head=head).ok


def _inserted(column: str) -> str:
    return {"sequence": "1000", "id": "'01890a5d-ac96-774b-bcce-b302099a8057'", "reference": "NULL"}.get(column, column)


def test_every_field_of_an_entry_is_among_what_is_changed() -> None:
    names = {name for entry in (_an_entry(7),) for name in to_stored(entry)}
    assert {field.name for field in fields(RewardEntry)} <= names
