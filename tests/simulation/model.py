"""The plain model: what customers, notes, blocks, alerts, marks, references and audit entries there must be.

It knows the rules in the users' words and nothing of the library's code: names are folded by a table
written by hand, a search is a loop, and a state is a handful of dictionaries that are copied before
they change. Each command says what must come of it: the error it must raise, or the state after it.
"""

from collections.abc import Iterable, Mapping
from datetime import date, datetime
from typing import Any, Final
from uuid import UUID
from zoneinfo import ZoneInfo

from attrs import evolve, field, frozen

FOLDED: Final = {
    "Ana Silva": "ana silva",
    "SILVA ána": "silva ana",
    "Ana Silveira": "ana silveira",
    "Anabela Silva": "anabela silva",
    "Łucja Żółć": "lucja zolc",
    "Šárka Ana": "sarka ana",
    "王小明": "王小明",
    "Елена Ёлкина": "елена елкина",
}
"""Every name of the simulation, and how it is searched and sorted."""

EMAILS: Final = ("ana@example.com", "bea.silva@example.com", "silva@example.net", "x@example.org")
NOBODYS: Final = "x@example.org"
"""An e-mail that stands for none: it tells nobody apart, and so it is never met."""

PHONES: Final = {
    "+44 7700 900001": "+447700900001",
    "07700 900002": "+447700900002",
    "+44 (0)7700 900003": "+447700900003",
    "+447700900111": "+447700900111",
}
"""Phones as they are typed in a salon in Britain, and what is kept of them."""

SALONS_ZONE: Final = "Europe/London"
MET_AGAIN: Final = "Blocked before under another profile."

_EVERYBODY: Final = frozenset({"owner", "manager", "receptionist"})
_MANAGERS: Final = frozenset({"owner", "manager"})
MAY: Final[Mapping[str, frozenset[str]]] = {
    "view": _EVERYBODY | {"customer"},
    "edit": _EVERYBODY | {"customer"},
    "forget": _EVERYBODY | {"customer"},
    "add": _EVERYBODY,
    "status": _EVERYBODY,
    "notes": _EVERYBODY,
    "list": _EVERYBODY,
    "view blocks": _EVERYBODY,
    "block": _MANAGERS,
    "remove": _MANAGERS,
    "book": _EVERYBODY | {"customer"},
    "see bookings": _EVERYBODY | {"customer"},
    "list bookings": _EVERYBODY,
    "move bookings": _EVERYBODY,
    "mirror": _MANAGERS,
    "see catalogue": _EVERYBODY | {"customer"},
    "catalogue": frozenset({"owner"}),
    "maintain": frozenset({"owner"}),
    "audit": frozenset({"owner"}),
    "settings": frozenset({"owner"}),
    "see points": _EVERYBODY | {"customer"},
    "spend points": _EVERYBODY,
    "give points": _EVERYBODY,
    "change points": _MANAGERS,
}
"""Which roles may do what; a customer only with their own profile."""


@frozen
class Person:
    """A customer as they must be."""

    id: UUID
    added: datetime
    name: str
    email: str | None = None
    mobile: str | None = None
    external: tuple[tuple[str, str], ...] = ()
    status: str = "active"
    version: int = 1
    former_names: tuple[str, ...] = ()
    former_emails: tuple[str, ...] = ()
    former_phones: tuple[str, ...] = ()

    @property
    def contacts(self) -> tuple[str, ...]:
        """What they are met by now."""
        return tuple(each for each in (self.email, self.mobile) if each and each != NOBODYS)

    @property
    def all_contacts(self) -> tuple[str, ...]:
        """What they are met by, former contacts included."""
        former = (*self.former_emails, *self.former_phones)
        return (*self.contacts, *(each for each in former if each != NOBODYS))

    @property
    def words(self) -> frozenset[str]:
        """The words of each name they have or had, in one order."""
        return frozenset(" ".join(sorted(FOLDED[name].split())) for name in (self.name, *self.former_names))


@frozen
class Jot:
    """A note as it must be."""

    id: UUID
    customer: UUID
    text: str
    alert: bool
    at: datetime
    by: str
    edited_at: datetime | None = None
    edited_by: str | None = None
    version: int = 1


