"""What a command is: a use case as it is called, what the model says must come of it, and what it is asked with."""

from collections.abc import Callable, Mapping
from typing import Any, Final
from uuid import UUID

from attrs import frozen
from tests.simulation.model import State, Who

import salon_crm as crm

_MOST_PAGES: Final = 60


@frozen
class Asked:
    """A command's arguments as they stand when its turn has come, and what only the store can tell."""

    args: Mapping[str, Any]
    new_id: Callable[[str], UUID]
    """Gives the id of the one thing of a kind that the store has and the model has not yet."""
    seen: dict[str, Any]
    """What the call found on its way, where the model must know which."""

    def __getitem__(self, name: str) -> Any:
        return self.args.get(name)


Answer = tuple[State, Any]
"""The state after a command, and what it must return as the model says it."""


@frozen
class Command:
    """A use case: the permission it takes first, how it is called, what must come of it."""

    needs: str
    writes: bool
    call: Callable[[crm.Salon, crm.Actor, Asked], Any]
    expect: Callable[[State, Who, Asked], Answer]
    beforehand: Callable[[Who, Asked], None] = lambda who, asked: None
    """Refuses what is refused by who asks and what they say alone, before anything is opened."""


def given(asked: Asked, *names: str) -> dict[str, Any]:
    return {name: asked.args[name] for name in names if name in asked.args}


def query(needs: str, call: Callable[..., Any], expect: Callable[[State, Who, Asked], Answer]) -> Command:
    return Command(needs, False, call, expect)


def change(
    needs: str,
    call: Callable[..., Any],
    expect: Callable[[State, Who, Asked], Answer],
    beforehand: Callable[[Who, Asked], None] = lambda who, asked: None,
) -> Command:
    return Command(needs, True, call, expect, beforehand)


def walked_pages(
    salon: crm.Salon, actor: crm.Actor, wanted: crm.CustomerFilter, shown: Mapping[str, Any]
) -> tuple[list[crm.CustomerRow], bool]:
    """Walk the pages of a list to its end and back again; return its rows, and whether the way back showed the same."""
    page = crm.find_customers(salon, actor, wanted, **shown)
    there = [page]
    while page.next is not None and len(there) < _MOST_PAGES:
        page = crm.find_customers(salon, actor, wanted, page=page.next, **shown)
        there.append(page)
    back = [page]
    while page.previous is not None and len(back) < _MOST_PAGES:
        page = crm.find_customers(salon, actor, wanted, page=page.previous, **shown)
        back.append(page)
    rows = [row for page in there for row in page]
    return rows, [row for page in reversed(back) for row in page] == rows
