"""Connections of a host's pool, and those of this process that its stores share: lent for a unit, back as they were."""

import os
from collections.abc import Generator
from contextlib import contextmanager, suppress
from threading import Thread
from time import monotonic
from typing import Any
from uuid import UUID, uuid4

import psycopg
import pytest
from psycopg.pq import TransactionStatus
from psycopg.rows import tuple_row
from psycopg_pool import AsyncConnectionPool, ConnectionPool, NullConnectionPool
from tests.postgres.conftest import MakePool, MakeSalonStore, Pool, add_across_an_end
from tests.servers import APP, OWNER, SCHEMA, Server

import salon_crm as crm
from salon_crm.adapters.postgres.schema import migrate

OLGA = crm.Actor("olga", crm.Role.OWNER)
ALONE: dict[str, Any] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}
SETTINGS: dict[str, Any] = {**ALONE, "schema": SCHEMA}
IMPATIENT = 0.2

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")


@pytest.fixture
def pool(make_pool: MakePool) -> Generator[Pool]:
    made = make_pool()
    made.wait()
    yield made
    made.close()


@pytest.fixture
def salon(pool: Pool) -> crm.Salon:
    return crm.open_salon(pool, salon_id=uuid4(), **SETTINGS)


def names(salon: crm.Salon) -> list[str]:
    return [row.name for row in crm.find_customers(salon, OLGA)]


@contextmanager
def all_taken(pool: Pool) -> Generator[None]:
    taken = [pool.getconn() for _ in range(pool.max_size)]
    yield
    for raw in taken:
        pool.putconn(raw)


# what a host may count on


def test_salons_share_a_pool_and_do_not_meet(pool: Pool) -> None:
    salons = [crm.open_salon(pool, salon_id=uuid4(), **SETTINGS) for _ in range(5)]
    for number, salon in enumerate(salons):
        crm.add_customer(salon, OLGA, name=f"Ana {number}", mobile="912 345 678")
    assert [names(salon) for salon in salons] == [[f"Ana {number}"] for number in range(5)]
    assert pool.get_stats()["pool_size"] <= pool.max_size


def test_a_salon_on_a_pool_is_that_of_its_address(server: Server, pool: Pool) -> None:
    salon_id = uuid4()
    with crm.open_salon(server.url(), salon_id=salon_id, **SETTINGS) as salon:
        ana = crm.add_customer(salon, OLGA, name="Łucja Żak")
    with crm.open_salon(pool, salon_id=salon_id, schema=SCHEMA) as again:
        assert crm.get_customer(again, OLGA, ana.id) == ana


def test_closing_a_salon_leaves_the_pool_open(pool: Pool) -> None:
    salon_id = uuid4()
    crm.open_salon(pool, salon_id=salon_id, **SETTINGS).close()
    assert not pool.closed
    with crm.open_salon(pool, salon_id=salon_id, schema=SCHEMA) as again:
        assert names(again) == []


@pytest.mark.parametrize("autocommit", [False, True])
def test_a_connection_comes_back_as_it_was_and_sees_no_row(make_pool: MakePool, autocommit: bool) -> None:
    pool = make_pool(max_size=1, kwargs={"autocommit": autocommit})
    asked = "search_path", "lock_timeout", "join_collapse_limit", "client_encoding", "salon_crm.salon_id"

    def seen() -> list[Any]:
        with pool.connection() as raw, psycopg.Cursor(raw) as cursor:
            found: list[Any] = [raw.autocommit, raw.info.transaction_status, raw.row_factory, raw.cursor_factory]
            cursor.row_factory = tuple_row
            for name in asked:
                [value] = cursor.execute("SELECT current_setting(%s, true)", [name]).fetchone() or [None]
                found.append(value or "")
            return found

    def rows() -> int:
        with pool.connection() as raw, psycopg.Cursor(raw, row_factory=tuple_row) as cursor:
            [count] = cursor.execute(f"SELECT count(*) FROM {SCHEMA}.crm_customers".encode()).fetchone() or [-1]
            return int(count)

    before = seen()
    assert (before[0], before[1]) == (autocommit, TransactionStatus.IDLE)
    with crm.open_salon(pool, salon_id=uuid4(), **SETTINGS) as salon:
        ana = crm.add_customer(salon, OLGA, name="Ana Silva")
        assert (seen(), rows()) == (before, 0)
        with pytest.raises(crm.InvalidValue):
            crm.add_customer(salon, OLGA, name="")
        assert (seen(), rows()) == (before, 0)
        with suppress(KeyboardInterrupt), salon.transaction() as tx:
            crm.add_note(tx, OLGA, ana.id, text="Tea")
            raise KeyboardInterrupt
        assert (seen(), rows()) == (before, 0)
        with pytest.raises(crm.StoreError), salon.store.writing() as writing:
            writing._connection.run("SELECT 1 / 0")  # type: ignore[attr-defined]  # a statement that fails there
        assert (seen(), rows()) == (before, 0)
        assert names(salon) == ["Ana Silva"]


