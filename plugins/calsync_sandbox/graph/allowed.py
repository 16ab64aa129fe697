"""What calsync may ask of Microsoft Graph: reads, and the writes that cannot mail anybody. Nothing else.

The list stands here a second time, apart from the provider's own, so that neither can be widened unnoticed. A
property that is missing here would need a reason in docs/explanation/graph.md first.
"""

from __future__ import annotations

import json
import re
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    from calsync_sandbox.graph.schema import Schema

PATCHED = frozenset({"subject", "body", "start", "end", "isAllDay"})
CREATED = PATCHED | {
    "isReminderOn",
    "reminderMinutesBeforeStart",
    "responseRequested",
    "allowNewTimeProposals",
    "transactionId",
    "singleValueExtendedProperties",
    "location",
}
UNMARKED = frozenset({"singleValueExtendedProperties"})
"""Only to empty one; what else might be written to one is not allowed."""
SUBSCRIBED = frozenset(
    {
        "changeType",
        "notificationUrl",
        "lifecycleNotificationUrl",
        "resource",
        "expirationDateTime",
        "clientState",
    }
)
RENEWED = {"PATCH": frozenset({"expirationDateTime"}), "DELETE": frozenset[str]()}
_FALSE = ("responseRequested", "allowNewTimeProposals")
_MAILBOX = r"/v1\.0/(?:me|users/[^/]+)(?:/calendar|/calendars/[^/]+)?"
_EVENTS, _EVENT = re.compile(_MAILBOX + "/events"), re.compile(_MAILBOX + "/events/[^/]+")
_SUBSCRIPTION = re.compile(r"/v1\.0/subscriptions/[^/]+")
_EVENT_READ = re.compile(r"/(events|calendarView)(/|$)")


class Allowed:
    """Judges requests as they arrive."""

    def __init__(self, schema: Schema) -> None:
        """Take the metadata, as requests may spell it."""
        self._schema = schema

    def problems(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> list[str]:
        """Return what is not allowed about a request; `path` is raw and has no query, header names are lower."""
        return [f"{method} {path}: {problem}" for problem in self._problems(method, path, headers, body)]

    def _problems(self, method: str, path: str, headers: Mapping[str, str], body: bytes) -> Iterator[str]:
        if _EVENT_READ.search(path) and "immutableid" not in headers.get("prefer", "").lower():
            yield "asks for no immutable ids"
        if method == "GET":
            if body:
                yield "a read has a body"
        elif method == "POST" and path == "/v1.0/$batch":
            yield from self._batch(_decoded(body))
        elif method == "POST" and _EVENTS.fullmatch(path):
            yield from self._create(_decoded(body))
        elif method == "PATCH" and _EVENT.fullmatch(path):
            changed = _decoded(body)
            yield from self._event(changed, UNMARKED if _empties(changed) else PATCHED)
            yield from _unconditional(headers)
        elif method == "DELETE" and _EVENT.fullmatch(path):
            yield from _unconditional(headers)
        else:
            yield from self._subscription(method, path, _decoded(body))

    def _batch(self, body: Mapping[str, Any]) -> Iterator[str]:
        parts = body.get("requests")
        for part in parts if isinstance(parts, list) else ():
            if not isinstance(part, dict) or part.get("method") != "GET":
                yield "a batch holds no reads alone"
                continue
            path = "/v1.0/" + str(part.get("url")).lstrip("/").partition("?")[0]
            named = {name.lower(): value for name, value in part.get("headers", {}).items()}
            yield from self._problems("GET", path, named, b"")

    def _create(self, body: Mapping[str, Any]) -> Iterator[str]:
        yield from self._event(body, CREATED)
        yield from (f"{name} is not false" for name in _FALSE if body.get(name) is not False)
        place = body.get("location", {})
        yield from (f"writes location.{name}" for name in sorted(set(place or ()) - {"displayName"}))
        if not body.get("transactionId"):
            yield "a create that is repeated would make a second event"

    def _event(self, body: Mapping[str, Any], allowed: frozenset[str]) -> Iterator[str]:
        yield from (f"writes {name}" for name in sorted(body.keys() - allowed))
        yield from self._schema.problems("event", body)

    def _subscription(self, method: str, path: str, body: Mapping[str, Any]) -> Iterator[str]:
        if method == "POST" and path == "/v1.0/subscriptions":
            named = SUBSCRIBED
        elif method in RENEWED and _SUBSCRIPTION.fullmatch(path):
            named = RENEWED[method]
        else:
            yield "no such request"
            return
        yield from (f"subscribes with {name}, or without" for name in sorted(body.keys() ^ named))
        yield from self._schema.problems("subscription", body)


def _empties(body: Mapping[str, Any]) -> bool:
    """Tell whether a write empties one extended property, and does nothing else."""
    given = body.get("singleValueExtendedProperties")
    return len(body) == 1 and isinstance(given, list) and [one.get("value") for one in given] == [""]


def _unconditional(headers: Mapping[str, str]) -> Iterator[str]:
    if headers.get("if-match", "*") == "*":
        yield "depends on no version"


def _decoded(body: bytes) -> Mapping[str, Any]:
    try:
        decoded = json.loads(body or b"{}")
    except ValueError:
        return {}
    return decoded if isinstance(decoded, dict) else {}
