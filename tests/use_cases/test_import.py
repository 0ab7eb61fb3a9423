"""Who a row of a list is, and what becomes of them, on every store."""

from io import BytesIO
from typing import Any
from uuid import UUID

import pytest
from tests.use_cases.actors import ADMIN, MANAGER, OWNER, RECEPTIONIST, STAFF
from tests.use_cases.lists import (
    ANA,
    HEADER,
    bring,
    content_of,
    figures,
    names,
    only,
    people,
    problems,
    records,
    table,
    trail,
)

import salon_crm as crm
from salon_crm.domain.ids import Alias, CustomerId
from salon_crm.ports.store import Repository
from salon_crm.testing.doubles import NOON, FixedClock
from salon_crm.use_cases import transfer

CHOSEN = "01890a5d-ac96-774b-bcce-b302099a8057"
OTHER = "01890a5d-ac96-774b-bcce-b302099a8058"


def add(salon: crm.Salon, name: str = "Ana Silva", **fields: Any) -> crm.Customer:
    return crm.add_customer(salon, MANAGER, name=name, **fields)


def own(customer: crm.Customer, **cells: str) -> bytes:
    """A row of our own export of a customer, with some cells."""
    return records({"id": str(customer.id), "version": str(customer.version), **cells})


# who a row is


def test_an_equal_e_mail_with_the_same_name_is_the_same_person(salon: crm.Salon) -> None:
    ana = add(salon, email="Ana@example.com")
    report = bring(salon, table(("ana silva", "ana@EXAMPLE.com", "912 345 678")))
    assert figures(report) == {"updated": 1}
    assert only(salon).id == ana.id
    assert str(only(salon).mobile) == "+351912345678"


def test_an_equal_phone_with_the_same_name_is_the_same_person(salon: crm.Salon) -> None:
    add(salon, mobile="912 345 678")
    assert figures(bring(salon, table(("Ana Silva", "", "+351 912345678")))) == {"unchanged": 1}


def test_any_e_mail_or_phone_of_theirs_will_do(salon: crm.Salon) -> None:
    add(salon, other_emails=["ana@example.com"])
    assert figures(bring(salon, table(("Ana Silva", "ana@example.com")))) == {"updated": 1}
    add(salon, "Bea Costa", other_phones=["+447700900123"])
    assert figures(bring(salon, table(("Bea Costa", "", "+447700900123")))) == {"updated": 1}
    assert names(salon) == ["Ana Silva", "Bea Costa"]


@pytest.mark.parametrize("name", ["Silva, Ana", "SILVA Ana", "ana  sílva", "Ána Silva"])
def test_the_same_words_in_another_order_or_spelling_are_the_same_name(salon: crm.Salon, name: str) -> None:
    add(salon, email="ana@example.com")
    assert figures(bring(salon, table((name, "ana@example.com")))) == {"unchanged": 1}


def test_a_former_name_matches(salon: crm.Salon) -> None:
    ana = add(salon, email="ana@example.com")
    crm.edit_customer(salon, MANAGER, ana.id, name="Ana Costa")
    assert figures(bring(salon, table(("Ana Silva", "ana@example.com")))) == {"unchanged": 1}
    assert names(salon) == ["Ana Costa"]


def test_a_former_contact_matches(salon: crm.Salon) -> None:
    ana = add(salon, email="ana@example.com")
    crm.edit_customer(salon, MANAGER, ana.id, email="ana.silva@example.com")
    assert figures(bring(salon, table(("Ana Silva", "ana@example.com")))) == {"unchanged": 1}


def test_the_parts_of_a_name_count_as_the_name(salon: crm.Salon) -> None:
    add(salon, "Ana Maria Silva", first_name="Ana", last_name="Silva", email="ana@example.com")
    assert figures(bring(salon, table(("Ana Silva", "ana@example.com")))) == {"unchanged": 1}


def test_an_external_id_is_the_person_whatever_the_name(salon: crm.Salon) -> None:
    ana = add(salon, external_ids=[("list", "7")])
    report = bring(salon, records({"Client ID": "7", "name": "Ana Costa", "email": "ana@example.com"}))
    assert figures(report) == {"updated": 1}
    assert (only(salon).id, only(salon).name, str(only(salon).email)) == (ana.id, "Ana Silva", "ana@example.com")


def test_an_external_id_belongs_to_the_system_the_list_comes_from(salon: crm.Salon) -> None:
    add(salon, external_ids=[("old-till", "7")])
    row = records({"Client ID": "7", "name": "Bea Costa"})
    assert figures(bring(salon, row, system="web", dry_run=True)) == {"created": 1}
    assert figures(bring(salon, row, system="old-till")) == {"unchanged": 1}


def test_an_external_id_goes_before_a_contact(salon: crm.Salon) -> None:
    add(salon, email="ana@example.com")
    second = add(salon, external_ids=[("list", "7")])
    report = bring(salon, records({"Client ID": "7", "name": "Ana Silva", "email": "ana@example.com"}))
    assert figures(report) == {"updated": 1}
    assert str(crm.get_customer(salon, MANAGER, second.id).email) == "ana@example.com"


def test_our_own_id_goes_before_everything(salon: crm.Salon) -> None:
    ana = add(salon, email="ana@example.com")
    add(salon, "Bea Costa", email="bea@example.com")
    assert figures(bring(salon, own(ana, name="Bea Costa", email="bea@example.com"))) == {"updated": 1}
    assert names(salon) == ["Bea Costa", "Bea Costa"]


def test_nobody_is_matched_by_name_alone(salon: crm.Salon) -> None:
    add(salon, email="ana@example.com", birthday="1990-05-17")
    report = bring(salon, records({"name": "Ana Silva", "birthday": "1990-05-17"}))
    assert figures(report) == {"created": 1}
    assert names(salon) == ["Ana Silva", "Ana Silva"]


