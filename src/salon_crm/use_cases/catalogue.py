"""The catalogue: adding, editing and retiring what a salon offers, where, and who works there."""

from collections.abc import Collection, Iterable, Mapping
from datetime import datetime
from typing import Any, Final, TypedDict, Unpack
from uuid import UUID

from attrs import evolve, field, frozen

from salon_crm.domain.access import Actor, Permission
from salon_crm.domain.audit import AuditAction
from salon_crm.domain.bookings import OPEN, Booking
from salon_crm.domain.catalogue import (
    CODE_LIMIT,
    CatalogueItem,
    I,
    Location,
    Package,
    Service,
    ServiceType,
    StaffMember,
    changed_item,
    check_item,
    code_of,
    parse_code,
)
from salon_crm.domain.criteria import Ref, parse_ref
from salon_crm.domain.ids import IdLike, reads_as_id
from salon_crm.domain.privacy import BEHAVIOUR, IDENTITY, OPERATOR, classed, field_classes
from salon_crm.domain.reading import read_switch
from salon_crm.domain.text import sort_key
from salon_crm.errors import Conflict, NotFound, RuleBroken
from salon_crm.ports.records import (
    CATALOGUE_KINDS,
    LOCATIONS,
    PACKAGES,
    SERVICE_TYPES,
    SERVICES,
    STAFF_MEMBERS,
    Kind,
)
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import BookingQuery, Reading
from salon_crm.use_cases.access import check_location, use_case
from salon_crm.use_cases.customers import MOST_FUTURE
from salon_crm.use_cases.unit import Unit, unit_of_work

_SHOWN = field_classes(IDENTITY, OPERATOR)

WORDS: Final = {
    "service_types": "service type",
    "services": "service",
    "packages": "package",
    "locations": "location",
    "staff_members": "staff member",
}
"""What people call an item of each kind."""


@frozen(field_transformer=classed, kw_only=True)
class Catalogue:
    """What a salon offers, where, and who works there, each kind by its name."""

    service_types: tuple[ServiceType, ...] = field(metadata=OPERATOR)
    services: tuple[Service, ...] = field(metadata=OPERATOR)
    packages: tuple[Package, ...] = field(metadata=OPERATOR)
    locations: tuple[Location, ...] = field(metadata=OPERATOR)
    staff_members: tuple[StaffMember, ...] = field(metadata=IDENTITY)


@use_case(Permission.VIEW_CATALOGUE, shows=_SHOWN)
def catalogue(salon: Salon, actor: Actor, /, *, retired: bool = False) -> Catalogue:
    """Return the catalogue, in five queries; what is retired only where ``retired`` asks for it too.

    Raises InvalidValue, NotPermitted.
    """
    wanted = [False, True] if read_switch(retired, "retired") else [False]
    with salon.reading() as reading:
        items = {kind.name: _by_name(getattr(reading, kind.name).by_key("retired", wanted)) for kind in CATALOGUE_KINDS}
    return Catalogue(**items)


