"""Documents: every object a use case returns goes out as JSON and comes back equal; nothing else comes in."""

import json
from collections.abc import Callable, Iterable, Mapping
from contextlib import suppress
from datetime import UTC, date, datetime
from enum import StrEnum
from functools import cache
from types import UnionType
from typing import Any, Union, get_args, get_origin, get_type_hints
from uuid import UUID

import attrs
import pytest
from hypothesis import Phase, given, settings
from hypothesis import strategies as st

import salon_crm as crm
from salon_crm.adapters.documents import Documents, from_stored, to_stored
from salon_crm.domain.money import EXPONENTS
from salon_crm.domain.privacy import OPERATOR, classed
from salon_crm.errors import SENTENCES
from salon_crm.ports.records import KINDS
from salon_crm.ports.store import SalonRecord
from salon_crm.testing.builders import a_booking, a_reward_entry
from salon_crm.testing.doubles import CountedIds, FixedClock
from salon_crm.use_cases.access import USE_CASES
from salon_crm.use_cases.documented import DOCUMENTED

# Round trips, of anything the constructors take.

_SCALARS: dict[Any, st.SearchStrategy[Any]] = {
    str: st.text(max_size=20),
    int: st.integers(),
    bool: st.booleans(),
    bytes: st.binary(max_size=32),
    type(None): st.none(),
    UUID: st.uuids(),
    date: st.dates(),
    datetime: st.datetimes(timezones=st.just(UTC)),
    crm.Money: st.builds(crm.Money, st.integers(-(2**63) + 1, 2**63 - 1), st.sampled_from(sorted(EXPONENTS))),
    crm.PartialDate: st.one_of(
        st.dates().map(lambda day: crm.PartialDate(day.month, day.day, day.year)),
        st.dates().map(lambda day: crm.PartialDate(day.month, day.day)),
    ),
}


@cache
def values_of(declared: Any) -> st.SearchStrategy[Any]:
    """Return values of a declared type, so that a class that is new needs nothing here."""
    declared = getattr(declared, "__supertype__", declared)
    origin, arguments = get_origin(declared), get_args(declared)
    if declared in _SCALARS:
        return _SCALARS[declared]
    if origin in (Union, UnionType):
        return st.one_of(*map(values_of, arguments))
    if origin is tuple:
        return st.just(()) if arguments[0] is Any else st.lists(values_of(arguments[0]), max_size=3).map(tuple)
    if origin is frozenset:
        return st.frozensets(values_of(arguments[0]), max_size=3)
    if origin is Mapping:
        return st.dictionaries(*map(values_of, arguments), max_size=3)
    if issubclass(declared, StrEnum):
        return st.sampled_from(declared)
    return objects_of(declared)


def objects_of(kind: Any, *, inside: Any = None) -> st.SearchStrategy[Any]:
    """Return objects of a class; one that is made of its own kind has such parts, and they have none."""
    asked: Any = kind, inside
    return _objects_of(asked)


@cache  # making a strategy takes longer than drawing from it
def _objects_of(asked: Any) -> st.SearchStrategy[Any]:
    kind, inside = asked
    parts = st.just(()) if inside is kind else st.deferred(lambda: st.tuples(objects_of(kind, inside=kind)))
    attrs.resolve_types(kind)
    types = {field.name: field.type for field in attrs.fields(kind)}
    return st.builds(kind, **{name: parts if kind in get_args(own) else values_of(own) for name, own in types.items()})


def is_json(value: Any) -> bool:
    """Whether the value is what JSON has, to the very type."""
    if type(value) is dict:
        return all(type(key) is str and is_json(each) for key, each in value.items())
    if type(value) is list:
        return all(map(is_json, value))
    return type(value) in (str, int, bool, type(None))


