"""The command line: what it does, what it says, and that every error is one line and an exit code."""

import io
import os
import shlex
import signal
import sqlite3
import subprocess
import sys
from collections.abc import Mapping
from contextlib import closing
from datetime import timedelta
from pathlib import Path
from typing import Any, NamedTuple

import pytest

import salon_crm as crm
from salon_crm import cli
from salon_crm.cli import main

OWNER = crm.Actor("cli", crm.Role.OWNER)
PLACE = ["--region", "PT", "--zone", "Europe/Lisbon", "--currency", "EUR"]

LIST = (
    "name,email,mobile,birthday,notes,alert,colour\n"
    "José Müller,jose@example.com,912 345 678,1990-05-17,Likes tea,Allergic to nuts,red\n"
    "Ana Silva,ana@example.com,,,,,\n"
    "Rui Silva,ana@example.com,,,,,\n"
    "SILVA Ana,ana@example.com,,,,,\n"
    "Bea Costa,bea@@example.com,,,,,\n"
)


@pytest.fixture
def list_file(tmp_path: Path) -> Path:
    path = tmp_path / "list.csv"
    path.write_text(LIST, encoding="utf-8")
    return path


@pytest.fixture
def salon_file(tmp_path: Path) -> Path:
    """A salon with three customers, as the import of the list leaves it."""
    path = tmp_path / "salon.db"
    with crm.open_salon(path, region="PT", zone="Europe/Lisbon", currency="EUR") as salon:
        crm.import_customers(salon, OWNER, LIST.encode())
    return path


class Ran(NamedTuple):
    """How a command ended and what it printed."""

    code: int
    out: str
    err: str


@pytest.fixture
def run(capsys: pytest.CaptureFixture[str]) -> Any:
    def run(*arguments: object) -> Ran:
        try:
            code = main([str(argument) for argument in arguments])
        except SystemExit as stopped:  # as argparse ends a wrong command, and --help
            code = int(stopped.code or 0)
        printed = capsys.readouterr()
        return Ran(code, printed.out, printed.err)

    return run


def started(*arguments: object, environment: Mapping[str, str] | None = None) -> "subprocess.CompletedProcess[str]":
    command = [sys.executable, "-m", "salon_crm", *map(str, arguments)]
    return subprocess.run(
        command,
        capture_output=True,
        encoding="utf-8",
        env={**os.environ, **(environment or {})},
        timeout=60,
        check=False,
    )


def refused(ran: Ran) -> str:
    """What a command says that does nothing: one line."""
    assert (ran.code, ran.out) == (2, "")
    assert ran.err.count("\n") == 1
    assert ran.err.startswith("salon-crm: ")
    assert "Traceback" not in ran.err
    return ran.err.removeprefix("salon-crm: ").rstrip()


# import


def test_import_makes_a_salon_and_says_what_it_did(run: Any, tmp_path: Path, list_file: Path) -> None:
    salon, problems = tmp_path / "salon.db", tmp_path / "problems.csv"
    ran = run("import", salon, list_file, *PLACE, "--problems", problems)
    assert (ran.code, ran.err) == (1, "")
    assert ran.out == (
        "5 rows read (utf-8, comma; layout: by its words)\n"
        "          3 created\n"
        "          0 updated\n"
        "          0 unchanged\n"
        "          1 skipped\n"
        "          1 refused\n"
        "          1 of them share a contact with somebody of another name\n"
        "Columns not taken: colour\n"
        "  line 6: email is not an e-mail address: it needs exactly one @.\n"
        "The refused rows are handed back with the reasons. Correct them there, and bring them in with:\n"
        f"  salon-crm import {salon} {problems} --system list --region PT\n"
    )
    assert "Bea Costa" in problems.read_text()
    problems.write_text(problems.read_text().replace("@@", "@"))
    ran = run(*shlex.split(ran.out.splitlines()[-1])[1:])
    assert (ran.code, ran.out.splitlines()[1].strip()) == (0, "1 created")
    with crm.open_salon(salon) as opened:
        assert crm.count_customers(opened, OWNER) == 4
        assert {entry.by for entry in crm.audit_trail(opened, OWNER)} == {"opening", "cli"}


def test_a_dry_run_makes_no_salon(run: Any, tmp_path: Path, list_file: Path) -> None:
    ran = run("import", tmp_path / "salon.db", list_file, *PLACE, "--dry-run")
    assert (ran.code, ran.out.splitlines()[1]) == (1, "          3 would be created")
    assert [path.name for path in tmp_path.iterdir()] == ["list.csv"]


def test_a_dry_run_on_a_salon_changes_nothing(run: Any, salon_file: Path, list_file: Path) -> None:
    ran = run("import", salon_file, list_file, "--dry-run")
    assert "          3 would be unchanged\n" in ran.out
    with crm.open_salon(salon_file) as salon:
        entries = crm.audit_trail(salon, OWNER)
    assert sum(entry.action is crm.AuditAction.IMPORT_STARTED for entry in entries) == 1


