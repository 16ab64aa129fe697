"""Creating, changing and deleting events, with the mails that follow; for clients and for people in Outlook."""

from __future__ import annotations

from datetime import datetime
from typing import TYPE_CHECKING, Any

from calsync_sandbox.mailbox import ids, lookup
from calsync_sandbox.mailbox.errors import MailboxError, bad_request
from calsync_sandbox.mailbox.events import blank, check_times, merge
from calsync_sandbox.mailbox.zones import read_wall, stamp, zone

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from calsync_sandbox.mailbox.events import Json
    from calsync_sandbox.mailbox.mails import Post
    from calsync_sandbox.mailbox.store import Store
    from calsync_sandbox.mailbox.switches import MailboxSwitches

_TIMES = frozenset({"start", "end", "isAllDay", "recurrence"})


class Writer:
    """Writes to one mailbox. Its `post` decides whose mails they are."""

    def __init__(self, store: Store, post: Post, switches: MailboxSwitches, *, reminder: int) -> None:
        """Take the mailbox's default reminder, in minutes before the start."""
        self._store = store
        self._post = post
        self._switches = switches
        self._reminder = reminder

    def create(self, values: Mapping[str, Any], home: str) -> Json:
        """Store a new event and invite its attendees. A known transactionId returns its event or is refused."""
        transaction = values.get("transactionId")
        if transaction is not None:
            earlier = self._earlier(transaction, values)
            if earlier is not None:
                return earlier
        event = self._new(values)
        self._store.put(event, home)
        if transaction is not None:
            self._store.transactions[transaction] = (values, event["id"])
        self._post.created(event)
        return event

    def change(self, event_id: str, values: Mapping[str, Any], change_key: str | None = None) -> Json:
        """Merge the given properties into an event; an occurrence becomes an exception by it.

        `change_key` is that of the only version that may be written to; None: any.
        """
        old = lookup.get(self._store, event_id)
        _check_version(old, change_key)
        event = dict(old)
        if old["type"] == "occurrence":
            event["type"] = "exception"
        merge(event, values)
        self._settle_type(old, event, values)
        check_times(event)
        instances = len(self._store.exceptions.get(event_id, ()))
        before = self._store.series(old) if old["type"] == "seriesMaster" else None
        if before is not None and values.keys() & _TIMES:
            self._restart_series(event)
        self._store.put(event, self._home(event_id), before=before)
        self._note_join_link(old, event)
        self._post.changed(old, event, values, instances)
        return event

    def delete(self, event_id: str, change_key: str | None = None) -> None:
        """Move an event to Deleted Items, or take an occurrence out of its series."""
        event = lookup.get(self._store, event_id)
        _check_version(event, change_key)
        if event["type"] == "exception":
            self._store.drop(event_id)
        if event["type"] in {"occurrence", "exception"} and ids.master_of(event_id) in self._store.events:
            self._store.cancel(event_id, silent=self._switches.silent_occurrence_delete)
        elif event["type"] != "exception":
            self._store.trash(event_id)
            self._forget_transaction(event)
        self._post.deleted(event)

    def _new(self, values: Mapping[str, Any]) -> Json:
        event = blank(self._store.address, self._reminder)
        event["id"] = self._store.new_id()
        event["iCalUId"] = event["uid"] = "040000008200E00074C5B7101A82E008" + ids.uid(event["id"])
        merge(event, values)
        if not event["isOrganizer"] and "responseStatus" not in values:
            event["responseStatus"] = {"response": "notResponded", "time": "0001-01-01T00:00:00Z"}
        check_times(event)
        if event["seriesMasterId"] is not None:
            self._make_exception(event)
        elif event["recurrence"] is not None:
            _make_master(event)
        return event

    def _earlier(self, transaction: str, values: Mapping[str, Any]) -> Json | None:
        known = self._store.transactions.get(transaction)
        if known is None or not self._switches.transactions_remembered:
            return None
        content, event_id = known
        if content == values and event_id in self._store.events:
            return self._store.events[event_id]
        raise MailboxError(
            self._switches.duplicate_status,
            "ErrorDuplicateTransactionId",
            "The TransactionId specified in the request has already been used to create a different event.",
            extra={"@event.existingEventId": event_id} if self._switches.duplicate_names_event else None,
        )

    def _settle_type(self, old: Json, event: Json, values: Mapping[str, Any]) -> None:
        if event["type"] == "exception":
            if values.get("recurrence") is not None:
                raise bad_request("Only a series master can have a recurrence.")
            self._check_boundary(event)
        elif event["recurrence"] is not None:
            _make_master(event)
        elif old["type"] == "seriesMaster":
            event["type"] = "singleInstance"

    def _check_boundary(self, event: Json) -> None:
        if ids.master_of(event["id"]) not in self._store.events:
            return
        before, after = lookup.neighbours(self._store, event["id"])
        if not before < read_wall(event["start"]["dateTime"]).date() < after:
            raise bad_request("The occurrence crosses its neighbour.", "ErrorOccurrenceCrossingBoundary")

    def _restart_series(self, event: Json) -> None:
        """Drop what deviates from the rule, as Exchange does when a series gets other times."""
        for exception in list(self._store.exceptions.get(event["id"], {}).values()):
            self._store.drop(exception)
        event.pop("cancelledOccurrences", None)

    def _make_exception(self, event: Json) -> None:
        """Give an imported exception the id of the occurrence that it stands for."""
        master = self._store.events.get(event["seriesMasterId"])
        if master is None:
            event["seriesMasterId"] = ids.new_id(self._store.address, "series", event["seriesMasterId"])
        day = _original_day(event, (master or event)["start"]["timeZone"])
        event_id = ids.occurrence_id(event["seriesMasterId"], day)
        if event_id in self._store.events:
            event_id = ids.occurrence_id(event["id"], day)
        event["id"], event["type"] = event_id, "exception"

    def _note_join_link(self, old: Json, event: Json) -> None:
        if old["onlineMeeting"] is not None and event["onlineMeeting"] is None:
            self._store.lost_join_links.append(event["id"])

    def _forget_transaction(self, event: Json) -> None:
        if not self._switches.transactions_survive_delete:
            self._store.transactions.pop(event.get("transactionId", ""), None)

    def _home(self, event_id: str) -> str:
        return self._store.homes.get(event_id) or self._store.homes[ids.master_of(event_id)]


def _check_version(event: Json, change_key: str | None) -> None:
    if change_key not in {None, event["changeKey"]}:
        raise MailboxError(
            412, "ErrorIrresolvableConflict", "The send or update operation could not be performed."
        )


def _make_master(event: Json) -> None:
    """Let the rule begin where the event does."""
    start = event["start"]
    span = event["recurrence"]["range"] | {
        "startDate": start["dateTime"][:10],
        "recurrenceTimeZone": start["timeZone"],
    }
    event["type"] = "seriesMaster"
    event["recurrence"] = event["recurrence"] | {"range": span}


def _original_day(event: Json, name: str) -> date:
    """Return the day of an exception's original start in its series' zone.

    The original start may be a date, a wall time, or a time with an offset; without one it is the start.
    """
    original = datetime.fromisoformat(event.get("originalStart") or event["start"]["dateTime"])
    if original.tzinfo is None:
        original = original.replace(tzinfo=zone(name))
    event["originalStart"] = stamp(original)
    return original.astimezone(zone(name)).date()
