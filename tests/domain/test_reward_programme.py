"""The rewards programme as somebody states it: read, and refused with every problem and its field."""

from datetime import date
from typing import Any

import pytest
from attrs import evolve
from hypothesis import given

from salon_crm.domain.access import Role
from salon_crm.domain.money import Money
from salon_crm.domain.rewards import EarnPer, EarnRule, Expiry, RewardProgramme, Rounding, Tier
from salon_crm.domain.rewards.stated import read_programme
from salon_crm.domain.sales import LineKind
from salon_crm.errors import InvalidDocument, InvalidValue
from salon_crm.testing import strategies

FULL: dict[str, Any] = {
    "rules": [
        {"per": "visit", "points": 10},
        {"per": "money", "points": 1, "amount": "2.50", "kinds": ["service"], "most": 500},
        {"per": "item", "points": 5, "items": ["shampoo"], "since": date(2026, 1, 1), "until": date(2026, 12, 31)},
    ],
    "rounding": "nearest",
    "tax_basis_points": 2_300,
    "expiry": {"months": 12},
    "tiers": [
        {"code": "silver", "name": "Silver", "points": 100, "percent": 120},
        {"code": "gold", "spend": "500", "percent": 200},
    ],
    "tier_months": 6,
    "minimum": 50,
    "value": "0.05",
    "daily_caps": {"receptionist": 20, "manager": 1_000},
    "reasons": True,
    "returns": False,
    "collects": True,
}


def eur(minor: int) -> Money:
    return Money(minor, "EUR")


def problems_of(**stated: Any) -> dict[str | None, str]:
    with pytest.raises(InvalidValue) as caught:
        read_programme(stated, "rewards", "EUR")
    return {problem.field: problem.code for problem in caught.value.problems}


def test_a_programme_is_read_as_it_is_stated() -> None:
    assert read_programme(FULL, "rewards", "EUR") == RewardProgramme(
        rules=(
            EarnRule(per=EarnPer.VISIT, points=10),
            EarnRule(per=EarnPer.MONEY, points=1, amount=eur(250), kinds=frozenset({LineKind.SERVICE}), most=500),
            EarnRule(
                per=EarnPer.ITEM,
                points=5,
                items=frozenset({"shampoo"}),
                since=date(2026, 1, 1),
                until=date(2026, 12, 31),
            ),
        ),
        rounding=Rounding.NEAREST,
        tax_basis_points=2_300,
        expiry=Expiry(months=12),
        tiers=(
            Tier(code="silver", name="Silver", points=100, percent=120),
            Tier(code="gold", name="gold", spend=eur(50_000), percent=200),
        ),
        tier_months=6,
        minimum=50,
        value=eur(5),
        daily_caps={Role.RECEPTIONIST: 20, Role.MANAGER: 1_000},
        reasons=True,
        returns=False,
        collects=True,
    )


def test_what_is_not_stated_is_as_at_first() -> None:
    assert read_programme({}, "rewards", "EUR") == RewardProgramme()


@given(strategies.programmes("EUR"))
def test_a_programme_that_was_read_is_read_again_as_it_is(programme: RewardProgramme) -> None:
    assert read_programme(programme, "rewards", "EUR") == programme


def test_a_part_of_a_programme_is_changed_by_handing_over_the_rest() -> None:
    programme = read_programme(FULL, "rewards", "EUR")
    assert read_programme(evolve(programme, minimum=7), "rewards", "EUR") == evolve(programme, minimum=7)


def test_an_object_that_somebody_built_is_read_like_a_mapping() -> None:
    with pytest.raises(InvalidDocument) as caught:
        read_programme(RewardProgramme(minimum=0, rules=(EarnRule(per=EarnPer.MONEY, points=0),)), "rewards", "EUR")
    assert {problem.field for problem in caught.value.problems} == {
        "rewards.minimum", "rewards.rules.0.points", "rewards.rules.0.amount",
    }  # fmt: skip


