"""What is to be done with each row of a list.

One planner serves the dry run and the real one. It decides from what the store holds and from what
earlier rows of the same list became; it never reads or writes anything itself.
"""

from collections.abc import Mapping
from datetime import datetime
from enum import StrEnum
from typing import Any, cast

from attrs import evolve, field, frozen

from salon_crm.domain.customers import (
    MOST_VALUES,
    Address,
    Customer,
    ProfileFields,
    Status,
    changed_customer,
    contact_keys,
    known_names,
    new_customer,
)
from salon_crm.domain.ids import CustomerId, ExternalId
from salon_crm.domain.privacy import BEHAVIOUR, IDENTITY, OPERATOR, classed
from salon_crm.domain.settings import Settings
from salon_crm.domain.text import same_words
from salon_crm.domain.transfer.lines import LinesOf
from salon_crm.domain.transfer.rows import ImportedRow
from salon_crm.errors import InvalidValue


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

    @property
    def contacts(self) -> frozenset[str]:
        """The keys of the contacts the customer has and had: where there was none before, those of the row."""
        return self.row.contacts if self.before is None else contact_keys(self.after)


@frozen(field_transformer=classed)
class Same:
    """A row that says nothing new of a customer."""

    row: ImportedRow = field(metadata=IDENTITY)
    customer: Customer = field(metadata=IDENTITY)

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

    settings: Settings = field(metadata=OPERATOR)
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
    """Every name the customer is known by, the one in the row included."""


class _SeenBy:
    """Earlier rows of this list, by what they are known by."""

    def __init__(self) -> None:
        self.id: dict[CustomerId, _Seen] = {}
        self.external_id: dict[ExternalId, _Seen] = {}
        self.contact: dict[str, list[_Seen]] = {}
        self.fingerprint: dict[bytes, _Seen] = {}


