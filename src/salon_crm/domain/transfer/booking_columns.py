"""What the columns of a list of bookings may become, and the words they are called by.

A list of bookings is recognised by the words of its header, in the languages salons write them. What a column
becomes can always be stated by hand (``mapping=``).
"""

from collections.abc import Collection, Mapping, Sequence
from types import MappingProxyType
from typing import Final

from salon_crm.domain.transfer.layouts import PHONE, column_key, words_for

_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "booking_id": "booking id, booking no, booking number, booking ref, booking reference, appointment id, "
        "appointment no, appointment number, appointment reference, confirmation number, reservation id, id, "
        "terminnummer, termin-nr, termin-id, buchungsnummer, buchungs-nr, buchungs-id, numero de rdv, id rdv, "
        "id reserva, numero de reserva, id cita, numero da marcacao, id da marcacao, id agendamento, "
        "id appuntamento, afspraaknummer",
        "customer_id": "customer id, customer no, customer number, client id, client no, client number, guest id, "
        "member id, kundennummer, kunden-nr, kundennr, kunden-id, kd-nr, kundin-nr, numero client, id client, "
        "numero de cliente, codigo de cliente, id cliente, id do cliente, codice cliente, klantnummer",
        "customer_name": "customer name, customer, client name, client, guest name, guest, name, full name, kunde, "
        "kundin, kundenname, nom du client, cliente, nome do cliente, nome completo, nombre del cliente, "
        "nombre completo, nome cliente, klant, klantnaam, naam, nome",
        "first_name": f"client first name, customer first name, {words_for('first_name')}",
        "last_name": f"client last name, customer last name, {words_for('last_name')}",
        "email": f"client email, customer email, {words_for('email')}",
        "mobile": "client mobile, client phone, customer mobile, customer phone, telefono cliente, "
        f"telefone do cliente, {words_for('mobile', PHONE)}",
        "service": "service, services, service name, treatment, treatment name, treatments, appointment type, "
        "procedure, leistung, leistungen, dienstleistung, behandlung, prestation, prestations, soin, servicio, "
        "servicios, tratamiento, servico, servicos, tratamento, servizio, servizi, trattamento, behandeling, dienst",
        "location": "location, location name, branch, branch name, salon, shop, site, store, centre, center, "
        "standort, filiale, etablissement, sucursal, local, centro, loja, unidade, filial, sede, vestiging, locatie",
        "therapist": "therapist, staff, staff member, staff name, team member, employee, employee name, provider, "
        "stylist, technician, practitioner, resource, mitarbeiter, mitarbeiterin, friseur, friseurin, stylistin, "
        "collaborateur, collaboratrice, employe, praticien, profesional, empleado, empleada, estilista, "
        "profissional, funcionario, funcionaria, colaborador, colaboradora, terapeuta, operatore, operatrice, "
        "dipendente, medewerker",
        "package": "package, package name, course, bundle, paket, forfait, paquete, bono, pacote, pacchetto, pakket",
        "start": "start, starts, starts at, starts on, start at, start date and time, start datetime, date and time, "
        "date time, appointment date and time, scheduled for, beginn, debut, inicio, inizio, aanvang",
        "date": "date, start date, appointment date, scheduled date, visit date, day, datum, termin, tag, jour, "
        "date du rdv, date de rendez-vous, fecha, fecha de la cita, dia, data, data da marcacao, giorno, dag",
        "time": "time, start time, appointment time, scheduled time, uhrzeit, zeit, startzeit, heure, "
        "heure de debut, hora, hora de inicio, ora, ora inizio, tijd, begintijd, from, von",
        "end": "end, ends, ends at, end at, end time, end date and time, end datetime, finish, finish time, until, "
        "ende, endzeit, bis, fin, heure de fin, hora de fin, fim, hora de fim, termino, fine, ora fine, einde, "
        "eindtijd",
        "duration": "duration, duration minutes, duration min, duration mins, minutes, length, dauer, dauer min, "
        "dauer minuten, duree, duracion, duracao, durata, duur",
        "status": "status, state, booking status, appointment status, buchungsstatus, terminstatus, statut, estado, "
        "estado da marcacao, estado de la cita, situacao, stato",
        "cancelled_by": "cancelled by, canceled by, storniert von, abgesagt von, annule par, cancelado por, "
        "annullato da",
        "price": "price, amount, total, value, cost, preis, betrag, prix, montant, precio, importe, preco, valor, "
        "prezzo, importo, prijs, bedrag",
        "note": f"booking note, booking notes, appointment note, appointment notes, {words_for('note')}",
        "arrived_at": "arrived at, arrived, arrival, arrival time, checked in at, check in, check in time, checkin, "
        "ankunft, angekommen, arrivee, llegada, chegada, arrivo",
    }
)

BOOKING_TARGETS: Final = tuple(_WORDS)
"""Everything a column of a list of bookings may become."""

SINGLE_BOOKING_TARGETS: Final = tuple(target for target in BOOKING_TARGETS if target != "note")
"""What one column of a list becomes; several may become notes."""

_TARGET_OF: Final = MappingProxyType(
    {column_key(word): target for target, words in reversed(tuple(_WORDS.items())) for word in words.split(", ")}
    | {column_key(target): target for target in BOOKING_TARGETS}
)

WHO: Final = ("customer_id", "email", "mobile")
"""The fields by which a row can name its customer, the surest first."""


def booking_columns_lacking(targets: Collection[str | None]) -> tuple[str, ...]:
    """Return what no column of a list says although every booking has it: who, what, when."""
    lacking = {
        "customer_id": set(WHO).isdisjoint(targets),
        "service": "service" not in targets,
        "start": {"start", "date"}.isdisjoint(targets),
    }
    return tuple(name for name, lacks in lacking.items() if lacks)


def recognise_bookings(columns: Sequence[str]) -> dict[str, str | None]:
    """Return what each column becomes by its words, None for those that are not taken.

    Of several columns of one meaning the first has it, and an id beside a ``booking id`` is not taken for one.
    """
    mapping: dict[str, str | None] = {}
    for column in columns:
        target = _TARGET_OF.get(column_key(column))
        mapping[column] = None if target in mapping.values() and target in SINGLE_BOOKING_TARGETS else target
    return _as_times(mapping)


def _as_times(mapping: dict[str, str | None]) -> dict[str, str | None]:
    """Return the mapping with the columns of days and times read as people mean them together.

    A ``Date`` or a ``Start time`` alone holds both; a ``Start`` beside a ``Date`` is the time of that day.
    """
    present = frozenset(target for target in mapping.values() if target in ("start", "date", "time"))
    instead = _MEANT_TOGETHER.get(present, {})
    return {column: instead.get(target, target) if target else None for column, target in mapping.items()}


_MEANT_TOGETHER: Final[Mapping[frozenset[str], Mapping[str, str | None]]] = MappingProxyType(
    {
        frozenset({"date"}): {"date": "start"},
        frozenset({"time"}): {"time": "start"},
        frozenset({"date", "start"}): {"start": "time"},
        frozenset({"date", "start", "time"}): {"start": None},
        frozenset({"start", "time"}): {"start": "date"},
    }
)
"""What columns of days and times become instead, by which of them a list has."""
