"""Plain contacts are read without the libraries, and never to another answer.

In full, which takes hours: ``python tests/domain/test_plain_contact.py 200000``.
"""

import random
import sys
from collections.abc import Callable, Iterator
from typing import Any, Final

import phonenumbers
import pytest
from email_validator.rfc_constants import CASE_INSENSITIVE_MAILBOX_NAMES

from salon_crm.domain import plain_contact
from salon_crm.domain.contact import EmailAddress, PhoneNumber, phone_spellings
from salon_crm.domain.plain_contact import is_plain_number, plain_address, plain_number, plain_spellings
from salon_crm.errors import InvalidValue

SEED: Final = 20_260_615
REGIONS: Final = sorted(phonenumbers.SUPPORTED_REGIONS)
KINDS: Final = ("fixed_line", "mobile", "toll_free", "premium_rate", "voip", "pager", "uan", "voicemail")
LOCAL: Final = "abcdefghijklmnopqrstuvwxyzABCXYZ0123456789..--__++'!#$%&*/=?^`{|}~"
ODD: Final = '@ "<>()[],;:\\éß中\u200b\n\t'
DOMAINS: Final = (
    *("example.com", "Example.ORG", "mail.example.co.uk", "xn--bcher-kva.example", "bücher.example", "localhost"),
    *("example", "-a.com", "a-.com", "a..com", ".com", "com.", "a.test", "a.invalid", "a_b.com", "123.com", "1.2.3.4"),
    *("[1.2.3.4]", "xn--a.com", "xn--zz--zz.com", "a" * 64 + ".com", "a" * 63 + ".com", ("b" * 60 + ".") * 4 + "com"),
    *("a.local", "a.onion", "ex--ample.com", "ab--cd.com", "example.c", "example.123", "EXAMPLE.COM."),
)


def answer(ask: Callable[[], Any]) -> object:
    """Return what was answered, every field of it, or every part of the refusal."""
    try:
        found = ask()
    except InvalidValue as problem:
        return problem.code, problem.field, dict(problem.params)
    if isinstance(found, PhoneNumber):
        return found.e164, found.valid, found.extension
    return (found.address, found.key) if isinstance(found, EmailAddress) else found


def both(ask: Callable[[], Any], monkeypatch: pytest.MonkeyPatch) -> tuple[object, object]:
    """Return the answer of the fast path, which is on, and of the library alone."""
    plain = answer(ask)
    with monkeypatch.context() as patch:
        patch.setattr(plain_contact, "ENABLED", False)
        return plain, answer(ask)


def numbers(region: str, count: int, chance: random.Random) -> Iterator[tuple[str, str]]:
    """Numbers of a region, assigned and not, written in many ways, with the region they are read in."""
    plan: Any = phonenumbers.PhoneMetadata.metadata_for_region(region, None)
    kinds = [getattr(plan, kind) for kind in KINDS]
    examples = [kind.example_number for kind in kinds if kind is not None and kind.example_number]
    lengths = [length for length in plan.general_desc.possible_length if length > 0]
    code, prefix = str(plan.country_code), (plan.national_prefix or "").replace("~", "")
    for _ in range(count):
        if examples and chance.random() < 0.5:
            kept = chance.choice(examples)
            kept = kept[: -chance.randrange(1, min(7, len(kept)))]
            national = kept + "".join(chance.choices("0123456789", k=chance.choice(lengths)))[: max(1, 9 - len(kept))]
            national = national if chance.random() < 0.3 else (kept + "0123456789" * 2)[: chance.choice(lengths)]
        else:
            length = max(1, chance.choice(lengths) + chance.choice([0, 0, 0, 0, -1, 1, 2]))
            national = "".join(chance.choices("0123456789", k=length))
        before = chance.choice(["", "", "", prefix, prefix, "0", "1", "8"])
        start = chance.choice(
            ["", "", "", "+" + code, "+" + code, "+" + code + " ", "+" + code + " (0)", "00" + code, code]
        )
        text = f"{start}{before}{national}"
        if chance.random() < 0.3:
            text = "".join(digit + chance.choice([" ", "-", ".", "/", "(", ")", "", "", ""]) for digit in text)
        if chance.random() < 0.03:
            text = chance.choice([" " + text, text + " ", "tel:" + text, text + " x12", text + "a", "\u200e" + text])
        yield text, chance.choice([region, region, region, "ZZ", chance.choice(REGIONS)])


def addresses(count: int, chance: random.Random) -> Iterator[str]:
    """Addresses, most of them good, and most of those plain."""
    for _ in range(count):
        letters = LOCAL + ODD if chance.random() < 0.2 else LOCAL
        local = "".join(chance.choices(letters, k=chance.choice([1, 3, 8, 12, 20, 63, 64, 65, 150, 200])))
        if chance.random() < 0.7:
            local = local.replace(".", "") or "a"
        if chance.random() < 0.1:
            name = chance.choice(list(CASE_INSENSITIVE_MAILBOX_NAMES))
            local = chance.choice([name, name.upper(), name.title()])
        made = "".join(chance.choices("abcXYZ0189-.", k=chance.randrange(1, 30))) + ".com"
        address = f"{local}@{chance.choice(DOMAINS) if chance.random() < 0.5 else chance.choice([made, 'example.com'])}"
        yield chance.choice([address] * 12 + [" " + address, address + " ", "mailto:" + address, address + "\n"])


