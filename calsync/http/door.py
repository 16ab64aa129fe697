"""One session with one server: requests, and what can go wrong with them on the wire."""

from __future__ import annotations

import asyncio
from dataclasses import dataclass
from functools import partial
from http import HTTPStatus
from typing import TYPE_CHECKING, Any, Protocol, TypedDict

import aiohttp
import msgspec
from yarl import URL

from calsync.errors import ConfigError, Retry
from calsync.http.addresses import checked_url
from calsync.http.answer import MAX_ANSWER_BYTES, Answer, Stream, lost
from calsync.http.budget import Budget
from calsync.http.pause import PATIENCE, UNNAMED_PAUSE, seconds_to_wait
from calsync.http.trust import trusted
from calsync.http.wire import Change, Connector, cause
from calsync.ports import may_change

if TYPE_CHECKING:
    import ssl
    from collections.abc import Awaitable, Callable, Mapping
    from datetime import datetime

    from calsync.http.pause import Pause
    from calsync.ports import Clock

CONNECT_TIMEOUT = 10.0
CONCURRENCY = 4
"""Requests at once, where a provider does not say how many."""


class Answered(Protocol):
    """Is told of each request that was sent. It may neither raise nor wait."""

    def __call__(self, connection: str, status: str, seconds: float, /) -> None:
        """`status`: HTTP's, or `unreachable` or `lost`. `seconds`: from sending to the answer's end."""


def unheard(_connection: str, _status: str, _seconds: float) -> None:
    """Nobody wants to be told."""


@dataclass(slots=True)
class Traffic:
    """The requests of all sessions of one connection, also of those that are gone."""

    sent: int = 0
    waiting: int = 0
    """They wait for their turn, or for a pause of the server."""


class How(TypedDict, total=False):
    """How a session is to be; see `Http`."""

    concurrency: int
    timeout: float
    keep_alive: float
    cookies: bool
    ca_file: str | None
    pause: Pause | None


