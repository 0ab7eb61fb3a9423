"""Commands for who keeps salons in a database: its tables, made by their owner, and salons moved in and out."""

import argparse
from typing import Any

from salon_crm.adapters.extras import needing
from salon_crm.cli.asking import DONE, Progress
from salon_crm.opening import move_salon


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

    move = commands.add_parser("move", help="copy a whole salon to another place: a file, or a PostgreSQL database")
    move.add_argument("source", help="the salon's file, or a postgresql:// URL")
    move.add_argument("target", help="a new file, or a postgresql:// URL; or what an interrupted move left")
    move.add_argument("--salon-id", help="which salon of a database")
    move.add_argument("--schema", help="where databases have their tables")
    move.set_defaults(command=_move)


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


def _move(asked: argparse.Namespace) -> int:
    with Progress("records") as progress:
        moved = move_salon(asked.source, asked.target, salon_id=asked.salon_id, schema=asked.schema, progress=progress)
    print(f"Salon {moved.salon_id}: {moved.copied:,} records copied; both hold the same:")
    for kind, count in moved.counts.items():
        if count:
            print(f"  {count:>9,} {kind.replace('_', ' ')}")
    print(f"Digest of everything: {moved.digest.hex()}")
    return DONE
