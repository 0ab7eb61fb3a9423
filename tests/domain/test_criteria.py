"""The filter panel, the search box, orders, pages, and what criteria may ask."""

import base64
import json
from collections.abc import Iterator
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from itertools import groupby, permutations, repeat
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve
from hypothesis import assume, example, given
from hypothesis import strategies as st
from tests.domain.samples import NOW, SALON, SETTINGS, TODAY, Record, a_customer, customer_id, edited
from tests.domain.trees import bookings, trees

from salon_crm.domain.access import Permission
from salon_crm.domain.bookings import ANY_STATUS, OPEN, Booking, BookingStatus
from salon_crm.domain.criteria import (
    DEEPEST,
    EVERYBODY,
    FACTS,
    FARTHEST_DAY,
    MOST_IDS,
    MOST_NODES,
    MOST_PER_PAGE,
    MOST_SPENT,
    MOST_VISITS,
    NAMED_KINDS,
    AllOf,
    AnyOf,
    Compare,
    Criterion,
    CustomerFilter,
    DigitRun,
    Fact,
    Figure,
    HasBooking,
    HasPackage,
    InPeriod,
    InTier,
    Names,
    Not,
    OneOf,
    Op,
    Order,
    OrderKey,
    Page,
    RelativeDay,
    Start,
    Text,
    checked_criterion,
    matches,
    names_asked,
    permissions_of,
    query_fingerprint,
    read_cursor,
    resolve,
    text_criterion,
    to_criterion,
    write_cursor,
)
from salon_crm.domain.customers import Customer, CustomerRow, Gender, Status, search_keys
from salon_crm.domain.dates import local_day, start_of_day
from salon_crm.domain.ids import CustomerId, SalonId
from salon_crm.domain.money import Money
from salon_crm.domain.rewards import RewardProgramme, Tier
from salon_crm.domain.settings import Settings
from salon_crm.domain.text import fold
from salon_crm.errors import InvalidValue, UnknownCriterion
from salon_crm.testing.builders import a_booking, some_facts


def finds(query: str, customer: Customer) -> bool:
    """Whether a search box with ``query`` in it shows the customer."""
    return matches(text_criterion(query), Record(customer))


# -------------------------------------------------------------------------------------------- search

JOSE = a_customer(
    name="José María Straße-O’Neil",
    email="Zé.Silva@example.com",
    mobile="+44 7700 900123",
    other_phones=["912 345 678"],
    other_emails=["agent_47@example.com"],
)


@pytest.mark.parametrize("query", ["José", "jos", "osé", "MARÍA", "neil", "straße-o", "é"])
def test_a_customer_is_found_by_any_part_of_a_name(query: str) -> None:
    assert finds(query, JOSE)


def test_a_customer_is_found_by_any_part_of_an_email_second_ones_too() -> None:
    for query in ("ze.silva", "Silva@", "@example.com", "example", "agent_47", "zé.silva@example.com"):
        assert finds(query, JOSE)


def test_a_customer_is_found_by_any_part_of_a_phone_second_ones_too() -> None:
    for query in ("900123", "7700", "912345678", "912", "345 67"):
        assert finds(query, JOSE)


def test_a_customer_is_found_by_former_names_and_contacts() -> None:
    moved = edited(JOSE, name="José Sousa", email=None, mobile=None)
    for query in ("neil", "jose neil sousa", "ze.silva", "07700 900123"):
        assert finds(query, moved)


def test_words_are_found_in_any_order() -> None:
    for words in permutations(["jose", "o'neil", "mar", "example.com", "900123"]):
        assert finds(" ".join(words), JOSE)


def test_every_word_must_be_found() -> None:
    assert not finds("josé pedro", JOSE)
    assert not finds("josé 999", JOSE)


def test_accents_case_and_width_are_ignored_in_the_query_as_in_the_name() -> None:
    for query in (
        "jose maria",
        "JOSÉ MARÍA",
        "jose\u0301",
        "ｊｏｓｅ",
        "strasse",
        "STRASSE",
        "straße",
        "o'neil",
        "O’NEIL",
    ):
        assert finds(query, JOSE)
    assert finds("lukasz", a_customer(name="Łukasz"))
    assert finds("ŁUKASZ", a_customer(name="Lukasz"))
    assert finds("山", a_customer(name="山田 太郎"))


def test_a_word_is_found_in_one_name_and_never_across_two() -> None:
    ana = edited(a_customer(first_name="Ana", last_name="Silva"), name="Rui")
    assert finds("ana silva", ana)
    for query in ("ruiana", "silvaana", "anasilva", "rui\nana"):
        assert finds(query, ana) == (query == "rui\nana")


def test_white_space_of_any_kind_cuts_the_query() -> None:
    assert finds("  jose \t maria\u00a0neil\n", JOSE)


@pytest.mark.parametrize(
    "query",
    [
        *(
            "+44 7700 900123",
            "+447700900123",
            "07700 900123",
            "07700900123",
            "+44 (0)7700 900123",
            "+44(0)7700-900.123",
        ),
        *("(07700) 900/123", "7700 900 123", "0 7700 9", "44 0 77", "٠٧٧٠٠ ٩٠٠١٢٣", "\u202a+44 7700 900123\u202c"),
        *("07700\u00a0900123", "07700\u2011900123"),
    ],
)
def test_a_phone_is_found_as_it_is_written_abroad_at_home_and_both_at_once(query: str) -> None:
    assert finds(query, JOSE)


def test_neighbouring_phone_words_are_one_run_of_digits_that_one_number_must_hold() -> None:
    assert finds("7700 900", JOSE)
    assert not finds("900 7700", JOSE)
    assert not finds("900123 912345", JOSE)  # each in another number


def test_phone_words_with_a_name_between_are_two_runs() -> None:
    assert finds("900123 jose 912345", JOSE)
    assert finds("jose 7700 maria 900", JOSE)


def test_a_run_that_is_in_no_phone_is_found_when_each_word_is_in_a_name_or_an_email() -> None:
    house = a_customer(name="Salão 24 (Norte) 7", email="office-365@example.com")
    for query in ("24 7", "7 24", "24", "365", "-365", "24 365"):
        assert finds(query, house)
    assert not finds("247", house)
    assert not finds("24 8", house)


def test_a_run_is_found_in_a_phone_or_in_the_texts_and_not_half_in_each() -> None:
    mixed = a_customer(name="Rua 24", mobile="912345678")
    assert finds("24", mixed)
    assert finds("912", mixed)
    assert not finds("24 912", mixed)
    assert finds("24 rua 912", mixed)


def test_a_word_with_a_letter_in_it_is_no_phone_word() -> None:
    assert not finds("900123a", JOSE)
    assert finds("agent_47", JOSE)


def test_punctuation_without_digits_is_text() -> None:
    assert finds("-", JOSE)
    assert finds("- jose", JOSE)
    assert not finds("()", JOSE)
    assert finds("900 - 123", JOSE)


@pytest.mark.parametrize(
    "query",
    [
        *("%", "_", "jos%", "j_se", '"jose"', "'jose'", "jose*", "jose OR x", "jose AND maria", "-jose", "name:jose"),
        *("jo\\se", "NEAR(jose)", "^jose", "jose;", "{", "[a-z]", ".*"),
    ],
)
def test_quotes_operators_and_wildcards_are_text_and_never_syntax(query: str) -> None:
    plain = a_customer(name="Jose Maria")
    assert not finds(query, plain)
    assert finds(query, a_customer(name=f"Jose {query} Maria OR AND x"))


@pytest.mark.parametrize("query", ["", " ", "\t\n", "\u3000", "\u200e", "\u0301"])
def test_an_empty_search_restricts_nothing(query: str) -> None:
    assert text_criterion(query) == EVERYBODY
    assert CustomerFilter(text=query).criterion(SETTINGS) == AllOf()


