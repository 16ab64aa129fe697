"""The access tokens of one connection, whoever signs in."""

from __future__ import annotations

import asyncio
from abc import ABC, abstractmethod
from concurrent.futures import ThreadPoolExecutor
from datetime import timedelta
from typing import TYPE_CHECKING, Any, TypeVar

from calsync.errors import LoginError, Retry
from calsync.http import Pause
from calsync.signin.authority import AuthorityHttp, refusal, translated

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from datetime import datetime

    from calsync.ports import Clock
    from calsync.signin.registration import Registration

    T = TypeVar("T")

EARLY = timedelta(minutes=5)
"""How long before its end a token is no longer used. msal counts it as expired then, too."""
REFUSED_FOR = timedelta(minutes=1)
"""How long a refusal holds for all that use the connection: a thousand accounts are no reason to ask as often."""


class Tokens(ABC):
    """Gives one token to all callers; those that wait for one share one request."""

    repair: str
    """What a person can do where tokens are not accepted, as the end of a sentence."""
    advice: Mapping[str, str] = {}
    """What else to do about single errors of the authority."""

    def __init__(self, registration: Registration, clock: Clock) -> None:
        self._registration = registration
        self._clock = clock
        self._http = AuthorityHttp(registration.connection, registration.authority_url, clock)
        self._lock = asyncio.Lock()
        self._thread = ThreadPoolExecutor(1, thread_name_prefix="sign-in")
        self._pause = Pause(f"connection {registration.connection}, sign-in", clock)
        self._token: str | None = None
        self._until: datetime | None = None
        self._challenged: datetime | None = None
        """When a token was last fetched for a server's demands."""

    async def get(self) -> str:
        """Return a valid access token.

        Raises LoginError, Retry, ConfigError (a certificate's file), StoreError (tokens cannot be kept).
        """
        if self._token is not None and self._valid():
            return self._token
        async with self._lock:
            if self._token is None or not self._valid():
                await self._fetch(None, None)
            return self._token or ""

    async def renew(self, refused: str, claims: str | None = None) -> str:
        """Return another token than the one that was refused. Callers that were refused together share it.

        `claims`: what the server that refused it demands of the next one, a JSON object. A server that demands
        more of each one is not given another for REFUSED_FOR: LoginError. Raises as `get` does.
        """
        async with self._lock:
            if self._token == refused:
                if claims is not None:
                    self._check_demands()
                await self._fetch(refused, claims)
                if claims is not None:
                    self._challenged = self._clock.now()
        return await self.get()

    def close(self) -> None:
        """Let a request that is under way end by itself."""
        self._thread.shutdown(wait=False, cancel_futures=True)
        self._http.close()

    def _check_demands(self) -> None:
        """Raise LoginError where a token was fetched for a server's demands just now, and it has others again."""
        if self._challenged is not None and self._clock.now() - self._challenged < REFUSED_FOR:
            connection = self._registration.connection
            raise LoginError(f"connection {connection}: the server demands more of each token: {self.repair}")

    def _valid(self) -> bool:
        return self._until is not None and self._clock.now() < self._until

    async def _fetch(self, refused: str | None, claims: str | None) -> None:
        asked_at = self._clock.now()
        answer = await self._call(lambda: self._ask(refused, claims))
        if "access_token" not in answer:
            raise self._refusal(answer)
        self._token = str(answer["access_token"])
        self._until = asked_at + timedelta(seconds=float(answer.get("expires_in", 0))) - EARLY

    def _refusal(self, answer: Mapping[str, Any]) -> LoginError | Retry:
        """Return what an answer without a token means."""
        return refusal(self._registration.connection, answer, self.advice, self.repair)

    async def _call(self, ask: Callable[[], T]) -> T:
        """Call what uses msal, in msal's thread. Raises Retry, LoginError for what msal raises."""
        # A pause is not waited for: who asks next does so behind the same lock, and would wait again.
        await self._pause.over(deadline=self._clock.now())

        def work() -> T:
            with translated(self._registration.connection):
                return ask()

        try:
            return await asyncio.get_running_loop().run_in_executor(self._thread, work)
        except Retry as busy:
            self._pause.begin(busy.after or 0.0)
            raise

    def _application(self, kind: Callable[..., Any], **more: Any) -> Any:
        """Build an application of msal, in its thread."""
        registration = self._registration
        return kind(
            registration.client_id,
            authority=registration.authority,
            http_client=self._http,
            # Where the real authority is not asked, msal must not ask it about other authorities either.
            instance_discovery=False if registration.loopback else None,
            client_capabilities=["CP1"] if registration.takes_challenges else None,
            **more,
        )

    @abstractmethod
    def _ask(self, refused: str | None, claims: str | None) -> Mapping[str, Any]:
        """Ask msal for another token than `refused`; return its answer, which has `access_token` or `error`."""
