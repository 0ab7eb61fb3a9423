"""What somebody states of a rewards programme, read; every problem with its field."""

from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from enum import StrEnum
from functools import partial
from operator import attrgetter
from typing import Any, Final, Required, TypedDict, TypeVar, cast

from attrs import fields

from salon_crm.domain.access import Role
from salon_crm.domain.catalogue import parse_code
from salon_crm.domain.dates import parse_day
from salon_crm.domain.money import MOST_MINOR, AmountLike, Money
from salon_crm.domain.reading import Problems, read_choice, read_fields, read_items, read_switch, read_whole
from salon_crm.domain.rewards.programme import EarnPer, EarnRule, Expiry, RewardProgramme, Rounding, Tier
from salon_crm.domain.rewards.records import MOST_POINTS
from salon_crm.domain.sales import LineKind
from salon_crm.domain.text import NAME_LIMIT, clean_text
from salon_crm.errors import InvalidValue

MOST_RULES: Final = 100
MOST_TIERS: Final = 20
_MOST_ITEMS: Final = 1_000
_MOST_GIVEN: Final = 10**6
_MOST_WORTH: Final = 10**6
"""Minor units that a point is worth at most: the largest balance is an amount of money still."""
_MOST_PERCENT: Final = 10_000
_MOST_MONTHS: Final = 1_200
_MOST_YEARS: Final = 100
_ALL: Final = 10_000
"""Hundredths of a percent in a hundred percent."""


class EarnRuleFields(TypedDict, total=False):
    """A rule as `ProgrammeFields` take it; what each field means is said at `EarnRule`."""

    per: Required[EarnPer | str]
    points: Required[int]
    amount: AmountLike
    kinds: Iterable[LineKind | str]
    items: Iterable[str]
    since: date
    until: date
    most: int


class TierFields(TypedDict, total=False):
    """A tier as `ProgrammeFields` take it; what each field means is said at `Tier`."""

    code: Required[str]
    name: str
    points: int
    spend: AmountLike
    percent: int


class ExpiryFields(TypedDict, total=False):
    """How long points last, as `ProgrammeFields` take it: one of both."""

    months: int
    year_ends: int


class ProgrammeFields(TypedDict, total=False):
    """A rewards programme as `change_settings` takes it: the whole of it, and what is left out is as at first.

    What each field means is said at `RewardProgramme`. To change a part of the one there is, hand over
    ``attrs.evolve(settings.rewards, minimum=100)``.
    """

    rules: Iterable[EarnRule | EarnRuleFields]
    rounding: Rounding | str
    tax_basis_points: int
    expiry: Expiry | ExpiryFields
    tiers: Iterable[Tier | TierFields]
    tier_months: int
    minimum: int
    value: AmountLike
    daily_caps: Mapping[Role | str, int]
    reasons: bool
    returns: bool
    collects: bool


E = TypeVar("E", bound=StrEnum)


def read_programme(value: object, field: str, currency: str) -> RewardProgramme:
    """Return the programme that is stated, amounts in ``currency``; raises InvalidDocument with every problem."""
    form = _Form(value, field, RewardProgramme, currency)
    rules = form.each("rules", MOST_RULES, partial(_read_rule, currency=currency))
    tiers = form.each("tiers", MOST_TIERS, partial(_read_tier, currency=currency))
    read = {
        "rules": rules,
        "rounding": form.choice("rounding", Rounding),
        "tax_basis_points": form.whole("tax_basis_points", 0, _ALL),
        "expiry": form.part("expiry", _read_expiry),
        "tiers": tiers,
        "tier_months": form.whole("tier_months", 1, _MOST_MONTHS),
        "minimum": form.whole("minimum", 1, MOST_POINTS),
        "value": form.money("value", _MOST_WORTH),
        "daily_caps": form.part("daily_caps", _read_caps),
        **{name: form.switch(name) for name in ("reasons", "returns", "collects")},
    }
    codes = [tier.code for tier in tiers or ()]
    twice = next((code for place, code in enumerate(codes) if code in codes[:place]), None)
    if twice is not None:
        form.refuse(InvalidValue("code-twice", field=form.at("tiers"), code=twice))
    for problem in _out_of_order(tiers or (), form.at("tiers")):
        form.refuse(problem)
    return cast(RewardProgramme, form.made(read))


def _out_of_order(tiers: Sequence[Tier], field: str) -> Iterator[InvalidValue]:
    """Give what is wrong with tiers that nobody would stay in, since who reaches them reached a later one before."""
    points, spend = 0, None
    for place, tier in enumerate(tiers):
        if tier.points is not None:
            if tier.points <= points:
                yield InvalidValue("tier-not-higher", field=f"{field}.{place}.points", than=points)
            points = max(points, tier.points)
        if tier.spend is not None:
            if spend is not None and tier.spend.minor <= spend.minor:
                yield InvalidValue("tier-not-higher", field=f"{field}.{place}.spend", than=str(spend))
            spend = max(spend or tier.spend, tier.spend, key=attrgetter("minor"))


