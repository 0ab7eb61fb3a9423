"""The catalogue: what a salon offers, where, and who works there, each known by a code that never changes.

Records and saved criteria name a service, a type, a package, a location or a staff member by its code;
screens show its name. So a name can change at any time, and nothing is deleted: what is no longer
offered is retired, and the past still finds it.
"""

import re
from collections.abc import Callable, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, Final, TypeVar

from attrs import evolve, field, frozen

from salon_crm.domain.contact import parse_region
from salon_crm.domain.dates import parse_zone
from salon_crm.domain.ids import (
    CustomerId,
    LocationId,
    PackageId,
    ServiceId,
    ServiceTypeId,
    StaffMemberId,
    parse_id,
    reads_as_id,
)
from salon_crm.domain.privacy import IDENTITY, OPERATOR, classed
from salon_crm.domain.reading import read_items, shown_name
from salon_crm.domain.text import clean_name, clean_text, fold
from salon_crm.errors import InvalidDocument, InvalidValue

CODE_LIMIT: Final = 60
LONGEST_INTERVAL: Final = 3_660
"""Days of the longest usual interval between two visits for one service: ten years."""
LONGEST_DURATION: Final = 24 * 60
"""Minutes of the longest booking."""
MOST_SKIN_TESTS: Final = 20

_CODE: Final = re.compile(r"[^\W_]+(-[^\W_]+)*")


def parse_code(value: object, field: str) -> str:
    """Return a code as it is kept: lower-case words of letters and digits, with hyphens between.

    Raises InvalidValue naming ``field`` for anything else, also for what reads as an id.
    """
    if not isinstance(value, str) or not _is_code(value):
        raise InvalidValue("code-invalid", field=field)
    return value


def _is_code(text: str) -> bool:
    return len(text) <= CODE_LIMIT and fold(text) == text and bool(_CODE.fullmatch(text)) and not reads_as_id(text)


def code_of(name: str, otherwise: str) -> str:
    """Return the code that a name makes: ``balayage-toner`` of "Balayage & Toner".

    A name without letters and digits makes ``otherwise``, and so does one that reads as an id.
    """
    words = "".join(character if character.isalnum() else " " for character in fold(name)).split()
    code = "-".join(words)[:CODE_LIMIT].strip("-")
    return code if _is_code(code) else otherwise


@frozen(field_transformer=classed, kw_only=True)
class ServiceType:
    """A category of services, such as hair or nails."""

    id: ServiceTypeId = field(metadata=OPERATOR)
    code: str = field(metadata=OPERATOR)
    name: str = field(metadata=OPERATOR)
    retired_at: datetime | None = field(default=None, metadata=OPERATOR)
    version: int = field(default=1, metadata=OPERATOR)


@frozen(field_transformer=classed, kw_only=True)
class Service:
    """A service that can be booked.

    ``service_type`` is the code of its type. ``usual_interval`` is the days between two visits for it, as they should
    be, ``duration`` its minutes, ``skin_tests`` the kinds of skin test it needs, such as hair-colour.
    """

    id: ServiceId = field(metadata=OPERATOR)
    code: str = field(metadata=OPERATOR)
    name: str = field(metadata=OPERATOR)
    service_type: str | None = field(default=None, metadata=OPERATOR)
    usual_interval: int | None = field(default=None, metadata=OPERATOR)
    duration: int | None = field(default=None, metadata=OPERATOR)
    skin_tests: tuple[str, ...] = field(default=(), metadata=OPERATOR)
    retired_at: datetime | None = field(default=None, metadata=OPERATOR)
    version: int = field(default=1, metadata=OPERATOR)


@frozen(field_transformer=classed, kw_only=True)
class Package:
    """A package of services that customers buy, or are given."""

    id: PackageId = field(metadata=OPERATOR)
    code: str = field(metadata=OPERATOR)
    name: str = field(metadata=OPERATOR)
    retired_at: datetime | None = field(default=None, metadata=OPERATOR)
    version: int = field(default=1, metadata=OPERATOR)


