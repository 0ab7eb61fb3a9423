"""The audit: recording what was done, reading it, and verifying that nothing was changed since."""

from collections.abc import Mapping, Sequence
from datetime import date, datetime
from typing import Final

from salon_crm.domain.access import Actor, Permission
from salon_crm.domain.audit import (
    AuditAction,
    AuditEntry,
    AuditHead,
    AuditVerification,
    Detail,
    Unplaced,
    chain_seed,
    chained_all,
    verify_entries,
)
from salon_crm.domain.dates import end_of_day, parse_instant, start_of_day
from salon_crm.domain.ids import CustomerId, IdLike, parse_id
from salon_crm.domain.settings import Settings
from salon_crm.errors import InvalidValue, NotFound, StoreError
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import AuditQuery, Reading, Writing
from salon_crm.use_cases.access import follow_alias, use_case

_MOST_ENTRIES: Final = 1_000
_SLICE: Final = 1_000
BEFORE_THE_FIRST: Final = -(2**62)
"""A sequence before any, so that an entry slipped in before the first is seen."""


def entry_of(
    *,
    now: datetime,
    actor: Actor,
    action: AuditAction,
    at: datetime | None = None,
    customer_id: CustomerId | None = None,
    version: int | None = None,
    fields: tuple[str, ...] = (),
    details: Mapping[str, Detail] | None = None,
) -> Unplaced:
    """Return the entry of what was done, which has no place in the chain yet."""
    return Unplaced(
        at=at or now,
        recorded=now,
        by=actor.id,
        role=actor.role,
        action=action,
        customer_id=customer_id,
        version=version,
        fields=fields,
        details=details or {},
    )


def append(writing: Writing, entries: Sequence[Unplaced]) -> None:
    """Append entries of what was done to the chain, in the transaction that does it."""
    if entries:
        writing.audit.append_many(chained_all(entries, head_of(writing)))


def head_of(reading: Reading) -> AuditHead:
    """Return where the chain of a salon ends; raises NotFound where there is no salon."""
    head = reading.audit.head()
    if head is not None:
        return head
    salon = reading.salon()
    if salon is None:
        raise NotFound("not-found", kind="salon", id="of this store")
    return chain_seed(salon.id)


@use_case(Permission.VIEW_AUDIT, covers_locations=True)
def audit_trail(
    salon: Salon,
    actor: Actor,
    /,
    *,
    customer: IdLike | None = None,
    by: str | None = None,
    since: date | datetime | None = None,
    until: date | datetime | None = None,
    after: int | None = None,
    limit: int = 100,
) -> tuple[AuditEntry, ...]:
    """Return entries of the audit in commit order, oldest first.

    ``customer`` is an id (entries of a merged one included), ``by`` an actor's id. ``since`` and ``until``
    are instants or local days of the salon, both included, of when entries were recorded. ``after`` is a
    sequence: asking again with the last one read gives a feed without gaps. ``limit`` is 1 to 1,000.

    Raises NotPermitted, InvalidValue.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= _MOST_ENTRIES:
        raise InvalidValue("number-out-of-range", field="limit", low=1, high=_MOST_ENTRIES)
    if after is not None and (not isinstance(after, int) or after < 0):
        raise InvalidValue("wrong-type", field="after", expected="a sequence, 0 or more")
    with salon.reading() as reading:
        settings = reading.settings()
        query = AuditQuery(
            after=after or 0,
            customer_id=None if customer is None else follow_alias(reading, parse_id(customer, "customer")),
            by=by,
            since=_first_instant(since, "since", settings),
            until=_last_instant(until, "until", settings),
        )
        if query.since is not None and query.until is not None and query.until < query.since:
            raise InvalidValue("period-backwards", field="until")
        return tuple(reading.audit.select(query, limit))


def _first_instant(value: date | datetime | None, name: str, settings: Settings) -> datetime | None:
    if value is None or isinstance(value, datetime):
        return None if value is None else parse_instant(value, name)
    if not isinstance(value, date):
        raise InvalidValue("wrong-type", field=name, expected="a date, or a datetime with tzinfo")
    return start_of_day(value, settings.zone, name)


def _last_instant(value: date | datetime | None, name: str, settings: Settings) -> datetime | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return end_of_day(value, settings.zone, name)
    return _first_instant(value, name, settings)


@use_case(Permission.VIEW_AUDIT)
def audit_head(salon: Salon, actor: Actor, /) -> AuditHead:
    """Return the end of the chain: keep it elsewhere, and `verify_audit` will find a cut tail by it."""
    with salon.reading() as reading:
        return head_of(reading)


@use_case(Permission.VIEW_AUDIT)
def verify_audit(salon: Salon, actor: Actor, /, *, head: AuditHead | None = None) -> AuditVerification:
    """Verify every entry of the chain, and, given a ``head`` kept elsewhere, that the chain still goes through it.

    Slips and clumsy edits are found always; a cut tail or a rewrite of the whole only against a head.
    Reads the chain in short readings. Raises NotPermitted, StoreError where the store fails.
    """
    if head is not None and not isinstance(head, AuditHead):
        raise InvalidValue("wrong-type", field="head", expected="an AuditHead")
    place, count, met_head = chain_seed(salon.id), 0, head is None
    while True:
        after = place.sequence if count else BEFORE_THE_FIRST
        try:
            entries = _entries(salon, after, _SLICE)
        except StoreError as error:
            if error.code != "store-damaged":
                raise
            return _broken(count + _readable(salon, after), place, "the entry cannot be read")
        found = verify_entries(entries, place)
        count += found.entries
        if not found.ok:
            return AuditVerification(
                ok=False, entries=count, head=found.head, broken_at=found.broken_at, reason=found.reason
            )
        if not count:
            return _broken(0, place, "entry 1 is missing")
        if head is not None and place.sequence <= head.sequence <= found.head.sequence:
            digests = {entry.sequence: entry.digest for entry in entries} | {place.sequence: place.digest}
            met_head = digests[head.sequence] == head.digest
            if not met_head:
                why = "the chain was rewritten since this head was kept"
                return AuditVerification(ok=False, entries=count, head=place, broken_at=head.sequence, reason=why)
        if not entries:
            break
        place = found.head
    if not met_head:
        why = "the chain ends before the head that was kept"
        return AuditVerification(ok=False, entries=count, head=place, broken_at=place.sequence + 1, reason=why)
    return AuditVerification(ok=True, entries=count, head=place)


def _entries(salon: Salon, after: int, limit: int) -> Sequence[AuditEntry]:
    with salon.reading() as reading:
        return reading.audit.select(AuditQuery(after=after), limit)


def _readable(salon: Salon, after: int) -> int:
    """Count the entries that can be read before the first that cannot."""
    count = 0
    try:
        while entries := _entries(salon, after, 1):
            count, after = count + 1, entries[0].sequence
    except StoreError:
        return count
    return count


def _broken(entries: int, head: AuditHead, reason: str) -> AuditVerification:
    return AuditVerification(ok=False, entries=entries, head=head, broken_at=entries + 1, reason=reason)
