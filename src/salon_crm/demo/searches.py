"""The demo of searching: as many invented customers as asked for, found by the library and by a LIKE scan."""

from collections.abc import Callable, Iterator
from itertools import islice
from pathlib import Path
from statistics import median
from time import perf_counter
from typing import Final

from attrs import field, frozen

from salon_crm.adapters.sqlite.like import LikeScan
from salon_crm.demo.output import BEA, CURRENCY, REGION, SALON, ZONE, Checks, demo_folder, heading, show_table
from salon_crm.domain.criteria import CustomerFilter
from salon_crm.domain.customers import CustomerRow
from salon_crm.domain.privacy import IDENTITY, OPERATOR, classed
from salon_crm.errors import InvalidValue
from salon_crm.opening import open_salon
from salon_crm.ports.salon import Salon
from salon_crm.samples.invented import MOST, InventedCustomer, invented_customers, write_invented_list
from salon_crm.use_cases.audit import verify_audit
from salon_crm.use_cases.criteria import count_customers, each_customer, find_customers
from salon_crm.use_cases.transfer import import_customers

_PAGE: Final = 50
_TURNS: Final = 5
_NAMED: Final = 4


@frozen(field_transformer=classed)
class _Search:
    """Something typed into the search box, and what is telling about it."""

    text: str = field(metadata=IDENTITY)
    shows: str = field(metadata=OPERATOR)


@frozen(field_transformer=classed, kw_only=True)
class _Answer:
    """What a search and a scan found, in milliseconds for the first page."""

    search: _Search = field(metadata=IDENTITY)
    rows: tuple[CustomerRow, ...] = field(metadata=IDENTITY)
    count: int = field(metadata=OPERATOR)
    spent: float = field(metadata=OPERATOR)
    scanned: frozenset[str] = field(metadata=OPERATOR)
    scan_spent: float = field(metadata=OPERATOR)

    @property
    def missed(self) -> list[CustomerRow]:
        """Whom the scan did not find."""
        return [row for row in self.rows if str(row.id) not in self.scanned]

    @property
    def not_found(self) -> int:
        """How many the scan found and the search did not."""
        return len(self.scanned - {str(row.id) for row in self.rows})


def run_searches(
    customers: int, *, keep: Path | None = None, seed: int = 1, progress: Callable[[int], None] | None = None
) -> bool:
    """Bring in so many invented customers, search, and scan the same file by LIKE; return whether every check held.

    ``keep`` is a folder to leave the salon and the list in; ``progress`` is told how many are in. Raises
    InvalidValue for a number of customers that cannot be invented, and where the folder cannot be written.
    """
    if not 1 <= customers <= MOST:
        raise InvalidValue("number-out-of-range", field="customers", low=1, high=MOST)
    checks = Checks()
    with demo_folder(keep) as folder:
        with open_salon(folder / SALON, region=REGION, zone=ZONE, currency=CURRENCY) as salon:
            print(f"A salon in one SQLite file: {folder / SALON if keep else SALON} ({ZONE}, {CURRENCY})")
            _bring_in(salon, folder / "invented.csv", customers, seed, checks, progress)
            with LikeScan(folder / SALON) as scan:
                _search(salon, scan, seed, checks)
            found = verify_audit(salon, BEA)
            checks.that(found.ok, f"the audit chain verifies ({found.entries:,} entries)")
        if keep:
            print(f"\nThe files are in {keep}.")
    return checks.show(())


def _bring_in(
    salon: Salon, path: Path, count: int, seed: int, checks: Checks, progress: Callable[[int], None] | None
) -> None:
    heading(f"1. Bring in {count:,} invented customers")
    write_invented_list(path, invented_customers(seed=seed), count)
    begun = perf_counter()
    report = import_customers(salon, BEA, path, progress=progress)
    spent = perf_counter() - begun
    print(
        f"  {report.created:,} of {report.rows:,} rows created in {spent:.1f} s ({spent / count * 1e6:,.0f} µs a row)"
    )
    kept = count_customers(salon, BEA)
    checks.that(report.created == kept == count, f"every row is a customer ({kept:,} of {count:,})")


