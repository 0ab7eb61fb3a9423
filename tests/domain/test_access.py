"""Who may do what."""

from collections.abc import Mapping
from typing import Final
from uuid import UUID

import pytest
from tests.domain.samples import customer_id

from salon_crm.domain.access import DEFAULT_PERMISSIONS, Actor, Grant, Permission, PermissionTable, Role, Scope
from salon_crm.domain.ids import LocationId
from salon_crm.errors import InvalidValue

OWN, ADM, MAN, STA, REC = Role.OWNER, Role.ADMIN, Role.MANAGER, Role.STAFF, Role.RECEPTIONIST
CUS: Final = Role.CUSTOMER

# Written out by hand: who has each permission. A customer has theirs for their own profile only.
EXPECTED: Final[Mapping[Permission, set[Role]]] = {
    Permission.VIEW_CUSTOMERS: {OWN, ADM, MAN, STA, REC, CUS},
    Permission.SEARCH_CUSTOMERS: {OWN, ADM, MAN, STA, REC},
    Permission.ADD_CUSTOMERS: {OWN, ADM, MAN, STA, REC},
    Permission.EDIT_CUSTOMERS: {OWN, ADM, MAN, STA, REC, CUS},
    Permission.REMOVE_CUSTOMERS: {OWN, ADM, MAN},
    Permission.CHANGE_STATUS: {OWN, ADM, MAN, STA, REC},
    Permission.FORGET_FORMER: {OWN, ADM, MAN, STA, REC, CUS},
    Permission.VIEW_BLOCKS: {OWN, ADM, MAN, STA, REC},
    Permission.CHANGE_BLOCKS: {OWN, ADM, MAN},
    Permission.VIEW_NOTES: {OWN, ADM, MAN, STA, REC},
    Permission.CHANGE_NOTES: {OWN, ADM, MAN, STA, REC},
    Permission.VIEW_CATALOGUE: {OWN, ADM, MAN, STA, REC, CUS},
    Permission.CHANGE_CATALOGUE: {OWN, ADM},
    Permission.ASK_BOOKING: {OWN, ADM, MAN, STA, REC, CUS},
    Permission.VIEW_BOOKINGS: {OWN, ADM, MAN, STA, REC, CUS},
    Permission.LIST_BOOKINGS: {OWN, ADM, MAN, STA, REC},
    Permission.BOOK: {OWN, ADM, MAN, STA, REC, CUS},
    Permission.MOVE_BOOKINGS: {OWN, ADM, MAN, STA, REC},
    Permission.MIRROR_BOOKINGS: {OWN, ADM, MAN},
    Permission.VIEW_SALES: {OWN, ADM, MAN, STA, REC},
    Permission.RECORD_SALES: {OWN, ADM, MAN, STA, REC},
    Permission.REFUND_SALES: {OWN, ADM, MAN},
    Permission.VIEW_POINTS: {OWN, ADM, MAN, STA, REC, CUS},
    Permission.REDEEM_POINTS: {OWN, ADM, MAN, STA, REC},
    Permission.ADD_POINTS: {OWN, ADM, MAN, STA, REC},
    Permission.CHANGE_POINTS: {OWN, ADM, MAN},
    Permission.EXPIRE_POINTS: {OWN, ADM, MAN},
    Permission.MATCH_DUPLICATES: {OWN, ADM, MAN, STA, REC},
    Permission.IMPORT: {OWN, ADM, MAN},
    Permission.EXPORT: {OWN, ADM},
    Permission.VIEW_AUDIT: {OWN, ADM},
    Permission.MAINTAIN: {OWN, ADM},
    Permission.VIEW_SETTINGS: {OWN, ADM, MAN, STA, REC},
    Permission.CHANGE_SETTINGS: {OWN, ADM},
}
EXPECTED_OF_JOBS: Final = {
    "calendar": {Permission.VIEW_CATALOGUE, Permission.VIEW_BOOKINGS, Permission.MIRROR_BOOKINGS},
    "expiry": {Permission.EXPIRE_POINTS},
    "opening": {Permission.CHANGE_SETTINGS},
    "signup": {Permission.ADD_CUSTOMERS, Permission.MATCH_DUPLICATES, Permission.ASK_BOOKING},
}


def actor(role: Role) -> Actor:
    return Actor.for_customer(customer_id(1)) if role is CUS else Actor("bea", role)


def test_every_permission_stands_in_the_table_written_by_hand() -> None:
    assert set(EXPECTED) == set(Permission)


@pytest.mark.parametrize("permission", Permission)
def test_a_permission_is_granted_to_just_its_roles(permission: Permission) -> None:
    granted = {role for role in Role if DEFAULT_PERMISSIONS.grant(actor(role), permission) is not None}
    assert granted == EXPECTED[permission]


