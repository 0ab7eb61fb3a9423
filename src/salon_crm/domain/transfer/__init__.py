"""Lists coming in and going out: layouts, rows, the planner that decides them, reports, columns."""

from attrs import field, frozen

from salon_crm.domain.ids import CustomerId
from salon_crm.domain.privacy import OPERATOR, classed


@frozen(field_transformer=classed)
class RowFingerprint:
    """How a row without id and contact is known again within its source: a keyed digest of what it says."""

    system: str = field(metadata=OPERATOR)
    digest: bytes = field(metadata=OPERATOR)
    customer_id: CustomerId = field(metadata=OPERATOR)
