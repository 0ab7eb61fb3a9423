"""Whether a salon's file is sound: SQLite's own checks, the chain, and every index against what it is of."""

import sqlite3
from collections import Counter
from collections.abc import Iterator, Sequence
from contextlib import closing
from pathlib import Path

from tests.stress.operations import SHARED, counted, house

import salon_crm as crm
from salon_crm.adapters.sql.unit import SqlUnit
from salon_crm.domain.criteria import EVERYBODY, Order, OrderKey, text_criterion
from salon_crm.domain.customers import search_keys
from salon_crm.ports.records import CUSTOMERS
from salon_crm.ports.salon import record_of
from salon_crm.ports.store import AuditQuery, Reading

Rows = list[tuple[object, ...]]


def check_sound(file: Path, salon: crm.Salon) -> None:
    """Fail unless the file is sound, whoever else is writing to it meanwhile."""
    with closing(sqlite3.connect(file, timeout=10)) as connection:
        assert connection.execute("PRAGMA integrity_check").fetchall() == [("ok",)]
        assert connection.execute("PRAGMA foreign_key_check").fetchall() == []
    assert crm.check_health(salon, house()).findings == ()
    check_salon(salon)


def check_salon(salon: crm.Salon) -> None:
    """Fail unless what the salon holds fits together, in whatever database it is."""
    assert crm.verify_facts(salon, house()).ok
    with salon.reading() as reading:
        assert isinstance(reading, SqlUnit)
        customers = reading.customers.find(EVERYBODY, Order(OrderKey.ADDED), None, 1_000_000)
        entries = reading.audit.select(AuditQuery(), 1_000_000)
        _check_history(reading, customers, entries)
        assert reading.rows_at_fault() == {}
        assert reading.check_search().ok
        _check_keys(reading, customers)
        _check_search(reading, customers)


def _check_history(reading: Reading, customers: Sequence[crm.Customer], entries: Sequence[crm.AuditEntry]) -> None:
    """Every profile and note has its entries, every entry what it is about, and every count was kept."""
    added = Counter(entry.customer_id for entry in entries if entry.action is crm.AuditAction.CUSTOMER_ADDED)
    assert added == Counter(customer.id for customer in customers)
    versions = {entry.customer_id: entry.version for entry in entries if entry.customer_id}
    assert versions == {customer.id: customer.version for customer in customers}
    noted = Counter(entry.details["note"] for entry in entries if entry.action is crm.AuditAction.NOTE_ADDED)
    notes = reading.notes.of_customers([customer.id for customer in customers])
    assert noted == Counter(str(note.id) for held in notes.values() for note in held)
    _check_bookings(reading, customers, entries)
    edits = Counter(entry.customer_id for entry in entries if entry.action is crm.AuditAction.CUSTOMER_EDITED)
    assert all(counted(each) == edits[each.id] for each in customers if each.id == SHARED)


def _check_bookings(reading: Reading, customers: Sequence[crm.Customer], entries: Sequence[crm.AuditEntry]) -> None:
    """Every version of a booking has its entry of the audit, and but for the last what it was stands beside it."""
    ids = [customer.id for customer in customers]
    versions = {each.id: each.version for held in reading.bookings.of_customers(ids).values() for each in held}
    told = Counter(entry.details["booking"] for entry in entries if "booking" in entry.details)
    assert told == {str(own_id): version for own_id, version in versions.items()}
    before = [was for held in reading.booking_changes.of_customers(ids).values() for was in held]
    led_to = {own_id: set(range(2, version + 1)) for own_id, version in versions.items() if version > 1}
    assert {own_id: {was.version for was in before if was.booking_id == own_id} for own_id in led_to} == led_to
    assert len(before) == sum(map(len, led_to.values()))


def _check_keys(reading: Reading, customers: Sequence[crm.Customer]) -> None:
    """What customers are found by is what they hold: their contacts, names and ids of other systems."""
    for key in ("contact", "name", "external_id"):
        wanted: dict[object, set[object]] = {}
        for customer in customers:
            for value in CUSTOMERS.keys[key].values(customer):
                wanted.setdefault(value, set()).add(customer.id)
        found = reading.customers.by_key(key, wanted)
        assert {value: {customer.id for customer in held} for value, held in found.items()} == wanted


def _check_search(reading: Reading, customers: Sequence[crm.Customer]) -> None:
    """Every order and a search by parts of what is held answer as reading everybody does."""
    keys = {customer.id: search_keys(customer) for customer in customers}
    by_name = sorted(customers, key=lambda customer: (keys[customer.id].name, str(customer.id)))
    assert reading.customers.find(EVERYBODY, Order(OrderKey.NAME), None, 1_000_000) == by_name
    for text in _parts(customers):
        criterion = text_criterion(text)
        expected = [each for each in by_name if crm.matches(criterion, record_of(reading, each))]
        assert list(reading.customers.find(criterion, Order(OrderKey.NAME), None, 1_000_000)) == expected, text


def _parts(customers: Sequence[crm.Customer]) -> Iterator[str]:
    """Give parts of names and contacts: of one, of few, of many and of none."""
    yield from ("ues", "xyzzy", "shared")
    yield from (customer.name[-5:] for customer in customers[-1:])
