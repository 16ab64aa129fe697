"""Taking over what a store remembers into another kind of database, while nobody works on either."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import ConfigError
from calsync.stores import postgres_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.config import Service


async def copy_store(source: Service, target: Service) -> Mapping[str, int]:
    """Write all that one store remembers into the other, empty one; return how many rows that were, by table.

    One of them is an SQLite file, the other on PostgreSQL, and what lies beside them is the same.
    Raises ConfigError; StoreError also where anything is in the target, and while anybody has either open.
    """
    if (source.database is None) == (target.database is None):
        raise ConfigError(["one configuration must name an SQLite file, and the other one PostgreSQL"])
    if source.store != target.store:
        raise ConfigError(
            [
                (
                    f"what is kept apart must be the same for both: {source.store}, {target.store};"
                    " put the path of the file into service.beside, or name the file so"
                )
            ]
        )
    if source.database is None:
        return await postgres_of(target).take_from(source.store)
    return await postgres_of(source).give_to(target.store)
