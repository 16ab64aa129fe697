"""The server: which request is answered how."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from aiohttp import web

from calsync_sandbox.authority.clients import Client
from calsync_sandbox.authority.codes import Codes
from calsync_sandbox.authority.documents import configuration, identity, instance
from calsync_sandbox.authority.people import Consent, People
from calsync_sandbox.authority.refusal import SignInError
from calsync_sandbox.authority.tokens import Tokens
from calsync_sandbox.server import Server

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

_DEVICE_CODE = "urn:ietf:params:oauth:grant-type:device_code"


class AuthorityServer(Server):
    """Issues tokens to registered clients, and to people on behalf of public ones."""

    def __init__(self, *, now: Callable[[], float] = time.time) -> None:
        super().__init__("authority")
        self.tokens = Tokens(now)
        self.people = People(now)
        self.codes = Codes(now)
        self.token_seconds = 3599
        """The life of tokens issued from now on."""
        self._now = now
        self._clients: dict[tuple[str, str], Client] = {}
        self._tenants: set[str] = set()

    def register(
        self,
        tenant: str,
        client_id: str,
        *,
        secret: str | None = None,
        certificate: str | None = None,
        public: bool = False,
    ) -> None:
        """Register an application. `certificate`: PEM of the certificate whose key signs its assertions."""
        self._clients[tenant, client_id] = Client(tenant, client_id, secret, certificate, public)
        self._tenants.add(tenant)

    def secrets(self) -> list[str]:
        """Return all tokens that were issued: none of them may be found anywhere."""
        return [*self.tokens.issued, *self.people.issued, *self.codes.issued]

    def routes(self) -> Iterable[web.AbstractRouteDef]:
        return [
            web.get("/common/discovery/instance", self._discover_instance),
            web.get("/{tenant}/v2.0/.well-known/openid-configuration", self._describe),
            web.get("/{tenant}/oauth2/v2.0/authorize", self._authorize),
            web.post("/{tenant}/oauth2/v2.0/devicecode", self._begin),
            web.post("/{tenant}/oauth2/v2.0/token", self._issue),
        ]

    async def _discover_instance(self, request: web.Request) -> web.Response:
        return web.json_response(instance(request.query.get("authorization_endpoint", "")))

    async def _describe(self, request: web.Request) -> web.Response:
        tenant = request.match_info["tenant"]
        if tenant not in self._tenants:
            return _refused(SignInError(400, "invalid_tenant", 90002, "Tenant not found."))
        return web.json_response(configuration(tenant))

    async def _begin(self, request: web.Request) -> web.Response:
        """Issue a device code."""
        form = await _form(request)
        try:
            self._public(request.match_info["tenant"], form)
            device_code, code = self.people.begin(form)
        except SignInError as error:
            return _refused(error)
        address = "https://microsoft.com/devicelogin"
        return web.json_response(
            {
                "device_code": device_code,
                "user_code": code.user_code,
                "verification_uri": address,
                "expires_in": self.people.code_seconds,
                "interval": self.people.interval,
                "message": f"To sign in, open {address} and enter the code {code.user_code}.",
            }
        )

    async def _authorize(self, request: web.Request) -> web.Response:
        """Send the browser of whoever sits at it back with a code, as if that person had just typed a password."""
        query = dict(request.query)
        try:
            self._known(request.match_info["tenant"], query)
            back = self.codes.issue(query)
        except SignInError as error:
            return _refused(error)
        raise web.HTTPFound(back)

    async def _issue(self, request: web.Request) -> web.Response:
        form = await _form(request)
        try:
            return web.json_response(self._answer(request.match_info["tenant"], form))
        except SignInError as error:
            return _refused(error)

    def _answer(self, tenant: str, form: Mapping[str, str]) -> dict[str, Any]:
        """Return the answer to a token request. Raises SignInError."""
        kind = form.get("grant_type")
        if kind == "authorization_code":
            client = self._known(tenant, form)
            if client.public and not form.get("client_secret"):
                return self._delegated(client, form)
            if not client.proves(form, self._now()):
                raise SignInError(401, "invalid_client", 7000215, "Invalid client secret or assertion provided.")
            return self.codes.answer(client, self.codes.redeem(form), self.token_seconds)
        if kind == "client_credentials":
            client = self._sign_in(tenant, form)
            return self._tokens_of(client, form)
        if kind == _DEVICE_CODE:
            client = self._public(tenant, form)
            return self._tokens_of(client, form, self.people.redeem_code(form))
        if kind == "refresh_token":
            client = self._public(tenant, form)
            return self._tokens_of(client, form, self.people.redeem_refresh_token(form))
        raise SignInError(400, "unsupported_grant_type", 70003, "The grant type is not supported.")

    def _tokens_of(
        self, client: Client, form: Mapping[str, str], consent: Consent | None = None
    ) -> dict[str, Any]:
        person = None if consent is None else consent.person
        token = self.tokens.issue(
            client.tenant,
            client.client_id,
            self.token_seconds,
            person=None if person is None else person.address,
            claims=form.get("claims", ""),
        )
        life = {"expires_in": self.token_seconds, "ext_expires_in": self.token_seconds}
        answer: dict[str, Any] = {"token_type": "Bearer", **life, "access_token": token}
        if consent is None or person is None:
            return answer
        more = {"scope": consent.scope, "refresh_token": self.people.refresh_token(consent)}
        return {**answer, **more, **identity(client.tenant, client.client_id, person)}

    def _delegated(self, client: Client, form: Mapping[str, str]) -> dict[str, Any]:
        """Return the tokens of who agreed in the browser, for a client that has no secret of its own."""
        code = self.codes.redeem(form)
        consent = Consent(client_id=client.client_id, scope=code.scope, person=code.person)
        more = {"nonce": code.nonce, **self.codes.claims}
        told = identity(client.tenant, client.client_id, code.person, more)
        return {**self._tokens_of(client, form, consent), **told}

    def _sign_in(self, tenant: str, form: Mapping[str, str]) -> Client:
        """Return the client that a token request proves to be. Raises SignInError."""
        client = self._known(tenant, form)
        if not self.people.consented:
            raise SignInError(400, "unauthorized_client", 7000112, "The application is disabled.")
        if not form.get("scope", "").endswith("/.default"):
            raise SignInError(400, "invalid_scope", 1002012, "The scope must end with /.default.")
        if not client.proves(form, self._now()):
            raise SignInError(401, "invalid_client", 7000215, "Invalid client secret or assertion provided.")
        return client

    def _public(self, tenant: str, form: Mapping[str, str]) -> Client:
        client = self._known(tenant, form)
        if not client.public:
            text = "The request must contain client_assertion or client_secret."
            raise SignInError(401, "invalid_client", 7000218, text)
        return client

    def _known(self, tenant: str, form: Mapping[str, str]) -> Client:
        client = self._clients.get((tenant, form.get("client_id", "")))
        if client is None:
            raise SignInError(
                400, "unauthorized_client", 700016, "The application was not found in the directory."
            )
        return client


async def _form(request: web.Request) -> dict[str, str]:
    return {name: value for name, value in (await request.post()).items() if isinstance(value, str)}


def _refused(error: SignInError) -> web.Response:
    body: dict[str, Any] = {
        "error": error.error,
        "error_description": f"AADSTS{error.number}: {error.text}",
        "error_codes": [error.number],
    }
    if error.suberror is not None:
        body["suberror"] = error.suberror
    return web.json_response(body, status=error.status)
