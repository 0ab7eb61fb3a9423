"""What looking after a salon's storage finds and leaves: figures and sentences, never a value of a record."""

from collections.abc import Mapping
from enum import StrEnum
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from salon_crm.domain.audit import AuditHead, AuditVerification
from salon_crm.domain.ids import RunId, SalonId
from salon_crm.domain.privacy import OPERATOR, classed

LARGE_LOG: Final = 64 * 1024 * 1024
"""Bytes of a write-ahead log above which somebody is keeping it from being folded into the file."""


class Trouble(StrEnum):
    """What may be wrong with the storage of a salon."""

    DAMAGED = "damaged"
    SEARCH_UNSOUND = "search-unsound"
    CHAIN_BROKEN = "chain-broken"
    LOG_LARGE = "log-large"
    SCHEMA_DIFFERS = "schema-differs"


_SENTENCES: Final = MappingProxyType(
    {
        Trouble.DAMAGED: (
            "The store is damaged: {what}. Stop writing to it, keep a copy of it as it is, and go back to the last "
            "backup."
        ),
        Trouble.SEARCH_UNSOUND: (
            "Searches may miss customers: the search index is not that of the profiles. Rebuild it with rebuild_search."
        ),
        Trouble.CHAIN_BROKEN: (
            "The audit is broken at entry {sequence}: {why}. Compare it with a backup to see what was changed."
        ),
        Trouble.LOG_LARGE: (
            "The write-ahead log has grown to {megabytes} MB: a reading was left open. End it, or restart the program "
            "that holds it; the next writes fold the log into the file."
        ),
        Trouble.SCHEMA_DIFFERS: (
            "The store has schema {found} by now and this program knows {known}. Restart it with the newer release."
        ),
    }
)


@frozen(field_transformer=classed)
class Finding:
    """Something wrong: what kind of trouble, and a sentence that says what it is and the way out."""

    trouble: Trouble = field(metadata=OPERATOR)
    sentence: str = field(metadata=OPERATOR)


def finding(trouble: Trouble, **figures: object) -> Finding:
    """Return what is wrong as its sentence says it."""
    return Finding(trouble, _SENTENCES[trouble].format_map(figures))


@frozen(field_transformer=classed, kw_only=True)
class HealthReport:
    """How a salon's storage is.

    ``size`` and ``log_size`` are bytes, of the store and of the write-ahead log beside it. ``schema`` is the
    version the store has, ``schema_known`` the one this release writes. ``audit`` is what verifying the
    chain found, and ``findings`` everything that is wrong.
    """

    size: int = field(metadata=OPERATOR)
    log_size: int = field(metadata=OPERATOR)
    schema: int = field(metadata=OPERATOR)
    schema_known: int = field(metadata=OPERATOR)
    search_sound: bool = field(metadata=OPERATOR)
    audit: AuditVerification = field(metadata=OPERATOR)
    findings: tuple[Finding, ...] = field(metadata=OPERATOR)

    @property
    def sound(self) -> bool:
        """Whether nothing is wrong."""
        return not self.findings


@frozen(field_transformer=classed, kw_only=True)
class BackupReport:
    """A backup that was taken: where it is, its bytes, how many customers it holds, and the end of its audit."""

    backup_id: RunId = field(metadata=OPERATOR)
    path: str = field(metadata=OPERATOR)
    size: int = field(metadata=OPERATOR)
    customers: int = field(metadata=OPERATOR)
    head: AuditHead = field(metadata=OPERATOR)


@frozen(field_transformer=classed, kw_only=True)
class MoveReport:
    """A salon that was moved: what the new store holds of it, compared with what the old one holds.

    ``counts`` are the records of each kind, the entries of the audit among them, and ``copied`` how many of all of
    them this run wrote. ``digest`` is SHA-256 over every field of every record, the same for both; ``head`` the end
    of the audit.
    """

    salon_id: SalonId = field(metadata=OPERATOR)
    counts: Mapping[str, int] = field(metadata=OPERATOR)
    copied: int = field(metadata=OPERATOR)
    digest: bytes = field(metadata=OPERATOR)
    head: AuditHead = field(metadata=OPERATOR)
