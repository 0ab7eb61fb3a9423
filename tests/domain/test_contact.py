"""E-mail addresses, phone numbers, regions and countries."""

import pytest
from attrs import evolve
from hypothesis import example, given
from hypothesis import strategies as st

from salon_crm.domain.contact import EmailAddress, PhoneNumber, parse_country, parse_region, phone_spellings
from salon_crm.errors import InvalidValue

any_text = st.text(st.characters(codec=None))


def phone(text: object, region: str = "ZZ") -> PhoneNumber:
    return PhoneNumber.parse(text, region=region)


def phone_refusal(text: object, region: str = "ZZ") -> InvalidValue:
    with pytest.raises(InvalidValue) as caught:
        phone(text, region)
    assert caught.value.field == "mobile"
    return caught.value


def email_refusal(text: object) -> InvalidValue:
    with pytest.raises(InvalidValue) as caught:
        EmailAddress.parse(text)
    assert caught.value.field == "email"
    return caught.value


# -------------------------------------------------------------------------------------------- phones


@pytest.mark.parametrize(
    "written",
    [
        "07700 900123",
        "7700 900123",
        "+44 7700 900123",
        "+44 (0)7700 900123",
        "+44 0 7700 900123",
        "0044 7700 900123",
        "0044 (0)7700 900123",
        "44 7700 900123",
        "(07700) 900-123",
        "07700.900.123",
        "07700/900123",
        "tel:+44-7700-900123",
        "'+447700900123",
        "٠٧٧٠٠ ٩٠٠١٢٣",
        "०७७०० ९००१२३",
        "０７７００　９００１２３",
        "＋44 7700 900123",
        "\u202a+44 7700 900123\u202c",
        "07700\u00a0900123",
        "07700\u2011900\u2011123",
        "\u200e07700 900123\ufeff",
    ],
)
def test_a_mobile_is_taken_as_people_write_it_and_kept_as_e164(written: str) -> None:
    assert str(phone(written, "GB")) == "+447700900123"


@pytest.mark.parametrize("written", ["+44 7700 900123", "0044 7700 900123", "00 44 (0)7700 900123", "00(44)7700900123"])
def test_a_number_with_its_country_code_needs_no_region(written: str) -> None:
    assert str(phone(written)) == str(phone(written, "PT")) == "+447700900123"


@pytest.mark.parametrize(
    ("written", "region", "e164"),
    [
        ("0912 345 678", "PT", "+351912345678"),
        ("+351 (0)912 345 678", "ZZ", "+351912345678"),
        ("0 912 34 567", "NO", "+4791234567"),
        ("06 30 123 4567", "HU", "+36301234567"),
        ("8 (912) 345-67-89", "RU", "+79123456789"),
        ("011 15 1234 5678", "AR", "+5491112345678"),
    ],
)
def test_a_leading_zero_is_tolerated_also_where_the_country_has_none(written: str, region: str, e164: str) -> None:
    assert phone(written, region).e164 == e164


def test_the_leading_zero_of_an_italian_number_belongs_to_it() -> None:
    rome = phone("06 1234 5678", "IT")
    assert (rome.e164, rome.national, rome.international) == ("+390612345678", "06 1234 5678", "+39 06 1234 5678")
    assert phone("+39 06 1234 5678") == rome
    assert phone("347 123 4567", "IT").e164 == "+393471234567"


def test_a_phone_is_shown_nationally_and_internationally() -> None:
    lisbon = phone("912345678", "PT")
    assert (lisbon.national, lisbon.international) == ("912 345 678", "+351 912 345 678")


@pytest.mark.parametrize(
    "written", ["07700 900123 ext. 12", "07700900123x12", "07700 900123 #12", "+44 7700 900123;ext=12"]
)
def test_an_extension_is_kept_beside_the_number_and_recognises_nobody(written: str) -> None:
    number = phone(written, "GB")
    assert (number.e164, number.extension, number.national) == ("+447700900123", "12", "07700 900123 x12")
    assert number.key == phone("07700 900123", "GB").key
    assert number != phone("07700 900123", "GB")


