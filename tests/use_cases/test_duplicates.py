"""Asking who a newcomer may already be, on every store."""

import subprocess
import sys
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.use_cases.actors import MANAGER, OWNER, SIGNUP, STAFF

import salon_crm as crm

CHOSEN = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
HIGH, LOW = crm.Confidence.HIGH, crm.Confidence.LOW


def add(salon: crm.Salon, name: str = "Ana Silva", **fields: Any) -> crm.Customer:
    return crm.add_customer(salon, STAFF, name=name, **fields)


def match(salon: crm.Salon, name: str = "Ana Silva", **fields: Any) -> list[tuple[UUID, crm.Confidence, list[str]]]:
    found = crm.match_customers(salon, STAFF, name=name, **fields)
    return [(each.customer_id, each.confidence, [reason.value for reason in each.reasons]) for each in found]


@pytest.fixture
def ana(salon: crm.Salon) -> crm.Customer:
    return add(salon, email="ana@example.com", mobile="912 345 678", birthday="1990-05-17")


def test_a_shared_contact_and_the_same_name_are_certain(salon: crm.Salon, ana: crm.Customer) -> None:
    assert match(salon, email="ANA@example.com") == [(ana.id, HIGH, ["email", "name"])]
    assert match(salon, "silva ANA", mobile="+351 912345678") == [(ana.id, HIGH, ["phone", "name"])]
    whole = match(salon, email="ana@example.com", other_phones=["912345678"], birthday="1990-05-17")
    assert whole == [(ana.id, HIGH, ["email", "phone", "name", "birthday"])]


def test_a_shared_contact_and_the_first_name_are_worth_asking(salon: crm.Salon, ana: crm.Customer) -> None:
    assert match(salon, "Ana Sousa", email="ana@example.com") == [(ana.id, LOW, ["email", "first-name"])]


def test_the_same_name_and_birthday_are_worth_asking(salon: crm.Salon, ana: crm.Customer) -> None:
    assert match(salon, birthday="1990-05-17") == [(ana.id, LOW, ["name", "birthday"])]


def test_another_first_name_on_a_shared_contact_is_family(salon: crm.Salon, ana: crm.Customer) -> None:
    assert match(salon, "Rui Silva", email="ana@example.com", mobile="912345678") == []


def test_a_name_alone_says_nothing(salon: crm.Salon, ana: crm.Customer) -> None:
    assert match(salon) == []


def test_contacts_that_only_fill_a_form_say_nothing(salon: crm.Salon) -> None:
    add(salon, email="none@example.com", mobile="+351 999 999 999")
    assert match(salon, email="none@example.com", mobile="+351 999 999 999") == []


