"""Search and panels of one salon in SQLite and in PostgreSQL under row security, beside ORMs on the same server.

python -m bench.postgres --customers 100000 --json postgres.json
"""

import sqlite3
import sys
from collections import defaultdict
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import closing
from itertools import groupby
from pathlib import Path
from statistics import median
from tempfile import TemporaryDirectory
from typing import Any, Final
from uuid import UUID

import psycopg
from tests.servers import APP, OWNER, SCHEMA, SUPERUSER, Server

import salon_crm as crm
from bench import filter as panels
from bench import search
from bench.bookings import PANELS, Guest, answers, guests
from bench.customers import REGION, Person, people
from bench.filter import Asking
from bench.peers import join
from bench.questions import Question, questions
from bench.reference import PAGE, Blob, keys_of
from bench.timing import Report, Timed, interleaved, measured, parser, progress
from salon_crm.adapters.postgres.dialect import PART
from salon_crm.adapters.sql.pieces import pieces_of
from salon_crm.adapters.sql.tables import PIECES, SHAPES

SQLITE, POSTGRES = "SQLite", "PostgreSQL"
SQLITE_STORE, POSTGRES_STORE = "SQLite: store.find", "PostgreSQL: store.find"
REFERENCE = search.REFERENCE
ORMS: Final = (search.DJANGO, search.SQLALCHEMY)
MOST_OVER_SQLITE: Final = 5
LEAST_UNDER_ORMS: Final = 20

_BESIDE = UUID(int=0x0145_0000_0000_7000_B000_0000_0000_0002)
_MOST_BESIDE: Final = 20_000
_SETTINGS: Final = ("shared_buffers=1GB", "max_wal_size=8GB", "autovacuum=on", "random_page_cost=1.1")
"""What an operator of a database that fits memory sets; the rest is as PostgreSQL comes, and as tests start it."""

_OLGA = crm.Actor("olga", crm.Role.OWNER)

