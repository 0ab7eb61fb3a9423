"""The columns of an export: every cell reads back as what it was written from."""

import json
from collections.abc import Callable, Mapping, Sequence
from operator import itemgetter
from types import MappingProxyType
from typing import Any, Final

from attrs import field, frozen

from salon_crm.domain.access import Permission
from salon_crm.domain.blocks import Block
from salon_crm.domain.contact import PhoneNumber
from salon_crm.domain.customers import Customer
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
        "; ".join(email.address for email in customer.other_emails) if customer.other_emails else "",
        _phone(customer.mobile) if customer.mobile else "",
        "; ".join(map(_phone, customer.other_phones)) if customer.other_phones else "",
        "yes" if customer.contact_declined else "",
        str(customer.birthday) if customer.birthday else "",
        str(customer.anniversary) if customer.anniversary else "",
        customer.gender.value if customer.gender else "",
        customer.referral_source or "",
        "\n".join(address.lines) if address else "",
        (address.city or "") if address else "",
        (address.subdivision or "") if address else "",
        (address.postal_code or "") if address else "",
        (address.country or "") if address else "",
        customer.language or "",
        customer.zone or "",
        customer.preferences or "",
        _PAIRS.encode([(each.system, each.id) for each in customer.external_ids]) if customer.external_ids else "",
        customer.status.value,
        "yes" if block else "",
        block.reason if block else "",
    )


def cells_of(names: Sequence[str]) -> Callable[[Sequence[str]], Sequence[str]]:
    """Return what picks the cells of some columns, in the order they are named."""
    places = [EXPORT_COLUMNS[name].place for name in names]
    pick: Callable[[Any], Any] = itemgetter(*places)
    return pick if len(places) > 1 else lambda cells: (pick(cells),)


def _phone(phone: PhoneNumber) -> str:
    """Return a phone as a cell that reads back as the same phone, extension and all."""
    return f"{phone.e164} x{phone.extension}" if phone.extension else phone.e164
