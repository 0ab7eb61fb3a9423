"""The conformance kit of stores: one class to subclass, one hook to fill in."""

from salon_crm.testing.abilities import BackupChecks, ExportChecks, JoiningChecks, MaintenanceChecks, WalkingChecks
from salon_crm.testing.audit import AuditChecks
from salon_crm.testing.bookings import BookingChecks, SaleChecks
from salon_crm.testing.criteria import CriteriaChecks
from salon_crm.testing.crowd import CrowdChecks
from salon_crm.testing.customers import CustomerChecks
from salon_crm.testing.machine import ProgramChecks
from salon_crm.testing.panel import PanelChecks
from salon_crm.testing.records import RecordChecks
from salon_crm.testing.rewards import RewardChecks
from salon_crm.testing.settings import SettingsChecks
from salon_crm.testing.transactions import TransactionChecks


class StoreConformance(
    RecordChecks,
    CustomerChecks,
    CriteriaChecks,
    CrowdChecks,
    PanelChecks,
    BookingChecks,
    SaleChecks,
    RewardChecks,
    AuditChecks,
    SettingsChecks,
    TransactionChecks,
    JoiningChecks,
    BackupChecks,
    MaintenanceChecks,
    WalkingChecks,
    ExportChecks,
    ProgramChecks,
):
    """Proves that a store keeps every promise of `salon_crm.ports.store`.

    Subclass it in a test module, with a name that begins with ``Test``, and say how your store is made::

        class TestMyStore(StoreConformance):
            @pytest.fixture
            def make_store(self, tmp_path):
                return lambda name: MyStore(tmp_path / f"{name}.db")

    The same name must give the same data, opened again, and a new name an empty store. Set ``capabilities``
    where the store lacks some (`Capability`): its checks are skipped, and say so. ``expected_failures`` maps
    the names of checks the store is known to fail to the reason; one that passes all the same fails.
    Override the fixture ``make_impatient_store`` where the deadline of writers can be set, ``make_host`` and
    ``open_backup`` where the store joins transactions and is backed up.
    """
