"""What people write, as a store is asked it: codes checked, types as their services, days and amounts as they are."""

from collections.abc import Callable, Iterable, Mapping
from datetime import date, datetime, timedelta
from decimal import Decimal
from typing import Final

from attrs import evolve, field, frozen

from salon_crm.domain.criteria.tree import (
    AllOf,
    AnyOf,
    Compare,
    Criterion,
    Day,
    Fact,
    Figure,
    HasBooking,
    HasPackage,
    InPeriod,
    InTier,
    Not,
    OneOf,
    Op,
    RelativeDay,
    Text,
    check_period,
)
from salon_crm.domain.dates import local_day, start_of_day
from salon_crm.domain.money import Money
from salon_crm.domain.privacy import OPERATOR, classed
from salon_crm.domain.rewards.programme import Tier
from salon_crm.domain.settings import Settings
from salon_crm.errors import InvalidValue, UnknownCriterion

NAMED_KINDS: Final = ("services", "service_types", "locations", "staff_members", "packages")
"""The kinds of item that criteria name."""


@frozen(field_transformer=classed, kw_only=True)
class Names:
    """What criteria may name: the code that a code or an id's text means, by kind, and the services of each type."""

    codes: Mapping[str, Mapping[str, str]] = field(metadata=OPERATOR)
    services_of: Mapping[str, frozenset[str]] = field(metadata=OPERATOR)

    def code(self, kind: str, ref: str) -> str:
        """Return the code that ``ref`` means; raises UnknownCriterion where nothing of this kind has it."""
        found = self.codes.get(kind, {}).get(ref)
        if found is None:
            raise UnknownCriterion("unknown-code", field=kind, ref=ref, kind=_WORDS[kind])
        return found


_WORDS: Final = {
    "services": "service",
    "service_types": "service type",
    "locations": "location",
    "staff_members": "staff member",
    "packages": "package",
}


def names_asked(criterion: Criterion) -> dict[str, set[str]]:
    """Return what criteria name of each kind in `NAMED_KINDS`: codes, and texts of ids."""
    asked: dict[str, set[str]] = {kind: set() for kind in NAMED_KINDS}
    waiting = [criterion]
    while waiting:
        node = waiting.pop()
        match node:
            case AllOf(parts) | AnyOf(parts):
                waiting += parts
            case Not(part):
                waiting.append(part)
            case HasBooking():
                asked["services"] |= node.services
                asked["service_types"] |= node.types
                asked["locations"] |= node.locations
                asked["staff_members"] |= node.therapists
            case HasPackage(packages):
                asked["packages"] |= packages
            case Text() | Compare() | OneOf() | InPeriod() | InTier():
                pass
    return asked


def resolve(criterion: Criterion, names: Names, *, now: datetime, settings: Settings) -> Criterion:
    """Return criteria as a store is asked them: every code known, no types, no day counted from today, no amount.

    ``now`` is when the question was first asked, ``settings`` are the salon's, whose zone says what day it is and
    whose currency what an amount comes to. And, or and not keep their places, so that clauses can be told apart.

    Raises UnknownCriterion for a code that nothing has, InvalidValue for a day outside the calendar, for a period
    that ends before it starts now, and for an amount finer than the currency.
    """
    return _Resolving(names, now, settings).of(criterion)


