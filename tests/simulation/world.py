"""The salon under simulation: its store, its clock, its actors, and after every step the comparison with the model."""

from collections.abc import Callable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import AbstractContextManager
from datetime import datetime, time, timedelta
from functools import lru_cache
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from attrs import define, evolve, field, frozen
from tests.simulation import booking_model
from tests.simulation.asking import Asked
from tests.simulation.booking_commands import KINDS, as_change, as_facts, as_item, as_slot
from tests.simulation.commands import (
    COMMANDS,
    as_alarm,
    as_ban,
    as_jot,
    as_line,
    as_listed,
    as_person,
    in_any_order,
    listed,
)
from tests.simulation.faults import Control, Fault, FaultyClock, FaultyStore
from tests.simulation.model import SALONS_ZONE, Line, Refused, State, Who
from tests.simulation.reward_commands import as_entry, as_lot, as_purse

import salon_crm as crm
from salon_crm.domain.audit import AuditHead
from salon_crm.domain.criteria import EVERYBODY, Order
from salon_crm.domain.facts import CustomerFacts
from salon_crm.domain.ids import SalonId
from salon_crm.domain.marks import MarkKey, contact_digests
from salon_crm.errors import SalonCrmError
from salon_crm.ports.store import AuditQuery, Reading, Store
from salon_crm.testing import CountedIds, FixedClock, a_customer_id
from salon_crm.testing.builders import a_block, a_booking, a_note, a_reward_entry

ZONE: Final = SALONS_ZONE
ROLES: Final = ("owner", "manager", "receptionist", "customer")
POOL: Final = 6
"""How many customers have ids that are known beforehand, so that a program comes back to them."""
_PATIENCE: Final = 30
_ALL: Final = 100_000
_NOW_AND_THEN: Final = 20
"""How many steps go by between two comparisons of all there is, where not every step is followed by one."""

_TAKE_REFERENCES: Final = {
    "add": "add_customer",
    "find or add": "find_or_add_customer",
    "note": "add_note",
    "block": "block_customer",
    "book": "book",
}
_OWN_IDS: Final[Mapping[str, Callable[[int], UUID]]] = {
    "add": a_customer_id,
    "find or add": a_customer_id,
    "note": lambda number: a_note(number).id,
    "block": lambda number: a_block(number).id,
    "book": lambda number: a_booking(number).id,
    "give": lambda number: a_reward_entry(number).id,
    "spend": lambda number: a_reward_entry(number).id,
}
SLOTS: Final = 4
"""How many bookings have ids that are known beforehand."""
ENTRIES: Final = 3
"""How many entries of ledgers have ids that are known beforehand."""
_DAYS: Final = {
    "since_in": "since",
    "until_in": "until",
    "first_in": "first",
    "last_in": "last",
    "gone_in": "gone_since",
    "expires_in": "expires",
}
"""Arguments that count days from today, and the days they become."""

OpenStore = Callable[[int], Store]
"""Gives the n-th store over the same data: another object where the store can be shared, else the same one."""


class Mismatch(AssertionError):
    """Something is not as the model says."""


class Left(Exception):
    """Raised to leave a transaction by an exception."""


@frozen
class Step:
    """One thing one actor does; ``meanwhile`` is what another does before this one's call ``at_call``."""

    actor: str
    verb: str
    args: Mapping[str, Any] = field(factory=dict[str, Any])
    fault: Fault | None = None
    at_call: int | None = None
    meanwhile: "Step | None" = None
    outside: bool = False
    """Whether it goes through the salon itself, also while the actor has a transaction open."""
    wait: tuple[str, float] | None = None
    """How the clock moves before."""

    def __str__(self) -> str:
        args = ", ".join(f"{name}={value!r}" for name, value in self.args.items())
        parts = [f"{self.actor}: {self.verb}({args})"]
        parts += ["through the salon itself"] if self.outside else []
        parts += [f"clock {self.wait[0]} {self.wait[1]:g}"] if self.wait else []
        parts += [str(self.fault)] if self.fault else []
        parts += [f"before call {self.at_call} {self.meanwhile}"] if self.meanwhile else []
        return "; ".join(parts)


