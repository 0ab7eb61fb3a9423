"""One closed tree of criteria, evaluated here, compiled by SQL stores.

Every clause is either true or false of a customer, never unknown, so that Not always means the others. What
people write names codes, types of service, days counted from today and amounts in the salon's currency;
`salon_crm.domain.criteria.resolving` turns that into what a store is asked, and `str()` of a criterion is its
text (`salon_crm.domain.criteria.text`).
"""

from collections.abc import Sequence
from datetime import date, datetime
from decimal import Decimal
from enum import StrEnum
from typing import Any, Final, Never, NoReturn, Protocol, assert_never, cast
from uuid import UUID

from attrs import field, frozen

from salon_crm.domain.access import Permission
from salon_crm.domain.bookings import COUNTING, Booking, BookingStatus
from salon_crm.domain.catalogue import parse_code
from salon_crm.domain.customers import Customer, Gender, SearchKeys, Status
from salon_crm.domain.dates import parse_instant
from salon_crm.domain.facts import CustomerFacts
from salon_crm.domain.ids import CustomerId, parse_id, reads_as_id
from salon_crm.domain.privacy import BEHAVIOUR, CONTACT, IDENTITY, OPERATOR, classed
from salon_crm.domain.rewards.records import MOST_POINTS
from salon_crm.errors import InvalidValue, UnknownCriterion

MOST_IDS: Final = 10_000
MOST_NODES: Final = 1_000
DEEPEST: Final = 50
MOST_CODES: Final = 1_000
MOST_VISITS: Final = 1_000_000
MOST_SPENT: Final = 10**15
"""The largest amount criteria compare spend with, in minor units, and in whole ones of the currency."""
FINEST_AMOUNT: Final = 6
"""Digits after the point that a written amount may have; more than any currency has."""
FARTHEST_DAY: Final = 36_525
"""Days that a day counted from today may lie before or behind it: a hundred years."""


class _Node:
    """What every criterion is: something that can be written."""

    __slots__ = ()

    def __str__(self) -> str:
        """Return the text that `parse_criteria` reads as these criteria; raises as `checked_criterion`."""
        from salon_crm.domain.criteria.text import write_criteria  # which is made of these nodes

        return write_criteria(cast("Criterion", self))


@frozen(field_transformer=classed)
class DigitRun:
    """Neighbouring words of a search that may be one phone number: its digits, and the words as text."""

    digits: str = field(metadata=CONTACT)
    words: tuple[str, ...] = field(metadata=CONTACT)


@frozen(field_transformer=classed)
class Text(_Node):
    """Every word is found in a name or an e-mail, every run of digits in a phone, or else in a name or e-mail."""

    words: tuple[str, ...] = field(default=(), metadata=IDENTITY)
    runs: tuple[DigitRun, ...] = field(default=(), metadata=CONTACT)


class Fact(StrEnum):
    """What a customer can be compared by."""

    STATUS = "status"
    GENDER = "gender"
    BLOCKED = "blocked"
    ADDED = "added"
    VISITS = "visits"
    LAST_VISIT = "last_visit"
    SPEND = "spend"
    POINTS = "points"


class Op(StrEnum):
    """How a fact is compared."""

    EQUAL = "="
    LESS = "<"
    AT_MOST = "<="
    MORE = ">"
    AT_LEAST = ">="


ORDERED: Final = frozenset({Op.LESS, Op.AT_MOST, Op.MORE, Op.AT_LEAST})


@frozen(field_transformer=classed)
class RelativeDay:
    """A day counted from the one on which the criteria are asked: so many days later, earlier where below zero."""

    days: int = field(metadata=OPERATOR)


Day = date | RelativeDay
FactValue = str | bool | int | date | datetime | RelativeDay | Decimal
"""What a fact is compared with.

A store is never asked about a `RelativeDay`, nor when somebody was added by a day, nor about spend by a Decimal:
that is the amount as people write it, of which the salon's currency makes whole minor units.
"""


def _told_apart(value: FactValue) -> tuple[bool, FactValue]:
    """Return what values are equal by: an amount is never as many minor units, though Python says so."""
    return isinstance(value, Decimal), value


@frozen(field_transformer=classed)
class Compare(_Node):
    """The fact has a value, and it compares so; a customer without a value matches no comparison."""

    fact: Fact = field(metadata=OPERATOR)
    op: Op = field(metadata=OPERATOR)
    value: FactValue = field(eq=_told_apart, metadata=BEHAVIOUR)


