"""Who is meant: one closed tree of criteria, evaluated here, compiled by SQL stores.

`CustomerFilter` is the flat panel of a screen; it builds the tree. Every clause is either true or
false of a customer, never unknown, so that Not always means the others.
"""

import base64
import hashlib
import json
import re
from collections.abc import Iterable, Iterator
from datetime import UTC, date, datetime, time, timedelta
from enum import StrEnum
from typing import Any, Final, Never, NoReturn, Protocol, assert_never, cast

from attrs import field, frozen

from salon_crm.domain.access import Permission
from salon_crm.domain.customers import Customer, CustomerRow, Gender, SearchKeys, Status
from salon_crm.domain.dates import find_zone, parse_instant
from salon_crm.domain.ids import CustomerId, IdLike, SalonId, parse_id
from salon_crm.domain.privacy import BEHAVIOUR, CONTACT, IDENTITY, OPERATOR, classed
from salon_crm.domain.reading import read_items
from salon_crm.domain.settings import Settings
from salon_crm.domain.text import TEXT_LIMIT, fold
from salon_crm.errors import InvalidValue, UnknownCriterion

MOST_IDS: Final = 10_000
MOST_NODES: Final = 1_000
DEEPEST: Final = 50
MOST_PER_PAGE: Final = 500

_PHONE_WORD: Final = re.compile(r"[\d+\-()./]+", re.ASCII)


@frozen(field_transformer=classed)
class DigitRun:
    """Neighbouring words of a search that may be one phone number: its digits, and the words as text."""

    digits: str = field(metadata=CONTACT)
    words: tuple[str, ...] = field(metadata=CONTACT)


@frozen(field_transformer=classed)
class Text:
    """Every word is found in a name or an e-mail, every run of digits in a phone, or else in a name or e-mail."""

    words: tuple[str, ...] = field(default=(), metadata=IDENTITY)
    runs: tuple[DigitRun, ...] = field(default=(), metadata=CONTACT)


class Fact(StrEnum):
    """What a customer can be compared by."""

    STATUS = "status"
    GENDER = "gender"
    BLOCKED = "blocked"
    ADDED = "added"


class Op(StrEnum):
    """How a fact is compared."""

    EQUAL = "="
    LESS = "<"
    AT_LEAST = ">="


FactValue = str | bool | datetime


@frozen(field_transformer=classed)
class Compare:
    """The fact has a value, and it compares so; a customer without a value matches no comparison."""

    fact: Fact = field(metadata=OPERATOR)
    op: Op = field(metadata=OPERATOR)
    value: FactValue = field(metadata=BEHAVIOUR)


@frozen(field_transformer=classed)
class OneOf:
    """The customer is one of these."""

    ids: frozenset[CustomerId] = field(metadata=OPERATOR)


@frozen(field_transformer=classed)
class AllOf:
    """Every part holds; without parts it holds of everybody."""

    parts: "tuple[Criterion, ...]" = field(default=(), metadata=OPERATOR)


@frozen(field_transformer=classed)
class AnyOf:
    """At least one part holds; without parts it holds of nobody."""

    parts: "tuple[Criterion, ...]" = field(default=(), metadata=OPERATOR)


@frozen(field_transformer=classed)
class Not:
    """The part does not hold."""

    part: "Criterion" = field(metadata=OPERATOR)


Criterion = AllOf | AnyOf | Not | Text | Compare | OneOf

EVERYBODY: Final = AllOf()


@frozen(field_transformer=classed)
class FactKind:
    """What a fact may be compared with: its Python type, its choices, its operators; and what asking it needs."""

    type: "type[object]" = field(metadata=OPERATOR)
    ops: frozenset[Op] = field(default=frozenset({Op.EQUAL}), metadata=OPERATOR)
    choices: frozenset[str] = field(default=frozenset(), metadata=OPERATOR)
    permission: Permission = field(default=Permission.VIEW_CUSTOMERS, metadata=OPERATOR)


FACTS: Final = {
    Fact.STATUS: FactKind(str, choices=frozenset(Status)),
    Fact.GENDER: FactKind(str, choices=frozenset(Gender)),
    Fact.BLOCKED: FactKind(bool, permission=Permission.VIEW_BLOCKS),
    Fact.ADDED: FactKind(datetime, ops=frozenset({Op.LESS, Op.AT_LEAST})),
}
"""Every fact criteria may ask."""


