"""What text is kept, and the keys it is found by."""

import sys
import time
import unicodedata
from functools import lru_cache

import pytest
from hypothesis import example, given
from hypothesis import strategies as st

from salon_crm.domain.text import (
    _SAME,
    FOLD_VERSION,
    NAME_KEY_LIMIT,
    NAME_LIMIT,
    NOTE_LIMIT,
    _fold_any,
    _spell_any,
    _spelled,
    clean_name,
    clean_text,
    drop_invisible,
    fold,
    same_words,
    sort_key,
    words_of,
)
from salon_crm.errors import InvalidValue

any_text = st.text(st.characters(codec=None))
"""Any text, lone surrogates included."""
kept_text = st.text(st.characters(exclude_categories=["Cs", "Cc"]))


def refusal(text: object, *, lines: bool = False) -> InvalidValue:
    with pytest.raises(InvalidValue) as caught:
        clean_text(text, "note", lines=lines)
    assert caught.value.field == "note"
    return caught.value


# ------------------------------------------------------------------------------------- the search key


@lru_cache(maxsize=1)
def keys() -> list[tuple[str, str]]:
    """Every character there is, and the key it is found by."""
    return [(character, fold(character)) for character in map(chr, range(sys.maxunicode + 1))]


@pytest.mark.no_cover
def test_folding_twice_changes_nothing_for_any_code_point() -> None:
    assert [character for character, key in keys() if key != character and fold(key) != key] == []


@pytest.mark.no_cover
def test_the_key_of_a_code_point_has_no_mark_no_capital_and_nothing_invisible() -> None:
    parts = {part for _, key in keys() for part in key}
    assert {part for part in parts if part != part.casefold()} == set()
    assert {part for part in parts if unicodedata.category(part) in ("Mn", "Mc", "Me", "Cf")} == set()
    assert {part for part in parts if unicodedata.category(part) == "Nd"} == set("0123456789")


@given(any_text)
@example("\u1100\u1161")  # Hangul written in parts becomes one syllable
@example("\u1100\u200d\u1161")
@example("A\u0345\u0301")
def test_folding_twice_changes_nothing(text: str) -> None:
    assert fold(fold(text)) == fold(text)


@given(any_text)
def test_the_key_does_not_depend_on_how_the_text_was_composed(text: str) -> None:
    assert fold(unicodedata.normalize("NFD", text)) == fold(unicodedata.normalize("NFC", text)) == fold(text)


def has_iota_below(character: str) -> bool:
    """Whether this is a letter of old Greek whose capital writes a mark as a letter of its own."""
    return "\u0345" in unicodedata.normalize("NFD", character)


@given(st.text(st.characters(codec=None).filter(lambda c: not has_iota_below(c))))
@example("İI ıi ǅ ŉ ß ẞ ς")
def test_the_key_does_not_depend_on_case(text: str) -> None:
    assert fold(text.lower()) == fold(text.upper()) == fold(text.title()) == fold(text)


def is_jamo(character: str) -> bool:
    return any("\u1100" <= part <= "\u11ff" for part in unicodedata.normalize("NFKD", character))


@given(st.text(), st.text(st.characters().filter(lambda c: not is_jamo(c))), st.text())
def test_any_part_of_a_text_is_found_in_it(before: str, part: str, after: str) -> None:
    assert fold(part) in fold(f"{before}\u0020{part}\u0020{after}")
    assert fold(part) in fold(before + part + after)


@pytest.mark.parametrize(
    ("typed", "kept"),
    [
        ("jose", "José"),
        ("JOSÉ", "Jose\u0301"),
        ("strasse", "Straße"),
        ("STRASSE", "STRAẞE"),
        ("lukasz", "Łukasz"),
        ("soren", "Søren"),
        ("aegir", "Ægir"),
        ("oeuvre", "Œuvre"),
        ("thorunn", "Þórunn"),
        ("gudrun", "Guðrún"),
        ("nguyen thi dep", "Nguyễn Thị Đẹp"),
        ("istanbul", "İstanbul"),
        ("isil", "Işıl"),
        ("ISIL", "ışıl"),
        ("sofia", "ＳＯＦＩＡ"),
        ("2026", "٢٠٢٦"),
        ("2026", "२०२६"),
        ("２０２６", "2026"),
        ("山田", "山田"),
        ("ｱｷﾗ", "アキラ"),
        ("김", "\u1100\u1175\u11b7"),
        ("김민준", "김민준"),
        ("ΟΔΥΣΣΕΥΣ", "Οδυσσεύς"),
        ("alena", "Alëna"),
        ("алена", "Алёна"),
        ("אבגד", "אָבְגָד"),
        ("محمد", "مُحَمَّد"),
        ("o'neil", "O’Neil"),
        ("O`Neil", "OʼNeil"),
        ("anne-marie", "Anne‑Marie"),
        ("Anne–Marie", "anne−marie"),
        ("annemarie", "Anne\u00admarie"),
        ("d'avila", "D\u00b4Ávila"),
        ("d'avila", "D\u1ffdÁvila"),
        ("नमरत", "नम्रता"),
        ("میخواهم", "می\u200cخواهم"),
        ("fi", "ﬁ"),
    ],
)
def test_people_are_found_as_they_are_typed(typed: str, kept: str) -> None:
    assert fold(typed) == fold(kept)


