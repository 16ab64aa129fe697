"""Tokens of one person who signed in once, on behalf of whom the application works from then on."""

from __future__ import annotations

import logging
import warnings
from datetime import timedelta
from functools import partial
from typing import TYPE_CHECKING, Any

import msal

from calsync.errors import ConfigError, LoginError, Retry
from calsync.ports import BrowserSignIn, DeviceCode, SignedIn
from calsync.signin.authority import FLOW, redeem
from calsync.signin.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping, Sequence

    from calsync.ports import Clock, Vault
    from calsync.signin.registration import Registration

FIELD = "tokens"
PENDING = frozenset({"authorization_pending", "slow_down"})
ENDED = frozenset({"invalid_grant", "interaction_required", "consent_required", "login_required"})
"""What only a new sign-in mends."""


class DelegatedTokens(Tokens):
    """msal's cache, which holds the refresh token, lies in the vault: every process begins with what is there.

    The vault is held from reading the cache to writing it: the authority may give a new refresh token with each
    use of the old one, so two processes must not use the same.

    A way to sign in fills an empty cache, which `_keep` then puts in the place of the former one.
    """

    advice: Mapping[str, str] = {
        "invalid_client": (
            "allow public client flows in the app registration, and enter the address that browsers come back to"
            " under its platform for mobile and desktop applications"
        ),
        "access_denied": "whoever signed in did not agree: sign in again, or ask the tenant's administrator",
    }

    def __init__(self, registration: Registration, vault: Vault | None, clock: Clock) -> None:
        """Without a vault there is nowhere to keep them: ConfigError."""
        super().__init__(registration, clock)
        # On the level DEBUG it would log each code, and who signed in.
        logging.getLogger("msal.token_cache").setLevel(logging.INFO)
        name = registration.connection
        if vault is None:
            raise ConfigError([f"connection {name}: a person's sign-in is kept encrypted: give `service.key`"])
        self.repair = f"sign in again: calsync login {name} -c FILE"
        self._vault = vault
        self._cache = msal.SerializableTokenCache()
        self._app: msal.PublicClientApplication | None = None
        self._refused: tuple[str, Mapping[str, Any]] | None = None
        """A cache that the authority gives no token for, and its answer: the same one is not shown to it again."""

    async def begin(self, redirect_uri: str) -> BrowserSignIn:
        """Begin to let somebody sign in in the browser (authorization code with PKCE, RFC 7636).

        Raises LoginError, Retry.
        """
        app = await self._call(lambda: self._public(msal.SerializableTokenCache()))
        scopes = [*self._registration.scopes]
        # Who has several accounts in the browser chooses; the one that is signed in there may not be meant.
        options = {"redirect_uri": redirect_uri, "prompt": "select_account"}

        def ask() -> Mapping[str, Any]:
            with warnings.catch_warnings():
                # msal would have the browser post its answer: from another site, so without our cookies.
                warnings.filterwarnings("ignore", "response_mode='form_post' is recommended")
                return dict(app.initiate_auth_code_flow(scopes, **options))

        flow = await self._call(ask)
        kept = {key: flow[key] for key in FLOW}
        return BrowserSignIn(address=self._http.swapped(flow["auth_uri"]), flow=kept)

    async def finish(self, flow: Mapping[str, Any], answer: Mapping[str, str]) -> SignedIn:
        """Keep the sign-in of who comes back from the browser; return who it is.

        What was kept before stays where it fails. Raises LoginError, Retry, StoreError.
        """
        if not set(FLOW) <= flow.keys():
            raise self._foreign()
        cache = msal.SerializableTokenCache()
        app = await self._call(lambda: self._public(cache))

        found = await self._call(lambda: redeem(app, flow, answer, self._foreign()))
        if "access_token" not in found:
            raise self._refusal(found)
        claims = found.get("id_token_claims", {})
        await self._call(lambda: self._keep(cache))
        return SignedIn(
            tenant_id=str(claims.get("tid", "")),
            object_id=str(claims.get("oid", "")),
            address=str(claims.get("preferred_username", "")),
        )

    def _foreign(self) -> LoginError:
        name = self._registration.connection
        return LoginError(f"connection {name}: this answer belongs to another sign-in, or to none: begin again")

    async def sign_in(self, show: Callable[[DeviceCode], object]) -> str:
        """Let somebody sign in with a device code (RFC 8628); return who it was.

        What was kept before stays until somebody has signed in. Raises LoginError, Retry, StoreError.
        """
        cache = msal.SerializableTokenCache()
        app = await self._call(lambda: self._public(cache))
        flow = await self._call(lambda: _begin(app, self._registration.scopes))
        if "user_code" not in flow:
            raise self._refusal(flow)
        until = self._clock.now() + timedelta(seconds=flow["expires_in"])
        show(DeviceCode(code=str(flow["user_code"]), address=str(flow["verification_uri"]), until=until))
        while self._clock.now() < until:
            await self._clock.sleep(float(flow["interval"]))
            try:
                answer = await self._call(lambda: _poll(app, flow))
            except Retry:
                continue  # the code is still good
            if "access_token" in answer:
                await self._call(lambda: self._keep(cache))
                return str(answer.get("id_token_claims", {}).get("preferred_username", "somebody without a name"))
            if answer.get("error") not in PENDING:
                raise self._refusal(answer)
        raise LoginError(f"connection {self._registration.connection}: nobody has used the code: {self.repair}")

    def _keep(self, cache: msal.SerializableTokenCache) -> None:
        """Keep a sign-in. Raises LoginError where another person's is kept: calendars would be exchanged."""
        content = cache.serialize()
        with self._vault.alone(FIELD):
            try:
                before = _people(self._vault.read(FIELD))
            except LoginError:
                before = set()  # nobody can read whose it was
            if before - _people(content):
                name = self._registration.connection
                raise LoginError(
                    f"connection {name}: another person has signed in than before, which was not accepted: sign in"
                    " with the same account; for another person, add a connection of another name"
                )
            self._vault.write(FIELD, content)

    def _ask(self, refused: str | None, claims: str | None) -> Mapping[str, Any]:
        with self._vault.alone(FIELD):
            kept = self._vault.read(FIELD)
            if kept is None:
                name = self._registration.connection
                raise LoginError(f"connection {name}: nobody has signed in yet: calsync login {name} -c FILE")
            if self._refused is not None and kept == self._refused[0]:
                return self._refused[1]
            self._cache.deserialize(kept)
            answer = self._silently(refused, claims)
            if self._cache.has_state_changed:
                kept = self._cache.serialize()
                self._vault.write(FIELD, kept)
        if answer.get("error") in ENDED:
            self._refused = (kept, answer)
        return answer

    def _silently(self, refused: str | None, claims: str | None) -> Mapping[str, Any]:
        """Ask msal, which asks the authority only where the cache holds no other good token than `refused`."""
        if self._app is None:
            self._app = self._public(self._cache)
        account = next(iter(self._app.get_accounts()), None)
        ask = partial(self._app.acquire_token_silent_with_error, [*self._registration.scopes], account)
        answer = ask(claims_challenge=claims)
        if claims is None and refused is not None and answer and answer.get("access_token") == refused:
            answer = ask(force_refresh=True)
        return answer or {"error": "invalid_grant"}

    def _public(self, cache: msal.SerializableTokenCache) -> msal.PublicClientApplication:
        return self._application(msal.PublicClientApplication, token_cache=cache)


def _people(kept: str | None) -> set[str]:
    """Return whose sign-ins are in a cache: `oid.tid` of each, as msal names accounts."""
    cache = msal.SerializableTokenCache()
    cache.deserialize(kept)
    return {str(one["home_account_id"]) for one in cache.search(cache.CredentialType.ACCOUNT)}


def _begin(app: msal.PublicClientApplication, scopes: Sequence[str]) -> dict[str, Any]:
    """Ask for a code; the answer has a `user_code`, or an `error`."""
    flow: dict[str, Any] = app.initiate_device_flow([*scopes])
    flow["interval"] = max(1, flow["interval"])  # with none, msal would ask without end
    return flow


def _poll(app: msal.PublicClientApplication, flow: dict[str, Any]) -> Mapping[str, Any]:
    """Ask once whether somebody has signed in. msal keeps the interval in `flow`, and raises it if told to."""
    flow.pop("latest_attempt_at", None)  # msal would compare it with the machine's clock
    answer: Mapping[str, Any] = app.acquire_token_by_device_flow(flow, exit_condition=lambda _: True)
    return answer
