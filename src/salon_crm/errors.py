"""Every error salon_crm raises: one family, each with a stable code and no personal data.

An error carries three things a host may build its own sentence from: ``code`` (kebab-case, never
changes), ``field`` (the field at fault, or None) and ``params`` (figures and ids, never a name, a
phone, an e-mail or a note). The sentences stand in one table, `SENTENCES`; an unknown code is a
programming error and is refused at once.
"""

from collections.abc import Iterable, Mapping
from types import MappingProxyType
from typing import Any, Final

Param = str | int | bool | None | tuple[str, ...]

SENTENCES: Final[Mapping[str, str]] = MappingProxyType(
    {
        # values
        "required": "is required. {hint}",
        "wrong-type": "must be {expected}.",
        "not-a-choice": "must be one of {choices}.",
        "unknown-field": "is not a field here. {hint}",
        "id-reserved": "is an id of zeros or of ones alone, which no record has. Leave it out to have one made.",
        "not-an-id": "is not an id. Give a UUID, or its text such as 01890a5d-ac96-774b-bcce-b302099a8057.",
        "text-empty": "must not be empty.",
        "text-too-long": "has {length} characters; at most {limit} are kept.",
        "text-key-too-long": "is too long to be found again: its search form takes {length} bytes of {limit}.",
        "text-forbidden-character": (
            "holds a character that cannot be kept ({character}, at position {position}). Remove it and try again."
        ),
        "text-line-break": "holds a line break at position {position}; this field is a single line.",
        "number-out-of-range": "must be between {low} and {high}.",
        "too-many": "holds {count} values; at most {limit} are kept.",
        "email-invalid": "is not an e-mail address: {reason}.",
        "phone-needs-region": (
            "is a national number and no region says of which country. Write it with + and the country code, "
            "or give region, such as region='PT'."
        ),
        "phone-invalid": "is not a phone number: {reason}.",
        "region-unknown": "is not a two-letter region that has phone numbers. Use one such as PT, or ZZ for none.",
        "country-unknown": "is not a country. Use its two letters of ISO 3166, such as PT, or its name.",
        "zone-unknown": "is not a time zone of the IANA database. Use one such as Europe/Lisbon.",
        "currency-unknown": "is not a currency code of ISO 4217. Use one such as EUR.",
        "code-invalid": (
            "is not a code: lower-case words of letters and digits with hyphens between, at most 60 characters, such "
            "as balayage-toner."
        ),
        "money-invalid": "is not an amount of money. Give a Decimal, a whole number, or text such as 12.50.",
        "money-float": "is a float, which cannot hold most amounts exactly. Give a Decimal, or text such as 12.50.",
        "money-too-fine": "is finer than {currency} can be paid in: it has {digits} digits after the point.",
        "money-mixed": "is of {currency} where {expected} is counted; a salon keeps one currency.",
        "payment-of-nothing": "is no money at all. Say how much came in.",
        "line-sells": "names {count} of service, product and package; a line names just one.",
        "line-taken-back": "is a line of which nothing is left to take back.",
        "lines-or-amount": "goes with no lines. State lines, each with an amount of its own, or an amount alone.",
        "language-invalid": "is not a language tag. Use one such as pt or pt-BR.",
        "date-invalid": "cannot be read as a day of the calendar. Write it as 1990-05-17, or --05-17 without a year.",
        "date-in-future": "lies in the future.",
        "date-order-needed": (
            "is needed: the dates of column {column} can be read two ways (first in line {line}). "
            "State date_order as dmy, mdy or ymd."
        ),
        "day-invalid": (
            "cannot be read as a day with its year. Write it as 2026-05-17, or state date_order where the file has "
            "another order."
        ),
        "time-needed": "states a day and no time. Write it as 2026-05-17 14:30.",
        "time-invalid": "cannot be read as a time of day. Write it as 14:30.",
        "time-skipped": "is a time that the clock there never showed on that day: it was put forward over it.",
        "duration-invalid": "cannot be read as a length of time. Write it in minutes, such as 45, or as 1:30.",
        "status-to-come": "is {status}, and the start is still to come. Correct one of the two.",
        "decimal-sign-needed": (
            "is needed: the amounts of column {column} can be read two ways (first in line {line}). State decimal_sign "
            "as . or ,."
        ),
        "decimal-signs-mixed": (
            "is needed: the amounts of column {column} follow no single sign (the first in line {line}). State the "
            "sign most have before the decimals; rows that do not follow it are handed back."
        ),
        "instant-naive": "has no time zone. Give a datetime with tzinfo, such as datetime.now(timezone.utc).",
        "instant-in-future": "lies in the future; it says when the thing happened.",
        "booking-end": "must come after the start.",
        "booking-past": "lies in the past. Choose a time to come.",
        "booking-too-long": "is more than {days} days after the start, longer than any booking.",
        "not-cancelled": "is said of a booking that is {status}. Leave it out, or state the status cancelled.",
        "range-backwards": "ends below where it begins.",
        "period-backwards": "lies before the start of the period.",
        "version-unknown": "is a version this customer has not reached; it is at {current}.",
        "cursor-invalid": "is not a page of this salon. Take it from the next or previous of an earlier page.",
        "cursor-of-another-query": (
            "belongs to another search. Start again without page, or repeat the criteria and order it came from."
        ),
        "date-orders-mixed": (
            "is needed: the dates of this file follow no single order (the first in column {column}, line {line}). "
            "State the order most are in; rows that do not follow it are handed back."
        ),
        "url-unsupported": (
            "names a kind of storage that is not supported: {scheme}. Give a path for SQLite, a postgresql:// URL, "
            "nothing for memory, or a Store."
        ),
        "transfer-to-self": "is who gives the points. Name another customer.",
        "settings-needed": "is needed to create a salon. {hint}",
        "invalid-document": "{count} {values} cannot be taken: {problems}",
        "document-unknown": "is not a document of salon_crm. {hint}",
        "not-an-actor-id": "must be the id of a staff member, a customer or a job: 1 to {limit} printable characters.",
        # files
        "file-unreadable": "cannot be read: {reason}.",
        "file-unwritable": "cannot be written: {reason}.",
        "file-workbook": "is a workbook, not a CSV file. Save the sheet as CSV (UTF-8) and try again.",
        "file-empty": "is empty: there is no header to read.",
        "file-encoding": "is {encoding}, which is not read. Save it as UTF-8 and try again.",
        "file-no-header": (
            "has no header: its first line names no column that is known. Add a line of column names, or give mapping."
        ),
        "file-lacks-columns": "has no column for {targets}. Say in mapping which column it is.",
        "file-duplicate-header": "names column {column} twice. Rename one of them.",
        "file-open-quote": "opens a quote in line {line} that never closes. Close it, or double it inside a cell.",
        "file-unknown-column": "names a column the file does not have: {column}. It has: {columns}.",
        "file-column-taken-twice": "gives two columns to {target}, which takes one: {columns}.",
        "format-unknown": "is not a format this salon has: {format}. It has: {formats}.",
        "row-ragged": "has {cells} cells where the header has {columns}. Check the quotes and delimiters of this line.",
        "row-cell-too-long": "has {length} characters in column {column}; at most {limit} are read.",
        "row-ambiguous": "matches {count} customers. Decide which one it is: {ids}.",
        "row-id-repeated": "is the id line {line} has for somebody of another name. Give each person one id.",
        "row-customer-removed": (
            "is the id of a customer removed from this salon. Clear the id to bring the row in as a new customer."
        ),
        "row-changed-since-export": (
            "is older than the profile, which is at version {current}. Export again, or clear the version to let "
            "the file win."
        ),
        "row-no-customer": (
            "matches no customer of this salon: nobody has this id, or this contact under this name. Bring the "
            "customer in first, or correct the row."
        ),
        "row-item-unknown": (
            "names no {kind} of the catalogue, by code, id or name. Add it to the catalogue, or correct the row."
        ),
        "row-item-ambiguous": "is the name of {count} {kind}s. Use a code: {codes}.",
        "row-booking-repeated": (
            "is the id that line {line} has for another customer, service or start. Give each booking one id, or leave "
            "the ids out, so that bookings are known by who comes, for what and when."
        ),
        # not found, conflicts
        "not-found": "There is no {kind} {id} in this salon.",
        "salon-absent": "holds no salon. Check the path, and of a database the salon_id, the schema and the role.",
        "gone": "The {kind} {id} was removed from this salon.",
        "stale": "Changed by somebody else since version {version}: {fields}. Read the customer again and repeat.",
        "reference-reserved": "begins with {prefix}, as those of entries that the programme makes. Use another.",
        "id-taken": "is the id of another record of this salon. Leave it out to have one made.",
        "reference-differs": ("is another in entry {id}, which has this reference. Use one reference for one act."),
        "external-id-held": "is held by customer {customer_id}. An id of another system belongs to one customer.",
        "code-taken": "{taken} is the code of another {kind}, {id}. Codes are never used twice; choose another.",
        "code-twice": "has the code {code} twice. Codes tell them apart; choose another.",
        "entry-later": "is before the entry {id} that it would undo.",
        "tier-not-higher": "must be above {than}, which an earlier tier asks for. List the lowest first.",
        "actor-taken": "is the actor that staff member {id} acts under; two cannot be one.",
        "reference-reused": "was used before for another {command}. Use one reference for one act.",
        "several-matches": "Several customers match: {ids}. Ask which one it is, or merge them.",
        "salon-exists": "{field_name} of this salon is {current}. Reopen without it, or use change_settings.",
        "secret-differs": (
            "is not the secret this salon was created with{hint}. Without it blocks cannot be recognised again."
        ),
        "move-target-taken": "holds another salon, {id}. Move into an empty store.",
        "move-differs": (
            "does not hold what the source holds, by its {kinds}: one of them was written to since the move began. "
            "Empty the target and move again."
        ),
        "version-conflict": "{kind} {id} is at version {current}, not {expected}.",
        "key-taken": "{key} of this {kind} is already held by {id}.",
        # rules
        "has-history": (
            "Customer {customer_id} has history: {kinds}. Deactivate the customer instead, or have it erased."
        ),
        "customer-blocked": "Customer {customer_id} is blocked and cannot book. Unblock the customer first.",
        "booking-not-possible": "Booking is not possible for {customer_id}. Ask the salon.",
        "booking-move": "Booking {id} is {status}: {move} is not possible from there. Possible is: {allowed}.",
        "booking-begun": "Booking {id} has begun, or would have by its new time. Ask the salon to change it.",
        "booking-to-come": "Booking {id} has not begun yet. It can {move} once its start is past.",
        "booking-not-sold": (
            "Booking {id} is {status}. Reopen it with reopen_booking first, or leave it out of the sale."
        ),
        "booking-of-another": "Booking {id} is another customer's. Sell it to them, or leave it out of the sale.",
        "sale-status": "Sale {id} is {status}. Only one that is {needed} can be {done}.",
        "sale-paid": "Money was paid for sale {id}. Hand it back with refund_sale instead of cancelling the sale.",
        "sale-assigned": "Sale {id} has a customer, and is never given to another.",
        "nothing-to-refund": "Nothing of sale {id} is left to refund.",
        "refund-exceeds": "is more than is left of sale {id}: {left}.",
        "returned-exceeds": "is more than was paid for sale {id}: {paid}.",
        "not-enough-points": (
            "is more than customer {customer_id} has to spend: {asked} were asked for, {left} are there."
        ),
        "points-below-minimum": "is less than this salon redeems at once, which is {minimum}.",
        "points-cap": (
            "is more than {actor} may still give today: {asked} were asked for, {left} are left of {cap}. Ask a "
            "manager."
        ),
        "sale-of-another": "Sale {id} is not this customer's. Name one that is, or leave it out.",
        "entry-reversed": "Entry {id} was reversed before.",
        "entry-not-reversible": (
            "Entry {id} is one of points that were {action}, which is not undone. Add or adjust points instead."
        ),
        "package-assigned": "Customer {customer_id} has the package {package} already, assigned by hand.",
        "currency-in-use": (
            "{current} is what sales, prices or rewards of this salon are in, and it stays. Open another salon for "
            "another currency."
        ),
        "retired": "The {kind} {item} is no longer offered. Choose another, or restore it.",
        "already-blocked": "Customer {customer_id} is blocked already. Unblock first to state another reason.",
        "not-blocked": "Customer {customer_id} is not blocked.",
        "alert-settled": "Block alert {id} was {state} before.",
        "transaction-open": (
            "A transaction of this salon is open in this thread. Give tx, the salon it yielded, to the use case."
        ),
        "transaction-over": "This transaction has ended; tx serves inside its with block only.",
        "transaction-elsewhere": "This transaction belongs to another thread or process. Use tx where it was opened.",
        "sliced-in-transaction": (
            "{use_case} works in many short transactions and cannot run inside one. Call it with the salon itself."
        ),
        "closed": "This salon is closed. Open it again with open_salon.",
        # permissions
        "not-permitted": "{actor} may not {use_case}: it needs the permission {permission}.",
        "not-permitted-own": "{actor} may see and change only their own profile ({permission}).",
        "not-permitted-self": "{actor} may not change the points of the profile that is their own ({permission}).",
        "not-permitted-scope": (
            "{actor} has the permission {permission} within {scopes} only, and {use_case} cannot be held to that."
        ),
        "not-permitted-field": "{actor} may not change {field_name}; it is the salon's to fill ({permission}).",
        "not-permitted-location": "{actor} is limited to other locations than this one.",
        "not-permitted-locations": (
            "{actor} is limited to locations, and what this covers is not kept by location yet ({permission})."
        ),
        # support
        "not-supported": "This store does not keep {what}.",
        "store-cannot": "This store cannot {what}.",
        "unknown-criterion": "{what} is not a criterion. Known: {known}.",
        "unknown-tier": "names {ref}, which is no tier of this salon's rewards programme. Known: {known}.",
        "unknown-code": "names {ref}, which is no {kind} of this salon. catalogue() lists them all.",
        "criteria-unreadable": (
            "cannot be read at line {line}, column {column} (position {position}). Expected there: {expected}."
        ),
        "criteria-unknown": (
            "has at line {line}, column {column} (position {position}) what is not known there. Known: {known}."
        ),
        "criteria-unresolved": (
            "names types of services, days counted from today, or amounts. Ask through a use case such as "
            "find_customers, which resolves them."
        ),
        "choice-empty": "is a choice from nothing. Leave it out to restrict nothing.",
        "criteria-too-large": "The criteria have {count} {what}; at most {limit} are answered.",
        # stores
        "store-unopenable": "{where} cannot be opened: {reason}.",
        "store-foreign": (
            "{where} holds tables, none of them of salon_crm. Open it with share=True to keep a salon beside them."
        ),
        "store-newer": "{where} was written by a newer salon_crm (schema {found}; this one knows {known}). Upgrade.",
        "store-outdated": "{where} has schema {found} and needs {known}. Open it with migrate=True.",
        "store-unmigrated": (
            "{where} has schema {found} and needs {known}. Let the owner of its tables run python -m salon_crm migrate."
        ),
        "role-beyond-security": (
            "The role {role} would see the rows of every salon: row security does not hold for superusers, nor with "
            "BYPASSRLS. Connect as an ordinary role."
        ),
        "extra-missing": "{what} needs what is not installed. Run pip install 'salon-crm[{extra}]'.",
        "store-busy": "The store was busy for {seconds} s and nothing was written. Try again.",
        "pool-empty": (
            "The host's pool had no connection to give for {seconds} s, and nothing was written: all are taken, or the "
            "server cannot be reached. Make the pool larger, or what holds its connections shorter, and try again."
        ),
        "store-failed": "The store failed and nothing was written: {reason}.",
        "outcome-unknown": (
            "The store failed while it was keeping this: {reason}. It may be there as a whole or not at all, also only "
            "once the store is opened again. Look before you repeat it."
        ),
        "connection-unfit": "cannot be joined: {reason}. {hint}",
        "turn-taken": (
            "Another writer has its turn, and nothing was written. Roll back, begin again, in SQLite with BEGIN "
            "IMMEDIATE, which waits for the turn, and repeat."
        ),
        "snapshot-outdated": (
            "This transaction reads a state that others have written over since. Roll back, begin again, in SQLite "
            "with BEGIN IMMEDIATE, and repeat."
        ),
        "transaction-ended": (
            "The host's transaction ended inside the block of within(), and what was written before that with it. "
            "Commit and roll back after the block; to undo a part, let the block raise."
        ),
        "reading-cannot-write": "This is a reading; open a unit of work with writing() to write.",
        "store-closed": "This store is closed.",
        "unit-over": "This reading or unit of work has ended; it serves inside its with block only.",
        "move-unfinished": (
            "The store holds a part of a salon: a move into it has not ended. Call move_salon again, which goes on "
            "where it stopped."
        ),
        "backup-failed": "No backup was made: {reason}.",
        "store-damaged": "The store holds what salon_crm did not write: {reason}.",
        "rewards-broken": (
            "The rewards ledger of customer {customer_id} does not hold what salon_crm wrote, from entry {sequence} "
            "on: {reason}."
        ),
        "delivery-failed": "The message could not be delivered: {reason}.",
    }
)


