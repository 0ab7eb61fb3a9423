"""Bookings: so far only whether a customer may book."""

from datetime import datetime

from salon_crm.domain.access import Actor, Permission, Role, Scope
from salon_crm.domain.bookings import Answer, BookingAnswer
from salon_crm.domain.dates import parse_instant
from salon_crm.domain.ids import IdLike
from salon_crm.domain.privacy import BEHAVIOUR, OPERATOR, field_classes
from salon_crm.errors import NotFound
from salon_crm.ports.salon import Salon
from salon_crm.use_cases.access import find_customer, use_case
from salon_crm.use_cases.blocks import blocks_in_force

CUSTOMER_BLOCKED = "customer-blocked"


@use_case(Permission.ASK_BOOKING, shows=field_classes(BEHAVIOUR, OPERATOR), scopes={Scope.OWN})
def may_book(
    salon: Salon,
    actor: Actor,
    customer_id: IdLike,
    /,
    *,
    service: IdLike | str | None = None,
    start: datetime | None = None,
) -> BookingAnswer:
    """Answer whether a customer may book: ok, warn or block, with reasons (`label` gives their words).

    The customer asking for themselves is told only that booking is not possible. ``start`` is an instant;
    a salon has no services yet, so naming a ``service`` raises NotFound. Raises InvalidValue, NotFound,
    NotPermitted.
    """
    with salon.reading() as reading:
        customer = find_customer(salon, actor, Permission.ASK_BOOKING, reading, customer_id)
        if start is not None:
            parse_instant(start, "start")
        if service is not None:
            raise NotFound("not-found", field="service", kind="service", id="of this name")
        if not blocks_in_force(reading, customer):
            return BookingAnswer(Answer.OK)
        told = () if actor.role is Role.CUSTOMER else (CUSTOMER_BLOCKED,)
        return BookingAnswer(Answer.BLOCK, told)
