"""Ledgers, read: the balance, the history, a statement of any day, and whether all of it is what was written."""

import re
from collections.abc import Iterable, Iterator, Mapping, Sequence
from datetime import date
from itertools import islice, takewhile
from typing import Final

from attrs import evolve, field, frozen

from salon_crm.domain.access import Actor, Permission, Role, Scope
from salon_crm.domain.audit import AuditEntry
from salon_crm.domain.criteria import EVERYBODY, Order, OrderKey
from salon_crm.domain.dates import end_of_day, local_day, start_of_day
from salon_crm.domain.ids import CustomerId, IdLike
from salon_crm.domain.labels import label
from salon_crm.domain.money import Money
from salon_crm.domain.privacy import BEHAVIOUR, IDENTITY, MONEY, OPERATOR, classed, field_classes
from salon_crm.domain.reading import read_choice, read_whole
from salon_crm.domain.rewards import (
    MOST_POINTS,
    LedgerFault,
    RewardAction,
    RewardEntry,
    RewardLedger,
    RewardLot,
    fault_in,
)
from salon_crm.domain.settings import Settings
from salon_crm.domain.text import clean_text, fold
from salon_crm.errors import StoreError
from salon_crm.ports.salon import Salon
from salon_crm.ports.store import AuditQuery, Reading, RewardQuery, entries_asked
from salon_crm.use_cases.access import find_customer, use_case
from salon_crm.use_cases.criteria import each_slice
from salon_crm.use_cases.pages import check_limit, parse_period
from salon_crm.use_cases.rewards.keeping import (
    POINTS_ACTIONS,
    SHOWN,
    day_until,
    head_there,
    ledger_there,
    lots_in_turn,
    staff_by_actor,
)
from salon_crm.use_cases.rewards.tiers import tier_of

_SHOWN_WITH_NAMES: Final = SHOWN | field_classes(IDENTITY)
_AT_ONCE: Final = 500
_MOST_NAMED: Final = 1_000
_LAST: Final = 2**53
"""A sequence that no ledger reaches."""

_DAY: Final = re.compile(r"\d{4}-", re.ASCII)
"""How a day begins, or the month or year of one."""


@frozen(field_transformer=classed, kw_only=True)
class PointsBalance:
    """How many points a customer has: ``total`` by the last entry, ``available`` to be spent today.

    They differ where points have expired that `expire_points` has not written down yet. ``next_points`` can be spent
    through ``next_expiry`` and no longer; None and 0 where all points stay. ``tier`` is the code of the tier the
    customer has today, ``worth`` what the points that can be spent are worth; None where the programme has no tiers,
    and no value of a point.
    """

    customer_id: CustomerId = field(metadata=OPERATOR)
    total: int = field(metadata=MONEY)
    available: int = field(metadata=MONEY)
    next_expiry: date | None = field(default=None, metadata=OPERATOR)
    next_points: int = field(default=0, metadata=MONEY)
    tier: str | None = field(default=None, metadata=BEHAVIOUR)
    worth: Money | None = field(default=None, metadata=MONEY)


@use_case(Permission.VIEW_POINTS, shows=SHOWN, scopes={Scope.OWN})
def points_balance(salon: Salon, actor: Actor, customer_id: IdLike, /) -> PointsBalance:
    """Return how many points a customer has, and which of them are the next to expire.

    Raises InvalidValue, NotFound, NotPermitted.
    """
    with salon.reading() as reading:
        customer = find_customer(salon, actor, Permission.VIEW_POINTS, reading, customer_id)
        settings, now = reading.settings(), salon.now()
        today = local_day(now, settings.zone)
        total = head_there(reading, customer.id).total
        lapsed, next_expiry, next_points = 0, None, 0
        for lot in lots_in_turn(reading, customer.id):  # what has expired first, then what is the next to
            if not lot.usable(today):
                lapsed += lot.points
            elif lot.expires is None or (next_expiry is not None and lot.expires > next_expiry):
                break
            else:
                next_expiry, next_points = lot.expires, next_points + lot.points
        tier = tier_of(reading, customer.id, settings, now)
    value = settings.rewards.value
    return PointsBalance(
        customer_id=customer.id,
        total=total,
        available=total - lapsed,
        next_expiry=next_expiry,
        next_points=next_points,
        tier=None if tier is None else tier.code,
        worth=None if value is None else value * (total - lapsed),
    )


@frozen(field_transformer=classed, kw_only=True)
class PointsRow:
    """An entry as a list shows it: ``name`` is that of who gave or took the points, also after they left.

    It is None for the system, and for an actor whom the catalogue's staff members do not know.
    """

    entry: RewardEntry = field(metadata=MONEY)
    name: str | None = field(default=None, metadata=IDENTITY)


