"""A whole day of work with a canary in every personal field: none may sing in a log, a repr, an error or the audit."""

import json
import logging
import traceback
from collections.abc import Callable, Iterator
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

import salon_crm as crm
from salon_crm.testing.doubles import CountedIds, FixedClock

OWNER = crm.Actor("olga", crm.Role.OWNER)

# Each is found again however it is folded, formatted or cut: letters in a row nobody writes, digits likewise.
LETTERS = "zqkxj"
DIGITS = "912849573"
DAY = "1987-11-23"


def canary(place: str) -> str:
    return f"{place} {LETTERS}"


WHOLE_FORM: dict[str, Any] = {
    "name": canary("Name"),
    "first_name": canary("First"),
    "last_name": canary("Last"),
    "email": f"first.{LETTERS}@example.com",
    "other_emails": [f"second@{LETTERS}.example.com"],
    "mobile": "912 849 573",
    "other_phones": ["+44 7912 849573"],
    "birthday": DAY,
    "anniversary": "--11-23",
    "gender": "other",
    "referral_source": canary("Referral"),
    "address": {"lines": [canary("Street")], "city": canary("City"), "subdivision": canary("Part"),
                "postal_code": canary("Code"), "country": "PT"},
    "preferences": canary("Preference"),
    "external_ids": [("till", f"id-{LETTERS}")],
}  # fmt: skip

# Values that are refused, each with a canary in it.
REFUSED: dict[str, list[Any]] = {
    "name": [f"{LETTERS}\0", f"{LETTERS} " * 200, f"{LETTERS}\n", f"\ud800{LETTERS}"],
    "email": [
        LETTERS,
        f"{LETTERS}@",
        f"{LETTERS}@{LETTERS}@example.com",
        f"{LETTERS} x@example.com",
        f"{LETTERS}@test",
    ],
    "other_emails": [[f"{LETTERS}@"], LETTERS],
    "mobile": [f"912849573 {LETTERS}", DIGITS + DIGITS, "+999912849573", "0000912849573000"],
    "birthday": [f"{DAY} {LETTERS}", "23-11-1987", "2987-11-23", LETTERS],
    "gender": [LETTERS],
    "contact_declined": [LETTERS],
    "address": [{"city": [LETTERS]}, {"country": LETTERS}, LETTERS, {"lines": [LETTERS] * 9}],
    "external_ids": [[("till", f"{LETTERS}\0")], [LETTERS], LETTERS],
    "language": [LETTERS],
    "zone": [LETTERS],
    "status": [LETTERS],
    "note": [f"{LETTERS}\0"],
    "id": [LETTERS],
    "at": [LETTERS],
    "region": [LETTERS],
}


def sings(text: str) -> bool:
    plain = text.casefold()
    spoken = "".join(character for character in plain if character.isdigit())
    return LETTERS in plain or DIGITS in spoken or DAY in plain or "1987" in plain


