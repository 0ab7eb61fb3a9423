"""What PostgreSQL adds: roles, schemas, many salons side by side, servers and connections that end."""

from concurrent.futures import ThreadPoolExecutor
from contextlib import suppress
from typing import Any
from uuid import uuid4

import psycopg
import pytest
from tests.postgres.conftest import MakeSalonStore, add_across_an_end
from tests.servers import APP, ELSEWHERE, OWNER, SCHEMA, SUPERUSER, Server

import salon_crm as crm
from salon_crm.adapters.postgres import PostgresStore
from salon_crm.adapters.postgres.schema import SCHEMA_VERSION, migrate, table_names
from salon_crm.adapters.sql.tables import ADDED_COLUMNS, REWARD_SHAPES
from salon_crm.domain.ids import SalonId
from salon_crm.testing import a_reward_entry

OLGA = crm.Actor("olga", crm.Role.OWNER)


SETTINGS: dict[str, Any] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR", "schema": SCHEMA}


def open_salon(server: Server, **stated: Any) -> crm.Salon:
    settings: dict[str, Any] = {**SETTINGS, "salon_id": uuid4(), **stated}
    return crm.open_salon(server.url(), **settings)


def test_a_salon_is_opened_by_its_url_and_found_again(server: Server) -> None:
    salon_id = uuid4()
    with open_salon(server, salon_id=salon_id) as salon:
        ana = crm.add_customer(salon, OLGA, name="Ana Silva", mobile="912 345 678")
        assert salon.id == salon_id
    with crm.open_salon(server.url(), salon_id=str(salon_id), schema=SCHEMA) as again:
        assert crm.get_customer(again, OLGA, ana.id) == ana
        assert [row.id for row in crm.find_customers(again, OLGA, crm.CustomerFilter(text="silva 678"))] == [ana.id]
        assert crm.verify_audit(again, OLGA).ok


def test_a_salon_in_a_database_is_named(server: Server) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.open_salon(server.url(), region="PT", zone="UTC", currency="EUR")
    assert (caught.value.code, caught.value.field) == ("required", "salon_id")


@pytest.mark.parametrize("stated", [{"migrate": True}, {"share": True}, {"schema": "s" * 64}, {"schema": ""}])
def test_what_does_not_go_with_a_database_is_refused(server: Server, stated: dict[str, Any]) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        open_salon(server, **stated)
    assert caught.value.field in stated


def test_a_schema_goes_with_a_database_only() -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.open_salon(region="PT", zone="UTC", currency="EUR", schema="crm")
    assert caught.value.field == "schema"


def test_a_role_that_row_security_does_not_hold_for_is_refused(server: Server) -> None:
    with pytest.raises(crm.StoreError) as caught:
        PostgresStore(server.dsn(SUPERUSER), salon_id=SalonId(uuid4()), schema=SCHEMA)
    assert caught.value.code == "role-beyond-security"


@pytest.mark.parametrize(
    ("user", "database", "code"),
    [("nobody_knows", "postgres", "store-unopenable"), (APP, "no_such_database", "store-unopenable")],
)
def test_who_cannot_connect_is_told(server: Server, user: str, database: str, code: str) -> None:
    with pytest.raises(crm.StoreError) as caught:
        PostgresStore(server.dsn(user, database), salon_id=SalonId(uuid4()), schema=SCHEMA)
    assert caught.value.code == code
    assert user not in str(caught.value)


def test_tables_that_are_not_there_or_of_another_release_are_named(server: Server) -> None:
    with pytest.raises(crm.SchemaOutdated) as missing:
        PostgresStore(server.dsn(APP), salon_id=SalonId(uuid4()), schema="no_such_schema")
    assert "salon_crm migrate" in str(missing.value)
    versions = "crm.crm_schema"
    for version, expected in ((99, crm.SchemaNewer), (0, crm.SchemaOutdated)):
        server.run(f"UPDATE {versions} SET version = {version}", database=ELSEWHERE)
        try:
            with pytest.raises(expected):
                PostgresStore(server.dsn(APP, ELSEWHERE), salon_id=SalonId(uuid4()), schema=SCHEMA)
        finally:
            server.run(f"UPDATE {versions} SET version = {SCHEMA_VERSION}", database=ELSEWHERE)


