"""E-mail addresses and phone numbers: two doors, one key.

``parse`` is the door for what people write; the constructor is the door of stores, so that a number
that was good in 2024 still loads when the phone library has learnt better. An object given to ``parse``
is taken where it has the shape and the key of one, whatever today's library thinks of it.
"""

import re
from functools import lru_cache
from typing import TYPE_CHECKING, Final

from attrs import field, frozen

from salon_crm.domain.plain_contact import is_plain_number, plain_address, plain_number, plain_spellings
from salon_crm.domain.privacy import CONTACT, OPERATOR, classed
from salon_crm.domain.text import clean_text, drop_invisible, fold
from salon_crm.errors import InvalidValue

if TYPE_CHECKING:
    import phonenumbers

NO_REGION: Final = "ZZ"
"""The region of a salon that has none: every phone is then written with its country code."""

_EXTENSION: Final = re.compile(r"(?:;ext=|\s*(?:extension|ext\.?|x|#)[\s:.]*)(\d{1,7})$", re.ASCII)
_ABROAD: Final = re.compile(r"^00(?=[\s()./\-]*[1-9])", re.ASCII)
_MAILTO: Final = re.compile(r"^mailto:", re.ASCII | re.IGNORECASE)
_PHONE: Final = re.compile(r"\+?[\d\s()./\-]+", re.ASCII)
_E164: Final = re.compile(r"\+[1-9]\d{4,18}", re.ASCII)
_EXTENSION_DIGITS: Final = re.compile(r"\d{0,7}", re.ASCII)
_LONGEST_EMAIL: Final = 320
_REPEATED: Final = re.compile(r"(\d)\1{5,}$", re.ASCII)
_PLACEHOLDERS: Final = frozenset(
    "none no noemail no-email no.email nomail na n/a nil null noone nobody test unknown keine kein sinemail sem nada "
    "x xx xxx abc a fake dummy example anonymous noreply no-reply".split()
)


@frozen(field_transformer=classed)
class EmailAddress:
    """An e-mail address as it is written to, and the key it is recognised by.

    The key folds case, which the local part keeps, and spells the domain in ASCII.
    """

    address: str = field(metadata=CONTACT)
    key: str = field(metadata=CONTACT, eq=False)

    def __str__(self) -> str:
        return self.address

    @classmethod
    def parse(cls, value: object, field: str = "email") -> "EmailAddress":
        """Return the normalised address; whether it can be delivered to is not looked up.

        Raises InvalidValue naming ``field``, with the reason.
        """
        if isinstance(value, EmailAddress):
            return _checked_email(value, field)
        plain = plain_address(value) if isinstance(value, str) else None
        if plain is not None:
            return cls(*plain)
        from email_validator import EmailNotValidError, validate_email  # 32 ms, on first use

        text = clean_text(drop_invisible(value) if isinstance(value, str) else value, field)
        try:
            valid = validate_email(_MAILTO.sub("", text), check_deliverability=False)
        except EmailNotValidError as error:
            raise InvalidValue("email-invalid", field=field, reason=_email_reason(text, error)) from None
        local = valid.local_part.casefold()
        return cls(valid.normalized, f"{local}@{(valid.ascii_domain or valid.domain).lower()}")

    @property
    def is_placeholder(self) -> bool:
        """Whether it is written to satisfy a form (``none@…``), so that it recognises nobody."""
        return self.key.partition("@")[0] in _PLACEHOLDERS


def _checked_email(email: EmailAddress, field: str) -> EmailAddress:
    """Return an address that somebody made or read, where it is written as one and has the key of its text."""
    text = email.address
    local, _, domain = text.partition("@")
    unseen = drop_invisible(text) != text or any(character.isspace() for character in text)
    if unseen or clean_text(text, field) != text or len(text) > _LONGEST_EMAIL or not local or not domain:
        raise InvalidValue("email-invalid", field=field, reason="it is not written as an address is")
    if "@" in domain:
        raise InvalidValue("email-invalid", field=field, reason="it needs exactly one @")
    if not domain.isascii():
        from email_validator import EmailNotValidError, validate_email

        try:
            domain = validate_email(f"a@{domain}", check_deliverability=False).ascii_domain or domain
        except EmailNotValidError:
            raise InvalidValue("email-invalid", field=field, reason="its domain cannot be spelled in ASCII") from None
    if email.key != f"{local.casefold()}@{domain.lower()}":
        raise InvalidValue("email-invalid", field=field, reason="its key is not of its text; use EmailAddress.parse")
    return email


