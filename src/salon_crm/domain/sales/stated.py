"""What somebody states of a sale, read: its lines, what was paid, what is taken back; every problem with its field."""

from collections.abc import Iterable, Mapping
from typing import Final, NamedTuple, Required, TypedDict

from salon_crm.domain.criteria import Ref, parse_ref
from salon_crm.domain.money import MOST_MINOR, AmountLike, Money, total_times
from salon_crm.domain.reading import Problems, read_fields, read_items
from salon_crm.domain.sales.records import MOST_LINES, MOST_PAYMENTS, MOST_QUANTITY, LineKind, SaleLine
from salon_crm.domain.text import NAME_LIMIT, clean_text
from salon_crm.errors import InvalidValue


class LineFields(TypedDict, total=False):
    """A line of a sale as `record_sale` takes it: a service, a product or a package, its price, and how many.

    ``service`` and ``package`` are codes of the catalogue, or ids; ``product`` is whatever you call it by, such as
    the number on its shelf, and ``name`` what a screen calls it, if that is something else. ``price`` is that of
    one.
    """

    service: Ref
    product: str
    package: Ref
    name: str
    quantity: int
    price: Required[AmountLike]


class PaymentFields(TypedDict, total=False):
    """A payment as `record_sale` takes it: its amount and, in a word of your own such as card, how it was made."""

    amount: Required[AmountLike]
    method: str


class RefundFields(TypedDict, total=False):
    """A line that is taken back, as `refund_sale` takes it: its place in the sale, from 0, how many, for how much.

    Unless stated it is all that is left of the line, each at the price it was sold for.
    """

    line: Required[int]
    quantity: int
    amount: AmountLike


class StatedLine(NamedTuple):
    """A line that was read, before the catalogue was asked what it sells; None is what could not be."""

    field: str
    kind: LineKind
    item: str
    """A code or an id; of a product, what the host calls it by."""
    name: str | None
    quantity: int | None
    price: Money | None


class StatedPayment(NamedTuple):
    """A payment that was read."""

    amount: Money
    method: str | None


class StatedTaken(NamedTuple):
    """A line to be taken back that was read, before the sale was asked what is left of it."""

    field: str
    line: int
    quantity: int | None
    amount: Money | None


_LINE: Final = ("service", "product", "package", "name", "quantity", "price")
_PAYMENT: Final = ("amount", "method")
_TAKEN: Final = ("line", "quantity", "amount")


def read_lines(value: object, currency: str, problems: Problems) -> tuple[StatedLine, ...]:
    """Return the lines that are stated; whatever is wrong of any goes into ``problems``."""
    lines = problems.read(lambda: read_items(value, "lines", most=MOST_LINES, expected="a sequence of lines"))
    if lines == ():
        problems.found.append(InvalidValue("required", field="lines", hint="A sale has one line at least."))
    read = [_read_line(line, f"lines.{place}", currency, problems) for place, line in enumerate(lines or ())]
    stated = tuple(line for line in read if line is not None)
    costs = ((line.price, line.quantity) for line in stated if line.price is not None and line.quantity is not None)
    if total_times(costs, currency).minor > MOST_MINOR:
        problems.found.append(_beyond("lines", currency))
    return stated


def _beyond(field: str, currency: str) -> InvalidValue:
    low, high = Money.zero(currency), Money(MOST_MINOR, currency)
    return InvalidValue("number-out-of-range", field=field, low=str(low), high=str(high))


def _read_line(value: object, field: str, currency: str, problems: Problems) -> StatedLine | None:
    fields = problems.read(lambda: read_fields(value, field, names=_LINE, expected="a mapping such as {'service': …}"))
    if fields is None:
        return None
    kind = problems.read(lambda: _kind(fields, field))
    item = None if kind is None else problems.read(lambda: _item(kind, fields[kind], f"{field}.{kind}"))
    name = problems.read(lambda: _name(kind, fields, field))
    quantity = problems.read(lambda: _whole(fields.get("quantity", 1), f"{field}.quantity", 1, MOST_QUANTITY))
    price = problems.read(lambda: _amount(fields, "price", field, currency))
    return None if kind is None or item is None else StatedLine(field, kind, item, name, quantity, price)


def _kind(fields: dict[str, object], field: str) -> LineKind:
    stated = [kind for kind in LineKind if kind in fields]
    if len(stated) != 1:
        raise InvalidValue("line-sells", field=field, count=len(stated))
    return stated[0]


