"""A long life of one process, by hand: memory and the write-ahead log over very many operations.

    python tests/endurance.py --operations 1000000 --file endurance.db

Prints the resident memory and the size of the log after each tenth. Both are to stay flat: what grows with
the number of operations is a leak. Only Linux tells the memory of now; elsewhere its peak is printed.
"""

import argparse
import resource
import sys
from collections.abc import Callable
from pathlib import Path
from random import Random
from time import perf_counter
from uuid import UUID

import salon_crm as crm

OWNER = crm.Actor("olga", crm.Role.OWNER)
CUSTOMERS = 2_000
"""How many customers there are at any time: what is added is removed again, so that only the audit grows."""


def memory() -> float:
    """Return the resident memory in megabytes."""
    status = Path("/proc/self/statm")
    if status.exists():
        return int(status.read_text().split()[1]) * resource.getpagesize() / 2**20
    return resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 2**10


class Life:
    """One program that opens a salon in the morning and never closes it."""

    def __init__(self, salon: crm.Salon, seed: int) -> None:
        self._salon = salon
        self._random = Random(seed)
        self._count = 0
        self._ids = [self._new() for _ in range(CUSTOMERS)]
        self._acts: list[Callable[[], object]] = [self.find, self.read, self.edit, self.note, self.replace]

    def step(self) -> None:
        """Do one thing at random."""
        self._random.choice(self._acts)()

    def find(self) -> None:
        text = f"{self._random.randrange(1_000)}"
        crm.find_customers(self._salon, OWNER, crm.CustomerFilter(text=text), limit=20)

    def read(self) -> None:
        with self._salon.reading() as reading:
            reading.customers.get_many(self._random.sample(self._ids, 5))

    def edit(self) -> None:
        crm.edit_customer(self._salon, OWNER, self._random.choice(self._ids), referral_source=self._word())

    def note(self) -> None:
        note = crm.add_note(self._salon, OWNER, self._random.choice(self._ids), text=self._word())
        crm.remove_note(self._salon, OWNER, note.id)

    def replace(self) -> None:
        place = self._random.randrange(CUSTOMERS)
        crm.remove_customer(self._salon, OWNER, self._ids[place])
        self._ids[place] = self._new()

    def _new(self) -> UUID:
        self._count += 1
        return crm.add_customer(self._salon, OWNER, name=f"Ana {self._word()}").id

    def _word(self) -> str:
        return f"{self._random.randrange(10**9)}"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--operations", type=int, default=100_000)
    parser.add_argument("--file", type=Path, required=True, help="a new file, which stays")
    parser.add_argument("--seed", type=int, default=1)
    parsed = parser.parse_args()
    if parsed.file.exists():
        sys.exit(f"{parsed.file} is there already")
    with crm.open_salon(parsed.file, region="PT", zone="Europe/Lisbon", currency="EUR") as salon:
        life, began = Life(salon, parsed.seed), perf_counter()
        for done in range(1, parsed.operations + 1):
            life.step()
            if done % max(1, parsed.operations // 10) == 0:
                log = parsed.file.with_name(f"{parsed.file.name}-wal").stat().st_size / 2**20
                print(f"{done:>9,} {memory():7.1f} MB {log:6.1f} MB log {perf_counter() - began:7.0f} s", flush=True)


if __name__ == "__main__":
    main()
