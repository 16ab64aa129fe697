"""Work beside the accounts: it goes on until the service stops, and the service stops where it breaks."""

from __future__ import annotations

import asyncio
import logging
from typing import TYPE_CHECKING, Any, TypeVar

from calsync.engine.together import together
from calsync.errors import reason

if TYPE_CHECKING:
    from collections.abc import Coroutine, Iterable

T = TypeVar("T")
log = logging.getLogger("calsync.service")


async def until(event: asyncio.Event, work: Coroutine[Any, Any, T]) -> T | None:
    """Return what a work returns, or None where `event` is set before: then the work was cancelled and has ended.

    Raises what the work raises.
    """
    task, waiting = asyncio.ensure_future(work), asyncio.ensure_future(event.wait())
    try:
        await asyncio.wait([task, waiting], return_when=asyncio.FIRST_COMPLETED)
    finally:
        for one in (task, waiting):
            one.cancel()
        await asyncio.gather(task, waiting, return_exceptions=True)
    return None if task.cancelled() and event.is_set() else task.result()


async def side_by_side(stop: asyncio.Event, works: Iterable[Coroutine[Any, Any, object]]) -> None:
    """Do works at once that go on until `stop` is set. One that ends before sets it, and is told if it has failed.

    Raises what the first one raised, after all have ended.
    """

    async def one(work: Coroutine[Any, Any, object]) -> None:
        try:
            await work
        except Exception as error:
            if not stop.is_set():
                for line in reason(error).splitlines():
                    log.error("the service stops: %s", line)  # noqa: TRY400 - a bug's text may be a customer's
            raise
        finally:
            stop.set()

    await together(one(work) for work in works)
