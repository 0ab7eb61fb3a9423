"""Blocks in force."""

from datetime import timedelta
from typing import Any
from uuid import UUID

from tests.domain.samples import NOW, customer_id

from salon_crm.domain.blocks import AlertState, Block, BlockAlert, in_force
from salon_crm.domain.ids import BlockAlertId, BlockId


def a_block(number: int, **fields: Any) -> Block:
    own_id = BlockId(UUID(int=number))
    stated: dict[str, Any] = {
        "id": own_id,
        "origin": own_id,
        "customer_id": customer_id(1),
        "reason": "no-shows",
        "at": NOW,
        "by": "bea",
    }
    return Block(**{**stated, **fields})


def test_a_block_holds_until_it_is_lifted() -> None:
    assert a_block(1).in_force
    assert not a_block(1, lifted_at=NOW, lifted_by="bea").in_force


def test_blocks_in_force_come_oldest_first_then_by_id() -> None:
    older, lifted = a_block(9, at=NOW - timedelta(days=1)), a_block(2, lifted_at=NOW, lifted_by="bea")
    assert in_force([a_block(5), lifted, a_block(3), older]) == (older, a_block(3), a_block(5))
    assert in_force([]) == ()


def test_an_alert_is_open_until_staff_settle_it() -> None:
    alert = BlockAlert(id=BlockAlertId(UUID(int=1)), customer_id=customer_id(1), origin=BlockId(UUID(int=2)), at=NOW)
    assert alert.state is AlertState.OPEN
