"""Checks of repositories: what holds of every kind of record, one check for all of them."""

from collections.abc import Mapping
from contextlib import suppress
from datetime import date, datetime, timedelta, timezone
from types import MappingProxyType
from typing import Any, Final
from zoneinfo import ZoneInfo

import pytest
from attrs import asdict, evolve, fields, frozen
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from salon_crm.domain.access import Role
from salon_crm.domain.blocks import AlertState
from salon_crm.domain.bookings import BookingMove, BookingOrigin, BookingStatus, CancelledBy
from salon_crm.domain.catalogue import CODE_LIMIT, LONGEST_DURATION, LONGEST_INTERVAL, MOST_SKIN_TESTS
from salon_crm.domain.contact import EmailAddress, PhoneNumber
from salon_crm.domain.customers import MOST_VALUES, Address, Gender, Status
from salon_crm.domain.dates import PartialDate
from salon_crm.domain.ids import ExternalId
from salon_crm.domain.marks import MarkKind
from salon_crm.domain.money import MOST_MINOR, Money
from salon_crm.domain.rewards import MOST_POINTS, LineShare, LotPart, OriginKind, RewardAction, RewardLot, RewardOrigin
from salon_crm.domain.sales import (
    MOST_LINES,
    MOST_QUANTITY,
    LineKind,
    Payment,
    Refund,
    RefundedLine,
    SaleLine,
    SaleStatus,
)
from salon_crm.domain.text import NAME_LIMIT, NOTE_LIMIT, TEXT_LIMIT
from salon_crm.errors import Conflict, NotFound, NotSupported
from salon_crm.ports.records import CATALOGUE_KINDS, KINDS, KeyKind, Kind, kind_of
from salon_crm.ports.store import Store
from salon_crm.testing.builders import (
    a_block,
    a_block_alert,
    a_booking,
    a_booking_change,
    a_customer,
    a_customer_id,
    a_fingerprint,
    a_location,
    a_mark,
    a_note,
    a_package,
    a_reference,
    a_reward_entry,
    a_reward_head,
    a_reward_lot,
    a_sale,
    a_service,
    a_service_type,
    a_staff_member,
    an_alias,
    an_assigned_package,
    an_instant,
    some_facts,
)
from salon_crm.testing.conformance import (
    NAME,
    Capability,
    Conformance,
    MakeStore,
    Undone,
    add_many,
    get,
    keep,
    records_in,
    sample,
)
from salon_crm.testing.strategies import (
    assigned_packages,
    blocks,
    bookings,
    catalogue_items,
    notes,
    reward_entries,
    reward_lots,
    sales,
    searched_customers,
)

EVERY_PLANE: Final = "Aé ł王नूর\u200d𝒜💇🏽‍♀️\U0002f800\U000e0101\U000f0000\U0010fffd %_'\"*(\\-;--"
"""A character of every plane of Unicode that has any, and what SQL, globs and patterns take for their own."""

TO_THE_MICROSECOND: Final = datetime(2024, 2, 29, 23, 59, 59, 999_999, ZoneInfo("Asia/Kathmandu"))
FIRST: Final = datetime(1, 1, 2, 0, 0, 0, 1, timezone(timedelta(hours=14)))
LAST: Final = datetime(9999, 12, 31, 11, 59, 59, 999_999, timezone(timedelta(hours=-12)))

_BYTES: Final = bytes(range(256))


def _long(limit: int) -> str:
    """Return a text of ``limit`` characters, each as long as characters get, with spaces and quotes within."""
    return ("💇" * (limit - 4)) + " ' %"


def _extreme_customers() -> list[Any]:
    address = EmailAddress("Ana.Silva@example.com", "a key that no address of today would get")
    phone = PhoneNumber("+447700900123", valid=False, extension="0012")
    emails = tuple(EmailAddress(f"{n}é@example.com", f"{n}@example.com") for n in range(2 * MOST_VALUES))
    phones = tuple(PhoneNumber(f"+1202555{n:04d}", bool(n % 2), str(n)) for n in range(100, 100 + 2 * MOST_VALUES))
    full = a_customer(
        1,
        version=2**53,
        added=TO_THE_MICROSECOND,
        status=Status.INACTIVE,
        name=_long(NAME_LIMIT),
        first_name=EVERY_PLANE,
        last_name=EVERY_PLANE,
        email=address,
        other_emails=emails[:MOST_VALUES],
        mobile=phone,
        other_phones=phones[:MOST_VALUES],
        contact_declined=True,
        birthday=PartialDate(2, 29),
        anniversary=PartialDate(12, 31, 1),
        gender=Gender.OTHER,
        referral_source=_long(TEXT_LIMIT),
        address=Address(
            lines=tuple(f"{EVERY_PLANE}\n{n}" for n in range(8)),
            city=EVERY_PLANE,
            subdivision=EVERY_PLANE,
            postal_code="0001",
            country="PT",
        ),
        language="pt-BR",
        zone="America/Argentina/ComodRivadavia",
        preferences=f"\tTea,\n{_long(TEXT_LIMIT - 6)}",
        external_ids=tuple(ExternalId(f"{EVERY_PLANE}{n % 2}", f"{n:04d}") for n in range(MOST_VALUES)),
        former_names=tuple(f"{EVERY_PLANE}{n}" for n in range(MOST_VALUES)),
        former_emails=emails[MOST_VALUES:],
        former_phones=phones[MOST_VALUES:],
    )
    return [
        full,
        a_customer(2, email=None, mobile=None, added=FIRST),
        a_customer(3, address=Address(), birthday=PartialDate(1, 1, 9999), added=LAST),
        a_customer(4, address=Address(lines=("1 Rua Nova",)), birthday=PartialDate(10, 3, 1990)),
        a_customer(5, address=Address(country="PT"), gender=Gender.FEMALE, language="pt"),
    ]


