"""Microsoft Graph rings: it calls the connection's public address when something in a mailbox has changed."""

from __future__ import annotations

import asyncio
import logging
import sys
from contextvars import copy_context
from dataclasses import dataclass, field
from datetime import UTC, datetime, timedelta
from functools import partial
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
NEVER = datetime.min.replace(tzinfo=UTC)
log = logging.getLogger("calsync.graph")


@dataclass(eq=False, slots=True)
class Watch:
    """Everybody who listens to one mailbox. They share its subscription, which is for all of its calendars."""

    mailbox: str
    """Its path."""
    listeners: list[tuple[asyncio.Future[None], Ring]] = field(default_factory=list)
    subscription: Subscription | None = None
    made: datetime = NEVER
    """When it was made last."""
    quick: int = 0
    """So many in a row ended soon."""

    @property
    def due(self) -> datetime:
        """When there is something to do about the subscription."""
        return NEVER if self.subscription is None else self.subscription.due

    def ring(self, reason: str) -> None:
        for heard, ring in [*self.listeners]:
            if not heard.done():
                ring(reason)

    def end(self, error: BaseException | None) -> None:
        """End the listening of everybody."""
        for heard, _ in self.listeners:
            if error is None:
                heard.cancel()
            elif not heard.done():
                heard.set_exception(error)


