"""Requests to Microsoft Graph: headers, tokens, links to further pages, batches."""

from __future__ import annotations

import logging
import sys
import uuid
from datetime import timedelta
from typing import TYPE_CHECKING, Any
from urllib.parse import quote

from calsync.errors import LoginError, Retry, UnknownOutcome
from calsync.http import UNNAMED_PAUSE, Answer
from calsync.signin import claims_of
from calsync_graph.refusals import BROKEN, BUSY, Reply, refusal

if TYPE_CHECKING:
    import random
    from collections.abc import AsyncIterator, Mapping, Sequence
    from datetime import datetime

    from calsync.errors import CalsyncError
    from calsync.http import Http
    from calsync.ports import Clock
    from calsync.signin import Tokens
    from calsync_graph.bodies import Body

ROOT = "/v1.0"
PREFER = 'IdType="ImmutableId", outlook.timezone="UTC", outlook.body-content-type="text"'
PAGE_SIZE = 200
"""A hint: expanded series exceed it, and the server may give less."""
MAX_PAGES = 5000
"""More pages than any calendar has: some mailboxes have been seen to page for ever."""
BATCH_SIZE = 20
PARTS_AT_ONCE = 4
"""Of a batch: Exchange carries out so many together, each of which counts among the requests at once."""
FRESH = timedelta(seconds=2)
"""How long what was read just before a write counts. That Graph heeds the version of a write is not documented, so
somebody may be invited meanwhile: a write that has to wait longer, for a pause or its turn, needs a new read."""
SUBSCRIPTIONS = "/subscriptions"
UNAUTHORIZED = 401
TOO_MANY = 429
log = logging.getLogger("calsync.graph")


def quoted(text: str) -> str:
    """Return text for one segment of a path or one value of a query; Graph reads a plus as a plus."""
    return quote(text, safe="")


