"""What actors do: each command is a use case as it is called, and beside it what the model says must come of it."""

from collections.abc import Mapping
from typing import Any, Final
from uuid import UUID

from tests.simulation import model
from tests.simulation.asking import Answer, Asked, Command, change, given, query, walked_pages
from tests.simulation.booking_commands import BOOKING_COMMANDS
from tests.simulation.model import Alarm, Ban, Jot, Line, Person, Refused, State, Who
from tests.simulation.reward_commands import REWARD_COMMANDS

import salon_crm as crm
from salon_crm.domain.audit import AuditEntry, AuditHead
from salon_crm.domain.blocks import Block, BlockAlert
from salon_crm.domain.customers import Customer, CustomerRow
from salon_crm.domain.ids import IdLike
from salon_crm.domain.notes import Note
from salon_crm.testing import a_customer_id

# ------------------------------------------------------------------ what use cases say, as the model says it


def as_person(one: Customer) -> Person:
    return Person(
        id=one.id,
        added=one.added,
        name=one.name,
        email=None if one.email is None else str(one.email),
        mobile=None if one.mobile is None else str(one.mobile),
        external=tuple((each.system, each.id) for each in one.external_ids),
        status=str(one.status),
        version=one.version,
        former_names=one.former_names,
        former_emails=tuple(map(str, one.former_emails)),
        former_phones=tuple(map(str, one.former_phones)),
    )


def as_jot(note: Note) -> Jot:
    return Jot(
        note.id,
        note.customer_id,
        note.text,
        note.alert,
        note.at,
        note.by,
        note.edited_at,
        note.edited_by,
        note.version,
    )


def as_ban(block: Block) -> Ban:
    return Ban(
        block.customer_id,
        block.origin,
        block.reason,
        block.at,
        block.by,
        block.lifted_at,
        block.lifted_by,
        block.version,
        block.id == block.origin,
    )


def as_alarm(alert: BlockAlert) -> Alarm:
    return Alarm(
        alert.customer_id,
        alert.origin,
        alert.at,
        str(alert.state),
        alert.settled_at,
        alert.settled_by,
        alert.version,
    )


def as_line(entry: AuditEntry) -> Line:
    return Line(
        str(entry.action),
        entry.by,
        str(entry.role),
        entry.at,
        entry.recorded,
        entry.customer_id,
        entry.version,
        entry.fields,
    )


def as_listed(row: CustomerRow) -> tuple[Any, ...]:
    return (row.id, row.name, row.blocked, row.alerts, row.block_alerts)


def listed(state: State, one: Person) -> tuple[Any, ...]:
    """Return the row of a list that a customer must have."""
    alerts = sum(jot.alert for jot in state.jots.values() if jot.customer == one.id)
    alarms = sum(each.customer == one.id for each in state.open_alarms())
    return (one.id, one.name, bool(state.bans_of(one.id)), alerts, alarms)


def in_any_order(things: Any) -> list[str]:
    """Return things in an order that does not hang on ids only the store knows."""
    return sorted(map(repr, things))


# ------------------------------------------------------------------------------------------ commands


def _profile(asked: Asked) -> dict[str, Any]:
    """Return the fields of a profile as the model keeps them."""
    values: dict[str, Any] = given(asked, "name", "email")
    if "mobile" in asked.args:
        values["mobile"] = None if asked["mobile"] is None else model.PHONES[asked["mobile"]]
    if "external_ids" in asked.args:
        values["external"] = tuple(asked["external_ids"])
    return values


