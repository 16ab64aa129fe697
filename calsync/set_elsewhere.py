"""What other processes set: a command, or a second service. Whoever is set so runs at once."""

from __future__ import annotations

import asyncio
from contextlib import suppress
from typing import TYPE_CHECKING

from calsync.errors import StoreError
from calsync.records import Setting

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from calsync.records import Settings
    from calsync.service import Service

SETTINGS_SECONDS = 5.0
"""How often the service looks whether another process has set an account."""


async def heed_others(settings: Settings, service: Service, stop: asyncio.Event) -> None:
    """Wake the accounts that another process has set, until `stop` is set."""
    before: Mapping[str, Setting] | None = None
    while not stop.is_set():
        with suppress(StoreError):  # it is told by every run
            now = await settings.all()
            for account in _set_otherwise(now if before is None else before, now):
                service.wake(account, "it was set")
            before = now
        with suppress(TimeoutError):
            await asyncio.wait_for(stop.wait(), SETTINGS_SECONDS)


def _set_otherwise(before: Mapping[str, Setting], now: Mapping[str, Setting]) -> Iterable[str]:
    """Yield the accounts whose switch or direction is another one."""
    for account, setting in now.items():
        known = before.get(account, Setting())
        if (setting.enabled, setting.direction) != (known.enabled, known.direction):
            yield account
