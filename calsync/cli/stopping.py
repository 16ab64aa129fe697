"""Work that runs until the process is asked to stop, and what it is asked for meanwhile."""

from __future__ import annotations

import asyncio
import contextlib
import signal
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator

GRACE_SECONDS = 9.0
"""How long a stop waits for work under way. A supervisor kills after 10; a write cut off is settled later."""


@contextlib.contextmanager
def at_hangup() -> Iterator[asyncio.Event]:
    """Give an event that SIGHUP sets, as long as this is entered."""
    asked = asyncio.Event()
    loop = asyncio.get_running_loop()
    loop.add_signal_handler(signal.SIGHUP, asked.set)
    try:
        yield asked
    finally:
        loop.remove_signal_handler(signal.SIGHUP)


async def until_stopped(
    work: Callable[[asyncio.Event], Awaitable[None]], *, grace_seconds: float = GRACE_SECONDS
) -> None:
    """Run `work`, and set its event at SIGTERM or SIGINT; cut it off when it does not end in time after that."""
    stop = asyncio.Event()
    loop = asyncio.get_running_loop()
    for number in (signal.SIGTERM, signal.SIGINT):
        loop.add_signal_handler(number, stop.set)
    task = asyncio.ensure_future(work(stop))
    asked = asyncio.ensure_future(stop.wait())
    try:
        await asyncio.wait({task, asked}, return_when=asyncio.FIRST_COMPLETED)
        await asyncio.wait({task}, timeout=grace_seconds)
    finally:
        asked.cancel()
        task.cancel()
        for number in (signal.SIGTERM, signal.SIGINT):
            loop.remove_signal_handler(number)
    with contextlib.suppress(asyncio.CancelledError):
        await task
