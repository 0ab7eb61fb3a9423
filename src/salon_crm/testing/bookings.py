"""Checks of bookings and sales beside those of every kind: what their queries ask for, by their moments, in pages."""

from collections.abc import Callable, Sequence
from contextlib import suppress
from datetime import date, datetime, timedelta
from functools import partial
from typing import Any, Final
from uuid import UUID

from attrs import evolve
from hypothesis import example, given, settings
from hypothesis import strategies as st

from salon_crm.domain.bookings import Booking, BookingStatus
from salon_crm.domain.criteria import Start
from salon_crm.domain.money import EXPONENTS, MOST_MINOR, Money
from salon_crm.domain.sales import LineKind, Sale, SaleLine
from salon_crm.ports.store import BookingQuery, Reading, SaleQuery, Store
from salon_crm.testing.builders import a_booking, a_customer, a_customer_id, a_sale, an_instant, some_facts
from salon_crm.testing.conformance import Capability, Conformance, Undone
from salon_crm.testing.populations import AROUND_MIDNIGHT, Population
from salon_crm.testing.strategies import booking_queries, bookings, local_instants, sale_queries, sales

_PEOPLE: Final = tuple(a_customer(number) for number in range(1, 9))
_DAY: Final = an_instant().date()

Find = Callable[..., Sequence[Any]]
"""Finds by a query that is bound already: it takes a start, a limit, and the order."""


def _moment(record: Any) -> datetime:
    when: datetime = record.start if isinstance(record, Booking) else record.at
    return when


def _place(record: Any) -> tuple[datetime, UUID]:
    return _moment(record), record.id


def _start(record: Any, *, backward: bool = False) -> Start:
    return Start(_moment(record), record.id, backward)


def _check_pages(find: Find, expected: Sequence[Any], edges: Sequence[Any], limits: Sequence[int]) -> None:
    """Compare the pages after and before every edge, both ways, with a plain reading of what is expected."""
    for newest_first in (False, True):
        ordered = sorted(expected, key=_place, reverse=newest_first)
        for limit in limits:
            assert list(find(None, limit, newest_first=newest_first)) == ordered[:limit]
        for edge in edges:
            after = [
                each
                for each in ordered
                if (_place(each) < _place(edge) if newest_first else _place(each) > _place(edge))
            ]
            before = ordered[: len(ordered) - len(after) - (edge in ordered)]
            for limit in limits:
                assert list(find(_start(edge), limit, newest_first=newest_first)) == after[:limit]
                found = find(_start(edge, backward=True), limit, newest_first=newest_first)
                assert list(found) == before[max(0, len(before) - limit) :]


def _keep(store: Store, *, bookings: Sequence[Booking] = (), sales: Sequence[Sale] = ()) -> None:
    with store.writing() as writing:
        writing.customers.add_many(_PEOPLE)
        for booking in bookings:
            writing.bookings.add(booking)
        for sale in sales:
            writing.sales.add(sale)


_SHUFFLED: Final = tuple((number * 5) % 12 + 1 for number in range(12))
"""The numbers 1 to 12 in no order."""

