"""What every way to sign in shares: the request that is signed, the credential, and what a refusal means."""

from __future__ import annotations

import asyncio
import re
from abc import ABC, abstractmethod
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from typing import TYPE_CHECKING

from calsync.errors import LoginError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator, Mapping

    from calsync.http import Answer, Http

UNAUTHORIZED = 401
_SCHEME = re.compile(r"(?:^|,)\s*([A-Za-z][A-Za-z0-9-]*)(?=\s|,|$)")


@dataclass(frozen=True, slots=True, kw_only=True)
class Post:
    """A request as a channel wants it sent, before anybody signs it."""

    headers: Mapping[str, str]
    body: bytes
    changes: bool
    """Whether it changes something on the server."""
    silence: float | None = None
    """Its answer is to be a stream that may be silent for so many seconds; None: a whole answer."""

    async def send(self, http: Http, authorization: str | None = None) -> Answer:
        """Send it as it is, or signed."""
        signed = {} if authorization is None else {"Authorization": authorization}
        return await http.request(
            "POST",
            http.base,
            headers={**self.headers, **signed},
            body=self.body,
            changes=self.changes,
            silence=self.silence,
        )


class Login(ABC):
    """Signs the requests of one channel."""

    @abstractmethod
    async def send(self, http: Http, post: Post) -> Answer:
        """Send a request as the credential's user and return the answer; never a 401. A stream has only begun.

        Raises LoginError where the server refuses the credential, Retry, UnknownOutcome.
        """


@dataclass(kw_only=True)
class Credential:
    """A user and a password, as all channels of a connection share them.

    Refused once, it is not tried again before the next start: each further try might lock the user's account.
    """

    connection: str
    username: str
    password: str = field(repr=False)
    accepted: bool = False
    """A server has taken it before."""
    _refusal: str | None = None
    _trial: asyncio.Lock = field(default_factory=asyncio.Lock, repr=False)

    def check(self) -> None:
        """Raise LoginError if it was refused before."""
        if self._refusal is not None:
            raise LoginError(self._refusal)

    @asynccontextmanager
    async def trial(self) -> AsyncIterator[None]:
        """Hold the one right to show it to a server. Raises LoginError if it was refused before."""
        async with self._trial:
            self.check()
            yield

    def refused(self, answer: Answer, advice: str = "") -> LoginError:
        """Remember that a server did not take it, and return the error that says so."""
        if "account is currently locked out" in answer.text:
            why = "the user's account is locked: let its administrator unlock it"
        else:
            why = f"check username and password{advice}"
        self._refusal = (
            f"connection {self.connection}: Exchange refuses the sign-in ({answer.status}); it is not tried again "
            f"before the next start, so that the account is not locked: {why}"
        )
        return LoginError(self._refusal)


def offered(answer: Answer) -> list[str]:
    """Return the schemes of a 401, in lower case. They stand in one header or in several (RFC 9110, 11.6.1)."""
    found: list[str] = []
    for line in answer.lines("WWW-Authenticate"):
        plain = re.sub(r'"[^"]*"', '""', line)
        found += [name.lower() for name in _SCHEME.findall(plain)]
    return found


def challenge(answer: Answer, scheme: str) -> str | None:
    """Return what a 401 says behind a scheme's name, as it stands there; None for nothing."""
    for line in answer.lines("WWW-Authenticate"):
        found = re.search(rf"(?:^|,)\s*{re.escape(scheme)} +([A-Za-z0-9+/=]+)", line, re.IGNORECASE)
        if found:
            return found[1]
    return None
