"""Recording a sale: what was sold, to whom, what was paid, and the bookings it is for."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

from salon_crm.domain.access import Actor, Permission
from salon_crm.domain.audit import AuditAction, Detail
from salon_crm.domain.bookings import COUNTING, Booking
from salon_crm.domain.criteria import Ref
from salon_crm.domain.customers import Customer
from salon_crm.domain.ids import BookingId, IdLike, SaleId, parse_id
from salon_crm.domain.money import AmountLike
from salon_crm.domain.reading import Problems, read_items
from salon_crm.domain.sales import LineKind, Payment, Sale, SaleLine, SaleStatus
from salon_crm.domain.sales.stated import (
    LineFields,
    PaymentFields,
    StatedLine,
    StatedPayment,
    read_lines,
    read_paid,
    sold,
)
from salon_crm.errors import Conflict, InvalidValue, NotFound, RuleBroken
from salon_crm.ports.records import LOCATIONS, PACKAGES, SERVICES, Kind
from salon_crm.ports.salon import Salon
from salon_crm.use_cases.access import use_case
from salon_crm.use_cases.bookings.plan import settled_place
from salon_crm.use_cases.catalogue import find_item, items_named
from salon_crm.use_cases.facts import refresh_facts
from salon_crm.use_cases.rewards.earning import settle_sale
from salon_crm.use_cases.sales.keeping import SHOWN, SaleOutcome, complete_bookings, sale_there
from salon_crm.use_cases.unit import Unit, unit_of_work

MOST_BOOKINGS: Final = 100
"""How many bookings one sale is for."""

_RECORDED_AS: Final = (SaleStatus.COMPLETED, SaleStatus.PENDING)


@use_case(Permission.RECORD_SALES, shows=SHOWN)
def record_sale(
    salon: Salon,
    actor: Actor,
    customer_id: IdLike | None = None,
    /,
    *,
    lines: Iterable[LineFields],
    paid: AmountLike | PaymentFields | Iterable[AmountLike | PaymentFields] | None = None,
    status: SaleStatus | str = SaleStatus.COMPLETED,
    bookings: Iterable[IdLike] = (),
    location: Ref | None = None,
    id: IdLike | None = None,
    reference: str | None = None,
    at: datetime | None = None,
) -> SaleOutcome:
    """Record what was sold, and return the sale and the bookings it completed.

    ``lines`` are mappings (`LineFields`): ``{"service": "cut", "price": "25.00"}``, ``{"product": "Shampoo",
    "price": 9, "quantity": 2}``, ``{"package": "ten-cuts", "price": "200.00"}``. Prices are what was asked, in the
    salon's currency, as a Decimal, a whole number or text. ``paid`` is an amount, or one or several payments
    (`PaymentFields`) that say how. ``status`` is completed, or pending while the sale may still be called off.

    Without a customer it is a walk-in's, until `assign_sale`. ``bookings`` are the ids of bookings it is for, all of
    one customer, whose sale it is. A completed sale completes those that have begun; one that is still to come is
    paid in advance and stays as it is. Without ``location`` the sale was made at the salon's only one. What is
    retired may be named: a sale says what happened. ``id``, ``reference`` and ``at`` as for `add_customer`.

    Raises InvalidDocument with every value that cannot be taken, NotFound, Conflict, RuleBroken for a booking of
    somebody else, and for one that was cancelled or missed, NotPermitted.
    """
    with unit_of_work(salon, actor, at) as unit:
        form = _Form(unit, lines=lines, paid=paid, status=status, bookings=bookings)
        customer = None if customer_id is None else unit.customer(Permission.RECORD_SALES, customer_id)
        place = None if location is None else find_item(unit.writing, LOCATIONS, location, "location")
        asked = {
            "customer_id": None if customer is None else customer.id,
            "location": None if place is None else place.code,
            **form.asked(),
            "id": id,
        }
        made = unit.result_of("record_sale", reference, asked)
        if made is not None:
            return SaleOutcome(sale=sale_there(unit.writing, made, code="gone"))
        place = settled_place(unit, location, lambda ref: find_item(unit.writing, LOCATIONS, ref, "location"))
        booked = _bookings_sold(unit, customer, form.bookings)
        if customer is None and booked:
            customer = unit.customer(Permission.RECORD_SALES, booked[0].customer_id)
        zone = unit.settings.zone if place is None or place.zone is None else place.zone
        sale = form.sale(
            SaleId(unit.new_id(id)),
            customer_id=None if customer is None else customer.id,
            location=None if place is None else place.code,
            zone=zone,
        )
        if id is not None and unit.writing.sales.get_many([sale.id]):
            raise Conflict("id-taken", field="id")
        outcome = _keep(unit, customer, sale, booked)
        unit.remember("record_sale", reference, asked, sale.id)
        return outcome


def _keep(unit: Unit, customer: Customer | None, sale: Sale, booked: list[Booking]) -> SaleOutcome:
    """Keep a new sale, record it, keep the customer's facts and points, and complete the bookings it is for."""
    unit.writing.sales.add(sale)
    details: dict[str, Detail] = {"sale": str(sale.id), "status": str(sale.status)}
    details |= {name: len(getattr(sale, name)) for name in ("lines", "payments", "bookings")}
    unit.record(AuditAction.SALE_RECORDED, customer, details=details)
    if customer is not None:
        refresh_facts(unit.writing, [customer.id])  # before the bookings, whose facts follow from those that are kept
    outcome = SaleOutcome(sale=sale, points=settle_sale(unit, customer, None, sale))
    due = booked if sale.status is SaleStatus.COMPLETED else []
    return complete_bookings(unit, customer, outcome, due, "record_sale")


