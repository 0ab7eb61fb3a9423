"""The tables in PostgreSQL: made and brought up to date by their owner, used by an ordinary role."""

from collections.abc import Mapping
from typing import Final

import psycopg
from attrs import field, frozen
from psycopg import sql

from salon_crm.adapters.postgres.connection import PostgresConnection, ours, why
from salon_crm.adapters.postgres.dialect import OWNER, PostgresDialect
from salon_crm.adapters.sql.dialect import Connection
from salon_crm.adapters.sql.tables import ADDED_COLUMNS, CUSTOMER_TABLE, REWARD_SHAPES, SHAPES, TableShape
from salon_crm.domain.privacy import OPERATOR, classed
from salon_crm.errors import SchemaNewer, StoreError

_ADDED: Final[Mapping[int, tuple[TableShape, ...]]] = {2: REWARD_SHAPES}
"""The tables that each version brought: versions only add."""

_ADDED_COLUMNS: Final[Mapping[int, tuple[tuple[TableShape, str], ...]]] = {2: ADDED_COLUMNS}
"""The columns that each version brought to tables of an earlier one."""

SCHEMA_VERSION: Final = max(_ADDED)
HEADS: Final = "crm_heads"
"""A row for each salon, which whoever writes to it changes first.

That holds up the next writer until this one has ended, and a transaction that saw the salon as it was before fails
here, and not by what it would write. Its ``origin`` is made once, and tells the salon from one of the same id in
another database.
"""

_DIALECT: Final = PostgresDialect()
_VERSIONS: Final = SHAPES[0].name
_ENCODING: Final = "UTF8"
_MADE_MEANWHILE: Final = {"42P07", "23505"}
"""What a statement that makes a table says where somebody else made it at the same time."""


@frozen(field_transformer=classed, kw_only=True)
class Migrated:
    """What bringing a database up to date did: the schema version it had, 0 for none, and the one it has."""

    found: int = field(metadata=OPERATOR)
    version: int = field(metadata=OPERATOR)


def table_names() -> tuple[str, ...]:
    """Return the names of all tables."""
    return (*(shape.name for shape in SHAPES), *_DIALECT.piece_tables(), HEADS)


def ddl(schema: str | None = None, role: str | None = None) -> list[str]:
    """Return the statements that make every table, as their owner runs them, for ``role`` to use."""
    statements = [] if schema is None else [f"CREATE SCHEMA IF NOT EXISTS {quoted(schema)}", _inside(schema)]
    statements += [statement for shape in SHAPES for statement in shape.ddl(_DIALECT)]
    statements += _DIALECT.create_pieces()
    columns = (
        f"{' '.join(_DIALECT.owner())}, origin text NOT NULL DEFAULT CAST(gen_random_uuid() AS text), "
        f"writings bigint NOT NULL DEFAULT 0, PRIMARY KEY ({OWNER})"
    )
    statements += [f"CREATE TABLE {HEADS} ({columns})", *_DIALECT.guard(HEADS)]
    statements.append(f"INSERT INTO {_VERSIONS} (version) VALUES ({SCHEMA_VERSION})")
    return statements + (grants(schema, role) if role is not None else [])


def grants(schema: str | None, role: str) -> list[str]:
    """Return the statements by which a role may use the tables, and do nothing else with them."""
    name = quoted(role)
    used = ", ".join(name for name in table_names() if name != _VERSIONS)
    return [
        *([] if schema is None else [f"GRANT USAGE ON SCHEMA {quoted(schema)} TO {name}"]),
        f"GRANT SELECT, INSERT, UPDATE, DELETE ON {used} TO {name}",
        f"GRANT SELECT ON {_VERSIONS} TO {name}",
    ]


