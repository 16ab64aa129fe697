"""Whether calsync lives (`/healthz`), and whether it can work (`/readyz`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from calsync.web.inside import inside

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Sequence

    Problems = Callable[[], Awaitable[Sequence[str]]]


def health_routes(problems: Problems, token: str | None) -> list[web.RouteDef]:
    """Return what answers. `problems` says what is in the way of working, in sentences; nothing where it works.

    That calsync lives is told to everybody; what is in its way, as `inside` does.
    """

    async def ready(_: web.Request) -> web.Response:
        found = await problems()
        if found:
            return web.Response(status=503, text="".join(f"{line}\n" for line in found))
        return web.Response(text="ready\n")

    return [web.get("/healthz", _alive), web.get("/readyz", inside(ready, token))]


async def _alive(_: web.Request) -> web.Response:
    """Answer: whoever can do so has a loop that turns."""
    return web.Response(text="alive\n")
