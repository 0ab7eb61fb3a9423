"""What every check stands on: how stores are made, what they declare, and waiting that ends."""

import sys
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import ExitStack, contextmanager
from enum import StrEnum
from threading import Thread
from typing import Any, ClassVar, Final, Generic, TypeVar, cast

import pytest

from salon_crm.ports.records import KINDS, Kind
from salon_crm.ports.store import Reading, Store, Writing
from salon_crm.testing.builders import BUILDERS, a_customer

T = TypeVar("T")
MakeStore = Callable[[str], Store]
"""Gives the store of a name: the same name is the same data, opened again, and a new name is an empty store."""

NAME: Final = "salon"
"""The name of the store most checks use; those that need more add to it."""


class Capability(StrEnum):
    """What a store may have or lack; it is `COMPLETE` unless its test class declares otherwise."""

    PERSISTENT = "persistent"
    """What was kept is there when a store of the same name is opened after the first one was closed."""
    SHARED = "shared"
    """Two stores of one name may be open at once, as in two processes."""
    JOINING = "joining"
    """It works in a transaction of the host's (`salon_crm.ports.store.Joinable`); needs the hook ``make_host``."""
    MAINTENANCE = "maintenance"
    """It is checked, and its search index rebuilt (`salon_crm.ports.store.Maintainable`)."""
    BACKUP = "backup"
    """It is backed up (`salon_crm.ports.store.Copyable`); needs the hook ``open_backup``."""
    EXPORTING = "exporting"
    """Its customers go out without being built (`salon_crm.ports.store.Exportable`)."""
    WALKING = "walking"
    """Records of every kind are read from end to end (`salon_crm.ports.store.Walkable`): its salon can be moved."""
    NOTES = "notes"
    BLOCKS = "blocks"
    BLOCK_ALERTS = "block_alerts"
    FINGERPRINTS = "fingerprints"
    ALIASES = "aliases"
    MARKS = "marks"
    REFERENCES = "references"
    SERVICE_TYPES = "service_types"
    SERVICES = "services"
    PACKAGES = "packages"
    LOCATIONS = "locations"
    STAFF_MEMBERS = "staff_members"
    BOOKINGS = "bookings"
    BOOKING_CHANGES = "booking_changes"
    SALES = "sales"
    ASSIGNED_PACKAGES = "assigned_packages"
    FACTS = "facts"
    REWARD_ENTRIES = "reward_entries"
    REWARD_LOTS = "reward_lots"
    REWARD_HEADS = "reward_heads"


EVERY_KIND: Final = frozenset(Capability(name) for name in KINDS if name != "customers")
"""The kinds of record a store may lack."""

PANEL: Final = frozenset({Capability.BOOKINGS, Capability.SALES, Capability.ASSIGNED_PACKAGES, Capability.FACTS})
"""The kinds that criteria about bookings, packages and facts stand on."""

COMPLETE: Final = EVERY_KIND | {Capability.PERSISTENT, Capability.SHARED}
"""What is asked of a store that declares nothing.

An ability that a later release brings is not among them: it is declared by the stores that have it, so
that a store which passed goes on passing.
"""

IN_MEMORY: Final = EVERY_KIND
"""What a store has that keeps every kind of record, and only while it is open."""


