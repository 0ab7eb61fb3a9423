"""The audit: who did what, as a feed, and what verifying it finds, on every store."""

import sqlite3
from collections.abc import Iterator
from contextlib import closing, suppress
from datetime import UTC, date, datetime, timedelta
from pathlib import Path
from typing import Any
from uuid import UUID

import pytest
from tests.use_cases.actors import ADMIN, MANAGER, OWNER, STAFF
from tests.use_cases.asking import refusal

import salon_crm as crm
from salon_crm.domain.audit import chain_seed, chained
from salon_crm.domain.ids import Alias, CustomerId, SalonId
from salon_crm.testing.doubles import NOON, CountedIds, FixedClock

CHOSEN = CustomerId(UUID("01890a5d-ac96-774b-bcce-b302099a8057"))


def sequences(entries: tuple[crm.AuditEntry, ...]) -> list[int]:
    return [entry.sequence for entry in entries]


@pytest.fixture
def day(salon: crm.Salon, clock: FixedClock) -> tuple[crm.Customer, crm.Customer]:
    """Five entries, each an hour after the one before: created, added, added, edited, noted."""
    customers: list[crm.Customer] = []
    for name, actor in (("Ana", STAFF), ("Rui", MANAGER)):
        clock.advance(hours=1)
        customers.append(crm.add_customer(salon, actor, name=name))
    ana, rui = customers
    clock.advance(hours=1)
    crm.edit_customer(salon, STAFF, ana.id, gender="female")
    clock.advance(hours=1)
    crm.add_note(salon, MANAGER, ana.id, text="Tea")
    return ana, rui


Day = tuple[crm.Customer, crm.Customer]


# the trail


