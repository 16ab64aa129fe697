"""The change feed: rounds of pages over a window that is frozen in the token."""

from __future__ import annotations

import base64
import binascii
import json
from dataclasses import dataclass
from datetime import datetime
from itertools import count
from typing import TYPE_CHECKING, Any, NamedTuple

from calsync_sandbox.graph.errors import GraphError
from calsync_sandbox.mailbox import ids
from calsync_sandbox.mailbox.lookup import shown, within
from calsync_sandbox.mailbox.zones import Span

if TYPE_CHECKING:
    from calsync_sandbox.graph.switches import GraphSwitches
    from calsync_sandbox.mailbox.store import Change, Store

_KEPT_ROUNDS = 64
"""Older rounds are evicted from the cache, and their nextLinks with them."""


class Told(NamedTuple):
    """One entity of a round. What is gone by the time its page is asked for is told as removed anyway."""

    id: str
    removed: bool


@dataclass(frozen=True, slots=True)
class Round:
    """What a client gets between two tokens. A group (a series) is never split over pages."""

    groups: list[list[Told]]
    home: str
    window: Span
    mark: int
    """The position in the change log that the next token stands at."""


@dataclass(frozen=True, slots=True)
class FeedPage:
    """One page, and the token of the link behind it: `skip` or `delta`."""

    entities: list[Told]
    skip: str | None
    delta: str | None


