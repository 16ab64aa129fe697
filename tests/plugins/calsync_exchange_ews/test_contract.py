"""The provider keeps every promise of a calendar, on Exchange Servers of different habits."""

from __future__ import annotations

import random
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

import pytest
import voluptuous as vol

from calsync.http import HttpFactory
from calsync.ports import Calendar, CalendarRequest, Host, Provider, SystemClock
from calsync.sync.model import Timed
from calsync.testing.contract import CalendarContract, UnderTest
from calsync.values import replace
from calsync_exchange_ews import PROVIDER
from calsync_sandbox.authority import AuthorityServer
from calsync_sandbox.ews import EwsServer, User
from calsync_sandbox.ews.ids import item_id, read_item_id
from calsync_sandbox.graph import GraphServer
from calsync_sandbox.mail import MailLog
from tests.plugins.outlook import in_zone, stored

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from calsync.sync.model import Changes, Event, Need
    from calsync_sandbox.mailbox import Mailbox

BERLIN = ZoneInfo("Europe/Berlin")
ADDRESS = "anna@example.de"


class ExchangeUnderTest(UnderTest):
    page_size = 50
    has = frozenset({"location"})

    provider: Provider
    request: CalendarRequest

    def __init__(
        self, calendar: Calendar, provider: Provider, mailbox: Mailbox, server: EwsServer, mails: MailLog
    ) -> None:
        self.calendar = calendar
        self.provider = provider
        self.mailbox = mailbox
        self.server = server
        self._mails = mails

    async def user_create(self, event: Event) -> str:
        values = {"summary": event.summary, "when": event.when, "description": event.description}
        return item_id(self.mailbox, self.mailbox.create(stored(values))["id"])

    async def user_create_in(self, event: Event, zone: str) -> str:
        assert isinstance(event.when, Timed)
        event_id = await self.user_create(event)
        self.mailbox.edit(self._stored_id(event_id), in_zone(event.when, zone))
        return event_id

    async def stored_zone(self, event_id: str) -> str:
        return str(self.mailbox.events[self._stored_id(event_id)]["originalStartTimeZone"])

    async def user_edit(self, event_id: str, changes: Changes) -> None:
        self.mailbox.edit(self._stored_id(event_id), stored({str(name): value for name, value in changes.items()}))

    async def user_delete(self, event_id: str) -> None:
        self.mailbox.delete(self._stored_id(event_id))

    async def user_move_away(self, event_id: str) -> None:
        self.mailbox.move_to_calendar(self._stored_id(event_id), self.mailbox.add_calendar("Team"))

    async def user_invite(self, event_id: str) -> None:
        self.mailbox.add_attendee(self._stored_id(event_id), "kunde@example.org")

    async def user_uninvite(self, event_id: str) -> None:
        self.mailbox.remove_attendees(self._stored_id(event_id))

    async def reminder_minutes(self, event_id: str) -> int | None:
        event = self.mailbox.events[self._stored_id(event_id)]
        minutes: int = event["reminderMinutesBeforeStart"]
        return minutes if event["isReminderOn"] else None

    async def lost_token(self, token: str) -> str:
        self.server.forget_sync_states()
        return token

    def mails(self) -> int:
        return self._mails.count

    async def opened_for(self, needs: frozenset[Need]) -> Calendar:
        return await self.provider.open(replace(self.request, needs=needs))

    async def user_say(self, event_id: str, need: Need, value: str) -> None:
        self.mailbox.edit(self._stored_id(event_id), {need: {"displayName": value}})

    async def stored_location(self, event_id: str) -> str:
        return str(self.mailbox.events[self._stored_id(event_id)]["location"]["displayName"])

    def _stored_id(self, event_id: str) -> str:
        return read_item_id(event_id).event_id


