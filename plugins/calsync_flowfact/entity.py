"""FLOWFACT's entities as they come over the wire, and how their parts are read.

An entity is `{id, _metadata: {...}, <field>: {"values": [...]}, ...}` (types of `@flowfact/types`). Nothing here
trusts a server: what has another shape reads as missing.
"""

from __future__ import annotations

import re
from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any

Entity = dict[str, Any]
_UUID = re.compile(r"[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}", re.IGNORECASE)
_MILLISECONDS = 100_000_000_000
"""Above this a timestamp is in milliseconds: as seconds it would lie in the year 5138. The unit is not public."""


@dataclass(frozen=True, slots=True)
class Hits:
    """One page of a search."""

    entities: tuple[Entity, ...]
    total: int
    """How many entities match, on all pages."""
    at: int | None
    """The server's time of the answer, epoch milliseconds; None where it did not tell."""


@dataclass(frozen=True, slots=True)
class Buried:
    """An entity in the trash."""

    id: str
    deleted: int
    """Epoch milliseconds."""
    created: int
    """Epoch milliseconds, 0 where unknown."""
    owners: frozenset[str] | None
    """User ids; None where the trash does not tell."""


@dataclass(frozen=True, slots=True)
class BuriedPage:
    """One page of the trash."""

    entries: tuple[Buried, ...]
    total: int
    """How many entities the trash holds, on all pages."""


def entity_id(entity: Entity) -> str | None:
    found = entity.get("id") or metadata(entity).get("id")
    return found if isinstance(found, str) and found else None


def is_id(text: str) -> bool:
    """Tell whether a text is an id that FLOWFACT has given: a UUID (types of `@flowfact/types`)."""
    return _UUID.fullmatch(text) is not None


def metadata(entity: Entity) -> dict[str, Any]:
    found = entity.get("_metadata")
    return found if isinstance(found, dict) else {}


def values(entity: Entity, field: str | None) -> list[Any]:
    """Return a field's values, [] where it is not mapped, absent or empty. Null and "" are no values."""
    content = entity.get(field) if field else None
    if not isinstance(content, dict):
        return []
    found = content.get("values")
    return [value for value in found if value is not None and value != ""] if isinstance(found, list) else []


def user_ids(entity: Entity, field: str) -> frozenset[str]:
    """Return the ids in a field that names users. They are UUIDs, or numbers in older descriptions."""
    return frozenset(str(value) for value in values(entity, field) if isinstance(value, str | int))


def epoch_ms(value: Any) -> int | None:
    """Return a server's timestamp in milliseconds, whichever unit it is in; None for what is none."""
    if isinstance(value, bool) or not isinstance(value, int | float) or not 0 < value < _MILLISECONDS * 1000:
        return None
    return int(value if value > _MILLISECONDS else value * 1000)


def created_ms(entity: Entity) -> int:
    return epoch_ms(metadata(entity).get("createdTimestamp")) or 0


def modified_ms(entity: Entity) -> int:
    """Return when an entity was modified, 0 for one that never was: then the timestamp is missing."""
    return epoch_ms(metadata(entity).get("lastModifiedTimestamp")) or 0


def changed_ms(entity: Entity) -> int:
    """Return when an entity was modified, or created: it was not deleted before."""
    return max(created_ms(entity), modified_ms(entity))


def version_ms(entity: Entity) -> int:
    """Return the time that stands for an entity's version; which one moves with an update is not public."""
    return modified_ms(entity) or epoch_ms(metadata(entity).get("timestamp")) or created_ms(entity)


def revision(entity: Entity) -> str | None:
    """Return the version of an entity as text, None where it carries no time at all."""
    version = version_ms(entity)
    return str(version) if version else None


def instant(milliseconds: int) -> datetime | None:
    return datetime.fromtimestamp(milliseconds / 1000, UTC) if milliseconds else None


def schema_of(entity: Entity, default: str) -> str:
    """Return the schema that an entity is written to."""
    name = metadata(entity).get("schema")
    return name if isinstance(name, str) and name else default
