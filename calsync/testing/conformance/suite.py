"""What `calsync conformance` plays: every promise, on the calendar that the player gives."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest

from calsync.testing.contract import CalendarContract

if TYPE_CHECKING:
    from calsync.testing.contract import UnderTest


class TestConformance(CalendarContract):
    @pytest.fixture
    def calendar_under_test(self, fenced: UnderTest) -> UnderTest:
        return fenced
