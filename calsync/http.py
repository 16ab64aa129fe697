"""For provider authors: one door to the network.

It counts requests, bounds concurrency, keeps the pauses that a server asks for (docs/decisions/0011), refuses
redirects to other hosts and translates what can go wrong on the wire into calsync's errors. What a status means is
the provider's own table.
"""

from __future__ import annotations

import asyncio
import email.utils
import json as jsonlib
import logging
import re
import ssl
from dataclasses import dataclass
from datetime import UTC, datetime, timedelta
from functools import partial
from http import HTTPStatus
from ipaddress import IPv4Address, IPv6Address, ip_address
from typing import TYPE_CHECKING, Any, TypedDict, Unpack

import aiohttp
import msgspec
from yarl import URL

from calsync.errors import ConfigError, Lost, Retry, UnknownOutcome
from calsync.ports import may_change

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Awaitable, Callable, Mapping

    from aiohttp.abc import AbstractStreamWriter
    from aiohttp.connector import Connection

    from calsync.ports import Clock

MAX_ANSWER_BYTES = 64 * 1024 * 1024
MAX_WAIT = 3600.0
"""Seconds. A server that asks for a longer pause is asked again after this one, so that no slip of it lasts."""
UNNAMED_PAUSE = 60.0
"""Seconds that a server gets that refuses a request as one too many (429) and names no time."""
PATIENCE = timedelta(seconds=30)
"""How long one request waits for pauses to end; longer ones end the run. An update is a read and a write, so they
wait for a minute at most: less than a lease has left when they may begin at last (`Notebook.may_write`)."""
CONNECT_TIMEOUT = 10.0
METADATA_HOSTS = frozenset({"metadata.google.internal", "metadata", "fd00:ec2::254", "100.100.100.200"})
"""Where clouds hand out credentials to whoever asks, besides the link-local addresses."""
log = logging.getLogger("calsync.http")


