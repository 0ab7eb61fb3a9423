"""The text form: it reads as the tree it was written from, and nothing else reads at all."""

import sys
import time
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any
from unicodedata import category

import pytest
from hypothesis import example, given
from hypothesis import strategies as st
from tests.domain.samples import customer_id
from tests.domain.trees import leaves, trees

from salon_crm.domain.bookings import ANY_STATUS, OPEN, BookingStatus
from salon_crm.domain.criteria import (
    DEEPEST,
    EVERYBODY,
    FACTS,
    LONGEST_CRITERIA,
    MOST_CODES,
    MOST_IDS,
    MOST_NODES,
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
    Op,
    RelativeDay,
    Text,
    checked_criterion,
    parse_criteria,
    permissions_of,
    text_criterion,
)
from salon_crm.domain.criteria.text import TERMS
from salon_crm.errors import InvalidValue, UnknownCriterion

ACTIVE = Compare(Fact.STATUS, Op.EQUAL, "active")
BLOCKED = Compare(Fact.BLOCKED, Op.EQUAL, True)
NEVER = Compare(Fact.VISITS, Op.EQUAL, 0)
HAIR = HasBooking(types=frozenset({"hair"}))


def refused(text: str) -> InvalidValue:
    with pytest.raises(InvalidValue) as caught:
        parse_criteria(text)
    return caught.value


# what each text means

WRITTEN: dict[str, Criterion] = {
    "status:active": ACTIVE,
    "gender:female": Compare(Fact.GENDER, Op.EQUAL, "female"),
    "blocked": BLOCKED,
    "blocked:no": Compare(Fact.BLOCKED, Op.EQUAL, False),
    "not blocked": Not(BLOCKED),
    "added >= 2026-01-01": Compare(Fact.ADDED, Op.AT_LEAST, date(2026, 1, 1)),
    "added < -90d": Compare(Fact.ADDED, Op.LESS, RelativeDay(-90)),
    "added < 2026-01-31T09:00:00+00:00": Compare(Fact.ADDED, Op.LESS, datetime(2026, 1, 31, 9, tzinfo=UTC)),
    "visits >= 3": Compare(Fact.VISITS, Op.AT_LEAST, 3),
    "visits = 0": NEVER,
    "last_visit < -90d": Compare(Fact.LAST_VISIT, Op.LESS, RelativeDay(-90)),
    "last_visit = today": Compare(Fact.LAST_VISIT, Op.EQUAL, RelativeDay(0)),
    "last_visit <= +7d": Compare(Fact.LAST_VISIT, Op.AT_MOST, RelativeDay(7)),
    "spend > 500": Compare(Fact.SPEND, Op.MORE, Decimal(500)),
    "spend <= 49.90": Compare(Fact.SPEND, Op.AT_MOST, Decimal("49.9")),
    "spend < -0.001": Compare(Fact.SPEND, Op.LESS, Decimal("-0.001")),
    "spend = 5000 minor": Compare(Fact.SPEND, Op.EQUAL, 5_000),
    "package:ten-cuts": HasPackage(frozenset({"ten-cuts"})),
    "package:ten-cuts|toner": HasPackage(frozenset({"ten-cuts", "toner"})),
    "package:()": HasPackage(frozenset()),
    f"id:{customer_id(1)}|{customer_id(2)}": OneOf(frozenset({customer_id(1), customer_id(2)})),
    "id:()": OneOf(frozenset()),
    'text("ana silva")': Text(("ana", "silva")),
    'text("ana 912 345")': Text(("ana",), (DigitRun("912345", ("912", "345")),)),
    'text("912 ana 345")': Text(("ana",), (DigitRun("912", ("912",)), DigitRun("345", ("345",)))),
    r'text("a\"b\\c")': Text(('a"b\\c',)),
    r'text("a\u{7}b")': Text(("a\u0007b",)),
    r'text(word:"a b", number:"12"|"1"|"2")': Text(("a b",), (DigitRun("12", ("1", "2")),)),
    'text(number:"12")': Text((), (DigitRun("12", ()),)),
    "text(anything)": Text(),
    "booked": HasBooking(),
    "booked(type:hair)": HAIR,
    "booked(upcoming)": HasBooking(upcoming=True),
    "booked(status:active)": HasBooking(statuses=OPEN, upcoming=True),
    "booked(from:today, until:+7d, status:active)": HasBooking(statuses=OPEN, start=RelativeDay(0), end=RelativeDay(7)),
    "booked(status:pending|confirmed)": HasBooking(statuses=OPEN),
    "booked(until:today, upcoming, status:pending|confirmed)": HasBooking(
        statuses=OPEN, end=RelativeDay(0), upcoming=True
    ),
    "booked(status:any)": HasBooking(statuses=ANY_STATUS),
    "booked(status:cancelled|no-show)": HasBooking(
        statuses=frozenset({BookingStatus.CANCELLED, BookingStatus.NO_SHOW})
    ),
    "booked(status:())": HasBooking(statuses=frozenset()),
    "booked(service:balayage, from:2026-01-01, until:2026-03-31, status:completed, location:chiado)": HasBooking(
        services=frozenset({"balayage"}),
        start=date(2026, 1, 1),
        end=date(2026, 3, 31),
        statuses=frozenset({BookingStatus.COMPLETED}),
        locations=frozenset({"chiado"}),
    ),
    "booked(not-before:2026-01-31T09:00:00+00:00, therapist:gil-horta|山田)": HasBooking(
        not_before=datetime(2026, 1, 31, 9, tzinfo=UTC), therapists=frozenset({"gil-horta", "山田"})
    ),
    "everybody": EVERYBODY,
    "nobody": AnyOf(),
    "all(blocked)": AllOf((BLOCKED,)),
    "any(not blocked)": AnyOf((Not(BLOCKED),)),
    "status:active and booked(type:hair) and not booked(type:nails) and last_visit < -90d": AllOf(
        (
            ACTIVE,
            HAIR,
            Not(HasBooking(types=frozenset({"nails"}))),
            Compare(Fact.LAST_VISIT, Op.LESS, RelativeDay(-90)),
        )
    ),
    "(status:active and blocked) or visits = 0": AnyOf((AllOf((ACTIVE, BLOCKED)), NEVER)),
    "status:active and (blocked or visits = 0)": AllOf((ACTIVE, AnyOf((BLOCKED, NEVER)))),
    "not (blocked or visits = 0)": Not(AnyOf((BLOCKED, NEVER))),
    "not not blocked": Not(Not(BLOCKED)),
    "(status:active and blocked) and visits = 0": AllOf((AllOf((ACTIVE, BLOCKED)), NEVER)),
    "not all(blocked)": Not(AllOf((BLOCKED,))),
}
"""The text of each tree, as it is written, and the tree."""


