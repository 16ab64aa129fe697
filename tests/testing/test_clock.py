import asyncio
from datetime import datetime
from functools import partial

import pytest

from calsync.ports import Clock, SystemClock
from calsync.testing import FakeClock
from calsync.testing.clock import START


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


def future() -> asyncio.Future[None]:
    return asyncio.get_running_loop().create_future()


async def test_a_wait_ends_with_its_future_or_with_its_time() -> None:
    clock, stirred = FakeClock(), [future(), future()]
    waiting = [
        asyncio.create_task(clock.until(one, seconds)) for one, seconds in zip(stirred, (10, 60), strict=True)
    ]
    await clock.until_due(60, 2)
    clock.advance(10)
    await waiting[0]
    assert stirred[0].done()
    assert not waiting[1].done()
    stirred[1].set_result(None)
    await waiting[1]
    assert clock.sleepers == 0


async def test_the_machine_s_clock_waits_for_a_future_and_not_longer_than_its_time() -> None:
    stirred = future()
    await SystemClock().until(stirred, 0)
    assert stirred.done()
    await SystemClock().until(stirred, 3600)


class Plain(Clock):
    """A clock that knows the time and sleeps; all else follows from that."""

    def now(self) -> datetime:
        return START

    async def sleep(self, seconds: float) -> None:
        await asyncio.sleep(seconds)


@pytest.mark.parametrize("make", [FakeClock, SystemClock, Plain])
async def test_what_is_to_be_called_later_is_called_when_its_time_has_come_unless_it_is_called_off(
    make: type[Clock],
) -> None:
    clock, over, never = make(), future(), future()
    clock.later(0.001, partial(over.set_result, None))
    clock.later(0.001, partial(never.set_result, None))()
    if isinstance(clock, FakeClock):
        assert clock.sleepers == 1
        clock.advance(0.001)
    await over
    assert not never.done()
