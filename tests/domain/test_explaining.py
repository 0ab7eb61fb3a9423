"""Why somebody is meant: the explanation says what matching says, clause by clause."""

from datetime import UTC, datetime
from decimal import Decimal

from hypothesis import given
from hypothesis import strategies as st
from tests.domain.samples import NOW, SETTINGS, Record, a_customer
from tests.domain.test_criteria import answerable, known
from tests.domain.trees import bookings, trees

import salon_crm as crm
from salon_crm.domain.bookings import BookingStatus
from salon_crm.domain.criteria import (
    DEEPEST,
    EVERYBODY,
    Criterion,
    Explanation,
    Fact,
    Not,
    explain,
    matches,
    parse_criteria,
    resolve,
)
from salon_crm.testing.builders import a_booking, some_facts

records = st.builds(
    lambda number, blocked, held: Record(a_customer(number), blocked=blocked, bookings=held),
    st.integers(1, 3),
    st.booleans(),
    bookings,
)


def explained(text: str, record: Record) -> Explanation:
    written = parse_criteria(text)
    return explain(written, resolve(written, known(written), now=NOW, settings=SETTINGS), record, SETTINGS)


@given(trees, records)
def test_an_explanation_holds_where_the_criteria_match_and_so_does_each_clause(tree: Criterion, record: Record) -> None:
    asked = answerable(tree)
    explanation = explain(tree, asked, record, SETTINGS)
    assert explanation.holds is matches(asked, record)
    waiting = [(tree, asked, explanation)]
    while waiting:
        written, clause, part = waiting.pop()
        assert part.text == str(written)
        assert part.holds is matches(clause, record)
        inner: tuple[tuple[Criterion, Criterion], ...] = ()
        if isinstance(written, crm.AllOf | crm.AnyOf) and isinstance(clause, crm.AllOf | crm.AnyOf):
            inner = tuple(zip(written.parts, clause.parts, strict=True))
        elif isinstance(written, Not) and isinstance(clause, Not):
            inner = ((written.part, clause.part),)
        waiting += [(*pair, each) for pair, each in zip(inner, part.parts, strict=True)]
        assert (part.booking_id is not None) == (isinstance(clause, crm.HasBooking) and part.holds)


def test_a_clause_says_in_plain_figures_what_the_customer_has() -> None:
    facts = some_facts(visits=3, spend=12_050, last_visit=datetime(2026, 5, 3, tzinfo=UTC).date())
    ana = Record(a_customer(gender="female"), blocked=True, facts=facts, bookings=[a_booking(package="toner")])
    for text, has in {
        "status:inactive": "active",
        "gender:male": "female",
        "blocked:no": "yes",
        "added < 2020-01-01": "2026-06-15",
        "visits > 10": "3",
        "last_visit < -90d": "2026-05-03",
        "spend > 500": "120.50 EUR",
        "package:package-1|toner": "package-1",
        "package:toner": None,
        'text("ana")': None,
        "everybody": None,
    }.items():
        assert explained(text, ana).has == has
    nobody = Record(a_customer())
    for text, has in {
        "gender:male": None,
        "last_visit < -90d": None,
        "visits > 0": "0",
        "spend > 0": "0.00 EUR",
    }.items():
        assert explained(text, nobody).has == has
        assert not explained(text, nobody).holds


def test_when_somebody_was_added_is_a_day_of_the_salons_zone() -> None:
    late = Record(a_customer())
    written = parse_criteria("added < 2020-01-01")
    for zone, day in (("Pacific/Auckland", "2026-06-15"), ("Pacific/Honolulu", "2026-06-14")):
        settings = crm.Settings(region="ZZ", zone=zone, currency="JPY")
        asked = resolve(written, known(written), now=NOW, settings=settings)
        assert explain(written, asked, late, settings).has == day


def test_a_booking_that_is_asked_for_is_shown_by_the_newest_that_meets_it() -> None:
    held = [
        a_booking(1, start=datetime(2026, 5, 1, 9, tzinfo=UTC)),
        a_booking(2, start=datetime(2026, 5, 2, 23, 30, tzinfo=UTC), status=BookingStatus.COMPLETED),
        a_booking(3, start=datetime(2026, 5, 4, 9, tzinfo=UTC), service="toner"),
    ]
    ana = Record(a_customer(), bookings=held)
    met = explained("booked(service:cut)", ana)
    assert (met.holds, met.has, met.booking_id) == (True, "cut, 2026-05-03 00:30, completed", held[1].id)
    [inner] = explained("not booked(service:toner)", ana).parts
    assert (inner.holds, inner.booking_id) == (True, held[2].id)
    missing = explained("booked(service:balayage)", ana)
    assert (missing.holds, missing.has, missing.booking_id) == (False, None, None)


def test_an_explanation_prints_as_a_line_for_each_clause() -> None:
    ana = Record(a_customer(), bookings=[a_booking(start=datetime(2026, 5, 1, 9, tzinfo=UTC))])
    assert str(explained("status:active and not (booked(type:hair) or visits >= 3)", ana)) == (
        "no: status:active and not (booked(type:hair) or visits >= 3)\n"
        "  yes: status:active (has active)\n"
        "  no: not (booked(type:hair) or visits >= 3)\n"
        "    yes: booked(type:hair) or visits >= 3\n"
        "      yes: booked(type:hair) (has cut, 2026-05-01 10:00, pending)\n"
        "      no: visits >= 3 (has 0)"
    )


def test_an_explanation_hides_in_its_repr_what_is_personal() -> None:
    zita = Record(a_customer(name="Zita"), facts=some_facts())
    shown = repr(explained('text("zita") and spend > 7', zita))
    assert "zita" not in shown
    assert "EUR" not in shown


def test_the_deepest_explanation_is_a_document_and_comes_back() -> None:
    tree: Criterion = crm.Compare(Fact.SPEND, crm.Op.MORE, Decimal(5))
    for _ in range(DEEPEST - 1):
        tree = Not(tree)
    explanation = explain(tree, answerable(tree), Record(a_customer()), SETTINGS)
    assert crm.from_document(crm.to_document(explanation)) == explanation
    assert crm.from_document(crm.to_document(explained("everybody", Record(a_customer())))).text == str(EVERYBODY)
