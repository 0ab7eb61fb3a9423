"""The search index of SQLite: the answers of the plain store, in every state and at every size of its parts."""

import sqlite3
from collections.abc import Iterator, Sequence
from contextlib import closing
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
from salon_crm.adapters.sql import finding, search
from salon_crm.adapters.sql.pieces import pieces_needed, pieces_of
from salon_crm.adapters.sqlite import SQLiteStore
from salon_crm.adapters.sqlite import dialect as sqlite_dialect
from salon_crm.adapters.sqlite import store as sqlite_store
from salon_crm.domain.criteria import AllOf, Criterion, DigitRun, Order, OrderKey, Start, Text, text_criterion
from salon_crm.domain.customers import Customer, search_keys
from salon_crm.domain.text import sort_key
from salon_crm.ports.store import Store
from salon_crm.testing.builders import a_block, a_customer, a_customer_id
from salon_crm.testing.strategies import criteria, names, orders, searched_customers

OWNER = crm.Actor("olga", crm.Role.OWNER)
SETTINGS: dict[str, Any] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}
NAME = Order(OrderKey.NAME)

_files = count()


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    return tmp_path_factory.mktemp("search")


@pytest.fixture
def store(tmp_path: Path) -> Iterator[SQLiteStore]:
    made = SQLiteStore(tmp_path / "salon.db")
    yield made
    made.close()


def put(store: Store, *things: Customer) -> None:
    with store.writing() as unit:
        for thing in things:
            unit.customers.add(thing)


def found(store: Store, text: str, *, limit: int = 500, order: Order = NAME) -> list[str]:
    with store.reading() as unit:
        return [each.name for each in unit.customers.find(text_criterion(text), order, None, limit)]


def check(store: SQLiteStore) -> search.SearchCheck:
    with store.reading() as unit:
        return unit.check_search()


# the same answers


def alike_names() -> SearchStrategy[str]:
    """Names that fall into few groups and share most of their pieces."""
    return st.text(st.sampled_from("aabn王小ия%' "), min_size=1, max_size=8).filter(lambda text: bool(text.strip()))


@st.composite
def changes(draw: st.DrawFn) -> tuple[str, Any]:
    what = draw(st.sampled_from(["put", "put", "put", "rename", "remove", "block"]))
    if what == "put":
        thing = draw(searched_customers())
        return what, evolve(thing, id=a_customer_id(draw(st.integers(1, 14))))
    if what == "rename":
        return what, (a_customer_id(draw(st.integers(1, 14))), draw(alike_names()))
    return what, a_customer_id(draw(st.integers(1, 14)))


def apply(store: Store, change: tuple[str, Any], number: int) -> None:
    what, thing = change
    with store.writing() as unit:
        held = unit.customers.get_many([thing.id if what == "put" else thing[0] if what == "rename" else thing])
        if what == "put" and not held:
            unit.customers.add(thing)
        elif what == "put":
            [before] = held.values()
            unit.customers.save(evolve(thing, version=before.version), before.version)
        elif what == "rename" and held:
            [before] = held.values()
            unit.customers.save(evolve(before, name=thing[1]), before.version)
        elif what == "block" and held:
            unit.blocks.add(a_block(number, customer_id=thing))
        elif what == "remove" and held and not unit.blocks.of_customers([thing]):
            unit.customers.remove(thing)


def texts() -> SearchStrategy[Criterion]:
    """Searches that most customers meet, or some, alone and beside other criteria."""
    typed = st.one_of(alike_names(), names(), st.sampled_from(["a", "an", "ana", "4", "44", "477", "7700 9", "ana 44"]))
    return typed.map(text_criterion)


QUERIES = st.tuples(
    st.one_of(texts(), criteria(), st.tuples(texts(), criteria()).map(AllOf)),
    orders(),
    st.integers(1, 5),
    st.none() | st.tuples(st.integers(0, 30), st.booleans()),
)


LIMITS = ("_MOST_OF_A_GROUP", "_MOST_SORTED", "_MOST_COUNTED", "_MOST_WALKED", "_WORTH_WALKING", "_FEW")
"""How many customers each way of searching takes, and what it is chosen by."""


