"""The demo: a salon's customer list, from real files into a store and out again, with checks it makes itself."""

import csv
import io
from collections.abc import Sequence
from importlib.resources import files
from pathlib import Path
from time import perf_counter
from typing import Final

from attrs import field, frozen

from salon_crm.demo.bookings import show_bookings
from salon_crm.demo.output import BEA, CURRENCY, REGION, SALON, ZONE, Checks, demo_folder, heading, show_table
from salon_crm.demo.rewards import show_rewards
from salon_crm.domain.access import Actor
from salon_crm.domain.bookings import Answer
from salon_crm.domain.contact import NO_REGION
from salon_crm.domain.criteria import CustomerFilter
from salon_crm.domain.dates import DateOrder
from salon_crm.domain.privacy import OPERATOR, classed
from salon_crm.domain.transfer.reports import ImportReport
from salon_crm.errors import InvalidValue
from salon_crm.opening import open_salon
from salon_crm.ports.salon import Salon
from salon_crm.use_cases.audit import verify_audit
from salon_crm.use_cases.blocks import block_customer
from salon_crm.use_cases.bookings import may_book
from salon_crm.use_cases.criteria import count_customers, find_customers
from salon_crm.use_cases.settings import get_settings
from salon_crm.use_cases.transfer import export_customers, import_customers

_SHOWN: Final = 6


@frozen(field_transformer=classed)
class _List:
    """A list to bring in: its name, its bytes, the region its phones are written in."""

    name: str = field(metadata=OPERATOR)
    content: bytes = field(metadata=OPERATOR, repr=False)
    region: str = field(metadata=OPERATOR)
    date_order: DateOrder | None = field(default=None, metadata=OPERATOR)


def _samples() -> tuple[_List, ...]:
    folder = files("salon_crm") / "samples"
    regions = {"nookal": "GB", "stx": "US", "shore": "DE"}
    return tuple(_List(name, (folder / f"{name}.csv").read_bytes(), region) for name, region in regions.items())


def run_demo(
    own_list: Path | None = None,
    *,
    keep: Path | None = None,
    region: str | None = None,
    zone: str = ZONE,
    currency: str = CURRENCY,
    date_order: DateOrder | str | None = None,
) -> bool:
    """Run the main job on the samples, or on a list of the reader's own, and return whether every check held.

    ``region`` is where the phones of the reader's list belong; without one only those written with their
    country code are taken. ``keep`` is a folder to leave the salon and the files in.

    Raises InvalidValue where the list cannot be read, StoreError where the folder cannot be written.
    """
    started = perf_counter()
    region = region or (REGION if own_list is None else NO_REGION)
    if own_list is None:
        lists = _samples()
    else:
        check_readable(own_list)
        order = None if date_order is None else DateOrder(date_order)
        lists = (_List(own_list.name, own_list.read_bytes(), region, order),)
    checks, left_out = Checks(), list[str]()
    with demo_folder(keep) as folder:
        with open_salon(folder / SALON, region=region, zone=zone, currency=currency) as salon:
            print(f"A salon in one SQLite file: {folder / SALON if keep else SALON} ({zone}, {currency})")
            reports = _bring_in(salon, lists, folder, checks)
            if own_list is None:
                _correct(salon, lists, reports, folder, checks)
            else:
                left_out.append("the corrected refusals bring in exactly those rows")
            _bring_in_again(salon, lists, checks)
            if own_list is None:
                _search(salon, checks)
                show_bookings(salon, folder, checks)
                show_rewards(salon, checks)
            else:
                left_out += ["jose finds José", "a year of bookings and sales answers three panels and earns points"]
            _block(salon, checks)
            _take_out(salon, folder, checks)
            _verify(salon, checks)
        if keep:
            print(f"\nThe files are in {keep}.")
    print(f"\n{perf_counter() - started:.1f} s")
    return checks.show(left_out)


