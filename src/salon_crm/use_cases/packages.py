"""Packages given by hand, withdrawn, and all that a customer has."""

from datetime import datetime
from uuid import UUID

from attrs import evolve

from salon_crm.domain.access import Actor, Permission, Scope
from salon_crm.domain.audit import AuditAction
from salon_crm.domain.criteria import Ref
from salon_crm.domain.ids import AssignedPackageId, IdLike, parse_id
from salon_crm.domain.packages import HeldPackage, held_packages
from salon_crm.domain.privacy import BEHAVIOUR, OPERATOR, field_classes
from salon_crm.domain.sales import AssignedPackage
from salon_crm.errors import Conflict, NotFound, RuleBroken
from salon_crm.ports.records import PACKAGES
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import Reading
from salon_crm.use_cases.access import find_customer, use_case
from salon_crm.use_cases.catalogue import find_item, offered
from salon_crm.use_cases.facts import refresh_facts
from salon_crm.use_cases.unit import unit_of_work

_SHOWN = field_classes(BEHAVIOUR, OPERATOR)


@use_case(Permission.RECORD_SALES, shows=_SHOWN)
def assign_package(
    salon: Salon,
    actor: Actor,
    customer_id: IdLike,
    /,
    *,
    package: Ref,
    id: IdLike | None = None,
    reference: str | None = None,
    at: datetime | None = None,
) -> AssignedPackage:
    """Give a customer a package by hand, such as one bought elsewhere, until `withdraw_package`.

    ``package`` is a code of the catalogue, or an id. ``id``, ``reference`` and ``at`` as for `add_customer`. Raises
    InvalidValue, NotFound, Conflict, RuleBroken for a package that is no longer offered, or was given before and not
    withdrawn, NotPermitted.
    """
    with unit_of_work(salon, actor, at) as unit:
        customer = unit.customer(Permission.RECORD_SALES, customer_id)
        code = find_item(unit.writing, PACKAGES, package, "package").code
        asked = {"customer_id": customer.id, "package": code, "id": id}
        made = unit.result_of("assign_package", reference, asked)
        if made is not None:
            return _find_assigned(unit.writing, made, code="gone")
        offered(unit, PACKAGES, code, "package")
        held = unit.writing.assigned_packages.of_customers([customer.id]).get(customer.id, ())
        if any(each.package == code and each.withdrawn_at is None for each in held):
            raise RuleBroken("package-assigned", field="package", customer_id=str(customer.id), package=code)
        assigned = AssignedPackage(
            id=AssignedPackageId(unit.new_id(id)),
            customer_id=customer.id,
            package=code,
            at=unit.at,
            by=actor.id,
        )
        if id is not None and unit.writing.assigned_packages.get_many([assigned.id]):
            raise Conflict("id-taken", field="id")
        unit.writing.assigned_packages.add(assigned)
        unit.record(AuditAction.PACKAGE_ASSIGNED, customer, details={"assigned": str(assigned.id)})
        refresh_facts(unit.writing, [customer.id])
        unit.remember("assign_package", reference, asked, assigned.id)
        return assigned


@use_case(Permission.RECORD_SALES, shows=_SHOWN)
def withdraw_package(
    salon: Salon, actor: Actor, assigned_id: IdLike, /, *, at: datetime | None = None
) -> AssignedPackage:
    """Take away a package that was given by hand; withdrawing twice is fine, and changes nothing.

    Raises InvalidValue, NotFound, NotPermitted.
    """
    with unit_of_work(salon, actor, at) as unit:
        assigned = _find_assigned(unit.writing, parse_id(assigned_id, "assigned_id"))
        customer = unit.customer(Permission.RECORD_SALES, assigned.customer_id)
        if assigned.withdrawn_at is not None:
            return assigned
        withdrawn = evolve(assigned, withdrawn_at=unit.at, withdrawn_by=actor.id, version=assigned.version + 1)
        unit.writing.assigned_packages.save(withdrawn, assigned.version)
        unit.record(AuditAction.PACKAGE_WITHDRAWN, customer, details={"assigned": str(assigned.id)})
        refresh_facts(unit.writing, [customer.id])
        return withdrawn


def _find_assigned(reading: Reading, assigned_id: UUID, *, code: str = "not-found") -> AssignedPackage:
    assigned = reading.assigned_packages.get_many([assigned_id]).get(assigned_id)
    if assigned is None:
        raise NotFound(code, kind="assigned package", id=str(assigned_id))
    return assigned


@use_case(Permission.VIEW_SALES, Permission.VIEW_BOOKINGS, shows=_SHOWN, scopes={Scope.OWN})
def customer_packages(salon: Salon, actor: Actor, customer_id: IdLike, /) -> tuple[HeldPackage, ...]:
    """Return the packages a customer has, the newest first: bought, named on a booking that counts, given by hand.

    A package that was come by in two ways is there twice. Raises InvalidValue, NotFound, NotPermitted.
    """
    with salon.reading() as reading:
        customer = find_customer(salon, actor, Permission.VIEW_SALES, reading, customer_id)
        held = held_packages(
            reading.bookings.of_customers([customer.id]).get(customer.id, ()),
            reading.sales.of_customers([customer.id]).get(customer.id, ()),
            reading.assigned_packages.of_customers([customer.id]).get(customer.id, ()),
        )
    return tuple(sorted(held, key=lambda each: (each.since, each.by, each.package), reverse=True))
