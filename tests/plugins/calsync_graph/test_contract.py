"""The provider keeps every promise of a calendar, on Graph servers of different habits, however one signs in."""

import random
from collections.abc import AsyncIterator, Mapping
from contextlib import asynccontextmanager
from pathlib import Path
from typing import Any
from zoneinfo import ZoneInfo

import pytest
import voluptuous as vol

from calsync.http import HttpFactory
from calsync.ports import Calendar, CalendarRequest, Host, Provider, SystemClock
from calsync.sync.model import Changes, Event, Need, Timed
from calsync.testing.contract import CalendarContract, UnderTest
from calsync.values import replace
from calsync.vault import FileVault
from calsync_graph import calsync_providers
from calsync_sandbox.authority import AuthorityServer
from calsync_sandbox.graph import GraphServer
from calsync_sandbox.mail import MailLog
from calsync_sandbox.mailbox import Mailbox
from tests.plugins.outlook import in_zone, stored

BERLIN = ZoneInfo("Europe/Berlin")
(PROVIDER,) = calsync_providers()
ADDRESS = "anna@example.de"
SIGN_INS = ("application", "delegated")
TENANT = "11111111-2222-3333-4444-555555555555"
CLIENT = "66666666-7777-8888-9999-000000000000"


class GraphUnderTest(UnderTest):
    idempotent = True
    has = frozenset({"location"})
    provider: Provider
    request: CalendarRequest
    page_size = 3

    def __init__(self, calendar: Calendar, server: GraphServer, mailbox: Mailbox, mails: MailLog) -> None:
        self.calendar = calendar
        self._server = server
        self._mailbox = mailbox
        self._mails = mails

    async def user_create(self, event: Event) -> str:
        values = {"summary": event.summary, "when": event.when, "description": event.description}
        event_id: str = self._mailbox.create(stored(values))["id"]
        return event_id

    async def user_create_in(self, event: Event, zone: str) -> str:
        assert isinstance(event.when, Timed)
        event_id = await self.user_create(event)
        self._mailbox.edit(event_id, in_zone(event.when, zone))
        return event_id

    async def stored_zone(self, event_id: str) -> str:
        return str(self._mailbox.events[event_id]["originalStartTimeZone"])

    async def user_edit(self, event_id: str, changes: Changes) -> None:
        self._mailbox.edit(event_id, stored({str(name): value for name, value in changes.items()}))

    async def user_delete(self, event_id: str) -> None:
        self._mailbox.delete(event_id)

    async def user_move_away(self, event_id: str) -> None:
        self._mailbox.move_to_calendar(event_id, self._mailbox.add_calendar("Team"))

    async def user_invite(self, event_id: str) -> None:
        self._mailbox.add_attendee(event_id, "kunde@example.org")

    async def user_uninvite(self, event_id: str) -> None:
        self._mailbox.remove_attendees(event_id)

    async def reminder_minutes(self, event_id: str) -> int | None:
        event = self._mailbox.events[event_id]
        minutes: int = event["reminderMinutesBeforeStart"]
        return minutes if event["isReminderOn"] else None

    async def lost_token(self, token: str) -> str:
        self._server.feed(self._mailbox).evict()
        return token

    def mails(self) -> int:
        return self._mails.count

    async def opened_for(self, needs: frozenset[Need]) -> Calendar:
        return await self.provider.open(replace(self.request, needs=needs))

    async def user_say(self, event_id: str, need: Need, value: str) -> None:
        room = {"displayName": value, "locationType": "conferenceRoom", "locationEmailAddress": "raum@example.de"}
        self._mailbox.edit(event_id, {need: room})

    async def stored_location(self, event_id: str) -> str:
        location = self._mailbox.events[event_id]["location"]
        return str(location["displayName"])


class Hasty(SystemClock):
    """Does not wait for a person who has typed the code in already."""

    async def sleep(self, seconds: float) -> None:
        del seconds


@asynccontextmanager
async def opened(sign_in: str, folder: Path, switches: Mapping[str, Any]) -> AsyncIterator[UnderTest]:
    """Start a Graph server and its sign-in authority, sign in, and open the calendar of one mailbox."""
    mails, clock, authority = MailLog(), SystemClock(), AuthorityServer()
    server = GraphServer(mails, authority.tokens)
    server.switches = replace(server.switches, max_page_size=GraphUnderTest.page_size, **switches)
    mailbox = server.add_mailbox(ADDRESS)
    authority.register(TENANT, CLIENT, secret="made-up", public=True)
    authority.people.add(ADDRESS)
    await authority.start()
    await server.start()
    settings = vol.Schema(PROVIDER.connection_schema)(
        {
            "tenant_id": TENANT,
            "client_id": CLIENT,
            "authority_url": authority.url,
            "graph_url": server.url,
            "sign_in": sign_in,
            **({"client_secret": "made-up"} if sign_in == "application" else {}),
        }
    )
    vault = FileVault(folder / "vault", "m365", b"k" * 32)
    host = Host(connection="m365", clock=clock, random=random.Random(1), http=HttpFactory(clock), vault=vault)
    if sign_in == "delegated":
        person = PROVIDER.open(settings, replace(host, clock=Hasty()))
        await person.sign_in(lambda device: authority.people.approve(device.code, ADDRESS))
        await person.close()
    provider = PROVIDER.open(settings, host)
    try:
        await provider.login()
        request = CalendarRequest(account="anna", settings={"mailbox": ADDRESS}, timezone=BERLIN)
        under_test = GraphUnderTest(await provider.open(request), server, mailbox, mails)
        under_test.provider, under_test.request = provider, request
        yield under_test
    finally:
        await provider.close()
        await server.stop()
        await authority.stop()
    assert server.schema_violations == server.not_allowed == []


class TestAsDocumented(CalendarContract):
    @pytest.fixture(params=SIGN_INS)
    async def calendar_under_test(
        self, request: pytest.FixtureRequest, tmp_path: Path
    ) -> AsyncIterator[UnderTest]:
        async with opened(request.param, tmp_path, {}) as under_test:
            yield under_test


class TestAsReported(CalendarContract):
    """What people report of real tenants: empty pages, repeats, other errors, deleted events still read."""

    @pytest.fixture(params=SIGN_INS)
    async def calendar_under_test(
        self, request: pytest.FixtureRequest, tmp_path: Path
    ) -> AsyncIterator[UnderTest]:
        switches = {
            "empty_pages": True,
            "delta_repeats": True,
            "delta_replays": 2,
            "delta_text_body": False,
            "deleted_get": "found",
            "duplicate_status": 400,
            "duplicate_names_event": False,
            "if_match": False,
        }
        async with opened(request.param, tmp_path, switches) as under_test:
            yield under_test
