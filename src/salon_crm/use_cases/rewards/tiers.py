"""Which tier of the programme a customer has."""

from datetime import date
from uuid import UUID

from salon_crm.domain.dates import start_of_day
from salon_crm.domain.ids import CustomerId
from salon_crm.domain.rewards import Tier
from salon_crm.domain.sales import SaleStatus
from salon_crm.domain.settings import Settings
from salon_crm.ports.store import Reading, RewardQuery, entries_asked


def tier_of(
    reading: Reading, customer_id: CustomerId, settings: Settings, on: date, *, but: UUID | None = None
) -> Tier | None:
    """Return the tier that a customer has on a day, None where none was reached; the sale ``but`` does not count."""
    programme = settings.rewards
    if not programme.tiers:
        return None
    since = programme.tier_since(on)
    points = spend = 0
    if any(tier.points is not None for tier in programme.tiers):
        moment = start_of_day(since, settings.zone, "tier_months")
        asked = RewardQuery(customer_id=customer_id, since=moment)
        points = sum(entry.tier_points for entry in entries_asked(reading, asked))
    if any(tier.spend is not None for tier in programme.tiers):
        sales = reading.sales.of_customers([customer_id]).get(customer_id, ())
        counted = (sale for sale in sales if since <= sale.day <= on and sale.id != but)
        spend = sum(sale.net.minor for sale in counted if sale.status is SaleStatus.COMPLETED)
    return programme.tier(points, spend)
