"""What is kept of a sale, and what follows from it: what it costs, what was paid, what is due; every amount exact."""

from collections.abc import Iterator
from datetime import date, datetime
from enum import StrEnum
from typing import Final

from attrs import field, frozen

from salon_crm.domain.dates import local_day
from salon_crm.domain.ids import AssignedPackageId, BookingId, CustomerId, SaleId
from salon_crm.domain.money import Money, total_of, total_times
from salon_crm.domain.privacy import BEHAVIOUR, MONEY, OPERATOR, classed

MOST_LINES: Final = 500
MOST_QUANTITY: Final = 10_000
MOST_PAYMENTS: Final = 500
MOST_REFUNDS: Final = 500


class LineKind(StrEnum):
    """What a line of a sale sells."""

    SERVICE = "service"
    PRODUCT = "product"
    PACKAGE = "package"


class SaleStatus(StrEnum):
    """The state a sale is in; whether it is paid is another matter (`PaymentStatus`)."""

    PENDING = "pending"
    """It may still be called off; nothing counts of it yet."""
    COMPLETED = "completed"
    REFUNDED = "refunded"
    """All of it was taken back."""
    CANCELLED = "cancelled"
    """It was called off while it was pending, and nothing had been paid."""


class PaymentStatus(StrEnum):
    """How what was paid compares with what the sale costs, refunds taken off both."""

    UNPAID = "unpaid"
    PARTIAL = "partial"
    PAID = "paid"
    OVERPAID = "overpaid"


@frozen(field_transformer=classed, kw_only=True)
class SaleLine:
    """One line of a sale: ``quantity`` of a service, a product or a package, each at ``price``.

    ``item`` is the code of a service or package in the catalogue, and of a product whatever the host calls it
    by; ``name`` is what it was called when it was sold.
    """

    kind: LineKind = field(metadata=OPERATOR)
    item: str = field(metadata=BEHAVIOUR)
    name: str = field(metadata=BEHAVIOUR)
    quantity: int = field(default=1, metadata=MONEY)
    price: Money = field(metadata=MONEY)

    @property
    def total(self) -> Money:
        """What the line costs."""
        return self.price * self.quantity


@frozen(field_transformer=classed, kw_only=True)
class Payment:
    """Money that came in for a sale; ``method`` is how, in the host's own word."""

    at: datetime = field(metadata=OPERATOR)
    by: str = field(metadata=OPERATOR)
    amount: Money = field(metadata=MONEY)
    method: str | None = field(default=None, metadata=MONEY)


@frozen(field_transformer=classed, kw_only=True)
class RefundedLine:
    """What of a line was taken back: its place in the sale from 0, how many, and for how much."""

    line: int = field(metadata=OPERATOR)
    quantity: int = field(metadata=MONEY)
    amount: Money = field(metadata=MONEY)


@frozen(field_transformer=classed, kw_only=True)
class Refund:
    """A part of a sale that was taken back: ``amount`` comes off what the sale costs, ``returned`` was handed back.

    ``lines`` are those that came back; a refund of an amount alone names none.
    """

    at: datetime = field(metadata=OPERATOR)
    by: str = field(metadata=OPERATOR)
    amount: Money = field(metadata=MONEY)
    returned: Money = field(metadata=MONEY)
    lines: tuple[RefundedLine, ...] = field(default=(), metadata=MONEY)
    reason: str | None = field(default=None, metadata=BEHAVIOUR)