class Planner:
    """Decides each row of a list, in order, remembering what the rows before it became.

    What `plan` decided is remembered by `keep`. What the salon took of a row is forgotten once the store
    knows it (`forget_new`), but for the line. What was left, because the row was a twin or refused or the
    profile won, is remembered to the end, so that a row means the same person when the list is brought
    in again.
    """

    def __init__(self, *, overwrite: bool) -> None:
        self._overwrite = overwrite
        self._lines = LinesOf()
        self._names: dict[CustomerId, frozenset[str]] = {}
        """The names this list has for a customer that the salon does not know them by."""
        self._new = _SeenBy()
        self._left = _SeenBy()

    def forget_new(self) -> None:
        """Forget what the store knows now; whose line was whose stays."""
        self._new = _SeenBy()

    def plan(
        self, row: ImportedRow, known: Known, *, new_id: CustomerId, added: datetime, fingerprint: bytes | None
    ) -> Decision:
        """Return what is to be done with a row; one that says no more is created under ``new_id``, as of ``added``.

        Raises InvalidValue where the row cannot be taken: its id was removed, it matches several customers,
        its id stands for somebody of another name in an earlier line, the profile changed since the export.
        """
        match: Customer | _Seen | None = None
        try:
            match, field_matched, by_own_id = self._match(row, known, fingerprint)
            if isinstance(match, Customer):
                match = self._seen(match) or match
            if isinstance(match, _Seen):
                return self._twin(row, match, field_matched)
            self._refuse_held(row, match, known)
            if isinstance(match, Customer):
                return self._update(row, match, known, by_own_id=by_own_id)
            return self._create(row, known, new_id, added)
        except InvalidValue:
            if not isinstance(match, _Seen):
                self._leave_refused(row, match, known, new_id)
            raise

    def keep(self, decision: Decision, fingerprint: bytes | None) -> None:
        """Remember what a row became, for the rows after it."""
        if isinstance(decision, TwinOf):
            return
        row, customer = decision.row, decision.customer if isinstance(decision, Same) else decision.after
        created = isinstance(decision, Change) and decision.before is None  # of nothing but the row
        seen = _Seen(row.line, customer.id, row.names if created else self._remember_names(row, customer))
        self._lines.put(customer.id, row.line)
        self._new.id[customer.id] = seen
        for external_id in row.external_ids:
            self._new.external_id[external_id] = seen
        kept = decision.contacts if isinstance(decision, Change) else contact_keys(customer)
        for key in row.contacts:
            (self._new if key in kept else self._left).contact.setdefault(key, []).append(seen)
        if fingerprint is not None:
            self._new.fingerprint[fingerprint] = seen

    def _match(
        self, row: ImportedRow, known: Known, fingerprint: bytes | None
    ) -> tuple[Customer | _Seen | None, str, bool]:
        """Return who a row is, the field that says so, and whether that is our own id."""
        if row.id is not None:
            kept = known.aliases.get(row.id, row.id)
            if kept in known.removed:
                raise InvalidValue("row-customer-removed", field="id")
            return known.by_id.get(kept) or self._new.id.get(kept) or self._left.id.get(kept), "id", True
        if row.external_ids:
            holders = (self._holder(external_id, known) for external_id in row.external_ids)
            matched = self._one("external_id", [holder for holder in holders if holder])
            if matched:
                return matched, "external_id", False
        same: list[Customer | _Seen] = []
        for key in sorted(row.contacts):
            if key in known.by_contact:
                same += [customer for customer in known.by_contact[key] if self._names_of(customer) & row.names]
            for seen_by in (self._new, self._left):
                if key in seen_by.contact:
                    same += [seen for seen in seen_by.contact[key] if seen.names & row.names]
        matched = self._one("email" if row.values.get("email") else "mobile", same)
        if matched is None and fingerprint is not None:
            matched = known.by_fingerprint.get(fingerprint) or self._new.fingerprint.get(fingerprint)
        return matched, "name", False

    def _holder(self, external_id: ExternalId, known: Known) -> Customer | _Seen | None:
        """Return who has an external id, or an earlier row that named it."""
        held = known.by_external_id.get(external_id) or self._new.external_id.get(external_id)
        return held or self._left.external_id.get(external_id)

    def _names_of(self, customer: Customer) -> frozenset[str]:
        """Return the names a customer is known by, in the salon and in this list."""
        seen, names = self._new.id.get(customer.id), known_names(customer)
        return names.union(seen.names if seen else (), self._names.get(customer.id, ()))

    def _seen(self, customer: Customer) -> _Seen | None:
        """Return what an earlier row became, where it became this customer."""
        line = self._lines.get(customer.id)
        return None if line is None else _Seen(line, customer.id, self._names_of(customer))

    def _remember_names(self, row: ImportedRow, customer: Customer) -> frozenset[str]:
        """Return every name a customer is known by, and remember those that the salon does not have."""
        names = known_names(customer)
        if not row.names <= names:
            self._names[customer.id] = row.names - names
        return names | row.names

    def _refuse_held(self, row: ImportedRow, match: Customer | None, known: Known) -> None:
        """Refuse an external id of somebody else than the one the row is."""
        for external_id in row.external_ids:
            holder = self._holder(external_id, known)
            holder_id = holder.id if isinstance(holder, Customer) else holder and holder.customer_id
            if holder_id is None or (match is not None and holder_id == match.id):
                continue
            if isinstance(holder, _Seen) and external_id in self._left.external_id:
                raise InvalidValue("row-id-repeated", field="external_ids", line=holder.line)
            raise InvalidValue("external-id-held", field="external_ids", customer_id=str(holder_id))

    def _one(self, name: str, matches: list[Customer | _Seen]) -> Customer | _Seen | None:
        if not matches:
            return None
        found = {match.id if isinstance(match, Customer) else match.customer_id: match for match in matches}
        if len(found) > 1:
            raise InvalidValue("row-ambiguous", field=name, count=len(found), ids=tuple(map(str, sorted(found))))
        return next(iter(found.values()))

    def _twin(self, row: ImportedRow, seen: _Seen, field_matched: str) -> Decision:
        if not row.names & seen.names and row.name:
            raise InvalidValue("row-id-repeated", field=field_matched, line=seen.line)
        again = _Seen(row.line, seen.customer_id, seen.names | row.names)
        for external_id in row.external_ids:
            self._left.external_id.setdefault(external_id, again)
        for key in row.contacts:
            left = self._left.contact.setdefault(key, [])
            if all(each.customer_id != again.customer_id for each in left):
                left.append(again)
        return TwinOf(row.line, self._lines.get(seen.customer_id) or seen.line)

    def _leave_refused(self, row: ImportedRow, match: Customer | None, known: Known, new_id: CustomerId) -> None:
        """Remember whom a refused row meant, so that a later row that means them is its twin."""
        own_id = row.id and known.aliases.get(row.id, row.id)
        names = row.names
        if match is not None:
            names = self._remember_names(row, match)
            self._lines.put(match.id, row.line)
        seen = _Seen(row.line, match.id if match else own_id or new_id, names)
        if own_id is not None:
            self._left.id.setdefault(own_id, seen)
        for external_id in row.external_ids:
            self._left.external_id.setdefault(external_id, seen)

    def _create(self, row: ImportedRow, known: Known, new_id: CustomerId, added: datetime) -> Change:
        after = new_customer(
            row.id or new_id,
            row.values,
            added=row.added or added,
            settings=known.settings,
            status=row.status or Status.ACTIVE,
        )
        return Change(row=row, after=after, block=row.blocked, notes=row.notes, family=self._sharing(row, known))

    def _sharing(self, row: ImportedRow, known: Known) -> tuple[CustomerId, ...]:
        """Return the customers a new one shares a contact with: family, by their other names."""
        if row.id is not None:
            return ()
        ids: set[CustomerId] = set()
        for key in row.contacts:
            if key in known.by_contact:
                ids.update(customer.id for customer in known.by_contact[key])
            if key in self._new.contact:
                ids.update(seen.customer_id for seen in self._new.contact[key])
        return tuple(sorted(ids))

    def _update(self, row: ImportedRow, customer: Customer, known: Known, *, by_own_id: bool) -> Decision:
        file_wins = by_own_id or self._overwrite
        wanted = _winning(row, customer) if file_wins else _filling(row, customer)
        after, fields = changed_customer(customer, wanted, settings=known.settings)
        if file_wins and row.status is not None and row.status is not customer.status:
            after = evolve(after, status=row.status, version=customer.version + 1)
            fields = (*fields, "status")
        _refuse_too_many(after, fields)
        held = known.notes.get(customer.id, frozenset())
        notes = tuple(note for note in row.notes if note[0] not in held)
        block = row.blocked and customer.id not in known.blocked
        if not (fields or notes or block):
            return Same(row, customer)
        if by_own_id and row.version is not None and row.version != customer.version:
            raise InvalidValue("row-changed-since-export", field="version", current=customer.version)
        return Change(row=row, before=customer, after=after, fields=fields, block=block, notes=notes)


