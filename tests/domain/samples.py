"""Made-up values that the tests of the domain share."""

from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any
from uuid import UUID

from salon_crm.domain.bookings import Booking
from salon_crm.domain.criteria import CustomerRecord
from salon_crm.domain.customers import (
    Customer,
    CustomerForm,
    FormContext,
    SearchKeys,
    changed_customer,
    new_customer,
    search_keys,
)
from salon_crm.domain.facts import CustomerFacts, facts_of
from salon_crm.domain.ids import CustomerId, SalonId
from salon_crm.domain.settings import Settings

TODAY = date(2026, 6, 15)
NOW = datetime(2026, 6, 15, 9, 30, tzinfo=UTC)
SETTINGS = Settings(region="PT", zone="Europe/Lisbon", currency="EUR")
CONTEXT = FormContext(TODAY, "PT")
SALON = SalonId(UUID("01890a5d-ac96-774b-bcce-b302099a8057"))


def customer_id(number: int) -> CustomerId:
    return CustomerId(UUID(int=number))


def a_customer(number: int = 1, /, *, settings: Settings = SETTINGS, **fields: Any) -> Customer:
    """Return a customer filled in by the form; Ana Silva unless a name is given."""
    if not {"name", "first_name", "last_name"} & fields.keys():
        fields["name"] = "Ana Silva"
    values = CustomerForm(fields).check(CONTEXT)
    return new_customer(customer_id(number), values, added=NOW, settings=settings)


def edited(
    customer: Customer, /, *, settings: Settings = SETTINGS, keep_former: bool = True, **fields: Any
) -> Customer:
    """Return the customer after an edit by the form."""
    values = CustomerForm(fields).check(CONTEXT)
    return changed_customer(customer, values, settings=settings, keep_former=keep_former)[0]


class Record(CustomerRecord):
    """A customer as criteria see them, with facts of their own or those their bookings come to."""

    def __init__(
        self,
        customer: Customer,
        *,
        blocked: bool = False,
        bookings: Sequence[Booking] = (),
        facts: CustomerFacts | None = None,
        points: int = 0,
        earned: Mapping[datetime, int] | None = None,
        spent: Mapping[date, int] | None = None,
    ) -> None:
        self._customer = customer
        self._blocked = blocked
        self._bookings = bookings
        self._points = points
        self._earned, self._spent = earned or {}, spent or {}
        self._facts = facts or facts_of(customer.id, bookings, (), ())

    @property
    def customer(self) -> Customer:
        return self._customer

    @property
    def keys(self) -> SearchKeys:
        return search_keys(self._customer)

    @property
    def points(self) -> int:
        return self._points

    def earned_since(self, instant: datetime) -> int:
        return sum(points for at, points in self._earned.items() if at >= instant)

    def spent_since(self, day: date) -> int:
        return sum(minor for on, minor in self._spent.items() if on >= day)

    @property
    def blocked(self) -> bool:
        return self._blocked

    @property
    def facts(self) -> CustomerFacts:
        return self._facts

    @property
    def bookings(self) -> Sequence[Booking]:
        return self._bookings
