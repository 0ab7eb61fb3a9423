"""The commands about points: a customer's statement and history, and the daily job that lets points expire."""

import argparse
from typing import Any

from salon_crm.cli.asking import DONE, LOOK, actor_of, add_customer, add_salon, customer_of, open_file
from salon_crm.cli.panel import parse_day
from salon_crm.demo import show_points, show_table
from salon_crm.domain.labels import label
from salon_crm.domain.rewards import RewardAction
from salon_crm.use_cases.rewards import expire_points, points_balance, points_history, points_statement, verify_ledger


def add_reward_commands(commands: Any) -> None:
    """Add the commands about points to the others."""
    page = commands.add_parser("points", help="show what a customer's points are made of, and the last entries")
    add_salon(page)
    add_customer(page)
    page.add_argument("--on", type=parse_day, metavar="DAY", help="as the books stood at the end of a past day")
    page.add_argument("--text", help="only entries with these words: points, a day, an action, a reason, a name")
    page.add_argument("--action", choices=[*RewardAction], help="only entries that did this")
    page.add_argument("--since", type=parse_day, metavar="DAY", help="only entries from this day on")
    page.add_argument("--until", type=parse_day, metavar="DAY", help="only entries up to this day")
    page.add_argument("--limit", type=int, default=20, help="1 to 500 entries")
    page.add_argument("--before", type=int, metavar="N", help="the next entries, as the last page named them")
    page.set_defaults(command=_points)

    expire = commands.add_parser("expire-points", help="write down the points that can no longer be spent")
    add_salon(expire)
    expire.set_defaults(command=_expire)

    verify = commands.add_parser("verify-ledger", help="verify every ledger of points against the audit")
    add_salon(verify)
    verify.set_defaults(command=_verify)


def _points(parsed: argparse.Namespace) -> int:
    with open_file(parsed) as salon:
        actor = actor_of(parsed)
        customer = customer_of(parsed, salon)
        balance = points_balance(salon, actor, customer.id)
        statement = points_statement(salon, actor, customer.id, on=parsed.on)
        history = points_history(
            salon,
            actor,
            customer.id,
            text=parsed.text,
            action=parsed.action,
            since=parsed.since,
            until=parsed.until,
            limit=parsed.limit,
            before=parsed.before,
        )
    worth = "" if balance.worth is None else f", worth {balance.worth}"
    tier = "" if balance.tier is None else f", tier {balance.tier}"
    print(f"{customer.name}: {balance.available:,} points to spend{worth}{tier}")
    print(f"{statement.on}: {statement.total:,} points, of which {statement.available:,} could be spent")
    show_points(statement)
    if history.items:
        show_table(
            ("date", "points", "action", "total", "by", "reason"),
            (
                (
                    f"{row.entry.at:%Y-%m-%d}",
                    f"{row.entry.points:+,}",
                    label(row.entry.action),
                    f"{row.entry.total_after:,}",
                    row.name or row.entry.rewarded_by,
                    row.entry.reason or "",
                )
                for row in history
            ),
        )
    if history.next:
        print(f"More: --before {history.next}")
    return DONE if history.items else LOOK


def _expire(parsed: argparse.Namespace) -> int:
    with open_file(parsed) as salon:
        report = expire_points(salon, actor_of(parsed))
    print(f"{report.points:,} points of {report.customers:,} customers expired")
    return DONE


def _verify(parsed: argparse.Namespace) -> int:
    with open_file(parsed) as salon:
        found = verify_ledger(salon, actor_of(parsed))
    print(f"{found.entries:,} entries of {found.ledgers:,} ledgers verified, {found.wrong:,} ledgers are wrong")
    for fault in found.faults:
        print(f"  {fault.customer_id}, entry {fault.sequence}: {fault.reason}")
    return DONE if found.ok else LOOK
