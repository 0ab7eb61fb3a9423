"""The family of errors: one table of sentences, no personal data, and nothing lost in a pickle.

``python tests/test_errors.py`` writes the table of docs/reference/errors.md anew.
"""

import ast
import copy
import pickle
import string
from collections import defaultdict
from collections.abc import Callable, Iterator
from datetime import date
from pathlib import Path
from typing import Final, NamedTuple

import pytest

import salon_crm
from salon_crm import errors
from salon_crm.domain.access import Actor, Role
from salon_crm.domain.catalogue import parse_code
from salon_crm.domain.contact import EmailAddress, PhoneNumber, parse_country, parse_region
from salon_crm.domain.criteria import (
    Compare,
    CustomerFilter,
    Fact,
    HasPackage,
    Op,
    Order,
    checked_criterion,
    parse_criteria,
    read_cursor,
)
from salon_crm.domain.customers import CustomerForm, FormContext
from salon_crm.domain.dates import PartialDate, parse_zone
from salon_crm.domain.ids import ExternalId, parse_id, parse_new_id
from salon_crm.domain.money import Money, parse_currency
from salon_crm.domain.reading import Problems
from salon_crm.domain.sales.stated import read_lines, read_paid, read_taken
from salon_crm.domain.settings import Settings, check_settings
from salon_crm.domain.text import clean_name, clean_text
from salon_crm.errors import (
    SENTENCES,
    Conflict,
    InvalidDocument,
    InvalidValue,
    NotFound,
    RuleBroken,
    SalonCrmError,
    StoreBusy,
    StoreError,
    UnknownCriterion,
)

ROOT: Final = Path(__file__).parents[1]
SOURCE: Final = Path(salon_crm.__file__).parent
PAGE: Final = ROOT / "docs" / "reference" / "errors.md"

FAMILY: Final = {
    name: found for name, found in vars(errors).items() if isinstance(found, type) and issubclass(found, SalonCrmError)
}
RAISED_OUTSIDE: Final = {
    "invalid-document": InvalidDocument.__name__,  # by its own constructor
    "outcome-unknown": StoreError.__name__,  # by a host's stores, whose commit may lose its answer
    "delivery-failed": errors.DeliveryError.__name__,  # by notifiers, which are a host's
}


class Raise(NamedTuple):
    """A place in the source that makes an error of a stated code."""

    where: str
    cls: str
    code: str
    params: frozenset[str]


def raises() -> Iterator[Raise]:
    """Find every place that makes an error whose code stands there."""
    for path in sorted(SOURCE.rglob("*.py")):
        for node in ast.walk(ast.parse(path.read_text(encoding="utf-8"))):
            if not isinstance(node, ast.Call) or not isinstance(node.func, ast.Name | ast.Attribute) or not node.args:
                continue
            name = node.func.id if isinstance(node.func, ast.Name) else node.func.attr
            code = node.args[0]
            if name in FAMILY and isinstance(code, ast.Constant) and isinstance(code.value, str):
                params = frozenset(keyword.arg or "**" for keyword in node.keywords) - {"field"}
                yield Raise(f"{path.relative_to(SOURCE)}:{node.lineno}", name, code.value, params)


RAISES: Final = list(raises())


def params_of(code: str) -> set[str]:
    """Return the names of the params that the sentence of ``code`` uses."""
    return {name for _, name, _, _ in string.Formatter().parse(SENTENCES[code]) if name}


def an_error(code: str, cls: type[SalonCrmError] = InvalidValue, field: str | None = "name") -> SalonCrmError:
    return cls(code, field=field, **dict.fromkeys(params_of(code), "x"))


# ------------------------------------------------------------------------------------- the table


def test_every_code_that_is_raised_has_a_sentence() -> None:
    assert {found.code: found.where for found in RAISES if found.code not in SENTENCES} == {}


def test_every_sentence_belongs_to_a_code_that_is_raised() -> None:
    assert set(SENTENCES) - {found.code for found in RAISES} - set(RAISED_OUTSIDE) == set()


def test_every_error_is_raised_with_just_the_params_of_its_sentence() -> None:
    wrong = [found for found in RAISES if "**" not in found.params and set(found.params) != params_of(found.code)]
    assert wrong == []


def test_a_code_never_changes_its_form() -> None:
    for code in SENTENCES:
        assert set(code) <= set(string.ascii_lowercase + "-")
        assert not code.startswith("-")
        assert not code.endswith("-")


@pytest.mark.parametrize("code", SENTENCES)
def test_every_sentence_reads_as_one_that_ends(code: str) -> None:
    sentence = str(an_error(code))
    assert "{" not in sentence
    assert "  " not in sentence
    if code != "invalid-document":  # ends with the sentences it holds
        assert an_error(code, field=None).args[0][-1] in ".x"


