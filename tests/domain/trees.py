"""Criteria drawn at random: all that people can write, and bookings for them to be asked of."""

from datetime import UTC, date, datetime, timedelta
from decimal import Decimal

from hypothesis import strategies as st
from tests.domain.samples import NOW, TODAY, customer_id

from salon_crm.domain.bookings import ANY_STATUS, COUNTING, OPEN, Booking, BookingStatus
from salon_crm.domain.catalogue import code_of
from salon_crm.domain.criteria import (
    FARTHEST_DAY,
    MOST_SPENT,
    MOST_VISITS,
    AllOf,
    AnyOf,
    Compare,
    Criterion,
    Day,
    DigitRun,
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
    text_criterion,
)
from salon_crm.domain.customers import Gender, Status
from salon_crm.domain.rewards import MOST_POINTS
from salon_crm.testing.builders import a_booking

ORDERED = [Op.LESS, Op.AT_MOST, Op.MORE, Op.AT_LEAST]
CODES = ("balayage", "toner", "cut", "hair", "山田", "10-cuts", "none", "any", "not", "today", "2026-01-01", "active")

codes = st.one_of(
    st.sampled_from(CODES),
    st.text(min_size=1, max_size=12).map(lambda name: code_of(name, "cut")),
    st.uuids().map(str),
)
days: st.SearchStrategy[Day] = st.one_of(
    st.dates(),
    st.dates(TODAY - timedelta(3), TODAY + timedelta(3)),
    st.integers(-3, 3).map(RelativeDay),
    st.integers(-FARTHEST_DAY, FARTHEST_DAY).map(RelativeDay),
)
instants = st.datetimes(datetime(1, 1, 3), datetime(9999, 12, 29), timezones=st.just(UTC))
amounts = st.one_of(
    st.decimals(-MOST_SPENT, MOST_SPENT, places=2),
    st.decimals(-1_000, 1_000, allow_nan=False, places=6),
    st.integers(-1_000, 1_000).map(Decimal),
    st.sampled_from([Decimal("-0"), Decimal("0.0"), Decimal("1E+3"), Decimal("500.00")]),
)
statuses = st.one_of(
    st.sampled_from([COUNTING, ANY_STATUS, OPEN]), st.frozensets(st.sampled_from(BookingStatus), max_size=5)
)
some_codes = st.frozensets(codes, max_size=3)


def _in_order(booked: HasBooking) -> bool:
    match booked.start, booked.end:
        case (RelativeDay(first), RelativeDay(last)):
            return first <= last
        case (date() as start, date() as end):
            return start <= end
        case _:
            return True


booked = st.builds(
    HasBooking,
    services=some_codes,
    statuses=statuses,
    start=st.none() | days,
    end=st.none() | days,
    locations=some_codes,
    therapists=some_codes,
    not_before=st.none() | instants,
    types=some_codes,
    upcoming=st.booleans(),
).filter(_in_order)

_shown = st.characters(codec="utf-8", exclude_characters="\0")
_words = st.one_of(st.sampled_from(["ana", '"', "\\", "", "-", "(0)", "\n", "\u202e", "|", "number"]), st.text(_shown))
searches: st.SearchStrategy[Criterion] = st.one_of(
    st.text(_shown, max_size=40).map(text_criterion),
    st.text('ana 0123456789+-()./é"\\', max_size=20).map(text_criterion),
    st.builds(
        Text,
        st.lists(_words, max_size=3).map(tuple),
        st.lists(st.builds(DigitRun, _words, st.lists(_words, max_size=3).map(tuple)), max_size=2).map(tuple),
    ),
)
comparisons = st.one_of(
    st.builds(Compare, st.just(Fact.STATUS), st.just(Op.EQUAL), st.sampled_from([*Status, "active"])),
    st.builds(Compare, st.just(Fact.GENDER), st.just(Op.EQUAL), st.sampled_from(Gender)),
    st.builds(Compare, st.just(Fact.BLOCKED), st.just(Op.EQUAL), st.booleans()),
    st.builds(Compare, st.just(Fact.ADDED), st.sampled_from(ORDERED), days | instants | st.just(NOW)),
    st.builds(Compare, st.just(Fact.VISITS), st.sampled_from(Op), st.integers(0, 5) | st.just(MOST_VISITS)),
    st.builds(Compare, st.just(Fact.POINTS), st.sampled_from(Op), st.integers(0, 5) | st.just(MOST_POINTS)),
    st.builds(Compare, st.just(Fact.LAST_VISIT), st.sampled_from(Op), days),
    st.builds(Compare, st.just(Fact.SPEND), st.sampled_from(Op), amounts | st.integers(-MOST_SPENT, MOST_SPENT)),
)
leaves: st.SearchStrategy[Criterion] = st.one_of(
    searches,
    comparisons,
    st.frozensets(st.integers(1, 3).map(customer_id) | st.uuids().map(lambda each: each), max_size=3).map(
        lambda ids: OneOf(frozenset(ids))  # type: ignore[arg-type]  # any UUID may be a customer's
    ),
    booked,
    some_codes.map(HasPackage),
    some_codes.map(InTier),
    st.builds(InPeriod, st.just(Figure.EARNED), st.integers(0, 5) | st.just(MOST_POINTS), days | instants),
    st.builds(InPeriod, st.just(Figure.SPENT), amounts | st.integers(-MOST_SPENT, MOST_SPENT), days | instants),
)
trees: st.SearchStrategy[Criterion] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        st.builds(AllOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(AnyOf, st.lists(inner, max_size=3).map(tuple)),
        st.builds(Not, inner),
    ),
)
"""Criteria of every kind that `checked_criterion` lets through."""

bookings: st.SearchStrategy[list[Booking]] = st.lists(
    st.builds(
        a_booking,
        service=st.sampled_from(["cut", "toner", "balayage"]),
        status=st.sampled_from(BookingStatus),
        start=st.integers(-96, 96).map(lambda hours: NOW + timedelta(hours=hours)),
        zone=st.sampled_from(["Europe/Lisbon", "Pacific/Auckland", "America/Los_Angeles"]),
        location=st.sampled_from([None, "chiado"]),
        therapist=st.sampled_from([None, "gil-horta"]),
        package=st.sampled_from([None, "10-cuts"]),
    ),
    max_size=3,
)
