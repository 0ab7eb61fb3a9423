"""Search in PostgreSQL: the answers of the plain store, over the borders of parts and beyond what is asked at once."""

from collections.abc import Iterator
from itertools import cycle, islice

import pytest
from attrs import evolve
from tests.postgres.conftest import MakeSalonStore
from tests.servers import Server

import salon_crm as crm
from salon_crm.adapters.memory import MemoryStore
from salon_crm.adapters.postgres import connection, dialect, joining
from salon_crm.adapters.sql import finding, search
from salon_crm.domain.criteria import Order, OrderKey, Start, text_criterion
from salon_crm.domain.customers import Customer, search_keys
from salon_crm.ports.store import Store
from salon_crm.testing.builders import a_customer, a_customer_id

NAME = Order(OrderKey.NAME)
WORDS = ("ana", "bea", "carla", "anabela", "rui", "王芳", "maria", "mariana")
TEXTS = ("a", "an", "ana", "ana be", "bea ana", "maria", "王", "zz", "+44", "7700 9", "0001", "4477009000", "ana 44")


def made(count: int) -> Iterator[Customer]:
    """Give customers whose names begin alike: more in one group than a part has room for."""
    pairs = cycle([(one, other) for one in WORDS for other in WORDS])
    for number, (one, other) in enumerate(islice(pairs, count)):
        phone = crm.PhoneNumber(f"+4477009{number:05}")
        yield evolve(a_customer(number, name=f"Ana {one} {other} {number % 7}"), id=a_customer_id(number), mobile=phone)


def filled(store: Store, *customers: Customer) -> Store:
    with store.writing() as writing:
        writing.customers.add_many(customers)
    return store


def answers(store: Store, text: str, limit: int) -> list[list[str]]:
    """Return the first page, the one behind it, the last, and how many there are."""
    criterion = text_criterion(text)
    with store.reading() as reading:
        first = reading.customers.find(criterion, NAME, None, limit)
        last = reading.customers.find(criterion, Order(OrderKey.NAME, descending=True), None, limit)
        behind = [*first]
        if first:
            behind = [*reading.customers.find(criterion, NAME, Start(search_keys(first[-1]).name, first[-1].id), limit)]
        return [
            *([str(each.id) for each in page] for page in (first, behind, last)),
            [str(reading.customers.count(criterion))],
        ]


@pytest.fixture
def plain() -> Store:
    return filled(MemoryStore(), *made(1_200))


@pytest.mark.parametrize("most", [2, 500])
def test_pages_over_several_parts_are_those_of_the_plain_store(
    make_salon_store: MakeSalonStore, plain: Store, monkeypatch: pytest.MonkeyPatch, most: int
) -> None:
    store = filled(make_salon_store("ours"), *made(1_200))
    filled(make_salon_store("others"), *made(700))
    monkeypatch.setattr(finding, "_MOST_OF_A_GROUP", most)
    assert 2 * dialect.PART < 1_200
    for text in TEXTS:
        for limit in (3, 50):
            assert answers(store, text, limit) == answers(plain, text, limit), text


def test_an_answer_beyond_what_is_asked_for_at_once_is_read_on(
    make_salon_store: MakeSalonStore, plain: Store, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled(make_salon_store("ours"), *made(1_200))
    for module in (connection, joining):
        monkeypatch.setattr(module, "AT_FIRST", 2)
    for text in TEXTS:
        assert answers(store, text, 20) == answers(plain, text, 20), text


def test_of_customers_who_are_removed_or_renamed_no_piece_is_left(
    server: Server, make_salon_store: MakeSalonStore
) -> None:
    store = make_salon_store("ours")
    held = [*made(40)]
    filled(store, *held)
    with store.writing() as writing:
        writing.customers.save(evolve(held[0], name="Quetzal"), held[0].version)
        for each in held[1:]:
            writing.customers.remove(each.id)
    assert found(store, "quetzal") == ["Quetzal"]
    assert found(store, "ana") == []
    with store.reading() as reading:
        assert reading.check_search() == search.SearchCheck(customers=1, missing=0, wrong=0, extra=0, pieces=0)
        kept = {piece for (piece,) in reading._connection.rows("SELECT piece FROM crm_customer_pieces")}
    assert {"que", "tza", "zal"} <= kept
    assert not kept & {"ana", "bea", "rui", "7"}


def found(store: Store, text: str) -> list[str]:
    with store.reading() as reading:
        return [each.name for each in reading.customers.find(text_criterion(text), NAME, None, 500)]


def test_a_piece_that_says_somebody_too_many_is_found_out(server: Server, make_salon_store: MakeSalonStore) -> None:
    store = make_salon_store("ours")
    filled(store, *made(20))
    with store.writing() as writing:
        writing._connection.run("UPDATE crm_customer_pieces SET members = set_bit(members, 511, 1) WHERE piece = 'ana'")
    with store.reading() as reading:
        assert reading.check_search().pieces > 0


def test_rows_are_sent_at_once_with_nothing_where_nothing_is(make_salon_store: MakeSalonStore) -> None:
    """A column of arrays keeps NULL, figures beyond 32 bits, and text that arrays write otherwise."""
    store = make_salon_store("ours")
    names = ["Ana {1,2}", 'Bea "B" \\ Costa', "NULL", "Carla, Dias", "ž  'x'"]
    customers = [
        evolve(a_customer(number, name=name), id=a_customer_id(number), preferences=name if number % 2 else None)
        for number, name in enumerate(names)
    ]
    filled(store, *customers)
    with store.reading() as reading:
        assert [*reading.customers.get_many([each.id for each in customers]).values()] == customers
        assert reading._connection.rows("SELECT max(place) > 4294967296 FROM crm_customer_search") == [(True,)]


def test_plans_are_made_for_the_values_at_hand(make_salon_store: MakeSalonStore) -> None:
    """After some executions PostgreSQL may keep one plan for any value: of a page of a panel, one that took minutes."""
    with make_salon_store("ours").reading() as reading:
        assert reading._connection.rows("SHOW plan_cache_mode") == [("force_custom_plan",)]
