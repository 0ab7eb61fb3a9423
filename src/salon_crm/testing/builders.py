"""Sensible records in one line: each builder takes a number that makes its record differ, and fields to override.

    >>> a_customer().name
    'Ana Silva'
    >>> a_note(2, text="Likes tea.").customer_id == a_customer().id
    True

One number always builds the same record, ids sort as the numbers do, and whatever belongs to a customer
belongs to customer 1 unless it says otherwise.
"""

from collections.abc import Callable, Mapping
from datetime import date, datetime, timedelta
from hashlib import sha256
from itertools import count
from typing import Any, Final
from uuid import UUID

from attrs import evolve

from salon_crm.domain.access import Actor, Role
from salon_crm.domain.audit import AuditAction, AuditEntry
from salon_crm.domain.blocks import Block, BlockAlert
from salon_crm.domain.bookings import Booking, BookingChange, BookingMove
from salon_crm.domain.catalogue import Location, Package, Service, ServiceType, StaffMember, code_of
from salon_crm.domain.contact import EmailAddress, PhoneNumber
from salon_crm.domain.customers import Customer
from salon_crm.domain.facts import CustomerFacts
from salon_crm.domain.ids import (
    Alias,
    AssignedPackageId,
    BlockAlertId,
    BlockId,
    BookingId,
    CustomerId,
    IdLike,
    LocationId,
    NoteId,
    PackageId,
    Reference,
    RewardEntryId,
    SaleId,
    SalonId,
    ServiceId,
    ServiceTypeId,
    StaffMemberId,
)
from salon_crm.domain.marks import KEY_BYTES, Mark, MarkKind, mix_secret
from salon_crm.domain.money import Money
from salon_crm.domain.notes import Note
from salon_crm.domain.rewards import (
    EarnPer,
    EarnRule,
    Expiry,
    LotPart,
    OriginKind,
    RewardAction,
    RewardEntry,
    RewardHead,
    RewardLot,
    RewardOrigin,
    RewardProgramme,
    Rounding,
    Tier,
    digest_of_reason,
)
from salon_crm.domain.sales import AssignedPackage, LineKind, Payment, Sale, SaleLine
from salon_crm.domain.settings import Settings
from salon_crm.domain.transfer import RowFingerprint
from salon_crm.opening import open_salon
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import SalonRecord, Store
from salon_crm.ports.system import Clock, IdSource
from salon_crm.testing.doubles import NOON, CountedIds, FixedClock, time_ordered_id

OWNER: Final = Actor("owner", Role.OWNER)
"""An actor who may do everything."""

_SEEDS = count(1)
_NAMES: Final = ("Ana Silva", "Bea Costa", "Carla Dias", "Dora Esteves", "Eva Faria", "Filipa Gomes")


def _ids() -> Callable[[int], UUID]:
    """Return a row of ids that no other row shares, so that no test passes by taking one kind's id for another's."""
    seed = next(_SEEDS)
    return lambda number: time_ordered_id(number, seed=seed)


_customer_id, _note_id, _block_id, _alert_id, _former_id, _result_id, _salon_id = (_ids() for _ in range(7))
_type_id, _service_id, _package_id, _location_id, _staff_id, _booking_id, _sale_id, _assigned_id = (
    _ids() for _ in range(8)
)
_reward_entry_id = _ids()


def a_customer_id(number: int = 1) -> CustomerId:
    """Return the id of the customer of this number, whether or not one was built."""
    return CustomerId(_customer_id(number))


def an_instant(number: int = 0) -> datetime:
    """Return an instant, each number a minute and a microsecond after the one before."""
    return NOON + number * timedelta(minutes=1, microseconds=1)


def a_customer(number: int = 1, /, **overrides: Any) -> Customer:
    """Return a customer with an e-mail and a mobile of their own."""
    local = f"customer{number}@example.com"
    fields: dict[str, Any] = {
        "id": a_customer_id(number),
        "added": an_instant(number),
        "name": _NAMES[(number - 1) % len(_NAMES)],
        "email": EmailAddress(local, local),
        "mobile": PhoneNumber(f"+447700900{number % 1_000:03d}"),
    }
    return Customer(**{**fields, **overrides})


def a_note(number: int = 1, /, **overrides: Any) -> Note:
    """Return a note about customer 1."""
    fields: dict[str, Any] = {
        "id": NoteId(_note_id(number)),
        "customer_id": a_customer_id(),
        "text": f"Asked for appointment {number} in the morning.",
        "at": an_instant(number),
        "by": OWNER.id,
    }
    return Note(**{**fields, **overrides})


