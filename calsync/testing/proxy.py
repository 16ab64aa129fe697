"""A proxy that stands before any HTTP server of a test, and lets answers go wrong as networks and servers do."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Self

import aiohttp
from aiohttp import web
from yarl import URL

from calsync.ports import SystemClock

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from types import TracebackType

    from calsync.ports import Clock

HOST = "127.0.0.1"
HOP_BY_HOP = frozenset({"connection", "keep-alive", "te", "trailer", "transfer-encoding", "upgrade"})
"""Headers of one connection, not of a message (RFC 9110, 7.6.1)."""
MAX_BODY_BYTES = 64 * 1024 * 1024


def any_request(_method: str, _path: str) -> bool:
    return True


@dataclass(frozen=True, slots=True, kw_only=True)
class Trouble:
    """What goes wrong with the requests that it matches. Only `after` lets the server see them."""

    matches: Callable[[str, str], bool] = any_request
    """Is asked with the method and the path with its query."""
    times: int | None = 1
    """How many requests it hits; None: all until `clear`."""
    after: bool = False
    """The server has carried the request out; only its answer goes wrong."""
    status: int | None = None
    """Answer with this status and `headers`, without a body. None, and no `cut` or `delay`: no answer at all."""
    headers: Mapping[str, str] = field(default_factory=dict)
    cut: bool = False
    """The true answer breaks off in the middle of its body, and the connection with it."""
    delay: float = 0.0
    """Seconds for which the true answer is held back."""


@dataclass(frozen=True, slots=True)
class Passed:
    """A request that the server has seen."""

    method: str
    path: str
    status: int


class FaultProxy:
    """Listens on loopback and hands every request on to one server, whose own address it replaces by its own.

    Links in headers and bodies lead to the proxy, too. Not for what is bound to a connection or to TLS, as NTLM.
    """

    def __init__(self, upstream: str, clock: Clock | None = None) -> None:
        """`upstream`: the server's scheme, host and port. `clock`: what answers are held back by."""
        self._clock = clock or SystemClock()
        self.upstream = str(URL(upstream).origin())
        self.passed: list[Passed] = []
        self._troubles: list[Trouble] = []
        self._left: dict[int, int | None] = {}
        self._client: aiohttp.ClientSession | None = None
        self._runner: web.AppRunner | None = None
        self._port = 0

    @property
    def url(self) -> str:
        """Return the proxy's address, without a slash at its end."""
        return f"http://{HOST}:{self._port}"

    async def __aenter__(self) -> Self:
        self._client = aiohttp.ClientSession(
            auto_decompress=False, cookie_jar=aiohttp.DummyCookieJar(), timeout=aiohttp.ClientTimeout(total=60)
        )
        app = web.Application(client_max_size=MAX_BODY_BYTES)
        app.router.add_route("*", "/{path:.*}", self._handle)
        self._runner = web.AppRunner(app, access_log=None, shutdown_timeout=0.1)
        await self._runner.setup()
        await web.TCPSite(self._runner, HOST, 0).start()
        self._port = self._runner.addresses[0][1]
        return self

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        if self._runner is not None:
            await self._runner.cleanup()
        if self._client is not None:
            await self._client.close()

    def add(self, trouble: Trouble) -> None:
        """Let this go wrong from now on; of several that match a request, the one that was added first."""
        self._troubles.append(trouble)
        self._left[id(trouble)] = trouble.times

    def clear(self) -> None:
        """Let everything go right again."""
        self._troubles.clear()
        self._left.clear()

    def _take(self, method: str, path: str) -> Trouble | None:
        for trouble in self._troubles:
            left = self._left[id(trouble)]
            if left != 0 and trouble.matches(method, path):
                self._left[id(trouble)] = None if left is None else left - 1
                return trouble
        return None

    async def _handle(self, request: web.Request) -> web.StreamResponse:
        body = await request.read()
        trouble = self._take(request.method, request.raw_path)
        if trouble is None:
            return await self._passed_on(request, body)
        answer: web.Response | None = None
        if trouble.after or trouble.cut or trouble.delay:
            answer = await self._passed_on(request, body)
        if trouble.status is not None:
            return web.Response(status=trouble.status, headers=dict(trouble.headers))
        if trouble.cut and answer is not None:
            return await _broken_off(request, answer)
        if trouble.delay and answer is not None:
            await self._clock.sleep(trouble.delay)
            return answer
        if request.transport is not None:
            request.transport.abort()
        return web.Response()

    async def _passed_on(self, request: web.Request, body: bytes) -> web.Response:
        """Ask the server, and return its answer with the proxy's address in place of the server's."""
        assert self._client is not None  # noqa: S101 - requests come after the start only
        headers = {
            name: value.replace(self.url, self.upstream)
            for name, value in request.headers.items()
            if name.lower() not in {*HOP_BY_HOP, "host", "content-length", "accept-encoding"}
        }
        headers["Accept-Encoding"] = "identity"
        target = URL(self.upstream + request.raw_path, encoded=True)
        body = body.replace(self.url.encode(), self.upstream.encode())
        async with self._client.request(
            request.method, target, data=body or None, headers=headers, allow_redirects=False
        ) as answer:
            content = (await answer.read()).replace(self.upstream.encode(), self.url.encode())
            self.passed.append(Passed(request.method, request.raw_path, answer.status))
            kept = [
                (name, value.replace(self.upstream, self.url))
                for name, value in answer.headers.items()
                if name.lower() not in {*HOP_BY_HOP, "content-length", "date", "server"}
            ]
        response = web.Response(status=answer.status, body=content)
        response.headers.clear()
        for name, value in kept:
            response.headers.add(name, value)
        return response


async def _broken_off(request: web.Request, answer: web.Response) -> web.StreamResponse:
    """Send half of a body under the length of the whole, and hang up."""
    content = answer.body if isinstance(answer.body, bytes) else b""
    response = web.StreamResponse(status=answer.status, headers=answer.headers)
    response.content_length = max(len(content), 1)
    await response.prepare(request)
    await response.write(content[: len(content) // 2])
    if request.transport is not None:
        request.transport.close()
    return response
