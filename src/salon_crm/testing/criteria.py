"""Checks of finding customers: every criterion answered as `matches` does, in an order that is total."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from contextlib import suppress
from datetime import timedelta
from functools import partial
from typing import Any, Final, cast

import pytest
from attrs import evolve, frozen
from hypothesis import given, settings
from hypothesis import strategies as st

from salon_crm.domain.contact import EmailAddress, PhoneNumber
from salon_crm.domain.criteria import (
    DEEPEST,
    EVERYBODY,
    MOST_NODES,
    AllOf,
    AnyOf,
    Compare,
    Criterion,
    DigitRun,
    Fact,
    HasBooking,
    Not,
    OneOf,
    Op,
    Order,
    OrderKey,
    Start,
    Text,
    checked_criterion,
    matches,
    text_criterion,
)
from salon_crm.domain.customers import Customer, Gender, Status, search_keys
from salon_crm.errors import NotSupported
from salon_crm.ports.salon import record_of
from salon_crm.ports.store import Reading, Store
from salon_crm.testing.builders import a_block, a_customer, a_customer_id, an_instant
from salon_crm.testing.conformance import Capability, Conformance, Undone
from salon_crm.testing.populations import Population, populations
from salon_crm.testing.strategies import NAMES, ZONES, criteria, orders

ORDERS: Final = tuple(Order(key, descending) for key in OrderKey for descending in (False, True))
BY_NAME: Final = Order()
BLOCKED: Final = Compare(Fact.BLOCKED, Op.EQUAL, True)

_FEMALE, _MALE, _OTHER = (Compare(Fact.GENDER, Op.EQUAL, gender) for gender in Gender)
_GENDERS: Final = (a_customer(1, gender=Gender.FEMALE), a_customer(2, gender=Gender.MALE), a_customer(3))

_ASKS_KIND: Final[Mapping[Capability, Criterion]] = {
    Capability.BLOCKS: BLOCKED,
    Capability.BOOKINGS: HasBooking(start=an_instant().date()),
    Capability.FACTS: Compare(Fact.VISITS, Op.AT_LEAST, 0),
}
"""What only a store that keeps a kind can answer."""

_NAMED: Final = tuple(a_customer(n, name=name, email=None, mobile=None) for n, name in enumerate(NAMES, start=1))


def _add_all(store: Store, added: Iterable[Customer]) -> None:
    with store.writing() as writing:
        for customer in added:
            writing.customers.add(customer)


def _numbers(found: Iterable[Customer]) -> list[int]:
    """Return the numbers customers were built with."""
    numbers = {a_customer_id(number): number for number in range(1, 60)}
    return [numbers[customer.id] for customer in found]


def find_numbers(reading: Reading, criterion: Criterion) -> list[int]:
    """Return the numbers of the customers a criterion is true of, in their order, as found and as counted."""
    found = reading.customers.find(criterion, BY_NAME, None, 1_000)
    assert reading.customers.count(criterion) == len(found)
    return sorted(_numbers(found))


def _matching(reading: Reading, criterion: Criterion, population: Iterable[Customer]) -> list[int]:
    """Return the numbers of the customers of whom `matches` says that the criterion holds."""
    return sorted(_numbers(each for each in population if matches(criterion, record_of(reading, each))))


def _in_order(found: Iterable[Customer], order: Order) -> list[Customer]:
    """Return customers in an order, plainly: by the value and then by the id, both ways around."""

    def place(customer: Customer) -> tuple[Any, Any]:
        return order.value_of(customer, search_keys(customer)), customer.id

    return sorted(found, key=place, reverse=order.descending)


def _start(customer: Customer, order: Order, *, backward: bool = False) -> Start:
    return Start(order.value_of(customer, search_keys(customer)), customer.id, backward)


def refuses(ask: Callable[[], object]) -> bool:
    """Return whether a call raises; which error it is, the store may choose."""
    try:
        ask()
    except Exception:  # noqa: BLE001  -- the port names none, since the domain lets no such criterion through
        return True
    return False


@frozen
class _Unheard:
    """A criterion no release has."""


class CriteriaChecks(Conformance):
    """What `ReadCustomers` promises of ``find`` and ``count``."""

    @pytest.mark.parametrize("order", ORDERS, ids=str)
    def test_customers_come_in_order_with_ties_by_id(self, store: Store, order: Order) -> None:
        """``find`` returns customers in ``order``, ties by id in the same direction."""
        population = self._with_ties()
        _add_all(store, population)
        with store.reading() as reading:
            assert _numbers(reading.customers.find(EVERYBODY, order, None, 100)) == _numbers(
                _in_order(population, order)
            )

    def _with_ties(self) -> list[Customer]:
        """Return customers several of whom share a name, or the instant they were added, whose ids are in no order."""
        named = ("Bea", "ana", "Ana", "ÁNA", "Łuc", "Lucy", "王", "Zoe", "Ana b", "Ana-b", "Anab", "𝒜na")
        shuffled = [(number * 5) % 12 + 1 for number in range(12)]
        return [
            a_customer(number, name=named[place], added=an_instant(place // 4).astimezone(ZONES[place % 4]))
            for place, number in enumerate(shuffled)
        ]

    @pytest.mark.parametrize("order", ORDERS, ids=str)
    def test_pages_go_on_after_any_row_and_back_before_it(self, store: Store, order: Order) -> None:
        """``start`` places the reading after a row, or before it going backward: the last rows before it, in order."""
        population = self._with_ties()
        _add_all(store, population)
        in_order = _numbers(_in_order(population, order))
        with store.reading() as reading:
            for customer, limit in ((customer, limit) for customer in population for limit in (0, 1, 3, 100)):
                place = in_order.index(_numbers([customer])[0])
                after = reading.customers.find(EVERYBODY, order, _start(customer, order), limit)
                before = reading.customers.find(EVERYBODY, order, _start(customer, order, backward=True), limit)
                assert _numbers(after) == in_order[place + 1 :][:limit]
                assert _numbers(before) == in_order[max(0, place - limit) : place]

    @pytest.mark.parametrize("order", ORDERS, ids=str)
    def test_a_page_may_start_at_a_row_that_is_gone(self, store: Store, order: Order) -> None:
        """The row of ``start`` is never returned and need not exist any more."""
        population = self._with_ties()
        gone = population[3]
        _add_all(store, population)
        with store.writing() as writing:
            writing.customers.remove(gone.id)
        in_order = _numbers(_in_order(population, order))
        place = in_order.index(_numbers([gone])[0])
        with store.reading() as reading:
            find = reading.customers.find
            assert _numbers(find(EVERYBODY, order, _start(gone, order), 100)) == in_order[place + 1 :]
            assert _numbers(find(EVERYBODY, order, _start(gone, order, backward=True), 100)) == in_order[:place]

    def test_a_page_holds_only_what_matches(self, store: Store) -> None:
        """``find`` returns up to ``limit`` customers that match, whichever page is asked for."""
        population = [a_customer(n, name="Ana", gender=Gender.FEMALE if n % 3 else None) for n in range(1, 13)]
        _add_all(store, population)
        matching = [number for number in range(1, 13) if number % 3]
        with store.reading() as reading:
            find = reading.customers.find
            assert _numbers(find(_FEMALE, BY_NAME, None, 3)) == matching[:3]
            assert _numbers(find(_FEMALE, BY_NAME, _start(population[5], BY_NAME), 3)) == [7, 8, 10]
            assert _numbers(find(_FEMALE, BY_NAME, _start(population[5], BY_NAME, backward=True), 3)) == [2, 4, 5]

    def test_no_more_customers_come_than_asked_for(self, store: Store) -> None:
        """``find`` returns up to ``limit`` customers."""
        _add_all(store, (a_customer(number, name="Ana") for number in range(1, 6)))
        with store.reading() as reading:
            for limit in (0, 1, 4, 5, 6):
                assert _numbers(reading.customers.find(EVERYBODY, BY_NAME, None, limit)) == [1, 2, 3, 4, 5][:limit]

    def test_counting_stops_where_it_is_told_to(self, store: Store) -> None:
        """``count`` returns how many customers match, counting no further than ``at_most``."""
        _add_all(store, (a_customer(number) for number in range(1, 6)))
        with store.reading() as reading:
            assert reading.customers.count(EVERYBODY) == 5
            assert reading.customers.count(AnyOf()) == 0
            asked = (0, 1, 4, 5, 6, 1_000)
            assert [reading.customers.count(EVERYBODY, at_most=most) for most in asked] == [0, 1, 4, 5, 5, 5]

    def test_all_of_nothing_is_everybody_and_any_of_nothing_is_nobody(self, store: Store) -> None:
        """The answer is that of `matches`: AllOf without parts holds of everybody, AnyOf without parts of nobody."""
        _add_all(store, _GENDERS)
        with store.reading() as reading:
            assert (
                find_numbers(reading, AllOf())
                == find_numbers(reading, Not(AnyOf()))
                == find_numbers(reading, Text())
                == [1, 2, 3]
            )
            assert (
                find_numbers(reading, AnyOf())
                == find_numbers(reading, Not(AllOf()))
                == find_numbers(reading, AnyOf((AnyOf(),)))
                == []
            )

    def test_parts_hold_together_or_one_by_one(self, store: Store) -> None:
        """The answer is that of `matches`: AllOf asks for every part, AnyOf for one."""
        _add_all(store, _GENDERS)
        first_two = OneOf(frozenset({a_customer_id(1), a_customer_id(2)}))
        with store.reading() as reading:
            assert find_numbers(reading, AllOf((_FEMALE, first_two))) == [1]
            assert find_numbers(reading, AnyOf((_FEMALE, _MALE))) == [1, 2]
            assert find_numbers(reading, AllOf((first_two, AnyOf((_MALE, _OTHER))))) == [2]
            assert find_numbers(reading, AllOf((AnyOf((_FEMALE, _MALE)), Not(AllOf((first_two, _MALE)))))) == [1]

    def test_not_means_all_the_others_also_those_without_a_value(self, store: Store) -> None:
        """Every clause is true or false of a customer, never unknown: who gave no gender is not female."""
        _add_all(store, _GENDERS)
        with store.reading() as reading:
            assert find_numbers(reading, _FEMALE) == [1]
            assert find_numbers(reading, Not(_FEMALE)) == [2, 3]
            assert find_numbers(reading, Not(Not(_FEMALE))) == [1]
            assert find_numbers(reading, Not(AnyOf((_FEMALE, _MALE)))) == [3]
            assert find_numbers(reading, Not(AllOf((_FEMALE, _MALE)))) == [1, 2, 3]
            assert find_numbers(reading, AllOf((Not(_FEMALE), Not(_MALE), Not(_OTHER)))) == [3]

    def test_customers_are_found_by_status(self, store: Store) -> None:
        """The answer is that of `matches` for `Fact.STATUS`."""
        _add_all(store, (a_customer(1), a_customer(2, status=Status.INACTIVE)))
        with store.reading() as reading:
            assert find_numbers(reading, Compare(Fact.STATUS, Op.EQUAL, Status.ACTIVE)) == [1]
            assert find_numbers(reading, Compare(Fact.STATUS, Op.EQUAL, "inactive")) == [2]

    def test_customers_are_found_by_the_instant_they_were_added(self, store: Store) -> None:
        """The answer is that of `matches` for `Fact.ADDED`: exact to the microsecond, in whatever zone it is asked."""
        edge, moment = an_instant(5), timedelta(microseconds=1)
        places = (edge - moment, edge, edge + moment, edge + timedelta(days=20_000))
        _add_all(store, (a_customer(number, added=added) for number, added in enumerate(places, start=1)))
        with store.reading() as reading:
            for zone in ZONES:
                assert find_numbers(reading, Compare(Fact.ADDED, Op.LESS, edge.astimezone(zone))) == [1]
                assert find_numbers(reading, Compare(Fact.ADDED, Op.AT_LEAST, edge.astimezone(zone))) == [2, 3, 4]

    def test_customers_are_found_by_being_blocked(self, store: Store) -> None:
        """The answer is that of `matches` for `Fact.BLOCKED`: a block in force holds, a lifted one does not."""
        self.needs(Capability.BLOCKS)
        _add_all(store, (a_customer(number) for number in range(1, 5)))
        lifted = a_block(1, customer_id=a_customer_id(1), lifted_at=an_instant(9))
        kept = [
            lifted,
            a_block(2, customer_id=a_customer_id(2)),
            a_block(3, customer_id=a_customer_id(3), lifted_at=an_instant(9)),
            a_block(4, customer_id=a_customer_id(3)),
        ]
        with store.writing() as writing:
            for block in kept:
                writing.blocks.add(block)
            assert find_numbers(writing, BLOCKED) == [2, 3]
            writing.blocks.save(evolve(lifted, lifted_at=None, version=2), 1)
        with store.reading() as reading:
            assert (
                find_numbers(reading, BLOCKED)
                == find_numbers(reading, Not(Compare(Fact.BLOCKED, Op.EQUAL, False)))
                == [1, 2, 3]
            )
            assert (
                find_numbers(reading, Not(BLOCKED))
                == find_numbers(reading, Compare(Fact.BLOCKED, Op.EQUAL, False))
                == [4]
            )

    def test_nobody_is_found_by_what_the_store_does_not_keep(self, store: Store) -> None:
        """A kind the store does not keep raises NotSupported when it is asked for: criteria never read it as empty."""
        lacking = [criterion for kind, criterion in _ASKS_KIND.items() if kind not in self.capabilities]
        if not lacking:
            pytest.skip("the store keeps every kind that criteria ask")
        _add_all(store, [a_customer(1)])
        with store.reading() as reading:
            for criterion in (each for asked in lacking for each in (asked, Not(asked))):
                with pytest.raises(NotSupported):
                    reading.customers.find(criterion, BY_NAME, None, 1)
                with pytest.raises(NotSupported):
                    reading.customers.count(criterion)
                with pytest.raises(NotSupported):
                    matches(criterion, record_of(reading, a_customer_id(1)))

    def test_customers_are_found_one_by_one(self, store: Store) -> None:
        """The answer is that of `matches` for `OneOf`: those who are there, however many are asked for."""
        _add_all(store, (a_customer(number) for number in (1, 2, 3)))
        many = frozenset(a_customer_id(number) for number in range(2, 10_002))
        with store.reading() as reading:
            assert find_numbers(reading, OneOf(frozenset({a_customer_id(1), a_customer_id(9)}))) == [1]
            assert find_numbers(reading, OneOf(frozenset())) == []
            assert find_numbers(reading, Not(OneOf(frozenset()))) == [1, 2, 3]
            assert find_numbers(reading, OneOf(many)) == [2, 3]

    @pytest.mark.parametrize(
        "typed",
        [
            *("ana", "ANA", "silva", "a s", "conceicao", "CONCEIÇÃO", "lukasz", "wojcik", "gross", "groß", "o'brien"),
            *("o’brien", "soren aero", "ipek yildiz", "王", "小明", "さくら", "くら", "김", "نور", "دנה", "כהן", "елк"),
            *("παπα", "प्रिया", "ใจ", "💇", "%", "_", "100%", "a_l", "a%u", '"', '"bee"', "'", "*", "c*", "(", "(old)"),
            *("-", "ana-maria", "-d", "\\", "\\e", "[a-z]", "a?a", "nobody", "ana silva nobody", "AND", "--", ";"),
        ],
    )
    def test_text_is_found_as_it_stands(self, store: Store, typed: str) -> None:
        """The answer is that of `matches` for `Text`: folded by the domain, and no sign in it means anything else."""
        _add_all(store, _NAMED)
        criterion = text_criterion(typed)
        with store.reading() as reading:
            expected = _matching(reading, criterion, _NAMED)
            assert find_numbers(reading, criterion) == expected
            assert find_numbers(reading, Not(criterion)) == sorted(set(range(1, len(_NAMED) + 1)) - set(expected))

    def test_signs_of_patterns_are_plain_text(self, store: Store) -> None:
        """A percent sign, an underscore, a star are found where they stand, and nowhere else."""
        _add_all(store, _NAMED)
        standing = {sign: [n for n, name in enumerate(NAMES, start=1) if sign in name] for sign in '%_*(\\"'}
        with store.reading() as reading:
            assert {sign: find_numbers(reading, Text((sign,))) for sign in standing} == standing

    def test_a_word_lies_in_one_name_and_not_across_two(self, store: Store) -> None:
        """The answer is that of `matches` for `Text`: every name, former name and e-mail is searched on its own."""
        _add_all(
            store,
            [
                a_customer(1, name="Ana", former_names=("Silva",), email=EmailAddress("bea@example.com", "x")),
                a_customer(2, name="Ana Silva", email=None),
            ],
        )
        with store.reading() as reading:
            assert find_numbers(reading, Text(("ana", "silva"))) == [1, 2]
            assert find_numbers(reading, Text(("ana silva",))) == [2]
            assert find_numbers(reading, Text(("asilva",))) == find_numbers(reading, Text(("abea",))) == []
            assert find_numbers(reading, Text(("bea@example",))) == [1]

    @pytest.mark.parametrize(
        ("typed", "expected"),
        [
            *((text, [1]) for text in ("+447700900123", "+44 7700 900 123", "07700 900123", "(07700) 900-123")),
            *((text, [1]) for text in ("+44 (0)7700 900123", "900123", "0 0 1 2", "ana 900123", "ana +44 7700")),
            *((text, [2]) for text in ("202 555", "(202) 555-0199", "12025550199", "bea 0199")),
            *((text, []) for text in ("900124", "44770090012312", "ana 0199", "+44 7700 900 124")),
            ("0", [1, 2]),
        ],
    )
    def test_a_phone_is_found_however_it_is_spelt(self, store: Store, typed: str, expected: list[int]) -> None:
        """The answer is that of `matches` for a `DigitRun`: its digits lie in a spelling of one phone."""
        _add_all(
            store,
            [
                a_customer(1, name="Ana", email=None, mobile=PhoneNumber("+447700900123", valid=False)),
                a_customer(2, name="Bea", email=None, mobile=None, former_phones=(PhoneNumber("+12025550199"),)),
            ],
        )
        with store.reading() as reading:
            assert find_numbers(reading, text_criterion(typed)) == expected

    def test_digits_are_found_in_names_too(self, store: Store) -> None:
        """The answer is that of `matches` for a `DigitRun`: its digits in a phone, or else its words in a name."""
        _add_all(store, [a_customer(1, name="Studio 54", email=None), a_customer(2, name="54-2 Club", email=None)])
        with store.reading() as reading:
            assert find_numbers(reading, text_criterion("54")) == [1, 2]
            assert find_numbers(reading, text_criterion("54-2")) == [2]
            assert find_numbers(reading, Text((), (DigitRun("54", ("nobody",)),))) == []
            assert find_numbers(reading, Text((), (DigitRun("", ()),))) == [1, 2]

    def test_what_is_found_follows_an_edit(self, store: Store) -> None:
        """The answer is that of `matches` for the customer as they are now, in the order of now."""
        _add_all(store, [a_customer(1, name="Ana"), a_customer(2, name="Bea", gender=Gender.MALE)])
        with store.writing() as writing:
            moved = a_customer(1, version=2, name="Zoe", email=None, mobile=None, gender=Gender.MALE)
            writing.customers.save(moved, 1)
        with store.reading() as reading:
            assert (
                find_numbers(reading, text_criterion("ana"))
                == find_numbers(reading, text_criterion("customer1@"))
                == []
            )
            assert find_numbers(reading, text_criterion("900001")) == []
            assert _numbers(reading.customers.find(_MALE, BY_NAME, None, 10)) == [2, 1]

    def test_the_deepest_criteria_are_answered(self, store: Store) -> None:
        """The answer is that of `matches`, however deep the tree may be that the domain lets through."""
        _add_all(store, _GENDERS)
        with store.reading() as reading:
            for criterion in self._deepest():
                expected = [
                    n for n, each in enumerate(_GENDERS, start=1) if matches(criterion, record_of(reading, each))
                ]
                assert find_numbers(reading, criterion) == expected

    def _deepest(self) -> list[Criterion]:
        negated, left, right, mixed = (cast("Criterion", _FEMALE) for _ in range(4))
        for level in range(1, DEEPEST):
            negated = Not(negated)
            left = AllOf((left, _FEMALE)) if level % 2 else AnyOf((left, _MALE))
            right = AllOf((_FEMALE, right)) if level % 2 else AnyOf((_MALE, right))
            mixed = Not(mixed) if level % 2 else AllOf((AnyOf(), mixed, Text(("ana",)), AnyOf()))
        return [checked_criterion(each) for each in (negated, left, right, mixed)]

    @pytest.mark.parametrize("joined", [AllOf, AnyOf])
    def test_the_widest_criteria_are_answered(self, store: Store, joined: type[AllOf | AnyOf]) -> None:
        """The answer is that of `matches`, however many parts and words the tree has that the domain lets through."""
        _add_all(store, _GENDERS)
        widest = checked_criterion(joined((_FEMALE,) * (MOST_NODES - 1)))
        with store.reading() as reading:
            assert find_numbers(reading, widest) == [1]
            assert find_numbers(reading, Not(widest)) == [2, 3]
            assert find_numbers(reading, text_criterion("a " * 250)) == [1, 2, 3]
            assert find_numbers(reading, text_criterion("q 0 " * 125)) == []

    def test_a_criterion_that_is_not_known_is_never_passed_over(self, store: Store) -> None:
        """A criterion the store does not know is an error, never left out: no audience grows by accident."""
        _add_all(store, _GENDERS)
        unheard = cast("Criterion", _Unheard())
        with store.reading() as reading:
            for criterion in (unheard, Not(unheard), AllOf((_FEMALE, unheard)), AnyOf((_FEMALE, unheard))):
                assert refuses(partial(reading.customers.find, criterion, BY_NAME, None, 9))
                assert refuses(partial(reading.customers.count, criterion))

    def test_every_store_finds_whom_matches_finds(self, store: Store) -> None:
        """The answer is that of `salon_crm.domain.criteria.matches` for every customer, as a property."""
        questions = criteria(of_bookings=self.has_panel)
        asked = st.lists(st.tuples(questions, orders(), st.integers(0, 3), st.booleans()), min_size=1, max_size=4)

        @settings(deadline=None)
        @given(population=populations(of_bookings=self.has_panel), asked=asked)
        def found_as_matched(population: Population, asked: list[tuple[Criterion, Order, int, bool]]) -> None:
            with suppress(Undone), store.writing() as writing:
                population.keep(writing)
                for criterion, order, limit, backward in asked:
                    self._compare(writing, population.customers, criterion, order, limit, backward=backward)
                raise Undone

        self.needs(Capability.BLOCKS)
        found_as_matched()

    def _compare(
        self,
        unit: Reading,
        population: Sequence[Customer],
        criterion: Criterion,
        order: Order,
        limit: int,
        *,
        backward: bool,
    ) -> None:
        expected = _in_order((each for each in population if matches(criterion, record_of(unit, each))), order)
        assert list(unit.customers.find(criterion, order, None, 100)) == expected
        assert unit.customers.count(criterion) == len(expected)
        assert unit.customers.count(criterion, at_most=limit) == min(limit, len(expected))
        if not population:
            return
        edge = population[len(population) // 2]
        both = _in_order({each.id: each for each in (*expected, edge)}.values(), order)
        place = both.index(edge)
        page = both[max(0, place - limit) : place] if backward else both[place + 1 :][:limit]
        assert list(unit.customers.find(criterion, order, _start(edge, order, backward=backward), limit)) == page
