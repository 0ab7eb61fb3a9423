"""Earning, redeeming, refunding, reopening and expiring in every order, against what a plain model says of each."""

import math
from datetime import date, timedelta
from itertools import product
from pathlib import Path
from typing import Any, Final
from uuid import uuid4

import pytest
from attrs import define, field
from tests.servers import SCHEMA

import salon_crm as crm
from salon_crm.testing.doubles import NOON, CountedIds, FixedClock

OLGA: Final = crm.Actor("olga", crm.Role.OWNER)
ACTS: Final = ("sell", "redeem", "refund", "refund a part", "complete or reopen", "expire")
PRICE, PART = 1_050, 300
"""Cents of a sale, which earns 10 points, and of a part of it, which is not a whole number of them."""
EARNED, SPENT, VISIT = 10, 7, 4
PASSING: Final = 16
"""Days that pass where points are let expire: what lasts a month is there once, and gone the second time."""


@define
class Lot:
    """Points that were given at once: a number that counts up, how many there are, and their last day."""

    number: int
    points: int
    last: date


@define
class Sold:
    """A sale: what it costs still, what was taken back of its points, and what was redeemed on it, by lot."""

    lot: int
    net: int = PRICE
    taken: int = 0
    redeemed: list[list[tuple[int, int]]] = field(factory=list)
    cost: list[int] = field(factory=list)
    """What the sale still cost when points were redeemed on it."""
    returned: list[int] = field(factory=list)