def test_a_row_of_a_name_alone_is_known_again_in_its_list(salon: crm.Salon) -> None:
    row = table(("Ana Silva",), ("Bea Costa",))
    assert figures(bring(salon, row)) == {"created": 2}
    before = content_of(salon)[1]
    assert figures(bring(salon, row)) == {"unchanged": 2}
    assert content_of(salon)[1] == before


def test_a_row_of_a_name_alone_from_another_list_is_somebody_else(salon: crm.Salon) -> None:
    row = table(("Ana Silva",))
    assert figures(bring(salon, row, system="till")) == {"created": 1}
    assert figures(bring(salon, row, system="web")) == {"created": 1}


def test_a_row_of_a_name_alone_that_says_something_else_is_somebody_else(salon: crm.Salon) -> None:
    bring(salon, records({"name": "Ana Silva", "city": "Lisboa", "gender": "f"}))
    report = bring(salon, records({"name": "Ana Silva", "city": "Porto", "gender": "f"}))
    assert figures(report) == {"created": 1}


def test_a_placeholder_contact_recognises_nobody(salon: crm.Salon) -> None:
    rows = table(("Ana Silva", "none@example.com", "+351 999999999"), ("Bea Costa", "none@example.com"))
    report = bring(salon, rows)
    assert (figures(report), report.family_rows) == ({"created": 2}, 0)
    assert str(people(salon)[0].email) == "none@example.com"
    assert figures(bring(salon, rows)) == {"unchanged": 2}
    assert figures(bring(salon, rows, system="web", dry_run=True)) == {"created": 2}


def test_placeholders_among_further_contacts_recognise_nobody_either(salon: crm.Salon) -> None:
    row = {"name": "Ana Silva", "other e-mails": "none@example.com; x@example.com", "address": "Rua Nova 1"}
    for expected in ({"created": 1}, {"unchanged": 1}):
        assert figures(bring(salon, records(row))) == expected
    assert figures(bring(salon, records({**row, "other e-mails": "none@example.com"}))) == {"created": 1}


def test_a_shared_contact_with_another_name_is_a_new_customer_reported_as_family(salon: crm.Salon) -> None:
    ana = add(salon, mobile="912 345 678")
    report = bring(salon, table(("Rui Silva", "", "912 345 678"), ("Bea Costa", "", "+447700900123")))
    assert figures(report) == {"created": 2}
    assert (report.family_rows, report.families) == (1, (crm.Family(2, (ana.id,)),))


def test_family_in_one_file_is_reported_too(salon: crm.Salon) -> None:
    report = bring(salon, table(("Ana Silva", "", "912 345 678"), ("Rui Silva", "", "912 345 678")))
    assert report.families == (crm.Family(3, (people(salon)[0].id,)),)


def test_two_matches_are_a_problem_that_names_their_ids(salon: crm.Salon) -> None:
    ids = sorted(str(add(salon, email=email).id) for email in ("ana@example.com", "ana2@example.com"))
    report = bring(salon, records({"name": "Ana Silva", "email": "ana@example.com", "email 2": "ana2@example.com"}))
    assert problems(report) == [(2, "email", "row-ambiguous")]
    assert all(own_id in report.problems[0].reason for own_id in ids)


def test_two_external_ids_of_two_customers_are_a_problem(salon: crm.Salon) -> None:
    for own_id in ("1", "2"):
        add(salon, external_ids=[("till", own_id)])
    report = bring(salon, records({"name": "Ana Silva", "external ids": '[["till", "1"], ["till", "2"]]'}))
    assert problems(report) == [(2, "external_id", "row-ambiguous")]


# twins


def test_a_twin_in_the_same_file_is_skipped_naming_the_first_line(salon: crm.Salon) -> None:
    rows = table(ANA, ("Bea Costa", "bea@example.com"), ("SILVA, ANA", "ana@example.com", ""), ANA)
    for expected in ({"created": 2, "skipped": 2}, {"unchanged": 2, "skipped": 2}):
        report = bring(salon, rows)
        assert figures(report) == expected
        assert report.twins == (crm.TwinOf(4, 2), crm.TwinOf(5, 2))


def test_a_twin_is_found_whatever_lies_between(salon: crm.Salon) -> None:
    others = [(f"Guest {n}", f"guest{n}@example.com") for n in range(1_100)]
    rows = table(ANA, *others, ANA)
    dry = bring(salon, rows, dry_run=True)
    report = bring(salon, rows)
    assert figures(report) == figures(dry) == {"created": 1_101, "skipped": 1}
    assert report.twins == dry.twins == (crm.TwinOf(1_103, 2),)


def test_a_twin_by_a_contact_the_profile_did_not_take_is_one(salon: crm.Salon) -> None:
    add(salon, email="ana@example.com", mobile="912 345 678")
    rows = table(("Ana Silva", "new@example.com", "912 345 678"), ("Ana Silva", "new@example.com"))
    for _ in range(2):
        assert figures(bring(salon, rows)) == {"unchanged": 1, "skipped": 1}


def test_a_twin_by_a_contact_the_profile_took_is_one_in_a_dry_run_too(salon: crm.Salon) -> None:
    add(salon, email="ana@example.com")
    rows = table(ANA, ("Ana Silva", "", "912 345 678"))
    for dry_run in (True, False):
        assert figures(bring(salon, rows, dry_run=dry_run)) == {"updated": 1, "skipped": 1}


def test_the_same_row_twice_is_a_twin_also_where_it_gives_another_name(salon: crm.Salon) -> None:
    ana = add(salon)
    twice = {"id": str(ana.id), "version": "1", "name": "Ana Costa"}
    assert figures(bring(salon, records(twice, twice))) == {"updated": 1, "skipped": 1}
    add(salon, "Bea Costa", external_ids=[("list", "7")])
    again = {"Client ID": "7", "name": "Bea Dias"}
    assert figures(bring(salon, records(again, again))) == {"unchanged": 1, "skipped": 1}


