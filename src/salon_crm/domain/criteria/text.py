"""The text form of criteria, which says what the tree says, no more and no less, and can be read aloud.

    status:active and booked(type:hair) and not booked(type:nails) and last_visit < -90d

``not`` binds closest, then ``and``, then ``or``; brackets group. `parse_criteria` reads it, and ``str()`` of any
criterion writes it: equal trees have equal texts, and each text is read as the tree it was written from.

The reader takes the text from left to right and looks at no character twice but for the word it stands at. It
descends one level for each open bracket and each ``not``, and no further than a tree may be deep.
"""

import re
import sys
from collections.abc import Callable, Iterable, Mapping, Sequence
from datetime import date, datetime
from decimal import Decimal
from itertools import zip_longest
from types import MappingProxyType
from typing import Any, Final, NoReturn, TypeVar, assert_never
from unicodedata import category
from uuid import UUID

from attrs import field, frozen

from salon_crm.domain.access import Permission
from salon_crm.domain.bookings import ANY_STATUS, COUNTING, OPEN, BookingStatus
from salon_crm.domain.criteria.searching import text_criterion
from salon_crm.domain.criteria.tree import (
    DEEPEST,
    EVERYBODY,
    FACTS,
    FARTHEST_DAY,
    FIGURES,
    MOST_CODES,
    MOST_IDS,
    MOST_NODES,
    MOST_SPENT,
    MOST_VISITS,
    AllOf,
    AnyOf,
    Compare,
    Criterion,
    Day,
    DigitRun,
    Fact,
    FactValue,
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
    checked_criterion,
    parse_ref,
)
from salon_crm.domain.dates import in_utc, parse_instant
from salon_crm.domain.ids import CustomerId
from salon_crm.domain.privacy import OPERATOR, classed
from salon_crm.domain.rewards.records import MOST_POINTS
from salon_crm.domain.text import fold
from salon_crm.errors import InvalidValue, UnknownCriterion

LONGEST_CRITERIA: Final = 500_000
"""Characters of the longest text that is read; ten thousand ids need four fifths of it."""

ACTIVE: Final = "active"
"""The booking status that means pending or confirmed: inside the dates, or without any from now on."""

T = TypeVar("T")


@frozen(field_transformer=classed)
class Term:
    """A word of the text form: the signs it takes, what stands behind them, and what asking it needs."""

    signs: tuple[str, ...] = field(metadata=OPERATOR)
    values: str = field(metadata=OPERATOR)
    permission: Permission = field(metadata=OPERATOR)


_DAYS: Final = "a day such as 2026-01-31, today, -90d or +7d"
_CODES: Final = "a code such as balayage, or an id"
_AMOUNTS: Final = "an amount such as 500 or 49.90"
_INSTANTS: Final = "an instant such as 2026-01-31T09:00:00+00:00"
_FACT_VALUES: Final[Mapping[Fact, str]] = MappingProxyType(
    {
        Fact.STATUS: ", ".join(sorted(FACTS[Fact.STATUS].choices)),
        Fact.GENDER: ", ".join(sorted(FACTS[Fact.GENDER].choices)),
        Fact.BLOCKED: "yes, no",
        Fact.ADDED: f"{_DAYS}, or {_INSTANTS}",
        Fact.VISITS: f"a whole number from 0 to {MOST_VISITS}",
        Fact.LAST_VISIT: _DAYS,
        Fact.SPEND: _AMOUNTS,
        Fact.POINTS: f"a whole number from 0 to {MOST_POINTS}",
    }
)


_PERIODS: Final = {
    Figure.EARNED: f"a whole number from 0 to {MOST_POINTS}, since, and a day or an instant",
    Figure.SPENT: f"{_AMOUNTS}, since, and a day",
}


def _signs(fact: Fact) -> tuple[str, ...]:
    """Return the signs a fact is compared by, as they are written: one of some choices stands behind a colon."""
    ops = [op for op in Op if op in FACTS[fact].ops]
    return (":",) if ops == [Op.EQUAL] else tuple(op.value for op in ops)


