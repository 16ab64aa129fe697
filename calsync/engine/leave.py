"""A run by which an account leaves: its copies are removed or left behind, and what is remembered is forgotten.

It may end at any point and be begun anew: whatever is done already is found done, and nothing is forgotten before
all else is done.
"""

from __future__ import annotations

import hashlib
from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.engine.carry import carry_out
from calsync.engine.local import apply_links
from calsync.engine.notebook import Batch
from calsync.engine.planning import look_again, view_of
from calsync.engine.settle import settle
from calsync.engine.together import together
from calsync.engine.unmark import Marked, unmark
from calsync.ports import Gone, Trashed
from calsync.records import SideState
from calsync.sync.brakes import hold_unconfirmed
from calsync.sync.leave import candidates, leave, remembered
from calsync.sync.model import BOTH, Side
from calsync.sync.plan import Kind, Plan, line
from calsync.sync.returns import decide_return, find_returns
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.engine.account import Run
    from calsync.sync.plan import Operation

PASSES = 3
"""How often it is planned anew when an event changed under the plan: only what the person saw is carried out."""
SwitchOff = Callable[[], Awaitable[None]]


@dataclass(frozen=True, slots=True, kw_only=True)
class Leaving:
    """What leaving would do, or what became of it."""

    plan: Plan
    """The copies that are removed, and why others stay."""
    hash: str
    """Names what a person saw."""
    staying: int
    """How many of calsync's copies stay in both calendars."""
    run: int
    """The number of the run that does it, or has shown it."""
    problem: str | None = None
    """Why it is not done, or not to its end, in one sentence."""
    marked: Sequence[Marked] = ()
    """The events that keep calsync's marker, once it is done."""


async def leave_account(run: Run, remove: Side | None, plan_hash: str | None, switch_off: SwitchOff) -> Leaving:
    """Let an account leave, if that does what a person saw; without a hash only say what it would do.

    `remove`: the side whose copies are removed; None: all stay. `switch_off` is called before anything is done.
    Raises as a run does, also where a side could not be listed in full.
    """
    await settle(run, repeats=False)
    await look_again(run)
    if run.unlisted is not None:
        raise run.unlisted
    await _follow_moved(run)
    plan = await _plan(run, remove)
    run.report.plan = plan
    found = Leaving(plan=plan, hash=_hash(run, remove, plan), staying=_staying(run, plan), run=run.number)
    problem = _refused(run, remove) or _other(found, plan_hash)
    if problem is not None or plan_hash is None:
        return _with(run, found, problem)
    run.approved = run.may_be_off = True
    await switch_off()
    run.report.note_standing(tuple(plan.operations))
    try:
        await _remove(run, remove, plan)
        found = replace(found, plan=_without_blocked(run, plan))
    finally:
        run.report.unsynced = None  # it is no list of all that is left out
    problem = _unfinished(run, found.plan, await _plan(run, remove))
    if problem is not None:
        return _with(run, found, problem)
    marked = await unmark(run)
    await _forget(run)
    return replace(found, marked=marked)


async def _follow_moved(run: Run) -> None:
    """Give links the ids under which their events came back: nobody knows these again once all is forgotten."""
    view = view_of(run)
    returned = (each for found in find_returns(view) for each in decide_return(view, found))
    await apply_links(run, [each for each in returned if each.kind is Kind.LINK])


async def _plan(run: Run, remove: Side | None) -> Plan:
    if remove is None:
        return Plan(operations=())
    view = view_of(run)
    untold = list(candidates(view, remove))
    other = run.account.calendars[remove.other]
    places = await together(other.locate(seen.observation.id, seen.observation.event.uid) for _, seen in untold)
    alone = {link.id for (link, _), place in zip(untold, places, strict=True) if isinstance(place, Trashed | Gone)}
    return hold_unconfirmed(leave(view, remove, alone), run.unconfirmed, run.waits_for)


def _hash(run: Run, remove: Side | None, plan: Plan) -> str:
    """Name what a person saw: which copies of which account are removed. What stays may change meanwhile."""
    text = f"leave\t{run.account.name}\t{remove or 'none'}\t{plan.hash}"
    return hashlib.sha256(text.encode()).hexdigest()[:16]


