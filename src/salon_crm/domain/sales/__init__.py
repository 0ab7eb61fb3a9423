"""Sales: what was sold to whom, what was paid, what was given back; every amount exact."""

from salon_crm.domain.sales.products import ProductBought, products_bought
from salon_crm.domain.sales.records import (
    MOST_LINES,
    MOST_PAYMENTS,
    MOST_QUANTITY,
    MOST_REFUNDS,
    AssignedPackage,
    LineKind,
    Payment,
    PaymentStatus,
    Refund,
    RefundedLine,
    Sale,
    SaleLine,
    SaleStatus,
)

__all__ = [
    "MOST_LINES",
    "MOST_PAYMENTS",
    "MOST_QUANTITY",
    "MOST_REFUNDS",
    "AssignedPackage",
    "LineKind",
    "Payment",
    "PaymentStatus",
    "ProductBought",
    "Refund",
    "RefundedLine",
    "Sale",
    "SaleLine",
    "SaleStatus",
    "products_bought",
]
