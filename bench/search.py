"""Search by any part of a name or number: the library beside floors and peers, first fifty in name order.

python -m bench.search --customers 100000 --json search.json
"""

import json
import sqlite3
import sys
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import salon_crm as crm
from bench.customers import Person, fill, new_salon, people
from bench.peers import django, django_customer, join, load, sqlalchemy_customer
from bench.questions import Question, questions
from bench.raw_search import RawSearch
from bench.reference import PAGE, Blob, keys_of, read_search
from bench.timing import Report, Timed, interleaved, measured, parser, progress
from salon_crm.domain.criteria import Order, OrderKey, text_criterion

LIBRARY, STORE, MEMORY = "find_customers", "store.find", "find_customers in memory"
REFERENCE, RAW, WHOLE = "plain Python", "raw: adaptive", "raw: adaptive, and whole profiles"
DJANGO, SQLALCHEMY, DUCKDB = "Django icontains", "SQLAlchemy ilike", "DuckDB contains"
MOST_IN_MEMORY = 10_000
MANY = 100_000
"""Above so many customers the peers, which take seconds, are asked fewer questions."""
HARDEST = 10

_OLGA = crm.Actor("olga", crm.Role.OWNER)
_SEARCHED = ("name", "email", "phone")
_BY_NAME = Order(OrderKey.NAME)

Answer = list[str]
Contender = Callable[[Question], Answer]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and return its exit code."""
    stated = parser(__doc__, customers=10_000)
    stated.add_argument("--questions", type=int, default=200, help="how many searches")
    stated.add_argument("--peer-questions", type=int, metavar="N", help=f"the same, of peers (40 above {MANY:,})")
    asked = stated.parse_args(arguments)
    report = Report(
        "search", customers=asked.customers, seed=asked.seed, questions=asked.questions, rounds=asked.rounds
    )
    with TemporaryDirectory(prefix="bench-") as folder:
        _run(asked, report, Path(folder))
    return report.finish(asked.json)


def _run(asked: Any, report: Report, folder: Path) -> None:
    progress("making people")
    persons = list(people(asked.customers, asked.seed))
    contenders, opened = _contenders(asked.customers, persons, folder, report)
    wanted = questions(persons, asked.seed, asked.questions)
    slow = asked.peer_questions or (asked.questions if asked.customers <= MANY else 40)
    progress("asking")
    timed = interleaved(
        contenders, wanted, rounds=asked.rounds, fewer=dict.fromkeys((DJANGO, SQLALCHEMY, MEMORY), slow)
    )
    for close in opened:
        close()
    _judge(report, timed, wanted)


def _contenders(
    count: int, persons: list[Person], folder: Path, report: Report
) -> tuple[dict[str, Contender], list[Callable[[], None]]]:
    """Return who takes part, each with its data in place, and what ends them."""
    spent: list[tuple[str, float, float]] = []

    def built(name: str, work: Callable[[], Any]) -> Any:
        progress(f"filling {name}")
        seconds, made = measured(work)
        spent.append((name, seconds, seconds / count * 1e6))
        return made

    salon = built("the library", lambda: _salon(folder / "salon.db", persons))
    contenders: dict[str, Contender] = {LIBRARY: through_use_case(salon), STORE: through_store(salon)}
    opened = [salon.close]
    if count <= MOST_IN_MEMORY:
        memory = built("the library in memory", lambda: _salon(None, persons))
        contenders[MEMORY] = through_use_case(memory)
        opened.append(memory.close)
    else:
        report.skip(MEMORY, f"the oracle is plain; it takes part up to {MOST_IN_MEMORY:,} customers")
    blob = built("plain Python", lambda: Blob(map(keys_of, persons)))
    contenders[REFERENCE] = lambda question: blob.first_page(question.text)
    raw = built("raw sqlite3", lambda: RawSearch(folder / "raw.db", persons))
    contenders[RAW] = lambda question: _ids(raw.adaptive(question.text))
    profiles = sqlite3.connect(folder / "salon.db")
    contenders[WHOLE] = lambda question: _ids(_whole_rows(profiles, _ids(raw.adaptive(question.text))))
    contenders["raw: sort all of FTS5"] = lambda question: _ids(raw.sort_all(question.text))
    contenders["raw: LIKE scan"] = lambda question: _ids(raw.like(question.text))
    opened += [raw.close, profiles.close]
    database = built("a table for the peers", lambda: _plain_table(folder / "plain.db", persons))
    join(report, contenders, DJANGO, lambda: django_icontains(database))
    join(report, contenders, SQLALCHEMY, lambda: sqlalchemy_icontains(f"sqlite:///{database}"))
    join(report, contenders, DUCKDB, lambda: _duckdb(persons))
    report.table("filling, one by one", ("", "s", "µs a customer"), spent)
    return contenders, opened


def _ids(rows: Sequence[tuple[Any, ...]]) -> Answer:
    return [row[0] for row in rows]


def _whole_rows(connection: sqlite3.Connection, ids: Answer) -> list[tuple[Any, ...]]:
    """Return every column of customers of the library's table, in the order of their ids."""
    rows = connection.execute(f"SELECT * FROM crm_customers WHERE id IN ({', '.join('?' * len(ids))})", ids)
    found = {row[0]: row for row in rows}
    return [found[each] for each in ids]


def _salon(path: Path | None, persons: list[Person]) -> crm.Salon:
    salon = new_salon(path)
    fill(salon, persons)
    return salon


def through_use_case(salon: crm.Salon) -> Contender:
    """Return how a salon is searched by staff."""

    def find(question: Question) -> Answer:
        wanted = crm.CustomerFilter(text=question.text)
        return [str(row.id) for row in crm.find_customers(salon, _OLGA, wanted, limit=PAGE)]

    return find


