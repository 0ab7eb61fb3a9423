"""Points that visits and paid sales earn, and what refunds, cancelled sales and reopened bookings make of them.

Whatever keeps a booking or a sale calls this in its own transaction. What is due follows from the booking or sale as it
is and from the entries that came of it, so that nothing is given, taken or returned twice.
"""

from collections.abc import Iterable, Iterator
from datetime import date
from typing import Any, Final
from uuid import UUID

from salon_crm.domain.access import Actor, Role
from salon_crm.domain.bookings import Booking, BookingStatus
from salon_crm.domain.customers import Customer
from salon_crm.domain.ids import CustomerId
from salon_crm.domain.rewards import (
    MOST_POINTS,
    LineShare,
    OriginKind,
    RewardAction,
    RewardEntry,
    RewardLedger,
    RewardOrigin,
    points_in,
    points_kept,
    points_returned,
    sale_shares,
    visit_points,
)
from salon_crm.domain.sales import LineKind, PaymentStatus, Sale, SaleStatus
from salon_crm.errors import NotSupported
from salon_crm.ports.store import BookingQuery, Reading
from salon_crm.use_cases.rewards.keeping import head_there, today_of, write_entry
from salon_crm.use_cases.rewards.tiers import tier_of
from salon_crm.use_cases.rewards.undoing import Undoing, come_of, give_back, named, take_back
from salon_crm.use_cases.unit import Unit

EARNING: Final = Actor("rewards", Role.SYSTEM)
"""Who gives what a visit or a sale earns, and takes back what a refund takes: the programme does."""

RESERVED: Final = "crm:"
"""How references of our own begin, and none of a host's."""

_PAID: Final = (PaymentStatus.PAID, PaymentStatus.OVERPAID)


def settle_sale(unit: Unit, customer: Customer | None, before: Sale | None, after: Sale) -> tuple[RewardEntry, ...]:
    """Give what a sale earns once it is completed and paid, and take back and return what its refunds say.

    ``before`` is what it was, None for a new one, and the same object where it is asked again what it earned. Returns
    the entries that were written.
    """
    if customer is None or not _keeps_ledgers(unit):
        return ()
    return tuple(_settled_sale(unit, customer, before, after))


def settle_booking(
    unit: Unit, customer: Customer, before: Booking | None, after: Booking, *, gives: bool = True
) -> tuple[RewardEntry, ...]:
    """Give what the visit earns that a completed booking is, and take back what one was that is not any more.

    ``before`` is what it was, None for a new one; nothing is given where not ``gives``. Returns the entries that were
    written.
    """
    if not _keeps_ledgers(unit):
        return ()
    was, now = (None if each is None else _visit_of(each) for each in (before, after))
    written: list[RewardEntry] = []
    if was is not None and was != now:
        customer_id, day = was
        owner = customer if customer_id == customer.id else unit.writing.customers.get_many([customer_id])[customer_id]
        if not _visited(unit.writing, customer_id, day):
            written += _visit_given_up(unit, owner, day)
    if now is not None and was != now and gives:
        written += _visit_made(unit, customer, after.day, RewardOrigin(OriginKind.BOOKING, after.id))
    return tuple(written)


def _keeps_ledgers(unit: Unit) -> bool:
    """Return whether the store keeps ledgers at all; one that does not has nothing to settle."""
    try:
        _ = unit.writing.reward_entries
    except NotSupported:
        return False
    return True


# visits


def _visit_of(booking: Booking) -> tuple[CustomerId, date] | None:
    """Return whose visit on which day a booking is, None for one that is none."""
    return (booking.customer_id, booking.day) if booking.status is BookingStatus.COMPLETED else None


