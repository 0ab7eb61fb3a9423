"""Facts: what bookings, sales and packages come to, computed from the beginning and step by step."""

from datetime import date, timedelta

from attrs import evolve
from hypothesis import given
from hypothesis import strategies as st

from salon_crm.domain.bookings import Booking, BookingStatus
from salon_crm.domain.facts import CustomerFacts, facts_after, facts_of
from salon_crm.domain.money import Money
from salon_crm.domain.sales import LineKind, Refund, RefundedLine, SaleLine, SaleStatus
from salon_crm.testing import a_booking, a_customer_id, a_sale, an_assigned_package, an_instant

ANA = a_customer_id()
NOBODY_YET = CustomerFacts(customer_id=ANA)
COMPLETED = BookingStatus.COMPLETED
DAY = an_instant().date() + timedelta(days=1)


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def line(kind: LineKind, item: str, quantity: int = 1) -> SaleLine:
    return SaleLine(kind=kind, item=item, name=item, quantity=quantity, price=eur(1_000))


def test_a_customer_without_anything_has_no_visits() -> None:
    assert facts_of(ANA, (), (), ()) == NOBODY_YET
    assert (NOBODY_YET.visits, NOBODY_YET.last_visit, NOBODY_YET.spend) == (0, None, 0)


def test_several_services_of_a_day_are_one_visit() -> None:
    start = an_instant() + timedelta(days=1)
    bookings = [a_booking(n, start=start + timedelta(hours=n), status=COMPLETED) for n in range(3)]
    facts = facts_of(ANA, bookings, [a_sale(1)], ())
    assert (facts.visits, facts.first_visit, facts.last_visit) == (1, DAY, DAY)


def test_only_what_was_completed_is_a_visit() -> None:
    bookings = [a_booking(n, status=status) for n, status in enumerate(BookingStatus, start=1)]
    facts = facts_of(ANA, bookings, (), ())
    assert (facts.visits, facts.last_visit) == (1, DAY + timedelta(days=2))


def test_what_was_cancelled_or_missed_was_ever_booked_and_does_not_count() -> None:
    services = {status: f"service-{status}" for status in BookingStatus}
    bookings = [a_booking(n, status=each, service=services[each]) for n, each in enumerate(BookingStatus, start=1)]
    facts = facts_of(ANA, bookings, (), ())
    assert facts.ever_booked == set(services.values())
    assert facts.booked == {"service-pending", "service-confirmed", "service-completed"}


def test_a_day_is_that_of_the_location() -> None:
    late = an_instant().replace(hour=23, minute=30)
    facts = facts_of(ANA, [a_booking(start=late, zone="Asia/Tokyo", status=COMPLETED)], (), ())
    assert facts.last_visit == late.date() + timedelta(days=1)


def test_spend_is_what_completed_sales_cost_after_refunds() -> None:
    refund = Refund(at=an_instant(), by="olga", amount=eur(400), returned=eur(400))
    sales = [
        a_sale(1, lines=(line(LineKind.PRODUCT, "shampoo", 2),), refunds=(refund,)),
        a_sale(2, status=SaleStatus.PENDING),
        a_sale(3, status=SaleStatus.CANCELLED),
        a_sale(4, status=SaleStatus.REFUNDED),
    ]
    facts = facts_of(ANA, (), sales, ())
    assert (facts.spend, facts.visits) == (1_600, 0)


def test_a_service_sold_without_a_booking_is_a_visit_and_one_with_its_booking_is_the_booking_s() -> None:
    booking = a_booking(5, status=COMPLETED)
    sold_with_it = a_sale(9, bookings=(booking.id,))
    assert facts_of(ANA, [booking], [sold_with_it], ()).visits == 1
    assert facts_of(ANA, (), [a_sale(9)], ()).last_visit == DAY + timedelta(days=8)


def test_a_package_is_had_in_all_three_ways() -> None:
    bought = a_sale(1, lines=(line(LineKind.PACKAGE, "ten-cuts"), line(LineKind.SERVICE, "cut")))
    named = a_booking(package="bridal")
    facts = facts_of(ANA, [named], [bought], [an_assigned_package(package="loyal")])
    assert facts.packages == {"ten-cuts", "bridal", "loyal"}


def test_a_package_is_not_had_any_more_when_it_was_taken_back() -> None:
    lines = (line(LineKind.PACKAGE, "ten-cuts", 2),)

    def refunded(quantity: int) -> frozenset[str]:
        part = RefundedLine(line=0, quantity=quantity, amount=eur(1_000 * quantity))
        refund = Refund(at=an_instant(), by="olga", amount=part.amount, returned=part.amount, lines=(part,))
        return facts_of(ANA, (), [a_sale(lines=lines, refunds=(refund,))], ()).packages

    assert refunded(1) == {"ten-cuts"}
    assert not refunded(2)
    missed = a_booking(package="bridal", status=BookingStatus.NO_SHOW)
    withdrawn = an_assigned_package(package="loyal", withdrawn_at=an_instant(5))
    assert facts_of(ANA, [missed], (), [withdrawn]).packages == frozenset()


bookings_of_ana = st.builds(
    lambda number, day, service, status, package: a_booking(
        number, start=an_instant() + timedelta(days=day), service=service, status=status, package=package
    ),
    st.integers(1, 6),
    st.integers(0, 3),
    st.sampled_from(["cut", "balayage"]),
    st.sampled_from(BookingStatus),
    st.sampled_from([None, "ten-cuts", "bridal"]),
)


@given(st.lists(bookings_of_ana, max_size=8), st.booleans())
def test_facts_that_follow_step_by_step_are_those_from_the_beginning(steps: list[Booking], sold: bool) -> None:
    sales = [a_sale(2)] if sold else []
    kept: dict[object, Booking] = {}
    facts = facts_of(ANA, (), sales, ())
    for step in steps:
        following = facts_after(facts, kept.get(step.id), step)
        kept[step.id] = step
        right = facts_of(ANA, kept.values(), sales, ())
        assert following in (None, right)
        facts = right


def test_most_steps_follow_by_themselves() -> None:
    first = facts_after(NOBODY_YET, None, a_booking(1, status=COMPLETED))
    assert first is not None
    second = facts_after(first, None, pending := a_booking(2))
    assert second is not None
    assert facts_after(second, pending, evolve(pending, status=COMPLETED)) == evolve(
        second, visits=2, last_visit=DAY + timedelta(days=1)
    )
    assert facts_after(second, None, a_booking(3, start=an_instant(), status=COMPLETED)) is None
    assert facts_after(second, pending, evolve(pending, status=BookingStatus.CANCELLED)) is None


def test_facts_hold_no_date_of_a_time() -> None:
    assert isinstance(facts_of(ANA, [a_booking(status=COMPLETED)], (), ()).last_visit, date)
