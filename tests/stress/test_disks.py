"""A disk without room, a file that may not grow, and files that may be read only: errors of ours, and nothing lost."""

import os
import tempfile
from collections.abc import Iterator
from pathlib import Path

import pytest
from tests.stress.disks import CANNOT
from tests.stress.nest import Nest

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")


@pytest.fixture
def folder() -> Iterator[Path]:
    """A folder that anybody may reach, unlike those of pytest."""
    with tempfile.TemporaryDirectory() as made:
        Path(made).chmod(0o755)
        yield Path(made)


def said_by(processes: Nest, job: str, *arguments: str) -> str:
    said = processes.start(job, *arguments).end()
    if said.startswith(CANNOT):
        pytest.skip(f"no disk of a test's own here: {said[1:].decode()}")
    return said.decode()


@pytest.mark.parametrize("shortage", ["full disk", "size limit"])
def test_without_room_writing_is_an_error_reading_goes_on_and_with_room_again_all_does(
    shortage: str, folder: Path, processes: Nest, capsys: pytest.CaptureFixture[str]
) -> None:
    said = said_by(processes, "run_out", str(folder), shortage)
    with capsys.disabled():
        print(f"\n{shortage}: {said}")
    assert int(said.split()[0]) >= 10


@pytest.mark.parametrize("way", ["disk", "folder", "file", "file and folder"])
def test_what_may_be_read_only_is_refused_or_read_and_left_as_it_is(way: str, folder: Path, processes: Nest) -> None:
    said = said_by(processes, "read_only", str(folder), way)
    print(way, said)
    assert said in {"store-unopenable", "read / store-failed"}