def test_the_same_id_with_another_name_is_a_problem(salon: crm.Salon) -> None:
    report = bring(salon, records({"Client ID": "7", "name": "Ana Silva"}, {"Client ID": "7", "name": "Bea Costa"}))
    assert (figures(report), problems(report)) == (
        {"created": 1, "refused": 1},
        [(3, "external_id", "row-id-repeated")],
    )
    assert "line 2" in report.problems[0].reason
    row = {"id": CHOSEN, "version": "1"}
    report = bring(salon, records({**row, "name": "Ana Silva"}, {**row, "name": "Bea Costa"}))
    assert problems(report) == [(3, "id", "row-id-repeated")]


def test_an_id_alone_is_a_twin_of_the_line_that_had_it(salon: crm.Salon) -> None:
    ana = add(salon)
    report = bring(
        salon, records({"id": str(ana.id), "version": "1", "gender": "f"}, {"id": str(ana.id), "gender": "f"})
    )
    assert report.twins == (crm.TwinOf(3, 2),)


def test_a_twin_stands_for_what_it_is_known_by_too(salon: crm.Salon) -> None:
    rows = records(
        {"name": "Ana Silva", "email": "ana@example.com"},
        {"name": "Ana Silva", "email": "ana@example.com", "mobile": "912 345 678", "Client ID": "8"},
        {"name": "Ana Silva", "mobile": "912 345 678"},
        {"name": "Silva Ana", "Client ID": "8"},
        {"name": "Bea Costa", "Client ID": "8"},
        {"name": "Ana Silva", "mobile": "912 345 678"},
    )
    for first in ({"created": 1}, {"unchanged": 1}):
        report = bring(salon, rows)
        assert figures(report) == {**first, "skipped": 4, "refused": 1}
        assert {twin.first_line for twin in report.twins} == {2}
        assert [(problem.line, problem.reason.split(" has ")[0]) for problem in report.problems] == [
            (6, "is the id line 3")
        ]


def test_a_twin_of_a_refused_row_is_skipped_too_and_waits_for_the_correction(salon: crm.Salon) -> None:
    ana = add(salon, email="ana@example.com")
    stale = {"id": str(ana.id), "version": "9", "name": "Ana Costa"}
    rows = records(stale, {**stale, "version": "1"}, {"name": "Ana Silva", "email": "ana@example.com", "gender": "f"})
    for _ in range(2):
        report = bring(salon, rows)
        assert (figures(report), problems(report)) == (
            {"skipped": 2, "refused": 1},
            [(2, "version", "row-changed-since-export")],
        )
        assert report.twins == (crm.TwinOf(3, 2), crm.TwinOf(4, 2))


def test_an_id_a_refused_row_has_is_not_given_to_somebody_else(salon: crm.Salon) -> None:
    crm.change_settings(salon, OWNER, required_fields=["mobile"])
    rows = records(
        {"id": CHOSEN, "version": "1", "name": "Ana Silva", "external_ids": '[["till", "1"]]'},
        {"id": CHOSEN, "version": "1", "name": "Bea Costa", "mobile": "912 345 678"},
        {"id": OTHER, "version": "1", "name": "Eva Faria", "mobile": "912 345 678", "external_ids": '[["till", "1"]]'},
    )
    for _ in range(2):
        assert problems(bring(salon, rows)) == [
            (2, "mobile", "required"),
            (3, "id", "row-id-repeated"),
            (4, "external_ids", "row-id-repeated"),
        ]
    assert people(salon) == []


# what a row changes


def test_an_empty_cell_never_clears(salon: crm.Salon) -> None:
    ana = add(salon, email="ana@example.com", gender="female", address={"lines": ["Rua Nova 1"], "city": "Lisboa"})
    empty = {"name": "", "email": " ", "gender": "", "city": "", "external_ids": ""}
    for overwrite in (False, True):
        assert figures(bring(salon, own(ana, **empty), overwrite=overwrite)) == {"unchanged": 1}
        report = bring(salon, records({**empty, "name": "Ana Silva", "email": "ana@example.com"}), overwrite=overwrite)
        assert figures(report) == {"unchanged": 1}
    assert only(salon) == ana


def test_by_our_id_the_list_wins(salon: crm.Salon) -> None:
    ana = add(salon, email="ana@example.com", other_phones=["+447700900123"], preferences="Tea")
    cells = {"name": "Ana Costa", "email": "costa@example.com", "other_phones": "+447700900456"}
    report = bring(salon, own(ana, **cells, preferences="Coffee\nblack", contact_declined="yes"))
    assert figures(report) == {"updated": 1}
    changed = only(salon)
    assert (changed.name, str(changed.email), changed.preferences) == (
        "Ana Costa",
        "costa@example.com",
        "Coffee\nblack",
    )
    assert [str(phone) for phone in changed.other_phones] == ["+447700900456"]
    assert (changed.version, changed.contact_declined, changed.former_names) == (2, True, ("Ana Silva",))


def test_an_address_keeps_the_parts_the_list_does_not_state(salon: crm.Salon) -> None:
    ana = add(salon, address={"lines": ["Rua Nova 1"], "city": "Lisboa", "postal_code": "1000-001"})
    bring(salon, own(ana, postal_code="1000-002", country="Portugal"))
    assert only(salon).address == crm.Address(
        lines=("Rua Nova 1",), city="Lisboa", postal_code="1000-002", country="PT"
    )


def test_a_profile_that_changed_since_the_export_is_a_problem(salon: crm.Salon) -> None:
    ana = add(salon)
    crm.edit_customer(salon, MANAGER, ana.id, gender="female")
    report = bring(salon, own(ana, name="Ana Costa"))
    assert problems(report) == [(2, "version", "row-changed-since-export")]
    assert "version 2" in report.problems[0].reason
    assert names(salon) == ["Ana Silva"]
    assert figures(bring(salon, own(ana, name="Ana Silva"))) == {"unchanged": 1}  # it says nothing else


def test_without_the_version_the_list_wins_all_the_same(salon: crm.Salon) -> None:
    ana = add(salon)
    crm.edit_customer(salon, MANAGER, ana.id, gender="female")
    assert figures(bring(salon, records({"id": str(ana.id), "version": "", "name": "Ana Costa"}))) == {"updated": 1}


