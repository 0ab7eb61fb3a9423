"""Stores that break one promise each: what the kit must find out.

Most stand before a `MemoryStore` and let everything through but what they spoil; a few spoil the SQLite
store. The docstring of each says what it does wrong, and `caught_by` which checks must fail for it.
"""

import threading
from collections.abc import Callable, Generator, Iterable, Mapping, Sequence
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, ClassVar, Final, TypeVar

from attrs import evolve, fields, frozen

from salon_crm.adapters.memory import MemoryStore
from salon_crm.adapters.memory.store import _Table, _Unit
from salon_crm.adapters.sql.repositories import SqlCustomers, SqlRepository
from salon_crm.adapters.sql.unit import SqlUnit
from salon_crm.adapters.sqlite import SQLiteStore
from salon_crm.adapters.sqlite.dialect import SQLiteDialect
from salon_crm.domain.criteria import AllOf, AnyOf, Compare, Fact, Not, Op, OrderKey, Text
from salon_crm.domain.customers import Customer, Gender, contact_keys, search_keys
from salon_crm.domain.dates import PartialDate
from salon_crm.errors import Conflict, NotSupported
from salon_crm.ports.records import CUSTOMERS, KINDS, KeyKind
from salon_crm.testing import Capability, StoreConformance

IN_MEMORY: Final = frozenset(Capability) - {Capability.PERSISTENT, Capability.SHARED}

C = TypeVar("C", bound=Callable[..., Any])


@frozen
class Saboteur:
    """A store that breaks a promise, and the checks that must find it out."""

    make: Callable[[Path], Any]
    name: str
    caught_by: tuple[str, ...]
    capabilities: frozenset[Capability]


SABOTEURS: Final[list[Saboteur]] = []


def caught_by(*checks: str, capabilities: frozenset[Capability] = IN_MEMORY) -> Callable[[C], C]:
    """Enlist a store: a class called with nothing, or with a path where it keeps a file."""

    def enlist(store: C) -> C:
        in_file = isinstance(store, type) and issubclass(store, SQLiteStore)
        make: Callable[[Path], Any] = store if in_file else lambda _: store()
        SABOTEURS.append(Saboteur(make, store.__name__, tuple(f"test_{check}" for check in checks), capabilities))
        return store

    return enlist


def conformance_of(saboteur: Saboteur) -> type[StoreConformance]:
    """Return the test class that the kit makes of a saboteur."""

    class Sabotaged(StoreConformance):
        capabilities = saboteur.capabilities
        patience = 0.3

        @_fixture
        def make_store(self, tmp_path: Path) -> Callable[[str], Any]:
            return lambda name: saboteur.make(tmp_path / f"{name}.db")

        @_fixture
        def make_impatient_store(self, tmp_path: Path) -> Callable[[str], Any]:
            return lambda name: saboteur.make(tmp_path / f"{name}-impatient.db")

    return Sabotaged
