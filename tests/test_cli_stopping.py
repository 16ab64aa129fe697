"""The service ends at SIGTERM and SIGINT, in time."""

from __future__ import annotations

import asyncio
import os
import signal

import pytest

from calsync.cli.stopping import interruptible, until_stopped


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
async def test_a_signal_asks_the_work_to_end(number: signal.Signals) -> None:
    ended = []

    async def work(stop: asyncio.Event) -> None:
        os.kill(os.getpid(), number)
        await stop.wait()
        ended.append("cleanly")

    await until_stopped(work)
    assert ended == ["cleanly"]


async def test_work_that_does_not_end_is_cut_off() -> None:
    ended = []

    async def work(stop: asyncio.Event) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()
        try:
            await asyncio.Event().wait()
        finally:
            ended.append("cut off")

    await until_stopped(work, grace_seconds=0.01)
    assert ended == ["cut off"]


async def test_an_error_of_the_work_is_raised() -> None:
    async def work(stop: asyncio.Event) -> None:
        raise ValueError("broken")

    with pytest.raises(ValueError, match="broken"):
        await until_stopped(work)


async def test_the_signals_are_given_back() -> None:
    async def work(stop: asyncio.Event) -> None:
        assert not stop.is_set()

    before = signal.getsignal(signal.SIGTERM)
    await until_stopped(work)
    assert signal.getsignal(signal.SIGTERM) == before


@pytest.mark.parametrize("number", [signal.SIGTERM, signal.SIGINT])
def test_an_interrupted_command_cleans_up(number: signal.Signals) -> None:
    ended = []

    async def work() -> None:
        try:
            os.kill(os.getpid(), number)
            await asyncio.Event().wait()
        finally:
            await asyncio.sleep(0)
            ended.append("cleaned up")

    with pytest.raises(KeyboardInterrupt):
        interruptible(work())
    assert ended == ["cleaned up"]


def test_a_command_that_nobody_interrupts_has_a_result() -> None:
    async def work() -> int:
        return 7

    assert interruptible(work()) == 7
