"""The column layouts lists come in, and the words columns are called by.

A published layout is recognised by its columns; any other file by the words of its header, in the
languages salons write them. What a column becomes can always be stated by hand (``mapping=``).
"""

from collections.abc import Mapping, Sequence
from types import MappingProxyType
from typing import Final

from attrs import field, frozen

from salon_crm.domain.privacy import OPERATOR, classed
from salon_crm.domain.text import fold

SINGLE_TARGETS: Final = (
    "id",
    "version",
    "added",
    "name",
    "first_name",
    "last_name",
    "email",
    "mobile",
    "country_code",
    "contact_declined",
    "birthday",
    "anniversary",
    "gender",
    "referral_source",
    "city",
    "subdivision",
    "postal_code",
    "country",
    "language",
    "zone",
    "preferences",
    "external_id",
    "external_ids",
    "status",
    "blocked",
    "block_reason",
)
MANY_TARGETS: Final = ("other_emails", "other_phones", "address_lines", "note", "alert_note")
"""What several columns of a file may become together, in their order."""

TARGETS: Final = (*SINGLE_TARGETS, *MANY_TARGETS)
"""Everything a column may become."""

PROBLEM_COLUMNS: Final = ("problem_line", "problem_field", "problem_reason")
"""The columns added to rows handed back for correction; importing them again passes them over."""

OWN_LAYOUT: Final = "salon_crm"
_ENOUGH: Final = 0.8
PHONE: Final = "phone"
"""A column that is the mobile where no other is, and a further phone else."""
_OVERFLOW: Final = {"mobile": "other_phones", "email": "other_emails"}
_IDENTIFYING: Final = frozenset({"id", "name", "first_name", "last_name", "email", "mobile"})


@frozen(field_transformer=classed)
class Layout:
    """A column layout a real system publishes: each column and what it becomes, None where it is not taken."""

    name: str = field(metadata=OPERATOR)
    columns: Mapping[str, str | None] = field(metadata=OPERATOR)


LAYOUTS: Final = (
    Layout(
        "nookal",
        {
            "Title": None,
            "First Name": "first_name",
            "Middle Name": None,
            "Last Name": "last_name",
            "Gender": "gender",
            "Date of Birth": "birthday",
            "Notes": "note",
            "Date Registered": None,
            "Address Line 1": "address_lines",
            "Address Line 2": "address_lines",
            "City / Suburb": "city",
            "State": "subdivision",
            "Country": "country",
            "Postcode": "postal_code",
            "Home Phone": "other_phones",
            "Mobile Phone": "mobile",
            "Work Phone": "other_phones",
            "Email Address": "email",
        },
    ),
    Layout(
        "stx",
        {
            "firstName": "first_name",
            "middleName": None,
            "lastName": "last_name",
            "addressLine1": "address_lines",
            "addressLine2": "address_lines",
            "city": "city",
            "state": "subdivision",
            "postalCode": "postal_code",
            "gender": "gender",
            "emailAddress": "email",
            "driversLicense": None,
            "eveningPhone": "other_phones",
            "daytimePhone": "other_phones",
            "cellPhone": "mobile",
            "otherPhoneName": None,
            "otherPhone": "other_phones",
            "otherPhoneName2": None,
            "otherPhone2": "other_phones",
            "emergencyContactName": None,
            "emergencyContactPhone": None,
            "birthDate": "birthday",
            "clientProfile": "preferences",
            "generalNotes": "note",
            "bookingProfile": "alert_note",
            "otherProfileName": None,
            "otherProfile": None,
            "membershipID": "external_id",
            "houseAccountBalance": None,
        },
    ),
    Layout(
        "shore",
        {
            "first_name": "first_name",
            "last_name": "last_name",
            "gender": "gender",
            "email": "email",
            "mobile": "mobile",
            "birthday": "birthday",
            "address_street": "address_lines",
            "address_postal_code": "postal_code",
            "address_city": "city",
            "notes": "note",
            "tags": None,
            "newsletter_status": None,
        },
    ),
)
"""The layouts recognised by name; `docs/reference/layouts.md` cites where each is published."""

