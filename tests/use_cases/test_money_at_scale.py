"""Money is exact to the minor unit over a million lines, in every store: a part of them each time, all with -m long."""

import faulthandler
import random
from collections.abc import Iterator
from pathlib import Path
from time import perf_counter
from typing import Any, NamedTuple

import pytest
from tests.use_cases.actors import MANAGER, OWNER, STAFF

import salon_crm as crm
from salon_crm.domain.money import EXPONENTS
from salon_crm.testing.doubles import CountedIds, FixedClock

SEED = 20260302
LINES = 500
"""Lines of each sale: the most there can be."""
SALES = 4
"""Sales of each customer."""


class Kept(NamedTuple):
    """What a sale should come to, in minor units."""

    customer: int
    total: int
    refunded: int
    paid: int


@pytest.fixture(params=["memory", "sqlite"])
def where(request: pytest.FixtureRequest, tmp_path: Path) -> Path | None:
    return None if request.param == "memory" else tmp_path / "salon.db"


@pytest.mark.parametrize(
    ("currency", "count"),
    [
        ("EUR", 10_000),
        ("JPY", 4_000),
        ("KWD", 4_000),
        pytest.param("EUR", 1_000_000, marks=pytest.mark.long),
    ],
)
def test_money_is_exact_to_the_minor_unit(where: Path | None, currency: str, count: int) -> None:
    if count > 100_000:
        faulthandler.cancel_dump_traceback_later()  # it takes minutes, and hangs nowhere
    begun = perf_counter()
    with crm.open_salon(
        where, region="ZZ", zone="UTC", currency=currency, clock=FixedClock(), ids=CountedIds()
    ) as salon:
        crm.add_service(salon, OWNER, name="Cut", duration=45)
        people = [crm.add_customer(salon, OWNER, name=f"Customer {n}") for n in range(count // LINES // SALES)]
        kept = dict(_sell(salon, people, random.Random(SEED), currency, count))
        assert len(kept) * LINES == count
        _check_sales(salon, kept)
        _check_customers(salon, people, kept)
        print(f"{count:,} lines, {currency}, seed {SEED}: {perf_counter() - begun:.1f} s")


def _text(minor: int, currency: str) -> str:
    """Write an amount with the digits of its currency, by whole numbers alone."""
    digits = EXPONENTS[currency]
    if not digits:
        return str(minor)
    return f"{minor // 10**digits}.{minor % 10**digits:0{digits}d}"


def _sell(
    salon: crm.Salon, people: list[crm.Customer], chance: random.Random, currency: str, count: int
) -> Iterator[tuple[Any, Kept]]:
    """Record sales of random prices and quantities, paid in part, every third taken back in part."""
    for number in range(count // LINES):
        lines: list[Any] = []
        total = 0
        for _ in range(LINES):
            price, quantity = chance.randrange(10 ** chance.randrange(1, 8)), chance.randrange(1, 10)
            total += price * quantity
            item: Any = {"service": "cut"} if chance.random() < 0.5 else {"product": f"P-{chance.randrange(50)}"}
            lines.append({**item, "price": _text(price, currency), "quantity": quantity})
        paid = chance.randrange(total + 1)
        owner = number % len(people)
        sale = crm.record_sale(salon, STAFF, people[owner].id, lines=lines, paid=_text(paid, currency)).sale
        refunded = 0
        if number % 3 == 0:
            refunded = chance.randrange(1, total + 1)
            crm.refund_sale(salon, MANAGER, sale.id, amount=_text(refunded, currency), returned=0)
        yield sale.id, Kept(owner, total, refunded, paid)


def _check_sales(salon: crm.Salon, kept: dict[Any, Kept]) -> None:
    """Read every sale again: each figure is what whole numbers come to."""
    for sale_id, expected in kept.items():
        sale = crm.get_sale(salon, STAFF, sale_id)
        assert sale.total.minor == expected.total == sum(line.price.minor * line.quantity for line in sale.lines)
        net = expected.total - expected.refunded
        assert (sale.net.minor, sale.paid.minor) == (net, expected.paid)
        assert (sale.due.minor, sale.overpaid.minor) == (max(0, net - expected.paid), max(0, expected.paid - net))


def _check_customers(salon: crm.Salon, people: list[crm.Customer], kept: dict[Any, Kept]) -> None:
    """What every customer spent, as the salon keeps it, is what whole numbers come to, and so is all of it."""
    spent = [0] * len(people)
    for expected in kept.values():
        spent[expected.customer] += expected.total - expected.refunded
    with salon.reading() as reading:
        facts = reading.facts.get_many([customer.id for customer in people])
    found = [facts[customer.id].spend if customer.id in facts else 0 for customer in people]
    assert found == spent
    assert sum(found) == sum(each.total - each.refunded for each in kept.values())
    assert crm.verify_facts(salon, OWNER).ok
