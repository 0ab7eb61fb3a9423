"""Documents: the objects that use cases return, as JSON types under stable keys, and back again.

A document holds every field of its object under the field's own name, beside ``type`` (the class in
kebab-case) and ``format``. Ids, dates and instants are text, bytes are hexadecimal, an e-mail is its
``address`` and ``key``, a phone its ``e164``, ``valid`` and ``extension``. Reading goes through the
constructors, the door of stores: what was good when it was written still loads. It is strict in
everything else, and an error never quotes a value.

`salon_crm.to_document` takes what use cases return. A store keeps more than that, the salon's mark key
among it, and has a pair of its own: `to_stored` and `from_stored`.
"""

import re
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import date, datetime
from enum import StrEnum
from functools import cache
from itertools import islice
from typing import Any, Final, get_args, get_origin
from uuid import UUID

from attrs import fields, has
from cattrs import (
    AttributeValidationNote,
    ClassValidationError,
    Converter,
    ForbiddenExtraKeysError,
    IterableValidationError,
    IterableValidationNote,
)
from cattrs.gen import make_dict_structure_fn

from salon_crm.domain.audit import AuditEntry, Detail
from salon_crm.domain.dates import PartialDate, parse_instant
from salon_crm.domain.ids import parse_id
from salon_crm.domain.rewards import RewardProgramme
from salon_crm.domain.settings import Settings
from salon_crm.errors import InvalidDocument, InvalidValue
from salon_crm.ports.records import KINDS
from salon_crm.ports.store import SalonRecord

FORMAT: Final = 1
"""The format documents are written in; one that adds keys with defaults stays the same format."""

_MOST_PROBLEMS: Final = 100
_DAY: Final = re.compile(r"(?:(\d{4})|-)-(\d\d)-(\d\d)", re.ASCII)
_FIELD_NAME: Final = re.compile(r"[a-z_]{1,40}", re.ASCII)
_INSTANT: Final = "an instant such as 2026-03-01T09:00:00+00:00"

Read = Callable[[Any, Any], Any]
"""What cattrs calls to make a value of a type: it is given the JSON value and the type."""


class Documents:
    """Writes and reads documents of the attrs classes given, each known by its name in kebab-case.

    ``what`` says to whoever hands over another object what these classes are.
    """

    def __init__(self, types: Iterable[type], what: str = "an object that a use case returns") -> None:
        self._what = what
        self._types = {_tag(each): each for each in types}
        for each in self._types.values():
            if {"type", "format"} & {attribute.name for attribute in fields(each)}:
                raise TypeError(
                    f"{each.__name__} has a field called type or format, which documents keep for themselves"
                )
        self._converter = _strict_converter()

    def to_document(self, thing: object) -> dict[str, Any]:
        """Return ``thing`` as a document; raises InvalidValue for an object of another class."""
        tag = _tag(type(thing))
        if self._types.get(tag) is not type(thing):
            raise InvalidValue("wrong-type", field="thing", expected=self._what)
        return {"type": tag, "format": FORMAT, **self._converter.unstructure(thing)}

    def from_document(self, document: object) -> Any:
        """Return the object a document holds; raises InvalidDocument with the path of each problem, 100 at most."""
        if not isinstance(document, dict):
            raise InvalidDocument([InvalidValue("wrong-type", field="document", expected="a mapping")])
        values: dict[Any, Any] = dict(document)  # pyright: ignore[reportUnknownArgumentType]
        tag, written_in = values.pop("type", None), values.pop("format", None)
        wanted: Any = self._types.get(tag) if isinstance(tag, str) else None
        if wanted is None:
            hint = f"Its type is one of {', '.join(sorted(self._types))}."
            raise InvalidDocument([InvalidValue("document-unknown", field="type", hint=hint)])
        if type(written_in) is not int or written_in != FORMAT:
            hint = f"This release reads format {FORMAT}."
            raise InvalidDocument([InvalidValue("document-unknown", field="format", hint=hint)])
        try:
            return self._converter.structure(values, wanted)
        except (ClassValidationError, InvalidValue) as error:
            problems = tuple(islice(_problems(error), _MOST_PROBLEMS))
        raise InvalidDocument(problems)


