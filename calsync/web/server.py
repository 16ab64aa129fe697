"""Serving, as long as the service runs."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from calsync.errors import ConfigError
from calsync.web.doorbells import MAX_CALL_BYTES
from calsync.web.security import harden

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Iterable

    from calsync.web.site import Site

STOP_SECONDS = 1.0
"""How long calls under way may finish: each is a matter of milliseconds."""
SILENT = logging.Logger("calsync.web.silent", logging.CRITICAL + 1)  # noqa: LOG001 - nobody shall turn it on
"""For aiohttp: it would log what anybody sends, with a traceback, and so let them fill the log."""
log = logging.getLogger("calsync.web")


@asynccontextmanager
async def serving(
    routes: Iterable[web.RouteDef], host: str, port: int, site: Site | None = None
) -> AsyncIterator[None]:
    """Answer calls, and show pages, from entering to leaving, without TLS.

    Raises ConfigError where nobody can listen there.
    """
    application = web.Application(client_max_size=MAX_CALL_BYTES)
    application.on_response_prepare.append(harden)
    application.add_routes(routes)
    if site is not None:
        application.add_routes(site.routes())
    runner = web.AppRunner(application, access_log=None, logger=SILENT, shutdown_timeout=STOP_SECONDS)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            problem = f"service.listen: cannot listen at {host}:{port} ({error.strerror}); choose another address"
            raise ConfigError([problem]) from error
        for what in ["calls are answered", *(["pages are shown"] if site else [])]:
            log.info("%s at %s:%d", what, host, port)
        yield
    finally:
        if site is not None:
            site.end()
        await runner.cleanup()
