"""Several use cases in one transaction, on every store."""

import threading
from collections.abc import Callable
from contextlib import suppress

import pytest
from tests.use_cases.actors import MANAGER, OWNER, STAFF

import salon_crm as crm
from salon_crm.use_cases.access import USE_CASES


def names(salon: crm.Salon) -> list[str]:
    return [row.name for row in crm.find_customers(salon, STAFF)]


def test_several_use_cases_are_kept_together_and_see_one_another(salon: crm.Salon) -> None:
    with salon.transaction() as tx:
        ana = crm.add_customer(tx, STAFF, name="Ana")
        crm.add_note(tx, STAFF, ana.id, text="Tea")
        assert names(tx) == ["Ana"]
        assert crm.edit_customer(tx, STAFF, ana.id, gender="female").customer.version == 2
        assert names(salon) == []
    assert names(salon) == ["Ana"]
    assert crm.get_customer(salon, STAFF, ana.id).version == 2


def test_an_exception_undoes_everything(salon: crm.Salon) -> None:
    head = crm.audit_head(salon, OWNER)
    with suppress(ZeroDivisionError), salon.transaction() as tx:
        ana = crm.add_customer(tx, STAFF, name="Ana", email="ana@example.com", note="Tea", reference="r")
        crm.block_customer(tx, MANAGER, ana.id, reason="Late")
        crm.change_settings(tx, OWNER, region="ES")
        raise ZeroDivisionError
    assert names(salon) == []
    assert crm.audit_head(salon, OWNER) == head
    assert crm.get_settings(salon, OWNER).region == "PT"
    again = crm.add_customer(salon, STAFF, name="Rui", email="ana@example.com", reference="r")
    assert (crm.block_alerts(salon, STAFF), crm.customer_notes(salon, STAFF, again.id)) == ((), ())
    assert crm.verify_audit(salon, OWNER).ok


def test_a_use_case_that_is_refused_is_undone_alone(salon: crm.Salon) -> None:
    with salon.transaction() as tx:
        ana = crm.add_customer(tx, STAFF, name="Ana", external_ids=[("till", "7")])
        with pytest.raises(crm.Conflict):
            crm.add_customer(tx, STAFF, name="Rui", external_ids=[("till", "7")])
        with pytest.raises(crm.InvalidDocument):
            crm.edit_customer(tx, STAFF, ana.id, email="nobody")
        crm.add_customer(tx, STAFF, name="Eva")
    assert names(salon) == ["Ana", "Eva"]
    assert crm.verify_audit(salon, OWNER).entries == 3


def test_a_part_of_a_transaction_is_undone_alone(salon: crm.Salon) -> None:
    with salon.transaction() as tx:
        crm.add_customer(tx, STAFF, name="Ana")
        with suppress(ZeroDivisionError), tx.transaction() as part:
            crm.add_customer(part, STAFF, name="Rui")
            with part.transaction() as inner:
                crm.add_customer(inner, STAFF, name="Kim")
            raise ZeroDivisionError
        with tx.transaction() as part:
            crm.add_customer(part, STAFF, name="Eva")
    assert names(salon) == ["Ana", "Eva"]
    assert crm.verify_audit(salon, OWNER).ok


def test_after_its_block_tx_serves_no_longer(salon: crm.Salon) -> None:
    with salon.transaction() as tx:
        crm.add_customer(tx, STAFF, name="Ana")
        walk = crm.each_customer(tx, STAFF)
    with suppress(ZeroDivisionError), salon.transaction() as failed:
        raise ZeroDivisionError
    attempts: list[Callable[[], object]] = [
        lambda: crm.add_customer(tx, STAFF, name="Rui"),
        lambda: crm.count_customers(tx, STAFF),
        lambda: crm.count_customers(failed, STAFF),
        lambda: list(walk),
        lambda: tx.transaction().__enter__(),
    ]
    for attempt in attempts:
        with pytest.raises(crm.RuleBroken) as caught:
            attempt()
        assert caught.value.code == "transaction-over"
    assert names(salon) == ["Ana"]


def test_tx_is_refused_in_another_thread(salon: crm.Salon) -> None:
    refused: list[str] = []

    def elsewhere(tx: crm.Salon) -> None:
        for attempt in (lambda: crm.count_customers(tx, STAFF), lambda: crm.add_customer(tx, STAFF, name="Rui")):
            with pytest.raises(crm.RuleBroken) as caught:
                attempt()
            refused.append(caught.value.code)

    with salon.transaction() as tx:
        thread = threading.Thread(target=elsewhere, args=(tx,))
        thread.start()
        thread.join(timeout=10)
    assert refused == ["transaction-elsewhere"] * 2


def test_writing_through_the_salon_itself_meanwhile_is_refused_at_once_naming_tx(salon: crm.Salon) -> None:
    with salon.transaction() as tx:
        crm.add_customer(tx, STAFF, name="Ana")
        attempts: list[Callable[[], object]] = [
            lambda: crm.add_customer(salon, STAFF, name="Rui"),
            lambda: salon.transaction().__enter__(),
        ]
        for attempt in attempts:
            with pytest.raises(crm.RuleBroken, match="Give tx") as caught:
                attempt()
            assert caught.value.code == "transaction-open"
    crm.add_customer(salon, STAFF, name="Eva")
    assert names(salon) == ["Ana", "Eva"]


def test_another_thread_reads_meanwhile_and_writes_after(salon: crm.Salon) -> None:
    seen: list[list[str]] = []
    reading_done = threading.Event()

    def elsewhere() -> None:
        seen.append(names(salon))
        reading_done.set()
        crm.add_customer(salon, STAFF, name="Eva")

    thread = threading.Thread(target=elsewhere)
    with salon.transaction() as tx:
        crm.add_customer(tx, STAFF, name="Ana")
        thread.start()
        assert reading_done.wait(timeout=10)
    thread.join(timeout=10)
    assert seen == [[]]
    assert names(salon) == ["Ana", "Eva"]


@pytest.mark.parametrize("name", sorted(name for name, declared in USE_CASES.items() if declared.sliced))
def test_work_in_many_short_transactions_is_refused_inside_one(salon: crm.Salon, name: str) -> None:
    with salon.transaction() as tx, pytest.raises(crm.RuleBroken, match=name) as caught:
        getattr(crm, name)(tx, OWNER, "customers.csv")
    assert caught.value.code == "sliced-in-transaction"


def test_a_transaction_cannot_be_closed_and_a_closed_salon_serves_nothing(salon: crm.Salon) -> None:
    with salon.transaction() as tx, pytest.raises(crm.RuleBroken):
        tx.close()
    salon.close()
    salon.close()
    attempts: list[Callable[[], object]] = [
        lambda: crm.count_customers(salon, STAFF),
        lambda: crm.add_customer(salon, STAFF, name="Ana"),
        lambda: salon.transaction().__enter__(),
    ]
    for attempt in attempts:
        with pytest.raises(crm.StoreError) as caught:
            attempt()
        assert caught.value.code == "closed"


def test_a_salon_and_its_transaction_show_nothing_but_the_id(salon: crm.Salon) -> None:
    with salon.transaction() as tx:
        assert repr(salon) == f"Salon(id='{salon.id}')"
        assert str(salon.id) in repr(tx)
