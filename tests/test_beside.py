"""Work beside the accounts ends with the service, and never without a word."""

from __future__ import annotations

import asyncio

import pytest

from calsync.beside import side_by_side, until


async def nothing() -> None:
    """Be done."""


async def forever() -> None:
    await asyncio.Event().wait()


async def failing() -> None:
    await asyncio.sleep(0)
    raise ValueError("the token eyJhbGciOi is malformed")


async def test_work_is_cut_off_by_the_event_and_has_ended_then() -> None:
    event, ended = asyncio.Event(), asyncio.Event()

    async def work() -> int:
        event.set()
        try:
            await forever()
        finally:
            ended.set()
        return 7

    assert await asyncio.wait_for(until(event, work()), 20) is None
    assert ended.is_set()


async def test_what_work_comes_to_counts_before_the_event() -> None:
    async def seven() -> int:
        return 7

    assert await until(asyncio.Event(), seven()) == 7
    with pytest.raises(ValueError, match="malformed"):
        await until(asyncio.Event(), failing())


async def test_work_that_was_cancelled_by_others_is_not_taken_for_a_stop() -> None:
    async def cancelled() -> None:
        raise asyncio.CancelledError

    with pytest.raises(asyncio.CancelledError):
        await until(asyncio.Event(), cancelled())


async def test_whoever_waits_takes_the_work_along_when_cut_off() -> None:
    ended = asyncio.Event()

    async def work() -> None:
        try:
            await forever()
        finally:
            ended.set()

    waiting = asyncio.create_task(until(asyncio.Event(), work()))
    await asyncio.sleep(0)
    await asyncio.sleep(0)
    waiting.cancel()
    with pytest.raises(asyncio.CancelledError):
        await waiting
    assert ended.is_set()


async def test_work_that_fails_is_told_at_once_and_stops_the_service(caplog: pytest.LogCaptureFixture) -> None:
    stop = asyncio.Event()
    with pytest.raises(ValueError, match="malformed"):
        await asyncio.wait_for(side_by_side(stop, [until(stop, forever()), failing()]), 20)
    assert "the service stops: a bug, ValueError in " in caplog.text
    assert "eyJhbGciOi" not in caplog.text


async def test_work_that_ends_before_its_time_stops_the_service() -> None:
    stop = asyncio.Event()
    await asyncio.wait_for(side_by_side(stop, [until(stop, forever()), nothing()]), 20)
    assert stop.is_set()


async def test_what_fails_while_all_end_is_raised_and_not_told_as_the_cause(
    caplog: pytest.LogCaptureFixture,
) -> None:
    stop = asyncio.Event()
    stop.set()
    with pytest.raises(ValueError, match="malformed"):
        await side_by_side(stop, [until(stop, forever()), failing()])
    assert "the service stops" not in caplog.text