TERMS: Final[Mapping[str, Term]] = MappingProxyType(
    {
        **{str(fact): Term(_signs(fact), _FACT_VALUES[fact], kind.permission) for fact, kind in FACTS.items()},
        "booked": Term((), "nothing, or parts in brackets", Permission.LIST_BOOKINGS),
        "package": Term((":",), _CODES, Permission.LIST_BOOKINGS),
        "tier": Term((":",), _CODES, Permission.VIEW_POINTS),
        **{str(figure): Term((">=",), _PERIODS[figure], permission) for figure, permission in FIGURES.items()},
        "id": Term((":",), "ids of customers", Permission.VIEW_CUSTOMERS),
        "text": Term((), 'a search in brackets and quotes: text("ana")', Permission.SEARCH_CUSTOMERS),
        "everybody": Term((), "nothing", Permission.SEARCH_CUSTOMERS),
        "nobody": Term((), "nothing", Permission.SEARCH_CUSTOMERS),
        "all": Term((), "criteria in brackets, with commas: all(blocked, visits = 0)", Permission.SEARCH_CUSTOMERS),
        "any": Term((), "criteria in brackets, with commas: any(blocked, visits = 0)", Permission.SEARCH_CUSTOMERS),
    }
)
"""Every word a clause begins with."""

_STATUSES: Final = (ACTIVE, "any", *(status.value for status in BookingStatus))

BOOKED_TERMS: Final[Mapping[str, Term]] = MappingProxyType(
    {
        name: Term(() if name == "upcoming" else (":",), values, Permission.LIST_BOOKINGS)
        for name, values in {
            "type": _CODES,
            "service": _CODES,
            "from": _DAYS,
            "until": _DAYS,
            "upcoming": "nothing",
            "not-before": _INSTANTS,
            "status": ", ".join(_STATUSES),
            "location": _CODES,
            "therapist": _CODES,
        }.items()
    }
)
"""Every part that stands in the brackets of ``booked``, in the order they are written."""


# reading


def parse_criteria(text: str) -> Criterion:
    """Return the criteria that a text such as ``status:active and visits >= 3`` says.

    Nothing about a salon is looked up: whether a code exists is seen when the criteria are asked. A text without
    criteria is refused; everybody is meant by ``everybody``.

    Raises UnknownCriterion for a word, a sign or a value that is not known, and InvalidValue for what cannot be
    read; both say at which position, line and column, and what is known or expected there.
    """
    if not isinstance(text, str):  # pyright: ignore[reportUnnecessaryIsInstance]
        raise InvalidValue("wrong-type", field="criteria", expected="text such as status:active and visits >= 3")
    reader = _Reader(text)
    if len(text) > LONGEST_CRITERIA:
        reader.fail(LONGEST_CRITERIA, f"the end: criteria have at most {LONGEST_CRITERIA:,} characters")
    return reader.criteria()


_BLANK: Final = r" \t\r\n\u00a0\u1680\u2000-\u200a\u202f\u205f\u3000"
_ENDS: Final = r"(?![\w.:+-])"
_SPACE: Final = re.compile(rf"[{_BLANK}]*+")
_WORD: Final = re.compile(r"[a-z_][a-z0-9_-]*+", re.IGNORECASE | re.ASCII)
_BARE: Final = re.compile(rf"[^{_BLANK}\x00-\x1f\x7f|,()\"<>=:!]++")
_SIGN: Final = re.compile(r"[<>=!:~]++")
_SIGNS: Final = {":": Op.EQUAL, **{op.value: op for op in Op}}
_QUOTED: Final = re.compile(r'"([^"\\]*+(?:\\.[^"\\]*+)*+)"', re.DOTALL)
_CONTROL: Final = re.compile(r"[\x00-\x1f\x7f\x80-\x9f]")
_ESCAPE: Final = re.compile(r"\\(?:([\"\\])|u\{([0-9a-f]{1,6})\}|)", re.IGNORECASE | re.ASCII)
_MOST_BACKSLASHES: Final = 10_000
_ID: Final = r"(?:[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}|[0-9a-f]{32})"
_IDS: Final = re.compile(rf"{_ID}(?:[{_BLANK}]*+\|[{_BLANK}]*+{_ID})*+{_ENDS}", re.IGNORECASE | re.ASCII)
_RELATIVE: Final = re.compile(rf"(?:(today)|([+-]\d{{1,6}})d){_ENDS}", re.IGNORECASE | re.ASCII)
_DAY: Final = re.compile(rf"\d{{4}}-\d\d-\d\d{_ENDS}", re.ASCII)
_INSTANT: Final = re.compile(
    rf"\d{{4}}-\d\d-\d\dT\d\d:\d\d(?::\d\d(?:\.\d{{1,6}})?)?(?:Z|[+-]\d\d:\d\d){_ENDS}", re.ASCII
)
_WHOLE: Final = re.compile(rf"\d{{1,13}}{_ENDS}", re.ASCII)
_AMOUNT: Final = re.compile(rf"-?\d{{1,16}}(?:\.\d{{1,6}})?{_ENDS}", re.ASCII)
_LONGEST_BARE: Final = 200
_NAMES: Final = {"(": "an opening bracket", ")": "a closing bracket", ":": "a colon"}