@pytest.mark.parametrize(
    ("written", "region", "reason"),
    [
        ("12", "PT", "it is too short"),
        ("912 345 678 901", "PT", "it is too long"),
        ("1" * 30, "PT", "it has too few digits or too many"),
        ("900123", "GB", "the area code is missing"),
        ("+1 555 0100", "ZZ", "the area code is missing"),
        ("+999 1234567", "ZZ", "no country has this country code"),
        ("1-800-FLOWERS", "US", "it holds more than digits, spaces and + - ( ) . /"),
        ("FLOWERS", "US", "it holds no digits"),
        ("+44 7700 900123 (home)", "ZZ", "it holds more than digits, spaces and + - ( ) . /"),
        ("07700 900123 / 07700 900124", "GB", "it has too few digits or too many"),
        ("++447700900123", "ZZ", "it holds more than digits, spaces and + - ( ) . /"),
        ("000 000 000", "PT", "it is nothing but zeros"),
        ("+351 000 000 000", "ZZ", "it is nothing but zeros"),
        ("+", "PT", "it holds no digits"),
        ("#31#912345678", "PT", "it holds more than digits, spaces and + - ( ) . /"),
        ("+44 12", "ZZ", "it is too short"),
    ],
)
def test_a_number_that_cannot_exist_is_refused_with_the_reason(written: str, region: str, reason: str) -> None:
    problem = phone_refusal(written, region)
    assert (problem.code, problem.params["reason"]) == ("phone-invalid", reason)


@pytest.mark.parametrize("written", ["912 345 678", "07700 900123", "351912345678"])
def test_a_national_number_needs_a_region(written: str) -> None:
    assert phone_refusal(written).code == "phone-needs-region"
    assert phone_refusal(written, "ZZ").code == "phone-needs-region"


@pytest.mark.parametrize(
    ("written", "region"), [("07700 900123", "GB"), ("(202) 555-0143", "US"), ("999 999 999", "PT")]
)
def test_a_possible_number_that_nobody_was_assigned_is_kept_and_marked(written: str, region: str) -> None:
    number = phone(written, region)
    assert number.valid is (region == "US")
    assert number.e164.endswith(written[-3:])


def test_a_number_kept_since_the_phone_library_thought_otherwise_still_loads() -> None:
    odd = PhoneNumber("+9991234567", False)
    assert phone_spellings(odd.e164) == ("9991234567",)
    assert PhoneNumber.parse(odd) is odd


@pytest.mark.parametrize(
    "number",
    [
        PhoneNumber("abc"),
        PhoneNumber(""),
        PhoneNumber("351912345678"),
        PhoneNumber("+351 912345678"),
        PhoneNumber("+3519123456\n"),
        PhoneNumber("+٣٥١٩١٢٣٤٥٦٧٨"),
        PhoneNumber("+351912345678", extension="=1+1"),
        PhoneNumber("+351912345678", extension="12345678"),
    ],
)
def test_a_number_that_somebody_made_must_be_in_e164(number: PhoneNumber) -> None:
    assert phone_refusal(number).code == "phone-invalid"


def test_a_number_the_phone_library_does_not_know_is_shown_as_it_is_kept() -> None:
    assert [(odd.national, odd.international) for odd in (PhoneNumber("abc"), PhoneNumber("+9991234567"))] == [
        ("abc", "abc"),
        ("+9991234567", "+9991234567"),
    ]


@pytest.mark.parametrize(
    ("written", "spellings"),
    [
        ("+447700900123", ("447700900123", "07700900123", "4407700900123")),
        ("+351912345678", ("351912345678",)),
        ("+36301234567", ("36301234567", "06301234567", "3606301234567")),
        ("+390612345678", ("390612345678",)),
        ("+80012345678", ("80012345678",)),
    ],
)
def test_a_number_is_looked_for_with_country_code_with_national_prefix_and_with_both(
    written: str, spellings: tuple[str, ...]
) -> None:
    assert phone_spellings(written) == spellings


