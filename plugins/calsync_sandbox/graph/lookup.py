"""Finding events in a store: by the ids that clients use, and by the window that a view shows."""

from __future__ import annotations

from datetime import date, datetime
from typing import TYPE_CHECKING

from calsync_sandbox.graph import ids
from calsync_sandbox.graph.errors import GraphError, item_not_found
from calsync_sandbox.graph.zones import seven, stamp, zone

if TYPE_CHECKING:
    from collections.abc import Iterator

    from calsync_sandbox.graph.events import Json
    from calsync_sandbox.graph.store import Store
    from calsync_sandbox.graph.zones import Span

TRASH = "deleteditems"
"""The folder that default ids of deleted events name."""


def find(store: Store, given: str, home: str | None = None) -> str:
    """Return the immutable id of a present event or occurrence. Raises GraphError 404.

    `home` asks for one in this calendar. A default id holds only for the folder that it was given in.
    """
    event_id, folder = ids.read_id(given)
    at = store.homes[event_id if event_id in store.events else _master(store, event_id)]
    if (folder is not None and folder != at) or (home is not None and home != at):
        raise item_not_found()
    return event_id


def find_deleted(store: Store, given: str) -> Json | None:
    """Return an event in Deleted Items by its immutable id, or by the default id that it has there."""
    event_id, folder = ids.read_id(given)
    return store.deleted.get(event_id) if folder in {None, TRASH} else None


def get(store: Store, event_id: str) -> Json:
    """Return a present event. Raises GraphError 404."""
    event = store.events.get(event_id)
    if event is not None:
        return event
    _master(store, event_id)
    return occurrence(store, event_id)


def present(store: Store, event_id: str) -> Json | None:
    """Return an event or an occurrence if it is there."""
    try:
        return get(store, event_id)
    except GraphError:
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


def public_id(store: Store, event_id: str, *, immutable: bool) -> str:
    """Return the id that a client sees for an event, an occurrence or a master, deleted or not."""
    if immutable:
        return event_id
    owner = event_id if event_id in store.homes else event_id.partition(".")[0]
    return ids.default_id(event_id, store.homes.get(owner, TRASH))


def neighbours(store: Store, event_id: str) -> tuple[date, date]:
    """Return the days of the occurrences before and after an occurrence or exception of a present master."""
    return store.series(store.events[ids.master_of(event_id)]).neighbours(ids.day_of(event_id))


def _master(store: Store, event_id: str) -> str:
    """Return the master's id of a present occurrence. Raises GraphError 404."""
    if not ids.is_occurrence(event_id):
        raise item_not_found()
    master = store.events.get(ids.master_of(event_id))
    if master is None or master["type"] != "seriesMaster" or not store.series(master).has(ids.day_of(event_id)):
        raise item_not_found()
    return str(master["id"])
