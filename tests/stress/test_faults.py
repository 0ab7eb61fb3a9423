"""A disk that fails, call by call: everything the salon does succeeds, or raises an error of ours and left nothing."""

import os
import subprocess
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from pathlib import Path
from typing import Final

import pytest
from tests.stress.faults import MAPS, Faults, failing_files, why_not
from tests.stress.operations import DONE, FAILED, SETTINGS, UNKNOWN, Operation, Script, fits, observe, prepare
from tests.stress.soundness import check_sound

import salon_crm as crm

SEED: Final = 20_261_105
ACTOR: Final = crm.Actor("day", crm.Role.OWNER)
OPENINGS: Final = 2
OPERATIONS: Final = 8
MENDED_AFTER: Final = 6
"""After so many errors whatever fails lastingly is mended."""

needs_faults = pytest.mark.skipif(why_not() is not None, reason=f"no failing file system here: {why_not()}")


@pytest.mark.skipif(sys.platform != "linux", reason="other systems have no list of loaded libraries")
def test_where_sqlite_is_a_library_of_its_own_it_can_be_made_to_fail() -> None:
    """A gate cannot skip the tests below; elsewhere they are skipped only where SQLite is part of Python itself."""
    if "CI" not in os.environ and "libsqlite3" not in MAPS.read_text():
        pytest.skip(f"{why_not()}")
    assert why_not() is None


class Day:
    """Opening, working and closing, twice over, on a file whose disk may fail; and what became of each step."""

    def __init__(self, file: Path, faults: Faults, seed: int) -> None:
        self.file = file
        self.errors: list[crm.SalonCrmError] = []
        self._faults = faults
        self._steps: list[tuple[Operation, str]] = []
        self._script = Script(ACTOR.id, seed)
        self._unsure: int | None = None
        """The last step, where nobody can know whether whoever opens the file next finds it."""

    def run(self) -> None:
        for _ in range(OPENINGS):
            self._work()

    def _work(self) -> None:
        opened: list[crm.Salon] = []
        self._insist(lambda: opened.append(crm.open_salon(self.file, **SETTINGS)))
        (salon,) = opened
        self._may_be_there()
        self._insist(lambda: prepare(salon))
        for _ in range(OPERATIONS):
            self._do(salon, self._script.following())
            self._attempt(lambda: self._check_right(salon))
        self._insist(salon.close)

    def _do(self, salon: crm.Salon, operation: Operation) -> None:
        self._steps.append((operation, FAILED))
        if self._attempt(lambda: operation.do(salon, ACTOR)):
            self._steps[-1] = (operation, DONE)
            self._unsure = None
            return
        self._script.undone(operation)
        if self.errors[-1].code == "outcome-unknown":
            self._unsure = len(self._steps) - 1

    def _insist(self, act: Callable[[], object]) -> None:
        while not self._attempt(act):
            pass

    def _attempt(self, act: Callable[[], object]) -> bool:
        """Do something that may fail only by an error of the store; return whether it was done."""
        try:
            act()
        except crm.StoreError as error:
            self.errors.append(error)
            if len(self.errors) == 1:
                self._check_crashed(unsure=error.code == "outcome-unknown")
            if len(self.errors) == MENDED_AFTER:
                self._faults.mend()
            return False
        return True

    def _may_be_there(self) -> None:
        """Allow for the step of which nobody knew, now that the file was opened again."""
        if self._unsure is not None:
            self._steps[self._unsure] = (self._steps[self._unsure][0], UNKNOWN)

    def _check_right(self, salon: crm.Salon, *, unsure: bool = False) -> None:
        """Fail unless the salon shows what was done and nothing of what failed, but for a last step nobody knows of."""
        steps = list(self._steps)
        if unsure and steps and steps[-1][1] == FAILED:
            steps[-1] = (steps[-1][0], UNKNOWN)
        assert fits(observe(salon, ACTOR.id)[ACTOR.id], steps)

    def _check_crashed(self, *, unsure: bool) -> None:
        """Fail unless a crash at this moment would lose nothing that was done, and leave nothing half done."""
        folder = self.file.parent.with_name(f"{self.file.parent.name}-crashed")
        folder.mkdir()
        # by another process: whoever closes a file in this one gives up its locks on it
        names = [str(self.file.with_name(self.file.name + end)) for end in ("", "-wal", "-journal")]
        subprocess.run(["cp", *filter(os.path.exists, names), str(folder)], check=True)
        with crm.open_salon(folder / self.file.name, **SETTINGS) as salon:
            self._check_right(salon, unsure=unsure)
            check_sound(folder / self.file.name, salon)

    def check(self) -> None:
        """Fail unless the file shows what was done, now that the disk is well."""
        with crm.open_salon(self.file, **SETTINGS) as salon:
            self._may_be_there()
            self._check_right(salon)
            check_sound(self.file, salon)


