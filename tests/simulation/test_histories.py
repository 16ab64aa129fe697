"""Random histories and kills at every step: users, faults, crashes and time; then quiet, then every invariant.

`python -m tests.simulation` plays as many as you like, shows one that failed, and hunts mutants.
"""

from __future__ import annotations

import pytest

from tests.simulation import faults
from tests.simulation.determinism import differences
from tests.simulation.exhaustive import kills
from tests.simulation.history import play

SEEDS, AT_A_TIME = 3000, 50
FOUND = (503302, 626494)
"""Seeds beyond those that once broke an invariant. What each one showed has a test of its own, too: a history goes
another way when the engine takes another number of steps."""
SCENARIOS = 20
TWICE = 10


@pytest.mark.parametrize("first", range(0, SEEDS, AT_A_TIME))
def test_no_history_breaks_an_invariant(first: int) -> None:
    for seed in range(first, first + AT_A_TIME):
        assert (seed, play(seed).violations) == (seed, [])


@pytest.mark.parametrize("seed", FOUND)
def test_what_once_broke_an_invariant_breaks_none(seed: int) -> None:
    assert play(seed).violations == []


@pytest.mark.parametrize("seed", range(SCENARIOS))
def test_a_kill_at_any_step_breaks_no_invariant(seed: int) -> None:
    for step, world in enumerate(kills(seed)):
        assert (step, world.violations) == (step, [])


def test_a_seed_gives_the_same_history_every_time_under_any_hash_of_strings() -> None:
    assert list(differences(0, TWICE, faults.NAMES)) == []
