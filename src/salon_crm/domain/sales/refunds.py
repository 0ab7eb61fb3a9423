"""Taking back a sale or a part of it: never more than is left, and never more handed back than was paid."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from functools import partial

from attrs import evolve

from salon_crm.domain.money import Money, total_of
from salon_crm.domain.reading import Problems
from salon_crm.domain.sales.records import Refund, RefundedLine, Sale, SaleStatus
from salon_crm.domain.sales.stated import StatedTaken
from salon_crm.errors import InvalidValue, RuleBroken


def refunded_sale(
    sale: Sale,
    *,
    lines: tuple[RefundedLine, ...] | None,
    amount: Money | None,
    returned: Money | None,
    at: datetime,
    by: str,
    reason: str | None,
) -> Sale:
    """Return the sale with lines taken back, or an amount, or all that is left of it, at its next version.

    Unless ``returned`` says what was handed back, it is what is paid beyond what the sale costs from now on. Raises
    RuleBroken for more than is left, more than was paid, nothing at all, and a sale that was cancelled.
    """
    if sale.status is SaleStatus.CANCELLED:
        raise RuleBroken("sale-status", id=str(sale.id), status=sale.status, needed="not cancelled", done="refunded")
    if lines is None and amount is None:
        lines, amount = tuple(_all_left(sale)), sale.net
    taken = total_of((line.amount for line in lines or ()), sale.currency) if amount is None else amount
    if taken > sale.net:
        raise RuleBroken("refund-exceeds", field="amount", id=str(sale.id), left=str(sale.net))
    zero = Money.zero(sale.currency)
    handed = max(sale.paid - (sale.net - taken), zero) if returned is None else returned
    if handed > sale.paid:
        raise RuleBroken("returned-exceeds", field="returned", id=str(sale.id), paid=str(sale.paid))
    if not (lines or taken or handed):
        raise RuleBroken("nothing-to-refund", id=str(sale.id))
    refund = Refund(at=at, by=by, amount=taken, returned=handed, lines=lines or (), reason=reason)
    after = evolve(sale, refunds=(*sale.refunds, refund), version=sale.version + 1)
    return evolve(after, status=SaleStatus.REFUNDED) if _took_the_rest(after, refund) else after


def taken_back(sale: Sale, stated: Iterable[StatedTaken]) -> tuple[RefundedLine, ...]:
    """Return the lines that are taken back of a sale: unless stated, all that is left, at the price it was sold for.

    Raises InvalidDocument with every line of which less is left, or which is worth less.
    """
    left = {place: line.quantity - sale.refunded_of(place) for place, line in enumerate(sale.lines)}
    problems = Problems()
    taken: list[RefundedLine] = []
    for each in stated:
        line = problems.read(partial(_taken, sale, each, left))
        if line is not None:
            left[line.line] -= line.quantity
            taken.append(line)
    problems.settle()
    return tuple(taken)


def _taken(sale: Sale, stated: StatedTaken, left: Mapping[int, int]) -> RefundedLine:
    if stated.line not in left:
        raise InvalidValue("number-out-of-range", field=f"{stated.field}.line", low=0, high=len(left) - 1)
    most = left[stated.line]
    if not most:
        raise InvalidValue("line-taken-back", field=f"{stated.field}.line")
    quantity = most if stated.quantity is None else stated.quantity
    if quantity > most:
        raise InvalidValue("number-out-of-range", field=f"{stated.field}.quantity", low=1, high=most)
    worth = sale.lines[stated.line].price * quantity
    amount = worth if stated.amount is None else stated.amount
    if amount > worth:
        low = str(Money.zero(sale.currency))
        raise InvalidValue("number-out-of-range", field=f"{stated.field}.amount", low=low, high=str(worth))
    return RefundedLine(line=stated.line, quantity=quantity, amount=amount)


def _all_left(sale: Sale) -> Iterator[RefundedLine]:
    """Give what is left of every line; where an amount was refunded before, the last lines are worth less."""
    left = sale.net
    for place, line in enumerate(sale.lines):
        quantity = line.quantity - sale.refunded_of(place)
        if quantity:
            amount = min(line.price * quantity, left)
            left -= amount
            yield RefundedLine(line=place, quantity=quantity, amount=amount)


def _took_the_rest(sale: Sale, refund: Refund) -> bool:
    """Return whether nothing is left of a sale after its last refund; a line that cost nothing may be left."""
    if sale.net:
        return False
    if not refund.lines:
        return bool(refund.amount)
    return all(line.quantity == sale.refunded_of(place) for place, line in enumerate(sale.lines))
