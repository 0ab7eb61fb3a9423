"""Synthetic salons: the invented customers of the samples, as records, as a list, and in a store.

Seeded: one seed and one number always make the same salon. Nothing is kept but in the folder of the run.
"""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, timedelta
from itertools import islice
from pathlib import Path
from typing import NamedTuple
from uuid import UUID

from salon_crm.domain.contact import EmailAddress, PhoneNumber
from salon_crm.domain.customers import Customer
from salon_crm.domain.dates import PartialDate
from salon_crm.domain.ids import CustomerId
from salon_crm.opening import open_salon
from salon_crm.ports.salon import Salon
from salon_crm.samples.invented import InventedCustomer, invented_customers, write_invented_list

_SLICE = 5_000
_OPENED = datetime(2015, 1, 2, 9, tzinfo=UTC)
_TODAY = date(2026, 3, 2)
_FIRST_ID = 0x0145_0000_0000_7000_8000_0000_0000_0000

REGION = "PT"
"""Where the salon is, and phones without a country's code are dialled."""


class Person(NamedTuple):
    """What every contender is given of a customer; the mobile is E.164, the birthday ISO 8601."""

    id: str
    name: str
    email: str | None
    mobile: str
    birthday: str | None


def people(count: int, seed: int) -> Iterator[Person]:
    """Return an iterator over the first ``count`` customers of a seed."""
    for number, each in enumerate(islice(invented_customers(seed=seed), count)):
        yield Person(str(UUID(int=_FIRST_ID + number)), each.name, each.email, each.mobile, each.birthday)


def write_list(path: Path, count: int, seed: int, *, skip: int = 0) -> None:
    """Write a CSV list of ``count`` customers as people type them, leaving out the first ``skip`` of the seed."""
    customers: Iterator[InventedCustomer] = islice(invented_customers(seed=seed), skip, None)
    write_invented_list(path, customers, count)


def new_salon(path: Path | None) -> Salon:
    """Open a new salon in a file, or in memory."""
    return open_salon(path, region=REGION, zone="Europe/Lisbon", currency="EUR")


def fill(salon: Salon, persons: Iterable[Person]) -> None:
    """Keep people as customers, straight through the store's units of work: neither checked nor audited."""
    customers = (customer_of(number, person) for number, person in enumerate(persons))
    while part := list(islice(customers, _SLICE)):
        with salon.writing() as writing:
            writing.customers.add_many(part)


def customer_of(number: int, person: Person) -> Customer:
    """Return the customer a person is; each number a minute after the one before."""
    return Customer(
        id=CustomerId(UUID(person.id)),
        added=_OPENED + timedelta(minutes=number),
        name=person.name,
        email=EmailAddress(person.email, person.email) if person.email else None,
        mobile=PhoneNumber(person.mobile),
        birthday=PartialDate.parse(person.birthday, "birthday", today=_TODAY) if person.birthday else None,
    )
