"""The rewards ledger: entries, the lots they open and take from, and what cannot follow from them."""

from collections.abc import Sequence
from datetime import date, datetime, timedelta
from typing import Any
from uuid import UUID

import pytest
from attrs import evolve
from attrs import fields as attrs_fields
from hypothesis import given
from hypothesis import strategies as st

from salon_crm.domain.access import Role
from salon_crm.domain.ids import RewardEntryId
from salon_crm.domain.rewards import fault_in
from salon_crm.domain.rewards.ledger import RewardLedger, returning
from salon_crm.domain.rewards.records import (
    MOST_POINTS,
    LineShare,
    LotPart,
    OriginKind,
    RewardAction,
    RewardEntry,
    RewardHead,
    RewardOrigin,
    digest_of_reason,
    entry_digest,
    lot_key,
    points_in,
)
from salon_crm.errors import InvalidValue, RuleBroken, StoreError
from salon_crm.testing import a_customer_id, an_instant

ANA = a_customer_id()
NOON = an_instant()
TODAY = NOON.date()
EMPTY = RewardLedger(RewardHead(customer_id=ANA))
A_SALE = RewardOrigin(OriginKind.SALE, UUID(int=77))


def written(ledger: RewardLedger, action: RewardAction, parts: Sequence[LotPart], **fields: Any) -> RewardEntry:
    """Return the next entry, with what does not matter here filled in."""
    number = ledger.head.sequence + 1
    given: dict[str, Any] = {
        "id": RewardEntryId(UUID(int=number)),
        "at": NOON + timedelta(minutes=number),
        "recorded": NOON + timedelta(minutes=number),
        "rewarded_by": "olga",
        "role": Role.OWNER,
        **fields,
    }
    return ledger.entry(action, parts, **given)


def added(ledger: RewardLedger, points: int, expires: date | None = None, **fields: Any) -> RewardLedger:
    return ledger.after(written(ledger, RewardAction.ADDED, ledger.opening(points, expires), **fields))


def redeemed(ledger: RewardLedger, points: int, on: date = TODAY) -> RewardLedger:
    return ledger.after(written(ledger, RewardAction.REDEEMED, ledger.taking(points, on)))


def left(ledger: RewardLedger) -> dict[int, int]:
    return {lot.number: lot.points for lot in ledger.open_lots()}


# which points go first


def test_a_ledger_begins_with_nothing() -> None:
    assert (EMPTY.head.sequence, EMPTY.head.total, EMPTY.available(TODAY), EMPTY.open_lots()) == (0, 0, 0, ())


def test_the_soonest_to_expire_go_first_and_those_that_stay_last() -> None:
    ledger = added(EMPTY, 10)
    ledger = added(ledger, 10, expires=TODAY + timedelta(days=30))
    ledger = added(ledger, 10, expires=TODAY)
    assert left(redeemed(ledger, 5)) == {1: 10, 2: 10, 3: 5}
    assert left(redeemed(ledger, 15)) == {1: 10, 2: 5}
    assert left(redeemed(ledger, 25)) == {1: 5}


def test_of_those_that_expire_together_the_oldest_go_first_whenever_they_were_written_down() -> None:
    ledger = added(EMPTY, 10, at=NOON)
    ledger = added(ledger, 10, at=NOON - timedelta(days=3))  # a till that was offline
    assert left(redeemed(ledger, 10)) == {1: 10}


def test_points_can_be_spent_through_their_last_day_and_no_longer() -> None:
    ledger = added(EMPTY, 10, expires=TODAY)
    assert (ledger.available(TODAY), ledger.available(TODAY + timedelta(days=1))) == (10, 0)
    with pytest.raises(RuleBroken):
        ledger.taking(1, TODAY + timedelta(days=1))


def test_more_than_there_is_is_refused_with_both_figures() -> None:
    with pytest.raises(RuleBroken) as caught:
        added(EMPTY, 10).taking(11, TODAY)
    assert (caught.value.code, caught.value.field) == ("not-enough-points", "points")
    assert (caught.value.params["asked"], caught.value.params["left"]) == (11, 10)


def test_a_total_beyond_any_is_refused_and_says_how_many_fit() -> None:
    full = added(EMPTY, MOST_POINTS - 3)
    with pytest.raises(InvalidValue) as caught:
        added(full, 4)
    assert (caught.value.field, caught.value.params["high"]) == ("points", 3)
    assert added(full, 3).head.total == MOST_POINTS


