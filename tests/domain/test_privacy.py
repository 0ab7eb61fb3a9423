"""Every field says what class of data it holds, and nothing personal is ever shown by a repr."""

import importlib
import pkgutil
from collections.abc import Callable, Mapping
from typing import Any, Final, TypedDict

import attrs
import pytest
from attrs import field, frozen
from tests.domain.samples import a_customer, edited

import salon_crm
from salon_crm.domain.contact import EmailAddress, PhoneNumber
from salon_crm.domain.dates import PartialDate
from salon_crm.domain.ids import ExternalId
from salon_crm.domain.privacy import (
    BEHAVIOUR,
    CONTACT,
    HEALTH,
    IDENTITY,
    MONEY,
    OPERATOR,
    FieldClass,
    classed,
    field_class,
    field_classes,
)
from salon_crm.errors import InvalidValue


def every_class() -> list[type]:
    """Return every attrs class of every module there is."""
    found: dict[str, type] = {}
    for module in pkgutil.walk_packages(salon_crm.__path__, "salon_crm."):
        if module.name.endswith("__main__") or module.name.startswith("salon_crm.testing"):
            continue  # a test kit holds made-up data, and shows it where a check fails
        for thing in vars(importlib.import_module(module.name)).values():
            if isinstance(thing, type) and attrs.has(thing) and thing.__module__.startswith("salon_crm"):
                found[f"{thing.__module__}.{thing.__qualname__}"] = thing
    return [found[name] for name in sorted(found)]


CLASSES: Final = every_class()
each_class = pytest.mark.parametrize("cls", CLASSES, ids=[cls.__name__ for cls in CLASSES])


def test_the_walk_finds_the_classes_there_are() -> None:
    names = {cls.__name__ for cls in CLASSES}
    assert {
        "Customer",
        "EmailAddress",
        "Note",
        "Block",
        "AuditEntry",
        "SalonRecord",
        "CustomerEdit",
        "TableRow",
    } <= names
    assert len(CLASSES) > 40


@each_class
def test_every_field_declares_its_class(cls: type) -> None:
    for attribute in attrs.fields(cls):
        assert isinstance(field_class(attribute), FieldClass)


@each_class
def test_a_repr_shows_no_personal_field(cls: type) -> None:
    thing: Any = object.__new__(cls)
    for attribute in attrs.fields(cls):
        object.__setattr__(thing, attribute.name, f"canary of {attribute.name}")
    shown = repr(thing)
    for attribute in attrs.fields(cls):
        if field_class(attribute) is not FieldClass.OPERATOR:
            assert f"canary of {attribute.name}'" not in shown
            assert f"{attribute.name}=" not in shown


@each_class
def test_things_are_frozen_and_hold_no_more_than_their_fields(cls: type) -> None:
    thing: Any = object.__new__(cls)
    for attribute in attrs.fields(cls):
        with pytest.raises(attrs.exceptions.FrozenInstanceError):
            setattr(thing, attribute.name, None)
    assert not hasattr(thing, "__dict__")


def test_a_whole_profile_shows_nothing_of_the_person() -> None:
    ana = edited(
        a_customer(
            name="Ana Canary",
            email="canary@example.com",
            mobile="+351 912 345 678",
            birthday="1990-05-17",
            gender="female",
            address={"lines": "Canary Street 1", "city": "Canary", "postal_code": "1000-001"},
            preferences="canary",
            referral_source="canary",
            external_ids=[("till", "canary")],
            language="pt",
            zone="Atlantic/Canary",
        ),
        name="Rita Canary",
        email=None,
        mobile=None,
    )
    parts: list[object] = [ana, ana.address, ana.birthday, *ana.former_emails, *ana.former_phones, *ana.external_ids]
    for part in parts:
        for shown in (repr(part), repr([part])):
            for secret in ("anary", "912", "1990", "05-17", "1000", "female"):
                assert secret not in shown


