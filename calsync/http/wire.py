"""What calsync adds to aiohttp's connections and bodies."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import aiohttp

from calsync.errors import Retry
from calsync.ports import may_change

if TYPE_CHECKING:
    import asyncio

    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.connector import Connection


class Change(aiohttp.BytesPayload):
    """The body of a request that changes something. It asks `may_change` at the very last moment.

    aiohttp writes bodies in tasks of their own, so a process may be frozen with several about to be written, and
    would send them all when it goes on.
    """

    refused: Retry | None = None
    """Why nothing was sent."""

    @property
    def consumed(self) -> bool:
        """Say that it cannot be sent again: aiohttp by itself repeats a PUT or a DELETE whose answer is lost."""
        return True

    async def write(self, writer: AbstractStreamWriter) -> None:
        self._ask()
        await super().write(writer)

    async def write_with_length(self, writer: AbstractStreamWriter, content_length: int | None) -> None:
        self._ask()
        await super().write_with_length(writer, content_length)

    def _ask(self) -> None:
        try:
            may_change.get()()
        except Retry as refused:
            self.refused = refused
            raise


class Connector(aiohttp.TCPConnector):
    """Knows the connection that the last request went over: some sign-ins hold for one connection only."""

    opened = 0
    """How many connections there were so far."""
    certificate: bytes | None = None
    """The server's certificate on the present one (DER); None without TLS."""
    _transport: asyncio.BaseTransport | None = None

    async def connect(self, *arguments: Any, **named: Any) -> Connection:
        connection = await super().connect(*arguments, **named)
        transport = connection.transport
        if transport is not None and transport is not self._transport:
            self._transport = transport
            self.opened += 1
            tls = transport.get_extra_info("ssl_object")
            self.certificate = None if tls is None else tls.getpeercert(binary_form=True)
        return connection


def cause(error: Exception) -> str:
    """Return why there is no connection, for a person."""
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not trusted"
    if isinstance(error, aiohttp.ClientConnectorError):
        return (
            str(error.os_error) or type(error.os_error).__name__
        )  # one that ends in the TLS handshake says nothing
    return type(error).__name__
