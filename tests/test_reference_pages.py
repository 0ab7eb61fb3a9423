"""The tables of docs/reference that are made from the code, and the links of every page.

A table stands between ``<!-- table: NAME -->`` and ``<!-- end -->``. After a change of what they show::

    python tests/test_reference_pages.py
"""

import ast
import inspect
import re
import textwrap
from collections.abc import Callable, Iterable, Iterator, Mapping
from pathlib import Path

import pytest
from attrs import fields

import salon_crm
from salon_crm import opening
from salon_crm.adapters import documents
from salon_crm.adapters.formats import csv
from salon_crm.adapters.sql import search
from salon_crm.adapters.sqlite import SQLiteStore
from salon_crm.domain import access, contact, criteria, customers, dates, marks, money, rewards, sales, text
from salon_crm.domain.access import DEFAULT_PERMISSIONS, Permission, Role, Scope
from salon_crm.domain.bookings import MOVES, BookingMove, BookingStatus
from salon_crm.domain.criteria import text as criteria_text
from salon_crm.domain.customers import PROFILE, Customer, FieldKind
from salon_crm.domain.labels import label
from salon_crm.domain.privacy import field_class
from salon_crm.domain.rewards import EarnPer, EarnRule, Expiry, RewardProgramme, Rounding, Tier, stated
from salon_crm.domain.settings import REQUIRABLE_FIELDS
from salon_crm.domain.transfer import booking_columns, booking_rows, layouts, reports, rows
from salon_crm.domain.transfer.columns import EXPORT_COLUMNS
from salon_crm.ports import store as store_port
from salon_crm.ports.records import KINDS
from salon_crm.testing import Capability, StoreConformance
from salon_crm.use_cases import audit, importing, tables
from salon_crm.use_cases import criteria as criteria_use_cases
from salon_crm.use_cases import customers as customer_use_cases
from salon_crm.use_cases.access import USE_CASES
from salon_crm.use_cases.sales import recording

for _name in salon_crm.__all__:  # names load when they are asked for, and a use case is declared as it loads
    getattr(salon_crm, _name)

ROOT = Path(__file__).parents[1]
REFERENCE = ROOT / "docs" / "reference"
SHELVES = ("docs", "examples")
PAGES = sorted(
    (
        *(page for shelf in SHELVES for page in ROOT.glob(f"{shelf}/**/*.md")),
        ROOT / "README.md",
        ROOT / "CONTRIBUTING.md",
    )
)

_TABLE = re.compile(r"(<!-- table: (\S+) -->\n).*?(<!-- end -->)", re.DOTALL)
_CODE = re.compile(r"^```.*?^```$|`[^`\n]*`", re.DOTALL | re.MULTILINE)
_LINK = re.compile(r"\]\(([^)\s]+)\)")


def table(*header: str, rows: Iterable[Iterable[object]]) -> str:
    lines = [header, ("---",) * len(header), *rows]
    return "\n".join(f"| {' | '.join(str(cell).replace('|', chr(92) + '|') for cell in line)} |" for line in lines)


def code(names: Iterable[object]) -> str:
    return ", ".join(f"`{name}`" for name in names)


def first_line(thing: object) -> str:
    words = inspect.getdoc(thing) if callable(thing) else None
    return (words or "").partition("\n")[0]


# Public names


def _public() -> dict[str, object]:
    return {name: getattr(salon_crm, name) for name in salon_crm.__all__ if name != "__version__"}


def public_use_cases() -> str:
    found = {name: thing for name, thing in _public().items() if name in USE_CASES}
    return table("name", "", rows=((f"`{name}`", first_line(thing)) for name, thing in found.items()))


def public_functions() -> str:
    found = {name: thing for name, thing in _public().items() if inspect.isfunction(thing) and name not in USE_CASES}
    return table("name", "", rows=((f"`{name}`", first_line(thing)) for name, thing in found.items()))


def public_classes() -> str:
    found = {name: thing for name, thing in _public().items() if inspect.isclass(thing) and not _is_error(thing)}
    return table("name", "", rows=((f"`{name}`", first_line(thing)) for name, thing in found.items()))


