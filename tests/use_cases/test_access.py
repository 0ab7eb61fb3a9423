"""Who may do what: the table holds for every use case, and a refusal reads nothing."""

import inspect
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any, NoReturn
from uuid import UUID

import pytest
from tests.use_cases.actors import ADMIN, MANAGER, OWNER, RECEPTIONIST, SIGNUP, STAFF, UNKNOWN_JOB

import salon_crm as crm
from salon_crm.domain.ids import Alias, CustomerId, LocationId
from salon_crm.use_cases.access import USE_CASES

NOBODY = CustomerId(UUID("01890a5d-ac96-774b-bcce-b302099a8057"))
OPENING = crm.Actor("opening", crm.Role.SYSTEM)
ANY_CUSTOMER = crm.Actor.for_customer(NOBODY)
EVERYBODY = [OWNER, ADMIN, MANAGER, STAFF, RECEPTIONIST, ANY_CUSTOMER, SIGNUP, OPENING, UNKNOWN_JOB]
STAFF_ROLES = [OWNER, ADMIN, MANAGER, STAFF, RECEPTIONIST]


class Touched(BaseException):
    """The store was asked for something; no exception of the library, so that nothing catches it."""


LET_IN = (Touched, TypeError, crm.InvalidValue)
"""What comes of a use case that was let in, and then found nothing to work with."""

EARLIER, LATER = (datetime.now(UTC) + timedelta(days=days) for days in (-1, 1))

ANYTHING = object()
"""An argument no use case takes: a refusal comes before arguments are looked at."""


class Untouchable:
    """A store that nobody may touch."""

    def reading(self) -> NoReturn:
        raise Touched

    writing = reading

    def close(self) -> None: ...


@pytest.fixture
def untouchable() -> crm.Salon:
    """A salon whose store raises on any access."""
    salon = crm.open_salon(region="PT", zone="Europe/Lisbon", currency="EUR")
    store: Any = Untouchable()
    salon.store = store
    return salon


# every use case and every role


def test_every_public_function_of_a_salon_and_an_actor_is_a_declared_use_case() -> None:
    public = {
        name
        for name in crm.__all__
        if inspect.isfunction(function := getattr(crm, name))
        and list(inspect.signature(function).parameters)[:2] == ["salon", "actor"]
    }
    assert public == set(USE_CASES)


@pytest.mark.parametrize("name", sorted(USE_CASES))
def test_every_use_case_takes_salon_and_actor_by_place(name: str) -> None:
    salon, actor = list(inspect.signature(getattr(crm, name)).parameters.values())[:2]
    assert (salon.kind, actor.kind) == (inspect.Parameter.POSITIONAL_ONLY,) * 2


@pytest.mark.parametrize("actor", EVERYBODY, ids=str)
@pytest.mark.parametrize("name", sorted(USE_CASES))
def test_exactly_those_the_table_names_may_call_a_use_case(untouchable: crm.Salon, name: str, actor: crm.Actor) -> None:
    needed = USE_CASES[name].permission
    with pytest.raises((crm.NotPermitted, *LET_IN)) as caught:
        getattr(crm, name)(untouchable, actor, ANYTHING)
    error = caught.value
    assert isinstance(error, crm.NotPermitted) is (crm.DEFAULT_PERMISSIONS.grant(actor, needed) is None)
    if isinstance(error, crm.NotPermitted):
        assert error.code == "not-permitted"
        assert error.params == {"actor": str(actor), "use_case": name, "permission": needed}
        assert needed.value in str(error)


