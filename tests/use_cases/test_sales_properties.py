"""Random programs of sales, payments, refunds and assignments against a plain model that counts in whole cents."""

from collections.abc import Callable, Iterable
from contextlib import suppress
from datetime import timedelta
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple

import pytest
from hypothesis import event, given, settings
from hypothesis import strategies as st
from tests.use_cases.actors import MANAGER, OWNER, STAFF

import salon_crm as crm
from salon_crm.testing.doubles import NOON, CountedIds, FixedClock

ITEMS = (("service", "cut"), ("product", "Shampoo"), ("product", "Wax"), ("package", "ten-cuts"))
CUSTOMERS = 3


class Line(NamedTuple):
    """A line of the model: which of ITEMS, how many, and how many cents each."""

    item: int
    quantity: int
    price: int


class Model:
    """A sale as whole cents."""

    def __init__(self, customer: int | None, lines: list[Line], paid: list[int], status: str, days: int) -> None:
        self.customer, self.lines, self.status, self.days = customer, lines, status, days
        self.came_in, self.handed_back, self.taken_off = sum(paid), 0, 0
        self.left = [line.quantity for line in lines]
        self.came_back = [0] * len(lines)

    @property
    def total(self) -> int:
        return sum(line.quantity * line.price for line in self.lines)

    @property
    def net(self) -> int:
        return 0 if self.status == "cancelled" else self.total - self.taken_off

    @property
    def paid(self) -> int:
        return self.came_in - self.handed_back

    @property
    def how(self) -> str:
        if self.paid > self.net:
            return "overpaid"
        return "paid" if self.paid == self.net else "partial" if self.paid else "unpaid"

    def pay(self, amount: int) -> str:
        if not amount:
            return "payment-of-nothing"
        if self.status not in ("pending", "completed"):
            return "sale-status"
        self.came_in += amount
        return "ok"

    def end(self, status: str) -> str:
        if self.status != "pending":
            return "sale-status"
        if status == "cancelled" and self.paid:
            return "sale-paid"
        self.status = status
        return "ok"

    def assign(self, customer: int) -> str:
        if self.customer not in (None, customer):
            return "sale-assigned"
        self.customer = customer
        return "ok"

    def refund(self, parts: list[tuple[int, int]] | None, amount: int | None, returned: int | None) -> str:
        if parts is not None:
            left = list(self.left)
            for place, quantity in parts:
                if not left[place]:
                    return "line-taken-back"
                if quantity > left[place]:
                    return "number-out-of-range"
                left[place] -= quantity
        if self.status == "cancelled":
            return "sale-status"
        if parts is None and amount is None:
            parts = [(place, quantity) for place, quantity in enumerate(self.left) if quantity]
            amount = self.net
        elif parts is not None:
            amount = sum(self.lines[place].price * quantity for place, quantity in parts)
        assert amount is not None
        if amount > self.net:
            return "refund-exceeds"
        handed = max(0, self.paid - (self.net - amount)) if returned is None else returned
        if handed > self.paid:
            return "returned-exceeds"
        if not (parts or amount or handed):
            return "nothing-to-refund"
        rest = self.net
        for place, quantity in parts or ():
            worth = min(self.lines[place].price * quantity, rest)
            rest -= worth
            self.left[place] -= quantity
            self.came_back[place] += worth
        self.taken_off += amount
        self.handed_back += handed
        if not self.net and (not any(self.left) if parts else amount):
            self.status = "refunded"
        return "ok"


class Act(NamedTuple):
    """What is done to a sale, and what the model says of it."""

    salon: Callable[[crm.Salon, Any], object]
    model: Callable[[Model], str]


cents = st.one_of(st.integers(0, 3), st.integers(0, 100_000))
lines = st.builds(Line, st.integers(0, len(ITEMS) - 1), st.integers(1, 4), cents)


def euros(minor: int | None) -> str | None:
    return None if minor is None else f"{minor // 100}.{minor % 100:02d}"


def line_fields(line: Line) -> Any:
    kind, item = ITEMS[line.item]
    return {kind: item, "quantity": line.quantity, "price": euros(line.price)}