_WORDS: Final[Mapping[str, str]] = MappingProxyType(
    {
        "name": "name, full name, client, client name, customer, customer name, nome, nome completo, nombre completo, "
        "nom complet, kunde, kundenname, naam, volledige naam, cliente, contact name, imie i nazwisko",
        "first_name": "first name, firstname, given name, forename, vorname, prenom, nombre, primeiro nome, voornaam, "
        "imie, fornavn, fornamn, etunimi",
        "last_name": "last name, lastname, surname, family name, nachname, apellido, apellidos, apelido, sobrenome, "
        "cognome, achternaam, nazwisko, etternavn, efternamn, nom de famille, "
        "familienname, zuname, nom",
        "email": "email, e-mail, email address, e-mail address, mail, correo, correo electronico, courriel, "
        "e-mail-adresse, emailadresse, endereco de email, indirizzo email, adresse email",
        "other_emails": "other emails, other email, second email, secondary email, email 2",
        "mobile": "mobile, mobile phone, mobile number, cell, cell phone, cellphone, handy, handynummer, mobil, "
        "mobilnummer, mobiltelefon, telemovel, celular, cellulare, movil, portable, telephone portable, gsm, mobiel, "
        "komorka, "
        "handy-nr, mobil-nr, mobiltelefonnummer, tel mobil, telefon mobil, mobile no, numero de telemovel",
        PHONE: "phone, phone number, telephone, telephone number, tel, telefon, telefonnummer, telefono, telefone, "
        "telefoonnummer, contact number",
        "other_phones": "other phones, other phone, home phone, work phone, landline, phone 2, second phone, festnetz, "
        "festnetznummer, telefono fijo, telefone fixo, telephone fixe, telefon privat, telefon geschaeftlich, "
        "tel privat, telefon geschaftlich, tel privee",
        "country_code": "country code, dial code, dialling code, phone country code, vorwahl, indicativo",
        "contact_declined": "contact declined",
        "birthday": "birthday, birth date, birthdate, date of birth, dob, geburtstag, geburtsdatum, date de naissance, "
        "fecha de nacimiento, cumpleanos, data de nascimento, data nascimento, data di nascita, geboortedatum, "
        "geb-datum, geb, geboren, ne le, nascimento",
        "anniversary": "anniversary, anniversary date, wedding anniversary, hochzeitstag",
        "gender": "gender, sex, geschlecht, genre, sexe, genero, sexo, sesso, geslacht",
        "referral_source": "referral source, referred by, how did you hear, source, empfohlen durch, origem",
        "address_lines": "address, address 1, address 2, address line 1, address line 2, street, street address, "
        "street address 1, street address 2, adresse, strasse, hausnummer, direccion, endereco, morada, rue, "
        "indirizzo, adres, straat, address lines, "
        "strasse/nr, strasse und hausnummer, hausnr",
        "city": "city, town, suburb, city/suburb, ort, stadt, ville, ciudad, localidad, cidade, localidade, citta, "
        "plaats, woonplaats, "
        "wohnort",
        "subdivision": "state, province, county, region, subdivision, bundesland, provincia, estado, distrito",
        "postal_code": "postal code, postcode, post code, zip, zip code, zipcode, plz, postleitzahl, code postal, "
        "codigo postal, cap, cep",
        "country": "country, land, pays, pais, paese, country/region",
        "language": "language, sprache, langue, idioma, lingua, taal",
        "zone": "zone, time zone, timezone",
        "preferences": "preferences, praeferenzen, preferencias, preferences client",
        "external_id": "external id, client id, customer id, id, reference, reference id, member id, kundennummer, "
        "kunden-nr, kundennr, customer number, client number, numero client, numero de cliente, "
        "kd-nr, kunden-id, kundenid, kundin-nr, codigo de cliente, client no, customer no",
        "external_ids": "external ids",
        "status": "status, client status, customer status",
        "blocked": "blocked, is blocked, gesperrt, bloqueado",
        "block_reason": "block reason, blocked reason",
        "note": "note, notes, comment, comments, notiz, notizen, bemerkung, bemerkungen, notas, observaciones, "
        "observacoes, remarques, commentaire, opmerkingen, memo, "
        "anmerkung, anmerkungen",
        "alert_note": "alert note, alert, alerts, staff alert, warning, warnhinweis",
    }
)