def to_stored(thing: object) -> dict[str, Any]:
    """Return what a store keeps as JSON types: a record of any kind, an entry of the audit, the settings, the salon.

    `from_stored` turns it back into an object equal in every field. It holds everything, the salon's
    mark key too: it is for the store's own files and tables, and never for a screen, a queue or an
    export. Raises InvalidValue for an object that no port of stores takes.
    """
    return _stored().to_document(thing)


def from_stored(document: object) -> Any:
    """Return the object that `to_stored` made a document of, built by its constructor, the door of stores.

    Raises InvalidDocument with the path of each problem, 100 at most: to a store that is damage.
    """
    return _stored().from_document(document)


@cache
def _stored() -> Documents:
    kinds = (kind.type for kind in KINDS.values())
    return Documents((*kinds, AuditEntry, Settings, RewardProgramme, SalonRecord), "an object that a store keeps")


def _tag(kind: type) -> str:
    return re.sub(r"(?<!^)(?=[A-Z])", "-", kind.__name__).lower()


def _strict_converter() -> Converter:
    """Return a converter that takes exactly what it writes; cattrs alone makes True of "no" and 7 of "7"."""
    converter = Converter(detailed_validation=True)
    for kind in _PLAIN:
        converter.register_structure_hook(kind, _read_plain)
    converter.register_structure_hook_func(lambda declared: declared == Detail, _read_detail)
    hooks: tuple[tuple[Any, Callable[[Any], str], Read], ...] = (
        (UUID, str, _read_id),
        (date, date.isoformat, _read_date),
        (datetime, _write_instant, _read_instant),  # a datetime is a date too, and written as what it is
        (bytes, bytes.hex, _read_bytes),
        (PartialDate, str, _read_day),
        (StrEnum, str, _read_choice),
    )
    for value_kind, write, read in hooks:
        converter.register_unstructure_hook(value_kind, write)
        converter.register_structure_hook(value_kind, read)
    converter.register_structure_hook_factory(lambda kind: has(kind) and kind is not PartialDate, _object_reader)
    converter.register_structure_hook_factory(_is_many, _many_reader)
    converter.register_structure_hook_factory(_is_mapping, _mapping_reader)
    converter.register_unstructure_hook_factory(_is_many, _many_writer)
    converter.register_unstructure_hook_factory(_is_mapping, _mapping_writer)
    return converter


_PLAIN: Final[dict[Any, str]] = {str: "text", bool: "true or false", int: "a whole number"}


def _read_plain(value: Any, kind: Any) -> Any:
    if type(value) is not kind:
        raise InvalidValue("wrong-type", expected=_PLAIN[kind])
    return value


def _read_detail(value: Any, _: Any) -> Detail:
    if value is None or type(value) in (str, int, bool):
        return value  # type: ignore[no-any-return]  # checked above
    raise InvalidValue("wrong-type", expected="text, a whole number, true, false or null")


def _read_text(value: Any) -> str:
    text: str = _read_plain(value, str)
    return text


def _read_id(value: Any, _: Any) -> UUID:
    return parse_id(_read_text(value), "")


def _write_instant(instant: datetime) -> str:
    return parse_instant(instant, "").isoformat()


def _read_instant(value: Any, _: Any) -> datetime:
    try:
        instant = datetime.fromisoformat(_read_text(value))
    except ValueError:
        raise InvalidValue("wrong-type", expected=_INSTANT) from None
    return parse_instant(instant, "")


def _read_bytes(value: Any, _: Any) -> bytes:
    try:
        return bytes.fromhex(_read_text(value))
    except ValueError:
        raise InvalidValue("wrong-type", expected="hexadecimal text") from None


def _read_choice(value: Any, kind: Any) -> Any:
    choices = {str(member): member for member in kind}
    if _read_text(value) not in choices:
        raise InvalidValue("not-a-choice", choices=tuple(choices))
    return choices[value]


