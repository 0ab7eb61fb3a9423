"""Plain e-mail addresses and phone numbers, read as the libraries read them and many times faster.

Nearly every cell of a list is plain: an address of ASCII letters, a number of digits and the punctuation
of numbers. Whatever is not beyond doubt is None here, which means: ask the library. The numbering plans
are the phone library's own; where it no longer keeps them in the shape expected, every number goes to it.
"""

import re
from collections.abc import Callable, Mapping
from functools import lru_cache
from typing import Any, Final, TypeGuard

from attrs import field, frozen

from salon_crm.domain.privacy import OPERATOR, classed

ENABLED: bool = True
"""Whether plain contacts are read here; with False the libraries read each one, to the same answers."""

_PLAIN_NUMBER: Final = re.compile(r" *\+?[ ()./\-]*[0-9][0-9 ()./\-]{3,40}", re.ASCII)
_NO_PUNCTUATION: Final = str.maketrans("", "", "+ ()./-")
_LONGEST_CALLING_CODE: Final = 3
_PLAIN_ADDRESS: Final = re.compile(
    r"([A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~\-]+)*)@([A-Za-z0-9.\-]+)", re.ASCII
)
_LONGEST_ADDRESS: Final = 200  # far from any limit of the library
_LONGEST_LOCAL: Final = 64
_TYPES: Final = "fixed_line mobile toll_free premium_rate shared_cost personal_number voip pager uan voicemail".split()

Matches = Callable[[str], Any]


def plain_address(text: str) -> tuple[str, str] | None:
    """Return the normalised address and its key; None for what is not plain or has a domain that is refused."""
    if not ENABLED or len(text) > _LONGEST_ADDRESS:
        return None
    found = _PLAIN_ADDRESS.fullmatch(text)
    if found is None:
        return None
    local, written = found.groups()
    domain = _domain(written)
    if domain is None or len(local) > _LONGEST_LOCAL:
        return None
    shown, key = domain
    lower = local.lower()
    if lower != local and lower in _mailboxes():
        return None
    return f"{local}@{shown}", f"{lower}@{key}"


@lru_cache(maxsize=4_096)
def _domain(written: str) -> tuple[str, str] | None:
    """Return a domain as the library normalises it, and as keys spell it; None for one that it refuses."""
    from email_validator import EmailNotValidError, validate_email

    try:
        valid = validate_email(f"a@{written}", check_deliverability=False)
    except EmailNotValidError:
        return None
    return valid.domain, (valid.ascii_domain or valid.domain).lower()


@lru_cache(maxsize=1)
def _mailboxes() -> frozenset[str]:
    """Return the names, such as postmaster, whose case the library drops."""
    from email_validator import rfc_constants

    return frozenset(rfc_constants.CASE_INSENSITIVE_MAILBOX_NAMES)


@frozen(field_transformer=classed)
class _Plan:
    """The numbering plan of the main region of a calling code, as far as plain numbers need it."""

    region: str = field(metadata=OPERATOR)
    code: str = field(metadata=OPERATOR)
    dialled: str = field(metadata=OPERATOR)
    """What is dialled before a number inside the country, such as the 0 of 07700; empty where nothing is."""
    prefix: str = field(metadata=OPERATOR)
    """What the library strips from the start of a number, where that is plain digits."""
    strips: Matches | None = field(metadata=OPERATOR)
    """What matches a number from whose start the library may strip something."""
    abroad: Matches | None = field(metadata=OPERATOR)
    """What matches a number that begins with the way out of the country."""
    number: Matches = field(metadata=OPERATOR)
    by_length: Mapping[int, Matches] = field(metadata=OPERATOR)
    """By the length of a number, what matches one of any type."""

    def national(self, digits: str) -> str | None:
        """Return the assigned national number that digits are, with or without the prefix; None if in doubt."""
        if self.strips is not None and self.strips(digits):
            if not self.prefix:
                return None
            digits = digits[len(self.prefix) :]
        matches = self.by_length.get(len(digits))
        if matches is None or digits[0] == "0" or not self.number(digits) or not matches(digits):
            return None
        return digits


