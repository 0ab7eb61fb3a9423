"""The profile: its name, its form, what is kept of former values, and the keys it is found by."""

from collections.abc import Iterator, Mapping
from datetime import date
from itertools import count, repeat
from typing import Any, Final

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from tests.domain.samples import CONTEXT, NOW, SETTINGS, TODAY, a_customer, customer_id, edited

from salon_crm.domain.contact import EmailAddress, PhoneNumber
from salon_crm.domain.customers import (
    MOST_VALUES,
    PROFILE,
    Address,
    Customer,
    CustomerForm,
    CustomerRow,
    FieldKind,
    FormContext,
    FormSection,
    Gender,
    ProfileFields,
    Status,
    changed_customer,
    contact_keys,
    joined_name,
    known_names,
    new_customer,
    search_keys,
    without_former,
)
from salon_crm.domain.dates import PartialDate
from salon_crm.domain.ids import ExternalId
from salon_crm.domain.settings import REQUIRABLE_FIELDS, Settings
from salon_crm.domain.text import NAME_LIMIT
from salon_crm.errors import InvalidDocument, InvalidValue

STRICT: Final = evolve(SETTINGS, required_fields=("email", "mobile", "birthday"))


def check(**fields: Any) -> Mapping[str, Any]:
    return CustomerForm(fields).check(CONTEXT)


def problems_of(**fields: Any) -> dict[str | None, str]:
    with pytest.raises(InvalidDocument) as caught:
        check(**fields)
    return {problem.field: problem.code for problem in caught.value.problems}


def missing(settings: Settings, /, **fields: Any) -> set[str | None]:
    with pytest.raises(InvalidDocument) as caught:
        a_customer(settings=settings, **fields)
    assert {problem.code for problem in caught.value.problems} == {"required"}
    return {problem.field for problem in caught.value.problems}


# ---------------------------------------------------------------------------------------------- names


def test_the_full_name_is_enough() -> None:
    ana = a_customer(name="Ana Maria da Silva")
    assert (ana.name, ana.first_name, ana.last_name) == ("Ana Maria da Silva", None, None)


def test_the_name_is_joined_from_its_parts() -> None:
    assert a_customer(first_name="Ana", last_name="Silva").name == "Ana Silva"


@pytest.mark.parametrize("fields", [{}, {"first_name": "Ana"}, {"last_name": "Silva"}, {"email": "ana@example.com"}])
def test_without_a_full_name_or_both_parts_there_is_no_customer(fields: dict[str, Any]) -> None:
    values: ProfileFields = CustomerForm(fields).check(CONTEXT)
    with pytest.raises(InvalidDocument) as caught:
        new_customer(customer_id(1), values, added=NOW, settings=SETTINGS)
    assert [(problem.field, problem.code) for problem in caught.value.problems] == [("name", "required")]


def test_a_stated_name_wins_over_its_parts() -> None:
    ana = a_customer(name="Ana da Silva", first_name="Ana", last_name="Silva")
    assert ana.name == "Ana da Silva"
    assert edited(ana, last_name="Sousa").name == "Ana da Silva"


def test_editing_a_part_rejoins_the_name_where_it_was_joined() -> None:
    ana = a_customer(first_name="Ana", last_name="Silva")
    assert edited(ana, last_name="Sousa").name == "Ana Sousa"
    assert edited(ana, first_name="Anita", last_name="Sousa").name == "Anita Sousa"


def test_a_full_name_is_never_split() -> None:
    ana = edited(a_customer(name="Ana Silva"), name="Ana Sousa")
    assert (ana.first_name, ana.last_name) == (None, None)
    assert edited(ana, first_name="Rita").name == "Ana Sousa"


def test_clearing_the_name_joins_it_from_its_parts_again() -> None:
    ana = a_customer(name="Dona Ana", first_name="Ana", last_name="Silva")
    assert edited(ana, name=None).name == "Ana Silva"
    with pytest.raises(InvalidDocument, match="Give name, or first_name and last_name"):
        edited(a_customer(), name=None)


def test_taking_a_part_from_a_joined_name_leaves_the_other() -> None:
    ana = a_customer(first_name="Ana", last_name="Silva")
    assert edited(ana, last_name=None).name == "Ana"
    assert edited(ana, first_name=None).name == "Silva"
    with pytest.raises(InvalidDocument, match="name: is required"):
        edited(ana, first_name=None, last_name=None)
    assert edited(ana, last_name=None, name="Ana").name == "Ana"


