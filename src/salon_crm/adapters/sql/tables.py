"""The tables of a salon: their columns, and how each kind of record becomes a row and comes back.

A person can query them by hand: ids and instants are text, lists are JSON, and every name begins with
``crm_``, so that the file can be shared with a host's own tables.
"""

import json
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from functools import lru_cache
from json.encoder import encode_basestring
from typing import Any, Final, Generic, TypeVar, cast
from uuid import UUID

from attrs import field, frozen

from salon_crm.adapters.sql.dialect import Dialect, Row, Value
from salon_crm.domain.access import Role
from salon_crm.domain.audit import AuditAction, AuditEntry, Detail
from salon_crm.domain.blocks import AlertState, Block, BlockAlert
from salon_crm.domain.bookings import (
    Booking,
    BookingChange,
    BookingMove,
    BookingOrigin,
    BookingStatus,
    CancelledBy,
)
from salon_crm.domain.catalogue import CatalogueItem, Location, Package, Service, ServiceType, StaffMember
from salon_crm.domain.contact import EmailAddress, PhoneNumber
from salon_crm.domain.customers import Address, Customer, Gender, Status
from salon_crm.domain.dates import PartialDate, in_utc
from salon_crm.domain.facts import CustomerFacts
from salon_crm.domain.ids import (
    Alias,
    AssignedPackageId,
    BlockAlertId,
    BlockId,
    BookingId,
    CustomerId,
    ExternalId,
    LocationId,
    NoteId,
    PackageId,
    Reference,
    RewardEntryId,
    SaleId,
    ServiceId,
    ServiceTypeId,
    StaffMemberId,
)
from salon_crm.domain.marks import Mark, MarkKind
from salon_crm.domain.money import Money
from salon_crm.domain.notes import Note
from salon_crm.domain.privacy import OPERATOR, classed
from salon_crm.domain.rewards import (
    LineShare,
    LotPart,
    OriginKind,
    RewardAction,
    RewardEntry,
    RewardHead,
    RewardLot,
    RewardOrigin,
)
from salon_crm.domain.sales import (
    AssignedPackage,
    LineKind,
    Payment,
    Refund,
    RefundedLine,
    Sale,
    SaleLine,
    SaleStatus,
)
from salon_crm.domain.text import sort_key
from salon_crm.domain.transfer import RowFingerprint
from salon_crm.errors import InvalidValue, StoreError
from salon_crm.ports.records import (
    ALIASES,
    ASSIGNED_PACKAGES,
    BLOCK_ALERTS,
    BLOCKS,
    BOOKING_CHANGES,
    BOOKINGS,
    CATALOGUE_KINDS,
    CUSTOMERS,
    FACTS,
    FINGERPRINTS,
    LOCATIONS,
    MARKS,
    NOTES,
    PACKAGES,
    REFERENCES,
    REWARD_ENTRIES,
    REWARD_HEADS,
    REWARD_LOTS,
    SALES,
    SERVICE_TYPES,
    SERVICES,
    STAFF_MEMBERS,
    Kind,
)

T = TypeVar("T")


@frozen(field_transformer=classed)
class Column:
    """A column: its name, its type (``text``, ``integer`` or ``bytes``), whether it may be NULL."""

    name: str = field(metadata=OPERATOR)
    type: str = field(metadata=OPERATOR)
    nullable: bool = field(metadata=OPERATOR)


def _columns(text: str) -> tuple[Column, ...]:
    """Return the columns that ``name type`` pairs declare, ``type?`` where one may be NULL."""
    declared = (pair.split() for pair in text.split(","))
    return tuple(Column(name, kind.rstrip("?"), kind.endswith("?")) for name, kind in declared)


@frozen(field_transformer=classed, kw_only=True)
class TableShape:
    """A table as the database sees it: columns, primary key, indexes."""

    name: str = field(metadata=OPERATOR)
    columns: tuple[Column, ...] = field(metadata=OPERATOR)
    primary_key: tuple[str, ...] = field(metadata=OPERATOR)
    indexes: tuple[tuple[str, ...], ...] = field(default=(), metadata=OPERATOR)
    unique: tuple[str, ...] = field(default=(), metadata=OPERATOR)
    """Columns, or columns with commas between, of which no two rows have the same value."""
    parent: str | None = field(default=None, metadata=OPERATOR)
    """The table whose row ``customer_id`` names; its rows go with it only by our own hand."""
    keyed: bool = field(default=False, metadata=OPERATOR)
    shared: bool = field(default=False, metadata=OPERATOR)
    """Whether its rows are no salon's, where salons share the tables."""

    def ddl(self, dialect: Dialect) -> list[str]:
        """Return the statements that create the table and its indexes."""
        owner = None if self.shared else dialect.owner()
        whose = () if owner is None else owner[:1]
        lines = [] if owner is None else [" ".join(owner)]
        lines += [
            f"{column.name} {dialect.column_type(column.type)}{'' if column.nullable else ' NOT NULL'}"
            for column in self.columns
        ]
        lines.append(f"PRIMARY KEY ({', '.join((*whose, *self.primary_key))})")
        lines += [f"UNIQUE ({', '.join((*whose, column))})" for column in self.unique]
        if self.parent:
            names, its = ", ".join((*whose, "customer_id")), ", ".join((*whose, "id"))
            lines.append(f"FOREIGN KEY ({names}) REFERENCES {self.parent} ({its})")
        inside, suffix = ",\n  ".join(lines), dialect.table_suffix(keyed=self.keyed)
        create = f"CREATE TABLE {self.name} (\n  {inside}\n) {suffix}"
        indexes = [
            f"CREATE INDEX {self.name}_by_{'_'.join(columns)} ON {self.name} ({', '.join((*whose, *columns))})"
            for columns in self.indexes
        ]
        return [create.rstrip(), *indexes, *([] if owner is None else dialect.guard(self.name))]

    def add_column(self, name: str, dialect: Dialect) -> str:
        """Return the statement that adds a column which may be NULL to a table of an earlier version."""
        [column] = [each for each in self.columns if each.name == name]
        return f"ALTER TABLE {self.name} ADD COLUMN {name} {dialect.column_type(column.type)}"