_CLAUSE: Final = "a criterion such as status:active, booked(type:hair) or everybody"
_GOES_ON: Final = "and, or, or the end"


class _Reader:
    """Reads one text from left to right; each method takes what it is named after, or fails where it stands."""

    def __init__(self, text: str) -> None:
        self._text = text
        self._at = 0
        self._level = 0
        self._parts = 0
        self._backslashes = 0

    def criteria(self) -> Criterion:
        """Return what the whole text says."""
        criterion = self._either()
        if self._here() < len(self._text):
            self.fail(self._at, _GOES_ON)
        try:
            return checked_criterion(criterion)
        except InvalidValue:  # brackets that hold both and and or are two levels of the tree
            self.fail(0, f"criteria of at most {DEEPEST} levels")

    def fail(self, at: int, expected: str) -> NoReturn:
        """Refuse the text: it has something else than is expected at a position."""
        line, column = self._place(at)
        raise InvalidValue(
            "criteria-unreadable", field="criteria", position=at, line=line, column=column, expected=expected
        )

    def _unknown(self, at: int, known: Iterable[str]) -> NoReturn:
        line, column = self._place(at)
        raise UnknownCriterion(
            "criteria-unknown", field="criteria", position=at, line=line, column=column, known=tuple(known)
        )

    def _place(self, at: int) -> tuple[int, int]:
        """Return the line and the column of a position, both from 1."""
        return self._text.count("\n", 0, at) + 1, at - self._text.rfind("\n", 0, at)

    # what stands next

    def _here(self) -> int:
        """Return where the next thing begins, behind white space."""
        found = _SPACE.match(self._text, self._at)
        self._at = found.end() if found else self._at
        return self._at

    def _take(self, pattern: re.Pattern[str]) -> str | None:
        found = pattern.match(self._text, self._here())
        if found is None:
            return None
        self._at = found.end()
        return found[0]

    def _word(self) -> str:
        """Take a word, in lower case; nothing where none stands here."""
        return (self._take(_WORD) or "").lower()

    def _keyword(self, word: str) -> bool:
        at = self._here()
        if self._word() == word:
            return True
        self._at = at
        return False

    def _sign(self, sign: str) -> bool:
        if not self._text.startswith(sign, self._here()):
            return False
        self._at += len(sign)
        return True

    def _need(self, sign: str, instead: str | None = None) -> None:
        if not self._sign(sign):
            self.fail(self._at, " or ".join(filter(None, (instead, _NAMES[sign]))))

    def _count(self, at: int) -> None:
        """Count a part of the tree before it is made, so that no text makes more than a tree may have."""
        self._parts += 1
        if self._parts > MOST_NODES:
            self.fail(at, f"the end: criteria have at most {MOST_NODES:,} parts")

    def _descended(self, at: int, read: Callable[[], T]) -> T:
        self._level += 1
        if self._level > DEEPEST:
            self.fail(at, f"criteria of at most {DEEPEST} levels")
        inner = read()
        self._level -= 1
        return inner

    # clauses

    def _either(self) -> Criterion:
        parts = [self._both()]
        while self._keyword("or"):
            parts.append(self._both())
        return self._joined(AnyOf, parts)

    def _both(self) -> Criterion:
        parts = [self._clause()]
        while self._keyword("and"):
            parts.append(self._clause())
        return self._joined(AllOf, parts)

    def _joined(self, kind: type[AllOf] | type[AnyOf], parts: list[Criterion]) -> Criterion:
        if len(parts) == 1:
            return parts[0]
        self._count(self._at)
        return kind(tuple(parts))

    def _clause(self) -> Criterion:
        at = self._here()
        if self._sign("("):
            inner = self._descended(at, self._either)
            self._need(")", "and, or,")
            return inner
        word = self._word()
        if word in ("", "and", "or"):
            self.fail(at, _CLAUSE)
        self._count(at)
        if word == "not":
            return Not(self._descended(at, self._clause))
        if word not in TERMS:
            self._unknown(at, ("not", *TERMS))
        return self._term(word, at)

    def _term(self, word: str, at: int) -> Criterion:
        match word:
            case "booked":
                return self._booked() if self._sign("(") else HasBooking()
            case "package":
                self._equal("package")
                return HasPackage(self._codes(empty=True))
            case "tier":
                self._equal("tier")
                return InTier(self._codes(empty=True))
            case Figure.EARNED | Figure.SPENT:
                return self._in_period(Figure(word))
            case "id":
                self._equal("id")
                return OneOf(self._ids())
            case "text":
                self._need("(")
                return self._search()
            case "everybody":
                return EVERYBODY
            case "nobody":
                return AnyOf()
            case "all" | "any":
                self._need("(")
                parts = self._descended(at, lambda: self._separated(self._either))
                return AllOf(tuple(parts)) if word == "all" else AnyOf(tuple(parts))
            case _:
                return self._comparison(Fact(word))

    def _separated(self, read: Callable[[], T]) -> list[T]:
        """Read one thing, or several with commas, to the bracket that closes."""
        found = [read()]
        while self._sign(","):
            found.append(read())
        self._need(")", "a comma")
        return found

    def _listed(self, read: Callable[[], T], most: int, *, empty: bool = False) -> list[T]:
        """Read one value, or several any one of which will do; ``()`` is a list of none, where that says something."""
        if empty and self._sign("("):
            self._need(")")
            return []
        found = [read()]
        while self._sign("|"):
            if len(found) == most:
                self.fail(self._at - 1, f"the end of the list: it has at most {most:,} values")
            found.append(read())
        return found

    def _equal(self, word: str) -> None:
        """Take the sign of a word that is one of some choices; an equals sign will do."""
        at = self._here()
        if _SIGNS.get(self._take(_SIGN) or "") is not Op.EQUAL:
            self._unknown(at, TERMS[word].signs)

    # values

    def _comparison(self, fact: Fact) -> Criterion:
        at = self._here()
        sign = self._take(_SIGN)
        if sign is None and fact is Fact.BLOCKED:
            return Compare(fact, Op.EQUAL, True)
        op = _SIGNS.get(sign or "")
        if op is None or op not in FACTS[fact].ops:
            self._unknown(at, TERMS[fact].signs)
        values = self._values(fact)
        found: list[Criterion] = [Compare(fact, op, value) for value in values]
        for _ in found[1:]:
            self._count(at)
        return self._joined(AnyOf, found)

    def _values(self, fact: Fact) -> Sequence[FactValue]:
        """Return what a fact is compared with; several of some choices, any one of which will do."""
        choices = FACTS[fact].choices
        if choices:
            return self._listed(lambda: self._choice(sorted(choices)), len(choices))
        match fact:
            case Fact.BLOCKED:
                return [self._choice(("yes", "no")) == "yes"]
            case Fact.VISITS:
                return [self._whole(_FACT_VALUES[fact], MOST_VISITS)]
            case Fact.POINTS:
                return [self._whole(_FACT_VALUES[fact], MOST_POINTS)]
            case Fact.SPEND:
                return [self._amount()]
            case Fact.ADDED:
                return [self._instant() or self._day(_FACT_VALUES[fact])]
            case _:
                return [self._day(_FACT_VALUES[fact])]

    def _choice(self, choices: Sequence[str]) -> str:
        at = self._here()
        word = (self._take(_BARE) or "").lower()
        if word not in choices:
            self._unknown(at, choices)
        return word

    def _whole(self, expected: str, most: int) -> int:
        at = self._here()
        written = self._take(_WHOLE)
        if written is None or int(written) > most:
            self.fail(at, expected)
        return int(written)

    def _in_period(self, figure: Figure) -> InPeriod:
        at = self._here()
        if self._take(_SIGN) != ">=":
            self.fail(at, ">=")
        earned = figure is Figure.EARNED
        at_least = self._whole(_PERIODS[figure], MOST_POINTS) if earned else self._amount()
        at = self._here()
        if not self._keyword("since"):
            self.fail(at, "since, and a day")
        return InPeriod(figure, at_least, self._instant() or self._day())

    def _amount(self) -> Decimal | int:
        """Take an amount in the salon's currency; or minor units, which are not for people to write."""
        at = self._here()
        written = self._take(_AMOUNT)
        if written is None or abs(Decimal(written)) > MOST_SPENT:
            self.fail(at, _AMOUNTS)
        return int(written) if "." not in written and self._keyword("minor") else Decimal(written)

    def _day(self, expected: str = _DAYS) -> Day:
        at = self._here()
        relative = self._take(_RELATIVE)
        if relative is not None:
            days = 0 if relative.lower() == "today" else int(relative[:-1])
            if abs(days) <= FARTHEST_DAY:
                return RelativeDay(days)
        written = self._take(_DAY)
        try:
            return date.fromisoformat(written or "")
        except ValueError:
            self.fail(at, expected)

    def _instant(self) -> datetime | None:
        at = self._here()
        written = self._take(_INSTANT)
        if written is None:
            return None
        try:
            return parse_instant(datetime.fromisoformat(written), "criteria")
        except (ValueError, InvalidValue):
            self.fail(at, _INSTANTS)

    def _codes(self, *, empty: bool = False) -> frozenset[str]:
        return frozenset(self._listed(self._code, MOST_CODES, empty=empty))

    def _code(self) -> str:
        at = self._here()
        self._count(at)
        written = self._take(_BARE) or ""
        try:
            return parse_ref(fold(written) if len(written) <= _LONGEST_BARE else "", "criteria")
        except InvalidValue:
            self.fail(at, _CODES)

    def _ids(self) -> frozenset[CustomerId]:
        """Take ids of customers, all at once, since there may be ten thousand of them."""
        if self._sign("("):
            self._need(")")
            return frozenset()
        at = self._here()
        ids = (self._take(_IDS) or "").split("|")
        if len(ids) > MOST_IDS:
            self.fail(at, f"at most {MOST_IDS:,} ids")
        if ids == [""] or self._sign("|"):
            self.fail(self._at, "the id of a customer")
        return frozenset(CustomerId(UUID(each.strip())) for each in ids)

    # bookings

    def _booked(self) -> HasBooking:
        """Read the parts of a booking, each stated once, to the bracket that closes."""
        stated: dict[str, Any] = {}
        self._separated(lambda: self._part_of(stated))
        statuses, active = stated.get("status", (COUNTING, False))
        none = frozenset[str]()
        return HasBooking(
            services=stated.get("service", none),
            statuses=statuses,
            start=stated.get("from"),
            end=stated.get("until"),
            locations=stated.get("location", none),
            therapists=stated.get("therapist", none),
            not_before=stated.get("not-before"),
            types=stated.get("type", none),
            upcoming="upcoming" in stated or (active and not {"from", "until"} & stated.keys()),
        )

    def _part_of(self, stated: dict[str, Any]) -> None:
        at = self._here()
        word = self._word()
        if word not in BOOKED_TERMS:
            self._unknown(at, BOOKED_TERMS)
        if word in stated:
            self.fail(at, "another part, each is stated once; several values have | between")
        if word == "upcoming":
            stated[word] = True
            return
        if _SIGNS.get(self._take(_SIGN) or "") is not Op.EQUAL:
            self.fail(self._at, _NAMES[":"])
        at = self._here()
        stated[word] = self._part_value(word)
        if word in ("from", "until"):
            self._check_period(at, stated.get("from"), stated.get("until"))

    def _part_value(self, word: str) -> Any:
        match word:
            case "from" | "until":
                return self._day()
            case "status":
                return self._statuses()
            case "not-before":
                return self._instant() or self.fail(self._at, _INSTANTS)
            case _:
                return self._codes()

    def _check_period(self, at: int, start: Day | None, end: Day | None) -> None:
        try:
            check_period(start, end)
        except InvalidValue:
            self.fail(at, "a day with which until is not before from")

    def _statuses(self) -> tuple[frozenset[BookingStatus], bool]:
        """Return the states a booking may be in, and whether they were stated as active."""
        at = self._here()
        words = self._listed(lambda: self._choice(_STATUSES), len(_STATUSES), empty=True)
        if words == [ACTIVE]:
            return OPEN, True
        if words == ["any"]:
            return ANY_STATUS, False
        if {ACTIVE, "any"} & set(words):
            self.fail(at, f"{ACTIVE} or any alone, or any of the others")
        return frozenset(map(BookingStatus, words)), False

    # searches

    def _search(self) -> Criterion:
        """Read what stands in the brackets of a search."""
        at = self._here()
        if self._text.startswith('"', at):
            criterion = self._typed(at, self._quoted())
            self._need(")")
            return criterion
        if self._keyword("anything"):
            self._need(")")
            return Text()
        words, runs = list[str](), list[DigitRun]()
        self._separated(lambda: self._piece(words, runs))
        return Text(tuple(words), tuple(runs))

    def _typed(self, at: int, typed: str) -> Criterion:
        try:
            criterion = text_criterion(typed)
        except InvalidValue:
            self.fail(at, "a search of at most 500 characters")
        if not isinstance(criterion, Text):
            self.fail(at, "something to search for; everybody is meant by everybody")
        for _ in range(len(criterion.words) + sum(1 + len(run.words) for run in criterion.runs)):
            self._count(at)
        return criterion

    def _piece(self, words: list[str], runs: list[DigitRun]) -> None:
        """Read a word or a number of a search that nobody can type, in the form they are kept in."""
        at = self._here()
        kind = self._word()
        if kind not in ("word", "number"):
            self.fail(at, 'a search in quotes, such as "ana"')
        self._need(":")
        texts = self._listed(self._counted, MOST_NODES if kind == "number" else 1)
        if kind == "word":
            words += texts
        else:
            runs.append(DigitRun(texts[0], tuple(texts[1:])))

    def _counted(self) -> str:
        self._count(self._here())
        return self._quoted()

    def _quoted(self) -> str:
        """Take a text in double quotes, in which a backslash stands before a quote, another one, and u{…}."""
        at = self._here()
        written = self._take(_QUOTED)
        if written is None:
            self.fail(at, "a text in double quotes, with a quote at its end")
        control = _CONTROL.search(written)
        if control is not None:
            self.fail(at + control.start(), "a letter, or another that can be seen; others are written as \\u{7}")
        self._backslashes += written.count("\\")
        if self._backslashes > _MOST_BACKSLASHES:
            self.fail(at, f"a text with which there are at most {_MOST_BACKSLASHES:,} backslashes")
        return _ESCAPE.sub(lambda found: self._escaped(at + 1 + found.start(), found), written[1:-1])

    def _escaped(self, at: int, found: re.Match[str]) -> str:
        if found[1]:
            return found[1]
        point = int(found[2] or "0", 16)
        if point == 0 or 0xD800 <= point <= 0xDFFF or point > sys.maxunicode:  # halves of characters are no text
            self.fail(at, 'one of \\\\, \\" and a character that is kept, such as \\u{e9}')
        return chr(point)


