"""The rewards programme of a salon: what earns points, how long they last, which tiers there are, who may give."""

from collections.abc import Mapping
from datetime import date, timedelta
from enum import StrEnum
from fractions import Fraction
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from salon_crm.domain.access import Role
from salon_crm.domain.dates import months_after
from salon_crm.domain.money import Money
from salon_crm.domain.privacy import OPERATOR, classed
from salon_crm.domain.sales import LineKind


class EarnPer(StrEnum):
    """What a rule gives points for."""

    VISIT = "visit"
    """Each visit: a local day with a completed booking, or with a paid sale of a service without a booking."""
    MONEY = "money"
    """Each time the rule's amount was spent, before tax."""
    ITEM = "item"
    """Each service, product or package sold, of those it names."""


class Rounding(StrEnum):
    """How a fraction of a point is made whole, once for a sale."""

    DOWN = "down"
    NEAREST = "nearest"
    """To the nearest whole point, a half up."""
    UP = "up"

    def whole(self, points: Fraction) -> int:
        """Return points without a fraction."""
        if self is Rounding.DOWN:
            return points.numerator // points.denominator
        if self is Rounding.UP:
            return -(-points.numerator // points.denominator)
        return (points + Fraction(1, 2)).__floor__()


@frozen(field_transformer=classed, kw_only=True)
class EarnRule:
    """A way of earning points: so many per visit, per amount of money, or per item.

    A rule per money gives ``points`` for each ``amount`` spent, in proportion; ``kinds`` and ``items`` (codes of
    services and packages, what the host calls products by) say which lines count, all where they are empty. ``since``
    and ``until`` are local days, both included. ``most`` is what the rule gives for one visit or one sale at most.
    """

    per: EarnPer = field(metadata=OPERATOR)
    points: int = field(metadata=OPERATOR)
    amount: Money | None = field(default=None, metadata=OPERATOR, repr=True)
    kinds: frozenset[LineKind] = field(default=frozenset(), metadata=OPERATOR)
    items: frozenset[str] = field(default=frozenset(), metadata=OPERATOR)
    since: date | None = field(default=None, metadata=OPERATOR)
    until: date | None = field(default=None, metadata=OPERATOR)
    most: int | None = field(default=None, metadata=OPERATOR)

    def runs(self, day: date) -> bool:
        """Return whether the rule gives points on a day."""
        return (self.since is None or self.since <= day) and (self.until is None or day <= self.until)


class Lasting(StrEnum):
    """How long points last."""

    FOR_EVER = "for-ever"
    MONTHS = "months"
    """So many months after the day they were earned, through the day of that number, or the last of a shorter month."""
    YEAR_END = "year-end"
    """Through the last day of the year they were earned in, or of so many years later."""


@frozen(field_transformer=classed, kw_only=True)
class Expiry:
    """How long points last: ``count`` months, or years beyond the one they were earned in."""

    lasting: Lasting = field(default=Lasting.FOR_EVER, metadata=OPERATOR)
    count: int = field(default=0, metadata=OPERATOR)

    def last_day(self, earned: date) -> date | None:
        """Return the last day of points earned on a day; None where they stay."""
        if self.lasting is Lasting.MONTHS:
            return months_after(earned, self.count)
        if self.lasting is Lasting.YEAR_END:
            return date(earned.year + self.count, 12, 31)
        return None


class TierBasis(StrEnum):
    """What a customer's tier is reached by."""

    POINTS = "points"
    """Points added in the period, less what was taken back of them; spending points does not matter."""
    SPEND = "spend"
    """What completed sales of the period cost after refunds."""


@frozen(field_transformer=classed, kw_only=True)
class Tier:
    """A tier of the programme: reached with ``at_least`` points, or minor units of the currency, in the period.

    What a customer of the tier earns is multiplied by ``percent`` / 100.
    """

    code: str = field(metadata=OPERATOR)
    name: str = field(metadata=OPERATOR)
    at_least: int = field(metadata=OPERATOR)
    percent: int = field(default=100, metadata=OPERATOR)


_NO_CAPS: Final[Mapping[Role, int]] = MappingProxyType({})


@frozen(field_transformer=classed, kw_only=True)
class RewardProgramme:
    """How a salon rewards its customers; a change touches new points only.

    ``rules`` are added up. Prices include ``tax`` hundredths of a percent, which rules per money leave out. ``tiers``
    are reached by ``tier_basis`` over the last ``tier_months`` months. ``minimum`` is the least that is redeemed at
    once, ``value`` what a point is worth. ``daily_caps`` say how many points a role may give by hand in a day, without
    limit where it is not named. ``reasons`` says whether points given, adjusted or reversed by hand need one;
    ``returns`` whether points redeemed on a sale come back when it is refunded; ``collects`` whether a shortfall of a
    refund is taken from points earned later.
    """

    rules: tuple[EarnRule, ...] = field(default=(), metadata=OPERATOR)
    rounding: Rounding = field(default=Rounding.DOWN, metadata=OPERATOR)
    tax: int = field(default=0, metadata=OPERATOR)
    expiry: Expiry = field(default=Expiry(), metadata=OPERATOR)
    tiers: tuple[Tier, ...] = field(default=(), metadata=OPERATOR)
    tier_basis: TierBasis = field(default=TierBasis.POINTS, metadata=OPERATOR)
    tier_months: int = field(default=12, metadata=OPERATOR)
    minimum: int = field(default=1, metadata=OPERATOR)
    value: Money | None = field(default=None, metadata=OPERATOR)
    daily_caps: Mapping[Role, int] = field(default=_NO_CAPS, metadata=OPERATOR)
    reasons: bool = field(default=False, metadata=OPERATOR)
    returns: bool = field(default=True, metadata=OPERATOR)
    collects: bool = field(default=False, metadata=OPERATOR)

    def tier(self, reached: int) -> Tier | None:
        """Return the highest tier that so many points, or so much spend in minor units, is enough for."""
        enough = [tier for tier in self.tiers if tier.at_least <= reached]
        return max(enough, key=lambda tier: tier.at_least, default=None)

    def tier_since(self, day: date) -> date:
        """Return the first day of the period that counts for a tier on a day."""
        return months_after(day, -self.tier_months) + timedelta(days=1)