def test_a_name_that_only_joining_makes_too_long_is_refused() -> None:
    half = "a" * (NAME_LIMIT // 2)
    assert problems_of(name="a" * (NAME_LIMIT + 1)) == {"name": "text-too-long"}
    with pytest.raises(InvalidDocument) as caught:
        a_customer(first_name=half, last_name=half)
    assert [(problem.field, problem.code) for problem in caught.value.problems] == [("name", "text-too-long")]
    assert a_customer(first_name=half, last_name=half, name="Ana").name == "Ana"
    with pytest.raises(InvalidDocument):
        edited(a_customer(first_name=half, last_name=half[1:]), last_name=half)


def test_both_parts_make_the_joined_name_and_one_does_not() -> None:
    assert joined_name("Ana", "Silva") == "Ana Silva"
    assert joined_name("Ana", None) is joined_name(None, "Silva") is joined_name("", "Silva") is None


# ------------------------------------------------------------------------------------ what a form takes


def test_every_field_is_read_into_what_is_kept() -> None:
    ana = a_customer(
        name="Ana Silva",
        email="Ana@Example.com",
        other_emails=["a.silva@example.com", "Ana@example.com"],
        mobile="912 345 678",
        other_phones=["+44 7700 900123"],
        birthday="--05-17",
        anniversary=date(2015, 9, 1),
        gender=" Female ",
        referral_source="a friend",
        address={"lines": "Rua Um 1\n2.º esq.", "city": "Lisboa", "postal_code": "1000-001", "country": "portugal"},
        language="pt-br",
        zone="Europe/Lisbon",
        preferences="tea\nno music",
        external_ids=[("till", "17"), ExternalId("web", "ana")],
    )
    assert str(ana.email) == "Ana@example.com"
    assert [str(email) for email in ana.other_emails] == ["a.silva@example.com"]
    assert (str(ana.mobile), [str(phone) for phone in ana.other_phones]) == ("+351912345678", ["+447700900123"])
    assert (ana.birthday, ana.anniversary) == (PartialDate(5, 17), PartialDate(9, 1, 2015))
    assert (ana.gender, ana.language, ana.zone) == (Gender.FEMALE, "pt-BR", "Europe/Lisbon")
    assert ana.address == Address(lines=("Rua Um 1", "2.º esq."), city="Lisboa", postal_code="1000-001", country="PT")
    assert ana.external_ids == (ExternalId("till", "17"), ExternalId("web", "ana"))
    assert (ana.status, ana.version, ana.added) == (Status.ACTIVE, 1, NOW)
    assert ana.emails == (ana.email, *ana.other_emails)
    assert ana.phones == (ana.mobile, *ana.other_phones)


def test_what_was_kept_is_taken_again_as_it_is() -> None:
    ana = a_customer(
        email="ana@example.com", mobile="912345678", address={"city": "Lisboa"}, gender="other", birthday="--05-17"
    )
    again, changed = changed_customer(ana, {name: getattr(ana, name) for name in PROFILE}, settings=SETTINGS)  # type: ignore[arg-type]  # every field
    assert again is ana
    assert changed == ()
    kept = CustomerForm({name: getattr(ana, name) for name in PROFILE}).check(CONTEXT)
    assert changed_customer(ana, kept, settings=SETTINGS) == (ana, ())


def test_none_clears_every_field_but_the_name() -> None:
    ana = a_customer(
        email="ana@example.com",
        other_emails=["rui@example.com"],
        mobile="912345678",
        contact_declined=True,
        birthday="--05-17",
        gender="female",
        address={"city": "Lisboa"},
        external_ids=[("till", "1")],
    )
    nothing: dict[str, Any] = dict.fromkeys(set(PROFILE) - {"name"})
    cleared = edited(ana, keep_former=False, **nothing)
    assert cleared == evolve(a_customer(), version=2)


def test_what_is_not_passed_stays() -> None:
    ana = a_customer(email="ana@example.com", gender="female")
    assert edited(ana, birthday="--05-17") == evolve(ana, birthday=PartialDate(5, 17), version=2)


def test_an_edit_that_changes_nothing_is_no_new_version() -> None:
    ana = a_customer(email="ana@example.com")
    same, fields = changed_customer(ana, CustomerForm({"email": "ana@EXAMPLE.com"}).check(CONTEXT), settings=SETTINGS)
    assert same is ana
    assert fields == ()


def test_an_edit_names_the_fields_that_differ_in_the_order_of_the_form() -> None:
    ana = a_customer(first_name="Ana", last_name="Silva")
    values = CustomerForm({"zone": "UTC", "last_name": "Sousa", "first_name": "Ana"}).check(CONTEXT)
    changed, fields = changed_customer(ana, values, settings=SETTINGS)
    assert fields == ("name", "last_name", "zone")
    assert changed.version == 2


def test_all_problems_of_a_form_come_together_each_with_its_field() -> None:
    assert problems_of(
        name="\0",
        email="ana",
        other_emails=["rui@example.com", "x@"],
        mobile="1-800-FLOWERS",
        other_phones="912345678",
        contact_declined="yes",
        birthday="17/05/1990",
        anniversary=date(2027, 1, 1),
        gender="f",
        referral_source="x" * 501,
        address={"country": "Atlantis"},
        language="portuguese",
        zone="Lisbon",
        preferences=7,
        external_ids=[("till",)],
        status="active",
        favourite="tea",
    ) == {
        "name": "text-forbidden-character",
        "email": "email-invalid",
        "other_emails": "email-invalid",
        "mobile": "phone-invalid",
        "other_phones": "wrong-type",
        "contact_declined": "wrong-type",
        "birthday": "date-invalid",
        "anniversary": "date-in-future",
        "gender": "not-a-choice",
        "referral_source": "text-too-long",
        "address.country": "country-unknown",
        "language": "language-invalid",
        "zone": "zone-unknown",
        "preferences": "wrong-type",
        "external_ids": "wrong-type",
        "status": "unknown-field",
        "favourite": "unknown-field",
    }


@pytest.mark.parametrize(
    ("name", "hint"),
    [
        ("status", "activate_customer"),
        ("blocked", "block_customer"),
        ("note", "add_note"),
        ("alert_note", r"add_note\(alert=True\)"),
        ("id", "never changes"),
        ("version", "version="),
        ("emial", "Fields are name, first_name"),
    ],
)
def test_an_unknown_field_is_refused_with_the_way_out(name: str, hint: str) -> None:
    with pytest.raises(InvalidDocument, match=f"{name}: is not a field here.*{hint}"):
        check(**{name: "x"})


def test_a_form_shows_its_fields_and_never_their_values() -> None:
    assert repr(CustomerForm({"name": "Ana Canary", "email": "canary@example.com"})) == "CustomerForm(email, name)"


@pytest.mark.parametrize("name", ["other_emails", "other_phones", "external_ids"])
def test_a_profile_keeps_twenty_further_values_of_a_kind(name: str) -> None:
    values: Any = {
        "other_emails": [f"ana{n}@example.com" for n in range(MOST_VALUES + 1)],
        "other_phones": [f"+44 7700 9001{n:02}" for n in range(MOST_VALUES + 1)],
        "external_ids": [("till", str(n)) for n in range(MOST_VALUES + 1)],
    }[name]
    assert len(check(**{name: values[1:]})[name]) == MOST_VALUES
    assert problems_of(**{name: values}) == {name: "too-many"}


@pytest.mark.parametrize("value", ["ana@example.com", b"", 7, {"a": 1}, {"email": "ana@example.com"}])
def test_further_values_are_a_sequence(value: object) -> None:
    assert problems_of(other_emails=value) == {"other_emails": "wrong-type"}


def test_further_values_are_kept_once_and_not_beside_the_first() -> None:
    ana = a_customer(mobile="912345678", other_phones=["912 345 678", "913 345 678", "+351 913 345 678"])
    assert [str(phone) for phone in ana.other_phones] == ["+351913345678"]
    assert edited(ana, mobile="913345678").other_phones == ()


@pytest.mark.parametrize(
    ("value", "kept"),
    [
        ({}, None),
        ({"lines": []}, None),
        ({"city": None}, None),
        (Address(), None),
        ({"lines": "one\r\n\r\ntwo"}, Address(lines=("one", "two"))),
        ({"lines": ["one", "", "two\tthree"]}, Address(lines=("one", "two\tthree"))),
        (Address(city="Lisboa", country="pt"), Address(city="Lisboa", country="PT")),
    ],
)
def test_an_address_without_any_part_is_none(value: object, kept: Address | None) -> None:
    assert check(address=value)["address"] == kept


@pytest.mark.parametrize(
    ("value", "field", "code"),
    [
        ("Rua Um 1", "address", "wrong-type"),
        (["Rua Um 1"], "address", "wrong-type"),
        ({"street": "Rua Um 1"}, "address", "unknown-field"),
        ({1: "Rua Um 1"}, "address", "unknown-field"),
        ({"lines": 1}, "address.lines", "wrong-type"),
        ({"lines": ["x"] * 9}, "address.lines", "too-many"),
        ({"lines": ["x" * 501]}, "address.lines", "text-too-long"),
        ({"city": ""}, "address.city", "text-empty"),
        ({"postal_code": 1000}, "address.postal_code", "wrong-type"),
    ],
)
def test_a_part_of_an_address_that_cannot_be_taken_is_named(value: object, field: str, code: str) -> None:
    assert problems_of(address=value) == {field: code}


@pytest.mark.parametrize(
    ("written", "kept"), [("pt", "pt"), ("PT-br", "pt-BR"), (" en-gb ", "en-GB"), ("zh-Hant-tw", "zh-hant-TW")]
)
def test_a_language_is_a_tag(written: str, kept: str) -> None:
    assert check(language=written)["language"] == kept


@pytest.mark.parametrize("written", ["", "p", "portuguese", "pt_BR", "pt-", "ｐｔ", "pt-B", 7, ["pt"]])
def test_what_is_no_language_tag_is_refused(written: object) -> None:
    assert problems_of(language=written) == {"language": "language-invalid"}


@pytest.mark.parametrize("written", [Gender.OTHER, "other", "OTHER", " Other"])
def test_gender_is_one_of_three_or_not_said(written: object) -> None:
    assert check(gender=written)["gender"] is Gender.OTHER
    assert check(gender=None)["gender"] is None


@pytest.mark.parametrize("written", ["", "f", "woman", 1, [], {}, None.__class__])
def test_any_other_gender_is_refused_with_the_choices(written: object) -> None:
    with pytest.raises(InvalidDocument, match="must be one of female, male, other"):
        check(gender=written)


@given(
    st.dictionaries(
        st.sampled_from([*PROFILE, "status", "x"]),
        st.recursive(
            st.none() | st.booleans() | st.integers() | st.text(st.characters(codec=None)) | st.dates() | st.binary(),
            lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=3),
            max_leaves=4,
        ),
    )
)
def test_whatever_a_form_is_given_it_is_kept_or_every_problem_has_a_field(values: dict[str, Any]) -> None:
    try:
        checked = CustomerForm(values).check(CONTEXT)
        made = new_customer(customer_id(1), checked, added=NOW, settings=SETTINGS)
    except InvalidDocument as caught:
        assert caught.problems
        assert all(problem.field for problem in caught.problems)
        assert {str(problem.field).partition(".")[0] for problem in caught.problems} <= {*values, "name"}
    else:
        assert made.name
        search_keys(made).words.encode()


