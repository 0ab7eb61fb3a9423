"""Rewards: points added, redeemed, adjusted, transferred, reversed and expired, and ledgers read and verified."""

from salon_crm.use_cases.rewards.backfilling import backfill_points
from salon_crm.use_cases.rewards.changing import add_points, adjust_points, redeem_points
from salon_crm.use_cases.rewards.expiring import PointsExpired, expire_points
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
from salon_crm.use_cases.rewards.reversing import PointsTransferred, reverse_entry, transfer_points

__all__ = [
    "LedgerVerification",
    "PointsBalance",
    "PointsExpired",
    "PointsHistory",
    "PointsRow",
    "PointsStatement",
    "PointsTransferred",
    "add_points",
    "adjust_points",
    "backfill_points",
    "expire_points",
    "points_balance",
    "points_history",
    "points_statement",
    "redeem_points",
    "reverse_entry",
    "transfer_points",
    "verify_ledger",
]