def _by_name(found: Mapping[bool, tuple[Any, ...]]) -> tuple[Any, ...]:
    """Return items of one kind in the order of their names."""
    items = (item for group in found.values() for item in group)
    return tuple(sorted(items, key=lambda item: (sort_key(item.name), item.code)))


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def add_service_type(
    salon: Salon,
    actor: Actor,
    /,
    *,
    name: str,
    code: str | None = None,
    id: IdLike | None = None,
    reference: str | None = None,
    at: datetime | None = None,
) -> ServiceType:
    """Add a type of services, such as hair, and return it.

    ``code``, which never changes, is made from the name unless given. ``id``, ``reference`` and ``at`` as for
    `add_customer`. Raises InvalidDocument, Conflict for a code, id or reference already used, NotPermitted.
    """
    return _add(salon, actor, SERVICE_TYPES, {"name": name}, code=code, id=id, reference=reference, at=at)


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def add_service(
    salon: Salon,
    actor: Actor,
    /,
    *,
    name: str,
    service_type: Ref | None = None,
    usual_interval: int | None = None,
    duration: int | None = None,
    skin_tests: Iterable[str] = (),
    code: str | None = None,
    id: IdLike | None = None,
    reference: str | None = None,
    at: datetime | None = None,
) -> Service:
    """Add a service that can be booked, and return it.

    ``service_type`` is the code or id of a service type, ``usual_interval`` the days between two visits for it,
    ``duration`` its minutes, ``skin_tests`` the kinds of skin test it needs, such as ``hair-colour``. The rest as
    for `add_service_type`. Raises InvalidDocument, NotFound for the type, RuleBroken for a retired one, Conflict,
    NotPermitted.
    """
    values = {
        "name": name,
        "service_type": service_type,
        "usual_interval": usual_interval,
        "duration": duration,
        "skin_tests": skin_tests,
    }
    return _add(salon, actor, SERVICES, values, code=code, id=id, reference=reference, at=at)


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def add_package(
    salon: Salon,
    actor: Actor,
    /,
    *,
    name: str,
    code: str | None = None,
    id: IdLike | None = None,
    reference: str | None = None,
    at: datetime | None = None,
) -> Package:
    """Add a package of services that customers buy or are given, and return it. The rest as for `add_service_type`."""
    return _add(salon, actor, PACKAGES, {"name": name}, code=code, id=id, reference=reference, at=at)


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def add_location(
    salon: Salon,
    actor: Actor,
    /,
    *,
    name: str,
    zone: str | None = None,
    region: str | None = None,
    code: str | None = None,
    id: IdLike | None = None,
    reference: str | None = None,
    at: datetime | None = None,
) -> Location:
    """Add a branch of the salon, and return it; without a ``zone`` and ``region`` it has the salon's.

    The rest as for `add_service_type`.
    """
    values = {"name": name, "zone": zone, "region": region}
    return _add(salon, actor, LOCATIONS, values, code=code, id=id, reference=reference, at=at)


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def add_staff_member(
    salon: Salon,
    actor: Actor,
    /,
    *,
    name: str,
    actor_id: str | None = None,
    customer_id: IdLike | None = None,
    code: str | None = None,
    id: IdLike | None = None,
    reference: str | None = None,
    at: datetime | None = None,
) -> StaffMember:
    """Add somebody who works in the salon, and return them.

    ``actor_id`` is the `Actor.id` they act under; no two have the same. ``customer_id`` is the profile they have as a
    customer: whose points they change is never themselves. The code is made from the name and stays when the name
    changes: choose one yourself where it should not hold a name. The rest as for `add_service_type`.
    """
    values = {"name": name, "actor_id": actor_id, "customer_id": customer_id}
    return _add(salon, actor, STAFF_MEMBERS, values, code=code, id=id, reference=reference, at=at)


def _add(
    salon: Salon,
    actor: Actor,
    kind: Kind[I],
    values: Mapping[str, object],
    *,
    code: object,
    id: IdLike | None,
    reference: str | None,
    at: datetime | None,
) -> I:
    with unit_of_work(salon, actor, at) as unit:
        checked = _checked(unit, kind, values)
        stated = None if code is None else parse_code(code, "code")
        asked = {**checked, "code": stated, "id": id}
        command = f"add_{WORDS[kind.name].replace(' ', '_')}"
        made = unit.result_of(command, reference, asked)
        if made is not None:
            return find_item(unit.writing, kind, str(made), "id")
        _check_type(unit, checked)
        items: Any = getattr(unit.writing, kind.name)
        new: Any = kind.type
        item: I = new(
            id=unit.new_id(id),
            code=_free_code(unit, kind, checked["name"]) if stated is None else stated,
            **checked,
        )
        _refuse_taken(unit, kind, item, id=id)
        items.add(item)
        _record(unit, AuditAction.CATALOGUE_ADDED, kind, item, fields=tuple(sorted(checked)))
        unit.remember(command, reference, asked, item.id)
        return item


def _checked(unit: Unit, kind: Kind[I], values: Mapping[str, object]) -> dict[str, Any]:
    """Return what is stated of an item as it is kept; a service's type may be stated by its id."""
    own = {name: value for name, value in values.items() if name != "service_type" or kind is not SERVICES}
    checked = check_item(kind.type, own)
    if len(own) < len(values):
        stated = values["service_type"]
        checked["service_type"] = (
            None if stated is None else find_item(unit.writing, SERVICE_TYPES, stated, "service_type").code
        )
    if checked.get("customer_id") is not None:
        checked["customer_id"] = unit.customer(Permission.CHANGE_CATALOGUE, checked["customer_id"]).id
    return checked