def test_the_form_has_its_fields_in_five_sections() -> None:
    assert {each.section for each in PROFILE.values()} == set(FormSection)
    assert [name for name, each in PROFILE.items() if each.section is FormSection.BASIC] == [
        "name",
        "first_name",
        "last_name",
        "email",
        "other_emails",
        "mobile",
        "other_phones",
        "contact_declined",
        "birthday",
        "anniversary",
        "gender",
        "referral_source",
    ]
    assert PROFILE["gender"].kind is FieldKind.CHOICE
    assert PROFILE["gender"].choices == tuple(Gender)
    assert set(PROFILE) == set(ProfileFields.__annotations__)
    assert set(REQUIRABLE_FIELDS) < set(PROFILE)


# -------------------------------------------------------------------------------------- required fields


def test_a_new_customer_has_every_field_the_settings_require() -> None:
    assert missing(STRICT) == {"email", "mobile", "birthday"}
    assert missing(STRICT, email="ana@example.com") == {"mobile", "birthday"}


def test_contact_declined_satisfies_a_required_contact_and_nothing_else() -> None:
    assert missing(STRICT, contact_declined=True) == {"birthday"}
    assert a_customer(settings=STRICT, contact_declined=True, birthday="--05-17").email is None


def test_the_sentence_of_a_missing_contact_tells_how_to_record_that_it_was_declined() -> None:
    with pytest.raises(InvalidDocument, match=r"mobile: .*contact_declined"):
        a_customer(settings=STRICT, email="ana@example.com", birthday="--05-17")