def _refuse_too_many(customer: Customer, fields: tuple[str, ...]) -> None:
    """Refuse what would be more values of a field than a profile keeps, joined with those it has."""
    for name in ("other_emails", "other_phones", "external_ids"):
        count = len(getattr(customer, name))
        if name in fields and count > MOST_VALUES:
            raise InvalidValue("too-many", field=name, count=count, limit=MOST_VALUES)


def _winning(row: ImportedRow, customer: Customer) -> ProfileFields:
    """Return what a row changes where the list wins; an empty cell never clears, and no id is ever dropped."""
    values: dict[str, Any] = dict(row.values)
    if "external_ids" in values:
        values["external_ids"] = tuple(dict.fromkeys((*customer.external_ids, *values["external_ids"])))
    if customer.address and values.get("address"):
        values["address"] = _joined_address(values["address"], customer.address)
    return cast(ProfileFields, values)


def _filling(row: ImportedRow, customer: Customer) -> ProfileFields:
    """Return what a row adds where the profile wins: values for empty fields, and further contacts and ids."""
    values: dict[str, Any] = {}
    # a row of a former name, or of another one under the same id, has no parts for the name of today
    parts = () if same_words(row.name) == same_words(customer.name) else ("first_name", "last_name")
    for name, value in row.values.items():
        current = getattr(customer, name)
        if name in parts:
            continue
        if isinstance(current, Address) and isinstance(value, Address):
            joined = _joined_address(current, value)
            if joined == _joined_address(value, current):  # what both say is the same: it is one address
                values[name] = joined
        elif isinstance(current, tuple):
            held = cast(tuple[object, ...], current)
            all_of_both = tuple(dict.fromkeys((*held, *cast(tuple[object, ...], value))))
            if all_of_both != held:
                values[name] = all_of_both
        elif current in (None, False):
            values[name] = value
    return cast(ProfileFields, values)


def _joined_address(first: Address, second: Address) -> Address:
    """Return an address with every part of the first, and those of the second that the first leaves open."""
    parts = ("lines", "city", "subdivision", "postal_code", "country")
    joined: dict[str, Any] = {part: getattr(first, part) or getattr(second, part) for part in parts}
    return Address(**joined)
