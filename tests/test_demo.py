"""The demo on its samples and on a reader's own list."""

import os
import re
import subprocess
import sys
from pathlib import Path
from time import monotonic
from typing import Any

import pytest

import salon_crm as crm
from salon_crm import demo
from salon_crm.cli import main

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
    begun = monotonic()
    result = subprocess.run(
        [sys.executable, "-m", "salon_crm", "demo"],
        capture_output=True,
        env={name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")},  # it takes time
        encoding="utf-8",
        timeout=60,
        check=False,
    )
    assert monotonic() - begun < 10
    assert (result.returncode, result.stderr) == (0, "")
    assert result.stdout.endswith("14 checks, 0 failed.\n")
    made = checks(result.stdout)
    assert len(made) == 14
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

    monkeypatch.setattr(demo, "count_customers", count_one_too_many)
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
