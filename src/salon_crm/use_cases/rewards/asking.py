"""What an act on a ledger was asked, read and compared with what an entry of the same reference says."""

from typing import Any

from salon_crm.domain.customers import Customer
from salon_crm.domain.ids import IdLike, RewardEntryId
from salon_crm.domain.rewards import MOST_POINTS, RewardAction, RewardEntry
from salon_crm.domain.text import clean_text
from salon_crm.errors import Conflict, InvalidValue
from salon_crm.use_cases.access import follow_alias
from salon_crm.use_cases.unit import Unit


class Asked:
    """What an act on a ledger was asked, read; raises InvalidValue."""

    def __init__(
        self,
        unit: Unit,
        customer: Customer,
        action: RewardAction,
        points: int,
        reason: object,
        reference: object,
        stated_id: IdLike | None,
    ) -> None:
        self._unit = unit
        self._customer = customer
        self.action = action
        self.points = points
        self._reason = None if reason is None else clean_text(reason, "reason", lines=True)
        self._reference = None if reference is None else clean_text(reference, "reference")
        self._id = stated_id

    def entry_before(self) -> RewardEntry | None:
        """Return the entry that the reference made; raises Conflict where it says something else."""
        if self._reference is None:
            return None
        held = self._unit.writing.reward_entries.by_key("reference", [self._reference]).get(self._reference)
        if held is None:
            return None
        entry = held[0]
        owner = follow_alias(self._unit.writing, entry.customer_id)
        compared = {
            "customer_id": (owner, self._customer.id),
            "action": (entry.action, self.action),
            "points": (entry.points, self.points),
        }
        for name, (there, asked) in compared.items():
            if there != asked:
                raise Conflict("reference-differs", field=name, id=str(entry.id))
        return entry

    def fields(self) -> dict[str, Any]:
        """Return what the entry says besides; raises Conflict for an id that another has."""
        own_id = RewardEntryId(self._unit.new_id(self._id))
        if self._id is not None and self._unit.writing.reward_entries.by_key("entry_id", [own_id]):
            raise Conflict("id-taken", field="id")
        return {"id": own_id, "reason": self._reason, "reference": self._reference}


def parse_points(value: object, *, low: int = 1) -> int:
    """Return a number of points; raises InvalidValue for what is none, is nothing, or is below ``low``."""
    if isinstance(value, bool) or not isinstance(value, int):
        raise InvalidValue("wrong-type", field="points", expected="a whole number")
    if not value or not low <= value <= MOST_POINTS:
        raise InvalidValue("number-out-of-range", field="points", low=low, high=MOST_POINTS)
    return value
