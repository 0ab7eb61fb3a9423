"""Blocking customers, meeting blocked people again, and the alerts staff settle."""

from collections.abc import Iterable, Mapping
from datetime import datetime
from functools import partial
from itertools import chain
from typing import Final

from attrs import evolve

from salon_crm.domain.access import Actor, Permission, Role, Scope
from salon_crm.domain.audit import AuditAction
from salon_crm.domain.blocks import AlertState, Block, BlockAlert, in_force
from salon_crm.domain.customers import Customer, contact_keys, known_names
from salon_crm.domain.ids import BlockAlertId, BlockId, CustomerId, IdLike, parse_id
from salon_crm.domain.marks import Mark, MarkKind, contact_digest, contact_digests
from salon_crm.domain.privacy import BEHAVIOUR, OPERATOR, field_classes
from salon_crm.domain.text import clean_text
from salon_crm.errors import Conflict, NotFound, RuleBroken
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import Reading
from salon_crm.use_cases.access import find_customer, use_case
from salon_crm.use_cases.unit import Unit, unit_of_work

_SHOWN = field_classes(BEHAVIOUR, OPERATOR)
MET_AGAIN: Final = "Blocked before under another profile."
"""The reason of a block that a mark brought back, where the first one's reason went with its profile."""


@use_case(Permission.CHANGE_BLOCKS, shows=_SHOWN, scopes={Scope.OWN})
def block_customer(
    salon: Salon,
    actor: Actor,
    customer_id: IdLike,
    /,
    *,
    reason: str,
    id: IdLike | None = None,
    reference: str | None = None,
    at: datetime | None = None,
) -> Block:
    """Keep a customer from booking and from being sent anything, until `unblock_customer`.

    The block is met again by a mark, also after the profile is removed: a new profile with a contact and
    the name is created blocked, one with the contact alone raises an alert. The customer is told only
    that booking is not possible. ``reason`` is for staff. ``id``, ``reference`` and ``at`` as for
    `add_customer`.

    Raises InvalidValue, NotFound, NotPermitted, RuleBroken where the customer is blocked already.
    """
    with unit_of_work(salon, actor, at) as unit:
        customer = unit.customer(Permission.CHANGE_BLOCKS, customer_id)
        words = clean_text(reason, "reason", lines=True)
        asked = {"customer_id": customer.id, "reason": words, "id": id}
        made = unit.result_of("block_customer", reference, asked)
        if made is not None:
            return _find_block(unit.writing, made)
        if blocks_in_force(unit.writing, customer):
            raise RuleBroken("already-blocked", customer_id=str(customer.id))
        block_id = BlockId(unit.new_id(id))
        if id is not None and block_id in unit.writing.blocks.get_many([block_id]):
            raise Conflict("id-taken", field="id")
        block = start_block(unit, customer, words, block_id=block_id)
        _alert_of_namesakes(unit, customer, block.origin)
        unit.remember("block_customer", reference, asked, block.id)
        return block


def start_block(
    unit: Unit, customer: Customer, reason: str, *, block_id: BlockId | None = None, origin: BlockId | None = None
) -> Block:
    """Keep a block in force, leave its marks, and record it; ``origin`` is the block it goes back to, if any."""
    own_id = block_id or BlockId(unit.new_id(None))
    block = Block(
        id=own_id,
        origin=origin or own_id,
        customer_id=customer.id,
        reason=reason,
        at=unit.at,
        by=unit.actor.id,
    )
    unit.writing.blocks.add(block)
    leave_marks(unit, customer, block.origin)
    details = {"block": str(block.id), "origin": str(block.origin)}
    unit.record(AuditAction.CUSTOMER_BLOCKED, customer, details=details)
    return block


@use_case(Permission.CHANGE_BLOCKS, shows=_SHOWN, scopes={Scope.OWN})
def unblock_customer(salon: Salon, actor: Actor, customer_id: IdLike, /) -> Block:
    """Lift a customer's block, on every profile it reached; return it as lifted.

    What was set before is unchanged. Raises NotFound, NotPermitted, RuleBroken where there is no block.
    """
    with unit_of_work(salon, actor) as unit:
        customer = unit.customer(Permission.CHANGE_BLOCKS, customer_id)
        held = blocks_in_force(unit.writing, customer)
        if not held:
            raise RuleBroken("not-blocked", customer_id=str(customer.id))
        origins = {block.origin for block in held}
        for reached in unit.writing.blocks.by_key("origin", origins).values():
            for block in in_force(reached):
                _lift(unit, block)
        for marks in unit.writing.marks.by_key("block", origins).values():
            for mark in marks:
                unit.writing.marks.remove((mark.kind, mark.digest, mark.block_id))
        for alerts in unit.writing.block_alerts.by_key("origin", origins).values():
            for alert in alerts:
                if alert.state is AlertState.OPEN:
                    _settle(unit, alert, AlertState.DISMISSED)
        return _find_block(unit.writing, held[-1].id)