@pytest.mark.parametrize(
    ("written", "national"),
    [("+77011234567", "8 (701) 123 4567"), ("+12423221234", "(242) 322-1234"), ("+447911123456", "07911 123456")],
)
def test_countries_share_a_calling_code_and_the_number_is_right_in_each(written: str, national: str) -> None:
    assert phone(written).national == national
    assert phone(written).valid


@pytest.mark.parametrize("written", ["999 999 999", "900 000 000", "911 111 111"])
def test_repeated_digits_are_a_placeholder_and_recognise_nobody(written: str) -> None:
    assert phone(written, "PT").is_placeholder


def test_five_equal_digits_at_the_end_are_a_number_like_others() -> None:
    assert not phone("910 000 001", "PT").is_placeholder
    assert not phone("912 400 000", "PT").is_placeholder


def test_whether_a_number_was_assigned_does_not_make_it_another_one_to_be_recognised_by() -> None:
    number = phone("+447700900123")
    assert number.key == evolve(number, valid=True).key


@given(
    any_text | st.from_regex(r"[+0-9() ./x#-]{0,20}", fullmatch=True), st.sampled_from(["ZZ", "PT", "GB", "US", "IT"])
)
@example("+80" * 160, "ZZ")
@example("00", "ZZ")
@example("0" * 20, "IT")
def test_any_text_is_a_number_that_can_be_read_again_or_is_refused_without_being_quoted(text: str, region: str) -> None:
    try:
        number = phone(text, region)
    except InvalidValue as problem:
        assert problem.field == "mobile"
        assert problem.code in (
            "phone-invalid",
            "phone-needs-region",
            "text-empty",
            "text-too-long",
            "text-line-break",
            "text-forbidden-character",
        )
    else:
        assert phone(number.e164).e164 == number.e164
        assert number.key[1:] in phone_spellings(number.e164)
        assert number.national
        assert number.international.startswith("+")


@given(st.integers(10**6, 10**12))
def test_a_refusal_never_quotes_the_number(digits: int) -> None:
    try:
        phone(f"{digits}a", "GB")
    except InvalidValue as problem:
        assert str(digits) not in str(problem)
        assert str(digits) not in repr(problem.params)


@pytest.mark.parametrize("value", [None, 912345678, b"912345678", ["912345678"]])
def test_a_phone_is_text(value: object) -> None:
    assert phone_refusal(value, "PT").code == "wrong-type"


@pytest.mark.parametrize(("written", "kept"), [("PT", "PT"), ("pt", "PT"), ("ZZ", "ZZ"), ("zz", "ZZ"), ("Gb", "GB")])
def test_a_region_is_two_letters_and_zz_is_none(written: str, kept: str) -> None:
    assert parse_region(written, "region") == kept
    phone("+447700900123", region=written)


@pytest.mark.parametrize("written", ["", "P", "PRT", "XX", "ßß", "12", None, 5, "ﬀ"])
def test_a_region_nobody_phones_is_refused(written: object) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_region(written, "region")
    assert (caught.value.code, caught.value.field) == ("region-unknown", "region")


def test_a_number_in_a_region_that_is_none_is_refused_for_the_region() -> None:
    with pytest.raises(InvalidValue) as caught:
        phone("07700 900123", region="UK")
    assert caught.value.field == "region"


# -------------------------------------------------------------------------------------------- e-mails