def test_two_salons_whose_tables_stand_in_two_schemas_share_one_connection(server: Server, make_pool: MakePool) -> None:
    migrate(server.dsn(OWNER), schema="beside", role=APP)
    pool, salon_id = make_pool(max_size=1), uuid4()  # the same id in both, and statements that are prepared at once
    one, other = (crm.open_salon(pool, salon_id=salon_id, schema=schema, **ALONE) for schema in (SCHEMA, "beside"))
    for number in range(8):
        crm.add_customer(one, OLGA, name=f"Ana {number}")
        crm.add_customer(other, OLGA, name=f"Bea {number}")
    assert (len(names(one)), len(names(other))) == (8, 8)
    assert {name[:3] for name in names(one)} == {"Ana"}


def test_a_connection_of_the_salon_s_own_pool_is_joined(make_pool: MakePool) -> None:
    pool = make_pool(max_size=1)
    salon = crm.open_salon(pool, salon_id=uuid4(), **SETTINGS)
    with pool.connection() as host, salon.within(host) as tx:
        crm.add_customer(tx, OLGA, name="Ana Silva")
    again = crm.open_salon(pool, salon_id=salon.id, schema=SCHEMA)
    with pool.connection() as host, again.within(host) as tx:
        assert names(tx) == ["Ana Silva"]


def test_a_pool_that_keeps_nothing_serves_too(server: Server) -> None:
    with NullConnectionPool(server.dsn(APP), max_size=2) as pool:
        salon = crm.open_salon(pool, salon_id=uuid4(), **SETTINGS)
        crm.add_customer(salon, OLGA, name="Ana Silva")
        assert names(salon) == ["Ana Silva"]


# what goes wrong


def test_a_pool_with_nothing_left_is_said_and_the_next_call_works(pool: Pool, make_salon_store: MakeSalonStore) -> None:
    salon = crm.open_salon(make_salon_store("ours", deadline=IMPATIENT, where=pool), **ALONE)
    with all_taken(pool):
        for act in (lambda: names(salon), lambda: crm.add_customer(salon, OLGA, name="Bea Costa")):
            begun = monotonic()
            with pytest.raises(crm.StoreBusy) as caught:
                act()
            assert (caught.value.code, caught.value.params["seconds"]) == ("pool-empty", str(IMPATIENT))
            assert "Make the pool larger" in str(caught.value)
            assert IMPATIENT / 2 < monotonic() - begun < 5
    crm.add_customer(salon, OLGA, name="Ana Silva")
    assert names(salon) == ["Ana Silva"]


def test_a_pool_too_small_for_what_one_thread_does_is_said(
    make_pool: MakePool, make_salon_store: MakeSalonStore
) -> None:
    pool = make_pool(max_size=1)
    salon = crm.open_salon(make_salon_store("ours", deadline=IMPATIENT, where=pool), **ALONE)
    with salon.transaction() as tx:
        crm.add_customer(tx, OLGA, name="Ana Silva")
        with pytest.raises(crm.StoreBusy) as caught:
            names(salon)
        assert caught.value.code == "pool-empty"
    assert names(salon) == ["Ana Silva"]


def test_a_pool_that_lets_nobody_wait_is_said(make_pool: MakePool, make_salon_store: MakeSalonStore) -> None:
    pool = make_pool(max_size=1, max_waiting=1)
    salon = crm.open_salon(make_salon_store("ours", where=pool), **ALONE)
    waits = Thread(target=names, args=(salon,))
    with all_taken(pool):
        waits.start()
        until = monotonic() + 10
        while not pool.get_stats()["requests_waiting"]:
            assert monotonic() < until
        with pytest.raises(crm.StoreBusy) as caught:
            names(salon)
        assert caught.value.code == "pool-empty"
    waits.join()


