"""One HTTP connection to Exchange, used by one request at a time, and the few of them that a credential has."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from calsync_exchange_ews.auth.login import Post

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping

    from calsync.http import Answer, Http
    from calsync_exchange_ews.auth.login import Login

KEEP_ALIVE = 90.0
"""Seconds; less than the 120 after which a server closes an idle connection. A new one signs in anew."""
TIMEOUT = 120.0
"""Seconds. A first search in a large folder builds an index; a batch may take a minute."""


class Channel:
    """A connection and who signs its requests in. NTLM signs the connection in, so it is never shared."""

    def __init__(self, http: Http, login: Login) -> None:
        self._http = http
        self._login = login
        self._lock = asyncio.Lock()

    async def post(
        self, body: bytes, headers: Mapping[str, str], *, changes: bool, silence: float | None = None
    ) -> Answer:
        """Send one request; `silence` asks for a stream. Raises LoginError, Retry, UnknownOutcome."""
        async with self._lock:
            post = Post(headers=headers, body=body, changes=changes, silence=silence)
            return await self._login.send(self._http, post)

    async def close(self) -> None:
        await self._http.close()


class Channels:
    """The channels of one credential. The one that was used last is used next: it is signed in."""

    def __init__(
        self, build: Callable[[], Channel], number: int, crowded: Callable[[], object] = lambda: None
    ) -> None:
        """`crowded` is called when the server counts too many of them."""
        self._crowded = crowded
        self._all = [build() for _ in range(number)]
        self._idle: asyncio.LifoQueue[Channel] = asyncio.LifoQueue()
        for channel in reversed(self._all):
            self._idle.put_nowait(channel)
        self._wanted = number

    @asynccontextmanager
    async def one(self) -> AsyncIterator[Channel]:
        """Wait for a channel and hold it."""
        channel = await self._idle.get()
        try:
            yield channel
        finally:
            if self._wanted < len(self._all):
                self._all.remove(channel)
                await channel.close()
            else:
                self._idle.put_nowait(channel)

    def narrow(self) -> None:
        """Go on with one channel: the server counts more of them as too many."""
        self._wanted = 1
        self._crowded()

    async def close(self) -> None:
        for channel in self._all:
            await channel.close()
