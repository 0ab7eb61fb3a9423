"""Bookings of a host's calendar, kept as it has them: facts, whatever their state."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

from attrs import evolve, field, frozen

from salon_crm.domain.access import Actor, Permission
from salon_crm.domain.bookings import Booking, BookingOrigin, BookingStatus, CancelledBy, parse_time
from salon_crm.domain.criteria import Ref
from salon_crm.domain.customers import Customer
from salon_crm.domain.ids import ExternalId, IdLike
from salon_crm.domain.privacy import BEHAVIOUR, MONEY, OPERATOR, classed
from salon_crm.domain.rewards import RewardEntry
from salon_crm.errors import InvalidValue
from salon_crm.ports.salon import Salon
from salon_crm.use_cases.access import use_case
from salon_crm.use_cases.blocks import blocks_in_force
from salon_crm.use_cases.bookings.keeping import (
    CUSTOMER_BLOCKED,
    SHOWN,
    activate_for,
    keep_booking,
    keep_move,
    new_booking,
)
from salon_crm.use_cases.bookings.plan import Plan, agreed_zone, check_location_of
from salon_crm.use_cases.unit import Unit, unit_of_work


@frozen(field_transformer=classed, kw_only=True)
class BookingMirrored:
    """A booking of a host's calendar as it is kept now: whether it is new, whether anything of it changed.

    ``points`` are the entries of the rewards ledger that came of it.
    """

    booking: Booking = field(metadata=BEHAVIOUR)
    added: bool = field(metadata=OPERATOR)
    changed: bool = field(metadata=OPERATOR)
    activated: bool = field(default=False, metadata=OPERATOR)
    warnings: tuple[str, ...] = field(default=(), metadata=BEHAVIOUR)
    points: tuple[RewardEntry, ...] = field(default=(), metadata=MONEY)


@use_case(Permission.MIRROR_BOOKINGS, shows=SHOWN)
def put_booking(
    salon: Salon,
    actor: Actor,
    customer_id: IdLike,
    /,
    *,
    external: tuple[str, str] | ExternalId,
    service: Ref,
    start: datetime,
    end: datetime | None = None,
    status: BookingStatus | str = BookingStatus.CONFIRMED,
    cancelled_by: CancelledBy | str | None = None,
    location: Ref | None = None,
    therapist: Ref | None = None,
    price: object = None,
    package: Ref | None = None,
    note: str | None = None,
    arrived_at: datetime | None = None,
) -> BookingMirrored:
    """Keep a booking as a host's calendar has it, under ``external=(system, id)``; again, it is brought up to date.

    It is a fact: in whatever state, also for a customer who is blocked and for what is no longer offered, which
    the ``warnings`` say. What is not passed is cleared. A start to come makes an inactive customer active.

    Raises InvalidDocument with every value that cannot be taken, NotFound, NotPermitted.
    """
    with unit_of_work(salon, actor) as unit:
        customer = unit.customer(Permission.MIRROR_BOOKINGS, customer_id)
        own_id = ExternalId.parse(external, "external")
        plan = mirrored_plan(
            unit,
            {
                "service": service,
                "start": start,
                "end": end,
                "status": status,
                "cancelled_by": cancelled_by,
                "location": location,
                "therapist": therapist,
                "price": price,
                "package": package,
                "note": note,
                "arrived_at": arrived_at,
            },
        )
        return mirror_booking(unit, customer, own_id, plan, origin=BookingOrigin.MIRRORED)


def mirrored_plan(unit: Unit, stated: Mapping[str, Any]) -> dict[str, Any]:
    """Return the fields of a booking that is a fact; raises InvalidDocument, NotFound."""
    plan = Plan(
        unit,
        start=stated["start"],
        end=stated.get("end"),
        price=stated.get("price"),
        note=stated.get("note"),
        status=stated["status"],
        fact=True,
    )
    who, arrived = stated.get("cancelled_by"), stated.get("arrived_at")
    cancelled_by = None if who is None else plan.attempt(lambda: _parse_cancelled_by(who))
    arrived_at = None if arrived is None else plan.attempt(lambda: parse_time(arrived, "arrived_at"))
    fields = plan.checked(
        service=stated["service"],
        location=stated.get("location"),
        therapist=stated.get("therapist"),
        package=stated.get("package"),
    )
    if who is not None and fields["status"] is not BookingStatus.CANCELLED:
        raise InvalidValue("not-cancelled", field="cancelled_by", status=fields["status"])
    return {**fields, "cancelled_by": cancelled_by, "arrived_at": arrived_at}


def _parse_cancelled_by(value: object) -> CancelledBy:
    if not isinstance(value, str) or value not in set(CancelledBy):
        raise InvalidValue("not-a-choice", field="cancelled_by", choices=tuple(CancelledBy))
    return CancelledBy(value)


def mirror_booking(
    unit: Unit, customer: Customer, own_id: ExternalId, plan: Mapping[str, Any], *, origin: BookingOrigin
) -> BookingMirrored:
    """Keep a booking that is a fact under another system's id: a new one, or the one there is brought up to date."""
    warnings = (CUSTOMER_BLOCKED,) if blocks_in_force(unit.writing, customer) else ()
    key = (own_id.system, own_id.id)
    held = next(iter(unit.writing.bookings.by_key("external_id", [key]).get(key, ())), None)
    if held is None:
        new = new_booking(unit, customer, {**plan, "external_id": own_id, "origin": origin}, id=None)
        activated, points = keep_booking(unit, customer, new)
        return BookingMirrored(
            booking=new,
            added=True,
            changed=True,
            activated=activated,
            warnings=warnings,
            points=points,
        )
    check_location_of(unit, held)
    changed = evolve(held, customer_id=customer.id, **{**plan, "zone": agreed_zone(unit, held, plan)})
    if changed == held:
        return BookingMirrored(booking=held, added=False, changed=False, warnings=warnings)
    changed = evolve(changed, version=held.version + 1)
    moved = keep_move(unit, customer, held, changed, None)
    activated = activate_for(unit, customer, changed)
    return BookingMirrored(
        booking=changed, added=False, changed=True, activated=activated, warnings=warnings, points=moved.points
    )
