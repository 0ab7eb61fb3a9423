"""The salon: the bundle of ports that every use case is given."""

import os
import threading
from collections.abc import Callable, Generator, Mapping
from contextlib import AbstractContextManager, contextmanager
from datetime import date, datetime
from types import TracebackType

from salon_crm.domain.access import PermissionTable
from salon_crm.domain.blocks import in_force
from salon_crm.domain.bookings import Booking
from salon_crm.domain.criteria import CustomerRecord
from salon_crm.domain.customers import Customer, SearchKeys, search_keys
from salon_crm.domain.dates import local_day
from salon_crm.domain.facts import CustomerFacts
from salon_crm.domain.ids import CustomerId, SalonId
from salon_crm.domain.marks import MarkKey
from salon_crm.domain.sales import SaleStatus
from salon_crm.errors import NotFound, NotSupported, RuleBroken, StoreError
from salon_crm.ports.store import Joinable, Reading, Store, Writing, tier_points_between
from salon_crm.ports.system import Clock, IdSource
from salon_crm.ports.transfer import CustomerFormat


class Salon:
    """One salon, open: what use cases read and write through. Made by `salon_crm.open_salon`.

    It may be used from several threads. ``with`` closes it at the end.
    """

    def __init__(
        self,
        *,
        salon_id: SalonId,
        store: Store,
        clock: Clock,
        ids: IdSource,
        mark_key: MarkKey,
        permissions: PermissionTable,
        formats: Mapping[str, CustomerFormat],
    ) -> None:
        self.id = salon_id
        self.store = store
        self.clock = clock
        self.ids = ids
        self.mark_key = mark_key
        self.permissions = permissions
        self.formats = formats
        self._in_transaction = threading.local()
        self._closed = False

    def __repr__(self) -> str:
        return f"{type(self).__name__}(id={str(self.id)!r})"

    def __enter__(self) -> "Salon":
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, traceback: TracebackType | None
    ) -> None:
        self.close()

    def close(self) -> None:
        """Let go of the store; closing twice is fine, closing inside a transaction raises RuleBroken."""
        if getattr(self._in_transaction, "open", False):
            raise RuleBroken("transaction-open")
        self._closed = True
        self.store.close()

    @property
    def bound(self) -> bool:
        """Whether this is a transaction's ``tx``, whose use cases share one unit of work."""
        return False

    def now(self) -> datetime:
        """Return the instant, in UTC, by the salon's clock."""
        return self.clock.now()

    def today(self, zone: str) -> date:
        """Return the day it is in ``zone``."""
        return local_day(self.now(), zone)

    @contextmanager
    def reading(self) -> Generator[Reading]:
        """Open one snapshot of the salon."""
        self._check_open()
        with self.store.reading() as reading:
            yield reading

    @contextmanager
    def writing(self) -> Generator[Writing]:
        """Open one unit of work."""
        self._check_open()
        if getattr(self._in_transaction, "open", False):
            raise RuleBroken("transaction-open")
        with self.store.writing() as writing:
            yield writing

    @contextmanager
    def transaction(self) -> "Generator[Salon]":
        """Run several use cases in one transaction: ``with salon.transaction() as tx:``, then give them ``tx``.

        They see one another's writes; each is undone alone where it raises; everything is kept when the
        block ends and nothing where it raises. ``tx`` serves in its own thread and inside its block. While
        it is open, writing through the salon itself in the same thread raises RuleBroken at once.
        """
        with self._bound_to(self.store.writing) as tx:
            yield tx

    @contextmanager
    def within(self, connection: object) -> "Generator[Salon]":
        """Join a transaction of the host's: ``with salon.within(connection) as tx:``, then give use cases ``tx``.

        ``connection`` is the host's own to the same store, in a transaction that may write: for SQLite a
        `sqlite3.Connection` to the same file. What is written through ``tx`` is kept when the host commits
        and goes when it rolls back; where the block raises, it alone is undone. The rest is as in
        `transaction`. Raises NotSupported where the store cannot join (`salon_crm.ports.store.Joinable`),
        InvalidValue for a connection that is unfit, StoreBusy, TransactionLost.
        """
        store: object = self.store
        if not isinstance(store, Joinable):
            raise NotSupported("store-cannot", what="join a transaction of the host's")
        with self._bound_to(lambda: store.joining(connection)) as tx:
            yield tx

    @contextmanager
    def _bound_to(self, unit_of_work: Callable[[], AbstractContextManager[Writing]]) -> "Generator[Salon]":
        self._check_open()
        if getattr(self._in_transaction, "open", False):
            raise RuleBroken("transaction-open")
        self._in_transaction.open = True
        try:
            with unit_of_work() as writing:
                tx = _Transaction(self, writing)
                try:
                    yield tx
                finally:
                    tx.end()
        finally:
            self._in_transaction.open = False

    def _check_open(self) -> None:
        if self._closed:
            raise StoreError("closed")


