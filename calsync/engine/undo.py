"""A run that undoes what earlier ones wrote, and does nothing else."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.engine.carry import carry_out
from calsync.engine.confirm import UNKNOWN
from calsync.engine.local import apply_links
from calsync.engine.planning import look_again, view_of
from calsync.engine.settle import settle
from calsync.engine.together import together
from calsync.ports import Gone, Trashed
from calsync.sync.brakes import hold_unconfirmed
from calsync.sync.choices import LEAVING, UNDONE
from calsync.sync.plan import WRITES, Kind, Plan, line
from calsync.sync.undo import undo
from calsync.sync.undoing import Undoing
from calsync.sync.wrote import Wrote
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Collection, Iterator, Mapping, Sequence

    from calsync.engine.account import Run
    from calsync.engine.report import Counts
    from calsync.records import LedgerEntry, Writes
    from calsync.sync.model import Observation, Side

PASSES = 3
"""How often it is planned anew when an event changed under the plan: only what the person saw is carried out."""


Read = Callable[[], Awaitable["Writes"]]
"""Reads what the ledger tells of what is to be undone: more and more, while it is."""


@dataclass(frozen=True, slots=True)
class Undone:
    """What became of a person's wish to undo something."""

    plan: Plan
    """What undoes it, and what is not undone, each with its reason."""
    problem: str | None
    """Why nothing was undone, in one sentence."""
    counts: Mapping[Side, Counts]
    """What was carried out on each side."""
    run: int
    """The number of the run that did it, or has shown it."""

    @property
    def untouched(self) -> int:
        """How many events were left alone, once it is done, that the plan was about: they changed under it."""
        planned = sum(each.kind in WRITES for each in self.plan.operations)
        return max(0, planned - sum(each.writes + each.failed for each in self.counts.values()))


async def undo_writes(run: Run, read: Read, plan_hash: str | None) -> Undone:
    """Undo writes, if that would do what a person saw; without a hash only say what it would do.

    Raises as a run does, also where a side could not be listed in full: what is gone would not be known.
    """
    name, state = run.account.name, run.notebook.state
    await settle(run, UNDONE)  # what an earlier try has left open
    await look_again(run)
    if run.unlisted is not None:
        raise run.unlisted
    plan = await _plan(run, await read())
    run.report.plan = plan
    run.report.note_standing(tuple(plan.operations))
    problem = None
    if state.rebuild is not None:
        problem = "a person has to confirm its plan first (calsync plan, calsync confirm)"
    elif not plan.operations:
        problem = "nothing of that kind was written, or it is too long ago"
    elif plan_hash is not None and plan.hash != plan_hash:
        problem = f"the plan is not {plan_hash} any more; look at it again, then confirm {plan.hash}"
    if problem is not None:
        return Undone(plan, f"account {name}: {problem}", run.report.counts, run.number)
    if plan_hash is not None:
        run.approved = True
        await _carry_out(run, read, plan)
    return Undone(plan, None, run.report.counts, run.number)


async def _carry_out(run: Run, read: Read, plan: Plan) -> None:
    approved = {line(operation) for operation in plan.operations}
    run.progress(0, sum(each.kind in WRITES for each in plan.operations))
    await apply_links(run, [each for each in plan.operations if each.kind is Kind.UNLINK])
    for _ in range(PASSES):
        if not await carry_out(run, [each for each in plan.operations if line(each) in approved]):
            break
        await look_again(run)
        plan = await _plan(run, await read())
    for error in run.trouble.values():
        raise error


async def _plan(run: Run, writes: Writes) -> Plan:
    told = [*_rows(writes.entries)]
    rows = [row for row in told if row.reason != UNKNOWN]
    gone = await _gone(run, [row for row in rows if row.kind is Kind.DELETE and row.id in writes.chosen])
    alone = await _alone(run, [row for row in rows if row.kind is Kind.CREATE and row.id in writes.chosen])
    perhaps = [row for row in told if row.reason == UNKNOWN]
    plan = undo(view_of(run), Undoing(rows=rows, perhaps=perhaps, chosen=writes.chosen, gone=gone, alone=alone))
    return _held(run, plan, {row.id for row in rows if row.reason == LEAVING})


def _held(run: Run, plan: Plan, left: Collection[int]) -> Plan:
    """Return the plan with what must not be written held; not with the copies that were removed by leaving.

    Those sides wait for a person because the account has left them, and this person wants them as they were.
    """
    held = hold_unconfirmed(plan, run.unconfirmed, run.waits_for)
    both = zip(plan.operations, held.operations, strict=True)
    return replace(held, operations=tuple(one if one.undoes in left else other for one, other in both))


def _rows(entries: Sequence[LedgerEntry]) -> Iterator[Wrote]:
    for entry in entries:
        if entry.id is None or entry.event_id is None:
            continue
        yield Wrote(
            id=entry.id,
            kind=Kind(entry.kind),
            side=entry.side,
            reason=entry.reason,
            link=entry.link,
            event_id=entry.event_id,
            source_id=entry.source_id,
            uid=entry.uid,
            source_uid=entry.source_uid,
            private=entry.private,
            before=entry.before,
            after=entry.after,
            undoes=entry.undoes,
            readable=entry.readable,
        )


async def _gone(run: Run, rows: Sequence[Wrote]) -> frozenset[int]:
    """Return the deletes whose event is still gone: nobody has taken it out of the trash."""
    places = await together(run.account.calendars[row.side].locate(row.event_id, row.uid) for row in rows)
    return frozenset(row.id for row, place in zip(rows, places, strict=True) if isinstance(place, Trashed | Gone))


async def _alone(run: Run, rows: Sequence[Wrote]) -> frozenset[int]:
    """Return the links of creates whose original is gone, and lay outside the window: no feed tells of that."""
    untold: list[tuple[int, Side, Observation]] = []
    for row in rows:
        link = run.notebook.state.links.get(row.link or 0)
        seen = link and run.notebook.state.seen[row.side.other].get(link.event_id(row.side.other) or "")
        if link and seen and not run.window.holds(seen.observation.event.when):
            untold.append((link.id, row.side.other, seen.observation))
    places = await together(
        run.account.calendars[side].locate(original.id, original.event.uid) for _, side, original in untold
    )
    return frozenset(
        link for (link, *_), place in zip(untold, places, strict=True) if isinstance(place, Trashed | Gone)
    )
