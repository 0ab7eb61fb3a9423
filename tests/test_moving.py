"""A whole salon moves to another place and back: all of it is there, nothing is half there, and nothing is lost."""

import sqlite3
import time
from collections.abc import Generator, Mapping
from contextlib import ExitStack, closing, contextmanager
from datetime import timedelta, timezone
from itertools import islice
from pathlib import Path
from typing import Any, Final
from uuid import UUID, uuid4

import pytest
from attrs import evolve
from tests.servers import SCHEMA, Server
from tests.testing.saboteurs import Proxy, Tampered

import salon_crm as crm
from salon_crm.adapters.memory import MemoryStore
from salon_crm.adapters.memory.store import _Unit
from salon_crm.adapters.sqlite import SQLiteStore
from salon_crm.cli import main
from salon_crm.domain.contact import EmailAddress
from salon_crm.domain.content import content_bytes
from salon_crm.domain.ids import SalonId
from salon_crm.domain.money import Money
from salon_crm.ports.records import KINDS
from salon_crm.ports.store import Store
from salon_crm.samples.bookings import ENCODING, LOCATIONS, SERVICES, STAFF, TYPES, Client, write_invented_bookings
from salon_crm.samples.invented import invented_customers, write_invented_list
from salon_crm.testing import BUILDERS, a_booking, a_customer, an_instant, some_facts

OLGA: Final = crm.Actor("olga", crm.Role.OWNER)
SETTINGS: Final[dict[str, Any]] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}
SECRET: Final = "0123456789abcdef"
SEED: Final = 20261122


# a salon that is used


def live(salon: crm.Salon, folder: Path, customers: int) -> None:
    """Let a salon have customers, a catalogue, a year of bookings, sales, notes, a block, and an edit or two."""
    folder.mkdir(exist_ok=True)
    write_invented_list(folder / "list.csv", invented_customers(seed=SEED), customers)
    crm.import_customers(salon, OLGA, folder / "list.csv", system="till")
    for name in TYPES:
        crm.add_service_type(salon, OLGA, name=name)
    for service in SERVICES:
        crm.add_service(salon, OLGA, name=service.name, service_type=service.type.lower(), duration=service.minutes)
    for name, zone in LOCATIONS:
        crm.add_location(salon, OLGA, name=name, zone=zone)
    for name in STAFF:
        crm.add_staff_member(salon, OLGA, name=name)
    crm.add_package(salon, OLGA, name="Ten cuts")
    clients = {
        (row.name, row.email.address): Client(row.name, row.email.address, row.mobile.e164 if row.mobile else "")
        for row in crm.each_customer(salon, OLGA, order="added")
        if row.email and row.name.encode(ENCODING, "ignore").decode(ENCODING) == row.name
    }
    today = salon.now().date()
    write_invented_bookings(folder / "bookings.csv", [*clients.values()], today=today, seed=SEED)
    crm.import_bookings(salon, OLGA, folder / "bookings.csv", system="diary")
    sell(salon)
    for row in islice(crm.find_bookings(salon, OLGA, crm.BookingFilter(status="confirmed")), 5):
        crm.cancel_booking(salon, OLGA, row.booking.id, by="customer")
    people = list(islice(crm.each_customer(salon, OLGA), 20))
    for one in people:
        crm.add_note(salon, OLGA, one.id, text=f"Likes tea, says {one.name}.", reference=f"note {one.id}")
        crm.edit_customer(salon, OLGA, one.id, preferences="A seat at the window")
    crm.assign_package(salon, OLGA, people[0].id, package="ten-cuts")
    taken = [reward(salon, each) for each in people[:5]]
    crm.reverse_entry(salon, OLGA, taken[0].id)
    crm.transfer_points(salon, OLGA, people[1].id, to=people[2].id, points=3)
    crm.block_customer(salon, OLGA, people[1].id, reason="Did not come twice.")
    crm.change_settings(salon, OLGA, required_fields=["mobile"])


def reward(salon: crm.Salon, customer: crm.CustomerRow) -> crm.RewardEntry:
    """Give a customer points that expire and points that stay, and take some."""
    crm.add_points(salon, OLGA, customer.id, points=5, expires=salon.now().date() + timedelta(days=9))
    crm.add_points(salon, OLGA, customer.id, points=10, reason="Welcome", reference=f"card {customer.id}")
    return crm.redeem_points(salon, OLGA, customer.id, points=7)


