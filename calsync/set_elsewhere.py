"""What other processes set: a command, or a second service. Whoever is set so runs at once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from calsync.errors import StoreError

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.records import Setting, Settings
    from calsync.service import Service
    from calsync.sync.model import Direction

    Choice = tuple[bool | None, Direction | None]
    """Of one account: its switch, and its direction."""

SETTINGS_SECONDS = 5.0
"""How often the service looks whether another process has set an account."""


async def heed_others(settings: Settings, service: Service, stop: asyncio.Event) -> None:
    """Wake the accounts that another process has set, until `stop` is set."""
    before: Mapping[str, Choice] | None = None
    while not stop.is_set():
        with suppress(StoreError):  # it is told by every run
            now = _chosen(await settings.all())
            known = now if before is None else before
            for account in sorted(known.keys() | now.keys()):
                if known.get(account) != now.get(account):
                    service.wake(account, "it was set")
            before = now
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), SETTINGS_SECONDS)


def _chosen(settings: Mapping[str, Setting]) -> Mapping[str, Choice]:
    """Return what people have chosen, of the accounts for which they have."""
    choices = {account: (setting.enabled, setting.direction) for account, setting in settings.items()}
    return {account: choice for account, choice in choices.items() if choice != (None, None)}
