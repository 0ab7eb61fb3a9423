"""The demo of bookings: a catalogue, a year of bookings and sales, and what a salon asks of them."""

from collections.abc import Callable, Sequence
from datetime import date, timedelta
from itertools import islice
from pathlib import Path
from typing import Final

from attrs import field, frozen

from salon_crm.demo.output import BEA, Checks, heading, show_table
from salon_crm.domain.bookings import OPEN, Booking, BookingStatus
from salon_crm.domain.catalogue import code_of
from salon_crm.domain.criteria import CustomerFilter, RelativeDay, to_criterion
from salon_crm.domain.customers import CustomerRow
from salon_crm.domain.facts import CustomerFacts
from salon_crm.domain.ids import CustomerId
from salon_crm.domain.privacy import BEHAVIOUR, OPERATOR, classed
from salon_crm.domain.sales.stated import LineFields
from salon_crm.ports.salon import Salon
from salon_crm.samples.bookings import ENCODING, LOCATIONS, SERVICES, STAFF, TYPES, Client, write_invented_bookings
from salon_crm.use_cases.bookings import BookingRow, find_bookings, import_bookings
from salon_crm.use_cases.catalogue import add_location, add_service, add_service_type, add_staff_member, catalogue
from salon_crm.use_cases.criteria import each_customer
from salon_crm.use_cases.facts import verify_facts
from salon_crm.use_cases.sales import record_sale
from salon_crm.use_cases.settings import get_settings

_CLIENTS: Final = 100
_SHOWN: Final = 5
_AT_ONCE: Final = 200
_NOT_SEEN: Final = 90


def show_bookings(salon: Salon, folder: Path, checks: Checks) -> None:
    """Bring in a year of bookings and sales for customers that are there, and answer what a salon asks of them."""
    today = salon.today(get_settings(salon, BEA).zone)
    _offer(salon)
    _bring_in(salon, folder / "bookings.csv", today, checks)
    _sell(salon, checks)
    _ask(salon, today, checks)


def _offer(salon: Salon) -> None:
    heading("5. Say what the salon offers, where and by whom")
    for name in TYPES:
        add_service_type(salon, BEA, name=name)
    for service in SERVICES:
        add_service(salon, BEA, name=service.name, service_type=service.type.lower(), duration=service.minutes)
    for name, zone in LOCATIONS:
        add_location(salon, BEA, name=name, zone=zone)
    for name in STAFF:
        add_staff_member(salon, BEA, name=name)
    found = catalogue(salon, BEA)
    show_table(
        ("service", "code", "type", "minutes"),
        ((each.name, each.code, each.service_type or "", f"{each.duration}") for each in found.services),
    )


def _bring_in(salon: Salon, path: Path, today: date, checks: Checks) -> None:
    heading("6. Bring in a year of bookings from another product")
    rows = write_invented_bookings(path, _clients(salon), today=today)
    report = import_bookings(salon, BEA, path, system="old-book", problems_to=path.with_name("bookings-refused.csv"))
    read = ", ".join((*report.facts.values(), str(report.date_order), f"decimal {report.decimal_sign}"))
    done = f"{report.created:,} created, {report.skipped} twins, {report.refused} refused"
    print(f"  {report.rows:,} rows read ({read}): {done}")
    print(f"  columns not taken: {', '.join(report.not_taken)}")
    for item in report.missing:
        print(f"  the catalogue lacks the {item.kind} {item.name!r} (rows: {item.rows})")
    for problem in report.problems[:_SHOWN]:
        print(f"  line {problem.line}: {problem.field} {problem.reason}")
    print(f"  … and {report.refused - _SHOWN:,} more, handed back with the reasons")
    parts = report.created + report.updated + report.unchanged + report.skipped + report.refused
    checks.that(parts == report.rows == rows, f"every row of the bookings is accounted for ({rows:,})")
    again = import_bookings(salon, BEA, path, system="old-book")
    holds = (again.unchanged, again.created, again.updated) == (report.created, 0, 0)
    checks.that(holds, f"a second import of the bookings changes nothing ({again.unchanged:,} unchanged)")


def _clients(salon: Salon) -> list[Client]:
    """Return some customers as another product would name them, each only once: no two share name and contacts."""
    found: dict[tuple[str, str], Client] = {}
    for row in each_customer(salon, BEA, CustomerFilter(blocked=False), order="added"):
        if row.email and row.name.encode(ENCODING, "ignore").decode(ENCODING) == row.name:
            client = Client(row.name, row.email.address, row.mobile.e164 if row.mobile else "")
            found.setdefault((client.name, client.email), client)
    return list(islice(found.values(), _CLIENTS))


def _all_bookings(salon: Salon) -> list[BookingRow]:
    rows: list[BookingRow] = []
    page = find_bookings(salon, BEA, limit=500)
    rows += page
    while page.next:
        page = find_bookings(salon, BEA, page=page.next, limit=500)
        rows += page
    return rows