@pytest.mark.no_cover
@pytest.mark.parametrize("kind", DOCUMENTED, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_every_object_goes_out_as_json_and_comes_back_equal(kind: type[Any], data: st.DataObject) -> None:
    thing = data.draw(objects_of(kind))
    document = crm.to_document(thing)
    assert is_json(document)
    back = crm.from_document(json.loads(json.dumps(document)))
    assert type(back) is kind
    assert back == thing
    assert crm.to_document(back) == document


def test_the_key_of_an_e_mail_comes_back_though_equality_does_not_ask_for_it() -> None:
    customer = example_customer()
    back = crm.from_document(crm.to_document(customer))
    assert back.email.key == "key kept as it was"


def test_everything_a_use_case_returns_has_a_document() -> None:
    returned = {kind for name in USE_CASES for kind in classes_in(get_type_hints(getattr(crm, name))["return"])}
    assert returned == set(DOCUMENTED)


def classes_in(declared: Any) -> set[type]:
    if attrs.has(declared):
        return {declared}
    return {kind for argument in get_args(declared) for kind in classes_in(argument)}


# What a store keeps.

STORED = [*(kind.type for kind in KINDS.values()), crm.AuditEntry, crm.Settings, SalonRecord]
ONLY_STORED = [kind for kind in STORED if kind not in DOCUMENTED]  # the others are proved above: one converter for all


@pytest.mark.no_cover
@pytest.mark.parametrize("kind", ONLY_STORED, ids=lambda kind: kind.__name__)
@given(data=st.data())
def test_everything_only_a_store_keeps_goes_out_as_json_and_comes_back_equal(
    kind: type[Any], data: st.DataObject
) -> None:
    thing = data.draw(objects_of(kind))
    document = to_stored(thing)
    assert is_json(document)
    back = from_stored(json.loads(json.dumps(document)))
    assert type(back) is kind
    assert back == thing
    assert to_stored(back) == document


def test_what_is_stored_of_an_e_mail_has_its_key_though_equality_does_not_ask_for_it() -> None:
    assert from_stored(to_stored(example_customer())).email.key == "key kept as it was"


@pytest.mark.parametrize("kind", ONLY_STORED, ids=lambda kind: kind.__name__)
@settings(max_examples=1, phases=[Phase.generate])  # one of each, and nothing to shrink
@given(data=st.data())
def test_what_only_a_store_keeps_has_no_document_for_others(kind: type[Any], data: st.DataObject) -> None:
    """The salon's mark key above all."""
    thing = data.draw(objects_of(kind))
    with pytest.raises(crm.InvalidValue):
        crm.to_document(thing)
    with pytest.raises(crm.InvalidDocument):
        crm.from_document(to_stored(thing))


def test_what_no_store_keeps_is_not_stored() -> None:
    head = crm.AuditHead(0, b"")
    with pytest.raises(crm.InvalidValue, match="an object that a store keeps"):
        to_stored(head)
    with pytest.raises(crm.InvalidDocument):
        from_stored(crm.to_document(head))


# What is promised: the keys.

KEYS = {
    "assigned-package": "id customer_id package at by withdrawn_at withdrawn_by version",
    "audit-entry": "sequence at recorded by role action customer_id version fields details digest",
    "audit-head": "sequence digest",
    "audit-verification": "ok entries head broken_at reason",
    "backup-report": "backup_id path size customers head",
    "block": "id origin customer_id reason at by lifted_at lifted_by version",
    "block-alert": "id customer_id origin at state settled_at settled_by version",
    "booked": "booking activated warnings points",
    "booking": (
        "id customer_id service start end zone location therapist status cancelled_by price package note "
        "arrived_at external_id origin at by version"
    ),
    "booking-answer": "answer reasons",
    "booking-change": (
        "booking_id version customer_id at by move reason status start end zone service location therapist"
    ),
    "booking-import-report": (
        "import_id dry_run system mapping not_taken facts date_order decimal_sign rows created updated "
        "unchanged skipped refused activated warned problems twins warnings missing"
    ),
    "booking-mirrored": "booking added changed activated warnings points",
    "booking-moved": "booking points",
    "booking-page": "items next previous customer",
    "catalogue": "service_types services packages locations staff_members",
    "customer": (
        "id version added status name first_name last_name email other_emails mobile other_phones contact_declined "
        "birthday anniversary gender referral_source address language zone preferences external_ids former_names "
        "former_emails former_phones"
    ),
    "customer-edit": "customer changed dropped_grants",
    "customer-match": "customer_id confidence reasons",
    "customer-row": "customer blocked alerts block_alerts",
    "customers-found": "found absent",
    "deactivation": "customer future_bookings",
    "explanation": "text holds has booking_id parts",
    "export-report": "export_id rows columns",
    "facts-rebuilt": "customers mended",
    "facts-verification": "customers wrong ids",
    "form-field": "name section kind label choices required",
    "found-or-added": "customer added",
    "health-report": "size log_size schema schema_known search_sound audit findings",
    "held-package": "package way by since",
    "import-report": (
        "import_id dry_run system layout mapping not_taken facts date_order rows created updated unchanged skipped "
        "refused family_rows problems twins families"
    ),
    "location": "id code name zone region retired_at version",
    "note": "id customer_id text alert at by edited_at edited_by version",
    "package": "id code name retired_at version",
    "page": "items next previous inactive",
    "reassignment-report": "outcomes",
    "retirement": "id code retired_at future_bookings future_count",
    "service": "id code name service_type usual_interval duration skin_tests retired_at version",
    "service-type": "id code name retired_at version",
    "product-bought": "item name quantity spent first last",
    "points-balance": "customer_id total available next_expiry next_points tier worth",
    "points-expired": "customers entries points",
    "points-history": "items next",
    "points-statement": "customer_id on total available lots",
    "points-transferred": "given received",
    "ledger-verification": "ledgers entries wrong faults",
    "reward-entry": (
        "id customer_id sequence at recorded action points total_after parts tier_points tier_at shortfall shares "
        "refunds rewarded_by role reason reference origin salt reason_digest"
    ),
    "sale": ("id customer_id at zone location currency lines payments refunds bookings status by recorded version"),
    "sale-outcome": "sale completed points",
    "sale-page": "items next previous",
    "settings": "region zone currency required_fields rewards version",
    "staff-member": "id code name actor_id retired_at version customer_id",
}


STORED_KEYS = {
    "alias": "id customer_id",
    "assigned-package": "id customer_id package at by withdrawn_at withdrawn_by version",
    "customer-facts": "customer_id visits first_visit last_visit spend booked ever_booked packages version",
    "mark": "digest kind block_id version",
    "reference": "command reference result_id digest",
    "reward-head": "customer_id total shortfall version",
    "reward-lot": "customer_id number at opened points expires origin version",
    "row-fingerprint": "system digest customer_id",
    "sale": "id customer_id at zone location currency lines payments refunds bookings status by recorded version",
    "salon-record": "id created mark_key key_check",
    **{
        tag: KEYS[tag]
        for tag in (
            "audit-entry",
            "block",
            "block-alert",
            "booking",
            "booking-change",
            "customer",
            "location",
            "note",
            "package",
            "reward-entry",
            "service",
            "service-type",
            "settings",
            "staff-member",
        )
    },
}


@pytest.mark.parametrize(
    ("write", "kinds", "expected"), [(crm.to_document, DOCUMENTED, KEYS), (to_stored, STORED, STORED_KEYS)]
)
@settings(max_examples=1, phases=[Phase.generate])  # one of each, and nothing to shrink
@given(data=st.data())
def test_the_keys_of_documents_never_change(
    write: Callable[[object], dict[str, Any]], kinds: Iterable[type], expected: Mapping[str, str], data: st.DataObject
) -> None:
    found = {}
    for kind in kinds:
        document = write(data.draw(objects_of(kind)))
        assert list(document)[:2] == ["type", "format"]
        assert document["format"] == 1
        found[document["type"]] = " ".join(list(document)[2:])
    assert found == expected


def example_customer() -> crm.Customer:
    return crm.Customer(
        id=FIRST_ID,
        added=datetime(2026, 3, 2, 12, tzinfo=UTC),
        name="Ana Silva",
        email=crm.EmailAddress("Ana@example.com", "key kept as it was"),
        mobile=crm.PhoneNumber("+351912345678", False, "12"),
        birthday=crm.PartialDate(5, 17),
        anniversary=crm.PartialDate(6, 1, 2020),
        gender=crm.Gender.OTHER,
        address=crm.Address(lines=("Rua Nova 1",), country="PT"),
        external_ids=(crm.ExternalId("till", "7"),),
    )


FIRST_ID: Any = UUID("01890a5d-ac96-774b-bcce-b302099a8057")


def test_a_customer_reads_well() -> None:
    document = crm.to_document(example_customer())
    shown = {key: value for key, value in document.items() if value not in (None, [])}
    assert shown == {
        "type": "customer",
        "format": 1,
        "id": "01890a5d-ac96-774b-bcce-b302099a8057",
        "version": 1,
        "added": "2026-03-02T12:00:00+00:00",
        "status": "active",
        "name": "Ana Silva",
        "email": {"address": "Ana@example.com", "key": "key kept as it was"},
        "mobile": {"e164": "+351912345678", "valid": False, "extension": "12"},
        "contact_declined": False,
        "birthday": "--05-17",
        "anniversary": "2020-06-01",
        "gender": "other",
        "address": {"lines": ["Rua Nova 1"], "city": None, "subdivision": None, "postal_code": None, "country": "PT"},
        "external_ids": [{"system": "till", "id": "7"}],
    }


def test_an_older_document_without_a_key_that_has_a_default_still_loads() -> None:
    document = crm.to_document(example_customer())
    del document["preferences"], document["former_names"]
    assert crm.from_document(document) == example_customer()


@pytest.mark.parametrize(
    "thing", [None, 7, "Ana", {}, [], crm.Customer, crm.Actor("olga", crm.Role.OWNER), crm.Role.OWNER]
)
def test_what_no_use_case_returns_has_no_document(thing: Any) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.to_document(thing)
    assert caught.value.field == "thing"


def test_an_instant_without_a_zone_makes_no_document() -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.to_document(attrs.evolve(example_customer(), added=datetime(2026, 3, 2)))
    assert caught.value.code == "instant-naive"


# Strictness: what is not exactly right is refused, by its path, and never quoted.


def problems_of(document: Any) -> list[tuple[str | None, str]]:
    with pytest.raises(crm.InvalidDocument) as caught:
        crm.from_document(document)
    error = caught.value
    assert error.__cause__ is None
    assert error.__context__ is None
    assert all(problem.code in SENTENCES for problem in error.problems)
    return [(problem.field, problem.code) for problem in error.problems]


@pytest.mark.parametrize(
    ("key", "value", "path", "code"),
    [
        ("name", 7, "name", "wrong-type"),
        ("name", None, "name", "wrong-type"),
        ("name", ["Ana"], "name", "wrong-type"),
        ("version", "1", "version", "wrong-type"),
        ("version", True, "version", "wrong-type"),
        ("version", 1.0, "version", "wrong-type"),
        ("contact_declined", "no", "contact_declined", "wrong-type"),
        ("contact_declined", 0, "contact_declined", "wrong-type"),
        ("id", "Ana", "id", "not-an-id"),
        ("id", 7, "id", "wrong-type"),
        ("added", "2026-03-02T12:00:00", "added", "instant-naive"),
        ("added", "2026-03-02", "added", "instant-naive"),
        ("added", "yesterday", "added", "wrong-type"),
        ("added", 0, "added", "wrong-type"),
        ("added", "0001-01-01T00:00:00+14:00", "added", "number-out-of-range"),
        ("status", "gone", "status", "not-a-choice"),
        ("status", ["active"], "status", "wrong-type"),
        ("gender", "", "gender", "not-a-choice"),
        ("birthday", "--02-30", "birthday", "date-invalid"),
        ("birthday", "17/05/1990", "birthday", "date-invalid"),
        ("birthday", "１９９０-05-17", "birthday", "date-invalid"),
        ("birthday", {"month": 5, "day": 17}, "birthday", "wrong-type"),
        ("email", "ana@example.com", "email", "wrong-type"),
        ("email", {"address": 7, "key": "x"}, "email.address", "wrong-type"),
        ("email", {"address": "x"}, "email.key", "required"),
        ("email", {"address": "x", "key": "x", "primary": True}, "email.primary", "unknown-field"),
        ("other_emails", "ana@example.com", "other_emails", "wrong-type"),
        ("other_emails", {"0": {}}, "other_emails", "wrong-type"),
        ("other_phones", [{"e164": "+1"}, {"e164": "+1", "valid": 1}], "other_phones[1].valid", "wrong-type"),
        ("former_names", [None], "former_names[0]", "wrong-type"),
        ("former_names", None, "former_names", "wrong-type"),
        ("address", [], "address", "wrong-type"),
        ("address", {"lines": ["x", 7]}, "address.lines[1]", "wrong-type"),
        ("blocked", True, "blocked", "unknown-field"),
        ("Ana Silva, 912 345 678", True, "…", "unknown-field"),
    ],
)  # fmt: skip
def test_nothing_is_converted_or_passed_over(key: str, value: Any, path: str, code: str) -> None:
    assert problems_of({**crm.to_document(example_customer()), key: value}) == [(path, code)]


def test_every_problem_comes_back_with_its_path() -> None:
    document = crm.to_document(crm.Page((crm.CustomerRow(example_customer(), True, 1, 0),), next="x"))
    row = document["items"][0]
    row["customer"]["name"], row["alerts"] = 7, "1"
    del row["customer"]["id"], document["items"][0]["blocked"]
    document["previous"] = 7
    assert sorted(problems_of(document), key=str) == [
        ("items[0].alerts", "wrong-type"),
        ("items[0].blocked", "required"),
        ("items[0].customer.id", "required"),
        ("items[0].customer.name", "wrong-type"),
        ("previous", "wrong-type"),
    ]


def test_of_a_thousand_problems_the_first_hundred_come_back() -> None:
    assert len(problems_of({**crm.to_document(example_customer()), "former_names": [7] * 1_000})) == 100


@pytest.mark.parametrize(
    ("details", "path"),
    [({"note": [1]}, "details[…]"), ({"note": 1.5}, "details[…]"), ({7: "x"}, "details[7]"), ([], "details")],
)
def test_details_of_an_audit_entry_are_scalars(details: Any, path: str) -> None:
    with crm.open_salon(
        region="PT", zone="Europe/Lisbon", currency="EUR", clock=FixedClock(), ids=CountedIds()
    ) as salon:
        [entry] = crm.audit_trail(salon, crm.Actor("olga", crm.Role.OWNER))
    assert problems_of({**crm.to_document(entry), "details": details}) == [(path, "wrong-type")]
    assert problems_of({**crm.to_document(entry), "digest": "zz"}) == [("digest", "wrong-type")]


def test_points_are_the_entries_that_came_of_a_move() -> None:
    moved = crm.BookingMoved(booking=a_booking(), points=(a_reward_entry(),))
    document = crm.to_document(moved)
    assert crm.from_document(document) == moved
    assert problems_of({**document, "points": ["x"]}) == [("points[0]", "wrong-type")]


# Hostile documents.


def nested(depth: int, *, in_lists: bool) -> Any:
    value: Any = "x"
    for _ in range(depth):
        value = [value] if in_lists else {"x": value}
    return value


@pytest.mark.parametrize("in_lists", [True, False])
@pytest.mark.parametrize("key", ["name", "address", "other_emails", "email", "former_names", "type", "format", "other"])
def test_nesting_without_end_is_refused_like_any_wrong_type(key: str, in_lists: bool) -> None:
    deep = nested(10_000, in_lists=in_lists)
    assert problems_of({**crm.to_document(example_customer()), key: deep})
    assert problems_of(deep)


@pytest.mark.parametrize("document", [None, 7, "{}", b"{}", [], [{}], (), object()])
def test_what_is_no_mapping_is_no_document(document: Any) -> None:
    assert problems_of(document) == [("document", "wrong-type")]


@pytest.mark.parametrize(
    ("change", "field"),
    [
        ({"type": None}, "type"), ({"type": "Customer"}, "type"), ({"type": "actor"}, "type"),
        ({"type": ["x"]}, "type"), ({"format": 2}, "format"), ({"format": "1"}, "format"),
        ({"format": True}, "format"), ({"format": 1.0}, "format"), ({"format": None}, "format"),
    ],
)  # fmt: skip
def test_an_unknown_type_or_format_is_refused_saying_which_are_read(change: dict[str, Any], field: str) -> None:
    assert problems_of({**crm.to_document(example_customer()), **change}) == [(field, "document-unknown")]


_JSON = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(max_size=5),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=5), inner, max_size=3),
    max_leaves=8,
)


