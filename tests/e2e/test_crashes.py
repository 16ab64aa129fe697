"""kill -9 of `calsync run` at random moments, 40 times, while people work: nothing is doubled, nothing is lost.

Chance is drawn anew each time, and processes are never twice the same: what pytest shows of a failure is the seed
of the people and of the moments, and the services' log.
"""

from __future__ import annotations

import asyncio
import json
import random
from contextlib import suppress
from typing import TYPE_CHECKING

from calsync.sync.model import Side
from tests.e2e.forks import LOG, Forks, forks
from tests.e2e.people import People

if TYPE_CHECKING:
    from collections.abc import Callable

    from aiohttp.web import Request

    from tests.e2e.conftest import World

KILLS = 40
AT_FIRST = 30
"""Appointments on each side."""
PACE_SECONDS = 0.05
RUN_SECONDS = 0.8
"""About a start and a run. Later, a service that polls every second would only wait."""
PATIENCE = 20.0
"""Seconds in which a service on a busy machine has begun to write."""


async def test_a_service_that_is_killed_again_and_again(live: World) -> None:
    seed = random.SystemRandom().getrandbits(32)
    print(f"seed {seed}")  # noqa: T201 - pytest shows it when the test fails
    chance = random.Random(seed)
    live.rewrite("poll_seconds: 2", "poll_seconds: 1")
    live.rewrite("overlap_seconds: 120", "overlap_seconds: 1")  # how long a marker may stay unseen
    people = People(live, chance)
    for _ in range(AT_FIRST):
        people.create(Side.LEFT)
        people.create(Side.RIGHT)
    async with forks(live) as services:
        at_work = asyncio.create_task(people.work(PACE_SECONDS))
        caught = [await caught_at_work(live, people, services, chance) for _ in range(KILLS)]
        at_work.cancel()
        await asyncio.wait([at_work])
        last = await services.start()
        await live.until(lambda: at_rest(live))
        await services.stop(last)
    print((live.folder / LOG).read_text("utf-8"), caught)  # noqa: T201
    assert at_work.cancelled(), at_work.exception()
    assert sum(caught) >= KILLS / 8, "too few kills met a service that was writing"
    await expect_rest(live)
    await people.expect_all_kept()
    assert "Traceback" not in (live.folder / LOG).read_text("utf-8")


async def caught_at_work(live: World, people: People, services: Forks, chance: random.Random) -> bool:
    """Let a service live for a moment, kill it, and tell whether it left writes open."""
    moment = asyncio.Event()
    watch, longest = chance.choice(
        [
            (at_a_request(moment.set, chance), RUN_SECONDS),
            (behind_a_write(moment.set, chance, 0), PATIENCE),  # before its answer
            (behind_a_write(moment.set, chance, 0.01), PATIENCE),  # about when it is recorded
            (at_no_request, chance.uniform(0, RUN_SECONDS)),
        ]
    )

    def arrived(request: Request) -> None:
        people.watch(request)
        watch(request)

    live.at_each_request(arrived)
    service = await services.start()
    with suppress(TimeoutError):
        await asyncio.wait_for(moment.wait(), longest)
    await services.kill(service)
    return open_writes(live)


def at_a_request(act: Callable[[], object], chance: random.Random) -> Callable[[Request], None]:
    """Act when a request has arrived: it is carried out, but who asked for it is dead."""
    left = chance.randint(1, 50)

    def arrived(_: Request) -> None:
        nonlocal left
        left -= 1
        if left == 0:
            act()

    return arrived


def behind_a_write(act: Callable[[], object], chance: random.Random, seconds: float) -> Callable[[Request], None]:
    """Act when a write has arrived, or within so many seconds behind that."""
    left = chance.randint(1, 4)

    def arrived(request: Request) -> None:
        nonlocal left
        left -= is_write(request)
        if left == 0:
            left = -1
            asyncio.get_running_loop().call_later(chance.uniform(0, seconds), act)

    return arrived


def at_no_request(_: Request) -> None:
    """Wait for a time only."""


def is_write(request: Request) -> bool:
    """Tell whether a request wants to change an appointment."""
    if request.method == "GET" or "/hasaccess/" in request.path:
        return False
    return "/entity-service/" in request.path or "/events" in request.path


def open_writes(live: World) -> bool:
    """Tell whether calsync has begun writes that it does not know the end of."""
    return bool(live.stored("SELECT 1 FROM intent LIMIT 1"))


def at_rest(live: World) -> bool:
    return live.sandbox.judge(live.anna).converged and not open_writes(live)


async def expect_rest(live: World) -> None:
    """Nothing is left to do, nothing waits for a person, nobody was mailed."""
    await live.settle()
    live.clear()
    await live.sync()
    assert live.writes() == []
    assert json.loads((await live.command("plan", "--json")).output)["accounts"]["anna"]["operations"] == []
    assert live.sandbox.judge(live.anna).converged
    live.expect_no_mail()
