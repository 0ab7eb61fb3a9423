"""Pages of a list: its order, where a reading starts, and the short texts that name the next page."""

import base64
import hashlib
import json
from collections.abc import Iterator
from datetime import MAXYEAR, MINYEAR, date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, assert_never, cast
from uuid import UUID

from attrs import astuple, field, frozen

from salon_crm.domain.criteria.tree import (
    AllOf,
    AnyOf,
    Compare,
    Criterion,
    HasBooking,
    HasPackage,
    InPeriod,
    InTier,
    Not,
    OneOf,
    RelativeDay,
    Text,
)
from salon_crm.domain.customers import Customer, CustomerRow, SearchKeys
from salon_crm.domain.dates import in_utc, parse_instant
from salon_crm.domain.ids import SalonId, parse_id
from salon_crm.domain.privacy import IDENTITY, OPERATOR, classed
from salon_crm.errors import InvalidValue

MOST_PER_PAGE: Final = 500


class OrderKey(StrEnum):
    """What a list can be ordered by."""

    NAME = "name"
    ADDED = "added"


@frozen(field_transformer=classed)
class Order:
    """The order of a list: total, since equal values go by id; descending turns both around."""

    key: OrderKey = field(default=OrderKey.NAME, metadata=OPERATOR)
    descending: bool = field(default=False, metadata=OPERATOR)

    @classmethod
    def parse(cls, value: object) -> "Order":
        """Return the order that text such as ``name`` or ``-added`` states; raises InvalidValue."""
        if isinstance(value, Order):
            return value
        if isinstance(value, str) and value in _ORDERS:
            return _ORDERS[value]
        raise InvalidValue("not-a-choice", field="order", choices=tuple(_ORDERS))

    def __str__(self) -> str:
        return f"-{self.key}" if self.descending else str(self.key)

    def value_of(self, customer: Customer, keys: SearchKeys) -> str | datetime:
        """Return what ``customer`` is placed by."""
        match self.key:
            case OrderKey.NAME:
                return keys.name
            case OrderKey.ADDED:
                return customer.added
            case _:
                assert_never(self.key)


_ORDERS: Final = {str(order): order for key in OrderKey for order in (Order(key), Order(key, descending=True))}


@frozen(field_transformer=classed)
class Start:
    """Where a reading of a list starts: after a row, or, going ``backward``, before it; the row may be gone."""

    value: str | datetime = field(metadata=IDENTITY)
    id: UUID = field(metadata=OPERATOR)
    backward: bool = field(default=False, metadata=OPERATOR)


@frozen(field_transformer=classed)
class Page:
    """One page of a list: iterate it for its rows.

    ``next`` and ``previous`` are short URL-safe texts to ask the neighbouring page with, or None at the
    ends; they belong to this salon, these criteria and this order, and hold a row's sort value: treat
    them as personal data. ``inactive`` is how many inactive customers match too, up to 1,000, where it
    was asked.
    """

    items: tuple[CustomerRow, ...] = field(metadata=IDENTITY)
    next: str | None = field(default=None, metadata=IDENTITY)
    previous: str | None = field(default=None, metadata=IDENTITY)
    inactive: int | None = field(default=None, metadata=OPERATOR)

    def __iter__(self) -> Iterator[CustomerRow]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


_CURSOR_VERSION: Final = 2
_LONGEST_CURSOR: Final = 4_000


def query_fingerprint(salon_id: SalonId, criterion: Criterion, order: Order) -> str:
    """Return what a cursor of customers is bound to: the salon, the criteria as resolved, and the order."""
    return fingerprint_of(salon_id, _canonical(criterion), str(order))


def fingerprint_of(salon_id: SalonId, *asked: Any) -> str:
    """Return what a cursor is bound to: a digest of the salon and of what was asked, in values that JSON knows."""
    text = json.dumps([str(salon_id), *asked], ensure_ascii=True, separators=(",", ":"))
    return hashlib.sha256(text.encode("ascii")).hexdigest()[:16]


