"""What a poll of one FLOWFACT tenant costs for few and many accounts, and whom a change wakes."""

from __future__ import annotations

import asyncio
import random
import time
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

import voluptuous as vol

from calsync.http import HttpFactory
from calsync.ports import CalendarRequest, Clock, Host
from calsync_flowfact import PROVIDER
from calsync_sandbox.flowfact import GUESSED, FlowfactServer
from calsync_sandbox.mail import MailLog

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.ports import Calendar, Provider
    from calsync.sync.model import Window

POLL = 60.0
AT_ONCE = 100
"""Accounts that are read for the first time at the same time."""


@dataclass(frozen=True, slots=True)
class Poll:
    """A tenant of so many accounts."""

    accounts: int
    quiet_requests: int
    """What a poll of all accounts sent when nothing had changed."""
    quiet_seconds: float
    """How long it took until each account knew that, the sandbox's part included."""
    woken: int
    """How many accounts a change of one appointment woke."""
    right: bool
    """Whether the one it was about was woken, and was told of it."""
    change_requests: int
    """What all accounts together sent for that change."""

    @property
    def kept(self) -> bool:
        return self.quiet_requests == 1 and self.woken == 1 and self.right


class Steps(Clock):
    """Time that passes for any number of sleepers at once."""

    def __init__(self) -> None:
        self._now = datetime.now(UTC)
        self._moved = asyncio.Event()
        self.sleeping = 0

    def now(self) -> datetime:
        return self._now

    async def sleep(self, seconds: float) -> None:
        until = self._now + timedelta(seconds=seconds)
        while self._now < until:
            self.sleeping += 1
            await self._moved.wait()

    def advance(self, seconds: float) -> None:
        self._now += timedelta(seconds=seconds)
        self.sleeping = 0
        self._moved.set()
        self._moved = asyncio.Event()


def polled(accounts: int, window: Window) -> Poll:
    """Serve so many accounts, each with one appointment, until one of these changes."""
    return asyncio.run(_polled(accounts, window))


async def _polled(accounts: int, window: Window) -> Poll:
    clock = Steps()
    server = FlowfactServer(MailLog(), now=lambda: clock.now().timestamp())
    await server.start()
    provider = _provider(server, clock)
    try:
        return await _served(server, provider, clock, accounts, window)
    finally:
        await provider.close()
        await server.stop()


async def _served(server: FlowfactServer, provider: Provider, clock: Steps, accounts: int, window: Window) -> Poll:
    users = [server.add_user(f"a{one}@example.de", first="A", last=str(one)) for one in range(accounts)]
    begin = int(clock.now().timestamp() * 1000)
    fields = {"subject": "Besichtigung", "start_date": begin, "end_date": begin + 3_600_000}
    appointments = [server.create("appointments", fields | {"assignee": one["id"]}, user=one) for one in users]
    await provider.login()
    calendars = [await _opened(provider, user["id"]) for user in users]
    tokens: list[str] = []
    for first in range(0, accounts, AT_ONCE):
        some = calendars[first : first + AT_ONCE]
        tokens += [token for token, _ in await asyncio.gather(*(_told(one, None, window) for one in some))]
    rung: list[int] = []
    ears: list[asyncio.Future[None]] = [
        asyncio.ensure_future(one.listen(lambda why, number=number: rung.append(number) if why else None))
        for number, one in enumerate(calendars)
    ]
    await _heard(clock)
    for _ in range(3):  # until what was created is older than the search may lag behind
        tokens, _, _ = await _round(server, clock, calendars, tokens, window)
    rung.clear()
    began = time.monotonic()
    tokens, quiet, _ = await _round(server, clock, calendars, tokens, window)
    seconds = time.monotonic() - began
    early = len(rung)
    chosen = accounts // 2
    server.patch(appointments[chosen]["id"], {"subject": "verlegt"}, user=users[chosen])
    _, requests, told = await _round(server, clock, calendars, tokens, window)
    for ear in ears:
        ear.cancel()
    await asyncio.gather(*ears, return_exceptions=True)
    return Poll(accounts, quiet, seconds, len(rung), rung == told == [chosen] and not early, requests)


async def _round(
    server: FlowfactServer, clock: Steps, calendars: Sequence[Calendar], tokens: Sequence[str], window: Window
) -> tuple[list[str], int, list[int]]:
    """Let a poll's time pass and ask each account what changed; return tokens, requests and who was told."""
    server.clear()
    clock.advance(POLL)
    await _heard(clock)
    answers = [await _told(one, token, window) for one, token in zip(calendars, tokens, strict=True)]
    told = [number for number, (_, changes) in enumerate(answers) if changes]
    return [token for token, _ in answers], len(server.requests), told


async def _heard(clock: Steps) -> None:
    """Wait until the one of all who listen that reads for them waits for the next poll."""
    while not clock.sleeping:  # noqa: ASYNC110 - sleepers tell nobody
        await asyncio.sleep(0.001)


async def _told(calendar: Calendar, token: str | None, window: Window) -> tuple[str, int]:
    """Return a calendar's new token and how many events it told."""
    told = 0
    async for page in calendar.changes(token, window):
        told += len(page.observations)
        token = page.token or token
    if token is None:
        raise RuntimeError("a listing ended without a token")
    return token, told


async def _opened(provider: Provider, user: str) -> Calendar:
    settings = {"user_id": user}
    return await provider.open(
        CalendarRequest(account=user, settings=settings, timezone=ZoneInfo("Europe/Berlin"))
    )


def _provider(server: FlowfactServer, clock: Clock) -> Provider:
    options = {"api_token": server.api_token, "base_url": server.url, **GUESSED.configured()}
    host = Host(
        connection="flowfact",
        clock=clock,
        random=random.Random(1),  # noqa: S311 - nothing secret
        http=HttpFactory(clock),
        poll_seconds=lambda: POLL,
    )
    return PROVIDER.open(vol.Schema(dict(PROVIDER.connection_schema))(options), host)


def tenant_table(polls: Sequence[Poll]) -> str:
    """Return a line per tenant."""
    head = "accounts of one FLOWFACT tenant   requests of a quiet poll       time   woken by one   its requests"
    return "\n".join([head, *map(_row, polls)])


def _row(poll: Poll) -> str:
    row = (
        f"{poll.accounts:>31,}   {poll.quiet_requests:>24}   {poll.quiet_seconds:>6.2f} s"
        f"   {poll.woken:>12}   {poll.change_requests:>12}"
    )
    return row if poll.kept else row + "  MISSED"
