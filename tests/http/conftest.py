"""A session with a server that answers what a test says, on a clock that stands or that a test moves."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import TYPE_CHECKING

import pytest

from calsync.http import Http
from calsync.ports import Clock
from calsync.testing import FakeClock

if TYPE_CHECKING:
    from collections.abc import AsyncIterator


BASE = "https://crm.example.de/api"


class Noon(Clock):
    def now(self) -> datetime:
        return datetime(2026, 5, 4, 12, tzinfo=UTC)

    async def sleep(self, seconds: float) -> None:
        raise NotImplementedError


@pytest.fixture
async def session() -> AsyncIterator[Http]:
    http = Http("flowfact", BASE, Noon())
    yield http
    await http.close()


@pytest.fixture
def clock() -> FakeClock:
    return FakeClock()


@pytest.fixture
async def paused(clock: FakeClock) -> AsyncIterator[Http]:
    """Return a session on a clock that a test moves."""
    http = Http("flowfact", BASE, clock)
    yield http
    await http.close()
