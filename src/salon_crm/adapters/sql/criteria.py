"""Criteria as SQL: every clause is TRUE or FALSE of a customer's rows, never NULL.

The rows are ``crm_customers c`` and, where a criterion asks for text, ``crm_customer_search s``, which holds
the little that most searches need: then ``c`` is only spoken of where `asks_profile` says so.
"""

from collections.abc import Iterator
from datetime import date, datetime
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Final, assert_never

from salon_crm.adapters.sql.dialect import Dialect, Value
from salon_crm.adapters.sql.tables import write_day, write_instant, write_json
from salon_crm.domain.bookings import ANY_STATUS
from salon_crm.domain.criteria import (
    AllOf,
    AnyOf,
    Compare,
    Criterion,
    DigitRun,
    Fact,
    HasBooking,
    HasPackage,
    Not,
    OneOf,
    Text,
    refuse_unresolved,
)

Clause = tuple[str, list[Value]]

_ID: Final = {False: "c.id", True: "s.customer_id"}
_STATUS: Final = {False: "c.status", True: "s.status"}


def asks_text(criterion: Criterion) -> bool:
    """Return whether any part of the criterion asks for text."""
    return any(isinstance(leaf, Text) for leaf in _leaves(criterion))


def asks_profile(criterion: Criterion) -> bool:
    """Return whether any part of the criterion asks what only the customer's own row knows."""
    return any(isinstance(leaf, Compare) and leaf.fact in (Fact.GENDER, Fact.ADDED) for leaf in _leaves(criterion))


def _leaves(criterion: Criterion) -> Iterator[Criterion]:
    waiting = [criterion]
    while waiting:
        node = waiting.pop()
        if isinstance(node, AllOf | AnyOf):
            waiting += node.parts
        elif isinstance(node, Not):
            waiting.append(node.part)
        else:
            yield node


def compile_criterion(criterion: Criterion, dialect: Dialect) -> Clause:
    """Return the condition that is true of just the customers `matches` is true of, and its values."""
    condition, values, _ = _Compiler(dialect, asks_text(criterion)).compile(criterion, negated=False)
    return condition, values


Part = tuple[str, list[Value], int]
"""A condition that needs no more brackets, its values, and how deep it is."""


class _Compiler:
    """Criteria compiled for one database, over the search row or without it."""

    def __init__(self, dialect: Dialect, by_search_row: bool) -> None:
        self._dialect = dialect
        self._id, self._status = _ID[by_search_row], _STATUS[by_search_row]

    def compile(self, criterion: Criterion, *, negated: bool) -> Part:
        """Compile a criterion, or its negation: Not is carried down to the leaves, where it costs no depth."""
        match criterion:
            case AllOf(parts):
                return _joined([self.compile(part, negated=negated) for part in parts], every=not negated)
            case AnyOf(parts):
                return _joined([self.compile(part, negated=negated) for part in parts], every=negated)
            case Not(part):
                return self.compile(part, negated=not negated)
            case Text() | Compare() | OneOf() | HasBooking() | HasPackage():
                condition, values = self._leaf(criterion)
                return f"({'NOT ' if negated else ''}({condition}))", values, 0
            case _:
                assert_never(criterion)

    def _leaf(self, leaf: Text | Compare | OneOf | HasBooking | HasPackage) -> Clause:
        match leaf:
            case Text(words, runs):
                found = [self._word(word) for word in words] + [self._run(run) for run in runs]
                condition, values, _ = _joined(found, every=True)
                return condition, values
            case Compare():
                return self._comparison(leaf)
            case OneOf(ids):
                condition, value = self._dialect.in_list(self._id, sorted(map(str, ids)))
                return condition, [value]
            case HasBooking():
                return self._booked(leaf)
            case HasPackage(packages):
                return self._has_package(packages)
            case _:
                assert_never(leaf)

    def _word(self, word: str) -> Part:
        return f"({self._dialect.contains('s.words')})", [word], 0

    def _run(self, run: DigitRun) -> Part:
        in_phone: Part = f"({self._dialect.contains('s.digits')})", [run.digits], 0
        in_text = _joined([self._word(word) for word in run.words], every=True)
        return _joined([in_phone, in_text], every=False)

    def _comparison(self, comparison: Compare) -> Clause:
        value = comparison.value
        match comparison.fact:
            case Fact.STATUS:
                return f"{self._status} {comparison.op.value} ?", [str(value)]
            case Fact.GENDER:
                return f"c.gender IS NOT NULL AND c.gender {comparison.op.value} ?", [str(value)]
            case Fact.BLOCKED:
                blocked = (
                    f"EXISTS (SELECT 1 FROM crm_blocks b WHERE b.customer_id = {self._id} AND b.lifted_at IS NULL)"
                )
                return (blocked if value else f"NOT {blocked}"), []
            case Fact.ADDED:
                instant = write_instant(value) if isinstance(value, datetime) else refuse_unresolved()
                return f"c.added {comparison.op.value} ?", [instant]
            case Fact.VISITS | Fact.SPEND:
                column = comparison.fact.value
                known = f"(SELECT f.{column} FROM crm_facts f WHERE f.customer_id = {self._id})"
                return f"coalesce({known}, 0) {comparison.op.value} ?", [_whole(value)]
            case Fact.LAST_VISIT:
                return (
                    f"EXISTS (SELECT 1 FROM crm_facts f WHERE f.customer_id = {self._id} "
                    f"AND f.last_visit {comparison.op.value} ?)",
                    [_day(value)],
                )
            case _:
                assert_never(comparison.fact)

    def _booked(self, asked: HasBooking) -> Clause:
        """Return whether the customer has a booking of which all is true."""
        if not asked.resolved:
            refuse_unresolved()
        conditions, values = [f"b.customer_id = {self._id}"], list[Value]()
        chosen = (
            ("b.status", asked.statuses if asked.statuses != ANY_STATUS else None),
            ("b.service", asked.services or None),
            ("b.location", asked.locations or None),
            ("b.therapist", asked.therapists or None),
        )
        for column, texts in chosen:
            if texts is not None:
                condition, value = self._dialect.in_list(column, sorted(map(str, texts)))
                conditions.append(condition)
                values.append(value)
        edges = (
            ("b.day >= ?", None if asked.start is None else _day(asked.start)),
            ("b.day <= ?", None if asked.end is None else _day(asked.end)),
            ("b.starts >= ?", write_instant(asked.not_before)),
        )
        for condition, edge in edges:
            if edge is not None:
                conditions.append(condition)
                values.append(edge)
        return f"EXISTS (SELECT 1 FROM crm_bookings b WHERE {' AND '.join(conditions)})", values

    def _has_package(self, packages: frozenset[str]) -> Clause:
        held: list[Part] = [
            (f"({self._dialect.contains('f.packages')})", [write_json([code])[1:-1]], 0) for code in sorted(packages)
        ]
        condition, values, _ = _joined(held, every=False)
        return f"EXISTS (SELECT 1 FROM crm_facts f WHERE f.customer_id = {self._id} AND {condition})", values


def _day(value: object) -> str | None:
    if isinstance(value, date) and not isinstance(value, datetime):
        return write_day(value)
    return refuse_unresolved()


def _whole(value: object) -> int:
    """Return a figure that can be bound; one beyond every integer compares as the farthest does."""
    figure = value if isinstance(value, int) else refuse_unresolved()
    return max(-_FARTHEST, min(figure, _FARTHEST))


_FARTHEST: Final = 2**63 - 1


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