def a_block(number: int = 1, /, **overrides: Any) -> Block:
    """Return a block in force of customer 1, its own origin."""
    own_id = BlockId(_block_id(number))
    fields: dict[str, Any] = {
        "id": own_id,
        "origin": own_id,
        "customer_id": a_customer_id(),
        "reason": f"Did not come {number} times.",
        "at": an_instant(number),
        "by": OWNER.id,
    }
    return Block(**{**fields, **overrides})


def a_block_alert(number: int = 1, /, **overrides: Any) -> BlockAlert:
    """Return an open alert on customer 1, of the block of the same number."""
    fields: dict[str, Any] = {
        "id": BlockAlertId(_alert_id(number)),
        "customer_id": a_customer_id(),
        "origin": BlockId(_block_id(number)),
        "at": an_instant(number),
    }
    return BlockAlert(**{**fields, **overrides})


def a_fingerprint(number: int = 1, /, **overrides: Any) -> RowFingerprint:
    """Return the fingerprint of a row that made customer 1."""
    fields: dict[str, Any] = {"system": "old-till", "digest": _digest(number), "customer_id": a_customer_id()}
    return RowFingerprint(**{**fields, **overrides})


def an_alias(number: int = 1, /, **overrides: Any) -> Alias:
    """Return the alias of an id that was merged into customer 1."""
    fields: dict[str, Any] = {"id": CustomerId(_former_id(number)), "customer_id": a_customer_id()}
    return Alias(**{**fields, **overrides})


def a_mark(number: int = 1, /, **overrides: Any) -> Mark:
    """Return the mark of a contact, of the block of the same number."""
    fields: dict[str, Any] = {
        "digest": _digest(number),
        "kind": MarkKind.CONTACT,
        "block_id": BlockId(_block_id(number)),
    }
    return Mark(**{**fields, **overrides})


def a_reference(number: int = 1, /, **overrides: Any) -> Reference:
    """Return the record of a command that was called with a reference."""
    fields: dict[str, Any] = {
        "command": "add_customer",
        "reference": f"form-{number:06d}",
        "result_id": _result_id(number),
        "digest": _digest(number),
    }
    return Reference(**{**fields, **overrides})


def a_service_type(number: int = 1, /, **overrides: Any) -> ServiceType:
    """Return a service type: hair, nails, or one that its number names."""
    name = ("Hair", "Nails")[number - 1] if number in (1, 2) else f"Type {number}"
    fields: dict[str, Any] = {"id": ServiceTypeId(_type_id(number)), "name": name}
    return ServiceType(**_with_code({**fields, **overrides}))


def a_service(number: int = 1, /, **overrides: Any) -> Service:
    """Return a service: a cut, balayage, a manicure, or one that its number names; the odd ones are of type hair."""
    names = ("Cut", "Balayage", "Manicure")
    fields: dict[str, Any] = {
        "id": ServiceId(_service_id(number)),
        "name": names[number - 1] if 1 <= number <= len(names) else f"Service {number}",
        "service_type": "nails" if number % 3 == 0 else "hair",
        "duration": 60,
    }
    return Service(**_with_code({**fields, **overrides}))


def a_package(number: int = 1, /, **overrides: Any) -> Package:
    """Return a package."""
    fields: dict[str, Any] = {"id": PackageId(_package_id(number)), "name": f"Package {number}"}
    return Package(**_with_code({**fields, **overrides}))


def a_location(number: int = 1, /, **overrides: Any) -> Location:
    """Return a location: Chiado in Lisbon, Funchal with a zone of its own, or one that its number names."""
    name = ("Chiado", "Funchal")[number - 1] if number in (1, 2) else f"Location {number}"
    zone = "Atlantic/Madeira" if number == 2 else None
    fields: dict[str, Any] = {"id": LocationId(_location_id(number)), "name": name, "zone": zone}
    return Location(**_with_code({**fields, **overrides}))


def a_staff_member(number: int = 1, /, **overrides: Any) -> StaffMember:
    """Return a staff member who acts under no actor."""
    name = ("Gil Horta", "Ines Jardim")[number - 1] if number in (1, 2) else f"Therapist {number}"
    fields: dict[str, Any] = {"id": StaffMemberId(_staff_id(number)), "name": name}
    return StaffMember(**_with_code({**fields, **overrides}))


def _with_code(fields: dict[str, Any]) -> dict[str, Any]:
    """Return the fields of an item with the code its name makes, unless it has one."""
    return {"code": code_of(fields["name"], "item"), **fields}


