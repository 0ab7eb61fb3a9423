"""The unit of work as a use case that writes sees it: who acts, when, and the record of what was done."""

from collections.abc import Generator, Mapping
from contextlib import contextmanager
from datetime import datetime
from functools import cached_property
from typing import cast
from uuid import UUID

from attrs import astuple

from salon_crm.domain.access import Actor, Permission
from salon_crm.domain.audit import AuditAction, Detail, Unplaced
from salon_crm.domain.contact import EmailAddress, PhoneNumber
from salon_crm.domain.customers import Address, Customer
from salon_crm.domain.dates import parse_past
from salon_crm.domain.ids import CustomerId, ExternalId, IdLike, Reference, parse_new_id
from salon_crm.domain.settings import Settings
from salon_crm.domain.text import clean_text
from salon_crm.errors import Conflict
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import AuditQuery, Writing
from salon_crm.use_cases.access import find_customer
from salon_crm.use_cases.audit import append, entry_of


class Unit:
    """One unit of work in the hands of one actor; ``at`` is when the thing happened, ``now`` when it is recorded."""

    def __init__(self, salon: Salon, actor: Actor, writing: Writing, at: object) -> None:
        self.salon = salon
        self.actor = actor
        self.writing = writing
        self.now = salon.now()
        self.at: datetime = parse_past(at, "at", now=self.now)
        self._entries: list[Unplaced] = []

    @cached_property
    def settings(self) -> Settings:
        """The salon's settings as this unit of work found them."""
        return self.writing.settings()

    def customer(self, permission: Permission, customer_id: object) -> Customer:
        """Return the customer an id means; raises InvalidValue, NotPermitted, NotFound."""
        return find_customer(self.salon, self.actor, permission, self.writing, customer_id)

    def record(
        self,
        action: AuditAction,
        customer: Customer | None = None,
        *,
        fields: tuple[str, ...] = (),
        details: Mapping[str, Detail] | None = None,
    ) -> None:
        """Record what was done to ``customer``, at the version it led to; it is in the audit when the unit ends."""
        entry = entry_of(
            now=self.now,
            at=self.at,
            actor=self.actor,
            action=action,
            customer_id=None if customer is None else customer.id,
            version=None if customer is None else customer.version,
            fields=fields,
            details=details,
        )
        self._entries.append(entry)

    @contextmanager
    def part(self) -> Generator[None]:
        """Open a part that is undone alone, what it recorded included, where its block raises."""
        recorded = len(self._entries)
        try:
            with self.writing.savepoint():
                yield
        except BaseException:
            del self._entries[recorded:]
            raise

    def end(self) -> None:
        """Append what was recorded to the audit chain, whose end is read once for all of it."""
        append(self.writing, self._entries)

    def new_id(self, stated: IdLike | None) -> UUID:
        """Return the id the caller chose for a new thing, or a new one; raises InvalidValue."""
        return self.salon.ids.new_id() if stated is None else parse_new_id(stated, "id")

    def new_customer_id(self, stated: IdLike | None) -> CustomerId:
        """Return the id of a customer to be added; raises Conflict for one a customer has or ever had."""
        customer_id = CustomerId(self.new_id(stated))
        if stated is not None and self.writing.audit.select(AuditQuery(customer_id=customer_id), 1):
            raise Conflict("id-taken", field="id")
        return customer_id

    def result_of(self, command: str, reference: str | None, asked: Mapping[str, object]) -> UUID | None:
        """Return what an earlier call of ``command`` with this ``reference`` made, or None for the first call.

        Raises Conflict where that call asked for something else.
        """
        if reference is None:
            return None
        key = (command, clean_text(reference, "reference"))
        remembered = self.writing.references.get_many([key]).get(key)
        if remembered is None:
            return None
        if remembered.digest != self._digest(command, asked):
            raise Conflict("reference-reused", field="reference", command=command.replace("_", " "))
        return remembered.result_id

    def remember(self, command: str, reference: str | None, asked: Mapping[str, object], result_id: UUID) -> None:
        """Keep what a call with a reference made, for ever; nothing of what it was asked but a keyed digest."""
        if reference is not None:
            digest = self._digest(command, asked)
            self.writing.references.add(Reference(command, clean_text(reference, "reference"), result_id, digest))

    def _digest(self, command: str, asked: Mapping[str, object]) -> bytes:
        parts = (f"{name}={_spelt(value)}" for name, value in sorted(asked.items()) if value not in (None, (), False))
        return self.salon.mark_key.digest("reference", command, *parts)


def _spelt(value: object) -> str:
    """Return text that is the same for the same value only; what a repr hides counts too."""
    match value:
        case EmailAddress(address):
            return address
        case PhoneNumber(e164, _, extension):  # whether a number is valid changes with the phone library
            return f"{e164};{extension}"
        case Address() | ExternalId():
            return _spelt(astuple(value, recurse=False))
        case tuple():
            parts = [_spelt(part) for part in cast(tuple[object, ...], value)]
            return "".join(f"{len(part)}:{part}" for part in parts)
        case _:
            return str(value)


@contextmanager
def unit_of_work(salon: Salon, actor: Actor, at: object = None) -> Generator[Unit]:
    """Open the one unit of work of a use case; raises InvalidValue for an ``at`` that is no past instant."""
    with salon.writing() as writing:
        unit = Unit(salon, actor, writing, at)
        yield unit
        unit.end()