def _rebuild(
    cls: type["SalonCrmError"], code: str, field: str | None, params: dict[str, Any], extra: dict[str, Any]
) -> "SalonCrmError":
    """Make an unpickled error equal to the one that was pickled."""
    return cls(code, field=field, **params, **extra)


class SalonCrmError(Exception):
    """What every error of this library is.

    ``code`` is stable and kebab-case, ``field`` names the field at fault or is None, and ``params``
    holds the figures and ids of the sentence. None of the three ever holds personal data.
    """

    code: str
    field: str | None
    params: Mapping[str, Param]

    def __init__(self, code: str, /, *, field: str | None = None, **params: Param) -> None:
        sentence = SENTENCES[code].format_map({name: _shown(value) for name, value in params.items()})
        super().__init__(f"{field}: {sentence.strip()}" if field else sentence.strip())
        self.code = code
        self.field = field
        self.params = MappingProxyType(params)

    def _extra(self) -> dict[str, Any]:
        """What a subclass needs beside the params to be made again."""
        return {}

    def __reduce__(self) -> tuple[Any, ...]:
        return _rebuild, (type(self), self.code, self.field, dict(self.params), self._extra())


def _shown(value: Param) -> str:
    if isinstance(value, tuple):
        return ", ".join(value)
    return str(value)


