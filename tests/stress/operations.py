"""What a stressed salon is made to do, and what of it must be found afterwards.

The operations of an actor follow from a seed alone, so that whoever knows how many of them were finished knows what
must be there: `expect` and `observe` make the same `Trace`, one from the operations and one from the salon.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from typing import Any, Final
from uuid import NAMESPACE_DNS, UUID, uuid5

from attrs import Factory, define, frozen
from tests.use_cases.lists import records

import salon_crm as crm
from salon_crm.domain.criteria import EVERYBODY, Order, OrderKey
from salon_crm.ports.store import AuditQuery

SETTINGS: Final[dict[str, Any]] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}
SHARED: Final = uuid5(NAMESPACE_DNS, "shared.example.com")
"""A customer whose preferences are a number that every actor counts on."""

ROWS: Final = 5
"""How many customers an import brings."""


def house() -> crm.Actor:
    return crm.Actor("house", crm.Role.OWNER)


def id_of(name: str) -> UUID:
    return uuid5(NAMESPACE_DNS, name)


@frozen
class Operation:
    """One thing an actor does: its kind, a word of its own, and the customer it is about."""

    kind: str
    word: str
    about: str

    def do(self, salon: crm.Salon, actor: crm.Actor) -> None:
        _DO[self.kind](salon, actor, self)


def _add(salon: crm.Salon, actor: crm.Actor, operation: Operation) -> None:
    name = operation.about
    crm.add_customer(salon, actor, id=id_of(name), name=name, email=_email(name), note=operation.word)


def _email(name: str) -> str:
    return f"{name.replace(' ', '.').lower()}@example.com"


def _edit(salon: crm.Salon, actor: crm.Actor, operation: Operation) -> None:
    crm.edit_customer(salon, actor, id_of(operation.about), preferences=operation.word)


def _note(salon: crm.Salon, actor: crm.Actor, operation: Operation) -> None:
    crm.add_note(salon, actor, id_of(operation.about), text=operation.word)


def _pair(salon: crm.Salon, actor: crm.Actor, operation: Operation) -> None:
    """Edit and note in one transaction: both or neither."""
    with salon.transaction() as tx:
        _edit(tx, actor, operation)
        _note(tx, actor, operation)


def _count(salon: crm.Salon, actor: crm.Actor, operation: Operation) -> None:
    """Add one to the number everybody counts on, again where somebody else was faster.

    The word makes each edit another one: an edit that finds what it asks for already there writes nothing.
    """
    while True:
        shared = crm.get_customer(salon, actor, SHARED)
        count = f"{counted(shared) + 1} {operation.word}"
        try:
            crm.edit_customer(salon, actor, SHARED, version=shared.version, preferences=count)
        except crm.Conflict:
            continue
        return


def counted(shared: crm.Customer) -> int:
    """Return how far everybody together has counted."""
    return int((shared.preferences or "0").split()[0])


def _import(salon: crm.Salon, actor: crm.Actor, operation: Operation) -> None:
    rows = [{"name": name, "email": _email(name), "note": operation.word} for name in _brought(operation)]
    report = crm.import_customers(salon, actor, records(*rows))
    assert report.created == ROWS, report


def _brought(operation: Operation) -> list[str]:
    return [f"{operation.about} of {n}" for n in range(ROWS)]


_DO: Final = {"add": _add, "edit": _edit, "note": _note, "pair": _pair, "count": _count, "import": _import}


class Script:
    """The operations of one actor, in the order a seed decides."""

    def __init__(self, actor: str, seed: int) -> None:
        self._chance = random.Random(f"{actor} {seed}")
        self._actor = actor
        self._made = 0
        self._known: list[str] = []

    def __iter__(self) -> Iterator[Operation]:
        while True:
            yield self.following()

    def following(self) -> Operation:
        """Return the next operation; what is added by it may be what a later one is about."""
        self._made += 1
        word = f"Word {self._actor} {self._made}"
        kinds = ("add",) * 4 + ("edit", "note", "pair", "count") * 3 + ("import",)
        kind = self._chance.choice(kinds) if self._known else "add"
        new = f"Guest {self._actor} {self._made}"
        about = new if kind in {"add", "import"} else self._chance.choice(self._known)
        if kind == "add":
            self._known.append(about)
        return Operation(kind, word, about)

    def undone(self, operation: Operation) -> None:
        """Leave out whom an operation that failed did not add."""
        if operation.kind == "add":
            self._known.remove(operation.about)

    def take(self, count: int) -> list[Operation]:
        return [self.following() for _ in range(count)]


def prepare(salon: crm.Salon) -> None:
    """Add the customer everybody counts on, unless somebody else has."""
    try:
        crm.add_customer(salon, house(), id=SHARED, name="Shared", preferences="0")
    except crm.Conflict:
        return


@define
class Trace:
    """What one actor did, as the salon shows it: entries of the audit, own profiles, notes on them."""

    entries: list[tuple[str, str | None, int | None]] = Factory(list)
    profiles: dict[str, tuple[str | None, str | None, int]] = Factory(dict)
    notes: Counter[tuple[str, str]] = Factory(Counter)

    def copy(self) -> "Trace":
        return Trace(list(self.entries), dict(self.profiles), Counter(self.notes))

    def _enter(self, action: crm.AuditAction, name: str | None, version: int | None) -> None:
        self.entries.append((action.value, name, version))

    def _add(self, name: str, word: str) -> None:
        self.profiles[name] = (_email(name), None, 1)
        self._enter(crm.AuditAction.CUSTOMER_ADDED, name, 1)
        self._note(name, word)

    def _edit(self, name: str, word: str) -> None:
        email, _, version = self.profiles[name]
        self.profiles[name] = (email, word, version + 1)
        self._enter(crm.AuditAction.CUSTOMER_EDITED, name, version + 1)

    def _note(self, name: str, word: str) -> None:
        self.notes[name, word] += 1
        self._enter(crm.AuditAction.NOTE_ADDED, name, self.profiles[name][2])

    def _pair(self, name: str, word: str) -> None:
        self._edit(name, word)
        self._note(name, word)

    def _count(self, name: str, word: str) -> None:
        self._enter(crm.AuditAction.CUSTOMER_EDITED, "Shared", None)

    def commits(self, operation: Operation) -> list[Callable[["Trace"], None]]:
        """Return what each transaction of an operation leaves behind."""
        if operation.kind != "import":
            return [lambda trace: getattr(trace, f"_{operation.kind}")(operation.about, operation.word)]

        def bring(trace: Trace) -> None:
            for name in _brought(operation):
                trace._add(name, operation.word)

        return [
            lambda trace: trace._enter(crm.AuditAction.IMPORT_STARTED, None, None),
            bring,
            lambda trace: trace._enter(crm.AuditAction.IMPORT_ENDED, None, None),
        ]

    def after(self, operation: Operation) -> list["Trace"]:
        """Return how this goes on: without the operation, and after each of its transactions."""
        stages: list[Trace] = [self.copy()]
        for commit in self.commits(operation):
            stages.append(stages[-1].copy())
            commit(stages[-1])
        return stages


DONE: Final = "done"
"""The operation was acknowledged: it is there."""
FAILED: Final = "failed"
"""It raised: of several transactions the first few may be there; one is not there."""
UNKNOWN: Final = "unknown"
"""Nobody knows: it is there whole, or up to one of its transactions, or not at all."""


def fits(observed: Trace, steps: Iterable[tuple[Operation, str]]) -> bool:
    """Whether a salon shows what these operations, with what became of each, may have left."""
    reached = [Trace()]
    for operation, outcome in steps:
        found: list[Trace] = []
        for trace in reached:
            stages = trace.after(operation)
            if outcome == DONE:
                stages = stages[-1:]
            elif outcome == FAILED:
                stages = stages[:-1]
            found += [stage for stage in stages if stage.entries == observed.entries[: len(stage.entries)]]
        reached = found
    return observed in reached


def observe(salon: crm.Salon, *actors: str) -> dict[str, Trace]:
    """Return what the salon shows of each actor, all in one reading."""
    with salon.reading() as reading:
        customers = reading.customers.find(EVERYBODY, Order(OrderKey.ADDED), None, 1_000_000)
        notes = reading.notes.of_customers([customer.id for customer in customers])
        entries: Sequence[crm.AuditEntry] = reading.audit.select(AuditQuery(), 1_000_000)
    names = {customer.id: customer.name for customer in customers}
    traces = {actor: Trace() for actor in actors}
    for customer in customers:
        if customer.name != "Shared" and (trace := traces.get(_actor_of(customer.name))):
            email = customer.email.address if customer.email else None
            trace.profiles[customer.name] = (email, customer.preferences, customer.version)
            trace.notes.update((customer.name, note.text) for note in notes.get(customer.id, ()))
    for entry in entries:
        if trace := traces.get(entry.by):
            name = None if entry.customer_id is None else names[entry.customer_id]
            trace.entries.append((entry.action.value, name, None if name == "Shared" else entry.version))
    return traces


def _actor_of(name: str) -> str:
    """Return whose a customer is: 'Guest ACTOR NUMBER'."""
    return name.split()[1]
