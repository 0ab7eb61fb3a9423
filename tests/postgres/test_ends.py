"""Servers, and the processes that serve us, end in the middle: typed errors, nothing half done, the next call works."""

import os
import signal
from collections.abc import Generator
from contextlib import suppress
from time import monotonic, sleep
from uuid import uuid4

import pytest
from tests.servers import APP, SCHEMA, Server, running

import salon_crm as crm

OLGA = crm.Actor("olga", crm.Role.OWNER)


@pytest.fixture(scope="module")
def mortal() -> Generator[Server]:
    """A server of its own, since others would miss it."""
    with running() as server:
        yield server


def opened(server: Server) -> crm.Salon:
    return crm.open_salon(
        server.url(), salon_id=uuid4(), schema=SCHEMA, region="PT", zone="Europe/Lisbon", currency="EUR"
    )


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
                _until_it_answers(salon)
                crm.add_customer(salon, OLGA, name=name, reference=name)
            acknowledged.append(name)
        assert names(salon) == acknowledged
        assert crm.verify_audit(salon, OLGA).ok


def _until_it_answers(salon: crm.Salon) -> None:
    until = monotonic() + 20
    while True:
        try:
            names(salon)
        except crm.StoreError:
            assert monotonic() < until
            sleep(0.05)
        else:
            return


def test_a_commit_that_nobody_answers_is_unknown_and_told_by_its_reference(
    mortal: Server, monkeypatch: pytest.MonkeyPatch
) -> None:
    from salon_crm.adapters.postgres.connection import PostgresConnection

    commit = PostgresConnection.commit

    def unanswered(connection: PostgresConnection) -> None:
        """Keep it, and lose the connection before the answer is read."""
        connection.raw.execute("COMMIT")
        mortal.run(f"SELECT pg_terminate_backend({connection.raw.info.backend_pid})")
        commit(connection)

    with opened(mortal) as salon:
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
