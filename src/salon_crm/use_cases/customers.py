"""Adding, editing, reading and removing customers."""

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import Any, Final, Unpack

from attrs import evolve, field, frozen

from salon_crm.domain.access import Actor, Permission, Scope
from salon_crm.domain.audit import AuditAction, AuditEntry
from salon_crm.domain.bookings import OPEN, Booking
from salon_crm.domain.contact import parse_region
from salon_crm.domain.customers import (
    PROFILE,
    Customer,
    CustomerForm,
    FormContext,
    ProfileFields,
    Status,
    changed_customer,
    new_customer,
    without_former,
)
from salon_crm.domain.dates import local_day
from salon_crm.domain.ids import CustomerId, ExternalId, IdLike, parse_id
from salon_crm.domain.notes import clean_note
from salon_crm.domain.privacy import BEHAVIOUR, IDENTITY, OPERATOR, classed
from salon_crm.domain.reading import read_switch
from salon_crm.domain.settings import Settings
from salon_crm.errors import Conflict, InvalidDocument, InvalidValue, NotFound, NotPermitted, RuleBroken
from salon_crm.ports.records import customer_records
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import AuditQuery, BookingQuery, Reading
from salon_crm.use_cases.access import (
    PROFILE_SHOWN,
    check_grant,
    check_own,
    find_customer,
    use_case,
)
from salon_crm.use_cases.blocks import meet_blocks
from salon_crm.use_cases.notes import write_note
from salon_crm.use_cases.unit import Unit, unit_of_work

_MOST_AT_ONCE: Final = 10_000
MOST_FUTURE: Final = 500
"""How many of the bookings still ahead a report shows."""
MET_BY: Final = frozenset({"name", "first_name", "last_name", "email", "other_emails", "mobile", "other_phones"})
"""The fields a blocked person may be met again by."""


@use_case(Permission.ADD_CUSTOMERS, shows=PROFILE_SHOWN)
def add_customer(
    salon: Salon,
    actor: Actor,
    /,
    *,
    region: str | None = None,
    status: Status | str | None = None,
    note: str | None = None,
    alert_note: str | None = None,
    id: IdLike | None = None,
    reference: str | None = None,
    at: datetime | None = None,
    **fields: Unpack[ProfileFields],
) -> Customer:
    """Add a customer and return them.

    Give ``name`` (the full name as the customer writes it), or ``first_name`` and ``last_name``; the
    other fields as known. Phones are taken as people write them, in ``region`` or else the salon's.
    ``birthday`` and ``anniversary`` are dates, or text as 1990-05-17 or --05-17. ``note`` and
    ``alert_note`` add a note of each kind. ``id`` is a UUID of your own, ``at`` when it happened.
    With ``reference``, text of your own that names this act, calling again returns the customer as they
    are now and adds nobody.

    Raises InvalidDocument with every field that cannot be taken, Conflict for an id, external id or
    reference already used, NotPermitted.
    """
    if note is not None or alert_note is not None:
        check_grant(salon, actor, Permission.CHANGE_NOTES, "add_customer")
    if status is not None:
        check_grant(salon, actor, Permission.CHANGE_STATUS, "add_customer")
    with unit_of_work(salon, actor, at) as unit:
        values, its_status, notes = _check_new(unit, fields, region, status, note, alert_note)
        asked = {**values, "status": its_status, **notes, "id": id}
        made = unit.result_of("add_customer", reference, asked)
        if made is not None:
            return find_customer(salon, actor, Permission.ADD_CUSTOMERS, unit.writing, made)
        customer = create_customer(unit, unit.new_customer_id(id), values, status=its_status, notes=notes)
        unit.remember("add_customer", reference, asked, customer.id)
        return customer


def _check_new(
    unit: Unit,
    fields: Mapping[str, object],
    region: str | None,
    status: object,
    note: object,
    alert_note: object,
) -> tuple[ProfileFields, Status, dict[str, str]]:
    """Return what a new profile is made of, each value checked; raises InvalidDocument with all problems."""
    problems: list[InvalidValue] = []
    values, its_status = ProfileFields(), Status.ACTIVE
    notes: dict[str, str] = {}
    try:
        context = form_context(unit.salon, unit.settings, region)
        values = CustomerForm(fields).check_new(context, unit.settings)
    except InvalidValue as found:
        problems += found.problems
    try:
        its_status = Status.ACTIVE if status is None else parse_status(status)
    except InvalidValue as problem:
        problems.append(problem)
    for name, text in (("note", note), ("alert_note", alert_note)):
        try:
            if text is not None:
                notes[name] = clean_note(text, name)
        except InvalidValue as problem:
            problems.append(problem)
    if problems:
        raise InvalidDocument(problems)
    return values, its_status, notes


