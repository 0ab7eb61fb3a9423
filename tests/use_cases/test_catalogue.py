"""The catalogue: what a salon offers, where, and who works there, on every store."""

from collections.abc import Callable
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.use_cases.actors import ADMIN, MANAGER, OWNER, STAFF

import salon_crm as crm
from salon_crm.testing.doubles import NOON, FixedClock

CHOSEN = UUID("01890a5d-ac96-774b-bcce-b302099a8057")

ADD: dict[str, Callable[..., Any]] = {
    "service type": crm.add_service_type,
    "service": crm.add_service,
    "package": crm.add_package,
    "location": crm.add_location,
    "staff member": crm.add_staff_member,
}
EDIT: dict[str, Callable[..., Any]] = {
    "service type": crm.edit_service_type,
    "service": crm.edit_service,
    "package": crm.edit_package,
    "location": crm.edit_location,
    "staff member": crm.edit_staff_member,
}
RETIRE: dict[str, Callable[..., Any]] = {
    "service type": crm.retire_service_type,
    "service": crm.retire_service,
    "package": crm.retire_package,
    "location": crm.retire_location,
    "staff member": crm.retire_staff_member,
}
RESTORE: dict[str, Callable[..., Any]] = {
    "service type": crm.restore_service_type,
    "service": crm.restore_service,
    "package": crm.restore_package,
    "location": crm.restore_location,
    "staff member": crm.restore_staff_member,
}
every_kind = pytest.mark.parametrize("kind", ADD)


def all_of(found: crm.Catalogue) -> list[Any]:
    return [*found.service_types, *found.services, *found.packages, *found.locations, *found.staff_members]


# ------------------------------------------------------------------------------------------------- adding


@every_kind
def test_an_item_is_known_by_a_code_made_from_its_name(salon: crm.Salon, kind: str) -> None:
    item = ADD[kind](salon, OWNER, name=" Balayage &  Toner ")
    assert (item.name, item.code, item.version, item.retired_at) == ("Balayage & Toner", "balayage-toner", 1, None)
    assert all_of(crm.catalogue(salon, STAFF)) == [item]


@pytest.mark.parametrize(
    ("name", "code"),
    [
        *(("Coloração", "coloracao"), ("Große Wäsche", "grosse-wasche"), ("Łódź", "lodz"), ("10 cuts", "10-cuts")),
        *(("カット", "カット"), ("王 小明", "王-小明"), ("елка", "елка"), ("O'Neil's", "o-neil-s"), ("C++", "c")),
        *(("!!!", "service"), ("💇", "service"), ("a" * 200, "a" * 60)),
        ("01890a5dac96774bbcceb302099a8057", "service"),  # a code never reads as an id
    ],
)
def test_a_code_is_what_a_name_folds_to(salon: crm.Salon, name: str, code: str) -> None:
    assert crm.add_service(salon, OWNER, name=name).code == code
    assert crm.find_customers(salon, OWNER, crm.CustomerFilter(unused_services=[code])).items == ()


@every_kind
def test_a_second_item_of_one_name_gets_a_code_of_its_own(salon: crm.Salon, kind: str) -> None:
    codes = [ADD[kind](salon, OWNER, name="Gil Horta").code for _ in range(3)]
    assert codes == ["gil-horta", "gil-horta-2", "gil-horta-3"]


def test_a_long_name_leaves_room_for_the_number_behind_it(salon: crm.Salon) -> None:
    codes = [crm.add_service(salon, OWNER, name="a" * 80).code for _ in range(2)]
    assert codes == ["a" * 60, "a" * 58 + "-2"]


@every_kind
def test_a_code_may_be_chosen_and_is_never_used_twice(salon: crm.Salon, kind: str) -> None:
    item = ADD[kind](salon, OWNER, name="Gil Horta", code="t7")
    assert item.code == "t7"
    RETIRE[kind](salon, OWNER, "t7")
    with pytest.raises(crm.Conflict) as caught:
        ADD[kind](salon, OWNER, name="Ines Jardim", code="t7")
    assert (caught.value.code, caught.value.field) == ("code-taken", "code")
    assert str(item.id) in str(caught.value)
    assert ADD[kind](salon, OWNER, name="T7").code == "t7-2"


