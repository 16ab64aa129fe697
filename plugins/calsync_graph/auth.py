"""Signing in as an application: tokens from Microsoft Entra ID through msal, without holding up the event loop.

msal blocks, even in its constructor, and does not share one request among callers. So it is built and called in
one thread, behind a lock, and its token is kept here until shortly before it expires.
"""

from __future__ import annotations

import asyncio
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from json import JSONDecodeError
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import msal
import requests
from cryptography.exceptions import UnsupportedAlgorithm
from cryptography.hazmat.primitives.serialization import load_pem_private_key
from cryptography.x509 import load_pem_x509_certificate
from msal.exceptions import MsalServiceError

from calsync.errors import ConfigError, LoginError, Retry
from calsync.http import UNNAMED_PAUSE, Pause, seconds_to_wait
from calsync_graph.config import AUTHORITY_URL, Certificate

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from calsync.ports import Clock
    from calsync_graph.config import Settings

EARLY = timedelta(minutes=5)
"""How long before its end a token is no longer used. msal counts it as expired then, too."""
TIMEOUT = 8.0
"""Seconds; msal and requests would wait for ever. A process that stops waits for it, too."""
TOO_MANY = 429
SERVER_ERROR = 500
RETRIED = frozenset({"temporarily_unavailable", "server_error", "slow_down", "request_timeout"})
SECRET_REFUSED = "its client_secret or certificate is wrong or has expired: create a new one in Entra ID"  # noqa: S105
ADVICE: Mapping[str, str] = {
    "invalid_client": SECRET_REFUSED,
    "unauthorized_client": "the application is unknown in this tenant: check client_id and tenant_id",
    "invalid_resource": "graph_url names a resource that this tenant does not know",
    "invalid_scope": "graph_url does not belong to the cloud of authority_url",
    "access_denied": "the tenant denies the application access: ask its administrator",
}
"""What to do about an OAuth error; AADSTS numbers change their meaning and are not looked at."""


class AuthorityHttp:
    """The requests that msal sends; msal documents this interface as `http_client`.

    They have a time limit, follow no redirect, as they carry a secret, and take no proxy or certificates from the
    environment. A server in trouble is Retry at once: msal would keep its answer.

    A stand-in for the authority on loopback has no https, and msal insists on it. So msal is told the real
    authority, and scheme and host are swapped here, on the last step.
    """

    def __init__(self, connection: str, authority_url: str, clock: Clock) -> None:
        """`authority_url`: scheme and host that the requests go to."""
        self._connection = connection
        self._clock = clock
        self._target = urlsplit(authority_url)
        self._session = requests.Session()
        self._session.trust_env = False

    def get(self, url: str, **arguments: Any) -> requests.Response:
        return self._send("GET", url, arguments)

    def post(self, url: str, **arguments: Any) -> requests.Response:
        return self._send("POST", url, arguments)

    def close(self) -> None:
        self._session.close()

    def _send(self, method: str, url: str, arguments: Mapping[str, Any]) -> requests.Response:
        limits: dict[str, Any] = {"timeout": TIMEOUT, "allow_redirects": False}
        answer = self._session.request(method, self._swapped(url), **{**arguments, **limits})
        if answer.status_code == TOO_MANY or answer.status_code >= SERVER_ERROR:
            default = UNNAMED_PAUSE if answer.status_code == TOO_MANY else 0.0
            wait = seconds_to_wait(answer.headers.get("Retry-After", ""), self._clock.now(), default)
            problem = f"connection {self._connection}: the sign-in server is busy ({answer.status_code})"
            raise Retry(problem, after=wait or None)
        return answer

    def _swapped(self, url: str) -> str:
        if self._target.scheme == "https":
            return url
        return urlsplit(url)._replace(scheme=self._target.scheme, netloc=self._target.netloc).geturl()