def public_errors() -> str:
    found = {name: thing for name, thing in _public().items() if inspect.isclass(thing) and _is_error(thing)}
    below = {name: thing.__mro__[1].__name__ for name, thing in found.items() if inspect.isclass(thing)}
    return table("name", "below", "", rows=((f"`{n}`", f"`{below[n]}`", first_line(t)) for n, t in found.items()))


def public_data() -> str:
    described = {
        "AmountLike": "What calls take for an amount: a `Decimal`, a whole number of major units, text, or `Money`.",
        "DEFAULT_PERMISSIONS": "Who may do what unless a salon is opened with a table of its own.",
        "EXPORT_COLUMNS": "Every column an export may have, in the order it has them.",
    }
    found = [name for name, thing in _public().items() if not inspect.isclass(thing) and not callable(thing)]
    return table("name", "", rows=((f"`{name}`", described[name]) for name in found))


def _is_error(thing: object) -> bool:
    return inspect.isclass(thing) and issubclass(thing, Exception)


# Permissions


def permissions() -> str:
    return table(
        "use case",
        "permission",
        *Role,
        rows=(
            (
                f"`{name}`",
                code((declared.permission, *declared.also)),
                *(_granted(role, declared.permission) for role in Role),
            )
            for name, declared in sorted(USE_CASES.items())
        ),
    )


def _granted(role: Role, permission: Permission) -> str:
    if role is Role.SYSTEM:
        return code(sorted(job for job, row in DEFAULT_PERMISSIONS.jobs.items() if permission in row))
    grant = DEFAULT_PERMISSIONS.roles[role].get(permission)
    if grant is None:
        return ""
    return "own" if Scope.OWN in grant.scopes else "yes"


def use_case_notes() -> str:
    return table(
        "use case",
        "in short transactions",
        "refused to actors with locations",
        rows=(
            (f"`{name}`", "yes" if declared.sliced else "", "yes" if declared.covers_locations else "")
            for name, declared in sorted(USE_CASES.items())
            if declared.sliced or declared.covers_locations
        ),
    )


def part_permissions() -> str:
    words = [(f"criterion `{word}`", term.permission) for word, term in criteria_text.TERMS.items()]
    columns = [(f"column `{name}`", column.permission) for name, column in EXPORT_COLUMNS.items()]
    whoever_lists = (Permission.VIEW_CUSTOMERS, Permission.SEARCH_CUSTOMERS)
    asked = [(name, permission) for name, permission in words + columns if permission not in whoever_lists]
    return table("part", "permission", rows=((name, f"`{permission}`") for name, permission in asked))


# Criteria


def criteria_words() -> str:
    return _terms(criteria_text.TERMS)


def booked_parts() -> str:
    return _terms(criteria_text.BOOKED_TERMS)


def _terms(terms: Mapping[str, criteria_text.Term]) -> str:
    return table(
        "word",
        "signs",
        "takes",
        "permission",
        rows=(
            (f"`{word}`", " ".join(f"`{sign}`" for sign in term.signs), term.values, f"`{term.permission}`")
            for word, term in terms.items()
        ),
    )


# Customer fields


_LIMITS = {
    FieldKind.TEXT: f"{text.TEXT_LIMIT} characters",
    FieldKind.LINES: f"{text.TEXT_LIMIT} characters, line breaks allowed",
    FieldKind.EMAIL: f"{text.TEXT_LIMIT} characters, and what addresses allow",
    FieldKind.EMAILS: f"{customers.MOST_VALUES}",
    FieldKind.PHONE: "what the number's country allows; an extension of 7 digits",
    FieldKind.PHONES: f"{customers.MOST_VALUES}",
    FieldKind.DATE: f"from {dates._FIRST_YEAR} to today; the year may be left out",
    FieldKind.CHOICE: "",
    FieldKind.SWITCH: "",
    FieldKind.ADDRESS: f"{customers._MOST_LINES} lines; {text.TEXT_LIMIT} characters each part",
    FieldKind.LANGUAGE: "a language tag, such as `pt-BR`",
    FieldKind.ZONE: "a zone of the IANA database",
    FieldKind.IDS: f"{customers.MOST_VALUES} pairs, {text.TEXT_LIMIT} characters each part",
}


