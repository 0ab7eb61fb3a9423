"""Joining a host's own transaction on the SQLite file: each trap that was met, and what a host may count on."""

import os
import sqlite3
import sys
import threading
from collections.abc import Callable, Generator, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import pytest

import salon_crm as crm

OWNER = crm.Actor("olga", crm.Role.OWNER)
SETTINGS: dict[str, Any] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}
MUST = ("PRAGMA foreign_keys = ON", "PRAGMA secure_delete = ON")

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")


@pytest.fixture
def file(tmp_path: Path) -> Path:
    """A file that holds a host's table and a salon of one customer."""
    path = tmp_path / "salon.db"
    with closing(sqlite3.connect(path)) as own, own:
        own.execute("CREATE TABLE tickets (id INTEGER PRIMARY KEY, customer TEXT)")
    with crm.open_salon(path, **SETTINGS, share=True) as salon:
        crm.add_customer(salon, OWNER, name="Ana")
    return path


@pytest.fixture
def salon(file: Path) -> Iterator[crm.Salon]:
    with crm.open_salon(file) as opened:
        yield opened


@contextmanager
def connected(file: Path, *prepare: str, begin: str | None = "BEGIN IMMEDIATE", **options: Any) -> Generator[Any]:
    """A host's connection to the file, as `within` asks for it, in a transaction."""
    settings: dict[str, Any] = {"isolation_level": None, "timeout": 0, **options}
    with closing(sqlite3.connect(file, **settings)) as own:
        for statement in (*MUST, *prepare):
            own.execute(statement)
        if begin is not None:
            own.execute(begin)
        yield own


@pytest.fixture
def host(file: Path) -> Iterator[sqlite3.Connection]:
    with connected(file) as own:
        yield own


def names(salon: crm.Salon) -> list[str]:
    return [row.name for row in crm.find_customers(salon, OWNER)]


def tickets(connection: sqlite3.Connection) -> int:
    count: int = connection.execute("SELECT count(*) FROM tickets").fetchone()[0]
    return count


def refused(salon: crm.Salon, connection: object, kind: type[crm.SalonCrmError] = crm.InvalidValue) -> Any:
    """Join, which must fail by an error of the kind that shows nothing of sqlite3's; return it."""
    with pytest.raises(kind) as caught, salon.within(connection):
        pytest.fail("it was joined")
    assert caught.value.__cause__ is None
    return caught.value


# what a host may count on


def test_the_host_s_rollback_takes_our_writes_along(salon: crm.Salon, host: sqlite3.Connection) -> None:
    with salon.within(host) as tx:
        bea = crm.add_customer(tx, OWNER, name="Bea")
        crm.add_note(tx, OWNER, bea.id, text="Tea")
        host.execute("INSERT INTO tickets (customer) VALUES (?)", (str(bea.id),))
    host.rollback()
    assert (names(salon), tickets(host)) == (["Ana"], 0)
    assert crm.audit_head(salon, OWNER).sequence == 2
    assert crm.verify_audit(salon, OWNER).ok


def test_nothing_is_kept_before_the_host_commits_and_all_of_it_after(
    salon: crm.Salon, host: sqlite3.Connection
) -> None:
    with salon.within(host) as tx:
        crm.add_customer(tx, OWNER, name="Bea")
        host.execute("INSERT INTO tickets (customer) VALUES ('Bea')")
        assert names(salon) == ["Ana"]
    assert host.in_transaction
    assert names(salon) == ["Ana"]
    host.commit()
    assert (names(salon), tickets(host)) == (["Ana", "Bea"], 1)
    assert crm.verify_audit(salon, OWNER).entries == 3


def test_reads_see_what_the_host_and_what_use_cases_wrote(salon: crm.Salon, host: sqlite3.Connection) -> None:
    ana = crm.find_customers(salon, OWNER).items[0].id
    host.execute("UPDATE crm_customers SET referral_source = 'Radio' WHERE id = ?", (str(ana),))
    with salon.within(host) as tx:
        assert crm.get_customer(tx, OWNER, ana).referral_source == "Radio"
        crm.add_customer(tx, OWNER, name="Bea")
        assert names(tx) == ["Ana", "Bea"]
        assert host.execute("SELECT count(*) FROM crm_customers").fetchone() == (2,)
    assert crm.get_customer(salon, OWNER, ana).referral_source is None


