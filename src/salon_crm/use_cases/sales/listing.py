"""Sales, read: one, a customer's, those nobody was assigned, and the products somebody bought."""

from collections.abc import Iterator
from datetime import date, datetime
from functools import partial

from attrs import field, frozen

from salon_crm.domain.access import Actor, Permission, Scope
from salon_crm.domain.criteria import Ref
from salon_crm.domain.ids import IdLike, SaleId, parse_id
from salon_crm.domain.privacy import BEHAVIOUR, MONEY, classed
from salon_crm.domain.sales import ProductBought, Sale, products_bought
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import Reading, SaleQuery
from salon_crm.use_cases.access import find_customer, use_case
from salon_crm.use_cases.catalogue import find_location
from salon_crm.use_cases.pages import page_by_moment, parse_period
from salon_crm.use_cases.sales.keeping import SHOWN, sale_there


@frozen(field_transformer=classed, kw_only=True)
class SalePage:
    """One page of sales: iterate it for them.

    ``next`` and ``previous`` ask for the neighbouring page, or are None at the ends; they belong to this list.
    """

    items: tuple[Sale, ...] = field(metadata=MONEY)
    next: str | None = field(default=None, metadata=BEHAVIOUR)
    previous: str | None = field(default=None, metadata=BEHAVIOUR)

    def __iter__(self) -> Iterator[Sale]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@use_case(Permission.VIEW_SALES, shows=SHOWN)
def get_sale(salon: Salon, actor: Actor, sale_id: IdLike, /) -> Sale:
    """Return a sale by its id. Raises InvalidValue, NotFound, NotPermitted."""
    with salon.reading() as reading:
        return sale_there(reading, parse_id(sale_id, "sale_id"))


@use_case(Permission.VIEW_SALES, shows=SHOWN, scopes={Scope.OWN})
def customer_sales(
    salon: Salon,
    actor: Actor,
    customer_id: IdLike,
    /,
    *,
    since: date | None = None,
    until: date | None = None,
    page: str | None = None,
    limit: int = 50,
) -> SalePage:
    """Return one page of a customer's sales, the newest first, whatever became of them.

    ``since`` and ``until`` are local days of the location, both included. ``page`` and ``limit`` as for
    `find_customers`. Raises InvalidValue, NotFound, NotPermitted.
    """
    first, last = parse_period(since, until)
    with salon.reading() as reading:
        customer = find_customer(salon, actor, Permission.VIEW_SALES, reading, customer_id)
        query = SaleQuery(customer_id=customer.id, since=first, until=last)
        return _page(salon, reading, query, page, limit)


@use_case(Permission.VIEW_SALES, shows=SHOWN)
def unassigned_sales(
    salon: Salon,
    actor: Actor,
    /,
    *,
    location: Ref | None = None,
    since: date | None = None,
    until: date | None = None,
    page: str | None = None,
    limit: int = 50,
) -> SalePage:
    """Return one page of the sales that have no customer yet, the newest first: `assign_sale` gives them one.

    An actor limited to locations asks for one of theirs. The rest as for `customer_sales`.
    """
    first, last = parse_period(since, until)
    with salon.reading() as reading:
        code = find_location(reading, actor, location)
        query = SaleQuery(unassigned=True, location=code, since=first, until=last)
        return _page(salon, reading, query, page, limit)


def _page(salon: Salon, reading: Reading, query: SaleQuery, page: str | None, limit: int) -> SalePage:
    asked = ("sales", *map(str, (query.customer_id, query.unassigned, query.location, query.since, query.until)))
    found = page_by_moment(salon, partial(reading.sales.find, query), _place, page=page, limit=limit, asked=asked)
    return SalePage(items=found.items, next=found.next, previous=found.previous)


def _place(sale: Sale) -> tuple[datetime, SaleId]:
    return sale.at, sale.id


@use_case(Permission.VIEW_SALES, shows=SHOWN, scopes={Scope.OWN})
def customer_products(salon: Salon, actor: Actor, customer_id: IdLike, /) -> tuple[ProductBought, ...]:
    """Return the products a customer bought in completed sales and kept, the last bought first, each added up.

    Raises InvalidValue, NotFound, NotPermitted.
    """
    with salon.reading() as reading:
        customer = find_customer(salon, actor, Permission.VIEW_SALES, reading, customer_id)
        return products_bought(reading.sales.of_customers([customer.id]).get(customer.id, ()))
