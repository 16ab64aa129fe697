"""One stream on which Exchange tells of changes in all calendars of a connection that somebody listens to.

Only few streams of one user may be open at a time (three on Exchange 2013, ten later), so all calendars share one,
as Microsoft advises: subscriptions that are asked for with the same anchor mailbox stand on one server. What
happens while no stream is open is not made up for (exchangelib 1153), so each one that begins rings at everybody.
"""

from __future__ import annotations

import asyncio
import logging
from contextlib import aclosing
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calsync.errors import AccountError, CalsyncError, EventError, Retry
from calsync.values import replace
from calsync_exchange_ews.envelope import Caller
from calsync_exchange_ews.failures import Failed
from calsync_exchange_ews.requests import get_streaming_events, subscribe
from calsync_exchange_ews.streaming import contents
from calsync_exchange_ews.xml import child, local, name, text_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calsync.ports import Ring
    from calsync_exchange_ews.client import Client
    from calsync_exchange_ews.home import Home
    from calsync_exchange_ews.responses import Content, Reply
    from calsync_exchange_ews.xml import Element

MOST = 200
"""Subscriptions of one stream (Microsoft's documentation)."""
MINUTES = 29
"""How long a stream is asked for; a server allows 30."""
SILENCE = 60.0 * (MINUTES + 1)
"""Seconds. How often a server gives a sign of life is not documented."""
GATHER_SECONDS = 3.0
"""How long a stream waits for others who want to listen: those who come later make another stream, for all."""
QUICK_SECONDS = 60.0
QUICK_ENDS = 3
"""So many streams in a row that ended sooner than that are enough: the host waits longer and longer."""
REST_SECONDS = 3600.0
"""How long there is no stream after the server found that there are too many connections."""
LOST = frozenset(
    {
        "SubscriptionNotFound",
        "ExpiredSubscription",
        "InvalidSubscription",
        "InvalidWatermark",
        "ReadEventsFailed",
        "MissedNotificationEvents",
        "ProxyRequestNotAllowed",
        "NewEventStreamConnectionOpened",
    }
)
"""A subscription is no more, or of no use: another one is asked for."""
log = logging.getLogger("calsync.exchange")


@dataclass(eq=False, slots=True)
class Listener:
    """Who listens to one calendar."""

    home: Home
    ring: Ring
    subscription: str = ""
    """Its id; "" before there is one."""
    failed: asyncio.Future[None] = field(default_factory=lambda: asyncio.get_running_loop().create_future())

    def fail(self, error: Exception) -> None:
        if not self.failed.done():
            self.failed.set_exception(error)


