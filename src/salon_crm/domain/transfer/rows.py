"""What one row of a list says, each cell read as people and other systems write it."""

import json
import re
from collections.abc import Callable, Mapping
from datetime import UTC, date, datetime, time
from enum import StrEnum
from functools import partial
from types import MappingProxyType
from typing import Any, Final, TypeVar, cast

from attrs import field, frozen

from salon_crm.domain.contact import EmailAddress, PhoneNumber
from salon_crm.domain.customers import (
    PROFILE,
    Address,
    CustomerForm,
    FormContext,
    Gender,
    ProfileFields,
    Status,
    joined_name,
    keys_of,
    words_of_names,
)
from salon_crm.domain.dates import parse_instant
from salon_crm.domain.ids import CustomerId, ExternalId, parse_new_id
from salon_crm.domain.notes import clean_note
from salon_crm.domain.privacy import BEHAVIOUR, CONTACT, IDENTITY, OPERATOR, classed
from salon_crm.domain.text import clean_text, fold
from salon_crm.domain.transfer.layouts import SINGLE_TARGETS
from salon_crm.errors import InvalidDocument, InvalidValue

Choice = TypeVar("Choice", bound=StrEnum)


@frozen(field_transformer=classed, kw_only=True)
class ImportedRow:
    """What one row of a list says, each value checked as a form's is."""

    line: int = field(metadata=OPERATOR)
    values: ProfileFields = field(metadata=IDENTITY)
    id: CustomerId | None = field(default=None, metadata=OPERATOR)
    version: int | None = field(default=None, metadata=OPERATOR)
    added: datetime | None = field(default=None, metadata=OPERATOR)
    status: Status | None = field(default=None, metadata=OPERATOR)
    blocked: bool = field(default=False, metadata=BEHAVIOUR)
    block_reason: str | None = field(default=None, metadata=BEHAVIOUR)
    notes: tuple[tuple[str, bool], ...] = field(default=(), metadata=BEHAVIOUR)
    """The text of each note, and whether it is an alert."""
    name: str = field(metadata=IDENTITY)
    """The full name, as stated or joined; empty where the row has none."""
    names: frozenset[str] = field(metadata=IDENTITY)
    """The sorted folded words of the names it states, to compare with those that are there."""
    contacts: frozenset[str] = field(metadata=CONTACT)
    """The keys of the e-mails and phones it states."""
    external_ids: tuple[ExternalId, ...] = field(metadata=IDENTITY)

    @property
    def is_known_by_itself(self) -> bool:
        """Whether it has an id or a contact to be known by; else its fingerprint must serve."""
        return bool(self.id or self.external_ids or self.contacts)


_YES: Final = frozenset("yes y true 1 x on ja j wahr oui vrai si sim s tak da blocked gesperrt".split())
_NO: Final = frozenset("no n false 0 off nein falsch non faux nao nie ne".split())
_NOT_SAID: Final = frozenset(("unknown", "u", "-", "n/a", "none", "not specified", "prefer not to say"))
_GENDERS: Final[Mapping[Gender, str]] = {
    Gender.FEMALE: "female f w woman weiblich frau femme feminin mujer femenino feminino femmina donna vrouw kobieta "
    "mrs ms miss mme sra",
    Gender.MALE: "male m man maennlich mannlich mann herr homme masculin hombre masculino maschio uomo mezczyzna mr sr",
    Gender.OTHER: "other o d x divers diverse nonbinary non-binary autre otro outro altro anders",
}
_STATUSES: Final[Mapping[Status, str]] = {
    Status.ACTIVE: "active aktiv actif activo ativo attivo actief 1 yes true",
    Status.INACTIVE: "inactive inaktiv inactif inactivo inativo inattivo inactief archived 0 no false",
}


def _read_switch(text: str, name: str) -> bool:
    word = fold(text)
    if word in _YES or word in _NO:
        return word in _YES
    raise InvalidValue("not-a-choice", field=name, choices=("yes", "no"))


