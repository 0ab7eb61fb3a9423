"""Lists to bring in, and everything a salon holds, to compare."""

import csv
import io
from collections.abc import Mapping, Sequence
from typing import Any

from tests.use_cases.actors import MANAGER, OWNER

import salon_crm as crm
from salon_crm.domain.criteria import EVERYBODY, Order, OrderKey
from salon_crm.ports.store import AuditQuery

HEADER = ("name", "email", "mobile")
ANA = ("Ana Silva", "ana@example.com", "912 345 678")


def table(*rows: Sequence[str], header: Sequence[str] = HEADER) -> bytes:
    """A CSV list with a header, each row filled up with empty cells."""
    text = io.StringIO(newline="")
    writer = csv.writer(text)
    writer.writerow(header)
    writer.writerows([*row, *[""] * (len(header) - len(row))] for row in rows)
    return text.getvalue().encode()


def records(*rows: Mapping[str, str]) -> bytes:
    """A CSV list of rows that name their columns; what a row does not name is empty."""
    header = list(dict.fromkeys(name for row in rows for name in row))
    return table(*([row.get(name, "") for name in header] for row in rows), header=header)


def bring(salon: crm.Salon, content: bytes, **options: Any) -> crm.ImportReport:
    return crm.import_customers(salon, MANAGER, content, **options)


def figures(report: crm.ImportReport) -> dict[str, int]:
    """What became of the rows, without what did not happen."""
    names = ("created", "updated", "unchanged", "skipped", "refused")
    assert report.rows == sum(getattr(report, name) for name in names)
    return {name: getattr(report, name) for name in names if getattr(report, name)}


def problems(report: crm.ImportReport) -> list[tuple[int, str | None, str]]:
    return [(problem.line, problem.field, problem.code) for problem in report.problems]


def people(salon: crm.Salon) -> list[crm.Customer]:
    """Every customer, those first added first."""
    return [row.customer for row in crm.each_customer(salon, OWNER, order="added")]


def names(salon: crm.Salon) -> list[str]:
    return [customer.name for customer in people(salon)]


def only(salon: crm.Salon) -> crm.Customer:
    (customer,) = people(salon)
    return customer


def trail(salon: crm.Salon) -> list[crm.AuditEntry]:
    with salon.reading() as reading:
        return list(reading.audit.select(AuditQuery(), 1_000_000))


def content_of(salon: crm.Salon) -> tuple[object, ...]:
    """Everything the salon holds."""
    with salon.reading() as reading:
        customers = list(reading.customers.find(EVERYBODY, Order(OrderKey.ADDED), None, 1_000_000))
        ids = [customer.id for customer in customers]
        blocks = reading.blocks.of_customers(ids)
        return (
            reading.settings(),
            customers,
            reading.notes.of_customers(ids),
            blocks,
            reading.block_alerts.of_customers(ids),
            reading.fingerprints.of_customers(ids),
            reading.aliases.of_customers(ids),
            reading.marks.by_key("block", [block.origin for held in blocks.values() for block in held]),
            trail(salon),
        )