class Tokens:
    """The access tokens of one connection."""

    def __init__(self, settings: Settings, clock: Clock) -> None:
        self._settings = settings
        self._clock = clock
        self._lock = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="graph-sign-in")
        self._http = AuthorityHttp(settings.connection, settings.authority_url, clock)
        self._pause = Pause(f"connection {settings.connection}, sign-in", clock)
        self._app: msal.ConfidentialClientApplication | None = None
        self._token: str | None = None
        self._until: datetime | None = None

    async def get(self) -> str:
        """Return a valid access token. Raises LoginError, ConfigError (a certificate's file), Retry."""
        if self._token is not None and self._valid():
            return self._token
        async with self._lock:
            if self._token is None or not self._valid():
                await self._fetch(renew=False)
            return self._token or ""

    async def renew(self, refused: str) -> str:
        """Return another token than the one that was refused. Callers that were refused together share it."""
        async with self._lock:
            if self._token == refused:
                await self._fetch(renew=True)
        return await self.get()

    def close(self) -> None:
        """Let a request that is under way end by itself."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._http.close()

    def _valid(self) -> bool:
        return self._until is not None and self._clock.now() < self._until

    async def _fetch(self, *, renew: bool) -> None:
        asked_at = self._clock.now()
        # Not waited for: who asks next does so behind the same lock, and would wait again.
        await self._pause.over(deadline=asked_at)
        try:
            answer = await asyncio.get_running_loop().run_in_executor(self._thread, self._ask, renew)
        except Retry as busy:
            self._pause.begin(busy.after or 0.0)
            raise
        if "access_token" not in answer:
            raise self._refusal(str(answer.get("error", "")))
        self._token = str(answer["access_token"])
        self._until = asked_at + timedelta(seconds=float(answer.get("expires_in", 0))) - EARLY

    def _ask(self, renew: bool) -> Mapping[str, Any]:
        """Ask msal, in its thread. Its answer is a dict with `access_token` or `error`."""
        name = self._settings.connection
        try:
            if self._app is None:
                self._app = self._build()
            elif renew:
                self._app.remove_tokens_for_client()
            answer: Mapping[str, Any] = self._app.acquire_token_for_client([self._settings.scope])
        except (requests.RequestException, MsalServiceError, JSONDecodeError, RuntimeError) as error:
            # msal raises the last two for answers that come from no sign-in server, but from a proxy.
            problem = f"connection {name}: the sign-in server does not answer ({type(error).__name__})"
            raise Retry(problem) from error
        except ValueError as error:
            # msal raises it for an authority that it cannot find.
            problem = f"connection {name}: there is no such tenant: check tenant_id and authority_url"
            raise LoginError(problem) from error
        return answer

    def _build(self) -> msal.ConfidentialClientApplication:
        settings = self._settings
        loopback = settings.authority_url.startswith("http:")
        return msal.ConfidentialClientApplication(
            settings.client_id,
            client_credential=self._credential(),
            authority=f"{AUTHORITY_URL if loopback else settings.authority_url}/{settings.tenant_id}",
            http_client=self._http,
            # Where the real authority is not asked, msal must not ask it about other authorities either.
            instance_discovery=False if loopback else None,
        )

    def _credential(self) -> str | dict[str, str]:
        credential = self._settings.credential
        if not isinstance(credential, Certificate):
            return credential
        signed_by = {"private_key": self._pem(credential.private_key, _check_key)}
        if credential.public_certificate is not None:
            signed_by["public_certificate"] = self._pem(credential.public_certificate, load_pem_x509_certificate)
        if credential.thumbprint is not None:
            signed_by["thumbprint"] = credential.thumbprint
        return signed_by

    def _pem(self, path: str, check: Callable[[bytes], object]) -> str:
        """Return a file's content. Raises ConfigError that names it; msal's errors do not."""
        name = self._settings.connection
        try:
            content = Path(path).read_bytes()
            check(content)
        except OSError as error:
            raise ConfigError([f"connection {name}: {path} cannot be read ({error.strerror})"]) from error
        except (ValueError, TypeError, UnsupportedAlgorithm) as error:
            problem = f"connection {name}: {path} does not hold what it should, in PEM form and unencrypted"
            raise ConfigError([problem]) from error
        return content.decode("utf-8", "replace")  # notes around the PEM blocks may be in any form

    def _refusal(self, error: str) -> LoginError | Retry:
        name = self._settings.connection
        if error in RETRIED:
            return Retry(f"connection {name}: the sign-in server is busy ({error})")
        advice = ADVICE.get(error, "ask the tenant's administrator")
        word = error if error.replace("_", "").isalnum() and error.isascii() else "no reason given"
        return LoginError(f"connection {name}: signing in was refused ({word}): {advice}")


def _check_key(content: bytes) -> None:
    """Raise ValueError or TypeError (it is encrypted) for what is no private key."""
    load_pem_private_key(content, password=None)