# Each use case as it is meant to be called: ``own`` is a blocked customer's id, ``other`` of one who raised an alert.
Call = Callable[[crm.Salon, crm.Actor, crm.Customer, crm.Customer], object]
CALLS: dict[str, Call] = {
    "activate_customer": lambda salon, actor, own, _: crm.activate_customer(salon, actor, own.id),
    "add_customer": lambda salon, actor, *_: crm.add_customer(salon, actor, name="Eva"),
    "add_location": lambda salon, actor, *_: crm.add_location(salon, actor, name="New"),
    "add_note": lambda salon, actor, own, _: crm.add_note(salon, actor, own.id, text="Tea"),
    "add_package": lambda salon, actor, *_: crm.add_package(salon, actor, name="New"),
    "add_points": lambda salon, actor, own, _: crm.add_points(salon, actor, own.id, points=1),
    "add_service": lambda salon, actor, *_: crm.add_service(salon, actor, name="New"),
    "add_service_type": lambda salon, actor, *_: crm.add_service_type(salon, actor, name="New"),
    "add_staff_member": lambda salon, actor, *_: crm.add_staff_member(salon, actor, name="New"),
    "adjust_points": lambda salon, actor, own, _: crm.adjust_points(salon, actor, own.id, points=1),
    "assign_package": lambda salon, actor, own, _: crm.assign_package(salon, actor, own.id, package=a_package(salon)),
    "assign_sale": lambda salon, actor, own, _: crm.assign_sale(salon, actor, a_sale(salon), customer=own.id),
    "audit_head": lambda salon, actor, *_: crm.audit_head(salon, actor),
    "audit_trail": lambda salon, actor, own, _: crm.audit_trail(salon, actor, customer=own.id),
    "block_alerts": lambda salon, actor, *_: crm.block_alerts(salon, actor),
    "backfill_points": lambda salon, actor, own, _: crm.backfill_points(salon, actor, own.id),
    "block_customer": lambda salon, actor, _, other: crm.block_customer(salon, actor, other.id, reason="Late"),
    "book": lambda salon, actor, own, other: crm.book(
        salon, actor, bookable(salon, actor, own, other).id, service="first", start=LATER
    ),
    "booking_history": lambda salon, actor, own, _: crm.booking_history(salon, actor, a_booking_of(salon, own)),
    "cancel_booking": lambda salon, actor, own, _: crm.cancel_booking(salon, actor, a_booking_of(salon, own, LATER)),
    "cancel_sale": lambda salon, actor, *_: crm.cancel_sale(salon, actor, a_sale(salon, status="pending")),
    "catalogue": lambda salon, actor, *_: crm.catalogue(salon, actor),
    "change_settings": lambda salon, actor, *_: crm.change_settings(salon, actor, region="ES"),
    "complete_booking": lambda salon, actor, own, _: crm.complete_booking(salon, actor, a_booking_of(salon, own)),
    "complete_sale": lambda salon, actor, *_: crm.complete_sale(salon, actor, a_sale(salon, status="pending")),
    "confirm_block_alert": lambda salon, actor, *_: crm.confirm_block_alert(salon, actor, open_alert(salon)),
    "confirm_booking": lambda salon, actor, own, _: crm.confirm_booking(salon, actor, a_booking_of(salon, own)),
    "count_customers": lambda salon, actor, *_: crm.count_customers(salon, actor),
    "customer_blocks": lambda salon, actor, own, _: crm.customer_blocks(salon, actor, own.id),
    "customer_bookings": lambda salon, actor, own, _: crm.customer_bookings(salon, actor, own.id),
    "customer_notes": lambda salon, actor, own, _: crm.customer_notes(salon, actor, own.id),
    "customer_packages": lambda salon, actor, own, _: crm.customer_packages(salon, actor, own.id),
    "customer_products": lambda salon, actor, own, _: crm.customer_products(salon, actor, own.id),
    "customer_sales": lambda salon, actor, own, _: crm.customer_sales(salon, actor, own.id),
    "deactivate_customer": lambda salon, actor, own, _: crm.deactivate_customer(salon, actor, own.id),
    "dismiss_block_alert": lambda salon, actor, *_: crm.dismiss_block_alert(salon, actor, open_alert(salon)),
    "each_customer": lambda salon, actor, *_: list(crm.each_customer(salon, actor)),
    "edit_customer": lambda salon, actor, own, _: crm.edit_customer(salon, actor, own.id, gender="female"),
    "edit_location": lambda salon, actor, *_: crm.edit_location(salon, actor, "first", name="New"),
    "edit_note": lambda salon, actor, own, _: crm.edit_note(salon, actor, first_note(salon, own), text="Coffee"),
    "edit_package": lambda salon, actor, *_: crm.edit_package(salon, actor, "first", name="New"),
    "edit_service": lambda salon, actor, *_: crm.edit_service(salon, actor, "first", name="New"),
    "edit_service_type": lambda salon, actor, *_: crm.edit_service_type(salon, actor, "first", name="New"),
    "edit_staff_member": lambda salon, actor, *_: crm.edit_staff_member(salon, actor, "first", name="New"),
    "explain_match": lambda salon, actor, own, _: crm.explain_match(salon, actor, own.id, "blocked"),
    "find_bookings": lambda salon, actor, *_: crm.find_bookings(salon, actor),
    "find_customers": lambda salon, actor, *_: crm.find_customers(salon, actor),
    "find_or_add_customer": lambda salon, actor, *_: crm.find_or_add_customer(salon, actor, name="Eva"),
    "forget_former": lambda salon, actor, own, _: crm.forget_former(salon, actor, own.id),
    "get_block": lambda salon, actor, own, _: crm.get_block(salon, actor, first_block(salon, own)),
    "get_booking": lambda salon, actor, own, _: crm.get_booking(salon, actor, a_booking_of(salon, own)),
    "get_customer": lambda salon, actor, own, _: crm.get_customer(salon, actor, own.id),
    "get_customers": lambda salon, actor, own, _: crm.get_customers(salon, actor, [own.id]),
    "get_sale": lambda salon, actor, *_: crm.get_sale(salon, actor, a_sale(salon)),
    "get_settings": lambda salon, actor, *_: crm.get_settings(salon, actor),
    "mark_no_show": lambda salon, actor, own, _: crm.mark_no_show(salon, actor, a_booking_of(salon, own)),
    "match_customers": lambda salon, actor, *_: crm.match_customers(salon, actor, name="Eva"),
    "may_book": lambda salon, actor, own, _: crm.may_book(salon, actor, own.id),
    "points_balance": lambda salon, actor, own, _: crm.points_balance(salon, actor, own.id),
    "points_history": lambda salon, actor, own, _: crm.points_history(salon, actor, own.id),
    "points_statement": lambda salon, actor, own, _: crm.points_statement(salon, actor, own.id),
    "profile_fields": lambda salon, actor, *_: crm.profile_fields(salon, actor),
    "put_booking": lambda salon, actor, own, _: crm.put_booking(
        salon, actor, own.id, external=("a", "1"), service="first", start=LATER
    ),
    "reassign_bookings": lambda salon, actor, *_: crm.reassign_bookings(salon, actor, "first", to="first"),
    "rebuild_search": lambda salon, actor, *_: crm.rebuild_search(salon, actor),
    "record_arrival": lambda salon, actor, own, _: crm.record_arrival(salon, actor, a_booking_of(salon, own)),
    "record_payment": lambda salon, actor, *_: crm.record_payment(salon, actor, a_sale(salon), amount=5),
    "record_sale": lambda salon, actor, own, _: crm.record_sale(salon, actor, own.id, lines=WAX),
    "redeem_points": lambda salon, actor, own, _: crm.redeem_points(salon, actor, rich(salon, own), points=1),
    "refund_sale": lambda salon, actor, *_: crm.refund_sale(salon, actor, a_sale(salon)),
    "remove_customer": lambda salon, actor, _, other: crm.remove_customer(salon, actor, other.id),
    "remove_note": lambda salon, actor, own, _: crm.remove_note(salon, actor, first_note(salon, own)),
    "reopen_booking": lambda salon, actor, own, _: crm.reopen_booking(
        salon, actor, a_booking_of(salon, own, status="completed"), reason="Slip"
    ),
    "reschedule_booking": lambda salon, actor, own, other: crm.reschedule_booking(
        salon, actor, a_booking_of(salon, bookable(salon, actor, own, other), LATER), service="first"
    ),
    "restore_location": lambda salon, actor, *_: crm.restore_location(salon, actor, "first"),
    "restore_package": lambda salon, actor, *_: crm.restore_package(salon, actor, "first"),
    "restore_service": lambda salon, actor, *_: crm.restore_service(salon, actor, "first"),
    "restore_service_type": lambda salon, actor, *_: crm.restore_service_type(salon, actor, "first"),
    "restore_staff_member": lambda salon, actor, *_: crm.restore_staff_member(salon, actor, "first"),
    "retire_location": lambda salon, actor, *_: crm.retire_location(salon, actor, "first"),
    "retire_package": lambda salon, actor, *_: crm.retire_package(salon, actor, "first"),
    "retire_service": lambda salon, actor, *_: crm.retire_service(salon, actor, "first"),
    "retire_service_type": lambda salon, actor, *_: crm.retire_service_type(salon, actor, "first"),
    "retire_staff_member": lambda salon, actor, *_: crm.retire_staff_member(salon, actor, "first"),
    "reverse_entry": lambda salon, actor, own, _: crm.reverse_entry(salon, actor, rewarded(salon, own).id),
    "transfer_points": lambda salon, actor, own, other: crm.transfer_points(
        salon, actor, rich(salon, own), to=other.id, points=1
    ),
    "unassigned_sales": lambda salon, actor, *_: crm.unassigned_sales(salon, actor),
    "unblock_customer": lambda salon, actor, own, _: crm.unblock_customer(salon, actor, own.id),
    "unclosed_bookings": lambda salon, actor, *_: crm.unclosed_bookings(salon, actor),
    "verify_audit": lambda salon, actor, *_: crm.verify_audit(salon, actor),
    "verify_facts": lambda salon, actor, *_: crm.verify_facts(salon, actor),
    "verify_ledger": lambda salon, actor, own, _: crm.verify_ledger(salon, actor, own.id),
    "withdraw_package": lambda salon, actor, own, _: crm.withdraw_package(salon, actor, an_assignment(salon, own)),
}


