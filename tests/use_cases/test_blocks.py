"""Blocking, meeting a blocked person again, and the alerts staff settle, on every store."""

from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve
from tests.use_cases.actors import MANAGER, OWNER, STAFF

import salon_crm as crm
from salon_crm.domain.ids import BlockId
from salon_crm.testing.doubles import NOON
from salon_crm.use_cases.blocks import MET_AGAIN

CHOSEN = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


def add(salon: crm.Salon, name: str = "Ana Silva", **fields: Any) -> crm.Customer:
    return crm.add_customer(salon, STAFF, name=name, **fields)


def block(salon: crm.Salon, customer: crm.Customer) -> crm.Block:
    return crm.block_customer(salon, MANAGER, customer.id, reason="No-shows")


def is_blocked(salon: crm.Salon, customer: crm.Customer) -> bool:
    answer = crm.may_book(salon, STAFF, customer.id).answer
    in_list = crm.count_customers(salon, STAFF, crm.CustomerFilter(blocked=True, ids=[customer.id])) == 1
    assert (answer is crm.Answer.BLOCK) is in_list
    return in_list


def alerts(salon: crm.Salon) -> list[UUID]:
    return [alert.customer_id for alert in crm.block_alerts(salon, STAFF)]


@pytest.fixture
def ana(salon: crm.Salon) -> crm.Customer:
    """Ana, blocked."""
    customer = add(salon, email="ana@example.com", mobile="912 345 678")
    block(salon, customer)
    return customer


# blocking


def test_a_block_keeps_who_when_and_why(salon: crm.Salon) -> None:
    customer = add(salon)
    earlier = NOON - timedelta(days=2)
    made = crm.block_customer(salon, MANAGER, customer.id, reason="Three\nno-shows", at=earlier, id=CHOSEN)
    assert (made.id, made.origin, made.customer_id) == (CHOSEN, CHOSEN, customer.id)
    assert (made.reason, made.by, made.at, made.in_force) == ("Three\nno-shows", "bea", earlier, True)
    assert is_blocked(salon, customer)
    assert [row.blocked for row in crm.find_customers(salon, STAFF)] == [True]


def test_who_is_blocked_is_not_blocked_twice(salon: crm.Salon, ana: crm.Customer) -> None:
    with pytest.raises(crm.RuleBroken) as caught:
        block(salon, ana)
    assert caught.value.code == "already-blocked"


def test_a_block_needs_a_reason(salon: crm.Salon) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.block_customer(salon, MANAGER, add(salon).id, reason=" ")
    assert caught.value.field == "reason"


def test_calling_again_with_a_reference_returns_the_block_as_it_is_now(salon: crm.Salon) -> None:
    customer = add(salon)
    crm.block_customer(salon, MANAGER, customer.id, reason="Late", reference="b")
    lifted = crm.unblock_customer(salon, MANAGER, customer.id)
    assert crm.block_customer(salon, MANAGER, customer.id, reason="Late", reference="b") == lifted
    assert not is_blocked(salon, customer)
    with pytest.raises(crm.Conflict):
        crm.block_customer(salon, MANAGER, customer.id, reason="Rude", reference="b")


def test_the_id_of_a_block_is_used_once(salon: crm.Salon) -> None:
    crm.block_customer(salon, MANAGER, add(salon).id, reason="Late", id=CHOSEN)
    with pytest.raises(crm.Conflict) as caught:
        crm.block_customer(salon, MANAGER, add(salon, "Rui").id, reason="Late", id=CHOSEN)
    assert caught.value.code == "id-taken"


def test_unblocking_lifts_the_block_and_keeps_it_on_record(salon: crm.Salon, ana: crm.Customer) -> None:
    lifted = crm.unblock_customer(salon, OWNER, ana.id)
    assert (lifted.in_force, lifted.lifted_by, lifted.lifted_at, lifted.reason) == (False, "olga", NOON, "No-shows")
    assert not is_blocked(salon, ana)
    with pytest.raises(crm.RuleBroken) as caught:
        crm.unblock_customer(salon, OWNER, ana.id)
    assert caught.value.code == "not-blocked"
    again = block(salon, ana)
    assert crm.customer_blocks(salon, STAFF, ana.id) == (again, lifted)


def test_a_blocked_customer_can_still_be_edited_and_written_about(salon: crm.Salon, ana: crm.Customer) -> None:
    assert crm.edit_customer(salon, STAFF, ana.id, gender="female").changed == ("gender",)
    crm.add_note(salon, STAFF, ana.id, text="Called")
    crm.deactivate_customer(salon, STAFF, ana.id)
    assert is_blocked(salon, ana)


