"""Why a customer is among those who are meant, or is not: each clause, whether it holds, and what there is instead."""

from collections.abc import Iterator
from datetime import date, datetime

from attrs import field, frozen

from salon_crm.domain.bookings import Booking
from salon_crm.domain.criteria.text import clause_text
from salon_crm.domain.criteria.tree import (
    AllOf,
    AnyOf,
    Compare,
    Criterion,
    CustomerRecord,
    Fact,
    Figure,
    HasBooking,
    HasPackage,
    InPeriod,
    Not,
    figure_of,
    matches,
    meets,
    value_of,
)
from salon_crm.domain.dates import local_day
from salon_crm.domain.ids import BookingId
from salon_crm.domain.money import Money
from salon_crm.domain.privacy import BEHAVIOUR, IDENTITY, OPERATOR, classed
from salon_crm.domain.settings import Settings


@frozen(field_transformer=classed, kw_only=True)
class Explanation:
    """Whether one clause of criteria holds of a customer, and what the customer has: a tree like the criteria.

    ``text`` is the clause as people write it. ``has`` is what there is of it in plain figures, such as
    ``2026-05-03`` for a last visit, None where there is nothing; ``booking_id`` the newest booking that meets it.
    ``parts`` are the clauses it is made of. ``print()`` shows it all, a line for each clause.
    """

    text: str = field(metadata=IDENTITY)
    holds: bool = field(metadata=OPERATOR)
    has: str | None = field(default=None, metadata=BEHAVIOUR)
    booking_id: BookingId | None = field(default=None, metadata=OPERATOR)
    parts: "tuple[Explanation, ...]" = field(default=(), metadata=IDENTITY)

    def __str__(self) -> str:
        return "\n".join(self._lines(""))

    def _lines(self, indent: str) -> Iterator[str]:
        has = f" (has {self.has})" if self.has is not None else ""
        yield f"{indent}{'yes' if self.holds else 'no'}: {self.text}{has}"
        for part in self.parts:
            yield from part._lines(f"{indent}  ")


def explain(written: Criterion, asked: Criterion, record: CustomerRecord, settings: Settings) -> Explanation:
    """Return why ``matches(asked, record)`` is what it is; ``asked`` is what `resolve` made of what was written."""
    match written, asked:
        case (AllOf(texts), AllOf(clauses)) | (AnyOf(texts), AnyOf(clauses)):
            parts = tuple(explain(*both, record, settings) for both in zip(texts, clauses, strict=True))
            every = isinstance(written, AllOf)
            holds = all(part.holds for part in parts) if every else any(part.holds for part in parts)
            return Explanation(text=clause_text(written), holds=holds, parts=parts)
        case Not(text), Not(clause):
            part = explain(text, clause, record, settings)
            return Explanation(text=clause_text(written), holds=not part.holds, parts=(part,))
        case _, HasBooking():
            met = [booking for booking in record.bookings if meets(booking, asked)]
            newest = max(met, key=lambda booking: (booking.start, booking.id), default=None)
            return Explanation(
                text=clause_text(written),
                holds=newest is not None,
                has=None if newest is None else _booking_shown(newest),
                booking_id=None if newest is None else newest.id,
            )
        case _:
            has = _has(asked, record, settings)
            return Explanation(text=clause_text(written), holds=matches(asked, record), has=has)


def _booking_shown(booking: Booking) -> str:
    return f"{booking.service}, {booking.local_start:%Y-%m-%d %H:%M}, {booking.status}"


def _has(asked: Criterion, record: CustomerRecord, settings: Settings) -> str | None:
    """Return what a customer has of what a clause asks for; a search and a choice one by one show nothing."""
    match asked:
        case Compare(fact):
            return _figure(fact, record, settings)
        case HasPackage(packages):
            return ", ".join(sorted(packages & record.facts.packages)) or None
        case InPeriod(figure):
            value = figure_of(asked, record)
            return str(Money(value, settings.currency)) if figure is Figure.SPENT else str(value)
        case _:
            return None


def _figure(fact: Fact, record: CustomerRecord, settings: Settings) -> str | None:
    value = value_of(fact, record)
    match value:
        case None:
            return None
        case bool():
            return "yes" if value else "no"
        case datetime():
            return local_day(value, settings.zone).isoformat()
        case date():
            return value.isoformat()
        case int() if fact is Fact.SPEND:
            return str(Money(value, settings.currency))
        case _:
            return str(value)
