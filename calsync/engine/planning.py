"""From what is remembered to a plan: the view of an account, reconciled and braked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.engine.attempts import tries
from calsync.engine.creates import possibly_made, waiting_events
from calsync.engine.doubts import refresh, settle_doubts
from calsync.sync.brakes import DELETES, REWRITES, brake, hold_unconfirmed, rewrites
from calsync.sync.budget import hold_excess, spends
from calsync.sync.choices import fingerprint
from calsync.sync.loops import hold_loops
from calsync.sync.model import BOTH, Side
from calsync.sync.reconcile import reconcile
from calsync.sync.released import carry_decisions, in_one_write
from calsync.sync.returns import find_returns
from calsync.sync.ruled import hold_ruled
from calsync.sync.twins import Shown
from calsync.sync.view import View

if TYPE_CHECKING:
    from collections.abc import Iterator
    from collections.abc import Set as AbstractSet

    from calsync.engine.account import Run
    from calsync.records import AccountState
    from calsync.sync.choices import Decision
    from calsync.sync.plan import HoldKey, Plan


async def look_again(run: Run) -> None:
    """Read by id what a plan must not be made of as it is remembered.

    What is read may show that a scope is too small.
    """
    await _read_unsure(run)
    if run.notebook.outgrown():
        await run.notebook.read_all(run.now)
        await _read_unsure(run)


async def _read_unsure(run: Run) -> None:
    await settle_doubts(run)
    await refresh(run)
    await settle_doubts(run)  # what could not be refreshed is in doubt now


def make_plan(run: Run, waiting: AbstractSet[tuple[Side, str]] = frozenset()) -> Plan:
    """Decide what is to be done, `waiting` events excepted."""
    state = run.notebook.state
    view = view_of(run, waiting)
    plan = reconcile(view)
    if state.rebuild is None:  # else all writes wait, each for a reason of its own
        plan = hold_unconfirmed(plan, run.unconfirmed, run.waits_for)
        plan = hold_ruled(plan, view, state.holds.keys(), run.before, state.attempts.keys())
    plan = hold_loops(plan, run.past)
    plan = carry_decisions(plan, view)
    decided = {key for operation in plan.operations for key in operation.decided}
    waits = {held.reason for key, held in state.holds.items() if key not in decided}
    plan = brake(plan, view, state.deleted_lately, frozenset(waits & {DELETES, REWRITES}), run.rewritten)
    if state.rebuild is not None:
        return plan
    begun = run.number if state.begun is None else state.begun
    spent = state.spent.more(_open(state, begun))
    plan = hold_excess(plan, view, spent, begun, tries(run))
    run.rewrites = rewrites(plan.operations)  # before they go in one write with what a person has decided
    return in_one_write(plan)


def _open(state: AccountState, begun: int) -> int:
    """Return how many writes count although nobody knows yet whether they were carried out: they may have been."""
    count = 0
    for intent in state.intents.values():
        known = state.seen[intent.side.other]
        source = known.get(intent.source.id) if intent.source else None
        count += spends(intent.kind, intent.reason, source, begun)
    return count


def in_doubt(run: Run) -> Iterator[Side]:
    """Yield the side of each event of a link that may be gone, or may live on under an id that is in doubt."""
    seen, link_of = run.notebook.state.seen, run.notebook.link_of
    doubted = [(side, each) for side in BOTH for each, known in seen[side].items() if known.standing.in_doubt]
    linked = [side for side, event_id in doubted if link_of(side, event_id) is not None]
    yield from linked
    if len(linked) == len(doubted):  # as in most runs
        return
    view = view_of(run)
    for found in find_returns(view):
        if any(holder.standing.in_doubt for holder in found.holders):
            lost = (view.of(link, found.side) for link in found.links)
            yield from (found.side for each in lost if each is not None and not each.standing.in_doubt)


def view_of(run: Run, waiting: AbstractSet[tuple[Side, str]] = frozenset()) -> View:
    """Return what the reconciler looks at."""
    account, state = run.account, run.notebook.state
    return View(
        direction=account.direction,
        policy=account.policy,
        on_target_edit=account.on_target_edit,
        window=run.window,
        chain=account.chain,
        capabilities={side: account.calendars[side].capabilities for side in BOTH},
        seen=state.seen,
        links=state.links,
        ready={side: state.sides[side].listed_run is not None for side in BOTH},
        waiting_links=frozenset(intent.link for intent in state.intents.values() if intent.link is not None),
        waiting_events=waiting_events(run) | waiting,
        possibly_made=possibly_made(run),
        others=0 if state.scope is None else state.scope.others,
        decisions=dict(_fitting(run)),
    )


def _fitting(run: Run) -> Iterator[tuple[HoldKey, Decision]]:
    """Yield what persons have decided about what is held since then, and shows what they saw.

    None counts in a rebuild: what was seen may be older than the calendars.
    """
    state = run.notebook.state
    if state.rebuild is not None or not state.decisions:
        return
    shown = Shown(state.holds, state.links.values(), state.seen, run.notebook.link_of)
    for key, decision in state.decisions.items():
        held = state.holds.get(key)
        if held is None or held.since != decision.since:
            continue
        if decision.fingerprint == fingerprint(*shown.of(key)):
            yield key, decision
