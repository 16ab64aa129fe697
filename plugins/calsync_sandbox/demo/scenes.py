"""People work in both systems: they create, edit, move and delete, and each change arrives on the other side."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING, Any
from zoneinfo import ZoneInfo

from calsync_sandbox.demo.stage import TO_FLOWFACT, TO_OUTLOOK, Change, Stage

if TYPE_CHECKING:
    from collections.abc import Mapping

VIEWING = "Besichtigung Rosenweg 4"
RENAMED = "Zweitbesichtigung Rosenweg 4"
LUNCH = "Mittagessen mit Bauträger Krüger"
DINNER = "Abendessen mit Bauträger Krüger"
NOTES = "Schlüssel liegt bei Frau Jäger, Hinterhaus links.\nParkplatz: Hof"
BERLIN = ZoneInfo("Europe/Berlin")


async def play_scenes(stage: Stage) -> None:
    """Play all scenes, one after the other."""
    clock = _Clock(stage)
    stage.console.title("Somebody creates an appointment in each system")
    await stage.play(_created(stage, clock))
    stage.console.title("Somebody edits each where it was made, then both edit the same one")
    await stage.play(_edited(stage))
    await stage.play(_edited_together(stage))
    stage.console.title("Somebody moves them")
    await stage.play(_moved(stage, clock))
    stage.console.title("Somebody deletes them")
    await stage.play(_deleted(stage))


class _Clock:
    """Times of the scenes: a day two weeks from now, told by the agent's clock."""

    def __init__(self, stage: Stage) -> None:
        today = datetime.fromtimestamp(stage.sandbox.now(), BERLIN).date()
        self._day = today + timedelta(days=15)

    def at(self, hour: int, minute: int = 0, *, days: int = 0) -> datetime:
        day = self._day + timedelta(days=days)
        return datetime(day.year, day.month, day.day, hour, minute, tzinfo=BERLIN)


def _created(stage: Stage, clock: _Clock) -> list[Change]:
    viewing = {"start": clock.at(10), "end": clock.at(10, 45)}
    lunch = {"start": wall(clock.at(12)), "end": wall(clock.at(13))}
    return [
        Change(
            TO_OUTLOOK,
            "created",
            VIEWING,
            lambda: stage.create_in_flowfact(summary=VIEWING, kind="viewing", description="Schlüssel?", **viewing),
            lambda: stage.outlook(VIEWING) is not None,
        ),
        Change(
            TO_FLOWFACT,
            "created",
            LUNCH,
            lambda: stage.anna.mailbox.create({"subject": LUNCH, **lunch}),
            lambda: stage.flowfact(LUNCH) is not None,
        ),
    ]


def _edited(stage: Stage) -> list[Change]:
    return [
        Change(
            TO_OUTLOOK,
            "edited",
            f"{VIEWING}: notes",
            lambda: stage.edit_in_flowfact(VIEWING, description=NOTES),
            lambda: "Frau Jäger" in content(stage.outlook(VIEWING)),
        ),
        Change(
            TO_FLOWFACT,
            "edited",
            f"{LUNCH} is now {DINNER}",
            lambda: stage.edit_in_outlook(LUNCH, subject=DINNER),
            lambda: stage.flowfact(DINNER) is not None,
        ),
    ]


def _edited_together(stage: Stage) -> list[Change]:
    return [
        Change(
            TO_FLOWFACT,
            "edited",
            f"{VIEWING} is now {RENAMED}",
            lambda: stage.edit_in_outlook(VIEWING, subject=RENAMED),
            lambda: stage.flowfact(RENAMED) is not None,
        ),
        Change(
            TO_OUTLOOK,
            "edited",
            "the notes of the same appointment, at the same time",
            lambda: stage.edit_in_flowfact(VIEWING, description=f"{NOTES}\nBitte klingeln."),
            lambda: "Bitte klingeln." in content(stage.outlook(RENAMED)),
        ),
    ]


def _moved(stage: Stage, clock: _Clock) -> list[Change]:
    start, end = clock.at(9, days=1), clock.at(9, 45, days=1)
    evening = clock.at(19, 30)
    times = {"start": wall(evening), "end": wall(clock.at(21))}
    return [
        Change(
            TO_OUTLOOK,
            "moved",
            f"{RENAMED} to the next day, 9:00",
            lambda: stage.edit_in_flowfact(RENAMED, start=start, end=end),
            lambda: starts(stage.outlook(RENAMED)) == start,
        ),
        Change(
            TO_FLOWFACT,
            "moved",
            f"{DINNER} to 19:30",
            lambda: stage.edit_in_outlook(DINNER, **times),
            lambda: stage.sandbox.form.instant(stage.flowfact(DINNER), "start", BERLIN) == evening,
        ),
    ]


def _deleted(stage: Stage) -> list[Change]:
    return [
        Change(
            TO_OUTLOOK,
            "deleted",
            RENAMED,
            lambda: stage.delete_in_flowfact(RENAMED),
            lambda: stage.outlook(RENAMED) is None,
        ),
        Change(
            TO_FLOWFACT,
            "deleted",
            DINNER,
            lambda: stage.delete_in_outlook(DINNER),
            lambda: stage.flowfact(DINNER) is None,
        ),
    ]


def wall(at: datetime) -> dict[str, str]:
    """Return an instant as Outlook writes it."""
    return {"dateTime": at.replace(tzinfo=None).isoformat(), "timeZone": "W. Europe Standard Time"}


def starts(event: Mapping[str, Any] | None) -> datetime | None:
    """Return when an event of the mailbox starts. All of these scenes are in Berlin's time, or in UTC."""
    if event is None:
        return None
    zone = UTC if event["start"]["timeZone"] == "UTC" else BERLIN
    return datetime.fromisoformat(event["start"]["dateTime"]).replace(tzinfo=zone)


def content(event: Mapping[str, Any] | None) -> str:
    """Return the notes of an event as the mailbox stores them."""
    return "" if event is None else str(event["body"]["content"])