class _Transaction(Salon):
    """A salon bound to one unit of work."""

    def __init__(self, salon: Salon, writing: Writing) -> None:
        super().__init__(
            salon_id=salon.id,
            store=salon.store,
            clock=salon.clock,
            ids=salon.ids,
            mark_key=salon.mark_key,
            permissions=salon.permissions,
            formats=salon.formats,
        )
        self._in_transaction.open = True  # it joins no other
        self._writing = writing
        self._thread = os.getpid(), threading.get_ident()
        self._over = False

    @property
    def bound(self) -> bool:
        return True

    def end(self) -> None:
        """Let this ``tx`` serve no longer."""
        self._over = True

    def close(self) -> None:
        """Refuse: a transaction ends with its block."""
        raise RuleBroken("transaction-open")

    @contextmanager
    def reading(self) -> Generator[Reading]:
        self._check_open()
        yield self._writing

    @contextmanager
    def writing(self) -> Generator[Writing]:
        self._check_open()
        with self._writing.savepoint():
            yield self._writing

    @contextmanager
    def transaction(self) -> Generator[Salon]:
        """Open a part of this transaction that is undone alone where its block raises."""
        self._check_open()
        with self._writing.savepoint():
            yield self

    def _check_open(self) -> None:
        if self._over:
            raise RuleBroken("transaction-over")
        if (os.getpid(), threading.get_ident()) != self._thread:
            raise RuleBroken("transaction-elsewhere")


class _Record:
    """What criteria are evaluated on, each part fetched through its port when it is first asked for."""

    def __init__(self, reading: Reading, customer: Customer, keys: SearchKeys | None) -> None:
        self._reading = reading
        self._keys = keys
        self._facts: CustomerFacts | None = None
        self._bookings: tuple[Booking, ...] | None = None
        self.customer = customer

    @property
    def keys(self) -> SearchKeys:
        if self._keys is None:
            self._keys = search_keys(self.customer)
        return self._keys

    @property
    def blocked(self) -> bool:
        found = self._reading.blocks.of_customers([self.customer.id])
        return bool(in_force(found.get(self.customer.id, ())))

    @property
    def facts(self) -> CustomerFacts:
        if self._facts is None:
            found = self._reading.facts.get_many([self.customer.id])
            self._facts = found.get(self.customer.id) or CustomerFacts(customer_id=self.customer.id)
        return self._facts

    @property
    def bookings(self) -> tuple[Booking, ...]:
        if self._bookings is None:
            self._bookings = self._reading.bookings.of_customers([self.customer.id]).get(self.customer.id, ())
        return self._bookings

    @property
    def points(self) -> int:
        head = self._reading.reward_heads.get_many([self.customer.id]).get(self.customer.id)
        return 0 if head is None else head.total

    def earned_since(self, instant: datetime) -> int:
        return tier_points_between(self._reading, self.customer.id, instant)

    def spent_since(self, day: date) -> int:
        sales = self._reading.sales.of_customers([self.customer.id]).get(self.customer.id, ())
        counted = (sale for sale in sales if sale.status is SaleStatus.COMPLETED and sale.day >= day)
        return sum(sale.net.minor for sale in counted)


def record_of(reading: Reading, customer: Customer | CustomerId, keys: SearchKeys | None = None) -> CustomerRecord:
    """Return what `matches` evaluates for a customer: a view that reads each kind only when asked for it.

    A store that does not compile a criterion gives this to `matches` instead. Raises NotFound where the
    customer is not there; a kind the store does not keep raises NotSupported, and is never read as empty.
    """
    if not isinstance(customer, Customer):
        found = reading.customers.get_many([customer]).get(customer)
        if found is None:
            raise NotFound("not-found", kind="customer", id=str(customer))
        customer = found
    return _Record(reading, customer, keys)