class _Resolving:
    def __init__(self, names: Names, now: datetime, settings: Settings) -> None:
        self._names = names
        self._now = now
        self._settings = settings
        self._today = local_day(now, settings.zone)

    def of(self, criterion: Criterion) -> Criterion:
        match criterion:
            case AllOf(parts):
                return AllOf(tuple(map(self.of, parts)))
            case AnyOf(parts):
                return AnyOf(tuple(map(self.of, parts)))
            case Not(part):
                return Not(self.of(part))
            case Compare():
                return self._compare(criterion)
            case HasBooking():
                return self._booked(criterion)
            case HasPackage(packages):
                return HasPackage(self._codes("packages", packages))
            case InPeriod():
                return self._in_period(criterion)
            case InTier(tiers):
                return AnyOf(tuple(map(self._in_tier, sorted(tiers))))
            case Text() | OneOf():
                return criterion

    def _codes(self, kind: str, refs: Iterable[str]) -> frozenset[str]:
        return frozenset(self._names.code(kind, ref) for ref in sorted(refs))

    def _day(self, day: Day, name: str) -> date:
        if not isinstance(day, RelativeDay):
            return day
        try:
            return self._today + timedelta(days=day.days)
        except OverflowError:
            raise InvalidValue("number-out-of-range", field=name, low="0001-01-01", high="9999-12-31") from None

    def _compare(self, comparison: Compare) -> Criterion:
        value = comparison.value
        if isinstance(value, RelativeDay):
            value = self._day(value, str(comparison.fact))
        if comparison.fact is Fact.ADDED and isinstance(value, date) and not isinstance(value, datetime):
            return _EDGES[comparison.op](value, self._settings.zone)
        if isinstance(value, Decimal):
            value = Money.parse(value, "spend", currency=self._settings.currency, below_zero=True).minor
        return comparison if value is comparison.value else evolve(comparison, value=value)

    def _in_period(self, asked: InPeriod) -> InPeriod:
        since, at_least = asked.since, asked.at_least
        if isinstance(since, RelativeDay):
            since = self._day(since, "since")
        if asked.figure is Figure.EARNED:
            if not isinstance(since, datetime):
                since = start_of_day(since, self._settings.zone, "since")
        elif isinstance(since, datetime):
            since = local_day(since, self._settings.zone)
        if isinstance(at_least, Decimal):
            at_least = Money.parse(at_least, "spent", currency=self._settings.currency, below_zero=True).minor
        return InPeriod(asked.figure, at_least, since)

    def _in_tier(self, code: str) -> Criterion:
        """Return that a customer reached a tier, and none that is listed behind it."""
        tiers = self._settings.rewards.tiers
        place = next((place for place, tier in enumerate(tiers) if tier.code == code), None)
        if place is None:
            raise UnknownCriterion("unknown-tier", field="tier", ref=code, known=tuple(tier.code for tier in tiers))
        further = AnyOf(tuple(map(self._reached, tiers[place + 1 :])))
        return AllOf((self._reached(tiers[place]), Not(further)))

    def _reached(self, tier: Tier) -> Criterion:
        since = self._settings.rewards.tier_since(self._today)
        asked: list[Criterion] = []
        if tier.points is not None:
            asked.append(self._in_period(InPeriod(Figure.EARNED, tier.points, since)))
        if tier.spend is not None:
            asked.append(InPeriod(Figure.SPENT, tier.spend.minor, since))
        return AllOf(tuple(asked))

    def _booked(self, asked: HasBooking) -> Criterion:
        services = self._codes("services", asked.services)
        if asked.types:
            of_types = frozenset[str]().union(
                *(self._names.services_of[code] for code in self._codes("service_types", asked.types))
            )
            services = services & of_types if asked.services else of_types
            if not services:
                return AnyOf()  # no service is of these types: nobody can have booked one
        start = None if asked.start is None else self._day(asked.start, "start")
        end = None if asked.end is None else self._day(asked.end, "end")
        check_period(start, end)
        return HasBooking(
            services=services,
            statuses=asked.statuses,
            start=start,
            end=end,
            locations=self._codes("locations", asked.locations),
            therapists=self._codes("staff_members", asked.therapists),
            not_before=self._not_before(asked),
        )

    def _not_before(self, asked: HasBooking) -> datetime | None:
        if not asked.upcoming or asked.not_before is None:
            return self._now if asked.upcoming else asked.not_before
        return max(self._now, asked.not_before)


_EDGES: Final[Mapping[Op, Callable[[date, str], Compare]]] = {
    Op.LESS: lambda day, zone: Compare(Fact.ADDED, Op.LESS, start_of_day(day, zone, "added")),
    Op.AT_MOST: lambda day, zone: Compare(Fact.ADDED, Op.LESS, start_of_day(day, zone, "added", after=1)),
    Op.MORE: lambda day, zone: Compare(Fact.ADDED, Op.AT_LEAST, start_of_day(day, zone, "added", after=1)),
    Op.AT_LEAST: lambda day, zone: Compare(Fact.ADDED, Op.AT_LEAST, start_of_day(day, zone, "added")),
}
"""When somebody was added, said by a day of the salon, as instants."""
