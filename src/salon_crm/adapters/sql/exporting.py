"""The cells of an export, straight from the rows of a slice: column by column, without the objects between.

Building a customer costs more than all the rest of exporting one. What stands here gives the cells that
the customer would give, or none: a slice with a row that is not beyond doubt goes through the objects,
which say what its values mean, or that it is damaged.
"""

import re
from collections.abc import Callable, Hashable, Iterable, Mapping, Sequence
from typing import Any, Final, TypeVar

from salon_crm.adapters.sql.dialect import Row
from salon_crm.adapters.sql.tables import (
    CUSTOMER_TABLE,
    UNREADABLE,
    read_date,
    read_emails,
    read_external_ids,
    read_instant,
    read_phones,
    read_texts,
)
from salon_crm.domain.blocks import Block
from salon_crm.domain.customers import Address, Gender, Status
from salon_crm.domain.transfer.columns import (
    emails_cell,
    export_cells,
    external_ids_cell,
    lines_cell,
    phone_cell,
    phones_cell,
    switch_cell,
)

T = TypeVar("T", bound=Hashable)
Cells = Sequence[str]

_ID: Final = "[0-9a-f]{8}-(?:[0-9a-f]{4}-){3}[0-9a-f]{12}"
_IDS: Final = re.compile(rf"{_ID}(?:\n{_ID})*")
_SURE_DAY: Final = re.compile(r"(?:-|(?!0000)[0-9]{4})-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])")


def cells_of_rows(rows: Sequence[Row], blocks: Mapping[str, Block]) -> list[Cells]:
    """Return the cells of every export column for rows of customers, and their blocks in force by customer.

    Raises StoreError for a row that no release of ours wrote.
    """
    try:
        return _plain_cells(rows, blocks) if rows else []
    except UNREADABLE:
        customers = CUSTOMER_TABLE.read(rows)
        return [export_cells(each, blocks.get(row[0])) for each, row in zip(customers, rows, strict=True)]


def _plain_cells(rows: Sequence[Row], blocks: Mapping[str, Block]) -> list[Cells]:
    """Return the cells of rows; raises one of `UNREADABLE` where any value of any row is not beyond doubt."""
    (
        ids, versions, added, statuses, names, first_names, last_names, emails, email_keys, other_emails, mobiles,
        _, extensions, other_phones, declined, birthdays, anniversaries, genders, referral_sources, lines, cities,
        subdivisions, postal_codes, countries, languages, zones, preferences, external_ids, former_names,
        former_emails, former_phones,
    ) = zip(*rows, strict=True)  # fmt: skip
    for column, check in ((former_names, _check_texts), (former_emails, read_emails), (former_phones, read_phones)):
        _each_once(check, column)
    _check_beside(email_keys, emails)
    held = list(map(blocks.get, ids)) if blocks else ()
    columns: tuple[Iterable[str], ...] = (
        _ids(ids),
        _numbers(versions),
        _each_once(_instant, added),
        _texts(names, needed=True),
        _texts(first_names),
        _texts(last_names),
        _texts(emails),
        _each_once(_emails, other_emails),
        _phones(mobiles, extensions),
        _each_once(_phones_of, other_phones),
        _each_once(switch_cell, declined),
        _days(birthdays),
        _days(anniversaries),
        _each_once(_gender, genders),
        _texts(referral_sources),
        *_addresses(lines, cities, subdivisions, postal_codes, countries),
        _texts(languages),
        _texts(zones),
        _texts(preferences),
        _each_once(_external_ids, external_ids),
        _each_once(_status, statuses),
        [switch_cell(block is not None) for block in held] or _empty(rows),
        [block.reason if block else "" for block in held] or _empty(rows),
    )
    return list(zip(*columns, strict=True))


def _empty(column: Sequence[Any]) -> list[str]:
    return [""] * len(column)


def _each_once(convert: Callable[[Any], T], column: Sequence[Any]) -> Iterable[T]:
    """Return what each value becomes, asking once for those that are equal, as most are in most columns."""
    known = {value: convert(value) for value in set(column)}
    return map(known.__getitem__, column)


def _texts(column: Sequence[Any], *, needed: bool = False) -> Sequence[str]:
    """Return texts as they are, and NULL as an empty one where it is allowed."""
    missing = column.count(None)
    if missing and needed:
        raise ValueError("NULL")
    cells = _empty(column) if missing == len(column) else ["" if value is None else value for value in column]
    "".join(cells)  # refuses what is no text
    return cells


def _check_beside(column: Sequence[Any], owners: Sequence[Any]) -> None:
    """Refuse a column that is not a text just where its owner is not NULL."""
    _texts(column)
    if [value is None for value in column] != [owner is None for owner in owners]:
        raise ValueError("half a contact")


def _ids(column: Sequence[Any]) -> Sequence[str]:
    if not _IDS.fullmatch("\n".join(column)):
        raise ValueError("no ids as we write them")
    return column


def _numbers(column: Sequence[Any]) -> Iterable[str]:
    if set(map(type, column)) != {int}:
        raise TypeError("no whole numbers")
    return map(str, column)


def _instant(text: str) -> str:
    return read_instant(text).isoformat()


def _status(text: str) -> str:
    return Status(text).value


def _gender(text: str | None) -> str:
    return "" if text is None else Gender(text).value


def _days(column: Sequence[Any]) -> Sequence[str]:
    """Return days: those of every month of every year are as they are written."""
    sure = _SURE_DAY.fullmatch
    if column.count(None) == len(column):
        return _empty(column)
    return ["" if text is None else text if sure(text) else str(read_date(text)) for text in column]


def _check_texts(text: str) -> str:
    return "".join(read_texts(text))


def _emails(text: str) -> str:
    return emails_cell(read_emails(text))


def _phones_of(text: str) -> str:
    return phones_cell(read_phones(text))


def _external_ids(text: str) -> str:
    return external_ids_cell(read_external_ids(text))


def _phones(numbers: Sequence[Any], extensions: Sequence[Any]) -> Sequence[str]:
    _check_beside(extensions, numbers)
    cells = _texts(numbers)
    return list(map(phone_cell, cells, extensions)) if any(extensions) else cells


def _addresses(lines: Sequence[Any], *parts: Sequence[Any]) -> tuple[Sequence[str], ...]:
    """Return the columns of addresses; parts without lines are no address."""
    if lines.count(None) == len(lines):
        return (_empty(lines),) * (1 + len(parts))
    found = [_address(*each) for each in zip(lines, *parts, strict=True)]
    return tuple(zip(*found, strict=True))


def _address(lines: str | None, *parts: str | None) -> tuple[str, ...]:
    if lines is None:
        return ("",) * (1 + len(parts))
    city, subdivision, postal_code, country = parts
    address = Address(
        lines=read_texts(lines), city=city, subdivision=subdivision, postal_code=postal_code, country=country
    )
    return lines_cell(address.lines), city or "", subdivision or "", postal_code or "", country or ""
