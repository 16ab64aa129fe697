"""Finding events in a store: by their ids, and by the window that a view shows."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from calsync_sandbox.mailbox import ids
from calsync_sandbox.mailbox.errors import MailboxError, item_not_found
from calsync_sandbox.mailbox.zones import seven, stamp, zone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync_sandbox.mailbox.events import Json
    from calsync_sandbox.mailbox.store import Store
    from calsync_sandbox.mailbox.zones import Span

TRASH = "deleteditems"
"""The folder that deleted events are in."""


def get(store: Store, event_id: str) -> Json:
    """Return a present event. Raises MailboxError 404."""
    event = store.events.get(event_id)
    if event is not None:
        return event
    master_id(store, event_id)
    return occurrence(store, event_id)


def present(store: Store, event_id: str) -> Json | None:
    """Return an event or an occurrence if it is there."""
    try:
        return get(store, event_id)
    except MailboxError:
        return None


def occurrence(store: Store, event_id: str) -> Json:
    """Return the event that a present occurrence's id stands for: its master at the occurrence's time."""
    master, day = store.events[ids.master_of(event_id)], ids.day_of(event_id)
    series = store.series(master)
    span = series.span(day)
    start = datetime.combine(day, series.start.time())
    end = span.end.astimezone(zone(master["end"]["timeZone"])) if not master["isAllDay"] else start + series.length
    return master | {
        "id": event_id,
        "type": "occurrence",
        "iCalUId": f"{master['iCalUId'][:-8]}{day:%Y%m%d}",
        "seriesMasterId": master["id"],
        "originalStart": stamp(span.start),
        "recurrence": None,
        "start": {"dateTime": seven(start), "timeZone": master["start"]["timeZone"]},
        "end": {"dateTime": seven(end), "timeZone": master["end"]["timeZone"]},
    }


def shown(store: Store, event_id: str, window: Span) -> list[str]:
    """Return the ids that a view of this window shows for one present event: of a master its occurrences."""
    event = store.events[event_id]
    if event["type"] != "seriesMaster":
        return [event_id] if store.spans[event_id].touches(window) else []
    return [ids.occurrence_id(event_id, day) for day, _ in store.series(event).within(window)]


def within(store: Store, window: Span, home: str) -> Iterator[list[str]]:
    """Yield per event of a calendar the ids that a view of this window shows, where there are any."""
    for event_id in store.events:
        if store.homes[event_id] == home:
            found = shown(store, event_id, window)
            if found:
                yield found


def neighbours(store: Store, event_id: str) -> tuple[date, date]:
    """Return the days of the occurrences before and after an occurrence or exception of a present master."""
    return store.series(store.events[ids.master_of(event_id)]).neighbours(ids.day_of(event_id))


def master_id(store: Store, event_id: str) -> str:
    """Return the master's id of a present occurrence. Raises MailboxError 404."""
    if not ids.is_occurrence(event_id):
        raise item_not_found()
    master = store.events.get(ids.master_of(event_id))
    if master is None or master["type"] != "seriesMaster" or not store.series(master).has(ids.day_of(event_id)):
        raise item_not_found()
    return str(master["id"])
