"""Checks of search in a crowd: hundreds of customers, many of one name, where a clever index shows its shortcuts."""

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress
from functools import lru_cache
from typing import Final

import pytest
from attrs import evolve

from salon_crm.domain.bookings import BookingStatus
from salon_crm.domain.contact import EmailAddress, PhoneNumber
from salon_crm.domain.criteria import (
    EVERYBODY,
    AllOf,
    AnyOf,
    Compare,
    Criterion,
    Fact,
    HasBooking,
    HasPackage,
    Not,
    OneOf,
    Op,
    Order,
    OrderKey,
    Start,
    matches,
    text_criterion,
)
from salon_crm.domain.customers import Customer, SearchKeys, Status, search_keys
from salon_crm.ports.salon import record_of
from salon_crm.ports.store import Reading, Store, Writing
from salon_crm.testing.builders import a_booking, a_customer, a_customer_id, an_assigned_package, an_instant
from salon_crm.testing.conformance import PANEL, Conformance, Undone
from salon_crm.testing.populations import Population

MANY: Final = 300
_PAGES: Final = 4
_MANY_WHO_BOOK: Final = 100
"""Fewer, since a store that compiles nothing reads the bookings of each of them for every page."""

_FIRST: Final = (
    *("Ana", "Anabela", "Ána", "Mariana", "Joana", "Ana Nabo", "Łucja", "Sørena", "Zoë", "Ann", "Anne-Marie", "ANA"),
    *("Анна", "Марія", "Ёлка", "Άννα", "王", "王小明", "さくら", "김", "प्रिया", "נועה", "نور", "💇 Ana", "100% Ana"),
)
_LAST: Final = (
    *("Silva", "Silveira", "da Silva Santos", "Vaalb Albano", "O’Brien", "Groß", "Conceição", "S"),
    *("Сильва", "Σίλβα", "小明", "शर्मा", "כהן", "Silva-Ana"),
)
_TYPED: Final = (
    *("ana", "an", "a", "na", "silva", "ilv", "ana silva", "silva ana", "a silva", "anas", "anab", "alb", "vaalba"),
    *(
        "марія",
        "мар",
        "ел",
        "αννα",
        "σιλ",
        "王",
        "小明",
        "さく",
        "김",
        "प्र",
        "נו",
        "نور",
        "💇",
        "100%",
        "lucja",
        "soren",
    ),
    *("gross", "conceicao", "o'b", "-", "antiga", "beatriz a", "nabela", "anne-m", "ana nobody", "s", "ss"),
    *("900", "0770090010", "900123", "+44 7700 900", "ana 9001", "0", "12 ana", "99999", "@example.com", "studio.1"),
)


