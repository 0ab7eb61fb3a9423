"""What it costs to build, change and read a customer and a page of fifty, beside bare attrs and pydantic.

python -m bench.objects --json objects.json
"""

import sys
import tracemalloc
from collections.abc import Callable, Sequence
from typing import Any

import attrs

from bench.customers import Person, customer_of, people
from bench.peers import join, load
from bench.timing import Report, Timed, interleaved, parser
from salon_crm.domain.criteria import Page
from salon_crm.domain.customers import Customer, CustomerRow

PAGE = 50
_BATCHES = 20

Values = list[dict[str, Any]]
Contender = Callable[[Values], Sequence[Any]]


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the benchmark and return its exit code."""
    asked = parser(__doc__, customers=20_000).parse_args(arguments)
    report = Report("objects", customers=asked.customers, seed=asked.seed, rounds=asked.rounds)
    values = [_values(number, person) for number, person in enumerate(people(asked.customers, asked.seed))]
    size = max(1, len(values) // _BATCHES)
    batches = [values[start : start + size] for start in range(0, len(values), size)]
    contenders = _contenders(report)
    timed = interleaved(contenders, batches, rounds=asked.rounds)
    names = [[one["name"] for one in batch] for batch in batches]
    for name, one in timed.items():
        built = [[each if isinstance(each, str) else each.name for each in answer] for answer in one.answers]
        report.must(built == names, f"{name} made other customers than it was told to")
    rows = [_row(name, one, batches, contenders[name], timed) for name, one in timed.items()]
    report.table("objects", ("", "µs each", "ratio to attrs", "bytes each"), rows)
    return report.finish(asked.json)


def _values(number: int, person: Person) -> dict[str, Any]:
    return attrs.asdict(customer_of(number, person), recurse=False)


def _row(
    name: str, one: Timed[Sequence[Any]], batches: list[Values], contender: Contender, timed: dict[str, Any]
) -> tuple[object, ...]:
    each = one.p50 / len(batches[0])
    built = not isinstance(one.answers[0][0], str)
    size = _bytes(contender, batches[0]) if built else None
    return name, each * 1e6, one.p50 / timed["attrs, frozen and slotted"].p50, size


def _bytes(contender: Contender, batch: Values) -> float:
    """Return what the objects of a batch take beside the values in them."""
    contender(batch)
    tracemalloc.start()
    kept = contender(batch)
    size, _ = tracemalloc.get_traced_memory()
    tracemalloc.stop()
    return size / len(kept)


def _contenders(report: Report) -> dict[str, Contender]:
    names = [each.name for each in attrs.fields(Customer)]
    bare = attrs.make_class("Bare", names, frozen=True, slots=True)
    checked = attrs.make_class(
        "Checked", {name: attrs.field(validator=_something) for name in names}, frozen=True, slots=True
    )
    contenders: dict[str, Contender] = {
        "Customer": lambda batch: [Customer(**each) for each in batch],
        "attrs, frozen and slotted": lambda batch: [bare(**each) for each in batch],
        "attrs with a validator a field": lambda batch: [checked(**each) for each in batch],
        "Customer, evolved": _evolved,
        "Customer, five fields read": _read(),
        "Page of fifty rows, and its names": _paged,
    }
    join(report, contenders, "pydantic", lambda: _pydantic(names))
    return contenders


def _something(_: Any, field: Any, value: Any) -> None:
    if value is NotImplemented:
        raise TypeError(field.name)


def _evolved(batch: Values) -> list[Customer]:
    known = Customer(**batch[0])
    return [attrs.evolve(known, name=each["name"], email=each["email"]) for each in batch]


def _read() -> Contender:
    made: dict[int, list[Customer]] = {}

    def read(batch: Values) -> list[str]:
        customers = made.get(id(batch)) or made.setdefault(id(batch), [Customer(**each) for each in batch])
        return [(one.id, one.email, one.mobile, one.birthday, one.name)[-1] for one in customers]

    return read


def _paged(batch: Values) -> list[str]:
    names: list[str] = []
    for start in range(0, len(batch), PAGE):
        customers = [Customer(**each) for each in batch[start : start + PAGE]]
        rows = tuple(CustomerRow(each, blocked=False, alerts=0, block_alerts=0) for each in customers)
        names += [row.name for row in Page(rows, next=None, previous=None)]
    return names


def _pydantic(names: list[str]) -> Contender:
    pydantic = load("pydantic")
    model = pydantic.create_model(
        "Model",
        __config__=pydantic.ConfigDict(frozen=True, arbitrary_types_allowed=True),
        **dict.fromkeys(names, (Any, ...)),
    )
    return lambda batch: [model(**each) for each in batch]


if __name__ == "__main__":
    sys.exit(main())
