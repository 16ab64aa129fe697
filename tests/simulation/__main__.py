"""Play many histories: `python -m tests.simulation --seeds 1000 --jobs 2`, or show one: `--seed 17`."""

from __future__ import annotations

import argparse
import asyncio
import sys
from collections import Counter
from multiprocessing import Pool

from tests.simulation.history import play

SHOWN = 25


def _one(seed: int) -> tuple[int, list[str], Counter[str]]:
    try:
        oracle = asyncio.run(play(seed))
    except Exception as error:  # noqa: BLE001 - a bug of the engine is a finding too
        return seed, [f"crash: {type(error).__name__} {error}"], Counter()
    return seed, oracle.violations, oracle.excuses


def _say(*lines: str) -> None:
    sys.stdout.write("".join(f"{line}\n" for line in lines))


def _show(seed: int) -> bool:
    oracle = asyncio.run(play(seed))
    _say(*oracle.world.trace, *oracle.violations)
    return bool(oracle.violations)


def _many(first: int, seeds: int, jobs: int) -> bool:
    excuses: Counter[str] = Counter()
    failed = 0
    with Pool(jobs) as pool:
        for seed, violations, found in pool.imap_unordered(_one, range(first, first + seeds), chunksize=8):
            excuses += found
            failed += bool(violations)
            if violations and failed <= SHOWN:
                _say(f"seed {seed}: {violations[0]}")
    _say(f"{failed} of {seeds} histories broke an invariant; excuses granted: {dict(excuses)}")
    return bool(failed)


def main() -> int:
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--seeds", type=int, default=1000, help="how many histories")
    parser.add_argument("--first", type=int, default=0, help="the seed of the first one")
    parser.add_argument("--jobs", type=int, default=2, help="processes")
    parser.add_argument("--seed", type=int, help="play one history and print what happened")
    arguments = parser.parse_args()
    if arguments.seed is not None:
        return _show(arguments.seed)
    return _many(arguments.first, arguments.seeds, arguments.jobs)


if __name__ == "__main__":
    sys.exit(main())
