"""What earlier visits and sales earned and nobody was given, given now."""

from datetime import date

from salon_crm.domain.access import Actor, Permission
from salon_crm.domain.ids import IdLike
from salon_crm.domain.rewards import RewardEntry
from salon_crm.ports.salon import Salon
from salon_crm.use_cases.access import use_case
from salon_crm.use_cases.pages import parse_period
from salon_crm.use_cases.rewards.asking import theirs
from salon_crm.use_cases.rewards.earning import settle_booking, settle_sale
from salon_crm.use_cases.rewards.keeping import SHOWN
from salon_crm.use_cases.unit import unit_of_work


@use_case(Permission.CHANGE_POINTS, shows=SHOWN)
def backfill_points(
    salon: Salon, actor: Actor, customer_id: IdLike, /, *, since: date | None = None, until: date | None = None
) -> tuple[RewardEntry, ...]:
    """Give a customer what their visits and paid sales of a period earn and did not, and return the entries.

    That is for what was imported, or happened before there was a programme: what is completed or paid today earns by
    itself. ``since`` and ``until`` are local days of the location, both included. Points are earned by the rules of
    today that ran on that day, and last as if they were earned today; asked again it gives nothing twice. Raises
    InvalidValue, NotFound, NotPermitted, also for the actor's own profile.
    """
    first, last = parse_period(since, until)
    with unit_of_work(salon, actor) as unit:
        customer = theirs(unit, Permission.CHANGE_POINTS, customer_id)
        found: list[RewardEntry] = []
        sales = unit.writing.sales.of_customers([customer.id]).get(customer.id, ())
        bookings = unit.writing.bookings.of_customers([customer.id]).get(customer.id, ())
        for sale in sorted(sales, key=lambda sale: (sale.at, sale.id)):
            if _within(sale.day, first, last):
                found += settle_sale(unit, customer, sale, sale)
        for booking in sorted(bookings, key=lambda booking: (booking.start, booking.id)):
            if _within(booking.day, first, last):
                found += settle_booking(unit, customer, None, booking)
        return tuple(found)


def _within(day: date, first: date | None, last: date | None) -> bool:
    return (first is None or first <= day) and (last is None or day <= last)