# meeting a blocked person again


@pytest.mark.parametrize(
    "fields",
    [
        {"email": "ANA@example.com"},
        {"mobile": "+351 912 345 678"},
        {"other_emails": ["ana@example.com"]},
        {"other_phones": ["912345678"]},
        {"email": "new@example.com", "mobile": "912345678"},
    ],
)
@pytest.mark.parametrize("name", ["Ana Silva", "silva, ANA"])
def test_a_removed_person_who_comes_back_is_blocked(
    salon: crm.Salon, ana: crm.Customer, name: str, fields: Any
) -> None:
    crm.remove_customer(salon, MANAGER, ana.id)
    back = add(salon, name, **fields)
    assert is_blocked(salon, back)
    assert alerts(salon) == []


def test_a_block_met_again_goes_back_to_the_first_and_keeps_its_reason(salon: crm.Salon, ana: crm.Customer) -> None:
    [first] = crm.customer_blocks(salon, STAFF, ana.id)
    [again] = crm.customer_blocks(salon, STAFF, add(salon, email="ana@example.com").id)
    assert (again.origin, again.reason, again.by) == (first.id, "No-shows", "carla")
    crm.remove_customer(salon, MANAGER, ana.id)
    [without_reason] = crm.customer_blocks(salon, STAFF, add(salon, mobile="912345678").id)
    assert (without_reason.origin, without_reason.reason) == (first.id, MET_AGAIN)


def test_a_contact_of_a_blocked_person_under_another_name_alerts(salon: crm.Salon, ana: crm.Customer) -> None:
    rui = add(salon, "Rui Silva", mobile="912345678")
    assert not is_blocked(salon, rui)
    assert alerts(salon) == [rui.id]
    assert [row.block_alerts for row in crm.find_customers(salon, STAFF, crm.CustomerFilter(ids=[rui.id]))] == [1]
    crm.remove_customer(salon, MANAGER, ana.id)
    eva = add(salon, "Eva", email="ana@example.com")
    assert alerts(salon) == [rui.id, eva.id]


def test_the_name_of_a_blocked_person_alone_says_nothing(salon: crm.Salon, ana: crm.Customer) -> None:
    other = add(salon, "Ana Silva", email="other@example.com")
    assert not is_blocked(salon, other)
    assert alerts(salon) == []


def test_contacts_that_only_fill_a_form_recognise_nobody(salon: crm.Salon) -> None:
    block(salon, add(salon, email="none@example.com", mobile="+351 999 999 999"))
    other = add(salon, email="none@example.com", mobile="+351 999 999 999")
    assert not is_blocked(salon, other)
    assert alerts(salon) == []


def test_an_edit_that_meets_a_blocked_persons_contact_alerts_once(salon: crm.Salon, ana: crm.Customer) -> None:
    rui = add(salon, "Rui")
    crm.edit_customer(salon, STAFF, rui.id, mobile="912345678")
    assert alerts(salon) == [rui.id]
    crm.edit_customer(salon, STAFF, rui.id, name="Rui Costa")
    crm.edit_customer(salon, STAFF, rui.id, mobile=None)
    crm.edit_customer(salon, STAFF, rui.id, mobile="912345678", email="ana@example.com")
    assert alerts(salon) == [rui.id]


def test_an_edit_alerts_also_where_contact_and_name_are_met(salon: crm.Salon, ana: crm.Customer) -> None:
    twin = add(salon)
    crm.edit_customer(salon, STAFF, twin.id, email="ana@example.com")
    assert not is_blocked(salon, twin)
    assert alerts(salon) == [twin.id]


def test_an_edit_of_another_field_meets_nobody(salon: crm.Salon) -> None:
    rui = add(salon, "Rui", email="ana@example.com")
    block(salon, add(salon, email="ana@example.com"))
    crm.edit_customer(salon, STAFF, rui.id, gender="male")
    assert alerts(salon) == []