# writing


def write_criteria(criterion: Criterion) -> str:
    """Return the text that `parse_criteria` reads as just these criteria.

    A search shows in it as it was typed, folded: treat the text as personal data where it holds one. Raises as
    `checked_criterion`, and InvalidValue for criteria too long to be read again.
    """
    text = clause_text(checked_criterion(criterion))
    for count, what, limit in (
        (len(text), "characters", LONGEST_CRITERIA),
        (text.count("\\"), "backslashes", _MOST_BACKSLASHES),
    ):
        if count > limit:
            raise InvalidValue("criteria-too-large", field="criteria", count=count, what=what, limit=limit)
    return text


def clause_text(criterion: Criterion, *, inside: bool = False) -> str:
    """Return the text of a criterion that was checked, in brackets where it would fall apart inside another."""
    match criterion:
        case AllOf(parts):
            return _joined(parts, "and", ("everybody", "all"), inside=inside)
        case AnyOf(parts):
            return _joined(parts, "or", ("nobody", "any"), inside=inside)
        case Not(part):
            return f"not {clause_text(part, inside=True)}"
        case Text():
            return _search_text(criterion)
        case Compare():
            return _comparison_text(criterion)
        case OneOf(ids):
            return f"id:{_list_text(sorted(map(str, ids)))}"
        case HasBooking():
            return _booked_text(criterion)
        case HasPackage(packages):
            return f"package:{_list_text(sorted(packages))}"
        case InTier(tiers):
            return f"tier:{_list_text(sorted(tiers))}"
        case InPeriod(figure, at_least, since):
            fact = Fact.POINTS if figure is Figure.EARNED else Fact.SPEND
            return f"{figure} >= {_value_text(at_least, fact)} since {_day_text(since)}"
        case _:
            assert_never(criterion)


