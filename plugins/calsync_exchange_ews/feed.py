"""The change feed: SyncFolderItems, which tells ids only, and a calendar view for what lies in the window.

The first round empties the feed before it looks at the calendar: what happens meanwhile is told again behind the
feed's state. The state knows no window; what changes outside of it is told too. `Delete` also means "moved", so it
becomes a tombstone, never a delete.
"""

from __future__ import annotations

from contextlib import aclosing
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo

from calsync.errors import AccountError, CalsyncError, EventError, Retry
from calsync.ports import Page
from calsync.sync.model import Timed
from calsync.values import replace
from calsync_exchange_ews.client import BATCH
from calsync_exchange_ews.pipeline import in_turn
from calsync_exchange_ews.requests import find_in_view, get_masters, sync_folder_items
from calsync_exchange_ews.xml import Element, child, local, name, text_of
from calsync_exchange_ews.zones import instant_of

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping, Sequence

    from calsync.sync.model import Observation, Window
    from calsync_exchange_ews.home import Home
    from calsync_exchange_ews.reading import EventReader
    from calsync_exchange_ews.requests import Operation
    from calsync_exchange_ews.responses import Reply

MARGIN = timedelta(days=1)
"""The server places all-day events by its own zone; calsync's window holds them by UTC dates."""
MAX_PAGES = 10_000
ON_THE_WAY = 2
"""Batches of a listing that are asked for at once: the server works on one while the other is read."""
VIEW_SPAN = timedelta(days=180)
"""A view must not span more than two years."""
LEAST_SPAN = timedelta(minutes=1)
VIEW_SIZE, LEAST_SIZE = 1000, 10
"""The most that a server finds at once by default (EWSFindCountLimit). Its administrator may have set less."""
TOO_MANY, TOO_LONG = "ExceededFindCountLimit", "CalendarViewRangeTooBig"
_ITEM_ID = name("t:ItemId")


@dataclass(frozen=True, slots=True)
class Changed:
    """A page of the feed."""

    state: str
    present: Sequence[str]
    removed: Sequence[str]
    last: bool


@dataclass(frozen=True, slots=True)
class Shown:
    """An appointment as a view tells of it."""

    id: str
    kind: str
    """`Single`, or what it is of a series."""
    series: str
    """What it has in common with others of its series."""
    start: str
    end: str


@dataclass(frozen=True, slots=True)
class Occurrence:
    """What stands for a series in a view."""

    id: str
    when: Timed


