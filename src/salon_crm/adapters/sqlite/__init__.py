"""The SQLite store: one file a salon, nothing to install."""

from salon_crm.adapters.sqlite.store import SQLiteStore

__all__ = ["SQLiteStore"]
