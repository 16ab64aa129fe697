"""POST, PATCH and DELETE: events, and the translation of ids."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync_sandbox.graph import lookup
from calsync_sandbox.graph.calls import Reply
from calsync_sandbox.graph.errors import access_denied, bad_request
from calsync_sandbox.graph.properties import CREATABLE, UPDATABLE, read_event
from calsync_sandbox.graph.render import View

if TYPE_CHECKING:
    from calsync_sandbox.graph.calls import Call
    from calsync_sandbox.graph.events import Json
    from calsync_sandbox.graph.switches import Switches

_MAX_IDS = 1000
_ID_FORMS = {"restId": False, "restImmutableEntryId": True}


def create_event(call: Call, _: Switches) -> Reply:
    _check_editable(call)
    stored = call.mailbox.by_client.create(read_event(call.body, CREATABLE), call.home)
    return _answer(call, 201, stored)


def change_event(call: Call, _: Switches) -> Reply:
    _check_editable(call)
    event_id = lookup.find(call.mailbox.store, call.event_id, call.calendar)
    stored = call.mailbox.by_client.change(event_id, read_event(call.body, UPDATABLE), call.if_match)
    return _answer(call, 200, stored)


def delete_event(call: Call, _: Switches) -> Reply:
    _check_editable(call)
    event_id = lookup.find(call.mailbox.store, call.event_id, call.calendar)
    call.mailbox.by_client.delete(event_id, call.if_match)
    return Reply(204)


def translate_ids(call: Call, _: Switches) -> Reply:
    """Translate between default and immutable ids of present events."""
    body = call.body if isinstance(call.body, dict) else {}
    given, target = body.get("inputIds"), body.get("targetIdType")
    if not isinstance(given, list) or len(given) > _MAX_IDS or target not in _ID_FORMS:
        raise bad_request("inputIds and targetIdType are needed.")
    if body.get("sourceIdType") not in _ID_FORMS:
        raise bad_request("The sourceIdType is not supported.")
    store, immutable = call.mailbox.store, _ID_FORMS[target]
    found = [
        {"sourceId": source, "targetId": lookup.public_id(store, lookup.find(store, source), immutable=immutable)}
        for source in given
    ]
    return Reply(200, {"value": found}, "[convertIdResult]")


def _answer(call: Call, status: int, stored: Json) -> Reply:
    event = View(call.mailbox.store, call.prefer, call.base).event(stored)
    return Reply(status, event, "event", {"Location": f"{call.base}/events('{event['id']}')"})


def _check_editable(call: Call) -> None:
    if not call.mailbox.can_edit:
        raise access_denied()
