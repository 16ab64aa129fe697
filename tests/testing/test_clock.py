import asyncio

import pytest

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
