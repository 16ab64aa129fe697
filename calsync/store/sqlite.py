"""The store in one SQLite file: WAL, every commit flushed to the disk."""

from __future__ import annotations

from contextlib import AsyncExitStack
from typing import TYPE_CHECKING

from calsync.store.commits import Commits
from calsync.store.excerpt import fill_account
from calsync.store.failures import translated
from calsync.store.images import images_beside
from calsync.store.migrate import migrate, migrations
from calsync.store.opening import MEMORY, connect, create_private, fill
from calsync.store.sql import SqlStore

if TYPE_CHECKING:
    from datetime import datetime
    from pathlib import Path

    from calsync.store.connection import Connection, Database, Work
    from calsync.store.images import Images


class SqliteStore(SqlStore):
    """Opened by `open`, by `copy`, by `excerpt`, or by `in_memory`."""

    @classmethod
    async def open(cls, path: Path, *, busy_seconds: float = 5.0) -> SqliteStore:
        """Open the file, create it readable by its owner only where it is missing, and migrate it.

        `busy_seconds` is how long a transaction waits for another process before StoreError.
        """
        create_private(path)

        async def opened() -> Connection:
            connection = await connect(str(path), str(path), busy_seconds)
            opening.push_async_callback(connection.close)
            return connection

        async with AsyncExitStack() as opening:
            writer = await opened()
            await migrate(writer, migrations())
            images = images_beside(path, create=True)
            reader, pages = await opened(), await opened()
            with translated(str(path)):
                commits = Commits(path)
            store = cls(writer, reader, pages, images=images, commits=commits)
            opening.pop_all()
        return store

    @classmethod
    async def copy(cls, path: Path) -> SqliteStore:
        """Copy the file into memory, migrate the copy, and leave the file byte for byte as it is.

        A file that does not exist gives an empty store.
        """
        images = images_beside(path, create=False)
        connection = await connect(MEMORY, f"{path} (copied into memory)")
        try:
            await fill(connection, path)
            await migrate(connection, migrations())
        except BaseException:
            await connection.close()
            raise
        return cls(connection, connection, images=images)

    @classmethod
    async def excerpt(cls, path: Path, account: str, since: datetime) -> SqliteStore:
        """Copy into memory what runs of one account read, and leave the file as it is.

        Of the ledger that is what was written since an instant, and the first entry. A file that does not exist
        gives an empty store.
        """
        images = images_beside(path, create=False)
        connection = await connect(MEMORY, f"{path} (copied into memory)")
        try:
            await fill_account(connection, path, account, since)
            await migrate(connection, migrations())
        except BaseException:
            await connection.close()
            raise
        return cls(connection, connection, images=images)

    @classmethod
    async def in_memory(cls, images: Images | None = None) -> SqliteStore:
        """Open an empty store that is gone when it is closed."""
        connection = await connect(MEMORY, MEMORY)
        await migrate(connection, migrations())
        return cls(connection, connection, images=images)

    async def take(self, fill: Work[None]) -> None:
        """Let rows be written as they were in another store."""
        await self._writer.write(fill)

    async def expect_writable(self) -> None:
        """Write something that changes nothing, to the disk. Raises StoreError where that cannot be done."""

        def write(database: Database) -> None:
            (version,) = database.execute("PRAGMA user_version").fetchone()
            database.execute(f"PRAGMA user_version = {version}")

        await self._writer.write(write)