def _staying(run: Run, plan: Plan) -> int:
    """Count the copies that calsync made and that stay."""
    removed = {each.link.id for each in plan.operations if each.kind is Kind.DELETE and each.link is not None}
    state = run.notebook.state
    copies = (
        state.seen[link.origin.other].get(link.event_id(link.origin.other) or "")
        for link in state.links.values()
        if link.origin is not None and link.id not in removed
    )
    return sum(seen is not None and seen.standing is Standing.PRESENT for seen in copies)


def _refused(run: Run, remove: Side | None) -> str | None:
    if remove is None:
        return None
    if run.notebook.state.rebuild is not None:
        return "a person has to confirm its plan first (calsync plan, calsync confirm), or all copies stay"
    if not run.account.direction.writes(remove):
        return f"its direction does not let calsync write its {remove} side, so nothing is removed there"
    return None


def _other(found: Leaving, plan_hash: str | None) -> str | None:
    if plan_hash in {None, found.hash}:
        return None
    return f"the plan is not {plan_hash} any more; look at it again, then confirm {found.hash}"


def _unfinished(run: Run, seen: Plan, plan: Plan) -> str | None:
    """Return why the account has not left yet: copies still planned to go that the provider has not refused.

    Whatever kept a delete from being sent: an account that is forgotten can never catch up on it.
    """
    if run.notebook.state.intents:
        return "what became of some writes is not known yet; it is switched off, run this again in some minutes"
    blocked = {(each.side, each.event_id) for each in seen.operations if each.kind is Kind.BLOCK}
    if any(each.kind is Kind.DELETE and (each.side, each.event_id) not in blocked for each in plan.operations):
        return "some copies could not be removed; it is switched off, run this again later, or let them stay"
    return None


def _with(run: Run, found: Leaving, problem: str | None) -> Leaving:
    told = None if problem is None else f"account {run.account.name}: {problem}"
    return replace(found, problem=told)


async def _remove(run: Run, remove: Side | None, plan: Plan) -> None:
    approved = {line(operation) for operation in plan.operations}
    for _ in range(PASSES):
        if not await carry_out(run, [each for each in plan.operations if line(each) in approved]):
            break
        await look_again(run)
        plan = await _plan(run, remove)
    for error in run.trouble.values():
        raise error


def _without_blocked(run: Run, plan: Plan) -> Plan:
    """Return the plan with those deletes blocked that the provider itself has refused."""
    refused = run.report.unsynced or {}

    def told(operation: Operation) -> Operation:
        found = refused.get((operation.side, operation.event_id or ""))
        if operation.kind is not Kind.DELETE or found is None or found.kind is not Kind.BLOCK:
            return operation
        return replace(operation, kind=Kind.BLOCK, reason=found.reason, wanted=Kind.DELETE, guard=found.rule)

    return Plan(operations=tuple(told(operation) for operation in plan.operations))


async def _forget(run: Run) -> None:
    """Forget the account in one transaction: what it comes back to waits for a person.

    The ledger stays, by which this can be undone. So do the ids of pairs that nothing else would tell, and of what
    calsync has deleted: a search that lags may show it once more.
    """
    state, batch = run.notebook.state, Batch()
    batch.links.update(remembered(view_of(run)))
    for side in BOTH:
        known = state.sides[side]
        batch.sides[side] = SideState(round=known.round, calendar=known.calendar, written=False)
        for event_id, seen in state.seen[side].items():
            if seen.standing is Standing.DELETED:
                batch.bury(side, event_id, run.now, seen.observation.revision)
            else:
                batch.seen[side][event_id] = None
    batch.intents = dict.fromkeys(state.intents)
    batch.attempts = dict.fromkeys(state.attempts)
    batch.decisions = list(state.decisions.values())
    batch.hangs = list(state.hangs)
    batch.holds = {}
    batch.confirmed = True
    await run.notebook.commit(batch)
    run.report.note_standing(())
