"""The customer: a profile, the form it is filled in by, and the keys it is found by.

A `Customer` holds only what the person may see of themselves. Blocks, notes and whatever staff think
are records of their own, shown beside the customer in a `CustomerRow`.
"""

import re
from collections.abc import Callable, Iterable, Mapping
from datetime import UTC, date, datetime
from enum import StrEnum
from itertools import chain, islice
from types import MappingProxyType
from typing import Any, Final, TypedDict, cast
from uuid import UUID

from attrs import evolve, field, frozen

from salon_crm.domain.contact import NO_REGION, EmailAddress, PhoneNumber, parse_country, phone_spellings
from salon_crm.domain.dates import DateOrder, PartialDate, parse_zone
from salon_crm.domain.ids import CustomerId, ExternalId
from salon_crm.domain.privacy import BEHAVIOUR, CONTACT, IDENTITY, OPERATOR, classed
from salon_crm.domain.reading import read_items, shown_name
from salon_crm.domain.settings import Settings
from salon_crm.domain.text import NAME_KEY_LIMIT, TEXT_LIMIT, clean_name, clean_text, same_words, sort_key
from salon_crm.errors import InvalidDocument, InvalidValue

MOST_VALUES: Final = 20
"""How many further e-mails, phones, external ids and former values of each kind a profile keeps."""

_MOST_LINES: Final = 8
_MOST_WRITTEN_LINES: Final = 100  # blank ones included
_SURELY_FITS: Final = NAME_KEY_LIMIT // 40
"""Characters of a name whose key surely fits: no character is folded to more than 40 bytes."""
_LANGUAGE: Final = re.compile(r"[a-z]{2,3}(-[a-z0-9]{2,8}){0,3}", re.ASCII | re.IGNORECASE)


class Status(StrEnum):
    """Whether a customer shows in the salon's daily lists; inactive hides and forbids nothing."""

    ACTIVE = "active"
    INACTIVE = "inactive"


class Gender(StrEnum):
    """What the customer says of their gender; None where they did not say."""

    FEMALE = "female"
    MALE = "male"
    OTHER = "other"


@frozen(field_transformer=classed, kw_only=True)
class Address:
    """A postal address: its lines, then the parts other systems ask for; ``country`` is two letters of ISO 3166."""

    lines: tuple[str, ...] = field(default=(), metadata=CONTACT)
    city: str | None = field(default=None, metadata=CONTACT)
    subdivision: str | None = field(default=None, metadata=CONTACT)
    postal_code: str | None = field(default=None, metadata=CONTACT)
    country: str | None = field(default=None, metadata=CONTACT)


@frozen(field_transformer=classed, kw_only=True)
class Customer:
    """A customer's profile, as the person may see it.

    ``version`` counts the changes of the profile and nothing else; ``added`` is when the salon first had
    it. ``str(customer.email)`` is the normalised address, ``str(customer.mobile)`` the E.164 number. The
    former values serve search and matching: never shown first, never sent to.
    """

    id: CustomerId = field(metadata=OPERATOR)
    version: int = field(default=1, metadata=OPERATOR)
    added: datetime = field(metadata=OPERATOR)
    status: Status = field(default=Status.ACTIVE, metadata=OPERATOR)
    name: str = field(metadata=IDENTITY)
    first_name: str | None = field(default=None, metadata=IDENTITY)
    last_name: str | None = field(default=None, metadata=IDENTITY)
    email: EmailAddress | None = field(default=None, metadata=CONTACT)
    other_emails: tuple[EmailAddress, ...] = field(default=(), metadata=CONTACT)
    mobile: PhoneNumber | None = field(default=None, metadata=CONTACT)
    other_phones: tuple[PhoneNumber, ...] = field(default=(), metadata=CONTACT)
    contact_declined: bool = field(default=False, metadata=BEHAVIOUR)
    birthday: PartialDate | None = field(default=None, metadata=IDENTITY)
    anniversary: PartialDate | None = field(default=None, metadata=IDENTITY)
    gender: Gender | None = field(default=None, metadata=IDENTITY)
    referral_source: str | None = field(default=None, metadata=BEHAVIOUR)
    address: Address | None = field(default=None, metadata=CONTACT)
    language: str | None = field(default=None, metadata=IDENTITY)
    zone: str | None = field(default=None, metadata=CONTACT)
    preferences: str | None = field(default=None, metadata=BEHAVIOUR)
    external_ids: tuple[ExternalId, ...] = field(default=(), metadata=IDENTITY)
    former_names: tuple[str, ...] = field(default=(), metadata=IDENTITY)
    former_emails: tuple[EmailAddress, ...] = field(default=(), metadata=CONTACT)
    former_phones: tuple[PhoneNumber, ...] = field(default=(), metadata=CONTACT)

    @property
    def emails(self) -> tuple[EmailAddress, ...]:
        """Every e-mail in use, the first one first."""
        return ((self.email,) if self.email else ()) + self.other_emails

    @property
    def phones(self) -> tuple[PhoneNumber, ...]:
        """Every phone in use, the mobile first."""
        return ((self.mobile,) if self.mobile else ()) + self.other_phones


