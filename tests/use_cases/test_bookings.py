"""May this customer book? On every store."""

from datetime import datetime
from typing import Any
from uuid import UUID

import pytest
from tests.use_cases.actors import MANAGER, SIGNUP, STAFF

import salon_crm as crm
from salon_crm.testing.doubles import NOON

NOBODY = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


@pytest.fixture
def ana(salon: crm.Salon) -> crm.Customer:
    return crm.add_customer(salon, MANAGER, name="Ana Silva")


def test_a_customer_may_book(salon: crm.Salon, ana: crm.Customer) -> None:
    for actor in (STAFF, SIGNUP, crm.Actor.for_customer(ana.id)):
        assert crm.may_book(salon, actor, ana.id, start=NOON) == crm.BookingAnswer(crm.Answer.OK)


def test_a_blocked_customer_may_not_and_staff_are_told_why(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.block_customer(salon, MANAGER, ana.id, reason="No-shows")
    answer = crm.may_book(salon, STAFF, ana.id)
    assert answer == crm.BookingAnswer(crm.Answer.BLOCK, ("customer-blocked",))
    assert crm.label(answer.reasons[0]) == "The customer is blocked"


def test_the_customer_is_told_only_that_booking_is_not_possible(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.block_customer(salon, MANAGER, ana.id, reason="No-shows")
    assert crm.may_book(salon, crm.Actor.for_customer(ana.id), ana.id) == crm.BookingAnswer(crm.Answer.BLOCK)


def test_an_inactive_customer_may_book(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.deactivate_customer(salon, MANAGER, ana.id)
    assert crm.may_book(salon, STAFF, ana.id).answer is crm.Answer.OK


def test_nobody_and_nothing_that_does_not_exist_is_booked(salon: crm.Salon, ana: crm.Customer) -> None:
    with pytest.raises(crm.NotFound):
        crm.may_book(salon, STAFF, NOBODY)
    with pytest.raises(crm.NotFound) as caught:
        crm.may_book(salon, STAFF, ana.id, service="balayage")
    assert caught.value.field == "service"


@pytest.mark.parametrize("start", [datetime(2026, 3, 3, 10), "2026-03-03", NOON.date()])
def test_a_start_is_an_instant(salon: crm.Salon, ana: crm.Customer, start: Any) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.may_book(salon, STAFF, ana.id, start=start)
    assert caught.value.field == "start"
