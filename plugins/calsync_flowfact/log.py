"""What was read of a tenant's changes, kept in memory for the calendars that were not told yet.

Each version of an appointment and each deletion stands here once, under the number of the read that found it
first; those of the last read stand last. So a calendar that was told everything up to some read is told the rest
by going back from the end, and nothing twice.
"""

from __future__ import annotations

import json
import zlib
from dataclasses import dataclass
from itertools import islice
from typing import TYPE_CHECKING

from calsync.values import replace
from calsync_flowfact.entity import Buried, created_ms, entity_id, modified_ms, revision, user_ids

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

    from calsync_flowfact.entity import Entity
    from calsync_flowfact.position import Floors

MOST = 10_000
"""So many changes are kept: some hours of a tenant with thousands of agents, in a few megabytes."""
LIKE = 32_768
"""So many bytes of what is like a text are looked at, its last ones: zlib keeps no more in view."""


@dataclass(frozen=True, slots=True)
class Change:
    """An appointment as a search showed it, or its deletion. Each calendar looks at it, so it is read but once."""

    seq: int
    id: str
    what: bytes | Buried
    """An appointment as JSON, packed: taken apart it takes ten times the memory, and few read it."""
    owners: tuple[str, ...]
    """User ids, as far as they are told."""
    like: bytes = b""
    """The end of another appointment as JSON. What both have in common is not packed."""
    revision: str | None = None
    """The appointment's, as far as it has one."""
    created: int = 0
    """By the server's time (epoch milliseconds); `modified` alike, 0 for one that never was."""
    modified: int = 0

    @property
    def entity(self) -> Entity | None:
        """The appointment, taken apart anew each time."""
        if isinstance(self.what, Buried):
            return None
        unpacking = zlib.decompressobj(zdict=self.like)
        entity: Entity = json.loads(unpacking.decompress(self.what) + unpacking.flush())
        return entity

    def since(self, floors: Floors) -> bool:
        if isinstance(self.what, Buried):
            return self.what.deleted >= floors.deleted
        return self.modified >= floors.modified or self.created >= floors.created


class Log:
    """The changes by id, those that were found last at the end."""

    def __init__(self, owner_field: str) -> None:
        self._owner_field = owner_field
        self._changes: dict[tuple[str, bool], Change] = {}
        self._latest: dict[str, int] = {}
        self._like = b""
        """The end of the first appointment, as JSON: all others of a tenant look much the same."""
        self.whole_since = 0
        """The log holds everything that was found by later reads than this."""

    def __contains__(self, event_id: object) -> bool:
        """Tell whether a search has shown an appointment."""
        return (event_id, False) in self._changes

    def add(self, entities: Iterable[Entity], seq: int, *, again: bool = False) -> None:
        """Note what a search showed; `again`: also where this version is known."""
        for entity in entities:
            key = (entity_id(entity) or "", False)
            known = self._changes.get(key)
            version = revision(entity)
            if again or known is None or known.revision != version:
                packed, owners = self._packed(entity), tuple(user_ids(entity, self._owner_field))
                times = created_ms(entity), modified_ms(entity)
                change = Change(seq, key[0], packed, owners, self._like, version, *times)
                self._put(key, change, known)
                self._bury_again(change)

    def bury(self, entries: Iterable[Buried], seq: int) -> None:
        """Note what the trash told."""
        for entry in entries:
            key = (entry.id, True)
            known = self._changes.get(key)
            if known is None or known.what != entry:
                self._put(key, Change(seq, entry.id, entry, tuple(entry.owners or ())), known)

    def buried(self) -> Iterator[str]:
        """Return the ids of what was deleted, the last one first."""
        return (found for found, gone in reversed(self._changes) if gone)

    def after(self, seq: int) -> list[Change]:
        """Return what later reads than this found, in the order in which it was found."""
        found: list[Change] = []
        for change in reversed(self._changes.values()):
            if change.seq <= seq:
                break
            found.append(change)
        return found[::-1]

    def where(self, wanted: Callable[[Change], bool]) -> list[Change]:
        """Return the changes that are wanted, and the deletion of each appointment that was not changed since."""
        changes = self._changes.values()
        ids = {change.id for change in changes if wanted(change) and self._deletion(change)}
        return [one for one in changes if wanted(one) or (isinstance(one.what, Buried) and one.id in ids)]

    def latest(self, owner: str) -> int:
        """Return which read found the latest change of an owner's appointments, 0 for none."""
        return self._latest.get(owner, 0)

    @property
    def full(self) -> bool:
        return len(self._changes) > MOST

    def trim(self) -> bool:
        """Forget the oldest changes where there are too many; tell whether there were."""
        oldest = list(islice(self._changes, max(0, len(self._changes) - MOST)))
        for key in oldest:
            self.whole_since = self._changes.pop(key).seq
        return bool(oldest)

    def _bury_again(self, change: Change) -> None:
        """Let a deletion stand behind what a search shows late, so that both are told."""
        if deletion := self._deletion(change):
            self._put((change.id, True), replace(deletion, seq=change.seq), deletion)

    def _deletion(self, change: Change) -> Change | None:
        """Return the known deletion of an appointment, unless it was changed since: then it came back."""
        found = self._changes.get((change.id, True))
        buried = found.what if found else None
        since = max(change.created, change.modified)
        return found if isinstance(buried, Buried) and buried.deleted >= since else None

    def _put(self, key: tuple[str, bool], change: Change, known: Change | None) -> None:
        self._changes.pop(key, None)  # so that it stands at the end
        self._changes[key] = change
        before = known.owners if known else ()
        self._latest |= dict.fromkeys((*change.owners, *before), change.seq)

    def _packed(self, entity: Entity) -> bytes:
        text = json.dumps(entity, separators=(",", ":")).encode()
        self._like = self._like or text[-LIKE:]
        packing = zlib.compressobj(zdict=self._like)
        return packing.compress(text) + packing.flush()
