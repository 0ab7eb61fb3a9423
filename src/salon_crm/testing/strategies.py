"""Hypothesis strategies: people, contacts, bookings, sales, criteria and settings, all of them invented.

Texts come from several scripts and from the corners of Unicode; e-mails end in ``@example.com`` and
phones lie in ranges that regulators keep for fiction. What is drawn is what the library itself would
have kept: stores are not asked to clean anything.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any, Final
from zoneinfo import ZoneInfo

from attrs import evolve
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from salon_crm.domain.access import Role
from salon_crm.domain.blocks import Block
from salon_crm.domain.bookings import ANY_STATUS, COUNTING, OPEN, Booking, BookingOrigin, BookingStatus
from salon_crm.domain.catalogue import CatalogueItem
from salon_crm.domain.contact import EmailAddress, PhoneNumber
from salon_crm.domain.criteria import (
    FACTS,
    MOST_SPENT,
    MOST_VISITS,
    AllOf,
    AnyOf,
    Compare,
    Criterion,
    DigitRun,
    Fact,
    HasBooking,
    HasPackage,
    Not,
    OneOf,
    Op,
    Order,
    OrderKey,
    Text,
    text_criterion,
)
from salon_crm.domain.customers import Address, Customer, Gender, Status
from salon_crm.domain.dates import PartialDate
from salon_crm.domain.ids import CustomerId, ExternalId
from salon_crm.domain.money import MOST_MINOR, Money
from salon_crm.domain.notes import Note, clean_note
from salon_crm.domain.rewards import (
    MOST_POINTS,
    EarnPer,
    EarnRule,
    Expiry,
    LineShare,
    LotPart,
    OriginKind,
    RewardAction,
    RewardEntry,
    RewardLot,
    RewardOrigin,
    RewardProgramme,
    Rounding,
    Tier,
)
from salon_crm.domain.sales import (
    AssignedPackage,
    LineKind,
    Payment,
    Refund,
    RefundedLine,
    Sale,
    SaleLine,
    SaleStatus,
)
from salon_crm.domain.settings import REQUIRABLE_FIELDS, Settings
from salon_crm.domain.text import clean_name, clean_text
from salon_crm.errors import InvalidValue
from salon_crm.ports.store import BookingQuery, RewardQuery, SaleQuery
from salon_crm.testing.builders import (
    a_block,
    a_booking,
    a_customer_id,
    a_location,
    a_note,
    a_package,
    a_reward_entry,
    a_reward_lot,
    a_sale,
    a_service,
    a_service_type,
    a_staff_member,
    an_assigned_package,
    an_instant,
)

NAMES: Final = (
    "Ana Silva",
    "ana silva",
    "Ana-Maria Conceição",
    "Łukasz Wójcik",
    "Jürgen Groß",
    "Siobhán O’Brien",
    "Søren Ærø",
    "İpek Yıldız",
    "王小明",
    "さくら 田中",
    "김민준",
    "نور الهدى",
    "דנה כהן",
    "Ольга Ёлкина",
    "Γιώργος Παπαδόπουλος",
    "प्रिया शर्मा",
    "สมชาย ใจดี",
    "𝒜𝓃𝒶 💇‍♀️",
    "100% Ana_Lu",
    'Bea "Bee" (old)',
    "C* -D' \\E",
)
"""Names that have tripped somebody's search: scripts, apostrophes, letters without accents, what SQL and globs mean."""

E_MAILS: Final = ("ana@example.com", "Ana.Silva@example.com", "bea_costa@example.com", "josé@example.com")
PHONES: Final = tuple(
    PhoneNumber(e164, valid) for e164, valid in (
        ("+447700900123", False), ("+447700900124", False), ("+12025550123", True), ("+12025550199", True)
    )
)  # fmt: skip
PHONE_TEXTS: Final = (
    "+447700900123",
    "+44 7700 900 123",
    "0044 7700 900123",
    "+44 (0)7700 900124",
    "(202) 555-0123",
    "+1 202.555.0199",
)
FRAGMENTS: Final = (
    "ana", "SILVA", "silva a", "conceicao", "lukasz", "gross", "o'brien", "soren", "ipek", "王", "小明", "くら", "نور",
    "דנה", "елк", "παπα", "%", "_", '"', "'", "*", "(", "-", "\\", "100%", "a_l", "example.com", "@", "0123", "7700",
    "077 00", "+44 7700", "202", "x", "ana 0123", "",
)  # fmt: skip
"""What somebody may type into a search box."""

