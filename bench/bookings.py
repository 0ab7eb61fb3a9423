"""Synthetic bookings: what invented customers booked over three years, and the panels a salon asks of them.

Seeded: one seed and one number always make the same bookings. Whoever reads them makes them anew, so that millions
need not be kept.
"""

from collections.abc import Callable, Iterable, Iterator
from datetime import date, timedelta
from random import Random
from typing import NamedTuple

from bench.customers import Person
from bench.reference import keys_of

TYPES = 12
SERVICES_OF_A_TYPE = 5
SERVICES = TYPES * SERVICES_OF_A_TYPE
LOCATIONS = 4
THERAPISTS = 24
PACKAGES = 10
FIRST_DAY = date(2023, 7, 1)
TODAY = date(2026, 3, 2)
DAYS = 1_096

PENDING, CONFIRMED, COMPLETED, CANCELLED, NO_SHOW = STATES = (
    "pending",
    "confirmed",
    "completed",
    "cancelled",
    "no-show",
)
COUNTING = (PENDING, CONFIRMED, COMPLETED)

_MOST = 80
_PAST = ((0.86, COMPLETED), (0.94, CANCELLED), (0.98, NO_SHOW), (1, CONFIRMED))


class Visit(NamedTuple):
    """A booking as every contender is given it: numbers for what it names, from 0; the hour is local and UTC alike."""

    service: int
    day: date
    hour: int
    location: int
    therapist: int
    status: str
    package: int | None


class Guest(NamedTuple):
    """A customer with the bookings: a number from 0, the key the list is sorted by."""

    number: int
    person: Person
    key: str
    active: bool
    visits: tuple[Visit, ...]