@define(eq=False)
class _Actor:
    """A role with a thread, a salon and a faulty store of its own."""

    world: "World"
    role: str
    number: int
    control: Control = field(factory=Control)
    thread: ThreadPoolExecutor = field(factory=lambda: ThreadPoolExecutor(max_workers=1))
    salon: Any = None
    parts: list[tuple[AbstractContextManager[Any], Any]] = field(factory=list[Any])
    """The open transaction and the parts open in it, each with the ``tx`` it gave."""
    states: list[State] = field(factory=list[State])
    """What the model says each of them sees by now, the innermost last."""
    entered: State | None = None
    asked_in_vain: bool = False
    view: tuple[AbstractContextManager[Any], Any, State] | None = None
    rows: Iterator[Any] | None = None

    @property
    def actor(self) -> crm.Actor:
        own = a_customer_id(1)
        return crm.Actor.for_customer(own) if self.role == "customer" else crm.Actor(f"the {self.role}", self.role)

    def opening_to_write(self) -> None:
        self.asked_in_vain = self.world.writer is not None

    def opened(self, *, writing: bool) -> None:
        self.entered = self.world.kept
        if writing:
            self.world.writer = self

    def ending(self) -> None:
        self.world.writer = None

    def do(self, job: Callable[[], Any]) -> tuple[Any, BaseException | None]:
        """Run a job in this actor's thread; return what it returned or raised."""
        future = self.thread.submit(job)
        error = future.exception(timeout=_PATIENCE)
        return (None, error) if error is not None else (future.result(), None)

    def leave(
        self, block: AbstractContextManager[Any], error: BaseException | None
    ) -> tuple[Any, BaseException | None]:
        """Leave a block in this actor's thread, by an error or well."""
        kind = None if error is None else type(error)
        return self.do(lambda: block.__exit__(kind, error, None))


