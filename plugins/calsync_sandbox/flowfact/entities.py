"""The entities, and the trash. A stored entity is replaced by a write, never changed, so it may be held on to."""

from __future__ import annotations

import uuid
from collections import deque
from itertools import islice
from typing import TYPE_CHECKING, Any

from calsync_sandbox.flowfact.holders import Holders
from calsync_sandbox.flowfact.refusal import Refused

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calsync_sandbox.flowfact.fields import Fields
    from calsync_sandbox.flowfact.switches import Switches
    from calsync_sandbox.flowfact.ticks import Ticks

REMEMBERED = 1000
"""So many changes are remembered."""
Entity = dict[str, Any]
"""`id`, `_metadata`, `_acls`, `_refs`, `_acps` and the fields, each `{"values": [...]}`."""
TrashEntry = dict[str, Any]
"""`content` (the entity), `schemaName`, `entityId`, `deletedAt` (epoch ms), `deletedBy` (user id)."""


class Entities:
    """Everything that is stored, by id. Users are named by id."""

    def __init__(self, switches: Switches, ticks: Ticks) -> None:
        self.live: dict[str, Entity] = {}
        self.trash: dict[str, TrashEntry] = {}
        """In the order of deletion, the newest last."""
        self._changed: deque[str] = deque(maxlen=REMEMBERED)
        """The ids of what was changed last in either."""
        self._numbers: dict[str, int] = {}
        """When each one came into the store, also out of the trash: how many changes there had been by then."""
        self.changes = 0
        """How often anything was: a search finds the same as long as nothing is."""
        self._switches = switches
        self._ticks = ticks
        self._holders = Holders()
        self._unseen: deque[tuple[float, str, Entity | None]] = deque()
        """Writes that a search may not see yet: time, id, and the entity as it was before."""

    def get(self, entity_id: str, schema: str | None = None) -> Entity:
        """Return a live entity, of this schema if one is given. Raises Refused (404)."""
        entity = self.live.get(entity_id)
        if entity is None or schema not in (None, entity["_metadata"]["schema"]):
            raise Refused(404, "there is no such entity")
        return entity

    def create(self, schema: str, fields: Fields, user: str) -> Entity:
        entity_id, now = str(uuid.uuid4()), self._ticks.next()
        metadata = {
            "id": entity_id,
            "schema": schema,
            "documentType": "entity",
            "creator": user,
            "createdTimestamp": now,
            "timestamp": now,
            "currentAccessLevel": 4,
        }
        if self._switches.last_modified_on_create:
            metadata |= {"lastModifier": user, "lastModifiedTimestamp": now}
        entity: Entity = {
            "id": entity_id,
            "_metadata": metadata,
            "_acls": [],
            "_refs": [{"id": user, "uri": f"/users/{user}", "type": "user", "relation": "creator"}],
            "_acps": [],
            **fields,
        }
        self._put(entity_id, entity)
        return entity

    def patch(self, entity: Entity, fields: Fields, user: str) -> Entity:
        """Replace the given fields and no others."""
        now = self._ticks.next()
        metadata = dict(entity["_metadata"])
        if self._switches.modified_moves:
            metadata |= {"lastModifier": user, "lastModifiedTimestamp": now}
        if self._switches.timestamp_moves or not self._switches.modified_moves:
            metadata["timestamp"] = now
        changed = entity | fields | {"_metadata": metadata}
        self._put(entity["id"], changed)
        return changed

    def delete(self, entity: Entity, user: str) -> TrashEntry:
        """Move an entity to the trash."""
        self._put(entity["id"], None)
        entry: TrashEntry = {
            "content": entity,
            "schemaName": entity["_metadata"]["schema"],
            "entityId": entity["id"],
            "deletedAt": self._ticks.next(),
            "deletedBy": user,
        }
        self.trash[entity["id"]] = entry
        self._note(entity["id"])
        return entry

    def restore(self, entity_id: str) -> Entity:
        """Take an entity out of the trash, as it was when it was deleted. Raises Refused (404)."""
        entity: Entity = self.purge(entity_id)["content"]
        self._put(entity_id, entity)
        return entity

    def purge(self, entity_id: str) -> TrashEntry:
        """Remove an entity from the trash for good. Raises Refused (404)."""
        entry = self.trash.pop(entity_id, None)
        self._note(entity_id)
        if entry is None:
            raise Refused(404, "there is no such entity in the trash")
        return entry

    def searchable(self) -> Iterable[Entity]:
        """Return what a search sees now."""
        seen = self.live
        behind = self._behind()
        if behind:
            merged = self.live | behind
            seen = {entity_id: entity for entity_id, entity in merged.items() if entity is not None}
        if self._switches.trash_in_search:
            trashed = {entity_id: entry["content"] for entity_id, entry in self.trash.items()}
            seen = trashed | seen
        return seen.values()

    def holding(self, field: str, text: str) -> Iterable[Entity]:
        """Return what a search for a text in a field may find now."""
        if self._switches.search_lag or self._unseen or self._switches.trash_in_search:
            return self.searchable()
        known = self._holders.of(field, text, self.live)
        return [self.live[entity_id] for entity_id in known if entity_id in self.live]

    def number(self, entity: Entity) -> int:
        """Return when an entity came into the store: a larger number for one that came later."""
        return self._numbers.get(entity["id"], 0)

    def changed_since(self, changes: int) -> set[str] | None:
        """Return the ids of what was changed since there were so many changes; None if that is too long ago."""
        since = self.changes - changes
        return None if since > len(self._changed) else {*islice(reversed(self._changed), since)}

    def _note(self, entity_id: str) -> None:
        self.changes += 1
        self._changed.append(entity_id)

    def _behind(self) -> dict[str, Entity | None]:
        visible_until = self._ticks.now() - self._switches.search_lag
        while self._unseen and self._unseen[0][0] <= visible_until:
            self._unseen.popleft()
        return {entity_id: before for _, entity_id, before in reversed(self._unseen)}

    def _put(self, entity_id: str, entity: Entity | None) -> None:
        self._note(entity_id)
        if self._switches.search_lag:
            self._unseen.append((self._ticks.now(), entity_id, self.live.get(entity_id)))
        self._holders.replaced(entity_id, self.live.get(entity_id), entity)
        if entity is None:
            del self.live[entity_id]
            return
        if entity_id not in self.live:
            self._numbers[entity_id] = self.changes
        self.live[entity_id] = entity