def _extreme_items() -> dict[str, list[Any]]:
    """Return items of the catalogue: the fullest with the longest code, and a bare one of another script."""
    full: dict[str, Any] = {
        "code": "w" * CODE_LIMIT,
        "name": EVERY_PLANE,
        "retired_at": TO_THE_MICROSECOND,
        "version": 2**53,
    }
    bare: dict[str, Any] = {"code": "стрижка-王", "retired_at": None}
    tests = tuple(f"skin-test-{n}" for n in range(MOST_SKIN_TESTS))
    return {
        "service_types": [a_service_type(1, **full), a_service_type(2, **bare)],
        "services": [
            a_service(
                1,
                service_type="стрижка-王",
                usual_interval=LONGEST_INTERVAL,
                duration=LONGEST_DURATION,
                skin_tests=tests,
                **full,
            ),
            a_service(2, service_type=None, duration=None, **bare),
        ],
        "packages": [a_package(1, **full), a_package(2, **bare)],
        "locations": [
            a_location(1, zone="America/Argentina/ComodRivadavia", region="AR", **full),
            a_location(2, zone=None, **bare),
        ],
        "staff_members": [
            a_staff_member(1, actor_id=EVERY_PLANE, customer_id=a_customer_id(), **full),
            a_staff_member(2, **bare),
        ],
    }


def _extreme_bookings() -> dict[str, list[Any]]:
    full = a_booking(
        1,
        service="стрижка-王",
        start=TO_THE_MICROSECOND,
        end=LAST,
        zone="America/Argentina/ComodRivadavia",
        location="w" * CODE_LIMIT,
        therapist="王",
        status=BookingStatus.CANCELLED,
        cancelled_by=CancelledBy.SALON,
        price=Money(MOST_MINOR, "KWD"),
        package="package-1",
        note=_long(TEXT_LIMIT),
        arrived_at=FIRST,
        external_id=ExternalId(EVERY_PLANE, "0001"),
        origin=BookingOrigin.IMPORTED,
        at=TO_THE_MICROSECOND,
        by=EVERY_PLANE,
        version=2**53,
    )
    return {
        "bookings": [
            full,
            a_booking(2, location=None, therapist=None, start=FIRST, zone="Asia/Kathmandu"),
            a_booking(3, start=LAST - timedelta(hours=1), end=LAST, zone="Pacific/Honolulu", price=Money(0, "JPY")),
        ],
        "booking_changes": [
            a_booking_change(
                1,
                at=LAST,
                by=EVERY_PLANE,
                move=BookingMove.MARK_NO_SHOW,
                reason=_long(TEXT_LIMIT),
                status=BookingStatus.NO_SHOW,
                start=FIRST,
                end=TO_THE_MICROSECOND,
                zone="Pacific/Kiritimati",
                service="стрижка-王",
            ),
            a_booking_change(2, move=None, location=None, therapist=None),
        ],
    }


def _extreme_sales() -> dict[str, list[Any]]:
    most = Money(MOST_MINOR, "KWD")
    lines = tuple(
        SaleLine(kind=kind, item=EVERY_PLANE, name=EVERY_PLANE, quantity=MOST_QUANTITY, price=most)
        for kind in (*LineKind, *(LineKind.PRODUCT,) * (MOST_LINES - len(LineKind)))
    )
    part = RefundedLine(line=MOST_LINES - 1, quantity=MOST_QUANTITY, amount=most)
    refund = Refund(at=LAST, by=EVERY_PLANE, amount=most, returned=most, lines=(part, part), reason=_long(TEXT_LIMIT))
    full = a_sale(
        1,
        at=TO_THE_MICROSECOND,
        zone="America/Argentina/ComodRivadavia",
        location="w" * CODE_LIMIT,
        currency="KWD",
        lines=lines,
        payments=(Payment(at=FIRST, by=EVERY_PLANE, amount=most, method=EVERY_PLANE),) * 2,
        refunds=(refund, Refund(at=FIRST, by="bea", amount=Money(0, "KWD"), returned=Money(1, "KWD"))),
        bookings=(a_booking(2).id, a_booking(1).id),
        status=SaleStatus.REFUNDED,
        by=EVERY_PLANE,
        recorded=LAST,
        version=2**53,
    )
    return {
        "sales": [
            full,
            a_sale(2, customer_id=None, location=None, payments=(), at=FIRST, bookings=(a_booking(2).id,)),
            a_sale(3, at=LAST, zone="Pacific/Honolulu", status=SaleStatus.PENDING),
        ],
        "assigned_packages": [
            an_assigned_package(
                1,
                package="w" * CODE_LIMIT,
                at=TO_THE_MICROSECOND,
                by=EVERY_PLANE,
                withdrawn_at=LAST,
                withdrawn_by="bea",
                version=2**53,
            ),
            an_assigned_package(2, at=FIRST),
        ],
        "facts": [
            some_facts(
                1,
                visits=10**6,
                first_visit=date.min,
                last_visit=date.max,
                spend=10**18 + 1,
                booked=frozenset(f"service-{n}" for n in range(500)),
                ever_booked=frozenset({"стрижка-王", "w" * CODE_LIMIT}),
                packages=frozenset({"package-1", "package-10"}),
                version=2**53,
            ),
            some_facts(2, spend=-(10**18) - 1, booked=frozenset(), ever_booked=frozenset(), packages=frozenset()),
            some_facts(3, visits=0, first_visit=None, last_visit=None, spend=0),
        ],
    }


