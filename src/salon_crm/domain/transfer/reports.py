"""What an import did and what an export wrote, in figures and lines; never a value of a row."""

from collections.abc import Mapping
from typing import Final

from attrs import field, frozen

from salon_crm.domain.dates import DateOrder
from salon_crm.domain.ids import CustomerId, RunId
from salon_crm.domain.privacy import OPERATOR, classed
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