def test_connections_that_the_server_ended_are_replaced(server: Server, make_pool: MakePool) -> None:
    pool = make_pool(min_size=3, max_size=3, configure=None)
    pool.wait()
    salon = crm.open_salon(pool, salon_id=uuid4(), **SETTINGS)
    crm.add_customer(salon, OLGA, name="Ana Silva")
    for act in (lambda: names(salon), lambda: crm.add_customer(salon, OLGA, name="Bea Costa")):
        pool.wait()
        server.disconnect(APP)
        act()
    assert names(salon) == ["Ana Silva", "Bea Costa"]

    with pytest.raises(crm.StoreError):
        add_across_an_end(salon, server)
    assert names(salon) == ["Ana Silva", "Bea Costa"]
    assert crm.verify_audit(salon, OLGA).ok
    assert pool.get_stats()["pool_size"] <= 3


def test_a_connection_that_somebody_closed_in_the_pool_is_replaced(make_pool: MakePool) -> None:
    pool = make_pool(max_size=1)
    salon = crm.open_salon(pool, salon_id=uuid4(), **SETTINGS)
    with pool.connection() as kept:
        pass
    kept.close()
    assert names(salon) == []


def test_a_pool_that_is_closed_or_not_open_yet_is_said(server: Server, salon: crm.Salon, pool: Pool) -> None:
    pool.close()
    with pytest.raises(crm.StoreError) as caught:
        names(salon)
    assert (caught.value.code, "closed" in str(caught.value)) == ("store-failed", True)
    unopened: Pool = ConnectionPool(server.dsn(APP), open=False)
    with pytest.raises(crm.StoreError) as caught:
        crm.open_salon(unopened, salon_id=uuid4(), **SETTINGS)
    assert (caught.value.code, "not open yet" in str(caught.value)) == ("store-unopenable", True)


class NoPool:
    """Somebody else's kind of pool."""

    def getconn(self, timeout: float | None = None) -> psycopg.Connection[Any]:
        raise AssertionError("it was asked")

    def putconn(self, conn: object) -> None:
        raise AssertionError("it was given one")


def test_what_is_no_pool_of_ours_is_refused(server: Server, pool: Pool) -> None:
    waiting: Any = AsyncConnectionPool(server.dsn(APP), open=False)
    for other in (waiting, NoPool()):
        with pytest.raises(crm.InvalidValue) as caught:
            crm.open_salon(other, salon_id=uuid4(), **SETTINGS)
        assert (caught.value.code, caught.value.field) == ("wrong-type", "where")
    with pytest.raises(crm.InvalidValue) as caught:
        crm.open_salon(pool, region="PT", zone="UTC", currency="EUR")
    assert (caught.value.code, caught.value.field) == ("required", "salon_id")
    with pytest.raises(crm.InvalidValue) as caught:
        crm.open_salon(pool, salon_id=uuid4(), migrate=True, **SETTINGS)
    assert caught.value.field == "migrate"


def test_without_its_package_nothing_is_a_pool(monkeypatch: pytest.MonkeyPatch, pool: Pool) -> None:
    monkeypatch.setitem(__import__("sys").modules, "salon_crm.adapters.postgres.host_pool", None)
    with pytest.raises(crm.InvalidValue) as caught:
        crm.open_salon(pool, salon_id=uuid4(), **SETTINGS)
    assert caught.value.field == "where"


def in_a_fork(act: Any) -> str:
    """Return what a forked process says that does it."""
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        try:
            said = repr(act())
        except BaseException as error:  # noqa: BLE001 -- told to the parent, who fails
            said = f"{type(error).__name__}: {error}"
        os.write(writer, said.encode())
        os._exit(0)
    os.close(writer)
    os.waitpid(child, 0)
    with os.fdopen(reader) as told:
        return told.read()


