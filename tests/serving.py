"""A service that runs in a test: what it serves, what it is asked for, and when that has come about."""

from __future__ import annotations

import asyncio
import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import calsync.running
import calsync.set_elsewhere
from calsync.app import App
from calsync.service import State

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable

    import pytest

    from calsync.running import Running
    from tests.house import House


class Served:
    """A service that runs, and its configuration file."""

    def __init__(self, house: House) -> None:
        self.house = house
        self.file = house.folder / "calsync.yaml"
        self.stop, self.reload = asyncio.Event(), asyncio.Event()
        self.ask = self.reload.set
        self.task: asyncio.Task[None]
        self.running: Running

    def rewrite(self, old: str, new: str) -> None:
        text = self.file.read_text()
        assert old in text
        self.file.write_text(text.replace(old, new))

    def add(self, text: str) -> None:
        self.file.write_text(self.file.read_text() + text)

    async def until(self, condition: Callable[[], object]) -> None:
        """Wait for what the service brings about by itself."""
        async with asyncio.timeout(20):
            while not condition():  # noqa: ASYNC110 - many things are waited for
                await asyncio.sleep(0.001)

    async def passing(self, condition: Callable[[], object], seconds: int = 40) -> None:
        """Let time pass until something has come about: that of rings, and less than that of a poll."""
        async with asyncio.timeout(20):
            while not condition():
                await asyncio.sleep(0.01)  # what was woken is at work
                if seconds:
                    self.house.clock.advance(1)
                    seconds -= 1

    def state(self, account: str) -> State | None:
        return next((one.state for one in self.running.served.service.board.all() if one.account == account), None)

    async def waiting(self, *accounts: str) -> None:
        await self.until(lambda: all(self.state(account) is State.WAITING for account in accounts))

    async def take_over(self) -> None:
        """Ask for the configuration to be read anew, and wait until that is done or refused."""
        logger, listener = logging.getLogger("calsync.service"), Taken()
        logger.addHandler(listener)
        self.ask()
        await asyncio.wait_for(listener.heard.wait(), 20)
        logger.removeHandler(listener)

    def listeners(self, name: str) -> list[Any]:
        return self.house.calendar(name).listeners


class Taken(logging.Handler):
    """Hears that a configuration was taken over, or not."""

    def __init__(self) -> None:
        super().__init__()
        self.heard = asyncio.Event()

    def emit(self, record: logging.LogRecord) -> None:
        if record.getMessage().startswith(("the configuration is not", "the configuration was")):
            self.heard.set()


@asynccontextmanager
async def serving(house: House, monkeypatch: pytest.MonkeyPatch) -> AsyncIterator[Served]:
    """Serve the accounts of a house, which have been synced once, with doorbells."""
    served, init = Served(house), calsync.running.Running.__init__

    def noted(running: Running, *arguments: Any) -> None:
        init(running, *arguments)
        served.running = running

    monkeypatch.setattr(calsync.running.Running, "__init__", noted)
    monkeypatch.setattr(calsync.set_elsewhere, "SETTINGS_SECONDS", 0.01)
    async with App.open(served.file, clock=house.clock) as app:
        await app.sync(None)
        for name in ("anna-crm", "anna-mail", "berta-crm", "berta-mail"):
            house.calendar(name).behaviour.doorbell = True
        served.task = asyncio.create_task(app.run(served.stop, served.reload))
        await served.until(lambda: hasattr(served, "running") and hasattr(served.running, "served"))
        await served.waiting("anna", "berta")
        yield served
        served.stop.set()
        await asyncio.wait_for(served.task, 20)
