"""Run simulations by hand: ``python -m tests.simulation --seed 7 --steps 60``, or many seeds with ``--seeds 1000``."""

import argparse
import random
import sys
import time

from tests.simulation.run import find_failure


def main() -> int:
    """Run the seeds that are asked for; print the first that fails, made short, and return 1 for it."""
    parser = argparse.ArgumentParser(prog="python -m tests.simulation", description=__doc__)
    parser.add_argument("--seed", type=int, help="the first seed; a fresh one unless given")
    parser.add_argument("--seeds", type=int, default=1, help="how many seeds to run, one after the other")
    parser.add_argument("--steps", type=int, default=60, help="how many steps each takes")
    asked = parser.parse_args()
    first = random.randrange(1_000_000_000) if asked.seed is None else asked.seed
    begun = time.monotonic()
    for seed in range(first, first + asked.seeds):
        failure = find_failure(seed, asked.steps)
        if failure is not None:
            print(failure)
            return 1
    seconds = time.monotonic() - begun
    last = first + asked.seeds - 1
    print(f"seeds {first} to {last}, {asked.steps} steps each, in memory and on a file: all well, {seconds:.0f} s")
    return 0


if __name__ == "__main__":
    sys.exit(main())
