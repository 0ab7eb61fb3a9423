"""The panel of SQLite: the answers of the plain store in every way they are come to, and rows that stay in step."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
from datetime import date, timedelta
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from salon_crm.adapters.memory import MemoryStore
from salon_crm.adapters.sql import listing
from salon_crm.adapters.sql.tables import BOOKED_WORDS, EVER_WORDS, PACKAGES_WORDS
from salon_crm.adapters.sqlite import SQLiteStore
from salon_crm.domain.bookings import ANY_STATUS, COUNTING, OPEN, Booking, BookingStatus
from salon_crm.domain.criteria import (
    AllOf,
    AnyOf,
    Booked,
    Compare,
    Criterion,
    Fact,
    HasPackage,
    Not,
    OneOf,
    Op,
    Order,
    OrderKey,
    Start,
    text_criterion,
)
from salon_crm.domain.customers import Customer, Gender, Status, search_keys
from salon_crm.domain.facts import CustomerFacts, facts_of
from salon_crm.domain.ids import CustomerId
from salon_crm.domain.money import Money
from salon_crm.domain.sales import LineKind, Sale, SaleLine
from salon_crm.ports.store import Store, Writing
from salon_crm.testing.builders import (
    a_block,
    a_booking,
    a_customer,
    a_customer_id,
    a_sale,
    an_assigned_package,
    an_instant,
)
from salon_crm.testing.strategies import criteria, orders

NAME = Order(OrderKey.NAME)
SERVICES = ("cut", "colour", "blow-dry", "manicure")
PACKAGES = ("package-1", "spa-day")
PLACES = (None, "chiado", "funchal")
THERAPISTS = (None, "gil", "ines")
ZONES = ("Europe/Lisbon", "Pacific/Kiritimati", "Pacific/Pago_Pago")
FIRST = an_instant()

_files = count()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("panel")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLiteStore]:
    made = SQLiteStore(tmp_path / "salon.db")
    yield made
    made.close()


# what happens in a salon


def keep_facts(unit: Writing, customer_id: CustomerId) -> None:
    """Compute a customer's facts anew and keep them, as the use cases do."""
    asked = [customer_id]
    kinds: tuple[Any, ...] = (unit.bookings, unit.sales, unit.assigned_packages)
    theirs: list[Any] = [kind.of_customers(asked).get(customer_id, ()) for kind in kinds]
    held = unit.facts.get_many(asked).get(customer_id)
    if held is None:
        unit.facts.add(facts_of(customer_id, *theirs))
    else:
        unit.facts.save(facts_of(customer_id, *theirs, version=held.version + 1), held.version)


def bookings() -> SearchStrategy[Booking]:
    def booking(number: int, customer: int, hours: int, zone: str, **fields: Any) -> Booking:
        start = FIRST + timedelta(hours=hours)
        return a_booking(number, customer_id=a_customer_id(customer), start=start, zone=zone, **fields)

    return st.builds(
        booking,
        st.integers(1, 40),
        st.integers(1, 12),
        st.integers(-60, 60),
        st.sampled_from(ZONES),
        service=st.sampled_from(SERVICES),
        status=st.sampled_from(BookingStatus),
        location=st.sampled_from(PLACES),
        therapist=st.sampled_from(THERAPISTS),
        package=st.sampled_from((None, None, *PACKAGES)),
    )


def sales() -> SearchStrategy[Sale]:
    def sale(number: int, customer: int, kind: LineKind, item: str, price: int) -> Sale:
        line = SaleLine(kind=kind, item=item, name=item, price=Money(price, "EUR"))
        return a_sale(number, customer_id=a_customer_id(customer), lines=(line,), payments=())

    kinds = st.sampled_from([LineKind.SERVICE, LineKind.PACKAGE])
    return st.builds(
        sale, st.integers(1, 20), st.integers(1, 12), kinds, st.sampled_from(PACKAGES), st.integers(0, 300)
    )


def people() -> SearchStrategy[Customer]:
    names = st.text(st.sampled_from("aabn王 "), min_size=1, max_size=6).filter(lambda text: bool(text.strip()))
    return st.builds(
        a_customer,
        st.integers(1, 12),
        name=names,
        status=st.sampled_from(Status),
        gender=st.none() | st.sampled_from(Gender),
        added=st.integers(0, 5).map(an_instant),
        version=st.just(1),
    )