def _pay(amount: int) -> Act:
    stated: Any = euros(amount)
    return Act(
        lambda salon, sale_id: crm.record_payment(salon, STAFF, sale_id, amount=stated), lambda sale: sale.pay(amount)
    )


def _end(status: str) -> Act:
    do = crm.complete_sale if status == "completed" else crm.cancel_sale
    return Act(lambda salon, sale_id: do(salon, STAFF, sale_id), lambda sale: sale.end(status))


def _refund(parts: list[tuple[int, int]] | None, amount: int | None, returned: int | None) -> Act:
    def on_model(sale: Model) -> str:
        return sale.refund(None if parts is None else within(parts, len(sale.lines)), amount, returned)

    def on_salon(salon: crm.Salon, sale_id: Any) -> object:
        count = len(crm.get_sale(salon, STAFF, sale_id).lines)
        named: Any = None
        if parts is not None:
            named = [{"line": place, "quantity": quantity} for place, quantity in within(parts, count)]
        return crm.refund_sale(salon, MANAGER, sale_id, lines=named, amount=euros(amount), returned=euros(returned))

    return Act(on_salon, on_model)


def within(parts: Iterable[tuple[int, int]], count: int) -> list[tuple[int, int]]:
    return [(place % count, quantity) for place, quantity in parts]


returned = st.one_of(st.none(), st.none(), cents)
acts = st.one_of(
    st.builds(_pay, cents),
    st.builds(_end, st.sampled_from(["completed", "cancelled"])),
    st.integers(0, CUSTOMERS - 1),  # to whom it is assigned
    st.builds(_refund, st.none(), st.none(), returned),
    st.builds(_refund, st.none(), cents, returned),
    st.builds(
        _refund,
        st.lists(st.tuples(st.integers(0, 5), st.integers(1, 3)), min_size=1, max_size=3),
        st.none(),
        returned,
    ),
)
sales = st.tuples(
    st.one_of(st.none(), st.integers(0, CUSTOMERS - 1)),
    st.lists(lines, min_size=1, max_size=4),
    st.lists(cents, max_size=2),
    st.sampled_from(["completed", "completed", "pending"]),
    st.integers(0, 3),
)
steps = st.one_of(sales, *[st.tuples(st.integers(0, 3), acts)] * 4)
programs = st.builds(lambda first, then: [first, *then], sales, st.lists(steps, min_size=4, max_size=25))


