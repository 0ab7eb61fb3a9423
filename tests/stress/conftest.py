from collections.abc import Iterator

import pytest
from tests.stress.nest import Nest, nest


@pytest.fixture(scope="session")
def processes() -> Iterator[Nest]:
    with nest() as made:
        yield made