def test_codes_of_different_kinds_do_not_meet(salon: crm.Salon) -> None:
    assert {ADD[kind](salon, OWNER, name="Hair").code for kind in ADD} == {"hair"}


@pytest.mark.parametrize(
    "code", ["", "Cut", "a b", "a--b", "-a", "a-", "a_b", "é", "x" * 61, str(CHOSEN), 7, b"cut", "a\0", "ａ"]
)
def test_what_is_no_code_is_refused(salon: crm.Salon, code: Any) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.add_service(salon, OWNER, name="Cut", code=code)
    assert (caught.value.code, caught.value.field) == ("code-invalid", "code")
    assert all_of(crm.catalogue(salon, OWNER, retired=True)) == []


def test_a_service_has_a_type_an_interval_a_duration_and_skin_tests(salon: crm.Salon) -> None:
    hair = crm.add_service_type(salon, OWNER, name="Hair")
    balayage = crm.add_service(
        salon,
        OWNER,
        name="Balayage",
        service_type=hair.id,
        usual_interval=70,
        duration=120,
        skin_tests=["hair-colour", "tint"],
    )
    assert (balayage.service_type, balayage.usual_interval, balayage.duration) == ("hair", 70, 120)
    assert balayage.skin_tests == ("hair-colour", "tint")
    assert crm.add_service(salon, OWNER, name="Cut", service_type="hair").service_type == "hair"
    assert crm.add_service(salon, OWNER, name="Advice").service_type is None


@pytest.mark.parametrize(
    ("field", "value"),
    [
        *(("name", ""), ("name", None), ("name", 7), ("name", "a\0"), ("name", "\u200d"), ("name", "x" * 201)),
        *(("usual_interval", 0), ("usual_interval", 3_661), ("usual_interval", True), ("usual_interval", 1.5)),
        *(("duration", 0), ("duration", 1_441), ("duration", "60"), ("duration", float("nan"))),
        *(("skin_tests", "tint"), ("skin_tests", ["Tint"]), ("skin_tests", [None]), ("skin_tests", ["a"] * 21)),
    ],
)
def test_a_service_names_the_field_that_cannot_be_taken(salon: crm.Salon, field: str, value: Any) -> None:
    with pytest.raises(crm.InvalidDocument) as caught:
        ADD["service"](salon, OWNER, **{"name": "Cut", field: value})
    assert [problem.field for problem in caught.value.problems] == [field]


def test_all_problems_come_together(salon: crm.Salon) -> None:
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.add_service(salon, OWNER, name="", duration=-1, usual_interval=0)
    assert [problem.field for problem in caught.value.problems] == ["name", "usual_interval", "duration"]


def test_a_type_is_one_that_is_offered(salon: crm.Salon) -> None:
    with pytest.raises(crm.NotFound) as unknown:
        crm.add_service(salon, OWNER, name="Cut", service_type="hair")
    assert unknown.value.field == "service_type"
    crm.add_service_type(salon, OWNER, name="Hair")
    crm.retire_service_type(salon, OWNER, "hair")
    with pytest.raises(crm.RuleBroken) as retired:
        crm.add_service(salon, OWNER, name="Cut", service_type="hair")
    assert (retired.value.code, retired.value.field) == ("retired", "service_type")


@pytest.mark.parametrize(("field", "value"), [("zone", "Lisbon"), ("region", "Portugal"), ("zone", ""), ("region", 1)])
def test_a_location_has_a_zone_and_a_region_that_exist(salon: crm.Salon, field: str, value: Any) -> None:
    with pytest.raises(crm.InvalidDocument) as caught:
        ADD["location"](salon, OWNER, **{"name": "Funchal", field: value})
    assert [problem.field for problem in caught.value.problems] == [field]
    funchal = crm.add_location(salon, OWNER, name="Funchal", zone="Atlantic/Madeira", region="PT")
    assert (funchal.zone, funchal.region) == ("Atlantic/Madeira", "PT")