@posix
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_pool_carried_over_a_fork_is_refused_there_and_goes_on_here(pool: Pool, salon: crm.Salon) -> None:
    crm.add_customer(salon, OLGA, name="Ana Silva")
    said = in_a_fork(lambda: names(salon))
    assert said.startswith("StoreError: ")
    assert "in each process, after the fork" in said

    child = 0
    try:
        with salon.transaction() as tx:
            crm.add_customer(tx, OLGA, name="Bea Costa")
            child = os.fork()
            if not child:
                raise ZeroDivisionError  # the child leaves the block, and what it holds is the parent's
    except ZeroDivisionError:
        os._exit(7)
    assert os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]) == 7
    assert names(salon) == ["Ana Silva", "Bea Costa"]
    salon.close()


# connections of the process's own


def connections(server: Server, word: str) -> int:
    with psycopg.connect(server.dsn()) as raw:
        [(count,)] = raw.execute("SELECT count(*) FROM pg_stat_activity WHERE application_name = %s", [word]).fetchall()
    return int(count)


def until_connections(server: Server, word: str, count: int) -> None:
    """Wait until a server has noticed who is gone."""
    until = monotonic() + 10
    while connections(server, word) != count:
        assert monotonic() < until, connections(server, word)


def test_salons_of_a_process_share_its_connections_until_the_last_is_closed(server: Server) -> None:
    word = f"w{uuid4().hex}"
    url = f"{server.url()}&application_name={word}"
    salons = [crm.open_salon(url, salon_id=uuid4(), **SETTINGS) for _ in range(10)]
    for number, salon in enumerate(salons):
        crm.add_customer(salon, OLGA, name=f"Ana {number}")
    assert connections(server, word) == 1
    with salons[0].transaction(), salons[1].transaction():
        assert connections(server, word) == 2
    for salon in salons[1:]:
        salon.close()
    assert names(salons[0]) == ["Ana 0"]
    assert connections(server, word) == 2
    salons[0].close()
    until_connections(server, word, 0)
    with pytest.raises(crm.StoreError):
        names(salons[0])
    with crm.open_salon(url, salon_id=salons[1].id, schema=SCHEMA) as again:
        assert names(again) == ["Ana 1"]


def test_a_salon_closed_in_the_middle_of_a_unit_lets_go_of_its_connection_with_it(server: Server) -> None:
    word = f"w{uuid4().hex}"
    salon = crm.open_salon(f"{server.url()}&application_name={word}", salon_id=uuid4(), **SETTINGS)

    def closed_too_soon() -> None:
        with salon.transaction() as tx:
            crm.add_customer(tx, OLGA, name="Ana Silva")
            salon.store.close()

    with pytest.raises(crm.StoreError):
        closed_too_soon()
    until_connections(server, word, 0)


@posix
@pytest.mark.filterwarnings("ignore:This process .* is multi-threaded:DeprecationWarning")
def test_a_forked_process_has_connections_of_its_own(server: Server) -> None:
    with crm.open_salon(server.url(), salon_id=uuid4(), **SETTINGS) as salon:
        crm.add_customer(salon, OLGA, name="Ana Silva")
        assert in_a_fork(lambda: names(salon)) == "['Ana Silva']"
        assert names(salon) == ["Ana Silva"]


def test_defaults_of_the_role_change_nothing(server: Server) -> None:
    told = ("default_transaction_isolation = serializable", "default_transaction_read_only = on")
    url = f"{server.url()}&options={'%20'.join('-c%20' + each.replace(' = ', '%3D') for each in told)}"
    url += "&client_encoding=LATIN1"
    with crm.open_salon(url, salon_id=uuid4(), **SETTINGS) as salon:
        crm.add_customer(salon, OLGA, name="Łucja Żak")
        failed: list[Exception] = []

        def add_some(who: int) -> None:
            try:
                for number in range(5):
                    crm.add_customer(salon, OLGA, name=f"Ana {who} {number}")
            except crm.SalonCrmError as error:
                failed.append(error)

        threads = [Thread(target=add_some, args=(who,)) for who in range(4)]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert failed == []
        assert len(names(salon)) == 21
        assert names(salon)[-1] == "Łucja Żak"


def test_ids_of_salons_are_taken_as_text_with_a_pool_too(pool: Pool) -> None:
    salon = crm.open_salon(pool, salon_id="01890a5d-ac96-774b-bcce-b302099a8060", **SETTINGS)
    assert salon.id == UUID("01890a5d-ac96-774b-bcce-b302099a8060")
