"""What the host lends to a provider."""

from __future__ import annotations

from abc import ABC, abstractmethod
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import random
    from collections.abc import Callable, Mapping
    from contextlib import AbstractContextManager

    from calsync.http import HttpFactory
    from calsync.ports.clock import Clock


class Vault(ABC):
    """Keeps what one connection must remember and nobody may read, as the tokens of a person's sign-in.

    Its methods block: they are for a thread, not for the event loop.
    """

    @abstractmethod
    def read(self, field: str) -> str | None:
        """Return what was written last, None for nothing. Raises LoginError for what cannot be decrypted."""

    @abstractmethod
    def write(self, field: str, text: str) -> None:
        """Keep a text, encrypted, in place of the former one. A crash leaves either. Raises StoreError."""

    @abstractmethod
    def alone(self, field: str) -> AbstractContextManager[None]:
        """Keep all others, in this process and in others, from a field that is read, renewed and written.

        Raises StoreError, and Retry where another one does not let go of it.
        """


class Learnt(ABC):
    """Keeps what one connection has found out about its server: no secret, and nobody's text.

    It can be found out again at any time, so a lost or broken one reads as nothing. Its methods block.
    """

    @abstractmethod
    def read(self) -> Mapping[str, Any]:
        """Return what was written last, an empty mapping for nothing."""

    @abstractmethod
    def write(self, content: Mapping[str, Any]) -> None:
        """Keep what JSON can hold in place of the former. A crash leaves either. Raises StoreError."""


@dataclass(frozen=True, slots=True)
class Call:
    """What somebody has sent to a connection's public address. Anybody can, so nothing of it is true."""

    query: Mapping[str, str]
    content_type: str
    """Lower-cased, without parameters."""
    body: bytes
    """One MiB at most."""


class Doorbells(ABC):
    """A public address at which a server can ring for one connection."""

    @abstractmethod
    def open(self, hear: Callable[[Call], str | None]) -> str:
        """Return the address; whoever calls there (POST) is heard from now on.

        `hear` answers at once: a text, which is sent as plain text, or None for "accepted" (202), whatever came.
        """


@dataclass(frozen=True, slots=True, kw_only=True)
class Host:
    """What the host lends to a provider: nothing is taken from the machine behind its back."""

    connection: str
    """The name in the configuration, for messages."""
    clock: Clock
    random: random.Random
    http: HttpFactory
    vault: Vault | None = None
    """None where no key is configured (`service.key`)."""
    doorbells: Doorbells | None = None
    """None where no public address is configured (`service.public_url`)."""
    learnt: Learnt | None = None
    """None where nothing is kept."""
    poll_seconds: Callable[[], float] = lambda: 0.0
    """Returns how often the host asks each calendar what changed, in seconds; later it may be another number. For
    so long, what a connection has read for one calendar may answer for all: one question per poll, however many
    there are. 0: whoever asks wants a fresh answer."""
