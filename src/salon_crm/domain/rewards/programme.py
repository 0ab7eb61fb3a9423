"""The rewards programme of a salon: what earns points, how long they last, which tiers there are, who may give."""

from collections.abc import Iterator, Mapping
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


@frozen(field_transformer=classed, kw_only=True)
class Expiry:
    """How long points last: for ever, unless one of both is stated.

    ``months``: through the day of that number so many months after the day they were earned, or the last of a shorter
    month. ``year_ends``: through the end of the year they were earned in, or of so many years later.
    """

    months: int | None = field(default=None, metadata=OPERATOR)
    year_ends: int | None = field(default=None, metadata=OPERATOR)

    def last_day(self, earned: date) -> date | None:
        """Return the last day of points earned on a day; None where they stay."""
        if self.months is not None:
            return months_after(earned, self.months)
        if self.year_ends is not None:
            return date(earned.year + self.year_ends, 12, 31)
        return None


@frozen(field_transformer=classed, kw_only=True)
class Tier:
    """A tier of the programme: reached with so many ``points`` earned, or so much ``spend``, in the programme's period.

    What a customer of the tier earns is multiplied by ``percent`` / 100.
    """

    code: str = field(metadata=OPERATOR)
    name: str = field(metadata=OPERATOR)
    points: int | None = field(default=None, metadata=OPERATOR)
    spend: Money | None = field(default=None, metadata=OPERATOR, repr=True)
    percent: int = field(default=100, metadata=OPERATOR)

    def reached(self, points: int, spend: int) -> bool:
        """Return whether so many points, and so many minor units of the currency, are enough."""
        return (self.points is None or self.points <= points) and (self.spend is None or self.spend.minor <= spend)


_NO_CAPS: Final[Mapping[Role, int]] = MappingProxyType({})


@frozen(field_transformer=classed, kw_only=True)
class RewardProgramme:
    """How a salon rewards its customers; a change touches new points only.

    ``rules`` are added up, and ``rounding`` makes what a visit or a sale earns whole, once. Prices include tax of
    ``tax_basis_points`` hundredths of a percent (2300 for 23 %), which rules per money leave out. ``tiers`` are listed
    from the lowest to the highest, and reached by what was earned or spent in the last ``tier_months`` months.
    ``minimum`` is the least that is redeemed at once, ``value`` what a point is worth to who redeems it.

    ``daily_caps`` say how many points one person of a role may give by hand in a day: a role that is not named gives as
    many as it likes, and none at all where its grant is capped, as that of staff and receptionists is. ``reasons`` says
    whether points given, taken, adjusted, transferred or reversed by hand need a reason, ``returns`` whether points
    redeemed on a sale come back when it is refunded or cancelled, ``collects`` whether what a refund could not take
    back is taken of points earned later.
    """

    rules: tuple[EarnRule, ...] = field(default=(), metadata=OPERATOR)
    rounding: Rounding = field(default=Rounding.DOWN, metadata=OPERATOR)
    tax_basis_points: int = field(default=0, metadata=OPERATOR)
    expiry: Expiry = field(default=Expiry(), metadata=OPERATOR)
    tiers: tuple[Tier, ...] = field(default=(), metadata=OPERATOR)
    tier_months: int = field(default=12, metadata=OPERATOR)
    minimum: int = field(default=1, metadata=OPERATOR)
    value: Money | None = field(default=None, metadata=OPERATOR, repr=True)
    daily_caps: Mapping[Role, int] = field(default=_NO_CAPS, metadata=OPERATOR)
    reasons: bool = field(default=False, metadata=OPERATOR)
    returns: bool = field(default=True, metadata=OPERATOR)
    collects: bool = field(default=False, metadata=OPERATOR)

    def tier(self, points: int, spend: int) -> Tier | None:
        """Return the highest tier that so many points, and so many minor units of the currency, are enough for."""
        return next((tier for tier in reversed(self.tiers) if tier.reached(points, spend)), None)

    def tier_since(self, day: date) -> date:
        """Return the first day of the period that counts for a tier on a day."""
        return months_after(day, -self.tier_months) + timedelta(days=1)

    def amounts(self) -> Iterator[Money]:
        """Give every amount of money that the programme states."""
        stated = (*(rule.amount for rule in self.rules), *(tier.spend for tier in self.tiers), self.value)
        return (amount for amount in stated if amount is not None)
