"""What actors do with the catalogue and with bookings, and what the model says must come of it."""

from collections.abc import Mapping
from datetime import date
from typing import Any, Final

from tests.simulation import booking_model, model
from tests.simulation.asking import Answer, Asked, Command, change, given, query, walked_pages
from tests.simulation.booking_model import ITEMS
from tests.simulation.model import Item, Refused, Slot, State, Who

import salon_crm as crm
from salon_crm.domain.bookings import Booking, BookingChange
from salon_crm.domain.facts import CustomerFacts

_VERBS: Final = {
    "service_types": (crm.add_service_type, crm.edit_service_type, crm.retire_service_type, crm.restore_service_type),
    "services": (crm.add_service, crm.edit_service, crm.retire_service, crm.restore_service),
    "locations": (crm.add_location, crm.edit_location, crm.retire_location, crm.restore_location),
    "staff_members": (
        crm.add_staff_member,
        crm.edit_staff_member,
        crm.retire_staff_member,
        crm.restore_staff_member,
    ),
}
KINDS: Final = tuple(_VERBS)

# ------------------------------------------------------------------ what use cases say, as the model says it


def as_item(kind: str, item: Any) -> Item:
    rest = {name: getattr(item, name, None) for name in ("service_type", "duration", "zone")}
    return Item(kind, item.code, item.id, item.name, **rest, retired_at=item.retired_at, version=item.version)


def as_slot(booking: Booking) -> Slot:
    external = booking.external_id
    return Slot(
        id=booking.id,
        customer=booking.customer_id,
        service=booking.service,
        start=booking.start,
        end=booking.end,
        zone=booking.zone,
        location=booking.location,
        therapist=booking.therapist,
        status=str(booking.status),
        cancelled_by=None if booking.cancelled_by is None else str(booking.cancelled_by),
        arrived_at=booking.arrived_at,
        external=None if external is None else (external.system, external.id),
        origin=str(booking.origin),
        at=booking.at,
        by=booking.by,
        version=booking.version,
    )


def as_change(was: BookingChange) -> tuple[Any, ...]:
    move = None if was.move is None else str(was.move)
    what = (was.booking_id, was.version, was.customer_id, was.at, was.by, move, was.reason, str(was.status), was.start)
    return (*what, was.end, was.zone, was.service, was.location, was.therapist)


def as_facts(facts: CustomerFacts) -> tuple[Any, ...]:
    return (facts.visits, facts.first_visit, facts.last_visit, set(facts.booked), set(facts.ever_booked))


# ----------------------------------------------------------------------------------------- catalogue


