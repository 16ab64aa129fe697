"""The same seeds in two fresh interpreters that hash strings differently: each history must go the same way twice.

A set that is walked through, or a clock of the machine that is read, would give a seed another history each time.
"""

from __future__ import annotations

import logging
import os
import subprocess
import sys
from itertools import zip_longest
from typing import TYPE_CHECKING

from tests.simulation.history import play

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

HASH_SEEDS = ("0", "1")
"""Under these, a set of both sides is walked through in either order."""


def differences(first: int, seeds: int, faults: Sequence[str]) -> Iterator[str]:
    """Yield the first line of each history in which its two plays differ."""
    one, two = _both(first, seeds, faults, "hashes")
    for here, there in zip_longest(one, two):
        if here != there:
            seed = int((here or there or "").partition(" ")[0])
            traces = zip_longest(*_both(seed, 1, faults, "trace"))
            line, other = next((lines for lines in traces if lines[0] != lines[1]), (here, there))
            yield f"seed {seed}: {line!r} or {other!r}"


def _both(first: int, seeds: int, faults: Sequence[str], what: str) -> tuple[list[str], list[str]]:
    command = [sys.executable, "-m", __name__, str(first), str(seeds), ",".join(faults), what]
    plays = [
        subprocess.Popen(  # noqa: S603 - this very interpreter and module
            command, env=os.environ | {"PYTHONHASHSEED": each}, stdout=subprocess.PIPE, text=True
        )
        for each in HASH_SEEDS
    ]
    one, two = (each.communicate()[0].splitlines() for each in plays)
    if any(each.returncode for each in plays):
        raise RuntimeError("an interpreter ended with an error")
    return one, two


def main(first: int, seeds: int, faults: str, what: str) -> None:
    """Print what the other interpreter is compared by."""
    logging.disable()
    for seed in range(first, first + seeds):
        world = play(seed, tuple(faults.split(",")))
        lines = [*(world.trace if what == "trace" else []), f"{seed} {world.hash}, {world.loop.steps} steps"]
        sys.stdout.write("".join(f"{line}\n" for line in lines))


if __name__ == "__main__":
    main(int(sys.argv[1]), int(sys.argv[2]), *sys.argv[3:])
