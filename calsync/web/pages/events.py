"""The stream that keeps an open page up to date."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import web

from calsync.web.events import message, pause_after

if TYPE_CHECKING:
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

HEARTBEAT = 25.0
"""Seconds of silence that no proxy takes for the end. So often it is looked up, also where nothing has changed,
whether the session goes on and which accounts are the visitor's."""


def add_to(site: Site) -> None:
    """Add the stream. It tells of accounts that its visitor may see, and ends with the session."""

    async def listen(request: web.Request, visitor: Visitor) -> web.StreamResponse:
        headers = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers=headers)
        async with site.broadcaster.stream() as stream:
            with suppress(ConnectionError):  # the page was left
                await response.prepare(request)
                changed: frozenset[str] = frozenset()
                while not stream.ended:
                    person = await site.desk.access.by_session(visitor.session, used=False)
                    if person is None:
                        break
                    if not person.administrator:
                        own = await site.desk.people.accounts_of(person)
                        stream.watch(own)
                        changed &= own
                    else:
                        stream.watch(None)
                    await response.write(message(changed))
                    await stream.pause(pause_after(changed))
                    changed = await stream.next(HEARTBEAT)
        return response

    site.add("GET", "/events", listen)
