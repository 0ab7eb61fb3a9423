"""What one row of a list of bookings says, each cell read as people and other systems write it."""

from collections.abc import Callable, Mapping
from datetime import timedelta
from functools import lru_cache
from itertools import chain
from types import MappingProxyType
from typing import Any, Final

from attrs import field, frozen

from salon_crm.domain.bookings import BookingStatus, CancelledBy
from salon_crm.domain.contact import EmailAddress, PhoneNumber
from salon_crm.domain.customers import joined_name, keys_of, words_of_names
from salon_crm.domain.dates import DateOrder
from salon_crm.domain.ids import ExternalId, reads_as_id
from salon_crm.domain.money import Money
from salon_crm.domain.notes import clean_note
from salon_crm.domain.privacy import BEHAVIOUR, CONTACT, IDENTITY, MONEY, OPERATOR, classed
from salon_crm.domain.reading import Problems
from salon_crm.domain.text import clean_name, clean_text, fold
from salon_crm.domain.transfer.amounts import DecimalSign, parse_amount
from salon_crm.domain.transfer.booking_columns import WHO
from salon_crm.domain.transfer.times import WrittenTime, is_clock, parse_clock, parse_day, parse_minutes, parse_written
from salon_crm.errors import InvalidValue


@frozen(field_transformer=classed, kw_only=True)
class BookingContext:
    """How the rows of a list are read: where it comes from, its region, currency, order of dates and decimal sign."""

    system: str = field(metadata=OPERATOR)
    region: str = field(metadata=OPERATOR)
    currency: str = field(metadata=OPERATOR)
    date_order: DateOrder | None = field(metadata=OPERATOR)
    decimal_sign: DecimalSign | None = field(metadata=OPERATOR)


@frozen(field_transformer=classed)
class Said:
    """What a list's word for a state means."""

    status: BookingStatus = field(metadata=OPERATOR)
    cancelled_by: CancelledBy | None = field(default=None, metadata=OPERATOR)
    prepaid: bool = field(default=False, metadata=OPERATOR)
    """Whether it speaks of money, so that before the start it says no more than that somebody will come."""


@frozen(field_transformer=classed, kw_only=True)
class ImportedBooking:
    """What one row of a list of bookings says, each value checked, nothing looked up yet.

    ``who`` is what the row names its customer by, as it is kept; the items of the catalogue are as written.
    """

    line: int = field(metadata=OPERATOR)
    customer_id: str | None = field(default=None, metadata=IDENTITY)
    names: frozenset[str] = field(default=frozenset(), metadata=IDENTITY)
    contacts: frozenset[str] = field(default=frozenset(), metadata=CONTACT)
    who_field: str = field(metadata=OPERATOR)
    """The field that names the customer, for what is wrong with it."""
    external_id: ExternalId | None = field(default=None, metadata=IDENTITY)
    service: str = field(metadata=BEHAVIOUR)
    location: str | None = field(default=None, metadata=BEHAVIOUR)
    therapist: str | None = field(default=None, metadata=BEHAVIOUR)
    package: str | None = field(default=None, metadata=BEHAVIOUR)
    start: WrittenTime = field(metadata=BEHAVIOUR)
    end: WrittenTime | None = field(default=None, metadata=BEHAVIOUR)
    length: timedelta | None = field(default=None, metadata=BEHAVIOUR)
    said: Said | None = field(default=None, metadata=OPERATOR)
    price: Money | None = field(default=None, metadata=MONEY)
    note: str | None = field(default=None, metadata=BEHAVIOUR)
    arrived_at: WrittenTime | None = field(default=None, metadata=BEHAVIOUR)

    @property
    def who(self) -> tuple[str, ...]:
        """What the row names its customer by: the id alone, or every contact and name."""
        return (self.customer_id,) if self.customer_id else (*sorted(self.contacts), "", *sorted(self.names))


_BY_CUSTOMER: Final = Said(BookingStatus.CANCELLED, CancelledBy.CUSTOMER)
_BY_SALON: Final = Said(BookingStatus.CANCELLED, CancelledBy.SALON)