def _joined(parts: tuple[Criterion, ...], word: str, alone: tuple[str, str], *, inside: bool) -> str:
    nothing, one = alone
    match parts:
        case ():
            return nothing
        case (part,):
            return f"{one}({clause_text(part)})"
        case _:
            text = f" {word} ".join(clause_text(part, inside=True) for part in parts)
            return f"({text})" if inside else text


def _list_text(values: Iterable[str]) -> str:
    return "|".join(values) or "()"


def _comparison_text(comparison: Compare) -> str:
    fact, value = comparison.fact, comparison.value
    if fact is Fact.BLOCKED:
        return "blocked" if value else "blocked:no"
    sign = ":" if TERMS[fact].signs == (":",) else f" {comparison.op.value} "
    return f"{fact.value}{sign}{_value_text(value, fact)}"


def _value_text(value: FactValue, fact: Fact) -> str:
    if isinstance(value, Decimal):
        return _amount_text(value)
    if isinstance(value, date | RelativeDay):
        return _day_text(value)
    return f"{value} minor" if fact is Fact.SPEND else str(value)


def _amount_text(value: Decimal) -> str:
    """Return an amount without zeros that say nothing, but with two digits behind the point where it has any."""
    if not value:
        return "0"
    whole, _, fraction = format(value, "f").partition(".")
    fraction = fraction.rstrip("0")
    return f"{whole}.{fraction.ljust(2, '0')}" if fraction else whole


