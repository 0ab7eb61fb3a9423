"""Packages: given by hand, withdrawn, and all a customer has, by each of three ways; on every store."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any
from uuid import UUID

import pytest
from tests.use_cases.actors import MANAGER, OWNER, STAFF

import salon_crm as crm
from salon_crm.testing.doubles import NOON, FixedClock

NOBODY = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
TOMORROW, YESTERDAY = NOON + timedelta(days=1), NOON - timedelta(days=1)


@pytest.fixture(autouse=True)
def offers(salon: crm.Salon) -> Iterator[None]:
    """The salon offers a cut and two packages; whatever a test does, stored facts are what they should be."""
    crm.add_service(salon, OWNER, name="Cut", duration=45)
    crm.add_package(salon, OWNER, name="Ten cuts")
    crm.add_package(salon, OWNER, name="Bridal")
    yield
    assert crm.verify_facts(salon, OWNER).ok


@pytest.fixture
def ana(salon: crm.Salon) -> crm.Customer:
    return crm.add_customer(salon, MANAGER, name="Ana Silva")


def held(salon: crm.Salon, customer: crm.Customer) -> list[tuple[str, str]]:
    """The packages a customer has, and how they came by each; the facts and the panel say the same."""
    found = crm.customer_packages(salon, STAFF, customer.id)
    with salon.reading() as reading:
        facts = reading.facts.get_many([customer.id]).get(customer.id)
    assert {each.package for each in found} == (set() if facts is None else facts.packages)
    for package in ("ten-cuts", "bridal"):
        listed = crm.count_customers(salon, STAFF, crm.CustomerFilter(package=package))
        assert bool(listed) is any(each.package == package for each in found)
    return [(each.package, each.way.value) for each in found]


def test_a_package_given_by_hand_is_had_until_it_is_withdrawn(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    given = crm.assign_package(salon, STAFF, ana.id, package="ten-cuts", at=YESTERDAY)
    assert (given.customer_id, given.package, given.at, given.by, given.version) == (
        ana.id, "ten-cuts", YESTERDAY, "carla", 1,
    )  # fmt: skip
    [found] = crm.customer_packages(salon, STAFF, ana.id)
    assert found == crm.HeldPackage(package="ten-cuts", way=crm.PackageWay.ASSIGNED, by=given.id, since=YESTERDAY)
    assert held(salon, ana) == [("ten-cuts", "assigned")]
    clock.advance(hours=1)
    withdrawn = crm.withdraw_package(salon, MANAGER, str(given.id))
    assert (withdrawn.withdrawn_at, withdrawn.withdrawn_by, withdrawn.version) == (clock.now(), "bea", 2)
    assert held(salon, ana) == []
    clock.advance(hours=1)
    assert crm.withdraw_package(salon, STAFF, given.id) == withdrawn
    assert crm.assign_package(salon, STAFF, ana.id, package="ten-cuts").id != given.id
    assert held(salon, ana) == [("ten-cuts", "assigned")]


def test_a_package_is_had_by_each_of_three_ways(salon: crm.Salon, ana: crm.Customer, clock: FixedClock) -> None:
    sale = crm.record_sale(
        salon, STAFF, ana.id, lines=[{"package": "ten-cuts", "price": 200}, {"package": "ten-cuts", "price": 150}],
        at=YESTERDAY,
    ).sale  # fmt: skip
    visit = crm.book(salon, STAFF, ana.id, service="cut", start=TOMORROW, package="bridal").booking
    given = crm.assign_package(salon, STAFF, ana.id, package="ten-cuts")
    ways = crm.customer_packages(salon, STAFF, ana.id)
    assert [(each.package, each.way.value, each.by, each.since) for each in ways] == [
        ("bridal", "booked", visit.id, TOMORROW),
        ("ten-cuts", "assigned", given.id, NOON),
        ("ten-cuts", "bought", sale.id, YESTERDAY),
    ]
    assert len(held(salon, ana)) == 3


def test_a_package_is_bought_once_the_sale_is_completed_and_until_it_is_taken_back(
    salon: crm.Salon, ana: crm.Customer
) -> None:
    lines: list[crm.LineFields] = [
        {"package": "ten-cuts", "price": 200, "quantity": 2},
        {"package": "bridal", "price": 9},
    ]
    sale = crm.record_sale(salon, STAFF, ana.id, lines=lines, status="pending").sale
    assert held(salon, ana) == []
    crm.complete_sale(salon, STAFF, sale.id)
    assert held(salon, ana) == [("ten-cuts", "bought"), ("bridal", "bought")]
    crm.refund_sale(salon, MANAGER, sale.id, lines=[{"line": 0, "quantity": 1}, 1])
    assert held(salon, ana) == [("ten-cuts", "bought")]
    crm.refund_sale(salon, MANAGER, sale.id, amount=100)
    assert held(salon, ana) == [("ten-cuts", "bought")]
    crm.refund_sale(salon, MANAGER, sale.id)
    assert held(salon, ana) == []


def test_a_booking_that_does_not_count_brings_no_package(salon: crm.Salon, ana: crm.Customer) -> None:
    visit = crm.book(salon, STAFF, ana.id, service="cut", start=YESTERDAY, package="bridal").booking
    assert held(salon, ana) == [("bridal", "booked")]
    crm.mark_no_show(salon, STAFF, visit.id)
    assert held(salon, ana) == []
    crm.reopen_booking(salon, STAFF, visit.id, reason="They came after all")
    assert held(salon, ana) == [("bridal", "booked")]


def test_a_package_is_given_once_at_a_time(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.assign_package(salon, STAFF, ana.id, package="ten-cuts")
    offered = {package.code: package.id for package in crm.catalogue(salon, STAFF).packages}
    with pytest.raises(crm.RuleBroken) as caught:
        crm.assign_package(salon, STAFF, ana.id, package=offered["ten-cuts"])
    assert (caught.value.code, caught.value.field) == ("package-assigned", "package")
    assert crm.assign_package(salon, STAFF, ana.id, package=str(offered["bridal"])).package == "bridal"


def test_a_retired_package_is_given_no_more_and_stays_where_it_is(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.assign_package(salon, STAFF, ana.id, package="ten-cuts", reference="1")
    crm.retire_package(salon, OWNER, "ten-cuts")
    with pytest.raises(crm.RuleBroken) as caught:
        crm.assign_package(salon, STAFF, crm.add_customer(salon, STAFF, name="Rui").id, package="ten-cuts")
    assert (caught.value.code, caught.value.field) == ("retired", "package")
    assert held(salon, ana) == [("ten-cuts", "assigned")]
    assert crm.assign_package(salon, STAFF, ana.id, package="ten-cuts", reference="1").package == "ten-cuts"


def test_a_retry_with_its_reference_gives_nothing_twice(salon: crm.Salon, ana: crm.Customer) -> None:
    given = crm.assign_package(salon, STAFF, ana.id, package="ten-cuts", reference="1")
    withdrawn = crm.withdraw_package(salon, STAFF, given.id)
    assert crm.assign_package(salon, STAFF, ana.id, package="ten-cuts", reference="1") == withdrawn
    with pytest.raises(crm.Conflict) as caught:
        crm.assign_package(salon, STAFF, ana.id, package="bridal", reference="1")
    assert caught.value.code == "reference-reused"


def test_the_id_of_an_assignment_is_used_once(salon: crm.Salon, ana: crm.Customer) -> None:
    assert crm.assign_package(salon, STAFF, ana.id, package="ten-cuts", id=NOBODY).id == NOBODY
    with pytest.raises(crm.Conflict) as caught:
        crm.assign_package(salon, STAFF, ana.id, package="bridal", id=NOBODY)
    assert (caught.value.code, caught.value.field) == ("id-taken", "id")


def test_nobody_and_nothing_that_does_not_exist_is_given(salon: crm.Salon, ana: crm.Customer) -> None:
    for act, field, kind in (
        (lambda: crm.assign_package(salon, STAFF, NOBODY, package="ten-cuts"), None, "customer"),
        (lambda: crm.assign_package(salon, STAFF, ana.id, package="nine-cuts"), "package", "package"),
        (lambda: crm.withdraw_package(salon, STAFF, NOBODY), None, "assigned package"),
        (lambda: crm.customer_packages(salon, STAFF, NOBODY), None, "customer"),
    ):
        with pytest.raises(crm.NotFound) as caught:
            act()
        assert (caught.value.field, caught.value.params["kind"]) == (field, kind)


@pytest.mark.parametrize(
    ("stated", "field", "code"),
    [
        ({"package": 7}, "package", "code-invalid"),
        ({"package": "Ten cuts"}, "package", "code-invalid"),
        ({"package": "ten-cuts", "id": "x"}, "id", "not-an-id"),
        ({"package": "ten-cuts", "at": TOMORROW}, "at", "instant-in-future"),
    ],
)
def test_what_cannot_be_taken_is_refused_with_its_field(
    salon: crm.Salon, ana: crm.Customer, stated: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.assign_package(salon, STAFF, ana.id, **stated)
    assert (caught.value.field, caught.value.code) == (field, code)


def test_the_audit_says_which_assignment_and_not_which_package(salon: crm.Salon, ana: crm.Customer) -> None:
    given = crm.assign_package(salon, STAFF, ana.id, package="ten-cuts")
    crm.withdraw_package(salon, STAFF, given.id)
    entries = crm.audit_trail(salon, OWNER, customer=ana.id)[-2:]
    assert [(entry.action.value, dict(entry.details)) for entry in entries] == [
        ("package-assigned", {"assigned": str(given.id)}),
        ("package-withdrawn", {"assigned": str(given.id)}),
    ]


def test_a_customer_with_a_package_is_no_entry_made_in_error(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.assign_package(salon, STAFF, ana.id, package="ten-cuts")
    with pytest.raises(crm.RuleBroken) as caught:
        crm.remove_customer(salon, OWNER, ana.id)
    assert caught.value.code == "has-history"