STATUS_WORDS: Final[tuple[tuple[Said, str], ...]] = (
    (
        Said(BookingStatus.PENDING),
        "pending, booked, new, open, requested, unconfirmed, not confirmed, tentative, scheduled, reserved, waiting, "
        "offen, gebucht, angefragt, geplant, unbestaetigt, unbestatigt, en attente, reserve, a confirmer, pendiente, "
        "reservado, reservada, pendente, marcado, marcada, por confirmar, agendado, agendada, in attesa, prenotato, "
        "geboekt, in afwachting",
    ),
    (
        Said(BookingStatus.CONFIRMED),
        "confirmed, accepted, approved, arrived, checked in, check-in, started, in progress, in service, "
        "bestaetigt, bestatigt, eingecheckt, confirme, confirmee, arrive, confirmado, confirmada, aceptado, "
        "confermato, confermata, bevestigd",
    ),
    (
        Said(BookingStatus.COMPLETED),
        "completed, complete, done, finished, closed, attended, fulfilled, served, checked out, check-out, visited, "
        "show, erledigt, abgeschlossen, fertig, erschienen, termine, terminee, effectue, effectuee, honore, "
        "completado, completada, realizado, realizada, atendido, atendida, concluido, concluida, finalizado, "
        "finalizada, completato, completata, eseguito, voltooid, afgerond",
    ),
    (
        Said(BookingStatus.COMPLETED, prepaid=True),
        "paid, prepaid, invoiced, billed, bezahlt, berechnet, paye, payee, facture, pagado, pagada, pago, paga, "
        "faturado, pagato, pagata, betaald",
    ),
    (
        Said(BookingStatus.CANCELLED),
        "cancelled, canceled, cancellation, deleted, abgesagt, storniert, annule, annulee, cancelado, cancelada, "
        "anulado, anulada, annullato, annullata, geannuleerd",
    ),
    (
        _BY_CUSTOMER,
        "cancelled by client, cancelled by customer, cancelled by guest, canceled by client, canceled by customer, "
        "client cancelled, customer cancelled, client canceled, customer canceled, late cancellation, late cancel, "
        "cancelled late, vom kunden abgesagt, vom kunden storniert, annule par le client, cancelado por el cliente, "
        "cancelado pelo cliente, cancelado por cliente, annullato dal cliente",
    ),
    (
        _BY_SALON,
        "cancelled by salon, cancelled by staff, cancelled by business, cancelled by provider, cancelled by us, "
        "canceled by salon, canceled by staff, canceled by business, canceled by provider, salon cancelled, "
        "staff cancelled, business cancelled, rejected, declined, vom salon abgesagt, vom salon storniert, "
        "annule par le salon, cancelado por el salon, cancelado pelo salao, annullato dal salone",
    ),
    (
        Said(BookingStatus.NO_SHOW),
        "no show, no-show, noshow, no shows, missed, did not attend, dna, did not show, absent, not attended, "
        "nicht erschienen, nicht gekommen, non presente, absente, no presentado, no asistio, no se presento, falta, "
        "faltou, nao compareceu, nao apareceu, assente, non presentato, niet verschenen, niet komen opdagen",
    ),
)
"""What the words other products have for a state mean here."""

_SAID: Final[Mapping[str, Said]] = MappingProxyType(
    {word.replace("-", " "): said for said, words in STATUS_WORDS for word in words.split(", ")}
)

CANCELLERS: Final[Mapping[CancelledBy, str]] = MappingProxyType(
    {
        CancelledBy.CUSTOMER: "customer, client, guest, kunde, kundin, cliente, klant",
        CancelledBy.SALON: "salon, staff, business, provider, us, employee, mitarbeiter, personal, salao, salone",
    }
)
"""What lists call who cancelled."""

_CANCELLERS: Final = MappingProxyType({word: who for who, words in CANCELLERS.items() for word in words.split(", ")})


_LONGEST_WORD: Final = 100


@lru_cache(maxsize=1_024)
def word_of(text: str) -> str:
    """Return a cell's words as they are compared: folded, with single spaces and without signs between."""
    return " ".join("".join(c if c.isalnum() else " " for c in fold(text)).split())


@lru_cache(maxsize=1_024)
def parse_said(text: str, name: str = "status") -> Said:
    """Return what a list's word for a state means; raises InvalidValue for a word that is not known."""
    said = _SAID.get(word_of(text)) if len(text) <= _LONGEST_WORD else None
    if said is None:
        raise InvalidValue("not-a-choice", field=name, choices=tuple(BookingStatus))
    return said


def _parse_canceller(text: str) -> CancelledBy:
    who = _CANCELLERS.get(word_of(text)) if len(text) <= _LONGEST_WORD else None
    if who is None:
        raise InvalidValue("not-a-choice", field="cancelled_by", choices=tuple(CancelledBy))
    return who


Cells = Mapping[str, list[str]]


