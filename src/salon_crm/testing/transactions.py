"""Checks of units of work: one state to read, all or nothing to write, one writer at a time."""

from collections.abc import Callable
from contextlib import suppress
from threading import Barrier, Event
from typing import Any, Final

import pytest
from attrs import evolve

from salon_crm.domain.criteria import EVERYBODY, Compare, Fact, HasBooking, Op, Order
from salon_crm.errors import Conflict, StoreBusy, StoreError
from salon_crm.ports.records import CUSTOMERS, Kind
from salon_crm.ports.store import AuditQuery, BookingQuery, Reading, SaleQuery, Store, Writing
from salon_crm.testing.builders import a_booking, a_customer, a_salon_record, an_entry, some_settings
from salon_crm.testing.conformance import (
    NAME,
    Capability,
    Conformance,
    MakeStore,
    Undone,
    get,
    keep,
    often_switching,
    records_in,
    sample,
)

_A_MOMENT: Final = 0.05
"""How long a writer out of turn is given to show itself; a store that is right takes just so long."""

_AN_INSTANT: Final = 0.001
"""How long each of many writers lets others read what it is about to change."""


def _everything(unit: Reading, kinds: list[Kind[Any]]) -> dict[str, Any]:
    """Return what a unit shows of records 1 and 2 of each kind, of lists, of the audit and of the salon."""
    salon = unit.salon()
    return {
        **{kind.name: [get(unit, kind, sample(kind, number)) for number in (1, 2)] for kind in kinds},
        "by key": unit.customers.by_key("name", ["ana silva", "bea costa"]),
        "found": [customer.id for customer in unit.customers.find(EVERYBODY, Order(), None, 100)],
        "counted": unit.customers.count(EVERYBODY),
        **_moments(unit, {kind.name for kind in kinds}),
        "audit": list(unit.audit.select(AuditQuery(), 100)),
        "head": unit.audit.head(),
        "salon": salon,
        "settings": None if salon is None else unit.settings(),
    }


def _moments(unit: Reading, kinds: set[str]) -> dict[str, Any]:
    """Return what a unit finds by a day, and by what was booked, of the kinds that are kept."""
    found: dict[str, Any] = {}
    if "bookings" in kinds:
        found["booked"] = list(unit.bookings.find(BookingQuery(), None, 100))
        found["booked on its day"] = unit.bookings.count(BookingQuery(until=a_booking(1).day))
        found["who booked"] = [each.id for each in unit.customers.find(_BOOKED, Order(), None, 100)]
    if "sales" in kinds:
        found["sold"] = list(unit.sales.find(SaleQuery(), None, 100))
    if "facts" in kinds:
        found["who came"] = [each.id for each in unit.customers.find(_CAME_TWICE, Order(), None, 100)]
    return found


_BOOKED: Final = HasBooking(start=a_booking(1).day, end=a_booking(1).day)
_CAME_TWICE: Final = Compare(Fact.VISITS, Op.AT_LEAST, 2)


def _fill(writing: Writing, kinds: list[Kind[Any]]) -> None:
    """Keep a salon, an entry of its audit, and record 1 of each kind."""
    writing.create_salon(a_salon_record(), some_settings())
    writing.audit.append(an_entry(1))
    _add(writing, kinds, 1)


def _add(writing: Writing, kinds: list[Kind[Any]], number: int) -> None:
    writing.customers.add(a_customer(number))
    for kind in kinds:
        if kind is not CUSTOMERS:
            keep(writing, kind, sample(kind, number))


def _raisable(ending: type[BaseException]) -> BaseException:
    return StoreError("store-closed") if ending is StoreError else ending()


def _change_everything(writing: Writing, kinds: list[Kind[Any]]) -> None:
    """Remove, change and add records of every kind, an entry of the audit, and the settings."""
    for kind in kinds:
        if kind is not CUSTOMERS:
            records_in(writing, kind).remove(kind.identity(sample(kind, 1)))
    customer = a_customer(1)
    writing.customers.save(evolve(customer, version=2, name="Bea Costa"), customer.version)
    _add(writing, kinds, 2)
    writing.audit.append(an_entry(2))
    writing.save_settings(some_settings(currency="GBP", version=2), 1)


