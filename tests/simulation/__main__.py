"""Run simulations by hand: ``python -m tests.simulation --seed 7 --steps 60``, or many seeds with ``--seeds 1000``."""

import argparse
import random
import sys
import time
from concurrent.futures import ProcessPoolExecutor, as_completed
from multiprocessing import get_context
from typing import Final

from tests.simulation.run import run_seeds

_A_SERVER_LASTS: Final = 100
"""How many seeds one process runs on one server, whose tables grow with each."""


def main() -> int:
    """Run the seeds that are asked for; print the first that fails, made short, and return 1 for it."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="the first seed; a fresh one unless given")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds to run")
    parser.add_argument("--steps", type=int, default=60, help="how many steps each takes")
    parser.add_argument("--jobs", type=int, default=1, help="how many processes run them")
    parser.add_argument(
        "--closely", action="store_true", help="compare all there is after every step, as is done for one seed"
    )
    asked = parser.parse_args()
    first = random.randrange(1_000_000_000) if asked.seed is None else asked.seed
    seeds = range(first, first + asked.seeds)
    blocks = [seeds[place : place + _A_SERVER_LASTS] for place in range(0, len(seeds), _A_SERVER_LASTS)]
    begun, done = time.monotonic(), 0
    with ProcessPoolExecutor(asked.jobs, mp_context=get_context("spawn"), max_tasks_per_child=1) as processes:
        closely = asked.closely or asked.seeds == 1
        started = {processes.submit(run_seeds, block, asked.steps, closely=closely): block for block in blocks}
        for ended in as_completed(started):
            failure = ended.result()
            if failure is not None:
                processes.shutdown(cancel_futures=True)
                print(failure)
                return 1
            done += len(started[ended])
            print(f"{done} of {asked.seeds} seeds from {first}, {time.monotonic() - begun:.0f} s", flush=True)
    print(f"seeds {first} to {seeds[-1]}, {asked.steps} steps each, in memory, on a file and in a database: all well")
    return 0


if __name__ == "__main__":
    sys.exit(main())
