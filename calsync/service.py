"""Many accounts, each run again and again until the service stops."""

from __future__ import annotations

import asyncio
import logging
from collections import Counter
from contextlib import suppress
from typing import TYPE_CHECKING, Any

from calsync.engine import Report
from calsync.errors import Retry, reason
from calsync.reasons import sentence

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterable
    from random import Random

    from calsync.engine import Notices
    from calsync.ports import Clock

LONGEST_WAIT = 3600.0
"""Seconds between two tries of an account that keeps failing."""
STOP_SECONDS = 8.0
"""How long runs may finish what they are doing when the service stops."""

log = logging.getLogger("calsync.service")


class Service:
    """Polls accounts with jitter; a failing one backs off and never delays another."""

    def __init__(
        self,
        run_account: Callable[[str, Report], Awaitable[None]],
        clock: Clock,
        random: Random,
        poll_seconds: float,
    ) -> None:
        """`run_account` runs one account once, and tells the report what it does.

        It raises CalsyncError, or anything else for a bug.
        """
        self._run_account = run_account
        self._clock = clock
        self._random = random
        self._poll_seconds = poll_seconds

    async def run(self, accounts: Iterable[str], stop: asyncio.Event) -> None:
        """Serve the accounts until `stop` is set, then let the runs end, at most for STOP_SECONDS."""
        stopping = asyncio.create_task(stop.wait())
        tasks = [asyncio.create_task(self._serve(name, stopping), name=name) for name in accounts]
        await asyncio.wait([stopping, *tasks], return_when=asyncio.FIRST_COMPLETED)
        stop.set()
        await asyncio.wait([stopping, *tasks], timeout=STOP_SECONDS)
        for task in tasks:
            task.cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        for result in results:
            if isinstance(result, Exception):
                raise result

    async def _serve(self, name: str, stopping: asyncio.Task[Any]) -> None:
        failures = 0
        notices: Notices = Counter()
        while not stopping.done():
            report = Report()
            try:
                await self._run_account(name, report)
            except Exception as error:  # noqa: BLE001 - a bug in one account's plugin must not stop the others
                failures += 1
                wait = self._back_off(failures, error)
                level = logging.WARNING if failures == 1 else logging.DEBUG
                log.log(level, "account %s failed, next try in %.0f s: %s", name, wait, reason(error))
                _tell(name, report)
            else:
                if failures:
                    log.info("account %s works again", name)
                failures = 0
                wait = self._poll_seconds * self._random.uniform(0.9, 1.1)
                _tell(name, report)
                _tell_changed(name, notices, report.notices)
                notices = report.notices
            await self._wait(wait, stopping)

    def _back_off(self, failures: int, error: Exception) -> float:
        wait = min(LONGEST_WAIT, self._poll_seconds * 2.0 ** min(failures - 1, 10))
        if isinstance(error, Retry) and error.after is not None:
            wait = max(error.after, min(wait, self._poll_seconds))
        return wait * self._random.uniform(0.9, 1.1)

    async def _wait(self, seconds: float, stopping: asyncio.Task[Any]) -> None:
        sleeping = asyncio.ensure_future(self._clock.sleep(seconds))
        await asyncio.wait([stopping, sleeping], return_when=asyncio.FIRST_COMPLETED)
        sleeping.cancel()
        with suppress(asyncio.CancelledError):
            await sleeping


def _tell(name: str, report: Report) -> None:
    for side, counts in report.counts.items():
        if counts.writes or counts.linked:  # what failed stands among the notices
            log.info(
                "account %s, %s: created %d, updated %d, deleted %d, linked %d, failed %d",
                name,
                side.value,
                counts.created,
                counts.updated,
                counts.deleted,
                counts.linked,
                counts.failed,
            )
    for (kind, side, word), count in sorted(report.remarks.items()):
        log.info("account %s, %s: %s, %s: %d. %s", name, side, kind, word, count, sentence(word))


def _tell_changed(name: str, before: Notices, now: Notices) -> None:
    """Tell of what is not carried out only what changed since the last run: much of it waits for days."""
    for key in sorted(before.keys() | now.keys()):
        if before[key] != now[key]:
            kind, side, word = key
            advice = f". {sentence(word)}" if now[key] else ""
            log.info(
                "account %s, %s: %s, %s: %d, before %d%s", name, side, kind, word, now[key], before[key], advice
            )