ZONES: Final = (UTC, ZoneInfo("Asia/Kathmandu"), ZoneInfo("America/St_Johns"), ZoneInfo("Pacific/Kiritimati"))


SERVICES: Final = ("cut", "cut-and-colour", "manicure", "стрижка")
PACKAGES: Final = ("package-1", "package-10", "пакет")
LOCATIONS: Final = ("chiado", "funchal", "王")
THERAPISTS: Final = ("gil-horta", "ines-jardim")
"""Codes that bookings, sales and criteria name; some begin as others do, some are of other scripts."""

LOCAL_ZONES: Final = ("Europe/Lisbon", "America/St_Johns", "America/New_York", "Asia/Kathmandu", "Pacific/Kiritimati")
"""Zones of locations, west and east of UTC; some change their clocks in the week that bookings are drawn from."""

_FIRST_DAY: Final = date(2026, 3, 27)
_DAYS: Final = 5


def _cleaned(text: str) -> str | None:
    try:
        return clean_name(text, "name")
    except InvalidValue:
        return None


def texts(*, longest: int = 40) -> SearchStrategy[str]:
    """Texts of one line, as the library keeps them, out of all planes of Unicode."""
    drawn = st.text(st.characters(exclude_categories=("Cc", "Cs")), min_size=1, max_size=longest).map(_cleaned)
    return drawn.filter(lambda text: text is not None).map(str)


def names() -> SearchStrategy[str]:
    """Names across scripts: known troublemakers and any text at all."""
    return st.one_of(st.sampled_from([clean_text(name, "name") for name in NAMES]), texts())


def emails() -> SearchStrategy[EmailAddress]:
    """E-mail addresses at example.com."""
    return st.sampled_from(E_MAILS).map(EmailAddress.parse)


def phones() -> SearchStrategy[PhoneNumber]:
    """Phone numbers of ranges kept for fiction, some with an extension."""
    return st.one_of(st.sampled_from(PHONES), st.sampled_from([evolve(phone, extension="12") for phone in PHONES]))


def partial_dates() -> SearchStrategy[PartialDate]:
    """Days with and without a year, from the year 1 to 9999, leap days too."""
    known = st.dates().map(lambda day: PartialDate(day.month, day.day, day.year))
    unknown = st.dates(date(2000, 1, 1), date(2000, 12, 31)).map(lambda day: PartialDate(day.month, day.day))
    return st.one_of(known, unknown)


def instants() -> SearchStrategy[datetime]:
    """Instants in several zones, to the microsecond; few enough that some are equal."""
    near = st.integers(0, 4).map(an_instant)
    far = st.integers(-(10**15), 10**15).map(lambda microseconds: an_instant() + timedelta(microseconds=microseconds))
    return st.builds(datetime.astimezone, st.one_of(near, far), st.sampled_from(ZONES))


def addresses() -> SearchStrategy[Address]:
    """Addresses with any of their parts."""
    part = st.none() | texts()
    lines = st.lists(texts(), max_size=3).map(tuple)
    return st.builds(
        Address,
        lines=lines,
        city=part,
        subdivision=part,
        postal_code=part,
        country=st.none() | st.sampled_from(["PT", "GB", "US"]),
    )


def customer_ids() -> SearchStrategy[CustomerId]:
    """Ids of the customers 1 to 8."""
    return st.integers(1, 8).map(a_customer_id)


def customers(**overrides: SearchStrategy[Any]) -> SearchStrategy[Customer]:
    """Customers with any of their fields; ids are few, and there are no external ids, which are unique in a salon."""
    text = st.none() | texts()
    fields: dict[str, SearchStrategy[Any]] = {
        "id": customer_ids(),
        "version": st.integers(1, 2**31),
        "added": instants(),
        "status": st.sampled_from(Status),
        "name": names(),
        "first_name": st.none() | names(),
        "last_name": st.none() | names(),
        "email": st.none() | emails(),
        "other_emails": _few(emails()),
        "mobile": st.none() | phones(),
        "other_phones": _few(phones()),
        "contact_declined": st.booleans(),
        "birthday": st.none() | partial_dates(),
        "anniversary": st.none() | partial_dates(),
        "gender": st.none() | st.sampled_from(Gender),
        "referral_source": text,
        "address": st.none() | addresses(),
        "language": st.sampled_from([None, "pt", "pt-BR"]),
        "zone": st.sampled_from([None, "Europe/Lisbon"]),
        "preferences": text,
        "former_names": _few(names()),
        "former_emails": _few(emails()),
        "former_phones": _few(phones()),
    }
    return st.builds(Customer, **{**fields, **overrides})


