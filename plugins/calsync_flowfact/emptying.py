"""Emptying texts. Which form of an empty value a server heeds is not public, so each one is looked after."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import EventError, Stale
from calsync_flowfact.entity import entity_id, revision, schema_of, values

if TYPE_CHECKING:
    from collections.abc import Sequence

    from calsync.sync.model import Changes, Observation
    from calsync_flowfact.client import Client
    from calsync_flowfact.entity import Entity
    from calsync_flowfact.mapping import EntityMapping


async def emptied(
    client: Client, mapping: EntityMapping, before: Entity, changes: Changes, answer: Entity | None
) -> Entity | None:
    """Return the entity after a patch that was to empty texts, None where there is none any more.

    `before`: as it was read, `answer`: what the patch answered. A server that ignores the configured form gets the
    other one. Raises EventError where that is ignored, too, and Stale where what a text holds may be what somebody
    has written meanwhile.
    """
    schema, event_id = schema_of(before, mapping.settings.write_schema), entity_id(before) or ""
    for empty in (mapping.settings.other_empty_values, None):
        entity = answer or await client.get(event_id)
        kept = () if entity is None else mapping.kept_fields(changes, entity)
        if entity is None or not kept:
            return entity
        _expect_untouched(mapping, before, entity, kept)
        if empty is None:
            break
        answer = await client.patch(schema, event_id, {name: {"values": list(empty)} for name in kept})
    raise EventError(f"FLOWFACT does not empty the appointment's {', '.join(sorted(kept))}")


def observed(mapping: EntityMapping, entity: Entity) -> Observation:
    """Return what an entity says. Raises EventError for one that is no event."""
    observation = mapping.observe(entity)
    if observation is None:
        raise EventError("the appointment in FLOWFACT has no start or no end that can be read")
    return observation


def _expect_untouched(mapping: EntityMapping, before: Entity, entity: Entity, names: Sequence[str]) -> None:
    """Raise Stale unless fields hold what they held, and nobody but calsync has written since."""
    fresh = observed(mapping, entity)
    others = fresh.written_by_us is False and revision(entity) != revision(before)
    if others or any(values(entity, name) != values(before, name) for name in names):
        raise Stale(fresh)