class Http:
    """A session with one server of one connection. Credentials are the caller's headers and go nowhere else.

    Its requests share one pause: what one of them is told holds for all of its lane. A server that counts by
    mailbox has a lane for each; most have one.
    """

    def __init__(
        self,
        name: str,
        base: str,
        clock: Clock,
        *,
        concurrency: int = CONCURRENCY,
        timeout: float = 30.0,
        keep_alive: float = 15.0,
        cookies: bool = False,
        ca_file: str | None = None,
        pause: Pause | None = None,
        answered: Answered = unheard,
        traffic: Traffic | None = None,
        budget: Budget | None = None,
    ) -> None:
        """`name` is the connection's, for messages. `base` is the only origin that requests may go to.

        `keep_alive`: seconds for which an idle connection stays open. `cookies`: keep the server's, for this
        session. `ca_file`: the certificates (PEM) to trust instead of the machine's. `pause`: of several sessions
        that a server counts as one. `traffic`: where its requests are counted. `budget`: of sessions that share
        their places, too.
        """
        self.name = name
        self.base = checked_url(base, name)
        self.clock = clock
        self._answered = answered
        self._traffic = traffic or Traffic()
        self._budget = budget or Budget(name, clock, concurrency, pause)
        self._keep_alive = keep_alive
        self._cookies = cookies
        self._ca_file = ca_file
        self._connector: Connector | None = None
        self._root = str(self.base).rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=min(CONNECT_TIMEOUT, timeout))
        self._session: aiohttp.ClientSession | None = None

    async def request(
        self,
        method: str,
        url: str | URL,
        *,
        headers: Mapping[str, str],
        json: Any = None,
        body: bytes | None = None,
        changes: bool = False,
        silence: float | None = None,
        lane: str = "",
        places: int = 1,
        by: datetime | None = None,
    ) -> Answer:
        """Send one request and return its answer, whatever its status. It carries `json`, or `body` as it is.

        `silence` asks for a stream that may be so many seconds without a piece: a success (2xx) is returned as
        soon as it begins, with `Answer.stream`, which then has the connection for itself.

        `url` is a path below the base, or an absolute URL of the same origin (then used verbatim). `changes` says
        that the request changes something on the server: where its answer is lost, UnknownOutcome is raised;
        otherwise Retry. A server that cannot be reached, or whose certificate is refused, is Retry always. `lane`:
        what the server counts this request by, where it does not count the whole connection. `places`: how many
        requests at once the server takes this one for; where that is more than may be sent, it is sent alone.
        `by`: it is sent by then or never (Retry), because what it was made from is too old later.

        A short pause of the server is waited for; during a longer one nothing is sent, and Retry is raised. A
        request that is one too many (429) was surely not carried out: it is sent once more behind the pause that
        it began, where that is short. Any other answer is the caller's.

        Raises Retry, and sends nothing, where `may_change` refuses a change.
        """
        target = self._target(url)
        data = body if json is None else msgspec.json.encode(json)
        if json is not None:
            headers = {"Content-Type": "application/json", **headers}
        send = partial(self._try, method, target, headers, data, changes, silence, by)
        pause = self._budget.lane(lane).pause
        self._traffic.waiting += 1
        try:
            async with self._budget.lane(lane).turns:
                # The patience begins with the turn: those that queue behind many others wait for the same pauses.
                deadline = self.clock.now() + PATIENCE
                deadline = deadline if by is None else min(deadline, by)
                answer = await self._behind(pause, deadline, places, send)
                if answer.status == HTTPStatus.TOO_MANY_REQUESTS and pause.ends_by(deadline):
                    answer = await self._behind(pause, deadline, places, send)
                return answer
        finally:
            self._traffic.waiting -= 1

    def heed(self, answer: Answer, lane: str = "") -> None:
        """Begin the pause that an answer asks for: 429, or 503 that names a time.

        `request` does so by itself. For answers inside of others, as the parts of a batch are.
        """
        self._heed(answer, self._budget.lane(lane).pause)

    def retry_after(self, answer: Answer, default: float) -> float:
        """Return the seconds that a server asks to wait, at most MAX_WAIT; `default` where it does not say."""
        return seconds_to_wait(answer.headers.get("Retry-After", ""), self.clock.now(), default)

    @property
    def connections(self) -> int:
        """How many connections the session has opened since it was closed last."""
        return 0 if self._connector is None else self._connector.opened

    @property
    def certificate(self) -> bytes | None:
        """The server's certificate (DER) on the connection that the last request went over; None without TLS."""
        return None if self._connector is None else self._connector.certificate

    @property
    def requests(self) -> int:
        """How many requests were sent so far, also by other sessions that count in the same place."""
        return self._traffic.sent

    async def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _heed(self, answer: Answer, pause: Pause) -> None:
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            pause.begin(self.retry_after(answer, UNNAMED_PAUSE))
        elif answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
            pause.begin(self.retry_after(answer, 0.0))

    async def _behind(
        self, pause: Pause, deadline: datetime, places: int, send: Callable[[], Awaitable[Answer]]
    ) -> Answer:
        """Send behind the pause. A request that waits for it takes no place from those of other lanes."""
        while True:
            await pause.over(deadline)
            async with self._budget.places(places):
                if not pause.left:
                    self._traffic.waiting -= 1
                    try:
                        answer = await send()
                    finally:
                        self._traffic.waiting += 1
                    self._heed(answer, pause)
                    return answer

    async def _try(
        self,
        method: str,
        target: URL,
        headers: Mapping[str, str],
        data: bytes | None,
        changes: bool,
        silence: float | None,
        by: datetime | None,
    ) -> Answer:
        if changes:
            may_change.get()()
        if by is not None and self.clock.now() > by:
            raise Retry(f"{self.name}: nothing was sent, because it would have been too late")
        self._traffic.sent += 1
        body = Change(data or b"") if changes else data
        began, status = self.clock.now(), "lost"
        try:
            if silence is not None:
                answer = await self._begun(method, target, headers, body, silence)
            else:
                answer = await self._send(method, target, headers, body, changes)
            status = str(answer.status)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            status = "unreachable"
            raise Retry(f"{self.name}: cannot reach {target.host}:{target.port} ({cause(error)})") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if isinstance(body, Change) and body.refused is not None:
                raise body.refused from error
            problem = f"{self.name}: the answer of {target.host} was lost ({type(error).__name__})"
            raise lost(problem, changes) from error
        finally:
            self._answered(self.name, status, (self.clock.now() - began).total_seconds())
        return answer

    async def _send(
        self, method: str, target: URL, headers: Mapping[str, str], data: bytes | Change | None, changes: bool
    ) -> Answer:
        sending = self._open().request(method, target, data=data, headers=headers, allow_redirects=False)
        async with sending as response:
            return await self._read(response, changes)

    async def _begun(
        self, method: str, target: URL, headers: Mapping[str, str], data: bytes | Change | None, silence: float
    ) -> Answer:
        """Return a stream when it begins. What is no success is read to its end."""
        timeout = aiohttp.ClientTimeout(sock_connect=self._timeout.sock_connect, sock_read=silence)
        async with asyncio.timeout(self._timeout.total):
            response = await self._open().request(
                method, target, data=data, headers=headers, allow_redirects=False, timeout=timeout
            )
            answer = Answer(response.status, response.headers, b"", stream=Stream(self.name, response))
            if answer.ok:
                return answer
            async with response:
                return await self._read(response, changes=False)

    async def _read(self, response: aiohttp.ClientResponse, changes: bool) -> Answer:
        body = bytearray()
        async for chunk in response.content.iter_any():
            body += chunk
            if len(body) > MAX_ANSWER_BYTES:
                response.close()
                limit = f"an answer larger than {MAX_ANSWER_BYTES // 2**20} MiB was dropped"
                raise lost(f"{self.name}: {limit}", changes)
        return Answer(response.status, response.headers, bytes(body), changes)

    def _open(self) -> aiohttp.ClientSession:
        if self._session is None:
            self._connector = Connector(
                limit=self._budget.concurrency, keepalive_timeout=self._keep_alive, ssl=self._trusted()
            )
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                connector=self._connector,
                # Kept for hosts without a name too; the session knows one host only.
                cookie_jar=aiohttp.CookieJar(unsafe=True) if self._cookies else aiohttp.DummyCookieJar(),
            )
        return self._session

    def _trusted(self) -> ssl.SSLContext:
        """Return whom TLS trusts. Raises ConfigError for a file that holds no certificates."""
        try:
            return trusted(self._ca_file)
        except OSError as error:
            problem = f"connection {self.name}: {self._ca_file} cannot be read as certificates in PEM form"
            raise ConfigError([problem]) from error

    def _target(self, url: str | URL) -> URL:
        if isinstance(url, str) and url.startswith("/"):
            return URL(self._root + url, encoded=True)
        try:
            target = URL(str(url), encoded=True)
            same = target.origin() == self.base.origin()
        except ValueError as error:
            raise Retry(f"{self.name}: the server sent a link that is no address") from error
        if not same or target.user is not None:
            raise Retry(f"{self.name}: the server sent a link to another host, which was not followed")
        return target