def test_every_problem_comes_back_with_its_field() -> None:
    assert problems_of(colour="red") == {"rewards.colour": "unknown-field"}
    assert problems_of(
        rules=[{"per": "moon", "points": True}, {"points": 1.5}, 7, {"per": "money", "points": 1, "amount": 0}],
        rounding="half-even",
        tax_basis_points=10_001,
        expiry={"months": 0},
        tiers=[{"code": "Gold!", "points": 1}, {"code": "x"}, {"code": "y", "points": 1, "spend": 2}],
        tier_months="12",
        minimum=-1,
        value=0.05,
        daily_caps={"boss": 1},
        reasons=1,
        returns="no",
    ) == {
        "rewards.rules.0.per": "not-a-choice",
        "rewards.rules.0.points": "wrong-type",
        "rewards.rules.1.per": "required",
        "rewards.rules.1.points": "wrong-type",
        "rewards.rules.2": "wrong-type",
        "rewards.rules.3.amount": "number-out-of-range",
        "rewards.rounding": "not-a-choice",
        "rewards.tax_basis_points": "number-out-of-range",
        "rewards.expiry.months": "number-out-of-range",
        "rewards.tiers.0.code": "code-invalid",
        "rewards.tiers.1.points": "required",
        "rewards.tiers.2.points": "required",
        "rewards.tier_months": "wrong-type",
        "rewards.minimum": "number-out-of-range",
        "rewards.value": "money-float",
        "rewards.daily_caps.boss": "unknown-field",
        "rewards.reasons": "wrong-type",
        "rewards.returns": "wrong-type",
    }


@pytest.mark.parametrize(
    ("rule", "field"),
    [
        ({"per": "visit", "points": 1, "amount": "1"}, "amount"),
        ({"per": "visit", "points": 1, "kinds": ["service"]}, "kinds"),
        ({"per": "visit", "points": 1, "items": ["cut"]}, "items"),
        ({"per": "item", "points": 1, "amount": "1"}, "amount"),
        ({"per": "money", "points": 1}, "amount"),
        ({"per": "visit"}, "points"),
        ({"per": "visit", "points": 10**6 + 1}, "points"),
        ({"per": "item", "points": 1, "kinds": ["gift"]}, "kinds"),
        ({"per": "item", "points": 1, "kinds": "service"}, "kinds"),
        ({"per": "item", "points": 1, "items": ["cut", ""]}, "items.1"),
        ({"per": "visit", "points": 1, "since": date(2026, 2, 1), "until": date(2026, 1, 31)}, "until"),
        ({"per": "visit", "points": 1, "since": "2026-02-01"}, "since"),
        ({"per": "visit", "points": 1, "most": 0}, "most"),
    ],
)  # fmt: skip
def test_a_rule_says_what_its_kind_of_rule_says(rule: dict[str, Any], field: str) -> None:
    assert list(problems_of(rules=[rule])) == [f"rewards.rules.0.{field}"]


def test_points_last_for_months_or_to_the_end_of_a_year() -> None:
    assert problems_of(expiry={"months": 1, "year_ends": 1}) == {"rewards.expiry.year_ends": "unknown-field"}
    assert read_programme({"expiry": {"year_ends": 0}}, "rewards", "EUR").expiry == Expiry(year_ends=0)


def test_tiers_are_told_apart_by_their_codes() -> None:
    tiers = [{"code": "gold", "points": 1}, {"code": "gold", "points": 2}]
    assert problems_of(tiers=tiers) == {"rewards.tiers": "code-twice"}


def test_tiers_come_from_the_lowest_to_the_highest() -> None:
    points = [{"code": code, "points": n} for code, n in (("a", 50), ("b", 50), ("c", 10), ("d", 51))]
    assert problems_of(tiers=points) == {f"rewards.tiers.{n}.points": "tier-not-higher" for n in (1, 2)}
    spend = [{"code": code, "spend": n} for code, n in (("a", 500), ("b", "499.99"), ("c", 501))]
    assert problems_of(tiers=spend) == {"rewards.tiers.1.spend": "tier-not-higher"}
    mixed: Any = {"tiers": [{"code": "a", "points": 50}, {"code": "b", "spend": 5}, {"code": "c", "points": 51}]}
    assert [tier.code for tier in read_programme(mixed, "rewards", "EUR").tiers] == ["a", "b", "c"]


def test_amounts_are_of_the_salon_s_currency() -> None:
    assert problems_of(value=Money(5, "USD")) == {"rewards.value": "money-mixed"}


@pytest.mark.parametrize("value", [None, 7, "rules", [("rules", ())], EarnRule(per=EarnPer.VISIT, points=1)])
def test_what_is_no_programme_is_refused(value: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        read_programme(value, "rewards", "EUR")
    assert (caught.value.code, caught.value.field) == ("wrong-type", "rewards")