def test_an_exception_undoes_our_part_alone_and_the_host_goes_on(salon: crm.Salon, host: sqlite3.Connection) -> None:
    host.execute("INSERT INTO tickets (customer) VALUES ('before')")
    with suppress(ZeroDivisionError), salon.within(host) as tx:
        crm.add_customer(tx, OWNER, name="Bea")
        host.execute("INSERT INTO tickets (customer) VALUES ('inside')")
        raise ZeroDivisionError
    assert host.in_transaction
    with salon.within(host) as tx:
        crm.add_customer(tx, OWNER, name="Eva")
    host.commit()
    assert names(salon) == ["Ana", "Eva"]
    assert host.execute("SELECT customer FROM tickets").fetchall() == [("before",)]
    assert crm.verify_audit(salon, OWNER).ok


def test_a_use_case_that_refuses_takes_nothing_along(salon: crm.Salon, host: sqlite3.Connection) -> None:
    with salon.within(host) as tx:
        crm.add_customer(tx, OWNER, name="Bea")
        with pytest.raises(crm.InvalidValue):
            crm.add_customer(tx, OWNER, name="Rui", mobile="12")
        with suppress(ZeroDivisionError), tx.transaction() as part:
            crm.add_customer(part, OWNER, name="Eva")
            raise ZeroDivisionError
    host.commit()
    assert names(salon) == ["Ana", "Bea"]


def test_the_host_s_savepoints_inside_the_block_stay_its_own(salon: crm.Salon, host: sqlite3.Connection) -> None:
    with salon.within(host) as tx:
        crm.add_customer(tx, OWNER, name="Bea")
        host.execute("SAVEPOINT own")
        crm.add_customer(tx, OWNER, name="Eva")
        host.execute("ROLLBACK TO own")
        crm.add_customer(tx, OWNER, name="Rui")
        host.execute("RELEASE own")
    host.commit()
    assert names(salon) == ["Ana", "Bea", "Rui"]
    assert crm.verify_audit(salon, OWNER).ok


def test_a_transaction_the_driver_began_by_itself_is_joined(salon: crm.Salon, file: Path) -> None:
    with connected(file, begin=None, isolation_level="") as host:
        host.execute("INSERT INTO tickets (customer) VALUES ('Ana')")
        with salon.within(host) as tx:
            crm.add_customer(tx, OWNER, name="Bea")
        host.rollback()
        assert (names(salon), tickets(host)) == (["Ana"], 0)


def test_a_transaction_that_began_as_a_savepoint_is_joined(salon: crm.Salon, file: Path) -> None:
    with connected(file, begin="SAVEPOINT own") as host:
        with salon.within(host) as tx:
            crm.add_customer(tx, OWNER, name="Bea")
        host.execute("ROLLBACK TO own")
        host.execute("RELEASE own")
        assert names(salon) == ["Ana"]


@pytest.mark.parametrize("level", [None, "", "IMMEDIATE", "EXCLUSIVE"])
def test_the_host_s_settings_are_left_alone(salon: crm.Salon, file: Path, level: str | None) -> None:
    with connected(file, isolation_level=level) as host:
        host.row_factory = sqlite3.Row
        before = {name: host.execute(f"PRAGMA {name}").fetchone()[0] for name in _PRAGMAS}
        with salon.within(host) as tx:
            crm.add_customer(tx, OWNER, name="Bea", email="bea@example.com")
            assert names(tx) == ["Ana", "Bea"]
        assert (host.row_factory, host.isolation_level, host.text_factory) == (sqlite3.Row, level, str)
        assert {name: host.execute(f"PRAGMA {name}").fetchone()[0] for name in _PRAGMAS} == before
        host.commit()
    assert names(salon) == ["Ana", "Bea"]


_PRAGMAS = ("foreign_keys", "secure_delete", "busy_timeout", "synchronous", "trusted_schema", "journal_size_limit")


