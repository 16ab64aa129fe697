"""What a page begins and does not wait for, as asking a server: its outcome is shown once it is there."""

from __future__ import annotations

import asyncio
import logging
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING, Any

from calsync.errors import CalsyncError, reason

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from datetime import datetime

    from calsync.ports import Clock

KEPT = timedelta(minutes=10)
"""How long an outcome is shown."""
log = logging.getLogger("calsync.web")


@dataclass(frozen=True, slots=True, kw_only=True)
class Work:
    """One of them, as far as it is."""

    began: datetime
    busy: bool = True
    outcome: Any = None
    """What it came to; None while it goes on, and where it failed."""
    error: str | None = None
    """What it failed with, as a sentence of calsync.errors; of a bug no more than that it was one."""


class Works:
    """All of them, each under a key. What is under way is not begun a second time."""

    def __init__(self, clock: Clock, tell: Callable[[frozenset[str]], None]) -> None:
        """`tell` is told the name of what looks different, whenever something has begun or ended."""
        self._clock = clock
        self._tell = tell
        self._works: dict[str, Work] = {}
        self._tasks: set[asyncio.Task[None]] = set()

    def begin(self, key: str, about: str, work: Callable[[], Awaitable[Any]]) -> None:
        """Begin a work, unless it is under way. `about`: what live parts of pages call what it changes."""
        now = self._clock.now()
        self._works = {name: one for name, one in self._works.items() if one.busy or now - one.began < KEPT}
        if key in self._works and self._works[key].busy:
            return
        self._works[key] = Work(began=now)
        task = asyncio.create_task(self._do(key, about, work), name=key)
        self._tasks.add(task)
        task.add_done_callback(self._tasks.discard)
        self._tell(frozenset([about]))

    def of(self, key: str) -> Work | None:
        """Return a work of the last minutes."""
        found = self._works.get(key)
        lately = found is not None and (found.busy or self._clock.now() - found.began < KEPT)
        return found if lately else None

    def forget(self, key: str) -> None:
        """Show an outcome no more."""
        if key in self._works and not self._works[key].busy:
            del self._works[key]

    def end(self) -> None:
        """End all that is under way: the service stops."""
        for task in self._tasks:
            task.cancel()

    async def _do(self, key: str, about: str, work: Callable[[], Awaitable[Any]]) -> None:
        outcome, error = None, None
        try:
            outcome = await work()
        except CalsyncError as problem:
            error = str(problem)
        except Exception as problem:  # noqa: BLE001 - a bug is shown where it was begun, and ends nothing else
            error = reason(problem)
            log.warning("what a page has begun failed: %s", error)
        finally:
            self._works[key] = Work(began=self._clock.now(), busy=False, outcome=outcome, error=error)
            self._tell(frozenset([about]))
