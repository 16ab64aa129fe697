"""Query options of Graph's URLs: the few forms of $filter, $expand and $select that calendars know."""

from __future__ import annotations

import re
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from urllib.parse import quote, unquote

from calsync_sandbox.graph.errors import GraphError
from calsync_sandbox.mailbox.errors import bad_request
from calsync_sandbox.mailbox.zones import Span

if TYPE_CHECKING:
    from collections.abc import Mapping

_FILTER = re.compile(
    r"\s*singleValueExtendedProperties/Any\(\s*(\w+)\s*:\s*\1/id\s+eq\s+'((?:[^']|'')*)'"
    r"\s+and\s+\1/value\s+eq\s+'((?:[^']|'')*)'\s*\)\s*",
    re.IGNORECASE,
)
_EXPAND = re.compile(r"\s*singleValueExtendedProperties\s*(?:\(\s*\$filter\s*=\s*(.*)\))?\s*", re.IGNORECASE)
_EQUALS = re.compile(r"id\s+eq\s+'((?:[^']|'')*)'", re.IGNORECASE)
_MAX_DAYS = 1825


def read_query(raw: str) -> dict[str, str]:
    """Split a raw query. A `+` stays a plus: Graph's pages ask for %20."""
    pairs = (part.partition("=") for part in raw.split("&") if part)
    return {unquote(name): unquote(value) for name, _, value in pairs}


def write_query(query: Mapping[str, str]) -> str:
    return "&".join(f"{name}={quote(value, safe='')}" for name, value in query.items())


def read_filter(text: str) -> tuple[str, str]:
    """Return id and value of the one extended property that is searched for. Raises MailboxError 400."""
    found = _FILTER.fullmatch(text)
    if found is None:
        raise bad_request("The query specified in the URI is not valid.", "ErrorInvalidUrlQueryFilter")
    return _unquoted(found[2]), _unquoted(found[3])


def read_expand(text: str) -> list[str]:
    """Return the ids of the extended properties to show; without a filter there are none (docs issue 21314)."""
    found = _EXPAND.fullmatch(text)
    if found is None:
        raise bad_request("The query specified in the URI is not valid.", "ErrorInvalidUrlQuery")
    return [_unquoted(name) for name in _EQUALS.findall(found[1] or "")]


def read_select(text: str) -> list[str]:
    return [name.strip() for name in text.split(",") if name.strip()]


def read_count(query: Mapping[str, str], name: str, default: int) -> int:
    """Return a number of events. Raises MailboxError 400 for anything but digits."""
    text = query.get(name, str(default))
    if not text.isdigit():
        raise bad_request(f"Invalid value for {name}.", "ErrorInvalidUrlQuery")
    return int(text)


def read_window(query: Mapping[str, str], *, limited: bool = True) -> Span:
    """Return the window of a calendar view. Raises MailboxError 400 for none, and for one of over 1825 days."""
    names = {name.lower(): value for name, value in query.items()}
    if "startdatetime" not in names or "enddatetime" not in names:
        raise bad_request(
            "This request requires a time window: startDateTime, endDateTime.", "ErrorInvalidParameter"
        )
    window = Span(_instant(names["startdatetime"]), _instant(names["enddatetime"]))
    if window.end < window.start:
        raise bad_request("The end of the window is before its start.", "ErrorInvalidParameter")
    if limited and window.end - window.start > timedelta(days=_MAX_DAYS):
        raise bad_request(f"Maximum number of days: {_MAX_DAYS}")
    return window


def refuse_options(query: Mapping[str, str]) -> None:
    """Raise GraphError 400 for the options that a change feed does not take ($select, $filter, ...)."""
    options = {name for name in query if name.startswith("$")} - {"$deltatoken", "$skiptoken"}
    if options:
        raise GraphError(400, "ErrorInvalidUrlQuery", "Change tracking does not support these query options.")


def _instant(text: str) -> datetime:
    """Return an instant; one without an offset is UTC. Raises MailboxError 400 for no date."""
    try:
        moment = datetime.fromisoformat(text)
    except ValueError as error:
        raise bad_request("This request needs a time window with valid dates.", "ErrorInvalidParameter") from error
    return moment.replace(tzinfo=UTC) if moment.tzinfo is None else moment.astimezone(UTC)


def _unquoted(text: str) -> str:
    return text.replace("''", "'")
