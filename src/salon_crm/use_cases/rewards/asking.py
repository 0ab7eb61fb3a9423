"""What an act on a ledger was asked, read and compared with what an entry of the same reference says."""

from collections.abc import Iterator
from typing import Any, Final

from attrs import evolve

from salon_crm.domain.access import Permission, Role, Scope
from salon_crm.domain.audit import AuditAction
from salon_crm.domain.customers import Customer
from salon_crm.domain.dates import local_day, start_of_day
from salon_crm.domain.ids import IdLike, RewardEntryId
from salon_crm.domain.reading import read_whole
from salon_crm.domain.rewards import MOST_POINTS, RewardAction, RewardEntry, RewardOrigin
from salon_crm.domain.text import clean_text
from salon_crm.errors import Conflict, InvalidValue, NotPermitted, RuleBroken
from salon_crm.ports.store import AuditQuery
from salon_crm.use_cases.access import follow_alias
from salon_crm.use_cases.rewards.earning import RESERVED
from salon_crm.use_cases.rewards.keeping import staff_by_actor
from salon_crm.use_cases.unit import Unit


class Asked:
    """What an act on a ledger was asked, read; raises InvalidValue.

    ``points`` are None where the entry itself says how many, ``origin`` is what the entry came of, if anything.
    """

    def __init__(
        self,
        unit: Unit,
        customer: Customer,
        action: RewardAction,
        points: int | None,
        reason: object,
        reference: object,
        stated_id: IdLike | None,
        *,
        origin: RewardOrigin | None = None,
    ) -> None:
        self._unit = unit
        self._customer = customer
        self.action = action
        self.points = points or 0
        self._compared = {"action": action} | ({} if points is None else {"points": points})
        self._origin = origin
        self._reason = None if reason is None else clean_text(reason, "reason", lines=True)
        self._reference = None if reference is None else _parse_reference(reference)
        self._id = stated_id

    def entry_before(self) -> RewardEntry | None:
        """Return the entry that the reference made; raises Conflict where it says something else."""
        if self._reference is None:
            return None
        held = self._unit.writing.reward_entries.by_key("reference", [self._reference]).get(self._reference)
        if held is None:
            return None
        entry = held[0]
        differing = [name for name, asked in self._compared.items() if getattr(entry, name) != asked]
        if follow_alias(self._unit.writing, entry.customer_id) != self._customer.id:
            differing.insert(0, "customer_id")
        if self.action is not RewardAction.TRANSFERRED and entry.origin != self._origin:
            differing.append("entry_id" if self.action is RewardAction.REVERSED else "sale")
        if differing:
            raise Conflict("reference-differs", field=differing[0], id=str(entry.id))
        return entry

    def fields(self) -> dict[str, Any]:
        """Return what the entry says besides.

        Raises InvalidValue where the salon wants a reason and there is none, Conflict for an id that another has.
        """
        if self._reason is None and self._unit.settings.rewards.reasons:
            raise InvalidValue("required", field="reason", hint="This salon wants a reason for what is done by hand.")
        own_id = RewardEntryId(self._unit.new_id(self._id))
        if self._id is not None and self._unit.writing.reward_entries.by_key("entry_id", [own_id]):
            raise Conflict("id-taken", field="id")
        origin = {} if self._origin is None else {"origin": self._origin}
        return {"id": own_id, "reason": self._reason, "reference": self._reference, **origin}


def parse_points(value: object, *, low: int = 1) -> int:
    """Return a number of points; raises InvalidValue for what is none, is nothing, or is below ``low``."""
    points = read_whole(value, "points", low, MOST_POINTS)
    if not points:
        raise InvalidValue("number-out-of-range", field="points", low=low, high=MOST_POINTS)
    return points


def _parse_reference(value: object) -> str:
    reference = clean_text(value, "reference")
    if reference.startswith(RESERVED):
        raise InvalidValue("reference-reserved", field="reference", prefix=RESERVED)
    return reference


def theirs(unit: Unit, permission: Permission, customer_id: object) -> Customer:
    """Return the customer whose points somebody is to change, who is not the actor themselves.

    Raises InvalidValue, NotFound, NotPermitted.
    """
    customer = unit.customer(permission, customer_id)
    if customer.id in _profiles_of_actor(unit):
        raise NotPermitted("not-permitted-self", actor=str(unit.actor), permission=permission)
    return customer


def _profiles_of_actor(unit: Unit) -> set[object]:
    actor = unit.actor
    if actor.role is Role.SYSTEM:
        return set()
    linked = [actor.customer_id]
    if actor.role is not Role.CUSTOMER:
        linked = [member.customer_id for member in staff_by_actor(unit.writing, [actor.id]).values()]
    return {follow_alias(unit.writing, each) for each in linked if each is not None}


def check_cap(unit: Unit, points: int) -> None:
    """Refuse more points than one person of the actor's role may give by hand in a day; raises RuleBroken."""
    actor, programme = unit.actor, unit.settings.rewards
    grant = unit.salon.permissions.grant(actor, Permission.ADD_POINTS)
    capped = grant is not None and Scope.CAP in grant.scopes
    cap = programme.daily_caps.get(actor.role, 0 if capped else None)
    if cap is None:
        return
    given = sum(entry.points for entry in _given_today(unit))
    if given + points > cap:
        raise RuleBroken(
            "points-cap", field="points", actor=str(actor), asked=points, left=max(cap - given, 0), cap=cap
        )


def _given_today(unit: Unit) -> Iterator[RewardEntry]:
    """Give the entries in which the actor gave points by hand today, by the salon's clock."""
    midnight = start_of_day(local_day(unit.now, unit.settings.zone), unit.settings.zone, "at")
    query = AuditQuery(by=unit.actor.id)
    while entries := unit.writing.audit.select(query, _AT_ONCE, newest_first=True):
        today = [entry for entry in entries if entry.recorded >= midnight]
        given = [entry for entry in today if entry.action in _GIVING]
        held = unit.writing.reward_entries.get_many([(each.customer_id, each.details["sequence"]) for each in given])
        yield from (entry for entry in held.values() if entry.rewarded_by == unit.actor.id and entry.points > 0)
        if len(today) < len(entries):
            return
        query = evolve(query, before=entries[-1].sequence)


_AT_ONCE: Final = 500
_GIVING: Final = (AuditAction.POINTS_ADDED, AuditAction.POINTS_ADJUSTED)
