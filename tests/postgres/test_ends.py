"""Servers, and the processes that serve us, end in the middle: typed errors, nothing half done, the next call works."""

import os
import signal
import traceback
from contextlib import suppress
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from psycopg_pool import ConnectionPool
from tests.servers import APP, SCHEMA, Server
from tests.stress.jobs import until_it_answers

import salon_crm as crm
from salon_crm.adapters.postgres import PostgresStore
from salon_crm.adapters.postgres.connection import PostgresConnection
from salon_crm.adapters.postgres.schema import SCHEMA_VERSION
from salon_crm.cli import main
from salon_crm.domain.ids import SalonId

OLGA = crm.Actor("olga", crm.Role.OWNER)


SETTINGS: dict[str, Any] = {"schema": SCHEMA, "region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}


def opened(server: Server) -> crm.Salon:
    return crm.open_salon(server.url(), salon_id=uuid4(), **SETTINGS)


def names(salon: crm.Salon) -> list[str]:
    return [row.name for row in crm.find_customers(salon, OLGA)]


def test_a_server_restarted_in_the_middle_keeps_what_was_acknowledged_and_nothing_else(mortal: Server) -> None:
    with opened(mortal) as salon:
        crm.add_customer(salon, OLGA, name="Ana Silva")

        def interrupted() -> None:
            with salon.transaction() as unit:
                crm.add_customer(unit, OLGA, name="Bea Costa")
                mortal.crash()
                mortal.start()
                crm.add_customer(unit, OLGA, name="Carla Dias")

        with pytest.raises(crm.StoreError):
            interrupted()
        assert names(salon) == ["Ana Silva"]
        crm.add_customer(salon, OLGA, name="Bea Costa")
        assert names(salon) == ["Ana Silva", "Bea Costa"]
        assert crm.verify_audit(salon, OLGA).ok


def test_a_server_that_is_gone_is_said_until_it_is_back(mortal: Server) -> None:
    with opened(mortal) as salon:
        crm.add_customer(salon, OLGA, name="Ana Silva")
        mortal.crash()
        try:
            for _ in range(2):
                with pytest.raises(crm.StoreError) as caught:
                    crm.add_customer(salon, OLGA, name="Bea Costa")
                assert caught.value.code == "store-failed"
        finally:
            mortal.start()
        crm.add_customer(salon, OLGA, name="Carla Dias")
        assert names(salon) == ["Ana Silva", "Carla Dias"]


def test_a_process_of_the_server_killed_takes_nothing_acknowledged_along(mortal: Server) -> None:
    with opened(mortal) as salon:
        acknowledged: list[str] = []
        for number in range(12):
            name = f"Ana {number:02}"
            if number % 4 == 2:
                for pid in mortal.backends(APP):
                    with suppress(ProcessLookupError):
                        os.kill(pid, signal.SIGKILL)
            try:
                crm.add_customer(salon, OLGA, name=name, reference=name)
            except crm.StoreError:
                until_it_answers(salon)
                crm.add_customer(salon, OLGA, name=name, reference=name)
            acknowledged.append(name)
        assert names(salon) == acknowledged
        assert crm.verify_audit(salon, OLGA).ok


@pytest.mark.parametrize("pooled", [False, True])
def test_a_commit_that_nobody_answers_is_unknown_and_told_by_its_reference(
    mortal: Server, monkeypatch: pytest.MonkeyPatch, pooled: bool
) -> None:
    commit = PostgresConnection.commit

    def unanswered(connection: PostgresConnection) -> None:
        """Keep it, and lose the connection before the answer is read."""
        connection.raw.execute("COMMIT")
        mortal.run(f"SELECT pg_terminate_backend({connection.raw.info.backend_pid})")
        commit(connection)

    with (
        ConnectionPool[psycopg.Connection[Any]](mortal.url(), min_size=1, open=True) as pool,
        crm.open_salon(pool if pooled else mortal.url(), salon_id=uuid4(), **SETTINGS) as salon,
    ):
        with monkeypatch.context() as patched:
            patched.setattr(PostgresConnection, "commit", unanswered)
            with pytest.raises(crm.StoreError) as caught:
                crm.add_customer(salon, OLGA, name="Ana Silva", reference="till-1")
        assert caught.value.code == "outcome-unknown"
        again = crm.add_customer(salon, OLGA, name="Ana Silva", reference="till-1")
        assert names(salon) == ["Ana Silva"]
        assert again.name == "Ana Silva"


def test_a_server_with_no_connection_left_is_said_and_the_next_call_works(mortal: Server) -> None:
    with opened(mortal) as salon, opened(mortal) as other:
        crm.add_customer(salon, OLGA, name="Ana Silva")
        mortal.run(f"ALTER ROLE {APP} CONNECTION LIMIT 1")
        try:
            with salon.transaction() as unit:
                crm.add_customer(unit, OLGA, name="Bea Costa")
                with pytest.raises(crm.StoreError) as caught:
                    names(salon)  # a second connection: the transaction has the one that both salons use
            assert caught.value.code == "store-failed"
            assert names(salon) == ["Ana Silva", "Bea Costa"]
            assert names(other) == []
        finally:
            mortal.run(f"ALTER ROLE {APP} CONNECTION LIMIT -1")
        assert names(salon) == ["Ana Silva", "Bea Costa"]


GUARDED, RIGHT, WRONG = "guarded", "correct-horse", "battery-staple"


def all_told(error: BaseException) -> str:
    """Return all that a log may show of an error."""
    return "".join([repr(error), *traceback.format_exception(error)])


def test_a_password_is_asked_for_and_never_shown(mortal: Server, capsys: pytest.CaptureFixture[str]) -> None:
    mortal.run(f"CREATE ROLE {GUARDED} LOGIN IN ROLE {APP}")
    mortal.demand_password(GUARDED, RIGHT)

    def url(password: str, database: str = "postgres") -> str:
        return mortal.url(GUARDED, database).replace(f"{GUARDED}@", f"{GUARDED}:{password}@")

    salon_id = uuid4()
    for address in (
        url(WRONG),
        mortal.url(GUARDED),
        url(WRONG, "no_such_database"),
        url(RIGHT, "no_such_database"),
        f"postgresql://{GUARDED}:{WRONG}@[half/an%zzaddress",
        url(WRONG) + "&no_such_option=1",
    ):
        with pytest.raises(crm.StoreError) as caught:
            crm.open_salon(address, salon_id=salon_id, **SETTINGS)
        assert caught.value.code == "store-unopenable"
        assert not {part for part in (RIGHT, WRONG, GUARDED) if part in all_told(caught.value)}
        assert main(["migrate", address]) == 2
        printed = capsys.readouterr()
        assert not {part for part in (RIGHT, WRONG) if part in printed.out + printed.err}
    with crm.open_salon(url(RIGHT), salon_id=salon_id, **SETTINGS) as salon:
        crm.add_customer(salon, OLGA, name="Ana Silva")
        assert RIGHT not in repr(salon) + repr(salon.store)
        mortal.run(f"ALTER ROLE {GUARDED} PASSWORD '{WRONG}'")
        mortal.disconnect(GUARDED)
        with pytest.raises(crm.StoreError) as caught:
            names(salon)
        assert caught.value.code == "store-failed"
        assert not {part for part in (RIGHT, WRONG, GUARDED) if part in all_told(caught.value)}
        mortal.run(f"ALTER ROLE {GUARDED} PASSWORD '{RIGHT}'")
        assert names(salon) == ["Ana Silva"]


def test_a_pool_that_cannot_connect_is_said_and_serves_once_it_can(mortal: Server) -> None:
    mortal.run("CREATE ROLE late NOLOGIN")
    mortal.run(f"GRANT {APP} TO late")
    with ConnectionPool[psycopg.Connection[Any]](mortal.dsn("late"), min_size=1, open=True) as pool:
        with pytest.raises(crm.StoreBusy) as caught:
            PostgresStore(pool, salon_id=SalonId(uuid4()), schema=SCHEMA, deadline=0.3)
        assert (caught.value.code, "late" in all_told(caught.value)) == ("pool-empty", False)
        mortal.run("ALTER ROLE late LOGIN")
        with crm.open_salon(pool, salon_id=uuid4(), **SETTINGS) as salon:
            assert names(salon) == []


def test_a_server_whose_connections_are_all_taken_is_said_and_the_next_call_works(mortal: Server) -> None:
    with opened(mortal) as salon:
        crm.add_customer(salon, OLGA, name="Ana Silva")
        taken: list[psycopg.Connection[Any]] = []
        try:
            with suppress(psycopg.OperationalError):
                while True:
                    taken.append(psycopg.connect(mortal.dsn(APP)))
            assert len(taken) > 10
            assert names(salon) == ["Ana Silva"]  # by the connection it has
            with salon.transaction() as unit:
                crm.add_customer(unit, OLGA, name="Bea Costa")
                with pytest.raises(crm.StoreError) as caught:
                    names(salon)
                assert caught.value.code == "store-failed"
            with pytest.raises(crm.StoreError) as caught:
                crm.open_salon(f"{mortal.url()}&connect_timeout=5", salon_id=uuid4(), **SETTINGS)
            assert caught.value.code == "store-unopenable"
        finally:
            for each in taken:
                each.close()
        assert names(salon) == ["Ana Silva", "Bea Costa"]
        assert crm.verify_audit(salon, OLGA).ok


@pytest.mark.parametrize(("version", "expected"), [(99, crm.SchemaNewer), (0, crm.SchemaOutdated)])
def test_tables_of_another_release_are_refused_until_they_are_right(
    mortal: Server, version: int, expected: type[crm.SalonCrmError]
) -> None:
    with opened(mortal) as salon:
        crm.add_customer(salon, OLGA, name="Ana Silva")
    mortal.run(f"UPDATE {SCHEMA}.crm_schema SET version = {version}")
    try:
        with pytest.raises(expected):
            crm.open_salon(mortal.url(), salon_id=salon.id, **SETTINGS)
    finally:
        mortal.run(f"UPDATE {SCHEMA}.crm_schema SET version = {SCHEMA_VERSION}")
    with crm.open_salon(mortal.url(), salon_id=salon.id, **SETTINGS) as again:
        assert names(again) == ["Ana Silva"]
