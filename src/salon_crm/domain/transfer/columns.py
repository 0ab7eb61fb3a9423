"""The columns of an export: every cell reads back as what it was written from."""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import datetime
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Final
from uuid import UUID

from attrs import field, frozen

from salon_crm.domain.access import Permission
from salon_crm.domain.blocks import Block
from salon_crm.domain.contact import EmailAddress, PhoneNumber
from salon_crm.domain.criteria import Start
from salon_crm.domain.customers import Customer
from salon_crm.domain.ids import CustomerId, ExternalId
from salon_crm.domain.privacy import OPERATOR, classed

_PAIRS: Final = json.JSONEncoder(ensure_ascii=False)


@frozen(field_transformer=classed)
class ExportColumn:
    """A column of an export: its place among all, and the permission it needs beside that of exporting."""

    place: int = field(metadata=OPERATOR)
    permission: Permission = field(default=Permission.VIEW_CUSTOMERS, metadata=OPERATOR)


_NAMES: Final = (
    "id version added name first_name last_name email other_emails mobile other_phones contact_declined birthday "
    "anniversary gender referral_source address_lines city subdivision postal_code country language zone preferences "
    "external_ids status blocked block_reason"
).split()
_PERMISSIONS: Final = {"blocked": Permission.VIEW_BLOCKS, "block_reason": Permission.VIEW_BLOCKS}

EXPORT_COLUMNS: Final[Mapping[str, ExportColumn]] = MappingProxyType(
    {name: ExportColumn(place, _PERMISSIONS.get(name, Permission.VIEW_CUSTOMERS)) for place, name in enumerate(_NAMES)}
)
"""Every column an export may have, in the order it has them; importing takes each back."""


def export_cells(customer: Customer, block: Block | None) -> Sequence[str]:
    """Return the cell of every column for a customer, and the block in force if there is one."""
    address = customer.address
    return (
        str(customer.id),
        str(customer.version),
        customer.added.isoformat(),
        customer.name,
        customer.first_name or "",
        customer.last_name or "",
        customer.email.address if customer.email else "",
        emails_cell(customer.other_emails),
        phone_cell(customer.mobile.e164, customer.mobile.extension) if customer.mobile else "",
        phones_cell(customer.other_phones),
        switch_cell(customer.contact_declined),
        str(customer.birthday) if customer.birthday else "",
        str(customer.anniversary) if customer.anniversary else "",
        customer.gender.value if customer.gender else "",
        customer.referral_source or "",
        lines_cell(address.lines) if address else "",
        (address.city or "") if address else "",
        (address.subdivision or "") if address else "",
        (address.postal_code or "") if address else "",
        (address.country or "") if address else "",
        customer.language or "",
        customer.zone or "",
        customer.preferences or "",
        external_ids_cell(customer.external_ids),
        customer.status.value,
        switch_cell(block is not None),
        block.reason if block else "",
    )


def cells_of(names: Sequence[str]) -> Callable[[Sequence[str]], Sequence[str]]:
    """Return what picks the cells of some columns, in the order they are named."""
    if tuple(names) == tuple(EXPORT_COLUMNS):
        return lambda cells: cells
    places = [EXPORT_COLUMNS[name].place for name in names]
    pick: Callable[[Any], Any] = itemgetter(*places)
    return pick if len(places) > 1 else lambda cells: (pick(cells),)


def start_after(cells: Sequence[str]) -> Start:
    """Return the start of what comes after a row of every cell, in the order customers were added."""
    added, own_id = cells[EXPORT_COLUMNS["added"].place], cells[EXPORT_COLUMNS["id"].place]
    return Start(datetime.fromisoformat(added), CustomerId(UUID(own_id)))


def switch_cell(on: bool) -> str:
    """Return whether something is so as a cell."""
    return "yes" if on else ""


def emails_cell(emails: Iterable[EmailAddress]) -> str:
    """Return addresses as one cell."""
    return "; ".join([email.address for email in emails])


def phone_cell(e164: str, extension: str) -> str:
    """Return a phone as a cell that reads back as the same phone, extension and all."""
    return f"{e164} x{extension}" if extension else e164


def phones_cell(phones: Iterable[PhoneNumber]) -> str:
    """Return phones as one cell."""
    return "; ".join([phone_cell(phone.e164, phone.extension) for phone in phones])


def lines_cell(lines: Iterable[str]) -> str:
    """Return the lines of an address as one cell."""
    return "\n".join(lines)


def external_ids_cell(external_ids: Sequence[ExternalId]) -> str:
    """Return external ids as one cell, empty for none."""
    return _PAIRS.encode([(each.system, each.id) for each in external_ids]) if external_ids else ""