def test_what_is_taken_back_comes_from_its_own_lots_first_and_is_never_more_than_there_is() -> None:
    ledger = added(EMPTY, 10, expires=TODAY)
    ledger = added(ledger, 10)
    own = {lot_key(2, None)}
    assert ledger.taking_back(4, own, TODAY) == (LotPart(2, -4),)
    assert ledger.taking_back(14, own, TODAY) == (LotPart(2, -10), LotPart(1, -4, TODAY))
    assert points_in(ledger.taking_back(100, own, TODAY)) == -20
    assert ledger.taking_back(4, (), TODAY) == (LotPart(1, -4, TODAY),)


def test_what_was_redeemed_returns_to_its_lots_as_if_less_had_been() -> None:
    ledger = redeemed(added(added(EMPTY, 10, expires=TODAY), 10), 15)
    taken = (LotPart(1, -10, TODAY), LotPart(2, -5))
    first = returning(taken, (), 7)
    assert first == (LotPart(2, 5), LotPart(1, 2, TODAY))
    ledger = ledger.after(written(ledger, RewardAction.REVERSED, first))
    assert left(ledger) == {1: 2, 2: 10}
    rest = returning(taken, first, 100)
    assert rest == (LotPart(1, 8, TODAY),)
    assert left(ledger.after(written(ledger, RewardAction.REVERSED, rest))) == {1: 10, 2: 10}


def test_lots_lapse_together_that_had_one_last_day_and_the_earliest_first() -> None:
    ledger = added(EMPTY, 1, expires=TODAY)
    ledger = added(ledger, 2, expires=TODAY - timedelta(days=1))
    ledger = added(ledger, 3, expires=TODAY)
    yesterday = TODAY - timedelta(days=1)
    assert ledger.lapsed(TODAY) == [(yesterday, (LotPart(2, -2, yesterday),))]
    assert [day for day, _ in ledger.lapsed(TODAY + timedelta(days=1))] == [yesterday, TODAY]
    assert ledger.lapsed(TODAY + timedelta(days=1))[1][1] == (LotPart(1, -1, TODAY), LotPart(3, -3, TODAY))


# entries that do not follow


def broken(ledger: RewardLedger, entry: RewardEntry) -> str:
    with pytest.raises(StoreError) as caught:
        ledger.after(entry)
    assert (caught.value.code, caught.value.params["sequence"]) == ("rewards-broken", ledger.head.sequence + 1)
    return str(caught.value.params["reason"])


@pytest.mark.parametrize(
    ("changes", "reason"),
    [
        ({"customer_id": a_customer_id(2)}, "it is another customer's"),
        ({"sequence": 4}, "entry 2 is missing"),
        ({"points": -4}, "its points are not those of its lots"),
        ({"total_after": 8}, "its total does not follow"),
        ({"action": RewardAction.ADDED}, "-3 points cannot be added"),
        ({"shortfall": -1}, "it collects what was not short"),
        ({"parts": (LotPart(1, -2), LotPart(1, -1))}, "it names a lot twice"),
        ({"parts": (LotPart(1, -4), LotPart(2, 1))}, "not all of its lots move the way it does"),
        ({"parts": (LotPart(3, -3),)}, "there is no lot 3"),
        ({"parts": (LotPart(1, -11),), "points": -11, "total_after": -1}, "its total does not follow"),
        ({"parts": (LotPart(1, -3, TODAY),)}, "there is no lot 1"),
        ({"parts": (LotPart(2, -3),)}, "lot 2 does not hold that"),
    ],
)
def test_an_entry_that_does_not_follow_is_named_with_the_reason(changes: dict[str, Any], reason: str) -> None:
    ledger = added(EMPTY, 10)
    entry = written(ledger, RewardAction.REDEEMED, ledger.taking(3, TODAY))
    assert broken(ledger, evolve(entry, **changes)) == reason


def test_a_lot_gives_no_more_than_it_holds_and_takes_no_more_than_it_was_opened_with() -> None:
    ledger = added(added(EMPTY, 10), 10)
    more = written(ledger, RewardAction.REDEEMED, (LotPart(1, -11),))
    assert broken(ledger, more) == "lot 1 does not hold that"
    back = written(ledger, RewardAction.REVERSED, (LotPart(1, 1),))
    assert broken(ledger, back) == "lot 1 does not hold that"


def test_an_entry_opens_a_lot_for_each_last_day_and_none_for_the_last_of_the_calendar() -> None:
    parts = (LotPart(1, 5, TODAY), LotPart(1, 3), LotPart(1, 2, TODAY + timedelta(days=1)))
    ledger = EMPTY.after(written(EMPTY, RewardAction.TRANSFERRED, parts))
    assert [(lot.key, lot.opened, lot.points) for lot in ledger.lots] == [
        ((1, TODAY), 5, 5), ((1, TODAY + timedelta(days=1)), 2, 2), ((1, date.max), 3, 3),
    ]  # fmt: skip
    assert redeemed(ledger, 6).available(TODAY) == 4
    assert broken(EMPTY, written(EMPTY, RewardAction.ADDED, (LotPart(1, 5, date.max),))) == "there is no lot 1"


