"""A salon in a folder of JSON files: a whole store, written from the documents of salon_crm alone."""

from json_store.store import JsonStore

__all__ = ["JsonStore"]
