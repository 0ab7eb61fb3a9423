"""Checks of finding customers by what they booked, were sold and come to: the salon's panel, as a store is asked it."""

from datetime import date, datetime, timedelta
from decimal import Decimal
from functools import partial
from typing import Final

import pytest
from attrs import evolve

from salon_crm.domain.bookings import ANY_STATUS, OPEN, Booking, BookingStatus
from salon_crm.domain.criteria import (
    EVERYBODY,
    MOST_CODES,
    MOST_SPENT,
    AllOf,
    AnyOf,
    Compare,
    Criterion,
    Fact,
    Figure,
    HasBooking,
    HasPackage,
    InPeriod,
    Not,
    Op,
    Order,
    OrderKey,
    RelativeDay,
    Text,
)
from salon_crm.domain.customers import Status
from salon_crm.domain.dates import local_day
from salon_crm.domain.money import Money
from salon_crm.domain.rewards import MOST_POINTS
from salon_crm.domain.sales import LineKind, Refund, Sale, SaleLine, SaleStatus
from salon_crm.ports.store import Reading, Store
from salon_crm.testing.builders import (
    a_booking,
    a_customer,
    a_customer_id,
    a_reward_entry,
    a_reward_head,
    a_sale,
    an_assigned_package,
    an_instant,
    some_facts,
)
from salon_crm.testing.conformance import PANEL, Capability, Conformance
from salon_crm.testing.criteria import find_numbers, refuses
from salon_crm.testing.populations import AROUND_MIDNIGHT, Population
from salon_crm.testing.strategies import ZONES

_DAY: Final = date(2026, 3, 10)
_CUT, _NAILS = frozenset({"cut"}), frozenset({"manicure"})


def _on(day: date, number: int, customer: int, service: str = "cut", **overrides: object) -> Booking:
    """Return a booking at three in the afternoon of a local day in Lisbon."""
    start = datetime(day.year, day.month, day.day, 15, tzinfo=ZONES[0])
    return a_booking(number, customer_id=a_customer_id(customer), start=start, service=service, **overrides)


def _keep(store: Store, *bookings: Booking, customers: int, sales: tuple[Sale, ...] = ()) -> None:
    """Keep customers from 1 on, their bookings and sales, and the facts of these."""
    people = tuple(a_customer(number) for number in range(1, customers + 1))
    with store.writing() as writing:
        Population(customers=people, bookings=bookings, sales=sales).keep(writing)


def _sold(number: int, customer: int, kind: LineKind, item: str, minor: int) -> Sale:
    line = SaleLine(kind=kind, item=item, name=item, price=Money(minor, "EUR"))
    return a_sale(number, customer_id=a_customer_id(customer), lines=(line,), payments=())