_TIED_BOOKINGS: Final = [a_booking(number, start=an_instant(place // 4)) for place, number in enumerate(_SHUFFLED)]
_TIED_SALES: Final = [a_sale(number, at=an_instant(place // 4)) for place, number in enumerate(_SHUFFLED)]


class BookingChecks(Conformance):
    """What `ReadBookings` promises of ``find`` and ``count``."""

    def test_bookings_come_by_their_start_with_ties_by_id(self, store: Store) -> None:
        """``find`` returns bookings by their start, ties by id, oldest or newest first, both in one direction."""
        self.needs(Capability.BOOKINGS)
        _keep(store, bookings=_TIED_BOOKINGS)
        in_order = sorted(_TIED_BOOKINGS, key=_place)
        with store.reading() as reading:
            assert list(reading.bookings.find(BookingQuery(), None, 100)) == in_order
            assert list(reading.bookings.find(BookingQuery(), None, 100, newest_first=True)) == in_order[::-1]

    def test_pages_of_bookings_go_on_after_any_row_and_back_before_it(self, store: Store) -> None:
        """``start`` places the reading after a booking, or before it going backward; it may be gone by then."""
        self.needs(Capability.BOOKINGS)
        *kept, gone = _TIED_BOOKINGS
        _keep(store, bookings=kept)
        with store.reading() as reading:
            _check_pages(partial(reading.bookings.find, BookingQuery()), kept, [*kept, gone], (0, 1, 5, 100))

    def test_every_part_of_a_query_of_bookings_is_asked(self, store: Store) -> None:
        """A booking must be all of what a `BookingQuery` states; what is left empty restricts nothing."""
        self.needs(Capability.BOOKINGS)
        asked = a_booking(1, price=Money(0, "EUR"))
        others = [
            a_booking(2, start=asked.start, customer_id=a_customer_id(2)),
            a_booking(3, start=asked.start, service="manicure"),
            a_booking(4, start=asked.start, location=None),
            a_booking(5, start=asked.start, therapist=None),
            a_booking(6, start=asked.start - timedelta(days=1)),
            a_booking(7, start=asked.start + timedelta(days=1)),
            a_booking(8, start=asked.start, status=BookingStatus.CANCELLED),
        ]
        _keep(store, bookings=[*others, asked])
        queries: dict[BookingQuery, set[int]] = {
            BookingQuery(customer_id=asked.customer_id): {1, 3, 4, 5, 6, 7, 8},
            BookingQuery(service="cut"): {1, 2, 4, 5, 6, 7, 8},
            BookingQuery(location="chiado"): {1, 2, 3, 5, 6, 7, 8},
            BookingQuery(therapist="gil-horta"): {1, 2, 3, 4, 6, 7, 8},
            BookingQuery(since=asked.day): {1, 2, 3, 4, 5, 7, 8},
            BookingQuery(until=asked.day): {1, 2, 3, 4, 5, 6, 8},
            BookingQuery(statuses=frozenset({BookingStatus.PENDING})): {1, 2, 3, 4, 5, 6, 7},
            BookingQuery(statuses=frozenset()): set(),
            BookingQuery(ended_before=asked.end): {6},
            BookingQuery(ended_before=asked.end + timedelta(microseconds=1)): {1, 2, 3, 4, 5, 6, 8},
            BookingQuery(starting_from=asked.start): {1, 2, 3, 4, 5, 7, 8},
            BookingQuery(starting_from=asked.start + timedelta(microseconds=1)): {7},
            BookingQuery(priced=True): {1},
            BookingQuery(service="nobody-s"): set(),
            BookingQuery(
                customer_id=asked.customer_id,
                service="cut",
                location="chiado",
                therapist="gil-horta",
                since=asked.day,
                until=asked.day,
                statuses=frozenset({BookingStatus.PENDING}),
                ended_before=asked.end + timedelta(microseconds=1),
                starting_from=asked.start,
                priced=True,
            ): {1},
        }
        with store.reading() as reading:
            for query, expected in queries.items():
                found = {booking.id for booking in reading.bookings.find(query, None, 100)}
                assert found == {a_booking(number).id for number in expected}, query
                assert reading.bookings.count(query) == len(expected), query

    def test_a_day_s_bookings_are_those_of_the_local_day(self, store: Store) -> None:
        """``since`` and ``until`` are local days of the booking's location, both included, in every zone."""
        self.needs(Capability.BOOKINGS)
        kept = [a_booking(n, start=each.instant, zone=each.zone) for n, each in enumerate(AROUND_MIDNIGHT, start=1)]
        _keep(store, bookings=kept)
        with store.reading() as reading:
            for day in _days_around():
                query = BookingQuery(since=day, until=day)
                found = {booking.id for booking in reading.bookings.find(query, None, 100)}
                expected = {kept[n].id for n, each in enumerate(AROUND_MIDNIGHT) if each.day == day}
                assert found == expected, day
                assert reading.bookings.count(query) == len(expected)

    def test_every_store_finds_the_bookings_a_query_asks_for(self, store: Store) -> None:
        """The answer is that of `BookingQuery.asks` for every booking, as a property."""
        kept = st.lists(bookings(), max_size=8, unique_by=lambda booking: booking.id)

        @settings(deadline=None)
        @given(kept, booking_queries(), local_instants(), st.integers(0, 4))
        def found_as_asked(kept: list[Booking], query: BookingQuery, gone: datetime, limit: int) -> None:
            with suppress(Undone), store.writing() as writing:
                Population(customers=_PEOPLE, bookings=tuple(kept)).keep_records(writing)
                expected = [booking for booking in kept if query.asks(booking)]
                edges = [*kept[:2], a_booking(99, start=gone)]
                _check_pages(partial(writing.bookings.find, query), expected, edges, (limit, 100))
                assert writing.bookings.count(query) == len(expected)
                raise Undone

        self.needs(Capability.BOOKINGS)
        found_as_asked()


def _days_around() -> list[date]:
    days = {moment.day for moment in AROUND_MIDNIGHT}
    return sorted(days | {day + timedelta(days=aside) for day in days for aside in (-1, 1)})


class SaleChecks(Conformance):
    """What `ReadSales` and `Sales` promise of ``find``, of sales without a customer, and of money."""

    def test_sales_come_by_when_they_were_made_with_ties_by_id(self, store: Store) -> None:
        """``find`` returns sales by when they were made, ties by id, oldest or newest first, both in one direction."""
        self.needs(Capability.SALES)
        _keep(store, sales=_TIED_SALES)
        in_order = sorted(_TIED_SALES, key=_place)
        with store.reading() as reading:
            assert list(reading.sales.find(SaleQuery(), None, 100)) == in_order
            assert list(reading.sales.find(SaleQuery(), None, 100, newest_first=True)) == in_order[::-1]

    def test_pages_of_sales_go_on_after_any_row_and_back_before_it(self, store: Store) -> None:
        """``start`` places the reading after a sale, or before it going backward; it may be gone by then."""
        self.needs(Capability.SALES)
        *kept, gone = _TIED_SALES
        _keep(store, sales=kept)
        with store.reading() as reading:
            _check_pages(partial(reading.sales.find, SaleQuery()), kept, [*kept, gone], (0, 1, 5, 100))

    def test_every_part_of_a_query_of_sales_is_asked(self, store: Store) -> None:
        """A sale must be all of what a `SaleQuery` states: of a customer or of nobody, where, made on local days."""
        self.needs(Capability.SALES)
        kept = [
            a_sale(1),
            a_sale(2),
            a_sale(3, customer_id=a_customer_id(2), location="belem"),
            a_sale(4, customer_id=None),
            a_sale(5, location=None),
        ]
        _keep(store, sales=kept)
        ana, days = a_customer_id(1), {number: kept[number - 1].day for number in range(1, 6)}
        queries = {
            SaleQuery(): [1, 2, 3, 4, 5],
            SaleQuery(customer_id=ana): [1, 2, 5],
            SaleQuery(customer_id=a_customer_id(3)): [],
            SaleQuery(unassigned=True): [4],
            SaleQuery(unassigned=True, customer_id=ana): [],
            SaleQuery(location="chiado"): [1, 2, 4],
            SaleQuery(location="belem"): [3],
            SaleQuery(location="chiado", unassigned=True): [4],
            SaleQuery(location="nowhere"): [],
            SaleQuery(since=days[2], until=days[4]): [2, 3, 4],
            SaleQuery(since=days[4]): [4, 5],
            SaleQuery(until=days[2]): [1, 2],
            SaleQuery(customer_id=ana, since=days[2], until=days[4]): [2],
            SaleQuery(unassigned=True, since=days[5]): [],
        }
        with store.reading() as reading:
            for query, expected in queries.items():
                assert list(reading.sales.find(query, None, 100)) == [kept[number - 1] for number in expected], query

    def test_a_day_s_sales_are_those_of_the_local_day(self, store: Store) -> None:
        """``since`` and ``until`` are local days of the sale's location, both included, in every zone."""
        self.needs(Capability.SALES)
        kept = [a_sale(n, at=each.instant, zone=each.zone) for n, each in enumerate(AROUND_MIDNIGHT, start=1)]
        _keep(store, sales=kept)
        with store.reading() as reading:
            for day in _days_around():
                found = {sale.id for sale in reading.sales.find(SaleQuery(since=day, until=day), None, 100)}
                assert found == {kept[n].id for n, each in enumerate(AROUND_MIDNIGHT) if each.day == day}, day

    def test_every_store_finds_the_sales_a_query_asks_for(self, store: Store) -> None:
        """The answer is that of `SaleQuery.asks` for every sale, as a property."""
        kept = st.lists(sales(), max_size=6, unique_by=lambda sale: sale.id)

        @settings(deadline=None)
        @given(kept, sale_queries(), local_instants(), st.integers(0, 4))
        @example([a_sale()], SaleQuery(until=a_sale().day), an_instant(9), 4)
        def found_as_asked(kept: list[Sale], query: SaleQuery, gone: datetime, limit: int) -> None:
            with suppress(Undone), store.writing() as writing:
                Population(customers=_PEOPLE, sales=tuple(kept)).keep_records(writing)
                expected = [sale for sale in kept if query.asks(sale)]
                edges = [*kept[:2], a_sale(99, at=gone)]
                _check_pages(partial(writing.sales.find, query), expected, edges, (limit, 100))
                raise Undone

        self.needs(Capability.SALES)
        found_as_asked()

    def test_a_sale_without_a_customer_is_assigned_one(self, store: Store) -> None:
        """A sale may have no customer; saved with one it is the customer's, and found by its bookings all along."""
        self.needs(Capability.SALES)
        walk_in = a_sale(1, customer_id=None, bookings=(a_booking(1).id, a_booking(2).id))
        assigned = evolve(walk_in, customer_id=a_customer_id(2), version=2)
        _keep(store, sales=[walk_in])
        with store.writing() as writing:
            assert writing.sales.of_customers(customer.id for customer in _PEOPLE) == {}
            assert _by_bookings(writing) == {a_booking(n).id: (walk_in,) for n in (1, 2)}
            writing.sales.save(assigned, 1)
            assert list(writing.sales.find(SaleQuery(unassigned=True), None, 9)) == []
        with store.reading() as reading:
            assert reading.sales.of_customers([a_customer_id(1), a_customer_id(2)]) == {a_customer_id(2): (assigned,)}
            assert _by_bookings(reading) == {a_booking(n).id: (assigned,) for n in (1, 2)}

    def test_money_is_kept_to_the_last_minor_unit(self, store: Store) -> None:
        """A store gives back what it was given: every amount exact, of currencies of none, two and three digits."""
        self.needs(Capability.SALES, Capability.BOOKINGS, Capability.FACTS)
        amounts = (0, 1, 29, 57, 58, 115, 1_005, 70_000_000_029, MOST_MINOR - 1, MOST_MINOR)
        currencies = [next(each for each in ("JPY", "EUR", "KWD") if EXPONENTS[each] == n) for n in (0, 2, 3)]
        kept = [_priced(n, currency, amounts) for n, currency in enumerate(currencies, start=1)]
        priced = [a_booking(n, price=Money(minor, "EUR")) for n, minor in enumerate(amounts, start=1)]
        facts = [some_facts(n, spend=sum(amounts) + n) for n in range(1, 9)]
        _keep(store, sales=kept, bookings=priced)
        with store.writing() as writing:
            writing.facts.add_many(facts)
        with store.reading() as reading:
            found = reading.sales.get_many(sale.id for sale in kept)
            assert [[line.price.minor for line in found[sale.id].lines] for sale in kept] == [list(amounts)] * 3
            assert [found[sale.id].total for sale in kept] == [Money(sum(amounts), each) for each in currencies]
            assert reading.bookings.get_many(each.id for each in priced) == {each.id: each for each in priced}
            assert reading.facts.get_many(each.customer_id for each in facts) == {f.customer_id: f for f in facts}


def _priced(number: int, currency: str, amounts: Sequence[int]) -> Sale:
    """Return a sale with a line of each amount."""
    lines = tuple(
        SaleLine(kind=LineKind.PRODUCT, item=f"item-{minor}", name="Item", price=Money(minor, currency))
        for minor in amounts
    )
    return a_sale(number, currency=currency, lines=lines, payments=())


def _by_bookings(unit: Reading) -> dict[Any, Any]:
    return unit.sales.by_key("booking", [a_booking(number).id for number in (1, 2, 3)])
