"""The filter panel: who booked what, never, when and where; the library beside floors and peers.

python -m bench.filter --customers 100000 --json filter.json
"""

import csv
import sys
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from datetime import UTC, datetime, timedelta
from itertools import islice
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any
from unittest.mock import patch
from uuid import UUID

from attrs import evolve

import salon_crm as crm
from bench.bookings import (
    LOCATIONS,
    PACKAGES,
    PANELS,
    SERVICES,
    SERVICES_OF_A_TYPE,
    THERAPISTS,
    TYPES,
    Guest,
    Panel,
    Part,
    Visit,
    answers,
    guests,
)
from bench.customers import customer_of, new_salon, people
from bench.peers import django, join, load
from bench.raw_filter import FIELDS, PAGE, PlainSql, RawMasks, mask_tables, plain_tables
from bench.timing import Report, Timed, interleaved, measured, parser, progress
from salon_crm.domain.bookings import Booking, BookingStatus
from salon_crm.domain.catalogue import Location, Package, Service, ServiceType, StaffMember
from salon_crm.domain.criteria import (
    AllOf,
    Compare,
    Criterion,
    Fact,
    HasBooking,
    HasPackage,
    Not,
    Op,
    Order,
    OrderKey,
    Start,
)
from salon_crm.domain.customers import Customer, Status, search_keys
from salon_crm.domain.facts import facts_of
from salon_crm.domain.ids import (
    BookingId,
    CustomerId,
    LocationId,
    PackageId,
    ServiceId,
    ServiceTypeId,
    StaffMemberId,
)
from salon_crm.ports.store import Writing
from salon_crm.use_cases.bookings import keeping

LIBRARY, STORE = "the library", "store"
MASKS, PLAIN = "raw: masks", "raw: EXISTS"
DJANGO, USUAL, SQLALCHEMY, DUCKDB = (
    "Django Exists()",
    "Django filter and exclude",
    "SQLAlchemy any()",
    "DuckDB, columns",
)
PEERS = (DJANGO, USUAL, SQLALCHEMY)

_OLGA = crm.Actor("olga", crm.Role.OWNER)
_BY_NAME = Order(OrderKey.NAME)
_ZONE = "UTC"
_SLICE = 2_000
_FIRST_BOOKING = 0x0145_0000_0000_7000_9000_0000_0000_0000
_FIRST_ITEM = 0x0145_0000_0000_7000_A000_0000_0000_0000
_BOOKED_AT = datetime(2026, 3, 2, 9, tzinfo=UTC)
_TRIALS = 300
_MOST_BOOKED_FOR = 20_000

Everybody = Callable[[], Iterator[Guest]]
Contender = Callable[[Panel], Any]


class Asking:
    """A contender: how it gives the first page of a panel, and how many are meant."""

    def __init__(self, page: Callable[[Panel], list[int]], count: Callable[[Panel], int]) -> None:
        self.page = page
        self.count = count


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and return its exit code."""
    stated = parser(__doc__, customers=10_000)
    stated.add_argument("--each", type=int, default=10, metavar="N", help="bookings of a customer, on average")
    stated.add_argument("--warm", action="store_true", help="ask each once more just before, and not time it")
    stated.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the data there, and find it there again")
    asked = stated.parse_args(arguments)
    report = Report(
        "filter", customers=asked.customers, seed=asked.seed, each=asked.each, rounds=asked.rounds, warm=asked.warm
    )
    with TemporaryDirectory(prefix="bench-") as passing:
        _run(asked, report, kept(asked) if asked.keep else Path(passing))
        _cost_of_booking(report, Path(passing), asked)
    return report.finish(asked.json)


def kept(asked: Any) -> Path:
    """Return the folder of what these arguments make; what an earlier release filled is the caller's to remove."""
    folder: Path = asked.keep / f"{asked.customers}-{asked.seed}-{asked.each}"
    folder.mkdir(parents=True, exist_ok=True)
    return folder


