"""Keeps what runs came to: a run that found nothing to do costs nothing."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from calsync.errors import Busy, StoreError, SwitchedOff, class_of, reason
from calsync.history import RunRecord, Tally

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from calsync.engine import Counts, Report
    from calsync.history import History
    from calsync.ports import Clock

log = logging.getLogger("calsync.service")


class Chronicle:
    """Told of every run; what it keeps is for people, so that no run fails for it."""

    def __init__(self, history: History, clock: Clock) -> None:
        self._history = history
        self._clock = clock
        self._last: dict[str, int] = {}
        """By account the number of its last run that was kept here. What follows holds while no other process
        has run it since."""
        self._failing: dict[str, str | None] = {}
        """By account the class of what its last run failed with."""
        self._unsynced: dict[str, int] = {}
        """By account what tells whether other events are left out than before."""

    @asynccontextmanager
    async def of(self, account: str, report: Report) -> AsyncIterator[None]:
        """Keep what a run comes to, and let its error through."""
        began = self._clock.now()
        async with self.of_failure(account, report):
            yield
        await self._keep(account, report, began, None, recovers=True)

    @asynccontextmanager
    async def of_failure(self, account: str, report: Report) -> AsyncIterator[None]:
        """Keep a run that fails, and let its error through; of one that goes on, somebody else keeps the end.

        One that is left to another process has not failed.
        """
        began = self._clock.now()
        try:
            yield
        except Busy:
            raise
        except SwitchedOff:
            await self._keep(account, report, began, None, recovers=False)
            raise
        except Exception as error:
            await self._keep(account, report, began, error, recovers=False)
            raise

    async def _keep(
        self, account: str, report: Report, began: datetime, error: Exception | None, *, recovers: bool
    ) -> None:
        if report.number != self._last.get(account, 0) + 1:
            self._failing.pop(account, None)
            self._unsynced.pop(account, None)
        self._last[account] = report.number
        try:
            await self._keep_run(account, report, began, error, recovers=recovers)
            await self._keep_unsynced(account, report)
        except StoreError as lost:
            log.warning("account %s: what its run came to is not kept: %s", account, reason(lost))

    async def _keep_run(
        self, account: str, report: Report, began: datetime, error: Exception | None, *, recovers: bool
    ) -> None:
        """Keep a run that wrote, one that fails otherwise than the one before, and the first that works again."""
        if account not in self._failing:
            last = await self._history.last(account)
            self._failing[account] = last.error_class if last is not None else None
        before, now = self._failing[account], None if error is None else class_of(error)
        record = RunRecord(
            number=report.number,
            began=began,
            ended=self._clock.now(),
            sides={side: _tally(counts) for side, counts in report.counts.items()},
            error_class=now,
            error=None if error is None else reason(error),
        )
        turns = now != before and (now is not None or recovers)
        # A server in trouble fails in each run. An event that fails by itself is soon tried less often.
        fails = record.total.failed > 0 and error is None
        if turns or fails or record.total.wrote:
            await self._history.add(account, record)
            self._failing[account] = now

    async def _keep_unsynced(self, account: str, report: Report) -> None:
        if report.unsynced is None:
            return
        if report.among is not None:
            self._unsynced.pop(account, None)
            await self._history.put_unsynced(account, report.unsynced, self._clock.now(), report.among)
            return
        known = hash(frozenset(report.unsynced.items()))
        if self._unsynced.get(account) != known:
            await self._history.put_unsynced(account, report.unsynced, self._clock.now())
            self._unsynced[account] = known


def _tally(counts: Counts) -> Tally:
    return Tally(
        created=counts.created,
        updated=counts.updated,
        deleted=counts.deleted,
        linked=counts.linked,
        failed=counts.failed,
    )
