"""A store that fails when it is told to: the n-th call of any verb of the ports raises, before or after it took effect.

It stands before any store. Between two calls of a use case it can also let somebody else act, which is
how threads of control are interleaved here: call by call, and the same way every time.
"""

from collections.abc import Callable, Generator
from contextlib import AbstractContextManager, contextmanager
from datetime import datetime
from typing import Any, Final, Protocol, cast

from attrs import frozen

from salon_crm.errors import StoreBusy, StoreError
from salon_crm.ports.records import KINDS
from salon_crm.ports.store import Reading, Store, Writing
from salon_crm.ports.system import Clock

ERRORS: Final[dict[str, Callable[[], BaseException]]] = {
    "StoreError": lambda: StoreError("store-failed", reason="the simulation says so"),
    "StoreBusy": lambda: StoreBusy("store-busy", seconds="0"),
    "KeyboardInterrupt": KeyboardInterrupt,
}


@frozen
class Fault:
    """What goes wrong: the ``call``-th call of a step, or of ``verb`` in it, raises before or after it takes effect."""

    call: int
    error: str
    after: bool = False
    verb: str | None = None

    def __str__(self) -> str:
        which = f"call {self.call}" + (f" of {self.verb}" if self.verb else "")
        return f"{which} raises {self.error} {'after' if self.after else 'before'} it takes effect"


class Control:
    """What one actor's calls of the ports go through in one step."""

    def __init__(self) -> None:
        self.begin_step()

    def begin_step(
        self, fault: Fault | None = None, at_call: int | None = None, meanwhile: Callable[[], None] | None = None
    ) -> None:
        """Count calls from 1 again, with this fault, and with what others do before the call ``at_call``."""
        self._fault, self._at_call, self._meanwhile = fault, at_call, meanwhile
        self._calls = 0
        self._counted = 0
        self.raised: BaseException | None = None
        self.failed_verb: str | None = None
        self.failed_after = False

    def before(self, verb: str) -> None:
        """Count a call; let others act, or raise, where its turn has come."""
        self._calls += 1
        if self._calls == self._at_call and self._meanwhile is not None:
            self._meanwhile()
        fault = self._fault
        if fault is None or fault.verb not in (None, verb):
            return
        self._counted += 1
        if self._counted == fault.call and not fault.after:
            self._fail(verb)

    def after(self, verb: str) -> None:
        """Raise where the call that was just made should."""
        fault = self._fault
        if fault is not None and fault.verb in (None, verb) and self._counted == fault.call and fault.after:
            self.failed_after = True
            self._fail(verb)

    def _fail(self, verb: str) -> None:
        assert self._fault is not None
        self.raised, self.failed_verb = ERRORS[self._fault.error](), verb
        raise self.raised


class Watcher(Protocol):
    """Who is told of the units an actor opens."""

    def opening_to_write(self) -> None:
        """A unit of work is about to be asked for."""
        ...

    def opened(self, *, writing: bool) -> None:
        """A unit took the state it sees."""
        ...

    def ending(self) -> None:
        """The unit of work is about to end, one way or the other."""
        ...


class FaultyStore(Store):
    """Any store, every verb of it called through a `Control`."""

    def __init__(self, inner: Store, control: Control, watcher: Watcher) -> None:
        self._inner = inner
        self._control = control
        self._watcher = watcher

    @contextmanager
    def reading(self) -> Generator[Reading]:
        self._control.before("reading")
        with self._inner.reading() as unit:
            self._watcher.opened(writing=False)
            self._control.after("reading")
            yield cast("Reading", _FaultyUnit(unit, self._control))

    @contextmanager
    def writing(self) -> Generator[Writing]:
        self._control.before("writing")
        self._watcher.opening_to_write()
        with self._inner.writing() as unit:
            self._watcher.opened(writing=True)
            try:
                self._control.after("writing")
                yield cast("Writing", _FaultyUnit(unit, self._control))
                self._control.before("commit")
            finally:
                self._watcher.ending()
        self._control.after("commit")

    def close(self) -> None:
        self._inner.close()


class _Faulty:
    """Anything of a port, its methods called through a `Control`; what it does itself is left to those below."""

    def __init__(self, inner: Any, control: Control) -> None:
        self._inner = inner
        self._control = control

    def __getattr__(self, name: str) -> Any:
        found = getattr(self._inner, name)
        return self._through_control(name, found) if callable(found) else found

    def _through_control(self, verb: str, method: Callable[..., Any]) -> Callable[..., Any]:
        def called(*args: Any, **kwargs: Any) -> Any:
            self._control.before(verb)
            answer = method(*args, **kwargs)
            self._control.after(verb)
            return answer

        return called


class _FaultyUnit(_Faulty):
    def __getattr__(self, name: str) -> Any:
        if name in KINDS or name == "audit":
            return _Faulty(getattr(self._inner, name), self._control)
        return super().__getattr__(name)

    def savepoint(self) -> AbstractContextManager[None]:
        return self._savepoint()

    @contextmanager
    def _savepoint(self) -> Generator[None]:
        self._control.before("savepoint")
        with self._inner.savepoint():
            self._control.after("savepoint")
            yield
            self._control.before("release")  # nobody could take a part back that was kept, so there is no fault after


class FaultyClock(Clock):
    """A clock read through a `Control`."""

    def __init__(self, inner: Clock, control: Control) -> None:
        self._inner = inner
        self._control = control

    def now(self) -> datetime:
        self._control.before("now")
        return self._inner.now()
