"""What `calsync check` tells of an application and a calendar: what they may do, what is heeded."""

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

READ_ONLY = Finding(
    "error",
    "the calendar can only be read: give the application write access to it",
    "Der Kalender lässt sich nur lesen: Bitte geben Sie der Anwendung Schreibrechte daran",
)
UNTRIED = Finding(
    "warning",
    "it is not proven that Microsoft Graph refuses to write to an event that has changed since it was read: "
    "`calsync check --try-writes` proves it",
    "Es ist nicht erwiesen, dass Microsoft Graph es ablehnt, einen Termin zu ändern, der sich seit dem Lesen "
    "geändert hat: `calsync check --try-writes` erweist es",
)
HEEDED = Finding(
    "ok",
    "Microsoft Graph refuses to write to an event that has changed since it was read",
    "Microsoft Graph lehnt es ab, einen Termin zu ändern, der sich seit dem Lesen geändert hat",
)
UNHEEDED = Finding(
    "warning",
    "Microsoft Graph writes to an event that has changed since it was read, so each is read just before; who is "
    "invited within that moment may be told of the change",
    "Microsoft Graph ändert auch einen Termin, der sich seit dem Lesen geändert hat, deshalb wird jeder "
    "unmittelbar davor gelesen; wer in diesem Augenblick eingeladen wird, erfährt vielleicht von der Änderung",
)
WRITABLE = Finding(
    "ok",
    "an event could be created, changed and deleted",
    "Ein Termin ließ sich anlegen, ändern und löschen",
)
SCOPE_UNKNOWN = Finding(
    "warning",
    "it is not proven that the application opens no other mailboxes: name one in mailbox_outside_scope "
    "(docs/how-to/microsoft-365.md)",
    "Es ist nicht erwiesen, dass die Anwendung keine anderen Postfächer öffnet: Bitte nennen Sie eines in "
    "mailbox_outside_scope (docs/how-to/microsoft-365.md)",
)
SCOPED = Finding(
    "ok",
    "the mailbox_outside_scope cannot be read, as it should be",
    "mailbox_outside_scope lässt sich nicht lesen, wie es sein soll",
)
SCOPE_UNTRIED = Finding(
    "warning",
    "the mailbox_outside_scope proves nothing: there is no active mailbox of this address",
    "mailbox_outside_scope beweist nichts: Es gibt kein aktives Postfach mit dieser Adresse",
)
UNSCOPED = Finding(
    "warning",
    "the mailbox_outside_scope can be read: consent alone opens every mailbox: scope the application "
    "(docs/how-to/microsoft-365.md)",
    "mailbox_outside_scope lässt sich lesen: Die Zustimmung allein öffnet jedes Postfach; bitte schränken Sie die "
    "Anwendung ein (docs/how-to/microsoft-365.md)",
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
        return [
            Finding("error", f"no event can be created: {error}", f"Es lässt sich kein Termin anlegen: {error}")
        ]
    found: list[Finding] = []
    try:
        await calendar.try_versions(created)
    except CalsyncError as error:
        changed = Finding(
            "error",
            f"the event that was created cannot be changed: {error}",
            f"Der angelegte Termin lässt sich nicht ändern: {error}",
        )
        found.append(changed)
    try:
        for seen in (await calendar.read([created])).values():
            await calendar.delete(seen)
    except CalsyncError as error:
        left = Finding(
            "error",
            f"the event {TRIAL.summary!r} of {TRIAL_DAY} could not be deleted: {error}",
            f"Der Termin „{TRIAL.summary}“ vom {TRIAL_DAY:%d.%m.%Y} ließ sich nicht löschen: {error}",
        )
        found.append(left)
    return found or [WRITABLE]
