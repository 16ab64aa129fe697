"""What a server of another make does not say by itself, and has to be asked for.

Seen in the source of such a server: a plain appointment says nothing about meetings, and an item that is deleted
for good stays readable by its id, in its folder.
"""

from __future__ import annotations

from datetime import UTC, datetime, time
from typing import TYPE_CHECKING

from calsync.sync.model import AllDay
from calsync_exchange_ews.batches import read_items
from calsync_exchange_ews.feed import MARGIN, VIEW_SIZE
from calsync_exchange_ews.mapping import has_id, invites, is_marked_deleted, item_id, says_if_meeting
from calsync_exchange_ews.requests import find_in_view, get_deletion, get_recipients
from calsync_exchange_ews.responses import item_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import date

    from calsync.sync.model import Observation, When
    from calsync_exchange_ews.home import Home
    from calsync_exchange_ews.responses import Reply


async def who_invite(home: Home, replies: Mapping[str, Reply]) -> Mapping[str, bool]:
    """Return by id whether somebody is invited, for the items of these answers that do not say so themselves.

    Without that no appointment of such a server could be written. The names are not kept.
    """
    read = {event_id: item_of(reply) for event_id, reply in replies.items()}
    silent = [event_id for event_id, item in read.items() if item is not None and not says_if_meeting(item)]
    told = await read_items(home.client, silent, home.caller, get_recipients)
    items = {event_id: item_of(reply) for event_id, reply in zip(silent, told, strict=True)}
    found = {event_id: invites(item) for event_id, item in items.items() if item is not None}
    return {event_id: some for event_id, some in found.items() if some is not None}


async def is_deleted(home: Home, seen: Observation) -> bool:
    """Tell whether an event is deleted that can be read by its id.

    It says when it was deleted, as one does that was restored; but its calendar shows it no more.
    """
    (reply,) = await read_items(home.client, [seen.id], home.caller, get_deletion)
    item = item_of(reply)
    if item is None or not is_marked_deleted(item):
        return False
    start, end = _span(seen.event.when)
    view = find_in_view(home.folder, start - MARGIN, end + MARGIN, VIEW_SIZE)
    (reply,) = await home.client.call(view, home.caller)
    shown, last = home.client.found(reply)
    return last and seen.id not in {item_id(each) for each in shown if has_id(each)}


def _span(when: When) -> tuple[datetime, datetime]:
    if isinstance(when, AllDay):
        return _midnight(when.first), _midnight(when.after)
    return when.start, when.end


def _midnight(day: date) -> datetime:
    return datetime.combine(day, time(), UTC)