def a_booking(number: int = 1, /, **overrides: Any) -> Booking:
    """Return a pending booking by customer 1, an hour for a cut at Chiado, each a day after the one before."""
    start = an_instant() + timedelta(days=number)
    fields: dict[str, Any] = {
        "id": BookingId(_booking_id(number)),
        "customer_id": a_customer_id(),
        "service": "cut",
        "location": "chiado",
        "therapist": "gil-horta",
        "start": start,
        "end": overrides.get("start", start) + timedelta(hours=1),
        "zone": "Europe/Lisbon",
        "at": an_instant(number),
        "by": OWNER.id,
    }
    return Booking(**{**fields, **overrides})


def a_booking_change(number: int = 1, /, **overrides: Any) -> BookingChange:
    """Return the change that led booking 1 to the version after ``number``."""
    before = a_booking(1, version=number)
    change = BookingChange.of(before, at=an_instant(number), by=OWNER.id, move=BookingMove.RESCHEDULE)
    return evolve(change, **overrides)


def a_sale(number: int = 1, /, **overrides: Any) -> Sale:
    """Return a completed sale of a cut to customer 1, paid in full; each is made a day after the one before."""
    price = Money(2_500 + number, "EUR")
    at = an_instant() + timedelta(days=number)
    fields: dict[str, Any] = {
        "id": SaleId(_sale_id(number)),
        "customer_id": a_customer_id(),
        "at": at,
        "zone": "Europe/Lisbon",
        "location": "chiado",
        "currency": "EUR",
        "lines": (SaleLine(kind=LineKind.SERVICE, item="cut", name="Cut", price=price),),
        "payments": (Payment(at=at, by=OWNER.id, amount=price, method="card"),),
        "by": OWNER.id,
        "recorded": an_instant(number),
    }
    return Sale(**{**fields, **overrides})


def an_assigned_package(number: int = 1, /, **overrides: Any) -> AssignedPackage:
    """Return a package that customer 1 was given by hand."""
    fields: dict[str, Any] = {
        "id": AssignedPackageId(_assigned_id(number)),
        "customer_id": a_customer_id(),
        "package": f"package-{number}",
        "at": an_instant(number),
        "by": OWNER.id,
    }
    return AssignedPackage(**{**fields, **overrides})


def some_facts(number: int = 1, /, **overrides: Any) -> CustomerFacts:
    """Return what the bookings and sales of the customer of this number come to: a visit, a cut."""
    day = an_instant(number).date()
    fields: dict[str, Any] = {
        "customer_id": a_customer_id(number),
        "visits": number,
        "first_visit": day,
        "last_visit": day,
        "spend": 2_500 * number,
        "booked": frozenset({"cut"}),
        "ever_booked": frozenset({"cut", "balayage"}),
        "packages": frozenset({"package-1"}),
    }
    return CustomerFacts(**{**fields, **overrides})


def a_reward_entry(number: int = 1, /, **overrides: Any) -> RewardEntry:
    """Return the entry at the place ``number`` of the ledger of customer 1: ten points more, in a lot of its own."""
    salt = _digest(number)[:16]
    fields: dict[str, Any] = {
        "id": RewardEntryId(_reward_entry_id(number)),
        "customer_id": a_customer_id(),
        "sequence": number,
        "at": an_instant(number),
        "recorded": an_instant(number),
        "action": RewardAction.ADDED,
        "points": 10,
        "total_after": 10 * number,
        "parts": (LotPart(overrides.get("sequence", number), 10),),
        "tier_points": 10,
        "rewarded_by": OWNER.id,
        "role": OWNER.role,
        "reason": f"Gift {number}.",
        "reference": f"gift {number}",
        "origin": RewardOrigin(OriginKind.SALE, _sale_id(number)),
        "salt": salt,
        "reason_digest": digest_of_reason(f"Gift {number}.", salt),
    }
    return RewardEntry(**{**fields, **overrides})


def a_reward_lot(number: int = 1, /, **overrides: Any) -> RewardLot:
    """Return the lot of this number of customer 1, with ten points that stay."""
    fields: dict[str, Any] = {
        "customer_id": a_customer_id(),
        "number": number,
        "at": an_instant(number),
        "opened": 10,
        "points": 10,
        "origin": RewardOrigin(OriginKind.SALE, _sale_id(number)),
    }
    return RewardLot(**{**fields, **overrides})


def a_reward_head(number: int = 1, /, **overrides: Any) -> RewardHead:
    """Return the end of the ledger of the customer of this number: one entry, ten points."""
    fields: dict[str, Any] = {"customer_id": a_customer_id(number), "total": 10, "version": 1}
    return RewardHead(**{**fields, **overrides})


