"""The simulation: 25 of the 200 seeds of the gates, a fresh one, and the proof that it finds what is wrong."""

import random
from collections.abc import Callable, Generator
from contextlib import contextmanager, suppress
from typing import Any
from uuid import UUID

import pytest
from tests.servers import Server
from tests.simulation.program import program
from tests.simulation.run import (
    Failure,
    ImpatientStore,
    OpenInDatabase,
    Stores,
    find_failure,
    in_memory,
    on_file,
    run,
)
from tests.simulation.world import Mismatch, Step
from tests.testing import saboteurs

from salon_crm.adapters.memory import MemoryStore
from salon_crm.adapters.memory.store import _Unit
from salon_crm.adapters.sql.unit import SqlUnit
from salon_crm.domain.bookings import Booking
from salon_crm.ports.store import Store
from salon_crm.use_cases import customers
from salon_crm.use_cases.blocks import meet_blocks
from salon_crm.use_cases.bookings import keeping, moving
from salon_crm.use_cases.facts import follow_booking
from salon_crm.use_cases.unit import Unit

STEPS = 90
SEEDS_TO_FIND_A_BUG = 40


MANY_STEPS = 50
MANY_SEEDS = 25
MOST_SEEDS = 500
SEEDS_OF_A_TEST = 5


@pytest.fixture(scope="module")
def stores(request: pytest.FixtureRequest) -> Generator[Stores]:
    try:
        server = request.getfixturevalue("server")
    except pytest.skip.Exception:  # where no server can start two stores are compared
        server = None
    with Stores(server) as stores:
        yield stores


def _must_hold(stores: Stores, seed: int) -> None:
    failure = stores.find_failure(seed, STEPS, closely=True)
    assert failure is None, str(failure)


@pytest.mark.parametrize("seed", range(1, 9))
def test_whatever_happens_in_a_salon_is_as_the_plain_model_says(stores: Stores, seed: int) -> None:
    _must_hold(stores, seed)


def test_whatever_happens_in_a_salon_of_a_fresh_seed_is_as_the_plain_model_says(stores: Stores) -> None:
    seed = random.randrange(1_000_000_000)
    print(f"python -m tests.simulation --seed {seed} --steps {STEPS}")
    _must_hold(stores, seed)


@pytest.mark.no_cover
@pytest.mark.parametrize("first", range(1, MANY_SEEDS + 1, SEEDS_OF_A_TEST))
def test_three_stores_say_the_same_at_every_step_of_many_programs(stores: Stores, first: int) -> None:
    for seed in range(first, first + SEEDS_OF_A_TEST):
        failure = stores.find_failure(seed, MANY_STEPS)
        assert failure is None, str(failure)


def test_a_seed_means_the_same_every_time() -> None:
    steps = program(11, STEPS)
    assert steps == program(11, STEPS) != program(12, STEPS)
    assert run(steps, in_memory()) == run(steps, in_memory())
    with on_file() as world:
        told = run(steps, world)
    assert told == run(steps, in_memory())


def _finds(make: Callable[[], Store]) -> Failure | None:
    """Return how the first seed that fails on a store fails, within a bounded number of seeds."""

    def check(steps: list[Step]) -> None:
        run(steps, in_memory(make))

    return next(filter(None, (find_failure(seed, STEPS, check) for seed in range(1, SEEDS_TO_FIND_A_BUG + 1))), None)


def _impatient(make: Callable[[], Any]) -> Callable[[], Any]:
    """Return what makes a store whose writers do not wait."""

    def made() -> Any:
        store = make()
        (store.inner if isinstance(store, saboteurs.Proxy) else store)._deadline = 0
        return store

    return made


