"""What becomes of a sale: completed, cancelled, given to a customer, paid, refunded."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Final

from attrs import evolve

from salon_crm.domain.access import Actor, Permission
from salon_crm.domain.audit import AuditAction
from salon_crm.domain.ids import IdLike
from salon_crm.domain.money import AmountLike, Money
from salon_crm.domain.reading import Problems
from salon_crm.domain.sales import MOST_PAYMENTS, MOST_REFUNDS, Payment, Sale, SaleStatus
from salon_crm.domain.sales.refunds import refunded_sale, taken_back
from salon_crm.domain.sales.stated import RefundFields, read_method, read_taken
from salon_crm.domain.text import clean_text
from salon_crm.errors import InvalidValue, RuleBroken
from salon_crm.ports.salon import Salon
from salon_crm.use_cases.access import use_case
from salon_crm.use_cases.sales.keeping import (
    SHOWN,
    SaleOutcome,
    complete_bookings,
    find_sale,
    keep_change,
)
from salon_crm.use_cases.unit import unit_of_work

_PAYABLE: Final = (SaleStatus.PENDING, SaleStatus.COMPLETED)


@use_case(Permission.RECORD_SALES, shows=SHOWN)
def complete_sale(salon: Salon, actor: Actor, sale_id: IdLike, /, *, at: datetime | None = None) -> SaleOutcome:
    """Complete a pending sale, and return it with the bookings it completed.

    It completes those it is for that have begun. One that was cancelled or missed since the sale was recorded stays
    so: what was paid for it is kept. Raises InvalidValue, NotFound, RuleBroken for a sale that is not pending,
    NotPermitted.
    """
    with unit_of_work(salon, actor, at) as unit:
        sale, customer = find_sale(unit, sale_id)
        completed = _moved(sale, SaleStatus.COMPLETED)
        outcome = keep_change(unit, customer, sale, completed, AuditAction.SALE_COMPLETED)
        found = unit.writing.bookings.get_many(sale.bookings) if sale.bookings else {}
        booked = [found[each] for each in sale.bookings]
        return complete_bookings(unit, customer, outcome, booked, "complete_sale")


@use_case(Permission.RECORD_SALES, shows=SHOWN)
def cancel_sale(salon: Salon, actor: Actor, sale_id: IdLike, /, *, at: datetime | None = None) -> SaleOutcome:
    """Call off a pending sale for which nothing was paid.

    Raises InvalidValue, NotFound, RuleBroken for a sale that is not pending, and where money was paid: hand it back
    with `refund_sale`. NotPermitted.
    """
    with unit_of_work(salon, actor, at) as unit:
        sale, customer = find_sale(unit, sale_id)
        cancelled = _moved(sale, SaleStatus.CANCELLED)
        if sale.paid:
            raise RuleBroken("sale-paid", id=str(sale.id))
        return keep_change(unit, customer, sale, cancelled, AuditAction.SALE_CANCELLED)


def _moved(sale: Sale, status: SaleStatus) -> Sale:
    if sale.status is not SaleStatus.PENDING:
        raise RuleBroken("sale-status", id=str(sale.id), status=sale.status, needed=SaleStatus.PENDING, done=status)
    return evolve(sale, status=status, version=sale.version + 1)


@use_case(Permission.RECORD_SALES, shows=SHOWN)
def assign_sale(
    salon: Salon, actor: Actor, sale_id: IdLike, /, *, customer: IdLike, at: datetime | None = None
) -> SaleOutcome:
    """Say whose a walk-in's sale is, once and for all; saying the same again changes nothing.

    Raises InvalidValue, NotFound, RuleBroken for a sale that is somebody else's, NotPermitted.
    """
    with unit_of_work(salon, actor, at) as unit:
        sale, _ = find_sale(unit, sale_id)
        owner = unit.customer(Permission.RECORD_SALES, customer)
        if sale.customer_id == owner.id:
            return SaleOutcome(sale=sale)
        if sale.customer_id is not None:
            raise RuleBroken("sale-assigned", field="customer", id=str(sale.id))
        assigned = evolve(sale, customer_id=owner.id, version=sale.version + 1)
        return keep_change(unit, owner, sale, assigned, AuditAction.SALE_ASSIGNED)


@use_case(Permission.RECORD_SALES, shows=SHOWN)
def record_payment(
    salon: Salon,
    actor: Actor,
    sale_id: IdLike,
    /,
    *,
    amount: AmountLike,
    method: str | None = None,
    reference: str | None = None,
    at: datetime | None = None,
) -> SaleOutcome:
    """Record money that came in for a sale, and return it with the points that it earned by being paid.

    More than is due may come in: the sale is then overpaid, which `refund_sale` settles. ``method`` is how it was
    paid, in a word of your own. ``reference`` makes a retry safe, ``at`` is when it came in.

    Raises InvalidValue, NotFound, Conflict, RuleBroken for a sale that was cancelled or refunded, NotPermitted.
    """
    with unit_of_work(salon, actor, at) as unit:
        sale, customer = find_sale(unit, sale_id)
        problems = Problems()
        money = problems.read(lambda: _parse_payment(amount, sale.currency))
        how = problems.read(lambda: read_method(method, "method"))
        problems.settle()
        assert money is not None  # one that cannot be read is a problem  # noqa: S101
        asked = {"sale_id": sale.id, "amount": money, "method": how}
        if unit.result_of("record_payment", reference, asked) is not None:
            return SaleOutcome(sale=sale)
        if sale.status not in _PAYABLE:
            needed = " or ".join(_PAYABLE)
            raise RuleBroken("sale-status", id=str(sale.id), status=sale.status, needed=needed, done="paid")
        if len(sale.payments) == MOST_PAYMENTS:
            raise InvalidValue("too-many", field="payments", count=MOST_PAYMENTS + 1, limit=MOST_PAYMENTS)
        payment = Payment(at=unit.at, by=actor.id, amount=money, method=how)
        paid = evolve(sale, payments=(*sale.payments, payment), version=sale.version + 1)
        outcome = keep_change(unit, customer, sale, paid, AuditAction.PAYMENT_RECORDED)
        unit.remember("record_payment", reference, asked, sale.id)
        return outcome


def _parse_payment(amount: object, currency: str) -> Money:
    money = Money.parse(amount, "amount", currency=currency)
    if not money:
        raise InvalidValue("payment-of-nothing", field="amount")
    return money


@use_case(Permission.REFUND_SALES, shows=SHOWN)
def refund_sale(
    salon: Salon,
    actor: Actor,
    sale_id: IdLike,
    /,
    *,
    lines: Iterable[int | RefundFields] | None = None,
    amount: AmountLike | None = None,
    returned: AmountLike | None = None,
    reason: str | None = None,
    reference: str | None = None,
    at: datetime | None = None,
) -> SaleOutcome:
    """Take back a sale, or some ``lines`` of it, or an ``amount``, and return the sale as it is then.

    With neither it is all that is left of it. ``lines`` are their places, from 0, or mappings (`RefundFields`) that
    say how many of a line, and for how much. What is taken back comes off what the sale costs; ``returned`` is what
    was handed back, unless stated what is paid beyond what the sale costs from now on. So ``amount=0`` hands back
    what was overpaid. A sale of which all is taken back is refunded, and counts no longer.

    ``reason`` is kept with the refund, ``reference`` makes a retry safe, ``at`` is when it happened. Raises
    InvalidDocument with every value that cannot be taken, NotFound, Conflict, RuleBroken for more than is left, more
    than was paid, nothing at all, and a sale that was cancelled, NotPermitted.
    """
    with unit_of_work(salon, actor, at) as unit:
        sale, customer = find_sale(unit, sale_id)
        form = _RefundForm(sale.currency, lines=lines, amount=amount, returned=returned, reason=reason)
        asked = {"sale_id": sale.id, **form.asked()}
        if unit.result_of("refund_sale", reference, asked) is not None:
            return SaleOutcome(sale=sale)
        after = refunded_sale(
            sale,
            lines=None if form.lines is None else taken_back(sale, form.lines),
            amount=form.amount,
            returned=form.returned,
            at=unit.at,
            by=actor.id,
            reason=form.reason,
        )
        if len(sale.refunds) == MOST_REFUNDS:
            raise InvalidValue("too-many", field="refunds", count=MOST_REFUNDS + 1, limit=MOST_REFUNDS)
        details = {"lines": len(after.refunds[-1].lines), "whole": after.status is SaleStatus.REFUNDED}
        outcome = keep_change(unit, customer, sale, after, AuditAction.SALE_REFUNDED, details)
        unit.remember("refund_sale", reference, asked, sale.id)
        return outcome


class _RefundForm:
    """What is stated of a refund, read; raises InvalidDocument with every value that cannot be taken."""

    def __init__(self, currency: str, *, lines: object, amount: object, returned: object, reason: object) -> None:
        def money(value: object, name: str) -> Money | None:
            return None if value is None else Money.parse(value, name, currency=currency)

        problems = Problems()
        self.lines = None if lines is None else read_taken(lines, currency, problems)
        self.amount = problems.read(lambda: money(amount, "amount"))
        self.returned = problems.read(lambda: money(returned, "returned"))
        self.reason = problems.read(lambda: None if reason is None else clean_text(reason, "reason", lines=True))
        if lines is not None and amount is not None:
            problems.found.append(InvalidValue("lines-or-amount", field="amount"))
        problems.settle()

    def asked(self) -> Mapping[str, object]:
        """Return what a retry must ask again."""
        parts = ((each.line, each.quantity or "", each.amount or "") for each in self.lines or ())
        stated = {"amount": self.amount, "returned": self.returned, "reason": self.reason}
        return {"lines": tuple(parts), **stated}
