"""The public names: where each is said to live it lives, and asking for one loads what it needs and no more."""

import ast
import subprocess
import sys
from importlib import import_module
from pathlib import Path

import pytest

import salon_crm

_SOURCE = ast.parse(Path(str(salon_crm.__file__)).read_text(encoding="utf-8"))


def imported_for_type_checkers() -> dict[str, str]:
    """Return the module that type checkers are told each name comes from."""
    return {
        alias.name: str(node.module).removeprefix("salon_crm.")
        for node in ast.walk(_SOURCE)
        if isinstance(node, ast.ImportFrom) and str(node.module).startswith("salon_crm.")
        for alias in node.names
    }


def test_type_checkers_and_programs_are_told_the_same() -> None:
    assert imported_for_type_checkers() == salon_crm._HOME_OF
    assert sorted(salon_crm.__all__) == sorted([*salon_crm._HOME_OF, "__version__"])


@pytest.mark.parametrize("name", sorted(salon_crm._HOME_OF))
def test_a_public_name_is_what_its_module_has(name: str) -> None:
    assert getattr(salon_crm, name) is getattr(import_module(f"salon_crm.{salon_crm._HOME_OF[name]}"), name)
    assert name in dir(salon_crm)


def test_there_is_no_other_name() -> None:
    with pytest.raises(AttributeError, match="module 'salon_crm' has no attribute 'nothing'"):
        salon_crm.nothing  # type: ignore[attr-defined]  # noqa: B018 -- that is the point


def test_a_name_loads_its_concept_and_a_star_loads_all() -> None:
    code = """
import sys
import salon_crm
assert "salon_crm.domain.notes" not in sys.modules
salon_crm.Note
assert "salon_crm.domain.notes" in sys.modules
assert "salon_crm.use_cases.transfer" not in sys.modules
from salon_crm import *
assert add_note is salon_crm.add_note
assert "salon_crm.use_cases.transfer" in sys.modules
"""
    subprocess.run([sys.executable, "-c", code], check=True)