def test_migrating_again_changes_nothing_and_two_at_once_make_one_schema(server: Server) -> None:
    assert migrate(server.dsn(OWNER), schema=SCHEMA, role=APP).found == SCHEMA_VERSION

    def make(_: int) -> int:
        return migrate(server.dsn(OWNER), schema="made_twice", role=APP).found

    with ThreadPoolExecutor(2) as pool:
        assert sorted(pool.map(make, range(2))) == [0, SCHEMA_VERSION]


@pytest.mark.parametrize("named", [APP, None])
def test_tables_of_an_earlier_version_get_what_was_added_for_the_roles_that_may_use_them(
    server: Server, named: str | None
) -> None:
    schema = f"earlier_{named}".lower()
    migrate(server.dsn(OWNER), schema=schema, role=APP)
    where: Any = {"where": server.url(), "schema": schema, "salon_id": uuid4()}
    with crm.open_salon(**where, region="PT", zone="UTC", currency="EUR") as salon:
        crm.add_customer(salon, OLGA, name="Ana Silva")
    dropped = [f"DROP TABLE {schema}.{shape.name}" for shape in REWARD_SHAPES]
    dropped += [f"ALTER TABLE {schema}.{shape.name} DROP COLUMN {name}" for shape, name in ADDED_COLUMNS]
    server.run(*dropped, f"UPDATE {schema}.crm_schema SET version = 1")
    with pytest.raises(crm.SchemaOutdated):
        crm.open_salon(**where)
    report = migrate(server.dsn(OWNER), schema=schema, role=named)
    assert (report.found, report.version) == (1, SCHEMA_VERSION)
    with crm.open_salon(**where) as salon:
        [ana] = crm.find_customers(salon, OLGA)
        with salon.store.writing() as writing:
            writing.reward_entries.add(a_reward_entry(1, customer_id=ana.id))
        crm.change_settings(salon, OLGA, rewards={"minimum": 7})
        member = crm.add_staff_member(salon, OLGA, name="Ana", customer_id=ana.id)
        assert (crm.get_settings(salon, OLGA).rewards.minimum, member.customer_id) == (7, ana.id)
    with psycopg.connect(server.dsn(OWNER)) as raw:
        raw.execute(f"SET search_path TO {schema}".encode())
        assert raw.execute("SELECT count(*) FROM crm_reward_entries").fetchone() == (0,)  # no salon is set


def test_somebody_else_s_table_in_the_way_is_an_error_and_left_alone(server: Server) -> None:
    server.run(f"CREATE SCHEMA taken AUTHORIZATION {OWNER}", "CREATE TABLE taken.crm_notes (own text)")
    with pytest.raises(crm.StoreError):
        migrate(server.dsn(OWNER), schema="taken", role=APP)
    with psycopg.connect(server.dsn()) as raw:
        tables = raw.execute("SELECT tablename FROM pg_tables WHERE schemaname = 'taken'").fetchall()
    assert tables == [("crm_notes",)]


@pytest.mark.parametrize("schema", ["\ud800", "a\0b", 'no"such; DROP SCHEMA crm'])
def test_a_name_that_is_no_schema_s_is_a_typed_error(server: Server, schema: str) -> None:
    with pytest.raises(crm.SalonCrmError):
        open_salon(server, schema=schema)


def test_raw_sql_as_the_app_s_role_sees_no_row_without_a_salon(
    server: Server, make_salon_store: MakeSalonStore
) -> None:
    salon = crm.open_salon(make_salon_store("ours"), region="PT", zone="UTC", currency="EUR")
    crm.add_customer(salon, OLGA, name="Ana Silva", mobile="912 345 678")
    for user in (APP, OWNER):
        with psycopg.connect(server.dsn(user)) as raw:
            raw.execute(f"SET search_path TO {SCHEMA}")
            for name in table_names():
                if name != "crm_schema":
                    assert raw.execute(f"SELECT count(*) FROM {name}".encode()).fetchone() == (0,), (user, name)
            # a connection that a pool hands on after a salon's transaction is nobody's again
            raw.commit()
            raw.execute("SELECT set_config('salon_crm.salon_id', %s, true)", [str(salon.id)])
            assert raw.execute("SELECT count(*) FROM crm_customers").fetchone() == (1,)
            raw.commit()
            assert raw.execute("SELECT count(*) FROM crm_customers").fetchone() == (0,)


