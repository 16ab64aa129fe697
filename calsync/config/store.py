"""Where the store is: an SQLite file, or a database of PostgreSQL and the place for what is kept beside it."""

from __future__ import annotations

import re
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Any
from urllib.parse import parse_qsl, quote, urlsplit

import voluptuous as vol

if TYPE_CHECKING:
    from collections.abc import Mapping

    from calsync.config.checker import Checker

FILE = "sqlite:///"
SERVER = "postgresql://"
EXAMPLE = "postgresql://calsync@db.example.de/calsync?sslmode=verify-full"
SETTINGS = frozenset({"host", "sslmode", "sslrootcert", "sslcert", "sslkey"})
"""What an address may say besides; `host` is the folder of the server's socket."""
CHECKED = frozenset({"verify-full", "verify-ca"})
"""The values of `sslmode` with which the server's certificate is checked."""
LOCAL = frozenset({"", "localhost", "127.0.0.1", "::1"})
BESIDE = ("service", "beside")
PASSWORD = ("service", "store_password")


@dataclass(frozen=True, slots=True)
class Server:
    """The address of a database, without a password."""

    url: str


def store(value: Any) -> Path | Server:
    """Accept `sqlite:///` and an absolute path, or the address of a database of PostgreSQL."""
    if isinstance(value, str) and value.startswith(SERVER):
        return _server(value)
    if isinstance(value, str) and value.startswith(FILE) and value.strip("/") != FILE.strip("/"):
        return Path("/" + value.removeprefix(FILE).lstrip("/"))
    raise vol.Invalid("must be sqlite:/// and an absolute path, like sqlite:///var/lib/calsync/calsync.db")


def absolute(value: Any) -> Path:
    """Accept an absolute path of a file."""
    if isinstance(value, str) and value.startswith("/") and Path(value).name:
        return Path(value)
    raise vol.Invalid("must be an absolute path, like /var/lib/calsync/calsync.db")


def place_of(checker: Checker, service: Mapping[str, Any]) -> Mapping[str, Any]:
    """Return the keys of a service's store as calsync.config.model.Service has them. Tells what does not fit."""
    where, beside, password = service["store"], service.get("beside"), service.get("store_password")
    rest = {key: value for key, value in service.items() if key not in ("store", "beside", "store_password")}
    if isinstance(where, Path):
        for at, value in ((BESIDE, beside), (PASSWORD, password)):
            if value is not None:
                checker.tell(at, "belongs to a store on PostgreSQL; here everything lies beside the file")
        return {**rest, "store": where}
    if beside is None:
        checker.tell(
            ("service",),
            "a store on PostgreSQL needs `beside`: what is kept apart from it, like /var/lib/calsync/calsync.db",
        )
    return {**rest, "store": beside, "database": _with(where.url, password)}


def _server(value: str) -> Server:
    try:
        parts = urlsplit(value)
        named = bool(parts.username) and parts.path.strip("/") != "" and parts.port != 0
        settings = dict(parse_qsl(parts.query, strict_parsing=bool(parts.query)))
    except ValueError:
        raise vol.Invalid(f"must be an address like {EXAMPLE}") from None
    if not named or parts.fragment or re.search(r"\s", value) or not settings.keys() <= SETTINGS:
        raise vol.Invalid(f"must be an address like {EXAMPLE}")
    if parts.password is not None:
        raise vol.Invalid("must hold no password; give it as `store_password: !secret NAME`")
    if parts.hostname is None and not settings.get("host", "").startswith("/"):
        raise vol.Invalid("must name the server, or the folder of its socket (?host=/run/postgresql)")
    if (parts.hostname or "") not in LOCAL and settings.get("sslmode") not in CHECKED:
        raise vol.Invalid("must say sslmode=verify-full: else anybody on the way may read along")
    return Server(value)


def _with(url: str, password: str | None) -> str:
    if password is None:
        return url
    user, _, rest = url.removeprefix(SERVER).partition("@")
    return f"{SERVER}{user}:{quote(password, safe='')}@{rest}"
