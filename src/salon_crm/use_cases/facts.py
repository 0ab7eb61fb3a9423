"""Stored facts: kept in step by whatever changes what they are made of, verified, and made anew."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Final

from attrs import evolve, field, frozen

from salon_crm.domain.access import Actor, Permission
from salon_crm.domain.audit import AuditAction
from salon_crm.domain.bookings import Booking
from salon_crm.domain.criteria import EVERYBODY, Order, OrderKey
from salon_crm.domain.facts import CustomerFacts, facts_after, facts_of
from salon_crm.domain.ids import CustomerId
from salon_crm.domain.privacy import OPERATOR, classed
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import Reading, Writing
from salon_crm.use_cases.access import use_case
from salon_crm.use_cases.criteria import each_slice
from salon_crm.use_cases.unit import unit_of_work

_MOST_NAMED: Final = 1_000


def refresh_facts(writing: Writing, customer_ids: Iterable[CustomerId]) -> int:
    """Compute the facts of customers from all their bookings and sales, and keep what differs; return how many did."""
    compared = [each for each in _compared(writing, tuple(dict.fromkeys(customer_ids))) if each[0] != each[1]]
    _write_facts(writing, compared)
    return len(compared)


Followed = tuple[Booking | None, Booking]
"""A booking that was made or changed: what it was, None for a new one, and what it is."""


def follow_booking(writing: Writing, before: Booking | None, after: Booking) -> None:
    """Keep the facts of whose booking was made or changed in step; ``before`` is what it was, None for a new one."""
    follow_bookings(writing, [(before, after)])


def follow_bookings(writing: Writing, changes: Iterable[Followed]) -> None:
    """Keep the facts of everybody in step whose bookings were made or changed, each written once."""
    made = sorted(changes, key=lambda each: each[1].start)  # visits in their order follow from one another
    held = writing.facts.get_many({after.customer_id for _, after in made})
    right: dict[CustomerId, CustomerFacts] = {}
    anew: dict[CustomerId, None] = {}
    for before, after in made:
        own_id = after.customer_id
        facts = right.get(own_id) or held.get(own_id) or CustomerFacts(customer_id=own_id)
        followed = facts_after(facts, before, after)
        if followed is None:
            anew |= dict.fromkeys((own_id,) if before is None else (before.customer_id, own_id))
        else:
            right[own_id] = followed
    refresh_facts(writing, anew)
    compared = [(held.get(own_id), facts) for own_id, facts in right.items() if own_id not in anew]
    _write_facts(writing, [(before, facts) for before, facts in compared if before != facts])


def _write_facts(writing: Writing, changed: Sequence[tuple[CustomerFacts | None, CustomerFacts]]) -> None:
    """Write facts of customers, each beside those that are kept, None where none are."""
    new = [right for held, right in changed if held is None]
    if new:
        writing.facts.add_many(new)
    known = [(evolve(right, version=held.version + 1), held.version) for held, right in changed if held is not None]
    if known:
        writing.facts.save_many(known)


def _compared(reading: Reading, ids: Sequence[CustomerId]) -> Iterator[tuple[CustomerFacts | None, CustomerFacts]]:
    """Give the facts that are kept of each customer and those that should be, where either says anything."""
    bookings, sales = reading.bookings.of_customers(ids), reading.sales.of_customers(ids)
    assigned, kept = reading.assigned_packages.of_customers(ids), reading.facts.get_many(ids)
    for own_id in ids:
        held = kept.get(own_id)
        right = facts_of(own_id, bookings.get(own_id, ()), sales.get(own_id, ()), assigned.get(own_id, ()))
        if held is not None:
            right = evolve(right, version=held.version)
        if held is not None or right != CustomerFacts(customer_id=own_id):
            yield held, right


@frozen(field_transformer=classed, kw_only=True)
class FactsVerification:
    """What comparing stored facts with a computation from the beginning found.

    ``wrong`` counts the customers whose facts are not what their bookings and sales come to; ``ids`` names up
    to 1,000 of them.
    """

    customers: int = field(metadata=OPERATOR)
    wrong: int = field(metadata=OPERATOR)
    ids: tuple[CustomerId, ...] = field(metadata=OPERATOR)

    @property
    def ok(self) -> bool:
        """Whether all facts are what they should be."""
        return not self.wrong


@use_case(Permission.MAINTAIN)
def verify_facts(salon: Salon, actor: Actor, /) -> FactsVerification:
    """Compare every customer's stored facts with what their bookings and sales come to, by short readings.

    Changes nothing, and takes time in proportion to the salon. Raises NotPermitted, StoreError.
    """
    customers = wrong = 0
    named: list[CustomerId] = []
    for ids, at_fault in _verified(salon):
        customers += len(ids)
        wrong += len(at_fault)
        named += at_fault[: _MOST_NAMED - len(named)]
    return FactsVerification(customers=customers, wrong=wrong, ids=tuple(named))


def _verified(salon: Salon) -> Iterator[tuple[list[CustomerId], list[CustomerId]]]:
    """Give the ids of all customers, some hundred at a time, and of them those whose facts are wrong."""
    slices = each_slice(
        salon,
        EVERYBODY,
        Order(OrderKey.ADDED),
        lambda reading, found: [_at_fault(reading, [customer.id for customer in found])],
    )
    return (verified for shaped in slices for verified in shaped)


def _at_fault(reading: Reading, ids: list[CustomerId]) -> tuple[list[CustomerId], list[CustomerId]]:
    return ids, [right.customer_id for held, right in _compared(reading, ids) if held != right]


@frozen(field_transformer=classed, kw_only=True)
class FactsRebuilt:
    """How many customers were looked at, and of how many the facts were mended."""

    customers: int = field(metadata=OPERATOR)
    mended: int = field(metadata=OPERATOR)


@use_case(Permission.MAINTAIN, sliced=True)
def rebuild_facts(salon: Salon, actor: Actor, /) -> FactsRebuilt:
    """Compute every customer's facts anew and mend what differs, some hundred customers in each transaction.

    The audit records each transaction that mended something. Raises NotPermitted, StoreError.
    """
    customers = mended = 0
    for ids, at_fault in _verified(salon):
        customers += len(ids)
        if not at_fault:
            continue
        with unit_of_work(salon, actor) as unit:
            count = refresh_facts(unit.writing, at_fault)
            if count:  # unless somebody else mended them meanwhile
                unit.record(AuditAction.FACTS_REBUILT, details={"mended": count})
            mended += count
    return FactsRebuilt(customers=customers, mended=mended)