def _read_gender(text: str, name: str) -> Gender | None:
    return None if fold(text) in _NOT_SAID else _read_choice(_GENDERS, text, name)


def _read_status(text: str, name: str) -> Status:
    return _read_choice(_STATUSES, text, name)


def _read_choice(words: Mapping[Choice, str], text: str, name: str) -> Choice:
    """Return the choice that a list calls by this word; raises InvalidValue for a word that is not known."""
    word = fold(text).rstrip(".")
    for choice, known in words.items():
        if word in known.split():
            return choice
    raise InvalidValue("not-a-choice", field=name, choices=tuple(words))


def _read_version(text: str, name: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    raise InvalidValue("wrong-type", field=name, expected="a whole number")


def _read_instant(text: str, name: str) -> datetime:
    """Read an instant, or a day, which becomes its noon: the same day nearly everywhere."""
    try:
        if len(text) == len("2026-05-17"):
            return datetime.combine(date.fromisoformat(text), NOON, UTC)
        return parse_instant(datetime.fromisoformat(text), name)
    except ValueError:
        expected = "a day such as 2026-05-17, or an instant such as 2026-05-17T09:30:00Z"
        raise InvalidValue("wrong-type", field=name, expected=expected) from None


def _refuse_future(added: datetime, today: date) -> None:
    """Refuse an instant more than a day ahead; one day is what zones and the noon of a day may make of now."""
    if (added.date() - today).days > 1:
        raise InvalidValue("instant-in-future", field="added")


def _read_external_ids(text: str, name: str) -> list[ExternalId]:
    try:
        return [ExternalId.parse(pair, name) for pair in json.loads(text)]
    except (ValueError, TypeError, RecursionError):
        raise InvalidValue("wrong-type", field=name, expected='pairs such as [["system", "id"]]') from None


_BESIDE_PROFILE: Final[Mapping[str, Callable[[str, str], Any]]] = MappingProxyType(
    {
        "id": lambda text, name: CustomerId(parse_new_id(text, name)),
        "version": _read_version,
        "added": _read_instant,
        "status": _read_status,
        "blocked": _read_switch,
        "block_reason": lambda text, name: clean_text(text, name, lines=True),
    }
)
_SPELLED: Final[Mapping[str, Callable[[str, str], Any]]] = MappingProxyType(
    {"gender": _read_gender, "contact_declined": _read_switch, "external_ids": _read_external_ids}
)
"""The profile fields whose cells are spelled in more ways than a form's."""

_AS_IT_STANDS: Final = frozenset(PROFILE).intersection(SINGLE_TARGETS) - _SPELLED.keys()
"""The profile fields that one cell states as a form does."""
_NOTES: Final[Mapping[str, bool]] = MappingProxyType({"note": False, "alert_note": True})
"""The targets that are notes, and whether they are alerts."""
_ADDRESS_PARTS: Final = ("city", "subdivision", "postal_code", "country")
_GATHERED: Final = frozenset(
    ("other_emails", "other_phones", "address_lines", *_ADDRESS_PARTS, "external_id", "country_code")
)
"""What fields of several cells, or of several values in one, are gathered from."""
NOON: Final = time(12)


def read_row(line: int, cells: Mapping[str, list[str]], *, system: str, context: FormContext) -> ImportedRow:
    """Return what the filled cells of a row say; ``cells`` holds them by what their columns became.

    Raises InvalidDocument with every problem of the row.
    """
    problems: list[InvalidValue] = []
    attempt = partial(_attempt, problems)
    beside: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    notes: dict[tuple[str, bool], None] = {}
    for target, texts in cells.items():
        if target in _AS_IT_STANDS:
            fields[target] = texts[0]
        elif target in _SPELLED:
            fields[target] = attempt(_SPELLED[target], texts[0].strip(), target)
        elif target in _BESIDE_PROFILE:
            beside[target] = attempt(_BESIDE_PROFILE[target], texts[0].strip(), target)
        elif target in _NOTES:
            notes |= dict.fromkeys((attempt(clean_note, text, target), _NOTES[target]) for text in texts)
    if beside.get("added") is not None:
        attempt(_refuse_future, beside["added"], context.today)
    fields.update(_gathered(cells, fields.pop("external_ids", None) or [], system))
    _name_of_parts(fields)
    wanted = {name: value for name, value in fields.items() if value is not None}
    values: ProfileFields = attempt(CustomerForm(wanted).check, context) or ProfileFields()
    if "id" not in cells and "name" not in wanted and not {"first_name", "last_name"} <= wanted.keys():
        hint = "Give name, or first_name and last_name."
        problems.append(InvalidValue("required", field="name", hint=hint))
    if problems:
        raise InvalidDocument(problems)
    joined = joined_name(values.get("first_name"), values.get("last_name"))
    name = values.get("name") or joined or ""
    return ImportedRow(
        line=line,
        values=values,
        name=name,
        names=words_of_names(name, joined),
        contacts=keys_of(_contacts(values)),
        external_ids=cast("tuple[ExternalId, ...]", values.get("external_ids", ())),
        notes=tuple(notes),
        **beside,
    )


def _attempt(problems: list[InvalidValue], read: Callable[..., Any], *arguments: object) -> Any:
    """Return what ``read`` returns; None where it finds a problem, which joins those of the row."""
    try:
        return read(*arguments)
    except InvalidValue as problem:
        problems.extend(problem.problems)
        return None


def _gathered(cells: Mapping[str, list[str]], external_ids: list[ExternalId], system: str) -> dict[str, Any]:
    """Return the fields that are made of several cells, or of several values in one."""
    gathered: dict[str, Any] = {}
    if not external_ids and _GATHERED.isdisjoint(cells):
        return gathered
    pairs = [(each.system, each.id) for each in external_ids]
    for target in ("other_emails", "other_phones"):
        if target in cells:
            parts = (part.strip() for text in cells[target] for part in re.split("[;\n]", text))
            gathered[target] = [part for part in parts if part]
    address: dict[str, object] = {part: cells[part][0] for part in _ADDRESS_PARTS if part in cells}
    if "address_lines" in cells:
        lines = (line for text in cells["address_lines"] for line in re.split("\r\n|\r|\n", text))
        address["lines"] = [line for line in lines if line.strip()]
    if address:
        gathered["address"] = address
    if "external_id" in cells:
        pairs.append((system, cells["external_id"][0]))
    if pairs:
        gathered["external_ids"] = pairs
    if "country_code" in cells and "mobile" in cells and not cells["mobile"][0].strip().startswith(("+", "00")):
        gathered["mobile"] = f"+{cells['country_code'][0].strip().lstrip('+').removeprefix('00')} {cells['mobile'][0]}"
    return gathered


def _name_of_parts(fields: dict[str, Any]) -> None:
    """Let one part be the whole name where a list has no more: people of one name, first names only."""
    if "name" not in fields:
        parts = [fields[part] for part in ("first_name", "last_name") if fields.get(part)]
        if len(parts) == 1:
            fields["name"] = parts[0]


def _contacts(values: Mapping[str, Any]) -> list[EmailAddress | PhoneNumber]:
    one_each = [values[name] for name in ("email", "mobile") if values.get(name) is not None]
    return [*one_each, *values.get("other_emails", ()), *values.get("other_phones", ())]


def fingerprint_text(row: ImportedRow) -> tuple[str, ...]:
    """Return what a row without id and contact is known again by: every value it states, as it is kept."""
    values: Mapping[str, Any] = row.values
    return tuple(f"{name}={_stated(value)}" for name, value in sorted(values.items()))


def _stated(value: object) -> str:
    if isinstance(value, tuple):
        return "\x1f".join(map(_stated, cast(tuple[object, ...], value)))
    if isinstance(value, Address):
        parts = (value.city, value.subdivision, value.postal_code, value.country)
        return "\x1f".join((*value.lines, *(part or "" for part in parts)))
    return str(value)