class Doorbell:
    """Keeps a stream open as long as anybody listens."""

    def __init__(self, client: Client) -> None:
        """`client` has a single channel, which nobody else uses: a subscription and its stream share cookies."""
        self._client = client
        self._listeners: list[Listener] = []
        self._disturbed = asyncio.Event()
        """The stream that is open is not the one that is wanted."""
        self._crowded = False
        self._anchor = Caller(zone="UTC")
        """The mailbox on whose server the subscriptions stand."""
        self._task: asyncio.Task[None] | None = None

    async def listen(self, home: Home, ring: Ring) -> None:
        """Ring at changes of a calendar until cancelled. Raises Retry, LoginError, AccountError."""
        if len(self._listeners) >= MOST:
            raise AccountError(f"connection {self._client.connection}: only {MOST} calendars share its stream")
        listener = Listener(home, ring)
        self._listeners.append(listener)
        self._disturbed.set()
        if self._task is None or self._task.done():
            self._task = asyncio.create_task(self._serve())
        try:
            await listener.failed
        finally:
            self._listeners.remove(listener)
            if not self._listeners:
                task, self._task = self._task, None
                await _ended(task)

    def rest(self) -> None:
        """Do without a stream for a while: the server counts too many connections, and the sync needs some."""
        self._crowded = True
        self._disturbed.set()

    async def close(self) -> None:
        await self._client.close()

    async def _serve(self) -> None:
        """Keep a stream open; what is in the way of it is told to everybody who listens."""
        try:
            await self._keep_open()
        except Exception as error:  # noqa: BLE001 - who listens raises it
            for listener in self._listeners:
                listener.fail(error)

    async def _keep_open(self) -> None:
        quick = 0
        while any(not each.failed.done() for each in self._listeners):
            await self._client.clock.sleep(GATHER_SECONDS)
            self._disturbed.clear()
            if self._crowded:
                self._crowded = False
                problem = (
                    f"connection {self._client.connection}: Exchange counts too many connections for a stream"
                )
                raise Retry(problem, after=REST_SECONDS)
            await self._subscribe()
            if not self._subscribed():
                continue
            began = self._client.clock.now()
            ended = await self._hear_undisturbed()
            lasted = (self._client.clock.now() - began).total_seconds()
            quick = quick + 1 if ended and lasted < QUICK_SECONDS else 0
            if quick >= QUICK_ENDS:
                raise Retry(f"connection {self._client.connection}: Exchange ends each stream at once")

    async def _subscribe(self) -> None:
        """Ask for the subscriptions that are missing; a calendar that gets none fails alone."""
        if not self._subscribed():
            self._anchor = min((each.home.caller for each in self._listeners), key=lambda caller: caller.mailbox)
        for listener in [each for each in self._listeners if not each.subscription and not each.failed.done()]:
            caller = replace(listener.home.caller, anchor=self._anchor.mailbox)
            try:
                (reply,) = await self._client.call(subscribe(listener.home.folder), caller, counted=False)
                listener.subscription = subscription_of(reply) if reply.ok else ""
            except (AccountError, EventError, Failed) as refused:
                listener.fail(_without(self._client.connection, refused))
            else:
                if not listener.subscription:
                    listener.fail(_without(self._client.connection, self._client.error(reply)))

    def _subscribed(self) -> dict[str, Listener]:
        return {each.subscription: each for each in self._listeners if each.subscription}

    async def _hear_undisturbed(self) -> bool:
        """Hear a stream until it ends, or another one is wanted; return whether it ended."""
        hearing = asyncio.ensure_future(self._hear())
        disturbed = asyncio.ensure_future(self._disturbed.wait())
        try:
            await asyncio.wait({hearing, disturbed}, return_when=asyncio.FIRST_COMPLETED)
            if hearing.done():
                hearing.result()
            return hearing.done()
        finally:
            await _ended(hearing, disturbed)

    async def _hear(self) -> None:
        """Hear one stream to its end."""
        known, begun = self._subscribed(), False
        operation = get_streaming_events(known, MINUTES)
        caller = replace(self._anchor, anchor=self._anchor.mailbox)
        async with (
            self._client.stream(operation, caller, SILENCE) as stream,
            aclosing(contents(stream, operation.name, self._client.connection)) as said,
        ):
            async for found in said:
                self._client.heed(operation, found)
                refusal = _refusal(found)
                if refusal is not None:
                    self._lose(refusal, known)
                    return
                if not begun:
                    begun = True
                    for listener in known.values():
                        listener.ring("Exchange begins to tell of changes")
                if _told(found, known):
                    return

    def _lose(self, refusal: Reply, known: dict[str, Listener]) -> None:
        """Forget the subscriptions that are lost. Raises what any other refusal means."""
        ids = child(refusal.node, "m:ErrorSubscriptionIds") if refusal.node is not None else None
        named = [each.text or "" for each in ids] if ids is not None else []
        if not named and refusal.code not in LOST:
            raise self._client.error(refusal, whole=True)
        for each in named or known:
            if each in known:
                known[each].subscription = ""


def subscription_of(reply: Reply) -> str:
    """Return the id of a subscription that was given, "" where there is none."""
    return text_of(reply.node, "m:SubscriptionId").strip() if reply.node is not None else ""


def _without(connection: str, refused: CalsyncError) -> CalsyncError:
    """Return what is told where a calendar gets no subscription."""
    if isinstance(refused, Retry):
        return refused
    return AccountError(f"connection {connection}: Exchange does not tell of changes in this calendar: {refused}")


def _refusal(found: Content) -> Reply | None:
    return found.fault or next((reply for reply in found.replies if not reply.ok), None)


def _told(found: Content, known: dict[str, Listener]) -> bool:
    """Ring at those whose calendars have changed; return whether the server closes the stream."""
    closed = False
    for reply in found.replies:
        if reply.node is not None:
            for notification in reply.node.iter(name("m:Notification")):
                listener = known.get(text_of(notification, "t:SubscriptionId").strip())
                if listener is not None and _changes(notification):
                    listener.ring("Exchange tells of a change")
            closed |= text_of(reply.node, "m:ConnectionStatus").strip() == "Closed"
    return closed


def _changes(notification: Iterable[Element]) -> bool:
    """Tell whether a notification is more than a sign of life."""
    names = [local(each) for each in notification]
    return any(each.endswith("Event") and each != "StatusEvent" for each in names)


async def _ended(*tasks: asyncio.Future[Any] | None) -> None:
    """Cancel tasks and wait until they have ended."""
    there = [task for task in tasks if task is not None]
    for task in there:
        task.cancel()
    await asyncio.gather(*there, return_exceptions=True)
