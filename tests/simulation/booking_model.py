"""The plain model of the catalogue, of bookings and of what they come to: loops over everything, and no code shared.

Zones are asked of the standard library, codes stand in a table written by hand, and whatever bookings come to is
counted anew each time it is asked.
"""

from collections.abc import Callable, Mapping
from datetime import datetime, timedelta
from typing import Any, Final
from uuid import UUID

from attrs import evolve
from tests.simulation import reward_model
from tests.simulation.model import (
    FOLDED,
    SALONS_ZONE,
    Item,
    Person,
    Refused,
    Slot,
    State,
    Who,
    day_of,
    person,
    recorded,
    with_status,
)

ITEMS: Final[Mapping[str, tuple[str, str, dict[str, Any]]]] = {
    "Hair": ("service_types", "hair", {}),
    "Nails": ("service_types", "nails", {}),
    "Cut": ("services", "cut", {"service_type": "hair", "duration": 45}),
    "Colour & Cut": ("services", "colour-cut", {"service_type": "hair", "duration": 120}),
    "Maniküre": ("services", "manikure", {"service_type": "nails", "duration": 30}),
    "Advice": ("services", "advice", {}),
    "Soho": ("locations", "soho", {}),
    "Brooklyn": ("locations", "brooklyn", {"zone": "America/New_York"}),
    "Gil": ("staff_members", "gil", {}),
    "Inês": ("staff_members", "ines", {}),
}
"""Every item a simulated salon may offer: its kind, the code its name makes, and what else is said of it."""

_STATED: Final = {
    "service_types": ("name",),
    "services": ("duration", "name", "service_type", "skin_tests", "usual_interval"),
    "locations": ("name", "region", "zone"),
    "staff_members": ("actor_id", "customer_id", "name"),
}
_OPEN: Final = ("pending", "confirmed")
_TOLD: Final = ("service", "start", "end", "location", "therapist", "status", "cancelled_by", "arrived_at")
_ACTIONS: Final = {
    "confirm": "booking-confirmed",
    "complete": "booking-completed",
    "cancel": "booking-cancelled",
    "mark-no-show": "booking-missed",
    "reopen": "booking-reopened",
    "reschedule": "booking-rescheduled",
    "record-arrival": "arrival-recorded",
    None: "booking-changed",
}


# ------------------------------------------------------------------------------------- catalogue


def item_of(state: State, kind: str, code: str) -> Item:
    """Return the item of a code."""
    if (kind, code) not in state.items:
        raise Refused("NotFound", "not-found")
    return state.items[kind, code]


def _offered(state: State, kind: str, code: str, when: datetime) -> Item:
    item = item_of(state, kind, code)
    if item.retired_at is not None and item.retired_at <= when:
        raise Refused("RuleBroken", "retired")
    return item


def _with_item(state: State, item: Item) -> State:
    return evolve(state, items={**state.items, (item.kind, item.code): item})


def item_added(state: State, who: Who, name: str, new_id: Callable[[str], UUID]) -> tuple[State, Item]:
    """Return the state with one more item; a second one of a name is numbered."""
    kind, code, stated = ITEMS[name]
    if stated.get("service_type") is not None:
        _offered(state, "service_types", stated["service_type"], who.at)
    number, free = 1, code
    while (kind, free) in state.items:
        number += 1
        free = f"{code}-{number}"
    item = Item(kind, free, new_id(kind), name, **stated)
    return recorded(_with_item(state, item), who, "catalogue-added", None, _STATED[kind]), item


def item_renamed(state: State, who: Who, item: Item, name: str) -> State:
    if item.name == name:
        return state
    after = evolve(item, name=name, version=item.version + 1)
    return recorded(_with_item(state, after), who, "catalogue-edited", None, ("name",))


def item_retired(state: State, who: Who, item: Item) -> tuple[State, tuple[UUID, ...]]:
    """Return the state without the item on offer, and the bookings it still has ahead."""
    if item.retired_at is None:
        after = evolve(item, retired_at=who.now, version=item.version + 1)
        state = recorded(_with_item(state, after), who, "catalogue-retired", None)
    names = {"services": "service", "locations": "location", "staff_members": "therapist"}
    ahead = [
        slot
        for slot in state.slots.values()
        if item.kind in names
        and getattr(slot, names[item.kind]) == item.code
        and slot.status in _OPEN
        and slot.start >= who.now
    ]
    return state, tuple(slot.id for slot in sorted(ahead, key=lambda slot: (slot.start, slot.id)))


def item_restored(state: State, who: Who, item: Item) -> State:
    if item.retired_at is None:
        return state
    after = evolve(item, retired_at=None, version=item.version + 1)
    return recorded(_with_item(state, after), who, "catalogue-restored", None)


# -------------------------------------------------------------------------------------- bookings