class World:
    """A salon, and the model of its sales."""

    def __init__(self, salon: crm.Salon) -> None:
        self.salon = salon
        crm.add_service(salon, OWNER, name="Cut", duration=45)
        crm.add_package(salon, OWNER, name="Ten cuts")
        self.customers = [crm.add_customer(salon, OWNER, name=f"Customer {n}") for n in range(CUSTOMERS)]
        self.sales: list[tuple[Any, Model]] = []

    def run(self, program: list[Any]) -> None:
        for step in program:
            if len(step) == 2:
                self._act(*step)
            else:
                self._record(*step)
        self.check()

    def _record(self, customer: int | None, stated: list[Line], paid: list[int], status: str, days: int) -> None:
        owner = [] if customer is None else [self.customers[customer].id]
        payments: Any = [euros(minor) for minor in paid]
        sale = crm.record_sale(
            self.salon, STAFF, *owner, lines=[line_fields(line) for line in stated], paid=payments,
            status=status, at=NOON - timedelta(days=days),
        ).sale  # fmt: skip
        self.sales.append((sale.id, Model(customer, stated, paid, status, days)))

    def _act(self, which: int, act: Act | int) -> None:
        sale_id, model = self.sales[which % len(self.sales)]
        if isinstance(act, int):
            owner = self.customers[act].id
            assign = Act(lambda salon, own: crm.assign_sale(salon, STAFF, own, customer=owner), lambda s: s.assign(act))
            self._act(which, assign)
            return
        expected = act.model(model)
        try:
            act.salon(self.salon, sale_id)
        except crm.InvalidValue as error:
            assert error.problems[0].code == expected
        except crm.RuleBroken as error:
            assert error.code == expected
        else:
            assert expected == "ok"

    def check(self) -> None:
        for sale_id, model in self.sales:
            sale = crm.get_sale(self.salon, STAFF, sale_id)
            assert (sale.total.minor, sale.net.minor, sale.paid.minor, sale.status.value) == (
                model.total, model.net, model.paid, model.status,
            )  # fmt: skip
            assert sale.due.minor == max(0, model.net - model.paid)
            assert sale.overpaid.minor == max(0, model.paid - model.net)
            assert sale.payment_status.value == model.how
            assert 0 <= sale.net.minor <= sale.total.minor
            assert sale.paid.minor >= 0
            assert sale.refunded <= sale.total
            for refund in sale.refunds:
                assert sum(part.amount.minor for part in refund.lines) <= refund.amount.minor
            assert [sale.refunded_of(place) for place in range(len(sale.lines))] == [
                line.quantity - left for line, left in zip(model.lines, model.left, strict=True)
            ]
        for number, customer in enumerate(self.customers):
            theirs = [model for _, model in self.sales if model.customer == number and model.status == "completed"]
            self._check_customer(customer, theirs)
        walk_ins = {own_id for own_id, model in self.sales if model.customer is None}
        assert {sale.id for sale in crm.unassigned_sales(self.salon, STAFF, limit=500)} == walk_ins
        assert crm.verify_facts(self.salon, OWNER).ok

    def _check_customer(self, customer: crm.Customer, theirs: list[Model]) -> None:
        kept = [
            (model, *each) for model in theirs for each in zip(model.lines, model.left, model.came_back, strict=True)
        ]
        with self.salon.reading() as reading:
            facts = reading.facts.get_many([customer.id]).get(customer.id) or crm.CustomerFacts(customer_id=customer.id)
        assert facts.spend == sum(model.net for model in theirs)
        days = {model.days for model, line, left, _ in kept if left and ITEMS[line.item][0] == "service"}
        assert facts.visits == len(days)
        assert facts.last_visit == (None if not days else (NOON - timedelta(days=min(days))).date())
        packages = {ITEMS[line.item][1] for _, line, left, _ in kept if left and ITEMS[line.item][0] == "package"}
        assert facts.packages == packages
        bought: dict[str, list[int]] = {}
        for _, line, left, came_back in kept:
            kind, item = ITEMS[line.item]
            if kind == "product" and left:
                so_far = bought.setdefault(item, [0, 0])
                so_far[0] += left
                so_far[1] += line.quantity * line.price - came_back
        products = crm.customer_products(self.salon, STAFF, customer.id)
        assert {each.item: [each.quantity, each.spent.minor] for each in products} == bought


def open_salon(where: Path | None) -> crm.Salon:
    return crm.open_salon(
        where, region="PT", zone="Europe/Lisbon", currency="EUR", clock=FixedClock(), ids=CountedIds()
    )


@settings(max_examples=150, deadline=None)
@given(programs)
def test_sales_add_up_as_whole_cents_do_whatever_is_done_to_them(program: list[Any]) -> None:
    with open_salon(None) as salon:
        World(salon).run(program)


@settings(max_examples=25, deadline=None)
@given(programs)
def test_sales_in_a_file_add_up_as_whole_cents_do_whatever_is_done_to_them(program: list[Any]) -> None:
    with TemporaryDirectory() as folder, open_salon(Path(folder) / "salon.db") as salon:
        World(salon).run(program)


@pytest.mark.parametrize("code", ["refund-exceeds", "returned-exceeds", "nothing-to-refund", "line-taken-back"])
def test_the_model_refuses_what_it_is_there_to_refuse(code: str) -> None:
    """A model that refuses nothing would agree with a salon that refuses nothing."""
    sale = Model(None, [Line(0, 1, 1_000)], [1_000], "completed", 0)
    refusals = {
        "refund-exceeds": sale.refund(None, 1_001, None),
        "returned-exceeds": sale.refund(None, 1, 1_001),
        "nothing-to-refund": sale.refund(None, 0, None),
        "line-taken-back": (sale.refund([(0, 1)], None, None), sale.refund([(0, 1)], None, None))[1],
    }
    assert refusals[code] == code


# Sales beside bookings: what follows from a change alone is what a look at everything says.


