"""What is measured in a process of its own, so that its memory is its own: imports and exports, each by a name.

    python -m bench.jobs import:library list.csv salon.db

prints, as JSON, the seconds the work took, without the start of Python, and the megabytes the process came to.
"""

import csv
import json
import resource
import sqlite3
import sys
from collections.abc import Callable, Iterator, Mapping
from datetime import date
from functools import partial
from pathlib import Path
from typing import Any, Final

import salon_crm as crm
from bench.customers import REGION, new_salon
from bench.peers import Absent, django, django_customer, load, sqlalchemy_customer
from bench.raw_import import import_raw, read_rows
from bench.timing import measured

_OLGA: Final = crm.Actor("olga", crm.Role.OWNER)
_BATCH: Final = 500
_GUARDED: Final = ("=", "+", "-", "@", "\t", "\r", "\n", "'", "＝", "＋", "－", "＠")
_BARE: Final = (
    "CREATE TABLE customer (id INTEGER PRIMARY KEY, name TEXT NOT NULL, email TEXT, phone TEXT, birthday TEXT) STRICT"
)
_INSERT: Final = "INSERT INTO customer (name, email, phone, birthday) VALUES (?, ?, ?, ?)"

# ---------------------------------------------------------------------------------------------- in


def _import_library(source: Path, target: Path) -> None:
    with new_salon(target) as salon:
        report = crm.import_customers(salon, _OLGA, source)
    if report.created != report.rows:
        raise AssertionError(f"{report.created} of {report.rows} rows were created")


def _import_bare(source: Path, target: Path) -> None:
    connection = _bare(target)
    with connection:
        connection.executemany(_INSERT, ([cell or None for cell in row] for row in read_rows(source)))
    connection.close()


def _bare(target: Path) -> sqlite3.Connection:
    connection = sqlite3.connect(target)
    connection.execute("PRAGMA journal_mode = WAL")
    connection.execute(_BARE)
    return connection


def _pydantic(source: Path, target: Path) -> Callable[[], None]:
    pydantic, phones = load("pydantic"), load("pydantic_extra_types.phone_numbers")
    phone = type("Phone", (phones.PhoneNumber,), {"default_region_code": REGION, "phone_format": "E164"})
    optional_day = date | pydantic.constr(pattern="^--[0-9]{2}-[0-9]{2}$") | None
    row_type = pydantic.create_model(
        "Row",
        name=(pydantic.constr(strip_whitespace=True, min_length=1, max_length=200), ...),
        email=(pydantic.EmailStr | None, None),
        mobile=(phone, ...),
        birthday=(optional_day, None),
    )

    def work() -> None:
        connection = _bare(target)
        with connection:
            connection.executemany(_INSERT, (_row(row_type, cells) for cells in read_rows(source)))
        connection.close()

    return work


def _row(row_type: Any, cells: list[str]) -> tuple[str | None, ...]:
    name, email, mobile, birthday = cells
    row = row_type(name=name, email=email or None, mobile=mobile, birthday=birthday or None)
    return row.name, row.email, row.mobile, None if row.birthday is None else str(row.birthday)