def test_matched_otherwise_only_gaps_are_filled(salon: crm.Salon) -> None:
    add(salon, email="ana@example.com", gender="female")
    cells = {"email": "ana@example.com", "gender": "male", "birthday": "1990-05-17", "preferences": "Tea"}
    assert figures(bring(salon, records({"name": "ANA SILVA", **cells}))) == {"updated": 1}
    filled = only(salon)
    assert (filled.name, filled.gender, filled.preferences) == ("Ana Silva", crm.Gender.FEMALE, "Tea")
    assert filled.birthday == crm.PartialDate(5, 17, 1990)


def test_overwrite_lets_the_list_win(salon: crm.Salon) -> None:
    add(salon, email="ana@example.com", gender="female", status="inactive", other_phones=["+447700900123"])
    cells = {"email": "ana@example.com", "gender": "other", "status": "active", "other phones": "+447700900456"}
    report = bring(salon, records({"name": "ANA SILVA", **cells}), overwrite=True)
    assert figures(report) == {"updated": 1}
    changed = only(salon)
    assert (changed.name, changed.gender, changed.status) == ("ANA SILVA", crm.Gender.OTHER, crm.Status.ACTIVE)
    assert list(map(str, changed.other_phones)) == ["+447700900456"]


def test_other_phones_are_joined(salon: crm.Salon) -> None:
    add(salon, email="ana@example.com", mobile="912 345 678", other_phones=["+447700900123"])
    phones = "+447700900456; +447700900123; 912 345 678"
    assert figures(
        bring(salon, records({"name": "Ana Silva", "email": "ana@example.com", "other phones": phones}))
    ) == {"updated": 1}
    assert list(map(str, only(salon).other_phones)) == ["+447700900123", "+447700900456"]


def test_more_values_than_a_profile_keeps_are_a_problem(salon: crm.Salon) -> None:
    numbers = [f"+4477009001{n:02d}" for n in range(20)]
    ana = add(salon, email="ana@example.com", other_phones=numbers)
    row = {"name": "Ana Silva", "email": "ana@example.com", "other phones": "+447700900200"}
    assert problems(bring(salon, records(row))) == [(2, "other_phones", "too-many")]
    assert only(salon) == ana


def test_a_row_may_fill_a_profile_to_the_last_value_it_keeps(salon: crm.Salon) -> None:
    add(salon, email="ana@example.com", other_phones=[f"+4477009001{n:02d}" for n in range(19)])
    row = {"name": "Ana Silva", "email": "ana@example.com", "other phones": "+447700900200"}
    assert figures(bring(salon, records(row))) == {"updated": 1}
    assert len(only(salon).other_phones) == 20


def test_an_external_id_is_added_and_never_dropped(salon: crm.Salon) -> None:
    ana = add(salon, email="ana@example.com", external_ids=[("till", "1")])
    row = {"name": "Ana Silva", "email": "ana@example.com", "Client ID": "7"}
    for overwrite in (False, True):
        bring(salon, records(row), system="web", overwrite=overwrite)
    bring(salon, own(only(salon), external_ids='[["web", "8"]]'))
    assert only(salon).id == ana.id
    assert [(each.system, each.id) for each in only(salon).external_ids] == [("till", "1"), ("web", "7"), ("web", "8")]


@pytest.mark.parametrize("dry_run", [True, False])
def test_an_external_id_of_somebody_else_is_a_problem(salon: crm.Salon, dry_run: bool) -> None:
    bea = add(salon, "Bea Costa", external_ids=[("till", "1")])
    ana = add(salon)
    rows = records(
        {"id": str(ana.id), "version": "1", "name": "Ana Silva", "external_ids": '[["till", "1"]]'},
        {"id": CHOSEN, "version": "1", "name": "Eva Faria", "external_ids": '[["till", "1"]]'},
        {"id": OTHER, "version": "1", "name": "Dora Dias", "external_ids": '[["till", "2"]]'},
        {"id": str(bea.id), "version": "1", "name": "Bea Costa", "external_ids": '[["till", "2"], ["till", "1"]]'},
    )
    report = bring(salon, rows, dry_run=dry_run)
    assert problems(report) == [(line, "external_ids", "external-id-held") for line in (2, 3, 5)]
    assert str(bea.id) in report.problems[0].reason
    assert figures(report) == {"created": 1, "refused": 3}


def test_a_gap_in_an_address_is_filled_where_the_rest_agrees(salon: crm.Salon) -> None:
    add(salon, email="ana@example.com", address={"city": "Lisboa", "country": "PT"})
    row = {"name": "Ana Silva", "email": "ana@example.com", "city": "Lisboa", "address": "Rua Nova 1"}
    assert figures(bring(salon, records(row))) == {"updated": 1}
    elsewhere = {**row, "city": "Porto", "postcode": "4000-001"}
    assert figures(bring(salon, records(elsewhere))) == {"unchanged": 1}
    assert only(salon).address == crm.Address(lines=("Rua Nova 1",), city="Lisboa", country="PT")


def test_a_row_under_a_former_name_fills_no_parts_of_it(salon: crm.Salon) -> None:
    ana = add(salon, email="ana@example.com")
    crm.edit_customer(salon, MANAGER, ana.id, name="Ana Costa")
    row = {"first name": "Ana", "last name": "Silva", "email": "ana@example.com"}
    assert figures(bring(salon, records(row))) == {"unchanged": 1}
    assert (only(salon).first_name, only(salon).last_name) == (None, None)


def test_a_field_the_salon_requires_is_required_of_a_list_too(salon: crm.Salon) -> None:
    crm.change_settings(salon, OWNER, required_fields=["mobile"])
    report = bring(salon, table(ANA, ("Bea Costa", "bea@example.com")))
    assert (figures(report), problems(report)) == ({"created": 1, "refused": 1}, [(3, "mobile", "required")])