def _email_reason(text: str, error: Exception) -> str:
    """Say why without a character of the address: the library's own sentences quote them."""
    if text.count("@") != 1:
        return "it needs exactly one @" if '"' not in text else "it needs one @ outside quotes"
    local, _, domain = text.partition("@")
    if not local or not domain:
        return "something must stand on both sides of the @"
    if any(character.isspace() for character in text):
        return "it holds a space"
    if "." not in domain:
        return "what follows the @ has no dot"
    if ".." in text or domain.startswith(".") or text.endswith(".") or local.startswith(".") or local.endswith("."):
        return "a dot is at the wrong place"
    said = str(error).lower()
    if "too long" in said or "too many" in said:
        return "it is too long"
    if "special-use" in said:
        return "its domain is reserved and receives no mail"
    return "it holds a character that addresses do not have"


@frozen(field_transformer=classed)
class PhoneNumber:
    """A phone number in E.164, with its extension and whether it was assigned when it was taken in."""

    e164: str = field(metadata=CONTACT)
    valid: bool = field(default=True, metadata=OPERATOR)
    """False for a number that is possible but was not assigned by the metadata of its day."""
    extension: str = field(default="", metadata=CONTACT)

    def __str__(self) -> str:
        return self.e164

    @property
    def key(self) -> str:
        """What the number is recognised by: E.164 without the extension, since families share a switchboard too."""
        return self.e164

    @property
    def national(self) -> str:
        """The number as it is written inside its own country, with its extension; E.164 where that is not known."""
        import phonenumbers

        return self._formatted(phonenumbers.PhoneNumberFormat.NATIONAL)

    @property
    def international(self) -> str:
        """The number as it is written abroad, with country code and extension; E.164 where that is not known."""
        import phonenumbers

        return self._formatted(phonenumbers.PhoneNumberFormat.INTERNATIONAL)

    def _formatted(self, style: int) -> str:
        import phonenumbers

        try:
            number = phonenumbers.parse(self.e164)
        except phonenumbers.NumberParseException:  # kept by a store since before the library thought otherwise
            return self.e164
        number.extension = self.extension or None
        return phonenumbers.format_number(number, style)

    @property
    def is_placeholder(self) -> bool:
        """Whether its last six digits or more are one digit repeated, so that it recognises nobody."""
        return _REPEATED.search(self.e164) is not None

    @classmethod
    def parse(cls, value: object, field: str = "mobile", *, region: str = NO_REGION) -> "PhoneNumber":
        """Return the number that people write as ``value`` in ``region``, such as PT; ZZ means no region.

        A leading zero is tolerated, also where the country has none; without a region 00 may stand for +. A
        number that cannot exist is refused; one that can but is not assigned is kept with ``valid`` False.
        Raises InvalidValue naming ``field``, with the reason, or ``region``.
        """
        if isinstance(value, PhoneNumber):
            if not _E164.fullmatch(value.e164) or not _EXTENSION_DIGITS.fullmatch(value.extension):
                raise InvalidValue("phone-invalid", field=field, reason="it is not in E.164; use PhoneNumber.parse")
            return value
        plain = plain_number(value, parse_region(region, "region")) if is_plain_number(value) else None
        if plain is not None:
            return cls(plain)
        import phonenumbers  # 21 ms and its metadata, on first use

        written = clean_text(drop_invisible(value) if isinstance(value, str) else value, field)
        text, extension = _split_extension(fold(written).removeprefix("tel:").removeprefix("'"))
        if not _PHONE.fullmatch(text):
            raise InvalidValue("phone-invalid", field=field, reason=_not_a_phone(text))
        home = parse_region(region, "region")
        if home == NO_REGION:
            text = _ABROAD.sub("+", text)
        try:
            number = phonenumbers.parse(text, None if home == NO_REGION else home)
        except phonenumbers.NumberParseException as error:
            raise _parse_problem(error, text, field) from None
        reason = _why_impossible(number)
        if reason and number.italian_leading_zero:  # a zero of habit, as in +351 (0)912…, where none is dialled
            number.italian_leading_zero = number.number_of_leading_zeros = None
            reason = _why_impossible(number) and reason
        if reason:
            raise InvalidValue("phone-invalid", field=field, reason=reason)
        number.extension = None
        return cls(
            phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164),
            phonenumbers.is_valid_number(number),
            extension,
        )


def _split_extension(text: str) -> tuple[str, str]:
    found = _EXTENSION.search(text)
    return (text[: found.start()].strip(), found.group(1)) if found else (text.strip(), "")