def _day_text(day: Day) -> str:
    match day:
        case RelativeDay(0):
            return "today"
        case RelativeDay(days):
            return f"{days:+}d"
        case datetime():
            return in_utc(day).isoformat()
        case _:
            return day.isoformat()


def _booked_text(asked: HasBooking) -> str:
    active = asked.statuses == OPEN and asked.upcoming is (asked.start is None and asked.end is None)
    parts = {
        "type": _list_text(sorted(asked.types)) if asked.types else None,
        "service": _list_text(sorted(asked.services)) if asked.services else None,
        "from": None if asked.start is None else _day_text(asked.start),
        "until": None if asked.end is None else _day_text(asked.end),
        "upcoming": "" if asked.upcoming and not active else None,
        "not-before": None if asked.not_before is None else _day_text(asked.not_before),
        "status": ACTIVE if active else _statuses_text(asked.statuses),
        "location": _list_text(sorted(asked.locations)) if asked.locations else None,
        "therapist": _list_text(sorted(asked.therapists)) if asked.therapists else None,
    }
    stated = [f"{name}:{text}" if text else name for name, text in parts.items() if text is not None]
    return f"booked({', '.join(stated)})" if stated else "booked"


def _statuses_text(statuses: frozenset[BookingStatus]) -> str | None:
    if statuses == COUNTING:
        return None
    return "any" if statuses == ANY_STATUS else _list_text(status for status in BookingStatus if status in statuses)