class ProfileFields(TypedDict, total=False):
    """The fields of a profile as calls take them; text is checked, and a key left out stays as it is."""

    name: str | None
    first_name: str | None
    last_name: str | None
    email: str | EmailAddress | None
    other_emails: Iterable[str | EmailAddress] | None
    mobile: str | PhoneNumber | None
    other_phones: Iterable[str | PhoneNumber] | None
    contact_declined: bool | None
    birthday: str | date | PartialDate | None
    anniversary: str | date | PartialDate | None
    gender: str | Gender | None
    referral_source: str | None
    address: Address | Mapping[str, Any] | None
    language: str | None
    zone: str | None
    preferences: str | None
    external_ids: Iterable[ExternalId | tuple[str, str]] | None


class FormSection(StrEnum):
    """The five sections of the customer form."""

    BASIC = "basic"
    ADDRESS = "address"
    PREFERENCES = "preferences"
    SETTINGS = "settings"
    COMMUNICATION = "communication"


class FieldKind(StrEnum):
    """What a form shows for a field."""

    TEXT = "text"
    LINES = "lines"
    EMAIL = "email"
    EMAILS = "emails"
    PHONE = "phone"
    PHONES = "phones"
    DATE = "date"
    CHOICE = "choice"
    SWITCH = "switch"
    ADDRESS = "address"
    LANGUAGE = "language"
    ZONE = "zone"
    IDS = "ids"


@frozen(field_transformer=classed)
class FormContext:
    """What a form's values are read in the light of: the day it is, where phones belong, the order of dates."""

    today: date = field(metadata=OPERATOR)
    region: str = field(default=NO_REGION, metadata=OPERATOR)
    date_order: DateOrder | None = field(default=None, metadata=OPERATOR)


Parser = Callable[[object, str, FormContext], Any]


def _text(value: object, name: str, _: FormContext) -> str:
    return clean_text(value, name)


def _lines(value: object, name: str, _: FormContext) -> str:
    return clean_text(value, name, limit=TEXT_LIMIT, lines=True)


def _name(value: object, name: str, _: FormContext) -> str:
    return clean_name(value, name)


def _email(value: object, name: str, _: FormContext) -> EmailAddress:
    return EmailAddress.parse(value, name)


def _phone(value: object, name: str, context: FormContext) -> PhoneNumber:
    return PhoneNumber.parse(value, name, region=context.region)


def _partial_date(value: object, name: str, context: FormContext) -> PartialDate:
    return PartialDate.parse(value, name, today=context.today, order=context.date_order)


def _switch(value: object, name: str, _: FormContext) -> bool:
    if not isinstance(value, bool):
        raise InvalidValue("wrong-type", field=name, expected="True or False")
    return value


def _gender(value: object, name: str, _: FormContext) -> Gender:
    word = value.strip().casefold() if isinstance(value, str) else ""
    if word not in set(Gender):
        raise InvalidValue("not-a-choice", field=name, choices=tuple(Gender))
    return Gender(word)


def _language(value: object, name: str, _: FormContext) -> str:
    if not isinstance(value, str) or not _LANGUAGE.fullmatch(value.strip()):
        raise InvalidValue("language-invalid", field=name)
    language, *rest = value.strip().split("-")
    return "-".join([language.lower(), *(part.upper() if len(part) == 2 else part.lower() for part in rest)])