def _extreme_rewards() -> dict[str, list[Any]]:
    full = a_reward_entry(
        1,
        at=TO_THE_MICROSECOND,
        recorded=LAST,
        action=RewardAction.REVERSED,
        points=-MOST_POINTS,
        total_after=MOST_POINTS,
        parts=tuple(LotPart(2**53 - n, -MOST_POINTS, date.min + timedelta(days=n)) for n in range(500)),
        tier_points=-MOST_POINTS,
        tier_at=FIRST,
        shortfall=MOST_POINTS,
        shares=(LineShare(1, 1), LineShare(0, MOST_POINTS), LineShare(MOST_LINES - 1, 0)),
        refunds=2**53,
        rewarded_by=EVERY_PLANE,
        role=Role.SYSTEM,
        reason=f"{EVERY_PLANE}\n\t{_long(TEXT_LIMIT - len(EVERY_PLANE) - 2)}",
        reference=_long(TEXT_LIMIT),
        origin=RewardOrigin(OriginKind.ENTRY, a_reward_entry(2).id),
        salt=_BYTES,
        reason_digest=_BYTES[::-1],
    )
    bare = {"reason": None, "reference": None, "origin": None, "salt": None, "reason_digest": None, "parts": ()}
    return {
        "reward_entries": [full, a_reward_entry(2, at=FIRST, **bare)],
        "reward_lots": [
            a_reward_lot(
                1,
                at=TO_THE_MICROSECOND,
                opened=MOST_POINTS,
                points=MOST_POINTS,
                origin=RewardOrigin(OriginKind.BOOKING, a_booking(1).id),
                version=2**53,
            ),
            a_reward_lot(2, at=FIRST, points=0, expires=date.min, origin=None),
            a_reward_lot(2, at=LAST, expires=date.max - timedelta(days=1)),
        ],
        "reward_heads": [
            a_reward_head(1, total=MOST_POINTS, shortfall=MOST_POINTS, version=2**53),
            a_reward_head(2, total=0),
        ],
    }


def _extremes() -> dict[str, list[Any]]:
    """Return records of each kind with every field filled, as full and as odd as the domain lets it be."""
    return {
        **_extreme_items(),
        **_extreme_bookings(),
        **_extreme_sales(),
        **_extreme_rewards(),
        "customers": _extreme_customers(),
        "notes": [
            a_note(
                1,
                text=f"{EVERY_PLANE}\n\t{_long(NOTE_LIMIT - len(EVERY_PLANE) - 2)}",
                alert=True,
                at=TO_THE_MICROSECOND,
                by=EVERY_PLANE,
                edited_at=LAST,
                edited_by="bea",
                version=2**53,
            ),
            a_note(2, at=FIRST),
        ],
        "blocks": [
            a_block(
                1,
                origin=a_block(7).id,
                reason=_long(TEXT_LIMIT),
                at=TO_THE_MICROSECOND,
                by=EVERY_PLANE,
                lifted_at=LAST,
                lifted_by="bea",
                version=2**53,
            ),
            a_block(2, at=FIRST),
        ],
        "block_alerts": [
            a_block_alert(
                1,
                at=TO_THE_MICROSECOND,
                state=AlertState.CONFIRMED,
                settled_at=LAST,
                settled_by=EVERY_PLANE,
                version=2**53,
            ),
            a_block_alert(2, at=FIRST, state=AlertState.DISMISSED),
        ],
        "fingerprints": [a_fingerprint(1, system=EVERY_PLANE, digest=_BYTES), a_fingerprint(2, digest=b"\0")],
        "aliases": [an_alias()],
        "marks": [a_mark(1, digest=_BYTES, kind=MarkKind.CONTACT_AND_NAME, version=9), a_mark(2, digest=b"\0")],
        "references": [
            a_reference(1, command="merge_customers", reference=_long(TEXT_LIMIT), digest=_BYTES),
            a_reference(2, reference=EVERY_PLANE),
        ],
    }


_EDITS: Final[Mapping[str, Mapping[str, Any]]] = MappingProxyType(
    {
        "customers": {"name": "Zoe Zuse", "email": None, "mobile": PhoneNumber("+12025550100")},
        "notes": {"text": "Changed.", "edited_at": an_instant(9), "edited_by": "bea"},
        "blocks": {"lifted_at": an_instant(9), "lifted_by": "bea"},
        "block_alerts": {"state": AlertState.DISMISSED, "settled_at": an_instant(9)},
        "service_types": {"code": "changed", "retired_at": an_instant(9)},
        "services": {"code": "changed", "service_type": None, "retired_at": an_instant(9)},
        "packages": {"code": "changed", "retired_at": an_instant(9)},
        "locations": {"code": "changed", "zone": "Atlantic/Azores", "retired_at": an_instant(9)},
        "staff_members": {
            "code": "changed",
            "actor_id": "gil",
            "customer_id": a_customer_id(),
            "retired_at": an_instant(9),
        },
        "bookings": {"status": BookingStatus.NO_SHOW, "external_id": ExternalId("calendar", "9"), "location": None},
        "sales": {"bookings": (a_booking(9).id, a_booking(8).id), "refunds": (), "location": None},
        "assigned_packages": {"withdrawn_at": an_instant(9), "withdrawn_by": "bea"},
        "facts": {"visits": 0, "last_visit": None, "packages": frozenset()},
        "reward_lots": {"points": 3},
        "reward_heads": {"total": 3, "shortfall": 7},
    }
)
"""What a record of each kind with versions is changed to."""


