"""What an import did and what an export wrote, in figures and lines; never a value of a row."""

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from salon_crm.domain.dates import DateOrder
from salon_crm.domain.ids import CustomerId, RunId
from salon_crm.domain.privacy import IDENTITY, OPERATOR, classed
from salon_crm.domain.transfer.amounts import DecimalSign
from salon_crm.domain.transfer.planner import TwinOf

MOST_LISTED: Final = 1_000
"""How many problems, twins and families a report lists; it counts them all."""


@frozen(field_transformer=classed, kw_only=True)
class ImportProblem:
    """Why a row was refused: its line, the field at fault, and the reason with the way out; never a value."""

    line: int = field(metadata=OPERATOR)
    code: str = field(metadata=OPERATOR)
    reason: str = field(metadata=OPERATOR)
    field: str | None = field(metadata=OPERATOR)  # last, since it takes the name of what declares fields


@frozen(field_transformer=classed)
class Family:
    """A new customer who shares a contact with others of another name."""

    line: int = field(metadata=OPERATOR)
    customer_ids: tuple[CustomerId, ...] = field(metadata=OPERATOR)


@frozen(field_transformer=classed, kw_only=True)
class ImportReport:
    """What an import did, or, as a dry run, would do.

    ``rows`` = ``created`` + ``updated`` + ``unchanged`` + ``skipped`` + ``refused``. ``problems``,
    ``twins`` and ``families`` list the first 1,000 of each; ``family_rows`` counts the families.
    ``layout`` is the recognised layout's name or None, ``mapping`` what each column became,
    ``not_taken`` the columns that were left, ``facts`` what was recognised of the file.
    """

    import_id: RunId = field(metadata=OPERATOR)
    dry_run: bool = field(metadata=OPERATOR)
    system: str = field(metadata=OPERATOR)
    layout: str | None = field(metadata=OPERATOR)
    mapping: Mapping[str, str | None] = field(metadata=OPERATOR)
    not_taken: tuple[str, ...] = field(metadata=OPERATOR)
    facts: Mapping[str, str] = field(metadata=OPERATOR)
    date_order: DateOrder | None = field(metadata=OPERATOR)
    rows: int = field(metadata=OPERATOR)
    created: int = field(metadata=OPERATOR)
    updated: int = field(metadata=OPERATOR)
    unchanged: int = field(metadata=OPERATOR)
    skipped: int = field(metadata=OPERATOR)
    refused: int = field(metadata=OPERATOR)
    family_rows: int = field(metadata=OPERATOR)
    problems: tuple[ImportProblem, ...] = field(metadata=OPERATOR)
    twins: tuple[TwinOf, ...] = field(metadata=OPERATOR)
    families: tuple[Family, ...] = field(metadata=OPERATOR)


@frozen(field_transformer=classed, kw_only=True)
class ExportReport:
    """What an export wrote: how many customers, and which columns."""

    export_id: RunId = field(metadata=OPERATOR)
    rows: int = field(metadata=OPERATOR)
    columns: tuple[str, ...] = field(metadata=OPERATOR)


@frozen(field_transformer=classed)
class ImportWarning:
    """What is to be minded of a row that was taken: its line and field, and a code that `label` has words for."""

    line: int = field(metadata=OPERATOR)
    code: str = field(metadata=OPERATOR)
    field: str | None = field(metadata=OPERATOR)  # last, since it takes the name of what declares fields


@frozen(field_transformer=classed)
class MissingItem:
    """What a list names and the catalogue lacks: the kind of item, what it is called there, and in how many rows."""

    kind: str = field(metadata=OPERATOR)
    name: str = field(metadata=IDENTITY)
    rows: int = field(metadata=OPERATOR)


@frozen(field_transformer=classed, kw_only=True)
class BookingImportReport:
    """What an import of bookings did, or, as a dry run, would do.

    ``rows`` = ``created`` + ``updated`` + ``unchanged`` + ``skipped`` + ``refused``. ``activated`` counts the
    customers a booking to come made active. ``warned`` counts, by code, the rows that were taken with something
    to be minded. ``problems``, ``twins``, ``warnings`` and ``missing`` list the first 1,000 of each. ``mapping``
    says what each column became, ``not_taken`` names the columns that were left, ``facts`` is what was recognised
    of the file; ``date_order`` and ``decimal_sign`` are None where the file needs none.
    """

    import_id: RunId = field(metadata=OPERATOR)
    dry_run: bool = field(metadata=OPERATOR)
    system: str = field(metadata=OPERATOR)
    mapping: Mapping[str, str | None] = field(metadata=OPERATOR)
    not_taken: tuple[str, ...] = field(metadata=OPERATOR)
    facts: Mapping[str, str] = field(metadata=OPERATOR)
    date_order: DateOrder | None = field(metadata=OPERATOR)
    decimal_sign: DecimalSign | None = field(metadata=OPERATOR)
    rows: int = field(metadata=OPERATOR)
    created: int = field(metadata=OPERATOR)
    updated: int = field(metadata=OPERATOR)
    unchanged: int = field(metadata=OPERATOR)
    skipped: int = field(metadata=OPERATOR)
    refused: int = field(metadata=OPERATOR)
    activated: int = field(metadata=OPERATOR)
    warned: Mapping[str, int] = field(metadata=OPERATOR)
    problems: tuple[ImportProblem, ...] = field(metadata=OPERATOR)
    twins: tuple[TwinOf, ...] = field(metadata=OPERATOR)
    warnings: tuple[ImportWarning, ...] = field(metadata=OPERATOR)
    missing: tuple[MissingItem, ...] = field(metadata=IDENTITY)