@frozen(field_transformer=classed)
class OneOf(_Node):
    """The customer is one of these."""

    ids: frozenset[CustomerId] = field(metadata=OPERATOR)


@frozen(field_transformer=classed, kw_only=True)
class HasBooking(_Node):
    """The customer has a booking of which all of this is true; what is left empty restricts nothing.

    ``services``, ``locations`` and ``therapists`` are codes, any one of which will do. ``start`` and ``end`` are
    local days of the booking's location, both included. ``statuses`` are those a booking may be in; unless stated,
    neither cancelled nor missed. ``not_before`` is the instant from which on it must start.

    What people write may also name ``types`` of services, days counted from today, and ``upcoming`` for what
    starts from now on; a store is asked none of these. Where both are stated, it must start at the later of now
    and ``not_before``.
    """

    services: frozenset[str] = field(default=frozenset(), metadata=OPERATOR)
    statuses: frozenset[BookingStatus] = field(default=COUNTING, metadata=OPERATOR)
    start: Day | None = field(default=None, metadata=OPERATOR)
    end: Day | None = field(default=None, metadata=OPERATOR)
    locations: frozenset[str] = field(default=frozenset(), metadata=OPERATOR)
    therapists: frozenset[str] = field(default=frozenset(), metadata=OPERATOR)
    not_before: datetime | None = field(default=None, metadata=OPERATOR)
    types: frozenset[str] = field(default=frozenset(), metadata=OPERATOR)
    upcoming: bool = field(default=False, metadata=OPERATOR)

    @property
    def resolved(self) -> bool:
        """Whether a store may be asked this as it stands."""
        relative = isinstance(self.start, RelativeDay) or isinstance(self.end, RelativeDay)
        return not (self.types or self.upcoming or relative)

    @property
    def ever(self) -> bool:
        """Whether it asks for services, or any at all, at any time and place: what stored facts know."""
        asked = (self.start, self.end, self.not_before)
        return asked == (None, None, None) and not (self.locations or self.therapists)


@frozen(field_transformer=classed)
class HasPackage(_Node):
    """The customer has one of these packages: bought and kept, named on a booking that counts, or assigned."""

    packages: frozenset[str] = field(metadata=OPERATOR)


class Figure(StrEnum):
    """What is added up over a period."""

    EARNED = "earned"
    """Points that count for tiers: those added, less what was taken back of them."""
    SPENT = "spent"
    """What completed sales cost after refunds."""


FIGURES: Final = {Figure.EARNED: Permission.VIEW_POINTS, Figure.SPENT: Permission.VIEW_SALES}
"""What asking each figure of a period needs."""


@frozen(field_transformer=classed)
class InPeriod(_Node):
    """What the customer earned or spent since then is so much at least.

    ``since`` is a day, included: of the salon for points, of the location for sales. A store is asked about points
    since an instant, about sales since a date, and about spend in minor units.
    """

    figure: Figure = field(metadata=OPERATOR)
    at_least: int | Decimal = field(eq=_told_apart, metadata=BEHAVIOUR)
    since: Day | datetime = field(metadata=OPERATOR)

    @property
    def resolved(self) -> bool:
        """Whether a store may be asked this as it stands."""
        by_instant = isinstance(self.since, datetime)
        by_day = isinstance(self.since, date) and not by_instant
        return not isinstance(self.at_least, Decimal) and (by_instant if self.figure is Figure.EARNED else by_day)


@frozen(field_transformer=classed)
class InTier(_Node):
    """The customer has one of these tiers of the rewards programme today; a store is never asked this."""

    tiers: frozenset[str] = field(metadata=OPERATOR)


@frozen(field_transformer=classed)
class AllOf(_Node):
    """Every part holds; without parts it holds of everybody."""

    parts: "tuple[Criterion, ...]" = field(default=(), metadata=OPERATOR)


@frozen(field_transformer=classed)
class AnyOf(_Node):
    """At least one part holds; without parts it holds of nobody."""

    parts: "tuple[Criterion, ...]" = field(default=(), metadata=OPERATOR)


@frozen(field_transformer=classed)
class Not(_Node):
    """The part does not hold."""

    part: "Criterion" = field(metadata=OPERATOR)