def _run(asked: Any, report: Report, folder: Path) -> None:
    progress("making people")
    persons = list(people(asked.customers, asked.seed))

    def everybody() -> Iterator[Guest]:
        return guests(persons, asked.seed, asked.each)

    expected = answers(everybody)
    salon, contenders, opened = _contenders(folder, everybody, report)
    pages = _asked(contenders, "page", asked)
    counts = _asked(contenders, "count", asked)
    _judge(report, pages, counts, expected)
    pages_far_in(report, salon, expected, asked.rounds)
    for close in opened:
        close()
    report.table(
        "panels", ("", "criteria", "customers meant"), [(p.name, p.criteria, len(expected[p.name])) for p in PANELS]
    )


def _asked(contenders: Mapping[str, Asking], what: str, asked: Any) -> dict[str, Timed[Any]]:
    progress(f"asking for each {what}")
    asking = {name: getattr(each, what) for name, each in contenders.items()}
    return interleaved(asking, PANELS, rounds=asked.rounds, warm=asked.warm)


def _contenders(
    folder: Path, everybody: Everybody, report: Report
) -> tuple[crm.Salon, dict[str, Asking], list[Callable[[], None]]]:
    """Return the salon, who takes part, each with its data in place, and what ends them."""
    spent: list[tuple[str, float]] = []

    def filled(name: str, file: str, fill: Callable[[Path, Iterable[Guest]], None]) -> Path:
        if not (path := folder / file).exists():
            progress(f"filling {name}")
            unfinished = path.with_suffix(".unfinished")
            seconds, _ = measured(lambda: fill(unfinished, everybody()))
            spent.append((name, seconds))
            unfinished.rename(path)
        return path

    salon = crm.open_salon(filled(LIBRARY, "salon.db", fill_salon))
    contenders = {LIBRARY: through_use_cases(salon), STORE: through_store(salon)}
    masks = RawMasks(filled(MASKS, "masks.db", mask_tables))
    contenders[MASKS] = Asking(masks.page, masks.count)
    plain_path = filled("a table of bookings for the peers", "plain.db", plain_tables)
    plain = PlainSql(plain_path)
    contenders[PLAIN] = Asking(plain.page, plain.count)
    _join_peers(report, contenders, str(plain_path))
    join(report, contenders, DUCKDB, lambda: _duckdb(filled(DUCKDB, "columns.duckdb", _fill_duckdb)))
    report.table("filling, where it was not kept", ("", "s"), spent)
    return salon, contenders, [salon.close, masks.close, plain.close]


# ------------------------------------------------------------------------------------- the library


def fill_salon(path: Path, everybody: Iterable[Guest]) -> None:
    with new_salon(path) as salon:
        fill(salon, everybody)


def fill(salon: crm.Salon, everybody: Iterable[Guest], *, at_once: int = _SLICE) -> None:
    """Fill a salon straight through the store's units of work: neither checked nor audited, facts in step."""
    numbers, rest = iter(range(_FIRST_BOOKING, 1 << 128)), iter(everybody)
    with salon.writing() as writing:
        _add_catalogue(writing)
    while part := list(islice(rest, at_once)):
        with salon.writing() as writing:
            writing.customers.add_many([_customer(guest) for guest in part])
            booked = [[_booking(next(numbers), guest, visit) for visit in guest.visits] for guest in part]
            writing.bookings.add_many([booking for theirs in booked for booking in theirs])
            writing.facts.add_many([facts_of(each[0].customer_id, each, (), ()) for each in booked if each])


def _customer(guest: Guest) -> Customer:
    customer = customer_of(guest.number, guest.person)
    return customer if guest.active else evolve(customer, status=Status.INACTIVE)