def test_two_staff_members_never_act_as_one(salon: crm.Salon) -> None:
    gil = crm.add_staff_member(salon, OWNER, name="Gil Horta", actor_id="gil")
    with pytest.raises(crm.Conflict) as caught:
        crm.add_staff_member(salon, OWNER, name="Ines Jardim", actor_id="gil")
    assert (caught.value.code, caught.value.field) == ("actor-taken", "actor_id")
    ines = crm.add_staff_member(salon, OWNER, name="Ines Jardim")
    with pytest.raises(crm.Conflict):
        crm.edit_staff_member(salon, OWNER, ines.id, actor_id="gil")
    crm.edit_staff_member(salon, OWNER, gil.id, actor_id=None)
    assert crm.edit_staff_member(salon, OWNER, ines.code, actor_id="gil").actor_id == "gil"


@every_kind
def test_an_id_may_be_chosen_once(salon: crm.Salon, kind: str) -> None:
    assert ADD[kind](salon, OWNER, name="Gil Horta", id=CHOSEN).id == CHOSEN
    with pytest.raises(crm.Conflict) as caught:
        ADD[kind](salon, OWNER, name="Ines Jardim", id=str(CHOSEN))
    assert caught.value.field == "id"


@every_kind
def test_a_reference_adds_once(salon: crm.Salon, kind: str) -> None:
    first = ADD[kind](salon, OWNER, name="Gil Horta", reference="form 1")
    assert ADD[kind](salon, OWNER, name="Gil Horta", reference="form 1") == first
    with pytest.raises(crm.Conflict) as caught:
        ADD[kind](salon, OWNER, name="Ines Jardim", reference="form 1")
    assert caught.value.field == "reference"
    assert all_of(crm.catalogue(salon, OWNER)) == [first]


# ------------------------------------------------------------------------------------- editing and retiring


@every_kind
def test_a_name_changes_and_the_code_stays(salon: crm.Salon, kind: str) -> None:
    item = ADD[kind](salon, OWNER, name="Gil Horta")
    changed = EDIT[kind](salon, OWNER, item.id, name="Gil Horta Reis")
    assert (changed.name, changed.code, changed.version) == ("Gil Horta Reis", "gil-horta", 2)
    assert EDIT[kind](salon, OWNER, "gil-horta", name="Gil Horta Reis") == changed
    with pytest.raises(crm.InvalidDocument) as caught:
        EDIT[kind](salon, OWNER, "gil-horta", code="gil")
    assert [problem.code for problem in caught.value.problems] == ["unknown-field"]


def test_what_is_not_passed_stays_and_none_clears(salon: crm.Salon) -> None:
    crm.add_service_type(salon, OWNER, name="Hair")
    crm.add_service(salon, OWNER, name="Cut", service_type="hair", duration=45, usual_interval=42, skin_tests=["tint"])
    changed = crm.edit_service(salon, OWNER, "cut", duration=None, skin_tests=None)
    assert (changed.duration, changed.skin_tests) == (None, ())
    assert (changed.service_type, changed.usual_interval) == ("hair", 42)
    assert crm.edit_service(salon, OWNER, "cut", service_type=None).service_type is None
    with pytest.raises(crm.InvalidDocument):
        crm.edit_service(salon, OWNER, "cut", name=None)  # type: ignore[arg-type]  # that is the point


@every_kind
def test_a_retired_item_is_no_longer_offered_and_may_be_restored(
    salon: crm.Salon, kind: str, clock: FixedClock
) -> None:
    item = ADD[kind](salon, OWNER, name="Gil Horta")
    clock.advance(hours=1)
    retired = RETIRE[kind](salon, OWNER, item.id)
    assert (retired.id, retired.code, retired.retired_at) == (item.id, item.code, clock.now())
    assert (retired.future_bookings, retired.future_count) == ((), 0)
    assert RETIRE[kind](salon, OWNER, item.code) == retired
    assert all_of(crm.catalogue(salon, STAFF)) == []
    (kept,) = all_of(crm.catalogue(salon, STAFF, retired=True))
    assert (kept.code, kept.name, kept.retired_at, kept.version) == (item.code, item.name, clock.now(), 2)
    restored = RESTORE[kind](salon, OWNER, item.code)
    assert (restored.retired_at, restored.version) == (None, 3)
    assert RESTORE[kind](salon, OWNER, item.code) == restored
    assert all_of(crm.catalogue(salon, STAFF)) == [restored]