class World:
    """One salon, everything in it decided by the steps it is told.

    What each step says is compared with the model, and ``closely`` also all there is after every step; else that is
    done now and then, and at the end.
    """

    def __init__(
        self, open_store: OpenStore, *, lasting: bool, salon_id: SalonId | None = None, closely: bool = True
    ) -> None:
        self._open_store = open_store
        self._lasting = lasting
        self._salon_id = salon_id
        self._closely = closely
        self._steps = 0
        self.kept = State()
        self.writer: _Actor | None = None
        self.clock = FixedClock()
        self._ids = CountedIds(7)
        self._heads: list[AuditHead] = []
        self._tried: set[tuple[str, str]] = set()
        self.told: list[str] = []
        """What every step said, in order: two stores must tell the same."""
        self._actors = {role: _Actor(self, role, number) for number, role in enumerate(ROLES)}
        self._open()
        created = Line("salon-created", "opening", "system", self.clock.now(), self.clock.now())
        self.kept = State(trail=(created,))
        self._recorded = self.kept.trail

    def _open(self) -> None:
        self._stores = [self._open_store(number) for number in range(2)]
        for each in self._actors.values():
            store = FaultyStore(self._stores[each.number % 2], each.control, each)
            each.control.begin_step()
            each.salon = crm.open_salon(
                store,
                region="GB",
                zone=ZONE,
                currency="GBP",
                salon_id=self._salon_id,
                clock=FaultyClock(self.clock, each.control),
                ids=self._ids,
            )
        self._key: MarkKey = self._actors["owner"].salon.mark_key

    def close(self) -> None:
        """End every transaction without keeping it, let the threads go, close the stores."""
        for each in self._actors.values():
            each.control.begin_step()
            while each.parts:
                each.leave(each.parts.pop()[0], Left())
            if each.view is not None:
                each.leave(each.view[0], None)
            each.thread.shutdown()
        for store in self._stores:
            store.close()

    # ------------------------------------------------------------------------------------- steps

    def perform(self, step: Step, *, within: bool = False) -> None:
        """Do one step and compare; raises Mismatch."""
        self._move_clock(step.wait)
        actor = self._actors[step.actor]
        meanwhile = step.meanwhile
        nested = None if meanwhile is None or within else lambda: self._perform_meanwhile(actor, meanwhile)
        actor.control.begin_step(step.fault, step.at_call, nested)
        actor.entered, actor.asked_in_vain = None, False
        lines = len(self._seen_by(actor).trail)
        self.told.append(self._say(step, self._act(actor, step)))
        actor.control.begin_step()
        self._steps += 1
        if self._closely or self._steps % _NOW_AND_THEN == 0:
            self._compare(actor)
        elif len(self._seen_by(actor).trail) > lines + 1:
            self._compare(actor, only_lines=True)

    def _seen_by(self, actor: _Actor) -> State:
        return actor.states[-1] if actor.parts else self.kept

    def _perform_meanwhile(self, actor: _Actor, step: Step) -> None:
        if step.actor != actor.role:
            self.perform(step, within=True)

    def _say(self, step: Step, outcome: str) -> str:
        return f"{step.actor}: {step.verb} -> {outcome}"

    def _act(self, actor: _Actor, step: Step) -> str:
        if step.verb in COMMANDS:
            return self._run_command(actor, step)
        acts: dict[str, Callable[[_Actor, Step], str]] = {
            "begin": self._begin,
            "end": self._end,
            "leave": self._leave,
            "look": self._look,
            "look away": self._look_away,
            "each": self._each,
            "reopen": self._reopen,
        }
        return acts[step.verb](actor, step)

    def _move_clock(self, wait: tuple[str, float] | None) -> None:
        if wait is None:
            return
        how, amount = wait
        now = self.clock.now()
        if how == "goes on":
            self.clock.advance(seconds=amount)
        elif how == "goes to midnight and":
            local = now.astimezone(ZoneInfo(ZONE))
            midnight = datetime.combine(local.date() + timedelta(days=1), time(), tzinfo=ZoneInfo(ZONE))
            self.clock.set(midnight + timedelta(seconds=amount))
        elif how == "goes over a change and":
            self.clock.set(_next_change(now) + timedelta(seconds=amount))

    # ---------------------------------------------------------------------------------- commands

    def _run_command(self, actor: _Actor, step: Step) -> str:
        command = COMMANDS[step.verb]
        outside = step.outside or not actor.parts
        salon = actor.salon if outside else actor.parts[-1][1]
        begun = self.kept if outside else actor.states[-1]
        now = self.clock.now()
        asked = self._asked(step, begun, now, actor)
        returned, error = actor.do(lambda: command.call(salon, actor.actor, asked))
        state = begun if actor.entered is None or not outside else actor.entered
        who = Who(actor.actor.id, actor.role, now, asked["at"] or now, actor.actor.customer_id)

        def expect() -> Any:
            who.check(command.needs)
            command.beforehand(who, asked)
            if command.writes and outside and actor.parts:
                raise Refused("RuleBroken", "transaction-open")
            if actor.asked_in_vain:
                raise Refused("StoreBusy", "store-busy")
            return command.expect(state, who, asked)

        kept, outcome = self._settle(actor, error, returned, expect)
        if kept is not None and command.writes:
            self._keep(actor, kept, outside=outside)
        if "head" in asked.seen and outside:
            self._heads.append(asked.seen["head"])
        return outcome

    def _settle(
        self, actor: _Actor, error: BaseException | None, returned: Any, expect: Callable[[], tuple[State, Any]]
    ) -> tuple[State | None, str]:
        """Compare how a call ended with what the model says; return the state it led to, and the outcome in words."""
        control = actor.control
        if control.raised is not None:
            if error is not control.raised:
                raise Mismatch(f"{control.failed_verb} raised {control.raised!r}, and the call ended with {error!r}")
            kept = control.failed_verb == "commit" and control.failed_after
            return (expect()[0] if kept else None), f"{type(error).__name__} of {control.failed_verb}"
        try:
            state, answer = expect()
        except Refused as refused:
            got = (type(error).__name__, getattr(error, "code", None))
            if got != (refused.kind, refused.code):
                raise Mismatch(f"expected {refused.args}, got {got}, {error!r}, {returned!r}") from error
            return None, f"{refused.kind} {refused.code}"
        if error is not None:
            raise Mismatch(f"expected {answer!r}, got {error!r}") from error
        if returned != answer:
            raise Mismatch(f"expected {answer!r}, got {returned!r}")
        return state, repr(returned)

    def _asked(self, step: Step, state: State, now: datetime, actor: _Actor) -> Asked:
        """Return the arguments as they stand now: numbers become ids, days ago an instant."""
        args = dict(step.args)
        if "who" in args:
            args["who"] = _chosen(args["who"], [a_customer_id(n) for n in range(1, POOL + 1)], state.people)
        if "jot" in args:
            args["jot"] = _chosen(args["jot"], [a_note(n).id for n in range(1, 4)], state.jots)
        if "slot" in args:
            args["slot"] = _chosen(args["slot"], [a_booking(n).id for n in range(1, SLOTS + 1)], state.slots)
        if "in_hours" in args:  # of the full hour, so that a call can be repeated
            args["start"] = now.replace(minute=0, second=0, microsecond=0) + timedelta(hours=args.pop("in_hours"))
        for name in _DAYS.keys() & args.keys():
            args[_DAYS[name]] = now.astimezone(ZoneInfo(ZONE)).date() + timedelta(days=args.pop(name))
        if "days_ago" in args:
            args["at"] = now - timedelta(days=args.pop("days_ago"))
        if "behind" in args and args["who"] in state.people:
            args["version"] = state.people[args["who"]].version - args["behind"]
        args.pop("behind", None)
        if "head" in args:
            args["head"] = self._heads[args["head"] % len(self._heads)] if self._heads else None
        if "to" in args:
            args["to"] = _chosen(args["to"], [a_customer_id(n) for n in range(1, POOL + 1)], state.people)
        if "entry" in args:
            args["entry"] = a_reward_entry(args["entry"]).id
        if args.get("reference") and step.verb in _TAKE_REFERENCES:
            self._tried.add((_TAKE_REFERENCES[step.verb], args["reference"]))
        if "id" in args:
            args["id"] = _OWN_IDS[step.verb](args["id"])
        return Asked(args, lambda kind: self._new_id(kind, actor), {})

    def _new_id(self, kind: str, actor: _Actor) -> UUID:
        """Return the id of the one thing that is there and was not before."""
        state = self._seen_by(actor)
        known = {
            "customers": state.people,
            "notes": state.jots,
            "blocks": {ban.origin for ban in state.bans},
            "bookings": state.slots,
            **{each: {item.id for item in state.items.values() if item.kind == each} for each in KINDS},
        }[kind]
        found: list[UUID] = self._view(actor, lambda unit: _identities(unit, kind))
        new = [each for each in found if each not in known]
        if len(new) != 1:
            raise Mismatch(f"one of {kind} should be new, {len(new)} are")
        [made] = new
        return made

    def _view(self, actor: _Actor, look: Callable[[Reading], Any]) -> Any:
        """Look into the salon as the actor sees it by now, past every fault."""
        control, raised = actor.control, (actor.control.raised, actor.control.failed_verb, actor.control.failed_after)
        control.begin_step()

        def looking() -> Any:
            if not actor.parts:
                with self._stores[actor.number % 2].reading() as unit:
                    return look(unit)
            with actor.parts[-1][1].reading() as unit:
                return look(unit)

        found, error = actor.do(looking)
        control.raised, control.failed_verb, control.failed_after = raised
        if error is not None:
            raise Mismatch(f"looking into the salon raised {error!r}") from error
        return found

    def _keep(self, actor: _Actor, state: State, *, outside: bool) -> None:
        if outside:
            self.kept = state
        else:
            actor.states[-1] = state

    # ------------------------------------------------------------------------------ transactions

    def _begin(self, actor: _Actor, step: Step) -> str:
        outside = step.outside or not actor.parts
        begun = (actor.salon if outside else actor.parts[-1][1]).transaction()
        nested = bool(actor.parts)
        tx, error = actor.do(begun.__enter__)

        def expect() -> tuple[State, Any]:
            if outside and nested:
                raise Refused("RuleBroken", "transaction-open")
            if actor.asked_in_vain:
                raise Refused("StoreBusy", "store-busy")
            return (actor.states[-1] if nested else self.kept), None

        state, outcome = self._settle(actor, error, None, expect)
        if state is not None:
            actor.parts.append((begun, tx))
            actor.states.append(state)
        return outcome

    def _end(self, actor: _Actor, step: Step) -> str:
        """End the innermost part, or the transaction itself, well."""
        if not actor.parts:
            return "nothing to end"
        _, error = actor.leave(actor.parts[-1][0], None)
        control, state = actor.control, actor.states.pop()
        actor.parts.pop()
        if error is not control.raised:
            raise Mismatch(f"ending raised {error!r}")
        if error is None or control.failed_after:
            self._keep(actor, state, outside=not actor.parts)
        return "ended" if error is None else f"{type(error).__name__} of {control.failed_verb}"

    def _leave(self, actor: _Actor, step: Step) -> str:
        """Leave the innermost part, or all of the transaction, by an exception."""
        depth = len(actor.parts) if step.args["all"] else min(1, len(actor.parts))
        for _ in range(depth):
            part, _ = actor.parts.pop()
            actor.states.pop()
            error = {"Left": Left, "KeyboardInterrupt": KeyboardInterrupt}[step.args["by"]]()
            suppressed, raised = actor.leave(part, error)
            if suppressed or (raised is not None and raised is not error and raised is not actor.control.raised):
                raise Mismatch(f"leaving by {error!r} ended with {raised!r}")
        return f"left {depth}"

    # ----------------------------------------------------------------------------------- readings

    def _look(self, actor: _Actor, step: Step) -> str:
        """Open a reading, or look again into the one that is open: it must show what it showed."""
        if actor.view is None:
            reading = actor.salon.reading()
            unit, error = actor.do(reading.__enter__)
            if error is not actor.control.raised:
                raise Mismatch(f"opening a reading raised {error!r}")
            if error is not None:
                return "not opened"
            assert actor.entered is not None
            actor.view = (reading, unit, actor.entered)
        _, unit, state = actor.view
        actor.control.begin_step()
        seen, error = actor.do(lambda: self._dump(unit, state))
        if error is not None:
            raise Mismatch(f"looking again raised {error!r}") from error
        self._as_recorded(seen, state, "a reading that stayed open")
        return "the same"

    def _look_away(self, actor: _Actor, step: Step) -> str:
        if actor.view is not None:
            reading, actor.view = actor.view[0], None
            _, error = actor.leave(reading, None)
            if error is not None:
                raise Mismatch(f"closing a reading raised {error!r}") from error
        return "looked away"

    def _each(self, actor: _Actor, step: Step) -> str:
        """Take an iterator over everybody, or walk the one there is: it shows what was there when it began to walk."""
        if actor.role == "customer":
            return "may not"
        if actor.rows is None:
            rows, error = actor.do(lambda: crm.each_customer(actor.salon, actor.actor, order="-added"))
            actor.rows = rows
            if error is not actor.control.raised:
                raise Mismatch(f"asking for everybody raised {error!r}")
            return "taken"
        walked, actor.rows = actor.rows, None
        rows, error = actor.do(lambda: [as_listed(row) for row in walked])
        if error is not actor.control.raised:
            raise Mismatch(f"walking over everybody raised {error!r}") from error
        if error is None:
            state = actor.entered or self.kept
            people = sorted(state.people.values(), key=lambda one: (one.added, one.id), reverse=True)
            _check(rows, [listed(state, one) for one in people], "everybody")
        return f"{len(rows or ())} rows"

    def _reopen(self, actor: _Actor, step: Step) -> str:
        """Close the salon and open it again, where nobody is in the middle of something."""
        busy = any(each.parts or each.view or each.rows for each in self._actors.values())
        if busy or self.writer is not None:
            return "not now"
        if self._lasting:
            for store in self._stores:
                store.close()
            self._open()
        return "reopened"

    # ---------------------------------------------------------------------------------- comparing

    def _compare(self, actor: _Actor, *, only_lines: bool = False) -> None:
        """Compare everything that is kept, and everything the actor's transaction sees, with the model.

        Where several lines were recorded at once the model has to be told their order; that can be all that is done.
        """
        look = self._new_lines if only_lines else self._dump
        try:
            with self._stores[1].reading() as unit:
                kept = look(unit, self.kept)
        except SalonCrmError as error:
            raise Mismatch(f"looking into the salon raised {error!r}") from error
        self.kept = self._as_recorded(kept, self.kept, "what is kept")
        if self.kept.trail[: len(self._recorded)] != self._recorded:
            raise Mismatch("what was recorded before stands in another order by now")
        self._recorded = self.kept.trail
        if actor.parts and self.writer is actor:
            state = actor.states[-1]
            seen = self._view(actor, lambda unit: look(unit, state))
            actor.states[-1] = self._as_recorded(seen, state, f"what the transaction of the {actor.role} sees")

    def _as_recorded(self, seen: dict[str, Any], state: State, what: str) -> State:
        """Compare; return the state with its trail in the order of the store.

        One act that lifts several blocks records them in the order of ids that only the store knows.
        """
        lines = seen.pop("lines")
        if seen:
            _check(seen, self._expected(state), what)
        if lines == state.trail:
            return state
        _check(in_any_order(lines), in_any_order(state.trail), f"{what}: what is recorded")
        return evolve(state, trail=lines)

    def _new_lines(self, unit: Reading, state: State) -> dict[str, Any]:
        """Return what is recorded, of which only what came after the last comparison is read."""
        new = unit.audit.select(AuditQuery(after=len(self._recorded)), _ALL)
        return {"lines": (*self._recorded, *map(as_line, new))}

    def _dump(self, unit: Reading, state: State) -> dict[str, Any]:
        """Return everything a unit sees, as the model says it; what it was never told of is asked for too."""
        people = [as_person(one) for one in unit.customers.find(EVERYBODY, Order(), None, _ALL)]
        ids = {one.id for one in people} | {line.customer for line in state.trail if line.customer is not None}
        of = {kind: getattr(unit, kind).of_customers(ids) for kind in ("notes", "blocks", "block_alerts")}
        things = {kind: [thing for held in found.values() for thing in held] for kind, found in of.items()}
        origins = {block.origin for block in things["blocks"]} | {origin for origin, *_ in state.marks}
        marks = [mark for held in unit.marks.by_key("block", sorted(origins)).values() for mark in held]
        references = unit.references.get_many(sorted(self._tried))
        entries = unit.audit.select(AuditQuery(), _ALL)
        return {
            "people": {one.id: one for one in people},
            "notes": {note.id: as_jot(note) for note in things["notes"]},
            "blocks": in_any_order(map(as_ban, things["blocks"])),
            "alerts": in_any_order(map(as_alarm, things["block_alerts"])),
            "marks": {(mark.block_id, str(mark.kind), mark.digest) for mark in marks},
            "references": {key: held.result_id for key, held in references.items()},
            **_booked(unit, [one.id for one in people]),
            "points": _rewarded(unit, [one.id for one in people]),
            "trail": [entry.sequence for entry in entries],
            "lines": tuple(map(as_line, entries)),
        }

    def _expected(self, state: State) -> dict[str, Any]:
        return {
            "people": dict(state.people),
            "notes": dict(state.jots),
            "blocks": in_any_order(state.bans),
            "alerts": in_any_order(state.alarms),
            "marks": {self._mark(*mark) for mark in state.marks},
            "references": {key: made for key, (_, made) in state.references.items()},
            "items": dict(state.items),
            "bookings": dict(state.slots),
            "what bookings were": in_any_order(state.changes),
            "facts": {own_id: booking_model.facts_of(state, own_id) for own_id in state.people},
            "points": {own_id: as_purse(state, own_id) for own_id in state.people},
            "trail": list(range(1, len(state.trail) + 1)),
        }

    def _mark(self, origin: UUID, contact: str, words: str | None) -> tuple[UUID, str, bytes]:
        kind = "contact" if words is None else "contact-and-name"
        digests = contact_digests(self._key, [contact], words or "")
        return origin, kind, next(found for each, (found,) in digests.items() if each == kind)

    def finish(self) -> list[Any]:
        """Compare all once more, verify the chain through every head that was kept, return what is recorded."""
        owner = self._actors["owner"]
        for head in (None, *self._heads):
            verified = crm.verify_audit(owner.salon, owner.actor, head=head)
            if not verified.ok:
                raise Mismatch(f"the chain does not verify: {verified}")
        self._compare(owner)
        with self._stores[0].reading() as unit:
            return list(unit.audit.select(AuditQuery(), _ALL))


