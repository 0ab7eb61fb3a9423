"""Every benchmark runs, small and without peers, and fails where answers differ that must not."""

import json
import os
import re
from collections import Counter
from collections.abc import Callable, Sequence
from itertools import islice
from pathlib import Path
from tempfile import TemporaryDirectory
from typing import Any

import pytest
from bench import ceiling, importing, ledger, objects, peers, postgres, search, timing, transfer, writes
from bench import filter as panels
from bench.agreement import compare_salons
from bench.bookings import guests
from bench.customers import Person, fill, new_salon, people
from bench.jobs import JOBS
from bench.questions import questions
from bench.raw_filter import PlainSql, RawMasks
from bench.raw_import import Unexpected, import_raw, read_name
from bench.raw_salon import RawSalon, name_words, now
from bench.raw_search import RawSearch
from bench.reference import Blob, keys_of, read_search
from tests.servers import Server

import salon_crm as crm
from salon_crm.adapters.sql.unit import SqlUnit
from salon_crm.domain.criteria import EVERYBODY, Order
from salon_crm.domain.customers import search_keys
from salon_crm.domain.facts import facts_of
from salon_crm.domain.text import same_words
from salon_crm.samples.invented import invented_customers
from salon_crm.use_cases.criteria import each_customer

OLGA = crm.Actor("olga", crm.Role.OWNER)


@pytest.fixture(autouse=True)
def no_peers(monkeypatch: pytest.MonkeyPatch) -> None:
    """Peers are no part of a checkout; here they are absent even where they are installed."""

    def absent(module: str) -> Any:
        raise peers.Absent(f"{module} is not installed; see bench/requirements.txt")

    for module in (peers, ledger, objects, search, panels):
        monkeypatch.setattr(module, "load", absent)


def run(main: Callable[[Sequence[str]], int], tmp_path: Path, *options: str) -> tuple[int, dict[str, Any]]:
    code = main([*options, "--json", str(tmp_path / "out.json")])
    return code, json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))


def column(found: dict[str, Any], title: str, name: str) -> dict[str, Any]:
    table = next(table for table in found["tables"] if table["title"].startswith(title))
    place = table["header"].index(name)
    return {row[0]: row[place] for row in table["rows"]}


def test_search_answers_as_the_plain_reference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(search.main, tmp_path, "--customers", "150", "--questions", "54", "--rounds", "1")
    assert (code, found["failed"]) == (0, [])
    assert set(column(found, "the first fifty", "same ids and order %").values()) == {100}
    assert found["skipped"]["Django icontains"] == "django.conf is not installed; see bench/requirements.txt"
    assert "SQLAlchemy ilike" in found["skipped"]
    hardest = [row[3] for row in found["tables"][-1]["rows"]]
    assert len(hardest) == 10
    assert hardest == sorted(hardest, reverse=True)
    printed = capsys.readouterr().out
    assert "seed 1" in printed
    assert re.search(r"find_customers +54 ", printed)


def test_the_ledger_comes_to_the_same_totals_by_hand_and_does_not_grow(tmp_path: Path) -> None:
    code, found = run(ledger.main, tmp_path, "--customers", "20", "--operations", "40", "--entries", "400")
    assert (code, found["failed"]) == (0, [])
    beside = {"raw sqlite3", "the library's statements", "library"}
    assert set(column(found, "one durable entry", "p50 µs")) == {"write and fdatasync", *beside}
    assert set(column(found, "a page of 50", "× raw")) == beside
    assert set(column(found, "few entries", "×")) == {"redeem_points", "points_history", "points_balance"}
    assert {"Django", "SQLAlchemy", "SQLAlchemy, WAL"} == set(found["skipped"])


def test_the_ledger_fails_where_a_total_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    write = ledger.Raw.write
    monkeypatch.setattr(ledger.Raw, "write", lambda self, act: write(self, act) + 1)
    code, found = run(ledger.main, tmp_path, "--customers", "5", "--operations", "4", "--entries", "60")
    others = ("the library's statements", "library")
    assert (code, found["failed"]) == (1, [f"{name} came to other totals than raw sqlite3" for name in others])


