"""Checks of the audit chain: entries in one row without gaps, read by every part of a query."""

from contextlib import suppress
from datetime import timedelta
from itertools import product
from typing import Final

import pytest

from salon_crm.domain.access import Role
from salon_crm.domain.audit import AuditAction, AuditEntry, AuditHead
from salon_crm.errors import Conflict
from salon_crm.ports.store import AuditQuery, Store
from salon_crm.testing.builders import a_customer_id, an_entry, an_instant
from salon_crm.testing.conformance import NAME, Capability, Conformance, MakeStore, Undone
from salon_crm.testing.records import EVERY_PLANE, FIRST, LAST, TO_THE_MICROSECOND
from salon_crm.testing.strategies import ZONES

_ENTRIES: Final = tuple(
    an_entry(
        number,
        customer_id=(None, a_customer_id(1), a_customer_id(2))[number % 3],
        by=("ana", "bea")[number % 2],
        recorded=an_instant(number // 2),  # two at one instant, so that an edge has entries on both sides
    )
    for number in range(1, 13)
)


def _asked(entry: AuditEntry, query: AuditQuery) -> bool:
    """Return whether a query asks for an entry, part by part."""
    return (
        entry.sequence > query.after
        and (query.before is None or entry.sequence < query.before)
        and (query.customer_id is None or entry.customer_id == query.customer_id)
        and (query.by is None or entry.by == query.by)
        and (query.since is None or entry.recorded >= query.since)
        and (query.until is None or entry.recorded <= query.until)
    )


def _filled(store: Store) -> Store:
    with store.writing() as writing:
        for entry in _ENTRIES:
            writing.audit.append(entry)
    return store


class AuditChecks(Conformance):
    """What `ReadAudit` and `Audit` promise."""

    def test_an_entry_comes_back_equal_in_every_field(self, store: Store) -> None:
        """A store gives back what it was given, equal in every field."""
        entries = [
            an_entry(
                1,
                at=FIRST,
                recorded=TO_THE_MICROSECOND,
                by=EVERY_PLANE,
                role=Role.SYSTEM,
                action=AuditAction.IMPORT_ENDED,
                version=2**53,
                fields=tuple(f"field_{number}" for number in range(50)),
                details={
                    "text": EVERY_PLANE,
                    "count": -(2**53),
                    "no": False,
                    "yes": True,
                    "none": None,
                    "one": 1,
                    "": "",
                },
                digest=bytes(range(256)),
            ),
            an_entry(2, recorded=LAST, customer_id=None, version=None, fields=(), details={}, digest=b"\0"),
        ]
        with store.writing() as writing:
            for entry in entries:
                writing.audit.append(entry)
        with store.reading() as reading:
            kept = reading.audit.select(AuditQuery(), 10)
            assert list(kept) == entries
            assert {name: type(value) for name, value in kept[0].details.items()} == {
                name: type(value) for name, value in entries[0].details.items()
            }
            assert reading.audit.head() == AuditHead.of(entries[1])

    def test_entries_are_there_after_opening_again(self, open_store: MakeStore) -> None:
        """The audit is kept: also for a store opened anew (capability: persistent)."""
        self.needs(Capability.PERSISTENT)
        _filled(open_store(NAME)).close()
        with open_store(NAME).reading() as reading:
            assert tuple(reading.audit.select(AuditQuery(), 100)) == _ENTRIES

    def test_the_head_is_that_of_the_entry_appended_last(self, store: Store) -> None:
        """``head`` returns where the chain ends: the last entry's sequence and digest, None before the first."""
        with store.writing() as writing:
            assert writing.audit.head() is None
            for entry in _ENTRIES:
                writing.audit.append(entry)
                assert writing.audit.head() == AuditHead.of(entry)
        with store.reading() as reading:
            assert reading.audit.head() == AuditHead.of(_ENTRIES[-1])

    def test_an_entry_follows_the_last_one_without_a_gap(self, store: Store) -> None:
        """``append`` raises Conflict unless the entry's sequence follows the last one's, and keeps nothing."""
        with store.writing() as writing:
            for sequence in (0, 2, -1):
                with pytest.raises(Conflict):
                    writing.audit.append(an_entry(sequence))
            writing.audit.append(an_entry(1))
            writing.audit.append(an_entry(2))
            for sequence in (0, 1, 2, 4, 100):
                with pytest.raises(Conflict):
                    writing.audit.append(an_entry(sequence))
        with store.reading() as reading:
            assert list(reading.audit.select(AuditQuery(), 10)) == [an_entry(1), an_entry(2)]

    def test_many_entries_are_kept_like_one_after_the_other(self, store: Store) -> None:
        """``append_many`` keeps the next entries, in their order; none at all is fine."""
        with store.writing() as writing:
            writing.audit.append_many(_ENTRIES[:5])
            writing.audit.append_many([])
            writing.audit.append_many(_ENTRIES[5:])
            assert writing.audit.head() == AuditHead.of(_ENTRIES[-1])
        with store.reading() as reading:
            assert tuple(reading.audit.select(AuditQuery(), 100)) == _ENTRIES

    @pytest.mark.parametrize("sequences", [(1, 2), (2, 3), (4, 5), (3, 5), (3, 4, 4), (3, 4, 3)], ids=str)
    def test_many_entries_with_a_gap_are_refused_as_a_whole(self, store: Store, sequences: tuple[int, ...]) -> None:
        """``append_many`` raises Conflict unless each sequence follows the one before, and keeps none."""
        with store.writing() as writing:
            writing.audit.append_many([an_entry(1), an_entry(2)])
            with pytest.raises(Conflict):
                writing.audit.append_many([an_entry(sequence, by="refused") for sequence in sequences])
            writing.audit.append(an_entry(3))
        with store.reading() as reading:
            assert list(reading.audit.select(AuditQuery(), 10)) == [an_entry(number) for number in (1, 2, 3)]

    def test_an_entry_rolled_back_leaves_its_place_to_the_next(self, store: Store) -> None:
        """The chain has no gaps: what was rolled back, whole or to a savepoint, was never in it."""
        with store.writing() as writing:
            writing.audit.append(an_entry(1))
        with suppress(Undone), store.writing() as writing:
            writing.audit.append(an_entry(2, by="undone"))
            raise Undone
        with store.writing() as writing:
            with suppress(Undone), writing.savepoint():
                writing.audit.append(an_entry(2, by="undone"))
                writing.audit.append(an_entry(3, by="undone"))
                raise Undone
            writing.audit.append(an_entry(2))
        with store.reading() as reading:
            assert list(reading.audit.select(AuditQuery(), 10)) == [an_entry(1), an_entry(2)]

    def test_entries_come_by_sequence_from_either_end(self, store: Store) -> None:
        """``select`` returns up to ``limit`` entries by sequence, from the oldest or from the newest."""
        with _filled(store).reading() as reading:
            for limit in (0, 1, 5, 12, 100):
                assert tuple(reading.audit.select(AuditQuery(), limit)) == _ENTRIES[:limit]
                newest_first = _ENTRIES[::-1][:limit]
                assert tuple(reading.audit.select(AuditQuery(), limit, newest_first=True)) == newest_first

    def test_every_part_of_a_query_is_answered(self, store: Store) -> None:
        """An `AuditQuery` asks by sequence, customer, actor and period, both ends in; all its parts hold together."""
        queries = [
            AuditQuery(after, before, customer_id, by, since, until)
            for after, before, customer_id, by, since, until in product(
                (0, 3, 12, 99),
                (None, 0, 1, 4, 9, 99),
                (None, a_customer_id(1), a_customer_id(3)),
                (None, "bea", "nobody"),
                (None, an_instant(2)),
                (None, an_instant(4)),
            )
        ]
        with _filled(store).reading() as reading:
            for query in queries:
                expected = tuple(entry for entry in _ENTRIES if _asked(entry, query))
                assert tuple(reading.audit.select(query, 100)) == expected
                assert tuple(reading.audit.select(query, 2, newest_first=True)) == expected[::-1][:2]

    def test_a_period_is_exact_to_the_microsecond_in_any_zone(self, store: Store) -> None:
        """``since`` and ``until`` are instants, both included."""
        edge, moment = an_instant(3), timedelta(microseconds=1)
        inside = tuple(entry.sequence for entry in _ENTRIES if entry.recorded == edge)
        with _filled(store).reading() as reading:
            for zone in ZONES:
                exact = AuditQuery(since=edge.astimezone(zone), until=edge.astimezone(zone))
                assert tuple(entry.sequence for entry in reading.audit.select(exact, 100)) == inside
                empty = AuditQuery(since=(edge + moment).astimezone(zone), until=(edge + 2 * moment).astimezone(zone))
                assert list(reading.audit.select(empty, 100)) == []