def test_every_use_case_but_those_that_work_on_files_is_called() -> None:
    assert set(CALLS) == {name for name, declared in USE_CASES.items() if not declared.sliced}


def bookable(salon: crm.Salon, actor: crm.Actor, own: crm.Customer, other: crm.Customer) -> crm.Customer:
    """Return whom an actor may book for: customers for themselves, once they are blocked no more."""
    if actor.role is not crm.Role.CUSTOMER:
        return other
    crm.unblock_customer(salon, OWNER, own.id)
    return own


def a_booking_of(
    salon: crm.Salon, customer: crm.Customer, start: datetime = EARLIER, *, status: str = "pending"
) -> UUID:
    """Return a booking that the calendar says a customer has."""
    asked: dict[str, Any] = {"external": ("calendar", "1"), "service": "first", "start": start, "status": status}
    return crm.put_booking(salon, OWNER, customer.id, **asked).booking.id


WAX: list[crm.LineFields] = [{"product": "Wax", "price": 5}]


def a_sale(salon: crm.Salon, **stated: Any) -> UUID:
    return crm.record_sale(salon, OWNER, lines=WAX, **stated).sale.id


def a_package(salon: crm.Salon) -> str:
    return crm.add_package(salon, OWNER, name="Ten cuts").code


def an_assignment(salon: crm.Salon, customer: crm.Customer) -> UUID:
    return crm.assign_package(salon, OWNER, customer.id, package=a_package(salon)).id


