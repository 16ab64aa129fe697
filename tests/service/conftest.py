from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


from tests.service.accounts import Running


@pytest.fixture
async def running() -> AsyncIterator[Running]:
    running = Running()
    yield running
    running.stop.set()
    if running.task is not None and not running.task.done():
        await asyncio.wait_for(running.task, 20)


@pytest.fixture
async def rung(running: Running) -> Running:
    """Return a service of one account that has been run once and is listened to."""
    running.start("anna")
    await running.accounts.reached("anna", 1)
    await running.doorbell.called(1)
    await running.clock.until_sleeping()
    return running
