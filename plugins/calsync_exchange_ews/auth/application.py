"""Access tokens of an application from Microsoft Entra ID, for servers with hybrid modern authentication."""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from functools import partial
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any

import msal
import requests
from msal.exceptions import MsalServiceError

from calsync.errors import LoginError, Retry
from calsync_exchange_ews.auth.bearer import Token

if TYPE_CHECKING:
    from collections.abc import Mapping
    from datetime import datetime

    from calsync.ports import Clock
    from calsync_exchange_ews.config import Application

EARLY = timedelta(minutes=5)
"""How long before its end a token is no longer used. msal counts it as expired then, too."""
TIMEOUT = 8.0
"""Seconds; msal would wait for ever."""


class ApplicationToken(Token):
    """The token of one connection. msal blocks and does network I/O even in its constructor: it has one thread."""

    def __init__(self, connection: str, application: Application, host: str, clock: Clock) -> None:
        """`host`: of Exchange, which is the resource that the token is for."""
        self._connection = connection
        self._application = application
        self._scope = f"https://{host}/.default"
        self._clock = clock
        self._lock = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="exchange-sign-in")
        self._http = requests.Session()
        # No proxy or certificates of the environment; and a secret is not sent on to where a server points.
        self._http.trust_env = False
        limited = partial(self._http.request, timeout=TIMEOUT, allow_redirects=False)
        self._http.request = limited  # type: ignore[method-assign] # the way in which msal sets its own limit
        self._app: msal.ConfidentialClientApplication | None = None
        self._token: str | None = None
        self._until: datetime | None = None

    async def __call__(self, *, refused: str | None) -> str:
        async with self._lock:
            if self._token is None or self._token == refused or not self._valid():
                await self._fetch(renew=self._token is not None and self._token == refused)
            return self._token or ""

    def close(self) -> None:
        """Let a request that is under way end by itself."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._http.close()

    def _valid(self) -> bool:
        return self._until is not None and self._clock.now() < self._until

    async def _fetch(self, *, renew: bool) -> None:
        asked_at = self._clock.now()
        answer = await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, renew)
        if "access_token" not in answer:
            error = str(answer.get("error", ""))
            word = error if error.replace("_", "").isalnum() and error.isascii() else "no reason given"
            raise LoginError(
                f"connection {self._connection}: signing in was refused ({word}): check tenant_id, client_id and "
                "client_secret, and that Exchange's address is registered in the tenant"
            )
        self._token = str(answer["access_token"])
        self._until = asked_at + timedelta(seconds=float(answer.get("expires_in", 0))) - EARLY

    def _ask(self, renew: bool) -> Mapping[str, Any]:
        """Ask msal, in its thread. Its answer is a dict with `access_token` or `error`."""
        application = self._application
        try:
            if self._app is None:
                self._app = msal.ConfidentialClientApplication(
                    application.client_id,
                    client_credential=application.client_secret,
                    authority=f"{application.authority_url}/{application.tenant_id}",
                    http_client=self._http,
                )
            elif renew:
                self._app.remove_tokens_for_client()
            answer: Mapping[str, Any] = self._app.acquire_token_for_client([self._scope])
        except (requests.RequestException, MsalServiceError, JSONDecodeError, RuntimeError) as error:
            # msal raises the last two for answers that come from no sign-in server, but from a proxy.
            problem = f"connection {self._connection}: the sign-in server does not answer ({type(error).__name__})"
            raise Retry(problem) from error
        except ValueError as error:
            # msal raises it for an authority that it cannot find.
            problem = f"connection {self._connection}: there is no such tenant: check tenant_id and authority_url"
            raise LoginError(problem) from error
        return answer