def rewarded(salon: crm.Salon, customer: crm.Customer) -> crm.RewardEntry:
    return crm.add_points(salon, OWNER, customer.id, points=10)


def rich(salon: crm.Salon, customer: crm.Customer) -> UUID:
    return rewarded(salon, customer).customer_id


def open_alert(salon: crm.Salon) -> UUID:
    return crm.block_alerts(salon, OWNER)[0].id


def first_block(salon: crm.Salon, customer: crm.Customer) -> UUID:
    return crm.customer_blocks(salon, OWNER, customer.id)[0].id


def first_note(salon: crm.Salon, customer: crm.Customer) -> UUID:
    return crm.customer_notes(salon, OWNER, customer.id)[0].id


@pytest.mark.parametrize("actor", [*STAFF_ROLES, SIGNUP, ANY_CUSTOMER], ids=str)
@pytest.mark.parametrize("name", sorted(CALLS))
def test_whoever_is_granted_a_use_case_can_work_with_it(name: str, actor: crm.Actor, file: Path) -> None:
    where = file if USE_CASES[name].permission is crm.Permission.MAINTAIN else None  # memory needs no maintenance
    with crm.open_salon(where, region="PT", zone="Europe/Lisbon", currency="EUR") as salon:
        crm.change_settings(salon, OWNER, rewards={"daily_caps": {"staff": 1, "receptionist": 1}})
        own = crm.add_customer(salon, OWNER, name="Ana", email="ana@example.com", note="Tea", id=NOBODY)
        crm.block_customer(salon, OWNER, own.id, reason="Late")
        other = crm.add_customer(salon, OWNER, name="Rui", email="ana@example.com")
        _fill_catalogue(salon)
        if crm.DEFAULT_PERMISSIONS.grant(actor, USE_CASES[name].permission) is None:
            with pytest.raises(crm.NotPermitted):
                CALLS[name](salon, actor, own, other)
        else:
            CALLS[name](salon, actor, own, other)