def _lift(unit: Unit, block: Block) -> None:
    lifted = evolve(block, lifted_at=unit.at, lifted_by=unit.actor.id, version=block.version + 1)
    unit.writing.blocks.save(lifted, block.version)
    customer = unit.writing.customers.get_many([block.customer_id])[block.customer_id]
    details = {"block": str(block.id), "origin": str(block.origin)}
    unit.record(AuditAction.CUSTOMER_UNBLOCKED, customer, details=details)


@use_case(Permission.VIEW_BLOCKS, shows=_SHOWN, scopes={Scope.OWN})
def customer_blocks(salon: Salon, actor: Actor, customer_id: IdLike, /) -> tuple[Block, ...]:
    """Return a customer's blocks with their reasons, the newest first, lifted ones included. Raises NotFound."""
    with salon.reading() as reading:
        customer = find_customer(salon, actor, Permission.VIEW_BLOCKS, reading, customer_id)
        blocks = reading.blocks.of_customers([customer.id]).get(customer.id, ())
    return tuple(sorted(blocks, key=lambda block: (block.at, block.id), reverse=True))


@use_case(Permission.VIEW_BLOCKS, shows=_SHOWN)
def get_block(salon: Salon, actor: Actor, block_id: IdLike, /) -> Block:
    """Return a block by id, such as the ``origin`` of an alert: who was blocked, and why.

    Raises NotFound also where the profile it was on is gone: its marks are met all the same.
    """
    with salon.reading() as reading:
        return _find_block(reading, parse_id(block_id, "block_id"))


@use_case(Permission.VIEW_BLOCKS, shows=_SHOWN)
def block_alerts(salon: Salon, actor: Actor, /) -> tuple[BlockAlert, ...]:
    """Return the alerts nobody settled yet, oldest first: a blocked person's contact was met on another profile."""
    with salon.reading() as reading:
        alerts = reading.block_alerts.by_key("state", [AlertState.OPEN]).get(AlertState.OPEN, ())
    return tuple(sorted(alerts, key=lambda alert: (alert.at, alert.id)))


@use_case(Permission.CHANGE_BLOCKS, shows=_SHOWN)
def confirm_block_alert(salon: Salon, actor: Actor, alert_id: IdLike, /) -> Block:
    """Say that an alert's profile is the blocked person: block it too, and return its block.

    Raises InvalidValue, NotFound, NotPermitted, RuleBroken where the alert was settled before.
    """
    with unit_of_work(salon, actor) as unit:
        alert = _open_alert(unit.writing, alert_id)
        customer = unit.customer(Permission.CHANGE_BLOCKS, alert.customer_id)
        _settle(unit, alert, AlertState.CONFIRMED)
        for block in blocks_in_force(unit.writing, customer):
            if block.origin == alert.origin:
                return block
        return start_block(unit, customer, _reason_of(unit.writing, alert.origin), origin=alert.origin)


@use_case(Permission.CHANGE_BLOCKS, shows=_SHOWN)
def dismiss_block_alert(salon: Salon, actor: Actor, alert_id: IdLike, /) -> BlockAlert:
    """Say that an alert's profile is somebody else: it is not raised for the two again.

    Raises InvalidValue, NotFound, NotPermitted, RuleBroken where the alert was settled before.
    """
    with unit_of_work(salon, actor) as unit:
        return _settle(unit, _open_alert(unit.writing, alert_id), AlertState.DISMISSED)


_SETTLED: Final = {
    AlertState.CONFIRMED: AuditAction.BLOCK_ALERT_CONFIRMED,
    AlertState.DISMISSED: AuditAction.BLOCK_ALERT_DISMISSED,
}


def _settle(unit: Unit, alert: BlockAlert, state: AlertState) -> BlockAlert:
    settled = evolve(alert, state=state, settled_at=unit.now, settled_by=unit.actor.id, version=alert.version + 1)
    unit.writing.block_alerts.save(settled, alert.version)
    customer = unit.writing.customers.get_many([alert.customer_id])[alert.customer_id]
    unit.record(_SETTLED[state], customer, details={"alert": str(alert.id), "origin": str(alert.origin)})
    return settled


def meet_blocks(unit: Unit, customer: Customer, *, new: bool, only_alert: frozenset[BlockId] = frozenset()) -> None:
    """Look for marks on a profile that is new or whose name or contacts changed.

    A new profile that meets a mark of a contact with the name is blocked; any other meeting raises an
    alert, once for the two. Contacts a blocked customer was given are marked.
    """
    held = {block.origin for block in blocks_in_force(unit.writing, customer)}
    for origin in held:
        leave_marks(unit, customer, origin)
    by_name, by_contact = _origins_met(unit, customer)
    if new:
        for origin in sorted(by_name - held - only_alert):
            start_block(unit, customer, _reason_of(unit.writing, origin), origin=origin)
        held |= by_name - only_alert
    _raise_alerts(unit, customer, (by_name | by_contact) - held)


