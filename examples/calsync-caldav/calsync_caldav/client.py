"""Requests to one CalDAV server, and what its refusals mean."""

# ruff: noqa: PLR2004 - HTTP statuses are this module's subject

from __future__ import annotations

import base64
from typing import TYPE_CHECKING

from calsync.errors import AccountError, CalsyncError, EventError, LoginError, Missing, Retry, UnknownOutcome
from calsync.http import UNNAMED_PAUSE, checked_url
from calsync_caldav.dav import Multistatus, NoMultistatus, read_multistatus

if TYPE_CHECKING:
    from collections.abc import Mapping
    from typing import Any

    from calsync.http import Answer, Http
    from calsync.ports import Clock, Host

BUSY = frozenset({423, 429})
"""Surely not carried out."""
BROKEN = frozenset({408, 500, 502, 503, 504})
"""A write may have been carried out all the same."""


class NotThere(Missing):
    """There is nothing at this path (any more)."""


class Denied(AccountError):  # noqa: N818 - errors are named as outcomes
    """The user may not do that with this calendar."""


class Conflict(Retry):
    """The event has another ETag than the one that was named, or is there already."""


class Refused(EventError):  # noqa: N818
    """The server refuses a request for what it is about."""


class Client:
    """One connection's requests. Paths are the server's own, from the root."""

    def __init__(self, options: Mapping[str, Any], host: Host) -> None:
        """`options`: validated settings. Raises ConfigError for an address that is none."""
        address = checked_url(options["url"], host.connection)
        self.root = address.raw_path
        self.host = address.host or ""
        self._name = host.connection
        self._http: Http = host.http.open(
            host.connection,
            str(address.origin()),
            concurrency=options["max_concurrency"],
            ca_file=options.get("ca_file"),
        )
        login = f"{options['username']}:{options['password']}".encode()
        self._authorization = f"Basic {base64.b64encode(login).decode()}"

    @property
    def clock(self) -> Clock:
        return self._http.clock

    async def close(self) -> None:
        await self._http.close()

    async def multistatus(self, method: str, path: str, body: bytes, *, depth: int) -> Multistatus:
        """Ask about resources. Raises NotThere, Denied, Refused, LoginError, Retry."""
        headers = {"Content-Type": "application/xml; charset=utf-8", "Depth": str(depth)}
        answer = await self._request(method, path, headers, body)
        try:
            return read_multistatus(answer.body)
        except NoMultistatus as error:
            raise Retry(f"connection {self._name}: {error} (HTTP {answer.status})") from error

    async def get(self, path: str) -> tuple[bytes, str]:
        """Return what is at a path, and its ETag. Raises as `multistatus` does."""
        answer = await self._request("GET", path, {}, None)
        return answer.body, _etag(answer)

    async def put(self, path: str, body: bytes, *, etag: str | None) -> str:
        """Store an event in place of the one with this ETag; None: of none. Return its ETag, "" for an untold one.

        Raises Conflict; and as `multistatus` does, or UnknownOutcome.
        """
        condition = {"If-None-Match": "*"} if etag is None else {"If-Match": etag}
        headers = {"Content-Type": "text/calendar; charset=utf-8", **condition}
        return _etag(await self._request("PUT", path, headers, body, changes=True))

    async def delete(self, path: str, *, etag: str) -> None:
        """Delete the event with this ETag. Raises as `put` does."""
        await self._request("DELETE", path, {"If-Match": etag}, None, changes=True)

    async def _request(
        self, method: str, path: str, headers: Mapping[str, str], body: bytes | None, *, changes: bool = False
    ) -> Answer:
        headers = {"Authorization": self._authorization, **headers}
        answer = await self._http.request(method, path, headers=headers, body=body, changes=changes)
        if not answer.ok:
            raise self._refusal(answer)
        return answer

    def _refusal(self, answer: Answer) -> CalsyncError:
        status, server = answer.status, f"connection {self._name}: the calendar server"
        if status == 401:
            return LoginError(f"{server} refuses the user name or the password (401): check them")
        if status in {404, 410}:
            return NotThere(f"{server} has nothing at this path ({status})")
        if status in {409, 412}:
            return Conflict(f"{server} has another version of the event ({status})")
        if status == 403:
            return Denied(f"{server} denies that to the user (403): let the user read and write the calendar")
        if status in BUSY:
            return Retry(f"{server} is busy ({status})", after=self._http.retry_after(answer, UNNAMED_PAUSE))
        if status in BROKEN:
            return (
                UnknownOutcome(f"{server} failed during a write ({status})")
                if answer.changes
                else Retry(f"{server} failed ({status})", after=self._http.retry_after(answer, 0.0) or None)
            )
        if status == 507:
            return AccountError(f"{server} cannot store anything more (507): the user's space is full")
        if 300 <= status < 400:
            return AccountError(f"{server} is at another address ({status}): give that one as `url`")
        return Refused(f"{server} refuses the request ({status})")


def _etag(answer: Answer) -> str:
    return next(iter(answer.lines("ETag")), "")


def collection(path: str) -> str:
    """Return a collection's path with the slash at its end."""
    return f"{path.rstrip('/')}/"
