"""One unit of work over a SQL connection: the bundle of repositories a use case reads and writes."""

from collections.abc import Callable, Generator, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from functools import lru_cache
from typing import Any, Final
from uuid import UUID

from attrs import evolve

from salon_crm.adapters.sql.dialect import Connection, Dialect, Row, Value
from salon_crm.adapters.sql.repositories import (
    SqlAudit,
    SqlBookings,
    SqlCustomers,
    SqlFacts,
    SqlRepository,
    SqlRewardEntries,
    SqlRewardLots,
    SqlSales,
    savepoint,
)
from salon_crm.adapters.sql.search import SearchCheck
from salon_crm.adapters.sql.soundness import rows_at_fault
from salon_crm.adapters.sql.tables import (
    ADDED_COLUMNS,
    BOOKING_SHAPES,
    CUSTOMER_SEARCH,
    REWARD_SHAPES,
    SHAPES,
    TABLES,
    read_instant,
    read_json,
    read_row,
    write_instant,
    write_json,
)
from salon_crm.domain.blocks import Block, BlockAlert
from salon_crm.domain.bookings import BookingChange
from salon_crm.domain.catalogue import Location, Package, Service, ServiceType, StaffMember
from salon_crm.domain.ids import Alias, Reference, SalonId
from salon_crm.domain.marks import Mark
from salon_crm.domain.notes import Note
from salon_crm.domain.rewards import RewardHead, RewardProgramme
from salon_crm.domain.sales import AssignedPackage
from salon_crm.domain.settings import Settings
from salon_crm.domain.text import FOLD_VERSION
from salon_crm.domain.transfer import RowFingerprint
from salon_crm.errors import Conflict, InvalidValue, NotFound, StoreError
from salon_crm.ports.store import SalonRecord, Writing


