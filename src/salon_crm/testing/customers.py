"""Checks of customers beside those of every kind: external ids, contacts and names they are met by."""

from contextlib import suppress

import pytest
from attrs import evolve
from hypothesis import given, settings
from hypothesis import strategies as st

from salon_crm.domain.contact import EmailAddress, PhoneNumber
from salon_crm.domain.customers import Customer
from salon_crm.domain.ids import ExternalId
from salon_crm.errors import Conflict, NotFound
from salon_crm.ports.salon import record_of
from salon_crm.ports.store import Reading, Store
from salon_crm.testing.builders import a_customer, a_customer_id
from salon_crm.testing.conformance import Conformance, Undone
from salon_crm.testing.strategies import customers, external_ids

_TILL_1 = ExternalId("old-till", "1")
_TILL_2 = ExternalId("old-till", "2")


def _holder(unit: Reading, external: ExternalId) -> Customer | None:
    held = unit.customers.by_key("external_id", [(external.system, external.id)])
    return next((customer for [customer] in held.values()), None)


class CustomerChecks(Conformance):
    """What `Customers` promises of the keys customers are met by."""

    def test_any_customer_comes_back_equal(self, store: Store) -> None:
        """A store gives back what it was given, equal in every field, as a property."""
        held = st.lists(external_ids(), max_size=2, unique=True).map(tuple)

        @settings(deadline=None)
        @given(before=customers(external_ids=held), after=customers(external_ids=held))
        def comes_back(before: Customer, after: Customer) -> None:
            after = evolve(after, id=before.id)
            with suppress(Undone), store.writing() as writing:
                writing.customers.add(before)
                assert writing.customers.get_many([before.id]) == {before.id: before}
                writing.customers.save(after, before.version)
                assert writing.customers.get_many([before.id]) == {before.id: after}
                assert all(_holder(writing, external) == after for external in after.external_ids)
                raise Undone

        comes_back()

    def test_an_external_id_belongs_to_one_customer(self, store: Store) -> None:
        """``add`` raises Conflict where a unique key is held already, and changes nothing."""
        with store.writing() as writing:
            writing.customers.add(a_customer(1, external_ids=(_TILL_1,)))
            with pytest.raises(Conflict):
                writing.customers.add(a_customer(2, external_ids=(_TILL_2, _TILL_1)))
        with store.reading() as reading:
            assert reading.customers.get_many([a_customer_id(2)]) == {}
            assert _holder(reading, _TILL_1) == a_customer(1, external_ids=(_TILL_1,))
            assert _holder(reading, _TILL_2) is None

    def test_an_external_id_of_another_is_not_taken_by_an_edit(self, store: Store) -> None:
        """``save`` raises Conflict where a unique key is held by another, and changes nothing."""
        first, second = a_customer(1, external_ids=(_TILL_1,)), a_customer(2, external_ids=(_TILL_2,))
        with store.writing() as writing:
            writing.customers.add(first)
            writing.customers.add(second)
            with pytest.raises(Conflict):
                writing.customers.save(evolve(second, version=2, name="Zoe Zuse", external_ids=(_TILL_1,)), 1)
        with store.reading() as reading:
            assert reading.customers.get_many([second.id]) == {second.id: second}
            assert _holder(reading, _TILL_1) == first
            assert _holder(reading, _TILL_2) == second
            assert reading.customers.by_key("name", ["zoe zuse"]) == {}

    def test_a_customer_keeps_their_external_id_through_an_edit(self, store: Store) -> None:
        """``save`` raises Conflict only where a unique key is held by another."""
        before = a_customer(1, external_ids=(_TILL_1, _TILL_2))
        after = evolve(before, version=2, external_ids=(_TILL_2,))
        with store.writing() as writing:
            writing.customers.add(before)
            writing.customers.save(after, 1)
            assert _holder(writing, _TILL_1) is None
            assert _holder(writing, _TILL_2) == after

    def test_an_external_id_moves_from_one_customer_to_another_in_one_unit(self, store: Store) -> None:
        """A unique key that was let go of is free at once, in the same unit of work."""
        first, second = a_customer(1, external_ids=(_TILL_1,)), a_customer(2)
        with store.writing() as writing:
            writing.customers.add(first)
            writing.customers.add(second)
            writing.customers.save(evolve(first, version=2, external_ids=()), 1)
            writing.customers.save(evolve(second, version=2, external_ids=(_TILL_1,)), 1)
        with store.writing() as writing:
            assert _holder(writing, _TILL_1) == evolve(second, version=2, external_ids=(_TILL_1,))
            writing.customers.remove(second.id)
            writing.customers.add(a_customer(3, external_ids=(_TILL_1,)))
        with store.reading() as reading:
            assert _holder(reading, _TILL_1) == a_customer(3, external_ids=(_TILL_1,))

    def test_an_external_id_moved_in_a_savepoint_moves_back(self, store: Store) -> None:
        """A savepoint is undone alone: whoever held a unique key before it holds it again."""
        first, second = a_customer(1, external_ids=(_TILL_1,)), a_customer(2, external_ids=(_TILL_2,))
        with store.writing() as writing:
            writing.customers.add(first)
            writing.customers.add(second)
            with suppress(Undone), writing.savepoint():
                writing.customers.remove(first.id)
                writing.customers.save(evolve(second, version=2, external_ids=(_TILL_1,)), 1)
                writing.customers.add(a_customer(3, external_ids=(_TILL_2,)))
                raise Undone
            with pytest.raises(Conflict):
                writing.customers.add(a_customer(3, external_ids=(_TILL_1,)))
        with store.reading() as reading:
            assert [_holder(reading, external) for external in (_TILL_1, _TILL_2)] == [first, second]

    def test_who_is_gone_is_not_found_whatever_they_hold(self, store: Store) -> None:
        """``save`` raises NotFound where the customer is gone, also where another holds their unique key by now."""
        with store.writing() as writing:
            writing.customers.add(a_customer(1, external_ids=(_TILL_1,)))
            with pytest.raises(NotFound):
                writing.customers.save(a_customer(2, version=2, external_ids=(_TILL_1,)), 1)

    def test_an_external_id_is_exact(self, store: Store) -> None:
        """Keys are compared as they are: by system and id, with their case, zeros and accents."""
        ids = [
            ExternalId(system, own_id)
            for system, own_id in (
                ("till", "1"), ("till", "01"), ("web", "1"), ("Till", "1"), ("till", "a"), ("till", "A"), ("till", "á")
            )
        ]  # fmt: skip
        customers = {each: a_customer(number, external_ids=(each,)) for number, each in enumerate(ids, start=1)}
        with store.writing() as writing:
            for customer in customers.values():
                writing.customers.add(customer)
        with store.reading() as reading:
            assert {each: _holder(reading, each) for each in ids} == customers
            assert reading.customers.by_key("external_id", [("till", "a "), ("till1", ""), ("", "till1")]) == {}

    def test_a_customer_is_met_by_every_contact_they_have_or_had(self, store: Store) -> None:
        """``by_key`` finds by every value a record has of the key: for contacts, those in use and former ones."""
        customer = a_customer(
            1,
            other_emails=(EmailAddress("Second@example.com", "second@example.com"),),
            other_phones=(PhoneNumber("+12025550101", extension="9"),),
            former_emails=(EmailAddress("old@example.com", "old@example.com"),),
            former_phones=(PhoneNumber("+12025550102"),),
        )
        contacts = [
            "customer1@example.com",
            "second@example.com",
            "old@example.com",
            "+447700900001",
            "+12025550101",
            "+12025550102",
        ]
        with store.writing() as writing:
            writing.customers.add(customer)
        with store.reading() as reading:
            found = reading.customers.by_key("contact", [*contacts, "Second@example.com", "nobody@example.com"])
            assert found == dict.fromkeys(contacts, (customer,))

    def test_a_contact_that_was_forgotten_meets_nobody(self, store: Store) -> None:
        """``save`` replaces the record: former values it no longer has lead nowhere, those it now has lead to it."""
        old = EmailAddress("old@example.com", "old@example.com")
        steps = (
            a_customer(1, email=old),
            a_customer(1, version=2, email=None, former_emails=(old,)),
            a_customer(1, version=3, email=None),
        )
        with store.writing() as writing:
            writing.customers.add(steps[0])
            writing.customers.save(steps[1], 1)
            assert writing.customers.by_key("contact", [old.key]) == {old.key: (steps[1],)}
            writing.customers.save(steps[2], 2)
        with store.reading() as reading:
            assert reading.customers.by_key("contact", [old.key]) == {}

    def test_customers_are_met_by_the_words_of_each_name(self, store: Store) -> None:
        """``by_key`` finds by the names customers have or had, their words folded and in one order."""
        ana = a_customer(1, name="Ana Łukasz Silva", former_names=("Ana Costa",))
        same = a_customer(2, name="SILVA, lukasz ana", first_name="Ana", last_name="Costa")
        with store.writing() as writing:
            writing.customers.add(same)
            writing.customers.add(ana)
        with store.reading() as reading:
            found = reading.customers.by_key("name", ["ana lukasz silva", "ana costa", "ana"])
            assert found == {"ana lukasz silva": (ana, same), "ana costa": (ana, same)}

    def test_a_record_is_made_of_a_customer_who_is_there(self, store: Store) -> None:
        """``record_of`` fetches the customer by the port; one who is not there is NotFound."""
        with store.writing() as writing:
            writing.customers.add(a_customer(1))
        with store.reading() as reading:
            assert record_of(reading, a_customer_id(1)).customer == a_customer(1)
            with pytest.raises(NotFound):
                record_of(reading, a_customer_id(2))