def test_a_search_has_five_hundred_characters() -> None:
    text_criterion("a" * 500)
    with pytest.raises(InvalidValue) as caught:
        text_criterion("a" * 501)
    assert (caught.value.code, caught.value.field) == ("text-too-long", "text")


def reference(query: str, customer: Customer) -> bool:
    """The rule of the search, as its page says it, and nothing else."""
    names = [customer.name, customer.first_name, customer.last_name, *customer.former_names]
    if customer.first_name and customer.last_name:
        names.append(f"{customer.first_name} {customer.last_name}")
    addresses = [str(email) for email in (*customer.emails, *customer.former_emails)]
    texts = [fold(text) for text in (*names, *addresses) if text]
    numbers = []
    for phone in (*customer.phones, *customer.former_phones):
        at_home = "".join(filter(str.isdigit, phone.national.partition("x")[0]))
        code = phone.international.split()[0].lstrip("+")
        numbers += [phone.e164.lstrip("+"), at_home, code + at_home]

    def in_a_text(word: str) -> bool:
        return any(word in text for text in texts)

    def runs() -> Iterator[tuple[bool, list[str]]]:
        for is_phone, words in groupby(fold(query).split(), lambda word: set(word) <= set("0123456789+-()./")):
            yield is_phone, list(words)

    for is_phone, words in runs():
        digits = "".join(filter(str.isdigit, "".join(words)))
        if is_phone and digits and any(digits in number for number in numbers):
            continue
        if not all(in_a_text(word) for word in words):
            return False
    return True


names = st.sampled_from(["Ana Silva", "José 24", "Straße 7", "Łukasz (44)", "Zé-Zé", "山田 太郎", "O’Neil", "Ana"])
numbers = st.sampled_from(
    ["912 345 678", "+44 7700 900123", "+36 30 123 4567", "+39 06 1234 5678", "+44 7700 900124 x7"]
)
addresses = st.sampled_from(["ana@example.com", "Agent.47@example.com", "ze_24@example.com", "x-91@bücher.example"])
customers = st.builds(
    lambda fields, later: edited(a_customer(**fields), **later),
    st.fixed_dictionaries(
        {"name": names},
        optional={
            "first_name": names,
            "last_name": names,
            "email": addresses,
            "mobile": numbers,
            "other_phones": st.lists(numbers, max_size=2),
            "other_emails": st.lists(addresses, max_size=2),
        },
    ),
    st.fixed_dictionaries({}, optional={"name": names, "mobile": st.none() | numbers, "email": st.none() | addresses}),
)
words = st.one_of(
    st.builds(
        lambda text, start, length: text[start : start + length],
        names | numbers | addresses,
        st.integers(0, 15),
        st.integers(1, 12),
    ),
    st.text("0123456789+-()./ ", min_size=1, max_size=5),
    st.text(st.characters(codec="utf-8", exclude_characters="\0"), max_size=3),
)
queries = st.lists(words, max_size=4).map(" ".join)


@given(queries, customers)
@example("+44 (0)77", a_customer(mobile="+44 7700 900123"))
@example("44 7", a_customer(name="Łukasz (44) 7"))
def test_the_search_finds_just_whom_its_rule_finds(query: str, customer: Customer) -> None:
    assert finds(query, customer) == reference(query, customer)


# --------------------------------------------------------------------------------------- filter panel


NO_NAMES = Names(codes={}, services_of={})


def shown(panel: CustomerFilter, customer: Customer, *, blocked: bool = False, settings: Settings = SETTINGS) -> bool:
    asked = resolve(panel.criterion(settings), NO_NAMES, now=NOW, settings=settings)
    return matches(asked, Record(customer, blocked=blocked))


def test_what_is_not_set_restricts_nothing() -> None:
    assert CustomerFilter().criterion(SETTINGS) == EVERYBODY
    assert shown(CustomerFilter(), JOSE)


def test_all_parts_hold_together() -> None:
    ana = a_customer(gender="female")
    assert shown(CustomerFilter(text="ana", status="active", gender="female", blocked=False), ana)
    for panel in (
        CustomerFilter(text="rui", gender="female"),
        CustomerFilter(text="ana", gender="male"),
        CustomerFilter(text="ana", status=Status.INACTIVE),
        CustomerFilter(text="ana", blocked=True),
    ):
        assert not shown(panel, ana)
    assert shown(CustomerFilter(blocked=True), ana, blocked=True)


def test_a_customer_without_a_gender_matches_no_gender_and_every_not() -> None:
    ana = a_customer()
    for gender in Gender:
        assert not shown(CustomerFilter(gender=gender), ana)
        assert matches(Not(Compare(Fact.GENDER, Op.EQUAL, gender)), Record(ana))


def test_chosen_customers_are_just_those() -> None:
    panel = CustomerFilter(ids=[str(customer_id(1)), customer_id(2)])
    assert shown(panel, a_customer(1))
    assert shown(panel, a_customer(2))
    assert not shown(panel, a_customer(3))
    assert not shown(CustomerFilter(ids=[]), a_customer(1))


@pytest.mark.parametrize(
    "zone", ["Europe/Lisbon", "Pacific/Auckland", "America/Los_Angeles", "Asia/Kathmandu", "Pacific/Apia"]
)
@given(added=st.datetimes(datetime(1990, 1, 1), datetime(2037, 1, 1), timezones=st.just(UTC)), days=st.integers(-1, 1))
def test_added_between_are_local_days_both_included(zone: str, added: datetime, days: int) -> None:
    settings = Settings(region="ZZ", zone=zone, currency="EUR")
    ana = Customer(id=customer_id(1), added=added, name="Ana")
    day = local_day(added, zone)
    other = day + timedelta(days=days)
    assert shown(CustomerFilter(added_since=other), ana, settings=settings) == (other <= day)
    assert shown(CustomerFilter(added_until=other), ana, settings=settings) == (other >= day)
    assert shown(CustomerFilter(added_since=other, added_until=other), ana, settings=settings) == (other == day)


@pytest.mark.parametrize(
    ("day", "zone", "instant"),
    [
        (date(2026, 6, 15), "Europe/Lisbon", datetime(2026, 6, 14, 23, tzinfo=UTC)),
        (date(2018, 11, 4), "America/Sao_Paulo", datetime(2018, 11, 4, 3, tzinfo=UTC)),  # midnight skipped
        (date(2011, 12, 30), "Pacific/Apia", datetime(2011, 12, 30, 10, tzinfo=UTC)),  # the day skipped
        (date(2026, 10, 25), "Atlantic/Azores", datetime(2026, 10, 25, 0, tzinfo=UTC)),  # midnight twice
    ],
)
def test_a_day_starts_at_its_first_instant(day: date, zone: str, instant: datetime) -> None:
    assert start_of_day(day, zone, "added_since") == instant


@pytest.mark.parametrize("zone", ["Asia/Tokyo", "America/New_York", "UTC"])
def test_a_day_at_either_end_of_the_calendar_is_refused(zone: str) -> None:
    settings = Settings(region="ZZ", zone=zone, currency="EUR")
    for panel in (CustomerFilter(added_until=date.max), CustomerFilter(added_since=date.min)):
        try:
            panel.criterion(settings)
        except InvalidValue as problem:
            assert problem.code == "number-out-of-range"
            assert problem.field in ("added_since", "added_until")
    with pytest.raises(InvalidValue):
        CustomerFilter(added_until=date.max).criterion(settings)