class CustomerRecord(Protocol):
    """What criteria are evaluated on: the customer, and what other records say of them, fetched when asked."""

    @property
    def customer(self) -> Customer: ...

    @property
    def keys(self) -> SearchKeys: ...

    @property
    def blocked(self) -> bool: ...


def _refuse_never(node: Never) -> NoReturn:
    """Refuse what no type allows, and let type checkers prove that every criterion was met before."""
    _refuse_node(node)


def _refuse_node(node: object) -> NoReturn:
    if isinstance(node, CustomerFilter):
        expected = "a criterion; CustomerFilter has one: .criterion(settings)"
        raise InvalidValue("wrong-type", field="criteria", expected=expected)
    raise _unknown_node(node)


def _unknown_node(node: object) -> UnknownCriterion:
    known = ("AllOf", "AnyOf", "Not", "Text", "Compare", "OneOf")
    return UnknownCriterion("unknown-criterion", field="criteria", what=type(node).__name__, known=known)


def matches(criterion: Criterion, record: CustomerRecord) -> bool:
    """Return whether ``criterion`` holds of the customer; every store must answer as this does."""
    match criterion:
        case AllOf(parts):
            return all(matches(part, record) for part in parts)
        case AnyOf(parts):
            return any(matches(part, record) for part in parts)
        case Not(part):
            return not matches(part, record)
        case Text(words, runs):
            keys = record.keys
            return all(word in keys.words for word in words) and all(_run_found(run, keys) for run in runs)
        case Compare(fact, op, value):
            return _compares(_value_of(fact, record), op, value)
        case OneOf(ids):
            return record.customer.id in ids
        case _:
            _refuse_never(criterion)


def _run_found(run: DigitRun, keys: SearchKeys) -> bool:
    return run.digits in keys.digits or all(word in keys.words for word in run.words)


def _value_of(fact: Fact, record: CustomerRecord) -> FactValue | None:
    match fact:
        case Fact.STATUS:
            return record.customer.status
        case Fact.GENDER:
            return record.customer.gender
        case Fact.BLOCKED:
            return record.blocked
        case Fact.ADDED:
            return record.customer.added
        case _:
            assert_never(fact)


def _compares(actual: Any, op: Op, value: Any) -> bool:
    if actual is None:
        return False
    match op:
        case Op.EQUAL:
            return bool(actual == value)
        case Op.LESS:
            return bool(actual < value)
        case Op.AT_LEAST:
            return bool(actual >= value)
        case _:
            assert_never(op)


def text_criterion(text: str) -> Criterion:
    """Return what a search box means by ``text``; nothing but white space restricts nothing.

    Raises InvalidValue for more than 500 characters, and for a NUL or half a character.
    """
    if len(text) > TEXT_LIMIT:
        raise InvalidValue("text-too-long", field="text", length=len(text), limit=TEXT_LIMIT)
    _check_storable(text)
    words: list[str] = []
    runs: list[DigitRun] = []
    run: list[str] = []

    def end_run() -> None:
        digits = "".join(character for word in run for character in word if character.isdigit())
        if digits:
            runs.append(DigitRun(digits, tuple(run)))
        else:
            words.extend(run)
        run.clear()

    for word in fold(text).split():
        if _PHONE_WORD.fullmatch(word):
            run.append(word)
        else:
            end_run()
            words.append(word)
    end_run()
    return Text(tuple(words), tuple(runs)) if words or runs else EVERYBODY


def _read_ids(ids: Iterable[IdLike] | None) -> Iterable[IdLike] | None:
    """Return the ids as a tuple, so that a filter made of an iterator means the same each time it is used."""
    if ids is None:
        return None
    try:
        return cast("tuple[IdLike, ...]", read_items(ids, "ids", most=MOST_IDS, expected="a sequence of ids"))
    except InvalidValue as problem:
        if problem.code != "too-many":
            raise
        count = problem.params["count"]
        raise InvalidValue("criteria-too-large", field="ids", count=count, what="ids", limit=MOST_IDS) from None


