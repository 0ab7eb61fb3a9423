"""The panel of SQLite: the answers of the plain store in every way they are come to, and rows that stay in step."""

import sqlite3
from collections.abc import Callable, Iterator, Sequence
from contextlib import closing, suppress
from datetime import date, timedelta
from functools import partial
from itertools import count
from pathlib import Path
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

import salon_crm as crm
from salon_crm.adapters.memory import MemoryStore
from salon_crm.adapters.sql import listing
from salon_crm.adapters.sql.masks import WORD, CodeKind, others_of, words_of
from salon_crm.adapters.sql.tables import BOOKED_WORDS, EVER_WORDS, PACKAGES_WORDS
from salon_crm.adapters.sqlite import SQLiteStore
from salon_crm.domain.bookings import ANY_STATUS, COUNTING, OPEN, Booking, BookingStatus
from salon_crm.domain.criteria import (
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
    text_criterion,
)
from salon_crm.domain.customers import Customer, Gender, Status, search_keys
from salon_crm.domain.facts import CustomerFacts, facts_of
from salon_crm.domain.ids import BookingId, CustomerId
from salon_crm.domain.money import Money
from salon_crm.domain.sales import LineKind, Sale, SaleLine
from salon_crm.ports.store import BookingQuery, Store, Writing
from salon_crm.testing.builders import (
    a_block,
    a_booking,
    a_customer,
    a_customer_id,
    a_sale,
    an_assigned_package,
    an_instant,
    some_facts,
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


def booked() -> SearchStrategy[HasBooking]:
    days = st.none() | st.integers(-4, 4).map(lambda number: FIRST.date() + timedelta(days=number))

    def period(start: date | None, end: date | None, **asked: Any) -> HasBooking:
        if start and end and end < start:
            start, end = end, start
        return HasBooking(start=start, end=end, **asked)

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
        HasBooking, services=some((*SERVICES, "nobody-had-it")), statuses=st.sampled_from([COUNTING, ANY_STATUS])
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
    "_FETCHING",
    "_LOOKING_UP",
    "_ENOUGH_TO_COLLECT",
    "_SKIPPED",
)
"""What a way to the answer is chosen by."""


@pytest.mark.no_cover
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


def add_facts(store: Store, *facts: CustomerFacts) -> None:
    with store.writing() as unit:
        unit.customers.add_many([a_customer(number, name=f"Ana {number}") for number in range(1, len(facts) + 1)])
        unit.facts.add_many(facts)


def test_a_part_that_is_undone_leaves_the_panel_as_it_was(store: SQLiteStore) -> None:
    add_facts(store, some_facts(1), some_facts(2, booked=frozenset({"perm"})))
    before = said(store.path)
    with store.writing() as unit:
        kept = said_in(unit)
        with suppress(RuntimeError), unit.savepoint():
            unit.facts.save(some_facts(1, version=2, booked=frozenset({"new-code"}), visits=9), 1)
            unit.facts.remove(a_customer_id(2))
            unit.customers.remove(a_customer_id(2))
            assert said_in(unit) != kept
            raise RuntimeError
        assert said_in(unit) == kept
        with pytest.raises(crm.Conflict):
            unit.facts.add_many([some_facts(2)])
        with pytest.raises(crm.Conflict):
            unit.facts.save(some_facts(1, version=3), 2)
    assert said(store.path) == before
    in_step(store, store.path)


def said_in(unit: Any) -> list[Any]:
    rows: list[Any] = unit._connection.rows("SELECT * FROM crm_customer_panel ORDER BY name_key, customer_id")
    return rows


def test_who_is_renamed_or_changes_state_keeps_what_is_known(store: SQLiteStore) -> None:
    add_facts(store, some_facts(1), some_facts(2))
    with store.writing() as unit:
        unit.customers.save(a_customer(1, name="Zoe", status=Status.INACTIVE, gender=Gender.FEMALE, version=2), 1)
    assert [(row[0], row[2], row[4]) for row in said(store.path)] == [("ana 2", "active", 2), ("zoe", "inactive", 1)]
    in_step(store, store.path)


def bookings_behind(facts: Sequence[CustomerFacts]) -> list[Booking]:
    """Return bookings from which the services of facts follow: those booked count, the others were cancelled."""
    behind = [
        (each.customer_id, code, BookingStatus.PENDING if code in each.booked else BookingStatus.CANCELLED)
        for each in facts
        for code in sorted(each.booked | each.ever_booked)
    ]
    return [
        a_booking(customer_id=customer_id, service=code, status=status, id=BookingId(a_customer_id(1_000 + number)))
        for number, (customer_id, code, status) in enumerate(behind)
    ]