def changes() -> SearchStrategy[tuple[str, Any]]:
    """Things done to a salon: most often somebody comes or books."""
    numbers = st.integers(1, 12)
    return st.one_of(
        st.tuples(st.just("put"), people()),
        st.tuples(st.just("put"), people()),
        st.tuples(st.just("book"), bookings()),
        st.tuples(st.just("book"), bookings()),
        st.tuples(st.just("sell"), sales()),
        st.tuples(st.just("give"), st.tuples(numbers, st.sampled_from(PACKAGES))),
        st.tuples(st.just("block"), numbers.map(a_customer_id)),
        st.tuples(st.just("forget"), numbers.map(a_customer_id)),
        st.tuples(st.just("remove"), numbers.map(a_customer_id)),
    )


def apply(store: Store, change: tuple[str, Any], number: int) -> None:
    what, thing = change
    with store.writing() as unit:
        if what == "put":
            held = unit.customers.get_many([thing.id]).get(thing.id)
            if held is None:
                unit.customers.add(thing)
            else:
                unit.customers.save(evolve(thing, version=held.version + 1), held.version)
        elif what == "give":
            customer_id = a_customer_id(thing[0])
            if unit.customers.get_many([customer_id]):
                unit.assigned_packages.add(an_assigned_package(number, customer_id=customer_id, package=thing[1]))
                keep_facts(unit, customer_id)
        elif what in ("book", "sell"):
            put_record(unit, unit.bookings if what == "book" else unit.sales, thing)
        elif unit.customers.get_many([thing]):
            if what == "block":
                unit.blocks.add(a_block(number, customer_id=thing))
            elif what == "forget":
                forget(unit, thing)
            else:
                forget(unit, thing)
                for block in unit.blocks.of_customers([thing]).get(thing, ()):
                    unit.blocks.remove(block.id)
                unit.customers.remove(thing)


def put_record(unit: Writing, repository: Any, thing: Any) -> None:
    """Add a booking or a sale, or make the one of this id this; nobody's are left out."""
    if not unit.customers.get_many([thing.customer_id]):
        return
    held = repository.get_many([thing.id]).get(thing.id)
    if held is None:
        repository.add(thing)
    else:
        repository.save(evolve(thing, version=held.version + 1), held.version)
        keep_facts(unit, held.customer_id)
    keep_facts(unit, thing.customer_id)


def forget(unit: Writing, customer_id: CustomerId) -> None:
    """Remove all that the facts are made of, and the facts."""
    for repository in (unit.bookings, unit.sales, unit.assigned_packages, unit.facts):
        for thing in repository.of_customers([customer_id]).get(customer_id, ()):
            repository.remove(thing.customer_id if isinstance(thing, CustomerFacts) else thing.id)


# what panels ask


def some(values: Sequence[Any]) -> SearchStrategy[frozenset[Any]]:
    return st.frozensets(st.sampled_from(values), max_size=3)


def booked() -> SearchStrategy[Booked]:
    days = st.none() | st.integers(-4, 4).map(lambda number: FIRST.date() + timedelta(days=number))

    def period(start: date | None, end: date | None, **asked: Any) -> Booked:
        if start and end and end < start:
            start, end = end, start
        return Booked(start=start, end=end, **asked)

    dated = st.builds(
        period,
        days,
        days,
        services=some((*SERVICES, "nobody-had-it")),
        statuses=st.one_of(st.sampled_from([COUNTING, ANY_STATUS, OPEN]), some(tuple(BookingStatus))),
        locations=some(PLACES[1:]),
        therapists=some(THERAPISTS[1:]),
        not_before=st.none() | st.integers(-3, 3).map(lambda number: FIRST + timedelta(hours=9 * number)),
    )
    ever = st.builds(
        Booked, services=some((*SERVICES, "nobody-had-it")), statuses=st.sampled_from([COUNTING, ANY_STATUS])
    )
    return st.one_of(dated, ever)


def figures() -> SearchStrategy[Criterion]:
    ops = st.sampled_from([Op.EQUAL, Op.LESS, Op.AT_MOST, Op.MORE, Op.AT_LEAST])
    days = st.integers(-4, 4).map(lambda number: FIRST.date() + timedelta(days=number))
    return st.one_of(
        st.builds(Compare, st.just(Fact.VISITS), ops, st.integers(0, 4)),
        st.builds(Compare, st.just(Fact.SPEND), ops, st.sampled_from([0, 1, 150, 300, 2**70, -(2**70)])),
        st.builds(Compare, st.just(Fact.LAST_VISIT), ops, days),
        st.builds(HasPackage, some((*PACKAGES, "nobody-had-it"))),
        st.frozensets(st.integers(1, 12).map(a_customer_id), max_size=4).map(OneOf),
    )