def test_a_field_required_later_does_not_stop_edits_of_others() -> None:
    ana = a_customer()
    assert edited(ana, settings=STRICT, gender="female").gender is Gender.FEMALE
    with pytest.raises(InvalidDocument, match="birthday: is required"):
        edited(ana, settings=STRICT, birthday=None)


def test_a_required_field_cannot_be_cleared() -> None:
    ana = a_customer(email="ana@example.com", mobile="912345678", birthday="--05-17")
    for name in STRICT.required_fields:
        nothing: dict[str, Any] = {name: None}
        with pytest.raises(InvalidDocument, match=f"{name}: is required"):
            edited(ana, settings=STRICT, **nothing)
    assert edited(ana, settings=STRICT, email=None, contact_declined=True).email is None


def test_taking_back_that_contact_was_declined_asks_for_the_contact_again() -> None:
    ana = a_customer(settings=STRICT, contact_declined=True, birthday="--05-17")
    with pytest.raises(InvalidDocument) as caught:
        edited(ana, settings=STRICT, contact_declined=False)
    assert {problem.field for problem in caught.value.problems} == {"email", "mobile"}
    back = edited(ana, settings=STRICT, contact_declined=None, email="ana@example.com", mobile="912345678")
    assert not back.contact_declined


def test_a_customer_from_before_a_rule_is_not_asked_while_nothing_was_declined() -> None:
    assert edited(a_customer(), settings=STRICT, contact_declined=False, gender="male").gender is Gender.MALE