@pytest.mark.parametrize("count", [1, WORD, WORD + 1, 2 * WORD + 1, 4 * WORD - 1, 4 * WORD, 4 * WORD + 30])
def test_any_number_of_services_and_packages_is_told_apart(store: SQLiteStore, count: int) -> None:
    codes = [f"code-{number:03}" for number in range(count)]
    plain = MemoryStore()
    facts = [
        some_facts(
            number,
            booked=frozenset(codes[number - 1 :: 5]),
            ever_booked=frozenset(codes[number - 1 :: 5] + codes[number - 1 :: 2]),
            packages=frozenset(codes[number - 1 :: 3]),
        )
        for number in range(1, 6)
    ]
    for one in (plain, store):
        add_facts(one, *facts)
        with one.writing() as unit:
            unit.customers.add(a_customer(6, name="Nobody"))
            unit.bookings.add_many(bookings_behind(facts))
    day = a_booking().day
    for code in {codes[0], codes[-1], codes[count // 2], codes[-min(count, 20)], "never-met"}:
        for asked in (
            HasBooking(services=frozenset({code})),
            HasBooking(services=frozenset({code}), statuses=ANY_STATUS),
            HasBooking(services=frozenset({code}), start=date(2020, 1, 1)),
            HasBooking(services=frozenset({code}), statuses=frozenset({BookingStatus.CANCELLED}), end=day),
            HasPackage(frozenset({code})),
            AnyOf((HasPackage(frozenset({code, codes[0]})), Not(HasBooking(services=frozenset(codes[:3]))))),
            HasBooking(),
            HasBooking(statuses=ANY_STATUS),
        ):
            for criterion in (asked, Not(asked)):
                compare(plain, store, [], criterion, NAME, 10, None)
    with store.reading() as unit:
        assert unit.check_search().ok


def test_words_hold_63_bits_and_the_last_one_all_others() -> None:
    others = others_of(CodeKind.PACKAGE)
    assert words_of(CodeKind.PACKAGE, ()) == (0, 0)
    assert words_of(CodeKind.PACKAGE, (0, 62, 63)) == (1 | 1 << 62, 1)
    assert words_of(CodeKind.PACKAGE, (others, others + 1, 5_000)) == (0, 1 << 62)
    assert words_of(CodeKind.SERVICE, range(1_000)) == (2**63 - 1,) * 4


# seen and mended


@pytest.mark.parametrize(
    "damage",
    [
        "DELETE FROM crm_customer_panel WHERE name_key = 'ana 1'",
        "INSERT INTO crm_customer_panel SELECT 'nobody', 'x', booked_1, ever_1, status, visits, last_visit, spend, "
        "packages_1, gender, added, 0, 0, 0, 0, 0, 0, 0 FROM crm_customer_panel LIMIT 1",
        "UPDATE crm_customer_panel SET name_key = 'ana 7' WHERE name_key = 'ana 1'",
        "UPDATE crm_customer_panel SET status = 'inactive' WHERE name_key = 'ana 1'",
        "UPDATE crm_customer_panel SET gender = 'female'",
        "UPDATE crm_customer_panel SET added = '2001-01-01T00:00:00.000000Z'",
        "UPDATE crm_customer_panel SET visits = visits + 1",
        "UPDATE crm_customer_panel SET spend = spend + 1",
        "UPDATE crm_customer_panel SET last_visit = NULL",
        "UPDATE crm_customer_panel SET booked_1 = 0",
        "UPDATE crm_customer_panel SET ever_1 = ever_1 | 4096",
        "UPDATE crm_customer_panel SET ever_4 = 1",
        "UPDATE crm_customer_panel SET packages_2 = 1",
        "DELETE FROM crm_codes WHERE code = 'cut'",
        "UPDATE crm_codes SET bit = 60 WHERE code = 'cut'",
        "UPDATE crm_codes SET code = 'other' WHERE code = 'cut'",
        "UPDATE crm_facts SET visits = visits + 1",
        "DELETE FROM crm_facts",
    ],
)
def test_a_panel_that_is_out_of_step_is_seen_and_made_anew(store: SQLiteStore, damage: str) -> None:
    add_facts(store, some_facts(1), some_facts(2))
    assert store.health().search_sound
    with closing(sqlite3.connect(store.path)) as raw, raw:
        assert raw.execute(damage).rowcount
    assert not store.health().search_sound
    with store.writing() as unit:
        assert unit.check_search().panel
        assert unit.rebuild_search() == 2
    assert store.health().search_sound
    in_step(store, store.path)


def test_another_fold_makes_the_panel_anew(store: SQLiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    add_facts(store, some_facts(1), some_facts(2))
    before = said(store.path)
    with closing(sqlite3.connect(store.path)) as raw, raw:
        raw.execute("UPDATE crm_customers SET name_key = 'as before ' || name_key")
        raw.execute("UPDATE crm_customer_panel SET name_key = 'as before ' || name_key")
    with store.writing() as unit:
        unit.rebuild_keys()
    assert said(store.path) == before


# without looking at everybody


def plans(store: SQLiteStore, ask: Callable[[Any], object]) -> list[str]:
    """Return what SQLite does for each query of a reading, a line for each step."""
    told: list[str] = []
    with store.reading() as unit, closing(sqlite3.connect(store.path)) as raw:
        rows = unit._connection.rows

        def explained(sql: str, values: Sequence[Any] = ()) -> Any:
            told.append("; ".join(step for *_, step in raw.execute(f"EXPLAIN QUERY PLAN {sql}", values)))
            return rows(sql, values)

        with pytest.MonkeyPatch.context() as patch:
            patch.setattr(unit._connection, "rows", explained)
            ask(unit)
    return told


DATED = HasBooking(services=frozenset({"cut"}), start=FIRST.date(), locations=frozenset({"chiado"}))


def test_a_page_is_read_off_the_list_and_bookings_off_an_index_of_the_customer(
    store: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(listing, "_TRIED", 1)
    for name in ("_MOST_FETCHED", "_FEW_COUNTED", "_ENOUGH_TO_COLLECT"):
        monkeypatch.setattr(listing, name, 0)
    with store.writing() as unit:
        unit.customers.add_many([a_customer(number, name=f"Ana {number}") for number in range(1, 4)])
        unit.bookings.add_many([a_booking(number, customer_id=a_customer_id(number)) for number in range(1, 4)])
    dated = AllOf((DATED, Not(HasBooking(end=FIRST.date(), statuses=OPEN))))

    def found(unit: Writing, order: Order) -> object:
        return unit.customers.find(dated, order, None, 2)

    for order in (NAME, Order(OrderKey.NAME, descending=True), Order(OrderKey.ADDED)):
        told = plans(store, partial(found, order=order))
        walks = [plan for plan in told if "CORRELATED SCALAR SUBQUERY" in plan]
        assert walks
        for plan in walks:
            assert "SEARCH b USING COVERING INDEX crm_bookings_by_customer_id" in plan
            assert "ORDER BY" not in plan or order.key is OrderKey.ADDED
            assert "SCAN b" not in plan
    [*_, counted] = plans(store, lambda unit: unit.customers.count(dated))
    assert "SEARCH b USING COVERING INDEX crm_bookings_by_service" in counted
    assert "SCAN b" not in counted


@pytest.mark.parametrize(
    ("query", "index"),
    [
        (BookingQuery(customer_id=a_customer_id(), service="cut", since=FIRST.date()), "customer_id_starts"),
        (BookingQuery(since=FIRST.date(), until=FIRST.date(), therapist="gil"), "starts_id"),
        (BookingQuery(statuses=OPEN, starting_from=FIRST), "starts_id"),
        (BookingQuery(statuses=OPEN, ended_before=FIRST), "service_status_day"),
    ],
)
def test_lists_of_bookings_are_read_off_an_index(store: SQLiteStore, query: BookingQuery, index: str) -> None:
    start = Start(FIRST, a_booking().id)

    def found(unit: Writing, place: Start | None) -> object:
        return unit.bookings.find(query, place, 10)

    for place in (None, start, evolve(start, backward=True)):
        [told] = plans(store, partial(found, place=place))
        assert f"crm_bookings USING INDEX crm_bookings_by_{index}" in told
    [told] = plans(store, lambda unit: unit.bookings.count(query))
    assert f"crm_bookings_by_{'customer_id' if query.customer_id else 'service'}" in told


def booking_queries() -> SearchStrategy[BookingQuery]:
    days = st.none() | st.integers(-4, 4).map(lambda number: FIRST.date() + timedelta(days=number))
    moments = st.none() | st.integers(-70, 70).map(lambda hours: FIRST + timedelta(hours=hours))
    return st.builds(
        BookingQuery,
        customer_id=st.none() | st.integers(1, 3).map(a_customer_id),
        service=st.sampled_from((None, None, *SERVICES)),
        location=st.sampled_from(PLACES),
        therapist=st.sampled_from((None, *THERAPISTS)),
        since=days,
        until=days,
        statuses=st.just(ANY_STATUS) | some(tuple(BookingStatus)),
        ended_before=moments,
        starting_from=moments,
    )


@pytest.mark.no_cover
@given(
    st.lists(bookings(), max_size=20, unique_by=lambda booking: booking.id),
    st.lists(
        st.tuples(booking_queries(), st.booleans(), st.none() | st.tuples(bookings(), st.booleans())), max_size=12
    ),
)
def test_lists_of_bookings_are_those_of_the_plain_store(
    folder: Path, kept: list[Booking], asked: list[tuple[BookingQuery, bool, tuple[Booking, bool] | None]]
) -> None:
    file = folder / f"{next(_files)}.db"
    plain, indexed = MemoryStore(), SQLiteStore(file)
    with closing(indexed):
        for one in (plain, indexed):
            with one.writing() as unit:
                unit.customers.add_many([a_customer(number) for number in range(1, 13)])
                unit.bookings.add_many(kept)
        for query, newest_first, place in asked:
            start = place and Start(place[0].start, place[0].id, place[1])
            with plain.reading() as known, indexed.reading() as other:
                assert other.bookings.count(query) == known.bookings.count(query)
                expected = list(known.bookings.find(query, start, 5, newest_first=newest_first))
                assert list(other.bookings.find(query, start, 5, newest_first=newest_first)) == expected
    file.unlink()
