"""Tokens of an application, which signs in with its own secret or certificate."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import msal

from calsync.signin.credential import Certificate
from calsync.signin.tokens import Tokens

if TYPE_CHECKING:
    from collections.abc import Mapping

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

    def _ask(self, refused: str | None, claims: str | None) -> Mapping[str, Any]:
        if self._app is None:
            credential = self._credential
            if isinstance(credential, Certificate):
                proof: str | dict[str, str] = credential.read(self._registration.connection)
            else:
                proof = credential
            self._app = self._application(msal.ConfidentialClientApplication, client_credential=proof)
        elif refused is not None:
            self._app.remove_tokens_for_client()
        scopes = [*self._registration.scopes]
        answer: Mapping[str, Any] = self._app.acquire_token_for_client(scopes, claims_challenge=claims)
        return answer
