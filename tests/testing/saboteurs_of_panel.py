"""Stores that break one promise each of bookings, sales, facts, money and the criteria about them.

They are enlisted with those of `tests.testing.saboteurs`, and made as those are.
"""

from collections.abc import Callable, Generator, Iterable, Mapping
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any, Final

from attrs import evolve
from tests.testing.saboteurs import Proxy, Tampered, caught_by, what_is_asked, what_is_written

from salon_crm.adapters.memory import MemoryStore
from salon_crm.adapters.memory.store import _Table
from salon_crm.adapters.sql.unit import SqlUnit
from salon_crm.adapters.sqlite import SQLiteStore
from salon_crm.domain.bookings import ANY_STATUS, Booking
from salon_crm.domain.criteria import AllOf, Compare, Fact, HasBooking, HasPackage, Not, Op
from salon_crm.domain.facts import CustomerFacts
from salon_crm.domain.money import EXPONENTS, Money
from salon_crm.domain.sales import Sale
from salon_crm.ports.records import KINDS, KeyKind
from salon_crm.ports.store import BookingQuery, SaleQuery
from salon_crm.testing import Capability

_CAME: Final = Compare(Fact.LAST_VISIT, Op.AT_LEAST, date.min)
_BOOKED_ONCE: Final = HasBooking(statuses=ANY_STATUS)


# ------------------------------------------------------------------------------- criteria


def booked_as(change: Callable[[HasBooking], Any]) -> type[Proxy]:
    """Return repositories that take what was booked for something else."""
    return what_is_asked(lambda asked: change(asked) if isinstance(asked, HasBooking) else asked)


@caught_by(
    "both_ends_of_a_period_are_in_it",
    "a_booking_is_on_the_local_day_of_its_location",
    "all_parts_of_booked_are_true_of_one_booking",
    "a_panel_is_listed_page_by_page_in_both_directions",
    "the_widest_panels_are_answered",
)
class LeavesTheLastDayOut(Tampered):
    """Takes the end of a period for the first day that is no longer in it."""

    Repository = booked_as(
        lambda asked: evolve(asked, end=asked.end - timedelta(days=1)) if isinstance(asked.end, date) else asked
    )


@caught_by(
    "a_booking_is_on_the_local_day_of_its_location",
    "a_day_s_bookings_are_those_of_the_local_day",
    "a_day_s_sales_are_those_of_the_local_day",
    capabilities=frozenset(Capability),
)
class TakesDaysOfUtcForLocalOnes(SQLiteStore):
    """Keeps the day it is in UTC as the day of a booking and of a sale."""

    @contextmanager
    def writing(self) -> Generator[SqlUnit]:
        with super().writing() as unit:
            yield unit
            unit._connection.run("UPDATE crm_bookings SET day = substr(starts, 1, 10)")
            unit._connection.run("UPDATE crm_sales SET day = substr(at, 1, 10)")


@caught_by(
    "all_parts_of_booked_are_true_of_one_booking",
    "who_never_booked_a_service_includes_those_without_bookings",
    "a_panel_is_listed_page_by_page_in_both_directions",
    "what_only_people_write_is_refused",
    "every_store_finds_whom_matches_finds",
)
class DropsBooked(Tampered):
    """Leaves out what it cannot compile, so that everybody has booked everything."""

    Repository = booked_as(lambda _: AllOf())


@caught_by("who_never_came_matches_no_comparison_and_each_under_not")  # a property comes to it by luck
class ForgetsWhoNeverCame(Tampered):
    """Holds neither a comparison of the last visit nor its opposite of who has none, as SQL does of NULL."""

    Repository = what_is_asked(
        lambda asked: (
            AllOf((asked, _CAME))
            if isinstance(asked, Not) and isinstance(asked.part, Compare) and asked.part.fact is Fact.LAST_VISIT
            else asked
        )
    )


@caught_by("who_never_booked_a_service_includes_those_without_bookings")
class ForgetsWhoHasNoBooking(Tampered):
    """Looks for who never booked a service among those who booked something."""

    Repository = what_is_asked(
        lambda asked: (
            AllOf((asked, _BOOKED_ONCE)) if isinstance(asked, Not) and isinstance(asked.part, HasBooking) else asked
        )
    )