@frozen(field_transformer=classed, kw_only=True, eq=False)
class Table(Generic[T]):
    """A kind of record and the table it is kept in; there is one of each."""

    kind: Kind[T] = field(metadata=OPERATOR)
    shape: TableShape = field(metadata=OPERATOR)
    to_row: Callable[[T], Row] = field(metadata=OPERATOR)
    from_row: Callable[[Row], T] = field(metadata=OPERATOR)
    columns: str = field(metadata=OPERATOR)
    """The columns of a record, in the order of its row."""
    key_columns: Mapping[str, str] = field(factory=dict[str, str], metadata=OPERATOR)
    """The column each key of the kind is looked up in."""
    knows_keys: bool = field(default=False, metadata=OPERATOR)
    """Whether no two rows can have the same of what is unique among the keys of the kind."""
    settable: tuple[str, ...] = field(default=(), metadata=OPERATOR)
    """The columns a record can be replaced by without a look at what is there, its version among them."""

    def read(self, rows: Iterable[Row]) -> list[T]:
        """Return the records that rows keep; raises StoreError where no release of ours wrote one of them."""
        from_row = self.from_row
        try:
            return [from_row(row) for row in rows]
        except UNREADABLE:
            raise _unreadable(self.shape.name) from None

    def identity_values(self, identity: Any) -> tuple[Value, ...]:
        """Return an identity as the values of the primary key."""
        parts = cast("Iterable[Any]", identity) if isinstance(identity, tuple) else (identity,)
        return tuple(map(plain, parts))


UNREADABLE: Final = (
    ValueError,
    TypeError,
    LookupError,
    AttributeError,
    ArithmeticError,
    RecursionError,
    InvalidValue,
)
"""What reading a row that was damaged raises."""


def read_row(table: str, from_row: Callable[[Row], T], row: Row) -> T:
    """Return what ``from_row`` makes of a row; raises StoreError where the row cannot be read."""
    try:
        return from_row(row)
    except UNREADABLE:
        raise _unreadable(table) from None


def _unreadable(table: str) -> StoreError:
    """Return the error of a row that cannot be read; raised unchained, since theirs may quote it."""
    return StoreError("store-damaged", reason=f"a row of {table} cannot be read")


def plain(value: Any) -> Value:
    """Return a key's value as it is bound."""
    if isinstance(value, UUID):
        return str(value)
    if isinstance(value, str):
        return str.__str__(value)
    if isinstance(value, date):
        return value.isoformat()
    bound: Value = value
    return bound


def write_instant(instant: datetime | None) -> str | None:
    """Return an instant as text that sorts by time and reads as ISO 8601; None stays None."""
    if instant is None:
        return None
    return _instant(in_utc(instant))


@lru_cache(maxsize=64)
def _instant(moment: datetime) -> str:
    return moment.isoformat(timespec="microseconds").removesuffix("+00:00") + "Z"  # in UTC, where none comes twice


def read_instant(text: str) -> datetime:
    """Return the instant that ``write_instant`` wrote; raises ValueError for one that is spelt in any other way."""
    if text[4:17:3] != "--T::" or text[19] != "." or text[26:] != "Z":
        raise ValueError("not as it is written")
    return datetime.fromisoformat(text)


def _read_instant_or_none(text: str | None) -> datetime | None:
    return None if text is None else read_instant(text)


_JSON: Final = json.JSONEncoder(ensure_ascii=False, separators=(",", ":"))


def write_json(value: list[Any] | dict[str, Any]) -> str:
    """Return a list or mapping as JSON text."""
    return _JSON.encode(value) if value else "{}" if isinstance(value, dict) else "[]"


_READ_JSON: Final = json.JSONDecoder().raw_decode


def read_json(text: str) -> Any:
    """Return what JSON text says; raises ValueError for text with anything before or after it."""
    value, end = _READ_JSON(text)
    if end != len(text):
        raise ValueError("not as it is written")
    return value


@lru_cache(maxsize=256)
def _write_names(names: tuple[str, ...]) -> str:
    return write_json(list(names))


def _write_details(details: Mapping[str, Detail]) -> str:
    encode, quoted = _JSON.encode, encode_basestring  # of text alone, a tenth of what a mapping costs
    parts = [
        f"{quoted(name)}:{quoted(value) if isinstance(value, str) else encode(value)}"
        for name, value in details.items()
    ]
    return f"{{{','.join(parts)}}}"


def _write_emails(emails: Sequence[EmailAddress]) -> str:
    return write_json([[email.address, email.key] for email in emails]) if emails else "[]"


def read_emails(text: str) -> tuple[EmailAddress, ...]:
    """Return the addresses that a column of JSON keeps."""
    return tuple(EmailAddress(address, key) for address, key in read_json(text)) if text != "[]" else ()


def _write_phones(phones: Sequence[PhoneNumber]) -> str:
    return write_json([[phone.e164, phone.valid, phone.extension] for phone in phones]) if phones else "[]"


def read_phones(text: str) -> tuple[PhoneNumber, ...]:
    """Return the phones that a column of JSON keeps."""
    return tuple(PhoneNumber(*parts) for parts in read_json(text)) if text != "[]" else ()


def _write_external_ids(external_ids: Sequence[ExternalId]) -> str:
    return write_json([[each.system, each.id] for each in external_ids]) if external_ids else "[]"


def read_external_ids(text: str) -> tuple[ExternalId, ...]:
    """Return the external ids that a column of JSON keeps."""
    return tuple(ExternalId(system, own_id) for system, own_id in read_json(text)) if text != "[]" else ()