def _chosen(number: int, pool: list[UUID], known: Mapping[UUID, Any]) -> UUID:
    """Return the id of this number: of the pool, and beyond it of those the source of ids made."""
    if number <= len(pool):
        return pool[number - 1]
    made = [each for each in known if each not in pool]
    return made[number % len(made)] if made else pool[-1]


def _booked(unit: Reading, people: list[Any]) -> dict[str, Any]:
    """Return the catalogue, the bookings, what they were, and the facts that are kept, as the model says it."""
    items = [
        as_item(kind, item)
        for kind in KINDS
        for held in getattr(unit, kind).by_key("retired", [False, True]).values()
        for item in held
    ]
    slots = [as_slot(each) for held in unit.bookings.of_customers(people).values() for each in held]
    changes = [each for held in unit.booking_changes.of_customers(people).values() for each in held]
    facts = unit.facts.get_many(people)
    return {
        "items": {(item.kind, item.code): item for item in items},
        "bookings": {slot.id: slot for slot in slots},
        "what bookings were": in_any_order(map(as_change, changes)),
        "facts": {own: as_facts(facts.get(own) or CustomerFacts(customer_id=own)) for own in people},
    }


def _rewarded(unit: Reading, people: list[Any]) -> dict[Any, Any]:
    """Return what is kept of everybody's points: the end of the ledger, its lots, its entries."""
    heads = unit.reward_heads.get_many(people)
    lots = unit.reward_lots.of_customers(people)
    entries = unit.reward_entries.of_customers(people)
    return {
        own: (
            (heads[own].sequence, heads[own].total) if own in heads else (0, 0),
            set(map(as_lot, lots.get(own, ()))),
            [as_entry(entry) for entry in sorted(entries.get(own, ()), key=lambda entry: entry.sequence)],
        )
        for own in people
    }


