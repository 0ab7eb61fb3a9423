"""Rewards: points added, redeemed, adjusted, reversed and expired, and ledgers read and verified."""

from salon_crm.use_cases.rewards.changing import (
    PointsExpired,
    add_points,
    adjust_points,
    expire_points,
    redeem_points,
    reverse_entry,
)
from salon_crm.use_cases.rewards.reading import (
    LedgerVerification,
    PointsBalance,
    PointsHistory,
    PointsRow,
    PointsStatement,
    points_balance,
    points_history,
    points_statement,
    verify_ledger,
)

__all__ = [
    "LedgerVerification",
    "PointsBalance",
    "PointsExpired",
    "PointsHistory",
    "PointsRow",
    "PointsStatement",
    "add_points",
    "adjust_points",
    "expire_points",
    "points_balance",
    "points_history",
    "points_statement",
    "redeem_points",
    "reverse_entry",
    "verify_ledger",
]