@pytest.mark.parametrize(
    ("parts", "field", "code"),
    [
        ({"status": "gone"}, "status", "not-a-choice"),
        ({"gender": "f"}, "gender", "not-a-choice"),
        ({"ids": ["nonsense"]}, "ids", "not-an-id"),
        ({"ids": [None]}, "ids", "not-an-id"),
        ({"added_since": date(2026, 2, 2), "added_until": date(2026, 2, 1)}, "added_until", "period-backwards"),
        ({"added_since": NOW}, "added_since", "wrong-type"),
        ({"added_until": NOW}, "added_until", "wrong-type"),
        ({"text": 7}, "text", "wrong-type"),
        ({"text": "\0"}, "text", "text-forbidden-character"),
        ({"text": "\ud800"}, "text", "text-forbidden-character"),
        ({"text": "+44\0 1"}, "text", "text-forbidden-character"),
        ({"blocked": "yes"}, "blocked", "wrong-type"),
        ({"blocked": 1}, "blocked", "wrong-type"),
        ({"ids": 7}, "ids", "wrong-type"),
        ({"added_since": "2026-01-01"}, "added_since", "wrong-type"),
    ],
)
def test_a_part_that_cannot_be_taken_is_an_error_and_never_ignored(
    parts: dict[str, Any], field: str, code: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        CustomerFilter(**parts).criterion(SETTINGS)
    assert (caught.value.field, caught.value.code) == (field, code)


# ---------------------------------------------------------------------------------------- the tree


def test_and_or_and_not_nest() -> None:
    ana, active = Record(a_customer()), Compare(Fact.STATUS, Op.EQUAL, Status.ACTIVE)
    assert matches(AllOf((active, Not(AnyOf()))), ana)
    assert not matches(AllOf((active, AnyOf())), ana)
    assert matches(AnyOf((Not(active), active)), ana)


def test_everybody_is_in_all_of_nothing_and_nobody_in_any_of_nothing() -> None:
    assert matches(AllOf(), Record(JOSE))
    assert not matches(AnyOf(), Record(JOSE))


def test_instants_are_compared_from_one_and_before_another() -> None:
    ana = Record(a_customer())
    later = NOW + timedelta(microseconds=1)
    assert matches(Compare(Fact.ADDED, Op.AT_LEAST, NOW), ana)
    assert not matches(Compare(Fact.ADDED, Op.AT_LEAST, later), ana)
    assert matches(Compare(Fact.ADDED, Op.LESS, later), ana)
    assert not matches(Compare(Fact.ADDED, Op.LESS, NOW), ana)


def known(tree: Criterion) -> Names:
    """A catalogue that has everything a tree names, by its code; every type has the services cut and toner."""
    asked = names_asked(tree)
    codes = {kind: {ref: "hair" if kind == "service_types" else ref for ref in refs} for kind, refs in asked.items()}
    return Names(codes=codes, services_of={"hair": frozenset({"cut", "toner"})})


def resolved(tree: Criterion, *, now: datetime = NOW, settings: Settings = SETTINGS) -> Criterion:
    return resolve(tree, known(tree), now=now, settings=settings)


def tiers_of(tree: Criterion) -> RewardProgramme:
    """Return a programme that has the tiers a tree asks for, reached by points and by spend in turn."""
    waiting, codes = [tree], set[str]()
    while waiting:
        match waiting.pop():
            case AllOf(parts) | AnyOf(parts):
                waiting += parts
            case Not(part):
                waiting.append(part)
            case InTier(tiers):
                codes |= tiers
            case _:
                pass
    listed = enumerate(sorted(codes))
    return RewardProgramme(
        tiers=tuple(
            Tier(code=code, name=code, points=None if n % 2 else 2, spend=Money(250, "EUR") if n % 2 else None)
            for n, code in listed
        )
    )


def answerable(tree: Criterion) -> Criterion:
    """A drawn tree as a store is asked it; one that has no answer today is not looked at."""
    try:
        return resolved(tree, settings=evolve(SETTINGS, rewards=tiers_of(tree)))
    except InvalidValue as problem:
        assert problem.code in ("period-backwards", "number-out-of-range", "money-too-fine")
        assume(False)
        raise


records = st.builds(
    lambda customer, blocked, held: Record(customer, blocked=blocked, bookings=held), customers, st.booleans(), bookings
)


@given(trees, st.lists(trees, max_size=3), records)
def test_every_criterion_is_true_or_false_so_that_not_means_the_others(
    tree: Criterion, others: list[Criterion], record: Record
) -> None:
    one, rest = answerable(tree), [answerable(other) for other in others]
    assert matches(Not(one), record) is not matches(one, record)
    assert matches(Not(AllOf((one, *rest))), record) is matches(AnyOf((Not(one), *map(Not, rest))), record)
    assert matches(AllOf((one, EVERYBODY)), record) is matches(one, record)


# bookings and packages


def a_customer_with(*held: Booking) -> Record:
    return Record(a_customer(), bookings=held)


def test_a_booking_meets_what_is_asked_where_all_of_it_is_true_of_that_one() -> None:
    start = datetime(2026, 6, 1, 9, tzinfo=UTC)
    ana = a_customer_with(a_booking(1, service="cut", start=start), a_booking(2, service="toner", location=None))
    day = date(2026, 6, 1)
    for asked in (
        HasBooking(),
        HasBooking(services=frozenset({"cut"})),
        HasBooking(services=frozenset({"cut", "balayage"}), start=day, end=day, locations=frozenset({"chiado"})),
        HasBooking(therapists=frozenset({"gil-horta"}), not_before=start),
        HasBooking(statuses=frozenset({BookingStatus.PENDING})),
    ):
        assert matches(asked, ana)
    for asked in (
        HasBooking(services=frozenset({"balayage"})),
        HasBooking(services=frozenset({"toner"}), start=day, end=day),
        HasBooking(services=frozenset({"toner"}), locations=frozenset({"chiado"})),
        HasBooking(therapists=frozenset({"ines-jardim"})),
        HasBooking(services=frozenset({"cut"}), not_before=start + timedelta(microseconds=1)),
        HasBooking(services=frozenset({"cut"}), start=day + timedelta(1)),
        HasBooking(services=frozenset({"cut"}), end=day - timedelta(1)),
        HasBooking(statuses=frozenset()),
    ):
        assert not matches(asked, ana)
    assert not matches(HasBooking(statuses=ANY_STATUS), a_customer_with())


@pytest.mark.parametrize("status", BookingStatus)
def test_a_booking_counts_unless_it_was_cancelled_or_missed(status: BookingStatus) -> None:
    ana = a_customer_with(a_booking(status=status))
    assert matches(HasBooking(), ana) is (status not in (BookingStatus.CANCELLED, BookingStatus.NO_SHOW))
    assert matches(HasBooking(statuses=ANY_STATUS), ana)
    for other in BookingStatus:
        assert matches(HasBooking(statuses=frozenset({other})), ana) is (other is status)


def test_the_day_of_a_booking_is_that_of_its_own_zone() -> None:
    late = datetime(2026, 6, 1, 23, 30, tzinfo=UTC)
    for zone, day in (("UTC", 1), ("Europe/Lisbon", 2), ("America/Los_Angeles", 1), ("Pacific/Auckland", 2)):
        ana = a_customer_with(a_booking(start=late, zone=zone))
        for asked in (1, 2):
            on = date(2026, 6, asked)
            assert matches(HasBooking(start=on, end=on), ana) is (asked == day)


def test_a_package_is_one_of_those_the_customer_has() -> None:
    ana = a_customer_with(a_booking(package="ten-cuts"))
    assert matches(HasPackage(frozenset({"ten-cuts", "bridal"})), ana)
    assert not matches(HasPackage(frozenset({"bridal"})), ana)
    assert not matches(HasPackage(frozenset()), ana)


def test_visits_and_spend_of_a_customer_without_any_are_none_at_all() -> None:
    ana = a_customer_with()
    assert matches(Compare(Fact.VISITS, Op.EQUAL, 0), ana)
    assert matches(Compare(Fact.SPEND, Op.AT_MOST, 0), ana)


def test_a_customer_who_never_came_has_no_last_visit_and_meets_no_comparison_with_it() -> None:
    ana = a_customer_with(a_booking())
    for op in Op:
        asked = Compare(Fact.LAST_VISIT, op, TODAY)
        assert not matches(asked, ana)
        assert matches(Not(asked), ana)


@pytest.mark.parametrize(
    ("op", "days"),
    [(Op.EQUAL, {0}), (Op.LESS, {-1}), (Op.AT_MOST, {-1, 0}), (Op.MORE, {1}), (Op.AT_LEAST, {0, 1})],
)
def test_figures_and_days_are_compared_as_their_signs_say(op: Op, days: set[int]) -> None:
    for days_after in (-1, 0, 1):
        last = TODAY + timedelta(days_after)
        facts = some_facts(visits=5 + days_after, spend=500 + days_after, last_visit=last)
        record = Record(a_customer(), facts=facts)
        for asked in (
            Compare(Fact.VISITS, op, 5),
            Compare(Fact.SPEND, op, 500),
            Compare(Fact.LAST_VISIT, op, TODAY),
        ):
            assert matches(asked, record) is (days_after in days)


UNRESOLVED: dict[str, Criterion] = {
    "type": HasBooking(types=frozenset({"hair"})),
    "upcoming": HasBooking(upcoming=True),
    "start": HasBooking(start=RelativeDay(0)),
    "end": HasBooking(end=RelativeDay(0)),
    "day": Compare(Fact.LAST_VISIT, Op.LESS, RelativeDay(-90)),
    "added": Compare(Fact.ADDED, Op.LESS, TODAY),
    "added relatively": Compare(Fact.ADDED, Op.LESS, RelativeDay(0)),
    "amount": Compare(Fact.SPEND, Op.MORE, Decimal(500)),
}


@pytest.mark.parametrize("tree", UNRESOLVED.values(), ids=UNRESOLVED)
def test_what_is_not_resolved_is_no_question_yet(tree: Criterion) -> None:
    for customer in (Record(JOSE), Record(JOSE, facts=some_facts())):
        with pytest.raises(InvalidValue) as caught:
            matches(tree, customer)
        assert caught.value.code == "criteria-unresolved"
        assert matches(resolved(tree), customer) in (True, False)


# as a store is asked it


def test_a_type_is_its_services_and_with_services_those_of_both() -> None:
    hair, both = frozenset({"hair"}), frozenset({"cut", "toner"})
    assert resolved(HasBooking(types=hair)) == HasBooking(services=both)
    assert resolved(HasBooking(types=hair, services=frozenset({"cut", "nails"}))) == HasBooking(
        services=frozenset({"cut"})
    )
    assert resolved(HasBooking(types=hair, services=frozenset({"nails"}))) == AnyOf()
    assert resolved(Not(HasBooking(types=hair, services=frozenset({"nails"})))) == Not(AnyOf())


def test_a_type_without_services_was_booked_by_nobody_and_by_everybody_never() -> None:
    names = Names(codes={"service_types": {"waxing": "waxing"}}, services_of={"waxing": frozenset()})
    asked = HasBooking(types=frozenset({"waxing"}))
    assert resolve(asked, names, now=NOW, settings=SETTINGS) == AnyOf()
    assert resolve(Not(asked), names, now=NOW, settings=SETTINGS) == Not(AnyOf())


def test_an_id_is_the_code_of_what_it_names() -> None:
    own_id = str(UUID(int=7))
    names = Names(
        codes={kind: {own_id: kind, "x": "x"} for kind in NAMED_KINDS},
        services_of={"service_types": frozenset({"services"})},
    )
    asked = HasBooking(
        services=frozenset({own_id}),
        types=frozenset({own_id}),
        locations=frozenset({own_id, "x"}),
        therapists=frozenset({own_id}),
    )
    assert resolve(AllOf((asked, HasPackage(frozenset({own_id})))), names, now=NOW, settings=SETTINGS) == AllOf(
        (
            HasBooking(
                services=frozenset({"services"}),
                locations=frozenset({"locations", "x"}),
                therapists=frozenset({"staff_members"}),
            ),
            HasPackage(frozenset({"packages"})),
        )
    )


@pytest.mark.parametrize(
    ("tree", "kind"),
    [
        (HasBooking(services=frozenset({"gone"})), "services"),
        (HasBooking(types=frozenset({"gone"})), "service_types"),
        (HasBooking(locations=frozenset({"gone"})), "locations"),
        (HasBooking(therapists=frozenset({"gone"})), "staff_members"),
        (HasPackage(frozenset({"gone"})), "packages"),
    ],
)
def test_a_code_that_nothing_has_is_refused_wherever_it_stands(tree: Criterion, kind: str) -> None:
    for whole in (tree, Not(AnyOf((EVERYBODY, tree)))):
        with pytest.raises(UnknownCriterion) as caught:
            resolve(whole, NO_NAMES, now=NOW, settings=SETTINGS)
        assert (caught.value.code, caught.value.field, caught.value.params["ref"]) == ("unknown-code", kind, "gone")


def test_a_tree_says_what_it_names_of_each_kind() -> None:
    booked = HasBooking(
        services=frozenset({"a"}), types=frozenset({"b"}), locations=frozenset({"c"}), therapists=frozenset({"d"})
    )
    tree = AllOf(
        (Not(booked), AnyOf((HasPackage(frozenset({"e", "f"})), HasBooking(services=frozenset({"g"})))), Text(("h",)))
    )
    assert names_asked(tree) == {
        "services": {"a", "g"},
        "service_types": {"b"},
        "locations": {"c"},
        "staff_members": {"d"},
        "packages": {"e", "f"},
    }
    assert set(names_asked(EVERYBODY)) == set(NAMED_KINDS)


def test_a_day_counted_from_today_is_counted_in_the_salons_zone() -> None:
    late = datetime(2026, 6, 15, 23, 30, tzinfo=UTC)  # the next day in Lisbon
    asked = Compare(Fact.LAST_VISIT, Op.LESS, RelativeDay(-90))
    assert resolved(asked, now=late) == Compare(Fact.LAST_VISIT, Op.LESS, date(2026, 6, 16) - timedelta(90))
    whole = HasBooking(start=RelativeDay(0), end=RelativeDay(1))
    assert resolved(whole, now=late) == HasBooking(start=date(2026, 6, 16), end=date(2026, 6, 17))


@pytest.mark.parametrize("days", [-FARTHEST_DAY, FARTHEST_DAY])
def test_a_day_beyond_the_calendar_is_refused(days: int) -> None:
    edge = datetime(50 if days < 0 else 9_950, 1, 1, tzinfo=UTC)
    for tree in (Compare(Fact.LAST_VISIT, Op.LESS, RelativeDay(days)), HasBooking(start=RelativeDay(days))):
        with pytest.raises(InvalidValue) as caught:
            resolved(tree, now=edge)
        assert caught.value.code == "number-out-of-range"


@pytest.mark.parametrize(
    ("op", "day", "asked"),
    [
        (Op.LESS, 15, Compare(Fact.ADDED, Op.LESS, datetime(2026, 6, 14, 23, tzinfo=UTC))),
        (Op.AT_MOST, 15, Compare(Fact.ADDED, Op.LESS, datetime(2026, 6, 15, 23, tzinfo=UTC))),
        (Op.MORE, 15, Compare(Fact.ADDED, Op.AT_LEAST, datetime(2026, 6, 15, 23, tzinfo=UTC))),
        (Op.AT_LEAST, 15, Compare(Fact.ADDED, Op.AT_LEAST, datetime(2026, 6, 14, 23, tzinfo=UTC))),
    ],
)
def test_when_somebody_was_added_is_asked_by_the_instants_at_which_days_begin(op: Op, day: int, asked: Compare) -> None:
    assert resolved(Compare(Fact.ADDED, op, date(2026, 6, day))) == asked
    assert resolved(Compare(Fact.ADDED, op, RelativeDay(0))) == asked
    assert resolved(asked) is asked


def test_from_now_on_is_from_when_it_was_asked_and_never_before_a_stated_instant() -> None:
    sooner, later = NOW - timedelta(hours=1), NOW + timedelta(hours=1)
    assert resolved(HasBooking(upcoming=True)) == HasBooking(not_before=NOW)
    assert resolved(HasBooking(upcoming=True, not_before=sooner)) == HasBooking(not_before=NOW)
    assert resolved(HasBooking(upcoming=True, not_before=later)) == HasBooking(not_before=later)
    assert resolved(HasBooking(not_before=sooner)) == HasBooking(not_before=sooner)


@pytest.mark.parametrize(
    ("currency", "amount", "minor"),
    [("EUR", "500", 50_000), ("EUR", "0.10", 10), ("JPY", "500.0", 500), ("KWD", "1.234", 1_234), ("EUR", "-5", -500)],
)
def test_an_amount_is_in_the_salons_currency(currency: str, amount: str, minor: int) -> None:
    settings = Settings(region="ZZ", zone="UTC", currency=currency)
    asked = Compare(Fact.SPEND, Op.MORE, Decimal(amount))
    assert resolved(asked, settings=settings) == Compare(Fact.SPEND, Op.MORE, minor)
    assert CustomerFilter(spend=(amount, None)).criterion(settings) == Compare(Fact.SPEND, Op.AT_LEAST, Decimal(amount))


@pytest.mark.parametrize(("currency", "amount"), [("EUR", "0.001"), ("JPY", "0.1"), ("KWD", "0.0001")])
def test_an_amount_finer_than_the_currency_is_refused(currency: str, amount: str) -> None:
    settings = Settings(region="ZZ", zone="UTC", currency=currency)
    with pytest.raises(InvalidValue) as caught:
        resolved(Compare(Fact.SPEND, Op.MORE, Decimal(amount)), settings=settings)
    assert (caught.value.code, caught.value.field) == ("money-too-fine", "spend")
    with pytest.raises(InvalidValue) as caught:
        CustomerFilter(spend=(Decimal(amount), None)).criterion(settings)
    assert (caught.value.code, caught.value.field) == ("money-too-fine", "spend")


def test_an_amount_is_not_as_many_minor_units() -> None:
    amount, minor = Compare(Fact.SPEND, Op.MORE, Decimal(5)), Compare(Fact.SPEND, Op.MORE, 5)
    assert amount != minor
    assert amount == Compare(Fact.SPEND, Op.MORE, Decimal("5.00"))
    assert len({amount, minor, Compare(Fact.SPEND, Op.MORE, Decimal("5.00"))}) == 2


def test_a_period_that_ends_before_it_starts_is_refused_as_soon_as_it_can_be_told() -> None:
    for start, end in ((date(2026, 2, 2), date(2026, 2, 1)), (RelativeDay(1), RelativeDay(0))):
        with pytest.raises(InvalidValue) as caught:
            checked_criterion(HasBooking(start=start, end=end))
        assert (caught.value.code, caught.value.field) == ("period-backwards", "end")
    mixed = checked_criterion(HasBooking(start=TODAY, end=RelativeDay(-1)))
    assert resolved(mixed, now=NOW + timedelta(1)) == HasBooking(start=TODAY, end=TODAY)
    with pytest.raises(InvalidValue) as caught:
        resolved(mixed)
    assert (caught.value.code, caught.value.field) == ("period-backwards", "end")


@given(trees)
def test_what_was_resolved_is_a_criterion_stays_as_it_is_and_keeps_its_clauses_in_their_places(tree: Criterion) -> None:
    one = answerable(tree)
    assert resolve(one, known(one), now=NOW + timedelta(9), settings=SETTINGS) == one
    assert checked_criterion(one) is one
    waiting = [(tree, one)]
    while waiting:
        written, asked = waiting.pop()
        match written:
            case AllOf(parts) | AnyOf(parts):
                assert isinstance(asked, AllOf | AnyOf)
                assert (type(asked), len(asked.parts)) == (type(written), len(parts))
                waiting += zip(parts, asked.parts, strict=True)
            case Not(part):
                assert isinstance(asked, Not)
                waiting.append((part, asked.part))
            case _:
                assert not isinstance(asked, AllOf | Not)


def deep(levels: int) -> Criterion:
    tree: Criterion = EVERYBODY
    for _ in range(levels - 1):
        tree = Not(tree)
    return tree


def test_criteria_have_bounds() -> None:
    checked_criterion(deep(DEEPEST))
    checked_criterion(AllOf((EVERYBODY,) * (MOST_NODES - 1)))
    checked_criterion(OneOf(frozenset(map(customer_id, range(MOST_IDS)))))
    checked_criterion(HasPackage(frozenset(f"a{n}" for n in range(MOST_NODES - 1))))
    for tree, what in (
        (deep(DEEPEST + 1), "levels"),
        (deep(100_000), "levels"),
        (AllOf((EVERYBODY,) * MOST_NODES), "parts"),
        (AnyOf((AllOf((EVERYBODY,) * 40),) * 40), "parts"),
        (OneOf(frozenset(map(customer_id, range(MOST_IDS + 1)))), "ids"),
        (HasPackage(frozenset(f"a{n}" for n in range(MOST_NODES))), "parts"),
        (HasBooking(services=frozenset(f"a{n}" for n in range(MOST_NODES - 1)), types=frozenset("a")), "parts"),
    ):
        with pytest.raises(InvalidValue) as caught:
            checked_criterion(tree)
        assert (caught.value.code, caught.value.params["what"]) == ("criteria-too-large", what)


@pytest.mark.parametrize("node", ["status:active", None, 7, object(), CustomerFilter(), Fact.STATUS])
def test_a_node_that_is_no_criterion_is_refused_wherever_it_stands(node: Any) -> None:
    for tree in (AllOf((node,)), AnyOf((EVERYBODY, node)), Not(node), Not(AllOf((AnyOf((node,)),)))):
        with pytest.raises(UnknownCriterion):
            checked_criterion(tree)


def test_parts_are_a_tuple() -> None:
    for parts in ([EVERYBODY], None, 7, "ab"):
        with pytest.raises(InvalidValue):
            checked_criterion(AllOf(parts))  # type: ignore[arg-type]  # that is the point


@pytest.mark.parametrize(
    ("comparison", "error"),
    [
        (Compare(Fact.STATUS, Op.LESS, "active"), UnknownCriterion),
        (Compare(Fact.BLOCKED, Op.AT_LEAST, True), UnknownCriterion),
        (Compare(Fact.ADDED, Op.EQUAL, NOW), UnknownCriterion),
        (Compare(Fact.STATUS, Op.EQUAL, "gone"), InvalidValue),
        (Compare(Fact.GENDER, Op.EQUAL, True), InvalidValue),
        (Compare(Fact.BLOCKED, Op.EQUAL, "yes"), InvalidValue),
        (Compare(Fact.ADDED, Op.LESS, "2026-01-01"), InvalidValue),
        (Compare(Fact.ADDED, Op.LESS, datetime(2026, 1, 1)), InvalidValue),
        (Compare(Fact.ADDED, Op.EQUAL, TODAY), UnknownCriterion),
        (Compare(Fact.ADDED, Op.LESS, RelativeDay(FARTHEST_DAY + 1)), InvalidValue),
        (Compare(Fact.LAST_VISIT, Op.LESS, NOW), InvalidValue),
        (Compare(Fact.LAST_VISIT, Op.LESS, 90), InvalidValue),
        (Compare(Fact.LAST_VISIT, Op.LESS, RelativeDay(-FARTHEST_DAY - 1)), InvalidValue),
        (Compare(Fact.VISITS, Op.AT_LEAST, True), InvalidValue),
        (Compare(Fact.VISITS, Op.AT_LEAST, "3"), InvalidValue),
        (Compare(Fact.VISITS, Op.AT_LEAST, -1), InvalidValue),
        (Compare(Fact.VISITS, Op.AT_LEAST, MOST_VISITS + 1), InvalidValue),
        (Compare(Fact.VISITS, Op.AT_LEAST, Decimal(3)), InvalidValue),
        (Compare(Fact.VISITS, Op.AT_LEAST, RelativeDay(3)), InvalidValue),
        (Compare(Fact.SPEND, Op.AT_LEAST, True), InvalidValue),
        (Compare(Fact.SPEND, Op.AT_LEAST, "500"), InvalidValue),
        (Compare(Fact.SPEND, Op.AT_LEAST, MOST_SPENT + 1), InvalidValue),
        (Compare(Fact.SPEND, Op.AT_LEAST, -MOST_SPENT - 1), InvalidValue),
        (Compare(Fact.SPEND, Op.AT_LEAST, Decimal(-MOST_SPENT - 1)), InvalidValue),
        (Compare(Fact.SPEND, Op.AT_LEAST, Decimal("1E+500")), InvalidValue),
        (Compare(Fact.SPEND, Op.AT_LEAST, Decimal("0.0000001")), InvalidValue),
        (Compare(Fact.SPEND, Op.AT_LEAST, Decimal("1E-500")), InvalidValue),
        (Compare(Fact.SPEND, Op.AT_LEAST, Decimal("NaN")), InvalidValue),
        (Compare(Fact.SPEND, Op.AT_LEAST, Decimal("-Infinity")), InvalidValue),
    ],
)
def test_a_comparison_that_has_no_answer_is_an_error(comparison: Compare, error: type[InvalidValue]) -> None:
    with pytest.raises(InvalidValue) as caught:
        checked_criterion(Not(comparison))
    assert type(caught.value) is error


@pytest.mark.parametrize(
    ("tree", "field", "code"),
    [
        (HasBooking(services=frozenset({"Balayage"})), "services", "code-invalid"),
        (HasBooking(types=frozenset({"a b"})), "service_types", "code-invalid"),
        (HasBooking(locations=frozenset({""})), "locations", "code-invalid"),
        (HasBooking(therapists=frozenset({"gil|ines"})), "staff_members", "code-invalid"),
        (HasPackage(frozenset({"ana@example.com"})), "packages", "code-invalid"),
        (HasPackage(frozenset({"\0"})), "packages", "code-invalid"),
        (HasPackage(frozenset({str(UUID(int=7)).replace("-", "")})), "packages", "code-invalid"),
        (HasBooking(start=NOW), "start", "wrong-type"),
        (HasBooking(end=NOW), "end", "wrong-type"),
        (HasBooking(start=RelativeDay(FARTHEST_DAY + 1)), "start", "number-out-of-range"),
        (HasBooking(end=RelativeDay(-FARTHEST_DAY - 1)), "end", "number-out-of-range"),
        (HasBooking(not_before=datetime(2026, 1, 1)), "not_before", "instant-naive"),
    ],
)
def test_what_names_nothing_or_is_no_day_is_refused_in_hand_made_criteria_too(
    tree: Criterion, field: str, code: str
) -> None:
    with pytest.raises(InvalidValue) as caught:
        checked_criterion(AllOf((tree,)))
    assert (caught.value.field, caught.value.code) == (field, code)


def test_every_fact_says_how_it_is_compared_and_what_asking_it_needs() -> None:
    assert set(FACTS) == set(Fact)
    assert all(kind.ops for kind in FACTS.values())


def test_text_that_no_store_can_bind_is_refused_in_hand_made_criteria_too() -> None:
    for tree in (Text(("a\0",)), Text((), (DigitRun("1", ("\udfff",)),)), Text((), (DigitRun("1\0", ()),))):
        with pytest.raises(InvalidValue):
            checked_criterion(tree)


@pytest.mark.parametrize("criteria", [b"blocked", 7, [], object(), lambda: True])
def test_what_is_no_criteria_is_refused(criteria: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        to_criterion(criteria, SETTINGS)
    assert (caught.value.code, caught.value.field) == ("wrong-type", "criteria")


def test_criteria_are_a_panel_a_text_a_tree_or_nothing() -> None:
    assert to_criterion(None, SETTINGS) == EVERYBODY
    blocked = Compare(Fact.BLOCKED, Op.EQUAL, True)
    assert to_criterion(CustomerFilter(blocked=True), SETTINGS) == to_criterion("blocked", SETTINGS) == blocked
    assert to_criterion(Not(EVERYBODY), SETTINGS) == Not(EVERYBODY)


def test_asking_needs_the_permission_of_every_part() -> None:
    tree = AnyOf((Not(Compare(Fact.BLOCKED, Op.EQUAL, True)), AllOf((Text(("ana",)), OneOf(frozenset())))))
    assert permissions_of(tree) == {
        Permission.VIEW_BLOCKS,
        Permission.SEARCH_CUSTOMERS,
        Permission.VIEW_CUSTOMERS,
    }
    assert permissions_of(EVERYBODY) == frozenset()
    assert permissions_of(Not(HasBooking())) == permissions_of(HasPackage(frozenset())) == {Permission.LIST_BOOKINGS}
    for fact, kind in FACTS.items():
        assert permissions_of(AnyOf((Compare(fact, Op.EQUAL, 1),))) == {kind.permission}


# ------------------------------------------------------------------------------------ orders and pages


@pytest.mark.parametrize(
    ("text", "order"),
    [("name", Order()), ("-name", Order(OrderKey.NAME, True)), ("-added", Order(OrderKey.ADDED, True))],
)
def test_an_order_is_a_word_with_a_minus_in_front_for_descending(text: str, order: Order) -> None:
    assert Order.parse(text) == Order.parse(order) == order
    assert str(order) == text


@pytest.mark.parametrize("text", ["", "-", "--name", "Name", "name ", "spend", None, 1, ["name"]])
def test_an_order_nobody_knows_is_refused_with_the_choices(text: object) -> None:
    with pytest.raises(InvalidValue, match="must be one of name, -name, added, -added"):
        Order.parse(text)


def test_a_customer_is_placed_by_folded_name_or_by_the_instant_added() -> None:
    assert Order(OrderKey.NAME).value_of(JOSE, search_keys(JOSE)) == "jose maria strasse-o'neil"
    assert Order(OrderKey.ADDED).value_of(JOSE, search_keys(JOSE)) == NOW


def test_criteria_have_the_limits_that_are_documented() -> None:
    assert (MOST_IDS, MOST_NODES, DEEPEST, MOST_PER_PAGE) == (10_000, 1_000, 50, 500)


@pytest.mark.parametrize("name", ["gender", "status"])
def test_what_a_criterion_says_of_a_customer_is_true_or_false_and_nothing_else(name: str) -> None:
    asked = Compare(Fact(name), Op.EQUAL, Gender.OTHER if name == "gender" else Status.INACTIVE)
    assert matches(asked, Record(JOSE)) is False
    assert matches(Not(asked), Record(JOSE)) is True


def test_a_page_is_its_rows() -> None:
    rows = tuple(CustomerRow(a_customer(n), blocked=False, alerts=0, block_alerts=0) for n in range(1, 4))
    page = Page(rows)
    assert (list(page), len(page), page.next, page.previous, page.inactive) == (list(rows), 3, None, None, None)


BY_NAME, BY_ADDED = Order(OrderKey.NAME), Order(OrderKey.ADDED)
PRINT = query_fingerprint(SALON, EVERYBODY, BY_NAME)
PRINT_ADDED = query_fingerprint(SALON, EVERYBODY, BY_ADDED)


@given(st.text().map(fold), st.uuids(), st.booleans())
@example("\u0000" * 300, UUID(int=0), True)
@example("a" * 1_500, UUID(int=0), True)
@example("\U0010ffff" * 375, UUID(int=0), True)
def test_a_place_by_name_comes_back_from_its_cursor(value: str, own_id: UUID, backward: bool) -> None:
    start = Start(value, CustomerId(own_id), backward)
    cursor = write_cursor(PRINT, NOW, start)
    assert set(cursor) <= set("ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789-_")
    assert read_cursor(cursor).start(PRINT, by_instant=False) == start
    assert read_cursor(cursor).asked == NOW


def test_a_page_of_one_search_is_no_page_of_another() -> None:
    texts = ("ana", "ana silva", "silva ana", "bea", "900123", "900124", "ana 900123", "54-2", "542")
    assert len({query_fingerprint(SALON, text_criterion(text), BY_NAME) for text in texts}) == len(texts)


@given(st.datetimes(timezones=st.just(UTC)), st.uuids(), st.booleans())
def test_a_place_by_instant_comes_back_from_its_cursor(value: datetime, own_id: UUID, backward: bool) -> None:
    start = Start(value, CustomerId(own_id), backward)
    assert read_cursor(write_cursor(PRINT_ADDED, NOW, start)).start(PRINT_ADDED, by_instant=True) == start


def test_the_longest_name_that_is_kept_fits_a_cursor() -> None:
    longest = a_customer(name="\ufdfa" * 45)  # no character's key takes more bytes
    assert len(search_keys(longest).name.encode()) == 45 * 33
    place = Start(search_keys(longest).name, longest.id)
    assert read_cursor(write_cursor(PRINT, NOW, place)).start(PRINT, by_instant=False) == place


@given(st.datetimes(datetime(2, 1, 1), datetime(9998, 12, 31), timezones=st.timezones()))
def test_a_cursor_keeps_to_the_microsecond_when_its_first_page_was_asked(asked: datetime) -> None:
    cursor = read_cursor(write_cursor(PRINT, asked, Start("ana", customer_id(1))))
    assert cursor.asked == asked.astimezone(UTC)
    assert cursor.asked.tzinfo is UTC


@pytest.mark.parametrize("asked", ["0001-01-01T00:00:00+00:00", "9999-12-31T23:30:00+00:00"])
def test_a_cursor_that_was_asked_where_not_every_zone_has_a_day_is_refused(asked: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        read_cursor(forged(2, PRINT, asked, 0, HEX, "ana"))
    assert (caught.value.code, caught.value.field) == ("cursor-invalid", "page")


@pytest.mark.parametrize(
    "other",
    [
        query_fingerprint(SalonId(UUID(int=1)), EVERYBODY, BY_NAME),
        query_fingerprint(SALON, AnyOf(), BY_NAME),
        query_fingerprint(SALON, text_criterion("ana"), BY_NAME),
        query_fingerprint(SALON, Not(EVERYBODY), BY_NAME),
        query_fingerprint(SALON, EVERYBODY, Order(OrderKey.NAME, True)),
        query_fingerprint(SALON, EVERYBODY, BY_ADDED),
    ],
)
def test_a_page_of_another_salon_other_criteria_or_another_order_is_refused(other: str) -> None:
    cursor = read_cursor(write_cursor(other, NOW, Start("ana", customer_id(1))))
    with pytest.raises(InvalidValue) as caught:
        cursor.start(PRINT, by_instant=False)
    assert (caught.value.code, caught.value.field) == ("cursor-of-another-query", "page")


@given(trees, trees)
def test_two_criteria_share_a_fingerprint_only_when_they_are_equal(one: Criterion, other: Criterion) -> None:
    same = query_fingerprint(SALON, one, BY_NAME) == query_fingerprint(SALON, other, BY_NAME)
    assert same == (one == other)


A = frozenset({"a"})
DIFFERENT: list[Criterion] = [
    HasBooking(services=A),
    HasBooking(locations=A),
    HasBooking(therapists=A),
    HasBooking(types=A),
    *(HasBooking(services=frozenset(codes)) for codes in (("a", "b"), ("ab",), ("a-b",))),
    *(HasBooking(statuses=statuses) for statuses in (ANY_STATUS, OPEN, frozenset())),
    *(HasBooking(start=day) for day in (TODAY, RelativeDay(0), RelativeDay(1))),
    *(HasBooking(end=day) for day in (TODAY, RelativeDay(0))),
    HasBooking(upcoming=True),
    HasBooking(not_before=NOW),
    HasBooking(),
    HasPackage(frozenset()),
    HasPackage(frozenset({"a"})),
    AnyOf((HasPackage(frozenset({"a"})),)),
    *(Compare(fact, Op.EQUAL, 5) for fact in (Fact.VISITS, Fact.SPEND)),
    *(Compare(Fact.SPEND, Op.EQUAL, Decimal(text)) for text in ("5", "0.5", "0.05")),
    *(Compare(Fact.VISITS, op, 6) for op in Op),
    *(Compare(Fact.LAST_VISIT, Op.LESS, day) for day in (TODAY, RelativeDay(-1), RelativeDay(1))),
    *(Compare(Fact.ADDED, Op.LESS, value) for value in (TODAY, NOW, RelativeDay(0))),
    OneOf(frozenset()),
]


def test_no_two_of_different_criteria_share_a_fingerprint() -> None:
    assert len({query_fingerprint(SALON, tree, BY_NAME) for tree in DIFFERENT}) == len(set(DIFFERENT)) == len(DIFFERENT)


def test_an_instant_in_another_zone_and_an_amount_with_more_zeros_are_the_same_question() -> None:
    there = NOW.astimezone(timezone(timedelta(hours=5)))
    for one, other in (
        (Compare(Fact.ADDED, Op.LESS, NOW), Compare(Fact.ADDED, Op.LESS, there)),
        (HasBooking(not_before=NOW), HasBooking(not_before=there)),
        (Compare(Fact.SPEND, Op.MORE, Decimal(5)), Compare(Fact.SPEND, Op.MORE, Decimal("5.00"))),
    ):
        assert query_fingerprint(SALON, one, BY_NAME) == query_fingerprint(SALON, other, BY_NAME)


def forged(*fields: object) -> str:
    return base64.urlsafe_b64encode(json.dumps(fields).encode()).decode().rstrip("=")


HEX = customer_id(1).hex
json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats() | st.text(st.characters(codec=None)),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(), inner, max_size=2),
    max_leaves=5,
)


ASKED = NOW.isoformat()


@given(
    st.one_of(
        json_values,
        st.text(st.sampled_from("ABCab01-_=+/ \n\u00e9")),
        st.binary().map(lambda raw: base64.urlsafe_b64encode(raw).decode()),
        json_values.map(forged),
        st.builds(
            forged,
            st.sampled_from([1, 2, True, "2"]),
            st.sampled_from([PRINT, PRINT_ADDED]),
            st.sampled_from([ASKED, "", "2026-01-01T00:00:00", 7, None]) | json_values,
            json_values,
            st.just(HEX),
            json_values,
        ),
        st.builds(
            forged,
            st.just(2),
            st.sampled_from([PRINT, PRINT_ADDED]),
            st.just(ASKED),
            st.sampled_from([0, 1]) | json_values,
            st.just(HEX),
            st.text(),
        ),
    ),
    st.sampled_from([(PRINT, False), (PRINT_ADDED, True)]),
)
@example(forged(2, PRINT, ASKED, 0, HEX, "\ud800"), (PRINT, False))  # a name no store could bind
@example(forged(2, PRINT_ADDED, ASKED, 0, HEX, "2026-01-01T00:00:00"), (PRINT_ADDED, True))  # no zone
@example(forged(2, PRINT_ADDED, ASKED, 0, HEX, "0001-01-01T00:00:00+14:00"), (PRINT_ADDED, True))  # no calendar
@example(forged(1, PRINT, 0, HEX, "ana"), (PRINT, False))  # a cursor of an earlier release
@example(base64.urlsafe_b64encode(b"[" * 2_000).decode(), (PRINT, False))
@example(base64.urlsafe_b64encode(b"9" * 2_900).decode(), (PRINT, False))
@example("A" * 4_001, (PRINT, False))
def test_any_text_for_a_page_is_a_place_or_refused(text: object, query: tuple[str, bool]) -> None:
    fingerprint, by_instant = query
    try:
        start = read_cursor(text).start(fingerprint, by_instant=by_instant)
    except InvalidValue as problem:
        assert problem.field == "page"
        assert problem.code in ("cursor-invalid", "cursor-of-another-query")
        return
    value: object = start.value
    if by_instant:
        assert isinstance(value, datetime)
        assert value.tzinfo is UTC
    else:
        assert isinstance(value, str)
        value.encode()


def test_a_place_that_is_found_is_the_one_that_was_written() -> None:
    assert read_cursor(forged(2, PRINT, ASKED, 1, HEX, "ana")).start(PRINT, by_instant=False) == Start(
        "ana", customer_id(1), backward=True
    )


def test_a_place_shows_no_name() -> None:
    assert "canary" not in repr(Start("canary", customer_id(1)))


# ------------------------------------------------------------------------ what only Python code can ask


@pytest.mark.parametrize("instant", [datetime.min, datetime.max])  # noqa: DTZ901 -- a zone is put on below
def test_an_instant_outside_the_calendar_of_utc_is_refused(instant: datetime) -> None:
    hours = 14 if instant == datetime.min else -12  # noqa: DTZ901
    tree = Compare(Fact.ADDED, Op.LESS, instant.replace(tzinfo=timezone(timedelta(hours=hours))))
    with pytest.raises(InvalidValue) as caught:
        checked_criterion(tree)
    assert (caught.value.code, caught.value.field) == ("number-out-of-range", "added")


def test_the_words_and_runs_of_a_text_count_as_parts() -> None:
    half = MOST_NODES // 2
    most = Text(("a",) * (MOST_NODES - 1))
    assert checked_criterion(most) is most
    for text in (
        Text(("a",) * MOST_NODES),
        Text((), (DigitRun("1", ("1",)),) * half),
        Text((), (DigitRun("1", ("1",) * MOST_NODES),)),
    ):
        with pytest.raises(InvalidValue) as caught:
            checked_criterion(AllOf((text,)))
        assert caught.value.code == "criteria-too-large"


def test_a_filter_made_of_an_iterator_means_the_same_each_time() -> None:
    ids: list[UUID | str] = [customer_id(1), str(customer_id(2))]
    panel = CustomerFilter(ids=iter(ids))
    wanted = OneOf(frozenset({customer_id(1), customer_id(2)}))
    assert panel.criterion(SETTINGS) == panel.criterion(SETTINGS) == wanted


@pytest.mark.parametrize(
    ("ids", "code"),
    [(str(UUID(int=1)), "wrong-type"), (7, "wrong-type"), (repeat(UUID(int=1)), "criteria-too-large")],
)
def test_ids_that_are_no_sequence_or_have_no_end_are_refused(ids: Any, code: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        CustomerFilter(ids=ids)
    assert (caught.value.code, caught.value.field) == (code, "ids")


def test_only_a_criterion_can_be_evaluated() -> None:
    record: Any = Record(a_customer())
    for tree in (5, AllOf((5,))):  # type: ignore[arg-type]  # that is the point
        with pytest.raises(UnknownCriterion):
            matches(tree, record)  # type: ignore[arg-type]
        with pytest.raises(UnknownCriterion):
            permissions_of(tree)  # type: ignore[arg-type]
    with pytest.raises(InvalidValue, match=r"\.criterion\(settings\)") as caught:
        matches(CustomerFilter(), record)  # type: ignore[arg-type]
    assert caught.value.code == "wrong-type"


# ------------------------------------------------------------------------------- what somebody earned or spent


def test_a_tier_is_had_by_who_reached_it_and_none_behind_it() -> None:
    tiers = (Tier(code="silver", name="Silver", points=100), Tier(code="gold", name="Gold", spend=Money(50_000, "EUR")))
    settings = evolve(SETTINGS, rewards=RewardProgramme(tiers=tiers, tier_months=1))
    begun = start_of_day(date(2026, 5, 16), "Europe/Lisbon", "since")
    silver, gold = InPeriod(Figure.EARNED, 100, begun), InPeriod(Figure.SPENT, 50_000, date(2026, 5, 16))
    assert resolved(InTier(frozenset({"silver"})), settings=settings) == AnyOf(
        (AllOf((AllOf((silver,)), Not(AnyOf((AllOf((gold,)),))))),)
    )
    moment = begun - timedelta(microseconds=1)
    people = {
        "too little": Record(a_customer(), earned={begun: 99}, spent={date(2026, 5, 16): 49_999}),
        "too early": Record(a_customer(), earned={moment: 100}, spent={date(2026, 5, 15): 50_000}),
        "silver": Record(a_customer(), earned={begun: 60, NOW: 40}),
        "gold": Record(a_customer(), earned={NOW: 500}, spent={TODAY: 50_000}),
    }
    for asked, found in ({"silver"}, {"silver"}), ({"gold"}, {"gold"}), ({"gold", "silver"}, {"gold", "silver"}):
        tree = resolved(InTier(frozenset(asked)), settings=settings)
        assert {name for name, record in people.items() if matches(tree, record)} == found
    with pytest.raises(UnknownCriterion, match=r"Known: silver, gold\.") as caught:
        resolved(InTier(frozenset({"bronze"})), settings=settings)
    assert caught.value.field == "tier"


def test_what_is_asked_of_a_period_is_asked_of_stores_by_an_instant_or_a_day() -> None:
    earned, spent = InPeriod(Figure.EARNED, 5, RelativeDay(-1)), InPeriod(Figure.SPENT, Decimal("12.50"), NOW)
    assert resolved(earned) == InPeriod(Figure.EARNED, 5, start_of_day(date(2026, 6, 14), "Europe/Lisbon", "since"))
    assert resolved(spent) == InPeriod(Figure.SPENT, 1_250, TODAY)
    for unresolved in (earned, spent, InPeriod(Figure.EARNED, 5, TODAY), InPeriod(Figure.SPENT, 5, NOW)):
        with pytest.raises(InvalidValue):
            matches(unresolved, Record(a_customer()))
    with pytest.raises(InvalidValue):
        matches(InTier(frozenset({"gold"})), Record(a_customer()))


@pytest.mark.parametrize(
    "node",
    [
        InPeriod(Figure.EARNED, Decimal(5), TODAY),
        InPeriod(Figure.EARNED, -1, TODAY),
        InPeriod(Figure.EARNED, 10**12 + 1, TODAY),
        InPeriod(Figure.SPENT, MOST_SPENT + 1, TODAY),
        InPeriod(Figure.SPENT, Decimal("NaN"), TODAY),
        InPeriod(Figure.SPENT, 5, RelativeDay(-FARTHEST_DAY - 1)),
        InPeriod(Figure.EARNED, 5, datetime(2026, 1, 1)),
        InTier(frozenset({"No code"})),
    ],
    ids=repr,
)
def test_a_period_without_sense_is_refused(node: Criterion) -> None:
    with pytest.raises(InvalidValue):
        checked_criterion(node)
