"""The in-memory store, for tests and for trying things out."""

from salon_crm.adapters.memory.store import MemoryStore

__all__ = ["MemoryStore"]