def searched_customers() -> SearchStrategy[Customer]:
    """Customers with just the fields that criteria and orders look at."""
    return st.builds(
        Customer,
        id=customer_ids(),
        added=instants(),
        status=st.sampled_from(Status),
        name=names(),
        last_name=st.none() | names(),
        email=st.none() | emails(),
        mobile=st.none() | phones(),
        gender=st.none() | st.sampled_from(Gender),
        former_names=_few(names()),
        former_phones=_few(phones()),
    )


def _few(values: SearchStrategy[Any]) -> SearchStrategy[tuple[Any, ...]]:
    return st.lists(values, max_size=2, unique=True).map(tuple)


def external_ids() -> SearchStrategy[ExternalId]:
    """Ids that other systems know customers by; few, so that two customers may want one."""
    return st.builds(ExternalId, st.sampled_from(["old-till", "web"]), st.sampled_from(["1", "01", "A", "a"]))


def notes() -> SearchStrategy[Note]:
    """Notes about the customers 1 to 8."""
    lines = st.lists(texts(), min_size=1, max_size=3).map("\n".join).map(clean_note)
    return st.builds(
        a_note,
        st.integers(1, 8),
        customer_id=customer_ids(),
        text=lines,
        alert=st.booleans(),
        at=instants(),
        edited_at=st.none() | instants(),
    )


def blocks() -> SearchStrategy[Block]:
    """Blocks of the customers 1 to 8, in force and lifted."""
    return st.builds(
        a_block, st.integers(1, 8), customer_id=customer_ids(), at=instants(), lifted_at=st.none() | instants()
    )


def local_instants() -> SearchStrategy[datetime]:
    """Instants in the week in which Europe sets its clocks forward: full hours, and a microsecond beside them."""
    midnight = datetime.combine(_FIRST_DAY, datetime.min.time(), UTC)

    def moment(hour: int, beside: int) -> datetime:
        return midnight + timedelta(hours=hour, microseconds=beside)

    return st.builds(moment, st.integers(0, 24 * _DAYS), st.sampled_from((0, 0, -1, 1)))


def local_days() -> SearchStrategy[date]:
    """Days of that week."""
    return st.integers(-1, _DAYS + 1).map(lambda days: _FIRST_DAY + timedelta(days=days))


def money(currency: str = "EUR") -> SearchStrategy[Money]:
    """Amounts from nothing to the largest there is."""
    minor = st.one_of(st.integers(0, 10_000), st.integers(0, MOST_MINOR))
    return minor.map(lambda drawn: Money(drawn, currency))


def catalogue_items() -> SearchStrategy[CatalogueItem]:
    """Items of the catalogue of every kind, 1 to 8 of each."""
    fields: dict[str, SearchStrategy[Any]] = {
        "name": names(),
        "retired_at": st.none() | instants(),
        "version": st.integers(1, 2**31),
    }
    numbers, code = st.integers(1, 8), st.none() | st.sampled_from(SERVICES)
    some = st.none() | st.integers(1, 1_000)
    tests = st.lists(st.sampled_from(["hair-colour", "lash-glue"]), unique=True).map(tuple)
    return st.one_of(
        st.builds(a_service_type, numbers, **fields),
        st.builds(
            a_service, numbers, service_type=code, usual_interval=some, duration=some, skin_tests=tests, **fields
        ),
        st.builds(a_package, numbers, **fields),
        st.builds(a_location, numbers, zone=st.none() | st.sampled_from(LOCAL_ZONES), **fields),
        st.builds(a_staff_member, numbers, actor_id=st.none() | texts(), **fields),
    )


