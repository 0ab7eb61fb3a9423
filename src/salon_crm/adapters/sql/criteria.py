"""Criteria as SQL: every clause is TRUE or FALSE of a customer's rows, never NULL.

The rows are ``crm_customer_panel r``, which knows all that stored facts say. Where a criterion asks for text there is
``crm_customer_search s`` too; then ``r`` is only spoken of where `asks_row` says so. Where a list is read by when
customers were added, criteria of their profiles alone are asked of ``crm_customers c``.
"""

from collections.abc import Iterable, Iterator, Sequence
from datetime import date, datetime, timedelta
from heapq import heapify, heappop, heappush
from itertools import count
from typing import Final, Literal, assert_never

from salon_crm.adapters.sql.dialect import Connection, Dialect, Value
from salon_crm.adapters.sql.masks import Bits, CodeKind, bits_of, others_of, words_of
from salon_crm.adapters.sql.tables import (
    BOOKED_WORDS,
    EVER_WORDS,
    PACKAGES_WORDS,
    write_day,
    write_instant,
    write_json,
)
from salon_crm.domain.bookings import ANY_STATUS, COUNTING
from salon_crm.domain.criteria import (
    AllOf,
    AnyOf,
    Compare,
    Criterion,
    DigitRun,
    Fact,
    HasBooking,
    HasPackage,
    InPeriod,
    InTier,
    Not,
    OneOf,
    Text,
    refuse_unresolved,
)
from salon_crm.domain.dates import in_utc
from salon_crm.domain.sales import SaleStatus

Clause = tuple[str, list[Value]]

Rows = Literal["r", "s", "c"]
"""The row that a criterion is asked of, but for text: the panel's, the search index's, the profile."""

Manner = Literal["each", "at once", "perhaps"]
"""How bookings are asked for: of each customer; collected once, which pays where most customers are asked of; or not
at all, and neither is text: then a condition is true of all whom the criterion may be true of, going by the row alone.
"""

_OF_PROFILES: Final = frozenset({Fact.STATUS, Fact.GENDER, Fact.BLOCKED, Fact.ADDED, Fact.POINTS})
_OF_SEARCH: Final = frozenset({Fact.STATUS, Fact.BLOCKED, Fact.POINTS})
_BESIDE: Final = frozenset({Fact.BLOCKED, Fact.POINTS})
"""What is asked of tables beside the row, by the customer's id."""


def asks_text(criterion: Criterion) -> bool:
    """Return whether any part of the criterion asks for text."""
    return any(isinstance(leaf, Text) for leaf in _leaves(criterion))


def asks_panel(criterion: Criterion) -> bool:
    """Return whether any part of the criterion asks what a profile does not say: bookings, packages, figures."""
    return any(
        isinstance(leaf, HasBooking | HasPackage) or (isinstance(leaf, Compare) and leaf.fact not in _OF_PROFILES)
        for leaf in _leaves(criterion)
    )


def asks_row(criterion: Criterion) -> bool:
    """Return whether any part of a criterion that asks for text asks what the search index does not know."""
    return asks_panel(criterion) or any(
        isinstance(leaf, Compare) and leaf.fact not in _OF_SEARCH for leaf in _leaves(criterion)
    )


def asks_bookings(criterion: Criterion) -> bool:
    """Return whether any part of the criterion is asked of single bookings."""
    return any(isinstance(leaf, HasBooking) and not of_words(leaf) for leaf in _leaves(criterion))


def of_words(asked: HasBooking) -> bool:
    """Return whether the words of the panel's row know: services that count, or in any state, at any time and place."""
    return asked.ever and asked.statuses in (COUNTING, ANY_STATUS)


def conjuncts(criterion: Criterion) -> Iterator[Criterion]:
    """Give the parts that must all hold, however they are nested."""
    waiting = [criterion]
    while waiting:
        node = waiting.pop()
        if isinstance(node, AllOf):
            waiting += reversed(node.parts)
        else:
            yield node


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


def bits_asked(connection: Connection, dialect: Dialect, criterion: Criterion) -> Bits:
    """Return the bits of the codes that a criterion names."""
    services, packages = set[str](), set[str]()
    for leaf in _leaves(criterion):
        if isinstance(leaf, HasBooking):
            services |= leaf.services
        elif isinstance(leaf, HasPackage):
            packages |= leaf.packages
    return bits_of(connection, dialect, {CodeKind.SERVICE: services, CodeKind.PACKAGE: packages})


