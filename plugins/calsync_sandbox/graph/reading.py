"""GET: events, calendar views, the change feed, calendars, users."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from calsync_sandbox.graph import ids
from calsync_sandbox.graph.calls import Reply
from calsync_sandbox.graph.errors import GraphError, access_denied
from calsync_sandbox.graph.query import (
    read_count,
    read_expand,
    read_filter,
    read_select,
    read_window,
    refuse_options,
    write_query,
)
from calsync_sandbox.graph.render import View, calendar, selected
from calsync_sandbox.mailbox import MailboxError, lookup
from calsync_sandbox.mailbox.errors import bad_request
from calsync_sandbox.mailbox.events import span_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync_sandbox.graph.calls import Call
    from calsync_sandbox.graph.feed import Told
    from calsync_sandbox.graph.switches import GraphSwitches
    from calsync_sandbox.mailbox.events import Json

_DEFAULT_PAGE = 10


def get_user(call: Call, _: GraphSwitches) -> Reply:
    address = call.mailbox.address
    user = {"id": call.mailbox.user_id, "displayName": address, "mail": address, "userPrincipalName": address}
    return Reply(200, user)


def get_calendar(call: Call, _: GraphSwitches) -> Reply:
    return Reply(200, calendar(call.mailbox.store, call.home, can_edit=call.mailbox.can_edit), "calendar")


def list_calendars(call: Call, _: GraphSwitches) -> Reply:
    store = call.mailbox.store
    found = [calendar(store, calendar_id, can_edit=call.mailbox.can_edit) for calendar_id in store.calendars]
    return Reply(200, {"value": found}, "[calendar]")


def get_event(call: Call, switches: GraphSwitches) -> Reply:
    """Answer one event or occurrence; of a deleted one what the switch says."""
    store = call.mailbox.store
    try:
        stored = lookup.get(store, ids.find(store, call.event_id, call.calendar))
    except MailboxError as error:
        deleted = ids.find_deleted(store, call.event_id) if error.status == 404 and not call.calendar else None
        if deleted is None or switches.deleted_get == "not_found":
            raise
        if switches.deleted_get == "forbidden":
            raise access_denied() from error
        return Reply(200, {**_seen(call, [deleted])[0], "parentFolderId": lookup.TRASH}, "event")
    return Reply(200, _seen(call, [stored])[0], "event")


def list_events(call: Call, switches: GraphSwitches) -> Reply:
    """List singles and masters, or what carries an extended property; mailbox-wide unless a calendar is named."""
    store = call.mailbox.store
    if "$filter" in call.query:
        found = [store.events[event_id] for event_id in store.tagged(*read_filter(call.query["$filter"]))]
    else:
        found = [event for event in store.events.values() if event["type"] != "exception"]
    here = [event for event in found if call.calendar in {None, store.homes[event["id"]]}]
    return _page(call, switches, here)


def list_view(call: Call, switches: GraphSwitches) -> Reply:
    """List what lies in a window, by start, series as whole occurrences."""
    if "$filter" in call.query:
        # The search that works on events has been seen to fail here (msgraph-sdk-dotnet issue 2375).
        raise GraphError(500, "ErrorInternalServerError", "An internal server error occurred.")
    store = call.mailbox.store
    found = lookup.within(store, read_window(call.query), call.home)
    events = [lookup.get(store, event_id) for group in found for event_id in group]
    events.sort(key=lambda event: span_of(event).start)
    return _page(call, switches, events)


def read_delta(call: Call, switches: GraphSwitches) -> Reply:
    """Answer one page of a change feed: of a new round over a window, or of the one that a token names."""
    if call.calendar is not None and not switches.calendar_delta:
        raise bad_request("Change tracking is not supported against this calendar.", "ErrorInvalidRequest")
    refuse_options(call.query)
    feed = call.face.feed
    if "$skiptoken" in call.query:
        if switches.later_pages is not None:
            raise GraphError(*switches.later_pages, "The rest of the changes cannot be read.")
        number, position = feed.position(call.query["$skiptoken"])
    elif "$deltatoken" in call.query:
        number, position = feed.resume(call.query["$deltatoken"]), feed.first
    else:
        window = read_window(call.query, limited=switches.delta_day_limit)
        number, position = feed.begin(call.home, window), feed.first
    size = min(call.prefer.page_size or _DEFAULT_PAGE, switches.max_page_size)
    page = feed.page(number, position, size)
    body: Json = {"@odata.context": f"{call.base}/$metadata#Collection(event)"}
    body["value"] = _told(call, switches, page.entities)
    if page.skip is not None:
        body["@odata.nextLink"] = f"{_link(call, switches.foreign_next_link)}?$skiptoken={page.skip}"
    else:
        body["@odata.deltaLink"] = f"{_link(call, switches.foreign_delta_link)}?$deltatoken={page.delta}"
    return Reply(200, body, "[event]")


def _told(call: Call, switches: GraphSwitches, entities: Sequence[Told]) -> list[Json]:
    """Render a feed's entities; what is gone meanwhile is told as removed, occurrences as stubs."""
    store = call.mailbox.store
    view = View(store, call.prefer, call.base, text=call.prefer.text and switches.delta_text_body)
    told = []
    for event_id, removed in entities:
        stored = None if removed else lookup.present(store, event_id)
        if stored is None:
            told.append(view.removed(event_id, default=switches.removed_ids == "default"))
        else:
            told.append(view.stub(stored) if stored["type"] == "occurrence" else view.event(stored))
    return told


def _page(call: Call, switches: GraphSwitches, events: Sequence[Json]) -> Reply:
    """Cut a listing into pages; the next one is named by how many events it leaves out."""
    skip = read_count(call.query, "$skip", 0)
    top = read_count(call.query, "$top", call.prefer.page_size or _DEFAULT_PAGE)
    size = max(1, min(top, switches.max_page_size))
    body: dict[str, Any] = {"value": _seen(call, events[skip : skip + size])}
    if skip + size < len(events):
        query = {**call.query, "$skip": str(skip + size)}
        body["@odata.nextLink"] = f"{_link(call, switches.foreign_next_link)}?{write_query(query)}"
    return Reply(200, body, "[event]")


def _seen(call: Call, events: Sequence[Json]) -> list[Json]:
    view = View(call.mailbox.store, call.prefer, call.base)
    expand = read_expand(call.query["$expand"]) if "$expand" in call.query else ()
    select = read_select(call.query.get("$select", ""))
    if select and expand:
        select = [*select, "singleValueExtendedProperties"]
    return [selected(view.event(event, expand), select) for event in events]


def _link(call: Call, foreign: str | None) -> str:
    """Return this request's address for a link, on a foreign host if there is one."""
    if foreign is None:
        return call.link
    path = call.link.partition("://")[2].partition("/")[2]
    return f"{foreign}/{path}"