Criterion = AllOf | AnyOf | Not | Text | Compare | OneOf | HasBooking | HasPackage | InPeriod | InTier

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
    Fact.ADDED: FactKind(datetime, ops=ORDERED),
    Fact.VISITS: FactKind(int, ops=ORDERED | {Op.EQUAL}, permission=Permission.LIST_BOOKINGS),
    Fact.LAST_VISIT: FactKind(date, ops=ORDERED | {Op.EQUAL}, permission=Permission.LIST_BOOKINGS),
    Fact.SPEND: FactKind(int, ops=ORDERED | {Op.EQUAL}, permission=Permission.VIEW_SALES),
    Fact.POINTS: FactKind(int, ops=ORDERED | {Op.EQUAL}, permission=Permission.VIEW_POINTS),
}
"""Every fact criteria may ask; spend is a Decimal as people write it, and whole minor units as stores are asked it."""

_BY_DAY: Final = frozenset({Fact.ADDED, Fact.LAST_VISIT})
"""The facts that people compare with a day, also one counted from today."""


class CustomerRecord(Protocol):
    """What criteria are evaluated on: the customer, and what other records say of them, fetched when asked."""

    @property
    def customer(self) -> Customer: ...

    @property
    def keys(self) -> SearchKeys: ...

    @property
    def blocked(self) -> bool: ...

    @property
    def facts(self) -> CustomerFacts: ...

    @property
    def bookings(self) -> Sequence[Booking]: ...

    @property
    def points(self) -> int: ...

    def earned_since(self, instant: datetime) -> int:
        """Return the points that count for tiers since an instant."""
        ...

    def spent_since(self, day: date) -> int:
        """Return what completed sales since a day of their location cost after refunds, in minor units."""
        ...


def _refuse_never(node: Never) -> NoReturn:
    """Refuse what no type allows, and let type checkers prove that every criterion was met before."""
    _refuse_node(node)


def _refuse_node(node: object) -> NoReturn:
    if callable(getattr(node, "criterion", None)):
        expected = "a criterion; CustomerFilter has one: .criterion(settings)"
        raise InvalidValue("wrong-type", field="criteria", expected=expected)
    raise _unknown_node(node)


def refuse_unresolved() -> NoReturn:
    """Refuse criteria that name what a store does not know: types of services, days counted from today, amounts."""
    raise InvalidValue("criteria-unresolved", field="criteria")


def _unknown_node(node: object) -> UnknownCriterion:
    known = ("AllOf", "AnyOf", "Not", "Text", "Compare", "OneOf", "HasBooking", "HasPackage", "InPeriod", "InTier")
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
            return _compares(value_of(fact, record), op, value)
        case OneOf(ids):
            return record.customer.id in ids
        case HasBooking():
            if not criterion.resolved:
                refuse_unresolved()
            return any(meets(booking, criterion) for booking in record.bookings)
        case HasPackage(packages):
            return not packages.isdisjoint(record.facts.packages)
        case InPeriod():
            return figure_of(criterion, record) >= criterion.at_least
        case InTier():
            refuse_unresolved()
        case _:
            _refuse_never(criterion)


def figure_of(asked: InPeriod, record: CustomerRecord) -> int:
    """Return what a customer earned or spent in a period; raises InvalidValue where a store may not be asked that."""
    if not asked.resolved:
        refuse_unresolved()
    if isinstance(asked.since, datetime):
        return record.earned_since(asked.since)
    return record.spent_since(cast("date", asked.since))


def meets(booking: Booking, asked: HasBooking) -> bool:
    """Return whether all of what is asked, as a store is asked it, is true of one booking."""
    return (
        booking.status in asked.statuses
        and (not asked.services or booking.service in asked.services)
        and (not asked.locations or booking.location in asked.locations)
        and (not asked.therapists or booking.therapist in asked.therapists)
        and (asked.not_before is None or booking.start >= asked.not_before)
        and (not isinstance(asked.start, date) or booking.day >= asked.start)
        and (not isinstance(asked.end, date) or booking.day <= asked.end)
    )


def _run_found(run: DigitRun, keys: SearchKeys) -> bool:
    return run.digits in keys.digits or all(word in keys.words for word in run.words)