@given(data=st.data())
def test_any_json_in_any_place_ends_in_an_object_or_a_typed_refusal(data: st.DataObject) -> None:
    document = crm.to_document(data.draw(objects_of(data.draw(st.sampled_from(DOCUMENTED)))))
    for key in data.draw(st.lists(st.sampled_from(sorted(document)), min_size=1, max_size=3)):
        document[key] = data.draw(_JSON)
    with suppress(crm.InvalidDocument):
        crm.from_document(document)


def test_a_refusal_quotes_nothing_it_was_given() -> None:
    canary = "CANARY-912345678"
    document = crm.to_document(example_customer())
    for key in (*document, canary):
        for value in (canary, [canary], {canary: canary}, {"address": [canary], "key": canary}):
            with pytest.raises(crm.InvalidDocument) as caught:
                crm.from_document({**document, "version": "x", key: value})
            assert canary not in f"{caught.value} {caught.value!r} {caught.value.params}"


# The kinds of value that no class returned today has, and one a class cannot have.


@attrs.frozen(field_transformer=classed)
class Bag:
    choices: frozenset[crm.Role] = attrs.field(metadata=OPERATOR)


@attrs.frozen(field_transformer=classed)
class Report:
    format: str = attrs.field(metadata=OPERATOR)


def test_a_set_goes_out_in_one_order() -> None:
    documents = Documents([Bag])
    document = documents.to_document(Bag(frozenset({crm.Role.STAFF, crm.Role.ADMIN})))
    assert document == {"type": "bag", "format": 1, "choices": ["admin", "staff"]}
    assert documents.from_document(document) == Bag(frozenset({crm.Role.STAFF, crm.Role.ADMIN}))


def test_a_class_cannot_use_the_keys_documents_keep_for_themselves() -> None:
    with pytest.raises(TypeError, match="Report"):
        Documents([Report])
