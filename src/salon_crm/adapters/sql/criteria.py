"""Criteria as SQL: every clause is TRUE or FALSE of a row of ``crm_customers c``, never NULL."""

from datetime import datetime
from typing import assert_never

from salon_crm.adapters.sql.dialect import Dialect, Value
from salon_crm.adapters.sql.tables import write_instant
from salon_crm.domain.criteria import AllOf, AnyOf, Compare, Criterion, DigitRun, Fact, Not, OneOf, Text

Clause = tuple[str, list[Value]]

BLOCKED = "EXISTS (SELECT 1 FROM crm_blocks b WHERE b.customer_id = c.id AND b.lifted_at IS NULL)"


def compile_criterion(criterion: Criterion, dialect: Dialect) -> Clause:
    """Return the condition that is true of just the customers `matches` is true of, and its values."""
    match criterion:
        case AllOf(parts):
            return _joined(" AND ", "1 = 1", [compile_criterion(part, dialect) for part in parts])
        case AnyOf(parts):
            return _joined(" OR ", "1 = 0", [compile_criterion(part, dialect) for part in parts])
        case Not(part):
            condition, values = compile_criterion(part, dialect)
            return f"NOT ({condition})", values
        case Text(words, runs):
            found = [_word(word, dialect) for word in words] + [_run(run, dialect) for run in runs]
            return _joined(" AND ", "1 = 1", found)
        case Compare():
            return _comparison(criterion)
        case OneOf(ids):
            condition, value = dialect.in_list("c.id", sorted(map(str, ids)))
            return condition, [value]
        case _:
            assert_never(criterion)


def _joined(word: str, empty: str, clauses: list[Clause]) -> Clause:
    if not clauses:
        return empty, []
    conditions = word.join(f"({condition})" for condition, _ in clauses)
    return conditions, [value for _, values in clauses for value in values]


def _word(word: str, dialect: Dialect) -> Clause:
    return dialect.contains("c.search_words"), [word]


def _run(run: DigitRun, dialect: Dialect) -> Clause:
    in_phone: Clause = dialect.contains("c.search_digits"), [run.digits]
    in_text = _joined(" AND ", "1 = 1", [_word(word, dialect) for word in run.words])
    return _joined(" OR ", "1 = 0", [in_phone, in_text])


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