class _Form:
    """What is stated of one object: a mapping of its fields, or such an object, which is read again."""

    def __init__(self, value: object, field: str, kind: type, currency: str | None = None) -> None:
        names = tuple(each.name for each in fields(kind))
        if isinstance(value, kind):
            value = {name: getattr(value, name) for name in names}
        article = "an" if kind.__name__[0] in "AEIOU" else "a"
        expected = f"{article} {kind.__name__}, or a mapping of its fields"
        self._kind: Any = kind
        self._field = field
        self._currency = currency
        self._problems = Problems()
        self._stated = read_fields(value, field, names=names, expected=expected)

    def _read(self, name: str, parse: Any, *arguments: object) -> Any:
        """Return what is stated of a field, parsed; None where it is not stated or cannot be taken."""
        if name not in self._stated:
            return None
        return self._problems.read(parse, self._stated[name], self.at(name), *arguments)

    def whole(self, name: str, low: int, high: int) -> int | None:
        """Read a whole number."""
        return cast("int | None", self._read(name, read_whole, low, high))

    def money(self, name: str, most: int = MOST_MINOR) -> Money | None:
        """Read an amount that is more than nothing, of so many minor units at most."""
        return cast("Money | None", self._read(name, _amount, self._currency, most))

    def switch(self, name: str) -> bool | None:
        """Read whether something is on."""
        return cast("bool | None", self._read(name, read_switch))

    def choice(self, name: str, kind: type[E]) -> E | None:
        """Read one of a few words."""
        return cast("E | None", self._read(name, read_choice, kind))

    def part(self, name: str, parse: Any) -> Any:
        """Read a field in a way of its own."""
        return self._read(name, parse)

    def each(self, name: str, most: int, parse: Any) -> Any:
        """Read a sequence, each item in a way of its own; None where any cannot be taken."""
        items = self._read(name, partial(read_items, most=most))
        if items is None:
            return None
        found = [self._problems.read(parse, item, f"{self.at(name)}.{n}") for n, item in enumerate(items)]
        return None if None in found else tuple(found)

    def states(self, name: str) -> bool:
        """Return whether a field is stated."""
        return bool(name in self._stated and self._stated[name] not in (frozenset(), ()))

    def needs(self, name: str, hint: str) -> None:
        """Ask for a field that must be stated."""
        if name not in self._stated:
            self.refuse(InvalidValue("required", field=self.at(name), hint=hint))

    def at(self, name: str) -> str:
        """Return the path of a field."""
        return f"{self._field}.{name}"

    def refuse(self, problem: InvalidValue) -> None:
        """Say what else is wrong."""
        self._problems.found.append(problem)

    def made(self, read: Mapping[str, object]) -> Any:
        """Return the object, whose fields are as at first where none was stated; raises what is wrong."""
        self._problems.settle()
        return self._kind(**{name: value for name, value in read.items() if value is not None})


def _read_rule(value: object, field: str, *, currency: str) -> EarnRule:
    form = _Form(value, field, EarnRule, currency)
    per = form.choice("per", EarnPer)
    form.needs("per", f"A rule is per {', '.join(EarnPer)}.")
    form.needs("points", "Say how many points the rule gives.")
    if per is EarnPer.MONEY:
        form.needs("amount", "Say for how much money the rule gives its points.")
    for name in _PARTS_OF_LINES if per is EarnPer.VISIT else ("amount",) if per is EarnPer.ITEM else ():
        if form.states(name):
            form.refuse(InvalidValue("unknown-field", field=form.at(name), hint=f"A rule per {per} has none."))
    read = {
        "per": per,
        "points": form.whole("points", 1, _MOST_GIVEN),
        "amount": form.money("amount"),
        "kinds": form.part("kinds", _read_kinds),
        "items": form.part("items", _read_names),
        "since": form.part("since", parse_day),
        "until": form.part("until", parse_day),
        "most": form.whole("most", 1, MOST_POINTS),
    }
    since, until = cast("tuple[date | None, date | None]", (read["since"], read["until"]))
    if since is not None and until is not None and until < since:
        form.refuse(InvalidValue("period-backwards", field=form.at("until")))
    return cast(EarnRule, form.made(read))


_PARTS_OF_LINES: Final = ("amount", "kinds", "items")


def _read_tier(value: object, field: str, *, currency: str) -> Tier:
    form = _Form(value, field, Tier, currency)
    form.needs("code", "")
    code = form.part("code", parse_code)
    read = {
        "code": code,
        "name": form.part("name", partial(clean_text, limit=NAME_LIMIT)) or code,
        "points": form.whole("points", 1, MOST_POINTS),
        "spend": form.money("spend"),
        "percent": form.whole("percent", 1, _MOST_PERCENT),
    }
    if form.states("points") == form.states("spend"):
        hint = "A tier is reached by points or by spend: state one of the two."
        form.refuse(InvalidValue("required", field=form.at("points"), hint=hint))
    return cast(Tier, form.made(read))


def _read_expiry(value: object, field: str) -> Expiry:
    form = _Form(value, field, Expiry)
    if form.states("months") and form.states("year_ends"):
        hint = "Points last for months, or to the end of a year."
        form.refuse(InvalidValue("unknown-field", field=form.at("year_ends"), hint=hint))
    read = {"months": form.whole("months", 1, _MOST_MONTHS), "year_ends": form.whole("year_ends", 0, _MOST_YEARS)}
    return cast(Expiry, form.made(read))


def _read_caps(value: object, field: str) -> dict[Role, int]:
    stated = read_fields(value, field, names=tuple(Role), expected="a mapping such as {'staff': 100}")
    return {Role(role): read_whole(points, f"{field}.{role}", 0, MOST_POINTS) for role, points in stated.items()}


def _read_kinds(value: object, field: str) -> frozenset[LineKind]:
    return frozenset(read_choice(each, field, LineKind) for each in read_items(value, field, most=len(LineKind)))


def _read_names(value: object, field: str) -> frozenset[str]:
    items = read_items(value, field, most=_MOST_ITEMS)
    return frozenset(clean_text(each, f"{field}.{n}", limit=NAME_LIMIT) for n, each in enumerate(items))


def _amount(value: object, field: str, currency: str, most: int) -> Money:
    money = Money.parse(value, field, currency=currency)
    if not 0 < money.minor <= most:
        low, high = Money(1, currency), Money(most, currency)
        raise InvalidValue("number-out-of-range", field=field, low=str(low), high=str(high))
    return money