@asynccontextmanager
async def opened(
    options: Mapping[str, Any],
    switches: Mapping[str, Any],
    *,
    tls: bool = False,
    users: Sequence[User] = (User("EX\\anna", "made-up", ADDRESS),),
    servers: list[EwsServer] | None = None,
    another_make: bool = False,
    zone: ZoneInfo = BERLIN,
) -> AsyncIterator[ExchangeUnderTest]:
    """Start an Exchange Server, and open the calendar of one mailbox. `servers` gets the server."""
    mails, clock = MailLog(), SystemClock()
    authority = AuthorityServer()
    graph = GraphServer(mails, authority.tokens)
    mailbox = graph.add_mailbox(ADDRESS)
    server = EwsServer(mails, authority.tokens, graph.mailbox)
    if another_make:
        server.switches.become_another_make()
    for name, value in switches.items():
        setattr(server.switches, name, value)
    for user in users:
        server.users.add(user)
    if servers is not None:
        servers.append(server)
    await server.start()
    keys = {"url": server.ews_url, "username": "EX\\anna", "password": "made-up", **options}
    if tls:
        keys |= {"url": server.tls_url, "ca_file": str(server.authority)}
    settings = vol.Schema(PROVIDER.connection_schema)(keys)
    host = Host(connection="exchange", clock=clock, random=random.Random(1), http=HttpFactory(clock))
    provider = PROVIDER.open(settings, host)
    try:
        await provider.login()
        request = CalendarRequest(account="anna", settings={"mailbox": ADDRESS}, timezone=zone)
        under_test = ExchangeUnderTest(await provider.open(request), provider, mailbox, server, mails)
        under_test.request = request
        yield under_test
    finally:
        await provider.close()
        await server.stop()


class TestWithNtlmOverTls(CalendarContract):
    @pytest.fixture
    async def calendar_under_test(self) -> AsyncIterator[UnderTest]:
        async with opened({"auth": "ntlm"}, {}, tls=True) as under_test:
            yield under_test


class TestStreaming(CalendarContract):
    @pytest.fixture
    async def calendar_under_test(self) -> AsyncIterator[UnderTest]:
        async with opened({"auth": "negotiate", "streaming": True}, {"stream_chunk": 7}, tls=True) as under_test:
            yield under_test


class TestAsReported(CalendarContract):
    """What people report of real servers: zones refused, conflicts told of writes that succeeded, small limits."""

    @pytest.fixture
    async def calendar_under_test(self) -> AsyncIterator[UnderTest]:
        switches = {
            "schemes": ("Basic",),
            "zones_refused": True,
            "conflict_although_written": True,
            "restricted_page": 1,
            "view_limit": 200,
        }
        async with opened({"auth": "basic"}, switches) as under_test:
            yield under_test


class TestSilent(CalendarContract):
    """Meetings of one's own are written, and nobody is told."""

    @pytest.fixture
    async def calendar_under_test(self) -> AsyncIterator[UnderTest]:
        switches = {"schemes": ("Basic",), "conflict_count": 1, "change_keys_matter": False}
        async with opened({"meetings": "silent"}, switches) as under_test:
            yield under_test


class TestOfAnotherMake(CalendarContract):
    """A server that is no Exchange: it knows little, and says less."""

    @pytest.fixture
    async def calendar_under_test(self) -> AsyncIterator[UnderTest]:
        async with opened({}, {}, another_make=True) as under_test:
            yield under_test


async def test_the_calendars_of_a_mailbox_can_be_picked() -> None:
    async with opened({}, {"schemes": ("Basic",)}) as under_test:
        under_test.mailbox.add_calendar("Büro")
        listed = await under_test.provider.calendars({"mailbox": ADDRESS})
        own = under_test.mailbox.store.calendars[under_test.mailbox.store.primary]
        assert [(one.name, one.main) for one in listed] == [(own, True), ("Büro", False)]


async def test_whose_mailbox_it_is_is_told_by_the_calendar_that_a_user_is_given() -> None:
    others = "bert@example.de"
    users = (User("EX\\anna", "made-up", ADDRESS, opens=frozenset({others})), User("EX\\bert", "made-up", others))
    async with opened({}, {"schemes": ("Basic",)}, users=users) as under_test:
        assert await under_test.provider.is_own({"mailbox": ADDRESS})
        assert not await under_test.provider.is_own({"mailbox": others})
