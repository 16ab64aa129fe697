"""Which addresses a server may have."""

from __future__ import annotations

import re
from ipaddress import IPv4Address, IPv6Address, ip_address

from yarl import URL

from calsync.errors import ConfigError

METADATA_HOSTS = frozenset({"metadata.google.internal", "metadata", "fd00:ec2::254", "100.100.100.200"})
"""Where clouds hand out credentials to whoever asks, besides the link-local addresses."""


def checked_url(url: str, name: str) -> URL:
    """Return a server's base URL.

    Raises ConfigError unless it is https, or http on this machine's loopback. An address that hands out a
    cloud's credentials, a user or password inside, a query and a fragment are refused.
    """
    try:
        parsed = URL(url)
        host = parsed.host or ""
        port_is_valid = parsed.port is not None
    except ValueError as error:
        raise ConfigError([f"connection {name}: the server's address is malformed"]) from error
    if parsed.user is not None or parsed.password is not None or parsed.query_string or parsed.fragment:
        raise ConfigError(
            [f"connection {name}: the server's address must hold no user, password, query or fragment"]
        )
    allowed = parsed.scheme == "https" or (parsed.scheme == "http" and _loopback(host))
    if not (allowed and host and port_is_valid) or _forbidden(host):
        raise ConfigError([f"connection {name}: {url!r} must be an https address (http only on loopback)"])
    return parsed


def _address(host: str) -> IPv4Address | IPv6Address | None:
    try:
        address = ip_address(host.partition("%")[0])
    except ValueError:
        return None
    return (address.ipv4_mapped or address) if isinstance(address, IPv6Address) else address


def _loopback(host: str) -> bool:
    address = _address(host)
    return host == "localhost" if address is None else address.is_loopback


def _forbidden(host: str) -> bool:
    address = _address(host)
    if address is None:
        # A host of digits alone is an IPv4 address in a form that ip_address does not read, but resolvers do.
        return (
            host.lower().rstrip(".") in METADATA_HOSTS or re.fullmatch(r"(0x[0-9a-f]+|[0-9.]+)", host) is not None
        )
    return (
        address.is_link_local or address.is_unspecified or address.is_multicast or str(address) in METADATA_HOSTS
    )
