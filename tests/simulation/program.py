"""Programs: a seed decides every step beforehand, so that a step can be left out and the rest stays as it was."""

import random
from collections.abc import Callable
from typing import Any, Final

from attrs import evolve
from tests.simulation.booking_model import ITEMS
from tests.simulation.faults import ERRORS, Fault
from tests.simulation.model import EMAILS, FOLDED, PHONES
from tests.simulation.world import ENTRIES, POOL, ROLES, SLOTS, Step

_NAMES: Final = tuple(FOLDED)
_TEXTS: Final = ("ana", "silva", "a", "ana silva", "silv ana", "lucja", "зол", "елкина", "王", "@example.com", "nobody")
_DIGITS: Final = ("900001", "07700 900002", "+44 7700", "44 (0)7700 900003", "0111", "99")
_ONE_UNIT_ONLY: Final = frozenset({"list", "panel", "settle", "reopen", "each", "look", "leave", "end"})
"""What takes several units of work, or none: others do not act in the middle of it."""


class _Dice(random.Random):
    def sometimes(self, chance: float, value: Callable[[], Any], name: str) -> dict[str, Any]:
        """Return an argument now and then."""
        return {name: value()} if self.random() < chance else {}


def _who(dice: _Dice) -> dict[str, Any]:
    return {"who": dice.choice((1, 1, 2, 2, 3, 3, 4, 5, 6, 7, 8))}


def _profile(dice: _Dice, *, chance: float) -> dict[str, Any]:
    return {
        **dice.sometimes(chance, lambda: dice.choice((*EMAILS, None)), "email"),
        **dice.sometimes(chance, lambda: dice.choice((*PHONES, None)), "mobile"),
        **dice.sometimes(chance / 3, lambda: (("till", str(dice.randint(1, 3))),), "external_ids"),
    }


def _beside(dice: _Dice, ids: int) -> dict[str, Any]:
    return {
        **dice.sometimes(0.5, lambda: dice.randint(1, ids), "id"),
        **dice.sometimes(0.35, lambda: f"form {dice.randint(1, 3)}", "reference"),
        **dice.sometimes(0.2, lambda: dice.randint(0, 3), "days_ago"),
    }


def _panel(dice: _Dice) -> dict[str, Any]:
    return {
        **dice.sometimes(0.7, lambda: dice.choice(_TEXTS + _DIGITS), "text"),
        **dice.sometimes(0.2, lambda: dice.choice(("active", "inactive")), "status"),
        **dice.sometimes(0.2, lambda: dice.random() < 0.5, "blocked"),
    }


_FIRST: Final = ("Hair", "Cut", "Colour & Cut", "Soho", "Brooklyn", "Gil", "Inês")
"""What every salon offers at first."""
_CODES: Final = {
    kind: tuple(code for its, code, _ in ITEMS.values() if its == kind)
    for kind in ("service_types", "services", "locations", "staff_members")
}
_SERVICES: Final = (*("cut", "colour-cut") * 4, "manikure", "advice")
_STATES: Final = ("pending", "confirmed", "completed", "cancelled", "no-show")
_HOURS: Final = (-60, -25, -2, -1, 0, 0, 1, 2, 23, 24, 50)
_MOVES: Final = ("confirm", "complete", "complete", "cancel", "mark-no-show", "reopen", "reopen", "record-arrival")


def _item(dice: _Dice) -> dict[str, Any]:
    kind = dice.choice(("services", "services", "locations", "staff_members", "service_types"))
    return {"kind": kind, "code": dice.choice(_CODES[kind])}


def _slot(dice: _Dice) -> dict[str, Any]:
    return {"slot": dice.choice((1, 1, 1, 2, 2, 2, 3, 3, 4, 5))}


def _where(dice: _Dice, chance: float = 0.3) -> dict[str, Any]:
    return {
        **dice.sometimes(chance, lambda: dice.choice(_CODES["locations"]), "location"),
        **dice.sometimes(0.4, lambda: dice.choice(_CODES["staff_members"]), "therapist"),
    }


