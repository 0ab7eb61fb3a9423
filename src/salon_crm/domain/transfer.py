"""Lists coming in and going out: what a row says, what is to be done with it, and the reports.

One planner serves the dry run and the real one. It decides each row from what the store holds and from
what earlier rows of the same list became; it never reads or writes anything itself.
"""

import json
import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, datetime
from enum import StrEnum
from types import MappingProxyType
from typing import Any, Final, cast
from uuid import UUID

from attrs import evolve, field, frozen

from salon_crm.domain.access import Permission
from salon_crm.domain.blocks import Block
from salon_crm.domain.contact import EmailAddress, PhoneNumber
from salon_crm.domain.customers import (
    PROFILE,
    Address,
    Customer,
    CustomerForm,
    FormContext,
    Gender,
    ProfileFields,
    Status,
    changed_customer,
    contact_keys,
    joined_name,
    known_names,
    new_customer,
)
from salon_crm.domain.dates import DateOrder, parse_instant
from salon_crm.domain.ids import CustomerId, ExternalId, RunId, parse_id
from salon_crm.domain.layouts import SINGLE_TARGETS
from salon_crm.domain.notes import clean_note
from salon_crm.domain.privacy import BEHAVIOUR, IDENTITY, OPERATOR, classed
from salon_crm.domain.settings import Settings
from salon_crm.domain.text import clean_text, fold
from salon_crm.errors import InvalidDocument, InvalidValue

MOST_LISTED: Final = 1_000
"""How many problems, twins and families a report lists; it counts them all."""


@frozen(field_transformer=classed)
class RowFingerprint:
    """How a row without id and contact is known again within its source: a keyed digest of what it says."""

    system: str = field(metadata=OPERATOR)
    digest: bytes = field(metadata=OPERATOR)
    customer_id: CustomerId = field(metadata=OPERATOR)


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
    profile: Customer = field(metadata=IDENTITY)
    """The profile the row would make by itself, to compare with those that are there."""

    @property
    def is_known_by_itself(self) -> bool:
        """Whether it has an id or a contact to be known by; else its fingerprint must serve."""
        return bool(self.id or self.profile.external_ids or contact_keys(self.profile))


_YES: Final = frozenset("yes y true 1 x on ja j wahr oui vrai si sim s tak da blocked gesperrt".split())
_NO: Final = frozenset("no n false 0 off nein falsch non faux nao nie ne".split())
_GENDERS: Final[Mapping[str, Gender | None]] = MappingProxyType(
    dict.fromkeys(
        "female f w woman weiblich frau femme feminin mujer femenino feminino femmina donna vrouw kobieta mrs ms "
        "miss mme sra".split(),
        Gender.FEMALE,
    )
    | dict.fromkeys(
        "male m man maennlich mannlich mann herr homme masculin hombre masculino maschio uomo mezczyzna mr sr".split(),
        Gender.MALE,
    )
    | dict.fromkeys(
        "other o d x divers diverse nonbinary non-binary autre otro outro altro anders".split(), Gender.OTHER
    )
    | dict.fromkeys(("unknown", "u", "-", "n/a", "none", "not specified", "unspecified", "prefer not to say"), None)
)
_STATUSES: Final = MappingProxyType(
    dict.fromkeys("active aktiv actif activo ativo attivo actief 1 yes true".split(), Status.ACTIVE)
    | dict.fromkeys(
        "inactive inaktiv inactif inactivo inativo inattivo inactief archived 0 no false".split(), Status.INACTIVE
    )
)


def _read_switch(text: str, name: str) -> bool:
    word = fold(text)
    if word in _YES or word in _NO:
        return word in _YES
    raise InvalidValue("not-a-choice", field=name, choices=("yes", "no"))


def _read_gender(text: str, name: str) -> Gender | None:
    try:
        return _GENDERS[fold(text).rstrip(".")]
    except KeyError:
        raise InvalidValue("not-a-choice", field=name, choices=tuple(Gender)) from None


def _read_status(text: str, name: str) -> Status:
    try:
        return _STATUSES[fold(text)]
    except KeyError:
        raise InvalidValue("not-a-choice", field=name, choices=tuple(Status)) from None


