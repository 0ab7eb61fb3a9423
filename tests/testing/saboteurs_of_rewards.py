"""Stores that break one promise each of the rewards ledger.

They are enlisted with those of `tests.testing.saboteurs`, and made as those are.
"""

from collections.abc import Callable, Iterable, Sequence
from datetime import UTC, date, datetime, timedelta
from typing import Any

from attrs import evolve
from tests.testing.saboteurs import Proxy, Tampered, caught_by

from salon_crm.domain.criteria import Figure, InPeriod
from salon_crm.domain.ids import CustomerId
from salon_crm.domain.rewards import RewardLot
from salon_crm.ports.store import RewardQuery


def entries_asked_as(change: Callable[[RewardQuery], RewardQuery]) -> type[Proxy]:
    """Return repositories that take a query of entries for another."""

    class Repository(Proxy):
        def find(self, query: Any, *args: Any, **how: Any) -> Any:
            return self.inner.find(change(query) if isinstance(query, RewardQuery) else query, *args, **how)

    return Repository


@caught_by("every_part_of_a_query_of_entries_is_asked")
class FindsPointsOfAnyNumber(Tampered):
    """Leaves out how many points are asked for."""

    Repository = entries_asked_as(lambda query: evolve(query, points=None))


@caught_by("every_part_of_a_query_of_entries_is_asked")
class TakesNoPointsForAny(Tampered):
    """Takes a search for entries of no points for one that asks for none."""

    Repository = entries_asked_as(lambda query: evolve(query, points=query.points or None))


@caught_by("every_part_of_a_query_of_entries_is_asked")
class FindsEntriesUntilTheInstantBefore(Tampered):
    """Leaves out what happened at the very end of a period."""

    Repository = entries_asked_as(
        lambda query: evolve(query, until=query.until - timedelta(microseconds=1)) if query.until else query
    )


@caught_by(
    "entries_come_in_the_order_they_were_written_in_both_ways",
    "every_store_finds_the_entries_a_query_asks_for",
)
class ListsEntriesByWhenTheyHappened(Tampered):
    """Puts what a till that was offline sends later where it happened."""

    class Repository(Proxy):
        def find(self, query: Any, limit: Any, *args: Any, **how: Any) -> Any:
            found = self.inner.find(query, limit, *args, **how)
            return sorted(found, key=lambda entry: entry.at) if isinstance(query, RewardQuery) else found


def lots_in_order(order: Callable[[RewardLot], Any]) -> type[Proxy]:
    """Return repositories that take lots in another order."""

    class Repository(Proxy):
        def in_turn(self, customer_id: CustomerId, after: RewardLot | None, limit: int) -> Sequence[RewardLot]:
            theirs = self.inner.in_turn(customer_id, None, 1_000)
            behind = [lot for lot in theirs if after is None or order(lot) > order(after)]
            return sorted(behind, key=order)[:limit]

    return Repository


@caught_by("lots_come_soonest_to_expire_first_then_the_oldest_and_those_that_stay_last")
class TakesTheOldestFirst(Tampered):
    """Takes lots as they came in, whenever they expire."""

    Repository = lots_in_order(lambda lot: (lot.at, lot.number))


@caught_by("lots_come_soonest_to_expire_first_then_the_oldest_and_those_that_stay_last")
class TakesWhatStaysFirst(Tampered):
    """Takes lots that never expire for those that expire first, as NULL sorts in SQL."""

    Repository = lots_in_order(lambda lot: (lot.expires or date.min, lot.at, lot.number))


@caught_by("lots_go_on_behind_any_lot_also_one_that_is_gone")
class BeginsAnewBehindALotThatIsGone(Tampered):
    """Looks for the lot to go on behind, and begins with the first where it is not there."""

    class Repository(Proxy):
        def in_turn(self, customer_id: CustomerId, after: RewardLot | None, limit: int) -> Sequence[RewardLot]:
            there = after is not None and after in self.inner.in_turn(customer_id, None, 1_000)
            found: Sequence[RewardLot] = self.inner.in_turn(customer_id, after if there else None, limit)
            return found


@caught_by("whose_lots_lapsed_is_told_to_the_day_once_each", "every_store_tells_whose_lots_lapsed")
class LetsPointsLapseOnTheirLastDay(Tampered):
    """Takes the last day of a lot for the first on which it cannot be spent."""

    class Repository(Proxy):
        def lapsed(self, on: date, after: CustomerId | None, limit: int) -> Sequence[CustomerId]:
            day_after = on + timedelta(days=on < date.max)
            told: Sequence[CustomerId] = self.inner.lapsed(day_after, after, limit)
            return told


@caught_by("a_reference_of_a_ledger_is_held_however_long_ago")
class ForgetsReferencesAfterADay(Tampered):
    """Finds an entry by its reference only while a till would still send it again, or so it seemed."""

    class Repository(Proxy):
        def by_key(self, key: str, values: Iterable[Any]) -> Any:
            held = self.inner.by_key(key, values)
            if key != "reference":
                return held
            newest = max((each.recorded for found in held.values() for each in found), default=None)
            return {
                value: found
                for value, found in held.items()
                if newest is not None and newest - found[0].recorded < timedelta(days=1)
            }


@caught_by("customers_are_found_by_the_points_they_have")
class FindsOnlyWhoEverHadPoints(Tampered):
    """Leaves out customers without a ledger, who have no points."""

    class Repository(Proxy):
        def find(self, criterion: Any, *args: Any, **how: Any) -> Any:
            found = self.inner.find(criterion, *args, **how)
            heads = self.inner._unit.reward_heads.get_many([customer.id for customer in found])
            return [customer for customer in found if customer.id in heads]


@caught_by("customers_are_found_by_what_they_earned_and_spent_since_then")
class AddsUpWhateverThePeriod(Tampered):
    """Counts what was earned and spent at any time."""

    class Repository(Proxy):
        def find(self, criterion: Any, *args: Any, **how: Any) -> Any:
            return self.inner.find(_at_any_time(criterion), *args, **how)


def _at_any_time(criterion: Any) -> Any:
    if not isinstance(criterion, InPeriod):
        return criterion
    long_ago = datetime(1, 1, 2, tzinfo=UTC)
    return evolve(criterion, since=long_ago if criterion.figure is Figure.EARNED else long_ago.date())