def _plan(dice: _Dice) -> dict[str, Any]:
    return {**_who(dice), "service": dice.choice(_SERVICES), "in_hours": dice.choice(_HOURS), **_where(dice, 0.95)}


def _move(dice: _Dice) -> dict[str, Any]:
    move = dice.choice(_MOVES)
    said = {"reason": "A slip."} if move == "reopen" else {}
    if move == "cancel":
        said = dice.sometimes(0.4, lambda: dice.choice(("customer", "salon")), "by")
    if move == "record-arrival":
        said = dice.sometimes(0.4, lambda: dice.randint(0, 2), "days_ago")
    return {**_slot(dice), "move": move, **said}


def _booking_panel(dice: _Dice) -> dict[str, Any]:
    period = sorted((dice.randint(-3, 3), dice.randint(-3, 3)))
    return {
        **dice.sometimes(0.5, lambda: dice.choice(_SERVICES), "service"),
        **dice.sometimes(0.3, lambda: dice.choice(_SERVICES), "unused"),
        **dice.sometimes(0.4, lambda: dice.choice((*_STATES, "active", "active")), "state"),
        **dice.sometimes(0.3, lambda: period[0], "first_in"),
        **dice.sometimes(0.3, lambda: period[1], "last_in"),
        **dice.sometimes(0.2, lambda: dice.randint(0, 2), "visits"),
        **dice.sometimes(0.2, lambda: dice.randint(-2, 1), "gone_in"),
    }


