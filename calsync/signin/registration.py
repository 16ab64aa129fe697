"""An app registration, and which tokens are wanted for it."""

from __future__ import annotations

from dataclasses import dataclass

GLOBAL_AUTHORITY = "https://login.microsoftonline.com"


@dataclass(frozen=True, slots=True, kw_only=True)
class Registration:
    """What a connection signs in as, and what for."""

    connection: str
    """The connection's name, for messages."""
    tenant_id: str
    client_id: str
    authority_url: str
    """Scheme and host of the sign-in server; http is a stand-in on loopback."""
    scopes: tuple[str, ...]
    takes_challenges: bool = False
    """The server's claims challenges are passed to `Tokens.renew`. Without that it must not send any."""

    @property
    def loopback(self) -> bool:
        """Whether it is of a server without TLS, which is on this machine."""
        return self.authority_url.startswith("http:")

    @property
    def authority(self) -> str:
        """The tenant's address, as msal is told it: it insists on https."""
        return f"{GLOBAL_AUTHORITY if self.loopback else self.authority_url}/{self.tenant_id}"
