"""POST, PATCH and DELETE: events, and the translation of ids."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

from calsync_sandbox.graph import ids
from calsync_sandbox.graph.calls import Reply
from calsync_sandbox.graph.errors import access_denied
from calsync_sandbox.graph.render import View
from calsync_sandbox.mailbox.errors import bad_request
from calsync_sandbox.mailbox.properties import CREATABLE, UPDATABLE, read_event

if TYPE_CHECKING:
    from calsync_sandbox.graph.calls import Call
    from calsync_sandbox.graph.switches import GraphSwitches
    from calsync_sandbox.mailbox.events import Json

_MAX_IDS = 1000
_ETAG = re.compile(r'W/"(.*)"')
_ID_FORMS = {"restId": False, "restImmutableEntryId": True}


def create_event(call: Call, _: GraphSwitches) -> Reply:
    _check_editable(call)
    stored = call.face.writer.create(read_event(call.body, CREATABLE), call.home)
    return _answer(call, 201, stored)


def change_event(call: Call, switches: GraphSwitches) -> Reply:
    _check_editable(call)
    event_id = ids.find(call.mailbox.store, call.event_id, call.calendar)
    stored = call.face.writer.change(event_id, read_event(call.body, UPDATABLE), _change_key(call, switches))
    return _answer(call, 200, stored)


def delete_event(call: Call, switches: GraphSwitches) -> Reply:
    _check_editable(call)
    event_id = ids.find(call.mailbox.store, call.event_id, call.calendar)
    call.face.writer.delete(event_id, _change_key(call, switches))
    return Reply(204)


def translate_ids(call: Call, _: GraphSwitches) -> Reply:
    """Translate between default and immutable ids of present events.

    The documentation writes inputIds, the metadata and Microsoft's clients made from it InputIds: both do.
    """
    body = {name.lower(): value for name, value in call.body.items()} if isinstance(call.body, dict) else {}
    given, target = body.get("inputids"), body.get("targetidtype")
    if not isinstance(given, list) or len(given) > _MAX_IDS or target not in _ID_FORMS:
        raise bad_request("inputIds and targetIdType are needed.")
    if body.get("sourceidtype") not in _ID_FORMS:
        raise bad_request("The sourceIdType is not supported.")
    store, immutable = call.mailbox.store, _ID_FORMS[target]
    found = [
        {"sourceId": source, "targetId": ids.public_id(store, ids.find(store, source), immutable=immutable)}
        for source in given
    ]
    return Reply(200, {"value": found}, "[convertIdResult]")


def _answer(call: Call, status: int, stored: Json) -> Reply:
    event = View(call.mailbox.store, call.prefer, call.base).event(stored)
    return Reply(status, event, "event", {"Location": f"{call.base}/events('{event['id']}')"})


def _change_key(call: Call, switches: GraphSwitches) -> str | None:
    """Return the change key that If-Match asks for: None for any, "" for a value that is no event's."""
    if call.if_match in {None, "*"} or not switches.if_match:
        return None
    found = _ETAG.fullmatch(call.if_match)
    return found[1] if found else ""


def _check_editable(call: Call) -> None:
    if not call.mailbox.can_edit:
        raise access_denied()
