"""kill -9 of `calsync sync` at random moments of a first sync, 20 times: nothing is doubled, nothing is lost."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

from calsync.app import App

if TYPE_CHECKING:
    from tests.e2e.conftest import World

KILLS = 20
IN_FLOWFACT, IN_OUTLOOK = 30, 220
MOMENTS = (5, 90)
"""The first and the last request at whose arrival the process may be killed, counted from its start."""


async def test_a_first_sync_that_is_killed_again_and_again(live: World) -> None:
    live.rewrite("overlap_seconds: 120", "overlap_seconds: 1")  # how long a marker may stay unseen
    for number in range(IN_FLOWFACT):
        live.appointment(f"Besichtigung {number}", hours=number)
    for number in range(IN_OUTLOOK):
        live.event(f"Rückruf {number}", hours=number)
    moments = random.Random(7)
    codes = [await killed_at(live, moments.randint(*MOMENTS)) for _ in range(KILLS)]
    assert codes == [-9] * KILLS
    copies = len(live.sandbox.flowfact.entities) - IN_FLOWFACT, len(live.anna.mailbox.events) - IN_OUTLOOK
    assert 0 < copies[0] < IN_OUTLOOK, "the kills came too early or too late"
    assert copies[1] > 0
    await until_converged(live)
    await live.settle()
    live.expect_converged(IN_FLOWFACT + IN_OUTLOOK)
    assert len(live.sandbox.flowfact.entities) == len(live.anna.mailbox.events) == IN_FLOWFACT + IN_OUTLOOK


async def killed_at(live: World, number: int) -> int | None:
    """Run `calsync sync` until a request arrives; it is carried out, but who asked for it is dead."""
    process = await live.start("sync")
    live.at_request(number, process.kill)
    await process.communicate()
    return process.returncode


async def until_converged(live: World) -> None:
    """Sync until the judge is content: what may be unseen yet is waited for."""
    async with asyncio.timeout(60), App.open(live.configuration) as app:
        while not live.sandbox.judge(live.anna).converged:
            assert (await app.sync(None)).accounts["anna"].ok