def test_a_code_nobody_knows_is_a_mistake_of_ours_and_found_at_once() -> None:
    with pytest.raises(KeyError):
        SalonCrmError("no-such-code")
    with pytest.raises(KeyError):
        InvalidValue("text-too-long", field="name")


# ------------------------------------------------------------------------------------- an error


def test_an_error_has_a_code_a_field_and_params_and_says_one_sentence() -> None:
    error = InvalidValue("text-too-long", field="name", length=201, limit=200)
    assert (error.code, error.field, dict(error.params)) == ("text-too-long", "name", {"length": 201, "limit": 200})
    assert str(error) == "name: has 201 characters; at most 200 are kept."
    assert error.problems == (error,)
    with pytest.raises(TypeError):
        error.params["length"] = 1  # type: ignore[index]  # that is the point


def test_an_error_without_a_field_is_a_sentence_by_itself() -> None:
    error = RuleBroken("not-blocked", customer_id="7")
    assert (error.field, str(error)) == (None, "Customer 7 is not blocked.")


def test_a_hint_that_is_empty_leaves_no_gap() -> None:
    assert str(InvalidValue("required", field="name", hint="")) == "name: is required."


def test_a_tuple_is_shown_as_a_list_of_words() -> None:
    assert str(InvalidValue("not-a-choice", field="status", choices=("active", "inactive"))).endswith(
        "active, inactive."
    )


def test_the_problems_of_a_form_come_together_with_the_first_ones_field() -> None:
    one, other = InvalidValue("text-empty", field="name"), InvalidValue("zone-unknown", field="zone")
    both, alone = InvalidDocument(iter((one, other))), InvalidDocument([other])
    assert (both.problems, both.field, both.params["count"]) == ((one, other), "name", 2)
    assert str(both).startswith("2 values cannot be taken: name: must not be empty. zone: is not a time zone")
    assert str(alone).startswith("1 value cannot be taken: zone: ")


def test_every_error_is_of_the_family_and_a_store_fails_as_a_store() -> None:
    assert all(issubclass(cls, SalonCrmError) for cls in FAMILY.values())
    for cls in (StoreBusy, errors.SchemaNewer, errors.SchemaOutdated, errors.TransactionLost):
        assert issubclass(cls, StoreError)
    assert issubclass(UnknownCriterion, InvalidValue)
    assert issubclass(InvalidDocument, InvalidValue)


def test_every_class_of_the_family_is_public() -> None:
    assert set(FAMILY) <= set(salon_crm.__all__)


# ------------------------------------------------------------------------------------- pickling


def same(one: SalonCrmError, other: SalonCrmError) -> bool:
    return (
        type(one) is type(other)
        and str(one) == str(other)
        and (one.code, one.field, one.params) == (other.code, other.field, other.params)
    )


@pytest.mark.parametrize("protocol", range(pickle.HIGHEST_PROTOCOL + 1))
@pytest.mark.parametrize("cls", [FAMILY[name] for name in sorted(set(FAMILY) - {"InvalidDocument"})])
def test_an_error_of_every_class_survives_pickling(cls: type[SalonCrmError], protocol: int) -> None:
    for error in (an_error("not-found", cls, None), an_error("not-a-choice", cls), cls("text-empty", field="name")):
        assert same(pickle.loads(pickle.dumps(error, protocol)), error)


@pytest.mark.parametrize("code", SENTENCES)
def test_an_error_of_every_code_survives_pickling_and_copying(code: str) -> None:
    error = an_error(code)
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert same(again, error)


def test_the_problems_of_a_form_survive_pickling_and_copying() -> None:
    error = InvalidDocument(
        [InvalidValue("not-a-choice", field="status", choices=("a", "b")), UnknownCriterion("text-empty", field="x")]
    )
    for again in (pickle.loads(pickle.dumps(error)), copy.copy(error), copy.deepcopy(error)):
        assert same(again, error)
        assert isinstance(again, InvalidDocument)
        assert all(map(same, again.problems, error.problems))


# ---------------------------------------------------------------------- nothing personal in a sentence

CANARY: Final = "canary.7x@@example.com\0"
WRONG_LINES: Final = [
    {"service": "Canary 912", "price": "canary"},
    {"product": CANARY, "name": CANARY, "price": 912.5, "quantity": 912_912},
    {"canary 912": "canary"},
    "canary",
]


def settled(read: Callable[[Problems], object]) -> None:
    """Raise what reading found wrong."""
    problems = Problems()
    read(problems)
    problems.settle()


