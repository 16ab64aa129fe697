"""What `calsync run --scheduler procrastinate` and `calsync worker` do otherwise than `calsync run`."""

from __future__ import annotations

from contextlib import asynccontextmanager
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

from calsync.running import Running
from calsync.second import SecondFile
from calsync.stores import queue_of
from calsync.workers.deferred import Deferred
from calsync.workers.worker import Worker

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Collection, Coroutine, Mapping
    from datetime import datetime

    from calsync.served import Served
    from calsync.store import SqlStore
    from calsync.web.site import Site
    from calsync.workers.queue import Queue

DISCOVER_AGAIN = timedelta(minutes=1)
"""Between two times that a worker discovers because it does not know an account."""


class _Queued(Running):
    """A process beside others on the same queue. It begins at once: accounts are opened at their first turn."""

    _queue: Queue

    async def _first(self) -> tuple[Mapping[str, object], Exception | None]:
        if self._config.discover is not None:  # the calendars of the others are to be found taken
            return await super()._first()
        return dict.fromkeys(self._roster.written), None

    async def _serve(self, stop: asyncio.Event, reload: asyncio.Event) -> None:
        async with queue_of(self._config.service, self._clock) as self._queue:
            await super()._serve(stop, reload)


class DeferredRunning(_Queued):
    """Doorbells and pages are here, and whose turn it is; runs are not."""

    def _serving(self, store: SqlStore) -> Served:
        served = super()._serving(store)
        served.elsewhere = self._deferred = Deferred(
            self._queue, store.turns, self._clock, self._random, self._metrics.answered
        )
        return served

    def _beside(self, store: SqlStore, stop: asyncio.Event) -> list[Coroutine[Any, Any, object]]:
        deferred = self._deferred
        return [*super()._beside(store, stop), deferred.look(stop), deferred.keep(stop)]


class WorkerRunning(_Queued):
    """Runs are here, and nothing else."""

    at_once: int
    """Runs at the same time."""

    def _serving(self, store: SqlStore) -> Served:
        self._read = self._config.second
        self._discovered_at: datetime | None = None
        served = super()._serving(store)
        served.service = Worker(
            served,
            self._clock,
            self._random,
            self._queue,
            store.turns,
            self.at_once,
            self._knows,
            self._connections.proven,
            self._metrics.hand_on(),
            partial(self._give_back, store),
        )
        return served

    def _beside(self, store: SqlStore, stop: asyncio.Event) -> list[Coroutine[Any, Any, object]]:
        del store, stop
        return []

    @asynccontextmanager
    async def _reached(self, store: SqlStore) -> AsyncIterator[Site | None]:
        del store
        yield None

    async def _give_back(self, store: SqlStore, busy: Callable[[], Collection[str]]) -> None:
        for lease in await store.leases():
            # One that was taken since has another fence.
            if lease.holder == self._holder and lease.account not in busy():
                await store.release(lease)

    def _knows(self, account: str) -> bool:
        """Tell whether an account is known as it is configured now. If not, have that read, or found."""
        service = self._reloading.config.service
        version = SecondFile(service.store, service.key).version
        if version != self._read:
            self._read = version
            self._reloading.changed()
        if self._reloading.pending:
            return False
        if account in self.served.configs:
            return True
        now = self._clock.now()
        if self._reloading.config.discover is not None and (
            self._discovered_at is None or now - self._discovered_at >= DISCOVER_AGAIN
        ):
            self._discovered_at = now
            self._reloading.ask()
        return False
