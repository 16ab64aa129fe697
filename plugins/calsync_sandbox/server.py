"""What all servers of the sandbox share: they listen on loopback, keep every request, and fail when asked to."""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

from aiohttp import web

from calsync_sandbox.faults import Fault, Faults

if TYPE_CHECKING:
    import ssl
    from collections.abc import Callable, Iterable, Mapping, Sequence

    from aiohttp.typedefs import Handler, Middleware

HOST = "127.0.0.1"
KEPT_HEADERS = frozenset(
    {"accept", "authorization", "cognitotoken", "content-type", "if-match", "prefer", "token", "x-ff-version"}
)
"""The request headers that are kept. The sandbox's credentials are made up at its start and open nothing else."""
MAX_BODY_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True, kw_only=True)
class Recorded:
    """A request as it arrived, and the status it was answered with."""

    method: str
    path: str
    """Decoded, without the query."""
    query: Mapping[str, str]
    headers: Mapping[str, str]
    """Lower-cased names, only those of `KEPT_HEADERS`."""
    body: bytes
    status: int
    """0: the connection was closed without an answer."""
    started: float
    """Seconds on the monotonic clock; `finished` alike."""
    finished: float


class Server(ABC):
    """One HTTP server on 127.0.0.1. What it stores outlives `stop`, so it can be away for a while."""

    def __init__(self, name: str) -> None:
        self.name = name
        self.faults = Faults()
        self.latency = 0.0
        """Seconds that each request waits before anything is done about it."""
        self.arrived: Callable[[web.Request], object] = lambda _: None
        """Called with every request when it has arrived whole, before anything is done about it."""
        self.requests: list[Recorded] = []
        """Every answered (or dropped) request, in the order in which they ended."""
        self.peak = 0
        """The highest number of requests that were under way at once."""
        self.port = 0
        self._under_way = 0
        self._runner: web.AppRunner | None = None

    @abstractmethod
    def routes(self) -> Iterable[web.AbstractRouteDef]:
        """Return the routes that this server answers; every other path is a 404."""

    def middlewares(self) -> Sequence[Middleware]:
        """Return what stands between the common recording and the routes, outermost first."""
        return ()

    @property
    def url(self) -> str:
        """Return the base address, without a slash at its end."""
        return f"http://{HOST}:{self.port}"

    async def start(self, port: int = 0) -> None:
        """Listen. Port 0 takes a free one, which is in `port` afterwards."""
        middlewares: list[Middleware] = [self._observe, *self.middlewares()]
        app = web.Application(middlewares=middlewares, client_max_size=MAX_BODY_BYTES)
        app.add_routes(self.routes())
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, port).start()
        self.port = self._runner.addresses[0][1]

    async def listen(self, context: ssl.SSLContext) -> int:
        """Listen for TLS, too, on a free port, and return it."""
        if self._runner is None:
            raise RuntimeError("the server has not been started")
        await web.TCPSite(self._runner, HOST, 0, ssl_context=context).start()
        port: int = self._runner.addresses[-1][1]
        return port

    def hang_up(self) -> None:
        """Close all connections, as servers do with those that have been idle for long."""
        if self._runner is not None and self._runner.server is not None:
            for connection in self._runner.server.connections:
                if connection.transport is not None:
                    connection.transport.close()

    def fault_path(self, request: web.Request, body: bytes) -> str:
        """Return what the paths of faults are searched in."""
        del body
        return request.path

    async def stop(self) -> None:
        """Close all connections. A second call does nothing."""
        if self._runner is not None:
            await self._runner.cleanup()
            self._runner = None

    def sent(self, method: str | None = None, path_contains: str | None = None) -> list[Recorded]:
        """Return the requests with this method whose path contains this text."""
        return [
            request
            for request in self.requests
            if (method is None or request.method == method)
            and (path_contains is None or path_contains in request.path)
        ]

    def clear(self) -> None:
        """Forget the requests and the peak; what the server stores stays."""
        self.requests.clear()
        self.peak = self._under_way

    @web.middleware
    async def _observe(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        started, status, body = time.monotonic(), 0, b""
        self._under_way += 1
        self.peak = max(self.peak, self._under_way)
        try:
            body = await request.read()
            self.arrived(request)
            if self.latency:
                await asyncio.sleep(self.latency)
            response = await self._handle(request, handler)
            if request.transport is not None and not request.transport.is_closing():
                status = response.status
        except web.HTTPException as refusal:
            status = refusal.status
            raise
        except Exception:
            status = 500
            raise
        else:
            return response
        finally:
            self._under_way -= 1
            self.requests.append(_recorded(request, body, status, started))

    async def _handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        fault = self.faults.take(request.method, self.fault_path(request, await request.read()))
        if fault is None:
            return await handler(request)
        response: web.StreamResponse | None = None
        if fault.after_commit:
            response = await handler(request)
        if fault.hold is not None:
            await fault.hold.wait()
        if fault.drop:
            return _dropped(request)
        if fault.status is not None:
            return _refused(fault, fault.status)
        return await handler(request) if response is None else response


def _dropped(request: web.Request) -> web.Response:
    if request.transport is not None:
        request.transport.abort()
    return web.Response()


def _refused(fault: Fault, status: int) -> web.Response:
    return web.Response(status=status, headers=dict(fault.headers), body=fault.body)


def _recorded(request: web.Request, body: bytes, status: int, started: float) -> Recorded:
    headers = {name.lower(): value for name, value in request.headers.items() if name.lower() in KEPT_HEADERS}
    return Recorded(
        method=request.method,
        path=request.path,
        query=dict(request.query),
        headers=headers,
        body=body,
        status=status,
        started=started,
        finished=time.monotonic(),
    )
