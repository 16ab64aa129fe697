"""The store in a database of PostgreSQL."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.store.postgresql.connection import PostgresConnection
from calsync.store.postgresql.migrate import migrate
from calsync.store.sql import SqlStore

if TYPE_CHECKING:
    from calsync.store.connection import Database
    from calsync.store.images import Images

RUNS, PAGES = 4, 2
"""Connections for what runs read and write, and for what pages read."""
# What is asked here is not of the data: a standby, or a disk that is full, takes no writes.
TOUCH = "UPDATE calsync_version SET number = number"


class PostgresStore(SqlStore):
    """Opened by `open`."""

    @classmethod
    async def open(
        cls, conninfo: str, images: Images | None = None, *, lock_seconds: float = 5.0
    ) -> PostgresStore:
        """Connect, and migrate the database. `conninfo`: what libpq understands, a URL or `key=value` pairs.

        `lock_seconds` is how long a transaction waits for another one before StoreError.
        """
        runs = PostgresConnection.to(conninfo, RUNS, lock_seconds)
        try:
            await migrate(runs)
        except BaseException:
            await runs.close()
            raise
        return cls(runs, runs, PostgresConnection.to(conninfo, PAGES, lock_seconds), images=images)

    async def expect_writable(self) -> None:
        def write(database: Database) -> None:
            database.execute(TOUCH)

        await self._writer.write(write)
