"""What visits and sales earn, how it is rounded, how long it lasts, and what a refund leaves of it."""

from datetime import date, timedelta
from fractions import Fraction
from typing import Any

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from salon_crm.domain.money import Money
from salon_crm.domain.reading import Problems
from salon_crm.domain.rewards.earning import points_kept, sale_shares, visit_points
from salon_crm.domain.rewards.programme import EarnPer, EarnRule, Expiry, RewardProgramme, Rounding, Tier
from salon_crm.domain.rewards.records import LineShare
from salon_crm.domain.sales import LineKind, Sale, SaleLine
from salon_crm.domain.sales.refunds import refunded_sale, taken_back
from salon_crm.domain.sales.stated import read_taken
from salon_crm.errors import InvalidValue
from salon_crm.testing import a_sale, an_instant

TODAY = an_instant().date()


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def line(minor: int, quantity: int = 1, kind: LineKind = LineKind.SERVICE, item: str = "cut") -> SaleLine:
    return SaleLine(kind=kind, item=item, name=item, quantity=quantity, price=eur(minor))


def sale(*lines: SaleLine) -> Sale:
    return a_sale(lines=lines, payments=())


def a_rule(per: EarnPer = EarnPer.MONEY, points: int = 1, **fields: Any) -> EarnRule:
    return EarnRule(per=per, points=points, amount=eur(100) if per is EarnPer.MONEY else None, **fields)


def a_programme(*rules: EarnRule, **fields: Any) -> RewardProgramme:
    return RewardProgramme(rules=rules, **fields)


def earned(programme: RewardProgramme, sold: Sale, percent: int = 100) -> int:
    return sum(share.points for share in sale_shares(programme, sold, percent))


def refunded(sold: Sale, *, lines: Any = None, amount: int | None = None) -> Sale:
    problems = Problems()
    taken = None if lines is None else taken_back(sold, read_taken(lines, "EUR", problems))
    problems.settle()
    money = None if amount is None else eur(amount)
    return refunded_sale(sold, lines=taken, amount=money, returned=eur(0), at=an_instant(), by="olga", reason=None)


# earning


def test_nothing_is_earned_without_a_rule() -> None:
    assert sale_shares(a_programme(), sale(line(10_000))) == ()
    assert visit_points(a_programme(), TODAY) == 0


def test_a_visit_earns_what_its_rules_give_together() -> None:
    programme = a_programme(a_rule(EarnPer.VISIT, 10), a_rule(EarnPer.VISIT, 5), a_rule(points=3))
    assert visit_points(programme, TODAY) == 15
    assert visit_points(programme, TODAY, 150) == 22


def test_a_rule_gives_points_on_its_days_both_included() -> None:
    programme = a_programme(a_rule(EarnPer.VISIT, 10, since=TODAY, until=TODAY + timedelta(days=1)))
    days = [visit_points(programme, TODAY + timedelta(days=n)) for n in range(-1, 3)]
    assert days == [0, 10, 10, 0]


def test_money_earns_in_proportion_and_the_sale_is_rounded_once() -> None:
    three = sale(line(150), line(150), line(150))
    assert earned(a_programme(a_rule()), three) == 4
    assert earned(a_programme(a_rule(), rounding=Rounding.NEAREST), three) == 5
    assert earned(a_programme(a_rule(), rounding=Rounding.UP), sale(line(101))) == 2


@pytest.mark.parametrize(("rounding", "whole"), [("down", [2, 2, -3]), ("nearest", [3, 2, -2]), ("up", [3, 3, -2])])
def test_fractions_are_made_whole_as_is_said(rounding: str, whole: list[int]) -> None:
    assert [Rounding(rounding).whole(each) for each in (Fraction(5, 2), Fraction(9, 4), Fraction(-5, 2))] == whole


def test_tax_earns_nothing() -> None:
    assert earned(a_programme(a_rule(), tax_basis_points=2_300), sale(line(12_300))) == 100


def test_a_rule_counts_the_kinds_and_items_it_names() -> None:
    sold = sale(line(1_000), line(2_000, item="colour"), line(4_000, kind=LineKind.PRODUCT, item="Shampoo"))
    assert earned(a_programme(a_rule(kinds=frozenset({LineKind.PRODUCT}))), sold) == 40
    assert earned(a_programme(a_rule(items=frozenset({"colour", "Shampoo"}))), sold) == 60
    assert earned(a_programme(a_rule(EarnPer.ITEM, 7, items=frozenset({"cut"}))), sold) == 7


def test_an_item_earns_as_often_as_it_is_sold() -> None:
    assert earned(a_programme(a_rule(EarnPer.ITEM, 7)), sale(line(0, quantity=3))) == 21


def test_a_cap_is_kept_by_all_lines_in_proportion() -> None:
    sold = sale(line(1_000), line(3_000))
    assert sale_shares(a_programme(a_rule(most=20)), sold) == (LineShare(0, 5), LineShare(1, 15))


def test_a_line_that_earns_nothing_is_not_named() -> None:
    assert sale_shares(a_programme(a_rule()), sale(line(0), line(200))) == (LineShare(1, 2),)


LINES = st.lists(st.tuples(st.integers(0, 5_000), st.integers(1, 4)), min_size=1, max_size=6)
ROUNDINGS = st.sampled_from(Rounding)


