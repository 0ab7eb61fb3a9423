"""How many units of work a second one salon in PostgreSQL takes, from how many processes, beside a bare transaction.

    python -m bench.ceiling --processes 1 2 4 8 --json ceiling.json

A server of its own, with fsync, full_page_writes and synchronous_commit on, on this machine's disk and processors,
which the writing processes share. The floor is the least that a writer of one salon can do: begin, change the head
row, insert a row, commit, four prepared statements of bare psycopg on tables without row security. All do as much as
they can in the same seconds. What was acknowledged must be there afterwards, and nobody may be told that it is busy.
"""

import os
import sys
import time
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import ExitStack
from datetime import timedelta
from itertools import count, cycle
from typing import Any, NamedTuple
from uuid import uuid4

import psycopg
from tests.servers import APP, SCHEMA, NoServer, Server

import salon_crm as crm
from bench.customers import REGION, fill, people
from bench.processes import Begin, together
from bench.timing import Report, parser, percentile, progress

_HONEST = ("fsync=on", "full_page_writes=on", "synchronous_commit=on", "autovacuum=on", "shared_buffers=256MB")
_OLGA = crm.Actor("olga", crm.Role.OWNER)
_KINDS = ("raw", "add_customer", "add_note", "book")
_FLOOR = (
    "CREATE TABLE raw_heads (salon_id text PRIMARY KEY, writings bigint NOT NULL)",
    "CREATE TABLE raw_rows (salon_id text, id text, body text NOT NULL, PRIMARY KEY (salon_id, id))",
    f"GRANT SELECT, INSERT, UPDATE ON raw_heads, raw_rows TO {APP}",
)
_COUNTED = {
    "raw": "SELECT count(*) FROM raw_rows",
    "add_customer": f"SELECT count(*) FROM {SCHEMA}.crm_customers",
    "add_note": f"SELECT count(*) FROM {SCHEMA}.crm_notes",
    "book": f"SELECT count(*) FROM {SCHEMA}.crm_bookings",
}


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and return its exit code."""
    stated = parser(__doc__, customers=500)
    stated.add_argument("--processes", type=int, nargs="+", default=[1, 2, 4, 8], help="how many write at once")
    stated.add_argument("--seconds", type=float, default=3.0, help="how long each kind of unit is written")
    asked = stated.parse_args(arguments)
    facts = {name: getattr(asked, name) for name in ("customers", "seed", "seconds", "rounds")}
    with ExitStack() as around:
        try:
            server = Server(*_HONEST)
        except NoServer as why:
            report = Report("ceiling", **facts)
            report.skip("everything", str(why))
            return report.finish(asked.json)
        around.callback(server.stop)
        server.make_roles()
        server.make_tables()
        server.run(*_FLOOR)
        report = Report("ceiling", **facts, postgresql=_version(server), cores=os.cpu_count())
        _measure(report, asked, server)
    return report.finish(asked.json)


def _version(server: Server) -> str:
    with psycopg.connect(server.dsn()) as raw:
        [(version,)] = raw.execute("SHOW server_version").fetchall()
    return str(version)


def _measure(report: Report, asked: Any, server: Server) -> None:
    salons = [_new_salon(server, asked) for _ in range(1 + max(asked.processes))]
    counted = _rows(server)
    done: dict[str, int] = dict.fromkeys(_KINDS, 0)
    tables: dict[str, list[tuple[object, ...]]] = {"all to one salon": [], "each to a salon of its own": []}
    for number in asked.processes:
        for title, rows in tables.items():
            places = salons[:1] * number if title.startswith("all") else salons[1 : number + 1]
            worked = _work(server.url(), places, asked)
            floor = _rate(worked, "raw")
            for kind in _KINDS:
                spent = [seconds for each in worked for phase in each[kind] for seconds in phase.seconds]
                busy = sum(phase.busy for each in worked for phase in each[kind])
                report.must(not busy, f"{number} processes, {title}: {kind} was told {busy} times that it is busy")
                rate, done[kind] = _rate(worked, kind), done[kind] + len(spent)
                fifty, most = (percentile(spent, p) * 1e3 for p in (50, 99))
                rows.append((f"{number}: {kind}", len(spent), rate, fifty, most, rate / floor * 100))
    for title, rows in tables.items():
        header = ("processes: what", "done", "a second", "p50 ms", "p99 ms", "% of raw")
        report.table(title, header, rows)
    for kind, lost in _lost(done, counted, _rows(server)).items():
        report.must(not lost, f"{kind}: {lost} acknowledged writes are not there")
    for place in salons:
        with _opened(server.url(), place) as salon:
            report.must(crm.verify_audit(salon, _OLGA).ok, "the audit chain of a salon does not verify")


def _new_salon(server: Server, asked: Any) -> str:
    place = str(uuid4())
    with _opened(server.url(), place) as salon:
        crm.add_service(salon, _OLGA, name="Cut", duration=30)
        fill(salon, people(asked.customers, asked.seed))
    with psycopg.connect(server.dsn()) as raw:
        raw.execute("INSERT INTO raw_heads VALUES (%s, 0)", [place])
    return place


def _opened(url: str, place: str) -> crm.Salon:
    return crm.open_salon(url, salon_id=place, schema=SCHEMA, region=REGION, zone="Europe/Lisbon", currency="EUR")


def _rows(server: Server) -> dict[str, int]:
    with psycopg.connect(server.dsn()) as raw:
        return {kind: int(raw.execute(sql.encode()).fetchall()[0][0]) for kind, sql in _COUNTED.items()}


def _lost(done: Mapping[str, int], before: Mapping[str, int], after: Mapping[str, int]) -> dict[str, int]:
    """Return of each kind how many units were acknowledged and are not there."""
    return {kind: count - (after[kind] - before[kind]) for kind, count in done.items()}


# ------------------------------------------------------------------------------------------ working


class Phase(NamedTuple):
    """What one process did of a kind in one round: when, the seconds each unit took, how often it was told to wait."""

    began: float
    ended: float
    seconds: list[float]
    busy: int


Worked = dict[str, list[Phase]]


def _rate(worked: Sequence[Worked], kind: str) -> float:
    """Return how many units a second all processes did together, over all rounds."""
    rounds: list[tuple[Phase, ...]] = list(zip(*(each[kind] for each in worked), strict=True))
    wall = sum(max(phase.ended for phase in one) - min(phase.began for phase in one) for one in rounds)
    return sum(len(phase.seconds) for one in rounds for phase in one) / wall


def _work(url: str, places: Sequence[str], asked: Any) -> list[Worked]:
    progress(f"{len(places)} processes on {len(set(places))} salons")
    return together(_write, [(url, place, asked.seconds, asked.rounds) for place in places], "a writing process")


def _write(url: str, place: str, seconds: float, rounds: int, begin: Begin) -> Worked:
    with _opened(url, place) as salon, psycopg.connect(url, autocommit=True) as raw:
        raw.prepare_threshold = 0
        units = {"raw": _bare(raw, place), **_of_library(salon)}
        worked: Worked = {kind: [] for kind in _KINDS}
        for _ in range(rounds):
            for kind in _KINDS:
                worked[kind].append(_phase(units[kind], seconds, begin))
        return worked


def _phase(unit: Callable[[], object], seconds: float, begin: Begin) -> Phase:
    unit_took: list[float] = []
    busy = 0
    begin()
    began = time.monotonic()
    until = began + seconds
    while not unit_took or time.monotonic() < until:
        before = time.perf_counter()
        try:
            unit()
        except crm.StoreBusy:
            busy += 1
        else:
            unit_took.append(time.perf_counter() - before)
    return Phase(began, time.monotonic(), unit_took, busy)


def _bare(raw: psycopg.Connection[Any], place: str) -> Callable[[], None]:
    def unit() -> None:
        raw.execute("BEGIN")
        raw.execute("UPDATE raw_heads SET writings = writings + 1 WHERE salon_id = %s", [place])
        raw.execute("INSERT INTO raw_rows VALUES (%s, %s, %s)", [place, str(uuid4()), "Likes her coffee black."])
        raw.execute("COMMIT")

    return unit


def _of_library(salon: crm.Salon) -> dict[str, Callable[[], object]]:
    mark, numbers, added = uuid4().hex[:6], count(), list[str]()
    tomorrow = salon.now() + timedelta(days=1)
    turns: Iterator[str] = iter(())

    def add() -> None:
        number = next(numbers)
        email = f"guest.{mark}.{number}@example.com"
        added.append(str(crm.add_customer(salon, _OLGA, name=f"Guest {mark} {number}", email=email).id))

    def whom() -> str:
        nonlocal turns
        found = next(turns, None)
        if found is None:
            turns = cycle(tuple(added))
            found = next(turns)
        return found

    return {
        "add_customer": add,
        "add_note": lambda: crm.add_note(salon, _OLGA, whom(), text="Likes her coffee black."),
        "book": lambda: crm.book(
            salon, _OLGA, whom(), service="cut", start=tomorrow + timedelta(minutes=30 * next(numbers))
        ),
    }


if __name__ == "__main__":
    sys.exit(main())
