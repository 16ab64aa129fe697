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
log = logging.getLogger("calsync.web")


@asynccontextmanager
async def serving(endpoint: Endpoint, host: str, port: int) -> AsyncIterator[None]:
    """Answer calls from entering to leaving, without TLS. Raises ConfigError where nobody can listen there."""
    runner = web.AppRunner(endpoint.application(), access_log=None, shutdown_timeout=STOP_SECONDS)
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
