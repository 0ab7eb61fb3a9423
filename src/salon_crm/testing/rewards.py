"""Checks of the rewards ledger beside those of every kind: entries in a row, lots in the order they are taken in."""

from collections.abc import Sequence
from contextlib import suppress
from datetime import date, timedelta
from typing import Final

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from salon_crm.domain.rewards import RewardAction, RewardEntry, RewardLot
from salon_crm.errors import Conflict
from salon_crm.ports.store import RewardQuery, Store
from salon_crm.testing.builders import a_customer, a_customer_id, a_reward_entry, a_reward_lot, an_instant
from salon_crm.testing.conformance import Capability, Conformance, Undone
from salon_crm.testing.strategies import local_days, reward_entries, reward_lots, reward_queries

_PEOPLE: Final = tuple(a_customer(number) for number in range(1, 9))
_ANA, _BEA = a_customer_id(1), a_customer_id(2)
_DAY: Final = an_instant().date()


def _keep(store: Store, *, entries: Sequence[RewardEntry] = (), lots: Sequence[RewardLot] = ()) -> None:
    with store.writing() as writing:
        writing.customers.add_many(_PEOPLE)
        for entry in entries:
            writing.reward_entries.add(entry)
        for lot in lots:
            writing.reward_lots.add(lot)


def _day(after: int) -> date:
    return _DAY + timedelta(days=after)