class LosesACommit(MemoryStore):
    """Acknowledges every commit and keeps all but each ninth."""

    commits = 0

    @contextmanager
    def writing(self) -> Generator[_Unit]:
        before = self._state
        with super().writing() as unit:
            yield unit
        self.commits += 1
        if self.commits % 9 == 0:
            self._state = before


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "make",
    [
        saboteurs.CommitsWhatFailed,
        saboteurs.RollsBackErrorsOnly,
        saboteurs.IgnoresSavepoints,
        saboteurs.KeepsTheAuditOfWhatWasUndone,
        saboteurs.UndoesTheWholeUnit,
        saboteurs.UndoesEverySavepoint,
        saboteurs.SeesLaterCommits,
        saboteurs.ShowsWhatIsNotCommitted,
        saboteurs.TakesNoTurns,
        saboteurs.FindsByOldNames,
        saboteurs.MovesPagesByOne,
        LosesACommit,
    ],
    ids=lambda make: make.__name__,
)
def test_a_store_that_breaks_a_promise_is_found_out(make: Callable[[], Any]) -> None:
    failure = _finds(_impatient(make))
    assert failure is not None
    assert len(failure.steps) <= 12, str(failure)


def _around(saboteur: Callable[[], saboteurs.Tampered]) -> OpenInDatabase:
    """Return what opens a salon in the database and breaks the promise that a store in memory breaks."""

    def opened(*place: Any) -> Any:
        store = saboteur()
        store.inner = ImpatientStore(*place)
        return store

    opened.__name__ = saboteur.__name__
    return opened


class SwapsTheLastTwo(saboteurs.Tampered):
    """Gives the last two rows of an answer in each other's place."""

    class Repository(saboteurs.Proxy):
        def find(self, *asked: Any, **order: Any) -> list[Any]:
            found = list(self.inner.find(*asked, **order))
            return [*found[:-2], *reversed(found[-2:])]


class _Lost(Exception):
    pass


class LosesACommitOfMany(ImpatientStore):
    """Acknowledges every commit and rolls each ninth back."""

    commits = 0

    @contextmanager
    def writing(self) -> Generator[SqlUnit]:
        with suppress(_Lost), super().writing() as unit:
            yield unit
            self.commits += 1
            if self.commits % 9 == 0:
                raise _Lost


class ReadsWhatIsCommittedMeanwhile(ImpatientStore):
    """Takes no snapshot for a reading."""

    def __init__(self, *place: Any) -> None:
        super().__init__(*place)
        self._begin_reading = self._begin_reading.replace("REPEATABLE READ", "READ COMMITTED")


def _run_many(stores: Stores, first: int) -> None:
    for seed in range(first, MOST_SEEDS + 1):
        stores.run(program(seed, MANY_STEPS), closely=False)


@pytest.mark.no_cover
@pytest.mark.parametrize(
    ("broken", "first"),
    [
        (_around(saboteurs.CommitsWhatFailed), 1),
        (_around(saboteurs.IgnoresSavepoints), 1),
        (_around(saboteurs.UndoesEverySavepoint), 1),
        (_around(SwapsTheLastTwo), 1),
        (LosesACommitOfMany, 1),
        (ReadsWhatIsCommittedMeanwhile, 85),  # one program in thirty sees it, none of the first ninety
    ],
    ids=lambda each: getattr(each, "__name__", f"from {each}"),
)
def test_a_broken_store_in_the_database_is_found_out_by_many_programs(
    server: Server, broken: OpenInDatabase, first: int
) -> None:
    with Stores(server, broken) as stores, pytest.raises(Mismatch, match=r"^in a database, "):
        _run_many(stores, first)


