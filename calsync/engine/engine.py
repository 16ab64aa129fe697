"""The order of one run."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from calsync.engine.account import Account, Run
from calsync.engine.carry import carry_out
from calsync.engine.creates import waiting_events
from calsync.engine.doubts import refresh, settle_doubts
from calsync.engine.local import apply_local
from calsync.engine.notebook import LEASE_LIFE, Batch, Notebook
from calsync.engine.pull import listing_due, pull
from calsync.engine.settle import settle
from calsync.errors import Retry
from calsync.sync.brakes import DELETES, REWRITES, brake
from calsync.sync.model import Side
from calsync.sync.plan import Kind
from calsync.sync.reconcile import reconcile
from calsync.sync.view import View

if TYPE_CHECKING:
    from collections.abc import Callable
    from random import Random

    from calsync.engine.report import Report
    from calsync.ports import Clock
    from calsync.records import Store
    from calsync.sync.plan import Plan

BRAKE_SPAN = timedelta(hours=24)
PASSES = 3
"""How often a run reconciles anew when an event changed under its plan."""


class Engine:
    """Runs accounts, one pass at a time. Holds no state of its own: everything is in the store."""

    def __init__(self, store: Store, clock: Clock, random: Random, holder: str) -> None:
        """`holder` names this process among others that share the store."""
        self._store = store
        self._clock = clock
        self._random = random
        self._holder = holder

    async def run(
        self,
        account: Account,
        report: Report,
        *,
        write: bool = True,
        progress: Callable[[int, int], None] | None = None,
    ) -> None:
        """Sync an account once, or with `write=False` only say what would be done.

        What is done is told to `report` as it happens: it belongs to the caller, so that it outlives an error.
        A run without writes still remembers what it read; give it a copy of the store.
        Raises Retry, LoginError, AccountError, StoreError; what was done until then is recorded.
        """
        now = self._clock.now()
        lease = await self._store.acquire(account.name, self._holder, now, LEASE_LIFE)
        if lease is None:
            raise Retry(f"account {account.name}: another process is working on it")
        try:
            state = await self._store.load(account.name, now - BRAKE_SPAN)
            in_full = listing_due(account, state, now)
            window = account.window(now)
            if not in_full:
                window = state.sides[Side.LEFT].window or window
            mappings = {side: account.calendars[side].capabilities.mapping_version for side in Side}
            run = Run(
                account=account,
                notebook=Notebook(self._store, lease, state, self._clock, mappings),
                clock=self._clock,
                random=self._random,
                now=now,
                number=state.run + 1,
                window=window,
                report=report,
            )
            if progress is not None:
                run.progress = progress
            await run.notebook.commit(Batch(run=run.number))
            await pull(run, in_full=in_full)
            await self._work(run, write=write)
        finally:
            await self._store.release(lease)

    async def _work(self, run: Run, *, write: bool) -> None:
        if write:
            await settle(run)
        for attempt in range(PASSES):
            await settle_doubts(run)
            await refresh(run)
            await settle_doubts(run)  # what could not be refreshed is in doubt now
            plan = _plan(run)
            if attempt == 0:
                run.report.plan = plan
            run.report.note_standing(tuple(plan.operations))
            if not write:
                return
            again = await apply_local(run, plan)
            again |= await carry_out(run, plan.operations)
            if not again:
                break
        if write:
            _tell_waiting(run)


def _tell_waiting(run: Run) -> None:
    """Tell what nothing was decided about: writes of earlier runs that are not settled, links in doubt."""
    state = run.notebook.state
    for intent in state.intents.values():
        if intent.run < run.number:
            run.report.note_waiting(intent.kind, intent.side, "waits")
    for side in Side:
        for event_id, seen in state.seen[side].items():
            if seen.standing.in_doubt and run.notebook.link_of(side, event_id) is not None:
                run.report.note_waiting(Kind.DELETE, side.other, "doubt")


def _plan(run: Run) -> Plan:
    state = run.notebook.state
    view = _view(run)
    open_batches = {held.reason for held in state.holds.values()} & {DELETES, REWRITES}
    return brake(reconcile(view), view, state.deleted_lately, frozenset(open_batches))


def _view(run: Run) -> View:
    account, state = run.account, run.notebook.state
    return View(
        direction=account.direction,
        policy=account.policy,
        on_target_edit=account.on_target_edit,
        window=run.window,
        chain=account.chain,
        capabilities={side: account.calendars[side].capabilities for side in Side},
        seen=state.seen,
        links=state.links,
        ready={side: state.sides[side].listed_run is not None for side in Side},
        waiting_links=frozenset(intent.link for intent in state.intents.values() if intent.link is not None),
        waiting_events=waiting_events(run),
    )