def _zone(value: object, name: str, _: FormContext) -> str:
    return parse_zone(value, name)


def _many(parse_one: Parser) -> Parser:
    def parse(value: object, name: str, context: FormContext) -> tuple[Any, ...]:
        values = read_items(value, name, most=MOST_VALUES)
        return tuple(dict.fromkeys(parse_one(each, name, context) for each in values))

    return parse


def _external_id(value: object, name: str, _: FormContext) -> ExternalId:
    return ExternalId.parse(value, name)


_ADDRESS_PARTS: Final[Mapping[str, Callable[[object, str], Any]]] = MappingProxyType(
    {"city": clean_text, "subdivision": clean_text, "postal_code": clean_text, "country": parse_country}
)


def _address(value: object, name: str, _: FormContext) -> Address | None:
    if isinstance(value, Address):
        value = {part: getattr(value, part) for part in ("lines", *_ADDRESS_PARTS)}
    if not isinstance(value, Mapping):
        raise InvalidValue("wrong-type", field=name, expected="an Address, or a mapping of its parts")
    parts: dict[str, Any] = {}
    for part, given in _pairs(cast("Mapping[object, object]", value), name):
        if not isinstance(part, str) or (part != "lines" and part not in _ADDRESS_PARTS):
            raise InvalidValue("unknown-field", field=name, hint=f"An address has lines, {', '.join(_ADDRESS_PARTS)}.")
        if given is None:
            continue
        if part == "lines":
            parts[part] = _address_lines(given, f"{name}.lines")
        else:
            parts[part] = _ADDRESS_PARTS[part](given, f"{name}.{part}")
    return Address(**parts) if any(parts.values()) else None


def _pairs(value: Mapping[object, object], name: str) -> list[tuple[object, object]]:
    try:
        return list(islice(value.items(), len(_ADDRESS_PARTS) + 2))  # one beyond all there are
    except Exception:  # noqa: BLE001 -- whatever a host's own mapping raises
        raise InvalidValue("wrong-type", field=name, expected="an Address, or a mapping of its parts") from None


def _address_lines(value: object, name: str) -> tuple[str, ...]:
    """Return the lines that are not blank; a line break inside one begins another."""
    given = (value,) if isinstance(value, str) else read_items(value, name, most=_MOST_WRITTEN_LINES)
    lines: list[str] = []
    for each in given:
        if not isinstance(each, str):
            raise InvalidValue("wrong-type", field=name, expected="text")
        if len(each) > 4 * TEXT_LIMIT * _MOST_LINES:
            raise InvalidValue("text-too-long", field=name, length=len(each), limit=TEXT_LIMIT * _MOST_LINES)
        lines += (line for line in each.splitlines() if line.strip())
    if len(lines) > _MOST_LINES:
        raise InvalidValue("too-many", field=name, count=len(lines), limit=_MOST_LINES)
    return tuple(clean_text(line, name, lines=True) for line in lines)


@frozen(field_transformer=classed)
class ProfileField:
    """What a profile field is on a form, and how a value for it is read."""

    section: FormSection = field(metadata=OPERATOR)
    kind: FieldKind = field(metadata=OPERATOR)
    parse: Parser = field(metadata=OPERATOR)
    cleared: Any = field(default=None, metadata=OPERATOR)
    """The value of a cleared field."""
    choices: tuple[str, ...] = field(default=(), metadata=OPERATOR)
    by_staff: bool = field(default=False, metadata=OPERATOR)
    """Whether it is the salon's to fill, and not the customer's own."""


