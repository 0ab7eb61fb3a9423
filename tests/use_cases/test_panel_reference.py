"""Random salons and random criteria: the same customers in the same order in every store and in a plain reference."""

from collections.abc import Callable, Iterator
from contextlib import suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from random import Random
from typing import Any
from uuid import UUID
from zoneinfo import ZoneInfo

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from tests.use_cases.actors import OWNER
from tests.use_cases.plain_panel import Plain, Sold, Visit, days_here, holds, packages, spent

import salon_crm as crm
from salon_crm.domain.criteria import AllOf, AnyOf, Not, RelativeDay
from salon_crm.domain.facts import CustomerFacts
from salon_crm.domain.money import Money
from salon_crm.domain.sales import LineKind, SaleLine, SaleStatus
from salon_crm.testing import CountedIds, FixedClock, a_customer_id
from salon_crm.testing.builders import a_booking, a_sale, an_assigned_package
from salon_crm.use_cases.facts import refresh_facts

NAMES = ("Bea Costa", "Ana Silva", "bea costa", "Carla Dias", "Ana Silva", "Dora")
PEOPLE = tuple(a_customer_id(number) for number in range(1, len(NAMES) + 1))
SERVICES, PACKAGES = ("cut", "balayage", "manicure", "advice"), ("ten-cuts", "spa-day")
ZONES = {"chiado": "Europe/Lisbon", "st-john-s": "America/St_Johns", "auckland": "Pacific/Auckland"}
STATES = tuple(map(str, crm.BookingStatus))
HALF_HOURS = tuple(
    datetime(2026, month, day, tzinfo=UTC) + each * timedelta(minutes=30)
    for month, day in ((3, 28), (10, 24))  # the clocks change in Lisbon on the next day
    for each in range(-24, 144)
)
DAYS = tuple(date(2026, month, day) for month in (3, 10) for day in (24, 25, 26, 27, 28, 29, 30))


class Undone(Exception):
    """Undoes an example, so that the next finds the salon empty and nothing is written to the disk."""


@pytest.fixture(scope="module")
def salons(tmp_path_factory: pytest.TempPathFactory) -> Iterator[list[crm.Salon]]:
    """Salons on each store, with a catalogue and customers, on one clock that the examples set."""
    clock, file = FixedClock(), Path(tmp_path_factory.mktemp("panel")) / "salon.db"
    opened = [
        crm.open_salon(where, region="PT", zone="Europe/Lisbon", currency="EUR", clock=clock, ids=CountedIds())
        for where in (None, file)
    ]
    for salon in opened:
        for code in ("hair", "nails", "feet"):
            crm.add_service_type(salon, OWNER, name=code)
        for code, its_type in zip(SERVICES, ("hair", "hair", "nails", None), strict=True):
            crm.add_service(salon, OWNER, name=code, service_type=its_type, duration=45)
        for code, zone in ZONES.items():
            crm.add_location(salon, OWNER, name=code, zone=None if code == "chiado" else zone)
        for name in ("Gil", "Ines"):
            crm.add_staff_member(salon, OWNER, name=name)
        for code in PACKAGES:
            crm.add_package(salon, OWNER, name=code, code=code)
        for own_id, name in zip(PEOPLE, NAMES, strict=True):
            crm.add_customer(salon, OWNER, id=own_id, name=name)
    yield opened
    for salon in opened:
        salon.close()


def live(tx: crm.Salon, seed: int, deeds: int) -> None:
    """Let so many things happen in a salon: each follows from the seed and its number alone."""
    for number in range(deeds):
        dice = Random(f"{seed} {number}")
        with suppress(crm.SalonCrmError):  # many a move is not allowed from where a booking is
            dice.choice((_mirror, _mirror, _mirror, _move, _move, _reschedule, _sell, _give))(tx, dice, number)


def _mirror(tx: crm.Salon, dice: Random, number: int) -> None:
    crm.put_booking(
        tx,
        OWNER,
        dice.choice(PEOPLE),
        external=("calendar", f"{dice.randrange(20)}"),
        service=dice.choice(SERVICES),
        start=dice.choice(HALF_HOURS),
        status=dice.choice(STATES),
        location=dice.choice(tuple(ZONES)),
        therapist=dice.choice((None, "gil", "ines")),
        package=dice.choice((None, None, *PACKAGES)),
    )


def _its_booking(tx: crm.Salon, dice: Random) -> UUID:
    return crm.get_booking(tx, OWNER, external=("calendar", f"{dice.randrange(20)}")).id