def test_the_owner_may_do_everything() -> None:
    assert all(DEFAULT_PERMISSIONS.grant(actor(OWN), permission) == Grant() for permission in Permission)


def test_a_customer_reaches_only_their_own_profile_and_staff_every_one() -> None:
    for permission in Permission:
        for role in Role:
            grant = DEFAULT_PERMISSIONS.grant(actor(role), permission)
            if grant is not None:
                own = role is CUS and permission is not Permission.VIEW_CATALOGUE  # which is nobody's own
                capped = role in (STA, REC) and permission is Permission.ADD_POINTS
                assert grant.scopes == ({Scope.OWN} if own else {Scope.CAP} if capped else set())


def test_a_customer_never_sees_notes_blocks_duplicates_the_audit_or_others() -> None:
    for permission in (
        Permission.VIEW_NOTES,
        Permission.VIEW_BLOCKS,
        Permission.MATCH_DUPLICATES,
        Permission.VIEW_AUDIT,
        Permission.SEARCH_CUSTOMERS,
    ):
        assert DEFAULT_PERMISSIONS.grant(actor(CUS), permission) is None


def test_a_job_has_its_row_by_its_name_and_no_more() -> None:
    assert set(DEFAULT_PERMISSIONS.jobs) == set(EXPECTED_OF_JOBS)
    for job, expected in EXPECTED_OF_JOBS.items():
        granted = {p for p in Permission if DEFAULT_PERMISSIONS.grant(Actor(job, Role.SYSTEM), p) is not None}
        assert granted == expected


@pytest.mark.parametrize("job", ["reminders", "Opening", "opening ", "owner", "system"])
def test_an_unknown_job_may_do_nothing(job: str) -> None:
    assert not any(DEFAULT_PERMISSIONS.grant(Actor(job, Role.SYSTEM), permission) for permission in Permission)


def test_a_staff_member_called_like_a_job_is_no_job() -> None:
    assert DEFAULT_PERMISSIONS.grant(Actor("opening", REC), Permission.CHANGE_SETTINGS) is None


def test_a_role_without_a_row_may_do_nothing() -> None:
    table = PermissionTable({OWN: {Permission.VIEW_CUSTOMERS: Grant()}})
    assert table.grant(actor(OWN), Permission.VIEW_CUSTOMERS) == Grant()
    assert table.grant(actor(OWN), Permission.EXPORT) is None
    assert not any(table.grant(actor(role), permission) for role in set(Role) - {OWN} for permission in Permission)


def test_the_table_that_ships_cannot_be_changed_by_accident() -> None:
    with pytest.raises(TypeError):
        DEFAULT_PERMISSIONS.roles[REC][Permission.EXPORT] = Grant()  # type: ignore[index]  # that is the point


# -------------------------------------------------------------------------------------------- actors


def test_an_actor_is_shown_by_role_and_id() -> None:
    assert str(Actor("bea", MAN)) == "manager bea"
    assert Actor("bea", MAN).customer_id is None


def test_a_customer_acts_as_themselves() -> None:
    ana = Actor.for_customer(str(customer_id(7)).upper())
    assert (ana.role, ana.customer_id, ana.id) == (CUS, customer_id(7), str(customer_id(7)))


@pytest.mark.parametrize("own_id", ["", " ", "\t", "a\nb", "a\0", "x" * 201, "\u200b\u200b", "\ud800"])
def test_an_actor_without_a_proper_id_is_refused(own_id: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        Actor(own_id, MAN)
    assert (caught.value.code, caught.value.field) == ("not-an-actor-id", "id")


def test_a_customer_cannot_act_under_an_id_that_is_none() -> None:
    with pytest.raises(InvalidValue, match="is not an id"):
        Actor("ana", CUS)
    with pytest.raises(InvalidValue, match="is not an id"):
        Actor.for_customer("ana")


@pytest.mark.parametrize(("own_id", "role"), [(7, MAN), (None, MAN), ("bea", None), ("bea", []), ("bea", "boss")])
def test_an_actor_of_wrong_types_is_refused(own_id: object, role: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        Actor(own_id, role)  # type: ignore[arg-type]  # that is the point
    assert caught.value.code == ("wrong-type" if role is MAN else "not-a-choice")


def test_a_role_may_be_given_as_its_text() -> None:
    assert Actor("bea", "manager") == Actor("bea", MAN)
    assert Actor("bea", "manager").role is MAN


def test_an_actor_may_be_limited_to_locations() -> None:
    here = LocationId(UUID(int=1))
    assert Actor("bea", STA, frozenset({here})).locations == frozenset({here})
    with pytest.raises(InvalidValue):
        Actor("bea", STA, [here])  # type: ignore[arg-type]  # that is the point
