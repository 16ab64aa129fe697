"""Where others reach calsync: the public address that servers call, and what it listens at on this machine."""

from __future__ import annotations

import re
from ipaddress import IPv4Network, IPv6Network, ip_address, ip_network
from typing import Any
from urllib.parse import urlsplit

import voluptuous as vol

from calsync.config.model import Address

_LISTEN = re.compile(r"(?P<host>\[[0-9A-Fa-f:.]+\]|[A-Za-z0-9.-]+):(?P<port>\d{1,5})")
_LAST_PORT = 65_535


def public_url(value: Any) -> str:
    """Accept an https address, perhaps with a path; http only on loopback, where nobody else listens in."""
    try:
        parts = urlsplit(value)
        whole = bool(parts.hostname) and parts.port != 0
    except (ValueError, TypeError, AttributeError):
        raise _no_public_url() from None
    secret = parts.username is not None or parts.password is not None
    kind = parts.scheme == "https" or (parts.scheme == "http" and _is_loopback(parts.hostname or ""))
    if not whole or not kind or secret or parts.query or parts.fragment or re.search(r"\s", value):
        raise _no_public_url()
    return str(value).rstrip("/")


def address(value: Any) -> Address:
    """Accept `host:port`; an IPv6 address stands in brackets."""
    found = _LISTEN.fullmatch(value) if isinstance(value, str) else None
    if found is None or not 0 < int(found["port"]) <= _LAST_PORT:
        raise vol.Invalid("must be a host and a port, like 127.0.0.1:8765")
    return Address(host=found["host"].strip("[]"), port=int(found["port"]))


def server_url(value: Any) -> str:
    """Accept scheme and host of a server: https; http only on loopback."""
    url = public_url(value)
    if urlsplit(url).path:
        raise vol.Invalid("must be an https address without a path")
    return url


def network(value: Any) -> IPv4Network | IPv6Network:
    """Accept an IP address, or a range of them as `10.0.0.0/8`."""
    try:
        return ip_network(value if isinstance(value, str) else "")
    except ValueError:
        raise vol.Invalid("must be an IP address like 10.0.0.1, or a range like 10.0.0.0/8") from None


def _no_public_url() -> vol.Invalid:
    return vol.Invalid(
        "must be an https address without user, query and fragment, like https://calsync.example.de"
    )


def _is_loopback(host: str) -> bool:
    try:
        return ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"
