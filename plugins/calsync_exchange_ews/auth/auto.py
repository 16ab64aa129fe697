"""Signing in by what the server offers."""

from __future__ import annotations

from typing import TYPE_CHECKING

from calsync.errors import LoginError
from calsync_exchange_ews.auth.basic import Basic
from calsync_exchange_ews.auth.login import UNAUTHORIZED, Login, offered
from calsync_exchange_ews.auth.spnego import Spnego

if TYPE_CHECKING:
    from calsync.http import Answer, Http
    from calsync_exchange_ews.auth.credential import Credential
    from calsync_exchange_ews.auth.login import Post


class Auto(Login):
    """Asks once without a sign-in; prefers the schemes that do not send the password."""

    def __init__(self, credential: Credential) -> None:
        self._credential = credential
        self._chosen: Login | None = None

    async def send(self, http: Http, post: Post) -> Answer:
        if self._chosen is None:
            # Without a body: who is to be answered is not known yet.
            asked = await http.request("POST", http.base, headers=post.headers, body=b"")
            if asked.status != UNAUTHORIZED:  # it asks nobody, or looks at the body first
                asked = await post.send(http)
            if asked.status != UNAUTHORIZED:
                return asked
            self._chosen = self._choice(offered(asked))
        return await self._chosen.send(http, post)

    def _choice(self, schemes: list[str]) -> Login:
        if "ntlm" in schemes:
            return Spnego(self._credential, "NTLM")
        if "negotiate" in schemes:
            return Spnego(self._credential, "Negotiate")
        if "basic" in schemes:
            return Basic(self._credential)
        names = ", ".join(sorted(set(schemes))) or "none"
        raise LoginError(
            f"connection {self._credential.connection}: the server offers no sign-in with a password (it offers: "
            f"{names})"
        )