def bookings() -> SearchStrategy[Booking]:
    """Bookings by the customers 1 to 8, in few places of few days, so that many are alike in some part."""
    return st.builds(
        a_booking,
        st.integers(1, 12),
        customer_id=customer_ids(),
        service=st.sampled_from(SERVICES),
        start=local_instants(),
        zone=st.sampled_from(LOCAL_ZONES),
        location=st.none() | st.sampled_from(LOCATIONS),
        therapist=st.none() | st.sampled_from(THERAPISTS),
        status=st.sampled_from(BookingStatus),
        price=st.none() | money(),
        package=st.none() | st.sampled_from(PACKAGES),
        note=st.none() | texts(),
        arrived_at=st.none() | instants(),
        origin=st.sampled_from(BookingOrigin),
    )


def _sale_lines() -> SearchStrategy[SaleLine]:
    kinds = st.sampled_from(LineKind)
    codes = st.sampled_from((*SERVICES, *PACKAGES))
    return st.builds(SaleLine, kind=kinds, item=codes, name=texts(), quantity=st.integers(1, 3), price=money())


def sales() -> SearchStrategy[Sale]:
    """Sales to the customers 1 to 8 and to nobody known, of the same days; some are refunded in part or whole."""
    parts = st.builds(RefundedLine, line=st.integers(0, 2), quantity=st.integers(0, 3), amount=money())
    refunds = st.builds(
        Refund,
        at=local_instants(),
        by=texts(),
        amount=money(),
        returned=money(),
        lines=st.lists(parts, max_size=2).map(tuple),
        reason=st.none() | texts(),
    )
    payments = st.builds(Payment, at=local_instants(), by=texts(), amount=money(), method=st.none() | texts())
    return st.builds(
        a_sale,
        st.integers(1, 12),
        customer_id=st.none() | customer_ids(),
        at=local_instants(),
        zone=st.sampled_from(LOCAL_ZONES),
        location=st.none() | st.sampled_from(LOCATIONS),
        lines=st.lists(_sale_lines(), min_size=1, max_size=3).map(tuple),
        payments=st.lists(payments, max_size=2).map(tuple),
        refunds=st.lists(refunds, max_size=1).map(tuple),
        bookings=st.lists(st.integers(1, 12).map(lambda number: a_booking(number).id), max_size=2, unique=True).map(
            tuple
        ),
        status=st.sampled_from(SaleStatus),
    )


def assigned_packages() -> SearchStrategy[AssignedPackage]:
    """Packages that the customers 1 to 8 were given by hand, some withdrawn."""
    return st.builds(
        an_assigned_package,
        st.integers(1, 8),
        customer_id=customer_ids(),
        package=st.sampled_from(PACKAGES),
        withdrawn_at=st.none() | instants(),
    )


def _points() -> SearchStrategy[int]:
    return st.one_of(st.integers(-30, 30), st.sampled_from((-MOST_POINTS, MOST_POINTS)))


def _origins() -> SearchStrategy[RewardOrigin | None]:
    ids = st.integers(1, 4).map(lambda number: a_sale(number).id)
    return st.none() | st.builds(RewardOrigin, st.sampled_from(OriginKind), ids)


def _ledgers() -> SearchStrategy[CustomerId]:
    """Few customers, so that several entries are one's."""
    return st.integers(1, 3).map(a_customer_id)


def reward_entries() -> SearchStrategy[RewardEntry]:
    """Entries of the ledgers of customers 1 to 3, of the same days; they follow from nothing."""
    shares = st.builds(LineShare, st.integers(0, 3), _points())
    parts = st.builds(LotPart, st.integers(1, 12), _points(), st.none() | local_days())
    return st.builds(
        a_reward_entry,
        st.integers(1, 12),
        customer_id=_ledgers(),
        at=local_instants(),
        action=st.sampled_from(RewardAction),
        points=_points(),
        parts=st.lists(parts, max_size=3).map(tuple),
        shares=st.lists(shares, max_size=2).map(tuple),
        tier_at=st.none() | local_instants(),
        refunds=st.integers(0, 3),
        reason=st.none() | texts(),
        origin=_origins(),
    )


def reward_lots() -> SearchStrategy[RewardLot]:
    """Lots of customers 1 to 3, of the same days."""
    return st.builds(
        a_reward_lot,
        st.integers(1, 12),
        customer_id=_ledgers(),
        at=local_instants(),
        points=st.integers(1, 10),
        expires=st.none() | local_days(),
        origin=_origins(),
    )


