"""The calendars that are read: a real one, and one of as many events as wanted."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import TYPE_CHECKING

from calsync.sync.model import Window
from calsync_sandbox.configuration import FUTURE_DAYS, PAST_DAYS

if TYPE_CHECKING:
    from calsync_sandbox.sandbox import Person, Sandbox

REAL = Path(__file__).resolve().parents[2] / "shared" / "data" / "calendars" / "google_long_history.ics"
MARGIN = timedelta(days=5)
"""Between the events and the ends of the window, so that none leaves it while the benchmark runs."""
TITLES = ("Besichtigung Lindenstraße", "Objektaufnahme Am Mühlbach", "Rückruf", "Übergabe Schloßallee")
NOTES = """Objekt Nr. {number}, Schlüssel im Büro.

Der Interessent kommt mit Begleitung & möchte Keller, Dachboden und Stellplatz sehen; Grundriss und
Energieausweis mitbringen. Rückfragen bitte vor dem Termin klären, die Mieter sind über das Büro informiert."""


def window() -> Window:
    """Return the window that the sandbox configures for an account."""
    now = datetime.now(UTC)
    return Window(now - timedelta(days=PAST_DAYS), now + timedelta(days=FUTURE_DAYS))


def import_file(path: Path, sandbox: Sandbox, person: Person) -> None:
    """Fill the mailbox from an .ics file."""
    sandbox.import_calendar(path, person)


def spread(count: int, sandbox: Sandbox, person: Person) -> None:
    """Fill the mailbox with so many appointments of an hour, evenly over the window; every tenth is all-day."""
    del sandbox
    first, last = window().start + MARGIN, window().end - MARGIN
    for number in range(count):
        start = (first + (last - first) / count * number).replace(second=0, microsecond=0)
        all_day = number % 10 == 0
        if all_day:
            start = start.replace(hour=0, minute=0)
        end = start + (timedelta(days=1) if all_day else timedelta(hours=1))
        person.mailbox.create(
            {
                "subject": f"{TITLES[number % len(TITLES)]} {number}",
                "body": {"contentType": "text", "content": NOTES.format(number=number)},
                "isAllDay": all_day,
                "start": {"dateTime": start.replace(tzinfo=None).isoformat(), "timeZone": "UTC"},
                "end": {"dateTime": end.replace(tzinfo=None).isoformat(), "timeZone": "UTC"},
            }
        )
