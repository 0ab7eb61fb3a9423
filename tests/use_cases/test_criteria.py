"""Finding, listing and counting customers, on every store."""

import base64
import json
from collections.abc import Callable
from datetime import date, timedelta
from functools import partial
from typing import Any
from uuid import UUID

import pytest
from tests.use_cases.actors import MANAGER, OWNER, STAFF
from tests.use_cases.asking import refusal

import salon_crm as crm
from salon_crm.domain.criteria import AllOf, AnyOf, Compare, Fact, Not, Op
from salon_crm.testing.doubles import NOON, CountedIds, FixedClock

LETTERS = "abcdefghij"


def add(salon: crm.Salon, name: str, **fields: Any) -> crm.Customer:
    return crm.add_customer(salon, STAFF, name=name, **fields)


def names(page: crm.Page) -> str:
    return "".join(row.name for row in page)


@pytest.fixture
def letters(salon: crm.Salon, clock: FixedClock) -> dict[str, crm.Customer]:
    """Ten customers named a to j, added a minute apart in another order."""
    added: dict[str, crm.Customer] = {}
    for letter in "jbdfhacegi":
        added[letter] = add(salon, letter)
        clock.advance(minutes=1)
    return added


# searching and filtering


@pytest.mark.parametrize(
    "text", ["ana", "SILVA jose", "josé", "@work", "912 345", "912345", "+351 912", "(912) 345-678", "old", "213", ""]
)
def test_a_customer_is_found_by_any_part_of_names_e_mails_and_phones(salon: crm.Salon, text: str) -> None:
    customer = add(
        salon, "Ana José Silva", email="old@example.com", mobile="912 345 678",
        other_emails=["ana@work.example.com"], other_phones=["213 456 789"],
    )  # fmt: skip
    crm.edit_customer(salon, STAFF, customer.id, email=None)
    assert [row.id for row in crm.find_customers(salon, STAFF, crm.CustomerFilter(text=text))] == [customer.id]


@pytest.mark.parametrize("text", ["anna", "%", "_", "'", "912 999", "ana rui", '" OR 1=1'])
def test_text_that_is_nowhere_finds_nobody(salon: crm.Salon, text: str) -> None:
    add(salon, "Ana Silva", mobile="912 345 678")
    assert crm.count_customers(salon, STAFF, crm.CustomerFilter(text=text)) == 0


def test_all_parts_of_the_panel_hold_together(salon: crm.Salon, clock: FixedClock) -> None:
    ana = add(salon, "Ana", gender="female")
    rui = add(salon, "Rui", gender="male", status="inactive")
    clock.advance(days=1)
    eva = add(salon, "Eva", gender="female")
    crm.block_customer(salon, MANAGER, eva.id, reason="Late")

    def found(**parts: Any) -> set[str]:
        return set(names_of(crm.find_customers(salon, STAFF, crm.CustomerFilter(**parts))))

    assert found() == {"Ana", "Rui", "Eva"}
    assert found(gender="female") == {"Ana", "Eva"}
    assert found(status=crm.Status.INACTIVE) == {"Rui"}
    assert found(blocked=True) == {"Eva"}
    assert found(blocked=False, gender=crm.Gender.FEMALE) == {"Ana"}
    assert found(ids=[ana.id, str(rui.id)], status="active") == {"Ana"}
    assert found(added_since=date(2026, 3, 3)) == {"Eva"}
    assert found(added_until=date(2026, 3, 2)) == {"Ana", "Rui"}
    assert found(added_since=date(2026, 3, 2), added_until=date(2026, 3, 3), text="a") == {"Ana", "Eva"}


def names_of(page: crm.Page) -> list[str]:
    return [row.name for row in page]


def test_days_are_those_of_the_salons_zone(salon: crm.Salon, clock: FixedClock) -> None:
    crm.change_settings(salon, OWNER, zone="Pacific/Auckland")  # noon in UTC is one o'clock of the next day there
    add(salon, "Ana")
    assert crm.count_customers(salon, STAFF, crm.CustomerFilter(added_until=date(2026, 3, 2))) == 0
    assert crm.count_customers(salon, STAFF, crm.CustomerFilter(added_since=date(2026, 3, 3))) == 1


