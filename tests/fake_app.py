"""An app that answers what a test has put into it, for the tests of the command line."""

from __future__ import annotations

import os
import signal
from collections import Counter
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING, Any

import pytest

from calsync.cli.accounts import who
from calsync.engine import Counts
from calsync.results import AccountResult, Discovered

if TYPE_CHECKING:
    import asyncio
    from collections.abc import AsyncIterator, Callable, Sequence
    from pathlib import Path

FINE = AccountResult(left=Counts(created=1), right=Counts(skipped=Counter(series=1)), ok=True)


class FakeApp:
    """Answers what a test has put into it; an error is raised."""

    answer: Any = None
    refuses: Exception | None = None
    asked: tuple[Any, ...] = ()

    @classmethod
    @asynccontextmanager
    async def open(cls, path: Path) -> AsyncIterator[FakeApp]:
        cls.asked = (str(path),)
        if cls.refuses is not None:
            raise cls.refuses
        yield cls()

    async def check(self, *, try_writes: bool) -> Any:
        return self.answered(*(["try"] if try_writes else []))

    discovered: Sequence[Discovered] = ()

    async def plan(self, *accounts: str) -> Any:
        return self.answered(*accounts)

    def write_plans(self, path: Path, plans: Any) -> None:
        self.answered(path, plans)

    async def sync(
        self, account: str | None, progress: Callable[[str, int, int], None] | None, *, plan: Path | None, who: str
    ) -> Any:
        if plan is not None:
            return self.answered(account, plan, who)
        if progress is not None:
            progress("anna", 1, 2)
        return self.answered(account)

    async def confirm(self, account: str, plan_hash: str, by: str) -> Any:
        assert by == who()
        return self.answered(account, plan_hash)

    async def backup(self, target: Path | None) -> Any:
        return self.answered(target)

    async def restore(self, saved: Path) -> Any:
        return self.answered(saved)

    async def run(self, stop: asyncio.Event, reload: asyncio.Event, *, deferred: bool) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()
        self.answered(*(["workers"] if deferred else []), "stopped")

    async def work(self, stop: asyncio.Event, reload: asyncio.Event, at_once: int) -> None:
        os.kill(os.getpid(), signal.SIGTERM)
        await stop.wait()
        self.answered(at_once, "stopped")

    def answered(self, *asked: Any) -> Any:
        type(self).asked += asked
        if isinstance(self.answer, Exception):
            raise self.answer
        return self.answer


Printed = pytest.CaptureFixture[str]
