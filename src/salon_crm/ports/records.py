"""The kinds of record a salon keeps, and what each declares: keys, history, what a merge does with it.

A kind is declared once, here; stores read its keys, removal asks whether it is history, merging will
ask how it behaves. A new kind is a line in `KINDS`; one with a customer id that declares nothing
cannot be written.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar, cast

from attrs import field, frozen

from salon_crm.domain.blocks import Block, BlockAlert
from salon_crm.domain.bookings import Booking, BookingChange
from salon_crm.domain.catalogue import Location, Package, Service, ServiceType, StaffMember
from salon_crm.domain.customers import Customer, contact_keys, known_names
from salon_crm.domain.facts import CustomerFacts
from salon_crm.domain.ids import Alias, CustomerId, Reference
from salon_crm.domain.marks import Mark
from salon_crm.domain.notes import Note
from salon_crm.domain.privacy import OPERATOR, classed
from salon_crm.domain.rewards import RewardEntry, RewardHead, RewardLot
from salon_crm.domain.sales import AssignedPackage, Sale
from salon_crm.domain.transfer import RowFingerprint

T = TypeVar("T")
Key = Any
"""The value of a key: text, bytes, a UUID, or a tuple of them; the keys of one kind can be hashed and ordered."""


class OnMerge(StrEnum):
    """What a merge does with a record of the customer that goes."""

    MOVES = "moves"
    """Its owner becomes the customer that is kept."""
    JOINS = "joins"
    """It moves where the kept customer has none like it; a colliding one is kept in the receipt."""
    STAYS = "stays"
    """It is never changed; reads follow the alias."""


@frozen(field_transformer=classed)
class KeyKind(Generic[T]):
    """A key a kind is looked up by: whether it is unique in the salon, and the values a record has of it."""

    unique: bool = field(metadata=OPERATOR)
    values: Callable[[T], Iterable[Key]] = field(metadata=OPERATOR)


@frozen(field_transformer=classed, kw_only=True, eq=False)
class Kind(Generic[T]):
    """A kind of record.

    ``identity`` gives what a record is got by, and those of one kind can be ordered; a record of a
    ``versioned`` kind has a ``version`` and can be saved anew; ``history`` says that it keeps a customer from
    being removed as an error; ``on_merge`` is None for kinds without a customer. ``customer`` gives whose a
    record is, None where it is nobody's yet.
    """

    name: str = field(metadata=OPERATOR)
    type: "type[T]" = field(metadata=OPERATOR)
    identity: Callable[[T], Key] = field(metadata=OPERATOR)
    customer: Callable[[T], CustomerId | None] | None = field(default=None, metadata=OPERATOR)
    keys: Mapping[str, KeyKind[T]] = field(factory=dict[str, KeyKind[Any]], metadata=OPERATOR)
    versioned: bool = field(default=False, metadata=OPERATOR)
    history: bool = field(default=False, metadata=OPERATOR)
    on_merge: OnMerge | None = field(default=None, metadata=OPERATOR)


def _retired(item: ServiceType | Service | Package | Location | StaffMember) -> tuple[bool]:
    """Return the one key that says whether an item is retired: asked for both, it gives a whole catalogue."""
    return (item.retired_at is not None,)


CUSTOMERS: Final = Kind[Customer](
    name="customers",
    type=Customer,
    identity=lambda customer: customer.id,
    versioned=True,
    keys={
        "external_id": KeyKind(True, lambda customer: ((e.system, e.id) for e in customer.external_ids)),
        "contact": KeyKind(False, contact_keys),
        "name": KeyKind(False, known_names),
    },
)
NOTES: Final = Kind[Note](
    name="notes",
    type=Note,
    identity=lambda note: note.id,
    versioned=True,
    customer=lambda note: note.customer_id,
    history=True,
    on_merge=OnMerge.MOVES,
)
BLOCKS: Final = Kind[Block](
    name="blocks",
    type=Block,
    identity=lambda block: block.id,
    versioned=True,
    customer=lambda block: block.customer_id,
    keys={"origin": KeyKind(False, lambda block: (block.origin,))},
    on_merge=OnMerge.MOVES,
)
BLOCK_ALERTS: Final = Kind[BlockAlert](
    name="block_alerts",
    type=BlockAlert,
    identity=lambda alert: alert.id,
    versioned=True,
    customer=lambda alert: alert.customer_id,
    keys={
        "state": KeyKind(False, lambda alert: (alert.state,)),
        "origin": KeyKind(False, lambda alert: (alert.origin,)),
    },
    on_merge=OnMerge.MOVES,
)
FINGERPRINTS: Final = Kind[RowFingerprint](
    name="fingerprints",
    type=RowFingerprint,
    identity=lambda fingerprint: (fingerprint.system, fingerprint.digest),
    customer=lambda fingerprint: fingerprint.customer_id,
    on_merge=OnMerge.MOVES,
)
ALIASES: Final = Kind[Alias](
    name="aliases",
    type=Alias,
    identity=lambda alias: alias.id,
    customer=lambda alias: alias.customer_id,
    history=True,
    on_merge=OnMerge.MOVES,
)
SERVICE_TYPES: Final = Kind[ServiceType](
    name="service_types",
    type=ServiceType,
    identity=lambda item: item.id,
    versioned=True,
    keys={"code": KeyKind(True, lambda item: (item.code,)), "retired": KeyKind(False, _retired)},
)
SERVICES: Final = Kind[Service](
    name="services",
    type=Service,
    identity=lambda item: item.id,
    versioned=True,
    keys={
        "code": KeyKind(True, lambda item: (item.code,)),
        "retired": KeyKind(False, _retired),
        "service_type": KeyKind(False, lambda item: () if item.service_type is None else (item.service_type,)),
    },
)
PACKAGES: Final = Kind[Package](
    name="packages",
    type=Package,
    identity=lambda item: item.id,
    versioned=True,
    keys={"code": KeyKind(True, lambda item: (item.code,)), "retired": KeyKind(False, _retired)},
)
LOCATIONS: Final = Kind[Location](
    name="locations",
    type=Location,
    identity=lambda item: item.id,
    versioned=True,
    keys={"code": KeyKind(True, lambda item: (item.code,)), "retired": KeyKind(False, _retired)},
)
STAFF_MEMBERS: Final = Kind[StaffMember](
    name="staff_members",
    type=StaffMember,
    identity=lambda item: item.id,
    versioned=True,
    keys={
        "code": KeyKind(True, lambda item: (item.code,)),
        "retired": KeyKind(False, _retired),
        "actor": KeyKind(True, lambda item: () if item.actor_id is None else (item.actor_id,)),
    },
)
BOOKINGS: Final = Kind[Booking](
    name="bookings",
    type=Booking,
    identity=lambda booking: booking.id,
    versioned=True,
    customer=lambda booking: booking.customer_id,
    keys={
        "external_id": KeyKind(
            True,
            lambda booking: (
                () if booking.external_id is None else ((booking.external_id.system, booking.external_id.id),)
            ),
        ),
    },
    history=True,
    on_merge=OnMerge.MOVES,
)
BOOKING_CHANGES: Final = Kind[BookingChange](
    name="booking_changes",
    type=BookingChange,
    identity=lambda change: (change.booking_id, change.version),
    customer=lambda change: change.customer_id,
    keys={"booking": KeyKind(False, lambda change: (change.booking_id,))},
    history=True,
    on_merge=OnMerge.MOVES,
)
SALES: Final = Kind[Sale](
    name="sales",
    type=Sale,
    identity=lambda sale: sale.id,
    versioned=True,
    customer=lambda sale: sale.customer_id,
    keys={"booking": KeyKind(False, lambda sale: sale.bookings)},
    history=True,
    on_merge=OnMerge.MOVES,
)
ASSIGNED_PACKAGES: Final = Kind[AssignedPackage](
    name="assigned_packages",
    type=AssignedPackage,
    identity=lambda assigned: assigned.id,
    versioned=True,
    customer=lambda assigned: assigned.customer_id,
    history=True,
    on_merge=OnMerge.MOVES,
)
FACTS: Final = Kind[CustomerFacts](
    name="facts",
    type=CustomerFacts,
    identity=lambda facts: facts.customer_id,
    versioned=True,
    customer=lambda facts: facts.customer_id,
    on_merge=OnMerge.JOINS,
)
REWARD_ENTRIES: Final = Kind[RewardEntry](
    name="reward_entries",
    type=RewardEntry,
    identity=lambda entry: (entry.customer_id, entry.sequence),
    customer=lambda entry: entry.customer_id,
    keys={
        "entry_id": KeyKind(True, lambda entry: (entry.id,)),
        "reference": KeyKind(True, lambda entry: () if entry.reference is None else (entry.reference,)),
        "origin": KeyKind(
            False, lambda entry: () if entry.origin is None else ((entry.origin.kind.value, entry.origin.id),)
        ),
    },
    history=True,
    on_merge=OnMerge.STAYS,
)
REWARD_LOTS: Final = Kind[RewardLot](
    name="reward_lots",
    type=RewardLot,
    identity=lambda lot: (lot.customer_id, *lot.key),
    versioned=True,
    customer=lambda lot: lot.customer_id,
    on_merge=OnMerge.STAYS,
)
REWARD_HEADS: Final = Kind[RewardHead](
    name="reward_heads",
    type=RewardHead,
    identity=lambda head: head.customer_id,
    versioned=True,
    customer=lambda head: head.customer_id,
    on_merge=OnMerge.STAYS,
)
MARKS: Final = Kind[Mark](
    name="marks",
    type=Mark,
    identity=lambda mark: (mark.kind, mark.digest, mark.block_id),
    keys={
        "digest": KeyKind(False, lambda mark: (mark.digest,)),
        "block": KeyKind(False, lambda mark: (mark.block_id,)),
    },
)
REFERENCES: Final = Kind[Reference](
    name="references",
    type=Reference,
    identity=lambda reference: (reference.command, reference.reference),
)

KINDS: Final[Mapping[str, Kind[Any]]] = {
    kind.name: kind
    for kind in (
        CUSTOMERS,
        NOTES,
        BLOCKS,
        BLOCK_ALERTS,
        FINGERPRINTS,
        ALIASES,
        MARKS,
        REFERENCES,
        SERVICE_TYPES,
        SERVICES,
        PACKAGES,
        LOCATIONS,
        STAFF_MEMBERS,
        BOOKINGS,
        BOOKING_CHANGES,
        SALES,
        ASSIGNED_PACKAGES,
        FACTS,
        REWARD_ENTRIES,
        REWARD_LOTS,
        REWARD_HEADS,
    )
}
"""Every kind of record kept in a repository; the audit chain is a log of its own."""

_BY_TYPE: Final[Mapping[type, Kind[Any]]] = {kind.type: kind for kind in KINDS.values()}


def kind_of(thing: object) -> Kind[Any]:
    """Return the kind of a record."""
    return _BY_TYPE[type(thing)]


def version_of(thing: object) -> int:
    """Return the version of a record of a versioned kind."""
    version: int = cast("Any", thing).version
    return version


def customer_records() -> tuple[Kind[Any], ...]:
    """Return every kind of record that belongs to a customer, each with its declarations."""
    return tuple(kind for kind in KINDS.values() if kind.customer is not None)


CATALOGUE_KINDS: Final[tuple[Kind[Any], ...]] = (SERVICE_TYPES, SERVICES, PACKAGES, LOCATIONS, STAFF_MEMBERS)
"""The kinds of item a catalogue has."""