def _read_day(value: Any, _: Any) -> PartialDate:
    found = _DAY.fullmatch(_read_text(value))
    if found is None:
        raise InvalidValue("date-invalid")
    year, month, day = found.groups()
    return PartialDate(int(month), int(day), int(year) if year else None)


def _read_date(value: Any, _: Any) -> date:
    try:
        day = date.fromisoformat(_read_text(value))
    except ValueError:
        raise InvalidValue("date-invalid") from None
    if day.isoformat() != value:  # some releases of Python read more than they write
        raise InvalidValue("date-invalid")
    return day


def _object_reader(kind: Any, converter: Converter) -> Read:
    read_fields = make_dict_structure_fn(
        kind, converter, _cattrs_forbid_extra_keys=True, _cattrs_detailed_validation=True
    )
    return lambda value, _: read_fields(_read_object(value), kind)


def _read_object(value: Any) -> dict[Any, Any]:
    if not isinstance(value, dict):
        raise InvalidValue("wrong-type", expected="a mapping")
    return value  # pyright: ignore[reportUnknownVariableType]


def _is_many(declared: Any) -> bool:
    arguments = get_args(declared)
    return get_origin(declared) is frozenset or (get_origin(declared) is tuple and arguments[1:] == (Ellipsis,))


def _many_reader(declared: Any, converter: Converter) -> Read:
    kind: Any = get_origin(declared)
    items: Any = list[get_args(declared)[0]]  # type: ignore[misc]  # a type that is only known here
    read_items = converter.get_structure_hook(items)

    def read(value: Any, _: Any) -> Any:
        if not isinstance(value, list):
            raise InvalidValue("wrong-type", expected="a list")
        if get_args(items) == (Any,) and value:  # cattrs would let everything pass
            raise InvalidValue("wrong-type", expected="an empty list")
        return kind(read_items(value, items))

    return read


def _many_writer(declared: Any, converter: Converter) -> Callable[[Any], list[Any]]:
    if get_origin(declared) is frozenset:  # in an order, so that equal objects make equal documents
        return lambda values: sorted(map(converter.unstructure, values))
    return lambda values: list(map(converter.unstructure, values))


def _is_mapping(declared: Any) -> bool:
    return get_origin(declared) is Mapping


def _mapping_reader(declared: Any, converter: Converter) -> Read:
    items: Any = dict[get_args(declared)]  # type: ignore[misc]  # types that are only known here
    read_items = converter.get_structure_hook(items)
    return lambda value, _: read_items(_read_object(value), items)


def _mapping_writer(_: Any, converter: Converter) -> Callable[[Any], dict[Any, Any]]:
    write = converter.unstructure
    return lambda values: {write(key): write(value) for key, value in values.items()}


def _problems(error: BaseException, path: str = "") -> Iterator[InvalidValue]:
    """Walk what cattrs gathered and give each problem with the path of its field."""
    if isinstance(error, ClassValidationError | IterableValidationError):
        for inner in error.exceptions:
            yield from _problems(inner, path + _step(inner))
    elif isinstance(error, ForbiddenExtraKeysError):
        for name in sorted(map(str, error.extra_fields)):
            shown = name if _FIELD_NAME.fullmatch(name) else "…"  # a key from outside may be anything, like a value
            yield InvalidValue("unknown-field", field=_joined(path, shown), hint="Remove it.")
    elif isinstance(error, InvalidValue):
        yield InvalidValue(error.code, field=_joined(path, error.field), **error.params)
    elif isinstance(error, KeyError):
        yield InvalidValue("required", field=_joined(path, None), hint="Every document of this type has it.")
    else:  # pragma: no cover -- the hooks above raise nothing else
        raise error


def _step(error: BaseException) -> str:
    """Return the part of the path that an error of cattrs was raised under."""
    notes: Sequence[object] = getattr(error, "__notes__", ())
    match notes[0] if notes else None:
        case AttributeValidationNote() as note:
            return f".{note.name}"
        case IterableValidationNote() as note:
            return f"[{note.index}]" if isinstance(note.index, int) else "[…]"
        case _:
            return ""


def _joined(path: str, field: str | None) -> str:
    return ".".join(part for part in (path.removeprefix("."), field) if part)
