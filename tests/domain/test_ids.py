"""Ids: a UUID or its text, and nothing else."""

from uuid import UUID

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from salon_crm.domain.ids import ExternalId, parse_id, parse_new_id
from salon_crm.errors import InvalidValue

ID = "01890a5d-ac96-774b-bcce-b302099a8057"


@given(st.uuids())
def test_an_id_is_a_uuid_or_its_text_with_or_without_hyphens(own_id: UUID) -> None:
    for written in (own_id, str(own_id), str(own_id).upper(), own_id.hex):
        assert parse_id(written, "id") == own_id


@pytest.mark.parametrize(
    "written",
    [
        *("", "7", ID[:-1], ID + "0", f"{{{ID}}}", f"urn:uuid:{ID}", f" {ID}", f"{ID}\n", ID.replace("-", "_")),
        *("0" * 31 + "_", "+" + "0" * 31, "0" * 30 + "_0", "０" * 32, "0" * 32 + "----", "0-" * 16 + "0000"),
        *(None, 7, ID.encode(), [ID], UUID(ID).bytes),
    ],
)
def test_anything_else_is_no_id(written: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_id(written, "customer_id")
    assert (caught.value.code, caught.value.field) == ("not-an-id", "customer_id")


@pytest.mark.parametrize("nobody_s", [UUID(int=0), str(UUID(int=(1 << 128) - 1)), "F" * 32])
def test_an_id_of_zeros_or_of_ones_alone_is_looked_for_and_never_given(nobody_s: UUID | str) -> None:
    assert parse_id(nobody_s, "id") == UUID(str(nobody_s))
    with pytest.raises(InvalidValue) as caught:
        parse_new_id(nobody_s, "note_id")
    assert (caught.value.code, caught.value.field, caught.value.params) == ("id-reserved", "note_id", {})
    assert parse_new_id(ID, "id") == parse_id(ID, "id")


@given(st.text(st.characters(codec=None)) | st.text("0123456789abcdef-_{} ", min_size=30, max_size=40))
@example("\ud800" * 32)
def test_any_text_is_an_id_or_refused_without_being_quoted(text: str) -> None:
    try:
        assert parse_id(text, "id") == UUID(text)
    except InvalidValue as problem:
        assert problem.params == {}


@pytest.mark.parametrize("value", [("till", "17"), ["till", "17"], (" till ", "17 "), ExternalId("till", "17")])
def test_an_external_id_is_a_pair_of_texts(value: object) -> None:
    assert ExternalId.parse(value, "external_ids") == ExternalId("till", "17")


@pytest.mark.parametrize(
    "value",
    [
        "till:17",
        ("till",),
        ("till", "17", "x"),
        ("till", 17),
        (None, "17"),
        ("", "17"),
        ("till", " "),
        {"till": "17"},
        None,
    ],
)
def test_what_is_no_pair_of_texts_is_refused(value: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        ExternalId.parse(value, "external_ids")
    assert caught.value.field == "external_ids"


@pytest.mark.parametrize(
    "made", [ExternalId("", "17"), ExternalId("till", " "), ExternalId("till", "1\0"), ExternalId("t", "a" * 501)]
)
def test_an_external_id_that_somebody_made_is_checked_like_a_pair(made: ExternalId) -> None:
    with pytest.raises(InvalidValue):
        ExternalId.parse(made, "external_ids")
