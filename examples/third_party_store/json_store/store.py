"""The store: turns, snapshots and units of work over a folder."""

import os
from collections.abc import Generator
from contextlib import contextmanager
from pathlib import Path

from json_store.folder import Folder
from json_store.unit import Unit
from salon_crm.errors import StoreError
from salon_crm.ports.store import Reading, Store, Writing


class JsonStore(Store):
    """A salon in a folder of its own, made where there is none; writers wait ``deadline`` seconds at most.

    Any number of threads and processes of one machine may have it open at once. Raises StoreError where
    the folder cannot be made or used.
    """

    def __init__(self, folder: str | os.PathLike[str], *, deadline: float = 5.0) -> None:
        self._folder = Folder(Path(folder))
        self._deadline = deadline
        self._closed = False

    def close(self) -> None:
        self._closed = True

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("store-closed")

    @contextmanager
    def reading(self) -> Generator[Reading]:
        self._check_open()
        unit = Unit(self._folder.state(), self._check_open, writable=False)
        try:
            yield unit
        finally:
            unit.end()

    @contextmanager
    def writing(self) -> Generator[Writing]:
        self._check_open()
        with self._folder.turn(self._deadline):
            unit = Unit(self._folder.state(), self._check_open, writable=True)
            try:
                yield unit
                unit.check()
                self._folder.keep(unit.before, unit.head, unit.rows, unit.entries)
            finally:
                unit.end()
