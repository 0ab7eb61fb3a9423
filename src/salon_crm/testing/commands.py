"""What a program tells a salon: a use case with what it is called with, and how it ended."""

from collections.abc import Callable, Mapping
from typing import Any

from attrs import field, frozen
from hypothesis import strategies as st
from hypothesis.strategies import SearchStrategy

from salon_crm.domain.access import Actor
from salon_crm.errors import InvalidValue, SalonCrmError
from salon_crm.ports.salon import Salon
from salon_crm.testing.builders import OWNER


def _show_call(call: Callable[..., Any]) -> str:
    return call.__name__


@frozen
class Outcome:
    """How a use case ended: what it returned, or the type, code, field and params of what it raised."""

    returned: Any = None
    raised: tuple[Any, ...] | None = None


@frozen
class Command:
    """A use case and what it is called with, beside the salon, and who acts."""

    call: Callable[..., Any] = field(repr=_show_call)
    args: tuple[Any, ...] = ()
    kwargs: Mapping[str, Any] = field(factory=dict[str, Any])
    actor: Actor = OWNER

    def run(self, salon: Salon) -> Outcome:
        """Call the use case; return how it ended."""
        try:
            return Outcome(returned=self.call(salon, self.actor, *self.args, **self.kwargs))
        except SalonCrmError as error:
            return Outcome(raised=_described(error))


def _described(error: SalonCrmError) -> tuple[Any, ...]:
    problems = error.problems if isinstance(error, InvalidValue) else ()
    within = tuple(_described(problem) for problem in problems if problem is not error)
    return (type(error), error.code, error.field, dict(error.params), within)


def command(
    call: Callable[..., Any],
    *args: SearchStrategy[Any],
    kwargs: SearchStrategy[dict[str, Any]] | None = None,
    actor: SearchStrategy[Actor] | None = None,
) -> SearchStrategy[Command]:
    """A use case called with what is drawn, by the owner unless others are drawn."""
    named = st.just(dict[str, Any]()) if kwargs is None else kwargs
    return st.builds(Command, st.just(call), st.tuples(*args), named, st.just(OWNER) if actor is None else actor)


def optional(**choices: SearchStrategy[Any]) -> SearchStrategy[dict[str, Any]]:
    """Arguments of which each is passed or left out."""
    return st.fixed_dictionaries({}, optional=choices)


def merged(*parts: SearchStrategy[dict[str, Any]]) -> SearchStrategy[dict[str, Any]]:
    """Arguments drawn apart and passed together."""
    return st.tuples(*parts).map(lambda drawn: {name: value for part in drawn for name, value in part.items()})