PROFILE: Final[Mapping[str, ProfileField]] = MappingProxyType(
    {
        "name": ProfileField(FormSection.BASIC, FieldKind.TEXT, _name),
        "first_name": ProfileField(FormSection.BASIC, FieldKind.TEXT, _name),
        "last_name": ProfileField(FormSection.BASIC, FieldKind.TEXT, _name),
        "email": ProfileField(FormSection.BASIC, FieldKind.EMAIL, _email),
        "other_emails": ProfileField(FormSection.BASIC, FieldKind.EMAILS, _many(_email), ()),
        "mobile": ProfileField(FormSection.BASIC, FieldKind.PHONE, _phone),
        "other_phones": ProfileField(FormSection.BASIC, FieldKind.PHONES, _many(_phone), ()),
        "contact_declined": ProfileField(FormSection.BASIC, FieldKind.SWITCH, _switch, False),
        "birthday": ProfileField(FormSection.BASIC, FieldKind.DATE, _partial_date),
        "anniversary": ProfileField(FormSection.BASIC, FieldKind.DATE, _partial_date),
        "gender": ProfileField(FormSection.BASIC, FieldKind.CHOICE, _gender, choices=tuple(Gender)),
        "referral_source": ProfileField(FormSection.BASIC, FieldKind.TEXT, _text, by_staff=True),
        "address": ProfileField(FormSection.ADDRESS, FieldKind.ADDRESS, _address),
        "preferences": ProfileField(FormSection.PREFERENCES, FieldKind.LINES, _lines),
        "external_ids": ProfileField(FormSection.SETTINGS, FieldKind.IDS, _many(_external_id), (), by_staff=True),
        "language": ProfileField(FormSection.COMMUNICATION, FieldKind.LANGUAGE, _language),
        "zone": ProfileField(FormSection.COMMUNICATION, FieldKind.ZONE, _zone),
    }
)
"""Every field a form may fill, in the order of the form."""

_CONTACTS: Final = frozenset({"email", "mobile"})
_HINTS: Final = {
    "status": "Use activate_customer and deactivate_customer.",
    "blocked": "Use block_customer and unblock_customer.",
    "note": "Use add_note.",
    "alert_note": "Use add_note(alert=True).",
    "id": "A customer's id never changes.",
    "version": "Give version= beside the changes.",
}


_NAMES: Final = frozenset({"name", "first_name", "last_name"})
NOBODY: Final = CustomerId(UUID(int=0))
NEVER: Final = datetime(1970, 1, 1, tzinfo=UTC)
"""With `NOBODY`, what stands in for the id and the day of a profile that is only compared or checked."""


class CustomerForm:
    """What somebody filled in of a profile, before it is checked."""

    def __init__(self, values: Mapping[str, object]) -> None:
        self._values = values

    def __repr__(self) -> str:
        return f"CustomerForm({', '.join(sorted(self._values))})"

    def check(self, context: FormContext) -> ProfileFields:
        """Return the values as they are kept; None becomes what a cleared field holds.

        Raises InvalidDocument with every problem of the form, each with its field.
        """
        values, problems = self._read(context)
        if problems:
            raise InvalidDocument(problems)
        return values

    def check_new(self, context: FormContext, settings: Settings) -> ProfileFields:
        """Return the values of a profile that is to be added; fields missing are told with those that are wrong.

        Raises InvalidDocument with every problem of the form, each with its field.
        """
        values, problems = self._read(context)
        at_fault = {str(problem.field).partition(".")[0] for problem in problems}
        if at_fault & _NAMES:
            at_fault |= _NAMES  # a name that is wrong is not missing as well
        try:
            new_customer(NOBODY, values, added=NEVER, settings=settings)
        except InvalidDocument as found:
            problems += [problem for problem in found.problems if problem.field not in at_fault]
        if problems:
            raise InvalidDocument(problems)
        return values

    def _read(self, context: FormContext) -> tuple[ProfileFields, list[InvalidValue]]:
        checked: dict[str, Any] = {}
        problems: list[InvalidValue] = []
        for name, value in self._values.items():
            declared = PROFILE.get(name)
            if declared is None:
                hint = _HINTS.get(name, f"Fields are {', '.join(PROFILE)}.")
                problems.append(InvalidValue("unknown-field", field=shown_name(name), hint=hint))
                continue
            try:
                checked[name] = declared.cleared if value is None else declared.parse(value, name, context)
            except InvalidValue as problem:
                problems.extend(problem.problems)
        return cast(ProfileFields, checked), problems