@pytest.mark.parametrize(
    ("one", "other"), [("Ana", "Anna"), ("山田", "田山"), ("김", "감"), ("ya", "я"), ("O'Neil", "ONeil")]
)
def test_different_words_stay_different(one: str, other: str) -> None:
    assert fold(one) != fold(other)


@given(st.text())
def test_the_order_of_a_list_ignores_how_words_are_spaced(text: str) -> None:
    assert sort_key("  " + text.replace(" ", "  ")) == sort_key(text)
    assert "  " not in sort_key(text)


def test_the_same_words_in_another_order_are_the_same_name() -> None:
    assert same_words("Ana Silva") == same_words("SILVA ana") == same_words("Silva, Ana") == same_words("silva,ana")
    assert same_words("Ana Silva") != same_words("Ana Silva Silva")


@pytest.mark.parametrize(
    ("one", "other"),
    [
        ("JOSÉ Łukasz", "lukasz jose"),
        ("Nguyễn Thị Đẹp", "nguyen thi dep"),
        ("Οδυσσεύς", "ΟΔΥΣΣΕΥΣ"),
        ("Алёна", "алена"),
        ("אָבְגָד", "אבגד"),
        ("مُحَمَّد", "محمد"),
        ("ﾊﾞﾅ", "バナ"),
        ("ハ゛ナ", "バナ"),
        ("O’Neil", "o'neil"),
        ("D´Ávila", "D'Avila"),
        ("葛\U000e0100城", "葛城"),
        ("김", "\u1100\u1175\u11b7"),
        ("२०", "20"),
        ("ｶﾞ", "カ\u3099"),
    ],
)
def test_spellings_of_one_name_have_the_same_words(one: str, other: str) -> None:
    assert same_words(one) == same_words(other)


@pytest.mark.parametrize(
    ("one", "other"),
    [("रीना शर्मा", "रानी शर्मा"), ("かき", "かぎ"), ("ハナ", "パナ"), ("นที", "นทิ"), ("রিনা", "রানা"), ("நமி", "நமு")],
)
def test_marks_that_are_letters_tell_people_apart_and_yet_widen_a_search(one: str, other: str) -> None:
    assert same_words(one) != same_words(other)
    assert same_words(one) == same_words(unicodedata.normalize("NFD", one))
    assert fold(one) == fold(other)


@given(st.text(st.characters(max_codepoint=0x24F, exclude_categories=["Cs", "Cc"])))
def test_latin_names_have_the_words_of_their_search_key(name: str) -> None:
    assert same_words(name) == " ".join(sorted(fold(name).replace(",", " ").split()))


@given(any_text)
def test_the_words_of_words_are_the_same(name: str) -> None:
    assert same_words(unicodedata.normalize("NFD", name)) == same_words(unicodedata.normalize("NFC", name))


@pytest.mark.parametrize(
    "mark",
    [
        *("\u034f", "\u0591", "\u05bd", "\u05c7", "\u0610", "\u061a", "\u064b", "\u065f", "\u0670", "\u06d6", "\u06ed"),
        *("\u08ca", "\u08ff", "\u180b", "\u180f", "\ufe00", "\ufe0f", "\U000e0100", "\U000e01ef"),
    ],
)
def test_marks_that_may_be_left_out_tell_nobody_apart(mark: str) -> None:
    for letter in "שبक":
        assert same_words(f"{letter}{mark}{letter}") == same_words(letter * 2)