def sell(salon: crm.Salon) -> None:
    """Sell a shampoo with every third booking that was completed."""
    page = None
    while True:
        found = crm.find_bookings(salon, OLGA, crm.BookingFilter(status="completed"), limit=500, page=page)
        with salon.transaction() as unit:
            for row in islice(found, 0, None, 3):
                lines: list[Any] = [{"product": "Shampoo", "price": "9.50"}]
                place, booked = row.booking.location, [row.booking.id]
                crm.record_sale(unit, OLGA, lines=lines, paid="9.50", bookings=booked, location=place)
        page = found.next
        if page is None:
            return


def everything_of(place: Any, folder: Path, **how: Any) -> dict[str, bytes]:
    """Return what a salon tells and exports, and see that its audit and its facts verify."""
    folder.mkdir()
    with crm.open_salon(place, **how) as salon:
        assert crm.verify_audit(salon, OLGA).ok
        assert crm.verify_facts(salon, OLGA).ok
        assert crm.verify_ledger(salon, OLGA).ok
        with salon.store.reading() as reading:
            told = {name: content_bytes(tuple(_all(reading, name))) for name in KINDS}
        told["panel"] = content_bytes(crm.count_customers(salon, OLGA, crm.parse_criteria(PANEL)))
        crm.export_customers(salon, OLGA, folder / "all.csv")
    return {**told, "export": (folder / "all.csv").read_bytes()}


PANEL: Final = "visits >= 3 or spend > 5.00"


def _all(reading: Any, name: str) -> Generator[Any]:
    records = getattr(reading, name)
    page = records.walk(None, 500)
    while page:
        yield from page
        page = records.walk(KINDS[name].identity(page[-1]), 500)


def counted(report: crm.MoveReport) -> int:
    return sum(report.counts.values())


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A salon of some customers that is used."""
    with crm.open_salon(tmp_path / "salon.db", **SETTINGS, secret=SECRET) as salon:
        live(salon, tmp_path / "lists", 60)
    return tmp_path / "salon.db"


@pytest.fixture(scope="module")
def small(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A salon with a customer, a booking, a note and a block, which no test writes to."""
    path = tmp_path_factory.mktemp("small") / "salon.db"
    with crm.open_salon(path, **SETTINGS) as salon:
        ana = crm.add_customer(salon, OLGA, name="Ana Silva", mobile="912 345 678", reference="form 1")
        crm.add_service(salon, OLGA, name="Cut", duration=30)
        crm.book(salon, OLGA, ana.id, service="cut", start=salon.now())
        crm.add_note(salon, OLGA, ana.id, text="Likes tea.")
        crm.block_customer(salon, OLGA, ana.id, reason="Did not come twice.")
    return path


# what a move does


def test_a_salon_moves_to_postgresql_and_back_with_everything_it_has(
    file: Path, server: Server, tmp_path: Path
) -> None:
    there = crm.move_salon(file, server.url(), schema=SCHEMA)
    back = crm.move_salon(server.url(), tmp_path / "back.db", salon_id=there.salon_id, schema=SCHEMA)
    assert (there.digest, there.counts, there.head) == (back.digest, back.counts, back.head)
    assert there.copied == back.copied == counted(there)
    for kind in (
        "customers",
        "bookings",
        "booking_changes",
        "sales",
        "notes",
        "blocks",
        "marks",
        "references",
        "facts",
    ):
        assert there.counts[kind], kind
    places: Mapping[str, Any] = {
        "before": {"where": file},
        "there": {"where": server.url(), "salon_id": there.salon_id, "schema": SCHEMA},
        "back": {"where": tmp_path / "back.db"},
    }
    told = {
        name: everything_of(how.pop("where"), tmp_path / name, secret=SECRET, **how) for name, how in places.items()
    }
    assert told["before"] == told["there"] == told["back"]