class Doorbell:
    """Hears all calls for one connection."""

    def __init__(self, doorbells: Doorbells, client: Client, random: random.Random) -> None:
        """`client`: one that waits alone where its requests are too many, so that no mailbox waits with it."""
        self._connection = client.connection
        self._clock = client.clock
        self._subscriptions = Subscriptions(client, doorbells.open(self.hear), random)
        self._watches: dict[str, Watch] = {}
        """By the mailbox's path, lower-cased: those that somebody listens to."""
        self._told: dict[str, Watch] = {}
        """By the id of the subscription."""
        self._refused: tuple[datetime, str] | None = None
        """When the address could not be called, and what was said."""
        self._leads_here = False
        """The server has tried the address for the last subscription, and found us there."""
        self._tidied = False
        self._may_tidy = False
        """Likewise for the last one that was made."""
        self._keeper: asyncio.Task[None] | None = None
        """Takes care of all subscriptions, as long as anybody listens."""
        self._ending: set[asyncio.Task[None]] = set()
        """Those before it that have not ended yet."""
        self._rest: asyncio.Future[None] | None = None
        """What it waits for while there is nothing to do."""
        self._context = copy_context()
        """One for all who listen."""

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

    def listen(self, mailbox: str, ring: Ring) -> asyncio.Future[None]:
        """Ring at changes in a mailbox (its path) until what this returns is cancelled.

        It fails with Retry, LoginError, AccountError.
        """
        loop = asyncio.get_running_loop()
        heard: asyncio.Future[None] = loop.create_future()
        watch = self._watches.setdefault(sys.intern(mailbox.lower()), Watch(mailbox))
        watch.listeners.append((heard, ring))
        heard.add_done_callback(partial(self._left, watch), context=self._context)
        if watch.subscription is not None:
            loop.call_soon(self._greet, watch, heard)
        if self._keeper is None:
            self._keeper = asyncio.create_task(self._keep(), context=self._context)
            self._keeper.add_done_callback(self._kept)
        self._disturb()
        return heard

    def _greet(self, watch: Watch, heard: asyncio.Future[None]) -> None:
        for one, ring in watch.listeners:
            if one is heard and not heard.done():
                ring("Microsoft Graph tells of changes")

    def _left(self, watch: Watch, heard: asyncio.Future[None]) -> None:
        watch.listeners = [one for one in watch.listeners if one[0] is not heard]
        if not watch.listeners:
            self._drop(watch)

    def _drop(self, watch: Watch) -> None:
        """Take care of a mailbox no more."""
        self._forget(watch)
        if self._watches.get(watch.mailbox.lower()) is watch:
            del self._watches[watch.mailbox.lower()]
        if not self._watches:
            self._end_keeper()

    def _end_keeper(self) -> None:
        keeper, self._keeper = self._keeper, None
        if keeper is not None:
            keeper.cancel()
            self._ending.add(keeper)
            keeper.add_done_callback(self._ending.discard)

    async def close(self) -> None:
        """End the listening of everybody; return when nothing is asked of the server any more."""
        for watch in [*self._watches.values()]:
            watch.end(None)
            self._drop(watch)
        if self._ending:
            await asyncio.wait(self._ending)

    def _kept(self, keeper: asyncio.Task[None]) -> None:
        """End the listening of everybody: it was a bug, or the loop ends."""
        error = None if keeper.cancelled() else keeper.exception()
        if keeper is self._keeper:
            self._keeper = None
            for watch in [*self._watches.values()]:
                watch.end(error)
                self._drop(watch)

    def _disturb(self) -> None:
        """Have looked what there is to do."""
        if self._rest is not None and not self._rest.done():
            self._rest.set_result(None)

    def _hear(self, watch: Watch, subscription: Subscription, told: Notification) -> None:
        if told.lifecycle == REAUTHORIZE:
            subscription.renew_soon(self._clock.now())
            self._disturb()
        elif told.lifecycle == REMOVED:
            self._forget(watch)
            self._disturb()
        else:
            watch.ring("Microsoft Graph missed telling" if told.lifecycle else "Microsoft Graph tells of a change")

    async def _keep(self) -> None:
        """Have a subscription to each mailbox, always.

        They are made and renewed one by one: the server calls back meanwhile, and the sync needs the other
        requests that it allows at once.
        """
        while self._watches:
            await self._catch_up()
            await self._tidy()
            self._rest = asyncio.get_running_loop().create_future()
            now = self._clock.now()
            due = min((watch.due for watch in self._watches.values()), default=now)
            if due > now:
                await self._clock.until(self._rest, min((due - now).total_seconds(), LOOKS_AGAIN))

    async def _catch_up(self) -> None:
        """Do all that there is to do about subscriptions."""
        now = self._clock.now()
        while due := [watch for watch in self._watches.values() if watch.due <= now]:
            for watch in due:
                await self._look_after(watch)
            now = self._clock.now()

    async def _look_after(self, watch: Watch) -> None:
        """Do what is due for a mailbox. Where that fails, it is given up: the host listens again later."""
        now, subscription = self._clock.now(), watch.subscription
        try:
            if not watch.listeners:
                return
            if subscription is None or subscription.until <= now:
                await self._subscribe(watch)
            elif subscription.due <= now:
                await self._renew(watch, subscription)
        except Exception as error:  # noqa: BLE001 - whoever listens is told
            watch.end(error)
            self._drop(watch)

    async def _subscribe(self, watch: Watch) -> None:
        watch.quick = watch.quick + 1 if self._clock.now() - watch.made < QUICK else 0
        if watch.quick >= QUICK_ENDS:
            raise Retry(f"connection {self._connection}: Microsoft Graph removes each subscription at once")
        self._forget(watch)
        made = await self._made(watch.mailbox)
        self._may_tidy = self._leads_here
        if watch.listeners:
            watch.subscription = made
            self._told[made.id] = watch
        watch.made = made.renewed
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
        if self._tidied or not self._may_tidy or not self._watches:
            return
        self._tidied = True
        try:
            for name in await self._subscriptions.left(self._told):
                await self._catch_up()
                await self._subscriptions.end(name)
        except CalsyncError as error:
            log.debug("subscriptions of a former process go on to call: %s", error)
        except asyncio.CancelledError:
            self._tidied = False  # whoever listens next goes on with it
            raise

    async def _renew(self, watch: Watch, subscription: Subscription) -> None:
        lasts = await self._subscriptions.renew(subscription)
        if not lasts and watch.subscription is subscription:
            self._forget(watch)
        elif lasts:  # it may have been silent until it was authorised
            watch.ring("Microsoft Graph goes on to tell of changes")

    def _forget(self, watch: Watch) -> None:
        if watch.subscription is not None:
            self._told.pop(watch.subscription.id, None)
            watch.subscription = None