def _sell(salon: Salon, checks: Checks) -> None:
    heading("7. Record what was paid")
    done = [row.booking for row in _all_bookings(salon) if row.status is BookingStatus.COMPLETED]
    for first in range(0, len(done), _AT_ONCE):
        with salon.transaction() as tx:
            for booking in done[first : first + _AT_ONCE]:
                price = booking.price
                if price is not None:
                    line: LineFields = {"service": booking.service, "price": price.amount}
                    record_sale(
                        tx,
                        BEA,
                        booking.customer_id,
                        lines=[line],
                        paid=price.amount,
                        bookings=[booking.id],
                        location=booking.location,
                        at=booking.end,
                    )
    with salon.reading() as reading:
        facts = reading.facts.get_many({booking.customer_id for booking in done})
    spend = sum(each.spend for each in facts.values())
    asked = sum(booking.price.minor for booking in done if booking.price is not None)
    print(f"  {len(done):,} sales, {spend / 100:,.2f} {get_settings(salon, BEA).currency} in all")
    checks.that(spend == asked, f"what customers spent is what the visits cost, to the cent ({spend:,} cents)")
    checks.that(verify_facts(salon, BEA).ok, f"the stored facts are what bookings and sales come to ({len(facts):,})")


@frozen(field_transformer=classed)
class _Question:
    """Something a salon asks, as the panel asks it, and how somebody would find out by leafing through the book."""

    words: str = field(metadata=OPERATOR)
    criteria: CustomerFilter | str = field(metadata=OPERATOR)
    by_hand: Callable[[Sequence[Booking]], bool] = field(metadata=BEHAVIOUR)


def _questions(today: date) -> tuple[_Question, ...]:
    type_of = {code_of(service.name, "service"): service.type for service in SERVICES}

    def visits(held: Sequence[Booking]) -> set[date]:
        return {booking.day for booking in held if booking.status is BookingStatus.COMPLETED}

    def of(held: Sequence[Booking], kind: str) -> bool:
        return any(booking.counts and type_of[booking.service] == kind for booking in held)

    def lapsed(held: Sequence[Booking]) -> bool:
        days = visits(held)
        gone = bool(days) and max(days) < today - timedelta(days=_NOT_SEEN)
        return gone and of(held, "Hair") and not of(held, "Nails")

    def next_week(held: Sequence[Booking]) -> bool:
        until = today + timedelta(days=7)
        return any(
            booking.status in OPEN and today <= booking.day <= until and booking.therapist == "gil-horta"
            for booking in held
        )

    def loyal(held: Sequence[Booking]) -> bool:
        return len(visits(held)) >= 5 and not any(booking.status in OPEN for booking in held)

    return (
        _Question(
            f"Who comes for hair, never for nails, and was not seen for {_NOT_SEEN} days?",
            CustomerFilter(
                service_types="hair", unused_service_types="nails", last_visit_before=RelativeDay(-_NOT_SEEN)
            ),
            lapsed,
        ),
        _Question(
            "Who comes to Gil within a week, to be reminded?",
            CustomerFilter(booking_status="active", start=today, end=today + timedelta(days=7), therapist="gil-horta"),
            next_week,
        ),
        _Question(
            "Who came five times or more and has nothing booked, to be asked back?",
            "visits >= 5 and not booked(status:active)",
            loyal,
        ),
    )


def _ask(salon: Salon, today: date, checks: Checks) -> None:
    heading("8. Ask the filter panel")
    held: dict[CustomerId, list[Booking]] = {}
    for row in _all_bookings(salon):
        held.setdefault(row.booking.customer_id, []).append(row.booking)
    settings = get_settings(salon, BEA)
    for question in _questions(today):
        found = list(each_customer(salon, BEA, question.criteria))
        print(f"\n{question.words}\n  {to_criterion(question.criteria, settings)}\n  {len(found)} found")
        _show_found(salon, found[:_SHOWN])
        by_hand = {own_id for own_id, bookings in held.items() if question.by_hand(bookings)}
        holds = {row.id for row in found} == by_hand
        checks.that(holds, f"the panel finds whom leafing through finds ({len(by_hand)}): {question.words}")


def _show_found(salon: Salon, rows: Sequence[CustomerRow]) -> None:
    """Print customers with when they were last here, how often, and what they spent."""
    with salon.reading() as reading:
        kept = reading.facts.get_many([row.id for row in rows])
    facts = {row.id: kept.get(row.id) or CustomerFacts(customer_id=row.id) for row in rows}
    show_table(
        ("name", "mobile", "last visit", "visits", "spent"),
        (
            (
                row.name,
                row.mobile.international if row.mobile else "",
                str(facts[row.id].last_visit or ""),
                f"{facts[row.id].visits}",
                f"{facts[row.id].spend / 100:,.2f}",
            )
            for row in rows
        ),
    )
