"""Finding, listing and counting customers."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from typing import Any, Final, TypeVar
from uuid import UUID

from salon_crm.domain.access import Actor, Permission
from salon_crm.domain.blocks import AlertState, in_force
from salon_crm.domain.criteria import (
    EVERYBODY,
    MOST_PER_PAGE,
    AllOf,
    Compare,
    CriteriaLike,
    Criterion,
    Explanation,
    Fact,
    Names,
    Not,
    Op,
    Order,
    OrderKey,
    Page,
    Start,
    explain,
    names_asked,
    permissions_of,
    query_fingerprint,
    read_cursor,
    resolve,
    to_criterion,
    write_cursor,
)
from salon_crm.domain.customers import Customer, CustomerRow, Status, search_keys
from salon_crm.domain.ids import IdLike, reads_as_id
from salon_crm.domain.privacy import FieldClass
from salon_crm.domain.settings import Settings
from salon_crm.errors import InvalidValue
from salon_crm.ports.salon import Salon, record_of
from salon_crm.ports.store import Reading, ReadRepository
from salon_crm.use_cases.access import PROFILE_SHOWN, check_scopes, check_switch, find_customer, use_case

T = TypeVar("T")

MOST_COUNTED: Final = 1_000
_SLICE: Final = 500


@use_case(Permission.SEARCH_CUSTOMERS, Permission.VIEW_BLOCKS, Permission.VIEW_NOTES, shows=PROFILE_SHOWN)
def find_customers(
    salon: Salon,
    actor: Actor,
    criteria: CriteriaLike = None,
    /,
    *,
    order: str = "name",
    page: str | None = None,
    limit: int = 50,
    count_inactive: bool = False,
) -> Page:
    """Return one page of the customers that match, as rows of a list.

    ``criteria`` is a `CustomerFilter`, the text of criteria (`parse_criteria`), a tree of them, or None for
    everybody; what it counts from today, and ``active`` bookings from now on, a later page counts as its first
    page did. ``order`` is ``name`` or
    ``added``, ``-`` in front for descending, ties by id. ``page`` takes an earlier page's ``next`` or
    ``previous``; pages continue after a row, so they stay stable while others write. ``limit`` is 1 to
    500. With ``count_inactive`` the page says how many inactive customers match too, up to 1,000.

    Raises InvalidValue, also for a page of other criteria or another order, UnknownCriterion, NotPermitted.
    """
    if isinstance(limit, bool) or not isinstance(limit, int) or not 1 <= limit <= MOST_PER_PAGE:
        raise InvalidValue("number-out-of-range", field="limit", low=1, high=MOST_PER_PAGE)
    check_switch(count_inactive, "count_inactive")
    wanted = Order.parse(order)
    cursor = None if page is None else read_cursor(page)
    asked = salon.now() if cursor is None else cursor.asked  # a later page is asked as of the first
    with salon.reading() as reading:
        criterion = checked_criteria(salon, actor, reading, criteria, "find_customers", now=asked)
        fingerprint = query_fingerprint(salon.id, criterion, wanted)
        by_instant = wanted.key is OrderKey.ADDED
        start = None if cursor is None else cursor.start(fingerprint, by_instant=by_instant)
        found = list(reading.customers.find(criterion, wanted, start, limit + 1))
        backward = start is not None and start.backward
        more = len(found) > limit
        if more:
            found = found[1:] if backward else found[:limit]
        inactive = _count_inactive(reading, criterion) if count_inactive else None
        rows = to_rows(reading, found)

    def named(place: Start) -> str:
        return write_cursor(fingerprint, asked, place)

    def at(customer: Customer, *, backward: bool) -> str:
        return named(Start(wanted.value_of(customer, search_keys(customer)), customer.id, backward))

    if not found:
        back = None if start is None else named(turned(start, descending=wanted.descending))
        return Page((), next=back if backward else None, previous=None if backward else back, inactive=inactive)
    return Page(
        rows,
        next=at(found[-1], backward=False) if more or backward else None,
        previous=at(found[0], backward=True) if (more if backward else start is not None) else None,
        inactive=inactive,
    )


def turned(start: Start, *, descending: bool) -> Start:
    """Return the same place read the other way, the row it stands at, which was shown before, included.

    Beside every record's id there is another one, since `parse_new_id` refuses the first and the last; only the
    id of a forged cursor can be those.
    """
    step = 1 if descending == start.backward else -1
    beside = min(max(start.id.int + step, 0), (1 << 128) - 1)
    return Start(start.value, UUID(int=beside), not start.backward)


def _count_inactive(reading: Reading, criterion: Criterion) -> int:
    """Count the inactive customers that would match, were the list not restricted to a status."""
    inactive = Compare(Fact.STATUS, Op.EQUAL, Status.INACTIVE)
    return reading.customers.count(AllOf((_without_status(criterion), inactive)), at_most=MOST_COUNTED)


def _without_status(criterion: Criterion) -> Criterion:
    if isinstance(criterion, AllOf):
        return AllOf(tuple(_without_status(part) for part in criterion.parts))
    asked = criterion.part if isinstance(criterion, Not) else criterion
    return EVERYBODY if isinstance(asked, Compare) and asked.fact is Fact.STATUS else criterion


@use_case(Permission.SEARCH_CUSTOMERS, Permission.VIEW_BLOCKS, Permission.VIEW_NOTES, shows=PROFILE_SHOWN)
def each_customer(
    salon: Salon, actor: Actor, criteria: CriteriaLike = None, /, *, order: str = "name"
) -> Iterator[CustomerRow]:
    """Return an iterator over every customer that matches, by short readings that hold nothing open between.

    A customer changed meanwhile appears as old or new. Raises as `find_customers`, at once.
    """
    wanted = Order.parse(order)
    with salon.reading() as reading:
        criterion = checked_criteria(salon, actor, reading, criteria, "each_customer")
    return (row for rows in each_slice(salon, criterion, wanted, to_rows) for row in rows)


def each_slice(
    salon: Salon,
    criterion: Criterion,
    order: Order,
    shape: Callable[[Reading, Sequence[Customer]], Iterable[T]],
) -> Iterator[tuple[T, ...]]:
    """Walk all customers that match, a short reading for each slice of 500, each slice given the shape asked for."""
    start: Start | None = None
    while True:
        with salon.reading() as reading:
            found = reading.customers.find(criterion, order, start, _SLICE)
            shaped = tuple(shape(reading, found))
        if shaped:
            yield shaped
        if len(found) < _SLICE:
            return
        start = Start(order.value_of(found[-1], search_keys(found[-1])), found[-1].id)


@use_case(Permission.SEARCH_CUSTOMERS)
def count_customers(salon: Salon, actor: Actor, criteria: CriteriaLike = None, /) -> int:
    """Return how many customers match. Raises as `find_customers`."""
    with salon.reading() as reading:
        return reading.customers.count(checked_criteria(salon, actor, reading, criteria, "count_customers"))


@use_case(Permission.SEARCH_CUSTOMERS, Permission.VIEW_CUSTOMERS, shows=PROFILE_SHOWN | {FieldClass.MONEY})
def explain_match(salon: Salon, actor: Actor, customer_id: IdLike, criteria: CriteriaLike = None, /) -> Explanation:
    """Return why a customer is among those whom criteria find, or is not: for each clause whether it holds.

    It is told of the customer as they are now, and needs the permissions that finding by these criteria needs.
    Raises as `find_customers`, and NotFound.
    """
    with salon.reading() as reading:
        settings = reading.settings()
        written = _permitted(salon, actor, criteria, settings, "explain_match")
        asked = _resolved(reading, written, settings, now=salon.now())
        customer = find_customer(salon, actor, Permission.VIEW_CUSTOMERS, reading, customer_id)
        return explain(written, asked, record_of(reading, customer), settings)


def checked_criteria(
    salon: Salon,
    actor: Actor,
    reading: Reading,
    criteria: object,
    use_case_name: str,
    *,
    now: datetime | None = None,
) -> Criterion:
    """Return the tree that criteria mean, as a store is asked it; what counts from today does so from ``now``.

    Raises NotPermitted where the actor may not ask a part of it, UnknownCriterion, InvalidValue.
    """
    settings = reading.settings()
    written = _permitted(salon, actor, criteria, settings, use_case_name)
    return _resolved(reading, written, settings, now=salon.now() if now is None else now)


def _permitted(salon: Salon, actor: Actor, criteria: object, settings: Settings, use_case_name: str) -> Criterion:
    """Return the tree that criteria mean, as people write it, where the actor may ask all of it."""
    written = to_criterion(criteria, settings)
    for permission in sorted(permissions_of(written)):
        check_scopes(salon, actor, permission, use_case_name)
    return written


def _resolved(reading: Reading, written: Criterion, settings: Settings, *, now: datetime) -> Criterion:
    return resolve(written, _names(reading, names_asked(written)), now=now, settings=settings)


def _names(reading: Reading, asked: Mapping[str, set[str]]) -> Names:
    """Return what criteria name, as the catalogue knows it; a kind nothing is named of is not looked at."""
    codes = {kind: _codes(getattr(reading, kind), refs) for kind, refs in asked.items() if refs}
    types = set(codes.get("service_types", {}).values())
    found = reading.services.by_key("service_type", types) if types else {}
    services = {code: frozenset(service.code for service in found.get(code, ())) for code in types}
    return Names(codes=codes, services_of=services)


def _codes(items: ReadRepository[Any], refs: Iterable[str]) -> dict[str, str]:
    ids = [UUID(ref) for ref in refs if reads_as_id(ref)]
    by_code = items.by_key("code", [ref for ref in refs if not reads_as_id(ref)])
    return {code: code for code in by_code} | {str(key): item.code for key, item in items.get_many(ids).items()}


def to_rows(reading: Reading, customers: Sequence[Customer]) -> tuple[CustomerRow, ...]:
    """Return customers as rows of the list, in three queries however many they are."""
    ids = [customer.id for customer in customers]
    blocks, notes = reading.blocks.of_customers(ids), reading.notes.of_customers(ids)
    alerts = reading.block_alerts.of_customers(ids)
    blocked = {own_id for own_id, theirs in blocks.items() if in_force(theirs)}
    noted = {own_id: sum(note.alert for note in theirs) for own_id, theirs in notes.items()}
    met = {own_id: sum(alert.state is AlertState.OPEN for alert in theirs) for own_id, theirs in alerts.items()}
    return tuple(
        CustomerRow(customer, own_id in blocked, noted.get(own_id, 0), met.get(own_id, 0))
        for customer, own_id in zip(customers, ids, strict=True)
    )
