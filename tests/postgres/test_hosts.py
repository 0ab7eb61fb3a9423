"""Django and SQLAlchemy as hosts: their rows and the salon's are kept together, however they like their connections.

Django is configured once a process, and by the page that shows it; what is asked of it here runs in one of its own.
"""

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any, Final
from uuid import uuid4

import pytest
from psycopg.conninfo import conninfo_to_dict
from sqlalchemy import create_engine, text
from tests.servers import APP, SCHEMA, Server

import salon_crm as crm

OLGA = crm.Actor("olga", crm.Role.OWNER)
SETTINGS: dict[str, Any] = {"schema": SCHEMA, "region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}

DJANGO: Final = """
import json
import sys

import django
from django.conf import settings
from psycopg import IsolationLevel

import salon_crm as crm

place, parts, table = json.loads(sys.argv[1])
LIKES = {
    "default": {},
    "binding": {"server_side_binding": True},
    "pooled": {"pool": {"min_size": 1, "max_size": 2}},
    "serializable": {"isolation_level": IsolationLevel.SERIALIZABLE},
}
base = {"NAME": parts["dbname"], "USER": parts["user"], "HOST": parts["host"]}
base["ENGINE"] = "django.db.backends.postgresql"
settings.configure(DATABASES={name: base | {"OPTIONS": options} for name, options in LIKES.items()}, USE_TZ=True)
django.setup()
from django.db import connections, transaction

salon = crm.open_salon(**place)
olga = crm.Actor("olga", crm.Role.OWNER)
found = {}
for name in LIKES:
    connection = connections[name]
    for kept in (True, False):
        try:
            with transaction.atomic(using=name):
                with transaction.atomic(using=name), connection.cursor() as cursor:
                    cursor.execute("SELECT %s::text, %s::json, now()", ["own", '{"a": 1}'])
                    before = [repr(value) for value in cursor.fetchone()[:2]]
                with salon.within(connection.connection) as tx:
                    customer = crm.add_customer(tx, olga, name=f"{name} {kept} Łucja")
                    crm.find_customers(tx, olga, crm.CustomerFilter(text="ucja"))
                with connection.cursor() as cursor:
                    cursor.execute("SELECT %s::text, %s::json, now()", ["own", '{"a": 1}'])
                    assert [repr(value) for value in cursor.fetchone()[:2]] == before
                    cursor.execute(f"INSERT INTO {table} VALUES (%s, %s)", [name, str(customer.id)])
                    if not kept:
                        raise ZeroDivisionError
        except ZeroDivisionError:
            pass
    with connection.cursor() as cursor:
        cursor.execute(f"SELECT customer FROM {table} WHERE host = %s", [name])
        rows = [row[0] for row in cursor.fetchall()]
    there = [str(row.id) for row in crm.find_customers(salon, olga) if row.name.startswith(name)]
    found[name] = (len(rows), rows == there)
    connection.close()
    if name == "pooled":
        connection.close_pool()
salon.close()
print(json.dumps(found))
"""


@pytest.fixture
def place(server: Server) -> dict[str, Any]:
    return {"where": server.url(), "salon_id": str(uuid4()), **SETTINGS}


@pytest.fixture
def table(server: Server) -> str:
    name = f"of_host_{uuid4().hex}"
    server.run(f"CREATE TABLE {name} (host text, customer text)", f"GRANT ALL ON {name} TO {APP}")
    return name


def test_django_keeps_its_rows_and_the_salon_s_together(server: Server, place: dict[str, Any], table: str) -> None:
    told = json.dumps([place, conninfo_to_dict(server.url()), table])
    done = subprocess.run([sys.executable, "-c", DJANGO, told], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stderr
    found = json.loads(done.stdout)
    assert found == {name: [1, True] for name in ("default", "binding", "pooled", "serializable")}


@pytest.mark.parametrize("level", [None, "REPEATABLE READ", "SERIALIZABLE"])
def test_sqlalchemy_keeps_its_rows_and_the_salon_s_together(
    server: Server, place: dict[str, Any], table: str, level: Any
) -> None:
    options: dict[str, Any] = {} if level is None else {"isolation_level": level}
    engine = create_engine("postgresql+psycopg://", connect_args=conninfo_to_dict(server.url()), **options)
    insert = text(f"INSERT INTO {table} VALUES ('alchemy', :customer)")

    def keep(salon: crm.Salon, name: str, then: Callable[[], object]) -> None:
        with engine.begin() as host:
            with salon.within(host.connection.driver_connection) as tx:
                customer = crm.add_customer(tx, OLGA, name=name)
            host.execute(insert, {"customer": str(customer.id)})
            then()

    with crm.open_salon(**place) as salon:
        keep(salon, "Ana Silva", lambda: None)
        with pytest.raises(ZeroDivisionError):
            keep(salon, "Bea Costa", lambda: 1 / 0)
        with engine.connect() as host:
            rows = [row[0] for row in host.execute(text(f"SELECT customer FROM {table}"))]
        assert rows == [str(row.id) for row in crm.find_customers(salon, OLGA)]
        assert len(rows) == 1
    engine.dispose()


def test_sqlalchemy_without_transactions_is_refused(server: Server, place: dict[str, Any]) -> None:
    engine = create_engine(
        "postgresql+psycopg://", connect_args=conninfo_to_dict(server.url()), isolation_level="AUTOCOMMIT"
    )
    with crm.open_salon(**place) as salon, engine.connect() as host, pytest.raises(crm.InvalidValue) as caught:
        salon.within(host.connection.driver_connection).__enter__()
    assert (caught.value.code, caught.value.field) == ("connection-unfit", "connection")
    engine.dispose()