def compile_criterion(
    criterion: Criterion, dialect: Dialect, rows: Rows, bits: Bits | None = None, manner: Manner = "each"
) -> Clause:
    """Return the condition that is true of just the customers `matches` is true of, and its values."""
    condition, values, _ = _Compiler(dialect, rows, bits or {}, manner).compile(criterion, negated=False)
    return condition, values


_SOME: Final = {False: "<> 0", True: "> 0"}
"""How words are asked for any bit, and where that is negated: PostgreSQL takes nearly all to have one, and of nobody
having one by the second a third, where it would take it to be hardly anybody and sort all who are.
"""

Part = tuple[str, list[Value], int]
"""A condition that needs no more brackets, its values, and how deep it is."""


class _Compiler:
    """Criteria compiled for one database, over one kind of row."""

    def __init__(self, dialect: Dialect, rows: Rows, bits: Bits, manner: Manner) -> None:
        self._dialect = dialect
        self._rows: Rows = rows
        self._id = "c.id" if rows == "c" else f"{rows}.customer_id"
        self._bits = bits
        self._manner = manner

    def compile(self, criterion: Criterion, *, negated: bool) -> Part:
        """Compile a criterion, or its negation: Not is carried down to the leaves, where it costs no depth."""
        match criterion:
            case AllOf(parts):
                return _joined([self.compile(part, negated=negated) for part in parts], every=not negated)
            case AnyOf(parts):
                return _joined([self.compile(part, negated=negated) for part in parts], every=negated)
            case Not(part):
                return self.compile(part, negated=not negated)
            case InTier():
                return refuse_unresolved()
            case Text() | Compare() | OneOf() | HasBooking() | HasPackage() | InPeriod():
                if self._manner == "perhaps" and _beside_the_row(criterion, negated=negated):
                    return f"({ALWAYS})", [], 0
                condition, values = self._leaf(criterion, _SOME[negated])
                return f"({'NOT ' if negated else ''}({condition}))", values, 0
            case _:
                assert_never(criterion)

    def _leaf(self, leaf: Text | Compare | OneOf | HasBooking | HasPackage | InPeriod, some: str) -> Clause:
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
                return self._booked(leaf, some)
            case HasPackage(packages):
                return self._has(CodeKind.PACKAGE, PACKAGES_WORDS, "packages", packages, some)
            case InPeriod():
                return self._in_period(leaf)
            case _:
                assert_never(leaf)

    def _word(self, word: str) -> Part:
        return f"({self._dialect.contains('s.words')})", [word], 0

    def _run(self, run: DigitRun) -> Part:
        in_phone: Part = f"({self._dialect.contains('s.digits')})", [run.digits], 0
        in_text = _joined([self._word(word) for word in run.words], every=True)
        return _joined([in_phone, in_text], every=False)

    def _comparison(self, comparison: Compare) -> Clause:
        value, row = comparison.value, self._rows if comparison.fact in _OF_SEARCH else self._knowing
        test = f"{row}.{comparison.fact.value} {comparison.op.value} ?"
        match comparison.fact:
            case Fact.STATUS:
                return test, [str(value)]
            case Fact.GENDER:
                return f"{row}.gender IS NOT NULL AND {test}", [str(value)]
            case Fact.BLOCKED:
                return (self._blocked() if value else f"NOT ({self._blocked()})"), []
            case Fact.ADDED:
                return test, [write_instant(value) if isinstance(value, datetime) else refuse_unresolved()]
            case Fact.VISITS | Fact.SPEND:
                return test, [_whole(value)]
            case Fact.POINTS:
                total = f"(SELECT h.total FROM crm_reward_heads h WHERE h.customer_id = {self._id})"
                return f"coalesce({total}, 0) {comparison.op.value} ?", [_whole(value)]
            case Fact.LAST_VISIT:
                return f"{row}.last_visit IS NOT NULL AND {test}", [_day(value)]
            case _:
                assert_never(comparison.fact)

    def _in_period(self, asked: InPeriod) -> Clause:
        """Return whether what a customer earned or spent since then is enough; of sales as `Sale.net` says it."""
        if not asked.resolved:
            refuse_unresolved()
        if isinstance(asked.since, datetime):
            figure, since = "sum(e.tier_points)", [write_instant(asked.since)] * 2
            rows = "crm_reward_entries e", "e.customer_id", "e.at >= ? AND coalesce(e.tier_at, e.at) >= ?"
        else:
            lines, refunds = self._dialect.sum_of("z.lines", (3, 4)), self._dialect.sum_of("z.refunds", (2,))
            figure, since = f"sum({lines} - {refunds})", [_day(asked.since)]
            rows = "crm_sales z", "z.customer_id", f"z.status = '{SaleStatus.COMPLETED}' AND z.day >= ?"
        table, owner, counted = rows
        found = f"(SELECT {figure} FROM {table} WHERE {owner} = {self._id} AND {counted})"
        return f"coalesce({found}, 0) >= ?", [*since, _whole(asked.at_least)]

    def _blocked(self) -> str:
        if self._manner == "at once":
            return f"{self._id} IN (SELECT b.customer_id FROM crm_blocks b WHERE b.lifted_at IS NULL)"
        return f"EXISTS (SELECT 1 FROM crm_blocks b WHERE b.customer_id = {self._id} AND b.lifted_at IS NULL)"

    @property
    def _knowing(self) -> Rows:
        """Return the row that knows more than the search index: the panel's stands beside that one."""
        return "r" if self._rows == "s" else self._rows

    def _booked(self, asked: HasBooking, some: str) -> Clause:
        """Return whether the customer has a booking of which all is true.

        Who has none of these services at all is told by the words, and no booking is looked at.
        """
        counts = asked.statuses <= COUNTING
        names, column = (BOOKED_WORDS, "booked") if counts else (EVER_WORDS, "ever_booked")
        known, values = self._has(CodeKind.SERVICE, names, column, asked.services or None, some)
        if not asked.resolved:
            refuse_unresolved()
        if of_words(asked) or self._manner == "perhaps":
            return known, values
        found, of_bookings = self._collected(asked) if self._manner == "at once" else self._looked_up(asked)
        return f"({known}) AND {found}", [*values, *of_bookings]

    def _looked_up(self, asked: HasBooking) -> Clause:
        conditions, values = bookings_of_customer(asked, self._dialect)
        return f"EXISTS (SELECT 1 FROM crm_bookings b WHERE b.customer_id = {self._id} AND {conditions})", values

    def _collected(self, asked: HasBooking) -> Clause:
        conditions, values = bookings_by_service(asked, self._dialect)
        return f"{self._id} IN (SELECT b.customer_id FROM crm_bookings b WHERE {conditions})", values

    def _has(self, kind: CodeKind, names: Sequence[str], column: str, codes: Iterable[str] | None, some: str) -> Clause:
        """Return whether the customer has any of some codes; of None, any at all."""
        if codes is None:
            return f"({' | '.join(f'r.{name}' for name in names)}) {some}", []
        others = others_of(kind)
        bits = {code: self._bits[kind, code] for code in sorted(codes) if (kind, code) in self._bits}
        words = words_of(kind, (bit for bit in bits.values() if bit < others))
        held: list[Part] = [
            (f"((r.{name} & ?) {some})", [word], 0) for name, word in zip(names, words, strict=True) if word
        ]
        listed = [code for code, bit in bits.items() if bit >= others]
        if listed:
            held.append(self._among_others(column, listed))
        condition, values, _ = _joined(held, every=False)
        return condition, values

    def _among_others(self, column: str, codes: Sequence[str]) -> Part:
        """Return whether the stored facts name any of the codes that have no bit."""
        named: list[Part] = [
            (f"({self._dialect.contains(f'f.{column}')})", [write_json([code])[1:-1]], 0) for code in codes
        ]
        condition, values, _ = _joined(named, every=False)
        return f"EXISTS (SELECT 1 FROM crm_facts f WHERE f.customer_id = {self._id} AND {condition})", values, 0