def test_a_loose_mark_before_the_first_letter_tells_nobody_apart() -> None:
    assert same_words("\u094dAna") == same_words("\u0301Ana") == same_words("Ana")


def test_the_version_of_the_keys_names_the_unicode_they_were_made_with() -> None:
    assert FOLD_VERSION.endswith(unicodedata.unidata_version)


# --------------------------------------------------------------------------------- text that is kept


@given(kept_text.filter(str.strip))
def test_text_is_kept_composed_with_single_spaces_and_nothing_around_it(text: str) -> None:
    try:
        kept = clean_text(text, "city")
    except InvalidValue as problem:
        assert problem.code in ("text-too-long", "text-forbidden-character", "text-empty")
        return
    assert kept == unicodedata.normalize("NFC", kept) == " ".join(kept.split())
    assert clean_text(kept, "city") == kept


@given(any_text)
def test_no_text_brings_any_other_error_than_a_refusal_that_names_the_field(text: str) -> None:
    for lines in (False, True):
        try:
            kept = clean_text(text, "note", lines=lines)
        except InvalidValue as problem:
            assert problem.field == "note"
        else:
            kept.encode()


@pytest.mark.parametrize("value", [None, 7, b"Ana", ["Ana"], True])
def test_what_is_no_text_is_refused(value: object) -> None:
    assert refusal(value).code == "wrong-type"


@pytest.mark.parametrize("text", ["", " ", "\u00a0\u2003", "\u3000"])
def test_empty_text_is_refused(text: str) -> None:
    assert refusal(text).code == "text-empty"


def test_every_control_and_every_lone_surrogate_is_refused_with_its_place() -> None:
    for point in [*range(0x20), *range(0x7F, 0xA0), *range(0xD800, 0xE000)]:
        if chr(point) in "\n\t":
            continue
        problem = refusal(f"Ana{chr(point)}Silva")
        assert (problem.code, problem.params["position"]) == ("text-forbidden-character", 3)
        assert problem.params["character"] == f"U+{point:04X}"


@pytest.mark.parametrize("mark", "\u061c\u200e\u200f\u202a\u202b\u202c\u202d\u202e\u2066\u2067\u2068\u2069")
def test_controls_that_turn_the_direction_of_text_are_refused(mark: str) -> None:
    assert refusal(f"Ana {mark}avliS").code == "text-forbidden-character"
    assert refusal(f"Ana {mark}avliS", lines=True).code == "text-forbidden-character"


@pytest.mark.parametrize("joiner", ["\u200c", "\u200d"])
def test_joiners_stay_because_some_scripts_and_emoji_need_them(joiner: str) -> None:
    assert clean_text(f"می{joiner}خواهم", "note") == f"می{joiner}خواهم"
    assert clean_text("👩\u200d🦰", "note") == "👩\u200d🦰"


def test_line_breaks_and_tabs_stay_only_where_lines_are_allowed() -> None:
    assert clean_text("one\r\ntwo\rthree\n\tfour", "note", lines=True) == "one\ntwo\nthree\n\tfour"
    problem = refusal("one\ntwo")
    assert (problem.code, problem.params["position"]) == ("text-line-break", 3)
    assert refusal("one\ttwo").code == "text-forbidden-character"


def test_text_has_a_limit_in_characters_as_it_is_kept() -> None:
    assert clean_text("e\u0301" * 500, "note") == "é" * 500
    problem = refusal("a" * 501)
    assert (problem.code, problem.params["length"], problem.params["limit"]) == ("text-too-long", 501, 500)
    assert len(clean_text("a" * NOTE_LIMIT, "note", limit=NOTE_LIMIT)) == NOTE_LIMIT


def test_white_space_around_a_text_does_not_count_up_to_three_times_its_limit() -> None:
    assert clean_text(" " * 1_500 + "a" * 500, "note") == "a" * 500
    assert refusal(" " * 1_501 + "a" * 500).params["length"] == 2_001


