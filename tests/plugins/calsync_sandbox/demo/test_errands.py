"""A demo that nobody ends goes on for days without calsync taking what people do there for a program's work."""

from __future__ import annotations

from bisect import bisect_left
from collections import Counter
from itertools import accumulate, islice
from typing import TYPE_CHECKING

from calsync.sync.budget import DAILY, HOURLY
from calsync.sync.loops import UPDATES
from calsync_sandbox.demo.commandline import CommandLine
from calsync_sandbox.demo.console import Console
from calsync_sandbox.demo.errands import errands, pauses
from calsync_sandbox.demo.show import fill
from calsync_sandbox.demo.stage import TO_FLOWFACT, TO_OUTLOOK, Stage
from calsync_sandbox.sandbox import Sandbox

if TYPE_CHECKING:
    from pathlib import Path

HOUR, DAY = 3_600, 86_400


def most_within(seconds: float) -> int:
    """Return how many changes there are at most within so many seconds, if each arrives at once."""
    times = [0.0, *accumulate(islice(pauses(), 2_000))]
    return max(bisect_left(times, time + seconds) - number for number, time in enumerate(times))


def test_a_day_of_changes_is_within_the_budget_of_an_account() -> None:
    assert most_within(HOUR) < HOURLY / 2
    assert most_within(DAY) < DAILY
    assert most_within(HOUR) > 50


async def test_no_appointment_is_changed_so_often_that_it_is_held(tmp_path: Path) -> None:
    async with Sandbox() as sandbox:
        console = Console(quiet=True)
        anna, _ = fill(sandbox, [], 0, console)
        stage = Stage(sandbox, anna, CommandLine(tmp_path / "calsync.yaml"), console)
        changes = list(islice(errands(stage), 1_000))
    times = Counter(change.text.partition(":")[0].partition(" to ")[0] for change in changes)
    assert max(times.values()) < UPDATES / 2
    ways = Counter(change.way for change in changes)
    assert abs(ways[TO_OUTLOOK] - ways[TO_FLOWFACT]) <= 1
