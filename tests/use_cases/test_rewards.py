"""Points: added, redeemed, adjusted, reversed and expired, on every store; a reference means one effect for ever."""

from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta
from decimal import Decimal
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve
from tests.use_cases.actors import MANAGER, OWNER, RECEPTIONIST, STAFF
from tests.use_cases.asking import refusal

import salon_crm as crm
from salon_crm.testing.doubles import NOON, FixedClock

NOBODY = UUID("01890a5d-ac96-774b-bcce-b302099a8057")
TODAY = NOON.date()
EXPIRY = crm.Actor("expiry", crm.Role.SYSTEM)


@pytest.fixture
def ana(salon: crm.Salon) -> crm.Customer:
    return crm.add_customer(salon, MANAGER, name="Ana Silva", mobile="912 345 678")


def give(salon: crm.Salon, customer: crm.Customer, points: int, **how: Any) -> crm.RewardEntry:
    return crm.add_points(salon, MANAGER, customer.id, points=points, **how)


def take(salon: crm.Salon, customer: crm.Customer, points: int, **how: Any) -> crm.RewardEntry:
    return crm.redeem_points(salon, STAFF, customer.id, points=points, **how)


def left(salon: crm.Salon, customer: crm.Customer) -> int:
    return crm.points_balance(salon, STAFF, customer.id).available


def told(salon: crm.Salon, customer: crm.Customer, **asked: Any) -> list[tuple[str, int, int]]:
    """Return the history, newest first: what was done, to how many points, and the total after it."""
    found = crm.points_history(salon, STAFF, customer.id, **asked)
    return [(row.entry.action.value, row.entry.points, row.entry.total_after) for row in found]


def sound(salon: crm.Salon) -> bool:
    return crm.verify_ledger(salon, OWNER).ok and crm.verify_audit(salon, OWNER).ok


# what an entry says


def test_an_entry_says_what_was_done_by_whom_and_what_it_came_to(salon: crm.Salon, ana: crm.Customer) -> None:
    entry = give(salon, ana, 100, reason="Welcome!", reference="card 7")
    assert (entry.customer_id, entry.sequence, entry.at, entry.recorded) == (ana.id, 1, NOON, NOON)
    assert (entry.action, entry.points, entry.total_after) == (crm.RewardAction.ADDED, 100, 100)
    assert (entry.rewarded_by, entry.role, entry.reason, entry.reference) == (
        MANAGER.id, crm.Role.MANAGER, "Welcome!", "card 7",
    )  # fmt: skip
    taken = take(salon, ana, 30, reason="A cut")
    assert (taken.action, taken.points, taken.total_after) == (crm.RewardAction.REDEEMED, -30, 70)
    assert told(salon, ana) == [("redeemed", -30, 70), ("added", 100, 100)]
    assert sound(salon)