def profile_fields() -> str:
    classes = {attribute.name: field_class(attribute) for attribute in fields(Customer)}

    def limit(name: str) -> str:
        if name in ("name", "first_name", "last_name"):
            return f"{text.NAME_LIMIT} characters"
        return code(PROFILE[name].choices) or _LIMITS[PROFILE[name].kind]

    return table(
        "field",
        "label",
        "section",
        "kind",
        "limit",
        "class",
        "may be required",
        "by staff",
        rows=(
            (
                f"`{name}`",
                label(name),
                declared.section,
                declared.kind,
                limit(name),
                classes[name],
                "always" if name == "name" else "yes" if name in REQUIRABLE_FIELDS else "",
                "yes" if declared.by_staff else "",
            )
            for name, declared in PROFILE.items()
        ),
    )


def other_fields() -> str:
    found = [attribute for attribute in fields(Customer) if attribute.name not in PROFILE]
    return table("field", "class", rows=((f"`{each.name}`", field_class(each)) for each in found))


# CSV columns


def export_columns() -> str:
    return table(
        "column",
        "taken back as",
        rows=((f"`{name}`", f"`{name}`" if name in layouts.TARGETS else "") for name in EXPORT_COLUMNS),
    )


def import_targets() -> str:
    def words(target: str) -> str:
        return layouts._WORDS.get(target, "")

    return table(
        "field",
        "columns",
        "recognised by the words",
        rows=(
            (f"`{target}`", "several" if target in layouts.MANY_TARGETS else "one", words(target))
            for target in sorted(layouts.TARGETS)
        ),
    )


def phone_words() -> str:
    return layouts._WORDS[layouts.PHONE] + "."


def cell_words() -> str:
    def listed(words: str | Iterable[str]) -> str:
        return " ".join(sorted(words.split() if isinstance(words, str) else words))

    choices: list[tuple[str, str, str]] = [("gender", choice, words) for choice, words in rows._GENDERS.items()]
    choices += [("status", choice, words) for choice, words in rows._STATUSES.items()]
    return table(
        "cell",
        "means",
        "words",
        rows=(
            *((f"`{field}`", f"`{choice}`", listed(words)) for field, choice, words in choices),
            ("`gender`", "not said", ", ".join(sorted(rows._NOT_SAID))),
            ("`blocked`, `contact_declined`", "yes", listed(rows._YES)),
            ("`blocked`, `contact_declined`", "no", listed(rows._NO)),
        ),
    )


# The columns of lists of bookings


def booking_targets() -> str:
    return table(
        "field",
        "columns",
        "recognised by the words",
        rows=(
            (f"`{target}`", "one" if target in booking_columns.SINGLE_BOOKING_TARGETS else "several", words)
            for target, words in sorted(booking_columns._WORDS.items())
        ),
    )


def booking_states() -> str:
    def meaning(said: booking_rows.Said) -> str:
        by = f", by the {said.cancelled_by}" if said.cancelled_by else ""
        return f"`{said.status}`{by}{'; before the start `confirmed`' if said.prepaid else ''}"

    return table("means", "words", rows=((meaning(said), words) for said, words in booking_rows.STATUS_WORDS))


def booking_cancellers() -> str:
    return table("means", "words", rows=((f"`{who}`", words) for who, words in booking_rows.CANCELLERS.items()))


# Settings and limits


def requirable_fields() -> str:
    return code(REQUIRABLE_FIELDS) + "."


