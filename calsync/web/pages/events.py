"""The stream that keeps an open page up to date."""

from __future__ import annotations

from contextlib import suppress
from typing import TYPE_CHECKING

from aiohttp import web

from calsync.web.events import PAUSE, message

if TYPE_CHECKING:
    from calsync.web.site import Site
    from calsync.web.visitor import Visitor

HEARTBEAT = 25.0
"""Seconds of silence that no proxy takes for the end."""


def add_to(site: Site) -> None:
    """Add the stream. It tells of accounts that its visitor may see, and ends with the session."""

    async def listen(request: web.Request, visitor: Visitor) -> web.StreamResponse:
        headers = {"Content-Type": "text/event-stream", "X-Accel-Buffering": "no"}
        response = web.StreamResponse(headers=headers)
        async with site.broadcaster.stream() as stream:
            with suppress(ConnectionError):  # the page was left
                await response.prepare(request)
                await response.write(message(frozenset()))
                while not stream.ended:
                    changed = await stream.next(HEARTBEAT)
                    person = await site.desk.access.by_session(visitor.session, used=False)
                    if person is None:
                        break
                    if changed and not person.administrator:
                        changed &= await site.desk.people.accounts_of(person)
                    await response.write(message(changed))
                    await stream.pause(PAUSE)
        return response

    site.add("GET", "/events", listen)