def _import_export(source: Path, target: Path, *, look_up: bool = False) -> Callable[[], None]:
    """Import in bulk: everybody as somebody new, or looking each row up first, as for a list that comes again."""
    database = django(str(target), "import_export")
    models, resources, fields = load("django.db.models"), load("import_export.resources"), load("import_export.fields")
    texts = {name: models.CharField(max_length=254, null=True) for name in ("name", "email", "phone", "birthday")}
    looked_up = ("email", "phone") if look_up else ()
    customer = django_customer({"id": models.AutoField(primary_key=True), **texts}, index=looked_up)
    columns = {"name": "name", "email": "email", "mobile": "phone", "birthday": "birthday"}
    made = {
        column: fields.Field(column_name=column, attribute=attribute, widget=_checking_widget(column))
        for column, attribute in columns.items()
    }
    meta = {"model": customer, "fields": tuple(columns), "import_id_fields": ("email", "mobile"), "batch_size": _BATCH}
    fast = {"use_bulk": True, "use_transactions": True}
    ways = {"skip_unchanged": True, "skip_html_diff": True, "report_skipped": False}
    if not look_up:
        ways = {"force_init_instance": True, "skip_diff": True}
    stated = type("Meta", (), {**meta, **fast, **ways})
    resource = type("CustomerResource", (resources.ModelResource,), {**made, "Meta": stated})

    def work() -> None:
        with database.connection.schema_editor() as editor:
            editor.create_model(customer)
        data = load("tablib").Dataset()
        with source.open(encoding="utf-8", newline="") as file:
            data.load(file, format="csv")
        resource().import_data(data, raise_errors=True)
        if customer.objects.count() != len(data):
            raise AssertionError("not every row was created")

    return work


def _checking_widget(column: str) -> Any:
    """Return a widget that checks a cell as our import does, with the same libraries."""
    widgets, validate, phonenumbers = load("import_export.widgets"), load("email_validator"), load("phonenumbers")

    def clean(_: Any, value: Any, row: Any = None, **options: Any) -> str | None:
        text = str(value).strip() if value else ""
        if not text:
            return None
        if column == "email":
            return str(validate.validate_email(text, check_deliverability=False).normalized)
        if column == "mobile":
            number = phonenumbers.parse(text, REGION)
            if not phonenumbers.is_possible_number(number):
                raise ValueError("no phone number")
            phonenumbers.is_valid_number(number)
            return str(phonenumbers.format_number(number, phonenumbers.PhoneNumberFormat.E164))
        if column == "birthday" and not text.startswith("--"):
            return date.fromisoformat(text).isoformat()
        return text

    return type("CheckingWidget", (widgets.Widget,), {"clean": clean})()


# --------------------------------------------------------------------------------------------- out


def _export_library(source: Path, target: Path) -> None:
    with crm.open_salon(source) as salon:
        crm.export_customers(salon, _OLGA, target)


_EXPORTED: Final = (
    "c.id, c.version, replace(replace(c.added, '.000000Z', 'Z'), 'Z', '+00:00'), c.name, c.first_name, c.last_name, "
    "c.email, c.other_emails, c.mobile || CASE WHEN c.mobile_extension > '' THEN ' x' || c.mobile_extension ELSE '' "
    "END, c.other_phones, CASE WHEN c.contact_declined THEN 'yes' ELSE '' END, c.birthday, c.anniversary, c.gender, "
    "c.referral_source, c.address_lines, c.city, c.subdivision, c.postal_code, c.country, c.language, c.zone, "
    "c.preferences, c.external_ids, c.status, CASE WHEN b.id IS NULL THEN '' ELSE 'yes' END, b.reason"
)
_ALL: Final = (
    f"SELECT {_EXPORTED} FROM crm_customers c LEFT JOIN crm_blocks b ON b.customer_id = c.id AND b.lifted_at IS NULL "
    "ORDER BY c.added, c.id"
)
_LISTS: Final = (7, 9, 15, 23)


def _raw_rows(source: Path) -> Iterator[list[Any]]:
    """Give the cells of everybody; people with lists of values are left to those who have some."""
    connection = sqlite3.connect(f"{source.as_uri()}?mode=ro", uri=True)
    for row in connection.execute(_ALL):
        cells = ["" if cell is None or cell == "[]" else cell for cell in row]
        if any(cells[place] for place in _LISTS):
            raise AssertionError("the floor knows nobody with further contacts, an address or other ids")
        yield cells
    connection.close()


def _export_raw(source: Path, target: Path) -> None:
    _write(target, _raw_rows(source))


def _export_guarded(source: Path, target: Path) -> None:
    _write(target, ([_guarded(cell) for cell in cells] for cells in _raw_rows(source)))


