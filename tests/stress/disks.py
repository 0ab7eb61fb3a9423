"""Jobs on a disk that is full, too small, or read-only: each in a process whose mounts and limits are its own."""

import ctypes
import os
import resource
from collections import Counter
from collections.abc import Callable
from pathlib import Path
from typing import Final

from tests.stress.operations import DONE, FAILED, SETTINGS, Operation, Script, fits, house, observe, prepare
from tests.stress.soundness import check_sound

import salon_crm as crm

CANNOT: Final = b"-"
"""Said first by a job that this machine does not allow, and then why."""

SEED: Final = 20_261_107
NOBODY: Final = 65_534
_ACTOR: Final = crm.Actor("disk", crm.Role.OWNER)
_NEW_MOUNTS: Final = 0x00020000
_PRIVATE: Final = 1 << 18 | 1 << 14
_READ_ONLY_AGAIN: Final = 1 | 1 << 5
_KB: Final = 1024


class NotAllowed(Exception):
    """This machine does not let a test mount."""


def _must(result: int, what: str) -> None:
    if result:
        raise NotAllowed(f"{what}: {os.strerror(ctypes.get_errno())}")


def small_disk(folder: str, kilobytes: int) -> None:
    """Let ``folder`` be a disk of its own, in memory, seen by this process alone."""
    libc = ctypes.CDLL(None, use_errno=True)
    _must(libc.unshare(_NEW_MOUNTS), "unshare")
    _must(libc.mount(None, b"/", None, _PRIVATE, None), "mount --make-rprivate")
    options = f"size={kilobytes}k,mode=777".encode()
    _must(libc.mount(b"none", folder.encode(), b"tmpfs", 0, options), "mount")


def make_read_only(folder: str) -> None:
    libc = ctypes.CDLL(None, use_errno=True)
    _must(libc.mount(b"none", folder.encode(), None, _READ_ONLY_AGAIN, None), "mount -o remount,ro")


def _full_disk(folder: str) -> Callable[[], None]:
    small_disk(folder, 2_400)
    ballast = Path(folder) / "ballast"
    ballast.write_bytes(bytes(700 * _KB))  # room for a whole salon, where nothing of the log was copied yet
    return ballast.unlink


def _size_limit(folder: str) -> Callable[[], None]:
    resource.setrlimit(resource.RLIMIT_FSIZE, (1_200 * _KB, resource.RLIM_INFINITY))
    return lambda: resource.setrlimit(resource.RLIMIT_FSIZE, (resource.RLIM_INFINITY, resource.RLIM_INFINITY))


_SHORTAGES: Final = {"full disk": _full_disk, "size limit": _size_limit}


def run_out(said: int, folder: str, shortage: str) -> None:
    """Work until there is no more room, try on, get room, go on; say how much was done before and after."""
    try:
        make_room = _SHORTAGES[shortage](folder)
    except NotAllowed as error:
        os.write(said, CANNOT + str(error).encode())
        return
    day = _Day(Path(folder) / "salon.db")
    before = day.work_until_full()
    day.look_around()
    make_room()
    day.work_on()
    os.write(said, f"{before} operations, then {Counter(day.errors)}".encode())


class _Day:
    """Work on a disk that runs out of room."""

    def __init__(self, file: Path) -> None:
        self._file = file
        self._steps: list[tuple[Operation, str]] = []
        self._script = Script(_ACTOR.id, SEED)
        self._salon = crm.open_salon(file, **SETTINGS)
        self.errors: list[str] = []
        prepare(self._salon)

    def _do(self) -> bool:
        operation = self._script.following()
        self._steps.append((operation, FAILED))
        try:
            operation.do(self._salon, _ACTOR)
        except crm.StoreError as error:
            self.errors.append(str(error))
            self._script.undone(operation)
            return False
        self._steps[-1] = operation, DONE
        return True

    def _check(self) -> None:
        assert fits(observe(self._salon, _ACTOR.id)[_ACTOR.id], self._steps)
        check_sound(self._file, self._salon)

    def work_until_full(self) -> int:
        while len(self.errors) < 5:
            self._do()
        return sum(outcome == DONE for _, outcome in self._steps)

    def look_around(self) -> None:
        """Read, close and open while there is no room."""
        self._check()
        self._salon.close()
        try:
            self._salon = crm.open_salon(self._file)
        except crm.StoreError as error:
            self.errors.append(str(error))
        else:
            self._check()

    def work_on(self) -> None:
        self._salon.close()
        self._salon = crm.open_salon(self._file)
        for _ in range(10):
            assert self._do(), self.errors
        self._check()
        self._salon.close()


def read_only(said: int, folder: str, way: str) -> None:
    """Open a salon that cannot be written, as somebody whom permissions bind; say what came of it."""
    try:
        small_disk(folder, 2_000)
    except NotAllowed as error:
        os.write(said, CANNOT + str(error).encode())
        return
    file = Path(folder) / "salon.db"
    with crm.open_salon(file, **SETTINGS) as salon:
        prepare(salon)
    before = file.read_bytes()
    if way == "disk":
        make_read_only(folder)
    else:
        file.chmod(0o444 if way in {"file", "file and folder"} else 0o666)
        Path(folder).chmod(0o555 if way in {"folder", "file and folder"} else 0o777)
        os.setgid(NOBODY)
        os.setuid(NOBODY)
    os.write(said, " / ".join(_tried(file)).encode())
    assert file.read_bytes() == before


def _tried(file: Path) -> list[str]:
    try:
        salon = crm.open_salon(file)
    except crm.StoreError as error:
        return [error.code]
    with salon:
        assert [row.name for row in crm.find_customers(salon, house())] == ["Shared"]
        assert crm.verify_audit(salon, house()).ok
        try:
            crm.add_customer(salon, house(), name="Nobody")
        except crm.StoreError as error:
            return ["read", error.code]
    return ["read", "written"]
