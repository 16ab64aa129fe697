"""The contract suite: what every calendar promises the engine, as tests.

A provider's own test module needs a subclass that says how a calendar under test is opened:

    class TestContract(CalendarContract):
        def opened(self) -> AbstractAsyncContextManager[UnderTest]:
            return connected(PROVIDER, {"url": "http://127.0.0.1:5232"}, {"calendar": "/anna/termine/"})

Each test gets a calendar without events. A subclass of one part alone, or with a fixture `calendar_under_test` of
its own, will do as well. Needs pytest and pytest-asyncio.
"""

import pytest

for module in (
    "case",
    "feed",
    "limits",
    "listening",
    "needs",
    "picking",
    "reading",
    "trouble",
    "values",
    "writing",
):
    pytest.register_assert_rewrite(f"calsync.testing.contract.{module}")

from collections.abc import AsyncIterator  # noqa: E402 - pytest has to know them first
from contextlib import AbstractAsyncContextManager  # noqa: E402

import pytest_asyncio  # noqa: E402

from calsync.testing.contract.case import UnderTest, not_supported  # noqa: E402
from calsync.testing.contract.feed import FeedContract  # noqa: E402
from calsync.testing.contract.limits import LimitsContract  # noqa: E402
from calsync.testing.contract.listening import ListeningContract  # noqa: E402
from calsync.testing.contract.needs import NeedsContract  # noqa: E402
from calsync.testing.contract.picking import PickingContract  # noqa: E402
from calsync.testing.contract.reading import ReadingContract  # noqa: E402
from calsync.testing.contract.trouble import TroubleContract  # noqa: E402
from calsync.testing.contract.values import ValuesContract  # noqa: E402
from calsync.testing.contract.writing import WritingContract  # noqa: E402


class CalendarContract(
    FeedContract,
    ReadingContract,
    WritingContract,
    ValuesContract,
    LimitsContract,
    NeedsContract,
    ListeningContract,
    PickingContract,
    TroubleContract,
):
    """All promises together."""

    def opened(self) -> AbstractAsyncContextManager[UnderTest]:
        """Open a calendar without events, for one test."""
        raise NotImplementedError("a subclass says how a calendar under test is opened")

    @pytest_asyncio.fixture
    async def calendar_under_test(self) -> AsyncIterator[UnderTest]:
        async with self.opened() as under_test:
            yield under_test


__all__ = ["CalendarContract", "UnderTest", "not_supported"]