# -------------------------------------------------------------------------------------- former values


def test_replaced_names_and_contacts_become_former_ones() -> None:
    ana = a_customer(email="ana@example.com", mobile="912345678", other_emails=["silva@example.com"])
    moved = edited(ana, name="Ana Sousa", email="sousa@example.com", mobile=None, other_emails=[])
    assert moved.former_names == ("Ana Silva",)
    assert [str(email) for email in moved.former_emails] == ["ana@example.com", "silva@example.com"]
    assert [str(phone) for phone in moved.former_phones] == ["+351912345678"]


def test_former_values_are_not_kept_when_told_not_to() -> None:
    ana = a_customer(email="ana@example.com")
    assert edited(ana, keep_former=False, name="Ana Sousa", email=None).former_names == ()


def test_a_value_that_moves_within_the_profile_is_not_former() -> None:
    ana = a_customer(email="ana@example.com")
    assert edited(ana, email="sousa@example.com", other_emails=["ana@example.com"]).former_emails == ()


def test_a_value_in_use_again_is_no_longer_former() -> None:
    ana = edited(a_customer(email="ana@example.com"), name="Ana Sousa", email="sousa@example.com")
    back = edited(ana, name="Ana Silva", email="ana@example.com")
    assert back.former_names == ("Ana Sousa",)
    assert [str(email) for email in back.former_emails] == ["sousa@example.com"]


def test_a_contact_written_otherwise_is_the_same_contact_and_not_former() -> None:
    ana = a_customer(email="Ana@example.com", mobile="+44 7700 900123 ext. 1")
    again = edited(ana, email="ana@example.com", mobile="+44 7700 900123 ext. 2")
    assert (again.former_emails, again.former_phones) == ((), ())


def test_the_last_twenty_former_values_are_kept() -> None:
    ana = a_customer()
    for number in range(MOST_VALUES + 5):
        ana = edited(ana, name=f"Ana {number}")
    assert ana.former_names == tuple(f"Ana {number}" for number in range(4, MOST_VALUES + 4))