def _booking(number: int, guest: Guest, visit: Visit) -> Booking:
    start = datetime(visit.day.year, visit.day.month, visit.day.day, visit.hour, tzinfo=UTC)
    return Booking(
        id=BookingId(UUID(int=number)),
        customer_id=CustomerId(UUID(guest.person.id)),
        service=_service(visit.service),
        start=start,
        end=start + timedelta(hours=1),
        zone=_ZONE,
        location=f"location-{visit.location}",
        therapist=f"therapist-{visit.therapist}",
        status=BookingStatus(visit.status),
        package=None if visit.package is None else f"package-{visit.package}",
        at=_BOOKED_AT,
        by=_OLGA.id,
    )


def _service(number: int) -> str:
    return f"service-{number}"


def _add_catalogue(writing: Writing) -> None:
    ids = (UUID(int=number) for number in range(_FIRST_ITEM, 1 << 128))
    for number in range(TYPES):
        kind = ServiceType(id=ServiceTypeId(next(ids)), code=f"type-{number}", name=f"Type {number}")
        writing.service_types.add(kind)
    for number in range(SERVICES):
        of_type = f"type-{number // SERVICES_OF_A_TYPE}"
        name = f"Service {number}"
        writing.services.add(Service(id=ServiceId(next(ids)), code=_service(number), name=name, service_type=of_type))
    for number in range(PACKAGES):
        writing.packages.add(Package(id=PackageId(next(ids)), code=f"package-{number}", name=f"Package {number}"))
    for number in range(LOCATIONS):
        writing.locations.add(Location(id=LocationId(next(ids)), code=f"location-{number}", name=f"Location {number}"))
    for number in range(THERAPISTS):
        code, name = f"therapist-{number}", f"Therapist {number}"
        writing.staff_members.add(StaffMember(id=StaffMemberId(next(ids)), code=code, name=name))


def criterion_of(panel: Panel) -> Criterion:
    """Return a panel as criteria of the library."""
    parts: list[Criterion] = [_criterion(part) for part in panel.parts]
    if panel.active is not None:
        parts.append(Compare(Fact.STATUS, Op.EQUAL, Status.ACTIVE if panel.active else Status.INACTIVE))
    if panel.last_before is not None:
        parts.append(Compare(Fact.LAST_VISIT, Op.LESS, panel.last_before))
    if panel.last_after is not None:
        parts.append(Compare(Fact.LAST_VISIT, Op.MORE, panel.last_after))
    return AllOf(tuple(parts))


def _criterion(part: Part) -> Criterion:
    if part.package is not None:
        return HasPackage(frozenset({f"package-{part.package}"}))
    booked = HasBooking(
        services=frozenset(map(_service, part.services)),
        statuses=frozenset(map(BookingStatus, part.statuses)),
        start=part.start,
        end=part.end,
        locations=frozenset() if part.location is None else frozenset({f"location-{part.location}"}),
        therapists=frozenset() if part.therapist is None else frozenset({f"therapist-{part.therapist}"}),
    )
    return Not(booked) if part.never else booked


_FIRST_NUMBER = UUID(next(people(1, 1)).id).int
"""The id of the customer who is number 0."""


def _number(customer: Customer) -> int:
    return customer.id.int - _FIRST_NUMBER


def through_use_cases(salon: crm.Salon) -> Asking:
    """Return how staff ask a salon."""

    def page(panel: Panel) -> list[int]:
        found = crm.find_customers(salon, _OLGA, criterion_of(panel), limit=PAGE)
        return [_number(row.customer) for row in found]

    return Asking(page, lambda panel: crm.count_customers(salon, _OLGA, criterion_of(panel)))


def through_store(salon: crm.Salon) -> Asking:
    """Return how a salon's store alone is asked."""

    def page(panel: Panel) -> list[int]:
        with salon.reading() as reading:
            return [_number(each) for each in reading.customers.find(criterion_of(panel), _BY_NAME, None, PAGE)]

    def count(panel: Panel) -> int:
        with salon.reading() as reading:
            return reading.customers.count(criterion_of(panel))

    return Asking(page, count)


# ----------------------------------------------------------------------------------------- peers