# ids of ours


def test_an_id_never_held_creates_the_customer_under_it_with_its_date(salon: crm.Salon) -> None:
    cells = {"id": CHOSEN, "version": "7", "added": "2019-05-17T09:30:00.000001+00:00", "name": "Ana Silva"}
    assert figures(bring(salon, records(cells))) == {"created": 1}
    assert (str(only(salon).id), only(salon).added.isoformat()) == (CHOSEN, cells["added"])
    assert only(salon).version == 1
    assert figures(bring(salon, records(cells))) == {"unchanged": 1}


def test_a_customer_without_a_date_is_added_now(salon: crm.Salon) -> None:
    bring(salon, table(ANA))
    assert only(salon).added == NOON


def test_an_id_that_was_removed_is_a_problem(salon: crm.Salon) -> None:
    ana = add(salon)
    crm.remove_customer(salon, MANAGER, ana.id)
    report = bring(salon, own(ana, name="Ana Silva"))
    assert (figures(report), problems(report)) == ({"refused": 1}, [(2, "id", "row-customer-removed")])
    assert people(salon) == []


def test_an_id_that_was_merged_away_follows_to_the_customer_kept(salon: crm.Salon) -> None:
    kept, gone = add(salon), CustomerId(UUID(CHOSEN))
    with salon.store.writing() as writing:
        writing.aliases.add(Alias(gone, kept.id))
    row = {"id": CHOSEN, "version": "", "name": "Ana Silva", "gender": "f"}
    assert figures(bring(salon, records(row))) == {"updated": 1}
    assert (only(salon).id, only(salon).gender) == (kept.id, crm.Gender.FEMALE)
    both = records({"id": str(kept.id), "version": "2", "name": "Ana Silva"}, row)
    assert bring(salon, both).twins == (crm.TwinOf(3, 2),)


@pytest.mark.parametrize(
    ("column", "cell", "code"),
    [
        ("id", "7", "not-an-id"),
        ("id", "0" * 32, "id-reserved"),
        ("version", "one", "wrong-type"),
        ("version", "²", "wrong-type"),
        ("version", "9" * 5_000, "wrong-type"),
        ("added", "yesterday", "wrong-type"),
        ("added", "2019-05-17T09:30:00", "instant-naive"),
        ("status", "gone", "not-a-choice"),
        ("blocked", "perhaps", "not-a-choice"),
        ("contact_declined", "perhaps", "not-a-choice"),
        ("block_reason", "x" * 501, "text-too-long"),
        ("external_ids", "till 7", "wrong-type"),
        ("external_ids", "7", "wrong-type"),
        ("external_ids", '[["till"]]', "wrong-type"),
        ("external_ids", '[["till", 7]]', "wrong-type"),
        ("external_ids", '{"till": "7"}', "wrong-type"),
        ("external_ids", "[" * 90_000, "wrong-type"),
        ("external_ids", "9" * 5_000, "wrong-type"),
    ],
)
def test_a_cell_of_our_own_export_that_makes_no_sense_is_a_problem(
    salon: crm.Salon, column: str, cell: str, code: str
) -> None:
    row = {"id": CHOSEN, "version": "1", "name": "Ana Silva", column: cell}
    assert problems(bring(salon, records(row))) == [(2, column, code)]


def test_every_problem_of_a_row_is_named(salon: crm.Salon) -> None:
    row = {
        "name": "",
        "email": "nobody",
        "mobile": "12",
        "birthday": "2026-02-30",
        "gender": "Capricorn",
        "note": "\x07",
    }
    report = bring(salon, records({**row, "country": "Atlantis"}))
    assert figures(report) == {"refused": 1}
    fields = {problem.field for problem in report.problems}
    assert fields == {"gender", "note", "email", "mobile", "birthday", "address.country", "name"}


# status, blocks, notes


def test_status_is_taken_by_our_id(salon: crm.Salon) -> None:
    ana = add(salon, email="ana@example.com")
    assert figures(bring(salon, own(ana, status="inactive"))) == {"updated": 1}
    assert (only(salon).status, only(salon).version) == (crm.Status.INACTIVE, 2)
    assert trail(salon)[-2].fields == ("status",)
    report = bring(salon, records({"name": "Ana Silva", "email": "ana@example.com", "status": "active"}))
    assert figures(report) == {"unchanged": 1}


def test_status_is_taken_for_a_new_customer(salon: crm.Salon) -> None:
    bring(salon, records({"name": "Ana Silva", "status": "Inaktiv"}, {"name": "Bea Costa", "status": "Archived"}))
    assert {customer.status for customer in people(salon)} == {crm.Status.INACTIVE}


def test_blocked_sets_a_block_with_its_reason(salon: crm.Salon) -> None:
    ana = add(salon, email="ana@example.com")
    rows = records(
        {
            "name": "Ana Silva",
            "email": "ana@example.com",
            "blocked": "yes",
            "block reason": "Three missed appointments",
        },
        {"name": "Bea Costa", "email": "bea@example.com", "blocked": "TRUE", "block reason": ""},
        {"name": "Eva Faria", "email": "eva@example.com", "blocked": "no", "block reason": "was once"},
    )
    assert figures(bring(salon, rows)) == {"updated": 1, "created": 2}
    reasons = [[block.reason for block in crm.customer_blocks(salon, MANAGER, each.id)] for each in people(salon)]
    assert reasons == [["Three missed appointments"], [transfer.NO_REASON], []]
    assert figures(bring(salon, rows)) == {"unchanged": 3}
    assert crm.get_customer(salon, MANAGER, ana.id).version == 1


def test_a_block_is_never_lifted_and_keeps_its_reason(salon: crm.Salon) -> None:
    ana = add(salon, email="ana@example.com")
    block = crm.block_customer(salon, MANAGER, ana.id, reason="Rude to staff")
    for blocked in ("no", "yes", ""):
        cells = {"blocked": blocked, "block_reason": "Something else"}
        assert figures(bring(salon, own(ana, **cells), overwrite=True)) == {"unchanged": 1}
    assert crm.customer_blocks(salon, MANAGER, ana.id) == (block,)