def _edited(kind: Kind[Any], record: Any) -> Any:
    """Return the record at its next version, with other values of its keys."""
    return evolve(record, version=record.version + 1, **_EDITS[kind.name])


def _next_version(record: Any) -> Any:
    """Return the record at its next version, and else as it is."""
    return evolve(record, version=record.version + 1)


UNIQUE_KEYS: Final[Mapping[tuple[str, str], Mapping[str, Any]]] = MappingProxyType(
    {
        ("customers", "external_id"): {"external_ids": (ExternalId("till", "shared"),)},
        ("service_types", "code"): {"code": "shared"},
        ("services", "code"): {"code": "shared"},
        ("packages", "code"): {"code": "shared"},
        ("locations", "code"): {"code": "shared"},
        ("staff_members", "code"): {"code": "shared"},
        ("staff_members", "actor"): {"actor_id": "shared"},
        ("bookings", "external_id"): {"external_id": ExternalId("calendar", "shared")},
        ("reward_entries", "entry_id"): {"id": a_reward_entry(99).id},
        ("reward_entries", "reference"): {"reference": "shared"},
    }
)
"""The unique keys of every kind, and fields that give a record a value of each."""


@frozen
class UniqueKey:
    """A unique key of a kind, with fields that give a record a value of it."""

    kind: Kind[Any]
    key: str
    holding: Mapping[str, Any]

    def value_of(self, record: Any) -> Any:
        """Return the value a record has of it."""
        [value] = self.kind.keys[self.key].values(record)
        return value


def _of_customer(kind: Kind[Any], customer_id: Any, numbers: tuple[int, ...]) -> list[Any]:
    """Return records of a customer, as many as there are numbers; of a kind whose identity is the customer, one."""
    records = {kind.identity(each): each for n in numbers for each in [sample(kind, n, customer_id=customer_id)]}
    return list(records.values())


def _values_of_keys(kind: Kind[Any], record: Any) -> list[tuple[str, Any]]:
    return [(name, value) for name, key in kind.keys.items() for value in key.values(record)]


def _of_whom(kind: Kind[Any], record: Any) -> dict[str, Any]:
    """Return the field that says whose a record is, where its kind has one."""
    return {} if kind.customer is None else {"customer_id": kind.customer(record)}


def _shared_values(key: KeyKind[Any], records: list[Any]) -> set[Any]:
    return set[Any].intersection(*(set(key.values(record)) for record in records))


def _which(record: Any) -> dict[str, Any]:
    """Return what tells a record from the customer's others: its id, or its number."""
    names = ("number", "expires") if isinstance(record, RewardLot) else ("id",)
    return {name: getattr(record, name) for name in names}


def _equal_in_every_field(one: Any, other: Any) -> bool:
    """Return whether two records are equal, also in fields that equality passes over, such as an e-mail's key."""
    return bool(one == other) and asdict(one) == asdict(other)