def _identities(unit: Reading, kind: str) -> list[UUID]:
    people = [one.id for one in unit.customers.find(EVERYBODY, Order(), None, _ALL)]
    if kind == "customers":
        return list(people)
    if kind in KINDS:
        return [item.id for items in getattr(unit, kind).by_key("retired", [False, True]).values() for item in items]
    held = getattr(unit, kind).of_customers(people)
    return [thing.id for things in held.values() for thing in things if kind != "blocks" or thing.id == thing.origin]


@lru_cache(maxsize=256)
def _next_change(now: datetime) -> datetime:
    """Return the next instant at which the salon's clocks are changed."""
    zone, instant = ZoneInfo(ZONE), now.replace(minute=0, second=0, microsecond=0)
    offset = instant.astimezone(zone).utcoffset()
    for pace in (timedelta(days=1), timedelta(hours=1)):
        while (instant + pace).astimezone(zone).utcoffset() == offset:
            instant += pace
    return instant + pace


def _check(got: Any, expected: Any, what: str) -> None:
    if got == expected:
        return
    if isinstance(got, dict):
        for name, value in expected.items():
            if got[name] != value:
                raise Mismatch(f"{what}: {name} should be {value!r}, and are {got[name]!r}")
    raise Mismatch(f"{what} should be {expected!r}, and is {got!r}")