class RewardChecks(Conformance):
    """What `ReadRewardEntries` promises of ``find``, and `ReadRewardLots` of ``in_turn`` and ``lapsed``."""

    def test_entries_come_in_the_order_they_were_written_in_both_ways(self, store: Store) -> None:
        """``find`` returns a customer's entries by sequence, from the oldest or the newest, whenever they happened."""
        self.needs(Capability.REWARD_ENTRIES)
        own = [a_reward_entry(number, at=an_instant(20 - number)) for number in range(1, 13)]
        _keep(store, entries=[own[number] for number in (3, 11, 0, 7, 1, 9, 2, 10, 4, 8, 5, 6)])
        query = RewardQuery(customer_id=_ANA)
        with store.reading() as reading:
            for limit in (0, 1, 5, 100):
                assert list(reading.reward_entries.find(query, limit)) == own[:limit]
                assert list(reading.reward_entries.find(query, limit, newest_first=True)) == own[::-1][:limit]

    def test_every_part_of_a_query_of_entries_is_asked(self, store: Store) -> None:
        """An entry must be all of what a `RewardQuery` states; both ends of a period are in it, sequences are not."""
        self.needs(Capability.REWARD_ENTRIES)
        kept = {
            1: a_reward_entry(1, points=10),
            2: a_reward_entry(2, points=-10, action=RewardAction.REDEEMED),
            3: a_reward_entry(3, points=100, action=RewardAction.ADJUSTED),
            4: a_reward_entry(4, points=0, action=RewardAction.REVERSED),
            5: a_reward_entry(5, customer_id=_BEA, sequence=1),
        }
        _keep(store, entries=list(kept.values()))
        queries = {
            RewardQuery(customer_id=_ANA): [1, 2, 3, 4],
            RewardQuery(customer_id=_BEA): [5],
            RewardQuery(customer_id=a_customer_id(3)): [],
            RewardQuery(customer_id=_ANA, actions=frozenset({RewardAction.REDEEMED, RewardAction.REVERSED})): [2, 4],
            RewardQuery(customer_id=_ANA, actions=frozenset()): [],
            RewardQuery(customer_id=_ANA, since=an_instant(2)): [2, 3, 4],
            RewardQuery(customer_id=_ANA, until=an_instant(2)): [1, 2],
            RewardQuery(customer_id=_ANA, since=an_instant(2), until=an_instant(3)): [2, 3],
            RewardQuery(customer_id=_ANA, points=10): [1],
            RewardQuery(customer_id=_ANA, points=0): [4],
            RewardQuery(customer_id=_ANA, points=1): [],
            RewardQuery(customer_id=_ANA, after=1): [2, 3, 4],
            RewardQuery(customer_id=_ANA, before=3): [1, 2],
            RewardQuery(customer_id=_ANA, after=1, before=3, points=-10): [2],
        }
        with store.reading() as reading:
            for query, expected in queries.items():
                assert list(reading.reward_entries.find(query, 100)) == [kept[number] for number in expected], query

    def test_every_store_finds_the_entries_a_query_asks_for(self, store: Store) -> None:
        """The answer is that of `RewardQuery.asks` for every entry, as a property."""
        kept = st.lists(reward_entries(), max_size=8, unique_by=lambda entry: entry.sequence)

        @settings(deadline=None)
        @given(kept, reward_queries(), st.integers(0, 4))
        def found_as_asked(kept: list[RewardEntry], query: RewardQuery, limit: int) -> None:
            with suppress(Undone), store.writing() as writing:
                writing.customers.add_many(_PEOPLE)
                writing.reward_entries.add_many(kept)
                expected = sorted(filter(query.asks, kept), key=lambda entry: entry.sequence)
                for most in (limit, 100):
                    assert list(writing.reward_entries.find(query, most)) == expected[:most]
                    newest = writing.reward_entries.find(query, most, newest_first=True)
                    assert list(newest) == expected[::-1][:most]
                raise Undone

        self.needs(Capability.REWARD_ENTRIES)
        found_as_asked()

    def test_a_reference_of_a_ledger_is_held_however_long_ago(self, store: Store) -> None:
        """A reference never expires: whichever entry has it is found by it, and no other may have it."""
        self.needs(Capability.REWARD_ENTRIES)
        old, new = a_reward_entry(1), a_reward_entry(2, recorded=an_instant() + timedelta(days=4_000))
        _keep(store, entries=[old, new])
        asked = [old.reference, new.reference]
        with store.writing() as writing:
            found = writing.reward_entries.by_key("reference", asked)
            assert found == {old.reference: (old,), new.reference: (new,)}
            with pytest.raises(Conflict):
                writing.reward_entries.add(a_reward_entry(3, customer_id=_BEA, reference=old.reference))

    def test_lots_come_soonest_to_expire_first_then_the_oldest_and_those_that_stay_last(self, store: Store) -> None:
        """``in_turn`` returns lots in the order of `RewardLot.turn`."""
        self.needs(Capability.REWARD_LOTS)
        in_turn = [
            a_reward_lot(6, expires=_day(-1), at=an_instant(9)),
            a_reward_lot(1, expires=_day(3), at=an_instant(1)),
            a_reward_lot(4, expires=_day(3), at=an_instant(2)),
            a_reward_lot(7, expires=_day(3), at=an_instant(2)),
            a_reward_lot(2, expires=date.max - timedelta(days=1)),
            a_reward_lot(8, at=an_instant(0)),
            a_reward_lot(3, at=an_instant(1)),
        ]
        other = a_reward_lot(5, customer_id=_BEA)
        _keep(store, lots=[other, *(in_turn[place] for place in (5, 0, 3, 6, 1, 4, 2))])
        with store.reading() as reading:
            assert list(reading.reward_lots.in_turn(_ANA, None, 100)) == in_turn
            assert list(reading.reward_lots.in_turn(_BEA, None, 100)) == [other]
            assert list(reading.reward_lots.in_turn(a_customer_id(3), None, 100)) == []

    def test_lots_go_on_behind_any_lot_also_one_that_is_gone(self, store: Store) -> None:
        """The lot that ``after`` is need not be there any more."""
        kept = st.lists(reward_lots(), max_size=6, unique_by=lambda lot: lot.number)

        @settings(deadline=None)
        @given(kept, reward_lots(), st.integers(0, 3))
        def go_on(kept: list[RewardLot], gone: RewardLot, limit: int) -> None:
            with suppress(Undone), store.writing() as writing:
                writing.customers.add_many(_PEOPLE)
                writing.reward_lots.add_many(kept)
                for after in (None, gone, *kept):
                    theirs = [lot for lot in kept if lot.customer_id == gone.customer_id]
                    behind = [lot for lot in theirs if after is None or lot.turn > after.turn]
                    expected = sorted(behind, key=lambda lot: lot.turn)
                    for most in (limit, 100):
                        assert list(writing.reward_lots.in_turn(gone.customer_id, after, most)) == expected[:most]
                raise Undone

        self.needs(Capability.REWARD_LOTS)
        go_on()

    def test_whose_lots_lapsed_is_told_to_the_day_once_each(self, store: Store) -> None:
        """``lapsed`` returns customers with a lot whose last day is before a day: one on that day can be spent."""
        self.needs(Capability.REWARD_LOTS)
        lots = [
            a_reward_lot(1, expires=_day(0)),
            a_reward_lot(2, expires=_day(-1)),
            a_reward_lot(3, expires=_day(-2)),
            a_reward_lot(4, customer_id=_BEA, expires=_day(0)),
            a_reward_lot(5, customer_id=a_customer_id(3)),
        ]
        _keep(store, lots=lots)
        with store.reading() as reading:
            told = {day: list(reading.reward_lots.lapsed(_day(day), None, 100)) for day in (-2, -1, 0, 1)}
            assert told == {-2: [], -1: [_ANA], 0: [_ANA], 1: [_ANA, _BEA]}
            assert list(reading.reward_lots.lapsed(date.max, _ANA, 100)) == [_BEA]
            assert list(reading.reward_lots.lapsed(date.max, None, 1)) == [_ANA]

    def test_every_store_tells_whose_lots_lapsed(self, store: Store) -> None:
        """The answer is that of `RewardLot.usable` for every lot, as a property."""
        kept = st.lists(reward_lots(), max_size=6, unique_by=lambda lot: lot.number)

        @settings(deadline=None)
        @given(kept, local_days(), st.none() | st.integers(1, 3), st.integers(0, 3))
        def told(kept: list[RewardLot], on: date, behind: int | None, limit: int) -> None:
            with suppress(Undone), store.writing() as writing:
                writing.customers.add_many(_PEOPLE)
                writing.reward_lots.add_many(kept)
                after = None if behind is None else a_customer_id(behind)
                whose = {lot.customer_id for lot in kept if not lot.usable(on)}
                expected = sorted(each for each in whose if after is None or each > after)
                for most in (limit, 100):
                    assert list(writing.reward_lots.lapsed(on, after, most)) == expected[:most]
                raise Undone

        self.needs(Capability.REWARD_LOTS)
        told()