@frozen
class Ban:
    """A block as it must be; the id it is known by is that of its origin, the block it goes back to."""

    customer: UUID
    origin: UUID
    reason: str
    at: datetime
    by: str
    lifted_at: datetime | None = None
    lifted_by: str | None = None
    version: int = 1
    first: bool = False
    """Whether it is the origin itself, set by a person."""


@frozen
class Alarm:
    """An alert that a blocked person's contact was met, as it must be."""

    customer: UUID
    origin: UUID
    at: datetime
    state: str = "open"
    settled_at: datetime | None = None
    settled_by: str | None = None
    version: int = 1


@frozen
class Item:
    """Something the catalogue has, as it must be."""

    kind: str
    code: str
    id: UUID
    name: str
    service_type: str | None = None
    duration: int | None = None
    zone: str | None = None
    retired_at: datetime | None = None
    version: int = 1


@frozen(kw_only=True)
class Slot:
    """A booking as it must be."""

    id: UUID
    customer: UUID
    service: str
    start: datetime
    end: datetime
    zone: str
    location: str | None = None
    therapist: str | None = None
    status: str = "pending"
    cancelled_by: str | None = None
    arrived_at: datetime | None = None
    external: tuple[str, str] | None = None
    origin: str = "booked"
    at: datetime
    by: str
    version: int = 1


def day_of(slot: Slot) -> date:
    """Return the day a booking starts on, where it is."""
    return slot.start.astimezone(ZoneInfo(slot.zone)).date()


@frozen
class Lot:
    """Points that were given at once and are there still, as they must be: by which deed, and their last day."""

    number: int
    last: date | None
    at: datetime
    points: int


@frozen
class Deed:
    """What was done with points: how many went in or out, of which lots, and what there were then."""

    action: str
    points: int
    total: int
    at: datetime
    parts: tuple[tuple[int, date | None, int], ...]
    own_id: UUID | None
    reference: str | None
    undoes: UUID | int | None
    short: int


@frozen
class Purse:
    """A customer's points, and all that was done with them."""

    lots: tuple[Lot, ...] = ()
    deeds: tuple[Deed, ...] = ()


@frozen
class Line:
    """An entry of the audit as it must be, but for its place and its digest."""

    action: str
    by: str
    role: str
    at: datetime
    recorded: datetime
    customer: UUID | None = None
    version: int | None = None
    fields: tuple[str, ...] = ()


@frozen
class State:
    """All there is in the salon."""

    people: Mapping[UUID, Person] = field(factory=dict[UUID, Person])
    jots: Mapping[UUID, Jot] = field(factory=dict[UUID, Jot])
    bans: tuple[Ban, ...] = ()
    alarms: tuple[Alarm, ...] = ()
    marks: frozenset[tuple[UUID, str, str | None]] = frozenset()
    """The origin of a block, a contact, and the words of a name or None for the contact alone."""
    references: Mapping[tuple[str, str], tuple[Any, UUID]] = field(factory=dict[tuple[str, str], tuple[Any, UUID]])
    """What each reference was asked, and the id of what it made."""
    items: Mapping[tuple[str, str], Item] = field(factory=dict[tuple[str, str], Item])
    """The catalogue, by kind and code."""
    slots: Mapping[UUID, Slot] = field(factory=dict[UUID, Slot])
    changes: tuple[tuple[Any, ...], ...] = ()
    """What bookings were before each of their changes."""
    purses: Mapping[UUID, Purse] = field(factory=dict[UUID, Purse])
    a_visit: int = 0
    """How many points a visit earns."""
    visits: Mapping[tuple[UUID, date], int] = field(factory=dict[tuple[UUID, date], int])
    """The deed that each customer's day was given points by."""
    owed: Mapping[tuple[UUID, date], int] = field(factory=dict[tuple[UUID, date], int])
    """What was spent of a day's points when its visit was given up."""
    trail: tuple[Line, ...] = ()

    def bans_of(self, customer: UUID) -> list[Ban]:
        """The blocks in force."""
        return [ban for ban in self.bans if ban.customer == customer and ban.lifted_at is None]

    def ever_had(self, customer: UUID) -> bool:
        return any(line.customer == customer for line in self.trail)

    def open_alarms(self) -> list[Alarm]:
        return sorted((each for each in self.alarms if each.state == "open"), key=lambda each: each.at)