def column_key(column: str) -> str:
    """Return a column's name as it is compared: folded, without spaces and punctuation."""
    return "".join(character for character in fold(column) if character.isalnum())


def words_for(*targets: str) -> str:
    """Return the words that columns of these fields of a customer are called by, with commas between."""
    return ", ".join(_WORDS[target] for target in targets)


_TARGET_OF: Final = MappingProxyType(
    {column_key(word): target for target, words in _WORDS.items() for word in words.split(", ")}
    | {column_key(target): target for target in TARGETS if target not in ("id", "version", "added")}
)


_FULL_NAMES: Final = frozenset(
    map(column_key, "full name, nome completo, nombre completo, nom complet, volledige naam".split(", "))
)


@frozen(field_transformer=classed)
class Recognised:
    """What the columns of a file were taken for.

    ``layout`` is the name of the layout, or None; ``mapping`` says what each column becomes, None where
    it is not taken.
    """

    layout: str | None = field(metadata=OPERATOR)
    mapping: Mapping[str, str | None] = field(metadata=OPERATOR)

    @property
    def names_customers(self) -> bool:
        """Whether a column was recognised that says who a row is about."""
        return any(target in _IDENTIFYING for target in self.mapping.values())


def recognise(columns: Sequence[str]) -> Recognised:
    """Return what the columns of a file mean: our own export's, a published layout's, or by their words."""
    keys = {column: column_key(column) for column in columns}
    present = set(keys.values())
    own = {column_key(target): target for target in TARGETS}
    ours_alone = present <= {*own, *map(column_key, PROBLEM_COLUMNS)}
    if {"id", "version", "added"} <= present or ({"id", "version"} <= present and ours_alone):
        targets = {column: own[key] if key in own else _TARGET_OF.get(key) for column, key in keys.items()}
        return Recognised(OWN_LAYOUT, _one_each(targets))
    layout = max(LAYOUTS, key=lambda layout: _share(layout, present))
    known = {column_key(column): target for column, target in layout.columns.items()}
    if _share(layout, present) < _ENOUGH:
        by_words = {column: _TARGET_OF.get(key) for column, key in keys.items()}
        return Recognised(None, _one_each(_name_beside_parts(by_words)))
    # a salon may add columns of its own to a layout: those go by their words
    targets = {column: known[key] if key in known else _TARGET_OF.get(key) for column, key in keys.items()}
    return Recognised(layout.name, _one_each(targets))


def _name_beside_parts(targets: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the mapping with ``name`` read as people mean it where a list has the parts of names too.

    ``Name`` beside a first name alone is the surname (``Name;Vorname``); beside both parts it is taken only
    where it says that it is the full name, since ``Kunde`` may well be a number.
    """
    present = set(targets.values())
    if "first_name" not in present:
        return dict(targets)
    instead = None if "last_name" in present else "last_name"
    return {
        column: instead if target == "name" and column_key(column) not in _FULL_NAMES else target
        for column, target in targets.items()
    }


def _share(layout: Layout, present: set[str]) -> float:
    keys = {column_key(column) for column in layout.columns}
    return len(keys & present) / len(keys)


def _one_each(targets: Mapping[str, str | None]) -> dict[str, str | None]:
    """Return the mapping with each single target given to one column: the first, and any mobile before any phone."""
    has_mobile = "mobile" in targets.values()
    mapping: dict[str, str | None] = {}
    seen: set[str] = set()
    for column, wanted in targets.items():
        target = wanted
        if target == PHONE:
            target = "other_phones" if has_mobile or "mobile" in seen else "mobile"
        if target in seen:
            target = _OVERFLOW.get(str(target))
        mapping[column] = target
        if target in SINGLE_TARGETS:
            seen.add(str(target))
    return mapping