@define
class Model:
    """A ledger written down plainly: what any order of acts must come to."""

    today: date
    lots: list[Lot] = field(factory=list)
    sales: list[Sold] = field(factory=list)
    short: int = 0
    visit: int | None = None
    """The number of the lot that the booking's visit gave, where it is completed."""
    owed: int = 0
    """What could not be taken back when the visit was reopened: its points are given once."""
    given: int = 0

    @property
    def total(self) -> int:
        return sum(lot.points for lot in self.lots)

    def give(self, points: int) -> int:
        last = self.today.replace(year=self.today.year + self.today.month // 12, month=self.today.month % 12 + 1)
        self.given += 1
        self.lots.append(Lot(self.given, points, last))
        return self.given

    def lapse(self) -> None:
        for lot in self.lots:
            lot.points = 0 if lot.last < self.today else lot.points

    def take(self, points: int, first: int | None) -> list[tuple[int, int]]:
        """Take as many points as there are: of one lot first, then of those that expire first, then the oldest."""
        taken: list[tuple[int, int]] = []
        for lot in sorted(self.lots, key=lambda lot: (lot.number != first, lot.last, lot.number)):
            part = min(lot.points, points - sum(count for _, count in taken))
            lot.points -= part
            taken += [(lot.number, part)] * bool(part)
        return taken

    def take_back(self, points: int, lot: int) -> int:
        """Take points back, and return how many were not there any more."""
        self.lapse()
        short = points - sum(count for _, count in self.take(points, lot))
        self.short += short
        return short

    def sell(self) -> None:
        self.sales.append(Sold(self.give(EARNED)))

    def redeem(self) -> None:
        if (
            not self.sales
            or not self.sales[-1].net
            or sum(lot.points for lot in self.lots if lot.last >= self.today) < SPENT
        ):
            return
        self.lapse()
        self.sales[-1].redeemed.append(self.take(SPENT, None))
        self.sales[-1].cost.append(self.sales[-1].net)
        self.sales[-1].returned.append(0)

    def refund(self, amount: int) -> None:
        sale = next((sale for sale in reversed(self.sales) if sale.net), None)
        if sale is None:
            return
        sale.net -= min(amount, sale.net)
        for place, taken in enumerate(sale.redeemed):
            cost = sale.cost[place]
            due = SPENT if not sale.net else SPENT * (cost - sale.net) // cost
            if due > sale.returned[place]:
                self.lapse()
                self._return(taken, sale.returned[place], due)
                sale.returned[place] = due
        due = EARNED - math.floor(EARNED * sale.net / PRICE)
        if due > sale.taken:
            self.take_back(due - sale.taken, sale.lot)
            sale.taken = due

    def _return(self, taken: list[tuple[int, int]], before: int, now: int) -> None:
        """Fill the lots that points were taken of, those that were taken last first."""
        order = [number for number, count in reversed(taken) for _ in range(count)]
        for number in order[before:now]:
            next(lot for lot in self.lots if lot.number == number).points += 1
        self.lapse()

    def complete_or_reopen(self) -> None:
        if self.visit is None:
            self.visit = self.give(VISIT)
            self.short -= sum(count for _, count in self.take(self.owed, self.visit))
        else:
            self.owed = self.take_back(VISIT, self.visit)
            self.visit = None

    def expire(self) -> None:
        self.today += timedelta(days=PASSING)
        self.lapse()


class Salon:
    """The same acts, asked of the library."""

    def __init__(self, salon: crm.Salon, clock: FixedClock) -> None:
        self.salon, self.clock = salon, clock
        clock.set(NOON)
        rules: Any = [{"per": "money", "points": 1, "amount": "1"}, {"per": "visit", "points": VISIT}]
        crm.change_settings(salon, OLGA, rewards={"rules": rules, "expiry": {"months": 1}})
        if not crm.catalogue(salon, OLGA).services:
            crm.add_service(salon, OLGA, name="Cut", duration=30)
        self.ana = crm.add_customer(salon, OLGA, name="Ana Silva")
        external = ("calendar", str(self.ana.id))
        start = NOON - timedelta(hours=2)
        self.booking = crm.put_booking(salon, OLGA, self.ana.id, external=external, service="cut", start=start).booking
        self.sales: list[crm.Sale] = []

    def sell(self) -> None:
        lines: list[crm.LineFields] = [{"product": "Shampoo", "price": "10.50"}]
        self.sales.append(crm.record_sale(self.salon, OLGA, self.ana.id, lines=lines, paid="10.50").sale)

    def redeem(self) -> None:
        if self.sales:
            before = crm.points_history(self.salon, OLGA, self.ana.id).items
            try:
                crm.redeem_points(self.salon, OLGA, self.ana.id, points=SPENT, sale=self.sales[-1].id)
            except crm.RuleBroken:
                assert crm.points_history(self.salon, OLGA, self.ana.id).items == before

    def refund(self, amount: int) -> None:
        for place, sale in reversed(list(enumerate(self.sales))):
            if sale.net:
                stated = min(crm.Money(amount, "EUR"), sale.net)
                self.sales[place] = crm.refund_sale(self.salon, OLGA, sale.id, amount=stated).sale
                return

    def complete_or_reopen(self) -> None:
        if self.booking.status is crm.BookingStatus.COMPLETED:
            self.booking = crm.reopen_booking(self.salon, OLGA, self.booking.id, reason="Mistyped.").booking
        else:
            self.booking = crm.complete_booking(self.salon, OLGA, self.booking.id).booking

    def expire(self) -> None:
        self.clock.advance(days=PASSING)
        crm.expire_points(self.salon, OLGA)

    def told(self) -> tuple[list[tuple[int, date | None]], int, int]:
        """Return the lots that hold points, the total and what fell short in all."""
        statement = crm.points_statement(self.salon, OLGA, self.ana.id)
        entries = [row.entry for row in crm.points_history(self.salon, OLGA, self.ana.id, limit=500)]
        assert sum(entry.points for entry in entries) == statement.total == sum(lot.points for lot in statement.lots)
        lots = sorted((lot.points, lot.expires) for lot in statement.lots)
        return lots, statement.total, sum(entry.shortfall for entry in entries)


def act(who: Model | Salon, name: str) -> None:
    match name:
        case "sell":
            who.sell()
        case "redeem":
            who.redeem()
        case "refund":
            who.refund(PRICE)
        case "refund a part":
            who.refund(PART)
        case "complete or reopen":
            who.complete_or_reopen()
        case _:
            who.expire()


def check(salon: crm.Salon, clock: FixedClock, order: tuple[str, ...]) -> None:
    asked, model = Salon(salon, clock), Model(NOON.date())
    for name in order:
        act(asked, name)
        act(model, name)
    expected = sorted((lot.points, lot.last) for lot in model.lots if lot.points)
    assert asked.told() == (expected, model.total, model.short), order
    verified = crm.verify_ledger(salon, OLGA, asked.ana.id)
    assert verified.ok, (order, verified.faults)


DEPTHS: Final = [
    ("memory", 4),
    ("sqlite", 3),
    ("postgres", 2),
    *(
        pytest.param(store, depth, marks=pytest.mark.long)
        for store, depth in (("memory", 6), ("sqlite", 6), ("postgres", 4))
    ),
]


_ONE_BY_ONE: Final = 3
"""How many of the last acts change from order to order in one salon, whose audit would grow without end."""


@pytest.mark.no_cover
@pytest.mark.parametrize(("store", "depth"), DEPTHS)
def test_in_every_order_what_is_left_is_what_the_rules_say(
    store: str, depth: int, tmp_path: Path, request: pytest.FixtureRequest
) -> None:
    settings: dict[str, Any] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}
    for number, first in enumerate(product(ACTS, repeat=max(0, depth - _ONE_BY_ONE))):
        place: dict[str, Any] = {}
        if store == "sqlite":
            place = {"where": tmp_path / f"salon {number}.db"}
        elif store == "postgres":
            place = {"where": request.getfixturevalue("server").url(), "schema": SCHEMA, "salon_id": str(uuid4())}
        clock = FixedClock()
        with crm.open_salon(**place, **settings, clock=clock, ids=CountedIds()) as salon:
            for last in product(ACTS, repeat=min(depth, _ONE_BY_ONE)):
                check(salon, clock, (*first, *last))
        if store == "sqlite":
            place["where"].unlink()