class Refused(Exception):
    """The error a use case must raise, by its class and code."""

    def __init__(self, kind: str, code: str) -> None:
        super().__init__(kind, code)
        self.kind, self.code = kind, code


@frozen
class Who:
    """Who acts, and when: ``now`` is when it is written down, ``at`` when it happened."""

    id: str
    role: str
    now: datetime
    at: datetime
    own: UUID | None = None

    def check(self, what: str) -> None:
        if self.role not in MAY[what]:
            raise Refused("NotPermitted", "not-permitted")

    def check_own(self, customer: UUID) -> None:
        if self.own is not None and self.own != customer:
            raise Refused("NotPermitted", "not-permitted-own")


def person(state: State, who: Who, customer: UUID) -> Person:
    """Return the customer an id means, to somebody who may reach them."""
    who.check_own(customer)
    if customer not in state.people:
        raise Refused("NotFound", "gone" if state.ever_had(customer) else "not-found")
    return state.people[customer]


def recorded(state: State, who: Who, action: str, one: Person | None, fields: tuple[str, ...] = ()) -> State:
    whose, version = (None, None) if one is None else (one.id, one.version)
    line = Line(action, who.id, who.role, who.at, who.now, whose, version, fields)
    return evolve(state, trail=(*state.trail, line))


def _kept(state: State, one: Person) -> State:
    return evolve(state, people={**state.people, one.id: one})


# ------------------------------------------------------------------------------------ references


def repeated(state: State, command: str, reference: str | None, asked: Any) -> UUID | None:
    """Return what an earlier call with this reference made."""
    if reference is None or (command, reference) not in state.references:
        return None
    first, made = state.references[command, reference]
    if first != asked:
        raise Refused("Conflict", "reference-reused")
    return made


def remembered(state: State, command: str, reference: str | None, asked: Any, made: UUID) -> State:
    if reference is None:
        return state
    return evolve(state, references={**state.references, (command, reference): (asked, made)})


# ------------------------------------------------------------------------------------- customers


def check_external(state: State, one: Person) -> None:
    for other in state.people.values():
        if other.id != one.id and set(other.external) & set(one.external):
            raise Refused("Conflict", "external-id-held")


def added(state: State, who: Who, one: Person, fields: Iterable[str], jot: Jot | None) -> State:
    """Return the state with a new customer, their note, and whatever they met."""
    check_external(state, one)
    state = recorded(_kept(state, one), who, "customer-added", one, tuple(sorted(fields)))
    if jot is not None:
        state = noted(state, who, jot)
    return met(state, who, one, new=True)


def surely(state: State, newcomer: Person) -> list[Person]:
    """Return whom a newcomer surely is: those who share a contact and have, or had, the same name."""
    return [
        one
        for one in state.people.values()
        if set(one.all_contacts) & set(newcomer.all_contacts) and one.words & newcomer.words
    ]


def edited(
    state: State, who: Who, one: Person, changes: Mapping[str, Any], *, version: int | None, keep: bool
) -> State:
    """Return the state with a changed profile; the same state where nothing differs."""
    after = evolve(one, **changes)
    fields = tuple(
        name
        for name, attribute in (
            ("name", "name"),
            ("email", "email"),
            ("mobile", "mobile"),
            ("external_ids", "external"),
        )
        if getattr(after, attribute) != getattr(one, attribute)
    )
    if version is not None:
        _check_version(state, one, version, fields)
    if not fields:
        return state
    after = evolve(after, version=one.version + 1)
    if keep:
        after = evolve(
            after,
            former_names=_former(one.former_names, (one.name,), (after.name,)),
            former_emails=_former(one.former_emails, (one.email,), (after.email,)),
            former_phones=_former(one.former_phones, (one.mobile,), (after.mobile,)),
        )
    check_external(state, after)
    state = recorded(_kept(state, after), who, "customer-edited", after, fields)
    return met(state, who, after, new=False) if {"name", "email", "mobile"} & set(fields) else state


def _former(old: Iterable[str], replaced: Iterable[str | None], current: Iterable[str | None]) -> tuple[str, ...]:
    kept = dict.fromkeys([*old, *replaced])
    return tuple(value for value in kept if value is not None and value not in set(current))