def test_two_salons_with_the_same_customers_do_not_meet(make_salon_store: MakeSalonStore) -> None:
    salons = [
        crm.open_salon(make_salon_store(name), region="PT", zone="UTC", currency="EUR") for name in ("one", "other")
    ]
    added = [crm.add_customer(salon, OLGA, name="Ana Silva", mobile="912 345 678") for salon in salons]
    for salon, own, foreign in zip(salons, added, reversed(added), strict=True):
        assert [row.id for row in crm.find_customers(salon, OLGA)] == [own.id]
        assert crm.match_customers(salon, OLGA, name="Ana Silva", mobile="912 345 678")[0].customer_id == own.id
        with pytest.raises(crm.NotFound):
            crm.get_customer(salon, OLGA, foreign.id)
        assert crm.verify_audit(salon, OLGA).ok


def test_after_the_server_ended_a_connection_the_next_call_works(
    server: Server, make_salon_store: MakeSalonStore
) -> None:
    salon = crm.open_salon(make_salon_store("ours"), region="PT", zone="UTC", currency="EUR")
    crm.add_customer(salon, OLGA, name="Ana Silva")
    server.disconnect(APP)
    assert crm.count_customers(salon, OLGA) == 1

    with pytest.raises(crm.StoreError):
        add_across_an_end(salon, server)
    assert crm.count_customers(salon, OLGA) == 1
    assert crm.verify_audit(salon, OLGA).ok


def test_a_transaction_in_which_a_statement_failed_is_not_taken_for_kept(make_salon_store: MakeSalonStore) -> None:
    store = make_salon_store("ours")
    with pytest.raises(crm.StoreError), store.writing() as writing, suppress(crm.StoreError):
        writing._connection.run("SELECT 1 / 0")
    salon = crm.open_salon(store, region="PT", zone="UTC", currency="EUR")
    assert crm.count_customers(salon, OLGA) == 0


def test_a_host_s_settings_are_as_they_were_after_a_joined_part(
    server: Server, make_salon_store: MakeSalonStore
) -> None:
    salon = crm.open_salon(make_salon_store("ours"), region="PT", zone="UTC", currency="EUR")
    names = ("search_path", "lock_timeout", "join_collapse_limit", "salon_crm.salon_id")
    asked = b"SELECT " + b", ".join(b"current_setting('%s', true)" % name.encode() for name in names)
    with psycopg.connect(server.dsn(APP)) as host:
        before = host.execute(asked).fetchone()
        with salon.within(host) as unit:
            crm.add_customer(unit, OLGA, name="Ana Silva")
        found = host.execute(asked).fetchone()
        assert [value or "" for value in found or ()] == [value or "" for value in before or ()]
        with pytest.raises(crm.InvalidValue), salon.within(host) as unit:
            crm.add_customer(unit, OLGA, name="")
        assert host.execute("SELECT 1").fetchone() == (1,)
        host.rollback()
    assert crm.count_customers(salon, OLGA) == 0


def joined(salon: crm.Salon, host: psycopg.Connection[Any]) -> list[str]:
    with salon.within(host) as tx:
        crm.add_customer(tx, OLGA, name="Bea Costa")
        return [row.name for row in crm.find_customers(tx, OLGA)]


def refused(salon: crm.Salon, host: psycopg.Connection[Any]) -> crm.InvalidValue:
    with pytest.raises(crm.InvalidValue) as caught:
        joined(salon, host)
    assert caught.value.field == "connection"
    return caught.value


def test_a_temporary_table_of_the_host_s_is_not_taken_for_ours(
    server: Server, make_salon_store: MakeSalonStore
) -> None:
    salon = crm.open_salon(make_salon_store("ours"), region="PT", zone="UTC", currency="EUR")
    with psycopg.connect(server.dsn(APP)) as host:
        host.execute("CREATE TEMPORARY TABLE crm_customers (own text)")
        assert joined(salon, host) == ["Bea Costa"]
        assert host.execute("SELECT count(*) FROM crm_customers").fetchone() == (0,)


