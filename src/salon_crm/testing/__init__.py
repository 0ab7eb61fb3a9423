"""What tests of a salon, and of a storage of your own, are made of.

`StoreConformance` proves a store: subclass it, say how yours is made, and run pytest. The builders,
doubles and Hypothesis strategies serve any test. It needs ``pip install salon-crm[test]``.
"""

try:
    import hypothesis
    import pytest
except ModuleNotFoundError as missing:
    raise ModuleNotFoundError(
        f"salon_crm.testing needs {missing.name}. Run: pip install salon-crm[test]", name=missing.name
    ) from missing

for _module in ("audit", "conformance", "criteria", "customers", "machine", "records", "settings", "transactions"):
    pytest.register_assert_rewrite(f"{__name__}.{_module}")  # so that a failed check shows the values it compared

from salon_crm.testing import strategies  # noqa: E402  -- asserts are rewritten in what is imported from here on
from salon_crm.testing.builders import (  # noqa: E402
    BUILDERS,
    OWNER,
    a_block,
    a_block_alert,
    a_customer,
    a_customer_id,
    a_fingerprint,
    a_mark,
    a_note,
    a_reference,
    a_salon_record,
    an_alias,
    an_entry,
    an_instant,
    open_test_salon,
    some_settings,
)
from salon_crm.testing.conformance import Capability  # noqa: E402
from salon_crm.testing.doubles import CountedIds, FixedClock  # noqa: E402
from salon_crm.testing.stores import StoreConformance  # noqa: E402

__all__ = [
    "BUILDERS",
    "OWNER",
    "Capability",
    "CountedIds",
    "FixedClock",
    "StoreConformance",
    "a_block",
    "a_block_alert",
    "a_customer",
    "a_customer_id",
    "a_fingerprint",
    "a_mark",
    "a_note",
    "a_reference",
    "a_salon_record",
    "an_alias",
    "an_entry",
    "an_instant",
    "open_test_salon",
    "some_settings",
    "strategies",
]
