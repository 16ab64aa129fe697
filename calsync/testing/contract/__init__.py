"""The contract suite: what every calendar promises the engine, as tests.

A provider's own test module needs a subclass and a fixture:

    class TestContract(CalendarContract):
        @pytest.fixture
        async def calendar_under_test(self) -> AsyncIterator[UnderTest]:
            async with opened_calendar() as calendar:
                yield MyUnderTest(calendar)

Each test gets a calendar without events. Needs pytest and pytest-asyncio.
"""

import pytest

for module in ("case", "feed", "listening", "needs", "picking", "reading", "values", "writing"):
    pytest.register_assert_rewrite(f"calsync.testing.contract.{module}")

from calsync.testing.contract.case import UnderTest  # noqa: E402 - pytest has to know them first
from calsync.testing.contract.feed import FeedContract  # noqa: E402
from calsync.testing.contract.listening import ListeningContract  # noqa: E402
from calsync.testing.contract.needs import NeedsContract  # noqa: E402
from calsync.testing.contract.picking import PickingContract  # noqa: E402
from calsync.testing.contract.reading import ReadingContract  # noqa: E402
from calsync.testing.contract.values import ValuesContract  # noqa: E402
from calsync.testing.contract.writing import WritingContract  # noqa: E402


class CalendarContract(
    FeedContract,
    ReadingContract,
    WritingContract,
    ValuesContract,
    NeedsContract,
    ListeningContract,
    PickingContract,
):
    """All promises together."""


__all__ = ["CalendarContract", "UnderTest"]
