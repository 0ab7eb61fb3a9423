"""Commands for who keeps a database of many salons: its tables, made by their owner."""

import argparse
from typing import Any

from salon_crm.adapters.extras import needing
from salon_crm.cli.asking import DONE


def add_database_commands(commands: Any) -> None:
    """Add ``migrate`` and ``ddl``."""
    migrate = commands.add_parser("migrate", help="make or bring up to date the tables of a PostgreSQL database")
    migrate.add_argument("database", help="a postgresql:// URL of the role that shall own the tables")
    _add_names(migrate)
    migrate.set_defaults(command=_migrate)

    ddl = commands.add_parser("ddl", help="print the statements that make the tables, for somebody else to run")
    ddl.add_argument("--dialect", choices=["postgres"], default="postgres", help="the database (default: postgres)")
    _add_names(ddl)
    ddl.set_defaults(command=_ddl)


def _add_names(command: argparse.ArgumentParser) -> None:
    command.add_argument("--schema", help="where the tables are; the search path's first where it is not given")
    command.add_argument("--role", help="the ordinary role that salons are opened with, which may use the tables then")


def _migrate(asked: argparse.Namespace) -> int:
    with needing("psycopg", extra="postgres", what="This"):
        from salon_crm.adapters.postgres.schema import migrate
    done = migrate(asked.database, schema=asked.schema, role=asked.role)
    what = "is up to date" if done.found == done.version else f"had schema {done.found}"
    print(f"The database {what}; it has schema {done.version}.")
    return DONE


def _ddl(asked: argparse.Namespace) -> int:
    with needing("psycopg", extra="postgres", what="This"):
        from salon_crm.adapters.postgres.schema import ddl
    for statement in ddl(asked.schema, asked.role):
        print(f"{statement};")
    return DONE