def programme_fields() -> str:
    """Every field of a rewards programme, and of its parts: what it takes, what it is at first, and what it says."""
    points, given = f"{rewards.MOST_POINTS:,}", f"{stated._MOST_GIVEN:,}"
    months = f"{stated._MOST_MONTHS:,}"
    takes: dict[type, dict[str, tuple[str, str]]] = {
        RewardProgramme: {
            "rules": (f"{stated.MOST_RULES} rules", "what earns points; all are added up"),
            "rounding": (code(Rounding), "how what a visit or a sale earns is made whole, once; `nearest`: a half up"),
            "tax_basis_points": (f"0 to {stated._ALL:,}", "the tax in prices, not counted per money: 2300 is 23 %"),
            "expiry": ("one of two fields", "how long points last; none: for ever"),
            "tiers": (f"{stated.MOST_TIERS} tiers, the lowest first", "what customers can reach"),
            "tier_months": (f"1 to {months}", "the months before today that count for a tier"),
            "minimum": (f"1 to {points}", "the least that is redeemed at once"),
            "value": (f"up to {stated._MOST_WORTH:,} minor units", "what a point is worth to who redeems it"),
            "daily_caps": ("roles, 0 or more points each", "what one person of the role may give by hand in a day"),
            "reasons": ("yes or no", "whether what is done by hand needs a reason"),
            "returns": ("yes or no", "whether points redeemed on a sale come back with its refund"),
            "collects": ("yes or no", "whether what a refund could not take back is taken of later points"),
        },
        EarnRule: {
            "per": (code(EarnPer), "what it gives points for"),
            "points": (f"1 to {given}", "how many"),
            "amount": ("money", "per money: for how much, in proportion"),
            "kinds": (code(sales.LineKind), "per money and item: which lines count; none: all"),
            "items": (f"{stated._MOST_ITEMS:,} codes, or names of products", "the same, by what was sold"),
            "since": ("a day", "the first local day it runs on"),
            "until": ("a day", "the last"),
            "most": (f"1 to {points}", "what it gives for one visit or sale at most"),
        },
        Expiry: {
            "months": (f"1 to {months}", "through the day so many months after they were given"),
            "year_ends": (f"0 to {stated._MOST_YEARS}", "through the end of the year, or of so many later"),
        },
        Tier: {
            "code": ("a code", "what tells it apart"),
            "name": ("text", "what people call it; by itself the code"),
            "points": (f"1 to {points}", "reached with so many earned"),
            "spend": ("money", "or with so much spent: one of the two"),
            "percent": (f"1 to {stated._MOST_PERCENT:,}", "what its customers earn is multiplied by this hundredth"),
        },
    }  # fmt: skip
    rows: list[tuple[str, ...]] = []
    for kind, said in takes.items():
        assert list(said) == [each.name for each in fields(kind)]
        part = {EarnRule: "a rule's ", Expiry: "`expiry`'s ", Tier: "a tier's "}.get(kind, "")
        rows += [(f"{part}`{name}`", *words) for name, words in said.items()]
    return table("field", "takes", "says", rows=rows)


def booking_moves() -> str:
    """Every state, and what each move makes of it."""

    def led_to(status: BookingStatus, move: BookingMove) -> str:
        rule = MOVES[move]
        if status not in rule.start_from:
            return ""
        return f"{rule.to or status}{', once the start is past' if rule.past_only else ''}"

    header = ("from", *(f"`{move}`" for move in BookingMove))
    return table(*header, rows=((status, *(led_to(status, move) for move in BookingMove)) for status in BookingStatus))