class Client:
    """One connection's requests. Paths are below the version, links are the server's own, used as they are."""

    __slots__ = ("_http", "_mailbox", "_random", "_tokens")

    def __init__(self, http: Http, tokens: Tokens, random: random.Random, mailbox: str = "") -> None:
        """`mailbox`: whose limits the requests count against; see `of`."""
        self._http = http
        self._tokens = tokens
        self._random = random
        self._mailbox = mailbox

    def of(self, mailbox: str) -> Client:
        """Return a client for one mailbox: Microsoft counts requests by application and mailbox.

        Where it asks one of them to wait, the others go on.
        """
        return Client(self._http, self._tokens, self._random, sys.intern(mailbox.lower()))

    @property
    def connection(self) -> str:
        return self._http.name

    @property
    def clock(self) -> Clock:
        return self._http.clock

    def is_own(self, link: str) -> bool:
        """Tell whether a link leads to the configured server."""
        return link.startswith(str(self._http.base).rstrip("/") + "/")

    async def get(self, path: str, *, page_size: int | None = None) -> dict[str, Any]:
        """Return the decoded answer. Raises Refused, Retry, LoginError, AccountError."""
        size = f", odata.maxpagesize={page_size}" if page_size else ""
        content = (await self._request("GET", path, {"Prefer": PREFER + size})).content
        if not isinstance(content, dict):
            raise Retry(f"connection {self.connection}: an answer of Microsoft Graph is empty")
        return content

    async def post(self, path: str, body: Body) -> dict[str, Any]:
        """Create; return the stored event, or nothing of it. Raises UnknownOutcome as well."""
        reply = await self._request("POST", path, {"Prefer": PREFER}, body.json(), changes=True)
        return reply.content if isinstance(reply.content, dict) else {}

    async def patch(self, path: str, body: Body, revision: str) -> dict[str, Any]:
        """Change, on condition of the revision, which was just read; return the stored event, or nothing of it.

        Raises Retry, and sends nothing, where that takes longer than FRESH.
        """
        headers, by = {"Prefer": PREFER, "If-Match": revision}, self.clock.now() + FRESH
        reply = await self._request("PATCH", path, headers, body.json(), changes=True, by=by)
        return reply.content if isinstance(reply.content, dict) else {}

    async def delete(self, path: str, revision: str) -> None:
        """Move to Deleted Items, on condition of the revision, as `patch` does."""
        headers, by = {"Prefer": PREFER, "If-Match": revision}, self.clock.now() + FRESH
        await self._request("DELETE", path, headers, changes=True, by=by)

    async def subscription(
        self, method: str, subscription_id: str = "", json: Mapping[str, Any] | None = None
    ) -> dict[str, Any]:
        """Make, renew or end a subscription; return it. No event changes, so where the answer is lost: Retry."""
        path = f"{SUBSCRIPTIONS}/{quoted(subscription_id)}" if subscription_id else SUBSCRIPTIONS
        reply = await self._request(method, path, {"Prefer": PREFER}, json)
        return reply.content if isinstance(reply.content, dict) else {}

    async def pages(self, path: str, page_size: int = PAGE_SIZE) -> AsyncIterator[Sequence[Any]]:
        """Yield a listing's pages."""
        link = path
        for _ in range(MAX_PAGES):
            content = await self.get(link, page_size=page_size)
            yield self.rows(content, "value")
            if "@odata.nextLink" not in content:
                return
            link = content["@odata.nextLink"]
        raise Retry(f"connection {self.connection}: Microsoft Graph's listing has no end")

    async def get_many(self, paths: Sequence[str]) -> Sequence[Reply]:
        """Return the answers to reads, in their order, refusals too; twenty in one request.

        Raises Retry when the server was too busy for one of them, twice for one that was one too many (429), or
        names a pause. One that failed otherwise is an answer: Exchange may not be able to render that event.
        """
        replies: list[Reply] = []
        for start in range(0, len(paths), BATCH_SIZE):
            replies += await self._batch(paths[start : start + BATCH_SIZE])
        return replies

    def refusal(self, reply: Reply, *, changes: bool = False) -> CalsyncError:
        """Return the error that an answer stands for."""
        return refusal(self.connection, reply, changes=changes)

    async def _batch(self, paths: Sequence[str]) -> Sequence[Reply]:
        replies = dict(zip(paths, await self._parts(paths), strict=True))
        put_off = [path for path, reply in replies.items() if reply.status == TOO_MANY]
        if put_off:  # the door does the same for a request of its own: once more, behind the pause
            replies.update(zip(put_off, await self._parts(put_off), strict=True))
        for reply in replies.values():
            if reply.status in BUSY or (reply.status in BROKEN and reply.after):
                raise self.refusal(reply)
            if reply.ok and not isinstance(reply.content, dict):
                raise Retry(f"connection {self.connection}: an answer of Microsoft Graph is empty")
        return [replies[path] for path in paths]

    async def _parts(self, paths: Sequence[str]) -> Sequence[Reply]:
        """Send one batch of reads and return their answers; the connection keeps the pauses that they ask for."""
        parts = [
            {"id": str(number), "method": "GET", "url": path, "headers": {"Prefer": PREFER}}
            for number, path in enumerate(paths)
        ]
        at_once = min(PARTS_AT_ONCE, len(parts))
        answer = await self._request("POST", "/$batch", {}, {"requests": parts}, places=at_once)
        found = {part.get("id"): part for part in self.rows(answer.content, "responses")}
        if not all(part["id"] in found for part in parts):
            raise Retry(f"connection {self.connection}: Microsoft Graph left a request of a batch unanswered")
        return [self._part(found[part["id"]]) for part in parts]

    def rows(self, content: Any, key: str) -> Sequence[Any]:
        """Return the list of objects that an answer holds. One without it is no answer of Graph: Retry."""
        rows = content.get(key) if isinstance(content, dict) else None
        if not isinstance(rows, list) or not all(isinstance(row, dict) for row in rows):
            raise Retry(f"connection {self.connection}: an answer of Microsoft Graph holds no list")
        return rows

    async def _request(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        json: Any = None,
        *,
        changes: bool = False,
        places: int = 1,
        by: datetime | None = None,
    ) -> Reply:
        """Send a request, again with a new token where the first one was refused. Never a third time."""
        token = await self._tokens.get()
        answer, reply = await self._send(method, path, headers, json, token, changes, places, by)
        claims = None if reply.ok else claims_of(answer)
        if reply.status == UNAUTHORIZED or claims is not None:
            token = await self._tokens.renew(token, claims)
            _, reply = await self._send(method, path, headers, json, token, changes, places, by)
        if reply.status == UNAUTHORIZED:
            raise LoginError(
                f"connection {self.connection}: Microsoft Graph accepts no token (401): {self._tokens.repair}"
            )
        if not reply.ok:
            raise self.refusal(reply, changes=changes)
        return reply

    async def _send(
        self,
        method: str,
        path: str,
        headers: Mapping[str, str],
        json: Any,
        token: str,
        changes: bool,
        places: int,
        by: datetime | None,
    ) -> tuple[Answer, Reply]:
        request_id = str(uuid.UUID(int=self._random.getrandbits(128), version=4))
        answer = await self._http.request(
            method,
            ROOT + path if path.startswith("/") else path,
            headers={
                "Authorization": f"Bearer {token}",
                "client-request-id": request_id,
                "return-client-request-id": "true",
                **headers,
            },
            json=json,
            changes=changes,
            lane=self._mailbox,
            places=places,
            by=by,
        )
        reply = self._reply(answer)
        if not reply.ok:
            found = (self.connection, reply.status, reply.code, request_id)
            log.debug("%s: Microsoft Graph answered %s %s to request %s", *found)
        return answer, reply

    def _reply(self, answer: Answer) -> Reply:
        """Return a decoded answer. A refusal's body may be a proxy's page: its status is what counts."""
        content = None
        try:
            content = answer.json() if answer.body else None
        except (Retry, UnknownOutcome):
            if answer.ok:
                raise
        return Reply(answer.status, content, self._after(answer))

    def _part(self, part: Mapping[str, Any]) -> Reply:
        headers = {str(name).title(): str(value) for name, value in (part.get("headers") or {}).items()}
        status = int(part.get("status", 0))
        answer = Answer(status, headers, b"")
        self._http.heed(answer, self._mailbox)
        return Reply(status, part.get("body"), self._after(answer))

    def _after(self, answer: Answer) -> float | None:
        return self._http.retry_after(answer, UNNAMED_PAUSE if answer.status == TOO_MANY else 0.0) or None
