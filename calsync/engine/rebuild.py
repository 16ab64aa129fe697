"""A run that writes nothing, as the store was put back or lost, and a person's word that ends what waits."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.engine.doubts import doubted, fresh_seen
from calsync.engine.local import apply_links, apply_local, holds_of
from calsync.engine.notebook import Batch
from calsync.engine.planning import look_again, make_plan, view_of
from calsync.engine.settle import settle
from calsync.sync.approved import awaits_word
from calsync.sync.decisions import unlinked
from calsync.sync.model import BOTH, Side
from calsync.sync.plan import Kind, Plan
from calsync.sync.rebuild import Marked, decide_marked, hold_writes
from calsync.sync.view import Standing
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.engine.account import Run
    from calsync.sync.rebuild import Key

PASSES = 6
LOCAL = frozenset({Kind.LINK, Kind.UNLINK, Kind.WAKE, Kind.SLEEP, Kind.PART})


@dataclass(frozen=True, slots=True)
class Confirmation:
    """What became of a person's word."""

    plan: Plan
    """The plan as it is now."""
    problem: str | None
    """Why it is not confirmed, in one sentence."""


def is_lost(run: Run) -> bool:
    """Tell whether the calendars hold events with markers that this store cannot have issued: it knows of nothing.

    Only what the listing told by itself counts: reading all events by id would cost every first sync a lot. What
    an earlier run has seen counts only until one has read all: a person may have confirmed since that it is new.
    """
    state = run.notebook.state
    if state.links or state.scope is not None or state.intents or state.tombstones:
        return False
    seen = (seen for side in BOTH for seen in state.seen[side].values())
    told = (each for each in seen if each.first_run == run.number or not state.was_read)
    return any(run.marked_source(each.observation.marker) is not None for each in told)


async def rebuild(run: Run) -> Marked:
    """Link anew, and plan until only writes are left, which all are held.

    What needs no write is done at once, so that the plan, and its hash, stay the same from run to run.
    """
    await settle(run)
    for _ in range(PASSES):
        await look_again(run)
        marked = await _link_marked(run)
        plan = hold_writes(make_plan(run, marked.waiting), marked)
        run.report.plan = plan
        run.report.note_standing(tuple(plan.operations))
        await apply_local(run, plan)
        if not any(operation.kind in LOCAL for operation in plan.operations):
            break
    run.report.rebuild = run.notebook.state.rebuild
    if not any(operation.kind is Kind.HOLD for operation in plan.operations):
        run.report.note_waiting(Kind.HOLD, Side.RIGHT, "rebuild")
    return marked


async def confirm_plan(run: Run, plan_hash: str) -> Confirmation:
    """End what the account waits for, if its plan is the one that a person saw, and all of it."""
    name, state = run.account.name, run.notebook.state
    if state.rebuild is None and not run.unconfirmed:
        return Confirmation(run.report.plan, f"account {name}: nothing waits to be confirmed")
    marked = await _look_at_plan(run) if state.rebuild is None else await rebuild(run)
    plan = run.report.plan
    if plan.hash != plan_hash:
        problem = f"the plan is not {plan_hash} any more; look at it again, then confirm {plan.hash}"
    elif marked.holds:
        problem = "several events carry the marker of one; delete or change the surplus ones, then plan again"
    elif marked.waiting or not _is_settled(run):
        problem = "what became of some events is not known yet; run calsync sync, then plan again"
    else:
        holds = {key: held for key, held in holds_of(run, plan).items() if not awaits_word(held.reason)}
        batch = Batch(confirmed=True, holds=holds, rules=run.account.rules)
        batch.sides = {side: replace(state.sides[side], written=True) for side in run.unconfirmed}
        await run.notebook.commit(batch)
        run.before = None  # that the rules are others is in what the person saw
        return Confirmation(plan, None)
    return Confirmation(plan, f"account {name}: {problem}")


async def _look_at_plan(run: Run) -> Marked:
    """Plan without settling anything: a create that is repeated on the other side would be a write."""
    await look_again(run)
    run.report.plan = make_plan(run)
    return Marked((), (), frozenset(), frozenset())


def _is_settled(run: Run) -> bool:
    """Tell whether the plan is whole.

    That is: no write of old is open, no link is to be made or moved first, and no delete is proven by the next run
    only, also where its event may have got a new id.
    """
    state = run.notebook.state
    if any(operation.kind in LOCAL for operation in run.report.plan.operations):
        return False
    linked = {event for link in state.links.values() for event in link.events}
    known = ((side, state.seen[side].get(event_id)) for side, event_id in linked)
    lost = {
        (side, seen.uid) for side, seen in known if seen and seen.uid and seen.standing is not Standing.PRESENT
    }
    unproven = (
        (side, event_id) in linked or (side, seen.uid) in lost
        for side in BOTH
        for event_id, seen in state.seen[side].items()
        if seen.standing is Standing.GONE
    )
    return not state.intents and not any(unproven)


async def _link_marked(run: Run) -> Marked:
    await _read_markers(run)
    view = view_of(run)
    names = {side: _names(run, side) for side in BOTH}
    sources: dict[Key, str] = {}
    for side in BOTH:
        for seen in unlinked(view, side):
            source = run.marked_source(seen.observation.marker)
            if source is not None:
                sources[side, seen.observation.id] = names[side.other].get(source, "")
    marked = decide_marked(view, sources)
    await apply_links(run, marked.links)
    return marked


def _names(run: Run, side: Side) -> Mapping[str, str]:
    """Return the events of one side by their hashes in markers."""
    return {run.marker_hash(event_id): event_id for event_id in run.notebook.state.seen[side]}


async def _read_markers(run: Run) -> None:
    """Read by id every unlinked event whose marker nobody told; each of them once."""
    view = view_of(run)
    batch = Batch()
    for side in BOTH:
        calendar = run.account.calendars[side]
        untold = {each.observation.id: each for each in unlinked(view, side) if each.observation.marker is None}
        if not untold or not calendar.capabilities.marker:
            continue
        found = await calendar.read(list(untold))
        for event_id, seen in untold.items():
            read = found.get(event_id)
            if read is None:
                batch.seen[side][event_id] = doubted(run, seen)
            else:
                batch.seen[side][event_id] = fresh_seen(run, seen, replace(read, marker=read.marker or ""), side)
    if batch != Batch():
        await run.notebook.commit(batch)