def _fill_catalogue(salon: crm.Salon) -> None:
    crm.add_service_type(salon, OWNER, name="First")
    crm.add_service(salon, OWNER, name="First", duration=45)
    crm.add_package(salon, OWNER, name="First")
    crm.add_location(salon, OWNER, name="First")
    crm.add_staff_member(salon, OWNER, name="First")


def test_what_is_no_salon_and_no_actor_is_refused(untouchable: crm.Salon) -> None:
    wrong: Any
    for wrong in (None, "salon", OWNER):
        with pytest.raises(crm.InvalidValue) as caught:
            crm.get_settings(wrong, OWNER)
        assert caught.value.field == "salon"
    for wrong in (None, "olga", crm.Role.OWNER):
        with pytest.raises(crm.InvalidValue) as caught:
            crm.get_settings(untouchable, wrong)
        assert caught.value.field == "actor"


def test_a_salon_may_be_opened_with_a_table_of_its_own() -> None:
    table = crm.PermissionTable(
        roles={crm.Role.STAFF: {crm.Permission.VIEW_SETTINGS: crm.Grant()}},
        jobs={"nightly": {crm.Permission.VIEW_AUDIT: crm.Grant()}},
    )
    with crm.open_salon(region="PT", zone="Europe/Lisbon", currency="EUR", permissions=table) as salon:
        assert crm.get_settings(salon, STAFF).region == "PT"
        assert crm.audit_head(salon, crm.Actor("nightly", crm.Role.SYSTEM)).sequence == 1
        for refused in (OWNER, SIGNUP):
            with pytest.raises(crm.NotPermitted):
                crm.get_settings(salon, refused)


def test_finding_or_adding_needs_both_permissions(untouchable: crm.Salon) -> None:
    untouchable.permissions = crm.PermissionTable(roles={crm.Role.STAFF: {crm.Permission.ADD_CUSTOMERS: crm.Grant()}})
    with pytest.raises(crm.NotPermitted, match=r"duplicates\.match"):
        crm.find_or_add_customer(untouchable, STAFF, name="Ana")


# actors limited to locations


def test_what_covers_every_location_is_these_use_cases_and_no_other() -> None:
    covering = {name for name, declared in USE_CASES.items() if declared.covers_locations}
    assert covering == {"audit_trail", "back_up_salon", "export_customers", "import_bookings", "import_customers"}


@pytest.mark.parametrize("name", sorted(USE_CASES))
def test_who_is_limited_to_locations_is_refused_what_would_cover_others(untouchable: crm.Salon, name: str) -> None:
    limited = crm.Actor("olga", crm.Role.OWNER, frozenset({LocationId(NOBODY)}))
    with pytest.raises((crm.NotPermitted, *LET_IN)) as caught:
        getattr(crm, name)(untouchable, limited, ANYTHING)
    if USE_CASES[name].covers_locations:
        assert isinstance(caught.value, crm.NotPermitted)
        assert caught.value.code == "not-permitted-locations"
    else:
        assert not isinstance(caught.value, crm.NotPermitted)


# the customer themselves


@pytest.fixture
def ana(salon: crm.Salon) -> crm.Customer:
    return crm.add_customer(salon, STAFF, name="Ana", email="ana@example.com", external_ids=[("till", "1")])


