"""The filter panel by hand: the table of bookings a web application has, and the best tables found for panels."""

import sqlite3
from collections.abc import Iterable
from pathlib import Path
from typing import Any

from bench.bookings import COMPLETED, COUNTING, SERVICES, STATES, Guest, Panel, Part

PAGE = 50
FIELDS = ("service_id", "location_id", "therapist_id", "package_id")
"""What a booking refers to; an ORM makes an index on each, and on the customer's."""

Clause = tuple[str, list[Any]]


def plain_tables(path: Path, everybody: Iterable[Guest]) -> None:
    """Make what a web application has: customers, their bookings, an index on the name and on whatever refers."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute("CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, active BOOL NOT NULL)")
    references = ", ".join(f"{field} INTEGER" for field in FIELDS)
    connection.execute(
        "CREATE TABLE booking (id INTEGER PRIMARY KEY, customer_id INTEGER NOT NULL REFERENCES customer (id), "
        f"{references}, day DATE NOT NULL, status VARCHAR(10) NOT NULL)"
    )
    connection.execute("CREATE INDEX by_name ON customer (name)")
    for field in ("customer_id", *FIELDS):
        connection.execute(f"CREATE INDEX by_{field} ON booking ({field})")
    for guest in everybody:
        connection.execute("INSERT INTO customer VALUES (?, ?, ?)", (guest.number, guest.key, guest.active))
        connection.executemany(
            f"INSERT INTO booking (customer_id, {', '.join(FIELDS)}, day, status) VALUES (?, ?, ?, ?, ?, ?, ?)",
            (
                (guest.number, v.service, v.location, v.therapist, v.package, v.day.isoformat(), v.status)
                for v in guest.visits
            ),
        )
    connection.commit()
    connection.execute("ANALYZE")  # without which SQLite takes an index of a location for that of a customer
    connection.close()


def _asked(part: Part) -> Clause:
    """Return the condition of a booking `b` of which a part is true."""
    conditions, values = [f"b.status IN ({_marks(part.statuses)})"], list[Any](part.statuses)
    if part.services:
        conditions.append(f"b.service_id IN ({_marks(part.services)})")
        values += part.services
    asked = (
        ("b.day >= ?", part.start and part.start.isoformat()),
        ("b.day <= ?", part.end and part.end.isoformat()),
        ("b.location_id = ?", part.location),
        ("b.therapist_id = ?", part.therapist),
        ("b.package_id = ?", part.package),
    )
    for condition, value in asked:
        if value is not None:
            conditions.append(condition)
            values.append(value)
    return " AND ".join(conditions), values


def _marks(values: Iterable[Any]) -> str:
    return ", ".join("?" for _ in values)


class PlainSql:
    """EXISTS over the tables of a web application."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def page(self, panel: Panel) -> list[int]:
        """Return the first page of a panel."""
        condition, values = self.condition(panel)
        sql = f"SELECT c.id FROM customer c WHERE {condition} ORDER BY c.name, c.id LIMIT {PAGE}"
        return [row[0] for row in self._connection.execute(sql, values)]

    def count(self, panel: Panel) -> int:
        """Return how many are meant."""
        condition, values = self.condition(panel)
        count: int = self._connection.execute(f"SELECT count(*) FROM customer c WHERE {condition}", values).fetchone()[
            0
        ]
        return count

    @staticmethod
    def condition(panel: Panel) -> Clause:
        """Return the condition of a customer `c`."""
        conditions, values = ["1 = 1"], list[Any]()
        if panel.active is not None:
            conditions.append("c.active = ?")
            values.append(panel.active)
        for part in panel.plain_parts():
            inside, bound = _asked(part)
            exists = f"EXISTS (SELECT 1 FROM booking b WHERE b.customer_id = c.id AND {inside})"
            conditions.append(f"NOT {exists}" if part.never else exists)
            values += bound
        return " AND ".join(conditions), values


def mask_tables(path: Path, everybody: Iterable[Guest]) -> None:
    """Make words of bits for each customer, in list order, and two covering indexes of bookings."""
    connection = sqlite3.connect(path)
    connection.execute("PRAGMA synchronous = OFF")
    connection.execute(
        "CREATE TABLE list (name TEXT, id INTEGER, booked INTEGER, ever INTEGER, packages INTEGER, active INTEGER, "
        "last TEXT, PRIMARY KEY (name, id)) WITHOUT ROWID"
    )
    columns = "customer INTEGER, service INTEGER, status INTEGER, day TEXT, location INTEGER, therapist INTEGER"
    connection.execute(f"CREATE TABLE booking ({columns})")
    rows = []
    for guest in everybody:
        rows.append(_row(guest))
        connection.executemany("INSERT INTO booking VALUES (?, ?, ?, ?, ?, ?)", _bookings(guest))
    connection.executemany("INSERT INTO list VALUES (?, ?, ?, ?, ?, ?, ?)", sorted(rows))
    for columns in (
        "customer, day, status, service, location, therapist",
        "service, status, day, customer, location, therapist",
    ):
        connection.execute(f"CREATE INDEX by_{columns.partition(',')[0]} ON booking ({columns})")
    connection.commit()
    connection.close()


