"""Microsoft Graph rings: it calls the connection's public address when something in a mailbox has changed."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING

from calsync.errors import CalsyncError, Retry
from calsync_graph.notifications import REAUTHORIZE, REMOVED, TOKEN, notifications
from calsync_graph.subscriptions import Subscriptions, Uncallable

if TYPE_CHECKING:
    import random

    from calsync.ports import Call, Doorbells, Ring
    from calsync_graph.client import Client
    from calsync_graph.notifications import Notification
    from calsync_graph.subscriptions import Subscription

QUICK = timedelta(minutes=1)
QUICK_ENDS = 3
"""So many subscriptions in a row that ended sooner than that are enough: the host waits longer and longer."""
REFUSED_FOR = timedelta(minutes=1)
"""How long an address that cannot be called is not tried for another mailbox: each try takes Microsoft seconds."""
LOOKS_AGAIN = 600.0
"""A subscription is looked at so often, in seconds: a timer stands still while the machine is suspended."""
log = logging.getLogger("calsync.graph")


@dataclass(eq=False, slots=True)
class Watch:
    """Everybody who listens to one mailbox. They share its subscription, which is for all of its calendars."""

    rings: list[Ring] = field(default_factory=list)
    turn: asyncio.Lock = field(default_factory=asyncio.Lock)
    """One of them takes care of the subscription, as long as it listens; then the next one."""
    subscription: Subscription | None = None
    rest: asyncio.Future[None] | None = None
    """Whoever takes care of the subscription waits for it, while there is nothing to do."""

    def ring(self, reason: str) -> None:
        for ring in self.rings:
            ring(reason)

    def disturb(self) -> None:
        """Have looked what there is to do about the subscription."""
        if self.rest is not None and not self.rest.done():
            self.rest.set_result(None)


class Doorbell:
    """Hears all calls for one connection."""

    def __init__(self, doorbells: Doorbells, client: Client, random: random.Random) -> None:
        """`client`: one that waits alone where its requests are too many, so that no mailbox waits with it."""
        self._connection = client.connection
        self._clock = client.clock
        self._subscriptions = Subscriptions(client, doorbells.open(self.hear), random)
        self._watches: dict[str, Watch] = {}
        """By the mailbox's path, lower-cased."""
        self._told: dict[str, Watch] = {}
        """By the id of the subscription."""
        self._refused: tuple[datetime, str] | None = None
        """When the address could not be called, and what was said."""
        self._leads_here = False
        """The server has tried the address for the last subscription, and found us there."""
        self._tidied = False
        self._turn = asyncio.Lock()
        """Subscriptions are made and renewed one by one: the server calls back meanwhile, and the sync needs the
        other requests that it allows at once."""

    def hear(self, call: Call) -> str | None:
        """Answer a call. One that does not know a subscription's secret is dropped, and learns nothing by that."""
        if TOKEN in call.query:
            self._leads_here = True
            return call.query[TOKEN]
        for one in notifications(call):
            watch = self._told.get(one.subscription)
            subscription = None if watch is None else watch.subscription
            if watch is None or subscription is None or not one.is_from(subscription.client_state):
                log.debug("a notification of a subscription that nobody knows was dropped")
                continue
            self._hear(watch, subscription, one)
        return None

    async def listen(self, mailbox: str, ring: Ring) -> None:
        """Ring at changes in a mailbox (its path) until cancelled. Raises Retry, LoginError, AccountError."""
        watch = self._watches.setdefault(mailbox.lower(), Watch())
        watch.rings.append(ring)
        try:
            if watch.subscription is not None:
                ring("Microsoft Graph tells of changes")
            async with watch.turn:
                try:
                    await self._keep(mailbox, watch)
                finally:
                    self._forget(watch)
        finally:
            watch.rings.remove(ring)

    def _hear(self, watch: Watch, subscription: Subscription, told: Notification) -> None:
        if told.lifecycle == REAUTHORIZE:
            subscription.renew_soon(self._clock.now())
            watch.disturb()
        elif told.lifecycle == REMOVED:
            self._forget(watch)
            watch.disturb()
        else:
            watch.ring("Microsoft Graph missed telling" if told.lifecycle else "Microsoft Graph tells of a change")

    async def _keep(self, mailbox: str, watch: Watch) -> None:
        """Have a subscription, always. One that cannot be renewed is given up: the host listens again later."""
        made, quick = datetime.min.replace(tzinfo=UTC), 0
        while True:
            now, subscription = self._clock.now(), watch.subscription
            if subscription is None or subscription.until <= now:
                quick = quick + 1 if now - made < QUICK else 0
                if quick >= QUICK_ENDS:
                    raise Retry(
                        f"connection {self._connection}: Microsoft Graph removes each subscription at once"
                    )
                await self._subscribe(mailbox, watch)
                made = self._clock.now()
                await self._tidy()
            elif subscription.due <= now:
                await self._renew(watch, subscription)
            else:
                watch.rest = asyncio.get_running_loop().create_future()
                await self._clock.until(watch.rest, min((subscription.due - now).total_seconds(), LOOKS_AGAIN))

    async def _subscribe(self, mailbox: str, watch: Watch) -> None:
        self._forget(watch)
        async with self._turn:
            made = await self._made(mailbox)
            watch.subscription = made
            self._told[made.id] = watch
        watch.ring("Microsoft Graph begins to tell of changes")

    async def _made(self, mailbox: str) -> Subscription:
        """Make a subscription, unless it has just been refused to another mailbox for what all have in common."""
        if self._refused is not None and self._clock.now() - self._refused[0] < REFUSED_FOR:
            raise Uncallable(self._refused[1])
        self._leads_here = False
        try:
            return await self._subscriptions.make(mailbox, self._told)
        except Uncallable as refused:
            self._refused = self._clock.now(), str(refused)
            raise

    async def _tidy(self) -> None:
        """End, once, what former processes left, each behind the subscriptions that wait to be made.

        Only where the address leads here: then whatever calls it, calls nobody else. What cannot be ended ends by
        itself within a day.
        """
        if self._tidied or not self._leads_here:
            return
        self._tidied = True
        try:
            async with self._turn:  # so that none is listed that is just being made
                left = await self._subscriptions.left(self._told)
            for name in left:
                async with self._turn:
                    await self._subscriptions.end(name)
        except CalsyncError as error:
            log.debug("subscriptions of a former process go on to call: %s", error)
        except asyncio.CancelledError:
            self._tidied = False  # whoever listens next goes on with it
            raise

    async def _renew(self, watch: Watch, subscription: Subscription) -> None:
        async with self._turn:
            lasts = await self._subscriptions.renew(subscription)
        if not lasts and watch.subscription is subscription:
            self._forget(watch)
        elif lasts:  # it may have been silent until it was authorised
            watch.ring("Microsoft Graph goes on to tell of changes")

    def _forget(self, watch: Watch) -> None:
        if watch.subscription is not None:
            self._told.pop(watch.subscription.id, None)
            watch.subscription = None
