"""What a visit and a sale earn under a programme, and how much of it a refund leaves."""

from collections.abc import Iterable, Mapping, Sequence
from datetime import date
from fractions import Fraction

from salon_crm.domain.rewards.programme import EarnPer, EarnRule, RewardProgramme
from salon_crm.domain.rewards.records import LineShare
from salon_crm.domain.sales import Sale, SaleLine, SaleStatus

_WHOLE_TAX = 10_000
"""Hundredths of a percent in all of a price before tax."""


def visit_points(programme: RewardProgramme, day: date, percent: int = 100) -> int:
    """Return what a visit on a local day earns, multiplied by ``percent`` / 100."""
    given = sum(_at_most(rule, Fraction(rule.points)) for rule in _rules(programme, EarnPer.VISIT, day))
    return programme.rounding.whole(given * Fraction(percent, 100))


def sale_shares(programme: RewardProgramme, sale: Sale, percent: int = 100) -> tuple[LineShare, ...]:
    """Return what each line of a sale earns, before anything was taken back, multiplied by ``percent`` / 100.

    The sale is rounded once: its lines come to what it earns as a whole, the largest fractions rounded up first.
    """
    earned: dict[int, Fraction] = dict.fromkeys(range(len(sale.lines)), Fraction(0))
    for rule in _rules(programme, EarnPer.MONEY, sale.day):
        _give(
            earned,
            rule,
            {line: _by_money(rule, each, programme.tax_basis_points) for line, each in _counted(rule, sale)},
        )
    for rule in _rules(programme, EarnPer.ITEM, sale.day):
        _give(earned, rule, {line: Fraction(rule.points * each.quantity) for line, each in _counted(rule, sale)})
    times = Fraction(percent, 100)
    return _whole({line: points * times for line, points in earned.items()}, programme)


def points_kept(shares: Sequence[LineShare], sale: Sale) -> int:
    """Return how many of the points that a sale earned its refunds leave, rounded down.

    A line keeps its points in proportion to what it still costs, one that cost nothing by how many are left. An amount
    that was refunded without naming lines takes from all lines alike, and so does what a line gave back beyond what it
    still cost. Of a sale that costs nothing any more, none are.
    """
    if sale.total and not sale.net:
        return 0
    costs = _costs_left(sale)
    return sum((_part_left(sale, share.line, costs) * share.points for share in shares), Fraction(0)).__floor__()


def points_returned(points: int, sale: Sale, *, after: int = 0) -> int:
    """Return how many of the points redeemed on a sale come back for what was taken back of it since, rounded down.

    ``after`` is how many refunds it had had before. Of one that was refunded or cancelled as a whole, all do.
    """
    if sale.status in (SaleStatus.REFUNDED, SaleStatus.CANCELLED):
        return points
    before = sum(refund.amount.minor for refund in sale.refunds[:after])
    cost = sale.total.minor - before
    return points * (sale.refunded.minor - before) // cost if cost else 0


def _rules(programme: RewardProgramme, per: EarnPer, day: date) -> Iterable[EarnRule]:
    return (rule for rule in programme.rules if rule.per is per and rule.runs(day))


def _counted(rule: EarnRule, sale: Sale) -> Iterable[tuple[int, SaleLine]]:
    """Give the lines that a rule counts, each with its place."""
    for place, line in enumerate(sale.lines):
        if (not rule.kinds or line.kind in rule.kinds) and (not rule.items or line.item in rule.items):
            yield place, line


def _by_money(rule: EarnRule, line: SaleLine, tax: int) -> Fraction:
    assert rule.amount is not None  # which a rule per money has  # noqa: S101
    spent = Fraction(line.total.minor * _WHOLE_TAX, _WHOLE_TAX + tax)
    return spent / rule.amount.minor_in(line.total.currency) * rule.points


def _at_most(rule: EarnRule, points: Fraction) -> Fraction:
    return points if rule.most is None else min(points, Fraction(rule.most))


def _give(earned: dict[int, Fraction], rule: EarnRule, given: Mapping[int, Fraction]) -> None:
    """Add what a rule gives for each line, in proportion where that is more than it gives at most."""
    whole = sum(given.values(), Fraction(0))
    for line, points in given.items():
        earned[line] += points * _at_most(rule, whole) / whole if whole else 0


def _whole(earned: Mapping[int, Fraction], programme: RewardProgramme) -> tuple[LineShare, ...]:
    """Round the sum, and give what the lines' whole points leave of it to the largest fractions."""
    floors = {line: points.__floor__() for line, points in earned.items()}
    left = programme.rounding.whole(sum(earned.values(), Fraction(0))) - sum(floors.values())
    by_fraction = sorted(earned, key=lambda line: floors[line] - earned[line])  # the largest first, then by place
    for line in by_fraction[:left]:
        floors[line] += 1
    return tuple(LineShare(line, points) for line, points in floors.items() if points)


def _part_left(sale: Sale, line: int, costs: Sequence[Fraction]) -> Fraction:
    """Return the part of a line that was not taken back."""
    cost, quantity = sale.lines[line].total.minor, sale.lines[line].quantity
    return costs[line] / cost if cost else Fraction(quantity - sale.refunded_of(line), quantity)


def _costs_left(sale: Sale) -> list[Fraction]:
    """Return what each line costs after all refunds, in minor units: together, what the sale costs."""
    costs = [Fraction(line.total.minor) for line in sale.lines]
    for refund in sale.refunds:
        for taken in refund.lines:
            costs[taken.line] -= taken.amount.minor
        beyond = Fraction(refund.amount.minor - sum(taken.amount.minor for taken in refund.lines))
        beyond -= sum(cost for cost in costs if cost < 0)  # a line that was worth less after an amount came off
        costs = [max(cost, Fraction(0)) for cost in costs]
        whole = sum(costs, Fraction(0))
        costs = [cost * (whole - beyond) / whole if whole else cost for cost in costs]
    return costs