def _join_peers(report: Report, contenders: dict[str, Asking], database: str) -> None:
    models: list[Any] = []

    def orm() -> Any:
        if not models:
            django(database)
            models.append(_django_models())
        return models[0]

    join(report, contenders, DJANGO, lambda: _django_exists(*orm()))
    join(report, contenders, USUAL, lambda: _django_usual(*orm()))
    join(report, contenders, SQLALCHEMY, lambda: _sqlalchemy(database))


def _django_models() -> tuple[Any, Any]:
    models = load("django.db.models")

    def model(name: str, /, **fields: Any) -> Any:
        meta = type("Meta", (), {"app_label": "bench", "db_table": name.lower()})
        return type(name, (models.Model,), {"__module__": __name__, "Meta": meta, **fields})

    customer = model("Customer", name=models.TextField(), active=models.BooleanField())
    references = {field.removesuffix("_id"): models.IntegerField(null=True, db_column=field) for field in FIELDS}
    of = models.ForeignKey(customer, models.CASCADE, related_name="bookings")
    day, status = models.DateField(), models.CharField(max_length=10)
    return customer, model("Booking", customer=of, day=day, status=status, **references)


def _looked_up(part: Part, prefix: str = "") -> dict[str, Any]:
    """Return a part as the look-ups of a Django filter."""
    asked: dict[str, Any] = {"status__in": part.statuses}
    if part.services:
        asked["service__in"] = part.services
    named = {
        "day__gte": part.start,
        "day__lte": part.end,
        "location": part.location,
        "therapist": part.therapist,
        "package": part.package,
    }
    asked.update((name, value) for name, value in named.items() if value is not None)
    return {prefix + name: value for name, value in asked.items()}


def _django_asking(narrowed: Callable[[Panel], Any]) -> Asking:
    def page(panel: Panel) -> list[int]:
        return [row.id for row in narrowed(panel).order_by("name", "id")[:PAGE]]

    return Asking(page, lambda panel: narrowed(panel).count())


def _django_exists(customer: Any, booking: Any) -> Asking:
    models = load("django.db.models")

    def narrowed(panel: Panel) -> Any:
        found = customer.objects.all() if panel.active is None else customer.objects.filter(active=panel.active)
        for part in panel.plain_parts():
            exists = models.Exists(booking.objects.filter(customer=models.OuterRef("pk"), **_looked_up(part)))
            found = found.filter(~exists if part.never else exists)
        return found

    return _django_asking(narrowed)


def _django_usual(customer: Any, booking: Any) -> Asking:
    """Return what is usually written; what excludes one booking of several conditions needs the bookings named."""

    def narrowed(panel: Panel) -> Any:
        found = customer.objects.all() if panel.active is None else customer.objects.filter(active=panel.active)
        for part in panel.plain_parts():
            if part.never:
                found = found.exclude(pk__in=booking.objects.filter(**_looked_up(part)).values("customer"))
            else:
                found = found.filter(**_looked_up(part, "bookings__"))
        return found.distinct()

    return _django_asking(narrowed)