def test_a_tree_of_criteria_is_taken_too(salon: crm.Salon) -> None:
    for name, gender in (("Ana", "female"), ("Rui", "male"), ("Kim", None)):
        add(salon, name, gender=gender)
    female = Compare(Fact.GENDER, Op.EQUAL, "female")
    assert names_of(crm.find_customers(salon, STAFF, Not(female))) == ["Kim", "Rui"]
    assert names_of(crm.find_customers(salon, STAFF, AnyOf((female, Not(female))))) == ["Ana", "Kim", "Rui"]
    assert crm.count_customers(salon, STAFF, AllOf()) == 3
    assert crm.count_customers(salon, STAFF, AnyOf()) == 0


@pytest.mark.parametrize(
    ("criteria", "field"),
    [
        (crm.CustomerFilter(status="gone"), "status"),
        (crm.CustomerFilter(gender="f"), "gender"),
        (crm.CustomerFilter(ids=["Ana"]), "ids"),
        (crm.CustomerFilter(text="x" * 501), "text"),
        (crm.CustomerFilter(added_since=date(2026, 3, 2), added_until=date(2026, 3, 1)), "added_until"),
        (crm.CustomerFilter(added_since=NOON), "added_since"),
        ("ana", "criteria"),
        (7, "criteria"),
        (Compare(Fact.ADDED, Op.LESS, "yesterday"), "added"),
    ],
)
def test_criteria_that_mean_nothing_are_refused_and_never_ignored(salon: crm.Salon, criteria: Any, field: str) -> None:
    for ask in (crm.find_customers, crm.count_customers, crm.each_customer):
        with pytest.raises(crm.InvalidValue) as caught:
            ask(salon, STAFF, criteria)
        assert caught.value.field == field


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "Pacific/Honolulu", "Etc/UTC"])
@pytest.mark.parametrize("parts", [{"added_since": date.min}, {"added_until": date.max}, {"added_since": date.max}])
def test_the_first_and_last_day_there_are_end_in_an_answer_or_a_refusal(
    salon: crm.Salon, zone: str, parts: dict[str, Any]
) -> None:
    crm.change_settings(salon, OWNER, zone=zone)
    error = refusal(lambda: crm.count_customers(salon, STAFF, crm.CustomerFilter(**parts)))
    assert error is None or error.field in parts


def test_a_row_shows_what_a_list_needs(salon: crm.Salon) -> None:
    ana = add(salon, "Ana", email="ana@example.com", mobile="912345678", gender="female", alert_note="Nuts")
    [row] = crm.find_customers(salon, STAFF)
    assert (row.id, row.name, row.email, row.mobile, row.gender, row.status) == (
        ana.id, "Ana", ana.email, ana.mobile, crm.Gender.FEMALE, crm.Status.ACTIVE,
    )  # fmt: skip
    assert (row.blocked, row.alerts, row.block_alerts) == (False, 1, 0)


def test_asking_who_is_blocked_needs_the_permission_to_see_blocks(salon: crm.Salon) -> None:
    may_only_search = crm.PermissionTable(
        {crm.Role.STAFF: {crm.Permission.SEARCH_CUSTOMERS: crm.Grant(), crm.Permission.VIEW_CUSTOMERS: crm.Grant()}}
    )
    salon.permissions = may_only_search
    assert crm.count_customers(salon, STAFF, crm.CustomerFilter(text="ana", status="active")) == 0
    for ask in (crm.find_customers, crm.count_customers, crm.each_customer):
        with pytest.raises(crm.NotPermitted, match=r"blocks\.view") as caught:
            ask(salon, STAFF, Not(AnyOf((crm.CustomerFilter(blocked=True).criterion(crm_settings()),))))
        assert caught.value.params["use_case"] == ask.__name__


def crm_settings() -> crm.Settings:
    return crm.Settings(region="PT", zone="Europe/Lisbon", currency="EUR")


# orders


@pytest.mark.parametrize(
    ("order", "expected"),
    [("name", "abcdefghij"), ("-name", "jihgfedcba"), ("added", "jbdfhacegi"), ("-added", "igecahfdbj")],
)
def test_a_list_has_the_order_asked(
    salon: crm.Salon, letters: dict[str, crm.Customer], order: str, expected: str
) -> None:
    assert names(crm.find_customers(salon, STAFF, order=order)) == expected
    assert "".join(row.name for row in crm.each_customer(salon, STAFF, order=order)) == expected