def guests(persons: Iterable[Person], seed: int, each: int) -> Iterator[Guest]:
    """Give people as guests, who booked so many times on average; some never did, some come every week."""
    for number, person in enumerate(persons):
        dice = Random(f"{seed}/{number}")
        count = min(int(dice.expovariate(1 / each)), _MOST * each // 10) if each else 0
        liked = [dice.randrange(TYPES) for _ in range(dice.randint(1, 4))]
        home = dice.randrange(LOCATIONS)
        visits = tuple(_visit(dice, liked, home) for _ in range(count))
        yield Guest(number, person, keys_of(person).name, dice.random() < 0.9, visits)


def _visit(dice: Random, liked: list[int], home: int) -> Visit:
    of_type = dice.choice(liked) if dice.random() < 0.85 else dice.randrange(TYPES)
    day = FIRST_DAY + timedelta(days=int(dice.random() * DAYS))
    location = home if dice.random() < 0.9 else dice.randrange(LOCATIONS)
    return Visit(
        service=of_type * SERVICES_OF_A_TYPE + int(dice.random() ** 2 * SERVICES_OF_A_TYPE),
        day=day,
        hour=9 + int(dice.random() * 9),
        location=location,
        therapist=location * (THERAPISTS // LOCATIONS) + int(dice.random() * (THERAPISTS // LOCATIONS)),
        status=_status(dice.random(), day),
        package=int(dice.random() * PACKAGES) if dice.random() < 0.04 else None,
    )


def _status(chance: float, day: date) -> str:
    if day >= TODAY:
        return PENDING if chance < 0.6 else CONFIRMED
    return next(status for edge, status in _PAST if chance < edge)


class Part(NamedTuple):
    """One part of a panel: the customer has a booking of which all this is true, or, ``never``, has none."""

    services: tuple[int, ...] = ()
    start: date | None = None
    end: date | None = None
    statuses: tuple[str, ...] = COUNTING
    location: int | None = None
    therapist: int | None = None
    package: int | None = None
    never: bool = False

    def fits(self, visit: Visit) -> bool:
        """Return whether all of it is true of one booking."""
        return (
            visit.status in self.statuses
            and (not self.services or visit.service in self.services)
            and (self.start is None or visit.day >= self.start)
            and (self.end is None or visit.day <= self.end)
            and self.location in (None, visit.location)
            and self.therapist in (None, visit.therapist)
            and self.package in (None, visit.package)
        )

    def holds(self, guest: Guest) -> bool:
        """Return whether it is true of a guest."""
        return any(map(self.fits, guest.visits)) is not self.never


class Panel(NamedTuple):
    """What staff set in the filter panel: parts that must all hold.

    ``last_before`` and ``last_after`` are about the day of the last completed booking, both excluded.
    """

    name: str
    criteria: int
    parts: tuple[Part, ...] = ()
    active: bool | None = None
    last_before: date | None = None
    last_after: date | None = None

    def holds(self, guest: Guest) -> bool:
        """Return whether a guest is meant; the plain reference."""
        last = max((visit.day for visit in guest.visits if visit.status == COMPLETED), default=None)
        return (
            self.active in (None, guest.active)
            and (self.last_before is None or (last is not None and last < self.last_before))
            and (self.last_after is None or (last is not None and last > self.last_after))
            and all(part.holds(guest) for part in self.parts)
        )

    def plain_parts(self) -> tuple[Part, ...]:
        """Return the parts, and what is asked of the last visit as bookings say it."""
        parts = list(self.parts)
        if self.last_before is not None:
            parts += [Part(statuses=(COMPLETED,)), Part(statuses=(COMPLETED,), start=self.last_before, never=True)]
        if self.last_after is not None:
            parts.append(Part(statuses=(COMPLETED,), start=self.last_after + timedelta(days=1)))
        return tuple(parts)


def of_type(number: int) -> tuple[int, ...]:
    """Return the services of a type."""
    return tuple(range(number * SERVICES_OF_A_TYPE, (number + 1) * SERVICES_OF_A_TYPE))


HAIR, NAILS, BROWS, FACE, BODY, FEET = map(of_type, range(6))
SPRING = date(2025, 3, 20)

PANELS = (
    Panel("hair", 1, (Part(HAIR),)),
    Panel("hair, never nails", 2, (Part(HAIR), Part(NAILS, never=True))),
    Panel("hair, never nails, not seen since spring", 3, (Part(HAIR), Part(NAILS, never=True)), last_before=SPRING),
    Panel(
        "a quarter's colour, active",
        4,
        (Part(HAIR[:1], date(2025, 10, 1), date(2025, 12, 31)),),
        active=True,
    ),
    Panel(
        "no-shows of a year in one place",
        4,
        (Part((), date(2025, 3, 1), date(2026, 2, 28), (NO_SHOW,), location=2),),
    ),
    Panel(
        "a therapist's month",
        6,
        (Part((), date(2026, 1, 1), date(2026, 1, 31), location=1, therapist=7),),
        active=True,
        last_after=date(2026, 1, 20),
    ),
    Panel(
        "face and body, never feet or brows, still coming",
        7,
        (Part(FACE), Part(BODY), Part(FEET, never=True), Part(BROWS, never=True)),
        active=True,
        last_after=date(2025, 6, 1),
        last_before=date(2026, 3, 1),
    ),
    Panel(
        "everything at once",
        10,
        (
            Part(HAIR),
            Part(FACE, date(2025, 1, 1), date(2025, 12, 31)),
            Part(NAILS, never=True),
            Part(FEET, never=True),
            Part(BODY, statuses=STATES, never=True),
            Part(package=3),
            Part((), date(2025, 9, 1), None, (CANCELLED, NO_SHOW), never=True),
        ),
        active=True,
        last_after=date(2025, 3, 1),
    ),
)


def answers(everybody: Callable[[], Iterable[Guest]], panels: Iterable[Panel] = PANELS) -> dict[str, list[int]]:
    """Return for each panel who is meant, in list order, by looking at every booking of everybody."""
    found: dict[str, list[tuple[str, int]]] = {panel.name: [] for panel in panels}
    asked = list(panels)
    for guest in everybody():
        for panel in asked:
            if panel.holds(guest):
                found[panel.name].append((guest.key, guest.number))
    return {name: [number for _, number in sorted(rows)] for name, rows in found.items()}