def _add(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    return as_person(crm.add_customer(salon, actor, **asked.args))


def _added(state: State, who: Who, asked: Asked) -> Answer:
    values, note = _profile(asked), asked["note"]
    if note is not None:
        who.check("notes")
    what = sorted((name, value) for name, value in {**values, "note": note, "id": asked["id"]}.items() if value)
    made = model.repeated(state, "add_customer", asked["reference"], what)
    if made is not None:
        return state, model.person(state, who, made)
    state, one = _newcomer(state, who, asked, values, note)
    return model.remembered(state, "add_customer", asked["reference"], what, one.id), one


def _newcomer(state: State, who: Who, asked: Asked, values: dict[str, Any], note: str | None) -> tuple[State, Person]:
    if asked["id"] is not None and state.ever_had(asked["id"]):
        raise Refused("Conflict", "id-taken")
    model.check_external(state, Person(id=asked["id"] or UUID(int=0), added=who.at, **values))
    one = Person(id=asked["id"] or asked.new_id("customers"), added=who.at, **values)
    jot = None if note is None else Jot(asked.new_id("notes"), one.id, note, False, who.at, who.id)
    fields = {"external_ids" if name == "external" else name for name in values}
    return model.added(state, who, one, fields, jot), one


def _find_or_add(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    found = crm.find_or_add_customer(salon, actor, **asked.args)
    return as_person(found.customer), found.added


def _found_or_added(state: State, who: Who, asked: Asked) -> Answer:
    values = _profile(asked)
    what = sorted((name, value) for name, value in {**values, "id": asked["id"]}.items() if value)
    made = model.repeated(state, "find_or_add_customer", asked["reference"], what)
    if made is not None:
        return state, (model.person(state, who, made), False)
    sure = model.surely(state, Person(id=UUID(int=0), added=who.at, **values))
    if len(sure) > 1:
        raise Refused("Conflict", "several-matches")
    if sure:
        state = model.remembered(state, "find_or_add_customer", asked["reference"], what, sure[0].id)
        return state, (sure[0], False)
    state, one = _newcomer(state, who, asked, values, None)
    return model.remembered(state, "find_or_add_customer", asked["reference"], what, one.id), (one, True)


def _edit(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    changes = given(asked, "version", "keep_former", "name", "email", "mobile", "external_ids")
    return as_person(crm.edit_customer(salon, actor, asked["who"], **changes).customer)


def _edited(state: State, who: Who, asked: Asked) -> Answer:
    one = model.person(state, who, asked["who"])
    if who.own is not None and "external_ids" in asked.args:
        raise Refused("NotPermitted", "not-permitted-field")
    keep = asked.args.get("keep_former", True)
    state = model.edited(state, who, one, _profile(asked), version=asked["version"], keep=keep)
    return state, state.people[one.id]


def _note(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    rest = given(asked, "text", "alert", "id", "reference", "at")
    return as_jot(crm.add_note(salon, actor, asked["who"], **rest))


def _noted(state: State, who: Who, asked: Asked) -> Answer:
    one = model.person(state, who, asked["who"])
    what = (one.id, asked["text"], asked["alert"], asked["id"])
    made = model.repeated(state, "add_note", asked["reference"], what)
    if made is not None:
        if made not in state.jots:
            raise Refused("NotFound", "gone")
        return state, state.jots[made]
    if asked["id"] in state.jots:
        raise Refused("Conflict", "id-taken")
    jot = Jot(asked["id"] or asked.new_id("notes"), one.id, asked["text"], asked["alert"], who.at, who.id)
    return model.remembered(model.noted(state, who, jot), "add_note", asked["reference"], what, jot.id), jot


def _its_jot(state: State, asked: Asked) -> Jot:
    if asked["jot"] not in state.jots:
        raise Refused("NotFound", "not-found")
    return state.jots[asked["jot"]]


def _edit_note(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    return as_jot(crm.edit_note(salon, actor, asked["jot"], **given(asked, "text", "alert")))


def _note_edited(state: State, who: Who, asked: Asked) -> Answer:
    jot = _its_jot(state, asked)
    state = model.note_edited(state, who, jot, given(asked, "text", "alert"))
    return state, state.jots[jot.id]


def _note_removed(state: State, who: Who, asked: Asked) -> Answer:
    return model.note_removed(state, who, _its_jot(state, asked)), None


def _block(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    return as_ban(crm.block_customer(salon, actor, asked["who"], **given(asked, "reason", "id", "reference", "at")))


def _blocked(state: State, who: Who, asked: Asked) -> Answer:
    one = model.person(state, who, asked["who"])
    what = (one.id, asked["reason"], asked["id"])
    made = model.repeated(state, "block_customer", asked["reference"], what)
    if made is not None:
        return state, _its_ban(state, made)
    if state.bans_of(one.id):
        raise Refused("RuleBroken", "already-blocked")
    if any(ban.first and ban.origin == asked["id"] for ban in state.bans):
        raise Refused("Conflict", "id-taken")
    origin = asked["id"] or asked.new_id("blocks")
    state = model.blocked(state, who, one, asked["reason"], origin)
    state = model.remembered(state, "block_customer", asked["reference"], what, origin)
    return state, _its_ban(state, origin)


def _its_ban(state: State, origin: UUID) -> Ban:
    for ban in state.bans:
        if ban.first and ban.origin == origin:
            return ban
    raise Refused("NotFound", "gone")


def _unblock(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    lifted = as_ban(crm.unblock_customer(salon, actor, asked["who"]))
    return lifted.customer, lifted.lifted_at, lifted.lifted_by


def _unblocked(state: State, who: Who, asked: Asked) -> Answer:
    one = model.person(state, who, asked["who"])
    return model.unblocked(state, who, one), (one.id, who.at, who.id)


def _settle(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    """Settle one of the open alerts, or one that never was."""
    alerts = crm.block_alerts(salon, actor)
    alert = alerts[asked["number"] % len(alerts)] if alerts else None
    alert_id: IdLike = a_customer_id(99) if alert is None else alert.id
    asked.seen["alert"] = None if alert is None else (alert.customer_id, alert.origin)
    if asked["same_person"]:
        ban = as_ban(crm.confirm_block_alert(salon, actor, alert_id))
        return ban.customer, ban.origin
    settled = as_alarm(crm.dismiss_block_alert(salon, actor, alert_id))
    return settled.customer, settled.origin


def _settled(state: State, who: Who, asked: Asked) -> Answer:
    which = asked.seen.get("alert")
    if which is None:
        raise Refused("NotFound", "not-found")
    alarm = next(each for each in state.open_alarms() if (each.customer, each.origin) == which)
    return model.settled(state, who, alarm, same_person=asked["same_person"]), which


def _status(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    if asked["status"] == "active":
        return as_person(crm.activate_customer(salon, actor, asked["who"]))
    return as_person(crm.deactivate_customer(salon, actor, asked["who"]).customer)


def _with_status(state: State, who: Who, asked: Asked) -> Answer:
    state = model.with_status(state, who, model.person(state, who, asked["who"]), asked["status"])
    return state, state.people[asked["who"]]


def _without_former(state: State, who: Who, asked: Asked) -> Answer:
    state = model.without_former(state, who, model.person(state, who, asked["who"]))
    return state, state.people[asked["who"]]


def _removed(state: State, who: Who, asked: Asked) -> Answer:
    return model.removed(state, who, model.person(state, who, asked["who"])), None


# --------------------------------------------------------------------------------------------- queries


def _notes_of(state: State, who: Who, asked: Asked) -> Answer:
    one = model.person(state, who, asked["who"])
    newest_first = sorted(
        (jot for jot in state.jots.values() if jot.customer == one.id), key=lambda jot: (jot.at, jot.id), reverse=True
    )
    return state, sorted(newest_first, key=lambda jot: not jot.alert)


def _bans_of(state: State, who: Who, asked: Asked) -> Answer:
    one = model.person(state, who, asked["who"])
    return state, in_any_order(ban for ban in state.bans if ban.customer == one.id)


def _filter(asked: Asked) -> crm.CustomerFilter:
    return crm.CustomerFilter(**given(asked, "text", "status", "blocked"))


def _walk(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    rows, back = walked_pages(salon, actor, _filter(asked), given(asked, "order", "limit"))
    return [as_listed(row) for row in rows], back


def _walked(state: State, who: Who, asked: Asked) -> Answer:
    people = model.found(state, asked["text"] or "", asked["status"], asked["blocked"], asked["order"])
    return state, ([listed(state, one) for one in people], True)


def _counted(state: State, who: Who, asked: Asked) -> Answer:
    return state, len(model.found(state, asked["text"] or "", asked["status"], asked["blocked"], "name"))


def _trail(state: State, who: Who, asked: Asked) -> Answer:
    lines = list(enumerate(state.trail, start=1))[asked["after"] :]
    if asked["who"] is not None:
        lines = [(place, line) for place, line in lines if line.customer == asked["who"]]
    return state, lines[: asked["limit"]]


def _read_trail(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    found = crm.audit_trail(salon, actor, customer=asked["who"], after=asked["after"], limit=asked["limit"])
    return [(entry.sequence, as_line(entry)) for entry in found]


def _verify(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    head: AuditHead | None = asked["head"]
    verified = crm.verify_audit(salon, actor, head=head)
    return verified.ok, verified.entries


COMMANDS: Final[Mapping[str, Command]] = {
    "add": change("add", _add, _added),
    "find or add": change("add", _find_or_add, _found_or_added),
    "edit": change("edit", _edit, _edited),
    "note": change("notes", _note, _noted),
    "edit note": change("notes", _edit_note, _note_edited),
    "remove note": change("notes", lambda salon, actor, a: crm.remove_note(salon, actor, a["jot"]), _note_removed),
    "block": change("block", _block, _blocked),
    "unblock": change("block", _unblock, _unblocked),
    "settle": change("block", _settle, _settled),
    "status": change("status", _status, _with_status),
    "forget": change(
        "forget", lambda salon, actor, a: as_person(crm.forget_former(salon, actor, a["who"])), _without_former
    ),
    "remove": change("remove", lambda salon, actor, a: crm.remove_customer(salon, actor, a["who"]), _removed),
    "get": query(
        "view",
        lambda salon, actor, a: as_person(crm.get_customer(salon, actor, a["who"])),
        lambda state, who, a: (state, model.person(state, who, a["who"])),
    ),
    "notes": query(
        "list", lambda salon, actor, a: list(map(as_jot, crm.customer_notes(salon, actor, a["who"]))), _notes_of
    ),
    "blocks": query(
        "view blocks",
        lambda salon, actor, a: in_any_order(map(as_ban, crm.customer_blocks(salon, actor, a["who"]))),
        _bans_of,
    ),
    "alerts": query(
        "view blocks",
        lambda salon, actor, _: in_any_order(map(as_alarm, crm.block_alerts(salon, actor))),
        lambda state, _who, _: (state, in_any_order(state.open_alarms())),
    ),
    "list": query("list", _walk, _walked),
    "count": query("list", lambda salon, actor, a: crm.count_customers(salon, actor, _filter(a)), _counted),
    "trail": query("audit", _read_trail, _trail),
    "head": query(
        "audit",
        lambda salon, actor, a: _remembered_head(crm.audit_head(salon, actor), a),
        lambda state, _who, _: (state, len(state.trail)),
    ),
    **BOOKING_COMMANDS,
    **REWARD_COMMANDS,
    "verify": query("audit", _verify, lambda state, _who, _: (state, (True, len(state.trail)))),
}


def _remembered_head(head: AuditHead, asked: Asked) -> int:
    asked.seen["head"] = head
    return head.sequence