def test_former_values_go_without_trace_when_the_customer_asks() -> None:
    ana = edited(a_customer(email="ana@example.com"), name="Ana Sousa", email="sousa@example.com")
    clean = without_former(ana)
    assert (clean.former_names, clean.former_emails, clean.former_phones) == ((), (), ())
    assert clean.version == ana.version + 1
    assert without_former(clean) is clean
    assert "silva" not in search_keys(clean).words
    assert "ana@example.com" not in contact_keys(clean)


emails = st.sampled_from([None, "ana@example.com", "Ana@example.com", "rui@example.com", "eva@example.com"])
phones = st.sampled_from([None, "912345678", "912345679", "+44 7700 900123", "+44 7700 900123 x2"])


@given(
    st.lists(
        st.fixed_dictionaries(
            {},
            optional={
                "name": st.sampled_from(["Ana Silva", "Ana Sousa", "ana sousa", "Rui"]),
                "email": emails,
                "other_emails": st.lists(emails.filter(bool), max_size=3),
                "mobile": phones,
                "other_phones": st.lists(phones.filter(bool), max_size=3),
            },
        ),
        max_size=6,
    )
)
def test_nothing_is_lost_by_edits_and_nothing_in_use_is_former(edits: list[dict[str, Any]]) -> None:
    ana = a_customer()
    seen, names = set(contact_keys(ana)), {ana.name}
    for changes in edits:
        ana = edited(ana, **changes)
        seen |= contact_keys(ana)
        names.add(ana.name)
        assert not {email.key for email in ana.former_emails} & {email.key for email in ana.emails}
        assert not {phone.key for phone in ana.former_phones} & {phone.key for phone in ana.phones}
        assert ana.name not in ana.former_names
        for values in (ana.former_emails, ana.former_phones):
            assert len({value.key for value in values}) == len(values)
    assert contact_keys(ana) == seen
    assert {ana.name, *ana.former_names} == names


# ----------------------------------------------------------------------------- what a customer is found by


def test_a_customer_is_found_by_names_and_contacts_former_ones_included() -> None:
    ana = a_customer(first_name="José", last_name="Silva", email="Zé@example.com", mobile="+44 7700 900123")
    keys = search_keys(edited(ana, last_name="Sousa", email=None, other_phones=["912345678"]))
    assert keys.name == "jose sousa"
    assert keys.words.split("\n") == ["jose sousa", "jose silva", "jose", "sousa", "ze@example.com"]
    assert keys.digits.split("\n") == ["447700900123", "07700900123", "4407700900123", "351912345678"]


def test_placeholders_recognise_nobody() -> None:
    ana = a_customer(email="none@example.com", mobile="999 999 999", other_emails=["ana@example.com"])
    assert contact_keys(ana) == {"ana@example.com"}


def test_former_contacts_recognise_a_customer_unless_told_not_to() -> None:
    ana = edited(a_customer(email="ana@example.com", mobile="912345678"), email=None)
    assert contact_keys(ana) == {"ana@example.com", "+351912345678"}
    assert contact_keys(ana, former=False) == {"+351912345678"}


def test_a_customer_is_known_by_the_words_of_every_name() -> None:
    ana = edited(a_customer(name="Dona Ana", first_name="Ana", last_name="Silva"), name="SOUSA, Ána")
    assert known_names(ana) == {"ana sousa", "ana dona", "ana silva"}


def test_a_row_shows_what_a_list_shows() -> None:
    ana = a_customer(email="ana@example.com", mobile="912345678", gender="female")
    row = CustomerRow(ana, blocked=True, alerts=2, block_alerts=0)
    assert (row.id, row.name, row.status) == (ana.id, ana.name, Status.ACTIVE)
    assert (row.email, row.mobile, row.gender) == (ana.email, ana.mobile, Gender.FEMALE)


# ------------------------------------------------------------------------------------------ constructors


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("name", None),
        ("version", "1"),
        ("version", True),
        ("email", "ana@example.com"),
        ("other_emails", ["ana@example.com"]),
        ("other_emails", ("ana@example.com",)),
        ("mobile", "+351912345678"),
        ("contact_declined", 1),
        ("birthday", date(1990, 5, 17)),
        ("gender", "female"),
        ("added", date(2026, 1, 1)),
        ("former_names", "Ana"),
    ],
)
def test_a_constructor_refuses_a_wrong_type_and_does_not_quote_it(field: str, value: Any) -> None:
    with pytest.raises(InvalidValue) as caught:
        evolve(a_customer(), **{field: value})
    assert (caught.value.code, caught.value.field) == ("wrong-type", field)
    assert str(value) not in str(caught.value) or value in (None, True, 1)


