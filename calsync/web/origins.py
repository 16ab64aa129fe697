"""The addresses at which the pages may be asked for.

A page of another site can have its own name lead to this machine (DNS rebinding), so a request that names another
host is answered with nothing.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING
from urllib.parse import urlsplit

if TYPE_CHECKING:
    from collections.abc import Iterator

DEFAULT_PORTS = {"https": ":443", "http": ":80"}
EVERYWHERE = frozenset({"0.0.0.0", "::"})  # noqa: S104 - what nobody can ask for
LOOPBACK = ("127.0.0.1", "localhost", "::1")


@dataclass(frozen=True, slots=True)
class Origin:
    """Scheme and host as a browser sees them, and what stands there before each path."""

    url: str
    """As in the header `Origin`."""
    base: str = ""
    """The path of the public address, without a slash at its end. A proxy takes it away."""

    @property
    def secure(self) -> bool:
        return self.url.startswith("https:")


class Origins:
    """Where this calsync is: at its public address and at the one that it listens at."""

    def __init__(self, host: str, port: int, public_url: str | None = None) -> None:
        """`host` and `port` are what it listens at; `public_url` has no slash at its end."""
        self._known = dict(_listening(host, port))
        if public_url is not None:
            parts = urlsplit(public_url)
            origin = Origin(f"{parts.scheme}://{parts.netloc.lower()}", parts.path)
            self._known[_plain(parts.scheme, parts.netloc)] = origin

    def of(self, host: str) -> Origin | None:
        """Return the origin that a request's `Host` names; None for a foreign one."""
        return next(
            (self._known[one] for one in (host.lower(), _plain("https", host)) if one in self._known), None
        )


def _listening(host: str, port: int) -> Iterator[tuple[str, Origin]]:
    for each in {host, *LOOPBACK} - EVERYWHERE:
        netloc = f"[{each}]:{port}" if ":" in each else f"{each}:{port}"
        yield _plain("http", netloc), Origin(f"http://{netloc}".removesuffix(DEFAULT_PORTS["http"]))


def _plain(scheme: str, netloc: str) -> str:
    """Return a host as browsers name it: without the port that its scheme has anyway."""
    return netloc.lower().removesuffix(DEFAULT_PORTS[scheme])
