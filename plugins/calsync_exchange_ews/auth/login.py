"""What every way to sign in shares: the request that is signed, and what a server offers."""

from __future__ import annotations

import re
from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Mapping

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