@frozen(field_transformer=classed, kw_only=True)
class PointsHistory:
    """Entries of a ledger, the newest first: iterate it for them. ``next`` asks for the rest, None at the end."""

    items: tuple[PointsRow, ...] = field(metadata=MONEY)
    next: int | None = field(default=None, metadata=OPERATOR)

    def __iter__(self) -> Iterator[PointsRow]:
        return iter(self.items)

    def __len__(self) -> int:
        return len(self.items)


@use_case(Permission.VIEW_POINTS, shows=_SHOWN_WITH_NAMES, scopes={Scope.OWN})
def points_history(
    salon: Salon,
    actor: Actor,
    customer_id: IdLike,
    /,
    *,
    text: str | None = None,
    action: RewardAction | str | None = None,
    since: date | None = None,
    until: date | None = None,
    points: int | None = None,
    before: int | None = None,
    limit: int = 50,
) -> PointsHistory:
    """Return the entries of a customer's ledger, those written last first.

    ``text`` is what somebody types into a search field: each of its words must be the number of points, or stand in the
    day (2026-05-17), the action, the reason, the reference or the name. ``since`` and ``until`` are local days of the
    salon on which it happened, both included; ``points`` are as they were entered, below zero for what was taken.
    ``before`` is the ``next`` of an earlier answer, ``limit`` 1 to 500. Raises InvalidValue, NotFound, NotPermitted.
    """
    check_limit(limit)
    first, last = parse_period(since, until)
    with salon.reading() as reading:
        customer = find_customer(salon, actor, Permission.VIEW_POINTS, reading, customer_id)
        settings = reading.settings()
        query = RewardQuery(
            customer_id=customer.id,
            actions=frozenset(RewardAction if action is None else {read_choice(action, "action", RewardAction)}),
            since=None if first is None else start_of_day(first, settings.zone, "since"),
            until=None if last is None else end_of_day(last, settings.zone, "until"),
            points=None if points is None else read_whole(points, "points", -MOST_POINTS, MOST_POINTS),
            before=None if before is None else read_whole(before, "before", 1, _LAST),
        )
        words = [] if text in (None, "") else fold(clean_text(text, "text")).split()
        rows = _rows(reading, query, _AT_ONCE if words else limit + 1)
        if words:
            rows = (row for row in rows if all(_says(row, word, settings) for word in words))
        found = list(islice(rows, limit + 1))
    more = len(found) > limit
    return PointsHistory(items=tuple(found[:limit]), next=found[limit - 1].entry.sequence if more else None)


def _rows(reading: Reading, query: RewardQuery, count: int) -> Iterator[PointsRow]:
    """Give the entries that a query asks for, newest first, so many at a time, each with the name of who is named."""
    names: dict[str, str | None] = {}
    for entries in _slices(reading, query, count):
        unknown = {entry.rewarded_by for entry in entries if entry.role is not Role.SYSTEM} - names.keys()
        held = staff_by_actor(reading, unknown)
        names |= {actor: held[actor].name if actor in held else None for actor in unknown}
        for entry in entries:
            yield PointsRow(entry=entry, name=names.get(entry.rewarded_by))


def _slices(reading: Reading, query: RewardQuery, count: int) -> Iterator[Sequence[RewardEntry]]:
    while True:
        entries = reading.reward_entries.find(query, count, newest_first=True)
        yield entries
        if len(entries) < count:
            return
        query = evolve(query, before=entries[-1].sequence)


def _says(row: PointsRow, word: str, settings: Settings) -> bool:
    entry = row.entry
    if word in (str(entry.points), str(abs(entry.points)), f"+{entry.points}"):
        return True
    if _DAY.match(word) and str(local_day(entry.at, settings.zone)).startswith(word):
        return True
    told = (entry.reason, entry.reference, row.name, label(entry.action))
    return any(word in fold(each) for each in told if each)


@frozen(field_transformer=classed, kw_only=True)
class PointsStatement:
    """What a customer's points were made of at the end of a day: the lots that held any, and what they came to.

    ``total`` is that of the last entry written down by then, ``available`` what could be spent on that day.
    """

    customer_id: CustomerId = field(metadata=OPERATOR)
    on: date = field(metadata=OPERATOR)
    total: int = field(metadata=MONEY)
    available: int = field(metadata=MONEY)
    lots: tuple[RewardLot, ...] = field(metadata=MONEY)


