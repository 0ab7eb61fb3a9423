"""Cells made of rows are those of the customers, also where a row is odd or damaged."""

import io
import shutil
import sqlite3
from collections.abc import Callable, Mapping, Sequence
from contextlib import closing
from pathlib import Path
from typing import Any, Final

import pytest
from hypothesis import given
from hypothesis import strategies as st

import salon_crm as crm
from salon_crm.adapters.sql import exporting
from salon_crm.adapters.sql.dialect import Row
from salon_crm.adapters.sql.exporting import cells_of_rows
from salon_crm.adapters.sql.repositories import SqlCustomers
from salon_crm.adapters.sql.tables import CUSTOMER_TABLE
from salon_crm.domain.blocks import Block
from salon_crm.domain.contact import PhoneNumber
from salon_crm.domain.customers import Customer
from salon_crm.domain.dates import PartialDate
from salon_crm.domain.ids import ExternalId
from salon_crm.domain.transfer.columns import export_cells
from salon_crm.errors import StoreError
from salon_crm.testing import OWNER, CountedIds, FixedClock, a_block, a_customer, strategies
from salon_crm.testing.builders import a_customer_id

WIDTH: Final = CUSTOMER_TABLE.columns.count(",") + 1
PLACE: Final[dict[str, Any]] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}

customers: Final = st.lists(
    strategies.customers(external_ids=st.lists(strategies.external_ids(), max_size=2, unique=True).map(tuple)),
    min_size=1,
    max_size=3,
)
reasons: Final = st.dictionaries(strategies.customer_ids().map(str), st.builds(a_block, reason=strategies.texts()))


def row_of(customer: Customer) -> Row:
    return CUSTOMER_TABLE.to_row(customer)[:WIDTH]


def by_objects(rows: Sequence[Row], blocks: Mapping[str, Block]) -> list[Sequence[str]]:
    return [export_cells(each, blocks.get(row[0])) for row in rows for each in CUSTOMER_TABLE.read([row])]


def answer(make: Callable[..., list[Sequence[str]]], *given: Any) -> Any:
    """Return the cells, or what is raised in their place."""
    try:
        return [tuple(cells) for cells in make(*given)]
    except StoreError as error:
        return str(error)


@given(customers, reasons)
def test_the_cells_of_rows_are_those_of_their_customers(found: list[Customer], blocks: dict[str, Block]) -> None:
    rows = [row_of(customer) for customer in found]
    assert answer(cells_of_rows, rows, blocks) == answer(by_objects, rows, blocks)


@given(customers)
def test_no_row_that_we_wrote_needs_its_customer(found: list[Customer]) -> None:
    """The way through the objects is for what is not beyond doubt, and none of what we write is that."""
    exporting._plain_cells([row_of(customer) for customer in found], {})


ODD: Final = (
    None, 0, 1, 2.5, -1, b"", b"x", b"1990-05-17", "", " ", "[]", "{}", "[1]", '["a"]', '["a", "b"]', '[["a", "b"]]',
    '[["a", 1]]', '[["+351912345678", true, ""]]', '[["+351912345678", 1, ""]]', '["', "null", "yes", "active",
    "female", "1990-05-17", "1990-02-29", "2000-02-29", "0000-05-17", "--02-29", "--02-30", "1990x05x17", "90-05-17",
    "1990-5-17", "2026-03-02T12:00:00Z", "2026-03-02T12:00:00", "2026-03-02T13:00:00+01:00",
    "00000000000070008000000000000001", "{00000000-0000-7000-8000-000000000001}",
    "00000000-0000-7000-8000-00000000000A", "9" * 400,
    "\ud800", "١٩٩٠-٠٥-١٧",
)  # fmt: skip


@given(customers, st.integers(0, 2), st.integers(0, WIDTH - 1), st.sampled_from(ODD))
def test_a_row_that_nobody_wrote_is_the_customer_it_means_or_damage(
    found: list[Customer], which: int, place: int, odd: Any
) -> None:
    rows = [row_of(customer) for customer in found]
    spoilt = list(rows[which % len(rows)])
    spoilt[place] = odd
    rows[which % len(rows)] = tuple(spoilt)
    assert answer(cells_of_rows, rows, {}) == answer(by_objects, rows, {})