def is_plain_number(text: object) -> TypeGuard[str]:
    """Whether text is made of digits and the punctuation of numbers, so that only its digits are in question."""
    return ENABLED and isinstance(text, str) and _PLAIN_NUMBER.fullmatch(text) is not None


def plain_number(text: str, home: str) -> str | None:
    """Return an assigned number in E.164; None for one that is not assigned, or not of the main region of its code.

    ``text`` is a plain number; ``home`` is the region that one without country code belongs to.
    """
    digits = text.translate(_NO_PUNCTUATION)
    if "+" in text:
        plan, digits = _plan_of(digits)
    else:
        plan = _plan_at_home(home)
        if plan is None or digits.startswith(plan.code) or (plan.abroad and plan.abroad(digits)):
            return None
    national = plan and plan.national(digits)
    return f"+{plan.code}{national}" if plan and national else None


def plain_spellings(e164: str) -> tuple[str, ...] | None:
    """Return the digits an assigned number is looked for by; None where the library must say."""
    if not ENABLED or not e164.startswith("+") or not (e164.isascii() and e164[1:].isdigit()):
        return None
    plan, national = _plan_of(e164[1:])
    if plan is None or not national or plan.national(national) != national:
        return None
    if not plan.dialled:
        return (plan.code + national,)
    return (plan.code + national, plan.dialled + national, plan.code + plan.dialled + national)


def _plan_of(digits: str) -> tuple[_Plan | None, str]:
    """Return the plan of the calling code that digits begin with, and the digits behind it."""
    for length in range(1, _LONGEST_CALLING_CODE + 1):
        plan = _plan(digits[:length])
        if plan is not None:
            return plan, digits[length:]
    return None, ""


@lru_cache(maxsize=512)
def _plan_at_home(region: str) -> _Plan | None:
    """Return the plan of a region that is the main one of its calling code."""
    import phonenumbers

    plan = _plan(str(phonenumbers.country_code_for_region(region)))
    return plan if plan is not None and plan.region == region else None


@lru_cache(maxsize=2_048)
def _plan(code: str) -> _Plan | None:
    """Return the plan of a calling code; None for no such code, and where the library does not keep it as expected."""
    import phonenumbers

    try:
        region = phonenumbers.COUNTRY_CODE_TO_REGION_CODE[int(code)][0]
        return _read_plan(region, code, phonenumbers.PhoneMetadata.metadata_for_region(region, None))
    except (LookupError, AttributeError, TypeError, ValueError, re.error):
        return None


def _read_plan(region: str, code: str, metadata: Any) -> _Plan | None:
    if metadata.leading_digits is not None or str(metadata.country_code) != code:
        return None
    general, stripped = metadata.general_desc, metadata.national_prefix_for_parsing or ""
    plainly = stripped.isdigit() and not metadata.national_prefix_transform_rule
    return _Plan(
        region=region,
        code=code,
        dialled=(metadata.national_prefix or "").replace("~", ""),
        prefix=stripped if plainly else "",
        strips=re.compile(stripped).match if stripped else None,
        abroad=re.compile(metadata.international_prefix).match if metadata.international_prefix else None,
        number=re.compile(general.national_number_pattern).fullmatch,
        by_length=_types_by_length(metadata),
    )


def _types_by_length(metadata: Any) -> dict[int, Matches]:
    """Return, for each length a number may have, what matches it where it is one of any type."""
    general = metadata.general_desc
    possible = frozenset(general.possible_length) - frozenset(general.possible_length_local_only)
    patterns: dict[int, list[str]] = {}
    for name in _TYPES:
        kind = getattr(metadata, name)
        if kind is not None and kind.national_number_pattern:
            for length in possible.intersection(kind.possible_length or possible):
                patterns.setdefault(length, []).append(f"(?:{kind.national_number_pattern})")
    return {length: re.compile("|".join(found)).fullmatch for length, found in patterns.items()}
