"""The sandbox's Microsoft Graph: calendars of the mailboxes that were added to it, on loopback."""

from __future__ import annotations

import base64
import json
import re
import time
import uuid
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any
from urllib.parse import unquote

from aiohttp import web

from calsync_sandbox.graph.allowed import Allowed
from calsync_sandbox.graph.batch import run_batch
from calsync_sandbox.graph.errors import GraphError, access_denied, envelope, headers_of
from calsync_sandbox.graph.face import Face
from calsync_sandbox.graph.feed import Feed
from calsync_sandbox.graph.limits import Limits
from calsync_sandbox.graph.mails import GraphPost
from calsync_sandbox.graph.routing import Request, answer
from calsync_sandbox.graph.schema import METADATA, Schema
from calsync_sandbox.graph.subscriptions import Subscriptions
from calsync_sandbox.graph.switches import GraphSwitches
from calsync_sandbox.mail import MailLog
from calsync_sandbox.mailbox import Mailbox, MailboxError
from calsync_sandbox.mailbox.errors import bad_request, unknown_mailbox
from calsync_sandbox.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable
    from pathlib import Path

    from aiohttp.typedefs import Handler

    from calsync_sandbox.authority import Tokens
    from calsync_sandbox.authority.tokens import Grant
    from calsync_sandbox.graph.calls import Reply

_ROOT = "/v1.0"
_MAILBOX = re.compile(r"/users/([^/?\"]+)")


