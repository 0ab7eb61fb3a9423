"""Stores that break one promise each: what the kit must find out.

Most stand before a `MemoryStore` and let everything through but what they spoil; a few spoil the SQLite
store. The docstring of each says what it does wrong, and `caught_by` which checks must fail for it.
"""

import re
import sqlite3
import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import closing, contextmanager, nullcontext, suppress
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

import pytest
from attrs import evolve, fields, frozen

from salon_crm.adapters.memory import MemoryStore
from salon_crm.adapters.memory.store import _State, _Table, _Unit
from salon_crm.adapters.sql.repositories import SqlCustomers
from salon_crm.adapters.sql.unit import SqlUnit
from salon_crm.adapters.sqlite import SQLiteStore
from salon_crm.adapters.sqlite.dialect import SQLiteDialect
from salon_crm.adapters.sqlite.joining import JoinedConnection, joined_unit
from salon_crm.domain.audit import AuditHead
from salon_crm.domain.criteria import AllOf, AnyOf, Compare, Fact, Not, OneOf, Op, OrderKey, Text
from salon_crm.domain.customers import Customer, Gender, SearchKeys, contact_keys, search_keys
from salon_crm.domain.dates import PartialDate
from salon_crm.errors import Conflict, NotSupported
from salon_crm.ports.records import CUSTOMERS, KINDS, KeyKind
from salon_crm.ports.store import AuditQuery, StoreCopy, StoreHealth, Writing, check_sequences
from salon_crm.testing import IN_MEMORY, Capability, StoreConformance, some_settings
from salon_crm.testing.conformance import MakeStore

C = TypeVar("C", bound=type[Any])


@frozen
class Saboteur:
    """A store that breaks a promise, and the checks that must find it out."""

    make: Callable[[Path], Any]
    name: str
    caught_by: tuple[str, ...]
    capabilities: frozenset[Capability]


SABOTEURS: Final[list[Saboteur]] = []


def caught_by(*checks: str, capabilities: frozenset[Capability] = IN_MEMORY) -> Callable[[C], C]:
    """Enlist a store: a class called with nothing, or with a path where it keeps a file."""

    def enlist(store: C) -> C:
        call: Callable[..., Any] = store

        def make(path: Path) -> Any:
            return call(path) if issubclass(store, SQLiteStore | KeptByPath) else call()

        SABOTEURS.append(Saboteur(make, store.__name__, tuple(f"test_{check}" for check in checks), capabilities))
        return store

    return enlist


CHECKS: Final = frozenset(name for name in dir(StoreConformance) if name.startswith("test_"))
"""The checks of the kit."""

_ABOUT_TURNS: Final = {"test_a_writer_whose_turn_does_not_come_is_told_so", "test_joining_takes_the_writer_s_turn"}
"""Checks that need a store whose writers do not wait long; the others go without, which saves time."""


def conformance_of(saboteur: Saboteur) -> type[StoreConformance]:
    """Return the test class that the kit makes of a saboteur, with the checks alone that must find it out."""

    class Sabotaged(StoreConformance):
        capabilities = saboteur.capabilities
        patience = 0.3

        @pytest.fixture
        def make_store(self, tmp_path: Path) -> MakeStore:
            return lambda name: saboteur.make(tmp_path / f"{name}.db")

        @pytest.fixture
        def make_host(self, tmp_path: Path) -> Callable[[str], Any]:
            return lambda name: begun_by_host(tmp_path / f"{name}.db")

        @pytest.fixture
        def open_backup(self) -> Callable[[Path], Any]:
            return SQLiteStore

        @pytest.fixture
        def make_impatient_store(self, make_store: MakeStore) -> MakeStore | None:
            return make_store if _ABOUT_TURNS & set(saboteur.caught_by) else None

    for check in CHECKS.difference(saboteur.caught_by):
        setattr(Sabotaged, check, None)  # no test to pytest, which takes longer to collect them all than to run the few
    return Sabotaged


def begun_by_host(path: Path) -> sqlite3.Connection:
    """Return a host's own connection to a salon's file, in a transaction that may write."""
    host = sqlite3.connect(path, isolation_level=None)
    for statement in ("PRAGMA foreign_keys = ON", "PRAGMA secure_delete = ON", "BEGIN IMMEDIATE"):
        host.execute(statement)
    return host


class Proxy:
    """Stands before something and lets everything through that it does not do itself."""

    def __init__(self, inner: Any) -> None:
        self.inner = inner

    def __getattr__(self, name: str) -> Any:
        return getattr(self.inner, name)


class Tampered(Proxy):
    """A store in memory whose units and repositories are seen through proxies."""

    Unit: ClassVar[type[Proxy]] = Proxy
    Repository: ClassVar[type[Proxy]] = Proxy
    Audit: ClassVar[type[Proxy]] = Proxy

    def __init__(self) -> None:
        super().__init__(MemoryStore(deadline=0.3))

    @contextmanager
    def reading(self) -> Generator[Any]:
        with self.inner.reading() as unit:
            yield self._seen(unit)

    @contextmanager
    def writing(self) -> Generator[Any]:
        with self.inner.writing() as unit:
            yield self._seen(unit)

    def _seen(self, unit: Any) -> Any:
        store = self

        class Seen(Proxy):
            def __getattr__(self, name: str) -> Any:
                value = getattr(self.inner, name)
                if name in KINDS:
                    return store.Repository(value)
                return store.Audit(value) if name == "audit" else value

        return Seen(self.Unit(unit))


def instants_as(change: Callable[[datetime], datetime]) -> type[Proxy]:
    """Return repositories that keep every instant as something else."""

    def spoilt(thing: Any) -> Any:
        named = [f.name for f in fields(type(thing)) if isinstance(getattr(thing, f.name), datetime)]
        return evolve(thing, **{name: change(getattr(thing, name)) for name in named})

    return what_is_written(spoilt)


def what_is_written(spoil: Callable[[Any], Any]) -> type[Proxy]:
    """Return repositories that keep something else than they are given."""

    class Spoiling(Proxy):
        def add(self, thing: Any) -> None:
            self.inner.add(spoil(thing))

        def save(self, thing: Any, expected_version: int) -> None:
            self.inner.save(spoil(thing), expected_version)

    return Spoiling


def what_is_asked(rewrite: Callable[[Any], Any]) -> type[Proxy]:
    """Return repositories that answer another criterion, or another query, than they are asked."""

    def rewritten(criterion: Any) -> Any:
        match criterion:
            case AllOf(parts):
                return rewrite(AllOf(tuple(rewritten(part) for part in parts)))
            case AnyOf(parts):
                return rewrite(AnyOf(tuple(rewritten(part) for part in parts)))
            case Not(part):
                return rewrite(Not(rewritten(part)))
            case _:
                return rewrite(criterion)

    class Rewriting(Proxy):
        def find(self, criterion: Any, *rest: Any, **order: Any) -> Any:
            return self.inner.find(rewritten(criterion), *rest, **order)

        def count(self, criterion: Any, at_most: int | None = None) -> Any:
            return self.inner.count(rewritten(criterion), at_most)

    return Rewriting