def zone_of(item: Item | None) -> str:
    return SALONS_ZONE if item is None or item.zone is None else item.zone


def known(state: State, plan: Mapping[str, Any]) -> None:
    """Refuse a plan that names what the catalogue does not have."""
    for kind, name in (("services", "service"), ("staff_members", "therapist"), ("locations", "location")):
        if plan.get(name) is not None:
            item_of(state, kind, plan[name])


def place_of(state: State, plan: Mapping[str, Any], *, when: datetime | None) -> Item | None:
    """Return where a booking is: as stated, or at the only location there is; asked at ``when`` whether it is open."""
    if plan.get("location") is not None:
        found = item_of(state, "locations", plan["location"])
        return found if when is None else _offered(state, "locations", found.code, when)
    there = [each for each in state.items.values() if each.kind == "locations" and each.retired_at is None]
    if len(there) > 1:
        raise Refused("InvalidValue", "required")
    return there[0] if there else None


def check_offered(state: State, plan: Mapping[str, Any], when: datetime) -> None:
    for kind, name in (("services", "service"), ("staff_members", "therapist"), ("locations", "location")):
        if plan.get(name) is not None:
            _offered(state, kind, plan[name], when)


def end_of(state: State, service: str, start: datetime) -> datetime:
    duration = state.items["services", service].duration
    if duration is None:
        raise Refused("InvalidValue", "required")
    return start + timedelta(minutes=duration)


def check_blocked(state: State, who: Who, one: Person) -> None:
    if state.bans_of(one.id):
        raise Refused("RuleBroken", "customer-blocked" if who.own is None else "booking-not-possible")


def booked(state: State, who: Who, slot: Slot) -> State:
    """Return the state with one more booking; an inactive customer who is to come is active again."""
    one = state.people[slot.customer]
    state = evolve(state, slots={**state.slots, slot.id: slot})
    state = reward_model.settled(recorded(state, who, "booking-made", one), who, None, slot)
    return _activated(state, who, slot)


def _activated(state: State, who: Who, slot: Slot) -> State:
    if slot.status in _OPEN and slot.start > who.at:
        return with_status(state, who, state.people[slot.customer], "active")
    return state


def changed(state: State, who: Who, before: Slot, after: Slot, move: str | None, reason: str | None) -> State:
    """Return the state with a booking that was moved, and what it was before kept beside it."""
    after = evolve(after, version=before.version + 1)
    who_when_why = (before.id, after.version, before.customer, who.at, who.id, move, reason)
    times = (before.status, before.start, before.end, before.zone)
    was = (*who_when_why, *times, before.service, before.location, before.therapist)
    state = evolve(state, slots={**state.slots, after.id: after}, changes=(*state.changes, was))
    fields = tuple(name for name in _TOLD if getattr(before, name) != getattr(after, name))
    state = recorded(state, who, _ACTIONS[move], state.people[after.customer], fields)
    return reward_model.settled(state, who, before, after)


def its_slot(state: State, who: Who, own_id: UUID) -> tuple[Slot, Person]:
    """Return a booking and whose it is, to somebody who may reach them."""
    if own_id not in state.slots:
        who.check_own(UUID(int=0))
        raise Refused("NotFound", "not-found")
    slot = state.slots[own_id]
    return slot, person(state, who, slot.customer)


def check_begun(who: Who, slot: Slot) -> None:
    if who.own is not None and slot.start <= who.now:
        raise Refused("RuleBroken", "booking-begun")


def check_state(slot: Slot, *states: str) -> None:
    if slot.status not in states:
        raise Refused("RuleBroken", "booking-move")


def moved(state: State, who: Who, own_id: UUID, move: str, **said: Any) -> State:
    """Return the state after a move that leads to another state of the booking."""
    slot, one = its_slot(state, who, own_id)
    if move == "confirm":
        check_state(slot, "pending")
        return changed(state, who, slot, evolve(slot, status="confirmed"), move, None)
    if move in {"complete", "mark-no-show"}:
        check_state(slot, *_OPEN)
        if slot.start > who.now:
            raise Refused("RuleBroken", "booking-to-come")
        status = "completed" if move == "complete" else "no-show"
        return changed(state, who, slot, evolve(slot, status=status), move, None)
    if move == "cancel":
        check_begun(who, slot)
        check_state(slot, *_OPEN)
        by = said.get("by") or ("salon" if who.own is None else "customer")
        return changed(state, who, slot, evolve(slot, status="cancelled", cancelled_by=by), move, said.get("reason"))
    if move == "record-arrival":
        check_state(slot, *_OPEN, "completed")
        if slot.arrived_at == who.at:
            return state
        return changed(state, who, slot, evolve(slot, arrived_at=who.at), move, None)
    assert move == "reopen"
    check_state(slot, "cancelled", "no-show", "completed")
    if slot.start > who.now:
        check_blocked(state, who, one)
    after = evolve(slot, status="confirmed", cancelled_by=None)
    return _activated(changed(state, who, slot, after, move, said["reason"]), who, after)