class GraphServer(Server):
    """Answers Graph v1.0: applications for all mailboxes, people for their own.

    Mails that clients cause go to the log it is given, those of people in Outlook to `people_mail`.
    """

    def __init__(
        self,
        mail: MailLog,
        tokens: Tokens,
        *,
        schema: Path = METADATA,
        now: Callable[[], float] = time.time,
    ) -> None:
        """Check every answer against Microsoft's metadata. `now`: seconds since the epoch."""
        super().__init__("graph")
        self.switches = GraphSwitches()
        self.mailboxes: dict[str, Mailbox] = {}
        """Lower-cased primary address -> mailbox."""
        self.people_mail = MailLog()
        self.schema_violations: list[str] = []
        """What was wrong with answers; each was replaced by a 500."""
        self.not_allowed: list[str] = []
        """What calsync may not ask, of all that was asked. Other clients may, so it is answered all the same."""
        self._mail = mail
        self._tokens = tokens
        self._schema = Schema(schema)
        self._allowed = Allowed(Schema(requests=True))
        self._now = now
        self._names: dict[str, Face] = {}
        self._limits = Limits(now)
        self.subscriptions = Subscriptions(self.switches, now, self._face)

    def add_mailbox(
        self,
        address: str,
        *,
        aliases: tuple[str, ...] = (),
        timezone: str = "W. Europe Standard Time",
        can_edit: bool = True,
        default_reminder: int = 15,
    ) -> Mailbox:
        """Add a mailbox; it is found by its address, its aliases and its user's id."""
        mailbox = Mailbox(
            address,
            aliases=aliases,
            timezone=timezone,
            can_edit=can_edit,
            default_reminder=default_reminder,
            switches=self.switches,
            people_mail=self.people_mail,
            now=self._now,
        )
        self.mailboxes[address.lower()] = mailbox
        writer = mailbox.writer(GraphPost(address, self._mail, self.switches))
        self.subscriptions.watch(mailbox)
        face = Face(mailbox, Feed(mailbox.store, self.switches), writer)
        self._names.update({name.lower(): face for name in (address, *aliases, mailbox.user_id)})
        return mailbox

    def readdress(self, mailbox: Mailbox, address: str) -> None:
        """Give a mailbox another address, as an administrator does; it is not found by the old one any more."""
        face = self._names.pop(mailbox.address.lower())
        del self.mailboxes[mailbox.address.lower()]
        mailbox.address = address
        self.mailboxes[address.lower()] = mailbox
        self._names[address.lower()] = face

    def mailbox(self, name: str) -> Mailbox:
        """Return a mailbox by address, alias or id. Raises MailboxError for an unknown or refused one."""
        return self._face(name).mailbox

    def feed(self, mailbox: Mailbox) -> Feed:
        """Return a mailbox's change feed."""
        return self._names[mailbox.user_id].feed

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [web.route("*", _ROOT + "/{path:.*}", self._respond)]

    async def stop(self) -> None:
        await self.subscriptions.close()
        await super().stop()

    def _face(self, name: str) -> Face:
        found = self._names.get(name.lower())
        if found is None:
            raise unknown_mailbox(name)
        if found.mailbox.refusal is not None:
            raise found.mailbox.refusal
        return found

    async def _handle(self, request: web.Request, handler: Handler) -> web.StreamResponse:
        """Judge and count requests, the concurrent ones around faults, which may hold a request back."""
        path, body = request.rel_url.raw_path, await request.read()
        headers = {name.lower(): ",".join(request.headers.getall(name)) for name in request.headers}
        self.not_allowed += self._allowed.problems(request.method, path, headers, body)
        mailbox = _mailbox(body.decode("utf-8", "replace") if _is_batch(path) else path)
        try:
            parts = _parts(body) if _is_batch(path) else 1
            with self._limits.under_way(mailbox, parts, self.switches):
                if not _is_batch(path):
                    self._limits.count(mailbox, self.switches)
                return await super()._handle(request, handler)
        except MailboxError as error:
            return self._refuse(request, error)

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        try:
            grant = self._check_token(request.headers.get("Authorization", ""))
            return self._write(request, await self._answer(request, await request.read(), grant))
        except MailboxError as error:
            return self._refuse(request, error)

    async def _answer(self, request: web.Request, content: bytes, grant: Grant) -> Reply:
        """Answer a person who signed in (to the own mailbox), or an application, which may open all."""

        def carry_out(asked: Request) -> Reply:
            self._check_owner(grant.person, asked.path)
            return self._carry_out(asked)

        def part(asked: Request) -> Reply:
            self._limits.count(_mailbox(asked.path), self.switches)
            return carry_out(asked)

        origin = f"{request.scheme}://{request.host}{_ROOT}"
        path = request.rel_url.raw_path.removeprefix(_ROOT)
        body = _decode(content)
        if _is_batch(path) and request.method == "POST":
            return run_batch(body, part, origin)
        headers = {name.lower(): ",".join(request.headers.getall(name)) for name in request.headers}
        asked = Request(request.method, path, request.rel_url.raw_query_string, headers, body, origin)
        if path.startswith("/subscriptions"):
            return await self._subscribe(asked, grant)
        return carry_out(asked)

    async def _subscribe(self, asked: Request, grant: Grant) -> Reply:
        if asked.method == "POST" and isinstance(asked.body, dict):
            self._check_owner(grant.person, "/" + str(asked.body.get("resource")).strip("/"))
        reply = await self.subscriptions.answer(asked, grant.client_id, grant.tenant)
        self._check_shape(reply)
        return reply

    def _carry_out(self, asked: Request) -> Reply:
        reply = answer(self._face, self.switches, asked)
        self._check_shape(reply)
        return reply

    def _write(self, request: web.Request, reply: Reply) -> web.Response:
        headers = {**self._ids(request), **reply.headers}
        if reply.body is None:
            return web.Response(status=reply.status, headers=headers)
        content = json.dumps(reply.body, separators=(",", ":")).encode()
        return web.Response(status=reply.status, headers=headers, body=content, content_type="application/json")

    def _check_shape(self, reply: Reply) -> None:
        """Raise GraphError 500 for an answer that the real server could not give."""
        if reply.shape is None:
            return
        problems = self._schema.problems(reply.shape, reply.body)
        if problems:
            self.schema_violations += problems
            raise GraphError(500, "SchemaViolation", "; ".join(problems[:3]))

    def _check_owner(self, person: str | None, path: str) -> None:
        name = unquote(path.removeprefix("/users/").partition("/")[0]).lower()
        if person is not None and self._names.get(name) is not self._names.get(person.lower()):
            raise access_denied()

    def _check_token(self, header: str) -> Grant:
        kind, _, token = header.partition(" ")
        grant = self._tokens.find(token)
        if kind.lower() != "bearer" or grant is None:
            raise _unauthorized("Access token has expired or is not yet valid.", 'error="invalid_token"')
        claims = self._tokens.challenge(token)
        if claims is not None:
            encoded = base64.b64encode(claims.encode()).decode()
            parameters = f'error="insufficient_claims", claims="{encoded}"'
            raise _unauthorized("Continuous access evaluation resulted in challenge.", parameters)
        return grant

    def _refuse(self, request: web.Request, error: MailboxError) -> web.Response:
        ids = self._ids(request)
        inner = {"date": datetime.fromtimestamp(self._now(), UTC).isoformat(timespec="seconds")[:19], **ids}
        body: dict[str, Any] = envelope(error)
        body["error"]["innerError"] = inner
        return web.json_response(body, status=error.status, headers={**ids, **headers_of(error)})

    @staticmethod
    def _ids(request: web.Request) -> dict[str, str]:
        request_id = str(uuid.uuid4())
        return {
            "request-id": request_id,
            "client-request-id": request.headers.get("client-request-id", request_id),
        }


def _unauthorized(message: str, parameters: str) -> GraphError:
    challenge = f'Bearer realm="", authorization_uri="", {parameters}'
    return GraphError(401, "InvalidAuthenticationToken", message, headers={"WWW-Authenticate": challenge})


def _is_batch(path: str) -> bool:
    return path.endswith("/$batch")


def _parts(content: bytes) -> int:
    """Return how many requests a batch holds; 1 for what is none."""
    try:
        requests = json.loads(content)["requests"]
    except (ValueError, LookupError, TypeError):
        return 1
    return len(requests) if isinstance(requests, list) and requests else 1


def _mailbox(text: str) -> str:
    """Return the mailbox that a path, or the first part of a batch, names."""
    found = _MAILBOX.search(text)
    return unquote(found[1]).lower() if found else ""


def _decode(content: bytes) -> Any:
    if not content:
        return None
    try:
        return json.loads(content)
    except ValueError as error:
        raise bad_request("Unable to read JSON request payload.", "BadRequest") from error
