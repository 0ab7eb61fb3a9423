"""What tests of a salon, and of a storage of your own, are made of.

`StoreConformance` proves a store: subclass it, say how yours is made, and run pytest. The builders,
doubles and Hypothesis strategies serve any test. It needs ``pip install "salon-crm[kit]"``.
"""

from importlib import import_module

try:
    import pytest

    import_module("hypothesis")
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        f'salon_crm.testing needs {missing.name}. Run: pip install "salon-crm[kit]"', name=missing.name
    ) from missing
else:
    pytest.register_assert_rewrite(  # so that a failed check shows the values it compared
        "salon_crm.testing.abilities",
        "salon_crm.testing.audit",
        "salon_crm.testing.bookings",
        "salon_crm.testing.conformance",
        "salon_crm.testing.criteria",
        "salon_crm.testing.crowd",
        "salon_crm.testing.customers",
        "salon_crm.testing.machine",
        "salon_crm.testing.panel",
        "salon_crm.testing.records",
        "salon_crm.testing.settings",
        "salon_crm.testing.transactions",
    )

from salon_crm.testing import strategies
from salon_crm.testing.builders import (
    BUILDERS,
    OWNER,
    a_block,
    a_block_alert,
    a_booking,
    a_booking_change,
    a_customer,
    a_customer_id,
    a_fingerprint,
    a_location,
    a_mark,
    a_note,
    a_package,
    a_reference,
    a_reward_entry,
    a_reward_head,
    a_reward_lot,
    a_reward_programme,
    a_sale,
    a_salon_record,
    a_service,
    a_service_type,
    a_staff_member,
    an_alias,
    an_assigned_package,
    an_entry,
    an_instant,
    open_test_salon,
    some_facts,
    some_settings,
)
from salon_crm.testing.conformance import COMPLETE, IN_MEMORY, Capability
from salon_crm.testing.doubles import CountedIds, FixedClock
from salon_crm.testing.stores import StoreConformance

__all__ = [
    "BUILDERS",
    "COMPLETE",
    "IN_MEMORY",
    "OWNER",
    "Capability",
    "CountedIds",
    "FixedClock",
    "StoreConformance",
    "a_block",
    "a_block_alert",
    "a_booking",
    "a_booking_change",
    "a_customer",
    "a_customer_id",
    "a_fingerprint",
    "a_location",
    "a_mark",
    "a_note",
    "a_package",
    "a_reference",
    "a_reward_entry",
    "a_reward_head",
    "a_reward_lot",
    "a_reward_programme",
    "a_sale",
    "a_salon_record",
    "a_service",
    "a_service_type",
    "a_staff_member",
    "an_alias",
    "an_assigned_package",
    "an_entry",
    "an_instant",
    "open_test_salon",
    "some_facts",
    "some_settings",
    "strategies",
]
