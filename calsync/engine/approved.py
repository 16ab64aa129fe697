"""Carrying out a plan that a person has approved: exactly that one, or nothing."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calsync.engine.carry import carry_out
from calsync.engine.local import apply_local
from calsync.engine.planning import look_again, make_plan
from calsync.engine.rebuild import confirm_plan
from calsync.sync.approved import Approved, Drift, carried_out, drift
from calsync.sync.model import BOTH

if TYPE_CHECKING:
    from calsync.engine.account import Run
    from calsync.sync.plan import Plan


@dataclass(frozen=True, slots=True, kw_only=True)
class Applied:
    """What became of a plan that a person has approved."""

    plan: Plan
    """The plan as it was made anew."""
    problem: str | None = None
    """Why nothing was written, or not all of it, in one sentence."""
    drift: Drift = field(default_factory=Drift)
    """What had changed, so that nothing was written."""


async def apply_plan(run: Run, approved: Approved) -> Applied:
    """Make the plan anew, and carry it out in one pass if it is the approved one.

    What waits for a person's word is confirmed by it, as by `confirm_plan`. Raises as a run does, also where a
    side could not be listed in full.
    """
    name = run.account.name
    if run.unlisted is not None:
        raise run.unlisted
    waits = run.notebook.state.rebuild or (run.waits_for if run.unconfirmed else None)
    problem = _beforehand(run, approved, waits)
    if problem is not None:
        return Applied(plan=run.report.plan, problem=f"account {name}: {problem}; nothing was written")
    seen, problem = await _seen(run, approved, waits)
    run.report.plan = seen
    run.report.note_standing(tuple(seen.operations))
    if _is_another(seen, approved):
        moved = drift(approved, seen, run.window)
        problem = f"account {name}: {_told(moved)}; nothing was written. Look at it again, and make a new plan"
        return Applied(plan=seen, problem=problem, drift=moved)
    if problem is not None:
        return Applied(plan=seen, problem=problem)
    again = await _carry_out(run, seen, waits)
    left = "an event was changed, or took too long, while the plan was carried out, and was left as it is"
    return Applied(plan=seen, problem=f"account {name}: {left}; make a new plan" if again else None)


def _is_another(plan: Plan, approved: Approved) -> bool:
    """Tell whether a plan would do anything else than what a person has seen."""
    return plan.hash != approved.hash


def _beforehand(run: Run, approved: Approved, waits: str | None) -> str | None:
    """Return why a plan cannot be the approved one, whatever it says."""
    for side in BOTH:
        if approved.calendars[side] != run.account.calendars[side].key:
            return f"its {side} calendar is another one than in the plan"
    if waits != approved.waits:
        now = "nothing waits for a confirmation any more" if waits is None else f"it waits for one now ({waits})"
        was = "did not wait for a confirmation" if approved.waits is None else f"waited for one ({approved.waits})"
        return f"the account {was} when the plan was made, and {now}; make a new plan"
    if waits is None and run.notebook.state.intents:
        return "what became of a write of an earlier run is not known yet; run calsync sync, then make a new plan"
    return None


async def _seen(run: Run, approved: Approved, waits: str | None) -> tuple[Plan, str | None]:
    """Return the plan as it is now, confirmed where that is waited for and it is the approved one."""
    if waits is None:
        await look_again(run)
        return make_plan(run), None
    confirmation = await confirm_plan(run, approved.hash)
    return confirmation.plan, confirmation.problem


async def _carry_out(run: Run, seen: Plan, waits: str | None) -> bool:
    """Carry out what a person has approved. Return whether something changed under its feet."""
    plan = seen if waits is None else make_plan(run)
    run.report.note_standing(tuple(plan.operations))
    await apply_local(run, plan)
    again = await carry_out(run, [*carried_out(plan, seen)])
    for error in run.trouble.values():
        raise error
    return again


def _told(moved: Drift) -> str:
    counts = {what: sum(each.what == what for each in moved.moved) for what in ("added", "changed", "gone")}
    told = [f"{count} {what}" for what, count in counts.items() if count]
    told += ["the window moved"] if moved.window else []
    return f"the plan is not as it was approved ({', '.join(told) or 'its hash is another'})"
