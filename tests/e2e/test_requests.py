"""How much a first sync asks of the servers: the requests that must be sent, and hardly more."""

from __future__ import annotations

from typing import Any

from calsync_sandbox.seed import seed_many

World = Any  # the fixture's class lives in conftest.py, which tests cannot import

EVENTS = 300
AROUND = 30
"""Signing in, what the configuration is checked against, and the pages of the first reading."""


async def test_a_first_sync_sends_at_most_two_requests_for_each_new_event_of_either_side(world: World) -> None:
    sandbox, anna = world.sandbox, world.anna
    seed_many(sandbox.flowfact, anna.user, anna.mailbox, world.clock.now(), EVENTS)
    result = await world.sync()
    assert (result.left.created, result.right.created) == (EVENTS // 2, EVENTS // 2)
    assert len(sandbox.flowfact.requests) <= EVENTS // 2 * 2 + AROUND
    assert len(sandbox.graph.requests) <= EVENTS // 2 * 2 + AROUND
    world.expect_converged(EVENTS)