@frozen(field_transformer=classed, kw_only=True)
class CustomerFilter:
    """The filter panel: every part is optional, what is not set restricts nothing, all parts hold together.

    ``text`` is a search by any part of names, e-mails and phones; ``added_since`` and ``added_until`` are
    local days of the salon, both included; ``ids`` are customers chosen one by one.
    """

    text: str | None = field(default=None, metadata=IDENTITY)
    status: Status | str | None = field(default=None, metadata=OPERATOR)
    blocked: bool | None = field(default=None, metadata=OPERATOR)
    gender: Gender | str | None = field(default=None, metadata=OPERATOR)
    ids: Iterable[IdLike] | None = field(default=None, converter=_read_ids, metadata=OPERATOR)
    added_since: date | None = field(default=None, metadata=OPERATOR)
    added_until: date | None = field(default=None, metadata=OPERATOR)

    def criterion(self, settings: Settings) -> Criterion:
        """Return the tree this panel means; raises InvalidValue naming the part at fault."""
        parts: list[Criterion] = []
        if self.text is not None:
            parts.append(text_criterion(self.text))
        if self.status is not None:
            parts.append(Compare(Fact.STATUS, Op.EQUAL, _choice(Status, self.status, "status")))
        if self.blocked is not None:
            parts.append(Compare(Fact.BLOCKED, Op.EQUAL, self.blocked))
        if self.gender is not None:
            parts.append(Compare(Fact.GENDER, Op.EQUAL, _choice(Gender, self.gender, "gender")))
        if self.ids is not None:
            parts.append(OneOf(frozenset(CustomerId(parse_id(each, "ids")) for each in self.ids)))
        parts += self._added(settings)
        return checked_criterion(AllOf(tuple(part for part in parts if part != EVERYBODY)))

    def _added(self, settings: Settings) -> Iterator[Criterion]:
        since, until = self.added_since, self.added_until
        for name, day in (("added_since", since), ("added_until", until)):
            if isinstance(day, datetime):
                raise InvalidValue("wrong-type", field=name, expected="a date without a time")
        if since is not None and until is not None and until < since:
            raise InvalidValue("period-backwards", field="added_until")
        if since is not None:
            yield Compare(Fact.ADDED, Op.AT_LEAST, start_of_day(since, settings.zone, "added_since"))
        if until is not None:
            yield Compare(Fact.ADDED, Op.LESS, start_of_day(until, settings.zone, "added_until", after=1))


def start_of_day(day: date, zone: str, name: str, *, after: int = 0) -> datetime:
    """Return the first instant, in UTC, of the local day that is ``after`` days after ``day``.

    Where midnight does not exist it is the instant midnight was skipped at. Raises InvalidValue naming the
    field ``name`` for a day at either end of the calendar.
    """
    try:
        midnight = datetime.combine(day + timedelta(days=after), time(0), find_zone(zone))
        return midnight.astimezone(UTC)
    except OverflowError:
        raise InvalidValue("number-out-of-range", field=name, low="0001-01-03", high="9999-12-29") from None


def _choice(kind: type[StrEnum], value: object, name: str) -> str:
    if not isinstance(value, str) or value not in set(kind):
        raise InvalidValue("not-a-choice", field=name, choices=tuple(kind))
    return kind(value)


CriteriaLike = CustomerFilter | Criterion | None
"""What calls take for criteria: the panel, a tree, or None for everybody."""


def to_criterion(criteria: object, settings: Settings) -> Criterion:
    """Return the tree that ``criteria`` means, checked; raises InvalidValue or UnknownCriterion."""
    if criteria is None:
        return EVERYBODY
    if isinstance(criteria, CustomerFilter):
        return criteria.criterion(settings)
    if isinstance(criteria, Criterion):
        return checked_criterion(criteria)
    raise InvalidValue("wrong-type", field="criteria", expected="a CustomerFilter, such as CustomerFilter(text='ana')")


def checked_criterion(criterion: Criterion) -> Criterion:
    """Return ``criterion`` where every node of it can be answered; raises UnknownCriterion or InvalidValue."""
    count = 0
    waiting: list[tuple[object, int]] = [(criterion, 1)]
    while waiting:
        node, depth = waiting.pop()
        count += 1
        if isinstance(node, Text):
            count += len(node.words) + sum(1 + len(run.words) for run in node.runs)
        if depth > DEEPEST:
            raise InvalidValue("criteria-too-large", field="criteria", count=depth, what="levels", limit=DEEPEST)
        if count > MOST_NODES:
            raise InvalidValue("criteria-too-large", field="criteria", count=count, what="parts", limit=MOST_NODES)
        match node:
            case AllOf(parts) | AnyOf(parts):
                if not isinstance(parts, tuple):
                    raise InvalidValue("wrong-type", field="criteria", expected="a tuple of criteria")
                waiting += [(part, depth + 1) for part in parts]
            case Not(part):
                waiting.append((part, depth + 1))
            case Compare():
                _check_comparison(node)
            case OneOf(ids) if len(ids) > MOST_IDS:
                raise InvalidValue("criteria-too-large", field="ids", count=len(ids), what="ids", limit=MOST_IDS)
            case Text(words, runs):
                for word in (*words, *(word for run in runs for word in (run.digits, *run.words))):
                    _check_storable(word)
            case OneOf():
                pass
            case _:
                raise _unknown_node(node)
    return criterion


