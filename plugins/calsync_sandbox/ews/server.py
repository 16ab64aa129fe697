"""The sandbox's Exchange Web Services: the second face of the mailboxes that the Graph server shows, too."""

from __future__ import annotations

import re
import shutil
import tempfile
import uuid
from collections import Counter
from pathlib import Path
from typing import TYPE_CHECKING

from aiohttp import web

from calsync_sandbox.ews import envelope, notifications, promise
from calsync_sandbox.ews.authentication import Authentication, Unauthorized
from calsync_sandbox.ews.calls import new_call
from calsync_sandbox.ews.certificate import make_certificate
from calsync_sandbox.ews.errors import UNKNOWN, EwsError, SoapFault, bare_fault, fault, from_mailbox
from calsync_sandbox.ews.makes import adapt
from calsync_sandbox.ews.names import parts
from calsync_sandbox.ews.operations import OPERATIONS
from calsync_sandbox.ews.spoiling import leave_out, spoil
from calsync_sandbox.ews.state import State
from calsync_sandbox.ews.streaming import stream
from calsync_sandbox.ews.switches import EwsSwitches
from calsync_sandbox.ews.users import Users
from calsync_sandbox.ews.validation import check
from calsync_sandbox.mailbox.errors import MailboxError
from calsync_sandbox.server import HOST, Server

if TYPE_CHECKING:
    from collections.abc import Iterable

    from calsync_sandbox.authority import Tokens
    from calsync_sandbox.ews.authentication import Headers, SignedIn
    from calsync_sandbox.ews.calls import Call, FindMailbox
    from calsync_sandbox.ews.names import Element
    from calsync_sandbox.mail import MailLog

_WRITTEN = {
    "CreateItem": "Items",
    "UpdateItem": "ItemChanges",
    "DeleteItem": "ItemIds",
    "MoveItem": "ItemIds",
}
PATH = "/EWS/Exchange.asmx"
_OPERATION = re.compile(rb"<(?:[\w.-]+:)?Body\b[^>]*>\s*(?:<!--.*?-->\s*)*<(?:[\w.-]+:)?([A-Za-z]+)", re.DOTALL)


