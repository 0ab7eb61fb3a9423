"""Which tier of the programme a customer has."""

from datetime import datetime
from uuid import UUID

from salon_crm.domain.dates import local_day, start_of_day
from salon_crm.domain.ids import CustomerId
from salon_crm.domain.rewards import Tier
from salon_crm.domain.sales import SaleStatus
from salon_crm.domain.settings import Settings
from salon_crm.ports.store import Reading, tier_points_between


def tier_of(
    reading: Reading, customer_id: CustomerId, settings: Settings, at: datetime, *, but: UUID | None = None
) -> Tier | None:
    """Return the tier that a customer has at a moment, None where none was reached; the sale ``but`` does not count."""
    programme = settings.rewards
    if not programme.tiers:
        return None
    since = programme.tier_since(local_day(at, settings.zone))
    points = spend = 0
    if any(tier.points is not None for tier in programme.tiers):
        moment = start_of_day(since, settings.zone, "tier_months")
        points = tier_points_between(reading, customer_id, moment, at)
    if any(tier.spend is not None for tier in programme.tiers):
        sales = reading.sales.of_customers([customer_id]).get(customer_id, ())
        counted = (sale for sale in sales if since <= sale.day and sale.at <= at and sale.id != but)
        spend = sum(sale.net.minor for sale in counted if sale.status is SaleStatus.COMPLETED)
    return programme.tier(points, spend)