def test_a_row_with_a_blocked_contact_and_name_is_created_blocked(salon: crm.Salon) -> None:
    ana = add(salon, email="ana@example.com")
    crm.block_customer(salon, MANAGER, ana.id, reason="Rude to staff")
    crm.remove_customer(salon, MANAGER, ana.id)
    bring(salon, table(("Silva Ana", "ana@example.com"), ("Rui Silva", "ana@example.com")))
    ana, rui = people(salon)
    assert crm.may_book(salon, MANAGER, ana.id).answer is crm.Answer.BLOCK
    assert crm.may_book(salon, MANAGER, rui.id).answer is crm.Answer.OK
    assert [alert.customer_id for alert in crm.block_alerts(salon, MANAGER)] == [rui.id]


def test_notes_are_added_and_not_once_more(salon: crm.Salon) -> None:
    add(salon, email="ana@example.com", note="Likes tea")
    row = {
        "name": "Ana Silva",
        "email": "ana@example.com",
        "notes": "Likes tea",
        "comments": "Two\r\nlines",
        "alert": "Nuts",
    }
    assert figures(bring(salon, records(row))) == {"updated": 1}
    ana = only(salon)
    kept = [(note.text, note.alert, note.by) for note in crm.customer_notes(salon, MANAGER, ana.id)]
    assert sorted(kept) == [("Likes tea", False, "bea"), ("Nuts", True, "bea"), ("Two\nlines", False, "bea")]
    assert figures(bring(salon, records(row))) == {"unchanged": 1}
    assert ana.version == 1


# cells as lists write them


def test_several_address_columns_make_one_address(salon: crm.Salon) -> None:
    row = {"name": "Ana Silva", "Address 1": "Rua Nova 1", "Address 2": "2.º\n \nporta B", "Town": "Lisboa"}
    bring(salon, records({**row, "State": "Lisboa", "PLZ": "1000-001", "Land": "Portogallo"}))
    assert only(salon).address == crm.Address(
        lines=("Rua Nova 1", "2.º", "porta B"),
        city="Lisboa",
        subdivision="Lisboa",
        postal_code="1000-001",
        country="PT",
    )


def test_further_phones_and_e_mails_come_from_several_columns(salon: crm.Salon) -> None:
    row = {"name": "Ana Silva", "Home Phone": "213 456 789", "Work Phone": "+447700900123;+447700900456 x12"}
    bring(salon, records({**row, "Phone": "912 345 678", "Email": "ana@example.com", "E-Mail": "a.s@example.com"}))
    ana = only(salon)
    assert str(ana.mobile) == "+351912345678"
    assert [(phone.e164, phone.extension) for phone in ana.other_phones] == [
        ("+351213456789", ""),
        ("+447700900123", ""),
        ("+447700900456", "12"),
    ]
    assert list(map(str, ana.emails)) == ["ana@example.com", "a.s@example.com"]


def test_a_phone_is_the_mobile_only_where_no_column_is(salon: crm.Salon) -> None:
    bring(salon, records({"name": "Ana Silva", "Phone": "213 456 789", "Mobile": "912 345 678"}))
    assert list(map(str, only(salon).phones)) == ["+351912345678", "+351213456789"]


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("PT", "PT"),
        ("pt", "PT"),
        ("Spain", "ES"),
        ("Schweden", "SE"),
        ("France", "FR"),
        ("UK", "GB"),
        ("Österreich", "AT"),
    ],
)
def test_countries_come_by_code_or_name(salon: crm.Salon, written: str, code: str) -> None:
    bring(salon, records({"name": "Ana Silva", "country": written}))
    address = only(salon).address
    assert address is not None
    assert address.country == code


@pytest.mark.parametrize(
    ("word", "gender"),
    [
        ("F", crm.Gender.FEMALE),
        ("weiblich", crm.Gender.FEMALE),
        ("Mrs.", crm.Gender.FEMALE),
        ("Männlich", crm.Gender.MALE),
        ("homme", crm.Gender.MALE),
        ("Divers", crm.Gender.OTHER),
        ("o", crm.Gender.OTHER),
        ("Prefer not to say", None),
        ("-", None),
    ],
)
def test_gender_comes_in_the_words_of_lists(salon: crm.Salon, word: str, gender: crm.Gender | None) -> None:
    bring(salon, records({"name": "Ana Silva", "gender": word}))
    assert only(salon).gender is gender


@pytest.mark.parametrize(
    ("code", "mobile", "number"),
    [
        ("44", "7700 900123", "+447700900123"),
        ("+44", "07700 900123", "+447700900123"),
        ("0044", "7700900123", "+447700900123"),
        ("44", "+351 912 345 678", "+351912345678"),
        ("44", "00351912345678", "+351912345678"),
        ("", "912 345 678", "+351912345678"),
    ],
)
def test_a_country_code_may_stand_in_a_column_of_its_own(salon: crm.Salon, code: str, mobile: str, number: str) -> None:
    bring(salon, records({"name": "Ana Silva", "Country code": code, "Mobile": mobile}))
    assert str(only(salon).mobile) == number


def test_phones_belong_to_the_region_stated_for_the_list(salon: crm.Salon) -> None:
    bring(salon, table(("Ana Silva", "", "07700 900123")), region="GB")
    assert str(only(salon).mobile) == "+447700900123"


@pytest.mark.parametrize("columns", [("first name", "last name"), ("Nachname", "Vorname")])
def test_one_part_may_be_the_whole_name(salon: crm.Salon, columns: tuple[str, str]) -> None:
    bring(salon, table(("Ana", ""), ("", "Silva"), ("Bea", "Costa"), header=columns))
    assert sorted(names(salon)) == ["Ana", "Bea Costa" if columns[0] == "first name" else "Costa Bea", "Silva"]


# figures, audit, permission