def added_since(found: int) -> list[str]:
    """Return the statements that bring the tables of an earlier version up to date."""
    shapes = [shape for version, added in _ADDED.items() if version > found for shape in added]
    statements = [statement for shape in shapes for statement in shape.ddl(_DIALECT)]
    columns = [pair for version, added in _ADDED_COLUMNS.items() if version > found for pair in added]
    statements += [shape.add_column(name, _DIALECT) for shape, name in columns]
    return [*statements, f"UPDATE {_VERSIONS} SET version = {SCHEMA_VERSION}"]


def migrate(conninfo: str, *, schema: str | None = None, role: str | None = None) -> Migrated:
    """Make the tables as the owner who connects, all or none, or bring them up to date; ``role`` may use them then.

    Called again it does nothing but grant; roles that may use the tables may use those that are added. Raises
    StoreError, SchemaNewer where a newer release made them.
    """
    try:
        return _migrate(conninfo, schema, role)
    except psycopg.Error as error:
        if error.sqlstate not in _MADE_MEANWHILE:
            raise StoreError("store-failed", reason=why(error)) from None
    try:
        return _migrate(conninfo, schema, role)
    except psycopg.Error as error:  # nobody made ours: what is in the way is somebody else's
        raise StoreError("store-failed", reason=why(error)) from None


def _migrate(conninfo: str, schema: str | None, role: str | None) -> Migrated:
    with psycopg.connect(conninfo) as raw:
        if schema is not None:
            raw.execute(_inside(schema).encode())
        connection = PostgresConnection(raw)
        check_encoding(connection)
        found = version_there(connection)
        if found > SCHEMA_VERSION:
            raise SchemaNewer("store-newer", where="The database", found=found, known=SCHEMA_VERSION)
        if not found:
            statements = ddl(schema, role)
        else:
            roles = {*_roles_of_users(connection), *([] if role is None else [role])}
            statements = added_since(found) if found < SCHEMA_VERSION else []
            statements += [statement for each in sorted(roles) for statement in grants(schema, each)]
        for statement in statements:
            raw.execute(statement.encode())
    return Migrated(found=found, version=SCHEMA_VERSION)


def _roles_of_users(connection: PostgresConnection) -> list[str]:
    """Return the roles beside the owner that may write to the tables."""
    asked = (
        "SELECT DISTINCT grantee FROM information_schema.role_table_grants WHERE table_schema = current_schema() "
        "AND table_name = ? AND privilege_type = 'INSERT' AND grantee <> current_user ORDER BY grantee"
    )
    return [str(row[0]) for row in connection.rows(asked, [CUSTOMER_TABLE.shape.name])]


def check_encoding(connection: PostgresConnection) -> None:
    """Refuse a database that cannot keep every name; raises StoreError."""
    encoding = connection.raw.info.parameter_status("server_encoding")
    if encoding not in (None, _ENCODING):  # None where somebody in between does not pass it on
        reason = f"its encoding is {encoding}, which cannot keep every name; create it with ENCODING '{_ENCODING}'"
        raise StoreError("store-unopenable", where="The database", reason=reason)


def version_there(connection: PostgresConnection) -> int:
    """Return the version of the tables that the search path leads to, 0 where there are none."""
    if connection.rows("SELECT to_regclass(?) IS NULL", [_VERSIONS]) == [(True,)]:
        return 0
    version: int | None = connection.rows(f"SELECT max(version) FROM {_VERSIONS}")[0][0]
    return version or 0


def role_beyond_security(connection: Connection) -> str | None:
    """Return the role a connection acts as if row security does not hold for it: to it all salons would be one."""
    [(role, beyond)] = connection.rows(
        "SELECT rolname, rolsuper OR rolbypassrls FROM pg_roles WHERE rolname = current_user"
    )
    return str(role) if beyond else None


def _inside(schema: str) -> str:
    return f"SET LOCAL search_path TO {quoted(schema)}"


def quoted(name: str) -> str:
    """Return a name as a statement has it; raises StoreError for what is no text."""
    with ours():
        return sql.Identifier(name).as_string()
