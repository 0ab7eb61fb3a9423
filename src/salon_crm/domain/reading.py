"""How what a host gives is read: no further than its limit, and no error but our own."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from enum import StrEnum
from itertools import islice
from typing import Final, TypeVar, cast

from salon_crm.errors import InvalidDocument, InvalidValue

T = TypeVar("T")
E = TypeVar("E", bound=StrEnum)

_LONGEST_NAME: Final = 60
_COUNTED: Final = (tuple, list, set, frozenset)


def read_items(value: object, field: str, *, most: int, expected: str = "a sequence") -> tuple[object, ...]:
    """Return the items of ``value``, read once and never further than one beyond ``most``.

    Raises InvalidValue naming ``field`` for text, mappings and what cannot be iterated, for an iterable that
    fails while it is read, and for more items than ``most``.
    """
    if isinstance(value, str | bytes | bytearray | Mapping) or not isinstance(value, Iterable):
        raise InvalidValue("wrong-type", field=field, expected=expected)
    try:
        items = tuple(islice(cast("Iterable[object]", value), most + 1))
    except Exception:  # noqa: BLE001 -- whatever a host's own iterable raises
        raise InvalidValue("wrong-type", field=field, expected=expected) from None
    if len(items) > most:
        count = len(cast("list[object]", value)) if isinstance(value, _COUNTED) else len(items)
        raise InvalidValue("too-many", field=field, count=count, limit=most)
    return items


def read_fields(value: object, field: str, *, names: Sequence[str], expected: str) -> dict[str, object]:
    """Return what a mapping states of the fields ``names``, without those that are None.

    Raises InvalidValue naming ``field`` for what is no mapping, for one that fails while it is read, and naming
    the first field that is unknown.
    """
    if not isinstance(value, Mapping):
        raise InvalidValue("wrong-type", field=field, expected=expected)
    try:
        stated = dict(islice(cast("Mapping[object, object]", value).items(), len(names) + 1))
    except Exception:  # noqa: BLE001 -- whatever a host's own mapping raises
        raise InvalidValue("wrong-type", field=field, expected=expected) from None
    for name in stated:
        if name not in names:
            raise InvalidValue("unknown-field", field=f"{field}.{shown_name(name)}", hint=f"It has {', '.join(names)}.")
    return {name: stated[name] for name in names if stated.get(name) is not None}


def read_whole(value: object, field: str, low: int, high: int) -> int:
    """Return a whole number from ``low`` to ``high`` as it was given; raises InvalidValue."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValue("wrong-type", field=field, expected="a whole number")
    if not low <= value <= high:
        raise InvalidValue("number-out-of-range", field=field, low=low, high=high)
    return value


def read_choice(value: object, field: str, choices: type[E]) -> E:
    """Return which of a few words was given; raises InvalidValue."""
    if not isinstance(value, str) or value not in set(choices):
        raise InvalidValue("not-a-choice", field=field, choices=tuple(choices))
    return choices(value)


def read_switch(value: object, field: str) -> bool:
    """Return a switch as it was given; raises InvalidValue for what only looks true or false."""
    if not isinstance(value, bool):
        raise InvalidValue("wrong-type", field=field, expected="True or False")
    return value


class Problems:
    """The problems of a form, gathered one by one, so that all come back together."""

    def __init__(self) -> None:
        self.found: list[InvalidValue] = []

    def read(self, parse: Callable[..., T], *arguments: object) -> T | None:
        """Return what ``parse`` returns of the arguments; where it raises InvalidValue, keep the problem: None."""
        try:
            return parse(*arguments)
        except InvalidValue as problem:
            self.found += problem.problems
            return None

    def settle(self) -> None:
        """Raise InvalidDocument with all that was found, if anything was."""
        if self.found:
            raise InvalidDocument(self.found)


def shown_name(name: object) -> str:
    """Return the name of an unknown field as errors may show it: what could be no name could be personal data."""
    return name if isinstance(name, str) and len(name) <= _LONGEST_NAME and name.isidentifier() else "…"