def test_a_dry_run_gives_the_same_figures_and_writes_nothing(salon: crm.Salon) -> None:
    add(salon, email="ana@example.com")
    crm.block_customer(salon, MANAGER, add(salon, "Eva Faria", email="eva@example.com").id, reason="Rude")
    rows = table(ANA, ("Bea Costa", "bea@example.com"), ANA, ("", "x@example.com"), ("Eva Faria", "eva@example.com"))
    before = content_of(salon)
    dry = bring(salon, rows, dry_run=True)
    assert content_of(salon) == before
    report = bring(salon, rows)
    assert (dry.dry_run, report.dry_run) == (True, False)
    assert figures(dry) == figures(report) == {"created": 1, "updated": 1, "unchanged": 1, "skipped": 1, "refused": 1}
    assert (dry.problems, dry.twins) == (report.problems, report.twins)
    assert content_of(salon) != before


def test_the_audit_says_what_an_import_did(salon: crm.Salon) -> None:
    bea = add(salon, "Bea Costa", email="bea@example.com")
    before = len(trail(salon))
    rows = records(
        {"name": "Ana Silva", "email": "ana@example.com", "gender": "", "note": "Likes tea"},
        {"name": "Bea Costa", "email": "bea@example.com", "gender": "f", "note": ""},
        {"name": "", "email": "x@example.com"},
    )
    report = bring(salon, rows, system="old-till")
    started, added, note, edited, ended = trail(salon)[before:]
    run = {"import": str(report.import_id)}
    assert (started.action, dict(started.details)) == (crm.AuditAction.IMPORT_STARTED, {**run, "system": "old-till"})
    assert (added.action, added.fields, dict(added.details)) == (crm.AuditAction.CUSTOMER_ADDED, ("email", "name"), run)
    assert (note.action, note.customer_id) == (crm.AuditAction.NOTE_ADDED, added.customer_id)
    assert (edited.action, edited.customer_id, edited.fields, edited.version, dict(edited.details)) == (
        crm.AuditAction.CUSTOMER_EDITED, bea.id, ("gender",), 2, run,
    )  # fmt: skip
    counts = {"created": 1, "updated": 1, "unchanged": 0, "skipped": 0, "refused": 1}
    assert (ended.action, dict(ended.details)) == (crm.AuditAction.IMPORT_ENDED, {**run, **counts})
    assert {entry.by for entry in (started, added, note, edited, ended)} == {"bea"}
    assert crm.verify_audit(salon, OWNER).ok


def test_progress_is_told_after_each_slice(salon: crm.Salon) -> None:
    told: list[int] = []
    rows = [(f"Guest {n}", f"guest{n}@example.com") for n in range(600)]
    bring(salon, table(*rows), progress=told.append, dry_run=True)
    assert told == [500, 600]


def test_what_progress_raises_ends_the_import_between_two_slices(salon: crm.Salon) -> None:
    rows = table(*((f"Guest {n}", f"guest{n}@example.com") for n in range(1_100)))

    def exit_at_once(_: int) -> None:
        raise SystemExit(3)

    with pytest.raises(SystemExit):
        bring(salon, rows, progress=exit_at_once)
    assert len(people(salon)) == 500
    assert trail(salon)[-1].action is crm.AuditAction.CUSTOMER_ADDED
    assert figures(bring(salon, rows)) == {"created": 600, "unchanged": 500}
    assert crm.verify_audit(salon, OWNER).ok


def test_a_row_the_store_refuses_takes_no_other_along(salon: crm.Salon, monkeypatch: pytest.MonkeyPatch) -> None:
    with salon.reading() as reading:
        customers: Any = type(reading.customers)
    add = customers.add

    def refuse_bea(self: Any, customer: crm.Customer) -> None:
        if customer.name == "Bea Costa":
            raise crm.Conflict("id-taken", field="id")
        add(self, customer)

    monkeypatch.setattr(customers, "add", refuse_bea)
    monkeypatch.setattr(customers, "add_many", Repository.add_many)
    bea, eva = ("Bea Costa", "bea@example.com", "Likes tea"), ("Eva Faria", "eva@example.com", "Brings her dog")
    report = bring(salon, table(("Ana Silva", "ana@example.com", ""), bea, bea, eva, header=("name", "email", "note")))
    assert (figures(report), problems(report)) == ({"created": 2, "skipped": 1, "refused": 1}, [(3, "id", "id-taken")])
    assert [(twin.line, twin.first_line) for twin in report.twins] == [(4, 3)]
    assert names(salon) == ["Ana Silva", "Eva Faria"]
    done = [crm.AuditAction.CUSTOMER_ADDED] * 2 + [crm.AuditAction.NOTE_ADDED, crm.AuditAction.IMPORT_ENDED]
    assert [entry.action for entry in trail(salon)][-4:] == done
    assert crm.verify_audit(salon, OWNER).ok


def test_an_import_is_refused_within_a_transaction(salon: crm.Salon) -> None:
    with salon.transaction() as tx, pytest.raises(crm.RuleBroken) as caught:
        bring(tx, table(ANA))
    assert caught.value.code == "sliced-in-transaction"
    assert people(salon) == []


@pytest.mark.parametrize("actor", [STAFF, RECEPTIONIST], ids=str)
def test_staff_cannot_import(salon: crm.Salon, actor: crm.Actor) -> None:
    with pytest.raises(crm.NotPermitted) as caught:
        crm.import_customers(salon, actor, "/nowhere/list.csv")
    assert caught.value.params["permission"] == crm.Permission.IMPORT


@pytest.mark.parametrize("actor", [MANAGER, ADMIN, OWNER], ids=str)
def test_managers_and_above_import(salon: crm.Salon, actor: crm.Actor) -> None:
    assert crm.import_customers(salon, actor, table(ANA)).created == 1


def test_an_actor_limited_to_locations_does_not_import(salon: crm.Salon) -> None:
    with pytest.raises(crm.NotPermitted):
        crm.import_customers(salon, crm.Actor("bea", crm.Role.MANAGER, frozenset()), table(ANA))


