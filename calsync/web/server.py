"""Serving, as long as the service runs."""

from __future__ import annotations

import logging
from contextlib import asynccontextmanager
from typing import TYPE_CHECKING

from aiohttp import web

from calsync.errors import ConfigError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator

    from calsync.web.doorbells import Endpoint

STOP_SECONDS = 1.0
"""How long calls under way may finish: each is a matter of milliseconds."""
SILENT = logging.Logger("calsync.web.silent", logging.CRITICAL + 1)  # noqa: LOG001 - nobody shall turn it on
"""For aiohttp: it would log what anybody sends, with a traceback, and so let them fill the log."""
log = logging.getLogger("calsync.web")


@asynccontextmanager
async def serving(endpoint: Endpoint, host: str, port: int) -> AsyncIterator[None]:
    """Answer calls from entering to leaving, without TLS. Raises ConfigError where nobody can listen there."""
    application = endpoint.application()
    runner = web.AppRunner(application, access_log=None, logger=SILENT, shutdown_timeout=STOP_SECONDS)
    await runner.setup()
    try:
        try:
            await web.TCPSite(runner, host, port).start()
        except OSError as error:
            problem = f"service.listen: cannot listen at {host}:{port} ({error.strerror}); choose another address"
            raise ConfigError([problem]) from error
        log.info("doorbells are heard at %s:%d", host, port)
        yield
    finally:
        await runner.cleanup()