def read_booking(line: int, cells: Cells, context: BookingContext) -> ImportedBooking:
    """Return what the filled cells of a row say; ``cells`` holds them by what their columns became.

    Raises InvalidDocument with every problem of the row.
    """
    problems = Problems()
    attempt: Callable[..., Any] = problems.read
    values: dict[str, Any] = {"service": None, "start": attempt(_start, cells, context)}
    values |= attempt(_customer, cells, context) or {}
    for target, read in _READERS.items():
        if target in cells:
            values[target] = attempt(read, cells[target][0], target)
    if "booking_id" in cells:
        pair = (context.system, cells["booking_id"][0])
        values["external_id"] = attempt(ExternalId.parse, pair, "booking_id")
    if values["start"] is not None:
        values |= attempt(_times_after, cells, values["start"], context) or {}
    if "price" in cells:
        values["price"] = attempt(_price, cells["price"][0], context)
    if "note" in cells:
        values["note"] = attempt(clean_note, "\n".join(dict.fromkeys(cells["note"])), "note")
    values["said"] = attempt(_said, cells)
    if "service" not in cells:
        problems.found.append(InvalidValue("required", field="service", hint="Name the service that was booked."))
    problems.settle()
    return ImportedBooking(line=line, **values)


_READERS: Final[Mapping[str, Callable[[str, str], Any]]] = MappingProxyType(
    dict.fromkeys(("service", "location", "therapist", "package"), lru_cache(maxsize=4_096)(clean_text))
)
"""How what is named of the catalogue is read: a list says the same few names many times."""


def _start(cells: Cells, context: BookingContext) -> WrittenTime:
    order = context.date_order
    if "start" in cells or ("date" in cells and "time" not in cells):
        return parse_written((cells.get("start") or cells["date"])[0], "start", order)
    if "date" not in cells:
        raise InvalidValue("required", field="start", hint="State the day and the time it began.")
    day = parse_day(cells["date"][0], "date", order)
    return WrittenTime(day, *parse_clock(cells["time"][0], "time"))


def _times_after(cells: Cells, start: WrittenTime, context: BookingContext) -> dict[str, Any]:
    """Return when it ended, or how long it took, and when the customer came; a time alone is of the day it began."""
    found: dict[str, Any] = {}
    for target in ("end", "arrived_at"):
        if target in cells:
            text = cells[target][0]
            if is_clock(text):
                clock, offset = parse_clock(text, target)
                found[target] = WrittenTime(start.day, clock, offset or start.offset)
            else:
                found[target] = parse_written(text, target, context.date_order)
    if "duration" in cells and "end" not in found:
        found["length"] = timedelta(minutes=parse_minutes(cells["duration"][0], "duration"))
    return found


def _price(text: str, context: BookingContext) -> Money:
    return parse_amount(text, "price", currency=context.currency, sign=context.decimal_sign)


def _said(cells: Cells) -> Said | None:
    said = parse_said(cells["status"][0]) if "status" in cells else None
    who = _parse_canceller(cells["cancelled_by"][0]) if "cancelled_by" in cells else None
    if who is None:
        return said
    if said is not None and said.status is not BookingStatus.CANCELLED:
        raise InvalidValue("not-cancelled", field="cancelled_by", status=said.status)
    return Said(BookingStatus.CANCELLED, who)


def _customer(cells: Cells, context: BookingContext) -> dict[str, Any]:
    """Return what a row names its customer by: an id, or a contact together with a name; never a name alone."""
    problems = Problems()
    attempt: Callable[..., Any] = problems.read
    found: dict[str, Any] = {"names": attempt(_names, cells)}
    emails = (attempt(EmailAddress.parse, text, "email") for text in cells.get("email", ()))
    phones = (attempt(_phone, text, context) for text in cells.get("mobile", ()))
    found["contacts"] = keys_of(contact for contact in chain(emails, phones) if contact is not None)
    if "customer_id" in cells:
        own_id = clean_text(cells["customer_id"][0], "customer_id")
        found["customer_id"] = own_id.lower() if reads_as_id(own_id) else own_id
        problems.found.clear()  # the id says who it is, and a contact beside it is no more than a second way to tell
    elif not problems.found and not (found["contacts"] and found["names"]):
        name = "customer_name" if found["contacts"] else "customer_id"
        raise InvalidValue("required", field=name, hint=_WHO_HINT)
    problems.settle()
    found["names"] = found["names"] or frozenset[str]()
    found["who_field"] = next(target for target in WHO if target in cells)
    return found


_WHO_HINT: Final = "Give the customer's id, or a contact together with the name: nobody is known by a name alone."


def _phone(text: str, context: BookingContext) -> PhoneNumber:
    return PhoneNumber.parse(text, "mobile", region=context.region)


def _names(cells: Cells) -> frozenset[str]:
    """Return the names a row states, as they are compared: the full one, that of the parts, or a part alone."""
    full, first, last = (
        clean_name(cells[target][0], target) if target in cells else None
        for target in ("customer_name", "first_name", "last_name")
    )
    joined = joined_name(first, last)
    return words_of_names(full or (None if joined else first or last), joined)