def test_a_customer_reaches_their_own_profile(salon: crm.Salon, ana: crm.Customer) -> None:
    own = crm.Actor.for_customer(ana.id)
    assert crm.get_customer(salon, own, ana.id) == ana
    assert crm.get_customer(salon, own, external=("till", "1")) == ana
    assert crm.get_customers(salon, own, [ana.id]).found == {ana.id: ana}
    edited = crm.edit_customer(salon, own, ana.id, version=1, name="Ana Sousa").customer
    assert crm.forget_former(salon, own, ana.id).former_names != edited.former_names
    assert crm.may_book(salon, own, ana.id).answer is crm.Answer.OK
    assert [entry.by for entry in crm.audit_trail(salon, OWNER)[-2:]] == [str(ana.id)] * 2


def test_another_customers_profile_is_refused_alike_whether_it_exists_or_not(
    salon: crm.Salon, ana: crm.Customer
) -> None:
    rui = crm.add_customer(salon, STAFF, name="Rui", external_ids=[("till", "2")])
    removed = crm.add_customer(salon, STAFF, name="Eva")
    crm.remove_customer(salon, MANAGER, removed.id)
    own = crm.Actor.for_customer(ana.id)
    others = (rui.id, removed.id, NOBODY)
    before = crm.audit_trail(salon, OWNER)
    attempts: list[Callable[[CustomerId], object]] = [
        lambda asked: crm.get_customer(salon, own, asked),
        lambda asked: crm.get_customers(salon, own, [ana.id, asked]),
        lambda asked: crm.edit_customer(salon, own, asked, gender="female"),
        lambda asked: crm.edit_customer(salon, own, asked, version=99),
        lambda asked: crm.forget_former(salon, own, asked),
        lambda asked: crm.may_book(salon, own, asked),
        lambda asked: crm.get_customer(salon, own, external=("till", "2" if asked == rui.id else "3")),
    ]
    for attempt in attempts:
        refusals: list[tuple[str, dict[str, Any]]] = []
        for asked in others:
            with pytest.raises(crm.NotPermitted) as caught:
                attempt(asked)
            refusals.append((str(caught.value), dict(caught.value.params)))
        assert refusals == [refusals[0]] * 3
    assert crm.audit_trail(salon, OWNER) == before


def test_a_customer_who_was_merged_reaches_the_profile_that_was_kept(salon: crm.Salon, ana: crm.Customer) -> None:
    with salon.writing() as writing:
        writing.aliases.add(Alias(NOBODY, ana.id))
    merged = crm.Actor.for_customer(NOBODY)
    assert crm.get_customer(salon, merged, NOBODY) == ana
    assert crm.get_customer(salon, merged, ana.id) == ana
    assert crm.get_customer(salon, crm.Actor.for_customer(ana.id), NOBODY) == ana


def test_a_customer_who_was_removed_is_told_so(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.remove_customer(salon, MANAGER, ana.id)
    with pytest.raises(crm.NotFound, match="was removed"):
        crm.get_customer(salon, crm.Actor.for_customer(ana.id), ana.id)


def test_an_actor_of_a_customer_needs_an_id() -> None:
    makers: list[Callable[[], crm.Actor]] = [
        lambda: crm.Actor.for_customer("Ana"),
        lambda: crm.Actor("Ana", crm.Role.CUSTOMER),
    ]
    for make in makers:
        with pytest.raises(crm.InvalidValue):
            make()


@pytest.mark.parametrize("name", sorted(name for name, declared in USE_CASES.items() if not declared.scopes))
def test_a_grant_within_a_scope_that_is_not_checked_is_refused(untouchable: crm.Salon, name: str) -> None:
    own = crm.Grant(frozenset({crm.Scope.OWN}))
    untouchable.permissions = crm.PermissionTable(roles={crm.Role.STAFF: dict.fromkeys(crm.Permission, own)})
    with pytest.raises(crm.NotPermitted) as caught:
        getattr(crm, name)(untouchable, STAFF, ANYTHING)
    assert caught.value.code == "not-permitted-scope"
