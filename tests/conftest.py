import os
from collections.abc import Generator

import pytest
from hypothesis import settings
from tests.servers import APP, Server, running

import salon_crm

for (
    name
) in salon_crm.__all__:  # names load when they are asked for, and what is declared as they load is looked at here
    getattr(salon_crm, name)

# dev: new examples on every run, and those that failed are kept and tried first.
settings.register_profile("dev", deadline=None, print_blob=True)
# ci: the same examples on every run, so that the gate's answer depends on the change alone.
settings.register_profile("ci", settings.get_profile("dev"), derandomize=True, database=None)
# brief: what ran before runs once more, on another version of Python or of a library.
settings.register_profile("brief", settings.get_profile("ci"), max_examples=20)
# long: asked for with --hypothesis-profile=long.
settings.register_profile("long", settings.get_profile("dev"), max_examples=5_000)

settings.load_profile("ci" if os.environ.get("CI") else "dev")


@pytest.fixture(scope="session")
def server() -> Generator[Server]:
    """One throw-away PostgreSQL for all tests that ask for it, with the tables made by their owner.

    Connections stay open from test to test: one that is new knows nothing of the tables yet.
    """
    with running() as server:
        from salon_crm.adapters.postgres.source import OwnConnections  # psycopg is there where a server is

        kept = [OwnConnections.to(address) for address in (server.url(), server.dsn(APP))]
        for connections in kept:
            connections.join(server)
        yield server
        for connections in kept:
            connections.part(server)