@pytest.mark.parametrize("text", WRITTEN)
def test_a_text_says_what_its_tree_says(text: str) -> None:
    assert parse_criteria(text) == WRITTEN[text]
    assert str(WRITTEN[text]) == text


@pytest.mark.parametrize(
    ("text", "written"),
    [
        ("  status : active\n\tand\u00a0blocked ", "status:active and blocked"),
        ("STATUS:Active AND NOT Blocked", "status:active and not blocked"),
        ("status=active", "status:active"),
        ("visits:3", "visits = 3"),
        ("visits>=3", "visits >= 3"),
        ("last_visit<-90d", "last_visit < -90d"),
        ("spend > 0500.00", "spend > 500"),
        ("spend > -0.00", "spend > 0"),
        ("added < -0d", "added < today"),
        ("added < 2026-01-31T10:00Z", "added < 2026-01-31T10:00:00+00:00"),
        ("added < 2026-01-31T10:00:00+02:00", "added < 2026-01-31T08:00:00+00:00"),
        ("blocked:yes", "blocked"),
        ("not blocked:no", "not blocked:no"),
        ("gender:female|male", "gender:female or gender:male"),
        ("gender:female|male and blocked", "(gender:female or gender:male) and blocked"),
        ("blocked and visits = 0 or gender:male", "(blocked and visits = 0) or gender:male"),
        ("blocked or visits = 0 and gender:male", "blocked or (visits = 0 and gender:male)"),
        ("not blocked and visits = 0", "not blocked and visits = 0"),
        ("((blocked))", "blocked"),
        ("all(blocked, visits = 0)", "blocked and visits = 0"),
        ("any(blocked, visits = 0, booked)", "blocked or visits = 0 or booked"),
        ("package:Ten-CUTS", "package:ten-cuts"),
        ("package:b|a|b", "package:a|b"),
        ("package:01890A5DAC96774BBCCEB302099A8057", "package:01890a5d-ac96-774b-bcce-b302099a8057"),
        ("booked(location:chiado, service = cut)", "booked(service:cut, location:chiado)"),
        ("booked(status:confirmed|pending|completed)", "booked"),
        ("booked(status:active, upcoming)", "booked(status:active)"),
        ('text("  José  SILVA ")', 'text("jose silva")'),
        ('text("\\u{6a}ose")', 'text("jose")'),
        ('text( word : "ana" )', 'text("ana")'),
    ],
)
def test_what_can_be_said_in_several_ways_is_written_in_one(text: str, written: str) -> None:
    assert str(parse_criteria(text)) == written
    assert parse_criteria(written) == parse_criteria(text)