def limits() -> str:
    deadline = inspect.signature(SQLiteStore).parameters["deadline"].default
    return table(
        "what",
        "at most",
        "constant",
        rows=(
            ("a name, or a part of one", f"{text.NAME_LIMIT} characters", "`domain.text.NAME_LIMIT`"),
            ("the search key of a name", f"{text.NAME_KEY_LIMIT:,} bytes", "`domain.text.NAME_KEY_LIMIT`"),
            ("a note", f"{text.NOTE_LIMIT:,} characters", "`domain.text.NOTE_LIMIT`"),
            (
                "every other text: preferences, the reason of a block, a reference, a search …",
                f"{text.TEXT_LIMIT} characters",
                "`domain.text.TEXT_LIMIT`",
            ),
            (
                "further e-mails, further phones, external ids, former values of each kind",
                customers.MOST_VALUES,
                "`domain.customers.MOST_VALUES`",
            ),
            ("lines of an address", customers._MOST_LINES, "`domain.customers`"),
            ("years back of a birthday, and of what `at=` says", f"to {dates._FIRST_YEAR}", "`domain.dates`"),
            ("the id of an actor", f"{access._LONGEST_ID} characters", "`domain.access`"),
            ("customers of `get_customers`", f"{customer_use_cases._MOST_AT_ONCE:,}", "`use_cases.customers`"),
            ("lines of a sale", sales.MOST_LINES, "`domain.sales.MOST_LINES`"),
            ("of one thing in a line", f"{sales.MOST_QUANTITY:,}", "`domain.sales.MOST_QUANTITY`"),
            ("payments of a sale, and refunds", f"{sales.MOST_PAYMENTS} each", "`domain.sales.MOST_PAYMENTS`"),
            ("bookings a sale is for", recording.MOST_BOOKINGS, "`use_cases.sales.recording.MOST_BOOKINGS`"),
            ("points of an entry, or of a balance", f"{rewards.MOST_POINTS:,}", "`domain.rewards.MOST_POINTS`"),
            ("an amount, or what a sale costs", f"{money.MOST_MINOR:,} minor units", "`domain.money.MOST_MINOR`"),
            ("rows of a page", criteria.MOST_PER_PAGE, "`domain.criteria.MOST_PER_PAGE`"),
            ("ids of a filter", f"{criteria.MOST_IDS:,}", "`domain.criteria.MOST_IDS`"),
            ("parts of a criterion", f"{criteria.MOST_NODES:,}", "`domain.criteria.MOST_NODES`"),
            ("levels of a criterion", criteria.DEEPEST, "`domain.criteria.DEEPEST`"),
            (
                "the text of a criterion",
                f"{criteria.LONGEST_CRITERIA:,} characters",
                "`domain.criteria.LONGEST_CRITERIA`",
            ),
            ("backslashes in it", f"{criteria_text._MOST_BACKSLASHES:,}", "`domain.criteria.text`"),
            ("visits that criteria ask for", f"{criteria.MOST_VISITS:,}", "`domain.criteria.MOST_VISITS`"),
            ("days from today in criteria", f"{criteria.FARTHEST_DAY:,}", "`domain.criteria.FARTHEST_DAY`"),
            (
                "inactive customers counted with a page",
                f"{criteria_use_cases.MOST_COUNTED:,}",
                "`use_cases.criteria.MOST_COUNTED`",
            ),
            ("entries of an `audit_trail`", f"{audit._MOST_ENTRIES:,}", "`use_cases.audit`"),
            ("the name of a list's system", f"{tables.SOURCE_LIMIT} characters", "`use_cases.tables.SOURCE_LIMIT`"),
            ("rows of an import in one transaction", importing.SLICE, "`use_cases.importing.SLICE`"),
            (
                "problems, twins, families, warnings and missing items listed by a report",
                f"{reports.MOST_LISTED:,} each",
                "`domain.transfer.reports.MOST_LISTED`",
            ),
            ("a cell of a CSV file", f"{csv.CELL_LIMIT:,} characters", "`adapters.formats.csv.CELL_LIMIT`"),
            ("a row of a CSV file", f"{csv.ROW_LIMIT:,} characters", "`adapters.formats.csv.ROW_LIMIT`"),
            ("columns of a CSV file", f"{csv.COLUMN_LIMIT:,}", "`adapters.formats.csv.COLUMN_LIMIT`"),
            ("problems of a document", documents._MOST_PROBLEMS, "`adapters.documents`"),
            (
                f"customers in a file whose names begin with the same {search.BEGINNING} bytes",
                f"{2**search.COUNTER_BITS:,}",
                "`adapters.sql.search.COUNTER_BITS`",
            ),
            ("seconds a writer waits for its turn", f"{deadline:g}", "`deadline` of the store"),
        ),
    )