@pytest.mark.long
def test_a_salon_of_a_hundred_thousand_moves_to_postgresql_and_back(
    server: Server, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    begun = time.perf_counter()

    def say(what: str, counts: Mapping[str, int] | None = None) -> None:
        nonlocal begun
        with capsys.disabled():
            print(f"\n{what}: {time.perf_counter() - begun:.0f} s {dict(counts or {})}", flush=True)
        begun = time.perf_counter()

    with crm.open_salon(tmp_path / "salon.db", **SETTINGS) as salon:
        live(salon, tmp_path / "lists", 100_000)
    say(f"filled, seed {SEED}")
    there = crm.move_salon(tmp_path / "salon.db", server.url(), schema=SCHEMA)
    say("SQLite to PostgreSQL", there.counts)
    back = crm.move_salon(server.url(), tmp_path / "back.db", salon_id=there.salon_id, schema=SCHEMA)
    say("PostgreSQL to SQLite", back.counts)
    assert there.digest == back.digest
    in_database: dict[str, Any] = {"salon_id": there.salon_id, "schema": SCHEMA}
    before = everything_of(tmp_path / "salon.db", tmp_path / "before")
    say("SQLite verified and exported")
    assert everything_of(server.url(), tmp_path / "there", **in_database) == before
    say("PostgreSQL verified and exported, the same")
    assert everything_of(tmp_path / "back.db", tmp_path / "back") == before
    say("SQLite verified and exported, the same")


def test_who_was_blocked_is_recognised_after_a_move_as_before(file: Path, tmp_path: Path) -> None:
    with crm.open_salon(file, secret=SECRET) as salon:
        crm.add_customer(salon, OLGA, name="Zita Prates", mobile="+351 912 000 111")
        zita = crm.find_customers(salon, OLGA, crm.CustomerFilter(text="Zita Prates")).items[0]
        crm.block_customer(salon, OLGA, zita.id, reason="Did not come twice.")
    crm.move_salon(file, tmp_path / "new.db")
    with pytest.raises(crm.Conflict):
        crm.open_salon(tmp_path / "new.db", secret="another secret, long enough")
    with crm.open_salon(tmp_path / "new.db", secret=SECRET) as salon:
        again = crm.add_customer(salon, OLGA, name="Zita Prates", mobile="912000111")
        assert [block.in_force for block in crm.customer_blocks(salon, OLGA, again.id)] == [True]


def test_an_act_is_not_repeated_after_a_move_that_was_done_before(small: Path, tmp_path: Path) -> None:
    crm.move_salon(small, tmp_path / "new.db")
    with crm.open_salon(tmp_path / "new.db") as salon:
        crm.add_customer(salon, OLGA, name="Ana Silva", mobile="912 345 678", reference="form 1")
        assert crm.count_customers(salon, OLGA) == 1


def test_the_source_stays_as_it_is(small: Path, tmp_path: Path) -> None:
    before = small.read_bytes()
    crm.move_salon(small, tmp_path / "new.db")
    assert small.read_bytes() == before


def test_a_move_that_is_asked_for_again_compares_and_copies_nothing(small: Path, tmp_path: Path) -> None:
    first = crm.move_salon(small, tmp_path / "new.db")
    again = crm.move_salon(small, tmp_path / "new.db")
    assert again == evolve(first, copied=0)


def test_nobody_writes_to_the_source_while_it_moves(small: Path) -> None:
    store = SQLiteStore(small, deadline=0)
    refused: list[crm.StoreBusy] = []

    def write(_: int) -> None:
        with pytest.raises(crm.StoreBusy) as caught, store.writing():
            pass
        refused.append(caught.value)

    crm.move_salon(small, MemoryStore(), progress=write)
    store.close()
    assert refused


def test_it_is_told_how_many_records_are_done(small: Path) -> None:
    told: list[int] = []
    moved = crm.move_salon(small, MemoryStore(), progress=told.append)
    assert told == sorted(told)
    assert told[-1] == counted(moved)


# interruptions


class _Stops(Proxy):
    """A store whose n-th unit of work is not to be had."""

    def __init__(self, inner: Store, after: int) -> None:
        super().__init__(inner)
        self.left = after

    @contextmanager
    def writing(self) -> Generator[Any]:
        if not self.left:
            raise crm.StoreError("store-failed", reason="the test says so")
        self.left -= 1
        with self.inner.writing() as unit:
            yield unit


def stopping(store: Store, after: int) -> Any:
    return _Stops(store, after)


@pytest.mark.parametrize("kind", ["memory", "sqlite", "postgres"])
def test_an_interrupted_move_is_no_salon_and_goes_on_where_it_stopped(
    kind: str, small: Path, tmp_path: Path, request: pytest.FixtureRequest, make_store: Any
) -> None:
    with crm.open_salon(small) as salon:
        salon_id = salon.id
    whole = crm.move_salon(small, MemoryStore())
    pages = sum(count > 0 for count in whole.counts.values()) + 1
    for stop in range(1, pages):
        target = make_store(kind, f"{kind}-{stop}", salon_id)
        with pytest.raises(crm.StoreError, match="the test says so"):
            crm.move_salon(small, stopping(target, stop))
        with pytest.raises(crm.StoreError) as caught:
            crm.open_salon(target, **SETTINGS)
        assert caught.value.code == "move-unfinished"
        moved = crm.move_salon(small, target)
        assert moved == evolve(whole, copied=moved.copied)
        assert 0 <= moved.copied < counted(whole)
        assert crm.verify_audit(crm.open_salon(target), OLGA, head=moved.head).ok
        if kind == "postgres":
            forget(request.getfixturevalue("server"), salon_id)


@pytest.fixture
def make_store(tmp_path: Path, request: pytest.FixtureRequest) -> Generator[Any]:
    """Give what makes an empty store of a kind, for a salon of this id; they are closed at the end."""
    opened = ExitStack()

    def make(kind: str, name: str, salon_id: UUID) -> Store:
        if kind == "memory":
            return MemoryStore()
        if kind == "sqlite":
            store: Store = SQLiteStore(tmp_path / f"{name}.db")
        else:
            from salon_crm.adapters.postgres import PostgresStore

            url = request.getfixturevalue("server").url()
            store = PostgresStore(url, salon_id=SalonId(salon_id), schema=SCHEMA)
        opened.callback(store.close)
        return store

    with opened:
        yield make


def test_what_changed_between_an_interruption_and_going_on_is_said(small: Path, tmp_path: Path) -> None:
    with crm.open_salon(small) as salon:
        ana = crm.find_customers(salon, OLGA).items[0]
    source, target = MemoryStore(), MemoryStore()
    crm.move_salon(small, source)
    with pytest.raises(crm.StoreError):
        crm.move_salon(source, stopping(target, 3))
    crm.edit_customer(crm.open_salon(source), OLGA, ana.id, name="Ana Maria Silva")
    refusal = differs(source, target)
    assert "customers" in str(refusal.params["kinds"]).split(", ")
    with pytest.raises(crm.StoreError) as caught:
        crm.open_salon(target, **SETTINGS)
    assert caught.value.code == "move-unfinished"


def differs(source: Any, target: Any) -> crm.Conflict:
    with pytest.raises(crm.Conflict) as caught:
        crm.move_salon(source, target)
    assert (caught.value.code, caught.value.field) == ("move-differs", "target")
    return caught.value


# refusals


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("DELETE FROM crm_audit WHERE sequence = 3", "where entry 3 of its audit should be is entry 4"),
        ("UPDATE crm_audit SET sequence = -5 WHERE sequence = 1", "where entry 1 of its audit should be is entry -5"),
        ("UPDATE crm_audit SET sequence = 0 WHERE sequence = 3", "where entry 1 of its audit should be is entry 0"),
    ],
)
def test_an_audit_that_lacks_an_entry_or_has_one_too_many_is_said_and_none_of_it_is_left_behind(
    file: Path, tmp_path: Path, statement: str, said: str
) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        assert connection.execute(statement).rowcount == 1
    target = MemoryStore()
    with pytest.raises(crm.StoreError) as caught:
        crm.move_salon(file, target)
    assert (caught.value.code, caught.value.params["reason"]) == ("store-damaged", said)
    with target.reading() as reading:
        assert (reading.salon(), reading.audit.head()) == (None, None)


