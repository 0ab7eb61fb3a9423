"""Processes of a benchmark that begin their work together."""

import multiprocessing
from collections.abc import Callable, Sequence
from threading import BrokenBarrierError
from typing import Any

_PATIENCE = 120.0

Begin = Callable[[], None]
"""Waits until every process is ready."""


def together(work: Callable[..., Any], each: Sequence[tuple[Any, ...]], what: str) -> list[Any]:
    """Run ``work`` in a process for each tuple of arguments, with a `Begin` behind them; return what they returned.

    Raises RuntimeError with the last words of ``what``, a process that ended otherwise.
    """
    context = multiprocessing.get_context("spawn")
    start, results = context.Barrier(len(each)), context.Queue()
    workers = [context.Process(target=_run, args=(work, arguments, start, results)) for arguments in each]
    for worker in workers:
        worker.start()
    returned = [results.get(timeout=600) for _ in workers]
    for worker in workers:
        worker.join()
    for one in returned:
        if isinstance(one, str):
            raise RuntimeError(f"{what} ended with {one}")  # noqa: TRY004 -- its last words
    return returned


def _run(work: Callable[..., Any], arguments: tuple[Any, ...], start: Any, results: Any) -> None:
    def begin() -> None:
        try:
            start.wait(timeout=_PATIENCE)
        except BrokenBarrierError:
            raise RuntimeError("another process did not start") from None

    try:
        results.put(work(*arguments, begin))
    except Exception as error:  # noqa: BLE001 -- whatever it is, the process that waits must hear of it
        start.abort()
        results.put(repr(error))