class _EndedConnection(Connection):
    """Stands in for the connection of a unit that is over: refuses everything."""

    @property
    def in_transaction(self) -> bool:
        return False

    def rows(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        raise StoreError("unit-over")

    def rows_while(self, sql: str, values: Sequence[Value], going_on: Callable[[Row], bool]) -> list[Row]:
        raise StoreError("unit-over")

    def run(self, sql: str, values: Sequence[Value] = ()) -> int:
        raise StoreError("unit-over")

    def run_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> int:
        raise StoreError("unit-over")


_ENDED: Final = _EndedConnection()


class _UnitConnection(Connection):
    """A connection for as long as one unit of work lasts: afterwards it is somebody else's."""

    def __init__(self, connection: Connection) -> None:
        self._connection: Connection = connection

    def end(self) -> None:
        self._connection = _ENDED

    @property
    def in_transaction(self) -> bool:
        return self._connection.in_transaction

    def rows(self, sql: str, values: Sequence[Value] = ()) -> list[Row]:
        return self._connection.rows(sql, values)

    def rows_while(self, sql: str, values: Sequence[Value], going_on: Callable[[Row], bool]) -> list[Row]:
        return self._connection.rows_while(sql, values, going_on)

    def run(self, sql: str, values: Sequence[Value] = ()) -> int:
        return self._connection.run(sql, values)

    def run_many(self, sql: str, rows: Iterable[Sequence[Value]]) -> int:
        return self._connection.run_many(sql, rows)


def _read_salon(row: Row) -> SalonRecord:
    own_id, created, mark_key, key_check = row
    return SalonRecord(SalonId(UUID(own_id)), read_instant(created), bytes(mark_key), bytes(key_check))


def _read_settings(row: Row) -> Settings:
    region, zone, currency, required_fields, version, rewards = row
    return Settings(
        region=region,
        zone=zone,
        currency=currency,
        required_fields=tuple(read_json(required_fields)),
        rewards=_programme(rewards),
        version=version,
    )


_FIRST_PROGRAMME: Final = RewardProgramme()


def _programme(text: str | None) -> RewardProgramme:
    """Return the programme that a text keeps, with a mapping of its own: what is remembered is nobody's to change."""
    programme = _FIRST_PROGRAMME if text is None else _read_programme(text)
    return evolve(programme, daily_caps=dict(programme.daily_caps)) if programme.daily_caps else programme


def _write_programme(programme: RewardProgramme) -> str | None:
    if programme == _FIRST_PROGRAMME:
        return None
    from salon_crm.adapters.documents import to_stored  # with cattrs, which a salon without a programme never needs

    return write_json(to_stored(programme))


@lru_cache(maxsize=16)
def _read_programme(text: str) -> RewardProgramme:
    from salon_crm.adapters.documents import from_stored

    programme: RewardProgramme = from_stored(read_json(text))
    return programme


class SqlUnit(Writing):
    """A transaction on one connection, seen as a salon's repositories."""

    def __init__(self, connection: Connection, dialect: Dialect) -> None:
        self._connection = _UnitConnection(connection)
        self._dialect = dialect
        self._savepoints = 0

    def end(self) -> None:
        """Let this unit, and every repository taken from it, serve no longer."""
        self._connection.end()

    def _repository(self, name: str) -> SqlRepository[Any]:
        return SqlRepository(self._connection, TABLES[name])

    @property
    def customers(self) -> SqlCustomers:
        return SqlCustomers(self._connection, self._dialect)

    @property
    def notes(self) -> SqlRepository[Note]:
        return self._repository("notes")

    @property
    def blocks(self) -> SqlRepository[Block]:
        return self._repository("blocks")

    @property
    def block_alerts(self) -> SqlRepository[BlockAlert]:
        return self._repository("block_alerts")

    @property
    def marks(self) -> SqlRepository[Mark]:
        return self._repository("marks")

    @property
    def aliases(self) -> SqlRepository[Alias]:
        return self._repository("aliases")

    @property
    def fingerprints(self) -> SqlRepository[RowFingerprint]:
        return self._repository("fingerprints")

    @property
    def references(self) -> SqlRepository[Reference]:
        return self._repository("references")

    @property
    def service_types(self) -> SqlRepository[ServiceType]:
        return self._repository("service_types")

    @property
    def services(self) -> SqlRepository[Service]:
        return self._repository("services")

    @property
    def packages(self) -> SqlRepository[Package]:
        return self._repository("packages")

    @property
    def locations(self) -> SqlRepository[Location]:
        return self._repository("locations")

    @property
    def staff_members(self) -> SqlRepository[StaffMember]:
        return self._repository("staff_members")

    @property
    def bookings(self) -> SqlBookings:
        return SqlBookings(self._connection, self._dialect)

    @property
    def booking_changes(self) -> SqlRepository[BookingChange]:
        return self._repository("booking_changes")

    @property
    def sales(self) -> SqlSales:
        return SqlSales(self._connection)

    @property
    def assigned_packages(self) -> SqlRepository[AssignedPackage]:
        return self._repository("assigned_packages")

    @property
    def facts(self) -> SqlFacts:
        return SqlFacts(self._connection, self._dialect)

    @property
    def reward_entries(self) -> SqlRewardEntries:
        return SqlRewardEntries(self._connection)

    @property
    def reward_lots(self) -> SqlRewardLots:
        return SqlRewardLots(self._connection)

    @property
    def reward_heads(self) -> SqlRepository[RewardHead]:
        return self._repository("reward_heads")

    @property
    def audit(self) -> SqlAudit:
        return SqlAudit(self._connection)

    def salon(self) -> SalonRecord | None:
        rows = self._connection.rows("SELECT id, created, mark_key, key_check FROM crm_salon")
        if not rows:
            return None
        return read_row("crm_salon", _read_salon, rows[0])

    def settings(self) -> Settings:
        sql = "SELECT region, zone, currency, required_fields, settings_version, rewards FROM crm_salon"
        rows = self._connection.rows(sql)
        if not rows:
            raise NotFound("not-found", kind="salon", id="of this store")
        return read_row("crm_salon", _read_settings, rows[0])

    def create_salon(self, salon: SalonRecord, settings: Settings) -> None:
        held = self.salon()
        if held is not None:
            raise Conflict("key-taken", kind="salon", key="id", id=str(held.id))
        self._connection.run(
            "INSERT INTO crm_salon (id, created, mark_key, key_check, settings_version, region, zone, currency, "
            "required_fields, fold_version, rewards) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                str(salon.id),
                write_instant(salon.created),
                salon.mark_key,
                salon.key_check,
                settings.version,
                settings.region,
                settings.zone,
                settings.currency,
                write_json(list(settings.required_fields)),
                FOLD_VERSION,
                _write_programme(settings.rewards),
            ),
        )

    def save_settings(self, settings: Settings, expected_version: int) -> None:
        current = self.settings().version
        if current != expected_version:
            raise Conflict(
                "version-conflict", kind="settings", id="of this salon", current=current, expected=expected_version
            )
        self._connection.run(
            "UPDATE crm_salon SET settings_version = ?, region = ?, zone = ?, currency = ?, required_fields = ?, "
            "rewards = ?",
            (
                settings.version,
                settings.region,
                settings.zone,
                settings.currency,
                write_json(list(settings.required_fields)),
                _write_programme(settings.rewards),
            ),
        )

    @contextmanager
    def savepoint(self) -> Generator[None]:
        self._savepoints += 1
        with savepoint(self._connection, f"crm_part_{self._savepoints}"):
            yield

    def create_tables(self) -> None:
        """Create every table of the schema."""
        for shape in SHAPES:
            self._run_all(shape.ddl(self._dialect))
        self._run_all(self._dialect.create_pieces())

    def index_search(self) -> None:
        """Take the search keys out of the customers' table, and make room for an index: what version 2 added.

        What brings a file to version 3 fills it.
        """
        self._run_all(f"ALTER TABLE crm_customers DROP COLUMN {name}" for name in ("search_words", "search_digits"))
        self._run_all(CUSTOMER_SEARCH.ddl(self._dialect) + self._dialect.create_pieces())

    def keep_bookings(self) -> None:
        """Create the tables of the catalogue, bookings, sales and facts, and the panel: what version 3 added."""
        for shape in BOOKING_SHAPES:
            self._run_all(shape.ddl(self._dialect))
        self._run_all(["DROP INDEX crm_customers_by_name_key_id"])  # the panel is in that order, and says more
        if self._connection.rows(f"SELECT 1 FROM {CUSTOMER_SEARCH.name} LIMIT 1"):
            self.customers.rebuild_panel()
        else:
            self.rebuild_search()

    def keep_rewards(self) -> None:
        """Create the tables of the rewards ledger, and the columns that came with them: what version 4 added."""
        for shape, name in ADDED_COLUMNS:  # which a table has that was made on the way from version 2
            held = self._connection.rows("SELECT name FROM pragma_table_info(?)", [shape.name])
            if (name,) not in held:
                self._run_all([shape.add_column(name, self._dialect)])
        for shape in REWARD_SHAPES:
            self._run_all(shape.ddl(self._dialect))

    def _run_all(self, statements: Iterable[str]) -> None:
        for statement in statements:
            self._connection.run(statement)

    def fold_version(self) -> str | None:
        """Return the version of the fold the stored keys were made with, or None in an empty store."""
        rows = self._connection.rows("SELECT fold_version FROM crm_salon")
        return rows[0][0] if rows else None

    def rows_at_fault(self) -> Mapping[str, int]:
        """Return how many rows of each table are not as they were written; reads every row."""
        return rows_at_fault(self._connection)

    def rebuild_keys(self) -> int:
        """Compute the keys of every customer anew, with this version of the fold; return how many there were."""
        self.customers.rewrite_match_keys()
        self._connection.run("UPDATE crm_salon SET fold_version = ?", (FOLD_VERSION,))
        return self.rebuild_search()

    def rebuild_search(self) -> int:
        """Make the search index anew from the customers, and the panel with their facts; return how many there are.

        Nothing is left of text that was indexed before. It takes time and room in proportion to the salon,
        all in this one unit of work.
        """
        return self.customers.rebuild_search()

    def check_search(self) -> SearchCheck:
        """Compare the whole search index and panel with the customers; takes time in proportion to the salon."""
        return self.customers.check_search()


def rebuilt(writing: Writing) -> int:
    """Make the search index anew in a unit of work of a SQL store; return how many customers it holds."""
    if not isinstance(writing, SqlUnit):
        raise InvalidValue("wrong-type", field="writing", expected="a unit of work of this store")
    return writing.rebuild_search()


def unwritten(unit: SqlUnit) -> Iterator[str]:
    """Give the tables with rows that no release of ours wrote so, or whose keys are not those of a profile."""
    try:
        at_fault = unit.rows_at_fault()
    except StoreError:  # the database's own check has said it
        return
    for table, count in sorted(at_fault.items()):
        yield f"rows of {table} are not as they were written: {count:,}"


def search_sound(unit: SqlUnit) -> bool:
    """Return whether customers are found by what their profiles say."""
    try:
        return unit.check_search().ok
    except StoreError:  # a profile that cannot be read, or an index that is damaged
        return False
