"""The kit is itself tested: every broken store must fail it, by the checks that are there to find it out."""

import os
from collections import defaultdict
from pathlib import Path
from typing import Final

import pytest
from hypothesis import Phase, settings
from tests.testing import saboteurs_of_panel, saboteurs_of_rewards
from tests.testing.saboteurs import CHECKS, SABOTEURS

_RUNS: Final = 8
"""How many runs of the kit there are, which processes of pytest-xdist can share."""

_MODULE = """
from tests.testing import saboteurs_of_panel, saboteurs_of_rewards
from tests.testing.saboteurs import SABOTEURS, conformance_of

globals().update({{f"Test{{each.name}}": conformance_of(each) for each in SABOTEURS[{number}::{runs}]}})
"""


class _Run:
    """A run of pytest within this one: of each class the checks that failed."""

    def __init__(self) -> None:
        self.failed: dict[str, set[str]] = defaultdict(set)

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed[_class(report.nodeid)].add(_check(report.nodeid))


def _class(nodeid: str) -> str:
    return nodeid.split("::")[1]


def _check(nodeid: str) -> str:
    return nodeid.split("::")[2].partition("[")[0]


def _run_kit(folder: Path, number: int) -> dict[str, set[str]]:
    """Run the kit on the saboteurs of a run; return the checks that each test class failed."""
    (folder / f"test_sabotage_{number}.py").write_text(_MODULE.format(number=number, runs=_RUNS), encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\n", encoding="utf-8")
    run = _Run()
    before = settings()
    settings.register_profile(
        "sabotage",
        before,
        phases=[Phase.generate],  # it is enough to know that a property fails; shrinking takes a minute
        database=None,
        derandomize=True,
    )
    settings.register_profile("before-sabotage", before)
    without = [f"-pno:{plugin}" for plugin in ("cacheprovider", "cov", "faulthandler", "randomly", "xdist")]
    options = ["-q", "--tb=no", "--no-summary", "--import-mode=importlib", *without]
    settings.load_profile("sabotage")
    added = os.environ.pop("PYTEST_ADDOPTS", None)  # what is asked of the run around this one, such as coverage
    try:
        status = pytest.main([*options, str(folder)], plugins=[run])
    finally:
        settings.load_profile("before-sabotage")
        if added is not None:
            os.environ["PYTEST_ADDOPTS"] = added
    assert status is pytest.ExitCode.TESTS_FAILED
    return run.failed


@pytest.mark.no_cover
@pytest.mark.parametrize("number", range(_RUNS))
def test_broken_stores_fail_the_checks_that_are_there_for_them(tmp_path: Path, number: int) -> None:
    expected = {f"Test{each.name}": set(each.caught_by) for each in SABOTEURS[number::_RUNS]}
    assert _run_kit(tmp_path, number) == expected


def test_the_panel_and_the_rewards_have_their_saboteurs() -> None:
    """They are enlisted where their module is imported."""
    enlisted = {each.name for each in SABOTEURS}
    assert {name for name in vars(saboteurs_of_panel) if name in enlisted} > {"FloatMoney"}
    assert {name for name in vars(saboteurs_of_rewards) if name in enlisted} > {"TakesTheOldestFirst"}


def test_every_check_finds_some_store_out() -> None:
    assert {check for each in SABOTEURS for check in each.caught_by} == CHECKS
