"""What programs tell a salon of its sales and its rewards, and what they ask of them.

The programmes let points expire within days, and give for visits, money and items at once, so that most programs earn,
spend and lose points; the few sales and references come up again and again.
"""

from functools import cache
from typing import Any, Final

from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from salon_crm.domain.access import Actor, Role
from salon_crm.domain.ids import IdLike
from salon_crm.domain.rewards import RewardAction, RewardEntry
from salon_crm.ports.salon import Salon
from salon_crm.testing.booking_commands import DAYS, MOMENTS
from salon_crm.testing.builders import OWNER, a_booking, a_customer_id, a_reward_entry, a_sale
from salon_crm.testing.commands import Command, command, merged, optional
from salon_crm.testing.strategies import programmes
from salon_crm.use_cases.rewards import (
    add_points,
    adjust_points,
    expire_points,
    points_balance,
    points_history,
    points_statement,
    redeem_points,
    reverse_entry,
    transfer_points,
    verify_ledger,
)
from salon_crm.use_cases.sales import (
    assign_sale,
    cancel_sale,
    complete_sale,
    customer_products,
    customer_sales,
    get_sale,
    record_payment,
    record_sale,
    refund_sale,
    unassigned_sales,
)
from salon_crm.use_cases.settings import change_settings

_RECEPTIONIST: Final = Actor("rui", Role.RECEPTIONIST)
_SALE_IDS: Final = tuple(a_sale(number).id for number in range(1, 5))
_ENTRY_IDS: Final = tuple(a_reward_entry(number).id for number in range(1, 4))
_PROGRAMME: Final[dict[str, Any]] = {
    "rules": [
        {"per": "visit", "points": 5},
        {"per": "money", "points": 1, "amount": "1.00"},
        {"per": "item", "points": 3, "items": ["Shampoo"], "most": 4},
    ],
    "expiry": {"months": 1},
    "daily_caps": {"receptionist": 20},
}
_STRICT: Final = {
    **_PROGRAMME,
    "rounding": "nearest",
    "tax_basis_points": 2_300,
    "tiers": [{"code": "silver", "points": 20, "percent": 150}, {"code": "gold", "spend": "60.00", "percent": 200}],
    "minimum": 5,
    "value": "0.05",
    "reasons": True,
    "returns": False,
    "collects": True,
}


def reward_beginnings() -> tuple[Command, ...]:
    """Commands that give a salon a programme, and customer 2 a few points and a paid sale."""
    return (
        Command(change_settings, (), {"rewards": _PROGRAMME}),
        Command(add_points, (a_customer_id(2),), {"points": 10, "id": _ENTRY_IDS[0], "reference": "gift 1"}),
        Command(
            record_sale,
            (a_customer_id(2),),
            {"lines": _LINES[0], "paid": "30.50", "location": "chiado", "id": _SALE_IDS[0]},
        ),
    )


def _of(*choices: Any) -> SearchStrategy[Any]:
    return st.sampled_from(choices)


def _who() -> SearchStrategy[Any]:
    return _of(*map(a_customer_id, (1, 2, 2, 2, 3, 4)))


_LINES: Final = (
    [{"service": "cut", "price": "21.00"}, {"product": "Shampoo", "price": "9.50"}],
    [{"product": "Shampoo", "price": "9.50", "quantity": 2}],
    [{"service": "balayage", "price": "60.00"}],
    [{"package": "package-1", "price": 0}],
    [{"service": "nobody-s", "price": 1}],
)


def _reverse(salon: Salon, actor: Actor, customer_id: IdLike, back: int, /, **how: Any) -> RewardEntry:
    """Reverse one of a customer's last entries, or one that never was."""
    entries = [row.entry for row in points_history(salon, OWNER, customer_id, limit=back + 1)]
    return reverse_entry(salon, actor, entries[back].id if len(entries) > back else a_sale(9).id, **how)


def _whole_history(salon: Salon, actor: Actor, customer_id: IdLike, /, *, limit: int) -> list[Any]:
    """Walk the pages of a history to its end; a total follows from the entries, and from the lots there are."""
    page = points_history(salon, actor, customer_id, limit=limit)
    pages = [page]
    while page.next is not None:
        page = points_history(salon, actor, customer_id, limit=limit, before=page.next)
        pages.append(page)
    entries = [row.entry for page in pages for row in page]
    total = sum(entry.points for entry in entries)
    assert total >= 0
    assert total == sum(lot.points for lot in points_statement(salon, actor, customer_id).lots)
    assert [entry.sequence for entry in entries] == [*range(len(entries), 0, -1)]
    return pages


