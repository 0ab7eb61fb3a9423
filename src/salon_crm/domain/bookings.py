"""Bookings: so far only the answer to whether a customer may book at all."""

from enum import StrEnum

from attrs import field, frozen

from salon_crm.domain.privacy import BEHAVIOUR, OPERATOR, classed


class Answer(StrEnum):
    """Whether the customer may book."""

    OK = "ok"
    WARN = "warn"
    BLOCK = "block"


@frozen(field_transformer=classed)
class BookingAnswer:
    """Whether a customer may book, and why not; the customer themselves is never told a reason."""

    answer: Answer = field(metadata=OPERATOR)
    reasons: tuple[str, ...] = field(default=(), metadata=BEHAVIOUR)
