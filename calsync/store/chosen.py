"""The directions that people have chosen, read from an SQLite file that stays as it is."""

from __future__ import annotations

from functools import partial
from typing import TYPE_CHECKING

from calsync.store import statements
from calsync.store.connection import fetch
from calsync.store.failures import understood
from calsync.store.files import there
from calsync.store.migrate import check_version, migrations
from calsync.store.opening import unchanged
from calsync.store.sqlite_connection import SqliteConnection
from calsync.sync.model import Direction

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from calsync.store.connection import Database, Found

SETTINGS_SINCE = 8
"""The migration from which on people choose anything."""


async def chosen_directions(path: Path) -> Mapping[str, Direction]:
    """Return the directions that people have chosen, by account, of a store that stays as it is.

    Where there is none, nobody has. Raises StoreError, also for one that is newer or foreign.
    """
    if not there(path):
        return {}
    async with unchanged(path) as raw:
        found = await SqliteConnection(raw, str(path)).read(partial(_directions, str(path)))
    with understood(str(path)):
        return {row["name"]: Direction(row["direction"]) for row in found}


def _directions(place: str, database: Database) -> Sequence[Found]:
    version = check_version(place, migrations(), database)
    return [] if version < SETTINGS_SINCE else fetch(database, statements.DIRECTIONS, {})