@given(trees)
@example(Text(("\u00ad",)))
@example(Text((), (DigitRun("", ()),)))
@example(Text(("-", "ana"), (DigitRun("1", ("1",)),)))
@example(Text(("a" * 501,)))
@example(Compare(Fact.SPEND, Op.EQUAL, Decimal("-0E+9")))
@example(Compare(Fact.SPEND, Op.EQUAL, Decimal("500." + "0" * 40)))
def test_a_text_reads_as_the_tree_it_was_written_from(tree: Criterion) -> None:
    checked_criterion(tree)
    text = str(tree)
    assert parse_criteria(text) == tree
    assert str(parse_criteria(text)) == text
    assert not {"Cc", "Cf", "Zl", "Zp"} & set(map(category, text))


@given(leaves, leaves)
@example(Compare(Fact.SPEND, Op.MORE, Decimal(5)), Compare(Fact.SPEND, Op.MORE, 5))
@example(Compare(Fact.SPEND, Op.MORE, Decimal(5)), Compare(Fact.SPEND, Op.MORE, Decimal("5.00")))
def test_equal_criteria_have_equal_texts_and_others_have_others(one: Criterion, other: Criterion) -> None:
    assert (str(one) == str(other)) == (one == other)


def test_a_text_holds_nothing_that_is_not_seen() -> None:
    text = str(Text(("\u202egnp.exe", "a\u200db", "\u2028", "\U000e0041")))
    assert text == r'text(word:"\u{202e}gnp.exe", word:"a\u{200d}b", word:"\u{2028}", word:"\u{e0041}")'


@given(trees)
def test_reading_a_text_needs_no_more_than_its_tree_to_ask_it(tree: Criterion) -> None:
    assert permissions_of(parse_criteria(str(tree))) == permissions_of(tree)


def test_the_words_there_are_are_those_that_are_read() -> None:
    assert set(map(str, Fact)) < set(TERMS)
    assert {name: TERMS[str(name)].permission for name in Fact} == {
        name: kind.permission for name, kind in FACTS.items()
    }
    forms = {
        "booked": "booked",
        "package": "package:cut",
        "tier": "tier:gold",
        "earned": "earned >= 100 since -365d",
        "spent": "spent >= 12.50 since 2026-01-01",
        "id": "id:()",
        "text": 'text("ana")',
    }
    for word, text in forms.items():
        assert TERMS[word].permission in permissions_of(parse_criteria(text))
    assert [word for word in TERMS if word not in {*Fact, *forms}] == ["everybody", "nobody", "all", "any"]
    for word in ("everybody", "nobody"):
        assert isinstance(parse_criteria(word), AllOf | AnyOf)


# what cannot be written


@pytest.mark.parametrize(
    "tree",
    [
        Compare(Fact.STATUS, Op.EQUAL, "active or blocked"),
        HasPackage(frozenset({"a|b"})),
        HasBooking(services=frozenset({"a, status:any"})),
        Text(("a\0",)),
        Not(5),  # type: ignore[arg-type]  # that is the point
    ],
)
def test_what_cannot_be_asked_has_no_text_and_never_that_of_something_else(tree: Criterion) -> None:
    with pytest.raises(InvalidValue):
        str(tree)


# what cannot be read