def _remembers_beside_the_store(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep references in the process as soon as the work was asked for, and not with the work."""
    made: dict[Any, UUID] = {}

    def result_of(self: Unit, command: str, reference: str | None, asked: Any) -> UUID | None:
        return made.get((self.salon.id, command, reference)) if reference else None

    def remember(self: Unit, command: str, reference: str | None, asked: Any, result_id: UUID) -> None:
        if reference:
            made[self.salon.id, command, reference] = result_id

    monkeypatch.setattr(Unit, "result_of", result_of)
    monkeypatch.setattr(Unit, "remember", remember)


def _records_in_the_next_unit(monkeypatch: pytest.MonkeyPatch) -> None:
    """Write the audit of a change that is part of a transaction in whatever unit of work comes next."""
    waiting: list[tuple[Any, Any]] = []
    begin, record = Unit.__init__, Unit.record

    def begin_with_what_waits(self: Unit, *args: Any) -> None:
        begin(self, *args)
        while waiting:
            record(self, *waiting[0][0], **waiting.pop(0)[1])

    def record_later(self: Unit, *args: Any, **kwargs: Any) -> None:
        if self.salon.bound:
            waiting.append((args, kwargs))
        else:
            record(self, *args, **kwargs)

    monkeypatch.setattr(Unit, "__init__", begin_with_what_waits)
    monkeypatch.setattr(Unit, "record", record_later)


def _ignores_the_version(monkeypatch: pytest.MonkeyPatch) -> None:
    """Let the last edit win, whatever it was made from."""
    monkeypatch.setattr(customers, "_refuse_stale", lambda *_: None)


def _forgets_the_blocks_of_newcomers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Meet blocked people again only where their profile is edited."""

    def meet_but_newcomers(*args: Any, new: bool, **how: Any) -> None:
        if not new:
            meet_blocks(*args, new=new, **how)

    monkeypatch.setattr(customers, "meet_blocks", meet_but_newcomers)


def _leaves_facts_as_they_were(monkeypatch: pytest.MonkeyPatch) -> None:
    """Keep what bookings come to in step where one is made, and not where one is moved."""

    def follow_the_new(writing: Any, before: Booking | None, after: Booking) -> None:
        if before is None:
            follow_booking(writing, before, after)

    monkeypatch.setattr(keeping, "follow_booking", follow_the_new)


def _takes_days_in_utc(monkeypatch: pytest.MonkeyPatch) -> None:
    """Count a booking to the day it is in Greenwich when it starts, wherever it is."""
    monkeypatch.setattr(Booking, "day", property(lambda booking: booking.start.date()))


def _books_whom_the_salon_blocked(monkeypatch: pytest.MonkeyPatch) -> None:
    """Ask whether somebody is blocked only where they book, and not where they reschedule or come back."""
    monkeypatch.setattr(moving, "refuse_blocked", lambda *_: None)


@pytest.mark.no_cover
@pytest.mark.parametrize(
    "plant",
    [
        _remembers_beside_the_store,
        _records_in_the_next_unit,
        _ignores_the_version,
        _forgets_the_blocks_of_newcomers,
        _leaves_facts_as_they_were,
        _takes_days_in_utc,
        _books_whom_the_salon_blocked,
    ],
    ids=lambda plant: plant.__name__.strip("_"),
)
def test_a_use_case_that_breaks_a_promise_is_found_out(
    monkeypatch: pytest.MonkeyPatch, plant: Callable[[pytest.MonkeyPatch], None]
) -> None:
    plant(monkeypatch)
    failure = _finds(lambda: MemoryStore(deadline=0))
    assert failure is not None
    assert len(failure.steps) <= 12, str(failure)


@pytest.mark.no_cover
def test_a_failing_seed_prints_itself_and_a_short_program_that_fails_again() -> None:
    failure = _finds(_impatient(saboteurs.IgnoresSavepoints))
    assert failure is not None
    said = str(failure).splitlines()
    assert said[0].startswith(f"seed {failure.seed} fails: step ")
    assert said[-1] == f"again: python -m tests.simulation --seed {failure.seed} --steps {STEPS}"
    assert [line.partition(". ")[2] for line in said[2:-1]] == [str(step) for step in failure.steps]
    with pytest.raises(Mismatch) as again:
        run(list(failure.steps), in_memory(_impatient(saboteurs.IgnoresSavepoints)))
    assert str(again.value) == failure.reason
