"""Live pages: one stream for each open page says which accounts have changed (HTML standard, 9.2).

It sends names and no contents: a page asks for what it shows anew, and is given what its visitor may see.
"""

from __future__ import annotations

import asyncio
import json
from contextlib import asynccontextmanager, suppress
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

PAUSE = 1.0
"""Seconds between two messages of a stream: what changes meanwhile is in the next one."""
LONG_PAUSE = 10.0
"""Seconds behind a message that everything has changed: all that a page shows is asked for anew."""
MOST = 500
"""Streams at once."""
MOST_NAMES = 200
"""Accounts that one message names; where more have changed, it says that everything has."""
EVERYTHING = "*"


class TooManyStreams(Exception):  # noqa: N818 - errors are named as outcomes
    """No further page can be kept up to date; it works without."""


class Stream:
    """What one page has not been told yet. It is a set, so a page that does not read costs no more than that."""

    def __init__(self) -> None:
        self._watched: frozenset[str] | None = None
        self._changed: set[str] = set()
        self._woken = asyncio.Event()
        self._over = asyncio.Event()

    def watch(self, names: frozenset[str] | None) -> None:
        """Be woken from now on by what has one of these names; None: by everything."""
        self._watched = names

    def add(self, names: frozenset[str]) -> None:
        seen = names if self._watched is None else names & self._watched
        if seen:
            self._changed |= seen
            self._woken.set()

    def wake(self) -> None:
        self._woken.set()

    @property
    def ended(self) -> bool:
        return self._over.is_set()

    def end(self) -> None:
        self._over.set()
        self._woken.set()

    async def pause(self, seconds: float) -> None:
        """Wait so long, or until the end."""
        with suppress(TimeoutError):
            async with asyncio.timeout(seconds):
                await self._over.wait()

    async def next(self, seconds: float) -> frozenset[str]:
        """Return what has changed, once something has; nothing after so many seconds, and at the end."""
        try:
            async with asyncio.timeout(seconds):
                await self._woken.wait()
        except TimeoutError:
            return frozenset()
        changed = frozenset(self._changed)
        self._changed.clear()
        if not self.ended:
            self._woken.clear()
        return changed


class Broadcaster:
    """Hands what changes on to all streams."""

    def __init__(self) -> None:
        self._streams: set[Stream] = set()
        self._ended = False

    async def run(self, changes: AsyncIterator[frozenset[str]]) -> None:
        """Hand on until there is nothing more."""
        async for names in changes:
            self.tell(names)

    def tell(self, names: frozenset[str]) -> None:
        """Have open pages ask anew for what shows these."""
        for stream in self._streams:
            stream.add(names)

    def wake(self) -> None:
        """Have all streams look whether their sessions go on."""
        for stream in self._streams:
            stream.wake()

    @asynccontextmanager
    async def stream(self) -> AsyncIterator[Stream]:
        """Listen; at the end to a stream that has ended, so that a browser tries again. Raises TooManyStreams."""
        if len(self._streams) >= MOST:
            raise TooManyStreams
        stream = Stream()
        if self._ended:
            stream.end()
        self._streams.add(stream)
        try:
            yield stream
        finally:
            self._streams.discard(stream)

    def end(self) -> None:
        """End all streams: the service stops."""
        self._ended = True
        for stream in self._streams:
            stream.end()


def message(names: frozenset[str]) -> bytes:
    """Return one message; a comment that keeps the connection alive where there is nothing to say."""
    if not names:
        return b":\n\n"
    told = sorted(names) if len(names) <= MOST_NAMES else [EVERYTHING]
    return f"data: {json.dumps(told)}\n\n".encode()


def pause_after(names: frozenset[str]) -> float:
    """Return how many seconds a page is left in peace that was told of these."""
    if not names:
        return 0.0
    return PAUSE if len(names) <= MOST_NAMES else LONG_PAUSE
