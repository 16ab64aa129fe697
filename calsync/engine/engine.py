"""The order of one run."""

from __future__ import annotations

from contextlib import asynccontextmanager
from functools import partial
from typing import TYPE_CHECKING

from calsync.engine.account import Account, Run
from calsync.engine.approved import Applied, apply_plan
from calsync.engine.carry import carry_out
from calsync.engine.leave import Leaving, leave_account
from calsync.engine.local import apply_local
from calsync.engine.notebook import BRAKE_SPAN, LEASE_LIFE, Batch, Notebook
from calsync.engine.past import read_past
from calsync.engine.planning import in_doubt, look_again, make_plan
from calsync.engine.pull import listing_due, pull
from calsync.engine.rebuild import confirm_plan, is_lost, rebuild
from calsync.engine.report import Report
from calsync.engine.rest import asked, is_quiet, rests, scope_of, terms, tokens_of, unsettled
from calsync.engine.settle import settle
from calsync.engine.undo import Undone, undo_writes
from calsync.errors import Busy, OtherCalendar, SwitchedOff
from calsync.sync.model import BOTH, Side
from calsync.sync.plan import Kind
from calsync.sync.ruled import Before, is_asked_already
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Callable, Mapping
    from datetime import timedelta
    from random import Random

    from calsync.engine.rebuild import Confirmation
    from calsync.engine.rest import Feed
    from calsync.ports import Clock
    from calsync.records import AccountState, Runs, Scope, Selection, SideState, Store
    from calsync.sync.approved import Approved

PASSES = 3
"""How often a run reconciles anew when an event changed under its plan."""


