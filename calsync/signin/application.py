"""Tokens of an application, which signs in with its own secret or certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msal

from calsync.signin.authority import RETRIED
from calsync.signin.credential import Certificate
from calsync.signin.tokens import REFUSED_FOR, Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from calsync.ports import Clock
    from calsync.signin.registration import Registration


class ApplicationTokens(Tokens):
    """They are kept in memory only: a new process asks for a new one."""

    repair = "ask the tenant's administrator to check the application's permissions and consent"

    def __init__(self, registration: Registration, credential: str | Certificate, clock: Clock) -> None:
        """`credential`: a secret or a certificate."""
        super().__init__(registration, clock)
        self._credential = credential
        self._app: msal.ConfidentialClientApplication | None = None
        self._refused: tuple[datetime, Mapping[str, Any]] | None = None
        """When the authority refused a token for good, and its answer."""

    def _ask(self, refused: str | None, claims: str | None) -> Mapping[str, Any]:
        now = self._clock.now()
        if self._refused is not None and now - self._refused[0] < REFUSED_FOR:
            return self._refused[1]
        if self._app is None:
            self._app = self._application(msal.ConfidentialClientApplication, client_credential=self._proof())
        elif refused is not None:
            self._app.remove_tokens_for_client()
        scopes = [*self._registration.scopes]
        answer: Mapping[str, Any] = self._app.acquire_token_for_client(scopes, claims_challenge=claims)
        if "access_token" not in answer and answer.get("error") not in RETRIED:
            self._refused = (now, answer)
            self._app = None  # the next one reads a certificate's files anew: somebody may have renewed them
        return answer

    def _proof(self) -> str | dict[str, str]:
        credential = self._credential
        if isinstance(credential, Certificate):
            return credential.read(self._registration.connection)
        return credential