def _guarded(cell: Any) -> Any:
    return f"'{cell}" if isinstance(cell, str) and cell.startswith(_GUARDED) else cell


def _write(target: Path, rows: Iterator[Any]) -> None:
    with target.open("w", encoding="utf-8", newline="") as file:
        writer = csv.writer(file)
        writer.writerow(_columns())
        writer.writerows(rows)


def _columns() -> tuple[str, ...]:
    from salon_crm.domain.transfer.columns import EXPORT_COLUMNS

    return tuple(EXPORT_COLUMNS)


def _django_export(source: Path) -> Any:
    """Return the model of the table ``customer`` of a file, Django and import-export set up on it."""
    django(str(source), "import_export")
    models = load("django.db.models")
    return django_customer({name: models.TextField(null=True) for name in _columns() if name != "id"})


def _values_list(source: Path, target: Path) -> Callable[[], None]:
    customer = _django_export(source)

    def work() -> None:
        rows = customer.objects.order_by("added", "id").values_list(*_columns())
        _write(target, rows.iterator(chunk_size=_BATCH))

    return work


def _resource_export(source: Path, target: Path) -> Callable[[], None]:
    customer = _django_export(source)
    resources = load("import_export.resources")
    meta = type("Meta", (), {"model": customer, "fields": _columns(), "export_order": _columns()})
    resource = type("CustomerResource", (resources.ModelResource,), {"Meta": meta})

    def work() -> None:
        made = resource().export(customer.objects.order_by("added", "id"))
        target.write_text(made.csv, encoding="utf-8", newline="")

    return work


def _sqlalchemy_export(source: Path, target: Path) -> Callable[[], None]:
    sa, names = load("sqlalchemy"), _columns()
    sessions, customer = sqlalchemy_customer(f"sqlite:///{source}", names)

    def work() -> None:
        with sessions() as session:
            found = session.scalars(
                sa.select(customer).order_by(customer.added, customer.id).execution_options(yield_per=_BATCH)
            )
            _write(target, ([getattr(row, name) for name in names] for row in found))

    return work


# ------------------------------------------------------------------------------------------- a job

Job = Callable[[Path, Path], Callable[[], None]]
"""Loads what the work needs, and returns the work."""


def _at_once(work: Callable[[Path, Path], None]) -> Job:
    return lambda source, target: lambda: work(source, target)


JOBS: Final[Mapping[str, Job]] = {
    "import:library": _at_once(_import_library),
    "import:raw, same rows": _at_once(import_raw),
    "import:csv + insert": _at_once(_import_bare),
    "import:pydantic": _pydantic,
    "import:django-import-export": _import_export,
    "import:django-import-export, with look-ups": partial(_import_export, look_up=True),
    "export:library": _at_once(_export_library),
    "export:raw": _at_once(_export_raw),
    "export:raw, guarded": _at_once(_export_guarded),
    "export:Django values_list": _values_list,
    "export:SQLAlchemy": _sqlalchemy_export,
    "export:django-import-export": _resource_export,
}


def main(arguments: list[str]) -> int:
    """Run the job named first on the two paths that follow."""
    name, source, target = arguments
    try:
        work = JOBS[name](Path(source), Path(target))
    except Absent as absent:
        print(json.dumps({"absent": str(absent)}))
        return 0
    seconds, _ = measured(work)
    print(json.dumps({"seconds": seconds, "megabytes": _most_memory()}))
    return 0


def _most_memory() -> float:
    """Return the most memory this process ever held, in megabytes."""
    status = Path("/proc/self/status")
    if status.exists():  # what getrusage says begins with the most of the process that started this one
        line = next(line for line in status.read_text().splitlines() if line.startswith("VmHWM"))
        return int(line.split()[1]) / 1_000
    most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return most / 1_000_000 if sys.platform == "darwin" else most / 1_000


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
