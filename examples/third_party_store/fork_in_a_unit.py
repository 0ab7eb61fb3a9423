"""Fork in the middle of a unit of work: the unit stays the parent's; run by test_json_files.py with a folder."""

import os
import sys
from typing import Never

from json_store import JsonStore

from salon_crm.errors import StoreBusy, StoreError
from salon_crm.ports.store import Writing
from salon_crm.testing import a_customer


def main(folder: str) -> None:
    store = JsonStore(folder)
    with store.writing() as writing:
        writing.customers.add(a_customer(1))
        child = os.fork()
        if child == 0:
            break_off(writing)
        print("the child ended with", os.waitstatus_to_exitcode(os.waitpid(child, 0)[1]))
        print("others wait:", is_busy(folder))
    print("others wait:", is_busy(folder))
    with store.reading() as reading:
        print("kept:", len(reading.customers.get_many([a_customer(1).id, a_customer(2).id])))


def break_off(writing: Writing) -> Never:
    """Try, as the child, to go on with what is the parent's, and end with 7 where it is refused."""
    try:
        writing.customers.add(a_customer(2))
    except StoreError as refused:
        os._exit(7 if refused.code == "unit-over" else 1)
    os._exit(2)


def is_busy(folder: str) -> bool:
    try:
        with JsonStore(folder, deadline=0).writing():
            return False
    except StoreBusy:
        return True


if __name__ == "__main__":
    main(sys.argv[1])