def test_who_gave_points_is_shown_by_name_also_after_they_left(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.add_staff_member(salon, OWNER, name="Bea Costa", actor_id=MANAGER.id)
    give(salon, ana, 10)
    crm.retire_staff_member(salon, OWNER, "bea-costa")
    take(salon, ana, 1)
    assert [row.name for row in crm.points_history(salon, STAFF, ana.id)] == [None, "Bea Costa"]


def test_a_ledger_nothing_was_written_to_is_empty(salon: crm.Salon, ana: crm.Customer) -> None:
    balance = crm.points_balance(salon, STAFF, ana.id)
    assert (balance.total, balance.available, balance.next_expiry, balance.next_points) == (0, 0, None, 0)
    assert (len(crm.points_history(salon, STAFF, ana.id)), crm.points_statement(salon, STAFF, ana.id).lots) == (0, ())
    assert crm.verify_ledger(salon, OWNER, ana.id).ledgers == 0


def test_the_audit_names_the_entry_and_no_reason(salon: crm.Salon, ana: crm.Customer) -> None:
    entry = give(salon, ana, 10, reason="Her mother is ill.")
    [*_, audited] = crm.audit_trail(salon, OWNER, customer=ana.id)
    assert audited.action is crm.AuditAction.POINTS_ADDED
    assert (audited.details["entry"], audited.details["sequence"]) == (str(entry.id), 1)
    assert "mother" not in str(audited.details)


def test_a_blocked_customer_keeps_their_points_in_everything_that_is_done(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    give(salon, ana, 100, expires=TODAY + timedelta(days=1))
    crm.block_customer(salon, MANAGER, ana.id, reason="Did not come.")
    taken = take(salon, ana, 30)
    crm.adjust_points(salon, MANAGER, ana.id, points=5)
    crm.reverse_entry(salon, MANAGER, taken.id)
    assert left(salon, ana) == 105
    clock.advance(days=2)
    crm.expire_points(salon, EXPIRY)
    assert left(salon, ana) == 5
    assert sound(salon)


# spending


def test_points_that_expire_first_are_spent_first_through_their_last_day(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    give(salon, ana, 10)
    give(salon, ana, 10, expires=TODAY + timedelta(days=9))
    give(salon, ana, 10, expires=TODAY)
    take(salon, ana, 15)
    lots = {lot.number: lot.points for lot in crm.points_statement(salon, STAFF, ana.id).lots}
    assert lots == {1: 10, 2: 5}
    balance = crm.points_balance(salon, STAFF, ana.id)
    assert (balance.next_expiry, balance.next_points) == (TODAY + timedelta(days=9), 5)
    clock.advance(days=10)
    assert left(salon, ana) == 10
    assert sound(salon)


def test_more_than_there_is_is_refused_with_both_figures_and_leaves_nothing(
    salon: crm.Salon, ana: crm.Customer
) -> None:
    give(salon, ana, 10)
    with pytest.raises(crm.RuleBroken) as caught:
        take(salon, ana, 11, reference="till 1")
    assert (caught.value.code, caught.value.field) == ("not-enough-points", "points")
    assert (caught.value.params["asked"], caught.value.params["left"]) == (11, 10)
    give(salon, ana, 1)
    assert take(salon, ana, 11, reference="till 1").total_after == 0
    assert sound(salon)


def test_what_has_expired_cannot_be_spent_before_it_is_written_down_and_is_when_more_is_spent(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    give(salon, ana, 10, expires=TODAY)
    give(salon, ana, 10)
    clock.advance(days=1)
    balance = crm.points_balance(salon, STAFF, ana.id)
    assert (balance.total, balance.available) == (20, 10)
    with pytest.raises(crm.RuleBroken):
        take(salon, ana, 11)
    assert told(salon, ana)[0] == ("added", 10, 20)
    take(salon, ana, 4)
    assert told(salon, ana)[:2] == [("redeemed", -4, 6), ("expired", -10, 10)]
    assert sound(salon)


def test_a_till_that_was_offline_says_when_it_happened(salon: crm.Salon, ana: crm.Customer, clock: FixedClock) -> None:
    give(salon, ana, 10, expires=TODAY)
    clock.advance(days=3)
    entry = take(salon, ana, 4, at=NOON + timedelta(hours=1))
    assert (entry.at, entry.recorded) == (NOON + timedelta(hours=1), NOON + timedelta(days=3))
    with pytest.raises(crm.RuleBroken):
        take(salon, ana, 4)
    assert sound(salon)


def test_as_many_lots_are_taken_as_it_needs(salon: crm.Salon, ana: crm.Customer) -> None:
    with salon.transaction() as unit:
        for number in range(1, 31):
            give(unit, ana, number, expires=TODAY + timedelta(days=40 - number))
    take(salon, ana, 400)
    lots = crm.points_statement(salon, STAFF, ana.id).lots
    assert [lot.number for lot in lots] == list(range(len(lots), 0, -1))
    assert sum(lot.points for lot in lots) == left(salon, ana) == 65
    assert sound(salon)


# a reference


def test_a_reference_means_one_effect_a_year_later_too(salon: crm.Salon, ana: crm.Customer, clock: FixedClock) -> None:
    given = give(salon, ana, 100, reference="card 7", reason="Welcome")
    taken = take(salon, ana, 30, reference="till 9")
    clock.advance(days=400)
    assert give(salon, ana, 100, reference=" card 7 ") == given
    assert take(salon, ana, 30, reference="till 9", reason="said anew") == taken
    assert left(salon, ana) == 70


@pytest.mark.parametrize(
    ("again", "field"),
    [
        (lambda salon, ana, _: give(salon, ana, 99, reference="one"), "points"),
        (lambda salon, _, bea: give(salon, bea, 100, reference="one"), "customer_id"),
        (lambda salon, ana, _: take(salon, ana, 100, reference="one"), "action"),
        (lambda salon, ana, _: crm.adjust_points(salon, MANAGER, ana.id, points=100, reference="one"), "action"),
    ],
)
def test_a_reference_with_other_content_is_a_conflict_that_names_the_field(
    salon: crm.Salon, ana: crm.Customer, again: Callable[..., object], field: str
) -> None:
    give(salon, ana, 100, reference="one")
    bea = crm.add_customer(salon, MANAGER, name="Bea Costa")
    with pytest.raises(crm.Conflict) as caught:
        again(salon, ana, bea)
    assert (caught.value.code, caught.value.field) == ("reference-differs", field)
    assert told(salon, ana) == [("added", 100, 100)]


def test_an_id_of_the_caller_s_own_is_taken_once(salon: crm.Salon, ana: crm.Customer) -> None:
    assert give(salon, ana, 1, id=NOBODY).id == NOBODY
    with pytest.raises(crm.Conflict) as caught:
        give(salon, ana, 1, id=NOBODY)
    assert (caught.value.code, caught.value.field) == ("id-taken", "id")


# reversing


def test_what_was_redeemed_returns_to_its_lots_with_their_old_last_day(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    give(salon, ana, 10, expires=TODAY + timedelta(days=5))
    give(salon, ana, 10, expires=TODAY + timedelta(days=9))
    taken = take(salon, ana, 15)
    clock.advance(days=7)
    undone = crm.reverse_entry(salon, MANAGER, taken.id, reason="She gave it back.", reference="back 1")
    assert (undone.points, undone.origin) == (15, crm.RewardOrigin(crm.OriginKind.ENTRY, taken.id))
    assert told(salon, ana)[:2] == [("expired", -10, 10), ("reversed", 15, 20)]
    assert left(salon, ana) == 10
    assert crm.reverse_entry(salon, MANAGER, taken.id, reference="back 1") == undone
    assert sound(salon)


def test_what_was_added_is_taken_back_from_its_own_lot_first(salon: crm.Salon, ana: crm.Customer) -> None:
    give(salon, ana, 10, expires=TODAY)
    mistaken = give(salon, ana, 10)
    crm.reverse_entry(salon, MANAGER, mistaken.id)
    [lot] = crm.points_statement(salon, STAFF, ana.id).lots
    assert (lot.number, lot.points) == (1, 10)


def test_what_was_added_and_spent_is_taken_back_from_what_else_there_is_or_refused(
    salon: crm.Salon, ana: crm.Customer
) -> None:
    mistaken = give(salon, ana, 10)
    take(salon, ana, 10)
    with pytest.raises(crm.RuleBroken) as caught:
        crm.reverse_entry(salon, MANAGER, mistaken.id)
    assert (caught.value.code, caught.value.params["left"]) == ("not-enough-points", 0)
    give(salon, ana, 25)
    assert crm.reverse_entry(salon, MANAGER, mistaken.id).total_after == 15
    assert sound(salon)


def test_an_entry_is_reversed_once_and_a_reversal_or_what_expired_never(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    given = give(salon, ana, 10, expires=TODAY)
    undone = crm.reverse_entry(salon, MANAGER, given.id)
    with pytest.raises(crm.RuleBroken) as caught:
        crm.reverse_entry(salon, MANAGER, given.id)
    assert caught.value.code == "entry-reversed"
    give(salon, ana, 10, expires=TODAY)
    clock.advance(days=1)
    crm.expire_points(salon, EXPIRY)
    [expired, *_] = crm.points_history(salon, STAFF, ana.id)
    for entry in (undone, expired.entry):
        with pytest.raises(crm.RuleBroken) as caught:
            crm.reverse_entry(salon, MANAGER, entry.id)
        assert caught.value.code == "entry-not-reversible"


def test_the_reference_of_a_reversal_is_of_that_entry_alone(salon: crm.Salon, ana: crm.Customer) -> None:
    one, other = give(salon, ana, 10), give(salon, ana, 10)
    crm.reverse_entry(salon, MANAGER, one.id, reference="back")
    with pytest.raises(crm.Conflict) as caught:
        crm.reverse_entry(salon, MANAGER, other.id, reference="back")
    assert (caught.value.code, caught.value.field) == ("reference-differs", "entry_id")


def test_points_are_adjusted_both_ways(salon: crm.Salon, ana: crm.Customer) -> None:
    crm.adjust_points(salon, MANAGER, ana.id, points=20, reason="From the old system")
    crm.adjust_points(salon, MANAGER, ana.id, points=-5)
    assert told(salon, ana) == [("adjusted", -5, 15), ("adjusted", 20, 20)]
    with pytest.raises(crm.RuleBroken):
        crm.adjust_points(salon, MANAGER, ana.id, points=-16)


# transfers


@pytest.fixture
def bea(salon: crm.Salon) -> crm.Customer:
    return crm.add_customer(salon, MANAGER, name="Bea Costa")


def hand(salon: crm.Salon, giver: crm.Customer, to: crm.Customer, points: int, **how: Any) -> crm.PointsTransferred:
    return crm.transfer_points(salon, MANAGER, giver.id, to=to.id, points=points, **how)


def last_days(salon: crm.Salon, customer: crm.Customer) -> dict[date | None, int]:
    return {lot.expires: lot.points for lot in crm.points_statement(salon, STAFF, customer.id).lots}


def test_points_are_handed_on_with_their_last_days_and_the_entries_name_each_other(
    salon: crm.Salon, ana: crm.Customer, bea: crm.Customer
) -> None:
    soon, later = TODAY + timedelta(days=3), TODAY + timedelta(days=9)
    for last in (later, soon, later, None):
        give(salon, ana, 10, expires=last)
    moved = hand(salon, ana, bea, 35, reason="Sisters")
    assert (moved.given.points, moved.received.points) == (-35, 35)
    assert (moved.given.customer_id, moved.received.customer_id) == (ana.id, bea.id)
    assert [each.origin and each.origin.id for each in (moved.given, moved.received)] == [
        moved.received.id, moved.given.id,
    ]  # fmt: skip
    assert (moved.given.tier_points, moved.received.tier_points, moved.received.reason) == (0, 0, "Sisters")
    assert last_days(salon, ana) == {None: 5}
    assert last_days(salon, bea) == {soon: 10, later: 20, None: 5}
    assert sound(salon)


@pytest.mark.parametrize("half", ["given", "received"])
def test_undoing_either_half_of_a_transfer_undoes_both_once(
    salon: crm.Salon, ana: crm.Customer, bea: crm.Customer, half: str
) -> None:
    give(salon, ana, 10, expires=TODAY)
    give(salon, bea, 1)
    moved = hand(salon, ana, bea, 10)
    undone = crm.reverse_entry(salon, MANAGER, getattr(moved, half).id, reference="back")
    assert undone.origin is not None
    assert undone.origin.id == getattr(moved, half).id
    assert (last_days(salon, ana), last_days(salon, bea)) == ({TODAY: 10}, {None: 1})
    assert crm.reverse_entry(salon, MANAGER, getattr(moved, half).id, reference="back") == undone
    for each in (moved.given, moved.received):
        with pytest.raises(crm.RuleBroken) as caught:
            crm.reverse_entry(salon, MANAGER, each.id)
        assert caught.value.code == "entry-reversed"
    assert sound(salon)


def test_a_transfer_whose_points_are_spent_is_not_undone_by_half(
    salon: crm.Salon, ana: crm.Customer, bea: crm.Customer
) -> None:
    give(salon, ana, 10)
    moved = hand(salon, ana, bea, 10)
    take(salon, bea, 4)
    for each in (moved.given, moved.received):
        with pytest.raises(crm.RuleBroken) as caught:
            crm.reverse_entry(salon, MANAGER, each.id)
        assert caught.value.code == "not-enough-points"
    assert (left(salon, ana), left(salon, bea)) == (0, 6)
    assert sound(salon)


def test_a_transfer_of_more_than_there_is_or_to_oneself_or_to_nobody_is_refused_and_leaves_nothing(
    salon: crm.Salon, ana: crm.Customer, bea: crm.Customer
) -> None:
    give(salon, ana, 10)
    with pytest.raises(crm.RuleBroken):
        hand(salon, ana, bea, 11)
    with pytest.raises(crm.InvalidValue) as caught:
        hand(salon, ana, ana, 1)
    assert (caught.value.code, caught.value.field) == ("transfer-to-self", "to")
    with pytest.raises(crm.NotFound):
        crm.transfer_points(salon, MANAGER, ana.id, to=NOBODY, points=1)
    give(salon, bea, 10**12)
    with pytest.raises(crm.InvalidValue):
        hand(salon, ana, bea, 1)
    assert (left(salon, ana), left(salon, bea)) == (10, 10**12)
    assert sound(salon)


def test_a_transfer_is_made_once_by_its_reference(salon: crm.Salon, ana: crm.Customer, bea: crm.Customer) -> None:
    give(salon, ana, 10)
    moved = hand(salon, ana, bea, 4, reference="one")
    assert hand(salon, ana, bea, 4, reference="one") == moved
    crm.reverse_entry(salon, MANAGER, moved.given.id)
    assert hand(salon, ana, bea, 4, reference="one") == moved
    eva = crm.add_customer(salon, MANAGER, name="Eva Dias")
    with pytest.raises(crm.Conflict) as caught:
        hand(salon, ana, eva, 4, reference="one")
    assert (caught.value.code, caught.value.field) == ("reference-differs", "to")
    assert (left(salon, ana), left(salon, bea)) == (10, 0)


# expiring


def test_points_expire_at_the_midnight_that_ends_their_last_day_by_the_salon_s_clock(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    crm.change_settings(salon, OWNER, zone="Pacific/Auckland")
    day = datetime(2026, 3, 3, tzinfo=UTC).date()
    give(salon, ana, 10, expires=day)
    midnight = datetime(2026, 3, 3, 11, tzinfo=UTC)  # in Auckland, thirteen hours ahead
    clock.set(midnight - timedelta(microseconds=1))
    assert (left(salon, ana), crm.expire_points(salon, EXPIRY).entries) == (10, 0)
    clock.set(midnight)
    assert left(salon, ana) == 0
    report = crm.expire_points(salon, EXPIRY)
    assert (report.customers, report.entries, report.points) == (1, 1, 10)
    [row, _] = crm.points_history(salon, STAFF, ana.id)
    assert (row.entry.at, row.entry.rewarded_by, row.entry.role) == (midnight, "expiry", crm.Role.SYSTEM)
    assert crm.expire_points(salon, EXPIRY).entries == 0
    clock.set(midnight - timedelta(days=5))
    assert (left(salon, ana), crm.expire_points(salon, EXPIRY).entries) == (0, 0)


def test_many_customers_expire_in_one_run_each_day_in_an_entry_of_its_own(salon: crm.Salon, clock: FixedClock) -> None:
    for number in range(3):
        customer = crm.add_customer(salon, MANAGER, name=f"Guest {number}")
        for day in (0, 0, 2):
            give(salon, customer, 5, expires=TODAY + timedelta(days=day))
    clock.advance(days=3)
    assert crm.expire_points(salon, EXPIRY, on=TODAY + timedelta(days=1)).points == 30
    report = crm.expire_points(salon, EXPIRY)
    assert (report.customers, report.entries, report.points) == (3, 3, 15)
    assert sound(salon)


# the history, and statements


def test_the_history_is_searched_by_day_action_and_points_and_by_what_somebody_types(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    give(salon, ana, 100, reason="Welcome, Zoë!")
    clock.advance(days=1)
    take(salon, ana, 30, reference="till 9")
    clock.advance(days=1)
    crm.adjust_points(salon, MANAGER, ana.id, points=30)

    def found(**asked: Any) -> list[int]:
        return [points for _, points, _ in told(salon, ana, **asked)]

    day = TODAY + timedelta(days=1)
    assert found(since=day, until=day) == [-30]
    assert found(action="added") == [100]
    assert found(points=30) == [30]
    assert found(text="30") == [30, -30]
    assert found(text="-30") == [-30]
    assert found(text="zoe") == [100]
    assert found(text="Redeemed TILL") == [-30]
    assert found(text=str(day)) == [-30]
    assert found(text=str(day)[:8]) == [30, -30, 100]
    assert found(text=str(day)[-2:]) == []  # which is no number of points
    assert found(text="redeemed 100") == []


@pytest.mark.parametrize("text", [0, [], False])
def test_what_is_no_text_is_not_searched_for(salon: crm.Salon, ana: crm.Customer, text: Any) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.points_history(salon, STAFF, ana.id, text=text)
    assert caught.value.field == "text"


def test_the_history_goes_on_from_page_to_page(salon: crm.Salon, ana: crm.Customer) -> None:
    for points in range(1, 8):
        give(salon, ana, points)
    pages, before = [], None
    while True:
        found = crm.points_history(salon, STAFF, ana.id, limit=3, before=before)
        pages.append([row.entry.points for row in found])
        before = found.next
        give(salon, ana, 50)  # which changes nothing of the pages behind
        if before is None:
            break
    assert pages == [[7, 6, 5], [4, 3, 2], [1]]


def test_a_statement_explains_the_balance_of_any_past_day(
    salon: crm.Salon, ana: crm.Customer, clock: FixedClock
) -> None:
    give(salon, ana, 10, expires=TODAY + timedelta(days=1))
    clock.advance(days=1)
    give(salon, ana, 10)
    clock.advance(days=1)
    take(salon, ana, 5)
    days = [crm.points_statement(salon, STAFF, ana.id, on=TODAY + timedelta(days=n)) for n in (-1, 0, 1, 2)]
    assert [(each.total, each.available) for each in days] == [(0, 0), (10, 10), (20, 20), (5, 5)]
    assert [[lot.points for lot in each.lots] for each in days] == [[], [10], [10, 10], [5]]


# who may, and what is refused


def test_a_customer_sees_their_own_points_and_changes_none(salon: crm.Salon, ana: crm.Customer) -> None:
    give(salon, ana, 10)
    bea = crm.add_customer(salon, MANAGER, name="Bea Costa")
    herself = crm.Actor.for_customer(ana.id)
    assert crm.points_balance(salon, herself, ana.id).available == 10
    assert len(crm.points_history(salon, herself, ana.id)) == 1
    with pytest.raises(crm.NotPermitted):
        crm.points_balance(salon, herself, bea.id)
    with pytest.raises(crm.NotPermitted):
        crm.redeem_points(salon, herself, ana.id, points=1)


def test_who_is_not_a_manager_redeems_and_gives_none(salon: crm.Salon, ana: crm.Customer) -> None:
    give(salon, ana, 10)
    assert crm.redeem_points(salon, RECEPTIONIST, ana.id, points=1).total_after == 9
    for actor in (STAFF, RECEPTIONIST):
        with pytest.raises(crm.RuleBroken, match="0 are left of 0"):
            crm.add_points(salon, actor, ana.id, points=1)
        with pytest.raises(crm.NotPermitted):
            crm.adjust_points(salon, actor, ana.id, points=1)


WRONG_POINTS: list[Any] = [0, -1, 1.0, 1.5, 2**70, "1", True, None, float("nan"), Decimal(1), 10**12 + 1]


@pytest.mark.parametrize("points", WRONG_POINTS, ids=repr)
def test_points_that_are_none_are_refused_by_name(salon: crm.Salon, ana: crm.Customer, points: Any) -> None:
    for act in (crm.add_points, crm.redeem_points):
        with pytest.raises(crm.InvalidValue) as caught:
            act(salon, MANAGER, ana.id, points=points)
        assert caught.value.field == "points"
    if points != -1:
        with pytest.raises(crm.InvalidValue):
            crm.adjust_points(salon, MANAGER, ana.id, points=points)
    assert told(salon, ana) == []


def test_more_than_any_ledger_holds_is_refused(salon: crm.Salon, ana: crm.Customer) -> None:
    give(salon, ana, 10**12)
    with pytest.raises(crm.InvalidValue) as caught:
        give(salon, ana, 1)
    assert caught.value.field == "points"


WORDS: Any = "1"
"""What no call takes for a day or a number."""


@pytest.mark.parametrize(
    ("call", "field"),
    [
        (lambda salon, ana: give(salon, ana, 1, expires="2026-01-01"), "expires"),
        (lambda salon, ana: give(salon, ana, 1, expires=TODAY - timedelta(days=1)), "expires"),
        (lambda salon, ana: give(salon, ana, 1, expires=NOON), "expires"),
        (lambda salon, ana: give(salon, ana, 1, expires=date.max), "expires"),
        (lambda salon, ana: give(salon, ana, 1, reason=7), "reason"),
        (lambda salon, ana: give(salon, ana, 1, reference="\0"), "reference"),
        (lambda salon, ana: give(salon, ana, 1, at=NOON + timedelta(days=1)), "at"),
        (lambda salon, _: crm.expire_points(salon, EXPIRY, on=TODAY + timedelta(days=1)), "on"),
        (lambda salon, _: crm.expire_points(salon, EXPIRY, on=WORDS), "on"),
        (lambda salon, ana: crm.points_statement(salon, STAFF, ana.id, on=TODAY + timedelta(days=1)), "on"),
        (lambda salon, ana: crm.points_statement(salon, STAFF, ana.id, on=WORDS), "on"),
        (lambda salon, ana: crm.points_history(salon, STAFF, ana.id, action="spent"), "action"),
        (lambda salon, ana: crm.points_history(salon, STAFF, ana.id, points=WORDS), "points"),
        (lambda salon, ana: crm.points_history(salon, STAFF, ana.id, before=WORDS), "before"),
        (lambda salon, ana: crm.points_history(salon, STAFF, ana.id, before=0), "before"),
        (lambda salon, ana: crm.points_history(salon, STAFF, ana.id, before=2**70), "before"),
        (lambda salon, ana: crm.points_history(salon, STAFF, ana.id, points=2**70), "points"),
        (lambda salon, ana: crm.points_history(salon, STAFF, ana.id, since=TODAY, until=date.min), "until"),
        (lambda salon, ana: crm.points_history(salon, STAFF, ana.id, limit=0), "limit"),
        (lambda salon, _: crm.reverse_entry(salon, MANAGER, "no id"), "entry_id"),
        (lambda salon, _: crm.points_balance(salon, STAFF, "no id"), "customer_id"),
    ],
)
def test_what_cannot_be_taken_is_named(
    salon: crm.Salon, ana: crm.Customer, call: Callable[..., object], field: str
) -> None:
    found = refusal(lambda: call(salon, ana))
    assert found is not None
    assert found.field == field


def test_nobody_and_nothing_are_not_found(salon: crm.Salon, ana: crm.Customer) -> None:
    for call in (crm.points_balance, crm.points_history, crm.points_statement):
        with pytest.raises(crm.NotFound):
            call(salon, STAFF, NOBODY)
    with pytest.raises(crm.NotFound):
        crm.add_points(salon, MANAGER, NOBODY, points=1)
    with pytest.raises(crm.NotFound):
        crm.reverse_entry(salon, MANAGER, NOBODY)
    with pytest.raises(crm.NotFound):
        crm.verify_ledger(salon, OWNER, NOBODY)


def test_who_has_points_is_not_removed(salon: crm.Salon, ana: crm.Customer) -> None:
    give(salon, ana, 1)
    with pytest.raises(crm.RuleBroken) as caught:
        crm.remove_customer(salon, MANAGER, ana.id)
    assert "reward_entries" in str(caught.value.params["kinds"]).replace(" ", "_")


# verifying


def test_every_ledger_is_verified_and_what_was_changed_by_hand_is_named(salon: crm.Salon, ana: crm.Customer) -> None:
    bea = crm.add_customer(salon, MANAGER, name="Bea Costa")
    for customer in (ana, bea):
        give(salon, customer, 10, reason="Welcome")
        take(salon, customer, 3)
    found = crm.verify_ledger(salon, OWNER)
    assert (found.ok, found.ledgers, found.entries, found.faults) == (True, 2, 4, ())
    key = (bea.id, 1)
    with salon.store.writing() as writing:
        entry = writing.reward_entries.get_many([key])[key]
        writing.reward_entries.remove(key)
        writing.reward_entries.add(evolve(entry, reason="Bribe"))
    found = crm.verify_ledger(salon, OWNER)
    assert (found.ok, found.wrong) == (False, 1)
    assert [(each.customer_id, each.sequence, each.reason) for each in found.faults] == [
        (bea.id, 1, "the entry is not what was written")
    ]
    assert crm.verify_ledger(salon, OWNER, ana.id).ok


@pytest.mark.parametrize(
    ("harm", "sequence", "reason"),
    [
        (lambda unit, own: unit.reward_entries.remove((own, 2)), 2, "entry 2 is missing"),
        (lambda unit, own: unit.reward_entries.remove((own, 3)), 3, "entry 3 is missing"),
        (lambda unit, own: unit.reward_heads.remove(own), 3, "the total that is kept is another"),
        (lambda unit, own: unit.reward_lots.remove((own, 1, date.max)), 3, "the lots that are kept are others"),
    ],
)
def test_what_is_missing_from_a_ledger_is_found(
    salon: crm.Salon, ana: crm.Customer, harm: Callable[..., None], sequence: int, reason: str
) -> None:
    give(salon, ana, 10)
    give(salon, ana, 10)
    take(salon, ana, 3)
    with salon.store.writing() as writing:
        harm(writing, ana.id)
    [fault] = crm.verify_ledger(salon, OWNER, ana.id).faults
    assert (fault.sequence, fault.reason) == (sequence, reason)


# finding customers


def test_customers_are_found_by_the_points_they_have(salon: crm.Salon, ana: crm.Customer) -> None:
    bea = crm.add_customer(salon, MANAGER, name="Bea Costa")
    give(salon, ana, 100)
    take(salon, ana, 20)

    def found(asked: crm.CustomerFilter | str) -> list[str]:
        return [row.name for row in crm.find_customers(salon, STAFF, asked)]

    assert found("points >= 80") == found(crm.CustomerFilter(points=(80, None))) == ["Ana Silva"]
    assert found("points = 0") == found(crm.CustomerFilter(points=(None, 79))) == ["Bea Costa"]
    assert found("not points > 1000000000000") == ["Ana Silva", "Bea Costa"]
    assert str(crm.explain_match(salon, STAFF, ana.id, "points >= 100")) == "no: points >= 100 (has 80)"
    assert crm.explain_match(salon, STAFF, bea.id, "points < 1").holds
    wrong: list[Any] = [(-1, None), (True, None), ("1", None), (None, 10**12 + 1), 7, (2, 1)]
    for points in wrong:
        with pytest.raises(crm.InvalidValue) as caught:
            crm.find_customers(salon, STAFF, crm.CustomerFilter(points=points))
        assert caught.value.field == "points"