def read_texts(text: str) -> tuple[str, ...]:
    """Return the texts that a column of JSON keeps; whether they are texts shows where they are used."""
    return tuple(read_json(text)) if text != "[]" else ()


def _write_date(day: PartialDate | None) -> str | None:
    return None if day is None else str(day)


def read_date(text: str) -> PartialDate:
    """Return the day that a column keeps."""
    year, month, day = text[:-6], text[-5:-3], text[-2:]
    return PartialDate(int(month), int(day), int(year) if year != "-" else None)


_CUSTOMER_COLUMNS: Final = _columns(
    "id text, version integer, added text, status text, name text, first_name text?, last_name text?, "
    "email text?, email_key text?, other_emails text, mobile text?, mobile_valid integer?, mobile_extension text?, "
    "other_phones text, contact_declined integer, birthday text?, anniversary text?, gender text?, "
    "referral_source text?, address_lines text?, city text?, subdivision text?, postal_code text?, country text?, "
    "language text?, zone text?, preferences text?, external_ids text, former_names text, former_emails text, "
    "former_phones text, name_key text"
)
_SEARCH_COLUMNS: Final = 1


def _customer_to_row(customer: Customer) -> Row:
    email, mobile, address = customer.email, customer.mobile, customer.address
    return (
        str(customer.id),
        customer.version,
        write_instant(customer.added),
        customer.status.value,
        customer.name,
        customer.first_name,
        customer.last_name,
        email.address if email else None,
        email.key if email else None,
        _write_emails(customer.other_emails),
        mobile.e164 if mobile else None,
        int(mobile.valid) if mobile else None,
        mobile.extension if mobile else None,
        _write_phones(customer.other_phones),
        int(customer.contact_declined),
        _write_date(customer.birthday),
        _write_date(customer.anniversary),
        customer.gender.value if customer.gender else None,
        customer.referral_source,
        write_json(list(address.lines)) if address else None,
        address.city if address else None,
        address.subdivision if address else None,
        address.postal_code if address else None,
        address.country if address else None,
        customer.language,
        customer.zone,
        customer.preferences,
        _write_external_ids(customer.external_ids),
        write_json(list(customer.former_names)) if customer.former_names else "[]",
        _write_emails(customer.former_emails),
        _write_phones(customer.former_phones),
        sort_key(customer.name),
    )


def _customer_from_row(row: Row) -> Customer:
    (
        own_id, version, added, status, name, first_name, last_name, email, email_key, other_emails, mobile,
        mobile_valid, mobile_extension, other_phones, contact_declined, birthday, anniversary, gender,
        referral_source, address_lines, city, subdivision, postal_code, country, language, zone, preferences,
        external_ids, former_names, former_emails, former_phones,
    ) = row  # fmt: skip
    return Customer(
        id=CustomerId(UUID(own_id)),
        version=version,
        added=read_instant(added),
        status=Status(status),
        name=name,
        first_name=first_name,
        last_name=last_name,
        email=None if email is None else EmailAddress(email, email_key),
        other_emails=read_emails(other_emails),
        mobile=None if mobile is None else PhoneNumber(mobile, bool(mobile_valid), mobile_extension),
        other_phones=read_phones(other_phones),
        contact_declined=bool(contact_declined),
        birthday=None if birthday is None else read_date(birthday),
        anniversary=None if anniversary is None else read_date(anniversary),
        gender=None if gender is None else Gender(gender),
        referral_source=referral_source,
        address=None
        if address_lines is None
        else Address(
            lines=read_texts(address_lines),
            city=city,
            subdivision=subdivision,
            postal_code=postal_code,
            country=country,
        ),
        language=language,
        zone=zone,
        preferences=preferences,
        external_ids=read_external_ids(external_ids),
        former_names=read_texts(former_names),
        former_emails=read_emails(former_emails),
        former_phones=read_phones(former_phones),
    )


def _names(columns: Sequence[Column]) -> str:
    return ", ".join(column.name for column in columns)


CUSTOMER_TABLE: Final = Table(
    kind=CUSTOMERS,
    shape=TableShape(
        name="crm_customers",
        columns=_CUSTOMER_COLUMNS,
        primary_key=("id",),
        indexes=(("added", "id"),),
    ),
    to_row=_customer_to_row,
    from_row=_customer_from_row,
    columns=_names(_CUSTOMER_COLUMNS[:-_SEARCH_COLUMNS]),
)

EXTERNAL_IDS: Final = TableShape(
    name="crm_external_ids",
    columns=_columns("system text, external_id text, customer_id text"),
    primary_key=("system", "external_id"),
    indexes=(("customer_id",),),
    parent="crm_customers",
    keyed=True,
)
CUSTOMER_KEYS: Final = TableShape(
    name="crm_customer_keys",
    columns=_columns("kind text, value text, customer_id text"),
    primary_key=("kind", "value", "customer_id"),
    indexes=(("customer_id",),),
    parent="crm_customers",
    keyed=True,
)

CUSTOMER_SEARCH: Final = TableShape(
    name="crm_customer_search",
    columns=_columns("place integer, customer_id text, name_key text, status text, words text, digits text"),
    primary_key=("place",),
    unique=("customer_id",),
    parent="crm_customers",
)
SERVICE_WORDS: Final = 4
PACKAGE_WORDS: Final = 2
"""How many integers of 63 bits a customer's services, and their packages, are kept in."""


def _words(name: str, count: int) -> tuple[str, ...]:
    return tuple(f"{name}_{number}" for number in range(1, count + 1))


BOOKED_WORDS: Final = _words("booked", SERVICE_WORDS)
EVER_WORDS: Final = _words("ever", SERVICE_WORDS)
PACKAGES_WORDS: Final = _words("packages", PACKAGE_WORDS)
_FURTHER_WORDS: Final = (*BOOKED_WORDS[1:], *EVER_WORDS[1:], *PACKAGES_WORDS[1:])

