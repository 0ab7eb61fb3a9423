"""The demo on its samples and on a reader's own list."""

import os
import re
import subprocess
import sys
from datetime import date, timedelta
from pathlib import Path
from resource import RUSAGE_CHILDREN, getrusage
from typing import Any

import pytest

import salon_crm as crm
from salon_crm import demo
from salon_crm.adapters.sqlite.like import LikeScan
from salon_crm.cli import main
from salon_crm.demo import bookings, lists, searches
from salon_crm.samples.bookings import ENCODING, Client, write_invented_bookings

OWN_LIST = (
    "Kunde;E-Mail;Telefon;Lieblingsfarbe\r\n"
    "José Müller;jose@example.com;912 345 678;grün\r\n"
    "Bea Costa;bea@@example.com;;\r\n"
    "Jose Muller;jose@example.com;;\r\n"
    "Carla;;;\r\n"
)


@pytest.fixture
def own_list(tmp_path: Path) -> Path:
    path = tmp_path / "my-list.csv"
    path.write_bytes(OWN_LIST.encode("cp1252"))
    return path


def checks(output: str) -> list[str]:
    return [line.strip() for line in output.splitlines() if line.startswith(("  ok  ", "  FAIL", "  left out"))]


def test_the_demo_passes_its_own_checks_in_seconds() -> None:
    spent = getrusage(RUSAGE_CHILDREN).ru_utime
    result = subprocess.run(
        [sys.executable, "-m", "salon_crm", "demo"],
        capture_output=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")},  # it takes time
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert getrusage(RUSAGE_CHILDREN).ru_utime - spent < 10  # of the processor, whatever else it has to do
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith("24 checks, 0 failed.\n")
    made = checks(result.stdout)
    assert len(made) == 24
    assert all(line.startswith("ok") for line in made)
    assert "ok    every created row is a customer (782 of 782)" in made


def test_the_files_of_the_demo_may_be_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    folder = tmp_path / "a" / "demo"
    assert main(["demo", "--keep", str(folder)]) == 0
    assert {path.name for path in folder.iterdir() if path.suffix in (".db", ".csv")} == {
        "salon.db",
        "second.db",
        "customers.csv",
        "customers-again.csv",
        "bookings.csv",
        "bookings-refused.csv",
        "nookal-refused.csv",
        "stx-refused.csv",
        "shore-refused.csv",
    }
    with crm.open_salon(folder / "salon.db") as salon:
        assert crm.count_customers(salon, crm.Actor("bea", crm.Role.OWNER)) == 820
    assert f"The files are in {folder}." in capsys.readouterr().out
    assert main(["demo", "--keep", str(folder)]) == 2
    assert capsys.readouterr().err == (
        "salon-crm: keep: cannot be written: it holds a salon already; give another folder.\n"
    )


def test_the_demo_shows_a_list_of_the_readers_own(own_list: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", str(own_list), "--region", "PT"]) == 0
    output = capsys.readouterr().out
    assert [re.sub(r"\d+ bytes", "some bytes", line) for line in checks(output)] == [
        "ok    my-list.csv: rows read = created + updated + unchanged + skipped + refused (4 = 2 + 0 + 0 + 1 + 1)",
        "ok    every created row is a customer (2 of 2)",
        "ok    my-list.csv: a second import changes nothing (2 rows unchanged)",
        "ok    a blocked customer may not book, and is not told why (1 asked)",
        "ok    export into an empty salon gives an equal export (2 customers, some bytes)",
        "ok    the audit chain verifies (10 entries)",
        "left out (needs the samples): the corrected refusals bring in exactly those rows",
        "left out (needs the samples): jose finds José",
        "left out (needs the samples): a year of bookings and sales answers three panels and earns points",
    ]
    assert "columns not taken: Lieblingsfarbe" in output
    assert "line 3: email is not an e-mail address" in output


def test_the_readers_list_is_read_in_the_region_and_order_stated(
    tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    path = tmp_path / "list.csv"
    path.write_text("name,mobile,birthday\nAna Silva,07700 900123,01/02/1990\n", encoding="utf-8")
    options = ["--region", "GB", "--zone", "Europe/London", "--currency", "GBP"]
    assert main(["demo", str(path), *options]) == 2
    printed = capsys.readouterr()
    assert printed.err == (
        "salon-crm: date_order: is needed: the dates of column birthday can be read two ways (first in line 2). "
        "State date_order as dmy, mdy or ymd.\n"
    )
    assert main(["demo", str(path), *options, "--date-order", "dmy"]) == 0
    assert "(Europe/London, GBP)" in capsys.readouterr().out


def test_the_demo_shows_our_own_export_too(own_list: Path, tmp_path: Path) -> None:
    assert main(["demo", str(own_list), "--keep", str(tmp_path / "kept")]) == 0
    assert main(["demo", str(tmp_path / "kept" / "customers.csv")]) == 0


def test_a_list_of_nobody_is_fine(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    path = tmp_path / "list.csv"
    path.write_text("name,email\n")
    assert main(["demo", str(path)]) == 0
    assert "The list has nobody to block." in capsys.readouterr().out


@pytest.mark.parametrize(
    ("content", "reason"),
    [
        (None, "list: cannot be read: no such file or directory."),
        (b"", "source: is empty: there is no header to read."),
        (b"colour,mood\nred,good\n", "source: has no header: its first line names no column that is known."),
    ],
)
def test_a_list_that_cannot_be_read_is_one_line(
    tmp_path: Path, capsys: pytest.CaptureFixture[str], content: bytes | None, reason: str
) -> None:
    path = tmp_path / "list.csv"
    if content is not None:
        path.write_bytes(content)
    assert main(["demo", str(path)]) == 2
    printed = capsys.readouterr().err
    assert printed.startswith(f"salon-crm: {reason}")
    assert printed.count("\n") == 1


@pytest.mark.parametrize("option", [["--region", "XX"], ["--zone", "Nowhere"], ["--currency", "euro"]], ids=str)
def test_a_setting_that_does_not_exist_is_one_line(
    own_list: Path, capsys: pytest.CaptureFixture[str], option: list[str]
) -> None:
    assert main(["demo", str(own_list), *option]) == 2
    assert capsys.readouterr().err.count("\n") == 1


def test_a_folder_that_cannot_be_made_is_one_line(own_list: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--keep", str(own_list / "x")]) == 2
    assert capsys.readouterr().err.startswith("salon-crm: keep: cannot be written: ")


def test_a_check_that_fails_is_said_and_the_exit_code_is_1(
    own_list: Path, capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def count_one_too_many(salon: crm.Salon, actor: crm.Actor, *criteria: Any) -> int:
        return crm.count_customers(salon, actor, *criteria) + 1

    monkeypatch.setattr(lists, "count_customers", count_one_too_many)
    assert main(["demo", str(own_list)]) == 1
    output = capsys.readouterr().out
    assert "  FAIL  every created row is a customer (3 of 2)" in output
    assert output.endswith("6 checks, 1 failed.\n")


def test_columns_are_as_wide_as_what_stands_in_them(capsys: pytest.CaptureFixture[str]) -> None:
    demo.show_table(("name", "n"), (("王小明", "1,200"), ("José", "7"), ("e\u0301", "")))
    assert capsys.readouterr().out == (
        "  name    n\n"
        "  王小明  1,200\n"
        "  José        7\n"
        "  e\u0301\n"
    )  # fmt: skip


def test_invented_customers_are_searched_beside_a_scan(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--customers", "1000"]) == 0
    output = capsys.readouterr().out
    assert checks(output) == [
        "ok    every row is a customer (1,000 of 1,000)",
        "ok    as many are counted as are listed (13 of 13 searches)",
        "ok    whoever the scan finds, the search finds (13 of 13)",
        "ok    the audit chain verifies (1,003 entries)",
    ]
    [jose] = [line.split() for line in output.splitlines() if line.startswith("  jose ")]
    assert (jose[-5], jose[-3], jose[-1]) == ("15", "12", "3")  # found, by the scan, missed by it
    assert "  'jose': José Leitão, José Palbor, José Silva\n" in output
    assert "  'zzz'" not in output


def test_the_salon_of_invented_customers_may_be_kept(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo", "--customers", "30", "--keep", str(tmp_path)]) == 0
    assert f"The files are in {tmp_path}." in capsys.readouterr().out
    assert {path.name for path in tmp_path.iterdir()} == {"salon.db", "invented.csv"}
    with crm.open_salon(tmp_path / "salon.db") as salon:
        assert crm.count_customers(salon, crm.Actor("bea", crm.Role.OWNER)) == 30


@pytest.mark.parametrize(
    ("options", "reason"),
    [
        (["0"], "customers: must be between 1 and 9999999."),
        (["10000000"], "customers: must be between 1 and 9999999."),
        (["x"], "argument --customers: invalid int value: 'x'"),
        (["5", "list.csv"], "not allowed with argument"),
        (["5", "--region", "PT"], "argument --customers: not allowed with argument --region"),
        (["5", "--date-order", "dmy"], "argument --customers: not allowed with argument --date-order"),
    ],
    ids=str,
)
def test_customers_that_cannot_be_invented_are_one_line(
    capsys: pytest.CaptureFixture[str], options: list[str], reason: str
) -> None:
    try:
        code: object = main(["demo", "--customers", *options])
    except SystemExit as end:
        code = end.code
    printed = capsys.readouterr()
    assert (code, printed.out, printed.err.count("\n")) == (2, "", 1)
    assert reason in printed.err


def test_a_search_that_finds_fewer_than_the_scan_fails_the_demo(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def nobody(*_: object) -> tuple[crm.CustomerRow, ...]:
        return ()

    monkeypatch.setattr(searches, "each_customer", nobody)
    assert not demo.run_searches(100)
    failed = [line for line in checks(capsys.readouterr().out) if line.startswith("FAIL")]
    assert [line.partition(" (")[0] for line in failed] == [
        "FAIL  as many are counted as are listed",
        "FAIL  whoever the scan finds, the search finds",
    ]


def test_the_scan_takes_text_as_it_stands_and_writes_nothing(tmp_path: Path) -> None:
    bea = crm.Actor("bea", crm.Role.OWNER)
    with crm.open_salon(tmp_path / "salon.db", region="PT", zone="Europe/Lisbon", currency="EUR") as salon:
        ids = [str(crm.add_customer(salon, bea, name=name).id) for name in ("Zé 50%", "Ana_B", "Ana B", "a\\b")]
        with LikeScan(tmp_path / "salon.db") as scan:
            assert scan.everybody("50%") == {ids[0]}
            assert scan.everybody("ana_b") == {ids[1]}
            assert scan.everybody("a\\b") == {ids[3]}
            assert scan.first("ana", 1) == [ids[2]]
            with pytest.raises(crm.StoreError):
                scan._connection.run("DELETE FROM crm_customers")
    with pytest.raises(crm.StoreError):
        LikeScan(tmp_path / "none.db")
    assert not (tmp_path / "none.db").exists()


def test_the_demo_says_what_a_year_of_bookings_tells(capsys: pytest.CaptureFixture[str]) -> None:
    assert main(["demo"]) == 0
    output = capsys.readouterr().out
    asked = output[output.index("8. Ask the filter panel") : output.index("9. Reward")]
    for criteria in (
        "  booked(type:hair) and not booked(type:nails) and last_visit < -90d\n",
        "status:active, therapist:gil-horta)\n",
        "  visits >= 5 and not booked(status:active)\n",
    ):
        assert criteria in asked
    found = [int(count) for count in re.findall(r"^  (\d+) found$", asked, re.MULTILINE)]
    made = [line for line in checks(output) if "the panel finds whom leafing through finds" in line]
    assert [int(count) for line in made for count in re.findall(r"finds \((\d+)\)", line)] == found
    assert all(found)
    assert "the catalogue lacks the service 'Perm'" in output


def test_a_panel_that_finds_somebody_else_fails_the_demo(
    capsys: pytest.CaptureFixture[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    def everybody(salon: crm.Salon, actor: crm.Actor, criteria: Any = None, **options: Any) -> Any:
        return crm.each_customer(salon, actor, None if isinstance(criteria, str) else criteria, **options)

    monkeypatch.setattr(bookings, "each_customer", everybody)
    assert main(["demo"]) == 1
    failed = [line for line in checks(capsys.readouterr().out) if line.startswith("FAIL")]
    assert len(failed) == 1
    assert failed[0].endswith("Who came five times or more and has nothing booked, to be asked back?")


def test_invented_bookings_are_the_same_for_a_seed_and_a_day(tmp_path: Path) -> None:
    clients = [Client(f"Client {n}", f"client{n}@example.com", "") for n in range(60)]
    day = date(2026, 3, 2)
    for name, seed in (("one", 1), ("two", 1), ("three", 2)):
        count = write_invented_bookings(tmp_path / name, clients, today=day, seed=seed)
        assert count == len((tmp_path / name).read_text(ENCODING).splitlines()) - 1 > 200
    one, two, three = ((tmp_path / name).read_bytes() for name in ("one", "two", "three"))
    assert one == two != three
    days = re.findall(rb";(\d\d)/(\d\d)/(\d{4});", one)
    told = {date(int(y), int(m), int(d)) for d, m, y in days if (d, m) != (b"31", b"02")}
    assert day - timedelta(days=366) < min(told) < day - timedelta(days=300)
    assert day < max(told) <= day + timedelta(days=21)
    assert day not in told  # what became of today's is not said yet
