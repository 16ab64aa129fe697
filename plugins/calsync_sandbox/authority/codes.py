"""Authorization codes with PKCE (RFC 6749 section 4.1, RFC 7636): people who sign in to pages in their browser."""

from __future__ import annotations

import base64
import hashlib
import secrets
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any
from urllib.parse import urlencode

from calsync_sandbox.authority.documents import identity
from calsync_sandbox.authority.refusal import SignInError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    from calsync_sandbox.authority.clients import Client
    from calsync_sandbox.authority.people import Person


@dataclass(frozen=True, slots=True, kw_only=True)
class Code:
    """What a code was issued for."""

    person: Person
    client_id: str
    redirect_uri: str
    challenge: str
    nonce: str
    scope: str
    expires: float


class Codes:
    """Which codes are good. A code is good once, and only for who knows the verifier of its challenge."""

    def __init__(self, now: Callable[[], float]) -> None:
        self.at_the_browser: Person | None = None
        """Who signs in when a browser comes; None: somebody who does not agree."""
        self.claims: dict[str, Any] = {}
        """Claims that replace those of the id tokens from now on, as those of another tenant."""
        self.issued: list[str] = []
        """All codes and tokens, those that are no longer good too."""
        self._now = now
        self._codes: dict[str, Code] = {}

    def issue(self, query: Mapping[str, str]) -> str:
        """Return the address that a browser is sent back to. Raises SignInError for a request of wrong shape."""
        redirect_uri, state = query.get("redirect_uri", ""), query.get("state", "")
        if not redirect_uri or query.get("response_type") != "code":
            raise SignInError(400, "invalid_request", 900144, "The request lacks a parameter.")
        if not query.get("code_challenge") or query.get("code_challenge_method") != "S256":
            raise SignInError(400, "invalid_request", 9002325, "Proof Key for Code Exchange is required.")
        if "openid" not in query.get("scope", "").split() or not query.get("nonce"):
            raise SignInError(400, "invalid_request", 90014, "An id token needs the scope openid, and a nonce.")
        if self.at_the_browser is None:
            return f"{redirect_uri}?{urlencode({'error': 'access_denied', 'state': state})}"
        code = secrets.token_urlsafe(32)
        self.issued.append(code)
        self._codes[code] = Code(
            person=self.at_the_browser,
            client_id=query["client_id"],
            redirect_uri=redirect_uri,
            challenge=query["code_challenge"],
            nonce=query["nonce"],
            scope=query["scope"],
            expires=self._now() + 600,
        )
        return f"{redirect_uri}?{urlencode({'code': code, 'state': state})}"

    def redeem(self, form: Mapping[str, str]) -> Code:
        """Return what a code stands for, once. Raises SignInError."""
        code = self._codes.pop(form.get("code", ""), None)
        if code is None or self._now() >= code.expires:
            raise SignInError(400, "invalid_grant", 54005, "The code was already redeemed, or is unknown.")
        own = (code.client_id, code.redirect_uri) == (form.get("client_id"), form.get("redirect_uri"))
        digest = hashlib.sha256(form.get("code_verifier", "").encode()).digest()
        if not own or base64.urlsafe_b64encode(digest).rstrip(b"=").decode() != code.challenge:
            raise SignInError(400, "invalid_grant", 501481, "The code does not belong to this request.")
        return code

    def answer(self, client: Client, code: Code, seconds: int) -> dict[str, Any]:
        """Return the tokens of who signed in. The access token opens nothing."""
        token = secrets.token_urlsafe(48)
        self.issued.append(token)
        told = identity(client.tenant, client.client_id, code.person, {"nonce": code.nonce, **self.claims})
        life = {"expires_in": seconds, "ext_expires_in": seconds}
        return {"token_type": "Bearer", "scope": code.scope, "access_token": token, **life, **told}