def value_of(fact: Fact, record: CustomerRecord) -> FactValue | None:  # one case for each fact
    """Return what a customer has of a fact; None where there is nothing to compare."""
    match fact:
        case Fact.STATUS:
            return record.customer.status
        case Fact.GENDER:
            return record.customer.gender
        case Fact.BLOCKED:
            return record.blocked
        case Fact.ADDED:
            return record.customer.added
        case Fact.VISITS:
            return record.facts.visits
        case Fact.LAST_VISIT:
            return record.facts.last_visit
        case Fact.SPEND:
            return record.facts.spend
        case Fact.POINTS:
            return record.points
        case _:
            assert_never(fact)


def _compares(actual: Any, op: Op, value: Any) -> bool:
    if isinstance(value, RelativeDay | Decimal) or (isinstance(actual, datetime) and not isinstance(value, datetime)):
        refuse_unresolved()
    if actual is None:
        return False
    match op:
        case Op.EQUAL:
            return bool(actual == value)
        case Op.LESS:
            return bool(actual < value)
        case Op.AT_MOST:
            return bool(actual <= value)
        case Op.MORE:
            return bool(actual > value)
        case Op.AT_LEAST:
            return bool(actual >= value)
        case _:
            assert_never(op)


def checked_criterion(criterion: Criterion) -> Criterion:
    """Return ``criterion`` where every node of it can be answered; raises UnknownCriterion or InvalidValue."""
    count = 0
    waiting: list[tuple[object, int]] = [(criterion, 1)]
    while waiting:
        node, depth = waiting.pop()
        count += 1 + _further_parts(node)
        _check_size(depth, "levels", DEEPEST)
        _check_size(count, "parts", MOST_NODES)
        match node:
            case AllOf(parts) | AnyOf(parts):
                if not isinstance(parts, tuple):
                    raise InvalidValue("wrong-type", field="criteria", expected="a tuple of criteria")
                waiting += [(part, depth + 1) for part in parts]
            case Not(part):
                waiting.append((part, depth + 1))
            case Text(words, runs):
                for word in (*words, *(word for run in runs for word in (run.digits, *run.words))):
                    check_storable(word)
            case Compare():
                _check_comparison(node)
            case OneOf(ids):
                _check_size(len(ids), "ids", MOST_IDS, "ids")
            case HasBooking():
                _check_booked(node)
            case HasPackage(packages):
                _check_refs(packages, "packages")
            case InPeriod():
                _check_in_period(node)
            case InTier(tiers):
                _check_refs(tiers, "tier")
            case _:
                raise _unknown_node(node)
    return criterion


def _check_size(count: int, what: str, limit: int, field: str = "criteria") -> None:
    if count > limit:
        raise InvalidValue("criteria-too-large", field=field, count=count, what=what, limit=limit)


def _further_parts(node: object) -> int:
    """Return how many words, numbers and codes a node has: each is something that is looked for."""
    match node:
        case Text(words, runs):
            return len(words) + sum(1 + len(run.words) for run in runs)
        case HasBooking():
            return sum(map(len, (node.services, node.types, node.locations, node.therapists)))
        case HasPackage(codes) | InTier(codes):
            return len(codes)
        case _:
            return 0


Ref = UUID | str
"""What names an item of the catalogue: its id, the text of its id, or its code."""


def parse_ref(value: object, name: str) -> str:
    """Return a code, or the text of an id, that names an item of the catalogue; raises InvalidValue."""
    if isinstance(value, UUID) or (isinstance(value, str) and reads_as_id(value)):
        return str(parse_id(value, name))
    return parse_code(value, name)


def _check_refs(refs: frozenset[str], name: str) -> None:
    """Refuse what can name nothing, since an error about it would quote it, and the text of criteria could not."""
    for ref in refs:
        if parse_ref(ref, name) != ref:
            raise InvalidValue("code-invalid", field=name)


def _check_booked(node: HasBooking) -> None:
    for name, refs in (
        ("services", node.services),
        ("service_types", node.types),
        ("locations", node.locations),
        ("staff_members", node.therapists),
    ):
        _check_refs(refs, name)
    check_period(node.start, node.end)
    if node.not_before is not None:
        parse_instant(node.not_before, "not_before")


def _check_in_period(node: InPeriod) -> None:
    name, value = str(node.figure), node.at_least
    if isinstance(node.since, datetime):
        parse_instant(node.since, "since")
    else:
        _check_day(node.since, "since")
    if isinstance(value, Decimal):
        if node.figure is Figure.EARNED:
            raise InvalidValue("wrong-type", field=name, expected="int")
        return _check_amount(value, name)
    low, high = (0, MOST_POINTS) if node.figure is Figure.EARNED else (-MOST_SPENT, MOST_SPENT)
    if not low <= value <= high:
        raise InvalidValue("number-out-of-range", field=name, low=low, high=high)
    return None


