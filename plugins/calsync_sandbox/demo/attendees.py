"""Somebody invites people by hand in Outlook. From then on calsync may not write: each write would mail them."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING, Any

from calsync_sandbox.demo.scenes import content, starts
from calsync_sandbox.demo.stage import TO_FLOWFACT, TO_OUTLOOK, Change, Seen, Stage

if TYPE_CHECKING:
    from datetime import datetime

MOVED = "Objektaufnahme Einfamilienhaus Am Mühlbach 7"
RENAMED = "Objektaufnahme Am Mühlbach 7 mit Gutachter"
DELETED = "Zweitbesichtigung Lindenstraße 12, Ehepaar Schneider"
EDITED = 2
"""Appointments with attendees that somebody edits in FLOWFACT: one is moved, one deleted."""
GUEST = "gutachter@kunde.example"
REASON = "has_attendees"
NOTES = "Gutachter kommt mit; bitte Leiter bereitstellen."


async def play_attendees(stage: Stage) -> None:
    """Invite somebody, edit in FLOWFACT (blocked) and in Outlook (arrives), take the invitation back (arrives)."""
    stage.console.title(
        "Somebody adds attendees in Outlook; then FLOWFACT moves one appointment and deletes another"
    )
    for subject in (MOVED, DELETED):
        event = stage.outlook(subject)
        if event is not None:
            stage.anna.mailbox.add_attendee(event["id"], GUEST)
    start = _edit_in_flowfact(stage)
    before = stage.outlook(MOVED), stage.outlook(DELETED)
    result = await stage.sync_until(lambda result: sum(one["count"] for one in _blocks(result)) == EDITED)
    kept = (stage.outlook(MOVED), stage.outlook(DELETED)) == before
    _tell_blocks(stage, result, kept=kept)
    await stage.play(
        [
            Change(
                TO_FLOWFACT,
                "edited",
                f"{RENAMED}, while the other direction waits",
                lambda: stage.edit_in_outlook(MOVED, subject=RENAMED),
                lambda: stage.flowfact(RENAMED) is not None,
            )
        ]
    )
    stage.console.title("The attendees are removed again: what waited arrives")
    await stage.play(_released(stage, start))


def _edit_in_flowfact(stage: Stage) -> datetime | None:
    """Move one appointment by an hour with new notes, delete another; return the new start."""
    old = starts(stage.outlook(MOVED))
    if old is None:
        return None
    start = old + timedelta(hours=1)
    stage.edit_in_flowfact(MOVED, description=NOTES, start=start, end=start + timedelta(hours=1))
    stage.delete_in_flowfact(DELETED)
    return start


def _tell_blocks(stage: Stage, result: dict[str, Any], *, kept: bool) -> None:
    messages = _blocks(result)
    blocked = sum(message["count"] for message in messages)
    good = kept and blocked == EDITED and not stage.sandbox.mails.sent
    stage.seen.append(Seen(TO_OUTLOOK, "blocked", "appointments with attendees", 0.0 if good else None))
    stage.console.outcome(good, f"{blocked} writes blocked ({REASON}); Outlook is unchanged, nobody was mailed")
    for message in messages[:1]:
        stage.console.paragraph(message["de"])
        stage.console.paragraph(message["en"])


def _blocks(result: dict[str, Any]) -> list[dict[str, Any]]:
    """Return what `calsync sync --json` says about writes that would have mailed somebody."""
    account = next(iter(result["accounts"].values()))
    return [one for one in account["messages"] if one["reason"] == REASON]


def _released(stage: Stage, start: datetime | None) -> list[Change]:
    def remove_attendees() -> None:
        for subject in (RENAMED, DELETED):
            event = stage.outlook(subject)
            if event is not None:
                stage.anna.mailbox.remove_attendees(event["id"])

    return [
        Change(
            TO_OUTLOOK,
            "moved",
            f"{RENAMED} by an hour",
            remove_attendees,
            lambda: starts(stage.outlook(RENAMED)) == start,
        ),
        Change(
            TO_OUTLOOK,
            "edited",
            "its notes",
            lambda: None,
            lambda: NOTES in content(stage.outlook(RENAMED)),
        ),
        Change(
            TO_OUTLOOK,
            "deleted",
            DELETED,
            lambda: None,
            lambda: stage.outlook(DELETED) is None,
        ),
    ]