class Feed:
    """The change feed of one mailbox."""

    def __init__(self, store: Store, switches: GraphSwitches) -> None:
        self._store = store
        self._switches = switches
        self._rounds: dict[int, Round] = {}
        self._numbers = count(1)
        self._generation = 1
        self._eviction = _lost(410, "SyncStateNotFound")

    def evict(self, status: int = 410, code: str = "SyncStateNotFound", *, location: str | None = None) -> None:
        """Forget all tokens given so far; using one is answered with this status and code (Location if given)."""
        self._generation += 1
        self._rounds.clear()
        self._eviction = _lost(status, code, location)

    def begin(self, home: str, window: Span) -> int:
        """Start a round that tells everything in the window. Returns the round's number."""
        mark = self._mark()
        unseen = {change.id for change in self._store.log[mark:] if change.born}
        groups = [
            [Told(event_id, removed=False) for event_id in found] for found in within(self._store, window, home)
        ]
        return self._open(Round([group for group in groups if group[0].id not in unseen], home, window, mark))

    def resume(self, token: str) -> int:
        """Start a round that tells what changed behind a token. Raises GraphError 410 for an evicted one."""
        generation, home, start, end, since = self._read(token, 5)
        if generation != self._generation:
            raise self._eviction
        window = Span(datetime.fromisoformat(start), datetime.fromisoformat(end))
        mark = max(self._mark(), since)
        log = self._store.log[max(0, since - self._switches.delta_replays) : mark]
        return self._open(Round(self._changed(log, home, window), home, window, mark))

    def page(self, number: int, position: int, size: int) -> FeedPage:
        """Return the page of a round that begins with a group; position -1 is an empty page before the first."""
        current = self._rounds[number]
        entities, after = ([], 0) if position < 0 else _fill(current.groups, position, size)
        if self._switches.endless_pages:
            return FeedPage(entities, self._write(self._generation, number, position, next(self._numbers)), None)
        if after < len(current.groups):
            return FeedPage(entities, self._write(self._generation, number, after, 0), None)
        window = current.window
        span = (window.start.isoformat(), window.end.isoformat())
        return FeedPage(entities, None, self._write(self._generation, current.home, *span, current.mark))

    @property
    def first(self) -> int:
        """Return the position that a round begins at."""
        return -1 if self._switches.empty_pages else 0

    def position(self, token: str) -> tuple[int, int]:
        """Return round and position of a nextLink's token. Raises GraphError 410 for an evicted one."""
        generation, number, position, _ = self._read(token, 4)
        if generation != self._generation or number not in self._rounds:
            raise self._eviction
        return number, position

    def _open(self, opened: Round) -> int:
        false = [event_id for event_id in self._store.events if event_id in self._switches.false_removed]
        self._switches.false_removed.difference_update(false)
        opened.groups.extend([Told(event_id, removed=True)] for event_id in false)
        if self._switches.delta_repeats and opened.groups:
            opened.groups.append(opened.groups[0])
        number = next(self._numbers)
        self._rounds[number] = opened
        if len(self._rounds) > _KEPT_ROUNDS:
            del self._rounds[min(self._rounds)]
        return number

    def _mark(self) -> int:
        """Return how much of the log is visible: what is younger than the lag is not."""
        log, horizon = self._store.log, self._store.now() - self._switches.delta_lag
        mark = len(log)
        while self._switches.delta_lag and mark and log[mark - 1].at > horizon:
            mark -= 1
        return mark

    def _changed(self, log: list[Change], home: str, window: Span) -> list[list[Told]]:
        by_id: dict[str, list[Change]] = {}
        for change in log:
            if home in change.homes:
                by_id[change.id] = [*by_id.pop(change.id, ()), change]  # in the order of the last changes
        groups = [self._group(event_id, changes, home, window) for event_id, changes in by_id.items()]
        return [group for group in groups if group]

    def _group(self, event_id: str, changes: list[Change], home: str, window: Span) -> list[Told]:
        """Tell one changed event: what the window no longer shows of it, then what it shows."""
        present = self._present(event_id, home, window)
        gone = [past for past in self._past(event_id, changes, window) if past not in present]
        if event_id not in present and not self._untold(event_id, changes[0], home):
            gone.append(event_id)
        standing = self._store.exceptions.get(event_id, {}).values()
        removed = [Told(gone_id, removed=True) for gone_id in gone if gone_id not in standing]
        return removed + [Told(present_id, removed=False) for present_id in present]

    def _present(self, event_id: str, home: str, window: Span) -> list[str]:
        """Return what the window shows of an event, or whether it shows this occurrence."""
        if self._store.homes.get(event_id) == home:
            return shown(self._store, event_id, window)
        master = ids.master_of(event_id)
        if ids.is_occurrence(event_id) and self._is_master(master, home):
            return [found for found in shown(self._store, master, window) if found == event_id]
        return []

    def _is_master(self, event_id: str, home: str) -> bool:
        return self._store.homes.get(event_id) == home and self._store.events[event_id]["type"] == "seriesMaster"

    def _untold(self, event_id: str, first: Change, home: str) -> bool:
        """Tell whether there is nothing to take back under the event's own id: masters are never told."""
        if first.before is not None:
            return True
        return self._is_master(event_id, home) and (first.born or not self._switches.series_change_removes)

    @staticmethod
    def _past(event_id: str, changes: list[Change], window: Span) -> list[str]:
        """Return the occurrences that the changed rule of a series once made in the window."""
        days = {day for change in changes if change.before for day, _ in change.before.within(window)}
        return [ids.occurrence_id(event_id, day) for day in sorted(days)]

    @staticmethod
    def _write(*parts: object) -> str:
        return base64.urlsafe_b64encode(json.dumps(parts).encode()).decode().rstrip("=")

    @staticmethod
    def _read(token: str, parts: int) -> list[Any]:
        try:
            read = json.loads(base64.urlsafe_b64decode(token + "=" * (-len(token) % 4)))
        except (binascii.Error, ValueError):
            read = None
        if not isinstance(read, list) or len(read) != parts:
            raise _lost(400, "InvalidDeltaToken")
        return read


def _fill(groups: list[list[Told]], position: int, size: int) -> tuple[list[Told], int]:
    """Return the entities of a page of about `size`, and the group behind it."""
    entities: list[Told] = []
    while position < len(groups) and len(entities) < size:
        entities += groups[position]
        position += 1
    return entities, position


def _lost(status: int, code: str, location: str | None = None) -> GraphError:
    headers = {"Location": location} if location else None
    return GraphError(
        status,
        code,
        "The sync state generation is not found; a full synchronization is required.",
        headers=headers,
    )
