"""Taking calsync's markers from the events that stay when their account leaves."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from calsync.engine.account import asks
from calsync.engine.attempts import NotSent
from calsync.engine.together import together
from calsync.errors import Blocked, EventError, Missing
from calsync.ports import Calendar, may_change
from calsync.sync.model import BOTH, Side
from calsync.sync.rules import may_mail
from calsync.sync.view import Standing

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.engine.account import Run
    from calsync.sync.model import Observation

CHUNK = 100
"""Events that are read together."""
AT_ONCE = 4
"""Writes on their way, as everywhere."""


@dataclass(frozen=True, slots=True)
class Marked:
    """An event that keeps calsync's marker."""

    side: Side
    observation: Observation
    reason: str


async def unmark(run: Run) -> Sequence[Marked]:
    """Take the account's markers from all events, also from users' copies of them; return those that keep one.

    Needs no intents: it is begun anew by looking which events carry one. Raises what a read raises, and what keeps
    a server from being written to at all.
    """
    kept: list[Marked] = []
    for side in BOTH:
        wanted = _wanted(run, side)
        for start in range(0, len(wanted), CHUNK):
            await run.notebook.keep_lease()
            found = await run.account.calendars[side].read(wanted[start : start + CHUNK])
            marked = [one for one in found.values() if run.marked_source(one.marker) is not None]
            kept += await _unmark(run, side, marked)
    return kept


def _wanted(run: Run, side: Side) -> list[str]:
    """Return the events that may carry a marker: on a side that is only read, no others than copies."""
    writable = isinstance(run.account.calendars[side], Calendar)
    seen = run.notebook.state.seen[side]
    copies = {link.event_id(side) for link in run.notebook.state.links.values() if link.origin is side.other}
    present = (event_id for event_id, each in seen.items() if each.standing is Standing.PRESENT)
    return sorted(event_id for event_id in present if writable or event_id in copies)


async def _unmark(run: Run, side: Side, marked: Sequence[Observation]) -> list[Marked]:
    calendar = run.account.calendars[side]
    if not isinstance(calendar, Calendar):
        return [Marked(side, one, "leave_read_only") for one in marked]
    waiting, kept = iter(marked), list[Marked]()

    async def work() -> None:
        may_change.set(asks(run, _expect_lease))  # of this task alone
        for one in waiting:
            await run.notebook.keep_lease()
            reason = await _unmark_one(calendar, one)
            if reason is not None:
                kept.append(Marked(side, one, reason))

    await together(work() for _ in range(min(AT_ONCE, len(marked))))
    return kept


async def _unmark_one(calendar: Calendar, one: Observation) -> str | None:
    """Return why an event keeps its marker, None where it does not.

    No rule is asked, as one that hangs must keep nobody here; and the provider refuses by itself what would mail.
    """
    reason = may_mail(one.event) if calendar.capabilities.writes_may_mail else None
    if reason is not None:
        return reason
    try:
        await calendar.unmark(one.id)
    except Blocked as blocked:
        return blocked.reason
    except EventError:
        return "refused"
    except Missing:
        return None
    return None


def _expect_lease(run: Run) -> None:
    if not run.notebook.may_write():
        raise NotSent(f"account {run.account.name}: the lease was not renewed in time, nothing was sent")
