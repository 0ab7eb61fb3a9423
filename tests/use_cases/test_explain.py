"""Why a customer is found, or is not, on every store."""

from uuid import UUID

import pytest
from tests.use_cases.actors import MANAGER, STAFF
from tests.use_cases.panels import Panels

import salon_crm as crm
from salon_crm.domain.bookings import BookingStatus
from salon_crm.domain.ids import Alias, CustomerId
from salon_crm.domain.sales import LineKind

TEXTS = [
    "everybody",
    "nobody",
    "status:active and booked(type:hair) and not booked(type:nails)",
    "booked(status:active)",
    "booked(status:any, from:2026-02-01, until:2026-02-28, location:horta)",
    "last_visit < -20d or visits = 0",
    "spend >= 30 and not blocked",
    "package:ten-cuts|bridal",
    'text("ana") or not text("a")',
    "added >= today and (gender:female or not gender:female)",
    "booked(type:wax) or not booked(type:wax)",
]


@pytest.fixture
def people(salon: crm.Salon) -> Panels:
    panels = Panels(salon)
    panels.booked("Ana", "cut", "2026-02-10T10:00", status=BookingStatus.COMPLETED)
    panels.booked("Bea", "cut", "2026-02-20T10:00", location="horta", status=BookingStatus.CANCELLED)
    panels.booked("Bea", "manicure", "2026-03-20T10:00", package="ten-cuts")
    panels.sold("Eva", LineKind.SERVICE, "cut", price=3_000)
    panels.customer("Rui")
    crm.block_customer(salon, MANAGER, panels.customer("Rui"), reason="Late")
    return panels


@pytest.mark.parametrize("text", TEXTS)
def test_a_customer_is_found_just_where_the_explanation_holds(people: Panels, text: str) -> None:
    found = people.found(text)
    for name in ("Ana", "Bea", "Eva", "Rui"):
        explanation = crm.explain_match(people.salon, STAFF, people.customer(name), text)
        assert explanation.holds is (name in found)
        assert explanation.text == str(crm.parse_criteria(text))


def test_a_panel_a_tree_and_nothing_are_explained_too(people: Panels) -> None:
    ana = people.customer("Ana")
    panel = crm.CustomerFilter(services="cut", visits=(2, None))
    explanation = crm.explain_match(people.salon, STAFF, ana, panel)
    assert str(explanation) == (
        "no: booked(service:cut) and visits >= 2\n"
        "  yes: booked(service:cut) (has cut, 2026-02-10 10:00, completed)\n"
        "  no: visits >= 2 (has 1)"
    )
    tree = crm.Not(crm.HasPackage(frozenset({"bridal"})))
    assert crm.explain_match(people.salon, STAFF, str(ana), tree).holds
    assert crm.explain_match(people.salon, STAFF, ana).text == "everybody"


def test_who_was_merged_is_explained_as_who_they_are_now(people: Panels) -> None:
    old = CustomerId(UUID(int=77))
    with people.salon.writing() as writing:
        writing.aliases.add(Alias(old, people.customer("Ana")))
    assert crm.explain_match(people.salon, STAFF, old, 'text("ana")').holds


def test_a_customer_who_is_not_there_is_not_found(people: Panels) -> None:
    with pytest.raises(crm.NotFound) as caught:
        crm.explain_match(people.salon, STAFF, UUID(int=7), "everybody")
    assert caught.value.code == "not-found"
    with pytest.raises(crm.InvalidValue) as refused:
        crm.explain_match(people.salon, STAFF, "Ana", "everybody")
    assert (refused.value.code, refused.value.field) == ("not-an-id", "customer_id")


@pytest.mark.parametrize("text", ["bagde:vip", "booked(service:gone)", "", "spend > 0.001"])
def test_what_cannot_be_asked_cannot_be_explained(people: Panels, text: str) -> None:
    with pytest.raises(crm.InvalidValue):
        crm.explain_match(people.salon, STAFF, people.customer("Ana"), text)


@pytest.mark.parametrize(
    ("text", "needed"),
    [
        ("blocked", crm.Permission.VIEW_BLOCKS),
        ("booked", crm.Permission.LIST_BOOKINGS),
        ("spend > 5", crm.Permission.VIEW_SALES),
        ("status:active", crm.Permission.VIEW_CUSTOMERS),
        ("everybody", crm.Permission.SEARCH_CUSTOMERS),
    ],
)
def test_an_explanation_needs_what_finding_needs(people: Panels, text: str, needed: crm.Permission) -> None:
    granted = {permission: crm.Grant() for permission in crm.Permission if permission is not needed}
    people.salon.permissions = crm.PermissionTable(roles={crm.Role.STAFF: granted})
    with pytest.raises(crm.NotPermitted) as caught:
        crm.explain_match(people.salon, STAFF, people.customer("Rui"), f"status:active or not ({text})")
    assert caught.value.params["permission"] == needed
    assert caught.value.params["use_case"] == "explain_match"


def test_a_customer_is_told_nothing_of_what_the_salon_looks_for(people: Panels) -> None:
    rui = people.customer("Rui")
    with pytest.raises(crm.NotPermitted):
        crm.explain_match(people.salon, crm.Actor.for_customer(rui), rui, "blocked")


def test_a_transaction_explains_what_it_wrote(people: Panels) -> None:
    with people.salon.transaction() as tx:
        kim = crm.add_customer(tx, STAFF, name="Kim", gender="female")
        assert crm.explain_match(tx, STAFF, kim.id, "gender:female").has == "female"
