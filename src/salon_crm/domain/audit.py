"""The audit chain: every change, who made it, which fields, and a digest over all that came before.

Entries hold ids, names of fields and figures, never a personal value. Each carries SHA-256 over the
digest of the entry before and its own canonical bytes, which begin with the version of their format:
a slip or a clumsy edit is found always, a full rewrite or a cut tail against a head kept elsewhere.
"""

import hashlib
import json
from collections.abc import Iterable, Mapping
from datetime import datetime
from enum import StrEnum
from functools import lru_cache
from json.encoder import encode_basestring_ascii
from types import MappingProxyType
from typing import Any, Final, NamedTuple, cast

from attrs import field, frozen

from salon_crm.domain.access import Role
from salon_crm.domain.dates import in_utc
from salon_crm.domain.ids import CustomerId, SalonId
from salon_crm.domain.privacy import OPERATOR, classed
from salon_crm.errors import InvalidValue

FORMAT_VERSION: Final = 1

Detail = str | int | bool | None
"""What an entry may say beside its fields: an id, a figure, a choice; never what somebody typed."""


class AuditAction(StrEnum):
    """What was done."""

    SALON_CREATED = "salon-created"
    SETTINGS_CHANGED = "settings-changed"
    CUSTOMER_ADDED = "customer-added"
    CUSTOMER_EDITED = "customer-edited"
    CUSTOMER_REMOVED = "customer-removed"
    CUSTOMER_ACTIVATED = "customer-activated"
    CUSTOMER_DEACTIVATED = "customer-deactivated"
    FORMER_FORGOTTEN = "former-forgotten"
    CUSTOMER_BLOCKED = "customer-blocked"
    CUSTOMER_UNBLOCKED = "customer-unblocked"
    BLOCK_ALERT_RAISED = "block-alert-raised"
    BLOCK_ALERT_CONFIRMED = "block-alert-confirmed"
    BLOCK_ALERT_DISMISSED = "block-alert-dismissed"
    NOTE_ADDED = "note-added"
    NOTE_EDITED = "note-edited"
    NOTE_REMOVED = "note-removed"
    CATALOGUE_ADDED = "catalogue-added"
    CATALOGUE_EDITED = "catalogue-edited"
    CATALOGUE_RETIRED = "catalogue-retired"
    CATALOGUE_RESTORED = "catalogue-restored"
    BOOKING_MADE = "booking-made"
    BOOKING_CHANGED = "booking-changed"
    BOOKING_CONFIRMED = "booking-confirmed"
    BOOKING_COMPLETED = "booking-completed"
    BOOKING_CANCELLED = "booking-cancelled"
    BOOKING_MISSED = "booking-missed"
    BOOKING_REOPENED = "booking-reopened"
    BOOKING_RESCHEDULED = "booking-rescheduled"
    ARRIVAL_RECORDED = "arrival-recorded"
    SALE_RECORDED = "sale-recorded"
    SALE_ASSIGNED = "sale-assigned"
    SALE_COMPLETED = "sale-completed"
    SALE_CANCELLED = "sale-cancelled"
    SALE_REFUNDED = "sale-refunded"
    PAYMENT_RECORDED = "payment-recorded"
    PACKAGE_ASSIGNED = "package-assigned"
    PACKAGE_WITHDRAWN = "package-withdrawn"
    POINTS_ADDED = "points-added"
    POINTS_REDEEMED = "points-redeemed"
    POINTS_ADJUSTED = "points-adjusted"
    POINTS_EXPIRED = "points-expired"
    POINTS_REVERSED = "points-reversed"
    POINTS_TRANSFERRED = "points-transferred"
    FACTS_REBUILT = "facts-rebuilt"
    IMPORT_STARTED = "import-started"
    IMPORT_ENDED = "import-ended"
    EXPORT_STARTED = "export-started"
    EXPORT_ENDED = "export-ended"
    BACKUP_STARTED = "backup-started"
    BACKUP_ENDED = "backup-ended"
    SEARCH_REBUILT = "search-rebuilt"


def _frozen_details(details: Mapping[str, Detail]) -> Mapping[str, Detail]:
    if not all(isinstance(name, str) for name in cast("Mapping[Any, Detail]", details)):
        raise InvalidValue("wrong-type", field="details", expected="a mapping with names of text")
    return MappingProxyType(dict(details))


@frozen(field_transformer=classed, kw_only=True)
class AuditEntry:
    """One thing that was done: ``at`` is when it happened, ``recorded`` when it was written down.

    ``by`` and ``role`` are the actor, ``fields`` the names of the profile fields that changed,
    ``version`` the customer's version it led to, ``details`` ids and figures. ``sequence`` counts from
    1 without gaps, in commit order.
    """

    sequence: int = field(metadata=OPERATOR)
    at: datetime = field(metadata=OPERATOR)
    recorded: datetime = field(metadata=OPERATOR)
    by: str = field(metadata=OPERATOR)
    role: Role = field(metadata=OPERATOR)
    action: AuditAction = field(metadata=OPERATOR)
    customer_id: CustomerId | None = field(default=None, metadata=OPERATOR)
    version: int | None = field(default=None, metadata=OPERATOR)
    fields: tuple[str, ...] = field(default=(), metadata=OPERATOR)
    details: Mapping[str, Detail] = field(factory=dict[str, Detail], metadata=OPERATOR, converter=_frozen_details)
    digest: bytes = field(default=b"", metadata=OPERATOR)


