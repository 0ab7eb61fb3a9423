"""The classes of data a field may hold, and what follows from them.

Every field of every object declares its class in its metadata; `classed` refuses one that does not,
when the class is built, so that an unclassed field cannot even be imported. Reprs follow from it:
only what is the operator's own is shown. The same hook checks the type of what a constructor is given,
without ever quoting it.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from operator import attrgetter, contains
from types import MappingProxyType, NoneType, UnionType
from typing import Any, Final, Union, cast, get_args, get_origin, is_typeddict

from attrs import Attribute

from salon_crm.errors import InvalidValue


class FieldClass(StrEnum):
    """What kind of data a field holds; it decides who sees it, and what erasing does to it."""

    IDENTITY = "identity"
    """Who the person is: names, birthday, gender, language."""
    CONTACT = "contact"
    """How the person is reached: e-mails, phones, addresses."""
    HEALTH = "health"
    """Allergies, skin tests: permissions of their own, each look audited."""
    BEHAVIOUR = "behaviour"
    """What the person does and what staff write of it: bookings, notes, blocks, preferences."""
    MONEY = "money"
    """Sales, payments, points."""
    OPERATOR = "operator"
    """The salon's own: ids, versions, instants, settings, figures. Never personal, so reprs and logs may show it."""


_KEY: Final = "salon_crm.class"
_MOST_MET: Final = 16
"""How many classes of values are remembered for a field."""


def _metadata(field_class: FieldClass) -> Mapping[str, FieldClass]:
    return MappingProxyType({_KEY: field_class})


IDENTITY: Final = _metadata(FieldClass.IDENTITY)
CONTACT: Final = _metadata(FieldClass.CONTACT)
HEALTH: Final = _metadata(FieldClass.HEALTH)
BEHAVIOUR: Final = _metadata(FieldClass.BEHAVIOUR)
MONEY: Final = _metadata(FieldClass.MONEY)
OPERATOR: Final = _metadata(FieldClass.OPERATOR)


def field_classes(*declared: Mapping[str, FieldClass]) -> frozenset[FieldClass]:
    """Return the classes that field declarations such as `IDENTITY` stand for."""
    return frozenset(metadata[_KEY] for metadata in declared)


def field_class(attribute: "Attribute[Any]") -> FieldClass:
    """Return the class a field declares; raises KeyError for a field that declares none."""
    declared: FieldClass = attribute.metadata[_KEY]
    return declared


def classed(cls: type, attributes: "list[Attribute[Any]]") -> "list[Attribute[Any]]":
    """Be the ``field_transformer`` of every object: demand a class of each field, hide personal ones, check types.

    Raises TypeError, naming the field, where one declares no class.
    """
    for attribute in attributes:
        if _KEY not in attribute.metadata:
            raise TypeError(f"{cls.__name__}.{attribute.name} declares no field class (salon_crm.domain.privacy)")
    shown = [
        attribute.evolve(repr=attribute.repr and field_class(attribute) is FieldClass.OPERATOR)
        for attribute in attributes
    ]
    if shown:  # validators run when every field is set: the one of the last checks them all
        check = _type_check(attributes)
        shown[-1] = shown[-1].evolve(validator=shown[-1].validator or check)
    return shown


Check = Callable[[Any, "Attribute[Any]", Any], None]


def _type_check(attributes: "list[Attribute[Any]]") -> Check | None:
    """Return what refuses a value of another type than its field declares, naming the field and never the value.

    Nearly every object has the classes of values that one before it had: that is asked first, all fields at
    once, and only an object with something new is looked at field by field.
    """
    checked = [field for field in (_Checked(attribute) for attribute in attributes) if field.plain]
    if not checked:
        return None
    values_of = attrgetter(*(field.name for field in checked), "__class__")  # two names at least give a tuple
    met = [field.met for field in checked]
    holding = [(place, field) for place, field in enumerate(checked) if field.items]

    def check(thing: Any, _: "Attribute[Any]", __: Any) -> None:
        values = values_of(thing)
        if not all(map(contains, met, map(type, values))):
            for field, value in zip(checked, values, strict=False):
                field.check(value)
        for place, field in holding:
            if values[place]:
                field.check_items(values[place])

    return check


class _Checked:
    """A field whose type can be checked: the classes it takes, and those its items have in a tuple or frozenset."""

    def __init__(self, attribute: "Attribute[Any]") -> None:
        self.name = attribute.name
        self.plain, self.items = _accepted(attribute.type)
        self.met: set[type] = set()
        """Classes of values that were checked before."""
        self._items_met: set[type] = set()

    def check(self, value: object) -> None:
        """Raise InvalidValue for a value of another class."""
        if not isinstance(value, self.plain) or (value.__class__ is bool and bool not in self.plain):
            raise InvalidValue("wrong-type", field=self.name, expected=_named(self.plain))
        if len(self.met) < _MOST_MET:
            self.met.add(type(value))

    def check_items(self, value: Any) -> None:
        """Raise InvalidValue for a tuple or frozenset with an item of another class."""
        if value.__class__ not in (tuple, frozenset) or self._items_met.issuperset(map(type, value)):
            return
        if not all(isinstance(item, self.items) for item in value):
            raise InvalidValue("wrong-type", field=self.name, expected=f"a sequence of {_named(self.items)}")
        if len(self._items_met) < _MOST_MET:
            self._items_met.update(type(item) for item in cast("Iterable[object]", value))


def _accepted(declared: Any) -> tuple[tuple[type, ...], tuple[type, ...]]:
    """Return the classes a declared type accepts, and those of its items where it is a tuple or a frozenset."""
    if hasattr(declared, "__supertype__"):
        return _accepted(declared.__supertype__)
    origin = get_origin(declared)
    if origin in (UnionType, Union):
        found = [_accepted(part) for part in get_args(declared)]
        if any(not plain for plain, _ in found):
            return (), ()
        return tuple(c for plain, _ in found for c in plain), tuple(c for _, items in found for c in items)
    if origin in (tuple, frozenset):
        arguments = get_args(declared)
        one_kind = origin is frozenset or arguments[-1] is Ellipsis
        return (origin,), _accepted(arguments[0])[0] if one_kind else ()
    if isinstance(origin, type):
        return (origin,), ()
    if declared is None:
        return (NoneType,), ()
    if is_typeddict(declared):
        return (dict,), ()
    return ((declared,), ()) if isinstance(declared, type) and declared is not Any else ((), ())


def _named(classes: tuple[type, ...]) -> str:
    return " or ".join("None" if found is NoneType else found.__name__ for found in classes)
