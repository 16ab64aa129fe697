"""Stored events as a client sees them: ids in its form, times in its zone, the body as it asked for it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from calsync_sandbox.graph.ids import public_id
from calsync_sandbox.mailbox import ids
from calsync_sandbox.mailbox.body import to_text
from calsync_sandbox.mailbox.events import span_of
from calsync_sandbox.mailbox.zones import Span, seven, zone

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync_sandbox.graph.prefer import Prefer
    from calsync_sandbox.mailbox.events import Json
    from calsync_sandbox.mailbox.store import Store

_UNSEEN = ("singleValueExtendedProperties", "attachments", "cancelledOccurrences")
"""Stored properties that are answered only when a client expands them, if at all."""


class View:
    """Renders one mailbox's events for one request."""

    def __init__(self, store: Store, prefer: Prefer, base: str, *, text: bool | None = None) -> None:
        """Take the mailbox's address for links (`base`); `text` overrides what the client prefers for bodies."""
        self._store = store
        self._prefer = prefer
        self._base = base
        self._text = prefer.text if text is None else text

    def event(self, stored: Json, expand: Sequence[str] = ()) -> Json:
        """Return a whole event; `expand` names the extended properties to show."""
        span = span_of(stored)
        seen: Json = {
            "@odata.type": "#microsoft.graph.event",
            "@odata.etag": f'W/"{stored["changeKey"]}"',
            **stored,
            **self._identity(stored),
            **self._times(stored, span),
            "body": self._body(stored),
            "bodyPreview": to_text(stored["body"]["content"])[:255].strip(),
        }
        for key in _UNSEEN:
            seen.pop(key, None)
        if expand:
            found = [prop for prop in stored.get("singleValueExtendedProperties", ()) if prop["id"] in expand]
            if found:
                seen["singleValueExtendedProperties"] = found
        return seen

    def stub(self, occurrence: Json) -> Json:
        """Return an occurrence the way delta tells it: without a subject."""
        return {
            "@odata.type": "#microsoft.graph.event",
            "@odata.etag": f'W/"{occurrence["changeKey"]}"',
            "id": self._id(occurrence["id"]),
            "type": "occurrence",
            "seriesMasterId": self._id(occurrence["seriesMasterId"]),
            **self._times(occurrence, span_of(occurrence)),
        }

    def removed(self, event_id: str, *, default: bool = False) -> Json:
        """Return a tombstone; on a calendar view its reason is always `deleted` (docs issue 6599)."""
        shown = public_id(self._store, event_id, immutable=self._prefer.immutable and not default)
        return {"@odata.type": "#microsoft.graph.event", "id": shown, "@removed": {"reason": "deleted"}}

    def _id(self, event_id: str) -> str:
        return public_id(self._store, event_id, immutable=self._prefer.immutable)

    def _identity(self, stored: Json) -> Json:
        master = stored["seriesMasterId"]
        event_id = self._id(stored["id"])
        link = f"https://outlook.office365.com/owa/?itemid={quote(event_id)}&exvsurl=1&path=/calendar/item"
        identity: Json = {
            "id": event_id,
            "webLink": link,
            "seriesMasterId": self._id(master) if master else None,
        }
        if stored["type"] in {"occurrence", "exception"}:
            identity["occurrenceId"] = f"OID.{identity['seriesMasterId']}.{ids.day_of(stored['id'])}"
        home = self._store.homes.get(stored["id"]) or self._store.homes.get(master or "")
        if home:
            identity["calendar@odata.navigationLink"] = f"{self._base}/calendars('{home}')"
        return identity

    def _times(self, stored: Json, span: Span) -> Json:
        """Return start and end. All-day events are midnight to midnight in every zone (docs 1802)."""
        name = self._prefer.timezone
        if stored.get("isAllDay"):
            return {key: {"dateTime": stored[key]["dateTime"], "timeZone": name} for key in ("start", "end")}
        shown = zone(name)
        return {
            "start": {"dateTime": seven(span.start.astimezone(shown)), "timeZone": name},
            "end": {"dateTime": seven(span.end.astimezone(shown)), "timeZone": name},
        }

    def _body(self, stored: Json) -> Mapping[str, str]:
        body: Mapping[str, str] = stored["body"]
        return {"contentType": "text", "content": to_text(body["content"])} if self._text else body


def selected(event: Json, select: Sequence[str]) -> Json:
    """Return only the named properties; the id and annotations always."""
    if not select:
        return event
    return {key: value for key, value in event.items() if key in select or key == "id" or key.startswith("@")}


def calendar(store: Store, calendar_id: str, *, can_edit: bool) -> dict[str, Any]:
    """Return a calendar resource."""
    primary = calendar_id == store.primary
    owner = store.owners.get(calendar_id, store.address)
    return {
        "id": calendar_id,
        "name": store.calendars[calendar_id],
        "color": "auto",
        "hexColor": "",
        "isDefaultCalendar": primary,
        "changeKey": ids.change_key(0),
        "canShare": can_edit,
        "canViewPrivateItems": True,
        "canEdit": can_edit,
        "allowedOnlineMeetingProviders": ["teamsForBusiness"],
        "defaultOnlineMeetingProvider": "teamsForBusiness",
        "isTallyingResponses": primary,
        "isRemovable": not primary,
        "owner": {"name": owner, "address": owner},
    }
