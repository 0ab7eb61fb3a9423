"""The command line: try it out, bring lists in, find and show customers and their bookings, take a list out.

Exit codes: 0 done; 1 done, and something is to be looked at (rows were refused, a check of the demo
failed, nobody was found); 2 not done, with one line saying why; 130 interrupted.
"""

import argparse
import os
import shlex
import sys
from collections.abc import Callable, Iterable, Sequence
from enum import StrEnum
from importlib.metadata import version
from io import TextIOWrapper
from pathlib import Path
from typing import Final, NoReturn, cast

from salon_crm.cli.asking import (
    DONE,
    FAILED,
    INTERRUPTED,
    LOOK,
    Progress,
    actor_of,
    add_customer,
    add_list_options,
    add_salon,
    add_salon_settings,
    customer_of,
    mapping_of,
    open_file,
    refuse_salon_file,
    show_problems,
)
from salon_crm.cli.bookings import add_booking_commands
from salon_crm.cli.database import add_database_commands
from salon_crm.cli.panel import add_panel, panel_criteria
from salon_crm.cli.rewards import add_reward_commands
from salon_crm.demo import check_readable, run_demo, run_searches, show_table
from salon_crm.domain.contact import PhoneNumber
from salon_crm.domain.criteria import CustomerFilter
from salon_crm.domain.customers import PROFILE, Address, Customer, CustomerRow, Status
from salon_crm.domain.dates import DateOrder
from salon_crm.domain.ids import ExternalId
from salon_crm.domain.labels import label
from salon_crm.domain.transfer.columns import EXPORT_COLUMNS
from salon_crm.domain.transfer.reports import ImportReport
from salon_crm.errors import Conflict, SalonCrmError
from salon_crm.opening import open_salon
from salon_crm.ports.salon import Salon
from salon_crm.use_cases.blocks import customer_blocks
from salon_crm.use_cases.criteria import find_customers
from salon_crm.use_cases.facts import rebuild_facts, verify_facts
from salon_crm.use_cases.maintenance import back_up_salon, check_health, rebuild_search
from salon_crm.use_cases.notes import customer_notes
from salon_crm.use_cases.transfer import export_customers, import_customers

_SHOWN_IDS: Final = 20