def new_customer(
    customer_id: CustomerId,
    values: ProfileFields,
    *,
    added: datetime,
    settings: Settings,
    status: Status = Status.ACTIVE,
) -> Customer:
    """Return a customer with the checked ``values``; raises InvalidDocument where a required field is missing."""
    name = values.get("name") or joined_name(values.get("first_name"), values.get("last_name")) or ""
    stated: dict[str, Any] = {**values, "name": name}
    return _checked(Customer(id=customer_id, added=added, status=status, **stated), None, values, settings)


def changed_customer(
    customer: Customer, values: ProfileFields, *, settings: Settings, keep_former: bool = True
) -> tuple[Customer, tuple[str, ...]]:
    """Return the customer with the checked ``values`` and the names of the fields that differ.

    Replaced names and contacts become former ones, unless ``keep_former`` is False. Where nothing
    differs the customer comes back as it is, at its old version. Raises InvalidDocument where the
    change leaves a required field empty.
    """
    if not values:
        return customer, ()
    changed = _settled(customer, values, settings, keep_former=keep_former)
    fields = tuple(name for name in PROFILE if getattr(changed, name) != getattr(customer, name))
    if not fields:
        return customer, ()
    return evolve(changed, version=customer.version + 1), fields


def _settled(customer: Customer, values: ProfileFields, settings: Settings, *, keep_former: bool) -> Customer:
    stated: dict[str, Any] = {**values, "name": _settled_name(customer, values)}
    changed = _checked(evolve(customer, **stated), customer, values, settings)
    return _with_former(customer, changed) if keep_former else changed


def _checked(customer: Customer, before: Customer | None, values: ProfileFields, settings: Settings) -> Customer:
    """Return a new or changed profile as it may be kept; raises InvalidDocument."""
    customer = _without_repeats(customer)
    problems = _missing(customer, settings, before, values) + _too_long(customer)
    if problems:
        raise InvalidDocument(problems)
    return customer


def _settled_name(customer: Customer, values: ProfileFields) -> str:
    """Return the full name: as stated, or joined from its parts where it was joined before."""
    stated = values.get("name")
    if stated:
        return stated
    parts = (values.get("first_name", customer.first_name), values.get("last_name", customer.last_name))
    if not customer.name or "name" in values:
        return joined_name(*parts) or ""
    was_joined = customer.name == joined_name(customer.first_name, customer.last_name)
    return " ".join(part for part in parts if part) if was_joined else customer.name


def joined_name(first_name: str | None, last_name: str | None) -> str | None:
    """Return the full name that both parts make, or None where one is missing."""
    return f"{first_name} {last_name}" if first_name and last_name else None


def _without_repeats(customer: Customer) -> Customer:
    if not (customer.other_emails or customer.other_phones):
        return customer
    other_emails = tuple(email for email in customer.other_emails if email != customer.email)
    other_phones = tuple(phone for phone in customer.other_phones if phone != customer.mobile)
    if other_emails == customer.other_emails and other_phones == customer.other_phones:
        return customer
    return evolve(customer, other_emails=other_emails, other_phones=other_phones)


def _missing(
    changed: Customer, settings: Settings, before: Customer | None, values: ProfileFields
) -> list[InvalidValue]:
    """Return a problem for each required field that is empty, unless it was empty before and was not touched."""
    problems: list[InvalidValue] = []
    if not changed.name:
        hint = "Give name, or first_name and last_name."
        problems.append(InvalidValue("required", field="name", hint=hint))
    declined = before is not None and before.contact_declined
    asked_again = _CONTACTS if declined and not changed.contact_declined else frozenset[str]()
    for name in settings.required_fields:
        if getattr(changed, name) or (name in _CONTACTS and changed.contact_declined):
            continue
        if before is None or name in values or name in asked_again:
            hint = "The salon's settings ask for it."
            if name in _CONTACTS:
                hint += " Set contact_declined where the customer does not want to give it."
            problems.append(InvalidValue("required", field=name, hint=hint))
    return problems


def _too_long(changed: Customer) -> list[InvalidValue]:
    """Return the problem of a name that only became too long when it was joined."""
    if len(changed.name) <= _SURELY_FITS:
        return []
    try:
        if changed.name and changed.name == joined_name(changed.first_name, changed.last_name):
            clean_name(changed.name, "name")
    except InvalidValue as problem:
        return [problem]
    return []