def test_a_connection_of_a_class_of_the_host_s_is_joined(salon: crm.Salon, file: Path) -> None:
    class Own(sqlite3.Connection):
        def cursor(self, *_: object, **__: object) -> Any:
            raise AssertionError("the host's cursors are not ours to make")

        execute = cursor

    with connected(file, begin=None) as plain, closing(sqlite3.connect(file, factory=Own, isolation_level=None)) as own:
        plain.close()
        for statement in (*MUST, "BEGIN IMMEDIATE"):
            sqlite3.Cursor(own).execute(statement)
        with salon.within(own) as tx:
            crm.add_customer(tx, OWNER, name="Bea")
            assert names(tx) == ["Ana", "Bea"]
        own.rollback()


def test_the_writer_s_turn_is_taken_on_entering(salon: crm.Salon, file: Path) -> None:
    with connected(file, begin="BEGIN") as host, connected(file, begin=None) as other:
        with salon.within(host), pytest.raises(sqlite3.OperationalError, match="locked"):
            other.execute("BEGIN IMMEDIATE")
        host.rollback()
        other.execute("BEGIN IMMEDIATE")


def test_every_path_to_the_file_is_the_file(salon: crm.Salon, file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.chdir(file.parent)
    link = file.with_name("link.db")
    link.symlink_to(file)
    for path in (Path(file.name), link):
        with connected(path) as host, salon.within(host) as tx:
            assert names(tx) == ["Ana"]


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the attribute came with Python 3.12")
def test_a_connection_that_is_always_in_a_transaction_is_joined(salon: crm.Salon, file: Path) -> None:
    with connected(file, begin=None) as host:
        host.autocommit = False
        with salon.within(host) as tx:
            crm.add_customer(tx, OWNER, name="Bea")
        assert host.autocommit is False
        host.rollback()
        assert names(salon) == ["Ana"]


# connections that are refused


def test_without_a_transaction_nothing_is_joined(salon: crm.Salon, file: Path) -> None:
    for level in (None, ""):
        with connected(file, begin=None, isolation_level=level) as host:
            error = refused(salon, host)
            assert (error.code, error.field) == ("connection-unfit", "connection")
            assert "BEGIN IMMEDIATE" in str(error)
            assert not host.in_transaction


@pytest.mark.skipif(sys.version_info < (3, 12), reason="the attribute came with Python 3.12")
def test_a_connection_that_commits_by_itself_is_refused(salon: crm.Salon, file: Path) -> None:
    with connected(file, begin=None) as host:
        host.autocommit = True
        assert "BEGIN IMMEDIATE" in str(refused(salon, host))


def test_a_deferred_transaction_with_an_old_snapshot_is_lost_at_once(salon: crm.Salon, file: Path) -> None:
    with connected(file, begin="BEGIN") as host:
        assert tickets(host) == 0
        crm.add_customer(salon, OWNER, name="Bea")
        assert refused(salon, host, crm.TransactionLost).code == "snapshot-outdated"
        assert host.in_transaction
        host.rollback()
        host.execute("BEGIN IMMEDIATE")
        with salon.within(host) as tx:
            assert names(tx) == ["Ana", "Bea"]


def test_another_writer_who_has_its_turn_is_not_waited_for(salon: crm.Salon, file: Path) -> None:
    for read_first in (False, True):
        with connected(file, begin="BEGIN") as host, connected(file):
            if read_first:
                tickets(host)
            assert refused(salon, host, crm.StoreBusy).code == "turn-taken"


@pytest.mark.parametrize(
    ("statement", "said"),
    [
        ("PRAGMA foreign_keys = OFF", "PRAGMA foreign_keys = ON"),
        ("PRAGMA query_only = ON", "PRAGMA query_only = OFF"),
        ("PRAGMA secure_delete = OFF", "PRAGMA secure_delete = ON"),
        ("PRAGMA secure_delete = FAST", "PRAGMA secure_delete = ON"),
        ("CREATE TEMP TABLE crm_customers (id)", "temporary crm_customers"),
        ("CREATE TEMP TABLE CRM_Schema (version)", "temporary CRM_Schema"),
        ("CREATE TEMP VIEW crm_notes AS SELECT 1 AS id", "temporary crm_notes"),
    ],
)
def test_what_would_weaken_the_store_is_refused_with_the_way_out(
    salon: crm.Salon, file: Path, statement: str, said: str
) -> None:
    with connected(file, statement, begin="BEGIN") as host:
        error = refused(salon, host)
        assert error.code == "connection-unfit"
        assert said in str(error)
        assert host.in_transaction


def test_a_temporary_table_of_another_name_is_the_host_s_own_affair(salon: crm.Salon, file: Path) -> None:
    with connected(file, "CREATE TEMP TABLE crm_tickets (id)") as host, salon.within(host) as tx:
        assert names(tx) == ["Ana"]


@pytest.mark.parametrize("factory", [bytes, lambda text: text.decode(errors="replace")])
def test_a_connection_that_gives_text_otherwise_is_refused(salon: crm.Salon, file: Path, factory: Any) -> None:
    with connected(file) as host:
        host.text_factory = factory
        assert "text_factory" in str(refused(salon, host))


@pytest.mark.parametrize("name", ["TEXT", "INTEGER", "BLOB"])
def test_a_connection_that_converts_our_columns_is_refused(
    salon: crm.Salon, file: Path, name: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setitem(sqlite3.converters, name, lambda value: [value])  # as register_converter, and undone
    with connected(file, detect_types=sqlite3.PARSE_DECLTYPES) as host:
        assert "converters" in str(refused(salon, host))
        host.rollback()
    with connected(file) as host, salon.within(host) as tx:  # registered for all, and this connection uses none
        assert names(tx) == ["Ana"]


def test_another_database_is_refused(salon: crm.Salon, file: Path, tmp_path: Path) -> None:
    other = tmp_path / "other.db"
    crm.open_salon(other, **SETTINGS).close()
    attach = f"ATTACH '{file}' AS salon"
    for where, statement in ((other, attach), (":memory:", attach), ("", "SELECT 1")):
        with closing(sqlite3.connect(where, isolation_level=None)) as host:
            for prepared in (*MUST, statement, "BEGIN IMMEDIATE"):
                host.execute(prepared)
            assert "main database" in str(refused(salon, host))


@posix
def test_a_file_that_took_the_place_of_ours_is_refused(salon: crm.Salon, file: Path) -> None:
    copy = file.with_name("copy.db")
    copy.write_bytes(file.read_bytes())
    copy.replace(file)
    with connected(file) as host:
        assert "removed or replaced" in str(refused(salon, host, crm.StoreError))


def test_a_connection_that_may_not_write_is_told_so(salon: crm.Salon, file: Path) -> None:
    with (
        connected(file, begin=None) as keeps_the_log,
        closing(sqlite3.connect(f"{file.as_uri()}?mode=ro", uri=True, isolation_level=None)) as host,
    ):
        tickets(keeps_the_log)
        for statement in (*MUST, "BEGIN"):
            host.execute(statement)
        error = refused(salon, host, crm.StoreError)
        assert "read-only" in str(error)


def test_an_authorizer_of_the_host_s_that_denies_is_no_error_of_sqlite3(salon: crm.Salon, file: Path) -> None:
    with connected(file) as host:
        host.set_authorizer(lambda *_: sqlite3.SQLITE_DENY)
        assert "permission" in str(refused(salon, host, crm.StoreError))
        host.set_authorizer(None)


@pytest.mark.parametrize("thing", [None, "salon.db", object(), sqlite3])
def test_what_is_no_connection_is_refused(salon: crm.Salon, thing: object) -> None:
    assert refused(salon, thing).code == "wrong-type"


def test_a_closed_connection_is_refused(salon: crm.Salon, host: sqlite3.Connection) -> None:
    host.close()
    assert "is closed" in str(refused(salon, host))


def test_a_connection_that_was_never_opened_is_refused(salon: crm.Salon) -> None:
    class Unopened(sqlite3.Connection):
        def __init__(self) -> None: ...

    assert refused(salon, Unopened()).code == "connection-unfit"


def elsewhere(act: Callable[[], object]) -> object:
    """Return what ``act`` returns or raises in another thread."""
    answers: list[object] = []

    def run() -> None:
        try:
            answers.append(act())
        except BaseException as error:  # noqa: BLE001 -- it is the answer
            answers.append(error)

    thread = threading.Thread(target=run)
    thread.start()
    thread.join(10)
    return answers[0]


def test_a_connection_of_another_thread_is_refused(salon: crm.Salon, host: sqlite3.Connection) -> None:
    assert "another thread" in str(elsewhere(lambda: refused(salon, host)))


def test_a_connection_that_serves_all_threads_is_joined_in_any(salon: crm.Salon, file: Path) -> None:
    with connected(file, check_same_thread=False) as host:

        def join() -> list[str]:
            with salon.within(host) as tx:
                crm.add_customer(tx, OWNER, name="Bea")
                return names(tx)

        assert elsewhere(join) == ["Ana", "Bea"]
        host.rollback()


def test_a_store_in_memory_cannot_join() -> None:
    with crm.open_salon(**SETTINGS) as salon, closing(sqlite3.connect(":memory:")) as host:
        assert refused(salon, host, crm.NotSupported).code == "store-cannot"


# tx, and the salon meanwhile


def test_tx_serves_inside_its_block_and_its_thread_only(salon: crm.Salon, host: sqlite3.Connection) -> None:
    with salon.within(host) as tx:
        error = elsewhere(lambda: crm.add_customer(tx, OWNER, name="Bea"))
        assert isinstance(error, crm.RuleBroken)
        assert error.code == "transaction-elsewhere"
    for act in (lambda: crm.count_customers(tx, OWNER), lambda: crm.add_customer(tx, OWNER, name="Bea")):
        with pytest.raises(crm.RuleBroken) as caught:
            act()
        assert caught.value.code == "transaction-over"
    host.commit()
    assert names(salon) == ["Ana"]


def test_writing_through_the_salon_itself_is_refused_at_once(salon: crm.Salon, host: sqlite3.Connection) -> None:
    with salon.within(host) as tx:
        acts: list[Callable[[], object]] = [
            lambda: crm.add_customer(salon, OWNER, name="Bea"),
            lambda: salon.transaction().__enter__(),
            lambda: salon.within(host).__enter__(),
            lambda: tx.within(host).__enter__(),
            salon.close,
            tx.close,
        ]
        for act in acts:
            with pytest.raises(crm.RuleBroken) as caught:
                act()
            assert caught.value.code == "transaction-open"
    host.rollback()
    crm.add_customer(salon, OWNER, name="Bea")
    with salon.transaction() as tx:
        for each in (salon, tx):
            with pytest.raises(crm.RuleBroken) as caught, each.within(host):
                pass
            assert caught.value.code == "transaction-open"


def test_work_in_many_short_transactions_is_refused(salon: crm.Salon, host: sqlite3.Connection) -> None:
    with salon.within(host) as tx, pytest.raises(crm.RuleBroken) as caught:
        crm.import_customers(tx, OWNER, b"name\nRui\n")
    assert caught.value.code == "sliced-in-transaction"


def test_after_a_refusal_the_salon_writes_as_before(salon: crm.Salon, file: Path) -> None:
    with connected(file, begin=None) as host:
        refused(salon, host)
    crm.add_customer(salon, OWNER, name="Bea")


def test_a_closed_salon_joins_nothing(file: Path, host: sqlite3.Connection) -> None:
    salon = crm.open_salon(file)
    salon.close()
    assert refused(salon, host, crm.StoreError).code == "closed"


def test_a_store_that_is_closed_meanwhile_keeps_nothing(salon: crm.Salon, host: sqlite3.Connection) -> None:
    def act() -> None:
        with salon.within(host) as tx:
            crm.add_customer(tx, OWNER, name="Bea")
            elsewhere(salon.store.close)

    with pytest.raises(crm.StoreError) as caught:
        act()
    assert caught.value.code == "store-closed"
    host.commit()
    assert host.execute("SELECT count(*) FROM crm_customers").fetchone() == (1,)


# what the host does inside the block


def _commit(host: sqlite3.Connection) -> None:
    host.commit()


def _commit_and_begin(host: sqlite3.Connection) -> None:
    host.commit()
    host.execute("BEGIN IMMEDIATE")


def _rollback(host: sqlite3.Connection) -> None:
    host.rollback()


def _close(host: sqlite3.Connection) -> None:
    host.close()


def add_and_end(
    salon: crm.Salon,
    host: sqlite3.Connection,
    end: Callable[[sqlite3.Connection], None],
    error: BaseException | None = None,
) -> None:
    """Join, write, end the host's transaction inside the block, and raise there where there is an error."""
    with salon.within(host) as tx:
        crm.add_customer(tx, OWNER, name="Bea")
        end(host)
        if error is not None:
            raise error


ENDINGS = [_commit, _commit_and_begin, _rollback, _close]


@pytest.mark.parametrize("end", ENDINGS)
def test_ending_the_transaction_inside_the_block_is_noticed(
    salon: crm.Salon, host: sqlite3.Connection, end: Callable[[sqlite3.Connection], None]
) -> None:
    with pytest.raises(crm.TransactionLost) as caught:
        add_and_end(salon, host, end)
    assert caught.value.code == "transaction-ended"
    assert names(salon) == (["Ana", "Bea"] if end in (_commit, _commit_and_begin) else ["Ana"])


@pytest.mark.parametrize("end", [_commit, _rollback, _close])
def test_after_the_transaction_ended_no_use_case_writes(
    salon: crm.Salon, file: Path, end: Callable[[sqlite3.Connection], None]
) -> None:
    with connected(file, isolation_level="") as host:  # the driver would begin another one by itself

        def act() -> None:
            with salon.within(host) as tx:
                end(host)
                with pytest.raises(crm.TransactionLost):
                    crm.add_customer(tx, OWNER, name="Bea")
                with pytest.raises(crm.TransactionLost):
                    names(tx)

        with pytest.raises(crm.TransactionLost):
            act()
    assert names(salon) == ["Ana"]


@pytest.mark.parametrize("end", ENDINGS)
def test_an_exception_after_the_transaction_ended_says_that_it_undid_nothing(
    salon: crm.Salon, host: sqlite3.Connection, end: Callable[[sqlite3.Connection], None]
) -> None:
    with pytest.raises(crm.TransactionLost) as caught:
        add_and_end(salon, host, end, ZeroDivisionError())
    assert isinstance(caught.value.__cause__, ZeroDivisionError)


def test_a_part_whose_transaction_ended_is_noticed(salon: crm.Salon, host: sqlite3.Connection) -> None:
    def act() -> None:
        with salon.within(host) as tx, tx.transaction() as part:
            crm.add_customer(part, OWNER, name="Bea")
            _commit_and_begin(host)

    with pytest.raises(crm.TransactionLost):
        act()


def test_a_full_disk_is_told_as_it_is_and_takes_the_host_s_transaction_along(salon: crm.Salon, file: Path) -> None:
    with connected(file, begin=None) as host:
        pages = host.execute("PRAGMA page_count").fetchone()[0]
        host.execute(f"PRAGMA max_page_count = {pages}")
        host.execute("BEGIN IMMEDIATE")

        def act() -> None:
            with salon.within(host) as tx:
                for number in range(10_000):
                    crm.add_customer(tx, OWNER, name=f"Bea {number}")

        with pytest.raises(crm.StoreError, match="the disk is full"):
            act()
        host.rollback()
    assert names(salon) == ["Ana"]


@posix
@pytest.mark.skipif(sys.version_info >= (3, 12), reason="warns of threads that pytest plugins may have")
def test_a_child_can_neither_use_nor_end_what_its_parent_joined(salon: crm.Salon, host: sqlite3.Connection) -> None:
    context = salon.within(host)
    tx = context.__enter__()
    crm.add_customer(tx, OWNER, name="Bea")
    reader, writer = os.pipe()
    child = os.fork()
    if not child:
        answers = []
        for act in (lambda: crm.add_customer(tx, OWNER, name="Eva"), lambda: context.__exit__(None, None, None)):
            try:
                act()
            except crm.SalonCrmError as error:
                answers.append(error.code)
        os.write(writer, " ".join(answers).encode())
        os._exit(0)
    os.close(writer)
    with os.fdopen(reader) as pipe:
        assert pipe.read() == "transaction-elsewhere store-failed"
    os.waitpid(child, 0)
    context.__exit__(None, None, None)
    host.commit()
    assert names(salon) == ["Ana", "Bea"]


def test_many_joined_transactions_leave_nothing_behind(salon: crm.Salon, file: Path) -> None:
    with connected(file, begin=None) as host:
        for number in range(20):
            host.execute("BEGIN IMMEDIATE")
            with salon.within(host) as tx:
                crm.add_customer(tx, OWNER, name=f"Bea {number:02}")
            (host.commit if number % 2 else host.rollback)()
            crm.add_customer(salon, OWNER, name=f"Eva {number:02}")
    assert crm.count_customers(salon, OWNER) == 31
    assert crm.verify_audit(salon, OWNER).ok
