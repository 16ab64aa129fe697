"""Figures for Prometheus (`/metrics`)."""

from __future__ import annotations

from typing import TYPE_CHECKING

from aiohttp import web

from calsync.web.inside import inside

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

TYPE = "text/plain; version=0.0.4; charset=utf-8"
"""Prometheus' text format."""


def metrics_routes(text: Callable[[], Awaitable[bytes]], token: str | None) -> list[web.RouteDef]:
    """Return what answers with `text`, as `inside` does."""

    async def answer(_: web.Request) -> web.Response:
        return web.Response(body=await text(), headers={"Content-Type": TYPE})

    return [web.get("/metrics", inside(answer, token))]