def _check_type(unit: Unit, checked: Mapping[str, Any]) -> None:
    """Refuse to put a service under a type that is retired; one that is under it already stays."""
    if checked.get("service_type") is not None:
        offered(unit, SERVICE_TYPES, checked["service_type"], "service_type")


def _free_code(unit: Unit, kind: Kind[I], name: str) -> str:
    """Return the code that a name makes, with a number behind it where an item of its kind has it already."""
    made = code_of(name, WORDS[kind.name].replace(" ", "-"))
    items: Any = getattr(unit.writing, kind.name)
    number = 1
    code = made
    while items.by_key("code", [code]):
        number += 1
        suffix = f"-{number}"
        code = f"{made[: CODE_LIMIT - len(suffix)].rstrip('-')}{suffix}"
    return code


def _refuse_taken(unit: Unit, kind: Kind[I], item: CatalogueItem, *, id: IdLike | None) -> None:
    """Refuse an id, a code or an actor that another item has, naming which."""
    items: Any = getattr(unit.writing, kind.name)
    if id is not None and items.get_many([item.id]):
        raise Conflict("id-taken", field="id")
    for held in items.by_key("code", [item.code]).get(item.code, ()):
        if held.id != item.id:
            raise Conflict("code-taken", field="code", kind=WORDS[kind.name], taken=item.code, id=str(held.id))
    if isinstance(item, StaffMember) and item.actor_id is not None:
        for held in items.by_key("actor", [item.actor_id]).get(item.actor_id, ()):
            if held.id != item.id:
                raise Conflict("actor-taken", field="actor_id", id=str(held.id))


def _record(
    unit: Unit, action: AuditAction, kind: Kind[I], item: CatalogueItem, *, fields: tuple[str, ...] = ()
) -> None:
    unit.record(action, fields=fields, details={"kind": WORDS[kind.name], "item": str(item.id)})


def find_item(reading: Reading, kind: Kind[I], ref: object, name: str) -> I:
    """Return the item that a code or an id means; raises InvalidValue for what is neither, NotFound."""
    wanted = parse_ref(ref, name)
    items: Any = getattr(reading, kind.name)
    if reads_as_id(wanted):
        found = items.get_many([UUID(wanted)]).get(UUID(wanted))
    else:
        found = next(iter(items.by_key("code", [wanted]).get(wanted, ())), None)
    if found is None:
        raise NotFound("not-found", field=name, kind=WORDS[kind.name], id=wanted)
    item: I = found
    return item


def find_location(reading: Reading, actor: Actor, ref: object) -> str | None:
    """Return the code of the location a list is asked of, None for all; who is limited to some names one of them.

    Raises InvalidValue, NotFound, NotPermitted.
    """
    place = None if ref is None else find_item(reading, LOCATIONS, ref, "location")
    check_location(actor, place)
    return None if place is None else place.code


def items_named(reading: Reading, kind: Kind[I], refs: Collection[str]) -> dict[str, I]:
    """Return the items that codes and ids mean, each under what it was named by, in two queries at the most.

    ``refs`` are as `parse_ref` returns them; what means nothing is left out.
    """
    ids = {UUID(ref): ref for ref in refs if reads_as_id(ref)}
    codes = [ref for ref in refs if not reads_as_id(ref)]
    items: Any = getattr(reading, kind.name)
    found: dict[str, I] = {code: held[0] for code, held in items.by_key("code", codes).items()} if codes else {}
    return found | ({ids[key]: item for key, item in items.get_many(ids).items()} if ids else {})


def offered(unit: Unit, kind: Kind[I], ref: object, name: str, *, when: datetime | None = None) -> I:
    """Return the item that a code or an id means, where it is still offered, or was at ``when``.

    Raises InvalidValue, NotFound, RuleBroken for one that is retired.
    """
    item = find_item(unit.writing, kind, ref, name)
    check_offered(kind, item, name, when=unit.at if when is None else when)
    return item


def check_offered(kind: Kind[Any], item: CatalogueItem, name: str, *, when: datetime) -> None:
    """Refuse an item that is no longer offered at ``when``; raises RuleBroken."""
    if item.retired_at is not None and item.retired_at <= when:
        raise RuleBroken("retired", field=name, kind=WORDS[kind.name], item=item.code)


