"""The calendar in memory keeps every promise."""

import pytest

from calsync.sync.model import Capabilities
from calsync.testing import Behaviour, MemoryCalendar
from calsync.testing.contract import CalendarContract, UnderTest
from tests.testing.under_test import MemoryUnderTest


class TestAtItsBest(CalendarContract):
    @pytest.fixture
    def calendar_under_test(self) -> UnderTest:
        return MemoryUnderTest(MemoryCalendar(behaviour=Behaviour(page_size=5)))


class TestWithOtherHabits(CalendarContract):
    @pytest.fixture
    def calendar_under_test(self) -> UnderTest:
        behaviour = Behaviour(page_size=1, answer="id", idempotent=False, tells_writer=False, tells_outside=True)
        capabilities = Capabilities(marker=False, writes_reminder=False, writes_may_mail=True)
        return MemoryUnderTest(MemoryCalendar(capabilities=capabilities, behaviour=behaviour))