class MarksAhead:
    """Which of many profiles meet a mark: those there are, asked for once, and those the profiles leave since.

    No contact has a mark with a name and none without (`leave_marks`), so the latter tell.
    """

    def __init__(self, unit: Unit, contacts: Mapping[CustomerId, Iterable[str]]) -> None:
        """Ask for the marks of the keys of each customer's contacts."""
        digest = partial(contact_digest, unit.salon.mark_key)
        self._digests = {customer_id: tuple(map(digest, keys)) for customer_id, keys in contacts.items()}
        self._there = set(unit.writing.marks.by_key("digest", chain.from_iterable(self._digests.values())))

    def meets(self, customer: Customer) -> bool:
        """Whether `meet_blocks` may find a mark of the profile; where this is False it finds none."""
        return not self._there.isdisjoint(self._digests[customer.id])

    def add(self, customer: Customer) -> None:
        """Take into account that the profile may have left marks of its own."""
        self._there.update(self._digests[customer.id])


def _raise_alerts(unit: Unit, customer: Customer, origins: set[BlockId]) -> None:
    """Raise an alert for each block a profile met, once for the two."""
    known = {alert.origin for alert in unit.writing.block_alerts.of_customers([customer.id]).get(customer.id, ())}
    for origin in sorted(origins - known):
        alert = BlockAlert(id=BlockAlertId(unit.new_id(None)), customer_id=customer.id, origin=origin, at=unit.at)
        unit.writing.block_alerts.add(alert)
        details = {"alert": str(alert.id), "origin": str(origin)}
        unit.record(AuditAction.BLOCK_ALERT_RAISED, customer, details=details)


def _alert_of_namesakes(unit: Unit, customer: Customer, origin: BlockId) -> None:
    """Raise an alert for every profile that is there already with a contact and the name of a blocked customer."""
    sharing = unit.writing.customers.by_key("contact", contact_keys(customer))
    others = {other.id: other for held in sharing.values() for other in held if other.id != customer.id}
    for other_id in sorted(others):
        other = others[other_id]
        if known_names(other) & known_names(customer) and not blocks_in_force(unit.writing, other):
            _raise_alerts(unit, other, {origin})


def _origins_met(unit: Unit, customer: Customer) -> tuple[set[BlockId], set[BlockId]]:
    """Return the blocks met by a contact with the name, and those met by a contact."""
    digests = _digests(unit, customer, contact_keys(customer, former=False))
    met = unit.writing.marks.by_key("digest", (digest for _, digest in digests))
    kinds: dict[MarkKind, set[BlockId]] = {kind: set() for kind in MarkKind}
    for marks in met.values():
        for mark in marks:
            kinds[mark.kind].add(mark.block_id)
    return kinds[MarkKind.CONTACT_AND_NAME], kinds[MarkKind.CONTACT]


def leave_marks(unit: Unit, customer: Customer, origin: BlockId) -> None:
    """Leave the marks of a customer's contacts, with and without each name, under the block they stand for.

    What the customer filled in themselves leaves the mark of the contact alone: it raises an alert, and
    blocks nobody whose name and number they might have written there.
    """
    by_themselves = unit.actor.role is Role.CUSTOMER
    held = {(mark.kind, mark.digest) for mark in unit.writing.marks.by_key("block", [origin]).get(origin, ())}
    for kind, digest in _digests(unit, customer, contact_keys(customer)):
        if (kind, digest) not in held and not (by_themselves and kind is MarkKind.CONTACT_AND_NAME):
            held.add((kind, digest))
            unit.writing.marks.add(Mark(digest, kind, origin))


def _digests(unit: Unit, customer: Customer, contacts: Iterable[str]) -> list[tuple[MarkKind, bytes]]:
    keys = sorted(contacts)
    if not keys:
        return []
    return [
        (kind, digest)
        for words in sorted(known_names(customer))
        for kind, digests in contact_digests(unit.salon.mark_key, keys, words).items()
        for digest in digests
    ]


def blocks_in_force(reading: Reading, customer: Customer) -> tuple[Block, ...]:
    """Return the blocks that keep a customer from booking now, oldest first."""
    return in_force(reading.blocks.of_customers([customer.id]).get(customer.id, ()))


def _reason_of(reading: Reading, origin: BlockId) -> str:
    first = reading.blocks.get_many([origin]).get(origin)
    return first.reason if first is not None else MET_AGAIN


def _find_block(reading: Reading, block_id: object) -> Block:
    block = reading.blocks.get_many([block_id]).get(block_id)
    if block is None:
        raise NotFound("gone", kind="block", id=str(block_id))
    return block


def _open_alert(reading: Reading, alert_id: IdLike) -> BlockAlert:
    wanted = parse_id(alert_id, "alert_id")
    alert = reading.block_alerts.get_many([wanted]).get(wanted)
    if alert is None:
        raise NotFound("not-found", kind="block alert", id=str(wanted))
    if alert.state is not AlertState.OPEN:
        raise RuleBroken("alert-settled", id=str(wanted), state=alert.state)
    return alert