def _read_version(text: str, name: str) -> int:
    if text.isascii() and text.isdigit() and len(text) < 10:
        return int(text)
    raise InvalidValue("wrong-type", field=name, expected="a whole number")


def _read_instant(text: str, name: str) -> datetime:
    try:
        return parse_instant(datetime.fromisoformat(text), name)
    except ValueError:
        raise InvalidValue("wrong-type", field=name, expected="an instant such as 2026-05-17T09:30:00Z") from None


def _read_external_ids(text: str, name: str) -> list[ExternalId]:
    try:
        return [ExternalId.parse(pair, name) for pair in json.loads(text)]
    except (ValueError, TypeError, RecursionError):
        raise InvalidValue("wrong-type", field=name, expected='pairs such as [["system", "id"]]') from None


_BESIDE_PROFILE: Final[Mapping[str, Callable[[str, str], Any]]] = MappingProxyType(
    {
        "id": lambda text, name: CustomerId(parse_id(text, name)),
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

_ADDRESS_PARTS: Final = ("city", "subdivision", "postal_code", "country")
_NOBODY: Final = CustomerId(UUID(int=0))
_NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)


def read_row(line: int, cells: Mapping[str, list[str]], *, system: str, context: FormContext) -> ImportedRow:
    """Return what the filled cells of a row say; ``cells`` holds them by what their columns became.

    Raises InvalidDocument with every problem of the row.
    """
    problems: list[InvalidValue] = []

    def attempt(read: Callable[..., Any], *arguments: object) -> Any:
        try:
            return read(*arguments)
        except InvalidValue as problem:
            problems.extend(problem.problems)
            return None

    beside = {
        target: attempt(_BESIDE_PROFILE[target], texts[0].strip(), target)
        for target, texts in cells.items()
        if target in _BESIDE_PROFILE
    }
    notes = dict.fromkeys(
        (attempt(clean_note, text, target), target == "alert_note")
        for target in ("note", "alert_note")
        for text in cells.get(target, ())
    )
    fields: dict[str, Any] = {
        target: attempt(_SPELLED[target], texts[0].strip(), target) if target in _SPELLED else texts[0]
        for target, texts in cells.items()
        if target in PROFILE and target in SINGLE_TARGETS
    }
    fields.update(_gathered(cells, fields.pop("external_ids", None) or [], system))
    _name_of_parts(fields)
    wanted = {name: value for name, value in fields.items() if value is not None}
    values: ProfileFields = attempt(CustomerForm(wanted).check, context) or ProfileFields()
    if "id" not in cells and "name" not in wanted and not {"first_name", "last_name"} <= wanted.keys():
        hint = "Give name, or first_name and last_name."
        problems.append(InvalidValue("required", field="name", hint=hint))
    if problems:
        raise InvalidDocument(problems)
    return ImportedRow(line=line, values=values, profile=_draft(values), notes=tuple(notes), **beside)


def _gathered(cells: Mapping[str, list[str]], external_ids: list[ExternalId], system: str) -> dict[str, Any]:
    """Return the fields that are made of several cells, or of several values in one."""
    gathered: dict[str, Any] = {}
    for target in ("other_emails", "other_phones"):
        if target in cells:
            parts = (part.strip() for text in cells[target] for part in re.split("[;\n]", text))
            gathered[target] = [part for part in parts if part]
    address = {part: cells[part][0] for part in _ADDRESS_PARTS if part in cells}
    if "address_lines" in cells:
        address["lines"] = "\n".join(cells["address_lines"])
    if address:
        gathered["address"] = address
    if "external_id" in cells:
        external_ids = [*external_ids, ExternalId(system, cells["external_id"][0])]
    if external_ids:
        gathered["external_ids"] = [(each.system, each.id) for each in external_ids]
    if "country_code" in cells and "mobile" in cells and not cells["mobile"][0].strip().startswith(("+", "00")):
        gathered["mobile"] = f"+{cells['country_code'][0].strip().lstrip('+').removeprefix('00')} {cells['mobile'][0]}"
    return gathered


def _name_of_parts(fields: dict[str, Any]) -> None:
    """Let one part be the whole name where a list has no more: people of one name, first names only."""
    if "name" not in fields:
        parts = [fields[part] for part in ("first_name", "last_name") if fields.get(part)]
        if len(parts) == 1:
            fields["name"] = parts[0]


def _draft(values: ProfileFields) -> Customer:
    name = values.get("name") or joined_name(values.get("first_name"), values.get("last_name")) or ""
    known: dict[str, Any] = {**values, "name": name}
    return evolve(Customer(id=_NOBODY, added=_NEVER, name=name), **known)


def fingerprint_text(row: ImportedRow) -> tuple[str, ...]:
    """Return what a row without id and contact is known again by: every value it states, as it is kept."""
    values: Mapping[str, Any] = row.values
    return tuple(f"{name}={_stated(value)}" for name, value in sorted(values.items()))


def _stated(value: object) -> str:
    if isinstance(value, tuple):
        items: tuple[object, ...] = value
        return "\x1f".join(map(_stated, items))
    if isinstance(value, Address):
        parts = (value.city, value.subdivision, value.postal_code, value.country)
        return "\x1f".join((*value.lines, *(part or "" for part in parts)))
    return str(value)


class Outcome(StrEnum):
    """What became of a row."""

    CREATED = "created"
    UPDATED = "updated"
    UNCHANGED = "unchanged"
    SKIPPED = "skipped"
    REFUSED = "refused"


@frozen(field_transformer=classed, kw_only=True)
class Change:
    """A row that creates a customer, or, where there is one ``before``, changes them."""

    row: ImportedRow = field(metadata=IDENTITY)
    before: Customer | None = field(default=None, metadata=IDENTITY)
    after: Customer = field(metadata=IDENTITY)
    fields: tuple[str, ...] = field(default=(), metadata=OPERATOR)
    block: bool = field(default=False, metadata=OPERATOR)
    notes: tuple[tuple[str, bool], ...] = field(default=(), metadata=BEHAVIOUR)
    family: tuple[CustomerId, ...] = field(default=(), metadata=OPERATOR)

    @property
    def outcome(self) -> Outcome:
        return Outcome.CREATED if self.before is None else Outcome.UPDATED


@frozen(field_transformer=classed)
class Same:
    """A row that says nothing new of a customer."""

    line: int = field(metadata=OPERATOR)

    @property
    def outcome(self) -> Outcome:
        return Outcome.UNCHANGED


@frozen(field_transformer=classed)
class TwinOf:
    """A row that says again who an earlier line said."""

    line: int = field(metadata=OPERATOR)
    first_line: int = field(metadata=OPERATOR)

    @property
    def outcome(self) -> Outcome:
        return Outcome.SKIPPED


Decision = Change | Same | TwinOf
"""What is to be done with a row, decided and not yet done."""


@frozen(field_transformer=classed, kw_only=True)
class Known:
    """What the store holds that the rows of a slice may mean."""

    by_id: Mapping[CustomerId, Customer] = field(metadata=IDENTITY)
    aliases: Mapping[CustomerId, CustomerId] = field(metadata=OPERATOR)
    removed: frozenset[CustomerId] = field(metadata=OPERATOR)
    by_external_id: Mapping[ExternalId, Customer] = field(metadata=IDENTITY)
    by_contact: Mapping[str, tuple[Customer, ...]] = field(metadata=IDENTITY)
    by_fingerprint: Mapping[bytes, Customer] = field(metadata=IDENTITY)
    blocked: frozenset[CustomerId] = field(metadata=BEHAVIOUR)
    notes: Mapping[CustomerId, frozenset[str]] = field(metadata=BEHAVIOUR)


@frozen(field_transformer=classed)
class _Seen:
    """What an earlier row of this list became."""

    line: int = field(metadata=OPERATOR)
    customer_id: CustomerId = field(metadata=OPERATOR)
    names: frozenset[str] = field(metadata=IDENTITY)


class Planner:
    """Decides each row of a list, in order, remembering what the rows before it became."""

    def __init__(self, settings: Settings, *, overwrite: bool) -> None:
        self._settings = settings
        self._overwrite = overwrite
        self._lines: dict[CustomerId, _Seen] = {}
        self._new_by_id: dict[CustomerId, _Seen] = {}
        self._new_by_external_id: dict[ExternalId, _Seen] = {}
        self._new_by_contact: dict[str, list[_Seen]] = {}
        self._new_by_fingerprint: dict[bytes, _Seen] = {}

    def forget_new(self) -> None:
        """Forget what rows were created as, since the store knows them now; whose line was whose stays."""
        for created in (self._new_by_id, self._new_by_external_id, self._new_by_contact, self._new_by_fingerprint):
            created.clear()

    def plan(self, row: ImportedRow, known: Known, *, new_id: CustomerId, fingerprint: bytes | None) -> Decision:
        """Return what is to be done with a row; ``new_id`` is the id it is created under, if it is.

        Raises InvalidValue where the row cannot be taken: its id was removed, it matches several customers,
        its id stands for somebody of another name in an earlier line, the profile changed since the export.
        """
        match, field_matched, by_own_id = self._match(row, known, fingerprint)
        if isinstance(match, Customer) and match.id in self._lines:
            match = self._lines[match.id]
        if isinstance(match, _Seen):
            return self._twin(row, match, field_matched)
        if isinstance(match, Customer):
            plan = self._update(row, match, known, by_own_id=by_own_id)
            self._remember(row, match.id, known_names(match), fingerprint, new=False)
            return plan
        family = self._sharing(row, known)
        after = new_customer(
            row.id or new_id,
            row.values,
            added=row.added or _NEVER,
            settings=self._settings,
            status=row.status or Status.ACTIVE,
        )
        self._remember(row, after.id, known_names(after), fingerprint, new=True)
        return Change(row=row, after=after, block=row.blocked, notes=row.notes, family=family)

    def _match(
        self, row: ImportedRow, known: Known, fingerprint: bytes | None
    ) -> tuple[Customer | _Seen | None, str, bool]:
        """Return who a row is, the field that says so, and whether that is our own id."""
        if row.id is not None:
            kept = known.aliases.get(row.id, row.id)
            if kept in known.removed:
                raise InvalidValue("row-customer-removed", field="id")
            return known.by_id.get(kept) or self._new_by_id.get(kept), "id", True
        matched = self._one(
            "external_id",
            [
                match
                for external_id in row.profile.external_ids
                if (match := known.by_external_id.get(external_id) or self._new_by_external_id.get(external_id))
            ],
        )
        if matched:
            return matched, "external_id", False
        names = known_names(row.profile)
        same: list[Customer | _Seen] = []
        for key in sorted(contact_keys(row.profile)):
            same += [customer for customer in known.by_contact.get(key, ()) if known_names(customer) & names]
            same += [seen for seen in self._new_by_contact.get(key, ()) if seen.names & names]
        matched = self._one("email" if row.profile.email else "mobile", same)
        if matched is None and fingerprint is not None:
            matched = known.by_fingerprint.get(fingerprint) or self._new_by_fingerprint.get(fingerprint)
        return matched, "name", False

    def _one(self, name: str, matches: list[Customer | _Seen]) -> Customer | _Seen | None:
        found = {match.id if isinstance(match, Customer) else match.customer_id: match for match in matches}
        if len(found) > 1:
            raise InvalidValue("row-ambiguous", field=name, count=len(found), ids=tuple(map(str, sorted(found))))
        return next(iter(found.values()), None)

    def _twin(self, row: ImportedRow, seen: _Seen, field_matched: str) -> Decision:
        if not known_names(row.profile) & seen.names and row.profile.name:
            raise InvalidValue("row-id-repeated", field=field_matched, line=seen.line)
        return TwinOf(row.line, seen.line)

    def _sharing(self, row: ImportedRow, known: Known) -> tuple[CustomerId, ...]:
        """Return the customers a new one shares a contact with: family, by their other names."""
        if row.id is not None:
            return ()
        keys = contact_keys(row.profile)
        ids = {customer.id for key in keys for customer in known.by_contact.get(key, ())}
        return tuple(sorted(ids | {seen.customer_id for key in keys for seen in self._new_by_contact.get(key, ())}))

    def _update(self, row: ImportedRow, customer: Customer, known: Known, *, by_own_id: bool) -> Decision:
        file_wins = by_own_id or self._overwrite
        wanted = _winning(row, customer) if file_wins else _filling(row, customer)
        after, fields = changed_customer(customer, wanted, settings=self._settings)
        if file_wins and row.status is not None and row.status is not customer.status:
            after = evolve(after, status=row.status, version=customer.version + 1)
            fields = (*fields, "status")
        held = known.notes.get(customer.id, frozenset())
        notes = tuple(note for note in row.notes if note[0] not in held)
        block = row.blocked and customer.id not in known.blocked
        if not (fields or notes or block):
            return Same(row.line)
        if by_own_id and row.version is not None and row.version != customer.version:
            raise InvalidValue("row-changed-since-export", field="version", current=customer.version)
        return Change(row=row, before=customer, after=after, fields=fields, block=block, notes=notes)

    def _remember(
        self, row: ImportedRow, customer_id: CustomerId, names: frozenset[str], fingerprint: bytes | None, *, new: bool
    ) -> None:
        seen = _Seen(row.line, customer_id, names)
        self._lines[customer_id] = seen
        if not new:
            return
        self._new_by_id[customer_id] = seen
        for external_id in row.profile.external_ids:
            self._new_by_external_id[external_id] = seen
        for key in contact_keys(row.profile):
            self._new_by_contact.setdefault(key, []).append(seen)
        if fingerprint is not None:
            self._new_by_fingerprint[fingerprint] = seen


def _winning(row: ImportedRow, customer: Customer) -> ProfileFields:
    """Return what a row changes where the list wins; an empty cell never clears, and no id is ever dropped."""
    values: dict[str, Any] = dict(row.values)
    if "external_ids" in values:
        values["external_ids"] = tuple(dict.fromkeys((*customer.external_ids, *values["external_ids"])))
    return cast(ProfileFields, values)


def _filling(row: ImportedRow, customer: Customer) -> ProfileFields:
    """Return what a row adds where the profile wins: values for empty fields, and further contacts and ids."""
    values: dict[str, Any] = {}
    for name, value in row.values.items():
        current = getattr(customer, name)
        if isinstance(current, tuple):
            values[name] = tuple(dict.fromkeys((*current, *cast(tuple[Any, ...], value))))
        elif current in (None, False):
            values[name] = value
    return cast(ProfileFields, values)


@frozen(field_transformer=classed, kw_only=True)
class ImportProblem:
    """Why a row was refused: its line, the field at fault, and the reason with the way out; never a value."""

    line: int = field(metadata=OPERATOR)
    code: str = field(metadata=OPERATOR)
    reason: str = field(metadata=OPERATOR)
    field: str | None = field(metadata=OPERATOR)  # last, since it takes the name of what declares fields


@frozen(field_transformer=classed)
class Family:
    """A new customer who shares a contact with others of another name."""

    line: int = field(metadata=OPERATOR)
    customer_ids: tuple[CustomerId, ...] = field(metadata=OPERATOR)


@frozen(field_transformer=classed, kw_only=True)
class ImportReport:
    """What an import did, or, as a dry run, would do.

    ``rows`` = ``created`` + ``updated`` + ``unchanged`` + ``skipped`` + ``refused``. ``problems``,
    ``twins`` and ``families`` list the first 1,000 of each; ``family_rows`` counts the families.
    ``layout`` is the recognised layout's name or None, ``mapping`` what each column became,
    ``not_taken`` the columns that were left, ``facts`` what was recognised of the file.
    """

    import_id: RunId = field(metadata=OPERATOR)
    dry_run: bool = field(metadata=OPERATOR)
    system: str = field(metadata=OPERATOR)
    layout: str | None = field(metadata=OPERATOR)
    mapping: Mapping[str, str | None] = field(metadata=OPERATOR)
    not_taken: tuple[str, ...] = field(metadata=OPERATOR)
    facts: Mapping[str, str] = field(metadata=OPERATOR)
    date_order: DateOrder | None = field(metadata=OPERATOR)
    rows: int = field(metadata=OPERATOR)
    created: int = field(metadata=OPERATOR)
    updated: int = field(metadata=OPERATOR)
    unchanged: int = field(metadata=OPERATOR)
    skipped: int = field(metadata=OPERATOR)
    refused: int = field(metadata=OPERATOR)
    family_rows: int = field(metadata=OPERATOR)
    problems: tuple[ImportProblem, ...] = field(metadata=OPERATOR)
    twins: tuple[TwinOf, ...] = field(metadata=OPERATOR)
    families: tuple[Family, ...] = field(metadata=OPERATOR)


@frozen(field_transformer=classed, kw_only=True)
class ExportReport:
    """What an export wrote: how many customers, and which columns."""

    export_id: RunId = field(metadata=OPERATOR)
    rows: int = field(metadata=OPERATOR)
    columns: tuple[str, ...] = field(metadata=OPERATOR)


@frozen(field_transformer=classed)
class ExportedCustomer:
    """A customer on the way out, with the block in force if there is one."""

    customer: Customer = field(metadata=IDENTITY)
    block: Block | None = field(metadata=BEHAVIOUR)


@frozen(field_transformer=classed)
class ExportColumn:
    """A column of an export: the cell of a customer, and the permission it needs beside that of exporting."""

    cell: Callable[[ExportedCustomer], str] = field(metadata=OPERATOR)
    permission: Permission = field(default=Permission.VIEW_CUSTOMERS, metadata=OPERATOR)


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _of(name: str) -> ExportColumn:
    return ExportColumn(lambda exported: _cell(getattr(exported.customer, name)))


def _of_address(name: str) -> ExportColumn:
    return ExportColumn(lambda exported: _cell(exported.customer.address and getattr(exported.customer.address, name)))


def phone_cell(phone: PhoneNumber | None) -> str:
    """Return a phone as a cell that reads back as the same phone, extension and all."""
    if phone is None:
        return ""
    return f"{phone.e164} x{phone.extension}" if phone.extension else phone.e164


def _switch_cell(value: bool) -> str:
    return "yes" if value else ""


def _external_ids_cell(exported: ExportedCustomer) -> str:
    pairs = [[each.system, each.id] for each in exported.customer.external_ids]
    return json.dumps(pairs, ensure_ascii=False) if pairs else ""


def _emails_cell(emails: Iterable[EmailAddress]) -> str:
    return "; ".join(map(str, emails))


EXPORT_COLUMNS: Final[Mapping[str, ExportColumn]] = MappingProxyType(
    {
        "id": _of("id"),
        "version": _of("version"),
        "added": ExportColumn(lambda exported: exported.customer.added.isoformat()),
        "name": _of("name"),
        "first_name": _of("first_name"),
        "last_name": _of("last_name"),
        "email": _of("email"),
        "other_emails": ExportColumn(lambda exported: _emails_cell(exported.customer.other_emails)),
        "mobile": ExportColumn(lambda exported: phone_cell(exported.customer.mobile)),
        "other_phones": ExportColumn(lambda exported: "; ".join(map(phone_cell, exported.customer.other_phones))),
        "contact_declined": ExportColumn(lambda exported: _switch_cell(exported.customer.contact_declined)),
        "birthday": _of("birthday"),
        "anniversary": _of("anniversary"),
        "gender": _of("gender"),
        "referral_source": _of("referral_source"),
        "address_lines": ExportColumn(
            lambda exported: "\n".join(exported.customer.address.lines) if exported.customer.address else ""
        ),
        "city": _of_address("city"),
        "subdivision": _of_address("subdivision"),
        "postal_code": _of_address("postal_code"),
        "country": _of_address("country"),
        "language": _of("language"),
        "zone": _of("zone"),
        "preferences": _of("preferences"),
        "external_ids": ExportColumn(_external_ids_cell),
        "status": _of("status"),
        "blocked": ExportColumn(lambda exported: _switch_cell(exported.block is not None), Permission.VIEW_BLOCKS),
        "block_reason": ExportColumn(
            lambda exported: exported.block.reason if exported.block else "", Permission.VIEW_BLOCKS
        ),
    }
)
"""Every column an export may have, in the order it has them; importing takes each back."""