def _canonical(criterion: Criterion) -> list[Any]:
    match criterion:
        case AllOf(parts) | AnyOf(parts):
            return [type(criterion).__name__, *(_canonical(part) for part in parts)]
        case Not(part):
            return ["Not", _canonical(part)]
        case Text(words, runs):
            return ["Text", list(words), [[run.digits, list(run.words)] for run in runs]]
        case Compare(fact, op, value):
            return ["Compare", fact, op, _plain(value)]
        case OneOf(ids):
            return ["OneOf", sorted(map(str, ids))]
        case HasBooking():
            return ["HasBooking", *(_plain(value) for value in astuple(criterion, recurse=False))]
        case HasPackage(packages):
            return ["HasPackage", _plain(packages)]
        case InPeriod(figure, at_least, since):
            return ["InPeriod", figure, _plain(at_least), _plain(since)]
        case InTier(tiers):
            return ["InTier", _plain(tiers)]
        case _:
            assert_never(criterion)


def _plain(value: Any) -> Any:
    """Return a value as JSON has it: days, instants and amounts as text, equal ones alike, sets in order."""
    if isinstance(value, RelativeDay):
        return ["days", value.days]
    if isinstance(value, datetime):
        return in_utc(value).isoformat()
    if isinstance(value, Decimal):
        return ["amount", *map(str, value.as_integer_ratio())]
    if isinstance(value, date):
        return value.isoformat()
    return sorted(cast("frozenset[str]", value)) if isinstance(value, frozenset) else value


@frozen(field_transformer=classed)
class Cursor:
    """A place in a list as a page's ``next`` and ``previous`` state it, and when the first page was asked for."""

    fingerprint: str = field(metadata=OPERATOR)
    asked: datetime = field(metadata=OPERATOR)
    value: str = field(metadata=IDENTITY)
    id: UUID = field(metadata=OPERATOR)
    backward: bool = field(metadata=OPERATOR)

    def start(self, fingerprint: str, *, by_instant: bool) -> Start:
        """Return the place, in a list placed by text or by instants; raises InvalidValue for another query's."""
        if self.fingerprint != fingerprint:
            raise InvalidValue("cursor-of-another-query", field="page")
        try:
            place = parse_instant(datetime.fromisoformat(self.value), "page") if by_instant else self.value
        except (ValueError, InvalidValue):
            raise InvalidValue("cursor-invalid", field="page") from None
        return Start(place, self.id, self.backward)


def write_cursor(fingerprint: str, asked: datetime, start: Start) -> str:
    """Return the short URL-safe text of a place in a list."""
    value = start.value.isoformat() if isinstance(start.value, datetime) else start.value
    fields = [_CURSOR_VERSION, fingerprint, asked.isoformat(), int(start.backward), start.id.hex, value]
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode("ascii").rstrip("=")


def read_cursor(text: object) -> Cursor:
    """Return what a cursor states; raises InvalidValue for what is none."""
    if not isinstance(text, str) or len(text) > _LONGEST_CURSOR:
        raise InvalidValue("cursor-invalid", field="page")
    try:
        decoded = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        version, bound_to, asked, backward, hex_id, value = json.loads(decoded.decode())
        if version != _CURSOR_VERSION or not isinstance(value, str) or not isinstance(hex_id, str):
            raise InvalidValue("cursor-invalid", field="page")
        value.encode()  # JSON can spell what no text is, a lone surrogate
        when = parse_instant(datetime.fromisoformat(asked), "page")
        if not MINYEAR < when.year < MAXYEAR:  # nobody asked then, and not every zone has a day for it
            raise InvalidValue("cursor-invalid", field="page")
        return Cursor(str(bound_to), when, value, parse_id(hex_id, "page"), backward == 1)
    except (ValueError, TypeError, RecursionError, InvalidValue):  # of base64, JSON, unpacking, dates
        raise InvalidValue("cursor-invalid", field="page") from None
