"""What the processes of a stress do; each says what it finished through a pipe, so that its end loses nothing."""

import os
import time
from collections.abc import Callable, Mapping
from pathlib import Path
from types import MappingProxyType
from typing import Any, Final

from tests.stress.disks import read_only, run_out
from tests.stress.migrating import migrate
from tests.stress.operations import SETTINGS, Script, house, prepare

import salon_crm as crm
from salon_crm.adapters.postgres import schema
from salon_crm.adapters.sqlite import store

READY: Final = b"r"
FINISHED: Final = b"."
REFUSED: Final = b"x"
UNANSWERED: Final = b"?"

Place = str | dict[str, str]
"""Where a salon is: a file, or what `open_salon` is told of a database."""


def opened(place: Place) -> crm.Salon:
    stated: dict[str, Any] = {"where": place} if isinstance(place, str) else {**place}
    return crm.open_salon(**stated, **SETTINGS)


def write(said: int, place: Place, actor: str, seed: int, count: int | None) -> None:
    """Do operations, ``count`` of them or without end; say after each that it is finished."""
    with opened(place) as salon:
        prepare(salon)
        os.write(said, READY)
        who = crm.Actor(actor, crm.Role.OWNER)
        for done, operation in enumerate(Script(actor, seed), 1):
            operation.do(salon, who)
            os.write(said, FINISHED)
            if done == count:
                return


def write_on(said: int, place: Place, actor: str, seed: int) -> None:
    """Do operations without end, whatever becomes of the store meanwhile; say of each what its caller was told."""
    with opened(place) as salon:
        prepare(salon)
        os.write(said, READY)
        who, script = crm.Actor(actor, crm.Role.OWNER), Script(actor, seed)
        while True:
            operation = script.following()
            try:
                operation.do(salon, who)
            except crm.StoreError as error:
                script.undone(operation)
                os.write(said, UNANSWERED if error.code == "outcome-unknown" else REFUSED)
                until_it_answers(salon)
            else:
                os.write(said, FINISHED)


def until_it_answers(salon: crm.Salon) -> None:
    """Wait for a store that is out of order."""
    until = time.monotonic() + 20
    while True:
        try:
            crm.count_customers(salon, house())
        except crm.StoreError:
            assert time.monotonic() < until
            time.sleep(0.02)
        else:
            return


def measure(said: int, file: str, actor: str, seed: int, count: int) -> None:
    """Do operations; say at the end, kind by kind, how many milliseconds each took."""
    with crm.open_salon(file, **SETTINGS) as salon:
        took: list[str] = []
        for operation in Script(actor, seed).take(count):
            begun = time.perf_counter()
            operation.do(salon, crm.Actor(actor, crm.Role.OWNER))
            took.append(f"{operation.kind}={1_000 * (time.perf_counter() - begun):.2f}")
    os.write(said, " ".join(took).encode())


def hold(said: int, file: str, actor: str, name: str) -> None:
    """Add a customer in a transaction, say so, and end the transaction when it is let go on."""
    with crm.open_salon(file) as salon:
        with salon.transaction() as tx:
            crm.add_customer(tx, crm.Actor(actor, crm.Role.OWNER), name=name)
            os.write(said, READY)
            time.sleep(0.2)  # it is stopped meanwhile, and goes on when it is told to
        os.write(said, FINISHED)


def come_and_go(said: int, file: str, count: int) -> None:
    """Open the salon, read, write and close it again and again: the last to close takes the log away."""
    who = crm.Actor("guest", crm.Role.OWNER)
    for _ in range(count):
        with crm.open_salon(file) as salon:
            crm.find_customers(salon, who, limit=3)
            crm.add_customer(salon, who, name="Guest")
            crm.count_customers(salon, who)
        os.write(said, FINISHED)


JOBS: Final[Mapping[str, Callable[..., Any]]] = MappingProxyType(
    {job.__name__: job for job in (write, write_on, measure, hold, come_and_go, run_out, read_only, migrate)}
)


def warm_up(folder: Path) -> None:
    """Load all that an operation needs, so that what is forked from here begins at once."""
    file = folder / "warm.db"
    with crm.open_salon(file, **SETTINGS) as salon:
        prepare(salon)
        script = Script("warm", 1)
        for operation in script.take(40):
            operation.do(salon, crm.Actor("warm", crm.Role.OWNER))
    assert store.SCHEMA_VERSION
    assert schema.SCHEMA_VERSION
