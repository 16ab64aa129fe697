"""The stores of both servers as the judge sees them: what an appointment says, and whether it is to be synced."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import Any
from zoneinfo import ZoneInfo

from tzlocal.windows_tz import win_tz

from calsync_sandbox.flowfact.forms import GUESSED, Form
from calsync_sandbox.judge.text import same_notes, same_summary, text_of_html

Json = Mapping[str, Any]


@dataclass(frozen=True, slots=True)
class Stretch:
    """The window of an account, in UTC. What ends exactly at its start is outside."""

    start: datetime
    end: datetime

    @classmethod
    def around(cls, now: datetime, *, past_days: int, future_days: int) -> Stretch:
        return cls(now - timedelta(days=past_days), now + timedelta(days=future_days))

    def holds(self, start: datetime, end: datetime) -> bool:
        if start == end:
            return self.start <= start < self.end
        return start < self.end and end > self.start


@dataclass(frozen=True, slots=True, kw_only=True)
class Seen:
    """One appointment as it counts: two of them are the same where all but the id is equal."""

    id: str
    summary: str
    when: str
    """`all day FIRST to AFTER`, or the two instants in UTC, to the minute."""
    notes: str
    private: bool = False


def flowfact_seen(entities: Iterable[Json], user: Json, window: Stretch, form: Form = GUESSED) -> list[Seen]:
    """Return a user's own single appointments of one schema that overlap the window."""
    zone = ZoneInfo(user["timezone"])
    mine = (entity for entity in entities if _is_mine(entity, user["id"], form))
    return [seen for entity in mine if (seen := _flowfact(entity, zone, window, form)) is not None]


def mailbox_seen(events: Iterable[Json], window: Stretch) -> list[Seen]:
    """Return a mailbox's single events that are not cancelled and overlap the window."""
    singles = (event for event in events if event["type"] == "singleInstance" and not event["isCancelled"])
    return [seen for event in singles if (seen := _mailbox(event, window)) is not None]


def _is_mine(entity: Json, user_id: str, form: Form) -> bool:
    appointment = entity["_metadata"]["schema"] == form.schema
    return appointment and user_id in form.values(entity, "owner") and not form.repeats(entity)


def _flowfact(entity: Json, zone: ZoneInfo, window: Stretch, form: Form) -> Seen | None:
    start, end = (form.instant(entity, key, zone) for key in ("start", "end"))
    if start is None or end is None:
        return None
    when = _when(start, end, all_day=bool(form.value(entity, "all_day")), window=window)
    if when is None:
        return None
    notes = str(form.value(entity, "description") or "")
    return Seen(
        id=entity["id"],
        summary=same_summary(str(form.value(entity, "summary") or "")),
        when=when,
        notes=same_notes(text_of_html(notes) if form.html else notes),
        private=bool(form.value(entity, "private")),
    )


def _mailbox(event: Json, window: Stretch) -> Seen | None:
    when = _when(_instant(event["start"]), _instant(event["end"]), all_day=event["isAllDay"], window=window)
    if when is None:
        return None
    body = event["body"]
    return Seen(
        id=event["id"],
        summary=same_summary(event["subject"]),
        when=when,
        notes=same_notes(text_of_html(body["content"]) if body["contentType"] == "html" else body["content"]),
        private=event["sensitivity"] in {"private", "confidential"},
    )


def _when(start: datetime, end: datetime, *, all_day: bool, window: Stretch) -> str | None:
    """Return the time as text, None outside of the window. `start` and `end` are in the appointment's own zone."""
    if all_day:
        start, end = (at.replace(tzinfo=UTC) for at in (start, end))
        return f"all day {start.date()} to {end.date()}" if window.holds(start, end) else None
    start, end = (at.astimezone(UTC).replace(second=0, microsecond=0) for at in (start, end))
    return f"{start:%Y-%m-%dT%H:%MZ} to {end:%Y-%m-%dT%H:%MZ}" if window.holds(start, end) else None


def _instant(time: Json) -> datetime:
    name = time["timeZone"]
    return datetime.fromisoformat(time["dateTime"]).replace(tzinfo=ZoneInfo(win_tz.get(name) or name))