CUSTOMER_PANEL: Final = TableShape(
    name="crm_customer_panel",
    columns=_columns(
        "name_key text, customer_id text, booked_1 integer, ever_1 integer, status text, visits integer, "
        "last_visit text?, spend integer, packages_1 integer, gender text?, added text, "
        + ", ".join(f"{word} integer" for word in _FURTHER_WORDS)
    ),
    primary_key=("name_key", "customer_id"),
    keyed=True,
)
"""The list of names, with what panels ask of a customer: what is asked most stands in front, where it is read fastest.

Its rows have no parent: SQLite would look for a customer's row through all of them before the customer may go.
"""

CODES: Final = TableShape(
    name="crm_codes",
    columns=_columns("kind text, code text, bit integer"),
    primary_key=("kind", "code"),
    unique=("kind, bit",),
    keyed=True,
)
"""The bit that stands for a service or a package in the words of `CUSTOMER_PANEL`."""

SALE_BOOKINGS: Final = TableShape(
    name="crm_sale_bookings",
    columns=_columns("booking_id text, sale_id text"),
    primary_key=("booking_id", "sale_id"),
    indexes=(("sale_id",),),
    keyed=True,
)
PIECES: Final = "crm_customer_pieces"
"""What has each piece of the text in `CUSTOMER_SEARCH`, by place; each database keeps it in its own way."""


def _note_to_row(note: Note) -> Row:
    return (
        str(note.id),
        str(note.customer_id),
        note.text,
        int(note.alert),
        write_instant(note.at),
        note.by,
        write_instant(note.edited_at),
        note.edited_by,
        note.version,
    )


def _note_from_row(row: Row) -> Note:
    own_id, customer_id, text, alert, at, by, edited_at, edited_by, version = row
    return Note(
        id=NoteId(UUID(own_id)),
        customer_id=CustomerId(UUID(customer_id)),
        text=text,
        alert=bool(alert),
        at=read_instant(at),
        by=by,
        edited_at=_read_instant_or_none(edited_at),
        edited_by=edited_by,
        version=version,
    )


def _block_to_row(block: Block) -> Row:
    return (
        str(block.id),
        str(block.origin),
        str(block.customer_id),
        block.reason,
        write_instant(block.at),
        block.by,
        write_instant(block.lifted_at),
        block.lifted_by,
        block.version,
    )


def _block_from_row(row: Row) -> Block:
    own_id, origin, customer_id, reason, at, by, lifted_at, lifted_by, version = row
    return Block(
        id=BlockId(UUID(own_id)),
        origin=BlockId(UUID(origin)),
        customer_id=CustomerId(UUID(customer_id)),
        reason=reason,
        at=read_instant(at),
        by=by,
        lifted_at=_read_instant_or_none(lifted_at),
        lifted_by=lifted_by,
        version=version,
    )


def _alert_to_row(alert: BlockAlert) -> Row:
    return (
        str(alert.id),
        str(alert.customer_id),
        str(alert.origin),
        write_instant(alert.at),
        alert.state.value,
        write_instant(alert.settled_at),
        alert.settled_by,
        alert.version,
    )


def _alert_from_row(row: Row) -> BlockAlert:
    own_id, customer_id, origin, at, state, settled_at, settled_by, version = row
    return BlockAlert(
        id=BlockAlertId(UUID(own_id)),
        customer_id=CustomerId(UUID(customer_id)),
        origin=BlockId(UUID(origin)),
        at=read_instant(at),
        state=AlertState(state),
        settled_at=_read_instant_or_none(settled_at),
        settled_by=settled_by,
        version=version,
    )


def write_day(day: date | None) -> str | None:
    """Return a day as ISO text, which sorts by time; None stays None."""
    return None if day is None else day.isoformat()


def _read_day(text: str | None) -> date | None:
    return None if text is None else date.fromisoformat(text)


def _read_money(minor: int | None, currency: str | None) -> Money | None:
    return None if minor is None or currency is None else Money(minor, currency)


def _retired(item: CatalogueItem) -> int:
    return int(item.retired_at is not None)


def _service_to_row(service: Service) -> Row:
    return (
        str(service.id),
        service.code,
        service.name,
        service.service_type,
        service.usual_interval,
        service.duration,
        write_json(list(service.skin_tests)),
        write_instant(service.retired_at),
        _retired(service),
        service.version,
    )


def _service_from_row(row: Row) -> Service:
    own_id, code, name, service_type, usual_interval, duration, skin_tests, retired_at, _, version = row
    return Service(
        id=ServiceId(UUID(own_id)),
        code=code,
        name=name,
        service_type=service_type,
        usual_interval=usual_interval,
        duration=duration,
        skin_tests=read_texts(skin_tests),
        retired_at=_read_instant_or_none(retired_at),
        version=version,
    )


_ITEM_COLUMNS: Final = "id text, code text, name text, retired_at text?, retired integer, version integer"


def _item_to_row(item: ServiceType | Package) -> Row:
    return (str(item.id), item.code, item.name, write_instant(item.retired_at), _retired(item), item.version)


def _service_type_from_row(row: Row) -> ServiceType:
    own_id, code, name, retired_at, _, version = row
    at = _read_instant_or_none(retired_at)
    return ServiceType(id=ServiceTypeId(UUID(own_id)), code=code, name=name, retired_at=at, version=version)


def _package_from_row(row: Row) -> Package:
    own_id, code, name, retired_at, _, version = row
    at = _read_instant_or_none(retired_at)
    return Package(id=PackageId(UUID(own_id)), code=code, name=name, retired_at=at, version=version)


def _location_to_row(location: Location) -> Row:
    return (
        str(location.id),
        location.code,
        location.name,
        location.zone,
        location.region,
        write_instant(location.retired_at),
        _retired(location),
        location.version,
    )


def _location_from_row(row: Row) -> Location:
    own_id, code, name, zone, region, retired_at, _, version = row
    return Location(
        id=LocationId(UUID(own_id)),
        code=code,
        name=name,
        zone=zone,
        region=region,
        retired_at=_read_instant_or_none(retired_at),
        version=version,
    )