def fixed_sizes() -> str:
    return table(
        "what",
        "is",
        "constant",
        rows=(
            ("the key of a salon's marks", f"{marks.KEY_BYTES} bytes", "`domain.marks.KEY_BYTES`"),
            ("`secret=`, at least", f"{opening._SHORTEST_SECRET} bytes", "`opening`"),
            ("the region of a salon without one", f"`{contact.NO_REGION}`", "`domain.contact.NO_REGION`"),
        ),
    )


# The kit


_ALWAYS_THERE = {"kind", "make_store", "open_store", "store", "unique"}
"""The fixtures that every store has; any other is a hook that a check needs."""


def kit_checks() -> str:
    """Return every check of the kit, by the class it stands in, with its promise and what it needs."""
    groups = ((cls, _checks(cls)) for cls in StoreConformance.__mro__)
    return "\n\n".join(
        f"## {re.sub(r'(?<!^)(?=[A-Z])', ' ', cls.__name__).capitalize()}\n\n{_linked(first_line(cls))}\n\n"
        + table("check", "promise", "needs", rows=((f"`{name}`", promise(c), _needs(c)) for name, c in found.items()))
        for cls, found in groups
        if found
    )


def _checks(cls: type) -> dict[str, Callable[..., None]]:
    return {
        name: check
        for name, check in vars(cls).items()
        if name.startswith("test_") and check is getattr(StoreConformance, name)
    }


def promise(check: Callable[..., None]) -> str:
    """Return the sentence of a check; one without any is refused, so that every check says what it holds."""
    said = " ".join((inspect.getdoc(check) or "").split()).replace("``", "`")
    if not said.endswith((".", ")")):
        raise ValueError(f"{check.__name__} says no promise: its docstring is the sentence of kit-checks.md")
    return said


def _linked(sentence: str) -> str:
    """Return a sentence with a link for each port it names."""
    return re.sub(r"`(\w+)`", lambda found: _port_link(found[1]), sentence)


def _port_link(name: str) -> str:
    return f"[`{name}`](../../src/salon_crm/ports/store.py)" if hasattr(store_port, name) else f"`{name}`"


def _needs(check: Callable[..., None]) -> str:
    """Return what a check calls `needs` with, and what it is skipped without."""
    asked = [
        argument
        for node in ast.walk(ast.parse(textwrap.dedent(inspect.getsource(check))))
        if isinstance(node, ast.Call) and isinstance(node.func, ast.Attribute) and node.func.attr == "needs"
        for argument in node.args
    ]
    declared = [name for argument in asked for name in _capabilities(argument, check)]
    fixtures = inspect.signature(check).parameters
    return ", ".join(
        [
            *(["each kind"] if "kind" in fixtures else []),
            *(["each unique key"] if "unique" in fixtures else []),
            *dict.fromkeys(declared),
            *(f"`{name}`" for name in fixtures if hasattr(StoreConformance, name) and name not in _ALWAYS_THERE),
        ]
    )


def _capabilities(argument: ast.expr, check: Callable[..., None]) -> list[str]:
    """Return the capabilities that an argument of `needs` stands for, read where the check stands."""
    starred = isinstance(argument, ast.Starred)
    try:
        value = eval(ast.unparse(argument.value if isinstance(argument, ast.Starred) else argument), check.__globals__)
    except NameError:  # what only the check itself knows, such as its kind, which the page tells by the fixture
        return []
    names = sorted(value) if starred else [value]
    every_kind = starred and set(value) == {each for each in Capability if each in KINDS}
    return ["every kind"] if every_kind else [f"`{name}`" for name in names]


TABLES: dict[str, Callable[[], str]] = {
    each.__name__.replace("_", "-"): each
    for each in (
        public_use_cases,
        public_functions,
        public_classes,
        public_errors,
        public_data,
        permissions,
        use_case_notes,
        part_permissions,
        criteria_words,
        booked_parts,
        profile_fields,
        other_fields,
        export_columns,
        import_targets,
        phone_words,
        cell_words,
        booking_targets,
        booking_states,
        booking_cancellers,
        requirable_fields,
        programme_fields,
        booking_moves,
        limits,
        fixed_sizes,
        kit_checks,
    )
}


