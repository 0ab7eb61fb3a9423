"""Criteria as SQL: every clause is TRUE or FALSE of a row of ``crm_customers c``, never NULL."""

from datetime import datetime
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Final, assert_never

from salon_crm.adapters.sql.dialect import Dialect, Value
from salon_crm.adapters.sql.tables import write_instant
from salon_crm.domain.criteria import AllOf, AnyOf, Compare, Criterion, DigitRun, Fact, Not, OneOf, Text

Clause = tuple[str, list[Value]]

BLOCKED = "EXISTS (SELECT 1 FROM crm_blocks b WHERE b.customer_id = c.id AND b.lifted_at IS NULL)"


def compile_criterion(criterion: Criterion, dialect: Dialect) -> Clause:
    """Return the condition that is true of just the customers `matches` is true of, and its values."""
    condition, values, _ = _compile(criterion, dialect, negated=False)
    return condition, values


Part = tuple[str, list[Value], int]
"""A condition that needs no more brackets, its values, and how deep it is."""


def _compile(criterion: Criterion, dialect: Dialect, *, negated: bool) -> Part:
    """Compile a criterion, or its negation: Not is carried down to the leaves, where it costs no depth."""
    match criterion:
        case AllOf(parts):
            return _joined([_compile(part, dialect, negated=negated) for part in parts], every=not negated)
        case AnyOf(parts):
            return _joined([_compile(part, dialect, negated=negated) for part in parts], every=negated)
        case Not(part):
            return _compile(part, dialect, negated=not negated)
        case Text() | Compare() | OneOf():
            condition, values = _leaf(criterion, dialect)
            return f"({'NOT ' if negated else ''}({condition}))", values, 0
        case _:
            assert_never(criterion)


def _joined(parts: list[Part], *, every: bool) -> Part:
    """Join parts two by two, the two shallowest first and of each two the deeper one first.

    SQLite's parser allows a hundred open brackets and its trees a thousand levels; so joined, the largest
    criteria that `checked_criterion` lets through stay far below both.
    """
    waiting = [(depth, place, condition, values) for place, (condition, values, depth) in enumerate(parts)]
    heapify(waiting)
    place = count(len(waiting))
    while len(waiting) > 1:
        (_, _, shallow, shallow_values), (depth, _, deep, deep_values) = heappop(waiting), heappop(waiting)
        condition = f"({deep} {'AND' if every else 'OR'} {shallow})"
        heappush(waiting, (depth + 1, next(place), condition, [*deep_values, *shallow_values]))
    if not waiting:
        return _NOTHING[every], [], 0
    depth, _, condition, values = waiting[0]
    return condition, values, depth


_NOTHING: Final = {True: "(1 = 1)", False: "(1 = 0)"}
"""What no parts join to: every one of none holds, and none of none."""


def _leaf(leaf: Text | Compare | OneOf, dialect: Dialect) -> Clause:
    match leaf:
        case Text(words, runs):
            found = [_word(word, dialect) for word in words] + [_run(run, dialect) for run in runs]
            condition, values, _ = _joined(found, every=True)
            return condition, values
        case Compare():
            return _comparison(leaf)
        case OneOf(ids):
            condition, value = dialect.in_list("c.id", sorted(map(str, ids)))
            return condition, [value]
        case _:
            assert_never(leaf)


def _word(word: str, dialect: Dialect) -> Part:
    return f"({dialect.contains('c.search_words')})", [word], 0


def _run(run: DigitRun, dialect: Dialect) -> Part:
    in_phone: Part = f"({dialect.contains('c.search_digits')})", [run.digits], 0
    in_text = _joined([_word(word, dialect) for word in run.words], every=True)
    return _joined([in_phone, in_text], every=False)


def _comparison(comparison: Compare) -> Clause:
    value = comparison.value
    match comparison.fact:
        case Fact.STATUS:
            return f"c.status {comparison.op.value} ?", [str(value)]
        case Fact.GENDER:
            return f"c.gender IS NOT NULL AND c.gender {comparison.op.value} ?", [str(value)]
        case Fact.BLOCKED:
            return (BLOCKED if value else f"NOT {BLOCKED}"), []
        case Fact.ADDED:
            instant = write_instant(value) if isinstance(value, datetime) else None
            return f"c.added {comparison.op.value} ?", [instant]
        case _:
            assert_never(comparison.fact)