def test_names_are_ordered_without_accents_and_case_and_ties_by_id(salon: crm.Salon) -> None:
    added = [add(salon, name) for name in ("Élia", "eva", "elia", "Ana", "elia")]
    order = [added[3], added[0], added[2], added[4], added[1]]
    assert [row.id for row in crm.find_customers(salon, STAFF)] == [customer.id for customer in order]
    assert [row.id for row in crm.find_customers(salon, STAFF, order="-name")] == [c.id for c in order[::-1]]


@pytest.mark.parametrize("order", ["", "age", "--name", "NAME", None, 7, []])
def test_an_order_that_does_not_exist_is_refused(salon: crm.Salon, order: Any) -> None:
    for ask in (crm.find_customers, crm.each_customer):
        with pytest.raises(crm.InvalidValue) as caught:
            ask(salon, STAFF, order=order)
        assert caught.value.field == "order"


# pages


@pytest.mark.parametrize("limit", [0, -1, 501, True, "50", 1.5, None])
def test_a_page_has_1_to_500_rows(salon: crm.Salon, limit: Any) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.find_customers(salon, STAFF, limit=limit)
    assert (caught.value.field, caught.value.params["low"], caught.value.params["high"]) == ("limit", 1, 500)
    assert len(crm.find_customers(salon, STAFF, limit=500)) == 0


@pytest.mark.parametrize("wrong", [1, "yes", None])
def test_counting_the_inactive_is_asked_for_by_true_or_false(salon: crm.Salon, wrong: Any) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.find_customers(salon, STAFF, count_inactive=wrong)
    assert (caught.value.code, caught.value.field) == ("wrong-type", "count_inactive")


@pytest.mark.parametrize("order", ["name", "-name", "added", "-added"])
@pytest.mark.parametrize("edge", [1, (1 << 128) - 2])
def test_from_an_empty_page_one_goes_back_to_a_customer_whose_id_is_the_first_or_the_last_there_can_be(
    salon: crm.Salon, order: str, edge: int
) -> None:
    beside = UUID(int=2 if edge == 1 else edge - 1)
    both = [add(salon, "Mia", id=each) for each in (UUID(int=edge), beside)]  # one instant, one name: ids decide
    shown, gone = sorted(both, key=lambda customer: customer.id.int, reverse=order.startswith("-"))
    first = crm.find_customers(salon, STAFF, order=order, limit=1)
    crm.remove_customer(salon, MANAGER, gone.id)
    beyond = crm.find_customers(salon, STAFF, order=order, limit=1, page=first.next)
    assert [row.id for row in first] == [shown.id]
    assert (beyond.items, beyond.next) == ((), None)
    back = crm.find_customers(salon, STAFF, order=order, limit=1, page=beyond.previous)
    assert [row.id for row in back] == [shown.id]


@pytest.mark.parametrize("order", ["name", "-name", "added", "-added"])
@pytest.mark.parametrize("limit", [1, 2, 3, 5, 10, 11])
def test_going_forward_and_back_gives_the_same_pages(
    salon: crm.Salon, letters: dict[str, crm.Customer], order: str, limit: int
) -> None:
    def page(cursor: str | None) -> crm.Page:
        return crm.find_customers(salon, STAFF, order=order, limit=limit, page=cursor)

    forward = [page(None)]
    while forward[-1].next:
        forward.append(page(forward[-1].next))
    whole = names(crm.find_customers(salon, STAFF, order=order))
    assert [names(each) for each in forward] == [whole[at : at + limit] for at in range(0, 10, limit)]
    back = [forward[-1]]
    while back[-1].previous:
        back.append(page(back[-1].previous))
    assert [names(each) for each in back] == [names(each) for each in forward[::-1]]
    if len(back) > 1:
        assert names(page(back[-1].next)) == names(forward[1])


def test_pages_stay_stable_while_others_write(salon: crm.Salon, letters: dict[str, crm.Customer]) -> None:
    first = crm.find_customers(salon, STAFF, limit=3)
    crm.remove_customer(salon, MANAGER, letters["a"].id)
    crm.remove_customer(salon, MANAGER, letters["c"].id)  # the row the next page continues after
    add(salon, "aa")
    add(salon, "da")
    second = crm.find_customers(salon, STAFF, limit=3, page=first.next)
    assert names_of(second) == ["d", "da", "e"]
    crm.edit_customer(salon, STAFF, letters["d"].id, name="z")
    third = crm.find_customers(salon, STAFF, limit=3, page=second.next)
    assert names_of(third) == ["f", "g", "h"]
    assert names_of(crm.find_customers(salon, STAFF, limit=3, page=third.previous)) == ["b", "da", "e"]


