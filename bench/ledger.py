"""One durable entry of a rewards ledger, and a page of fifty of them: the library beside raw sqlite3 and two ORMs.

    python -m bench.ledger --entries 1000000 --json ledger.json

The raw ledger is a table keyed by customer and sequence with the total repeated in each entry: it takes the lock, asks
for the reference and the last total, and writes one row. The ORMs do the same as their users would. The library does
the whole use case: permission, reference, lots in the order in which they expire, the head of the ledger, and an entry
of the audit chain with a digest. Between the two stand the library's own statements, run again by hand: what its
tables and the audit cost, and not its Python. All wait for the disk (synchronous FULL), the library and the raw ledger
with SQLite's write-ahead log, the ORMs with the journal their users get unless they ask for another. Every total must
be the same.
"""

import os
import shutil
import sqlite3
import sys
from abc import ABC, abstractmethod
from collections.abc import Callable, Mapping, Sequence
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from random import Random
from tempfile import TemporaryDirectory
from typing import Any, NamedTuple
from unittest.mock import patch
from uuid import UUID

from attrs import evolve

import salon_crm as crm
from bench.customers import fill, new_salon, people
from bench.peers import django, join, load
from bench.timing import Report, Timed, interleaved, measured, parser, progress
from salon_crm.domain.ids import CustomerId, RewardEntryId
from salon_crm.domain.rewards import RewardEntry, RewardHead, RewardLedger

_OLGA = crm.Actor("olga", crm.Role.OWNER)
_LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC)
_AT_ONCE = 5_000
_PAGE = 50
_PAGES = 200
_FEW = 50
"""Entries of a short ledger, and how many are written to it, which it has the points for."""
_GIVEN, _SPENT = 10, 7
_TABLE = (
    "CREATE TABLE entry (customer INTEGER NOT NULL, seq INTEGER NOT NULL, at TEXT NOT NULL, action TEXT NOT NULL, "
    "points INTEGER NOT NULL, total INTEGER NOT NULL, by TEXT NOT NULL, reference TEXT UNIQUE, "
    "PRIMARY KEY (customer, seq)) STRICT, WITHOUT ROWID"
)


class Act(NamedTuple):
    """What is done: to the points of which customer, by place, under which reference."""

    customer: int
    points: int
    reference: str


Total = int
Page = list[tuple[int, int]]
"""The points of each entry and the total after it, newest first."""


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and return its exit code."""
    stated = parser(__doc__, customers=1_000)
    stated.add_argument("--operations", type=int, default=1_000, metavar="N", help="how many entries each one writes")
    stated.add_argument("--entries", type=int, default=100_000, metavar="N", help="how many there are before, in all")
    asked = stated.parse_args(arguments)
    facts = {name: getattr(asked, name) for name in ("customers", "seed", "operations", "entries", "rounds")}
    report = Report("ledger", **facts)
    with TemporaryDirectory(prefix="bench-") as folder:
        contenders = _contenders(report, Path(folder), asked)
        _write(report, contenders, asked)
        _read(report, contenders, asked)
        for contender in contenders.values():
            contender.close()
        _grow(report, Path(folder), asked)
    return report.finish(asked.json)


class Contender(ABC):
    """Keeps a ledger in a file of its own."""

    @abstractmethod
    def write(self, act: Act) -> Total:
        """Write an entry, and return the total when it is on the disk."""

    @abstractmethod
    def page(self, customer: int) -> Page:
        """Return a customer's last fifty entries, newest first."""

    @abstractmethod
    def close(self) -> None:
        """Let go of the file."""