def _move(tx: crm.Salon, dice: Random, number: int) -> None:
    moves: tuple[Callable[[UUID], Any], ...] = (
        lambda own_id: crm.confirm_booking(tx, OWNER, own_id),
        lambda own_id: crm.complete_booking(tx, OWNER, own_id),
        lambda own_id: crm.cancel_booking(tx, OWNER, own_id),
        lambda own_id: crm.mark_no_show(tx, OWNER, own_id),
        lambda own_id: crm.reopen_booking(tx, OWNER, own_id, reason="A slip"),
    )
    dice.choice(moves)(_its_booking(tx, dice))


def _reschedule(tx: crm.Salon, dice: Random, number: int) -> None:
    start, location = dice.choice(HALF_HOURS), dice.choice(tuple(ZONES))
    service = dice.choice((None, *SERVICES))
    crm.reschedule_booking(tx, OWNER, _its_booking(tx, dice), start=start, location=location, service=service)


def _sell(tx: crm.Salon, dice: Random, number: int) -> None:
    kind = dice.choice(tuple(LineKind))
    item = dice.choice(PACKAGES if kind is LineKind.PACKAGE else SERVICES)
    who, zone = dice.choice(PEOPLE), dice.choice(tuple(ZONES.values()))
    line = SaleLine(kind=kind, item=item, name="Sold", price=Money(dice.choice((0, 99, 100, 250)), "EUR"))
    named = (a_booking().id,) if dice.random() < 0.2 else ()
    status, at = dice.choice(tuple(SaleStatus)), dice.choice(HALF_HOURS)
    with tx.writing() as writing:
        sale = a_sale(number, customer_id=who, at=at, zone=zone, lines=(line,), status=status, bookings=named)
        writing.sales.add(sale)
        refresh_facts(writing, [who])


def _give(tx: crm.Salon, dice: Random, number: int) -> None:
    who, taken_back = dice.choice(PEOPLE), dice.choice((None, None, tx.now()))
    with tx.writing() as writing:
        package = dice.choice(PACKAGES)
        writing.assigned_packages.add(
            an_assigned_package(number, customer_id=who, package=package, withdrawn_at=taken_back)
        )
        refresh_facts(writing, [who])


def plainly(tx: crm.Salon) -> Plain:
    """Return everything in a salon as plain records."""
    with tx.reading() as reading:
        bookings = [each for held in reading.bookings.of_customers(PEOPLE).values() for each in held]
        sales = [each for held in reading.sales.of_customers(PEOPLE).values() for each in held]
        given = [each for held in reading.assigned_packages.of_customers(PEOPLE).values() for each in held]
    return Plain(
        [
            Visit(b.customer_id, b.service, b.start, b.zone, str(b.status), b.location, b.therapist, b.package)
            for b in bookings
        ],
        [
            Sold(
                s.customer_id,
                str(line.kind),
                line.item,
                s.at,
                s.zone,
                line.price.minor,
                str(s.status),
                bool(s.bookings),
            )
            for s in sales
            for line in s.lines
        ],
        [(each.customer_id, each.package) for each in given if each.withdrawn_at is None],
        tx.now(),
        tx.now().astimezone(ZoneInfo("Europe/Lisbon")).date(),
    )


# ---------------------------------------------------------------------------------------------- questions


def question(dice: Random, depth: int = 3) -> Any:
    """Return a panel in words, or several joined."""
    if depth and dice.random() < 0.4:
        joined = dice.choice(("all", "any", "not"))
        if joined == "not":
            return "not", question(dice, depth - 1)
        return joined, [question(dice, depth - 1) for _ in range(dice.randrange(4))]
    chosen = dice.sample(tuple(_PARTS), dice.choice((1, 1, 2, 2, 3, 4)))
    panel = {name: _PARTS[name](dice) for name in chosen}
    if "start" in panel and "end" in panel:  # of one kind, since days counted from today lie anywhere among the others
        days: tuple[Any, ...] = DAYS if dice.random() < 0.5 else tuple(range(-3, 4))
        panel["start"], panel["end"] = sorted((dice.choice(days), dice.choice(days)))
    return panel


def _some(dice: Random, known: tuple[str, ...]) -> list[str]:
    return dice.sample(known, dice.choice((1, 1, 2)))


def _some_day(dice: Random) -> date | int:
    return dice.choice(DAYS) if dice.random() < 0.7 else dice.randrange(-3, 4)