# ------------------------------------------------------------------------------- units of work


@caught_by(
    "what_is_rolled_back_is_gone",
    "a_unit_that_follows_one_rolled_back_starts_from_what_was_kept",
    "a_savepoint_is_rolled_back_with_its_unit",
)
class CommitsWhatFailed(Tampered):
    """Ignores rollback: what a block wrote before it raised is kept."""

    @contextmanager
    def writing(self) -> Generator[Any]:
        raised: BaseException | None = None
        with self.inner.writing() as unit:
            try:
                yield unit
            except BaseException as error:  # noqa: BLE001  -- that is the sabotage
                raised = error
        if raised is not None:
            raise raised


@caught_by("what_is_rolled_back_is_gone")
class RollsBackErrorsOnly(Tampered):
    """Rolls back where an error is raised, and commits where somebody presses Ctrl-C."""

    @contextmanager
    def writing(self) -> Generator[Any]:
        stopped: BaseException | None = None
        with self.inner.writing() as unit:
            try:
                yield unit
            except (KeyboardInterrupt, SystemExit) as error:
                stopped = error
        if stopped is not None:
            raise stopped


@caught_by("what_is_rolled_back_is_gone")
class SwallowsExceptions(Tampered):
    """Rolls back, and lets nobody know why."""

    @contextmanager
    def writing(self) -> Generator[Any]:
        with suppress(Exception), self.inner.writing() as unit:
            yield unit


@caught_by(
    "a_savepoint_is_undone_alone",
    "an_inner_savepoint_is_undone_without_the_outer_one",
    "an_entry_rolled_back_leaves_its_place_to_the_next",
    "any_program_ends_as_in_memory",
    "a_savepoint_is_undone_by_any_exception",
    "an_outer_savepoint_takes_the_inner_ones_with_it",
)
class IgnoresSavepoints(Tampered):
    """Undoes nothing where a savepoint's block raises."""

    class Unit(Proxy):
        @contextmanager
        def savepoint(self) -> Generator[None]:
            yield


@caught_by("a_savepoint_is_undone_alone", "an_entry_rolled_back_leaves_its_place_to_the_next")
class KeepsTheAuditOfWhatWasUndone(Tampered):
    """Undoes what a savepoint's block wrote, but not what it recorded."""

    class Unit(Proxy):
        @contextmanager
        def savepoint(self) -> Generator[None]:
            recorded = self.inner.state.audit
            try:
                with self.inner.savepoint():
                    try:
                        yield
                    finally:
                        recorded = self.inner.state.audit
            finally:
                self.inner.state.audit = recorded


@caught_by("an_inner_savepoint_is_undone_without_the_outer_one", "savepoints_follow_one_another")
class UndoesTheWholeUnit(Tampered):
    """Undoes everything of the unit of work where one savepoint's block raises."""

    class Unit(Proxy):
        def __init__(self, inner: Any) -> None:
            super().__init__(inner)
            self.before = inner.state.copy()

        @contextmanager
        def savepoint(self) -> Generator[None]:
            try:
                yield
            except BaseException:
                self.inner.state.__dict__.update(self.before.copy().__dict__)
                self.inner._owned.clear()
                raise


@caught_by("what_a_savepoint_keeps_is_kept_with_its_unit")
class UndoesEverySavepoint(Tampered):
    """Undoes what a savepoint's block wrote, also where it ends well."""

    class Unit(Proxy):
        @contextmanager
        def savepoint(self) -> Generator[None]:
            with suppress(_AllTheSame), self.inner.savepoint():
                yield
                raise _AllTheSame


class _AllTheSame(Exception):
    pass


@caught_by(
    "a_reading_sees_one_state_from_its_first_read_to_its_end",
    "what_is_not_committed_is_seen_by_nobody_else",
    "a_reading_never_waits_for_a_writer",
)
class ShowsWhatIsNotCommitted(Tampered):
    """Shows readers what a writer is writing."""

    writer: Any = None

    @contextmanager
    def writing(self) -> Generator[Any]:
        with self.inner.writing() as self.writer:
            yield self.writer
        self.writer = None

    @contextmanager
    def reading(self) -> Generator[Any]:
        with self.inner.reading() as unit:
            store = self

            class Live(Proxy):
                def __getattr__(self, name: str) -> Any:
                    return getattr(store.writer or self.inner, name)

            yield Live(unit)


@caught_by("a_reading_sees_one_state_from_its_first_read_to_its_end")
class SeesLaterCommits(MemoryStore):
    """Reads each thing as it is by now, in a reading begun before."""

    @contextmanager
    def reading(self) -> Generator[_Unit]:
        store = self

        class Live(_Unit):
            @property
            def state(self) -> _State:
                assert super().state is not None  # not after its end
                return store._state

        with super().reading() as unit:
            live = Live(unit.state, writable=False)
            yield live
            live.end()


@caught_by(
    "a_reading_never_waits_for_a_writer",
    "what_is_not_committed_is_seen_by_nobody_else",
    "a_reading_keeps_no_writer_waiting",
)
class ReadersWait(Tampered):
    """Takes the writer's turn to read."""

    @contextmanager
    def reading(self) -> Generator[Any]:
        with self.inner.writing() as unit:
            yield unit


@caught_by("a_reading_has_no_verb_that_writes", "a_reading_writes_nothing_of_the_salon")
class ForgetsWhatReadersWrite(MemoryStore):
    """Lets a reading write, silently, and forgets it."""

    @contextmanager
    def reading(self) -> Generator[_Unit]:
        with super().reading() as unit:
            yield _Unit(unit.state, writable=True)


@caught_by("what_is_written_is_seen_by_its_own_unit_at_once", "saving_replaces_the_record_and_its_keys")
class HidesOwnWrites(Tampered):
    """Shows a unit of work the customers there were when it began."""

    @contextmanager
    def writing(self) -> Generator[Any]:
        with self.inner.reading() as before, self.inner.writing() as unit:

            class Stale(Proxy):
                @property
                def customers(self) -> Any:
                    class Customers(Proxy):
                        get_many = before.customers.get_many
                        find = before.customers.find

                    return Customers(self.inner.customers)

            yield Stale(unit)


@caught_by("writers_take_turns", "no_update_is_lost_among_many_writers")
class TakesNoTurns(MemoryStore):
    """Lets every writer in at once: the last one to commit wins."""

    def __init__(self) -> None:
        super().__init__()
        self._turn: Any = threading.Semaphore(1_000)


@caught_by("a_writer_whose_turn_does_not_come_is_told_so")
class WaitsForEver(MemoryStore):
    """Knows no deadline."""

    def __init__(self) -> None:
        super().__init__(deadline=60)


@caught_by("a_writer_that_ends_lets_the_next_one_in")
class NeverGivesTheTurnBack(Tampered):
    """Keeps the turn of a writer whose block raised."""

    @contextmanager
    def writing(self) -> Generator[Any]:
        try:
            with self.inner.writing() as unit:
                yield unit
        except BaseException:
            self.inner._turn.acquire(blocking=False)
            self.inner._deadline = 0.1
            raise


