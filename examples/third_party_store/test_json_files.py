"""What the kit cannot ask of every store: killed processes, disks that fail, files that are not what was written."""

import errno
import os
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest
from json_store import JsonStore

import salon_crm as crm
from salon_crm.errors import SchemaNewer, StoreError
from salon_crm.testing import OWNER, a_customer, a_note, a_salon_record, some_settings

HERE = Path(__file__).parent
ANA = a_customer(1)


def started(script: str, *arguments: object) -> "subprocess.Popen[str]":
    """Start one of the scripts beside this file in a process of its own."""
    command = [sys.executable, str(HERE / script), *map(str, arguments)]
    environment = {**os.environ, "PYTHONPATH": os.pathsep.join([str(HERE), *filter(None, sys.path)])}
    return subprocess.Popen(command, env=environment, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True)


def ended(process: "subprocess.Popen[str]") -> list[str]:
    """Wait for a script to end well, and return the lines it printed."""
    printed, complaints = process.communicate(timeout=110)
    assert process.returncode == 0, complaints
    return printed.splitlines()


def filled(folder: Path) -> JsonStore:
    store = JsonStore(folder)
    with store.writing() as writing:
        writing.create_salon(a_salon_record(), some_settings())
        writing.customers.add(ANA)
        writing.notes.add(a_note(1))
    return store


def notes(store: JsonStore) -> int:
    with store.reading() as reading:
        return len(reading.notes.of_customers([ANA.id]).get(ANA.id, ()))


def add_note(store: JsonStore, number: int) -> None:
    with store.writing() as writing:
        writing.notes.add(a_note(number))


def test_a_process_killed_at_any_step_of_a_commit_leaves_the_old_state_or_the_new_one(tmp_path: Path) -> None:
    *steps, last = ended(started("kill_commits.py", tmp_path / "salon"))
    assert last == "committed"
    assert sorted(set(steps)) == ["new", "old"]
    assert steps == sorted(steps, reverse=True), "from one step on it is the new one"


def test_no_note_of_competing_processes_is_lost(tmp_path: Path) -> None:
    folder = tmp_path / "salon"
    with crm.open_salon(JsonStore(folder), region="PT", zone="Europe/Lisbon", currency="EUR") as salon:
        ana = crm.add_customer(salon, OWNER, name="Ana Silva")
        desks = [started("write_notes.py", folder, ana.id, 20) for _ in range(4)]
        for desk in desks:
            ended(desk)
        assert len(crm.customer_notes(salon, OWNER, ana.id)) == 80
        assert crm.verify_audit(salon, OWNER).ok


def test_a_fork_has_no_part_in_the_unit_of_work_of_its_parent(tmp_path: Path) -> None:
    printed = ended(started("fork_in_a_unit.py", tmp_path / "salon"))
    assert printed == ["the child ended with 7", "others wait: True", "others wait: False", "kept: 1"]


def test_what_a_torn_commit_left_is_passed_over_and_written_over(tmp_path: Path) -> None:
    filled(tmp_path).close()
    (tmp_path / "notes-2.jsonl").write_bytes(b'{"type": "no')
    (tmp_path / "head.json.new").write_bytes(b'{"form')
    with (tmp_path / "audit.jsonl").open("ab") as file:
        file.write(b'{"type": "audit-en')
    store = JsonStore(tmp_path)
    assert notes(store) == 1
    add_note(store, 2)
    assert notes(JsonStore(tmp_path)) == 2


def failing(call: Callable[..., object], turn: int) -> Callable[..., object]:
    """Return ``call``, whose ``turn``-th use finds the disk full."""
    turns = iter(range(1, 1_000))

    def fail_once(*arguments: object) -> object:
        if next(turns) == turn:
            raise OSError(errno.ENOSPC, "No space left on device")
        return call(*arguments)

    return fail_once


@pytest.mark.parametrize("turn", range(1, 5))
def test_a_disk_that_fails_is_a_typed_error_and_what_was_kept_stays(
    tmp_path: Path, turn: int, monkeypatch: pytest.MonkeyPatch
) -> None:
    store = filled(tmp_path)
    with monkeypatch.context() as patched:
        patched.setattr(os, "fsync", failing(os.fsync, turn))
        with pytest.raises(StoreError) as caught:
            add_note(store, 2)
    assert caught.value.code == ("outcome-unknown" if turn == 4 else "store-failed")
    for looking in (store, JsonStore(tmp_path)):
        assert notes(looking) == (2 if turn == 4 else 1)
    add_note(store, 3)
    assert notes(JsonStore(tmp_path)) == (3 if turn == 4 else 2)


@pytest.mark.parametrize("damage", [b"", b"\xff", b"{}", b"[]", b"null", b'{"type": "note"}', b"[" * 100_000])
@pytest.mark.parametrize("file", ["head.json", "notes-1.jsonl", "audit.jsonl"])
def test_a_damaged_file_is_a_typed_error_and_never_quoted(tmp_path: Path, file: str, damage: bytes) -> None:
    with crm.open_salon(JsonStore(tmp_path), region="PT", zone="Europe/Lisbon", currency="EUR") as salon:
        ana = crm.add_customer(salon, OWNER, name="Ana Silva")
        crm.add_note(salon, OWNER, ana.id, text="Likes tea.")
    [path] = tmp_path.glob(file.replace("-1.", "-*."))
    lines = path.read_bytes().splitlines()
    path.write_bytes(damage if file == "head.json" else b"\n".join([*lines[:-1], damage]) + b"\n")
    if file == "notes-1.jsonl" and not damage:
        path.unlink()
    with pytest.raises(StoreError) as caught, JsonStore(tmp_path).reading():
        pass
    assert "Ana" not in str(caught.value)
    assert "tea" not in str(caught.value)


def test_a_newer_folder_is_left_alone(tmp_path: Path) -> None:
    filled(tmp_path).close()
    head = tmp_path / "head.json"
    head.write_bytes(head.read_bytes().replace(b'"format": 1', b'"format": 2', 1))
    before = {path: path.read_bytes() for path in tmp_path.iterdir()}
    with pytest.raises(SchemaNewer):
        add_note(JsonStore(tmp_path), 2)
    assert {path: path.read_bytes() for path in tmp_path.iterdir()} == before


def test_a_file_in_place_of_the_folder_is_a_typed_error(tmp_path: Path) -> None:
    (tmp_path / "salon").write_bytes(b"")
    with pytest.raises(StoreError):
        JsonStore(tmp_path / "salon").reading().__enter__()
    with pytest.raises(StoreError):
        JsonStore(tmp_path / "nowhere" / "salon")


def test_files_nobody_needs_are_removed_and_nobody_else_may_read_the_others(tmp_path: Path) -> None:
    folder = tmp_path / "salon"
    store = filled(folder)
    for number in range(2, 30):
        add_note(store, number)
    assert len(list(folder.iterdir())) == len({"head.json", "writer.lock", "customers-1", "notes-28", "notes-29"})
    assert folder.stat().st_mode & 0o077 == 0
    assert [path.name for path in folder.iterdir() if path.stat().st_mode & 0o077] == []
