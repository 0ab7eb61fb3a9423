"""Kill a process (-9) before and after every step of its commit, and say which state each of them left.

It is run by test_json_files.py: ``python kill_commits.py FOLDER``.
"""

import os
import signal
import sys
from collections.abc import Callable
from itertools import count

from json_store import JsonStore

import salon_crm as crm
from salon_crm.testing import OWNER

STEPS = ("open", "fsync", "replace")


def killed_at(step: int) -> None:
    """Kill this process when it comes to the step, counting before and after each call of the system."""
    passed = count(1)

    def counted(call: Callable[..., object]) -> Callable[..., object]:
        def stepping(*arguments: object, **options: object) -> object:
            reach()
            result = call(*arguments, **options)
            reach()
            return result

        return stepping

    def reach() -> None:
        if next(passed) == step:
            os.kill(os.getpid(), signal.SIGKILL)

    for name in STEPS:
        setattr(os, name, counted(getattr(os, name)))


def add_bea(folder: str) -> None:
    with crm.open_salon(JsonStore(folder)) as salon, salon.transaction() as tx:
        bea = crm.add_customer(tx, OWNER, name="Bea Costa", email="bea@example.com")
        crm.add_note(tx, OWNER, bea.id, text="Likes tea.")


def state(folder: str) -> str:
    """Return whether a salon has nothing of what `add_bea` adds, or everything; anything else is an error."""
    with crm.open_salon(JsonStore(folder)) as salon:
        found = [row.id for row in crm.find_customers(salon, OWNER)]
        written = [len(crm.customer_notes(salon, OWNER, customer)) for customer in found]
        audit = crm.verify_audit(salon, OWNER)
        assert audit.ok, audit
        states = {(0, 1): "old", (1, 3): "new"}
        assert written == [1] * len(found), written
        return states[len(found), audit.entries]


def main(folder: str) -> None:
    for step in count(1):
        here = f"{folder}-{step}"
        crm.open_salon(JsonStore(here), region="PT", zone="Europe/Lisbon", currency="EUR").close()
        process = os.fork()
        if process == 0:
            killed_at(step)
            add_bea(here)
            os._exit(0)
        _, status = os.waitpid(process, 0)
        if os.WIFEXITED(status):
            assert os.WEXITSTATUS(status) == 0
            assert state(here) == "new"
            print("committed")
            return
        print(state(here))
        add_bea(here)  # whatever is left, the next commit finds its way


if __name__ == "__main__":
    main(sys.argv[1])
