"""The list of names with what panels ask: one narrow row for each customer, in list order, kept in step.

Whoever writes a customer or their stored facts writes it too, in the same verb. A page walks it and stops where it is
full; a count reads it from end to end and nothing beside it.
"""

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Final

from salon_crm.adapters.sql.dialect import Connection, Dialect, Row
from salon_crm.adapters.sql.masks import Bits, CodeKind, bits_of, given_bits, words_of
from salon_crm.adapters.sql.slices import slices_of
from salon_crm.adapters.sql.tables import (
    BOOKED_WORDS,
    CODES,
    CUSTOMER_PANEL,
    EVER_WORDS,
    PACKAGES_WORDS,
    TABLES,
    write_day,
    write_instant,
)
from salon_crm.domain.customers import Customer
from salon_crm.domain.facts import CustomerFacts
from salon_crm.domain.ids import CustomerId
from salon_crm.domain.text import sort_key
from salon_crm.ports.records import FACTS

_NAME: Final = CUSTOMER_PANEL.name
_OF_PROFILES: Final = ("name_key", "customer_id", "status", "gender", "added")
_PROFILE_COLUMNS: Final = ("name_key", "id", "status", "gender", "added")
_OF_FACTS: Final = ("visits", "last_visit", "spend", *BOOKED_WORDS, *EVER_WORDS, *PACKAGES_WORDS)
_COLUMNS: Final = (*_OF_PROFILES, *_OF_FACTS)
_NO_FACTS: Final[Row] = (0, None, 0, *(0 for _ in _OF_FACTS[3:]))

_INSERT: Final = f"INSERT INTO {_NAME} ({', '.join(_COLUMNS)}) VALUES ({', '.join('?' * len(_COLUMNS))})"
_IS_OF: Final = "customer_id = ? AND name_key = (SELECT name_key FROM crm_customers WHERE id = ?)"
_SET_FACTS: Final = f"UPDATE {_NAME} SET {', '.join(f'{name} = ?' for name in _OF_FACTS)} WHERE {_IS_OF}"
_FILL: Final = (
    f"INSERT INTO {_NAME} ({', '.join(_COLUMNS)}) SELECT name_key, id, status, gender, added, "
    f"0, NULL, 0, {', '.join('0' for _ in _OF_FACTS[3:])} FROM crm_customers ORDER BY name_key, id"
)


def _profile_row(customer: Customer) -> Row:
    return (
        sort_key(customer.name),
        str(customer.id),
        customer.status.value,
        customer.gender.value if customer.gender else None,
        write_instant(customer.added),
    )


def _codes_of(facts: Iterable[CustomerFacts]) -> dict[CodeKind, Sequence[str]]:
    services, packages = set[str](), set[str]()
    for each in facts:
        services |= each.booked | each.ever_booked
        packages |= each.packages
    return {CodeKind.SERVICE: sorted(services), CodeKind.PACKAGE: sorted(packages)}


def _facts_row(facts: CustomerFacts, bits: Bits) -> Row:
    def words(kind: CodeKind, codes: Iterable[str]) -> tuple[int, ...]:
        return words_of(kind, (bits[kind, code] for code in codes))

    return (
        facts.visits,
        write_day(facts.last_visit),
        facts.spend,
        *words(CodeKind.SERVICE, facts.booked),
        *words(CodeKind.SERVICE, facts.ever_booked),
        *words(CodeKind.PACKAGE, facts.packages),
    )


class PanelRows:
    """The rows of the panel, written together with the customers and the facts they come from."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = connection
        self._dialect = dialect

    def add(self, customers: Iterable[Customer]) -> None:
        """Add customers, of whom nothing is known yet but their profiles; in list order, which is soonest written."""
        self._connection.run_many(_INSERT, sorted((*_profile_row(customer), *_NO_FACTS) for customer in customers))

    def change(self, customer: Customer, before: Mapping[str, Any]) -> None:
        """Say of a customer what the profile says now, and did not say in the columns it had ``before``."""
        row, held = _profile_row(customer), tuple(before[name] for name in _PROFILE_COLUMNS)
        if row == held:
            return
        sets = ", ".join(f"{name} = ?" for name in _OF_PROFILES)
        sql = f"UPDATE {_NAME} SET {sets} WHERE name_key = ? AND customer_id = ?"
        self._connection.run(sql, (*row, before["name_key"], before["id"]))

    def drop(self, customer_id: str) -> None:
        """Forget a customer whose profile is still there."""
        self._connection.run(f"DELETE FROM {_NAME} WHERE {_IS_OF}", (customer_id, customer_id))

    def set_facts(self, facts: Sequence[CustomerFacts]) -> None:
        """Say of customers what their stored facts say."""
        bits = given_bits(self._connection, self._dialect, _codes_of(facts))
        rows = ((*_facts_row(each, bits), own_id, own_id) for each in facts for own_id in [str(each.customer_id)])
        self._connection.run_many(_SET_FACTS, rows)

    def drop_facts(self, customer_id: str) -> None:
        """Say of a customer that there are no stored facts."""
        self._connection.run(_SET_FACTS, (*_NO_FACTS, customer_id, customer_id))

    def rebuild(self) -> None:
        """Make every row anew, and give every code a bit anew."""
        for table in (_NAME, CODES.name):
            self._connection.run(f"DELETE FROM {table}")
        self._connection.run(_FILL)
        for rows in slices_of(self._connection, TABLES[FACTS.name].shape):
            self.set_facts(TABLES[FACTS.name].read(rows))

    def at_fault(self, customers: Sequence[Customer]) -> tuple[int, int]:
        """Return how many of some customers have a row, and of how many there is none or it says something else."""
        expected = self._expected(customers)
        held = {(row[0], row[1]): row for row in self._held(customers)}
        right = sum(held.get((row[0], row[1])) == row for row in expected)
        return len(held), len(expected) - right

    def _held(self, customers: Sequence[Customer]) -> list[Row]:
        condition, value = self._dialect.in_list("c.id", [str(customer.id) for customer in customers])
        return self._connection.rows(
            f"SELECT {', '.join(f'r.{name}' for name in _COLUMNS)} FROM crm_customers c CROSS JOIN {_NAME} r "
            f"WHERE {condition} AND r.name_key = c.name_key AND r.customer_id = c.id",
            [value],
        )

    def _expected(self, customers: Sequence[Customer]) -> list[Row]:
        """Return the rows of some customers; one with a code that has no bit is like none that is kept."""
        facts = self._facts_of(customers)
        bits = bits_of(self._connection, self._dialect, _codes_of(facts.values()))
        return [(*_profile_row(each), *self._expected_facts(facts.get(each.id), bits)) for each in customers]

    def _expected_facts(self, facts: CustomerFacts | None, bits: Bits) -> Row:
        try:
            return _NO_FACTS if facts is None else _facts_row(facts, bits)
        except KeyError:
            return ()

    def _facts_of(self, customers: Sequence[Customer]) -> dict[CustomerId, CustomerFacts]:
        table = TABLES[FACTS.name]
        condition, value = self._dialect.in_list("customer_id", [str(customer.id) for customer in customers])
        sql = f"SELECT {table.columns} FROM {table.shape.name} WHERE {condition}"
        return {facts.customer_id: facts for facts in table.read(self._connection.rows(sql, [value]))}

    def count(self) -> int:
        """Return how many rows there are."""
        count: int = self._connection.rows(f"SELECT count(*) FROM {_NAME}")[0][0]
        return count