def test_a_salon_that_was_used_since_it_moved_is_not_written_over(small: Path, tmp_path: Path) -> None:
    crm.move_salon(small, tmp_path / "new.db")
    with crm.open_salon(tmp_path / "new.db") as salon:
        crm.add_customer(salon, OLGA, name="Bea Costa")
    differs(small, tmp_path / "new.db")
    with crm.open_salon(tmp_path / "new.db") as salon:
        assert crm.count_customers(salon, OLGA) == 2


def test_settings_that_were_changed_since_are_a_difference(small: Path) -> None:
    target = MemoryStore()
    crm.move_salon(small, target)
    crm.change_settings(crm.open_salon(target), OLGA, region="ES")
    assert differs(small, target).params["kinds"] == "settings"


def test_a_salon_does_not_move_onto_another(small: Path, tmp_path: Path) -> None:
    crm.open_salon(tmp_path / "other.db", **SETTINGS).close()
    with pytest.raises(crm.Conflict) as caught:
        crm.move_salon(small, tmp_path / "other.db")
    assert (caught.value.code, caught.value.field) == ("move-target-taken", "target")


class _LosesOne(Tampered):
    """Keeps all but one of many."""

    class Repository(Proxy):
        def add_many(self, things: Any) -> None:
            self.inner.add_many(things[1:] if isinstance(things[0], crm.Note) else things)


