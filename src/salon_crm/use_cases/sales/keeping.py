"""Keeping a sale and what changed of it: the record, the audit, the bookings it is for and the customer's facts."""

from collections.abc import Iterable, Mapping
from typing import Final
from uuid import UUID

from attrs import evolve, field, frozen

from salon_crm.domain.access import Permission
from salon_crm.domain.audit import AuditAction, Detail
from salon_crm.domain.bookings import OPEN, Booking, BookingMove, moved_booking
from salon_crm.domain.customers import Customer
from salon_crm.domain.ids import parse_id
from salon_crm.domain.privacy import BEHAVIOUR, MONEY, OPERATOR, classed, field_classes
from salon_crm.domain.rewards import RewardEntry
from salon_crm.domain.sales import Sale
from salon_crm.errors import NotFound
from salon_crm.ports.store import Reading
from salon_crm.use_cases.access import check_grant
from salon_crm.use_cases.bookings.keeping import keep_move
from salon_crm.use_cases.bookings.plan import check_location_of
from salon_crm.use_cases.facts import refresh_facts
from salon_crm.use_cases.rewards.earning import settle_sale
from salon_crm.use_cases.unit import Unit

SHOWN: Final = field_classes(MONEY, BEHAVIOUR, OPERATOR)
"""What a sale shows."""


@frozen(field_transformer=classed, kw_only=True)
class SaleOutcome:
    """A sale as it is after an act, and what came of it: the bookings it completed.

    ``points`` are the entries of the rewards ledger that came of the sale and of those bookings.
    """

    sale: Sale = field(metadata=MONEY)
    completed: tuple[Booking, ...] = field(default=(), metadata=BEHAVIOUR)
    points: tuple[RewardEntry, ...] = field(default=(), metadata=MONEY)


def sale_there(reading: Reading, sale_id: UUID, *, code: str = "not-found") -> Sale:
    """Return the sale of an id; raises NotFound."""
    sale = reading.sales.get_many([sale_id]).get(sale_id)
    if sale is None:
        raise NotFound(code, kind="sale", id=str(sale_id))
    return sale


def find_sale(unit: Unit, sale_id: object) -> tuple[Sale, Customer | None]:
    """Return a sale and whose it is, for one who may change it.

    Raises InvalidValue for what is no id, NotFound, NotPermitted for one of a location out of reach.
    """
    sale = sale_there(unit.writing, parse_id(sale_id, "sale_id"))
    check_location_of(unit, sale)
    return sale, customer_of(unit, sale)


def customer_of(unit: Unit, sale: Sale) -> Customer | None:
    """Return whose a sale is, None for a walk-in's."""
    if sale.customer_id is None:
        return None
    return unit.writing.customers.get_many([sale.customer_id])[sale.customer_id]


def keep_change(
    unit: Unit,
    customer: Customer | None,
    before: Sale,
    after: Sale,
    action: AuditAction,
    details: Mapping[str, Detail] | None = None,
) -> SaleOutcome:
    """Keep a changed sale, record it, and keep the customer's facts and points."""
    unit.writing.sales.save(after, before.version)
    unit.record(action, customer, details={"sale": str(after.id), **(details or {})})
    if customer is not None:
        refresh_facts(unit.writing, [customer.id])
    return SaleOutcome(sale=after, points=settle_sale(unit, customer, before, after))


def complete_bookings(
    unit: Unit, customer: Customer | None, outcome: SaleOutcome, bookings: Iterable[Booking], use_case_name: str
) -> SaleOutcome:
    """Complete the bookings that a completed sale is for and that had begun when it was made; return what came of it.

    One that is still to come is paid in advance and stays as it is. Raises NotPermitted for an actor who may not
    move bookings, or not at that location.
    """
    begun = [booking for booking in bookings if booking.status in OPEN and booking.start <= unit.at]
    if not begun or customer is None:  # a sale that is for a booking has its customer
        return outcome
    check_grant(unit.salon, unit.actor, Permission.MOVE_BOOKINGS, use_case_name)
    for booking in begun:
        check_location_of(unit, booking)
        moved = moved_booking(booking, BookingMove.COMPLETE, now=unit.now)
        kept = keep_move(unit, customer, booking, moved, BookingMove.COMPLETE)
        outcome = evolve(outcome, completed=(*outcome.completed, kept.booking), points=(*outcome.points, *kept.points))
    return outcome