def test_a_host_in_a_pipeline_is_asked_to_end_it(server: Server, make_salon_store: MakeSalonStore) -> None:
    salon = crm.open_salon(make_salon_store("ours"), region="PT", zone="UTC", currency="EUR")
    with psycopg.connect(server.dsn(APP)) as host:
        with host.pipeline():
            host.execute("SELECT 1")
            assert "pipeline" in str(refused(salon, host))
        assert joined(salon, host) == ["Bea Costa"]


def test_a_host_whose_role_sees_every_salon_s_rows_is_refused(server: Server) -> None:
    server.run("CREATE DATABASE of_one")  # where a role that sees all salons sees the same as one that sees its own
    server.make_tables("of_one")
    with (
        crm.open_salon(server.url(database="of_one"), salon_id=uuid4(), **SETTINGS) as salon,
        psycopg.connect(server.dsn(SUPERUSER, "of_one")) as host,
    ):
        assert "row security" in str(refused(salon, host))
        host.execute(f"SET ROLE {APP}")
        assert joined(salon, host) == ["Bea Costa"]


def test_a_salon_that_another_process_began_after_its_store_was_opened_is_joined(
    server: Server, make_salon_store: MakeSalonStore
) -> None:
    opened_first, other = make_salon_store("ours"), make_salon_store("ours")
    crm.open_salon(other, region="PT", zone="UTC", currency="EUR")
    salon = crm.open_salon(opened_first)
    with psycopg.connect(server.dsn(APP)) as host:
        assert joined(salon, host) == ["Bea Costa"]


@pytest.mark.parametrize("encoding", ["LATIN1", "SQL_ASCII"])
def test_a_database_that_cannot_keep_every_name_is_refused_when_its_tables_are_made_and_when_it_is_opened(
    server: Server, encoding: str
) -> None:
    name = f"in_{encoding.lower()}"
    server.run(f"CREATE DATABASE {name} ENCODING '{encoding}' LOCALE 'C' TEMPLATE template0")
    with pytest.raises(crm.StoreError, match=f"encoding is {encoding}.*UTF8"):
        server.make_tables(name)
    with pytest.raises(crm.StoreError, match=f"encoding is {encoding}.*UTF8"):
        crm.open_salon(server.url(database=name), salon_id=uuid4(), **SETTINGS)


def test_health_sees_rows_and_keys_that_were_changed_by_hand_and_a_search_index_that_is_made_anew(
    make_salon_store: MakeSalonStore,
) -> None:
    store = make_salon_store("ours")
    with crm.open_salon(store, region="PT", zone="UTC", currency="EUR") as salon:
        ana = crm.add_customer(salon, OLGA, name="Ana Silva", mobile="912 345 678")
        sound = crm.check_health(salon, OLGA)
        assert (sound.sound, sound.schema, sound.log_size) == (True, SCHEMA_VERSION, 0)
        assert sound.schema_known == SCHEMA_VERSION
        by_hand(store, "DELETE FROM crm_customer_pieces")
        assert [each.trouble for each in crm.check_health(salon, OLGA).findings] == [crm.Trouble.SEARCH_UNSOUND]
        assert crm.rebuild_search(salon, OLGA) == 1
        assert crm.check_health(salon, OLGA).sound
        assert [row.id for row in crm.find_customers(salon, OLGA, crm.CustomerFilter(text="lva 678"))] == [ana.id]
        by_hand(store, "DELETE FROM crm_customer_keys WHERE kind = 'name'")
        [damaged] = crm.check_health(salon, OLGA).findings
        assert damaged.trouble is crm.Trouble.DAMAGED
        assert "rows of crm_customer_keys are not as they were written: 1" in damaged.sentence
        with pytest.raises(crm.NotSupported):
            crm.back_up_salon(salon, OLGA, "copy.db")


def test_the_size_of_a_salon_says_nothing_of_its_neighbours(make_salon_store: MakeSalonStore) -> None:
    ours, other = make_salon_store("ours"), make_salon_store("other")
    crm.open_salon(ours, region="PT", zone="UTC", currency="EUR")
    before = ours.health()
    neighbour = crm.open_salon(other, region="PT", zone="UTC", currency="EUR")
    crm.add_customer(neighbour, OLGA, name="Bea Costa")
    assert ours.health() == before


def by_hand(store: PostgresStore, statement: str) -> None:
    with store.writing() as writing:
        writing._connection.run(statement)
