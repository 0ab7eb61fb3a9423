"""Salons in a PostgreSQL database: many of them, written by many processes."""

from salon_crm.adapters.postgres.store import PostgresStore

__all__ = ["PostgresStore"]