@caught_by("a_closed_store_is_used_no_more")
class NeverCloses(Tampered):
    """Goes on after it was closed."""

    def close(self) -> None:
        """Do nothing."""


@caught_by("closing_twice_is_fine")
class ClosesOnce(Tampered):
    """Cannot be closed twice."""

    closed = False

    def close(self) -> None:
        assert not self.closed
        self.closed = True
        self.inner.close()


@caught_by(
    "what_was_kept_is_there_after_opening_again",
    "a_salon_is_there_after_opening_again",
    "entries_are_there_after_opening_again",
    "a_store_of_the_same_name_sees_what_was_kept",
    "stores_of_one_name_take_turns_too",
    capabilities=frozenset(Capability),
)
class ForgetsOnClosing(MemoryStore):
    """Says that it keeps what it was given, and forgets it when it is closed."""


@caught_by("a_new_name_is_an_empty_store", capabilities=frozenset(Capability))
class KnowsNoNames(SQLiteStore):
    """Keeps every salon in one and the same file."""

    def __init__(self, path: Path) -> None:
        super().__init__(path.with_name("one.db"))


class Hosted(SQLiteStore):
    """The SQLite store; saboteurs below it spoil what it offers beside `Store`."""


ABILITIES: Final = frozenset({Capability.JOINING, Capability.BACKUP, Capability.MAINTENANCE, Capability.EXPORTING})
"""All that is asked of them, which saves time."""


@caught_by(
    "a_joined_part_is_kept_when_the_host_commits_and_not_before",
    "the_host_s_rollback_takes_joined_parts_along",
    capabilities=ABILITIES,
)
class CommitsForTheHost(Hosted):
    """Commits what it joined."""

    @contextmanager
    def joining(self, connection: Any) -> Generator[SqlUnit]:
        with super().joining(connection) as unit:
            yield unit
        connection.commit()
        connection.execute("BEGIN IMMEDIATE")


WALKING: Final = frozenset({Capability.WALKING, Capability.NOTES, Capability.MARKS})


@caught_by("all_records_are_walked_in_the_order_of_their_identities", capabilities=WALKING)
class WalksAsItKept(Tampered):
    """Gives everything in the order in which it was kept."""

    class Repository(Proxy):
        def walk(self, after: Any, limit: int) -> Any:
            kept = list(self.inner._table.rows)
            first = 0 if after is None else kept.index(after) + 1 if after in kept else len(kept)
            return [self.inner._table.rows[identity] for identity in kept[first:][:limit]]


@caught_by("all_records_are_walked_in_the_order_of_their_identities", capabilities=WALKING)
class WalksOverTheLastAgain(Tampered):
    """Begins a page with the record that the last one ended with."""

    class Repository(Proxy):
        def walk(self, after: Any, limit: int) -> Any:
            found = self.inner.walk(after, limit)
            last = self.inner.get_many([] if after is None else [after])
            return [*last.values(), *found][:limit]


@caught_by("a_joined_part_that_raises_is_undone_alone", capabilities=ABILITIES)
class LeavesWhatItJoined(Hosted):
    """Leaves what a block wrote that raises."""

    @contextmanager
    def joining(self, connection: object) -> Generator[SqlUnit]:
        raised = None
        with super().joining(connection) as unit:
            try:
                yield unit
            except Exception as error:  # noqa: BLE001 - raised below
                raised = error
        if raised is not None:
            raise raised


@caught_by("a_backup_leaves_a_place_that_is_taken_as_it_is", capabilities=ABILITIES)
class ReplacesTheLastBackup(Hosted):
    """Takes the place of what is there."""

    def backup(self, path: str) -> StoreCopy:
        Path(path).unlink(missing_ok=True)
        return super().backup(path)


@caught_by("a_savepoint_of_a_joined_part_is_undone_alone", capabilities=ABILITIES)
class JoinsWithoutSavepoints(Hosted):
    """Opens no savepoints in what it joined."""

    class _Flat(Proxy):
        def savepoint(self) -> Any:
            return nullcontext()

    @contextmanager
    def joining(self, connection: object) -> Generator[Any]:
        with super().joining(connection) as unit:
            yield self._Flat(unit)


@caught_by("joining_takes_the_writer_s_turn", capabilities=ABILITIES)
class GivesTheTurnBack(Hosted):
    """Joins a transaction that has still to get its turn."""

    class _Deferred(JoinedConnection):
        def _take_turn(self) -> None:
            self._raw.commit()
            self._raw.execute("BEGIN DEFERRED")

    @contextmanager
    def joining(self, connection: object) -> Generator[SqlUnit]:
        if not isinstance(connection, sqlite3.Connection):
            connection = None
        unit = SqlUnit(self._Deferred(connection, self._identity), SQLiteDialect())
        with unit.savepoint():
            yield unit
        unit.end()


@caught_by("a_joined_part_serves_inside_its_block_only", capabilities=ABILITIES)
class ServesForEver(Hosted):
    """Lets what was joined be used after its block."""

    @contextmanager
    def joining(self, connection: object) -> Generator[SqlUnit]:
        with super().joining(connection):
            yield SqlUnit(JoinedConnection(connection, self._identity), SQLiteDialect())


@caught_by("a_connection_to_other_data_is_not_joined", capabilities=ABILITIES)
class JoinsAnySalon(Hosted):
    """Joins a connection to any salon's file."""

    @contextmanager
    def joining(self, connection: object) -> Generator[SqlUnit]:
        if isinstance(connection, sqlite3.Connection):
            there = Path(connection.execute("PRAGMA database_list").fetchone()[2]).stat()
            with joined_unit(connection, (there.st_dev, there.st_ino), SQLiteDialect()) as unit:
                yield unit
        else:
            with super().joining(connection) as unit:
                yield unit


@caught_by("a_backup_is_a_store_of_its_own_as_it_was_then", capabilities=ABILITIES)
class CountsOneMore(Hosted):
    """Says of a backup that one more is in it."""

    def backup(self, path: str) -> StoreCopy:
        made = super().backup(path)
        return evolve(made, customers=made.customers + 1)


@caught_by("a_backup_does_not_hold_what_is_not_committed", capabilities=ABILITIES)
class CopiesWhatIsBeingWritten(Hosted):
    """Copies what a writer sees, committed or not."""

    def backup(self, path: str) -> StoreCopy:
        made = super().backup(path)
        with closing(sqlite3.connect(path)) as copy:
            self._writer.raw.backup(copy)
        return made


@caught_by("a_sound_store_is_found_sound_and_left_as_it_is", capabilities=ABILITIES)
class FindsDamageEverywhere(Hosted):
    """Finds damage in what is sound."""

    def health(self) -> StoreHealth:
        return evolve(super().health(), damage=("row 1 is missing from an index",))