def _staff_member_to_row(member: StaffMember) -> Row:
    return (
        str(member.id),
        member.code,
        member.name,
        member.actor_id,
        write_instant(member.retired_at),
        _retired(member),
        member.version,
        None if member.customer_id is None else str(member.customer_id),
    )


def _staff_member_from_row(row: Row) -> StaffMember:
    own_id, code, name, actor_id, retired_at, _, version, customer_id = row
    return StaffMember(
        id=StaffMemberId(UUID(own_id)),
        code=code,
        name=name,
        actor_id=actor_id,
        retired_at=_read_instant_or_none(retired_at),
        version=version,
        customer_id=None if customer_id is None else CustomerId(UUID(customer_id)),
    )


def _booking_to_row(booking: Booking) -> Row:
    external, price = booking.external_id, booking.price
    return (
        str(booking.id),
        str(booking.customer_id),
        booking.service,
        write_instant(booking.start),
        write_instant(booking.end),
        booking.zone,
        write_day(booking.day),
        booking.location,
        booking.therapist,
        booking.status.value,
        booking.cancelled_by.value if booking.cancelled_by else None,
        None if price is None else price.minor,
        None if price is None else price.currency,
        booking.package,
        booking.note,
        write_instant(booking.arrived_at),
        external.system if external else None,
        external.id if external else None,
        booking.origin.value,
        write_instant(booking.at),
        booking.by,
        booking.version,
    )


def _booking_from_row(row: Row) -> Booking:
    (
        own_id, customer_id, service, start, end, zone, _, location, therapist, status, cancelled_by, price, currency,
        package, note, arrived_at, system, external_id, origin, at, by, version,
    ) = row  # fmt: skip
    return Booking(
        id=BookingId(UUID(own_id)),
        customer_id=CustomerId(UUID(customer_id)),
        service=service,
        start=read_instant(start),
        end=read_instant(end),
        zone=zone,
        location=location,
        therapist=therapist,
        status=BookingStatus(status),
        cancelled_by=None if cancelled_by is None else CancelledBy(cancelled_by),
        price=_read_money(price, currency),
        package=package,
        note=note,
        arrived_at=_read_instant_or_none(arrived_at),
        external_id=None if system is None else ExternalId(system, external_id),
        origin=BookingOrigin(origin),
        at=read_instant(at),
        by=by,
        version=version,
    )


def _change_to_row(change: BookingChange) -> Row:
    return (
        str(change.booking_id),
        change.version,
        str(change.customer_id),
        write_instant(change.at),
        change.by,
        change.move.value if change.move else None,
        change.reason,
        change.status.value,
        write_instant(change.start),
        write_instant(change.end),
        change.zone,
        change.service,
        change.location,
        change.therapist,
    )


def _change_from_row(row: Row) -> BookingChange:
    (
        booking_id, version, customer_id, at, by, move, reason, status, start, end, zone, service, location, therapist,
    ) = row  # fmt: skip
    return BookingChange(
        booking_id=BookingId(UUID(booking_id)),
        version=version,
        customer_id=CustomerId(UUID(customer_id)),
        at=read_instant(at),
        by=by,
        move=None if move is None else BookingMove(move),
        reason=reason,
        status=BookingStatus(status),
        start=read_instant(start),
        end=read_instant(end),
        zone=zone,
        service=service,
        location=location,
        therapist=therapist,
    )


def _assigned_to_row(assigned: AssignedPackage) -> Row:
    return (
        str(assigned.id),
        str(assigned.customer_id),
        assigned.package,
        write_instant(assigned.at),
        assigned.by,
        write_instant(assigned.withdrawn_at),
        assigned.withdrawn_by,
        assigned.version,
    )


def _assigned_from_row(row: Row) -> AssignedPackage:
    own_id, customer_id, package, at, by, withdrawn_at, withdrawn_by, version = row
    return AssignedPackage(
        id=AssignedPackageId(UUID(own_id)),
        customer_id=CustomerId(UUID(customer_id)),
        package=package,
        at=read_instant(at),
        by=by,
        withdrawn_at=_read_instant_or_none(withdrawn_at),
        withdrawn_by=withdrawn_by,
        version=version,
    )


def _sale_to_row(sale: Sale) -> Row:
    lines = [[line.kind.value, line.item, line.name, line.quantity, line.price.minor] for line in sale.lines]
    payments = [[write_instant(each.at), each.by, each.amount.minor, each.method] for each in sale.payments]
    refunds = [
        [
            write_instant(each.at),
            each.by,
            each.amount.minor,
            each.returned.minor,
            [[part.line, part.quantity, part.amount.minor] for part in each.lines],
            each.reason,
        ]
        for each in sale.refunds
    ]
    return (
        str(sale.id),
        None if sale.customer_id is None else str(sale.customer_id),
        write_instant(sale.at),
        sale.zone,
        write_day(sale.day),
        sale.location,
        sale.currency,
        write_json(lines),
        write_json(payments),
        write_json(refunds),
        write_json([str(each) for each in sale.bookings]),
        sale.status.value,
        sale.by,
        write_instant(sale.recorded),
        sale.version,
    )


def _sale_from_row(row: Row) -> Sale:
    (
        own_id, customer_id, at, zone, _, location, currency, lines, payments, refunds, bookings, status, by, recorded,
        version,
    ) = row  # fmt: skip
    return Sale(
        id=SaleId(UUID(own_id)),
        customer_id=None if customer_id is None else CustomerId(UUID(customer_id)),
        at=read_instant(at),
        zone=zone,
        location=location,
        currency=currency,
        lines=tuple(_read_line(each, currency) for each in read_json(lines)),
        payments=tuple(_read_payment(each, currency) for each in read_json(payments)),
        refunds=tuple(_read_refund(each, currency) for each in read_json(refunds)),
        bookings=tuple(BookingId(UUID(each)) for each in read_json(bookings)),
        status=SaleStatus(status),
        by=by,
        recorded=read_instant(recorded),
        version=version,
    )


