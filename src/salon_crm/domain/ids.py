"""Ids: time-ordered UUIDs, one NewType per kind, and the references callers choose."""

import re
from collections.abc import Sequence
from typing import Final, NewType, cast
from uuid import UUID

from attrs import field, frozen

from salon_crm.domain.privacy import IDENTITY, OPERATOR, classed
from salon_crm.domain.text import clean_text
from salon_crm.errors import InvalidValue

SalonId = NewType("SalonId", UUID)
CustomerId = NewType("CustomerId", UUID)
NoteId = NewType("NoteId", UUID)
BlockId = NewType("BlockId", UUID)
BlockAlertId = NewType("BlockAlertId", UUID)
ServiceTypeId = NewType("ServiceTypeId", UUID)
ServiceId = NewType("ServiceId", UUID)
PackageId = NewType("PackageId", UUID)
LocationId = NewType("LocationId", UUID)
StaffMemberId = NewType("StaffMemberId", UUID)
BookingId = NewType("BookingId", UUID)
SaleId = NewType("SaleId", UUID)
RewardEntryId = NewType("RewardEntryId", UUID)
AssignedPackageId = NewType("AssignedPackageId", UUID)
RunId = NewType("RunId", UUID)
"""The id of one run of sliced work: an import, an export."""

IdLike = UUID | str
"""What calls take for an id: a UUID or its text."""

_TEXT: Final = re.compile(r"[0-9a-f]{32}|[0-9a-f]{8}(-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.ASCII | re.IGNORECASE)
_NOBODY_S: Final = (0, (1 << 128) - 1)


def reads_as_id(text: str) -> bool:
    """Return whether ``text`` spells a UUID, with or without hyphens."""
    return bool(_TEXT.fullmatch(text))


def parse_id(value: object, field: str) -> UUID:
    """Return the UUID that ``value`` is or spells, with or without hyphens.

    Raises InvalidValue naming ``field`` for anything else.
    """
    if isinstance(value, UUID):
        return value
    if isinstance(value, str) and reads_as_id(value):  # UUID() itself takes braces, underscores and more
        return UUID(value)
    raise InvalidValue("not-an-id", field=field)


def parse_new_id(value: object, field: str) -> UUID:
    """Return the UUID chosen for a new record; raises InvalidValue as `parse_id`, and for the nil and the max UUID.

    Those two are nobody's (RFC 9562), and pages rely on it: there is an id before and behind every record's.
    """
    chosen = parse_id(value, field)
    if chosen.int in _NOBODY_S:
        raise InvalidValue("id-reserved", field=field)
    return chosen


@frozen(field_transformer=classed)
class ExternalId:
    """The id another system knows a customer by: ``system`` names it, ``id`` is its own text."""

    system: str = field(metadata=OPERATOR)
    id: str = field(metadata=IDENTITY)

    @classmethod
    def parse(cls, value: object, field: str) -> "ExternalId":
        """Return the external id that a pair (system, id) or an ExternalId states; raises InvalidValue."""
        if isinstance(value, ExternalId):
            value = (value.system, value.id)
        pair = cast("Sequence[object]", value) if isinstance(value, tuple | list) else ()
        if len(pair) != 2:
            raise InvalidValue("wrong-type", field=field, expected="a pair (system, id)")
        system, own_id = pair
        return cls(clean_text(system, field), clean_text(own_id, field))


@frozen(field_transformer=classed)
class Reference:
    """The record of a command called with ``reference=``: what it made, and a digest of what it was asked."""

    command: str = field(metadata=OPERATOR)
    reference: str = field(metadata=OPERATOR)
    result_id: UUID = field(metadata=OPERATOR)
    digest: bytes = field(metadata=OPERATOR)


@frozen(field_transformer=classed)
class Alias:
    """An id that was merged into another: whoever asks for ``id`` is shown ``customer_id``."""

    id: CustomerId = field(metadata=OPERATOR)
    customer_id: CustomerId = field(metadata=OPERATOR)
