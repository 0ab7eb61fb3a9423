"""In which line of a list each customer was met."""

import tracemalloc
from uuid import UUID

from hypothesis import given
from hypothesis import strategies as st

from salon_crm.domain.ids import CustomerId
from salon_crm.domain.transfer.lines import LinesOf

ids = st.one_of(
    st.uuids(),
    st.integers(0, 40).map(lambda n: UUID(int=n)),
    st.integers(0, 40).map(lambda n: UUID(int=64 * 61 * n)),  # that all begin to look at one place
    st.integers(0, 400).map(lambda n: UUID(int=n << 64)),  # all of one part, so that it grows
)


@given(st.lists(st.tuples(ids, st.integers(1, 2**32 - 1)), max_size=400), st.lists(ids))
def test_the_last_line_of_each_customer_is_remembered(met: list[tuple[UUID, int]], asked: list[UUID]) -> None:
    lines, expected = LinesOf(), dict(met)
    for own_id, line in met:
        lines.put(CustomerId(own_id), line)
    for own_id in (*expected, *asked):
        assert lines.get(CustomerId(own_id)) == expected.get(own_id)


def test_a_customer_takes_forty_bytes_or_so_however_many_there_are() -> None:
    tracemalloc.start()
    try:
        lines, count = LinesOf(), 30_000
        for number in range(count):
            lines.put(CustomerId(UUID(int=number * 0x9E3779B97F4A7C15F39CC0605CEDC835 % 2**128)), number + 1)
        held, most = tracemalloc.get_traced_memory()
    finally:
        tracemalloc.stop()
    assert lines.get(CustomerId(UUID(int=0))) == 1
    assert held / count < 47
    assert most / count < 48  # nor while it grows
