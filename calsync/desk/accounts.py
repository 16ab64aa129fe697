"""Switching an account on and off, and choosing its direction.

Both stand in the store, so that every process heeds them: a run at its start, and the switch before each write. An
account that is switched off keeps everything: on again, it goes on where it was. A side that a new direction lets
calsync write waits until a person has confirmed the plan.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Collection

    from calsync.ports import Clock
    from calsync.records import Settings
    from calsync.sync.model import Direction


def _ignore(account: str, reason: str) -> None:
    del account, reason


class Accounts:
    """The accounts of a configuration, as people may set them."""

    def __init__(
        self,
        settings: Settings,
        known: Callable[[], Awaitable[Collection[str]]],
        clock: Clock,
        changed: Callable[[str, str], None] = _ignore,
    ) -> None:
        """`known` returns the names of all accounts; `changed` is told which account was set, and why.

        A service of another process finds out by itself, within seconds.
        """
        self._settings = settings
        self._known = known
        self._clock = clock
        self._changed = changed

    async def switch(self, account: str, who: str, *, on: bool) -> None:
        """Switch an account on or off. `who` is for the audit.

        Raises ConfigError for an unknown one, StoreError.
        """
        await self._expect(account)
        await self.switch_all([account], who, on=on)

    async def switch_all(self, accounts: Collection[str], who: str, *, on: bool) -> None:
        """Switch accounts that are known on or off: all of them, or none. Raises StoreError."""
        await self._settings.set_all_enabled(accounts, on, who, self._clock.now())
        for account in accounts:
            self._changed(account, f"switched {'on' if on else 'off'}")

    async def direct(self, account: str, direction: Direction, who: str) -> None:
        """Choose an account's direction. Raises as `switch`."""
        await self._expect(account)
        await self._settings.set_direction(account, direction, who, self._clock.now())
        self._changed(account, f"direction {direction}")

    async def _expect(self, account: str) -> None:
        known = await self._known()
        if account not in known:
            names = ", ".join(sorted(known)) or "none"
            raise ConfigError([f"there is no account {account!r}; accounts are: {names}"])
