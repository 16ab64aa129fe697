"""FindItem: the items of folders page by page, those that pass a restriction, or what a calendar view shows."""

from __future__ import annotations

from datetime import timedelta
from typing import TYPE_CHECKING

from calsync_sandbox.ews.answers import each
from calsync_sandbox.ews.errors import EwsError
from calsync_sandbox.ews.folders import Folder, named_folder
from calsync_sandbox.ews.ids import TRASH
from calsync_sandbox.ews.items import Item, item_of
from calsync_sandbox.ews.names import Element, find, flag, local, m, parts, t
from calsync_sandbox.ews.restriction import indexed, refuse_binary, select, value_of
from calsync_sandbox.ews.shape import Shape, read_shape, render
from calsync_sandbox.ews.times import read_instant
from calsync_sandbox.mailbox import lookup
from calsync_sandbox.mailbox.events import span_of
from calsync_sandbox.mailbox.zones import Span

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync_sandbox.ews.calls import Call

_LONGEST_VIEW = timedelta(days=2 * 366)
_PAGE = 1000
"""The most items on one page without a restriction (EWSFindCountLimit)."""


def find_items(call: Call) -> Element:
    shape = read_shape(call.operation, listing=True)
    view = find(call.operation, "CalendarView")

    def search(reference: Element) -> list[Element]:
        folder = named_folder(call, reference)
        if view is not None:
            return [_view(call, folder, view, shape)]
        return [_page(call, folder, shape)]

    return each(call, parts(call.operation, "ParentFolderIds"), search)


def _page(call: Call, folder: Folder, shape: Shape) -> Element:
    test = find(call.operation, "Restriction")
    if test is not None and not call.switches.searches_binary:
        refuse_binary(test)
    found = [] if call.switches.empty_list else _items(folder, None if test is None else test[0])
    found = _sorted(found, parts(call.operation, "SortOrder"))
    page = find(call.operation, "IndexedPageItemView")
    limit = _PAGE if test is None else call.switches.restricted_page
    offset, size = 0, limit
    if page is not None:
        offset = int(page.get("Offset", "0"))
        size = min(limit, int(page.get("MaxEntriesReturned", str(limit))))
        if page.get("BasePoint") == "End":
            offset = max(0, len(found) - offset - size)
    shown = found[offset : offset + size]
    last = offset + size >= len(found)
    return _root(shown, shape, len(found), last=last, offset=min(offset + size, len(found)))


def _items(folder: Folder, test: Element | None) -> list[Item]:
    """Return single items and masters, newest first, of those the ones that pass."""
    store = folder.mailbox.store
    if folder.key == TRASH:
        return select((Item(folder.mailbox, event) for event in reversed(store.deleted.values())), test)
    candidates = indexed(store, test) if test is not None else None
    ids = reversed(store.events) if candidates is None else [one for one in store.events if one in candidates]
    here = (one for one in ids if store.homes[one] == folder.key and not _is_part(folder, one))
    return select((item_of(folder.mailbox, one) for one in here), test)


def _sorted(items: list[Item], orders: list[Element]) -> list[Item]:
    """Return items in the wanted order, as far as it is one of properties that are searched by."""
    for order in reversed(orders):
        if local(order[0]) == "FieldURI":
            path, backwards = order[0], order.get("Order") == "Descending"
            items = sorted(items, key=lambda item: value_of(item, path) or "", reverse=backwards)
    return items


def _is_part(folder: Folder, event_id: str) -> bool:
    """Tell whether an event is an exception that its master, which is there, stands for."""
    event = folder.mailbox.store.events[event_id]
    return event["type"] == "exception" and event["seriesMasterId"] in folder.mailbox.store.events


def _view(call: Call, folder: Folder, view: Element, shape: Shape) -> Element:
    """Return what lies in a span of time by its start, series as occurrences."""
    if not folder.is_calendar:
        raise EwsError("ErrorCalendarFolderIsInvalidForCalendarView", "The folder is not a calendar folder.")
    if find(call.operation, "Restriction") is not None:
        raise EwsError("ErrorUnsupportedQueryFilter", "A calendar view cannot be restricted.")
    window = Span(*(read_instant(view.get(edge, "")) for edge in ("StartDate", "EndDate")))
    if window.end < window.start:
        raise EwsError("ErrorCalendarEndDateIsEarlierThanStartDate", "EndDate is earlier than StartDate")
    if window.end - window.start > _LONGEST_VIEW:
        raise EwsError(
            "ErrorCalendarViewRangeTooBig", "The specified view range exceeds the maximum range of two years."
        )
    store = folder.mailbox.store
    if call.switches.empty_list:
        found = []
    elif call.switches.expands_series:
        groups = lookup.within(store, window, folder.key)
        found = [item_of(folder.mailbox, event_id) for group in groups for event_id in group]
    else:
        found = [one for one in _items(folder, None) if span_of(one.event).touches(window)]
    found.sort(key=lambda item: span_of(item.event).start)
    most = view.get("MaxEntriesReturned")
    if max(len(found) if most is None else 0, int(most or 0)) > call.switches.view_limit:
        raise EwsError(
            "ErrorExceededFindCountLimit",
            "You have exceeded the maximum number of objects that can be "
            "returned for the find operation. Use paging to reduce the result size and try your request again.",
        )
    shown = found if most is None else found[: int(most)]
    return _root(shown, shape, len(found), last=len(shown) == len(found))


def _root(shown: Sequence[Item], shape: Shape, total: int, *, last: bool, offset: int | None = None) -> Element:
    paging = {} if offset is None else {"IndexedPagingOffset": str(offset)}
    return m(
        "RootFolder",
        t("Items", *(render(item, shape) for item in shown)),
        **paging,
        TotalItemsInView=str(total),
        IncludesLastItemInRange=flag(last),
    )
