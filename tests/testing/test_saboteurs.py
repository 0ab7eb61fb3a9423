"""The kit is itself tested: every broken store must fail it, by the checks that are there to find it out."""

import os
from collections import defaultdict
from collections.abc import Iterable
from pathlib import Path

import pytest
from hypothesis import Phase, settings
from tests.testing import saboteurs_of_panel
from tests.testing.saboteurs import SABOTEURS, Saboteur

from salon_crm.testing import StoreConformance

_MODULE = """
from tests.testing.saboteurs import SABOTEURS, conformance_of

globals().update({f"Test{each.name}": conformance_of(each) for each in SABOTEURS})
"""


class _Run:
    """A run of pytest within this one: of each class the checks that should find it out, and which of them failed."""

    def __init__(self) -> None:
        self._expected = {f"Test{each.name}": each.caught_by for each in SABOTEURS}
        self.failed: dict[str, set[str]] = defaultdict(set)

    def pytest_collection_modifyitems(self, items: list[pytest.Item]) -> None:
        items[:] = [item for item in items if _check(item.nodeid) in self._expected[_class(item.nodeid)]]

    def pytest_runtest_logreport(self, report: pytest.TestReport) -> None:
        if report.failed:
            self.failed[_class(report.nodeid)].add(_check(report.nodeid))


def _class(nodeid: str) -> str:
    return nodeid.split("::")[1]


def _check(nodeid: str) -> str:
    return nodeid.split("::")[2].partition("[")[0]


def _run_kit(folder: Path) -> dict[str, set[str]]:
    """Run the kit on every saboteur; return the checks that each test class failed."""
    (folder / "test_sabotage.py").write_text(_MODULE, encoding="utf-8")
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


@pytest.fixture(scope="module")
def failed(tmp_path_factory: pytest.TempPathFactory) -> dict[str, set[str]]:
    return _run_kit(tmp_path_factory.mktemp("sabotage"))


def _by_name(saboteurs: Iterable[Saboteur]) -> pytest.MarkDecorator:
    return pytest.mark.parametrize("saboteur", saboteurs, ids=lambda each: each.name)


@_by_name(SABOTEURS)
def test_a_broken_store_fails_the_checks_that_are_there_for_it(failed: dict[str, set[str]], saboteur: Saboteur) -> None:
    assert failed[f"Test{saboteur.name}"] == set(saboteur.caught_by)


def test_the_panel_has_its_saboteurs() -> None:
    """They are enlisted where their module is imported."""
    assert {name for name in vars(saboteurs_of_panel) if name in {each.name for each in SABOTEURS}} > {"FloatMoney"}


def test_every_check_finds_some_store_out() -> None:
    checks = {name for name in dir(StoreConformance) if name.startswith("test_")}
    assert checks == {check for each in SABOTEURS for check in each.caught_by}
