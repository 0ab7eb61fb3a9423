"""Points whose last day has passed, written down."""

from datetime import date
from typing import Final

from attrs import field, frozen

from salon_crm.domain.access import Actor, Permission
from salon_crm.domain.dates import local_day
from salon_crm.domain.ids import CustomerId
from salon_crm.domain.privacy import MONEY, OPERATOR, classed
from salon_crm.ports.salon import Salon
from salon_crm.use_cases.access import use_case
from salon_crm.use_cases.rewards.keeping import SHOWN, day_until, ledger_there, let_lapse
from salon_crm.use_cases.unit import unit_of_work

_CUSTOMERS_AT_ONCE: Final = 100


@frozen(field_transformer=classed, kw_only=True)
class PointsExpired:
    """What expired: of how many customers, in how many entries, how many points."""

    customers: int = field(metadata=OPERATOR)
    entries: int = field(metadata=OPERATOR)
    points: int = field(metadata=MONEY)


@use_case(Permission.EXPIRE_POINTS, shows=SHOWN, sliced=True)
def expire_points(salon: Salon, actor: Actor, /, *, on: date | None = None) -> PointsExpired:
    """Write down the points that can no longer be spent on a day, today unless stated, and return how many there were.

    An entry for each customer and last day, dated the midnight that ended it by the salon's clock. Let a job do this
    every day; nobody can spend what has expired also before it has run, and running it again does nothing. Raises
    InvalidValue for a day to come, NotPermitted.
    """
    customers = entries = points = 0
    after: CustomerId | None = None
    while True:
        with unit_of_work(salon, actor) as unit:
            today = local_day(unit.now, unit.settings.zone)
            day = day_until(on, today)
            due = unit.writing.reward_lots.lapsed(day, after, _CUSTOMERS_AT_ONCE)
            found = unit.writing.customers.get_many(due)
            for customer_id in due:
                ledger = ledger_there(unit.writing, customer_id, points=1, on=day)
                _, written = let_lapse(unit, found[customer_id], ledger, day)
                entries += len(written)
                points -= sum(entry.points for entry in written)
        customers += len(due)
        if len(due) < _CUSTOMERS_AT_ONCE:
            return PointsExpired(customers=customers, entries=entries, points=points)
        after = due[-1]
