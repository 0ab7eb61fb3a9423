"""Backups, health and the search index made anew: what is in them, what is refused, what the audit says."""

import os
import sqlite3
import stat
import threading
from collections.abc import Callable, Iterator
from contextlib import closing, suppress
from pathlib import Path
from typing import Any

import pytest
from tests.use_cases.actors import ADMIN, MANAGER, OWNER

import salon_crm as crm
from salon_crm.adapters.sqlite import SQLiteStore, maintenance
from salon_crm.domain.maintenance import LARGE_LOG

posix = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")


@pytest.fixture
def salon(file: Path) -> Iterator[crm.Salon]:
    """A salon of two customers in a file."""
    with crm.open_salon(file, region="PT", zone="Europe/Lisbon", currency="EUR") as salon:
        ana = crm.add_customer(salon, OWNER, name="Ana Simões", email="ana@example.com", mobile="912 000 101")
        crm.add_note(salon, OWNER, ana.id, text="Tea")
        crm.block_customer(salon, OWNER, ana.id, reason="Late")
        crm.add_customer(salon, OWNER, name="Rui Costa")
        yield salon


def names(salon: crm.Salon) -> list[str]:
    return [row.name for row in crm.find_customers(salon, OWNER)]


def found(salon: crm.Salon, text: str) -> list[str]:
    return [row.name for row in crm.find_customers(salon, OWNER, crm.CustomerFilter(text=text))]


def run(file: Path, *statements: str) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        for statement in statements:
            connection.execute(statement)


def troubles(report: crm.HealthReport) -> list[crm.Trouble]:
    return [finding.trouble for finding in report.findings]


# backups


def test_a_backup_is_a_salon_of_its_own_with_everything_in_it(salon: crm.Salon, tmp_path: Path) -> None:
    report = crm.back_up_salon(salon, OWNER, tmp_path / "copy.db")
    crm.add_customer(salon, OWNER, name="Later")
    assert (report.path, report.customers) == (str(tmp_path / "copy.db"), 2)
    assert report.size == (tmp_path / "copy.db").stat().st_size
    with crm.open_salon(tmp_path / "copy.db") as copy:
        assert (copy.id, names(copy)) == (salon.id, ["Ana Simões", "Rui Costa"])
        assert crm.audit_head(copy, OWNER) == report.head
        assert crm.verify_audit(copy, OWNER, head=report.head).ok
        assert crm.check_health(copy, OWNER).sound
        again = crm.add_customer(copy, OWNER, name="Tom Reis", email="ana@example.com")
        alerts = crm.block_alerts(copy, OWNER)
        assert [alert.customer_id for alert in alerts] == [again.id], "the copy has the key that recognises contacts"


def test_a_backup_is_recorded_before_it_is_taken_and_after(salon: crm.Salon, tmp_path: Path) -> None:
    report = crm.back_up_salon(salon, ADMIN, tmp_path / "copy.db")
    started, ended = crm.audit_trail(salon, OWNER)[-2:]
    assert (started.action, started.by) == (crm.AuditAction.BACKUP_STARTED, ADMIN.id)
    assert dict(started.details) == {"backup": str(report.backup_id)}
    assert ended.action is crm.AuditAction.BACKUP_ENDED
    assert dict(ended.details) == {**started.details, "customers": 2, "head": started.sequence}
    assert report.head.sequence == started.sequence


@posix
def test_a_backup_is_its_owner_s_alone_and_one_file(salon: crm.Salon, tmp_path: Path, file: Path) -> None:
    before = os.umask(0)
    try:
        crm.back_up_salon(salon, OWNER, tmp_path / "copy.db")
    finally:
        os.umask(before)
    assert stat.S_IMODE((tmp_path / "copy.db").stat().st_mode) == 0o600
    assert {path.name for path in tmp_path.iterdir()} == {"copy.db", *(file.name + end for end in ("", "-wal", "-shm"))}


@posix
def test_a_backup_can_be_read_where_nothing_can_be_written(salon: crm.Salon, tmp_path: Path) -> None:
    crm.back_up_salon(salon, OWNER, tmp_path / "copy.db")
    with closing(sqlite3.connect(f"{(tmp_path / 'copy.db').as_uri()}?immutable=1", uri=True)) as copy:
        assert copy.execute("PRAGMA journal_mode").fetchone() == ("delete",)
        assert copy.execute("SELECT count(*) FROM crm_customers").fetchone() == (2,)


