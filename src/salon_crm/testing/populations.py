"""Salons full of people for checks: customers with blocks, bookings, sales, packages, and the facts of all that."""

from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time
from typing import Final, TypeVar
from zoneinfo import ZoneInfo

from attrs import frozen
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from salon_crm.domain.blocks import Block
from salon_crm.domain.bookings import Booking
from salon_crm.domain.customers import Customer
from salon_crm.domain.facts import CustomerFacts, facts_of
from salon_crm.domain.sales import AssignedPackage, Sale
from salon_crm.ports.store import Writing
from salon_crm.testing.strategies import assigned_packages, blocks, bookings, sales, searched_customers

R = TypeVar("R", Block, Booking, AssignedPackage, Sale)


@frozen(kw_only=True)
class Population:
    """Customers and what is known of them; what belongs to somebody who is not there is left out.

    With ``bare`` a customer of whom nothing is known has no facts kept, and otherwise facts that say so.
    """

    customers: tuple[Customer, ...]
    blocks: tuple[Block, ...] = ()
    bookings: tuple[Booking, ...] = ()
    sales: tuple[Sale, ...] = ()
    assigned: tuple[AssignedPackage, ...] = ()
    bare: bool = True

    def facts(self) -> Iterator[CustomerFacts]:
        """Give what the bookings, sales and packages of each customer come to."""
        for customer in self.customers:
            booked, bought = self._of(customer, self.bookings), self._of(customer, self.sales)
            given = self._of(customer, self.assigned)
            if booked or bought or given or not self.bare:
                yield facts_of(customer.id, booked, bought, given)

    def _of(self, customer: Customer, records: Iterable[R]) -> list[R]:
        return [record for record in records if record.customer_id == customer.id]

    def _there(self, records: Iterable[R]) -> list[R]:
        there = {customer.id for customer in self.customers}
        return [record for record in records if record.customer_id is None or record.customer_id in there]

    def keep(self, writing: Writing) -> None:
        """Keep everything, the facts in step with the rest."""
        self.keep_records(writing)
        for facts in self.facts():
            writing.facts.add(facts)

    def keep_records(self, writing: Writing) -> None:
        """Keep everything but facts; kinds that have no records are not asked for."""
        writing.customers.add_many(self.customers)
        for block in self._there(self.blocks):
            writing.blocks.add(block)
        for booking in self._there(self.bookings):
            writing.bookings.add(booking)
        for sale in self._there(self.sales):
            writing.sales.add(sale)
        for assigned in self._there(self.assigned):
            writing.assigned_packages.add(assigned)


def populations(*, of_bookings: bool = True) -> SearchStrategy[Population]:
    """Populations of few customers who have much in common; unless ``of_bookings``, with customers and blocks alone."""

    def some(records: SearchStrategy[R], most: int) -> SearchStrategy[tuple[R, ...]]:
        return st.lists(records, max_size=most, unique_by=lambda record: record.id).map(tuple)

    people = st.lists(searched_customers(), max_size=6, unique_by=lambda customer: customer.id).map(tuple)
    if not of_bookings:
        return st.builds(Population, customers=people, blocks=some(blocks(), 3))
    return st.builds(
        Population,
        customers=people,
        blocks=some(blocks(), 3),
        bookings=some(bookings(), 8),
        sales=some(sales(), 3),
        assigned=some(assigned_packages(), 3),
        bare=st.booleans(),
    )


@frozen
class LocalMoment:
    """A moment as the clock of a location shows it; ``later`` is the second of two that show the same."""

    zone: str
    day: date
    time: time
    later: bool = False

    @property
    def instant(self) -> datetime:
        """The same moment, in UTC."""
        shown = datetime.combine(self.day, self.time, ZoneInfo(self.zone))
        return shown.replace(fold=int(self.later)).astimezone(UTC)


_EARLY, _LATE = time(0, 30), time(23, 30)

AROUND_MIDNIGHT: Final = (
    *(LocalMoment("Europe/Lisbon", date(2026, 3, day), at) for day in (28, 29, 30) for at in (_EARLY, _LATE)),
    *(LocalMoment("Europe/Lisbon", date(2026, 10, day), at) for day in (24, 25, 26) for at in (_EARLY, _LATE)),
    *(LocalMoment("Europe/Lisbon", date(2026, 10, 25), time(1, 30), later) for later in (False, True)),
    *(LocalMoment("America/New_York", date(2026, 3, day), at) for day in (7, 8, 9) for at in (_EARLY, _LATE)),
    *(LocalMoment("America/New_York", date(2026, 11, day), at) for day in (1, 2) for at in (_EARLY, _LATE)),
    *(LocalMoment("Asia/Kathmandu", date(2026, 3, 29), at) for at in (_EARLY, _LATE)),
    *(LocalMoment("Pacific/Kiritimati", date(2026, 3, 29), at) for at in (_EARLY, time(12), _LATE)),
    *(LocalMoment("Pacific/Honolulu", date(2026, 3, 28), at) for at in (_EARLY, time(15), _LATE)),
    LocalMoment("UTC", date(2026, 3, 29), time(0)),
    LocalMoment("UTC", date(2026, 3, 28), time(23, 59, 59, 999_999)),
)
"""Moments at the edges of local days, where UTC is often on another: east, west, and over clock changes both ways."""