def through_store(salon: crm.Salon) -> Contender:
    """Return how a salon is searched by its store alone."""

    def find(question: Question) -> Answer:
        criterion = text_criterion(question.text)
        with salon.reading() as reading:
            return [str(customer.id) for customer in reading.customers.find(criterion, _BY_NAME, None, PAGE)]

    return find


def _plain_table(path: Path, persons: list[Person]) -> str:
    """Make what a web application has: a table of what is shown, with an index on the name."""
    connection = sqlite3.connect(path)
    connection.execute("CREATE TABLE customer (id TEXT PRIMARY KEY, name TEXT NOT NULL, email TEXT, phone TEXT)")
    connection.executemany("INSERT INTO customer VALUES (?, ?, ?, ?)", (person[:4] for person in persons))
    connection.execute("CREATE INDEX by_name ON customer (name)")
    connection.commit()
    connection.close()
    return str(path)


def django_icontains(database: str | Mapping[str, str]) -> Contender:
    """Return how Django searches the table ``customer`` of a database."""
    django(database)
    models = load("django.db.models")
    q, customer = models.Q, django_customer({name: models.CharField(max_length=254) for name in _SEARCHED})

    def find(question: Question) -> Answer:
        text = question.text
        wanted = q(name__icontains=text) | q(email__icontains=text) | q(phone__icontains=text)
        return [row.id for row in customer.objects.filter(wanted).order_by("name", "id")[:PAGE]]

    return find


def sqlalchemy_icontains(url: str) -> Contender:
    """Return how SQLAlchemy searches the table ``customer`` of a database."""
    sa = load("sqlalchemy")
    sessions, customer = sqlalchemy_customer(url, ("id", *_SEARCHED))
    columns = (customer.name, customer.email, customer.phone)

    def find(question: Question) -> Answer:
        wanted = sa.or_(*(column.icontains(question.text, autoescape=True) for column in columns))
        with sessions() as session:
            page = sa.select(customer).where(wanted).order_by(customer.name, customer.id).limit(PAGE)
            return [row.id for row in session.scalars(page)]

    return find


def _duckdb(persons: list[Person]) -> Contender:
    connection = load("duckdb").connect()
    connection.execute("CREATE TABLE customer (id TEXT, name TEXT, words TEXT, digits TEXT)")
    with TemporaryDirectory(prefix="bench-") as folder:
        path = Path(folder) / "keys.json"
        with path.open("w", encoding="utf-8") as file:
            file.writelines(f"{json.dumps(keys_of(person)._asdict())}\n" for person in persons)
        connection.execute("INSERT INTO customer SELECT id, name, words, digits FROM read_json_auto(?)", [str(path)])

    def find(question: Question) -> Answer:
        search = read_search(question.text)
        conditions = ["contains(words, ?)" for _ in search.words]
        values = list(search.words)
        for run in search.runs:
            every = " AND ".join("contains(words, ?)" for _ in run.words)
            conditions.append(f"(contains(digits, ?) OR ({every}))")
            values += (run.digits, *run.words)
        where = " AND ".join(conditions) or "true"
        sql = f"SELECT id FROM customer WHERE {where} ORDER BY name, id LIMIT {PAGE}"
        return _ids(connection.execute(sql, values).fetchall())

    return find


def _judge(report: Report, timed: dict[str, Timed[Answer]], wanted: list[Question]) -> None:
    right = timed[REFERENCE].answers
    library = timed[LIBRARY].seconds
    rows: list[tuple[object, ...]] = []
    for name, one in timed.items():
        asked = len(one.answers)
        beside: Timed[Answer] = Timed(library[:asked])
        same = sum(answer == expected for answer, expected in zip(one.answers, right, strict=False))
        rows.append(
            (name, asked, one.p50 * 1e3, one.p95 * 1e3, one.p50 / beside.p50, one.p95 / beside.p95, same / asked * 100)
        )
        if name not in (DJANGO, SQLALCHEMY):
            wrong = [q for q, answer, expected in zip(wanted, one.answers, right, strict=False) if answer != expected]
            report.must(not wrong, f"{name} answers otherwise than the reference: {wrong[:5]}")
    header = ("", "asked", "p50 ms", "p95 ms", "p50 ratio", "p95 ratio", "same ids and order %")
    report.table("the first fifty in name order; ratios to find_customers at the same questions", header, rows)
    kinds = Counter(question.kind for question in wanted)
    slowest = [
        (kind, count, *(_slowest(timed[name], wanted, kind) for name in (LIBRARY, RAW)))
        for kind, count in kinds.items()
    ]
    report.table("slowest answer by kind, ms", ("", "asked", LIBRARY, RAW), slowest)
    shown = (LIBRARY, STORE, RAW)
    title = f"the {HARDEST} searches that took {LIBRARY} longest, ms"
    report.table(title, ("", "kind", "found", *shown), _hardest(timed, wanted, shown))


def _hardest(timed: dict[str, Timed[Answer]], wanted: list[Question], shown: Sequence[str]) -> list[tuple[object, ...]]:
    library = timed[LIBRARY]
    places = sorted(range(len(wanted)), key=library.seconds.__getitem__, reverse=True)[:HARDEST]
    return [
        (
            wanted[place].text,
            wanted[place].kind,
            len(library.answers[place]),
            *(timed[name].seconds[place] * 1e3 for name in shown),
        )
        for place in places
    ]


def _slowest(timed: Timed[Answer], wanted: list[Question], kind: str) -> float:
    return max(spent for spent, question in zip(timed.seconds, wanted, strict=True) if question.kind == kind) * 1e3


if __name__ == "__main__":
    sys.exit(main())