class TransactionChecks(Conformance):
    """What `Store`, `Reading` and `Writing` promise of snapshots, rolling back, turns, savepoints and closing."""

    def test_what_is_written_is_seen_by_its_own_unit_at_once(self, store: Store) -> None:
        """A unit of work sees its own writes."""
        with store.writing() as writing:
            _fill(writing, self.kinds)
            before = _everything(writing, self.kinds)
            _change_everything(writing, self.kinds)
            seen = _everything(writing, self.kinds)
        assert all(before[part] != seen[part] for part in before if part != "salon")
        with store.reading() as reading:
            assert _everything(reading, self.kinds) == seen

    @pytest.mark.parametrize("ending", [Undone, ValueError, KeyboardInterrupt, SystemExit, StoreError])
    def test_what_is_rolled_back_is_gone(self, store: Store, ending: type[BaseException]) -> None:
        """A unit of work rolls everything back on any exception, which reaches the caller as it is."""
        with store.writing() as writing:
            _fill(writing, self.kinds)
        with store.reading() as reading:
            before = _everything(reading, self.kinds)
        raised = _raisable(ending)

        def change_and_raise() -> None:
            with store.writing() as writing:
                _change_everything(writing, self.kinds)
                raise raised

        with pytest.raises(ending) as caught:
            change_and_raise()
        assert caught.value is raised
        with store.reading() as reading:
            assert _everything(reading, self.kinds) == before

    def test_a_unit_that_follows_one_rolled_back_starts_from_what_was_kept(self, store: Store) -> None:
        """A unit of work rolls everything back: the next one can do the same again, and keeps it."""
        with store.writing() as writing:
            _fill(writing, self.kinds)
        for _ in range(2):
            with suppress(Undone), store.writing() as writing:
                _change_everything(writing, self.kinds)
                raise Undone
        with store.writing() as writing:
            _change_everything(writing, self.kinds)
        with store.reading() as reading:
            assert get(reading, CUSTOMERS, a_customer(1)).version == 2
            assert [entry.sequence for entry in reading.audit.select(AuditQuery(), 10)] == [1, 2]

    def test_what_a_refused_verb_leaves_can_still_be_kept(self, store: Store) -> None:
        """A verb that raises changes nothing: the unit of work goes on and commits when its block ends."""
        with store.writing() as writing:
            writing.customers.add(a_customer(1))
            with pytest.raises(Conflict):
                writing.customers.add(a_customer(1))
            writing.customers.add(a_customer(2))
        with store.reading() as reading:
            assert reading.customers.count(EVERYBODY) == 2

    def test_a_reading_sees_one_state_from_its_first_read_to_its_end(self, store: Store) -> None:
        """A reading sees one state from its first read to its end, whatever is committed meanwhile."""
        with store.writing() as writing:
            _fill(writing, self.kinds)
        with store.reading() as reading:
            before = _everything(reading, self.kinds)
            with store.writing() as writing:
                _change_everything(writing, self.kinds)
                assert _everything(reading, self.kinds) == before
            with store.reading() as later:
                assert _everything(later, self.kinds) != before
            assert _everything(reading, self.kinds) == before

    def test_what_is_not_committed_is_seen_by_nobody_else(self, store: Store) -> None:
        """A unit of work commits when its block ends; no reading sees a part of it."""
        with store.writing() as writing:
            _fill(writing, self.kinds)
        with store.reading() as reading:
            before = _everything(reading, self.kinds)
        with store.writing() as writing:
            _change_everything(writing, self.kinds)
            assert self.meanwhile(lambda: self._read_all(store)).result() == before

    def test_a_reading_never_waits_for_a_writer(self, store: Store) -> None:
        """A reading never waits for a writer: neither one begun before the writer nor one begun under it."""
        with store.reading() as begun_before:
            begun_before.audit.head()
            with store.writing() as writing:
                writing.customers.add(a_customer(1))
                assert self.meanwhile(lambda: self._read_all(store)).result()["counted"] == 0
                assert begun_before.customers.count(EVERYBODY) == 0

    def test_a_reading_keeps_no_writer_waiting(self, store: Store) -> None:
        """A reading never waits for a writer, and a writer waits for writers only."""

        def add() -> None:
            with store.writing() as writing:
                writing.customers.add(a_customer(1))

        with store.reading() as reading:
            reading.audit.head()
            self.meanwhile(add).result()

    def _read_all(self, store: Store) -> dict[str, Any]:
        with store.reading() as reading:
            return _everything(reading, self.kinds)

    def test_a_reading_has_no_verb_that_writes(self, store: Store, kind: Kind[Any]) -> None:
        """A reading has no verb that writes: one it has all the same raises StoreError and writes nothing."""
        there, new = sample(kind, 1), sample(kind, 2)
        with store.writing() as writing:
            keep(writing, kind, there)
        with store.reading() as reading:
            records = records_in(reading, kind)
            _refused(records, "add", new)
            _refused(records, "add_many", [new])
            _refused(records, "remove", kind.identity(there))
            if kind.versioned:
                edited = evolve(there, version=there.version + 1)
                _refused(records, "save", edited, there.version)
                _refused(records, "save_many", [(edited, there.version)])
        with store.reading() as reading:
            assert get(reading, kind, there) == there
            assert get(reading, kind, new) is None

    def test_a_reading_writes_nothing_of_the_salon(self, store: Store) -> None:
        """A reading has no verb that writes: neither for the salon, nor its settings, nor its audit."""
        with store.reading() as reading:
            _refused(reading, "create_salon", a_salon_record(), some_settings())
        with store.writing() as writing:
            _fill(writing, self.kinds)
        with store.reading() as reading:
            before = _everything(reading, self.kinds)
            _refused(reading, "save_settings", some_settings(version=2), 1)
            _refused(reading.audit, "append", an_entry(2))
            _refused(reading.audit, "append_many", [an_entry(2)])
        with store.reading() as reading:
            assert _everything(reading, self.kinds) == before

    def test_writers_take_turns(self, store: Store) -> None:
        """Writers of one salon take turns: the next one's block begins when the one before has ended."""
        second_began = Event()

        def write_second() -> bool:
            with store.writing() as writing:
                second_began.set()
                return get(writing, CUSTOMERS, a_customer(1)) is not None

        with store.writing() as writing:
            waiting = self.meanwhile(write_second)
            assert not second_began.wait(_A_MOMENT)
            writing.customers.add(a_customer(1))
        assert waiting.result(), "the second writer did not see what the first had kept"

    def test_no_update_is_lost_among_many_writers(self, store: Store) -> None:
        """Writers of one salon take turns: each sees what all before it have kept."""
        with store.writing() as writing:
            writing.customers.add(a_customer(1))
        self._count_up(store, store, store)

    def test_stores_of_one_name_take_turns_too(self, open_store: MakeStore) -> None:
        """Writers of one salon take turns, from however many stores (capability: shared)."""
        self.needs(Capability.SHARED)
        with open_store(NAME).writing() as writing:
            writing.customers.add(a_customer(1))
        self._count_up(open_store(NAME), open_store(NAME))

    def _count_up(self, *stores: Store) -> None:
        times, together, never = 8, Barrier(len(stores), timeout=self.patience), Event()

        def count_up(store: Store) -> Callable[[], None]:
            def call() -> None:
                for _ in range(times):
                    together.wait()
                    with store.writing() as writing:
                        customer = get(writing, CUSTOMERS, a_customer(1))
                        never.wait(_AN_INSTANT)  # in which whoever else was let in reads the same
                        writing.customers.save(evolve(customer, version=customer.version + 1), customer.version)

            return call

        with often_switching():
            for thread in [self.meanwhile(count_up(store)) for store in stores]:
                thread.result()
        with stores[0].reading() as reading:
            assert get(reading, CUSTOMERS, a_customer(1)).version == 1 + times * len(stores)

    def test_a_store_of_the_same_name_sees_what_was_kept(self, open_store: MakeStore) -> None:
        """A reading sees what is committed when it begins, by whichever store of the name (capability: shared)."""
        self.needs(Capability.SHARED)
        one, other = open_store(NAME), open_store(NAME)
        with one.writing() as writing:
            _fill(writing, self.kinds)
        assert self._read_all(other) == self._read_all(one)
        with other.writing() as writing:
            _change_everything(writing, self.kinds)
        assert self._read_all(one) == self._read_all(other)

    def test_a_writer_whose_turn_does_not_come_is_told_so(self, make_impatient_store: MakeStore | None) -> None:
        """A writer that does not get its turn within the deadline raises StoreBusy and has written nothing."""
        if make_impatient_store is None:
            pytest.skip("there is no make_impatient_store to make a store with a short deadline")
        store = make_impatient_store(NAME)
        try:
            self._refuse_second_writer(store)
        finally:
            store.close()

    def _refuse_second_writer(self, store: Store) -> None:
        def write(number: int) -> None:
            with store.writing() as writing:
                writing.customers.add(a_customer(number))

        with store.writing() as writing:
            with pytest.raises(StoreBusy):
                self.meanwhile(lambda: write(1)).result()
            writing.customers.add(a_customer(2))
        write(3)
        with store.reading() as reading:
            found = reading.customers.find(EVERYBODY, Order(), None, 10)
            assert {customer.id for customer in found} == {a_customer(2).id, a_customer(3).id}

    def test_a_writer_that_ends_lets_the_next_one_in(self, store: Store) -> None:
        """Writers of one salon take turns: also after a unit that was rolled back, in whichever thread."""

        def roll_back() -> None:
            with suppress(Undone), store.writing():
                raise Undone

        def write() -> None:
            with store.writing() as writing:
                writing.customers.add(a_customer(1))

        self.meanwhile(roll_back).result()
        self.meanwhile(write).result()

    def test_a_savepoint_is_undone_alone(self, store: Store) -> None:
        """A savepoint is undone alone where its block raises; the unit of work goes on."""
        with store.writing() as writing:
            _fill(writing, self.kinds)
            before = _everything(writing, self.kinds)
            with suppress(Undone), writing.savepoint():
                _change_everything(writing, self.kinds)
                raise Undone
            assert _everything(writing, self.kinds) == before
            _change_everything(writing, self.kinds)
            after = _everything(writing, self.kinds)
        assert self._read_all(store) == after

    @pytest.mark.parametrize("ending", [KeyboardInterrupt, StoreError])
    def test_a_savepoint_is_undone_by_any_exception(self, store: Store, ending: type[BaseException]) -> None:
        """A savepoint is undone alone where its block raises, whatever it raises; who opened it is told."""
        raised = _raisable(ending)

        def add_and_raise(writing: Writing) -> None:
            with writing.savepoint():
                writing.customers.add(a_customer(1))
                raise raised

        with store.writing() as writing:
            with pytest.raises(ending) as caught:
                add_and_raise(writing)
            assert caught.value is raised
            writing.customers.add(a_customer(2))
        assert self._ids(store) == {a_customer(2).id}

    def test_what_a_savepoint_keeps_is_kept_with_its_unit(self, store: Store) -> None:
        """A savepoint whose block ends is a part of its unit of work: kept with it."""
        with store.writing() as writing:
            with writing.savepoint():
                _fill(writing, self.kinds)
            with writing.savepoint():
                _change_everything(writing, self.kinds)
            seen = _everything(writing, self.kinds)
        assert self._read_all(store) == seen

    def test_a_savepoint_is_rolled_back_with_its_unit(self, store: Store) -> None:
        """A unit of work rolls everything back, savepoints that had ended well included."""
        before = self._read_all(store)
        with suppress(Undone), store.writing() as writing:
            with writing.savepoint():
                _fill(writing, self.kinds)
            raise Undone
        assert self._read_all(store) == before

    def test_an_inner_savepoint_is_undone_without_the_outer_one(self, store: Store) -> None:
        """Savepoints nest: the inner one is undone alone."""
        with store.writing() as writing:
            with writing.savepoint():
                writing.customers.add(a_customer(1))
                with suppress(Undone), writing.savepoint():
                    writing.customers.remove(a_customer(1).id)
                    writing.customers.add(a_customer(2))
                    raise Undone
                writing.customers.add(a_customer(3))
            writing.customers.add(a_customer(4))
        assert self._ids(store) == {a_customer(number).id for number in (1, 3, 4)}

    def test_an_outer_savepoint_takes_the_inner_ones_with_it(self, store: Store) -> None:
        """Savepoints nest: undoing the outer one undoes what ended well within it."""
        with store.writing() as writing:
            writing.customers.add(a_customer(1))
            with suppress(Undone), writing.savepoint():
                with writing.savepoint():
                    writing.customers.add(a_customer(2))
                with writing.savepoint():
                    writing.customers.add(a_customer(3))
                    writing.customers.remove(a_customer(1).id)
                raise Undone
        assert self._ids(store) == {a_customer(1).id}

    def test_savepoints_follow_one_another(self, store: Store) -> None:
        """Each savepoint is undone alone, however many came before it."""
        with store.writing() as writing:
            for number in range(1, 7):
                with suppress(Undone), writing.savepoint():
                    writing.customers.add(a_customer(number))
                    if number % 2:
                        raise Undone
        assert self._ids(store) == {a_customer(number).id for number in (2, 4, 6)}

    def _ids(self, store: Store) -> set[Any]:
        with store.reading() as reading:
            return {customer.id for customer in reading.customers.find(EVERYBODY, Order(), None, 100)}

    def test_closing_twice_is_fine(self, store: Store) -> None:
        """Closing twice is fine, also from another thread."""
        with store.reading() as reading:
            reading.audit.head()
        self.meanwhile(store.close).result()
        store.close()

    def test_a_closed_store_is_used_no_more(self, store: Store) -> None:
        """Using a closed store raises StoreError."""
        with store.writing() as writing:
            writing.customers.add(a_customer(1))
        store.close()
        with pytest.raises(StoreError), store.reading() as reading:
            reading.audit.head()
        with pytest.raises(StoreError), store.writing() as writing:
            writing.customers.add(a_customer(2))


def _refused(verbs: object, name: str, *args: object) -> None:
    """Check that a verb is not there, or that it raises StoreError."""
    verb = getattr(verbs, name, None)
    if verb is not None:
        with pytest.raises(StoreError):
            verb(*args)