def _filled(asked: Any) -> list[list[tuple[int, int, int]]]:
    """Return what is there before: for each customer the sequence, points and total of every entry."""
    return [_spending(max(2, asked.entries // asked.customers))] * asked.customers


def _spending(count: int) -> list[tuple[int, int, int]]:
    """Return so many entries: points that are given at once, and spent one by one until a few are left."""
    given = _GIVEN * count
    return [(1, given, given), *((number, -1, given - number + 1) for number in range(2, count + 1))]


class Library(Contender):
    """The use cases, over a file that holds as many entries."""

    def __init__(self, path: Path, asked: Any, ids: Sequence[CustomerId] | None = None) -> None:
        self.ids = ids or _fill(path, asked)
        self._salon = crm.open_salon(path)

    def write(self, act: Act) -> Total:
        change = crm.add_points if act.points > 0 else crm.redeem_points
        own_id, points = self.ids[act.customer], abs(act.points)
        return change(self._salon, _OLGA, own_id, points=points, reference=act.reference).total_after

    def page(self, customer: int) -> Page:
        found = crm.points_history(self._salon, _OLGA, self.ids[customer], limit=_PAGE)
        return [(row.entry.points, row.entry.total_after) for row in found]

    def close(self) -> None:
        self._salon.close()


def _fill(path: Path, asked: Any) -> list[CustomerId]:
    """Make a salon whose customers have ledgers; return their ids."""
    with new_salon(path) as salon:
        fill(salon, people(asked.customers, asked.seed))
        ids = [row.id for row in crm.each_customer(salon, _OLGA, order="added")]
        _keep(salon, ids, _filled(asked))
    return ids


class _Heard(sqlite3.Connection):
    """A connection that keeps what is asked of it, for all of its kind together."""

    statements: list[tuple[str, Any]] | None = None

    def execute(self, sql: str, values: Any = (), /) -> sqlite3.Cursor:
        if _Heard.statements is not None:
            _Heard.statements.append((sql, values))
        return super().execute(sql, values)

    def executemany(self, sql: str, values: Any, /) -> sqlite3.Cursor:
        raise AssertionError("what is run many times is not run again here")


_POINTS, _TOTAL = 6, 7
"""Where the columns stand in a row of entries that the library asks for."""


class Statements(Contender):
    """The statements that the library runs for the same acts and pages, run by hand, and one more for the total."""

    def __init__(self, path: Path, asked: Any) -> None:
        lived = path.with_suffix(".lived")
        self._ids = _fill(lived, asked)
        shutil.copyfile(lived, path)
        with patch.object(sqlite3, "connect", partial(sqlite3.connect, factory=_Heard)):
            library = Library(lived, asked, self._ids)
            self._acts = {act: _heard(library.write, act) for act in _acts(asked)}
            self._pages = {customer: _heard(library.page, customer) for customer in _whose(asked)}
            library.close()
        self._db = sqlite3.connect(path, isolation_level=None)
        for setting in ("synchronous = FULL", "foreign_keys = ON", "secure_delete = ON"):
            self._db.execute(f"PRAGMA {setting}")

    def write(self, act: Act) -> Total:
        for sql, values in self._acts[act]:
            self._db.execute(sql, values).fetchall()
        total = "SELECT total FROM crm_reward_heads WHERE customer_id = ?"
        return int(self._db.execute(total, (str(self._ids[act.customer]),)).fetchone()[0])

    def page(self, customer: int) -> Page:
        answers = [self._db.execute(sql, values).fetchall() for sql, values in self._pages[customer]]
        entries = max(answers, key=len)  # beside a profile, settings and who is named
        return [(row[_POINTS], row[_TOTAL]) for row in entries[:_PAGE]]

    def close(self) -> None:
        self._db.close()


def _heard(ask: Callable[[Any], object], question: object) -> list[tuple[str, Any]]:
    """Return what a question makes the library ask of SQLite."""
    _Heard.statements = heard = list[tuple[str, Any]]()
    try:
        ask(question)
    finally:
        _Heard.statements = None
    return heard


def _keep(salon: crm.Salon, ids: Sequence[CustomerId], filled: Sequence[Sequence[tuple[int, int, int]]]) -> None:
    """Keep entries as they are, with what they lead to; the audit knows nothing of them, and nobody asks it here."""
    waiting: list[RewardEntry] = []
    for number, (own_id, entries) in enumerate(zip(ids, filled, strict=True)):
        for sequence, points, total in entries:
            waiting.append(_entry(number, own_id, sequence, points, total))
        if len(waiting) >= _AT_ONCE or number == len(ids) - 1:
            with salon.store.writing() as writing:
                writing.reward_entries.add_many(waiting)
            waiting = []
    with salon.store.writing() as writing:
        for number, (own_id, entries) in enumerate(zip(ids, filled, strict=True)):
            sequence, _, total = entries[-1]
            [lot] = RewardLedger(RewardHead(customer_id=own_id)).after(_entry(number, own_id, *entries[0])).lots
            writing.reward_heads.add(RewardHead(customer_id=own_id, total=total, version=sequence))
            writing.reward_lots.add(evolve(lot, points=total))


def _entry(number: int, own_id: CustomerId, sequence: int, points: int, total: int) -> RewardEntry:
    return RewardEntry(
        id=RewardEntryId(UUID(int=(number << 64) + sequence)),
        customer_id=own_id,
        sequence=sequence,
        at=_LONG_AGO,
        recorded=_LONG_AGO,
        action=crm.RewardAction.ADDED if points > 0 else crm.RewardAction.REDEEMED,
        points=points,
        total_after=total,
        parts=(crm.LotPart(1, points),),
        rewarded_by=_OLGA.id,
        role=_OLGA.role,
    )


class Raw(Contender):
    """By hand: what a ledger costs at least."""

    def __init__(self, path: Path, asked: Any, *, journal: str = "WAL") -> None:
        self._db = sqlite3.connect(path, isolation_level=None)
        self._db.execute(f"PRAGMA journal_mode = {journal}")
        self._db.execute("PRAGMA synchronous = FULL")
        self._db.execute(_TABLE)
        self._db.execute("BEGIN")
        self._db.executemany("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", _rows(asked))
        self._db.execute("COMMIT")

    def write(self, act: Act) -> Total:
        self._db.execute("BEGIN IMMEDIATE")
        if self._db.execute("SELECT 1 FROM entry WHERE reference = ?", (act.reference,)).fetchone():
            raise AssertionError("no reference comes twice")
        last = "SELECT seq, total FROM entry WHERE customer = ? ORDER BY seq DESC LIMIT 1"
        sequence, total = self._db.execute(last, (act.customer,)).fetchone()
        total += act.points
        if total < 0:
            raise AssertionError("there are always enough")
        row = (act.customer, sequence + 1, _now(), "added" if act.points > 0 else "redeemed", act.points, total)
        self._db.execute("INSERT INTO entry VALUES (?, ?, ?, ?, ?, ?, ?, ?)", (*row, "olga", act.reference))
        self._db.execute("COMMIT")
        return int(total)

    def page(self, customer: int) -> Page:
        asked = "SELECT points, total FROM entry WHERE customer = ? ORDER BY seq DESC LIMIT ?"
        return self._db.execute(asked, (customer, _PAGE)).fetchall()

    def close(self) -> None:
        self._db.close()


def _now() -> str:
    return datetime.now(UTC).isoformat()


def _rows(asked: Any) -> list[tuple[object, ...]]:
    at = _now()
    return [
        (customer, sequence, at, "added" if points > 0 else "redeemed", points, total, "olga", None)
        for customer, entries in enumerate(_filled(asked))
        for sequence, points, total in entries
    ]


class Django(Contender):
    """A model with what the raw table has, written in ``atomic()`` as its documentation shows."""

    def __init__(self, path: Path, asked: Any) -> None:
        options = {"transaction_mode": "IMMEDIATE"}  # or two writers would end one another
        self._db = django({"ENGINE": "django.db.backends.sqlite3", "NAME": str(path), "OPTIONS": options})  # type: ignore[dict-item]  # options are a mapping
        models = load("django.db.models")
        unique = [models.UniqueConstraint(fields=["customer", "seq"], name="place")]
        fields = {
            "customer": models.IntegerField(),
            "seq": models.IntegerField(),
            "at": models.DateTimeField(),
            "action": models.CharField(max_length=20),
            "points": models.IntegerField(),
            "total": models.IntegerField(),
            "by": models.CharField(max_length=200),
            "reference": models.CharField(max_length=200, unique=True, null=True),
        }
        meta = type("Meta", (), {"app_label": "bench", "db_table": "entry", "constraints": unique})
        entry: Any = type("Entry", (models.Model,), {"__module__": __name__, "Meta": meta, **fields})
        self._entry = entry
        with self._db.connection.schema_editor() as editor:
            editor.create_model(self._entry)
        rows = ((*row[:2], datetime.now(UTC), *row[3:]) for row in _rows(asked))
        self._entry.objects.bulk_create(
            [self._entry(**dict(zip(fields, row, strict=True))) for row in rows], batch_size=_AT_ONCE
        )

    def write(self, act: Act) -> Total:
        with self._db.transaction.atomic():
            if self._entry.objects.filter(reference=act.reference).exists():
                raise AssertionError("no reference comes twice")
            last = self._entry.objects.filter(customer=act.customer).order_by("-seq").first()
            made = self._entry.objects.create(
                customer=act.customer,
                seq=last.seq + 1,
                at=datetime.now(UTC),
                action="added" if act.points > 0 else "redeemed",
                points=act.points,
                total=last.total + act.points,
                by="olga",
                reference=act.reference,
            )
        return int(made.total)

    def page(self, customer: int) -> Page:
        found = self._entry.objects.filter(customer=customer).order_by("-seq")[:_PAGE]
        return [(entry.points, entry.total) for entry in found]

    def close(self) -> None:
        self._db.connection.close()


class SQLAlchemy(Contender):
    """A mapped class with what the raw table has, written in a session of its own each time."""

    def __init__(self, path: Path, asked: Any, *, journal: str = "DELETE") -> None:
        sa, orm = load("sqlalchemy"), load("sqlalchemy.orm")
        Raw(path, asked, journal=journal).close()
        registry = orm.registry()
        numbers, texts = ("customer", "seq", "points", "total"), ("at", "action", "by", "reference")
        columns = [sa.Column(name, sa.Integer, primary_key=name in ("customer", "seq")) for name in numbers]
        columns += [sa.Column(name, sa.String) for name in texts]
        self._entry: Any = type("Entry", (), {})
        registry.map_imperatively(self._entry, sa.Table("entry", registry.metadata, *columns))
        engine = sa.create_engine(f"sqlite:///{path}")

        def opened(connection: Any, _: object) -> None:
            connection.isolation_level = None
            connection.execute("PRAGMA synchronous = FULL")

        sa.event.listen(engine, "connect", opened)
        sa.event.listen(engine, "begin", lambda connection: connection.exec_driver_sql("BEGIN IMMEDIATE"))
        self._engine, self._sessions, self._select = engine, orm.sessionmaker(engine), sa.select

    def write(self, act: Act) -> Total:
        with self._sessions.begin() as session:
            if session.scalar(self._select(self._entry.seq).where(self._entry.reference == act.reference)) is not None:
                raise AssertionError("no reference comes twice")
            asked = self._select(self._entry).where(self._entry.customer == act.customer)
            last = session.scalars(asked.order_by(self._entry.seq.desc()).limit(1)).one()
            made = self._entry()
            made.customer, made.seq, made.at = act.customer, last.seq + 1, _now()
            made.action = "added" if act.points > 0 else "redeemed"
            made.points, made.total = act.points, last.total + act.points
            made.by, made.reference = "olga", act.reference
            session.add(made)
            return int(made.total)

    def page(self, customer: int) -> Page:
        with self._sessions() as session:
            asked = self._select(self._entry).where(self._entry.customer == customer)
            found = session.scalars(asked.order_by(self._entry.seq.desc()).limit(_PAGE))
            return [(entry.points, entry.total) for entry in found]

    def close(self) -> None:
        self._engine.dispose()


def _contenders(report: Report, folder: Path, asked: Any) -> dict[str, Contender]:
    makers: Mapping[str, Callable[[Path, Any], Contender]] = {
        "raw sqlite3": Raw,
        "the library's statements": Statements,
        "library": Library,
    }
    made: dict[str, Contender] = {}
    for name, make in makers.items():
        progress(f"filling: {name}")
        made[name] = make(folder / f"{name}.db", asked)
    peers: tuple[tuple[str, Callable[[Path, Any], Contender]], ...] = (
        ("Django", Django),
        ("SQLAlchemy", SQLAlchemy),
        ("SQLAlchemy, WAL", partial(SQLAlchemy, journal="WAL")),
    )
    for name, make in peers:
        progress(f"filling: {name}")
        join(report, made, name, lambda make=make, name=name: make(folder / f"{name}.db", asked))  # type: ignore[misc]  # bound at once
    return made


# ------------------------------------------------------------------------------------------ writing


def _acts(asked: Any) -> list[Act]:
    """Return what is done: as many points are given as are spent, so that few lots are open."""
    dice = Random(asked.seed)
    made: list[Act] = []
    for number in range(asked.operations):
        points = _GIVEN if number % 2 == 0 else -_SPENT
        made.append(Act(dice.randrange(asked.customers), points, f"till {number}"))
    return made


def _write(report: Report, contenders: dict[str, Contender], asked: Any) -> None:
    progress("writing")
    writers: dict[str, Callable[[Act], Total]] = {name: each.write for name, each in contenders.items()}
    timed = interleaved(writers, _acts(asked), rounds=1)
    synced = _synced(asked.operations)
    for name, one in timed.items():
        report.must(one.answers == timed["raw sqlite3"].answers, f"{name} came to other totals than raw sqlite3")
    rows = [("write and fdatasync", synced * 1e6, None, None), *_beside(timed)]
    report.table("one durable entry", ("", "p50 µs", "p95 µs", "× raw"), rows)


def _beside(timed: Mapping[str, Timed[Any]]) -> list[tuple[object, ...]]:
    raw = timed["raw sqlite3"].p50
    return [(name, one.p50 * 1e6, one.p95 * 1e6, one.p50 / raw) for name, one in timed.items()]


def _synced(times: int) -> float:
    """Return the median seconds of writing a page to a file and waiting for the disk."""
    spent: list[float] = []
    with TemporaryDirectory(prefix="bench-") as folder:
        file = os.open(Path(folder) / "log", os.O_WRONLY | os.O_CREAT)
        for _ in range(times):
            seconds, _ = measured(lambda: (os.write(file, bytes(4_096)), getattr(os, "fdatasync", os.fsync)(file)))
            spent.append(seconds)
        os.close(file)
    return sorted(spent)[len(spent) // 2]


# ------------------------------------------------------------------------------------------ reading


def _whose(asked: Any) -> list[int]:
    """Return whose pages are read."""
    dice = Random(asked.seed)
    return [dice.randrange(asked.customers) for _ in range(_PAGES)]


def _read(report: Report, contenders: dict[str, Contender], asked: Any) -> None:
    progress("reading")
    readers: dict[str, Callable[[int], Page]] = {name: each.page for name, each in contenders.items()}
    timed = interleaved(readers, _whose(asked), rounds=asked.rounds)
    for name, one in timed.items():
        same = [list(map(tuple, page)) for page in one.answers] == [
            list(map(tuple, page)) for page in timed["raw sqlite3"].answers
        ]
        report.must(same, f"{name} shows another history than raw sqlite3")
    report.table(f"a page of {_PAGE} entries", ("", "p50 µs", "p95 µs", "× raw"), _beside(timed))


# ------------------------------------------------------------------------------------------ growing


def _grow(report: Report, folder: Path, asked: Any) -> None:
    """Compare a ledger of few entries with one of many: the same acts, the same page, the same balance."""
    progress("growing")
    path, sizes = folder / "growing.db", (_FEW, asked.entries)
    with new_salon(path) as salon:
        ids = [crm.add_customer(salon, _OLGA, name=f"Guest {number}").id for number in range(len(sizes))]
        _keep(salon, ids, [_spending(size) for size in sizes])
        acts: dict[str, Callable[[CustomerId, int], object]] = {
            "redeem_points": lambda own_id, n: (
                crm.redeem_points(salon, _OLGA, own_id, points=1, reference=f"{own_id} {n}").points
            ),
            "points_history": lambda own_id, _: len(crm.points_history(salon, _OLGA, own_id, limit=10)),
            "points_balance": lambda own_id, _: crm.points_balance(salon, _OLGA, own_id).next_expiry,
        }
        rows: list[tuple[object, ...]] = []
        for name, act in acts.items():
            both = {f"{size:,}": partial(act, own_id) for size, own_id in zip(sizes, ids, strict=True)}
            few, many = (one.p50 * 1e6 for one in interleaved(both, range(_FEW), rounds=1).values())
            rows.append((name, few, many, many / few))
    report.table("few entries and many", ("", *(f"µs at {size:,}" for size in sizes), "×"), rows)


if __name__ == "__main__":
    sys.exit(main())
