"""What a stressed salon is made to do, and what of it must be found afterwards.

The operations of an actor follow from a seed alone, so that whoever knows how many of them were finished knows what
must be there: `expect` and `observe` make the same `Trace`, one from the operations and one from the salon.
"""

import random
from collections import Counter
from collections.abc import Callable, Iterable, Iterator, Sequence
from datetime import UTC, date, datetime, timedelta
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

MONDAY: Final = datetime(1990, 1, 1, 10, tzinfo=UTC)
"""When what is booked begins, on the first day: so long past that it can be closed, thousands of days on too."""

ROWS: Final = 5
"""How many customers an import brings."""


def house() -> crm.Actor:
    return crm.Actor("house", crm.Role.OWNER)


def id_of(name: str) -> UUID:
    return uuid5(NAMESPACE_DNS, name)


@frozen
class Operation:
    """One thing an actor does: its kind, a word of its own, the customer it is about, and the booking it moves.

    ``day`` counts from `MONDAY`; no two operations of an actor have the same, nor the same word.
    """

    kind: str
    word: str
    about: str
    booking: str = ""
    """The word of the operation that made it."""
    day: int = 0

    @property
    def start(self) -> datetime:
        return MONDAY + timedelta(days=self.day)

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


def _book(salon: crm.Salon, actor: crm.Actor, operation: Operation) -> None:
    word = operation.word
    crm.book(salon, actor, id_of(operation.about), id=id_of(word), service="cut", start=operation.start, note=word)


def _visit(salon: crm.Salon, actor: crm.Actor, operation: Operation) -> None:
    """Book and complete in one transaction: both or neither."""
    with salon.transaction() as tx:
        _book(tx, actor, operation)
        crm.complete_booking(tx, actor, id_of(operation.word))


def _complete(salon: crm.Salon, actor: crm.Actor, operation: Operation) -> None:
    crm.complete_booking(salon, actor, id_of(operation.booking))


def _cancel(salon: crm.Salon, actor: crm.Actor, operation: Operation) -> None:
    crm.cancel_booking(salon, actor, id_of(operation.booking), reason=operation.word)


def _reschedule(salon: crm.Salon, actor: crm.Actor, operation: Operation) -> None:
    crm.reschedule_booking(salon, actor, id_of(operation.booking), start=operation.start, reason=operation.word)


_DO: Final = {
    "add": _add,
    "edit": _edit,
    "note": _note,
    "pair": _pair,
    "count": _count,
    "import": _import,
    "book": _book,
    "visit": _visit,
    "complete": _complete,
    "cancel": _cancel,
    "reschedule": _reschedule,
}
_OF_BOOKINGS: Final = ("complete", "cancel", "reschedule")
"""What is done to a booking that is open."""


_KINDS: Final = (
    *("add",) * 4,
    *("edit", "note", "pair", "count") * 3,
    *("book", "visit") * 2,
    *_OF_BOOKINGS * 2,
    "import",
)


class Script:
    """The operations of one actor, in the order a seed decides."""

    def __init__(self, actor: str, seed: int) -> None:
        self._chance = random.Random(f"{actor} {seed}")
        self._actor = actor
        self._made = 0
        self._known: list[str] = []
        self._open: dict[str, str] = {}
        """Whom each booking that is open is for."""

    def __iter__(self) -> Iterator[Operation]:
        while True:
            yield self.following()

    def following(self) -> Operation:
        """Return the next operation; what is added by it may be what a later one is about."""
        self._made += 1
        word = f"Word {self._actor} {self._made}"
        kind = self._chance.choice(_KINDS) if self._known else "add"
        if kind in _OF_BOOKINGS and not self._open:
            kind = "book"
        if kind in _OF_BOOKINGS:
            return self._moving(kind, word)
        new = f"Guest {self._actor} {self._made}"
        about = new if kind in {"add", "import"} else self._chance.choice(self._known)
        if kind == "add":
            self._known.append(about)
        if kind == "book":
            self._open[word] = about
        return Operation(kind, word, about, day=self._made)

    def _moving(self, kind: str, word: str) -> Operation:
        booking = self._chance.choice(list(self._open))
        about = self._open[booking]
        if kind != "reschedule":
            del self._open[booking]
        return Operation(kind, word, about, booking=booking, day=self._made)

    def undone(self, operation: Operation) -> None:
        """Leave out what an operation that failed did not add; a booking it was to close is left alone from now on."""
        if operation.kind == "add":
            self._known.remove(operation.about)
        self._open.pop(operation.word, None)

    def take(self, count: int) -> list[Operation]:
        return [self.following() for _ in range(count)]


def prepare(salon: crm.Salon) -> None:
    """Add the customer everybody counts on and what the salon offers, unless somebody else has."""
    try:
        with salon.transaction() as tx:
            crm.add_customer(tx, house(), id=SHARED, name="Shared", preferences="0")
            crm.add_service(tx, house(), name="Cut", duration=45)
    except crm.Conflict:
        return