@pytest.mark.parametrize("metadata", [{}, {"class": "identity"}])
def test_a_class_with_a_field_of_no_class_cannot_be_built(metadata: Mapping[str, str]) -> None:
    with pytest.raises(TypeError, match=r"Visit\.note declares no field class"):

        @frozen(field_transformer=classed)
        class Visit:
            id: int = field(metadata=OPERATOR)
            note: str = field(metadata=metadata)


def test_classes_of_declarations_can_be_told() -> None:
    declared = (IDENTITY, CONTACT, HEALTH, BEHAVIOUR, MONEY, OPERATOR)
    assert field_classes(*declared) == set(FieldClass)
    assert field_classes() == frozenset()


# ------------------------------------------------------------------------------- types in constructors


class Named(TypedDict):
    name: str


@frozen(field_transformer=classed)
class Sample:
    number: int = field(default=0, metadata=OPERATOR)
    flag: bool = field(default=False, metadata=OPERATOR)
    text: str | None = field(default=None, metadata=IDENTITY)
    many: tuple[str, ...] = field(default=(), metadata=IDENTITY)
    pair: tuple[str, int] = field(default=("", 0), metadata=IDENTITY)
    chosen: frozenset[str] | None = field(default=None, metadata=IDENTITY)
    table: Mapping[str, int] = field(factory=dict[str, int], metadata=OPERATOR)
    kind: type[object] = field(default=int, metadata=OPERATOR)
    call: Callable[[], int] | None = field(default=None, metadata=OPERATOR)
    anything: Any = field(default=None, metadata=OPERATOR)
    loose: int | Any = field(default=None, metadata=OPERATOR)
    named: Named | None = field(default=None, metadata=OPERATOR)
    nothing: None = field(default=None, metadata=OPERATOR)


@pytest.mark.parametrize(
    ("name", "value", "expected"),
    [
        ("number", "1", "int"),
        ("number", True, "int"),
        ("number", 1.0, "int"),
        ("number", None, "int"),
        ("flag", 1, "bool"),
        ("text", 7, "str or None"),
        ("many", ["a"], "tuple"),
        ("many", "ab", "tuple"),
        ("many", ("a", 7), "a sequence of str"),
        ("pair", ["a", 7], "tuple"),
        ("chosen", {"a"}, "frozenset or None"),
        ("chosen", frozenset({7}), "a sequence of str"),
        ("table", [("a", 1)], "Mapping"),
        ("kind", 7, "type"),
        ("call", 7, "Callable or None"),
        ("named", "Ana", "dict or None"),
        ("nothing", 0, "None"),
    ],
)
def test_a_value_of_another_type_is_refused_and_never_quoted(name: str, value: Any, expected: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        Sample(**{name: value})
    assert (caught.value.code, caught.value.field) == ("wrong-type", name)
    assert caught.value.params == {"expected": expected}


@pytest.mark.parametrize(
    ("name", "value"),
    [
        *(("text", "a"), ("many", ("a", "b")), ("pair", (7, "a")), ("chosen", frozenset("ab")), ("table", {"a": 1})),
        *(
            ("loose", "a"),
            ("named", {"name": "Ana"}),
            ("kind", str),
            ("call", int),
            ("anything", object()),
            ("flag", True),
            ("number", 10**30),
        ),
    ],
)
def test_a_value_of_the_declared_type_is_taken(name: str, value: Any) -> None:
    assert getattr(Sample(**{name: value}), name) == value


@pytest.mark.parametrize(
    ("cls", "values"),
    [(EmailAddress, (7, "")), (PhoneNumber, (None,)), (ExternalId, ("till", 7)), (PartialDate, ("5", 17))],
)
def test_constructors_of_the_domain_check_types(cls: type, values: tuple[object, ...]) -> None:
    with pytest.raises(InvalidValue) as caught:
        cls(*values)
    assert caught.value.code == "wrong-type"
