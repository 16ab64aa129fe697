"""Which path is answered by which function."""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from calsync_sandbox.graph import reading, writing
from calsync_sandbox.graph.calls import Call, Reply
from calsync_sandbox.graph.errors import GraphError
from calsync_sandbox.graph.prefer import read_prefer
from calsync_sandbox.graph.query import read_query

if TYPE_CHECKING:
    from calsync_sandbox.graph.face import Face
    from calsync_sandbox.graph.switches import GraphSwitches

Answer = Callable[[Call, "GraphSwitches"], Reply]
_KEYED = re.compile(r"\('([^']*)'\)")
_FUNCTION = re.compile(r"/(?:microsoft\.graph\.)?delta(?:\(\))?$")
_CALENDAR = r"(?:/calendar|/calendars/(?P<calendar>[^/]+))"
_ROUTES: tuple[tuple[re.Pattern[str], Mapping[str, Answer]], ...] = tuple(
    (re.compile(r"/users/(?P<mailbox>[^/]+)" + path), answers)
    for path, answers in (
        (_CALENDAR + "?/calendarView/delta", {"GET": reading.read_delta}),
        (
            _CALENDAR + "?/events/(?P<event>[^/]+)",
            {"GET": reading.get_event, "PATCH": writing.change_event, "DELETE": writing.delete_event},
        ),
        (_CALENDAR + "?/events", {"GET": reading.list_events, "POST": writing.create_event}),
        (_CALENDAR + "?/calendarView", {"GET": reading.list_view}),
        (_CALENDAR, {"GET": reading.get_calendar}),
        ("/calendars", {"GET": reading.list_calendars}),
        ("/translateExchangeIds", {"POST": writing.translate_ids}),
        ("", {"GET": reading.get_user}),
    )
)


@dataclass(frozen=True, slots=True)
class Request:
    """A request, alone or out of a batch."""

    method: str
    path: str
    """Raw, below the version."""
    query: str
    """Raw."""
    headers: Mapping[str, str]
    """Lower-cased names; repeated headers joined by commas."""
    body: Any
    origin: str
    """Scheme, host and version that links begin with."""


def answer(find_face: Callable[[str], Face], switches: GraphSwitches, request: Request) -> Reply:
    """Answer a request. Raises MailboxError."""
    path = _FUNCTION.sub("/delta", _KEYED.sub(r"/\1", request.path))
    for pattern, answers in _ROUTES:
        found = pattern.fullmatch(path)
        if found is not None:
            if request.method not in answers:
                raise GraphError(405, "ErrorMethodNotAllowed", "The method is not allowed for this resource.")
            call = _call(find_face(unquote(found["mailbox"])), found.groupdict(), request)
            return _acknowledged(answers[request.method](call, switches), call)
    raise GraphError(400, "BadRequest", "Resource not found for the segment.")


def _acknowledged(reply: Reply, call: Call) -> Reply:
    """Say in the answer which preferences it honours."""
    if not call.prefer.applied:
        return reply
    return replace(reply, headers={**reply.headers, "Preference-Applied": call.prefer.applied})


def _call(face: Face, parts: Mapping[str, str | None], request: Request) -> Call:
    store, calendar = face.mailbox.store, parts.get("calendar")
    named = store.calendar(unquote(calendar)) if calendar else None
    if named is None and request.path.partition("/calendar/")[1]:
        named = store.primary
    return Call(
        face=face,
        query=read_query(request.query),
        prefer=read_prefer(request.headers.get("prefer", "")),
        if_match=request.headers.get("if-match"),
        body=request.body,
        link=request.origin + request.path,
        base=f"{request.origin}/users/{parts['mailbox']}",
        calendar=named,
        event_id=unquote(parts.get("event") or ""),
    )