class InvalidValue(SalonCrmError):
    """A value from outside cannot be taken; ``field`` names it and the sentence says the way out."""

    @property
    def problems(self) -> "tuple[InvalidValue, ...]":
        """Every problem found: this one, or all of a form (`InvalidDocument`)."""
        return (self,)


class InvalidDocument(InvalidValue):
    """Every problem of a form or document together; ``field`` is the first one's."""

    _problems: tuple[InvalidValue, ...]

    def __init__(self, problems: Iterable[InvalidValue]) -> None:
        self._problems = tuple(problems)
        count = len(self._problems)
        super().__init__(
            "invalid-document",
            field=None,
            count=count,
            values="value" if count == 1 else "values",
            problems=" ".join(str(problem) for problem in self._problems),
        )
        self.field = self._problems[0].field

    @property
    def problems(self) -> tuple[InvalidValue, ...]:
        return self._problems

    def __reduce__(self) -> tuple[Any, ...]:
        return InvalidDocument, (self._problems,)


class NotFound(SalonCrmError):
    """There is no such thing in this salon, or no longer."""


class Conflict(SalonCrmError):
    """What is asked collides with what is stored: an id, a reference, a newer version."""


class RuleBroken(SalonCrmError):
    """A rule of the salon forbids it in the present state."""


class NotPermitted(SalonCrmError):
    """This actor may not do this; the permission is named."""


class NotSupported(SalonCrmError):
    """This store or format does not have the ability; nothing is read as empty in its place."""


class UnknownCriterion(InvalidValue):
    """A criterion, operator or value that does not exist: never ignored, so that no audience grows by accident."""


class StoreError(SalonCrmError):
    """The storage failed; unless the sentence says otherwise nothing was written."""


class StoreBusy(StoreError):
    """Other writers held the store until the deadline; nothing was written."""


class SchemaOutdated(StoreError):
    """The store has an older schema and must be migrated first."""


class SchemaNewer(StoreError):
    """The store was written by a newer release; it was left unchanged."""


class TransactionLost(StoreError):
    """The transaction cannot go on; roll back and do it again."""


class DeliveryError(SalonCrmError):
    """A message could not be handed over."""