@every_kind
def test_nobody_and_nothing_there_is_not_found(salon: crm.Salon, kind: str) -> None:
    attempts: list[Callable[[], Any]] = [
        lambda: EDIT[kind](salon, OWNER, "gone", name="A"),
        lambda: RETIRE[kind](salon, OWNER, CHOSEN),
    ]
    for call in attempts:
        with pytest.raises(crm.NotFound) as caught:
            call()
        assert kind in str(caught.value)
    with pytest.raises(crm.InvalidValue):
        RESTORE[kind](salon, OWNER, "Not a code")


def test_a_catalogue_is_in_the_order_of_names(salon: crm.Salon) -> None:
    for name in ("balayage", "Álcool", "Cut", "Árvore"):
        crm.add_service(salon, OWNER, name=name)
    assert [service.name for service in crm.catalogue(salon, OWNER).services] == ["Álcool", "Árvore", "balayage", "Cut"]


@pytest.mark.parametrize("retired", ["yes", 1, None])
def test_retired_is_a_switch(salon: crm.Salon, retired: Any) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.catalogue(salon, OWNER, retired=retired)
    assert caught.value.field == "retired"


# ---------------------------------------------------------------------------------------- who, and the audit


@every_kind
def test_only_owner_and_admin_change_the_catalogue(salon: crm.Salon, kind: str) -> None:
    item = ADD[kind](salon, ADMIN, name="Gil Horta")
    attempts: list[Callable[[], Any]] = [
        lambda: ADD[kind](salon, MANAGER, name="Ines Jardim"),
        lambda: EDIT[kind](salon, MANAGER, item.id, name="Ines Jardim"),
        lambda: RETIRE[kind](salon, MANAGER, item.id),
        lambda: RESTORE[kind](salon, MANAGER, item.id),
    ]
    for attempt in attempts:
        with pytest.raises(crm.NotPermitted):
            attempt()
    assert all_of(crm.catalogue(salon, MANAGER, retired=True)) == [item]


def test_customers_see_what_is_offered(salon: crm.Salon) -> None:
    crm.add_service(salon, OWNER, name="Cut")
    ana = crm.add_customer(salon, OWNER, name="Ana Silva")
    assert [each.code for each in crm.catalogue(salon, crm.Actor.for_customer(ana.id)).services] == ["cut"]


def test_the_audit_names_the_item_and_the_fields_and_no_name(salon: crm.Salon) -> None:
    before = crm.audit_head(salon, OWNER).sequence
    gil = crm.add_staff_member(salon, OWNER, name="Gil Horta", actor_id="g7", at=NOON - timedelta(days=3))
    crm.edit_staff_member(salon, OWNER, gil.id, name="Gil Reis")
    crm.edit_staff_member(salon, OWNER, gil.id, name="Gil Reis")
    crm.retire_staff_member(salon, OWNER, gil.id)
    crm.restore_staff_member(salon, OWNER, gil.id)
    entries = crm.audit_trail(salon, OWNER, after=before)
    assert [(entry.action.value, entry.fields) for entry in entries] == [
        ("catalogue-added", ("actor_id", "customer_id", "name")),
        ("catalogue-edited", ("name",)),
        ("catalogue-retired", ()),
        ("catalogue-restored", ()),
    ]
    assert {tuple(entry.details.items()) for entry in entries} == {(("kind", "staff member"), ("item", str(gil.id)))}
    assert entries[0].at == NOON - timedelta(days=3)
    assert crm.verify_audit(salon, OWNER).ok
