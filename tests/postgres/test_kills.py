"""Clients and the server's own processes are killed at random moments: nothing acknowledged is lost or half done."""

import os
import random
import time
from collections import Counter
from collections.abc import Iterator
from typing import Final
from uuid import uuid4

import pytest
from tests.servers import APP, SCHEMA, Server
from tests.stress.jobs import FINISHED, READY, REFUSED, UNANSWERED, Place, opened, until_it_answers
from tests.stress.nest import Child, Nest, nest
from tests.stress.operations import DONE, FAILED, UNKNOWN, Operation, Script, fits, house, observe
from tests.stress.soundness import check_salon
from tests.stress.test_kills import Round, check_kept, write_next

import salon_crm as crm

SEED: Final = 20_261_122
CLIENTS: Final = 3
ROUNDS_A_SALON: Final = 3
TOLD: Final = {FINISHED: DONE, REFUSED: FAILED, UNANSWERED: UNKNOWN}

pytestmark = pytest.mark.skipif(not hasattr(os, "fork"), reason="needs POSIX")


@pytest.fixture(scope="module")
def processes() -> Iterator[Nest]:
    with nest() as made:
        yield made


def new_place(server: Server) -> Place:
    return {"where": server.url(), "salon_id": str(uuid4()), "schema": SCHEMA}


def check_sound(salon: crm.Salon) -> None:
    check_salon(salon)
    assert crm.verify_audit(salon, house()).ok
    write_next(salon)


@pytest.mark.parametrize("kills", [18, pytest.param(600, marks=pytest.mark.long)])
def test_killed_clients_lose_nothing_acknowledged_and_leave_nothing_half_done(
    kills: int, server: Server, processes: Nest, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, begun = random.Random(SEED), time.perf_counter()
    killed = done = number = 0
    place = new_place(server)
    while killed < kills:
        if not number % ROUNDS_A_SALON:
            place = new_place(server)
        for fallen in Round(processes, place, number).killings(chance):
            killed += len(fallen)
            with opened(place) as salon:
                done += check_kept(salon, fallen)
                check_sound(salon)
        number += 1
    with capsys.disabled():
        print(f"\n{killed} clients killed, {done} operations acknowledged before: seed {SEED}, {_since(begun)}")
    assert done > killed  # they did get to work


@pytest.mark.parametrize("kills", [3, pytest.param(60, marks=pytest.mark.long)])
def test_killed_processes_of_the_server_take_nothing_acknowledged_along(
    kills: int, mortal: Server, processes: Nest, capsys: pytest.CaptureFixture[str]
) -> None:
    chance, begun, told = random.Random(SEED), time.perf_counter(), Counter[str]()
    for first in range(0, kills, ROUNDS_A_SALON):
        place = new_place(mortal)
        clients = {f"{first}x{each}": _begun(processes, place, f"{first}x{each}") for each in range(CLIENTS)}
        with opened(place) as salon:
            for _ in range(min(ROUNDS_A_SALON, kills - first)):
                time.sleep(chance.uniform(0.1, 0.4))  # the moment is what is tried here
                mortal.kill(chance.choice(mortal.backends(APP)))
                until_it_answers(salon)
            time.sleep(0.1)  # so that they are back at work
            traces_of = {name: client.kill() for name, client in clients.items()}
            traces = observe(salon, *traces_of)
            for name, said in traces_of.items():
                steps = _steps(name, said)
                assert fits(traces[name], steps), f"{name} said {said!r}: {traces[name]}"
                told.update(outcome for _, outcome in steps)
            check_sound(salon)
    with capsys.disabled():
        print(f"\n{kills} processes of the server killed: seed {SEED}, {_since(begun)}; clients were told {dict(told)}")
    assert told[DONE] > 2 * kills
    assert told[FAILED] + told[UNKNOWN] >= kills  # it did come in their way


def _begun(processes: Nest, place: Place, name: str) -> Child:
    client = processes.start("write_on", place, name, SEED)
    assert client.hear().startswith(READY)
    return client


def _steps(name: str, said: bytes) -> list[tuple[Operation, str]]:
    """Return what a client did, with what it was told of each; of the last it was told nothing."""
    script, steps = Script(name, SEED), list[tuple[Operation, str]]()
    for word in said.removeprefix(READY):
        steps.append((script.following(), TOLD[bytes([word])]))
        if steps[-1][1] != DONE:
            script.undone(steps[-1][0])
    return [*steps, (script.following(), UNKNOWN)]


def _since(begun: float) -> str:
    return f"{time.perf_counter() - begun:.1f} s"