@use_case(Permission.VIEW_POINTS, shows=SHOWN, scopes={Scope.OWN})
def points_statement(salon: Salon, actor: Actor, customer_id: IdLike, /, *, on: date | None = None) -> PointsStatement:
    """Return what explains a customer's balance: every lot that holds points, today or as it was at the end of a day.

    A past day is made of all that was written down through its last minute, by the salon's clock. Raises InvalidValue
    for a day to come, NotFound, NotPermitted.
    """
    with salon.reading() as reading:
        customer = find_customer(salon, actor, Permission.VIEW_POINTS, reading, customer_id)
        settings = reading.settings()
        today = local_day(salon.now(), settings.zone)
        day = day_until(on, today)
        if day == today:
            ledger = ledger_there(reading, customer.id, points=None, on=today)
        else:
            midnight = start_of_day(day, settings.zone, "on", after=1)
            entries = entries_asked(reading, RewardQuery(customer_id=customer.id))
            ledger = RewardLedger.of_entries(customer.id, takewhile(lambda entry: entry.recorded < midnight, entries))
    return PointsStatement(
        customer_id=customer.id,
        on=day,
        total=ledger.head.total,
        available=ledger.available(day),
        lots=ledger.open_lots(),
    )


@frozen(field_transformer=classed, kw_only=True)
class LedgerVerification:
    """What verifying ledgers found; ``faults`` names up to 1,000 customers, each with the first entry at fault."""

    ledgers: int = field(metadata=OPERATOR)
    entries: int = field(metadata=OPERATOR)
    wrong: int = field(metadata=OPERATOR)
    faults: tuple[LedgerFault, ...] = field(metadata=OPERATOR)

    @property
    def ok(self) -> bool:
        """Whether all ledgers are as they were written."""
        return not self.wrong


@use_case(Permission.VIEW_AUDIT)
def verify_ledger(salon: Salon, actor: Actor, customer_id: IdLike | None = None, /) -> LedgerVerification:
    """Verify a customer's ledger, or everybody's: sequence, totals, lots, and each entry by the digest in the audit.

    What is cut off both here and in the audit is found by `verify_audit` against a head kept elsewhere: verify both.
    Reads the salon in short readings, in time in proportion to it. Raises InvalidValue, NotFound, NotPermitted.
    """
    if customer_id is not None:
        with salon.reading() as reading:
            customer = find_customer(salon, actor, Permission.VIEW_AUDIT, reading, customer_id)
            return _verification([_verified(reading, customer.id)])
    slices = each_slice(
        salon,
        EVERYBODY,
        Order(OrderKey.ADDED),
        lambda reading, found: [_verified(reading, each.id) for each in found],
    )
    return _verification(verified for shaped in slices for verified in shaped)


_Verified = tuple[int, LedgerFault | None]
"""How many entries a ledger has, and what is wrong with it."""


def _verification(verified: Iterable[_Verified]) -> LedgerVerification:
    ledgers = entries = wrong = 0
    faults: list[LedgerFault] = []
    for count, fault in verified:
        ledgers += bool(count or fault)
        entries += count
        if fault is not None:
            wrong += 1
            faults += [fault] * (wrong <= _MOST_NAMED)
    return LedgerVerification(ledgers=ledgers, entries=entries, wrong=wrong, faults=tuple(faults))


def _verified(reading: Reading, customer_id: CustomerId) -> _Verified:
    try:
        entries = tuple(entries_asked(reading, RewardQuery(customer_id=customer_id)))
        lots = reading.reward_lots.of_customers([customer_id]).get(customer_id, ())
        head = head_there(reading, customer_id)
    except StoreError as error:
        if error.code != "store-damaged":
            raise
        return 0, LedgerFault(customer_id=customer_id, sequence=0, reason="something of it cannot be read")
    fault = fault_in(customer_id, entries, _digests(reading, customer_id), head, lots)
    return len(entries), fault


def _digests(reading: Reading, customer_id: CustomerId) -> Mapping[int, bytes]:
    """Return the digests that the audit keeps of a customer's entries, by sequence."""
    digests: dict[int, bytes] = {}
    for entry in _audited(reading, customer_id):
        sequence, digest = entry.details.get("sequence"), entry.details.get("digest")
        if isinstance(sequence, int) and isinstance(digest, str):
            digests[sequence] = bytes.fromhex(digest)
    return digests


def _audited(reading: Reading, customer_id: CustomerId) -> Iterator[AuditEntry]:
    after = 0
    while entries := reading.audit.select(AuditQuery(after=after, customer_id=customer_id), _AT_ONCE):
        yield from (entry for entry in entries if entry.action in POINTS_ACTIONS)
        after = entries[-1].sequence