def place(error: InvalidValue) -> tuple[Any, ...]:
    return error.params["position"], error.params["line"], error.params["column"]


@pytest.mark.parametrize(
    ("text", "position", "expected"),
    [
        ("", 0, "a criterion such as"),
        (" \n ", 3, "a criterion such as"),
        ("blocked and", 11, "a criterion such as"),
        ("and blocked", 0, "a criterion such as"),
        ("not", 3, "a criterion such as"),
        ("blocked blocked", 8, "and, or, or the end"),
        ("blocked)", 7, "and, or, or the end"),
        ("(blocked", 8, "a closing bracket"),
        ("()", 1, "a criterion such as"),
        ("all()", 4, "a criterion such as"),
        ("all", 3, "an opening bracket"),
        ("all(blocked,)", 12, "a criterion such as"),
        ("visits >= three", 10, "a whole number"),
        ("visits >= 3.5", 10, "a whole number"),
        ("visits >= 1000001", 10, "a whole number"),
        ("visits >= -1", 10, "a whole number"),
        ("visits >= " + "9" * 100_000, 10, "a whole number"),
        ("spend > 1e3", 8, "an amount"),
        ("spend > 12,50", 10, "and, or, or the end"),
        ("spend > 0.1234567", 8, "an amount"),
        ("spend > 9999999999999999", 8, "an amount"),
        ("spend > nan", 8, "an amount"),
        ("last_visit < 90d", 13, "a day such as"),
        ("last_visit < 2026-02-30", 13, "a day such as"),
        ("last_visit < 31/01/2026", 13, "a day such as"),
        ("last_visit < -99999d", 13, "a day such as"),
        ("last_visit < 2026-01-01T09:00:00Z", 13, "a day such as"),
        ("added < 2026-01-01T09:00:00", 8, "a day such as"),
        ("added < 2026-01-01T25:00:00Z", 8, "an instant such as"),
        ("added < 0001-01-01T00:00:00+14:00", 8, "an instant such as"),
        ("package:", 8, "a code such as"),
        ("package:a|", 10, "a code such as"),
        ("package:" + "a" * 61, 8, "a code such as"),
        ("package:" + "a" * 400_000, 8, "a code such as"),
        ("package:-a", 8, "a code such as"),
        ("package:(a)", 9, "a closing bracket"),
        ("id:ana", 3, "the id of a customer"),
        ("booked()", 7, None),
        ("booked(service:())", 15, "a code such as"),
        ("booked(service)", 14, "a colon"),
        ("booked(service:cut", 18, "a comma or a closing bracket"),
        ("booked(service:cut, service:toner)", 20, "another part"),
        ("booked(status:active|completed)", 14, "active or any alone"),
        ("booked(from:2026-02-01, until:2026-01-01)", 30, "until is not before from"),
        ("booked(until:-7d, from:today)", 23, "until is not before from"),
        ("booked(not-before:2026-01-01)", 18, "an instant such as"),
        ("text", 4, "an opening bracket"),
        ("text(ana)", 5, "a search in quotes"),
        ('text("")', 5, "something to search for"),
        ('text("ana"', 10, "a closing bracket"),
        ('text("ana', 5, "a quote at its end"),
        ('text("ana\\")', 5, "a quote at its end"),
        ('text("an\na")', 8, "can be seen"),
        ('text("a\\n")', 7, "one of"),
        ('text("a\\u{0}")', 7, "one of"),
        ('text("a\\u{d800}")', 7, "one of"),
        ('text("a\\u{110000}")', 7, "one of"),
        ('text("' + "a" * 501 + '")', 5, "at most 500"),
        ('text("\ud800")', 5, "at most 500"),
        ('text(word:"a"|"b")', 13, "the end of the list"),
        ("blocked\0", 7, "and, or, or the end"),
        ("\x07blocked", 0, "a criterion such as"),
        ("blocked; drop", 7, "and, or, or the end"),
        ("-- blocked", 0, "a criterion such as"),
    ],
)
def test_a_text_that_cannot_be_read_says_where_and_what_is_expected_there(
    text: str, position: int, expected: str | None
) -> None:
    error = refused(text)
    assert error.field == "criteria"
    assert error.params["position"] == position
    if expected is None:
        assert error.code == "criteria-unknown"
    else:
        assert error.code == "criteria-unreadable"
        assert expected in str(error.params["expected"])


