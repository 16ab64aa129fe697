"""A web process and a worker, both in the process of a test, on one store: what each of them has and does."""

from __future__ import annotations

import asyncio
from contextlib import AsyncExitStack, asynccontextmanager
from typing import TYPE_CHECKING, Any

import psycopg

from calsync.app import App
from calsync.ports import SystemClock
from calsync.sync.model import Event, Timed
from tests.house import CONFIG

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable
    from datetime import datetime

    import pytest

    from calsync.service import State, Status
    from calsync.testing import MemoryCalendar
    from calsync.workers.running import DeferredRunning, WorkerRunning
    from tests.house import House

FILE = 'store: "sqlite:///{folder}/calsync.db", poll_seconds: 60'
SECONDS = 30.0


class Together:
    """Starts and stops both, as often as a test wants."""

    def __init__(self, house: House, conninfo: str, monkeypatch: pytest.MonkeyPatch) -> None:
        self.house = house
        self.conninfo = conninfo
        self.web: DeferredRunning
        self.worker: WorkerRunning
        host = psycopg.conninfo.conninfo_to_dict(conninfo)["host"]
        place = f'store: "postgresql://calsync@/postgres?host={host}", beside: "{{folder}}/calsync.db"'
        text = CONFIG.replace(FILE, f"{place}, poll_seconds: 1").format(
            folder=house.folder, right="berta-mail", direction="both"
        )
        (house.folder / "calsync.yaml").write_text(text)
        self._note_what_is_made(monkeypatch)

    def _note_what_is_made(self, monkeypatch: pytest.MonkeyPatch) -> None:
        import calsync.app

        for name in ("web", "worker"):
            known = getattr(calsync.app, {"web": "DeferredRunning", "worker": "WorkerRunning"}[name])

            def made(*arguments: Any, known: Any = known, name: str = name) -> Any:
                running = known(*arguments)
                setattr(self, name, running)
                return running

            monkeypatch.setattr(calsync.app, known.__name__, made)

    @asynccontextmanager
    async def run(self, *, web: bool = True, worker: bool = True) -> AsyncIterator[None]:
        """Let them run, from entering to leaving."""
        async with AsyncExitStack() as stack:
            if worker:
                await stack.enter_async_context(
                    self._running(lambda app, stop: app.work(stop, asyncio.Event(), 4))
                )
            if web:
                await stack.enter_async_context(
                    self._running(lambda app, stop: app.run(stop, asyncio.Event(), deferred=True))
                )
            yield
        if web:
            del self.web

    @asynccontextmanager
    async def _running(self, start: Callable[[App, asyncio.Event], Any]) -> AsyncIterator[None]:
        stop = asyncio.Event()
        async with App.open(self.house.folder / "calsync.yaml", clock=SystemClock()) as app:
            task = asyncio.create_task(start(app, stop))
            try:
                yield
            finally:
                stop.set()
                await task

    def status(self, account: str = "anna") -> Status | None:
        served = getattr(getattr(self, "web", None), "served", None)
        statuses = [] if served is None else served.service.board.all()
        return next((one for one in statuses if one.account == account), None)

    def is_in(self, state: State, account: str = "anna") -> bool:
        status = self.status(account)
        return status is not None and status.state is state

    async def until(self, condition: Callable[[], object]) -> None:
        async with asyncio.timeout(SECONDS):
            while not condition():  # noqa: ASYNC110 - many things are waited for
                await asyncio.sleep(0.01)

    async def read_again(self, account: str = "anna") -> None:
        """Wait until an account was read well that is not read now."""
        since = SystemClock().now()
        await self.until(lambda: (self._good_at(account) or since) > since)

    def _good_at(self, account: str) -> datetime | None:
        status = self.status(account)
        return None if status is None else status.good_at

    def calendar(self, name: str) -> MemoryCalendar:
        return self.house.calendar(name)

    def stored(self, sql: str, *values: Any) -> list[Any]:
        with psycopg.connect(self.conninfo, autocommit=True) as connection:
            cursor = connection.execute(sql.encode(), values)
            return cursor.fetchall() if cursor.description else []


def meeting(summary: str = "Besichtigung") -> Event:
    """Return an event of tomorrow."""
    from datetime import timedelta

    start = SystemClock().now().replace(minute=0, second=0, microsecond=0) + timedelta(days=1)
    return Event(summary=summary, when=Timed(start, start + timedelta(hours=1)))