def rescheduled(state: State, who: Who, own_id: UUID, plan: Mapping[str, Any], reason: str | None) -> State:
    """Return the state with a booking at another time or place, for something else or with somebody else."""
    slot, one = its_slot(state, who, own_id)
    check_begun(who, slot)
    check_state(slot, *_OPEN)
    check_blocked(state, who, one)
    start = plan.get("start") or slot.start
    end = start + (slot.end - slot.start)
    for kind, name in (("services", "service"), ("staff_members", "therapist"), ("locations", "location")):
        if plan.get(name) is not None:
            _offered(state, kind, plan[name], start)
    stated = {name: plan[name] for name in ("service", "therapist", "location") if plan.get(name) is not None}
    after = evolve(slot, start=start, **stated)
    if after.service != slot.service and (duration := state.items["services", after.service].duration) is not None:
        end = start + timedelta(minutes=duration)
    if (after.start, after.location) != (slot.start, slot.location):
        place = None if after.location is None else state.items["locations", after.location]
        after = evolve(after, zone=zone_of(place))
    after = evolve(after, end=end)
    check_begun(who, after)
    if after == slot:
        return state
    return _activated(changed(state, who, slot, after, "reschedule", reason), who, after)


def mirrored(
    state: State, who: Who, one: Person, new: Callable[[], UUID], plan: Mapping[str, Any]
) -> tuple[State, UUID]:
    """Return the state with a booking as a host's calendar has it, and its id."""
    known(state, plan)
    place = place_of(state, plan, when=None)
    fields: dict[str, Any] = {
        "customer": one.id,
        "service": plan["service"],
        "start": plan["start"],
        "end": end_of(state, plan["service"], plan["start"]),
        "location": None if place is None else place.code,
        "therapist": plan.get("therapist"),
        "status": plan["status"],
    }
    held = next((slot for slot in state.slots.values() if slot.external == plan["external"]), None)
    if held is None:
        slot = Slot(
            id=new(), zone=zone_of(place), external=plan["external"], origin="mirrored", at=who.at, by=who.id, **fields
        )
        return booked(state, who, slot), slot.id
    same = (held.start, held.location) == (fields["start"], fields["location"])
    zone = held.zone if same else zone_of(place)
    after = evolve(held, **fields, zone=zone, cancelled_by=None, arrived_at=None)
    if after == held:
        return state, held.id
    return _activated(changed(state, who, held, after, None, None), who, after), held.id


# ------------------------------------------------------------------------- what bookings come to


def facts_of(state: State, customer: UUID) -> tuple[Any, ...]:
    """Return what somebody's bookings come to: days here, the first, the last, services that count, and any."""
    own = [slot for slot in state.slots.values() if slot.customer == customer]
    days = sorted({day_of(slot) for slot in own if slot.status == "completed"})
    counted = {slot.service for slot in own if slot.status not in {"cancelled", "no-show"}}
    return (len(days), days[0] if days else None, days[-1] if days else None, counted, {slot.service for slot in own})


def found_by_bookings(state: State, asked: Mapping[str, Any], now: datetime) -> list[Person]:
    """Return whom a panel finds, by name: each of its parts asked of each booking in a loop."""
    for name in ("service", "unused"):
        if asked.get(name) is not None and ("services", asked[name]) not in state.items:
            raise Refused("UnknownCriterion", "unknown-code")
    people = [one for one in state.people.values() if _meets(state, one, asked, now)]
    return sorted(people, key=lambda one: (FOLDED[one.name], one.id))


def _meets(state: State, one: Person, asked: Mapping[str, Any], now: datetime) -> bool:
    own = [slot for slot in state.slots.values() if slot.customer == one.id]
    visits, _, last, counted, _ = facts_of(state, one.id)
    return (
        (asked.get("unused") is None or asked["unused"] not in counted)
        and (asked.get("visits") is None or visits >= asked["visits"])
        and (asked.get("gone_since") is None or (last is not None and last < asked["gone_since"]))
        and (not {"service", "state", "first", "last"} & set(asked) or any(_is_it(slot, asked, now) for slot in own))
    )


def _is_it(slot: Slot, asked: Mapping[str, Any], now: datetime) -> bool:
    state = asked.get("state")
    if state == "active":
        right = slot.status in _OPEN and (bool({"first", "last"} & set(asked)) or slot.start >= now)
    else:
        right = slot.status not in {"cancelled", "no-show"} if state is None else slot.status == state
    return (
        right
        and asked.get("service") in {None, slot.service}
        and ("first" not in asked or day_of(slot) >= asked["first"])
        and ("last" not in asked or day_of(slot) <= asked["last"])
    )
