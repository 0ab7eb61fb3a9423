"""Checks of what a store may offer beside `Store`: joining a host's transaction, maintenance, exporting."""

from collections.abc import Callable, Generator
from contextlib import suppress
from pathlib import Path
from typing import Any, Final, cast

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from salon_crm.domain.audit import AuditHead
from salon_crm.domain.blocks import Block, in_force
from salon_crm.domain.criteria import EVERYBODY, Criterion, Order, OrderKey, Start, text_criterion
from salon_crm.domain.customers import Customer
from salon_crm.domain.ids import ExternalId
from salon_crm.domain.transfer.columns import export_cells
from salon_crm.errors import SalonCrmError, StoreBusy, StoreError
from salon_crm.ports.records import Kind
from salon_crm.ports.store import Copyable, Exportable, Joinable, Maintainable, Reading, Store, Walkable
from salon_crm.testing.builders import a_customer, a_note, a_salon_record, an_entry, an_instant, some_settings
from salon_crm.testing.conformance import NAME, Capability, Conformance, MakeStore, Undone, keep, records_in, sample
from salon_crm.testing.strategies import blocks, criteria, customers, external_ids

OpenBackup = Callable[[Path], Store]
"""Opens a backup as a store of its own."""
MakeHost = Callable[[str], Any]
"""Gives a host's own connection to the data of a name, in a transaction that may write."""


def _begun(store: Store) -> object:
    """Keep a salon, the first entry of its audit, and customer 1 with a note; return the store."""
    with store.writing() as writing:
        writing.create_salon(a_salon_record(), some_settings())
        writing.audit.append(an_entry(1))
        writing.customers.add(a_customer(1))
        writing.notes.add(a_note(1))
    return store


def _ids(store: Store) -> list[Any]:
    with store.reading() as reading:
        return sorted(customer.id for customer in reading.customers.find(EVERYBODY, Order(), None, 100))


def _customers(*numbers: int) -> list[Any]:
    return sorted(a_customer(number).id for number in numbers)


class JoiningChecks(Conformance):
    """What `Joinable` promises of working in a transaction that the host has open."""

    @pytest.fixture
    def make_host(self) -> MakeHost:
        """Return what opens a host's connection: given a name, one with ``commit``, ``rollback`` and ``close``."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture make_host, or no Capability.JOINING")

    @pytest.fixture
    def joinable(self, open_store: MakeStore) -> Joinable:
        """Return a store with customer 1 that joins, passing over those that do not declare it."""
        self.needs(Capability.JOINING)
        store = _begun(open_store(NAME))
        assert isinstance(store, Joinable)
        return store

    @pytest.fixture
    def host(self, joinable: Joinable, make_host: MakeHost) -> Generator[Any]:
        """Open a host's connection to the store, in a transaction that may write."""
        made = make_host(NAME)
        yield made
        made.close()

    def test_a_joined_part_is_kept_when_the_host_commits_and_not_before(self, joinable: Joinable, host: Any) -> None:
        """A part of the host's transaction is seen by itself, and by others when the host commits."""
        store = cast("Store", joinable)
        with joinable.joining(host) as writing:
            writing.customers.add(a_customer(2))
            assert writing.customers.count(EVERYBODY) == 2
        assert _ids(store) == _customers(1)
        host.commit()
        assert _ids(store) == _customers(1, 2)

    def test_the_host_s_rollback_takes_joined_parts_along(self, joinable: Joinable, host: Any) -> None:
        """Rolling back is the host's, and takes all of it."""
        for number in (2, 3):
            with joinable.joining(host) as writing:
                writing.customers.add(a_customer(number))
        host.rollback()
        assert _ids(cast("Store", joinable)) == _customers(1)

    def test_a_joined_part_that_raises_is_undone_alone(self, joinable: Joinable, host: Any) -> None:
        """Where the block raises, what it wrote is undone and the host's transaction goes on."""
        with joinable.joining(host) as writing:
            writing.customers.add(a_customer(2))
        with suppress(Undone), joinable.joining(host) as writing:
            writing.customers.remove(a_customer(2).id)
            writing.customers.add(a_customer(3))
            raise Undone
        with joinable.joining(host) as writing:
            writing.customers.add(a_customer(4))
        host.commit()
        assert _ids(cast("Store", joinable)) == _customers(1, 2, 4)

    def test_a_savepoint_of_a_joined_part_is_undone_alone(self, joinable: Joinable, host: Any) -> None:
        """A joined part is a unit of work, whose savepoints are undone alone."""
        with joinable.joining(host) as writing:
            with suppress(Undone), writing.savepoint():
                writing.customers.add(a_customer(2))
                raise Undone
            writing.customers.add(a_customer(3))
        host.commit()
        assert _ids(cast("Store", joinable)) == _customers(1, 3)

    def test_joining_takes_the_writer_s_turn(
        self, joinable: Joinable, host: Any, make_impatient_store: MakeStore | None
    ) -> None:
        """Joining takes the writer's turn at once, and the host keeps it until its transaction ends."""
        if make_impatient_store is None:
            pytest.skip("the store's deadline cannot be set")
        other = make_impatient_store(NAME)
        try:
            with joinable.joining(host), pytest.raises(StoreBusy), other.writing():
                pytest.fail("there were two writers")
            host.rollback()
            with other.writing() as writing:
                writing.customers.add(a_customer(2))
        finally:
            other.close()

    def test_a_joined_part_serves_inside_its_block_only(self, joinable: Joinable, host: Any) -> None:
        """A part ends with its block."""
        with joinable.joining(host) as writing:
            customers = writing.customers
        with pytest.raises(StoreError):
            customers.add(a_customer(2))
        host.rollback()

    def test_a_connection_to_other_data_is_not_joined(
        self, joinable: Joinable, open_store: MakeStore, make_host: MakeHost
    ) -> None:
        """Joining refuses a connection to other data, and what is no connection, by an error of salon_crm."""
        _begun(open_store(f"another {NAME}"))
        other = make_host(f"another {NAME}")
        try:
            for wrong in (other, None, object()):
                with pytest.raises(SalonCrmError), joinable.joining(wrong):
                    pytest.fail("it was joined")
        finally:
            other.close()


