"""What people go on doing for hours: each appointment is planned in one system, then changed in both, in turns."""

from __future__ import annotations

import itertools
from dataclasses import dataclass
from datetime import datetime, timedelta
from typing import TYPE_CHECKING

from calsync_sandbox.demo.scenes import BERLIN, content, starts, wall
from calsync_sandbox.demo.stage import TO_FLOWFACT, TO_OUTLOOK, Change

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync_sandbox.demo.stage import Stage

_WHAT = ("Besichtigung", "Übergabe", "Objektaufnahme", "Bewertung")
_STREETS = ("Rosenweg", "Gärtnerstraße", "Schloßallee", "Am Brühl", "Kölner Straße")
_NOTES = ("Schlüssel liegt bei Frau Jäger.", "Exposé und Energieausweis mitbringen.", "Bitte zweimal läuten.")
_LENGTH = timedelta(minutes=45)
_LONGEST_PAUSE = 300.0


def errands(stage: Stage) -> Iterator[Change]:
    """Yield changes without end, few of each appointment: what is changed again and again would be held."""
    today = datetime.fromtimestamp(stage.sandbox.now(), BERLIN).date()
    for number in itertools.count(1):
        day = today + timedelta(days=16 + number % 60)
        subject = f"{_WHAT[number % len(_WHAT)]} {_STREETS[number % len(_STREETS)]} {number}"
        start = datetime(day.year, day.month, day.day, 9 + number % 8, tzinfo=BERLIN)
        errand = _Errand(stage, subject, start, _NOTES[number % len(_NOTES)])
        here, there = (TO_OUTLOOK, TO_FLOWFACT) if number % 2 else (TO_FLOWFACT, TO_OUTLOOK)
        yield from (errand.created(here), errand.noted(there), errand.moved(here))


def pauses() -> Iterator[float]:
    """Yield the seconds between changes. They grow, for an account has a budget of writes."""
    for seconds in itertools.count(3.0):
        yield min(seconds, _LONGEST_PAUSE)


@dataclass(frozen=True, slots=True)
class _Errand:
    """One appointment. `way` is where a change goes, so it is made on the other side."""

    stage: Stage
    subject: str
    start: datetime
    note: str

    def created(self, way: str) -> Change:
        stage, subject, end = self.stage, self.subject, self.start + _LENGTH
        if way == TO_OUTLOOK:
            values = {"summary": subject, "kind": "viewing", "start": self.start, "end": end}
            return Change(
                way,
                "created",
                subject,
                lambda: stage.create_in_flowfact(**values),
                lambda: stage.outlook(subject) is not None,
            )
        event = {"subject": subject, "start": wall(self.start), "end": wall(end)}
        return Change(
            way,
            "created",
            subject,
            lambda: stage.anna.mailbox.create(event),
            lambda: stage.flowfact(subject) is not None,
        )

    def noted(self, way: str) -> Change:
        stage, subject, note = self.stage, self.subject, self.note
        if way == TO_OUTLOOK:
            return Change(
                way,
                "edited",
                f"{subject}: {note}",
                lambda: stage.edit_in_flowfact(subject, description=note),
                lambda: note in content(stage.outlook(subject)),
            )
        body = {"contentType": "text", "content": note}
        return Change(
            way,
            "edited",
            f"{subject}: {note}",
            lambda: stage.edit_in_outlook(subject, body=body),
            lambda: note in stage.flowfact_notes(subject),
        )

    def moved(self, way: str) -> Change:
        stage, subject = self.stage, self.subject
        start = self.start + timedelta(hours=1)
        end = start + _LENGTH
        text = f"{subject} to {start:%H:%M}"
        if way == TO_OUTLOOK:
            return Change(
                way,
                "moved",
                text,
                lambda: stage.edit_in_flowfact(subject, start=start, end=end),
                lambda: starts(stage.outlook(subject)) == start,
            )
        return Change(
            way,
            "moved",
            text,
            lambda: stage.edit_in_outlook(subject, start=wall(start), end=wall(end)),
            lambda: stage.sandbox.form.instant(stage.flowfact(subject), "start", BERLIN) == start,
        )
