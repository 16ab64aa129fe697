"""What checks of connections have found. Each is made when somebody looks at its connection, and kept a while."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from datetime import timedelta
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Mapping, Sequence
    from datetime import datetime

    from calsync.ports import Clock, Finding

KEPT = timedelta(minutes=10)


@dataclass(frozen=True, slots=True)
class Checked:
    """One connection's last check."""

    at: datetime
    findings: Sequence[Finding]


class Checks:
    """Reached as `Desk.checks`. A server that does not answer is asked once for all who look meanwhile."""

    def __init__(
        self,
        check: Callable[[str], Awaitable[Sequence[Finding]]],
        clock: Clock,
        good: Callable[[str], object] = lambda _: None,
    ) -> None:
        """`check` asks a connection's servers; `good` is told of a connection that was found to work."""
        self._check = check
        self._good = good
        self._clock = clock
        self._kept: dict[str, Checked] = {}
        self._locks: dict[str, asyncio.Lock] = {}
        self._asking: set[str] = set()
        """Connections that are being asked, and have not changed since that began."""

    def last(self) -> Mapping[str, Sequence[Finding]]:
        """Return what was found lately, by connection, as `Known.findings` is asked."""
        return {name: one.findings for name in tuple(self._kept) if (one := self._fresh(name)) is not None}

    async def of(self, connection: str, *, anew: bool = False) -> Checked:
        """Return what a check finds, or has found lately. Raises Invalid for an unknown one, ConfigError."""
        asked = self._clock.now()
        async with self._locks.setdefault(connection, asyncio.Lock()):
            known = self._fresh(connection)
            if known is not None and (not anew or known.at > asked):
                return known
            self._kept.pop(connection, None)
            findings = await self._ask(connection)
            self._kept[connection] = checked = Checked(self._clock.now(), findings)
            if all(one.severity != "error" for one in findings):
                self._good(connection)
            return checked

    def forget(self, connection: str | None = None) -> None:
        """Let a connection, or every one, be asked anew: it is another one, or somebody has signed in to it."""
        for name in tuple(self._kept) if connection is None else (connection,):
            self._kept.pop(name, None)
        self._asking.difference_update(tuple(self._asking) if connection is None else (connection,))

    async def _ask(self, connection: str) -> Sequence[Finding]:
        """Ask its servers, once more where it has become another one meanwhile."""
        while True:
            self._asking.add(connection)
            findings = await self._check(connection)
            if connection in self._asking:
                self._asking.remove(connection)
                return findings

    def _fresh(self, connection: str) -> Checked | None:
        found = self._kept.get(connection)
        return found if found is not None and self._clock.now() - found.at < KEPT else None