def _offer(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    kind, _, stated = ITEMS[asked["name"]]
    add: Any = _VERBS[kind][0]
    return as_item(kind, add(salon, actor, name=asked["name"], **stated))


def _rename(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    edit: Any = _VERBS[asked["kind"]][1]
    return as_item(asked["kind"], edit(salon, actor, asked["code"], name=asked["name"]))


def _renamed(state: State, who: Who, asked: Asked) -> Answer:
    item = booking_model.item_of(state, asked["kind"], asked["code"])
    state = booking_model.item_renamed(state, who, item, asked["name"])
    return state, state.items[item.kind, item.code]


def _retire(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    retire: Any = _VERBS[asked["kind"]][2]
    retired = retire(salon, actor, asked["code"])
    assert retired.future_count == len(retired.future_bookings)
    ahead = tuple(booking.id for booking in retired.future_bookings)
    return retired.id, retired.code, retired.retired_at, ahead


def _retired(state: State, who: Who, asked: Asked) -> Answer:
    item = booking_model.item_of(state, asked["kind"], asked["code"])
    state, ahead = booking_model.item_retired(state, who, item)
    return state, (item.id, item.code, state.items[item.kind, item.code].retired_at, ahead)


def _restore(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    restore: Any = _VERBS[asked["kind"]][3]
    return as_item(asked["kind"], restore(salon, actor, asked["code"]))


def _restored(state: State, who: Who, asked: Asked) -> Answer:
    item = booking_model.item_of(state, asked["kind"], asked["code"])
    state = booking_model.item_restored(state, who, item)
    return state, state.items[item.kind, item.code]


# ------------------------------------------------------------------------------------------ bookings


def _book(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    plan = given(asked, "service", "start", "location", "therapist", "status", "id", "reference", "at")
    return as_slot(crm.book(salon, actor, asked["who"], **plan).booking)


def _check_own(who: Who, asked: Asked) -> None:
    if who.own is not None and (asked["status"] or "pending") != "pending":
        raise Refused("NotPermitted", "not-permitted-field")


def _booked(state: State, who: Who, asked: Asked) -> Answer:
    status = asked["status"] or "pending"
    one = model.person(state, who, asked["who"])
    past = asked["start"] <= who.at
    if status not in ("pending", "confirmed", *(("completed", "no-show") if past else ())):
        raise Refused("InvalidDocument", "invalid-document")
    booking_model.known(state, asked.args)
    names = ("service", "start", "location", "therapist", "status", "id")
    what = (one.id, *(asked[name] for name in names if name != "status"), status)
    made = model.repeated(state, "book", asked["reference"], what)
    if made is not None:
        return state, state.slots[made]
    booking_model.check_offered(state, asked.args, asked["start"])
    place = booking_model.place_of(state, asked.args, when=asked["start"])
    end = booking_model.end_of(state, asked["service"], asked["start"])
    booking_model.check_blocked(state, who, one)
    if who.own is not None and asked["start"] <= who.now:
        raise Refused("InvalidValue", "booking-past")
    if asked["id"] in state.slots:
        raise Refused("Conflict", "id-taken")
    slot = Slot(
        id=asked["id"] or asked.new_id("bookings"),
        customer=one.id,
        service=asked["service"],
        start=asked["start"],
        end=end,
        zone=booking_model.zone_of(place),
        location=None if place is None else place.code,
        therapist=asked["therapist"],
        status=status,
        at=who.at,
        by=who.id,
    )
    state = booking_model.booked(state, who, slot)
    return model.remembered(state, "book", asked["reference"], what, slot.id), slot


_MOVES: Final[Mapping[str, Any]] = {
    "confirm": crm.confirm_booking,
    "complete": crm.complete_booking,
    "cancel": crm.cancel_booking,
    "mark-no-show": crm.mark_no_show,
    "reopen": crm.reopen_booking,
    "record-arrival": crm.record_arrival,
}
"""What every move is made by, but for rescheduling."""


def _move(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    said = given(asked, "by", "reason", "at")
    return as_slot(_MOVES[asked["move"]](salon, actor, asked["slot"], **said).booking)


def _check_move(who: Who, asked: Asked) -> None:
    who.check("book" if asked["move"] == "cancel" else "move bookings")
    if asked["move"] == "cancel" and who.own is not None and asked["by"] == "salon":
        raise Refused("NotPermitted", "not-permitted-field")


def _moved(state: State, who: Who, asked: Asked) -> Answer:
    state = booking_model.moved(state, who, asked["slot"], asked["move"], **given(asked, "by", "reason"))
    return state, state.slots[asked["slot"]]


def _reschedule(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    changes = given(asked, "start", "service", "location", "therapist", "reason")
    return as_slot(crm.reschedule_booking(salon, actor, asked["slot"], **changes).booking)


def _rescheduled(state: State, who: Who, asked: Asked) -> Answer:
    state = booking_model.rescheduled(state, who, asked["slot"], asked.args, asked["reason"])
    return state, state.slots[asked["slot"]]


def _put(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    plan = given(asked, "external", "service", "start", "location", "therapist", "status")
    put = crm.put_booking(salon, actor, asked["who"], **plan)
    return as_slot(put.booking), put.added, put.changed


def _mirrored(state: State, who: Who, asked: Asked) -> Answer:
    one = model.person(state, who, asked["who"])
    after, own_id = booking_model.mirrored(state, who, one, lambda: asked.new_id("bookings"), asked.args)
    return after, (after.slots[own_id], own_id not in state.slots, after.slots != state.slots)


# ------------------------------------------------------------------------------------------- queries


def _own_bookings(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    page = crm.customer_bookings(salon, actor, asked["who"], **given(asked, "since", "until"))
    return [(row.booking.id, row.date, row.service) for row in page]


def _shown(state: State, slot: Slot) -> tuple[Any, ...]:
    return (slot.id, model.day_of(slot), state.items["services", slot.service].name)


def _of_period(slot: Slot, since: date | None, until: date | None) -> bool:
    day = model.day_of(slot)
    return (since is None or day >= since) and (until is None or day <= until)


def _own_listed(state: State, who: Who, asked: Asked) -> Answer:
    one = model.person(state, who, asked["who"])
    own = [
        slot
        for slot in state.slots.values()
        if slot.customer == one.id and _of_period(slot, asked["since"], asked["until"])
    ]
    return state, [_shown(state, slot) for slot in sorted(own, key=lambda slot: (slot.start, slot.id), reverse=True)]


def _day(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    day = asked["since"]
    page = crm.find_bookings(salon, actor, crm.BookingFilter(start=day, end=day, status=asked["status"]))
    return [(row.booking.id, row.customer.name if row.customer else None) for row in page]


def _day_listed(state: State, who: Who, asked: Asked) -> Answer:
    day = asked["since"]
    slots = [
        slot
        for slot in state.slots.values()
        if (day is None or model.day_of(slot) == day) and asked["status"] in {None, slot.status}
    ]
    slots.sort(key=lambda slot: (slot.start, slot.id))
    return state, [(slot.id, state.people[slot.customer].name) for slot in slots]


def _unclosed(state: State, who: Who, asked: Asked) -> Answer:
    slots = [slot for slot in state.slots.values() if slot.status in {"pending", "confirmed"} and slot.end < who.now]
    return state, [slot.id for slot in sorted(slots, key=lambda slot: (slot.start, slot.id))]


def _panel(asked: Asked) -> crm.CustomerFilter:
    least = asked["visits"]
    return crm.CustomerFilter(
        services=asked["service"],
        unused_services=asked["unused"],
        booking_status=asked["state"],
        start=asked["first"],
        end=asked["last"],
        visits=None if least is None else (least, None),
        last_visit_before=asked["gone_since"],
    )


def _found(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    rows, back = walked_pages(salon, actor, _panel(asked), {"order": "name", "limit": 2})
    return [row.id for row in rows], back


def _met(state: State, who: Who, asked: Asked) -> Answer:
    people = booking_model.found_by_bookings(state, asked.args, who.now)
    return state, ([one.id for one in people], True)


def _verified(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    verified = crm.verify_facts(salon, actor)
    return verified.ok, verified.customers


def _got(state: State, who: Who, asked: Asked) -> Answer:
    slot = state.slots.get(asked["slot"])
    who.check_own(asked["slot"] if slot is None else slot.customer)
    if slot is None:
        raise Refused("NotFound", "not-found")
    return state, slot


BOOKING_COMMANDS: Final[Mapping[str, Command]] = {
    "offer": change(
        "catalogue", _offer, lambda state, who, a: booking_model.item_added(state, who, a["name"], a.new_id)
    ),
    "rename": change("catalogue", _rename, _renamed),
    "retire": change("catalogue", _retire, _retired),
    "restore": change("catalogue", _restore, _restored),
    "book": change("book", _book, _booked, _check_own),
    "move": change("book", _move, _moved, _check_move),
    "reschedule": change("book", _reschedule, _rescheduled),
    "put": change("mirror", _put, _mirrored),
    "booking": query("see bookings", lambda salon, actor, a: as_slot(crm.get_booking(salon, actor, a["slot"])), _got),
    "bookings": query("see bookings", _own_bookings, _own_listed),
    "day": query("list bookings", _day, _day_listed),
    "unclosed": query(
        "list bookings",
        lambda salon, actor, _: [row.booking.id for row in crm.unclosed_bookings(salon, actor)],
        _unclosed,
    ),
    "panel": query("list", _found, _met),
    "facts": query("maintain", _verified, lambda state, _who, _: (state, (True, len(state.people)))),
}
