"""Registered applications, and how one proves that it is itself."""

from __future__ import annotations

import secrets
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calsync_sandbox.authority.assertion import check_assertion

if TYPE_CHECKING:
    from collections.abc import Mapping

HOST = "https://login.microsoftonline.com"
_BEARER = "urn:ietf:params:oauth:client-assertion-type:jwt-bearer"


@dataclass(frozen=True, slots=True)
class Client:
    """A registered application. With a certificate (PEM), its assertions' signatures are verified."""

    tenant: str
    client_id: str
    secret: str | None = field(default=None, repr=False)
    certificate: str | None = field(default=None, repr=False)
    public: bool = False
    """People sign in on its behalf, without a secret of its own ("Allow public client flows")."""

    def proves(self, form: Mapping[str, str], now: float) -> bool:
        """Tell whether a token request comes from this application."""
        if form.get("client_assertion_type") == _BEARER and self.certificate is not None:
            audience = f"{HOST}/{self.tenant}/oauth2/v2.0/token"
            assertion = form.get("client_assertion", "")
            return check_assertion(assertion, self.certificate, self.client_id, audience, now)
        given = form.get("client_secret")
        return self.secret is not None and given is not None and secrets.compare_digest(given, self.secret)