class Feed:
    """Reads rounds of one calendar. A token is the server's state, as it is."""

    def __init__(self, home: Home, reader: EventReader) -> None:
        self._home = home
        self._client = home.client
        self._reader = reader
        self._view_size = VIEW_SIZE

    def changes(self, token: str | None, window: Window) -> AsyncIterator[Page]:
        """Yield the pages of a round; see `calsync.ports.Reader.changes`."""
        return self._list(window) if token is None else self._follow(token)

    async def _follow(self, token: str) -> AsyncIterator[Page]:
        async for changed in self._changed(token):
            seen = await self._reader.many(changed.present) if changed.present else {}
            yield Page(observations=[*seen.values()], removed=changed.removed, token=changed.state)

    async def _list(self, window: Window) -> AsyncIterator[Page]:
        state = ""
        async for changed in self._changed(None):
            state = changed.state
        singles, series = await self._view(window.start - MARGIN, window.end + MARGIN)
        batches = (singles[start : start + BATCH] for start in range(0, len(singles), BATCH))
        async with aclosing(in_turn(map(self._reader.many, batches), ON_THE_WAY)) as answers:
            async for seen in answers:
                yield Page(observations=[*seen.values()])
        yield Page(observations=await self._series(series), token=state, complete=True)

    async def _changed(self, state: str | None) -> AsyncIterator[Changed]:
        """Yield the feed's pages behind a state. Raises TokenLost, AccountError, Retry."""
        for _ in range(MAX_PAGES):
            reply = await self._ask(sync_folder_items(self._home.folder, state))
            if not reply.ok or reply.node is None:
                raise self._failure(reply)
            changed = _changed(reply.node)
            if not changed.state:
                raise Retry(f"connection {self._client.connection}: Exchange broke off a list of changes")
            if not changed.last and changed.state == state:
                break
            yield changed
            if changed.last:
                return
            state = changed.state
        raise Retry(f"connection {self._client.connection}: Exchange repeats a page of changes for ever")

    async def _view(self, start: datetime, end: datetime) -> tuple[Sequence[str], Mapping[str, Occurrence]]:
        """Return the single events between two instants, and of each series its first occurrence there."""
        singles: dict[str, None] = {}
        series: dict[str, Occurrence] = {}
        span = VIEW_SPAN
        while start < end:
            ends = min(start + span, end)
            found = await self._view_of(start, ends)
            if found is None:
                span = (ends - start) / 2
                continue
            for shown in found:
                if shown.kind == "Single":
                    singles[shown.id] = None
                else:
                    series.setdefault(shown.series, _occurrence(shown, start))
            if len(found) <= self._view_size // 2:  # else twice as long a view would be cut, and asked for in vain
                span = min(2 * span, VIEW_SPAN)
            start = ends
        return list(singles), series

    async def _view_of(self, start: datetime, end: datetime) -> Sequence[Shown] | None:
        """Return what a view shows; None for more than a server gives at once."""
        reply = await self._ask(find_in_view(self._home.folder, start, end, self._view_size))
        if reply.code == TOO_MANY:
            self._view_size = max(self._view_size // 2, LEAST_SIZE)
        if not reply.ok and reply.code not in (TOO_MANY, TOO_LONG):
            raise self._failure(reply)
        items, last = self._client.found(reply) if reply.ok else ((), False)
        if last:
            return [shown for item in items if (shown := _shown(item)) is not None]
        if end - start <= LEAST_SPAN:
            raise Retry(f"connection {self._client.connection}: Exchange does not list all events of one minute")
        return None

    async def _ask(self, operation: Operation) -> Reply:
        try:
            (reply,) = await self._client.call(operation, self._home.caller)
        except EventError as refused:
            raise AccountError(f"{refused}: the calendar cannot be listed") from refused
        return reply

    def _failure(self, reply: Reply) -> CalsyncError:
        error = self._client.refusal(reply)
        return AccountError(f"{error}: the calendar cannot be listed") if isinstance(error, EventError) else error

    async def _series(self, series: Mapping[str, Occurrence]) -> Sequence[Observation]:
        """Return one observation per series: its master, at the time of the occurrence that told of it.

        So a series that began long ago is told inside the window, where it is looked for. Where a server does not
        tell its master, the occurrence stands for it.
        """
        told: list[Observation] = []
        occurrences = list(series.values())
        for start in range(0, len(occurrences), BATCH):
            part = occurrences[start : start + BATCH]
            masters = await self._masters([each.id for each in part])
            for occurrence, master in zip(part, masters, strict=True):
                if master is not None:
                    event = master.event
                    told.append(
                        replace(master, event=replace(event, when=occurrence.when) if event.series else event)
                    )
            alone = [each.id for each, master in zip(part, masters, strict=True) if master is None]
            told += (await self._reader.many(alone)).values() if alone else ()
        return told

    async def _masters(self, occurrences: Sequence[str]) -> Sequence[Observation | None]:
        try:
            replies = await self._client.call(
                get_masters(occurrences, self._reader.also), self._home.caller, len(occurrences), counted=False
            )
        except (EventError, Retry):  # servers of another make know no masters, and not all of them say so
            return [None] * len(occurrences)
        return list(self._reader.masters(replies))


def _changed(message: Element) -> Changed:
    present: dict[str, None] = {}
    removed: dict[str, None] = {}
    changes = child(message, "m:Changes")
    for change in changes if changes is not None else ():
        kind, found = local(change), next(change.iter(_ITEM_ID), None)
        event_id = (found.get("Id") or "") if found is not None else ""
        if not event_id or kind not in ("Create", "Update", "Delete"):
            continue
        (present if kind == "Delete" else removed).pop(event_id, None)
        (removed if kind == "Delete" else present)[event_id] = None
    return Changed(
        state=text_of(message, "m:SyncState").strip(),
        present=list(present),
        removed=list(removed),
        last=text_of(message, "m:IncludesLastItemInRange").strip().lower() == "true",
    )


def _shown(item: Element) -> Shown | None:
    """Read an item of a view; None for one that is no appointment or has no id."""
    fields = {local(each): each for each in item}  # to search for each of them anew takes five times as long
    event_id = fields["ItemId"].get("Id") if "ItemId" in fields else None
    if not event_id or local(item) != "CalendarItem":
        return None
    kind, uid, start, end = (
        (fields[tag].text or "") if tag in fields else "" for tag in ("CalendarItemType", "UID", "Start", "End")
    )
    return Shown(event_id, kind or "Single", uid or event_id, start, end)


def _occurrence(shown: Shown, otherwise: datetime) -> Occurrence:
    """Read an occurrence of a view; where its times cannot be read, it lies where the view begins."""
    try:
        start, end = (instant_of(text, ZoneInfo("UTC")) for text in (shown.start, shown.end))
        when = Timed(start, max(start, end))
    except (ValueError, OverflowError):
        when = Timed(otherwise.astimezone(UTC), otherwise.astimezone(UTC))
    return Occurrence(shown.id, when)