class Stream:
    """A body that the server goes on to send for as long as it likes. Whoever has it closes it."""

    def __init__(self, name: str, response: aiohttp.ClientResponse) -> None:
        """`name` is the connection's, for messages."""
        self._name = name
        self._response = response

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield what comes, in pieces of any size, until the server ends it. Raises Retry where it breaks off."""
        try:
            async for piece in self._response.content.iter_any():
                yield piece
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Retry(f"{self._name}: the server's stream broke off ({type(error).__name__})") from error

    def close(self) -> None:
        """Close the connection: what else the server sends is not waited for."""
        self._response.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer, read to its end, unless it is a stream."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    changes: bool = False
    """Whether the request changed something on the server."""
    stream: Stream | None = None
    """The body as it comes, where that was asked for and the server agreed; `body` is empty then."""

    @property
    def ok(self) -> bool:
        return 200 <= self.status < 300  # noqa: PLR2004 - the 2xx class

    @property
    def text(self) -> str:
        return self.body.decode("utf-8", "replace")

    def lines(self, header: str) -> list[str]:
        """Return the values of a header that may stand several times, as WWW-Authenticate does."""
        return [value for name, value in self.headers.items() if name.lower() == header.lower()]

    def json(self) -> Any:
        """Return the decoded body.

        One that is no JSON (a proxy's page, a cut answer) raises Retry, or UnknownOutcome where the request
        changed something: it was carried out, and nobody knows how.
        """
        try:
            return _decoded(self.body)
        except (ValueError, RecursionError) as error:
            raise lost(f"the server's answer (HTTP {self.status}) is not JSON", self.changes) from error


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except ValueError:
        # Slower, but it takes what servers send against the standard: half of an emoji that was cut, or NaN.
        return jsonlib.loads(body)


class Pause:
    """The time in which a server wants no request: it counts those that it refuses, so they would prolong it."""

    def __init__(self, name: str, clock: Clock) -> None:
        """`name` is the connection's, for messages."""
        self._name = name
        self._clock = clock
        self._until = datetime.min.replace(tzinfo=UTC)

    @property
    def left(self) -> float:
        """The seconds that are left of it."""
        left = (self._until - self._clock.now()).total_seconds()
        return left if 0 < left <= MAX_WAIT else 0.0  # with more than that left, the clock was set back

    def begin(self, seconds: float) -> None:
        """Begin a pause; one that lasts longer goes on."""
        left, seconds = self.left, min(seconds, MAX_WAIT)
        if seconds > left:
            self._until = self._clock.now() + timedelta(seconds=seconds)
        if seconds > 0 and not left:
            log.info("%s: the server asks for a pause of %.0f s", self._name, seconds)

    def ends_by(self, deadline: datetime) -> bool:
        return self._clock.now() + timedelta(seconds=self.left) <= deadline

    async def over(self, deadline: datetime) -> None:
        """Wait until it is over. Raises Retry at once where that is later than `deadline`."""
        while left := self.left:
            if not self.ends_by(deadline):
                raise Retry(f"{self._name}: nothing was sent, because the server asks to wait", after=left)
            await self._clock.sleep(left)


class Change(aiohttp.BytesPayload):
    """The body of a request that changes something. It asks `may_change` at the very last moment.

    aiohttp writes bodies in tasks of their own, so a process may be frozen with several about to be written, and
    would send them all when it goes on.
    """

    refused: Retry | None = None
    """Why nothing was sent."""

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


class Lane:
    """Requests that a server counts together: they keep one pause, and only so many wait for it at once."""

    def __init__(self, pause: Pause, concurrency: int) -> None:
        self.pause = pause
        self.turns = asyncio.Semaphore(concurrency)


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
        concurrency: int = 4,
        timeout: float = 30.0,
        keep_alive: float = 15.0,
        cookies: bool = False,
        ca_file: str | None = None,
        pause: Pause | None = None,
    ) -> None:
        """`name` is the connection's, for messages. `base` is the only origin that requests may go to.

        `keep_alive`: seconds for which an idle connection stays open. `cookies`: keep the server's, for this
        session. `ca_file`: the certificates (PEM) to trust instead of the machine's. `pause`: of several sessions
        that a server counts as one.
        """
        self.name = name
        self.base = checked_url(base, name)
        self.clock = clock
        self.requests = 0
        self._lanes = {"": Lane(pause or Pause(name, clock), concurrency)}
        self._keep_alive = keep_alive
        self._cookies = cookies
        self._ca_file = ca_file
        self._connector: Connector | None = None
        self._root = str(self.base).rstrip("/")
        self._timeout = aiohttp.ClientTimeout(total=timeout, sock_connect=min(CONNECT_TIMEOUT, timeout))
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
        body: bytes | None = None,
        changes: bool = False,
        silence: float | None = None,
        lane: str = "",
    ) -> Answer:
        """Send one request and return its answer, whatever its status. It carries `json`, or `body` as it is.

        `silence` asks for a stream that may be so many seconds without a piece: a success (2xx) is returned as
        soon as it begins, with `Answer.stream`, which then has the connection for itself.

        `url` is a path below the base, or an absolute URL of the same origin (then used verbatim). `changes` says
        that the request changes something on the server: where its answer is lost, UnknownOutcome is raised;
        otherwise Retry. A server that cannot be reached, or whose certificate is refused, is Retry always. `lane`:
        what the server counts this request by, where it does not count the whole connection.

        A short pause of the server is waited for; during a longer one nothing is sent, and Retry is raised. A
        request that is one too many (429) was surely not carried out: it is sent once more behind the pause that
        it began, where that is short. Any other answer is the caller's.

        Raises Retry, and sends nothing, where `may_change` refuses a change.
        """
        target = self._target(url)
        data = body if json is None else msgspec.json.encode(json)
        if json is not None:
            headers = {"Content-Type": "application/json", **headers}
        send = partial(self._try, method, target, headers, data, changes, silence)
        pause = self._lane(lane).pause
        async with self._lane(lane).turns:
            # The patience begins with the turn: those that queue behind many others wait for the same pauses.
            deadline = self.clock.now() + PATIENCE
            answer = await self._behind(pause, deadline, send)
            if answer.status == HTTPStatus.TOO_MANY_REQUESTS and pause.ends_by(deadline):
                answer = await self._behind(pause, deadline, send)
            return answer

    def heed(self, answer: Answer, lane: str = "") -> None:
        """Begin the pause that an answer asks for: 429, or 503 that names a time.

        `request` does so by itself. For answers inside of others, as the parts of a batch are.
        """
        self._heed(answer, self._lane(lane).pause)

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

    async def close(self) -> None:
        """Close the connections; a later request opens new ones."""
        session, self._session = self._session, None
        if session is not None:
            await session.close()

    def _lane(self, name: str) -> Lane:
        if name not in self._lanes:
            self._lanes[name] = Lane(Pause(self.name, self.clock), self._concurrency)
        return self._lanes[name]

    def _heed(self, answer: Answer, pause: Pause) -> None:
        if answer.status == HTTPStatus.TOO_MANY_REQUESTS:
            pause.begin(self.retry_after(answer, UNNAMED_PAUSE))
        elif answer.status == HTTPStatus.SERVICE_UNAVAILABLE:
            pause.begin(self.retry_after(answer, 0.0))

    async def _behind(self, pause: Pause, deadline: datetime, send: Callable[[], Awaitable[Answer]]) -> Answer:
        """Send behind the pause. A request that waits for it takes no place from those of other lanes."""
        while True:
            await pause.over(deadline)
            async with self._slots:
                if not pause.left:
                    answer = await send()
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
    ) -> Answer:
        if changes:
            may_change.get()()
        self.requests += 1
        body = Change(data) if data is not None and changes else data
        try:
            if silence is not None:
                answer = await self._begun(method, target, headers, body, silence)
            else:
                answer = await self._send(method, target, headers, body, changes)
        except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError, aiohttp.InvalidURL) as error:
            raise Retry(f"{self.name}: cannot reach {target.host}:{target.port} ({_cause(error)})") from error
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            if isinstance(body, Change) and body.refused is not None:
                raise body.refused from error
            problem = f"{self.name}: the answer of {target.host} was lost ({type(error).__name__})"
            raise lost(problem, changes) from error
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
                limit=self._concurrency, keepalive_timeout=self._keep_alive, ssl=self._trusted()
            )
            self._session = aiohttp.ClientSession(
                timeout=self._timeout,
                connector=self._connector,
                # Kept for hosts without a name too; the session knows one host only.
                cookie_jar=aiohttp.CookieJar(unsafe=True) if self._cookies else aiohttp.DummyCookieJar(),
            )
        return self._session

    def _trusted(self) -> ssl.SSLContext | bool:
        """Return whom TLS trusts. Raises ConfigError for a file that holds no certificates."""
        if self._ca_file is None:
            return True
        try:
            return ssl.create_default_context(cafile=self._ca_file)
        except (OSError, ssl.SSLError) as error:
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