@pytest.mark.parametrize("place", range(WIDTH))
def test_each_column_is_looked_at(place: int) -> None:
    """Every odd value in every column alone, beside a row that is sound."""
    for filled in (a_customer(), full()):
        for odd in ODD:
            rows = [(*row_of(filled)[:place], odd, *row_of(filled)[place + 1 :]), row_of(a_customer(2))]
            assert answer(cells_of_rows, rows, {}) == answer(by_objects, rows, {}), repr(odd)


def full() -> Customer:
    """Return a customer of whom every column is filled."""
    return a_customer(
        3,
        first_name="Ana",
        last_name="Silva",
        other_emails=(a_customer(4).email,),
        mobile=PhoneNumber("+351912345678", True, "12"),
        other_phones=(PhoneNumber("+351213456789", False, "7"),),
        contact_declined=True,
        birthday=PartialDate(2, 29),
        anniversary=PartialDate(12, 31, 1999),
        gender=crm.Gender.OTHER,
        referral_source="A friend",
        address=crm.Address(lines=("Rua Nova 1", "2.º"), city="Lisboa", subdivision="L", postal_code="1", country="PT"),
        language="pt",
        zone="UTC",
        preferences="Tea",
        external_ids=(ExternalId("till", "7"),),
        former_names=("Ana",),
        former_emails=(a_customer(5).email,),
        former_phones=(PhoneNumber("+351213456780"),),
    )


@pytest.fixture(scope="module")
def many(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file of three slices of customers, most added at one instant, some blocked and some no longer."""
    file = tmp_path_factory.mktemp("many") / "salon.db"
    with crm.open_salon(file, **PLACE, clock=FixedClock(), ids=CountedIds()) as salon, salon.store.writing() as writing:
        writing.customers.add(full())
        writing.customers.add_many([a_customer(n, added=a_customer(n // 600).added) for n in range(4, 1_207)])
        for n in range(4, 1_207, 7):
            writing.blocks.add(a_block(n, customer_id=a_customer_id(n), reason=f"=Reason {n}"))
            writing.blocks.add(a_block(n + 2_000, customer_id=a_customer_id(n), at=a_block(n - 4).at, reason="Older"))
        for n in range(5, 1_207, 11):
            writing.blocks.add(a_block(n + 4_000, customer_id=a_customer_id(n), lifted_at=a_block(n + 4_000).at))
    return file


def export(file: Path, **options: Any) -> bytes:
    target = io.BytesIO()
    with crm.open_salon(file, clock=FixedClock()) as salon:
        crm.export_customers(salon, OWNER, target, **options)
    return target.getvalue()


@pytest.mark.parametrize(
    "options",
    [
        {},
        {"columns": ["block_reason", "name", "mobile"]},
        {"criteria": crm.CustomerFilter(text="ana")},
        {"criteria": crm.CustomerFilter(blocked=True)},
    ],
    ids=str,
)
def test_an_export_is_the_same_to_the_byte_by_rows_and_by_customers(
    options: dict[str, Any], many: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    class Nobody:
        pass

    by_rows = export(many, **options)
    monkeypatch.setattr("salon_crm.use_cases.transfer.Exportable", Nobody)
    monkeypatch.setattr(SqlCustomers, "export_rows", None)
    assert by_rows == export(many, **options)
    assert by_rows.count(b"\r\n") > 100


def test_a_damaged_row_ends_an_export_and_leaves_no_file(many: Path, tmp_path: Path) -> None:
    copy = tmp_path / "damaged.db"
    shutil.copy(many, copy)
    with closing(sqlite3.connect(copy)) as connection, connection:
        connection.execute("UPDATE crm_customers SET former_names = '[1]' WHERE id = ?", [str(a_customer_id(700))])
    with crm.open_salon(copy) as salon, pytest.raises(StoreError) as caught:
        crm.export_customers(salon, OWNER, tmp_path / "everybody.csv")
    assert caught.value.code == "store-damaged"
    assert not (tmp_path / "everybody.csv").exists()