def test_a_backup_is_one_moment_though_others_write_between_its_steps(
    salon: crm.Salon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Every step is followed by a commit of another writer, in its own thread and waited for."""
    store = salon.store
    assert isinstance(store, SQLiteStore)
    monkeypatch.setattr(maintenance, "_PAGES_AT_ONCE", 4)
    steps: list[int] = []

    def write() -> None:
        crm.add_customer(salon, OWNER, name=f"Meanwhile {len(steps)}")

    def between() -> None:
        steps.append(1)
        thread = threading.Thread(target=write)
        thread.start()
        thread.join(10)
        assert not thread.is_alive()

    with store._snapshot() as connection:
        copied = maintenance.back_up(connection, str(tmp_path / "copy.db"), maintenance_dialect(store), between)
    assert len(steps) > 5
    assert copied.customers == 2
    assert crm.count_customers(salon, OWNER) == 2 + len(steps)
    with crm.open_salon(tmp_path / "copy.db") as copy:
        assert names(copy) == ["Ana Simões", "Rui Costa"]
        assert crm.check_health(copy, OWNER).sound


def maintenance_dialect(store: SQLiteStore) -> Any:
    with store.reading() as reading:
        return reading._dialect


def refused(salon: crm.Salon, path: Any, kind: type[crm.SalonCrmError] = crm.InvalidValue) -> crm.SalonCrmError:
    with pytest.raises(kind) as caught:
        crm.back_up_salon(salon, OWNER, path)
    return caught.value


@pytest.mark.parametrize("content", [b"", b"mine"])
def test_a_backup_takes_no_file_s_place(salon: crm.Salon, tmp_path: Path, content: bytes) -> None:
    taken = tmp_path / "copy.db"
    taken.write_bytes(content)
    assert refused(salon, taken).field == "path"
    assert taken.read_bytes() == content


@posix
def test_a_dangling_link_is_a_name_that_is_taken(salon: crm.Salon, tmp_path: Path) -> None:
    (tmp_path / "copy.db").symlink_to(tmp_path / "nowhere.db")
    assert "of this name" in str(refused(salon, tmp_path / "copy.db"))
    assert not (tmp_path / "nowhere.db").exists()


@pytest.mark.parametrize("end", ["-wal", "-shm", "-journal"])
def test_what_sqlite_would_take_for_a_part_of_a_database_is_refused(salon: crm.Salon, tmp_path: Path, end: str) -> None:
    assert "SQLite's own" in str(refused(salon, tmp_path / f"copy.db{end}"))
    (tmp_path / f"copy.db{end}").write_bytes(b"left by another database")
    assert end in str(refused(salon, tmp_path / "copy.db"))


@pytest.mark.parametrize(
    "path", ["", ".", "..", "no/such/folder/copy.db", "a\0b.db", "\udcff\ud800.db", f"{'long' * 100}.db"]
)
def test_a_path_that_cannot_be_is_refused(salon: crm.Salon, tmp_path: Path, path: str) -> None:
    before = sorted(tmp_path.iterdir())
    where = path if path in ("", ".", "..") else f"{tmp_path}/{path}"
    assert refused(salon, where).code == "file-unwritable"
    assert sorted(tmp_path.iterdir()) == before


class PathOfNumbers(os.PathLike[Any]):
    """What claims to be a path and is none."""

    def __fspath__(self) -> Any:
        return 7


@pytest.mark.parametrize("path", [None, 7, b"copy.db", object(), PathOfNumbers()])
def test_what_is_no_path_is_refused_before_anything_is_recorded(salon: crm.Salon, path: object) -> None:
    before = crm.audit_head(salon, OWNER)
    assert refused(salon, path).code == "wrong-type"
    assert crm.audit_head(salon, OWNER) == before


def test_the_salon_s_own_file_and_a_folder_are_refused(salon: crm.Salon, file: Path, tmp_path: Path) -> None:
    for path in (file, tmp_path):
        assert refused(salon, path).code == "file-unwritable"
    assert names(salon) == ["Ana Simões", "Rui Costa"]


def test_a_name_taken_meanwhile_stays_whose_it_is(
    salon: crm.Salon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    def flush(_: Path) -> None:
        (tmp_path / "copy.db").write_bytes(b"theirs")

    monkeypatch.setattr(maintenance, "_flush", flush)
    assert "of this name" in str(refused(salon, tmp_path / "copy.db"))
    assert (tmp_path / "copy.db").read_bytes() == b"theirs"


@pytest.mark.parametrize("taken", [False, True])
def test_a_file_system_without_links_is_served_too(
    salon: crm.Salon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, taken: bool
) -> None:
    copy = tmp_path / "copy.db"

    def link(_source: object, _target: object) -> None:
        if taken:
            copy.write_bytes(b"theirs")
        raise PermissionError("no links here")

    monkeypatch.setattr(os, "link", link)
    if taken:
        refused(salon, copy)
        assert copy.read_bytes() == b"theirs"
    else:
        crm.back_up_salon(salon, OWNER, copy)
        crm.open_salon(copy).close()


def _raise(error: BaseException) -> Callable[..., Any]:
    def act(*_: object) -> Any:
        raise error

    return act


@pytest.mark.parametrize("step", ["_copy", "_examine", "_flush", "_publish"])
def test_a_backup_that_fails_leaves_nothing(
    salon: crm.Salon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch, step: str
) -> None:
    before = sorted(tmp_path.iterdir())
    monkeypatch.setattr(maintenance, step, _raise(KeyboardInterrupt()))
    with pytest.raises(KeyboardInterrupt):
        crm.back_up_salon(salon, OWNER, tmp_path / "copy.db")
    assert sorted(tmp_path.iterdir()) == before
    assert crm.audit_trail(salon, OWNER)[-1].action is crm.AuditAction.BACKUP_STARTED


def test_a_full_disk_is_told_as_it_is(salon: crm.Salon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(maintenance, "_flush", _raise(OSError(28, "No space left on device")))
    error = refused(salon, tmp_path / "copy.db", crm.StoreError)
    assert (error.code, error.params["reason"]) == ("backup-failed", "No space left on device")


def test_a_store_that_is_closed_meanwhile_ends_its_backup(
    salon: crm.Salon, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    copy = maintenance._copy

    def closing_first(*args: Any) -> None:
        salon.store.close()
        copy(*args)

    monkeypatch.setattr(maintenance, "_copy", closing_first)
    assert refused(salon, tmp_path / "copy.db", crm.StoreError).code == "store-closed"
    assert not (tmp_path / "copy.db").exists()


def test_a_damaged_store_gives_no_backup(salon: crm.Salon, file: Path, tmp_path: Path) -> None:
    _unsound_index(file)
    assert refused(salon, tmp_path / "copy.db", crm.StoreError).code == "backup-failed"
    assert not (tmp_path / "copy.db").exists()


def _unsound_index(file: Path) -> None:
    """Let an index of the notes say it is of another column than its entries are."""
    run(
        file,
        "PRAGMA writable_schema = ON",
        "UPDATE sqlite_master SET sql = replace(sql, '(customer_id', '(text') "
        "WHERE type = 'index' AND tbl_name = 'crm_notes'",
    )


# health


def test_a_sound_salon_is_said_to_be_sound_with_its_sizes(salon: crm.Salon, file: Path) -> None:
    report = crm.check_health(salon, OWNER)
    assert report.sound
    assert report.findings == ()
    assert (report.search_sound, report.schema, report.schema_known) == (True, report.schema_known, report.schema)
    assert (report.size, report.log_size) == (file.stat().st_size, file.with_name("salon.db-wal").stat().st_size)
    assert report.audit.entries == crm.audit_head(salon, OWNER).sequence


def test_checking_changes_nothing(salon: crm.Salon) -> None:
    before = crm.audit_head(salon, OWNER)
    crm.check_health(salon, OWNER)
    assert crm.audit_head(salon, OWNER) == before


def test_a_broken_chain_is_found_with_its_first_broken_entry(salon: crm.Salon, file: Path) -> None:
    run(file, "UPDATE crm_audit SET actor = 'rui' WHERE sequence = 3")
    report = crm.check_health(salon, OWNER)
    assert (troubles(report), report.audit.broken_at) == ([crm.Trouble.CHAIN_BROKEN], 3)
    assert "entry 3" in report.findings[0].sentence


def test_damage_is_found_and_said_without_a_value(salon: crm.Salon, file: Path) -> None:
    _unsound_index(file)
    report = crm.check_health(salon, OWNER)
    assert crm.Trouble.DAMAGED in troubles(report)
    assert "crm_notes" in report.findings[0].sentence
    assert "Tea" not in report.findings[0].sentence


def test_a_record_of_nobody_is_damage(salon: crm.Salon, file: Path) -> None:
    run(file, "DELETE FROM crm_customers WHERE name LIKE 'Ana%'")
    report = crm.check_health(salon, OWNER)
    assert troubles(report) == [crm.Trouble.DAMAGED, crm.Trouble.SEARCH_UNSOUND]  # she is still in the index
    assert "rows of crm_notes belong to nobody" in report.findings[0].sentence


def test_bytes_that_are_garbage_are_damage_and_no_error(salon: crm.Salon, file: Path) -> None:
    run(file, "PRAGMA wal_checkpoint(TRUNCATE)")
    with file.open("r+b") as raw:
        raw.seek(4096 * 3)
        raw.write(os.urandom(4096) * 3)
    salon.close()
    with closing(SQLiteStore(file)) as store:
        health = store.health()
    assert health.damage


def test_a_search_index_that_is_not_the_profiles_is_found_and_made_anew(salon: crm.Salon, file: Path) -> None:
    run(file, *SPOILT)
    assert found(salon, "simões") == []
    report = crm.check_health(salon, OWNER)
    assert (troubles(report), report.search_sound) == ([crm.Trouble.SEARCH_UNSOUND], False)
    assert crm.rebuild_search(salon, OWNER) == 2
    assert found(salon, "simões") == ["Ana Simões"]
    assert crm.check_health(salon, OWNER).sound
    entry = crm.audit_trail(salon, OWNER)[-1]
    assert (entry.action, dict(entry.details)) == (crm.AuditAction.SEARCH_REBUILT, {"customers": 2})


SPOILT = ("UPDATE crm_customer_search SET words = 'x'",)
"""What makes a search miss customers."""


def test_an_index_made_anew_in_a_transaction_goes_with_it(salon: crm.Salon, file: Path) -> None:
    run(file, *SPOILT)
    before = crm.audit_head(salon, OWNER)
    with suppress(ZeroDivisionError), salon.transaction() as tx:
        assert crm.rebuild_search(tx, OWNER) == 2
        raise ZeroDivisionError
    assert not crm.check_health(salon, OWNER).search_sound
    assert crm.audit_head(salon, OWNER) == before


def test_a_log_that_a_reading_keeps_from_being_folded_in_is_said(
    salon: crm.Salon, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr("salon_crm.use_cases.maintenance.LARGE_LOG", 64 * 1024)
    assert LARGE_LOG == 64 * 1024 * 1024
    with salon.reading():
        for number in range(30):
            crm.add_customer(salon, OWNER, name=f"Bea {number}")
        report = crm.check_health(salon, OWNER)
    assert troubles(report) == [crm.Trouble.LOG_LARGE]
    assert "reading was left open" in report.findings[0].sentence


def test_a_schema_of_a_newer_release_is_said(salon: crm.Salon, file: Path) -> None:
    run(file, "UPDATE crm_schema SET version = 99")
    report = crm.check_health(salon, OWNER)
    assert (troubles(report), report.schema) == ([crm.Trouble.SCHEMA_DIFFERS], 99)
    assert "99" in report.findings[0].sentence


# who, and which store


@pytest.mark.parametrize("name", ["back_up_salon", "check_health", "rebuild_search"])
def test_a_store_in_memory_needs_none_of_it(name: str, tmp_path: Path) -> None:
    args = [tmp_path / "copy.db"] if name == "back_up_salon" else []
    with crm.open_salon(region="PT", zone="Europe/Lisbon", currency="EUR") as salon:
        with pytest.raises(crm.NotSupported) as caught:
            getattr(crm, name)(salon, OWNER, *args)
        assert caught.value.code == "store-cannot"
        assert crm.audit_head(salon, OWNER).sequence == 1


def test_a_backup_is_an_export_and_needs_its_permission_too(salon: crm.Salon, tmp_path: Path) -> None:
    with pytest.raises(crm.NotPermitted) as caught:
        crm.back_up_salon(salon, MANAGER, tmp_path / "copy.db")
    assert caught.value.params["permission"] == crm.Permission.MAINTAIN
    default = crm.DEFAULT_PERMISSIONS
    salon.permissions = crm.PermissionTable({crm.Role.MANAGER: {crm.Permission.MAINTAIN: crm.Grant()}}, default.jobs)
    with pytest.raises(crm.NotPermitted) as caught:
        crm.back_up_salon(salon, MANAGER, tmp_path / "copy.db")
    assert caught.value.params["permission"] == crm.Permission.EXPORT


def test_a_unit_of_another_store_is_not_rebuilt(salon: crm.Salon) -> None:
    store: Any = salon.store
    with (
        crm.open_salon(region="PT", zone="Europe/Lisbon", currency="EUR") as other,
        other.writing() as writing,
        pytest.raises(crm.InvalidValue),
    ):
        store.rebuild_search(writing)
