"""`calsync check`: sign in everywhere, open everything, and tell what was found."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.connections import connections_of
from calsync.discovery import finding
from calsync.errors import CalsyncError, StoreError
from calsync.ports import Finding
from calsync.results import CheckResult
from calsync.stores import store_of
from calsync.values import replace

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from calsync.config import AccountConfig, Config
    from calsync.connections import Connections
    from calsync.roster import Roster
    from calsync.sync.model import Direction

WORKS = Finding("ok", "works", "Alles in Ordnung")


class Checking:
    """One check of a configuration. It writes nothing, or what `try_writes` says."""

    def __init__(self, config: Config, connections: Connections, roster: Roster, *, try_writes: bool) -> None:
        self._config = config
        self._connections = connections
        self._roster = roster
        self._try_writes = try_writes
        self._broken: set[str] = set()
        """The connections that do not work: their accounts are not looked at."""

    async def everything(self) -> list[CheckResult]:
        """Return what was found: of the configuration, the store, connections, accounts, and who is discovered."""
        results = [
            CheckResult("configuration", "warning", line) for one in self._config.ignored for line in one.problems
        ]
        chosen: Mapping[str, Direction] = {}
        try:
            chosen = await store_of(self._config.service).directions()
        except StoreError as error:
            told = f"{error}; accounts are checked in the directions of the configuration"
            results.append(CheckResult("store", "warning", told))
        for name in self._config.connections:
            results.extend(_checked(f"connection {name}", await self._connection(name)))
        results.extend(await self._accounts(_directed(self._config.accounts, chosen)))
        discover = self._config.discover
        if discover is not None and not connections_of(discover.account) & self._broken:
            results.extend(await self._discovered(chosen))
        return results

    async def _connection(self, name: str) -> Sequence[Finding]:
        try:
            await self._connections.login(name)
            return [one.beside(name) for one in await self._connections.provider(name).check()]
        except CalsyncError as error:
            self._broken.add(name)
            return [Finding("error", line) for line in _lines(error)]

    async def _discovered(self, chosen: Mapping[str, Direction]) -> list[CheckResult]:
        try:
            found = await self._roster.discover()
        except CalsyncError as error:
            return _checked("discovery", [Finding("error", line) for line in _lines(error)])
        told = _checked("discovery", [finding(one) for one in self._roster.discovered])
        return [*told, *await self._accounts(_directed(found, chosen))]

    async def _accounts(self, accounts: Mapping[str, AccountConfig]) -> list[CheckResult]:
        """Check the accounts whose connections work."""
        return [
            result
            for name, account in accounts.items()
            if connections_of(account).isdisjoint(self._broken)
            for result in _checked(f"account {name}", await self._account(account))
        ]

    async def _account(self, config: AccountConfig) -> Sequence[Finding]:
        try:
            opened = await self._connections.open(config)
            findings: list[Finding] = []
            for side, calendar in opened.calendars.items():
                provider = self._connections.provider(config.side(side).connection)
                writes = config.direction.writes(side)
                if self._try_writes and writes:
                    findings.extend(await provider.try_writes(calendar))
                found = await provider.check_calendar(calendar)
                findings.extend(_where_writable(found, writes=writes))
        except CalsyncError as error:
            return [Finding("error", line) for line in _lines(error)]
        return findings


def _directed(accounts: Mapping[str, AccountConfig], chosen: Mapping[str, Direction]) -> dict[str, AccountConfig]:
    """Return accounts under the directions that people have chosen."""
    return {name: replace(one, direction=chosen.get(name, one.direction)) for name, one in accounts.items()}


def _lines(error: CalsyncError) -> Sequence[str]:
    return str(error).splitlines()


def _where_writable(findings: Sequence[Finding], *, writes: bool) -> list[Finding]:
    """Return a calendar's findings; what is in the way of writing is no obstacle on a side that is only read."""
    if writes:
        return list(findings)
    return [replace(one, severity="warning") if one.severity == "error" else one for one in findings]


def _checked(scope: str, findings: Sequence[Finding]) -> list[CheckResult]:
    return [
        CheckResult(scope, one.severity, one.message.removeprefix(f"{scope}: "), one.german)
        for one in findings or [WORKS]
    ]
