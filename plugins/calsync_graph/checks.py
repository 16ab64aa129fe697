"""What `calsync check` tells of a calendar: whether it can be written, and whether versions are heeded."""

from __future__ import annotations

from datetime import date, timedelta
from typing import TYPE_CHECKING

from calsync.errors import CalsyncError
from calsync.ports import Finding
from calsync.sync.model import AllDay, Draft

if TYPE_CHECKING:
    import random
    from collections.abc import Sequence

    from calsync_graph.calendar import GraphCalendar

READ_ONLY = Finding("error", "the calendar can only be read: give the application write access to it")
UNTRIED = Finding(
    "warning",
    "it is not proven that Microsoft Graph refuses to write to an event that has changed since it was read: "
    "`calsync check --try-writes` proves it",
)
HEEDED = Finding("ok", "Microsoft Graph refuses to write to an event that has changed since it was read")
UNHEEDED = Finding(
    "warning",
    "Microsoft Graph writes to an event that has changed since it was read, so each is read just before; who is "
    "invited within that moment may be told of the change",
)
TRIAL_DAY = date(2000, 1, 1)
TRIAL = Draft(
    summary="calsync check: may be deleted",
    when=AllDay(TRIAL_DAY, TRIAL_DAY + timedelta(days=1)),
    description="",
    reminder=None,
)
"""What a write is tried on: without attendees, far outside of everybody's window and of everybody's sight."""


def about_calendar(calendar: GraphCalendar) -> Sequence[Finding]:
    """Tell what is in the way of writing, and what is known of the condition of a write."""
    if not calendar.can_edit:
        return (READ_ONLY,)
    return ({None: UNTRIED, True: HEEDED, False: UNHEEDED}[calendar.heeds_versions],)


async def try_writes(calendar: GraphCalendar, chance: random.Random) -> Sequence[Finding]:
    """Create an event, change it, try both writes with the version that it had before, and delete it again."""
    try:
        # Graph would answer a marker that it knows with the event of an earlier trial.
        created = (await calendar.create(TRIAL, f"calsync-check:{chance.getrandbits(64):x}")).id
    except CalsyncError as error:
        return [Finding("error", f"no event can be created: {error}")]
    found: list[Finding] = []
    try:
        await calendar.try_versions(created)
    except CalsyncError as error:
        found.append(Finding("error", f"the event that was created cannot be changed: {error}"))
    try:
        for seen in (await calendar.read([created])).values():
            await calendar.delete(seen)
    except CalsyncError as error:
        left = f"the event {TRIAL.summary!r} of {TRIAL_DAY} could not be deleted: {error}"
        found.append(Finding("error", left))
    return found or [Finding("ok", "an event could be created, changed and deleted")]