def test_an_entry_of_nothing_says_what_fell_short() -> None:
    ledger = added(EMPTY, 10)
    nothing = written(ledger, RewardAction.REVERSED, ())
    assert broken(ledger, nothing) == "it does nothing"
    assert ledger.after(evolve(nothing, shortfall=5)).head.sequence == 2


# any sequence


OPERATIONS = st.lists(
    st.one_of(
        st.tuples(st.just("add"), st.integers(1, 9), st.none() | st.integers(-2, 6)),
        st.tuples(st.just("redeem"), st.integers(1, 12), st.none()),
        st.tuples(st.just("expire"), st.integers(0, 3), st.none()),
        st.tuples(st.just("reverse"), st.integers(0, 30), st.none()),
    ),
    max_size=30,
)


Turn = tuple[date, datetime, int]
"""What points are taken in the order of, each on its own."""


@given(OPERATIONS)
def test_the_balance_is_the_sum_of_entries_of_lots_and_the_last_total_and_no_point_is_lost(ops: list[Any]) -> None:
    ledger, entries, day, points = EMPTY, list[RewardEntry](), TODAY, list[Turn]()

    def write(action: RewardAction, parts: Sequence[LotPart], **fields: Any) -> None:
        nonlocal ledger
        entry = written(ledger, action, parts, **fields)
        ledger = ledger.after(entry)
        entries.append(entry)

    for name, number, expires in ops:
        if name == "add":
            last = None if expires is None else day + timedelta(days=expires)
            write(RewardAction.ADDED, ledger.opening(number, last))
            points += [(last or date.max, entries[-1].at, entries[-1].sequence)] * number
        elif name == "redeem":
            usable = sorted(point for point in points if point[0] >= day)
            if number > len(usable):
                with pytest.raises(RuleBroken):
                    ledger.taking(number, day)
                continue
            write(RewardAction.REDEEMED, ledger.taking(number, day))
            for point in usable[:number]:
                points.remove(point)
        elif name == "expire":
            day += timedelta(days=number)
            for _, parts in ledger.lapsed(day):
                write(RewardAction.EXPIRED, parts)
            points = [point for point in points if point[0] >= day]
        else:
            spent = [entry for entry in entries if entry.action is RewardAction.REDEEMED]
            if not spent:
                continue
            entry = spent[number % len(spent)]
            before = [
                part
                for each in entries
                if each.origin == RewardOrigin(OriginKind.ENTRY, entry.id)
                for part in each.parts
            ]
            back = returning(entry.parts, before, number)
            if back:
                write(RewardAction.REVERSED, back, origin=RewardOrigin(OriginKind.ENTRY, entry.id))
                turns = {lot.key: lot.turn for lot in ledger.lots}
                points += [turns[part.key] for part in back for _ in range(part.points)]
        lots = ledger.open_lots()
        assert ledger.head.total == sum(each.points for each in entries) == sum(lot.points for lot in lots)
        assert ledger.head.total == (entries[-1].total_after if entries else 0) >= 0
        assert sorted(lot.turn for lot in lots for _ in range(lot.points)) == sorted(points)
        assert ledger.available(day) == sum(point[0] >= day for point in points)
    assert RewardLedger.of_entries(ANA, entries) == ledger


# what an entry's digest covers


def an_entry() -> RewardEntry:
    ledger = added(EMPTY, 10)
    salt = b"0123456789abcdef"
    return written(
        ledger,
        RewardAction.REDEEMED,
        ledger.taking(3, TODAY),
        reason="A cut.",
        salt=salt,
        reason_digest=digest_of_reason("A cut.", salt),
        reference="till 7",
        origin=A_SALE,
    )


def test_a_reason_may_be_erased_and_never_changed() -> None:
    entry = an_entry()
    assert entry.reason_is_kept()
    erased = evolve(entry, reason=None, salt=None)
    assert erased.reason_is_kept()
    assert entry_digest(erased) == entry_digest(entry)
    assert not evolve(entry, reason="A colour.").reason_is_kept()
    assert not evolve(entry, salt=None).reason_is_kept()


