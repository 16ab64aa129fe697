"""Fixtures for the tests of plugins. pytest loads this in every run: nothing is imported before one is used."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from calsync.ports import Host
    from calsync.testing import FakeClock, MemoryCalendar


@pytest.fixture
def calsync_clock() -> FakeClock:
    """Return a clock that stands still until the test moves it."""
    from calsync.testing import FakeClock  # noqa: PLC0415 - a run that does not use it does not pay for it

    return FakeClock()


@pytest.fixture
def calsync_calendar(calsync_clock: FakeClock) -> MemoryCalendar:
    """Return an empty calendar in memory, on the test's clock."""
    from calsync.testing import MemoryCalendar  # noqa: PLC0415 - as above

    return MemoryCalendar(now=calsync_clock.now)


@pytest.fixture
def calsync_host() -> Host:
    """Return what a host lends to a provider, with real time and the real network."""
    from calsync.testing.lent import lent  # noqa: PLC0415 - as above

    return lent()