def test_search_fails_where_an_answer_differs(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    adaptive = RawSearch.adaptive
    monkeypatch.setattr(RawSearch, "adaptive", lambda self, text: adaptive(self, text)[1:])
    code, found = run(search.main, tmp_path, "--customers", "30", "--questions", "18", "--rounds", "1")
    assert code == 1
    assert [what.partition(" answers")[0] for what in found["failed"]] == [search.RAW, search.WHOLE]
    assert f"FAILED: {search.RAW} answers otherwise than the reference" in capsys.readouterr().out


def test_panels_are_answered_as_by_the_plain_reference(tmp_path: Path, capsys: pytest.CaptureFixture[str]) -> None:
    code, found = run(panels.main, tmp_path, "--customers", "500", "--each", "8", "--rounds", "1")
    assert (code, found["failed"]) == (0, [])
    assert column(found, "the first 50", "median ratio")[panels.LIBRARY] == 1
    assert set(column(found, "how many are meant", "median ms")) == {
        panels.LIBRARY,
        panels.STORE,
        panels.MASKS,
        panels.PLAIN,
    }
    meant = column(found, "panels", "customers meant")
    assert len(meant) == 8
    assert sum(count > 0 for count in meant.values()) >= 6
    assert sorted(column(found, "panels", "criteria").values())[0] == 1
    assert sorted(column(found, "panels", "criteria").values())[-1] == 10
    assert set(column(found, "book in a salon", "ratio")) == {"with", "without"}
    assert {"Django Exists()", "DuckDB, columns"} <= set(found["skipped"])
    assert "seed 1" in capsys.readouterr().out


def test_what_was_kept_is_not_filled_again(tmp_path: Path) -> None:
    options = ("--customers", "40", "--each", "3", "--rounds", "1", "--keep", str(tmp_path / "kept"))
    filled = [column(run(panels.main, tmp_path, *options)[1], "filling", "s") for _ in range(2)]
    assert [set(each) for each in filled] == [
        {panels.LIBRARY, panels.MASKS, "a table of bookings for the peers"},
        set(),
    ]


def test_panels_fail_where_an_answer_differs(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    page = RawMasks.page
    monkeypatch.setattr(RawMasks, "page", lambda self, panel: page(self, panel)[1:])
    monkeypatch.setattr(PlainSql, "count", lambda self, panel: 1)
    code, found = run(panels.main, tmp_path, "--customers", "60", "--each", "4", "--rounds", "1")
    assert code == 1
    assert [what.partition(" answers")[0] for what in found["failed"]] == [panels.MASKS, panels.PLAIN]


def test_the_salon_of_panels_is_sound(tmp_path: Path) -> None:
    """What is written straight through the store is what the library itself would find right, facts included."""
    everybody = list(guests(people(40, 5), 5, 6))
    panels.fill_salon(tmp_path / "salon.db", everybody)
    with crm.open_salon(tmp_path / "salon.db") as salon:
        assert crm.check_health(salon, OLGA).findings == ()
        with salon.reading() as reading:
            customers = reading.customers.find(EVERYBODY, Order(), None, 100)
            kept = reading.bookings.of_customers([each.id for each in customers])
            facts = reading.facts.get_many([each.id for each in customers])
            for each in customers:
                booked = kept.get(each.id, ())
                assert facts.get(each.id) == (facts_of(each.id, booked, (), ()) if booked else None)
            assert sum(map(len, kept.values())) == sum(len(guest.visits) for guest in everybody)
            assert all(reading.services.by_key("code", {b.service for b in theirs}) for theirs in kept.values())


@pytest.mark.usefixtures("server")  # or skipped, where none can start
def test_postgresql_answers_as_the_plain_reference(tmp_path: Path) -> None:
    options = ("--customers", "120", "--each", "4", "--questions", "36", "--rounds", "1")
    with TemporaryDirectory(prefix="bench-") as kept:  # where the server, who may be nobody, can reach it
        Path(kept).chmod(0o755)
        code, found = run(postgres.main, tmp_path, *options, "--keep", kept)
        assert (code, found["failed"]) == (0, [])
        assert set(column(found, "search: the first fifty", "same ids and order %").values()) == {100}
        wanted = {"page, median over SQLite's", "count, median over SQLite's"}
        assert set(column(found, "panels: targets", "found")) == wanted
        assert {postgres.SQLITE, postgres.POSTGRES} <= set(column(found, "panels: page", "median ms"))
        assert {"Django icontains", "SQLAlchemy ilike"} <= set(found["skipped"])
        code, found = run(postgres.main, tmp_path, *options, "--keep", kept)
        assert (code, found["failed"]) == (0, [])
        assert column(found, "filling", "s") == {}


def test_a_salon_copied_into_postgresql_is_sound_there(tmp_path: Path, server: Server) -> None:
    panels.fill_salon(tmp_path / "salon.db", guests(people(60, 4), 4, 4))
    with crm.open_salon(tmp_path / "salon.db") as salon:
        postgres.copy_salon(tmp_path / "salon.db", server, salon.id)
        with postgres.opened(server, salon.id) as copied:
            assert crm.verify_audit(copied, OLGA).ok
            with salon.reading() as one, copied.reading() as other:
                assert isinstance(other, SqlUnit)
                assert other.check_search().ok
                ids = [each.id for each in one.customers.find(EVERYBODY, Order(), None, 100)]
                assert len(ids) == 60
                assert other.customers.get_many(ids) == one.customers.get_many(ids)
                assert other.bookings.of_customers(ids) == one.bookings.of_customers(ids)
                assert other.facts.get_many(ids) == one.facts.get_many(ids)


def test_transfer_writes_the_same_rows_and_bytes(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    others = ("import:django", "export:Django", "export:SQLAlchemy", "export:django")  # a process for each takes time
    monkeypatch.setattr(transfer, "JOBS", [name for name in JOBS if not name.startswith(others)])
    code, found = run(transfer.main, tmp_path, "--customers", "60", "--rounds", "1", "--memory-at", "60")
    assert (code, found["failed"]) == (0, [])
    assert column(found, "import", "ratio to the floor")["raw, same rows"] == 1
    assert column(found, "export", "ratio to the floor")["raw, guarded"] == 1
    assert column(found, "rows written", "library") == column(found, "rows written", "raw")
    assert column(found, "rows written", "raw")["crm_customers"] == 60


def test_writes_lose_nothing(tmp_path: Path) -> None:
    options = ("--customers", "20", "--operations", "8", "--processes", "2", "--rounds", "1")
    code, found = run(writes.main, tmp_path, *options)
    assert (code, found["failed"]) == (0, [])
    assert column(found, "2 processes", "done") == {"library, round 1": 16, "raw, round 1": 16}
    assert set(column(found, "2 processes", "lost").values()) == {0}


def test_the_ceiling_of_a_salon_is_measured_over_a_bare_transaction(tmp_path: Path) -> None:
    options = ("--customers", "5", "--processes", "1", "2", "--seconds", "0.1", "--rounds", "1")
    code, found = run(ceiling.main, tmp_path, *options)
    if found["skipped"] and "CI" not in os.environ:
        pytest.skip(f"no PostgreSQL: {found['skipped']}")
    assert (code, found["failed"], found["skipped"]) == (0, [], {})
    for title in ("all to one salon", "each to a salon of its own"):
        share, done = column(found, title, "% of raw"), column(found, title, "done")
        assert (share["1: raw"], share["2: raw"]) == (100, 100)
        assert min(done.values()) >= 1
        assert len(done) == 8


def test_units_that_are_not_there_are_counted() -> None:
    assert ceiling._lost({"raw": 5, "book": 2}, {"raw": 1, "book": 7}, {"raw": 6, "book": 8}) == {"raw": 0, "book": 1}


def test_objects_are_what_they_were_told_to_be(tmp_path: Path) -> None:
    code, found = run(objects.main, tmp_path, "--customers", "100", "--rounds", "1")
    assert (code, found["failed"]) == (0, [])
    assert column(found, "objects", "ratio to attrs")["attrs, frozen and slotted"] == 1
    assert "pydantic" in found["skipped"]


def test_importing_is_measured_over_nothing(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    few = ("nothing", "attrs", "salon_crm")  # an interpreter for each is what takes time
    monkeypatch.setattr(importing, "_PROGRAMS", {name: importing._PROGRAMS[name] for name in few})
    monkeypatch.setattr(importing, "_PEERS", {"nobody.knows": "nobody_knows_this_package"})
    code, found = run(importing.main, tmp_path, "--rounds", "1")
    assert code == 0
    assert column(found, "starting", "ratio to attrs")["attrs"] == 1
    assert found["skipped"] == {
        "nobody.knows": "nobody_knows_this_package is not installed; see bench/requirements.txt"
    }


def test_what_is_lost_is_counted(tmp_path: Path) -> None:
    new_salon(tmp_path / "salon.db").close()
    worked = writes.Worked(0.0, 1.0, [0.1], Counter({"add": 2, "note": 1}), 0)
    with crm.open_salon(tmp_path / "salon.db") as salon:
        crm.add_customer(salon, OLGA, name="Ana Silva")
    assert writes._lost(tmp_path / "salon.db", [worked], 0) == 2


def test_the_reference_finds_and_sorts_as_the_library_does() -> None:
    """All it keeps of everybody is what the library keeps, written by other code."""
    persons = list(people(600, 3))
    with new_salon(None) as salon:
        fill(salon, persons)
        for row, person in zip(each_customer(salon, OLGA, order="added"), persons, strict=True):
            keys, ours = search_keys(row.customer), keys_of(person)
            assert (keys.name, keys.words, keys.digits) == (ours.name, ours.words, ours.digits), person.name
            assert same_words(person.name) == name_words(person.name)
        blob = Blob(map(keys_of, persons))
        for question in questions(persons, 3, 90):
            page = crm.find_customers(salon, OLGA, crm.CustomerFilter(text=question.text))
            assert [str(row.id) for row in page] == blob.first_page(question.text), question


def test_questions_are_of_every_kind_and_the_same_for_a_seed() -> None:
    persons = list(people(100, 1))
    asked = questions(persons, 1)
    assert len(asked) == 200
    assert asked == questions(persons, 1) != questions(persons, 2)
    assert len({question.kind for question in asked}) == 18
    assert any(read_search(question.text).runs for question in asked)


def test_the_floor_of_import_stops_at_what_it_does_not_know(tmp_path: Path) -> None:
    one = next(invented_customers())
    (tmp_path / "twice.csv").write_text(
        f"name,email,mobile,birthday\n{','.join(one.cells)}\n" * 1 + ",".join(one.cells)
    )
    with pytest.raises(Unexpected, match="twice"):
        import_raw(tmp_path / "twice.csv", tmp_path / "salon.db")
    with pytest.raises(Unexpected, match="control"):
        read_name("José\0")


def test_a_mark_is_met_by_the_floor_too(tmp_path: Path) -> None:
    person = next(invented_customers())
    with new_salon(tmp_path / "salon.db") as salon:
        added = crm.add_customer(salon, OLGA, name="Rui Costa", mobile=person.mobile)
        raw = RawSalon(tmp_path / "salon.db")
        new = writes._checked(Person("", person.name, None, person.mobile, None), "")
        assert not raw.meets_blocks([new])
        crm.block_customer(salon, OLGA, added.id, reason="Missed three appointments.")
        assert raw.meets_blocks([new])
        raw.close()


@pytest.mark.parametrize(
    ("spoilt", "told"),
    [
        ("UPDATE crm_customer_search SET place = place + 1", "the floor's list stands at other places"),
        ("INSERT INTO crm_customer_pieces (rowid, pieces) VALUES (1, 'q')", "has other pieces of text"),
        ("UPDATE crm_customers SET name_key = 'a'", "Searches may miss customers"),
    ],
)
def test_a_floor_that_indexes_otherwise_is_found_out(tmp_path: Path, spoilt: str, told: str) -> None:
    library, floor = tmp_path / "library.db", tmp_path / "raw.db"
    person = next(people(1, 1))
    for path in (library, floor):
        new_salon(path).close()
    with crm.open_salon(library) as salon:
        crm.add_customer(salon, OLGA, name=person.name, email=person.email, mobile=person.mobile)
    raw = RawSalon(floor)
    raw.add([writes._checked(person, "")], now())
    assert _failed(library, floor, tmp_path) == []
    raw.connection.execute(spoilt)
    raw.close()
    assert any(told in what for what in _failed(library, floor, tmp_path))


def _failed(library: Path, floor: Path, tmp_path: Path) -> list[str]:
    report = timing.Report("writes")
    compare_salons(report, library, floor)
    report.finish(tmp_path / "out.json")
    failed: list[str] = json.loads((tmp_path / "out.json").read_text(encoding="utf-8"))["failed"]
    return failed


def test_contenders_take_turns_and_must_not_change_their_minds() -> None:
    heard: list[str] = []

    def contender(name: str) -> Callable[[int], int]:
        def answer(question: int) -> int:
            heard.append(name)
            return question * 2

        return answer

    numbers = list(range(8))
    timed = timing.interleaved({name: contender(name) for name in "ab"}, numbers, rounds=2, fewer={"b": 7})
    turns = ["".join(heard[place : place + 2]) for place in range(0, 28, 2)]
    assert set(turns) == {"ab", "ba"}
    assert heard[28:] == ["a", "a"]
    assert (timed["a"].answers, timed["b"].answers) == (
        [2 * each for each in numbers],
        [2 * each for each in numbers[:7]],
    )
    changing = iter(range(10))
    with pytest.raises(AssertionError, match="c answers question 0 differently"):
        timing.interleaved({"c": lambda _: next(changing)}, [0], rounds=2)


def test_percentiles_are_those_of_the_values() -> None:
    assert timing.percentile([0.5], 99) == 0.5
    assert timing.percentile([float(n) for n in range(101)], 95) == 95


def test_people_have_ids_of_their_own_in_order() -> None:
    ids = [person.id for person in islice(people(50, 1), 50)]
    assert sorted(ids) == ids
    assert len(set(ids)) == 50