@define
class Trace:
    """What one actor did, as the salon shows it: entries of the audit, own profiles, notes, bookings, facts."""

    entries: list[tuple[str, str | None, int | None]] = Factory(list)
    profiles: dict[str, tuple[str | None, str | None, int]] = Factory(dict)
    notes: Counter[tuple[str, str]] = Factory(Counter)
    bookings: dict[str, tuple[str, str, date, int]] = Factory(dict)
    """Whom each is for, its state, its day and its version."""
    changes: list[tuple[str, int, str | None]] = Factory(list)
    """Each change of a booking: the version it led to, and what was said of it."""
    facts: dict[str, tuple[int, date | None, bool]] = Factory(dict)
    """Of whoever booked: how many days they were here, the last of them, whether the cut counts as booked."""

    def copy(self) -> "Trace":
        return Trace(
            list(self.entries),
            dict(self.profiles),
            Counter(self.notes),
            dict(self.bookings),
            list(self.changes),
            dict(self.facts),
        )

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

    def _book(self, operation: Operation) -> None:
        name = operation.about
        self.bookings[operation.word] = (name, "pending", operation.start.date(), 1)
        self._enter(crm.AuditAction.BOOKING_MADE, name, self.profiles[name][2])
        self._count_up(name)

    def _visit(self, operation: Operation) -> None:
        self._book(operation)
        self._close(operation.word, "completed", crm.AuditAction.BOOKING_COMPLETED)

    def _complete(self, operation: Operation) -> None:
        self._close(operation.booking, "completed", crm.AuditAction.BOOKING_COMPLETED)

    def _cancel(self, operation: Operation) -> None:
        self._close(operation.booking, "cancelled", crm.AuditAction.BOOKING_CANCELLED, operation.word)

    def _reschedule(self, operation: Operation) -> None:
        name, status, _, version = self.bookings[operation.booking]
        self.bookings[operation.booking] = (name, status, operation.start.date(), version)
        self._close(operation.booking, status, crm.AuditAction.BOOKING_RESCHEDULED, operation.word)

    def _close(self, booking: str, status: str, action: crm.AuditAction, reason: str | None = None) -> None:
        name, _, day, version = self.bookings[booking]
        self.bookings[booking] = (name, status, day, version + 1)
        self.changes = sorted([*self.changes, (booking, version + 1, reason)])
        self._enter(action, name, self.profiles[name][2])
        self._count_up(name)

    def _count_up(self, name: str) -> None:
        """Say what all bookings of a customer come to."""
        own = [(status, day) for whose, status, day, _ in self.bookings.values() if whose == name]
        days = [day for status, day in own if status == "completed"]
        self.facts[name] = (len(days), max(days, default=None), any(status != "cancelled" for status, _ in own))

    def commits(self, operation: Operation) -> list[Callable[["Trace"], None]]:
        """Return what each transaction of an operation leaves behind."""
        if operation.kind in {"book", "visit", *_OF_BOOKINGS}:
            return [lambda trace: getattr(trace, f"_{operation.kind}")(operation)]
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
        ids = [customer.id for customer in customers]
        notes, bookings = reading.notes.of_customers(ids), reading.bookings.of_customers(ids)
        changes, facts = reading.booking_changes.of_customers(ids), reading.facts.get_many(ids)
        entries: Sequence[crm.AuditEntry] = reading.audit.select(AuditQuery(), 1_000_000)
    names = {customer.id: customer.name for customer in customers}
    traces = {actor: Trace() for actor in actors}
    for customer in customers:
        if customer.name != "Shared" and (trace := traces.get(_actor_of(customer.name))):
            email = customer.email.address if customer.email else None
            trace.profiles[customer.name] = (email, customer.preferences, customer.version)
            trace.notes.update((customer.name, note.text) for note in notes.get(customer.id, ()))
            words = {booking.id: str(booking.note) for booking in bookings.get(customer.id, ())}
            for booking in bookings.get(customer.id, ()):
                shown = (customer.name, str(booking.status), booking.day, booking.version)
                trace.bookings[words[booking.id]] = shown
            told = [(words[was.booking_id], was.version, was.reason) for was in changes.get(customer.id, ())]
            trace.changes = sorted([*trace.changes, *told])
            if held := facts.get(customer.id):
                trace.facts[customer.name] = (held.visits, held.last_visit, "cut" in held.booked)
    for entry in entries:
        if trace := traces.get(entry.by):
            name = None if entry.customer_id is None else names[entry.customer_id]
            trace.entries.append((entry.action.value, name, None if name == "Shared" else entry.version))
    return traces


def _actor_of(name: str) -> str:
    """Return whose a customer is: 'Guest ACTOR NUMBER'."""
    return name.split()[1]