class _Garbles(Tampered):
    """Keeps an e-mail address under another key, which equality passes over."""

    class Repository(Proxy):
        def add_many(self, things: Any) -> None:
            if isinstance(things[0], crm.Customer):
                things = [evolve(each, email=EmailAddress("Ana@example.com", "another key")) for each in things]
            self.inner.add_many(things)


@pytest.mark.parametrize(("target", "kind"), [(_LosesOne, "notes"), (_Garbles, "customers")])
def test_a_store_that_keeps_something_else_is_found_out_and_holds_no_salon(target: Any, kind: str, small: Path) -> None:
    source, spoilt = MemoryStore(), target()
    crm.move_salon(small, source)
    salon = crm.open_salon(source)
    [ana] = crm.find_customers(salon, OLGA)
    crm.edit_customer(salon, OLGA, ana.id, email="Ana@example.com")
    assert differs(source, spoilt).params["kinds"] == kind
    with spoilt.reading() as reading:
        assert reading.salon() is None


class _WithoutNotes(_Unit):
    @property
    def notes(self) -> Any:
        raise crm.NotSupported("not-supported", what="notes")


class _KeepsNoNotes(MemoryStore):
    @contextmanager
    def reading(self) -> Generator[_Unit]:
        with super().reading() as unit:
            yield _WithoutNotes(unit.state, writable=False)

    @contextmanager
    def writing(self) -> Generator[_Unit]:
        with super().writing() as unit:
            own = _WithoutNotes(unit.state, writable=True)
            yield own
            unit.state.__dict__.update(own.state.__dict__)


def test_a_kind_that_neither_store_has_is_passed_over_and_one_that_only_the_source_has_is_said(small: Path) -> None:
    with pytest.raises(crm.NotSupported, match="notes"):
        crm.move_salon(small, _KeepsNoNotes())
    without = _KeepsNoNotes()
    crm.add_customer(crm.open_salon(without, **SETTINGS), OLGA, name="Ana Silva")
    moved = crm.move_salon(without, _KeepsNoNotes())
    assert (moved.counts["notes"], moved.counts["customers"]) == (0, 1)


class _CannotWalk(Tampered):
    class Repository(Proxy):
        def __getattr__(self, name: str) -> Any:
            if name == "walk":
                raise AttributeError(name)
            return super().__getattr__(name)


def test_a_store_that_cannot_be_read_from_end_to_end_is_refused_before_anything_is_written(small: Path) -> None:
    target: Any = _CannotWalk()
    with pytest.raises(crm.NotSupported, match="from end to end"):
        crm.move_salon(small, target)
    with target.reading() as reading:
        assert reading.audit.head() is None