def _beside_the_row(leaf: Criterion, *, negated: bool) -> bool:
    """Return whether the row alone cannot say that a part does not hold."""
    if isinstance(leaf, HasBooking):
        return negated and not of_words(leaf)
    return isinstance(leaf, Text | InPeriod) or (isinstance(leaf, Compare) and leaf.fact in _BESIDE)


Asked = Iterable[tuple[str, Value]]
"""Conditions of one bound value each; where that is None, nothing is asked."""


ALWAYS: Final = "1 = 1"


def all_of(asked: Asked) -> Clause:
    """Return the condition that all of what is asked holds, and what it binds."""
    stated = [(condition, value) for condition, value in asked if value is not None]
    return " AND ".join(condition for condition, _ in stated) or ALWAYS, [value for _, value in stated]


def both(*clauses: Clause) -> Clause:
    """Return the condition that all of some conditions hold, and what it binds."""
    stated = [clause for clause in clauses if clause[0] != ALWAYS]
    return " AND ".join(condition for condition, _ in stated) or ALWAYS, [v for _, values in stated for v in values]


def one_of_texts(column: str, texts: Iterable[str], dialect: Dialect) -> Clause:
    """Return the condition that a column is one of some texts, of which few are the rule."""
    listed = sorted(map(str, texts))
    if not listed:
        return "1 = 0", []
    if len(listed) > _FEW:
        condition, value = dialect.in_list(column, listed)
        return condition, [value]
    return (f"{column} IN ({', '.join('?' * len(listed))})" if len(listed) != 1 else f"{column} = ?"), [*listed]


