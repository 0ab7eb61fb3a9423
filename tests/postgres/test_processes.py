"""Processes that write to one salon of a database lose no update, and hear nothing of what stands in their way."""

import multiprocessing
import time
from concurrent.futures import ProcessPoolExecutor
from typing import Any, Final
from uuid import uuid4

import pytest
from tests.servers import SCHEMA, Server

import salon_crm as crm

OLGA: Final = crm.Actor("olga", crm.Role.OWNER)
WRITERS: Final = 8
SETTINGS: Final[dict[str, Any]] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}


def work(url: str, salon_id: str, shared: str, name: int, count: int) -> list[float]:
    """Add, note, book and count up, each in a transaction of its own; return the seconds each took."""
    taken: list[float] = []
    with crm.open_salon(url, salon_id=salon_id, schema=SCHEMA) as salon:
        for number in range(count):
            begun = time.perf_counter()
            own = crm.add_customer(salon, OLGA, name=f"Ana {name} {number}", reference=f"{name}-{number}")
            crm.add_note(salon, OLGA, shared, text=f"{name} {number}")
            crm.book(salon, OLGA, own.id, service="cut", start=salon.now())
            while not counted_up(salon, shared, f"{name}-{number}"):
                pass
            taken.append(time.perf_counter() - begun)
    return taken


def counted_up(salon: crm.Salon, shared: str, word: str) -> bool:
    """Add one to the number everybody counts on; return whether nobody was faster.

    The word makes each edit another one: an edit that finds what it asks for already there writes nothing.
    """
    customer = crm.get_customer(salon, OLGA, shared)
    try:
        crm.edit_customer(salon, OLGA, shared, version=customer.version, preferences=f"{counted(customer) + 1} {word}")
    except crm.Conflict:
        return False
    return True


def counted(customer: crm.Customer) -> int:
    return int((customer.preferences or "0").split()[0])


@pytest.mark.parametrize("count", [10, pytest.param(250, marks=pytest.mark.long)])
def test_eight_processes_lose_no_update(count: int, server: Server, capsys: pytest.CaptureFixture[str]) -> None:
    place: dict[str, Any] = {"salon_id": str(uuid4()), "schema": SCHEMA}
    with crm.open_salon(server.url(), **place, **SETTINGS) as salon:
        crm.add_service(salon, OLGA, name="Cut", duration=30)
        shared = crm.add_customer(salon, OLGA, name="Shared").id
        begun = time.perf_counter()
        with ProcessPoolExecutor(WRITERS, mp_context=multiprocessing.get_context("spawn")) as pool:
            asked = [
                pool.submit(work, server.url(), place["salon_id"], str(shared), name, count) for name in range(WRITERS)
            ]
            took = sorted(each for one in asked for each in one.result())
        seconds = time.perf_counter() - begun
        with capsys.disabled():
            print(
                f"\n{WRITERS} processes x {count} x 4 units of work in {seconds:.1f} s; four took p50 "
                f"{took[len(took) // 2] * 1e3:.0f} ms, p99 {took[len(took) * 99 // 100] * 1e3:.0f} ms"
            )
        assert crm.count_customers(salon, OLGA) == WRITERS * count + 1
        assert counted(crm.get_customer(salon, OLGA, shared)) == WRITERS * count
        assert len(crm.customer_notes(salon, OLGA, shared)) == WRITERS * count
        assert crm.verify_audit(salon, OLGA).ok
        assert crm.verify_facts(salon, OLGA).ok
