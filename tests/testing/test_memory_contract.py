import pytest

from calsync.sync.model import Capabilities, Changes, Event
from calsync.testing import Behaviour, MemoryCalendar
from calsync.testing.contract import CalendarContract, UnderTest


class MemoryUnderTest(UnderTest):
    idempotent = True

    def __init__(self, calendar: MemoryCalendar) -> None:
        self.calendar: MemoryCalendar = calendar
        self.page_size = calendar.behaviour.page_size

    async def user_create(self, event: Event) -> str:
        return self.calendar.user_create(event)

    async def user_edit(self, event_id: str, changes: Changes) -> None:
        self.calendar.user_edit(event_id, **{str(name): value for name, value in changes.items()})

    async def user_delete(self, event_id: str) -> None:
        self.calendar.user_delete(event_id)

    async def user_invite(self, event_id: str) -> None:
        self.calendar.user_edit(event_id, attendee_count=1)

    async def user_uninvite(self, event_id: str) -> None:
        self.calendar.user_edit(event_id, attendee_count=0)

    async def reminder_minutes(self, event_id: str) -> int | None:
        return self.calendar.reminder_minutes(event_id)

    async def lost_token(self, token: str) -> str:
        self.calendar.drop_tokens()
        return token

    def mails(self) -> int:
        return self.calendar.mails


class TestAtItsBest(CalendarContract):
    @pytest.fixture
    def calendar_under_test(self) -> UnderTest:
        return MemoryUnderTest(MemoryCalendar(behaviour=Behaviour(page_size=4)))


class TestWithOtherHabits(CalendarContract):
    @pytest.fixture
    def calendar_under_test(self) -> UnderTest:
        behaviour = Behaviour(page_size=1, answer="id", idempotent=False, tells_writer=False, tells_outside=True)
        capabilities = Capabilities(marker=False, writes_reminder=False, writes_may_mail=True)
        under_test = MemoryUnderTest(MemoryCalendar(capabilities=capabilities, behaviour=behaviour))
        under_test.idempotent = False
        return under_test
