"""What importing the library loads, and what it costs beside attrs, which it is built on."""

import os
import subprocess
import sys
from pathlib import Path

import pytest

HEAVY = ["cattrs", "dateutil.parser", "email_validator", "phonenumbers", "psycopg", "pytest", "sqlite3"]
ROUNDS = 9
MOST = 4
MOST_OPEN = 8
"""Of a program that opens a salon in memory and adds a customer: the domain is loaded there."""
OPEN = """
import salon_crm as crm
with crm.open_salon(region="PT", zone="Europe/Lisbon", currency="EUR") as salon:
    crm.add_customer(salon, crm.Actor("olga", crm.Role.OWNER), name="Ana Silva")
"""


def run(code: str, **environment: str) -> str:
    """Run it in an interpreter of its own, that neither measures coverage nor leaves compiling for every time."""
    without = ("COVERAGE_", "COV_", "PYTHONDONTWRITEBYTECODE")
    inherited = {name: value for name, value in os.environ.items() if not name.startswith(without)}
    result = subprocess.run(
        [sys.executable, "-c", code], env={**inherited, **environment}, capture_output=True, text=True, check=True
    )
    return result.stdout


def loaded(code: str) -> set[str]:
    return set(run(f"{code}\nimport sys\nprint(*sys.modules)").split())


def test_importing_loads_no_store_and_nothing_heavy() -> None:
    modules = loaded("import salon_crm")
    assert modules.isdisjoint(HEAVY)
    assert modules.isdisjoint(
        ["salon_crm.adapters.memory", "salon_crm.adapters.sqlite", "salon_crm.adapters.documents"]
    )


def test_a_salon_in_memory_loads_no_driver() -> None:
    code = "import salon_crm\nsalon_crm.open_salon(region='PT', zone='Europe/Lisbon', currency='EUR').close()"
    assert loaded(code).isdisjoint({"sqlite3", "cattrs", "email_validator", "dateutil.parser"})


def test_documents_load_when_the_first_is_written() -> None:
    code = "import salon_crm as c\nc.to_document(c.Settings(region='PT', zone='Europe/Lisbon', currency='EUR'))"
    assert "cattrs" in loaded(code)


@pytest.mark.parametrize(("code", "most"), [("import salon_crm", MOST), (OPEN, MOST_OPEN)], ids=["import", "open"])
def test_importing_and_opening_cost_little_beside_attrs(tmp_path: Path, code: str, most: int) -> None:
    """Both over an empty interpreter, compiled: the least processor time of interleaved runs, up to three times."""
    programs = {"nothing": "pass", "attrs": "import attrs", "salon_crm": code}
    compiled = {"PYTHONPYCACHEPREFIX": str(tmp_path)}
    for program in programs.values():
        run(program, **compiled)
    ratios: list[float] = []
    while len(ratios) < 3 and (not ratios or ratios[-1] > most):
        seconds: dict[str, list[float]] = {name: [] for name in programs}
        for _ in range(ROUNDS):
            for name, program in programs.items():
                seconds[name].append(float(run(f"{program}\nimport time\nprint(time.process_time())", **compiled)))
        least = {name: min(each) for name, each in seconds.items()}
        ratios.append((least["salon_crm"] - least["nothing"]) / (least["attrs"] - least["nothing"]))
    assert min(ratios) <= most