def reward_queries() -> SearchStrategy[RewardQuery]:
    """Queries of entries of customers 1 to 3 with any of their fields."""
    every = frozenset(RewardAction)
    return st.builds(
        RewardQuery,
        customer_id=_ledgers(),
        actions=st.one_of(st.just(every), st.just(every), st.frozensets(st.sampled_from(RewardAction))),
        since=_seldom(local_instants()),
        until=_seldom(local_instants()),
        points=_seldom(_points()),
        after=st.one_of(st.just(0), st.just(0), st.integers(0, 12)),
        before=_seldom(st.integers(1, 13)),
    )


def booking_queries() -> SearchStrategy[BookingQuery]:
    """Queries of bookings with any of their fields; of the bookings that `bookings` draws, many are found."""
    return st.builds(
        BookingQuery,
        customer_id=_seldom(customer_ids()),
        service=_seldom(st.sampled_from(SERVICES)),
        location=_seldom(st.sampled_from(LOCATIONS)),
        therapist=_seldom(st.sampled_from(THERAPISTS)),
        since=_seldom(local_days()),
        until=_seldom(local_days()),
        statuses=_statuses(),
        ended_before=_seldom(local_instants()),
        starting_from=_seldom(local_instants()),
        priced=st.booleans(),
    )


def sale_queries() -> SearchStrategy[SaleQuery]:
    """Queries of sales with any of their fields."""
    return st.builds(
        SaleQuery,
        customer_id=_seldom(customer_ids()),
        unassigned=st.booleans(),
        location=_seldom(st.sampled_from(LOCATIONS)),
        since=_seldom(local_days()),
        until=_seldom(local_days()),
    )


def _seldom(values: SearchStrategy[Any]) -> SearchStrategy[Any]:
    return st.one_of(st.none(), st.none(), values)


def _statuses() -> SearchStrategy[frozenset[BookingStatus]]:
    stated = st.frozensets(st.sampled_from(BookingStatus))
    return st.one_of(st.sampled_from((ANY_STATUS, COUNTING, OPEN)), stated)


def salon_settings() -> SearchStrategy[Settings]:
    """Settings of salons in several countries."""
    return st.sampled_from(["EUR", "GBP", "JPY"]).flatmap(
        lambda currency: st.builds(
            Settings,
            region=st.sampled_from(["PT", "GB", "US", "ZZ"]),
            zone=st.sampled_from(["Europe/Lisbon", "Asia/Kathmandu", "UTC"]),
            currency=st.just(currency),
            required_fields=st.lists(st.sampled_from(REQUIRABLE_FIELDS), unique=True).map(tuple),
            rewards=programmes(currency),
        )
    )


def programmes(currency: str = "EUR") -> SearchStrategy[RewardProgramme]:
    """Rewards programmes of every kind of rule, expiry and tier."""
    amounts = st.integers(1, 10_000).map(lambda minor: Money(minor, currency))
    points = st.integers(1, 1_000)
    perhaps = st.none() | points
    rules = st.one_of(
        st.builds(EarnRule, per=st.just(EarnPer.VISIT), points=points, most=perhaps),
        st.builds(
            EarnRule,
            per=st.just(EarnPer.MONEY),
            points=points,
            amount=amounts,
            kinds=st.frozensets(st.sampled_from(LineKind)),
            most=perhaps,
        ),
        st.builds(
            EarnRule,
            per=st.just(EarnPer.ITEM),
            points=points,
            items=st.frozensets(st.sampled_from(["cut", "colour", "Shampoo"])),
            since=st.none() | st.just(date(2026, 1, 1)),
            until=st.none() | st.just(date(2026, 12, 31)),
            most=perhaps,
        ),
    )
    expiries = st.one_of(
        st.builds(Expiry),
        st.builds(Expiry, months=st.integers(1, 24)),
        st.builds(Expiry, year_ends=st.integers(0, 2)),
    )
    by_points = st.builds(Tier, code=st.just("silver"), name=st.just("Silver"), points=points)
    by_spend = st.builds(Tier, code=st.just("gold"), name=st.just("Gold"), spend=amounts, percent=st.integers(1, 300))
    return st.builds(
        RewardProgramme,
        rules=st.lists(rules, max_size=3).map(tuple),
        rounding=st.sampled_from(Rounding),
        tax_basis_points=st.sampled_from([0, 600, 2_300]),
        expiry=expiries,
        tiers=st.sampled_from([(), ("silver",), ("silver", "gold")]).flatmap(
            lambda codes: st.tuples(*(by_points if code == "silver" else by_spend for code in codes))
        ),
        tier_months=st.integers(1, 24),
        minimum=st.integers(1, 100),
        value=st.none() | amounts,
        daily_caps=st.dictionaries(st.sampled_from(Role), st.integers(0, 100), max_size=2),
        reasons=st.booleans(),
        returns=st.booleans(),
        collects=st.booleans(),
    )


