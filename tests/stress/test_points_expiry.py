"""Expiry to the instant: at midnight of the salon's zone over twenty years, twice, in parallel, the clock set back."""

from collections.abc import Iterator
from concurrent.futures import ThreadPoolExecutor
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any, Final
from uuid import uuid4
from zoneinfo import ZoneInfo

import pytest
from tests.servers import SCHEMA

import salon_crm as crm
from salon_crm.testing.doubles import CountedIds, FixedClock

OLGA: Final = crm.Actor("olga", crm.Role.OWNER)
EXPIRY: Final = crm.Actor("expiry", crm.Role.SYSTEM)
YEARS: Final = 20
FIRST: Final = date(2026, 1, 1)
ZONES: Final = (
    "Europe/Lisbon",
    "America/Sao_Paulo",
    "Asia/Kathmandu",
    "Pacific/Apia",
    "America/Havana",
    "Africa/Cairo",
)
"""Among them some whose clocks are changed at midnight: a day there begins at one, or has its first hour twice."""

pytestmark = pytest.mark.no_cover


def midnight(day: date, zone: str) -> datetime:
    """Return the first instant of a day, found by looking at every quarter of an hour: clocks may skip its first."""
    instant = datetime(day.year, day.month, day.day, tzinfo=UTC) - timedelta(hours=15)
    while instant.astimezone(ZoneInfo(zone)).date() < day:
        instant += timedelta(minutes=15)
    return instant


def days(every: int, zone: str) -> Iterator[date]:
    """Give days of twenty years: each so many, and those around each change of the clocks and each year's end."""
    for number in range(YEARS * 366):
        day = FIRST + timedelta(days=number)
        offsets = {
            datetime(each.year, each.month, each.day, 12, tzinfo=ZoneInfo(zone)).utcoffset()
            for each in (day - timedelta(days=2), day + timedelta(days=2))
        }
        if number % every == 0 or len(offsets) > 1 or (day.month, day.day) in ((12, 31), (2, 28), (2, 29)):
            yield day


@pytest.mark.parametrize("every", [97, pytest.param(1, marks=pytest.mark.long)])
@pytest.mark.parametrize("zone", ZONES)
def test_points_can_be_spent_through_the_last_instant_of_their_last_day(zone: str, every: int) -> None:
    clock = FixedClock(midnight(FIRST, zone))
    settings: dict[str, Any] = {"region": "PT", "zone": zone, "currency": "EUR"}
    with crm.open_salon(**settings, clock=clock, ids=CountedIds()) as salon:
        for day in days(every, zone):
            clock.set(midnight(day, zone))
            ana = crm.add_customer(salon, OLGA, name="Ana Silva")
            crm.add_points(salon, OLGA, ana.id, points=5, expires=day)
            end = midnight(day + timedelta(days=1), zone)
            clock.set(end - timedelta(microseconds=1))
            assert crm.points_balance(salon, OLGA, ana.id).available == 5, day
            assert crm.expire_points(salon, EXPIRY).points == 0, day
            assert crm.redeem_points(salon, OLGA, ana.id, points=1).total_after == 4
            clock.set(end)
            assert crm.points_balance(salon, OLGA, ana.id).available == 0, day
            assert crm.expire_points(salon, EXPIRY).points == 4, day
            assert crm.expire_points(salon, EXPIRY).points == 0, day
            [entry, *_] = crm.points_history(salon, OLGA, ana.id).items
            assert (entry.entry.action, entry.entry.at) == (crm.RewardAction.EXPIRED, end), day
            clock.set(end - timedelta(hours=30))
            assert crm.points_balance(salon, OLGA, ana.id).total == 0
            assert crm.expire_points(salon, EXPIRY).points == 0
            clock.set(end)
            assert crm.verify_ledger(salon, OLGA, ana.id).ok


@pytest.mark.parametrize("store", ["sqlite", "postgres"])
@pytest.mark.parametrize("customers", [40, pytest.param(2_000, marks=pytest.mark.long)])
def test_jobs_that_let_points_expire_at_once_let_each_expire_once(
    customers: int, store: str, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    place: dict[str, Any] = {"where": tmp_path / "salon.db"}
    if store == "postgres":
        place = {"where": request.getfixturevalue("server").url(), "schema": SCHEMA, "salon_id": str(uuid4())}
    clock = FixedClock()
    settings: dict[str, Any] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}
    today = clock.now().date()
    with crm.open_salon(**place, **settings, clock=clock) as salon:
        for number in range(customers):
            guest = crm.add_customer(salon, OLGA, name=f"Guest {number}")
            crm.add_points(salon, OLGA, guest.id, points=5, expires=today)
            crm.add_points(salon, OLGA, guest.id, points=7)
        clock.advance(days=1)
        others = [crm.open_salon(**place, clock=clock) for _ in range(4)]
        with ThreadPoolExecutor(len(others)) as pool:
            reports = list(pool.map(lambda other: crm.expire_points(other, EXPIRY), others))
        for other in others:
            other.close()
        assert sum(report.points for report in reports) == 5 * customers
        assert sum(report.entries for report in reports) == customers
        found = crm.verify_ledger(salon, OLGA)
        assert (found.ok, found.entries) == (True, 3 * customers)
