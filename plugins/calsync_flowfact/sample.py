"""Some of the tenant's newest appointments, whosever they are, in their mapped fields: what `verdicts` judges."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from calsync.errors import Retry
from calsync_flowfact.entity import metadata, schema_of, values
from calsync_flowfact.failures import NoRight, NotFound, Rejected
from calsync_flowfact.query import CREATED
from calsync_flowfact.query import newest as newest_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from calsync_flowfact.client import Client
    from calsync_flowfact.config import Settings
    from calsync_flowfact.entity import Entity
    from calsync_flowfact.query import Query

SIZE = 50
OURS = "v1:"
"""How calsync's markers begin."""


@dataclass(frozen=True, slots=True)
class Sample:
    """Some appointments of the schema that is written, as they are stored."""

    settings: Settings
    entities: Sequence[Entity]
    api_user: str | None = None
    """The id of calsync's own user, None where it is not known."""
    total: int = 0
    """How many appointments there are in all."""
    others: frozenset[str] = field(default=frozenset())
    """Further schemas of the group: their appointments are read, too."""
    shown: Sequence[Entity] = ()
    """The page that the search answered, those of all schemas, in its order."""

    @property
    def by_people(self) -> Sequence[Entity]:
        """The appointments that calsync has not written.

        What it wrote proves nothing: it has the configured form, whatever FLOWFACT's is, and its texts may be
        those of anybody who sent an invitation.
        """
        return [one for one in self.entities if not self._is_ours(one)]

    def filled(self, key: str, entities: Iterable[Entity]) -> list[Any]:
        """Return a mapped field's values, the first of each appointment."""
        return [found[0] for one in entities if (found := values(one, self.settings.name(key)))]

    def _is_ours(self, entity: Entity) -> bool:
        writers = {metadata(entity).get(key) for key in ("creator", "lastModifier")}
        marks = values(entity, self.settings.name("marker"))
        return (self.api_user or "") in writers or any(str(mark).startswith(OURS) for mark in marks)


def newest(settings: Settings) -> Query:
    """Return the search for the sample."""
    return newest_of(settings, [], CREATED)


async def draw(client: Client, settings: Settings, api_user: str | None) -> Sample:
    """Read the sample. Raises NoRight, NotFound, Rejected, Retry."""
    hits = await client.search(newest(settings), 0, SIZE)
    if not settings.index_is_group:
        return Sample(settings, hits.entities, api_user, hits.total, shown=hits.entities)
    seen = {schema_of(one, settings.write_schema) for one in hits.entities}
    name = settings.write_schema if settings.write_schema in seen else await _name(client, settings.write_schema)
    entities = [one for one in hits.entities if schema_of(one, name) == name]
    return Sample(settings, entities, api_user, hits.total, frozenset(seen) - {name}, hits.entities)


async def _name(client: Client, schema: str) -> str:
    """Return the name of a schema that may be given by its id, as an appointment tells its schema's name."""
    try:
        known = await client.schemas()
    except (NoRight, NotFound, Rejected, Retry):
        return schema
    return next((str(one["name"]) for one in known if one.get("id") == schema and one.get("name")), schema)
