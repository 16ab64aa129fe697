"""For provider authors: one door to the network.

It counts requests, bounds concurrency, honours Retry-After, refuses redirects to other hosts and translates what
can go wrong on the wire into calsync's errors. What a status means is the provider's own table.
"""

from __future__ import annotations

import asyncio
import email.utils
import json as jsonlib
from dataclasses import dataclass
from ipaddress import ip_address
from typing import TYPE_CHECKING, Any

import aiohttp
from yarl import URL

from calsync.errors import ConfigError, Retry, UnknownOutcome

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.ports import Clock

MAX_ANSWER_BYTES = 64 * 1024 * 1024


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer, read to its end."""

    status: int
    headers: Mapping[str, str]
    body: bytes

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004 - the 2xx class

    def json(self) -> Any:
        """Return the decoded body. Raises Retry for one that is no JSON: a proxy's page, a cut answer."""
        try:
            return jsonlib.loads(self.body)
        except ValueError as error:
            raise Retry(f"the server's answer (HTTP {self.status}) is not JSON") from error


class Http:
    """A session with one server of one connection. Credentials are the caller's headers and go nowhere else."""

    def __init__(self, name: str, base: str, clock: Clock, *, concurrency: int = 4, timeout: float = 30.0) -> None:
        """`name` is the connection's, for messages. `base` is the only origin that requests may go to."""
        self.name = name
        self.base = checked_url(base, name)
        self.clock = clock
        self.requests = 0
        self._timeout = aiohttp.ClientTimeout(total=timeout)
        self._slots = asyncio.Semaphore(concurrency)
        self._concurrency = concurrency
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self,
        method: str,
        url: str | URL,
        *,
        headers: Mapping[str, str],
        json: Any = None,
        changes: bool = False,
    ) -> Answer:
        """Send one request and return its answer, whatever its status.

        `url` is a path below the base, or an absolute URL of the same origin (then used verbatim). `changes` says
        that the request changes something on the server: where its answer is lost, UnknownOutcome is raised;
        otherwise Retry.
        """
        target = self._target(url)
        data = None if json is None else jsonlib.dumps(json).encode()
        if data is not None:
            headers = {"Content-Type": "application/json", **headers}
        async with self._slots:
            self.requests += 1
            try:
                async with self._open().request(
                    method, target, data=data, headers=headers, allow_redirects=False
                ) as response:
                    body = await self._body(response)
                    return Answer(response.status, response.headers, body)
            except aiohttp.ClientConnectorError as error:
                raise Retry(f"{self.name}: cannot reach {target.host}:{target.port} ({error.os_error})") from error
            except (aiohttp.ClientError, TimeoutError) as error:
                problem = f"{self.name}: the answer of {target.host} was lost ({type(error).__name__})"
                if changes:
                    raise UnknownOutcome(problem) from error
                raise Retry(problem) from error

    def retry_after(self, answer: Answer, default: float) -> float:
        """Return the seconds that a server asks to wait: a number or an HTTP date; `default` without either."""
        value = answer.headers.get("Retry-After", "").strip()
        if value.isdigit():
            return float(value)
        try:
            date = email.utils.parsedate_to_datetime(value)
        except ValueError:
            return default
        return max(0.0, (date - self.clock.now()).total_seconds())

    async def close(self) -> None:
        if self._session is not None:
            await self._session.close()
            self._session = None

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                connector=aiohttp.TCPConnector(limit=self._concurrency),
                cookie_jar=aiohttp.DummyCookieJar(),
            )
        return self._session

    def _target(self, url: str | URL) -> URL:
        target = URL(str(self.base).rstrip("/") + str(url), encoded=True) if str(url).startswith("/") else url
        target = target if isinstance(target, URL) else URL(target, encoded=True)
        if target.origin() != self.base.origin():
            raise Retry(f"{self.name}: the server sent a link to another host, which was not followed")
        return target

    async def _body(self, response: aiohttp.ClientResponse) -> bytes:
        body = await response.content.read(MAX_ANSWER_BYTES + 1)
        while not response.content.at_eof() and len(body) <= MAX_ANSWER_BYTES:
            body += await response.content.read(MAX_ANSWER_BYTES + 1 - len(body))
        if len(body) > MAX_ANSWER_BYTES:
            raise Retry(f"{self.name}: an answer larger than {MAX_ANSWER_BYTES // 2**20} MiB was dropped")
        return body


class HttpFactory:
    """Opens sessions for providers and adds up their requests by connection."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sessions: list[Http] = []

    def open(self, name: str, base: str, *, concurrency: int = 4, timeout: float = 30.0) -> Http:
        """Open a session of the connection `name`; the provider closes it."""
        session = Http(name, base, self._clock, concurrency=concurrency, timeout=timeout)
        self._sessions.append(session)
        return session

    def requests(self) -> dict[str, int]:
        """Return how many requests each connection has sent so far."""
        total: dict[str, int] = {}
        for session in self._sessions:
            total[session.name] = total.get(session.name, 0) + session.requests
        return total


def checked_url(url: str, name: str) -> URL:
    """Return a server's base URL. Raises ConfigError unless it is https, or http on this machine's loopback."""
    parsed = URL(url)
    if parsed.scheme == "https" and parsed.host and not _forbidden(parsed.host):
        return parsed
    if parsed.scheme == "http" and parsed.host and _loopback(parsed.host):
        return parsed
    raise ConfigError([f"connection {name}: {url!r} must be an https address (http only on loopback)"])


def _loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def _forbidden(host: str) -> bool:
    try:
        return ip_address(host).is_link_local
    except ValueError:
        return False
