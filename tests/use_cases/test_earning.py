"""What visits and paid sales earn in the transaction that closes them, and what refunds and reopening make of it."""

from collections.abc import Callable, Generator
from contextlib import contextmanager
from datetime import date, timedelta
from typing import Any

import pytest
from tests.use_cases.actors import MANAGER, OWNER, RECEPTIONIST, STAFF

import salon_crm as crm
from salon_crm.adapters.memory import MemoryStore
from salon_crm.adapters.memory.store import _Unit
from salon_crm.testing.doubles import NOON, FixedClock

EXPIRY = crm.Actor("expiry", crm.Role.SYSTEM)
TODAY = NOON.date()
EURO: dict[str, Any] = {"per": "money", "points": 1, "amount": "1.00"}
VISIT: dict[str, Any] = {"per": "visit", "points": 10}


@pytest.fixture
def ana(salon: crm.Salon) -> crm.Customer:
    crm.add_service(salon, OWNER, name="Cut", duration=30)
    crm.add_service(salon, OWNER, name="Colour", duration=30)
    return crm.add_customer(salon, MANAGER, name="Ana Silva", mobile="912 345 678")


def programme(salon: crm.Salon, *rules: dict[str, Any], **fields: Any) -> None:
    stated: Any = {"rules": rules, **fields}
    crm.change_settings(salon, OWNER, rewards=stated)


def cut(price: object = "100.00", **more: Any) -> dict[str, Any]:
    return {"service": "cut", "price": price, **more}


def shampoo(price: object = "9.50", **more: Any) -> dict[str, Any]:
    return {"product": "Shampoo", "price": price, **more}


def sell(salon: crm.Salon, ana: crm.Customer | None, *lines: dict[str, Any], **how: Any) -> crm.SaleOutcome:
    stated: Any = lines or (shampoo("100.00"),)
    paid = how.pop("paid", sum(crm.Money.parse(line["price"], "price", currency="EUR").amount for line in stated))
    return crm.record_sale(salon, RECEPTIONIST, ana.id if ana else None, lines=stated, paid=paid, **how)


def refund(salon: crm.Salon, sale: crm.Sale | crm.SaleOutcome, **how: Any) -> crm.SaleOutcome:
    own = sale.sale if isinstance(sale, crm.SaleOutcome) else sale
    return crm.refund_sale(salon, MANAGER, own.id, **how)


def visit(salon: crm.Salon, ana: crm.Customer, clock: FixedClock) -> crm.BookingMoved:
    booking = crm.book(salon, STAFF, ana.id, service="cut", start=clock.now() + timedelta(minutes=10)).booking
    clock.advance(hours=1)
    return crm.complete_booking(salon, STAFF, booking.id)


def refused(act: Callable[[], object]) -> str:
    """Return the code of what refuses an act, nothing where it is done."""
    try:
        act()
    except crm.SalonCrmError as error:
        return error.code
    return ""


def points(entries: tuple[crm.RewardEntry, ...]) -> list[tuple[str, int]]:
    return [(entry.action.value, entry.points) for entry in entries]


def total(salon: crm.Salon, ana: crm.Customer) -> int:
    return crm.points_balance(salon, STAFF, ana.id).total


def sound(salon: crm.Salon) -> bool:
    return crm.verify_ledger(salon, OWNER).ok and crm.verify_audit(salon, OWNER).ok


# earning


def test_without_a_programme_nothing_is_earned(salon: crm.Salon, ana: crm.Customer, clock: FixedClock) -> None:
    assert sell(salon, ana).points == visit(salon, ana, clock).points == ()
    assert total(salon, ana) == 0


def test_a_paid_sale_earns_by_the_rules_and_says_of_what(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, EURO, {"per": "item", "points": 5, "items": ["Shampoo"]})
    sold = sell(salon, ana, cut("40.40"), shampoo())
    [entry] = sold.points
    assert (entry.action, entry.points, entry.total_after) == (crm.RewardAction.ADDED, 54, 54)
    assert entry.shares == (crm.LineShare(0, 40), crm.LineShare(1, 14))
    assert entry.origin == crm.RewardOrigin(crm.OriginKind.SALE, sold.sale.id)
    assert (entry.rewarded_by, entry.role, entry.reference) == ("rewards", crm.Role.SYSTEM, f"crm:sale:{sold.sale.id}")
    assert crm.audit_trail(salon, OWNER, customer=ana.id)[-1].by == RECEPTIONIST.id
    assert sound(salon)


def test_a_sale_earns_once_it_is_completed_and_paid(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, EURO)
    sold = sell(salon, ana, status="pending", paid="60.00")
    assert sold.points == crm.complete_sale(salon, STAFF, sold.sale.id).points == ()
    assert crm.record_payment(salon, STAFF, sold.sale.id, amount="39.99").points == ()
    last = crm.record_payment(salon, STAFF, sold.sale.id, amount="0.01", reference="p9")
    assert points(last.points) == [("added", 100)]
    assert crm.record_payment(salon, STAFF, sold.sale.id, amount="0.01", reference="p9").points == ()
    assert crm.record_payment(salon, STAFF, sold.sale.id, amount="5.00").points == ()
    assert total(salon, ana) == 100
    assert points(crm.complete_sale(salon, STAFF, sell(salon, ana, status="pending").sale.id).points) == [
        ("added", 100)
    ]


