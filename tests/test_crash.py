"""An import that dies at any moment leaves a sound salon, and running it again finishes it."""

import os
import random
import subprocess
import sys
from collections import Counter
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from tests.use_cases.actors import OWNER
from tests.use_cases.lists import bring, content_of, figures, names, records

import salon_crm as crm
from salon_crm.testing.doubles import CountedIds

ROWS: Final = 3_000
SLICE: Final = 500
KILLS: Final = 12

PROGRAM: Final = """
import sys
import salon_crm as crm
salon = crm.open_salon(sys.argv[1], region="PT", zone="Europe/Lisbon", currency="EUR")
print("open", flush=True)
crm.import_customers(
    salon, crm.Actor("bea", crm.Role.MANAGER), sys.argv[2], progress=lambda count: print(count, flush=True)
)
print("done", flush=True)
"""


def guest(n: int) -> dict[str, str]:
    """A row of every kind: with a contact, with an id, with a name alone; some with a note, some blocked."""
    return {
        "name": f"Guest {n}",
        "email": f"guest{n}@example.com" if n % 3 == 0 else "",
        "Client ID": str(n) if n % 3 == 1 else "",
        "note": f"Note {n}" if n % 4 == 0 else "",
        "blocked": "yes" if n % 100 == 0 else "",
    }


@pytest.fixture(scope="module")
def guests(tmp_path_factory: pytest.TempPathFactory) -> Path:
    path = tmp_path_factory.mktemp("guests") / "guests.csv"
    path.write_bytes(records(*map(guest, range(ROWS))))
    return path


def open_salon(file: Path | None, **options: Any) -> crm.Salon:
    return crm.open_salon(file, region="PT", zone="Europe/Lisbon", currency="EUR", **options)


def kept(salon: crm.Salon) -> tuple[Counter[str], Counter[str], int]:
    """How often each name and each note is there, and how many are blocked."""
    _, customers, notes, blocks, *_ = content_of(salon)
    assert isinstance(customers, list)
    assert isinstance(notes, dict)
    assert isinstance(blocks, dict)
    texts = Counter(note.text for held in notes.values() for note in held)
    return Counter(customer.name for customer in customers), texts, sum(map(len, blocks.values()))


def expected(rows: int) -> tuple[Counter[str], Counter[str], int]:
    return (
        Counter(f"Guest {n}" for n in range(rows)),
        Counter(f"Note {n}" for n in range(0, rows, 4)),
        len(range(0, rows, 100)),
    )


def test_an_import_killed_again_and_again_is_finished_by_running_it_again(guests: Path, tmp_path: Path) -> None:
    chance = random.Random(20_260_302)
    file = tmp_path / "salon.db"
    open_salon(file).close()
    reached: list[int] = []
    for kill in range(KILLS):
        _import_and_kill(file, guests, lines=1 + kill // 2, moment=chance.uniform(0, 0.4))
        with open_salon(file) as salon:
            count = crm.count_customers(salon, OWNER)
            assert crm.verify_audit(salon, OWNER).ok
            assert kill % 4 or kept(salon) == expected(count)
            assert count % SLICE == 0  # a slice is there as a whole, or not
            reached.append(count)
    assert reached == sorted(reached)
    with open_salon(file) as salon:
        report = crm.import_customers(salon, OWNER, guests)
        assert figures(report) in ({"created": ROWS - reached[-1], "unchanged": reached[-1]}, {"unchanged": ROWS})
        assert kept(salon) == expected(ROWS)
        before = content_of(salon)[:-1]
        assert figures(crm.import_customers(salon, OWNER, guests)) == {"unchanged": ROWS}
        assert content_of(salon)[:-1] == before
        assert crm.verify_audit(salon, OWNER).ok


def _import_and_kill(file: Path, guests: Path, *, lines: int, moment: float) -> None:
    """Start importing in a process of its own, and kill it ``moment`` seconds after it said that many lines."""
    command = [sys.executable, "-c", PROGRAM, str(file), str(guests)]
    # whoever is killed measures no coverage, and is faster without trying
    environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
    with subprocess.Popen(command, stdout=subprocess.PIPE, env=environment, text=True) as process:
        assert process.stdout is not None
        for _ in range(lines):
            process.stdout.readline()
        try:
            process.wait(moment)
        except subprocess.TimeoutExpired:
            process.kill()


@pytest.mark.parametrize("file", [None, "salon.db"])
def test_an_import_that_is_interrupted_keeps_the_slices_that_are_done(tmp_path: Path, file: str | None) -> None:
    def interrupt(done: int) -> None:
        if done == 1_000:
            raise KeyboardInterrupt

    rows = records(*map(guest, range(1_200)))
    with open_salon(tmp_path / file if file else None) as salon:
        with pytest.raises(KeyboardInterrupt):
            bring(salon, rows, progress=interrupt)
        assert kept(salon) == expected(1_000)
        assert figures(bring(salon, rows)) == {"created": 200, "unchanged": 1_000}
        assert kept(salon) == expected(1_200)


class DyingIds(CountedIds):
    """Ids that end the program after so many."""

    left = 1_500

    def new_id(self) -> UUID:
        self.left -= 1
        if self.left == 0:
            raise KeyboardInterrupt
        return super().new_id()


@pytest.mark.parametrize("file", [None, "salon.db"])
def test_an_import_that_is_interrupted_within_a_slice_keeps_nothing_of_it(tmp_path: Path, file: str | None) -> None:
    rows = records(*map(guest, range(1_200)))
    with open_salon(tmp_path / file if file else None, ids=DyingIds()) as salon:
        with pytest.raises(KeyboardInterrupt):
            bring(salon, rows)
        done = len(names(salon))
        assert (done % SLICE, 0 < done < 1_200) == (0, True)
        assert kept(salon) == expected(done)
        assert figures(bring(salon, rows)) == {"created": 1_200 - done, "unchanged": done}
        assert kept(salon) == expected(1_200)
        assert crm.verify_audit(salon, OWNER).ok