def form_context(salon: Salon, settings: Settings, region: str | None) -> FormContext:
    """Return what a form filled in now is read in the light of; raises InvalidValue for an unknown region."""
    phones_of = settings.region if region is None else parse_region(region, "region")
    return FormContext(local_day(salon.now(), settings.zone), phones_of)


def parse_status(value: object) -> Status:
    """Return the status that a value or its text states; raises InvalidValue."""
    try:
        return Status(value)  # type: ignore[arg-type]  # refused by the enum itself
    except ValueError:
        raise InvalidValue("not-a-choice", field="status", choices=tuple(Status)) from None


def create_customer(
    unit: Unit,
    customer_id: CustomerId,
    values: ProfileFields,
    *,
    status: Status = Status.ACTIVE,
    notes: Mapping[str, str] | None = None,
) -> Customer:
    """Keep a new customer with checked values under an id nobody has, record it, write the notes, and meet blocks."""
    customer = new_customer(customer_id, values, added=unit.at, settings=unit.settings, status=status)
    _check_external_ids(unit, customer)
    unit.writing.customers.add(customer)
    unit.record(AuditAction.CUSTOMER_ADDED, customer, fields=tuple(sorted(values)))
    for name, text in (notes or {}).items():
        write_note(unit, customer, text, alert=name == "alert_note")
    meet_blocks(unit, customer, new=True)
    return customer


def _check_external_ids(unit: Unit, customer: Customer) -> None:
    """Refuse an external id another customer holds, naming who."""
    wanted = [(each.system, each.id) for each in customer.external_ids]
    for holders in unit.writing.customers.by_key("external_id", wanted).values() if wanted else ():
        for holder in holders:
            if holder.id != customer.id:
                raise Conflict("external-id-held", field="external_ids", customer_id=str(holder.id))


@frozen(field_transformer=classed)
class CustomerEdit:
    """An edit that was saved: the customer as they are now, the fields that changed, consent it dropped."""

    customer: Customer = field(metadata=IDENTITY)
    changed: tuple[str, ...] = field(metadata=OPERATOR)
    dropped_grants: tuple[str, ...] = field(default=(), metadata=OPERATOR)
    """Grants of promotions that ended with the address they were for; none while consent is not kept."""


@use_case(Permission.EDIT_CUSTOMERS, shows=PROFILE_SHOWN, scopes={Scope.OWN})
def edit_customer(
    salon: Salon,
    actor: Actor,
    customer_id: IdLike,
    /,
    *,
    version: int | None = None,
    region: str | None = None,
    keep_former: bool = True,
    **changes: Unpack[ProfileFields],
) -> CustomerEdit:
    """Change fields of a profile: what is not passed stays, None clears.

    With ``version``, the one the form was opened at, the edit is refused only where a field it changes
    has changed since; edits of other fields both stand. Replaced names and contacts are kept as former
    ones unless ``keep_former`` is False. Where nothing differs, nothing is written.

    Raises InvalidDocument with every field that cannot be taken, Conflict naming the fields that somebody
    else changed, NotFound, NotPermitted.
    """
    with unit_of_work(salon, actor) as unit:
        customer = unit.customer(Permission.EDIT_CUSTOMERS, customer_id)
        read_switch(keep_former, "keep_former")
        _refuse_fields_of_staff(salon, actor, changes)
        values = CustomerForm(changes).check(form_context(salon, unit.settings, region))
        changed, fields = changed_customer(customer, values, settings=unit.settings, keep_former=keep_former)
        if version is not None:
            _refuse_stale(unit.writing, customer, version, fields)
        _save_edit(unit, customer, changed, fields)
        return CustomerEdit(changed, fields)


