"""The sample files: exact figures, one reason for each row refused, and nobody real in them."""

import csv
import io
import re
from importlib.resources import files
from typing import Any, Final

import pytest
from tests.use_cases.lists import bring, figures, people

import salon_crm as crm
from salon_crm.domain.contact import PhoneNumber
from salon_crm.domain.transfer.layouts import LAYOUTS

REGIONS: Final = {"nookal": "GB", "stx": "US", "shore": "DE"}
PLACE: Final[dict[str, Any]] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}

FACTS: Final[dict[str, dict[str, Any]]] = {
    "nookal": {
        "facts": {"encoding": "utf-8-sig", "delimiter": "comma"},
        "date_order": None,
        "rows": 324,
        "figures": {"created": 302, "skipped": 6, "refused": 16},
        "family_rows": 4,
        "not_taken": ("Title", "Middle Name", "Date Registered"),
        "twins": {175: 17, 203: 30, 227: 53, 249: 64, 279: 76, 323: 57},
        "refused": {
            26: "email",
            35: "mobile",
            80: "mobile",
            99: "birthday",
            129: "email",
            135: "name",
            159: None,
            165: "mobile",
            185: "mobile",
            189: "email",
            243: "birthday",
            260: "mobile",
            267: None,
            273: "email",
            288: "mobile",
            308: "gender",
        },
    },
    "stx": {
        "facts": {"encoding": "utf-8", "delimiter": "comma"},
        "date_order": crm.DateOrder.MDY,
        "rows": 274,
        "figures": {"created": 259, "skipped": 4, "refused": 11},
        "family_rows": 3,
        "not_taken": (
            "middleName",
            "driversLicense",
            "otherPhoneName",
            "otherPhoneName2",
            "emergencyContactName",
            "emergencyContactPhone",
            "otherProfileName",
            "otherProfile",
            "houseAccountBalance",
        ),
        "twins": {142: 9, 178: 14, 202: 25, 241: 41},
        "refused": {
            38: "mobile",
            50: "email",
            58: "birthday",
            103: "mobile",
            128: "email",
            158: "external_id",
            170: "birthday",
            186: "mobile",
            211: "email",
            247: "name",
            255: "mobile",
        },
    },
    "shore": {
        "facts": {"encoding": "cp1252", "delimiter": "semicolon"},
        "date_order": crm.DateOrder.DMY,
        "rows": 236,
        "figures": {"created": 221, "skipped": 4, "refused": 11},
        "family_rows": 2,
        "not_taken": ("tags", "newsletter_status"),
        "twins": {123: 6, 151: 12, 192: 27, 221: 25},
        "refused": {
            35: "mobile",
            44: "email",
            65: "mobile",
            89: "birthday",
            127: "name",
            132: "email",
            142: "mobile",
            162: "birthday",
            182: "email",
            206: "mobile",
            216: "birthday",
        },
    },
}

samples = pytest.mark.parametrize("sample", FACTS)


def content(sample: str) -> bytes:
    return (files("salon_crm") / "samples" / f"{sample}.csv").read_bytes()


def cells(sample: str) -> list[dict[str, str]]:
    facts = FACTS[sample]["facts"]
    text = content(sample).decode(facts["encoding"])
    delimiter = ";" if facts["delimiter"] == "semicolon" else ","
    return list(csv.DictReader(io.StringIO(text, newline=""), delimiter=delimiter, restkey="", restval=""))


@samples
def test_a_sample_gives_exactly_these_figures(sample: str) -> None:
    facts = FACTS[sample]
    with crm.open_salon(**PLACE) as salon:
        dry = bring(salon, content(sample), region=REGIONS[sample], dry_run=True)
        report = bring(salon, content(sample), region=REGIONS[sample])
        assert (report.layout, report.system) == (sample, sample)
        assert {name: getattr(report, name) for name in ("date_order", "rows", "family_rows", "not_taken")} == {
            name: facts[name] for name in ("date_order", "rows", "family_rows", "not_taken")
        }
        assert dict(report.facts) == facts["facts"]
        assert figures(report) == figures(dry) == facts["figures"]
        assert {twin.line: twin.first_line for twin in report.twins} == facts["twins"]
        assert {problem.line: problem.field for problem in report.problems} == facts["refused"]
        assert len(report.problems) == report.refused
        assert len(people(salon)) == report.created
        again = bring(salon, content(sample), region=REGIONS[sample])
        expected = {"unchanged": report.created, "skipped": report.skipped, "refused": report.refused}
        assert figures(again) == expected
        assert (again.twins, again.problems) == (report.twins, report.problems)


def test_all_samples_fit_into_one_salon() -> None:
    with crm.open_salon(**PLACE) as salon:
        reports = [bring(salon, content(sample), region=region) for sample, region in REGIONS.items()]
        assert sum(report.created for report in reports) == len(people(salon)) == 782


@samples
def test_a_sample_has_the_columns_its_layout_has(sample: str) -> None:
    layout = next(layout for layout in LAYOUTS if layout.name == sample)
    assert set(layout.columns) <= set(cells(sample)[0])


@samples
def test_every_e_mail_of_a_sample_is_at_an_example_domain(sample: str) -> None:
    found = re.findall(r"[\w.+-]+@([\w.-]+)", content(sample).decode(FACTS[sample]["facts"]["encoding"]))
    assert len(found) > 100
    assert {domain.lower().rstrip(".") for domain in found if "." in domain} <= {
        "example.com",
        "example.org",
        "example.net",
    }


FICTIONAL: Final = re.compile(
    r"""\+(?:
    44 (?: 7700900\d{3} | 2079460\d{3} )
    | 1 [2-9]\d{2} 55501\d{2}
    | 49 (?: 17139200\d{2} | 15228817386 | 15228895456 | 15254599371 | 3023125\d{3} | 4066969\d{3} | 8999998\d{3} )
    | 33 (?: 6399800\d{2} | 1990000\d{2} )
    | 61 491570 (?: 006 | 15[6-9] )
    )""",
    re.VERBOSE,
)


EXAMPLES: Final = frozenset(
    (
        "+18092345678 +31612345678 +32450001234 +33612345678 +352628123456 +353850123456 +393123456789 "
        "+41781234567 +43664123456 +4534412345 +46701234567 +4740612345 +48512345678 +522221234567 "
        "+5511961234567 +573211234567 +639051234567 +819012345678 +821020000000 +84912345678 +85251234567 "
        "+8613123456789 +966512345678"
    ).split()
)
"""The numbers of the samples that release 9.0 of the phone library gives as examples; they change with releases."""


@samples
def test_every_phone_of_a_sample_is_kept_for_fiction(sample: str) -> None:
    columns = [column for column in cells(sample)[0] if re.search("phone|mobile|nummer", column, re.IGNORECASE)]
    seen: set[str] = set()
    for row in cells(sample):
        for cell in (row[column] for column in columns if row[column] and "Name" not in column):
            try:
                seen.add(PhoneNumber.parse(cell, region=REGIONS[sample]).e164)
            except crm.InvalidValue:
                continue
    assert len(seen) > 100
    assert [number for number in seen if not FICTIONAL.fullmatch(number) and number not in EXAMPLES] == []


def test_the_page_beside_the_samples_says_how_many_rows_they_have() -> None:
    page = (files("salon_crm") / "samples" / "README.md").read_text(encoding="utf-8")
    for sample, facts in FACTS.items():
        assert re.search(rf"`{sample}\.csv` \|.*\| {facts['rows']} \|.*\| {REGIONS[sample]} \|", page)
