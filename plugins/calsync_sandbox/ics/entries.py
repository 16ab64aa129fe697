"""VEVENT components as values: what a calendar file says about each of its entries, not yet moved."""

from __future__ import annotations

from dataclasses import dataclass
from datetime import datetime
from typing import TYPE_CHECKING, Literal

from calsync_sandbox.ics import details
from calsync_sandbox.ics.times import Moment, moment, moments, span

if TYPE_CHECKING:
    from calsync_sandbox.ics.lines import Component
    from calsync_sandbox.ics.zones import Zones

Kind = Literal["single", "series", "exception"]


@dataclass(frozen=True, slots=True, kw_only=True)
class Entry:
    """One VEVENT. Start and end are both dates (the end is the day after the last) or both date-times."""

    line: int
    uid: str
    summary: str
    description: str
    html: str
    """The notes as HTML, where the file has no plain ones."""
    location: str
    start: Moment
    end: Moment
    rule: str | None
    """The RRULE's value; empty for a series that is given by dates alone; None: no series."""
    excluded: tuple[Moment, ...]
    recurrence_id: Moment | None
    attendees: tuple[details.Attendee, ...]
    organizer: str
    reminder: int | None
    """Minutes before the start; None: no alarm."""
    categories: tuple[str, ...]
    sensitivity: str
    show_as: str
    cancelled: bool

    @property
    def all_day(self) -> bool:
        return not isinstance(self.start, datetime)

    @property
    def kind(self) -> Kind:
        if self.recurrence_id is not None:
            return "exception"
        return "single" if self.rule is None else "series"


def read_entry(component: Component, zones: Zones) -> Entry:
    """Read one VEVENT. Raises Refused for one whose time nobody can tell."""
    start, end = span(component, zones)
    description = component.text("DESCRIPTION")
    replaced = component.first("RECURRENCE-ID")
    recurs = component.first("RRULE") or component.first("RDATE")
    return Entry(
        line=component.line,
        uid=component.text("UID").strip(),
        summary=component.text("SUMMARY"),
        description=description,
        html="" if description else details.html_notes(component),
        location=component.text("LOCATION"),
        start=start,
        end=end,
        rule=component.text("RRULE").strip() if recurs else None,
        excluded=tuple(moments(component, "EXDATE", zones)),
        recurrence_id=moment(replaced, zones) if replaced else None,
        attendees=tuple(details.attendees(component)),
        organizer=details.address(component.text("ORGANIZER")),
        reminder=details.reminder(component, start, end, zones),
        categories=tuple(details.categories(component)),
        sensitivity=details.sensitivity(component),
        show_as=details.show_as(component),
        cancelled=component.text("STATUS").strip().upper() in {"CANCELLED", "CANCELED"},
    )