def _refuse_fields_of_staff(salon: Salon, actor: Actor, changes: Iterable[str]) -> None:
    """Check the scope ``own`` by field: some of a profile are the salon's to fill; raises NotPermitted."""
    grant = salon.permissions.grant(actor, Permission.EDIT_CUSTOMERS)
    if grant is None or Scope.OWN not in grant.scopes:
        return
    for name in changes:
        if name in PROFILE and PROFILE[name].by_staff:
            permission = Permission.EDIT_CUSTOMERS
            raise NotPermitted(
                "not-permitted-field", field=name, actor=str(actor), field_name=name, permission=permission
            )


def _save_edit(unit: Unit, before: Customer, after: Customer, fields: tuple[str, ...]) -> None:
    """Keep a changed profile, record it, and meet blocks where its name or contacts changed."""
    if not fields:
        return
    _check_external_ids(unit, after)
    unit.writing.customers.save(after, before.version)
    unit.record(AuditAction.CUSTOMER_EDITED, after, fields=fields)
    if MET_BY.intersection(fields):
        meet_blocks(unit, after, new=False)


def _refuse_stale(reading: Reading, customer: Customer, version: object, fields: tuple[str, ...]) -> None:
    """Refuse an edit of fields that changed after ``version``; the audit knows which did."""
    if isinstance(version, bool) or not isinstance(version, int) or not 1 <= version <= customer.version:
        raise InvalidValue("version-unknown", field="version", current=customer.version)
    if version == customer.version:
        return
    since: set[str] = set()
    for entry in _newest_entries(reading, customer.id):
        if entry.version is not None and entry.version <= version:
            break
        since.update(entry.fields)
    stale = [name for name in fields if name in since]
    if stale:
        raise Conflict("stale", field=stale[0], version=version, fields=tuple(stale))


def _newest_entries(reading: Reading, customer_id: CustomerId) -> Iterator[AuditEntry]:
    """Give the customer's entries of the audit, newest first, as far as they are asked for."""
    until: int | None = None
    while entries := reading.audit.select(AuditQuery(customer_id=customer_id, before=until), 50, newest_first=True):
        yield from entries
        until = entries[-1].sequence


@use_case(Permission.VIEW_CUSTOMERS, shows=PROFILE_SHOWN, scopes={Scope.OWN})
def get_customer(
    salon: Salon,
    actor: Actor,
    customer_id: IdLike | None = None,
    /,
    *,
    external: tuple[str, str] | ExternalId | None = None,
) -> Customer:
    """Return a customer by id, or by ``external=(system, id)``, the id another system has.

    An id that was merged into another returns the customer who was kept. Raises InvalidValue, NotFound,
    NotPermitted.
    """
    if (customer_id is None) == (external is None):
        raise InvalidValue("required", field="customer_id", hint="Give an id or external=(system, id), one of the two.")
    with salon.reading() as reading:
        if external is None:
            return find_customer(salon, actor, Permission.VIEW_CUSTOMERS, reading, customer_id)
        wanted = ExternalId.parse(external, "external")
        found = reading.customers.by_key("external_id", [(wanted.system, wanted.id)])
        customer = next((customer for customers in found.values() for customer in customers), None)
        check_own(salon, actor, Permission.VIEW_CUSTOMERS, reading, customer.id if customer else CustomerId(salon.id))
        if customer is None:
            raise NotFound("not-found", kind="customer", id=f"with this id of {wanted.system}")
        return customer


@frozen(field_transformer=classed)
class CustomersFound:
    """Customers got in one go: ``found`` by the id asked with, in the order asked, and the ids that were absent."""

    found: Mapping[CustomerId, Customer] = field(metadata=IDENTITY)
    absent: tuple[CustomerId, ...] = field(metadata=OPERATOR)


@use_case(Permission.VIEW_CUSTOMERS, shows=PROFILE_SHOWN, scopes={Scope.OWN})
def get_customers(salon: Salon, actor: Actor, customer_ids: Iterable[IdLike], /) -> CustomersFound:
    """Return many customers in one reading, up to 10,000; absent ones are named, merged ids followed.

    Raises InvalidValue, NotPermitted.
    """
    if isinstance(customer_ids, str) or not isinstance(customer_ids, Iterable):
        raise InvalidValue("wrong-type", field="customer_ids", expected="a sequence of ids")
    asked = list(dict.fromkeys(CustomerId(parse_id(each, "customer_ids")) for each in customer_ids))
    if len(asked) > _MOST_AT_ONCE:
        raise InvalidValue("too-many", field="customer_ids", count=len(asked), limit=_MOST_AT_ONCE)
    with salon.reading() as reading:
        aliases: Mapping[Any, Any] = reading.aliases.get_many(asked)
        kept = {each: aliases[each].customer_id if each in aliases else each for each in asked}
        for each in kept.values():
            check_own(salon, actor, Permission.VIEW_CUSTOMERS, reading, each)
        customers = reading.customers.get_many(kept.values())
    found = {each: customers[kept[each]] for each in asked if kept[each] in customers}
    return CustomersFound(found, tuple(each for each in asked if each not in found))