def _check_version(state: State, one: Person, version: int, fields: tuple[str, ...]) -> None:
    if not 1 <= version <= one.version:
        raise Refused("InvalidValue", "version-unknown")
    since: set[str] = set()
    for line in state.trail:
        if line.customer == one.id and line.version is not None and line.version > version:
            since |= set(line.fields)
    if since & set(fields):
        raise Refused("Conflict", "stale")


def with_status(state: State, who: Who, one: Person, status: str) -> State:
    if one.status == status:
        return state
    after = evolve(one, status=status, version=one.version + 1)
    action = "customer-activated" if status == "active" else "customer-deactivated"
    return recorded(_kept(state, after), who, action, after, ("status",))


def without_former(state: State, who: Who, one: Person) -> State:
    if not (one.former_names or one.former_emails or one.former_phones):
        return state
    after = evolve(one, former_names=(), former_emails=(), former_phones=(), version=one.version + 1)
    return recorded(_kept(state, after), who, "former-forgotten", after)


def removed(state: State, who: Who, one: Person) -> State:
    noted = any(jot.customer == one.id for jot in state.jots.values())
    booked = any(slot.customer == one.id for slot in state.slots.values())
    if noted or booked or one.id in state.purses or any(one.id == was[2] for was in state.changes):
        raise Refused("RuleBroken", "has-history")
    state = evolve(
        state,
        people={key: value for key, value in state.people.items() if key != one.id},
        bans=tuple(ban for ban in state.bans if ban.customer != one.id),
        alarms=tuple(each for each in state.alarms if each.customer != one.id),
    )
    return recorded(state, who, "customer-removed", one)


# ----------------------------------------------------------------------------------------- notes


def noted(state: State, who: Who, jot: Jot) -> State:
    return recorded(_with_jot(state, jot), who, "note-added", state.people[jot.customer])


def note_edited(state: State, who: Who, jot: Jot, changes: Mapping[str, Any]) -> State:
    after = evolve(jot, **changes)
    if after == jot:
        return state
    fields = tuple(name for name in ("text", "alert") if getattr(after, name) != getattr(jot, name))
    after = evolve(after, edited_at=who.now, edited_by=who.id, version=jot.version + 1)
    return recorded(_with_jot(state, after), who, "note-edited", state.people[jot.customer], fields)


def note_removed(state: State, who: Who, jot: Jot) -> State:
    left = {key: value for key, value in state.jots.items() if key != jot.id}
    return recorded(evolve(state, jots=left), who, "note-removed", state.people[jot.customer])


def _with_jot(state: State, jot: Jot) -> State:
    return evolve(state, jots={**state.jots, jot.id: jot})


# ---------------------------------------------------------------------------------------- blocks


def blocked(state: State, who: Who, one: Person, reason: str, origin: UUID) -> State:
    """Return the state with a block of its own, and with alerts on its namesakes who share a contact."""
    state = _banned(state, who, one, reason, origin, first=True)
    for other in state.people.values():
        shares = set(other.all_contacts) & set(one.all_contacts) and other.words & one.words
        if other.id != one.id and shares and not state.bans_of(other.id):
            state = _warned(state, who, other, {origin})
    return state


def _banned(state: State, who: Who, one: Person, reason: str, origin: UUID, *, first: bool = False) -> State:
    ban = Ban(one.id, origin, reason, who.at, who.id, first=first)
    state = _marked(evolve(state, bans=(*state.bans, ban)), who, one, origin)
    return recorded(state, who, "customer-blocked", one)


def _marked(state: State, who: Who, one: Person, origin: UUID) -> State:
    marks: set[tuple[UUID, str, str | None]] = {(origin, contact, None) for contact in one.all_contacts}
    if who.role != "customer":
        marks |= {(origin, contact, words) for contact in one.all_contacts for words in one.words}
    return evolve(state, marks=state.marks | marks)


def _reason(state: State, origin: UUID) -> str:
    """Return the reason of the block that others go back to, while the profile it was set on is there."""
    return next((ban.reason for ban in state.bans if ban.origin == origin and ban.first), MET_AGAIN)


