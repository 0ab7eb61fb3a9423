"""The commands about bookings: a customer's page, the agenda of a day, the catalogue, lists from other products."""

import argparse
import shlex
from collections.abc import Iterable, Iterator
from pathlib import Path
from typing import Any, Final

from salon_crm.cli.asking import (
    DONE,
    LOOK,
    Progress,
    actor_of,
    add_customer,
    add_list_options,
    add_salon,
    customer_of,
    mapping_of,
    open_file,
    refuse_salon_file,
    show_problems,
)
from salon_crm.cli.panel import parse_day
from salon_crm.demo import check_readable, show_table
from salon_crm.domain.bookings import BookingStatus
from salon_crm.domain.customers import Customer
from salon_crm.domain.labels import label
from salon_crm.domain.transfer.amounts import DecimalSign
from salon_crm.domain.transfer.reports import BookingImportReport
from salon_crm.ports.salon import Salon
from salon_crm.use_cases.bookings import (
    BookingFilter,
    BookingPage,
    BookingRow,
    customer_bookings,
    find_bookings,
    import_bookings,
)
from salon_crm.use_cases.catalogue import catalogue

NOTHING: Final = "No Data Found"
"""What a list of bookings says where there is no history, and where nothing matches."""

_SHOWN_MISSING: Final = 20


def add_booking_commands(commands: Any) -> None:
    """Add the commands about bookings to the others."""
    page = commands.add_parser("bookings", help="show a customer's bookings, the newest first")
    add_salon(page)
    add_customer(page)
    page.add_argument("--since", type=parse_day, metavar="DAY", help="from this day on, such as 2026-01-31")
    page.add_argument("--until", type=parse_day, metavar="DAY", help="up to this day")
    page.add_argument("--service", metavar="CODE", help="of this service: its code, or its id")
    _add_paging(page)
    page.set_defaults(command=_bookings)

    agenda = commands.add_parser("agenda", help="list the bookings of today, or of other days, with whose they are")
    add_salon(agenda)
    for name in ("location", "therapist", "service"):
        agenda.add_argument(f"--{name}", metavar="CODE", help="its code, or its id")
    agenda.add_argument("--start", type=parse_day, metavar="DAY", help="from this day on; without both days, today's")
    agenda.add_argument("--end", type=parse_day, metavar="DAY", help="up to this day")
    agenda.add_argument("--status", action="append", choices=[*BookingStatus], help="or of another, where repeated")
    _add_paging(agenda)
    agenda.set_defaults(command=_agenda)

    shelf = commands.add_parser("catalogue", help="list services, packages, locations and staff with their codes")
    add_salon(shelf)
    shelf.add_argument("--retired", action="store_true", help="what is no longer offered too")
    shelf.set_defaults(command=_catalogue)

    bring_in = commands.add_parser("import-bookings", help="bring a list of bookings into a salon's file")
    add_salon(bring_in)
    bring_in.add_argument("list", type=Path, help="the CSV file")
    add_list_options(bring_in)
    bring_in.add_argument("--region", help="the region phones belong to, such as PT (default: the salon's)")
    bring_in.add_argument("--decimal-sign", choices=[*DecimalSign], help="what stands before the decimals of prices")
    bring_in.add_argument(
        "--status",
        default=BookingStatus.CONFIRMED,
        choices=[BookingStatus.CONFIRMED, BookingStatus.PENDING, BookingStatus.COMPLETED],
        help="what a past booking is whose row says nothing (default: confirmed)",
    )
    bring_in.add_argument("--overwrite", action="store_true", help="let the list win over what was done here since")
    bring_in.set_defaults(command=_import_bookings)


def _add_paging(parser: argparse.ArgumentParser) -> None:
    parser.add_argument("--limit", type=int, default=50, help="1 to 500 rows")
    parser.add_argument("--page", help="the next page, as the last one named it")


def _bookings(parsed: argparse.Namespace) -> int:
    with open_file(parsed) as salon:
        actor = actor_of(parsed)
        customer = customer_of(parsed, salon)
        page = customer_bookings(
            salon,
            actor,
            customer.id,
            since=parsed.since,
            until=parsed.until,
            service=parsed.service,
            page=parsed.page,
            limit=parsed.limit,
        )
    for line in _heading(customer):
        print(line)
    header = ("date", "time", "service", "location", "therapist", "status")
    return _show_page(page, header, ((*_when(row), *_what(row)) for row in page))


def _heading(customer: Customer) -> Iterator[str]:
    """Give what stands above a customer's bookings: the name, the e-mail and the mobile."""
    yield customer.name
    for name, value in (("email", customer.email), ("mobile", customer.mobile and customer.mobile.international)):
        yield f"{label(name)}: {value or '-'}"


def _when(row: BookingRow) -> tuple[str, str]:
    return f"{row.date}", row.time


def _what(row: BookingRow) -> tuple[str, ...]:
    return row.service, row.location or "", row.therapist or "", label(row.status)