def current(page: Path) -> str:
    """Return a page with its tables made anew."""

    def made(found: re.Match[str]) -> str:
        return f"{found[1]}\n{TABLES[found[2]]()}\n\n{found[3]}"

    return _TABLE.sub(made, page.read_text(encoding="utf-8"))


def write() -> None:
    """Make the tables of every page of the reference anew."""
    for page in REFERENCE.glob("*.md"):
        page.write_text(current(page), encoding="utf-8")


@pytest.mark.parametrize("page", sorted(REFERENCE.glob("*.md")), ids=lambda page: page.stem)
def test_the_tables_of_the_reference_say_what_the_code_says(page: Path) -> None:
    assert page.read_text(encoding="utf-8") == current(page), "run: python tests/test_reference_pages.py"


def test_every_table_stands_on_a_page() -> None:
    pages = "".join(page.read_text(encoding="utf-8") for page in REFERENCE.glob("*.md"))
    assert sorted(name for _, name, _ in _TABLE.findall(pages)) == sorted(TABLES)


def test_every_public_name_stands_in_the_reference() -> None:
    listed = re.findall(r"^\| `(\w+)` \|", (REFERENCE / "public-names.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted((*listed, "__version__")) == sorted(salon_crm.__all__)


def test_a_check_of_the_kit_that_says_no_promise_is_refused() -> None:
    def test_something() -> None: ...

    with pytest.raises(ValueError, match="test_something says no promise"):
        promise(test_something)


def test_every_check_of_the_kit_stands_on_its_page_once() -> None:
    listed = re.findall(r"^\| `(test_\w+)` \|", (REFERENCE / "kit-checks.md").read_text(encoding="utf-8"), re.MULTILINE)
    assert sorted(listed) == sorted(name for name in dir(StoreConformance) if name.startswith("test_"))


def test_every_use_case_names_its_role_in_a_table_that_knows_all_roles() -> None:
    assert set(DEFAULT_PERMISSIONS.roles) == set(Role) - {Role.SYSTEM}


@pytest.mark.parametrize("page", PAGES, ids=lambda page: str(page.relative_to(ROOT)))
def test_every_relative_link_leads_somewhere(page: Path) -> None:
    assert list(_broken_links(page)) == []


def _broken_links(page: Path) -> Iterator[str]:
    for link in _LINK.findall(_CODE.sub("", page.read_text(encoding="utf-8"))):
        path, _, anchor = link.partition("#")
        if ":" in link:
            continue
        target = (page.parent / path).resolve() if path else page
        if not target.exists() or (anchor and anchor not in _anchors(target)):
            yield link


def _anchors(page: Path) -> set[str]:
    """Return the anchors that a page's headings have: lower case, words joined by hyphens, without punctuation."""
    content = re.sub(r"^```.*?^```$", "", page.read_text(encoding="utf-8"), flags=re.DOTALL | re.MULTILINE)
    headings = re.findall(r"^#+ (.+)$", content, re.MULTILINE)
    return {re.sub(r"[^\w\- ]", "", heading.lower()).replace(" ", "-") for heading in headings}


def test_every_page_of_the_documents_can_be_reached_from_their_index() -> None:
    assert sorted(set(ROOT.glob("docs/**/*.md")) - _reached(ROOT / "docs" / "README.md")) == []


def _reached(start: Path) -> set[Path]:
    reached, waiting = {start}, [start]
    while waiting:
        page = waiting.pop()
        for link in _LINK.findall(page.read_text(encoding="utf-8")):
            found = (page.parent / link.partition("#")[0]).resolve()
            if found.suffix == ".md" and found.exists() and found not in reached:
                reached.add(found)
                waiting.append(found)
    return reached


if __name__ == "__main__":
    write()