class ServiceTypeChanges(TypedDict, total=False):
    """What `edit_service_type` takes; a key left out stays."""

    name: str


class ServiceChanges(TypedDict, total=False):
    """What `edit_service` takes; a key left out stays, None clears."""

    name: str
    service_type: Ref | None
    usual_interval: int | None
    duration: int | None
    skin_tests: Iterable[str] | None


class PackageChanges(TypedDict, total=False):
    """What `edit_package` takes; a key left out stays."""

    name: str


class LocationChanges(TypedDict, total=False):
    """What `edit_location` takes; a key left out stays, None clears."""

    name: str
    zone: str | None
    region: str | None


class StaffMemberChanges(TypedDict, total=False):
    """What `edit_staff_member` takes; a key left out stays, None clears."""

    name: str
    actor_id: str | None
    customer_id: IdLike | None


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def edit_service_type(
    salon: Salon, actor: Actor, service_type: Ref, /, **changes: Unpack[ServiceTypeChanges]
) -> ServiceType:
    """Change a service type, named by its code or id. Raises InvalidDocument, NotFound, NotPermitted."""
    return _edit(salon, actor, SERVICE_TYPES, service_type, changes)


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def edit_service(salon: Salon, actor: Actor, service: Ref, /, **changes: Unpack[ServiceChanges]) -> Service:
    """Change a service, named by its code or id: what is not passed stays, None clears.

    Bookings there are keep their times. Raises InvalidDocument, NotFound, RuleBroken for a retired type,
    NotPermitted.
    """
    return _edit(salon, actor, SERVICES, service, changes)


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def edit_package(salon: Salon, actor: Actor, package: Ref, /, **changes: Unpack[PackageChanges]) -> Package:
    """Change a package, named by its code or id. Raises InvalidDocument, NotFound, NotPermitted."""
    return _edit(salon, actor, PACKAGES, package, changes)


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def edit_location(salon: Salon, actor: Actor, location: Ref, /, **changes: Unpack[LocationChanges]) -> Location:
    """Change a location, named by its code or id: what is not passed stays, None clears.

    Another zone is that of bookings made from now on; those there are keep the time their customers were told.
    Raises InvalidDocument, NotFound, NotPermitted.
    """
    return _edit(salon, actor, LOCATIONS, location, changes)


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def edit_staff_member(
    salon: Salon, actor: Actor, staff_member: Ref, /, **changes: Unpack[StaffMemberChanges]
) -> StaffMember:
    """Change a staff member, named by their code or id: what is not passed stays, None clears.

    Raises InvalidDocument, NotFound, Conflict for an actor somebody else acts under, NotPermitted.
    """
    return _edit(salon, actor, STAFF_MEMBERS, staff_member, changes)


def _edit(salon: Salon, actor: Actor, kind: Kind[I], ref: Ref, changes: Mapping[str, object]) -> I:
    with unit_of_work(salon, actor) as unit:
        item = find_item(unit.writing, kind, ref, kind.name[:-1])
        changed, fields = changed_item(item, _checked(unit, kind, changes))
        if "service_type" in fields:
            _check_type(unit, {"service_type": getattr(changed, "service_type", None)})
        if fields:
            _refuse_taken(unit, kind, changed, id=None)
            getattr(unit.writing, kind.name).save(changed, item.version)
            _record(unit, AuditAction.CATALOGUE_EDITED, kind, changed, fields=fields)
        return changed