class EwsServer(Server):
    """Answers SOAP over plain HTTP and over TLS. The paths of faults end in `/` and the operation's name."""

    def __init__(self, mail: MailLog, tokens: Tokens, find_mailbox: FindMailbox) -> None:
        """`find_mailbox` returns a mailbox by its address, or raises MailboxError."""
        super().__init__("exchange_ews")
        self.switches = EwsSwitches()
        self.users = Users()
        self.state = State(mail)
        self.not_allowed: list[str] = []
        """Requests of calsync that might mail somebody."""
        self.tls_port = 0
        self.authority = Path()
        """The server's own certificate in PEM, while it runs."""
        self._find_mailbox = find_mailbox
        self._authentication = Authentication(self.users, tokens, self.switches)
        self._busy: Counter[str] = Counter()
        self._folder = Path()

    @property
    def ews_url(self) -> str:
        return self.url + PATH

    @property
    def tls_url(self) -> str:
        return f"https://{HOST}:{self.tls_port}{PATH}"

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [web.post("/{path:(?i:ews/exchange[.]asmx)}", self._respond)]

    async def start(self, port: int = 0) -> None:
        """Listen for plain HTTP, and on another port for TLS."""
        self._folder = Path(tempfile.mkdtemp(prefix="calsync-ews-"))
        made = make_certificate(self._folder)
        self.authority = made.authority
        self._authentication.certificate = made.digest
        self._authentication.credentials = self._folder / "users"
        await super().start(port)
        self.tls_port = await self.listen(made.context)

    async def stop(self) -> None:
        await super().stop()
        shutil.rmtree(self._folder, ignore_errors=True)

    def writes(self) -> int:
        """Return how many changes of items the requests asked for that the server has kept."""
        return sum(_writes(request.body) for request in self.requests if request.status != 401)

    def forget_sign_ins(self) -> None:
        """Answer 401 to the next request of every connection that has signed in."""
        self._authentication.forget()

    def forget_sync_states(self) -> None:
        """Refuse all sync states given so far."""
        self.state.generation += 1

    def fault_path(self, request: web.Request, body: bytes) -> str:
        """Return the request's path with its operation behind it."""
        found = _OPERATION.search(body)
        return f"{request.path}/{found[1].decode() if found else ''}"

    async def _respond(self, request: web.Request) -> web.StreamResponse:
        if request.headers.get("User-Agent", "").startswith(promise.SENDER):
            self.not_allowed += promise.broken(await request.read())
        try:
            signed_in = self._authentication.sign_in(request)
        except Unauthorized as refusal:
            return web.Response(status=401, headers=refusal.headers)
        login, headers = signed_in.user.login, self._headers(request, signed_in)
        self._busy[login] += 1
        try:
            call = self._call(await request.read(), signed_in)
            if call.name == notifications.OPERATION:
                return await stream(call, request, headers)
            answer = self._carry_out(call)
            adapt(answer, self.switches)
            leave_out(answer, self.switches.spoilt)
            return self._answer(headers, 200, answer)
        except envelope.NotXml:
            return web.Response(status=400, text="Bad Request")
        except SoapFault as error:
            return self._refusal(headers, error)
        finally:
            self._busy[login] -= 1

    def _call(self, content: bytes, signed_in: SignedIn) -> Call:
        """Read a request. Raises NotXml or SoapFault."""
        read = envelope.read(content)
        call = new_call(read, signed_in.user, self._find_mailbox, self.switches, self.state)
        check(call.operation, content, before_2013_sp1=call.is_before("Exchange2013_SP1"))
        limit = self.switches.concurrency_limit
        if limit is not None and self._busy[signed_in.user.login] > limit:
            raise SoapFault(
                "ErrorExceededConnectionCount", "You have exceeded the available concurrent connections."
            )
        return call

    def _carry_out(self, call: Call) -> Element:
        operation = OPERATIONS.get(call.name)
        if operation is None or call.name in self.switches.unknown_operations:
            raise SoapFault(UNKNOWN, "The request is invalid.")
        trouble = self.state.troubles.take(call.name, whole=True)
        if trouble is not None and not trouble.after_commit:
            raise trouble.error()
        try:
            answer = operation(call)
            if trouble is not None:
                raise trouble.error()
        except MailboxError as error:
            raise _whole(from_mailbox(error)) from error
        except EwsError as error:
            raise _whole(error) from error
        return answer

    def _headers(self, request: web.Request, signed_in: SignedIn) -> Headers:
        headers = [
            *signed_in.headers,
            ("Content-Type", "text/xml; charset=utf-8"),
            ("request-id", str(uuid.uuid4())),
            ("X-FEServer", "SANDBOX"),
            ("X-BEServer", "SANDBOX"),
            ("Set-Cookie", "exchangecookie=sandbox; path=/; HttpOnly"),
            ("Set-Cookie", "X-BackEndOverrideCookie=sandbox; path=/; HttpOnly"),
        ]
        if request.headers.get("return-client-request-id", "").lower() == "true":
            headers.append(("client-request-id", request.headers.get("client-request-id", "")))
        return headers

    def _refusal(self, headers: Headers, error: SoapFault) -> web.Response:
        if self.switches.bare_faults:
            return self._answer(headers, 500 if error.code == UNKNOWN else 200, bare_fault(error))
        return self._answer(headers, 500, fault(error))

    def _answer(self, headers: Headers, status: int, content: Element) -> web.Response:
        body = envelope.write(self.switches.version, content)
        return web.Response(status=status, headers=headers, body=spoil(content, body, self.switches.spoilt))


def _writes(content: bytes) -> int:
    """Return how many items a request wants to change."""
    found = _OPERATION.search(content)
    path = _WRITTEN.get(found[1].decode() if found else "")
    if path is None:
        return 0
    try:
        return len(parts(envelope.read(content).operation, path))
    except (envelope.NotXml, SoapFault):
        return 0


def _whole(error: EwsError) -> SoapFault:
    return SoapFault(error.code, error.message, details=error.details)