class PanelChecks(Conformance):
    """What `ReadCustomers` promises of criteria about bookings, packages and facts."""

    def test_both_ends_of_a_period_are_in_it(self, store: Store) -> None:
        """The answer is that of `matches` for `HasBooking`: ``start`` and ``end`` are days, both included."""
        self.needs(*PANEL)
        days = [_DAY + timedelta(days=days) for days in range(5)]
        _keep(store, *(_on(day, number, number) for number, day in enumerate(days, start=1)), customers=5)
        with store.reading() as reading:
            assert find_numbers(reading, HasBooking(start=days[1], end=days[3])) == [2, 3, 4]
            assert find_numbers(reading, HasBooking(start=days[2], end=days[2])) == [3]
            assert find_numbers(reading, HasBooking(start=days[3])) == [4, 5]
            assert find_numbers(reading, HasBooking(end=days[1])) == [1, 2]
            assert find_numbers(reading, Not(HasBooking(start=days[1], end=days[3]))) == [1, 5]

    def test_a_booking_is_on_the_local_day_of_its_location(self, store: Store) -> None:
        """The answer is that of `matches` for `HasBooking`: days are local, also late on the last, in every zone."""
        self.needs(*PANEL)
        booked = [
            a_booking(number, customer_id=a_customer_id(number), start=moment.instant, zone=moment.zone)
            for number, moment in enumerate(AROUND_MIDNIGHT, start=1)
        ]
        _keep(store, *booked, customers=len(booked))
        days = {moment.day for moment in AROUND_MIDNIGHT}
        with store.reading() as reading:
            for day in sorted(days | {day + timedelta(days=aside) for day in days for aside in (-1, 1)}):
                expected = [number for number, moment in enumerate(AROUND_MIDNIGHT, start=1) if moment.day == day]
                assert find_numbers(reading, HasBooking(start=day, end=day)) == expected, day

    def test_who_never_booked_a_service_includes_those_without_bookings(self, store: Store) -> None:
        """Not means all the others: who booked something else, cancelled, did not come, or has no booking at all."""
        self.needs(*PANEL)
        _keep(
            store,
            _on(_DAY, 1, 1, "manicure"),
            _on(_DAY, 2, 2, "cut"),
            _on(_DAY, 3, 3, "manicure", status=BookingStatus.CANCELLED),
            _on(_DAY, 4, 4, "manicure", status=BookingStatus.NO_SHOW),
            _on(_DAY, 5, 5, "cut"),
            _on(_DAY, 6, 5, "manicure", status=BookingStatus.COMPLETED),
            customers=6,
        )
        with store.reading() as reading:
            assert find_numbers(reading, Not(HasBooking(services=_NAILS))) == [2, 3, 4, 6]
            assert find_numbers(reading, Not(HasBooking(services=_NAILS, statuses=ANY_STATUS))) == [2, 6]
            assert find_numbers(reading, AllOf((HasBooking(services=_CUT), Not(HasBooking(services=_NAILS))))) == [2]
            assert find_numbers(reading, Not(HasBooking(statuses=ANY_STATUS))) == [6]

    def test_all_parts_of_booked_are_true_of_one_booking(self, store: Store) -> None:
        """The answer is that of `matches` for `HasBooking`: its parts qualify one booking, two of it may meet two."""
        self.needs(*PANEL)
        later = _DAY + timedelta(days=1)
        _keep(
            store,
            _on(_DAY, 1, 1, "cut", location="chiado", therapist="gil-horta"),
            _on(_DAY, 2, 2, "manicure", location="chiado", therapist="gil-horta"),
            _on(later, 3, 2, "cut", location="funchal", therapist="ines-jardim", status=BookingStatus.COMPLETED),
            _on(_DAY, 4, 3, "cut", location=None, therapist=None, status=BookingStatus.CANCELLED),
            customers=4,
        )
        chiado, gil = frozenset({"chiado"}), frozenset({"gil-horta"})
        with store.reading() as reading:
            assert find_numbers(reading, HasBooking(services=_CUT)) == [1, 2]
            assert find_numbers(reading, HasBooking(services=_CUT, start=_DAY, end=_DAY)) == [1]
            assert find_numbers(reading, HasBooking(services=_CUT, locations=chiado)) == [1]
            assert find_numbers(reading, HasBooking(services=_CUT, therapists=gil)) == [1]
            assert find_numbers(reading, HasBooking(services=_CUT | _NAILS, therapists=gil)) == [1, 2]
            assert find_numbers(reading, HasBooking(services=_CUT, statuses=OPEN)) == [1]
            assert find_numbers(reading, HasBooking(services=_CUT, statuses=ANY_STATUS)) == [1, 2, 3]
            assert find_numbers(reading, HasBooking(statuses=frozenset({BookingStatus.CANCELLED}))) == [3]
            assert find_numbers(reading, HasBooking(statuses=frozenset())) == []
            assert find_numbers(reading, Not(HasBooking(locations=chiado, statuses=ANY_STATUS))) == [3, 4]
            assert find_numbers(reading, AllOf((HasBooking(locations=chiado), HasBooking(services=_CUT)))) == [1, 2]

    def test_what_starts_from_an_instant_on_is_exact_to_the_microsecond(self, store: Store) -> None:
        """The answer is that of `matches` for `HasBooking.not_before`, in whatever zone it is asked."""
        self.needs(*PANEL)
        edge, moment = an_instant(5), timedelta(microseconds=1)
        starts = (edge - moment, edge, edge + moment)
        booked = [a_booking(n, customer_id=a_customer_id(n), start=start) for n, start in enumerate(starts, start=1)]
        _keep(store, *booked, customers=3)
        with store.reading() as reading:
            for zone in ZONES:
                assert find_numbers(reading, HasBooking(not_before=edge.astimezone(zone))) == [2, 3]

    def test_customers_are_found_by_what_their_visits_come_to(self, store: Store) -> None:
        """The answer is that of `matches` for visits, spend and the last visit; without facts both figures are 0."""
        self.needs(*PANEL)
        done = BookingStatus.COMPLETED
        _keep(
            store,
            _on(_DAY, 1, 1, status=done),
            _on(_DAY + timedelta(days=1), 2, 1, status=done),
            _on(_DAY, 3, 2, status=done),
            _on(_DAY, 4, 3),
            customers=4,
            sales=(_sold(1, 2, LineKind.PRODUCT, "shampoo", 1_250),),
        )
        expected: dict[tuple[Fact, Op, int | date], list[int]] = {
            (Fact.VISITS, Op.EQUAL, 0): [3, 4],
            (Fact.VISITS, Op.AT_LEAST, 1): [1, 2],
            (Fact.VISITS, Op.MORE, 1): [1],
            (Fact.SPEND, Op.EQUAL, 1_250): [2],
            (Fact.SPEND, Op.MORE, 1_249): [2],
            (Fact.SPEND, Op.MORE, 1_250): [],
            (Fact.SPEND, Op.LESS, 1_000 * MOST_SPENT): [1, 2, 3, 4],
            (Fact.LAST_VISIT, Op.EQUAL, _DAY): [2],
            (Fact.LAST_VISIT, Op.AT_MOST, _DAY): [2],
            (Fact.LAST_VISIT, Op.MORE, _DAY): [1],
        }
        with store.reading() as reading:
            assert {asked: find_numbers(reading, Compare(*asked)) for asked in expected} == expected

    def test_customers_are_found_by_the_points_they_have(self, store: Store) -> None:
        """The answer is that of `matches` for points: those of the end of the ledger, and none without one."""
        self.needs(Capability.REWARD_HEADS)
        with store.writing() as writing:
            for number in (1, 2, 3, 4):
                status = Status.INACTIVE if number == 3 else Status.ACTIVE
                writing.customers.add(a_customer(number, name=f"Ana {number}", status=status))
            for number, total in ((1, 0), (2, 7), (3, MOST_POINTS)):
                writing.reward_heads.add(a_reward_head(number, total=total))
        has, text = Compare(Fact.POINTS, Op.AT_LEAST, 7), Text(("ana",))
        expected: dict[Criterion, list[int]] = {
            Compare(Fact.POINTS, Op.EQUAL, 0): [1, 4],
            Compare(Fact.POINTS, Op.MORE, 0): [2, 3],
            Compare(Fact.POINTS, Op.LESS, MOST_POINTS): [1, 2, 4],
            Compare(Fact.POINTS, Op.AT_MOST, 7): [1, 2, 4],
            Compare(Fact.POINTS, Op.EQUAL, MOST_POINTS): [3],
            Not(has): [1, 4],
            AllOf((has, Compare(Fact.STATUS, Op.EQUAL, Status.ACTIVE))): [2],
            AnyOf((has, Compare(Fact.STATUS, Op.EQUAL, Status.INACTIVE))): [2, 3],
            AllOf((text, has)): [2, 3],
            AllOf((text, Not(has))): [1, 4],
        }
        with store.reading() as reading:
            for criterion, numbers in expected.items():
                assert find_numbers(reading, criterion) == numbers
                assert reading.customers.count(criterion) == len(numbers)
                added = reading.customers.find(criterion, Order(OrderKey.ADDED), None, 9)
                assert len(added) == len(numbers)

    def test_customers_are_found_by_what_they_earned_and_spent_since_then(self, store: Store) -> None:
        """The answer is that of `matches` for `InPeriod`: from the instant on for points, from the day on for sales."""
        self.needs(Capability.REWARD_ENTRIES, Capability.SALES)
        then, moment = an_instant(), timedelta(microseconds=1)
        sold = partial(a_sale, customer_id=a_customer_id(2), currency="EUR")
        line = SaleLine(kind=LineKind.PRODUCT, item="wax", name="Wax", quantity=3, price=Money(500, "EUR"))
        back = Refund(at=then, by="olga", amount=Money(400, "EUR"), returned=Money(0, "EUR"))
        with store.writing() as writing:
            for number in (1, 2, 3):
                writing.customers.add(a_customer(number, name=f"Ana {number}"))
            before, after = then - moment, then + moment
            counted = ((1, before, 50), (1, then, 7), (1, then, -2), (2, after, 5), (3, before, 9))
            for number, (customer, at, points) in enumerate(counted, start=1):
                entry = a_reward_entry(number, customer_id=a_customer_id(customer), sequence=number, at=at)
                writing.reward_entries.add(evolve(entry, tier_points=points, reference=None))
            undone = a_reward_entry(6, sequence=6, at=after, tier_points=-40, tier_at=before, reference=None)
            writing.reward_entries.add(undone)  # of the fifty, which were earned before
            writing.sales.add(sold(1, at=then, lines=(line, line), refunds=(back, back)))
            writing.sales.add(sold(2, at=then - timedelta(days=1), lines=(line,), refunds=()))
            writing.sales.add(sold(3, at=then, lines=(line,), refunds=(), status=SaleStatus.PENDING))
            writing.sales.add(sold(4, at=then, customer_id=a_customer_id(3), lines=(line,), refunds=()))
        day = local_day(then, a_sale().zone)
        earned, spent = partial(InPeriod, Figure.EARNED), partial(InPeriod, Figure.SPENT)
        expected: dict[Criterion, list[int]] = {
            earned(5, then): [1, 2],
            earned(6, then): [],
            earned(9, then - moment): [1, 3],
            earned(0, then + timedelta(days=9)): [1, 2, 3],
            spent(2_200, day): [2],
            spent(2_201, day): [],
            spent(3_700, day - timedelta(days=1)): [2],
            spent(1_500, day): [2, 3],
            Not(spent(1, day)): [1],
            AllOf((Text(("ana",)), earned(5, then), Not(spent(1, day)))): [1],
        }
        with store.reading() as reading:
            for criterion, numbers in expected.items():
                assert find_numbers(reading, criterion) == numbers
                assert reading.customers.count(criterion) == len(numbers)

    def test_who_never_came_matches_no_comparison_and_each_under_not(self, store: Store) -> None:
        """Every clause is true or false of a customer, never unknown: without a last visit, none is before any day."""
        self.needs(*PANEL)
        _keep(store, _on(_DAY, 1, 1, status=BookingStatus.COMPLETED), _on(_DAY, 2, 2), customers=3)
        with store.reading() as reading:
            for op in (Op.EQUAL, Op.LESS, Op.AT_MOST, Op.MORE, Op.AT_LEAST):
                found = find_numbers(reading, Compare(Fact.LAST_VISIT, op, _DAY))
                assert set(found) <= {1}
                assert find_numbers(reading, Not(Compare(Fact.LAST_VISIT, op, _DAY))) == sorted({1, 2, 3} - set(found))

    def test_customers_are_found_by_a_package_had_in_any_way(self, store: Store) -> None:
        """The answer is that of `matches` for `HasPackage`: bought, booked with or assigned, each code as it stands."""
        self.needs(*PANEL)
        one = "package-1"
        people = tuple(a_customer(number) for number in range(1, 7))
        population = Population(
            customers=people,
            bookings=(_on(_DAY, 1, 1, package=one), _on(_DAY, 2, 4, package=one, status=BookingStatus.CANCELLED)),
            sales=(_sold(1, 2, LineKind.PACKAGE, one, 9_900), _sold(2, 5, LineKind.PACKAGE, f"{one}0", 9_900)),
            assigned=(
                an_assigned_package(1, customer_id=a_customer_id(3), package=one),
                an_assigned_package(2, customer_id=a_customer_id(4), package=one, withdrawn_at=an_instant(9)),
            ),
        )
        with store.writing() as writing:
            population.keep(writing)
        with store.reading() as reading:
            assert find_numbers(reading, HasPackage(frozenset({one}))) == [1, 2, 3]
            assert find_numbers(reading, Not(HasPackage(frozenset({one})))) == [4, 5, 6]
            assert find_numbers(reading, HasPackage(frozenset({f"{one}0", "package"}))) == [5]
            assert find_numbers(reading, HasPackage(frozenset())) == []

    def test_what_is_found_follows_every_change_of_bookings_and_facts(self, store: Store) -> None:
        """The answer is that of `matches` for the bookings and facts of now: saved, removed and added again."""
        self.needs(*PANEL)
        _keep(store, _on(_DAY, 1, 1, status=BookingStatus.COMPLETED), customers=2)
        came, has = Compare(Fact.VISITS, Op.AT_LEAST, 1), HasPackage(frozenset({"package-1"}))
        with store.writing() as writing:
            booking, facts = (
                _on(_DAY, 1, 1),
                some_facts(1, visits=0, last_visit=None, packages=frozenset({"package-1"})),
            )
            assert _answers(writing, HasBooking(services=_CUT), came, has) == [[1], [1], []]
            writing.bookings.save(evolve(booking, service="manicure", version=2), 1)
            writing.facts.save(evolve(facts, version=2, booked=_NAILS, ever_booked=_NAILS), 1)
            assert _answers(writing, HasBooking(services=_CUT), HasBooking(services=_NAILS), came, has) == [
                [],
                [1],
                [],
                [1],
            ]
            writing.bookings.remove(booking.id)
            writing.facts.remove(facts.customer_id)
            writing.facts.add(some_facts(2))
        with store.reading() as reading:
            assert _answers(reading, HasBooking(services=_NAILS, start=_DAY), came, has) == [[], [2], [2]]

    def test_the_widest_panels_are_answered(self, store: Store) -> None:
        """The answer is that of `matches`, however many codes and parts the domain lets through."""
        self.needs(*PANEL)
        _keep(store, _on(_DAY, 1, 1, package="package-1"), customers=2)
        many = frozenset(f"code-{number}" for number in range(MOST_CODES - 1))
        wide = HasBooking(services=many | _CUT, start=_DAY, end=_DAY)
        each_day = [
            HasBooking(services=_CUT, start=_DAY + timedelta(days=n), end=_DAY + timedelta(days=n)) for n in range(60)
        ]
        with store.reading() as reading:
            assert _answers(reading, wide, Not(wide)) == [[1], [2]]
            assert _answers(reading, HasPackage(many | {"package-1"}), HasPackage(many)) == [[1], []]
            assert _answers(reading, AnyOf(tuple(each_day)), AllOf(tuple(map(Not, each_day[1:])))) == [[1], [1, 2]]

    @pytest.mark.parametrize(
        "unresolved",
        [
            HasBooking(types=frozenset({"hair"})),
            HasBooking(upcoming=True),
            HasBooking(start=RelativeDay(-30)),
            HasBooking(end=RelativeDay(0)),
            Compare(Fact.LAST_VISIT, Op.LESS, RelativeDay(-90)),
            Compare(Fact.SPEND, Op.AT_LEAST, Decimal("12.50")),
            Compare(Fact.ADDED, Op.LESS, _DAY),
            Compare(Fact.ADDED, Op.AT_LEAST, RelativeDay(0)),
        ],
        ids=["types", "upcoming", "start", "end", "last visit", "spend", "added on a day", "added before days"],
    )
    def test_what_only_people_write_is_refused(self, store: Store, unresolved: Criterion) -> None:
        """A store is asked for no types, ``upcoming``, days counted from today, Decimals: an error, never left out."""
        self.needs(*PANEL)
        _keep(store, _on(_DAY, 1, 1), customers=1)
        with store.reading() as reading:
            for criterion in (unresolved, Not(unresolved), AllOf((EVERYBODY, unresolved))):
                assert refuses(partial(reading.customers.find, criterion, Order(), None, 9))
                assert refuses(partial(reading.customers.count, criterion))


def _answers(unit: Reading, *criteria: Criterion) -> list[list[int]]:
    return [find_numbers(unit, criterion) for criterion in criteria]
