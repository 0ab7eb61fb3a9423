"""Rewards: the ledger of a customer's points, what earns them, and how it is verified."""

from salon_crm.domain.rewards.earning import points_kept, sale_shares, visit_points
from salon_crm.domain.rewards.ledger import RewardLedger, returning
from salon_crm.domain.rewards.programme import (
    EarnPer,
    EarnRule,
    Expiry,
    Lasting,
    RewardProgramme,
    Rounding,
    Tier,
    TierBasis,
)
from salon_crm.domain.rewards.records import (
    MOST_POINTS,
    LineShare,
    LotPart,
    OriginKind,
    RewardAction,
    RewardEntry,
    RewardHead,
    RewardLot,
    RewardOrigin,
    digest_of_reason,
    emptied_lot,
    entry_digest,
    points_in,
)
from salon_crm.domain.rewards.verifying import LedgerFault, fault_in

__all__ = [
    "MOST_POINTS",
    "EarnPer",
    "EarnRule",
    "Expiry",
    "Lasting",
    "LedgerFault",
    "LineShare",
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
    "TierBasis",
    "digest_of_reason",
    "emptied_lot",
    "entry_digest",
    "fault_in",
    "points_in",
    "points_kept",
    "returning",
    "sale_shares",
    "visit_points",
]