def panels() -> SearchStrategy[Criterion]:
    """Panels: several parts that must all hold, some of them turned around or alternatives, some of them text."""
    texts = st.sampled_from(["a", "an", "王", "ba", "4", "b a"]).map(text_criterion)
    leaves = st.one_of(booked(), booked(), figures(), criteria(), texts)
    parts = st.one_of(leaves, leaves, leaves.map(Not), st.lists(leaves, min_size=1, max_size=2).map(tuple).map(AnyOf))
    return st.lists(parts, min_size=1, max_size=4).map(tuple).map(AllOf)


QUERIES = st.tuples(panels(), orders(), st.integers(1, 5), st.none() | st.tuples(st.integers(0, 30), st.booleans()))

LIMITS = (
    "_TRIED",
    "_FEW_COUNTED",
    "_FEW_COUNTED_BY_TEXT",
    "_MOST_FETCHED",
    "_MOST_ADDED",
    "_DEARER",
    "_DEARER_THAN_LOOKING_UP",
    "_SKIPPED",
)
"""What a way to the answer is chosen by."""


@given(
    st.lists(st.tuples(st.lists(changes(), max_size=12), st.lists(QUERIES, max_size=8)), min_size=1, max_size=4),
    st.fixed_dictionaries({name: st.sampled_from([1, 2, 3_000]) for name in LIMITS}),
)
def test_every_panel_has_the_answer_of_the_plain_store(
    folder: Path, rounds: list[tuple[list[tuple[str, Any]], list[Any]]], limits: dict[str, int]
) -> None:
    file = folder / f"{next(_files)}.db"
    plain, listed = MemoryStore(), SQLiteStore(file)
    seen: list[Customer] = [a_customer(99, name="ana")]
    with pytest.MonkeyPatch.context() as patch, closing(listed):
        for name, limit in limits.items():
            patch.setattr(listing, name, limit)
        for number, (steps, queries) in enumerate(rounds):
            for place, step in enumerate(steps):
                for store in (plain, listed):
                    apply(store, step, 100 * number + place + 1)
                if step[0] == "put":
                    seen.append(step[1])
            for query in queries:
                compare(plain, listed, seen, *query)
            in_step(listed, file)
    file.unlink()


def compare(
    plain: Store,
    listed: Store,
    seen: Sequence[Customer],
    criterion: Criterion,
    order: Order,
    limit: int,
    place: tuple[int, bool] | None,
) -> None:
    start = None
    if place is not None:
        row = seen[place[0] % len(seen)]  # who may be renamed or gone by now
        start = Start(order.value_of(row, search_keys(row)), row.id, place[1])
    with plain.reading() as one, listed.reading() as other:
        for at_most in (None, limit):
            assert other.customers.count(criterion, at_most) == one.customers.count(criterion, at_most)
        expected = list(one.customers.find(criterion, order, start, limit))
        assert list(other.customers.find(criterion, order, start, limit)) == expected


# in step


def in_step(store: SQLiteStore, file: Path) -> None:
    """Compare the panel with the customers and their facts, read from the beginning and in another way."""
    with store.reading() as unit:
        assert unit.check_search().ok
        everybody = unit.customers.find(AllOf(), NAME, None, 10_000)
        facts = unit.facts.get_many([customer.id for customer in everybody])
    expected = [
        (
            search_keys(each).name,
            str(each.id),
            each.status.value,
            each.gender and each.gender.value,
            known.visits,
            known.last_visit and known.last_visit.isoformat(),
            known.spend,
            known.booked,
            known.ever_booked,
            known.packages,
        )
        for each in everybody
        for known in [facts.get(each.id, CustomerFacts(customer_id=each.id))]
    ]
    assert said(file) == sorted(expected)


def said(file: Path) -> list[tuple[Any, ...]]:
    """Return what the panel says of each customer, its words spelt out."""
    with closing(sqlite3.connect(file)) as raw:
        codes = {(kind, bit): code for kind, code, bit in raw.execute("SELECT kind, code, bit FROM crm_codes")}

        def spelt(kind: str, words: Sequence[int]) -> frozenset[str]:
            return frozenset(
                codes[kind, 63 * place + bit]
                for place, word in enumerate(words)
                for bit in range(64)
                if word >> bit & 1
            )

        names = ", ".join((*BOOKED_WORDS, *EVER_WORDS, *PACKAGES_WORDS))
        sql = (
            f"SELECT name_key, customer_id, status, gender, visits, last_visit, spend, {names} "
            "FROM crm_customer_panel ORDER BY name_key, customer_id"
        )
        return [
            (
                *row[:7],
                spelt("service", row[7:11]),
                spelt("service", row[11:15]),
                spelt("package", row[15:]),
            )
            for row in raw.execute(sql)
        ]