def _item(kind: LineKind, value: object, field: str) -> str:
    if kind is LineKind.PRODUCT:
        return clean_text(value, field, limit=NAME_LIMIT)
    return parse_ref(value, field)


def _name(kind: LineKind | None, fields: dict[str, object], field: str) -> str | None:
    if "name" not in fields:
        return None
    if kind in (LineKind.SERVICE, LineKind.PACKAGE):
        hint = "A service or a package is called what the catalogue calls it."
        raise InvalidValue("unknown-field", field=f"{field}.name", hint=hint)
    return clean_text(fields["name"], f"{field}.name", limit=NAME_LIMIT)


def _whole(value: object, field: str, low: int, high: int) -> int:
    if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
        raise InvalidValue("number-out-of-range", field=field, low=low, high=high)
    return value


def _amount(fields: dict[str, object], name: str, field: str, currency: str) -> Money:
    if name not in fields:
        raise InvalidValue("required", field=f"{field}.{name}", hint="")
    return Money.parse(fields[name], f"{field}.{name}", currency=currency)


def read_paid(value: object, currency: str, problems: Problems) -> tuple[StatedPayment, ...]:
    """Return the payments that are stated: none, an amount, a payment, or several; a payment of nothing is none.

    Whatever is wrong of any goes into ``problems``.
    """
    if value is None:
        return ()
    if not _is_several(value):
        read = [_read_payment(value, "paid", currency, problems)]
    else:
        stated = problems.read(lambda: read_items(value, "paid", most=MOST_PAYMENTS, expected="payments"))
        read = [_read_payment(each, f"paid.{place}", currency, problems) for place, each in enumerate(stated or ())]
    return tuple(payment for payment in read if payment is not None and payment.amount)


def _read_payment(value: object, field: str, currency: str, problems: Problems) -> StatedPayment | None:
    if not _is_mapping(value):
        amount = problems.read(lambda: Money.parse(value, field, currency=currency))
        return None if amount is None else StatedPayment(amount, None)
    fields = problems.read(lambda: read_fields(value, field, names=_PAYMENT, expected="an amount, or a mapping"))
    if fields is None:
        return None
    amount = problems.read(lambda: _amount(fields, "amount", field, currency))
    method = problems.read(lambda: read_method(fields.get("method"), f"{field}.method"))
    return None if amount is None else StatedPayment(amount, method)


def _is_several(value: object) -> bool:
    return isinstance(value, Iterable) and not isinstance(value, str | Mapping)


def _is_mapping(value: object) -> bool:
    return isinstance(value, Mapping)


def read_method(value: object, field: str) -> str | None:
    """Return how a payment was made, in the host's own word; raises InvalidValue."""
    return None if value is None else clean_text(value, field)


def read_taken(value: object, currency: str, problems: Problems) -> tuple[StatedTaken, ...]:
    """Return the lines that are to be taken back, each a place or what `RefundFields` states.

    Whatever is wrong of any goes into ``problems``; what is left of them is not asked here.
    """
    stated = problems.read(lambda: read_items(value, "lines", most=MOST_LINES, expected="a sequence of lines"))
    if stated == ():
        problems.found.append(InvalidValue("required", field="lines", hint="Name a line at least, or leave it out."))
    read = [_read_taken(each, f"lines.{place}", currency, problems) for place, each in enumerate(stated or ())]
    return tuple(line for line in read if line is not None)


def _read_taken(value: object, field: str, currency: str, problems: Problems) -> StatedTaken | None:
    stated = value if _is_mapping(value) else {"line": value}
    fields = problems.read(lambda: read_fields(stated, field, names=_TAKEN, expected="the place of a line"))
    if fields is None:
        return None
    line = problems.read(lambda: _whole(fields.get("line"), f"{field}.line", 0, MOST_LINES - 1))
    quantity = amount = None
    if "quantity" in fields:
        quantity = problems.read(lambda: _whole(fields["quantity"], f"{field}.quantity", 1, MOST_QUANTITY))
    if "amount" in fields:
        amount = problems.read(lambda: _amount(fields, "amount", field, currency))
    return None if line is None else StatedTaken(field, line, quantity, amount)


def sold(line: StatedLine, code: str, name: str) -> SaleLine | None:
    """Return a line as it is kept, of an item that has this code and name; None where a part could not be read."""
    if line.quantity is None or line.price is None:
        return None
    return SaleLine(kind=line.kind, item=code, name=name, quantity=line.quantity, price=line.price)