@pytest.mark.parametrize("character", ["a", "é", "e\u0301", " ", "\u200d", "\0", "\ud800"])
def test_ten_megabytes_of_text_are_refused_at_once(character: str) -> None:
    text = character * (10_000_000 // len(character))
    began = time.perf_counter()
    assert refusal(text).code == "text-too-long"
    with pytest.raises(InvalidValue):
        clean_name(text, "name")
    assert time.perf_counter() - began < 0.05


# -------------------------------------------------------------------------------------------- names


def test_a_name_has_two_hundred_characters() -> None:
    assert clean_name("a" * NAME_LIMIT, "name") == "a" * NAME_LIMIT
    with pytest.raises(InvalidValue, match="at most 200"):
        clean_name("a" * (NAME_LIMIT + 1), "name")


def test_a_name_whose_search_form_grows_beyond_an_index_is_refused() -> None:
    with pytest.raises(InvalidValue) as caught:
        clean_name("\ufdfa" * NAME_LIMIT, "name")  # one ligature of eighteen letters
    assert caught.value.code == "text-key-too-long"
    assert caught.value.params["limit"] == NAME_KEY_LIMIT


def test_the_search_form_of_a_name_has_fifteen_hundred_bytes() -> None:
    grown = "\ufdfa" * 45  # 33 bytes each
    assert clean_name(grown + "ab" * 7 + "a", "name")
    with pytest.raises(InvalidValue) as caught:
        clean_name(grown + "ab" * 8, "name")
    assert (caught.value.code, caught.value.params["length"]) == ("text-key-too-long", 1_501)


@pytest.mark.parametrize("name", ["\u200d", "\u0301", "\u200b\ufeff", "\u00ad \u200c"])
def test_a_name_of_nothing_that_could_be_found_is_empty(name: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        clean_name(name, "name")
    assert caught.value.code == "text-empty"


@given(st.text())
def test_every_name_that_is_kept_can_be_found(name: str) -> None:
    try:
        kept = clean_name(name, "name")
    except InvalidValue:
        return
    assert 0 < len(sort_key(kept).encode()) <= NAME_KEY_LIMIT


# --------------------------------------------------------------------------- what is pasted unseen


def test_invisible_marks_around_numbers_and_addresses_are_dropped() -> None:
    assert drop_invisible("\u202a+351\u00ad 912\u200e\u202c\ufeff") == "+351 912"
    assert drop_invisible("ana@example.com") == "ana@example.com"
    assert drop_invisible("josé") == "josé"


# ------------------------------------------------------------------------------- folding letter by letter

letters = st.one_of(
    st.characters(max_codepoint=0x24F, exclude_categories=["Cs"]),
    st.sampled_from("\u0301\u0308`´ʹ‐’ßſıİﬁ中がकि\u200d\u05d0\u05b0"),
    st.characters(exclude_categories=["Cs"]),
)


@given(st.text(letters, max_size=12))
def test_latin_is_folded_letter_by_letter_to_what_the_whole_text_is_folded_to(text: str) -> None:
    folded = text.lower().translate(_SAME) if text.isascii() else _fold_any(text)
    assert fold(text) == folded
    assert words_of(text) == (folded if text.isascii() else _spell_any(text)).replace(",", " ").split()


@given(st.lists(st.text(letters, max_size=6), max_size=4), st.sampled_from(" \u3000\u00a0\u1680\x1f\n"))
def test_a_name_is_folded_word_by_word_to_what_the_whole_name_is_folded_to(words: list[str], space: str) -> None:
    name = space.join(words)
    assert sort_key(name) == " ".join(fold(name).split())
    assert words_of(name) == _spelled(name).replace(",", " ").split()


def test_what_changes_its_neighbours_is_folded_at_the_ends_of_a_word_as_within_a_name() -> None:
    marks = (character for character in map(chr, range(0x110000)) if unicodedata.category(character)[0] in "MZ")
    for mark in (*marks, "\u00a8", "\u00b4", "\u00b8", "\u037a", "\u309b", "\u309c", "\u200d", ","):
        name = f"a\u0915 {mark}b {mark}\u0915\u0301 \u304b{mark} c"
        assert sort_key(name) == " ".join(_fold_any(name).split())
        assert words_of(name) == _spell_any(name).replace(",", " ").split()


@pytest.mark.no_cover
def test_every_pair_of_latin_letters_is_folded_as_a_whole_text_is() -> None:
    for first in range(0x180):
        for second in range(0xA0, 0x180):
            text = chr(first) + chr(second)
            assert fold(text) == _fold_any(text)


@pytest.mark.no_cover
def test_no_character_is_folded_to_so_many_bytes_that_a_short_name_could_be_too_long() -> None:
    longest = max(len(key.encode()) for character, key in keys() if not "\ud800" <= character <= "\udfff")
    assert longest <= 40
