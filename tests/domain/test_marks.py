"""Marks: what they are made of, and what makes them differ."""

from itertools import pairwise
from uuid import UUID

import pytest
from hypothesis import given
from hypothesis import strategies as st

from salon_crm.domain.ids import BlockId
from salon_crm.domain.marks import KEY_BYTES, MARK_VERSION, Mark, MarkKey, MarkKind, contact_digests, mix_secret

SALON_KEY = bytes(range(KEY_BYTES))
KEY = mix_secret(SALON_KEY, b"sixteen bytes, or more")


def test_a_mark_is_a_keyed_hash_that_comes_out_the_same_every_time() -> None:
    """Marks cannot be made anew from a store: this one must never change."""
    assert (
        KEY.digest("contact/1", "ana@example.com").hex()
        == "75e3e77bfb470485c41e8442d3a3b699a522143ae377346a6c9744c722ac572f"
    )


def test_a_mark_differs_by_purpose_secret_salon_and_contact() -> None:
    digests = [
        KEY.digest("contact/1", "ana@example.com"),
        KEY.digest("contact/2", "ana@example.com"),
        KEY.digest("contact-and-name/1", "ana@example.com"),
        KEY.digest("contact/1", "rui@example.com"),
        mix_secret(SALON_KEY, b"another secret, as long").digest("contact/1", "ana@example.com"),
        mix_secret(SALON_KEY, None).digest("contact/1", "ana@example.com"),
        mix_secret(SALON_KEY[::-1], b"sixteen bytes, or more").digest("contact/1", "ana@example.com"),
        KEY.check,
    ]
    assert len(set(digests)) == len(digests)
    assert {len(digest) for digest in digests} == {32}


@given(
    st.lists(st.text(st.characters(codec=None)), max_size=4), st.lists(st.text(st.characters(codec=None)), max_size=4)
)
def test_parts_that_are_cut_elsewhere_make_another_mark(one: list[str], other: list[str]) -> None:
    assert (KEY.digest("p", *one) == KEY.digest("p", *other)) == (one == other)


@pytest.mark.parametrize("text", ["1:a\x1f1:b", "a\x1f1:b", "\x1f", ""])
def test_what_separates_parts_may_stand_inside_one(text: str) -> None:
    assert len({KEY.digest("p", text), KEY.digest("p", "a", "b"), KEY.digest("p", text, ""), KEY.digest("p")}) == 4


def test_a_contact_leaves_a_mark_alone_and_one_with_the_name() -> None:
    digests = contact_digests(KEY, ["ana@example.com", "+351912345678"], "ana silva")
    assert {kind: len(set(found)) for kind, found in digests.items()} == {
        MarkKind.CONTACT: 2,
        MarkKind.CONTACT_AND_NAME: 2,
    }
    other = contact_digests(KEY, ["ana@example.com", "+351912345678"], "rui silva")
    assert other[MarkKind.CONTACT] == digests[MarkKind.CONTACT]
    assert not set(other[MarkKind.CONTACT_AND_NAME]) & set(digests[MarkKind.CONTACT_AND_NAME])


def test_a_mark_says_which_normalisation_it_was_made_with() -> None:
    mark = Mark(KEY.digest(f"contact/{MARK_VERSION}", "ana@example.com"), MarkKind.CONTACT, BlockId(UUID(int=1)))
    assert mark.version == MARK_VERSION == 1


def test_the_key_is_never_shown() -> None:
    key = MarkKey(b"canary canary")
    for shown in (repr(key), str(key), f"{key}", repr([key])):
        assert "canary" not in shown


def test_the_check_recognises_a_key_and_no_other() -> None:
    keys = [mix_secret(SALON_KEY, secret) for secret in (None, b"", b"a", b"b")]
    assert all(one.check != other.check for one, other in pairwise(keys))
    assert mix_secret(SALON_KEY, b"a").check == keys[2].check