def _digest(number: int) -> bytes:
    """Return 32 bytes that sort as the numbers do."""
    return number.to_bytes(4) + sha256(number.to_bytes(4)).digest()[4:]


BUILDERS: Final[Mapping[str, Callable[..., Any]]] = {
    "customers": a_customer,
    "notes": a_note,
    "blocks": a_block,
    "block_alerts": a_block_alert,
    "fingerprints": a_fingerprint,
    "aliases": an_alias,
    "marks": a_mark,
    "references": a_reference,
    "service_types": a_service_type,
    "services": a_service,
    "packages": a_package,
    "locations": a_location,
    "staff_members": a_staff_member,
    "bookings": a_booking,
    "booking_changes": a_booking_change,
    "sales": a_sale,
    "assigned_packages": an_assigned_package,
    "facts": some_facts,
    "reward_entries": a_reward_entry,
    "reward_lots": a_reward_lot,
    "reward_heads": a_reward_head,
}
"""The builder of each kind of record (`salon_crm.ports.records.KINDS`)."""


def a_salon_record(number: int = 1, /, **overrides: Any) -> SalonRecord:
    """Return what a store keeps of a salon without a secret of its host's."""
    key = CountedIds(number).key_bytes(KEY_BYTES)
    fields: dict[str, Any] = {
        "id": SalonId(_salon_id(number)),
        "created": an_instant(),
        "mark_key": key,
        "key_check": mix_secret(key, None).check,
    }
    return SalonRecord(**{**fields, **overrides})


def some_settings(**overrides: Any) -> Settings:
    """Return the settings of a salon in Lisbon."""
    fields: dict[str, Any] = {"region": "PT", "zone": "Europe/Lisbon", "currency": "EUR"}
    return Settings(**{**fields, **overrides})


def a_reward_programme(**overrides: Any) -> RewardProgramme:
    """Return a programme that states every field: 10 points a visit, 1 for each euro, 5 for a shampoo."""
    euro = Money(100, "EUR")
    fields: dict[str, Any] = {
        "rules": (
            EarnRule(per=EarnPer.VISIT, points=10),
            EarnRule(per=EarnPer.MONEY, points=1, amount=euro, kinds=frozenset({LineKind.SERVICE, LineKind.PRODUCT})),
            EarnRule(
                per=EarnPer.ITEM,
                points=5,
                items=frozenset({"Shampoo"}),
                since=date(2020, 1, 1),
                until=date(2099, 12, 31),
                most=50,
            ),
        ),
        "rounding": Rounding.NEAREST,
        "tax_basis_points": 2_300,
        "expiry": Expiry(months=12),
        "tiers": (
            Tier(code="silver", name="Silver", points=100, percent=120),
            Tier(code="gold", name="Gold", spend=euro * 500, percent=150),
        ),
        "tier_months": 6,
        "minimum": 20,
        "value": Money(5, "EUR"),
        "daily_caps": {Role.RECEPTIONIST: 50},
        "reasons": True,
        "returns": False,
        "collects": True,
    }
    return RewardProgramme(**{**fields, **overrides})


def an_entry(number: int = 1, /, **overrides: Any) -> AuditEntry:
    """Return an entry of the audit at the place ``number``; its digest is no chain's."""
    fields: dict[str, Any] = {
        "sequence": number,
        "at": an_instant(number),
        "recorded": an_instant(number),
        "by": OWNER.id,
        "role": OWNER.role,
        "action": AuditAction.CUSTOMER_EDITED,
        "customer_id": a_customer_id(),
        "version": number,
        "fields": ("name",),
        "digest": _digest(abs(number)),
    }
    return AuditEntry(**{**fields, **overrides})


def open_test_salon(
    store: Store | None = None,
    *,
    clock: Clock | None = None,
    ids: IdSource | None = None,
    region: str = "PT",
    zone: str = "Europe/Lisbon",
    currency: str = "EUR",
    salon_id: IdLike | None = None,
) -> Salon:
    """Open a new salon whose answers are the same on every run: in memory unless a store is given.

    The clock is a `FixedClock` and the ids are `CountedIds` unless others are given; keep hold of a clock
    of your own to move it. ``salon_id`` is one more of those ids unless it is said.

        >>> with open_test_salon() as salon:
        ...     salon.now().isoformat()
        '2026-03-02T12:00:00+00:00'
    """
    return open_salon(
        store,
        region=region,
        zone=zone,
        currency=currency,
        salon_id=salon_id,
        clock=clock or FixedClock(),
        ids=ids or CountedIds(),
    )