@frozen(field_transformer=classed, kw_only=True)
class Retirement:
    """An item that is no longer offered, and the bookings it still has ahead: the first 500, and how many there are."""

    id: UUID = field(metadata=OPERATOR)
    code: str = field(metadata=OPERATOR)
    retired_at: datetime = field(metadata=OPERATOR)
    future_bookings: tuple[Booking, ...] = field(metadata=BEHAVIOUR)
    future_count: int = field(metadata=OPERATOR)


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def retire_service_type(salon: Salon, actor: Actor, service_type: Ref, /) -> Retirement:
    """Offer a service type no longer: no service is put under it any more; those there are stay as they are.

    Retiring twice is fine. Raises NotFound, NotPermitted.
    """
    return _retire(salon, actor, SERVICE_TYPES, service_type)


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def retire_service(salon: Salon, actor: Actor, service: Ref, /) -> Retirement:
    """Offer a service no longer: it cannot be booked from now on; what is booked stays, and is reported.

    Retiring twice is fine. Raises NotFound, NotPermitted.
    """
    return _retire(salon, actor, SERVICES, service)


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def retire_package(salon: Salon, actor: Actor, package: Ref, /) -> Retirement:
    """Offer a package no longer; customers keep what they have. Raises NotFound, NotPermitted."""
    return _retire(salon, actor, PACKAGES, package)


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def retire_location(salon: Salon, actor: Actor, location: Ref, /) -> Retirement:
    """Close a location: nothing is booked there from now on; what is booked stays, and is reported.

    Retiring twice is fine. Raises NotFound, NotPermitted.
    """
    return _retire(salon, actor, LOCATIONS, location)


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def retire_staff_member(salon: Salon, actor: Actor, staff_member: Ref, /) -> Retirement:
    """Note that somebody no longer works here: nothing is booked with them from now on.

    What is booked stays, and is reported: `reassign_bookings` gives it to somebody else. Raises NotFound,
    NotPermitted.
    """
    return _retire(salon, actor, STAFF_MEMBERS, staff_member)


_ASKED_BY: Final = {"services": "service", "locations": "location", "staff_members": "therapist"}


def _retire(salon: Salon, actor: Actor, kind: Kind[I], ref: Ref) -> Retirement:
    with unit_of_work(salon, actor) as unit:
        item = find_item(unit.writing, kind, ref, kind.name[:-1])
        at = item.retired_at
        if at is None:
            at = unit.now
            getattr(unit.writing, kind.name).save(evolve(item, retired_at=at, version=item.version + 1), item.version)
            _record(unit, AuditAction.CATALOGUE_RETIRED, kind, item)
        ahead, count = _future_bookings(unit, kind, item.code)
        return Retirement(id=item.id, code=item.code, retired_at=at, future_bookings=ahead, future_count=count)


def _future_bookings(unit: Unit, kind: Kind[Any], code: str) -> tuple[tuple[Booking, ...], int]:
    if kind.name not in _ASKED_BY:
        return (), 0
    asked: dict[str, Any] = {_ASKED_BY[kind.name]: code}
    query = BookingQuery(statuses=OPEN, starting_from=unit.now, **asked)
    found = tuple(unit.writing.bookings.find(query, None, MOST_FUTURE))
    return found, unit.writing.bookings.count(query) if len(found) == MOST_FUTURE else len(found)


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def restore_service_type(salon: Salon, actor: Actor, service_type: Ref, /) -> ServiceType:
    """Offer a retired service type again. Raises NotFound, NotPermitted."""
    return _restore(salon, actor, SERVICE_TYPES, service_type)


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def restore_service(salon: Salon, actor: Actor, service: Ref, /) -> Service:
    """Offer a retired service again. Raises NotFound, NotPermitted."""
    return _restore(salon, actor, SERVICES, service)


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def restore_package(salon: Salon, actor: Actor, package: Ref, /) -> Package:
    """Offer a retired package again. Raises NotFound, NotPermitted."""
    return _restore(salon, actor, PACKAGES, package)


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def restore_location(salon: Salon, actor: Actor, location: Ref, /) -> Location:
    """Open a retired location again. Raises NotFound, NotPermitted."""
    return _restore(salon, actor, LOCATIONS, location)


@use_case(Permission.CHANGE_CATALOGUE, shows=_SHOWN)
def restore_staff_member(salon: Salon, actor: Actor, staff_member: Ref, /) -> StaffMember:
    """Note that somebody works here again. Raises NotFound, NotPermitted."""
    return _restore(salon, actor, STAFF_MEMBERS, staff_member)


def _restore(salon: Salon, actor: Actor, kind: Kind[I], ref: Ref) -> I:
    with unit_of_work(salon, actor) as unit:
        item = find_item(unit.writing, kind, ref, kind.name[:-1])
        if item.retired_at is None:
            return item
        restored = evolve(item, retired_at=None, version=item.version + 1)
        getattr(unit.writing, kind.name).save(restored, item.version)
        _record(unit, AuditAction.CATALOGUE_RESTORED, kind, item)
        return restored