@caught_by("a_search_index_made_anew_finds_as_before", capabilities=ABILITIES)
class RebuildsWhatItWillKeep(Hosted):
    """Makes the index of everybody anew, and says of nobody."""

    def rebuild_search(self, writing: Writing) -> int:
        super().rebuild_search(writing)
        return 0


class Exporting(Hosted):
    """The SQLite store; saboteurs below it spoil how its customers go out."""

    Customers: ClassVar[type[Proxy]]

    @contextmanager
    def reading(self) -> Generator[Any]:
        with super().reading() as unit:
            yield self._seen(unit)

    @contextmanager
    def writing(self) -> Generator[Any]:
        with super().writing() as unit:
            yield self._seen(unit)

    def _seen(self, unit: SqlUnit) -> Proxy:
        seen = Proxy(unit)
        vars(seen)["customers"] = self.Customers(unit.customers)
        return seen


@caught_by("cells_of_an_export_are_those_of_the_customers", capabilities=ABILITIES | IN_MEMORY)
class ForgetsWhyInExports(Exporting):
    """Says of nobody why they are blocked."""

    class Customers(Proxy):
        def export_rows(self, criterion: Any, start: Any, limit: int) -> Any:
            return [(*cells[:-1], "") for cells in self.inner.export_rows(criterion, start, limit)]


@caught_by("an_export_goes_on_behind_a_start", capabilities=ABILITIES | IN_MEMORY)
class RepeatsWhereItStopped(Exporting):
    """Begins a slice with the row that the one before ended with."""

    class Customers(Proxy):
        def export_rows(self, criterion: Any, start: Any, limit: int) -> Any:
            if start is not None:
                start = evolve(start, id=type(start.id)(int=start.id.int - 1))
            return self.inner.export_rows(criterion, start, limit)


# ------------------------------------------------------------------------------- repositories


@caught_by(
    "a_record_comes_back_equal_in_every_field",
    "customers_are_found_by_the_instant_they_were_added",
    "any_customer_comes_back_equal",
    "a_record_is_made_of_a_customer_who_is_there",
)
class LosesMicroseconds(Tampered):
    """Keeps instants to the second."""

    Repository = instants_as(lambda instant: instant.replace(microsecond=0))


@caught_by("an_instant_given_in_another_zone_comes_back_the_same_instant", "a_record_comes_back_equal_in_every_field")
class LosesTheZone(Tampered):
    """Keeps the wall time of an instant and calls it UTC."""

    Repository = instants_as(lambda instant: instant.replace(tzinfo=UTC))


@caught_by("a_record_comes_back_equal_in_every_field")
class CutsLongTexts(Tampered):
    """Keeps the first 255 characters of a text, as a column of yore."""

    Repository = what_is_written(
        lambda thing: evolve(
            thing,
            **{
                f.name: getattr(thing, f.name)[:255]
                for f in fields(type(thing))
                if isinstance(getattr(thing, f.name), str) and type(getattr(thing, f.name)) is str
            },
        )
    )


def _with_birthday(thing: Any) -> Any:
    if not isinstance(thing, Customer) or thing.birthday is None or thing.birthday.year:
        return thing
    return evolve(thing, birthday=PartialDate(thing.birthday.month, thing.birthday.day, 1900 + 4))


@caught_by("a_record_comes_back_equal_in_every_field", "any_customer_comes_back_equal")
class MakesUpYears(Tampered):
    """Keeps a birthday without a year as one of 1904."""

    Repository = what_is_written(_with_birthday)


@caught_by("a_record_comes_back_equal_in_every_field", "an_edited_record_comes_back_equal_in_every_field")
class ComputesEmailKeys(Tampered):
    """Keeps an e-mail's address, and makes its key anew."""

    Repository = what_is_written(
        lambda thing: (
            evolve(thing, email=thing.email and evolve(thing.email, key=thing.email.address.casefold()))
            if isinstance(thing, Customer)
            else thing
        )
    )


@caught_by(
    "a_record_at_another_version_is_not_replaced",
    "a_kind_without_versions_is_never_saved_anew",
)
class IgnoresVersions(Tampered):
    """Lets the last one to save win, whatever version they had read."""

    class Repository(Proxy):
        def save(self, thing: Any, expected_version: int) -> None:
            stored = self.inner.get_many([self.inner._kind.identity(thing)])
            self.inner.save(thing, next((each.version for each in stored.values()), expected_version))


@caught_by(
    "a_record_that_is_gone_cannot_be_saved",
    "who_is_gone_is_not_found_whatever_they_hold",
)
class SavesWhatIsGone(Tampered):
    """Adds what is saved where it is gone."""

    class Repository(Proxy):
        def save(self, thing: Any, expected_version: int) -> None:
            if self.inner._kind.versioned and not self.inner.get_many([self.inner._kind.identity(thing)]):
                self.inner.add(thing)
            else:
                self.inner.save(thing, expected_version)


@caught_by(
    "an_identity_is_held_once",
    "what_a_refused_verb_leaves_can_still_be_kept",
)
class Upserts(Tampered):
    """Replaces what is added twice."""

    class Repository(Proxy):
        def add(self, thing: Any) -> None:
            try:
                self.inner.add(thing)
            except Conflict:
                self.inner.remove(self.inner._kind.identity(thing))
                self.inner.add(thing)


@caught_by("what_is_not_there_cannot_be_removed")
class RemovesWhatIsNotThere(Tampered):
    """Removes without looking."""

    class Repository(Proxy):
        def remove(self, identity: Any) -> None:
            if self.inner.get_many([identity]):
                self.inner.remove(identity)


@caught_by("what_is_removed_is_found_no_more", "what_was_removed_may_be_added_again")
class RemovesNothing(Tampered):
    """Keeps what is removed, as one who hides rows instead of deleting them and forgets to hide them."""

    class Repository(Proxy):
        def remove(self, identity: Any) -> None:
            if not self.inner.get_many([identity]):
                self.inner.remove(identity)


@caught_by("records_that_are_absent_are_left_out")
class InventsTheAbsent(Tampered):
    """Returns None for records that are absent."""

    class Repository(Proxy):
        def get_many(self, identities: Iterable[Any]) -> Mapping[Any, Any]:
            asked = list(identities)
            return {**dict.fromkeys(asked), **self.inner.get_many(asked)}


@caught_by("any_number_of_records_is_got_at_once")
class TakesAThousand(Tampered):
    """Answers for the first thousand that are asked for."""

    class Repository(Proxy):
        def get_many(self, identities: Iterable[Any]) -> Mapping[Any, Any]:
            found: Mapping[Any, Any] = self.inner.get_many(list(identities)[:1_000])
            return found


@caught_by(
    "holders_of_a_key_come_in_the_order_of_their_identities",
    "customers_are_met_by_the_words_of_each_name",
)
class HoldersInNoOrder(Tampered):
    """Returns the holders of a key as they happen to come."""

    class Repository(Proxy):
        def by_key(self, key: str, values: Iterable[Any]) -> Mapping[Any, Any]:
            return {value: held[::-1] for value, held in self.inner.by_key(key, values).items()}


