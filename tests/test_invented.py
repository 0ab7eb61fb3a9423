"""The invented customers: as many as wanted, the same for a seed, every mobile one that can be called."""

import csv
import unicodedata
from collections import Counter
from itertools import islice
from pathlib import Path

import phonenumbers
import pytest

from salon_crm.samples.invented import (
    COLUMNS,
    InventedCustomer,
    invented_customers,
    write_invented_list,
)
from salon_crm.samples.locales import LOCALES


def some(count: int, *, seed: int = 1) -> list[InventedCustomer]:
    return list(islice(invented_customers(seed=seed), count))


@pytest.fixture(scope="module")
def thousands() -> list[InventedCustomer]:
    return some(4_000)


def test_a_seed_always_gives_the_same_people_and_another_others() -> None:
    assert some(100) == some(300)[:100]
    assert some(100) != some(100, seed=2)
    first, *_ = some(1)
    assert first.cells == ("Maria Silva", "maria.silva0@example.com", "917 368 787", "1946-06-19")


def test_every_country_and_script_is_there_and_the_first_oftener(thousands: list[InventedCustomer]) -> None:
    assert len(LOCALES) == len({locale.code for locale in LOCALES}) == 17
    assert len({locale.script for locale in LOCALES}) == 9
    languages = Counter(person.locale.language for person in thousands)
    assert languages.keys() == {locale.language for locale in LOCALES}
    assert languages["pt"] > 2 * languages["ko"]


def test_names_are_written_in_their_script_and_common_ones_are_common(thousands: list[InventedCustomer]) -> None:
    scripts = {"Han": ("CJK",), "Kana": ("HIRAGANA", "KATAKANA")}
    for person in thousands:
        begins = scripts.get(person.locale.script, (person.locale.script.upper(),))
        letters = [letter for letter in person.name if letter.isalpha()]
        assert all(unicodedata.name(letter).startswith(begins) for letter in letters), person.name
    names = Counter(person.name for person in thousands)
    assert names.most_common(1)[0][1] > 10
    assert len(names) > len(thousands) / 3
    assert not any(unicodedata.normalize("NFC", name) != name for name in names)


def test_every_mobile_can_be_called_and_is_typed_as_people_type_it(thousands: list[InventedCustomer]) -> None:
    for person in thousands:
        number = phonenumbers.parse(person.mobile)
        assert phonenumbers.is_valid_number(number), person.locale.language
        assert str(number.country_code) == person.locale.code
        assert phonenumbers.parse(person.written_mobile, "PT") == number
    assert len({person.written_mobile[0] for person in thousands}) > 1


def test_only_families_share_a_mobile_and_nobody_an_e_mail(thousands: list[InventedCustomer]) -> None:
    emails = [person.email for person in thousands if person.email]
    assert len(set(emails)) == len(emails)
    assert 0.8 < len(emails) / len(thousands) < 0.9
    sharing = [people for people in by_mobile(thousands).values() if len(people) > 1]
    assert len(sharing) > 100
    for one, other in sharing:
        assert one.locale is other.locale
        assert one.name != other.name


def by_mobile(people: list[InventedCustomer]) -> dict[str, list[InventedCustomer]]:
    found: dict[str, list[InventedCustomer]] = {}
    for person in people:
        found.setdefault(person.mobile, []).append(person)
    return found


def test_a_list_of_them_has_a_header_and_a_row_each(tmp_path: Path) -> None:
    write_invented_list(tmp_path / "list.csv", invented_customers(), 50)
    with (tmp_path / "list.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    assert tuple(header) == COLUMNS
    assert [tuple(row) for row in rows] == [person.cells for person in some(50)]