class RawMasks:
    """What words of bits and covering indexes answer."""

    def __init__(self, path: Path) -> None:
        self._connection = sqlite3.connect(path)

    def close(self) -> None:
        """Let go of the file."""
        self._connection.close()

    def page(self, panel: Panel) -> list[int]:
        """Return the first page, by walking the list."""
        condition, values = _masked(panel, at_once=False)
        sql = f"SELECT l.id FROM list l WHERE {condition} ORDER BY l.name, l.id LIMIT {PAGE}"
        return [row[0] for row in self._connection.execute(sql, values)]

    def count(self, panel: Panel) -> int:
        """Return how many are meant, by reading the list once and each kind of booking asked for once."""
        condition, values = _masked(panel, at_once=True)
        count: int = self._connection.execute(f"SELECT count(*) FROM list l WHERE {condition}", values).fetchone()[0]
        return count


def _row(guest: Guest) -> tuple[Any, ...]:
    booked = ever = packages = 0
    for visit in guest.visits:
        ever |= 1 << visit.service
        if visit.status in COUNTING:
            booked |= 1 << visit.service
            packages |= 0 if visit.package is None else 1 << visit.package
    last = max((visit.day.isoformat() for visit in guest.visits if visit.status == COMPLETED), default="")
    return guest.key, guest.number, booked, ever, packages, guest.active, last


def _bookings(guest: Guest) -> Iterable[tuple[Any, ...]]:
    return (
        (guest.number, v.service, STATES.index(v.status), v.day.isoformat(), v.location, v.therapist)
        for v in guest.visits
    )


def _masked(panel: Panel, *, at_once: bool) -> Clause:
    conditions, values = ["1 = 1"], list[Any]()
    asked = (
        ("l.active = ?", panel.active),
        ("l.last <> '' AND l.last < ?", panel.last_before and panel.last_before.isoformat()),
        ("l.last > ?", panel.last_after and panel.last_after.isoformat()),
    )
    for condition, value in asked:
        if value is not None:
            conditions.append(condition)
            values.append(value)
    for part in panel.parts:
        condition, bound = _masked_part(part, at_once=at_once)
        conditions.append(f"NOT ({condition})" if part.never else condition)
        values += bound
    return " AND ".join(conditions), values


def _masked_part(part: Part, *, at_once: bool) -> Clause:
    if part.package is not None:
        return "l.packages & ? <> 0", [1 << part.package]
    word = "booked" if set(part.statuses) <= set(COUNTING) else "ever"
    mask = sum(1 << service for service in part.services or range(SERVICES))
    if (part.start, part.end, part.location, part.therapist) == (None,) * 4 and set(part.statuses) in (
        set(COUNTING),
        set(STATES),
    ):
        return f"l.{word} & ? <> 0", [mask]
    inside, values = _dated(part)
    if at_once:
        return f"l.{word} & ? <> 0 AND l.id IN (SELECT b.customer FROM booking b WHERE {inside})", [mask, *values]
    by_customer = inside.replace("b.service", "+b.service").replace("b.status", "+b.status")
    found = f"EXISTS (SELECT 1 FROM booking b WHERE b.customer = l.id AND {by_customer})"
    return f"l.{word} & ? <> 0 AND {found}", [mask, *values]


def _dated(part: Part) -> Clause:
    services, states = part.services or range(SERVICES), [STATES.index(status) for status in part.statuses]
    conditions = [f"b.service IN ({_marks(services)})", f"b.status IN ({_marks(states)})"]
    values: list[Any] = [*services, *states]
    asked = (
        ("b.day >= ?", part.start and part.start.isoformat()),
        ("b.day <= ?", part.end and part.end.isoformat()),
        ("b.location = ?", part.location),
        ("b.therapist = ?", part.therapist),
    )
    for condition, value in asked:
        if value is not None:
            conditions.append(condition)
            values.append(value)
    return " AND ".join(conditions), values
