import asyncio

import pytest

from calsync.ports import SystemClock
from calsync.testing import FakeClock


async def test_time_passes_only_when_told() -> None:
    clock = FakeClock()
    before = clock.now()
    clock.advance(90)
    assert (clock.now() - before).total_seconds() == 90


async def test_sleepers_wake_when_their_time_has_come() -> None:
    clock, woken = FakeClock(), list[str]()

    async def sleeper(name: str, seconds: float) -> None:
        await clock.sleep(seconds)
        woken.append(name)

    async with asyncio.TaskGroup() as group:
        group.create_task(sleeper("late", 20))
        early = group.create_task(sleeper("early", 10))
        await clock.until_sleeping(2)
        clock.advance(15)
        await early
        assert woken == ["early"]
        clock.advance(5)
    assert woken == ["early", "late"]
    assert clock.sleepers == 0


async def test_a_sleep_of_no_length_ends_at_once() -> None:
    clock = FakeClock()
    await clock.sleep(0)
    assert clock.sleepers == 0


async def test_a_cancelled_sleeper_is_forgotten() -> None:
    clock = FakeClock()
    task = asyncio.create_task(clock.sleep(5))
    await clock.until_sleeping()
    task.cancel()
    with pytest.raises(asyncio.CancelledError):
        await task
    assert clock.sleepers == 0
    clock.advance(10)


async def test_a_wait_ends_with_its_event_or_with_its_time() -> None:
    clock = FakeClock()
    event = asyncio.Event()
    waiting = [asyncio.create_task(clock.until(event, seconds)) for seconds in (10, 60)]
    await clock.until_due(60, 2)
    clock.advance(10)
    await waiting[0]
    assert not waiting[1].done()
    event.set()
    await waiting[1]
    assert clock.sleepers == 0


async def test_the_machine_s_clock_waits_for_an_event_and_not_longer_than_its_time() -> None:
    event = asyncio.Event()
    await SystemClock().until(event, 0)
    assert not event.is_set()
    event.set()
    await SystemClock().until(event, 3600)