def test_every_other_field_is_covered_by_the_digest() -> None:
    entry = an_entry()
    changes: dict[str, Any] = {
        "id": RewardEntryId(UUID(int=99)),
        "customer_id": a_customer_id(2),
        "sequence": 3,
        "at": NOON,
        "recorded": NOON,
        "action": RewardAction.ADJUSTED,
        "points": -4,
        "total_after": 6,
        "parts": (LotPart(1, -2),),
        "tier_points": 1,
        "tier_at": NOON,
        "shortfall": 1,
        "shares": (LineShare(0, 1),),
        "refunds": 1,
        "rewarded_by": "rui",
        "role": Role.STAFF,
        "reference": None,
        "origin": None,
        "reason_digest": None,
    }
    digests = {entry_digest(evolve(entry, **{name: value})) for name, value in changes.items()}
    assert len(digests | {entry_digest(entry)}) == len(changes) + 1
    assert {each.name for each in attrs_fields(RewardEntry)} - {"reason", "salt"} == set(changes)


# verifying


def a_ledger() -> tuple[list[RewardEntry], dict[int, bytes], RewardLedger]:
    """Return the entries of a ledger, what the audit keeps of them, and where they lead."""
    ledger, entries = EMPTY, list[RewardEntry]()
    for number in range(1, 9):
        salt = bytes([number]) * 16
        reason = f"Reason {number}"
        kept: dict[str, Any] = {"reason": reason, "salt": salt, "reason_digest": digest_of_reason(reason, salt)}
        if number % 3:
            last = TODAY + timedelta(days=number) if number % 2 else None
            parts, action = ledger.opening(10 * number, last), RewardAction.ADDED
        else:
            parts, action = ledger.taking(7 * number, TODAY), RewardAction.REDEEMED
        entries.append(written(ledger, action, parts, **kept))
        ledger = ledger.after(entries[-1])
    return entries, {entry.sequence: entry_digest(entry) for entry in entries}, ledger


def fault(entries: list[RewardEntry], digests: dict[int, bytes], ledger: RewardLedger) -> tuple[int, str] | None:
    found = fault_in(ANA, entries, digests, ledger.head, ledger.open_lots())
    return None if found is None else (found.sequence, found.reason)


def test_a_ledger_as_it_was_written_has_no_fault_and_neither_has_an_empty_one() -> None:
    entries, digests, ledger = a_ledger()
    assert fault(entries, digests, ledger) is None
    assert fault_in(ANA, (), {}, None, ()) is None
    erased = [evolve(entry, reason=None, salt=None) for entry in entries]
    assert fault(erased, digests, ledger) is None


def test_an_entry_deleted_swapped_inserted_or_cut_off_is_found() -> None:
    entries, digests, ledger = a_ledger()
    assert fault(entries[:3] + entries[4:], digests, ledger) == (4, "entry 4 is missing")
    swapped = [*entries[:3], entries[4], entries[3], *entries[5:]]
    assert fault(swapped, digests, ledger) == (4, "entry 4 is missing")
    assert fault(entries[:-1], digests, ledger) == (8, "entry 8 is missing")
    more = evolve(entries[-1], sequence=9, id=RewardEntryId(UUID(int=9)))
    assert fault([*entries, more], digests, ledger) == (9, "the audit knows nothing of the entry")
    assert fault([*entries, entries[-1]], digests, ledger) == (9, "entry 9 is missing")


def test_a_total_or_lots_that_the_entries_do_not_lead_to_are_found() -> None:
    entries, digests, ledger = a_ledger()
    head = evolve(ledger.head, total=ledger.head.total + 1)
    assert fault(entries, digests, RewardLedger(head, ledger.lots)) == (8, "the total that is kept is another")
    fewer = RewardLedger(ledger.head, ledger.open_lots()[1:])
    assert fault(entries, digests, fewer) == (8, "the lots that are kept are others")


def turned(value: Any, bit: int) -> Any:
    """Return a value with a bit turned; None for one that has no bits of its own."""
    if isinstance(value, bytes):
        at = bit // 8 % len(value)
        return value[:at] + bytes([value[at] ^ 1 << bit % 8]) + value[at + 1 :]
    if type(value) is str:
        at = bit % len(value)
        return value[:at] + chr(ord(value[at]) ^ 1 << bit % 7) + value[at + 1 :]
    return value ^ 1 << bit % 40 if type(value) is int else None


FIELDS = st.sampled_from(sorted(each.name for each in attrs_fields(RewardEntry)))


@given(st.integers(0, 7), FIELDS, st.integers(0, 320))
def test_whatever_bit_of_an_entry_is_turned_it_is_found(place: int, name: str, bit: int) -> None:
    entries, digests, ledger = a_ledger()
    value = turned(getattr(entries[place], name), bit)
    if value is not None:
        entries[place] = evolve(entries[place], **{name: value})
        found = fault(entries, digests, ledger)
        assert found is not None
        assert found[0] == place + 1
