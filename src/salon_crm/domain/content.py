"""What a record says, as bytes that are the same in every process and store: whole salons are compared by them."""

import json
from collections.abc import Callable, Iterable, Mapping, Set
from datetime import date, datetime
from functools import cache
from typing import Any, Final
from uuid import UUID

from attrs import fields, has

from salon_crm.domain.dates import in_utc

_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def content_bytes(thing: object) -> bytes:
    """Return every field of a record, those that equality passes over too, as bytes.

    Two records have the same bytes only where all their fields are equal; an instant is one in every zone, and a set
    has no order. Raises TypeError for what no record holds.
    """
    return _JSON.encode(_said(thing)).encode()


_PLAIN: Final = frozenset({type(None), bool, int, str})
"""What JSON says as it is; most fields are of these."""


def _said(value: Any) -> Any:
    kind = value.__class__
    return value if kind in _PLAIN else _way_of(kind)(value)


def _said_in_turn(values: Iterable[Any]) -> list[Any]:
    """Say each value, without a call for those that are said as they are."""
    return [value if value.__class__ in _PLAIN else _said(value) for value in values]


@cache
def _way_of(kind: Any) -> Callable[[Any], Any]:
    """Return how values of a type are said in JSON, each type so that no other's value is said the same."""
    if has(kind):
        names = [each.name for each in fields(kind)]
        return lambda value: [kind.__name__, *_said_in_turn([getattr(value, name) for name in names])]
    for known, way in _WAYS.items():
        if issubclass(kind, known):
            return way
    raise TypeError(f"{kind.__name__} is nothing a record holds")


_WAYS: Final[Mapping[type, Callable[[Any], Any]]] = {
    int: lambda value: value,  # and text of an enumeration
    str: lambda value: value,
    UUID: lambda value: ["id", str(value)],
    bytes: lambda value: ["bytes", value.hex()],
    datetime: lambda value: ["instant", in_utc(value).isoformat()],
    date: lambda value: ["day", value.isoformat()],
    tuple: lambda value: ["row", *_said_in_turn(value)],
    Mapping: lambda value: ["map", *[[name, _said(value[name])] for name in sorted(value)]],
    Set: lambda value: ["set", *sorted(map(_said, value))],
}