class RecordChecks(Conformance):
    """What `ReadRepository` and `Repository` promise of every kind of record."""

    @pytest.fixture(params=UNIQUE_KEYS, ids=".".join)
    def unique(self, request: pytest.FixtureRequest) -> UniqueKey:
        """Return each unique key in turn, passing over those of kinds the store does not declare."""
        name, key = request.param
        if not self.declares(KINDS[name]):
            self.needs(Capability(name))
        return UniqueKey(KINDS[name], key, UNIQUE_KEYS[request.param])

    def test_a_record_comes_back_equal_in_every_field(self, store: Store, kind: Kind[Any]) -> None:
        """A store gives back what it was given, equal in every field: full ones, bare ones, the longest texts."""
        for record in _extremes()[kind.name]:
            with store.writing() as writing:
                keep(writing, kind, record)
            with store.reading() as reading:
                assert _equal_in_every_field(get(reading, kind, record), record)

    def test_any_record_comes_back_equal(self, store: Store) -> None:
        """A store gives back what it was given, equal in every field, as a property: added and saved."""
        drawn = st.one_of(*(st.tuples(each, each) for each in self._drawn()))

        @settings(deadline=None)
        @given(drawn)
        def comes_back(pair: tuple[Any, Any]) -> None:
            before, other = pair
            kind = kind_of(before)
            with suppress(Undone), store.writing() as writing:
                keep(writing, kind, before)
                assert _equal_in_every_field(get(writing, kind, before), before)
                if kind_of(other) is kind and kind.versioned:
                    after = evolve(other, **_which(before), **_of_whom(kind, before))
                    records_in(writing, kind).save(after, before.version)
                    assert _equal_in_every_field(get(writing, kind, after), after)
                raise Undone

        comes_back()

    def _drawn(self) -> list[SearchStrategy[Any]]:
        """Return strategies of records of the kinds the store declares."""
        strategies: dict[str, SearchStrategy[Any]] = {
            "notes": notes(),
            "blocks": blocks(),
            "bookings": bookings(),
            "sales": sales(),
            "assigned_packages": assigned_packages(),
            "reward_entries": reward_entries(),
            "reward_lots": reward_lots(),
        }
        drawn = [searched_customers(), *(each for name, each in strategies.items() if self.declares(KINDS[name]))]
        return [*drawn, catalogue_items()] if all(map(self.declares, CATALOGUE_KINDS)) else drawn

    def test_an_instant_given_in_another_zone_comes_back_the_same_instant(self, store: Store, kind: Kind[Any]) -> None:
        """A store gives back what it was given, equal in every field: an instant is one in every zone."""
        named = [f.name for f in fields(kind.type) if f.type is datetime or f.type == datetime | None]
        given = [
            sample(
                kind, number, **dict.fromkeys(named, an_instant(number).replace(tzinfo=timezone(timedelta(hours=h))))
            )
            for number, h in enumerate((-12, 0, 14), start=1)
        ]
        with store.writing() as writing:
            keep(writing, kind, *given)
        with store.reading() as reading:
            assert [get(reading, kind, record) for record in given] == given

    def test_an_edited_record_comes_back_equal_in_every_field(self, store: Store, kind: Kind[Any]) -> None:
        """``save`` replaces the record of the same identity."""
        if not kind.versioned:
            pytest.skip(f"{kind.name} are never saved anew")
        bare, full = sample(kind), _extremes()[kind.name][0]
        assert kind.identity(bare) == kind.identity(full)
        with store.writing() as writing:
            keep(writing, kind, bare)
            records_in(writing, kind).save(full, bare.version)
        with store.reading() as reading:
            assert _equal_in_every_field(get(reading, kind, full), full)

    def test_records_that_are_absent_are_left_out(self, store: Store, kind: Kind[Any]) -> None:
        """``get_many`` returns the records that are there, by identity; absent ones are left out."""
        there, absent = [sample(kind, 1), sample(kind, 2)], sample(kind, 3)
        with store.writing() as writing:
            keep(writing, kind, *there)
        with store.reading() as reading:
            records = records_in(reading, kind)
            asked = [kind.identity(record) for record in (*there, absent, there[0])]
            assert records.get_many(asked) == {kind.identity(record): record for record in there}
            assert records.get_many([kind.identity(absent)]) == {}
            assert records.get_many([]) == {}

    def test_any_number_of_records_is_got_at_once(self, store: Store, kind: Kind[Any]) -> None:
        """``get_many``, ``by_key`` and ``of_customers`` take any iterable, however many it gives."""
        there = [sample(kind, number) for number in (1, 1_100)]
        with store.writing() as writing:
            keep(writing, kind, *there)
        others = [sample(kind, number) for number in range(1, 1_200)]
        with store.reading() as reading:
            records = records_in(reading, kind)
            found = records.get_many(kind.identity(record) for record in others)
            assert found == {kind.identity(record): record for record in there}
            for name, key in kind.keys.items():
                held = records.by_key(name, (value for record in others for value in key.values(record)))
                assert held.keys() == {value for record in there for value in key.values(record)}
            if kind.customer is not None:
                customers = (a_customer_id(number) for number in range(1, 1_200))
                assert records.of_customers(customers).keys() == {kind.customer(record) for record in there}

    def test_a_record_is_found_by_every_value_of_every_key(self, store: Store, kind: Kind[Any]) -> None:
        """``by_key`` returns the records that hold each value; values nobody holds are left out."""
        there = [*_extremes()[kind.name]]
        with store.writing() as writing:
            keep(writing, kind, *there)
        with store.reading() as reading:
            for name, key in kind.keys.items():
                values = {value for record in there for value in key.values(record)}
                free = {value for value in key.values(sample(kind, 99)) if value not in values}
                found = records_in(reading, kind).by_key(name, values | free)
                assert found == {
                    value: tuple(
                        sorted((record for record in there if value in set(key.values(record))), key=kind.identity)
                    )
                    for value in values
                }

    def test_holders_of_a_key_come_in_the_order_of_their_identities(self, store: Store, kind: Kind[Any]) -> None:
        """``by_key`` returns the records that hold a value in the order of their identities."""
        shared = [(name, key) for name, key in kind.keys.items() if not key.unique]
        if not shared:
            pytest.skip(f"{kind.name} share no key")
        alike = self._alike(kind)
        with store.writing() as writing:
            keep(writing, kind, *alike)
        in_order = tuple(sorted(alike, key=kind.identity))
        assert in_order != tuple(alike)
        values = [(name, value) for name, key in shared for value in _shared_values(key, alike)]
        assert values
        with store.reading() as reading:
            for name, value in values:
                assert records_in(reading, kind).by_key(name, [value]) == {value: in_order}

    def _alike(self, kind: Kind[Any]) -> list[Any]:
        """Return records that share the values of their keys, the last one first."""
        same: dict[str, dict[str, Any]] = {
            "customers": {"name": "Ana Silva", "email": None, "mobile": PhoneNumber("+447700900123")},
            "blocks": {"origin": a_block(9).id},
            "block_alerts": {"origin": a_block(9).id},
            "marks": {"block_id": a_block(9).id},
            "services": {"service_type": "hair"},
            "sales": {"bookings": (a_booking(9).id, a_booking(8).id)},
            "reward_entries": {"origin": RewardOrigin(OriginKind.BOOKING, a_booking(9).id)},
        }
        return [sample(kind, number, **same.get(kind.name, {})) for number in (3, 1, 2)]

    def test_a_key_that_is_not_declared_is_not_supported(self, store: Store, kind: Kind[Any]) -> None:
        """``by_key`` raises NotSupported for a key the kind does not declare."""
        with store.reading() as reading:
            for key in ("no-such-key", "id", "of customer"):
                with pytest.raises(NotSupported):
                    records_in(reading, kind).by_key(key, ["x"])

    def test_records_of_customers_come_in_the_order_of_their_identities(self, store: Store, kind: Kind[Any]) -> None:
        """``of_customers`` returns each customer's records in the order of their identities, leaving out the others."""
        if kind.customer is None:
            pytest.skip(f"{kind.name} belong to no customer")
        ana, bea, carla = (a_customer_id(number) for number in (1, 2, 3))
        of_ana, of_bea = _of_customer(kind, ana, (5, 1, 3)), _of_customer(kind, bea, (4, 2))
        with store.writing() as writing:
            keep(writing, kind, *of_ana, *of_bea)
            writing.customers.add(a_customer(3))
        expected = {
            ana: tuple(sorted(of_ana, key=kind.identity)),
            bea: tuple(sorted(of_bea, key=kind.identity)),
        }
        with store.reading() as reading:
            records = records_in(reading, kind)
            assert records.of_customers([carla, bea, ana, a_customer_id(4)]) == expected
            assert records.of_customers([bea]) == {bea: expected[bea]}
            assert records.of_customers([]) == {}

    def test_a_kind_that_belongs_to_no_customer_is_not_read_by_customer(self, store: Store, kind: Kind[Any]) -> None:
        """``of_customers`` raises NotSupported for a kind whose records belong to no customer."""
        if kind.customer is not None:
            pytest.skip(f"{kind.name} belong to customers")
        with store.reading() as reading, pytest.raises(NotSupported):
            records_in(reading, kind).of_customers([a_customer_id()])

    def test_an_identity_is_held_once(self, store: Store, kind: Kind[Any]) -> None:
        """``add`` raises Conflict where the identity is held already, and changes nothing."""
        first, second = _extremes()[kind.name][0], sample(kind)
        if kind.identity(first) != kind.identity(second):
            second = first
        with store.writing() as writing:
            keep(writing, kind, first)
            with pytest.raises(Conflict):
                records_in(writing, kind).add(second)
        with store.reading() as reading:
            assert get(reading, kind, first) == first
            for name, value in _values_of_keys(kind, first):
                assert records_in(reading, kind).by_key(name, [value]) == {value: (first,)}

    def test_many_are_added_like_one_after_the_other(self, store: Store, kind: Kind[Any]) -> None:
        """``add_many`` keeps new records: each is got, and found by its keys and its customer; none at all is fine."""
        records = [sample(kind, number) for number in range(1, 6)]
        with store.writing() as writing:
            add_many(writing, kind, records)
            add_many(writing, kind, [])
        with store.reading() as reading:
            for record in records:
                assert _equal_in_every_field(get(reading, kind, record), record)
                for name, value in _values_of_keys(kind, record):
                    assert record in records_in(reading, kind).by_key(name, [value])[value]
                if kind.customer is not None:
                    held = records_in(reading, kind).of_customers([kind.customer(record)])
                    assert record in held[kind.customer(record)]

    def test_many_of_which_one_is_there_are_refused_as_a_whole(self, store: Store, kind: Kind[Any]) -> None:
        """``add_many`` keeps all or none: where one identity is held, or comes twice, the others are not added."""
        there, *new = [sample(kind, number) for number in range(1, 5)]
        with store.writing() as writing:
            keep(writing, kind, there)
            for refused in ([*new, there], [there, *new], [*new, new[0]]):
                with pytest.raises(Conflict) as caught:
                    add_many(writing, kind, refused)
                identity = kind.identity(new[0] if refused[-1] is new[0] else there)
                assert caught.value.params["id"] == str(identity)
            assert [get(writing, kind, record) for record in new] == [None] * len(new)
            add_many(writing, kind, new)
        with store.reading() as reading:
            for record in (there, *new):
                assert get(reading, kind, record) == record
                for name, value in _values_of_keys(kind, record):
                    assert record in records_in(reading, kind).by_key(name, [value])[value]

    @pytest.mark.parametrize("within", [True, False], ids=["among them", "kept before"])
    def test_many_of_which_one_has_a_unique_key_of_another_are_refused_as_a_whole(
        self, store: Store, unique: UniqueKey, *, within: bool
    ) -> None:
        """``add_many`` raises Conflict as `add` does where a unique key is held, also by another of them."""
        kind = unique.kind
        first, second = (sample(kind, number, **unique.holding) for number in (1, 2))
        free = sample(kind, 3)
        with store.writing() as writing:
            if not within:
                keep(writing, kind, first)
            with pytest.raises(Conflict):
                add_many(writing, kind, [free, first, second] if within else [free, second])
            assert [get(writing, kind, record) for record in (free, second)] == [None, None]
            add_many(writing, kind, [free])
        with store.reading() as reading:
            assert get(reading, kind, free) == free
            for name, value in _values_of_keys(kind, free):
                assert free in records_in(reading, kind).by_key(name, [value])[value]

    def test_a_unique_key_is_held_by_one_record(self, store: Store, unique: UniqueKey) -> None:
        """``add`` and ``save`` raise Conflict where a unique key is held by another, and change nothing."""
        kind = unique.kind
        first, second = (sample(kind, number, **unique.holding) for number in (1, 2))
        other = sample(kind, 3)
        with store.writing() as writing:
            keep(writing, kind, first, other)
            with pytest.raises(Conflict):
                keep(writing, kind, second)
            if kind.versioned:
                with pytest.raises(Conflict):
                    records_in(writing, kind).save(evolve(other, version=2, **unique.holding), 1)
        with store.reading() as reading:
            assert [get(reading, kind, each) for each in (first, second, other)] == [first, None, other]
            value = unique.value_of(first)
            assert records_in(reading, kind).by_key(unique.key, [value]) == {value: (first,)}

    def test_a_unique_key_that_was_let_go_of_is_free(self, store: Store, unique: UniqueKey) -> None:
        """A key that is let go of is free at once; a record that is edited otherwise keeps it."""
        kind, key = unique.kind, unique.key
        if not kind.versioned:
            pytest.skip(f"{kind.name} are never saved anew")
        first, third = (sample(kind, number, **unique.holding) for number in (1, 3))
        second, value = sample(kind, 2), unique.value_of(first)
        moved = evolve(second, version=2, **unique.holding)
        with store.writing() as writing:
            keep(writing, kind, first, second)
            records = records_in(writing, kind)
            records.save(evolve(first, version=2), 1)
            assert records.by_key(key, [value]) == {value: (evolve(first, version=2),)}
            records.save(evolve(sample(kind, 1), version=3), 2)
            records.save(moved, 1)
            assert records.by_key(key, [value]) == {value: (moved,)}
            records.remove(kind.identity(second))
            keep(writing, kind, third)
        with store.reading() as reading:
            assert records_in(reading, kind).by_key(key, [value]) == {value: (third,)}

    def test_a_unique_key_of_what_was_removed_is_free(self, store: Store, unique: UniqueKey) -> None:
        """A key that is let go of is free at once: also where its record is removed."""
        kind = unique.kind
        first, second = (sample(kind, number, **unique.holding) for number in (1, 2))
        with store.writing() as writing:
            keep(writing, kind, first)
            records_in(writing, kind).remove(kind.identity(first))
            keep(writing, kind, second)
        with store.reading() as reading:
            value = unique.value_of(second)
            assert records_in(reading, kind).by_key(unique.key, [value]) == {value: (second,)}

    def test_saving_replaces_the_record_and_its_keys(self, store: Store, kind: Kind[Any]) -> None:
        """``save`` replaces the record of the same identity: it is found by its new keys and by no old one."""
        if not kind.versioned:
            pytest.skip(f"{kind.name} are never saved anew")
        before = sample(kind)
        after = _edited(kind, before)
        with store.writing() as writing:
            keep(writing, kind, before)
            records_in(writing, kind).save(after, before.version)
            assert get(writing, kind, after) == after
        with store.reading() as reading:
            records = records_in(reading, kind)
            assert get(reading, kind, after) == after
            held_now = _values_of_keys(kind, after)
            for name, value in held_now:
                assert records.by_key(name, [value]) == {value: (after,)}
            for name, value in _values_of_keys(kind, before):
                if (name, value) not in held_now:
                    assert records.by_key(name, [value]) == {}
            if kind.customer is not None:
                assert records.of_customers([kind.customer(after)]) == {kind.customer(after): (after,)}

    def test_a_record_at_another_version_is_not_replaced(self, store: Store, kind: Kind[Any]) -> None:
        """``save`` raises Conflict where the record is at another version than expected, and changes nothing."""
        if not kind.versioned:
            pytest.skip(f"{kind.name} are never saved anew")
        there = sample(kind, version=3)
        with store.writing() as writing:
            keep(writing, kind, there)
            for expected in (2, 4, 0):
                with pytest.raises(Conflict):
                    records_in(writing, kind).save(_edited(kind, there), expected)
        with store.reading() as reading:
            assert get(reading, kind, there) == there
            for name, value in _values_of_keys(kind, there):
                assert records_in(reading, kind).by_key(name, [value]) == {value: (there,)}

    def test_a_record_that_is_gone_cannot_be_saved(self, store: Store, kind: Kind[Any]) -> None:
        """``save`` raises NotFound where the record is gone, and brings nothing back."""
        if not kind.versioned:
            pytest.skip(f"{kind.name} are never saved anew")
        gone = sample(kind)
        with store.writing() as writing:
            keep(writing, kind, gone)
            records_in(writing, kind).remove(kind.identity(gone))
            with pytest.raises(NotFound):
                records_in(writing, kind).save(_edited(kind, gone), gone.version)
        with store.reading() as reading:
            assert get(reading, kind, gone) is None

    def test_many_are_saved_like_one_after_the_other(self, store: Store, kind: Kind[Any]) -> None:
        """``save_many`` replaces records: each is got as saved, by its new keys and no old one; none at all is fine."""
        if not kind.versioned:
            pytest.skip(f"{kind.name} are never saved anew")
        records = [sample(kind, number) for number in range(1, 6)]
        edited = [_edited(kind, records[0]), *(_next_version(record) for record in records[1:])]
        twice = _next_version(edited[-1])
        with store.writing() as writing:
            keep(writing, kind, *records)
            records_in(writing, kind).save_many([])
            records_in(writing, kind).save_many([(after, after.version - 1) for after in (*edited, twice)])
        with store.reading() as reading:
            for record in (*edited[:-1], twice):
                assert _equal_in_every_field(get(reading, kind, record), record)
                for name, value in _values_of_keys(kind, record):
                    assert record in records_in(reading, kind).by_key(name, [value])[value]
            left = set(_values_of_keys(kind, records[0])) - {
                held for record in edited for held in _values_of_keys(kind, record)
            }
            for name, value in left:
                assert records_in(reading, kind).by_key(name, [value]) == {}

    def test_many_of_which_one_cannot_be_saved_are_refused_as_a_whole(self, store: Store, kind: Kind[Any]) -> None:
        """``save_many`` saves all or none: where one is gone, or at another version, or said twice, none is saved."""
        if not kind.versioned:
            pytest.skip(f"{kind.name} are never saved anew")
        there, other, gone = (sample(kind, number) for number in (1, 2, 3))
        good = (_edited(kind, there), there.version)
        refused = {
            "gone": (_next_version(gone), gone.version),
            "at another version": (_next_version(other), other.version + 1),
            "said twice": (_next_version(good[0]), there.version),
        }
        with store.writing() as writing:
            keep(writing, kind, there, other)
            for why, one in refused.items():
                with pytest.raises(NotFound if why == "gone" else Conflict):
                    records_in(writing, kind).save_many([good, one])
        with store.reading() as reading:
            assert [get(reading, kind, each) for each in (there, other, gone)] == [there, other, None]
            for name, value in _values_of_keys(kind, there):
                assert there in records_in(reading, kind).by_key(name, [value])[value]

    def test_a_unique_key_goes_from_one_of_many_to_a_later_one(self, store: Store, unique: UniqueKey) -> None:
        """``save_many`` is `save` one after the other: a key that one lets go of is free for those after it only."""
        kind = unique.kind
        if not kind.versioned:
            pytest.skip(f"{kind.name} are never saved anew")
        first, *others = sample(kind, 1, **unique.holding), sample(kind, 2), sample(kind, 3)
        lets_go, takes = evolve(sample(kind, 1), version=2), evolve(others[0], version=2, **unique.holding)
        with store.writing() as writing:
            keep(writing, kind, first, *others)
            with pytest.raises(Conflict):
                records_in(writing, kind).save_many([(_next_version(others[1]), 1), (takes, 1), (lets_go, 1)])
            assert [get(writing, kind, each) for each in (first, *others)] == [first, *others]
            records_in(writing, kind).save_many([(lets_go, 1), (takes, 1)])
        with store.reading() as reading:
            value = unique.value_of(first)
            assert records_in(reading, kind).by_key(unique.key, [value]) == {value: (takes,)}

    def test_a_kind_without_versions_is_never_saved_anew(self, store: Store, kind: Kind[Any]) -> None:
        """``save`` and ``save_many`` raise NotSupported for a kind without versions."""
        if kind.versioned:
            pytest.skip(f"{kind.name} have versions")
        there = sample(kind)
        with store.writing() as writing:
            keep(writing, kind, there)
            with pytest.raises(NotSupported):
                records_in(writing, kind).save(there, 1)
            with pytest.raises(NotSupported):
                records_in(writing, kind).save_many([(there, 1)])

    def test_what_is_removed_is_found_no_more(self, store: Store, kind: Kind[Any]) -> None:
        """``remove`` removes a record: neither its identity nor any key nor its customer leads to it."""
        gone, left = _extremes()[kind.name][0], sample(kind, 2)
        with store.writing() as writing:
            keep(writing, kind, gone, left)
            records_in(writing, kind).remove(kind.identity(gone))
        with store.reading() as reading:
            records = records_in(reading, kind)
            assert get(reading, kind, gone) is None
            assert get(reading, kind, left) == left
            for name, value in _values_of_keys(kind, gone):
                assert gone not in records.by_key(name, [value]).get(value, ())
            if kind.customer is not None:
                owners = [kind.customer(gone), kind.customer(left)]
                assert records.of_customers(owners) == {kind.customer(left): (left,)}

    def test_what_is_not_there_cannot_be_removed(self, store: Store, kind: Kind[Any]) -> None:
        """``remove`` raises NotFound where the record is not there."""
        there, absent = sample(kind, 1), sample(kind, 2)
        with store.writing() as writing:
            keep(writing, kind, there)
            records_in(writing, kind).remove(kind.identity(there))
            for record in (there, absent):
                with pytest.raises(NotFound):
                    records_in(writing, kind).remove(kind.identity(record))

    def test_what_was_removed_may_be_added_again(self, store: Store, kind: Kind[Any]) -> None:
        """``add`` keeps a new record: an identity and keys that were let go of are free."""
        record = _extremes()[kind.name][0]
        with store.writing() as writing:
            keep(writing, kind, record)
            records_in(writing, kind).remove(kind.identity(record))
            records_in(writing, kind).add(record)
        with store.reading() as reading:
            assert get(reading, kind, record) == record

    def test_what_was_kept_is_there_after_opening_again(self, open_store: MakeStore, kind: Kind[Any]) -> None:
        """A store gives back what it was given: also one that was opened anew (capability: persistent)."""
        self.needs(Capability.PERSISTENT)
        record = _extremes()[kind.name][0]
        first = open_store(NAME)
        with first.writing() as writing:
            keep(writing, kind, record)
        first.close()
        with open_store(NAME).reading() as reading:
            assert _equal_in_every_field(get(reading, kind, record), record)
            for name, value in _values_of_keys(kind, record):
                assert records_in(reading, kind).by_key(name, [value]) == {value: (record,)}

    def test_a_new_name_is_an_empty_store(self, open_store: MakeStore) -> None:
        """``make_store`` gives each name a salon of its own: what one keeps no other shows."""
        with open_store(f"{NAME}-1").writing() as writing:
            for kind in self.kinds:
                if kind.name != "customers":
                    keep(writing, kind, sample(kind))
        with open_store(f"{NAME}-2").reading() as reading:
            assert [get(reading, kind, sample(kind)) for kind in self.kinds] == [None] * len(self.kinds)

    def test_a_kind_the_store_does_not_keep_is_never_read_as_empty(self, store: Store) -> None:
        """A kind the store does not keep raises NotSupported when it is asked for."""
        lacking = [kind for kind in KINDS.values() if not self.declares(kind)]
        if not lacking:
            pytest.skip("the store keeps every kind")
        for kind in lacking:
            with store.reading() as reading, pytest.raises(NotSupported):
                records_in(reading, kind).get_many([kind.identity(sample(kind))])
            with store.writing() as writing, pytest.raises(NotSupported):
                records_in(writing, kind).add(sample(kind))
