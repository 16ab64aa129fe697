from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.ports import SystemClock
from calsync.workers.queue import Queue
from tests.workers.together import Together

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from tests.house import House


@pytest.fixture
async def queue(empty_database: str) -> AsyncIterator[Queue]:
    async with Queue.open(empty_database, SystemClock()) as queue:
        yield queue


@pytest.fixture
def together(house: House, empty_database: str, monkeypatch: pytest.MonkeyPatch) -> Together:
    return Together(house, empty_database, monkeypatch)
