"""Whatever is called, at the wrong time and in the wrong order: it works, or raises an error of ours."""

import random
import threading
from collections.abc import Callable
from contextlib import AbstractContextManager
from pathlib import Path
from typing import Any, Final
from uuid import UUID

import pytest
from tests.stress.operations import SETTINGS, SHARED, house, prepare
from tests.stress.soundness import check_sound

import salon_crm as crm
from salon_crm.adapters.sqlite import SQLiteStore
from salon_crm.domain.criteria import EVERYBODY, Order, OrderKey
from salon_crm.ports.store import AuditQuery

SEED: Final = 20_261_109
STEPS: Final = 40

_USES: Final[tuple[Callable[[Any], object], ...]] = (
    lambda unit: unit.salon(),
    lambda unit: unit.settings(),
    lambda unit: unit.save_settings(unit.settings(), 1),
    lambda unit: unit.customers.find(EVERYBODY, Order(OrderKey.NAME), None, 5),
    lambda unit: unit.customers.count(EVERYBODY),
    lambda unit: unit.customers.get_many([SHARED, UUID(int=0)]),
    lambda unit: unit.customers.by_key("contact", ["nobody@example.com"]),
    lambda unit: unit.customers.save(unit.customers.get_many([SHARED])[SHARED], 1),
    lambda unit: unit.customers.add(unit.customers.get_many([SHARED])[SHARED]),
    lambda unit: unit.customers.remove(UUID(int=7)),
    lambda unit: unit.notes.of_customers([SHARED]),
    lambda unit: unit.blocks.remove(UUID(int=7)),
    lambda unit: unit.audit.head(),
    lambda unit: unit.audit.select(AuditQuery(), 3),
    lambda unit: unit.audit.append(unit.audit.select(AuditQuery(), 1, newest_first=True)[0]),
)


class Mess:
    """Salons on one file, and what is open of them, used without any order."""

    def __init__(self, file: Path, chance: random.Random) -> None:
        self._file = file
        self._chance = chance
        self._salons = [self._open()]
        self._open_units: list[AbstractContextManager[Any]] = []
        self._units: list[Any] = []

    def _open(self) -> crm.Salon:
        return crm.open_salon(SQLiteStore(self._file, deadline=0.01), **SETTINGS)

    def step(self) -> None:
        acts = (
            self._enter,
            self._enter,
            self._use,
            self._use,
            self._use,
            self._leave,
            self._call,
            self._call,
            self._close,
        )
        act = self._chance.choice(acts)
        if self._chance.random() < 0.2:
            self._elsewhere(act)
        else:
            self._only_ours(act)

    def _only_ours(self, act: Callable[[], object]) -> None:
        try:
            act()
        except crm.SalonCrmError:
            return

    def _elsewhere(self, act: Callable[[], object]) -> None:
        """Do it in another thread, which ends before this one goes on."""
        raised: list[BaseException] = []

        def run() -> None:
            try:
                self._only_ours(act)
            except BaseException as error:  # noqa: BLE001 - raised again where the test sees it
                raised.append(error)

        thread = threading.Thread(target=run)
        thread.start()
        thread.join()
        for error in raised:
            raise error

    def _enter(self) -> None:
        salon = self._chance.choice(self._salons)
        way = self._chance.choice([salon.reading, salon.writing, salon.store.reading, salon.store.writing])
        unit = way()
        self._units.append(unit.__enter__())
        self._open_units.append(unit)

    def _use(self) -> None:
        if self._units:
            self._chance.choice(_USES)(self._chance.choice(self._units))

    def _leave(self) -> None:
        if self._open_units:
            unit = self._open_units.pop(self._chance.randrange(len(self._open_units)))
            if self._chance.random() < 0.3:
                unit.__exit__(ZeroDivisionError, ZeroDivisionError(), None)
            else:
                unit.__exit__(None, None, None)

    def _call(self) -> None:
        salon = self._chance.choice(self._salons)
        self._chance.choice(
            (
                lambda: crm.add_customer(salon, house(), name="Guest"),
                lambda: crm.find_customers(salon, house(), limit=3),
                lambda: crm.add_note(salon, house(), SHARED, text="Tea."),
                lambda: crm.verify_audit(salon, house()),
            )
        )()

    def _close(self) -> None:
        salon = self._chance.choice(self._salons)
        try:
            self._chance.choice((salon.close, salon.store.close))()
        finally:
            self._salons.append(self._open())

    def end(self) -> None:
        while self._open_units:
            self._only_ours(self._leave)
        for salon in self._salons:
            salon.close()
            salon.store.close()


@pytest.mark.parametrize("runs", [25, pytest.param(2_000, marks=pytest.mark.long)])
def test_no_order_of_calls_raises_what_is_not_ours(runs: int, tmp_path: Path) -> None:
    for run in range(runs):
        file = tmp_path / f"{run}.db"
        with crm.open_salon(file, **SETTINGS) as salon:
            prepare(salon)
        mess = Mess(file, random.Random(f"{SEED} {run}"))
        try:
            for _ in range(STEPS):
                mess.step()
            mess.end()
        except BaseException as error:
            error.add_note(f"run {run} of seed {SEED}")
            raise
        with crm.open_salon(file) as salon:
            check_sound(file, salon)
