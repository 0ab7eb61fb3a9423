"""A whole salon carried from one store to another, page by page, and compared when it is there."""

import hashlib
from collections.abc import Iterator, Sequence
from typing import Any, Final

from salon_crm.domain.content import content_bytes
from salon_crm.domain.maintenance import MoveReport
from salon_crm.domain.settings import Settings
from salon_crm.errors import Conflict, NotFound, NotSupported, StoreError
from salon_crm.ports.records import KINDS
from salon_crm.ports.store import AuditQuery, Reading, SalonRecord, Store, Walkable
from salon_crm.use_cases.audit import BEFORE_THE_FIRST, head_of
from salon_crm.use_cases.tables import Progress

_AUDIT: Final = "audit"
_PAGE: Final = 1_000
"""How many records are in memory, and in one unit of work of the target."""


def copy_salon(source: Store, target: Store, progress: Progress | None = None) -> MoveReport:
    """Copy everything a store keeps of its salon to an empty one, and compare both; go on where a copy stopped.

    Nobody writes to the source meanwhile. What was copied is a salon only when all of it is there and was compared.
    ``progress`` is called with the number of records done. Raises NotFound where the source keeps no salon,
    Conflict where the target keeps another or says something else, NotSupported where one cannot be read from end
    to end or does not keep what the other does, StoreError where the source's audit lacks an entry or has one too
    many, StoreBusy where somebody else has the turn of either.
    """
    with source.writing() as held:  # whose turn nobody else has meanwhile
        record = held.salon()
        if record is None:
            raise NotFound("salon-absent", field="source")
        settings = held.settings()
        copying = _Copying(target)
        copying.check(held, record, settings)
        seen = _Content()
        for name, page in _pages(held):
            copying.take(name, page)
            seen.see(name, page)
            if progress is not None:
                progress(sum(seen.counts.values()))
        copying.compare(seen)
        copying.end(record, settings)
        return MoveReport(
            salon_id=record.id,
            counts=seen.counts,
            copied=copying.copied,
            digest=seen.digest(record, settings),
            head=head_of(held),
        )


class _Content:
    """What was seen of a salon: of each kind how many records, and a digest over what they say."""

    def __init__(self) -> None:
        self.counts = dict.fromkeys((_AUDIT, *KINDS), 0)
        self._digests = {name: hashlib.sha256() for name in self.counts}

    def see(self, name: str, page: Sequence[object]) -> None:
        """See some more records of a kind, in the order in which they are walked."""
        self.counts[name] += len(page)
        for thing in page:
            self._digests[name].update(content_bytes(thing) + b"\n")  # which JSON has nowhere else

    def differing(self, other: "_Content") -> list[str]:
        """Return the kinds of which another salon says something else."""
        return [name for name, mine in self._digests.items() if mine.digest() != other._digests[name].digest()]

    def digest(self, record: SalonRecord, settings: Settings) -> bytes:
        """Return one digest over everything."""
        whole = hashlib.sha256(content_bytes(record) + content_bytes(settings))
        for each in self._digests.values():
            whole.update(each.digest())
        return whole.digest()


class _Copying:
    """The store that is copied to: what is there already, and what is still to come."""

    def __init__(self, target: Store) -> None:
        self._target = target
        self._whole = False
        self._asks = True
        """Whether a page may be there already: not from the first page on of which nothing is."""
        self.copied = 0

    def check(self, held: Reading, record: SalonRecord, settings: Settings) -> None:
        """Refuse stores that cannot be read from end to end, and a target that holds something else."""
        _walkable(held.customers)
        with self._target.reading() as reading:
            _walkable(reading.customers)
            there = reading.salon()
            if there is not None:
                self._whole = True
                if there.id != record.id:
                    raise Conflict("move-target-taken", field="target", id=str(there.id))
                if there != record or reading.settings() != settings:
                    raise _differing(["settings"])
            last = [*reading.audit.select(AuditQuery(), 1, newest_first=True)]
            if last and [*held.audit.select(AuditQuery(after=last[0].sequence - 1), 1)] != last:
                raise _differing([_AUDIT])

    def take(self, name: str, page: Sequence[Any]) -> None:
        """Write what is missing of a page, in a unit of work of its own."""
        missing: Sequence[Any] = () if self._whole else self._missing(name, page)
        if not missing:
            return
        with self._target.writing() as writing:
            if name == _AUDIT:
                writing.audit.append_many(missing)
            else:
                getattr(writing, name).add_many(missing)
        self.copied += len(missing)

    def _missing(self, name: str, page: Sequence[Any]) -> Sequence[Any]:
        if not self._asks:
            return page
        with self._target.reading() as reading:
            if name == _AUDIT:
                head = reading.audit.head()
                missing = [entry for entry in page if head is None or entry.sequence > head.sequence]
            else:
                identity = KINDS[name].identity
                there = getattr(reading, name).get_many([identity(thing) for thing in page])
                missing = [thing for thing in page if identity(thing) not in there]
        self._asks = len(missing) < len(page)
        return missing

    def compare(self, seen: _Content) -> None:
        """Read the target from end to end; raises Conflict where it does not say what was seen of the source."""
        found = _Content()
        with self._target.reading() as reading:
            for name, page in _pages(reading):
                found.see(name, page)
        if differing := seen.differing(found):
            raise _differing(differing)

    def end(self, record: SalonRecord, settings: Settings) -> None:
        """Let what was copied be a salon."""
        if not self._whole:
            with self._target.writing() as writing:
                writing.create_salon(record, settings)


def _differing(kinds: Sequence[str]) -> Conflict:
    return Conflict("move-differs", field="target", kinds=", ".join(kinds))


def _pages(reading: Reading) -> Iterator[tuple[str, Sequence[Any]]]:
    """Yield everything kept of a salon but its record and settings: the audit, then each kind, some at a time.

    The audit comes first, so that a store that holds a part of a salon is known by it; then customers, and what
    belongs to them. Raises StoreError where an entry of the audit is missing or one too many.
    """
    after, sequence = BEFORE_THE_FIRST, 1
    while entries := reading.audit.select(AuditQuery(after=after), _PAGE):
        for entry in entries:
            if entry.sequence != sequence:
                why = f"where entry {sequence} of its audit should be is entry {entry.sequence}"
                raise StoreError("store-damaged", reason=why)
            sequence += 1
        yield _AUDIT, entries
        after = entries[-1].sequence
    for name, kind in KINDS.items():
        try:
            kept = getattr(reading, name)
        except NotSupported:  # a kind that the store keeps none of
            continue
        records = _walkable(kept)
        page = records.walk(None, _PAGE)
        while page:
            yield name, page
            page = records.walk(kind.identity(page[-1]), _PAGE)


def _walkable(records: Any) -> Walkable:
    if not callable(getattr(records, "walk", None)):  # it need not be `Walkable` by name
        raise NotSupported("store-cannot", what="be read from end to end, as moving its salon needs")
    found: Walkable = records
    return found