@pytest.mark.parametrize(
    ("written", "address", "key"),
    [
        ("ana@example.com", "ana@example.com", "ana@example.com"),
        (" Ana.Silva@Example.COM ", "Ana.Silva@example.com", "ana.silva@example.com"),
        ("mailto:ana@example.com", "ana@example.com", "ana@example.com"),
        ("MailTo:ana@example.com", "ana@example.com", "ana@example.com"),
        ("\u202aana@example.com\u202c", "ana@example.com", "ana@example.com"),
        ("ana@example\u3002com", "ana@example.com", "ana@example.com"),
        ("ana@ｅｘａｍｐｌｅ.com", "ana@example.com", "ana@example.com"),
        ("jose\u0301@example.com", "josé@example.com", "josé@example.com"),
        ("STRASSE@example.com", "STRASSE@example.com", "strasse@example.com"),
        ("o'neil+salon@example.com", "o'neil+salon@example.com", "o'neil+salon@example.com"),
    ],
)
def test_an_email_is_normalised_and_its_local_part_keeps_its_case(written: str, address: str, key: str) -> None:
    email = EmailAddress.parse(written)
    assert (str(email), email.key) == (address, key)


@pytest.mark.parametrize("written", ["ana@bücher.example", "ana@xn--bcher-kva.example", "ANA@BÜCHER.EXAMPLE"])
def test_the_two_spellings_of_an_international_domain_are_one_key(written: str) -> None:
    assert EmailAddress.parse(written).key == "ana@xn--bcher-kva.example"


def test_addresses_that_differ_in_case_are_one_key_and_two_spellings() -> None:
    one, other = EmailAddress.parse("Ana@example.com"), EmailAddress.parse("ana@example.com")
    assert one.key == other.key
    assert one != other


@pytest.mark.parametrize("written", ["straße@example.com", "strasse@example.com"])
def test_a_folded_local_part_recognises_an_address_as_people_type_it(written: str) -> None:
    assert EmailAddress.parse(written).key == "strasse@example.com"


@pytest.mark.parametrize(
    ("written", "reason"),
    [
        ("ana", "it needs exactly one @"),
        ("ana@@example.com", "it needs exactly one @"),
        ("ana@example.com, rui@example.com", "it needs exactly one @"),
        ('"a@b"@example.com', "it needs one @ outside quotes"),
        ("@example.com", "something must stand on both sides of the @"),
        ("ana@", "something must stand on both sides of the @"),
        ("an a@example.com", "it holds a space"),
        ("Ana <ana@example.com>", "it holds a space"),
        ("ana@example", "what follows the @ has no dot"),
        ("ana@localhost", "what follows the @ has no dot"),
        ("a..b@example.com", "a dot is at the wrong place"),
        ("ana.@example.com", "a dot is at the wrong place"),
        ("ana@example.com.", "a dot is at the wrong place"),
        ("ana@.com", "a dot is at the wrong place"),
        ("a@" + "b" * 64 + ".com", "it is too long"),
        ("a@" + "b.c" * 120 + ".com", "it is too long"),
        ("ana@salon.local", "its domain is reserved and receives no mail"),
        ("ana@salon.test", "its domain is reserved and receives no mail"),
        ("ana@[127.0.0.1]", "it holds a character that addresses do not have"),
        ("ana;rui@example.com", "it holds a character that addresses do not have"),
        ("ana@exa_mple.com", "it holds a character that addresses do not have"),
        ("ana@example.123", "it holds a character that addresses do not have"),
    ],
)
def test_what_is_no_email_is_refused_with_the_reason(written: str, reason: str) -> None:
    problem = email_refusal(written)
    assert (problem.code, problem.params["reason"]) == ("email-invalid", reason)


@given(any_text | st.from_regex(r"[a-z.@\" <>-]{0,20}canary[a-z.@\" <>-]{0,20}", fullmatch=True))
@example('"canary"@example.com')
@example("canary@" + "b" * 300)
@example("canary@xn--a.example")
@example("canary@a.b.c.d@e")
def test_any_text_is_an_email_that_can_be_read_again_or_is_refused_without_being_quoted(text: str) -> None:
    try:
        email = EmailAddress.parse(text)
    except InvalidValue as problem:
        assert problem.field == "email"
        assert "canary" not in str(problem)
        assert "canary" not in repr(problem.params)
    else:
        again = EmailAddress.parse(email.address)
        assert (again, again.key) == (email, email.key)