@pytest.mark.parametrize("order", ["name", "-name", "added", "-added"])
def test_from_a_page_that_became_empty_one_goes_back_to_the_rows_before(
    salon: crm.Salon, letters: dict[str, crm.Customer], order: str
) -> None:
    first = crm.find_customers(salon, STAFF, order=order, limit=8)
    second = crm.find_customers(salon, STAFF, order=order, limit=8, page=first.next)
    for row in second:
        crm.remove_customer(salon, MANAGER, row.id)
    empty = crm.find_customers(salon, STAFF, order=order, limit=8, page=first.next)
    assert (len(empty), empty.next) == (0, None)
    assert names(crm.find_customers(salon, STAFF, order=order, limit=8, page=empty.previous)) == names(first)


@pytest.mark.parametrize("order", ["name", "-name", "added", "-added"])
def test_from_an_empty_page_before_the_first_one_goes_on_to_the_rows_after(
    salon: crm.Salon, letters: dict[str, crm.Customer], order: str
) -> None:
    first = crm.find_customers(salon, STAFF, order=order, limit=2)
    second = crm.find_customers(salon, STAFF, order=order, limit=2, page=first.next)
    for row in first:
        crm.remove_customer(salon, MANAGER, row.id)
    empty = crm.find_customers(salon, STAFF, order=order, limit=2, page=second.previous)
    assert (len(empty), empty.previous) == (0, None)
    assert names(crm.find_customers(salon, STAFF, order=order, limit=2, page=empty.next)) == names(second)


def test_an_empty_salon_has_one_empty_page(salon: crm.Salon) -> None:
    page = crm.find_customers(salon, STAFF)
    assert (page.items, page.next, page.previous, page.inactive) == ((), None, None, None)


def test_a_page_belongs_to_its_criteria_order_and_salon(salon: crm.Salon, letters: dict[str, crm.Customer]) -> None:
    cursor = crm.find_customers(salon, STAFF, crm.CustomerFilter(status="active"), limit=2).next
    again = crm.find_customers(salon, STAFF, crm.CustomerFilter(status="active"), limit=5, page=cursor)
    assert names(again) == "cdefg"
    with crm.open_salon(region="PT", zone="Europe/Lisbon", currency="EUR", ids=CountedIds(seed=1)) as elsewhere:
        other_queries: list[Callable[[], crm.Page]] = [
            lambda: crm.find_customers(salon, STAFF, page=cursor),
            lambda: crm.find_customers(salon, STAFF, crm.CustomerFilter(status="inactive"), page=cursor),
            lambda: crm.find_customers(salon, STAFF, crm.CustomerFilter(status="active"), order="-name", page=cursor),
            lambda: crm.find_customers(salon, STAFF, crm.CustomerFilter(status="active"), order="added", page=cursor),
            lambda: crm.find_customers(elsewhere, STAFF, crm.CustomerFilter(status="active"), page=cursor),
        ]
        for query in other_queries:
            with pytest.raises(crm.InvalidValue) as caught:
                query()
            assert (caught.value.field, caught.value.code) == ("page", "cursor-of-another-query")


