"""A customer's points over a year, month by month: ``python points_over_time.py [chart.svg]``.

What could be spent at each month's end is said by a `points_statement`. With a path it is drawn as a picture too.
"""

import sys
from datetime import date, timedelta
from pathlib import Path
from typing import Any

import salon_crm as crm
from salon_crm.testing import FixedClock

OLGA = crm.Actor("olga", crm.Role.OWNER)
PROGRAMME: Any = {
    "rules": [{"per": "visit", "points": 5}, {"per": "money", "points": 1, "amount": "1.00"}],
    "expiry": {"months": 6},
}
VISITS = ((0, "45.00"), (20, "80.00"), (24, "45.00"), (48, "120.00"), (130, "45.00"), (170, "60.00"), (300, "45.00"))
"""After how many days there was a visit, and what it cost."""
WIDTH = 40


def a_year(salon: crm.Salon, clock: FixedClock) -> crm.Customer:
    """Let somebody come and go for a year, redeem and hand back."""
    crm.change_settings(salon, OLGA, rewards=PROGRAMME)
    crm.add_service(salon, OLGA, name="Cut", duration=45)
    ana = crm.add_customer(salon, OLGA, name="Ana Simões")
    begun = clock.now()
    sale: crm.Sale | None = None
    for days, price in VISITS:
        clock.set(begun + timedelta(days=days))
        lines: list[crm.LineFields] = [{"service": "cut", "price": price}]
        sale = crm.record_sale(salon, OLGA, ana.id, lines=lines, paid=price).sale
        if days == 48:
            crm.redeem_points(salon, OLGA, ana.id, points=100, reason="A colour")
        if days == 170:
            crm.refund_sale(salon, OLGA, sale.id, amount="30.00")
    clock.set(begun + timedelta(days=365))
    crm.expire_points(salon, crm.Actor("expiry", crm.Role.SYSTEM))
    return ana


def month_ends(first: date, last: date) -> list[date]:
    """Return the last day of each month of a period."""
    day = date(first.year, first.month, 1)
    ends: list[date] = []
    while day <= last:
        after = date(day.year + day.month // 12, day.month % 12 + 1, 1)
        ends.append(min(after - timedelta(days=1), last))
        day = after
    return ends


def chart(points: dict[date, int]) -> str:
    """Return the same as a picture: a bar for each month."""
    most = max(points.values()) or 1
    bars = "".join(
        f'<rect x="{20 + 40 * n}" y="{220 - 200 * held // most}" width="30" height="{200 * held // most}" fill="#7a5"/>'
        f'<text x="{35 + 40 * n}" y="238" font-size="11" text-anchor="middle">{day:%b}</text>'
        f'<text x="{35 + 40 * n}" y="{214 - 200 * held // most}" font-size="11" text-anchor="middle">{held}</text>'
        for n, (day, held) in enumerate(points.items())
    )
    width = 40 * len(points) + 40
    return (
        f'<svg xmlns="http://www.w3.org/2000/svg" width="{width}" height="250" font-family="sans-serif">{bars}</svg>\n'
    )


def main() -> None:
    """Draw it."""
    clock = FixedClock()
    with crm.open_salon(region="PT", zone="Europe/Lisbon", currency="EUR", clock=clock) as salon:
        begun = clock.now().date()
        ana = a_year(salon, clock)
        points = {
            day: crm.points_statement(salon, OLGA, ana.id, on=day).available
            for day in month_ends(begun, clock.now().date())
        }
        print(f"{ana.name}, points to spend at the end of each month")
        for day, held in points.items():
            print(f"{day:%Y-%m}  {'#' * (WIDTH * held // (max(points.values()) or 1)):<{WIDTH}} {held:>4}")
        for row in crm.points_history(salon, OLGA, ana.id, limit=3):
            print(f"{row.entry.at:%Y-%m-%d} {row.entry.points:+5} {crm.label(row.entry.action)}")
    if len(sys.argv) > 1:
        Path(sys.argv[1]).write_text(chart(points), encoding="utf-8")


if __name__ == "__main__":
    main()
