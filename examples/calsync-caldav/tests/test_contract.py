"""The provider keeps every promise of a calendar, on two servers that nobody here wrote."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.testing.contract import CalendarContract
from tests.person import opened

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from calsync.testing.contract import UnderTest
    from tests.servers import DavServer


class TestContract(CalendarContract):
    @pytest.fixture
    async def calendar_under_test(self, server: DavServer) -> AsyncIterator[UnderTest]:
        async with opened(server) as under_test:
            yield under_test