def _range(dice: Random, most: int) -> tuple[int | None, int | None]:
    ends = sorted((dice.randrange(most), dice.randrange(most)))
    return dice.choice(((ends[0], None), (None, ends[1]), (ends[0], ends[1])))


_PARTS: dict[str, Callable[[Random], Any]] = {
    "service_types": lambda dice: _some(dice, ("hair", "nails", "feet")),
    "services": lambda dice: _some(dice, SERVICES),
    "unused_service_types": lambda dice: _some(dice, ("hair", "nails", "feet")),
    "unused_services": lambda dice: _some(dice, SERVICES),
    "package": lambda dice: dice.choice(PACKAGES),
    "start": _some_day,
    "end": _some_day,
    "booking_status": lambda dice: dice.choice((*STATES, "active", "active")),
    "location": lambda dice: dice.choice(tuple(ZONES)),
    "therapist": lambda dice: dice.choice(("gil", "ines")),
    "count_cancelled": lambda dice: dice.random() < 0.7,
    "visits": lambda dice: _range(dice, 4),
    "spend": lambda dice: _range(dice, 5),
    "last_visit_before": _some_day,
    "last_visit_after": _some_day,
}


def criteria_of(asked: Any, salons_own: crm.Settings) -> Any:
    """Return what a question is to the library."""
    match asked:
        case ("all", parts):
            return AllOf(tuple(criteria_of(part, salons_own) for part in parts))
        case ("any", parts):
            return AnyOf(tuple(criteria_of(part, salons_own) for part in parts))
        case ("not", part):
            return Not(criteria_of(part, salons_own))
        case _:
            counted: dict[str, Any] = {
                name: RelativeDay(value) if type(value) is int else value for name, value in asked.items()
            }
            return crm.CustomerFilter(**counted).criterion(salons_own)


ORDERS: dict[str, Callable[[UUID], Any]] = {
    "name": lambda own_id: (NAMES[PEOPLE.index(own_id)].lower(), own_id),
    "added": lambda own_id: own_id,  # all were added at one instant, and ids break ties
}


def check(tx: crm.Salon, plain: Plain, asked: Any, order: str) -> None:
    """Fail unless a question is answered as the plain reference does, by the page and by the count."""
    expected = sorted((who for who in PEOPLE if holds(plain, who, asked)), key=ORDERS[order.removeprefix("-")])
    if order.startswith("-"):
        expected.reverse()
    criteria = criteria_of(asked, crm.get_settings(tx, OWNER))
    assert [row.id for row in crm.find_customers(tx, OWNER, criteria, order=order)] == expected
    assert crm.count_customers(tx, OWNER, criteria) == len(expected)


def check_facts(tx: crm.Salon, plain: Plain) -> None:
    """Fail unless the facts are what the plain reference counts, and what making them anew gives."""
    assert crm.verify_facts(tx, OWNER).ok
    with tx.reading() as reading:
        held = reading.facts.get_many(PEOPLE)
    for who in PEOPLE:
        facts = held.get(who, CustomerFacts(customer_id=who))
        days, own = days_here(plain, who), [visit for visit in plain.visits if visit.who == who]
        ends = (days[0], days[-1]) if days else (None, None)
        assert (facts.visits, facts.first_visit, facts.last_visit) == (len(days), *ends)
        assert set(facts.booked) == {visit.service for visit in own if visit.counts}
        assert set(facts.ever_booked) == {visit.service for visit in own}
        assert facts.spend == spent(plain, who)
        assert set(facts.packages) == packages(plain, who)


@pytest.mark.no_cover
@settings(
    max_examples=2 * int(settings().max_examples),
    suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow],
)
@given(
    seed=st.integers(0, 2**32),
    deeds=st.integers(0, 40),
    questions=st.integers(1, 6),
    now=st.sampled_from(HALF_HOURS),
    order=st.sampled_from(["name", "-name", "added", "-added"]),
)
def test_every_store_finds_whom_a_plain_reference_finds_and_keeps_the_facts_it_counts(
    salons: list[crm.Salon], seed: int, deeds: int, questions: int, now: datetime, order: str
) -> None:
    for salon in salons:
        assert isinstance(salon.clock, FixedClock)
        salon.clock.set(now)
        with suppress(Undone), salon.transaction() as tx:
            live(tx, seed, deeds)
            plain = plainly(tx)
            check_facts(tx, plain)
            for number in range(questions):
                check(tx, plain, question(Random(f"asked {seed} {number}")), order)
            raise Undone
