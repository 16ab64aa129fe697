"""The door to the sign-in server: the requests that msal sends, and what its answers mean."""

from __future__ import annotations

from contextlib import contextmanager
from json import JSONDecodeError
from typing import TYPE_CHECKING, Any
from urllib.parse import urlsplit

import requests
from msal.exceptions import MsalServiceError

from calsync.errors import LoginError, Retry
from calsync.http import UNNAMED_PAUSE, seconds_to_wait
from calsync.signin.registration import GLOBAL_AUTHORITY

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import msal

    from calsync.ports import Clock

TIMEOUT = 8.0
"""Seconds; msal and requests would wait for ever. A process that stops waits for it, too."""
TOO_MANY = 429
SERVER_ERROR = 500
RETRIED = frozenset({"temporarily_unavailable", "server_error", "slow_down", "request_timeout"})
FLOW = ("state", "nonce", "code_verifier", "redirect_uri", "scope")
"""What of msal's flow is needed again when the browser comes back."""
INSTANCES = f"{GLOBAL_AUTHORITY}/common/discovery/instance"
"""Where msal looks up an authority that it does not know. It sends nothing but that one's address."""
NAMES = (
    frozenset({"login.microsoftonline.com", "login.microsoft.com", "login.windows.net", "sts.windows.net"}),
    frozenset({"login.chinacloudapi.cn", "login.partner.microsoftonline.cn"}),
    frozenset({"login.microsoftonline.us", "login.usgovcloudapi.net"}),
)
"""Hosts that are one sign-in server. Source: `metadata` in the answer of INSTANCES."""
ADVICE: Mapping[str, str] = {
    "invalid_client": "its client_secret or certificate is wrong or has expired: create a new one in Entra ID",
    "unauthorized_client": "the application is unknown or disabled in this tenant: check client_id and tenant_id",
    "invalid_resource": "the tenant does not know the server that the token is for: check its address and cloud",
    "invalid_scope": "the server that the token is for does not belong to the cloud of the sign-in server",
    "access_denied": "the tenant denies the application access: ask its administrator",
    "consent_required": "the tenant does not allow the application any more: ask its administrator",
}
"""What to do about an OAuth error; AADSTS numbers change their meaning and are not looked at."""


class AuthorityHttp:
    """The requests that msal sends; msal documents this interface as `http_client`.

    They have a time limit, take no proxy or certificates from the environment, and go to no other server, as they
    carry a secret: neither by a redirect nor by an address that the server gives. A server in trouble is Retry at
    once: msal would keep its answer.

    A stand-in for the authority on loopback has no https, and msal insists on it. So msal is told the real
    authority, and scheme and host are swapped here, on the last step.
    """

    def __init__(self, connection: str, authority_url: str, clock: Clock) -> None:
        """`authority_url`: scheme and host that the requests go to."""
        self._connection = connection
        self._clock = clock
        self._target = urlsplit(authority_url)
        told = self._target if self._target.scheme == "https" else urlsplit(GLOBAL_AUTHORITY)
        host = told.netloc.lower()
        self._hosts = next((names for names in NAMES if host in names), frozenset({host}))
        self._session = requests.Session()
        self._session.trust_env = False

    def get(self, url: str, **arguments: Any) -> requests.Response:
        return self._send("GET", url, arguments)

    def post(self, url: str, **arguments: Any) -> requests.Response:
        return self._send("POST", url, arguments)

    def close(self) -> None:
        self._session.close()

    def _send(self, method: str, url: str, arguments: Mapping[str, Any]) -> requests.Response:
        self._check(method, url)
        limits: dict[str, Any] = {"timeout": TIMEOUT, "allow_redirects": False}
        answer = self._session.request(method, self.swapped(url), **{**arguments, **limits})
        if answer.status_code == TOO_MANY or answer.status_code >= SERVER_ERROR:
            default = UNNAMED_PAUSE if answer.status_code == TOO_MANY else 0.0
            wait = seconds_to_wait(answer.headers.get("Retry-After", ""), self._clock.now(), default)
            problem = f"connection {self._connection}: the sign-in server is busy ({answer.status_code})"
            raise Retry(problem, after=wait or None)
        return answer

    def _check(self, method: str, url: str) -> None:
        """Raise LoginError for a request to another server than the authority."""
        asked = urlsplit(url)
        own = asked.scheme == "https" and asked.netloc.lower() in self._hosts
        if not own and (method, url) != ("GET", INSTANCES):
            raise LoginError(
                f"connection {self._connection}: the sign-in server names another server to sign in at, which is "
                "not asked: check the cloud or authority_url"
            )

    def swapped(self, url: str) -> str:
        """Return an address of the real authority as one of the authority that is asked."""
        if self._target.scheme == "https":
            return url
        return urlsplit(url)._replace(scheme=self._target.scheme, netloc=self._target.netloc).geturl()


@contextmanager
def translated(connection: str) -> Iterator[None]:
    """Raise Retry or LoginError instead of what msal raises."""
    try:
        yield
    except (requests.RequestException, MsalServiceError, JSONDecodeError, RuntimeError) as error:
        # msal raises the last two for answers that come from no sign-in server, but from a proxy.
        problem = f"connection {connection}: the sign-in server does not answer ({type(error).__name__})"
        raise Retry(problem) from error
    except ValueError as error:
        # msal raises it for an authority that it cannot find.
        problem = f"connection {connection}: there is no such tenant: check tenant_id and the cloud"
        raise LoginError(problem) from error


def redeem(
    app: msal.ClientApplication, flow: Mapping[str, Any], answer: Mapping[str, str], foreign: LoginError
) -> Mapping[str, Any]:
    """Return what the authority gives for what a browser came back with.

    Raises `foreign` where that belongs to another sign-in than `flow`, and what `translated` knows.
    """
    try:
        return dict(app.acquire_token_by_auth_code_flow(dict(flow), dict(answer)))
    except JSONDecodeError:
        raise  # a proxy has answered
    except (ValueError, RuntimeError) as error:  # another state or nonce; its text quotes them
        raise foreign from error


def refusal(
    connection: str, answer: Mapping[str, Any], advice: Mapping[str, str], repair: str
) -> LoginError | Retry:
    """Return what an answer without a token means. `advice` goes before ADVICE; `repair` stands for the rest.

    A suberror says more about an error; what it asks for comes before the repair.
    """
    error = str(answer.get("error", ""))
    if error in RETRIED:
        return Retry(f"connection {connection}: the sign-in server is busy ({error})")
    given = [error, str(answer.get("suberror", ""))]
    words = [word for word in given if word.replace("_", "").isalnum() and word.isascii()]
    known = {**ADVICE, **advice}
    first = [known[word] for word in words[1:] if word in known]
    what = "; then ".join([*first, known.get(error, repair)])
    told = ", ".join(words) or "no reason given"
    return LoginError(f"connection {connection}: signing in was refused ({told}): {what}")
