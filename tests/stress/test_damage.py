"""A salon's file with a bit of it turned, or its end gone: an error of ours, the right answer, or a wrong one found."""

import os
import random
import shutil
import time
from collections import Counter
from pathlib import Path
from typing import Any, Final

import pytest
from tests.stress.jobs import FINISHED
from tests.stress.nest import Nest
from tests.stress.operations import DONE, SETTINGS, UNKNOWN, Script, fits, house, observe
from tests.stress.soundness import check_sound
from tests.use_cases.lists import content_of, records

import salon_crm as crm
from salon_crm.testing.doubles import CountedIds, FixedClock

SEED: Final = 20_261_106
PEOPLE: Final = 160
SEARCHES: Final = ("ana", "silv", "35191", "guest1", "r 7", "example.com", "o", "zz", "maria 3")
_NAMES: Final = ("Ana Silva", "Maria João", "Łukasz Wójcik", "Zoë Brontë", "O'Neill Rose")


@pytest.fixture(scope="module")
def whole(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of some hundred kB with every kind of record, closed and whole; the same on every run, to the byte."""
    file = tmp_path_factory.mktemp("whole") / "salon.db"
    with crm.open_salon(file, **SETTINGS, clock=FixedClock(), ids=CountedIds()) as salon:
        crm.import_customers(salon, house(), records(*map(_person, range(PEOPLE))), system="till")
        for number, row in enumerate(crm.find_customers(salon, house(), limit=40)):
            crm.edit_customer(salon, house(), row.id, name=f"{row.name} {number}", preferences=f"Tea {number}.")
            if number % 10 == 0:
                crm.block_customer(salon, house(), row.id, reason=f"Reason {number}")
    return file


def _person(number: int) -> dict[str, str]:
    return {
        "Client ID": f"c{number}",
        "name": f"{_NAMES[number % len(_NAMES)]} {number}",
        "email": f"guest{number}@example.com" if number % 4 else "",
        "mobile": f"+35191{number:07}" if number % 3 else "",
        "birthday": f"19{60 + number % 40}-05-{1 + number % 28:02}",
        "city": "Lisboa",
        "note": f"Note number {number}, with some words in it." if number % 2 else "",
    }


HELD: Final = (
    "settings", "profiles", "notes", "blocks", "alerts", "fingerprints", "aliases", "marks", "audit",
)  # fmt: skip


def answers(salon: crm.Salon) -> dict[str, Any]:
    """Return everything the salon holds and a choice of what it answers, each under what it is about."""
    found: dict[str, Any] = dict(zip(HELD, content_of(salon), strict=True))
    for text in SEARCHES:
        page = crm.find_customers(salon, house(), crm.CustomerFilter(text=text), limit=500)
        found[f"search {text}"] = [(row.id, row.blocked, row.alerts) for row in page]
    found["order"] = [row.id for row in crm.find_customers(salon, house(), order="-added", limit=500)]
    for number in range(1, PEOPLE, 20):
        contacts: Any = {"name": "Somebody", "email": f"guest{number}@example.com", "mobile": f"+35191{number:07}"}
        found[f"match {number}"] = crm.match_customers(salon, house(), **contacts)
        found[f"external {number}"] = crm.get_customer(salon, house(), external=("till", f"c{number}")).id
    return found


RIGHT: Final = "the right answer"
SAID: Final = "an error of ours"
CHAIN: Final = "wrong, found by verify_audit"
HEALTH: Final = "wrong, found by check_health"
UNSAID: Final = "wrong and unsaid"


class Damaged:
    """What a damaged file shows: how it answers, and what is wrong where it answers wrongly."""

    def __init__(self, file: Path, expected: dict[str, Any]) -> None:
        self._file = file
        self._expected = expected
        self.wrong: tuple[str, ...] = ()

    def outcome(self) -> str:
        try:
            with crm.open_salon(self._file) as salon:
                found = answers(salon)
                self.wrong = tuple(name for name in found if found[name] != self._expected[name])
                verified = crm.verify_audit(salon, house())
                if not self.wrong:
                    return RIGHT
                return CHAIN if not verified.ok else self._compared(salon)
        except crm.SalonCrmError:
            return SAID

    def _compared(self, salon: crm.Salon) -> str:
        return UNSAID if crm.check_health(salon, house()).sound else HEALTH


@pytest.fixture(scope="module")
def expected(whole: Path) -> dict[str, Any]:
    with crm.open_salon(whole) as salon:
        return answers(salon)


@pytest.mark.parametrize("flips", [60, pytest.param(400, marks=pytest.mark.long)])
def test_a_turned_bit_is_an_error_the_right_answer_or_found_but_in_text_that_nothing_covers(
    flips: int, whole: Path, expected: dict[str, Any], tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, begun = random.Random(SEED), time.perf_counter()
    content = whole.read_bytes()
    outcomes, unsaid = Counter[str](), Counter[str]()
    for _ in range(flips):
        place, bit = chance.randrange(len(content)), chance.randrange(8)
        file = tmp_path / "salon.db"
        file.write_bytes(content[:place] + bytes([content[place] ^ 1 << bit]) + content[place + 1 :])
        damaged = Damaged(file, expected)
        outcome = damaged.outcome()
        outcomes[outcome] += 1
        if outcome == UNSAID:
            unsaid[", ".join(damaged.wrong)] += 1
        for each in tmp_path.iterdir():
            each.unlink()
    with capsys.disabled():
        print(f"\n{flips} bits turned in {len(content):,} bytes: seed {SEED}, {time.perf_counter() - begun:.1f} s")
        print(*(f"  {count:4} {outcome}" for outcome, count in outcomes.most_common()), sep="\n")
        print(*(f"  {count:4} {wrong}" for wrong, count in unsaid.most_common()), sep="\n")
    assert set(unsaid) <= {"profiles", "notes"}


@pytest.mark.parametrize("kept", [1, 15, 16, 99, 100, 512, 4_095, 4_096, 0.25, 0.5, 0.9, -4_096, -1])
def test_a_file_whose_end_is_gone_is_an_error_or_found(
    kept: float, whole: Path, expected: dict[str, Any], tmp_path: Path
) -> None:
    content = whole.read_bytes()
    file = tmp_path / "salon.db"
    file.write_bytes(content[: int(kept if abs(kept) >= 1 else kept * len(content))])
    assert Damaged(file, expected).outcome() in {RIGHT, SAID, CHAIN, HEALTH}


@pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")
def test_a_turned_bit_in_the_log_of_a_crash_ends_the_log_there(processes: Nest, tmp_path: Path) -> None:
    chance, crashed = random.Random(SEED), tmp_path / "crashed.db"
    writer = processes.start("write", str(crashed), "writer", SEED, None)
    for _ in range(20):
        writer.hear()
    done = writer.kill().count(FINISHED)
    log = crashed.with_name("crashed.db-wal").read_bytes()
    lost = 0
    for _ in range(25):
        file = Path(shutil.copy(crashed, tmp_path / "salon.db"))
        place = chance.randrange(len(log))
        turned = bytes([log[place] ^ 1 << chance.randrange(8)])
        file.with_name("salon.db-wal").write_bytes(log[:place] + turned + log[place + 1 :])
        lost += _lost(file, done)
        for each in tmp_path.glob("salon.db*"):
            each.unlink()
    assert lost


def _lost(file: Path, done: int) -> bool:
    """Return whether operations at the end were lost; fails where others were, or something is half there."""
    operations = Script("writer", SEED).take(done + 1)
    with crm.open_salon(file, **SETTINGS) as salon:
        check_sound(file, salon)
        trace = observe(salon, "writer")["writer"]
        for kept in range(done, -1, -1):
            if fits(trace, [*((each, DONE) for each in operations[:kept]), (operations[kept], UNKNOWN)]):
                return kept < done
    raise AssertionError(trace)


def test_an_id_that_was_turned_wherever_it_stands_raises_nothing_that_is_not_ours(
    whole: Path, expected: dict[str, Any], tmp_path: Path
) -> None:
    found_by_text = next(expected[f"search {text}"][0][0] for text in SEARCHES if expected[f"search {text}"])
    content, own_id = whole.read_bytes(), str(found_by_text).encode()
    places = [place for place in range(len(content)) if content.startswith(own_id, place)]
    assert len(places) > 5  # its row, and the tables and indexes that lead to it
    for place in places:
        last = place + len(own_id) - 1
        file = tmp_path / f"{place}.db"
        file.write_bytes(content[:last] + (b"0" if content[last : last + 1] != b"0" else b"1") + content[last + 1 :])
        assert Damaged(file, expected).outcome() in {RIGHT, SAID, CHAIN, HEALTH}