@pytest.mark.parametrize(
    ("source", "target", "how", "field"),
    [
        (None, "new.db", {}, "source"),
        ("salon.db", None, {}, "target"),
        ("salon.db", "salon.db", {}, "target"),
        ("salon.db", "mysql://nowhere/salons", {}, "target"),
        ("salon.db", 7, {}, "target"),
        (7, "new.db", {}, "source"),
        ("salon.db", "new.db", {"schema": "crm"}, "schema"),
        ("salon.db", "new.db", {"salon_id": "no id"}, "salon_id"),
        ("salon.db", "new.db", {"progress": 7}, "progress"),
        ("postgresql://app@db.example.com/salons", "new.db", {}, "salon_id"),
    ],
)
def test_what_is_no_place_is_refused_by_name(
    source: Any, target: Any, how: Any, field: str, small: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.chdir(tmp_path)
    (tmp_path / "salon.db").write_bytes(small.read_bytes())
    with pytest.raises(crm.InvalidValue) as caught:
        crm.move_salon(source, target, **how)
    assert caught.value.field == field
    assert not (tmp_path / "new.db").exists()


def test_a_source_that_is_not_there_is_said_and_not_made(tmp_path: Path) -> None:
    with pytest.raises(crm.NotFound) as caught:
        crm.move_salon(tmp_path / "nosuch.db", tmp_path / "new.db")
    assert caught.value.field == "source"
    assert list(tmp_path.iterdir()) == []
    with pytest.raises(crm.NotFound):
        crm.move_salon(MemoryStore(), tmp_path / "new.db")
    assert list(tmp_path.iterdir()) == []


def test_the_id_of_another_salon_than_the_source_s_is_a_conflict(small: Path, tmp_path: Path) -> None:
    with pytest.raises(crm.Conflict):
        crm.move_salon(small, tmp_path / "new.db", salon_id=uuid4())
    assert not (tmp_path / "new.db").exists()


def test_the_command_line_moves_a_salon_and_says_what_it_holds(
    small: Path, tmp_path: Path, server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    with crm.open_salon(small) as salon:
        salon_id = salon.id
    assert main(["move", str(small), server.url(), "--schema", SCHEMA]) == 0
    said = capsys.readouterr().out
    assert f"Salon {salon_id}: " in said
    assert "        1 customers\n" in said
    back = ["move", server.url(), str(tmp_path / "back.db"), "--schema", SCHEMA, "--salon-id", str(salon_id)]
    assert main(back) == 0
    assert capsys.readouterr().out == said
    assert main(["move", str(tmp_path / "nosuch.db"), str(tmp_path / "new.db")]) == 2
    assert capsys.readouterr().err.startswith("salon-crm: source: holds no salon.")
    forget(server, salon_id)


def forget(server: Server, salon_id: UUID) -> None:
    """Take a salon out of the database, as its operator does by hand."""
    import psycopg

    from salon_crm.adapters.postgres.schema import table_names

    with psycopg.connect(server.url()) as raw:
        raw.execute(
            "SELECT set_config('salon_crm.salon_id', %s, true), set_config('search_path', %s, true)",
            (str(salon_id), SCHEMA),
        )
        for name in reversed(table_names()):
            if name != "crm_schema":
                raw.execute(f"DELETE FROM {name}".encode())


# what records say


@pytest.mark.parametrize("kind", KINDS)
def test_records_say_the_same_only_where_every_field_is_equal(kind: str) -> None:
    one, other = BUILDERS[kind](1), BUILDERS[kind](2)
    assert content_bytes(one) == content_bytes(evolve(one))
    assert content_bytes(one) != content_bytes(other)


def test_an_instant_says_the_same_in_every_zone_and_a_set_in_every_order() -> None:
    booking = a_booking(1)
    elsewhere = booking.start.astimezone(timezone(timedelta(hours=9)))
    assert content_bytes(booking) == content_bytes(evolve(booking, start=elsewhere))
    names = [f"service-{number}" for number in range(50)]
    sets = [some_facts(1, booked=frozenset(order)) for order in (names, names[::-1])]
    assert content_bytes(sets[0]) == content_bytes(sets[1])


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("1", 1),
        (1, True),
        (None, "None"),
        (b"\1", "01"),
        (UUID(int=1), str(UUID(int=1))),
        (("a", "b"), ("a,b",)),
        (("a",), frozenset({"a"})),
        (Money(1, "EUR"), Money(2, "EUR")),
        (an_instant(1), an_instant(1).isoformat()),
        (a_customer(1, email=EmailAddress("a@b.example", "x")), a_customer(1, email=EmailAddress("a@b.example", "y"))),
    ],
)
def test_values_of_two_types_never_say_the_same(one: object, other: object) -> None:
    assert content_bytes(one) != content_bytes(other)


def test_what_no_record_holds_is_a_type_error() -> None:
    with pytest.raises(TypeError, match="complex"):
        content_bytes((1j,))
