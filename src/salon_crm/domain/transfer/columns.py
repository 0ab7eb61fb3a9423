"""The columns of an export: every cell reads back as what it was written from."""

import json
from collections.abc import Callable, Iterable, Mapping
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from salon_crm.domain.access import Permission
from salon_crm.domain.blocks import Block
from salon_crm.domain.contact import EmailAddress, PhoneNumber
from salon_crm.domain.customers import (
    Customer,
)
from salon_crm.domain.privacy import BEHAVIOUR, IDENTITY, OPERATOR, classed


@frozen(field_transformer=classed)
class ExportedCustomer:
    """A customer on the way out, with the block in force if there is one."""

    customer: Customer = field(metadata=IDENTITY)
    block: Block | None = field(metadata=BEHAVIOUR)


@frozen(field_transformer=classed)
class ExportColumn:
    """A column of an export: the cell of a customer, and the permission it needs beside that of exporting."""

    cell: Callable[[ExportedCustomer], str] = field(metadata=OPERATOR)
    permission: Permission = field(default=Permission.VIEW_CUSTOMERS, metadata=OPERATOR)


def _cell(value: object) -> str:
    return "" if value is None else str(value)


def _of(name: str) -> ExportColumn:
    def cell(exported: ExportedCustomer) -> str:
        return _cell(getattr(exported.customer, name))

    return ExportColumn(cell)


def _of_address(name: str) -> ExportColumn:
    def cell(exported: ExportedCustomer) -> str:
        address = exported.customer.address
        return "" if address is None else _cell(getattr(address, name))

    return ExportColumn(cell)


def phone_cell(phone: PhoneNumber | None) -> str:
    """Return a phone as a cell that reads back as the same phone, extension and all."""
    if phone is None:
        return ""
    return f"{phone.e164} x{phone.extension}" if phone.extension else phone.e164


def _switch_cell(value: bool) -> str:
    return "yes" if value else ""


def _external_ids_cell(exported: ExportedCustomer) -> str:
    pairs = [[each.system, each.id] for each in exported.customer.external_ids]
    return json.dumps(pairs, ensure_ascii=False) if pairs else ""


def _emails_cell(emails: Iterable[EmailAddress]) -> str:
    return "; ".join(map(str, emails))


EXPORT_COLUMNS: Final[Mapping[str, ExportColumn]] = MappingProxyType(
    {
        "id": _of("id"),
        "version": _of("version"),
        "added": ExportColumn(lambda exported: exported.customer.added.isoformat()),
        "name": _of("name"),
        "first_name": _of("first_name"),
        "last_name": _of("last_name"),
        "email": _of("email"),
        "other_emails": ExportColumn(lambda exported: _emails_cell(exported.customer.other_emails)),
        "mobile": ExportColumn(lambda exported: phone_cell(exported.customer.mobile)),
        "other_phones": ExportColumn(lambda exported: "; ".join(map(phone_cell, exported.customer.other_phones))),
        "contact_declined": ExportColumn(lambda exported: _switch_cell(exported.customer.contact_declined)),
        "birthday": _of("birthday"),
        "anniversary": _of("anniversary"),
        "gender": _of("gender"),
        "referral_source": _of("referral_source"),
        "address_lines": ExportColumn(
            lambda exported: "\n".join(exported.customer.address.lines) if exported.customer.address else ""
        ),
        "city": _of_address("city"),
        "subdivision": _of_address("subdivision"),
        "postal_code": _of_address("postal_code"),
        "country": _of_address("country"),
        "language": _of("language"),
        "zone": _of("zone"),
        "preferences": _of("preferences"),
        "external_ids": ExportColumn(_external_ids_cell),
        "status": _of("status"),
        "blocked": ExportColumn(lambda exported: _switch_cell(exported.block is not None), Permission.VIEW_BLOCKS),
        "block_reason": ExportColumn(
            lambda exported: exported.block.reason if exported.block else "", Permission.VIEW_BLOCKS
        ),
    }
)
"""Every column an export may have, in the order it has them; importing takes each back."""
