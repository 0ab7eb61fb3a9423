"""The products somebody bought, added up from their sales."""

from collections.abc import Iterable
from datetime import date

from attrs import field, frozen

from salon_crm.domain.money import Money, total_of
from salon_crm.domain.privacy import BEHAVIOUR, MONEY, classed
from salon_crm.domain.sales.records import LineKind, Sale
from salon_crm.domain.text import sort_key


@frozen(field_transformer=classed, kw_only=True)
class ProductBought:
    """A product that somebody bought: how many they kept, and what they spent on it.

    ``item`` is what the host calls it by, ``name`` what it was called last. ``first`` and ``last`` are local days
    of the location. A refund that names no line comes off no product.
    """

    item: str = field(metadata=BEHAVIOUR)
    name: str = field(metadata=BEHAVIOUR)
    quantity: int = field(metadata=MONEY)
    spent: Money = field(metadata=MONEY)
    first: date = field(metadata=BEHAVIOUR)
    last: date = field(metadata=BEHAVIOUR)


def products_bought(sales: Iterable[Sale]) -> tuple[ProductBought, ...]:
    """Return the products that were kept of completed sales, the last bought first, then by name."""
    bought: dict[str, list[tuple[Sale, int, int]]] = {}
    for sale in sorted(sales, key=lambda sale: (sale.at, sale.id)):
        for place, kept in sale.kept_places(LineKind.PRODUCT):
            bought.setdefault(sale.lines[place].item, []).append((sale, place, kept))
    products = sorted((_added_up(item, parts) for item, parts in bought.items()), key=lambda each: sort_key(each.name))
    return tuple(sorted(products, key=lambda each: each.last, reverse=True))


def _added_up(item: str, parts: list[tuple[Sale, int, int]]) -> ProductBought:
    days = [sale.day for sale, _, _ in parts]
    newest, place, _ = parts[-1]
    return ProductBought(
        item=item,
        name=newest.lines[place].name,
        quantity=sum(kept for *_, kept in parts),
        spent=total_of((sale.spent_on(place) for sale, place, _ in parts), newest.currency),
        first=min(days),
        last=max(days),
    )