def _visited(reading: Reading, customer_id: CustomerId, day: date) -> bool:
    """Return whether a day has a visit: a completed booking, or a sale of a service without one."""
    asked = BookingQuery(customer_id=customer_id, since=day, until=day, statuses=frozenset({BookingStatus.COMPLETED}))
    if reading.bookings.find(asked, None, 1):
        return True
    sales = reading.sales.of_customers([customer_id]).get(customer_id, ())
    return any(sale.day == day and _is_visit(sale) for sale in sales)


def _is_visit(sale: Sale) -> bool:
    return _earns(sale) and not sale.bookings and any(sale.kept(LineKind.SERVICE))


def _visit_made(unit: Unit, customer: Customer, day: date, origin: RewardOrigin) -> Iterator[RewardEntry]:
    """Give what a visit earns, unless the day was given its points before."""
    programme = unit.settings.rewards
    if not visit_points(programme, day):
        return
    number, given = _given_for(unit.writing, customer.id, day)
    if given is None:
        points = visit_points(programme, day, _percent(unit, customer))
        told: dict[str, Any] = {"reference": _for_visit(customer.id, day, number), "origin": origin}
        yield from _earned(unit, customer, points, owed=_short_of(unit.writing, customer.id, day, number - 1), **told)


def _visit_given_up(unit: Unit, customer: Customer, day: date) -> Iterator[RewardEntry]:
    """Take back what a day was given that has no visit any more; from then on it may be given points anew."""
    number, given = _given_for(unit.writing, customer.id, day)
    if given is None:
        return
    undoing = Undoing.of(unit.writing, given)
    if undoing.left:  # where somebody reversed it by hand, the day earns nothing again
        told: dict[str, Any] = {"reference": _back_of_visit(customer.id, day, number), "actor": EARNING}
        yield take_back(unit, customer, undoing, undoing.left, **told)


def _short_of(reading: Reading, customer_id: CustomerId, day: date, number: int) -> int:
    """Return what could not be taken back when a day's points were for the last time: it was spent."""
    back = _back_of_visit(customer_id, day, number)
    return sum(entry.shortfall for entry in reading.reward_entries.by_key("reference", [back]).get(back, ()))


def _given_for(reading: Reading, customer_id: CustomerId, day: date) -> tuple[int, RewardEntry | None]:
    """Return how often a day was given points, this time included, and the entry of this time, None where none is."""
    number = 1
    while True:
        given, back = _for_visit(customer_id, day, number), _back_of_visit(customer_id, day, number)
        held = reading.reward_entries.by_key("reference", [given, back])
        if back not in held:
            return number, held[given][0] if given in held else None
        number += 1


def _for_visit(customer_id: CustomerId, day: date, number: int) -> str:
    return f"{RESERVED}visit:{customer_id}:{day}:{number}"


def _back_of_visit(customer_id: CustomerId, day: date, number: int) -> str:
    return f"{_for_visit(customer_id, day, number)}:back"


# sales


def _settled_sale(unit: Unit, customer: Customer, before: Sale | None, after: Sale) -> Iterator[RewardEntry]:
    origin = RewardOrigin(OriginKind.SALE, after.id)
    anew = before is None or before is after or before.customer_id != after.customer_id or not _earns(before)
    held = () if before is None else come_of(unit.writing, origin)
    if unit.settings.rewards.returns:  # first, so that as little as can be falls short of what is taken back
        yield from _redeemed_returned(unit, customer, after, held)
    given = [entry for entry in held if entry.reference and entry.reference.startswith(_for_sale(after.id))]
    back = _unpaid_taken_back(unit, given[-1]) if given else None
    if given and back is None:
        yield from _sale_taken_back(unit, customer, after, given[-1])
    elif _earns(after) and anew:
        shares = sale_shares(unit.settings.rewards, after, _percent(unit, customer, but=after.id))
        told: dict[str, Any] = {"reference": _for_sale(after.id, len(given) + 1), "origin": origin, "shares": shares}
        owed = 0 if back is None else back.shortfall
        yield from _earned(unit, customer, points_kept(shares, after), owed=owed, **told)
    if _is_visit(after):
        if anew:
            yield from _visit_made(unit, customer, after.day, origin)
    elif before is not None and _is_visit(before) and not _visited(unit.writing, customer.id, after.day):
        yield from _visit_given_up(unit, customer, after.day)