class Unplaced(NamedTuple):
    """What an entry of the audit says before it has its place in the chain: each field as of `AuditEntry`."""

    at: datetime
    recorded: datetime
    by: str
    role: Role
    action: AuditAction
    customer_id: CustomerId | None
    version: int | None
    fields: tuple[str, ...]
    details: Mapping[str, Detail]


@frozen(field_transformer=classed)
class AuditHead:
    """The end of the chain: kept elsewhere, it shows a cut tail and a full rewrite."""

    sequence: int = field(metadata=OPERATOR)
    digest: bytes = field(metadata=OPERATOR)

    @classmethod
    def of(cls, entry: AuditEntry) -> "AuditHead":
        """Return the end of a chain whose last entry this is."""
        return cls(entry.sequence, entry.digest)


@frozen(field_transformer=classed, kw_only=True)
class AuditVerification:
    """What verifying the chain found; where ``ok`` is False, ``broken_at`` is the first sequence at fault and why."""

    ok: bool = field(metadata=OPERATOR)
    entries: int = field(metadata=OPERATOR)
    head: AuditHead = field(metadata=OPERATOR)
    broken_at: int | None = field(default=None, metadata=OPERATOR)
    reason: str | None = field(default=None, metadata=OPERATOR)


def chain_seed(salon_id: SalonId) -> AuditHead:
    """Return what the first entry of a salon's chain stands on: the salon's own id."""
    return AuditHead(0, hashlib.sha256(b"salon_crm audit " + salon_id.bytes).digest())


_CANONICAL: Final = json.JSONEncoder(ensure_ascii=True, sort_keys=True, separators=(",", ":"))


def canonical_bytes(entry: AuditEntry) -> bytes:
    """Return the bytes an entry's digest covers: its format's version, then every field but the digest.

    They are JSON with sorted keys and without spaces, all in ASCII.
    """
    return _canonical_bytes(entry, entry.sequence)


def _canonical_bytes(entry: AuditEntry | Unplaced, sequence: int) -> bytes:
    customer = "null" if entry.customer_id is None else f'"{entry.customer_id}"'
    at, recorded = _instant(in_utc(entry.at)), _instant(in_utc(entry.recorded))
    covered = (
        f"salon_crm audit {FORMAT_VERSION}\n"
        f'{{"action":"{entry.action}","at":"{at}","by":{encode_basestring_ascii(entry.by)},"customer_id":{customer},'
        f'"details":{_details(entry.details)},"fields":{_names(entry.fields)},"recorded":"{recorded}",'
        f'"role":"{entry.role}","sequence":{sequence},'
        f'"version":{"null" if entry.version is None else entry.version}}}'
    )
    return covered.encode("ascii")


@lru_cache(maxsize=64)
def _instant(moment: datetime) -> str:
    return moment.isoformat()  # in UTC: elsewhere two hours have one name, and one would be taken for the other


@lru_cache(maxsize=256)
def _names(fields: tuple[str, ...]) -> str:
    return _CANONICAL.encode(fields)


def _details(details: Mapping[str, Detail]) -> str:
    encode, quoted = _CANONICAL.encode, encode_basestring_ascii  # of text alone, a tenth of what a mapping costs
    parts = [
        f"{quoted(name)}:{quoted(value) if isinstance(value, str) else encode(value)}"
        for name, value in sorted(details.items())
    ]
    return f"{{{','.join(parts)}}}"


def chained(entry: AuditEntry | Unplaced, head: AuditHead) -> AuditEntry:
    """Return the entry with its place after ``head`` and its digest."""
    return _placed(entry, head.sequence + 1, head.digest)


def chained_all(entries: Iterable[AuditEntry | Unplaced], head: AuditHead) -> list[AuditEntry]:
    """Return entries in a row after ``head``, each with its place and its digest."""
    placed: list[AuditEntry] = []
    digest = head.digest
    for sequence, entry in enumerate(entries, head.sequence + 1):
        placed.append(_placed(entry, sequence, digest))
        digest = placed[-1].digest
    return placed


def _placed(entry: AuditEntry | Unplaced, sequence: int, before: bytes) -> AuditEntry:
    return AuditEntry(
        sequence=sequence,
        at=entry.at,
        recorded=entry.recorded,
        by=entry.by,
        role=entry.role,
        action=entry.action,
        customer_id=entry.customer_id,
        version=entry.version,
        fields=entry.fields,
        details=entry.details,
        digest=_digest(entry, sequence, before),
    )


def _digest(entry: AuditEntry | Unplaced, sequence: int, before: bytes) -> bytes:
    return hashlib.sha256(before + _canonical_bytes(entry, sequence)).digest()


def verify_entries(entries: Iterable[AuditEntry], head: AuditHead) -> AuditVerification:
    """Return whether the entries follow ``head`` and one another, each as it was written."""
    count = 0
    for entry in entries:
        if entry.sequence != head.sequence + 1:
            why = f"entry {head.sequence + 1} is missing"
            return AuditVerification(ok=False, entries=count, head=head, broken_at=head.sequence + 1, reason=why)
        if entry.digest != _digest(entry, entry.sequence, head.digest):
            why = "the entry is not what was written"
            return AuditVerification(ok=False, entries=count, head=head, broken_at=entry.sequence, reason=why)
        head = AuditHead.of(entry)
        count += 1
    return AuditVerification(ok=True, entries=count, head=head)