def test_a_walk_in_s_sale_earns_when_it_is_known_whose_it_is(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, EURO)
    sold = sell(salon, None, shampoo("10.00"), shampoo("30.00"))
    assert sold.points == ()
    refund(salon, sold, lines=[0])
    assert points(crm.assign_sale(salon, STAFF, sold.sale.id, customer=ana.id).points) == [("added", 30)]
    assert crm.assign_sale(salon, STAFF, sold.sale.id, customer=ana.id).points == ()
    assert points(refund(salon, sold, lines=[1]).points) == [("reversed", -30)]


def test_a_sale_recorded_twice_under_one_reference_earns_once(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, EURO)
    for _ in range(3):
        sell(salon, ana, reference="till 1: 7")
    assert total(salon, ana) == 100


def test_a_completed_booking_is_a_visit_and_a_day_has_one(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    programme(salon, VISIT)
    moved = visit(salon, ana, clock)
    [entry] = moved.points
    assert (entry.points, entry.origin) == (10, crm.RewardOrigin(crm.OriginKind.BOOKING, moved.booking.id))
    assert visit(salon, ana, clock).points == ()
    assert sell(salon, ana, cut()).points == ()
    clock.advance(days=1)
    assert points(visit(salon, ana, clock).points) == [("added", 10)]
    assert sound(salon)


def test_a_paid_sale_of_a_service_without_a_booking_is_a_visit_too(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    programme(salon, VISIT)
    assert sell(salon, ana, shampoo()).points == ()
    assert sell(salon, ana, cut(), paid=None).points == ()
    assert points(sell(salon, ana, cut()).points) == [("added", 10)]
    assert visit(salon, ana, clock).points == ()


def test_a_sale_that_completes_a_booking_earns_for_both(salon: crm.Salon, ana: crm.Customer, clock: FixedClock) -> None:
    programme(salon, VISIT, EURO)
    booking = crm.book(salon, STAFF, ana.id, service="cut", start=clock.now() + timedelta(minutes=1)).booking
    clock.advance(hours=1)
    sold = sell(salon, None, cut("25.00"), bookings=[booking.id])
    assert points(sold.points) == [("added", 25), ("added", 10)]
    assert sold.sale.customer_id == ana.id


def test_a_booking_that_is_written_down_when_it_is_done_earns_at_once(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, VISIT)
    start = NOON - timedelta(hours=3)
    booked = crm.book(salon, STAFF, ana.id, service="cut", start=start, status="completed")
    assert points(booked.points) == [("added", 10)]


def test_a_mirrored_booking_earns_as_one_of_ours_does(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, VISIT)
    start = NOON - timedelta(hours=3)

    def put(status: str, **more: Any) -> list[tuple[str, int]]:
        booking: dict[str, Any] = {"service": "cut", "start": start, "status": status, **more}
        return points(crm.put_booking(salon, MANAGER, ana.id, external=("calendar", "7"), **booking).points)

    assert put("confirmed") == []
    assert put("completed") == [("added", 10)]
    assert put("completed", note="On time.") == []
    assert put("no_show" if "no_show" in set(crm.BookingStatus) else "no-show") == [("reversed", -10)]
    assert put("completed", start=start - timedelta(days=1)) == [("added", 10)]
    assert put("completed", start=start) == [("reversed", -10), ("added", 10)]
    assert (total(salon, ana), sound(salon)) == (10, True)


def test_a_mirrored_visit_that_is_somebody_else_s_changes_hands(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, VISIT)
    eva = crm.add_customer(salon, MANAGER, name="Eva Reis", mobile="912 345 679")
    told: dict[str, Any] = {"service": "cut", "start": NOON - timedelta(hours=3), "status": "completed"}
    for whose in (ana, eva):
        crm.put_booking(salon, MANAGER, whose.id, external=("calendar", "7"), **told)
    assert (total(salon, ana), total(salon, eva), sound(salon)) == (0, 10, True)


def test_what_is_earned_lasts_as_the_programme_says_on_that_day(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    programme(salon, EURO, expiry={"months": 1})
    sell(salon, ana, at=NOON - timedelta(days=2))
    programme(salon, EURO, expiry={"year_ends": 0})
    sell(salon, ana)
    programme(salon, EURO)
    sell(salon, ana)
    lots = crm.points_statement(salon, STAFF, ana.id).lots
    assert [lot.expires for lot in lots] == [date(2026, 3, 28), date(2026, 12, 31), None]


def test_the_tier_multiplies_what_is_earned_next(salon: crm.Salon, ana: crm.Customer, clock: FixedClock) -> None:
    tiers = [{"code": "silver", "points": 100, "percent": 150}, {"code": "gold", "spend": "300", "percent": 200}]
    programme(salon, EURO, VISIT, tiers=tiers, tier_months=1)
    told = [points(sell(salon, ana).points) for _ in range(4)]
    assert told == [[("added", 100)], [("added", 150)], [("added", 150)], [("added", 200)]]
    assert crm.points_balance(salon, STAFF, ana.id).tier == "gold"
    assert points(visit(salon, ana, clock).points) == [("added", 20)]
    clock.advance(days=40)
    assert crm.points_balance(salon, STAFF, ana.id).tier is None
    assert points(sell(salon, ana).points) == [("added", 100)]


def test_spending_points_costs_no_tier_and_taking_them_back_does(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, EURO, tiers=[{"code": "silver", "points": 100}])
    sold = sell(salon, ana)
    crm.redeem_points(salon, STAFF, ana.id, points=90)
    assert crm.points_balance(salon, STAFF, ana.id).tier == "silver"
    refund(salon, sold, amount="1.00")
    assert crm.points_balance(salon, STAFF, ana.id).tier is None


def test_a_balance_says_what_its_points_are_worth(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, EURO, value="0.05")
    sell(salon, ana)
    assert str(crm.points_balance(salon, STAFF, ana.id).worth) == "5.00 EUR"


def test_the_largest_balance_refuses_no_sale(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, EURO, value="10000.00")
    crm.add_points(salon, MANAGER, ana.id, points=10**12 - 30)
    sold = sell(salon, ana)
    assert points(sold.points) == [("added", 30)]
    assert sell(salon, ana).points == ()
    assert points(refund(salon, sold, amount="80.00").points) == [("reversed", -10)]
    assert (crm.points_balance(salon, STAFF, ana.id).worth, sound(salon)) == (crm.Money(10**18 - 10**7, "EUR"), True)


# refunds


def test_a_refund_takes_back_what_the_refunded_part_earned(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, EURO)
    sold = sell(salon, ana, cut("60.00"), shampoo("40.00"))
    assert points(refund(salon, sold, lines=[1]).points) == [("reversed", -40)]
    assert points(refund(salon, sold, amount="0.50").points) == [("reversed", -1)]
    assert points(refund(salon, sold, amount="0.40").points) == []
    assert points(refund(salon, sold, amount="0.10").points) == []
    assert points(refund(salon, sold).points) == [("reversed", -59)]
    assert (total(salon, ana), sound(salon)) == (0, True)


def test_a_sale_s_own_points_go_back_first_then_those_that_expire_first(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, EURO)
    crm.add_points(salon, MANAGER, ana.id, points=30)
    crm.add_points(salon, MANAGER, ana.id, points=30, expires=TODAY + timedelta(days=3))
    sold = sell(salon, ana)
    crm.redeem_points(salon, STAFF, ana.id, points=80)
    [entry] = refund(salon, sold).points
    assert (entry.points, entry.shortfall) == (-80, 20)
    assert [part.lot for part in entry.parts] == [3]
    assert (total(salon, ana), sound(salon)) == (0, True)


def test_what_was_spent_falls_short_and_is_said(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, EURO)
    sold = sell(salon, ana)
    crm.redeem_points(salon, STAFF, ana.id, points=100)
    [entry] = refund(salon, sold).points
    assert (entry.action, entry.points, entry.shortfall, entry.total_after) == (crm.RewardAction.REVERSED, 0, 100, 0)
    assert points(sell(salon, ana).points) == [("added", 100)]
    assert (total(salon, ana), sound(salon)) == (100, True)


def test_a_shortfall_is_collected_of_points_earned_later_where_the_programme_says_so(
    salon: crm.Salon, ana: crm.Customer
) -> None:
    programme(salon, EURO, collects=True)
    sold = sell(salon, ana)
    crm.redeem_points(salon, STAFF, ana.id, points=100)
    refund(salon, sold)
    crm.add_points(salon, MANAGER, ana.id, points=5)
    first = sell(salon, ana, shampoo("60.00"))
    assert points(first.points) == [("added", 60), ("reversed", -60)]
    assert (first.points[1].shortfall, first.points[1].origin) == (
        -60, crm.RewardOrigin(crm.OriginKind.ENTRY, first.points[0].id),
    )  # fmt: skip
    assert points(sell(salon, ana, shampoo("60.00")).points) == [("added", 60), ("reversed", -40)]
    assert points(sell(salon, ana, shampoo("60.00")).points) == [("added", 60)]
    assert total(salon, ana) == 85
    assert [(entry.points, entry.shortfall) for entry in refund(salon, first).points] == [(-60, 0)]
    assert (total(salon, ana), sound(salon)) == (25, True)


def test_points_redeemed_on_a_sale_come_back_with_their_old_last_day(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    programme(salon, EURO)
    soon = TODAY + timedelta(days=3)
    crm.add_points(salon, MANAGER, ana.id, points=30, expires=soon)
    crm.add_points(salon, MANAGER, ana.id, points=30)
    sold = sell(salon, ana)
    crm.redeem_points(salon, STAFF, ana.id, points=40, sale=sold.sale.id)
    clock.advance(days=1)
    assert points(refund(salon, sold, amount="50.00").points) == [("reversed", 20), ("reversed", -50)]
    clock.advance(days=9)
    assert points(refund(salon, sold).points) == [("reversed", 20), ("reversed", -50)]
    lots = [(lot.points, lot.expires) for lot in crm.points_statement(salon, STAFF, ana.id).lots]
    assert (lots, total(salon, ana), sound(salon)) == ([(30, None)], 30, True)
    history = [(row.entry.action.value, row.entry.points) for row in crm.points_history(salon, STAFF, ana.id, limit=6)]
    assert history == [
        ("reversed", -50), ("expired", -20), ("reversed", 20), ("expired", -10), ("reversed", -50), ("reversed", 20),
    ]  # fmt: skip


def test_points_redeemed_on_a_sale_that_is_called_off_come_back(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.add_points(salon, MANAGER, ana.id, points=50)
    sold = sell(salon, ana, status="pending", paid=None)
    crm.redeem_points(salon, STAFF, ana.id, points=50, sale=sold.sale.id)
    assert points(crm.cancel_sale(salon, STAFF, sold.sale.id).points) == [("reversed", 50)]
    assert (total(salon, ana), sound(salon)) == (50, True)


def test_points_redeemed_stay_spent_where_the_programme_says_so(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, returns=False)
    crm.add_points(salon, MANAGER, ana.id, points=50)
    sold = sell(salon, ana)
    crm.redeem_points(salon, STAFF, ana.id, points=50, sale=sold.sale.id)
    assert (refund(salon, sold).points, total(salon, ana)) == ((), 0)


def test_what_was_reversed_by_hand_is_not_taken_back_again(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, EURO)
    sold = sell(salon, ana)
    crm.reverse_entry(salon, MANAGER, sold.points[0].id)
    assert refund(salon, sold, amount="50.00").points == refund(salon, sold).points == ()
    again = sell(salon, ana)
    refund(salon, again, amount="40.00")
    assert crm.reverse_entry(salon, MANAGER, again.points[0].id).points == -60
    assert refused(lambda: crm.reverse_entry(salon, MANAGER, again.points[0].id)) == "entry-reversed"
    assert (refund(salon, again).points, total(salon, ana), sound(salon)) == ((), 0, True)


def test_a_changed_programme_takes_back_what_was_given_and_no_more(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, EURO)
    sold = sell(salon, ana)
    programme(salon, {**EURO, "points": 9})
    assert points(refund(salon, sold, amount="25.00").points) == [("reversed", -25)]
    programme(salon)
    assert points(refund(salon, sold).points) == [("reversed", -75)]


# reopening


def test_a_reopened_booking_gives_its_points_back_and_earns_them_again(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    programme(salon, VISIT)
    booking = visit(salon, ana, clock).booking
    for _ in range(3):
        assert points(crm.reopen_booking(salon, STAFF, booking.id, reason="Mistyped.").points) == [("reversed", -10)]
        assert points(crm.complete_booking(salon, STAFF, booking.id).points) == [("added", 10)]
    assert (total(salon, ana), sound(salon)) == (10, True)


def test_a_day_keeps_its_points_while_any_visit_is_left(salon: crm.Salon, ana: crm.Customer, clock: FixedClock) -> None:
    programme(salon, VISIT)
    bookings = [visit(salon, ana, clock).booking for _ in range(2)]
    sold = sell(salon, ana, cut())
    assert crm.reopen_booking(salon, STAFF, bookings[0].id, reason="Mistyped.").points == ()
    assert refund(salon, sold).points == ()
    assert points(crm.reopen_booking(salon, STAFF, bookings[1].id, reason="Mistyped.").points) == [("reversed", -10)]
    assert points(crm.complete_booking(salon, STAFF, bookings[0].id).points) == [("added", 10)]


def test_the_points_of_a_visit_that_was_a_sale_go_with_its_services(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, VISIT)
    sold = sell(salon, ana, cut(), shampoo())
    assert refund(salon, sold, lines=[1]).points == ()
    assert points(refund(salon, sold, lines=[0]).points) == [("reversed", -10)]


def test_a_visit_whose_points_were_reversed_by_hand_earns_none_again(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    programme(salon, VISIT)
    moved = visit(salon, ana, clock)
    crm.reverse_entry(salon, MANAGER, moved.points[0].id)
    assert crm.reopen_booking(salon, STAFF, moved.booking.id, reason="Mistyped.").points == ()
    assert crm.complete_booking(salon, STAFF, moved.booking.id).points == ()


def test_an_imported_list_earns_nothing_and_takes_back_what_it_undoes(
    salon: crm.Salon, ana: crm.Customer, tmp_path: Any
) -> None:
    programme(salon, VISIT)
    own: dict[str, Any] = {"external": ("list", "7"), "service": "cut", "start": NOON - timedelta(hours=3)}
    crm.put_booking(salon, MANAGER, ana.id, status="completed", **own)
    file = tmp_path / "bookings.csv"
    head = "id,customer,mobile,service,start,status\n"
    file.write_text(f"{head}7,Ana Silva,912345678,cut,2026-02-28 09:00,cancelled\n", encoding="utf-8")
    crm.import_bookings(salon, MANAGER, file, overwrite=True, date_order="ymd")
    assert total(salon, ana) == 0
    file.write_text(f"{head}8,Ana Silva,912345678,cut,2026-02-28 09:00,completed\n", encoding="utf-8")
    crm.import_bookings(salon, MANAGER, file, date_order="ymd")
    assert (total(salon, ana), sound(salon)) == (0, True)


# redeeming under a programme


def test_less_than_the_least_is_not_redeemed(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, minimum=50)
    crm.add_points(salon, MANAGER, ana.id, points=100)
    with pytest.raises(crm.RuleBroken, match="50") as caught:
        crm.redeem_points(salon, STAFF, ana.id, points=49)
    assert (caught.value.code, caught.value.field) == ("points-below-minimum", "points")
    assert crm.redeem_points(salon, STAFF, ana.id, points=50).points == -50


def test_points_are_redeemed_on_a_sale_of_the_customer_s_own(salon: crm.Salon, ana: crm.Customer) -> None:
    eva = crm.add_customer(salon, MANAGER, name="Eva Reis", mobile="912 345 679")
    crm.add_points(salon, MANAGER, ana.id, points=100)
    hers, nobody_s, over = sell(salon, eva).sale, sell(salon, None).sale, sell(salon, ana).sale
    refund(salon, over)

    def on(sale: object) -> str:
        return refused(lambda: crm.redeem_points(salon, STAFF, ana.id, points=1, sale=sale))  # type: ignore[arg-type]  # what is no id too

    assert [on(sale.id) for sale in (hers, nobody_s, over)] == ["sale-of-another", "sale-of-another", "sale-status"]
    assert [on(ana.id), on(7)] == ["not-found", "not-an-id"]
    own = sell(salon, ana).sale
    taken = crm.redeem_points(salon, STAFF, ana.id, points=1, sale=own.id, reference="till 7")
    assert crm.redeem_points(salon, STAFF, ana.id, points=1, sale=own.id, reference="till 7") == taken
    with pytest.raises(crm.Conflict) as caught:
        crm.redeem_points(salon, STAFF, ana.id, points=1, reference="till 7")
    assert caught.value.field == "sale"


# rules of hands


def test_a_reason_is_asked_for_where_the_salon_wants_one(salon: crm.Salon, ana: crm.Customer) -> None:
    made = crm.add_points(salon, MANAGER, ana.id, points=10, reference="before")
    eva = crm.add_customer(salon, MANAGER, name="Eva Reis", mobile="912 345 679")
    programme(salon, EURO, reasons=True)
    acts: list[Any] = [
        lambda: crm.add_points(salon, MANAGER, ana.id, points=10),
        lambda: crm.redeem_points(salon, STAFF, ana.id, points=1),
        lambda: crm.adjust_points(salon, MANAGER, ana.id, points=-1),
        lambda: crm.transfer_points(salon, MANAGER, ana.id, to=eva.id, points=1),
        lambda: crm.reverse_entry(salon, MANAGER, made.id),
    ]
    for act in acts:
        with pytest.raises(crm.InvalidValue) as caught:
            act()
        assert (caught.value.code, caught.value.field) == ("required", "reason")
    assert crm.add_points(salon, MANAGER, ana.id, points=10, reference="before") == made
    assert crm.redeem_points(salon, STAFF, ana.id, points=1, reason="A coffee").reason == "A coffee"
    assert points(sell(salon, ana).points) == [("added", 100)]


def test_staff_give_as_many_points_a_day_as_their_role_may(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    def give(actor: crm.Actor, count: int) -> str:
        return refused(lambda: crm.add_points(salon, actor, ana.id, points=count))

    assert give(RECEPTIONIST, 1) == give(STAFF, 1) == "points-cap"
    programme(salon, daily_caps={"receptionist": 50, "manager": 1_000})
    assert [give(RECEPTIONIST, count) for count in (30, 21, 20, 1)] == ["", "points-cap", "", "points-cap"]
    assert [give(STAFF, 1), give(MANAGER, 1_001), give(MANAGER, 1_000), give(OWNER, 10**6)] == [
        "points-cap", "points-cap", "", "",
    ]  # fmt: skip
    with pytest.raises(crm.RuleBroken, match=r"5 were asked for, 0 are left of 50"):
        crm.add_points(salon, RECEPTIONIST, ana.id, points=5)
    other = crm.Actor("other", crm.Role.RECEPTIONIST)
    assert give(other, 50) == ""
    clock.advance(days=1)
    assert give(RECEPTIONIST, 50) == ""
    assert refused(lambda: crm.adjust_points(salon, RECEPTIONIST, ana.id, points=1)) == "not-permitted"


def test_a_replayed_gift_counts_once_against_the_cap(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, daily_caps={"receptionist": 50})
    for _ in range(3):
        assert crm.add_points(salon, RECEPTIONIST, ana.id, points=50, reference="till 7").points == 50


def test_nobody_changes_the_points_of_their_own_profile(salon: crm.Salon, ana: crm.Customer) -> None:
    eva = crm.add_customer(salon, MANAGER, name="Eva Reis", mobile="912 345 679")
    given = crm.add_points(salon, MANAGER, ana.id, points=10)
    crm.add_points(salon, OWNER, eva.id, points=10)
    for actor in (OWNER, MANAGER):
        crm.add_staff_member(salon, OWNER, name="Ana Silva", actor_id=actor.id, customer_id=ana.id)
        acts: list[Any] = [
            lambda who=actor: crm.add_points(salon, who, ana.id, points=1),
            lambda who=actor: crm.redeem_points(salon, who, ana.id, points=1),
            lambda who=actor: crm.adjust_points(salon, who, ana.id, points=1),
            lambda who=actor: crm.transfer_points(salon, who, ana.id, to=eva.id, points=1),
            lambda who=actor: crm.transfer_points(salon, who, eva.id, to=ana.id, points=1),
            lambda who=actor: crm.reverse_entry(salon, who, given.id),
        ]
        assert [refused(act) for act in acts] == ["not-permitted-self"] * len(acts)
    assert crm.add_points(salon, MANAGER, eva.id, points=1).points == 1
    assert crm.redeem_points(salon, STAFF, ana.id, points=1).points == -1
    crm.edit_staff_member(salon, OWNER, "ana-silva", customer_id=None)
    assert crm.add_points(salon, OWNER, ana.id, points=1).points == 1


def test_a_staff_member_s_profile_is_one_that_is_there(salon: crm.Salon, ana: crm.Customer) -> None:
    nobody = "01890a5d-ac96-774b-bcce-b302099a8057"
    assert refused(lambda: crm.add_staff_member(salon, OWNER, name="Gil", customer_id=nobody)) == "not-found"
    assert refused(lambda: crm.add_staff_member(salon, OWNER, name="Gil", customer_id="x")) == "invalid-document"
    assert crm.add_staff_member(salon, OWNER, name="Gil", customer_id=ana.id).customer_id == ana.id


def test_references_of_the_programme_s_own_are_no_host_s(salon: crm.Salon, ana: crm.Customer) -> None:
    taken = "crm:sale:7"
    assert refused(lambda: crm.add_points(salon, MANAGER, ana.id, points=1, reference=taken)) == "reference-reserved"


# backfilling


def test_what_happened_before_there_was_a_programme_is_given_once(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    visit(salon, ana, clock)
    clock.advance(days=3)
    sell(salon, ana, cut("25.00"), shampoo("10.00"))
    sell(salon, ana, shampoo("70.00"), paid=None)
    refund(salon, sell(salon, ana, shampoo("40.00")), amount="30.00")
    programme(salon, VISIT, EURO, expiry={"months": 1})
    made = crm.backfill_points(salon, MANAGER, ana.id, since=TODAY + timedelta(days=1))
    assert points(made) == [("added", 35), ("added", 10), ("added", 10)]
    assert points(crm.backfill_points(salon, MANAGER, ana.id)) == [("added", 10)]
    assert crm.backfill_points(salon, MANAGER, ana.id) == ()
    assert {lot.expires for lot in crm.points_statement(salon, STAFF, ana.id).lots} == {date(2026, 4, 5)}
    assert sound(salon)


def test_a_rule_of_a_time_gives_for_what_happened_then(salon: crm.Salon, ana: crm.Customer) -> None:
    sell(salon, ana, at=NOON - timedelta(days=40))
    sell(salon, ana)
    programme(salon, {**EURO, "until": TODAY - timedelta(days=1)})
    assert points(crm.backfill_points(salon, MANAGER, ana.id)) == [("added", 100)]


# finding customers


def test_customers_are_found_by_their_tier_and_by_what_they_earned_or_spent(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    tiers = [{"code": "silver", "points": 100}, {"code": "gold", "spend": "250"}]
    programme(salon, EURO, tiers=tiers, tier_months=2)
    names = ("Bea Costa", "Eva Reis", "Rui Melo")
    bea, eva, rui = (crm.add_customer(salon, MANAGER, name=name) for name in names)
    sell(salon, bea, shampoo("120.00"))
    sell(salon, rui, shampoo("300.00"))
    clock.advance(days=40)
    refund(salon, sell(salon, eva, shampoo("200.00"), shampoo("100.00")), lines=[1])
    sell(salon, eva, shampoo("60.00"))
    refund(salon, sell(salon, ana, shampoo("130.00")), amount="31.00")

    def found(asked: crm.CustomerFilter | str) -> list[str]:
        rows = [row.name for row in crm.find_customers(salon, STAFF, asked)]
        assert crm.count_customers(salon, STAFF, asked) == len(rows)
        return rows

    def of_tier() -> dict[str | None, list[str]]:
        people: dict[str | None, list[str]] = {}
        for row in crm.find_customers(salon, STAFF):
            people.setdefault(crm.points_balance(salon, STAFF, row.id).tier, []).append(row.name)
        return people

    assert of_tier() == {None: ["Ana Silva"], "silver": ["Bea Costa"], "gold": ["Eva Reis", "Rui Melo"]}
    assert (found("tier:silver"), found("tier:gold")) == (["Bea Costa"], ["Eva Reis", "Rui Melo"])
    assert found("not tier:gold|silver") == ["Ana Silva"]
    assert found(crm.CustomerFilter(tier="gold", text="rui")) == ["Rui Melo"]
    assert found("spent >= 260 since today") == ["Eva Reis"]
    assert found("spent >= 0 since -1d and not spent >= 130 since 2026-01-01") == ["Ana Silva", "Bea Costa"]
    assert found("earned >= 99 since -39d") == ["Ana Silva", "Eva Reis"]
    clock.advance(days=30)
    assert of_tier() == {None: ["Ana Silva", "Bea Costa", "Rui Melo"], "gold": ["Eva Reis"]}
    assert found("tier:silver|gold") == ["Eva Reis"]
    assert str(crm.explain_match(salon, STAFF, eva.id, "spent >= 260 since -90d")) == (
        "yes: spent >= 260 since -90d (has 260.00 EUR)"
    )
    with pytest.raises(crm.UnknownCriterion, match="Known: silver, gold"):
        found("tier:bronze")


# stores that keep no ledgers


class _UnitWithoutCatalogue(_Unit):
    @property
    def staff_members(self) -> Any:
        raise crm.NotSupported("not-supported", what="staff members")


class _StoreWithoutCatalogue(MemoryStore):
    @contextmanager
    def writing(self) -> Generator[_Unit]:
        with super().writing() as unit:
            yield _UnitWithoutCatalogue(unit.state, writable=True)

    @contextmanager
    def reading(self) -> Generator[_Unit]:
        with super().reading() as unit:
            yield _UnitWithoutCatalogue(unit.state, writable=False)


# once only


def test_a_refund_before_points_were_redeemed_on_a_sale_brings_none_of_them_back(
    salon: crm.Salon, ana: crm.Customer
) -> None:
    crm.add_points(salon, MANAGER, ana.id, points=100)
    sold = sell(salon, ana)
    refund(salon, sold, amount=90)
    crm.redeem_points(salon, STAFF, ana.id, points=100, sale=sold.sale.id)
    assert refund(salon, sold, amount="0.01").points == ()
    assert points(refund(salon, sold, amount="4.99").points) == [("reversed", 50)]  # half of what it still cost
    assert points(refund(salon, sold).points) == [("reversed", 50)]
    assert sound(salon)


def test_a_payment_brings_back_nothing_that_was_redeemed(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.add_points(salon, MANAGER, ana.id, points=40)
    sold = sell(salon, ana, paid="0")
    refund(salon, sold, amount=50)
    crm.redeem_points(salon, STAFF, ana.id, points=40, sale=sold.sale.id)
    assert crm.record_payment(salon, STAFF, sold.sale.id, amount=50).points == ()
    assert total(salon, ana) == 0


def test_a_visit_s_points_are_spent_once_however_often_it_is_reopened(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    programme(salon, VISIT)
    booking = visit(salon, ana, clock).booking
    crm.redeem_points(salon, STAFF, ana.id, points=7)
    for _ in range(3):
        [back] = crm.reopen_booking(salon, STAFF, booking.id, reason="Mistyped.").points
        assert (back.points, back.shortfall, total(salon, ana)) == (-3, 7, 0)
        again = crm.complete_booking(salon, STAFF, booking.id).points
        assert points(again) == [("added", 10), ("reversed", -7)]
        assert total(salon, ana) == 3
    assert sound(salon)


@pytest.mark.parametrize("acts", [({"amount": 40}, {"lines": [0]}), ({"lines": [0]}, {"amount": 40})], ids=str)
def test_what_refunds_leave_does_not_depend_on_their_order(
    salon: crm.Salon, ana: crm.Customer, acts: tuple[dict[str, Any], ...]
) -> None:
    programme(salon, EURO)
    sold = sell(salon, ana, shampoo("50.00"), shampoo("50.00"))
    for act in acts:
        refund(salon, sold, **act)
    assert total(salon, ana) == 10


def test_what_is_taken_back_counts_no_longer_where_it_counted(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    programme(salon, EURO, tiers=[{"code": "gold", "points": 100}])
    old = sell(salon, ana, shampoo("300.00"))
    clock.advance(days=400)
    new = sell(salon, ana, shampoo("150.00"))
    refund(salon, old)
    assert crm.points_balance(salon, STAFF, ana.id).tier == "gold"
    assert [row.id for row in crm.find_customers(salon, STAFF, "earned >= 150 since -90d and tier:gold")] == [ana.id]
    refund(salon, new, amount=60)
    assert crm.points_balance(salon, STAFF, ana.id).tier is None
    assert not crm.find_customers(salon, STAFF, "tier:gold").items


def test_nothing_is_undone_before_it_was_done(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, EURO)
    given = crm.add_points(salon, MANAGER, ana.id, points=10)
    before = NOON - timedelta(days=1)
    assert refused(lambda: crm.reverse_entry(salon, MANAGER, given.id, at=before)) == "entry-later"
    [earned] = sell(salon, ana).points
    [back] = crm.refund_sale(salon, MANAGER, earned.origin.id, at=before).points  # type: ignore[union-attr]  # it has one
    assert back.at == earned.at


@pytest.mark.parametrize("tier", [{"points": 100}, {"spend": 100}], ids=str)
def test_a_sale_that_is_sent_late_earns_by_the_tier_of_its_time(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock, tier: dict[str, Any]
) -> None:
    programme(salon, EURO, tiers=[{"code": "gold", "percent": 200, **tier}])
    then = clock.now()
    clock.advance(days=10)
    sell(salon, ana, shampoo("500.00"))
    assert points(sell(salon, ana, shampoo("50.00"), at=then).points) == [("added", 50)]
    assert points(sell(salon, ana, shampoo("50.00")).points) == [("added", 100)]


def test_a_location_that_is_a_day_ahead_counts_for_the_tier_of_today(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    crm.add_location(salon, OWNER, name="Kiritimati", zone="Pacific/Kiritimati", code="kiri")
    programme(salon, EURO, tiers=[{"code": "gold", "spend": 100}])
    sell(salon, ana, location="kiri")
    assert crm.points_balance(salon, STAFF, ana.id).tier == "gold"
    assert len(crm.find_customers(salon, STAFF, "tier:gold").items) == 1


def test_a_refund_gives_nothing_for_a_sale_of_before_the_programme(salon: crm.Salon, ana: crm.Customer) -> None:
    sold = sell(salon, ana, cut("60.00"), shampoo("40.00"), paid=105)
    programme(salon, EURO, VISIT)
    assert refund(salon, sold, amount=0).points == ()  # what was paid too much
    assert refund(salon, sold, lines=[1]).points == ()
    assert points(crm.backfill_points(salon, MANAGER, ana.id)) == [("added", 60), ("added", 10)]


def test_a_sale_that_is_paid_no_more_earns_again_once_it_is(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, EURO)
    sold = sell(salon, ana)
    refund(salon, sold, amount=20)
    crm.redeem_points(salon, STAFF, ana.id, points=30)
    refused_card = refund(salon, sold, amount=0, returned=80)
    assert refused_card.sale.payment_status is crm.PaymentStatus.UNPAID
    assert [(entry.points, entry.shortfall) for entry in refused_card.points] == [(-50, 30)]
    assert crm.record_payment(salon, STAFF, sold.sale.id, amount=70).points == ()
    again = crm.record_payment(salon, STAFF, sold.sale.id, amount=10, reference="p1").points
    assert points(again) == [("added", 80), ("reversed", -30)]
    assert points(refund(salon, sold, amount=40).points) == [("reversed", -40)]
    assert points(refund(salon, sold).points) == [("reversed", -10)]
    assert total(salon, ana) == 0
    assert sound(salon)


def test_a_sale_whose_points_were_reversed_by_hand_earns_none_again(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, EURO)
    sold = sell(salon, ana)
    crm.reverse_entry(salon, MANAGER, sold.points[0].id)
    refund(salon, sold, amount=0, returned=100)
    assert crm.record_payment(salon, STAFF, sold.sale.id, amount=100).points == ()
    assert total(salon, ana) == 0


def test_a_cap_holds_for_adjustments_too(salon: crm.Salon, ana: crm.Customer) -> None:
    programme(salon, EURO, daily_caps={"manager": 20})
    assert refused(lambda: crm.adjust_points(salon, MANAGER, ana.id, points=21)) == "points-cap"
    crm.adjust_points(salon, MANAGER, ana.id, points=15)
    crm.adjust_points(salon, MANAGER, ana.id, points=-15)
    assert refused(lambda: crm.add_points(salon, MANAGER, ana.id, points=6)) == "points-cap"
    crm.add_points(salon, MANAGER, ana.id, points=5)


def test_a_sale_that_nobody_paid_is_no_visit(salon: crm.Salon, ana: crm.Customer, clock: FixedClock) -> None:
    programme(salon, VISIT)
    unpaid = sell(salon, ana, cut("20.00"), paid=0)
    booking = visit(salon, ana, clock).booking
    assert points(crm.reopen_booking(salon, STAFF, booking.id, reason="She never came.").points) == [("reversed", -10)]
    assert points(crm.record_payment(salon, STAFF, unpaid.sale.id, amount=20).points) == [("added", 10)]
    refund(salon, unpaid, amount=0, returned=20)  # the card was refused
    assert total(salon, ana) == 0


@pytest.mark.parametrize("year", [1, 1799])
def test_what_happened_before_any_salon_is_refused(salon: crm.Salon, ana: crm.Customer, year: int) -> None:
    programme(salon, EURO, tiers=[{"code": "gold", "points": 100}])
    long_ago = NOON.replace(year=year)
    for act in (
        lambda: crm.add_points(salon, MANAGER, ana.id, points=1, at=long_ago),
        lambda: crm.redeem_points(salon, MANAGER, ana.id, points=1, at=long_ago),
        lambda: sell(salon, ana, at=long_ago),
    ):
        with pytest.raises(crm.InvalidValue) as caught:
            act()
        assert (caught.value.field, caught.value.code) == ("at", "number-out-of-range")


def test_a_store_without_a_catalogue_keeps_points_that_nobody_has_a_name_for() -> None:
    with crm.open_salon(_StoreWithoutCatalogue(), region="PT", zone="UTC", currency="EUR") as salon:
        ana = crm.add_customer(salon, MANAGER, name="Ana Silva")
        crm.add_points(salon, MANAGER, ana.id, points=10)
        assert [row.name for row in crm.points_history(salon, STAFF, ana.id)] == [None]


class _UnitWithoutLedgers(_Unit):
    @property
    def reward_entries(self) -> Any:
        raise crm.NotSupported("not-supported", what="reward entries")


class _StoreWithoutLedgers(MemoryStore):
    @contextmanager
    def writing(self) -> Generator[_Unit]:
        with super().writing() as unit:
            yield _UnitWithoutLedgers(unit.state, writable=True)


def test_a_store_without_ledgers_books_sells_and_refunds_and_takes_no_programme() -> None:
    clock = FixedClock()
    with crm.open_salon(_StoreWithoutLedgers(), region="PT", zone="UTC", currency="EUR", clock=clock) as salon:
        crm.add_service(salon, OWNER, name="Cut", duration=30)
        ana = crm.add_customer(salon, MANAGER, name="Ana Silva")
        booking = visit(salon, ana, clock).booking
        assert crm.reopen_booking(salon, STAFF, booking.id, reason="Mistyped.").points == ()
        assert refund(salon, sell(salon, ana, cut())).points == ()
        with pytest.raises(crm.NotSupported):
            programme(salon, EURO)
        assert crm.change_settings(salon, OWNER, zone="Europe/Lisbon").rewards == crm.RewardProgramme()


def test_a_programme_that_was_read_is_nobody_s_to_change(salon: crm.Salon) -> None:
    programme(salon, daily_caps={"receptionist": 50})
    caps: Any = crm.get_settings(salon, OWNER).rewards.daily_caps
    if not isinstance(salon.store, MemoryStore):  # which gives back what it was given
        caps[crm.Role.RECEPTIONIST] = 10**6
        assert crm.get_settings(salon, OWNER).rewards.daily_caps == {crm.Role.RECEPTIONIST: 50}