@cache
def _sale_changes() -> SearchStrategy[Command]:
    own_id, at = _of(*_SALE_IDS), _of(*MOMENTS[:8])
    references = _of("till 1", "till 2")
    new = merged(
        st.fixed_dictionaries({"lines": _of(*_LINES[:3] * 3, *_LINES[3:]), "location": _of("chiado", "funchal")}),
        optional(
            paid=_of("30.50", "19.00", "60.00", 0, "x"),
            status=_of("completed", "pending"),
            bookings=st.lists(_of(*(a_booking(number).id for number in range(1, 7))), max_size=1),
            id=own_id,
            reference=references,
            at=at,
        ),
    )
    refund = optional(
        lines=st.lists(_of(0, 1, {"line": 0, "quantity": 1}), min_size=1, max_size=2),
        amount=_of("0.50", "9.50", 20, 0),
        returned=_of(0, "5.00"),
        reference=references,
        at=at,
    )
    return st.one_of(
        command(record_sale, _who(), kwargs=new),
        command(record_sale, _who(), kwargs=new),
        command(record_sale, kwargs=new),
        command(complete_sale, own_id),
        command(cancel_sale, own_id),
        command(assign_sale, own_id, kwargs=st.fixed_dictionaries({"customer": _who()})),
        command(record_payment, own_id, kwargs=st.fixed_dictionaries({"amount": _of("9.50", "30.50", 60)})),
        command(refund_sale, own_id, kwargs=refund),
        command(refund_sale, own_id, kwargs=refund),
    )


@cache
def _reward_changes() -> SearchStrategy[Command]:
    actors, who = _of(OWNER, OWNER, OWNER, _RECEPTIONIST, Actor.for_customer(a_customer_id(2))), _who()
    points = _of(1, 5, 7, 12, 20, 0, -3, 10**12)
    how = optional(
        reason=_of(*("A slip of the finger.",) * 3, ""),
        reference=_of("gift 1", "gift 2", "crm:x"),
        at=_of(*MOMENTS[:8]),
    )
    own_id = optional(id=_of(*_ENTRY_IDS))
    stated = st.fixed_dictionaries({"points": points})
    return st.one_of(
        command(add_points, who, kwargs=merged(stated, how, own_id, optional(expires=_of(*DAYS))), actor=actors),
        command(add_points, who, kwargs=merged(stated, optional(expires=_of(*DAYS)))),
        command(redeem_points, who, kwargs=merged(stated, how, own_id), actor=actors),
        command(redeem_points, who, kwargs=merged(stated, st.fixed_dictionaries({"sale": _of(*_SALE_IDS)}))),
        command(adjust_points, who, kwargs=merged(stated, how), actor=actors),
        command(transfer_points, who, kwargs=merged(stated, st.fixed_dictionaries({"to": who}), how)),
        command(_reverse, who, st.integers(0, 4), kwargs=how),
        command(expire_points, kwargs=optional(on=_of(*DAYS))),
        command(change_settings, kwargs=st.fixed_dictionaries({"rewards": _of(_PROGRAMME, _STRICT)})),
        command(change_settings, kwargs=st.fixed_dictionaries({"rewards": programmes("EUR")})),
    )


@st.composite
def reward_changes(draw: st.DrawFn) -> Command:
    """A command that changes sales or points, or tries to."""
    return draw(st.one_of(_sale_changes(), _reward_changes()))


@cache
def _reward_queries() -> SearchStrategy[Command]:
    who = _who()
    searched = optional(
        text=_of("added", "10", "2026-03", "slip", "owner 5"),
        action=_of(*RewardAction),
        since=_of(*DAYS),
        until=_of(*DAYS),
        points=_of(10, -5),
        limit=_of(1, 3),
    )
    return st.one_of(
        command(points_balance, who),
        command(points_history, who, kwargs=searched),
        command(points_statement, who, kwargs=optional(on=_of(*DAYS))),
        command(_whole_history, who, kwargs=st.just({"limit": 2})),
        command(verify_ledger),
        command(customer_sales, who),
        command(customer_products, who),
        command(unassigned_sales),
        command(get_sale, _of(*_SALE_IDS)),
    )


@st.composite
def reward_queries(draw: st.DrawFn) -> Command:
    """A command that asks a salon of its sales or its points."""
    return draw(_reward_queries())


def reward_endings() -> tuple[Command, ...]:
    """Commands that list all there is of sales and points."""
    return (
        *(Command(_whole_history, (a_customer_id(n),), {"limit": 50}) for n in range(1, 6)),
        *(Command(points_balance, (a_customer_id(n),)) for n in range(1, 6)),
        *(Command(customer_sales, (a_customer_id(n),)) for n in range(1, 6)),
        Command(unassigned_sales),
        Command(verify_ledger),
    )
