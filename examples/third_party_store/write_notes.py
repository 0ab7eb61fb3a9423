"""One of several desks that write at once; run by test_json_files.py with a folder, a customer and how often."""

import sys

from json_store import JsonStore

import salon_crm as crm
from salon_crm.testing import OWNER


def main(folder: str, customer: str, times: str) -> None:
    with crm.open_salon(JsonStore(folder, deadline=60)) as salon:
        for number in range(int(times)):
            crm.add_note(salon, OWNER, customer, text=f"Visit {number}.")


if __name__ == "__main__":
    main(*sys.argv[1:])
