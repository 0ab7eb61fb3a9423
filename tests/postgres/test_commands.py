"""Tables made from the command line, by their owner or by somebody who is given the statements."""

from uuid import uuid4

import pytest
from tests.servers import APP, OWNER, Server

import salon_crm as crm
from salon_crm.adapters.postgres.schema import SCHEMA_VERSION
from salon_crm.cli import main

OLGA = crm.Actor("olga", crm.Role.OWNER)


def works(server: Server, schema: str) -> bool:
    with crm.open_salon(
        server.url(), salon_id=uuid4(), schema=schema, region="PT", zone="UTC", currency="EUR"
    ) as salon:
        ana = crm.add_customer(salon, OLGA, name="Ana Silva", mobile="912 345 678")
        return [row.id for row in crm.find_customers(salon, OLGA, crm.CustomerFilter(text="678"))] == [ana.id]


def test_migrate_makes_the_tables_for_a_role_and_again_does_nothing(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    asked = ["migrate", server.dsn(OWNER), "--schema", "by_command", "--role", APP]
    assert main(asked) == 0
    assert capsys.readouterr().out == f"The database had schema 0; it has schema {SCHEMA_VERSION}.\n"
    assert works(server, "by_command")
    assert main(asked) == 0
    assert capsys.readouterr().out == f"The database is up to date; it has schema {SCHEMA_VERSION}.\n"


def test_what_ddl_prints_makes_the_same_tables(server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["ddl", "--dialect", "postgres", "--schema", "by_hand", "--role", APP]) == 0
    server.run(f"SET ROLE {OWNER}; BEGIN; {capsys.readouterr().out}; COMMIT; RESET ROLE")
    assert works(server, "by_hand")


def test_a_database_that_cannot_be_reached_is_said_in_one_line(
    server: Server, capsys: pytest.CaptureFixture[str]
) -> None:
    assert main(["migrate", server.dsn("nobody_knows")]) == 2
    assert len(capsys.readouterr().err.splitlines()) == 1