def _read_line(parts: list[Any], currency: str) -> SaleLine:
    kind, item, name, quantity, price = parts
    return SaleLine(kind=LineKind(kind), item=item, name=name, quantity=quantity, price=Money(price, currency))


def _read_payment(parts: list[Any], currency: str) -> Payment:
    at, by, amount, method = parts
    return Payment(at=read_instant(at), by=by, amount=Money(amount, currency), method=method)


def _read_refund(parts: list[Any], currency: str) -> Refund:
    at, by, amount, returned, lines, reason = parts
    return Refund(
        at=read_instant(at),
        by=by,
        amount=Money(amount, currency),
        returned=Money(returned, currency),
        lines=tuple(
            RefundedLine(line=line, quantity=quantity, amount=Money(part, currency)) for line, quantity, part in lines
        ),
        reason=reason,
    )


def _facts_to_row(facts: CustomerFacts) -> Row:
    return (
        str(facts.customer_id),
        facts.visits,
        write_day(facts.first_visit),
        write_day(facts.last_visit),
        facts.spend,
        write_json(sorted(facts.booked)),
        write_json(sorted(facts.ever_booked)),
        write_json(sorted(facts.packages)),
        facts.version,
    )


def _facts_from_row(row: Row) -> CustomerFacts:
    customer_id, visits, first_visit, last_visit, spend, booked, ever_booked, packages, version = row
    return CustomerFacts(
        customer_id=CustomerId(UUID(customer_id)),
        visits=visits,
        first_visit=_read_day(first_visit),
        last_visit=_read_day(last_visit),
        spend=spend,
        booked=frozenset(read_texts(booked)),
        ever_booked=frozenset(read_texts(ever_booked)),
        packages=frozenset(read_texts(packages)),
        version=version,
    )


def _origin_columns(origin: RewardOrigin | None) -> Row:
    return (None, None) if origin is None else (origin.kind.value, str(origin.id))


def _read_origin(kind: str | None, own_id: str | None) -> RewardOrigin | None:
    return None if kind is None or own_id is None else RewardOrigin(OriginKind(kind), UUID(own_id))


def _reward_entry_to_row(entry: RewardEntry) -> Row:
    return (
        str(entry.customer_id),
        entry.sequence,
        str(entry.id),
        write_instant(entry.at),
        write_instant(entry.recorded),
        entry.action.value,
        entry.points,
        entry.total_after,
        write_json([[part.lot, part.points, write_day(part.expires)] for part in entry.parts]),
        entry.tier_points,
        write_instant(entry.tier_at),
        entry.shortfall,
        write_json([[share.line, share.points] for share in entry.shares]),
        entry.refunds,
        entry.rewarded_by,
        entry.role.value,
        entry.reason,
        entry.reference,
        *_origin_columns(entry.origin),
        entry.salt,
        entry.reason_digest,
    )


_REWARD_ACTIONS: Final = {action.value: action for action in RewardAction}
_ROLES: Final = {role.value: role for role in Role}


@lru_cache(maxsize=64)
def _read_customer_id(text: str) -> CustomerId:
    return CustomerId(UUID(text))  # a history is one customer's


def _reward_entry_from_row(row: Row) -> RewardEntry:
    (
        customer_id, sequence, own_id, at, recorded, action, points, total_after, parts, tier_points, tier_at,
        shortfall, shares, refunds, rewarded_by, role, reason, reference, origin_kind, origin_id, salt, reason_digest,
    ) = row  # fmt: skip
    happened = read_instant(at)
    return RewardEntry(
        id=RewardEntryId(UUID(own_id)),
        customer_id=_read_customer_id(customer_id),
        sequence=sequence,
        at=happened,
        recorded=happened if recorded == at else read_instant(recorded),
        action=_REWARD_ACTIONS[action],
        points=points,
        total_after=total_after,
        parts=tuple([LotPart(lot, part, _read_day(expires)) for lot, part, expires in read_json(parts)]),
        tier_points=tier_points,
        tier_at=_read_instant_or_none(tier_at),
        shortfall=shortfall,
        shares=() if shares == "[]" else tuple([LineShare(line, share) for line, share in read_json(shares)]),
        refunds=refunds,
        rewarded_by=rewarded_by,
        role=_ROLES[role],
        reason=reason,
        reference=reference,
        origin=_read_origin(origin_kind, origin_id),
        salt=salt,
        reason_digest=reason_digest,
    )


def _reward_lot_to_row(lot: RewardLot) -> Row:
    return (
        str(lot.customer_id),
        lot.number,
        write_instant(lot.at),
        lot.opened,
        lot.points,
        write_last_day(lot.expires),
        *_origin_columns(lot.origin),
        lot.version,
    )


def _reward_lot_from_row(row: Row) -> RewardLot:
    customer_id, number, at, opened, points, expires, origin_kind, origin_id, version = row
    return RewardLot(
        customer_id=CustomerId(UUID(customer_id)),
        number=number,
        at=read_instant(at),
        opened=opened,
        points=points,
        expires=_read_last_day(expires),
        origin=_read_origin(origin_kind, origin_id),
        version=version,
    )


def write_last_day(day: date | None) -> str:
    """Return the last day of a lot as it is kept: of one that stays, the last of the calendar."""
    return (day or date.max).isoformat()


def _read_last_day(text: str) -> date | None:
    day = date.fromisoformat(text)
    return None if day == date.max else day


