"""A person at a CalDAV server: a program of one's own that reads and writes iCalendar text over plain HTTP."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from uuid import uuid4
from zoneinfo import ZoneInfo

import aiohttp
import icalendar
import voluptuous as vol

from calsync.ports import Calendar, CalendarRequest, Provider
from calsync.sync.model import AllDay, Changes, Event, Need, Timed, Value
from calsync.testing.contract import UnderTest
from calsync.testing.lent import lent
from calsync.testing.proxy import FaultProxy
from calsync.values import replace
from calsync_caldav import PROVIDER
from tests.servers import PASSWORD, USER, DavServer

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

PAGE_SIZE = 3
TEMPLATE = """BEGIN:VCALENDAR
VERSION:2.0
PRODID:-//somebody//else//DE
BEGIN:VEVENT
UID:{uid}
DTSTAMP:20260301T080000Z
X-SOMEBODY:stays;as:it\\,is
{lines}
END:VEVENT
END:VCALENDAR
"""


class Person:
    """Works on one collection, behind calsync's back."""

    def __init__(self, client: aiohttp.ClientSession, server: DavServer, path: str) -> None:
        self._client = client
        self.server = server
        self.path = path

    async def asked(self, method: str, path: str, body: str | None = None, **headers: str) -> str:
        async with self._client.request(method, self.server.url + path, data=body, headers=headers) as answer:
            text = await answer.text()
            assert answer.ok, (method, path, answer.status, text)
            return text

    def beside(self) -> Person:
        """Return the same person at another calendar, which is not made yet."""
        return Person(self._client, self.server, f"{self.path.rstrip('/')}-2/")

    async def make_calendar(self) -> None:
        await self.asked("MKCALENDAR", self.path)

    async def remove_calendar(self) -> None:
        await self.asked("DELETE", self.path)

    async def create(self, event: Event) -> str:
        uid = str(uuid4())
        lines = [*time_lines(event.when), f"SUMMARY:{escaped(event.summary)}"]
        lines += [f"DESCRIPTION:{escaped(event.description)}"]
        await self.store(f"{uid}.ics", TEMPLATE.format(uid=uid, lines="\n".join(lines)))
        return f"{uid}.ics"

    async def store(self, event_id: str, text: str) -> None:
        content = {"Content-Type": "text/calendar; charset=utf-8"}
        await self.asked("PUT", self.path + event_id, text.replace("\n", "\r\n"), **content)

    async def text(self, event_id: str) -> str:
        return await self.asked("GET", self.path + event_id)

    async def stored(self, event_id: str) -> Any:
        """Return what the server holds of an event."""
        [event] = icalendar.Calendar.from_ical(await self.text(event_id)).walk("VEVENT")
        return event

    async def edit(self, event_id: str, values: Mapping[str, Any]) -> None:
        """Set properties, or take away those that are None."""
        calendar = icalendar.Calendar.from_ical(await self.text(event_id))
        [event] = calendar.walk("VEVENT")
        for name, value in values.items():
            event.pop(name, None)
            if value is not None:
                event.add(name, value)
        await self.store(event_id, calendar.to_ical().decode().replace("\r\n", "\n"))

    async def delete(self, event_id: str) -> None:
        await self.asked("DELETE", self.path + event_id)


def escaped(text: str) -> str:
    """Return text as RFC 5545, 3.3.11 has it."""
    text = text.replace("\r\n", "\n").replace("\\", "\\\\").replace(";", "\\;").replace(",", "\\,")
    return text.replace("\n", "\\n")


def time_lines(when: Value) -> list[str]:
    if isinstance(when, AllDay):
        return [f"DTSTART;VALUE=DATE:{when.first:%Y%m%d}", f"DTEND;VALUE=DATE:{when.after:%Y%m%d}"]
    assert isinstance(when, Timed)
    start, length = when.start, when.end - when.start
    end = [f"DURATION:PT{int(length.total_seconds()) // 60}M"] if length else []
    return [f"DTSTART:{start:%Y%m%dT%H%M%SZ}", *end]