@frozen(field_transformer=classed, kw_only=True)
class Location:
    """A branch of the salon; without a ``zone`` and ``region`` of its own it has the salon's."""

    id: LocationId = field(metadata=OPERATOR)
    code: str = field(metadata=OPERATOR)
    name: str = field(metadata=OPERATOR)
    zone: str | None = field(default=None, metadata=OPERATOR)
    region: str | None = field(default=None, metadata=OPERATOR)
    retired_at: datetime | None = field(default=None, metadata=OPERATOR)
    version: int = field(default=1, metadata=OPERATOR)


@frozen(field_transformer=classed, kw_only=True)
class StaffMember:
    """Somebody who works in the salon; ``actor_id`` is the `Actor.id` they act under, where they do.

    ``customer_id`` is the profile they have as a customer, if any: nobody changes the points of their own.
    """

    id: StaffMemberId = field(metadata=OPERATOR)
    code: str = field(metadata=OPERATOR)
    name: str = field(metadata=IDENTITY)
    actor_id: str | None = field(default=None, metadata=OPERATOR)
    retired_at: datetime | None = field(default=None, metadata=OPERATOR)
    version: int = field(default=1, metadata=OPERATOR)
    customer_id: CustomerId | None = field(default=None, metadata=OPERATOR)


CatalogueItem = ServiceType | Service | Package | Location | StaffMember
I = TypeVar("I", ServiceType, Service, Package, Location, StaffMember)  # noqa: E741 -- an item

Parser = Callable[[object, str], Any]


def _whole(low: int, high: int) -> Parser:
    def parse(value: object, field: str) -> int:
        if isinstance(value, bool) or not isinstance(value, int) or not low <= value <= high:
            raise InvalidValue("number-out-of-range", field=field, low=low, high=high)
        return value

    return parse


def _skin_tests(value: object, field: str) -> tuple[str, ...]:
    kinds = read_items(value, field, most=MOST_SKIN_TESTS, expected="a sequence of kinds of skin test")
    return tuple(dict.fromkeys(parse_code(kind, field) for kind in kinds))


_FIELDS: Final[Mapping[type, Mapping[str, Parser]]] = MappingProxyType(
    {
        ServiceType: {"name": clean_name},
        Service: {
            "name": clean_name,
            "service_type": parse_code,
            "usual_interval": _whole(1, LONGEST_INTERVAL),
            "duration": _whole(1, LONGEST_DURATION),
            "skin_tests": _skin_tests,
        },
        Package: {"name": clean_name},
        Location: {"name": clean_name, "zone": parse_zone, "region": parse_region},
        StaffMember: {"name": clean_name, "actor_id": clean_text, "customer_id": parse_id},
    }
)
"""What may be stated of each kind of item, and how it is read."""


def check_item(kind: type, values: Mapping[str, object]) -> dict[str, Any]:
    """Return what is stated of an item as it is kept; None clears, but for the name.

    Raises InvalidDocument with every problem, each with its field.
    """
    fields = _FIELDS[kind]
    checked: dict[str, Any] = {}
    problems: list[InvalidValue] = []
    for name, value in values.items():
        try:
            if name not in fields:
                hint = f"It has {', '.join(fields)}; its code never changes."
                raise InvalidValue("unknown-field", field=shown_name(name), hint=hint)
            if value is None and name != "name":
                checked[name] = () if name == "skin_tests" else None
            else:
                checked[name] = fields[name](value, name)
        except InvalidValue as problem:
            problems.append(problem)
    if problems:
        raise InvalidDocument(problems)
    return checked


def changed_item(item: I, values: Mapping[str, Any]) -> tuple[I, tuple[str, ...]]:
    """Return an item with checked values at its next version, and the fields that differ; itself where none does."""
    fields = tuple(name for name, value in values.items() if getattr(item, name) != value)
    if not fields:
        return item, ()
    return evolve(item, **values, version=item.version + 1), fields
