"""kill -9 of `calsync sync` at random moments of a first sync, 20 times: nothing is doubled, nothing is lost."""

from __future__ import annotations

import asyncio
import random
from typing import TYPE_CHECKING

import pytest

from calsync.app import App

if TYPE_CHECKING:
    from tests.e2e.conftest import World

KILLS = 20
STARTS = 10 * KILLS
"""Some end by themselves: without a marker, new events wait until it is sure that a lost create was none."""
IN_FLOWFACT, IN_OUTLOOK = 100, 900
"""More than so many runs get to, and all of them there before the first: no write budget is asked for those."""
MOMENTS = (5, 90)
"""The first and the last request at whose arrival a process may be killed, counted from its start."""
LATER = 0.05
"""Up to so many seconds after that request half of them are killed: also where no request is on its way."""
SEARCH_LAG = 0.3
"""Seconds until a search of FLOWFACT shows what was written; less than the overlap, which reckons with it."""


@pytest.fixture
def dice() -> random.Random:
    """Return dice that fall differently each time; pytest shows what they began with where a test fails."""
    seed = random.SystemRandom().getrandbits(32)
    print(f"the dice are random.Random({seed})")  # noqa: T201 - captured, and shown on failure
    return random.Random(seed)


@pytest.mark.parametrize("marker", [True, False], ids=["marker", "no marker"])
async def test_a_first_sync_that_is_killed_again_and_again(live: World, dice: random.Random, marker: bool) -> None:
    if not marker:
        live.without_marker()
    live.rewrite("overlap_seconds: 120", "overlap_seconds: 1")  # how long a write may stay unseen
    live.sandbox.flowfact.switches.search_lag = SEARCH_LAG
    fill(live, IN_FLOWFACT, IN_OUTLOOK)
    events = IN_FLOWFACT + IN_OUTLOOK
    await kill_again_and_again(live, dice)
    await until_converged(live)
    await live.settle()
    live.expect_converged(events)
    assert len(live.sandbox.flowfact.entities) == len(live.anna.mailbox.events) == events


def fill(live: World, in_flowfact: int, in_outlook: int) -> None:
    """Create appointments at other times than all that are there; those in Outlook are twins."""
    for number in range(in_flowfact):
        live.appointment(f"Besichtigung {number}", hours=number)
    for number in range(in_flowfact, in_flowfact + in_outlook):
        live.event(f"Rückruf {number // 2}", hours=number - number % 2)


async def kill_again_and_again(live: World, dice: random.Random) -> None:
    """Start and kill `calsync sync`."""
    codes: list[int | None] = []
    for _ in range(STARTS):
        later = dice.choice([0.0, dice.uniform(0, LATER)])
        codes.append(await killed_at(live, dice.randint(*MOMENTS), later))
        assert codes[-1] in (-9, 0)
        if codes.count(-9) == KILLS:
            return
    pytest.fail(f"hardly a process lived long enough to be killed: {codes}")


async def killed_at(live: World, number: int, later: float) -> int | None:
    """Run `calsync sync` until a request arrives, and so many seconds more; return how the process ended.

    What it asked for is carried out, but who asked is dead.
    """
    process = await live.start("sync")
    loop = asyncio.get_running_loop()

    def kill() -> None:
        if process.returncode is None:
            process.kill()

    live.at_request(number, lambda: loop.call_later(later, kill) if later else kill())
    await process.communicate()
    return process.returncode


async def until_converged(live: World) -> None:
    """Sync until the judge is content: what may be unseen yet is waited for."""
    async with asyncio.timeout(60), App.open(live.configuration) as app:
        while not live.sandbox.judge(live.anna).converged:
            assert (await app.sync(None)).accounts["anna"].ok