class Engine:
    """Runs accounts, one pass at a time. Holds no state of its own: everything is in the store."""

    def __init__(
        self,
        store: Store,
        runs: Runs,
        clock: Clock,
        random: Random,
        holder: str,
        *,
        lease_life: timedelta = LEASE_LIFE,
    ) -> None:
        """`holder` names this process among others that share the store; `runs` are kept beside it.

        All that share a store give their leases the same `lease_life`.
        """
        self._store = store
        self._runs = runs
        self._clock = clock
        self._random = random
        self._holder = holder
        self._lease_life = lease_life

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
        A run without writes still remembers what it read; give it a copy of the store. It also tells what an
        account would do that is switched off.
        Raises Retry, LoginError, AccountError, StoreError, SwitchedOff; what was done until then is recorded.
        """
        async with self._reading(account, report, may_be_off=not write, progress=progress) as run:
            await self._sync(run, write=write)

    async def poll(
        self, account: Account, report: Report, *, progress: Callable[[int, int], None] | None = None
    ) -> None:
        """Sync an account once, as `run` does; of one at rest only what a side tells of.

        Whether it is asks for no lease: what was read is remembered only where no run has begun since. Raises as
        `run`.
        """
        now = self._clock.now()
        rest = await self._store.rest(account.name)
        if rest is None or not rests(account, rest, await self._runs.get(account.name), now):
            await self.run(account, report, progress=progress)
            return
        async with asked(account, rest) as feeds:
            quiet = is_quiet(feeds) and not rest.unsettled
            if quiet and await self._store.stay(account.name, rest, tokens_of(feeds), now):
                report.window, report.number = rest.sides[Side.LEFT].window, rest.run
                report.good_at, report.at_rest = now, True
                return
            scope = scope_of(account, rest, feeds)
            async with self._reading(account, report, progress=progress, feeds=feeds, scope=scope) as run:
                await self._sync(run, write=True)

    async def confirm(self, account: Account, plan_hash: str) -> Confirmation:
        """Let an account write what waits for it, if its plan is still the one that a person saw. Raises as `run`.

        Both sides are listed in full once more: what the first listing missed would be created a second time.
        """
        async with self._reading(account, Report(), may_be_off=True, confirms=True) as run:
            return await confirm_plan(run, plan_hash)

    async def apply(
        self,
        account: Account,
        approved: Approved,
        report: Report,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> Applied:
        """Carry out the plan that a person has approved, in one pass; where it is another one by now, nothing.

        It counts as the confirmation of what waits for one. What is done is told to `report`. Raises as `run`.
        """
        async with self._reading(account, report, confirms=True, progress=progress) as run:
            applied = await apply_plan(run, approved)
            _tell_waiting(run)
            return applied

    async def undo(
        self,
        account: Account,
        selection: Selection,
        report: Report,
        plan_hash: str | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> Undone:
        """Undo writes of an account, if its plan is the one that a person saw; without a hash only make the plan.

        It also undoes of an account that is switched off; who switches it off meanwhile stops it. What is done is
        told to `report`. Raises as `run`.
        """
        off = await self._store.settings.is_off(account.name)
        async with self._reading(account, report, may_be_off=True, progress=progress) as run:
            run.may_be_off = off
            return await undo_writes(run, partial(self._store.writes, account.name, selection), plan_hash)

    async def leave(
        self,
        account: Account,
        remove: Side | None,
        who: str,
        report: Report,
        plan_hash: str | None = None,
        *,
        progress: Callable[[int, int], None] | None = None,
    ) -> Leaving:
        """Let an account leave, if its plan is the one that a person saw; without a hash only make the plan.

        `remove`: the side whose copies are removed; None: all stay. It is switched off first, by `who`. What is
        done is told to `report`. Raises as `run`; whatever ended it, it can be begun anew.
        """

        async def switch_off() -> None:
            await self._store.settings.set_enabled(account.name, value=False, who=who, now=self._clock.now())

        async with self._reading(account, report, may_be_off=True, progress=progress) as run:
            return await leave_account(run, remove, plan_hash, switch_off)

    @asynccontextmanager
    async def _reading(
        self,
        account: Account,
        report: Report,
        *,
        may_be_off: bool = False,
        confirms: bool = False,
        progress: Callable[[int, int], None] | None = None,
        feeds: Mapping[Side, Feed] | None = None,
        scope: Scope | None = None,
    ) -> AsyncIterator[Run]:
        """Begin a run and read both sides, under the account's lease.

        `may_be_off`: also of an account that is switched off; else SwitchedOff is raised. `confirms`: it may be a
        person's word about a plan that waits, which all is to be read for. `progress` is told how many of how many
        writes are done. `feeds`: what both sides have begun to tell. `scope`: of what is told nothing but this is
        to be planned for.
        """
        if not may_be_off and await self._store.settings.is_off(account.name):
            raise SwitchedOff(f"account {account.name} is switched off")
        now = self._clock.now()
        lease = await self._store.acquire(account.name, self._holder, now, self._lease_life)
        if lease is None:
            raise Busy(f"account {account.name}: another process is working on it")
        report.good_at = None
        try:
            state = await self._store.load(account.name, now - BRAKE_SPAN, scope)
            begin = await self._beginning(account, state)
            waits = any(_waits(account, side, begin.sides.get(side, known)) for side, known in state.sides.items())
            needed = begin.rebuild is not None or (confirms and (waits or state.rebuild is not None))
            in_full = needed or listing_due(account, state.sides, now)
            if in_full and state.scope is not None:
                state = await self._store.load(account.name, now - BRAKE_SPAN)
            window = account.window(now)
            if not in_full:
                window = state.sides[Side.LEFT].window or window
            mappings = {side: account.calendars[side].capabilities.mapping_version for side in BOTH}
            before = None
            if state.rules not in {None, account.rules}:
                before = Before({side: {**state.seen[side]} for side in BOTH}, state.sides[Side.LEFT].window)
            run = Run(
                account=replace(account, chain=account.chain.without(state.hangs)) if state.hangs else account,
                notebook=Notebook(self._store, lease, self._lease_life, state, self._clock, mappings),
                clock=self._clock,
                random=self._random,
                now=now,
                number=begin.run or 1,
                window=window,
                past=await read_past(self._store, account.name, now),
                report=report,
                feeds=feeds or {},
                before=before,
            )
            if progress is not None:
                run.progress = progress
            report.number = run.number
            await run.notebook.commit(begin)
            # Behind the store, so that a crash in between is not taken for a store that was put back.
            await self._runs.put(account.name, run.number)
            await pull(run, in_full=in_full, needed=needed)
            if run.notebook.state.rebuild is None and is_lost(run):
                await run.notebook.commit(Batch(rebuild="lost"))
            report.window = run.window
            report.good_at = now if run.unlisted is None else None
            yield run
        finally:
            await self._store.release(lease, report.good_at)

    async def _beginning(self, account: Account, state: AccountState) -> Batch:
        """Return the begin of the next run. Where a later one than the store's last has begun, it is a rebuild.

        A side that was not written stays so, whatever the direction is now, until a person has confirmed it.
        Raises AccountError where a side's calendar is not the one that is remembered.
        """
        _refuse_other_calendars(account, state)
        last = await self._runs.get(account.name)
        begin = Batch(run=max(state.run, last) + 1)
        sides = {side: _begun(account, side, known) for side, known in state.sides.items()}
        if last > state.run:
            begin.rebuild = state.rebuild or "behind"
            # Without a token, a side is listed in full until that has been done once.
            sides = {side: replace(known, token=None, listed_at=None) for side, known in sides.items()}
        begin.sides = {side: known for side, known in sides.items() if known is not state.sides[side]}
        return begin

    async def _sync(self, run: Run, *, write: bool) -> None:
        """Do what is to be done now that both sides were read, and tell what is left."""
        if run.notebook.state.rebuild is None:
            await self._work(run, write=write)
        else:
            await rebuild(run)
        if not write:
            return
        _tell_waiting(run)
        run.report.at_rest = _is_at_rest(run)
        left = unsettled(run)
        if left is not None:
            await run.notebook.commit(Batch(rest=terms(run.account), unsettled=left))

    async def _work(self, run: Run, *, write: bool) -> None:
        if run.unconfirmed:
            run.report.rebuild = run.waits_for
        if write:
            await settle(run)
        for attempt in range(PASSES):
            await look_again(run)
            plan = make_plan(run)
            run.notebook.touch(plan)
            if attempt == 0:
                run.report.plan = plan
            scope = run.notebook.state.scope
            run.report.among = None if scope is None else scope.events
            run.report.note_standing(tuple(plan.operations))
            if not write:
                return
            again = await apply_local(run, plan)
            again |= await carry_out(run, plan.operations)
            if not again:
                break
        for error in run.trouble.values():
            raise error
        if run.unlisted is not None:
            raise run.unlisted


def _refuse_other_calendars(account: Account, state: AccountState) -> None:
    """Raise OtherCalendar where an address or a name leads to another calendar than it did.

    Every event would be missing there, and its copy on the other side would be deleted for it.
    """
    for side, known in state.sides.items():
        if known.calendar not in {None, account.calendars[side].key}:
            raise OtherCalendar(
                f"account {account.name}: its {side} calendar is not the one that was synced so far; configure "
                "that one, or let an account of a new name begin with this one"
            )


def _is_at_rest(run: Run) -> bool:
    """Tell whether no later run has anything to find out, to try again, or to be told by a person."""
    state = run.notebook.state
    in_doubt = any(seen.standing.in_doubt for side in BOTH for seen in state.seen[side].values())
    return not (state.intents or state.attempts or in_doubt or state.rebuild is not None or run.unconfirmed)


def _begun(account: Account, side: Side, known: SideState) -> SideState:
    """Return a side with what the account says of it now."""
    asks = account.first_sync == "ask" and known.written is None and known.listed_run is None
    written = account.direction.writes(side) and known.written is not False and not asks
    calendar = account.calendars[side].key
    if (known.written, known.calendar) == (written, calendar):
        return known
    return replace(known, written=written, calendar=calendar)


def _waits(account: Account, side: Side, known: SideState) -> bool:
    """Tell whether a side waits until a person has confirmed that it is written."""
    return account.direction.writes(side) and not known.written


def _tell_waiting(run: Run) -> None:
    """Tell what nothing was decided about: a side to confirm, writes that are not settled, links in doubt.

    And since when the oldest hold of each reason waits.
    """
    state = run.notebook.state
    open_to_word = (key for key in state.holds if key not in state.decisions)
    undecided = [state.holds[key] for key in open_to_word if not is_asked_already(key, state.holds)]
    # The last one of a reason counts, which is the oldest.
    eldest = sorted(undecided, key=lambda held: held.since, reverse=True)
    run.report.held_since = {held.reason: held.since for held in eldest}
    for side in BOTH:
        if side in run.unconfirmed and not run.report.notices[Kind.HOLD, side, run.waits_for]:
            run.report.note_waiting(Kind.HOLD, side, run.waits_for)
    for intent in state.intents.values():
        if intent.run < run.number:
            run.report.note_waiting(intent.kind, intent.side, "waits")
    for side in in_doubt(run):
        run.report.note_waiting(Kind.DELETE, side.other, "doubt")