def _table(
    kind: Kind[T],
    columns: str,
    to_row: Callable[[T], Row],
    from_row: Callable[[Row], T],
    *,
    primary_key: tuple[str, ...] = ("id",),
    key_columns: Mapping[str, str] | None = None,
    indexes: tuple[tuple[str, ...], ...] | None = None,
    unique: tuple[str, ...] = (),
    keyed: bool = False,
    followed: bool = False,
) -> Table[T]:
    """Return a table of a kind; where it is ``followed``, others are kept in step with it."""
    declared = _columns(columns)
    key_columns = key_columns or {}
    if indexes is None:
        of_customer = (("customer_id",),) if kind.customer else ()
        looked_up = (column for column in key_columns.values() if column not in unique)
        indexes = (*of_customer, *((column,) for column in looked_up))
    shape = TableShape(
        name=f"crm_{kind.name}",
        columns=declared,
        primary_key=primary_key,
        indexes=indexes,
        unique=unique,
        parent="crm_customers" if kind.customer else None,
        keyed=keyed,
    )
    return Table(
        kind=kind,
        shape=shape,
        to_row=to_row,
        from_row=from_row,
        columns=_names(declared),
        key_columns=key_columns,
        knows_keys=all(key_columns.get(name) in unique for name, key in kind.keys.items() if key.unique),
        settable=() if followed or not kind.versioned else _settable(shape),
    )


def _settable(shape: TableShape) -> tuple[str, ...]:
    """Return the columns that no index holds; none of a table in which one that an index holds may be NULL."""
    indexed = {*shape.primary_key, *(name for names in shape.indexes for name in names)}
    indexed |= {name for names in shape.unique for name in names.split(", ")}
    if any(column.nullable for column in shape.columns if column.name in indexed):
        return ()
    return tuple(column.name for column in shape.columns if column.name not in indexed)


TABLES: Final[Mapping[str, Table[Any]]] = {
    table.kind.name: table
    for table in (
        CUSTOMER_TABLE,
        _table(
            NOTES,
            "id text, customer_id text, text text, alert integer, at text, author text, edited_at text?, "
            "edited_by text?, version integer",
            _note_to_row,
            _note_from_row,
        ),
        _table(
            BLOCKS,
            "id text, origin text, customer_id text, reason text, at text, author text, lifted_at text?, "
            "lifted_by text?, version integer",
            _block_to_row,
            _block_from_row,
            key_columns={"origin": "origin"},
        ),
        _table(
            BLOCK_ALERTS,
            "id text, customer_id text, origin text, at text, state text, settled_at text?, settled_by text?, "
            "version integer",
            _alert_to_row,
            _alert_from_row,
            key_columns={"state": "state", "origin": "origin"},
        ),
        _table(
            FINGERPRINTS,
            "system text, digest bytes, customer_id text",
            lambda f: (f.system, f.digest, str(f.customer_id)),
            lambda row: RowFingerprint(row[0], row[1], CustomerId(UUID(row[2]))),
            primary_key=("system", "digest"),
            keyed=True,
        ),
        _table(
            ALIASES,
            "id text, customer_id text",
            lambda alias: (str(alias.id), str(alias.customer_id)),
            lambda row: Alias(CustomerId(UUID(row[0])), CustomerId(UUID(row[1]))),
            keyed=True,
        ),
        _table(
            MARKS,
            "kind text, digest bytes, block_id text, version integer",
            lambda mark: (mark.kind.value, mark.digest, str(mark.block_id), mark.version),
            lambda row: Mark(row[1], MarkKind(row[0]), BlockId(UUID(row[2])), row[3]),
            primary_key=("kind", "digest", "block_id"),
            key_columns={"digest": "digest", "block": "block_id"},
            keyed=True,
        ),
        _table(
            REFERENCES,
            "command text, reference text, result_id text, digest bytes",
            lambda reference: (reference.command, reference.reference, str(reference.result_id), reference.digest),
            lambda row: Reference(row[0], row[1], UUID(row[2]), row[3]),
            primary_key=("command", "reference"),
            keyed=True,
        ),
        _table(
            SERVICE_TYPES,
            _ITEM_COLUMNS,
            _item_to_row,
            _service_type_from_row,
            key_columns={"code": "code", "retired": "retired"},
            unique=("code",),
        ),
        _table(
            SERVICES,
            "id text, code text, name text, service_type text?, usual_interval integer?, duration integer?, "
            "skin_tests text, retired_at text?, retired integer, version integer",
            _service_to_row,
            _service_from_row,
            key_columns={"code": "code", "retired": "retired", "service_type": "service_type"},
            unique=("code",),
        ),
        _table(
            PACKAGES,
            _ITEM_COLUMNS,
            _item_to_row,
            _package_from_row,
            key_columns={"code": "code", "retired": "retired"},
            unique=("code",),
        ),
        _table(
            LOCATIONS,
            "id text, code text, name text, zone text?, region text?, retired_at text?, retired integer, "
            "version integer",
            _location_to_row,
            _location_from_row,
            key_columns={"code": "code", "retired": "retired"},
            unique=("code",),
        ),
        _table(
            STAFF_MEMBERS,
            "id text, code text, name text, actor_id text?, retired_at text?, retired integer, version integer, "
            "customer_id text?",
            _staff_member_to_row,
            _staff_member_from_row,
            key_columns={"code": "code", "retired": "retired", "actor": "actor_id"},
            unique=("code", "actor_id"),
        ),
        _table(
            BOOKINGS,
            "id text, customer_id text, service text, starts text, ends text, zone text, day text, location text?, "
            "therapist text?, status text, cancelled_by text?, price integer?, currency text?, package text?, "
            "note text?, arrived_at text?, external_system text?, external_id text?, origin text, at text, "
            "author text, version integer",
            _booking_to_row,
            _booking_from_row,
            key_columns={"external_id": "external_system, external_id"},
            indexes=(
                ("customer_id", "starts", "day", "status", "service", "location", "therapist"),
                ("service", "status", "day", "customer_id", "location", "therapist"),
                ("starts", "id"),
            ),
            unique=("external_system, external_id",),
        ),
        _table(
            BOOKING_CHANGES,
            "booking_id text, version integer, customer_id text, at text, author text, move text?, reason text?, "
            "status text, starts text, ends text, zone text, service text, location text?, therapist text?",
            _change_to_row,
            _change_from_row,
            primary_key=("booking_id", "version"),
            key_columns={"booking": "booking_id"},
            indexes=(("customer_id",),),
        ),
        _table(
            SALES,
            "id text, customer_id text?, at text, zone text, day text, location text?, currency text, lines text, "
            "payments text, refunds text, bookings text, status text, author text, recorded text, version integer",
            _sale_to_row,
            _sale_from_row,
            indexes=(("customer_id", "at", "id"), ("day", "at", "id")),
            followed=True,
        ),
        _table(
            ASSIGNED_PACKAGES,
            "id text, customer_id text, package text, at text, author text, withdrawn_at text?, withdrawn_by text?, "
            "version integer",
            _assigned_to_row,
            _assigned_from_row,
        ),
        _table(
            FACTS,
            "customer_id text, visits integer, first_visit text?, last_visit text?, spend integer, booked text, "
            "ever_booked text, packages text, version integer",
            _facts_to_row,
            _facts_from_row,
            primary_key=("customer_id",),
            indexes=(),
            keyed=True,
            followed=True,
        ),
        _table(
            REWARD_ENTRIES,
            "customer_id text, sequence integer, id text, at text, recorded text, action text, points integer, "
            "total_after integer, parts text, tier_points integer, tier_at text?, shortfall integer, shares text, "
            "refunds integer, rewarded_by text, role text, reason text?, reference text?, origin_kind text?, "
            "origin_id text?, salt bytes?, reason_digest bytes?",
            _reward_entry_to_row,
            _reward_entry_from_row,
            primary_key=("customer_id", "sequence"),
            key_columns={"entry_id": "id", "reference": "reference", "origin": "origin_kind, origin_id"},
            indexes=(("origin_id", "origin_kind"),),
            unique=("id", "reference"),
            keyed=True,
        ),
        _table(
            REWARD_LOTS,
            "customer_id text, number integer, at text, opened integer, points integer, expires text, "
            "origin_kind text?, origin_id text?, version integer",
            _reward_lot_to_row,
            _reward_lot_from_row,
            primary_key=("customer_id", "number", "expires"),
            indexes=(("customer_id", "expires", "at", "number"), ("expires", "customer_id")),
            keyed=True,
        ),
        _table(
            REWARD_HEADS,
            "customer_id text, total integer, shortfall integer, version integer",
            lambda head: (str(head.customer_id), head.total, head.shortfall, head.version),
            lambda row: RewardHead(
                customer_id=CustomerId(UUID(row[0])), total=row[1], shortfall=row[2], version=row[3]
            ),
            primary_key=("customer_id",),
            indexes=(),
            keyed=True,
        ),
    )
}