@given(LINES, ROUNDINGS, st.integers(1, 300), st.integers(1, 20))
def test_lines_come_to_what_the_sale_earns_as_a_whole(
    lines: list[tuple[int, int]], rounding: Rounding, percent: int, points: int
) -> None:
    sold = sale(*(line(minor, quantity) for minor, quantity in lines))
    programme = a_programme(a_rule(points=points), rounding=rounding)
    whole = rounding.whole(Fraction(sold.total.minor * points * percent, 100 * 100))
    shares = sale_shares(programme, sold, percent)
    assert sum(share.points for share in shares) == whole
    for share in shares:
        assert share.line is not None
        exact = Fraction(sold.lines[share.line].total.minor * points * percent, 100 * 100)
        assert abs(share.points - exact) < 1


# what a refund leaves


def test_a_refunded_line_takes_the_points_it_earned() -> None:
    sold = sale(line(1_000), line(3_000, kind=LineKind.PRODUCT, item="Shampoo"))
    shares = sale_shares(a_programme(a_rule(EarnPer.ITEM, 50, items=frozenset({"Shampoo"})), a_rule()), sold)
    assert points_kept(shares, sold) == 90
    assert points_kept(shares, refunded(sold, lines=[0])) == 80
    assert points_kept(shares, refunded(sold, lines=[1])) == 10


def test_a_part_of_a_line_takes_its_part_and_an_amount_takes_from_all() -> None:
    sold = sale(line(1_000, quantity=4))
    shares = sale_shares(a_programme(a_rule()), sold)
    assert points_kept(shares, refunded(sold, lines=[{"line": 0, "quantity": 1}])) == 30
    assert points_kept(shares, refunded(sold, amount=1_000)) == 30
    assert points_kept(shares, refunded(refunded(sold, amount=1_000), amount=1_500)) == 15


def test_a_line_that_cost_nothing_keeps_points_by_how_many_are_left() -> None:
    sold = sale(line(0, quantity=3), line(100))
    shares = sale_shares(a_programme(a_rule(EarnPer.ITEM, 10, items=frozenset({"cut"}))), sold)
    assert points_kept(shares, sold) == 40
    assert points_kept(shares, refunded(sold, lines=[{"line": 0, "quantity": 2}])) == 20


REFUNDS = st.lists(
    st.one_of(
        st.tuples(st.just("line"), st.integers(0, 5), st.integers(1, 4)),
        st.tuples(st.just("amount"), st.integers(0, 9_000), st.just(0)),
        st.tuples(st.just("rest"), st.just(0), st.just(0)),
    ),
    max_size=6,
)


@given(LINES, REFUNDS, st.integers(1, 20))
@example([(5_000, 1), (5_000, 1)], [("amount", 4_000, 0), ("line", 0, 1)], 1)  # what came off a line comes off another
def test_refunds_in_any_order_leave_fewer_points_each_time_and_none_of_a_sale_that_costs_nothing(
    lines: list[tuple[int, int]], refunds: list[tuple[str, int, int]], points: int
) -> None:
    sold = sale(*(line(minor, quantity) for minor, quantity in lines))
    shares = sale_shares(a_programme(a_rule(points=points)), sold)
    a_point_a_cent = [LineShare(place, each.total.minor) for place, each in enumerate(sold.lines)]
    kept = points_kept(shares, sold)
    assert kept == sum(share.points for share in shares)
    for kind, number, quantity in refunds:
        if not sold.net:
            break
        place = number % len(sold.lines)
        most = sold.lines[place].quantity - sold.refunded_of(place)
        if kind == "line":
            worth = sold.lines[place].price.minor * min(quantity, most)
            if not most or worth > sold.net.minor:
                continue
            sold = refunded(sold, lines=[{"line": place, "quantity": min(quantity, most)}])
        else:
            sold = refunded(sold) if kind == "rest" else refunded(sold, amount=min(number, sold.net.minor) or 1)
        now = points_kept(shares, sold)
        assert 0 <= now <= kept
        assert points_kept(a_point_a_cent, sold) == sold.net.minor
        kept = now
    if sold.total and not sold.net:
        assert kept == 0


# how long points last


@pytest.mark.parametrize(
    ("expiry", "last"),
    [
        (Expiry(), None),
        (Expiry(months=1), date(2026, 2, 28)),
        (Expiry(months=12), date(2027, 1, 31)),
        (Expiry(months=25), date(2028, 2, 29)),
        (Expiry(year_ends=0), date(2026, 12, 31)),
        (Expiry(year_ends=1), date(2027, 12, 31)),
    ],
)
def test_points_last_as_long_as_the_programme_says(expiry: Expiry, last: date | None) -> None:
    assert expiry.last_day(date(2026, 1, 31)) == last


def test_a_last_day_beyond_the_calendar_is_said() -> None:
    with pytest.raises(InvalidValue):
        Expiry(months=12).last_day(date(9999, 2, 1))


# tiers


def test_the_highest_tier_that_was_reached_is_the_customer_s() -> None:
    silver, gold = Tier(code="silver", name="Silver", points=100), Tier(code="gold", name="Gold", spend=eur(500))
    programme = a_programme(tiers=(silver, gold))
    reached = [(99, 499), (100, 0), (0, 500), (1_000, 499)]
    assert [programme.tier(points, spend) for points, spend in reached] == [None, silver, gold, silver]


def test_a_tier_counts_the_last_months_to_the_day() -> None:
    assert a_programme().tier_since(date(2026, 3, 31)) == date(2025, 4, 1)
    assert evolve(a_programme(), tier_months=1).tier_since(date(2026, 3, 30)) == date(2026, 3, 1)