_FEW: Final = 8


def any_service(column: str) -> str:
    """Return a condition that holds of every booking, by which an index that begins with services is read by each."""
    return (
        f"{column} IN (WITH RECURSIVE met (service) AS (SELECT min(service) FROM crm_bookings UNION ALL "
        "SELECT (SELECT min(n.service) FROM crm_bookings n WHERE n.service > met.service) FROM met "
        "WHERE met.service IS NOT NULL) SELECT met.service FROM met WHERE met.service IS NOT NULL)"
    )


def bookings_of_customer(asked: HasBooking, dialect: Dialect) -> Clause:
    """Return the condition of a booking that is looked for among one customer's: no other index may tempt."""
    plain = dialect.unindexed
    start, end = asked.start, asked.end
    moments = all_of(
        (
            ("b.starts >= ?", day_beside(start, -1)),  # a day is nowhere longer than two: the index is entered near it
            ("b.starts < ?", day_beside(end, 2)),
            ("b.starts >= ?", write_instant(asked.not_before)),
            (f"{plain('b.day')} >= ?", None if start is None else _day(start)),
            (f"{plain('b.day')} <= ?", None if end is None else _day(end)),
        )
    )
    return both(moments, _chosen(asked, dialect, plain("b.status"), plain("b.service")))


def bookings_by_service(asked: HasBooking, dialect: Dialect) -> Clause:
    """Return the condition of a booking that is looked for among all, by services, states and days."""
    exactly = all_of((("b.starts >= ?", write_instant(asked.not_before)),))
    return both(bookings_in_range(asked, dialect), exactly, _places(asked, dialect))


def bookings_in_range(asked: HasBooking, dialect: Dialect) -> Clause:
    """Return what an index of services, states and days can tell of a booking that is asked for, or may be."""
    services: Clause = any_service("b.service"), []
    if asked.services:
        services = one_of_texts("b.service", asked.services, dialect)
    days = all_of(
        (
            ("b.day >= ?", None if asked.start is None else _day(asked.start)),
            ("b.day <= ?", None if asked.end is None else _day(asked.end)),
            ("b.day >= ?", day_beside(asked.not_before, -1)),
        )
    )
    return both(services, one_of_texts("b.status", asked.statuses, dialect), days)


def _chosen(asked: HasBooking, dialect: Dialect, status: str, service: str) -> Clause:
    chosen = _places(asked, dialect)
    if asked.services:
        chosen = both(one_of_texts(service, asked.services, dialect), chosen)
    if asked.statuses != ANY_STATUS:
        chosen = both(one_of_texts(status, asked.statuses, dialect), chosen)
    return chosen


def _places(asked: HasBooking, dialect: Dialect) -> Clause:
    """Return the condition of where a booking is and with whom."""
    chosen: Clause = ALWAYS, []
    for column, texts in (("b.location", asked.locations), ("b.therapist", asked.therapists)):
        if texts:
            chosen = both(chosen, one_of_texts(column, texts, dialect))
    return chosen


def day_beside(moment: object, days: int) -> str | None:
    """Return a day so many days from another, or None beyond the calendar; instants of a day compare behind it."""
    if not isinstance(moment, date):
        return None
    day = in_utc(moment).date() if isinstance(moment, datetime) else moment
    try:
        return write_day(day + timedelta(days=days))
    except OverflowError:
        return None


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
