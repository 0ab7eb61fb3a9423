"""How what a host gives is read: no further than its limit, and no error but our own."""

from collections.abc import Iterable, Mapping
from itertools import islice
from typing import Final, cast

from salon_crm.errors import InvalidValue

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


def shown_name(name: object) -> str:
    """Return the name of an unknown field as errors may show it: what could be no name could be personal data."""
    return name if isinstance(name, str) and len(name) <= _LONGEST_NAME and name.isidentifier() else "…"