class _Form:
    """What is stated of a new sale, read; raises InvalidDocument with every value that cannot be taken."""

    def __init__(self, unit: Unit, *, lines: object, paid: object, status: object, bookings: object) -> None:
        self._unit = unit
        self._currency = unit.settings.currency
        problems = Problems()
        stated = read_lines(lines, self._currency, problems)
        self.lines: tuple[SaleLine, ...] = _named_lines(unit, stated, problems)
        self.paid: tuple[StatedPayment, ...] = read_paid(paid, self._currency, problems)
        self.status = problems.read(lambda: _parse_status(status)) or SaleStatus.COMPLETED
        self.bookings = problems.read(lambda: _parse_bookings(bookings)) or ()
        problems.settle()
        self._called = [line.name for line in stated]
        """What the caller calls each line, which is a product's."""

    def asked(self) -> Mapping[str, object]:
        """Return what a retry must ask again: not what the catalogue calls a thing, which may change."""
        lines = (
            (line.kind, line.item, called or "", line.quantity, line.price.minor)
            for line, called in zip(self.lines, self._called, strict=True)
        )
        return {
            "lines": tuple(lines),
            "paid": tuple((payment.amount.minor, payment.method or "") for payment in self.paid),
            "status": self.status,
            "bookings": self.bookings,
        }

    def sale(self, sale_id: SaleId, **fields: Any) -> Sale:
        """Return the sale that is stated."""
        at, by = self._unit.at, self._unit.actor.id
        return Sale(
            id=sale_id,
            at=at,
            currency=self._currency,
            lines=self.lines,
            payments=tuple(Payment(at=at, by=by, amount=paid.amount, method=paid.method) for paid in self.paid),
            bookings=self.bookings,
            status=self.status,
            by=by,
            recorded=self._unit.now,
            **fields,
        )


def _named_lines(unit: Unit, stated: tuple[StatedLine, ...], problems: Problems) -> tuple[SaleLine, ...]:
    """Return lines with the codes and names that the catalogue has for what they sell, asked for all at once."""
    found = {
        kind: items_named(unit.writing, _items_of(kind), {line.item for line in stated if line.kind is kind})
        for kind in (LineKind.SERVICE, LineKind.PACKAGE)
    }
    lines: list[SaleLine | None] = []
    for line in stated:
        if line.kind is LineKind.PRODUCT:
            lines.append(sold(line, line.item, line.name or line.item))
        elif line.item in found[line.kind]:
            item = found[line.kind][line.item]
            lines.append(sold(line, item.code, item.name))
        else:
            where = f"{line.field}.{line.kind}"
            problems.found.append(InvalidValue("unknown-code", field=where, ref=line.item, kind=str(line.kind)))
    return tuple(line for line in lines if line is not None)


def _items_of(kind: LineKind) -> Kind[Any]:
    return SERVICES if kind is LineKind.SERVICE else PACKAGES


def _parse_status(value: object) -> SaleStatus:
    if not isinstance(value, str) or value not in _RECORDED_AS:
        raise InvalidValue("not-a-choice", field="status", choices=_RECORDED_AS)
    return SaleStatus(value)


def _parse_bookings(value: object) -> tuple[BookingId, ...]:
    stated = read_items(value, "bookings", most=MOST_BOOKINGS, expected="a sequence of ids")
    return tuple(dict.fromkeys(BookingId(parse_id(each, f"bookings.{place}")) for place, each in enumerate(stated)))


def _bookings_sold(unit: Unit, customer: Customer | None, ids: tuple[BookingId, ...]) -> list[Booking]:
    """Return the bookings that a sale is for; raises NotFound, RuleBroken for those it cannot be for."""
    found = unit.writing.bookings.get_many(ids) if ids else {}
    booked: list[Booking] = []
    for each in ids:
        booking = found.get(each)
        if booking is None:
            raise NotFound("not-found", field="bookings", kind="booking", id=str(each))
        owner = customer.id if customer is not None else booked[0].customer_id if booked else booking.customer_id
        if booking.customer_id != owner:
            raise RuleBroken("booking-of-another", field="bookings", id=str(each))
        if booking.status not in COUNTING:
            raise RuleBroken("booking-not-sold", field="bookings", id=str(each), status=booking.status)
        booked.append(booking)
    return booked