@caught_by("records_of_customers_come_in_the_order_of_their_identities")
class RecordsOfCustomersInNoOrder(Tampered):
    """Returns a customer's records as they happen to come."""

    class Repository(Proxy):
        def of_customers(self, customer_ids: Iterable[Any]) -> Mapping[Any, Any]:
            return {each: held[::-1] for each, held in self.inner.of_customers(customer_ids).items()}


@caught_by(
    "a_customer_is_met_by_every_contact_they_have_or_had",
    "a_record_is_found_by_every_value_of_every_key",
    "a_contact_that_was_forgotten_meets_nobody",
)
class ForgetsFormerContacts(Tampered):
    """Knows customers by the contacts they have, and not by those they had."""

    class Repository(Proxy):
        def by_key(self, key: str, values: Iterable[Any]) -> Mapping[Any, Any]:
            found = self.inner.by_key(key, values)
            if key != "contact":
                return dict(found)
            still = {
                value: tuple(customer for customer in held if value in contact_keys(customer, former=False))
                for value, held in found.items()
            }
            return {value: held for value, held in still.items() if held}


@caught_by(
    "an_external_id_belongs_to_one_customer",
    "an_external_id_of_another_is_not_taken_by_an_edit",
    "an_external_id_moved_in_a_savepoint_moves_back",
)
class SharesExternalIds(MemoryStore):
    """Lets two customers hold one external id."""

    def __init__(self) -> None:
        super().__init__()
        shared = KeyKind(False, CUSTOMERS.keys["external_id"].values)
        kind = evolve(CUSTOMERS, keys={**CUSTOMERS.keys, "external_id": shared})
        self._state.tables["customers"] = _Table(kind)


@caught_by("an_external_id_moves_from_one_customer_to_another_in_one_unit", "saving_replaces_the_record_and_its_keys")
class KeepsOldKeys(SQLiteStore):
    """Keeps the keys a customer was added with, whatever is saved later."""

    @contextmanager
    def writing(self) -> Generator[SqlUnit]:
        with super().writing() as unit:
            yield _UnitOf(unit, _StaleCustomers)


class _StaleCustomers(SqlCustomers):
    def _saved(self, things: Sequence[tuple[Customer, Mapping[str, Any]]]) -> None:
        """Let the keys be."""


class _UnitOf(SqlUnit):
    """A unit over the same connection, with customers of another class."""

    def __init__(self, unit: SqlUnit, customers: type[SqlCustomers]) -> None:
        super().__init__(unit._connection, unit._dialect)
        self._customers = customers

    @property
    def customers(self) -> SqlCustomers:
        return self._customers(self._connection, self._dialect)


@caught_by(
    "an_external_id_is_exact",
    "a_customer_keeps_their_external_id_through_an_edit",
)
class FoldsKeys(Tampered):
    """Compares keys without case, as some databases do of themselves."""

    class Repository(Proxy):
        def by_key(self, key: str, values: Iterable[Any]) -> Mapping[Any, Any]:
            found = self.inner.by_key(key, values)
            for value in list(values) if key == "external_id" else ():
                other = (value[0], value[1].swapcase())
                found[value] = found.get(value, ()) + self.inner.by_key(key, [other]).get(other, ())
            return dict(found)


@caught_by("a_record_comes_back_equal_in_every_field", "what_was_removed_may_be_added_again")
class ForgetsAKind(MemoryStore):
    """Forgets every alias when a unit of work commits."""

    @contextmanager
    def writing(self) -> Generator[_Unit]:
        with super().writing() as unit:
            yield unit
        self._state.tables["aliases"] = _Table(KINDS["aliases"])


@caught_by(
    "a_kind_the_store_does_not_keep_is_never_read_as_empty",
    "nobody_is_found_by_what_the_store_does_not_keep",
    capabilities=IN_MEMORY - {Capability.BLOCKS},
)
class ReadsALackingKindAsEmpty(MemoryStore):
    """Keeps no blocks, and says of everybody that they are not blocked."""


@caught_by("a_key_that_is_not_declared_is_not_supported")
class FindsNothingByUnknownKeys(Tampered):
    """Answers that nobody holds a key that does not exist."""

    class Repository(Proxy):
        def by_key(self, key: str, values: Iterable[Any]) -> Mapping[Any, Any]:
            try:
                return dict(self.inner.by_key(key, values))
            except NotSupported:
                return {}


@caught_by("a_kind_that_belongs_to_no_customer_is_not_read_by_customer")
class ReadsAnyKindByCustomer(Tampered):
    """Answers that a customer has none of what belongs to no customer."""

    class Repository(Proxy):
        def of_customers(self, customer_ids: Iterable[Any]) -> Mapping[Any, Any]:
            try:
                return dict(self.inner.of_customers(customer_ids))
            except NotSupported:
                return {}


# ------------------------------------------------------------------------------- criteria

_GENDERED: Final = AnyOf(tuple(Compare(Fact.GENDER, Op.EQUAL, gender) for gender in Gender))


@caught_by("not_means_all_the_others_also_those_without_a_value", "every_store_finds_whom_matches_finds")
class TreatsNullAsFalseUnderNot(Tampered):
    """Holds neither a comparison nor its opposite of customers without a value, as SQL does."""

    Repository = what_is_asked(
        lambda criterion: (
            AllOf((criterion, _GENDERED))
            if isinstance(criterion, Not) and isinstance(criterion.part, Compare) and criterion.part.fact is Fact.GENDER
            else criterion
        )
    )


@caught_by(
    "text_is_found_as_it_stands",
    "a_phone_is_found_however_it_is_spelt",
    "digits_are_found_in_names_too",
    "the_widest_criteria_are_answered",
    "a_word_lies_in_one_name_and_not_across_two",
)
class DropsText(Tampered):
    """Leaves a criterion out that it cannot compile, so that everybody is found."""

    Repository = what_is_asked(lambda criterion: AllOf() if isinstance(criterion, Text) else criterion)


@caught_by("a_criterion_that_is_not_known_is_never_passed_over")
class PassesOverTheUnknown(Tampered):
    """Leaves out criteria it never heard of."""

    Repository = what_is_asked(
        lambda criterion: criterion if isinstance(criterion, AllOf | AnyOf | Not | Text | Compare | OneOf) else AllOf()
    )


@caught_by("all_of_nothing_is_everybody_and_any_of_nothing_is_nobody")
class AnyOfNothingIsEverybody(Tampered):
    """Takes a choice of nothing for no restriction."""

    Repository = what_is_asked(lambda criterion: AllOf() if criterion == AnyOf() else criterion)


@caught_by("what_is_found_follows_an_edit")
class FindsByOldNames(Tampered):
    """Finds and sorts a customer by the profile they were added with."""

    class Repository(Proxy):
        def save(self, thing: Any, expected_version: int) -> None:
            before = self.inner._table.search_keys.get(self.inner._kind.identity(thing))
            self.inner.save(thing, expected_version)
            if before is not None:
                self.inner._table.search_keys[thing.id] = before