class Shop:
    """A salon whose bookings, sales and packages get in one another's way."""

    def __init__(self, salon: crm.Salon) -> None:
        self.salon = salon
        crm.add_service(salon, OWNER, name="Cut", duration=45)
        crm.add_package(salon, OWNER, name="Ten cuts")
        self.people = [crm.add_customer(salon, OWNER, name=f"Customer {n}").id for n in range(2)]
        self.bookings: list[Any] = []
        self.sales: list[Any] = []
        self.given: list[Any] = []

    def book(self, who: int, days: int, with_package: bool) -> None:
        package = "ten-cuts" if with_package else None
        start = NOON + timedelta(days=days)
        made = crm.book(self.salon, STAFF, self.people[who], service="cut", start=start, package=package)
        self.bookings.append(made.booking.id)

    def move(self, which: int, move: str) -> None:
        how: Any = {"reason": "Slip"} if move == "reopen_booking" else {}
        getattr(crm, move)(self.salon, STAFF, self.bookings[which], **how)

    def reschedule(self, which: int, days: int) -> None:
        crm.reschedule_booking(self.salon, STAFF, self.bookings[which], start=NOON + timedelta(days=days))

    def sell(self, who: int | None, days: int, item: int, bookings: list[int], status: str) -> None:
        owner = [] if who is None else [self.people[who]]
        named = [self.bookings[each % len(self.bookings)] for each in bookings if self.bookings]
        sold = crm.record_sale(
            self.salon, STAFF, *owner, lines=[line_fields(Line(item, 2, 1_000))], bookings=named, status=status,
            at=NOON - timedelta(days=days),
        )  # fmt: skip
        self.sales.append(sold.sale.id)

    def end(self, which: int, whole: bool, who: int) -> None:
        sale_id = self.sales[which]
        with suppress(crm.RuleBroken):
            crm.complete_sale(self.salon, STAFF, sale_id)
        with suppress(crm.RuleBroken):
            crm.assign_sale(self.salon, STAFF, sale_id, customer=self.people[who])
        crm.refund_sale(self.salon, MANAGER, sale_id, lines=None if whole else [{"line": 0, "quantity": 1}])

    def give(self, who: int) -> None:
        self.given.append(crm.assign_package(self.salon, STAFF, self.people[who], package="ten-cuts").id)

    def withdraw(self, which: int) -> None:
        crm.withdraw_package(self.salon, STAFF, self.given[which])


people, days, places = st.integers(0, 1), st.integers(-3, 2), st.integers(0, 3)
doings = st.one_of(
    st.tuples(st.just("book"), people, days, st.booleans()),
    st.tuples(
        st.just("move"),
        places,
        st.sampled_from(["complete_booking", "mark_no_show", "cancel_booking", "reopen_booking"]),
    ),
    st.tuples(st.just("reschedule"), places, days),
    st.tuples(
        st.just("sell"),
        st.one_of(st.none(), people),
        st.integers(0, 3),
        st.integers(0, len(ITEMS) - 1),
        st.lists(places, max_size=2),
        st.sampled_from(["completed", "pending"]),
    ),
    st.tuples(st.just("end"), places, st.booleans(), people),
    st.tuples(st.just("give"), people),
    st.tuples(st.just("withdraw"), places),
)


def run_shop(salon: crm.Salon, program: list[Any]) -> int:
    """Do what a program says, refused or not; after each act facts are what they should be. Return how many were."""
    shop, done = Shop(salon), 0
    for name, *stated in program:
        try:
            getattr(shop, name)(*stated)
            done += 1
        except (IndexError, crm.InvalidValue, crm.RuleBroken):  # there is none yet, or nothing is left, or it may not
            continue
        finally:
            assert crm.verify_facts(salon, OWNER).ok
    return done


@settings(max_examples=100, deadline=None)
@given(st.lists(doings, min_size=6, max_size=20))
def test_facts_are_what_bookings_and_sales_come_to_after_every_act(program: list[Any]) -> None:
    with open_salon(None) as salon:
        event(f"{run_shop(salon, program) // 4 * 4} acts or more")


@settings(max_examples=15, deadline=None)
@given(st.lists(doings, min_size=6, max_size=20))
def test_facts_in_a_file_are_what_bookings_and_sales_come_to_after_every_act(program: list[Any]) -> None:
    with TemporaryDirectory() as folder, open_salon(Path(folder) / "salon.db") as salon:
        run_shop(salon, program)
