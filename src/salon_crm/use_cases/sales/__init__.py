"""Sales: recorded, paid, refunded, given to a customer, and listed."""

from salon_crm.use_cases.sales.keeping import SaleOutcome
from salon_crm.use_cases.sales.listing import (
    SalePage,
    customer_products,
    customer_sales,
    get_sale,
    unassigned_sales,
)
from salon_crm.use_cases.sales.moving import (
    assign_sale,
    cancel_sale,
    complete_sale,
    record_payment,
    refund_sale,
)
from salon_crm.use_cases.sales.recording import record_sale

__all__ = [
    "SaleOutcome",
    "SalePage",
    "assign_sale",
    "cancel_sale",
    "complete_sale",
    "customer_products",
    "customer_sales",
    "get_sale",
    "record_payment",
    "record_sale",
    "refund_sale",
    "unassigned_sales",
]
