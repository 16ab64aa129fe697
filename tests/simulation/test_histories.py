"""Random histories: users, faults, crashes and time; then quiet, then every invariant.

`python -m tests.simulation` plays as many as you like, and shows one that failed.
"""

from __future__ import annotations

import pytest

from tests.simulation.history import play

SEEDS_AT_A_TIME = 50


@pytest.mark.parametrize("first", range(0, 600, SEEDS_AT_A_TIME))
def test_no_history_breaks_an_invariant(first: int) -> None:
    for seed in range(first, first + SEEDS_AT_A_TIME):
        assert (seed, play(seed).violations) == (seed, [])


def test_a_seed_gives_the_same_history_every_time() -> None:
    assert play(7).trace == play(7).trace
