"""A user and a password, and what servers have said of them: each wrong try more might lock the user's account."""

from __future__ import annotations

import asyncio
from contextlib import asynccontextmanager
from dataclasses import dataclass, field
from datetime import timedelta
from typing import TYPE_CHECKING
from weakref import WeakKeyDictionary

from calsync.errors import LoginError

if TYPE_CHECKING:
    from collections.abc import AsyncIterator
    from datetime import datetime

    from calsync.http import Answer, HttpFactory
    from calsync.ports import Clock

TRUSTED_FOR = timedelta(seconds=30)
"""A password that a server has taken may have been changed a while later: then one request goes first again."""


@dataclass(slots=True)
class Standing:
    """What a server has said of a password. All connections that show it to the same server share this."""

    why: str | None = None
    """Refused once, it is not tried again before somebody has shown that it is right."""
    accepted_at: datetime | None = None
    trial: asyncio.Lock = field(default_factory=asyncio.Lock)


_STANDINGS: WeakKeyDictionary[HttpFactory, dict[tuple[str, str, str], Standing]] = WeakKeyDictionary()
"""By the sessions of one start."""


def standing_of(http: HttpFactory, host: str, username: str, password: str) -> Standing:
    """Return what is known of a password since the start that these sessions belong to."""
    return _STANDINGS.setdefault(http, {}).setdefault((host, username.casefold(), password), Standing())


@dataclass(kw_only=True)
class Credential:
    """A user and a password, as all channels of a connection share them."""

    connection: str
    username: str
    password: str = field(repr=False)
    standing: Standing = field(default_factory=Standing, repr=False)

    def check(self) -> None:
        """Raise LoginError if it was refused before."""
        if self.standing.why is not None:
            raise LoginError(f"connection {self.connection}: {self.standing.why}")

    @asynccontextmanager
    async def turn(self, clock: Clock) -> AsyncIterator[None]:
        """Hold a right to show it to a server: while it is known to be right many have one, else one at a time.

        Raises LoginError if it was refused before.
        """
        self.check()
        if not self._is_trusted(clock):
            async with self.trial():
                if not self._is_trusted(clock):
                    yield
                    return
        yield

    @asynccontextmanager
    async def trial(self) -> AsyncIterator[None]:
        """Hold the one right to try it. Raises LoginError if it was refused before."""
        async with self.standing.trial:
            self.check()
            yield

    def proven(self) -> None:
        """Let it be tried again: a server has taken it elsewhere."""
        self.standing.why = None

    def accepted(self, clock: Clock) -> None:
        """Remember that a server has just taken it."""
        self.standing.accepted_at = clock.now()

    def refused(self, answer: Answer, advice: str = "") -> LoginError:
        """Remember that a server did not take it, and return the error that says so."""
        if "account is currently locked out" in answer.text:
            why = "the user's account is locked: let its administrator unlock it"
        else:
            why = f"check username and password{advice}"
        self.standing.accepted_at = None
        self.standing.why = (
            f"Exchange refuses the sign-in ({answer.status}); it is not tried again before somebody "
            f"checks the connection or changes it, so that the account is not locked: {why}"
        )
        return LoginError(f"connection {self.connection}: {self.standing.why}")

    def _is_trusted(self, clock: Clock) -> bool:
        accepted = self.standing.accepted_at
        return accepted is not None and timedelta() <= clock.now() - accepted < TRUSTED_FOR