def test_a_constructor_takes_what_a_store_kept_since_before() -> None:
    old = Customer(
        id=customer_id(1),
        added=NOW,
        name="x" * 10_000,
        email=EmailAddress("no longer an address", "key"),
        mobile=PhoneNumber("+999", False),
        zone="Atlantis/Centre",
    )
    assert search_keys(old).digits == "999"


def test_the_context_of_a_form_has_no_region_unless_it_is_told() -> None:
    assert CustomerForm({"mobile": "+351912345678"}).check(FormContext(TODAY))
    with pytest.raises(InvalidDocument, match="no region says"):
        CustomerForm({"mobile": "912345678"}).check(FormContext(TODAY))


# ---------------------------------------------------------------------------- what a host's objects do


class Hostile(Mapping[str, object]):
    """A mapping that fails when it is read."""

    def __getitem__(self, key: str) -> object:
        raise RuntimeError(key)

    def __iter__(self) -> Iterator[str]:
        raise RuntimeError("secret")

    def __len__(self) -> int:
        return 1


def failing() -> Iterator[str]:
    yield "ana@example.com"
    raise RuntimeError("secret")


@pytest.mark.parametrize(
    ("field", "value"),
    [("other_emails", failing()), ("external_ids", failing()), ("address", Hostile())],
)
def test_what_fails_while_it_is_read_is_a_wrong_type(field: str, value: object) -> None:
    assert set(problems_of(**{field: value}).values()) == {"wrong-type"}


def test_address_lines_that_fail_while_they_are_read_are_a_wrong_type() -> None:
    assert problems_of(address={"lines": failing()}) == {"address.lines": "wrong-type"}
    assert problems_of(address={"lines": [7]}) == {"address.lines": "wrong-type"}


def test_values_without_an_end_are_read_no_further_than_the_limit() -> None:
    read: list[int] = []

    def endless() -> Iterator[str]:
        for number in count():
            read.append(number)
            yield f"a{number}@example.com"

    assert problems_of(other_emails=endless()) == {"other_emails": "too-many"}
    assert len(read) == MOST_VALUES + 1
    assert problems_of(address={"lines": repeat("")}) == {"address.lines": "too-many"}


def test_a_line_break_inside_an_address_line_begins_another_line() -> None:
    for address in ({"lines": ["x\ny", " ", "z\r\n\n"]}, {"lines": "x\ny\nz"}, Address(lines=("x\u2028y", "", "z"))):
        assert a_customer(address=address).address == Address(lines=("x", "y", "z"))
    assert problems_of(address={"lines": ["a\nb\nc\nd\ne", "f\ng\nh\ni"]}) == {"address.lines": "too-many"}
    assert problems_of(address={"lines": "\n" * 20_000}) == {"address.lines": "text-too-long"}


@pytest.mark.parametrize("name", ["maria silva", "a" * 61, "ana@example.com", ""])
def test_a_name_that_could_be_no_field_is_not_repeated(name: str) -> None:
    assert problems_of(**{name: 1}) == {"…": "unknown-field"}
    assert problems_of(favourite_colour=1) == {"favourite_colour": "unknown-field"}


def test_made_contacts_and_ids_are_checked_like_written_ones() -> None:
    made = {
        "email": EmailAddress("ana@example.com", "bea@example.com"),
        "mobile": PhoneNumber("abc"),
        "external_ids": [ExternalId("till", " ")],
    }
    assert problems_of(**made) == {"email": "email-invalid", "mobile": "phone-invalid", "external_ids": "text-empty"}


@pytest.mark.parametrize(
    ("one", "other"), [("रीना शर्मा", "रानी शर्मा"), ("かき", "かぎ"), ("ハナ", "バナ"), ("นที", "นทา")]
)
def test_names_that_differ_in_vowel_signs_are_other_names(one: str, other: str) -> None:
    assert not known_names(a_customer(name=one)) & known_names(a_customer(name=other))