class BackupChecks(Conformance):
    """What `Copyable` promises of backups."""

    @pytest.fixture
    def open_backup(self) -> OpenBackup:
        """Return what opens a backup as a store of its own, given its path."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture open_backup, or no Capability.BACKUP")

    @pytest.fixture
    def copyable(self, open_store: MakeStore) -> Copyable:
        """Return a store with customer 1 that can be backed up, passing over those that do not declare it."""
        self.needs(Capability.BACKUP)
        store = _begun(open_store(NAME))
        assert isinstance(store, Copyable)
        return store

    def test_a_backup_is_a_store_of_its_own_as_it_was_then(
        self, copyable: Copyable, open_backup: OpenBackup, tmp_path: Path
    ) -> None:
        """A backup holds everything as it was at one moment, and says what it holds."""
        store = cast("Store", copyable)
        made = copyable.backup(str(tmp_path / "backup"))
        with store.writing() as writing:
            writing.customers.add(a_customer(2))
        copy = open_backup(tmp_path / "backup")
        try:
            with copy.reading() as reading:
                assert reading.salon() == a_salon_record()
                assert reading.settings() == some_settings()
                assert reading.notes.get_many([a_note(1).id]) == {a_note(1).id: a_note(1)}
                assert reading.audit.head() == AuditHead.of(an_entry(1))
            assert _ids(copy) == _customers(1)
        finally:
            copy.close()
        assert (made.customers, made.head.sequence, made.head.digest) == (1, 1, an_entry(1).digest)

    def test_a_backup_does_not_hold_what_is_not_committed(
        self, copyable: Copyable, open_backup: OpenBackup, tmp_path: Path
    ) -> None:
        """A backup is taken while others write, and holds what was committed."""
        with cast("Store", copyable).writing() as writing:
            writing.customers.add(a_customer(2))
            self.meanwhile(lambda: copyable.backup(str(tmp_path / "backup"))).result()
        copy = open_backup(tmp_path / "backup")
        try:
            assert _ids(copy) == _customers(1)
        finally:
            copy.close()

    def test_a_backup_leaves_a_place_that_is_taken_as_it_is(self, copyable: Copyable, tmp_path: Path) -> None:
        """A backup takes no place that is taken."""
        (tmp_path / "backup").write_bytes(b"mine")
        with pytest.raises(SalonCrmError):
            copyable.backup(str(tmp_path / "backup"))
        assert (tmp_path / "backup").read_bytes() == b"mine"


class MaintenanceChecks(Conformance):
    """What `Maintainable` promises of health and rebuilding."""

    @pytest.fixture
    def maintainable(self, open_store: MakeStore) -> Maintainable:
        """Return a store with customer 1 that can be looked after, passing over those that do not declare it."""
        self.needs(Capability.MAINTENANCE)
        store = _begun(open_store(NAME))
        assert isinstance(store, Maintainable)
        return store

    def test_a_sound_store_is_found_sound_and_left_as_it_is(self, maintainable: Maintainable) -> None:
        """Checking finds nothing wrong with a store that only saw its own verbs, and changes nothing."""
        health = maintainable.health()
        assert (health.damage, health.search_sound, health.schema) == ((), True, health.schema_known)
        assert health.size > 0
        assert _ids(cast("Store", maintainable)) == _customers(1)

    def test_a_search_index_made_anew_finds_as_before(self, maintainable: Maintainable) -> None:
        """Making the index anew changes no answer, and goes with its unit of work."""
        store = cast("Store", maintainable)
        with store.writing() as writing:
            writing.customers.add(a_customer(2))
            assert maintainable.rebuild_search(writing) == 2
        with suppress(Undone), store.writing() as writing:
            writing.customers.add(a_customer(3))
            assert maintainable.rebuild_search(writing) == 3
            raise Undone
        criterion = text_criterion(a_customer(2).name)
        with store.reading() as reading:
            found = reading.customers.find(criterion, Order(), None, 100)
        assert a_customer(2).id in {customer.id for customer in found}
        assert a_customer(3).id not in {customer.id for customer in found}
        assert maintainable.health().search_sound


_ADDED: Final = Order(OrderKey.ADDED)


class ExportChecks(Conformance):
    """What `Exportable` promises of customers that go out without being built."""

    @pytest.fixture
    def exporting(self, store: Store) -> Store:
        """Return an empty store that exports, passing over those that do not declare it."""
        self.needs(Capability.EXPORTING, Capability.BLOCKS)
        with store.reading() as reading:
            assert isinstance(reading.customers, Exportable)
        return store

    def test_cells_of_an_export_are_those_of_the_customers(self, exporting: Store) -> None:
        """Every cell is what the customer and the block in force give, in the order they were added."""
        population = st.lists(customers(), max_size=6, unique_by=lambda customer: customer.id)
        asked = criteria(of_bookings=self.has_panel)

        @settings(deadline=None)
        @given(population, st.lists(blocks(), max_size=5, unique_by=lambda block: block.id), external_ids(), asked)
        def exported_as_found(found: list[Customer], kept: list[Block], external: ExternalId, asked: Criterion) -> None:
            with suppress(Undone), exporting.writing() as writing:
                for place, customer in enumerate(found):
                    writing.customers.add(evolve(customer, external_ids=() if place else (external,)))
                for block in kept:
                    if writing.customers.get_many([block.customer_id]):
                        writing.blocks.add(block)
                for criterion in (EVERYBODY, asked):
                    assert _exported(writing, criterion, None, 100) == _cells(writing, criterion, None, 100)
                raise Undone

        exported_as_found()

    def test_an_export_goes_on_behind_a_start(self, exporting: Store) -> None:
        """A slice begins behind the start, also among customers added at one instant, and is as long as asked."""
        together = [a_customer(number, added=an_instant(number // 3)) for number in range(1, 8)]
        with exporting.writing() as writing:
            writing.customers.add_many(together)
        with exporting.reading() as reading:
            for start in (None, *(Start(customer.added, customer.id) for customer in together)):
                for limit in (0, 1, 3, 100):
                    found = _exported(reading, EVERYBODY, start, limit)
                    assert found == _cells(reading, EVERYBODY, start, limit)
            assert len(_exported(reading, EVERYBODY, None, 100)) == len(together)


def _exported(reading: Reading, criterion: Criterion, start: Start | None, limit: int) -> list[tuple[str, ...]]:
    able: object = reading.customers
    assert isinstance(able, Exportable)
    return list(map(tuple, able.export_rows(criterion, start, limit)))


def _cells(reading: Reading, criterion: Criterion, start: Start | None, limit: int) -> list[tuple[str, ...]]:
    """Return the cells that customers and their blocks give."""
    found = reading.customers.find(criterion, _ADDED, start, limit)
    kept = reading.blocks.of_customers([customer.id for customer in found])
    held = [next(iter(in_force(kept.get(customer.id, ()))), None) for customer in found]
    return [tuple(export_cells(customer, block)) for customer, block in zip(found, held, strict=True)]


class WalkingChecks(Conformance):
    """What `Walkable` promises of reading all there is."""

    def test_all_records_are_walked_in_the_order_of_their_identities(self, store: Store, kind: Kind[Any]) -> None:
        """``walk`` goes on behind an identity, there or not, and comes to every record once, whatever is asked for."""
        self.needs(Capability.WALKING)
        there = [sample(kind, number) for number in (260, 7, 3, 300, 5, 1, 256)]
        gone = [sample(kind, number) for number in (4, 258)]
        with store.writing() as writing:
            keep(writing, kind, *there, *gone)
            for record in gone:
                records_in(writing, kind).remove(kind.identity(record))
        in_order = sorted(there, key=kind.identity)
        with store.reading() as reading:
            records: object = records_in(reading, kind)
            assert isinstance(records, Walkable)
            assert list(records.walk(None, 100)) == in_order
            for start in (*there, *gone):
                behind = [record for record in in_order if kind.identity(record) > kind.identity(start)]
                for limit in (0, 1, 3, 100):
                    assert list(records.walk(kind.identity(start), limit)) == behind[:limit]
            assert list(records.walk(None, 2)) == in_order[:2]
            assert list(records.walk(None, 0)) == []
