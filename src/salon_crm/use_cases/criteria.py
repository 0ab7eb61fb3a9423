"""Finding, listing and counting customers."""

from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import datetime
from functools import partial
from typing import Final, TypeVar

from salon_crm.domain.access import Actor, Permission
from salon_crm.domain.blocks import AlertState, in_force
from salon_crm.domain.criteria import (
    EVERYBODY,
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
from salon_crm.domain.ids import IdLike
from salon_crm.domain.privacy import FieldClass
from salon_crm.domain.reading import read_switch
from salon_crm.domain.settings import Settings
from salon_crm.ports.records import KINDS
from salon_crm.ports.salon import Salon, record_of
from salon_crm.ports.store import Reading
from salon_crm.use_cases.access import PROFILE_SHOWN, check_scopes, find_customer, use_case
from salon_crm.use_cases.catalogue import items_named
from salon_crm.use_cases.pages import check_limit, slice_from

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
    page did. ``order`` is ``name`` or ``added``, ``-`` in front for descending, ties by id. ``page`` takes an
    earlier page's ``next`` or ``previous``; pages continue after a row, so they stay stable while others write.
    ``limit`` is 1 to 500. With ``count_inactive`` the page says how many inactive customers match too, up to 1,000.

    Raises InvalidValue, also for a page of other criteria or another order, UnknownCriterion, NotPermitted.
    """
    check_limit(limit)
    read_switch(count_inactive, "count_inactive")
    wanted = Order.parse(order)
    cursor = None if page is None else read_cursor(page)
    asked = salon.now() if cursor is None else cursor.asked  # a later page is asked as of the first
    with salon.reading() as reading:
        criterion = checked_criteria(salon, actor, reading, criteria, "find_customers", now=asked)
        fingerprint = query_fingerprint(salon.id, criterion, wanted)
        by_instant = wanted.key is OrderKey.ADDED
        found = slice_from(
            None if cursor is None else cursor.start(fingerprint, by_instant=by_instant),
            partial(reading.customers.find, criterion, wanted),
            lambda customer: (wanted.value_of(customer, search_keys(customer)), customer.id),
            limit=limit,
            descending=wanted.descending,
            written=partial(write_cursor, fingerprint, asked),
        )
        inactive = _count_inactive(reading, criterion) if count_inactive else None
        return Page(to_rows(reading, found.items), next=found.next, previous=found.previous, inactive=inactive)


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
    items = {kind: items_named(reading, KINDS[kind], refs) for kind, refs in asked.items() if refs}
    codes = {kind: {ref: item.code for ref, item in named.items()} for kind, named in items.items()}
    types = set(codes.get("service_types", {}).values())
    found = reading.services.by_key("service_type", types) if types else {}
    services = {code: frozenset(service.code for service in found.get(code, ())) for code in types}
    return Names(codes=codes, services_of=services)


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