def _earns(sale: Sale) -> bool:
    return sale.status is SaleStatus.COMPLETED and sale.payment_status in _PAID


def _for_sale(sale_id: UUID, number: int = 1) -> str:
    return f"{RESERVED}sale:{sale_id}" if number == 1 else f"{RESERVED}sale:{sale_id}:{number}"


def _back_of_sale(given: RewardEntry) -> str:
    return f"{given.reference}:back"


def _unpaid_taken_back(unit: Unit, given: RewardEntry) -> RewardEntry | None:
    """Return the entry that took back what a sale earned because it was paid no more, None where none did."""
    reference = _back_of_sale(given)
    return next(iter(unit.writing.reward_entries.by_key("reference", [reference]).get(reference, ())), None)


def _sale_taken_back(unit: Unit, customer: Customer, sale: Sale, given: RewardEntry) -> Iterator[RewardEntry]:
    """Take back what the refunded part of a sale earned and was not taken back before; all, where it is paid no more.

    From then on it may earn again, once it is paid.
    """
    undoing = Undoing.of(unit.writing, given)
    unpaid = sale.status is SaleStatus.COMPLETED and not _earns(sale)
    due = undoing.left - (0 if unpaid else min(given.points, points_kept(given.shares, sale)))
    if due > 0:
        told: dict[str, Any] = {"reference": _back_of_sale(given)} if unpaid else {}
        yield take_back(unit, customer, undoing, due, actor=EARNING, **told)


def _redeemed_returned(
    unit: Unit, customer: Customer, sale: Sale, held: Iterable[RewardEntry]
) -> Iterator[RewardEntry]:
    """Return what was redeemed on a sale, as much of it as was refunded and did not come back before."""
    for redeemed in (entry for entry in held if entry.action is RewardAction.REDEEMED):
        undoing = Undoing.of(unit.writing, redeemed)
        returned = points_returned(-redeemed.points, sale, after=redeemed.refunds)
        due = undoing.left - (-redeemed.points - returned)
        if due > 0:
            yield give_back(unit, customer, undoing, due, actor=EARNING)


# both


def _percent(unit: Unit, customer: Customer, *, but: UUID | None = None) -> int:
    """Return the percent of its tier that a customer earns; a sale does not count towards its own."""
    tier = tier_of(unit.writing, customer.id, unit.settings, unit.at, but=but)
    return 100 if tier is None else tier.percent


def _earned(
    unit: Unit,
    customer: Customer,
    points: int,
    *,
    reference: str,
    origin: RewardOrigin,
    shares: tuple[LineShare, ...] = (),
    owed: int = 0,
) -> Iterator[RewardEntry]:
    """Give what was earned, and collect of it what is ``owed`` of the same, or of all where the programme says so."""
    programme, day = unit.settings.rewards, today_of(unit)
    ledger = RewardLedger(head_there(unit.writing, customer.id))
    points = min(points, MOST_POINTS - ledger.head.total)
    if not points:
        return
    parts = ledger.opening(points, programme.expiry.last_day(day))
    told: dict[str, Any] = {"reference": reference, "origin": origin, "shares": shares, "tier_points": points}
    ledger, earned = write_entry(unit, customer, ledger, RewardAction.ADDED, parts, actor=EARNING, **told)
    yield earned
    short = min(ledger.head.shortfall, points if programme.collects else min(points, owed))
    if short:
        parts = ledger.taking_back(short, (), day)
        told = {"shortfall": points_in(parts), "origin": named(earned)}
        _, collected = write_entry(unit, customer, ledger, RewardAction.REVERSED, parts, actor=EARNING, **told)
        yield collected