_COMMANDS: Final[dict[str, tuple[int, Callable[[_Dice], dict[str, Any]]]]] = {
    "add": (
        14,
        lambda d: {
            "name": d.choice(_NAMES),
            **_profile(d, chance=0.7),
            **d.sometimes(0.15, lambda: "Likes tea.", "note"),
            **_beside(d, POOL),
        },
    ),
    "find or add": (5, lambda d: {"name": d.choice(_NAMES), **_profile(d, chance=0.7), **_beside(d, POOL)}),
    "edit": (
        14,
        lambda d: {
            **_who(d),
            **d.sometimes(0.4, lambda: d.choice(_NAMES), "name"),
            **_profile(d, chance=0.4),
            **d.sometimes(0.4, lambda: d.choice((0, 0, 1, 2)), "behind"),
            **d.sometimes(0.1, lambda: False, "keep_former"),
        },
    ),
    "note": (
        8,
        lambda d: {**_who(d), "text": f"Colour {d.randint(1, 3)}.", "alert": d.random() < 0.3, **_beside(d, 3)},
    ),
    "edit note": (
        5,
        lambda d: {
            "jot": d.randint(1, 4),
            **d.sometimes(0.6, lambda: f"Colour {d.randint(1, 3)}.", "text"),
            **d.sometimes(0.4, lambda: d.random() < 0.5, "alert"),
        },
    ),
    "remove note": (5, lambda d: {"jot": d.randint(1, 4)}),
    "block": (7, lambda d: {**_who(d), "reason": f"Did not come {d.randint(1, 2)} times.", **_beside(d, 3)}),
    "unblock": (4, _who),
    "settle": (5, lambda d: {"number": d.randint(0, 3), "same_person": d.random() < 0.5}),
    "status": (3, lambda d: {**_who(d), "status": d.choice(("active", "inactive"))}),
    "forget": (3, _who),
    "remove": (4, _who),
    "get": (3, _who),
    "notes": (2, _who),
    "blocks": (2, _who),
    "alerts": (2, lambda d: {}),
    "list": (
        6,
        lambda d: {**_panel(d), "order": d.choice(("name", "-name", "added", "-added")), "limit": d.randint(1, 3)},
    ),
    "count": (2, _panel),
    "trail": (
        2,
        lambda d: {**d.sometimes(0.5, lambda: d.randint(1, POOL), "who"), "after": d.randint(0, 9), "limit": 5},
    ),
    "head": (2, lambda d: {}),
    "verify": (2, lambda d: {"head": d.randint(0, 9)}),
    "offer": (4, lambda d: {"name": d.choice(tuple(ITEMS))}),
    "rename": (2, lambda d: {**_item(d), "name": d.choice(tuple(ITEMS))}),
    "retire": (3, _item),
    "restore": (3, _item),
    "book": (
        16,
        lambda d: {**_plan(d), **d.sometimes(0.3, lambda: d.choice(_STATES[:3]), "status"), **_beside(d, SLOTS)},
    ),
    "move": (22, _move),
    "reschedule": (
        6,
        lambda d: {
            **_slot(d),
            **d.sometimes(0.6, lambda: d.choice(_HOURS), "in_hours"),
            **d.sometimes(0.3, lambda: d.choice(_SERVICES), "service"),
            **_where(d),
            **d.sometimes(0.3, lambda: "The bus.", "reason"),
        },
    ),
    "put": (
        5,
        lambda d: {**_plan(d), "external": ("calendar", str(d.randint(1, 2))), "status": d.choice(_STATES)},
    ),
    "booking": (1, _slot),
    "bookings": (
        2,
        lambda d: {
            **_who(d),
            **d.sometimes(0.4, lambda: d.randint(-3, 0), "since_in"),
            **d.sometimes(0.4, lambda: d.randint(0, 3), "until_in"),
        },
    ),
    "day": (
        2,
        lambda d: {
            **d.sometimes(0.6, lambda: d.randint(-2, 2), "since_in"),
            **d.sometimes(0.3, lambda: d.choice(_STATES), "status"),
        },
    ),
    "unclosed": (1, lambda d: {}),
    "panel": (6, _booking_panel),
    "facts": (1, lambda d: {}),
    "reward": (3, lambda d: {"points": d.choice((0, 3, 5, 5))}),
    "give": (
        9,
        lambda d: {
            **_who(d),
            "points": d.choice((1, 5, 12)),
            **d.sometimes(0.5, lambda: d.randint(-1, 2), "expires_in"),
            **_beside(d, ENTRIES),
        },
    ),
    "spend": (10, lambda d: {**_who(d), "points": d.choice((1, 3, 5, 9)), **_beside(d, ENTRIES)}),
    "undo": (7, lambda d: {"entry": d.randint(1, ENTRIES)}),
    "hand on": (3, lambda d: {**_who(d), "to": d.randint(1, 4), "points": d.choice((1, 4))}),
    "purse": (3, _who),
    "ledgers": (1, lambda d: {}),
    "begin": (4, lambda d: {}),
    "end": (5, lambda d: {}),
    "leave": (4, lambda d: {"all": d.random() < 0.4, "by": d.choice(("Left", "KeyboardInterrupt"))}),
    "look": (4, lambda d: {}),
    "look away": (2, lambda d: {}),
    "each": (3, lambda d: {}),
    "reopen": (2, lambda d: {}),
}
"""What actors do, how often beside one another, and with what."""

_VERBS: Final = tuple(_COMMANDS)
_CUSTOMERS_OWN: Final = (
    "edit",
    "get",
    "forget",
    "book",
    "move",
    "reschedule",
    "booking",
    "bookings",
    "begin",
    "end",
    "look",
    "look away",
)
_VERBS_OF_PORTS: Final = ("commit", "commit", "append", "add", "save", "remove", "savepoint", "release", "writing")
_BUSY: Final = (4, 3, 1, 1)
"""How often each role is the one who acts for a while."""
_ALMOST: Final = 1e-6


