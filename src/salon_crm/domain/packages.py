"""The packages a customer has: bought, named on a booking, or given by hand."""

from collections.abc import Iterable, Iterator
from datetime import datetime
from enum import StrEnum
from uuid import UUID

from attrs import field, frozen

from salon_crm.domain.bookings import Booking
from salon_crm.domain.privacy import BEHAVIOUR, OPERATOR, classed
from salon_crm.domain.sales import AssignedPackage, LineKind, Sale


class PackageWay(StrEnum):
    """How a customer came by a package."""

    BOUGHT = "bought"
    """In a completed sale, and not taken back."""
    BOOKED = "booked"
    """Named on a booking that counts."""
    ASSIGNED = "assigned"
    """Given by hand, and not withdrawn."""


@frozen(field_transformer=classed, kw_only=True)
class HeldPackage:
    """A package that a customer has, and by what: the id of the sale, the booking, or the assignment.

    ``package`` is its code. ``since`` is when it was sold, when the booking starts, or when it was assigned.
    """

    package: str = field(metadata=BEHAVIOUR)
    way: PackageWay = field(metadata=OPERATOR)
    by: UUID = field(metadata=OPERATOR)
    since: datetime = field(metadata=BEHAVIOUR)


def held_packages(
    bookings: Iterable[Booking], sales: Iterable[Sale], assigned: Iterable[AssignedPackage]
) -> Iterator[HeldPackage]:
    """Give the packages that a customer's bookings, sales and assignments come to, one for each way and source."""
    for booking in bookings:
        if booking.package is not None and booking.counts:
            yield HeldPackage(package=booking.package, way=PackageWay.BOOKED, by=booking.id, since=booking.start)
    for sale in sales:
        for code in dict.fromkeys(line.item for line in sale.kept(LineKind.PACKAGE)):
            yield HeldPackage(package=code, way=PackageWay.BOUGHT, by=sale.id, since=sale.at)
    for each in assigned:
        if each.withdrawn_at is None:
            yield HeldPackage(package=each.package, way=PackageWay.ASSIGNED, by=each.id, since=each.at)