@pytest.mark.parametrize(
    ("text", "position", "known"),
    [
        ("bagde:vip", 0, "status"),
        ("ana silva", 0, "text"),
        ("blocked and statuss:active", 12, "status"),
        ("status:gone", 7, "inactive"),
        ("status:", 7, "inactive"),
        ("status", 6, ":"),
        ("status < active", 7, ":"),
        ("gender != male", 7, ":"),
        ("visits ! 3", 7, ">="),
        ("visits == 3", 7, "="),
        ("visits 3", 7, "<"),
        ("added = 2026-01-01", 6, ">="),
        ("blocked:maybe", 8, "no"),
        ("package cut", 8, ":"),
        ("booked(services:cut)", 7, "service"),
        ("booked(status:done)", 14, "completed"),
        ("booked(status:completed|)", 24, "no-show"),
    ],
)
def test_a_word_a_sign_or_a_value_nobody_knows_is_refused_with_those_that_are_known(
    text: str, position: int, known: str
) -> None:
    error = refused(text)
    assert isinstance(error, UnknownCriterion)
    assert (error.code, error.field, error.params["position"]) == ("criteria-unknown", "criteria", position)
    assert known in error.params["known"]  # type: ignore[operator]  # a tuple of texts


def test_a_fault_in_a_text_of_several_lines_is_told_by_line_and_column() -> None:
    assert place(refused("status:active\n  and visits\n  >= many")) == (32, 3, 6)
    assert place(refused("status:active and\r\nbagde:vip")) == (19, 2, 1)
    assert str(refused("blocked and\nstatus:gone")) == (
        "criteria: has at line 2, column 8 (position 19) what is not known there. Known: active, inactive."
    )


def test_what_is_no_text_is_refused() -> None:
    for thing in (None, 7, b"blocked", BLOCKED):
        with pytest.raises(InvalidValue) as caught:
            parse_criteria(thing)  # type: ignore[arg-type]  # that is the point
        assert (caught.value.code, caught.value.field) == ("wrong-type", "criteria")


# bounds


def test_a_text_says_as_much_as_a_tree_may_and_no_more() -> None:
    deep: Criterion = EVERYBODY
    for _ in range(DEEPEST - 1):
        deep = Not(deep)
    most_ids = OneOf(frozenset(map(customer_id, range(MOST_IDS))))
    wide = AnyOf((BLOCKED,) * (MOST_NODES - 1))
    words = text_criterion("a " * 249)
    mixed: Criterion = BLOCKED
    for level in range(DEEPEST - 2):
        mixed = (AnyOf if level % 2 else AllOf)((BLOCKED, mixed))
    for tree in (deep, most_ids, wide, words, mixed, HasPackage(frozenset(f"a{n}" for n in range(MOST_NODES - 1)))):
        assert parse_criteria(str(checked_criterion(tree))) == tree
    for text in (
        "not " * DEEPEST + "blocked",
        "(" * (DEEPEST + 1) + "blocked" + ")" * (DEEPEST + 1),
        "blocked and (visits = 0 or " * 26 + "blocked" + ")" * 26,
        f"{wide} or blocked",
        f"{wide} and blocked",
        f"{most_ids}|{customer_id(MOST_IDS)}",
        "package:" + "|".join(f"a{n}" for n in range(MOST_CODES)),
    ):
        assert refused(text).code == "criteria-unreadable"


@pytest.mark.parametrize("text", WRITTEN)
def test_a_text_cut_anywhere_is_criteria_or_an_error_within_it(text: str) -> None:
    for end in range(len(text)):
        try:
            parse_criteria(text[:end])
        except InvalidValue as error:
            assert error.code in ("criteria-unreadable", "criteria-unknown")
            assert 0 <= place(error)[0] <= end


