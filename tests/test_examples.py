"""Every example runs by itself and prints what its reader is told."""

import re
import subprocess
import sys
from pathlib import Path

import pytest

FOLDER = Path(__file__).parent.parent / "examples"
SCRIPTS = sorted(path.name for path in FOLDER.glob("*.py"))


def run(script: str, *arguments: str, folder: Path) -> str:
    done = subprocess.run(
        [sys.executable, str(FOLDER / script), *arguments],
        cwd=folder,
        capture_output=True,
        text=True,
        timeout=60,
        check=False,
    )
    assert done.returncode == 0, done.stderr
    assert done.stderr == ""
    return done.stdout


@pytest.mark.parametrize("script", SCRIPTS)
def test_an_example_runs_in_an_empty_folder(script: str, tmp_path: Path) -> None:
    assert run(script, folder=tmp_path)


def test_the_front_desk_on_a_file_prints_what_it_prints_in_memory(tmp_path: Path) -> None:
    in_memory = run("front_desk.py", folder=tmp_path)
    assert run("front_desk.py", "salon.db", folder=tmp_path) == in_memory
    assert "one customer: True" in in_memory
    assert "daughter added: True" in in_memory
    assert "second desk: birthday: Changed by somebody else" in in_memory
    assert "back again, may book: block" in in_memory


def test_points_over_time_are_drawn_month_by_month(tmp_path: Path) -> None:
    lines = run("points_over_time.py", "chart.svg", folder=tmp_path).splitlines()
    bars = [line for line in lines if "#" in line]
    assert len(bars) == 13
    assert max(len(re.findall("#", line)) for line in bars) == 40
    assert (tmp_path / "chart.svg").read_text(encoding="utf-8").count("<rect") == 13


def test_the_year_of_bookings_on_a_file_prints_what_it_prints_in_memory(tmp_path: Path) -> None:
    printed = [run("a_year_of_bookings.py", *path, folder=tmp_path) for path in ((), ("salon.db",))]
    in_memory, on_a_file = (re.sub("[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", "an id", text) for text in printed)
    assert in_memory == on_a_file
    assert "sold: 44.00 EUR due: 0.00 EUR | booking: completed" in in_memory
    assert "cancel is not possible from there. Possible is: reopen" in in_memory
    assert "not seen for 90 days: Zita Prates\n" in in_memory
    assert "never booked anything: Eva Lima\n" in in_memory
    assert "  no: not booked(type:nails)\n    yes: booked(type:nails) (has manicure, " in in_memory


def test_every_example_is_listed() -> None:
    listed = (FOLDER / "README.md").read_text(encoding="utf-8")
    pages = [f"{page.parent.name}/README.md" for page in FOLDER.glob("*/README.md")]
    assert [each for each in (*SCRIPTS, *pages) if f"({each})" not in listed] == []
    assert pages