def test_a_contact_given_to_a_blocked_customer_is_met_too(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.edit_customer(salon, STAFF, ana.id, email="second@example.com", name="Ana Sousa")
    crm.remove_customer(salon, MANAGER, ana.id)
    assert is_blocked(salon, add(salon, "Ana Sousa", email="second@example.com"))
    assert is_blocked(salon, add(salon, "Ana Silva", email="second@example.com"))
    assert is_blocked(salon, add(salon, "Ana Sousa", email="ana@example.com"))


def test_former_contacts_and_names_are_met_too(salon: crm.Salon) -> None:
    customer = add(salon, email="old@example.com")
    crm.edit_customer(salon, STAFF, customer.id, email="new@example.com", name="Ana Sousa")
    block(salon, customer)
    assert is_blocked(salon, add(salon, "Ana Silva", email="old@example.com"))


def test_finding_or_adding_a_removed_person_blocks_them(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.remove_customer(salon, MANAGER, ana.id)
    back = crm.find_or_add_customer(salon, STAFF, name="Ana Silva", email="ana@example.com")
    assert back.added
    assert is_blocked(salon, back.customer)


def test_removing_a_blocked_customer_removes_the_records_and_keeps_only_marks(
    salon: crm.Salon, ana: crm.Customer
) -> None:
    crm.remove_customer(salon, MANAGER, ana.id)
    with salon.reading() as reading:
        assert reading.blocks.of_customers([ana.id]) == {}
    assert crm.count_customers(salon, STAFF, crm.CustomerFilter(blocked=True)) == 0


# alerts


def test_a_confirmed_alert_blocks_the_profile_for_the_same_reason(salon: crm.Salon, ana: crm.Customer) -> None:
    rui = add(salon, "Rui", email="ana@example.com", mobile="913 333 444")
    [alert] = crm.block_alerts(salon, STAFF)
    confirmed = crm.confirm_block_alert(salon, MANAGER, alert.id)
    assert (confirmed.customer_id, confirmed.origin, confirmed.reason) == (rui.id, alert.origin, "No-shows")
    assert is_blocked(salon, rui)
    assert alerts(salon) == []
    assert is_blocked(salon, add(salon, "Rui", mobile="913333444"))


def test_a_dismissed_alert_stays_dismissed(salon: crm.Salon, ana: crm.Customer) -> None:
    rui = add(salon, "Rui", email="ana@example.com")
    [alert] = crm.block_alerts(salon, STAFF)
    dismissed = crm.dismiss_block_alert(salon, MANAGER, str(alert.id))
    assert (dismissed.state, dismissed.settled_by) == (crm.AlertState.DISMISSED, "bea")
    assert (alert.version, dismissed.version) == (1, 2)
    assert [row.block_alerts for row in crm.find_customers(salon, STAFF, crm.CustomerFilter(ids=[rui.id]))] == [0]
    crm.edit_customer(salon, STAFF, rui.id, mobile="912345678", name="Rui Silva")
    assert alerts(salon) == []
    assert not is_blocked(salon, rui)


def test_a_settled_alert_is_not_settled_again(salon: crm.Salon, ana: crm.Customer) -> None:
    add(salon, "Rui", email="ana@example.com")
    [alert] = crm.block_alerts(salon, STAFF)
    crm.dismiss_block_alert(salon, MANAGER, alert.id)
    for settle in (crm.confirm_block_alert, crm.dismiss_block_alert):
        with pytest.raises(crm.RuleBroken, match="dismissed before") as caught:
            settle(salon, MANAGER, alert.id)
        assert caught.value.code == "alert-settled"
        with pytest.raises(crm.NotFound):
            settle(salon, MANAGER, CHOSEN)


def test_confirming_an_alert_of_a_profile_blocked_meanwhile_ends_in_one_block(
    salon: crm.Salon, ana: crm.Customer
) -> None:
    rui = add(salon, "Rui", email="ana@example.com")
    [alert] = crm.block_alerts(salon, STAFF)
    own = block(salon, rui)
    confirmed = crm.confirm_block_alert(salon, MANAGER, alert.id)
    assert confirmed.origin == alert.origin
    assert own.origin != alert.origin
    crm.unblock_customer(salon, MANAGER, rui.id)
    assert not is_blocked(salon, rui)


def test_confirming_an_alert_of_a_profile_that_is_under_the_same_block_adds_none(
    salon: crm.Salon, ana: crm.Customer
) -> None:
    rui = add(salon, "Rui", email="ana@example.com")
    [alert] = crm.block_alerts(salon, STAFF)
    [first] = crm.customer_blocks(salon, STAFF, ana.id)
    its = evolve(first, id=BlockId(CHOSEN), customer_id=rui.id)
    with salon.store.writing() as writing:  # as a merge may leave it
        writing.blocks.add(its)
    assert crm.confirm_block_alert(salon, MANAGER, alert.id) == its
    assert crm.customer_blocks(salon, STAFF, rui.id) == (its,)
    assert crm.block_alerts(salon, STAFF) == ()


def test_an_alert_goes_with_its_profile(salon: crm.Salon, ana: crm.Customer) -> None:
    rui = add(salon, "Rui", email="ana@example.com")
    crm.remove_customer(salon, MANAGER, rui.id)
    assert alerts(salon) == []


# unblocking


def test_unblocking_one_profile_lifts_the_block_of_all_it_reached(salon: crm.Salon, ana: crm.Customer) -> None:
    twin, rui = add(salon, email="ana@example.com"), add(salon, "Rui", mobile="912345678")
    [alert] = crm.block_alerts(salon, STAFF)
    crm.confirm_block_alert(salon, MANAGER, alert.id)
    eva = add(salon, "Eva", email="ana@example.com")
    assert alerts(salon) == [eva.id]
    assert crm.unblock_customer(salon, MANAGER, rui.id).customer_id == rui.id
    assert [is_blocked(salon, each) for each in (ana, twin, rui, eva)] == [False] * 4
    assert alerts(salon) == []


def test_after_unblocking_nobody_is_met_any_more(salon: crm.Salon, ana: crm.Customer) -> None:
    twin = add(salon, email="ana@example.com")
    crm.remove_customer(salon, MANAGER, ana.id)
    block = crm.unblock_customer(salon, MANAGER, twin.id)
    assert not is_blocked(salon, add(salon, email="ana@example.com"))
    add(salon, "Rui", mobile="912345678")
    assert alerts(salon) == []
    with salon.reading() as reading:
        assert reading.marks.by_key("block", [block.origin]) == {}


def test_unblocking_leaves_the_block_of_somebody_else_in_force(salon: crm.Salon, ana: crm.Customer) -> None:
    rui = add(salon, "Rui", email="rui@example.com")
    block(salon, rui)
    crm.unblock_customer(salon, MANAGER, ana.id)
    assert is_blocked(salon, rui)
    assert is_blocked(salon, add(salon, "Rui", email="rui@example.com"))


def test_every_step_is_in_the_audit_without_the_reason(salon: crm.Salon, ana: crm.Customer) -> None:
    add(salon, "Rui", email="ana@example.com")
    [alert] = crm.block_alerts(salon, STAFF)
    crm.confirm_block_alert(salon, MANAGER, alert.id)
    crm.unblock_customer(salon, MANAGER, ana.id)
    entries = crm.audit_trail(salon, OWNER)
    assert [entry.action.value for entry in entries if "block" in entry.action] == [
        "customer-blocked",
        "block-alert-raised",
        "block-alert-confirmed",
        "customer-blocked",
        "customer-unblocked",
        "customer-unblocked",
    ]
    assert "No-shows" not in str([crm.to_document(entry) for entry in entries])


def test_an_alert_leads_to_the_block_it_goes_back_to(salon: crm.Salon) -> None:
    eva = crm.add_customer(salon, MANAGER, name="Eva Reis", mobile="912 345 678")
    block = crm.block_customer(salon, MANAGER, eva.id, reason="Left without paying.")
    crm.add_customer(salon, STAFF, name="Tom Reis", mobile="912 345 678")
    [alert] = crm.block_alerts(salon, STAFF)
    assert crm.get_block(salon, STAFF, alert.origin) == block
    assert crm.get_block(salon, STAFF, str(alert.origin)).reason == "Left without paying."


def test_a_block_whose_profile_was_removed_is_gone_and_still_met(salon: crm.Salon) -> None:
    eva = crm.add_customer(salon, MANAGER, name="Eva Reis", mobile="912 345 678")
    block = crm.block_customer(salon, MANAGER, eva.id, reason="Left without paying.")
    crm.remove_customer(salon, MANAGER, eva.id)
    with pytest.raises(crm.NotFound) as caught:
        crm.get_block(salon, MANAGER, block.id)
    assert caught.value.code == "gone"
    crm.add_customer(salon, STAFF, name="Tom Reis", mobile="912 345 678")
    assert [alert.origin for alert in crm.block_alerts(salon, STAFF)] == [block.id]


def test_profiles_that_are_there_already_raise_an_alert_where_name_and_contact_are_the_same(salon: crm.Salon) -> None:
    first, second = (add(salon, mobile="912 345 678") for _ in range(2))
    add(salon, "Tom Silva", mobile="912 345 678")
    blocked = block(salon, first)
    alerts = crm.block_alerts(salon, STAFF)
    assert [(alert.customer_id, alert.origin) for alert in alerts] == [(second.id, blocked.id)]


def test_what_a_blocked_customer_writes_themselves_blocks_no_stranger(salon: crm.Salon) -> None:
    ana = add(salon, mobile="912 345 678")
    block(salon, ana)
    crm.edit_customer(salon, crm.Actor.for_customer(ana.id), ana.id, name="Eva Reis", mobile="914 567 890")
    stranger = add(salon, "Eva Reis", mobile="914 567 890")
    assert not is_blocked(salon, stranger)
    assert [alert.customer_id for alert in crm.block_alerts(salon, STAFF)] == [stranger.id]