class Witness:
    """Keeps everything a host could print of what the library gave it."""

    def __init__(self) -> None:
        self.returned: list[object] = []
        self.raised: list[BaseException] = []

    def call(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> Any:
        result = function(*args, **kwargs)
        self.returned.append(result)
        return result

    def refused(self, function: Callable[..., Any], *args: Any, **kwargs: Any) -> None:
        with pytest.raises(crm.SalonCrmError) as caught:
            function(*args, **kwargs)
        self.raised.append(caught.value)


@pytest.fixture(params=["memory", "sqlite"])
def salon(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[crm.Salon]:
    where = None if request.param == "memory" else tmp_path / "salon.db"
    with crm.open_salon(
        where, region="PT", zone="Europe/Lisbon", currency="EUR", clock=FixedClock(), ids=CountedIds()
    ) as salon:
        yield salon


def a_day_of_work(salon: crm.Salon, witness: Witness) -> None:
    call, refused = witness.call, witness.refused
    ana = call(
        crm.add_customer, salon, OWNER, **WHOLE_FORM, note=canary("Note"), alert_note=canary("Alert"), reference="1"
    )
    call(crm.add_customer, salon, OWNER, **WHOLE_FORM, note=canary("Note"), alert_note=canary("Alert"), reference="1")
    refused(crm.add_customer, salon, OWNER, **{**WHOLE_FORM, "email": None}, reference="1")
    refused(crm.add_customer, salon, OWNER, **WHOLE_FORM)  # the external id is held
    form = {**WHOLE_FORM, "external_ids": []}
    for name, values in REFUSED.items():
        for value in values:
            refused(crm.add_customer, salon, OWNER, **{**form, name: value})
            if name not in ("status", "note", "id", "at"):
                refused(crm.edit_customer, salon, OWNER, ana.id, **{name: value})
                refused(crm.find_or_add_customer, salon, OWNER, **{**form, name: value})
                refused(crm.match_customers, salon, OWNER, **{**form, name: value})
    refused(crm.edit_customer, salon, OWNER, ana.id, version=9, name=canary("New"))
    call(crm.edit_customer, salon, OWNER, ana.id, name=canary("New"), email=f"new.{LETTERS}@example.com", mobile=None)
    refused(crm.edit_customer, salon, OWNER, ana.id, version=1, name=canary("Newest"))
    call(crm.match_customers, salon, OWNER, **form)
    refused(crm.find_or_add_customer, salon, OWNER, name=canary("Other"), email=LETTERS)
    call(crm.find_or_add_customer, salon, OWNER, **form)
    call(crm.add_customer, salon, OWNER, **form)
    refused(crm.find_or_add_customer, salon, OWNER, **form)  # now two match
    for note in call(crm.customer_notes, salon, OWNER, ana.id):
        call(crm.edit_note, salon, OWNER, note.id, text=canary("Edited"))
        refused(crm.edit_note, salon, OWNER, note.id, text=f"{LETTERS}\0")
    call(crm.block_customer, salon, OWNER, ana.id, reason=canary("Reason"))
    refused(crm.block_customer, salon, OWNER, ana.id, reason=canary("Reason"))
    refused(crm.remove_customer, salon, OWNER, ana.id)
    call(crm.may_book, salon, OWNER, ana.id)
    met = call(crm.add_customer, salon, OWNER, name=canary("Family"), email=f"new.{LETTERS}@example.com")
    for alert in call(crm.block_alerts, salon, OWNER):
        call(crm.confirm_block_alert, salon, OWNER, alert.id)
        refused(crm.dismiss_block_alert, salon, OWNER, alert.id)
    call(crm.unblock_customer, salon, OWNER, met.id)
    for text in (LETTERS, "912 849 573", canary("New")):
        wanted = crm.CustomerFilter(text=text)
        page = call(crm.find_customers, salon, OWNER, wanted, limit=1, count_inactive=True)
        call(crm.find_customers, salon, OWNER, wanted, limit=1, page=page.next)
        refused(crm.find_customers, salon, OWNER, page=page.next)
        refused(crm.find_customers, salon, OWNER, wanted, order="added", page=page.next)
        witness.returned += [wanted, *crm.each_customer(salon, OWNER, wanted)]
        refused(crm.find_customers, salon, crm.Actor.for_customer(ana.id), wanted)
        refused(crm.find_customers, salon, OWNER, text)
    refused(crm.find_customers, salon, OWNER, crm.CustomerFilter(text=LETTERS * 200))
    refused(crm.find_customers, salon, OWNER, crm.CustomerFilter(ids=[LETTERS]))
    refused(crm.find_customers, salon, OWNER, crm.CustomerFilter(gender=LETTERS))
    call(crm.get_customers, salon, OWNER, [ana.id, met.id])
    refused(crm.get_customer, salon, OWNER, LETTERS)
    refused(crm.get_customer, salon, OWNER, external=("till", f"{LETTERS}-2"))
    call(crm.deactivate_customer, salon, OWNER, ana.id)
    call(crm.forget_former, salon, OWNER, ana.id)
    call(crm.remove_customer, salon, OWNER, met.id)
    refused(crm.get_customer, salon, OWNER, met.id)
    refused(crm.from_document, {**crm.to_document(ana), "version": LETTERS, LETTERS.upper(): LETTERS})
    with suppress(ZeroDivisionError), salon.transaction() as tx:
        call(crm.add_customer, tx, OWNER, **form)
        refused(crm.add_customer, salon, OWNER, **form)
        raise ZeroDivisionError


def test_no_log_repr_error_or_audit_entry_holds_a_personal_value(
    salon: crm.Salon, caplog: pytest.LogCaptureFixture, capsys: pytest.CaptureFixture[str]
) -> None:
    witness = Witness()
    with caplog.at_level(logging.DEBUG):
        a_day_of_work(salon, witness)
    assert not [record for record in caplog.records if sings(f"{record.getMessage()} {record.args}")]
    assert "".join(capsys.readouterr()) == ""
    assert not [thing for thing in witness.returned if sings(f"{thing!r} {thing}")]
    for error in witness.raised:
        assert not sings(f"{error} {error!r} {error.args}"), type(error)
        assert isinstance(error, crm.SalonCrmError)
        assert not sings(f"{error.code} {error.field} {dict(error.params)}"), error.code
        assert not sings("".join(messages_of(error))), error.code
    for entry in crm.audit_trail(salon, OWNER, limit=1_000):
        assert not sings(json.dumps(crm.to_document(entry), ensure_ascii=False))
    assert len(witness.raised) > 100


def messages_of(error: BaseException) -> Iterator[str]:
    """Give what a printed traceback says of an error and of all it was raised from, without the lines of source."""
    yield from traceback.TracebackException.from_exception(error).format_exception_only()
    for earlier in (error.__cause__, error.__context__):
        if earlier is not None and (earlier is error.__cause__ or not error.__suppress_context__):
            yield from messages_of(earlier)


def test_the_witness_hears_a_canary_that_sings() -> None:
    """What is hidden above is there to be hidden."""
    for singing in (canary("Name"), canary("Name").upper(), "+351 912 849 573", "born 1987-11-23"):
        assert sings(singing)
    assert not sings("1 value cannot be taken: email: it needs exactly one @.")