def test_criteria_too_long_to_be_read_again_have_no_text() -> None:
    ids = OneOf(frozenset(map(customer_id, range(MOST_IDS))))
    with pytest.raises(InvalidValue) as caught:
        str(checked_criterion(AnyOf((ids, Not(ids)))))
    assert (caught.value.code, caught.value.params["what"]) == ("criteria-too-large", "characters")
    with pytest.raises(InvalidValue) as caught:
        str(Text(("\\" * 5_001,)))
    assert (caught.value.code, caught.value.params["what"]) == ("criteria-too-large", "backslashes")
    most = Text(("\\" * 5_000,))
    assert parse_criteria(str(most)) == most


HOSTILE = {
    "brackets": "(" * 10_000 + "blocked" + ")" * 10_000,
    "nots": "not " * 10_000 + "blocked",
    "alls": "all(" * 10_000 + "blocked" + ")" * 10_000,
    "brackets in bookings": "booked(" * 10_000,
    "a megabyte of brackets": "(" * 1_000_000,
    "a megabyte of clauses": "blocked or " * 90_000 + "blocked",
    "a megabyte of a word": "a" * 1_000_000,
    "the longest word": "a" * LONGEST_CRITERIA,
    "the longest code": "package:" + "é" * (LONGEST_CRITERIA - 8),
    "the longest codes": "package:" + "a|" * (LONGEST_CRITERIA // 2 - 5),
    "the longest clauses": "blocked or " * (LONGEST_CRITERIA // 11),
    "the longest search": f'text("{"a" * (LONGEST_CRITERIA - 8)}")',
    "the longest search of escapes": 'text("' + "\\\\" * (LONGEST_CRITERIA // 2 - 4),
    "the longest escapes": 'text("' + r"\u{7}" * (LONGEST_CRITERIA // 5 - 8) + '")',
    "the longest open quote": 'text("' + "\\" * (LONGEST_CRITERIA - 6),
    "the longest words of a search": "text(" + 'word:"a",' * (LONGEST_CRITERIA // 9 - 1),
    "the longest space": " " * LONGEST_CRITERIA,
    "the longest space in between": "blocked" + " " * (LONGEST_CRITERIA - 14) + "blocked",
    "the longest lines": "\n" * (LONGEST_CRITERIA - 1) + "x",
    "the longest number": "visits = " + "9" * (LONGEST_CRITERIA - 9),
    "the longest amount": "spend = 0." + "9" * (LONGEST_CRITERIA - 10),
    "the longest different escapes": 'text("' + "".join(rf"\u{{{n:x}}}" for n in range(1, 60_000)) + '")',
    "the longest ids": "id:" + f"{customer_id(1)}|" * (LONGEST_CRITERIA // 37 - 1) + "x",
    "the longest operator": "visits " + "<" * (LONGEST_CRITERIA - 7),
    "control characters": "".join(map(chr, range(32))) * 1_000,
    "half characters": "\ud800" * 100_000,
}


@pytest.mark.parametrize("name", HOSTILE)
def test_hostile_text_is_an_error_with_its_position_in_under_50_milliseconds(name: str) -> None:
    text = HOSTILE[name]
    fastest = min(_seconds(text) for _ in range(5))
    error = refused(text)
    assert (error.code, error.field) in {("criteria-unreadable", "criteria"), ("criteria-unknown", "criteria")}
    assert 0 <= place(error)[0] <= len(text)
    assert fastest < 0.05


def _seconds(text: str) -> float:
    """Return the seconds of the processor that reading takes, without what measuring coverage adds."""
    tracer = sys.gettrace()
    sys.settrace(None)
    try:
        began = time.process_time()
        with pytest.raises(InvalidValue):
            parse_criteria(text)
        return time.process_time() - began
    finally:
        sys.settrace(tracer)


@given(
    st.text(st.characters(codec=None))
    | st.lists(
        st.sampled_from(
            [
                "status",
                ":",
                "active",
                "and",
                "or",
                "not",
                "(",
                ")",
                "booked",
                ",",
                "|",
                '"',
                "text",
                "-90d",
                "<",
                "visits",
                "3",
                " ",
            ]
        )
    ).map(" ".join)
)
def test_any_text_is_criteria_or_one_typed_error_with_a_position(text: str) -> None:
    try:
        tree = parse_criteria(text)
    except InvalidValue as error:
        assert error.code in ("criteria-unreadable", "criteria-unknown")
        assert 0 <= int(str(error.params["position"])) <= len(text)
    else:
        assert parse_criteria(str(tree)) == tree