class CaldavUnderTest(UnderTest):
    idempotent = True
    page_size = PAGE_SIZE
    has = frozenset({"location"})
    provider: Provider
    request: CalendarRequest
    proxy: FaultProxy

    def __init__(self, calendar: Calendar, person: Person, proxy: FaultProxy) -> None:
        self.calendar = calendar
        self.person = person
        self.proxy = proxy
        self.other = person.beside()
        self.has_other = False
        """Whether the other calendar was made."""
        self._invited: dict[str, int] = {}
        """How many requests had passed when somebody was invited, by id."""

    def writes(self, method: str, path: str) -> bool:
        del path
        return method in {"PUT", "DELETE"}

    async def user_create(self, event: Event) -> str:
        return await self.person.create(event)

    async def user_create_in(self, event: Event, zone: str) -> str:
        assert isinstance(event.when, Timed)
        event_id = await self.user_create(event)
        start, end = (at.astimezone(ZoneInfo(zone)) for at in (event.when.start, event.when.end))
        await self.person.edit(event_id, {"DURATION": None, "DTSTART": start, "DTEND": end})
        return event_id

    async def stored_zone(self, event_id: str) -> str:
        return str((await self.person.stored(event_id))["DTSTART"].params["TZID"])

    async def user_edit(self, event_id: str, changes: Changes) -> None:
        values: dict[str, Any] = {}
        for name, value in changes.items():
            match value:
                case Timed():
                    values |= {"DURATION": None, "DTSTART": value.start, "DTEND": value.end}
                case AllDay():
                    values |= {"DURATION": None, "DTSTART": value.first, "DTEND": value.after}
                case _:
                    values[name.upper()] = value
        await self.person.edit(event_id, values)

    async def user_delete(self, event_id: str) -> None:
        await self.person.delete(event_id)

    async def user_move_away(self, event_id: str) -> None:
        text = await self.person.text(event_id)
        await self.person.delete(event_id)
        await self.other.make_calendar()
        self.has_other = True
        await self.other.store(event_id, text.replace("\r\n", "\n"))

    async def user_invite(self, event_id: str) -> None:
        await self.person.edit(event_id, {"ATTENDEE": "mailto:kunde@example.org"})
        self._invited[event_id] = len(self.proxy.passed)

    async def user_uninvite(self, event_id: str) -> None:
        await self.person.edit(event_id, {"ATTENDEE": None})
        self._invited.pop(event_id, None)

    async def reminder_minutes(self, event_id: str) -> int | None:
        alarms = (await self.person.stored(event_id)).walk("VALARM")
        return -int(alarms[0]["TRIGGER"].dt / timedelta(minutes=1)) if alarms else None

    async def lost_token(self, token: str) -> str:
        return f"{token[:-8]}00000000"

    def mails(self) -> int:
        """Return the writes to events with attendees: a server with scheduling would mail them."""
        return sum(
            self.writes(request.method, request.path) and request.path.endswith(event_id)
            for event_id, before in self._invited.items()
            for request in self.proxy.passed[before:]
        )

    async def opened_for(self, needs: frozenset[Need]) -> Calendar:
        return await self.provider.open(replace(self.request, needs=needs))

    async def user_say(self, event_id: str, need: Need, value: str) -> None:
        await self.person.edit(event_id, {need.upper(): value})

    async def stored_location(self, event_id: str) -> str:
        return str((await self.person.stored(event_id)).get("LOCATION", ""))


@asynccontextmanager
async def opened(server: DavServer) -> AsyncIterator[CaldavUnderTest]:
    """Make a calendar, and open it as a configuration would, through a proxy; the calendar is gone behind it."""
    signed = {"Authorization": aiohttp.encode_basic_auth(USER, PASSWORD)}
    async with FaultProxy(server.url) as proxy, aiohttp.ClientSession(headers=signed) as client:
        person = Person(client, server, f"{server.home}{uuid4()}/")
        await person.make_calendar()
        settings = {"url": f"{proxy.url}/", "username": USER, "password": PASSWORD, "page_size": PAGE_SIZE}
        provider = PROVIDER.open(vol.Schema(PROVIDER.connection_schema)(settings), lent("dav"))
        try:
            await provider.login()
            request = CalendarRequest(
                account="anna", settings={"calendar": person.path}, timezone=ZoneInfo("Europe/Berlin")
            )
            under_test = CaldavUnderTest(await provider.open(request), person, proxy)
            under_test.provider, under_test.request = provider, request
            yield under_test
            if under_test.has_other:
                await under_test.other.remove_calendar()
        finally:
            await provider.close()
            await person.remove_calendar()
