"""Notes about a customer: written, edited, removed and read on their own, never part of the profile."""

from datetime import datetime
from uuid import UUID

from attrs import evolve

from salon_crm.domain.access import Actor, Permission, Scope
from salon_crm.domain.audit import AuditAction
from salon_crm.domain.customers import Customer
from salon_crm.domain.ids import IdLike, NoteId, parse_id
from salon_crm.domain.notes import Note, clean_note
from salon_crm.domain.privacy import BEHAVIOUR, OPERATOR, field_classes
from salon_crm.domain.reading import read_switch
from salon_crm.errors import Conflict, NotFound
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import Reading
from salon_crm.use_cases.access import find_customer, use_case
from salon_crm.use_cases.unit import Unit, unit_of_work

_SHOWN = field_classes(BEHAVIOUR, OPERATOR)


@use_case(Permission.CHANGE_NOTES, shows=_SHOWN, scopes={Scope.OWN})
def add_note(
    salon: Salon,
    actor: Actor,
    customer_id: IdLike,
    /,
    *,
    text: str,
    alert: bool = False,
    id: IdLike | None = None,
    reference: str | None = None,
    at: datetime | None = None,
) -> Note:
    """Write a note about a customer; an ``alert`` note is shown before anything else.

    ``text`` has up to 10,000 characters, line breaks allowed. ``id``, ``reference`` and ``at`` as for
    `add_customer`. Raises InvalidValue, NotFound, Conflict, NotPermitted.
    """
    with unit_of_work(salon, actor, at) as unit:
        customer = unit.customer(Permission.CHANGE_NOTES, customer_id)
        words, alert = clean_note(text), read_switch(alert, "alert")
        asked = {"customer_id": customer.id, "text": words, "alert": alert, "id": id}
        made = unit.result_of("add_note", reference, asked)
        if made is not None:
            return _find_note(unit.writing, made, code="gone")
        note = write_note(unit, customer, words, alert=alert, id=id)
        unit.remember("add_note", reference, asked, note.id)
        return note


def write_note(unit: Unit, customer: Customer, text: str, *, alert: bool, id: IdLike | None = None) -> Note:
    """Keep a checked note and record it."""
    note = Note(
        id=NoteId(unit.new_id(id)),
        customer_id=customer.id,
        text=text,
        alert=alert,
        at=unit.at,
        by=unit.actor.id,
    )
    if id is not None and note.id in unit.writing.notes.get_many([note.id]):
        raise Conflict("id-taken", field="id")
    unit.writing.notes.add(note)
    unit.record(AuditAction.NOTE_ADDED, customer, details={"note": str(note.id), "alert": alert})
    return note


@use_case(Permission.CHANGE_NOTES, shows=_SHOWN, scopes={Scope.OWN})
def edit_note(
    salon: Salon, actor: Actor, note_id: IdLike, /, *, text: str | None = None, alert: bool | None = None
) -> Note:
    """Change a note's text, or whether it is an alert; what is not passed stays. Raises InvalidValue, NotFound."""
    with unit_of_work(salon, actor) as unit:
        note = _find_note(unit.writing, parse_id(note_id, "note_id"))
        customer = unit.customer(Permission.CHANGE_NOTES, note.customer_id)
        changed = evolve(
            note,
            text=note.text if text is None else clean_note(text),
            alert=note.alert if alert is None else read_switch(alert, "alert"),
        )
        if changed == note:
            return note
        changed = evolve(changed, edited_at=unit.now, edited_by=actor.id, version=note.version + 1)
        unit.writing.notes.save(changed, note.version)
        fields = tuple(name for name in ("text", "alert") if getattr(changed, name) != getattr(note, name))
        unit.record(AuditAction.NOTE_EDITED, customer, fields=fields, details={"note": str(note.id)})
        return changed


@use_case(Permission.CHANGE_NOTES, scopes={Scope.OWN})
def remove_note(salon: Salon, actor: Actor, note_id: IdLike, /) -> None:
    """Remove a note, text and all; that there was one stays in the audit. Raises InvalidValue, NotFound."""
    with unit_of_work(salon, actor) as unit:
        note = _find_note(unit.writing, parse_id(note_id, "note_id"))
        customer = unit.customer(Permission.CHANGE_NOTES, note.customer_id)
        unit.writing.notes.remove(note.id)
        unit.record(AuditAction.NOTE_REMOVED, customer, details={"note": str(note.id)})


@use_case(Permission.VIEW_NOTES, shows=_SHOWN, scopes={Scope.OWN})
def customer_notes(salon: Salon, actor: Actor, customer_id: IdLike, /) -> tuple[Note, ...]:
    """Return the notes about a customer: alert notes first, then the newest first. Raises NotFound."""
    with salon.reading() as reading:
        customer = find_customer(salon, actor, Permission.VIEW_NOTES, reading, customer_id)
        notes = reading.notes.of_customers([customer.id]).get(customer.id, ())
    newest_first = sorted(notes, key=lambda note: (note.at, note.id), reverse=True)
    return tuple(sorted(newest_first, key=lambda note: not note.alert))


def _find_note(reading: Reading, note_id: UUID, *, code: str = "not-found") -> Note:
    note = reading.notes.get_many([note_id]).get(note_id)
    if note is None:
        raise NotFound(code, kind="note", id=str(note_id))
    return note
