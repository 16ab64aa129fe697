"""What people choose for accounts, and who did it, in the SQLite file."""

from __future__ import annotations

from dataclasses import asdict
from functools import partial
from typing import TYPE_CHECKING, Any

from calsync.records import AuditEntry, Setting, Settings
from calsync.store import codec, statements
from calsync.store.connection import Connection, fetch
from calsync.store.failures import understood
from calsync.store.files import there
from calsync.store.migrate import check_version, migrations
from calsync.store.opening import unchanged
from calsync.sync.model import Direction

if TYPE_CHECKING:
    import sqlite3
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime
    from pathlib import Path


SETTINGS_SINCE = 8
"""The migration from which on people choose anything."""


class SqliteSettings(Settings):
    """Reached as `SqliteStore.settings`."""

    def __init__(self, writer: Connection, reader: Connection) -> None:
        self._writer = writer
        self._reader = reader

    async def all(self) -> Mapping[str, Setting]:
        found = await self._read(statements.SETTINGS, {})
        with understood(self._reader.place):
            return {row["name"]: _setting(row) for row in found}

    async def get(self, account: str) -> Setting:
        found = await self._read(statements.SETTING, {"account": account})
        with understood(self._reader.place):
            return _setting(found[0]) if found else Setting()

    async def set_enabled(self, account: str, value: bool | None, who: str, now: datetime) -> None:
        await self._set([account], "enabled", None if value is None else int(value), who, now)

    async def set_all_enabled(self, accounts: Collection[str], value: bool, who: str, now: datetime) -> None:
        await self._set(accounts, "enabled", int(value), who, now)

    async def set_direction(self, account: str, value: Direction | None, who: str, now: datetime) -> None:
        await self._set([account], "direction", None if value is None else value.value, who, now)

    async def audit(self, last: int, account: str | None = None) -> Sequence[AuditEntry]:
        if account is None:
            found = await self._read(statements.AUDIT, {"last": last})
        else:
            found = await self._read(statements.AUDIT_OF_ACCOUNT, {"account": account, "last": last})
        with understood(self._reader.place):
            return [_audit_entry(row) for row in reversed(found)]

    async def note(self, entry: AuditEntry) -> None:
        values = asdict(entry) | {"at": codec.instant_text(entry.at)}

        def put(database: sqlite3.Connection) -> None:
            database.execute(statements.ADD_AUDIT, values)

        await self._writer.transaction("IMMEDIATE", put)

    async def _set(
        self, accounts: Collection[str], what: str, value: int | str | None, who: str, now: datetime
    ) -> None:
        """Change one setting and tell the audit, in one transaction. What is set already changes nothing."""
        entry = {"at": codec.instant_text(now), "who": who, "what": what}

        def put(database: sqlite3.Connection) -> None:
            for account in accounts:
                database.execute(statements.NEW_ACCOUNT, {"account": account})
                (row,) = fetch(database, statements.SETTING, {"account": account})
                if row[what] != value:
                    database.execute(statements.SET[what], {"account": account, "value": value})
                    change = {"account": account, "before": _text(row[what]), "after": _text(value)}
                    database.execute(statements.ADD_AUDIT, {**entry, **change})

        await self._writer.transaction("IMMEDIATE", put)

    async def _read(self, sql: str, values: Mapping[str, Any]) -> Sequence[sqlite3.Row]:
        return await self._reader.transaction("DEFERRED", lambda database: fetch(database, sql, values))


async def chosen_directions(path: Path) -> Mapping[str, Direction]:
    """Return the directions that people have chosen, by account, of a store that stays as it is.

    Where there is none, nobody has. Raises StoreError, also for one that is newer or foreign.
    """
    if not there(path):
        return {}
    async with unchanged(path) as raw:
        found = await Connection(raw, str(path)).transaction("DEFERRED", partial(_directions, str(path)))
    with understood(str(path)):
        return {row["name"]: Direction(row["direction"]) for row in found}


def _directions(place: str, database: sqlite3.Connection) -> Sequence[sqlite3.Row]:
    version = check_version(place, migrations(), database)
    return [] if version < SETTINGS_SINCE else fetch(database, statements.DIRECTIONS, {})


def _setting(row: sqlite3.Row) -> Setting:
    return Setting(
        enabled=None if row["enabled"] is None else bool(row["enabled"]),
        direction=None if row["direction"] is None else Direction(row["direction"]),
        good_at=None if row["good_at"] is None else codec.instant(row["good_at"]),
    )


def _audit_entry(row: sqlite3.Row) -> AuditEntry:
    return AuditEntry(
        at=codec.instant(row["at"]),
        who=row["who"],
        account=row["account"],
        what=row["what"],
        before=row["before"],
        after=row["after"],
    )


def _text(value: int | str | None) -> str | None:
    """Return a value as the audit has it: `on` and `off` for the switch."""
    if isinstance(value, int):
        return "on" if value else "off"
    return value
