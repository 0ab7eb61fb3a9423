"""The floor of an import: the same validation by fast paths, the same look-ups, the same rows, and nothing else.

It takes lists of new people only, in the columns of `bench.customers`, and stops at anything it would have to
think about: a row that is refused, somebody who is there already, somebody who meets a block.
"""

import csv
import re
import unicodedata
from collections.abc import Iterator
from contextlib import closing
from datetime import date
from functools import cache
from itertools import islice
from pathlib import Path
from typing import Any

import email_validator
import phonenumbers

from bench.customers import REGION, new_salon
from bench.raw_salon import NewCustomer, RawSalon, new_customer, new_id, now

_SLICE = 500
_PLAIN_LOCAL = re.compile(r"[a-z0-9]+(?:\.[a-z0-9]+)*", re.ASCII)
_PUNCTUATION = re.compile(r"[ ().\-/]")
_ISO = re.compile(r"(?:([0-9]{4})|-)-([0-9]{2})-([0-9]{2})")


class Unexpected(Exception):
    """The list holds what this floor does not know."""


def import_raw(source: Path, target: Path) -> None:
    """Bring the list at ``source`` into a new salon at ``target``."""
    new_salon(target).close()  # its tables, its settings and its key
    with closing(RawSalon(target)) as salon:
        _import(source, salon)


def _import(source: Path, salon: RawSalon) -> None:
    run = new_id()
    details = f'{{"import":"{run}"}}'
    _record(salon, "import-started", f'{{"import":"{run}","system":"list"}}')
    count = 0
    with source.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        columns = next(rows)
        while part := [_read(dict(zip(columns, row, strict=True))) for row in islice(rows, _SLICE)]:
            _take(salon, part, details)
            count += len(part)
    outcomes = {"created": count, "updated": 0, "unchanged": 0, "skipped": 0, "refused": 0}
    ended = ",".join(f'"{name}":{figure}' for name, figure in sorted({**outcomes, "import": f'"{run}"'}.items()))
    _record(salon, "import-ended", f"{{{ended}}}")


def _record(salon: RawSalon, action: str, details: str) -> None:
    salon.connection.execute("BEGIN IMMEDIATE")
    salon.record(now(), [(action, None, None, (), details)])
    salon.connection.execute("COMMIT")


def _take(salon: RawSalon, part: list[NewCustomer], details: str) -> None:
    salon.connection.execute("BEGIN IMMEDIATE")
    known = salon.holders({contact for customer in part for contact in customer.contacts})
    for customer in part:
        words = customer.words
        for contact in customer.contacts:
            if words in known.setdefault(contact, set()):
                raise Unexpected("somebody is in the list twice")
            known[contact].add(words)
    if salon.meets_blocks(part):
        raise Unexpected("somebody meets a block")
    salon.add(part, now(), details)
    salon.connection.execute("COMMIT")


def _read(cells: dict[str, str]) -> NewCustomer:
    return new_customer(
        read_name(cells["name"]),
        read_email(cells["email"]) if cells["email"] else None,
        read_phone(cells["mobile"]),
        read_birthday(cells["birthday"]) if cells["birthday"] else None,
    )


def read_name(text: str) -> str:
    """Return a name as it is kept."""
    if not (text.isascii() and text.isprintable()):
        text = unicodedata.normalize("NFC", text)
        if any(unicodedata.category(character) in ("Cc", "Cs", "Cf") for character in text):
            raise Unexpected("a name holds a control")
    name = " ".join(text.split())
    if not 0 < len(name) <= 200:
        raise Unexpected("a name is too long or empty")
    return name


def read_email(text: str) -> str:
    """Return an address: a plain local part at a domain that was looked at before, anything else by the library."""
    local, _, domain = text.strip().partition("@")
    if _PLAIN_LOCAL.fullmatch(local) and len(local) <= 64 and _is_domain(domain):
        return f"{local}@{domain}"
    normalized: str = email_validator.validate_email(text, check_deliverability=False).normalized
    if normalized != normalized.lower():
        raise Unexpected("an address has upper case")
    return normalized


@cache
def _is_domain(domain: str) -> bool:
    return email_validator.validate_email(f"a@{domain}", check_deliverability=False).normalized == f"a@{domain}"


def read_phone(text: str) -> tuple[str, bool, str]:
    """Return the E.164 number, whether it is assigned, and the digits it may be looked for by."""
    digits = _PUNCTUATION.sub("", text)
    if digits.startswith("+") and digits[1:].isdecimal():
        code = next((digits[1:width] for width in (2, 3, 4) if digits[1:width] in _codes()), "")
        national = digits[1 + len(code) :]
    else:
        code, national = _code_of_home(), digits
    plan = _plan(code)
    if plan is None or not (national.isdecimal() and plan[0].fullmatch(national)):
        number = phonenumbers.parse(text, REGION)
        if not phonenumbers.is_possible_number(number):
            raise Unexpected("a number cannot exist")
        code, national = str(number.country_code), phonenumbers.national_significant_number(number)
        return f"+{code}{national}", phonenumbers.is_valid_number(number), _spellings(code, national)
    return f"+{code}{national}", True, _spellings(code, national)


def _spellings(code: str, national: str) -> str:
    plan = _plan(code)
    prefix = plan[1] if plan else ""
    if not prefix:
        return code + national
    return f"{code}{national}\n{prefix}{national}\n{code}{prefix}{national}"


@cache
def _codes() -> frozenset[str]:
    return frozenset(map(str, phonenumbers.COUNTRY_CODE_TO_REGION_CODE))


@cache
def _code_of_home() -> str:
    return str(phonenumbers.country_code_for_region(REGION))


@cache
def _plan(code: str) -> tuple[re.Pattern[str], str] | None:
    """Return the pattern of a country's mobiles and what is dialled before them at home."""
    region = phonenumbers.region_code_for_country_code(int(code)) if code else "ZZ"
    metadata: Any = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    if metadata is None:
        return None
    return re.compile(metadata.mobile.national_number_pattern), metadata.national_prefix or ""


def read_birthday(text: str) -> str:
    """Return a birthday in ISO 8601, which may leave the year open."""
    found = _ISO.fullmatch(text.strip())
    if found is None:
        raise Unexpected("a birthday is not in ISO 8601")
    year, month, day = found.groups()
    born = date(int(year or 2000), int(month), int(day))
    if (year and not born.year >= 1800) or born > now().date():
        raise Unexpected("a birthday lies ahead")
    return text.strip()


def read_rows(source: Path) -> Iterator[list[str]]:
    """Give the rows of a list without its header."""
    with source.open(encoding="utf-8", newline="") as file:
        rows = csv.reader(file)
        next(rows)
        yield from rows