def main(arguments: Sequence[str] | None = None) -> int:
    """Run one command and return its exit code."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, TextIOWrapper):  # and no stand-in of a test's
            stream.reconfigure(errors="replace")  # a terminal without accents shows ? and does not fall over
    try:
        try:
            return _run(arguments)
        finally:
            sys.stdout.flush()
    except BrokenPipeError:  # whoever read the output has read enough
        with open(os.devnull, "w") as nowhere:  # noqa: PTH123 -- what is still buffered goes there at exit
            os.dup2(nowhere.fileno(), sys.stdout.fileno())
        return DONE


def _run(arguments: Sequence[str] | None) -> int:
    parsed = _parser().parse_args(arguments)
    command: Callable[[argparse.Namespace], int] = parsed.command
    try:
        return command(parsed)
    except SalonCrmError as error:
        print(f"salon-crm: {' '.join(str(error).split())}", file=sys.stderr)
        return FAILED
    except KeyboardInterrupt:
        print("salon-crm: interrupted; what was done stays done.", file=sys.stderr)
        return INTERRUPTED


class _Parser(argparse.ArgumentParser):
    """Says what is wrong with a command in one line, as everything else is said."""

    def error(self, message: str) -> NoReturn:
        self.exit(FAILED, f"salon-crm: {' '.join(message.split())}; see {self.prog} --help\n")


def _parser() -> argparse.ArgumentParser:
    parser = _Parser(prog="salon-crm", description="The customer half of a salon, from the terminal.")
    parser.add_argument("--version", action="version", version=f"salon-crm {version('salon-crm')}")
    commands = parser.add_subparsers(required=True, metavar="COMMAND")

    demo = commands.add_parser("demo", help="see the main job done on the samples, or on a list of your own")
    what = demo.add_mutually_exclusive_group()
    what.add_argument("list", nargs="?", type=Path, help="a CSV list of your own")
    what.add_argument(
        "--customers", type=int, metavar="N", help="search N invented customers instead, beside a LIKE scan"
    )
    demo.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the files the demo makes in this folder")
    add_salon_settings(demo, "of your list's phone numbers, such as PT")
    demo.add_argument("--date-order", choices=[*DateOrder], help="the order your list's dates are written in")
    demo.set_defaults(command=_demo, refuse=demo.error)

    bring_in = commands.add_parser("import", help="bring a customer list into a salon's file")
    add_salon(bring_in)
    bring_in.add_argument("list", type=Path, help="the CSV file")
    add_salon_settings(bring_in, "phones belong to; needed, with zone and currency, where the file is new")
    add_list_options(bring_in)
    bring_in.add_argument("--overwrite", action="store_true", help="let the list win over profiles that are there")
    bring_in.set_defaults(command=_import)

    find = commands.add_parser("find", help="find customers by name, e-mail or phone, and by what they booked")
    add_salon(find)
    find.add_argument("text", nargs="*", help="words, in any order; none lists everybody")
    find.add_argument("--status", choices=[*Status])
    add_panel(find)
    find.add_argument("--order", default="name", help="name or added; --order=-name goes the other way")
    find.add_argument("--limit", type=int, default=50, help="1 to 500 rows")
    find.add_argument("--page", help="the next page, as the last one named it")
    find.set_defaults(command=_find)

    show = commands.add_parser("show", help="show one customer")
    add_salon(show)
    add_customer(show)
    show.set_defaults(command=_show)

    export = commands.add_parser("export", help="take customers out to a CSV file")
    add_salon(export)
    export.add_argument("list", type=Path, help="the file to write")
    export.add_argument("--text", help="only customers a search finds")
    export.add_argument("--status", choices=[*Status])
    export.add_argument("--columns", help=f"some of {', '.join(EXPORT_COLUMNS)}, with commas between")
    export.set_defaults(command=_export)

    backup = commands.add_parser("backup", help="copy a salon's whole file, also while it is used")
    add_salon(backup)
    backup.add_argument("copy", type=Path, help="the new file; one that is there stays as it is")
    backup.set_defaults(command=_backup)

    health = commands.add_parser("health", help="check a salon's file from end to end")
    add_salon(health)
    health.set_defaults(command=_health)

    rebuild = commands.add_parser("rebuild-search", help="make the search index of a salon anew")
    add_salon(rebuild)
    rebuild.set_defaults(command=_rebuild_search)

    verify = commands.add_parser("verify-facts", help="compare stored facts with the bookings and sales they are of")
    add_salon(verify)
    verify.set_defaults(command=_verify_facts)

    mend = commands.add_parser("rebuild-facts", help="make the stored facts of every customer anew")
    add_salon(mend)
    mend.set_defaults(command=_rebuild_facts)

    add_booking_commands(commands)
    add_reward_commands(commands)
    add_database_commands(commands)
    return parser


def _open_or_create(parsed: argparse.Namespace) -> Salon:
    """Open the salon's file, or make one; a dry run makes none.

    Where the salon has a region of its own, the one stated is that of the list alone.
    """
    settings = {name: getattr(parsed, name) for name in ("region", "zone", "currency")}
    where = None if parsed.dry_run and not parsed.salon.exists() else parsed.salon
    try:
        return open_salon(where, **settings)
    except Conflict as conflict:
        if conflict.field != "region":
            raise
        return open_salon(where, zone=parsed.zone, currency=parsed.currency)


def _demo(parsed: argparse.Namespace) -> int:
    if parsed.customers is not None:
        for name in ("region", "zone", "currency", "date_order"):
            if getattr(parsed, name) is not None:
                parsed.refuse(f"argument --customers: not allowed with argument --{name.replace('_', '-')}")
        with Progress("customers") as progress:
            return DONE if run_searches(parsed.customers, keep=parsed.keep, progress=progress) else LOOK
    settings = {name: value for name in ("region", "zone", "currency") if (value := getattr(parsed, name))}
    return DONE if run_demo(parsed.list, keep=parsed.keep, date_order=parsed.date_order, **settings) else LOOK


def _import(parsed: argparse.Namespace) -> int:
    refuse_salon_file(parsed, parsed.problems, "problems")
    check_readable(parsed.list)
    with _open_or_create(parsed) as salon, Progress("rows") as progress:
        report = import_customers(
            salon,
            actor_of(parsed),
            parsed.list,
            system=parsed.system,
            mapping=mapping_of(parsed.map),
            region=parsed.region,
            date_order=parsed.date_order,
            overwrite=parsed.overwrite,
            dry_run=parsed.dry_run,
            problems_to=parsed.problems,
            progress=progress,
        )
    _show_import(report, parsed)
    return LOOK if report.refused else DONE


def _show_import(report: ImportReport, parsed: argparse.Namespace) -> None:
    would = "would be " if report.dry_run else ""
    print(f"{report.rows:,} rows read ({', '.join(report.facts.values())}; layout: {report.layout or 'by its words'})")
    for outcome in ("created", "updated", "unchanged", "skipped", "refused"):
        print(f"  {getattr(report, outcome):>9,} {would}{outcome}")
    if report.family_rows:
        print(f"  {report.family_rows:>9,} of them share a contact with somebody of another name")
    if report.not_taken:
        print(f"Columns not taken: {', '.join(report.not_taken)}")
    show_problems(report.problems, report.refused)
    if report.refused and parsed.problems:
        print("The refused rows are handed back with the reasons. Correct them there, and bring them in with:")
        print(f"  {shlex.join(_again(report, parsed))}")


def _again(report: ImportReport, parsed: argparse.Namespace) -> Iterable[str]:
    """Return the command that brings the corrected rows in as this run brought in the others."""
    yield from ("salon-crm", "import", str(parsed.salon), str(parsed.problems), "--system", report.system)
    if parsed.region:
        yield from ("--region", parsed.region)
    if report.date_order:
        yield from ("--date-order", report.date_order)
    for pair in parsed.map:
        yield from ("--map", pair)
    if parsed.overwrite:
        yield "--overwrite"


def _find(parsed: argparse.Namespace) -> int:
    with open_file(parsed) as salon:
        page = find_customers(
            salon,
            actor_of(parsed),
            panel_criteria(parsed, salon),
            order=parsed.order,
            page=parsed.page,
            limit=parsed.limit,
            count_inactive=parsed.status == Status.ACTIVE,
        )
    if not page.items:
        print("No customers found.")
    else:
        show_table(("name", "mobile", "e-mail", "status", "", "id"), (_row(row) for row in page))
    if page.inactive:
        print(f"{page.inactive:,} inactive customers match too.")
    if page.next:
        print(f"More: --page {page.next}")
    return DONE if page.items else LOOK


def _row(row: CustomerRow) -> tuple[str, ...]:
    marks = ("blocked " if row.blocked else "") + ("!" * min(row.alerts + row.block_alerts, 3))
    mobile = row.mobile.international if row.mobile else ""
    return (row.name, mobile, str(row.email or ""), row.status, marks.strip(), str(row.id))


def _show(parsed: argparse.Namespace) -> int:
    with open_file(parsed) as salon:
        actor = actor_of(parsed)
        customer = customer_of(parsed, salon)
        notes, blocks = customer_notes(salon, actor, customer.id), customer_blocks(salon, actor, customer.id)
    for block in blocks:
        if block.in_force:
            print(f"BLOCKED since {block.at:%Y-%m-%d} by {block.by}: {block.reason}")
    for note in notes:
        if note.alert:
            print(f"ALERT: {note.text}")
    for name, value in _profile(customer):
        print(f"{name:<24}{value}")
    for note in notes:
        if not note.alert:
            print(f"{'Note':<24}{note.text}  ({note.by}, {note.at:%Y-%m-%d})")
    return DONE


def _profile(customer: Customer) -> Iterable[tuple[str, str]]:
    yield "Id", str(customer.id)
    for name in PROFILE:
        value = getattr(customer, name)
        if value:
            yield label(name), _words(value)
    yield "Status", label(customer.status)
    yield "Added", f"{customer.added:%Y-%m-%d %H:%M} UTC"


def _words(value: object) -> str:
    match value:
        case bool():
            return "Yes" if value else "No"
        case PhoneNumber():
            return f"{value.international}{'' if value.valid else '  (not an assigned number)'}"
        case tuple():
            return ", ".join(map(_words, cast(tuple[object, ...], value)))
        case ExternalId(system, own_id):
            return f"{system} {own_id}"
        case Address():
            parts = (*value.lines, value.postal_code, value.city, value.subdivision, value.country)
            return ", ".join(part for part in parts if part)
        case StrEnum():
            return label(value)
        case _:
            return str(value)


def _export(parsed: argparse.Namespace) -> int:
    criteria = CustomerFilter(text=parsed.text, status=parsed.status)
    columns = [name.strip() for name in parsed.columns.split(",")] if parsed.columns else None
    refuse_salon_file(parsed, parsed.list, "list")
    with open_file(parsed) as salon, Progress("customers") as progress:
        report = export_customers(
            salon, actor_of(parsed), parsed.list, criteria=criteria, columns=columns, progress=progress
        )
    print(f"{report.rows:,} customers written to {parsed.list}")
    return DONE


def _backup(parsed: argparse.Namespace) -> int:
    with open_file(parsed) as salon:
        report = back_up_salon(salon, actor_of(parsed), parsed.copy)
    print(f"{report.customers:,} customers in {report.size:,} bytes, checked, copied to {parsed.copy}")
    print(f"Its audit ends with entry {report.head.sequence:,} {report.head.digest.hex()}")
    return DONE


def _health(parsed: argparse.Namespace) -> int:
    with open_file(parsed) as salon:
        report = check_health(salon, actor_of(parsed))
    print(f"{report.size:,} bytes, and {report.log_size:,} in the write-ahead log; schema {report.schema}")
    print(f"{report.audit.entries:,} entries of the audit verified")
    for finding in report.findings:
        print(f"  {finding.sentence}")
    print("Sound." if report.sound else "Not sound.")
    return DONE if report.sound else LOOK


def _rebuild_search(parsed: argparse.Namespace) -> int:
    with open_file(parsed) as salon:
        count = rebuild_search(salon, actor_of(parsed))
    print(f"The search index was made anew for {count:,} customers")
    return DONE


def _verify_facts(parsed: argparse.Namespace) -> int:
    with open_file(parsed) as salon:
        found = verify_facts(salon, actor_of(parsed))
    print(f"The facts of {found.customers:,} customers were compared; {found.wrong:,} are wrong")
    for own_id in found.ids[:_SHOWN_IDS]:
        print(f"  {own_id}")
    if found.wrong > _SHOWN_IDS:
        print(f"  … and {found.wrong - _SHOWN_IDS:,} more")
    return DONE if found.ok else LOOK


def _rebuild_facts(parsed: argparse.Namespace) -> int:
    with open_file(parsed) as salon:
        made = rebuild_facts(salon, actor_of(parsed))
    print(f"The facts of {made.customers:,} customers were computed anew; {made.mended:,} were mended")
    return DONE
