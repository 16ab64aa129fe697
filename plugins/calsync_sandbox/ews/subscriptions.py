"""Streaming subscriptions: which folders and events a client wants to be woken for."""

from __future__ import annotations

import base64
import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    import asyncio

    from calsync_sandbox.ews.folders import Folder


@dataclass(frozen=True, slots=True)
class Subscription:
    id: str
    owner: str
    """The login of the user who has subscribed."""
    folders: tuple[Folder, ...]
    events: frozenset[str]


@dataclass(slots=True)
class Subscriptions:
    """All subscriptions of one server, and the streams that are open."""

    by_id: dict[str, Subscription] = field(default_factory=dict)
    streams: set[asyncio.Event] = field(default_factory=set)
    """One event for each open stream: set, the stream ends."""

    def add(self, owner: str, folders: tuple[Folder, ...], events: frozenset[str]) -> Subscription:
        made = Subscription(base64.b64encode(secrets.token_bytes(36)).decode(), owner, folders, events)
        self.by_id[made.id] = made
        return made

    def close_streams(self) -> None:
        """End all open streams in good order."""
        for stream in self.streams:
            stream.set()

    def lose(self) -> None:
        """Forget all subscriptions, as a restarted server does; open streams end."""
        self.by_id.clear()
        self.close_streams()