def _not_a_phone(text: str) -> str:
    if not any(character.isdigit() for character in text):
        return "it holds no digits"
    return "it holds more than digits, spaces and + - ( ) . /"


def _parse_problem(error: "phonenumbers.NumberParseException", text: str, field: str) -> InvalidValue:
    import phonenumbers

    if error.error_type == phonenumbers.NumberParseException.INVALID_COUNTRY_CODE:
        if text.startswith("+"):
            return InvalidValue("phone-invalid", field=field, reason="no country has this country code")
        return InvalidValue("phone-needs-region", field=field)
    return InvalidValue("phone-invalid", field=field, reason="it has too few digits or too many")


def _why_impossible(number: "phonenumbers.PhoneNumber") -> str | None:
    import phonenumbers

    if not number.national_number:
        return "it is nothing but zeros"
    return {
        phonenumbers.ValidationResult.IS_POSSIBLE: None,
        phonenumbers.ValidationResult.IS_POSSIBLE_LOCAL_ONLY: "the area code is missing",
        phonenumbers.ValidationResult.INVALID_COUNTRY_CODE: "no country has this country code",
        phonenumbers.ValidationResult.TOO_SHORT: "it is too short",
        phonenumbers.ValidationResult.TOO_LONG: "it is too long",
        phonenumbers.ValidationResult.INVALID_LENGTH: "no number of its country has so many digits",
    }[phonenumbers.is_possible_number_with_reason(number)]


def parse_region(value: object, field: str) -> str:
    """Return a region's two letters in capitals, or ZZ for none; raises InvalidValue naming ``field``."""
    if isinstance(value, str) and len(value) == len(NO_REGION):
        region = value.upper()
        if region == NO_REGION or region in _phone_regions():
            return region
    raise InvalidValue("region-unknown", field=field)


@lru_cache(maxsize=1)
def _phone_regions() -> frozenset[str]:
    import phonenumbers

    return frozenset(phonenumbers.SUPPORTED_REGIONS)


@lru_cache(maxsize=4_096)
def phone_spellings(e164: str) -> tuple[str, ...]:
    """Return the digits a number may be looked for by.

    They are country code and national digits, then, where the country writes a national prefix,
    prefix and national digits, and all three, as in ``+44 (0)79…``.
    """
    plain = plain_spellings(e164)
    if plain is not None:
        return plain
    import phonenumbers

    try:
        number = phonenumbers.parse(e164)
    except phonenumbers.NumberParseException:  # kept by a store since before the library thought otherwise
        return (e164.lstrip("+"),)
    code = str(number.country_code)
    national = phonenumbers.national_significant_number(number)
    region = phonenumbers.region_code_for_number(number) or phonenumbers.region_code_for_country_code(
        number.country_code or 0
    )
    prefix = phonenumbers.ndd_prefix_for_region(region, strip_non_digits=True) if region else None
    if not prefix:
        return (code + national,)
    return (code + national, prefix + national, code + prefix + national)


_COUNTRY_NAMES: Final = {"usa": "US", "u.s.a.": "US", "uk": "GB", "england": "GB", "scotland": "GB", "wales": "GB"}


def parse_country(value: object, field: str) -> str:
    """Return the ISO 3166 code of a country stated by its code, or by its name in any of many languages.

    Raises InvalidValue naming ``field``.
    """
    text = clean_text(value, field)
    if len(text) == len(NO_REGION) and text.isascii() and text.isalpha() and text.upper() in _country_codes():
        return text.upper()
    code = _COUNTRY_NAMES.get(fold(text)) or _countries_by_name().get(fold(text))
    if code is None:
        raise InvalidValue("country-unknown", field=field)
    return code


@lru_cache(maxsize=1)
def _country_codes() -> frozenset[str]:
    from phonenumbers.geodata.locale import LOCALE_DATA  # half a second, and only where countries are stated

    return frozenset(LOCALE_DATA) | _phone_regions()


@lru_cache(maxsize=1)
def _countries_by_name() -> dict[str, str]:
    """Return the code of each name that means one country in every language that has it."""
    from phonenumbers.geodata.locale import LOCALE_DATA

    codes: dict[str, set[str]] = {}
    for code, names in LOCALE_DATA.items():
        for name in set(names.values()):
            if not name.startswith("*"):  # "the same as in that language"
                codes.setdefault(fold(name), set()).add(code)
    return {name: next(iter(found)) for name, found in codes.items() if len(found) == 1}