def forged(cursor: str, place: int, value: Any) -> str:
    fields = json.loads(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    fields[place] = value
    return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")


@pytest.mark.parametrize(
    "cursor", ["", "x", "é", "AAAA", "bnVsbA", "[]", "W10", "x" * 5_000, "W1tbW1tb" * 400, 7, b"AAAA", ["x"]]
)
def test_what_is_no_page_is_refused(salon: crm.Salon, cursor: Any) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.find_customers(salon, STAFF, page=cursor)
    assert (caught.value.field, caught.value.code) == ("page", "cursor-invalid")


@pytest.mark.parametrize(
    ("place", "value"),
    [
        (0, 2), (1, 7), (1, ["x"]), (2, "x"), (3, "x"), (3, 7), (4, 7), (4, None), (4, "2026-03-02T12:00:00"),
        (4, "2026-03-02"), (4, "soon"), (4, "0001-01-01T00:00:00+14:00"), (4, "\ud800"),
    ],
)  # fmt: skip
def test_a_page_that_was_tampered_with_ends_in_a_page_or_a_refusal(
    salon: crm.Salon, letters: dict[str, crm.Customer], place: int, value: Any
) -> None:
    for order in ("name", "added"):
        cursor = crm.find_customers(salon, STAFF, order=order, limit=2).next
        tampered = forged(str(cursor), place, value)
        error = refusal(partial(crm.find_customers, salon, STAFF, order=order, page=tampered))
        assert error is None or error.field == "page"


# inactive customers, counts, and walking all


def test_a_list_of_active_customers_can_say_how_many_inactive_ones_match(salon: crm.Salon) -> None:
    for name, status in (("Ana", "active"), ("Ana Rosa", "inactive"), ("Ana Maria", "inactive"), ("Rui", "inactive")):
        add(salon, name, status=status)
    wanted = crm.CustomerFilter(text="ana", status="active")
    page = crm.find_customers(salon, STAFF, wanted, count_inactive=True)
    assert (names_of(page), page.inactive) == (["Ana"], 2)
    assert crm.find_customers(salon, STAFF, wanted).inactive is None
    assert crm.find_customers(salon, STAFF, count_inactive=True).inactive == 3


def test_many_customers_are_walked_and_counted(salon: crm.Salon) -> None:
    with salon.transaction() as tx:
        for count in range(1_203):
            add(tx, f"Customer {count:04}", status="inactive")
    walked = [row.name for row in crm.each_customer(salon, STAFF)]
    assert walked == [f"Customer {count:04}" for count in range(1_203)]
    assert [row.name for row in crm.each_customer(salon, STAFF, order="-added")] == walked[::-1]
    assert crm.count_customers(salon, STAFF) == 1_203
    page = crm.find_customers(salon, STAFF, crm.CustomerFilter(status="active"), count_inactive=True)
    assert page.inactive == 1_000
    assert crm.verify_audit(salon, OWNER, head=crm.audit_head(salon, OWNER)).entries == 1_204


def test_a_walk_goes_on_while_others_write(salon: crm.Salon) -> None:
    with salon.transaction() as tx:
        added = [add(tx, f"Customer {count:04}") for count in range(600)]
    walk = crm.each_customer(salon, STAFF)
    assert next(walk).name == "Customer 0000"
    crm.remove_customer(salon, MANAGER, added[550].id)
    crm.remove_customer(salon, MANAGER, added[499].id)  # the last row of the first reading
    add(salon, "Customer 0599a")
    rest = [row.name for row in walk]
    assert len(rest) == 599
    assert "Customer 0550" not in rest
    assert rest[-1] == "Customer 0599a"


def test_a_walk_refuses_at_once_and_not_at_its_first_row(salon: crm.Salon) -> None:
    with pytest.raises(crm.NotPermitted):
        crm.each_customer(salon, crm.Actor("nobody", crm.Role.SYSTEM))


def test_times_of_adding_are_compared_to_the_microsecond(salon: crm.Salon) -> None:
    for count, name in enumerate("abc"):
        add(salon, name, at=NOON - timedelta(microseconds=count))
    first = crm.find_customers(salon, STAFF, order="-added", limit=1)
    assert names(first) == "a"
    assert names(crm.find_customers(salon, STAFF, order="-added", page=first.next)) == "bc"


@pytest.mark.parametrize("missing", [crm.Permission.VIEW_BLOCKS, crm.Permission.VIEW_NOTES])
def test_a_list_is_refused_whole_to_whom_a_part_of_its_rows_is(missing: crm.Permission) -> None:
    everything = {permission: crm.Grant() for permission in crm.Permission if permission is not missing}
    table = crm.PermissionTable(roles={crm.Role.STAFF: everything})
    with crm.open_salon(region="PT", zone="UTC", currency="EUR", permissions=table) as salon:
        for query in (crm.find_customers, crm.each_customer):
            with pytest.raises(crm.NotPermitted) as caught:
                query(salon, STAFF)
            assert caught.value.params["permission"] == missing
        assert crm.count_customers(salon, STAFF) == 0


def test_the_inactive_are_counted_also_where_the_list_says_not_inactive(salon: crm.Salon) -> None:
    ana = crm.add_customer(salon, STAFF, name="Ana Silva")
    crm.deactivate_customer(salon, STAFF, ana.id)
    criterion = Not(Compare(Fact.STATUS, Op.EQUAL, "inactive"))
    assert crm.find_customers(salon, STAFF, criterion, count_inactive=True).inactive == 1