@pytest.mark.no_cover
@given(
    st.lists(st.tuples(st.lists(changes(), max_size=8), st.lists(QUERIES, max_size=6)), min_size=1, max_size=4),
    st.fixed_dictionaries({name: st.sampled_from([1, 2, 500]) for name in LIMITS}),
)
def test_every_search_has_the_answer_of_the_plain_store(
    folder: Path, rounds: list[tuple[list[tuple[str, Any]], list[Any]]], limits: dict[str, int]
) -> None:
    file = folder / f"{next(_files)}.db"
    plain, indexed = MemoryStore(), SQLiteStore(file)
    seen: list[Customer] = [a_customer(99, name="ana")]
    with pytest.MonkeyPatch.context() as patch:
        for name, limit in limits.items():
            patch.setattr(finding, name, limit)
        for number, (steps, queries) in enumerate(rounds):
            for place, step in enumerate(steps):
                for store in (plain, indexed):
                    apply(store, step, 100 * number + place)
                if step[0] == "put":
                    seen.append(step[1])
            for query in queries:
                compare(plain, indexed, seen, *query)
            assert check(indexed).ok
    indexed.close()
    file.unlink()


def compare(
    plain: Store,
    indexed: Store,
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
    with plain.reading() as one, indexed.reading() as other:
        for at_most in (None, limit):
            assert other.customers.count(criterion, at_most) == one.customers.count(criterion, at_most)
        expected = list(one.customers.find(criterion, order, start, limit))
        assert list(other.customers.find(criterion, order, start, limit)) == expected


def crowd() -> list[Customer]:
    """Customers of whom most begin alike, in no order."""
    first = ("Maria", "Maria", "Mário", "Marisa", "Ana", "Zoe", "Марина")
    last = ("Silva", "Costa", "Lima", "de Silva e Costa", "王")
    return [
        a_customer(7 * number % 1_201 + 1, name=f"{first[number % 7]} {last[number % 5]} {number % 11}", version=1)
        for number in range(1_200)
    ]


@pytest.fixture(scope="module")
def crowded(tmp_path_factory: pytest.TempPathFactory) -> Iterator[tuple[Store, Store]]:
    plain, indexed = MemoryStore(), SQLiteStore(tmp_path_factory.mktemp("crowd") / "salon.db")
    for store in (plain, indexed):
        put(store, *crowd())
    yield plain, indexed
    indexed.close()


@pytest.mark.parametrize("order", [Order(key, way) for key in OrderKey for way in (False, True)], ids=str)
@pytest.mark.parametrize("text", ["maria", "silva", "mar", "ma", "m", "maria costa 3", "ари", "王 1", "xyz", "1"])
def test_a_list_within_a_crowded_group_is_walked_both_ways(
    crowded: tuple[Store, Store], text: str, order: Order
) -> None:
    criterion, (plain, indexed) = text_criterion(text), crowded
    with plain.reading() as unit:
        expected = list(unit.customers.find(criterion, order, None, 2_000))
    with indexed.reading() as unit:
        assert unit.customers.count(criterion) == len(expected)
        for backward in (False, True):
            walked: list[Customer] = []
            start = _end(order) if backward else None
            while page := list(unit.customers.find(criterion, order, start, 40)):
                walked = page + walked if backward else walked + page
                edge = page[0] if backward else page[-1]
                start = Start(order.value_of(edge, search_keys(edge)), edge.id, backward)
            assert walked == expected


def _end(order: Order) -> Start:
    """Where a list can be read backward from."""
    last = a_customer(1, name="" if order.descending else "\U0010fffd" * 3)
    far = last.added.replace(year=1 if order.descending else 9999)
    value = sort_key(last.name) if order.key is OrderKey.NAME else far
    return Start(value, a_customer_id(2_000), backward=True)


@pytest.mark.parametrize(
    ("text", "large", "few", "way"),
    [("m", 20, 9, "_walked"), ("de silva", 20, 4, "_placed"), ("costa", 900, 4, "_scanned")],
    ids=["many of a large one are met in the order of the list", "few are sorted", "of some, everybody is looked at"],
)
@pytest.mark.parametrize("falling", [False, True])
def test_a_crowd_is_searched_in_one_of_three_ways(
    crowded: tuple[Store, Store], monkeypatch: pytest.MonkeyPatch, *, text: str, large: int, few: int, way: str,
    falling: bool,
) -> None:  # fmt: skip
    for name, limit in (("_MOST_OF_A_GROUP", 40), ("_WORTH_WALKING", large), ("_FEW", few)):
        monkeypatch.setattr(finding, name, limit)
    for other in {"_walked", "_scanned"} - {way}:
        monkeypatch.delattr(finding.TextSearch, other)
    criterion, order, (plain, indexed) = text_criterion(text), Order(OrderKey.NAME, falling), crowded
    within = Start(sort_key("Marin" if falling else "Maria"), a_customer_id(1))
    with plain.reading() as one, indexed.reading() as two:
        for start in (None, within):
            expected = list(one.customers.find(criterion, order, start, 30))
            assert list(two.customers.find(criterion, order, start, 30)) == expected


# pieces and places


@given(st.lists(names(), min_size=1, max_size=3), st.data())
def test_whoever_is_found_has_the_pieces_that_are_needed(held: list[str], data: st.DataObject) -> None:
    keys = search_keys(a_customer(name=held[0], former_names=tuple(held[1:])))
    cut = st.tuples(st.integers(0, len(keys.words)), st.integers(0, len(keys.words))).map(sorted)
    words = tuple(keys.words[low:high] for low, high in data.draw(st.lists(cut, min_size=1, max_size=3)))
    pieces = pieces_of(keys.words, keys.digits)
    for criterion in (Text(words), Text(runs=(DigitRun("123", words),))):
        for clause in pieces_needed(criterion):
            assert any(pieces.issuperset(alternative) for alternative in clause)


@given(st.lists(names(), min_size=2, max_size=20))
def test_places_sort_as_the_list_does(held: list[str]) -> None:
    keys = sorted(map(sort_key, held))
    groups = [search.beginning_of(key) for key in keys]
    assert groups == sorted(groups)
    assert all(search.group_of(place) == group for group in groups for place in search.places_of(group))


@given(names(), st.text(max_size=3))
def test_names_around_a_group_have_all_of_it_between_them(held: str, more: str) -> None:
    for key in (sort_key(held), sort_key(held) + more):
        first, last = search.names_around(search.beginning_of(key))
        assert first < (key, str(a_customer_id(1))) < last


def test_places_are_those_that_files_have() -> None:
    """Another number of bytes or bits is another schema."""
    assert search.places_of(search.beginning_of("maria")) == (0x6D617269 << 22, (0x6D61726A << 22) - 1)
    assert search.group_of((0x6D617269 << 22) + 5) == search.beginning_of("mari")


def test_the_pieces_of_a_search_are_few_however_long_it_is() -> None:
    long = " ".join(f"word{number}" for number in range(60))
    assert len(pieces_needed(text_criterion(long))) <= 16
    assert pieces_needed(text_criterion("7")) == ()
    assert pieces_needed(Text(("\n", ""))) == ()


def test_a_name_that_begins_as_before_keeps_its_place_and_another_moves(store: SQLiteStore) -> None:
    def places() -> list[Any]:
        with store.reading() as unit:
            return unit._connection.rows("SELECT place FROM crm_customer_search")

    put(store, a_customer(1, name="Maria"))
    before = places()
    for name, same in (("Mariana Lima", True), ("MARIA", True), ("Ana", False)):
        with store.writing() as unit:
            unit.customers.save(a_customer(1, name=name), 1)
        assert (places() == before) == same
        assert found(store, name.casefold()[-3:]) == [name]
        assert check(store).ok


def test_a_query_that_is_broken_off_leaves_no_cursor_open(tmp_path: Path) -> None:
    numbers, file = "SELECT value FROM json_each('[1, 2, 3]')", tmp_path / "salon.db"
    with closing(SQLiteStore(file)) as store, closing(sqlite3.connect(file, isolation_level=None)) as host:
        with store.reading() as unit:
            assert unit._connection.rows_while(numbers, [], lambda row: row[0] < 3) == [(1,), (2,)]
            assert unit._connection.rows_while(numbers, [], lambda _: True) == [(1,), (2,), (3,)]
            with pytest.raises(crm.StoreError):
                unit._connection.rows_while("SELECT nothing", [], lambda _: True)
        truncate_log(file)  # which an open cursor would keep from doing
        for statement in ("foreign_keys = ON", "secure_delete = ON"):
            host.execute(f"PRAGMA {statement}")
        host.execute("BEGIN IMMEDIATE")
        with store.joining(host) as unit:
            assert unit._connection.rows_while(numbers, [], lambda row: row[0] < 2) == [(1,)]
        host.execute("COMMIT")
        truncate_log(file)


def test_a_full_group_uses_the_places_that_became_free(store: SQLiteStore, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(search, "COUNTER_BITS", 2)
    put(store, *(a_customer(number, name=f"Maria {number}") for number in range(1, 5)))
    for number in (2, 4):
        with store.writing() as unit:
            unit.customers.remove(a_customer_id(number))
    put(store, a_customer(6, name="Maria 6"), a_customer(5, name="Maria 5"))
    assert found(store, "maria") == ["Maria 1", "Maria 3", "Maria 5", "Maria 6"]
    with pytest.raises(crm.StoreError, match="more than 4 customers"):
        put(store, a_customer(7, name="Maria 7"))
    put(store, a_customer(8, name="Ana"))
    assert found(store, "a") == ["Ana", "Maria 1", "Maria 3", "Maria 5", "Maria 6"]
    assert check(store).ok


def test_two_at_once_take_the_last_place_of_a_group_and_one_of_those_that_became_free(
    store: SQLiteStore, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(search, "COUNTER_BITS", 2)
    put(store, *(a_customer(number, name=f"Maria {number}") for number in range(1, 5)))
    with store.writing() as unit:
        for number in (1, 2, 4):
            unit.customers.remove(a_customer_id(number))
        unit.customers.add_many([a_customer(number, name=f"Maria {number}") for number in (5, 6)])
    assert found(store, "maria") == ["Maria 3", "Maria 5", "Maria 6"]
    assert check(store).ok


def test_what_is_rolled_back_leaves_nothing_in_the_index(store: SQLiteStore) -> None:
    put(store, a_customer(1, name="Ana"))
    with store.writing() as unit:

        def part() -> None:
            with unit.savepoint():
                unit.customers.add(a_customer(2, name="Bela"))
                unit.customers.save(a_customer(1, name="Clara"), 1)
                raise ZeroDivisionError

        with pytest.raises(ZeroDivisionError):
            part()
        unit.customers.add(a_customer(3, name="Dora"))
    assert found(store, "a") == ["Ana", "Dora"]
    assert check(store).ok


# damage

DAMAGES = {
    "missing": "DELETE FROM crm_customer_search WHERE customer_id = (SELECT min(id) FROM crm_customers)",
    "words": "UPDATE crm_customer_search SET words = words || 'x' WHERE name_key = 'ana'",
    "digits": "UPDATE crm_customer_search SET digits = '1' WHERE name_key = 'ana'",
    "status": "UPDATE crm_customer_search SET status = 'inactive' WHERE name_key = 'ana'",
    "name": "UPDATE crm_customer_search SET name_key = 'anb' WHERE name_key = 'ana'",
    "place": "UPDATE crm_customer_search SET place = place + (1 << 23) WHERE name_key = 'ana'",
    "list": "UPDATE crm_customers SET name_key = 'zzz' WHERE name_key = 'ana'",
    "more pieces": "INSERT INTO crm_customer_pieces (rowid, pieces) SELECT min(place), 'xyz' FROM crm_customer_search",
    "fewer pieces": "INSERT INTO crm_customer_pieces (crm_customer_pieces, rowid, pieces) "
    "SELECT 'delete', place, 'ana' FROM crm_customer_search WHERE name_key = 'ana'",
    "no pieces": "INSERT INTO crm_customer_pieces (crm_customer_pieces) VALUES ('delete-all')",
    "torn pieces": "UPDATE crm_customer_pieces_data SET block = x'00' WHERE id > 10",
    "torn list of parts": "UPDATE crm_customer_pieces_data SET block = x'00' WHERE id = 10",
    "no list of parts": "DELETE FROM crm_customer_pieces_data WHERE id = 10",
    "nothing of the pieces": "DELETE FROM crm_customer_pieces_data",
    "another format": "UPDATE crm_customer_pieces_config SET v = 3",
    "stranger": "INSERT INTO crm_customer_search VALUES (1, 'nobody', 'x', 'active', 'x', '')",
}


@pytest.mark.parametrize("statement", DAMAGES.values(), ids=DAMAGES)
def test_a_damaged_index_is_found_and_made_anew(tmp_path: Path, statement: str) -> None:
    file = tmp_path / "salon.db"
    with closing(SQLiteStore(file)) as store:
        put(store, *(a_customer(number, name=name) for number, name in enumerate(("Ana", "Bea", "Zoe"), 1)))
        assert check(store) == search.SearchCheck(customers=3, missing=0, wrong=0, extra=0, pieces=0)
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.execute(statement)
    with closing(SQLiteStore(file)) as store:
        assert not check(store).ok
        with store.writing() as unit:
            assert unit.rebuild_search() == 3
        assert check(store).ok
        assert [found(store, text) for text in ("ana", "be", "zoe")] == [["Ana"], ["Bea"], ["Zoe"]]


def test_pieces_that_cannot_be_read_are_a_typed_error(tmp_path: Path) -> None:
    file = tmp_path / "salon.db"
    with closing(SQLiteStore(file)) as store:
        put(store, a_customer(1, name="Ana"))
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.execute(DAMAGES["torn pieces"])
    with closing(SQLiteStore(file)) as store, pytest.raises(crm.StoreError) as caught:
        found(store, "ana")
    assert "damaged" in str(caught.value)


def test_a_row_of_somebody_who_is_gone_is_damage_and_not_an_answer(tmp_path: Path) -> None:
    file = tmp_path / "salon.db"
    with closing(SQLiteStore(file)) as store:
        put(store, a_customer(1, name="Ana"))
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.execute("DELETE FROM crm_customers")
        raw.execute("DELETE FROM crm_customer_keys")
    with closing(SQLiteStore(file)) as store, pytest.raises(crm.StoreError) as caught:
        found(store, "ana")
    assert caught.value.code == "store-damaged"


def test_keys_of_another_fold_are_made_anew_when_the_file_is_opened(tmp_path: Path) -> None:
    file = tmp_path / "salon.db"
    with crm.open_salon(file, **SETTINGS) as salon:
        for name in ("Ana", "Bea", "Čárka"):
            crm.add_customer(salon, OWNER, name=name, mobile="912 000 101")
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.execute("UPDATE crm_salon SET fold_version = '0/1'")
        raw.execute("UPDATE crm_customers SET name_key = upper(name)")
        raw.execute("UPDATE crm_customer_search SET name_key = 'x', words = 'x', digits = ''")
        raw.execute("UPDATE crm_customer_keys SET value = value || 'x'")
    with crm.open_salon(file) as salon:
        assert [row.name for row in crm.find_customers(salon, OWNER, crm.CustomerFilter(text="carka 912"))] == ["Čárka"]
        assert [row.name for row in crm.find_customers(salon, OWNER)] == ["Ana", "Bea", "Čárka"]
        assert crm.match_customers(salon, OWNER, name="Ana", mobile="912 000 101")
    with closing(SQLiteStore(file)) as store:
        assert check(store).ok


# erasing

CANARY = "龘靐齉"
"""A name whose pieces nobody else has; its bytes are kept as they are."""


def traces(file: Path) -> list[str]:
    """The files that hold the last letter of the canary: pieces that begin alike share their beginnings."""
    files = [file, file.with_name(f"{file.name}-wal")]
    return [each.name for each in files if each.exists() and CANARY[-1].encode() in each.read_bytes()]


def truncate_log(file: Path) -> None:
    with closing(sqlite3.connect(file)) as raw:
        assert raw.execute("PRAGMA wal_checkpoint(TRUNCATE)").fetchone() == (0, 0, 0)


def crowd_around_canary(store: Store) -> None:
    put(store, *(a_customer(number, name=f"Ana {number}") for number in range(2, 40)))
    put(store, a_customer(1, name=CANARY))
    put(store, *(a_customer(number, name=f"Bea {number}") for number in range(40, 80)))


def forget(store: Store, how: str) -> None:
    with store.writing() as unit:
        if how == "remove":
            unit.customers.remove(a_customer_id(1))
        else:
            unit.customers.save(a_customer(1, name=how), 1)


@pytest.mark.parametrize("worn", [1_000, 0])
@pytest.mark.parametrize("how", ["remove", "Clara", "龘靐"])
def test_text_that_is_forgotten_leaves_the_file_of_a_small_salon_at_once(
    tmp_path: Path, how: str, worn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_dialect, "_WORN", worn)
    file = tmp_path / "salon.db"
    with closing(SQLiteStore(file)) as store:
        crowd_around_canary(store)
        truncate_log(file)
        assert traces(file) == ["salon.db"]
        forget(store, how)
        truncate_log(file)
        assert traces(file) == []
        assert check(store).ok


@pytest.mark.parametrize("how", ["remove", "Clara"])
def test_text_that_is_forgotten_leaves_the_file_of_a_large_salon_when_its_index_is_made_anew(
    tmp_path: Path, how: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(sqlite_dialect, "_MERGED_AT_ONCE", -1)
    file = tmp_path / "salon.db"
    with closing(SQLiteStore(file)) as store:
        crowd_around_canary(store)
        forget(store, how)
        truncate_log(file)
        assert traces(file) == ["salon.db"]
        assert check(store).ok
        with store.writing() as unit:
            unit.rebuild_search()
        truncate_log(file)
        assert traces(file) == []
        assert check(store).ok


def test_a_salon_that_forgets_for_years_does_not_wear_out_its_index(tmp_path: Path) -> None:
    """SQLite 3.40 takes an index of pieces that was merged a thousand times for damaged, for good."""
    file = tmp_path / "salon.db"
    with closing(SQLiteStore(file)) as store:
        put(store, *(a_customer(number, name=f"Ana {number}") for number in range(2, 22)))
        with store.writing() as unit:
            for _ in range(1_100):
                unit.customers.add(a_customer(1))
                unit.customers.remove(a_customer_id(1))
        assert check(store).ok
        assert len(found(store, "ana")) == 20
        with closing(sqlite3.connect(file)) as raw:
            (length,) = raw.execute("SELECT length(block) FROM crm_customer_pieces_data WHERE id = 10").fetchone()
        assert length < 1_100


# the file


def test_without_full_text_search_opening_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_store, "_SEARCH_MODULE", "fts0")
    with pytest.raises(crm.StoreError) as caught:
        SQLiteStore(tmp_path / "salon.db")
    assert caught.value.code == "store-unopenable"
    assert "FTS5" in str(caught.value)


def test_an_older_sqlite_is_refused_by_its_version(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(sqlite_store, "_OLDEST_SQLITE", (99, 1, 0))
    with pytest.raises(crm.StoreError, match=r"older than 99\.1\.0"):
        SQLiteStore(tmp_path / "salon.db")
    assert list(tmp_path.iterdir()) == []


def test_a_copy_by_sqlite_s_own_backup_is_searched_as_the_file_is(tmp_path: Path) -> None:
    with closing(SQLiteStore(tmp_path / "salon.db")) as store:
        put(store, *crowd()[:50])
        expected = found(store, "maria")
        with (
            closing(sqlite3.connect(tmp_path / "salon.db")) as raw,
            closing(sqlite3.connect(tmp_path / "copy.db")) as to,
        ):
            raw.backup(to)
    with closing(SQLiteStore(tmp_path / "copy.db")) as copy:
        assert found(copy, "maria") == expected != []
        assert check(copy).ok


def test_every_table_of_ours_has_our_name(tmp_path: Path) -> None:
    SQLiteStore(tmp_path / "salon.db").close()
    with closing(sqlite3.connect(tmp_path / "salon.db")) as raw:
        made = {name for (name,) in raw.execute("SELECT name FROM sqlite_master WHERE type = 'table'")}
    assert made == set(sqlite_store._TABLES)
    assert all(name.startswith("crm_") for name in made)


@pytest.mark.parametrize("name", ["crm_customer_pieces", "crm_customer_pieces_data", "CRM_Customer_Search"])
def test_a_host_s_own_table_under_a_name_of_the_index_is_refused(tmp_path: Path, name: str) -> None:
    file = tmp_path / "host.db"
    with closing(sqlite3.connect(file)) as raw, raw:
        raw.execute(f"CREATE TABLE {name} (id INTEGER)")
    with pytest.raises(crm.StoreError, match=name.lower()):
        SQLiteStore(file, share=True)
