"""Signing a person in to our own pages: authorization code with PKCE (RFC 7636), in the browser.

Who it is, Microsoft tells in an id token. It comes straight from the sign-in server over TLS, so its signature
needs no check (OpenID Connect Core 1.0, section 3.1.3.7, number 6); what it says does, and msal leaves that to us.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, TypeVar

import msal

from calsync.errors import LoginError
from calsync.signin.authority import FLOW, AuthorityHttp, redeem, refusal, translated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from calsync.ports import Clock
    from calsync.signin.registration import Registration

    T = TypeVar("T")

SKEW = 300.0
"""Seconds by which the sign-in server's clock may be off."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Identity:
    """Who has signed in. An e-mail address would not do: it can be given to somebody else."""

    tenant_id: str
    object_id: str


@dataclass(frozen=True, slots=True, kw_only=True)
class Begun:
    """A sign-in that the browser is sent away for."""

    address: str
    """Where to."""
    flow: Mapping[str, Any]
    """What `finish` needs; the browser keeps it meanwhile, where no other page can see it."""


class _Forgetful(msal.TokenCache):  # type: ignore[misc] # msal has no types
    """Nothing is done on the person's behalf, so no token is kept."""

    def add(self, *_: Any, **__: Any) -> None:
        pass


class CodeFlow:
    """The sign-ins of one app registration. msal blocks, so it has a thread of its own."""

    def __init__(self, registration: Registration, client_secret: str, clock: Clock) -> None:
        """`registration`: its tenant is an id, and nobody of another one is let in."""
        self._registration = registration
        self._client_secret = client_secret
        self._clock = clock
        self._http = AuthorityHttp(registration.connection, registration.authority_url, clock)
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sign-in")
        self._app: msal.ConfidentialClientApplication | None = None

    async def begin(self, redirect_uri: str) -> Begun:
        """Begin a sign-in. Raises Retry, LoginError."""

        def ask() -> dict[str, Any]:
            flow: dict[str, Any] = self._msal().initiate_auth_code_flow(
                [*self._registration.scopes], redirect_uri=redirect_uri
            )
            return flow

        flow = await self._call(ask)
        return Begun(
            address=self._http.swapped(flow["auth_uri"]), flow={key: flow[key] for key in FLOW if key in flow}
        )

    async def finish(self, flow: Mapping[str, Any], answer: Mapping[str, str]) -> Identity:
        """Return who has signed in, from what the browser came back with.

        Raises LoginError where it does not belong to `flow`, was used already, or is somebody of another tenant;
        Retry.
        """
        if not set(FLOW) <= flow.keys():
            raise self._other("it was not begun in this browser")

        foreign = self._other("it belongs to another sign-in")
        found = await self._call(lambda: redeem(self._msal(), flow, answer, foreign))
        if "id_token_claims" not in found:
            raise refusal(self._registration.connection, found, {}, "try again, or ask the tenant's administrator")
        return self._identity(found["id_token_claims"])

    def close(self) -> None:
        """Let a request that is under way end by itself."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._http.close()

    def _identity(self, claims: Mapping[str, Any]) -> Identity:
        """Return whom an id token is about. Raises LoginError for one that is not for us, or of another tenant."""
        tenant, client = self._registration.tenant_id.lower(), self._registration.client_id
        if claims.get("aud") != client:
            raise self._other("its token is for another application")
        if str(claims.get("tid", "")).lower() != tenant:
            raise self._other("the account belongs to another organisation")
        if not str(claims.get("iss", "")).lower().endswith(f"/{tenant}/v2.0"):
            raise self._other("its token was issued by another organisation")
        if float(claims.get("exp", 0)) + SKEW < self._clock.now().timestamp():
            raise self._other("its token has expired")
        object_id = str(claims.get("oid", ""))
        if not object_id:
            raise self._other("its token does not say whose it is")
        return Identity(tenant_id=tenant, object_id=object_id)

    def _other(self, why: str) -> LoginError:
        return LoginError(f"{self._registration.connection}: this sign-in is not accepted: {why}")

    def _msal(self) -> msal.ConfidentialClientApplication:
        if self._app is None:
            registration = self._registration
            self._app = msal.ConfidentialClientApplication(
                registration.client_id,
                client_credential=self._client_secret,
                authority=registration.authority,
                http_client=self._http,
                token_cache=_Forgetful(),
                # Where the real authority is not asked, msal must not ask it about other authorities either.
                instance_discovery=False if registration.loopback else None,
                exclude_scopes=["offline_access"],
            )
        return self._app

    async def _call(self, ask: Callable[[], T]) -> T:
        def work() -> T:
            with translated(self._registration.connection):
                return ask()

        return await asyncio.get_running_loop().run_in_executor(self._thread, work)