MAIN: Final = ("write", "disk full", "short write", "fsync", "read")
OTHERS: Final = ("open", "truncate", "delete", "size", "lock", "map")
REACHED: Final = {
    "write": 300, "disk full": 300, "short write": 300, "fsync": 30, "read": 250, "open": 8, "truncate": 1, "size": 20,
}  # fmt: skip
"""How many calls of each kind a day makes, about; of the others, 3."""


@pytest.mark.parametrize("lasting", [False, True], ids=["once", "lasting"])
@pytest.mark.parametrize("name", [*MAIN, *OTHERS])
@pytest.mark.parametrize("full", [False, pytest.param(True, marks=pytest.mark.long)], ids=["some", "every call"])
@needs_faults
def test_a_disk_that_fails_at_one_call_or_from_it_on_costs_nothing_that_was_done(
    full: bool, name: str, lasting: bool, tmp_path: Path, capsys: pytest.CaptureFixture[str]
) -> None:
    reached = REACHED.get(name, 3)
    some = (0, reached // 9, reached - 1) if name in MAIN else (reached - 1,)
    tried: Sequence[int] = (range(301) if name in MAIN else range(30)) if full else some
    begun, codes, fired = time.perf_counter(), Counter[str](), 0
    for each in tried:  # what one day does not reach is tried on another
        seed, nth = SEED + each // reached, 1 + each % reached
        fired += day_with_a_fault(tmp_path / f"{each}", name, nth, lasting, seed, codes)
    with capsys.disabled():
        print(
            f"\n{name}{' from then on' * lasting}: {fired} faults, {dict(codes)}, {time.perf_counter() - begun:.1f} s"
        )
    assert fired >= len(tried) * 2 // 3


def day_with_a_fault(folder: Path, name: str, nth: int, lasting: bool, seed: int, codes: Counter[str]) -> bool:
    """Run a day with one fault, check what it left, count the errors it met; return whether the fault came to be."""
    folder.mkdir()
    with failing_files(folder) as faults:
        faults.arm(name, nth, lasting=lasting)
        day = Day(folder / "salon.db", faults, seed)
        try:
            day.run()
        except BaseException as error:
            error.add_note(f"seed {seed}: {name}, call {nth}, {'lasting' if lasting else 'once'}")
            raise
        fired = faults.fired > 0
        assert fired or not day.errors
        assert lasting or len(day.errors) <= 1
    day.check()
    codes.update(error.code for error in day.errors)
    return fired


@needs_faults
@pytest.mark.parametrize("next_writer", [False, True])
def test_what_could_not_be_synced_is_said_to_be_unsure_and_is_there_later_only_if_nobody_wrote(
    next_writer: bool, tmp_path: Path
) -> None:
    with failing_files(tmp_path) as faults:
        salon = crm.open_salon(tmp_path / "salon.db", **SETTINGS)
        faults.arm("fsync", 1, lasting=True)
        with pytest.raises(crm.StoreError) as caught:
            crm.add_customer(salon, ACTOR, name="Unsure")
        assert caught.value.code == "outcome-unknown"
        assert crm.count_customers(salon, ACTOR) == 0
        if next_writer:
            faults.mend()
            crm.add_customer(salon, ACTOR, name="Next")
        salon.close()
        faults.mend()
        with crm.open_salon(tmp_path / "salon.db") as salon:
            assert [row.name for row in crm.find_customers(salon, ACTOR)] == ["Next" if next_writer else "Unsure"]
            check_sound(tmp_path / "salon.db", salon)
