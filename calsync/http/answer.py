"""What a server answers: read to its end, or as it comes."""

from __future__ import annotations

import json as jsonlib
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import aiohttp
import msgspec

from calsync.errors import Lost, Retry, UnknownOutcome

if TYPE_CHECKING:
    from collections.abc import AsyncGenerator, Mapping

MAX_ANSWER_BYTES = 64 * 1024 * 1024


class Stream:
    """A body that the server goes on to send for as long as it likes. Whoever has it closes it."""

    def __init__(self, name: str, response: aiohttp.ClientResponse) -> None:
        """`name` is the connection's, for messages."""
        self._name = name
        self._response = response

    async def pieces(self) -> AsyncGenerator[bytes, None]:
        """Yield what comes, in pieces of any size, until the server ends it. Raises Retry where it breaks off."""
        try:
            async for piece in self._response.content.iter_any():
                yield piece
        except (aiohttp.ClientError, TimeoutError, OSError) as error:
            raise Retry(f"{self._name}: the server's stream broke off ({type(error).__name__})") from error

    def close(self) -> None:
        """Close the connection: what else the server sends is not waited for."""
        self._response.close()


@dataclass(frozen=True, slots=True)
class Answer:
    """A server's answer, read to its end, unless it is a stream."""

    status: int
    headers: Mapping[str, str]
    body: bytes
    changes: bool = False
    """Whether the request changed something on the server."""
    stream: Stream | None = None
    """The body as it comes, where that was asked for and the server agreed; `body` is empty then."""

    @property
    def ok(self) -> bool:
        """Whether it is a success (2xx)."""
        return 200 <= self.status < 300  # noqa: PLR2004 - the 2xx class

    @property
    def text(self) -> str:
        """The body as text; what is no UTF-8 in it is replaced."""
        return self.body.decode("utf-8", "replace")

    def lines(self, header: str) -> list[str]:
        """Return the values of a header that may stand several times, as WWW-Authenticate does."""
        return [value for name, value in self.headers.items() if name.lower() == header.lower()]

    def json(self) -> Any:
        """Return the decoded body.

        One that is no JSON (a proxy's page, a cut answer) raises Retry, or UnknownOutcome where the request
        changed something: it was carried out, and nobody knows how.
        """
        try:
            return _decoded(self.body)
        except (ValueError, RecursionError) as error:
            raise lost(f"the server's answer (HTTP {self.status}) is not JSON", self.changes) from error


def lost(problem: str, changes: bool) -> Lost | UnknownOutcome:
    """Return the error for an answer that cannot be used: did the request change something, nobody knows what."""
    return UnknownOutcome(problem) if changes else Lost(problem)


def _decoded(body: bytes) -> Any:
    try:
        return msgspec.json.decode(body)
    except ValueError:
        # Slower, but it takes what servers send against the standard: half of an emoji that was cut, or NaN.
        return jsonlib.loads(body)