def _sqlalchemy(database: str) -> Asking:
    sa, orm = load("sqlalchemy"), load("sqlalchemy.orm")
    registry = orm.registry()
    customers = sa.Table(
        "customer",
        registry.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("name", sa.String),
        sa.Column("active", sa.Boolean),
    )
    bookings = sa.Table(
        "booking",
        registry.metadata,
        sa.Column("id", sa.Integer, primary_key=True),
        sa.Column("customer_id", sa.ForeignKey("customer.id")),
        *(sa.Column(name, sa.Integer) for name in FIELDS),
        sa.Column("day", sa.Date),
        sa.Column("status", sa.String),
    )
    booking, customer = type("Booking", (), {}), type("Customer", (), {})
    registry.map_imperatively(booking, bookings)
    registry.map_imperatively(customer, customers, properties={"bookings": orm.relationship(booking)})
    mapped: Any = customer
    sessions = orm.sessionmaker(sa.create_engine(f"sqlite:///{database}"))

    def asked(part: Part) -> Any:
        columns = bookings.c
        conditions = [columns.status.in_(part.statuses)]
        if part.services:
            conditions.append(columns.service_id.in_(part.services))
        named = (
            (columns.day.__ge__, part.start),
            (columns.day.__le__, part.end),
            (columns.location_id.__eq__, part.location),
            (columns.therapist_id.__eq__, part.therapist),
            (columns.package_id.__eq__, part.package),
        )
        conditions += [condition(value) for condition, value in named if value is not None]
        return mapped.bookings.any(sa.and_(*conditions))

    def narrowed(query: Any, panel: Panel) -> Any:
        if panel.active is not None:
            query = query.where(mapped.active == panel.active)
        for part in panel.plain_parts():
            query = query.where(~asked(part) if part.never else asked(part))
        return query

    def page(panel: Panel) -> list[int]:
        query = narrowed(sa.select(mapped), panel).order_by(mapped.name, mapped.id).limit(PAGE)
        with sessions() as session:
            return [row.id for row in session.scalars(query)]

    def count(panel: Panel) -> int:
        with sessions() as session:
            found: int = session.scalar(narrowed(sa.select(sa.func.count()).select_from(mapped), panel))
            return found

    return Asking(page, count)


def _fill_duckdb(path: Path, everybody: Iterable[Guest]) -> None:
    duckdb = load("duckdb")
    listed, visited = path.with_name("guests.csv"), path.with_name("visits.csv")
    with listed.open("w", encoding="utf-8") as one, visited.open("w", encoding="utf-8") as other:
        guest_rows, visit_rows = csv.writer(one, quoting=csv.QUOTE_ALL), csv.writer(other)
        for guest in everybody:
            guest_rows.writerow((guest.number, guest.key, guest.active))
            visit_rows.writerows(
                (guest.number, v.service, v.location, v.therapist, v.package, v.day, v.status) for v in guest.visits
            )
    tables = (
        ("customer", listed, {"id": "INTEGER", "name": "VARCHAR", "active": "BOOLEAN"}),
        (
            "booking",
            visited,
            {"customer_id": "INTEGER", **dict.fromkeys(FIELDS, "INTEGER"), "day": "DATE", "status": "VARCHAR"},
        ),
    )
    with duckdb.connect(str(path)) as connection:
        for name, file, columns in tables:
            read = f"read_csv('{file}', header = false, columns = {columns!r})"
            connection.execute(f"CREATE TABLE {name} AS SELECT * FROM {read}")
            file.unlink()


def _duckdb(path: Path) -> Asking:
    connection = load("duckdb").connect(str(path), read_only=True)

    def condition(panel: Panel) -> tuple[str, list[Any]]:
        return PlainSql.condition(panel)

    def page(panel: Panel) -> list[int]:
        where, values = condition(panel)
        sql = f"SELECT c.id FROM customer c WHERE {where} ORDER BY c.name, c.id LIMIT {PAGE}"
        return [row[0] for row in connection.execute(sql, values).fetchall()]

    def count(panel: Panel) -> int:
        where, values = condition(panel)
        found: int = connection.execute(f"SELECT count(*) FROM customer c WHERE {where}", values).fetchone()[0]
        return found

    return Asking(page, count)


# -------------------------------------------------------------------------------------- what was found