@pytest.mark.parametrize("local", ["none", "NONE", "noemail", "no-reply", "test", "xxx"])
def test_an_address_written_to_satisfy_a_form_recognises_nobody(local: str) -> None:
    assert EmailAddress.parse(f"{local}@example.com").is_placeholder


def test_an_address_is_no_placeholder_for_holding_such_a_word() -> None:
    assert not EmailAddress.parse("nonette@example.com").is_placeholder


@pytest.mark.parametrize("value", [None, 7, b"ana@example.com", ["ana@example.com"]])
def test_an_email_is_text(value: object) -> None:
    assert email_refusal(value).code == "wrong-type"


@pytest.mark.parametrize(
    "email",
    [
        EmailAddress.parse("Ana@example.com"),
        EmailAddress.parse("José@Bücher.example"),
        EmailAddress("kept-before@the.library.localhost", "kept-before@the.library.localhost"),
    ],
)
def test_an_address_that_was_parsed_before_is_taken_as_it_is(email: EmailAddress) -> None:
    assert EmailAddress.parse(email) is email


@pytest.mark.parametrize(
    ("address", "key"),
    [
        ("kept since before@the library", "kept since before@the library"),
        ("ana@example.com", "bea@example.com"),
        ("Ana@example.com", "Ana@example.com"),
        ("ana@bücher.example", "ana@bücher.example"),
        ("ana@☃☃..example", "ana@☃☃..example"),
        ("ana", "ana@"),
        ("@example.com", "@example.com"),
        ("ana@b@example.com", "ana@b@example.com"),
        ("ana\u200b@example.com", "ana\u200b@example.com"),
        ("a" * 320 + "@example.com", "a" * 320 + "@example.com"),
        ("ana\n@example.com", "ana\n@example.com"),
        ("", ""),
    ],
)
def test_an_address_that_somebody_made_must_be_one_and_have_its_key(address: str, key: str) -> None:
    assert email_refusal(EmailAddress(address, key)).code in ("email-invalid", "text-empty", "text-line-break")


# ------------------------------------------------------------------------------------------ countries


@pytest.mark.parametrize(
    ("written", "code"),
    [
        ("PT", "PT"),
        ("pt", "PT"),
        ("Portugal", "PT"),
        ("PORTUGAL", "PT"),
        ("Deutschland", "DE"),
        ("Österreich", "AT"),
        ("osterreich", "AT"),
        ("Brasil", "BR"),
        ("日本", "JP"),
        ("UK", "GB"),
        ("USA", "US"),
        ("England", "GB"),
    ],
)
def test_a_country_is_stated_by_its_code_or_its_name(written: str, code: str) -> None:
    assert parse_country(written, "country") == code


@pytest.mark.parametrize("written", ["XX", "Atlantis", "P", "12", "PRT"])
def test_what_is_no_country_is_refused(written: str) -> None:
    with pytest.raises(InvalidValue) as caught:
        parse_country(written, "address.country")
    assert (caught.value.code, caught.value.field) == ("country-unknown", "address.country")


def test_an_address_is_the_same_whatever_key_it_was_kept_with() -> None:
    kept_before_the_rule_changed = EmailAddress("Ana@example.com", "Ana@example.com")
    assert kept_before_the_rule_changed == EmailAddress.parse("Ana@example.com", "email")


def test_an_address_that_somebody_made_has_three_hundred_and_twenty_characters() -> None:
    longest = "a" * 308 + "@example.com"
    assert EmailAddress.parse(EmailAddress(longest, longest), "email").address == longest
    with pytest.raises(InvalidValue) as caught:
        EmailAddress.parse(EmailAddress("a" + longest, "a" + longest), "email")
    assert caught.value.code == "email-invalid"