def _one_by_one(asked: HasBooking) -> AllOf:
    parts = ("services", "start", "end", "locations", "therapists", "not_before")
    return AllOf(tuple(HasBooking(statuses=asked.statuses, **{part: getattr(asked, part)}) for part in parts))


@caught_by("all_parts_of_booked_are_true_of_one_booking")
class AsksEachPartByItself(Tampered):
    """Lets one booking be of the service, and another of the day."""

    Repository = booked_as(_one_by_one)


@caught_by("what_starts_from_an_instant_on_is_exact_to_the_microsecond")
class StartsAtFullSeconds(Tampered):
    """Cuts the instant from which bookings are asked for to its second."""

    Repository = booked_as(
        lambda asked: evolve(asked, not_before=asked.not_before and asked.not_before.replace(microsecond=0))
    )


@caught_by("customers_are_found_by_what_their_visits_come_to", "every_store_finds_whom_matches_finds")
class KnowsNoZero(Tampered):
    """Takes visits and spend of who has none for unknown."""

    Repository = what_is_asked(
        lambda asked: (
            AllOf((asked, _CAME)) if isinstance(asked, Compare) and asked.fact in (Fact.VISITS, Fact.SPEND) else asked
        )
    )


@caught_by("customers_are_found_by_a_package_had_in_any_way")
class FindsPackagesByTheirBeginning(Tampered):
    """Finds a package where another one's code begins with its own."""

    Repository = what_is_asked(
        lambda asked: (
            HasPackage(asked.packages | {f"{code}0" for code in asked.packages})
            if isinstance(asked, HasPackage)
            else asked
        )
    )


@caught_by("the_widest_panels_are_answered")
class BindsAHundredCodes(Tampered):
    """Asks for the first hundred codes, as a driver does that binds no more."""

    Repository = booked_as(lambda asked: evolve(asked, services=frozenset(sorted(asked.services)[:100])))


# ------------------------------------------------------------------------------- facts, money


@caught_by(
    "what_is_found_follows_every_change_of_bookings_and_facts",
    "saving_replaces_the_record_and_its_keys",
    "an_edited_record_comes_back_equal_in_every_field",
)
class KeepsTheFirstFacts(Tampered):
    """Keeps the facts it was given first, whatever is saved later."""

    class Repository(Proxy):
        def save(self, thing: Any, expected_version: int) -> None:
            if isinstance(thing, CustomerFacts):
                first = self.inner.get_many([thing.customer_id]).get(thing.customer_id, thing)
                thing = evolve(first, version=thing.version)
            self.inner.save(thing, expected_version)


def _through_float(thing: Any) -> Any:
    match thing:
        case Money(minor, currency):
            units = 10 ** EXPONENTS[currency]
            return Money(int(float(minor / units) * units), currency)
        case Booking():
            return evolve(thing, price=thing.price and _through_float(thing.price))
        case Sale():
            return evolve(thing, lines=tuple(evolve(line, price=_through_float(line.price)) for line in thing.lines))
        case CustomerFacts():
            return evolve(thing, spend=int(float(thing.spend)))
        case _:
            return thing


@caught_by(
    "money_is_kept_to_the_last_minor_unit",
    "any_record_comes_back_equal",
    "a_record_comes_back_equal_in_every_field",
    "every_store_finds_the_sales_a_query_asks_for",
)
class FloatMoney(Tampered):
    """Keeps amounts as floats of the major unit."""

    Repository = what_is_written(_through_float)


# ------------------------------------------------------------------------------- queries


@caught_by(
    "every_part_of_a_query_of_bookings_is_asked",
    "a_day_s_bookings_are_those_of_the_local_day",
    "every_store_finds_the_bookings_a_query_asks_for",
    "every_part_of_a_query_of_sales_is_asked",
    "every_store_finds_the_sales_a_query_asks_for",
)
class EndsQueriesADayEarly(Tampered):
    """Leaves the last day of a query out."""

    Repository = what_is_asked(
        lambda asked: (
            evolve(asked, until=asked.until and asked.until - timedelta(days=1))
            if isinstance(asked, BookingQuery | SaleQuery)
            else asked
        )
    )