def _check_storable(text: str) -> None:
    """Refuse a NUL and half a character: no text that is kept has them, and not every store can be asked for them."""
    for position, character in enumerate(text):
        if character == "\0" or "\ud800" <= character <= "\udfff":
            shown = f"U+{ord(character):04X}"
            raise InvalidValue("text-forbidden-character", field="text", character=shown, position=position)


def _check_comparison(node: Compare) -> None:
    kind = FACTS[node.fact]
    if node.op not in kind.ops:
        known = tuple(f"{node.fact} {op}" for op in sorted(kind.ops))
        raise UnknownCriterion("unknown-criterion", field=str(node.fact), what=f"{node.fact} {node.op}", known=known)
    if not isinstance(node.value, kind.type) or (kind.choices and node.value not in kind.choices):
        if kind.choices:
            raise InvalidValue("not-a-choice", field=str(node.fact), choices=tuple(sorted(kind.choices)))
        raise InvalidValue("wrong-type", field=str(node.fact), expected=kind.type.__name__)
    if isinstance(node.value, datetime):
        parse_instant(node.value, str(node.fact))


def permissions_of(criterion: Criterion) -> frozenset[Permission]:
    """Return what asking ``criterion`` needs beside the permission of the query itself."""
    match criterion:
        case AllOf(parts) | AnyOf(parts):
            return frozenset[Permission]().union(*(permissions_of(part) for part in parts))
        case Not(part):
            return permissions_of(part)
        case Text():
            return frozenset({Permission.SEARCH_CUSTOMERS})
        case Compare(fact):
            return frozenset({FACTS[fact].permission})
        case OneOf():
            return frozenset({Permission.VIEW_CUSTOMERS})
        case _:
            _refuse_never(criterion)


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
    id: CustomerId = field(metadata=OPERATOR)
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


_CURSOR_VERSION: Final = 1
_LONGEST_CURSOR: Final = 4_000


def query_fingerprint(salon_id: SalonId, criterion: Criterion, order: Order) -> str:
    """Return what a cursor is bound to: the salon, the criteria as resolved, and the order."""
    text = json.dumps([str(salon_id), _canonical(criterion), str(order)], ensure_ascii=True, separators=(",", ":"))
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
            return ["Compare", fact, op, value.isoformat() if isinstance(value, datetime) else value]
        case OneOf(ids):
            return ["OneOf", sorted(map(str, ids))]
        case _:
            assert_never(criterion)


def write_cursor(fingerprint: str, start: Start) -> str:
    """Return the short URL-safe text of a place in a list."""
    value = start.value.isoformat() if isinstance(start.value, datetime) else start.value
    fields = [_CURSOR_VERSION, fingerprint, int(start.backward), start.id.hex, value]
    text = json.dumps(fields, ensure_ascii=False, separators=(",", ":"))
    return base64.urlsafe_b64encode(text.encode()).decode("ascii").rstrip("=")


def read_cursor(text: object, fingerprint: str, order: Order) -> Start:
    """Return the place that a cursor states; raises InvalidValue for another query's, and for what is none."""
    if not isinstance(text, str) or len(text) > _LONGEST_CURSOR:
        raise InvalidValue("cursor-invalid", field="page")
    try:
        decoded = base64.b64decode(text.encode("ascii") + b"=" * (-len(text) % 4), altchars=b"-_", validate=True)
        version, bound_to, backward, hex_id, value = json.loads(decoded.decode())
        if version != _CURSOR_VERSION or not isinstance(value, str) or not isinstance(hex_id, str):
            raise InvalidValue("cursor-invalid", field="page")
        value.encode()  # JSON can spell what no text is, a lone surrogate
        place: str | datetime = value
        if order.key is OrderKey.ADDED and bound_to == fingerprint:
            place = parse_instant(datetime.fromisoformat(value), "page")
        start = Start(place, CustomerId(parse_id(hex_id, "page")), backward == 1)
    except (ValueError, TypeError, RecursionError):  # of base64, JSON, unpacking, dates
        raise InvalidValue("cursor-invalid", field="page") from None
    except InvalidValue:
        raise InvalidValue("cursor-invalid", field="page") from None
    if bound_to != fingerprint:
        raise InvalidValue("cursor-of-another-query", field="page")
    return start