def program(seed: int, steps: int) -> list[Step]:
    """Return the steps that a seed means: the same ones for ever, as long as this module stays as it is.

    It begins with a few customers, a catalogue, a booking or two and a few points. Then one actor acts for a while, so
    that a transaction comes to its end, and now and then another does in between.
    """
    dice = _Dice(seed)
    made = [_newcomer(dice, number) for number in range(1, POOL)]
    made += [Step("owner", "offer", {"name": name}) for name in _FIRST]
    made += [
        Step("owner", "book", {**_plan(dice), "who": number, "service": "cut", "id": number}) for number in (1, 2, 3)
    ]
    made += [Step("owner", "reward", {"points": dice.choice((0, 5))})]
    made += [Step("owner", "give", {"who": number, "points": 12, "id": number}) for number in (1, 2)]
    while len(made) < steps:
        mostly = dice.choices(ROLES, _BUSY)[0]
        begins = [Step(mostly, "begin")] if dice.random() < 0.4 else []
        acts = [_step(dice, mostly if dice.random() < 0.75 else dice.choice(ROLES)) for _ in range(dice.randint(2, 10))]
        made += [*begins, *acts, *_ending(dice, mostly, [*begins, *acts])]
    return made[:steps]


def _ending(dice: _Dice, role: str, acts: list[Step]) -> list[Step]:
    """Return the steps that end every transaction the role may have begun, or none, so that some stay open."""
    begun = sum(step.actor == role and step.verb == "begin" for step in acts)
    if dice.random() < 0.15:
        return []
    if begun and dice.random() < 0.25:
        return [Step(role, "leave", {"all": True, "by": dice.choice(("Left", "KeyboardInterrupt"))})]
    faulty = [_fault(dice) if dice.random() < 0.3 else None for _ in range(begun)]
    return [Step(role, "end", fault=fault) for fault in faulty]


def _newcomer(dice: _Dice, number: int) -> Step:
    return Step("owner", "add", {"id": number, "name": dice.choice(_NAMES), **_profile(dice, chance=0.8)})


def _step(dice: _Dice, role: str) -> Step:
    step = _plain_step(dice, role)
    if dice.random() < 0.3:
        step = evolve(step, wait=_wait(dice))
    if dice.random() < 0.3:
        return evolve(step, fault=_fault(dice))
    if dice.random() < 0.25 and step.verb not in _ONE_UNIT_ONLY:
        other = _plain_step(dice, dice.choice(ROLES))
        if other.verb != "reopen":
            return evolve(step, at_call=dice.randint(1, 8), meanwhile=other)
    return step


def _fault(dice: _Dice) -> Fault | None:
    """Return what goes wrong in a step, half the time by the verb, so that the last calls have their share."""
    error, after = dice.choice(list(ERRORS)), dice.random() < 0.5
    if dice.random() < 0.5:
        return Fault(dice.randint(1, 14), error, after)
    return Fault(dice.choice((1, 1, 2)), error, after, dice.choice(_VERBS_OF_PORTS))


def _plain_step(dice: _Dice, role: str) -> Step:
    verbs = _CUSTOMERS_OWN if role == "customer" and dice.random() < 0.8 else _VERBS
    [verb] = dice.choices(verbs, [_COMMANDS[each][0] for each in verbs])
    args = _COMMANDS[verb][1](dice)
    if role == "customer" and "who" in args and dice.random() < 0.8:
        args["who"] = 1
    if role == "customer" and verb == "move" and dice.random() < 0.8:
        args = {"slot": 1, "move": "cancel"}
    return Step(role, verb, args, outside=dice.random() < 0.05)


def _wait(dice: _Dice) -> tuple[str, float]:
    """Return how the clock moves: on, a little back, to the edge of a day or of a change of the clocks."""
    edge = dice.choice((-_ALMOST, 0, _ALMOST, 1_800))
    return dice.choice(
        (
            ("goes on", _ALMOST),
            ("goes on", dice.randint(1, 90_000)),
            ("goes on", -dice.randint(1, 5)),
            ("goes to midnight and", edge),
            ("goes over a change and", edge),
        )
    )
