"""Stored facts: what a customer's bookings and sales come to, kept beside the customer so that lists need not add up.

They are computed here and nowhere else, in the transaction that changes what they are made of; `verify_facts`
compares them with a computation from the beginning.
"""

from collections.abc import Iterable, Iterator
from datetime import date

from attrs import evolve, field, frozen

from salon_crm.domain.bookings import Booking, BookingStatus
from salon_crm.domain.ids import CustomerId
from salon_crm.domain.packages import held_packages
from salon_crm.domain.privacy import BEHAVIOUR, MONEY, OPERATOR, classed
from salon_crm.domain.sales import AssignedPackage, LineKind, Sale, SaleStatus


@frozen(field_transformer=classed, kw_only=True)
class CustomerFacts:
    """What a customer's bookings and sales come to.

    ``visits`` counts local days with a completed booking or a completed sale of a service; ``spend`` is what
    completed sales cost after refunds, in minor units of the salon's currency. ``booked`` are the codes of
    services with a booking that was neither cancelled nor missed, ``ever_booked`` those with any booking;
    ``packages`` those the customer has.
    """

    customer_id: CustomerId = field(metadata=OPERATOR)
    visits: int = field(default=0, metadata=BEHAVIOUR)
    first_visit: date | None = field(default=None, metadata=BEHAVIOUR)
    last_visit: date | None = field(default=None, metadata=BEHAVIOUR)
    spend: int = field(default=0, metadata=MONEY)
    booked: frozenset[str] = field(default=frozenset(), metadata=BEHAVIOUR)
    ever_booked: frozenset[str] = field(default=frozenset(), metadata=BEHAVIOUR)
    packages: frozenset[str] = field(default=frozenset(), metadata=BEHAVIOUR)
    version: int = field(default=1, metadata=OPERATOR)


def facts_of(
    customer_id: CustomerId,
    bookings: Iterable[Booking],
    sales: Iterable[Sale],
    assigned: Iterable[AssignedPackage],
    *,
    version: int = 1,
) -> CustomerFacts:
    """Return what all bookings, sales and assigned packages of a customer come to."""
    bookings, sales = tuple(bookings), tuple(sales)
    days = sorted({*_days_of_bookings(bookings), *_days_of_sales(sales)})
    return CustomerFacts(
        customer_id=customer_id,
        visits=len(days),
        first_visit=days[0] if days else None,
        last_visit=days[-1] if days else None,
        spend=sum(sale.net.minor for sale in sales if sale.status is SaleStatus.COMPLETED),
        booked=frozenset(booking.service for booking in bookings if booking.counts),
        ever_booked=frozenset(booking.service for booking in bookings),
        packages=frozenset(held.package for held in held_packages(bookings, sales, assigned)),
        version=version,
    )


def facts_after(facts: CustomerFacts, before: Booking | None, after: Booking) -> CustomerFacts | None:
    """Return the facts once a booking was made, or became what it is now, where they follow from that alone.

    None where they do not: where something may have gone, or a visit falls before the last one, all bookings and
    sales must be looked at again (`facts_of`).
    """
    if before is not None and (_gives_up(before, after) or before.customer_id != after.customer_id):
        return None
    visits, first, last = facts.visits, facts.first_visit, facts.last_visit
    if after.status is BookingStatus.COMPLETED:
        if last is not None and after.day < last:
            return None
        visits += after.day != last
        first, last = first or after.day, after.day
    return evolve(
        facts,
        visits=visits,
        first_visit=first,
        last_visit=last,
        booked=facts.booked | {after.service} if after.counts else facts.booked,
        ever_booked=facts.ever_booked | {after.service},
        packages=facts.packages | {after.package} if after.package is not None and after.counts else facts.packages,
    )


def _gives_up(before: Booking, after: Booking) -> bool:
    """Return whether a booking no longer gives what it gave: its service, its package, its visit."""
    return (
        before.service != after.service
        or (before.counts and not after.counts)
        or (before.counts and before.package is not None and before.package != after.package)
        or (before.status is BookingStatus.COMPLETED and (before.status, before.day) != (after.status, after.day))
    )


def _days_of_bookings(bookings: Iterable[Booking]) -> Iterator[date]:
    return (booking.day for booking in bookings if booking.status is BookingStatus.COMPLETED)


def _days_of_sales(sales: Iterable[Sale]) -> Iterator[date]:
    """Give the days of services sold without a booking; one that names its booking is the booking's visit."""
    return (sale.day for sale in sales if not sale.bookings and any(sale.kept(LineKind.SERVICE)))
