"""What people choose for accounts, and who did it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

from msgspec import structs

from calsync.records import AuditEntry, Setting, Settings
from calsync.store import codec, statements
from calsync.store.connection import fetch
from calsync.store.failures import understood
from calsync.sync.model import Direction

if TYPE_CHECKING:
    from collections.abc import Collection, Mapping, Sequence
    from datetime import datetime

    from calsync.store.commits import Commits
    from calsync.store.connection import Connection, Database, Found


class StoredSettings(Settings):
    """Reached as `SqlStore.settings`."""

    def __init__(self, writer: Connection, reader: Connection, commits: Commits | None = None) -> None:
        """Take the `commits` of the same database, so that not each question is one to it; None: it is."""
        self._writer = writer
        self._reader = reader
        self._commits = commits
        self._number: int | None = None
        self._off: dict[str, bool] = {}
        """What was read since that commit."""

    async def all(self) -> Mapping[str, Setting]:
        found = await self._read(statements.SETTINGS, {})
        with understood(self._reader.place):
            return {row["name"]: _setting(row) for row in found}

    async def get(self, account: str) -> Setting:
        found = await self._read(statements.SETTING, {"account": account})
        with understood(self._reader.place):
            return _setting(found[0]) if found else Setting()

    async def is_off(self, account: str) -> bool:
        number = None if self._commits is None else self._commits.number()
        if number is None or number != self._number:
            self._number, self._off = number, {}
        if account in self._off:
            return self._off[account]
        off = (await self.get(account)).off
        if number is not None and number == self._number:  # else it may be older than another one's number
            self._off[account] = off
        return off

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
        values = structs.asdict(entry) | {"at": codec.instant_text(entry.at)}

        def put(database: Database) -> None:
            database.execute(statements.ADD_AUDIT, values)

        await self._writer.write(put)

    async def _set(
        self, accounts: Collection[str], what: str, value: int | str | None, who: str, now: datetime
    ) -> None:
        """Change one setting and tell the audit, in one transaction. What is set already changes nothing."""
        entry = {"at": codec.instant_text(now), "who": who, "what": what}

        def put(database: Database) -> None:
            for account in accounts:
                database.execute(statements.NEW_ACCOUNT, {"account": account})
                (row,) = fetch(database, statements.SETTING, {"account": account})
                if row[what] != value:
                    database.execute(statements.SET[what], {"account": account, "value": value})
                    change = {"account": account, "before": _text(row[what]), "after": _text(value)}
                    database.execute(statements.ADD_AUDIT, {**entry, **change})

        await self._writer.write(put)

    async def _read(self, sql: str, values: Mapping[str, Any]) -> Sequence[Found]:
        return await self._reader.call(lambda database: fetch(database, sql, values))


def _setting(row: Found) -> Setting:
    return Setting(
        enabled=None if row["enabled"] is None else bool(row["enabled"]),
        direction=None if row["direction"] is None else Direction(row["direction"]),
        good_at=None if row["good_at"] is None else codec.instant(row["good_at"]),
    )


def _audit_entry(row: Found) -> AuditEntry:
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