def _with_former(before: Customer, after: Customer) -> Customer:
    def former(old: Iterable[Any], replaced: Iterable[Any], current: Iterable[Any]) -> tuple[Any, ...]:
        in_use = {_recognised_by(value) for value in current}
        kept = {key: value for value in (*old, *replaced) if (key := _recognised_by(value)) not in in_use}
        return tuple(kept.values())[-MOST_VALUES:]

    return evolve(
        after,
        former_names=former(before.former_names, (before.name,), (after.name,)),
        former_emails=former(before.former_emails, before.emails, after.emails),
        former_phones=former(before.former_phones, before.phones, after.phones),
    )


def _recognised_by(value: str | EmailAddress | PhoneNumber) -> str:
    return value if isinstance(value, str) else value.key


def without_former(customer: Customer) -> Customer:
    """Return the customer without any former name or contact, at the next version where there were some."""
    if not (customer.former_names or customer.former_emails or customer.former_phones):
        return customer
    return evolve(customer, former_names=(), former_emails=(), former_phones=(), version=customer.version + 1)


def contact_keys(customer: Customer, *, former: bool = True) -> frozenset[str]:
    """Return the match keys of the customer's contacts, without placeholders; former ones too unless told not to."""
    contacts: tuple[EmailAddress | PhoneNumber, ...] = (*customer.emails, *customer.phones)
    if former:
        contacts += (*customer.former_emails, *customer.former_phones)
    return keys_of(contacts)


def keys_of(contacts: Iterable[EmailAddress | PhoneNumber]) -> frozenset[str]:
    """Return the keys that contacts are recognised by, without placeholders."""
    return frozenset([contact.key for contact in contacts if not contact.is_placeholder])


def known_names(customer: Customer) -> frozenset[str]:
    """Return the sorted folded words of each name the customer has or had, for comparing whole names."""
    return words_of_names(customer.name, *customer.former_names, joined_name(customer.first_name, customer.last_name))


def words_of_names(*names: str | None) -> frozenset[str]:
    """Return the sorted folded words of each name there is."""
    return frozenset([same_words(name) for name in set(names) if name is not None])


@frozen(field_transformer=classed)
class SearchKeys:
    """What a customer is found and sorted by; computed from the profile, kept beside it by stores.

    ``words`` holds every folded name and e-mail and ``digits`` every spelling of every phone, each on a
    line of its own, so that a word or a run of digits is found in one of them and never across two.
    """

    name: str = field(metadata=IDENTITY)
    words: str = field(metadata=IDENTITY)
    digits: str = field(metadata=CONTACT)


def search_keys(customer: Customer) -> SearchKeys:
    """Return the keys the customer is found and sorted by, former names and contacts included."""
    joined = joined_name(customer.first_name, customer.last_name)
    texts = [customer.name, *customer.former_names]
    texts += [part for part in (joined, customer.first_name, customer.last_name) if part]
    texts += [email.address for email in (*customer.emails, *customer.former_emails)]
    phones = dict.fromkeys(phone.e164 for phone in (*customer.phones, *customer.former_phones))
    words = dict.fromkeys(map(sort_key, texts))
    digits = chain.from_iterable(map(phone_spellings, phones))
    return SearchKeys(next(iter(words)), "\n".join(words), "\n".join(digits))  # the name is the first of the texts


@frozen(field_transformer=classed)
class CustomerRow:
    """One row of the customer list: what a screen shows of a customer beside what staff must know."""

    customer: Customer = field(metadata=IDENTITY)
    blocked: bool = field(metadata=BEHAVIOUR)
    alerts: int = field(metadata=BEHAVIOUR)
    """How many alert notes staff should see first."""
    block_alerts: int = field(metadata=BEHAVIOUR)
    """How many alerts say that a contact of this customer was met on a blocked one."""

    @property
    def id(self) -> CustomerId:
        return self.customer.id

    @property
    def name(self) -> str:
        return self.customer.name

    @property
    def email(self) -> EmailAddress | None:
        return self.customer.email

    @property
    def mobile(self) -> PhoneNumber | None:
        return self.customer.mobile

    @property
    def gender(self) -> Gender | None:
        return self.customer.gender

    @property
    def status(self) -> Status:
        return self.customer.status