def _show_page(page: BookingPage, header: tuple[str, ...], rows: Iterable[tuple[str, ...]]) -> int:
    if page.items:
        show_table(header, rows)
    else:
        print(NOTHING)
    if page.next:
        print(f"More: --page {page.next}")
    return DONE if page.items else LOOK


def _agenda(parsed: argparse.Namespace) -> int:
    with open_file(parsed) as salon:
        today = _today(salon) if parsed.start is None and parsed.end is None else None
        asked = BookingFilter(
            location=parsed.location,
            therapist=parsed.therapist,
            service=parsed.service,
            start=today or parsed.start,
            end=today or parsed.end,
            status=parsed.status,
        )
        page = find_bookings(salon, actor_of(parsed), asked, page=parsed.page, limit=parsed.limit)
    header = ("date", "time", "customer", "mobile", "", "service", "location", "therapist", "status")
    return _show_page(page, header, ((*_when(row), *_who(row), *_what(row)) for row in page))


def _today(salon: Salon) -> Any:
    with salon.reading() as reading:
        return salon.today(reading.settings().zone)


def _who(row: BookingRow) -> tuple[str, str, str]:
    customer = row.customer
    if customer is None:
        return "", "", ""
    marks = ("blocked " if customer.blocked else "") + "!" * min(customer.alerts + customer.block_alerts, 3)
    return customer.name, customer.mobile.international if customer.mobile else "", marks.strip()


def _catalogue(parsed: argparse.Namespace) -> int:
    with open_file(parsed) as salon:
        found = catalogue(salon, actor_of(parsed), retired=parsed.retired)
    kinds: tuple[tuple[str, tuple[Any, ...]], ...] = (
        ("Service types", found.service_types),
        ("Services", found.services),
        ("Packages", found.packages),
        ("Locations", found.locations),
        ("Staff", found.staff_members),
    )
    for title, items in kinds:
        if items:
            print(title)
            show_table(("code", "name", ""), ((item.code, item.name, _about(item)) for item in items))
    if not any(items for _, items in kinds):
        print("The catalogue is empty.")
    return DONE


def _about(item: Any) -> str:
    """Return what else is to be said of an item: its type, its minutes, its zone, that it is retired."""
    duration = getattr(item, "duration", None)
    parts = (
        getattr(item, "service_type", None),
        f"{duration} min" if duration else None,
        getattr(item, "zone", None),
        "retired" if item.retired_at else None,
    )
    return ", ".join(part for part in parts if part)


def _import_bookings(parsed: argparse.Namespace) -> int:
    refuse_salon_file(parsed, parsed.problems, "problems")
    check_readable(parsed.list)
    with open_file(parsed) as salon, Progress("rows") as progress:
        report = import_bookings(
            salon,
            actor_of(parsed),
            parsed.list,
            system=parsed.system,
            mapping=mapping_of(parsed.map),
            region=parsed.region,
            date_order=parsed.date_order,
            decimal_sign=parsed.decimal_sign,
            status=parsed.status,
            overwrite=parsed.overwrite,
            dry_run=parsed.dry_run,
            problems_to=parsed.problems,
            progress=progress,
        )
    show_booking_import(report)
    if report.refused and parsed.problems:
        print("The refused rows are handed back with the reasons. Correct them there, and bring them in with:")
        print(f"  {shlex.join(_again(report, parsed))}")
    return LOOK if report.refused else DONE


def show_booking_import(report: BookingImportReport) -> None:
    """Print what became of a list of bookings, and what is to be looked at."""
    would = "would be " if report.dry_run else ""
    print(f"{report.rows:,} rows read ({', '.join(report.facts.values())})")
    for outcome in ("created", "updated", "unchanged", "skipped", "refused"):
        print(f"  {getattr(report, outcome):>9,} {would}{outcome}")
    if report.activated:
        print(f"  {report.activated:>9,} inactive customers {would}active again")
    for code, count in report.warned.items():
        print(f"  {count:>9,} of them: {label(code)}")
    if report.not_taken:
        print(f"Columns not taken: {', '.join(report.not_taken)}")
    for item in report.missing[:_SHOWN_MISSING]:
        print(f"The catalogue lacks the {item.kind} {item.name!r} (rows: {item.rows:,})")
    show_problems(report.problems, report.refused)


def _again(report: BookingImportReport, parsed: argparse.Namespace) -> Iterator[str]:
    """Return the command that brings the corrected rows in as this run brought in the others."""
    yield from ("salon-crm", "import-bookings", str(parsed.salon), str(parsed.problems), "--system", report.system)
    for name, value in (
        ("--region", parsed.region),
        ("--date-order", report.date_order),
        ("--decimal-sign", report.decimal_sign),
    ):
        if value:
            yield from (name, value)
    if parsed.status != BookingStatus.CONFIRMED:
        yield from ("--status", parsed.status)
    for pair in parsed.map:
        yield from ("--map", pair)
    if parsed.overwrite:
        yield "--overwrite"
