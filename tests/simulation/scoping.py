"""Judges a run that plans for some events only: with all that is remembered it would decide the same."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync.engine.doubts import _unsure
from calsync.engine.local import holds_of
from calsync.engine.notebook import BRAKE_SPAN, LEASE_LIFE, Notebook
from calsync.store import statements
from calsync.store.connection import fetch
from calsync.store.reading import read_account
from calsync.sync.model import BOTH, Side
from calsync.sync.plan import Kind
from calsync.values import replace
from tests.simulation.resting import NOBODY

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from datetime import datetime

    from calsync.engine import Run
    from calsync.records import AccountState, Scope
    from calsync.sync.plan import Plan
    from tests.simulation.world import World


def judging(world: World, make: Callable[..., Plan]) -> Callable[..., Plan]:
    """Return what makes a plan as `make` does, and has each one judged that is not made of everything."""

    def judged(run: Run, *arguments: Any) -> Plan:
        plan = make(run, *arguments)
        scope = run.notebook.state.scope
        if scope is not None:
            _judge(world, run, plan, scope, make)
        return plan

    return judged


def _judge(world: World, run: Run, plan: Plan, scope: Scope, make: Callable[..., Plan]) -> None:
    pair, known, lease = world.pairs[run.account.name], run.notebook.state, run.notebook.lease
    holder = fetch(world.disk.raw, statements.FENCE, {"account": pair.name, "holder": lease.holder})
    if [row["fence"] for row in holder] != [lease.fence]:
        return  # it was frozen, and another one has gone on: nothing that it decides can be written
    state = read_account(pair.name, run.now - BRAKE_SPAN, world.disk.raw)
    # Counted otherwise in the midst of a run, as a copy is not free any more once its source is forgotten.
    state.spent, state.deleted_lately, state.begun = known.spent, known.deleted_lately, known.begun
    forget_meanwhile(state, known, run.now)
    mappings = {side: run.account.calendars[side].capabilities.mapping_version for side in BOTH}
    everything = Notebook(NOBODY, NOBODY, LEASE_LIFE, state, run.clock, mappings)
    whole = replace(run, notebook=everything)
    besides = sum(len(state.seen[side]) - len(known.seen[side]) for side in BOTH)
    world.mix["scope: judged"] += 1
    world.mix["scope: judged, with events besides"] += besides > 0
    for what in differences(run, plan, whole, make(whole), scope):
        pair.fail("scope", f"a plan for {len(scope.events)} events differs from one for all: {what}")


def forget_meanwhile(state: AccountState, known: AccountState, begun: datetime) -> None:
    """Forget what persons have decided since a run began that knows nothing of it, and what is held for that."""
    meanwhile = {key for key, said in state.decisions.items() if key not in known.decisions and said.at >= begun}
    state.decisions = {key: said for key, said in state.decisions.items() if key not in meanwhile}
    state.holds = {key: held for key, held in state.holds.items() if key in known.holds or key not in meanwhile}


def differences(run: Run, plan: Plan, whole: Run, all_of_it: Plan, scope: Scope) -> Iterator[str]:
    decided, wanted = (
        [each for each in one.operations if each.kind is not Kind.SKIP] for one in (plan, all_of_it)
    )
    if decided != wanted:
        yield f"{[(each.kind, each.reason) for each in decided]}, {[(each.kind, each.reason) for each in wanted]}"
    if plan.rebases != all_of_it.rebases or _undecided(plan) != _undecided(all_of_it):
        yield "what bases take over, or what is undecided"
    if holds_of(run, plan) != holds_of(whole, all_of_it):
        yield "what is held"
    if _skips(plan, scope) != _skips(all_of_it, scope):
        yield "what is left out of its own events"
    for side in BOTH:
        if {*_unsure(run, side)} != {*_unsure(whole, side)}:
            yield f"what is asked of its {side} side"


def _skips(plan: Plan, scope: Scope) -> set[tuple[Side, str, str]]:
    found = {(each.side, each.event_id or "", each.reason) for each in plan.operations if each.kind is Kind.SKIP}
    return {(side, event_id, reason) for side, event_id, reason in found if (side, event_id) in scope.events}


def _undecided(plan: Plan) -> tuple[object, object]:
    return plan.undecided, plan.undecided_events