def test_former_names_and_contacts_count(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.edit_customer(salon, STAFF, ana.id, name="Ana Sousa", email="sousa@example.com")
    assert match(salon, email="ana@example.com") == [(ana.id, HIGH, ["email", "name"])]


def test_the_surest_match_comes_first(salon: crm.Salon, ana: crm.Customer) -> None:
    sousa = add(salon, "Ana Sousa", email="ana@example.com")
    assert [found[0] for found in match(salon, email="ana@example.com")] == [ana.id, sousa.id]
    assert [found[0] for found in match(salon, "Ana Sousa", email="ana@example.com")] == [sousa.id, ana.id]


def test_asking_saves_nothing_and_demands_no_more_than_a_name(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.change_settings(salon, OWNER, required_fields=["gender"])
    before = crm.audit_trail(salon, OWNER)
    assert match(salon, email="ana@example.com")
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.match_customers(salon, STAFF, email="nobody", mobile="12")
    assert [problem.field for problem in caught.value.problems] == ["email", "mobile"]
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.match_customers(salon, STAFF, email="ana@example.com")
    assert caught.value.field == "name"
    assert crm.audit_trail(salon, OWNER) == before


def test_the_one_certain_match_is_returned_and_never_overwritten(salon: crm.Salon, ana: crm.Customer) -> None:
    found = crm.find_or_add_customer(
        salon, SIGNUP, name="ANA SILVA", email="ana@example.com", mobile="913 000 111", gender="other"
    )
    assert found == crm.FoundOrAdded(ana, False)
    assert crm.get_customer(salon, STAFF, ana.id) == ana


@pytest.mark.parametrize(
    ("name", "fields"),
    [
        ("Ana Sousa", {"email": "ana@example.com"}),
        ("Ana Silva", {"birthday": "1990-05-17"}),
        ("Rui Silva", {"email": "ana@example.com"}),
        ("Ana Silva", {}),
    ],
)
def test_without_a_certain_match_somebody_is_added(salon: crm.Salon, ana: crm.Customer, name: str, fields: Any) -> None:
    made = crm.find_or_add_customer(salon, SIGNUP, name=name, **fields, id=CHOSEN)
    assert (made.added, made.customer.id) == (True, CHOSEN)
    assert crm.count_customers(salon, STAFF) == 2


def test_several_certain_matches_are_a_conflict_naming_them(salon: crm.Salon, ana: crm.Customer) -> None:
    twin = add(salon, email="ana@example.com")
    with pytest.raises(crm.Conflict) as caught:
        crm.find_or_add_customer(salon, SIGNUP, name="Ana Silva", email="ana@example.com")
    assert (caught.value.code, caught.value.params["ids"]) == ("several-matches", (str(ana.id), str(twin.id)))
    assert crm.count_customers(salon, STAFF) == 2


def test_who_is_added_must_fill_what_the_salon_requires(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.change_settings(salon, OWNER, required_fields=["gender"])
    assert not crm.find_or_add_customer(salon, SIGNUP, name="Ana Silva", email="ana@example.com").added
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.find_or_add_customer(salon, SIGNUP, name="Rui", email="rui@example.com")
    assert caught.value.field == "gender"


def test_calling_again_with_a_reference_returns_the_customer_as_they_are_now(salon: crm.Salon) -> None:
    def sign_up(email: str = "ana@example.com") -> crm.FoundOrAdded:
        return crm.find_or_add_customer(salon, SIGNUP, name="Ana Silva", email=email, reference="form 1")

    made = sign_up()
    edited = crm.edit_customer(salon, STAFF, made.customer.id, name="Rui", email="rui@example.com").customer
    assert made.added
    assert sign_up() == crm.FoundOrAdded(edited, False)
    with pytest.raises(crm.Conflict):
        sign_up("other@example.com")
    crm.remove_customer(salon, MANAGER, edited.id)
    with pytest.raises(crm.NotFound, match="was removed"):
        sign_up()


_ONE_OF_EIGHT = """
import sys
import salon_crm as crm
with crm.open_salon(sys.argv[1]) as salon:
    print("ready", flush=True)
    sys.stdin.readline()
    signup = crm.Actor("signup", crm.Role.SYSTEM)
    found = crm.find_or_add_customer(salon, signup, name="Ana Silva", email="ana@example.com", mobile="912 345 678")
    print(found.customer.id, found.added)
"""


def test_eight_processes_that_sign_up_one_person_make_one_customer(file: Path) -> None:
    with crm.open_salon(file, region="PT", zone="Europe/Lisbon", currency="EUR") as salon:
        eight = [
            subprocess.Popen(
                [sys.executable, "-c", _ONE_OF_EIGHT, str(file)],
                stdin=subprocess.PIPE,
                stdout=subprocess.PIPE,
                text=True,
            )
            for _ in range(8)
        ]
        for each in eight:
            assert each.stdout is not None
            assert each.stdout.readline() == "ready\n"
        for each in eight:
            assert each.stdin is not None
            each.stdin.write("go\n")
            each.stdin.flush()
        answers = [each.communicate(timeout=60)[0].split() for each in eight]
        assert len({own_id for own_id, _ in answers}) == 1
        assert sorted(added for _, added in answers) == ["False"] * 7 + ["True"]
        assert crm.count_customers(salon, STAFF) == 1
        assert crm.verify_audit(salon, OWNER).ok
