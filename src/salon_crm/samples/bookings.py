"""A year of invented bookings for customers that are there, as the appointment book of another product has them.

One seed and one day always give the same list. Most customers come for hair, some for nails or skin too, some have not
come for months; about one row in forty is faulty on purpose, and some are there twice, as in real lists.
"""

import csv
from collections.abc import Iterator, Sequence
from datetime import date, timedelta
from itertools import chain
from pathlib import Path
from typing import Final, NamedTuple

from salon_crm.samples.invented import Dice

HEADER: Final[tuple[str, ...]] = (
    "Appointment No",
    "Client",
    "E-mail",
    "Mobile",
    "Date",
    "Start",
    "Treatment",
    "Branch",
    "Team member",
    "Status",
    "Price",
    "Room",
    "Notes",
)

ENCODING: Final = "cp1252"

TYPES: Final = ("Hair", "Nails", "Skin")


class SampleService(NamedTuple):
    """A service of the sample salon: its name and type, its minutes, what it costs, in whole euros."""

    name: str
    type: str
    minutes: int
    price: int


SERVICES: Final = (
    SampleService("Cut", "Hair", 45, 28),
    SampleService("Balayage & Toner", "Hair", 120, 115),
    SampleService("Root Colour", "Hair", 90, 62),
    SampleService("Manicure", "Nails", 45, 24),
    SampleService("Gel Nails", "Nails", 75, 39),
    SampleService("Facial", "Skin", 60, 55),
)
LOCATIONS: Final = (("Chiado", "Europe/Lisbon"), ("Ponta Delgada", "Atlantic/Azores"))
STAFF: Final = ("Gil Horta", "Inês Jardim", "Olga Prado")

_DAYS_BACK: Final = 365
_DAYS_AHEAD: Final = 21
_LAPSED: Final = 120
_EVERY_FAULT: Final = 40
_EVERY_TWIN: Final = 97
_HABITS: Final = (("Hair",), ("Hair",), ("Hair",), ("Hair", "Nails"), ("Nails",), ("Hair", "Skin"))


class Client(NamedTuple):
    """Whom a list of bookings can name: the name, and the contacts as they are written."""

    name: str
    email: str
    mobile: str


def write_invented_bookings(path: Path, clients: Sequence[Client], *, today: date, seed: int = 1) -> int:
    """Write a list of the bookings of a year before ``today`` and some weeks after it; return how many rows it has."""
    dice = Dice(seed)
    rows = sorted(chain.from_iterable(_rows_of(client, today, dice) for client in clients))
    numbered = [[f"A-{number:05d}", *cells[1:]] for number, cells in enumerate(rows, 1)]
    listed = list(_with_faults(numbered))
    with path.open("w", encoding=ENCODING, errors="replace", newline="") as file:
        writer = csv.writer(file, delimiter=";")
        writer.writerow(HEADER)
        writer.writerows(listed)
    return len(listed)


def _rows_of(client: Client, today: date, dice: Dice) -> Iterator[list[str]]:
    """Give the bookings of a client, each with its day in front, in a form that sorts."""
    habits = dice.pick(_HABITS, skew=1)
    wanted = [service for service in SERVICES if service.type in habits]
    last = -_LAPSED if dice.chance(0.3) else -1
    place, therapist = dice.pick(LOCATIONS, skew=3)[0], dice.pick(STAFF, skew=1)
    for _ in range(1 + dice.below(9)):
        ago = last - dice.below(_DAYS_BACK + last)
        yield _row(client, today + timedelta(days=ago), dice.pick(wanted), place, therapist, dice, ahead=False)
    if last == -1 and dice.chance(0.25):
        day = today + timedelta(days=1 + dice.below(_DAYS_AHEAD))
        yield _row(client, day, dice.pick(wanted), place, therapist, dice, ahead=True)


def _row(
    client: Client, day: date, service: SampleService, place: str, therapist: str, dice: Dice, *, ahead: bool
) -> list[str]:
    start = f"{9 + dice.below(9)}:{15 * dice.below(4):02d}"
    status = dice.pick(("Booked", "Confirmed"), skew=1) if ahead else dice.pick(_WORDS, skew=4)
    name = service.name.upper() if dice.chance(0.1) else service.name
    price = f"{service.price + dice.below(8)},{50 * dice.below(2):02d}"
    contacts = (client.email, client.mobile)
    return [
        f"{day} {start:>5}",
        client.name,
        *contacts,
        f"{day:%d/%m/%Y}",
        start,
        name,
        place,
        therapist,
        status,
        price,
        "",
        "",
    ]


_WORDS: Final = ("Completed", "Paid", "Cancelled by client", "No Show", "Cancelled by salon")

_FAULTS: Final = (
    ("Treatment", "Perm"),
    ("Client", "Nobody Known"),
    ("Date", "31/02/2026"),
    ("Start", "at noon"),
    ("Status", "Teleported"),
    ("Price", "a gift"),
)


def _with_faults(rows: Sequence[list[str]]) -> Iterator[list[str]]:
    """Give the rows, of which one in forty is faulty, and one in a hundred or so comes twice."""
    for number, sound in enumerate(rows, 1):
        row = list(sound)
        if number % _EVERY_FAULT == 0:
            column, text = _FAULTS[number // _EVERY_FAULT % len(_FAULTS)]
            row[HEADER.index(column)] = text
        yield row
        if number % _EVERY_TWIN == 0:
            yield row
