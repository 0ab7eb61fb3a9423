"""Processes to be killed, a few milliseconds apart: forked from one that has loaded everything and holds no salon.

A test cannot be that one: it may have threads, a measurement of coverage and open salons, and a fork would carry
them over.
"""

import contextlib
import json
import os
import select
import signal
import socket
import subprocess
import sys
import tempfile
import traceback
from collections.abc import Generator
from pathlib import Path
from typing import Any, Final

ROOT: Final = Path(__file__).resolve().parents[2]
_PROGRAM: Final = "import sys; from tests.stress.nest import serve; serve(int(sys.argv[1]))"
_BROKE: Final = b"!"


class Child:
    """A process at work: what it says, and how it is ended."""

    def __init__(self, pid: int, said: int) -> None:
        self.pid = pid
        self._pipe = said
        self._said = b""

    def signal(self, number: signal.Signals) -> None:
        with contextlib.suppress(ProcessLookupError):
            os.kill(self.pid, number)

    def kill(self) -> bytes:
        """End it where it stands; return all it said."""
        self.signal(signal.SIGKILL)
        return self.end()

    def hear(self) -> bytes:
        """Wait until it says more; return what, or nothing at its end."""
        more = os.read(self._pipe, 1 << 16)
        self._said += more
        return more

    def has_said(self, seconds: float = 0) -> bool:
        """Whether there is more to hear, within so many seconds."""
        return bool(select.select([self._pipe], [], [], seconds)[0])

    def end(self) -> bytes:
        """Wait for its end; return all it said. Fails with its own words where it broke."""
        while self.hear():
            pass
        os.close(self._pipe)
        assert _BROKE not in self._said, self._said.decode()
        return self._said


class Nest:
    """Starts processes at once; every one still running is killed with it."""

    def __init__(self) -> None:
        self._here, there = socket.socketpair()
        # whoever is killed measures no coverage, and is faster without trying
        environment = {name: value for name, value in os.environ.items() if not name.startswith("COVERAGE_")}
        command = [sys.executable, "-c", _PROGRAM, str(there.fileno())]
        self._process = subprocess.Popen(command, pass_fds=[there.fileno()], env=environment, cwd=ROOT)
        there.close()
        self._children: list[Child] = []
        assert self._here.recv(1) == b"r"

    def start(self, job: str, *arguments: Any) -> Child:
        """Begin a job of `tests.stress.jobs` in a process of its own."""
        reader, writer = os.pipe()
        socket.send_fds(self._here, [json.dumps([job, *arguments]).encode()], [writer])
        os.close(writer)
        child = Child(int(self._here.recv(20)), reader)
        self._children.append(child)
        return child

    def close(self) -> None:
        for child in self._children:
            child.signal(signal.SIGKILL)
        self._here.close()
        self._process.wait(10)


@contextlib.contextmanager
def nest() -> Generator[Nest]:
    made = Nest()
    try:
        yield made
    finally:
        made.close()


def serve(there: int) -> None:
    """Fork a process for every job asked for, until the asker is gone."""
    from tests.stress.jobs import warm_up

    with tempfile.TemporaryDirectory() as folder:
        warm_up(Path(folder))
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)  # nobody waits for them: they leave nothing behind
    asker = socket.socket(fileno=there)
    asker.send(b"r")
    while True:
        message, descriptors, _, _ = socket.recv_fds(asker, 1 << 16, 1)
        if not message:
            return
        (said,) = descriptors
        child = os.fork()
        if not child:
            asker.close()
            _run(message, said)
        os.close(said)
        asker.send(str(child).encode())


def _run(message: bytes, said: int) -> None:
    from tests.stress.jobs import JOBS

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    try:
        job, *arguments = json.loads(message)
        JOBS[job](said, *arguments)
    except BaseException:  # noqa: BLE001 - told to whoever listens, who fails
        os.write(said, _BROKE + traceback.format_exc().encode())
    finally:
        os._exit(0)
