"""The calendar in memory, under the suite of promises: its person works on its rows."""

from calsync.ports import Calendar
from calsync.sync.model import Changes, Event, Need
from calsync.testing import MemoryCalendar
from calsync.testing.contract import UnderTest


class MemoryUnderTest(UnderTest):
    has = frozenset({"location", "types"})

    def __init__(self, calendar: MemoryCalendar) -> None:
        self.calendar: MemoryCalendar = calendar
        self.idempotent = calendar.behaviour.idempotent

    async def user_create(self, event: Event) -> str:
        return self.calendar.user_create(event)

    async def user_edit(self, event_id: str, changes: Changes) -> None:
        self.calendar.user_edit(event_id, **{str(name): value for name, value in changes.items()})

    async def user_delete(self, event_id: str) -> None:
        self.calendar.user_delete(event_id)

    async def user_move_away(self, event_id: str) -> None:
        self.calendar.user_move_away(event_id)

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

    async def opened_for(self, needs: frozenset[Need]) -> Calendar:
        self.calendar.ask_for(needs)
        return self.calendar

    async def user_say(self, event_id: str, need: Need, value: str) -> None:
        self.calendar.user_edit(event_id, **{need: value if need == "location" else (value,)})

    async def stored_location(self, event_id: str) -> str:
        return self.calendar.events()[event_id].location


class Zoned(MemoryCalendar):
    """One that knows in which zone a person has chosen a time."""

    def __init__(self) -> None:
        super().__init__()
        self.zones: dict[str, str] = {}


class ZonedUnderTest(MemoryUnderTest):
    calendar: Zoned

    async def user_create_in(self, event: Event, zone: str) -> str:
        event_id = await self.user_create(event)
        self.calendar.zones[event_id] = zone
        return event_id

    async def stored_zone(self, event_id: str) -> str:
        return self.calendar.zones[event_id]