Everybody = Callable[[], Iterator[Guest]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and return its exit code."""
    stated = parser(__doc__, customers=10_000)
    stated.add_argument("--each", type=int, default=5, metavar="N", help="bookings of a customer, on average")
    stated.add_argument("--questions", type=int, default=200, help="how many searches")
    stated.add_argument("--peer-questions", type=int, default=40, metavar="N", help="the same, of the ORMs")
    stated.add_argument("--keep", type=Path, metavar="FOLDER", help="keep the data there, and find it there again")
    asked = stated.parse_args(arguments)
    report = Report(
        "postgres",
        customers=asked.customers,
        seed=asked.seed,
        each=asked.each,
        questions=asked.questions,
        rounds=asked.rounds,
    )
    with TemporaryDirectory(prefix="bench-") as passing:
        folder = panels.kept(asked) if asked.keep else Path(passing)
        folder.chmod(0o755)  # which the server, who may be somebody else, has to pass through
        server = Server(*_SETTINGS, kept=_folder_in(folder))
        try:
            _run(asked, report, folder, server)
        finally:
            server.stop()
    return report.finish(asked.json)


def _folder_in(folder: Path) -> Path:
    made = folder / "postgres"
    made.mkdir(exist_ok=True)
    return made


def _run(asked: Any, report: Report, folder: Path, server: Server) -> None:
    progress("making people")
    persons = list(people(asked.customers, asked.seed))

    def everybody() -> Iterator[Guest]:
        return guests(persons, asked.seed, asked.each)

    sqlite, postgres = _salons(report, folder, server, persons, everybody, asked.seed)
    with sqlite, postgres:
        _search(asked, report, server, persons, sqlite, postgres)
        _panels(asked, report, everybody, sqlite, postgres)


def _salons(
    report: Report, folder: Path, server: Server, persons: list[Person], everybody: Everybody, seed: int
) -> tuple[crm.Salon, crm.Salon]:
    """Return the same salon twice, and fill what was not kept."""
    spent: list[tuple[str, float, float]] = []

    def filled(name: str, fill: Callable[[], object], count: int = len(persons)) -> None:
        progress(f"filling {name}")
        seconds, _ = measured(fill)
        spent.append((name, seconds, count / seconds))

    path = folder / "salon.db"
    if not path.exists():
        unfinished = path.with_suffix(".unfinished")
        filled(SQLITE, lambda: panels.fill_salon(unfinished, everybody()))
        unfinished.rename(path)
    with crm.open_salon(path) as salon:
        own_id = salon.id
    if not (mark := folder / "postgres.filled").exists():
        server.run(f"CREATE ROLE {OWNER} LOGIN", f"CREATE ROLE {APP} LOGIN")
        server.make_tables()
        beside = list(people(min(len(persons), _MOST_BESIDE), seed + 1))
        with opened(server, _BESIDE) as other:
            strangers = guests(beside, seed + 1, 1)
            filled("another salon, through the store", lambda: panels.fill(other, strangers), len(beside))
        filled(POSTGRES, lambda: copy_salon(path, server, own_id))
        filled("a table for the ORMs", lambda: _plain_table(server, persons))
        filled("vacuum and analyze", lambda: server.run("VACUUM (ANALYZE)"))
        mark.touch()
    report.table("filling, where it was not kept", ("", "s", "customers a second"), spent)
    report.table("rooms, MB", ("", "MB"), [(SQLITE, path.stat().st_size / 1e6), *_sizes(server)])
    return crm.open_salon(path), opened(server, own_id)


def opened(server: Server, salon_id: UUID) -> crm.Salon:
    """Open a salon as the app's ordinary role, made where it is not there yet."""
    return crm.open_salon(
        server.url(), salon_id=salon_id, schema=SCHEMA, region=REGION, zone="Europe/Lisbon", currency="EUR"
    )


def copy_salon(path: Path, server: Server, salon_id: UUID) -> None:
    """Copy the rows of a file into the tables of many salons, as only a superuser can; pieces are made from the list.

    Row security would refuse COPY. What rows refer to is there, and indexes are made when all rows are.
    """
    with closing(sqlite3.connect(path)) as file, psycopg.connect(server.dsn()) as connection:
        setting = f"session_replication_role = replica; SET search_path TO {SCHEMA}; SET maintenance_work_mem = '256MB'"
        connection.execute(f"SET {setting}".encode())
        indexes = connection.execute(
            "SELECT indexname, indexdef FROM pg_indexes WHERE schemaname = %s AND position(%s in indexname) > 0",
            [SCHEMA, "_by_"],
        ).fetchall()
        for name, _ in indexes:
            connection.execute(f"DROP INDEX {name}".encode())
        for shape in SHAPES:
            if not shape.shared:
                columns = ", ".join(column.name for column in shape.columns)
                rows = file.execute(f"SELECT {columns} FROM {shape.name} ORDER BY {', '.join(shape.primary_key)}")
                with _copying(connection, shape.name, columns) as copy:
                    for row in rows:
                        copy.write_row((str(salon_id), *row))
        listed = file.execute("SELECT place, words, digits FROM crm_customer_search ORDER BY place")
        with _copying(connection, PIECES, "piece, part, members") as copy:
            for piece, part, members in _parts(listed):
                escaped = piece.replace("\\", "\\\\")
                copy.write(f"{salon_id}\t{escaped}\t{part}\t{members:0{PART}b}\n")
        for _, definition in indexes:
            connection.execute(definition.encode())


def _copying(connection: psycopg.Connection[Any], table: str, columns: str) -> Any:
    return connection.cursor().copy(f"COPY {table} (salon_id, {columns}) FROM STDIN".encode())


def _parts(listed: Iterable[tuple[int, str, str]]) -> Iterator[tuple[str, int, int]]:
    """Give for each piece of each part of the list who has it, the first place as the highest bit."""
    for part, rows in groupby(listed, lambda row: row[0] // PART):
        members = defaultdict[str, int](int)
        for place, words, digits in rows:
            bit = 1 << PART - 1 - place % PART
            for piece in pieces_of(words, digits):
                members[piece] |= bit
        for piece, who in members.items():
            yield piece, part, who


def _plain_table(server: Server, persons: Iterable[Person]) -> None:
    """Make what a web application has: a table of what is shown, with an index on the name; one salon's alone."""
    columns = "id varchar(36) PRIMARY KEY, name text NOT NULL, email text, phone text"
    with psycopg.connect(server.dsn()) as connection:
        connection.execute(f"CREATE TABLE customer ({columns})".encode())
        with connection.cursor().copy("COPY customer FROM STDIN") as copy:
            for person in persons:
                copy.write_row(person[:4])
        connection.execute("CREATE INDEX by_name ON customer (name)")


def _sizes(server: Server) -> list[tuple[str, float]]:
    """Return the megabytes of the largest tables, with their indexes."""
    with psycopg.connect(server.dsn()) as connection:
        rows = connection.execute(
            "SELECT relname, pg_total_relation_size(oid) / 1e6 FROM pg_class "
            "WHERE relkind = 'r' AND relname LIKE 'crm%' ORDER BY 2 DESC"
        ).fetchall()
    total = [(POSTGRES, float(sum(size for _, size in rows)))]
    return total + [(f"{POSTGRES}: {name}", float(size)) for name, size in rows[:6]]


# ----------------------------------------------------------------------------------------- search


def _search(
    asked: Any, report: Report, server: Server, persons: list[Person], sqlite: crm.Salon, postgres: crm.Salon
) -> None:
    blob = Blob(map(keys_of, persons))
    contenders: dict[str, search.Contender] = {
        SQLITE: search.through_use_case(sqlite),
        POSTGRES: search.through_use_case(postgres),
        SQLITE_STORE: search.through_store(sqlite),
        POSTGRES_STORE: search.through_store(postgres),
        REFERENCE: lambda question: blob.first_page(question.text),
    }
    described = {
        "ENGINE": "django.db.backends.postgresql",
        "NAME": "postgres",
        "USER": SUPERUSER,
        "HOST": str(server.folder),
    }
    url = server.url(SUPERUSER).replace("postgresql:", "postgresql+psycopg:")
    join(report, contenders, search.DJANGO, lambda: search.django_icontains(described))
    join(report, contenders, search.SQLALCHEMY, lambda: search.sqlalchemy_icontains(url))
    wanted = questions(persons, asked.seed, asked.questions)
    progress("asking")
    for question in wanted[:20]:  # connections, plans and the first pages are everybody's
        for name in contenders.keys() - ORMS:
            contenders[name](question)
    timed = interleaved(contenders, wanted, rounds=asked.rounds, fewer=dict.fromkeys(ORMS, asked.peer_questions))
    right, rows = timed[REFERENCE].answers, list[tuple[object, ...]]()
    for name, one in timed.items():
        many = len(one.answers)
        wrong = [question for question, answer, good in zip(wanted, one.answers, right, strict=False) if answer != good]
        over: Timed[Any] = Timed(timed[SQLITE].seconds[:many])
        under: Timed[Any] = Timed(timed[POSTGRES].seconds[:many])
        rows.append(
            (
                name,
                many,
                one.p50 * 1e3,
                one.p95 * 1e3,
                one.p50 / over.p50,
                one.p95 / over.p95,
                one.p50 / under.p50,
                one.p95 / under.p95,
                100 - len(wrong) / many * 100,
            )
        )
        if name not in ORMS:
            report.must(not wrong, f"{name} answers otherwise than the reference: {wrong[:5]}")
    header = (
        *("", "asked", "p50 ms", "p95 ms", "p50 over SQLite", "p95 over SQLite"),
        *("p50 over PostgreSQL", "p95 over PostgreSQL", "same ids and order %"),
    )
    report.table("search: the first fifty in name order; ratios at the same questions", header, rows)
    kinds = dict.fromkeys(question.kind for question in wanted)
    shown = [SQLITE, POSTGRES, *(name for name in ORMS if name in timed)]
    by_kind = [(kind, *(_median_of(timed[name], wanted, kind) for name in shown)) for kind in kinds]
    report.table("search: median by kind, ms", ("", *shown), by_kind)
    places = sorted(range(len(wanted)), key=timed[POSTGRES].seconds.__getitem__, reverse=True)[: search.HARDEST]
    hardest = [
        (wanted[place].text, wanted[place].kind, *(timed[name].seconds[place] * 1e3 for name in shown[:2]))
        for place in places
    ]
    report.table("search: those that took PostgreSQL longest, ms", ("", "kind", *shown[:2]), hardest)
    targets = [("p50 over SQLite's", timed[POSTGRES].p50 / timed[SQLITE].p50, f"at most {MOST_OVER_SQLITE}")]
    for name in shown[2:]:
        same = median(timed[POSTGRES].seconds[: len(timed[name].seconds)])
        targets.append((f"p50 of {name} over PostgreSQL's", timed[name].p50 / same, f"at least {LEAST_UNDER_ORMS}"))
    report.table("search: targets", ("", "found", "wanted"), targets)


def _median_of(timed: Timed[Any], wanted: Sequence[Question], kind: str) -> float | None:
    spent = [seconds for seconds, question in zip(timed.seconds, wanted, strict=False) if question.kind == kind]
    return median(spent) * 1e3 if spent else None


# ----------------------------------------------------------------------------------------- panels


def _panels(asked: Any, report: Report, everybody: Everybody, sqlite: crm.Salon, postgres: crm.Salon) -> None:
    expected = answers(everybody)
    contenders: dict[str, Asking] = {
        SQLITE: panels.through_use_cases(sqlite),
        POSTGRES: panels.through_use_cases(postgres),
        SQLITE_STORE: panels.through_store(sqlite),
        POSTGRES_STORE: panels.through_store(postgres),
    }
    targets = list[tuple[str, float, str]]()
    for what, wanted in (
        ("page", {name: found[:PAGE] for name, found in expected.items()}),
        ("count", {name: len(found) for name, found in expected.items()}),
    ):
        progress(f"asking for each {what}")
        asking = {name: getattr(each, what) for name, each in contenders.items()}
        timed: Mapping[str, Timed[Any]] = interleaved(asking, PANELS, rounds=asked.rounds, warm=True)
        for name, one in timed.items():
            wrong = [
                panel.name for panel, answer in zip(PANELS, one.answers, strict=True) if answer != wanted[panel.name]
            ]
            report.must(not wrong, f"{name} answers otherwise than the reference ({what}): {wrong}")
        seconds = {name: one.seconds for name, one in timed.items()}
        rows = [
            (
                name,
                median(each) * 1e3,
                max(each) * 1e3,
                median(each) / median(seconds[SQLITE]),
                max(each) / max(seconds[SQLITE]),
            )
            for name, each in seconds.items()
        ]
        header = ("", "median ms", "worst ms", "median over SQLite", "worst over SQLite")
        report.table(f"panels: {what}", header, rows)
        table = [
            (panel.name, len(expected[panel.name]), *(each[place] * 1e3 for each in seconds.values()))
            for place, panel in enumerate(PANELS)
        ]
        report.table(f"panels: {what}, ms by panel", ("", "meant", *seconds), table)
        targets.append((f"{what}, median over SQLite's", rows[1][3], f"at most {MOST_OVER_SQLITE}"))
    report.table("panels: targets", ("", "found", "wanted"), targets)
    progress("asking for pages far in")
    panels.pages_far_in(report, postgres, expected, asked.rounds)


if __name__ == "__main__":
    sys.exit(main())