@frozen(field_transformer=classed, kw_only=True)
class Sale:
    """A sale: its lines, the payments and refunds that followed, the bookings it is for.

    ``at`` is when it was made, ``zone`` that of its ``location`` then. A walk-in's has no customer until it is
    assigned one. All its amounts are of its ``currency``; one of another is refused where it would be counted.
    """

    id: SaleId = field(metadata=OPERATOR)
    customer_id: CustomerId | None = field(default=None, metadata=OPERATOR)
    at: datetime = field(metadata=OPERATOR)
    zone: str = field(metadata=OPERATOR)
    location: str | None = field(default=None, metadata=BEHAVIOUR)
    currency: str = field(metadata=OPERATOR)
    lines: tuple[SaleLine, ...] = field(metadata=MONEY)
    payments: tuple[Payment, ...] = field(default=(), metadata=MONEY)
    refunds: tuple[Refund, ...] = field(default=(), metadata=MONEY)
    bookings: tuple[BookingId, ...] = field(default=(), metadata=OPERATOR)
    status: SaleStatus = field(default=SaleStatus.COMPLETED, metadata=OPERATOR)
    by: str = field(metadata=OPERATOR)
    recorded: datetime = field(metadata=OPERATOR)
    version: int = field(default=1, metadata=OPERATOR)

    @property
    def day(self) -> date:
        """The local day of the location it was made on."""
        return local_day(self.at, self.zone)

    @property
    def total(self) -> Money:
        """What all lines cost."""
        return total_times(((line.price, line.quantity) for line in self.lines), self.currency)

    @property
    def refunded(self) -> Money:
        """What was taken off again."""
        return total_of((refund.amount for refund in self.refunds), self.currency)

    @property
    def net(self) -> Money:
        """What the sale costs after refunds; one that was cancelled costs nothing."""
        if self.status is SaleStatus.CANCELLED:
            return Money.zero(self.currency)
        return self.total - self.refunded

    @property
    def paid(self) -> Money:
        """What came in, less what was handed back."""
        came_in = total_of((payment.amount for payment in self.payments), self.currency)
        return came_in - total_of((refund.returned for refund in self.refunds), self.currency)

    @property
    def due(self) -> Money:
        """What is still to be paid, never below zero."""
        return max(self.net - self.paid, Money.zero(self.currency))

    @property
    def overpaid(self) -> Money:
        """What was paid beyond what the sale costs, never below zero."""
        return max(self.paid - self.net, Money.zero(self.currency))

    @property
    def payment_status(self) -> PaymentStatus:
        """How what was paid compares with what the sale costs."""
        net, paid = self.net, self.paid
        if paid >= net:
            return PaymentStatus.OVERPAID if paid > net else PaymentStatus.PAID
        return PaymentStatus.PARTIAL if paid else PaymentStatus.UNPAID

    def refunded_of(self, line: int) -> int:
        """Return how many of a line, named by its place from 0, were taken back."""
        return sum(part.quantity for refund in self.refunds for part in refund.lines if part.line == line)

    def spent_on(self, line: int) -> Money:
        """Return what a line, named by its place from 0, costs after what was taken back of it."""
        taken = (part.amount for refund in self.refunds for part in refund.lines if part.line == line)
        return self.lines[line].total - total_of(taken, self.currency)

    def kept(self, kind: LineKind) -> Iterator[SaleLine]:
        """Give the lines of a kind of which not all was taken back, in a sale that was completed."""
        return (self.lines[place] for place, _ in self.kept_places(kind))

    def kept_places(self, kind: LineKind) -> Iterator[tuple[int, int]]:
        """Give the places of the same lines, from 0, and how many of each the customer kept."""
        if self.status is SaleStatus.COMPLETED:
            for place, line in enumerate(self.lines):
                if line.kind is kind and (left := line.quantity - self.refunded_of(place)):
                    yield place, left


@frozen(field_transformer=classed, kw_only=True)
class AssignedPackage:
    """A package that staff gave a customer by hand; ``withdrawn_at`` is when it was taken away again."""

    id: AssignedPackageId = field(metadata=OPERATOR)
    customer_id: CustomerId = field(metadata=OPERATOR)
    package: str = field(metadata=BEHAVIOUR)
    at: datetime = field(metadata=OPERATOR)
    by: str = field(metadata=OPERATOR)
    withdrawn_at: datetime | None = field(default=None, metadata=OPERATOR)
    withdrawn_by: str | None = field(default=None, metadata=OPERATOR)
    version: int = field(default=1, metadata=OPERATOR)
