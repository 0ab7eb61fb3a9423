"""The kit as its users meet it: what it skips, what it expects to fail, what it says when something is missing."""

import ast
import subprocess
import sys
import tomllib
from collections.abc import Callable, Generator, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime, timedelta
from pathlib import Path
from threading import Event
from typing import Any

import pytest
from hypothesis import given
from tests import unwatched

import salon_crm.testing
from salon_crm.adapters.memory import MemoryStore
from salon_crm.adapters.memory.store import _Unit
from salon_crm.domain.criteria import Criterion, checked_criterion
from salon_crm.domain.customers import Customer
from salon_crm.domain.notes import Note, clean_note
from salon_crm.domain.settings import Settings, check_settings
from salon_crm.domain.text import clean_name, clean_text
from salon_crm.errors import NotSupported
from salon_crm.ports.records import KINDS
from salon_crm.ports.store import Reading
from salon_crm.testing import (
    BUILDERS,
    COMPLETE,
    IN_MEMORY,
    OWNER,
    Capability,
    CountedIds,
    FixedClock,
    StoreConformance,
    open_test_salon,
    strategies,
)
from salon_crm.testing.conformance import Meanwhile
from salon_crm.testing.records import UNIQUE_KEYS
from salon_crm.use_cases.customers import add_customer


class _UnitWithoutBlocks(_Unit):
    @property
    def blocks(self) -> Any:
        raise NotSupported("not-supported", what="blocks")


class _StoreWithoutBlocks(MemoryStore):
    @contextmanager
    def reading(self) -> Generator[_Unit]:
        with super().reading() as unit:
            yield _UnitWithoutBlocks(unit.state, writable=False)

    @contextmanager
    def writing(self) -> Generator[_Unit]:
        with super().writing() as unit:
            yield _UnitWithoutBlocks(unit.state, writable=True)


class TestStoreThatLacksAKind(StoreConformance):
    capabilities = IN_MEMORY - {Capability.BLOCKS}

    @pytest.fixture
    def make_store(self) -> Callable[[str], MemoryStore]:
        return lambda _: _StoreWithoutBlocks()


_MODULE = """
import pytest

import salon_crm.testing
from salon_crm.adapters.memory import MemoryStore
from salon_crm.errors import Conflict
from salon_crm.testing import Capability, CountedIds, StoreConformance
from salon_crm.testing.machine import Program


class Test{name}(StoreConformance):
    {declared}

    {hook}
"""
_HOOK = """
    @pytest.fixture
    def make_store(self):
        return lambda name: MemoryStore()
"""


def _run(folder: Path, *options: str, declared: str = "pass", hook: str = _HOOK, name: str = "MyStore") -> str:
    """Run pytest in a process of its own, as a user does; return what it says."""
    module = folder / "test_my_store.py"
    module.write_text(_MODULE.format(declared=declared, hook=hook.strip(), name=name), encoding="utf-8")
    (folder / "pytest.ini").write_text("[pytest]\nfilterwarnings = error\n", encoding="utf-8")
    command = [
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-rsxX",
        "-pno:randomly",
        "-pno:cacheprovider",
        *options,
        str(module),
    ]
    environment = unwatched.environment()
    return subprocess.run(command, capture_output=True, text=True, check=False, cwd=folder, env=environment).stdout


def test_what_is_not_declared_is_skipped_and_said(tmp_path: Path) -> None:
    declared = "capabilities = frozenset(Capability) - {Capability.PERSISTENT}"
    said = _run(tmp_path, "-k", "test_a_salon_is_there_after_opening_again", declared=declared)
    assert "1 skipped" in said
    assert "the store does not declare: persistent" in said


def test_what_is_declared_and_fails_fails(tmp_path: Path) -> None:
    assert "1 failed" in _run(tmp_path, "-k", "test_a_salon_is_there_after_opening_again")