class HttpFactory:
    """Opens sessions for providers and adds up their requests by connection."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._sessions: list[Http] = []

    def open(self, name: str, base: str, **how: Unpack[How]) -> Http:
        """Open a session of the connection `name`; the provider closes it."""
        session = Http(name, base, self._clock, **how)
        self._sessions.append(session)
        return session

    def requests(self) -> dict[str, int]:
        """Return how many requests each connection has sent so far."""
        total: dict[str, int] = {}
        for session in self._sessions:
            total[session.name] = total.get(session.name, 0) + session.requests
        return total


def lost(problem: str, changes: bool) -> Lost | UnknownOutcome:
    """Return the error for an answer that cannot be used: did the request change something, nobody knows what."""
    return UnknownOutcome(problem) if changes else Lost(problem)


def seconds_to_wait(value: str, now: datetime, default: float) -> float:
    """Return the seconds of a Retry-After header, at most MAX_WAIT.

    A number or an HTTP date (RFC 9110, section 10.2.3); `default` for neither.
    """
    value = value.strip()
    if value.isascii() and value.isdigit():
        return min(float(value), MAX_WAIT)
    try:
        date = email.utils.parsedate_to_datetime(value)
    except ValueError:
        return default
    date = date if date.tzinfo else date.replace(tzinfo=UTC)
    return min(max(0.0, (date - now).total_seconds()), MAX_WAIT)


_HIDDEN = re.compile(
    r"""
    "[^"]*" | '[^']*' | „[^“”]*[“”] | «[^»]*»   # what a server quotes may be a customer's text
    | \S+@\S+                                    # an address
    | [^\s:;,]{25,}                              # a token
    """,
    re.VERBOSE,
)
_LONGEST = 200


def plain_message(answer: Answer) -> str:
    """Return what a server says about an error, fit to be shown, or "".

    Only a short text from an error object's usual members; quoted parts, addresses and tokens are left out. Not
    for answers to a request that carried a customer's text: a server may repeat it without quotes.
    """
    try:
        said = jsonlib.loads(answer.body)
    except (ValueError, RecursionError):
        return ""
    said = said.get("error", said) if isinstance(said, dict) and isinstance(said.get("error"), dict) else said
    if not isinstance(said, dict):
        return ""
    texts = (said.get(key) for key in ("description", "message", "error", "detail"))
    text = " ".join(next((text for text in texts if isinstance(text, str) and text), "").split())
    return _HIDDEN.sub("…", text) if len(text) <= _LONGEST and text.isprintable() else ""


def checked_url(url: str, name: str) -> URL:
    """Return a server's base URL.

    Raises ConfigError unless it is https, or http on this machine's loopback. An address that hands out a
    cloud's credentials, a user or password inside, a query and a fragment are refused.
    """
    try:
        parsed = URL(url)
        host = parsed.host or ""
        port_is_valid = parsed.port is not None
    except ValueError as error:
        raise ConfigError([f"connection {name}: the server's address is malformed"]) from error
    if parsed.user is not None or parsed.password is not None or parsed.query_string or parsed.fragment:
        raise ConfigError(
            [f"connection {name}: the server's address must hold no user, password, query or fragment"]
        )
    allowed = parsed.scheme == "https" or (parsed.scheme == "http" and _loopback(host))
    if not (allowed and host and port_is_valid) or _forbidden(host):
        raise ConfigError([f"connection {name}: {url!r} must be an https address (http only on loopback)"])
    return parsed


def _cause(error: Exception) -> str:
    if isinstance(error, aiohttp.ClientConnectorCertificateError):
        return "its certificate is not trusted"
    if isinstance(error, aiohttp.ClientConnectorError):
        return str(error.os_error)
    return type(error).__name__


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def _forbidden(host: str) -> bool:
    address = _address(host)
    if address is None:
        # A host of digits alone is an IPv4 address in a form that ip_address does not read, but resolvers do.
        return (
            host.lower().rstrip(".") in METADATA_HOSTS or re.fullmatch(r"(0x[0-9a-f]+|[0-9.]+)", host) is not None
        )
    return (
        address.is_link_local or address.is_unspecified or address.is_multicast or str(address) in METADATA_HOSTS
    )
