"""Verifying a ledger: every entry is the one that was written, follows from those before, and led to what is kept."""

from collections.abc import Iterable, Mapping, Sequence
from typing import cast

from attrs import evolve, field, frozen

from salon_crm.domain.ids import CustomerId
from salon_crm.domain.privacy import OPERATOR, classed
from salon_crm.domain.rewards.ledger import RewardLedger
from salon_crm.domain.rewards.records import RewardEntry, RewardHead, RewardLot, entry_digest
from salon_crm.errors import StoreError


@frozen(field_transformer=classed, kw_only=True)
class LedgerFault:
    """What is wrong with a customer's ledger: the sequence of the first entry at fault, and why."""

    customer_id: CustomerId = field(metadata=OPERATOR)
    sequence: int = field(metadata=OPERATOR)
    reason: str = field(metadata=OPERATOR)


def fault_in(
    customer_id: CustomerId,
    entries: Sequence[RewardEntry],
    digests: Mapping[int, bytes],
    head: RewardHead | None,
    lots: Iterable[RewardLot],
) -> LedgerFault | None:
    """Return what is wrong with a ledger, None where nothing is.

    ``entries`` are all of a customer's by sequence, ``digests`` what the audit keeps of each, by sequence, ``head`` and
    ``lots`` what a store keeps beside them: the end of the ledger, and the lots that hold points.
    """
    for sequence, entry in enumerate(entries, 1):
        wrong = _wrong_with(entry, sequence, digests.get(sequence))
        if wrong is not None:
            return LedgerFault(customer_id=customer_id, sequence=sequence, reason=wrong)
    try:
        ledger = RewardLedger.of_entries(customer_id, entries)
    except StoreError as error:
        sequence, why = cast("int", error.params["sequence"]), str(error.params["reason"])
        return LedgerFault(customer_id=customer_id, sequence=sequence, reason=why)
    ended = ledger.head.sequence
    if max(digests, default=0) > ended:
        return LedgerFault(customer_id=customer_id, sequence=ended + 1, reason=f"entry {ended + 1} is missing")
    if (head or RewardHead(customer_id=customer_id)) != ledger.head:
        return LedgerFault(customer_id=customer_id, sequence=ended, reason="the total that is kept is another")
    if _unversioned(lots) != _unversioned(ledger.open_lots()):
        return LedgerFault(customer_id=customer_id, sequence=ended, reason="the lots that are kept are others")
    return None


def _wrong_with(entry: RewardEntry, sequence: int, digest: bytes | None) -> str | None:
    if entry.sequence != sequence:
        return f"entry {sequence} is missing"
    if digest is None:
        return "the audit knows nothing of the entry"
    if digest != entry_digest(entry) or not entry.reason_is_kept():
        return "the entry is not what was written"
    return None


def _unversioned(lots: Iterable[RewardLot]) -> list[RewardLot]:
    """Return lots as they are compared: how often one was written does not matter."""
    return sorted((evolve(lot, version=0) for lot in lots), key=lambda lot: lot.number)
