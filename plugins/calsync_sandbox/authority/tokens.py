"""The access tokens that were issued. They are random, live in memory and open nothing but the sandbox."""

from __future__ import annotations

import json
import secrets
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping


@dataclass(frozen=True, slots=True, kw_only=True)
class Grant:
    """Whom a token was issued to."""

    tenant: str
    client_id: str
    expires: float
    """Seconds since the epoch."""
    person: str | None = None
    """The address of who signed in; None for the application itself."""
    claims: str = ""
    """What the request demanded of the token, a JSON object."""

    @property
    def takes_challenges(self) -> bool:
        """Whether the client said that it understands claims challenges (the capability CP1)."""
        return "CP1" in _of_access_token(self.claims).get("xms_cc", {}).get("values", [])

    def meets(self, demanded: str) -> bool:
        own = _of_access_token(self.claims)
        return all(own.get(name) == value for name, value in _of_access_token(demanded).items())


class Tokens:
    """Issues tokens and knows them again."""

    def __init__(self, now: Callable[[], float] = time.time) -> None:
        self.demanded = ""
        """What tokens must have been asked for with, a JSON object: other ones of clients that take challenges are
        refused, as by Continuous Access Evaluation."""
        self.issued: list[str] = []
        """All of them, those that are no longer valid too."""
        self._now = now
        self._grants: dict[str, Grant] = {}

    def issue(
        self, tenant: str, client_id: str, seconds: float = 3599, *, person: str | None = None, claims: str = ""
    ) -> str:
        """Return a new token of a client."""
        token = secrets.token_urlsafe(48)
        self.issued.append(token)
        self._grants[token] = Grant(
            tenant=tenant, client_id=client_id, expires=self._now() + seconds, person=person, claims=claims
        )
        return token

    def find(self, token: str) -> Grant | None:
        """Return whom a token was issued to; None for an unknown, revoked or expired one."""
        grant = self._grants.get(token)
        return grant if grant is not None and grant.expires > self._now() else None

    def challenge(self, token: str) -> str | None:
        """Return what a token lacks, as claims for the next one; None for nothing."""
        grant = self.find(token)
        if grant is None or not self.demanded or not grant.takes_challenges or grant.meets(self.demanded):
            return None
        return self.demanded

    def revoke(self) -> None:
        """Make all tokens issued so far invalid."""
        self._grants.clear()


def _of_access_token(claims: str) -> Mapping[str, Any]:
    found: Mapping[str, Any] = json.loads(claims or "{}").get("access_token", {})
    return found