def _member(number: int) -> Customer:
    """Return one of the crowd: a third have one name, ten each were added at one instant, some have former values."""
    common = number % 3 == 0
    name = "Ana Silva" if common else f"{_FIRST[number % len(_FIRST)]} {_LAST[number * 5 % len(_LAST)]}"
    local = f"{'studio' if number % 7 == 0 else 'ana' if common else 'customer'}.{number}@example.com"
    return a_customer(
        number,
        id=a_customer_id(number * 77 % 1_009),  # ids are in no order that a list could be in
        name=name,
        added=an_instant(number // 10),
        email=None if number % 11 == 0 else EmailAddress(local, local),
        status=Status.INACTIVE if number % 4 == 0 else Status.ACTIVE,
        former_names=("Beatriz Antiga",) if number % 13 == 0 else (),
        former_phones=(PhoneNumber(f"+1202555{number:04d}"),) if number % 17 == 0 else (),
    )


def _visits(crowd: Sequence[Customer]) -> Population:
    """Return what some of the crowd booked, bought and were given, those of one name among them."""
    return Population(
        customers=tuple(crowd),
        bookings=tuple(
            a_booking(
                number,
                customer_id=customer.id,
                service="manicure" if number % 4 == 0 else "cut",
                start=an_instant(number % 7 * 1_440),
                status=BookingStatus.COMPLETED if number % 6 == 0 else BookingStatus.PENDING,
            )
            for number, customer in enumerate(crowd, start=1)
            if number % 2 == 0
        ),
        assigned=tuple(
            an_assigned_package(number, customer_id=customer.id, package=f"package-{number % 3}")
            for number, customer in enumerate(crowd, start=1)
            if number % 5 == 0
        ),
    )


def _panels() -> list[Criterion]:
    """Criteria of bookings, packages and visits, alone and beside text, that are true of few and of many."""
    ana, third_day = text_criterion("ana"), an_instant(2 * 1_440).date()
    cut, nails = HasBooking(services=frozenset({"cut"})), HasBooking(services=frozenset({"manicure"}))
    came = Compare(Fact.VISITS, Op.AT_LEAST, 1)
    return [
        cut,
        Not(HasBooking()),
        AllOf((cut, Not(came))),
        AllOf((ana, nails)),
        AllOf((ana, Not(nails), Not(cut))),
        AnyOf((nails, ana)),
        HasBooking(start=third_day, end=third_day),
        AllOf((HasBooking(start=third_day), Not(ana))),
        AllOf((ana, HasBooking(services=frozenset({"cut"}), start=third_day))),
        HasPackage(frozenset({"package-0", "package-2"})),
        AllOf((HasPackage(frozenset({"package-0"})), Not(cut), ana)),
        Not(AnyOf((came, HasPackage(frozenset({"package-1"}))))),
    ]


def _trees() -> list[Criterion]:
    """Criteria that text is a part of, where an index answers one part and somebody must answer the rest."""
    ana, silva, mar = text_criterion("ana"), text_criterion("silva"), text_criterion("мар")
    inactive = Compare(Fact.STATUS, Op.EQUAL, Status.INACTIVE)
    chosen = OneOf(frozenset(a_customer_id(number * 77 % 1_009) for number in range(1, 60)))
    return [
        EVERYBODY,
        Not(ana),
        AllOf((ana, inactive)),
        AllOf((inactive, ana, Not(silva))),
        AnyOf((mar, AllOf((silva, chosen)))),
        AllOf((AnyOf((ana, mar)), chosen)),
        Not(AllOf((ana, silva))),
        AnyOf((ana, inactive)),
        AllOf((ana, Compare(Fact.ADDED, Op.LESS, an_instant(9)))),
        AllOf((AllOf((silva,)), AllOf((ana, Not(Not(chosen)))))),
    ]


@lru_cache(maxsize=4 * MANY)
def _keys(customer: Customer) -> SearchKeys:
    return search_keys(customer)


def _in_order(customers: Iterable[Customer], order: Order) -> list[Customer]:
    placed = sorted(
        ((order.value_of(each, _keys(each)), each.id, each) for each in customers), reverse=order.descending
    )
    return [customer for *_, customer in placed]


def _place(customer: Customer, order: Order, *, backward: bool = False) -> Start:
    return Start(order.value_of(customer, _keys(customer)), customer.id, backward)


def _walk(reading: Reading, criterion: Criterion, order: Order, limit: int) -> list[list[Customer]]:
    """Return the pages of a list from its beginning to its end."""
    pages = [list(reading.customers.find(criterion, order, None, limit))]
    while len(pages[-1]) == limit and len(pages) <= MANY:
        pages.append(list(reading.customers.find(criterion, order, _place(pages[-1][-1], order), limit)))
    return pages


def _walk_back(
    reading: Reading, criterion: Criterion, order: Order, limit: int, last: Customer
) -> list[list[Customer]]:
    """Return the pages of a list before its last customer, from the end to the beginning."""
    pages: list[list[Customer]] = []
    edge = last
    while len(pages) <= MANY:
        pages.append(list(reading.customers.find(criterion, order, _place(edge, order, backward=True), limit)))
        if len(pages[-1]) < limit or not pages[-1]:
            break
        edge = pages[-1][0]
    return pages


def _turn_everything_over(crowd: Mapping[int, Customer], writing: Writing) -> None:
    """Edit, remove and add under an exception that takes all of it back."""
    writing.customers.save(evolve(crowd[1], version=2, name="Undone Zita", email=None, mobile=None), 1)
    writing.customers.remove(crowd[6].id)
    writing.customers.add(evolve(_member(120), name="Undone Zita"))
    raise Undone


def _compare_searches(unit: Reading, crowd: Iterable[Customer]) -> None:
    everybody = list(crowd)
    for typed in ("ana", "silva", "zita", "nova", "undone", "zita 07700", "antiga", "900001", "900006", "900120"):
        criterion = text_criterion(typed)
        _compare(unit, criterion, _in_order(_matching(unit, everybody, criterion), Order()))


def _matching(unit: Reading, customers: Iterable[Customer], criterion: Criterion) -> list[Customer]:
    return [each for each in customers if matches(criterion, record_of(unit, each, _keys(each)))]


def _compare(unit: Reading, criterion: Criterion, expected: Sequence[Customer]) -> None:
    """Compare the whole list, a page out of its middle, and the counts."""
    found = list(unit.customers.find(criterion, Order(), None, MANY + 1))
    assert found == list(expected), criterion
    assert unit.customers.count(criterion) == len(expected), criterion
    assert unit.customers.count(criterion, at_most=7) == min(7, len(expected))
    if expected:
        middle = len(expected) // 2
        start = _place(expected[middle], Order())
        assert list(unit.customers.find(criterion, Order(), start, 5)) == list(expected[middle + 1 : middle + 6])
        back = _place(expected[middle], Order(), backward=True)
        assert list(unit.customers.find(criterion, Order(), back, 5)) == list(expected[max(0, middle - 5) : middle])


def _check_walks(reading: Reading, crowd: Iterable[Customer], criterion: Criterion, order: Order) -> None:
    """Compare every page of a list, there and back, with those that `matches` says are on it."""
    expected = _in_order(_matching(reading, crowd, criterion), order)
    assert expected, "every tree should find somebody"
    assert reading.customers.count(criterion) == len(expected)
    limit = len(expected) // _PAGES + 1
    there = _walk(reading, criterion, order, limit)
    assert [customer.id for page in there for customer in page] == [each.id for each in expected]
    back = _walk_back(reading, criterion, order, limit, expected[-1])
    assert [each.id for page in reversed(back) for each in page] == [each.id for each in expected[:-1]]


class CrowdChecks(Conformance):
    """What `ReadCustomers` promises of ``find`` and ``count``, among hundreds of customers who look alike."""

    @pytest.fixture
    def crowd(self, store: Store) -> dict[int, Customer]:
        """Return hundreds of customers by number, kept in the store."""
        crowd = {number: _member(number) for number in range(1, MANY + 1)}
        with store.writing() as writing:
            for customer in crowd.values():
                writing.customers.add(customer)
        return crowd

    @pytest.mark.parametrize("order", [Order(key, down) for key in OrderKey for down in (False, True)], ids=str)
    def test_a_crowd_is_listed_page_by_page_in_both_directions(
        self, store: Store, crowd: Mapping[int, Customer], order: Order
    ) -> None:
        """The answer is that of `matches`, in ``order``, on every page there and back, whatever an index knows."""
        with store.reading() as reading:
            for criterion in _trees():
                _check_walks(reading, crowd.values(), criterion, order)

    @pytest.mark.parametrize("order", [Order(), Order(OrderKey.ADDED, descending=True)], ids=str)
    def test_a_panel_is_listed_page_by_page_in_both_directions(self, store: Store, order: Order) -> None:
        """The answer is that of `matches`, in ``order``, for what a crowd booked, has and came to, beside text too."""
        self.needs(*PANEL)
        crowd = [_member(number) for number in range(1, _MANY_WHO_BOOK + 1)]
        with store.writing() as writing:
            _visits(crowd).keep(writing)
        with store.reading() as reading:
            for criterion in _panels():
                _check_walks(reading, crowd, criterion, order)

    def test_text_is_found_in_a_crowd(self, store: Store, crowd: Mapping[int, Customer]) -> None:
        """The answer is that of `matches` for `Text`: everybody who matches and nobody else, however many there are."""
        with store.reading() as reading:
            for criterion in map(text_criterion, _TYPED):
                expected = _matching(reading, crowd.values(), criterion)
                others = [each for each in crowd.values() if each not in expected]
                _compare(reading, criterion, _in_order(expected, Order()))
                _compare(reading, Not(criterion), _in_order(others, Order()))

    def test_a_search_in_a_crowd_follows_every_change(self, store: Store, crowd: dict[int, Customer]) -> None:
        """The answer is that of `matches` for the customers of now: added, edited, removed, and undone again."""
        with store.writing() as writing:
            for number in range(3, 60, 3):
                crowd[number] = evolve(crowd[number], version=2, name="Zita Nova", former_names=("Ana Silva",))
                writing.customers.save(crowd[number], 1)
            for number in range(90, 150, 3):
                writing.customers.remove(crowd.pop(number).id)
            with suppress(Undone), writing.savepoint():
                _turn_everything_over(crowd, writing)
        with suppress(Undone), store.writing() as writing:
            _turn_everything_over(crowd, writing)
        with store.writing() as writing:
            crowd[90] = evolve(_member(90), name="Zita Nova")
            writing.customers.add(crowd[90])
            _compare_searches(writing, crowd.values())
        with store.reading() as reading:
            _compare_searches(reading, crowd.values())

    def test_a_customer_is_found_by_everything_they_are_known_by(self, store: Store) -> None:
        """The answer is that of `matches` for `Text`: every name, e-mail and phone counts, first, other or former."""
        known = a_customer(
            1,
            name="Nickname",
            first_name="Givenname",
            last_name="Surname",
            former_names=("Maidenname", "Oldername"),
            email=EmailAddress("first@example.com", "first@example.com"),
            other_emails=(EmailAddress("second@example.net", "second@example.net"),),
            former_emails=(EmailAddress("gone@example.org", "gone@example.org"),),
            mobile=PhoneNumber("+447700900701"),
            other_phones=(PhoneNumber("+447700900702"), PhoneNumber("+12025550103", extension="12")),
            former_phones=(PhoneNumber("+447700900704"),),
        )
        with store.writing() as writing:
            writing.customers.add(known)
            writing.customers.add(a_customer(2, name="Somebody", email=None, mobile=None))
        words = "nickn givenn surn maiden older surname first@ second@ example.net gone@ 900701 900702 0103 900704"
        with store.reading() as reading:
            for typed in words.split():
                assert list(reading.customers.find(text_criterion(typed), Order(), None, 9)) == [known], typed
            assert list(reading.customers.find(text_criterion("givenname surname"), Order(), None, 9)) == [known]
            assert reading.customers.count(text_criterion("900703")) == 0