def test_a_list_may_have_phones_of_another_region_than_the_salon(run: Any, salon_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "london.csv"
    path.write_text("name,mobile\nSally Jones,07700 900123\n")
    assert run("import", salon_file, path, "--region", "GB").code == 0
    assert "+44 7700 900123" in run("find", salon_file, "Sally").out


def test_the_options_of_import_reach_it(run: Any, salon_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "old.csv"
    path.write_text("who,birthday,nr,email,a=b\nANA SILVA,01/02/1990,7,ana@example.com,x\n")
    options = ["--map", "who=name", "--map", "nr=external_id", "--map", "a=b=", "--system", "old-till"]
    ran = run("import", salon_file, path, *options, "--date-order", "mdy", "--overwrite", "--actor", "bea")
    assert ran.code == 0, ran.err
    shown = run("show", salon_file, "--external", "old-till", "7").out
    assert "ANA SILVA" in shown
    assert "1990-01-02" in shown
    with crm.open_salon(salon_file) as salon:
        assert {entry.by for entry in crm.audit_trail(salon, OWNER, by="bea")} == {"bea"}


def test_many_problems_are_counted(run: Any, tmp_path: Path) -> None:
    path = tmp_path / "list.csv"
    path.write_text("name,email\n" + "Ana,nobody\n" * 1_500)
    ran = run("import", tmp_path / "salon.db", path, *PLACE)
    assert ran.out.count("  line ") == 20
    assert ran.out.endswith("  … and 1,480 more\n")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["nowhere/salon.db", "LIST", *PLACE], "nowhere/salon.db cannot be opened: "),
        (["new.db", "LIST"], "3 values cannot be taken: region: is needed to create a salon."),
        (["new.db", "nowhere.csv", *PLACE], "list: cannot be read: no such file or directory."),
        (["new.db", ".", *PLACE], "list: cannot be read: is a directory."),
        (["new.db", "LIST", *PLACE, "--region", "XX"], "region: is not a two-letter region"),
        (["SALON", "LIST", "--zone", "Europe/Paris"], "zone: zone of this salon is Europe/Lisbon."),
        (["SALON", "LIST", "--region", "GB", "--currency", "GBP"], "currency: currency of this salon is EUR."),
        (["SALON", "LIST", "--map", "name"], "map: must be COLUMN=FIELD, such as 'Cell=mobile'."),
        (["SALON", "LIST", "--map", "nmae=name"], "mapping: names a column the file does not have: nmae."),
        (["SALON", "LIST", "--map", "colour=nmae"], "mapping: must be one of id, "),
        (["SALON", "LIST", "--role", "staff"], "staff cli may not import_customers: it needs the permission"),
        (["SALON", "LIST", "--actor", ""], "id: must be the id of a staff member, a customer or a job"),
        (["SALON", "LIST", "--problems", "LIST"], "problems_to: cannot be written: it is the file that is"),
        (
            ["SALON", "LIST", "--problems", "nowhere/p.csv"],
            "problems_to: cannot be written: No such file or directory.",
        ),
        (["SALON", "LIST", "--problems", "SALON"], "problems: cannot be written: it is the salon's own file."),
        (["SALON", "LIST", "--date-order", "ydm"], "argument --date-order: invalid choice: 'ydm'"),
        (["SALON", "SALON"], "source: "),
        (["LIST", "LIST", *PLACE], "LIST cannot be opened: "),
    ],
    ids=str,
)
def test_an_import_that_cannot_be_is_one_line(
    run: Any, salon_file: Path, list_file: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(salon_file.parent)
    before = salon_file.read_bytes()
    named = {"SALON": salon_file, "LIST": list_file}
    text = refused(run("import", *(named.get(argument, argument) for argument in arguments)))
    assert said.replace("LIST", str(list_file)) in text
    assert salon_file.read_bytes() == before
    assert list_file.read_text(encoding="utf-8") == LIST


# find and show


def test_find_lists_customers(run: Any, salon_file: Path) -> None:
    ran = run("find", salon_file, "jose")
    header, row = ran.out.splitlines()
    assert header.split() == ["name", "mobile", "e-mail", "status", "id"]
    assert row.split()[:8] == ["José", "Müller", "+351", "912", "345", "678", "jose@example.com", "active"]
    assert (ran.code, ran.err) == (0, "")


def test_find_without_words_lists_everybody(run: Any, salon_file: Path) -> None:
    rows = run("find", salon_file, "--order=-name").out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == ["Rui", "José", "Ana"]


def test_find_marks_who_is_blocked_and_who_has_alerts(run: Any, salon_file: Path) -> None:
    with crm.open_salon(salon_file) as salon:
        jose = crm.find_customers(salon, OWNER, crm.CustomerFilter(text="jose")).items[0]
        crm.block_customer(salon, OWNER, jose.id, reason="Rude")
    assert "blocked !  " in run("find", salon_file, "jose").out


def test_find_pages(run: Any, salon_file: Path) -> None:
    first = run("find", salon_file, "silva", "--limit", "1").out.splitlines()
    assert first[-1].startswith("More: --page ")
    second = run("find", salon_file, "silva", "--limit", "1", "--page", first[-1].removeprefix("More: --page ")).out
    assert "Ana Silva" in first[1]
    assert "Rui Silva" in second
    assert "More" not in second


def test_find_says_how_many_inactive_customers_match(run: Any, salon_file: Path) -> None:
    with crm.open_salon(salon_file) as salon:
        for row in crm.find_customers(salon, OWNER, crm.CustomerFilter(text="silva")):
            crm.deactivate_customer(salon, OWNER, row.id)
    ran = run("find", salon_file, "silva", "--status", "active")
    assert ran == (1, "No customers found.\n2 inactive customers match too.\n", "")
    assert run("find", salon_file, "silva", "--status", "inactive").out.count("inactive") == 2


def test_find_finds_nobody_with_exit_code_1(run: Any, salon_file: Path) -> None:
    assert run("find", salon_file, "nobody") == (1, "No customers found.\n", "")


def test_show_shows_everything_staff_need(run: Any, salon_file: Path) -> None:
    with crm.open_salon(salon_file) as salon:
        jose = crm.find_customers(salon, OWNER, crm.CustomerFilter(text="jose")).items[0]
        crm.edit_customer(
            salon,
            OWNER,
            jose.id,
            other_phones=["+447700900123 x4"],
            address={"lines": ["Rua Nova 1"], "postal_code": "1000-001", "city": "Lisboa", "country": "PT"},
            external_ids=[("till", "7")],
            gender="male",
            contact_declined=True,
        )
        crm.block_customer(salon, OWNER, jose.id, reason="Missed three appointments")
        crm.unblock_customer(salon, OWNER, jose.id)
        crm.block_customer(salon, OWNER, jose.id, reason="Rude")
    ran = run("show", salon_file, jose.id)
    lines = ran.out.splitlines()
    assert lines[0].startswith("BLOCKED since ")
    assert lines[0].endswith(" by cli: Rude")
    assert lines[1:4] == ["ALERT: Allergic to nuts", f"{'Id':<24}{jose.id}", f"{'Name':<24}José Müller"]
    shown = {line[:24].strip(): line[24:] for line in lines[2:]}
    assert shown["Mobile number"] == "+351 912 345 678"
    assert shown["Other phones"] == "+44 7700 900123 x4  (not an assigned number)"
    assert shown["Address"] == "Rua Nova 1, 1000-001, Lisboa, PT"
    assert shown["Ids in other systems"] == "till 7"
    assert shown["Gender"] == "Male"
    assert shown["Contact declined"] == "Yes"
    assert shown["Date of birth"] == "1990-05-17"
    assert shown["Status"] == "Active"
    assert shown["Note"].startswith("Likes tea  (cli, ")
    assert (ran.code, ran.err) == (0, "")
    assert run("show", salon_file, "--external", "till", "7") == (0, ran.out, "")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["find", "nowhere.db", "ana"], "salon: cannot be read: there is no such file."),
        (["show", "nowhere.db", "7"], "salon: cannot be read: there is no such file."),
        (["export", "nowhere.db", "out.csv"], "salon: cannot be read: there is no such file."),
        (["find", ".", "ana"], "cannot be opened"),
        (["find", "LIST", "ana"], "cannot be opened"),
        (["find", "SALON", "--limit", "0"], "limit: must be between 1 and 500."),
        (["find", "SALON", "--limit", "x"], "argument --limit: invalid int value: 'x'"),
        (["find", "SALON", "--order", "colour"], "order: "),
        (["find", "SALON", "--page", "x"], "page: is not a page of this salon."),
        (["find", "SALON", "--status", "gone"], "argument --status: invalid choice"),
        (["find", "SALON", "--role", "customer"], "argument --role: invalid choice"),
        (["find", "SALON", "--role", "system"], "system cli may not find_customers"),
        (["show", "SALON"], "customer_id: is required."),
        (["show", "SALON", "7"], "customer_id: is not an id."),
        (["show", "SALON", "01890a5d-ac96-774b-bcce-b302099a8057"], "There is no customer 01890a5d"),
        (["show", "SALON", "--external", "till", "7"], "There is no customer with this id of till"),
        (["export", "SALON", "nowhere/out.csv"], "target: cannot be written: No such file or directory."),
        (["export", "SALON", "."], "target: cannot be written: "),
        (["export", "SALON", "SALON"], "list: cannot be written: it is the salon's own file."),
        (["export", "SALON", "./x/../salon.db"], "cannot be written: "),
        (["export", "SALON", "out.csv", "--columns", "nmae"], "columns: must be one of id, version"),
        (["export", "SALON", "out.csv", "--role", "manager"], "manager cli may not export_customers"),
        ([], "the following arguments are required: COMMAND"),
        (["dance"], "invalid choice: 'dance'"),
        (["find"], "the following arguments are required: salon"),
        (["demo", "--date-order", "x"], "argument --date-order: invalid choice"),
    ],
    ids=str,
)
def test_a_command_that_cannot_be_is_one_line(
    run: Any, salon_file: Path, list_file: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(salon_file.parent)
    before = salon_file.read_bytes()
    named = {"SALON": salon_file, "LIST": list_file}
    text = refused(run(*(named.get(argument, argument) for argument in arguments)))
    assert said in text
    assert salon_file.read_bytes() == before
    assert not Path("nowhere.db").exists()
    assert not Path("out.csv").exists()


# export


def test_export_writes_a_list_that_comes_in_again(run: Any, salon_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    assert run("export", salon_file, path) == (0, f"3 customers written to {path}\n", "")
    again = run("import", tmp_path / "other.db", path, *PLACE)
    assert (again.code, again.out.splitlines()[:2]) == (
        0,
        ["3 rows read (utf-8, comma; layout: salon_crm)", "          3 created"],
    )


def test_export_takes_who_and_what_is_asked(run: Any, salon_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "out.csv"
    run("export", salon_file, path, "--text", "silva", "--status", "active", "--columns", "name, email")
    assert sorted(path.read_text().splitlines()) == [
        "Ana Silva,ana@example.com",
        "Rui Silva,ana@example.com",
        "name,email",
    ]


# the terminal


class Terminal(io.StringIO):
    """A stream that says it is one."""

    def isatty(self) -> bool:
        return True


def test_a_long_run_says_on_a_terminal_how_far_it_is(
    run: Any, salon_file: Path, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    shown = Terminal()
    monkeypatch.setattr(sys, "stderr", shown)
    run("export", salon_file, tmp_path / "out.csv")
    assert shown.getvalue() == "\r3 customers …\r\033[K"


def test_interrupting_says_so(run: Any, salon_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    def interrupt(*_: object, **__: object) -> None:
        raise KeyboardInterrupt

    monkeypatch.setattr(cli, "find_customers", interrupt)
    assert run("find", salon_file) == (130, "", "salon-crm: interrupted; what was done stays done.\n")


@pytest.mark.skipif(os.name != "posix", reason="signals of POSIX")
def test_an_import_may_be_interrupted_while_it_waits_for_its_list(tmp_path: Path) -> None:
    fifo = tmp_path / "list.csv"
    os.mkfifo(fifo)
    command = [sys.executable, "-m", "salon_crm", "import", str(tmp_path / "salon.db"), str(fifo), *PLACE]
    process = subprocess.Popen(
        command,
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        encoding="utf-8",
        # a shell lets its background jobs ignore the interrupt, and so would every process started from there
        preexec_fn=lambda: signal.signal(signal.SIGINT, signal.default_int_handler),  # noqa: PLW1509 -- one thread
    )
    try:
        with fifo.open("w", encoding="utf-8") as writing:  # opens when the import reads, which then waits for more
            writing.write("name\nAna\n")
            writing.flush()
            process.send_signal(signal.SIGINT)
        out, err = process.communicate(timeout=60)  # the list ends, which wakes what the signal met between two reads
    finally:
        process.kill()
    assert (process.returncode, out, err) == (130, "", "salon-crm: interrupted; what was done stays done.\n")


@pytest.mark.parametrize("encoding", ["ascii", "cp1252", "utf-8"])
def test_any_terminal_will_do(salon_file: Path, encoding: str) -> None:
    command = [sys.executable, "-m", "salon_crm", "find", str(salon_file), "jose"]
    environment = {**os.environ, "PYTHONIOENCODING": encoding}
    result = subprocess.run(command, capture_output=True, env=environment, timeout=60, check=False)
    assert (result.returncode, result.stderr) == (0, b"")
    name = {"ascii": "Jos? M?ller"}.get(encoding, "José Müller")
    assert name.encode(encoding) in result.stdout


def test_errors_show_on_a_terminal_without_accents_too(tmp_path: Path) -> None:
    result = started("find", tmp_path / "salão.db", environment={"PYTHONIOENCODING": "ascii"})
    assert (result.returncode, result.stderr.count("\n")) == (2, 1)


@pytest.mark.skipif(os.name != "posix", reason="pipes of POSIX")
@pytest.mark.parametrize("unbuffered", ["", "1"])
@pytest.mark.parametrize("command", [["demo", "LIST"], ["find", "SALON"], ["--help"]], ids=lambda command: command[0])
def test_whoever_reads_the_output_may_stop(
    salon_file: Path, list_file: Path, command: list[str], unbuffered: str
) -> None:
    """As ``salon-crm … | head -0`` does."""
    named = {"SALON": str(salon_file), "LIST": str(list_file)}
    reading, writing = os.pipe()
    os.close(reading)
    try:
        result = subprocess.run(
            [sys.executable, "-m", "salon_crm", *(named.get(part, part) for part in command)],
            stdout=writing,
            stderr=subprocess.PIPE,
            encoding="utf-8",
            env={**os.environ, "PYTHONUNBUFFERED": unbuffered},
            timeout=60,
            check=False,
        )
    finally:
        os.close(writing)
    assert (result.returncode, result.stderr) == (0, "")


def test_the_version_is_that_of_the_package(run: Any) -> None:
    assert run("--version") == (0, f"salon-crm {crm.__version__}\n", "")


@pytest.mark.parametrize("command", [[], ["demo"], ["import"], ["find"], ["show"], ["export"]], ids=str)
def test_every_command_has_help(run: Any, command: list[str]) -> None:
    ran = run(*command, "--help")
    assert (ran.code, ran.err) == (0, "")
    assert ran.out.startswith("usage: salon-crm")


def test_it_runs_as_a_program(salon_file: Path) -> None:
    result = started("show", salon_file, "nobody")
    assert (result.returncode, result.stdout) == (2, "")
    assert result.stderr.startswith("salon-crm: customer_id: is not an id.")
    assert result.stderr.count("\n") == 1


# maintenance


def test_backup_copies_a_salon_that_opens_and_says_how_its_audit_ends(
    run: Any, salon_file: Path, tmp_path: Path
) -> None:
    ran = run("backup", salon_file, tmp_path / "copy.db")
    assert (ran.code, ran.err) == (0, "")
    with crm.open_salon(tmp_path / "copy.db") as copy:
        head = crm.audit_head(copy, OWNER)
        size = (tmp_path / "copy.db").stat().st_size
    assert ran.out == (
        f"3 customers in {size:,} bytes, checked, copied to {tmp_path / 'copy.db'}\n"
        f"Its audit ends with entry {head.sequence} {head.digest.hex()}\n"
    )
    assert "there is a file of this name" in refused(run("backup", salon_file, tmp_path / "copy.db"))


def test_health_says_what_is_wrong_and_that_it_is_to_be_looked_at(run: Any, salon_file: Path) -> None:
    ran = run("health", salon_file)
    assert (ran.code, ran.err, ran.out.splitlines()[-1]) == (0, "", "Sound.")
    with closing(sqlite3.connect(salon_file)) as raw, raw:
        raw.execute("UPDATE crm_audit SET actor = 'rui' WHERE sequence = 3")
    ran = run("health", salon_file)
    assert (ran.code, ran.err, ran.out.splitlines()[-1]) == (1, "", "Not sound.")
    assert "The audit is broken at entry 3" in ran.out


def test_rebuild_search_says_for_how_many(run: Any, salon_file: Path) -> None:
    ran = run("rebuild-search", salon_file)
    assert (ran.code, ran.out) == (0, "The search index was made anew for 3 customers\n")


def test_maintenance_makes_no_salon_of_a_mistyped_path(run: Any, tmp_path: Path) -> None:
    for arguments in (("backup", tmp_path / "no.db", tmp_path / "copy.db"), ("health", tmp_path / "no.db")):
        assert "there is no such file" in refused(run(*arguments))
    assert list(tmp_path.iterdir()) == []


# bookings

BOOK = (
    "No,Client,E-mail,Date,Time,Treatment,Branch,Stylist,Status,Price,Colour\n"
    "1,José Müller,jose@example.com,13/02/2025,14:30,Cut,Chiado,Gil Horta,done,25.00,\n"
    "2,José Müller,jose@example.com,20/02/2025,9:00 am,Balayage,Chiado,,no show,120.00,\n"
    "3,Ana Silva,ana@example.com,20/02/2025,10:15,Manicure,Chiado,Gil Horta,paid,15.00,\n"
    "4,Ana Silva,ana@example.com,20/02/2025,11:15,Perm,Chiado,,done,90.00,\n"
    "5,Ana Silva,ana@example.com,20/02/2125,11:15,Cut,Chiado,,booked,25.00,\n"
)


@pytest.fixture
def book_file(tmp_path: Path) -> Path:
    path = tmp_path / "book.csv"
    path.write_text(BOOK, encoding="utf-8")
    return path


@pytest.fixture
def booked_file(salon_file: Path) -> Path:
    """The salon of three customers, with a catalogue and the bookings of the list."""
    with crm.open_salon(salon_file) as salon:
        add_catalogue(salon)
        crm.import_bookings(salon, OWNER, BOOK.encode(), system="till", mapping={"No": "booking_id"})
    return salon_file


def add_catalogue(salon: crm.Salon) -> None:
    for name in ("Hair", "Nails"):
        crm.add_service_type(salon, OWNER, name=name)
    for name, kind in (("Cut", "hair"), ("Balayage", "hair"), ("Manicure", "nails")):
        crm.add_service(salon, OWNER, name=name, service_type=kind, duration=45)
    crm.add_location(salon, OWNER, name="Chiado", zone="Europe/Lisbon")
    crm.add_staff_member(salon, OWNER, name="Gil Horta")


def id_of(salon_file: Path, text: str) -> str:
    with crm.open_salon(salon_file) as salon:
        [row] = crm.find_customers(salon, OWNER, crm.CustomerFilter(text=text))
        return str(row.id)


def test_import_bookings_says_what_it_did_and_what_the_catalogue_lacks(
    run: Any, salon_file: Path, book_file: Path, tmp_path: Path
) -> None:
    with crm.open_salon(salon_file) as salon:
        add_catalogue(salon)
    problems = tmp_path / "problems.csv"
    arguments = (salon_file, book_file, "--system", "till", "--map", "No=booking_id")
    dry = run("import-bookings", *arguments, "--dry-run")
    assert (dry.code, "          4 would be created" in dry.out) == (1, True)
    ran = run("import-bookings", *arguments, "--problems", problems)
    assert (ran.code, ran.err) == (1, "")
    assert ran.out == (
        "5 rows read (utf-8, comma)\n"
        "          4 created\n"
        "          0 updated\n"
        "          0 unchanged\n"
        "          0 skipped\n"
        "          1 refused\n"
        "Columns not taken: Colour\n"
        "The catalogue lacks the service 'Perm' (rows: 1)\n"
        "  line 5: service names no service of the catalogue, by code, id or name. Add it to the catalogue, or correct "
        "the row.\n"
        "The refused rows are handed back with the reasons. Correct them there, and bring them in with:\n"
        f"  salon-crm import-bookings {salon_file} {problems} --system till --date-order dmy --decimal-sign . "
        "--map No=booking_id\n"
    )
    problems.write_text(problems.read_text().replace("Perm", "cut"))
    ran = run(*shlex.split(ran.out.splitlines()[-1])[1:])
    assert (ran.code, ran.out.splitlines()[1].strip()) == (0, "1 created")


def test_the_options_of_import_bookings_reach_it(run: Any, booked_file: Path, tmp_path: Path) -> None:
    path = tmp_path / "more.csv"
    path.write_text("client,mobile,start,treatment,price\nSally Jones,07700 900123,02/03/2025 10:00,Cut,10.000\n")
    with crm.open_salon(booked_file) as salon:
        sally = crm.add_customer(salon, OWNER, name="Sally Jones", mobile="+447700900123")
        crm.deactivate_customer(salon, OWNER, sally.id)
        crm.block_customer(salon, OWNER, sally.id, reason="Rude")
    options = ["--region", "GB", "--date-order", "mdy", "--decimal-sign", ",", "--status", "completed", "--overwrite"]
    ran = run("import-bookings", booked_file, path, *options, "--problems", tmp_path / "p.csv")
    assert (ran.code, ran.err) == (0, "")
    assert "          1 of them: The customer is blocked\n" in ran.out
    with crm.open_salon(booked_file) as salon:
        [row] = crm.customer_bookings(salon, OWNER, sally.id)
    assert (str(row.date), row.status, str(row.booking.price)) == ("2025-02-03", "completed", "10000.00 EUR")
    path.write_text(path.read_text() + "Sally Jones,07700 900123,02/03/2125 10:00,Perm,1\n")
    path.write_text(path.read_text() + "Sally Jones,07700 900123,02/03/2125 10:00,Cut,1\n")
    ran = run("import-bookings", booked_file, path, *options, "--problems", tmp_path / "p.csv")
    assert "          1 inactive customers active again\n" in ran.out
    assert ran.out.splitlines()[-1].endswith(
        "--system list --region GB --date-order mdy --decimal-sign , --status completed --overwrite"
    )


def test_a_customers_page_has_the_name_the_contacts_and_the_bookings(run: Any, booked_file: Path) -> None:
    ran = run("bookings", booked_file, id_of(booked_file, "jose"))
    assert ran == (
        0,
        "José Müller\n"
        "E-mail: jose@example.com\n"
        "Mobile number: +351 912 345 678\n"
        "  date        time   service   location  therapist  status\n"
        "  2025-02-20  09:00  Balayage  Chiado               No show\n"
        "  2025-02-13  14:30  Cut       Chiado    Gil Horta  Completed\n",
        "",
    )


def test_no_history_and_nothing_that_matches_read_the_same(run: Any, booked_file: Path) -> None:
    jose, rui = id_of(booked_file, "jose"), id_of(booked_file, "rui")
    heading = ["Rui Silva", "E-mail: ana@example.com", "Mobile number: -"]
    none_at_all = run("bookings", booked_file, rui)
    assert (none_at_all.code, none_at_all.out.splitlines()) == (1, [*heading, "No Data Found"])
    for options in (["--since", "2025-02-21"], ["--until", "2025-02-12"], ["--service", "manicure"]):
        ran = run("bookings", booked_file, jose, *options)
        assert (ran.code, ran.out.splitlines()[3:]) == (1, ["No Data Found"])
    assert run("agenda", booked_file) == (1, "No Data Found\n", "")


def test_a_customers_page_is_restricted_by_days_both_included_and_by_service(run: Any, booked_file: Path) -> None:
    with crm.open_salon(booked_file) as salon:
        jose = crm.find_customers(salon, OWNER, crm.CustomerFilter(text="jose")).items[0]
        crm.edit_customer(salon, OWNER, jose.id, external_ids=[("till", "7")])
    both = run("bookings", booked_file, "--external", "till", "7", "--since", "2025-02-13", "--until", "2025-02-20")
    assert len(both.out.splitlines()) == 6
    one = run("bookings", booked_file, jose.id, "--service", "cut").out
    assert ("Balayage" in one, "Cut" in one) == (False, True)
    first = run("bookings", booked_file, jose.id, "--limit", "1").out.splitlines()
    second = run("bookings", booked_file, jose.id, "--limit", "1", "--page", first[-1].removeprefix("More: --page "))
    assert ("Balayage" in first[4], "Cut" in second.out) == (True, True)


def test_points_show_the_balance_its_lots_and_the_last_entries(run: Any, salon_file: Path) -> None:
    jose = id_of(salon_file, "jose")
    assert run("points", salon_file, jose).code == 1
    with crm.open_salon(salon_file) as salon:
        tiers = (crm.Tier(code="silver", name="Silver", points=10),)
        programme = crm.RewardProgramme(value=crm.Money(5, "EUR"), tiers=tiers)
        crm.change_settings(salon, OWNER, rewards=programme)
        today = salon.today("Europe/Lisbon")
        crm.add_points(salon, OWNER, jose, points=1_000, reason="Welcome")
        crm.add_points(salon, OWNER, jose, points=50, expires=today)
        crm.redeem_points(salon, OWNER, jose, points=70, reason="A cut")
    ran = run("points", salon_file, jose)
    assert ran == (
        0,
        "José Müller: 980 points to spend, worth 49.00 EUR, tier silver\n"
        f"{today}: 980 points, of which 980 could be spent\n"
        "  lot  points  of     last day\n"
        "    1     980  1,000  stays\n"
        "  date        points  action    total  by   reason\n"
        f"  {today}     -70  Redeemed    980  cli  A cut\n"
        f"  {today}     +50  Added     1,050  cli\n"
        f"  {today}  +1,000  Added     1,000  cli  Welcome\n",
        "",
    )
    assert run("points", salon_file, jose, "--limit", "2").out.splitlines()[-1] == "More: --before 2"
    assert "A cut" not in run("points", salon_file, jose, "--before", "3", "--text", "welcome").out
    assert run("points", salon_file, jose, "--action", "expired").code == 1
    before = run("points", salon_file, jose, "--on", "2025-01-01", "--since", "2025-01-01", "--until", "2099-01-01")
    assert "2025-01-01: 0 points, of which 0 could be spent" in before.out
    assert run("expire-points", salon_file) == (0, "0 points of 0 customers expired\n", "")
    assert run("verify-ledger", salon_file) == (0, "3 entries of 1 ledgers verified, 0 ledgers are wrong\n", "")


def test_a_ledger_that_was_changed_by_hand_is_named(run: Any, salon_file: Path) -> None:
    jose = id_of(salon_file, "jose")
    with crm.open_salon(salon_file) as salon:
        crm.add_points(salon, OWNER, jose, points=10)
    with closing(sqlite3.connect(salon_file)) as raw, raw:
        raw.execute("UPDATE crm_reward_entries SET points = 1000")
    ran = run("verify-ledger", salon_file)
    assert ran.code == 1
    assert f"  {jose}, entry 1: the entry is not what was written\n" in ran.out


def test_an_agenda_lists_who_comes_when(run: Any, booked_file: Path) -> None:
    with crm.open_salon(booked_file) as salon:
        ana = crm.find_customers(salon, OWNER, crm.CustomerFilter(text="ana silva")).items[0]
        crm.block_customer(salon, OWNER, ana.id, reason="Rude")
        crm.add_note(salon, OWNER, ana.id, text="Allergic", alert=True)
    ran = run("agenda", booked_file, "--start", "2025-02-20", "--end", "2025-02-20")
    assert ran.code == 0
    assert [line.split() for line in ran.out.splitlines()] == [
        ["date", "time", "customer", "mobile", "service", "location", "therapist", "status"],
        ["2025-02-20", "09:00", "José", "Müller", "+351", "912", "345", "678", "!", "Balayage", "Chiado", "No", "show"],
        ["2025-02-20", "10:15", "Ana", "Silva", "blocked", "!", "Manicure", "Chiado", "Gil", "Horta", "Completed"],
    ]
    counted = {
        ("--therapist", "gil-horta"): 2,
        ("--service", "cut"): 2,
        ("--location", "chiado"): 4,
        ("--status", "no-show", "--status", "pending"): 2,
    }
    for options, count in counted.items():
        rows = run("agenda", booked_file, "--start", "2025-01-01", *options).out.splitlines()[1:]
        assert len(rows) == count, options


def test_an_agenda_without_days_is_todays(run: Any, booked_file: Path) -> None:
    with crm.open_salon(booked_file) as salon:
        jose = crm.find_customers(salon, OWNER, crm.CustomerFilter(text="jose")).items[0]
        today = crm.book(salon, OWNER, jose.id, service="cut", start=salon.now(), price="1").booking
        crm.book(salon, OWNER, jose.id, service="cut", start=salon.now() + timedelta(days=3))
    rows = run("agenda", booked_file).out.splitlines()[1:]
    assert [row.split()[0] for row in rows] == [str(today.day)]


def test_the_catalogue_is_listed_with_codes(run: Any, booked_file: Path, salon_file: Path) -> None:
    with crm.open_salon(booked_file) as salon:
        crm.retire_service(salon, OWNER, "manicure")
        crm.add_package(salon, OWNER, name="Ten cuts")
    ran = run("catalogue", booked_file)
    assert (ran.code, "manicure" in ran.out) == (0, False)
    assert [line.split() for line in ran.out.splitlines()] == [
        ["Service", "types"],
        ["code", "name"],
        ["hair", "Hair"],
        ["nails", "Nails"],
        ["Services"],
        ["code", "name"],
        ["balayage", "Balayage", "hair,", "45", "min"],
        ["cut", "Cut", "hair,", "45", "min"],
        ["Packages"],
        ["code", "name"],
        ["ten-cuts", "Ten", "cuts"],
        ["Locations"],
        ["code", "name"],
        ["chiado", "Chiado", "Europe/Lisbon"],
        ["Staff"],
        ["code", "name"],
        ["gil-horta", "Gil", "Horta"],
    ]
    assert "  manicure  Manicure  nails, 45 min, retired\n" in run("catalogue", booked_file, "--retired").out


def test_an_empty_catalogue_says_so(run: Any, salon_file: Path) -> None:
    assert run("catalogue", salon_file) == (0, "The catalogue is empty.\n", "")


@pytest.mark.parametrize(
    ("options", "found"),
    [
        (["--booked-type", "nails"], ["Ana Silva"]),
        (["--booked", "balayage"], []),
        (["--booked", "balayage", "--count-cancelled"], ["José Müller"]),
        (["--booked", "cut", "--booking-status", "completed"], ["José Müller"]),
        (["--booked", "cut", "--booking-status", "completed", "--start", "2025-02-14"], []),
        (["--booked", "balayage", "--booking-status", "no-show"], ["José Müller"]),
        (["--booked", "cut", "--booked", "manicure"], ["Ana Silva", "José Müller"]),
        (["--never-booked-type", "nails"], ["José Müller", "Rui Silva"]),
        (["--never-booked", "cut"], ["Rui Silva"]),
        (["--start", "2025-02-20", "--end", "2025-02-20"], ["Ana Silva"]),
        (["--booking-status", "active"], ["Ana Silva"]),
        (["--therapist", "gil-horta", "--location", "chiado"], ["Ana Silva", "José Müller"]),
        (["--visits", "1.."], ["Ana Silva", "José Müller"]),
        (["--visits", "..0"], ["Rui Silva"]),
        (["--visits", "1"], ["Ana Silva", "José Müller"]),
        (["--spend", "0.01.."], []),
        (["--last-visit-before", "2025-02-20"], ["José Müller"]),
        (["--last-visit-after", "2025-02-13"], ["Ana Silva"]),
        (["--last-visit-before", "90d"], ["Ana Silva", "José Müller"]),
        (["--where", "booked(type:hair) or visits = 0"], ["Ana Silva", "José Müller", "Rui Silva"]),
        (["silva", "--visits", "1..", "--where", "not booked(type:nails)"], []),
        (["silva", "--where", "not booked(type:nails)"], ["Rui Silva"]),
    ],
    ids=str,
)
def test_find_takes_the_panel(run: Any, booked_file: Path, options: list[str], found: list[str]) -> None:
    ran = run("find", booked_file, *options)
    assert (ran.code, ran.err) == (0 if found else 1, "")
    names = [" ".join(line.split()[:2]) for line in ran.out.splitlines()[1:]] if found else []
    assert names == found


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["find", "SALON", "--visits", "x.."], "visits: must be whole numbers, such as 3..5."),
        (["find", "SALON", "--visits", ".."], "argument --visits: a range is written 3.. or ..5 or 3..5"),
        (["find", "SALON", "--spend", "x.."], "spend: "),
        (["find", "SALON", "--start", "1.2.2025"], "argument --start: a day is written 2026-01-31"),
        (["find", "SALON", "--last-visit-before", "soon"], "argument --last-visit-before: a day is written"),
        (["find", "SALON", "--start", "2025-02-02", "--end", "2025-02-01"], "end: lies before the start"),
        (["find", "SALON", "--booked", "perm"], "names perm, which is no service of this salon"),
        (["find", "SALON", "--booking-status", "gone"], "argument --booking-status: invalid choice"),
        (["find", "SALON", "--where", "colour = red"], "criteria: has at line 1, column 1"),
        (["bookings", "SALON"], "customer_id: is required."),
        (["bookings", "nowhere.db", "7"], "salon: cannot be read: there is no such file."),
        (["bookings", "SALON", "--external", "till", "9", "--service", "perm"], "There is no customer"),
        (["agenda", "SALON", "--status", "gone"], "argument --status: invalid choice"),
        (["agenda", "SALON", "--therapist", "hugo"], "There is no staff member hugo in this salon."),
        (["catalogue", "SALON", "--role", "system"], "system cli may not catalogue"),
        (["import-bookings", "SALON", "nowhere.csv"], "list: cannot be read: no such file or directory."),
        (["import-bookings", "nowhere.db", "LIST"], "salon: cannot be read: there is no such file."),
        (["import-bookings", "SALON", "LIST"], "source: has no column for service, start."),
        (["import-bookings", "SALON", "LIST", "--problems", "SALON"], "it is the salon's own file."),
        (["import-bookings", "SALON", "LIST", "--status", "no-show"], "argument --status: invalid choice"),
        (["import-bookings", "SALON", "LIST", "--role", "staff"], "staff cli may not import_bookings"),
        (["points", "SALON"], "customer_id: is required."),
        (["points", "SALON", "7", "--on", "soon"], "argument --on: a day is written 2026-01-31"),
        (["points", "SALON", "7", "--action", "won"], "argument --action: invalid choice"),
        (["expire-points", "SALON", "--role", "staff"], "staff cli may not expire_points"),
        (["verify-ledger", "SALON", "--role", "staff"], "staff cli may not verify_ledger"),
        (["verify-facts", "SALON", "--role", "staff"], "staff cli may not verify_facts"),
        (["rebuild-facts", "nowhere.db"], "salon: cannot be read: there is no such file."),
    ],
    ids=str,
)
def test_a_command_about_bookings_that_cannot_be_is_one_line(
    run: Any, booked_file: Path, list_file: Path, monkeypatch: pytest.MonkeyPatch, arguments: list[str], said: str
) -> None:
    monkeypatch.chdir(booked_file.parent)
    before = booked_file.read_bytes()
    named = {"SALON": booked_file, "LIST": list_file}
    assert said in refused(run(*(named.get(argument, argument) for argument in arguments)))
    assert booked_file.read_bytes() == before
    assert not Path("nowhere.db").exists()


def test_facts_are_verified_and_mended(run: Any, booked_file: Path) -> None:
    assert run("verify-facts", booked_file) == (0, "The facts of 3 customers were compared; 0 are wrong\n", "")
    jose = id_of(booked_file, "jose")
    with closing(sqlite3.connect(booked_file)) as raw, raw:
        raw.execute("UPDATE crm_facts SET visits = 7 WHERE customer_id = ?", [jose])
    ran = run("verify-facts", booked_file)
    assert ran == (1, f"The facts of 3 customers were compared; 1 are wrong\n  {jose}\n", "")
    assert run("rebuild-facts", booked_file).out == "The facts of 3 customers were computed anew; 1 were mended\n"
    assert run("verify-facts", booked_file).code == 0


def test_of_many_wrong_facts_the_first_are_named(run: Any, booked_file: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(cli, "_SHOWN_IDS", 0)
    with closing(sqlite3.connect(booked_file)) as raw, raw:
        raw.execute("UPDATE crm_facts SET visits = 7")
    assert run("verify-facts", booked_file).out.endswith("2 are wrong\n  … and 2 more\n")
