"""The demo of rewards: a programme, what a year of visits earned, a redemption put right, and a balance explained."""

from typing import Any, Final

from salon_crm.demo.output import BEA, Checks, heading, show_table
from salon_crm.domain.customers import CustomerRow
from salon_crm.domain.labels import label
from salon_crm.ports.salon import Salon
from salon_crm.use_cases.criteria import each_customer
from salon_crm.use_cases.rewards import (
    PointsStatement,
    backfill_points,
    points_balance,
    points_history,
    points_statement,
    redeem_points,
    reverse_entry,
    verify_ledger,
)
from salon_crm.use_cases.settings import change_settings

_PROGRAMME: Final[Any] = {
    "rules": [{"per": "visit", "points": 5}, {"per": "money", "points": 1, "amount": "1.00", "kinds": ["service"]}],
    "tax_basis_points": 2_300,
    "expiry": {"months": 12},
    "tiers": [{"code": "silver", "name": "Silver", "points": 150}, {"code": "gold", "name": "Gold", "points": 300}],
    "minimum": 50,
    "value": "0.05",
}
_SPENT: Final = 60


def show_rewards(salon: Salon, checks: Checks) -> None:
    """Give what visits and sales that are there earned, redeem, reverse, and explain what is left."""
    heading("9. Reward them")
    change_settings(salon, BEA, rewards=_PROGRAMME)
    print("  5 points a visit, 1 for each euro of services before tax, for a year; a point is worth 5 cents")
    guests = list(each_customer(salon, BEA, "visits >= 1"))
    earned = {guest.id: backfill_points(salon, BEA, guest.id) for guest in guests}
    total = sum(entry.points for entries in earned.values() for entry in entries)
    again = sum(len(backfill_points(salon, BEA, guest.id)) for guest in guests)
    print(f"  {total:,} points for the visits and sales of {len(guests)} customers")
    checks.that(again == 0, f"what was earned is given once, however often it is asked ({len(guests)} asked again)")
    best = max(guests, key=lambda guest: (sum(entry.points for entry in earned[guest.id]), guest.name))
    _put_right(salon, best, checks)
    found = verify_ledger(salon, BEA)
    checks.that(found.ok, f"every entry of points is the one that was written ({found.entries:,} verified)")


def _put_right(salon: Salon, best: CustomerRow, checks: Checks) -> None:
    before = points_balance(salon, BEA, best.id)
    taken = redeem_points(salon, BEA, best.id, points=_SPENT, reason="A colour", reference="till 7")
    redeem_points(salon, BEA, best.id, points=_SPENT, reason="A colour", reference="till 7")
    reverse_entry(salon, BEA, taken.id, reason="It was her sister's")
    redeem_points(salon, BEA, best.id, points=_SPENT, reason="A cut")
    after = points_balance(salon, BEA, best.id)
    print(f"\n{best.name}: {after.available:,} points to spend, worth {after.worth}, tier {after.tier}")
    show_table(
        ("points", "action", "total", "by", "reason"),
        (
            (
                f"{row.entry.points:+,}",
                label(row.entry.action),
                f"{row.entry.total_after:,}",
                row.name or row.entry.rewarded_by,
                row.entry.reason or "",
            )
            for row in points_history(salon, BEA, best.id, limit=5)
        ),
    )
    statement = points_statement(salon, BEA, best.id)
    print("Made of")
    show_points(statement)
    held = sum(lot.points for lot in statement.lots)
    holds = before.available - _SPENT == after.available == held == statement.total
    checks.that(holds, f"a balance is the sum of its lots, whatever was put right ({held:,} points)")


def show_points(statement: PointsStatement) -> None:
    """Print the lots that a balance is made of."""
    if statement.lots:
        show_table(
            ("lot", "points", "of", "last day"),
            (
                (f"{lot.number}", f"{lot.points:,}", f"{lot.opened:,}", f"{lot.expires or 'stays'}")
                for lot in statement.lots
            ),
        )