def test_a_failure_that_is_expected_is_one_with_its_reason(tmp_path: Path) -> None:
    declared = 'expected_failures = {"test_a_salon_is_there_after_opening_again": "it is kept in memory"}'
    said = _run(tmp_path, "-k", "test_a_salon_is_there_after_opening_again", declared=declared)
    assert "1 xfailed" in said
    assert "it is kept in memory" in said


def test_a_failure_may_be_expected_of_one_kind_alone(tmp_path: Path) -> None:
    declared = 'expected_failures = {"test_what_was_kept_is_there_after_opening_again[notes]": "in memory"}'
    said = _run(tmp_path, "-k", "test_what_was_kept_is_there_after_opening_again", declared=declared)
    assert f" {len(KINDS) - 1} failed" in f" {said.splitlines()[-1]}"
    assert "1 xfailed" in said


def test_a_failure_that_is_expected_and_does_not_come_fails(tmp_path: Path) -> None:
    declared = 'expected_failures = {"test_closing_twice_is_fine": "it is not"}'
    said = _run(tmp_path, "-k", "test_closing_twice_is_fine", declared=declared)
    assert "1 failed" in said
    assert "[XPASS(strict)] it is not" in said


def test_an_expected_failure_that_is_no_check_is_refused() -> None:
    with pytest.raises(TypeError, match="test_no_such_check"):
        type("TestMine", (StoreConformance,), {"expected_failures": {"test_no_such_check": "why"}})


def test_a_missing_hook_is_named(tmp_path: Path) -> None:
    said = _run(tmp_path, "-k", "test_closing_twice_is_fine", hook="")
    assert "TestMyStore needs a fixture make_store" in said


def test_what_is_imported_from_the_kit_becomes_no_test(tmp_path: Path) -> None:
    said = _run(tmp_path, "--collect-only", name="").splitlines()
    assert said
    assert {line.split("::")[1] for line in said if "::" in line} == {"Test"}


def test_a_failed_check_shows_the_values_it_compared(tmp_path: Path) -> None:
    hook = """
    @pytest.fixture
    def make_store(self):
        class Forgetful(MemoryStore):
            def writing(self):
                return MemoryStore().writing()

        return lambda name: Forgetful()
    """
    said = _run(tmp_path, "-k", "test_counting_stops_where_it_is_told_to", hook=hook)
    assert "assert 0 == 5" in said


@pytest.mark.parametrize("missing", ["pytest", "hypothesis"])
def test_without_pytest_or_hypothesis_the_kit_says_what_to_install(missing: str) -> None:
    code = f"import sys; sys.modules[{missing!r}] = None; import salon_crm.testing"
    ran = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=False)
    assert ran.returncode == 1
    assert f'salon_crm.testing needs {missing}. Run: pip install "salon-crm[kit]"' in ran.stderr


def test_the_extra_of_the_kit_is_what_its_modules_import() -> None:
    """Whoever installs it can run it, and brings in nothing else."""
    extras = tomllib.loads((Path(__file__).parents[2] / "pyproject.toml").read_text(encoding="utf-8"))
    kit = {requirement.partition(">")[0] for requirement in extras["project"]["optional-dependencies"]["kit"]}
    modules = Path(salon_crm.testing.__file__ or "").parent.glob("*.py")
    imported = {name for module in modules for name in _imports(ast.parse(module.read_text(encoding="utf-8")))}
    outside = imported - set(sys.stdlib_module_names) - {"salon_crm", "attrs"}
    assert outside == kit == {"pytest", "hypothesis"}


def _imports(tree: ast.Module) -> Iterator[str]:
    for node in ast.walk(tree):
        if isinstance(node, ast.Import):
            yield from (alias.name.partition(".")[0] for alias in node.names)
        elif isinstance(node, ast.ImportFrom):
            yield (node.module or "").partition(".")[0]


def test_a_call_that_never_ends_fails_its_check() -> None:
    never = Event()
    waiting = Meanwhile(never.wait, patience=0.01)
    with pytest.raises(pytest.fail.Exception, match=r"still waiting after 0\.01 s"):
        waiting.result()
    never.set()