@pytest.mark.parametrize(
    ("column", "cell", "permission"),
    [
        ("blocked", "no", crm.Permission.CHANGE_BLOCKS),
        ("notes", "Likes tea", crm.Permission.CHANGE_NOTES),
        ("alert", "Nuts", crm.Permission.CHANGE_NOTES),
        ("status", "inactive", crm.Permission.CHANGE_STATUS),
    ],
)
def test_a_list_does_nothing_its_bringer_may_not_do_by_hand(
    column: str, cell: str, permission: crm.Permission, clock: FixedClock
) -> None:
    row = {**crm.DEFAULT_PERMISSIONS.roles[crm.Role.MANAGER]}
    del row[permission]
    permissions = crm.PermissionTable(
        {crm.Role.MANAGER: row, crm.Role.OWNER: crm.DEFAULT_PERMISSIONS.roles[crm.Role.OWNER]}
    )
    with crm.open_salon(
        region="PT", zone="Europe/Lisbon", currency="EUR", clock=clock, permissions=permissions
    ) as salon:
        list_ = records({"name": "Ana Silva", column: cell})
        with pytest.raises(crm.NotPermitted) as caught:
            bring(salon, list_)
        assert caught.value.params["permission"] == permission
        assert people(salon) == []
        assert figures(bring(salon, list_, mapping={column: None})) == {"created": 1}


def test_nothing_anybody_typed_is_in_problems_reports_errors_or_the_audit(salon: crm.Salon) -> None:
    canary = "Zanzibar"
    email, phone = f"{canary}@example.com".lower(), "+447700900987"
    good = {"name": canary, "email": email, "mobile": phone, "notes": canary, "blocked": "yes", "block reason": canary}
    bad = [
        {column: cell}
        for column, cell in {
            "name": canary * 40,
            "email": f"{canary}@@example.com",
            "mobile": f"{canary} 7700900987",
            "birthday": canary,
            "gender": canary,
            "country": canary,
            "language": canary * 2,
            "zone": canary,
            "blocked": canary,
            "status": canary,
            "contact declined": canary,
            "external ids": f'["{canary}"]',
            "notes": f"{canary}\x07",
            "Client ID": canary * 200,
        }.items()
    ]
    rows = records(
        {**good, "Client ID": canary}, *({"name": canary, **cells} for cells in bad), {**good, "name": "Other"}
    )
    bring(salon, records({"name": canary, "email": email}, {"name": f"{canary} Two", "email": email}))
    report = bring(salon, rows)
    assert report.refused == len(bad)
    said = f"{report!r} {report.problems} {report.twins} {report.families} {trail(salon)}"
    for value in (canary, canary.lower(), "7700900987"):
        assert value not in said.replace("canary", "")


def test_a_list_needs_no_columns_but_those_that_say_who(salon: crm.Salon) -> None:
    assert figures(bring(salon, table(("ana@example.com",), header=("email",)))) == {"refused": 1}
    assert HEADER == ("name", "email", "mobile")


@pytest.mark.parametrize("wrong", [{"dry_run": None}, {"dry_run": 0}, {"overwrite": "no"}, {"progress": 5}])
def test_a_wrong_switch_is_refused_before_anything_is_done(salon: crm.Salon, wrong: dict[str, Any]) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.import_customers(salon, MANAGER, b"name,email\nAna,ana@example.com\n", **wrong)
    assert (caught.value.code, caught.value.field) == ("wrong-type", *wrong)
    assert crm.count_customers(salon, MANAGER) == 0


def test_two_namesakes_of_whom_one_is_blocked_come_back_as_they_were(salon: crm.Salon) -> None:
    ana, other = (add(salon, mobile="912 345 678") for _ in range(2))
    crm.block_customer(salon, MANAGER, ana.id, reason="No-shows")
    target = BytesIO()
    crm.export_customers(salon, ADMIN, target)
    with crm.open_salon(region="PT", zone="Europe/Lisbon", currency="EUR") as empty:
        crm.import_customers(empty, MANAGER, target.getvalue())
        assert crm.may_book(empty, MANAGER, ana.id).answer is crm.Answer.BLOCK
        assert crm.may_book(empty, MANAGER, other.id).answer is crm.Answer.OK
        assert [alert.customer_id for alert in crm.block_alerts(empty, MANAGER)] == [other.id]


@pytest.mark.parametrize(
    ("known_by", "prints"),
    [
        ({"email": "ana@example.com"}, 0),
        ({"mobile": "912 345 678"}, 0),
        ({"external ids": '[["till", "1"]]'}, 0),
        ({"email": "ana@example.com", "external ids": '[["till", "1"]]'}, 0),
        ({}, 1),
    ],
)
def test_only_a_row_with_nothing_to_be_known_by_leaves_a_fingerprint(
    salon: crm.Salon, known_by: dict[str, str], prints: int
) -> None:
    bring(salon, records({"name": "Ana Silva", **known_by}))
    ana = only(salon)
    with salon.reading() as reading:
        assert len(reading.fingerprints.of_customers([ana.id]).get(ana.id, ())) == prints


def test_a_report_lists_so_many_of_each_and_counts_them_all(salon: crm.Salon, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr("salon_crm.use_cases.importing.MOST_LISTED", 2)
    monkeypatch.setattr("salon_crm.use_cases.importing.SLICE", 1)
    family = [(f"{name} Silva", "", "912 345 678") for name in ("Ana", "Bea", "Carla", "Dora", "Eva")]
    twins = [family[0]] * 3
    wrong = [("Filipa Gomes", "no address", "")] * 3
    report = bring(salon, table(*family, *twins, *wrong))
    assert figures(report) == {"created": 5, "skipped": 3, "refused": 3}
    assert ([each.line for each in report.families], report.family_rows) == ([3, 4], 4)
    assert [each.line for each in report.twins] == [7, 8]
    assert [line for line, _, _ in problems(report)] == [10, 11]