def _judge(
    report: Report, pages: dict[str, Timed[Any]], counts: dict[str, Timed[Any]], expected: Mapping[str, list[int]]
) -> None:
    right = [expected[panel.name] for panel in PANELS]
    for title, timed, wanted in (
        (f"the first {PAGE} in name order", pages, [found[:PAGE] for found in right]),
        ("how many are meant", counts, [len(found) for found in right]),
    ):
        library, rows = timed[LIBRARY].seconds, []
        for name, one in timed.items():
            wrong = [
                panel.name
                for panel, answer, is_right in zip(PANELS, one.answers, wanted, strict=True)
                if answer != is_right
            ]
            report.must(not wrong, f"{name} answers otherwise than the reference ({title}): {wrong}")
            seconds = one.seconds
            rows.append(
                (
                    name,
                    median(seconds) * 1e3,
                    max(seconds) * 1e3,
                    median(seconds) / median(library),
                    max(seconds) / max(library),
                )
            )
        header = ("", "median ms", "worst ms", "median ratio", "worst ratio")
        report.table(f"{title}; ratios to the library's", header, rows)
        each = [
            (panel.name, *(one.seconds[place] * 1e3 for one in timed.values())) for place, panel in enumerate(PANELS)
        ]
        report.table(f"{title}, ms by panel", ("", *timed), each)


def pages_far_in(report: Report, salon: crm.Salon, expected: Mapping[str, list[int]], rounds: int) -> None:
    """Compare the first page with one in the middle and the last, each asked for after the row before it."""

    def page(asked: tuple[Panel, int]) -> list[int]:
        panel, place = asked
        with salon.reading() as reading:
            found = reading.customers.find(criterion_of(panel), _BY_NAME, starts[panel.name, place], PAGE)
            return [_number(each) for each in found]

    starts: dict[tuple[str, int], Start | None] = {}
    rows = []
    for panel in PANELS:
        right = expected[panel.name]
        places = [0, len(right) // 2, max(len(right) - PAGE, 0)]
        for place in places:
            starts[panel.name, place] = _behind(salon, right, place)
        timed = interleaved({"page": page}, [(panel, place) for place in places], rounds=max(rounds, 5))["page"]
        for place, answer in zip(places, timed.answers, strict=True):
            report.must(answer == right[place : place + PAGE], f"the page from {place} on of {panel.name!r} is wrong")
        first, middle, last = (spent * 1e3 for spent in timed.seconds)
        rows.append((panel.name, first, middle, last, last / first))
    report.table("pages far in, ms", ("", "first", "middle", "last", "last over first"), rows)


def _behind(salon: crm.Salon, numbers: Sequence[int], place: int) -> Start | None:
    if not place:
        return None
    own_id = CustomerId(UUID(int=_FIRST_NUMBER + numbers[place - 1]))
    with salon.reading() as reading:
        customer = reading.customers.get_many([own_id])[own_id]
    return Start(search_keys(customer).name, customer.id)


def _cost_of_booking(report: Report, folder: Path, asked: Any) -> None:
    """Time `book` with the facts of its customer kept in step, and with that step taken out."""
    progress("booking")
    path, many = folder / "booked.db", min(asked.customers, _MOST_BOOKED_FOR)
    persons = list(people(many, asked.seed))
    fill_salon(path, guests(persons, asked.seed, asked.each))
    hours = iter(range(1, 1 << 20))

    def book(customer_id: str) -> None:
        start = salon.now() + timedelta(hours=next(hours))
        crm.book(
            salon,
            _OLGA,
            customer_id,
            service=_service(3),
            start=start,
            end=start + timedelta(hours=1),
            location="location-1",
            therapist="therapist-7",
        )

    def without(customer_id: str) -> None:
        with patch.object(keeping, "follow_booking", lambda *_: None):
            book(customer_id)

    with crm.open_salon(path) as salon:
        asked_for = [person.id for person in persons[:: max(1, many // _TRIALS)]][:_TRIALS]
        spent = interleaved({"with": book, "without": without}, asked_for, rounds=3)
    rows = [(name, one.p50 * 1e6, one.p95 * 1e6, one.p50 / spent["without"].p50) for name, one in spent.items()]
    title = f"book in a salon of {many:,}, with the step that keeps facts and without"
    report.table(title, ("", "p50 µs", "p95 µs", "ratio"), rows)


if __name__ == "__main__":
    sys.exit(main())