def check_readable(path: Path) -> None:
    """Raise InvalidValue where there is no file to read."""
    try:
        if not path.is_fifo():  # opening one twice would lose what it holds
            path.open("rb").close()
    except OSError as error:
        raise InvalidValue("file-unreadable", field="list", reason=(error.strerror or "no").lower()) from None


def _bring_in(salon: Salon, lists: Sequence[_List], folder: Path, checks: Checks) -> list[ImportReport]:
    heading("1. Bring in the lists other systems exported")
    reports = [
        import_customers(
            salon,
            BEA,
            each.content,
            region=each.region,
            date_order=each.date_order,
            problems_to=folder / f"{each.name}-refused.csv",
        )
        for each in lists
    ]
    show_table(
        ("list", "layout", "encoding", "dates", "rows", "created", "updated", "same", "twins", "refused", "family"),
        (_report_row(each, report) for each, report in zip(lists, reports, strict=True)),
    )
    for each, report in zip(lists, reports, strict=True):
        print(f"\n{each.name}: columns not taken: {', '.join(report.not_taken) or 'none'}")
        for problem in report.problems[:_SHOWN]:
            print(f"  line {problem.line}: {problem.field + ' ' if problem.field else ''}{problem.reason}")
        if len(report.problems) > _SHOWN:
            print(f"  … and {len(report.problems) - _SHOWN:,} more, handed back with the reasons")
    for each, report in zip(lists, reports, strict=True):
        parts = (report.created, report.updated, report.unchanged, report.skipped, report.refused)
        sum_of = " + ".join(f"{part:,}" for part in parts)
        what = (
            f"{each.name}: rows read = created + updated + unchanged + skipped + refused ({report.rows:,} = {sum_of})"
        )
        checks.that(report.rows == sum(parts), what)
    created = sum(report.created for report in reports)
    kept = count_customers(salon, BEA)
    checks.that(kept == created, f"every created row is a customer ({kept:,} of {created:,})")
    return reports


def _report_row(each: _List, report: ImportReport) -> tuple[str, ...]:
    figures = (report.rows, report.created, report.updated, report.unchanged, report.skipped, report.refused)
    words = (each.name, report.layout or "by words", report.facts.get("encoding", ""), str(report.date_order or "ISO"))
    return (*words, *(f"{figure:,}" for figure in (*figures, report.family_rows)))


def _correct(
    salon: Salon, lists: Sequence[_List], reports: Sequence[ImportReport], folder: Path, checks: Checks
) -> None:
    heading("2. Correct the refused rows in the file handed back, and import that file")
    for each, report in zip(lists, reports, strict=True):
        handed_back = (folder / f"{each.name}-refused.csv").read_text(encoding="utf-8")
        content = _corrected(handed_back, report)
        again = import_customers(salon, BEA, content.encode(), region=each.region, date_order=report.date_order)
        print(f"  {each.name}: {report.refused} refused, {again.rows} corrected, {again.created} created")
        holds = (again.rows, again.created, again.refused) == (report.refused, report.refused, 0)
        checks.that(holds, f"{each.name}: the corrected refusals bring in exactly those rows ({again.created})")


def _corrected(handed_back: str, report: ImportReport) -> str:
    """Do what a person at the desk would: empty what cannot be, and give a name to who has none."""
    rows = csv.DictReader(io.StringIO(handed_back, newline=""))
    target_of = report.mapping
    name_column = next(column for column, target in target_of.items() if target in ("name", "last_name"))
    text = io.StringIO(newline="")
    writer = csv.DictWriter(text, rows.fieldnames or ())
    writer.writeheader()
    for row in rows:
        at_fault = set(row["problem_field"].split("; ")) - {""}
        ragged = not at_fault
        for column, target in target_of.items():
            keeps = target in ("first_name", "last_name", "name")
            if target in at_fault or (ragged and not keeps):
                row[column] = ""
        if "name" in at_fault:
            row[name_column] = f"Guest of line {row['problem_line']}"
        writer.writerow(row)
    return text.getvalue()