def test_the_first_entry_is_the_salons_creation(salon: crm.Salon) -> None:
    [entry] = crm.audit_trail(salon, OWNER)
    assert (entry.sequence, entry.action, entry.by, entry.role) == (
        1, crm.AuditAction.SALON_CREATED, "opening", crm.Role.SYSTEM,
    )  # fmt: skip
    assert entry.details == {"salon": str(salon.id), "region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}


def test_entries_come_in_commit_order(salon: crm.Salon, day: Day) -> None:
    entries = crm.audit_trail(salon, OWNER)
    assert sequences(entries) == [1, 2, 3, 4, 5]
    assert [entry.action.value for entry in entries] == [
        "salon-created", "customer-added", "customer-added", "customer-edited", "note-added",
    ]  # fmt: skip


def test_entries_of_a_customer_an_actor_and_a_period_are_found(salon: crm.Salon, day: Day) -> None:
    ana, rui = day

    def found(**parts: Any) -> list[int]:
        return sequences(crm.audit_trail(salon, ADMIN, **parts))

    assert found(customer=ana.id) == [2, 4, 5]
    assert found(customer=str(rui.id)) == [3]
    assert found(customer=CHOSEN) == []
    assert found(by="carla") == [2, 4]
    assert found(by="bea", customer=ana.id) == [5]
    assert found(since=NOON + timedelta(hours=2)) == [3, 4, 5]
    assert found(until=NOON + timedelta(hours=2)) == [1, 2, 3]
    assert found(since=NOON + timedelta(hours=1), until=NOON + timedelta(hours=1)) == [2]
    assert found(after=3) == [4, 5]
    assert found(after=5) == []
    assert found(limit=2) == [1, 2]
    assert found(limit=1) == [1]
    assert found(limit=1_000) == [1, 2, 3, 4, 5]
    assert found(after=1, limit=2, customer=ana.id) == [2, 4]


def test_days_of_a_period_are_the_salons_and_both_included(salon: crm.Salon, clock: FixedClock) -> None:
    clock.set(datetime(2026, 7, 1, 22, 59, 59, 999999, tzinfo=UTC))  # a microsecond before midnight in Lisbon
    crm.add_customer(salon, STAFF, name="Ana")
    clock.advance(microseconds=1)
    crm.add_customer(salon, STAFF, name="Rui")
    assert sequences(crm.audit_trail(salon, OWNER, since=date(2026, 7, 1), until=date(2026, 7, 1))) == [2]
    assert sequences(crm.audit_trail(salon, OWNER, since=date(2026, 7, 2), until=date(2026, 7, 2))) == [3]


def test_entries_are_found_by_when_they_were_recorded(salon: crm.Salon) -> None:
    crm.add_customer(salon, STAFF, name="Ana", at=NOON - timedelta(days=9))
    assert sequences(crm.audit_trail(salon, OWNER, since=NOON)) == [1, 2]


def test_entries_of_a_merged_customer_are_found_by_the_old_id_too(salon: crm.Salon, day: Day) -> None:
    ana, _ = day
    with salon.writing() as writing:
        writing.aliases.add(Alias(CHOSEN, ana.id))
    assert sequences(crm.audit_trail(salon, OWNER, customer=CHOSEN)) == [2, 4, 5]


def test_asking_again_after_the_last_entry_read_gives_a_feed_without_gaps(salon: crm.Salon) -> None:
    read: list[int] = []
    for round_ in range(4):
        with salon.transaction() as tx:
            for count in range(round_ * 3):
                crm.add_customer(tx, STAFF, name=f"Customer {count}")
        with suppress(ZeroDivisionError), salon.transaction() as tx:
            crm.add_customer(tx, STAFF, name="Never")
            raise ZeroDivisionError
        while entries := crm.audit_trail(salon, OWNER, after=read[-1] if read else None, limit=2):
            read += sequences(entries)
    assert read == list(range(1, 20))


@pytest.mark.parametrize(
    ("parts", "field"),
    [
        ({"limit": 0}, "limit"),
        ({"limit": 1_001}, "limit"),
        ({"limit": True}, "limit"),
        ({"limit": "5"}, "limit"),
        ({"after": -1}, "after"),
        ({"after": "5"}, "after"),
        ({"after": True}, "after"),
        ({"customer": "Ana"}, "customer"),
        ({"by": 7}, "by"),
        ({"since": NOON.replace(tzinfo=None)}, "since"),
        ({"until": "2026-03-02"}, "until"),
        ({"since": NOON, "until": NOON - timedelta(seconds=1)}, "until"),
        ({"since": date(2026, 3, 2), "until": date(2026, 3, 1)}, "until"),
    ],
)
def test_a_question_that_means_nothing_is_refused(salon: crm.Salon, parts: Any, field: str) -> None:
    with pytest.raises(crm.InvalidValue) as caught:
        crm.audit_trail(salon, OWNER, **parts)
    assert caught.value.field == field
    if field == "limit":
        assert (caught.value.params["low"], caught.value.params["high"]) == (1, 1_000)


@pytest.mark.parametrize("zone", ["Pacific/Auckland", "Pacific/Honolulu"])
@pytest.mark.parametrize("parts", [{"since": date.min}, {"until": date.max}, {"since": date.max}])
def test_the_first_and_last_day_there_are_end_in_an_answer_or_a_refusal(
    salon: crm.Salon, zone: str, parts: Any
) -> None:
    crm.change_settings(salon, OWNER, zone=zone)
    error = refusal(lambda: crm.audit_trail(salon, OWNER, **parts))
    assert error is None or error.field in parts


# verifying


def test_a_chain_nobody_touched_is_whole(salon: crm.Salon, day: Day) -> None:
    head = crm.audit_head(salon, OWNER)
    assert head.sequence == 5
    for kept in (None, head, crm.AuditHead(3, crm.audit_trail(salon, OWNER)[2].digest)):
        found = crm.verify_audit(salon, OWNER, head=kept)
        assert (found.ok, found.entries, found.head, found.broken_at) == (True, 5, head, None)


def test_a_head_of_another_chain_shows_that_this_one_was_rewritten(salon: crm.Salon, day: Day) -> None:
    found = crm.verify_audit(salon, OWNER, head=crm.AuditHead(3, b"\0" * 32))
    assert (found.ok, found.broken_at) == (False, 3)
    assert "rewritten" in str(found.reason)


def test_the_head_before_the_first_entry_is_of_this_salon_or_of_another(salon: crm.Salon, day: Day) -> None:
    assert crm.verify_audit(salon, OWNER, head=chain_seed(salon.id)).ok
    of_another = crm.verify_audit(salon, OWNER, head=chain_seed(SalonId(CHOSEN)))
    assert (of_another.ok, of_another.broken_at) == (False, 0)
    assert "rewritten" in str(of_another.reason)


def test_a_head_must_be_one(salon: crm.Salon) -> None:
    wrong: Any = "head"
    with pytest.raises(crm.InvalidValue) as caught:
        crm.verify_audit(salon, OWNER, head=wrong)
    assert caught.value.field == "head"


@pytest.fixture
def kept(file: Path, clock: FixedClock) -> Iterator[crm.Salon]:
    """A salon in a file, with ten entries."""
    with crm.open_salon(
        file, region="PT", zone="Europe/Lisbon", currency="EUR", clock=clock, ids=CountedIds()
    ) as salon:
        for count in range(9):
            crm.add_customer(salon, STAFF, name=f"Customer {count}")
        yield salon


def tamper(file: Path, statement: str, *values: Any) -> None:
    with closing(sqlite3.connect(file)) as connection, connection:
        assert connection.execute(statement, values).rowcount > 0


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("actor", "eve"), ("role", "owner"), ("action", "customer-edited"), ("fields", "[]"), ("details", '{"x":1}'),
        ("at", "2026-03-02T12:00:01.000000Z"), ("recorded", "2026-03-02T11:00:00.000000Z"), ("customer_id", None),
        ("version", 2), ("digest", b"\0" * 32),
    ],
)  # fmt: skip
def test_a_changed_row_is_found(kept: crm.Salon, file: Path, column: str, value: Any) -> None:
    tamper(file, f"UPDATE crm_audit SET {column} = ? WHERE sequence = 4", value)
    found = crm.verify_audit(kept, OWNER)
    assert (found.ok, found.entries, found.broken_at) == (False, 3, 4)
    assert found.reason == "the entry is not what was written"