def orders() -> SearchStrategy[Order]:
    """Every order a list can have."""
    return st.builds(Order, st.sampled_from(OrderKey), st.booleans())


def _leaves() -> SearchStrategy[Criterion]:
    typed = st.sampled_from([*FRAGMENTS, *NAMES, *PHONE_TEXTS]).map(text_criterion)
    words = st.lists(st.sampled_from(["ana", "silva", "a", "", "%", "\n"]), max_size=2).map(tuple)
    runs = st.lists(st.builds(DigitRun, st.sampled_from(["7700", "0", ""]), words), max_size=2).map(tuple)
    return st.one_of(
        typed,
        st.builds(Text, words, runs),
        st.sampled_from(Status).map(lambda status: Compare(Fact.STATUS, Op.EQUAL, status)),
        st.sampled_from(Gender).map(lambda gender: Compare(Fact.GENDER, Op.EQUAL, gender)),
        st.booleans().map(lambda blocked: Compare(Fact.BLOCKED, Op.EQUAL, blocked)),
        st.builds(Compare, st.just(Fact.ADDED), st.sampled_from([Op.LESS, Op.AT_LEAST]), instants()),
        st.frozensets(customer_ids(), max_size=4).map(OneOf),
    )


def _of_panel() -> SearchStrategy[Criterion]:
    """What bookings, packages and facts are asked, as a store is asked it."""
    few = st.integers(0, 4)
    amounts = st.one_of(few, st.integers(0, 30_000), st.integers(-MOST_SPENT, MOST_SPENT))
    return st.one_of(
        _booked(),
        st.builds(HasBooking, services=_codes(SERVICES), statuses=_statuses()),
        _codes(PACKAGES).map(HasPackage),
        _comparisons(Fact.VISITS, st.one_of(few, st.integers(0, MOST_VISITS))),
        _comparisons(Fact.SPEND, amounts),
        _comparisons(Fact.LAST_VISIT, local_days()),
    )


def _booked() -> SearchStrategy[Criterion]:
    """Bookings with any of their parts asked."""

    def within(period: tuple[date | None, date | None], **asked: Any) -> HasBooking:
        return HasBooking(start=period[0], end=period[1], **asked)

    return st.builds(
        within,
        _periods(),
        services=_codes(SERVICES),
        statuses=_statuses(),
        locations=_codes(LOCATIONS),
        therapists=_codes(THERAPISTS),
        not_before=_seldom(local_instants()),
    )


def _periods() -> SearchStrategy[tuple[date | None, date | None]]:
    """Periods open at either end, or both; an end is never before its start."""

    def in_order(days: tuple[date | None, date | None]) -> tuple[date | None, date | None]:
        first, last = days
        return (last, first) if first is not None and last is not None and last < first else days

    return st.tuples(st.none() | local_days(), st.none() | local_days()).map(in_order)


def _codes(known: tuple[str, ...]) -> SearchStrategy[frozenset[str]]:
    return st.frozensets(st.sampled_from((*known, "nobody-s")), max_size=2)


def _comparisons(fact: Fact, values: SearchStrategy[Any]) -> SearchStrategy[Criterion]:
    return st.builds(Compare, st.just(fact), st.sampled_from(sorted(FACTS[fact].ops)), values)


def criteria(*, of_bookings: bool = True) -> SearchStrategy[Criterion]:
    """Criteria of every kind, nested; of the customers that `searched_customers` draws, many match and many do not.

    They are such as a store is asked: every code known, no day counted from today. Unless ``of_bookings``,
    they ask nothing of bookings, packages and facts.
    """

    def nested(parts: SearchStrategy[Criterion]) -> SearchStrategy[Criterion]:
        several = st.lists(parts, max_size=3).map(tuple)
        return st.one_of(several.map(AllOf), several.map(AnyOf), parts.map(Not))

    leaves = _leaves() | _of_panel() if of_bookings else _leaves()
    return st.recursive(leaves | leaves.map(Not), nested, max_leaves=6)