def _search_text(search: Text) -> str:
    """Return a search as it could have been typed, or, where nobody can have typed it, in the form it is kept in."""
    for typed in _could_be_typed(search):
        try:
            if text_criterion(typed) == search:
                return f"text({_quote(typed)})"
        except InvalidValue:  # too long to be typed
            break
    words = [f"word:{_quote(word)}" for word in search.words]
    numbers = [f"number:{_list_text(map(_quote, (run.digits, *run.words)))}" for run in search.runs]
    return f"text({', '.join((*words, *numbers)) or 'anything'})"


def _could_be_typed(search: Text) -> Iterable[str]:
    """Give the words of a search with its numbers between them, first one and then the other in front."""
    runs = [" ".join(run.words) for run in search.runs]
    for first, second in ((search.words, runs), (runs, search.words)):
        yield " ".join(piece for pair in zip_longest(first, second) for piece in pair if piece is not None)


def _quote(text: str) -> str:
    shown = (
        f"\\{each}" if each in '"\\' else each if category(each) not in _UNSEEN else _hidden(each) for each in text
    )
    return f'"{"".join(shown)}"'


_UNSEEN: Final = {"Cc", "Cf", "Zl", "Zp"}
"""The categories of characters that are not seen, or make others be seen elsewhere."""


def _hidden(character: str) -> str:
    return f"\\u{{{ord(character):x}}}"