def _search(salon: Salon, scan: LikeScan, seed: int, checks: Checks) -> None:
    heading(f"2. Find people by what is typed, and look for the same text by LIKE (first {_PAGE} in name order)")
    answers = [_ask(salon, scan, search) for search in _searches(seed)]
    show_table(("search", "what it shows", "found", "ms", "LIKE found", "ms", "LIKE missed"), map(_row, answers))
    heading("3. Whom the scan missed")
    for answer in answers:
        if answer.missed:
            names = list(dict.fromkeys(row.name for row in answer.missed))
            more = f", and {len(names) - _NAMED:,} more" if len(names) > _NAMED else ""
            print(f"  {answer.search.text!r}: {', '.join(names[:_NAMED])}{more}")
    counted = sum(answer.count == len(answer.rows) for answer in answers)
    checks.that(counted == len(answers), f"as many are counted as are listed ({counted} of {len(answers)} searches)")
    scanned, strangers = sum(len(each.scanned) for each in answers), sum(each.not_found for each in answers)
    checks.that(not strangers, f"whoever the scan finds, the search finds ({scanned - strangers:,} of {scanned:,})")


def _row(answer: _Answer) -> tuple[str, ...]:
    figures = (f"{answer.count:,}", f"{answer.spent:.1f}", f"{len(answer.scanned):,}", f"{answer.scan_spent:.1f}")
    return (answer.search.text, answer.search.shows, *figures, f"{len(answer.missed):,}")


def _ask(salon: Salon, scan: LikeScan, search: _Search) -> _Answer:
    """Let both answer in turn, the median of a few; then gather everybody they find."""
    wanted = CustomerFilter(text=search.text)
    spent: list[float] = []
    scan_spent: list[float] = []
    for _ in range(_TURNS):
        spent.append(_milliseconds(lambda: find_customers(salon, BEA, wanted, limit=_PAGE)))
        scan_spent.append(_milliseconds(lambda: scan.first(search.text, _PAGE)))
    return _Answer(
        search=search,
        rows=tuple(each_customer(salon, BEA, wanted)),
        count=count_customers(salon, BEA, wanted),
        spent=median(spent),
        scanned=scan.everybody(search.text),
        scan_spent=median(scan_spent),
    )


def _milliseconds(work: Callable[[], object]) -> float:
    begun = perf_counter()
    work()
    return (perf_counter() - begun) * 1_000


def _searches(seed: int) -> Iterator[_Search]:
    """Give a dozen searches that tell one way of searching from another, some about the first few people."""
    yield _Search("jose", "an accent left out")
    yield _Search("JOÃO", "capitals")
    yield _Search("lukasz", "ł typed as l")
    yield _Search("strasser", "ß typed as ss")
    yield _Search("silva maria", "words the other way round")
    yield _Search("o’neill", "an apostrophe of another kind")
    yield _Search("παπαδοπ", "Greek, without the accent")
    yield _Search("шевченко", "Cyrillic, in small letters")
    yield _Search("ﾊﾙﾄ", "half-width kana")
    yield _Search("ana example.org", "a name and part of an e-mail")
    people = list(islice(invented_customers(seed=seed), 20))
    yield _Search(_spaced(people[0]), "a phone with spaces")
    abroad = next((each for each in people if each.locale.language in ("en", "de", "fr")), people[-1])
    yield _Search(f"0{_national(abroad)}", "a phone as written in its country")
    yield _Search("zzz", "nobody")


def _national(person: InventedCustomer) -> str:
    return person.mobile[1 + len(person.locale.code) :]


def _spaced(person: InventedCustomer) -> str:
    digits = _national(person)
    return f"{digits[:3]} {digits[3:6]} {digits[6:]}"