def test_a_row_nobody_could_have_written_is_found(kept: crm.Salon, file: Path) -> None:
    tamper(file, "UPDATE crm_audit SET action = 'charmed' WHERE sequence = 4")
    found = crm.verify_audit(kept, OWNER)
    assert (found.ok, found.entries, found.broken_at) == (False, 3, 4)
    assert found.reason == "the entry cannot be read"


def test_whoever_writes_goes_on_behind_a_last_entry_that_cannot_be_read(kept: crm.Salon, file: Path) -> None:
    last = crm.audit_head(kept, OWNER)
    tamper(file, "UPDATE crm_audit SET action = 'charmed' WHERE sequence = ?", last.sequence)
    assert crm.audit_head(kept, OWNER) == last
    crm.add_customer(kept, STAFF, name="Bea")
    found = crm.verify_audit(kept, OWNER)
    assert (found.broken_at, found.reason) == (last.sequence, "the entry cannot be read")
    tamper(file, "UPDATE crm_audit SET action = 'customer-added' WHERE sequence = ?", last.sequence)
    assert crm.verify_audit(kept, OWNER, head=last).ok


def test_an_entry_slipped_in_before_the_first_is_found(kept: crm.Salon, file: Path) -> None:
    columns = "at, recorded, actor, role, action, customer_id, version, fields, details, digest"
    tamper(file, f"INSERT INTO crm_audit (sequence, {columns}) SELECT -5, {columns} FROM crm_audit WHERE sequence = 2")
    assert not crm.verify_audit(kept, OWNER).ok


def test_a_chain_without_any_entry_is_broken(kept: crm.Salon, file: Path) -> None:
    tamper(file, "DELETE FROM crm_audit")
    found = crm.verify_audit(kept, OWNER)
    assert (found.ok, found.broken_at, found.reason) == (False, 1, "entry 1 is missing")


def test_a_missing_row_is_found(kept: crm.Salon, file: Path) -> None:
    tamper(file, "DELETE FROM crm_audit WHERE sequence = 4")
    found = crm.verify_audit(kept, OWNER)
    assert (found.ok, found.broken_at, found.reason) == (False, 4, "entry 4 is missing")


def test_a_cut_tail_is_found_by_a_head_kept_elsewhere(kept: crm.Salon, file: Path) -> None:
    head = crm.audit_head(kept, OWNER)
    tamper(file, "DELETE FROM crm_audit WHERE sequence > 7")
    assert crm.verify_audit(kept, OWNER).ok
    found = crm.verify_audit(kept, OWNER, head=head)
    assert (found.ok, found.broken_at) == (False, 8)
    assert "ends before the head" in str(found.reason)


def test_a_rewritten_chain_is_found_by_a_head_kept_elsewhere(kept: crm.Salon, file: Path) -> None:
    head = crm.audit_head(kept, OWNER)
    place = chain_seed(kept.id)
    tamper(file, "UPDATE crm_audit SET actor = 'eve' WHERE actor = 'carla'")
    for entry in crm.audit_trail(kept, OWNER):
        place = crm.AuditHead(entry.sequence, chained(entry, place).digest)
        tamper(file, "UPDATE crm_audit SET digest = ? WHERE sequence = ?", place.digest, entry.sequence)
    assert crm.verify_audit(kept, OWNER).ok
    assert not crm.verify_audit(kept, OWNER, head=head).ok


def test_an_emptied_chain_is_found_by_a_head_kept_elsewhere(kept: crm.Salon, file: Path) -> None:
    head = crm.audit_head(kept, OWNER)
    tamper(file, "DELETE FROM crm_audit")
    assert crm.verify_audit(kept, OWNER, head=head).broken_at == 1