def _moment(record: Any) -> Any:
    return record.start if isinstance(record, Booking) else record.at


@caught_by(
    "bookings_come_by_their_start_with_ties_by_id",
    "pages_of_bookings_go_on_after_any_row_and_back_before_it",
    "sales_come_by_when_they_were_made_with_ties_by_id",
    "pages_of_sales_go_on_after_any_row_and_back_before_it",
)
class KeepsTiesInOneDirection(Tampered):
    """Keeps bookings and sales of one moment in the order of ids when the rest is turned around."""

    class Repository(Proxy):
        def find(self, query: Any, start: Any, limit: int, *rest: Any, **order: Any) -> Any:
            found = self.inner.find(query, start, limit, *rest, **order)
            if not order.get("newest_first"):
                return found
            return sorted(sorted(found, key=lambda record: record.id), key=_moment, reverse=True)


@caught_by("every_part_of_a_query_of_sales_is_asked", "a_sale_without_a_customer_is_assigned_one")
class ShowsEverySaleAsNobodyS(Tampered):
    """Does not ask whether a sale has a customer."""

    Repository = what_is_asked(lambda asked: evolve(asked, unassigned=False) if isinstance(asked, SaleQuery) else asked)


@caught_by("every_part_of_a_query_of_sales_is_asked", "every_store_finds_the_sales_a_query_asks_for")
class ShowsTheSalesOfEveryPlace(Tampered):
    """Does not ask where a sale was made."""

    Repository = what_is_asked(lambda asked: evolve(asked, location=None) if isinstance(asked, SaleQuery) else asked)


@caught_by("every_part_of_a_query_of_bookings_is_asked", "every_store_finds_the_bookings_a_query_asks_for")
class TakesNoPriceForAPrice(Tampered):
    """Does not ask whether a booking has a price."""

    Repository = what_is_asked(lambda asked: evolve(asked, priced=False) if isinstance(asked, BookingQuery) else asked)


# ------------------------------------------------------------------------------- keys


@caught_by("a_record_is_found_by_every_value_of_every_key", "a_sale_without_a_customer_is_assigned_one")
class LosesTheSecondBookingOfASale(Tampered):
    """Finds a sale by the first of its bookings alone."""

    class Repository(Proxy):
        def by_key(self, key: str, values: Iterable[Any]) -> Mapping[Any, Any]:
            found: dict[Any, tuple[Any, ...]] = self.inner.by_key(key, values)
            if key != "booking":
                return found
            held = {value: tuple(filter(_by_its_first(value), things)) for value, things in found.items()}
            return {value: things for value, things in held.items() if things}


def _by_its_first(value: Any) -> Callable[[Any], bool]:
    return lambda thing: not isinstance(thing, Sale) or thing.bookings[0] == value


@caught_by(
    "a_unique_key_is_held_by_one_record",
    "many_of_which_one_has_a_unique_key_of_another_are_refused_as_a_whole",
)
class SharesCodes(MemoryStore):
    """Lets two services have one code."""

    def __init__(self) -> None:
        super().__init__()
        services = KINDS["services"]
        shared = KeyKind(False, services.keys["code"].values)
        self._state.tables["services"] = _Table(evolve(services, keys={**services.keys, "code": shared}))


@caught_by(
    "a_unique_key_that_was_let_go_of_is_free",
    "a_unique_key_of_what_was_removed_is_free",
    "what_was_removed_may_be_added_again",
)
class KeepsCodesForEver(MemoryStore):
    """Never lets go of a code that was held once."""

    def __init__(self) -> None:
        super().__init__()
        self._state.tables["services"] = _NeverFree(KINDS["services"])


class _NeverFree(_Table[Any]):
    def copy(self) -> "_NeverFree":
        copied = _NeverFree(self.kind)
        copied.rows, copied.holders = self.rows.copy(), self.holders.copy()
        return copied

    def _let_go(self, value: tuple[str, Any], identity: Any) -> None:
        if value[0] != "code":
            super()._let_go(value, identity)
