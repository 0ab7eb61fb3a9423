"""Blocks: who may not book, why, and the alerts raised where a blocked person's contact is met again."""

from collections.abc import Iterable
from datetime import datetime
from enum import StrEnum

from attrs import field, frozen

from salon_crm.domain.ids import BlockAlertId, BlockId, CustomerId
from salon_crm.domain.privacy import BEHAVIOUR, OPERATOR, classed


@frozen(field_transformer=classed, kw_only=True)
class Block:
    """A customer being blocked, or having been.

    ``origin`` is the block it goes back to: its own id where staff blocked this very profile, another's
    where a mark was met again. Unblocking lifts every block of one origin.
    """

    id: BlockId = field(metadata=OPERATOR)
    origin: BlockId = field(metadata=OPERATOR)
    customer_id: CustomerId = field(metadata=OPERATOR)
    reason: str = field(metadata=BEHAVIOUR)
    at: datetime = field(metadata=OPERATOR)
    by: str = field(metadata=OPERATOR)
    lifted_at: datetime | None = field(default=None, metadata=OPERATOR)
    lifted_by: str | None = field(default=None, metadata=OPERATOR)
    version: int = field(default=1, metadata=OPERATOR)

    @property
    def in_force(self) -> bool:
        """Whether it still keeps the customer from booking."""
        return self.lifted_at is None


class AlertState(StrEnum):
    """What became of a block alert."""

    OPEN = "open"
    CONFIRMED = "confirmed"
    DISMISSED = "dismissed"


@frozen(field_transformer=classed, kw_only=True)
class BlockAlert:
    """A contact of a blocked person was met on another profile: staff decide whether it is the same person."""

    id: BlockAlertId = field(metadata=OPERATOR)
    customer_id: CustomerId = field(metadata=OPERATOR)
    origin: BlockId = field(metadata=OPERATOR)
    at: datetime = field(metadata=OPERATOR)
    state: AlertState = field(default=AlertState.OPEN, metadata=OPERATOR)
    settled_at: datetime | None = field(default=None, metadata=OPERATOR)
    settled_by: str | None = field(default=None, metadata=OPERATOR)
    version: int = field(default=1, metadata=OPERATOR)


def in_force(blocks: Iterable[Block]) -> tuple[Block, ...]:
    """Return the blocks that still hold, oldest first."""
    return tuple(sorted((block for block in blocks if block.in_force), key=lambda block: (block.at, block.id)))