class Conformance:
    """What a test class says of its store, and what checks get from it.

    The one hook is the fixture ``make_store``. The rest stands as it is unless the store needs it:
    ``make_impatient_store`` where it has a deadline that can be set, ``capabilities`` where it lacks some,
    ``expected_failures`` for checks it is known to fail, by name and with the reason; one that passes
    all the same fails, so that the list never grows stale.
    """

    capabilities: ClassVar[frozenset[Capability]] = COMPLETE
    expected_failures: ClassVar[Mapping[str, str]] = {}
    patience: ClassVar[float] = 10.0
    """How many seconds a check waits for a store that should not keep anyone waiting."""

    def __init_subclass__(cls) -> None:
        super().__init_subclass__()
        unknown = [name for name in cls.expected_failures if not hasattr(cls, name.partition("[")[0])]
        if unknown:
            raise TypeError(f"{cls.__name__}.expected_failures names what is no check: {', '.join(unknown)}")

    @pytest.fixture
    def make_store(self) -> MakeStore:
        """Return what makes stores: given a name, the store of that name."""
        raise NotImplementedError(f"{type(self).__name__} needs a fixture make_store: name -> Store")

    @pytest.fixture
    def make_impatient_store(self) -> MakeStore | None:
        """Return what makes stores whose writers wait a tenth of a second at most, or None where it cannot be set."""
        return None

    @pytest.fixture
    def open_store(self, make_store: MakeStore) -> Generator[MakeStore]:
        """Make stores that are closed when the check ends."""
        with ExitStack() as opened:
            yield lambda name: _closed_by(opened, make_store(name))

    @pytest.fixture
    def store(self, open_store: MakeStore) -> Store:
        """Return an empty store."""
        return open_store(NAME)

    @pytest.fixture(params=list(KINDS))
    def kind(self, request: pytest.FixtureRequest) -> Kind[Any]:
        """Return each kind of record in turn, passing over those the store does not declare."""
        found = KINDS[request.param]
        if found.name != "customers":
            self.needs(Capability(found.name))
        return found

    @pytest.fixture(autouse=True)
    def _expect_declared_failures(self, request: pytest.FixtureRequest) -> None:
        node = cast("pytest.Function", request.node)  # pyright: ignore[reportUnknownMemberType]  -- pytest's
        reason = self.expected_failures.get(node.name) or self.expected_failures.get(node.originalname)
        if reason is not None:
            request.applymarker(pytest.mark.xfail(reason=reason, strict=True))

    def needs(self, *capabilities: Capability) -> None:
        """Skip a check that needs what this store does not declare, and say so."""
        lacking = sorted(set(capabilities) - self.capabilities)
        if lacking:
            pytest.skip(f"the store does not declare: {', '.join(lacking)}")

    def declares(self, kind: Kind[Any]) -> bool:
        """Return whether the store keeps records of a kind."""
        return kind.name == "customers" or Capability(kind.name) in self.capabilities

    @property
    def has_panel(self) -> bool:
        """Whether the store keeps what criteria about bookings, packages and facts stand on."""
        return self.capabilities >= PANEL

    @property
    def kinds(self) -> list[Kind[Any]]:
        """Every kind the store keeps."""
        return [kind for kind in KINDS.values() if self.declares(kind)]

    def meanwhile(self, call: Callable[[], T]) -> "Meanwhile[T]":
        """Start a call in a thread of its own."""
        return Meanwhile(call, self.patience)


def _closed_by(opened: ExitStack, store: Store) -> Store:
    opened.callback(store.close)
    return store


class Undone(Exception):
    """Raised by a check to end a block by an exception: whatever the block wrote must be gone."""


class Meanwhile(Generic[T]):
    """A call in a thread of its own, waited for only so long: a store that never answers fails instead of hanging."""

    def __init__(self, call: Callable[[], T], patience: float) -> None:
        self._call = call
        self._patience = patience
        self._answers: list[T] = []
        self._errors: list[BaseException] = []
        self._thread = Thread(target=self._run, daemon=True)
        self._thread.start()

    def _run(self) -> None:
        try:
            self._answers.append(self._call())
        except BaseException as error:  # noqa: BLE001  -- it is raised again in the thread that asks for the result
            self._errors.append(error)

    def result(self) -> T:
        """Return what the call returned, or raise what it raised; fail where it still waits."""
        self._thread.join(self._patience)
        if self._thread.is_alive():
            pytest.fail(f"still waiting after {self._patience} s")
        if self._errors:
            raise self._errors[0]
        return self._answers[0]


@contextmanager
def often_switching() -> Generator[None]:
    """Let Python go from thread to thread as often as it can, so that threads that may meet do meet."""
    before = sys.getswitchinterval()
    sys.setswitchinterval(1e-6)
    try:
        yield
    finally:
        sys.setswitchinterval(before)


def records_in(unit: Reading, kind: Kind[Any]) -> Any:
    """Return a unit's repository of a kind; ``Any``, since each kind has records of its own type."""
    return getattr(unit, kind.name)


def sample(kind: Kind[Any], number: int = 1, **overrides: Any) -> Any:
    """Return the record of this number of a kind, belonging to customer 1 where the kind belongs to customers."""
    return BUILDERS[kind.name](number, **overrides)


def keep(writing: Writing, kind: Kind[Any], *records: Any) -> None:
    """Add records, and before them the customers they belong to, where those are not there."""
    _keep_customers(writing, kind, records)
    for record in records:
        records_in(writing, kind).add(record)


def add_many(writing: Writing, kind: Kind[Any], records: Sequence[Any]) -> None:
    """Add records in one go, and before them the customers they belong to, where those are not there."""
    _keep_customers(writing, kind, records)
    records_in(writing, kind).add_many(records)


def _keep_customers(writing: Writing, kind: Kind[Any], records: Iterable[Any]) -> None:
    if kind.customer is not None:
        customers = {owner for owner in map(kind.customer, records) if owner is not None}
        absent = customers - writing.customers.get_many(customers).keys()
        for number, customer_id in enumerate(sorted(absent), start=1):
            writing.customers.add(a_customer(number, id=customer_id))


def get(unit: Reading, kind: Kind[Any], record: Any) -> Any:
    """Return the record as the unit has it now, or None."""
    identity = kind.identity(record)
    return records_in(unit, kind).get_many([identity]).get(identity)