REFUSALS: Final[dict[str, Callable[[], object]]] = {
    "text": lambda: clean_text(CANARY, "note"),
    "long text": lambda: clean_text("canary" * 100, "note"),
    "name": lambda: clean_name("canary" + "\ufdfa" * 100, "name"),
    "e-mail": lambda: EmailAddress.parse("canary@@example.com"),
    "phone": lambda: PhoneNumber.parse("canary 912345678", region="PT"),
    "short phone": lambda: PhoneNumber.parse("+351 912 3", region="PT"),
    "region": lambda: parse_region("canary", "region"),
    "country": lambda: parse_country("canary", "country"),
    "date": lambda: PartialDate.parse("canary 1990", "birthday", today=date(2026, 1, 1)),
    "zone": lambda: parse_zone("canary", "zone"),
    "currency": lambda: parse_currency("canary", "currency"),
    "amount": lambda: Money.parse("canary 912", "price", currency="EUR"),
    "amount out of range": lambda: Money.parse("9" * 12 + "912", "price", currency="EUR"),
    "amount too fine": lambda: Money.parse("912.912", "price", currency="EUR"),
    "amount as float": lambda: Money.parse(912.5, "price", currency="EUR"),
    "amount of another currency": lambda: Money.parse(Money(912, "USD"), "price", currency="EUR"),
    "code": lambda: parse_code("Canary 912", "code"),
    "lines of a sale": lambda: settled(lambda problems: read_lines(WRONG_LINES, "EUR", problems)),
    "payments": lambda: settled(lambda problems: read_paid([{"canary 912": 912}, "canary"], "EUR", problems)),
    "lines taken back": lambda: settled(lambda problems: read_taken([{"line": 912}, "canary"], "EUR", problems)),
    "id": lambda: parse_id("canary", "id"),
    "new id": lambda: parse_new_id("0" * 32, "id"),
    "external id": lambda: ExternalId.parse(("canary", CANARY), "external"),
    "actor": lambda: Actor("canary\0", Role.OWNER),
    "customer as actor": lambda: Actor.for_customer("canary"),
    "form": lambda: CustomerForm(
        dict.fromkeys(("name", "email", "mobile", "birthday", "gender", "language", "zone", "preferences"), CANARY)
    ).check(FormContext(date(2026, 1, 1))),
    "address": lambda: CustomerForm({"address": {"canary": "canary"}}).check(FormContext(date(2026, 1, 1))),
    "settings": lambda: check_settings({"region": "canary", "required_fields": ["canary"]}),
    "filter": lambda: CustomerFilter(status="canary").criterion(Settings(region="PT", zone="UTC", currency="EUR")),
    "order": lambda: Order.parse("canary"),
    "page": lambda: read_cursor("canary"),
    "criteria": lambda: parse_criteria("canary silva"),
    "criteria's value": lambda: parse_criteria("status:canary"),
    "criteria's code": lambda: parse_criteria("package:canary@@example.com"),
    "criteria's search": lambda: parse_criteria('text("canary" and'),
    "code in a tree": lambda: checked_criterion(HasPackage(frozenset({CANARY}))),
    "sign in a tree": lambda: checked_criterion(Compare(Fact.STATUS, Op.LESS, "canary")),
    "constructor": lambda: EmailAddress(["canary"], "x"),  # type: ignore[arg-type]  # that is the point
}


@pytest.mark.parametrize("refusal", REFUSALS)
def test_a_refusal_never_quotes_what_was_refused(refusal: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        REFUSALS[refusal]()
    error: BaseException | None = caught.value
    while error is not None:
        for shown in (str(error), repr(error), repr(getattr(error, "params", "")), *map(str, error.args)):
            assert "canary" not in shown.lower()
            assert "912" not in shown
        error = error.__cause__ or (None if error.__suppress_context__ else error.__context__)


def test_a_conflict_and_what_is_not_found_are_told_by_ids() -> None:
    assert "customer 7" in str(Conflict("external-id-held", field="external_ids", customer_id="7"))
    assert "customer 7" in str(NotFound("not-found", kind="customer", id="7"))


# ------------------------------------------------------------------------------------- the page

BEGINS: Final = "| code | raised as | sentence |\n| --- | --- | --- |\n"


def table() -> str:
    """Return the table of all codes, as the page shows it."""
    raised_as: defaultdict[str, set[str]] = defaultdict(set)
    for found in RAISES:
        raised_as[found.code].add(found.cls)
    for code, name in RAISED_OUTSIDE.items():
        raised_as[code].add(name)
    rows = (
        f"| `{code}` | {', '.join(sorted(raised_as[code]))} | {SENTENCES[code].replace('|', chr(92) + '|')} |\n"
        for code in sorted(SENTENCES)
    )
    return BEGINS + "".join(rows)


def written(page: str) -> tuple[str, str]:
    """Return what stands above the table of a page, and the table."""
    above, begins, rows = page.partition(BEGINS)
    return above, begins + rows


def test_the_page_of_errors_has_just_the_codes_there_are() -> None:
    assert written(PAGE.read_text(encoding="utf-8"))[1] == table(), "run: python tests/test_errors.py"


def rewrite() -> None:
    PAGE.write_text(written(PAGE.read_text(encoding="utf-8"))[0] + table(), encoding="utf-8")


if __name__ == "__main__":
    rewrite()