def test_a_store_that_declares_nothing_is_asked_for_what_every_release_asked_for() -> None:
    """An ability that comes later fails no store that passed before."""
    assert StoreConformance.capabilities == COMPLETE
    assert {each for each in COMPLETE if each not in KINDS} == {Capability.PERSISTENT, Capability.SHARED}


def test_every_kind_of_record_is_checked() -> None:
    """A kind that is new in the ports has its builder, its capability and its place in every unit."""
    assert BUILDERS.keys() == KINDS.keys()
    assert {str(capability) for capability in Capability} >= KINDS.keys() - {"customers"}
    assert all(hasattr(Reading, name) for name in KINDS)
    for name, kind in KINDS.items():
        numbered = [BUILDERS[name](number) for number in (1, 2, 11)]
        assert all(isinstance(record, kind.type) for record in numbered)
        identities = [kind.identity(record) for record in numbered]
        assert identities == sorted(set(identities))


def test_every_unique_key_is_checked() -> None:
    """A unique key that is new in the ports has fields that give a record a value of it."""
    unique = {(kind.name, name) for kind in KINDS.values() for name, key in kind.keys.items() if key.unique}
    assert UNIQUE_KEYS.keys() == unique
    for (name, key), holding in UNIQUE_KEYS.items():
        assert len(list(KINDS[name].keys[key].values(BUILDERS[name](1, **holding)))) == 1


def test_a_clock_stands_still_until_it_is_moved() -> None:
    clock = FixedClock(datetime(2026, 1, 1, tzinfo=UTC))
    assert clock.now() == clock.now()
    clock.advance(days=1, hours=2, minutes=3, seconds=4, microseconds=5)
    assert clock.now() == datetime(2026, 1, 2, 2, 3, 4, 5, UTC)
    clock.set(datetime(2025, 1, 1, tzinfo=UTC))
    assert clock.now() == datetime(2025, 1, 1, tzinfo=UTC)
    with pytest.raises(ValueError, match="zone"):
        clock.set(datetime(2025, 1, 1))


def test_ids_count_and_keys_repeat() -> None:
    one, same, other = CountedIds(), CountedIds(), CountedIds(seed=1)
    ids = [one.new_id() for _ in range(1_000)]
    assert ids == sorted(set(ids))
    assert ids == [same.new_id() for _ in range(1_000)]
    assert {each.version for each in ids} == {7}
    assert other.new_id() not in ids
    assert one.key_bytes(32) == same.key_bytes(32) != other.key_bytes(32)
    assert len(one.key_bytes(32)) == 32


def test_a_test_salon_gives_the_same_answers_on_every_run() -> None:
    def add_ana() -> Customer:
        clock = FixedClock()
        with open_test_salon(clock=clock) as salon:
            clock.advance(hours=1)
            return add_customer(salon, OWNER, name="Ana Silva", mobile="+447700900123")

    ana = add_ana()
    assert ana == add_ana()
    assert ana.added == FixedClock().now() + timedelta(hours=1)


@given(strategies.customers())
def test_customers_that_are_drawn_are_as_the_library_keeps_them(customer: Customer) -> None:
    assert clean_name(customer.name, "name") == customer.name
    assert clean_text(customer.preferences or "x", "preferences") == (customer.preferences or "x")


@given(strategies.notes())
def test_notes_that_are_drawn_are_as_the_library_keeps_them(note: Note) -> None:
    assert clean_note(note.text) == note.text


@given(strategies.criteria())
def test_criteria_that_are_drawn_are_ones_the_library_lets_through(criterion: Criterion) -> None:
    assert checked_criterion(criterion) is criterion


@given(strategies.salon_settings())
def test_settings_that_are_drawn_are_ones_a_salon_can_have(settings: Settings) -> None:
    stated = {name: getattr(settings, name) for name in ("region", "zone", "currency", "rewards")}
    assert check_settings(dict(stated)) == stated
