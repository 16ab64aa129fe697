"""Reading a configuration anew while the service runs."""

from __future__ import annotations

import asyncio
from dataclasses import fields
from typing import TYPE_CHECKING

from calsync.errors import ConfigError
from calsync.loading import load

if TYPE_CHECKING:
    from calsync.config import Config
    from calsync.loader import Loaded

AT_ANY_TIME = frozenset({"poll_seconds"})
"""The keys of `service:` that may change while the service runs."""


async def load_again(before: Config) -> tuple[Config, Loaded]:
    """Read a configuration's file as it is now; no account waits for that.

    Raises ConfigError, PluginError for a configuration that cannot be taken over.
    """
    after, loaded = await asyncio.to_thread(load, before.path)
    changed = [
        one.name
        for one in fields(before.service)
        if one.name not in AT_ANY_TIME and getattr(before.service, one.name) != getattr(after.service, one.name)
    ]
    if changed:
        raise ConfigError(
            [f"{after.path}: service.{name} is read at the start only; start calsync anew" for name in changed]
        )
    return after, loaded