def compare_numbers(region: str, count: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Compare numbers of a region and what they are looked for by; return how many were plain and assigned."""
    plain = 0
    spelled: Any = phone_spellings.__wrapped__
    for text, home in numbers(region, count, random.Random(f"{SEED} {region}")):
        fast, slow = both(lambda text=text, home=home: PhoneNumber.parse(text, region=home), monkeypatch)  # type: ignore[misc]  # bound now
        assert fast == slow, (text, home)
        plain += is_plain_number(text) and plain_number(text, home) is not None
        if isinstance(slow, tuple) and isinstance(slow[1], bool):
            fast, slow = both(lambda e164=slow[0]: spelled(e164), monkeypatch)  # type: ignore[misc]  # bound now
            assert fast == slow, (text, home)
    return plain


def compare_addresses(count: int, monkeypatch: pytest.MonkeyPatch) -> int:
    """Compare addresses; return how many were plain and good."""
    plain = 0
    for text in addresses(count, random.Random(SEED)):
        fast, slow = both(lambda text=text: EmailAddress.parse(text), monkeypatch)  # type: ignore[misc]  # bound now
        assert fast == slow, text
        plain += plain_address(text) is not None
    return plain


@pytest.mark.no_cover
def test_random_numbers_of_every_region_are_read_as_the_library_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    count = 40
    plain = {region: compare_numbers(region, count, monkeypatch) for region in REGIONS}
    assert sum(plain.values()) > len(REGIONS) * count / 10
    assert sum(found > 0 for found in plain.values()) > len(REGIONS) / 2


@pytest.mark.no_cover
def test_random_addresses_are_read_as_the_library_reads_them(monkeypatch: pytest.MonkeyPatch) -> None:
    assert compare_addresses(5_000, monkeypatch) > 500


@pytest.mark.parametrize(
    ("text", "home", "e164"),
    [
        ("+351 912 345 678", "ZZ", "+351912345678"),
        ("912 345 678", "PT", "+351912345678"),
        ("(0170) 123-4567", "DE", "+491701234567"),
        ("+49 (0)170 1234567", "ZZ", "+491701234567"),
        ("(202) 736-2000", "US", "+12027362000"),
    ],
)
def test_what_people_write_most_is_plain(text: str, home: str, e164: str) -> None:
    assert is_plain_number(text)
    assert plain_number(text, home) == e164


@pytest.mark.parametrize(
    ("text", "home"),
    [
        ("912 345 678", "ZZ"),  # of no region
        ("0912 345 678", "PT"),  # with a prefix that is not dialled there
        ("00351 912 345 678", "PT"),  # by the way out of the country
        ("351 912 345 678", "PT"),  # with the country code and no +
        ("+1 506 234 5678", "ZZ"),  # of another region than the main one of its code
        ("+39 06 1234 5678", "ZZ"),  # whose zero belongs to it
        ("+800 1234 5678", "ZZ"),  # of no country
        ("+44 7700 900123", "ZZ"),  # not assigned
        ("+01 202 736 2000", "ZZ"),
        ("+ 999 1234567", "ZZ"),
    ],
)
def test_what_is_in_doubt_is_left_to_the_library(text: str, home: str) -> None:
    assert is_plain_number(text)
    assert plain_number(text, home) is None


@pytest.mark.parametrize(
    "text", ["", "+", "     ", "(((((", "123", "+4+4", "12a45678", "912345678\n", "٩١٢٣٤٥٦٧٨", None, 7]
)
def test_what_is_not_digits_and_punctuation_is_no_plain_number(text: object) -> None:
    assert not is_plain_number(text)


def test_nothing_is_plain_where_it_is_switched_off(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(plain_contact, "ENABLED", False)
    assert not is_plain_number("912 345 678")
    assert plain_address("ana@example.com") is None
    assert plain_spellings("+351912345678") is None


@pytest.mark.parametrize(
    "lost", ["general_desc", "national_prefix_for_parsing", "leading_digits", "mobile", "international_prefix"]
)
def test_a_library_that_keeps_its_numbering_plans_otherwise_reads_every_number_itself(
    lost: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    whole = phonenumbers.PhoneMetadata.metadata_for_region("PT", None)

    class Less:
        def __getattr__(self, name: str) -> Any:
            if name == lost:
                raise AttributeError(name)
            return getattr(whole, name)

    for cached in (plain_contact._plan, plain_contact._plan_at_home):  # pyright: ignore[reportPrivateUsage]
        cached.cache_clear()
    with monkeypatch.context() as patch:
        patch.setattr(phonenumbers.PhoneMetadata, "metadata_for_region", lambda *_: Less())
        assert plain_number("912 345 678", "PT") is None
        assert plain_spellings("+351912345678") is None
    for cached in (plain_contact._plan, plain_contact._plan_at_home):  # pyright: ignore[reportPrivateUsage]
        cached.cache_clear()
    assert PhoneNumber.parse("912 345 678", region="PT").e164 == "+351912345678"


def main(count: int) -> None:
    """Compare so many numbers of every region, and as many addresses."""
    monkeypatch = pytest.MonkeyPatch()
    plain = sum(compare_numbers(region, count, monkeypatch) for region in REGIONS)
    print(f"{count * len(REGIONS):,} numbers, {plain:,} of them plain: all the same")
    plain = compare_addresses(count, monkeypatch)
    print(f"{count:,} addresses, {plain:,} of them plain: all the same")


if __name__ == "__main__":
    main(int(sys.argv[1]))
