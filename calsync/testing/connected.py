"""A calendar under test whose person works through the port, too: any server can be tried, also one far away.

What the provider gets wrong in the same way when it writes and when it reads is not seen like this. A provider's
own tests have a person who speaks to the server in another way.
"""

from __future__ import annotations

import random
import uuid
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, get_args
from zoneinfo import ZoneInfo

import voluptuous as vol

from calsync.ports import CalendarRequest
from calsync.sync.model import Draft, Need
from calsync.testing.contract.case import STAMP, UnderTest, not_supported
from calsync.testing.fence import Fenced, Ground, take_away
from calsync.testing.lent import lent
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence
    from typing import Any

    from calsync.ports import Calendar, Provider, ProviderSpec
    from calsync.sync.model import Changes, Event
    from calsync.testing.proxy import FaultProxy

BERLIN = ZoneInfo("Europe/Berlin")
NO_TOKEN = "a token that no server has given"  # noqa: S105 - no secret


class Connected(UnderTest):
    """A calendar, and a person who has opened it a second time."""

    page_size: int | None = None
    provider: Provider
    request: CalendarRequest

    def __init__(self, provider: Provider, request: CalendarRequest, ground: Ground, *calendars: Calendar) -> None:
        """`calendars`: calsync's and the person's."""
        self.provider = provider
        self.request = request
        self.ground = ground
        self.calendar, self.person = (Fenced(calendar, ground) for calendar in calendars)

    @classmethod
    async def open(cls, provider: Provider, request: CalendarRequest, ground: Ground) -> Connected:
        """Open the calendar twice; the provider is signed in. Raises as `Provider.open` does.

        What it `has` is told by how its capabilities move where a rule needs that.
        """
        opened = cls(provider, request, ground, await provider.open(request), await provider.open(request))
        needs: Sequence[Need] = get_args(Need)
        asked = [(need, await opened.opened_for(frozenset({need}))) for need in needs]
        opened.has = frozenset(need for need, calendar in asked if calendar.capabilities.also_read)
        return opened

    async def user_create(self, event: Event) -> str:
        return await self.person.create_unmarked(
            Draft(summary=event.summary, when=event.when, description=event.description, reminder=None)
        )

    async def user_edit(self, event_id: str, changes: Changes) -> None:
        target = (await self.person.read([event_id]))[event_id]
        await self.person.update(target, changes, STAMP)

    async def user_delete(self, event_id: str) -> None:
        target = (await self.person.read([event_id]))[event_id]
        await self.person.delete(target)

    async def user_invite(self, event_id: str) -> None:
        del event_id
        not_supported("calsync can invite nobody", "what protects attendees is for the provider's tests")

    async def user_uninvite(self, event_id: str) -> None:
        await self.user_invite(event_id)

    async def reminder_minutes(self, event_id: str) -> int | None:
        del event_id
        not_supported("a reminder's minutes are never read", "what is stored of one is for the provider's tests")

    async def lost_token(self, token: str) -> str:
        del token
        return NO_TOKEN

    def mails(self) -> int:
        """Return 0: nobody is invited to the events of the suite, so there is nobody to mail."""
        return 0

    async def opened_for(self, needs: frozenset[Need]) -> Calendar:
        return Fenced(await self.provider.open(replace(self.request, needs=needs)), self.ground)

    async def user_say(self, event_id: str, need: Need, value: str) -> None:
        del event_id, need, value
        not_supported("a location and a type are never changed through calsync", "that they are read is not tried")

    async def stored_location(self, event_id: str) -> str:
        opened = await self.opened_for(frozenset({"location"}))
        return (await opened.read([event_id]))[event_id].event.location


def markers(random: random.Random) -> Ground:
    """Return the ground of a run, whose markers nobody has used."""

    def fresh() -> str:
        return f"v1:conformance:{uuid.UUID(int=random.getrandbits(128), version=4)}:{random.getrandbits(64):016x}"

    return Ground(fresh)


@asynccontextmanager
async def connected(
    spec: ProviderSpec,
    connection: Mapping[str, Any],
    side: Mapping[str, Any],
    *,
    proxy: FaultProxy | None = None,
    page_size: int | None = None,
    idempotent: bool = False,
) -> AsyncIterator[Connected]:
    """Open a calendar under test as a configuration would.

    `connection` and `side` are the keys that somebody writes under `connections` and for a side of an account; the
    other arguments are the attributes of `UnderTest`. What the test made is gone behind it.
    """
    keys = vol.Schema(spec.connection_schema)(dict(connection))
    settings = vol.Schema(spec.calendar_schema)(dict(side))
    request = CalendarRequest(account="tried", settings=settings, timezone=BERLIN)
    async with _signed_in(spec, keys) as provider:
        under_test = await Connected.open(provider, request, markers(random.SystemRandom()))
        under_test.proxy, under_test.page_size = proxy, page_size
        under_test.idempotent = idempotent
        yield under_test
    if proxy is not None:
        proxy.clear()
    async with _signed_in(spec, keys) as provider:  # the first one may still keep a pause of the server
        await take_away(await provider.open(request), under_test.ground)


@asynccontextmanager
async def _signed_in(spec: ProviderSpec, keys: Mapping[str, Any]) -> AsyncIterator[Provider]:
    provider = spec.open(keys, lent())
    try:
        await provider.login()
        yield provider
    finally:
        await provider.close()
