"""What importing the library costs beside what it is built on, over an interpreter that imports nothing.

python -m bench.importing --json importing.json
"""

import os
import subprocess
import sys
from collections.abc import Callable, Sequence
from importlib.util import find_spec
from tempfile import TemporaryDirectory

from bench.timing import Report, interleaved, parser

_NOTHING, _ATTRS, _LIBRARY = "nothing", "attrs", "salon_crm"
_IN_MEMORY = "import salon_crm\nsalon_crm.open_salon(region='PT', zone='UTC', currency='EUR')"
_PROGRAMS = {
    _NOTHING: "pass",
    _ATTRS: "import attrs",
    _LIBRARY: "import salon_crm",
    "salon_crm, and a salon in memory": _IN_MEMORY,
    "phonenumbers": "import phonenumbers",
    "email_validator": "import email_validator",
    "cattrs": "import cattrs",
    "dateutil.parser": "import dateutil.parser",
    "sqlite3": "import sqlite3",
}
_PEERS = {"pydantic": "pydantic", "sqlalchemy.orm": "sqlalchemy", "django.db.models": "django"}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and return its exit code."""
    stated = parser(__doc__, customers=0)
    stated.set_defaults(rounds=21)
    asked = stated.parse_args(arguments)
    report = Report("importing", rounds=asked.rounds)
    programs = dict(_PROGRAMS)
    for module, package in _PEERS.items():
        if find_spec(package):
            programs[module] = f"import {module}"
        else:
            report.skip(module, f"{package} is not installed; see bench/requirements.txt")
    with TemporaryDirectory(prefix="bench-") as folder:
        runs = {name: _running(code, folder) for name, code in programs.items()}
        for run in runs.values():
            run(None)  # compiles what it imports
        timed = interleaved(runs, [None], rounds=asked.rounds)
    empty = timed[_NOTHING].p50
    unit = timed[_ATTRS].p50 - empty
    rows = [(name, one.p50 * 1e3, (one.p50 - empty) * 1e3, (one.p50 - empty) / unit) for name, one in timed.items()]
    report.table("starting Python with an import", ("", "ms", "ms over nothing", "ratio to attrs"), rows)
    return report.finish(asked.json)


def _running(code: str, folder: str) -> Callable[[None], int]:
    without = ("COVERAGE_", "COV_", "PYTHONDONTWRITEBYTECODE")
    environment = {name: value for name, value in os.environ.items() if not name.startswith(without)}
    environment["PYTHONPYCACHEPREFIX"] = folder

    def run(_: None) -> int:
        return subprocess.run([sys.executable, "-c", code], env=environment, check=True).returncode

    return run


if __name__ == "__main__":
    sys.exit(main())
