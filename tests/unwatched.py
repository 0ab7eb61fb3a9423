"""Processes of which nothing is asked that is asked of the run around them, such as coverage."""

import os
from typing import Final

_ASKED: Final = ("COVERAGE_", "COV_", "PYTEST_")


def environment() -> dict[str, str]:
    """Return this process's environment without what a run of pytest puts there for itself."""
    return {name: value for name, value in os.environ.items() if not name.startswith(_ASKED)}