@caught_by(
    "parts_hold_together_or_one_by_one",
    "the_deepest_criteria_are_answered",
)
class TakesAllForAny(Tampered):
    """Finds whoever meets one part of several that should hold together."""

    Repository = what_is_asked(
        lambda criterion: AnyOf(criterion.parts) if isinstance(criterion, AllOf) and criterion.parts else criterion
    )


@caught_by("customers_are_found_by_status")
class HidesTheInactive(Tampered):
    """Finds nobody who is inactive, not even where they are asked for."""

    Repository = what_is_asked(
        lambda criterion: AnyOf() if criterion == Compare(Fact.STATUS, Op.EQUAL, "inactive") else criterion
    )


@caught_by("customers_are_found_one_by_one")
class BindsAThousand(Tampered):
    """Looks for the first thousand of the ids that are asked for."""

    Repository = what_is_asked(
        lambda criterion: (
            OneOf(frozenset(sorted(criterion.ids, reverse=True)[:1_000])) if isinstance(criterion, OneOf) else criterion
        )
    )


@caught_by("no_more_customers_come_than_asked_for")
class ReturnsOneMore(Tampered):
    """Returns the row too by which it knows that there are more."""

    class Repository(Proxy):
        def find(self, criterion: Any, order: Any, start: Any, limit: int) -> Any:
            return self.inner.find(criterion, order, start, limit + 1)


@caught_by("customers_are_found_by_being_blocked")
class HoldsLiftedBlocks(SQLiteStore):
    """Counts a block that was lifted as one in force."""

    class _Blocked(SqlCustomers):
        def find(self, criterion: Any, order: Any, start: Any, limit: int) -> Sequence[Customer]:
            if criterion == Compare(Fact.BLOCKED, Op.EQUAL, True):
                ids = [row[0] for row in self._connection.rows("SELECT customer_id FROM crm_blocks")]
                return self._select("id IN (SELECT value FROM json_each(?))", [str(ids).replace("'", '"')])
            return super().find(criterion, order, start, limit)

    @contextmanager
    def writing(self) -> Generator[SqlUnit]:
        with super().writing() as unit:
            yield _UnitOf(unit, self._Blocked)


@caught_by("customers_come_in_order_with_ties_by_id")
class BreaksTiesTheWrongWay(Tampered):
    """Keeps ties in the order of ids when the rest is turned around."""

    class Repository(Proxy):
        def find(self, criterion: Any, order: Any, start: Any, limit: int) -> Any:
            found = sorted(self.inner.find(criterion, order, start, limit), key=lambda customer: customer.id)
            return sorted(
                found,
                key=lambda customer: order.value_of(customer, search_keys(customer)),
                reverse=order.descending,
            )


@caught_by("customers_come_in_order_with_ties_by_id", "every_store_finds_whom_matches_finds")
class SortsByTheNameAsWritten(Tampered):
    """Sorts names as they are written, capitals first."""

    class Repository(Proxy):
        def find(self, criterion: Any, order: Any, start: Any, limit: int) -> Any:
            found = self.inner.find(criterion, order, start, limit)
            if order.key is not OrderKey.NAME:
                return found
            return sorted(found, key=lambda customer: (customer.name, customer.id), reverse=order.descending)


@caught_by("pages_go_on_after_any_row_and_back_before_it", "a_page_holds_only_what_matches")
class GoesBackFromTheWrongEnd(Tampered):
    """Returns the first page of what lies before a row instead of the last."""

    class Repository(Proxy):
        def find(self, criterion: Any, order: Any, start: Any, limit: int) -> Any:
            if start is None or not start.backward:
                return self.inner.find(criterion, order, start, limit)
            return self.inner.find(criterion, order, start, 10_000)[:limit]


@caught_by("a_page_may_start_at_a_row_that_is_gone")
class LosesItsPlace(Tampered):
    """Starts from the beginning where the row of the place is gone."""

    class Repository(Proxy):
        def find(self, criterion: Any, order: Any, start: Any, limit: int) -> Any:
            there = start is not None and self.inner.get_many([start.id])
            return self.inner.find(criterion, order, start if there else None, limit)


@caught_by("counting_stops_where_it_is_told_to", "every_store_finds_whom_matches_finds")
class CountsOn(Tampered):
    """Counts everybody, wherever it is told to stop."""

    class Repository(Proxy):
        def count(self, criterion: Any, at_most: int | None = None) -> Any:
            return self.inner.count(criterion)


# ------------------------------------------------------------------------------- audit, settings


@caught_by("an_entry_follows_the_last_one_without_a_gap")
class ClosesGaps(Tampered):
    """Takes any entry, and gives it the next place."""

    class Audit(Proxy):
        def append(self, entry: Any) -> None:
            head = self.inner.head()
            self.inner.append(evolve(entry, sequence=1 if head is None else head.sequence + 1))


@caught_by("every_part_of_a_query_is_answered", "a_period_is_exact_to_the_microsecond_in_any_zone")
class LeavesTheEndOut(Tampered):
    """Leaves out of a period what was recorded at its last instant."""

    class Audit(Proxy):
        def select(self, query: Any, limit: int, *, newest_first: bool = False) -> Any:
            found = self.inner.select(query, 10_000, newest_first=newest_first)
            return [entry for entry in found if query.until is None or entry.recorded < query.until][:limit]


@caught_by("entries_come_by_sequence_from_either_end", "every_part_of_a_query_is_answered")
class TurnsAroundTooLate(Tampered):
    """Takes the oldest entries, and then shows the newest of them first."""

    class Audit(Proxy):
        def select(self, query: Any, limit: int, *, newest_first: bool = False) -> Any:
            found = self.inner.select(query, limit)
            return found[::-1] if newest_first else found


@caught_by("a_salon_is_created_once")
class CreatesTwice(Tampered):
    """Lets a salon be created over another."""

    class Unit(Proxy):
        def create_salon(self, salon: Any, settings: Any) -> None:
            self.inner.state.salon = None
            self.inner.create_salon(salon, settings)


@caught_by("settings_at_another_version_are_not_replaced")
class SavesAnySettings(Tampered):
    """Replaces settings whatever version was expected."""

    class Unit(Proxy):
        def save_settings(self, settings: Any, expected_version: int) -> None:
            self.inner.save_settings(settings, self.inner.settings().version)


@caught_by("settings_are_replaced")
class ForgetsWhatIsRequired(Tampered):
    """Replaces settings but for the fields that are required."""

    class Unit(Proxy):
        def save_settings(self, settings: Any, expected_version: int) -> None:
            self.inner.save_settings(evolve(settings, required_fields=()), expected_version)


@caught_by("settings_are_replaced")
class KeepsTheProgrammeThereWas(Tampered):
    """Replaces settings but for the rewards programme."""

    class Unit(Proxy):
        def save_settings(self, settings: Any, expected_version: int) -> None:
            self.inner.save_settings(evolve(settings, rewards=self.inner.settings().rewards), expected_version)


