"""Rewards: the ledger of a customer's points, what earns them, and how it is verified."""

from salon_crm.domain.rewards.earning import points_kept, points_returned, sale_shares, visit_points
from salon_crm.domain.rewards.ledger import RewardLedger, returning
from salon_crm.domain.rewards.programme import (
    EarnPer,
    EarnRule,
    Expiry,
    RewardProgramme,
    Rounding,
    Tier,
)
from salon_crm.domain.rewards.records import (
    MOST_POINTS,
    LineShare,
    LotKey,
    LotPart,
    OriginKind,
    RewardAction,
    RewardEntry,
    RewardHead,
    RewardLot,
    RewardOrigin,
    digest_of_reason,
    emptied_lots,
    entry_digest,
    lot_key,
    points_in,
    points_taken_back,
)
from salon_crm.domain.rewards.verifying import LedgerFault, fault_in

__all__ = [
    "MOST_POINTS",
    "EarnPer",
    "EarnRule",
    "Expiry",
    "LedgerFault",
    "LineShare",
    "LotKey",
    "LotPart",
    "OriginKind",
    "RewardAction",
    "RewardEntry",
    "RewardHead",
    "RewardLedger",
    "RewardLot",
    "RewardOrigin",
    "RewardProgramme",
    "Rounding",
    "Tier",
    "digest_of_reason",
    "emptied_lots",
    "entry_digest",
    "fault_in",
    "lot_key",
    "points_in",
    "points_kept",
    "points_returned",
    "points_taken_back",
    "returning",
    "sale_shares",
    "visit_points",
]
