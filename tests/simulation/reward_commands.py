"""What actors do with points, and what the model says must come of it."""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, Final
from uuid import UUID

from tests.simulation import model, reward_model
from tests.simulation.asking import Answer, Asked, Command, change, given, query
from tests.simulation.model import Deed, State, Who

import salon_crm as crm
from salon_crm.domain.rewards import RewardEntry, RewardLot

Told = tuple[str, int, int, datetime, int]


def as_entry(entry: RewardEntry) -> Told:
    return (str(entry.action), entry.points, entry.total_after, entry.at, entry.shortfall)


def as_deed(deed: Deed) -> Told:
    return (deed.action, deed.points, deed.total, deed.at, deed.short)


def as_lot(lot: RewardLot) -> tuple[Any, ...]:
    return (lot.number, lot.expires, lot.at, lot.points)


def as_purse(state: State, customer: UUID) -> tuple[Any, ...]:
    purse = reward_model.purse_of(state, customer)
    lots = {(lot.number, lot.last, lot.at, lot.points) for lot in purse.lots}
    return (len(purse.deeds), reward_model.total_of(purse)), lots, [as_deed(deed) for deed in purse.deeds]


def _given(state: State, who: Who, asked: Asked) -> Answer:
    state, deed = reward_model.given(state, who, model.person(state, who, asked["who"]), asked.args)
    return state, as_deed(deed)


def _spent(state: State, who: Who, asked: Asked) -> Answer:
    state, deed = reward_model.spent(state, who, model.person(state, who, asked["who"]), asked.args)
    return state, as_deed(deed)


def _undone(state: State, who: Who, asked: Asked) -> Answer:
    state, deed = reward_model.undone(state, who, asked["entry"], lambda one: model.person(state, who, one))
    return state, as_deed(deed)


def _hand_on(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    made = crm.transfer_points(salon, actor, asked["who"], to=asked["to"], points=asked["points"])
    return as_entry(made.given), as_entry(made.received)


def _handed_on(state: State, who: Who, asked: Asked) -> Answer:
    one, other = (model.person(state, who, asked[name]) for name in ("who", "to"))
    state = reward_model.handed_on(state, who, one, other, asked["points"])
    return state, tuple(as_deed(reward_model.purse_of(state, each.id).deeds[-1]) for each in (one, other))


def _reward(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    rules: Any = [{"per": "visit", "points": asked["points"]}] if asked["points"] else []
    settings = crm.change_settings(salon, actor, rewards={"rules": rules})
    return [rule.points for rule in settings.rewards.rules]


def _rewarded(state: State, who: Who, asked: Asked) -> Answer:
    return model.rewarded(state, who, asked["points"]), [asked["points"]] if asked["points"] else []


def _purse(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    balance = crm.points_balance(salon, actor, asked["who"])
    history = crm.points_history(salon, actor, asked["who"], limit=500)
    return balance.total, balance.available, [as_entry(row.entry) for row in history]


def _in_purse(state: State, who: Who, asked: Asked) -> Answer:
    purse = reward_model.purse_of(state, model.person(state, who, asked["who"]).id)
    day = reward_model.today(who.now)
    available = sum(lot.points for lot in purse.lots if lot.last is None or day <= lot.last)
    return state, (reward_model.total_of(purse), available, [as_deed(deed) for deed in reversed(purse.deeds)])


def _verified(salon: crm.Salon, actor: crm.Actor, _: Asked) -> Any:
    verified = crm.verify_ledger(salon, actor)
    return verified.ok, verified.ledgers, verified.entries


def _all_verified(state: State, who: Who, _: Asked) -> Answer:
    return state, (True, len(state.purses), sum(len(purse.deeds) for purse in state.purses.values()))


def _give(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    said = given(asked, "points", "expires", "id", "reference", "at")
    return as_entry(crm.add_points(salon, actor, asked["who"], **said))


def _spend(salon: crm.Salon, actor: crm.Actor, asked: Asked) -> Any:
    said = given(asked, "points", "id", "reference", "at")
    return as_entry(crm.redeem_points(salon, actor, asked["who"], **said))


REWARD_COMMANDS: Final[Mapping[str, Command]] = {
    "reward": change("settings", _reward, _rewarded),
    "give": change("give points", _give, _given),
    "spend": change("spend points", _spend, _spent),
    "undo": change(
        "change points", lambda salon, actor, a: as_entry(crm.reverse_entry(salon, actor, a["entry"])), _undone
    ),
    "hand on": change("change points", _hand_on, _handed_on),
    "purse": query("see points", _purse, _in_purse),
    "ledgers": query("audit", _verified, _all_verified),
}