def met(state: State, who: Who, one: Person, *, new: bool) -> State:
    """Return the state after a profile that is new, or has another name or contact, met the blocks there are."""
    held = {ban.origin for ban in state.bans_of(one.id)}
    for origin in held:
        state = _marked(state, who, one, origin)
    by_contact = {origin for origin, contact, words in state.marks if words is None and contact in one.contacts}
    by_name = {origin for origin, contact, words in state.marks if words in one.words and contact in one.contacts}
    if new:
        for origin in sorted(by_name - held):
            state = _banned(state, who, one, _reason(state, origin), origin)
        held |= by_name
    return _warned(state, who, one, (by_name | by_contact) - held)


def _warned(state: State, who: Who, one: Person, origins: set[UUID]) -> State:
    known = {each.origin for each in state.alarms if each.customer == one.id}
    for origin in sorted(origins - known):
        state = evolve(state, alarms=(*state.alarms, Alarm(one.id, origin, who.at)))
        state = recorded(state, who, "block-alert-raised", one)
    return state


def unblocked(state: State, who: Who, one: Person) -> State:
    origins = {ban.origin for ban in state.bans_of(one.id)}
    if not origins:
        raise Refused("RuleBroken", "not-blocked")
    for ban in state.bans:
        if ban.origin in origins and ban.lifted_at is None:
            lifted = evolve(ban, lifted_at=who.at, lifted_by=who.id, version=ban.version + 1)
            state = evolve(state, bans=tuple(lifted if each is ban else each for each in state.bans))
            state = recorded(state, who, "customer-unblocked", state.people[ban.customer])
    state = evolve(state, marks=frozenset(mark for mark in state.marks if mark[0] not in origins))
    for each in state.alarms:
        if each.origin in origins and each.state == "open":
            state = _settled(state, who, each, "dismissed")
    return state


def _settled(state: State, who: Who, which: Alarm, how: str) -> State:
    after = evolve(which, state=how, settled_at=who.now, settled_by=who.id, version=which.version + 1)
    state = evolve(state, alarms=tuple(after if each is which else each for each in state.alarms))
    return recorded(state, who, f"block-alert-{how}", state.people[which.customer])


def settled(state: State, who: Who, which: Alarm, *, same_person: bool) -> State:
    """Return the state after staff said of an alert whether it is the blocked person."""
    if not same_person:
        return _settled(state, who, which, "dismissed")
    state = _settled(state, who, which, "confirmed")
    one = state.people[which.customer]
    if any(ban.origin == which.origin for ban in state.bans_of(one.id)):
        return state
    return _banned(state, who, one, _reason(state, which.origin), which.origin)


# --------------------------------------------------------------------------------------- finding


def found(state: State, text: str, status: str | None, is_blocked: bool | None, order: str) -> list[Person]:
    """Return whom a search finds, by a loop over everybody."""
    people = [
        one
        for one in state.people.values()
        if _has_text(one, text) and status in (None, one.status) and is_blocked in (None, bool(state.bans_of(one.id)))
    ]
    placed_by = {"name": lambda one: (FOLDED[one.name], one.id), "added": lambda one: (one.added, one.id)}
    return sorted(people, key=placed_by[order.removeprefix("-")], reverse=order.startswith("-"))


def _has_text(one: Person, text: str) -> bool:
    """Whether each word lies in a name or an e-mail, or the digits of a phone in a way to write it."""
    names = [FOLDED[name] for name in (one.name, *one.former_names)]
    texts = [*names, *(each for each in (one.email, *one.former_emails) if each)]
    phones = [each for each in (one.mobile, *one.former_phones) if each]
    spellings = [s for e164 in phones for s in (e164[1:], "0" + e164[3:], "440" + e164[3:])]
    if any(sign.isdigit() for sign in text):
        digits = "".join(sign for sign in text if sign.isdigit())
        return any(digits in spelling for spelling in spellings)
    return all(any(word in each for each in texts) for word in text.split())


def rewarded(state: State, who: Who, points: int) -> State:
    """Return the state with so many points for a visit from now on."""
    if state.a_visit == points:
        return state
    return recorded(evolve(state, a_visit=points), who, "settings-changed", None, ("rewards",))