@caught_by("a_salon_comes_back_equal_in_every_field")
class ForgetsTheKeyCheck(Tampered):
    """Keeps of a salon what a person can read."""

    class Unit(Proxy):
        def create_salon(self, salon: Any, settings: Any) -> None:
            self.inner.create_salon(evolve(salon, key_check=b""), settings)


@caught_by("a_new_store_keeps_no_salon")
class MakesUpSettings(Tampered):
    """Has settings before there is a salon."""

    class Unit(Proxy):
        def settings(self) -> Any:
            return some_settings() if self.inner.salon() is None else self.inner.settings()


@caught_by("an_entry_comes_back_equal_in_every_field")
class WritesDetailsAsText(Tampered):
    """Keeps every detail of an entry as text."""

    class Audit(Proxy):
        def append(self, entry: Any) -> None:
            self.inner.append(evolve(entry, details={name: str(value) for name, value in entry.details.items()}))


@caught_by("the_head_is_that_of_the_entry_appended_last")
class LooksAtTheWrongEnd(Tampered):
    """Takes the first entry for the last."""

    class Audit(Proxy):
        def head(self) -> Any:
            return next(map(AuditHead.of, self.inner.select(AuditQuery(), 1)), None)


# ------------------------------------------------------------------------------- many at once


@caught_by(
    "many_of_which_one_is_there_are_refused_as_a_whole",
    "many_of_which_one_has_a_unique_key_of_another_are_refused_as_a_whole",
)
class KeepsThoseBeforeTheRefusedOne(Tampered):
    """Adds many until one is refused, and keeps those before it."""

    class Repository(Proxy):
        def add_many(self, things: Sequence[Any]) -> None:
            for thing in things:
                self.inner.add(thing)


@caught_by("many_are_added_like_one_after_the_other", "many_of_which_one_is_there_are_refused_as_a_whole")
class AddsTheFirstOfMany(Tampered):
    """Adds the first of many, and says nothing of the others."""

    class Repository(Proxy):
        def add_many(self, things: Sequence[Any]) -> None:
            self.inner.add_many(things[:1])


@caught_by(
    "many_of_which_one_cannot_be_saved_are_refused_as_a_whole",
    "a_unique_key_goes_from_one_of_many_to_a_later_one",
)
class SavesThoseBeforeTheRefusedOne(Tampered):
    """Saves many until one is refused, and keeps those before it."""

    class Repository(Proxy):
        def save_many(self, things: Sequence[tuple[Any, int]]) -> None:
            for thing, expected_version in things:
                self.inner.save(thing, expected_version)


@caught_by(
    "many_are_saved_like_one_after_the_other",
    "many_of_which_one_cannot_be_saved_are_refused_as_a_whole",
)
class SavesTheFirstOfMany(Tampered):
    """Saves the first of many, and says nothing of the others."""

    class Repository(Proxy):
        def save_many(self, things: Sequence[tuple[Any, int]]) -> None:
            self.inner.save_many(things[:1])


@caught_by("many_entries_with_a_gap_are_refused_as_a_whole")
class AppendsUntilAGap(Tampered):
    """Appends many entries until one is refused, and keeps those before it."""

    class Audit(Proxy):
        def append_many(self, entries: Sequence[Any]) -> None:
            for entry in entries:
                self.inner.append(entry)


@caught_by("many_entries_are_kept_like_one_after_the_other")
class ForgetsTheLastOfMany(Tampered):
    """Appends all of many entries but the last."""

    class Audit(Proxy):
        def append_many(self, entries: Sequence[Any]) -> None:
            check_sequences([*self.inner.select(AuditQuery(), 1, newest_first=True), *entries])
            self.inner.append_many(entries[:-1])


# ------------------------------------------------------------------- clever indexes, pages, shared stores


def indexed_by(keys_of: Callable[[Customer], SearchKeys]) -> type[Proxy]:
    """Return repositories of customers that are searched by other keys than `search_keys` makes."""

    class Indexing(Proxy):
        def add(self, thing: Any) -> None:
            self.inner.add(thing)
            self._index(thing)

        def save(self, thing: Any, expected_version: int) -> None:
            self.inner.save(thing, expected_version)
            self._index(thing)

        def _index(self, thing: Any) -> None:
            if isinstance(thing, Customer):
                self.inner._table.search_keys[thing.id] = keys_of(thing)

    return Indexing


def finds_by_text(find: Callable[[Text, Sequence[tuple[Customer, SearchKeys]]], Iterable[Customer]]) -> type[Proxy]:
    """Return repositories that take a way of their own where text is all that is asked for, and the plain one else.

    ``find`` is given everybody in the order of the list, each with what they are searched by.
    """

    class Searching(Proxy):
        def find(self, criterion: Any, order: Any, start: Any, limit: int) -> Any:
            if not isinstance(criterion, Text) or (start is not None and start.backward):
                return self.inner.find(criterion, order, start, limit)
            keys = self.inner._table.search_keys
            return list(find(criterion, [(c, keys[c.id]) for c in self.inner.find(AllOf(), order, start, 10_000)]))[
                :limit
            ]

    return Searching


def _has(asked: Text, keys: SearchKeys) -> bool:
    by_words = all(word in keys.words for word in asked.words)
    return by_words and all(
        run.digits in keys.digits or all(word in keys.words for word in run.words) for run in asked.runs
    )


@caught_by("a_crowd_is_listed_page_by_page_in_both_directions", "pages_go_on_after_any_row_and_back_before_it")
class MovesPagesByOne(Tampered):
    """Goes on one row too late where the next customer has the same place in the list."""

    class Repository(Proxy):
        def find(self, criterion: Any, order: Any, start: Any, limit: int) -> Any:
            found = list(self.inner.find(criterion, order, start, limit + 1))
            if start is None or start.backward or not found:
                return found[:limit]
            same = order.value_of(found[0], search_keys(found[0])) == start.value
            return found[1:] if same else found[:limit]


@caught_by("a_customer_is_found_by_everything_they_are_known_by")
class IndexesWhatIsCurrent(Tampered):
    """Finds customers by the names and contacts they have by now, and not by those they had."""

    Repository = indexed_by(
        lambda one: search_keys(evolve(one, former_names=(), former_emails=(), former_phones=())),
    )


@caught_by("a_customer_is_found_by_everything_they_are_known_by")
class IndexesTheFirstOfEach(Tampered):
    """Finds customers by their first e-mail and their mobile alone."""

    Repository = indexed_by(lambda one: search_keys(evolve(one, other_emails=(), other_phones=())))


@caught_by("text_is_found_as_it_stands", "text_is_found_in_a_crowd")
class FoldsAsciiOnly(Tampered):
    """Searches names in small letters as a database does it by itself: those of ASCII."""

    Repository = indexed_by(
        lambda one: evolve(
            search_keys(one),
            words="\n".join(
                "".join(sign.lower() if sign.isascii() else sign for sign in text)
                for text in (one.name, *one.former_names, *map(str, one.emails))
            ),
        )
    )


