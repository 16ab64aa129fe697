"""Whoever leaves, at any moment and by commands that die, loses nothing; who comes back finds nothing twice."""

from __future__ import annotations

from itertools import chain

import pytest

from tests.simulation.leaving import play_leaving
from tests.simulation.mutants_leave import MUTANTS

FOUND = (35, 95, 249, 267, 440, 1231, 1261, 1493)
"""Seeds that once showed something, if only about the judge."""
HISTORIES = 30
MOST = 400
CAUGHT = {
    "leave_removes_the_last_one": (19, 144),
    "leave_trusts_the_plan": (274, 1960),
    "leave_removes_edits": (105, 133),
    "leave_removes_originals": (6, 9),
    "leave_forgets_all_pairs": (0, 60),
    "leave_leaves_markers": (0, 1),
    "leave_comes_back_at_once": (0, 1),
}
"""Seeds that showed a mutant; where the engine takes another number of steps, others do."""


@pytest.mark.parametrize("seed", [*FOUND, *range(2000, 2000 + HISTORIES)])
def test_leaving_and_coming_back_break_nothing(seed: int) -> None:
    world = play_leaving(seed)
    assert world.violations == []
    assert world.mix["leave: came back"] == 1


@pytest.mark.parametrize("name", MUTANTS)
def test_each_protection_is_needed(name: str) -> None:
    for seed in chain(CAUGHT[name], range(MOST)):
        with MUTANTS[name]():
            if play_leaving(seed).violations:
                return
    pytest.fail("nothing shows that it is missing")
