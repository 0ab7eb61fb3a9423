"""Checks of the salon a store keeps, and of its settings."""

import pytest

from salon_crm.domain.criteria import EVERYBODY
from salon_crm.domain.money import Money
from salon_crm.domain.rewards import RewardProgramme
from salon_crm.domain.settings import REQUIRABLE_FIELDS
from salon_crm.errors import Conflict, NotFound
from salon_crm.ports.store import Store
from salon_crm.testing.builders import a_reward_programme, a_salon_record, some_settings
from salon_crm.testing.conformance import NAME, Capability, Conformance, MakeStore
from salon_crm.testing.records import TO_THE_MICROSECOND


class SettingsChecks(Conformance):
    """What `Reading` and `Writing` promise of the salon itself and of its settings."""

    def test_a_new_store_keeps_no_salon(self, store: Store) -> None:
        """``salon`` is None where none was created yet, ``settings`` raises NotFound, and everything is empty."""
        with store.reading() as reading:
            assert reading.salon() is None
            with pytest.raises(NotFound):
                reading.settings()
            assert reading.audit.head() is None
            assert reading.customers.count(EVERYBODY) == 0

    def test_a_salon_comes_back_equal_in_every_field(self, store: Store) -> None:
        """``create_salon`` keeps the salon and its settings; a store gives back what it was given."""
        salon = a_salon_record(created=TO_THE_MICROSECOND, mark_key=bytes(range(32)), key_check=bytes(range(224, 256)))
        settings = some_settings(
            required_fields=REQUIRABLE_FIELDS,
            zone="America/Argentina/ComodRivadavia",
            rewards=a_reward_programme(),
            version=7,
        )
        with store.writing() as writing:
            writing.create_salon(salon, settings)
            assert writing.salon() == salon
        with store.reading() as reading:
            assert reading.salon() == salon
            assert reading.settings() == settings

    def test_a_salon_is_there_after_opening_again(self, open_store: MakeStore) -> None:
        """A `SalonRecord` is kept from creation and for ever (capability: persistent)."""
        self.needs(Capability.PERSISTENT)
        first = open_store(NAME)
        with first.writing() as writing:
            writing.create_salon(a_salon_record(), some_settings())
        first.close()
        with open_store(NAME).reading() as reading:
            assert reading.salon() == a_salon_record()
            assert reading.settings() == some_settings()

    def test_a_salon_is_created_once(self, store: Store) -> None:
        """``create_salon`` raises Conflict where the store keeps one already, and changes nothing."""
        with store.writing() as writing:
            writing.create_salon(a_salon_record(1), some_settings())
            for another in (a_salon_record(1), a_salon_record(2)):
                with pytest.raises(Conflict):
                    writing.create_salon(another, some_settings(currency="GBP"))
        with store.reading() as reading:
            assert reading.salon() == a_salon_record(1)
            assert reading.settings() == some_settings()

    def test_settings_are_replaced(self, store: Store) -> None:
        """``save_settings`` replaces the settings, and nothing else of the salon."""
        changed = some_settings(
            region="GB",
            zone="UTC",
            currency="GBP",
            required_fields=("email",),
            rewards=RewardProgramme(value=Money(1, "GBP")),
            version=2,
        )
        with store.writing() as writing:
            writing.create_salon(a_salon_record(), some_settings(required_fields=("mobile", "email")))
            writing.save_settings(changed, 1)
            assert writing.settings() == changed
        with store.reading() as reading:
            assert reading.settings() == changed
            assert reading.salon() == a_salon_record()

    def test_settings_at_another_version_are_not_replaced(self, store: Store) -> None:
        """``save_settings`` raises Conflict where they are at another version than expected."""
        with store.writing() as writing:
            writing.create_salon(a_salon_record(), some_settings(version=3))
            for expected in (2, 4):
                with pytest.raises(Conflict):
                    writing.save_settings(some_settings(currency="GBP", version=expected + 1), expected)
        with store.reading() as reading:
            assert reading.settings() == some_settings(version=3)