def _bring_in_again(salon: Salon, lists: Sequence[_List], checks: Checks) -> None:
    heading("3. Bring the same lists in again")
    for each in lists:
        report = import_customers(salon, BEA, each.content, region=each.region, date_order=each.date_order)
        print(f"  {each.name}: {report.unchanged:,} unchanged, {report.created} created, {report.updated} updated")
        holds = report.created == report.updated == 0
        checks.that(holds, f"{each.name}: a second import changes nothing ({report.unchanged:,} rows unchanged)")


def _search(salon: Salon, checks: Checks) -> None:
    heading("4. Find people as the desk types them")
    for text in ("jose", "lukasz", "WEISS", "07700 900"):
        begun = perf_counter()
        page = find_customers(salon, BEA, CustomerFilter(text=text), limit=_SHOWN)
        spent = (perf_counter() - begun) * 1_000
        count = count_customers(salon, BEA, CustomerFilter(text=text))
        print(f"\n{text!r}: {count} found in {spent:.1f} ms")
        show_table(
            ("name", "mobile", "e-mail"),
            ((row.name, row.mobile.international if row.mobile else "", str(row.email or "")) for row in page),
        )
    everybody = find_customers(salon, BEA, CustomerFilter(text="jose"), limit=500)
    accented = sum("José" in row.name for row in everybody)
    checks.that(accented > 0, f"jose finds José ({accented} of {len(everybody)} found write it so)")


def _block(salon: Salon, checks: Checks) -> None:
    heading("10. Block a customer")
    page = find_customers(salon, BEA, CustomerFilter(blocked=False), limit=1)
    if not page.items:
        print("  The list has nobody to block.")
        return
    customer = page.items[0].customer
    block_customer(salon, BEA, customer.id, reason="Missed three appointments.")
    staff = may_book(salon, BEA, customer.id)
    themselves = may_book(salon, Actor.for_customer(customer.id), customer.id)
    print(f"  {customer.name}: may book? {staff.answer} {staff.reasons}; told to the customer: {themselves.answer}")
    holds = staff.answer is themselves.answer is Answer.BLOCK and not themselves.reasons
    checks.that(holds, "a blocked customer may not book, and is not told why (1 asked)")


def _take_out(salon: Salon, folder: Path, checks: Checks) -> None:
    heading("11. Take the list out, and into an empty salon")
    first, second = folder / "customers.csv", folder / "customers-again.csv"
    report = export_customers(salon, BEA, first)
    settings = get_settings(salon, BEA)
    region, zone, currency = settings.region, settings.zone, settings.currency
    with open_salon(folder / "second.db", region=region, zone=zone, currency=currency) as other:
        brought = import_customers(other, BEA, first)
        export_customers(other, BEA, second)
    size = first.stat().st_size
    print(f"  {report.rows:,} customers out ({size:,} bytes), {brought.created:,} in, and out again")
    same = _without_version(first) == _without_version(second)
    checks.that(
        same and brought.created == report.rows,
        f"export into an empty salon gives an equal export ({report.rows:,} customers, {size:,} bytes)",
    )


def _without_version(path: Path) -> list[list[str]]:
    """Return an export's cells without the version, by which two equal exports may differ."""
    with path.open(encoding="utf-8", newline="") as file:
        rows = list(csv.reader(file))
    place = rows[0].index("version")
    return [row[:place] + row[place + 1 :] for row in rows]


def _verify(salon: Salon, checks: Checks) -> None:
    heading("12. Verify the audit chain")
    found = verify_audit(salon, BEA)
    print(f"  {found.entries:,} entries; head {found.head.sequence} {found.head.digest.hex()[:16]}…")
    checks.that(found.ok, f"the audit chain verifies ({found.entries:,} entries)")