@use_case(Permission.CHANGE_STATUS, shows=PROFILE_SHOWN, scopes={Scope.OWN})
def activate_customer(salon: Salon, actor: Actor, customer_id: IdLike, /) -> Customer:
    """Show a customer in the salon's daily lists again; an active one stays as they are. Raises NotFound."""
    with unit_of_work(salon, actor) as unit:
        customer = unit.customer(Permission.CHANGE_STATUS, customer_id)
        return set_status(unit, customer, Status.ACTIVE)


@frozen(field_transformer=classed)
class Deactivation:
    """A customer made inactive, and the bookings they still have ahead, the next one first, up to 500."""

    customer: Customer = field(metadata=IDENTITY)
    future_bookings: tuple[Booking, ...] = field(default=(), metadata=BEHAVIOUR)


@use_case(Permission.CHANGE_STATUS, shows=PROFILE_SHOWN, scopes={Scope.OWN})
def deactivate_customer(salon: Salon, actor: Actor, customer_id: IdLike, /) -> Deactivation:
    """Hide a customer from the salon's daily lists and promotions; it forbids nothing. Raises NotFound."""
    with unit_of_work(salon, actor) as unit:
        customer = unit.customer(Permission.CHANGE_STATUS, customer_id)
        query = BookingQuery(customer_id=customer.id, statuses=OPEN, starting_from=unit.now)
        ahead = unit.writing.bookings.find(query, None, MOST_FUTURE)
        return Deactivation(set_status(unit, customer, Status.INACTIVE), tuple(ahead))


def set_status(unit: Unit, customer: Customer, status: Status) -> Customer:
    """Keep a customer's status and record it, where it differs."""
    if customer.status is status:
        return customer
    changed = evolve(customer, status=status, version=customer.version + 1)
    unit.writing.customers.save(changed, customer.version)
    action = AuditAction.CUSTOMER_ACTIVATED if status is Status.ACTIVE else AuditAction.CUSTOMER_DEACTIVATED
    unit.record(action, changed, fields=("status",))
    return changed


@use_case(Permission.FORGET_FORMER, shows=PROFILE_SHOWN, scopes={Scope.OWN})
def forget_former(salon: Salon, actor: Actor, customer_id: IdLike, /) -> Customer:
    """Remove a customer's former names and contacts without trace, as they may ask. Raises NotFound."""
    with unit_of_work(salon, actor) as unit:
        customer = unit.customer(Permission.FORGET_FORMER, customer_id)
        changed = without_former(customer)
        if changed is not customer:
            unit.writing.customers.save(changed, customer.version)
            unit.record(AuditAction.FORMER_FORGOTTEN, changed)
        return changed


@use_case(Permission.REMOVE_CUSTOMERS, scopes={Scope.OWN})
def remove_customer(salon: Salon, actor: Actor, customer_id: IdLike, /) -> None:
    """Remove a customer entered in error; a block outlives it by its mark.

    Raises RuleBroken naming the history where there is any: deactivate the customer instead, or have
    them erased. Raises NotFound, NotPermitted.
    """
    with unit_of_work(salon, actor) as unit:
        customer = unit.customer(Permission.REMOVE_CUSTOMERS, customer_id)
        held = {
            kind: getattr(unit.writing, kind.name).of_customers([customer.id]).get(customer.id, ())
            for kind in customer_records()
        }
        history = tuple(f"{kind.name} ({len(things)})" for kind, things in held.items() if kind.history and things)
        if history:
            raise RuleBroken("has-history", customer_id=str(customer.id), kinds=history)
        for kind, things in held.items():
            for thing in things:
                getattr(unit.writing, kind.name).remove(kind.identity(thing))
        unit.writing.customers.remove(customer.id)
        unit.record(AuditAction.CUSTOMER_REMOVED, customer)
