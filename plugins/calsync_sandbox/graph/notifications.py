"""What clients are called with: a handshake first, then notifications, some at once, late, repeated or lost."""

from __future__ import annotations

import asyncio
import time
import uuid
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync_sandbox.graph.subscriptions import Subscription
    from calsync_sandbox.graph.switches import GraphSwitches
    from calsync_sandbox.mailbox.store import Change

HANDSHAKE_SECONDS = 10.0
ANSWER_SECONDS = 3.0
AGAIN_SECONDS = (0.2, 0.4, 0.8, 1.6)
"""Between tries of a notification that was not accepted. Microsoft tries for four hours."""
Json = dict[str, Any]


@dataclass(frozen=True, slots=True, kw_only=True)
class Delivery:
    """One call of a client."""

    url: str
    notifications: Sequence[Json]
    status: int
    """0: no answer in time."""
    began: float
    """Seconds on the monotonic clock, as `ended`."""
    ended: float


class Deliveries:
    """Calls clients. What is to be told at one address at the same time is told in one call."""

    def __init__(self, switches: GraphSwitches) -> None:
        self.made: list[Delivery] = []
        """All calls with notifications, those too that were not accepted."""
        self._switches = switches
        self._waiting: dict[str, list[Json]] = {}
        self._tasks: set[asyncio.Task[None]] = set()
        self._session: aiohttp.ClientSession | None = None

    def add(self, url: str, notification: Json) -> None:
        """Tell something soon."""
        copies = [notification] * self._switches.notification_copies
        if not copies:
            return
        if url not in self._waiting:
            task = asyncio.get_running_loop().create_task(self._deliver(url))
            self._tasks.add(task)
            task.add_done_callback(self._tasks.discard)
        self._waiting.setdefault(url, []).extend(copies)

    async def validate(self, url: str) -> bool:
        """Ask an address whether it wants to be called: it has to return a token as plain text."""
        token = f"Validation: Testing client application reachability <b>&+% {uuid.uuid4()}"
        headers = {"Content-Type": "text/plain; charset=utf-8"}
        timeout = aiohttp.ClientTimeout(HANDSHAKE_SECONDS)
        address = URL(url).update_query(validationToken=token)
        try:
            async with self._open().post(
                address, headers=headers, timeout=timeout, allow_redirects=False
            ) as answer:
                return (
                    answer.status == 200 and answer.content_type == "text/plain" and await answer.text() == token
                )
        except (aiohttp.ClientError, TimeoutError, OSError):
            return False

    async def close(self) -> None:
        """Tell nothing more."""
        for task in self._tasks:
            task.cancel()
        await asyncio.gather(*self._tasks, return_exceptions=True)
        self._waiting.clear()
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    async def _deliver(self, url: str) -> None:
        await asyncio.sleep(self._switches.notification_delay)
        notifications = self._waiting.pop(url)
        for wait in (*AGAIN_SECONDS, None):
            began = time.monotonic()
            status = await self._call(url, notifications)
            ended = time.monotonic()
            self.made.append(
                Delivery(url=url, notifications=notifications, status=status, began=began, ended=ended)
            )
            if 200 <= status < 300 or wait is None:
                return
            await asyncio.sleep(wait)

    async def _call(self, url: str, notifications: Sequence[Json]) -> int:
        timeout = aiohttp.ClientTimeout(ANSWER_SECONDS)
        try:
            async with self._open().post(
                URL(url), json={"value": notifications}, timeout=timeout, allow_redirects=False
            ) as answer:
                return answer.status
        except (aiohttp.ClientError, TimeoutError, OSError):
            return 0

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession()
        return self._session


def changed(one: Subscription, change: Change) -> Json:
    """Return what is told of a change in the mailbox, whichever of its calendars it is in."""
    kind = "deleted" if change.after is None else "created" if change.born else "updated"
    resource = f"Users/{one.mailbox.user_id}/Events/{change.id}"
    entity = {"@odata.type": "#Microsoft.Graph.Event", "@odata.id": resource, "id": change.id}
    version = one.mailbox.events.get(change.id, {}).get("changeKey")
    if version is not None:
        entity["@odata.etag"] = f'W/"{version}"'
    return {**_about(one), "changeType": kind, "resource": resource, "resourceData": entity}


def lifecycle(one: Subscription, event: str) -> Json:
    """Return what is told of something that has happened to a subscription."""
    return {**_about(one), "lifecycleEvent": event, "resource": one.resource}


def _about(one: Subscription) -> Json:
    return {
        "subscriptionId": one.id,
        "subscriptionExpirationDateTime": datetime.fromtimestamp(one.until, UTC).isoformat(),
        "clientState": one.client_state,
        "tenantId": one.tenant,
    }
