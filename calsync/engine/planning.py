"""From what is remembered to a plan: the view of an account, reconciled and braked."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.engine.creates import possibly_made, waiting_events
from calsync.engine.doubts import refresh, settle_doubts
from calsync.sync.brakes import DELETES, REWRITES, brake, hold_unconfirmed
from calsync.sync.loops import hold_loops
from calsync.sync.model import Side
from calsync.sync.reconcile import reconcile
from calsync.sync.view import View

if TYPE_CHECKING:
    from collections.abc import Set as AbstractSet

    from calsync.engine.account import Run
    from calsync.sync.plan import Plan


async def look_again(run: Run) -> None:
    """Read by id what a plan must not be made of as it is remembered."""
    await settle_doubts(run)
    await refresh(run)
    await settle_doubts(run)  # what could not be refreshed is in doubt now


def make_plan(run: Run, waiting: AbstractSet[tuple[Side, str]] = frozenset()) -> Plan:
    """Decide what is to be done, `waiting` events excepted."""
    state = run.notebook.state
    view = view_of(run, waiting)
    open_batches = {held.reason for held in state.holds.values()} & {DELETES, REWRITES}
    plan = hold_loops(reconcile(view), run.past)
    if state.rebuild is None:  # else all writes wait, each for a reason of its own
        plan = hold_unconfirmed(plan, run.unconfirmed)
    return brake(plan, view, state.deleted_lately, frozenset(open_batches))


def view_of(run: Run, waiting: AbstractSet[tuple[Side, str]] = frozenset()) -> View:
    """Return what the reconciler looks at."""
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
        waiting_events=waiting_events(run) | waiting,
        possibly_made=possibly_made(run),
    )