AUDIT: Final = TableShape(
    name="crm_audit",
    columns=_columns(
        "sequence integer, at text, recorded text, actor text, role text, action text, customer_id text?, "
        "version integer?, fields text, details text, digest bytes"
    ),
    primary_key=("sequence",),
    indexes=(("customer_id", "sequence"), ("actor", "sequence"), ("recorded", "sequence")),
)
AUDIT_COLUMNS: Final = _names(AUDIT.columns)


def entry_to_row(entry: AuditEntry) -> Row:
    """Return an audit entry as the row it is kept in."""
    return (
        entry.sequence,
        write_instant(entry.at),
        write_instant(entry.recorded),
        entry.by,
        entry.role.value,
        entry.action.value,
        None if entry.customer_id is None else str(entry.customer_id),
        entry.version,
        _write_names(entry.fields),
        _write_details(entry.details),
        entry.digest,
    )


def entry_from_row(row: Row) -> AuditEntry:
    """Return the audit entry a row keeps."""
    sequence, at, recorded, by, role, action, customer_id, version, fields, details, digest = row
    return AuditEntry(
        sequence=sequence,
        at=read_instant(at),
        recorded=read_instant(recorded),
        by=by,
        role=Role(role),
        action=AuditAction(action),
        customer_id=None if customer_id is None else CustomerId(UUID(customer_id)),
        version=version,
        fields=tuple(read_json(fields)),
        details=read_json(details),
        digest=digest,
    )


SALON: Final = TableShape(
    name="crm_salon",
    columns=_columns(
        "id text, created text, mark_key bytes, key_check bytes, settings_version integer, region text, zone text, "
        "currency text, required_fields text, fold_version text, rewards text?"
    ),
    primary_key=("id",),
)
SCHEMA: Final = TableShape(
    name="crm_schema", columns=_columns("version integer"), primary_key=("version",), shared=True
)

SHAPES: Final = (
    SCHEMA,
    SALON,
    *(table.shape for table in TABLES.values()),
    EXTERNAL_IDS,
    CUSTOMER_KEYS,
    CUSTOMER_SEARCH,
    CUSTOMER_PANEL,
    CODES,
    SALE_BOOKINGS,
    AUDIT,
)
"""Every table, in an order in which each can refer to those before it."""

BOOKING_SHAPES: Final = (
    *(TABLES[kind.name].shape for kind in CATALOGUE_KINDS),
    *(TABLES[kind.name].shape for kind in (BOOKINGS, BOOKING_CHANGES, SALES, ASSIGNED_PACKAGES, FACTS)),
    CUSTOMER_PANEL,
    CODES,
    SALE_BOOKINGS,
)
"""The tables that a file of version 2 does not have."""

REWARD_SHAPES: Final = tuple(TABLES[kind.name].shape for kind in (REWARD_ENTRIES, REWARD_LOTS, REWARD_HEADS))
"""The tables that a file of version 3 does not have."""

ADDED_COLUMNS: Final = ((SALON, "rewards"), (TABLES[STAFF_MEMBERS.name].shape, "customer_id"))
"""The columns that tables of a file of version 3 do not have, each of which may be NULL."""