@caught_by("text_is_found_in_a_crowd")
class FindsBeginningsOfWords(Tampered):
    """Finds text where a word begins with it."""

    Repository = finds_by_text(
        lambda asked, everybody: (
            one
            for one, keys in everybody
            if _has(asked, keys) and all(f" {word}" in f" {keys.words}".replace("\n", " ") for word in asked.words)
        )
    )


@caught_by("text_is_found_in_a_crowd")
class TrustsItsTrigrams(Tampered):
    """Takes whoever has every three letters of a word for somebody who has the word."""

    Repository = finds_by_text(
        lambda asked, everybody: (
            one
            for one, keys in everybody
            if _has(evolve(asked, words=()), keys)
            and all(word[at : at + 3] in keys.words for word in asked.words for at in range(max(1, len(word) - 2)))
        )
    )


@caught_by("text_is_found_in_a_crowd")
class LooksAtAHundred(Tampered):
    """Takes the first hundred who have the first word, and looks for the other words among those."""

    Repository = finds_by_text(
        lambda asked, everybody: (
            one
            for one, keys in [
                (one, keys) for one, keys in everybody if not asked.words or asked.words[0] in keys.words
            ][:100]
            if _has(asked, keys)
        )
    )


@caught_by("text_is_found_as_it_stands", "signs_of_patterns_are_plain_text")
class MatchesPatterns(Tampered):
    """Finds text by LIKE, to which a percent sign is anything."""

    Repository = finds_by_text(lambda asked, everybody: (one for one, keys in everybody if _is_like(asked, keys)))


def _is_like(asked: Text, keys: SearchKeys) -> bool:
    patterns = [re.escape(word).replace("%", ".*").replace("_", ".") for word in asked.words]
    found = all(re.search(pattern, keys.words, re.DOTALL) for pattern in patterns)
    return found and _has(Text((), asked.runs), keys)


@caught_by("text_is_found_in_a_crowd")
class GivesUpWalking(Tampered):
    """Walks the list until it has looked at two hundred who do not match, and says that there are no more."""

    Repository = finds_by_text(lambda asked, everybody: _walked(asked, everybody, 200))


def _walked(asked: Text, everybody: Sequence[tuple[Customer, SearchKeys]], patience: int) -> Iterable[Customer]:
    for one, keys in everybody:
        if _has(asked, keys):
            yield one
        else:
            patience -= 1
            if not patience:
                return


@caught_by("a_crowd_is_listed_page_by_page_in_both_directions")
class AnswersTextBesideTheRest(Tampered):
    """Answers text from its index, and forgets what else was asked for."""

    Repository = what_is_asked(
        lambda criterion: (
            criterion.parts[0]
            if isinstance(criterion, AllOf) and criterion.parts and isinstance(criterion.parts[0], Text)
            else criterion
        )
    )


@caught_by("a_crowd_is_listed_page_by_page_in_both_directions")
class SortsWhatItFoundByName(Tampered):
    """Shows what an index of text found in the order of names, whatever order was asked for."""

    class Repository(Proxy):
        def find(self, criterion: Any, order: Any, start: Any, limit: int) -> Any:
            found = self.inner.find(criterion, order, start, limit)
            if not (isinstance(criterion, AllOf) and any(isinstance(part, Text) for part in criterion.parts)):
                return found
            return sorted(found, key=lambda one: (search_keys(one).name, one.id), reverse=order.descending)


@caught_by("text_is_found_in_a_crowd")
class CountsCandidates(Tampered):
    """Counts those an index proposes for the first word, without looking at them."""

    class Repository(Proxy):
        def count(self, criterion: Any, at_most: int | None = None) -> Any:
            if isinstance(criterion, Text) and criterion.words:
                criterion = Text(criterion.words[:1])
            return self.inner.count(criterion, at_most)


@caught_by("a_search_in_a_crowd_follows_every_change")
class FindsTheRemoved(Tampered):
    """Keeps customers who were removed in the index, so that they are found and counted for ever."""

    def __init__(self) -> None:
        super().__init__()
        removed: list[tuple[Customer, SearchKeys]] = []

        class Repository(Proxy):
            def remove(self, identity: Any) -> None:
                gone = self.inner._table.rows.get(identity), self.inner._table.search_keys.get(identity)
                self.inner.remove(identity)
                if None not in gone:
                    removed.append(gone)

            def count(self, criterion: Any, at_most: int | None = None) -> Any:
                count: int = self.inner.count(criterion)
                if isinstance(criterion, Text):
                    count += sum(_has(criterion, keys) for _, keys in removed)
                return count if at_most is None else min(count, at_most)

        self.Repository = Repository  # type: ignore[misc]  # one class for each store: it remembers


@caught_by("a_search_in_a_crowd_follows_every_change")
class IndexesWhatWasUndone(Tampered):
    """Keeps what was written in the index also where the block that wrote it raised."""

    def __init__(self) -> None:
        super().__init__()
        index: dict[Any, SearchKeys] = {}

        class Repository(indexed_by(search_keys)):  # type: ignore[misc]  # a class made by a function
            def _index(self, thing: Any) -> None:
                if isinstance(thing, Customer):
                    index[thing.id] = search_keys(thing)

            def find(self, criterion: Any, order: Any, start: Any, limit: int) -> Any:
                if isinstance(criterion, Text):
                    there = self.inner._table.search_keys
                    there.update({identity: index.get(identity, keys) for identity, keys in there.items()})
                return self.inner.find(criterion, order, start, limit)

        self.Repository = Repository  # type: ignore[misc]  # one class for each store: it remembers


class KeptByPath(MemoryStore):
    """A store in memory that is found again by its path, as if it were a file."""

    kept: ClassVar[dict[Path, _State]] = {}

    def __init__(self, path: Path) -> None:
        self.path = path
        super().__init__(deadline=0.3)


@caught_by(
    "a_store_of_the_same_name_sees_what_was_kept",
    "stores_of_one_name_take_turns_too",
    capabilities=frozenset(Capability),
)
class KeepsOnClosing(KeptByPath):
    """Acknowledges a commit before it is kept: that happens when the store is closed."""

    def __init__(self, path: Path) -> None:
        super().__init__(path)
        self._state = self.kept.get(path, self._state)

    def close(self) -> None:
        """Keep at last what was acknowledged long ago."""
        super().close()
        self.kept[self.path] = self._state


@caught_by("stores_of_one_name_take_turns_too", capabilities=frozenset(Capability))
class TakesTurnsWithItself(KeptByPath):
    """Lets one writer in per process: of two processes that write at once, the one that ends first loses its work."""

    @property
    def _state(self) -> _State:
        return self.kept[self.path]

    @_state.setter
    def _state(self, state: _State) -> None:
        if self.path not in self.kept or hasattr(self, "_turn"):  # not the empty one it is made with
            threading.Event().wait(0.005)  # so that two that began together surely end one after the other
            self.kept[self.path] = state