def check_period(start: Day | None, end: Day | None) -> None:
    """Refuse days that are none, and a period that ends before it starts; raises InvalidValue naming the end.

    Of a day of the calendar and one counted from today nobody can tell before the criteria are asked.
    """
    for name, day in (("start", start), ("end", end)):
        _check_day(day, name)
    match start, end:
        case (RelativeDay(first), RelativeDay(last)) if last < first:
            raise InvalidValue("period-backwards", field="end")
        case (date(), date()) if end < start:
            raise InvalidValue("period-backwards", field="end")
        case _:
            pass


def _check_day(day: Day | None, name: str) -> None:
    if isinstance(day, datetime):
        raise InvalidValue("wrong-type", field=name, expected="a date without a time")
    if isinstance(day, RelativeDay) and abs(day.days) > FARTHEST_DAY:
        raise InvalidValue("number-out-of-range", field=name, low=-FARTHEST_DAY, high=FARTHEST_DAY)


def check_storable(text: str) -> None:
    """Refuse a NUL and half a character: no text that is kept has them, and not every store can be asked for them."""
    for position, character in enumerate(text):
        if character == "\0" or "\ud800" <= character <= "\udfff":
            shown = f"U+{ord(character):04X}"
            raise InvalidValue("text-forbidden-character", field="text", character=shown, position=position)


def _check_comparison(node: Compare) -> None:
    kind, name = FACTS[node.fact], str(node.fact)
    if node.op not in kind.ops:
        known = tuple(f"{node.fact} {op}" for op in Op if op in kind.ops)
        raise UnknownCriterion("unknown-criterion", field=name, what=f"{node.fact} {node.op}", known=known)
    value = node.value
    if node.fact in _BY_DAY and isinstance(value, date | RelativeDay) and not isinstance(value, datetime):
        _check_day(value, name)
    elif node.fact is Fact.SPEND and isinstance(value, Decimal):
        _check_amount(value, name)
    elif kind.choices and value not in kind.choices:
        raise InvalidValue("not-a-choice", field=name, choices=tuple(sorted(kind.choices)))
    elif not _is_of(value, kind.type):
        expected = "Decimal, or a whole number of minor units" if node.fact is Fact.SPEND else kind.type.__name__
        raise InvalidValue("wrong-type", field=name, expected=expected)
    elif isinstance(value, datetime):
        parse_instant(value, name)
    elif isinstance(value, int) and node.fact in _LIMITS:
        low, high = _LIMITS[node.fact]
        if not low <= value <= high:
            raise InvalidValue("number-out-of-range", field=name, low=low, high=high)


_LIMITS: Final = {
    Fact.VISITS: (0, MOST_VISITS),
    Fact.SPEND: (-MOST_SPENT, MOST_SPENT),
    Fact.POINTS: (0, MOST_POINTS),
}
"""The figures that facts are compared with, least and most."""


def _check_amount(value: Decimal, name: str) -> None:
    """Refuse what is no amount, or none of any salon; whether its currency has the digits is seen when it is asked."""
    if not value.is_finite():
        raise InvalidValue("money-invalid", field=name)
    if value.copy_abs() > MOST_SPENT:
        raise InvalidValue("number-out-of-range", field=name, low=-MOST_SPENT, high=MOST_SPENT)
    _, digits, exponent = value.as_tuple()
    finer = -FINEST_AMOUNT - int(exponent)
    if finer > 0 and any(digits[-finer:]):
        raise InvalidValue("money-invalid", field=name)


def _is_of(value: object, kind: type) -> bool:
    """Return whether a value is of a fact's type; True is no number, and an instant no day."""
    return (
        isinstance(value, kind)
        and (kind is bool or not isinstance(value, bool))
        and not (kind is date and isinstance(value, datetime))
    )


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
        case HasBooking() | HasPackage():
            return frozenset({Permission.LIST_BOOKINGS})
        case InPeriod(figure):
            return frozenset({FIGURES[figure]})
        case InTier():
            return frozenset({Permission.VIEW_POINTS, Permission.VIEW_SALES})
        case _:
            _refuse_never(criterion)
