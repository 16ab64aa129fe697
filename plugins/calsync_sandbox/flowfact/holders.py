"""Which entities hold a text in a field, so that a search for one owner's does not look at all others."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping

    from calsync_sandbox.flowfact.entities import Entity


class Holders:
    """Knows the fields that somebody has asked for, and is told of each write."""

    def __init__(self) -> None:
        self._fields: dict[str, dict[str, dict[str, None]]] = {}
        """By field and text: the entities' ids, in the order in which they came to hold it."""

    def of(self, field: str, text: str, live: Mapping[str, Entity]) -> Collection[str]:
        """Return the ids of those among `live`, which are all, that hold a text in a field."""
        if field not in self._fields:
            self._fields[field] = {}
            for entity_id, entity in live.items():
                _note(self._fields[field], entity_id, set(), _texts(entity, field))
        return self._fields[field].get(text, {}).keys()

    def replaced(self, entity_id: str, before: Entity | None, after: Entity | None) -> None:
        """Take note of a write; None: the entity is not there."""
        for field, holders in self._fields.items():
            _note(holders, entity_id, _texts(before, field), _texts(after, field))


def _note(holders: dict[str, dict[str, None]], entity_id: str, before: set[str], after: set[str]) -> None:
    for text in before - after:
        del holders[text][entity_id]
    for text in after - before:
        holders.setdefault(text, {})[entity_id] = None


def _texts(entity: Entity | None, field: str) -> set[str]:
    content = None if entity is None else entity.get(field)
    values = content.get("values", ()) if isinstance(content, dict) else ()
    return {value for value in values if isinstance(value, str)}
