"""The kinds of record a salon keeps, and what each declares: keys, history, what a merge does with it.

A kind is declared once, here; stores read its keys, removal asks whether it is history, merging will
ask how it behaves. A new kind is a line in `KINDS`; one with a customer id that declares nothing
cannot be written.
"""

from collections.abc import Callable, Iterable, Mapping
from enum import StrEnum
from typing import Any, Final, Generic, TypeVar

from attrs import field, frozen

from salon_crm.domain.blocks import Block, BlockAlert
from salon_crm.domain.customers import Customer, contact_keys, known_names
from salon_crm.domain.ids import Alias, CustomerId, Reference
from salon_crm.domain.marks import Mark
from salon_crm.domain.notes import Note
from salon_crm.domain.privacy import OPERATOR, classed
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
    being removed as an error; ``on_merge`` is None for kinds without a customer.
    """

    name: str = field(metadata=OPERATOR)
    type: "type[T]" = field(metadata=OPERATOR)
    identity: Callable[[T], Key] = field(metadata=OPERATOR)
    customer: Callable[[T], CustomerId] | None = field(default=None, metadata=OPERATOR)
    keys: Mapping[str, KeyKind[T]] = field(factory=dict[str, KeyKind[Any]], metadata=OPERATOR)
    versioned: bool = field(default=False, metadata=OPERATOR)
    history: bool = field(default=False, metadata=OPERATOR)
    on_merge: OnMerge | None = field(default=None, metadata=OPERATOR)


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
    kind.name: kind for kind in (CUSTOMERS, NOTES, BLOCKS, BLOCK_ALERTS, FINGERPRINTS, ALIASES, MARKS, REFERENCES)
}
"""Every kind of record kept in a repository; the audit chain is a log of its own."""

_BY_TYPE: Final[Mapping[type, Kind[Any]]] = {kind.type: kind for kind in KINDS.values()}


def kind_of(thing: object) -> Kind[Any]:
    """Return the kind of a record."""
    return _BY_TYPE[type(thing)]


def customer_records() -> tuple[Kind[Any], ...]:
    """Return every kind of record that belongs to a customer, each with its declarations."""
    return tuple(kind for kind in KINDS.values() if kind.customer is not None)
